"""Segments of shared memory: ids, keys, permissions, limits, what shmctl tells; namespaces."""

from .abi import (
    CLONE_NEWIPC,
    CLONE_SYSVSEM,
    INT_MAX,
    INT_MIN,
    IPC_CREAT,
    IPC_EXCL,
    IPC_INFO,
    IPC_PRIVATE,
    IPC_RMID,
    IPC_SET,
    IPC_STAT,
    PAGE_SIZE,
    RLIMIT_MEMLOCK,
    SHM_HUGETLB,
    SHM_INFO,
    SHM_LOCK,
    SHM_LOCKED,
    SHM_NORESERVE,
    SHM_STAT,
    SHM_STAT_ANY,
    SHM_UNLOCK,
    SIGCHLD,
)  # fmt: skip
from .machine import Machine, Task

P = PAGE_SIZE
SEQ = 32768
SHMALL = 2**64 - 2**24 - 1


def _churn(t: Task, n: int) -> list[int]:
    ids = []
    for _ in range(n):
        ids.append(t.shmget(IPC_PRIVATE, 1, 0o600))
        assert t.shmctl(ids[-1], IPC_RMID) is None
    return ids


# ------------------------------------------------------------------------------------------------ ids
def ids_run_upward(m: Machine) -> None:
    """Indexes run upward and fall back after 64; then seq is one more."""
    t = m.spawn()
    assert _churn(t, 70) == [*range(64), *range(SEQ, SEQ + 6)]


def ids_pass_over_what_is_taken(m: Machine) -> None:
    """The second round leaves out the indexes that are in use."""
    t = m.spawn()
    assert [t.shmget(IPC_PRIVATE, 1) for _ in range(3)] == [0, 1, 2]
    assert _churn(t, 62)[-1] == SEQ + 3
    assert t.shmget(IPC_PRIVATE, 1) == SEQ + 4


def cycle_of_many(m: Machine) -> None:
    """With more than 42 objects the cycle is half as long again as they are many."""
    t = m.spawn()
    for i in range(50):
        assert t.shmget(IPC_PRIVATE, 1) == i
    assert _churn(t, 27)[-3:] == [74, SEQ + 50, SEQ + 51]


def old_ids(m: Machine) -> None:
    """An id of a removed segment is EINVAL, also when its index is another one's; SHM_STAT looks at the index alone."""
    t = m.spawn()
    old = t.shmget(IPC_PRIVATE, 1, 0o600)
    assert t.shmctl(old, IPC_RMID) is None
    for cmd in (IPC_STAT, IPC_RMID, SHM_LOCK, SHM_STAT, SHM_STAT_ANY):
        assert t.shmctl(old, cmd) == "EINVAL"
    _churn(t, 63)
    new = t.shmget(IPC_PRIVATE, 2, 0o600)
    assert new == SEQ
    for cmd in (IPC_STAT, IPC_RMID, SHM_LOCK):
        assert t.shmctl(old, cmd) == "EINVAL"
    for index in (0, old + 7 * SEQ, new):
        shmid, record = t.shmctl(index, SHM_STAT)
        assert (shmid, record["segsz"], record["seq"]) == (new, 2, 1)
    assert t.shmctl(1, SHM_STAT) == t.shmctl(1, SHM_STAT_ANY) == "EINVAL"


def infos(m: Machine) -> None:
    """IPC_INFO tells the limits, SHM_INFO what there is; both without a look at the id, unless it is negative."""
    t = m.spawn()
    assert t.shmctl(0, IPC_INFO) == t.shmctl(5, IPC_INFO) == (SHMALL, 1, 4096, 4096, SHMALL)
    assert t.shmctl(0, SHM_INFO) == (0, 0, 0, 0)
    t.shmget(IPC_PRIVATE, 1)
    t.shmget(IPC_PRIVATE, P)
    t.shmget(IPC_PRIVATE, P + 1)
    assert t.shmctl(99, SHM_INFO) == (3, 4, 0, 0)
    assert t.shmctl(-1, IPC_INFO) == t.shmctl(-1, SHM_INFO) == "EINVAL"


def commands(m: Machine) -> None:
    """An unknown command is EINVAL, with a good id and with a bad one."""
    t = m.spawn()
    shmid = t.shmget(IPC_PRIVATE, 1, 0o600)
    for cmd in (4, 9, 10, 16, 99, -1, INT_MIN, INT_MAX, IPC_STAT | 0x100):
        assert t.shmctl(shmid, cmd) == "EINVAL"
        assert t.shmctl(-1, cmd) == "EINVAL"


