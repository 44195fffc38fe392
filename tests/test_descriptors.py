"""Descriptor tables: lowest number first, dup, close-on-exec, flags, sharing; checked against a dictionary."""

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

import fastipc
from fastipc import (
    EBADF,
    EINVAL,
    EMFILE,
    ENOTTY,
    ESPIPE,
    F_DUPFD,
    F_DUPFD_CLOEXEC,
    F_GETFD,
    F_GETFL,
    F_SETFD,
    F_SETFL,
    FD_CLOEXEC,
    FIONREAD,
    O_APPEND,
    O_CLOEXEC,
    O_DIRECT,
    O_NONBLOCK,
    O_RDONLY,
    O_RDWR,
    O_WRONLY,
    PIPE_BUF,
    RLIMIT_NOFILE,
    Kernel,
)

LIMIT = 12


class Descriptors(RuleBasedStateMachine):
    """Two processes; each table is a dictionary fd -> [open file, close-on-exec]."""

    def __init__(self):
        super().__init__()
        self.k = Kernel()
        a = self.k.spawn()
        a.setrlimit(RLIMIT_NOFILE, (LIMIT, LIMIT))
        self.tasks = [a, a.fork()]
        self.tables = [{}, {}]
        self.files = 0

    def teardown(self):
        for t in self.tasks:
            t.exit_group()
        self.k.verify()
        assert len(self.k.table("file", live=True)) == 0
        assert len(self.k.table("pipe", live=True)) == 0
        self.k.close()

    def lowest(self, table, start=0):
        return next((n for n in range(start, LIMIT) if n not in table), None)

    who = st.integers(0, 1)
    fd = st.integers(-1, LIMIT)

    @rule(i=who, flags=st.sampled_from([0, O_CLOEXEC, O_NONBLOCK, O_CLOEXEC | O_NONBLOCK]))
    def pipe2(self, i, flags):
        t, table = self.tasks[i], self.tables[i]
        fds = bytearray(8)
        ret = t.sys_pipe2(memoryview(fds).cast("i"), flags)
        if LIMIT - len(table) < 2:
            assert ret == -EMFILE
            return
        assert ret == 0
        for got in memoryview(fds).cast("i"):
            assert got == self.lowest(table)
            table[got] = [self.files, bool(flags & O_CLOEXEC)]
            self.files += 1

    @rule(i=who, fd=fd)
    def close(self, i, fd):
        table = self.tables[i]
        assert self.tasks[i].sys_close(fd) == (0 if table.pop(fd, None) else -EBADF)

    @rule(i=who, fd=fd)
    def dup(self, i, fd):
        table = self.tables[i]
        self.copied(self.tasks[i].sys_dup(fd), table, fd, self.lowest(table), False)

    @rule(i=who, fd=fd, start=st.integers(-1, LIMIT), cmd=st.sampled_from([F_DUPFD, F_DUPFD_CLOEXEC]))
    def dupfd(self, i, fd, start, cmd):
        table = self.tables[i]
        ret = self.tasks[i].sys_fcntl(fd, cmd, start)
        if fd in table and not 0 <= start < LIMIT:
            assert ret == -EINVAL
        else:
            self.copied(ret, table, fd, self.lowest(table, start), cmd == F_DUPFD_CLOEXEC)

    def copied(self, ret, table, fd, want, cloexec):
        if fd not in table:
            assert ret == -EBADF
        elif want is None:
            assert ret == -EMFILE
        else:
            assert ret == want
            table[want] = [table[fd][0], cloexec]

    @rule(i=who, old=fd, new=fd)
    def dup2(self, i, old, new):
        table = self.tables[i]
        ret = self.tasks[i].sys_dup2(old, new)
        if old not in table or not 0 <= new < LIMIT:
            assert ret == -EBADF
        else:
            assert ret == new
            if old != new:
                table[new] = [table[old][0], False]

    @rule(i=who, old=fd, new=fd, flags=st.sampled_from([0, O_CLOEXEC, O_NONBLOCK]))
    def dup3(self, i, old, new, flags):
        table = self.tables[i]
        ret = self.tasks[i].sys_dup3(old, new, flags)
        if flags == O_NONBLOCK or old == new:
            assert ret == -EINVAL
        elif old not in table or not 0 <= new < LIMIT:
            assert ret == -EBADF
        else:
            assert ret == new
            table[new] = [table[old][0], bool(flags)]

    @rule(i=who, fd=fd, value=st.integers(0, 3))
    def setfd(self, i, fd, value):
        table = self.tables[i]
        ret = self.tasks[i].sys_fcntl(fd, F_SETFD, value)
        assert ret == (0 if fd in table else -EBADF)
        if fd in table:
            table[fd][1] = bool(value & FD_CLOEXEC)

    @rule(i=who)
    def execve(self, i):
        self.tasks[i].execve()
        self.tables[i] = {fd: entry for fd, entry in self.tables[i].items() if not entry[1]}

    @rule(i=who)
    def replace_the_other_by_a_fork(self, i):
        self.tasks[1 - i].exit_group()
        self.tasks[1 - i] = self.tasks[i].fork()
        self.tables[1 - i] = {fd: list(entry) for fd, entry in self.tables[i].items()}

    @invariant()
    def agree(self):
        self.k.verify()
        for t, table in zip(self.tasks, self.tables, strict=True):
            for fd in range(-1, LIMIT + 1):
                ret = t.sys_fcntl(fd, F_GETFD)
                assert ret == (int(table[fd][1]) if fd in table else -EBADF)
        files = {entry[0] for table in self.tables for entry in table.values()}
        assert len(self.k.table("file", live=True)) == len(files)


