"""Signals on fastipc and on the real OS in one run: ``python signal_operations.py``. Nanoseconds, the least of several.

The real side is Python's standard library, where it has the call; compiled programs stand alone.
"""

import os
import signal
import time
from collections.abc import Callable

import numpy as np

import fastipc
from fastipc import Kernel, SigSet

N = 20_000
MANY = 300_000
RT = SigSet([40])


def least(run: Callable[[], None], n: int, times: int = 5) -> float:
    found = []
    for _ in range(times):
        start = time.perf_counter_ns()
        run()
        found.append((time.perf_counter_ns() - start) / n)
    return min(found)


def repeated(body: Callable[[], object]) -> float:
    def run() -> None:
        for _ in range(N):
            body()

    return least(run, N)


@fastipc.compiled
def nothing(t, signo, info):
    pass


@fastipc.compiled
def kill_self(t, n):
    t.sigaction(10, nothing)
    me = t.getpid()
    for _ in range(n):
        t.kill(me, 10)


@fastipc.compiled
def mask(t, n):
    for _ in range(n):
        t.sigprocmask(0, 512)


@fastipc.compiled
def ping(t, other, n, set):
    t.sigprocmask(0, set)
    for _ in range(n):
        t.kill(other[0], 40)
        t.sys_sigwaitinfo(set)


@fastipc.compiled
def pong(t, other, n, set):
    t.sigprocmask(0, set)
    for _ in range(n):
        t.sys_sigwaitinfo(set)
        t.kill(other[1], 40)


def plain(t, other, n, first):
    t.sigprocmask(0, RT)
    for _ in range(n):
        if first:
            t.kill(other[0], 40)
        t.sigwaitinfo(RT)
        if not first:
            t.kill(other[1], 40)


def generator(t, other, n, first):
    yield t.sigprocmask(0, RT)
    for _ in range(n):
        if first:
            yield t.kill(other[0], 40)
        yield t.sigwaitinfo(RT)
        if not first:
            yield t.kill(other[1], 40)


def round_trip(start: Callable[[Kernel, np.ndarray, int], None], n: int) -> float:
    found = []
    for _ in range(3):
        with Kernel() as k:
            other = np.zeros(2, np.int64)
            start(k, other, n)
            began = time.perf_counter_ns()
            k.run()
            found.append((time.perf_counter_ns() - began) / n)
    return min(found)


def two(program):
    def start(k, other, n):
        q = k.spawn(program, other, n, False)
        p = k.spawn(program, other, n, True)
        other[:] = q.pid, p.pid

    return start


def two_compiled(k, other, n):
    q = k.spawn(pong, other, n, RT.mask)
    p = k.spawn(ping, other, n, RT.mask)
    other[:] = q.pid, p.pid


def alone(program, n):
    def run():
        with Kernel() as k:
            k.spawn(program, n)
            k.run()

    return least(run, n, 3)


def main() -> None:
    with Kernel() as k:
        t = k.spawn()
        usr1 = SigSet([10])
        rows = [("sigprocmask", repeated(lambda: t.sigprocmask(0, usr1)),
                 repeated(lambda: signal.pthread_sigmask(signal.SIG_BLOCK, {10})))]
        signal.pthread_sigmask(signal.SIG_SETMASK, [])
        t.sigprocmask(2, ())

        def ours(t, signo, info):
            pass

        def theirs(signo, frame):
            pass

        rows.append(("sigaction", repeated(lambda: t.sigaction(10, ours)), repeated(lambda: signal.signal(10, theirs))))
        me, pid = os.getpid(), t.pid
        rows.append(("kill self, handler", repeated(lambda: t.kill(pid, 10)), repeated(lambda: os.kill(me, 10))))
        t.sigprocmask(0, RT)
        rows.append(("sigqueue + sigtimedwait",
                     repeated(lambda: (t.sigqueue(pid, 40, 1), t.sigtimedwait(RT, 0))), 0.0))
    rows += [
        ("round trip, plain", round_trip(two(plain), N), 0.0),
        ("round trip, generators", round_trip(two(generator), N), 0.0),
        ("round trip, compiled", round_trip(two_compiled, MANY), 0.0),
        ("kill self, compiled handler", alone(kill_self, MANY), 0.0),
        ("sigprocmask, compiled", alone(mask, MANY), 0.0),
    ]
    for name, ours_ns, theirs_ns in rows:
        ratio = f"{theirs_ns:9.0f} {theirs_ns / ours_ns:6.1f}x" if theirs_ns else ""
        print(f"{name:30}{ours_ns:9.0f} {ratio}")


if __name__ == "__main__":
    main()
