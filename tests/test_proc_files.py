"""/proc: status, comm, descriptors, current directories, sysctls; who may look, and what is left of those who ended."""

import errno

import numpy as np
import pytest

import fastipc
from fastipc import (
    AT_FDCWD,
    CLONE_FS,
    EACCES,
    EINVAL,
    EIO,
    ENOENT,
    EPERM,
    ESRCH,
    O_CREAT,
    O_DIRECTORY,
    O_PATH,
    O_RDONLY,
    O_RDWR,
    O_WRONLY,
    RLIMIT_SIGPENDING,
    SIG_IGN,
    SIGCHLD,
    SIGPIPE,
    compiled,
)

NEW = O_CREAT | O_RDWR


@pytest.fixture
def t(k):
    return k.spawn(name="t")


def status(k, task):
    lines = k.read_proc(f"/proc/{int(task)}/status").splitlines()
    return dict(line.split(":\t", 1) for line in lines)


def read(t, path):
    fd = t.open(path, O_RDONLY)
    text = t.read(fd, 10_000)
    t.close(fd)
    return text


# ------------------------------------------------------------------------------------------ status
NO_MEMORY = (
    "VmPeak VmSize VmLck VmPin VmHWM VmRSS RssAnon RssFile RssShmem VmData VmStk VmExe VmLib VmPTE VmSwap HugetlbPages"
).split()  # what a process without any memory but a stack says of it, as far as it is 0


def test_every_line_of_status(k, t):
    a = k.spawn(name="a", uid=1000, gid=50, groups=[7, 8])
    a.umask(0o27)
    a.signal(SIGPIPE, SIG_IGN)
    assert status(k, a) == {
        "Name": "a",
        "Umask": "0027",
        "State": "R (running)",
        "Tgid": str(a.pid),
        "Ngid": "0",
        "Pid": str(a.pid),
        "PPid": "1",
        "TracerPid": "0",
        "Uid": "1000\t1000\t1000\t1000",
        "Gid": "50\t50\t50\t50",
        "FDSize": status(k, a)["FDSize"],
        "Groups": "7 8 ",
        "NStgid": str(a.pid),
        "NSpid": str(a.pid),
        "NSpgid": str(a.pid),
        "NSsid": str(a.pid),
        "Kthread": "0",
        **{name: f"{0:8} kB" for name in NO_MEMORY},
        "VmPeak": "     132 kB",
        "VmSize": "     132 kB",
        "VmStk": "     132 kB",
        "CoreDumping": "0",
        "THP_enabled": "1",
        "untag_mask": "0xffffffffffffffff",
        "Threads": "1",
        "SigQ": f"0/{a.getrlimit(RLIMIT_SIGPENDING)[0]}",
        "SigPnd": "0" * 16,
        "ShdPnd": "0" * 16,
        "SigBlk": "0" * 16,
        "SigIgn": f"{1 << (SIGPIPE - 1):016x}",
        "SigCgt": "0" * 16,
        "CapInh": "0" * 16,
        "CapPrm": "0" * 16,
        "CapEff": "0" * 16,
        "CapBnd": status(k, t)["CapBnd"],
        "CapAmb": "0" * 16,
        "NoNewPrivs": "0",
        "Seccomp": "0",
        "Seccomp_filters": "0",
        "Cpus_allowed": "1",
        "Cpus_allowed_list": "0",
        "Mems_allowed": "1",
        "Mems_allowed_list": "0",
    }
    assert status(k, t)["CapEff"] == status(k, t)["CapPrm"] == f"{(1 << 41) - 1:016x}"
    assert status(k, t)["Groups"] == " "


def test_ids_in_status(k, t):
    t.setresgid(1, 2, 3)
    t.setfsgid(4)
    t.prctl(fastipc.PR_SET_KEEPCAPS, 1)
    t.setresuid(5, 6, 7)
    lines = status(k, t)
    assert lines["Uid"] == "5\t6\t7\t6"
    assert lines["Gid"] == "1\t2\t3\t4"
    assert int(lines["CapPrm"], 16) != int(lines["CapEff"], 16) == 0


def test_children_groups_and_sessions_in_status(k, t):
    c = t.fork()
    c.setpgid(0, 0)
    lines = status(k, c)
    assert (lines["PPid"], lines["NSpgid"], lines["NSsid"]) == (str(t.pid), str(c.pid), str(t.pid))
    t.exit_group()
    assert status(k, c)["PPid"] == "1"


