"""Raw system calls by name: the same as on the host, in every kind of task, with what C has in the task's memory."""

import json
import os
import pickle
import struct
import subprocess
import sys
from pathlib import Path

import pytest
import raw_steps
from raw_steps import AREA, AT, END, KERNEL, PATH, UNMAPPED, plain

import fastipc
from fastipc import (
    EBADF,
    EFAULT,
    ENOSYS,
    MAP_ANONYMOUS,
    MAP_FIXED,
    MAP_PRIVATE,
    O_CREAT,
    O_NONBLOCK,
    O_RDWR,
    PROT_READ,
    PROT_WRITE,
    SIG_IGN,
    SIGPIPE,
    UserBuffer,
    syscalls,
)
from fastipc._core.entries import raw_numbers
from fastipc.unistd import NUMBERS

ANON = MAP_PRIVATE | MAP_ANONYMOUS


def with_area(k, **kwargs):
    """A task with two pages at AREA and nothing behind them."""
    t = k.spawn(**kwargs)
    t.mmap(END - AREA, PROT_READ | PROT_WRITE, ANON | MAP_FIXED, addr=AREA)
    return t


def pipe_of(t, flags=0):
    assert t.syscall("pipe2", AT, flags) == 0
    return struct.unpack("ii", t.load(AT, 8))


# ------------------------------------------------------------------------------------------ the host as the judge
def said_by_fastipc(k):
    t = with_area(k)
    for _ in range(3):
        t.open("/dev/null", O_RDWR)
    t.mkdir("/dev/shm/raw")
    t.chdir("/dev/shm/raw")

    def call(name, *args):
        ret = t.syscall(name, *args)
        if name == "fork":
            k.tasks[ret].exit_group(3)
        k.verify()
        return ret

    return [[label, plain(value)] for label, value in raw_steps.steps(call, t.store, t.load)]


def said_by_host(path):
    env = dict(os.environ, FASTIPC_UNISTD=str(Path(fastipc.__file__).parent))
    env.pop("LD_PRELOAD", None)  # a sanitizer would look at the bad pointers before the kernel does
    subprocess.run([sys.executable, raw_steps.__file__, path], check=True, env=env)
    return json.loads(path.read_text())


def test_the_same_raw_calls_give_the_same_on_the_host(k, tmp_path):
    recorded = json.loads(Path(__file__).with_name("raw_steps.json").read_text())
    assert [pair for pair in zip(said_by_fastipc(k), recorded, strict=True) if pair[0] != pair[1]] == []
    if sys.platform == "linux" and os.uname().machine == "x86_64" and os.uname().release.startswith("6.18"):
        assert said_by_host(tmp_path / "host.json") == recorded


# ------------------------------------------------------------------------------------------ names and arguments
def test_every_call_of_the_table_has_a_raw_form():
    missing = {syscalls.TABLE[nr].name for nr in syscalls.TABLE} - {
        name for name, nr in NUMBERS.items() if nr in raw_numbers()
    }
    assert missing == set()
    assert all(NUMBERS[call.name] == nr for nr, call in syscalls.TABLE.items())


def test_a_call_that_fastipc_does_not_have_is_enosys(k):
    t = k.spawn()
    for name in ("bpf", "socket", "io_uring_enter", "mount", "vfork"):
        assert t.syscall(name, 1, 2, 3) == -ENOSYS
        assert t.errno == ENOSYS


def test_what_is_no_call_is_refused(k):
    t = k.spawn()
    with pytest.raises(ValueError, match="name must be that of a system call"):
        t.syscall("readinto")
    with pytest.raises(TypeError, match="name must be a string"):
        t.syscall(0)
    with pytest.raises(TypeError, match="args must be at most six"):
        t.syscall("getpid", 0, 0, 0, 0, 0, 0, 0)
    for arg, error in ((1.5, TypeError), ("x", TypeError), (1 << 64, ValueError), (-(1 << 63) - 1, ValueError)):
        with pytest.raises(error, match="args"):
            t.syscall("close", arg)
    assert t.syscall("close", -1) == t.syscall("close", 2**64 - 1) == -EBADF


def test_it_never_raises_and_errno_tells(k):
    t = k.spawn()
    assert t.syscall("read", 99, UNMAPPED, 1) == -EBADF
    assert t.errno == EBADF
    assert t.syscall("getpid") == t.pid
    assert t.errno == 0


