"""k.table: NumPy views of the machine's tables."""

import ctypes
import gc

import numpy as np
import pytest

import fastipc
from fastipc import Kernel

NAMES = "task signal sighand files fd file inode pipe pipe_buffer page user timer poll_entry rlimit".split()
NAMES += "cred group_info group mm vm_area ipc_namespace ipc_ids shm sysv".split()


@pytest.mark.parametrize("name", NAMES)
def test_every_table_is_a_structured_view(k, name):
    p = k.spawn(groups=[7])
    r, w = p.pipe()
    p.write(w, b"x" * 100)
    q = p.fork()
    p.shmat(p.shmget(7, 5000, fastipc.IPC_CREAT | 0o600))
    q.submit("poll", [(w, 0), (r, fastipc.POLLPRI)], 1000)
    k.run(until=0.5)
    view = k.table(name)
    assert isinstance(view, np.ndarray)
    assert view.ndim == 1
    assert "live" in view.dtype.names
    live = k.table(name, live=True)
    assert len(live) == np.count_nonzero(view["live"])
    assert len(live) > 0
    assert live.dtype == view.dtype
    assert (live["live"] != 0).all()


FILE_TABLES = "fs xa_node dentry name super_block mount journal journal_head".split()


@pytest.mark.parametrize("name", FILE_TABLES)
def test_the_tables_of_the_file_system(k, name):
    t = k.spawn()
    fd = t.open("/tmp/" + "n" * 20, fastipc.O_CREAT | fastipc.O_RDWR)
    t.write(fd, b"x")
    t.mkdir("/d")
    view = k.table(name)
    assert view.ndim == 1
    assert not view.flags.writeable
    assert (len(k.table(name, live=True)) > 0) is (name != "journal_head")  # those only while a call lasts


SYSV_TABLES = "sem_array sem sem_queue sem_undo sem_undo_list msg_queue msg_msg msg_receiver msg_sender".split()
SYSV_TABLES += "sysv ipc_namespace ipc_ids shm mm vm_area".split()

SIGNAL_TABLES = "sigaction sigqueue handler sigframe thread itimer k_itimer".split()
READY_TABLES = "fown fasync pipe_fasync signalfd_ctx".split()

NAMESPACE_TABLES = "pid_namespace upid user_namespace".split()


@pytest.mark.parametrize("name", NAMESPACE_TABLES)
def test_the_tables_of_namespaces(k, name):
    t = k.spawn()
    t.clone(fastipc.CLONE_NEWPID | fastipc.CLONE_NEWUSER | fastipc.SIGCHLD)
    assert len(k.table(name, live=True)) == 1
    assert not k.table(name).flags.writeable


@pytest.mark.parametrize("name", SIGNAL_TABLES)
def test_the_tables_of_signals(k, name):
    t = k.spawn()
    seen = []

    def handler(t, signo, info):
        seen.append(len(k.table(name, live=True)))

    t.sigaction(fastipc.SIGUSR1, handler)
    t.sigprocmask(fastipc.SIG_BLOCK, [fastipc.SIGUSR2])
    t.timer_create(fastipc.CLOCK_MONOTONIC)
    t.sigaltstack((0x10000, fastipc.SS_DISABLE, 0))
    t.kill(t.pid, fastipc.SIGUSR2)
    t.kill(t.pid, fastipc.SIGUSR1)
    assert seen[0] > 0
    assert not k.table(name).flags.writeable


@pytest.mark.parametrize("name", READY_TABLES)
def test_the_tables_of_signals_of_files(k, name):
    t = k.spawn()
    r, w = t.pipe()
    t.fcntl(r, fastipc.F_SETOWN, t)
    t.fcntl(r, fastipc.F_SETFL, fastipc.O_ASYNC)
    t.signalfd(-1, [fastipc.SIGIO])
    assert len(k.table(name, live=True)) == 1
    assert not k.table(name).flags.writeable
    for fd in range(3):
        t.close(fd)
    assert len(k.table(name, live=True)) == 0


