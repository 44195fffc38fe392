"""Message queues as the library shows them: arguments, records, both verbs, pages, failures; and a model of them."""

import random

import numpy as np
import pytest

import fastipc
from fastipc import (
    IPC_CREAT,
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
    Kernel,
    UserBuffer,
)


def queue(t, qbytes=None, mode=0o600):
    msqid = t.msgget(IPC_PRIVATE, mode)
    if qbytes is not None:
        t.msgctl(msqid, IPC_SET, (0, 0, mode, qbytes))
    return msqid


# ------------------------------------------------------------------------------------------------ arguments
def test_both_verbs(k):
    t = k.spawn()
    q = queue(t)
    assert t.msgsnd(q, 5, b"hello") is None
    assert t.msgrcv(q, 100) == (5, b"hello")
    assert t.sys_msgsnd(q, 6, np.arange(4, dtype=np.int32)) == 0
    room = bytearray(100)
    assert t.msgrcv_into(q, room) == (6, 16)
    assert room[:16] == np.arange(4, dtype=np.int32).tobytes()
    t.msgsnd(q, 7, bytearray(b"abc"))
    assert t.sys_msgrcv(q, room) == 3
    assert room[:11] == (7).to_bytes(8, "little") + b"abc"
    t.msgsnd(q, 8, b"xyz")
    assert t.sys_msgrcv_into(q, room, 8) == 3
    assert room[:3] == b"xyz"
    assert t.sys_msgrcv_into(q, room, 0, IPC_NOWAIT) == -fastipc.ENOMSG
    assert t.errno == fastipc.ENOMSG
    with pytest.raises(OSError, match="42"):
        t.msgrcv(q, 10, 0, IPC_NOWAIT)
    with pytest.raises(TypeError):
        t.msgsnd(q, 1, "text")
    with pytest.raises(TypeError):
        t.msgrcv_into(q, b"fixed")
    with pytest.raises(ValueError):
        t.sys_msgrcv(q, bytearray(7))


def test_numbers_out_of_range_get_an_errno(k):
    t = k.spawn()
    q = queue(t)
    assert t.sys_msgsnd(1 << 40, 1, b"") == -fastipc.EINVAL
    assert t.sys_msgsnd(q, 1 << 63, b"") == -fastipc.EINVAL
    assert t.sys_msgctl(q, 1 << 40) == -fastipc.EINVAL
    with pytest.raises(OSError, match="22"):
        t.msgrcv(q, -1)


def test_messages_of_sleepers(k):
    a, b, c, d = (k.spawn() for _ in range(4))
    q = queue(a)
    room, msgp = bytearray(10), bytearray(18)
    calls = [
        b.submit("msgrcv", q, 10, 1),
        c.submit("msgrcv_into", q, room, 2),
        d.submit("sys_msgrcv", q, msgp, 3),
    ]
    k.run(until=k.now)
    assert b.waiting == ("msgrcv", f"a message of type 1 in queue {q}")
    for mtype in (3, 2, 1):
        a.msgsnd(q, mtype, b"to %d" % mtype)
    k.run(until=k.now)
    assert [call.result() for call in calls] == [(1, b"to 1"), (2, 4), 4]
    assert (bytes(room[:4]), bytes(msgp[8:12]), msgp[0]) == (b"to 2", b"to 3", 3)
    k.verify()


def test_a_sleeping_sender_tells_what_it_waits_for(k):
    a, b = k.spawn(), k.spawn()
    q = queue(a, 4)
    a.msgsnd(q, 1, b"full")
    call = b.submit("msgsnd", q, 2, b"more")
    k.run(until=k.now)
    assert b.waiting == ("msgsnd", f"room for 4 bytes in queue {q}")
    assert a.msgrcv(q, 10) == (1, b"full")
    assert call.result() is None
    assert a.msgrcv(q, 10) == (2, b"more")
    call = b.submit("msgrcv", q, 4)
    assert call.cancel()
    a.msgsnd(q, 9, b"kept")
    assert a.msgrcv(q, 10) == (9, b"kept")


