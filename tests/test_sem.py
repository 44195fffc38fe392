"""Semaphores as the library shows them: arguments, records, both verbs, reports, failures; and a model of them."""

import random

import numpy as np
import pytest

import fastipc
from fastipc import (
    GETALL,
    GETNCNT,
    GETPID,
    GETVAL,
    GETZCNT,
    IPC_CREAT,
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
    SETALL,
    SETVAL,
    Deadlock,
    UserBuffer,
)


def values(t, semid):
    return t.semctl(semid, 0, GETALL)


# ------------------------------------------------------------------------------------------------ arguments
def test_operations_in_every_form(k):
    t = k.spawn()
    s = t.semget(IPC_PRIVATE, 3, 0o600)
    assert t.semop(s, [(0, 1), (1, 2)]) is None
    t.semop(s, ((0, 1), [1, 1, 0]))
    t.semop(s, iter([(2, 5)]))
    t.semop(s, fastipc.sops((0, 1), (2, -1, IPC_NOWAIT)))
    t.semop(s, np.array([[1, 1, 0]], np.int16))
    t.semop(s, fastipc.sops([(1, 1)]).tobytes())
    assert values(t, s) == [3, 5, 4]
    assert t.sys_semop(s, [(0, -3)]) == 0
    assert t.sys_semop(s, [(0, -1, IPC_NOWAIT)]) == -fastipc.EAGAIN
    assert t.errno == fastipc.EAGAIN
    t.semop(s, [(i % 3, 1) for i in range(300)])
    assert values(t, s) == [100, 105, 104]


@pytest.mark.parametrize("sops", [5, "ab", [5], [(1,)], [(1, 2, 3, 4)], b"12345", [("a", 1)], [(0, 1.5)], None])
def test_what_cannot_be_operations(k, sops):
    t = k.spawn()
    s = t.semget(IPC_PRIVATE, 1, 0o600)
    with pytest.raises((TypeError, ValueError)):
        t.semop(s, sops)
    assert values(t, s) == [0]


def test_numbers_out_of_range_get_an_errno(k):
    t = k.spawn()
    s = t.semget(IPC_PRIVATE, 1, 0o600)
    assert t.sys_semop(s, [(-1, 1)]) == -fastipc.EFBIG
    assert t.sys_semop(s, [(1 << 20, 1)]) == -fastipc.EFBIG
    assert t.sys_semop(s, [(0, 40000)]) == -fastipc.ERANGE
    assert t.sys_semop(1 << 40, [(0, 1)]) == -fastipc.EINVAL
    assert t.sys_semget(IPC_PRIVATE, 1 << 40, 0) == -fastipc.EINVAL
    assert t.sys_semctl(s, 1 << 40, SETVAL, 1) == -fastipc.EINVAL
    assert t.sys_semctl(s, 0, SETVAL, 1 << 33) == -fastipc.ERANGE
    assert t.sys_semctl(s, 0, SETALL, [1 << 33]) == -fastipc.ERANGE
    assert t.sys_semctl(s, 0, 1 << 33) == -fastipc.EINVAL


def test_sops_are_checked():
    rows = fastipc.sops((0, 1), (1, -1, SEM_UNDO))
    assert rows.dtype == fastipc.SEMBUF
    assert rows.dtype.itemsize == 6
    assert rows["sem_flg"].tolist() == [0, SEM_UNDO]
    assert len(fastipc.sops()) == 0
    for bad in ((0,), (0, 40000), (-1, 1), "ab"):
        with pytest.raises((TypeError, ValueError)):
            fastipc.sops(bad, (0, 1))


def test_operations_in_the_tasks_memory(k):
    t = k.spawn()
    s = t.semget(IPC_PRIVATE, 1, 0o600)
    at = t.mmap(4096, fastipc.PROT_READ | fastipc.PROT_WRITE, fastipc.MAP_PRIVATE | fastipc.MAP_ANONYMOUS)
    t.store(at, fastipc.sops((0, 1)).tobytes())
    assert t.semop(s, UserBuffer(at, 6)) is None
    assert t.sys_semtimedop(s, UserBuffer(at, 6), 1) == 0
    assert t.sys_semop(s, UserBuffer(1, 6)) == -fastipc.EFAULT
    assert t.syscall("semop", s, at, 1) == 0
    assert t.syscall("semctl", s, 0, GETVAL) == 3


