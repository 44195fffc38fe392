"""System V message queues: errors in their order, types, limits, hand-over, who sends when there is room again."""

from .abi import (
    CLONE_NEWIPC,
    IPC_CREAT,
    IPC_EXCL,
    IPC_INFO,
    IPC_NOWAIT,
    IPC_PRIVATE,
    IPC_RMID,
    IPC_SET,
    IPC_STAT,
    MSG_COPY,
    MSG_EXCEPT,
    MSG_INFO,
    MSG_NOERROR,
    MSG_STAT,
    MSG_STAT_ANY,
)  # fmt: skip
from .machine import DIED, Machine, Task, data

BAD = 0x1000
LOWEST, HIGHEST = -(2**63), 2**63 - 1


def _queue(t: Task, qbytes: int = 0, mode: int = 0o600) -> int:
    msqid = t.msgget(IPC_PRIVATE, mode)
    assert isinstance(msqid, int)
    if qbytes:
        t.msgctl(msqid, IPC_SET, (0, 0, mode, qbytes))
    return msqid


def _tasks(m: Machine, n: int) -> list[Task]:
    m.ordered = True
    return [m.spawn() for _ in range(n)]


# ------------------------------------------------------------------------------------------------ msgget, msgctl
def q1_a_new_queue(m: Machine) -> None:
    """Q1, Q2: what a new queue's record tells, and how it moves."""
    t, other = m.spawn(), m.spawn()
    msqid = t.msgget(9, IPC_CREAT | 0o640)
    t.msgctl(msqid, IPC_STAT)
    t.msgsnd(msqid, 1, b"abc")
    t.msgctl(msqid, IPC_STAT)
    other.msgsnd(msqid, 2, b"")
    other.msgctl(msqid, IPC_STAT)
    assert other.msgrcv(msqid, 10) == (1, b"abc")
    t.msgctl(msqid, IPC_STAT)
    t.msgctl(msqid, MSG_INFO)
    t.msgctl(msqid, IPC_INFO)
    t.msgctl(0, MSG_STAT)
    t.msgctl(msqid, IPC_RMID)
    assert t.msgctl(msqid, IPC_STAT) == "EINVAL"
    assert t.msgget(9, 0) == "ENOENT"


def q1_order_of_errors(m: Machine) -> None:
    """Limits 5 and 8.1: msgget and msgctl."""
    t, stranger = m.spawn(), m.spawn(uid=1000)
    msqid = t.msgget(5, IPC_CREAT | 0o600)
    assert t.msgget(6, 0) == "ENOENT"
    assert stranger.msgget(5, IPC_CREAT | IPC_EXCL | 0o600) == "EEXIST"
    assert stranger.msgget(5, 0o600) == "EACCES"
    assert stranger.msgget(5, 0) == msqid
    assert t.msgget(5, IPC_CREAT | 0o777) == msqid
    assert t.msgctl(-1, IPC_INFO) == "EINVAL"
    assert t.msgctl(msqid, -1) == "EINVAL"
    for cmd in (4, 10, 14, 99, 0x102):
        assert t.msgctl(msqid, cmd) == "EINVAL"
    assert stranger.msgctl(msqid, IPC_STAT) == "EACCES"
    assert stranger.msgctl(0, MSG_STAT) == "EACCES"
    stranger.msgctl(0, MSG_STAT_ANY)
    assert stranger.msgctl(msqid, IPC_RMID) == "EPERM"
    assert stranger.msgctl(99, IPC_RMID) == "EINVAL"
    assert stranger.msgctl(msqid, IPC_SET, (0, 0, 0o666, 99999)) == "EPERM"
    assert t.msgctl(99, IPC_SET, (0, 0, 0o666, 10)) == "EINVAL"
    assert t.msgctl(7, MSG_STAT) == "EINVAL"
    assert t.msgctl(msqid, IPC_SET, (1000, 1000, 0o600, 100)) is None
    assert stranger.msgctl(msqid, IPC_SET, (1000, 1000, 0o604, 16385)) == "EPERM"
    assert stranger.msgctl(msqid, IPC_SET, (1000, 1000, 0o604, 16384)) is None
    t.msgctl(msqid, IPC_STAT)