def test_messages_in_the_tasks_memory(k):
    t = k.spawn()
    q = queue(t)
    at = t.mmap(16384, fastipc.PROT_READ | fastipc.PROT_WRITE, fastipc.MAP_PRIVATE | fastipc.MAP_ANONYMOUS)
    text = bytes(range(256)) * 20
    t.store(at, text)
    t.msgsnd(q, 4, UserBuffer(at, 5000))
    assert t.msgrcv_into(q, UserBuffer(at + 8192, 5000)) == (4, 5000)
    assert t.load(at + 8192, 5000) == text[:5000]
    assert t.sys_msgsnd(q, 4, UserBuffer(at + 16380, 100)) == -fastipc.EFAULT
    t.store(at, (9).to_bytes(8, "little") + b"raw")
    assert t.syscall("msgsnd", q, at, 3, 0) == 0
    assert t.syscall("msgrcv", q, at + 100, 50, 0, 0) == 3
    assert t.load(at + 100, 11) == (9).to_bytes(8, "little") + b"raw"
    t.msgsnd(q, 1, b"lost")
    assert t.sys_msgrcv(q, UserBuffer(5, 20)) == -fastipc.EFAULT
    assert t.msgctl(q, IPC_STAT).msg_qnum == 0


def test_records_and_commands(k):
    t = k.spawn()
    q = t.msgget(5, IPC_CREAT | 0o640)
    t.msgsnd(q, 1, b"abc")
    ds = t.msgctl(q, IPC_STAT)
    assert (ds.msg_cbytes, ds.msg_qnum, ds.msg_qbytes, ds.msg_lspid, ds.msg_rtime) == (3, 1, 16384, t.pid, 0)
    assert t.msgctl(0, MSG_STAT) == (q, ds)
    assert t.msgctl(0, MSG_STAT_ANY) == (q, ds)
    assert t.msgctl(0, IPC_INFO).msgmax == 8192
    info = t.msgctl(0, MSG_INFO)
    assert (info.msgpool, info.msgmap, info.msgtql) == (1, 1, 3)
    assert t.msgctl(q, IPC_SET, (7, 8, 0o600, 100)) is None
    ds = t.msgctl(q, IPC_STAT)
    assert (ds.msg_perm.uid, ds.msg_qbytes) == (7, 100)
    t.msgctl(q, IPC_SET, ds)
    assert eval(repr(ds), vars(fastipc)) == ds
    row, out = np.zeros(1, fastipc.MSQID_DS), np.zeros(1, fastipc.MSGINFO)
    assert t.sys_msgctl(q, IPC_STAT, row) == 0
    assert row["msg_qbytes"] == 100
    row["msg_qbytes"] = 200
    assert t.sys_msgctl(q, IPC_SET, row) == 0
    assert t.sys_msgctl(0, MSG_INFO, out) == 0
    assert out["msgtql"] == 3
    assert t.sys_msgctl(q, IPC_STAT) == -fastipc.EFAULT
    with pytest.raises(OSError, match="14"):
        t.msgctl(q, IPC_SET)
    t.msgctl(q, IPC_RMID)


def test_proc_shows_queues(k):
    t = k.spawn()
    q = t.msgget(7, IPC_CREAT | 0o600)
    t.msgsnd(q, 1, b"abc")
    head, line = k.read_proc("/proc/sysvipc/msg").splitlines()
    assert head.split() == "key msqid perms cbytes qnum lspid lrpid uid gid cuid cgid stime rtime ctime".split()
    assert line.split()[:7] == ["7", str(q), "600", "3", "1", str(t.pid), "0"]