def test_commands_and_records(k):
    t = k.spawn(uid=0)
    s = t.semget(5, 2, IPC_CREAT | 0o640)
    ds = t.semctl(s, 0, IPC_STAT)
    assert (ds.sem_nsems, ds.sem_otime, ds.sem_ctime) == (2, 0, 1_000_000_000)
    assert (ds.sem_perm.key, ds.sem_perm.mode) == (5, 0o640)
    t.semop(s, [(1, 1)])
    assert t.semctl(s, 0, IPC_STAT).sem_otime == 1_000_000_000
    assert t.semctl(s, 1, GETPID) == t.pid
    assert t.semctl(0, 0, SEM_STAT) == (s, t.semctl(s, 0, IPC_STAT))
    assert t.semctl(0, 0, SEM_STAT_ANY)[0] == s
    assert t.semctl(0, 0, IPC_INFO).semmsl == 32000
    assert t.semctl(0, 0, SEM_INFO).semaem == 2
    assert t.semctl(s, 0, IPC_SET, (7, 8, 0o600)) is None
    ds = t.semctl(s, 0, IPC_STAT)
    assert (ds.sem_perm.uid, ds.sem_perm.gid, ds.sem_perm.mode) == (7, 8, 0o600)
    t.semctl(s, 0, IPC_SET, ds)
    assert eval(repr(ds), vars(fastipc)) == ds
    assert dict(zip(ds._asdict(), ds, strict=True)) == ds._asdict()
    with pytest.raises(OSError, match="14"):
        t.semctl(s, 0, IPC_SET)
    t.semctl(s, 0, SETALL, [3, 4])
    t.semctl(s, 1, SETVAL, 9)
    assert values(t, s) == [3, 9]
    assert t.semctl(s, 0, IPC_RMID) is None
    with pytest.raises(OSError, match="22"):
        t.semctl(s, 0, GETVAL)


def test_commands_into_buffers(k):
    t = k.spawn()
    t.semget(IPC_PRIVATE, 1, 0o600)
    s = t.semget(IPC_PRIVATE, 2, 0o600)
    row, info, all_values = np.zeros(1, fastipc.SEMID_DS), np.zeros(1, fastipc.SEMINFO), np.zeros(2, np.uint16)
    assert t.sys_semctl(s, 0, SETALL, np.array([5, 6], np.uint16)) == 0
    assert t.sys_semctl(s, 0, GETALL, all_values) == 0
    assert all_values.tolist() == [5, 6]
    assert t.sys_semctl(s, 0, GETALL, np.zeros(1, np.uint16)) == -fastipc.EFAULT
    assert t.sys_semctl(s, 0, GETALL) == -fastipc.EFAULT
    assert t.sys_semctl(s, 0, IPC_STAT, row) == 0
    assert row["sem_nsems"] == 2
    assert t.sys_semctl(1, 0, SEM_STAT, row) == s
    assert t.sys_semctl(0, 0, SEM_INFO, info) == 1
    assert info["semaem"] == 3
    row["sem_perm"]["mode"] = 0o644
    assert t.sys_semctl(s, 0, IPC_SET, row) == 0
    assert t.semctl(s, 0, IPC_STAT).sem_perm.mode == 0o644
    with pytest.raises(ValueError):
        t.sys_semctl(s, 0, IPC_STAT, bytearray(8))


# ------------------------------------------------------------------------------------------------ sleeping
def test_a_sleeper_tells_what_it_waits_for(k):
    a, b = k.spawn(), k.spawn()
    s = a.semget(IPC_PRIVATE, 2, 0o600)
    a.semop(s, [(0, 1)])
    call = b.submit("semop", s, [(0, -1), (1, -2)])
    k.run(until=k.now)
    assert b.waiting == ("semop", f"semaphore 1 of set {s} to be at least 2")
    a.submit("semop", s, [(0, 0)])
    assert a.waiting == ("semop", f"semaphore 0 of set {s} to be 0")
    assert call.cancel()
    assert k.spawn().semctl(s, 1, GETNCNT) == 0


