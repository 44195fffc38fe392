"""Compiled programs: one source runs interpreted and as machine code, with the same results, traces and counters."""

import gc
import re
import resource
import threading
from typing import NamedTuple

import numba
import numpy as np
import pytest
from numba.core import types
from numba.typed import Dict, List

import fastipc
from fastipc import (
    CLONE_FILES,
    EBADF,
    EINVAL,
    ENOMEM,
    ESPIPE,
    F_DUPFD,
    F_GETFL,
    F_SETFL,
    F_SETPIPE_SZ,
    FIONBIO,
    FIONREAD,
    O_CLOEXEC,
    O_DIRECT,
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
    Deadlock,
    Kernel,
    StackOverflow,
    Task,
    compiled,
)
from fastipc._core.entries import SYMBOLS
from fastipc.syscalls import METHODS, TABLE

OBJECTS = {"poll", "pread", "fstat"}  # they make objects; in compiled code they fill a buffer as t.sys_NAME does
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
def scratch(t, n):
    a = t.array(n, np.int32)
    for i in range(n):
        t.checkpoint()
        a[i] += i
    return a.itemsize, int(a.sum()), t.array(0, np.uint8).size


def test_what_is_no_system_call(both, k):
    assert both(scratch, 10) == (4, 45, 0)
    a = k.spawn()
    with pytest.raises(ValueError, match="n must not be negative"):
        a.array(-1, np.uint8)
    for n in (1.5, "1", None):
        with pytest.raises(TypeError, match="^n "):
            a.array(n, np.uint8)
    assert a.checkpoint() is None
    a.exit()
    for call in (a.checkpoint, lambda: a.array(1, np.uint8)):
        with pytest.raises(fastipc.TaskExited):
            call()


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
    bad, seen = 77, np.zeros(6, np.int64)
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
    seen = np.zeros(6, np.int64)
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
    buf, seen = np.zeros(4, np.uint8), np.zeros(6, np.int64)
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
    assert all(hasattr(Task, n) for n in names)
    assert attributes <= names


def test_every_name_of_task_is_there_or_refused_with_what_to_use():
    """A method of Task is in `syscalls.METHODS`, has a form of its own in `_numba`, or is in `_numba/refused.py`."""
    from fastipc._numba import refused

    known = names_of_compiled()
    there = {n for n in dir(Task) if not n.startswith("_")}
    assert there - known == set(), "give these a compiled form, or a line in _numba/refused.py that says what to use"
    assert known - there == set()
    missing = refused.METHODS | refused.ATTRIBUTES
    assert set(missing) <= there
    assert all("use" in why for why in missing.values())
    for name in refused.METHODS:  # what it points at is there
        assert re.search(r"t\.(\w+)\(", missing[name])[1] in known - set(missing)
    calls = {n.removeprefix("sys_") for n in there if n.startswith("sys_")}
    assert len(calls) > 35
    assert set(METHODS) <= calls
    assert {"pread64", "pwrite64", "rt_sigaction"} <= {call.name for call in TABLE.values()}


def refused_names():
    from fastipc._numba import refused

    calls = [(f"t.{name}(0, a)", name) for name in refused.METHODS]
    return calls + [(f"t.{name}", name) for name in refused.ATTRIBUTES]


@pytest.mark.parametrize(("body", "name"), refused_names())
def test_what_is_not_there_is_refused_by_name(k, body, name):
    scope = {}
    exec(f"def f(t, a):\n    return {body}", scope)
    with pytest.raises(CompileError, match=rf"f cannot be compiled: TypingError: t\.{name} .*use "):
        k.spawn(compiled(scope["f"]), 1)


def test_calls_that_make_objects_fill_buffers(k):
    for name in OBJECTS:
        scope = {"a": 1}
        exec(f"def f(t, a):\n    return t.{name}({'0, 4, 0' if name == 'pread' else '0'})", scope)
        with pytest.raises(CompileError, match=rf"use t\.{name}\(fd, |fds must be an array"):
            k.spawn(compiled(scope["f"]), 1)
    a = k.spawn(fills)
    k.run()
    assert a.result == (0o010600, ESPIPE, EBADF)


@compiled
def fills(t):
    r, w = t.pipe()
    stat, buf = np.zeros(1, STAT), np.zeros(4, np.uint8)
    t.fstat(r, stat)
    first = second = 0
    try:
        t.pread(r, buf, 0)
    except Exception:
        first = t.errno
    try:
        t.fstat(w + 1, stat)
    except Exception:
        second = t.errno
    return stat[0]["st_mode"], first, second


