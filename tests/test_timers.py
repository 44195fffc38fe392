"""Alarms, interval timers and POSIX timers, by hand and in interpreted programs: exact, as virtual time is."""

import pickle

import numpy as np
import pytest

import fastipc
from fastipc import (
    CLOCK_BOOTTIME,
    CLOCK_MONOTONIC,
    CLOCK_PROCESS_CPUTIME_ID,
    CLOCK_REALTIME,
    CLOCK_TAI,
    CLOCK_THREAD_CPUTIME_ID,
    EAGAIN,
    EINTR,
    EINVAL,
    ITIMER_PROF,
    ITIMER_REAL,
    ITIMER_VIRTUAL,
    RLIMIT_SIGPENDING,
    SA_RESTART,
    SI_KERNEL,
    SI_TIMER,
    SIG_BLOCK,
    SIG_DFL,
    SIG_IGN,
    SIG_UNBLOCK,
    SIGALRM,
    SIGEV_NONE,
    SIGEV_THREAD_ID,
    SIGKILL,
    SIGUSR1,
    TIMER_ABSTIME,
    Deadlock,
    ItimerVal,
    TaskExited,
)

RT = 40
MONO = CLOCK_MONOTONIC


def recorder(seen):
    """A handler that notes when it runs and what it is told."""

    def handler(t, signo, info):
        seen.append((t.kernel.now, signo, info.si_code, info.si_timerid, info.si_value, info.si_overrun))

    return handler


# ------------------------------------------------------------------------------------------ alarm, setitimer
def test_an_alarm_comes_when_its_time_is_over(k):
    t, seen = k.spawn(), []
    t.sigaction(SIGALRM, recorder(seen))
    assert t.alarm(5) == 0
    k.run(until=4.75)
    assert (seen, t.alarm(3)) == ([], 1)  # a quarter of a second is left, which is not told as none
    k.run(until=10)
    assert seen == [(7.75, SIGALRM, SI_KERNEL, 0, 0, 0)]
    assert t.alarm(0) == 0


@pytest.mark.parametrize(("left", "told"), [(0.1, 1), (0.5, 1), (1.25, 1), (1.5, 2), (7, 7), (2**33, 0)])
def test_alarm_rounds_what_was_left(k, left, told):
    t = k.spawn()
    t.setitimer(ITIMER_REAL, left)
    assert t.alarm(0) == told  # an unsigned int


def test_alarm_looks_at_32_bits(k):
    t = k.spawn()
    assert [t.alarm(2**32 + 7), t.alarm(-1), t.alarm(0), t.alarm(2**32), t.alarm(0)] == [0, 7, 2**32 - 1, 0, 0]


def test_an_interval_timer_goes_off_again_and_again(k):
    t, seen = k.spawn(), []
    t.sigaction(SIGALRM, recorder(seen))
    assert t.setitimer(ITIMER_REAL, 1.5, 0.5) == ItimerVal()
    assert t.getitimer(ITIMER_REAL) == ItimerVal(it_value=1.5, it_interval=0.5)
    k.run(until=3.2)
    assert [now for now, *_ in seen] == [1.5, 2, 2.5, 3]
    assert t.getitimer(ITIMER_REAL) == ItimerVal(it_value=0.3, it_interval=0.5)
    assert t.setitimer(ITIMER_REAL, 0) == ItimerVal(it_value=0.3, it_interval=0.5)
    k.run(until=10)
    assert len(seen) == 4


def test_an_interval_timer_keeps_its_rhythm_over_a_pause(k):
    t = k.spawn()
    t.sigprocmask(SIG_BLOCK, [SIGALRM])
    t.setitimer(ITIMER_REAL, 1, 0.4)
    k.run(until=3.1)
    assert t.getitimer(ITIMER_REAL) == ItimerVal(it_value=0, it_interval=0.4)
    assert t.sigtimedwait([SIGALRM], 0).si_code == SI_KERNEL
    assert t.getitimer(ITIMER_REAL).it_value == pytest.approx(0.3)


