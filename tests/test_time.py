"""Virtual time: sleeping, the order of timers, whole nanoseconds."""

import bisect
import random
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


@pytest.mark.parametrize("at", [1, 255, 256, 257, 65536, 10**9, 2**40 + 1, 2**49 - 1])
def test_timers_of_one_time_go_off_in_order_of_arming_whenever_they_were_armed(k, at):
    """Far off, near, and when others have gone off in between."""

    def program(t, name, start):
        yield t.nanosleep(start / 1e9)
        yield t.select([], [], [], (at - start) / 1e9)
        log.append(name)

    log = []
    starts = [start for start in (0, 1, at // 300, at // 2, at - 257, at - 2, at - 1) if 0 <= start < at] * 2
    for name, start in enumerate(starts):
        k.spawn(program, name, start)
    while len(log) < len(starts):
        before = len(log)
        k.run(until=lambda _, before=before: len(log) > before)
        k.verify()
    assert k.now_ns == at
    assert log == sorted(range(len(starts)), key=lambda name: (starts[name], name))


def test_far_timers_wait_behind_near_ones(k, rows):
    """Up to the end of time, which is where a sleep that is too long ends."""

    def program(t, ns):
        yield t.nanosleep(ns)
        log.append(k.now_ns)

    seconds = [1, 10**9, 2 * 10**9, 9 * 10**9, 10**12, 60, 3600, 2**33, 9223372036]
    log = []
    for s in seconds:
        k.spawn(program, s)
    times = sorted(min(s * 10**9, 2**63 - 1) for s in seconds)
    for i, at in enumerate(times):
        k.run(until_ns=at - 1)
        k.verify()
        assert log == [t for t in times if t < at]
        assert rows(k)["timer"] == len(times) - len(log)
        assert sorted(k.table("timer", live=True)["expires"]) == times[len(log) :]
        if i % 2:
            k.run(until_ns=at)
    k.run()
    assert log == times


def test_a_timer_that_is_armed_before_one_that_was_looked_at(k):
    """`run` looks at the next time to see that it is too late; what is armed after that may be earlier."""
    p = k.spawn()
    far = k.spawn().submit("nanosleep", 1000)
    for step in 100, 200.5, 300.000000001, 999.999999999:
        k.run(until=step)
        k.verify()
        p.nanosleep(1e-9)
        assert k.now_ns == round(step * 1e9) + 1
        k.verify()
    assert far.done()


def test_timers_are_cancelled_in_the_middle(k, rows):
    tasks = [k.spawn() for _ in range(40)]
    for delays in ([7] * 40, list(range(1, 41)), [1 << i for i in range(40)], [10**9 + i // 4 for i in range(40)]):
        start = k.now_ns
        calls = [t.submit("nanosleep", ns / 1e9) for t, ns in zip(tasks, delays, strict=True)]
        order = random.Random(delays[-1]).sample(range(40), 40)
        for i in order[:30]:
            calls[i].cancel()
            k.verify()
        left = order[30:]
        times = k.table("timer", live=True)["expires"]
        assert sorted(times) == sorted(start + delays[i] for i in left)
        for i in sorted(left, key=delays.__getitem__):
            k.run(until_ns=start + delays[i])
            assert calls[i].done()
            k.verify()
        assert rows(k)["timer"] == 0


class Model:
    """Sleepers with timers that others can cut short: a sorted list."""

    def __init__(self, delays):
        self.delays = [iter(d) for d in delays]
        self.pending = []  # (time, order of arming, sleeper)
        self.armed = 0
        self.now = 0
        self.log = []

    def arm(self, i):
        bisect.insort(self.pending, (self.now + next(self.delays[i]), self.armed, i))
        self.armed += 1

    def wake(self, i):
        self.pending = [p for p in self.pending if p[2] != i]
        self.log.append((self.now, i, "woken"))
        self.arm(i)

    def run(self, until):
        while self.pending[0][0] <= until:
            self.now = self.pending[0][0]
            due = [p for p in self.pending if p[0] == self.now]
            del self.pending[: len(due)]
            for _, _, i in due:
                self.log.append((self.now, i, "late"))
                self.arm(i)
        self.now = until


DELAYS = {
    "few": lambda r: r.randint(1, 3),
    "mixed": lambda r: r.choice((1, 2, 255, 256, 257, 65535, 65536, 10**6, 10**9, 2**40)),
    "even": lambda r: r.randint(1, 10**6),
    "any": lambda r: 1 + int(2 ** r.uniform(0, 45)),
    "round": lambda r: r.randint(1, 9) * 10 ** r.randint(0, 9),
}


@pytest.mark.parametrize("delay", DELAYS)
@pytest.mark.parametrize("seed", range(4))
def test_random_sleepers_against_a_sorted_list(make_kernel, delay, seed):
    """Sleepers that are woken by a time or by a byte; each then sleeps anew. `verify` after every step."""

    def sleeper(t, i, r):
        for ns in delays[i]:
            ready = yield t.select([r], [], [], ns / 1e9)
            if ready[0]:
                yield t.read(r, 1)
            log.append((k.now_ns, i, "woken" if ready[0] else "late"))

    rnd = random.Random(f"{delay} {seed}")
    k = make_kernel()
    p = k.spawn()
    p.setrlimit(fastipc.RLIMIT_NOFILE, (200, 200))
    n = 30
    delays = [[DELAYS[delay](rnd) for _ in range(5000)] for _ in range(n)]
    model, log = Model(delays), []
    pipes = [p.pipe() for _ in range(n)]
    for i in range(n):
        p.fork(sleeper, i, pipes[i][0], daemon=True)
        model.arm(i)
    k.run(until_ns=0)
    for _ in range(150):
        if rnd.random() < 0.5:
            i = rnd.randrange(n)
            p.write(pipes[i][1], b"x")
            k.run(until_ns=k.now_ns)
            model.wake(i)
        else:
            until = max(model.pending[rnd.choice((0, 1, 2, 10))][0] - rnd.randint(0, 1), k.now_ns)
            k.run(until_ns=until)
            model.run(until)
        k.verify()
        assert k.now_ns == model.now
        assert sorted(k.table("timer", live=True)["expires"]) == [at for at, _, _ in model.pending]
    assert log == model.log


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