# ------------------------------------------------------------------------------------------------ shmget
def record_of_a_new_segment(m: Machine) -> None:
    """A new segment: the size as asked, nobody attached, the caller as owner and creator, all times 0 but one."""
    t = m.spawn(uid=7, gid=8)
    c = t.fork()
    for size, flags in ((1, 0o600), (5000, 0o777), (P, 0o640)):
        shmid = c.shmget(0x1234 + size, size, flags | IPC_CREAT)
        record = t.shmctl(shmid, SHM_STAT_ANY)[1]
        assert record == {
            "key": 0x1234 + size, "uid": 7, "gid": 8, "cuid": 7, "cgid": 8, "mode": oct(flags & 0o777), "seq": 0,
            "segsz": size, "nattch": 0, "shm_cpid": "B", "shm_lpid": 0,
            "shm_atime": False, "shm_dtime": False, "shm_ctime": True,
        }  # fmt: skip


def keys(m: Machine) -> None:
    """A key names one segment; IPC_EXCL alone means nothing; IPC_PRIVATE always makes one; a negative key is one."""
    t = m.spawn()
    a = t.shmget(0x1234, 100, IPC_CREAT | 0o600)
    for size, flags in ((0, 0), (100, 0o600), (50, IPC_CREAT), (100, IPC_EXCL)):
        assert t.shmget(0x1234, size, flags) == a
    assert t.shmget(-5, 1, IPC_CREAT) == 1
    assert t.shmctl(1, SHM_STAT_ANY)[1]["key"] == -5
    assert t.shmget(IPC_PRIVATE, 1) == 2
    assert t.shmget(IPC_PRIVATE, 1, IPC_CREAT | IPC_EXCL) == 3
    assert t.shmctl(a, IPC_RMID) is None
    assert t.shmget(0x1234, 0) == "ENOENT"


def orders_of_get(m: Machine) -> None:
    """Of a key that is there: EEXIST > EINVAL (size) > EACCES; of one that is not: ENOENT > EINVAL (size)."""
    t, s = m.spawn(), m.spawn(uid=1)
    a = t.shmget(7, 5000, IPC_CREAT | 0o600)
    assert s.shmget(7, 8192, IPC_CREAT | IPC_EXCL | 0o600) == "EEXIST"
    assert s.shmget(7, 5001, 0o600) == "EINVAL"
    assert s.shmget(7, 5000, 0o600) == "EACCES"
    assert s.shmget(7, 0, IPC_CREAT | 0o4) == "EACCES"
    assert s.shmget(7, 5000, 0) == a
    assert s.shmget(8, 0) == s.shmget(8, 1 << 63) == "ENOENT"
    assert s.shmget(8, 0, IPC_CREAT) == "EINVAL"


def sizes(m: Machine) -> None:
    """EINVAL for no bytes, for more than SHMMAX, and for what no file can have; ENOMEM for what cannot be had."""
    t = m.spawn()
    for size in (0, SHMALL + 1, 2**64 - 1, 1 << 63, SHMALL):
        assert t.shmget(IPC_PRIVATE, size) == "EINVAL"
        assert t.shmget(IPC_PRIVATE, size, SHM_NORESERVE) == "EINVAL"
    for size in (1 << 46, 1 << 62, (1 << 63) - 1):
        assert t.shmget(IPC_PRIVATE, size) == "ENOMEM"
    assert t.shmget(IPC_PRIVATE, (1 << 63) - 1, SHM_NORESERVE) == 0
    assert t.shmctl(0, SHM_INFO) == (1, 1 << 51, 0, 0)


def huge_pages(m: Machine) -> None:
    """Without huge pages in the pool ENOMEM; EPERM for who may not lock, EINVAL for a size of page that is none."""
    t, s = m.spawn(), m.spawn(uid=1, gid=1)
    assert t.shmget(IPC_PRIVATE, P, SHM_HUGETLB) == "ENOMEM"
    assert s.shmget(IPC_PRIVATE, P, SHM_HUGETLB) == "EPERM"
    for u in (t, s):
        assert u.shmget(IPC_PRIVATE, P, SHM_HUGETLB | 20 << 26) == "EINVAL"
        assert u.shmget(IPC_PRIVATE, 0, SHM_HUGETLB) == "EINVAL"