def test_a_deadlock_is_explained(k):
    def locker(t, s, first, second):
        t.semop(s, [(first, -1)])
        t.sched_yield()
        t.semop(s, [(second, -1)])

    t = k.spawn()
    s = t.semget(IPC_PRIVATE, 2, 0o600)
    t.semctl(s, 0, SETALL, [1, 1])
    for pair in ((0, 1), (1, 0)):
        k.spawn(locker, s, *pair)
    with pytest.raises(Deadlock) as caught:
        k.run()
    assert f"semaphore 1 of set {s} to be at least 1" in str(caught.value)
    assert {b.call for b in caught.value.report.blocked} == {"semop"}
    with pytest.raises(Deadlock):
        t.semop(s, [(0, -1)])
    assert t.semctl(s, 0, GETNCNT) == 1


def test_generators_and_timeouts(k):
    def waiter(t, s):
        try:
            yield t.semtimedop(s, [(0, -1)], 0.25)
        except OSError as e:
            return e.errno, t.kernel.now_ns

    t = k.spawn()
    s = t.semget(IPC_PRIVATE, 1, 0o600)
    task = k.spawn(waiter, s)
    k.run()
    assert task.result == (fastipc.EAGAIN, 250_000_000)
    with pytest.raises(OSError, match="22"):
        t.semtimedop(s, [(0, 1)], -1e-9)


def test_a_thousand_sleepers_and_the_removal(k):
    t = k.spawn()
    s = t.semget(IPC_PRIVATE, 1000, 0o600)
    sleepers = [k.spawn() for _ in range(1000)]
    calls = [w.submit("sys_semop", s, [(i, -1), ((i + 1) % 1000, 0)]) for i, w in enumerate(sleepers)]
    k.run(until=k.now)
    t.semop(s, [(500, 1)])
    k.run(until=k.now)
    assert [i for i, call in enumerate(calls) if call.done()] == [500]
    k.verify()
    t.semctl(s, 0, IPC_RMID)
    k.run()
    assert [call.result() for call in calls] == [0 if i == 500 else -fastipc.EIDRM for i in range(1000)]


def test_failing_allocations_leave_nothing(k, picture):
    t, w = k.spawn(), k.spawn()
    s = t.semget(IPC_PRIVATE, 5, 0o600)
    t.semctl(s, 0, GETVAL)
    attempts = [
        lambda: t.sys_semget(9, 3, IPC_CREAT),
        lambda: t.sys_semop(s, [(0, 1, SEM_UNDO)]),
        lambda: w.sys_semtimedop(s, [(0, -1), (1, -1)], 0),
    ]
    for attempt in attempts:
        for nth in range(1, 12):
            before = picture(k)
            k.inject("row", nth)
            ret = attempt()
            k.inject("row", 0)
            k.verify()
            if ret != -fastipc.ENOMEM:
                break
            now = picture(k)
            kept = {"task", "sysv", "sem_undo_list", "ipc_ids", "sem_array"}
            assert {n for n in before if before[n] != now[n]} <= kept
        else:
            pytest.fail("it never succeeds")
    assert values(t, s) == [1, 0, 0, 0, 0]


def test_a_hook_is_asked(k):
    seen = []
    k.hooks["ipc_associate"] = lambda task, kind, id, flg: seen.append((kind, id, flg))
    t = k.spawn()
    s = t.semget(5, 1, IPC_CREAT | 0o600)
    assert seen == []
    assert t.semget(5, 1, 0o600) == s
    assert seen == [("sem", s, 0o600)]
    k.hooks["ipc_associate"] = lambda *args: fastipc.EACCES
    assert t.sys_semget(5, 1, 0o600) == -fastipc.EACCES


