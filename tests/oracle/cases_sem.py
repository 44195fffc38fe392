"""System V semaphores: every order of errors, all or nothing, who is woken and in which order, SEM_UNDO."""

from .abi import (
    CLONE_NEWIPC,
    CLONE_SYSVSEM,
    GETALL,
    GETNCNT,
    GETPID,
    GETVAL,
    GETZCNT,
    IPC_CREAT,
    IPC_EXCL,
    IPC_INFO,
    IPC_NOWAIT,
    IPC_PRIVATE,
    IPC_RMID,
    IPC_SET,
    IPC_STAT,
    SEM_INFO,
    SEM_STAT,
    SEM_STAT_ANY,
    SEM_UNDO,
    SEMVMX,
    SETALL,
    SETVAL,
    SIGCHLD,
)  # fmt: skip
from .machine import ASLEEP, DIED, Machine, Task

BAD = 0x1000  # an address where nothing is
KERNEL = 0xFFFF_8000_0000_0000


def _set(t: Task, *values: int, mode: int = 0o600) -> int:
    semid = t.semget(IPC_PRIVATE, len(values), mode)
    assert isinstance(semid, int)
    if any(values):
        t.semctl(semid, 0, SETALL, list(values))
    return semid


def _values(t: Task, semid: int) -> list[int]:
    return t.semctl(semid, 0, GETALL)


def _tasks(m: Machine, n: int) -> list[Task]:
    m.ordered = True
    return [m.spawn() for _ in range(n)]


# ------------------------------------------------------------------------------------------------ semget
def e1_sets_of_zeros(m: Machine) -> None:
    """E1: a new set has zeros, its record tells owner, number and times; ids run upward."""
    t = m.spawn()
    first, second = t.semget(IPC_PRIVATE, 3, 0o640), t.semget(77, 1, IPC_CREAT | 0o600)
    assert (first, second) == (0, 1)
    assert _values(t, first) == [0, 0, 0]
    t.semctl(first, 0, IPC_STAT)
    t.semctl(second, 0, IPC_STAT)
    t.semctl(0, 0, SEM_INFO)
    t.semctl(0, 0, IPC_INFO)
    t.semctl(1, 0, SEM_STAT)
    t.semctl(first, 0, IPC_RMID)
    t.semctl(first, 0, IPC_STAT)
    assert t.semget(IPC_PRIVATE, 1, 0o600) == 2


def e1_order_of_errors(m: Machine) -> None:
    """Limits 5 and 6.1: count before the key; EEXIST, EINVAL, EACCES; count 0 only where a set is there."""
    t, stranger = m.spawn(), m.spawn(uid=1000)
    semid = t.semget(5, 2, IPC_CREAT | 0o600)
    assert t.semget(5, -1, 0) == "EINVAL"
    assert t.semget(6, 32001, IPC_CREAT) == "EINVAL"
    assert t.semget(6, 32001, 0) == "EINVAL"
    assert t.semget(5, 32001, IPC_CREAT | IPC_EXCL) == "EINVAL"
    assert t.semget(6, 0, 0) == "ENOENT"
    assert t.semget(6, 0, IPC_CREAT) == "EINVAL"
    assert t.semget(IPC_PRIVATE, 0, 0) == "EINVAL"
    assert t.semget(5, 3, IPC_CREAT | IPC_EXCL | 0o600) == "EEXIST"
    assert t.semget(5, 3, IPC_CREAT | 0o600) == "EINVAL"
    assert stranger.semget(5, 3, IPC_CREAT | 0o600) == "EINVAL"
    assert stranger.semget(5, 2, IPC_CREAT | IPC_EXCL | 0o600) == "EEXIST"
    assert stranger.semget(5, 2, 0o600) == "EACCES"
    assert stranger.semget(5, 2, 0o400) == "EACCES"
    assert stranger.semget(5, 2, 0) == semid
    assert t.semget(5, 0, 0o600) == semid
    assert t.semget(5, 1, IPC_EXCL) == semid


def e1_a_large_set(m: Machine) -> None:
    """E1: 32,000 semaphores in one set, the last one as good as the first."""
    t = m.spawn()
    semid = t.semget(IPC_PRIVATE, 32000, 0o600)
    t.semop(semid, [(31999, 7), (0, 1)])
    assert t.semctl(semid, 31999, GETVAL) == 7
    assert t.semctl(semid, 32000, GETVAL) == "EINVAL"
    assert t.semop(semid, [(32000, 1)]) == "EFBIG"
    t.semctl(0, 0, SEM_INFO)


