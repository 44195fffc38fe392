"""Descriptors: numbers, flags, copies, limits, who shares what."""

from .abi import (
    CLONE_FILES,
    CLONE_FS,
    CLONE_SIGHAND,
    CLONE_VM,
    F_DUPFD,
    F_DUPFD_CLOEXEC,
    F_GETFD,
    F_GETFL,
    F_GETPIPE_SZ,
    F_SETFD,
    F_SETFL,
    F_SETPIPE_SZ,
    FD_CLOEXEC,
    FIOCLEX,
    FIONBIO,
    FIONCLEX,
    FIONREAD,
    INT_MAX,
    INT_MIN,
    IOV_MAX,
    O_APPEND,
    O_CLOEXEC,
    O_DIRECT,
    O_NOATIME,
    O_NONBLOCK,
    O_NOTIFICATION_PIPE,
    O_WRONLY,
    RLIMIT_NOFILE,
    SEEK_CUR,
    SEEK_END,
    SEEK_SET,
    SIG_IGN,
    SIGCHLD,
    SIGPIPE,
)  # fmt: skip
from .machine import Machine


# ------------------------------------------------------------------------------------------------ dup and friends
def dup_lowest(m: Machine) -> None:
    """dup gives the lowest free number and a descriptor that is not close-on-exec."""
    a = m.spawn()
    r, w = a.pipe2(O_CLOEXEC)
    assert a.dup(r) == 2
    assert a.dup(w) == 3
    a.close(r)
    assert a.dup(w) == r
    assert a.fcntl(r, F_GETFD) == 0
    assert a.fcntl(w, F_GETFD) == FD_CLOEXEC


def dup_shares_the_open_file(m: Machine) -> None:
    """Copies share status flags, not the close-on-exec flag."""
    a = m.spawn()
    r, w = a.pipe()
    c = a.dup(r)
    b = a.fork()
    a.fcntl(r, F_SETFL, O_NONBLOCK)
    a.fcntl(r, F_SETFD, FD_CLOEXEC)
    assert a.fcntl(c, F_GETFL) == b.fcntl(r, F_GETFL) == O_NONBLOCK
    assert a.fcntl(c, F_GETFD) == 0 and b.fcntl(r, F_GETFD) == 0
    assert b.read(c, 1) == "EAGAIN"


def dup2_rules(m: Machine) -> None:
    """dup2: the target is closed first; the same number gives itself if it is open."""
    a = m.spawn()
    r, w = a.pipe2(O_CLOEXEC)
    r2, w2 = a.pipe()
    assert a.dup2(w, w) == w
    assert a.fcntl(w, F_GETFD) == FD_CLOEXEC
    assert a.dup2(w, w2) == w2
    assert a.fcntl(w2, F_GETFD) == 0
    assert a.read(r2, 1) == b""
    assert a.dup2(r, 20) == 20
    assert a.dup(r) == 4
    assert a.dup2(20, 0) == 0


def dup2_errors(m: Machine) -> None:
    """dup2: EBADF for a closed source, a negative target, a target at or over the limit."""
    a = m.spawn()
    r, w = a.pipe()
    assert a.dup2(9, 3) == "EBADF"
    assert a.dup2(9, 9) == "EBADF"
    assert a.dup2(-1, 3) == "EBADF"
    assert a.dup2(-1, -1) == "EBADF"
    assert a.dup2(r, -1) == "EBADF"
    assert a.dup2(r, 1024) == "EBADF"
    assert a.dup2(r, INT_MAX) == "EBADF"
    assert a.dup2(r, 1023) == 1023
    a.setrlimit(RLIMIT_NOFILE, (10, 4096))
    assert a.dup2(1023, 1023) == 1023
    assert a.dup2(9, 1024) == "EBADF"


def dup3_errors(m: Machine) -> None:
    """dup3: EINVAL (flags) > EINVAL (same number) > EBADF (target) > EBADF (source)."""
    a = m.spawn()
    r, w = a.pipe()
    assert a.dup3(r, 5, O_CLOEXEC) == 5
    assert a.fcntl(5, F_GETFD) == FD_CLOEXEC
    assert a.dup3(r, 5, 0) == 5
    assert a.fcntl(5, F_GETFD) == 0
    assert a.dup3(r, 5, O_NONBLOCK) == "EINVAL"
    assert a.dup3(r, 5, 1) == "EINVAL"
    assert a.dup3(r, r, 0) == "EINVAL"
    assert a.dup3(9, 9, 0) == "EINVAL"
    assert a.dup3(9, 9, 4) == "EINVAL"
    assert a.dup3(9, 5, 0) == "EBADF"
    assert a.dup3(r, 1024, 0) == "EBADF"
    assert a.dup3(r, -1, 0) == "EBADF"
    assert a.dup3(9, 2000, 0) == "EBADF"
    assert a.dup3(9, 2000, 1) == "EINVAL"


