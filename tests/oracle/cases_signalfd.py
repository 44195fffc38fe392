"""signalfd, SIGIO of pipes and FIFOs, and the masks of ppoll and pselect."""

from .abi import (
    CLONE_FILES,
    CLONE_VM,
    F_GETFD,
    F_GETFL,
    F_GETSIG,
    F_OWNER_PGRP,
    F_OWNER_PID,
    F_OWNER_TID,
    F_SETFL,
    F_SETPIPE_SZ,
    F_SETSIG,
    FIOASYNC,
    FIONREAD,
    INT_MIN,
    O_APPEND,
    O_ASYNC,
    O_DIRECT,
    O_NONBLOCK,
    POLLIN,
    POLLOUT,
    POLLRDNORM,
    RLIMIT_NOFILE,
    RLIMIT_SIGPENDING,
    SA_RESTART,
    SEEK_CUR,
    SEEK_END,
    SEEK_SET,
    SFD_CLOEXEC,
    SFD_NONBLOCK,
    SIG_BLOCK,
    SIG_DFL,
    SIG_IGN,
    SIG_SETMASK,
    SIGBUS,
    SIGCHLD,
    SIGCONT,
    SIGIO,
    SIGKILL,
    SIGSEGV,
    SIGSTOP,
    SIGTERM,
    SIGURG,
    SIGUSR1,
    SIGUSR2,
    WUNTRACED,
)
from .machine import ASLEEP, DIED, Machine, Task

RT = 40
ALL = range(1, 65)


# ------------------------------------------------------------------------------------------------ signalfd: making
def errors_of_signalfd(m: Machine) -> None:
    """Limits 4.5, signalfd4: flags before the descriptor, a closed one, one that is no signalfd."""
    a = m.spawn()
    r, _ = a.pipe()
    for flags in (1, 0x10, O_APPEND, SFD_CLOEXEC | 2, -1):
        assert a.signalfd(-1, [SIGUSR1], flags) == "EINVAL"
        assert a.signalfd(99, [SIGUSR1], flags) == "EINVAL"
    for fd in (99, -2, INT_MIN):
        assert a.signalfd(fd, [SIGUSR1]) == "EBADF"
    assert a.signalfd(r, [SIGUSR1]) == "EINVAL"
    assert a.signalfd(r, [SIGUSR1], SFD_CLOEXEC) == "EINVAL"


def flags_of_signalfd(m: Machine) -> None:
    """SFD_NONBLOCK and SFD_CLOEXEC count for a new one only; the lowest number is taken, RLIMIT_NOFILE is kept."""
    a = m.spawn()
    assert a.signalfd(-1, []) == 0
    assert a.fcntl(0, F_GETFL) == 2 and a.fcntl(0, F_GETFD) == 0
    assert a.signalfd(-1, [], SFD_NONBLOCK | SFD_CLOEXEC) == 1
    assert a.fcntl(1, F_GETFL) == 2 | O_NONBLOCK and a.fcntl(1, F_GETFD) == 1
    assert a.signalfd(0, [SIGUSR1], SFD_NONBLOCK | SFD_CLOEXEC) == 0
    assert a.fcntl(0, F_GETFL) == 2 and a.fcntl(0, F_GETFD) == 0
    a.setrlimit(RLIMIT_NOFILE, (2, 2))
    assert a.signalfd(-1, []) == "EMFILE"
    a.execve()
    assert a.fcntl(0, F_GETFD) == 0
    assert a.fcntl(1, F_GETFD) == "EBADF"


def what_else_a_signalfd_answers(m: Machine) -> None:
    """lseek gives 0, writing is EINVAL, pread ESPIPE; no size, no pipe, no owner but one that can be set."""
    a = m.spawn()
    fd = a.signalfd(-1, [SIGUSR1], SFD_NONBLOCK)
    for offset, whence in ((0, SEEK_SET), (5, SEEK_SET), (-5, SEEK_CUR), (7, SEEK_END)):
        assert a.lseek(fd, offset, whence) == 0
    a.lseek(fd, 0, 3)
    a.lseek(fd, 0, 99)
    assert a.write(fd, b"x" * 128) == "EINVAL"
    assert a.write(fd, b"") == "EINVAL"
    assert a.writev(fd, [b"x", b"y"]) == "EINVAL"
    assert a.pread(fd, 128, 0) == "ESPIPE"
    assert a.pwrite(fd, b"x", 0) == "ESPIPE"
    assert a.ftruncate(fd, 0) == "EINVAL"
    assert a.fsync(fd) == "EINVAL"
    assert a.fallocate(fd, 0, 0, 10) == "ENODEV"
    assert a.fchmod(fd, 0o700) == "ENOTSUP"
    assert a.fchown(fd, 0, 0) == "ENOTSUP"
    assert a.fchdir(fd) == "ENOTDIR"
    assert a.ioctl(fd, FIONREAD) == "ENOTTY"
    assert a.ioctl(fd, FIOASYNC, 0) == 0
    assert a.ioctl(fd, FIOASYNC, 1) == "ENOTTY"
    assert a.fcntl(fd, F_SETPIPE_SZ, 4096) == "EBADF"
    assert a.fcntl(fd, F_SETFL, O_DIRECT) == "EINVAL"
    assert a.fcntl(fd, F_SETFL, O_ASYNC | O_APPEND) == 0
    assert a.fcntl(fd, F_GETFL) == 2 | O_APPEND
    assert a.setown(fd, a) == 0
    assert a.getown(fd) == a.name


