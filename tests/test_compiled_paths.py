"""Calls on paths in compiled programs: both verbs, paths of every type, and what is refused when compiling."""

import numpy as np
import pytest

import fastipc
from fastipc import (
    AT_FDCWD,
    FALLOC_FL_KEEP_SIZE,
    O_CREAT,
    O_EXCL,
    O_RDONLY,
    O_RDWR,
    O_WRONLY,
    R_OK,
    RENAME_EXCHANGE,
    S_IFIFO,
    SEEK_END,
    STAT,
    CompileError,
    compiled,
)

NEW = int(O_CREAT | O_RDWR | O_EXCL)


@compiled
def in_one_verb(t, path, other):
    d = t.open("/tmp", O_RDONLY)
    fd = t.open(path, NEW, 0o640)
    at = t.openat(d, "at", NEW, 0o600)
    t.mkfifo(b"/tmp/p", 0o622)
    t.mknod("/tmp/n", S_IFIFO | 0o600, 0)
    t.mknodat(d, b"m", 0o644)
    t.mkdir("/tmp/dir", 0o755)
    t.mkdir("/tmp/gone")
    t.rmdir("/tmp/gone")
    t.link(path, other)
    t.symlink("name", b"/tmp/s")
    t.rename(other, "/tmp/moved")
    t.renameat2(d, "moved", AT_FDCWD, other)
    t.renameat2(AT_FDCWD, path, d, "p", RENAME_EXCHANGE)
    t.chmod("/tmp/n", 0o4711)
    t.access("/tmp/n", R_OK)
    t.chown("/tmp/n", 7, 8)
    t.lchown("/tmp/s", 9, -1)
    wrote = t.write(fd, b"hello")
    t.truncate(other, 100)
    t.ftruncate(fd, 50)
    t.fallocate(fd, FALLOC_FL_KEEP_SIZE, 8192, 4096)
    t.fsync(fd)
    t.fchmod(fd, 0o600)
    t.fchown(fd, 3, 4)
    old = t.umask(0o77)
    again = t.umask(old)
    t.chdir("/tmp/dir")
    t.fchdir(d)
    end = t.lseek(fd, 0, SEEK_END)
    t.unlink("n")
    return d, fd, at, wrote, old, again, end


@compiled
def in_the_other(t, path, other):
    stat, buf = np.zeros(1, STAT), np.zeros(64, np.uint8)
    d = t.sys_open("/tmp", O_RDONLY)
    fd = t.sys_open(path, NEW, 0o640)
    at = t.sys_openat(d, "at", NEW, 0o600)
    a = (t.sys_mkfifo(b"/tmp/p", 0o622), t.sys_mknod("/tmp/n", S_IFIFO | 0o600, 0), t.sys_mknodat(d, b"m", 0o644))
    b = (t.sys_mkdir("/tmp/dir", 0o755), t.sys_mkdir("/tmp/gone"), t.sys_rmdir("/tmp/gone"), t.sys_link(path, other))
    c = (t.sys_symlink("name", b"/tmp/s"), t.sys_rename(other, "/tmp/moved"))
    e = (t.sys_renameat2(d, "moved", AT_FDCWD, other), t.sys_renameat2(AT_FDCWD, path, d, "p", RENAME_EXCHANGE))
    f = (t.sys_chmod("/tmp/n", 0o4711), t.sys_access("/tmp/n", R_OK), t.sys_chown("/tmp/n", 7, 8))
    g = (t.sys_lchown("/tmp/s", 9, -1), t.sys_write(fd, b"hello"), t.sys_truncate(other, 100), t.sys_ftruncate(fd, 50))
    h = (t.sys_fallocate(fd, FALLOC_FL_KEEP_SIZE, 8192, 4096), t.sys_fsync(fd), t.sys_fchmod(fd, 0o600))
    i = (t.sys_fchown(fd, 3, 4), t.sys_umask(0o77), t.sys_umask(0o22), t.sys_chdir("/tmp/dir"), t.sys_fchdir(d))
    j = (t.sys_lseek(fd, 0, SEEK_END), t.sys_unlink("n"), t.sys_unlink("n"), t.sys_mkdir("dir"), t.sys_rmdir("nope/x"))
    s = (t.sys_stat("s", stat), t.sys_lstat("s", stat), t.sys_readlink("s", buf), t.sys_readlink("s", buf[:2]))
    cwd = (t.sys_getcwd(buf), t.sys_getcwd(buf[:2]))
    return (d, fd, at), a, b, c, e, f, g, h, i, j, s, cwd, buf[:5].copy(), int(stat[0]["st_mode"])


