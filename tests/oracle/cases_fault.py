"""EFAULT: calls with a pointer that leads nowhere."""

from .abi import O_CLOEXEC, O_NONBLOCK, RLIMIT_NOFILE, SIG_IGN, SIGPIPE
from .machine import Machine

UNMAPPED = 0x1000  # a user page that is not there
KERNEL = 0xFFFF_8000_0000_0000  # beyond user space


def fault_pipe2(m: Machine) -> None:
    """P2, limits 2.4, pipe2: EINVAL > EMFILE > EFAULT, and no descriptor stays open."""
    a = m.spawn(uid=1000)
    for address in (UNMAPPED, KERNEL, 0):
        assert a.pipe2_at(address, 0) == "EFAULT"
        assert a.pipe2_at(address, 1) == "EINVAL"
    assert a.pipe2(O_CLOEXEC) == (0, 1)
    a.setrlimit(RLIMIT_NOFILE, (3, 4096))
    assert a.pipe2_at(UNMAPPED, 0) == "EMFILE"


def fault_read(m: Machine) -> None:
    """Limits 2.4, read: EBADF > EFAULT (kernel range) > 0 bytes > no data > EFAULT (bad page, only with data)."""
    a = m.spawn()
    r, w = a.pipe2(O_NONBLOCK)
    assert a.read_at(w, KERNEL, 1) == "EBADF"
    assert a.read_at(r, KERNEL, 1) == "EFAULT"
    assert a.read_at(r, KERNEL, 0) == "EFAULT"
    assert a.read_at(r, UNMAPPED, 0) == 0
    assert a.read_at(r, UNMAPPED, 1) == "EAGAIN"
    a.write(w, b"abc")
    assert a.read_at(r, UNMAPPED, 1) == "EFAULT"
    assert a.read(r, 10) == b"abc"
    a.close(w)
    assert a.read_at(r, UNMAPPED, 1) == 0
    assert a.read_at(r, KERNEL, 1) == "EFAULT"


def fault_write(m: Machine) -> None:
    """Limits 2.4, write: EBADF > EFAULT (kernel range) > 0 bytes: 0 > EPIPE > EAGAIN > EFAULT (bad page)."""
    a = m.spawn()
    a.signal(SIGPIPE, SIG_IGN)
    r, w = a.pipe2(O_NONBLOCK)
    assert a.write_at(r, KERNEL, 1) == "EBADF"
    assert a.write_at(w, KERNEL, 1) == "EFAULT"
    assert a.write_at(w, KERNEL, 0) == "EFAULT"
    assert a.write_at(w, UNMAPPED, 0) == 0
    assert a.write_at(w, UNMAPPED, 1) == "EFAULT"
    assert a.read(r, 1) == "EAGAIN"
    a.write(w, b"x" * 65536)
    assert a.write_at(w, UNMAPPED, 1) == "EAGAIN"
    a.close(r)
    assert a.write_at(w, UNMAPPED, 1) == "EPIPE"
    assert a.write_at(w, KERNEL, 1) == "EFAULT"