def test_traces_and_counters_are_those_of_the_call(k):
    t = with_area(k)
    lines = []
    k.trace(lines.append)
    r, w = pipe_of(t)
    t.store(AREA, b"hello")
    t.syscall("write", w, AREA, 5)
    t.write(w, b"hello")
    t.syscall("bpf", 1)
    k.trace(None)
    assert [line.split(" ", 2)[2] for line in lines] == [
        "pipe2([0, 1], 0x0) = 0",
        f"write(1, {AREA:#x}, 5) = 5",
        'write(1, "hello", 5) = 5',
        "bpf(0x1, 0x0, 0x0) = -1 ENOSYS",
    ]
    assert k.counters["calls"]["write"] == 2


# ------------------------------------------------------------------------------------------ calls that sleep
def test_sleeping_calls_in_programs(k, kind):
    def child(t, w):
        for data in (b"abc", b"d"):
            yield t.nanosleep(1)
            yield t.write(w, data)
        yield t.nanosleep(1)
        yield t.open("/tmp/fifo", fastipc.O_WRONLY)
        yield t.exit_group(5)

    def program(t, r, w, seen):
        yield t.mmap(END - AREA, PROT_READ | PROT_WRITE, ANON | MAP_FIXED, addr=AREA)
        yield t.fork(kind(child), w)
        seen.append((yield t.syscall("read", r, PATH, 100)))
        seen.append(t.load(PATH, 4))
        t.store(AT, struct.pack("ihh", r, fastipc.POLLIN, -1))
        seen.append((yield t.syscall("poll", AT, 1, 5000)))
        seen.append(struct.unpack("ihh", t.load(AT, 8)))
        yield t.syscall("read", r, PATH, 1)
        t.store(AT, struct.pack("QQqq", 1 << r, 0, 0, 250_000))
        seen.append((yield t.syscall("select", r + 1, AT, 0, AT + 8, AT + 16)))
        seen.append(struct.unpack("QQqq", t.load(AT, 32)))
        t.store(PATH, b"/tmp/fifo\0")
        seen.append((yield t.syscall("open", PATH, 0, 0)))
        seen.append((yield t.syscall("wait4", -1, AT, 0, 0)) > 0)
        seen.append(struct.unpack("i", t.load(AT, 4)))
        t.store(AT, struct.pack("qq", 2, 5))
        seen.append((yield t.syscall("nanosleep", AT, UNMAPPED)))
        seen.append((yield t.syscall("sched_yield")))

    p = k.spawn()
    p.mkfifo("/tmp/fifo")
    r, w = p.pipe()
    seen = []
    p.fork(kind(program), r, w, seen)
    k.run()
    assert seen == [3, b"abc\0", 1, (r, fastipc.POLLIN, fastipc.POLLIN), 0, (0, 0, 0, 0), 2, True, (0x500,), 0, 0]
    assert k.now_ns == 5_000_000_005


def test_sleeping_calls_by_hand_run_the_machine_and_can_be_submitted(k):
    t = with_area(k)
    r, w = pipe_of(t)
    u = t.fork()
    call = t.submit("syscall", "read", r, PATH, 10)
    k.run()
    assert not call.done() and t.waiting[0] == "read"
    u.store(AREA, b"word")
    assert u.syscall("write", w, AREA, 4) == 4
    k.run()
    assert call.result() == 4 and t.load(PATH, 4) == b"word"

    def later(t, w):
        t.nanosleep(1)
        t.write(w, b"later")

    t.fork(later, w)
    assert t.syscall("read", r, PATH, 10) == 5
    u.close(r), u.close(w), t.close(w)
    assert t.syscall("read", r, PATH, 10) == 0


def test_a_read_that_slept_faults_when_the_data_is_there(k):
    t = with_area(k)
    r, w = pipe_of(t)
    u = t.fork()
    calls = [t.submit("syscall", "read", r, UNMAPPED, 10)]
    k.run()
    u.write(w, b"abc")
    k.run()
    assert calls[0].result() == -EFAULT
    assert t.read(r, 10) == b"abc"
    v = t.fork()
    with_vector = t.submit("readv", r, [UserBuffer(PATH, 2), UserBuffer(END - 1, 5)])
    plain = v.submit("readinto", r, bytearray(4))
    k.run()
    u.write(w, b"abcde")  # its slot cannot go where the first reader wants it, and is the second one's
    k.run()
    with pytest.raises(OSError) as caught:
        with_vector.result()
    assert caught.value.errno == EFAULT
    assert plain.result() == 4