# ------------------------------------------------------------------------------------------------ semop: errors
def e8_order_of_errors(m: Machine) -> None:
    """Limits 6.1: E2BIG, EINVAL for none, EINVAL for the id, EFBIG, EACCES, then the operations."""
    t, stranger = m.spawn(), m.spawn(uid=1000)
    semid = _set(t, 0, 0)
    many = [(0, 0)] * 501
    assert t.semop(-1, many) == "E2BIG"
    assert t.semop(-1, []) == "EINVAL"
    assert t.semop(-1, [(9, 0)]) == "EINVAL"
    assert t.semop(semid + 1, [(9, 0)]) == "EINVAL"
    assert stranger.semop(semid, [(2, 0)]) == "EFBIG"
    assert stranger.semop(semid, [(1, 0)]) == "EACCES"
    assert stranger.semop(semid, [(1, 1)]) == "EACCES"
    t.semctl(semid, 0, IPC_SET, (0, 0, 0o604))
    assert stranger.semop(semid, [(1, 0)]) is None
    assert stranger.semop(semid, [(1, 0), (0, 1)]) == "EACCES"
    t.semctl(semid, 0, IPC_SET, (0, 0, 0o602))
    assert stranger.semop(semid, [(1, 0)]) == "EACCES"
    assert stranger.semop(semid, [(1, 1)]) is None
    assert t.semop(semid, [(0, 0)] * 500) is None
    assert t.semop(semid, [(65535, 0)]) == "EFBIG"


def e8_pointers(m: Machine) -> None:
    """Limits 6.1: where EFAULT comes among the others."""
    t = m.spawn()
    semid = _set(t, 0)
    for address in (BAD, KERNEL, 0):
        assert t.semop_at(-1, address, 501) == "E2BIG"
        assert t.semop_at(-1, address, 0) == "EINVAL"
        assert t.semop_at(-1, address, 1) == "EFAULT"
        assert t.semop_at(semid, address, 1) == "EFAULT"
        assert t.semop_at(semid, address, 500) == "EFAULT"
    for address in (BAD, KERNEL):
        assert t.semtimedop_at(-1, BAD, 501, address) == "EFAULT"
    assert t.semtimedop_at(semid, BAD, 1, 0) == "EFAULT"
    assert t.semctl_at(99, 0, IPC_SET, BAD) == "EFAULT"
    assert t.semctl_at(-1, 0, IPC_SET, BAD) == "EINVAL"
    assert t.semctl_at(semid, 0, IPC_STAT, BAD) == "EFAULT"
    assert t.semctl_at(99, 0, IPC_STAT, BAD) == "EINVAL"
    assert t.semctl_at(semid, 0, GETALL, BAD) == "EFAULT"
    assert t.semctl_at(semid, 0, SETALL, BAD) == "EFAULT"
    assert t.semctl_at(99, 0, SETALL, BAD) == "EINVAL"
    assert t.semctl_at(semid, 0, IPC_INFO, BAD) == "EFAULT"
    assert t.semctl_at(semid, 0, SEM_STAT, BAD) == "EFAULT"


def e8_timeouts(m: Machine) -> None:
    """E8: a bad time is EINVAL though nothing would block; zero is a look; time runs out with EAGAIN."""
    t = m.spawn()
    semid = _set(t, 1)
    assert t.semtimedop(semid, [(0, 0)], -1) == "EINVAL"
    assert t.semtimedop(semid, [(0, 1)], -0.5) == "EINVAL"
    assert t.semtimedop(semid + 1, [(0, 1)], -0.5) == "EINVAL"
    assert t.semtimedop(semid, [(0, 1)] * 501, -0.5) == "E2BIG"
    assert t.semtimedop(semid, [(9, 1)], 0) == "EFBIG"
    assert t.semtimedop(semid, [(0, -2)], 0) == "EAGAIN"
    assert t.submit("semtimedop", semid, [(0, 0)], 0.02).result() == "EAGAIN"
    assert t.semtimedop(semid, [(0, -1), (0, 0)], 0.02) is None
    assert t.semtimedop(semid, [(0, 1)], None) is None
    assert t.semtimedop(semid, [(0, -1)], 0) is None
    assert _values(t, semid) == [0]
    assert t.semctl(semid, 0, GETNCNT) == 0


