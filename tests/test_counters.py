"""k.counters: exact counts since the start."""

import pytest

KEYS = ("switches", "wakeups", "bytes", "pages_alloc", "pages_free", "signals", "faults")


def test_a_fresh_machine_has_counted_nothing(k):
    counts = dict(k.counters)
    assert set(KEYS) <= set(counts)
    assert all(counts[key] == 0 for key in KEYS)
    assert sum(counts["calls"].values()) == 0


def test_calls_are_counted_by_name_in_either_verb(k, kind):
    def program(t):
        yield t.getppid()
        yield t.sys_getppid()

    p = k.spawn()
    r, w = p.pipe()
    p.write(w, b"abc")
    p.sys_write(w, b"d")
    p.read(r, 2)
    p.sys_readinto(r, bytearray(8))
    p.sys_close(99)
    p.fork(kind(program))
    k.run()
    calls = k.counters["calls"]
    for name, n in {"write": 2, "read": 2, "close": 1, "fork": 1, "getppid": 2, "exit_group": 1}.items():
        assert calls[name] == n, name
    assert k.counters["bytes"] == 8


def test_bytes_count_what_was_copied_in_and_out(k):
    p = k.spawn()
    r, w = p.pipe()
    p.write(w, bytes(10_000))
    assert k.counters["bytes"] == 10_000
    p.read(r, 4000)
    assert k.counters["bytes"] == 14_000


def test_a_call_that_sleeps_is_one_call(k, kind):
    def reader(t, r):
        yield t.read(r, 1)

    p = k.spawn()
    r, w = p.pipe()
    p.fork(kind(reader), r)
    k.run(deadlock="return")
    p.write(w, b"x")
    k.run()
    assert k.counters["calls"]["read"] == 1
    assert k.counters["wakeups"] == 1


def test_wake_ups_count_tasks_that_were_asleep(k, kind):
    def reader(t, r):
        yield t.read(r, 1)

    p = k.spawn()
    r, w = p.pipe()
    p.write(w, b"x")
    p.read(r, 1)
    assert k.counters["wakeups"] == 0
    for _ in range(3):
        p.fork(kind(reader), r)
    k.run(deadlock="return")
    p.write(w, b"abc")
    k.run()
    assert k.counters["wakeups"] == 3


def test_pages(k):
    p = k.spawn()
    r, w = p.pipe()
    assert k.counters["pages_alloc"] == 0
    p.write(w, bytes(4096 * 3))
    assert k.counters["pages_alloc"] == 3
    p.close(r)
    p.close(w)
    assert k.counters["pages_free"] == 3


def test_signals(k):
    p = k.spawn()
    c = p.fork()
    c.exit()
    assert k.counters["signals"] in (0, 1)  # SIGCHLD at its default is dropped at once
    d = p.fork()
    r, w = d.pipe()
    d.close(r)
    before = k.counters["signals"]
    with pytest.raises(Exception):  # noqa: B017
        d.write(w, b"x")
    assert k.counters["signals"] > before


def test_the_counters_are_a_snapshot(k):
    before = k.counters
    before["bytes"] = 5
    before["calls"]["read"] = 7
    assert k.counters["bytes"] == 0
    assert k.counters["calls"].get("read", 0) == 0
    with pytest.raises(AttributeError):
        k.counters = {}