@pytest.mark.parametrize("name", SYSV_TABLES)
def test_the_tables_of_memory_and_system_v(k, name):
    a, b, c, d = (k.spawn() for _ in range(4))
    semid, msqid = a.semget(0, 2, 0o600), a.msgget(0, 0o600)
    a.semop(semid, [(0, 1, fastipc.SEM_UNDO)])
    a.shmat(a.shmget(0, 4096, 0o600))
    a.msgctl(msqid, fastipc.IPC_SET, (0, 0, 0o600, 1))
    a.msgsnd(msqid, 1, b"x")
    b.submit("semop", semid, [(1, -1)])
    c.submit("msgrcv", msqid, 10, 7)
    d.submit("msgsnd", msqid, 1, b"y")
    k.run(until=k.now)
    assert len(k.table(name, live=True)) > 0
    assert not k.table(name).flags.writeable


def size(dtype):
    """Bytes of a dtype's fields, of those of nested structs too."""
    if dtype.subdtype is not None:
        base, shape = dtype.subdtype
        return size(base) * int(np.prod(shape))
    return dtype.itemsize if dtype.names is None else sum(size(dtype[name]) for name in dtype.names)


def described():
    """The names of the structs that have a dtype."""
    from fastipc._core import layout

    inside = "fdbits pid pidbits pollfd dhash siginfo stat kht shmid_ds shminfo shm_info".split()
    inside += "signalfd_siginfo sembuf semid_ds seminfo msqid_ds msginfo".split()
    tables = [*NAMES, *FILE_TABLES, *SYSV_TABLES, *SIGNAL_TABLES, *NAMESPACE_TABLES, *READY_TABLES]
    return {name: layout.dtype(name) for name in [*tables, *inside]}


@pytest.mark.parametrize(("name", "dtype"), described().items(), ids=lambda x: x if isinstance(x, str) else "")
def test_no_struct_has_a_hole(name, dtype):
    """What is not a field would be left as it was by copies of fields, and differ between two runs."""
    assert size(dtype) == dtype.itemsize


def test_every_table_can_be_looked_at(k):
    with pytest.raises(ValueError) as caught:
        k.table("chairs")
    names = str(caught.value).split("one of ")[1].split(", ")
    every = {*NAMES, *FILE_TABLES, *SYSV_TABLES, *SIGNAL_TABLES, *NAMESPACE_TABLES, *READY_TABLES}
    assert set(names) == every
    assert all(len(k.table(name).dtype.names) > 1 for name in names)
    assert all(name in (fastipc.Kernel.table.__doc__ or "") for name in names)


def test_a_view_is_read_only_and_a_copy_is_ones_own(k):
    k.spawn()
    view = k.table("task")
    assert not view.flags.writeable
    with pytest.raises(ValueError):
        view["pid"][:] = 0
    with pytest.raises(ValueError):
        view.flags.writeable = True
    copy = k.table("task", live=True)
    copy["pid"][:] = 0
    assert 1 in k.table("task")["pid"]


def test_a_view_is_live_and_rows_do_not_move(k):
    p = k.spawn()
    r, w = p.pipe()
    view = k.table("pipe")
    row = int(np.flatnonzero(view["live"])[0])
    assert view[row]["head"] - view[row]["tail"] == 0
    p.write(w, b"x")
    assert view[row]["head"] - view[row]["tail"] == 1
    address = view.ctypes.data
    ends = [p.pipe() for _ in range(400)]
    assert len(ends) == 400
    assert k.table("pipe").ctypes.data == address
    assert view[row]["head"] - view[row]["tail"] == 1
    p.close(r)
    p.close(w)
    assert not view[row]["live"]


def test_views_reach_up_to_the_high_water_mark(k):
    p = k.spawn()
    before = len(k.table("file"))
    ends = [p.pipe() for _ in range(50)]
    high = len(k.table("file"))
    assert high - max(before, 1) == 100
    for r, w in ends:
        p.close(r)
        p.close(w)
    assert len(k.table("file")) == high
    assert len(k.table("file", live=True)) == 0