# ------------------------------------------------------------------------------------------------ signalfd: reading
def sizes_of_reads(m: Machine) -> None:
    """A read must have room for one record; it takes as many as fit, in the order of delivery, and does not wait."""
    a = m.spawn()
    a.sigprocmask(SIG_BLOCK, [SIGUSR1, SIGUSR2, RT, SIGSEGV])
    fd = a.signalfd(-1, [SIGUSR1, SIGUSR2, RT, SIGSEGV], SFD_NONBLOCK)
    for n in (0, 1, 127):
        assert a.read(fd, n) == "EINVAL"
    assert a.read(fd, 128) == "EAGAIN"
    for value in (1, 2, 3):
        a.sigqueue(a, RT, value)
    for sig in (SIGUSR2, SIGUSR1, SIGUSR1, SIGSEGV):
        a.kill(a, sig)
    a.tkill(a, RT)
    assert [s[:2] for s in a.read_signals(fd, 255)] == [(RT, -6)]
    assert [s[0] for s in a.read_signals(fd, 300)] == [SIGSEGV, SIGUSR1]
    assert [s[3] for s in a.read_signals(fd, 4096)] == [0, 1, 2, 3]
    assert a.read(fd, 4096) == "EAGAIN"
    assert a.sigpending() == []


def vectors(m: Machine) -> None:
    """A record goes over the bounds of a vector's buffers; one of no bytes reads nothing."""
    a = m.spawn()
    a.sigprocmask(SIG_BLOCK, [SIGUSR1])
    fd = a.signalfd(-1, [SIGUSR1], SFD_NONBLOCK)
    assert a.readv(fd, [64, 63]) == "EINVAL"
    assert a.readv(fd, [64, 64]) == "EAGAIN"
    assert a.readv(fd, [0, 0]) == b""
    a.kill(a, SIGUSR1)
    assert a.read_at(fd, 8, 128) == "EFAULT"
    assert a.read(fd, 128) == "EAGAIN"


def what_a_record_tells(m: Machine) -> None:
    """Sender, value and status; a child's end; what was sent with an info; the kernel's own."""
    a = m.spawn()
    a.sigprocmask(SIG_BLOCK, ALL)
    fd = a.signalfd(-1, ALL, SFD_NONBLOCK)
    b = a.fork()
    a.sigqueueinfo(a, SIGUSR1, -3, 77)
    b.sigqueue(a, SIGUSR2, -1)
    b.sigqueue(a, RT, 2**31 - 1)
    b.tgkill(a, a, SIGTERM)
    b.exit(5)
    a.kill(a, SIGBUS)
    assert [s[0] for s in a.read_signals(fd, 1024)] == [SIGTERM, SIGBUS, SIGUSR1, SIGUSR2, SIGCHLD, RT]
    assert a.read_signals(fd, 1024) == "EAGAIN"


def without_room_for_an_info(m: Machine) -> None:
    """Where the limit leaves no room for an info the record says a kill of nobody."""
    a = m.spawn(uid=4000)
    a.sigprocmask(SIG_BLOCK, [SIGUSR1, RT])
    fd = a.signalfd(-1, [SIGUSR1, RT], SFD_NONBLOCK)
    a.setrlimit(RLIMIT_SIGPENDING, (0, 0))
    assert a.sigqueue(a, RT, 1) == "EAGAIN"
    assert a.kill(a, RT) is None
    assert a.kill(a, RT) is None
    assert a.sigqueue(a, SIGUSR1, 7) is None
    assert len(a.read_signals(fd, 1024)) == 2


