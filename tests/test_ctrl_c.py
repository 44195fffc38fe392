"""Ctrl-C in the middle of a run comes out of it and leaves a valid kernel."""

import signal

import pytest

from fastipc import Deadlock


def run_quietly(k, **options):
    try:
        return k.run(**options)
    except KeyboardInterrupt:
        pytest.fail("came out twice")


@pytest.fixture
def soon():
    """A real SIGINT in a little while; the run it ends would never end."""

    def arm():
        signal.setitimer(signal.ITIMER_REAL, 0.05)

    before = signal.signal(signal.SIGALRM, lambda *_: signal.raise_signal(signal.SIGINT))
    handler = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield arm
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)
    signal.signal(signal.SIGINT, handler)


def test_in_the_middle_of_endless_programs(k, kind, soon):
    def endless(t, r, w):
        while not stop:
            yield t.write(w, b"x")
            yield t.read(r, 1)

    stop = []
    p = k.spawn()
    (r1, w1), (r2, w2) = p.pipe(), p.pipe()
    a, b = p.fork(kind(endless), r1, w2), p.fork(kind(endless), r2, w1)
    soon()
    with pytest.raises(KeyboardInterrupt):
        k.run()
    k.verify()
    stop.append(1)
    run_quietly(k, deadlock="return")
    k.verify()
    assert {a.state, b.state} <= {"zombie", "sleeping"}


def test_while_only_the_clock_moves(k, soon):
    def endless(t):
        while not stop:
            yield t.nanosleep(1)

    stop = []
    k.spawn(endless, daemon=True)
    soon()
    with pytest.raises(KeyboardInterrupt):
        k.run(until=1e9)
    k.verify()
    run_quietly(k, until=k.now + 0.5)
    stop.append(1)


def test_it_harms_no_program(k, kind):
    """The run stops between two turns; the program that happened to run goes on in the next one."""

    def program(t):
        signal.raise_signal(signal.SIGINT)
        for _ in range(1000):
            yield t.sched_yield()
        return "done"

    handler = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        tasks = [k.spawn(kind(program)), k.spawn(kind(program))]
        with pytest.raises(KeyboardInterrupt):
            k.run()
        k.verify()
        with pytest.raises(KeyboardInterrupt):
            k.run()
        run_quietly(k)
    finally:
        signal.signal(signal.SIGINT, handler)
    assert [t.result for t in tasks] == ["done"] * 2


def test_the_second_one_ends_a_program_that_never_sleeps(k, kind):
    def program(t):
        while True:
            signal.raise_signal(signal.SIGINT)
            yield t.getpid()

    def other(t):
        yield t.nanosleep(1)
        return "fine"

    handler = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        p = k.spawn()
        a = p.fork(kind(program))
        b = p.fork(kind(other))
        with pytest.raises(KeyboardInterrupt):
            k.run()
        k.verify()
        run_quietly(k)
    finally:
        signal.signal(signal.SIGINT, handler)
    assert b.result == "fine"
    assert a.exit_status == 0x0100


def test_a_handler_of_ones_own_is_left_alone(k, kind):
    def program(t):
        yield t.getpid()
        signal.raise_signal(signal.SIGINT)
        yield t.getpid()
        return "fine"

    seen = []
    handler = signal.signal(signal.SIGINT, lambda *_: seen.append(1))
    try:
        a = k.spawn(kind(program))
        k.run()
    finally:
        signal.signal(signal.SIGINT, handler)
    assert seen == [1]
    assert a.result == "fine"


def test_in_an_outside_call_that_runs_the_machine(k, kind, soon):
    def endless(t):
        while not stop:
            yield t.sched_yield()

    stop = []
    p = k.spawn()
    r, w = p.pipe()
    p.fork(kind(endless))
    soon()
    with pytest.raises(KeyboardInterrupt):
        p.read(r, 1)
    k.verify()
    stop.append(1)
    p.write(w, b"x")
    assert p.read(r, 1) == b"x"
    with pytest.raises(Deadlock):
        p.read(r, 1)


def test_system_exit_of_a_program_comes_out_like_any_exception(k, kind):
    def program(t):
        yield t.getpid()
        raise SystemExit(5)

    a = k.spawn(kind(program))
    with pytest.raises(SystemExit):
        k.run()
    assert a.exit_status == 0x0100
    k.run()