def q4_pointers(m: Machine) -> None:
    """Limits 8.1: where EFAULT comes among the others."""
    t = m.spawn()
    msqid = _queue(t)
    assert t.msgsnd_at(-1, BAD, -1) == "EFAULT"
    assert t.msgsnd_at(msqid, 0, 1) == "EFAULT"
    assert t.msgctl_at(-1, IPC_SET, BAD) == "EINVAL"
    assert t.msgctl_at(99, IPC_SET, BAD) == "EFAULT"
    assert t.msgctl_at(msqid, IPC_STAT, BAD) == "EFAULT"
    assert t.msgctl_at(99, IPC_STAT, BAD) == "EINVAL"
    assert t.msgctl_at(msqid, IPC_INFO, BAD) == "EFAULT"
    t.msgsnd(msqid, 1, b"lost")
    t.msgsnd(msqid, 2, b"kept")
    assert t.msgrcv_at(msqid, BAD, 2) == "E2BIG"
    assert t.msgrcv_at(msqid, BAD, 10, 3, IPC_NOWAIT) == "ENOMSG"
    assert t.msgrcv_at(msqid, BAD, 10, 0, MSG_COPY | IPC_NOWAIT) == "EFAULT"
    assert t.msgrcv_at(99, BAD, 10, 0, MSG_COPY | IPC_NOWAIT) == "EFAULT"
    assert t.msgrcv_at(99, BAD, 10, 0) == "EINVAL"
    assert t.msgrcv_at(msqid, BAD, 10) == "EFAULT"
    t.msgctl(msqid, IPC_STAT)
    assert t.msgrcv(msqid, 10) == (2, b"kept")


def q4_order_of_errors(m: Machine) -> None:
    """Limits 8.1: msgsnd and msgrcv."""
    t, stranger = m.spawn(), m.spawn(uid=1000)
    msqid = _queue(t)
    assert t.msgsnd(99, 1, data(8193)) == "EINVAL"
    assert t.msgsnd(-1, 0, b"") == "EINVAL"
    assert t.msgsnd(msqid, 0, b"") == "EINVAL"
    assert t.msgsnd(msqid, -5, b"") == "EINVAL"
    assert t.msgsnd(99, 1, b"") == "EINVAL"
    assert stranger.msgsnd(msqid, 1, b"") == "EACCES"
    assert stranger.msgrcv(msqid, 1) == "EACCES"
    assert t.msgrcv(-1, 1) == "EINVAL"
    assert t.msgrcv(99, -1) == "EINVAL"
    assert t.msgrcv(99, 1, 0, MSG_COPY) == "EINVAL"
    assert stranger.msgrcv(msqid, 1, 0, MSG_COPY) == "EINVAL"
    assert stranger.msgrcv(msqid, 1, 0, MSG_COPY | MSG_EXCEPT | IPC_NOWAIT) == "EINVAL"
    assert stranger.msgrcv(msqid, 1, 0, MSG_COPY | IPC_NOWAIT) == "EACCES"
    assert t.msgrcv(msqid, 1, 0, IPC_NOWAIT) == "ENOMSG"
    t.msgsnd(msqid, 1, b"ab")
    assert t.msgrcv(msqid, 1, 0, IPC_NOWAIT) == "E2BIG"
    assert t.msgrcv(msqid, 1) == "E2BIG"
    assert t.msgrcv(msqid, 1, 2, IPC_NOWAIT) == "ENOMSG"
    assert t.msgrcv(msqid, 1, 0, MSG_NOERROR) == (1, b"a")
    assert t.msgrcv(msqid, 1, 0, IPC_NOWAIT) == "ENOMSG"


