"""System V shared memory: records, buffers, limits, attaches, what is counted, the files behind it, compiled programs.

What the real kernel says of the same calls is in tests/oracle (cases_shm, cases_attach).
"""

import errno
import pickle

import numpy as np
import pytest

import fastipc
from fastipc import (
    CLONE_NEWIPC,
    EACCES,
    EFAULT,
    EINVAL,
    ENFILE,
    ENOMEM,
    ENOSPC,
    IPC_CREAT,
    IPC_INFO,
    IPC_PRIVATE,
    IPC_RMID,
    IPC_SET,
    IPC_STAT,
    MAP_ANONYMOUS,
    MAP_PRIVATE,
    PROT_READ,
    PROT_WRITE,
    SHM_DEST,
    SHM_HUGETLB,
    SHM_INFO,
    SHM_LOCK,
    SHM_LOCKED,
    SHM_NORESERVE,
    SHM_RDONLY,
    SHM_REMAP,
    SHM_RND,
    SHM_STAT,
    SHM_STAT_ANY,
    SHM_UNLOCK,
    IpcPerm,
    Kernel,
    ShmidDs,
    ShmInfo,
    UserBuffer,
    compiled,
)

P = 4096


@pytest.fixture
def t(k):
    return k.spawn(name="t")


@pytest.fixture
def seg(t):
    return t.shmget(0x77, 4 * P, IPC_CREAT | 0o600)


def nattch(t, shmid):
    return t.shmctl(shmid, IPC_STAT).shm_nattch


# ---------------------------------------------------------------------------------------------- records
def test_records_are_values(t, seg):
    ds = t.shmctl(seg, IPC_STAT)
    perm = IpcPerm(key=0x77, mode=0o600)
    assert ds == ShmidDs(shm_perm=perm, shm_segsz=4 * P, shm_ctime=10**9, shm_cpid=t.pid)
    assert ds.shm_perm == perm
    assert ds != ShmidDs()
    assert perm != IpcPerm(key=0x77, mode=0o600, seq=1)
    assert hash(ds) == hash(t.shmctl(seg, IPC_STAT))
    assert ds._asdict()["shm_segsz"] == 4 * P
    assert list(perm) == [0x77, 0, 0, 0, 0, 0o600, 0]
    for record in (ds, perm, t.shmctl(0, IPC_INFO), t.shmctl(0, SHM_INFO)):
        assert pickle.loads(pickle.dumps(record)) == record
        assert type(record).__name__ in repr(record)
        assert list(record._asdict().values()) == list(record)
        name = next(iter(record._asdict()))
        with pytest.raises(AttributeError):
            setattr(record, name, 1)
        with pytest.raises(TypeError):
            type(record)(nonsense=1)
    with pytest.raises(TypeError, match="shm_perm"):
        ShmidDs(shm_perm=(1, 2))
    with pytest.raises(TypeError, match="shmmax"):
        ShmInfo(shmmax="x")


def test_what_info_tells(t, seg):
    info = t.shmctl(0, IPC_INFO)
    assert (info.shmmin, info.shmmni, info.shmseg) == (1, 4096, 4096)
    assert info.shmmax == info.shmall == 2**64 - 2**24 - 1
    assert (info.used_ids, info.shm_tot) == (0, 0)
    address = t.shmat(seg)
    t.store(address, b"x")
    t.load(address + P, 1)
    info = t.shmctl(0, SHM_INFO)
    assert (info.used_ids, info.shm_tot, info.shm_rss, info.shm_swp, info.shmmax) == (1, 4, 2, 0, 0)


def test_the_three_ways_to_set(k, t, seg):
    t.shmctl(seg, IPC_SET, (5, 6, 0o640))
    assert t.shmctl(seg, IPC_STAT).shm_perm == IpcPerm(key=0x77, uid=5, gid=6, mode=0o640)
    t.shmctl(seg, IPC_SET, ShmidDs(shm_perm=IpcPerm(uid=7, gid=8, mode=0o600), shm_segsz=99))
    ds = t.shmctl(seg, IPC_STAT)
    assert (ds.shm_perm.uid, ds.shm_segsz) == (7, 4 * P)
    k.run(until=10)
    row = np.zeros(1, fastipc.SHMID_DS)
    row["shm_perm"]["uid"] = 9
    assert t.sys_shmctl(seg, IPC_SET, row) == 0
    ds = t.shmctl(seg, IPC_STAT)
    assert (ds.shm_perm.uid, ds.shm_perm.gid, ds.shm_ctime) == (9, 0, 10**9 + 10)
    assert t.sys_shmctl(seg, IPC_SET, (1, 2, 3)) == 0


