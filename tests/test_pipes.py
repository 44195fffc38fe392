"""Pipes: slots, merging, packets, resizing, order; checked against a list of slots."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

import fastipc
from fastipc import (
    EAGAIN,
    EBADF,
    EBUSY,
    EINVAL,
    EPERM,
    F_GETFL,
    F_GETPIPE_SZ,
    F_SETFL,
    F_SETPIPE_SZ,
    FIONREAD,
    O_DIRECT,
    O_NONBLOCK,
    PIPE_BUF,
    Kernel,
)

PAGE = 4096


class Slots(RuleBasedStateMachine):
    """One pipe, never sleeping. The model: a list of slots [offset, bytes, packet]."""

    def __init__(self):
        super().__init__()
        self.k = Kernel()
        self.t = self.k.spawn()
        self.r, self.w = self.t.pipe2(O_NONBLOCK)
        self.packets = False
        self.slots = []
        self.max_usage = 16
        self.count = 0

    def teardown(self):
        self.t.exit_group()
        self.k.verify()
        assert self.k.counters["pages_alloc"] == self.k.counters["pages_free"]
        self.k.close()

    def bytes(self, n):
        self.count += 1
        return bytes([self.count & 0xFF]) * n

    sizes = st.one_of(st.sampled_from([0, 1, 2, 36, 37, 40, 2048, 4095, 4096, 4097, 8192]), st.integers(0, 20_000))

    @rule(n=sizes)
    def write(self, n):
        data = self.bytes(n)
        ret = self.t.sys_write(self.w, data)
        done = 0
        part = n % PAGE
        if part and self.slots:
            offset, old, packet = self.slots[-1]
            if not packet and offset + len(old) + part <= PAGE:
                self.slots[-1][1] = old + data[:part]
                done = part
        while done < n and len(self.slots) < self.max_usage:
            chunk = data[done : done + PAGE]
            self.slots.append([0, chunk, self.packets])
            done += len(chunk)
        assert ret == (done if done or not n else -EAGAIN)

    @rule(n=sizes)
    def read(self, n):
        buf = bytearray(n)
        ret = self.t.sys_read(self.r, buf)
        want = b""
        empty = not self.slots
        while self.slots and len(want) < n:
            slot = self.slots[0]
            take = slot[1][: n - len(want)]
            want += take
            slot[0] += len(take)
            slot[1] = slot[1][len(take) :]
            if slot[2]:
                del self.slots[0]
                break
            if not slot[1]:
                del self.slots[0]
        if empty and n:
            assert ret == -EAGAIN
        else:
            assert ret == len(want)
            assert bytes(buf[:ret]) == want

    @rule(size=st.sampled_from([0, 1, 4096, 4097, 8192, 12288, 65536, 100_000, 1 << 20]))
    def resize(self, size):
        pages = max(1, -(-size // PAGE))
        slots = 1 << (pages - 1).bit_length()
        ret = self.t.sys_fcntl(self.w, F_SETPIPE_SZ, size)
        if slots < len(self.slots):
            assert ret == -EBUSY
        else:
            assert ret == slots * PAGE
            self.max_usage = slots

    @rule(packets=st.booleans())
    def mode(self, packets):
        self.packets = packets
        self.t.fcntl(self.w, F_SETFL, O_NONBLOCK | (O_DIRECT if packets else 0))

    @invariant()
    def agree(self):
        self.k.verify()
        assert self.t.ioctl(self.r, FIONREAD) == sum(len(slot[1]) for slot in self.slots)
        assert self.t.fcntl(self.r, F_GETPIPE_SZ) == self.max_usage * PAGE
        ready = dict(self.t.poll([(self.r, fastipc.POLLIN), (self.w, fastipc.POLLOUT)], 0))
        assert ready.get(self.r, 0) == (fastipc.POLLIN if self.slots else 0)
        assert ready.get(self.w, 0) == (fastipc.POLLOUT if len(self.slots) < self.max_usage else 0)


TestSlots = Slots.TestCase
TestSlots.settings = settings(max_examples=80, stateful_step_count=40)


# ------------------------------------------------------------------------------------------ bytes in, bytes out
@settings(max_examples=60)
@given(
    writes=st.lists(st.integers(1, 30_000), min_size=1, max_size=12),
    reads=st.lists(st.integers(1, 30_000), min_size=1, max_size=12),
    size=st.sampled_from([4096, 8192, 65536]),
    plain=st.tuples(st.booleans(), st.booleans()),
)
def test_what_goes_in_comes_out(writes, reads, size, plain):
    def writer(t, r, w):
        yield t.close(r)
        for i, n in enumerate(writes):
            assert (yield t.write(w, bytes([i]) * n)) == n

    def reader(t, r, w):
        yield t.close(w)
        data, i = b"", 0
        while part := (yield t.read(r, reads[i % len(reads)])):
            data += part
            i += 1
        return data

    def run_plain(program):
        def body(t, r, w):
            frame, value = program(t, r, w), None
            try:
                while True:
                    value = frame.send(value)
            except StopIteration as stop:
                return stop.value

        return body

    with Kernel() as k:
        p = k.spawn()
        r, w = p.pipe()
        p.fcntl(w, F_SETPIPE_SZ, size)
        p.fork(run_plain(writer) if plain[0] else writer, r, w)
        q = p.fork(run_plain(reader) if plain[1] else reader, r, w)
        p.close(r)
        p.close(w)
        k.run()
        k.verify()
        assert q.result == b"".join(bytes([i]) * n for i, n in enumerate(writes))


@settings(max_examples=40)
@given(packets=st.lists(st.integers(1, PIPE_BUF), max_size=16), room=st.integers(1, 5000))
def test_packets_stay_apart(packets, room):
    with Kernel() as k:
        p = k.spawn()
        r, w = p.pipe2(O_DIRECT)
        for i, n in enumerate(packets):
            assert p.write(w, bytes([i]) * n) == n
        for i, n in enumerate(packets):
            assert p.read(r, room) == bytes([i]) * min(n, room)
        k.verify()


# ------------------------------------------------------------------------------------------ capacity
@pytest.mark.parametrize(
    ("size", "whole", "inside", "room"),
    [
        (1, 65536, 65536, False),
        (2048, 32, 65536, False),
        (2049, 16, 32784, True),
        (3000, 16, 48000, True),
        (4095, 16, 65520, True),
        (4097, 10, 45066, False),
        (5000, 10, 54096, False),
        (8192, 8, 65536, False),
    ],
)
def test_capacity_is_counted_in_slots(k, size, whole, inside, room):
    p = k.spawn()
    r, w = p.pipe2(O_NONBLOCK)
    n = 0
    while (got := p.sys_write(w, b"x" * size)) == size:
        n += 1
    assert n == whole
    assert got in (-EAGAIN, 4096)
    assert p.ioctl(r, FIONREAD) == inside
    assert (p.sys_write(w, b"y") == 1) is room


def test_a_slot_is_free_only_when_all_of_it_was_read(k, fill):
    p = k.spawn()
    r, w = p.pipe2(O_NONBLOCK)
    assert fill(p, w) == 65536
    p.read(r, 100)
    assert p.sys_write(w, b"x") == -EAGAIN
    assert p.poll([(w, fastipc.POLLOUT)], 0) == []
    p.read(r, 3996)
    assert p.poll([(w, fastipc.POLLOUT)], 0) == [(w, fastipc.POLLOUT)]
    assert p.sys_write(w, b"x" * 5000) == 4096


def test_the_offset_counts_when_merging(k):
    p = k.spawn()
    r, w = p.pipe2(O_NONBLOCK)
    p.fcntl(w, F_SETPIPE_SZ, 4096)
    p.write(w, b"abc")
    p.read(r, 2)
    assert p.sys_write(w, b"x" * 4094) == -EAGAIN
    assert p.write(w, b"x" * 4093) == 4093


def test_short_data_grows_out_of_the_pipes_own_row(k):
    p = k.spawn()
    r, w = p.pipe()
    want = b""
    for i in range(200):
        part = bytes([i]) * (i % 7 + 1)
        p.write(w, part)
        want += part
    assert p.read(r, 3) == want[:3]
    p.write(w, b"end")
    assert p.read(r, 10_000) == want[3:] + b"end"


def test_packet_mode(k):
    p = k.spawn()
    r, w = p.pipe2(O_DIRECT | O_NONBLOCK)
    for i in range(16):
        assert p.write(w, bytes([i])) == 1
    assert p.sys_write(w, b"x") == -EAGAIN
    for i in range(16):
        assert p.read(r, 100) == bytes([i])
    assert p.write(w, b"a" * 4096 + b"b" * 904) == 5000
    assert p.read(r, 10_000) == b"a" * 4096
    assert p.read(r, 10) == b"b" * 10  # the rest of the packet is dropped
    assert p.sys_read(r, bytearray(10)) == -EAGAIN
    assert p.write(w, b"") == 0
    assert p.sys_read(r, bytearray(10)) == -EAGAIN


def test_packet_mode_by_fcntl(k):
    p = k.spawn()
    r, w = p.pipe()
    p.write(w, b"stream")
    p.fcntl(w, F_SETFL, O_DIRECT)
    p.write(w, b"x" * 4096)
    p.fcntl(w, F_SETFL, 0)
    p.write(w, b"more")
    assert p.fcntl(w, F_GETFL) == fastipc.O_WRONLY
    assert p.read(r, 6) == b"stream"
    assert p.read(r, 10_000) == b"x" * 4096
    assert p.read(r, 10_000) == b"more"


# ------------------------------------------------------------------------------------------ size
@pytest.mark.parametrize(
    ("asked", "got"), [(0, 4096), (1, 4096), (4096, 4096), (4097, 8192), (12288, 16384), (1 << 20, 1 << 20)]
)
def test_sizes_are_rounded_up(k, asked, got):
    p = k.spawn()
    r, w = p.pipe()
    assert p.fcntl(r, F_GETPIPE_SZ) == 65536
    assert p.fcntl(w, F_SETPIPE_SZ, asked) == got
    assert p.fcntl(r, F_GETPIPE_SZ) == got
    assert p.fcntl(r, F_SETPIPE_SZ, asked) == got


def test_size_errors(k, errno_of, fill):
    p = k.spawn(uid=1000)
    r, w = p.pipe()
    assert errno_of(p.fcntl, 50, F_SETPIPE_SZ, 4096) == EBADF
    assert errno_of(p.fcntl, w, F_SETPIPE_SZ, 2**31 + 1) == EINVAL
    assert errno_of(p.fcntl, w, F_SETPIPE_SZ, (1 << 20) + 1) == EPERM
    fill(p, w)
    assert errno_of(p.fcntl, w, F_SETPIPE_SZ, 32768) == EBUSY
    assert p.fcntl(w, F_GETPIPE_SZ) == 65536
    root = k.spawn()
    r, w = root.pipe()
    assert root.fcntl(w, F_SETPIPE_SZ, 2 << 20) == 2 << 20


def test_order_is_kept_when_a_wrapped_ring_is_resized(k):
    p = k.spawn()
    r, w = p.pipe()
    for i in range(16):
        p.write(w, bytes([i]) * 4096)
    for _ in range(10):
        p.read(r, 4096)
    for i in range(16, 22):
        p.write(w, bytes([i]) * 4096)
    for size in (131072, 65536, 1 << 20, 65536):
        assert p.fcntl(r, F_SETPIPE_SZ, size) == size
    assert p.read(r, 100_000) == b"".join(bytes([i]) * 4096 for i in range(10, 22))


def test_growing_wakes_a_sleeping_writer(k, fill):
    p = k.spawn()
    r, w = p.pipe()
    fill(p, w)
    q = p.fork()
    c = q.submit("write", w, b"x")
    k.run()
    assert not c.done()
    p.fcntl(r, F_SETPIPE_SZ, 131072)
    assert c.result() == 1


# ------------------------------------------------------------------------------------------ ends
def test_end_of_file_and_zero_lengths(k, errno_of):
    p = k.spawn()
    r, w = p.pipe()
    assert p.read(r, 0) == b""
    assert p.write(w, b"") == 0
    p.write(w, b"last")
    p.close(w)
    assert p.read(r, 10) == b"last"
    assert p.read(r, 10) == b""
    r, w = p.pipe()
    p.signal(fastipc.SIGPIPE, fastipc.SIG_IGN)
    p.close(r)
    assert p.write(w, b"") == 0
    assert errno_of(p.write, w, b"x") == fastipc.EPIPE


def test_closing_the_last_writer_releases_all_readers(k, kind):
    def reader(t, r, w):
        yield t.close(w)
        return (yield t.read(r, 1))

    p = k.spawn()
    r, w = p.pipe()
    readers = [p.fork(kind(reader), r, w) for _ in range(5)]
    k.run(deadlock="return")
    p.close(w)
    k.run()
    assert [q.result for q in readers] == [b""] * 5


def test_readers_are_served_oldest_first(k, kind):
    def reader(t, r):
        return (yield t.read(r, 1))

    p = k.spawn()
    r, w = p.pipe()
    readers = [p.fork(kind(reader), r) for _ in range(5)]
    k.run(deadlock="return")
    p.write(w, b"abc")
    k.run(deadlock="return")
    assert [q.result for q in readers[:3]] == [b"a", b"b", b"c"]
    assert [q.state for q in readers[3:]] == ["sleeping"] * 2
    p.write(w, b"de")
    k.run()
    assert [q.result for q in readers] == [b"a", b"b", b"c", b"d", b"e"]


def test_writers_are_served_oldest_first(k, kind, fill):
    def writer(t, w, c):
        yield t.write(w, c * 4096)

    p = k.spawn()
    r, w = p.pipe()
    fill(p, w)
    for c in (b"a", b"b", b"c"):
        p.fork(kind(writer), w, c)
    k.run(deadlock="return")
    p.read(r, 65536)
    k.run()
    assert p.read(r, 65536) == b"a" * 4096 + b"b" * 4096 + b"c" * 4096


def test_long_writes_interleave_by_pages(k, fill):
    p = k.spawn()
    r, w = p.pipe()
    fill(p, w)
    a, b = p.fork(), p.fork()
    ca = a.submit("write", w, b"A" * 8192)
    k.run()
    cb = b.submit("write", w, b"B" * 4096)
    k.run()
    got = b""
    for _ in range(19):
        got += p.read(r, 4096)
        k.run()
    assert got[65536:] == b"A" * 4096 + b"B" * 4096 + b"A" * 4096
    assert ca.result() == 8192
    assert cb.result() == 4096


def test_writes_up_to_pipe_buf_are_never_split(k, kind):
    def writer(t, w, c, n):
        for _ in range(30):
            yield t.write(w, c * n)

    def reader(t, r, w):
        yield t.close(w)
        data = b""
        while part := (yield t.read(r, 1000)):
            data += part
        return data

    p = k.spawn()
    r, w = p.pipe()
    for c, n in ((b"a", 4096), (b"b", 3000), (b"c", 1)):
        p.fork(kind(writer), w, c, n)
    q = p.fork(kind(reader), r, w)
    p.close(w)
    k.run()
    data = q.result
    assert len(data) == 30 * (4096 + 3000 + 1)
    i = 0
    while i < len(data):
        c, n = data[i : i + 1], {b"a": 4096, b"b": 3000, b"c": 1}[data[i : i + 1]]
        assert data[i : i + n] == c * n
        i += n


def test_a_blocking_write_goes_on_until_all_is_written(k, kind):
    def writer(t, w):
        return (yield t.write(w, bytes(300_000)))

    p = k.spawn()
    r, w = p.pipe()
    q = p.fork(kind(writer), w)
    total = 0
    while total < 300_000:
        total += len(p.read(r, 7777))
    k.run()
    assert q.result == 300_000


def test_what_is_written_may_change_afterwards(k):
    p = k.spawn()
    r, w = p.pipe()
    data = bytearray(b"x" * 100)
    p.write(w, data)
    data[:] = b"y" * 100
    assert p.read(r, 100) == b"x" * 100
