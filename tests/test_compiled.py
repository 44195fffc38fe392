"""Compiled programs: one source runs interpreted and as machine code, with the same results, traces and counters."""

import gc
from typing import NamedTuple

import numba
import numpy as np
import pytest

import fastipc
from fastipc import (
    EBADF,
    EINVAL,
    ESPIPE,
    F_DUPFD,
    F_GETFL,
    F_SETFL,
    FIONBIO,
    FIONREAD,
    O_CLOEXEC,
    O_NONBLOCK,
    POLLFD,
    POLLIN,
    POLLOUT,
    RLIMIT_NOFILE,
    SIG_IGN,
    SIGCHLD,
    SIGPIPE,
    STAT,
    WNOHANG,
    CompileError,
    StackOverflow,
    Task,
    compiled,
)
from fastipc._core.native import SYMBOLS
from fastipc.syscalls import METHODS, TABLE

PYTHON_ONLY = {"read", "pread", "fstat", "select", "sys_select", "submit"}  # they make objects of Python
COMPILED_ONLY = {"array", "checkpoint"}
THREAD = int(fastipc.CLONE_VM | fastipc.CLONE_FS | fastipc.CLONE_FILES | fastipc.CLONE_SIGHAND)
THREAD |= int(fastipc.CLONE_THREAD | fastipc.CLONE_SYSVSEM)


def told(value):
    """A result without NumPy's types."""
    if isinstance(value, tuple):
        return tuple(told(part) for part in value)
    if isinstance(value, np.ndarray):
        return value.tolist()
    return value.item() if isinstance(value, np.generic) else value


def plain_args(args):
    return tuple(a.py_func if isinstance(a, fastipc.CompiledProgram) else a for a in args)


def outcome(k, program, args):
    """The result of a program in an empty kernel, and all that the kernel tells of the run."""
    lines = []
    k.trace(lines)
    a = k.spawn(program, *args, name="program", uid=1000, gid=1000)
    k.run()
    return {
        "result": told(a.result),
        "status": a.exit_status,
        "lines": lines,
        "hash": k.trace_hash,
        "now": k.now_ns,
        "counters": {key: dict(v) if key == "calls" else v for key, v in k.counters.items()},
    }


@pytest.fixture
def both(make_kernel):
    """The result of a program that is the same, with trace and counters, interpreted and compiled."""

    def both(program, *args):
        ours = outcome(make_kernel(), program, args)
        theirs = outcome(make_kernel(), program.py_func, plain_args(args))
        assert ours["lines"] == theirs["lines"]
        assert ours == theirs
        return ours["result"]

    return both


# ------------------------------------------------------------------------------------------ every method
@compiled
def descriptors(t):
    r, w = t.pipe()
    x, y = t.pipe2(O_NONBLOCK | O_CLOEXEC)
    buf, more = np.zeros(16, np.uint8), np.zeros(4, np.uint8)
    wrote = t.write(w, b"hello world")
    got = t.readinto(r, buf)
    wrote2 = t.writev(w, (b"abc", buf, more))
    got2 = t.readv(r, (more, buf))
    d, d2, d3 = t.dup(r), t.dup2(w, 20), t.dup3(w, 21, O_CLOEXEC)
    flags = t.fcntl(x, F_GETFL)
    none = t.fcntl(x, F_SETFL, 0)
    d4 = t.fcntl(r, F_DUPFD, 30)
    none2 = t.ioctl(x, FIONBIO, 1)
    size = t.ioctl(y, FIONREAD)
    t.close(d)
    old = t.signal(SIGPIPE, SIG_IGN)
    older = t.signal(SIGPIPE, old)
    return (r, w, x, y, wrote, got, wrote2, got2, d, d2, d3, flags, none, d4, none2, size, old, older), buf, more


def test_calls_on_descriptors(both):
    assert both(descriptors)[0][4:8] == (11, 11, 23, 20)