def test_buffers(t, seg):
    row, info, used = (np.zeros(1, d) for d in (fastipc.SHMID_DS, fastipc.SHMINFO, fastipc.SHM_INFO_T))
    assert (row.itemsize, info.itemsize, used.itemsize) == (112, 72, 48)  # as in C
    t.shmget(IPC_PRIVATE, 1)
    assert t.sys_shmctl(seg, IPC_STAT, row) == 0
    assert row["shm_segsz"][0] == 4 * P
    assert t.sys_shmctl(0, SHM_STAT, row) == seg
    assert t.sys_shmctl(1, SHM_STAT_ANY, row) == 1
    assert t.sys_shmctl(0, IPC_INFO, info) == 1
    assert info["shmmni"][0] == 4096
    assert t.sys_shmctl(0, SHM_INFO, used) == 1
    assert used["shm_tot"][0] == 5
    for cmd in (IPC_STAT, IPC_SET, SHM_STAT, IPC_INFO, SHM_INFO):
        with pytest.raises(ValueError, match="row of SHM"):
            t.sys_shmctl(seg, cmd, bytearray(40))
        assert t.sys_shmctl(seg, cmd) == -EFAULT  # as with a NULL pointer
        with pytest.raises(TypeError, match="buf"):
            t.sys_shmctl(seg, cmd, 5)
    with pytest.raises(TypeError, match="buf"):
        t.sys_shmctl(seg, IPC_STAT, bytes(112))
    with pytest.raises(TypeError, match="IPC_SET"):
        t.shmctl(seg, IPC_SET, (1, 2))


def test_the_order_of_efault(k, t, seg, errno_of):
    assert errno_of(t.shmctl, 99, IPC_SET) == EFAULT
    assert t.sys_shmctl(99, IPC_SET) == -EFAULT
    assert t.sys_shmctl(-1, IPC_SET) == -EINVAL
    assert t.sys_shmctl(99, IPC_STAT) == -EINVAL
    s = k.spawn(uid=5)
    assert s.sys_shmctl(seg, IPC_STAT) == -EACCES
    assert s.sys_shmctl(seg, IPC_SET) == -EFAULT
    assert s.sys_shmctl(seg, IPC_SET, (1, 1, 1)) == -errno.EPERM


def test_addresses_in_place_of_buffers(t, seg):
    a = t.mmap(P, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS)
    assert t.sys_shmctl(seg, IPC_STAT, UserBuffer(a, 112)) == 0
    row = np.frombuffer(t.load(a, 112), fastipc.SHMID_DS)
    assert (row["shm_perm"]["key"][0], row["shm_segsz"][0]) == (0x77, 4 * P)
    t.store(a + 4, (55).to_bytes(4, "little"))
    assert t.shmctl(seg, IPC_SET, UserBuffer(a, 112)) == 0
    assert t.shmctl(seg, IPC_STAT).shm_perm.uid == 55
    for cmd in (IPC_STAT, SHM_STAT, IPC_SET, IPC_INFO, SHM_INFO):
        assert t.sys_shmctl(seg, cmd, UserBuffer(8, 112)) == -EFAULT
        assert t.syscall("shmctl", seg, cmd, 8) == -EFAULT
    assert t.syscall("shmctl", 99, IPC_STAT, 8) == -EINVAL
    assert t.syscall("shmctl", 99, IPC_SET, 8) == -EFAULT
    assert t.syscall("shmctl", -1, IPC_SET, 8) == -EINVAL
    assert t.syscall("shmget", 0x77, 0, 0) == seg
    b = t.syscall("shmat", seg, 0, 0)
    t.store(b, b"raw")
    assert t.syscall("shmdt", b) == 0
    assert t.syscall("shmdt", b) == -EINVAL
    assert t.syscall("shmctl", seg, IPC_RMID, 0) == 0


