"""Kernel.run and Kernel.step: every form of `until`, the clock, deadlocks, reports, threads of the host."""

import pickle
import threading

import pytest

from fastipc import Deadlock, FastIPCError, Kernel, Report, WrongThread


def ticker(t, period, n, log=None):
    for _ in range(n):
        yield t.nanosleep(period)
        if log is not None:
            log.append(t.kernel.now)
    return n


def sleeper(t, r):
    yield t.read(r, 1)


# ------------------------------------------------------------------------------------------ until
def test_without_until_everything_runs_that_can(k):
    a = k.spawn(ticker, 1, 3)
    report = k.run()
    assert a.result == 3
    assert report.stopped == "idle"
    assert k.now == 3
    assert k.now_ns == 3_000_000_000


def test_until_a_time_leaves_the_clock_there_although_nothing_could_run(k):
    report = k.run(until=12.5)
    assert k.now == 12.5
    assert report.stopped == "until"
    assert report.virtual_ns == 12_500_000_000


def test_until_a_time_runs_what_is_due_then_and_no_more(k):
    log = []
    k.spawn(ticker, 1, 10, log)
    k.run(until=3)
    assert log == [1, 2, 3]
    assert k.now == 3
    k.run(until=3.5)
    assert log == [1, 2, 3]
    k.run(until=4)
    assert log == [1, 2, 3, 4]


def test_until_now_runs_what_is_runnable_and_does_not_move_the_clock(k):
    def program(t):
        ran.append(1)
        yield t.sched_yield()
        ran.append(2)
        yield t.nanosleep(1)
        ran.append(3)

    ran = []
    k.spawn(program)
    k.run(until=k.now)
    assert ran == [1, 2]
    assert k.now_ns == 0
    k.run()
    assert ran == [1, 2, 3]


def test_until_a_time_in_the_past_does_not_turn_the_clock_back(k):
    k.run(until=5)
    k.run(until=3)
    assert k.now == 5


def test_until_has_no_rounding_surprises(k):
    for i in range(1, 31):
        k.run(until=i / 10)
        assert k.now_ns == i * 100_000_000
    k.run(until=0.1 + 0.2 + 3)
    assert k.now_ns == 3_300_000_000
    k.run(until_ns=3_300_000_001)
    assert k.now_ns == 3_300_000_001


def test_until_ns_takes_an_int(k):
    k.run(until_ns=7)
    assert k.now_ns == 7
    with pytest.raises(TypeError, match="until_ns"):
        k.run(until_ns=1.5)


def test_until_a_task(k):
    a = k.spawn(ticker, 1, 2)
    b = k.spawn(ticker, 1, 5)
    report = k.run(until=a)
    assert report.stopped == "until"
    assert a.result == 2
    assert b.exit_status is None
    assert k.now == 2
    k.run(until=a)  # it has ended already
    assert k.now == 2


def test_until_a_sequence_of_tasks(k):
    tasks = [k.spawn(ticker, 1, n) for n in (2, 4, 9)]
    k.run(until=tasks[:2])
    assert k.now == 4
    assert tasks[2].exit_status is None


def test_until_a_callable(k):
    log = []
    k.spawn(ticker, 1, 10, log)
    report = k.run(until=lambda kernel: kernel is k and len(log) == 4)
    assert log == [1, 2, 3, 4]
    assert report.stopped == "until"