def test_times_of_interval_timers_are_rounded_up_to_microseconds(k):
    t = k.spawn()
    t.setitimer(ITIMER_REAL, 1e-9, 1.5e-6)
    assert tuple(t.getitimer(ITIMER_REAL)) == (1e-6, 2e-6)


def test_timers_of_the_processors_time_stand_still(k):
    t = k.spawn()
    for which in (ITIMER_VIRTUAL, ITIMER_PROF):
        t.setitimer(which, 1, 7)
        k.run(until=k.now + 100)
        assert t.getitimer(which) == ItimerVal(it_value=1.004, it_interval=7)  # one tick more, as on Linux
        t.setitimer(which, 0, 3)
        assert t.getitimer(which) == ItimerVal(it_value=0, it_interval=3)
    for clock in (CLOCK_PROCESS_CPUTIME_ID, CLOCK_THREAD_CPUTIME_ID):
        timer = t.timer_create(clock, RT)
        t.timer_settime(timer, 1, 2, TIMER_ABSTIME)
        k.run(until=k.now + 100)
        assert t.timer_gettime(timer) == ItimerVal(it_value=1, it_interval=2)


def test_a_very_long_time_is_the_end_of_time(k):
    t = k.spawn()
    t.setitimer(ITIMER_REAL, 10**15)
    k.run(until=10)
    assert t.getitimer(ITIMER_REAL).it_value == pytest.approx(9223372036 - 10)


# ------------------------------------------------------------------------------------------ POSIX timers
@pytest.mark.parametrize("clock", [CLOCK_REALTIME, MONO, CLOCK_BOOTTIME, CLOCK_TAI])
def test_a_timer_goes_off_and_tells_its_overruns(k, clock):
    t, seen = k.spawn(), []
    t.sigaction(RT, recorder(seen))
    timer = t.timer_create(clock, RT, 77)
    assert t.timer_settime(timer, 1, 0.25) == ItimerVal()
    k.run(until=1.6)
    assert seen == [(now, RT, SI_TIMER, timer, 77, 0) for now in (1.0, 1.25, 1.5)]
    assert t.timer_gettime(timer).it_value == pytest.approx(0.15)
    t.sigprocmask(SIG_BLOCK, [RT])
    k.run(until=3)
    assert t.timer_getoverrun(timer) == 0
    assert t.timer_gettime(timer) == ItimerVal(it_value=0.25, it_interval=0.25)
    t.sigprocmask(SIG_UNBLOCK, [RT])
    assert seen[3:] == [(3.0, RT, SI_TIMER, timer, 77, 5)]  # 1.75, and five that were missed
    assert t.timer_getoverrun(timer) == 5
    assert t.timer_settime(timer, 0) == ItimerVal(it_value=0.25, it_interval=0.25)
    assert t.timer_getoverrun(timer) == 0