COMPILED = """
import faulthandler, random, signal, sys, time
import numpy as np
from fastipc import Kernel, compiled

@compiled
def relays(t, r, w, rounds):
    buf = np.zeros(8, np.uint8)
    mine = t.array(8, np.int64)
    for i in range(rounds):
        n = t.readinto(r, buf)
        mine[i % 8] += buf[0]
        t.write(w, buf[:n])
    return mine.sum()

@compiled
def calls(t, rounds):
    total = 0
    for i in range(rounds):
        total += t.getpid() + t.sys_close(99)
        if i % 1000 == 0:
            t.nanosleep(0.001)
    return total

@compiled
def computes(t, rounds):
    x = 1
    for i in range(rounds):
        x = (x * 1103515245 + 12345) % 2147483648
        if i % 16 == 0:
            t.checkpoint()
    return x

@compiled
def child(t, w, i):
    buf = np.full(4, i, np.uint8)
    t.write(w, buf)
    t.exit(i % 256)

@compiled
def forks(t, rounds):
    r, w = t.pipe()
    buf = np.zeros(4, np.uint8)
    total = 0
    for i in range(rounds):
        t.fork(child, w, i)
        t.readinto(r, buf)
        total += buf[0] + t.wait4()[1]
    return total

def begin(k, size):
    p = k.spawn()
    pipes = [p.pipe() for _ in range(6)]
    tasks = [p.fork(relays, pipes[i][0], pipes[(i + 1) % 6][1], 6 * size) for i in range(6)]
    p.write(pipes[0][1], b"a token")
    p.write(pipes[3][1], b"another")
    return [*tasks, k.spawn(calls, 10 * size), k.spawn(computes, 30 * size), k.spawn(forks, size // 2)]

def end(k, tasks):
    k.verify()
    return [t.result for t in tasks], k.now_ns, k.trace_hash, dict(k.counters["calls"])

def undisturbed(size):
    with Kernel() as k:
        tasks = begin(k, size)
        k.run()
        return end(k, tasks)
"""

INTERRUPTS = """
size, seed = int(sys.argv[2]), int(sys.argv[3])
expected = undisturbed(size)
rng = random.Random(seed)
signal.signal(signal.SIGALRM, lambda *_: signal.raise_signal(signal.SIGINT))
interrupts = 0
while interrupts < 100:
    with Kernel() as k:
        tasks = begin(k, size)
        done = False
        while not done:
            try:
                signal.setitimer(signal.ITIMER_REAL, rng.uniform(1e-5, 0.005))
                k.run()
                done = True
                signal.setitimer(signal.ITIMER_REAL, 0)
            except KeyboardInterrupt:
                interrupts += 1
                k.verify()
        assert end(k, tasks) == expected
print(interrupts >= 100)
"""

PROMPT = """
@compiled
def endless(t, how, r):
    buf = np.zeros(1, np.uint8)
    while True:
        if how == 0:
            t.checkpoint()
        elif how == 1:
            t.getpid()
        elif how == 2:
            t.sched_yield()
        else:
            t.sys_readinto(77, buf)

signal.signal(signal.SIGALRM, lambda *_: signal.raise_signal(signal.SIGINT))
for how in range(4):
    k = Kernel()
    for _ in range(1 if how != 2 else 50):
        k.spawn(endless, how, 0)
    signal.setitimer(signal.ITIMER_REAL, 0.05)
    start = time.perf_counter()
    try:
        k.run()
    except KeyboardInterrupt:
        print(time.perf_counter() - start)
    k.verify()
    k.close()
"""

PROFILED = """
size = int(sys.argv[2])
expected = undisturbed(size)
seen = []
signal.signal(signal.SIGPROF, lambda *_: seen.append(1))
signal.setitimer(signal.ITIMER_PROF, 0.0005, 0.0005)
start = time.perf_counter()
while len(seen) < 30 and time.perf_counter() - start < 20:
    assert undisturbed(size) == expected
signal.setitimer(signal.ITIMER_PROF, 0)
print(len(seen) >= 30)

with open(sys.argv[3], "w") as f:  # from the thread itself: the watchdog's own thread reads frames that are being freed
    faulthandler.register(signal.SIGALRM, file=f)
    signal.setitimer(signal.ITIMER_REAL, 0.001, 0.002)
    for _ in range(20):
        assert undisturbed(size) == expected
    signal.setitimer(signal.ITIMER_REAL, 0)
    f.flush()
print(open(sys.argv[3]).read().count("most recent call first") > 5)
"""


@pytest.fixture
def programs(run_python, tmp_path_factory):
    """Run a script after the compiled programs, which are compiled once."""
    where = tmp_path_factory.getbasetemp() / "ctrl_c_programs"
    where.mkdir(exist_ok=True)
    (where / "ctrl_c_programs.py").write_text(COMPILED)
    head = "import sys; sys.path.insert(0, sys.argv[1]); from ctrl_c_programs import *\n"
    return lambda script, *args: run_python(head + script, where, *args).split()


def test_compiled_programs_interrupted_a_hundred_times_give_the_same_results(programs):
    assert programs(INTERRUPTS, 1000, 1) == ["True"]


def test_compiled_programs_stop_within_a_tenth_of_a_second(programs):
    times = [float(seconds) for seconds in programs(PROMPT)]
    assert len(times) == 4
    assert max(times) < 0.15


def test_signals_of_a_profiler_and_of_faulthandler_in_compiled_programs(programs, tmp_path):
    assert programs(PROFILED, 3000, tmp_path / "dump") == ["True", "True"]