def test_threads_in_status(k, t):
    th = t.thread()
    for task in (t, th):
        assert status(k, task)["Threads"] == "2"
        assert status(k, task)["Tgid"] == str(t.pid)
    assert status(k, th)["Pid"] == str(th.pid)
    assert read(t, "/proc/self/status") == read(t, f"/proc/{t.pid}/status")
    assert f"Pid:\t{t.pid}\n".encode() in read(th, "/proc/self/status")
    t.exit()  # the leader is a zombie, and counts until the last thread goes
    lines = status(k, t)
    assert (lines["State"], lines["Threads"]) == ("Z (zombie)", "2")
    th.exit()


def test_states_in_status(k, t):
    r, w = t.pipe()
    c = t.fork()
    call = c.submit("read", r, 1)
    k.run()
    assert status(k, c)["State"] == "S (sleeping)"
    t.write(w, b"x")
    assert call.result() == b"x"
    c.exit_group(3)
    lines = status(k, c)
    assert lines["State"] == "Z (zombie)"
    assert lines["FDSize"] == "0"
    assert lines["Threads"] == "1"
    assert "Umask" not in lines
    fd = t.open(f"/proc/{c.pid}/status", O_RDONLY)
    assert b"zombie" in t.read(fd, 1000)
    t.wait4(c)
    assert t.sys_read(fd, bytearray(10)) == -ESRCH
    with pytest.raises(OSError):
        status(k, c)


def test_status_by_read_and_read_proc_are_the_same(k, t):
    assert read(t, f"/proc/{t.pid}/status").decode().replace("FDSize:\t8", "FDSize:\t0") == k.read_proc(
        f"/proc/{t.pid}/status"
    ).replace("FDSize:\t8", "FDSize:\t0")
    fd = t.open("/proc/self/status", O_RDONLY)
    parts = []
    while part := t.read(fd, 7):
        parts.append(part)
    assert b"".join(parts).decode() == k.read_proc(f"/proc/{t.pid}/status")
    assert t.pread(fd, 5, 0) == b"Name:"
    assert t.pread(fd, 5, 100_000) == b""
    assert t.lseek(fd, 6, 0) == 6
    assert t.read(fd, 1) == b"t"


# ------------------------------------------------------------------------------------------ comm
def test_comm_is_read_written_and_cut(k, t, errno_of):
    assert read(t, "/proc/self/comm") == b"t\n"
    fd = t.open("/proc/self/comm", O_RDWR)
    for text, shown, name in (
        (b"another", b"another\n", "another"),
        (b"0123456789abcdefgh", b"0123456789abcde\n", "0123456789abcde"),
        (b"a b\nc\\d", b"a b\nc\\d\n", "a b\\nc\\\\d"),
        (b"line\n", b"line\n\n", "line\\n"),
        (b"x\0yz", b"x\n", "x"),
        (b"", b"\n", ""),
    ):
        assert t.write(fd, text) == len(text)
        assert read(t, "/proc/self/comm") == shown
        assert status(k, t)["Name"] == name
    assert t.write(fd, b"t") == 1
    row = k.table("task")[k.table("task")["pid"] == t.pid][0]
    assert row["comm"].tobytes() == b"t" + bytes(15)


def test_threads_may_name_each_other_and_nobody_else(k, t, errno_of):
    th = t.thread()
    c = t.fork()
    assert status(k, th)["Name"] == status(k, c)["Name"] == "t"
    fd = th.open(f"/proc/{t.pid}/comm", O_WRONLY)
    th.write(fd, b"renamed")
    assert (status(k, t)["Name"], status(k, th)["Name"]) == ("renamed", "t")
    fd = t.open(f"/proc/{c.pid}/comm", O_WRONLY)
    assert errno_of(t.write, fd, b"x") == EINVAL
    u = k.spawn(uid=1000)
    assert errno_of(u.open, f"/proc/{t.pid}/comm", O_WRONLY) == EACCES
    assert read(u, f"/proc/{t.pid}/comm") == b"renamed\n"
    c.exit_group()
    assert read(t, f"/proc/{c.pid}/comm") == b"t\n"
    t.wait4(c)
    assert errno_of(t.write, fd, b"x") == ESRCH