def test_arguments_that_are_none(t, seg):
    for call, args in (
        (t.shmget, ("x", 1)), (t.shmget, (1, 1.5)), (t.shmget, (1, 1, None)),
        (t.shmat, (seg, "0")), (t.shmat, (None,)), (t.shmdt, (1.0,)), (t.shmctl, (seg, "IPC_STAT")),
    ):  # fmt: skip
        with pytest.raises(TypeError):
            call(*args)
    assert t.sys_shmget(IPC_PRIVATE, -1) == -EINVAL
    for big in (2**31, -(2**31) - 1, 2**40):
        assert t.sys_shmctl(big, IPC_STAT) == t.sys_shmat(big) == -EINVAL
        assert t.sys_shmctl(seg, big) == -EINVAL


# ---------------------------------------------------------------------------------------------- limits
def test_limits_of_size(make_kernel):
    k = make_kernel(memory=1 << 20, limits={"shmmax": 10 * P, "shmall": 12})
    t = k.spawn()
    assert t.sys_shmget(IPC_PRIVATE, 0) == t.sys_shmget(IPC_PRIVATE, 10 * P + 1) == -EINVAL
    a = t.shmget(IPC_PRIVATE, 10 * P)
    assert t.sys_shmget(IPC_PRIVATE, 2 * P + 1) == -ENOSPC
    assert t.shmget(IPC_PRIVATE, P + 1) == 1
    assert t.sys_shmget(IPC_PRIVATE, 1) == -ENOSPC
    t.shmctl(a, IPC_RMID)
    assert t.shmctl(0, SHM_INFO).shm_tot == 2
    k.limits.shmmax = k.limits.shmall = 2**64 - 1
    k.limits.shmmni = 2
    assert t.sys_shmget(IPC_PRIVATE, 257 * P) == -ENOMEM  # more than the machine has
    assert t.shmget(IPC_PRIVATE, 257 * P, SHM_NORESERVE) == 2
    assert t.sys_shmget(IPC_PRIVATE, 257 * P) == -ENOMEM  # before SHMMNI
    assert t.sys_shmget(IPC_PRIVATE, 1) == -ENOSPC
    assert t.sys_shmget(IPC_PRIVATE, 2**64 - 1) == -ENOSPC  # its pages overflow


def test_huge_pages_there_are_none(k, t):
    assert t.sys_shmget(IPC_PRIVATE, P, SHM_HUGETLB) == -ENOMEM
    assert t.sys_shmget(IPC_PRIVATE, P, SHM_HUGETLB | 20 << 26) == -EINVAL
    assert k.spawn(uid=1, gid=1).sys_shmget(IPC_PRIVATE, P, SHM_HUGETLB) == -errno.EPERM
    assert k.spawn(uid=1, groups=[0]).sys_shmget(IPC_PRIVATE, P, SHM_HUGETLB) == -ENOMEM


def test_the_file_table_is_full(k, t, seg):
    k.limits.file_max = len(k.table("file", live=True))
    assert t.sys_shmget(IPC_PRIVATE, P) == -ENFILE
    assert t.sys_shmat(seg) == -ENFILE
    assert nattch(t, seg) == 0


def test_memory_runs_out_at_the_touch(make_kernel):
    k = make_kernel(memory=64 * P)
    t = k.spawn()
    seg = t.shmget(IPC_PRIVATE, 64 * P, 0o600)
    a = t.shmat(seg)
    with pytest.raises(fastipc.TaskExited):
        for i in range(64):
            t.store(a + i * P, b"x")
    k.verify()
    s = k.spawn()
    assert 40 < s.shmctl(0, SHM_INFO).shm_rss < 64
    assert nattch(s, seg) == 0


# ---------------------------------------------------------------------------------------------- attaches
def test_two_attaches_show_the_same_pages(k, t, seg):
    a, b = t.shmat(seg), t.shmat(seg)
    c = k.spawn()
    d = c.shmat(c.shmget(0x77, 0, 0o600), 0x200000000000)
    assert d == 0x200000000000
    t.store(a + P - 2, b"over")
    assert t.load(b + P - 2, 4) == c.load(d + P - 2, 4) == b"over"
    assert nattch(t, seg) == 3
    assert len({walk.frame for walk in (t.walk(a), t.walk(b), c.walk(d))}) == 1