@compiled
def descriptors_sys(t):
    fds, words = np.zeros(2, np.int32), np.zeros(2, np.int32)
    a, b = t.sys_pipe(fds), t.sys_pipe2(words, O_NONBLOCK)
    r, w, x = fds[0], fds[1], words[0]
    buf, more, stat = np.zeros(16, np.uint8), np.zeros(4, np.uint8), np.zeros(1, STAT)
    wrote = t.sys_write(w, b"hello world")
    got, got1 = t.sys_read(r, buf[:5]), t.sys_readinto(r, buf[5:])
    wrote2 = t.sys_writev(w, (b"abc", buf, more))
    got2 = t.sys_readv(r, (more, buf))
    d, d2, d3 = t.sys_dup(r), t.sys_dup2(w, 20), t.sys_dup3(w, 21, O_CLOEXEC)
    flags, none, d4 = t.sys_fcntl(x, F_GETFL), t.sys_fcntl(x, F_SETFL, 0), t.sys_fcntl(r, F_DUPFD, 30)
    none2, size = t.sys_ioctl(x, FIONBIO, 1), t.sys_ioctl(words[1], FIONREAD)
    st = t.sys_fstat(r, stat)
    seek = t.sys_lseek(r, 0, 0)
    pr, pw = t.sys_pread(r, buf[:0], 0), t.sys_pwrite(w, b"x", 1)
    c = t.sys_close(d)
    old, older = t.sys_signal(SIGPIPE, SIG_IGN), t.sys_signal(SIGPIPE, 0)
    numbers = (r, w, x, a, b, wrote, got, got1, wrote2, got2, d, d2, d3, flags, none, d4, none2, size, st, seek)
    return numbers, (pr, pw, c, old, older), (stat[0]["st_mode"], stat[0]["st_uid"], stat[0]["st_blksize"]), buf, more


def test_calls_on_descriptors_in_the_other_verb(both):
    numbers, others, stat, _, _ = both(descriptors_sys)
    assert numbers[5:10] == (11, 5, 6, 23, 20)
    assert others[:2] == (-ESPIPE, -ESPIPE)
    assert stat == (0o010600, 1000, 4096)


@compiled
def identities(t):
    ids, pair = np.zeros(3, np.uint32), np.zeros(2, np.uint64)
    same = (t.getpid() == t.sys_getpid(), t.gettid() == t.sys_gettid(), t.getppid() == t.sys_getppid())
    same2 = (t.getuid() == t.sys_getuid(), t.geteuid() == t.sys_geteuid(), t.getgid() == t.sys_getgid())
    same3 = (t.getegid() == t.sys_getegid(), t.pid == t.gettid(), t.tgid == t.getpid())
    users, groups = t.getresuid(), t.getresgid()
    a = t.sys_getresuid(ids)
    first = ids[0]
    b = t.sys_getresgid(ids)
    soft, hard = t.getrlimit(RLIMIT_NOFILE)
    t.setrlimit(RLIMIT_NOFILE, (100, 200))
    c = t.sys_getrlimit(RLIMIT_NOFILE, pair)
    pair[0] = 50
    d = t.sys_setrlimit(RLIMIT_NOFILE, pair)
    now = t.getrlimit(RLIMIT_NOFILE)[0]
    t.sched_yield()
    e = t.sys_sched_yield()
    t.nanosleep(1)
    t.nanosleep(0.25)
    f = t.sys_nanosleep(1e-9)
    return same, same2, same3, users, groups, (a, b, c, d, e, f, first, ids[2], int(soft), int(hard), int(now))


def test_identities_limits_and_time(both):
    same, same2, same3, users, groups, numbers = both(identities)
    assert same == same2 == same3 == (True, True, True)
    assert users == groups == (1000, 1000, 1000)
    assert numbers == (0, 0, 0, 0, 0, 0, 1000, 1000, 1024, 4096, 50)