# ------------------------------------------------------------------------------------------------ types
def q4_types(m: Machine) -> None:
    """Limits 8.2: 0, exact, lowest of those up to a bound, any but one."""
    t = m.spawn()
    msqid = _queue(t)

    def fill() -> None:
        for i, mtype in enumerate((5, 3, 9, 3, 1)):
            t.msgsnd(msqid, mtype, b"%d" % i)

    fill()
    assert t.msgrcv(msqid, 8, -4) == (1, b"4")
    assert t.msgrcv(msqid, 8, -3) == (3, b"1")
    assert t.msgrcv(msqid, 8, -2, IPC_NOWAIT) == "ENOMSG"
    assert t.msgrcv(msqid, 8, 9) == (9, b"2")
    assert t.msgrcv(msqid, 8, 5, MSG_EXCEPT) == (3, b"3")
    assert t.msgrcv(msqid, 8, 5, MSG_EXCEPT | IPC_NOWAIT) == "ENOMSG"
    assert t.msgrcv(msqid, 8, 0, MSG_EXCEPT) == (5, b"0")
    fill()
    assert t.msgrcv(msqid, 8, LOWEST) == (1, b"4")
    assert t.msgrcv(msqid, 8, -HIGHEST) == (3, b"1")
    assert t.msgrcv(msqid, 8, -5, MSG_EXCEPT) == (3, b"3")
    t.msgsnd(msqid, HIGHEST, b"high")
    assert t.msgrcv(msqid, 8, HIGHEST) == (HIGHEST, b"high")
    assert t.msgrcv(msqid, 8) == (5, b"0")
    assert t.msgrcv(msqid, 8, LOWEST) == (9, b"2")


def q4_many_types(m: Machine) -> None:
    """Limits 8.2: the same in a long queue."""
    t = m.spawn()
    msqid = _queue(t)
    for i in range(100):
        t.msgsnd(msqid, 1 + i * 7 % 13, b"%d" % i)
    for mtype in (5, 5, -4, 13, -1, 1, 7, -100, 0, 6, 12, -2):
        t.msgrcv(msqid, 8, mtype)
    for i in range(5):
        t.msgrcv(msqid, 8, 3 + i, MSG_EXCEPT)
        t.msgsnd(msqid, 40 - i, b"late")
    for mtype in (38, -40, 40, -3, 36):
        t.msgrcv(msqid, 8, mtype)
    for mtype in range(1, 14):
        while t.msgrcv(msqid, 8, mtype, IPC_NOWAIT) != "ENOMSG":
            pass
    t.msgctl(msqid, IPC_STAT)


def q4_copies(m: Machine) -> None:
    """Limits 8.2: MSG_COPY takes a place, and leaves the queue as it is."""
    t = m.spawn()
    msqid = _queue(t)
    for i in range(3):
        t.msgsnd(msqid, i + 1, b"x" * (i + 1))
    flags = MSG_COPY | IPC_NOWAIT
    for i in range(3):
        assert t.msgrcv(msqid, 8, i, flags) == (i + 1, b"x" * (i + 1))
    assert t.msgrcv(msqid, 8, 3, flags) == "ENOMSG"
    assert t.msgrcv(msqid, 8, -1, flags) == "ENOMSG"
    assert t.msgrcv(msqid, 2, 2, flags) == "E2BIG"
    assert t.msgrcv(msqid, 2, 2, flags | MSG_NOERROR) == "EINVAL"
    t.msgctl(msqid, IPC_STAT)


# ------------------------------------------------------------------------------------------------ limits
def q2_room(m: Machine) -> None:
    """Limits 8.2: bytes and count are both bounded by qbytes."""
    t = m.spawn()
    msqid = _queue(t)
    assert t.msgsnd(msqid, 1, data(8192)) is None
    assert t.msgsnd(msqid, 1, data(8192, 1)) is None
    assert t.msgsnd(msqid, 1, b"x", IPC_NOWAIT) == "EAGAIN"
    assert t.msgsnd(msqid, 1, b"", IPC_NOWAIT) is None
    assert t.msgrcv(msqid, 8192) == (1, data(8192))
    assert t.msgrcv(msqid, 8192) == (1, data(8192, 1))
    assert t.msgrcv(msqid, 8192) == (1, b"")
    small = _queue(t, 3)
    assert [t.msgsnd(small, 1, b"", IPC_NOWAIT) for _ in range(4)] == [None, None, None, "EAGAIN"]
    assert t.msgsnd(_queue(t, 100), 1, data(101), IPC_NOWAIT) == "EAGAIN"