def test_a_write_that_slept_in_the_middle_of_a_vector(k):
    t = with_area(k)
    r, w = pipe_of(t)
    t.fcntl(w, fastipc.F_SETPIPE_SZ, 4096)
    t.store(AREA, b"a" * 4096 + b"b" * 4096)
    host = bytearray(b"h" * 1000)
    call = t.submit("writev", w, [UserBuffer(AREA, 3000), host, UserBuffer(AREA + 4096, 4096)])
    k.run()
    assert not call.done()
    call.cancel()
    assert t.read(r, 5000) == b"a" * 3000 + b"h" * 1000 + b"b" * 96


@pytest.mark.parametrize("info", [AT, UNMAPPED])
def test_waitid_that_slept(k, info):
    t = with_area(k)
    child = t.fork()
    call = t.submit("syscall", "waitid", fastipc.P_ALL, 0, info, fastipc.WEXITED, 0)
    k.run()
    assert not call.done()
    child.exit_group(7)
    k.run()
    assert call.result() == (0 if info == AT else -EFAULT)
    if info == AT:
        signo, _, code, _, pid, _, status = struct.unpack("7i", t.load(AT, 28))
        assert (signo, code, pid, status) == (fastipc.SIGCHLD, fastipc.CLD_EXITED, child.pid, 7)
    assert t.syscall("wait4", -1, 0, 0, 0) == -fastipc.ECHILD


def test_poll_that_slept_tells_revents_also_when_nothing_is_ready(k):
    t = with_area(k)
    r, w = pipe_of(t)
    t.store(AT, struct.pack("ihh", r, 1, -1))
    assert t.syscall("poll", AT, 1, 500) == 0
    assert t.load(AT, 8) == struct.pack("ihh", r, 1, 0)
    assert k.now == 0.5
    u = t.fork()
    call = t.submit("syscall", "poll", AT, 1, -1)
    k.run()
    u.write(w, b"x")
    k.run()
    assert call.result() == 1 and t.load(AT, 8) == struct.pack("ihh", r, 1, 1)


def test_results_go_to_the_memory_as_it_is_when_the_call_is_over(k):
    t = with_area(k)
    child, mate = t.fork(), t.thread()
    call = t.submit("syscall", "wait4", -1, AT, 0, 0)
    k.run()
    mate.munmap(AREA, 4096)
    child.exit_group(1)
    k.run()
    assert call.result() == -EFAULT
    assert t.syscall("wait4", -1, 0, 0, 0) == -fastipc.ECHILD  # it was reaped all the same


def test_ends_of_calls_in_progress_leave_nothing(k):
    t = with_area(k)
    r, w = pipe_of(t)
    for args in (("poll", AT, 1, -1), ("select", r + 1, PATH, 0, 0, 0), ("read", r, AREA, 1), ("wait4", -1, 0, 0, 0)):
        t.store(AT, struct.pack("ihh", r, 1, 0))
        t.store(PATH, struct.pack("Q", 1 << r))
        u = t.fork()
        v = u.fork()
        call = u.submit("syscall", *args)
        k.run()
        assert not call.done()
        assert call.cancel()
        k.verify()
        u.submit("syscall", *args)
        k.run()
        v.exit_group(0)
    k.verify()


# ------------------------------------------------------------------------------------------ processes
def test_fork_clone_execve_exit_by_hand(k):
    t = with_area(k)
    pid = t.syscall("fork")
    child = k.tasks[pid]
    assert child.ppid == t.pid and child.load(AREA, 1) == b"\0"
    assert child.syscall("execve", 0, 0, 0) == 0
    assert child.syscall("exit", 3) is None
    assert t.syscall("wait4", pid, AT, 0, 0) == pid
    assert struct.unpack("i", t.load(AT, 4)) == (0x300,)
    flags = fastipc.SIGCHLD | fastipc.CLONE_PARENT_SETTID | fastipc.CLONE_CHILD_SETTID
    pid = t.syscall("clone", flags, 0, AT, PATH, 0)
    assert struct.unpack("ii", t.load(AT, 4) + t.load(PATH, 4)) == (pid, 0)
    assert struct.unpack("i", k.tasks[pid].load(PATH, 4)) == (pid,)
    assert t.syscall("clone", flags, 0, UNMAPPED, KERNEL, 0) > 0
    assert t.syscall("clone", fastipc.CLONE_THREAD) == -fastipc.EINVAL


