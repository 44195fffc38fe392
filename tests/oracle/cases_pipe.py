"""Pipes: creation, the ring of slots, atomic writes, packets, resizing, ends that go away, who is served first."""

from .abi import (
    F_GETFD,
    F_GETFL,
    F_GETPIPE_SZ,
    F_SETFL,
    F_SETPIPE_SZ,
    FD_CLOEXEC,
    FIONREAD,
    O_CLOEXEC,
    O_DIRECT,
    O_NONBLOCK,
    O_WRONLY,
    POLLIN,
    POLLOUT,
    S_IFIFO,
    SIG_IGN,
    SIGPIPE,
)  # fmt: skip
from .machine import DIED, Machine, data

PAGE = 4096


# ------------------------------------------------------------------------------------------------ creation
def p1_pipe_gives_lowest_numbers(m: Machine) -> None:
    """P1: read end first, each the lowest free number; pipe() is pipe2(0)."""
    a = m.spawn()
    assert a.pipe() == (0, 1)
    assert a.pipe2(0) == (2, 3)
    a.close(1)
    a.close(2)
    assert a.pipe() == (1, 2)
    assert a.pipe2() == (4, 5)


def p1_flags_of_pipe2(m: Machine) -> None:
    """P1, b.1: O_CLOEXEC, O_NONBLOCK and O_DIRECT, alone and together."""
    a = m.spawn()
    for flags in (0, O_CLOEXEC, O_NONBLOCK, O_DIRECT, O_CLOEXEC | O_NONBLOCK | O_DIRECT):
        r, w = a.pipe2(flags)
        for fd in (r, w):
            assert a.fcntl(fd, F_GETFD) == (FD_CLOEXEC if flags & O_CLOEXEC else 0)
            a.fcntl(fd, F_GETFL)


def p2_no_number_left(m: Machine) -> None:
    """P2: EMFILE leaves no descriptor behind, with no number free and with one."""
    a = m.spawn(uid=1000)
    a.setrlimit(7, (3, 4096))
    assert a.pipe() == (0, 1)
    assert a.pipe() == "EMFILE"
    assert a.dup(0) == 2
    assert a.pipe() == "EMFILE"
    a.close(2)
    assert a.dup(1) == 2


def p3_flags_of_the_ends(m: Machine) -> None:
    """P3: the read end reports O_NONBLOCK only, the write end O_WRONLY, O_NONBLOCK and O_DIRECT; one object."""
    a = m.spawn()
    r, w = a.pipe2(O_NONBLOCK | O_DIRECT)
    assert a.fcntl(r, F_GETFL) == O_NONBLOCK
    assert a.fcntl(w, F_GETFL) == O_NONBLOCK | O_DIRECT | O_WRONLY
    assert a.fstat(r) == a.fstat(w)


def p4_wrong_end(m: Machine) -> None:
    """P4: reading the write end and writing the read end give EBADF."""
    a = m.spawn()
    r, w = a.pipe()
    assert a.read(w, 1) == "EBADF"
    assert a.write(r, b"x") == "EBADF"
    assert a.readv(w, [1, 1]) == "EBADF"
    assert a.writev(r, [b"x", b"y"]) == "EBADF"
    assert a.read(w, 0) == "EBADF"
    assert a.write(r, b"") == "EBADF"


def p5_every_pipe_is_an_inode_of_its_own(m: Machine) -> None:
    """P5, P6: two pipes have different inode numbers on one file system."""
    a = m.spawn()
    r1, w1 = a.pipe()
    r2, w2 = a.pipe()
    assert a.fstat(r1)["ino"] == a.fstat(w1)["ino"] == 1
    assert a.fstat(r2)["ino"] == a.fstat(w2)["ino"] == 2


def p6_fstat(m: Machine) -> None:
    """P6, limits 2.3: type FIFO, mode 0600, one link, block size 4096, the creator's ids, three equal times."""
    for uid in (0, 1000):
        a = m.spawn(uid=uid)
        r, _ = a.pipe()
        assert a.fstat(r) == {
            "ino": 1 if uid == 0 else 2, "mode": S_IFIFO | 0o600, "nlink": 1, "uid": uid, "gid": uid, "rdev": 0,
            "size": 0, "blksize": 4096, "blocks": 0, "equal times": True,
        }  # fmt: skip


def p6_size_stays_zero(m: Machine) -> None:
    """P6: data in the pipe does not show in fstat."""
    a = m.spawn()
    r, w = a.pipe()
    a.write(w, data(5000))
    st = a.fstat(r)
    assert st["size"] == 0 and st["blocks"] == 0


def p7_fresh_pipe(m: Machine) -> None:
    """P7: 16 slots, empty, one reader and one writer."""
    a = m.spawn()
    r, w = a.pipe()
    assert a.fcntl(r, F_GETPIPE_SZ) == a.fcntl(w, F_GETPIPE_SZ) == 65536
    assert a.ioctl(r, FIONREAD) == 0
    a.close(w)
    assert a.read(r, 10) == b""


def p8_order_over_many_wraps(m: Machine) -> None:
    """P8: data comes out in write order after any number of wraps."""
    a = m.spawn()
    r, w = a.pipe()
    a.fcntl(w, F_SETPIPE_SZ, 4 * PAGE)
    for i in range(25):
        assert a.write(w, data(3000, i)) == 3000
        assert a.write(w, data(4096, i + 1)) == 4096
        assert a.read(r, 5000) == (data(3000, i) + data(4096, i + 1))[:5000]
        assert a.read(r, 5000) == (data(3000, i) + data(4096, i + 1))[5000:]


