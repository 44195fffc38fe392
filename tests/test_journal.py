"""The journal of the root file system: when it commits, and that a change of names is all or nothing."""

import pytest

import fastipc
from fastipc import (
    ENOMEM,
    ENOSPC,
    FS_DIRSYNC_FL,
    FS_IOC_GETFLAGS,
    FS_IOC_SETFLAGS,
    FS_SYNC_FL,
    O_CREAT,
    O_RDONLY,
    O_WRONLY,
    Kernel,
)


@pytest.fixture
def k():
    """A machine of its own: names stay."""
    with Kernel() as machine:
        yield machine
        machine.verify()


@pytest.fixture
def t(k):
    return k.spawn()


def commits(k):
    return k.counters["commits"]


def set_flags(t, path, flags):
    fd = t.open(path, O_RDONLY)
    t.ioctl(fd, FS_IOC_SETFLAGS, flags)
    assert t.ioctl(fd, FS_IOC_GETFLAGS) == flags
    t.close(fd)


def test_changes_wait_for_a_commit(k, t):
    t.mkfifo("/p")
    t.mkdir("/d")
    assert commits(k) == 0
    assert k.table("journal", live=True)["j_updates"].tolist() == [2]


@pytest.mark.parametrize("flag", [FS_DIRSYNC_FL, FS_SYNC_FL])
def test_in_a_synchronous_directory_the_commit_is_over_before_the_call_returns(k, t, flag):
    t.mkdir("/d")
    set_flags(t, "/d", flag)
    before = commits(k)
    for done, change in enumerate(
        (
            lambda: t.mkfifo("/d/p"),
            lambda: t.mknod("/d/f", 0o600),
            lambda: t.symlink("x", "/d/s"),
            lambda: t.link("/d/p", "/d/q"),
            lambda: t.rename("/d/q", "/d/r"),
            lambda: t.unlink("/d/p"),
            lambda: t.close(t.open("/d/o", O_WRONLY | O_CREAT)),
        ),
        1,
    ):
        change()
        assert commits(k) == before + done
    assert t.sys_mkfifo("/d/f") == -fastipc.EEXIST
    assert commits(k) == before + 7


def test_fsync_commits(k, t):
    fd = t.open("/f", O_WRONLY | O_CREAT)
    t.fsync(fd)
    assert commits(k) == 1
    t.fsync(fd)
    assert commits(k) == 1  # nothing has changed
    memory = t.open("/tmp/f", O_WRONLY | O_CREAT)
    t.fsync(memory)
    assert commits(k) == 1  # no journal there


def test_an_old_transaction_is_committed_by_the_next_change(k, t):
    t.mkfifo("/p")
    t.nanosleep(5)
    assert commits(k) == 0
    t.mkfifo("/q")
    assert commits(k) == 1
    assert k.table("journal", live=True)["j_updates"].tolist() == [1]


def rows(k):
    """What the file systems hold."""
    return {name: k.table(name, live=True).tobytes() for name in ("inode", "dentry", "name", "journal", "journal_head")}


@pytest.mark.parametrize("kind", ["journal", "journal_head", "dentry", "name", "inode"])
def test_a_change_that_fails_leaves_name_and_inode_as_they_were(k, t, kind):
    long = "/" + "n" * 100
    t.mkfifo("/p")
    failed = 0
    for change, undo in (
        (lambda: t.mkfifo(long), lambda: t.unlink(long)),
        (lambda: t.mkdir(long), lambda: t.rmdir(long)),
        (lambda: t.link("/p", long), lambda: t.unlink(long)),
        (lambda: t.rename("/p", long), lambda: t.rename(long, "/p")),
        (lambda: t.symlink("x", long), lambda: t.unlink(long)),
        (lambda: t.chmod("/p", 0o600), lambda: t.chmod("/p", 0o644)),
    ):
        for nth in range(1, 4):
            before = rows(k)
            k.inject(kind, nth)
            try:
                change()
            except OSError as e:
                assert e.errno in (ENOMEM, ENOSPC)
                assert rows(k) == before
                failed += 1
            else:
                k.inject(kind, 0)
                undo()
            k.verify()
    assert failed