def dupfd(m: Machine) -> None:
    """F_DUPFD: the lowest free number at or over the argument; EINVAL if that is at or over the limit."""
    a = m.spawn(uid=1000)
    r, w = a.pipe()
    assert a.fcntl(r, F_DUPFD, 0) == 2
    assert a.fcntl(r, F_DUPFD, 10) == 10
    assert a.fcntl(r, F_DUPFD, 10) == 11
    assert a.fcntl(r, F_DUPFD_CLOEXEC, 3) == 3
    assert a.fcntl(3, F_GETFD) == FD_CLOEXEC and a.fcntl(2, F_GETFD) == 0
    assert a.fcntl(r, F_DUPFD, 1023) == 1023
    assert a.fcntl(r, F_DUPFD, 1023) == "EMFILE"
    assert a.fcntl(r, F_DUPFD, 1024) == "EINVAL"
    assert a.fcntl(r, F_DUPFD, -1) == "EINVAL"
    assert a.fcntl(r, F_DUPFD_CLOEXEC, INT_MIN) == "EINVAL"
    assert a.fcntl(99, F_DUPFD, -1) == "EBADF"


def close_rules(m: Machine) -> None:
    """close: EBADF for a number that is not open, twice, negative, huge."""
    a = m.spawn()
    r, w = a.pipe()
    assert a.close(r) is None
    assert a.close(r) == "EBADF"
    for fd in (-1, 2, 1023, 1024, 100000, INT_MAX, INT_MIN):
        assert a.close(fd) == "EBADF"


def lowest_number_always(m: Machine) -> None:
    """Numbers are always the lowest free ones, over many closes and past 64."""
    a = m.spawn()
    a.repeat(70, "pipe")
    for fd in (3, 64, 65, 127, 128, 0):
        a.close(fd)
    assert a.pipe() == (0, 3)
    assert a.dup(1) == 64
    assert a.pipe() == (65, 127)
    assert a.pipe() == (128, 140)


def emfile(m: Machine) -> None:
    """RLIMIT_NOFILE: EMFILE from dup, pipe2 and F_DUPFD when no number is left; lowering keeps what is open."""
    a = m.spawn(uid=1000)
    r, w = a.pipe()
    assert a.getrlimit(RLIMIT_NOFILE) == (1024, 4096)
    assert a.setrlimit(RLIMIT_NOFILE, (4, 4096)) is None
    assert a.pipe() == (2, 3)
    assert a.dup(r) == "EMFILE"
    assert a.pipe2(0) == "EMFILE"
    assert a.fcntl(r, F_DUPFD, 2) == "EMFILE"
    a.setrlimit(RLIMIT_NOFILE, (2, 4096))
    assert a.fcntl(3, F_GETFL) == O_WRONLY
    a.close(2)
    assert a.dup(r) == "EMFILE"
    assert a.dup2(r, 3) == "EBADF"
    assert a.dup2(r, 1) == 1
    a.setrlimit(RLIMIT_NOFILE, (0, 4096))
    a.close(0)
    assert a.dup(1) == "EMFILE"
    assert a.dup2(1, 0) == "EBADF"
    assert a.read(1, 0) == b""


def number_of_files_grows(m: Machine) -> None:
    """A table grows to the limit and stops there."""
    a = m.spawn(uid=1000)
    a.setrlimit(RLIMIT_NOFILE, (300, 4096))
    r, w = a.pipe()
    assert a.repeat(298, "dup", r) == list(range(2, 300))
    assert a.dup(r) == "EMFILE"