# ------------------------------------------------------------------------------------------------ permissions
def classes_of_callers(m: Machine) -> None:
    """Owner and creator, their groups (supplementary ones too), all others; the first class that fits decides."""
    maker = m.spawn(uid=200, gid=400)
    shmid = maker.shmget(7, 1, IPC_CREAT | 0o777)
    who = [
        m.spawn(uid=100), m.spawn(uid=200), m.spawn(uid=1, gid=300), m.spawn(uid=1, gid=400),
        m.spawn(uid=1, groups=(300,)), m.spawn(uid=1, groups=(5, 400)), m.spawn(uid=1, gid=1),
    ]  # fmt: skip
    for mode in (0, 0o400, 0o200, 0o40, 0o20, 0o4, 0o2, 0o604, 0o66):
        assert maker.shmctl(shmid, IPC_SET, (100, 300, mode)) is None
        for t in who:
            for asked in (0o400, 0o20, 0o6):
                assert t.shmget(7, 1, asked) in (shmid, "EACCES")


def root_passes(m: Machine) -> None:
    """Who has CAP_IPC_OWNER is asked for no right."""
    s, root = m.spawn(uid=1), m.spawn()
    shmid = s.shmget(7, 1, IPC_CREAT)
    assert root.shmget(7, 1, 0o666) == shmid
    assert root.shmctl(shmid, IPC_STAT)["mode"] == "0o0"
    assert s.shmget(7, 1, 0o600) == s.shmctl(shmid, IPC_STAT) == "EACCES"


def who_may_change(m: Machine) -> None:
    """IPC_SET and IPC_RMID: EINVAL (id) > EPERM (neither owner nor creator nor root)."""
    t, s, o = m.spawn(uid=1), m.spawn(uid=2), m.spawn(uid=3)
    shmid = t.shmget(7, 1, IPC_CREAT | 0o666)
    assert s.shmctl(shmid, IPC_SET, (2, 2, 0)) == s.shmctl(shmid, IPC_RMID) == "EPERM"
    assert s.shmctl(shmid + 1, IPC_SET, (2, 2, 0)) == s.shmctl(shmid + 1, IPC_RMID) == "EINVAL"
    assert t.shmctl(shmid, IPC_SET, (2, 5, 0o7641)) is None
    record = o.shmctl(shmid, SHM_STAT_ANY)[1]
    assert [record[name] for name in ("uid", "gid", "cuid", "mode")] == [2, 5, 1, "0o641"]
    assert s.shmctl(shmid, IPC_SET, (3, 3, 0o600)) is None
    assert s.shmctl(shmid, IPC_SET, (2, 2, 0o600)) == "EPERM"
    assert t.shmctl(shmid, IPC_SET, (3, 3, 0o600)) is None
    assert o.shmctl(shmid, IPC_RMID) is None
    assert m.spawn().shmctl(t.shmget(7, 1, IPC_CREAT), IPC_RMID) is None


def who_may_look(m: Machine) -> None:
    """IPC_STAT and SHM_STAT need the right to read, SHM_STAT_ANY, IPC_INFO and SHM_INFO none."""
    t, s = m.spawn(), m.spawn(uid=1)
    shmid = t.shmget(7, 1, IPC_CREAT | 0o200)
    assert s.shmctl(shmid, IPC_STAT) == s.shmctl(shmid, SHM_STAT) == "EACCES"
    assert s.shmctl(shmid, SHM_STAT_ANY)[0] == shmid
    assert s.shmctl(0, SHM_INFO) == (1, 1, 0, 0)
    assert t.shmctl(shmid, IPC_SET, (0, 0, 0o4)) is None
    assert s.shmctl(shmid, IPC_STAT)["mode"] == "0o4"
    assert s.shmctl(shmid + 1, IPC_STAT) == "EINVAL"


# ------------------------------------------------------------------------------------------------ SHM_LOCK
def locking(m: Machine) -> None:
    """SHM_LOCK sets a bit of the mode, SHM_UNLOCK clears it; both twice; IPC_SET leaves it."""
    t = m.spawn()
    shmid = t.shmget(IPC_PRIVATE, 2 * P, 0o600)
    for cmd, mode in ((SHM_UNLOCK, 0), (SHM_LOCK, SHM_LOCKED), (SHM_LOCK, SHM_LOCKED)):
        assert t.shmctl(shmid, cmd) is None
        assert t.shmctl(shmid, IPC_STAT)["mode"] == oct(0o600 | mode)
    assert t.shmctl(shmid, IPC_SET, (0, 0, 0o640)) is None
    assert t.shmctl(shmid, IPC_STAT)["mode"] == oct(0o640 | SHM_LOCKED)
    assert t.shmctl(shmid, SHM_UNLOCK) is None
    assert t.shmctl(shmid, IPC_STAT)["mode"] == "0o640"


