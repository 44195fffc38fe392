"""Linux's numbers on x86-64, written down apart from fastipc, so that a wrong constant there cannot hide here."""

import errno as _errno

# fcntl.h
O_RDONLY, O_WRONLY, O_RDWR = 0, 1, 2
O_APPEND, O_NONBLOCK, O_DIRECT, O_NOATIME, O_CLOEXEC = 0o2000, 0o4000, 0o40000, 0o1000000, 0o2000000
O_NOTIFICATION_PIPE = 0o200
F_DUPFD, F_GETFD, F_SETFD, F_GETFL, F_SETFL = 0, 1, 2, 3, 4
F_DUPFD_CLOEXEC, F_SETPIPE_SZ, F_GETPIPE_SZ = 1030, 1031, 1032
FD_CLOEXEC = 1
SEEK_SET, SEEK_CUR, SEEK_END, SEEK_DATA, SEEK_HOLE = 0, 1, 2, 3, 4
S_IFIFO = 0o010000

# ioctls.h
FIONREAD, FIONBIO, FIONCLEX, FIOCLEX = 0x541B, 0x5421, 0x5450, 0x5451

# limits.h, uio.h, fs.h
PIPE_BUF = PAGE_SIZE = 4096
IOV_MAX = 1024

# poll.h
POLLIN, POLLPRI, POLLOUT, POLLERR, POLLHUP, POLLNVAL = 1, 2, 4, 8, 16, 32
POLLRDNORM, POLLRDBAND, POLLWRNORM, POLLWRBAND, POLLRDHUP = 0x40, 0x80, 0x100, 0x200, 0x2000

# signal.h
SIG_DFL, SIG_IGN = 0, 1
SIGKILL, SIGPIPE, SIGCHLD, SIGSTOP = 9, 13, 17, 19

# sched.h
CLONE_VM, CLONE_FS, CLONE_FILES, CLONE_SIGHAND = 0x100, 0x200, 0x400, 0x800
CLONE_PARENT, CLONE_THREAD, CLONE_SYSVSEM = 0x8000, 0x10000, 0x40000
THREAD = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM

# wait.h
WNOHANG, WUNTRACED, WCONTINUED = 1, 2, 8
WNOTHREAD, WALL, WCLONE = 0x20000000, 0x40000000, 0x80000000

# resource.h
RLIMIT_CORE, RLIMIT_NOFILE = 4, 7

INT_MIN, INT_MAX = -(2**31), 2**31 - 1


def errno_name(number: int) -> str:
    """Return the name of an errno, as results of calls show it."""
    return _errno.errorcode.get(number, f"errno {number}")


EVENTS = (
    ("IN", POLLIN), ("PRI", POLLPRI), ("OUT", POLLOUT), ("ERR", POLLERR), ("HUP", POLLHUP), ("NVAL", POLLNVAL),
    ("RDNORM", POLLRDNORM), ("RDBAND", POLLRDBAND), ("WRNORM", POLLWRNORM), ("WRBAND", POLLWRBAND),
    ("RDHUP", POLLRDHUP),
)  # fmt: skip


def events(mask: int) -> str:
    """Return the names of the bits of a poll mask: ``IN+HUP``."""
    return "+".join(name for name, bit in EVENTS if mask & bit) or "0"