def test_limits(k):
    k.limits.sem = (10, 12, 5, 4)
    t = k.spawn()
    assert t.sys_semget(IPC_PRIVATE, 11, 0) == -fastipc.EINVAL
    assert t.sys_semget(IPC_PRIVATE, 10, 0o600) == 0
    assert t.sys_semget(IPC_PRIVATE, 2, 0) == 1
    assert t.sys_semget(IPC_PRIVATE, 1, 0) == -fastipc.ENOSPC
    assert t.sys_semop(0, [(0, 0)] * 6) == -fastipc.E2BIG
    assert t.sys_semop(0, [(0, 0)] * 5) == 0


def test_the_profile_of_old(make_kernel):
    k = make_kernel(profile="4.18")
    t = k.spawn()
    s = t.semget(IPC_PRIVATE, 1, 0o600)
    assert t.sys_semctl(0, 0, SEM_STAT_ANY) == -fastipc.EINVAL
    t.nanosleep(0.001)
    assert t.sys_semtimedop(s, [(0, -1)], 0.005) == -fastipc.EAGAIN
    assert k.now_ns == 8_000_000


def test_proc_shows_sets(k):
    t = k.spawn()
    s = t.semget(7, 3, IPC_CREAT | 0o640)
    head, line = k.read_proc("/proc/sysvipc/sem").splitlines()
    assert head.split() == "key semid perms nsems uid gid cuid cgid otime ctime".split()
    assert line.split() == ["7", str(s), "640", "3", "0", "0", "0", "0", "0", "1000000000"]


def test_the_trace(k):
    lines = []
    k.trace(lines.append)
    t = k.spawn()
    s = t.semget(7, 3, IPC_CREAT | 0o640)
    t.semop(s, [(0, 1)])
    t.semctl(s, 0, GETVAL)
    assert [line.split(" ", 2)[2] for line in lines] == [
        "semget(0x7, 3, 01640) = 0",
        "semop(0, 1) = 0",
        "semctl(0, 0, 12) = 1",
    ]


def test_the_mode_of_locking_can_be_seen(k):
    t, w = k.spawn(), k.spawn()
    s = t.semget(IPC_PRIVATE, 2, 0o600)

    def mode():
        return int(k.table("sem_array", live=True)["use_global_lock"][0])

    assert mode() == 9
    for left in range(8, -1, -1):
        t.semop(s, [(0, 1)])
        assert mode() == left
    t.semop(s, [(0, 1)])
    assert mode() == 0
    t.semop(s, [(0, 1), (1, 1)])
    assert mode() == 9
    w.submit("semop", s, [(0, -100), (1, -1)])
    assert mode() == 10
    t.semop(s, [(0, 1)])
    assert mode() == 10


