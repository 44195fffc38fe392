"""Short ways of compiled programs on messages, semaphores and signals: the same calls, hash and state as the long ways.

A trace leads every call of a compiled program the long way, and an injection what others share of the short ones; what
is compared is everything else that two runs can tell.
"""

import numpy as np
import pytest

import fastipc
from fastipc import (
    IPC_NOWAIT,
    IPC_PRIVATE,
    IPC_RMID,
    MSG_EXCEPT,
    MSG_NOERROR,
    RLIMIT_SIGPENDING,
    SA_NODEFER,
    SA_RESETHAND,
    compiled,
)


@compiled
def asks(t, q, n):
    buf, got = np.zeros(40, np.uint8), np.zeros(n, np.int64)
    for i in range(n):
        buf[0] = i
        t.msgsnd(q, 1 + i % 2, buf[: i % 40])
        got[i] = t.sys_msgrcv_into(q, buf, 3)
    return got


@compiled
def answers(t, q, n):
    buf, got = np.zeros(64, np.uint8), np.zeros(n, np.int64)
    for i in range(n):
        got[i] = t.sys_msgrcv_into(q, buf, 1 + i % 2)
        t.msgsnd(q, 3, buf[: got[i]])
    return got


@compiled
def answers_wide(t, q, n):
    buf = np.zeros(2000, np.uint8)
    for i in range(n):
        t.msgsnd(q, 3, buf[: t.sys_msgrcv_into(q, buf, 1 + i % 2)])


@compiled
def receives(t, q, size, mtype, flags, n):
    buf, got = np.zeros(200, np.uint8), np.zeros(n, np.int64)
    for i in range(n):
        got[i] = t.sys_msgrcv_into(q, buf[:size], mtype, flags)
    return got


@compiled
def sends(t, q, n):
    t.sched_yield()
    data = np.zeros(9000, np.uint8)
    for i in range(n):
        t.sys_msgsnd(q, 1 + i % 3, data[: (0, 1, 32, 33, 100, 5000)[i % 6]], IPC_NOWAIT)
        if i % 4 == 3:
            t.sched_yield()
    t.sys_msgctl(q, IPC_RMID)


@compiled
def raises(t, s, mine, other, n):
    up, down = np.array([other, 1, 0], np.int16), np.array([mine, -1, 0], np.int16)
    both = np.array([other, 1, 0, 2, 0, 0], np.int16)
    for i in range(n):
        t.semop(s, both if i % 3 == 2 else up)
        t.semop(s, down)


@compiled
def waits(t, n):
    got = np.zeros(n, np.int64)
    t.sigprocmask(0, 1 << 39 | 1 << 9 | 1 << 40)
    for i in range(n):
        got[i] = t.sys_sigwaitinfo(1 << 39 | (1 << 9 if i % 2 else 0))
    t.sigprocmask(1, 1 << 40)
    return got


@compiled
def noted(t, signo, info):
    t.getpid()


@compiled
def nested(t, signo, info):
    t.kill(t.getpid(), 10)


@compiled
def tells(t, pid, n):
    t.sched_yield()
    for i in range(n):
        t.kill(pid, (40, 10, 41)[i % 3])
        if i % 5 == 4:
            t.sched_yield()
    t.kill(pid, 40)
    t.kill(pid, 40)


@compiled
def signals_itself(t, flags, n):
    me = t.getpid()
    t.sigaction(10, noted, 0, flags)
    t.sigaction(12, nested, 0, flags)
    t.sigaction(40, noted)
    t.sigaction(18, noted)
    for _ in range(n):
        t.kill(me, 12)
        t.kill(me, 40)
        t.kill(me, 18)
        t.sigprocmask(0, 1 << 9)
        t.kill(me, 10)
        t.kill(me, 12)
        t.sigprocmask(1, 1 << 9)
        t.kill(me, 10)
        if flags:
            t.sigaction(10, noted, 0, flags)
            t.sigaction(12, nested, 0, flags)


def receivers(size, mtype, flags):
    def start(p):
        q = p.msgget(IPC_PRIVATE, 0o600)
        return [p.fork(receives, q, size, mtype, flags, 8) for _ in range(3)] + [p.fork(sends, q, 60)]

    return start


def asks_as_generator(t, q, n):
    got = []
    for i in range(n):
        yield t.msgsnd(q, 1 + i % 2, bytes(i % 40 * 30))
        got.append((yield t.msgrcv(q, 2000, 3)))
    return got


def answers_as_generator(t, q, n):
    got = []
    for i in range(n):
        mtype, data = yield t.msgrcv(q, 2000, 1 + i % 2)
        got.append(mtype)
        yield t.msgsnd(q, 3, data)
    return got


def asks_plainly(t, q, n):
    got = []
    for i in range(n):
        t.msgsnd(q, 1 + i % 2, bytes(i % 40 * 30))
        got.append(t.msgrcv(q, 2000, 3))
    return got


def messages_between(ask, answer):
    def start(p):
        q = p.msgget(IPC_PRIVATE, 0o600)
        return [p.fork(ask, q, 50), p.fork(answer, q, 50)]

    return start