def kill_and_stop_are_never_read(m: Machine) -> None:
    """KILL and STOP are taken out of the set."""
    a = m.spawn()
    b = a.fork()
    b.signalfd(-1, [SIGKILL, SIGSTOP])
    c = b.submit("read_signals", 0, 128)
    a.kill(b, SIGSTOP)
    assert a.wait4(b, WUNTRACED) == (b.name, 0x137F)
    a.kill(b, SIGCONT)
    a.kill(b, SIGKILL)
    assert c.value is DIED


def an_unblocked_signal_goes_to_its_handler(m: Machine) -> None:
    """What is not blocked is delivered, not read, but for a reader that sleeps: it takes what has woken it. Another one
    interrupts it, or with SA_RESTART not.
    """
    a = m.spawn()
    b = a.fork()
    for flags, rest in ((0, "EINTR"), (SA_RESTART, ASLEEP)):
        for sig in (SIGUSR1, SIGUSR2):
            b.sigaction(sig, "handler", [], flags)
        fd = b.signalfd(-1, [SIGUSR1])
        c = b.submit("read_signals", fd, 256)
        a.kill(b, SIGUSR1)
        assert c.value[0][0] == SIGUSR1
        c = b.submit("read_signals", fd, 256)
        a.kill(b, SIGUSR2)
        assert c.value == rest
    a.kill(b, SIGTERM)
    assert c.value is DIED


def ignored_signals(m: Machine) -> None:
    """A blocked signal is read although it is ignored, or ignored by default; unblocked it is dropped when sent."""
    a = m.spawn()
    a.sigaction(SIGUSR1, SIG_IGN)
    fd = a.signalfd(-1, [SIGUSR1, SIGURG], SFD_NONBLOCK)
    a.kill(a, SIGUSR1)
    a.kill(a, SIGURG)
    assert a.read_signals(fd, 256) == "EAGAIN"
    a.sigprocmask(SIG_BLOCK, [SIGUSR1, SIGURG])
    a.kill(a, SIGUSR1)
    a.kill(a, SIGURG)
    assert len(a.read_signals(fd, 256)) == 2


# ------------------------------------------------------------------------------------------------ signalfd: sleeping
def s11_a_reader_wakes_at_once(m: Machine) -> None:
    """S11: a reader wakes when a signal of its set is sent, not for another; a whole buffer is not waited for."""
    a = m.spawn()
    b = a.fork()
    b.sigprocmask(SIG_BLOCK, [SIGUSR1, SIGUSR2])
    fd = b.signalfd(-1, [SIGUSR1])
    c = b.submit("read_signals", fd, 1024)
    a.kill(b, SIGUSR2)
    assert c.value is ASLEEP
    a.kill(b, SIGUSR1)
    assert [s[:3] for s in c.value] == [(SIGUSR1, 0, a.name)]
    assert b.sigpending() == [SIGUSR2]


def a_changed_set_wakes_who_waits(m: Machine) -> None:
    """A new set counts for a read that sleeps already."""
    a = m.spawn()
    a.sigprocmask(SIG_BLOCK, [SIGUSR1, SIGUSR2])
    b = a.thread()
    fd = a.signalfd(-1, [SIGUSR1])
    c = b.submit("read_signals", fd, 128)
    a.kill(a, SIGUSR2)
    assert c.value is ASLEEP
    assert a.signalfd(fd, [SIGUSR2]) == fd
    assert c.value[0][0] == SIGUSR2


def signals_are_the_readers_own(m: Machine) -> None:
    """R4, b.3: a descriptor that a child has inherited tells of the child's signals, of a thread's own ones too."""
    a = m.spawn()
    a.sigprocmask(SIG_BLOCK, [SIGUSR1, SIGUSR2])
    fd = a.signalfd(-1, [SIGUSR1, SIGUSR2], SFD_NONBLOCK)
    b, c = a.fork(), a.thread()
    a.kill(b, SIGUSR1)
    assert a.poll([(fd, POLLIN | POLLRDNORM)], 0) == []
    assert b.poll([(fd, POLLIN | POLLRDNORM)], 0) == [(fd, POLLIN)]
    assert a.read_signals(fd, 128) == "EAGAIN"
    assert b.read_signals(fd, 128)[0][0] == SIGUSR1
    b.tkill(c, SIGUSR2)
    assert a.poll([(fd, POLLIN)], 0) == []
    assert c.poll([(fd, POLLIN)], 0) == [(fd, POLLIN)]
    assert a.read_signals(fd, 128) == "EAGAIN"
    b.kill(a, SIGUSR1)
    assert a.select([fd], [fd], [fd], 0) == ([fd], [], [])
    assert [s[0] for s in c.read_signals(fd, 256)] == [SIGUSR2, SIGUSR1]