@compiled
def batch(t, n):
    if n == 1:
        fd = t.open("/proc/self/comm", O_RDWR)
        t.write(fd, b"number one")
        t.close(fd)
    t.nanosleep(1)
    return n


def test_names_of_compiled_tasks(k, t):
    tasks = k.spawn_many(batch, 3, np.arange(3))
    k.run(until=0.5)
    assert [k.read_proc(f"/proc/{task.pid}/comm") for task in tasks] == ["batch\n", "number one\n", "batch\n"]
    assert [status(k, task)["Name"] for task in tasks] == ["batch", "number one", "batch"]
    k.run()


def test_a_program_names_itself_and_its_name_is_kept_by_its_child(k, kind):
    def child(t):
        fd = yield t.open("/proc/self/comm", O_RDONLY)
        return (yield t.read(fd, 100))

    def program(t):
        fd = yield t.open(f"/proc/{t.pid}/comm", O_WRONLY)
        yield t.write(fd, b"me")
        c = yield t.fork(kind(child))
        yield t.wait4()
        return c

    a = k.spawn(kind(program))
    k.run()
    assert a.result.result in (b"me\n", b"child\n")


# ------------------------------------------------------------------------------------------ links
def test_descriptors_as_links(k, t, errno_of):
    r, w = t.pipe()
    f = t.open("/tmp/f", NEW)
    d = t.open("/tmp", O_RDONLY | O_DIRECTORY)
    p = t.open("/tmp/f", O_PATH)
    null = t.open("/dev/null", O_WRONLY)
    base = f"/proc/{t.pid}/fd/"
    ino = t.fstat(r).st_ino
    texts = [t.readlink(f"{base}{fd}") for fd in (r, w, f, d, p, null)]
    assert texts == [f"pipe:[{ino}]"] * 2 + ["/tmp/f", "/tmp", "/tmp/f", "/dev/null"]
    modes = [t.lstat(f"{base}{fd}").st_mode & 0o777 for fd in (r, w, f, d, p, null)]
    assert modes == [0o500, 0o300, 0o700, 0o500, 0, 0o300]
    assert t.stat(f"{base}{f}") == t.fstat(f)
    t.rename("/tmp/f", "/tmp/g")
    assert t.readlink(f"{base}{f}") == "/tmp/g"
    t.unlink("/tmp/g")
    assert t.readlink(f"{base}{f}") == "/tmp/g (deleted)"
    x = t.open("/tmp", O_RDWR | fastipc.O_TMPFILE, 0o600)
    assert t.readlink(f"{base}{x}") == f"/tmp/#{t.fstat(x).st_ino} (deleted)"
    for name in ("99", "00", "-1", "x", "4294967296", "99999999999", ""):
        if name:
            assert errno_of(t.lstat, base + name) == ENOENT
    t.close(f)
    assert errno_of(t.lstat, f"{base}{f}") == ENOENT
    buf = bytearray(3)
    assert t.sys_readlink(f"{base}{d}", buf) == 3
    assert buf == b"/tm"


def test_a_file_is_opened_again_through_its_link(k, t):
    f = t.open("/tmp/f", NEW)
    t.write(f, b"data")
    t.unlink("/tmp/f")
    again = t.open(f"/proc/self/fd/{f}", O_RDONLY)
    assert t.read(again, 10) == b"data"  # a place of its own
    r, w = t.pipe()
    t.write(w, b"x")
    other = t.open(f"/proc/{t.pid}/fd/{r}", O_RDONLY)
    t.close(r)
    assert t.read(other, 5) == b"x"
    k.verify()


def test_a_closed_descriptor_takes_its_name_away_even_while_it_is_held(k, t, errno_of):
    f = t.open("/tmp/f", NEW)
    held = t.open(f"/proc/self/fd/{f}", O_PATH | fastipc.O_NOFOLLOW)
    assert t.fstat(held).st_size == 64
    t.close(f)
    assert errno_of(t.stat, f"/proc/self/fd/{f}") == ENOENT
    assert t.fstat(held).st_size == 64
    assert t.open("/tmp/g", NEW) == f
    assert t.readlink(f"/proc/self/fd/{f}") == "/tmp/g"
    k.verify()