def test_free_rows_are_used_again(k):
    p = k.spawn()
    for _ in range(1000):
        r, w = p.pipe()
        p.close(r)
        p.close(w)
    assert len(k.table("file")) < 10
    assert len(k.table("pipe")) < 5
    assert len(k.table("pipe_buffer")) < 100


def test_a_view_outlives_the_kernel():
    k = Kernel()
    p = k.spawn(uid=77)
    p.pipe()
    views = {name: k.table(name) for name in NAMES}
    slices = views["cred"]["uid"][1:]
    k.close()
    total = sum(int(np.frombuffer(np.ascontiguousarray(v).tobytes(), np.uint8).sum()) for v in views.values())
    assert total >= 0
    del k, p
    gc.collect()
    assert slices.sum() >= 0
    views.clear()
    assert slices.sum() >= 0
    del slices
    gc.collect()


def test_a_view_keeps_a_dropped_kernels_memory():
    k = Kernel()
    k.spawn(uid=77).pipe()
    view = k.table("cred")["uid"]
    del k
    gc.collect()
    assert 77 in view


def test_the_task_table_under_linuxs_names(k):
    p = k.spawn(uid=5, gid=6)
    c = p.fork()
    t = p.thread()
    tasks = {int(row["pid"]): row for row in k.table("task", live=True)}
    assert set(tasks) == {1, p.pid, c.pid, t.pid}
    assert tasks[t.pid]["tgid"] == p.pid
    assert tasks[c.pid]["tgid"] == c.pid
    creds = k.table("cred")
    assert {tuple(creds[["uid", "gid"]][tasks[t.pid]["cred"]]) for t in (p, c, t)} == {(5, 6)}
    parent = int(tasks[c.pid]["real_parent"])
    assert k.table("task")[parent]["pid"] == p.pid


def test_the_pipe_and_page_tables(k):
    p = k.spawn()
    r, w = p.pipe()
    p.write(w, b"x" * 10_000)
    pipe = k.table("pipe", live=True)[0]
    assert (pipe["head"], pipe["tail"], pipe["readers"], pipe["writers"]) == (3, 0, 1, 1)
    assert pipe["ring_size"] == pipe["max_usage"] == 16
    bufs = k.table("pipe_buffer")[pipe["bufs"] : pipe["bufs"] + 3]
    assert bufs["len"].tolist() == [4096, 4096, 1808]
    pages = k.table("page")[bufs["page"]]
    assert (pages["refcount"] == 1).all()
    assert len(set(bufs["page"].tolist())) == 3


def test_the_file_table(k):
    p = k.spawn()
    r, w = p.pipe()
    p.dup(r)
    p.fork()
    counts = sorted(k.table("file", live=True)["f_count"].tolist())
    assert counts == [2, 4]


def test_the_struct_dtypes_are_the_kernels(k):
    assert fastipc.POLLFD.itemsize == 8
    assert fastipc.POLLFD.names == ("fd", "events", "revents")
    assert "st_mode" in fastipc.STAT.names
    stat = np.zeros(1, fastipc.STAT)
    p = k.spawn()
    r, _ = p.pipe()
    assert p.sys_fstat(r, stat) == 0
    assert stat["st_mode"][0] == 0o010600
    assert stat["st_ino"][0] == p.fstat(r).st_ino


