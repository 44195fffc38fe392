"""k.hooks: a function that is asked after each creation by mknod and its kin."""

import numpy as np
import pytest

import fastipc
from fastipc import (
    AT_FDCWD,
    EACCES,
    EEXIST,
    ENOENT,
    EPERM,
    O_CREAT,
    O_RDONLY,
    O_RDWR,
    S_IFCHR,
    S_IFIFO,
    S_IFREG,
    S_IFSOCK,
    compiled,
)


@pytest.fixture
def t(k):
    return k.spawn(name="t")


@pytest.fixture
def calls(k):
    """What the hook was called with."""
    calls = []
    k.hooks["path_mknod"] = lambda *args: calls.append(args)
    return calls


def test_a_hook_sees_every_creation(k, t, calls):
    t.mkfifo("/tmp/a")
    t.mkfifo(b"/tmp/b", 0o600)
    t.mknod("/tmp/c", S_IFREG | 0o644)
    t.mknod("/tmp/d", 0o644)
    t.mknod("/tmp/e", S_IFSOCK | 0o644)
    t.mknod("/tmp/f", S_IFCHR | 0o644, 0x103)
    d = t.open("/tmp", O_RDONLY)
    t.mknodat(d, "g", S_IFIFO | 0o644, 7)
    t.mknodat(AT_FDCWD, "/tmp/h", 0o600)
    t.sys_mkfifo("/tmp/i")
    t.sys_mknod("/tmp/j", 0o644)
    t.sys_mknodat(d, "k", 0o644)
    assert [args[0] for args in calls] == [t] * 11
    assert [args[1:] for args in calls] == [
        ("/tmp/a", S_IFIFO | 0o666, 0),
        ("/tmp/b", S_IFIFO | 0o600, 0),
        ("/tmp/c", S_IFREG | 0o644, 0),
        ("/tmp/d", 0o644, 0),
        ("/tmp/e", S_IFSOCK | 0o644, 0),
        ("/tmp/f", S_IFCHR | 0o644, 0x103),
        ("g", S_IFIFO | 0o644, 7),
        ("/tmp/h", 0o600, 0),
        ("/tmp/i", S_IFIFO | 0o666, 0),
        ("/tmp/j", 0o644, 0),
        ("k", 0o644, 0),
    ]


def test_a_hook_does_not_see_other_creations_nor_those_that_failed(t, calls, errno_of):
    t.mkdir("/tmp/d")
    t.symlink("x", "/tmp/l")
    t.open("/tmp/f", O_CREAT | O_RDWR)
    t.link("/tmp/f", "/tmp/g")
    assert errno_of(t.mkfifo, "/tmp/f") == EEXIST
    assert errno_of(t.mkfifo, "/nope/f") == ENOENT
    assert errno_of(t.mknod, "/tmp/x", fastipc.S_IFDIR) == EPERM
    assert calls == []


def test_a_hook_is_called_when_the_name_is_there(k, t):
    def hook(task, path, mode, dev):
        seen.append(k.table("dentry", live=True)["d_count"].size)

    seen = []
    k.hooks["path_mknod"] = hook
    before = len(k.table("dentry", live=True))
    t.mkfifo("/tmp/p")
    assert seen == [before + 1]


@pytest.mark.parametrize("number", [EACCES, -EACCES, np.int32(EACCES)])
def test_an_errno_undoes_it(k, t, errno_of, picture, paths, number):
    before, names = picture(k), paths(k)
    k.hooks["path_mknod"] = lambda *_: number
    for path in ("/tmp/p", "/p", "/tmp/" + "n" * 200):
        assert errno_of(t.mkfifo, path) == EACCES
        assert t.sys_mknod(path, 0o644) == -EACCES
        assert t.sys_mknodat(AT_FDCWD, path, 0o644) == -EACCES
        assert paths(k) == names
    now = picture(k)
    assert {name for name in now if now[name] != before[name]} <= {"journal", "task"}
    k.hooks["path_mknod"] = lambda *_: 0
    t.mkfifo("/tmp/p")
    k.hooks["path_mknod"] = lambda *_: None
    t.mkfifo("/p")


def test_a_relative_path_is_undone_where_it_was_made(k, t, paths):
    t.mkdir("/tmp/d")
    d = t.open("/tmp/d", O_RDONLY)
    t.chdir("/tmp")
    t.mkfifo("/tmp/p")
    names = paths(k)
    k.hooks["path_mknod"] = lambda *_: EPERM
    assert t.sys_mknodat(d, "p", 0o644) == -EPERM
    assert t.sys_mkfifo("d/q") == -EPERM
    assert t.sys_mkfifo("../tmp/./d/q") == -EPERM
    assert paths(k) == names


def test_a_hook_may_choose_by_task_and_path(k, t):
    u = k.spawn(uid=1000)
    k.hooks["path_mknod"] = lambda task, path, mode, dev: EPERM if task is u or path.endswith("x") else 0
    assert t.sys_mkfifo("/tmp/a") == 0
    assert t.sys_mkfifo("/tmp/ax") == -EPERM
    assert u.sys_mkfifo("/tmp/b") == -EPERM


def test_a_path_that_is_no_utf8_reaches_the_hook(t, calls):
    t.mkfifo(b"/tmp/\xff")
    assert calls[0][1] == "/tmp/\udcff"