def told(value):
    if isinstance(value, tuple):
        return tuple(map(told, value))
    return value.tolist() if isinstance(value, np.ndarray | np.generic) else value


def tree(k):
    t = k.spawn()
    rows = {name: np.zeros(1, STAT) for name in ("name", "other", "at", "p", "n", "m", "dir", "gone", "s", "moved")}
    return {name: t.sys_lstat("/tmp/" + name, row) or row.tobytes() for name, row in rows.items()}


def outcome(k, program):
    lines = []
    k.trace(lines)
    args = (np.frombuffer(b"/tmp/name\0junk", np.uint8), np.frombuffer(b"/tmp/other", np.uint8))
    a = k.spawn(program, *args, name="program")
    k.run()
    k.trace(None)
    counters = k.counters
    return told(a.result), a.exit_status, lines, k.trace_hash, counters, tree(k)


@pytest.mark.parametrize("program", [in_one_verb, in_the_other])
def test_every_call_on_a_path_as_interpreted(make_kernel, program):
    ours, theirs = outcome(make_kernel(), program), outcome(make_kernel(), program.py_func)
    assert ours[2] == theirs[2]
    assert ours == theirs
    calls = ours[4]["calls"]
    wanted = "open openat mknod mknodat mkdir rmdir unlink link symlink rename renameat2 chmod access chown lchown "
    wanted += "truncate ftruncate fallocate fsync fchmod fchown umask chdir fchdir lseek"
    assert set(wanted.split()) <= set(calls)
    assert (calls["mknod"], calls["renameat2"], calls["umask"]) == (2, 2, 2)


def test_both_verbs_do_the_same(make_kernel):
    a, b = outcome(make_kernel(), in_one_verb), outcome(make_kernel(), in_the_other)
    assert a[5] == b[5]
    assert a[0] == (0, 1, 2, 5, 0o22, 0o77, 50)
    assert b[0][0] == (0, 1, 2)
    assert b[0][1:6] == ((0,) * 3, (0,) * 4, (0,) * 2, (0,) * 2, (0,) * 3)
    assert b[0][6] == (0, 5, 0, 0)
    assert b[0][9] == (50, 0, -fastipc.ENOENT, -fastipc.EEXIST, -fastipc.ENOENT)
    assert b[0][10] == (0, 0, 4, 2)
    assert b[0][11] == (5, -fastipc.ERANGE)
    assert bytes(b[0][12]) == b"/tmp\0"


@compiled
def filling(t):
    stat, buf = np.zeros(1, STAT), np.zeros(64, np.uint8)
    t.mkdir("/tmp/d")
    t.symlink("/tmp/d", "/tmp/s")
    t.stat("/tmp/s", stat)
    first = stat[0]["st_mode"]
    t.lstat("/tmp/s", stat)
    second = stat[0]["st_mode"]
    n = t.readlink("/tmp/s", buf)
    text = buf[:n].copy()
    t.chdir("/tmp/d")
    m = t.getcwd(buf)
    failed = 0
    try:
        t.stat("/nope", stat)
    except Exception:
        failed = t.errno
    return int(first), int(second), text, buf[:m].copy(), failed


def test_the_forms_that_fill_buffers(k):
    a = k.spawn(filling)
    k.run()
    first, second, text, cwd, failed = a.result
    assert (first, second, failed) == (0o40755, 0o120777, fastipc.ENOENT)
    assert bytes(text) == b"/tmp/d"
    assert bytes(cwd).rstrip(b"\0") == b"/tmp/d"


@compiled
def paths_of_every_type(t, a, b, c):
    t.mkdir(b"/tmp/bytes")
    t.mkdir(a)
    t.mkdir(b)
    t.mkdir(c)
    name = "/tmp/" + "x" * 3
    t.mkdir(name)
    return t.sys_mkdir("", 0), t.sys_mkdir(b"", 0), t.sys_mkdir(a[:0], 0), t.sys_mkdir(a, 0)