# ------------------------------------------------------------------------------------------------ a model
class Model:
    """One set of semaphores, slow and obvious: a list of sleepers, looked through from its start after every change."""

    def __init__(self, n):
        self.values = [0] * n
        self.pids = [0] * n
        self.adj = {}  # of a process, by number
        self.simple = [[] for _ in range(n)]
        self.zero = [[] for _ in range(n)]
        self.complex = []
        self.complex_zero = []
        self.log = []

    def attempt(self, pid, sops):
        """What a call does: "done", an errno, or None for an obstacle; then nothing has changed."""
        now, adj = list(self.values), list(self.adj.setdefault(pid, [0] * len(self.values)))
        for num, op, flg in sops:
            if now[num] + op < 0 or (op == 0 and now[num]):
                return fastipc.EAGAIN if flg & IPC_NOWAIT else None
            if now[num] + op > 32767:
                return fastipc.ERANGE
            if flg & SEM_UNDO:
                if not -32768 <= adj[num] - op <= 32767:
                    return fastipc.ERANGE
                adj[num] -= op
            now[num] += op
        self.values, self.adj[pid] = now, adj
        for num, _, _ in sops:
            self.pids[num] = pid
        return "done"

    def waits_simple(self):
        return not any(len(sops) > 1 for _, _, sops in self.complex + self.complex_zero)

    def semop(self, pid, who, sops):
        got = self.attempt(pid, sops)
        if got == "done":
            if any(op for _, op, _ in sops):
                self.changed([num for num, _, _ in sops], [num for num, op, _ in sops if op > 0])
            return 0
        if got is not None:
            return -got
        entry = (pid, who, sops)
        alters = any(op for _, op, _ in sops)
        if len(sops) == 1 and not alters:
            self.zero[sops[0][0]].append(entry)
        elif len(sops) == 1 and self.waits_simple():
            self.simple[sops[0][0]].append(entry)
        else:
            if len(sops) > 1 and self.waits_simple():
                for queue in self.simple:
                    self.complex[:0] = queue
                    queue.clear()
            (self.complex if alters else self.complex_zero).append(entry)
        return None

    def finish(self, queue, entry, got):
        queue.remove(entry)
        self.log.append((entry[1], 0 if got == "done" else -got))

    def wake_zero(self, nums):
        queues = [self.zero[num] for num in nums if self.values[num] == 0]
        if queues:
            queues.append(self.complex_zero)
        for queue in queues:
            for entry in list(queue):
                if entry in queue and (got := self.attempt(entry[0], entry[2])) is not None:
                    self.finish(queue, entry, got)

    def changed(self, nums, raised):
        self.wake_zero(nums)
        if self.complex:
            self.scan_complex()
        else:
            for num in raised:
                for entry in list(self.simple[num]):
                    if (got := self.attempt(entry[0], entry[2])) is not None:
                        self.finish(self.simple[num], entry, got)
                        self.wake_zero([num])
        self.part()

    def scan_complex(self):
        again = True
        while again:
            again = False
            for entry in list(self.complex):
                if (got := self.attempt(entry[0], entry[2])) is None:
                    continue
                self.finish(self.complex, entry, got)
                if got == "done":
                    self.wake_zero([num for num, _, _ in entry[2]])
                    again = True
                    break

    def part(self):
        if self.waits_simple():
            for entry in self.complex:
                self.simple[entry[2][0][0]].append(entry)
            self.complex.clear()

    def setall(self, pid, values):
        self.values, self.pids = list(values), [pid] * len(values)
        for adj in self.adj.values():
            adj[:] = [0] * len(values)
        self.changed(range(len(values)), range(len(values)))

    def setval(self, pid, num, value):
        self.values[num], self.pids[num] = value, pid
        for adj in self.adj.values():
            adj[num] = 0
        self.changed(range(len(self.values)), range(len(self.values)))

    def exit(self, pid):
        adj = self.adj.pop(pid, [0] * len(self.values))
        for num, n in enumerate(adj):
            if n:
                self.values[num] = max(0, min(32767, self.values[num] + n))
                self.pids[num] = pid
        self.changed(range(len(self.values)), range(len(self.values)))

    def counts(self, num):
        n = z = 0
        for pid, _, sops in [*sum(self.simple, []), *sum(self.zero, []), *self.complex, *self.complex_zero]:
            at, op = self.obstacle(pid, sops)
            n, z = n + (at == num and op < 0), z + (at == num and op == 0)
        return n, z

    def obstacle(self, pid, sops):
        now = list(self.values)
        for num, op, _ in sops:
            if now[num] + op < 0 or (op == 0 and now[num]):
                return num, op
            now[num] += op
        return None, 0