# ------------------------------------------------------------------------------------------ programs
@pytest.mark.parametrize("verdict", [0, EACCES])
def test_a_hook_judges_programs(k, kind, verdict):
    def program(t):
        first = yield t.sys_mkfifo("/tmp/a")
        try:
            yield t.mknod("/tmp/b", 0o644)
        except PermissionError as e:
            return first, e.errno, t.errno
        return first, 0, 0

    seen = []
    k.hooks["path_mknod"] = lambda task, path, mode, dev: seen.append((task, path)) or verdict
    a = k.spawn(kind(program))
    k.run()
    assert a.result == (-verdict, verdict, verdict)
    assert seen == [(a, "/tmp/a"), (a, "/tmp/b")]


@compiled
def compiled_maker(t):
    first = t.sys_mkfifo("/tmp/a", 0o600)
    second = t.sys_mknodat(AT_FDCWD, b"/tmp/c", 0o600, 5)
    third = 0
    try:
        t.mknod("/tmp/b", 0o644, 3)
    except Exception:
        third = -t.errno
    return first, second, third


@pytest.mark.parametrize("verdict", [0, EACCES])
def test_a_hook_judges_compiled_programs(k, verdict):
    seen = []
    k.hooks["path_mknod"] = lambda task, *rest: seen.append((task.pid, *rest)) or verdict
    a, b = k.spawn(compiled_maker), k.spawn(compiled_maker)
    k.run()
    assert tuple(map(int, a.result)) == (-verdict,) * 3
    assert [args[1:] for args in seen if args[0] == a.pid] == [
        ("/tmp/a", S_IFIFO | 0o600, 0),
        ("/tmp/c", 0o600, 5),
        ("/tmp/b", 0o644, 3),
    ]
    assert tuple(map(int, b.result)) == (tuple(map(int, a.result)) if verdict else (-EEXIST,) * 3)


def test_without_a_hook_a_compiled_program_is_not_asked(k):
    k.hooks["path_mknod"] = lambda *_: EPERM
    del k.hooks["path_mknod"]
    a = k.spawn(compiled_maker)
    k.run()
    assert tuple(map(int, a.result)) == (0, 0, 0)


# ------------------------------------------------------------------------------------------ hooks that fail
class Oops(Exception):
    pass


def broken(*_):
    raise Oops


def test_a_hook_that_raises_undoes_it(k, t, paths):
    names = paths(k)
    k.hooks["path_mknod"] = broken
    with pytest.raises(Oops):
        t.mkfifo("/tmp/p")
    with pytest.raises(Oops):
        t.sys_mkfifo("/tmp/p")
    assert t.errno == EPERM
    assert paths(k) == names
    k.verify()
    assert k.counters["calls"]["mknod"] == 2


def test_a_hook_that_raises_in_a_program(k, kind, paths):
    def program(t):
        try:
            yield t.mkfifo("/tmp/p")
        except Oops:
            return (yield t.getpid())

    names = paths(k)
    k.hooks["path_mknod"] = broken
    a = k.spawn(kind(program))
    k.run()
    assert a.result == a.pid
    assert paths(k) == names


def test_a_hook_that_raises_in_a_compiled_program(k, paths):
    names = paths(k)
    k.hooks["path_mknod"] = broken
    a = k.spawn(compiled_maker)
    for _ in range(4):
        try:
            k.run()
            break
        except Oops:
            pass
    assert a.exit_status is not None
    assert paths(k) == names


@pytest.mark.parametrize("value", ["no", 1.5, [], object()])
def test_a_hook_that_returns_something_else(k, t, paths, value):
    names = paths(k)
    k.hooks["path_mknod"] = lambda *_: value
    with pytest.raises(TypeError, match="path_mknod"):
        t.mkfifo("/tmp/p")
    assert paths(k) == names


def test_a_hook_cannot_make_calls_of_the_task_it_judges(k, t):
    seen = []

    def hook(task, *_):
        try:
            seen.append(task.getpid())
        except fastipc.FastIPCError as e:
            seen.append(type(e))

    k.hooks["path_mknod"] = hook
    t.mkfifo("/tmp/p")
    assert len(seen) == 1
    assert t.sys_mkfifo("/tmp/p") == -EEXIST
    k.verify()


# ------------------------------------------------------------------------------------------ the mapping
def test_hooks_are_a_mapping(k, t):
    assert dict(k.hooks) == {}
    with pytest.raises(KeyError):
        k.hooks["path_mknod"]
    with pytest.raises(KeyError):
        del k.hooks["path_mknod"]
    k.hooks["path_mknod"] = broken
    assert k.hooks["path_mknod"] is broken
    assert list(k.hooks) == ["path_mknod"]
    assert "broken" in repr(k.hooks)
    k.hooks = {"path_mknod": print}
    assert k.hooks == {"path_mknod": print}
    k.hooks = {}
    assert len(k.hooks) == 0
    t.mkfifo("/tmp/p")


def test_wrong_names_and_types(k):
    k.hooks["path_mknod"] = print
    with pytest.raises(ValueError, match="path_unlink"):
        k.hooks["path_unlink"] = print
    for wrong in (5, None, "print"):
        with pytest.raises(TypeError, match="callable"):
            k.hooks["path_mknod"] = wrong
    assert k.hooks["path_mknod"] is print


def test_hooks_of_two_machines(make_kernel):
    a, b = make_kernel(), make_kernel()
    a.hooks["path_mknod"] = lambda *_: EPERM
    assert a.spawn().sys_mkfifo("/tmp/p") == -EPERM
    assert b.spawn().sys_mkfifo("/tmp/p") == 0