def p9_offset_and_length_of_a_slot(m: Machine) -> None:
    """P9: each slot keeps its own offset and length; a read may end in the middle of one."""
    a = m.spawn()
    r, w = a.pipe()
    for n in (4096, 10, 4090, 1, 4096):
        a.write(w, data(n, n))
    whole = b"".join(data(n, n) for n in (4096, 10, 4090, 1, 4096))
    at = 0
    for n in (1, 4095, 3, 4100, 2, 1, 4000, 4096):
        assert a.read(r, n) == whole[at : at + n]
        at += n
    assert a.ioctl(r, FIONREAD) == 0


def p10_reader_sleeps_untildata(m: Machine) -> None:
    """P10: a reader of an empty pipe sleeps and is woken by a write, not by anything else."""
    a = m.spawn()
    r, w = a.pipe()
    b = a.fork()
    read = b.submit("read", r, 10)
    assert not read.done()
    a.dup(r)
    a.fcntl(w, F_SETPIPE_SZ, PAGE)
    a.poll([(r, POLLIN)], 0)
    a.write(w, b"")
    assert not read.done()
    a.write(w, b"now")
    assert read.result() == b"now"


def p10_writer_sleeps_until_room(m: Machine) -> None:
    """P10, limits 2.1 rule 3: a writer to a full pipe sleeps until a whole page was read."""
    a = m.spawn()
    r, w = a.pipe()
    a.write(w, data(65536))
    b = a.fork()
    write = b.submit("write", w, b"x")
    assert not write.done()
    a.read(r, 4095)
    assert not write.done()
    a.read(r, 1)
    assert write.result() == 1


def p10_others_sleep_on(m: Machine) -> None:
    """P10: a write to one pipe wakes nobody of another."""
    a = m.spawn()
    r1, w1 = a.pipe()
    r2, w2 = a.pipe()
    b, c = a.fork(), a.fork()
    one, two = b.submit("read", r1, 1), c.submit("read", r2, 1)
    a.write(w2, b"2")
    assert two.result() == b"2" and not one.done()
    a.write(w1, b"1")
    assert one.result() == b"1"


def p11_ping_pong(m: Machine) -> None:
    """P11: small messages to and fro, over and over."""
    a = m.spawn()
    r1, w1 = a.pipe()
    r2, w2 = a.pipe()
    b = a.fork()
    for i in range(40):
        read = b.submit("read", r1, 100)
        a.write(w1, b"ping %d" % i)
        assert read.result() == b"ping %d" % i
        read = a.submit("read", r2, 100)
        b.write(w2, b"pong %d" % i)
        assert read.result() == b"pong %d" % i


def p13_eof_after_the_last_writer(m: Machine) -> None:
    """P13: data first, then end of file, only when every copy of the write end is gone."""
    a = m.spawn()
    r, w = a.pipe()
    w2 = a.dup(w)
    b = a.fork()
    a.write(w, b"last")
    a.close(w)
    a.close(w2)
    assert a.read(r, 100) == b"last"
    read = a.submit("read", r, 100)
    b.close(w)
    assert not read.done()
    b.close(w2)
    assert read.result() == b""
    assert a.read(r, 100) == b""


def p13_sigpipe_kills(m: Machine) -> None:
    """P13, limits 2.3: a write without a reader raises SIGPIPE, whose default action ends the process: status 13."""
    a = m.spawn()
    r, w = a.pipe()
    b = a.fork()
    a.close(r)
    b.close(r)
    assert b.write(w, b"x") == DIED
    assert a.wait4() == (b.name, 13)


def p13_epipe_if_ignored(m: Machine) -> None:
    """P13: with SIGPIPE ignored the write gives EPIPE."""
    a = m.spawn()
    r, w = a.pipe()
    assert a.signal(SIGPIPE, SIG_IGN) == 0
    a.close(r)
    assert a.write(w, b"x") == "EPIPE"
    assert a.write(w, data(70000)) == "EPIPE"
    assert a.writev(w, [b"x", b"y"]) == "EPIPE"


def p13_sigpipe_kills_every_thread(m: Machine) -> None:
    """P13: the default action ends the whole process."""
    a = m.spawn()
    b = a.fork()
    r, w = b.pipe()
    c = b.thread()
    b.close(r)
    assert c.write(w, b"x") == DIED
    assert not b.alive
    assert a.wait4() == (b.name, 13)


def p13_ends_held_by_another_process(m: Machine) -> None:
    """P13, b.1: fork and dup count as ends; exit closes them."""
    a = m.spawn()
    r, w = a.pipe()
    b = a.fork()
    a.close(r)
    assert a.write(w, b"kept") == 4
    b.exit_group(0)
    assert a.write(w, b"x") == DIED


def p15_pages_are_charged_to_the_user(m: Machine) -> None:
    """P15, limits 1: the 1025th full pipe of a user has two slots; closing pipes gives the charge back."""
    a = m.spawn(uid=1000)
    a.setrlimit(7, (4096, 4096))
    a.repeat(1024, "pipe")
    assert a.fcntl(0, F_GETPIPE_SZ) == a.fcntl(2046, F_GETPIPE_SZ) == 65536
    r, w = a.pipe()
    assert a.fcntl(r, F_GETPIPE_SZ) == 8192
    assert a.fcntl(w, F_SETPIPE_SZ, 16384) == "EPERM"
    assert a.fcntl(w, F_SETPIPE_SZ, 8192) == 8192
    assert a.fcntl(w, F_SETPIPE_SZ, 4096) == 4096
    a.fcntl(w, F_SETPIPE_SZ, 8192)
    assert a.fcntl(0, F_SETPIPE_SZ, 65536) == 65536
    a.fcntl(0, F_SETPIPE_SZ, 32768)
    a.fcntl(0, F_SETPIPE_SZ, 65536)
    for fd in range(8):
        a.close(fd)
    r, w = a.pipe()
    assert a.fcntl(r, F_GETPIPE_SZ) == 65536
    r, w = a.pipe()
    a.fcntl(r, F_GETPIPE_SZ)


