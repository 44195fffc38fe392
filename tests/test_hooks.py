"""Hooks: who is asked about a creation, in every kind of program, and what the answer does."""

import pytest

import fastipc
from fastipc import EACCES, ENOENT, EPERM, F_OK, O_CREAT, O_WRONLY, S_IFCHR, S_IFIFO, S_IFREG, Kernel


@pytest.fixture
def k():
    """A machine of its own: names stay."""
    with Kernel() as machine:
        yield machine
        machine.verify()


@pytest.fixture
def asked(k):
    """What the hook was asked; it says no to every path that ends with "no"."""
    seen = []

    def hook(task, path, mode, dev):
        seen.append((task.pid, path, mode, dev))
        return EACCES if path.endswith("no") else None

    k.hooks["path_mknod"] = hook
    return seen


def test_mknod_and_mkfifo_ask(k, asked):
    t = k.spawn()
    t.mkfifo("/p", 0o600)
    t.mknod("/c", S_IFCHR | 0o600, 0x103)
    t.chdir("/tmp")
    t.mknodat(fastipc.AT_FDCWD, "r", 0o640)
    t.close(t.open("o", O_WRONLY | O_CREAT))
    t.mkdir("d")
    t.symlink("x", "s")
    assert t.sys_mkfifo("/p") == -fastipc.EEXIST
    assert asked == [
        (t.pid, "/p", S_IFIFO | 0o600, 0),
        (t.pid, "/c", S_IFCHR | 0o600, 0x103),
        (t.pid, "r", 0o640, 0),
    ]


def test_an_errno_undoes_the_creation(k, asked):
    t = k.spawn()
    before = len(k.table("dentry", live=True)), len(k.table("inode", live=True))
    for place in ("/", "/tmp/"):
        assert t.sys_mkfifo(place + "no") == -EACCES
        assert t.errno == EACCES
        assert t.sys_access(place + "no", F_OK) == -ENOENT
        with pytest.raises(PermissionError):
            t.mknod(place + "no", S_IFREG | 0o600)
    assert (len(k.table("dentry", live=True)), len(k.table("inode", live=True))) == before


def generator(t):
    return (yield t.sys_mkfifo("/tmp/yes")), (yield t.sys_mkfifo("/tmp/no"))


def plain(t):
    return t.sys_mkfifo("/tmp/yes"), t.sys_mkfifo("/tmp/no")


@fastipc.compiled
def machine_code(t):
    return t.sys_mkfifo("/tmp/yes"), t.sys_mkfifo("/tmp/no")


@pytest.mark.parametrize("program", [plain, generator, machine_code])
def test_programs_of_every_kind_are_asked_about(k, asked, program):
    p = k.spawn(program)
    k.run()
    assert tuple(p.result) == (0, -EACCES)
    assert [path for _, path, _, _ in asked] == ["/tmp/yes", "/tmp/no"]
    assert k.spawn().unlink("/tmp/yes") is None


def test_a_hook_that_raises(k):
    def hook(*args):
        raise KeyError("a hook")

    k.hooks = {"path_mknod": hook}
    t = k.spawn()
    with pytest.raises(KeyError, match="a hook"):
        t.mkfifo("/tmp/p")
    assert t.errno == EPERM
    assert t.sys_access("/tmp/p", F_OK) == -ENOENT


def test_the_mapping(k):
    def hook(*args):
        return 0

    assert dict(k.hooks) == {}
    k.hooks["path_mknod"] = hook
    assert k.hooks["path_mknod"] is hook
    assert list(k.hooks) == ["path_mknod"]
    del k.hooks["path_mknod"]
    assert len(k.hooks) == 0
    with pytest.raises(KeyError):
        del k.hooks["path_mknod"]
    with pytest.raises(ValueError, match="no hook 'path_open': one of path_mknod"):
        k.hooks["path_open"] = hook
    with pytest.raises(TypeError, match="must be callable, not int"):
        k.hooks["path_mknod"] = 1