@pytest.mark.parametrize(
    ("table", "field", "delta", "word"),
    [
        ("pipe", "readers", 1, "pipe"),
        ("pipe", "writers", -1, "pipe"),
        ("pipe", "head", 20, "pipe"),
        ("pipe", "bufs", 16, ""),
        ("pipe_buffer", "len", 5000, "pipe"),
        ("pipe_buffer", "page", 1, ""),
        ("file", "f_count", 1, "file"),
        ("files", "count", 1, "file"),
        ("files", "nr_open", 1, "file"),
        ("cred", "count", 1, "cred"),
        ("cred", "uid", 1, "cred"),
        ("cred", "cap_effective", 1 << 50, "cred"),
        ("user", "processes", 1, "cred"),
        ("page", "refcount", 1, ""),
        ("page", "live", -1, "page"),
        ("inode", "i_count", 1, ""),
        ("signal", "nr_threads", 1, "fork"),
        ("signal", "count", 1, ""),
        ("sighand", "count", 1, ""),
        ("user", "count", 1, ""),
        ("user", "pipe_bufs", 1, ""),
        ("rlimit", "count", 1, ""),
        ("task", "pid", 1, "pid"),
        ("task", "group_leader", 1, ""),
        ("task", "real_parent", 1, ""),
        ("timer", "expires", -(10**12), ""),
        ("poll_entry", "task", 1, ""),
        ("dentry", "d_count", 1, "dcache"),
        ("dentry", "d_parent", 1, ""),
        ("dentry", "d_hash", 1, "dcache"),
        ("inode", "nrpages", 1, "pages"),
        ("inode", "i_nlink", 1, "links"),
        ("super_block", "s_blocks", 1, "blocks"),
        ("super_block", "s_inodes", -1, "inodes"),
        ("mount", "mnt_count", 1, "mount"),
        ("fs", "count", 1, "fs_struct"),
        ("journal", "h_ref", 1, "journal"),
        ("xa_node", "count", 1, "xarray"),
        ("shm", "shm_nattch", 1, "shm"),
        ("shm", "shm_segsz", 1, "shm"),
        ("shm", "shm_creator", 1, "shm"),
        ("shm", "mlock_user", 1, ""),
        ("shm", "shm_perm.key", 1, "ipc"),
        ("shm", "shm_perm.seq", 1, "ipc"),
        ("shm", "shm_perm.id", 1, "ipc"),
        ("ipc_ids", "in_use", 1, "ipc"),
        ("ipc_ids", "max_idx", 1, "ipc"),
        ("ipc_ids", "nr_keys", 1, "ipc"),
        ("ipc_namespace", "count", 1, "ipc"),
        ("ipc_namespace", "shm_tot", 1, "shm"),
        ("sysv", "live", -1, "ipc"),
        ("user", "locked_shm", 1, "shm"),
        ("pid_namespace", "count", 1, "pid"),
        ("pid_namespace", "pid_allocated", 1, "pid"),
        ("upid", "count", 1, "pid"),
        ("upid", "nr", 1, "pid"),
        ("user_namespace", "count", 1, "user"),
        ("user", "sigpending", 1, "user"),
        ("user", "ns", -1, ""),
    ],
)
def test_verify_finds_what_is_broken(table, field, delta, word):
    """The checks are worth something: change one number behind the machine's back."""
    with Kernel() as k:
        p = k.spawn(uid=9)
        r, w = p.pipe()
        p.write(w, b"x" * 100)
        s = k.spawn()
        s.unshare(fastipc.CLONE_NEWIPC)
        s.shmat(s.shmget(7, 5000, fastipc.IPC_CREAT | 0o600))
        s.submit("nanosleep", 1)
        k.spawn().clone(fastipc.CLONE_NEWPID | fastipc.CLONE_NEWUSER | fastipc.SIGCHLD)
        p.write(p.open("/tmp/file", fastipc.O_CREAT | fastipc.O_RDWR), b"x")
        p.fork().submit("poll", [(r, fastipc.POLLPRI)], 5000)
        k.run(until=0)
        k.verify()
        view = k.table(table)
        row = int(np.flatnonzero(view["live"])[-1])
        column = view
        for part in field.split("."):
            column = column[part]
        cell = {1: ctypes.c_uint8, 2: ctypes.c_uint16, 4: ctypes.c_uint32, 8: ctypes.c_uint64}[column.itemsize]
        cell.from_address(column.ctypes.data + row * view.itemsize).value += delta
        with pytest.raises(fastipc.InvariantError, match=word or None):
            k.verify()