def q2_sizes(m: Machine) -> None:
    """Q4: messages of all sizes come out as they went in."""
    t = m.spawn()
    msqid = _queue(t)
    for n in (0, 1, 15, 16, 17, 31, 33, 48, 100, 255, 257, 1000, 2048, 2049, 4048, 4049, 4095, 4096, 4097, 8191, 8192):
        t.msgsnd(msqid, n + 1, data(n, n))
        assert t.msgrcv(msqid, 8192) == (n + 1, data(n, n))
    t.msgsnd(msqid, 1, data(8000))
    assert t.msgrcv(msqid, 5000, 0, MSG_NOERROR) == (1, data(8000)[:5000])


# ------------------------------------------------------------------------------------------------ receivers
def q4_hand_over(m: Machine) -> None:
    """Limits 8.2: a message goes straight to the oldest receiver that wants it; the queue never shows it."""
    a, b, c, t = _tasks(m, 4)
    msqid = _queue(t)
    a.submit("msgrcv", msqid, 10, 2)
    b.submit("msgrcv", msqid, 10, 0)
    c.submit("msgrcv", msqid, 10, -3)
    t.msgctl(msqid, IPC_STAT)
    t.msgsnd(msqid, 3, b"three")
    t.msgctl(msqid, IPC_STAT)
    t.msgsnd(msqid, 4, b"four")
    t.msgctl(msqid, IPC_STAT)
    t.msgsnd(msqid, 1, b"one")
    t.msgsnd(msqid, 2, b"two")
    t.msgctl(msqid, IPC_STAT)


def q4_too_small_a_buffer(m: Machine) -> None:
    """Limits 8.2: a receiver whose buffer is too small wakes with E2BIG, and the next one gets the message."""
    a, b, c, t = _tasks(m, 4)
    msqid = _queue(t)
    a.submit("msgrcv", msqid, 2)
    b.submit("msgrcv", msqid, 3, 7, MSG_EXCEPT)
    c.submit("msgrcv", msqid, 2, 0, MSG_NOERROR)
    t.msgsnd(msqid, 1, b"abcde")
    t.msgctl(msqid, IPC_STAT)
    a.submit("msgrcv", msqid, 2)
    t.msgsnd(msqid, 1, b"abcde")
    t.msgctl(msqid, IPC_STAT)


def q4_a_full_queue_and_a_receiver(m: Machine) -> None:
    """Limits 10.4: a send to a full queue fails though a receiver of its type is asleep."""
    a, t = _tasks(m, 2)
    msqid = _queue(t, 4)
    t.msgsnd(msqid, 1, b"full")
    a.submit("msgrcv", msqid, 10, 2)
    assert t.msgsnd(msqid, 2, b"x", IPC_NOWAIT) == "EAGAIN"
    t.msgrcv(msqid, 10, 1)
    assert t.msgsnd(msqid, 2, b"x", IPC_NOWAIT) is None


def q4_a_pointer_that_fails_late(m: Machine) -> None:
    """Limits 8.1: what is handed to a receiver whose pointer is bad is lost."""
    a, t = _tasks(m, 2)
    msqid = _queue(t)
    a.submit("msgrcv_at", msqid, BAD, 10)
    t.msgsnd(msqid, 1, b"gone")
    t.msgctl(msqid, IPC_STAT)


def q4_removal(m: Machine) -> None:
    """Limits 8.1: IPC_RMID wakes receivers, then senders, with EIDRM."""
    a, b, c, d, t = _tasks(m, 5)
    msqid, other = _queue(t, 4), _queue(t)
    t.msgsnd(msqid, 5, b"full")
    a.submit("msgsnd", msqid, 1, b"a")
    b.submit("msgrcv", msqid, 10, 2)
    c.submit("msgsnd", msqid, 1, b"c")
    d.submit("msgrcv", msqid, 10, 3)
    t.msgctl(msqid, IPC_RMID)
    assert t.msgrcv(msqid, 1) == "EINVAL"
    t.msgctl(other, MSG_INFO)


def q4_lost_rights(m: Machine) -> None:
    """Limits 10.4: IPC_SET lets sleepers look again."""
    m.ordered = True
    t, a, b = m.spawn(), m.spawn(uid=1000), m.spawn(uid=1001)
    msqid = _queue(t, 4, 0o666)
    t.msgsnd(msqid, 9, b"full")
    a.submit("msgrcv", msqid, 10, 1)
    b.submit("msgsnd", msqid, 1, b"xx")
    t.msgctl(msqid, IPC_SET, (0, 0, 0o666, 4))
    t.msgctl(msqid, IPC_SET, (0, 0, 0o662, 4))
    t.msgctl(msqid, IPC_SET, (0, 0, 0o600, 6))
    t.msgctl(msqid, IPC_STAT)