def polls_wait_for_signals(m: Machine) -> None:
    """poll and select sleep until a signal of the set is pending for them."""
    a = m.spawn()
    a.sigprocmask(SIG_BLOCK, [SIGUSR1, SIGUSR2])
    b = a.fork()
    fd = b.signalfd(-1, [SIGUSR1])
    r, w = b.pipe()
    c = b.submit("poll", [(fd, POLLIN), (r, POLLIN)])
    a.kill(b, SIGUSR2)
    a.kill(a, SIGUSR1)
    assert c.value is ASLEEP
    a.kill(b, SIGUSR1)
    assert c.value == [(fd, POLLIN)]
    assert b.read_signals(fd, 128)[0][2] == a.name
    c = b.submit("select", [r, fd], [], [])
    a.kill(b, SIGUSR1)
    assert c.value == ([fd], [], [])
    c = b.submit("poll", [(fd, POLLOUT)])
    a.kill(b, SIGUSR1)
    assert c.value is ASLEEP
    a.kill(b, SIGKILL)


def two_readers(m: Machine) -> None:
    """Each signal is read once: of two threads that wait the one that joined last looks first."""
    a = m.spawn()
    m.ordered = True
    a.sigprocmask(SIG_BLOCK, [SIGUSR1, RT])
    b, c, d = a.thread(), a.thread(), a.fork()
    fd = a.signalfd(-1, [SIGUSR1, RT])
    first, second = b.submit("read_signals", fd, 128), c.submit("read_signals", fd, 128)
    d.kill(a, SIGUSR1)
    assert (first.value is ASLEEP) != (second.value is ASLEEP)
    d.kill(a, SIGUSR1)
    assert ASLEEP not in (first.value, second.value)


def a_closed_descriptor_reads_on(m: Machine) -> None:
    """A sleeping read keeps its file; dup shares the set."""
    a = m.spawn()
    a.sigprocmask(SIG_BLOCK, [SIGUSR1, SIGUSR2])
    b = a.thread()
    fd = a.signalfd(-1, [SIGUSR1])
    other = a.dup(fd)
    assert a.signalfd(other, [SIGUSR2]) == other
    c = b.submit("read_signals", fd, 128)
    a.close(fd)
    a.close(other)
    a.kill(a, SIGUSR2)
    assert c.value[0][0] == SIGUSR2


# ------------------------------------------------------------------------------------------------ SIGIO: owners
def owners_read_back(m: Machine) -> None:
    """F_GETOWN and F_GETOWN_EX: none at first; a process, a thread, a group; 0 gives it up."""
    a = m.spawn()
    b, c = a.fork(), a.thread()
    r, _ = a.pipe()
    assert a.getown(r) == 0 and a.getown_ex(r) == (F_OWNER_TID, 0)
    a.setown(r, b)
    assert a.getown(r) == b.name and a.getown_ex(r) == (F_OWNER_PID, b.name)
    a.setown(r, -a)
    assert a.getown_ex(r) == (F_OWNER_PGRP, a.name)
    a.setown_ex(r, F_OWNER_TID, c)
    assert a.getown_ex(r) == (F_OWNER_TID, c.name) and a.getown(r) == c.name
    a.setown(r, c)
    assert a.getown_ex(r) == (F_OWNER_PID, 0) and a.getown(r) == 0
    a.setown_ex(r, F_OWNER_PGRP, b)
    assert a.getown_ex(r) == (F_OWNER_PGRP, 0)
    a.setown(r, 0)
    assert a.getown_ex(r) == (F_OWNER_PID, 0)


def errors_of_owners(m: Machine) -> None:
    """A number that nobody has is ESRCH, and the owner stays; INT_MIN and other types are EINVAL."""
    a = m.spawn()
    r, _ = a.pipe()
    a.setown(r, a)
    assert a.setown(r, 2**30) == "ESRCH"
    assert a.setown(r, -(2**30)) == "ESRCH"
    assert a.setown(r, INT_MIN) == "EINVAL"
    for type in (3, -1):
        assert a.setown_ex(r, type, a) == "EINVAL"
        assert a.setown_ex(r, type, 2**30) == "EINVAL"
    assert a.setown_ex(r, F_OWNER_PID, -a) == "ESRCH"
    assert a.setown_ex(r, F_OWNER_TID, 2**30) == "ESRCH"
    assert a.getown(r) == a.name
    for fd in (99, -1):
        assert a.setown(fd, 2**30) == "EBADF"
        assert a.getown(fd) == "EBADF"
        assert a.setown_ex(fd, 9, a) == "EBADF"
        assert a.fcntl(fd, F_SETSIG, 99) == "EBADF"
    assert a.fcntl(r, F_GETSIG) == 0
    for sig in (-1, 65, INT_MIN):
        assert a.fcntl(r, F_SETSIG, sig) == "EINVAL"
    for sig in (64, SIGKILL, 0):
        assert a.fcntl(r, F_SETSIG, sig) == 0
        assert a.fcntl(r, F_GETSIG) == sig