@compiled
def errnos0(t):
    bad, buf, seen = 77, np.zeros(4, np.uint8), np.zeros(6, np.int64)
    r, w = t.pipe()
    for i in range(6):
        try:
            if i == 0:
                t.readinto(bad, buf)
            elif i == 1:
                t.write(bad, buf)
            elif i == 2:
                t.readv(bad, (buf,))
            elif i == 3:
                t.writev(bad, (buf,))
            elif i == 4:
                t.pwrite(w, buf, 0)
            else:
                t.lseek(r, 0, 0)
        except Exception:
            seen[i] = t.errno
    return seen


@compiled
def errnos1(t):
    bad, buf, seen = 77, np.zeros(4, np.uint8), np.zeros(6, np.int64)
    r, w = t.pipe()
    for i in range(6):
        try:
            if i == 0:
                t.close(bad)
            elif i == 1:
                t.dup(bad)
            elif i == 2:
                t.dup2(bad, 5)
            elif i == 3:
                t.dup3(r, r, 0)
            elif i == 4:
                t.fcntl(bad, F_GETFL)
            else:
                t.ioctl(r, 0x1234, 5)
        except Exception:
            seen[i] = t.errno
    return seen


@compiled
def errnos2(t):
    bad, buf, seen = 77, np.zeros(4, np.uint8), np.zeros(6, np.int64)
    r, w = t.pipe()
    for i in range(6):
        try:
            if i == 0:
                t.wait4()
            elif i == 1:
                t.wait4(5, 0x10000)
            elif i == 2:
                t.signal(9, SIG_IGN)
            elif i == 3:
                t.getrlimit(99)
            elif i == 4:
                t.setrlimit(99, (1, 1))
            else:
                t.setrlimit(RLIMIT_NOFILE, (5, 4))
        except Exception:
            seen[i] = t.errno
    return seen


@compiled
def errnos3(t):
    bad, buf, seen = 77, np.zeros(4, np.uint8), np.zeros(6, np.int64)
    r, w = t.pipe()
    for i in range(6):
        try:
            if i == 0:
                t.nanosleep(-1)
            elif i == 1:
                t.pipe2(1)
            elif i == 2:
                t.nanosleep(-0.5)
            elif i == 3:
                t.readinto(w, buf)
            elif i == 4:
                t.close(-(2**31))
            else:
                t.fcntl(r, 99)
        except Exception:
            seen[i] = t.errno
    return seen


@compiled
def errnos_sys(t):
    bad = 77
    buf, fds, word, ids = np.zeros(4, np.uint8), np.zeros(2, np.int32), np.zeros(1, np.int32), np.zeros(2, np.uint64)
    ids[0] = 5
    r, w = t.pipe()
    a = (t.sys_read(bad, buf), t.sys_write(bad, buf), t.sys_readv(bad, (buf,)), t.sys_writev(bad, (buf,)))
    b = (t.sys_pwrite(w, buf, 0), t.sys_lseek(r, 0, 0), t.sys_close(bad), t.sys_dup(bad), t.sys_dup2(bad, 5))
    c = (t.sys_dup3(r, r, 0), t.sys_fcntl(bad, F_GETFL), t.sys_ioctl(r, 0x1234, 5), t.sys_wait4())
    d = (t.sys_wait4(5, word, 0x10000), t.sys_signal(9, SIG_IGN), t.sys_getrlimit(99, ids), t.sys_setrlimit(99, ids))
    e = (t.sys_setrlimit(RLIMIT_NOFILE, ids), t.sys_nanosleep(-1), t.sys_pipe2(fds, 1), t.sys_nanosleep(-0.5))
    f = (t.sys_read(w, buf), t.sys_close(-(2**31)), t.sys_fcntl(r, 99), t.sys_pread(r, buf, 0), t.sys_pipe2(fds, 8))
    g = (t.sys_fstat(bad, np.zeros(1, STAT)), t.sys_poll(np.zeros(2000, POLLFD), 0), t.sys_clone(0x10000, ender, 0))
    return a, b, c, d, e, f, g, (t.errno,)


@compiled
def ender(t, status):
    t.exit_group(status)