def test_an_exception_of_the_callable_comes_out(k):
    k.spawn(ticker, 1, 3)
    with pytest.raises(ZeroDivisionError):
        k.run(until=lambda _: 1 // 0)
    k.verify()
    k.run()
    assert k.now == 3


def test_until_a_task_that_can_never_end(k):
    p = k.spawn()
    r, _ = p.pipe()
    a = p.fork(sleeper, r)
    with pytest.raises(Deadlock):
        k.run(until=a)
    daemon = p.fork(sleeper, r, daemon=True)
    report = k.run(until=daemon, deadlock="return")
    assert report.stopped == "deadlock"
    k.verify()


@pytest.mark.parametrize("until", ["soon", 1j, object(), [3], [object()]])
def test_until_of_a_wrong_type_is_named(k, until):
    with pytest.raises(TypeError, match="until"):
        k.run(until=until)


@pytest.mark.parametrize("until", [float("nan"), 1e300])
def test_until_a_time_that_is_none(k, until):
    with pytest.raises(ValueError, match="until"):
        k.run(until=until)
    assert k.now_ns == 0


def test_an_unknown_deadlock_policy_is_named(k):
    with pytest.raises(ValueError, match="deadlock"):
        k.run(deadlock="ignore")


# ------------------------------------------------------------------------------------------ step
def test_step_is_one_turn(k):
    def program(t, name):
        log.append(name)
        yield t.sched_yield()
        log.append(name)

    log = []
    k.spawn(program, "a")
    k.spawn(program, "b")
    seen = []
    while k.step():
        seen.append(list(log))
    assert seen[0] == ["a"]
    assert seen[1] == ["a", "b"]
    assert log == ["a", "b", "a", "b"]


def test_step_is_false_if_nothing_can_run(k):
    assert k.step() is False
    p = k.spawn()
    r, _ = p.pipe()
    p.fork(sleeper, r)
    assert k.step() is True
    assert k.step() is False


# ------------------------------------------------------------------------------------------ order
def test_the_schedule_is_first_in_first_out(k):
    def program(t, name):
        for _ in range(3):
            log.append(name)
            yield t.sched_yield()

    log = []
    for name in "abcd":
        k.spawn(program, name)
    k.run()
    assert "".join(log) == "abcdabcdabcd"


def test_the_waker_goes_on_until_it_sleeps(k, kind):
    def reader(t, r):
        yield t.read(r, 1)
        log.append("reader")

    def writer(t, w):
        yield t.write(w, b"x")
        log.append("writer")

    log = []
    p = k.spawn()
    r, w = p.pipe()
    p.fork(kind(reader), r)
    p.fork(kind(writer), w)
    k.run()
    assert log == ["writer", "reader"]


def test_a_child_runs_after_those_who_wait_already(k, kind):
    def child(t):
        log.append("child")
        yield t.getpid()

    def parent(t):
        yield t.fork(kind(child))
        log.append("parent")

    def other(t):
        log.append("other")
        yield t.getpid()

    log = []
    k.spawn(kind(parent))
    k.spawn(kind(other))
    k.run()
    assert log == ["parent", "other", "child"]


# ------------------------------------------------------------------------------------------ clock and deadlock
def test_the_clock_stands_still_while_anything_can_run(k):
    def busy(t):
        for _ in range(1000):
            yield t.sched_yield()
        return t.kernel.now_ns

    k.spawn(ticker, 1e-9, 1)
    b = k.spawn(busy)
    k.run()
    assert b.result == 0


def test_a_submitted_sleep_moves_the_clock(k):
    a = k.spawn()
    c = a.submit("nanosleep", 3)
    k.run()
    assert c.done()
    assert k.now == 3


def test_an_outside_sleep_moves_the_clock(k):
    k.spawn().nanosleep(0.25)
    assert k.now == 0.25


def test_a_sleeping_program_that_is_no_daemon_is_a_deadlock(k, kind):
    p = k.spawn()
    r, w = p.pipe()
    c = p.fork(kind(sleeper), r, name="stuck")
    with pytest.raises(Deadlock) as caught:
        k.run()
    report = caught.value.report
    assert isinstance(report, Report)
    assert report.stopped == "deadlock"
    assert len(report.blocked) == 1
    text = str(caught.value)
    for word in ("stuck", str(c.pid), "read", "pipe"):
        assert word in text
    p.write(w, b"x")
    assert k.run().stopped == "idle"


def test_the_deadlock_names_everybody_and_what_they_wait_for(k):
    def writer(t, w):
        yield t.write(w, b"x" * 70_000)

    def poller(t, r):
        yield t.poll([(r, 1)])

    p = k.spawn()
    r, w = p.pipe()
    r2, w2 = p.pipe()
    p.fork(writer, w2, name="wanda")
    p.fork(sleeper, r, name="rita")
    p.fork(poller, r, name="paul")
    with pytest.raises(Deadlock) as caught:
        k.run()
    text = str(caught.value)
    for who, call in (("wanda", "write"), ("rita", "read"), ("paul", "poll")):
        line = next(line for line in text.splitlines() if who in line)
        assert call in line


def test_deadlock_return_returns_the_report(k, kind):
    p = k.spawn()
    r, _ = p.pipe()
    p.fork(kind(sleeper), r)
    report = k.run(deadlock="return")
    assert report.stopped == "deadlock"
    assert len(report.blocked) == 1


def test_daemons_and_hand_driven_tasks_do_not_count(k, kind):
    p = k.spawn()
    r, _ = p.pipe()
    p.fork(kind(sleeper), r, daemon=True)
    p.submit("read", r, 1)
    report = k.run()
    assert report.stopped == "idle"


def test_a_spawned_daemon_does_not_count(k, kind):
    def daemon(t):
        r, _ = yield t.pipe()
        yield t.read(r, 1)

    d = k.spawn(kind(daemon), daemon=True)
    assert k.run().stopped == "idle"
    assert d.state == "sleeping"


def test_until_a_time_is_never_a_deadlock_before_it(k, kind):
    p = k.spawn()
    r, _ = p.pipe()
    p.fork(kind(sleeper), r)
    report = k.run(until=2, deadlock="return")
    assert k.now == 2
    assert report.stopped in ("until", "deadlock")


# ------------------------------------------------------------------------------------------ report
def test_the_report_counts_this_run_only(k):
    def program(t, n):
        r, w = yield t.pipe()
        for _ in range(n):
            yield t.write(w, b"12345")
            yield t.read(r, 5)

    k.spawn(program, 10)
    first = k.run()
    assert first.calls == 22  # pipe, 10 writes, 10 reads, exit_group
    assert first.bytes == 100
    k.spawn(program, 1)
    second = k.run()
    assert second.calls == 4
    assert second.bytes == 10
    assert second.virtual_ns == 0
    assert second.wall_s >= 0


def test_the_report_counts_switches_and_wake_ups(k, kind):
    def ping(t, r, w, n):
        for _ in range(n):
            yield t.write(w, b"x")
            yield t.read(r, 1)

    p = k.spawn()
    (r1, w1), (r2, w2) = p.pipe(), p.pipe()
    p.fork(kind(ping), r1, w2, 10)
    p.fork(kind(ping), r2, w1, 10)
    report = k.run()
    assert report.calls == 42
    assert report.bytes == 40
    assert report.wakeups >= 10
    assert report.switches >= report.wakeups


def test_the_report_is_a_value(k):
    p = k.spawn(name="boss")
    r, _ = p.pipe()
    p.fork(sleeper, r, name="waiter")
    report = k.run(deadlock="return")
    again = pickle.loads(pickle.dumps(report))
    assert again.to_dict() == report.to_dict()
    keys = {"calls", "switches", "wakeups", "bytes", "virtual_ns", "wall_s", "stopped", "blocked"}
    assert keys <= set(report.to_dict())
    assert str(again) == str(report)
    for word in ("calls", "switches", "waiter", "read"):
        assert word in str(report)
    k.close()
    assert "waiter" in str(report)


def test_the_report_stays_short_with_very_many_sleepers(k):
    p = k.spawn()
    r, _ = p.pipe()
    for _ in range(2000):
        p.fork(sleeper, r)
    report = k.run(deadlock="return")
    assert len(report.blocked) == 2000
    assert len(str(report).splitlines()) < 60
    with pytest.raises(Deadlock) as caught:
        k.run()
    assert len(str(caught.value).splitlines()) < 60


def test_progress_is_shown_and_changes_nothing(make_kernel, capsys):
    def simulate(**options):
        k = make_kernel()
        for i in range(5):
            k.spawn(ticker, 1 + i, 5)
        report = k.run(**options)
        return report.calls, report.switches, k.trace_hash

    without = simulate()
    assert capsys.readouterr().err == ""
    assert simulate(progress=True) == without
    assert "calls" in capsys.readouterr().err
    seen = []
    assert simulate(progress=seen.append) == without
    assert len(seen) >= 1
    with pytest.raises(ZeroDivisionError):
        simulate(progress=lambda _: 1 // 0)


# ------------------------------------------------------------------------------------------ host threads, re-entry
def test_running_a_running_kernel_is_a_runtime_error(k, kind):
    def program(t):
        yield t.getpid()
        with pytest.raises(RuntimeError):
            t.kernel.run()
        with pytest.raises(RuntimeError):
            t.kernel.step()
        return "fine"

    a = k.spawn(kind(program))
    k.run()
    assert a.result == "fine"


def in_thread(f):
    caught = []

    def body():
        try:
            f()
        except BaseException as e:
            caught.append(e)

    thread = threading.Thread(target=body)
    thread.start()
    thread.join()
    return caught


def test_another_host_thread_may_not_use_the_kernel(k):
    a = k.spawn()
    r, w = a.pipe()
    before = k.state_hash()
    uses = (
        k.run,
        k.step,
        k.spawn,
        a.getpid,
        a.sys_getpid,
        k.verify,
        k.close,
        k.state_hash,
        lambda: a.write(w, b"x"),
        lambda: a.submit("getpid"),
        lambda: k.table("task"),
    )
    for use in uses:
        caught = in_thread(use)
        assert len(caught) == 1, use
        assert isinstance(caught[0], WrongThread), use
        assert isinstance(caught[0], FastIPCError)
    assert k.state_hash() == before


def test_two_kernels_in_two_threads_are_independent():
    def ping(t, r, w, n):
        for _ in range(n):
            yield t.write(w, b"x")
            yield t.read(r, 1)

    def pong(t, r, w, n):
        for _ in range(n):
            t.write(w, t.read(r, 1))

    def simulate(out, i):
        with Kernel(seed=1) as k:
            p = k.spawn()
            (r1, w1), (r2, w2) = p.pipe(), p.pipe()
            p.fork(ping, r1, w2, 2000)
            p.fork(pong, r2, w1, 2000)
            k.run()
            k.verify()
            out[i] = k.trace_hash

    out = [None, None]
    threads = [threading.Thread(target=simulate, args=(out, i)) for i in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert out[0] is not None
    assert out[0] == out[1]


def test_one_program_may_run_another_kernel(k, make_kernel, kind):
    def inner(t):
        yield t.nanosleep(1)
        return 5

    def outer(t):
        yield t.nanosleep(1)
        other = make_kernel()
        a = other.spawn(kind(inner))
        other.run()
        yield t.nanosleep(1)
        return a.result

    a = k.spawn(kind(outer))
    k.run()
    assert a.result == 5
    assert k.now == 2
