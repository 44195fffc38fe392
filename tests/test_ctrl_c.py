"""Ctrl-C in the middle of a run comes out of it and leaves a valid kernel."""

import signal

import pytest

from fastipc import Deadlock


def run_quietly(k, **options):
    try:
        return k.run(**options)
    except KeyboardInterrupt:
        pytest.fail("came out twice")


@pytest.fixture
def soon():
    """A real SIGINT in a little while; the run it ends would never end."""

    def arm():
        signal.setitimer(signal.ITIMER_REAL, 0.05)

    before = signal.signal(signal.SIGALRM, lambda *_: signal.raise_signal(signal.SIGINT))
    handler = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield arm
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)
    signal.signal(signal.SIGINT, handler)


def test_in_the_middle_of_endless_programs(k, kind, soon):
    def endless(t, r, w):
        while not stop:
            yield t.write(w, b"x")
            yield t.read(r, 1)

    stop = []
    p = k.spawn()
    (r1, w1), (r2, w2) = p.pipe(), p.pipe()
    a, b = p.fork(kind(endless), r1, w2), p.fork(kind(endless), r2, w1)
    soon()
    with pytest.raises(KeyboardInterrupt):
        k.run()
    k.verify()
    stop.append(1)
    run_quietly(k, deadlock="return")
    k.verify()
    assert {a.state, b.state} <= {"zombie", "sleeping"}


def test_while_only_the_clock_moves(k, soon):
    def endless(t):
        while not stop:
            yield t.nanosleep(1)

    stop = []
    k.spawn(endless, daemon=True)
    soon()
    with pytest.raises(KeyboardInterrupt):
        k.run(until=1e9)
    k.verify()
    run_quietly(k, until=k.now + 0.5)
    stop.append(1)


def test_it_harms_no_program(k, kind):
    """The run stops between two turns; the program that happened to run goes on in the next one."""

    def program(t):
        signal.raise_signal(signal.SIGINT)
        for _ in range(1000):
            yield t.sched_yield()
        return "done"

    handler = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        tasks = [k.spawn(kind(program)), k.spawn(kind(program))]
        with pytest.raises(KeyboardInterrupt):
            k.run()
        k.verify()
        with pytest.raises(KeyboardInterrupt):
            k.run()
        run_quietly(k)
    finally:
        signal.signal(signal.SIGINT, handler)
    assert [t.result for t in tasks] == ["done"] * 2


def test_the_second_one_ends_a_program_that_never_sleeps(k, kind):
    def program(t):
        while True:
            signal.raise_signal(signal.SIGINT)
            yield t.getpid()

    def other(t):
        yield t.nanosleep(1)
        return "fine"

    handler = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        p = k.spawn()
        a = p.fork(kind(program))
        b = p.fork(kind(other))
        with pytest.raises(KeyboardInterrupt):
            k.run()
        k.verify()
        run_quietly(k)
    finally:
        signal.signal(signal.SIGINT, handler)
    assert b.result == "fine"
    assert a.exit_status == 0x0100


def test_a_handler_of_ones_own_is_left_alone(k, kind):
    def program(t):
        yield t.getpid()
        signal.raise_signal(signal.SIGINT)
        yield t.getpid()
        return "fine"

    seen = []
    handler = signal.signal(signal.SIGINT, lambda *_: seen.append(1))
    try:
        a = k.spawn(kind(program))
        k.run()
    finally:
        signal.signal(signal.SIGINT, handler)
    assert seen == [1]
    assert a.result == "fine"


def test_in_an_outside_call_that_runs_the_machine(k, kind, soon):
    def endless(t):
        while not stop:
            yield t.sched_yield()

    stop = []
    p = k.spawn()
    r, w = p.pipe()
    p.fork(kind(endless))
    soon()
    with pytest.raises(KeyboardInterrupt):
        p.read(r, 1)
    k.verify()
    stop.append(1)
    p.write(w, b"x")
    assert p.read(r, 1) == b"x"
    with pytest.raises(Deadlock):
        p.read(r, 1)


def test_system_exit_of_a_program_comes_out_like_any_exception(k, kind):
    def program(t):
        yield t.getpid()
        raise SystemExit(5)

    a = k.spawn(kind(program))
    with pytest.raises(SystemExit):
        k.run()
    assert a.exit_status == 0x0100
    k.run()
