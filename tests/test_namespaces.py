"""Namespaces of pids and of users, in every kind of program: numbers, ends, maps, failures, and nothing left behind."""

import errno

import numpy as np
import pytest

import fastipc
from fastipc import (
    CLONE_NEWIPC,
    CLONE_NEWPID,
    CLONE_NEWUSER,
    EINVAL,
    EPERM,
    ESRCH,
    F_SETFL,
    F_SETOWN,
    IPC_CREAT,
    IPC_PRIVATE,
    IPC_RMID,
    IPC_STAT,
    O_ASYNC,
    O_RDWR,
    SIG_BLOCK,
    SIGCHLD,
    SIGIO,
    SIGKILL,
    SIGTERM,
    SIGUSR1,
    WNOHANG,
    Kernel,
    TaskExited,
    compiled,
)

NEW = {"pid": CLONE_NEWPID, "user": CLONE_NEWUSER, "all": CLONE_NEWPID | CLONE_NEWUSER | CLONE_NEWIPC}


def number_of(call, *args):
    """The errno of a call, None if it succeeds."""
    try:
        call(*args)
    except OSError as error:
        return error.errno
    return None


def write(t, path, text):
    """Write to a file of /proc; the result or -errno."""
    fd = t.open(path, O_RDWR)
    ret = t.sys_write(fd, text)
    t.close(fd)
    return ret


# ---------------------------------------------------------------------------------------------- numbers
def test_tasks_as_numbers(k, errno_of):
    a = k.spawn()
    b = a.clone(CLONE_NEWPID | SIGCHLD)
    c, d = b.fork(), b.fork()
    assert (b.nspid, c.nspid, d.nspid) == ((b.pid, 1), (c.pid, 2), (d.pid, 3))
    assert (a.nspid, k.init.nspid) == ((a.pid,), (1,))
    assert c.getpgid(b) == c.getpgid(1) == 0
    d.setpgid(0, 0)
    assert b.getpgid(d) == b.getpgid(3) == 3
    assert errno_of(c.kill, a, 0) == ESRCH  # whom it does not see is nobody, and not its own group
    assert errno_of(c.getpgid, a) == ESRCH
    assert a.getpgid(d) == d.pid
    assert k.tasks[d.pid] is d
    assert c.ppid == b.pid
    d.exit()
    assert b.wait4(d) == (3, 0)
    assert d.nspid == (d.pid,)


def test_what_sys_fork_returns(k):
    a = k.spawn()
    b = a.clone(CLONE_NEWPID | SIGCHLD)
    assert b.sys_fork() == 2
    assert b.sys_thread() == 3
    assert b.sys_clone(CLONE_NEWPID | SIGCHLD) == 4
    assert b.syscall("fork") == 5
    newest = max(k.tasks.values(), key=lambda t: t.pid)
    assert newest.nspid == (newest.pid, 5)
    assert [t.nspid[1:] for t in k.tasks.values()][2:] == [(1,), (2,), (3,), (4, 1), (5,)]


def test_thread_ids_in_memory(k):
    a = k.spawn()
    a.unshare(CLONE_NEWPID)
    at = a.mmap(4096, fastipc.PROT_READ | fastipc.PROT_WRITE, fastipc.MAP_SHARED | fastipc.MAP_ANONYMOUS)
    flags = fastipc.CLONE_PARENT_SETTID | fastipc.CLONE_CHILD_SETTID | SIGCHLD
    pid = a.syscall("clone", flags, 0, at, at + 4)
    assert np.frombuffer(a.load(at, 8), np.int32).tolist() == [pid, 1]


def test_numbers_in_proc(k):
    a = k.spawn()
    b = a.clone(CLONE_NEWPID | SIGCHLD)
    c = b.clone(CLONE_NEWPID | SIGCHLD)
    c.setpgid(0, 0)
    status = dict(line.split(":\t", 1) for line in k.read_proc(f"/proc/{c.pid}/status").splitlines())
    assert status["Pid"] == str(c.pid)
    assert status["NSpid"] == status["NStgid"] == f"{c.pid}\t2\t1"
    assert status["NSpgid"] == f"{c.pid}\t2\t1"
    assert status["NSsid"] == f"{a.pid}\t0\t0"
    assert c.readlink("/proc/self") == str(c.pid)  # /proc is mounted once, in the first namespace