def test_times_and_processes(k, t):
    k.run(until=1)
    seg = t.shmget(IPC_PRIVATE, P, 0o666)
    k.run(until=2)
    c = t.fork()
    a = c.shmat(seg)
    ds = t.shmctl(seg, IPC_STAT)
    assert (ds.shm_ctime, ds.shm_atime, ds.shm_dtime) == (10**9 + 1, 10**9 + 2, 0)
    assert (ds.shm_cpid, ds.shm_lpid) == (t.pid, c.pid)
    k.run(until=3)
    thread = c.thread()
    thread.shmdt(a)
    ds = t.shmctl(seg, IPC_STAT)
    assert (ds.shm_dtime, ds.shm_lpid) == (10**9 + 3, c.pid)
    b = t.shmat(seg)
    d = t.fork()
    assert t.shmctl(seg, IPC_STAT).shm_lpid == t.pid  # who forks has attached for the child
    d.exit_group()
    assert t.shmctl(seg, IPC_STAT).shm_lpid == d.pid
    k.run(until=4)
    t.munmap(b, P)
    ds = t.shmctl(seg, IPC_STAT)
    assert (ds.shm_dtime, ds.shm_lpid, ds.shm_nattch) == (10**9 + 4, t.pid, 0)


def test_areas_are_counted(t, seg):
    a = t.shmat(seg)
    assert nattch(t, seg) == 1
    t.mprotect(a + P, P, PROT_READ)
    assert nattch(t, seg) == 3
    t.munmap(a + 3 * P, P)
    assert nattch(t, seg) == 3
    t.munmap(a + P, P)
    assert nattch(t, seg) == 2
    c = t.fork()
    assert nattch(t, seg) == 4
    c.execve()
    assert nattch(t, seg) == 2
    b = t.shmat(seg)
    t.shmdt(a)
    assert nattch(t, seg) == 1
    moved = t.mremap(b, 4 * P, 8 * P, fastipc.MREMAP_MAYMOVE)
    assert nattch(t, seg) == 1
    t.shmdt(moved)
    assert nattch(t, seg) == 0


def test_detach_finds_all_pieces(t, seg):
    a = t.shmat(seg, 0x200000000000)
    other = t.shmget(IPC_PRIVATE, P, 0o600)
    t.munmap(a, 2 * P)
    b = t.shmat(other, a)
    assert t.sys_shmdt(a + 2 * P) == -EINVAL  # a piece does not begin there
    assert t.sys_shmdt(a + 1) == -EINVAL
    t.shmdt(b)  # the first that fits is the other one
    assert (nattch(t, seg), nattch(t, other)) == (1, 0)
    t.shmdt(a)
    assert nattch(t, seg) == 0


def test_the_order_of_errors_of_shmat(k, t, seg):
    s = k.spawn(uid=5)
    a = t.shmat(seg)
    assert s.sys_shmat(-1) == s.sys_shmat(seg, 5) == s.sys_shmat(99) == -EINVAL
    assert s.sys_shmat(seg, 0, SHM_REMAP) == s.sys_shmat(seg, 5, SHM_REMAP | SHM_RND) == -EINVAL
    assert s.sys_shmat(seg) == s.sys_shmat(seg, a) == -EACCES
    assert t.sys_shmat(seg, a + P) == t.sys_shmat(seg, a - P) == -EINVAL
    assert t.sys_shmat(seg, a + P + 5, SHM_RND) == -EINVAL
    assert t.sys_shmat(seg, 2**64 - 2 * P) == -EINVAL
    assert t.sys_shmat(seg, 1 << 47) == -ENOMEM
    assert t.sys_shmat(seg, a, SHM_REMAP) == a
    assert nattch(t, seg) == 1
    t.shmctl(seg, IPC_SET, (5, 0, 0o400))
    assert s.sys_shmat(seg) == -EACCES
    b = s.shmat(seg, 0, SHM_RDONLY)
    assert s.load(b, 4) == bytes(4)
    assert s.sys_mprotect(b, P, PROT_WRITE) == -EACCES