def test_absolute_times_are_of_the_timers_clock(k):
    t, seen = k.spawn(), []
    t.sigaction(RT, recorder(seen))
    k.run(until=2)
    for clock, boot in ((CLOCK_REALTIME, 10**9), (CLOCK_TAI, 10**9), (MONO, 0), (CLOCK_BOOTTIME, 0)):
        timer = t.timer_create(clock, RT)
        t.timer_settime(timer, boot + k.now_ns // 10**9 + 3, 0, TIMER_ABSTIME)
        assert t.timer_gettime(timer) == ItimerVal(it_value=3)
        k.run(until=k.now + 3)
    assert [now for now, *_ in seen] == [5, 8, 11, 14]


def test_a_time_that_is_over_sends_in_the_call(k):
    t, seen = k.spawn(), []
    t.sigaction(RT, recorder(seen))
    timer = t.timer_create(MONO, RT)
    k.run(until=10)
    t.timer_settime(timer, 10, 0, TIMER_ABSTIME)
    assert len(seen) == 1
    t.timer_settime(timer, 1, 2, TIMER_ABSTIME)
    assert seen[1] == (10, RT, SI_TIMER, timer, 0, 4)
    assert t.timer_gettime(timer) == ItimerVal(it_value=1, it_interval=2)


def test_overruns_end_at_an_int(k):
    t = k.spawn()
    t.sigprocmask(SIG_BLOCK, [RT])
    timer = t.timer_create(MONO, RT)
    t.timer_settime(timer, 1e-9, 1e-9)
    k.run(until=5)
    assert t.sigtimedwait([RT], 0).si_overrun == 2**31 - 1
    assert t.timer_getoverrun(timer) == 2**31 - 1


def test_a_time_before_the_machine_centuries_later(k):
    # The time between them does not fit into a signed number of nanoseconds.
    t = k.spawn()
    t.sigprocmask(SIG_BLOCK, [RT])
    k.run(until=9e9)
    timer, silent = t.timer_create(CLOCK_REALTIME, RT), t.timer_create(CLOCK_REALTIME, RT, 0, SIGEV_NONE)
    t.timer_settime(timer, 1e-9, 1, TIMER_ABSTIME)
    t.timer_settime(silent, 1e-9, 0, TIMER_ABSTIME)
    assert tuple(t.timer_gettime(silent)) == (0, 0)
    assert 0 < t.timer_gettime(timer).it_value <= 1
    assert t.sigtimedwait([RT], 0).si_overrun == 2**31 - 1
    assert 0 < t.timer_gettime(timer).it_value <= 1
    k.run(until=k.now + 2)
    assert t.sigtimedwait([RT], 0).si_overrun <= 1


def test_no_event_is_an_alarm_with_the_id(k):
    t = k.spawn()
    t.sigprocmask(SIG_BLOCK, [SIGALRM])
    at = t.mmap(4096, 3, fastipc.MAP_PRIVATE | fastipc.MAP_ANONYMOUS)
    for _ in range(4):
        assert t.syscall("timer_create", MONO, 0, at) == 0
    assert int.from_bytes(t.load(at, 4), "little") == 3
    t.timer_settime(3, 1)
    info = t.sigtimedwait([SIGALRM])
    assert (k.now, info.si_code, info.si_timerid, info.si_value) == (1, SI_TIMER, 3, 3)


def test_signals_of_one_time_come_in_the_order_of_arming(k):
    t = k.spawn()
    t.sigprocmask(SIG_BLOCK, [RT])
    order = [3, 0, 4, 1, 2]
    for n in range(5):
        t.timer_create(MONO, RT, n)
    for n in order:
        t.timer_settime(n, 2)
    k.run(until=2)
    assert [t.sigtimedwait([RT], 0).si_value for _ in range(5)] == order


# ------------------------------------------------------------------------------------------ programs
def test_programs_are_woken(k, kind):
    def program(t):
        seen = []
        t.sigaction(SIGALRM, recorder(seen), flags=SA_RESTART)
        t.sigaction(RT, recorder(seen))
        r, _ = yield t.pipe()
        timer = yield t.timer_create(MONO, RT, 5)
        yield t.setitimer(ITIMER_REAL, 1, 1)
        yield t.timer_settime(timer, 2.5)
        try:
            yield t.read(r, 1)
        except InterruptedError:
            pass
        yield t.setitimer(ITIMER_REAL, 0)
        return [(now, signo) for now, signo, *_ in seen], t.kernel.now

    p = k.spawn(kind(program))
    k.run()
    assert p.result == ([(1, SIGALRM), (2, SIGALRM), (2.5, RT)], 2.5)


def test_both_verbs_in_programs(k, kind):
    def program(t):
        told = np.zeros(1, fastipc.ITIMERVAL), np.zeros(1, fastipc.ITIMERSPEC)
        seen = [(yield t.sys_alarm(7)), (yield t.sys_setitimer(ITIMER_REAL, 1, 2, told[0]))]
        seen += [int(told[0]["it_value"]["tv_sec"][0]), (yield t.sys_getitimer(ITIMER_REAL, told[0]))]
        seen += [int(told[0]["it_interval"]["tv_sec"][0]), (yield t.sys_alarm(0)), (yield t.sys_timer_create(MONO, RT))]
        seen += [(yield t.sys_timer_settime(0, 2.5)), (yield t.sys_timer_settime(0, 3, 1, 0, told[1]))]
        seen += [int(told[1]["it_value"]["tv_nsec"][0]), (yield t.sys_timer_gettime(0, told[1]))]
        seen += [int(told[1]["it_value"]["tv_sec"][0]), (yield t.sys_timer_getoverrun(0))]
        seen += [(yield t.sys_timer_delete(0)), (yield t.sys_timer_delete(0)), t.errno]
        return seen

    p = k.spawn(kind(program))
    k.run()
    assert p.result == [0, 0, 7, 0, 2, 1, 0, 0, 0, 5 * 10**8, 0, 3, 0, 0, -EINVAL, EINVAL]


def test_a_program_without_a_handler_dies_of_its_alarm(k, kind):
    def program(t):
        yield t.alarm(3)
        yield t.pause()

    a = k.spawn()
    p = a.fork(kind(program))
    assert a.wait4(p) == (p.pid, SIGALRM)
    assert k.now == 3


def test_a_handler_of_a_timer_may_sleep(k, kind):
    log = []

    def handler(t, signo, info):
        yield t.nanosleep(0.5)
        log.append((k.now, info.si_overrun))
        if len(log) == 2:
            yield t.timer_delete(info.si_timerid)

    def program(t):
        t.sigaction(RT, kind(handler))
        timer = yield t.timer_create(MONO, RT)
        yield t.timer_settime(timer, 1, 0.2)
        yield t.sys_pause()

    k.spawn(kind(program))
    k.run()
    assert log == [(1.5, 0), (2.0, 1)]


# ------------------------------------------------------------------------------------------ how far a run goes
def test_the_clock_does_not_run_for_a_task_that_is_driven_by_hand(k):
    t = k.spawn()
    t.alarm(5)
    k.run()
    assert k.now == 0
    k.run(until=5)
    assert t.state in ("zombie", "dead")
    assert t.exit_status == SIGALRM


def test_a_call_from_outside_waits_for_alarms_that_end_it(k):
    a = k.spawn()
    b = a.fork()
    b.alarm(2)
    assert a.wait4() == (b.pid, SIGALRM)
    assert k.now == 2
    a.alarm(3)
    with pytest.raises(TaskExited):
        a.pause()
    assert k.now == 5


def test_a_call_that_only_another_tasks_handler_can_end(k):
    a = k.spawn()
    r, w = a.pipe()
    b = a.fork()
    b.sigaction(SIGALRM, lambda t, signo, info: t.write(w, b"late"))
    b.alarm(9)
    assert a.read(r, 10) == b"late"
    assert k.now == 9


def test_a_clockwork_of_somebody_else_hides_no_deadlock(k):
    a, b = k.spawn(), k.spawn()
    b.sigaction(RT, lambda t, signo, info: None)
    timer = b.timer_create(MONO, RT)
    b.timer_settime(timer, 1, 1)
    b.sigaction(SIGALRM, lambda t, signo, info: None)
    b.setitimer(ITIMER_REAL, 1, 1)
    r, _ = a.pipe()
    with pytest.raises(Deadlock):
        a.read(r, 1)
    assert k.now == 0


def test_a_submitted_call_and_its_alarm(k):
    t = k.spawn()
    t.sigaction(SIGALRM, lambda t, signo, info: None)
    t.alarm(4)
    call = t.submit("pause")
    k.run()
    assert (k.now, call.done(), call.exception().errno) == (4, True, EINTR)


def test_programs_that_sleep_for_good_are_a_deadlock_after_the_last_timer(k, kind):
    def program(t):
        t.sigprocmask(SIG_BLOCK, [SIGALRM])
        yield t.setitimer(ITIMER_REAL, 1, 1)
        yield t.pause()

    k.spawn(kind(program))
    with pytest.raises(Deadlock, match="pause"):
        k.run()
    assert k.now == 1


def test_a_run_with_a_limit_ends_there(k):
    t, seen = k.spawn(), []
    t.sigaction(SIGALRM, recorder(seen))
    t.setitimer(ITIMER_REAL, 0.3, 0.3)
    assert k.run(until=1).stopped == "until"
    assert (k.now, len(seen)) == (1, 3)
    assert k.step() is False


def test_a_stopped_process_gets_its_alarm_when_it_goes_on(k):
    a, seen = k.spawn(), []
    b = a.fork()
    b.sigaction(SIGALRM, recorder(seen))
    b.alarm(1)
    a.kill(b, fastipc.SIGSTOP)
    k.run(until=5)
    assert (b.state, seen) == ("stopped", [])
    a.kill(b, fastipc.SIGCONT)
    assert [now for now, *_ in seen] == [5]


# ------------------------------------------------------------------------------------------ the end
def test_nothing_is_left_of_timers(k, rows):
    fresh = rows(k)
    a = k.spawn(uid=7)
    b = a.thread()
    for task in (a, b):
        task.sigprocmask(SIG_BLOCK, [RT])
    for n in range(100):
        timer = a.timer_create(MONO, RT, n, SIGEV_THREAD_ID if n % 2 else 0, b.pid)
        a.timer_settime(timer, 1 + n % 7, n % 3)
    a.setitimer(ITIMER_REAL, 100, 1)
    k.run(until=4)
    k.verify()
    for n in range(0, 100, 3):
        a.timer_delete(n)
    k.verify()
    b.exit()
    k.verify()
    k.run(until=9)
    a.exit_group()
    assert rows(k) == fresh
    k.run()
    assert k.now == 9


def test_execve_deletes_timers_and_keeps_interval_timers(k, kind):
    def after(t):
        left = yield t.getitimer(ITIMER_REAL)
        return left, t.sys_timer_delete(0), (yield t.timer_create(MONO))

    def before(t):
        yield t.timer_create(MONO, RT)
        yield t.timer_settime(0, 5, 1)
        yield t.setitimer(ITIMER_REAL, 9, 1)
        yield t.execve(kind(after))

    p = k.spawn(kind(before))
    k.run()
    assert p.result == (ItimerVal(it_value=9, it_interval=1), -EINVAL, 1)


def test_timers_count_as_queued_signals(k, errno_of):
    a = k.spawn(uid=1000)
    a.setrlimit(RLIMIT_SIGPENDING, (2, 2))
    assert [a.timer_create(MONO), a.timer_create(MONO, notify=SIGEV_NONE)] == [0, 1]
    assert errno_of(a.timer_create, MONO) == EAGAIN
    assert errno_of(a.sigqueue, a, RT, 1) == EAGAIN
    b = k.spawn(uid=1000)
    b.setrlimit(RLIMIT_SIGPENDING, (2, 2))
    assert errno_of(b.timer_create, MONO) == EAGAIN  # the same user
    a.exit_group()
    assert b.timer_create(MONO) == 0


@pytest.mark.parametrize("kind_of_row", ["row", "itimer", "k_itimer", "sigqueue", "xa_node"])
def test_failed_allocations_leave_nothing(k, picture, kind_of_row):
    calls = [
        lambda t: t.alarm(3),
        lambda t: t.setitimer(ITIMER_PROF, 3),
        lambda t: t.timer_create(MONO),
        lambda t: [t.timer_create(MONO) for _ in range(70)],
    ]
    failed = 0
    for call in calls:
        for nth in range(1, 150):
            t = k.spawn()
            before = len(k.table("k_itimer", live=True)), len(k.table("sigqueue", live=True))
            k.inject(kind_of_row, nth)
            try:
                call(t)
            except OSError as e:
                failed += 1
                assert e.errno in (EAGAIN, fastipc.ENOMEM)
            else:
                nth = 0
            k.inject(kind_of_row, 0)
            k.verify()
            t.exit_group()
            assert (len(k.table("k_itimer", live=True)), len(k.table("sigqueue", live=True))) == before
            if nth == 0:
                break
    assert failed


# ------------------------------------------------------------------------------------------ looking on
def test_timers_are_rows_of_tables(k):
    t = k.spawn()
    timer = t.timer_create(CLOCK_REALTIME, SIGUSR1, 5)
    t.timer_settime(timer, 3, 0.5)
    t.setitimer(ITIMER_REAL, 4, 2)
    (row,) = k.table("k_itimer", live=True)
    assert (row["it_id"], row["it_clock"], row["it_interval"], row["it_expires"]) == (0, 0, 5 * 10**8, 3 * 10**9)
    (row,) = k.table("itimer", live=True)
    assert (row["tgid"], row["it_real_incr"], row["real_timer"]["expires"]) == (t.pid, 2 * 10**9, 4 * 10**9)


def test_calls_on_timers_in_a_trace(k):
    lines = []
    k.trace(lines)
    t = k.spawn()
    t.alarm(5)
    t.setitimer(ITIMER_REAL, 1.5, 2)
    t.timer_create(MONO, RT)
    t.timer_settime(0, 3, 0.25, TIMER_ABSTIME)
    t.sys_timer_gettime(4, bytearray(32))
    assert [line.split(" ", 2)[2] for line in lines] == [
        "alarm(5) = 0",
        "setitimer(0, 1.5, 2) = 0",
        "timer_create(1, 40, 0, 0) = 0",
        "timer_settime(0, 0x1, 3, 0.25) = 0",
        "timer_gettime(4) = -1 EINVAL",
    ]


def test_two_runs_are_the_same(make_kernel, kind):
    def program(t, n):
        timer = yield t.timer_create(MONO, RT, n)
        yield t.timer_settime(timer, n / 7, n / 11)
        for _ in range(5):
            yield t.sigtimedwait([RT])
        yield t.alarm(n)
        yield t.sys_pause()

    hashes = []
    for _ in range(2):
        k = make_kernel(seed=3, schedule="random")
        starter = k.spawn()
        starter.sigprocmask(SIG_BLOCK, [RT])
        for n in range(1, 30):
            starter.fork(kind(program), n)
        k.run(until=3)
        hashes.append(k.state_hash())
        k.run()
        hashes.append((k.state_hash(), k.trace_hash, k.now_ns))
    assert hashes[:2] == hashes[2:]


def test_very_many_timers(k):
    t, seen = k.spawn(), []
    t.sigaction(RT, lambda t, signo, info: seen.append(info.si_value))
    for n in range(20_000):
        t.timer_settime(t.timer_create(MONO, RT, n), 1 + n * 7919 % 20_000)
    k.verify()
    for n in range(0, 20_000, 2):
        t.timer_delete(n)
    k.run(until=30_000)
    assert [n * 7919 % 20_000 for n in seen] == sorted(n * 7919 % 20_000 for n in range(1, 20_000, 2))


# ------------------------------------------------------------------------------------------ arguments
def test_a_setting_is_a_record():
    setting = ItimerVal(it_value=1.5, it_interval=2)
    assert (setting.it_value, setting.it_interval) == tuple(setting) == (1.5, 2)
    assert setting._asdict() == {"it_value": 1.5, "it_interval": 2}
    assert pickle.loads(pickle.dumps(setting)) == setting
    assert hash(setting) == hash(ItimerVal(it_value=1.5, it_interval=2))
    assert setting != ItimerVal()
    assert repr(setting) == "ItimerVal(it_value=1.5, it_interval=2.0)"
    with pytest.raises(AttributeError):
        setting.it_value = 3
    with pytest.raises(TypeError):
        ItimerVal(1)


@pytest.mark.parametrize(
    ("call", "args", "name"),
    [
        ("alarm", (1.5,), "seconds"),
        ("alarm", ("1",), "seconds"),
        ("setitimer", ("real", 1), "which"),
        ("setitimer", (0, "soon"), "seconds"),
        ("setitimer", (0, 1, None), "interval"),
        ("getitimer", (0.0,), "which"),
        ("timer_create", (None,), "clockid"),
        ("timer_create", (1, "SIGALRM"), "sig"),
        ("timer_create", (1, 14, 0.5), "value"),
        ("timer_create", (1, 14, 0, "none"), "notify"),
        ("timer_create", (1, 14, 0, 4, 1.5), "tid"),
        ("timer_settime", ("0", 1), "id"),
        ("timer_settime", (0, None), "seconds"),
        ("timer_settime", (0, 1, 1, 0.5), "flags"),
        ("timer_gettime", ([],), "id"),
        ("timer_getoverrun", (0.5,), "id"),
        ("timer_delete", (None,), "id"),
        ("sys_setitimer", (0, 1, 0, 5), "old"),
        ("sys_getitimer", (0, b"x" * 32), "value"),
        ("sys_timer_gettime", (0, "x"), "value"),
    ],
)
def test_wrong_types_name_the_argument(k, picture, call, args, name):
    t = k.spawn()
    t.timer_create(MONO)
    before = picture(k)
    with pytest.raises(TypeError, match=rf"\b{name}\b"):
        getattr(t, call)(*args)
    assert picture(k) == before


def test_bad_values(k, errno_of, picture):
    t = k.spawn()
    timer = t.timer_create(MONO)
    before = picture(k)
    for seconds in (float("nan"), float("inf")):
        with pytest.raises(ValueError, match="seconds"):
            t.setitimer(ITIMER_REAL, seconds)
        with pytest.raises(ValueError, match="interval"):
            t.timer_settime(timer, 1, seconds)
    for room in (bytearray(31), np.zeros(3, np.int64)):
        with pytest.raises(ValueError, match="old"):
            t.sys_setitimer(ITIMER_REAL, 1, 0, room)
        with pytest.raises(ValueError, match="value"):
            t.sys_timer_gettime(timer, room)
    for which in (-1, 3, 2**40, -(2**63)):
        assert errno_of(t.setitimer, which, 1) == errno_of(t.getitimer, which) == EINVAL
    for bad in (-1, -1e-9, -(10**12)):
        assert errno_of(t.setitimer, ITIMER_REAL, bad) == errno_of(t.setitimer, ITIMER_PROF, 1, bad) == EINVAL
        assert errno_of(t.timer_settime, timer, bad) == errno_of(t.timer_settime, timer, 1, bad) == EINVAL
    for id in (1, -1, 2**32, 2**63 - 1):
        assert errno_of(t.timer_gettime, id) == errno_of(t.timer_delete, id) == EINVAL
        assert errno_of(t.timer_settime, id, 1) == errno_of(t.timer_getoverrun, id) == EINVAL
    for clock in (10, 2**32 + 1, -(2**40)):
        assert errno_of(t.timer_create, clock) == EINVAL
    assert picture(k) == before
    for sig in (0, 65, -1, 2**40):
        assert errno_of(t.timer_create, MONO, sig) == EINVAL


def test_no_call_sends_a_signal_that_is_ignored(k):
    t, seen = k.spawn(), []
    timer = t.timer_create(MONO, RT)
    t.sigaction(RT, SIG_IGN)
    t.timer_settime(timer, 1, 1)
    k.run(until=10.5)
    assert len(k.table("k_itimer", live=True)) == 1
    t.sigaction(RT, recorder(seen))
    assert seen == [(10.5, RT, SI_TIMER, timer, 0, 9)]
    k.run(until=11)
    assert len(seen) == 2
    t.sigaction(RT, SIG_DFL)
    k.run(until=12)
    assert t.exit_status == RT


def test_a_timer_may_kill(k):
    a = k.spawn()
    b = a.fork()
    b.timer_settime(b.timer_create(MONO, SIGKILL), 2)
    assert a.wait4() == (b.pid, SIGKILL)