def test_an_errno_of_every_call(both):
    seen = [n for program in (errnos0, errnos1, errnos2, errnos3) for n in both(program)]
    other = sum(both(errnos_sys), ())
    assert all(seen)
    assert seen == [-e for e in other[:24]]
    assert other[24:] == (-ESPIPE, -EINVAL, -EBADF, -EINVAL, -EINVAL, EINVAL)


@compiled
def polling(t):
    r, w = t.pipe()
    rows = np.zeros(2, POLLFD)
    rows[0]["fd"], rows[0]["events"] = r, POLLIN
    rows[1]["fd"], rows[1]["events"] = w, POLLOUT
    a = t.sys_poll(rows, 0)
    b = t.sys_poll(rows[:1], 10)
    c = t.sys_poll(rows[:0], 5)
    t.write(w, b"x")
    d = t.sys_poll(rows)
    return a, b, c, d, rows[0]["revents"], rows[1]["revents"]


@compiled
def polling_raising(t):
    r, w = t.pipe()
    rows = np.zeros(2, POLLFD)
    rows[0]["fd"], rows[0]["events"] = r, POLLIN
    rows[1]["fd"], rows[1]["events"] = 55, POLLOUT
    a = t.poll(rows[:1], 10)
    t.write(w, b"x")
    b = t.poll(rows)
    return a, b, rows[0]["revents"], rows[1]["revents"]


def test_polling(both, k):
    assert both(polling) == (1, 0, 0, 2, POLLIN, POLLOUT)
    a = k.spawn(polling_raising)
    k.run()
    assert a.result == (0, 2, POLLIN, fastipc.POLLNVAL)


@compiled
def child(t, w, status):
    t.write(w, b"child")
    if status == 0:
        t.exit()
    if status == 1:
        t.sys_exit(1)
    if status == 2:
        t.sys_exit_group(2)
    if status == 3:
        t.exit_group(3)
    return status


@compiled
def family(t, child):
    r, w = t.pipe()
    buf = np.zeros(100, np.uint8)
    word = np.zeros(1, np.int32)
    total = 0
    for i in range(5):
        pid = t.fork(child, w, i)
        a, b = t.wait4(pid)
        if a != int(pid):
            return -1
        total = total * 1000 + b
    pid = t.sys_fork(child, w, 3)
    if t.sys_wait4(pid, word, WNOHANG) != 0 or t.sys_wait4(pid, word) != pid or word[0] != 0x0300:
        return -2
    pid = t.clone(SIGCHLD, child, w, 2)
    if t.sys_wait4(int(pid)) != int(pid):
        return -3
    pid = t.sys_clone(SIGCHLD, child, w, 1)
    if t.wait4(-1, WNOHANG) != (0, 0):
        return -4
    if t.wait4() != (pid, 0x0100):
        return -5
    t.thread(child, w, 0)
    t.sys_thread(child, w, 1)
    t.clone(THREAD, child, w, 0)
    t.nanosleep(1)
    t.close(w)
    n = t.readinto(r, buf)
    return total * 1000 + n


def test_families(both):
    assert both(family, child) == 256_512_768_000_055


@compiled
def second(t, r, a, x):
    t.exit_group(int(a.sum() + x * 10) + (t.sys_fcntl(r, F_GETFL) == -EBADF))


@compiled
def first(t, second, verb):
    a = np.arange(4)
    r, w = t.pipe2(O_CLOEXEC)
    d = t.dup(r)
    if verb:
        t.sys_execve(second, r, a, 0.5)
    t.execve(second, d, a, 1.5)


def test_execve(both, make_kernel):
    both(first, second, True)
    both(first, second, False)
    for verb, status in ((True, 12), (False, 21)):
        k = make_kernel()
        a = k.spawn(first, second, verb)
        k.run()
        assert a.exit_status == status << 8
        assert a.result is None


# ------------------------------------------------------------------------------------------ the tables
def names_of_compiled():
    from numba.core.typing.templates import builtin_registry

    import fastipc._numba.host  # noqa: F401
    from fastipc._numba.task_type import TaskType

    names = set()
    for template in builtin_registry.attributes:
        if getattr(template, "key", None) is TaskType:
            names.add(template._attr)
    return names