@pytest.mark.parametrize("name", ["fork", "clone", "execve"])
def test_programs_cannot_be_copied_by_a_raw_call(k, kind, name):
    def program(t):
        with pytest.raises(TypeError, match="program must be given"):
            t.syscall(name, 0)
        yield t.getpid()
        return "refused"

    t = k.spawn(kind(program))
    k.run()
    assert t.result == "refused"


def test_a_hook_is_asked_about_a_raw_mknod(k):
    t = with_area(k)
    asked = []
    k.hooks["path_mknod"] = lambda task, path, mode, dev: asked.append((path, mode)) or fastipc.EACCES
    t.store(PATH, b"/tmp/node\0")
    assert t.syscall("mknod", PATH, fastipc.S_IFIFO | 0o600, 0) == -fastipc.EACCES
    assert asked == [("/tmp/node", fastipc.S_IFIFO | 0o600)]
    del k.hooks["path_mknod"]


# ------------------------------------------------------------------------------------------ UserBuffer
def test_user_buffer_is_an_immutable_record():
    b = UserBuffer(AREA, 5)
    assert (b.addr, b.length) == (AREA, 5)
    assert b == UserBuffer(AREA, 5) != UserBuffer(AREA, 6)
    assert hash(b) == hash(UserBuffer(AREA, 5)) and b != (AREA, 5)
    assert repr(b) == f"UserBuffer({AREA:#x}, 5)"
    assert pickle.loads(pickle.dumps(b)) == b
    assert UserBuffer(-1, -1) == UserBuffer(2**64 - 1, 2**64 - 1)
    with pytest.raises(AttributeError):
        b.addr = 0
    for args, name in (((1.0, 1), "addr"), ((1, "x"), "length"), ((1, None), "length")):
        with pytest.raises(TypeError, match=name):
            UserBuffer(*args)


def test_every_call_with_a_buffer_takes_an_address(k):
    t = with_area(k)
    r, w = t.pipe()
    t.store(AREA, b"0123456789")
    assert t.write(w, UserBuffer(AREA, 4)) == t.sys_write(w, UserBuffer(AREA + 4, 4)) == 4
    assert t.writev(w, [UserBuffer(AREA + 8, 2), b"ab", UserBuffer(AREA, 1)]) == 5
    assert t.readinto(r, UserBuffer(PATH, 3)) == t.sys_read(r, UserBuffer(PATH + 3, 3)) == 3
    rest = bytearray(3)
    assert t.readv(r, (UserBuffer(PATH + 6, 1), rest, UserBuffer(PATH + 7, 9))) == 7
    assert t.load(PATH, 10) == b"0123456ab0" and rest == b"789"
    fd = t.open("/tmp/f", O_RDWR | O_CREAT)
    assert t.pwrite(fd, UserBuffer(AREA, 10), 3) == 10
    assert t.sys_pread(fd, UserBuffer(PATH, 5), 0) == 5
    assert t.load(PATH, 5) == b"\0\0\0" + b"01"
    for refused in (lambda b: t.store(AREA, b), lambda b: t.load_into(AREA, b), lambda b: t.sys_capset(b)):
        with pytest.raises(TypeError, match="bytes-like"):
            refused(UserBuffer(AREA, 100))


