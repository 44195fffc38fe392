"""Virtual time: sleeping, the order of timers, whole nanoseconds."""

import time

import pytest

import fastipc
from fastipc import EINVAL


def test_a_fresh_clock_stands_at_zero(k):
    assert (k.now, k.now_ns) == (0, 0)
    assert isinstance(k.now, float)
    assert isinstance(k.now_ns, int)


def test_no_host_time_passes(k, kind):
    def program(t):
        yield t.nanosleep(1e9)

    k.spawn(kind(program))
    start = time.perf_counter()
    k.run()
    assert time.perf_counter() - start < 5
    assert k.now == 1e9


@pytest.mark.parametrize("seconds", [0, 1, 0.5, 1e-9, 0.1, 1 / 3, 123456.789])
def test_sleeping_takes_as_long_as_asked(k, kind, seconds):
    def program(t):
        yield t.nanosleep(seconds)

    k.spawn(kind(program))
    k.run()
    assert k.now_ns == round(seconds * 1e9)


def test_sleeping_for_no_time_lets_nobody_wait(k, kind):
    def program(t):
        return (yield t.nanosleep(0))

    a = k.spawn(kind(program))
    k.run()
    assert a.result is None
    assert k.now == 0


@pytest.mark.parametrize("seconds", [-1, -0.001, -1e-9])
def test_a_negative_time_is_einval(k, errno_of, seconds):
    assert errno_of(k.spawn().nanosleep, seconds) == EINVAL


@pytest.mark.parametrize("seconds", [float("nan"), float("inf")])
def test_what_is_no_time_is_a_value_error(k, seconds):
    with pytest.raises(ValueError, match="seconds"):
        k.spawn().nanosleep(seconds)


def test_timers_go_off_in_order_of_time_then_of_arming(k, kind):
    def program(t, name, seconds):
        yield t.nanosleep(seconds)
        log.append((t.kernel.now, name))

    log = []
    for name, seconds in (("c", 3), ("a", 1), ("b", 2), ("a2", 1), ("c2", 3), ("a3", 1)):
        k.spawn(kind(program), name, seconds)
    k.run()
    assert log == [(1, "a"), (1, "a2"), (1, "a3"), (2, "b"), (3, "c"), (3, "c2")]


def test_very_many_timers(k, rows):
    def program(t, i):
        yield t.nanosleep(i * 7919 % 5003 + 1)
        log.append(t.kernel.now)

    log = []
    for i in range(5000):
        k.spawn(program, i)
    k.run(until=2500)
    assert rows(k)["timer"] == 5000 - len(log)
    k.verify()
    k.run()
    assert len(log) == 5000
    assert log == sorted(log)
    assert rows(k)["timer"] == 0


def test_a_timer_is_gone_when_its_task_ends(k, rows, kind):
    def sleeper(t):
        yield t.nanosleep(100)

    p = k.spawn()
    q = p.fork()
    q.thread(kind(sleeper))
    k.run(until=1)
    assert rows(k)["timer"] == 1
    q.exit_group()
    assert rows(k)["timer"] == 0
    k.run()
    assert k.now == 1


def test_a_timer_is_gone_when_its_call_is_cancelled(k, rows):
    p = k.spawn()
    c = p.submit("nanosleep", 100)
    k.run(until=1)
    c.cancel()
    assert rows(k)["timer"] == 0
    k.run()
    assert k.now == 1


def test_poll_and_sleep_end_together_in_order_of_arming(k, kind):
    def poller(t, r):
        yield t.poll([(r, fastipc.POLLIN)], 1000)
        log.append("poll")

    def sleeper(t):
        yield t.nanosleep(1)
        log.append("sleep")

    log = []
    p = k.spawn()
    r, _ = p.pipe()
    p.fork(kind(poller), r)
    p.fork(kind(sleeper))
    p.fork(kind(poller), r)
    k.run()
    assert log == ["poll", "sleep", "poll"]


def test_the_realtime_clock_runs_with_virtual_time(k):
    p = k.spawn()
    r, w = p.pipe()
    assert p.fstat(r).st_ctime_ns == 1_000_000_000 * 10**9
    k.run(until=5)
    p.write(w, b"x")
    p.read(r, 1)
    stat = p.fstat(w)  # an anonymous pipe keeps the times of its making
    assert stat.st_atime_ns == stat.st_mtime_ns == stat.st_ctime_ns == 1_000_000_000 * 10**9
    x, _ = p.pipe()
    assert p.fstat(x).st_ctime_ns == 1_000_000_005 * 10**9