def test_removed_while_attached(k, t, seg):
    a = t.shmat(seg)
    t.shmctl(seg, IPC_RMID)
    perm = t.shmctl(seg, IPC_STAT).shm_perm
    assert (perm.key, perm.mode) == (0, 0o600 | SHM_DEST)
    t.shmctl(seg, IPC_RMID)
    again = t.shmget(0x77, P, IPC_CREAT)
    assert again != seg
    b = t.shmat(seg)
    t.shmdt(a)
    t.store(b, b"still")
    t.shmdt(b)
    assert t.sys_shmctl(seg, IPC_STAT, np.zeros(1, fastipc.SHMID_DS)) == -EINVAL
    assert t.shmctl(0, SHM_INFO).used_ids == 1
    # The inode of all signalfds and their like has no name.
    assert len(k.table("inode", live=True)) == len(k.table("dentry", live=True)) + 1


def test_the_last_to_die_takes_a_removed_one_along(k, t, seg):
    t.store(t.shmat(seg), b"x")
    c = t.fork()
    t.shmctl(seg, IPC_RMID)
    t.exit_group()
    assert len(k.table("shm", live=True)) == 1
    c.exit_group()
    assert len(k.table("shm", live=True)) == 0
    assert k.counters["pages_alloc"] == k.counters["pages_free"]


# ---------------------------------------------------------------------------------------------- creators
def test_forced_removal(k, t):
    a, b = t.shmget(IPC_PRIVATE, P), t.shmget(IPC_PRIVATE, P, 0o666)
    c = t.fork()
    mine = c.shmget(IPC_PRIVATE, P)
    address = c.shmat(b)
    k.limits.shm_rmid_forced = 1
    t.execve()
    assert k.spawn().shmctl(0, SHM_INFO).used_ids == 3  # all creators live
    t.exit_group()
    used = k.spawn()
    assert used.sys_shmctl(a, SHM_LOCK) == -EINVAL
    assert used.shmctl(b, IPC_STAT).shm_nattch == 1
    c.shmdt(address)
    assert used.sys_shmctl(b, SHM_LOCK) == -EINVAL
    assert used.shmctl(0, SHM_INFO).used_ids == 1
    c.exit_group()
    assert used.sys_shmctl(mine, SHM_LOCK) == -EINVAL


def test_orphans_go_when_removal_is_forced(k, t):
    a = t.shmget(IPC_PRIVATE, P, 0o600)
    thread = t.thread()
    b = thread.shmget(IPC_PRIVATE, P, 0o600)
    c = k.spawn()
    kept = c.shmget(IPC_PRIVATE, P, 0o600)
    attached = c.shmat(a)
    thread.exit(0)
    t.exit_group()
    k.limits.shm_rmid_forced = 1
    assert c.sys_shmctl(b, SHM_LOCK) == -EINVAL
    assert nattch(c, a) == 1
    assert nattch(c, kept) == 0
    c.shmdt(attached)
    assert c.sys_shmctl(a, SHM_LOCK) == -EINVAL
    assert c.sys_shmat(kept, 1 << 47) == -ENOMEM  # an attach that fails is one that ends
    assert c.sys_shmctl(kept, SHM_LOCK) == -EINVAL


def test_who_leaves_a_namespace_leaves_orphans(k, t):
    a = t.shmget(IPC_PRIVATE, P)
    t.unshare(CLONE_NEWIPC)
    k.limits.shm_rmid_forced = 1
    assert k.spawn().sys_shmctl(a, SHM_LOCK) == -EINVAL


# ---------------------------------------------------------------------------------------------- locking
def test_locked_pages_are_charged_to_the_user(k, t):
    s = k.spawn(uid=5)
    seg = s.shmget(IPC_PRIVATE, 2 * P + 1, 0o600)
    s.shmctl(seg, SHM_LOCK)
    users = {int(row["uid"]): int(row["locked_shm"]) for row in k.table("user", live=True)}
    assert users == {0: 0, 5: 3}
    assert s.shmctl(seg, IPC_STAT).shm_perm.mode == 0o600 | SHM_LOCKED
    s.exit_group()
    assert 5 in k.table("user", live=True)["uid"]  # the charge keeps him
    t.shmctl(seg, SHM_UNLOCK)
    assert 5 not in k.table("user", live=True)["uid"]
    t.shmctl(seg, SHM_LOCK)
    t.shmctl(seg, IPC_RMID)
    assert k.table("user", live=True)["locked_shm"].tolist() == [0]