# ------------------------------------------------------------------------------------------ select and vectors
@compiled
def selecting(t):
    r, w = t.pipe()
    x, y = t.pipe()
    a, b, c = t.select([r, x], [w], (), 0)
    t.write(w, b"x")
    t.write(y, b"y")
    d, e, f = t.select((x, r, x), np.array([y, w]), [r], timeout=1.5)
    g, h, i = t.select((), [w], (np.int32(r), np.int64(x)))
    before = t.getpid()
    n = np.array([len(a), len(b), len(c), b[0], len(d), d[0], d[1], d[2], len(e), e[0], len(f), len(g), h[0], len(i)])
    j, k, m = t.select((), (), (), 0.25)
    return n, before == t.getpid(), len(j) + len(k) + len(m)


@compiled
def selecting_errors(t):
    r, w = t.pipe()
    seen = np.zeros(5, np.int64)
    for i in range(5):
        try:
            if i == 0:
                t.select([w + 1], (), (), 0)
            elif i == 1:
                t.select((), [-1], ())
            elif i == 2:
                t.select((), (), [r, 5000], 0)
            elif i == 3:
                t.select([r], (), (), -1)
            else:
                t.select([r], (), (), timeout=-0.5)
        except Exception:
            seen[i] = t.errno
    return seen


@compiled
def selecting_sets(t):
    r, w = t.pipe()
    sets = np.full((3, 128), 255, np.uint8)
    sets[:, :8] = 0
    sets[:, 0] = 1 << r | 1 << w
    a = t.sys_select(2, sets[0], sets[1], sets[2], 0)
    first = sets[:, 0].copy(), sets[:, 8].copy()
    t.write(w, b"x")
    sets[0, 0] = 1 << r
    b = t.sys_select(1, sets[0], None, None)
    c = t.sys_select(0, None, None, None, 0.5)
    d = t.sys_select(-1, sets[0], None, None), t.sys_select(2, sets[0], None, None, -1)
    sets[0, 0] = 1 << 5
    return a, b, c, d, first, t.sys_select(64, sets[0], None, None, 0), sets[0, 0]


@compiled
def selecting_asleep(t, w, n):
    r, mine = t.pipe()
    for _ in range(n):
        t.fork(writes_later, mine)
        ready = t.select([r], (), ())[0]
        buf = np.zeros(len(ready), np.uint8)
        t.write(w, buf[: t.readinto(ready[0], buf)])
        t.wait4()
    return n


@compiled
def writes_later(t, w):
    t.nanosleep(0.5)
    t.write(w, b"x")


def test_select_over_lists(both):
    assert both(selecting) == ([0, 1, 0, 1, 3, 2, 0, 2, 2, 3, 0, 0, 1, 0], True, 0)
    assert both(selecting_errors) == [EBADF, EBADF, EBADF, EINVAL, EINVAL]


def test_select_over_sets(both):
    a, b, c, d, first, e, left = both(selecting_sets)
    assert (a, b, c, d, e, left) == (1, 1, 0, (-EINVAL, -EINVAL), -EBADF, 1 << 5)
    assert first == ([0, 2, 0], [255, 255, 255])  # beyond the long with the last number nothing is written


def test_a_select_that_sleeps(k):
    p = k.spawn()
    r, w = p.pipe()
    a = p.fork(selecting_asleep, w, 5)
    k.run()
    assert (a.result, k.now, p.read(r, 9)) == (5, 2.5, b"xxxxx")


def test_a_select_whose_task_dies(k, rows):
    p = k.spawn()
    before = rows(k)
    for program in (dies_in_select, dies_in_select_over_sets):
        assert p.wait4(p.fork(program))[1] == 3 << 8
        k.verify()
        assert rows(k) == before


@compiled
def polls_without_rows(t):
    r, w = t.pipe()
    rows, bits = np.zeros(1, POLLFD), np.ones(128, np.uint8)
    t.nanosleep(1)
    return t.sys_poll(rows, 0), t.sys_select(1, bits, None, None, 0), t.sys_select(1, bits, None, None, 0), bits[0]


@compiled
def selects_without_rows(t):
    r, w = t.pipe()
    t.nanosleep(1)
    try:
        t.select([r], (), ())
    except Exception:
        return t.errno
    return 0


def test_polls_without_rows_are_enomem(k):
    for n, expected in ((1, (-ENOMEM, 0, 0, 0)), (2, (0, -ENOMEM, 0, 0))):
        a = k.spawn(polls_without_rows)
        k.run(until=k.now + 0.5)
        k.inject("row", n)
        k.run()
        assert a.result == expected
    b = k.spawn(selects_without_rows)
    k.run(until=k.now + 0.5)
    k.inject("row", 1)
    k.run()
    assert b.result == ENOMEM