@pytest.mark.parametrize("size", [1, 479, 480, 1024, 4096, 8192])
def test_a_text_stays_what_it_is_as_long_as_somebody_has_it(k, size):
    t = k.spawn()
    q = queue(t)
    kept, views, hashes = [], [], []
    for i in range(60):
        sent = bytes([i]) * (size - (i % 3) // 2)
        t.msgsnd(q, 1, sent)
        text = t.msgrcv(q, size)[1]
        assert text == sent
        assert hash(text) == hash(sent)
        if i % 5 == 0:
            kept.append((text, sent))
        elif i % 5 == 1:
            views.append((memoryview(text), sent))
        elif i % 5 == 2:
            hashes.append((hash(text), sent))  # it is dropped
    assert all(text == sent for text, sent in kept)
    assert all(bytes(view) == sent for view, sent in views)
    assert all(number == hash(sent) for number, sent in hashes)


@pytest.mark.parametrize("before", [False, True])
@pytest.mark.parametrize("mtype", [0, -5])
def test_bytes_that_were_read_are_no_text(k, before, mtype):
    def writer(t, w):
        t.nanosleep(0.001)
        t.write(w, b"read")

    t, handled = k.spawn(), []
    q = queue(t)
    r, w = t.pipe()
    t.sigaction(fastipc.SIGUSR1, lambda t, signo, info: handled.append(signo))
    t.fork(writer, w)
    assert t.read(r, 100) == b"read"  # it has slept
    if before:
        t.msgsnd(q, 3, b"text")
    k.spawn().kill(t.pid, fastipc.SIGUSR1)
    if not before:
        t.msgsnd(q, 3, b"text")
    assert t.msgrcv(q, 100, mtype) == (3, b"text")
    assert handled == [fastipc.SIGUSR1]


def test_small_messages_share_pages(k):
    t = k.spawn()
    q = queue(t)
    before = k.counters["pages_alloc"] - k.counters["pages_free"]
    for _ in range(256):
        t.msgsnd(q, 1, b"x" * 16)
    assert k.counters["pages_alloc"] - k.counters["pages_free"] == before + 1
    t.msgsnd(q, 1, b"x" * 8192)
    assert k.counters["pages_alloc"] - k.counters["pages_free"] == before + 3
    k.verify()
    for _ in range(257):
        t.msgrcv(q, 8192)
    assert k.counters["pages_alloc"] - k.counters["pages_free"] == before


def test_out_of_pages():
    k = Kernel(memory=64 * 4096)
    t = k.spawn()
    q = queue(t, 1 << 20)
    sent = 0
    while (ret := t.sys_msgsnd(q, 1, b"x" * 8000, IPC_NOWAIT)) == 0:
        sent += 1
    assert ret == -fastipc.ENOMEM
    assert sent > 20
    k.verify()
    assert t.sys_msgsnd(99, 1, b"x" * 8000) == -fastipc.ENOMEM
    for _ in range(sent):
        assert t.msgrcv(q, 8000) == (1, b"x" * 8000)
    k.close()


def test_failing_allocations_leave_nothing(k, picture):
    t = k.spawn()
    q = queue(t, 1 << 20)
    for i in range(40):
        t.msgsnd(q, i + 1, b"x")
    for kind in ("row", "page"):
        for size in (10, 5000):
            for nth in range(1, 6):
                before = picture(k)
                k.inject(kind, nth)
                ret = t.sys_msgsnd(q, 1, b"y" * size)
                k.inject(kind, 0)
                k.verify()
                if ret == 0:
                    break
                assert ret == -fastipc.ENOMEM
                now = picture(k)
                assert {n for n in before if before[n] != now[n]} <= {"task", "page"}
    k.inject("row", 1)
    assert t.msgrcv(q, 10, 30) == (30, b"x")  # without room for an index the queue is looked through
    k.inject("row", 0)
    assert t.msgrcv(q, 10, 31) == (31, b"x")
    k.inject("row", 1)
    t.sys_msgsnd(q, 1 << 50, b"far")
    k.inject("row", 2)
    t.msgsnd(q, 1 << 50, b"far")
    k.inject("row", 0)
    k.verify()
    assert t.msgrcv(q, 10, 1 << 50) == (1 << 50, b"far")


def test_a_hook_is_asked(k):
    seen = []
    t = k.spawn()
    q = t.msgget(5, IPC_CREAT | 0o600)
    k.hooks["ipc_associate"] = lambda task, kind, id, flg: seen.append((kind, id, flg))
    assert t.msgget(5, 0o600) == q
    assert seen == [("msg", q, 0o600)]


def test_one_queue_between_programs(k):
    def producer(t, q, n):
        for i in range(n):
            yield t.msgsnd(q, 1 + i % 3, b"%d" % i)

    def consumer(t, q, mtype, n):
        got = []
        for _ in range(n):
            message = yield t.msgrcv(q, 100, mtype)
            got.append(int(message[1]))
        return got

    t = k.spawn()
    q = queue(t, 10)
    k.spawn(producer, q, 30)
    tasks = [k.spawn(consumer, q, mtype, 10) for mtype in (3, 1, 2)]
    k.run()
    assert [task.result for task in tasks] == [list(range(2, 30, 3)), list(range(0, 30, 3)), list(range(1, 30, 3))]


# ------------------------------------------------------------------------------------------------ a model
class Model:
    """One queue, slow and obvious."""

    def __init__(self, qbytes):
        self.qbytes = qbytes
        self.messages, self.receivers, self.senders = [], [], []
        self.log = []

    def fits(self, data):
        return sum(len(d) for _, d in self.messages) + len(data) <= self.qbytes and len(self.messages) < self.qbytes

    @staticmethod
    def wanted(mtype, want, flags):
        if want == 0:
            return True
        if want < 0:
            return mtype <= -want
        return mtype != want if flags & MSG_EXCEPT else mtype == want

    def find(self, want, flags):
        fitting = [m for m in self.messages if self.wanted(m[0], want, flags)]
        if want < 0 and fitting:
            lowest = min(m[0] for m in fitting)
            return next(m for m in fitting if m[0] == lowest)
        return fitting[0] if fitting else None

    def send(self, who, mtype, data, flags):
        if not self.fits(data):
            if flags & IPC_NOWAIT:
                return -fastipc.EAGAIN
            self.senders.append((who, mtype, data, flags))
            return None
        for receiver in list(self.receivers):
            other, size, want, rflags = receiver
            if self.wanted(mtype, want, rflags):
                self.receivers.remove(receiver)
                if len(data) > size and not rflags & MSG_NOERROR:
                    self.log.append((other, -fastipc.E2BIG))
                    continue
                self.log.append((other, (mtype, data[:size])))
                return 0
        self.messages.append((mtype, data))
        return 0

    def receive(self, who, size, want, flags):
        if flags & MSG_COPY:
            return self.copy(size, want, flags)
        message = self.find(want, flags)
        if message is None:
            if flags & IPC_NOWAIT:
                return -fastipc.ENOMSG
            self.receivers.append((who, size, want, flags))
            return None
        if len(message[1]) > size and not flags & MSG_NOERROR:
            return -fastipc.E2BIG
        del self.messages[next(i for i, m in enumerate(self.messages) if m is message)]
        self.wake_senders()
        return message[0], message[1][:size]

    def copy(self, size, index, flags):
        if not 0 <= index < len(self.messages):
            return -fastipc.ENOMSG
        mtype, data = self.messages[index]
        if len(data) > size:
            return -fastipc.EINVAL if flags & MSG_NOERROR else -fastipc.E2BIG
        return mtype, data

    def wake_senders(self):
        # All that fit alone are woken, the others go to the tail; then the woken ones try again in order.
        woken = [s for s in self.senders if self.fits(s[2])]
        if woken and self.senders[0] not in woken or len(woken) < len(self.senders):
            self.senders = woken + [s for s in self.senders if s not in woken]
        for sender in woken:
            self.senders.remove(sender)
            ret = self.send(*sender)
            if ret is not None:
                self.log.append((sender[0], ret))


def drive(k, seed, steps):
    rng = random.Random(seed)
    root = k.spawn()
    model = Model(rng.choice((5, 30, 300)))
    q = queue(root, model.qbytes)
    types = rng.choice((2, 5, 40))
    tasks, calls = [k.spawn() for _ in range(8)], {}
    for _ in range(steps):
        idle = [t for t in tasks if t not in calls]
        t = rng.choice(idle) if idle else root
        model.log.clear()
        flags = IPC_NOWAIT if t is root or rng.random() < 0.3 else 0
        if rng.random() < 0.55:
            message = rng.randrange(1, types + 1), bytes(rng.randrange(256) for _ in range(rng.choice((0, 1, 2, 3, 9))))
            want = model.send(t, *message, flags)
            call = t.submit("sys_msgsnd", q, *message, flags)
        else:
            size, mtype = rng.choice((100, 100, 2, 0)), rng.choice((0, 1, 2, -2, -types, types))
            flags |= MSG_NOERROR * (rng.random() < 0.3) | MSG_EXCEPT * (rng.random() < 0.2)
            if rng.random() < 0.05:
                flags, mtype = (flags & ~MSG_EXCEPT) | MSG_COPY | IPC_NOWAIT, rng.randrange(5)
            want = model.receive(t, size, mtype, flags)
            call = t.submit("msgrcv", q, size, mtype, flags)
        if want is None:
            calls[t] = call
        else:
            assert outcome(call) == want
        k.run(until=k.now)
        woken = dict(model.log)
        assert {t for t, call in calls.items() if call.done()} == set(woken)
        for t in woken:
            assert outcome(calls.pop(t)) == woken[t]
        ds = root.msgctl(q, IPC_STAT)
        assert (ds.msg_qnum, ds.msg_cbytes) == (len(model.messages), sum(len(d) for _, d in model.messages))
    k.verify()
    for call in calls.values():
        call.cancel()
    root.msgctl(q, IPC_RMID)
    k.verify()


def outcome(call):
    error = call.exception()
    return -error.errno if error is not None else call.result()


@pytest.mark.parametrize("seed", range(12))
def test_the_model_agrees(k, seed):
    for i in range(5):
        drive(k, seed * 100 + i, 150)


# ------------------------------------------------------------------------------------------------ handlers
@pytest.mark.parametrize("form", ["msgrcv", "msgrcv_into", "sys_msgrcv"])
def test_a_handler_that_receives_leaves_the_message_of_the_call_alone(k, form):
    a, b = k.spawn(), k.spawn()
    q, other = queue(a), queue(a)
    b.msgsnd(other, 9, b"nine")
    got = []
    a.sigaction(fastipc.SIGUSR1, lambda t, signo, info: got.append(t.msgrcv(other, 100, 0, IPC_NOWAIT)))
    buf = bytearray(16)
    call = a.submit(form, q, 100 if form == "msgrcv" else buf)
    k.run()
    b.msgsnd(q, 5, b"five")
    b.kill(a, fastipc.SIGUSR1)
    k.run()
    expected = {"msgrcv": (5, b"five"), "msgrcv_into": (5, 4), "sys_msgrcv": 4}
    assert (call.result(), got) == (expected[form], [(9, b"nine")])
    assert form == "msgrcv" or b"five" in buf
    k.verify()


def test_so_in_programs(k, kind):
    b = k.spawn()
    q, other = queue(b), queue(b)
    got = []

    def handler(t, signo, info):
        got.append(t.msgrcv(other, 100))

    def program(t):
        yield t.sigaction(fastipc.SIGUSR1, handler)
        return (yield t.msgrcv(q, 100))

    p = k.spawn(kind(program))
    k.run(deadlock="return")
    b.msgsnd(q, 1, b"one")
    b.kill(p, fastipc.SIGUSR1)
    k.run(deadlock="return")
    b.msgsnd(other, 7, b"late")
    k.run()
    assert (p.result, got) == ((1, b"one"), [(7, b"late")])