# ---------------------------------------------------------------------------------------------- /proc, traces
def test_proc_sysvipc_shm(k, t):
    seg = t.shmget(0x1234, 5000, IPC_CREAT | 0o640)
    a = t.shmat(seg)
    t.store(a, b"x")
    t.shmctl(seg, SHM_LOCK)
    t.shmctl(seg, IPC_RMID)
    other = t.shmget(-7, 1, IPC_CREAT)
    assert k.read_proc("/proc/sysvipc/shm") == (
        "       key      shmid perms                  size  cpid  lpid nattch   uid   gid  cuid  cgid      atime      "
        "dtime      ctime                   rss                  swap\n"
        f"         0          0  3640                  5000     {t.pid}     {t.pid}      1     0     0     0     0"
        " 1000000000          0 1000000000                  4096                     0\n"
        f"        -7          1     0                     1     {t.pid}     0      0     0     0     0     0"
        "          0          0 1000000000                     0                     0\n"
    )
    assert other == 1
    s = k.spawn(uid=5)
    assert s.read(s.open("/proc/sysvipc/shm", 0), 1 << 14).decode() == k.read_proc("/proc/sysvipc/shm")


def test_the_name_in_maps(k, t):
    seg = t.shmget(0xABCDEF, P, IPC_CREAT | 0o600)
    t.shmat(seg, 0x200000000000)
    t.shmctl(seg, IPC_RMID)
    line = next(line for line in k.read_proc(f"/proc/{t.pid}/maps").splitlines() if "SYSV" in line)
    assert line.split() == f"200000000000-200000001000 rw-s 00000000 00:01 {seg} /SYSV00abcdef (deleted)".split()


def test_traces(k, t):
    lines = []
    k.trace(lines.append)
    seg = t.shmget(0x77, P, IPC_CREAT | 0o600)
    t.shmget(IPC_PRIVATE, 1)
    a = t.shmat(seg, 0, SHM_RDONLY)
    t.shmdt(a)
    t.sys_shmctl(99, IPC_RMID)
    assert [line.split(" ", 2)[2] for line in lines] == [
        "shmget(0x77, 4096, 01600) = 0",
        "shmget(IPC_PRIVATE, 1, 00) = 1",
        f"shmat(0, 0x0, 010000) = {a}",
        f"shmdt({a:#x}) = 0",
        "shmctl(99, 0) = -1 EINVAL",
    ]
    assert k.counters["calls"] == {"shmget": 2, "shmat": 1, "shmdt": 1, "shmctl": 1}


# ---------------------------------------------------------------------------------------------- failures
KINDS = ("row", "page", "shm", "file", "inode", "dentry", "xa_node", "vm_area", "mm")


def life(t):
    seg = t.shmget(5, 3 * P, IPC_CREAT | 0o600)
    a = t.shmat(seg)
    t.mprotect(a + P, P, PROT_READ)
    c = t.fork()
    t.shmdt(a)
    c.exit_group()
    t.unshare(CLONE_NEWIPC)
    t.shmget(6, 1, IPC_CREAT)
    t.shmctl(seg, IPC_STAT)


@pytest.mark.parametrize("kind", KINDS)
def test_the_nth_allocation_fails(make_kernel, kind):
    for nth in range(1, 60):
        k = make_kernel()
        t = k.spawn()
        k.inject(kind, nth)
        try:
            life(t)
        except OSError as error:
            assert error.errno in (ENOMEM, ENOSPC, ENFILE, errno.EAGAIN)
            k.verify()
            assert sum(row["shm_nattch"] for row in k.table("shm", live=True)) == np.count_nonzero(
                k.table("vm_area", live=True)["vm_ops"] == 2
            )
        else:
            return
        finally:
            k.inject(kind, 0)
    pytest.fail("it never succeeded")