def p15_two_slots_work(m: Machine) -> None:
    """P15: a pipe made over the soft limit holds 8192 bytes."""
    a = m.spawn(uid=1000)
    a.setrlimit(7, (4096, 4096))
    a.repeat(1024, "pipe")
    r, w = a.pipe2(O_NONBLOCK)
    assert a.write(w, data(8192)) == 8192
    assert a.write(w, b"x") == "EAGAIN"
    assert a.read(r, 9000) == data(8192)


def p15_charge_is_given_back_by_exit(m: Machine) -> None:
    """P15: the end of a process gives its pages back, and another user has a count of its own."""
    a = m.spawn(uid=1000)
    a.setrlimit(7, (4096, 4096))
    a.repeat(1024, "pipe")
    b = m.spawn(uid=1001)
    r, _ = b.pipe()
    assert b.fcntl(r, F_GETPIPE_SZ) == 65536
    c = m.spawn(uid=1000)
    r, _ = c.pipe()
    assert c.fcntl(r, F_GETPIPE_SZ) == 8192
    a.exit_group(0)
    r, _ = c.pipe()
    assert c.fcntl(r, F_GETPIPE_SZ) == 65536


def p16_small_writes_never_interleave(m: Machine) -> None:
    """P16: writes of PIPE_BUF bytes or less are never split between two writers."""
    a = m.spawn()
    r, w = a.pipe()
    a.write(w, b"-" * 65536)
    b, c = a.fork(), a.fork()
    wb, wc = b.submit("write", w, b"b" * 4096), c.submit("write", w, b"c" * 4096)
    a.read(r, 2000)
    a.read(r, 2096)
    a.read(r, 4096)
    assert wb.result() == wc.result() == 4096
    rest = a.read(r, 65536)
    assert rest == b"-" * 57344 + b"b" * 4096 + b"c" * 4096


# ------------------------------------------------------------------------------------------------ capacity
def _fill(m: Machine, size: int, fits: int, inside: int, one_more: bool, short: int = 0) -> None:
    a = m.spawn()
    r, w = a.pipe2(O_NONBLOCK)
    assert a.repeat(fits, "write", w, data(size)) == [size] * fits
    assert a.write(w, data(size)) == (short or "EAGAIN")
    if short:
        assert a.write(w, data(size)) == "EAGAIN"
    assert a.ioctl(r, FIONREAD) == inside
    assert a.write(w, b"x") == (1 if one_more else "EAGAIN")


def capacity_of_1(m: Machine) -> None:
    """Limits 2.1: 65536 writes of one byte."""
    a = m.spawn()
    r, w = a.pipe2(O_NONBLOCK)
    a.fcntl(w, F_SETPIPE_SZ, PAGE)
    assert a.repeat(4096, "write", w, b"x") == [1] * 4096
    assert a.write(w, b"x") == "EAGAIN"
    assert a.read(r, 5000) == b"x" * 4096


def capacity_of_2048(m: Machine) -> None:
    """Limits 2.1: 32 writes, 65536 bytes."""
    _fill(m, 2048, 32, 65536, False)


def capacity_of_2049(m: Machine) -> None:
    """Limits 2.1: 16 writes, 32784 bytes, one byte more fits."""
    _fill(m, 2049, 16, 32784, True)


def capacity_of_3000(m: Machine) -> None:
    """Limits 2.1: 16 writes, 48000 bytes, one byte more fits."""
    _fill(m, 3000, 16, 48000, True)


def capacity_of_4095(m: Machine) -> None:
    """Limits 2.1: 16 writes, 65520 bytes, one byte more fits."""
    _fill(m, 4095, 16, 65520, True)


def capacity_of_4097(m: Machine) -> None:
    """Limits 2.1: 10 whole writes and one short of 4096."""
    _fill(m, 4097, 10, 45066, False, short=4096)


def capacity_of_5000(m: Machine) -> None:
    """Limits 2.1: 10 whole writes and one short of 4096."""
    _fill(m, 5000, 10, 54096, False, short=4096)


def capacity_of_8192(m: Machine) -> None:
    """Limits 2.1: 8 writes, 65536 bytes."""
    _fill(m, 8192, 8, 65536, False)


def rule1_merge(m: Machine) -> None:
    """Limits 2.1 rule 1: the part n mod 4096 joins the last slot if it fits, the rest takes new slots."""
    a = m.spawn()
    r, w = a.pipe2(O_NONBLOCK)
    a.fcntl(w, F_SETPIPE_SZ, 4 * PAGE)
    assert a.write(w, data(100)) == 100
    assert a.write(w, data(4096 * 3 + 3996)) == 4096 * 3 + 3996
    assert a.write(w, b"x") == "EAGAIN"
    assert a.read(r, 4096 * 4) == data(100) + data(4096 * 3 + 3996)
    assert a.write(w, data(100)) == 100
    assert a.write(w, data(4096 * 3 + 3997)) == 4096 * 3
    assert a.read(r, 4096 * 4) == data(100) + data(4096 * 3 + 3997)[: 4096 * 3]


def rule2_offset_counts(m: Machine) -> None:
    """Limits 2.1 rule 2: after 3 bytes written and 2 read a write of 4095 bytes does not merge."""
    a = m.spawn()
    r, w = a.pipe2(O_NONBLOCK)
    a.fcntl(w, F_SETPIPE_SZ, PAGE)
    a.write(w, b"abc")
    a.read(r, 2)
    assert a.write(w, data(4095)) == "EAGAIN"
    assert a.write(w, data(4094)) == "EAGAIN"
    assert a.write(w, data(4093)) == 4093
    assert a.read(r, 5000) == b"c" + data(4093)