def an_owner_that_has_ended(m: Machine) -> None:
    """A zombie is still the owner; one that was waited for is not."""
    a = m.spawn()
    b = a.fork()
    r, w = a.pipe()
    a.setown(r, b)
    b.exit()
    assert a.getown(r) == b.name
    a.wait4()
    assert a.getown_ex(r) == (F_OWNER_PID, 0)
    a.fcntl(r, F_SETFL, O_ASYNC)
    assert a.write(w, b"x") == 1


def files_share_an_owner(m: Machine) -> None:
    """Owner and signal are the open file's: dup and fork see them, the other end does not."""
    a = m.spawn()
    r, w = a.pipe()
    s = a.dup(r)
    a.setown(r, a)
    a.fcntl(r, F_SETSIG, RT)
    b = a.fork()
    assert a.getown(s) == b.getown(r) == a.name
    assert b.fcntl(s, F_GETSIG) == RT
    assert a.getown(w) == 0
    b.setown(r, b)
    assert a.getown(s) == b.name


# ------------------------------------------------------------------------------------------------ SIGIO: sending
def _watched(m: Machine, signum: int = 0, end: int = 0, flags: int = 0) -> tuple[Task, Task, int, int, int]:
    # An owner, another process, both ends of a pipe of which one is watched, and where the owner reads its signals.
    a = m.spawn()
    a.sigprocmask(SIG_BLOCK, [SIGIO, RT, SIGUSR1, SIGCHLD, SIGBUS])
    ends = a.pipe()
    a.fcntl(ends[end], F_SETFL, O_ASYNC | flags)
    a.setown(ends[end], a)
    a.fcntl(ends[end], F_SETSIG, signum)
    fd = a.signalfd(-1, [SIGIO, RT, SIGUSR1, SIGCHLD, SIGBUS], SFD_NONBLOCK)
    return a, a.fork(), *ends, fd


def p12_new_data(m: Machine) -> None:
    """P12, limits 4: every write of something tells the owner of the read end, with code 128 and no more."""
    a, b, r, w, fd = _watched(m)
    for _ in range(2):
        b.write(w, b"x")
        assert a.read_signals(fd, 512) == [(SIGIO, 128, 0, 0, 0, "0x0")]
    b.write(w, b"")
    assert a.read_signals(fd, 512) == "EAGAIN"
    b.write(w, b"x")
    b.write(w, b"x")
    assert len(a.read_signals(fd, 512)) == 1
    assert a.fcntl(r, F_GETFL) == O_ASYNC
    a.fcntl(r, F_SETFL, 0)
    b.write(w, b"x")
    assert a.read_signals(fd, 512) == "EAGAIN"


def p12_new_room(m: Machine) -> None:
    """P12: every read of something, also one that finds nothing, tells the owner of the write end."""
    a, b, r, w, fd = _watched(m, RT, 1, O_NONBLOCK)
    a.write(w, b"xyz")
    b.fcntl(r, F_SETFL, O_NONBLOCK)
    for n in (1, 10, 10, 0):
        b.read(r, n)
        a.read_signals(fd, 512)
    a.write(w, b"x" * 65536)
    b.read(r, 1)
    assert a.read_signals(fd, 512) == [(RT, 2, 0, 0, w, "0x304")]


def a_signal_with_an_info(m: Machine) -> None:
    """Limits 4: with F_SETSIG the info has code POLL_IN, band and descriptor; SI_SIGIO where the code has a meaning."""
    a, b, r, w, fd = _watched(m, RT)
    for sig in (RT, SIGIO, SIGUSR1, SIGBUS, SIGCHLD):
        a.fcntl(r, F_SETSIG, sig)
        b.write(w, b"x")
        code = -5 if sig in (SIGBUS, SIGCHLD) else 1
        assert a.read_signals(fd, 512) == [(sig, code, 0, 0, r, "0x41")]
    a.fcntl(r, F_SETSIG, RT)
    b.write(w, b"x")
    b.write(w, b"x")
    assert len(a.read_signals(fd, 512)) == 2