def test_a_segment_that_cannot_be_had_leaves_nothing(k, t, rows):
    t.shmget(1, 1, IPC_CREAT)
    before = rows(k)
    for kind, wanted in (("shm", ENOMEM), ("inode", ENOSPC), ("dentry", ENOMEM), ("file", ENOMEM)):
        k.inject(kind, 1)
        assert t.sys_shmget(2, P, IPC_CREAT) == -wanted
        k.inject(kind, 1, errno.EIO)
        assert t.sys_shmget(2, P, IPC_CREAT) == -errno.EIO
        k.verify()
    assert rows(k) == before
    assert t.shmctl(0, SHM_INFO).shm_tot == 1


# ---------------------------------------------------------------------------------------------- programs
def test_compiled_programs():
    out = np.zeros(24, np.int64)

    @compiled
    def program(t, out):
        ds = np.zeros(1, fastipc.SHMID_DS)
        info = np.zeros(1, fastipc.SHM_INFO_T)
        seg = t.shmget(0x77, 5000, IPC_CREAT | 0o600)
        a = t.shmat(seg)
        b = t.shmat(seg, 0, SHM_RDONLY)
        data = np.zeros(4, np.uint8)
        data[:] = 7
        t.store(a, data)
        back = np.zeros(4, np.uint8)
        t.load_into(b, back)
        out[0] = back.sum()
        out[1] = t.shmctl(seg, IPC_STAT, ds)
        out[2] = ds[0].shm_nattch
        out[3] = t.sys_shmctl(0, SHM_STAT, ds)
        out[4] = t.shmctl(0, SHM_INFO, info)
        out[5] = info[0].shm_rss
        out[6] = t.sys_shmget(0x77, 9000)
        out[7] = t.sys_shmat(99)
        out[8] = t.sys_shmdt(a + 1)
        t.shmdt(a)
        out[9] = t.sys_shmdt(b)
        out[10] = t.sys_shmctl(seg, SHM_LOCK)
        out[11] = t.shmctl(seg, IPC_RMID)
        out[12] = t.sys_shmctl(seg, IPC_STAT, ds)
        out[13] = t.sys_shmctl(seg, IPC_STAT)
        out[14] = ds[0].shm_perm.key

    with Kernel() as k:
        k.spawn(program, out)
        k.run()
        k.verify()
        assert len(k.table("shm", live=True)) == 0
    assert out[:15].tolist() == [
        28, 0, 2, 0, 0, 1, -EINVAL, -EINVAL, -EINVAL, 0, 0, 0, -EINVAL, -EINVAL, 0x77,
    ]  # fmt: skip


def test_compiled_programs_raise_and_refuse():
    @compiled
    def raises(t):
        t.shmget(5, 1)

    @compiled
    def small(t):
        t.shmctl(0, IPC_STAT, np.zeros(10, np.uint8))

    @compiled
    def limits(t):
        return t.ipc_limits

    with Kernel() as k:
        k.spawn(raises)
        with pytest.raises(FileNotFoundError):
            k.run()
        k.spawn(small)
        with pytest.raises(ValueError, match="row"):
            k.run()
        with pytest.raises(fastipc.CompileError, match="ipc_limits"):
            k.spawn(limits)


def test_generators_and_plain_programs(k, kind):
    got = []

    @kind
    def writer(t, r, w):
        seg = yield t.shmget(9, P, IPC_CREAT | 0o600)
        a = yield t.shmat(seg)
        t.store(a, b"from the writer")
        yield t.write(w, b"!")
        yield t.read(r, 1)

    @kind
    def reader(t, r, w):
        yield t.read(r, 1)
        seg = yield t.shmget(9, 0)
        a = yield t.shmat(seg)
        got.append(t.load(a, 15))
        yield t.shmctl(seg, IPC_RMID)
        yield t.write(w, b"!")

    p = k.spawn()
    r1, w1 = p.pipe()
    r2, w2 = p.pipe()
    p.fork(writer, r2, w1)
    p.fork(reader, r1, w2)
    k.run()
    assert got == [b"from the writer"]
    assert len(k.table("shm", live=True)) == 0


def test_two_runs_are_alike(make_kernel):
    def run():
        k = make_kernel(seed=3)
        t = k.spawn()
        for i in range(30):
            seg = t.shmget(i % 7, P, IPC_CREAT | 0o600)
            t.store(t.shmat(seg), b"%d" % i)
        return k.trace_hash, k.state_hash()

    assert run() == run()