def test_every_method_is_one_of_task_and_has_its_symbol():
    for m in METHODS.values():
        assert hasattr(Task, m.name)
        assert hasattr(Task, f"sys_{m.name}")
        assert m.symbol in SYMBOLS
    assert all(SYMBOLS.values())
    names = names_of_compiled()
    attributes = {"errno", "pid", "tgid", "uid", "euid", "gid", "egid"}
    assert {n for n in names if not hasattr(Task, n)} == COMPILED_ONLY
    assert attributes <= names


def test_every_system_call_of_task_is_there_or_makes_objects():
    names = names_of_compiled()
    calls = {n.removeprefix("sys_") for n in dir(Task) if n.startswith("sys_")}
    missing = {n for call in calls for n in (call, f"sys_{call}") if n not in names or n in ("read",)}
    assert missing == PYTHON_ONLY - {"submit"}
    known = {call.name for call in TABLE.values()}
    assert {"pread64", "pwrite64", "rt_sigaction"} <= known
    assert len(calls) > 35


@pytest.mark.parametrize("name", sorted(PYTHON_ONLY))
def test_what_is_not_there_is_refused_by_name(k, name):
    scope = {"fastipc": fastipc}
    exec(f"def f(t, a):\n    return t.{name}(0, a)", scope)
    with pytest.raises(CompileError, match=rf"f cannot be compiled: .*t?\.?{name}"):
        k.spawn(compiled(scope["f"]), 1)


# ------------------------------------------------------------------------------------------ arguments and results
@compiled
def echo(t, value):
    return value


VALUES = [
    0,
    -(2**63),
    2**63 - 1,
    1.5,
    float("inf"),
    True,
    False,
    2 + 3j,
    np.uint8(200),
    np.int16(-5),
    np.float32(0.5),
    (),
    (1,),
    (1, 2.5, True),
    ((1, 2), (3, (4.5, np.uint8(6)))),
    None,
]


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_values_go_in_and_come_out(k, value):
    a = k.spawn(echo, value)
    k.run()
    assert a.result == value
    assert type(told(a.result)) is type(told(value))


@compiled
def arrays(t, a, x):
    new = a * 2
    a[0] = 7
    return a, new, x, a[1:].copy()


@pytest.mark.parametrize("dtype", [np.uint8, np.int64, np.float32, np.bool_, np.complex128])
def test_arrays_are_shared_and_come_out(k, dtype):
    given = np.ones((3, 2), dtype)
    a = k.spawn(arrays, given, (given.T[0], 5))
    k.run()
    same, new, (view, five), copy = a.result
    assert same[0].tolist() == given[0].tolist() == [dtype(7)] * 2
    assert new.tolist() == [[2, 2]] * 3
    assert view.tolist() == given.T[0].tolist()
    assert (five, copy.shape) == (5, (2, 2))
    del a, given
    gc.collect()
    new += 1
    assert same.shape == (3, 2)


def test_an_array_that_a_program_returns_lives_as_long_as_it_is_held(make_kernel):
    k = make_kernel()
    p = [k.spawn(maker, n) for n in range(50)]
    k.run()
    results = [a.result for a in p]
    del p
    for n, (a, b) in enumerate(results):
        assert a.tolist() == list(range(n))
        assert b.tolist() == [n] * n


@compiled
def maker(t, n):
    t.sched_yield()
    s = t.array(n, np.int64)
    s[:] = n
    return np.arange(n), s.copy()


class Point(NamedTuple):
    x: int
    y: int


def of_point(t, p):
    return Point(p.x + 1, 2 * p.y)


def maybe(t, p):
    if p.x > 1:
        return 5
    return None


def of_scratch(t, p):
    s = t.array(3, np.int64)
    s[:] = p.x
    return s, (s[1:], p.y)


def mixed(t, p):
    return None, 1, (np.ones(2), True)