def e13_a_wake_beats_the_time(m: Machine) -> None:
    """E8, E13: whoever was woken before his time was over has succeeded."""
    a, b = _tasks(m, 2)
    semid = _set(a, 0)
    call = a.submit("semtimedop", semid, [(0, -1)], 30)
    b.semop(semid, [(0, 1)])
    assert call.result() is None


# ------------------------------------------------------------------------------------------------ semop: all or nothing
def e11_running_values(m: Machine) -> None:
    """E11, limits 6.2: (+1, -1) on one semaphore works from 0, (-1, +1) does not; (0, +1) is a lock."""
    t = m.spawn()
    semid = _set(t, 0, 0)
    assert t.semop(semid, [(0, 1), (0, -1)]) is None
    assert t.semop(semid, [(0, -1, IPC_NOWAIT), (0, 1)]) == "EAGAIN"
    assert t.semop(semid, [(0, 0), (0, 1)]) is None
    assert t.semop(semid, [(0, 0, IPC_NOWAIT), (0, 1)]) == "EAGAIN"
    assert t.semop(semid, [(0, -1), (0, 0), (0, 5), (1, 2), (0, -3)]) is None
    assert _values(t, semid) == [2, 2]
    assert t.semop(semid, [(0, -1), (0, -1), (0, -1, IPC_NOWAIT), (1, 1)]) == "EAGAIN"
    assert _values(t, semid) == [2, 2]


def e11_the_first_obstacle_decides(m: Machine) -> None:
    """Limits 6.1: EAGAIN, ERANGE or sleep, by the first operation that cannot be done."""
    a, b = _tasks(m, 2)
    semid = _set(a, SEMVMX, 0, 0)
    assert a.semop(semid, [(0, 1)]) == "ERANGE"
    assert a.semop(semid, [(0, 1), (1, -1, IPC_NOWAIT)]) == "ERANGE"
    assert a.semop(semid, [(1, -1, IPC_NOWAIT), (0, 1)]) == "EAGAIN"
    assert a.semop(semid, [(0, 0, IPC_NOWAIT), (1, -1)]) == "EAGAIN"
    assert a.semop(semid, [(2, 1), (0, 1)]) == "ERANGE"
    assert _values(a, semid) == [SEMVMX, 0, 0]
    call = a.submit("semop", semid, [(1, -1), (0, 1)])
    assert not call.done()
    b.semop(semid, [(1, 1)])
    assert call.result() == "ERANGE"
    call = a.submit("semop", semid, [(2, -1), (1, 0, IPC_NOWAIT)])
    assert not call.done()
    b.semop(semid, [(2, 1)])
    assert call.result() == "EAGAIN"
    assert _values(a, semid) == [SEMVMX, 1, 1]


def e11_large_operations(m: Machine) -> None:
    """E11: the ends of the range of an operation and of a value."""
    t = m.spawn()
    semid = _set(t, 0)
    assert t.semop(semid, [(0, 32767)]) is None
    assert t.semop(semid, [(0, 1)]) == "ERANGE"
    assert t.semop(semid, [(0, -32767)]) is None
    assert t.semop(semid, [(0, -32768, IPC_NOWAIT)]) == "EAGAIN"
    assert t.semop(semid, [(0, 32767), (0, 1), (0, -1)]) == "ERANGE"


def e8_what_a_call_leaves(m: Machine) -> None:
    """Limits 6.2: a wait for zero that succeeds sets otime and sempid; a call that fails sets nothing."""
    a, b = _tasks(m, 2)
    semid = _set(a, 0, 0)
    a.semctl(semid, 0, IPC_STAT)
    assert b.semop(semid, [(0, -1, IPC_NOWAIT)]) == "EAGAIN"
    assert [a.semctl(semid, i, GETPID) for i in range(2)] == [0, 0]
    assert b.semop(semid, [(0, 0)]) is None
    assert [a.semctl(semid, i, GETPID) for i in range(2)] == ["B", 0]
    a.semctl(semid, 0, IPC_STAT)
    a.semctl(semid, 1, SETVAL, 4)
    assert a.semctl(semid, 1, GETPID) == "A"
    b.semctl(semid, 0, SETALL, [1, 2])
    assert [a.semctl(semid, i, GETPID) for i in range(2)] == ["B", "B"]
    call = a.submit("semop", semid, [(0, -3)])
    b.semop(semid, [(0, 2)])
    assert call.done()
    assert a.semctl(semid, 0, GETPID) == "A"