def rule3_slot_is_free_when_fully_read(m: Machine) -> None:
    """Limits 2.1 rule 3: 100 bytes read of a full pipe make no room; 3996 more make one slot."""
    a = m.spawn()
    r, w = a.pipe2(O_NONBLOCK)
    a.write(w, data(65536))
    a.read(r, 100)
    assert a.write(w, b"x") == "EAGAIN"
    assert a.poll([(w, POLLOUT)], 0) == []
    a.read(r, 3996)
    assert a.poll([(w, POLLOUT)], 0) == [(w, POLLOUT)]
    assert a.write(w, data(5000)) == 4096


def rule4_all_or_nothing_up_to_pipe_buf(m: Machine) -> None:
    """Limits 2.1 rule 4: 4096 bytes or less go in whole or not at all; longer writes as far as they fit."""
    a = m.spawn()
    r, w = a.pipe2(O_NONBLOCK)
    a.write(w, data(61440))
    a.write(w, b"x")
    assert a.write(w, data(4096)) == "EAGAIN"
    assert a.write(w, data(4095)) == 4095
    a.read(r, 65536)
    a.write(w, data(61440))
    a.write(w, b"x" * 192)
    assert a.write(w, data(8000)) == 3904
    a.read(r, 65536)
    a.write(w, data(4096 * 14))
    assert a.write(w, data(10000)) == 8192


def rule5_pollout_is_a_free_slot(m: Machine) -> None:
    """Limits 2.1 rule 5: no POLLOUT with all slots in use, though a merge would still fit."""
    a = m.spawn()
    r, w = a.pipe2(O_NONBLOCK)
    a.write(w, data(61440))
    assert a.poll([(w, POLLOUT)], 0) == [(w, POLLOUT)]
    a.write(w, b"x")
    assert a.poll([(w, POLLOUT)], 0) == []
    assert a.select([], [w], [], 0) == ([], [], [])
    assert a.write(w, b"y") == 1


def rule6_long_writes_interleave(m: Machine) -> None:
    """Limits 2.1 rule 6: blocking long writes of two tasks interleave page by page."""
    a = m.spawn()
    r, w = a.pipe()
    a.fcntl(w, F_SETPIPE_SZ, PAGE)
    a.write(w, b"-" * 4096)
    b, c = a.fork(), a.fork()
    wb, wc = b.submit("write", w, b"A" * 8192), c.submit("write", w, b"B" * 4096)
    assert not wb.done() and not wc.done()
    got = [a.read(r, 4096) for _ in range(4)]
    assert got == [b"-" * 4096, b"A" * 4096, b"B" * 4096, b"A" * 4096]
    assert wb.result() == 8192 and wc.result() == 4096


def rule6_woken_writer_keeps_its_place(m: Machine) -> None:
    """Limits 2.1 rule 6: the oldest sleeper goes first also if it already moved a page."""
    a = m.spawn()
    r, w = a.pipe()
    a.fcntl(w, F_SETPIPE_SZ, PAGE)
    b, c = a.fork(), a.fork()
    wb, wc = b.submit("write", w, b"A" * 8192), c.submit("write", w, b"B" * 4096)
    assert [a.read(r, 4096) for _ in range(3)] == [b"A" * 4096, b"A" * 4096, b"B" * 4096]
    assert wb.result() == 8192 and wc.result() == 4096


def rule6_three_long_writers(m: Machine) -> None:
    """Limits 2.1 rule 6: three writers of several pages each, read in odd pieces."""
    a = m.spawn()
    r, w = a.pipe()
    a.fcntl(w, F_SETPIPE_SZ, 2 * PAGE)
    tasks = [a.fork() for _ in range(3)]
    writes = [t.submit("write", w, data(4096 * (3 + i) + 100 * i, i)) for i, t in enumerate(tasks)]
    total = sum(4096 * (3 + i) + 100 * i for i in range(3))
    got = 0
    while got < total:
        got += len(a.read(r, 3000))
    assert [wr.result() for wr in writes] == [4096 * (3 + i) + 100 * i for i in range(3)]


def blocking_long_write_goes_on_until_done(m: Machine) -> None:
    """b.1: a blocking write longer than the pipe returns only when all is in."""
    a = m.spawn()
    r, w = a.pipe()
    b = a.fork()
    write = b.submit("write", w, data(200000))
    got = b""
    while not write.done():
        got += a.read(r, 30000)
    assert write.result() == 200000
    while len(got) < 200000:
        got += a.read(r, 65536)
    assert got == data(200000)


def blocking_write_does_not_return_short(m: Machine) -> None:
    """b.1: a blocking write of PIPE_BUF or less waits for a whole slot."""
    a = m.spawn()
    r, w = a.pipe()
    a.fcntl(w, F_SETPIPE_SZ, PAGE)
    b = a.fork()
    b.write(w, b"x" * 10)
    write = b.submit("write", w, data(4090))
    assert not write.done()
    assert a.read(r, 4) == b"x" * 4
    assert not write.done()
    assert a.read(r, 100) == b"x" * 6
    assert write.result() == 4090
    assert a.read(r, 5000) == data(4090)


def short_read(m: Machine) -> None:
    """A read returns what is there; it does not wait for more."""
    a = m.spawn()
    r, w = a.pipe()
    a.write(w, b"abc")
    a.write(w, b"def")
    assert a.read(r, 100) == b"abcdef"
    a.write(w, b"abc")
    assert a.read(r, 2) == b"ab"
    assert a.read(r, 2) == b"c"


# ------------------------------------------------------------------------------------------------ packets
def packet_is_one_read(m: Machine) -> None:
    """Packet mode: one read gives one packet; a short read drops its rest."""
    a = m.spawn()
    r, w = a.pipe2(O_DIRECT)
    a.write(w, b"one")
    a.write(w, b"second")
    a.write(w, b"third")
    assert a.read(r, 100) == b"one"
    assert a.read(r, 3) == b"sec"
    assert a.read(r, 100) == b"third"