def test_cwd_and_root(k, t, errno_of):
    t.mkdir("/tmp/d")
    c = t.fork()
    c.chdir("/tmp/d")
    assert t.readlink(f"/proc/{c.pid}/cwd") == "/tmp/d"
    assert t.readlink(f"/proc/{c.pid}/root") == "/"
    assert t.stat(f"/proc/{c.pid}/cwd") == t.stat("/tmp/d")
    t.mkfifo(f"/proc/{c.pid}/cwd/p")
    assert t.stat("/tmp/d/p").st_mode == 0o10644
    t.chdir(f"/proc/{c.pid}/cwd")
    assert t.getcwd() == "/tmp/d"
    assert t.stat(f"/proc/{c.pid}/root/tmp/d/../d") == t.stat(".")
    t.chdir("/")
    t.unlink("/tmp/d/p")
    t.rmdir("/tmp/d")
    assert t.readlink(f"/proc/{c.pid}/cwd") == "/tmp/d (deleted)"
    c.exit_group()
    assert errno_of(t.readlink, f"/proc/{c.pid}/cwd") == ENOENT


def test_self_is_whoever_looks(k, kind):
    def program(t):
        text = yield t.readlink("/proc/self")
        fd = yield t.open("/proc/self/status", O_RDONLY)
        lines = yield t.read(fd, 1000)
        link = yield t.readlink(f"/proc/self/fd/{fd}")
        return text, f"Pid:\t{t.pid}\n".encode() in lines, link

    tasks = [k.spawn(kind(program)) for _ in range(5)]
    k.run()
    for task in tasks:
        assert task.result == (str(task.pid), True, f"/proc/{task.pid}/status")


@compiled
def look_at_self(t):
    buf, text = np.zeros(64, np.uint8), np.zeros(64, np.uint8)
    n = t.readlink("/proc/self", buf)
    fd = t.open("/proc/self/comm", O_RDONLY)
    m = t.readinto(fd, text)
    return buf[:n].copy(), text[:m].copy()


def test_self_in_a_compiled_program(k):
    task = k.spawn(look_at_self)
    k.run()
    link, name = (bytes(bytearray(part)) for part in task.result)
    assert link == str(task.pid).encode()
    assert name == b"look_at_self\n"


def test_self_of_a_thread_is_its_process(t):
    th = t.thread()
    assert th.readlink("/proc/self") == str(t.pid)


# ------------------------------------------------------------------------------------------ the machine
def test_filesystems(k, t):
    text = k.read_proc("/proc/filesystems")
    assert text == "nodev\tpipefs\n\text4\nnodev\ttmpfs\nnodev\tdevtmpfs\nnodev\tproc\n"
    assert read(t, "/proc/filesystems").decode() == text


SYSCTLS = {
    "pid_max": "kernel/pid_max",
    "threads_max": "kernel/threads-max",
    "file_max": "fs/file-max",
    "nr_open": "fs/nr_open",
    "pipe_max_size": "fs/pipe-max-size",
    "pipe_user_pages_hard": "fs/pipe-user-pages-hard",
    "pipe_user_pages_soft": "fs/pipe-user-pages-soft",
    "protected_fifos": "fs/protected_fifos",
    "protected_hardlinks": "fs/protected_hardlinks",
    "protected_regular": "fs/protected_regular",
    "protected_symlinks": "fs/protected_symlinks",
}


def test_every_limit_is_a_file(k):
    ipc = set(fastipc.IpcLimits.to_dict(k.spawn().ipc_limits))  # test_ipc_ids has those
    assert set(SYSCTLS) == set(k.limits.to_dict()) - ipc - {"ipcmni_extend", "nr_hugepages"}
    for name, path in SYSCTLS.items():
        assert k.read_proc(f"/proc/sys/{path}") == f"{getattr(k.limits, name)}\n"


@pytest.mark.parametrize("name", SYSCTLS)
def test_limits_and_files_are_the_same_numbers(k, t, name):
    path = f"/proc/sys/{SYSCTLS[name]}"
    value = {"pid_max": 1000, "pipe_max_size": 8192}.get(name, 1)
    setattr(k.limits, name, value)
    assert read(t, path) == f"{value}\n".encode()
    fd = t.open(path, O_RDWR)
    other = {"pid_max": 2000, "pipe_max_size": 16384}.get(name, 0)
    text = f" {other}\n".encode()
    assert t.write(fd, text) == len(text)
    assert getattr(k.limits, name) == other
    assert t.sys_write(fd, b"-5") == -EINVAL
    assert t.sys_write(fd, b"many") == -EINVAL
    assert getattr(k.limits, name) == other
    assert t.read(fd, 100) == f"{other}\n".encode()
    if name.startswith("protected"):
        assert t.sys_pwrite(fd, b"3", 0) == -EINVAL
        with pytest.raises(ValueError):
            setattr(k.limits, name, 3)