@compiled
def dies_in_select(t):
    r, w = t.pipe()
    t.thread(ends_later, 3)
    t.select([r], (), ())


@compiled
def dies_in_select_over_sets(t):
    r, w = t.pipe()
    t.thread(ends_later, 3)
    bits = np.ones(128, np.uint8)
    t.sys_select(1, bits, None, None)


@compiled
def ends_later(t, status):
    t.nanosleep(1)
    t.exit_group(status)


@compiled
def vectors(t, n):
    r, w = t.pipe()
    data = np.arange(3 * n).astype(np.uint8)
    out = np.zeros(3 * n, np.uint8)
    wrote = t.writev(w, [data[3 * i : 3 * i + 3] for i in range(n)])
    got = t.readv(r, [out[i : i + 1] for i in range(3 * n)]) if 3 * n <= 1024 else t.readinto(r, out)
    return wrote, got, out, t.sys_writev(w, [data[:0] for _ in range(1025)]), t.sys_writev(w, (b"a", data[:2], out))


def test_vectors_of_any_length(both):
    for n in (1, 5, 340, 1000):
        wrote, got, out, too_many, mixed = both(vectors, n)
        assert (wrote, got, too_many, mixed) == (3 * n, 3 * n, -EINVAL, 3 + 3 * n)
        assert out == [i % 256 for i in range(3 * n)]


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


@compiled
def all_kinds(t, x, program=echo, pair=(1, 2.5), none=None, row=np.arange(3)):  # noqa: B008
    t.fork(program, x)
    return x + pair[0] + pair[1] + row[2], none is None


def test_defaults_of_very_many(k):
    for n in (3, 0):
        tasks = k.spawn_many(all_kinds, n, np.arange(n))
        k.run()
        assert [a.result for a in tasks] == [(i + 5.5, True) for i in range(n)]


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
        ("t.writev(0, a)", "buffers must be a tuple or a list of arrays"),
        ("t.writev(0, [1])", "buffers must be an array or bytes, not int64"),
        ("t.select(0, (), ())", "r must be a sequence of descriptors, not"),
        ("t.select((), (1.5,), ())", "w must be an integer"),
        ("t.select((), (), (), 'x')", "timeout must be a number of seconds"),
        ("t.sys_select(1, b'x', None, None)", "r must be writable"),
        ("t.sys_select(1, None, None, 5)", "x must be an array"),
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


# ------------------------------------------------------------------------------------------ turns
@compiled
def relays(t, r, w, rounds):
    buf = np.zeros(8, np.uint8)
    total = 0
    for _ in range(rounds):
        n = t.readinto(r, buf)
        buf[0] = (int(buf[0]) + 1) % 256
        total += int(buf[0])
        t.write(w, buf[:n])
    return total


def relays_by_hand(t, r, w, rounds):
    total = 0
    for _ in range(rounds):
        data = bytearray((yield t.read(r, 8)))
        data[0] = (data[0] + 1) % 256
        total += data[0]
        yield t.write(w, data)
    return total


KINDS = {
    "compiled": relays,
    "plain": relays.py_func,
    "generator": relays_by_hand,
}


@pytest.mark.parametrize(
    "order", [("compiled",), ("compiled", "generator", "plain"), ("plain", "compiled", "compiled")]
)
@pytest.mark.parametrize("schedule", ["fifo", "random", "callable"])
def test_rings_of_all_kinds(make_kernel, order, schedule):
    def ring(kinds):
        lines = []
        k = make_kernel(schedule=schedule if schedule != "callable" else lambda runnable: runnable[-1], seed=5)
        k.trace(lines)
        p = k.spawn()
        p.setrlimit(RLIMIT_NOFILE, (1024, 4096))
        n = 12
        pipes = [p.pipe() for _ in range(n)]
        tasks = [
            p.fork(KINDS[kinds[i % len(kinds)]], pipes[i][0], pipes[(i + 1) % n][1], 20, name=f"r{i}") for i in range(n)
        ]
        p.write(pipes[0][1], b"token")
        p.write(pipes[5][1], b"other")
        q = p.fork()  # a hand-driven one in the ring
        call = q.submit("read", pipes[3][0], 8)
        p.write(pipes[3][1], b"hands")
        k.run(deadlock="return")
        q.write(pipes[3][1], call.result())
        k.run(deadlock="return")
        return [t.result for t in tasks], lines, k.trace_hash

    assert ring(order) == ring(("plain",))


