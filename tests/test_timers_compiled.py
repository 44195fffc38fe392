"""Alarms and timers in compiled programs."""

import numpy as np
import pytest

import fastipc
from fastipc import CLOCK_MONOTONIC, EINVAL, ITIMER_REAL, SIG_BLOCK, SIGALRM, CompileError, compiled

RT = 40


@compiled
def nothing(t, signo, info):
    pass


@compiled
def counting(t, signo, info):
    t.timer_getoverrun(info[0]["si_timerid"])


def test_calls_of_a_compiled_program(k):
    @compiled
    def program(t):
        seen = [t.alarm(5) + 0.0, t.alarm(7) + 0.0]
        value, interval = t.getitimer(ITIMER_REAL)
        seen += [value, interval]
        value, interval = t.setitimer(ITIMER_REAL, 1.5, 2)
        seen += [value, interval]
        value, interval = t.setitimer(ITIMER_REAL, 0)
        seen += [value, interval]
        timer = t.timer_create(CLOCK_MONOTONIC, RT, 99)
        value, interval = t.timer_settime(timer, 3, 0.5)
        seen += [timer + 0.0, value, interval]
        value, interval = t.timer_gettime(timer)
        seen += [value, interval, t.timer_getoverrun(timer) + 0.0]
        t.timer_delete(timer)
        return np.array(seen)

    p = k.spawn(program)
    k.run()
    assert p.result.tolist() == [0, 5, 7, 0, 7, 0, 1.5, 2, 0, 0, 0, 3, 0.5, 0]


def test_the_form_that_never_raises(k):
    @compiled
    def program(t, out):
        row = np.zeros(4, np.int64)  # C's struct: interval, then value
        out[0] = t.sys_alarm(5)
        out[1] = t.sys_setitimer(ITIMER_REAL, 1, 2, row)
        out[2] = row[2]
        out[3] = t.sys_getitimer(ITIMER_REAL, row)
        out[4] = row[0]
        out[5] = t.sys_setitimer(ITIMER_REAL, 0)
        out[6] = t.sys_timer_create(CLOCK_MONOTONIC, RT)
        out[7] = t.sys_timer_settime(0, 2.5)
        out[8] = t.sys_timer_settime(0, 1, 0, 0, row)
        out[9] = row[3]
        out[10] = t.sys_timer_gettime(0, row)
        out[11] = row[2]
        out[12] = t.sys_timer_getoverrun(0)
        out[13] = t.sys_timer_delete(0)
        out[14] = t.sys_timer_delete(0)
        out[15] = t.sys_setitimer(ITIMER_REAL, -1)
        out[16] = t.sys_getitimer(9, row)
        out[17] = t.sys_timer_create(99)
        out[18] = t.errno

    out = np.zeros(19, np.int64)
    k.spawn(program, out)
    k.run()
    assert out.tolist() == [0, 0, 5, 0, 2, 0, 0, 0, 0, 5 * 10**8, 0, 1, 0, 0, *[-EINVAL] * 4, EINVAL]


def test_a_call_that_fails_raises(k):
    @compiled
    def program(t):
        failed = 0
        try:
            t.timer_settime(3, 1)
        except Exception:
            failed += 1
        try:
            t.setitimer(7, 1)
        except Exception:
            failed += 1
        try:
            t.timer_create(10)
        except Exception:
            failed += 1
        return failed

    p = k.spawn(program)
    k.run()
    assert p.result == 3


def test_handlers_of_both_kinds_interrupt_compiled_programs(k):
    seen = []

    @compiled
    def program(t):
        t.sigaction(SIGALRM, nothing)
        timer = t.timer_create(CLOCK_MONOTONIC, RT, 7)
        t.timer_settime(timer, 0.5, 1)
        t.setitimer(ITIMER_REAL, 1, 1)
        failed = 0
        for _ in range(6):
            failed += t.sys_pause() == -4
        return failed

    starter = k.spawn()
    starter.sigaction(RT, lambda t, signo, info: seen.append((k.now, info.si_value)))
    p = starter.fork()
    q = p.fork(forwarding(program))
    assert p.wait4() == (q.pid, RT)  # execve has forgotten the handler of Python
    assert seen == []


def forwarding(program):
    def begin(t):
        t.execve(program)

    return begin


def test_a_thousand_clocks(k):
    @compiled
    def clock(t, n):
        t.sigprocmask(SIG_BLOCK, 1 << (RT - 1))
        timer = t.timer_create(CLOCK_MONOTONIC, RT, n)
        t.timer_settime(timer, 1, 0.25)
        info = np.zeros(128, np.uint8)
        total = 0
        for _ in range(5):
            total += t.sys_sigtimedwait(1 << (RT - 1), info)
        return total

    tasks = k.spawn_many(clock, 1000, np.arange(1000))
    k.run()
    assert k.now == 2
    assert {t.result for t in tasks} == {5 * RT}
    k.verify()


def test_a_compiled_handler_knows_its_timer(k):
    @compiled
    def program(t):
        t.sigaction(RT, counting)
        timer = t.timer_create(CLOCK_MONOTONIC, RT)
        t.timer_settime(timer, 1, 1)
        for _ in range(3):
            t.sys_pause()
        return t.timer_getoverrun(timer)

    p = k.spawn(program)
    k.run()
    assert (p.result, k.now) == (0, 3)


def test_raw_calls_in_a_compiled_program(k):
    @compiled
    def program(t):
        return t.syscall("alarm", 5) * 100 + t.syscall("alarm", 0) - t.syscall("timer_delete", 5)

    p = k.spawn(program)
    k.run()
    assert p.result == 5 + EINVAL


@pytest.mark.parametrize(
    ("call", "name"),
    [
        ("t.alarm(1.5)", "seconds"),
        ("t.setitimer(0, 'x')", "seconds"),
        ("t.setitimer(0, 1, 'x')", "interval"),
        ("t.timer_create(0.5)", "clockid"),
        ("t.timer_settime(0, 1, 0, 0.5)", "flags"),
        ("t.sys_timer_gettime(0, 5)", "value"),
        ("t.sys_setitimer(0, 1, 0, 5)", "old"),
    ],
)
def test_wrong_types_are_errors_of_compiling(k, call, name):
    space = {}
    exec(f"def program(t):\n    {call}\n", space)
    with pytest.raises(CompileError, match=rf"\b{name}\b"):
        fastipc.compile(space["program"])


def test_too_little_room_is_a_value_error(k):
    @compiled
    def program(t):
        t.sys_getitimer(0, np.zeros(3, np.int64))

    k.spawn(program)
    with pytest.raises(ValueError, match="value"):
        k.run()
