"""What could not be a C argument is our error and names the argument; what is only wrong gets Linux's errno.

Neither changes anything.
"""

import numpy as np
import pytest

import fastipc
from fastipc import EBADF, EINVAL, EMFILE, ENOMEM, F_DUPFD, O_NONBLOCK, FastIPCError, Kernel, TaskExited


@pytest.fixture
def p(k):
    """A task with an empty pipe at 0 (read end), 1 (write end)."""
    p = k.spawn(name="p")
    assert p.pipe() == (0, 1)
    return p


@pytest.fixture
def unchanged(k, picture):
    """Checks that the machine holds the same at the end of the block."""

    class Unchanged:
        def __enter__(self):
            self.before = picture(k)

        def __exit__(self, *exc):
            k.verify()
            assert picture(k) == self.before

    return Unchanged()


# ------------------------------------------------------------------------------------------ wrong types
WRONG_TYPES = [
    ("read", (0.5, 1), "fd"),
    ("read", ("0", 1), "fd"),
    ("read", (None, 1), "fd"),
    ("read", (0, 1.5), "n"),
    ("readinto", (0, 5), "buf"),
    ("readinto", (0, "text"), "buf"),
    ("write", (1.0, b""), "fd"),
    ("write", (1, "text"), "data"),
    ("write", (1, 5), "data"),
    ("write", (1, None), "data"),
    ("readv", (0, 5), "buffers"),
    ("readv", (0, [5]), "buffers"),
    ("writev", (1, ["text"]), "buffers"),
    ("close", ("0",), "fd"),
    ("dup", (0.0,), "fd"),
    ("dup2", (0, "1"), "new"),
    ("dup3", (0, 1, "x"), "flags"),
    ("pipe2", ("O_CLOEXEC",), "flags"),
    ("fcntl", (0, "F_GETFL"), "cmd"),
    ("fcntl", (0, F_DUPFD, 1.5), "arg"),
    ("ioctl", (0, 1.5), "request"),
    ("lseek", (0, 0.5, 0), "off"),
    ("lseek", (0, 0, None), "whence"),
    ("pread", (0, 1, "0"), "off"),
    ("fstat", ("0",), "fd"),
    ("poll", (5,), "fds"),
    ("poll", ([5],), "fds"),
    ("poll", ([(0, "in")],), "events"),
    ("poll", ([(0, 1)], "soon"), "timeout_ms"),
    ("select", (0, [], []), "r"),
    ("select", (["0"], [], []), "r"),
    ("select", ([], [], [], "soon"), "timeout"),
    ("nanosleep", ("1",), "seconds"),
    ("nanosleep", (None,), "seconds"),
    ("wait4", ("any",), "pid"),
    ("wait4", (-1, "WNOHANG"), "options"),
    ("exit", ("0",), "status"),
    ("exit_group", (1.5,), "status"),
    ("getrlimit", ("RLIMIT_NOFILE",), "res"),
    ("signal", ("SIGPIPE", 1), "sig"),
    ("clone", ("flags",), "flags"),
    ("fork", (5,), "program"),
    ("thread", ("program",), "program"),
]


@pytest.mark.parametrize(("call", "args", "name"), WRONG_TYPES)
def test_a_wrong_type_names_the_argument(p, unchanged, call, args, name):
    with unchanged, pytest.raises(TypeError, match=rf"\b{name}\b"):
        getattr(p, call)(*args)


def test_a_wrong_type_leaves_no_trace_at_all(k, p):
    p.getpid()
    before = k.state_hash(), k.trace_hash, k.counters
    for call, args, _ in WRONG_TYPES:
        if call not in ("poll", "select"):
            with pytest.raises(TypeError):
                getattr(p, call)(*args)
    assert (k.state_hash(), k.trace_hash, k.counters) == before


@pytest.mark.parametrize("call", ["getpid", "pipe", "sched_yield"])
def test_too_many_arguments(p, unchanged, call):
    with unchanged, pytest.raises(TypeError):
        getattr(p, call)(1, 2, 3)


def test_setrlimit_wants_a_pair(p, unchanged):
    for bad in (5, (1,), (1, 2, 3), ("a", "b"), None):
        with unchanged, pytest.raises((TypeError, ValueError)):
            p.setrlimit(fastipc.RLIMIT_NOFILE, bad)