def packet_takes_a_slot(m: Machine) -> None:
    """Packet mode: sixteen packets of one byte fill the pipe."""
    a = m.spawn()
    r, w = a.pipe2(O_DIRECT | O_NONBLOCK)
    for i in range(16):
        assert a.write(w, bytes([i])) == 1
    assert a.write(w, b"x") == "EAGAIN"
    assert a.ioctl(r, FIONREAD) == 16
    for i in range(16):
        assert a.read(r, 100) == bytes([i])
    assert a.read(r, 100) == "EAGAIN"


def packet_of_more_than_a_page(m: Machine) -> None:
    """Packet mode: 5000 bytes become packets of 4096 and 904."""
    a = m.spawn()
    r, w = a.pipe2(O_DIRECT)
    assert a.write(w, data(5000)) == 5000
    assert a.read(r, 65536) == data(5000)[:4096]
    assert a.read(r, 65536) == data(5000)[4096:]


def packet_empty(m: Machine) -> None:
    """Packet mode: empty packets do not exist."""
    a = m.spawn()
    r, w = a.pipe2(O_DIRECT | O_NONBLOCK)
    assert a.write(w, b"") == 0
    assert a.read(r, 10) == "EAGAIN"
    a.write(w, b"x")
    assert a.read(r, 0) == b""
    assert a.read(r, 10) == b"x"


def packet_mode_by_setfl(m: Machine) -> None:
    """Packet mode set and cleared on a pipe in use: a packet that merges into stream data becomes stream data."""
    a = m.spawn()
    r, w = a.pipe2(O_NONBLOCK)
    a.write(w, b"stream")
    assert a.fcntl(w, F_SETFL, O_DIRECT | O_NONBLOCK) == 0
    assert a.fcntl(w, F_GETFL) == O_WRONLY | O_DIRECT | O_NONBLOCK
    a.write(w, b"packet")
    assert a.fcntl(w, F_SETFL, O_NONBLOCK) == 0
    a.write(w, b"more")
    a.write(w, b" stream")
    assert a.read(r, 100) == b"streampacketmore stream"
    a.write(w, b"x")
    a.fcntl(w, F_SETFL, O_DIRECT | O_NONBLOCK)
    a.write(w, data(4096))
    a.write(w, b"packet")
    assert a.read(r, 1) == b"x"
    assert a.read(r, 10) == data(4096)[:10]
    assert a.read(r, 10) == b"packet"


def packet_never_merges(m: Machine) -> None:
    """Packet mode: stream data after a packet takes a slot of its own."""
    a = m.spawn()
    r, w = a.pipe2(O_DIRECT | O_NONBLOCK)
    a.write(w, b"packet")
    a.fcntl(w, F_SETFL, O_NONBLOCK)
    a.write(w, b"stream")
    assert a.read(r, 100) == b"packet"
    assert a.read(r, 100) == b"stream"


def packet_setfl_on_the_read_end(m: Machine) -> None:
    """Packet mode is a matter of the write end: O_DIRECT on the read end changes nothing."""
    a = m.spawn()
    r, w = a.pipe2(O_NONBLOCK)
    a.fcntl(r, F_SETFL, O_DIRECT | O_NONBLOCK)
    a.fcntl(r, F_GETFL)
    a.write(w, b"one")
    a.write(w, b"two")
    assert a.read(r, 4) == b"onet"
    assert a.read(r, 4) == b"wo"


def packet_readv_and_writev(m: Machine) -> None:
    """Packet mode: writev makes one packet, readv takes one."""
    a = m.spawn()
    r, w = a.pipe2(O_DIRECT | O_NONBLOCK)
    assert a.writev(w, [b"ab", b"cd", b""]) == 4
    a.writev(w, [b"next"])
    assert a.readv(r, [1, 2]) == b"abc"
    assert a.readv(r, [2, 0, 5]) == b"next"


def packet_wakes_one_reader(m: Machine) -> None:
    """Packet mode: each sleeping reader gets a packet, oldest first."""
    a = m.spawn()
    r, w = a.pipe2(O_DIRECT)
    tasks = [a.fork() for _ in range(3)]
    reads = [t.submit("read", r, 100) for t in tasks]
    a.write(w, b"one")
    assert [p.done() for p in reads] == [True, False, False]
    a.write(w, data(5000))
    assert reads[0].result() == b"one"
    assert reads[1].result() == data(5000)[:100]
    assert reads[2].result() == data(5000)[4096:4196]


# ------------------------------------------------------------------------------------------------ resizing
def setpipe_sz_rounds(m: Machine) -> None:
    """b.1, limits 2.3: F_SETPIPE_SZ rounds up to a power of two of pages and returns the new size, on either end."""
    a = m.spawn()
    r, w = a.pipe()
    for asked, given in ((0, 4096), (1, 4096), (4096, 4096), (4097, 8192), (12288, 16384), (65537, 131072),
                         (1048576, 1048576), (100, 4096)):  # fmt: skip
        assert a.fcntl(w, F_SETPIPE_SZ, asked) == given
        assert a.fcntl(r, F_GETPIPE_SZ) == given
        assert a.fcntl(r, F_SETPIPE_SZ, asked) == given


def setpipe_sz_busy(m: Machine) -> None:
    """b.1: EBUSY if more slots are in use than the new size has."""
    a = m.spawn()
    r, w = a.pipe2(O_DIRECT | O_NONBLOCK)
    for _ in range(5):
        a.write(w, b"x")
    assert a.fcntl(w, F_SETPIPE_SZ, 16384) == "EBUSY"
    assert a.fcntl(w, F_GETPIPE_SZ) == 65536
    assert a.fcntl(w, F_SETPIPE_SZ, 32768) == 32768
    a.read(r, 10)
    assert a.fcntl(w, F_SETPIPE_SZ, 16384) == 16384
    assert a.write(w, b"x") == "EAGAIN"


