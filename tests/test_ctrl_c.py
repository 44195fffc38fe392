"""Ctrl-C in the middle of a run comes out of it and leaves a valid kernel."""

import signal

import pytest

from fastipc import Deadlock


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
    try:
        k.run(deadlock="return")
    except KeyboardInterrupt:
        pytest.fail("came out twice")
    k.verify()
    assert {a.state, b.state} <= {"zombie", "sleeping"}


def test_while_only_the_clock_moves(k, soon):
    def endless(t):
        while True:
            yield t.nanosleep(1)

    k.spawn(endless, daemon=True)
    soon()
    with pytest.raises(KeyboardInterrupt):
        k.run(until=1e9)
    k.verify()
    now = k.now
    k.run(until=now + 0.5)


def test_inside_a_program_it_is_that_programs_exception(k, kind):
    def program(t):
        yield t.getpid()
        signal.raise_signal(signal.SIGINT)
        for _ in range(1000):
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
    finally:
        signal.signal(signal.SIGINT, handler)
    k.verify()
    k.run()
    assert b.result == "fine"
    assert a.exit_status == 0x0100


def test_a_program_may_catch_it(k, kind):
    def program(t):
        try:
            signal.raise_signal(signal.SIGINT)
            for _ in range(1000):
                yield t.getpid()
        except KeyboardInterrupt:
            return "caught"

    handler = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        a = k.spawn(kind(program))
        k.run()
    finally:
        signal.signal(signal.SIGINT, handler)
    assert a.result == "caught"


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