def test_steps_and_budgets(k):
    p = k.spawn()
    r, w = p.pipe()
    a, b = k.spawn(counts, 5), k.spawn(counts, 5)
    turns = 0
    while k.step():
        turns += 1
        k.verify()
    assert turns == 12 or turns >= 10
    assert (a.result, b.result) == (5, 5)
    del r, w


@compiled
def counts(t, n):
    for _ in range(n):
        t.sched_yield()
    return n


@compiled
def clock(t, n, seconds):
    for _ in range(n):
        t.nanosleep(seconds)
    return n


def test_until(k):
    a, b = k.spawn(clock, 10, 1), k.spawn(clock, 5, 0.5)
    k.run(until=2.25)
    assert k.now == 2.25
    assert (a.state, b.state) == ("sleeping", "sleeping")
    k.run(until=b)
    assert (k.now, b.result, a.result) == (2.5, 5, None)
    k.run(until=lambda k: k.now >= 7)
    assert k.now == 7
    k.run(until=a)
    assert k.now == 10
    assert a.result == 10
    assert k.run(until=11.0).stopped
    assert k.now == 11


@compiled
def has_children(t, n, r):
    buf = np.zeros(1, np.uint8)
    for _ in range(n):
        t.fork(reads, r)
    t.readinto(r, buf)
    return n


@compiled
def reads(t, r):
    buf = t.array(1, np.uint8)
    t.readinto(r, buf)
    t.exit(int(buf[0]))


def test_tasks_that_compiled_code_made(k):
    p = k.spawn(uid=7, gid=8)
    r, w = p.pipe()
    a = p.fork(has_children, 3, r)
    with pytest.raises(Deadlock) as caught:
        k.run()
    for name in ("has_children", "reads"):
        assert name in str(caught.value)
    pids = [pid for pid in k.tasks if pid > a.pid]
    assert len(pids) == 3
    children = [k.tasks[pid] for pid in pids]
    assert children[0] is k.tasks[pids[0]]
    for c in children:
        assert (c.ppid, c.tgid, c.name, c.state) == (a.pid, c.pid, "reads", "sleeping")
        assert (c.uid, c.euid, c.gid, c.egid, c.daemon) == (7, 7, 8, 8, False)
        assert (c.result, c.exit_status, c.kernel) == (None, None, k)
        assert c.waiting[0].startswith("read")
        assert "reads" in repr(c)
        with pytest.raises(fastipc.ForeignCall):
            c.getpid()
    p.write(w, bytes([1, 2, 3, 4]))
    k.run()
    assert sorted(c.exit_status for c in children) in ([0x0100, 0x0200, 0x0300], [0x0200, 0x0300, 0x0400])
    assert {c.state for c in children} == {"dead"}
    assert a.result == 3


# ------------------------------------------------------------------------------------------ ends
@compiled
def writes_forever(t, w):
    buf = t.array(3000, np.uint8)
    while True:
        t.write(w, buf)


def test_sigpipe_in_a_write(k):
    p = k.spawn()
    r, w = p.pipe()
    a = p.fork(writes_forever, w)
    p.close(w)
    k.run(deadlock="return")
    assert a.state == "sleeping"
    k.verify()
    p.close(r)
    # The child holds a read end as well.
    assert a.state == "sleeping"
    b = p.fork()
    b.exit()
    p.wait4(b)
    r, w = p.pipe()
    c = p.fork(closes_and_writes, r, w)
    k.run(deadlock="return")
    p.close(r)
    k.run(deadlock="return")
    assert c.exit_status == SIGPIPE
    assert p.wait4(c) == (c.pid, SIGPIPE)


@compiled
def closes_and_writes(t, r, w):
    t.close(r)
    buf = np.zeros(100_000, np.uint8)
    t.write(w, buf)


@compiled
def grandparent(t, w):
    a = t.array(100, np.int64)
    t.fork(parent, w)
    t.nanosleep(1)
    t.exit_group(5 + a[3])


@compiled
def parent(t, w):
    t.fork(orphan, w, t.getpid())
    t.fork(orphan, w, t.getpid())
    t.exit(4)


@compiled
def orphan(t, w, was):
    mine = np.ones(4)
    while t.getppid() == was:
        t.nanosleep(0.1)
    t.nanosleep(2)
    t.write(w, b"x")
    return mine[0]


def test_orphans(k):
    p = k.spawn()
    r, w = p.pipe()
    a = p.fork(grandparent, w)
    assert p.wait4(a) == (a.pid, 5 << 8)
    k.run()
    assert p.read(r, 100) == b"xx"
    assert len(k.tasks) == 2