TestDescriptors = Descriptors.TestCase
TestDescriptors.settings = settings(max_examples=60, stateful_step_count=40)


# ------------------------------------------------------------------------------------------ numbers
def test_the_lowest_number_first(k):
    p = k.spawn()
    assert [p.pipe() for _ in range(3)] == [(0, 1), (2, 3), (4, 5)]
    p.close(1)
    p.close(4)
    assert p.dup(0) == 1
    assert p.pipe() == (4, 6)


def test_numbers_across_the_words_of_the_bit_map(k):
    p = k.spawn()
    p.setrlimit(RLIMIT_NOFILE, (4096, 4096))
    p.pipe()
    assert [p.dup(0) for _ in range(2, 600)] == list(range(2, 600))
    for fd in (599, 64, 127, 128, 63, 500):
        p.close(fd)
    assert [p.dup(0) for _ in range(7)] == [63, 64, 127, 128, 500, 599, 600]
    assert p.fcntl(0, F_DUPFD, 4000) == 4000
    assert p.dup2(1, 4095) == 4095
    c = p.fork()
    assert c.sys_fcntl(4095, F_GETFD) == 0
    assert c.dup(0) == 601


def test_a_table_with_a_million_numbers(k):
    p = k.spawn()
    p.setrlimit(RLIMIT_NOFILE, (1_048_576, 1_048_576))
    p.pipe()
    assert p.dup2(0, 1_048_575) == 1_048_575
    assert p.dup2(0, 1_048_576 - 2) == 1_048_574
    c = p.fork()
    assert c.sys_close(1_048_575) == 0


def test_a_lowered_limit_leaves_what_is_open(k, errno_of):
    p = k.spawn()
    for _ in range(5):
        p.pipe()
    p.setrlimit(RLIMIT_NOFILE, (4, 4096))
    assert errno_of(p.dup, 0) == EMFILE
    assert p.write(9, b"x") == 1
    assert errno_of(p.dup2, 0, 9) == EBADF
    p.close(2)
    assert p.dup(0) == 2


def test_dup2_closes_the_old_file(k):
    p = k.spawn()
    r, w = p.pipe()
    r2, w2 = p.pipe()
    assert p.dup2(w, w2) == w2
    assert p.read(r2, 1) == b""  # the last write end of the second pipe is gone
    p.write(w2, b"x")
    assert p.read(r, 1) == b"x"
    assert p.dup2(r, r) == r


# ------------------------------------------------------------------------------------------ open files
def test_dup_shares_the_open_file_and_pipe_ends_do_not(k):
    p = k.spawn()
    r, w = p.pipe()
    copy = p.dup(r)
    p.fcntl(copy, F_SETFL, O_NONBLOCK)
    assert p.fcntl(r, F_GETFL) == O_NONBLOCK
    assert p.fcntl(w, F_GETFL) == O_WRONLY
    child = p.fork()
    child.fcntl(r, F_SETFL, 0)
    assert p.fcntl(copy, F_GETFL) == O_RDONLY


def test_getfl_and_setfl(k):
    p = k.spawn()
    r, w = p.pipe2(O_NONBLOCK | O_CLOEXEC)
    assert p.fcntl(r, F_GETFL) == O_RDONLY | O_NONBLOCK
    assert p.fcntl(w, F_GETFL) == O_WRONLY | O_NONBLOCK
    p.fcntl(w, F_SETFL, O_APPEND | O_DIRECT | O_RDWR | O_CLOEXEC)  # only the status flags are taken
    assert p.fcntl(w, F_GETFL) == O_WRONLY | O_APPEND | O_DIRECT
    assert p.fcntl(r, F_GETFD) == FD_CLOEXEC