# ------------------------------------------------------------------------------------------------ senders
def q4_no_queueing_at_the_door(m: Machine) -> None:
    """Limits 8.3.1: a new sender whose message fits goes in although older, larger ones sleep."""
    a, b, t = _tasks(m, 3)
    msqid = _queue(t, 10)
    t.msgsnd(msqid, 1, b"12345678")
    a.submit("msgsnd", msqid, 2, b"abc")
    assert b.msgsnd(msqid, 3, b"ab") is None
    t.msgrcv(msqid, 10)
    t.msgctl(msqid, IPC_STAT)


def q4_senders_compete(m: Machine) -> None:
    """Limits 8.3: a receive wakes all who fit alone, oldest first; who does not fit goes to the tail."""
    a, b, c, d, t = _tasks(m, 5)
    msqid = _queue(t)
    t.msgsnd(msqid, 1, data(8192))
    t.msgsnd(msqid, 1, data(8192))
    for i, (s, n) in enumerate(((a, 8000), (b, 10), (c, 8000), (d, 20))):
        s.submit("msgsnd", msqid, 2 + i, data(n))
    t.msgrcv(msqid, 8192)
    t.msgctl(msqid, IPC_STAT)
    for _ in range(3):
        t.msgrcv(msqid, 8192)
    t.msgctl(msqid, IPC_STAT)


def q4_the_tail(m: Machine) -> None:
    """Limits 8.3.2: those that do not fit change places."""
    *senders, t = _tasks(m, 6)
    msqid = _queue(t, 10)
    for _ in range(5):
        t.msgsnd(msqid, 1, b"12")
    for s, n in zip(senders, (4, 2, 6, 2, 3), strict=True):
        s.submit("msgsnd", msqid, n, b"x" * n)
    for _ in range(10):
        t.msgrcv(msqid, 10, 0, IPC_NOWAIT)
    t.msgctl(msqid, IPC_STAT)


def q2_more_room(m: Machine) -> None:
    """Limits 8.2: a larger qbytes wakes the senders that fit now."""
    a, b, c, t = _tasks(m, 4)
    msqid = _queue(t, 4)
    t.msgsnd(msqid, 1, b"full")
    a.submit("msgsnd", msqid, 2, data(20))
    b.submit("msgsnd", msqid, 3, data(5))
    c.submit("msgsnd", msqid, 4, data(3))
    t.msgctl(msqid, IPC_SET, (0, 0, 0o600, 12))
    t.msgctl(msqid, IPC_SET, (0, 0, 0o600, 3))
    for _ in range(4):
        t.msgrcv(msqid, 100, 0, IPC_NOWAIT)


def q4_death_of_sleepers(m: Machine) -> None:
    """Q4: threads that are ended in their sleep leave the queues."""
    a, b, t = _tasks(m, 3)
    msqid = _queue(t, 4)
    receiver, sender = a.thread(), a.thread()
    receiver.submit("msgrcv", msqid, 10, 7)
    t.msgsnd(msqid, 1, b"full")
    sender.submit("msgsnd", msqid, 7, b"x")
    b.submit("msgsnd", msqid, 8, b"yy")
    assert a.exit_group(0) == DIED
    t.msgrcv(msqid, 10)
    assert t.msgrcv(msqid, 10, 7, IPC_NOWAIT) == "ENOMSG"
    t.msgctl(msqid, IPC_STAT)


def q4_namespaces(m: Machine) -> None:
    """I1: queues of another namespace are not found."""
    a, t = m.spawn(), m.spawn()
    msqid = _queue(t)
    a.unshare(CLONE_NEWIPC)
    assert a.msgsnd(msqid, 1, b"x") == "EINVAL"
    assert _queue(a) == 0
    a.msgsnd(0, 3, b"here")
    a.msgctl(0, MSG_INFO)
    t.msgctl(0, MSG_INFO)