@compiled
def tree(t, depth, buf):
    mine = np.full(10, depth)
    if depth:
        t.fork(tree, depth - 1, buf)
        t.fork(tree, depth - 1, mine.view(np.uint8))
        t.wait4()
        t.wait4()
    if depth == 1:
        t.execve(ping, 5)
    t.exit(depth + buf.size * 0)
    return mine


@compiled
def ping(t, n):
    if n:
        t.fork(pong, n - 1)
        t.exit(t.wait4()[1] >> 8)
    return 0


@compiled
def pong(t, n):
    if n:
        t.fork(ping, n - 1)
        t.exit((t.wait4()[1] >> 8) + 1)
    return 0.5


def test_programs_that_start_themselves(make_kernel):
    k = make_kernel()
    a = k.spawn(tree, 4, np.zeros(1, np.uint8))
    b, c = k.spawn(ping, 9), k.spawn(pong, 8)
    k.run()
    assert (a.exit_status, b.exit_status, c.exit_status) == (4 << 8, 4 << 8, 4 << 8)
    assert k.counters["calls"]["fork"] == 30 + 8 * 5 + 9 + 8
    k.verify()


def test_programs_of_one_text_are_different_programs(k):
    def make(n):
        def program(t):
            t.exit(n)

        return compiled(program)

    def start(t, program):
        return t.wait4(t.fork(program))[1] >> 8

    programs = [make(n) for n in (1, 2, 3)]
    for text in ("x = 4", "x = 5"):
        scope = {}
        exec(f"{text}\ndef program(t):\n    t.exit(x)\n", scope)
        programs.append(compiled(scope["program"]))
    start = compiled(start)
    tasks = [k.spawn(p) for p in programs]
    starters = [k.spawn(start, p) for p in programs]
    k.run()
    assert [t.exit_status >> 8 for t in tasks] == [t.result for t in starters] == [1, 2, 3, 4, 5]
    assert len({p.identity for p in programs}) == 5


@compiled
def ends_the_group(t, r, depth):
    buf, s = np.zeros(10, np.uint8), t.array(50, np.uint8)
    for i in range(3):
        t.thread(sleeps_below, r, i, buf)
    t.nanosleep(1)
    t.exit_group(9)
    return s[0] + depth


@compiled
def sleeps_below(t, r, depth, buf):
    mine = np.zeros(100, np.int64)
    s = t.array(100, np.int64)
    return below(t, r, depth, buf) + mine[0] + s[0]


@numba.njit
def below(t, r, depth, buf):
    own = np.ones(depth + 1, np.int64)
    if depth:
        return below(t, r, depth - 1, buf) + own[0]
    return t.readinto(r, buf) + own[0]


def test_death_in_the_middle(k):
    p = k.spawn()
    r, w = p.pipe()
    tasks = [p.fork(ends_the_group, r, i) for i in range(10)]
    k.run()
    assert [t.exit_status for t in tasks] == [9 << 8] * 10
    assert p.sys_write(w, b"x") == 1
    a = p.thread(sleeps_below, r, 2, np.zeros(1, np.uint8))
    k.run(deadlock="return")
    b = p.thread(sleeps_below, r, 2, np.zeros(1, np.uint8))
    k.run(deadlock="return")
    assert (a.state, b.state) == ("dead", "sleeping")
    p.exit_group(4)
    assert b.state == "dead"
    k.run()


def test_an_execve_ends_the_other_threads(k):
    p = k.spawn()
    r, w = p.pipe()
    a = p.fork(threads_and_execve, r)
    assert p.wait4() == (a.pid - 2, 5 << 8)
    k.run()
    assert len(k.tasks) == 2


@compiled
def threads_and_execve(t, r):
    t.thread(sleeps_below, r, 1, np.zeros(1, np.uint8))
    t.thread(replaces, r)
    t.nanosleep(100)
    t.exit_group(3)


@compiled
def replaces(t, r):
    t.nanosleep(1)
    t.execve(ender, 5)


def test_an_execve_from_every_kind_to_compiled_code(k, kind):
    def program(t):
        yield t.execve(first, second, False)

    a, b = k.spawn(kind(program)), k.spawn()
    b.execve(counts, 3)
    k.run()
    assert (a.exit_status, a.result) == (21 << 8, None)
    assert b.result == 3
    assert b.exit_status == 0