# ------------------------------------------------------------------------------------------------ semctl
def e4_order_of_errors(m: Machine) -> None:
    """Limits 6.1: every command's order."""
    t, stranger = m.spawn(), m.spawn(uid=1000)
    semid = _set(t, 0, 0)
    for value in (-1, SEMVMX + 1):
        assert t.semctl(-1, 0, SETVAL, value) == "EINVAL"
        assert t.semctl(99, 0, SETVAL, value) == "ERANGE"
        assert stranger.semctl(semid, 9, SETVAL, value) == "ERANGE"
    assert t.semctl(99, 0, SETVAL, 1) == "EINVAL"
    assert stranger.semctl(semid, 9, SETVAL, 1) == "EINVAL"
    assert stranger.semctl(semid, -1, SETVAL, 1) == "EINVAL"
    assert stranger.semctl(semid, 0, SETVAL, 1) == "EACCES"
    for cmd in (GETVAL, GETPID, GETNCNT, GETZCNT):
        assert t.semctl(99, 0, cmd) == "EINVAL"
        assert stranger.semctl(semid, 9, cmd) == "EACCES"
        assert t.semctl(semid, 9, cmd) == "EINVAL"
        assert t.semctl(semid, -1, cmd) == "EINVAL"
        assert t.semctl(-1, 0, cmd) == "EINVAL"
    assert t.semctl(semid, 0, SETALL, [SEMVMX + 1, 1]) == "ERANGE"
    assert _values(t, semid) == [0, 0]
    assert stranger.semctl(semid, 0, SETALL, [SEMVMX + 1, 1]) == "EACCES"
    assert stranger.semctl(semid, 0, GETALL) == "EACCES"
    assert stranger.semctl(semid, 0, IPC_STAT) == "EACCES"
    assert stranger.semctl(0, 0, SEM_STAT) == "EACCES"
    stranger.semctl(0, 0, SEM_STAT_ANY)
    assert stranger.semctl(semid, 0, IPC_RMID) == "EPERM"
    assert stranger.semctl(semid, 0, IPC_SET, (1000, 1000, 0o666)) == "EPERM"
    assert stranger.semctl(99, 0, IPC_RMID) == "EINVAL"
    for cmd in (4, 10, 21, 99, -1, 0x10C, 0x102):
        assert t.semctl(semid, 0, cmd) == "EINVAL"
    assert t.semctl(-1, 0, IPC_INFO) == "EINVAL"
    assert t.semctl(5, 0, SEM_STAT) == "EINVAL"


def e7_a_new_owner(m: Machine) -> None:
    """E7: IPC_SET gives the set away; creator and owner may both change it."""
    t, other, third = m.spawn(), m.spawn(uid=1000), m.spawn(uid=1001)
    semid = _set(t, 3)
    t.semctl(semid, 0, IPC_SET, (1000, 1000, 0o7640))
    t.semctl(semid, 0, IPC_STAT)
    assert other.semctl(semid, 0, GETVAL) == 3
    assert third.semctl(semid, 0, GETVAL) == "EACCES"
    assert other.semctl(semid, 0, IPC_SET, (1001, 1000, 0o600)) is None
    assert other.semctl(semid, 0, IPC_RMID) == "EPERM"
    assert third.semctl(semid, 0, IPC_RMID) is None
    assert t.semctl(semid, 0, IPC_STAT) == "EINVAL"