def test_numbers_in_segments_and_queues(k):
    a = k.spawn()
    b = a.clone(CLONE_NEWPID | SIGCHLD)
    c = b.fork()
    shmid, msqid = c.shmget(7, 4096, IPC_CREAT | 0o666), c.msgget(7, IPC_CREAT | 0o666)
    c.shmdt(c.shmat(shmid))
    c.msgsnd(msqid, 1, b"x")
    a.msgrcv(msqid, 10)
    for task, cpid, lspid, lrpid in ((a, c.pid, c.pid, a.pid), (b, 2, 2, 0), (c, 2, 2, 0)):
        segment, queue = task.shmctl(shmid, IPC_STAT), task.msgctl(msqid, IPC_STAT)
        assert (segment.shm_cpid, segment.shm_lpid) == (cpid, cpid)
        assert (queue.msg_lspid, queue.msg_lrpid) == (lspid, lrpid)
    text = b.read(b.open("/proc/sysvipc/shm", 0), 4096).splitlines()[1].split()
    assert text[4:6] == [b"2", b"2"]
    assert k.read_proc("/proc/sysvipc/msg").splitlines()[1].split()[5:7] == [str(c.pid), str(a.pid)]
    c.exit()
    assert b.shmctl(shmid, IPC_STAT).shm_cpid == 2  # also when it has ended
    b.wait4(c)
    assert b.fork().nspid[1] == 3
    assert b.shmctl(shmid, IPC_STAT).shm_cpid == 2
    a.kill(b, SIGKILL)
    a.wait4()
    assert len(k.table("upid", live=True)) == 1
    assert a.shmctl(shmid, IPC_STAT).shm_cpid == c.pid
    a.shmctl(shmid, IPC_RMID)
    a.msgctl(msqid, IPC_RMID)
    assert len(k.table("upid", live=True)) == 0


def test_numbers_come_again_after_the_last_one(k):
    a = k.spawn()
    b = a.clone(CLONE_NEWPID | SIGCHLD)
    for expected in (2, 3, 4):
        assert b.sys_fork() == expected
        next(t for t in k.tasks.values() if t.nspid[1:] == (expected,)).exit()
        assert b.wait4() == (expected, 0)


# ---------------------------------------------------------------------------------------------- every kind of program
def test_plain_functions(k):
    seen = []

    def inner(t):
        seen.append((t.getpid(), t.getppid(), t.gettid()))
        t.fork(grandchild)
        seen.append(t.wait4())

    def grandchild(t):
        seen.append((t.getpid(), t.getppid()))
        t.exit(3)

    def outer(t):
        t.unshare(CLONE_NEWPID)
        child = t.fork(inner)
        seen.append(t.wait4() == (child.pid, 0))

    k.spawn(outer)
    k.run()
    assert seen == [(1, 0, 1), (2, 1), (2, 0x300), True]


def test_generators(k):
    seen = []

    def inner(t):
        seen.append(((yield t.getpid()), (yield t.getppid())))
        yield t.fork(sleeper)
        yield t.kill(-1, SIGTERM)
        seen.append((yield t.wait4()))
        yield t.fork(sleeper)
        yield t.exit(1)

    def sleeper(t):
        yield t.nanosleep(100)

    def outer(t):
        child = yield t.clone(CLONE_NEWPID | SIGCHLD, inner)
        seen.append((yield t.wait4()) == (child.pid, 0x100))

    k.spawn(outer)
    k.run()
    assert seen == [(1, 0), (2, SIGTERM), True]
    assert k.now == 0  # the second sleeper ended with its init


@compiled
def compiled_sleeper(t, seconds):
    """Sleep."""
    t.nanosleep(seconds)


@compiled
def compiled_inner(t, out):
    """Tell the numbers."""
    out[0], out[1], out[2] = t.getpid(), t.getppid(), t.gettid()
    out[3] = t.fork(compiled_sleeper, 100.0)
    out[4] = t.sys_kill(1, SIGKILL)
    out[5] = t.sys_kill(out[3], SIGKILL)
    pid, status = t.wait4()
    out[6], out[7] = pid, status
    out[8] = t.fork(compiled_sleeper, 100.0)