# ------------------------------------------------------------------------------------------------ fcntl and ioctl
def fd_flags(m: Machine) -> None:
    """F_SETFD keeps one bit of its argument."""
    a = m.spawn()
    r, w = a.pipe()
    assert a.fcntl(r, F_GETFD) == 0
    assert a.fcntl(r, F_SETFD, FD_CLOEXEC) == 0
    assert a.fcntl(r, F_GETFD) == FD_CLOEXEC
    assert a.fcntl(r, F_SETFD, 2) == 0
    assert a.fcntl(r, F_GETFD) == 0
    assert a.fcntl(r, F_SETFD, -1) == 0
    assert a.fcntl(r, F_GETFD) == FD_CLOEXEC


def status_flags(m: Machine) -> None:
    """F_SETFL changes O_APPEND, O_NONBLOCK, O_DIRECT and O_NOATIME and leaves the access mode alone."""
    a = m.spawn()
    r, w = a.pipe()
    for flags in (O_NONBLOCK, O_APPEND, O_DIRECT, O_NOATIME, O_WRONLY, 0, O_CLOEXEC, O_NONBLOCK | O_APPEND | 0o100):
        for fd in (r, w):
            a.fcntl(fd, F_SETFL, flags)
            a.fcntl(fd, F_GETFL)
    assert a.fcntl(w, F_GETFL) == O_WRONLY | O_NONBLOCK | O_APPEND


def nonblock_by_ioctl(m: Machine) -> None:
    """FIONBIO sets and clears O_NONBLOCK; FIOCLEX and FIONCLEX the close-on-exec flag."""
    a = m.spawn()
    r, w = a.pipe()
    assert a.ioctl(r, FIONBIO, 1) == 0
    assert a.fcntl(r, F_GETFL) == O_NONBLOCK
    assert a.read(r, 1) == "EAGAIN"
    assert a.ioctl(r, FIONBIO, 0) == 0
    assert a.fcntl(r, F_GETFL) == 0
    assert a.ioctl(r, FIOCLEX) == 0
    assert a.fcntl(r, F_GETFD) == FD_CLOEXEC
    assert a.ioctl(r, FIONCLEX) == 0
    assert a.fcntl(r, F_GETFD) == 0


def nonblock_in_the_middle_of_a_sleep(m: Machine) -> None:
    """A call that sleeps already goes on sleeping when O_NONBLOCK is set."""
    a = m.spawn()
    r, w = a.pipe()
    b = a.fork()
    read = b.submit("read", r, 1)
    a.fcntl(r, F_SETFL, O_NONBLOCK)
    assert not read.done()
    a.write(w, b"x")
    assert read.result() == b"x"


def nonblock_long_write(m: Machine) -> None:
    """O_NONBLOCK set while a long write sleeps: what was moved is returned at its next turn."""
    a = m.spawn()
    r, w = a.pipe()
    b = a.fork()
    write = b.submit("write", w, b"x" * 100000)
    a.fcntl(w, F_SETFL, O_NONBLOCK)
    assert not write.done()
    a.read(r, 4096)
    assert write.done()
    assert write.result() == 69632


def unknown_commands(m: Machine) -> None:
    """fcntl: EBADF > EINVAL (command); ioctl: EBADF > ENOTTY (request)."""
    a = m.spawn()
    r, w = a.pipe()
    assert a.fcntl(9, 99) == "EBADF"
    assert a.fcntl(r, 99) == "EINVAL"
    assert a.fcntl(r, -1) == "EINVAL"
    assert a.ioctl(9, 0x1234) == "EBADF"
    assert a.ioctl(r, 0x1234) == "ENOTTY"
    assert a.ioctl(-1, FIONREAD) == "EBADF"


def every_call_on_a_closed_number(m: Machine) -> None:
    """EBADF from every call that takes a descriptor."""
    a = m.spawn()
    a.pipe()
    for fd in (2, -1, 1023, 1024, INT_MAX, INT_MIN):
        assert a.read(fd, 1) == a.write(fd, b"x") == a.readv(fd, [1]) == a.writev(fd, [b"x"]) == "EBADF"
        assert a.pread(fd, 1, 0) == a.pwrite(fd, b"x", 0) == a.lseek(fd, 0, SEEK_SET) == "EBADF"
        assert a.dup(fd) == a.close(fd) == a.fstat(fd) == a.ioctl(fd, FIONREAD) == "EBADF"
        for cmd in (F_GETFD, F_SETFD, F_GETFL, F_SETFL, F_DUPFD, F_DUPFD_CLOEXEC, F_GETPIPE_SZ, F_SETPIPE_SZ):
            assert a.fcntl(fd, cmd, 0) == "EBADF"
        assert a.read(fd, 0) == a.write(fd, b"") == "EBADF"