def the_end_of_the_other_side(m: Machine) -> None:
    """Closing the last descriptor of one side tells both."""
    a, b, r, w, fd = _watched(m)
    b.close(w)
    assert a.read_signals(fd, 512) == "EAGAIN"
    a.close(w)
    assert len(a.read_signals(fd, 512)) == 1
    a, b, r, w, fd = _watched(m, RT, 1)
    b.close(r)
    a.close(r)
    assert a.read_signals(fd, 512) == [(RT, 2, 0, 0, w, "0x304")]


def the_end_of_who_has_both_sides(m: Machine) -> None:
    """Who ends and has both ends of a pipe closes the higher number first: the other end's owner is told, or not."""
    for end in range(2):
        a, b, r, w, fd = _watched(m, RT, end)
        a.close(1 - end)
        a.close(end)
        b.exit()
        a.read_signals(fd, 512)


def writes_that_fail_or_sleep(m: Machine) -> None:
    """A full pipe tells of each attempt; a writer that sleeps has told of what it wrote before."""
    a, b, r, w, fd = _watched(m, RT)
    b.fcntl(w, F_SETFL, O_NONBLOCK)
    b.write(w, b"x" * 65536)
    assert b.write(w, b"x") == "EAGAIN"
    assert len(a.read_signals(fd, 512)) == 2
    b.write_at(w, 8, 4)
    a.read_signals(fd, 512)
    b.fcntl(w, F_SETFL, 0)
    c = b.submit("write", w, b"x" * 10000)
    assert len(a.read_signals(fd, 512)) == 1
    a.read(r, 65536)
    assert c.value == 10000
    a.read_signals(fd, 512)


def a_read_that_sleeps(m: Machine) -> None:
    """A reader that waits tells of room when it has read, not when it falls asleep."""
    a, b, r, w, fd = _watched(m, RT, 1)
    c = b.submit("read", r, 10)
    assert a.read_signals(fd, 512) == "EAGAIN"
    a.write(w, b"xyz")
    assert c.value == b"xyz"
    assert len(a.read_signals(fd, 512)) == 1


def a_writer_that_tells_itself(m: Machine) -> None:
    """Who writes more than fits, and is interrupted by its own news, gets the count so far."""
    a = m.spawn()
    r, w = a.pipe()
    a.sigaction(RT, "handler", [], SA_RESTART)
    a.setown(r, a)
    a.fcntl(r, F_SETSIG, RT)
    a.fcntl(r, F_SETFL, O_ASYNC)
    assert a.write(w, b"x" * 70000) == 65536


def to_groups_and_threads(m: Machine) -> None:
    """A group's every process is told, a thread alone by F_OWNER_TID, its process by F_SETOWN."""
    a = m.spawn()
    a.sigprocmask(SIG_BLOCK, [SIGIO, RT])
    r, w = a.pipe()
    fd = a.signalfd(-1, [SIGIO, RT], SFD_NONBLOCK)
    b, c, d = a.fork(), a.thread(), a.fork()
    a.fcntl(r, F_SETFL, O_ASYNC)
    a.setown(r, -a)
    d.setpgid(0, 0)
    d.write(w, b"x")
    assert [len(t.read_signals(fd, 512)) for t in (a, b)] == [1, 1]
    assert d.read_signals(fd, 512) == "EAGAIN"
    a.setown_ex(r, F_OWNER_TID, c)
    a.fcntl(r, F_SETSIG, RT)
    d.write(w, b"x")
    assert a.read_signals(fd, 512) == "EAGAIN"
    assert len(c.read_signals(fd, 512)) == 1
    a.setown(r, c)
    d.write(w, b"x")
    assert len(a.read_signals(fd, 512)) == 1


def who_may_be_told(m: Machine) -> None:
    """sigio_perm: who set the owner must be root or have the same ids; that it can send otherwise does not count."""
    a = m.spawn(uid=4000)
    b = m.spawn(uid=4001)
    c = m.spawn()
    for t in (a, b, c):
        t.sigprocmask(SIG_BLOCK, [SIGIO])
        t.signalfd(-1, [SIGIO], SFD_NONBLOCK)
        r, w = t.pipe()
        t.fcntl(r, F_SETFL, O_ASYNC)
    for owner, setter in ((a, a), (b, a), (c, a), (a, b), (a, c), (b, c)):
        setter.setown(r, owner)
        setter.write(w, b"x")
        owner.read_signals(0, 128)
    c.setown(r, a)
    a.setown(r, a)


def fallback_when_the_queue_is_full(m: Machine) -> None:
    """A real-time signal that finds no room becomes a plain SIGIO."""
    a = m.spawn(uid=4000)
    a.sigprocmask(SIG_BLOCK, [SIGIO, RT])
    fd = a.signalfd(-1, [SIGIO, RT], SFD_NONBLOCK)
    r, w = a.pipe()
    a.fcntl(r, F_SETFL, O_ASYNC)
    a.setown(r, a)
    a.fcntl(r, F_SETSIG, RT)
    a.setrlimit(RLIMIT_SIGPENDING, (1, 1))
    for _ in range(3):
        a.write(w, b"x")
    assert [s[0] for s in a.read_signals(fd, 512)] == [SIGIO, RT]