def test_paths_of_every_type_in_a_compiled_program(k, paths):
    before = paths(k)
    arrays = (
        np.frombuffer(b"/tmp/a\0junk", np.uint8),
        np.frombuffer(b"/tmp/b", np.int8),
        np.frombuffer(b"/tmp/\xff\xe9\0", np.uint8).copy(),
    )
    a = k.spawn(paths_of_every_type, *arrays)
    k.run()
    assert told(a.result) == (-fastipc.ENOENT,) * 3 + (-fastipc.EEXIST,)
    made = {"/tmp/bytes", "/tmp/a", "/tmp/b", "/tmp/\udcff\udce9", "/tmp/xxx"}
    assert paths(k) - before == made


@compiled
def no_ascii(t):
    t.mkdir("/tmp/größe")


def test_a_string_in_compiled_code_is_ascii(k, paths):
    before = paths(k)
    k.spawn(no_ascii)
    with pytest.raises(ValueError, match="a path must be ASCII, or bytes"):
        k.run()
    assert paths(k) == before


@compiled
def long_path(t, path):
    return t.sys_stat(path, np.zeros(1, STAT)), t.sys_rename(path, "/tmp/x"), t.sys_rename("/tmp", path)


@pytest.mark.parametrize("n", [4095, 4096, 100_000])
def test_a_path_that_is_too_long(k, n):
    a = k.spawn(long_path, np.full(n, ord("/"), np.uint8))
    k.run()
    stat, old, new = told(a.result)
    if n > 4095:
        assert stat == old == new == -fastipc.ENAMETOOLONG
    else:
        assert stat == 0


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("t.open(5, 0)", "path must be a string, bytes or an array of uint8, not int64"),
        ("t.sys_open(a, 0)", "path must be a string, bytes or an array of uint8, not"),
        ("t.open('x', 'r')", "flags must be an integer"),
        ("t.open('x', 0, 1.5)", "mode must be an integer, not float64"),
        ("t.openat('d', 'x', 0)", "dirfd must be an integer"),
        ("t.mkfifo(1.5)", "path must be a string"),
        ("t.mknod('x', None)", "mode must be an integer"),
        ("t.mkdir(('x',))", "path must be a string"),
        ("t.link(1, 'b')", "a must be a string"),
        ("t.link('a', 1)", "b must be a string"),
        ("t.symlink(1, 'b')", "target must be a string"),
        ("t.symlink('a', 1)", "path must be a string"),
        ("t.rename(None, 'b')", "a must be a string"),
        ("t.renameat2(0, 'a', 1, 2)", "b must be a string"),
        ("t.chown('x', 'root', 0)", "uid must be an integer"),
        ("t.truncate('x', 0.5)", "length must be an integer"),
        ("t.fchdir('/')", "fd must be an integer"),
        ("t.umask('022')", "m must be an integer"),
        ("t.stat('x')", "use t.stat"),
        ("t.lstat('x')", "use t.lstat"),
        ("t.readlink('x')", "use t.readlink"),
        ("t.getcwd()", "use t.getcwd"),
        ("t.sys_stat('x', b'read only')", "stat must be writable"),
        ("t.sys_stat(5, a)", "path must be a string"),
        ("t.sys_readlink('x', b'read only')", "buf must be writable"),
        ("t.sys_getcwd(5)", "buf must be an array"),
        ("t.unlink(path='x', dir=5)", "f cannot be compiled"),
    ],
)
def test_what_is_refused_when_compiling_names_the_argument(k, body, message):
    scope = {}
    exec(f"def f(t, a):\n    {body}", scope)
    with pytest.raises(CompileError, match=message):
        k.spawn(compiled(scope["f"]), np.zeros(4))


@compiled
def too_small(t, stat):
    return t.sys_stat("/", stat)


def test_a_stat_needs_room_in_compiled_code_too(k):
    a = k.spawn(too_small, np.zeros(10, np.uint8))
    with pytest.raises(ValueError, match="stat must have room for one row of STAT"):
        k.run()
    assert a.exit_status == 0x0100


@compiled
def many(t, n):
    fd = t.open("/tmp/log", O_CREAT | O_WRONLY)
    for _ in range(n):
        t.sys_mkfifo("/tmp/p")
        t.sys_unlink("/tmp/p")
    t.close(fd)
    return n


def test_counters_of_compiled_calls_have_names(k):
    k.spawn_many(many, 10, np.full(10, 100))
    k.run()
    calls = k.counters["calls"]
    assert (calls["open"], calls["mknod"], calls["unlink"], calls["close"]) == (10, 1000, 1000, 10)
    assert len(k.table("pipe", live=True)) == 0