def test_close_on_exec_belongs_to_the_descriptor(k):
    p = k.spawn()
    r, _ = p.pipe2(O_CLOEXEC)
    copy = p.dup(r)
    assert p.fcntl(r, F_GETFD) == FD_CLOEXEC
    assert p.fcntl(copy, F_GETFD) == 0
    p.fcntl(copy, F_SETFD, FD_CLOEXEC)
    p.fcntl(r, F_SETFD, 0)
    assert (p.fcntl(r, F_GETFD), p.fcntl(copy, F_GETFD)) == (0, FD_CLOEXEC)


def test_fionbio_and_fionread(k, errno_of):
    p = k.spawn()
    r, w = p.pipe()
    p.write(w, b"12345")
    assert p.ioctl(r, FIONREAD) == 5
    assert p.ioctl(w, FIONREAD) == 5
    p.ioctl(r, fastipc.FIONBIO, 1)
    assert p.fcntl(r, F_GETFL) == O_NONBLOCK
    p.ioctl(r, fastipc.FIONBIO, 0)
    assert p.fcntl(r, F_GETFL) == 0
    p.ioctl(r, fastipc.FIOCLEX)
    assert p.fcntl(r, F_GETFD) == FD_CLOEXEC
    p.ioctl(r, fastipc.FIONCLEX)
    assert p.fcntl(r, F_GETFD) == 0
    assert errno_of(p.ioctl, r, 0xDEAD) == ENOTTY


def test_the_wrong_end(k, errno_of):
    p = k.spawn()
    r, w = p.pipe()
    assert errno_of(p.read, w, 1) == EBADF
    assert errno_of(p.read, w, 0) == EBADF
    assert errno_of(p.write, r, b"x") == EBADF
    assert errno_of(p.write, r, b"") == EBADF
    assert errno_of(p.readv, w, [bytearray(1)]) == EBADF
    assert errno_of(p.writev, r, [b"x"]) == EBADF


def test_no_seeking(k, errno_of):
    p = k.spawn()
    r, w = p.pipe()
    for whence in (0, 1, 2):
        assert errno_of(p.lseek, r, 0, whence) == ESPIPE
    assert errno_of(p.pread, r, 1, 0) == ESPIPE
    assert errno_of(p.pwrite, w, b"x", 0) == ESPIPE
    assert errno_of(p.pread, 99, 1, 0) == EBADF
    assert errno_of(p.pread, r, 1, -1) == EINVAL


def test_fstat(k):
    p = k.spawn(uid=7, gid=8)
    r, w = p.pipe()
    a, b = p.fstat(r), p.fstat(w)
    assert a == b
    assert a.st_mode == 0o010600
    assert (a.st_size, a.st_nlink, a.st_blksize, a.st_uid, a.st_gid) == (0, 1, 4096, 7, 8)
    assert a.st_ino != p.fstat(p.pipe()[0]).st_ino
    assert a.st_mtime_ns >= 1_000_000_000 * 10**9
    assert a._asdict()["st_mode"] == a.st_mode
    assert "st_ino" in repr(a)


# ------------------------------------------------------------------------------------------ vectors
def test_readv_and_writev(k):
    p = k.spawn()
    r, w = p.pipe()
    assert p.writev(w, [b"ab", b"", bytearray(b"cde"), memoryview(b"f")]) == 6
    parts = [bytearray(1), bytearray(0), bytearray(4), bytearray(4)]
    assert p.readv(r, parts) == 6
    assert [bytes(x) for x in parts] == [b"a", b"", b"bcde", b"f\0\0\0"]
    assert p.writev(w, []) == 0
    assert p.readv(r, []) == 0


def test_too_many_vectors(k, errno_of):
    p = k.spawn()
    r, w = p.pipe()
    assert p.writev(w, [b"x"] * 1024) == 1024
    assert errno_of(p.writev, w, [b"x"] * 1025) == EINVAL
    assert errno_of(p.readv, r, [bytearray(1)] * 1025) == EINVAL
    assert errno_of(p.readv, 99, [bytearray(1)] * 1025) == EBADF
    assert p.readv(r, [bytearray(1)] * 1024) == 1024


def test_a_vector_of_pipe_buf_is_one_write(k):
    p = k.spawn()
    r, w = p.pipe2(O_DIRECT)
    p.writev(w, [b"a" * 100, b"b" * 100])
    assert p.read(r, PIPE_BUF) == b"a" * 100 + b"b" * 100


@pytest.mark.parametrize("n", [70_000, 200_000])
def test_long_vectors_sleep_and_go_on(k, n):
    p = k.spawn()
    r, w = p.pipe()
    q = p.fork()
    data = bytes(i * 7 & 0xFF for i in range(n))
    c = q.submit("writev", w, [data[:1], data[1:5000], data[5000:]])
    got = b""
    while len(got) < n:
        got += p.read(r, 12345)
    assert c.result() == n
    assert got == data