@pytest.mark.parametrize(
    ("program", "x", "expected"),
    [
        (of_point, 3, Point(4, 4)),
        (maybe, 1, None),
        (maybe, 2, 5),
        (of_scratch, 9, ([9, 9, 9], ([9, 9], 2))),
        (mixed, 0, (None, 1, ([1, 1], True))),
    ],
)
def test_results_of_all_kinds(k, program, x, expected):
    a = k.spawn(compiled(program), Point(x, 2))
    k.run()
    b = k.spawn(echo, 1)
    k.run()
    assert b.result == 1
    assert told(a.result) == expected
    assert type(a.result) is type(expected)


def test_a_result_without_a_form_outside_is_refused(k):
    def itself(t):
        return t

    for _ in range(2):
        with pytest.raises(CompileError, match="it returns fastipc.Task"):
            k.spawn(compiled(itself))


@compiled
def of_bytes(t, data, w):
    return t.write(w, data), len(data), data[0]


@pytest.mark.parametrize("data", [b"abc", bytearray(b"abc"), memoryview(b"abc")], ids=["bytes", "bytearray", "view"])
def test_bytes_are_arrays(k, data):
    p = k.spawn()
    r, w = p.pipe()
    a = p.fork(of_bytes, data, w)
    k.run()
    assert a.result == (3, 3, 97)
    assert p.read(r, 9) == b"abc"


@compiled
def waiter(t, pid, fd=5, *, times=1):
    return t.sys_wait4(pid), fd


def test_a_task_is_its_pid(k):
    p = k.spawn()
    q = p.fork()
    q.exit(3)
    other = k.spawn(defaults, (p, q))
    p.execve(waiting, q)
    k.run()
    assert p.result == (q.pid, 0x0300)
    assert other.result == (p.pid, q.pid, 2, 3.0)


@compiled
def waiting(t, pid):
    return t.wait4(pid)


@compiled
def defaults(t, pair=(1, 1), x=2, y=3.0):
    return pair[0], pair[1], x, y


def test_defaults(k):
    tasks = [
        k.spawn(defaults),
        k.spawn(defaults, (5, 6)),
        k.spawn(defaults, (5, 6), 7),
        k.spawn(defaults, (1, 2), 3, 4),
    ]
    k.run()
    assert [a.result for a in tasks] == [(1, 1, 2, 3.0), (5, 6, 2, 3.0), (5, 6, 7, 3.0), (1, 2, 3, 4)]


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ((), "echo: missing a required argument: 'value'"),
        ((1, 2), "echo: too many positional arguments"),
        (({},), "echo: an argument has no compiled form: .*dict"),
        (([1],), "echo cannot be given an argument of type .*list"),
        (("text",), "echo cannot be given an argument of type unicode"),
        ((object(),), "echo: an argument has no compiled form"),
        ((2**64,), "echo: an argument has no compiled form|int"),
    ],
    ids=["too few", "too many", "dict", "list", "str", "object", "long"],
)
def test_wrong_arguments_are_errors_of_whoever_starts_it(k, args, message):
    p = k.spawn()
    before = len(k.tasks)
    for start in (k.spawn, p.fork, p.thread, p.execve):
        with pytest.raises((TypeError, OverflowError), match=message):
            start(echo, *args)
    assert len(k.tasks) == before
    p.getpid()


# ------------------------------------------------------------------------------------------ refused
REFUSED = [
    ("try:\n        t.close(1)\n    except OSError:\n        pass", 4, "`except OSError` cannot be compiled: .*t.sys_"),
    ("try:\n        t.close(1)\n    except Exception as e:\n        pass", 4, "`as e` cannot be compiled: .*t.errno"),
    ("try:\n        t.close(1)\n    except Exception:\n        raise", 4, "`raise` alone cannot be compiled: .*t.sys_"),
    ("try:\n        t.close(1)\n    except (ValueError, OSError):\n        pass", 4, "`except .ValueError, OSError.`"),
    ("try:\n        t.close(1)\n    except Exception:\n        raise ValueError", 4, "`raise` inside `except`"),
    ("try:\n        t.close(1)\n    finally:\n        pass", 2, "`finally` cannot be compiled"),
    ("yield t.close(1)", 1, "generator"),
]