# ------------------------------------------------------------------------------------------------ order of errors
def order_pipe2(m: Machine) -> None:
    """Limits 2.4, pipe2: EINVAL (flags) > EMFILE; O_NOTIFICATION_PIPE without the feature ENOPKG."""
    a = m.spawn(uid=1000)
    assert a.pipe2(O_NOTIFICATION_PIPE) == "ENOPKG"
    assert a.pipe2(O_NOTIFICATION_PIPE | 1) == "EINVAL"
    a.setrlimit(RLIMIT_NOFILE, (1, 4096))
    assert a.pipe2(0) == "EMFILE"
    for flags in (1, 2, O_APPEND, O_NOATIME, -1, O_CLOEXEC | 4, INT_MIN):
        assert a.pipe2(flags) == "EINVAL"
    a.pipe2(O_NOTIFICATION_PIPE)


def order_read(m: Machine) -> None:
    """Limits 2.4, read: EBADF > 0 bytes: 0 > data, else no writer: 0, else EAGAIN."""
    a = m.spawn()
    r, w = a.pipe2(O_NONBLOCK)
    assert a.read(w, 0) == "EBADF"
    assert a.read(r, 0) == b""
    assert a.read(r, 1) == "EAGAIN"
    a.write(w, b"x")
    a.close(w)
    assert a.read(r, 1) == b"x"
    assert a.read(r, 1) == b""


def order_write(m: Machine) -> None:
    """Limits 2.4, write: EBADF > 0 bytes: 0 > EPIPE > EAGAIN."""
    a = m.spawn()
    a.signal(SIGPIPE, SIG_IGN)
    r, w = a.pipe2(O_NONBLOCK)
    assert a.write(r, b"") == "EBADF"
    a.write(w, b"x" * 65536)
    assert a.write(w, b"x") == "EAGAIN"
    assert a.write(w, b"") == 0
    a.close(r)
    assert a.write(w, b"x") == "EPIPE"
    assert a.write(w, b"") == 0


def order_seek(m: Machine) -> None:
    """Limits 2.4, lseek, pread, pwrite: ESPIPE; EBADF and a bad whence or offset in their order."""
    a = m.spawn()
    r, w = a.pipe()
    for whence in (SEEK_SET, SEEK_CUR, SEEK_END, 3, 4):
        assert a.lseek(r, 0, whence) == a.lseek(w, -5, whence) == "ESPIPE"
    assert a.lseek(r, 0, 5) == "EINVAL"
    assert a.lseek(r, 0, -1) == "EINVAL"
    assert a.lseek(9, 0, 99) == "EBADF"
    assert a.pread(r, 1, 0) == a.pwrite(w, b"x", 0) == "ESPIPE"
    assert a.pread(w, 1, 0) == a.pwrite(r, b"x", 0) == "ESPIPE"
    assert a.pread(r, 0, 0) == a.pwrite(w, b"", 0) == "ESPIPE"
    assert a.pread(r, 1, -1) == a.pwrite(w, b"x", -1) == "EINVAL"
    assert a.pread(9, 1, -1) == a.pwrite(9, b"x", -1) == "EINVAL"
    assert a.pread(9, 1, 0) == "EBADF"


def order_setpipe_sz(m: Machine) -> None:
    """Limits 2.4, F_SETPIPE_SZ: EBADF > EINVAL (over 2^31) > EPERM > EBUSY."""
    a = m.spawn(uid=1000)
    r, w = a.pipe2(O_DIRECT | O_NONBLOCK)
    for _ in range(16):
        a.write(w, b"x")
    assert a.fcntl(9, F_SETPIPE_SZ, 2**31 + 1) == "EBADF"
    assert a.fcntl(w, F_SETPIPE_SZ, 2**31 + 1) == "EINVAL"
    assert a.fcntl(w, F_SETPIPE_SZ, 2**31) == "EPERM"
    assert a.fcntl(w, F_SETPIPE_SZ, 1048577) == "EPERM"
    assert a.fcntl(w, F_SETPIPE_SZ, 4096) == "EBUSY"
    a.fcntl(w, F_SETPIPE_SZ, -1)
    a.fcntl(w, F_SETPIPE_SZ, INT_MIN)
    a.fcntl(w, F_SETPIPE_SZ, 2**32 - 1)
    a.fcntl(w, F_SETPIPE_SZ, 2**32)
    a.fcntl(w, F_SETPIPE_SZ, 2**32 + 4096)
    a.fcntl(w, F_GETPIPE_SZ)


