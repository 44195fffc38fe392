"""k.trace: one line a completed call; k.trace_hash."""

import pytest

from fastipc import O_NONBLOCK


def test_one_line_a_completed_call(k):
    lines = []
    k.trace(lines)
    p = k.spawn(name="p")
    r, w = p.pipe()
    p.write(w, b"hello")
    p.read(r, 100)
    p.sys_close(99)
    k.trace(None)
    p.close(r)
    assert len(lines) == 4
    for line, words in zip(
        lines, (("pipe", "= 0"), ("write", "hello", "= 5"), ("read", "hello", "= 5"), ("close", "EBADF")), strict=True
    ):
        assert str(p.pid) in line
        for word in words:
            assert word in line, line


def test_a_call_that_sleeps_has_one_line_when_it_is_over(k, kind):
    def reader(t, r):
        yield t.read(r, 1)

    lines = []
    p = k.spawn()
    r, w = p.pipe()
    q = p.fork(kind(reader), r)
    k.trace(lines)
    k.run(deadlock="return")
    assert lines == []
    k.run(until=1.5, deadlock="return")
    p.write(w, b"x")
    k.run()
    names = [name for line in lines for name in ("read", "write", "exit_group") if name + "(" in line]
    assert names == ["write", "read", "exit_group"]
    assert str(q.pid) in lines[1]
    assert "1.5" in lines[1]


def test_to_a_callable(k):
    lines = []
    k.trace(lines.append)
    k.spawn().getpid()
    assert len(lines) == 1
    assert "getpid()" in lines[0]


def test_to_a_path(k, tmp_path):
    path = tmp_path / "trace.txt"
    for sink in (path, str(path)):
        k.trace(sink)
        p = k.spawn()
        p.pipe2(O_NONBLOCK)
        p.sys_read(0, bytearray(1))
        k.trace(None)
        text = path.read_text()
        assert len(text.splitlines()) == 2
        assert "O_NONBLOCK" in text or "0x800" in text or "2048" in text
        assert "EAGAIN" in text


def test_an_exception_of_the_sink_comes_out_and_leaves_a_valid_kernel(k, kind):
    def sink(line):
        raise ZeroDivisionError

    def program(t):
        yield t.getpid()

    k.spawn(kind(program))
    k.trace(sink)
    with pytest.raises(ZeroDivisionError):
        k.run()
    k.trace(None)
    k.verify()
    k.run()


def test_a_wrong_sink_is_named(k):
    with pytest.raises(TypeError, match="sink"):
        k.trace(5)


def test_the_hash_does_not_depend_on_tracing(make_kernel):
    def simulate(sink):
        k = make_kernel()
        k.trace(sink)
        p = k.spawn()
        r, w = p.pipe()
        p.write(w, b"hello")
        p.read(r, 5)
        return k.trace_hash

    assert simulate(None) == simulate([]) == simulate(lambda line: None)


def test_the_hash_depends_on_every_call(make_kernel):
    def simulate(data, n):
        k = make_kernel()
        p = k.spawn()
        r, w = p.pipe()
        p.write(w, data)
        p.read(r, n)
        return k.trace_hash

    hashes = {simulate(b"hello", 5), simulate(b"hello", 4), simulate(b"hellooo", 5)}
    assert len(hashes) == 3


def test_the_hash_moves_on_with_each_call(k):
    p = k.spawn()
    hashes = [k.trace_hash]
    for _ in range(3):
        p.getpid()
        hashes.append(k.trace_hash)
    assert len(set(hashes)) == 4


def test_a_vector_of_one_buffer_shows_its_bytes(k):
    lines = []
    p = k.spawn()
    r, w = p.pipe()
    k.trace(lines)
    p.writev(w, [b"hello"])
    p.readv(r, [bytearray(9)])
    assert [line.split(" ", 2)[2] for line in lines] == ['writev(1, "hello", 1) = 5', 'readv(0, "hello", 1) = 5']