def fioasync_and_which_descriptor(m: Machine) -> None:
    """FIOASYNC does as F_SETFL; the descriptor told is the one that asked, though it is closed."""
    a, b, r, w, fd = _watched(m, RT)
    s = a.dup(r)
    a.fcntl(s, F_SETFL, O_ASYNC)
    b.write(w, b"x")
    assert a.read_signals(fd, 512)[0][4] == r
    assert a.ioctl(r, FIOASYNC, 0) == 0
    assert a.fcntl(r, F_GETFL) == 0
    assert a.ioctl(s, FIOASYNC, 1) == 0
    assert a.ioctl(r, FIOASYNC, 1) == 0
    assert a.fcntl(r, F_GETFL) == O_ASYNC
    a.close(s)
    b.write(w, b"x")
    assert a.read_signals(fd, 512)[0][4] == s


def sigio_with_handler_and_default(m: Machine) -> None:
    """The action of SIGIO counts: a handler runs before the call goes on, without one the owner dies."""
    a = m.spawn()
    b = a.fork()
    r, w = b.pipe()
    b.fcntl(r, F_SETFL, O_ASYNC)
    b.setown(r, b)
    b.sigaction(SIGIO, "handler", [], SA_RESTART)
    assert b.write(w, b"x") == 1
    b.sigaction(SIGIO, SIG_IGN)
    assert b.write(w, b"x") == 1
    b.sigaction(SIGIO, SIG_DFL)
    c = b.submit("write", w, b"x")
    assert c.value is DIED
    assert a.wait4() == (b.name, SIGIO)


# ------------------------------------------------------------------------------------------------ ppoll, pselect
def h10_the_mask_of_a_wait(m: Machine) -> None:
    """H10: a signal that only the wait lets through runs its handler under that mask; then the old mask is back."""
    a = m.spawn()
    b = a.fork()
    b.sigprocmask(SIG_SETMASK, [SIGUSR1, SIGUSR2])
    for sig in (SIGUSR1, SIGUSR2):
        b.sigaction(sig, "handler", [], SA_RESTART)
    r, w = b.pipe()
    for call in (("ppoll", [(r, POLLIN)], None, [SIGUSR2]), ("pselect", [r], [], [], None, [SIGUSR2])):
        c = b.submit(*call)
        a.kill(b, SIGUSR2)
        assert c.value is ASLEEP
        a.kill(b, SIGUSR1)
        assert c.value == "EINTR"
        assert b.sigprocmask(SIG_BLOCK) == [SIGUSR1, SIGUSR2]
        c = b.submit(*call[:-1], [])
        assert c.value == "EINTR"
        assert b.sigprocmask(SIG_BLOCK) == [SIGUSR1, SIGUSR2]


def h10_without_a_handler(m: Machine) -> None:
    """H10, H3: what has no handler leaves no trace: the call goes on under its own mask, and the old one is back."""
    a = m.spawn()
    b = a.fork()
    b.sigprocmask(SIG_SETMASK, [SIGUSR1, SIGURG])
    b.sigaction(SIGUSR1, SIG_IGN)
    r, w = b.pipe()
    for call in (("ppoll", [(r, POLLIN)], None, [SIGUSR2]), ("pselect", [r], [], [], None, [SIGUSR2])):
        c = b.submit(*call)
        for sig in (SIGUSR1, SIGURG, SIGSTOP, SIGCONT, SIGUSR2):
            a.kill(b, sig)
        assert c.value is ASLEEP
        b2 = b.name
        b = a.fork()
        b.sigprocmask(SIG_SETMASK, [SIGUSR1, SIGURG])
        b.sigaction(SIGUSR1, SIG_IGN)
        r, w = b.pipe()
        a.kill(m.task(b2), SIGKILL)
        assert c.value is DIED