def drive(k, seed, steps):
    """Random operations on one set by the machine and by the model."""
    rng = random.Random(seed)
    n = rng.choice((1, 2, 3, 6))
    width = rng.choice((1, 1, 2, 4))
    root = k.spawn()
    semid, model = root.semget(IPC_PRIVATE, n, 0o600), Model(n)
    tasks, calls = [], {}
    for _ in range(steps):
        while len(tasks) < 8:
            tasks.append(k.spawn())
        idle = [t for t in tasks if t not in calls]
        draw = rng.random()
        model.log.clear()
        if draw < 0.04:
            num, value = rng.randrange(n), rng.choice((0, 1, 2, 5))
            model.setval(root.pid, num, value)
            root.semctl(semid, num, SETVAL, value)
        elif draw < 0.06:
            new = [rng.choice((0, 0, 1, 3)) for _ in range(n)]
            model.setall(root.pid, new)
            root.semctl(semid, 0, SETALL, new)
        elif draw < 0.1 and len(idle) > 1:
            t = rng.choice(idle)
            tasks.remove(t)
            model.exit(t.pid)
            t.exit_group()
        else:
            t = rng.choice(idle) if idle else root
            sops = []
            for _ in range(rng.randrange(1, width + 1)):
                op = rng.choice((-1, -1, -2, 0, 1, 1, 2)) if t is not root else 1
                flg = IPC_NOWAIT * (rng.random() < 0.15) | SEM_UNDO * (rng.random() < 0.2)
                sops.append((rng.randrange(n), op, flg))
            want = model.semop(t.pid, t, sops)
            call = t.submit("sys_semop", semid, sops)
            assert (call.result() if call.done() else None) == want
            if want is None:
                calls[t] = call
        k.run(until=k.now)
        woken = dict(model.log)
        assert {t for t, call in calls.items() if call.done()} == set(woken)
        for t in woken:
            assert calls.pop(t).result() == woken[t]
        assert root.semctl(semid, 0, GETALL) == model.values
    assert [root.semctl(semid, i, GETPID) for i in range(n)] == model.pids
    for num in range(n):
        found = root.semctl(semid, num, GETNCNT), root.semctl(semid, num, GETZCNT)
        if not model.complex_zero:
            assert found == model.counts(num)
    k.verify()
    for t in tasks:
        if t in calls:
            calls[t].cancel()
    root.semctl(semid, 0, IPC_RMID)


@pytest.mark.parametrize("seed", range(12))
def test_the_model_agrees(k, seed):
    for i in range(5):
        drive(k, seed * 100 + i, 120)


# ------------------------------------------------------------------------------------------------ all or none
@pytest.mark.parametrize(
    "last, number", [((2, -2), fastipc.EAGAIN), ((2, 32767), fastipc.ERANGE), ((9, 1), fastipc.EFBIG)]
)
def test_what_was_tried_before_an_obstacle_leaves_no_trace(k, last, number):
    a = k.spawn()
    b = a.fork()
    s = a.semget(IPC_PRIVATE, 3, 0o600)
    a.semop(s, [(0, 3), (1, 2), (2, 1)])

    def state():
        return values(a, s), [a.semctl(s, i, GETPID) for i in range(3)], k.table("sem", live=True).tobytes()

    before = state()
    tried = [(0, -1), (0, -2), (0, 0), (1, 5), (*last, IPC_NOWAIT)]
    assert b.sys_semop(s, tried) == -number
    assert b.sys_semop(s, fastipc.sops(*tried)) == -number
    assert state() == before
    b.semop(s, tried[:-1])  # on running values: 3, 2, 0
    assert values(a, s) == [0, 7, 1]
    assert [a.semctl(s, i, GETPID) for i in range(3)] == [b.pid, b.pid, a.pid]


def test_who_waits_for_zero_is_told_apart_in_a_set_larger_than_any_number(make_kernel):
    a = make_kernel(limits={"sem": (70_000, 1_024_000_000, 500, 32_000)}).spawn()
    b = a.fork()
    s = a.semget(IPC_PRIVATE, 70_000, 0o600)
    a.semop(s, [(0, 1), (65535, 1), (7, 0)])
    assert [a.semctl(s, i, GETVAL) for i in (0, 65535)] == [1, 1]
    assert [a.semctl(s, i, GETPID) for i in (0, 7, 65535)] == [a.pid] * 3
    b.semop(s, [(7, 0), (7, 0, IPC_NOWAIT)])
    assert [a.semctl(s, i, GETPID) for i in (0, 7, 65535)] == [a.pid, b.pid, a.pid]
    assert b.sys_semop(s, [(7, 0), (0, 0, IPC_NOWAIT)]) == -fastipc.EAGAIN
