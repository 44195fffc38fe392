"""Ids, keys, permissions and namespaces of System V objects, seen through segments of shared memory."""

import ctypes
import errno

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fastipc
from fastipc import (
    CLONE_NEWIPC,
    CLONE_NEWUTS,
    CLONE_SYSVSEM,
    EACCES,
    EEXIST,
    EINVAL,
    ENOENT,
    ENOSPC,
    EPERM,
    IPC_CREAT,
    IPC_EXCL,
    IPC_INFO,
    IPC_PRIVATE,
    IPC_RMID,
    IPC_SET,
    IPC_STAT,
    O_RDWR,
    SHM_INFO,
    SHM_STAT,
    SHM_STAT_ANY,
    SIGCHLD,
    Kernel,
)

SEQ = 32768


@pytest.fixture
def t(k):
    return k.spawn(name="t")


def churn(t, n):
    """Make and remove `n` segments; their ids."""
    ids = []
    for _ in range(n):
        ids.append(t.shmget(IPC_PRIVATE, 1, 0o600))
        t.shmctl(ids[-1], IPC_RMID)
    return ids


# ---------------------------------------------------------------------------------------------- which id is next
def test_indexes_run_upward_and_seq_goes_up_when_they_fall_back(t):
    assert churn(t, 200) == [i % 64 + i // 64 * SEQ for i in range(200)]


def test_a_taken_index_is_passed_over(t):
    kept = [t.shmget(IPC_PRIVATE, 1) for _ in range(3)]
    assert kept == [0, 1, 2]
    assert churn(t, 63) == [*range(3, 64), SEQ + 3, SEQ + 4]


def test_the_cycle_grows_with_the_objects(t):
    ids = [t.shmget(IPC_PRIVATE, 1) for _ in range(100)]
    assert ids == list(range(100))
    assert churn(t, 51) == [*range(100, 150), SEQ + 100]


def test_seq_begins_again_before_its_last_value(t, k):
    """Of 65536 values that an id has room for, 65535 is never reached; that is so on Linux 6.18 too."""
    t.shmget(IPC_PRIVATE, 1)
    rows = k.table("ipc_ids")

    at = rows["seq"].ctypes.data + 3 * rows.itemsize  # the third one is that of segments
    assert rows["in_use"][3] == 1
    ctypes.c_uint32.from_address(at).value = 65533
    ids = churn(t, 63 * 3)
    assert {i // SEQ for i in ids} == {65533, 65534, 0}
    assert ids[63] // SEQ == 65534
    assert ids[126] == 1


def test_4_18_takes_the_lowest_index_and_a_new_seq_each_time(make_kernel):
    t = make_kernel(profile="4.18").spawn()
    assert churn(t, 4) == [0, SEQ, 2 * SEQ, 3 * SEQ]
    kept = [t.shmget(IPC_PRIVATE, 1) for _ in range(4)]
    assert kept == [4 * SEQ, 5 * SEQ + 1, 6 * SEQ + 2, 7 * SEQ + 3]
    t.shmctl(kept[1], IPC_RMID)
    assert t.shmget(IPC_PRIVATE, 1) == 8 * SEQ + 1
    assert t.shmget(IPC_PRIVATE, 1) == 9 * SEQ + 4
    assert t.sys_shmctl(0, SHM_STAT_ANY, np.zeros(1, fastipc.SHMID_DS)) == -EINVAL
    assert t.shmctl(1, SHM_STAT)[0] == 8 * SEQ + 1


def test_profiles():
    assert Kernel(profile="4.18").profile == "4.18"
    for wrong in ("5.4", "", None):
        with pytest.raises(ValueError, match="profile"):
            Kernel(profile=wrong)


def test_next_id_is_used_once(k, t):
    k.limits.shm_next_id = 5 * SEQ + 70
    assert t.shmget(IPC_PRIVATE, 1) == 5 * SEQ + 70
    assert k.limits.shm_next_id == -1
    k.limits.shm_next_id = 5 * SEQ + 70
    assert t.shmget(IPC_PRIVATE, 1) == 5 * SEQ + 71  # taken: the next index, seq kept
    assert t.shmget(IPC_PRIVATE, 1) == 0  # the cycle goes on where it was
    k.limits.shm_next_id = 5 * SEQ + 70
    assert t.sys_shmget(IPC_PRIVATE, 0) == -EINVAL
    assert k.limits.shm_next_id == 5 * SEQ + 70  # a failure before the id
    k.limits.shm_next_id = -1
    assert t.shmget(IPC_PRIVATE, 1) == 1
    k.limits.shm_next_id = SEQ - 1
    assert t.shmget(IPC_PRIVATE, 1) == SEQ - 1
    k.limits.shm_next_id = SEQ - 1
    assert t.sys_shmget(IPC_PRIVATE, 1) == -ENOSPC  # there is no index after it
    assert k.limits.shm_next_id == -1
    assert t.sys_shmctl(0, IPC_INFO, np.zeros(1, fastipc.SHMINFO)) == SEQ - 1


def test_a_removed_id_never_names_the_next_object(t):
    old = t.shmget(IPC_PRIVATE, 1, 0o600)
    t.shmctl(old, IPC_RMID)
    churn(t, 63)
    new = t.shmget(IPC_PRIVATE, 2, 0o600)
    assert (new % SEQ, new // SEQ) == (0, 1)
    ds = np.zeros(1, fastipc.SHMID_DS)
    assert t.sys_shmctl(old, IPC_STAT, ds) == -EINVAL
    assert t.sys_shmctl(old, IPC_RMID) == -EINVAL
    assert t.sys_shmctl(0, SHM_STAT, ds) == new
    assert t.sys_shmctl(old + 5 * SEQ, SHM_STAT, ds) == new  # an index is told by the lower bits
    assert t.shmctl(new, IPC_STAT).shm_perm.seq == 1


def test_the_highest_index_in_use(t):
    info = np.zeros(1, fastipc.SHM_INFO_T)
    assert t.sys_shmctl(0, SHM_INFO, info) == 0
    ids = [t.shmget(IPC_PRIVATE, 1) for _ in range(200)]
    assert t.sys_shmctl(0, SHM_INFO, info) == 199
    for i in [199, 198, 10, 100, *range(50, 198)]:
        if i != 100 or t.sys_shmctl(ids[i], IPC_STAT, np.zeros(1, fastipc.SHMID_DS)) == 0:
            t.sys_shmctl(ids[i], IPC_RMID)
    assert t.sys_shmctl(0, SHM_INFO, info) == 49
    assert info["used_ids"][0] == 49


def test_how_many_there_may_be(k, t):
    k.limits.shmmni = 3
    ids = [t.shmget(IPC_PRIVATE, 1) for _ in range(3)]
    assert t.sys_shmget(IPC_PRIVATE, 1) == -ENOSPC
    t.shmctl(ids[1], IPC_RMID)
    assert t.shmget(IPC_PRIVATE, 1) == 3
    k.limits.shmmni = 0
    assert t.sys_shmget(IPC_PRIVATE, 1) == -ENOSPC


def test_more_ids_by_ipcmni_extend(make_kernel):
    k = make_kernel(limits={"ipcmni_extend": 1, "shmmni": 1 << 24})
    t = k.spawn()
    assert k.limits.ipcmni_extend == 1
    ids = [t.shmget(i + 1, 1, IPC_CREAT) for i in range(40_000)]
    assert ids == list(range(40_000))
    assert [t.shmget(i + 1, 0) for i in (0, 7, 39_999)] == [0, 7, 39_999]
    assert churn(t, 20_001)[-2:] == [59_999, (1 << 24) + 40_000]
    for shmid in ids:
        t.shmctl(shmid, IPC_RMID)
    with pytest.raises(ValueError, match="ipcmni_extend"):
        k.limits.ipcmni_extend = 0
    with pytest.raises(ValueError, match="shmmni"):
        make_kernel(limits={"shmmni": 32769})


# ---------------------------------------------------------------------------------------------- keys
def test_keys(t):
    a = t.shmget(0x1234, 100, IPC_CREAT | 0o600)
    assert t.shmget(0x1234, 0) == t.shmget(0x1234, 100, 0o600) == t.shmget(0x1234, 100, IPC_CREAT) == a
    assert t.shmget(0x1234, 0, IPC_EXCL) == a  # alone it means nothing
    assert t.shmget(-1, 1, IPC_CREAT) == 1
    assert t.shmget(0xFFFFFFFF, 0) == 1  # a key has 32 bits
    assert t.shmctl(1, IPC_STAT).shm_perm.key == -1
    assert len({t.shmget(IPC_PRIVATE, 1, flags) for flags in (0, IPC_CREAT, IPC_CREAT | IPC_EXCL)}) == 3
    t.shmctl(a, IPC_RMID)
    assert t.sys_shmget(0x1234, 0) == -ENOENT


def test_the_order_of_errors_of_get(k, t):
    t.shmget(7, 5000, IPC_CREAT | 0o600)
    s = k.spawn(uid=1000)
    assert s.sys_shmget(7, 9999, IPC_CREAT | IPC_EXCL | 0o600) == -EEXIST
    assert s.sys_shmget(7, 5001, 0o600) == -EINVAL
    assert s.sys_shmget(7, 5000, 0o600) == -EACCES
    assert s.sys_shmget(7, 0, 0o400) == -EACCES
    assert s.sys_shmget(7, 5000, 0) == 0  # no right is asked for
    assert s.sys_shmget(8, 0) == -ENOENT
    assert s.sys_shmget(8, 0, IPC_CREAT) == -EINVAL


@settings(max_examples=30)
@given(st.lists(st.tuples(st.integers(0, 40), st.booleans()), max_size=200))
def test_keys_against_a_dictionary(steps):
    with Kernel() as k:
        t = k.spawn()
        known = {}
        for key, remove in steps:
            key = key * 0x9E3779B1 + 1
            if remove and key in known:
                t.shmctl(known.pop(key), IPC_RMID)
            elif not remove:
                shmid = t.shmget(key, 1, IPC_CREAT)
                assert known.setdefault(key, shmid) == shmid
        k.verify()
        for key, shmid in known.items():
            assert t.shmget(key, 0) == shmid
        info = t.shmctl(0, SHM_INFO)
        assert info.used_ids == info.shm_tot == len(known)


# ---------------------------------------------------------------------------------------------- permissions
CLASSES = [  # uid, gid, groups of the caller; which bits are his
    ((100, 1, ()), 6),  # the owner
    ((200, 1, ()), 6),  # the creator
    ((1, 300, ()), 3),
    ((1, 400, ()), 3),
    ((1, 1, (300,)), 3),
    ((1, 1, (400,)), 3),
    ((1, 1, (5,)), 0),
]


@pytest.mark.parametrize(("who", "shift"), CLASSES)
@pytest.mark.parametrize("right", [4, 2, 6])
def test_the_classes_of_callers(k, who, shift, right):
    maker = k.spawn(uid=200, gid=400)
    shmid = maker.shmget(7, 1, IPC_CREAT)
    uid, gid, groups = who
    s = k.spawn(uid=uid, gid=gid, groups=groups)
    for mode in (0, 0o777, right << shift, 0o777 & ~(right << shift)):
        maker.shmctl(shmid, IPC_SET, (100, 300, mode))
        granted = mode >> shift & right == right
        for asked in (right, right << 3, right << 6):
            assert s.sys_shmget(7, 1, asked) == (shmid if granted else -EACCES)


def test_cap_ipc_owner_passes_all(k):
    k.spawn(uid=200).shmget(7, 1, IPC_CREAT)
    root = k.spawn()
    assert root.shmget(7, 1, 0o666) == 0
    root.capset(root.capget() - {"CAP_IPC_OWNER"})
    assert root.sys_shmget(7, 1, 0o666) == -EACCES


def test_who_may_set_and_remove(k, t, errno_of):
    shmid = t.shmget(IPC_PRIVATE, 1, 0o666)
    s = k.spawn(uid=100)
    assert errno_of(s.shmctl, shmid, IPC_RMID) == EPERM
    assert errno_of(s.shmctl, shmid, IPC_SET, (100, 0, 0)) == EPERM
    t.shmctl(shmid, IPC_SET, (100, 50, 0o7751))
    perm = t.shmctl(shmid, IPC_STAT).shm_perm
    assert (perm.uid, perm.gid, perm.cuid, perm.cgid, perm.mode) == (100, 50, 0, 0, 0o751)
    s.shmctl(shmid, IPC_SET, (101, 51, 0))  # the owner may give it away
    assert errno_of(s.shmctl, shmid, IPC_SET, (100, 50, 0)) == EPERM
    for ids in ((-1, 0), (0, -1), (0xFFFFFFFF, 0)):
        assert errno_of(t.shmctl, shmid, IPC_SET, (*ids, 0)) == EINVAL
    t.capset(t.capget() - {"CAP_SYS_ADMIN"})
    t.shmctl(shmid, IPC_SET, (101, 51, 0o100))  # the creator
    t.setresuid(5, 5, 5)
    assert errno_of(t.shmctl, shmid, IPC_RMID) == EPERM
    k.spawn(uid=101).shmctl(shmid, IPC_RMID)


# ---------------------------------------------------------------------------------------------- hooks
def test_the_hook_of_an_association(k, t):
    asked = []
    k.hooks["ipc_associate"] = lambda *args: asked.append(args) or (errno.EACCES if args[3] & 0o200 else None)
    shmid = t.shmget(7, 10, IPC_CREAT | 0o600)
    t.shmget(IPC_PRIVATE, 1)
    assert asked == []  # nothing was there before
    assert t.shmget(7, 0, 0o400) == shmid
    assert t.sys_shmget(7, 0, 0o600) == -EACCES
    assert t.sys_shmget(7, 11, 0o600) == -EINVAL
    assert asked == [(t, "shm", shmid, 0o400), (t, "shm", shmid, 0o600)]

    @fastipc.compiled
    def program(t, out):
        out[0] = t.sys_shmget(7, 0, 0o600)
        out[1] = t.sys_shmget(7, 0, 0o400)
        out[2] = t.sys_shmget(8, 1, IPC_CREAT)

    out = np.zeros(3, np.int64)
    k.spawn(program, out)
    k.run()
    assert out.tolist() == [-EACCES, shmid, 2]
    assert len(asked) == 4


def test_a_hook_that_raises(k, t):
    def hook(*args):
        raise KeyError("no")

    t.shmget(7, 1, IPC_CREAT)
    k.hooks["ipc_associate"] = hook
    with pytest.raises(KeyError):
        t.shmget(7, 1)
    assert t.errno == EPERM
    del k.hooks["ipc_associate"]
    assert t.shmget(7, 1) == 0


# ---------------------------------------------------------------------------------------------- namespaces
def test_a_namespace_has_its_own_ids_and_limits(k, t):
    t.shmget(7, 1, IPC_CREAT)
    t.shmget(8, 1, IPC_CREAT)
    k.limits.shmmni = 10
    t.unshare(CLONE_NEWIPC)
    assert t.sys_shmget(7, 1) == -ENOENT
    assert t.shmget(7, 1, IPC_CREAT) == 0
    assert t.ipc_limits.shmmni == 4096
    t.ipc_limits.shmmni = 1
    assert (t.ipc_limits.shmmni, k.limits.shmmni) == (1, 10)
    assert t.sys_shmget(IPC_PRIVATE, 1) == -ENOSPC
    other = k.spawn()
    assert other.shmget(8, 1) == 1
    assert other.ipc_limits.shmmni == 10
    assert "shmmni=1" in repr(t.ipc_limits)
    with pytest.raises(AttributeError):
        t.ipc_limits.pid_max  # noqa: B018


def test_children_are_in_the_namespace_and_the_last_one_takes_it_along(k, t):
    t.unshare(CLONE_NEWIPC)
    shmid = t.shmget(7, 4096, IPC_CREAT | 0o600)
    c, thread = t.fork(), t.thread()
    assert c.shmget(7, 1) == thread.shmget(7, 1) == shmid
    t.execve()
    assert t.shmget(7, 1) == shmid
    d = c.clone(CLONE_NEWIPC | SIGCHLD)
    assert d.sys_shmget(7, 1) == -ENOENT
    assert len(k.table("ipc_namespace", live=True)) == 3
    t.exit_group()
    k.verify()
    assert c.shmget(7, 1) == shmid
    c.exit_group()
    assert len(k.table("ipc_namespace", live=True)) == 2
    assert len(k.table("shm", live=True)) == 0
    thread_of_d = d.thread()
    thread_of_d.unshare(CLONE_NEWIPC)  # of one thread alone
    thread_of_d.shmget(7, 1, IPC_CREAT)
    assert d.sys_shmget(7, 1) == -ENOENT


def test_an_attach_keeps_its_namespace(k, t):
    t.unshare(CLONE_NEWIPC)
    shmid = t.shmget(IPC_PRIVATE, 4096, 0o600)
    address = t.shmat(shmid)
    t.store(address, b"kept")
    t.unshare(CLONE_NEWIPC)
    assert len(k.table("ipc_namespace", live=True)) == 3
    assert t.sys_shmctl(shmid, IPC_RMID) == -EINVAL
    assert t.load(address, 4) == b"kept"
    t.shmdt(address)
    assert len(k.table("ipc_namespace", live=True)) == 2
    assert len(k.table("shm", live=True)) == 0


def test_who_may_have_a_namespace(k, errno_of):
    s = k.spawn(uid=5)
    assert errno_of(s.unshare, CLONE_NEWIPC) == EPERM
    assert errno_of(s.clone, CLONE_NEWIPC | SIGCHLD) == EPERM
    assert errno_of(s.clone, CLONE_NEWIPC | CLONE_SYSVSEM | SIGCHLD) == EPERM
    root = k.spawn()
    assert errno_of(root.clone, CLONE_NEWIPC | CLONE_SYSVSEM | SIGCHLD) == EINVAL
    assert errno_of(root.unshare, CLONE_NEWIPC | CLONE_NEWUTS) == EINVAL
    root.unshare(CLONE_NEWIPC | CLONE_SYSVSEM)
    assert len(k.table("ipc_namespace", live=True)) == 2


@pytest.mark.parametrize("table", ["ipc_namespace", "ipc_ids", "row"])
def test_a_namespace_that_cannot_be_had(k, t, table, rows, errno_of):
    t.pipe()
    before = rows(k)
    for nth in (1, 2, 3):
        k.inject(table, nth)
        if table == "ipc_namespace" and nth > 1:
            k.inject(table, 0)
            continue
        assert errno_of(t.unshare, CLONE_NEWIPC) == errno.ENOMEM
        k.verify()
    assert rows(k) == before


def test_files_of_proc_are_those_of_the_reader(k, t):
    t.shmget(7, 1, IPC_CREAT)
    old = t.open("/proc/sysvipc/shm", 0)
    limit = t.open("/proc/sys/kernel/shmmni", O_RDWR)
    t.unshare(CLONE_NEWIPC)
    new = t.open("/proc/sysvipc/shm", 0)
    assert len(t.pread(old, 4096, 0).splitlines()) == 2
    assert len(t.pread(new, 4096, 0).splitlines()) == 1
    t.write(limit, b"17")  # that of the namespace where it was opened
    assert (k.limits.shmmni, t.ipc_limits.shmmni) == (17, 4096)
    mine = t.open("/proc/sys/kernel/shmmni", O_RDWR)
    t.write(mine, b"18")
    assert (k.limits.shmmni, t.ipc_limits.shmmni) == (17, 18)
    other = k.spawn()
    assert other.read(other.open("/proc/sys/kernel/shmmni", 0), 10) == b"17\n"
    t.unshare(CLONE_NEWIPC)
    assert t.pread(mine, 10, 0) == b"18\n"  # a file keeps its namespace


# ---------------------------------------------------------------------------------------------- limits
def test_limits_in_proc_and_in_python(k, t):
    for name, value in k.limits.to_dict().items():
        if name in dir(t.ipc_limits):
            text = "\t".join(map(str, value)) if name == "sem" else str(value)
            assert k.read_proc(f"/proc/sys/kernel/{name}") == f"{text}\n"
            assert getattr(t.ipc_limits, name) == value
    assert k.read_proc("/proc/sys/vm/nr_hugepages") == "0\n"
    with pytest.raises(FileNotFoundError):
        k.read_proc("/proc/sys/kernel/ipcmni_extend")


WRITES = [
    ("shmmax", b"-1", 0, None),  # a negative number is passed over
    ("shmmax", b"18446744073709551615", 0, 2**64 - 1),
    ("shmmax", b"18446744073709551616", -EINVAL, None),
    ("shmmax", b"0x10", 0, 16),
    ("shmall", b"7", 0, 7),
    ("shmmni", b"32768", 0, 32768),
    ("shmmni", b"32769", -EINVAL, None),
    ("shmmni", b"-1", -EINVAL, None),
    ("shm_rmid_forced", b"2", -EINVAL, None),
    ("shm_rmid_forced", b"1", 0, 1),
    ("shm_next_id", b"5", 0, 5),
    ("shm_next_id", b"-1", -EINVAL, None),
    ("shm_next_id", b"2147483648", -EINVAL, None),
    ("msgmax", b"2147483647", 0, 2**31 - 1),
    ("msgmax", b"2147483648", -EINVAL, None),
    ("msgmnb", b"x", -EINVAL, None),
    ("msgmni", b"40000", -EINVAL, None),
    ("sem", b"1 2 3 4", 0, (1, 2, 3, 4)),
    ("sem", b"7", 0, (7, 1024000000, 500, 32000)),
    ("sem", b"-5\t-6\n", 0, (-5, -6, 500, 32000)),
    ("sem", b"10 12 5 40000", -errno.ERANGE, (10, 12, 5, 32000)),
    ("sem", b"10 x", -EINVAL, (10, 1024000000, 500, 32000)),
]


@pytest.mark.parametrize(("name", "text", "ret", "value"), WRITES)
def test_writes_to_proc(k, t, name, text, ret, value):
    old = getattr(k.limits, name)
    fd = t.open(f"/proc/sys/kernel/{name}", O_RDWR)
    assert t.sys_write(fd, text) == (ret or len(text))
    assert getattr(k.limits, name) == (old if value is None else value)


def test_who_may_write_limits(k, errno_of):
    s = k.spawn(uid=5)
    for name in dir(s.ipc_limits):
        assert s.open(f"/proc/sys/kernel/{name}", 0) >= 0
        assert errno_of(s.open, f"/proc/sys/kernel/{name}", O_RDWR) == EACCES


def test_values_that_are_none(k):
    for name, value in (
        ("shmmax", -1), ("shmmax", 2**64), ("shmmni", -1), ("shm_next_id", -2), ("shm_next_id", 2**31),
        ("shm_rmid_forced", 2), ("sem", (1, 2, 3, -1)), ("sem", (1, 2, 3, 40000)), ("nr_hugepages", 1),
    ):  # fmt: skip
        old = getattr(k.limits, name)
        with pytest.raises(ValueError, match=name):
            setattr(k.limits, name, value)
        assert getattr(k.limits, name) == old
    for name, value in (("sem", 1), ("sem", (1, 2, 3)), ("sem", "1234"), ("shmmni", 1.5), ("shmmni", (1,))):
        with pytest.raises(TypeError, match=name):
            setattr(k.limits, name, value)
    k.limits.sem = [1, 2, 3, 4]
    assert k.limits.sem == (1, 2, 3, 4)
    assert Kernel(limits={"sem": (250, 32000, 32, 128), "shmmax": 5}).limits.sem == (250, 32000, 32, 128)


def test_limits_of_the_dead(t):
    limits = t.ipc_limits
    t.exit_group()
    with pytest.raises(fastipc.TaskExited):
        limits.shmmni  # noqa: B018
