"""Raw calls and addresses in the task's memory, in compiled programs."""

import numpy as np
import pytest

import fastipc
from fastipc import (
    EAGAIN,
    ECHILD,
    EFAULT,
    ENOSYS,
    ESPIPE,
    MAP_ANONYMOUS,
    MAP_PRIVATE,
    O_NONBLOCK,
    PROT_READ,
    PROT_WRITE,
    CompileError,
    UserBuffer,
    compiled,
)

ANON, RW = MAP_PRIVATE | MAP_ANONYMOUS, PROT_READ | PROT_WRITE
NOWHERE = UserBuffer(0x1000, 4)


@compiled
def addresses(t):
    a = t.mmap(8192, RW, ANON)
    r, w = t.pipe2(O_NONBLOCK)
    t.store(a, b"hello world")
    moved = t.write(w, UserBuffer(a, 11)), t.readinto(r, UserBuffer(a + 100, 50))
    failed = t.sys_write(w, UserBuffer(0x1000, 1)), t.sys_read(r, NOWHERE), t.sys_pread(r, UserBuffer(a, 1), 0)
    vectors = (
        t.writev(w, (UserBuffer(a, 5), UserBuffer(a + 5, 6))),
        t.readv(r, (UserBuffer(a + 200, 3), UserBuffer(a + 300, 100))),
        t.sys_writev(w, (NOWHERE, UserBuffer(a, 1))),
    )
    buf = np.zeros(4, np.uint8)
    t.load_into(a + 300, buf)
    try:
        t.write(w, NOWHERE)
    except Exception:
        return moved, failed, vectors, buf[0], t.errno, NOWHERE.addr, UserBuffer(a, 7).length
    return moved, failed, vectors, buf[0], 0, NOWHERE.addr, UserBuffer(a, 7).length


def test_user_buffers(k):
    t = k.spawn(addresses)
    k.run()
    assert t.result == (
        (11, 11), (-EFAULT, -EAGAIN, -ESPIPE), (11, 11, -EFAULT), ord("l"), EFAULT, 0x1000, 7,
    )  # fmt: skip


@compiled
def raw(t):
    a = t.mmap(4096, RW, ANON)
    made = t.syscall("pipe2", a, O_NONBLOCK)
    t.store(a, b"hello")
    moved = t.syscall("write", 1, a, 5), t.syscall("read", 0, a + 64, 9), t.syscall("read", 0, a, 1)
    odd = t.syscall("bpf", 1), t.sys_syscall("poll", 0x1000, 1, 0), t.syscall("sched_yield"), t.syscall("close", -1)
    return made, moved, odd, t.syscall("getpid") == t.pid


def test_raw_calls(k):
    t = k.spawn(raw)
    k.run()
    assert t.result == (0, (5, 5, -EAGAIN), (-ENOSYS, -EFAULT, 0, -fastipc.EBADF), True)


@compiled
def reader(t, r, w, a, by_name):
    t.close(w)
    n = t.syscall("read", r, a, 100) if by_name else t.readinto(r, UserBuffer(a, 100))
    m = t.syscall("read", r, 0x1000, 100) if by_name else t.sys_readinto(r, NOWHERE)
    buf = np.zeros(3, np.uint8)
    t.load_into(a, buf)
    left = t.readinto(r, buf)
    child = t.syscall("wait4", -1, a, 0, 0)
    t.store(a, np.array([0, 5], np.int64))
    slept = t.syscall("nanosleep", a, 0)
    return n, m, buf[0], left, child, slept


@compiled
def writer(t, r, w):
    for _ in range(2):
        t.nanosleep(0.5)
        t.write(w, b"xyz")


@pytest.mark.parametrize("by_name", [False, True])
def test_calls_that_sleep(k, by_name):
    t = k.spawn()
    r, w = t.pipe()
    a = t.mmap(4096, RW, ANON)
    child = t.fork(reader, r, w, a, by_name)
    t.fork(writer, r, w)
    t.close(w)
    k.run()
    assert child.result == (3, -EFAULT, ord("x"), 3, -ECHILD, 0)
    assert k.now_ns == 1_000_000_005


@compiled
def leaves(t):
    t.syscall("exit_group", 5)


def test_exit(k):
    t = k.spawn(leaves)
    k.run()
    assert t.exit_status == 0x500



@pytest.mark.parametrize(
    "source, match",
    [
        ("t.syscall('fork')", "use t.fork"),
        ("t.syscall('execve', 0, 0, 0)", "use t.execve"),
        ("t.syscall('readinto')", "name must be that of a system call"),
        ("t.syscall('close', 1.5)", "args must be an integer"),
        ("t.sys_poll(UserBuffer(0, 8))", "fds must be an array"),
        ("t.writev(0, (UserBuffer(0, 8), b'x'))", "buffers must be an array"),
    ],
)
def test_what_cannot_be_compiled(tmp_path, source, match):
    path = tmp_path / "program.py"
    path.write_text(f"from fastipc import UserBuffer\n\ndef program(t):\n    {source}\n")
    names = {}
    exec(compile(path.read_text(), str(path), "exec"), names)
    with pytest.raises(CompileError, match=match):
        fastipc.compile(fastipc.compiled(names["program"]))