def e12_who_is_counted(m: Machine) -> None:
    """E12, limits 6.2: a sleeper counts at its first obstacle only, and moves to the next one."""
    a, b, c = _tasks(m, 3)
    semid = _set(a, 0, 0, 1)

    def counts() -> list[tuple[int, int]]:
        return [(c.semctl(semid, i, GETNCNT), c.semctl(semid, i, GETZCNT)) for i in range(3)]

    a.submit("semop", semid, [(0, -1), (1, -1), (2, 0)])
    b.submit("semop", semid, [(2, 0), (1, -1)])
    assert counts() == [(1, 0), (0, 0), (0, 1)]
    c.semop(semid, [(0, 1)])
    assert counts() == [(0, 0), (1, 0), (0, 1)]
    c.semop(semid, [(0, -1)])
    assert counts() == [(1, 0), (0, 0), (0, 1)]
    c.semop(semid, [(2, -1)])
    assert counts() == [(1, 0), (1, 0), (0, 0)]
    c.semop(semid, [(1, 1)])
    assert counts() == [(1, 0), (0, 0), (0, 0)]
    c.semop(semid, [(0, 1), (1, 1)])
    assert counts() == [(0, 0), (0, 0), (0, 0)]


def e12_counts_that_are_not_fresh(m: Machine) -> None:
    """E12: a waiter for zeros is looked at only when something has become zero."""
    a, b, c = _tasks(m, 3)
    semid = _set(a, 0, 1, 1)

    def counts() -> list[int]:
        return [c.semctl(semid, i, GETZCNT) for i in range(3)]

    a.submit("semop", semid, [(0, 0), (1, 0), (2, 0)])
    assert counts() == [0, 1, 0]
    c.semop(semid, [(0, 1)])
    counts()
    c.semop(semid, [(1, -1)])
    counts()
    c.semop(semid, [(0, -1)])
    counts()
    c.semctl(semid, 0, SETVAL, 2)
    counts()
    c.semctl(semid, 2, SETVAL, 0)
    counts()
    b.submit("semop", semid, [(0, 0, IPC_NOWAIT), (2, 0)])
    c.semctl(semid, 0, SETALL, [0, 0, 0])
    assert counts() == [0, 0, 0]


# ------------------------------------------------------------------------------------------------ wake order
def w1_oldest_that_can(m: Machine) -> None:
    """Limits 6.3.1: an older one that cannot run is passed over."""
    a, b, c, d = _tasks(m, 4)
    semid = _set(a, 0)
    two, one = a.submit("semop", semid, [(0, -2)]), b.submit("semop", semid, [(0, -1)])
    c.semop(semid, [(0, 1)])
    assert (two.done(), one.done()) == (False, True)
    c.submit("semop", semid, [(0, -2)])
    d.semop(semid, [(0, 2)])
    assert two.done()
    d.semop(semid, [(0, 4)])


def w2_several_at_once(m: Machine) -> None:
    """Limits 6.3.2: +2 with three sleepers that want 1 releases the first two, in order."""
    *sleepers, t = _tasks(m, 4)
    semid = _set(t, 0)
    calls = [s.submit("semop", semid, [(0, -1)]) for s in sleepers]
    t.semop(semid, [(0, 2)])
    assert [call.done() for call in calls] == [True, True, False]
    t.semop(semid, [(0, 5)])
    assert _values(t, semid) == [4]


def w3_one_queue_while_complex(m: Machine) -> None:
    """Limits 6.3.3: with a complex sleeper all are on one queue."""
    a, b, c, t = _tasks(m, 4)
    semid = _set(t, 0, 1)
    calls = [
        a.submit("semop", semid, [(0, -1)]),
        b.submit("semop", semid, [(0, -1), (1, -1)]),
        c.submit("semop", semid, [(0, -1)]),
    ]
    for n in range(3):
        t.semop(semid, [(0, 1)])
        assert [call.done() for call in calls] == [i <= n for i in range(3)]


def w3_queues_are_put_together(m: Machine) -> None:
    """Limits 6.3.3, E14: the queues of single semaphores go in front of each other, and apart again."""
    a, b, c, d, e, f, t = _tasks(m, 7)
    semid = _set(t, 0, 0, 0, 0)
    for task, num in ((a, 0), (b, 1), (c, 2), (d, 0)):
        task.submit("semop", semid, [(num, -1)])
    e.submit("semop", semid, [(3, -1), (0, 0)])
    f.submit("semop", semid, [(1, -1)])
    t.semop(semid, [(0, 2), (1, 2), (2, 1)])
    assert _values(t, semid) == [0, 0, 0, 0]
    for task, num in ((a, 0), (b, 1), (c, 2), (d, 0)):
        task.submit("semop", semid, [(num, -1)])
    t.semop(semid, [(3, 1)])
    t.semop(semid, [(0, 2), (1, 1), (2, 1)])