def who_may_lock(m: Machine) -> None:
    """SHM_LOCK: EINVAL (id) > EPERM (not owner nor creator; a limit of 0) > ENOMEM (the limit of all of one's own)."""
    t, s = m.spawn(uid=1), m.spawn(uid=2)
    a, b, c = t.shmget(7, 2 * P, IPC_CREAT | 0o666), t.shmget(8, 2 * P, IPC_CREAT), t.shmget(9, 4 * P, IPC_CREAT)
    assert s.shmctl(a, SHM_LOCK) == s.shmctl(a, SHM_UNLOCK) == "EPERM"
    assert s.shmctl(99, SHM_LOCK) == s.shmctl(99, SHM_UNLOCK) == "EINVAL"
    assert t.setrlimit(RLIMIT_MEMLOCK, (3 * P + 5, 3 * P + 5)) is None
    assert t.shmctl(c, SHM_LOCK) == "ENOMEM"
    assert t.shmctl(a, SHM_LOCK) is None
    assert t.shmctl(b, SHM_LOCK) == "ENOMEM"
    assert t.shmctl(a, SHM_LOCK) is None
    assert t.fork().shmctl(b, SHM_LOCK) == "ENOMEM"
    assert t.shmctl(a, SHM_UNLOCK) is None
    assert t.shmctl(b, SHM_LOCK) is None
    assert t.shmctl(a, SHM_LOCK) == "ENOMEM"
    assert t.shmctl(b, IPC_RMID) is None
    assert t.shmctl(a, SHM_LOCK) is None
    assert t.setrlimit(RLIMIT_MEMLOCK, (0, 0)) is None
    assert t.shmctl(a, SHM_LOCK) == "EPERM"
    assert t.shmctl(a, SHM_UNLOCK) is None
    assert t.shmctl(a, IPC_RMID) is None


# ------------------------------------------------------------------------------------------------ namespaces
def namespaces(m: Machine) -> None:
    """unshare(CLONE_NEWIPC) starts with no ids; children are where their parent is; clone can begin one too."""
    t = m.spawn()
    u = t.fork()
    assert t.shmget(7, 1, IPC_CREAT | 0o600) == 0
    assert t.shmget(8, 1, IPC_CREAT | 0o600) == 1
    assert t.unshare(CLONE_NEWIPC) is None
    assert t.shmget(7, 1) == "ENOENT"
    assert t.shmget(8, 2, IPC_CREAT) == 0
    assert t.fork().shmget(8, 2) == t.thread().shmget(8, 2) == 0
    assert u.shmget(8, 1) == 1
    d = t.clone(CLONE_NEWIPC | SIGCHLD)
    assert d.shmget(8, 1) == "ENOENT"
    assert d.unshare(CLONE_NEWIPC | CLONE_SYSVSEM) is None
    assert d.execve() is None
    assert d.shmget(8, 1) == "ENOENT"


def namespace_of_a_thread(m: Machine) -> None:
    """A thread can leave for another namespace by itself."""
    t = m.spawn()
    b = t.thread()
    assert t.shmget(7, 1, IPC_CREAT) == 0
    assert b.unshare(CLONE_NEWIPC) is None
    assert b.shmget(7, 1) == "ENOENT"
    assert t.shmget(7, 1) == 0
    assert b.thread().shmget(7, 1) == "ENOENT"


def who_may_have_a_namespace(m: Machine) -> None:
    """Another namespace needs CAP_SYS_ADMIN, by unshare and by clone; clone takes no CLONE_SYSVSEM with it."""
    t, s = m.spawn(), m.spawn(uid=1)
    assert s.unshare(CLONE_NEWIPC) == s.clone(CLONE_NEWIPC | SIGCHLD) == "EPERM"
    assert s.clone(CLONE_NEWIPC | CLONE_SYSVSEM | SIGCHLD) == "EPERM"
    assert t.clone(CLONE_NEWIPC | CLONE_SYSVSEM | SIGCHLD) == "EINVAL"