def pending_before_the_wait(m: Machine) -> None:
    """A signal that was pending already interrupts at once, also if no time is given, unless a descriptor is ready."""
    a = m.spawn()
    a.sigprocmask(SIG_BLOCK, [SIGUSR1])
    a.sigaction(SIGUSR1, "handler")
    r, w = a.pipe()
    a.kill(a, SIGUSR1)
    assert a.ppoll([(w, POLLOUT)], None, []) == [(w, POLLOUT)]
    assert a.pselect([r], [w], [], None, []) == ([], [w], [])
    assert a.ppoll([(w, POLLOUT)], 0, []) == [(w, POLLOUT)]
    assert a.sigpending() == [SIGUSR1]
    for timeout in (None, 0, 10):
        assert a.ppoll([(r, POLLIN)], timeout, []) == "EINTR"
        a.kill(a, SIGUSR1)
        assert a.pselect([r], [], [], timeout, []) == "EINTR"
        a.kill(a, SIGUSR1)
    assert a.ppoll([(r, POLLIN)], 0, [SIGUSR1]) == []
    assert a.pselect([r], [], [], 0) == ([], [], [])
    assert a.sigprocmask(SIG_BLOCK) == [SIGUSR1]


def ignored_before_the_wait(m: Machine) -> None:
    """What was pending and is ignored makes the call again, with the time that it had."""
    a = m.spawn()
    a.sigprocmask(SIG_BLOCK, ALL)
    r, _ = a.pipe()
    for call in (("ppoll", [(r, POLLIN)], 0, []), ("pselect", [r], [], [], 0, [])):
        a.kill(a, SIGURG)
        a.call(*call)
        assert a.sigpending() == []
    a.kill(a, SIGURG)
    assert a.submit("ppoll", [(r, POLLIN)], 0.02, []).result() == []
    a.kill(a, SIGURG)
    assert a.submit("pselect", [r], [], [], 0.02, []).result() == ([], [], [])


def without_a_mask(m: Machine) -> None:
    """Without a mask they are poll and select; a wait is not made again after a handler, nor is it for SA_RESTART."""
    a = m.spawn()
    b = a.fork()
    b.sigaction(SIGUSR1, "handler", [], SA_RESTART)
    r, w = b.pipe()
    assert b.ppoll([(r, POLLIN), (w, POLLOUT)]) == [(w, POLLOUT)]
    assert b.ppoll([(r, POLLIN), (99, POLLIN)], 0.001) == [(99, 0x20)]
    assert b.submit("ppoll", [], 0.02).result() == []
    assert b.pselect([r], [w], [], 0.001) == ([], [w], [])
    assert b.pselect([50], [], [], 0) == "EBADF"
    assert b.submit("pselect", [r], [], [], 0.02).result() == ([], [], [])
    c = b.submit("ppoll", [(r, POLLIN)])
    a.kill(b, SIGUSR1)
    assert c.value == "EINTR"
    c = b.submit("pselect", [r], [], [])
    a.kill(b, SIGUSR1)
    assert c.value == "EINTR"


def a_reader_stops_behind_the_last_reference(m: Machine) -> None:
    """A stop takes a reader out of its call and the last reference with it: the owner's signal finds it running."""
    a = m.spawn()
    b = a.fork()
    r, w = b.pipe()
    b.setown(w, b)
    b.fcntl(w, F_SETFL, O_ASYNC)
    c = b.thread()
    c.submit("read", r, 10)
    d = b.clone(CLONE_FILES | CLONE_VM | SIGCHLD)
    d.close(r)
    d.kill(b, SIGSTOP)
    assert (b.alive, c.alive, d.alive) == (False, False, True)
    assert a.wait4() == ("B", SIGIO)


def bad_times(m: Machine) -> None:
    """Limits 4.5: a negative time is EINVAL, before the mask is changed."""
    a = m.spawn()
    r, _ = a.pipe()
    assert a.ppoll([(r, POLLIN)], -1, [SIGUSR1]) == "EINVAL"
    assert a.pselect([r], [], [], -1, [SIGUSR1]) == "EINVAL"
    assert a.pselect([99], [], [], -1, [SIGUSR1]) == "EINVAL"
    assert a.sigprocmask(SIG_BLOCK) == []
    assert a.ppoll([(r, POLLIN)], 0.000000001, ALL) == []
    assert a.sigprocmask(SIG_BLOCK) == []


def a_wait_that_ends_by_data(m: Machine) -> None:
    """A descriptor that becomes ready ends the wait; what the wait has let through stays with the old mask."""
    a = m.spawn()
    r, w = a.pipe()
    b = a.fork()
    a.sigprocmask(SIG_BLOCK, [SIGUSR1])
    for call, ready in (
        (("ppoll", [(r, POLLIN)], None, [SIGUSR2]), [(r, POLLIN)]),
        (("pselect", [r], [], [], None, [SIGUSR2]), ([r], [], [])),
    ):
        c = a.submit(*call)
        b.write(w, b"x")
        assert c.value == ready
        assert a.sigprocmask(SIG_BLOCK) == [SIGUSR1]
        a.read(r, 1)