def test_records_in_the_tasks_memory(k):
    t = with_area(k, uid=0, groups=(5, 7))
    buf = UserBuffer(AREA, 200)
    assert t.sys_pipe2(buf, O_NONBLOCK) == 0
    r, w = struct.unpack("ii", t.load(AREA, 8))
    assert t.sys_fstat(r, buf) == 0
    assert struct.unpack("I", t.load(AREA + 24, 4)) == (t.fstat(r).st_mode,)
    assert t.sys_stat("/tmp", buf) == 0
    assert struct.unpack("Q", t.load(AREA + 8, 8)) == (t.stat("/tmp").st_ino,)
    assert t.sys_getrlimit(fastipc.RLIMIT_NOFILE, buf) == 0
    assert struct.unpack("QQ", t.load(AREA, 16)) == t.getrlimit(fastipc.RLIMIT_NOFILE)
    assert t.sys_setrlimit(fastipc.RLIMIT_NOFILE, buf) == 0
    assert t.sys_getresuid(buf) == 0 and t.load(AREA, 12) == bytes(12)
    assert t.sys_getgroups(buf) == 2 and struct.unpack("II", t.load(AREA, 8)) == (5, 7)
    assert t.sys_setgroups(UserBuffer(AREA, 4)) == 0 and t.getgroups() == [5]
    assert t.sys_getcwd(buf) == 2 and t.load(AREA, 2) == b"/\0"
    t.store(AREA, struct.pack("ihh", w, fastipc.POLLOUT, 0))
    assert t.sys_poll(UserBuffer(AREA, 8), 0) == 1
    child = t.fork()
    child.exit_group(2)
    assert t.sys_waitid(fastipc.P_ALL, 0, buf, fastipc.WEXITED | fastipc.WNOWAIT) == 0
    assert struct.unpack("i", t.load(AREA + 24, 4)) == (2,)
    assert t.sys_wait4(-1, buf) == child.pid and t.load(AREA, 4) == b"\0\2\0\0"
    for short in (lambda: t.sys_fstat(r, UserBuffer(AREA, 143)), lambda: t.sys_pipe2(UserBuffer(AREA, 7))):
        with pytest.raises(ValueError, match="must have"):
            short()


def test_a_bad_address_raises_with_errno(k):
    t = k.spawn()
    r, w = t.pipe()
    t.signal(SIGPIPE, SIG_IGN)
    for call in (
        lambda: t.write(w, UserBuffer(UNMAPPED, 1)),
        lambda: t.readinto(r, UserBuffer(KERNEL, 1)),
        lambda: t.writev(w, [UserBuffer(UNMAPPED, 1), b"x"]),
        lambda: t.readv(r, [UserBuffer(KERNEL, 1)]),
    ):
        with pytest.raises(OSError) as caught:
            call()
        assert caught.value.errno == t.errno == EFAULT
        k.verify()
    assert t.sys_writev(w, [UserBuffer(UNMAPPED, 0)]) == 0
    assert t.sys_writev(r, [UserBuffer(KERNEL, 1)]) == -EBADF
    assert t.sys_writev(w, [UserBuffer(UNMAPPED, 1)] * 1025) == -fastipc.EINVAL


def test_a_page_that_cannot_be_brought_in_is_efault_and_leaves_nothing(k):
    t = with_area(k)
    r, w = t.pipe2(O_NONBLOCK)
    t.write(w, b"abc")
    for nth in (1, 2):
        u = t.fork()
        k.inject("page", nth)
        ret = u.syscall("read", r, AREA + 4096, 3)
        assert ret in (-EFAULT, 3)
        k.inject("page", 0)
        k.verify()
        if ret == 3:
            t.write(w, b"abc")
        u.exit_group(0)
    assert t.read(r, 10) == b"abc"


def test_rows_of_a_vector_that_cannot_be_made_are_enomem(k):
    t = with_area(k)
    r, w = t.pipe2(O_NONBLOCK)
    for call in (
        lambda: t.syscall("writev", w, AREA, 2),
        lambda: t.sys_readv(r, [UserBuffer(AREA, 1)] * 2),
        lambda: t.syscall("poll", AREA, 1, 0),
    ):
        k.inject("row", 1)
        assert call() == -fastipc.ENOMEM
        k.verify()


def test_select_of_many_descriptors(k):
    t = with_area(k)
    t.setrlimit(fastipc.RLIMIT_NOFILE, (4096, 4096))
    r, w = t.pipe()
    high = t.fcntl(w, fastipc.F_DUPFD, 2000)
    bits = bytearray(512)
    bits[high // 8] |= 1 << high % 8
    t.store(AREA, bits)
    assert t.syscall("select", high + 1, 0, AREA, 0, 0) == 1
    assert t.load(AREA, 256) == bits[:256]