# ------------------------------------------------------------------------------------------ shortage
@compiled
def execs_without_memory(t):
    t.clone(CLONE_FILES | SIGCHLD, sleeps, 5)
    t.nanosleep(1)
    return t.sys_execve(ender, 3)


def test_an_execve_that_fails_goes_on(k):
    a = k.spawn(execs_without_memory)
    k.run(until=0.5)
    k.inject("files", 1)
    k.run()
    assert (a.result, a.exit_status) == (-ENOMEM, 0)


@compiled
def by_machine_code(t, r, w):
    """Forks, threads, long writes, polls and an execve."""
    x, y = t.pipe()
    rows = np.zeros(1, POLLFD)
    rows[0]["fd"], rows[0]["events"] = x, POLLIN
    t.fork(one_child, x, y)
    t.thread(one_child, x, y)
    t.poll(rows, 1000)
    t.close(y) if r < 0 else None
    buf = t.array(7000, np.uint8)
    total = 0
    while total < 60_000:
        total += t.readinto(x, buf)
    t.fcntl(y, F_SETPIPE_SZ, 1 << 18)
    t.fcntl(y, F_SETFL, O_DIRECT)
    t.dup2(x, 300)
    t.setrlimit(RLIMIT_NOFILE, (1000, 2000))
    t.wait4()
    t.execve(last, x, y, total)
    return 0


@compiled
def one_child(t, x, y):
    buf = np.zeros(30_000, np.uint8)
    t.nanosleep(0.1)
    if t.write(y, buf) != buf.size:
        raise ValueError("short")


@compiled
def last(t, x, y, total):
    buf = np.zeros(5000, np.uint8)
    t.write(y, buf)
    if t.readinto(x, buf) + t.readinto(x, buf) != 5000 or total != 60_000:
        raise ValueError("short")
    t.exit(3)


SHORT = {12, 23, 24, 11, 28}


@pytest.mark.parametrize(
    "what",
    [
        "page",
        "row",
        "task",
        "signal",
        "sighand",
        "files",
        "fd",
        "file",
        "inode",
        "pipe",
        "pipe_buffer",
        "user",
        "rlimit",
    ]
    + ["poll_entry"],
)
def test_every_allocation_fails_once(make_kernel, books, what):
    failures = passed = 0
    for n in range(1, 500):
        k = make_kernel()
        k.inject(what, n)
        a = None
        try:
            a = k.spawn(by_machine_code, 0, 0)
            k.run()
            passed += 1
        except OSError as e:
            assert e.errno in SHORT
            failures, passed = failures + 1, 0
        except (ValueError, Deadlock):
            failures, passed = failures + 1, 0
        k.inject(what, 0)
        k.verify()
        if passed:
            assert a.exit_status == 0x0300
        books.close(k)
        books.kernels.clear()
        if passed == 3:
            break
    else:
        pytest.fail("still failing")
    assert failures > 0 or what in ("user", "fd", "sighand")


def test_without_memory_for_stacks(run_python):
    out = run_python(
        """
import resource
import fastipc, numpy as np
from fastipc import Kernel, compiled

@compiled
def sleeper(t, r):
    buf = t.array(1, np.uint8)
    t.readinto(r, buf)
    return 1

@compiled
def forker(t, r, n):
    for _ in range(n):
        t.fork(sleeper, r)
    t.nanosleep(1)
    return n

k = Kernel()
p = k.spawn()
r, w = p.pipe()
p.fork(sleeper, r)
k.spawn(forker, r, 0)
k.run(deadlock="return")
size = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (size + (110 << 20), -1))
a = p.fork(forker, r, 3000)
errors = 0
for _ in range(20_000):
    try:
        k.run(deadlock="return")
        break
    except MemoryError as e:
        assert "no memory for the stack of sleeper" in str(e), e
        assert len(e.__notes__) == 1
        errors += 1
resource.setrlimit(resource.RLIMIT_AS, (-1, -1))
k.verify()
assert a.result == 3000
p.write(w, bytes(20_000))
k.run()
k.verify()
print(errors > 500, len(k.tasks))
k.close()
"""
    )
    assert out.split()[0] == "True"


# ------------------------------------------------------------------------------------------ the end of a kernel
def test_kernels_dropped_with_programs_in_every_state():
    for until in (None, 0.0, 0.5):
        k = Kernel()
        p = k.spawn()
        r, _ = p.pipe()
        a = p.fork(sleeps_below, r, 3, np.zeros(3, np.uint8))
        k.spawn(clock, 10, 1)
        k.spawn(writes_forever, p.dup(r))
        k.spawn(endless, np.zeros(3))
        if until is not None:
            try:
                k.run(until=until)
            except OSError:
                k.run(until=until) if until < 0 else None
        if until == 0.5:
            k.close()
        del k, p
        gc.collect()
        del a