@compiled
def compiled_outer(t, out):
    """Make a namespace."""
    t.unshare(CLONE_NEWPID)
    t.fork(compiled_inner, out)
    t.wait4()
    out[9] = t.sys_fork(compiled_sleeper, 1.0)
    t.unshare(CLONE_NEWUSER)
    out[10] = t.getuid()
    out[11] = t.sys_setuid(0)


def test_compiled_programs(k):
    out = np.zeros(12, np.int64)
    k.spawn(compiled_outer, out)
    k.run()
    assert out.tolist() == [1, 0, 1, 2, 0, 0, 2, SIGKILL, 3, -errno.ENOMEM, 65534, -EINVAL]
    assert k.now == 0


def test_raw_calls(k):
    a = k.spawn()
    assert a.syscall("unshare", CLONE_NEWPID) == 0
    pid = a.syscall("fork")
    b = k.tasks[pid]
    assert [b.syscall(name) for name in ("getpid", "getppid", "gettid", "getpgid", "getsid")] == [1, 0, 1, 0, 0]
    assert b.syscall("kill", 1, SIGKILL) == 0
    assert b.syscall("setsid") == 1
    assert b.syscall("unshare", CLONE_NEWUSER) == 0
    assert [b.syscall(name) for name in ("getuid", "geteuid", "getgid", "getegid")] == [65534] * 4
    assert b.syscall("setresuid", 0, 0, 0) == -EINVAL
    assert b.syscall("setgroups", 0, 0) == -EPERM


# ---------------------------------------------------------------------------------------------- ends
def test_an_init_that_waits_takes_no_calls(k):
    a = k.spawn()
    a.unshare(CLONE_NEWPID)
    b, c = a.fork(), a.fork()
    b.exit(2)
    assert (b.state, b.exit_status, c.state) == ("sleeping", None, "zombie")
    for call in (b.getpid, b.sys_getpid, lambda: b.kill(1, 0), lambda: b.submit("pause")):
        with pytest.raises(TaskExited):
            call()
    assert a.kill(b, SIGTERM) is None  # it is there, and takes nothing
    call = a.submit("wait4", b)
    k.run()
    assert not call.done()
    assert k.read_proc(f"/proc/{b.pid}/status").splitlines()[1] == "State:\tS (sleeping)"
    assert a.waiting[0] == "wait4"
    call.cancel()
    assert a.wait4(c) == (c.pid, SIGKILL)
    assert b.state == "zombie"


def test_a_group_keeps_an_init_waiting(k):
    a = k.spawn()
    p = a.fork()
    p.unshare(CLONE_NEWPID)
    b, c = p.fork(), p.fork()
    p.setpgid(c, 0)
    p.setpgid(0, c)
    b.exit(2)
    assert p.wait4(c) == (c.pid, SIGKILL)
    assert b.state == "sleeping"  # its number 2 is that of a group still
    p.setpgid(0, a)
    assert b.state == "zombie"
    assert p.wait4() == (b.pid, 0x200)


def test_a_call_in_progress_ends_with_its_init(k):
    a = k.spawn()
    b = a.clone(CLONE_NEWPID | SIGCHLD)
    c = b.fork()
    r, _ = c.pipe()
    call = c.submit("read", r, 10)
    k.run()
    a.kill(b, SIGKILL)
    assert call.done()
    with pytest.raises(TaskExited):
        call.result()
    assert (c.state, b.state) == ("dead", "zombie")


def test_inits_of_thirty_two_levels_end_at_once(k):
    top = t = k.spawn()
    for _ in range(32):
        t = t.clone(CLONE_NEWPID | SIGCHLD)
        t.fork()
    assert len(k.tasks) == 66
    first = k.tasks[top.pid + 1]
    top.kill(first, SIGKILL)
    assert top.wait4() == (first.pid, SIGKILL)
    assert len(k.tasks) == 2
    assert len(k.table("pid_namespace", live=True)) == 0