def setpipe_sz_keeps_order(m: Machine) -> None:
    """Limits 2.3: unread data keeps its order when the ring is resized, also when it is wrapped."""
    a = m.spawn()
    r, w = a.pipe2(O_NONBLOCK)
    a.fcntl(w, F_SETPIPE_SZ, 4 * PAGE)
    for i in range(4):
        a.write(w, bytes([65 + i]) * 4096)
    a.read(r, 3 * 4096)
    for i in range(3):
        a.write(w, bytes([97 + i]) * 4096)
    assert a.fcntl(w, F_SETPIPE_SZ, 8 * PAGE) == 8 * PAGE
    a.write(w, b"z" * 5000)
    assert a.read(r, 65536) == b"D" * 4096 + b"a" * 4096 + b"b" * 4096 + b"c" * 4096 + b"z" * 5000
    for i in range(7):
        a.write(w, bytes([65 + i]) * 4096)
    a.read(r, 5 * 4096)
    for i in range(2):
        a.write(w, bytes([97 + i]) * 4096)
    assert a.fcntl(w, F_SETPIPE_SZ, 4 * PAGE) == 4 * PAGE
    assert a.read(r, 65536) == b"F" * 4096 + b"G" * 4096 + b"a" * 4096 + b"b" * 4096


def setpipe_sz_over_the_maximum(m: Machine) -> None:
    """b.1: over pipe-max-size is EPERM without CAP_SYS_RESOURCE."""
    a = m.spawn(uid=1000)
    r, w = a.pipe()
    assert a.fcntl(w, F_SETPIPE_SZ, 1048576) == 1048576
    assert a.fcntl(w, F_SETPIPE_SZ, 1048577) == "EPERM"
    assert a.fcntl(w, F_SETPIPE_SZ, 65536) == 65536
    assert a.fcntl(w, F_SETPIPE_SZ, 2097152) == "EPERM"


def growing_wakes_a_writer(m: Machine) -> None:
    """b.1, limits 2.3: growing a full pipe wakes the oldest sleeping writer; it wakes the next if there is room."""
    a = m.spawn()
    r, w = a.pipe()
    a.fcntl(w, F_SETPIPE_SZ, PAGE)
    a.write(w, data(4096))
    b, c = a.fork(), a.fork()
    one, two = b.submit("write", w, b"one"), c.submit("write", w, b"two")
    assert not one.done()
    a.fcntl(r, F_SETPIPE_SZ, 2 * PAGE)
    assert one.done() and not two.done()
    a.fcntl(r, F_SETPIPE_SZ, 4 * PAGE)
    assert two.done()
    assert a.read(r, 10000) == data(4096) + b"onetwo"
    a.write(w, data(16384))
    one, two = b.submit("write", w, b"one"), c.submit("write", w, b"two")
    a.fcntl(r, F_SETPIPE_SZ, 8 * PAGE)
    assert one.done() and two.done()


def growing_wakes_a_long_writer(m: Machine) -> None:
    """b.1: a long write goes on in the pages that were added and sleeps again."""
    a = m.spawn()
    r, w = a.pipe()
    a.fcntl(w, F_SETPIPE_SZ, PAGE)
    b = a.fork()
    write = b.submit("write", w, data(30000))
    a.fcntl(w, F_SETPIPE_SZ, 4 * PAGE)
    assert a.ioctl(r, FIONREAD) == 16384
    assert not write.done()
    a.fcntl(w, F_SETPIPE_SZ, 16 * PAGE)
    assert write.result() == 30000


def shrinking_wakes_nobody(m: Machine) -> None:
    """A resize that adds no room leaves writers asleep; setting the same size too."""
    a = m.spawn()
    r, w = a.pipe()
    a.fcntl(w, F_SETPIPE_SZ, 4 * PAGE)
    a.write(w, data(16384))
    b = a.fork()
    write = b.submit("write", w, b"x")
    a.fcntl(w, F_SETPIPE_SZ, 4 * PAGE)
    assert not write.done()
    assert a.fcntl(w, F_SETPIPE_SZ, 2 * PAGE) == "EBUSY"
    assert not write.done()


# ------------------------------------------------------------------------------------------------ ends that go away
def last_reader_closes_in_mid_write(m: Machine) -> None:
    """Limits 2.3: a blocking write that moved bytes gives a short count when the last reader closes."""
    a = m.spawn()
    r, w = a.pipe()
    b = a.fork()
    b.signal(SIGPIPE, SIG_IGN)
    b.close(r)
    write = b.submit("write", w, data(100000))
    a.read(r, 4096)
    assert not write.done()
    a.close(r)
    assert write.result() == 69632
    assert b.write(w, b"x") == "EPIPE"


def last_reader_closes_before_anything_moved(m: Machine) -> None:
    """A blocking write that moved nothing gives EPIPE when the last reader closes."""
    a = m.spawn()
    r, w = a.pipe()
    a.write(w, data(65536))
    b = a.fork()
    b.signal(SIGPIPE, SIG_IGN)
    b.close(r)
    write = b.submit("write", w, b"x")
    a.close(r)
    assert write.result() == "EPIPE"


def short_count_raises_sigpipe_all_the_same(m: Machine) -> None:
    """Limits 2.3: SIGPIPE is raised already with the short count."""
    a = m.spawn()
    r, w = a.pipe()
    b = a.fork()
    b.close(r)
    write = b.submit("write", w, data(100000))
    assert not write.done()
    a.close(r)
    assert write.result() == DIED
    assert a.wait4() == (b.name, 13)