@compiled
def endless(t, a):
    s = t.array(1000, np.int64)
    while a.size:
        t.nanosleep(0.01)
        s[0] += 1


def test_a_kernel_dropped_between_two_steps():
    k = Kernel()
    p = k.spawn()
    r, w = p.pipe()
    p.fork(relays, r, w, 1000)
    p.write(w, b"x")
    for _ in range(5):
        k.step()
    del p
    k.close()
    gc.collect()


def test_two_kernels_in_two_threads():
    def simulate(results, i):
        with Kernel() as k:
            p = k.spawn()
            pipes = [p.pipe() for _ in range(4)]
            tasks = [p.fork(relays, pipes[j][0], pipes[(j + 1) % 4][1], 20_000) for j in range(4)]
            p.write(pipes[0][1], b"token")
            k.run()
            k.verify()
            with pytest.raises(StackOverflow):
                k.spawn(dives, 1_000_000)
                k.run()
            results[i] = ([t.result for t in tasks], k.trace_hash)

    alone = [None]
    simulate(alone, 0)
    results = [None] * 3
    threads = [threading.Thread(target=simulate, args=(results, i)) for i in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == alone * 3


def test_a_hundred_thousand_deaths_leave_no_memory():
    def resident():
        gc.collect()
        with open("/proc/self/statm") as f:
            return int(f.read().split()[1]) * resource.getpagesize()

    def wave():
        p = k.spawn()
        r, w = p.pipe()
        p.fork(forks_holders, r, 2000)
        k.run(until=k.now + 0.5)
        assert len(k.tasks) == 2003
        p.exit_group(0)
        k.run(until=k.now + 1)
        assert len(k.tasks) == 1

    with Kernel(memory=1 << 28) as k:
        for _ in range(3):
            wave()
        before = resident()
        for _ in range(50):
            wave()
        assert resident() - before < 20 << 20
        k.verify()


def test_results_that_nobody_takes_leave_no_memory(k):
    def resident():
        with open("/proc/self/statm") as f:
            return int(f.read().split()[1]) * resource.getpagesize()

    for i in range(4):
        k.spawn(forks_returning, returns_an_array, 2000)
        k.run()
        if i == 1:
            before = resident()
    assert resident() - before < 10 << 20


@compiled
def returns_an_array(t, a):
    return a * 2


@compiled
def forks_returning(t, program, n):
    for _ in range(n):
        t.fork(program, np.ones(2000))
        t.wait4()


@compiled
def forks_holders(t, r, n):
    for _ in range(n):
        t.thread(holder, r)
    t.nanosleep(1)
    t.exit_group(0)


@compiled
def holder(t, r):
    a = t.array(1000, np.int64)
    a[:] = t.pid
    t.nanosleep(10)
    return a[0]


# ------------------------------------------------------------------------------------------ objects of dropped frames
@compiled
def holds_objects(t, how, n):
    arrays = [np.ones(50) for _ in range(n)]
    lists = [[1.0] * 30 for _ in range(n)]
    numbers = set([5, 6])  # noqa: C405 - Numba has no set displays beside comprehensions
    texts = {i: "a text that is made here: " + str(i) for i in range(n)}
    table = Dict.empty(types.int64, types.float64[:])
    typed = List()
    for i in range(n):
        typed.append(np.arange(30) + i)
        table[i] = arrays[i]
        numbers.add(i + 1000)
        lists.append([2.0])
        if i % 2:
            table.pop(i)
    both = {1: typed, 2: typed}
    nested = List()
    nested.append(typed)
    nested.append(typed)
    t.sched_yield()
    if how == 0:
        t.exit(1)
    if how == 1:
        t.nanosleep(1e9)
    if how == 2:
        raise ValueError("no more")
    if how == 3:
        t.execve(ender, 3)
    total = len(texts[n - 1]) + len(numbers) + len(lists) + len(both[2]) + len(nested[1])
    for k in table:
        total += int(table[k].sum())
    return total


ENDS = {"exit": (0, 0x0100), "killed": (1, 0), "raises": (2, 0x0100), "execve": (3, 0x0300), "returns": (4, 0)}


@pytest.mark.parametrize("end", ENDS)
def test_objects_of_programs_however_they_end_leave_no_memory(end):
    def resident():
        gc.collect()
        with open("/proc/self/statm") as f:
            return int(f.read().split()[1]) * resource.getpagesize()

    def wave(k):
        p = k.spawn()
        for _ in range(200):
            p.thread(holds_objects, how, 20) if end == "killed" else k.spawn(holds_objects, how, 20)
        while True:
            try:
                k.run(until=k.now + 1)
                break
            except (ValueError, BaseExceptionGroup):
                pass
        p.exit_group(0)
        assert len(k.tasks) == 1

    how, status = ENDS[end]
    with Kernel() as k:
        p = k.spawn()
        a = p.thread(holds_objects, how, 5) if end == "killed" else p.fork(holds_objects, how, 5)
        for _ in range(2):
            try:
                k.run(until=k.now + 1)
            except ValueError:
                assert end == "raises"
        p.exit_group(0)
        assert a.exit_status == status
        assert a.result == (204 if end == "returns" else None)
        for _ in range(3):
            wave(k)
        before = resident()
        for _ in range(10):
            wave(k)
        assert resident() - before < 4 << 20
        assert k.counters["leaked_bytes"] == 0
        k.verify()


def dives_with_objects(t, n):
    lists = [[1.0] * 30 for _ in range(n)]
    table = {1: np.ones(5)}
    return dive(t, 10_000_000) + len(lists) + len(table)


def test_objects_of_an_overflow_are_counted_and_left(k):
    a = k.spawn(compiled(dives_with_objects), 20)
    with pytest.raises(StackOverflow):
        k.run()
    assert a.exit_status == 0x0100
    leaked = k.counters["leaked_bytes"]
    assert 20 * 8 * 30 < leaked < 100_000
    assert k.run().leaked_bytes == 0
    k.spawn(holds_objects, 4, 20)
    k.run()
    assert k.counters["leaked_bytes"] == leaked


@compiled
def gives_objects(t, n):
    t.sched_yield()
    arrays = [np.full(2, n), np.zeros(2, np.int64)]
    return [i for i in range(n)], "text " + str(n), {1: np.full(3, n)}, np.arange(n), arrays


def test_results_may_hold_objects(make_kernel):
    k = make_kernel()
    tasks = [k.spawn(gives_objects, n) for n in (3, 4)]
    k.run()
    results = [t.result for t in tasks]
    k.close()
    del k, tasks
    gc.collect()
    for n, (numbers, text, table, array, arrays) in zip((3, 4), results, strict=True):
        assert (numbers, text, array.tolist()) == (list(range(n)), f"text {n}", list(range(n)))
        assert table[1].tolist() == [n] * 3
        assert [a.tolist() for a in arrays] == [[n] * 2, [0] * 2]


@pytest.mark.parametrize("given", ["[1, 2]", "str(n)", "(n, [np.ones(3)])", "{1: 2}"])
def test_programs_do_not_give_objects_to_each_other(k, given):
    scope = {"np": np, "echo": echo}
    exec(f"def f(t, n):\n    t.fork(echo, {given})", scope)
    with pytest.raises(CompileError, match="what echo gets must be numbers, booleans, arrays, programs or tuples"):
        k.spawn(compiled(scope["f"]), 1)


def test_handles_that_look_different_are_seen():
    """Lists and sets are only counted where Numba's handles are not those that are known."""
    from ctypes import CFUNCTYPE, c_size_t, c_void_p

    import fastipc._numba as _numba
    from fastipc._core.entries import set_numba

    assert _numba.TRACKED
    new = CFUNCTYPE(c_void_p, c_size_t, c_void_p)

    @new
    def other(size, dtor):
        handle = new(_numba.ORIGINALS[5])(size, dtor)
        c_size_t.from_address(handle).value += 1
        return handle

    from ctypes import cast

    try:
        assert not set_numba(*_numba.ORIGINALS[:5], cast(other, c_void_p).value, _numba.ORIGINALS[6])
    finally:
        assert set_numba(*_numba.ORIGINALS)


def test_plain_numbers_keep_their_types_when_a_program_is_started_again(k):
    @compiled
    def given(t, x, y=2):
        return x, y

    p = k.spawn()
    for x in (5, -(2**63), 2**63 - 1, 2**63, 2**64 - 1, 5, True, False, 2.5, 7, np.int32(-3), 2.5, True):
        for args in ((x,), (x, 3), (x, 0.5), (x, 3)):
            task = p.fork(given, *args)
            k.run()
            assert task.result == (x, *(args[1:] or (2,)))
            assert type(task.result[0]) is type(x if type(x) in (int, bool, float) else int(x))
            p.wait4()
    for args in ((), (1, 2, 3)):
        with pytest.raises(TypeError):
            p.fork(given, *args)