def w4_zero_first(m: Machine) -> None:
    """Limits 6.3.4: at 0 a pure waiter for zero goes before an older one that waits for zero and adds."""
    a, b, c, t = _tasks(m, 4)
    semid = _set(t, 1)
    a.submit("semop", semid, [(0, 0), (0, 1)])
    b.submit("semop", semid, [(0, 0)])
    c.submit("semop", semid, [(0, 0)])
    t.semop(semid, [(0, -1)])
    assert _values(t, semid) == [1]


def w5_chains(m: Machine) -> None:
    """Limits 6.3.5: one post resolves a chain, whatever the order of the queue."""
    a, b, c, t = _tasks(m, 4)
    for order in ((a, b, c), (c, b, a), (b, c, a)):
        semid = _set(t, 0, 0, 0)
        for i, task in enumerate(order):
            task.submit("semop", semid, [(i, -1), *([(i + 1, 1)] if i < 2 else [(0, 0)])])
        t.semop(semid, [(0, 1)])
        assert _values(t, semid) == [0, 0, 0]


def w5_a_chain_of_single_ones(m: Machine) -> None:
    """E15: an alterer that is woken can wake waiters for zero, in the same pass."""
    a, b, c, d, t = _tasks(m, 5)
    semid = _set(t, 1, 1)
    a.submit("semop", semid, [(0, 0)])
    b.submit("semop", semid, [(0, -3)])
    c.submit("semop", semid, [(1, 0), (0, 0)])
    d.submit("semop", semid, [(1, -2), (0, 0, IPC_NOWAIT)])
    t.semop(semid, [(0, 2), (1, 1)])
    _values(t, semid)
    t.semctl(semid, 1, SETVAL, 0)
    _values(t, semid)


def w6_setval(m: Machine) -> None:
    """Limits 6.3.6: SETVAL 2 with three sleepers that want 1 releases two and leaves 0."""
    *sleepers, t = _tasks(m, 4)
    semid = _set(t, 0, 3)
    for s in sleepers:
        s.submit("semop", semid, [(0, -1)])
    t.semctl(semid, 0, SETVAL, 2)
    assert _values(t, semid) == [0, 3]
    t.semctl(semid, 0, SETALL, [5, 0])
    assert _values(t, semid) == [4, 0]


def w7_obstacles_elsewhere(m: Machine) -> None:
    """E15: a sleeper whose earlier operation would now fail wakes with that error, its obstacle still there."""
    a, b, c, t = _tasks(m, 4)
    semid = _set(t, 1, 0, 5)
    a.submit("semop", semid, [(0, -1, IPC_NOWAIT), (1, -1)])
    b.submit("semop", semid, [(2, 5), (1, -1)])
    c.submit("semop", semid, [(0, -1), (1, -1)])
    t.semop(semid, [(0, -1)])
    t.semctl(semid, 1, GETNCNT)
    t.semctl(semid, 0, GETNCNT)
    t.semop(semid, [(2, SEMVMX - 6)])
    t.semctl(semid, 1, GETNCNT)
    t.semop(semid, [(1, 1)])
    t.semop(semid, [(0, 1)])
    assert _values(t, semid) == [0, 0, SEMVMX - 1]


def w8_many_on_one_set(m: Machine) -> None:
    """E15: twenty sleepers in two operations, each on a semaphore of its own, and one on all."""
    *sleepers, t = _tasks(m, 12)
    semid = _set(t, *[0] * 12)
    for i, s in enumerate(sleepers):
        s.submit("semop", semid, [(i, -1), (11, 0)])
    t.semop(semid, [(5, 1), (3, 1), (9, 1)])
    t.semop(semid, [(11, 1), (2, 1)])
    t.semctl(semid, 11, GETZCNT)
    t.semop(semid, [(11, -1)])
    t.semctl(semid, 0, SETALL, [1] * 11 + [0])


def e7_removal(m: Machine) -> None:
    """E7: IPC_RMID wakes everybody with EIDRM, in the order of the queues."""
    *sleepers, t = _tasks(m, 7)
    semid = _set(t, 1, 0)
    for s, sops in zip(
        sleepers,
        ([(1, -1)], [(0, 0)], [(1, -1), (0, -1)], [(0, 0), (1, 0)], [(0, -2)], [(0, 0)]),
        strict=True,
    ):
        s.submit("semop", semid, sops)
    t.semctl(semid, 0, IPC_RMID)
    assert t.semop(semid, [(0, 0)]) == "EINVAL"