def semaphores(p):
    s = p.semget(IPC_PRIVATE, 3, 0o600)
    return [p.fork(raises, s, 0, 1, 40), p.fork(raises, s, 1, 0, 40)]


def signals(p):
    waiter = p.fork(waits, 20)
    return [waiter, p.fork(tells, waiter.pid, 30)]


def waits_as_generator(t, n):
    yield t.sigprocmask(0, (10, 18, 20, 40))
    got = []
    for i in range(n):
        got.append((yield t.sys_sigwaitinfo((10, 18, 20, 40) if i % 2 else (18, 40))))
    return got


def tells_as_generator(t, pid, n):
    for i in range(n):
        yield t.sys_kill(pid, (40, 10, 18, 20, 0)[i % 5])
        if i % 3 == 2:
            yield t.sched_yield()
    yield t.sys_kill(pid, 40)


def generators(uid=0, limit=100):
    def start(p):
        waiter = p.fork(waits_as_generator, 10)
        p.kernel.run(deadlock="return")
        p.setrlimit(RLIMIT_SIGPENDING, (limit, limit))
        p.setuid(uid)
        return [waiter, p.fork(tells_as_generator, waiter.pid, 30)]

    return start


def oneself(flags):
    return lambda p: [p.fork(signals_itself, flags, 10)]


CASES = {
    "messages": messages_between(asks, answers),
    "messages, generators": messages_between(asks_as_generator, answers_as_generator),
    "messages, plain and compiled": messages_between(asks_plainly, answers_wide),
    "any": receivers(200, 0, 0),
    "type": receivers(200, 2, 0),
    "too long": receivers(32, 0, 0),
    "cut": receivers(32, 0, MSG_NOERROR),
    "up to": receivers(200, -2, 0),
    "except": receivers(200, 2, MSG_EXCEPT),
    "no wait": receivers(200, 1, IPC_NOWAIT),
    "semaphores": semaphores,
    "signals": signals,
    "signals, generators": generators(),
    "signals, another user": generators(uid=1),
    "signals, limit": generators(limit=0),
    "oneself": oneself(0),
    "oneself, again": oneself(SA_NODEFER),
    "oneself, once": oneself(SA_RESETHAND | SA_NODEFER),
}


def told(k, start, longer=None):
    p = k.spawn()
    if longer == "trace":
        k.trace([])
    elif longer == "inject":
        k.inject("row", 1 << 30)
    tasks = start(p)
    k.run(deadlock="return")
    k.trace(None)
    k.verify()
    results = [t.result.tolist() if isinstance(t.result, np.ndarray) else t.result for t in tasks]
    return results, [t.exit_status for t in tasks], k.trace_hash, k.counters, k.state_hash()


@pytest.mark.parametrize("longer", ("trace", "inject"))
@pytest.mark.parametrize("case", CASES)
def test_long_and_short(make_kernel, case, longer):
    assert told(make_kernel(), CASES[case], longer) == told(make_kernel(), CASES[case])


def hashes_in_handlers(k, longer=None):
    if longer == "trace":
        k.trace([])
    elif longer == "inject":
        k.inject("row", 1 << 30)
    t, hashes = k.spawn(), []

    def handler(t, signo, info):
        hashes.append(k.state_hash())
        if len(hashes) == 1:
            t.kill(t.getpid(), 12)
            hashes.append(k.state_hash())

    for signo in (10, 12):
        t.sigaction(signo, handler)
    t.kill(t.getpid(), 10)
    k.verify()
    return [*hashes, k.state_hash()]


@pytest.mark.parametrize("longer", ("trace", "inject"))
def test_hash_in_a_handler(make_kernel, longer):
    assert hashes_in_handlers(make_kernel(), longer) == hashes_in_handlers(make_kernel())


# ------------------------------------------------------------------------------------------------ ids that are none
@compiled
def strange_ids(t, s, q, out):
    """The short ways know an id of 32 bits; what only ends in the same bits is none."""
    up, byte = np.array([0, 1, 0], np.int16), np.zeros(1, np.uint8)
    for i, odd in enumerate((1 << 32, -(1 << 33), 1 << 62)):
        out[2 * i] = t.sys_semop(s + odd, up)
        out[2 * i + 1] = t.sys_msgsnd(q + odd, 1, byte)
    out[6] = t.sys_semop(-1, up)
    out[7] = t.sys_semop(s, up)


def test_an_id_is_no_other_with_the_same_low_bits(k):
    t = k.spawn()
    s, q = t.semget(IPC_PRIVATE, 1, 0o600), t.msgget(IPC_PRIVATE, 0o600)
    out = np.zeros(8, np.int64)
    child = t.fork(strange_ids, s, q, out)
    k.run()
    assert out.tolist() == [-fastipc.EINVAL] * 7 + [0]
    assert t.semctl(s, 0, fastipc.GETVAL) == 1
    t.wait4(child)
    t.semctl(s, 0, fastipc.IPC_RMID)
    t.msgctl(q, fastipc.IPC_RMID)
    k.verify()