def test_bools_and_numpy_integers_are_integers(p):
    assert p.write(np.int64(1), b"x") == 1
    assert p.read(np.uint8(0), np.int32(1)) == b"x"
    assert p.dup(False) == 2


@pytest.mark.parametrize(
    ("call", "args"),
    [
        ("read", (2**64, 1)),
        ("read", (0, 2**64)),
        ("lseek", (0, -(2**63) - 1, 0)),
        ("dup2", (0, 2**100)),
        ("close", (-(2**70),)),
    ],
)
def test_more_than_64_bits_is_a_value_error(p, unchanged, call, args):
    with unchanged, pytest.raises(ValueError):
        getattr(p, call)(*args)


# ------------------------------------------------------------------------------------------ buffers
def test_a_read_only_buffer_cannot_be_read_into(p, unchanged):
    p.write(1, b"data")
    frozen = np.zeros(4, np.uint8)
    frozen.flags.writeable = False
    with unchanged:
        for buf in (b"abcd", memoryview(b"abcd"), frozen):
            for call in (p.readinto, p.sys_readinto, p.sys_read):
                with pytest.raises(TypeError, match="buf"):
                    call(0, buf)
        with pytest.raises(TypeError, match="buffers"):
            p.readv(0, [bytearray(2), b"ab"])


def test_a_buffer_that_is_not_contiguous_is_refused(p, unchanged):
    strided = np.zeros(16, np.uint8)[::2]
    p.write(1, b"data")
    with unchanged:
        for call in (p.readinto, p.sys_readinto):
            with pytest.raises(ValueError, match="buf"):
                call(0, strided)
        for call in (p.write, p.sys_write):
            with pytest.raises(ValueError, match="data"):
                call(1, strided)
        with pytest.raises(ValueError, match="buffers"):
            p.writev(1, [b"ok", strided])


def test_every_kind_of_buffer_is_taken(p):
    a = np.arange(6, dtype=np.uint16).reshape(2, 3)
    for data in (b"\1\2", bytearray(b"\1\2"), memoryview(b"\1\2"), a, a.T.copy(), np.float64(1.5).reshape(1)):
        n = p.write(1, data)
        assert p.read(0, 100) == bytes(data)
        assert n == len(bytes(data))
    out = np.zeros((2, 2), np.uint32)
    p.write(1, bytes(range(16)))
    assert p.readinto(0, out) == 16
    assert out.tobytes() == bytes(range(16))


def test_a_buffer_is_held_only_while_the_call_lasts(k, p):
    buf = bytearray(4)
    q = p.fork()
    c = q.submit("readinto", 0, buf)
    k.run()
    with pytest.raises(BufferError):
        buf.extend(b"more")
    p.write(1, b"abcd")
    assert c.result() == 4
    buf.extend(b"more")
    c = q.submit("readinto", 0, buf)
    k.run()
    c.cancel()
    buf.extend(b"more")
    data = bytearray(70_000)
    c = q.submit("write", 1, data)
    k.run()
    with pytest.raises(BufferError):
        data.extend(b"x")
    c.cancel()
    data.extend(b"x")


# ------------------------------------------------------------------------------------------ numbers out of range
@pytest.mark.parametrize("fd", [-1, 2, 1023, 1024, 2**31 - 1, 2**31, 2**32 - 1, -(2**31), 2**63 - 1])
@pytest.mark.parametrize("call", ["read", "write", "close", "dup", "fstat", "lseek", "fcntl"])
def test_no_such_descriptor(p, unchanged, errno_of, call, fd):
    args = {"read": (1,), "write": (b"x",), "lseek": (0, 0), "fcntl": (fastipc.F_GETFD,)}.get(call, ())
    with unchanged:
        assert errno_of(getattr(p, call), fd, *args) == EBADF


def test_a_huge_count_reads_what_is_there(p):
    p.write(1, b"abc")
    for n in (2**31, 2**40, 2**46):
        assert p.read(0, n) == b"abc"
        p.write(1, b"abc")