def order_over_the_user_limit(m: Machine) -> None:
    """Limits 2.4: over the soft page limit growing gives EPERM, also where it would give EBUSY otherwise."""
    a = m.spawn(uid=1000)
    a.setrlimit(RLIMIT_NOFILE, (4096, 4096))
    a.repeat(1024, "pipe")
    r, w = a.pipe2(O_NONBLOCK)
    a.write(w, b"x" * 8192)
    assert a.fcntl(w, F_GETPIPE_SZ) == 8192
    assert a.fcntl(w, F_SETPIPE_SZ, 65536) == "EPERM"
    assert a.fcntl(w, F_SETPIPE_SZ, 4096) == "EBUSY"
    assert a.fcntl(w, F_SETPIPE_SZ, 8192) == 8192
    a.read(r, 8192)
    assert a.fcntl(w, F_SETPIPE_SZ, 4096) == 4096
    assert a.fcntl(w, F_SETPIPE_SZ, 8192) == "EPERM" or a.fcntl(w, F_GETPIPE_SZ) == 8192
    assert a.fcntl(0, F_SETPIPE_SZ, 131072) == "EPERM"
    assert a.fcntl(0, F_SETPIPE_SZ, 2**31 + 1) == "EINVAL"


def order_vectors(m: Machine) -> None:
    """readv and writev: EBADF > EINVAL (more than IOV_MAX parts) > 0 for no parts."""
    a = m.spawn()
    r, w = a.pipe2(O_NONBLOCK)
    assert a.writev(w, [b"x"] * IOV_MAX) == IOV_MAX
    assert a.readv(r, [1] * IOV_MAX) == b"x" * IOV_MAX
    assert a.writev(w, [b"x"] * (IOV_MAX + 1)) == "EINVAL"
    assert a.readv(r, [1] * (IOV_MAX + 1)) == "EINVAL"
    assert a.readv(w, [1] * (IOV_MAX + 1)) == "EBADF"
    assert a.writev(r, [b"x"] * (IOV_MAX + 1)) == "EBADF"
    assert a.writev(9, [b"x"] * (IOV_MAX + 1)) == "EBADF"
    assert a.readv(r, []) == b""
    assert a.readv(r, [0, 0]) == b""
    assert a.readv(w, []) == a.writev(r, []) == "EBADF"
    assert a.readv(r, [1]) == "EAGAIN"


def huge_counts(m: Machine) -> None:
    """A huge count asks for no more than there is; a negative one is an address range that does not exist."""
    a = m.spawn()
    r, w = a.pipe2(O_NONBLOCK)
    a.write(w, b"abc")
    assert a.read(r, 2**31) == b"abc"
    a.write(w, b"abc")
    assert a.read(r, 2**40) == b"abc"
    assert a.read(r, -1) == "EFAULT"
    assert a.read(w, -1) == "EBADF"
    assert a.read(r, -(2**63)) == "EFAULT"
    assert a.pread(r, -1, 0) == "ESPIPE"


# ------------------------------------------------------------------------------------------------ who shares what
def fork_copies_the_table(m: Machine) -> None:
    """After fork each has a table of its own, with the same open files and flags."""
    a = m.spawn()
    r, w = a.pipe2(O_CLOEXEC)
    a.dup2(r, 70)
    b = a.fork()
    a.close(r)
    assert b.fcntl(r, F_GETFD) == FD_CLOEXEC and b.fcntl(70, F_GETFD) == 0
    assert b.pipe() == (2, 3)
    assert a.dup(w) == 0
    b.close(w)
    assert a.write(w, b"x") == 1
    assert b.read(70, 5) == b"x"


def threads_share_the_table(m: Machine) -> None:
    """Threads share one table."""
    a = m.spawn()
    b = a.thread()
    r, w = b.pipe()
    assert a.write(w, b"x") == 1
    b.close(w)
    assert a.write(w, b"x") == "EBADF"
    assert a.read(r, 5) == b"x"
    assert a.pipe() == (1, 2)