def last_writer_releases_every_reader(m: Machine) -> None:
    """Limits 2.3: closing the last writer releases all readers."""
    a = m.spawn()
    r, w = a.pipe()
    tasks = [a.fork() for _ in range(4)]
    for t in tasks:
        t.close(w)
    reads = [t.submit("read", r, 10) for t in tasks]
    a.close(w)
    assert [p.result() for p in reads] == [b""] * 4


def last_reader_releases_every_writer(m: Machine) -> None:
    """Closing the last reader releases all writers."""
    a = m.spawn()
    r, w = a.pipe()
    a.write(w, data(65536))
    tasks = [a.fork() for _ in range(3)]
    for t in tasks:
        t.close(r)
        t.signal(SIGPIPE, SIG_IGN)
    writes = [t.submit("write", w, b"abc") for t in tasks]
    a.close(r)
    assert [p.result() for p in writes] == ["EPIPE"] * 3


def exit_closes_the_write_end(m: Machine) -> None:
    """The end of the process that held the last write end releases the reader, death by SIGPIPE too."""
    a = m.spawn()
    r, w = a.pipe()
    b = a.fork()
    a.close(w)
    read = a.submit("read", r, 10)
    assert not read.done()
    r2, w2 = b.pipe()
    b.close(r2)
    assert b.write(w2, b"x") == DIED
    assert read.result() == b""


def data_outlives_its_writer(m: Machine) -> None:
    """What was written stays when the writer has ended."""
    a = m.spawn()
    r, w = a.pipe()
    b = a.fork()
    b.write(w, data(10000))
    b.exit_group(0)
    a.close(w)
    assert a.read(r, 65536) == data(10000)
    assert a.read(r, 1) == b""


# ------------------------------------------------------------------------------------------------ who is served first
def oldest_reader_first(m: Machine) -> None:
    """Limits 2.3: one write of 3 bytes releases three sleeping 1-byte readers in turn."""
    a = m.spawn()
    r, w = a.pipe()
    tasks = [a.fork() for _ in range(3)]
    reads = [t.submit("read", r, 1) for t in tasks]
    a.write(w, b"123")
    assert [p.result() for p in reads] == [b"1", b"2", b"3"]


def one_byte_releases_one_reader(m: Machine) -> None:
    """b.1: readers are woken one at a time, oldest first."""
    a = m.spawn()
    r, w = a.pipe()
    tasks = [a.fork() for _ in range(4)]
    reads = [t.submit("read", r, 10) for t in tasks]
    for i in range(4):
        a.write(w, bytes([65 + i]))
        assert [p.done() for p in reads] == [True] * (i + 1) + [False] * (3 - i)
    assert [p.result() for p in reads] == [b"A", b"B", b"C", b"D"]


def reader_that_comes_back_is_last(m: Machine) -> None:
    """Oldest first: a reader that was served and reads again queues behind the others."""
    a = m.spawn()
    r, w = a.pipe()
    b, c = a.fork(), a.fork()
    one, two = b.submit("read", r, 1), c.submit("read", r, 1)
    a.write(w, b"1")
    assert one.result() == b"1"
    three = b.submit("read", r, 1)
    a.write(w, b"2")
    assert two.result() == b"2" and not three.done()
    a.write(w, b"3")
    assert three.result() == b"3"


def oldest_writer_first(m: Machine) -> None:
    """Limits 2.3: writers are served oldest first."""
    a = m.spawn()
    r, w = a.pipe()
    a.write(w, data(65536))
    tasks = [a.fork() for _ in range(3)]
    writes = [t.submit("write", w, bytes([65 + i]) * 4096) for i, t in enumerate(tasks)]
    for i in range(3):
        a.read(r, 4096)
        assert [p.done() for p in writes] == [True] * (i + 1) + [False] * (2 - i)
    a.read(r, 13 * 4096)
    assert a.read(r, 65536) == b"A" * 4096 + b"B" * 4096 + b"C" * 4096


def small_writer_behind_a_large_one(m: Machine) -> None:
    """Oldest first holds also if a younger writer would fit into the last page by a merge."""
    a = m.spawn()
    r, w = a.pipe()
    a.fcntl(w, F_SETPIPE_SZ, 2 * PAGE)
    a.write(w, data(4096))
    a.write(w, data(1000))
    b, c = a.fork(), a.fork()
    large, small = b.submit("write", w, b"L" * 4000), c.submit("write", w, b"s" * 10)
    assert not large.done()
    a.read(r, 4096)
    large.result()
    small.result()
    a.read(r, 20000)


def w4_nobody_sleeps_on_what_is_there(m: Machine) -> None:
    """W4: what came before the call is taken without sleep: data, room, a zombie, an event."""
    a = m.spawn()
    r, w = a.pipe()
    b = a.fork()
    a.write(w, b"x" * 65536)
    assert b.submit("poll", [(r, POLLIN), (w, POLLOUT)], -1).value == [(r, POLLIN)]
    assert b.submit("read", r, 4096).value == b"x" * 4096
    assert a.submit("write", w, b"y").value == 1
    b.exit_group(1)
    assert a.submit("wait4").value == (b.name, 256)


def w1_one_close_wakes_a_poller_of_two_pipes_once(m: Machine) -> None:
    """W1, S14: a task that waits for two things at once is woken once when both happen in one call."""
    a = m.spawn()
    r1, w1 = a.pipe()
    r2, w2 = a.pipe()
    b = a.fork()
    b.close(w1)
    b.close(w2)
    poll = b.submit("poll", [(r1, POLLIN), (r2, POLLIN)], -1)
    c = a.fork()
    a.close(w1)
    a.close(w2)
    assert not poll.done()
    c.exit_group(0)
    assert poll.result() == [(r1, 16), (r2, 16)]