def test_compiled_programs_end_with_their_init(k):
    @compiled
    def init(t, n):
        for _ in range(n):
            t.fork(compiled_sleeper, 100.0)
        t.nanosleep(1.0)

    a = k.spawn()
    a.clone(CLONE_NEWPID | SIGCHLD, init, 50)
    k.run(until=0.5)
    assert len(k.tasks) == 53
    k.run(until=1.5)
    assert len(k.tasks) == 3
    assert a.wait4()[1] == 0


def test_a_caller_dies_with_the_init_that_it_wakes(k):
    a = k.spawn()
    b = a.clone(CLONE_NEWPID | SIGCHLD)
    c = b.fork()
    b.sigaction(SIGUSR1, lambda t, signo, info: t.exit_group(4))
    assert c.kill(1, SIGUSR1) is None  # kill has returned when the handler runs
    assert (b.state, c.state) == ("zombie", "dead")
    with pytest.raises(TaskExited):
        c.getpid()
    assert a.wait4() == (b.pid, 0x400)


@pytest.mark.parametrize("call", [lambda t, r, w: t.write(w, b"x"), lambda t, r, w: t.sys_write(w, b"x"),
                                  lambda t, r, w: t.read(r, 1), lambda t, r, w: t.writev(w, [b"x"])])
def test_a_caller_dies_with_the_init_that_its_data_wakes(k, call):
    a = k.spawn()
    b = a.clone(CLONE_NEWPID | SIGCHLD)
    r, w = b.pipe()
    c = b.fork()
    c.write(w, b"y")
    for fd in (r, w):
        b.fcntl(fd, F_SETOWN, 1)
        b.fcntl(fd, F_SETFL, O_ASYNC)
    b.sigaction(SIGIO, lambda t, signo, info: t.exit_group(4))
    assert call(c, r, w) in (1, b"y")
    assert (b.state, c.state) == ("zombie", "dead")
    with pytest.raises(TaskExited):
        c.getpid()
    assert a.wait4() == (b.pid, 0x400)


def test_who_is_spawned_is_where_the_children_of_its_parent_are(k):
    a = k.spawn()
    b = a.clone(CLONE_NEWPID | SIGCHLD)
    c = k.spawn(parent=b)
    assert (c.getpid(), c.getppid(), c.getsid()) == (2, 1, 2)
    c.exit(1)
    assert b.wait4() == (2, 0x100)
    a.unshare(CLONE_NEWPID)
    d = k.spawn(parent=a)
    assert (d.getpid(), d.nspid) == (1, (d.pid, 1))
    d.kill(1, SIGKILL)
    d.exit()
    with pytest.raises(OSError, match="Cannot allocate memory"):
        k.spawn(parent=a)


def test_a_machine_may_be_closed_with_namespaces():
    with Kernel() as k:
        a = k.spawn()
        a.unshare(CLONE_NEWPID)
        b, c = a.fork(), a.fork()
        b.unshare(CLONE_NEWUSER)
        c.submit("pause")
        b.exit()
    assert b.nspid == (b.pid,)
    assert c.state == "dead"


# ---------------------------------------------------------------------------------------------- users
def test_attributes_are_those_of_the_first_namespace(k):
    a = k.spawn(uid=1000, gid=1000)
    a.unshare(CLONE_NEWUSER)
    assert (a.uid, a.euid, a.gid, a.egid) == (1000,) * 4
    assert (a.getuid(), a.getegid(), a.stat("/").st_uid) == (65534,) * 3
    assert len(a.capget()) == 41
    assert write(a, "/proc/self/uid_map", b"7 1000 1\n") == 9
    assert (a.getuid(), a.stat("/").st_uid) == (7, 65534)
    fd = a.open("/proc/self/status", 0)
    status = a.read(fd, 4096).decode()
    assert "Uid:\t7\t7\t7\t7\n" in status
    assert "Gid:\t65534\t" in status
    assert "Uid:\t1000\t" in k.read_proc(f"/proc/{a.pid}/status")
    root = k.spawn()
    there = root.open(f"/proc/{a.pid}/status", 0)
    root.unshare(CLONE_NEWUSER)  # a file tells what its opener was to be told
    assert "Uid:\t1000\t" in root.pread(there, 4096, 0).decode()
    assert "Uid:\t65534\t" in root.read(root.open(f"/proc/{a.pid}/status", 0), 4096).decode()


