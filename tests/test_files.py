"""Files: what the cases that run on the real kernel too leave out."""

import pytest

import fastipc
from fastipc import (
    EACCES,
    EFBIG,
    ENOENT,
    EPERM,
    EXDEV,
    FS_APPEND_FL,
    FS_IMMUTABLE_FL,
    FS_IOC_SETFLAGS,
    O_APPEND,
    O_CREAT,
    O_DIRECTORY,
    O_RDONLY,
    O_RDWR,
    O_TMPFILE,
    O_WRONLY,
    RLIMIT_FSIZE,
    SIGXFSZ,
    Kernel,
)


@pytest.fixture
def k():
    """A machine of its own: names stay."""
    with Kernel() as machine:
        yield machine
        machine.verify()


def make(t, path, mode=0o644):
    t.close(t.open(path, O_WRONLY | O_CREAT, mode))


@pytest.mark.parametrize("place", ["/", "/tmp"])
def test_tmpfile(k, place):
    t = k.spawn()
    before = len(k.table("inode", live=True))
    fd = t.open(place, O_TMPFILE | O_RDWR, 0o600)
    t.write(fd, b"abc")
    assert t.pread(fd, 9, 0) == b"abc"
    assert (t.fstat(fd).st_nlink, t.fstat(fd).st_mode & 0o777) == (0, 0o600)
    assert t.sys_link(f"/proc/self/fd/{fd}", place + "/named") == -EXDEV
    t.close(fd)
    assert len(k.table("inode", live=True)) == before
    assert t.sys_open(place, O_TMPFILE | O_RDONLY) == -fastipc.EINVAL
    assert t.sys_open("/dev/null", O_TMPFILE | O_RDWR) == -fastipc.ENOTDIR


def test_protected_names(k):
    """fs.protected_fifos, _regular, _symlinks and _hardlinks, in a sticky directory that all may write."""
    owner, other = k.spawn(uid=1000), k.spawn(uid=1001)
    owner.mkfifo("/tmp/p", 0o666)
    owner.chmod("/tmp/p", 0o666)
    make(owner, "/tmp/f")
    owner.chmod("/tmp/f", 0o666)
    owner.symlink("f", "/tmp/s")
    make(owner, "/tmp/mine", 0o600)
    for name, path in (("protected_fifos", "/tmp/p"), ("protected_regular", "/tmp/f")):
        other.close(other.open(path, O_RDWR | O_CREAT))
        setattr(k.limits, name, 1)
        assert other.sys_open(path, O_RDWR | O_CREAT) == -EACCES
        other.close(other.open(path, O_RDWR))
        owner.close(owner.open(path, O_RDWR | O_CREAT))
    assert other.stat("/tmp/s") == owner.stat("/tmp/f")
    k.limits.protected_symlinks = 1
    assert other.sys_access("/tmp/s", 0) == -EACCES
    assert owner.stat("/tmp/s") == owner.stat("/tmp/f")
    assert other.sys_link("/tmp/mine", "/tmp/theirs") == -EPERM
    k.limits.protected_hardlinks = 0
    other.link("/tmp/mine", "/tmp/theirs")


@pytest.mark.parametrize("place", ["/", "/tmp/"])
def test_immutable_and_append_only(k, place):
    root, user = k.spawn(), k.spawn(uid=1000)
    path = place + "f"
    make(root, path)
    root.chown(path, 1000, 1000)
    fd, mine = root.open(path, O_RDONLY), user.open(path, O_RDONLY)
    assert user.sys_ioctl(mine, FS_IOC_SETFLAGS, FS_APPEND_FL) == -EPERM
    root.ioctl(fd, FS_IOC_SETFLAGS, FS_APPEND_FL)
    assert user.sys_open(path, O_WRONLY) == -EPERM
    assert user.write(user.open(path, O_WRONLY | O_APPEND), b"x") == 1
    assert user.sys_truncate(path, 0) == root.sys_truncate(path, 0) == -EPERM
    assert root.sys_unlink(path) == root.sys_link(path, place + "g") == root.sys_chmod(path, 0) == -EPERM
    root.ioctl(fd, FS_IOC_SETFLAGS, FS_IMMUTABLE_FL)
    assert root.sys_open(path, O_WRONLY | O_APPEND) == root.sys_rename(path, place + "g") == -EPERM
    root.ioctl(fd, FS_IOC_SETFLAGS, 0)
    root.unlink(path)
    assert root.sys_access(path, 0) == -ENOENT


def test_the_limit_of_file_sizes(k):
    t = k.spawn()
    fd = t.open("/tmp/f", O_RDWR | O_CREAT)
    t.setrlimit(RLIMIT_FSIZE, (10, 10))
    t.signal(SIGXFSZ, fastipc.SIG_IGN)
    assert t.write(fd, b"x" * 20) == 10
    assert t.sys_write(fd, b"x") == t.sys_ftruncate(fd, 11) == -EFBIG
    c = t.fork()
    c.signal(SIGXFSZ, fastipc.SIG_DFL)
    with pytest.raises(fastipc.TaskExited):
        c.write(fd, b"x")
    assert c.exit_status & 0x7F == SIGXFSZ


def test_directories_are_not_read(k):
    t = k.spawn()
    fd = t.open("/", O_RDONLY | O_DIRECTORY)
    assert t.sys_read(fd, bytearray(10)) == -fastipc.EISDIR