@pytest.mark.parametrize(("body", "line", "message"), REFUSED)
def test_what_machine_code_cannot_have_is_refused_when_decorated(tmp_path, body, line, message):
    import importlib.util

    path = tmp_path / "refused.py"
    path.write_text(f"def f(t):\n    {body}\n")
    spec = importlib.util.spec_from_file_location("refused", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    with pytest.raises(CompileError, match=message) as caught:
        compiled(module.f)
    assert f"{path}:{line}: " in str(caught.value)


def test_a_bare_except_is_fine_and_what_comes_out_of_it_is_an_error(k):
    a, b = k.spawn(handles, 0), k.spawn(handles, 1)
    with pytest.raises(RuntimeError, match="an error came out of an `except` block"):
        k.run()
    assert a.result == EBADF
    assert b.exit_status == 0x0100


@compiled
def handles(t, n):
    try:
        t.close(99)
    except:  # noqa: E722
        if n:
            t.close(n)
        return t.errno
    return -1


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("t.readinto(0, a)", "buf must be contiguous"),
        ("t.write(1.5, b'x')", "fd must be an integer, not float64"),
        ("t.readinto(0, b'xyz')", "buf must be writable"),
        ("t.writev(0, a)", "buffers must be a tuple of arrays"),
        ("t.nanosleep((1, 2))", "seconds must be a number"),
        ("t.fork(a)", "program must be a program made by fastipc.compiled"),
        ("t.frobnicate()", "Unknown attribute 'frobnicate'"),
        ("t.array(4, 5)", "dtype must be a dtype"),
        ("t.close()", "f cannot be compiled"),
        ("t.read(0, 4)", "use t.readinto"),
        ("open('x')", "f cannot be compiled"),
    ],
)
def test_what_cannot_be_compiled_says_why(k, body, message):
    scope = {}
    exec(f"def f(t, a):\n    {body}", scope)
    f = compiled(scope["f"])
    for start in (k.spawn, k.spawn().fork):
        with pytest.raises(CompileError, match=message) as caught:
            start(f, np.zeros((4, 4))[:, 1])
        assert "f.py_func" in str(caught.value)


def test_what_is_no_function_is_refused():
    for wrong in (5, "f", len, int):
        with pytest.raises(TypeError, match="function must be a Python function"):
            compiled(wrong)
    assert compiled(echo) is echo
    assert repr(echo) == "<compiled program echo>"


# ------------------------------------------------------------------------------------------ helpers and errors
@numba.njit
def read_exactly(t, r, buf):
    got = 0
    while got < buf.size:
        n = t.readinto(r, buf[got:])
        if n == 0:
            raise ValueError("the end came early")
        got += n
    return got


@compiled
def collects(t, r, n):
    buf = np.zeros(n, np.uint8)
    try:
        read_exactly(t, r, buf)
    except Exception:
        return -1, buf
    return 0, buf


@compiled
def collects_strictly(t, r, n):
    buf = np.zeros(n, np.uint8)
    read_exactly(t, r, buf)
    return 0, buf


def test_helpers_block(k):
    p = k.spawn()
    r, w = p.pipe()
    a, b = p.fork(collects, r, 6), k.spawn(echo, 1)
    for part in (b"a", b"bcd", b"ef"):
        k.run(deadlock="return")
        assert a.state == "sleeping"
        p.write(w, part)
    k.run()
    assert (a.result[0], bytes(a.result[1]), b.result) == (0, b"abcdef", 1)
    c, d = p.fork(collects, r, 6), p.fork(collects_strictly, r, 6)
    for t in (c, d):
        k.step()
        t.name  # noqa: B018
    k.run(deadlock="return")
    p.close(w)
    for t in (c, d):
        assert t.state == "sleeping"  # they hold a write end themselves
    e = p.fork(collects_strictly, 99, 6)
    with pytest.raises(OSError, match="Bad file") as caught:
        k.run()
    assert caught.value.errno == EBADF
    assert caught.value.__notes__ == [f"in the program of task {e.pid} (collects_strictly)"]