def test_objects_belong_to_users_of_namespaces(k, errno_of):
    a = k.spawn()
    b = a.clone(CLONE_NEWUSER | SIGCHLD)
    for name in ("uid_map", "gid_map"):
        assert write(a, f"/proc/{b.pid}/{name}", b"0 1000 10") == 9
    b.setresgid(3, 3, 3)
    b.setresuid(2, 2, 2)
    semid = b.semget(IPC_PRIVATE, 1, 0o600)
    perm = b.semctl(semid, 0, IPC_STAT).sem_perm
    assert (perm.uid, perm.gid, perm.cuid) == (2, 3, 2)
    assert a.semctl(semid, 0, IPC_STAT).sem_perm.uid == 1002
    assert errno_of(b.semctl, semid, 0, fastipc.IPC_SET, (10, 0, 0o600)) == EINVAL
    b.semctl(semid, 0, fastipc.IPC_SET, (9, 0, 0o600))
    assert a.semctl(semid, 0, IPC_STAT).sem_perm.uid == 1009
    other = k.spawn().semget(IPC_PRIVATE, 1, 0o600)
    assert errno_of(b.semctl, other, 0, IPC_STAT) == errno.EACCES  # the objects are the first namespace's
    b2 = a.clone(CLONE_NEWUSER | CLONE_NEWIPC | SIGCHLD)
    assert b2.semget(5, 1, IPC_CREAT | 0o000) == 0
    assert len(b2.semctl(0, 0, fastipc.GETALL)) == 1  # and here they are its own
    text = b.read(b.open("/proc/sysvipc/sem", 0), 4096).splitlines()
    assert text[1].split()[4:8] == [b"9", b"0", b"2", b"3"]


def test_files_of_users_outside(k, errno_of):
    root = k.spawn()
    root.mkdir("/d", 0o777)
    root.chmod("/d", 0o777)
    mine = root.open("/d/roots", fastipc.O_CREAT | O_RDWR, 0o600)
    root.close(mine)
    b = root.clone(CLONE_NEWUSER | SIGCHLD)
    for name in ("uid_map", "gid_map"):
        write(root, f"/proc/{b.pid}/{name}", b"0 1000 10")
    b.setresgid(0, 0, 0)
    b.setresuid(0, 0, 0)
    assert errno_of(b.open, "/d/roots", O_RDWR) == errno.EACCES
    assert errno_of(b.chown, "/d/roots", 0, 0) == EPERM
    assert errno_of(b.chmod, "/d/roots", 0o666) == EPERM
    b.open("/d/bs", fastipc.O_CREAT | O_RDWR, 0o000)
    assert root.stat("/d/bs").st_uid == 1000
    b.open("/d/bs", O_RDWR)  # its own root's
    b.chown("/d/bs", 5, 6)
    assert (root.stat("/d/bs").st_uid, b.stat("/d/bs").st_gid) == (1005, 6)
    assert errno_of(b.chown, "/d/bs", 10, 0) == EINVAL
    assert errno_of(b.mknod, "/d/node", 0o020600, 259) == EPERM


def test_levels_of_users(k, errno_of):
    t = k.spawn()
    for _ in range(33):
        child = t.clone(CLONE_NEWUSER | SIGCHLD)
        for name in ("uid_map", "gid_map"):
            assert write(t, f"/proc/{child.pid}/{name}", b"0 0 1") == 5
        assert child.getuid() == 0
        t = child
    assert errno_of(t.clone, CLONE_NEWUSER | SIGCHLD) == errno.ENOSPC
    assert errno_of(t.unshare, CLONE_NEWUSER) == errno.ENOSPC
    assert t.uid == 0


def test_execve_in_a_namespace_of_users(k):
    a = k.spawn(uid=1000)
    a.unshare(CLONE_NEWUSER)
    a.execve()
    assert a.capget() == frozenset()  # nobody's id is root's
    b = k.spawn(uid=1000)
    b.unshare(CLONE_NEWUSER)
    write(b, "/proc/self/uid_map", b"0 1000 1")
    b.execve()
    assert len(b.capget()) == 41