def test_a_sysctl_gives_its_text_to_the_first_read(t):
    fd = t.open("/proc/sys/fs/pipe-max-size", O_RDWR)
    assert t.read(fd, 3) == b"104"
    assert t.read(fd, 100) == b""
    t.lseek(fd, 0, 0)
    assert t.read(fd, 100) == b"1048576\n"
    assert t.write(fd, b"0x8000 junk") == 11
    assert read(t, "/proc/sys/fs/pipe-max-size") == b"1048576\n"  # not at the start: swallowed
    assert t.pwrite(fd, b"0x8000 junk", 0) == 11
    assert read(t, "/proc/sys/fs/pipe-max-size") == b"32768\n"


# ------------------------------------------------------------------------------------------ who may
def test_strangers(k, t, errno_of):
    u = k.spawn(uid=1000)
    other = k.spawn(uid=1000)
    r, _ = t.pipe()
    other.pipe()
    for path in ("fd/0", "cwd", "root", "cwd/tmp"):
        assert errno_of(u.stat, f"/proc/{t.pid}/{path}") == EACCES
        if path != "cwd/tmp":
            assert errno_of(u.readlink, f"/proc/{t.pid}/{path}") == EACCES
        u.stat(f"/proc/{other.pid}/{path}")
        t.stat(f"/proc/{other.pid}/{path}")
    assert errno_of(u.open, f"/proc/{t.pid}/fd", O_RDONLY) == EACCES
    assert u.stat(f"/proc/{t.pid}/status").st_mode == 0o100444
    assert errno_of(u.open, "/proc/sys/fs/file-max", O_WRONLY) == EACCES
    assert errno_of(t.open, "/proc/sys/fs/x", NEW) == ENOENT
    assert read(u, "/proc/sys/fs/protected_fifos") == b"0\n"
    for call, *args in (
        (t.unlink, "/proc/self/status"),
        (t.rmdir, "/proc/sys"),
        (t.chmod, "/proc/self/status", 0o777),
        (t.chown, "/proc/self/status", 5, 5),
    ):
        assert errno_of(call, *args) == EPERM
    assert errno_of(t.mkdir, "/proc/new") == ENOENT
    assert errno_of(t.rename, "/proc/self/comm", "/proc/x") in (ENOENT, EPERM)
    fd = t.sys_open("/proc/self/status", O_RDWR)
    assert fd >= 0
    assert errno_of(t.write, fd, b"x") in (EINVAL, EIO)


def test_entries_belong_to_their_process(k, t):
    held = t.open("/proc/self", O_RDONLY)
    assert t.stat("/proc/self").st_uid == 0
    t.setgid(6)
    t.setuid(5)
    for path in ("/proc/self", f"/proc/{t.pid}/status", "/proc/self/fd"):
        assert (t.stat(path).st_uid, t.stat(path).st_gid) == (5, 6)
    assert t.fstat(held).st_uid == 5  # it was looked up again
    assert t.stat("/proc/sys/fs/file-max").st_uid == 0
    k.verify()


# ------------------------------------------------------------------------------------------ those who ended
def test_what_is_held_of_a_process_that_ended(k, t, errno_of):
    c = t.fork()
    c.pipe()
    fds = {name: t.open(f"/proc/{c.pid}/{name}", O_RDONLY) for name in ("", "status", "comm", "fd", "cwd")}
    number = c.pid
    c.exit_group()
    assert errno_of(t.openat, fds["fd"], "0", O_RDONLY) == ENOENT
    t.wait4(c)
    for name in ("status", "comm"):
        assert errno_of(t.read, fds[name], 10) == ESRCH
    assert errno_of(t.openat, fds[""], "status", O_RDONLY) == ENOENT
    assert errno_of(t.openat, fds["fd"], "0", O_RDONLY) == ENOENT
    assert errno_of(t.stat, f"/proc/{number}") == ENOENT
    assert t.fstat(fds["cwd"]) == t.stat("/")  # the directory itself
    t.fchdir(fds[""])
    assert errno_of(t.stat, "status") == ENOENT
    k.verify()
    assert t.stat("..") == t.stat("/proc")
    t.chdir("/")