def test_a_huge_count_that_sleeps_costs_nothing(k, p):
    q = p.fork()
    c = q.submit("read", 0, 2**46)
    k.run()
    p.write(1, b"abc")
    assert c.result() == b"abc"


def test_a_negative_count_changes_nothing(p, unchanged):
    p.write(1, b"abc")
    with unchanged:
        assert p.sys_close(-5) == -EBADF
        with pytest.raises(OSError) as caught:
            p.read(0, -1)
        assert caught.value.errno == fastipc.EFAULT


def test_errno_wins_over_nothing_else(p, unchanged, errno_of):
    with unchanged:
        assert errno_of(p.pipe2, 0x1234567) == EINVAL
        assert errno_of(p.pipe2, -1) == EINVAL
        assert errno_of(p.dup3, 0, 0, 0) == EINVAL
        assert errno_of(p.dup3, 0, 5, 1) == EINVAL
        assert errno_of(p.fcntl, 0, 9999) == EINVAL
        assert errno_of(p.fcntl, 0, F_DUPFD, -1) == EINVAL
        assert errno_of(p.fcntl, 0, F_DUPFD, 1024) == EINVAL
        assert errno_of(p.ioctl, 0, 0x1) == fastipc.ENOTTY
        assert errno_of(p.lseek, 0, 0, 0) == fastipc.ESPIPE
        assert errno_of(p.pread, 0, 1, 0) == fastipc.ESPIPE
        assert errno_of(p.pwrite, 1, b"x", 0) == fastipc.ESPIPE
        assert errno_of(p.nanosleep, -1) == EINVAL
        assert errno_of(p.wait4, -1, 0x10) == EINVAL
        assert errno_of(p.wait4, -1, 0) == fastipc.ECHILD
        assert errno_of(p.getrlimit, 99) == EINVAL
        assert errno_of(p.getrlimit, -1) == EINVAL
        assert errno_of(p.setrlimit, fastipc.RLIMIT_NOFILE, (5, 4)) == EINVAL
        assert errno_of(p.signal, 0, fastipc.SIG_IGN) == EINVAL
        assert errno_of(p.signal, 65, fastipc.SIG_IGN) == EINVAL
        assert errno_of(p.signal, fastipc.SIGKILL, fastipc.SIG_IGN) == EINVAL


# ------------------------------------------------------------------------------------------ nothing left
def test_a_full_descriptor_table(p, unchanged, errno_of):
    p.setrlimit(fastipc.RLIMIT_NOFILE, (4, 4))
    assert p.dup(0) == 2
    with unchanged:
        assert errno_of(p.pipe) == EMFILE  # one number is left, a pipe wants two
    assert p.dup(0) == 3
    with unchanged:
        assert errno_of(p.dup, 0) == EMFILE
        assert errno_of(p.pipe2, O_NONBLOCK) == EMFILE
        assert errno_of(p.fcntl, 0, F_DUPFD, 0) == EMFILE
        assert errno_of(p.dup2, 0, 4) == EBADF
    p.close(2)
    assert p.dup(1) == 2


def test_no_free_page(make_kernel, errno_of, picture):
    k = make_kernel(memory=64 * 4096)
    p = k.spawn()
    ends = [p.pipe2(O_NONBLOCK) for _ in range(6)]
    with pytest.raises(OSError) as caught:
        for _, w in ends:
            for _ in range(16):
                p.write(w, b"x" * 4096)
    assert caught.value.errno == ENOMEM
    before = picture(k)
    r, w = ends[-1]
    assert errno_of(p.write, w, b"y") == ENOMEM
    assert picture(k) == before
    assert p.read(ends[0][0], 4096) == b"x" * 4096
    k.verify()


def test_no_free_row(k, p, unchanged):
    with unchanged:
        k.inject("row", 1)
        with pytest.raises(OSError):
            p.pipe()
    assert p.pipe() == (2, 3)


# ------------------------------------------------------------------------------------------ wrong time, wrong place
def test_a_call_on_a_dead_task(k, p):
    c = p.fork()
    c.exit_group(0)
    before = k.state_hash()
    calls = [(c.getpid,), (c.read, 0, 1), (c.write, 1, b"x"), (c.sys_close, 0), (c.pipe,), (c.fork,), (c.exit_group,)]
    for call, *args in calls:
        with pytest.raises(TaskExited):
            call(*args)
    assert k.state_hash() == before