def e7_removal_of_a_simple_one(m: Machine) -> None:
    """E7: without complex sleepers each semaphore has its queues."""
    *sleepers, t = _tasks(m, 6)
    semid = _set(t, 1, 0)
    for s, sops in zip(sleepers, ([(1, -1)], [(0, 0)], [(0, -2)], [(0, 0)], [(1, -1)]), strict=True):
        s.submit("semop", semid, sops)
    t.semctl(semid, 0, IPC_RMID)


# ------------------------------------------------------------------------------------------------ SEM_UNDO
def e9_at_the_end(m: Machine) -> None:
    """E9: exit takes back; sempid is the dead process, sleepers are woken by it."""
    a, b, t = _tasks(m, 3)
    semid = _set(t, 2, 0)
    assert a.semop(semid, [(0, -2, SEM_UNDO), (1, 3, SEM_UNDO)]) is None
    b.submit("semop", semid, [(0, -2), (1, 0)])
    assert a.exit(0) == DIED
    assert _values(t, semid) == [0, 0]
    assert t.semctl(semid, 0, GETPID) == "B"


def e9_killed(m: Machine) -> None:
    """E9: who is killed by a signal undoes too."""
    a, t = _tasks(m, 2)
    semid = _set(t, 5)
    a.semop(semid, [(0, -1, SEM_UNDO)])
    r, w = a.pipe()
    a.close(r)
    assert a.write(w, b"x") == DIED
    assert _values(t, semid) == [5]
    assert t.semctl(semid, 0, GETPID) == "A"


def e9_clipped(m: Machine) -> None:
    """E9: what is taken back does not leave 0..SEMVMX."""
    a, b, t = _tasks(m, 3)
    semid = _set(t, 0, 10)
    a.semop(semid, [(0, 5, SEM_UNDO)])
    b.semop(semid, [(1, -10, SEM_UNDO)])
    t.semop(semid, [(0, -3)])
    t.semop(semid, [(1, SEMVMX)])
    a.exit(0)
    b.exit(0)
    assert _values(t, semid) == [0, SEMVMX]


def e9_range_of_adjustments(m: Machine) -> None:
    """Limits 6.1: after +32767 with undo one more fits, two do not."""
    t = m.spawn()
    semid = _set(t, 0)
    assert t.semop(semid, [(0, 32767, SEM_UNDO)]) is None
    assert t.semop(semid, [(0, -32767)]) is None
    assert t.semop(semid, [(0, 2, SEM_UNDO)]) == "ERANGE"
    assert t.semop(semid, [(0, 1, SEM_UNDO)]) is None
    assert t.semop(semid, [(0, 1, SEM_UNDO)]) == "ERANGE"
    assert t.semop(semid, [(0, 1), (0, -1, SEM_UNDO), (0, 1, SEM_UNDO)]) is None
    assert _values(t, semid) == [2]


def e9_cleared(m: Machine) -> None:
    """E6, E9: SETVAL and SETALL by anyone clear the adjustment of that semaphore, of all."""
    a, b, t = _tasks(m, 3)
    semid = _set(t, 5, 5)
    a.semop(semid, [(0, -1, SEM_UNDO), (1, -1, SEM_UNDO)])
    b.semop(semid, [(0, -1, SEM_UNDO), (1, -1, SEM_UNDO)])
    t.semctl(semid, 0, SETVAL, 3)
    a.exit(0)
    assert _values(t, semid) == [3, 4]
    t.semctl(semid, 0, SETALL, [1, 1])
    b.exit(0)
    assert _values(t, semid) == [1, 1]


def e9_fork_and_exec(m: Machine) -> None:
    """Limits 6.2: not inherited by fork, kept over execve."""
    a, t = _tasks(m, 2)
    semid = _set(t, 5)
    a.semop(semid, [(0, -2, SEM_UNDO)])
    child = a.fork()
    assert child.exit(0) == DIED
    assert _values(t, semid) == [3]
    assert a.execve() is None
    assert _values(t, semid) == [3]
    a.exit(0)
    assert _values(t, semid) == [5]