@compiled
def fails(t, how):
    t.sched_yield()
    if how == 0:
        raise ValueError("constant")
    if how == 1:
        raise KeyError(how, 2.5)
    if how == 2:
        t.close(77)
    if how == 3:
        read_exactly(t, 77, np.zeros(1, np.uint8))
    if how == 4:
        t.array(-1, np.uint8)
    if how == 5:
        t.nanosleep(np.nan)
    if how == 6:
        t.array(1 << 61, np.int64)
    if how == 7:
        raise AssertionError
    return 1 // (8 - how)


FAILURES = [
    ValueError("constant"),
    KeyError(1, 2.5),
    OSError(EBADF, "Bad file descriptor"),
    OSError(EBADF, "Bad file descriptor"),
    ValueError("n must not be negative"),
    ValueError("seconds must be finite"),
    MemoryError("no memory for this array"),
    AssertionError(),
    ZeroDivisionError("integer division by zero"),
]


@pytest.mark.parametrize("how", range(len(FAILURES)))
def test_what_is_not_caught_comes_out_once(k, how):
    a, b = k.spawn(fails, how), k.spawn(sleeps, 1)
    with pytest.raises(type(FAILURES[how])) as caught:
        k.run()
    assert caught.value.args == FAILURES[how].args
    assert caught.value.__notes__ == [f"in the program of task {a.pid} (fails)"]
    assert a.exit_status == 0x0100
    assert a.result is None
    k.run()
    assert b.result == 1


@compiled
def sleeps(t, seconds):
    t.nanosleep(seconds)
    return seconds


@compiled
def one_of_many(t, i):
    t.nanosleep(i / 1000)
    if i == 500:
        t.close(i)
    t.nanosleep(1)
    return i


def test_one_of_a_thousand_fails_and_the_others_go_on(k):
    tasks = [k.spawn(one_of_many, i) for i in range(1000)]
    with pytest.raises(OSError) as caught:
        k.run()
    assert caught.value.__notes__ == [f"in the program of task {tasks[500].pid} (one_of_many)"]
    assert k.now == pytest.approx(0.5)
    k.verify()
    k.run()
    assert [t.result for t in tasks] == [*range(500), None, *range(501, 1000)]


def test_several_that_fail_at_once(k):
    tasks = [k.spawn(fails, how) for how in (0, 2, 8)]
    seen = []
    for _ in range(5):
        try:
            k.run()
        except BaseExceptionGroup as e:
            seen.extend(map(type, e.exceptions))
        except Exception as e:
            seen.append(type(e))
    assert sorted(seen, key=str) == sorted([OSError, ValueError, ZeroDivisionError], key=str)
    assert [t.exit_status for t in tasks] == [0x0100] * 3


@compiled
def forks_failing(t, how):
    pid = t.fork(fails, how)
    return t.wait4(pid)[1]


def test_the_failure_of_a_child_that_compiled_code_started(k):
    a = k.spawn(forks_failing, 2)
    with pytest.raises(OSError) as caught:
        k.run()
    assert caught.value.__notes__ == [f"in the program of task {a.pid + 1} (fails)"]
    k.run()
    assert a.result == 0x0100


@compiled
def dives(t, n):
    t.sched_yield()
    return dive(t, n)


@numba.njit
def dive(t, n):
    if n == 0:
        t.sched_yield()
        return 0
    return dive(t, n - 1) * 3 + n % 7


@compiled
def forks_diving(t, n):
    pid = t.fork(dives, n)
    return t.wait4(pid)[1]


@pytest.mark.parametrize("forked", [False, True])
def test_deep_recursion(k, forked):
    a = k.spawn(forks_diving if forked else dives, 10_000_000)
    with pytest.raises(StackOverflow, match="the program dives has used up its stack"):
        k.run()
    k.verify()
    k.run()
    b = k.spawn(dives, 100)
    k.run()
    assert b.result is not None
    assert a.result == (0x0100 if forked else None)