def test_a_kernel_closed_twice_or_used_after_closing():
    k = Kernel()
    p = k.spawn()
    p.pipe()
    c = p.submit("read", 0, 1)
    k.run()
    k.close()
    k.close()
    uses = (
        k.run,
        k.step,
        k.spawn,
        k.verify,
        k.state_hash,
        p.getpid,
        p.pipe,
        p.sys_getpid,
        lambda: k.table("task"),
        lambda: k.inject("page", 1),
        lambda: k.read_proc("/proc/buddyinfo"),
        lambda: p.submit("getpid"),
        c.result,
    )
    for use in uses:
        with pytest.raises(FastIPCError):
            use()
    repr(k), repr(p), repr(c), p.name, p.pid, p.state, p.result, p.exit_status


def test_a_kernel_is_a_context_manager():
    with Kernel() as k:
        p = k.spawn()
        p.pipe()
    with pytest.raises(FastIPCError):
        p.getpid()
    with pytest.raises(ZeroDivisionError), Kernel() as k:
        raise ZeroDivisionError
    with pytest.raises(FastIPCError):
        k.run()


@pytest.mark.parametrize(
    ("options", "error", "name"),
    [
        ({"seed": "x"}, TypeError, "seed"),
        ({"memory": "lots"}, TypeError, "memory"),
        ({"memory": -1}, ValueError, "memory"),
        ({"memory": 0}, ValueError, "memory"),
        ({"memory": 2**62}, (ValueError, MemoryError), "memory"),
        ({"profile": "2.4"}, ValueError, "profile"),
        ({"schedule": "best"}, ValueError, "schedule"),
        ({"schedule": 5}, TypeError, "schedule"),
        ({"limits": 5}, TypeError, "limits"),
        ({"limits": {"no_such": 5}}, (ValueError, AttributeError, TypeError), "no_such"),
        ({"clock": "sundial"}, ValueError, "clock"),
        ({"colour": "red"}, TypeError, "colour"),
    ],
)
def test_a_kernel_made_wrongly_names_the_argument(options, error, name):
    with pytest.raises(error, match=name):
        Kernel(**options)


@pytest.mark.parametrize(
    ("options", "error", "name"),
    [
        ({"program": 5}, TypeError, "program"),
        ({"name": 5}, TypeError, "name"),
        ({"uid": "root"}, TypeError, "uid"),
        ({"gid": 1.5}, TypeError, "gid"),
        ({"parent": "init"}, TypeError, "parent"),
    ],
)
def test_spawn_called_wrongly_names_the_argument(k, unchanged, options, error, name):
    with unchanged, pytest.raises(error, match=name):
        k.spawn(**options)


def test_spawn_under_a_parent_of_another_kernel_or_a_dead_one(k, make_kernel, unchanged):
    other = make_kernel().spawn()
    with unchanged, pytest.raises((ValueError, FastIPCError)):
        k.spawn(parent=other)
    p = k.spawn()
    p.exit_group()
    with unchanged, pytest.raises((ValueError, TaskExited)):
        k.spawn(parent=p)


def test_table_and_inject_of_unknown_names(k, unchanged):
    with unchanged, pytest.raises((KeyError, ValueError), match="chairs"):
        k.table("chairs")
    with unchanged, pytest.raises((KeyError, ValueError), match="chairs"):
        k.inject("chairs", 1)
    with unchanged, pytest.raises(ValueError, match="nth"):
        k.inject("page", -1)
    with unchanged, pytest.raises((FileNotFoundError, ValueError)):
        k.read_proc("/proc/nothing")


def test_a_program_must_be_callable_and_is_called_with_the_task_first(k, kind):
    def program(t, a, b=2):
        yield t.getpid()
        return t, a, b

    p = k.spawn(kind(program), 1)
    k.run()
    assert p.result == (p, 1, 2)
    bad = k.spawn(kind(program))  # too few arguments: an exception of the program
    with pytest.raises(TypeError):
        k.run()
    assert bad.exit_status == 0x0100