def e9_threads(m: Machine) -> None:
    """Limits 6.2: threads have one list; it is applied when the last of them ends."""
    a, t = _tasks(m, 2)
    semid = _set(t, 5)
    thread = a.thread()
    thread.semop(semid, [(0, -2, SEM_UNDO)])
    a.semop(semid, [(0, -1, SEM_UNDO)])
    thread.exit(0)
    assert _values(t, semid) == [2]
    a.exit(0)
    assert _values(t, semid) == [5]


def e9_shared_with_a_process(m: Machine) -> None:
    """Limits 6.2: with CLONE_SYSVSEM processes share a list, until one unshares."""
    a, t = _tasks(m, 2)
    semid = _set(t, 5)
    b = a.clone(CLONE_SYSVSEM | SIGCHLD)
    c = a.clone(CLONE_SYSVSEM | SIGCHLD)
    b.semop(semid, [(0, -2, SEM_UNDO)])
    a.exit(0)
    assert _values(t, semid) == [3]
    b.unshare(CLONE_SYSVSEM)
    assert _values(t, semid) == [3]
    c.unshare(CLONE_SYSVSEM)
    assert _values(t, semid) == [5]
    b.semop(semid, [(0, -1, SEM_UNDO)])
    b.exit(0)
    assert _values(t, semid) == [5]
    assert t.clone(CLONE_SYSVSEM | CLONE_NEWIPC | SIGCHLD) == "EINVAL"


def e9_another_namespace(m: Machine) -> None:
    """E9, I1: who leaves the namespace undoes first; sets are not found from elsewhere."""
    a, t = _tasks(m, 2)
    semid = _set(t, 5)
    a.semop(semid, [(0, -2, SEM_UNDO)])
    a.unshare(CLONE_NEWIPC)
    assert _values(t, semid) == [5]
    assert a.semop(semid, [(0, 1)]) == "EINVAL"
    assert a.semget(IPC_PRIVATE, 1, 0o600) == 0
    assert a.semop(0, [(0, 1, SEM_UNDO)]) is None
    a.exit(0)
    assert _values(t, semid) == [5]


def e9_several_sets(m: Machine) -> None:
    """E9: the sets are gone through from the one that was used last; a removed one has nothing to undo."""
    a, b, c, t = _tasks(m, 4)
    sets = [_set(t, 0) for _ in range(3)]
    for semid in sets:
        a.semop(semid, [(0, 1, SEM_UNDO)])
    t.semctl(sets[1], 0, IPC_RMID)
    b.submit("semop", sets[0], [(0, 0)])
    c.submit("semop", sets[2], [(0, 0)])
    a.exit(0)
    assert _values(t, sets[0]) == [0]


def e9_a_sleeper_with_undo(m: Machine) -> None:
    """E9, E15: a sleeper's adjustments are made when it is woken, and taken back at its end."""
    a, b, t = _tasks(m, 3)
    semid = _set(t, 0, 0)
    a.submit("semop", semid, [(0, -1, SEM_UNDO), (1, 4, SEM_UNDO)])
    t.semop(semid, [(0, 1)])
    assert _values(t, semid) == [0, 4]
    b.submit("semop", semid, [(0, -1, SEM_UNDO)])
    a.exit(0)
    assert _values(t, semid) == [0, 0]
    b.exit(0)
    assert _values(t, semid) == [1, 0]


def e13_exit_of_a_sleeper(m: Machine) -> None:
    """E13: a thread that is ended in its sleep leaves the queue."""
    a, b, t = _tasks(m, 3)
    semid = _set(t, 0, 0)
    thread = a.thread()
    thread.submit("semop", semid, [(0, -1), (1, -1)])
    b.submit("semop", semid, [(0, -1)])
    assert t.semctl(semid, 0, GETNCNT) == 2
    a.exit_group(0)
    assert t.semctl(semid, 0, GETNCNT) == 1
    t.semop(semid, [(0, 1)])
    assert t.semctl(semid, 0, GETNCNT) == 0


def e8_sleeping_forever(m: Machine) -> None:
    """E8: a wait that nobody ends goes on."""
    a, t = _tasks(m, 2)
    semid = _set(t, 0)
    assert a.submit("semop", semid, [(0, -1)]).value is ASLEEP
    assert t.semctl(semid, 0, GETNCNT) == 1