def test_a_number_that_another_process_has_now(make_kernel, errno_of):
    k = make_kernel(limits={"pid_max": 310})
    t = k.spawn()
    while (c := t.fork()).pid < 302:  # lower ones are not given out twice
        c.exit_group()
        t.wait4(c)
    number = c.pid
    c.pipe()
    status, directory = t.open(f"/proc/{number}/status", O_RDONLY), t.open(f"/proc/{number}", O_RDONLY)
    fds = t.open(f"/proc/{number}/fd", O_RDONLY)
    c.exit_group()
    t.wait4(c)
    while (c := t.fork()).pid != number:
        c.exit_group()
        t.wait4(c)
    r, _ = c.pipe()
    assert errno_of(t.read, status, 10) == ESRCH
    assert errno_of(t.openat, directory, "status", O_RDONLY) == ENOENT
    assert errno_of(t.openat, fds, "0", O_RDONLY) == ENOENT
    assert f"Pid:\t{number}\n".encode() in read(t, f"/proc/{number}/status")
    assert t.readlink(f"/proc/{number}/fd/{r}").startswith("pipe:[")
    k.verify()


def test_looking_at_a_task_does_not_name_it(k):
    tasks = k.spawn_many(batch, 2, np.arange(2))
    k.run(until=0)
    before = k.table("task")["comm"].tobytes()
    assert [task.name for task in tasks] == ["batch"] * 2
    assert k.table("task")["comm"].tobytes() == before
    k.run()


def test_a_thread_that_takes_over_by_execve_keeps_the_entries_of_its_process(k, t):
    watcher = k.spawn()
    th = t.thread()
    fd = watcher.open(f"/proc/{t.pid}/status", O_RDONLY)
    gone = watcher.open(f"/proc/{th.pid}/status", O_RDONLY)
    number, old = t.pid, th.pid
    th.execve()
    assert th.pid == number
    assert f"Pid:\t{number}\n".encode() in watcher.read(fd, 1000)
    assert watcher.sys_read(gone, bytearray(10)) == -ESRCH
    assert watcher.sys_stat(f"/proc/{old}", np.zeros(1, fastipc.STAT)) == -ENOENT


def test_entries_go_when_nobody_holds_them(k, t, rows):
    t.stat("/proc")
    before = rows(k)
    for _ in range(50):
        c = t.fork()
        c.pipe()
        t.stat(f"/proc/{c.pid}/fd/0")
        read(t, f"/proc/{c.pid}/status")
        read(t, "/proc/sys/fs/file-max")
        c.exit_group()
        t.wait4(c)
    assert rows(k) == before


# ------------------------------------------------------------------------------------------ read_proc
def test_errors_of_read_proc(k, t):
    for path, number in (
        ("/proc/nothing", ENOENT),
        ("/proc/99999/status", ENOENT),
        (f"/proc/{t.pid}/fd/0", ENOENT),
        ("/proc/", errno.EISDIR),
        (f"/proc/{t.pid}", errno.EISDIR),
        ("", ENOENT),
        ("/tmp/nothing", ENOENT),
        ("/proc/sys/fs", errno.EISDIR),
    ):
        with pytest.raises((OSError, ValueError)) as caught:
            k.read_proc(path)
        if isinstance(caught.value, OSError) and path.startswith("/proc"):
            assert caught.value.errno in (number, ENOENT, EINVAL)
            assert caught.value.filename == path
    for path in (5, None, b"/proc/buddyinfo"):
        with pytest.raises(TypeError, match="^path "):
            k.read_proc(path)
    before = k.state_hash(), k.trace_hash, k.counters
    k.read_proc("/proc/buddyinfo")
    k.read_proc(f"/proc/{t.pid}/status")
    assert (k.trace_hash, k.counters) == before[1:]


def test_a_clone_that_shares_its_directory(t):
    c = t.clone(CLONE_FS | SIGCHLD)
    c.chdir("/tmp")
    assert t.getcwd() == "/tmp"
    assert t.readlink(f"/proc/{c.pid}/cwd") == t.readlink("/proc/self/cwd") == "/tmp"
    assert t.sys_openat(AT_FDCWD, ".", O_RDONLY) == 0