def clone_files_shares_the_table(m: Machine) -> None:
    """CLONE_FILES: two processes with one table; it lives as long as one of them."""
    a = m.spawn()
    b = a.clone(CLONE_FILES | SIGCHLD)
    r, w = b.pipe()
    c = a.fork()
    assert a.write(w, b"kept") == 4
    a.close(w)
    assert b.write(w, b"x") == "EBADF"
    b.exit_group(0)
    assert a.read(r, 10) == b"kept"
    read = a.submit("read", r, 10)
    assert not read.done()
    c.exit_group(0)
    assert read.result() == b""


def clone_vm_does_not_share_the_table(m: Machine) -> None:
    """CLONE_VM without CLONE_FILES: two tables."""
    a = m.spawn()
    b = a.clone(CLONE_VM | CLONE_FS | CLONE_SIGHAND | SIGCHLD)
    r, w = b.pipe()
    assert a.read(r, 1) == "EBADF"
    assert b.write(w, b"x") == 1


def execve_closes(m: Machine) -> None:
    """execve closes what is close-on-exec and keeps the rest at its numbers."""
    a = m.spawn()
    r, w = a.pipe2(O_CLOEXEC)
    r2, w2 = a.pipe()
    b = a.fork()
    b.execve()
    assert b.fcntl(r, F_GETFD) == b.fcntl(w, F_GETFD) == "EBADF"
    assert b.fcntl(r2, F_GETFL) == 0 and b.fcntl(w2, F_GETFL) == O_WRONLY
    assert b.dup(r2) == 0
    a.close(w)
    assert a.read(r, 1) == b""


def execve_unshares_the_table(m: Machine) -> None:
    """execve of one of two that share a table gives it one of its own."""
    a = m.spawn()
    r, w = a.pipe2(O_CLOEXEC)
    b = a.clone(CLONE_FILES | SIGCHLD)
    b.execve()
    assert b.fcntl(r, F_GETFD) == "EBADF"
    assert a.fcntl(r, F_GETFD) == FD_CLOEXEC
    assert b.pipe() == (0, 1)
    assert a.fcntl(0, F_GETFD) == FD_CLOEXEC


def close_on_exec_from_every_source(m: Machine) -> None:
    """dup3, F_DUPFD_CLOEXEC, F_SETFD, FIOCLEX and pipe2 all mark for execve; dup2 clears the mark."""
    a = m.spawn()
    r, w = a.pipe()
    a.dup3(r, 10, O_CLOEXEC)
    a.fcntl(r, F_DUPFD_CLOEXEC, 11)
    a.dup2(r, 12)
    a.fcntl(12, F_SETFD, FD_CLOEXEC)
    a.dup2(r, 13)
    a.ioctl(13, FIOCLEX)
    a.dup3(r, 14, O_CLOEXEC)
    a.dup2(r, 14)
    a.execve()
    assert [a.fcntl(fd, F_GETFD) for fd in (0, 1, 10, 11, 12, 13, 14)] == [0, 0] + ["EBADF"] * 4 + [0]


def rlimit_rules(m: Machine) -> None:
    """setrlimit: EINVAL (resource) > EINVAL (soft over hard) > EPERM (raising the hard limit without the right)."""
    a = m.spawn(uid=1000)
    assert a.getrlimit(16) == a.getrlimit(-1) == "EINVAL"
    assert a.setrlimit(16, (2, 1)) == "EINVAL"
    assert a.setrlimit(RLIMIT_NOFILE, (5000, 4096)) == "EINVAL"
    assert a.setrlimit(RLIMIT_NOFILE, (100, 4097)) == "EPERM"
    assert a.setrlimit(RLIMIT_NOFILE, (5000, 4999)) == "EINVAL"
    assert a.setrlimit(RLIMIT_NOFILE, (4096, 4096)) is None
    assert a.getrlimit(RLIMIT_NOFILE) == (4096, 4096)
    b = a.fork()
    c = a.thread()
    a.setrlimit(RLIMIT_NOFILE, (64, 128))
    assert b.getrlimit(RLIMIT_NOFILE) == (4096, 4096)
    assert c.getrlimit(RLIMIT_NOFILE) == (64, 128)
    assert a.setrlimit(RLIMIT_NOFILE, (64, 129)) == "EPERM"
    b.execve()
    assert b.getrlimit(RLIMIT_NOFILE) == (4096, 4096)