def test_signals_of_users(k):
    a = k.spawn()
    b = a.clone(CLONE_NEWUSER | CLONE_NEWPID | SIGCHLD)
    b.sigprocmask(SIG_BLOCK, [SIGUSR1])
    a.kill(b, SIGUSR1)
    info = b.sigtimedwait([SIGUSR1], 0)
    assert (info.si_pid, info.si_uid) == (0, 65534)


# ---------------------------------------------------------------------------------------------- failures
@pytest.mark.parametrize("how", ["unshare", "clone"])
@pytest.mark.parametrize("flags", NEW.values(), ids=NEW)
@pytest.mark.parametrize("kind", ["row", "pid_namespace", "upid", "user_namespace", "cred", "user", "xa_node", "task"])
def test_namespaces_that_cannot_be_had(k, how, flags, kind, rows):
    t = k.spawn()
    t.pipe()
    before, tries = rows(k), 0
    for nth in range(1, 40):
        k.inject(kind, nth)
        number = number_of(t.unshare, flags) if how == "unshare" else number_of(t.clone, flags | SIGCHLD)
        k.inject(kind, 0)
        k.verify()
        if number is None:
            break
        allowed = (errno.ENOSPC, errno.EAGAIN) if flags & CLONE_NEWUSER and kind in ("row", "user") else ()
        assert number in (errno.ENOMEM, *allowed)
        assert rows(k) == before
        tries += 1
    else:
        pytest.fail("it never succeeds")
    if how == "clone" and kind in ("row", "task"):
        assert tries > 0


def test_forks_that_fail_leave_no_number(k, rows):
    a = k.spawn()
    a.unshare(CLONE_NEWPID)
    for nth in range(1, 12):
        k.inject("row", nth)
        if number_of(a.fork) is None:
            break
        k.verify()
    k.inject("row", 0)
    assert max(k.tasks.values(), key=lambda t: t.pid).nspid[1] == 1  # the first is the first, whatever failed before
    b = max(k.tasks.values(), key=lambda t: t.pid)
    before = rows(k)
    for nth in range(1, 12):
        k.inject("xa_node", nth)
        if number_of(b.fork) is None:
            break
        assert rows(k) == before
    k.inject("xa_node", 0)
    k.verify()


def test_forks_without_an_init_use_numbers_up(k, errno_of):
    a = k.spawn()
    a.unshare(CLONE_NEWPID)
    a.fork().exit(0)
    a.wait4()
    last = k.spawn().pid
    for _ in range(3):
        assert errno_of(a.fork) == errno.ENOMEM
    assert k.spawn().pid == last + 4


def test_maps_are_read_from_outside(k):
    a = k.spawn()
    b = a.clone(CLONE_NEWUSER | SIGCHLD)
    path = f"/proc/{b.pid}/uid_map"
    assert k.read_proc(path) == ""
    fd = a.open(path, O_RDWR)
    a.write(fd, b"5 7 9")
    assert k.read_proc(path).split() == ["5", "7", "9"]
    assert k.read_proc(f"/proc/{b.pid}/setgroups") == "allow\n"
    b.exit(0)
    a.wait4()
    assert a.pread(fd, 100, 0).split() == [b"5", b"7", b"9"]
    assert len(k.table("user_namespace", live=True)) == 1
    a.close(fd)
    assert len(k.table("user_namespace", live=True)) == 0


@pytest.mark.parametrize("arg", ["x", 1.5, b"1", None])
def test_wrong_types(k, arg):
    t = k.spawn()
    with pytest.raises(TypeError, match="flags"):
        t.unshare(arg)
    with pytest.raises(TypeError, match="pid"):
        t.kill(arg, 0)
    with pytest.raises(TypeError, match="pid"):
        t.getpgid(arg)


def test_nobody_waits_for_numbers_of_others(k, errno_of):
    a = k.spawn()
    b = a.clone(CLONE_NEWPID | SIGCHLD)
    c = b.fork()
    assert errno_of(b.wait4, c.pid + 5) == errno.ECHILD
    assert b.wait4(2, WNOHANG) == (0, 0)
    assert errno_of(b.waitid, fastipc.P_PGID, 99, fastipc.WEXITED) == errno.ECHILD