def w2_wakes_in_queue_order(m: Machine) -> None:
    """W2: readers that one close releases run in the order they went to sleep: what they do next shows it."""
    a = m.spawn()
    r, w = a.pipe()
    r2, w2 = a.pipe()
    tasks = [a.fork() for _ in range(3)]
    for t in tasks:
        t.close(w)
    reads = [t.submit("read", r, 1) for t in (tasks[2], tasks[0], tasks[1])]
    a.write(w, b"a")
    a.write(w, b"b")
    a.close(w)
    assert [p.result() for p in reads] == [b"a", b"b", b""]
    assert not a.write(w2, b"") and a.fstat(r2)["ino"] == 1


def s14_second_wake_is_harmless(m: Machine) -> None:
    """S14: two writes before the woken reader ran: it reads both, and sleeps again at its next read."""
    a = m.spawn()
    r, w = a.pipe()
    b = a.fork()
    c = a.thread()
    read = b.submit("read", r, 100)
    a.writev(w, [b"one", b"two"])
    assert read.result() == b"onetwo"
    read = b.submit("read", r, 100)
    assert not read.done()
    c.write(w, b"x")
    assert read.result() == b"x"


def chain_of_three(m: Machine) -> None:
    """A relay: each call that is woken lets its task wake the next."""
    a = m.spawn()
    pipes = [a.pipe() for _ in range(3)]
    tasks = [a.fork() for _ in range(3)]
    reads = [t.submit("read", pipes[i][0], 10) for i, t in enumerate(tasks)]
    a.write(pipes[0][1], b"go")
    for i in range(2):
        data = reads[i].result()
        tasks[i].write(pipes[i + 1][1], data + bytes([48 + i]))
    assert reads[2].result() == b"go01"


def read_and_write_of_nothing(m: Machine) -> None:
    """Limits 2.3: a read of 0 bytes gives 0 on an empty pipe; a write of 0 bytes gives 0 even with no reader."""
    a = m.spawn()
    r, w = a.pipe()
    assert a.read(r, 0) == b""
    assert a.write(w, b"") == 0
    a.close(r)
    assert a.write(w, b"") == 0
    assert a.writev(w, []) == 0
    assert a.writev(w, [b"", b""]) == 0


def fionread_on_both_ends(m: Machine) -> None:
    """Limits 2.3: FIONREAD works on both ends and counts bytes."""
    a = m.spawn()
    r, w = a.pipe()
    for n in (1, 4095, 5000):
        a.write(w, data(n))
    assert a.ioctl(r, FIONREAD) == a.ioctl(w, FIONREAD) == 9096
    a.read(r, 1000)
    assert a.ioctl(r, FIONREAD) == 8096


def vectors(m: Machine) -> None:
    """readv fills buffers in order, writev gathers them; empty ones are passed over."""
    a = m.spawn()
    r, w = a.pipe()
    assert a.writev(w, [b"abc", b"", b"defg", b"h"]) == 8
    assert a.readv(r, [0, 2, 0, 3, 10]) == b"abcdefgh"
    assert a.writev(w, [data(3000), data(3000, 1), data(3000, 2)]) == 9000
    assert a.readv(r, [1, 4096, 2000, 5000]) == (data(3000) + data(3000, 1) + data(3000, 2))


def vector_write_is_one_write(m: Machine) -> None:
    """writev is atomic up to PIPE_BUF in all, and merges as one write does."""
    a = m.spawn()
    r, w = a.pipe2(O_NONBLOCK)
    a.fcntl(w, F_SETPIPE_SZ, PAGE)
    a.write(w, b"x")
    assert a.writev(w, [data(2000), data(2000), data(96)]) == "EAGAIN"
    assert a.writev(w, [data(2000), data(2000), data(95)]) == 4095


def vector_sleeps(m: Machine) -> None:
    """readv and writev sleep as read and write do."""
    a = m.spawn()
    r, w = a.pipe()
    b = a.fork()
    read = b.submit("readv", r, [2, 3])
    assert not read.done()
    a.write(w, b"abcdef")
    assert read.result() == b"abcde"
    write = b.submit("writev", w, [data(40000), data(40000, 1)])
    assert not write.done()
    assert a.read(r, 65536) == b"f" + (data(40000) + data(40000, 1))[:63616]
    assert write.result() == 80000


def killed_sleepers_leave_the_queue(m: Machine) -> None:
    """Readers that die asleep pass nothing over: the next in the queue is served."""
    a = m.spawn()
    r, w = a.pipe()
    b = a.fork()
    c, d = b.thread(), b.thread()
    e, f = a.fork(), a.fork()
    dead = [c.submit("read", r, 1), d.submit("readv", r, [1])]
    reads = [e.submit("read", r, 1), f.submit("read", r, 1)]
    b.exit_group(0)
    assert [p.result() for p in dead] == [DIED, DIED]
    a.write(w, b"1")
    assert [p.done() for p in reads] == [True, False]
    a.write(w, b"2")
    assert [p.result() for p in reads] == [b"1", b"2"]


def killed_writer_leaves_what_it_wrote(m: Machine) -> None:
    """A writer that dies in the middle of a long write leaves the pages that are in, and its place."""
    a = m.spawn()
    r, w = a.pipe()
    a.fcntl(w, F_SETPIPE_SZ, PAGE)
    b = a.fork()
    c = b.thread()
    d = a.fork()
    long = c.submit("write", w, data(3 * PAGE))
    short = d.submit("write", w, b"next")
    assert a.read(r, PAGE) == data(3 * PAGE)[:PAGE]
    b.exit_group(0)
    assert long.result() == DIED and not short.done()
    assert a.read(r, PAGE) == data(3 * PAGE)[PAGE : 2 * PAGE]
    assert short.result() == 4
    assert a.read(r, PAGE) == b"next"
