"""Alarms, interval timers, POSIX timers. Long times are shown in seconds, short ones are slept through."""

from .abi import (
    CLOCK_BOOTTIME,
    CLOCK_MONOTONIC,
    CLOCK_PROCESS_CPUTIME_ID,
    CLOCK_REALTIME,
    CLOCK_TAI,
    CLOCK_THREAD_CPUTIME_ID,
    INT_MAX,
    INT_MIN,
    ITIMER_PROF,
    ITIMER_REAL,
    ITIMER_VIRTUAL,
    POLLIN,
    RLIMIT_SIGPENDING,
    SA_RESTART,
    SFD_CLOEXEC,
    SFD_NONBLOCK,
    SI_TIMER,
    SIG_BLOCK,
    SIG_DFL,
    SIG_IGN,
    SIG_UNBLOCK,
    SIGALRM,
    SIGCHLD,
    SIGCONT,
    SIGEV_NONE,
    SIGEV_SIGNAL,
    SIGEV_THREAD,
    SIGEV_THREAD_ID,
    SIGKILL,
    SIGUSR1,
    SIGUSR2,
    TIMER_ABSTIME,
)
from .machine import ASLEEP, Machine

RT = 40
SOON, LONG = 0.01, 0.05  # seconds: a time that is over after the other
MONO = CLOCK_MONOTONIC


# ------------------------------------------------------------------------------------------------ alarm, setitimer
def alarm_tells_what_was_left(m: Machine) -> None:
    """alarm returns the seconds that were left, rounded, never 0 of something; 0 turns it off."""
    a = m.spawn()
    assert [a.alarm(n) for n in (0, 100, 50, 2**32 + 7, 2**32 - 1, 0, 0)] == [0, 0, 100, 50, 7, 2**32 - 1, 0]
    for seconds, told in ((9.3, 9), (9.7, 10), (0.4, 1), (0.9, 1)):
        a.setitimer(ITIMER_REAL, seconds)
        assert a.alarm(0) == told
    a.setitimer(ITIMER_REAL, 100, 3)
    assert a.alarm(20) == 100
    assert a.getitimer(ITIMER_REAL) == (20, 0)


def setitimer_tells_the_old_setting(m: Machine) -> None:
    """Each of the three timers is its own; a value of 0 turns it off, of ITIMER_REAL with the interval."""
    a = m.spawn()
    for which in (ITIMER_REAL, ITIMER_VIRTUAL, ITIMER_PROF):
        assert a.getitimer(which) == (0, 0)
        assert a.setitimer(which, 1000, 2.5) == (0, 0)
    for which in (ITIMER_REAL, ITIMER_VIRTUAL, ITIMER_PROF):
        assert a.setitimer(which, 2000) == (1000, 2.5)
        assert a.getitimer(which) == (2000, 0)
        assert a.setitimer(which, 0, 7) == (2000, 0)
        assert a.getitimer(which) == (0, 7 if which else 0)


def setitimer_errors(m: Machine) -> None:
    """setitimer, getitimer: EINVAL of a timer that is none and of a negative time; the time is looked at first."""
    a = m.spawn()
    for which in (-1, 3, INT_MIN, INT_MAX):
        assert a.setitimer(which, 0) == a.getitimer(which) == "EINVAL"
    for times in ((-1, 0), (0, -1), (1, -1)):
        assert a.setitimer(ITIMER_REAL, *times) == a.setitimer(ITIMER_PROF, *times) == "EINVAL"
    assert a.getitimer(ITIMER_REAL) == (0, 0)


def an_alarm_interrupts(m: Machine) -> None:
    """The handler of SIGALRM is told code SI_KERNEL and no sender; pause is EINTR, a read with SA_RESTART goes on."""
    a, b = m.spawn(), m.spawn()
    a.sigaction(SIGALRM, "handler")
    a.setitimer(ITIMER_REAL, SOON)
    assert a.submit("pause").result() == "EINTR"
    assert a.getitimer(ITIMER_REAL) == (0, 0)
    a.sigaction(SIGALRM, "handler", [], SA_RESTART)
    r, w = a.pipe()
    a.setitimer(ITIMER_REAL, SOON)
    read = a.submit("read", r, 1)
    b.sleep(LONG)
    m.settle()
    assert not read.done()


def an_alarm_kills(m: Machine) -> None:
    """By default SIGALRM ends the process; its parent is told."""
    a = m.spawn()
    b = a.fork()
    b.setitimer(ITIMER_REAL, SOON)
    assert a.submit("wait4").result() == (b.name, SIGALRM)


def alarms_collapse(m: Machine) -> None:
    """Limits 4.5: a blocked signal of an interval timer is pending once; the timer goes on when it is taken."""
    a, b = m.spawn(), m.spawn()
    a.sigprocmask(SIG_BLOCK, [SIGALRM])
    a.setitimer(ITIMER_REAL, SOON, 100)
    b.sleep(LONG)
    assert a.sigpending() == [SIGALRM]
    assert a.getitimer(ITIMER_REAL) == (0, 100)
    assert a.sigtimedwait([SIGALRM], 0) == (SIGALRM, 128)
    assert a.getitimer(ITIMER_REAL) == (100, 100)
    assert a.sigtimedwait([SIGALRM], 0) == "EAGAIN"


def an_ignored_alarm_stops_its_timer(m: Machine) -> None:
    """An interval timer whose SIGALRM is ignored stands still until any SIGALRM of the process is taken."""
    a, b = m.spawn(), m.spawn()
    a.sigaction(SIGALRM, SIG_IGN)
    a.setitimer(ITIMER_REAL, SOON, 100)
    b.sleep(LONG)
    assert a.getitimer(ITIMER_REAL) == (0, 100)
    a.sigaction(SIGALRM, "handler")
    assert a.getitimer(ITIMER_REAL) == (0, 100)
    b.tkill(a, SIGALRM)
    assert a.getitimer(ITIMER_REAL) == (0, 100)
    b.kill(a, SIGALRM)
    assert a.getitimer(ITIMER_REAL) == (100, 100)


def interval_timers_over_fork_exec_and_threads(m: Machine) -> None:
    """A child has none, execve keeps them, threads share them, also when the one that set them has ended."""
    a = m.spawn()
    for which in (ITIMER_REAL, ITIMER_VIRTUAL, ITIMER_PROF):
        a.setitimer(which, 1000, 10)
    b, c = a.fork(), a.thread()
    assert [b.getitimer(which) for which in range(3)] == [(0, 0)] * 3
    assert c.setitimer(ITIMER_REAL, 3000, 30) == (1000, 10)
    c.exit()
    assert a.getitimer(ITIMER_REAL) == (3000, 30)
    a.execve()
    assert [a.getitimer(which) for which in range(3)] == [(3000, 30), (1000, 10), (1000, 10)]


# ------------------------------------------------------------------------------------------------ timer_create
def timer_ids_count_from_0(m: Machine) -> None:
    """Ids are counted in each process, also those of timers that then could not be made; none is used again."""
    a = m.spawn()
    assert [a.timer_create(MONO) for _ in range(3)] == [0, 1, 2]
    assert a.timer_create(99) == "EINVAL"
    assert a.timer_create(MONO, 0) == "EINVAL"
    assert a.timer_create(MONO, SIGALRM, 0, 77) == "EINVAL"
    assert a.timer_create(MONO) == 5
    a.timer_delete(1)
    assert a.timer_create(MONO) == 6
    b, c = a.fork(), a.thread()
    assert b.timer_create(MONO) == 0
    assert c.timer_create(MONO) == 7
    assert b.timer_gettime(5) == "EINVAL"
    assert a.timer_gettime(7) == (0, 0)
    a.execve()
    assert a.timer_create(MONO) == 8


def timer_create_errors(m: Machine) -> None:
    """timer_create: EINVAL or EOPNOTSUPP of the clock > EINVAL of the event; threads must be of the process."""
    a = m.spawn()
    b, c = a.fork(), a.thread()
    clocks = [n for n in range(-2, 30) if n not in (8, 9)]  # alarm clocks: as the host has them
    results = [a.timer_create(clock, 0, 0, SIGEV_NONE) for clock in clocks]
    assert results[0] == 0
    assert results[1] == "EINVAL"
    for clock in (INT_MIN, INT_MAX, -5, -8, -7, -6, 99):
        a.timer_create(clock, 0, 0, SIGEV_NONE)
    for sig in (0, -1, 65, INT_MAX, INT_MIN):
        for notify in (SIGEV_SIGNAL, SIGEV_THREAD, SIGEV_THREAD_ID):
            assert a.timer_create(MONO, sig, 0, notify, a) == "EINVAL"
        assert isinstance(a.timer_create(MONO, sig, 0, SIGEV_NONE), int)
    for notify in (3, 5, 6, 7, 8, -1):
        assert a.timer_create(MONO, SIGALRM, 0, notify, a) == "EINVAL"
    assert a.timer_create(MONO, SIGALRM, 0, SIGEV_THREAD_ID, b) == "EINVAL"
    for tid in (0, -1, INT_MAX):
        assert a.timer_create(MONO, SIGALRM, 0, SIGEV_THREAD_ID, tid) == "EINVAL"
    assert isinstance(a.timer_create(MONO, SIGALRM, 0, SIGEV_THREAD_ID, c), int)
    assert isinstance(a.timer_create(MONO, SIGKILL), int)
    assert a.timer_create(99, 0, 0, 77) == "EINVAL"
    assert a.timer_create(4, 0, 0, 77) == "ENOTSUP"


def clocks_of_processes(m: Machine) -> None:
    """A clock of a process' time may be anybody's, of a thread's only of the own process."""
    a = m.spawn()
    b, c = a.fork(), a.thread()
    for task in (a, b, c):
        for bits in range(8):
            a.timer_create((task, bits))
    b.exit()
    a.wait4()
    assert a.timer_create((b, 2)) == "EINVAL"


def limits_of_timers(m: Machine) -> None:
    """Limits 4.2: each timer counts as a queued signal, also one that sends none: EAGAIN; deleted it counts no more."""
    a = m.spawn(1000)
    a.setrlimit(RLIMIT_SIGPENDING, (3, 3))
    a.sigprocmask(SIG_BLOCK, [RT])
    a.sigqueue(a, RT, 1)
    assert [a.timer_create(MONO), a.timer_create(MONO, 0, 0, SIGEV_NONE)] == [0, 1]
    assert a.timer_create(MONO) == a.timer_create(MONO, 0) == "EAGAIN"
    assert a.timer_create(99) == "EINVAL"
    assert a.sigqueue(a, RT, 2) == "EAGAIN"
    a.timer_delete(1)
    assert a.timer_create(MONO) == 2
    a.sigtimedwait([RT], 0)
    assert a.timer_create(MONO) == 3


# ------------------------------------------------------------------------------------------------ timer_settime
def a_timer_is_set_and_asked(m: Machine) -> None:
    """timer_settime tells the old setting, 0 turns off with the interval; gettime tells what is left."""
    a = m.spawn()
    for clock in (CLOCK_REALTIME, MONO, CLOCK_BOOTTIME, CLOCK_TAI, CLOCK_PROCESS_CPUTIME_ID, CLOCK_THREAD_CPUTIME_ID):
        t = a.timer_create(clock, RT)
        assert a.timer_gettime(t) == (0, 0)
        assert a.timer_settime(t, 1000, 2.5) == (0, 0)
        assert a.timer_gettime(t) == (1000, 2.5)
        assert a.timer_settime(t, 2000) == (1000, 2.5)
        assert a.timer_settime(t, 0, 5) == (2000, 0)
        assert a.timer_gettime(t) == (0, 0)
        assert a.timer_getoverrun(t) == 0
        assert a.timer_settime(t, 3000, 0.1, 0xFE) == (0, 0)
        assert a.timer_gettime(t) == (3000, 0.1)


def timers_that_send_nothing(m: Machine) -> None:
    """SIGEV_NONE: the time runs and is told; turned off, one of a real clock tells on what was left."""
    a, b = m.spawn(), m.spawn()
    for clock in (MONO, CLOCK_REALTIME, CLOCK_PROCESS_CPUTIME_ID):
        t = a.timer_create(clock, 0, 0, SIGEV_NONE)
        assert a.timer_gettime(t) == (0, 0)
        a.timer_settime(t, 1000, 2.5)
        assert a.timer_gettime(t) == (1000, 2.5)
        a.timer_settime(t, 0)
        a.timer_gettime(t)
    t = a.timer_create(MONO, 0, 0, SIGEV_NONE)
    a.timer_settime(t, SOON)
    b.sleep(LONG)
    assert a.timer_gettime(t) == (0, 0)
    a.timer_settime(t, SOON, 100)
    b.sleep(LONG)
    assert a.timer_gettime(t) == (100, 100)
    assert a.timer_getoverrun(t) == 0


def timer_errors(m: Machine) -> None:
    """EINVAL of a timer that is none or was deleted, and of times that are negative."""
    a = m.spawn()
    t = a.timer_create(MONO)
    for i in (1, -1, INT_MAX, INT_MIN):
        assert a.timer_settime(i, 1) == a.timer_gettime(i) == "EINVAL"
        assert a.timer_getoverrun(i) == a.timer_delete(i) == "EINVAL"
    for times in ((-1, 0), (0, -1), (1, -1)):
        assert a.timer_settime(t, *times) == "EINVAL"
    assert a.timer_delete(t) is None
    assert a.timer_delete(t) == a.timer_settime(t, 0) == a.timer_gettime(t) == a.timer_getoverrun(t) == "EINVAL"


def absolute_times(m: Machine) -> None:
    """TIMER_ABSTIME: a time of the timer's clock; one that is over sends at once, intervals since then are overruns."""
    a, b = m.spawn(), m.spawn()
    a.sigprocmask(SIG_BLOCK, [RT])
    for clock in (CLOCK_REALTIME, MONO, CLOCK_BOOTTIME, CLOCK_TAI):
        t = a.timer_create(clock, RT, clock)
        a.timer_settime_from_now(t, clock, 1000, 5)
        assert a.timer_gettime(t) == (1000, 5)
        a.timer_settime(t, 1e-9, 0, TIMER_ABSTIME)
        assert a.sigpending() == [RT]
        assert a.timer_gettime(t) == (0, 0)
        assert a.sigtimedwait([RT], 0) == (RT, SI_TIMER, t, clock)
        a.timer_settime_from_now(t, clock, SOON, 0)
        b.sleep(LONG)
        assert a.sigtimedwait([RT], 0) == (RT, SI_TIMER, t, clock)
    t = a.timer_create(MONO, RT, 9)
    b.sleep(LONG)
    a.timer_settime(t, 1e-9, 0.001, TIMER_ABSTIME)
    assert a.sigtimedwait([RT], 0) == (RT, SI_TIMER, t, 9)
    assert a.timer_getoverrun(t) == "some"


# ------------------------------------------------------------------------------------------------ signals of timers
def handlers_of_timers(m: Machine) -> None:
    """A handler is told code SI_TIMER, the timer and its value; standard and real-time signals alike."""
    a = m.spawn()
    for sig in (SIGALRM, SIGUSR1, RT):
        a.sigaction(sig, "handler")
        t = a.timer_create(MONO, sig, sig * 10)
        a.timer_settime(t, SOON)
        assert a.submit("pause").result() == "EINTR"
        assert a.timer_gettime(t) == (0, 0)
        assert a.timer_getoverrun(t) == 0
    t = a.timer_create(MONO, RT, 5, SIGEV_THREAD)
    a.timer_settime(t, SOON)
    assert a.submit("pause").result() == "EINTR"


def a_pending_timer_overruns(m: Machine) -> None:
    """Limits 4.5: a timer's signal is pending once, the timer goes on when it is taken, and tells what was missed."""
    a, b = m.spawn(), m.spawn()
    a.sigprocmask(SIG_BLOCK, [RT])
    t = a.timer_create(MONO, RT, 7)
    a.timer_settime(t, SOON, 0.001)
    b.sleep(LONG)
    assert a.sigpending() == [RT]
    assert a.timer_getoverrun(t) == 0
    assert a.timer_gettime(t) == ("soon", 0.001)
    assert a.sigtimedwait([RT], 0) == (RT, SI_TIMER, t, 7)
    assert a.timer_getoverrun(t) == "some"
    b.sleep(LONG)
    a.sigtimedwait([RT], 0)
    a.timer_settime(t, SOON)
    assert a.timer_getoverrun(t) == 0


def several_timers_of_one_standard_signal(m: Machine) -> None:
    """Each timer's signal is queued, also a standard one that is pending; kill of one that is pending adds nothing."""
    a, b = m.spawn(), m.spawn()
    a.sigprocmask(SIG_BLOCK, [SIGUSR1])
    first, second = a.timer_create(MONO, SIGUSR1, 1), a.timer_create(MONO, SIGUSR1, 2)
    a.timer_settime(second, SOON)
    b.sleep(LONG)
    a.kill(a, SIGUSR1)
    a.timer_settime(first, SOON)
    b.sleep(LONG)
    assert [a.sigtimedwait([SIGUSR1], 0) for _ in range(3)] == [
        (SIGUSR1, SI_TIMER, second, 2), (SIGUSR1, SI_TIMER, first, 1), "EAGAIN",
    ]  # fmt: skip
    a.kill(a, SIGUSR1)
    a.timer_settime(first, SOON)
    b.sleep(LONG)
    assert [a.sigtimedwait([SIGUSR1], 0)[1] for _ in range(2)] == [0, SI_TIMER]


def a_signal_of_a_timer_that_was_set_again_is_dropped(m: Machine) -> None:
    """A pending signal is void when its timer is set again or deleted: it shows as pending, and nobody takes it."""
    a, b = m.spawn(), m.spawn()
    a.sigprocmask(SIG_BLOCK, [RT, SIGUSR2])
    t, u = a.timer_create(MONO, RT, 1), a.timer_create(MONO, RT, 2)
    for timer in (t, u):
        a.timer_settime(timer, SOON)
        b.sleep(LONG)
    a.timer_settime(t, 0)
    assert a.sigpending() == [RT]
    assert a.sigtimedwait([RT], 0) == (RT, SI_TIMER, u, 2)
    assert a.sigpending() == []
    a.timer_settime(t, SOON, 100)
    b.sleep(LONG)
    a.timer_settime(t, 1000)
    assert a.sigtimedwait([RT], 0) == "EAGAIN"
    assert a.timer_gettime(t) == (1000, 0)
    a.timer_settime(u, SOON, 100)
    b.sleep(LONG)
    a.timer_delete(u)
    assert a.sigpending() == [RT]
    a.sigaction(RT, "handler")
    a.sigprocmask(SIG_UNBLOCK, [RT])
    assert a.sigpending() == []


def a_timer_that_was_set_again_and_went_off_again_sends_once(m: Machine) -> None:
    """A void signal in the queue becomes good again when the timer goes off before it is dropped."""
    a, b = m.spawn(), m.spawn()
    a.sigprocmask(SIG_BLOCK, [RT])
    t = a.timer_create(MONO, RT, 1)
    for _ in range(2):
        a.timer_settime(t, SOON)
        b.sleep(LONG)
    assert [a.sigtimedwait([RT], 0) for _ in range(2)] == [(RT, SI_TIMER, t, 1), "EAGAIN"]


def ignored_signals_of_timers(m: Machine) -> None:
    """A periodic timer whose signal is ignored waits; when it is no longer ignored the signal comes, with overruns."""
    a, b = m.spawn(), m.spawn()
    t, once = a.timer_create(MONO, RT, 1), a.timer_create(MONO, RT, 2)
    a.sigaction(RT, SIG_IGN)
    a.timer_settime(t, SOON, 0.001)
    a.timer_settime(once, SOON)
    b.sleep(LONG)
    assert a.timer_gettime(t) == ("soon", 0.001)
    assert a.timer_gettime(once) == (0, 0)
    a.sigprocmask(SIG_BLOCK, [RT])
    assert a.sigpending() == []
    a.sigaction(RT, "handler")
    assert a.sigpending() == [RT]
    assert a.sigtimedwait([RT], 0) == (RT, SI_TIMER, t, 1)
    assert a.timer_getoverrun(t) == "some"
    b.sleep(LONG)
    assert a.sigpending() == [RT]
    a.sigaction(RT, SIG_IGN)
    assert a.sigpending() == []
    a.sigaction(RT, SIG_DFL)
    assert a.sigpending() == [RT]
    a.sigaction(RT, SIG_IGN)
    a.timer_settime(t, 0)
    a.sigaction(RT, "handler")
    a.sigtimedwait([RT], 0)


def signals_that_are_ignored_by_default(m: Machine) -> None:
    """SIGCHLD and SIGCONT of a timer are dropped while the action is the default one."""
    a, b = m.spawn(), m.spawn()
    for sig in (SIGCHLD, SIGCONT):
        t = a.timer_create(MONO, sig, 5)
        a.timer_settime(t, SOON, 0.001)
        b.sleep(LONG)
        assert a.timer_gettime(t) == ("soon", 0.001)
        a.sigprocmask(SIG_BLOCK, [sig])
        a.sigaction(sig, "handler")
        a.sigpending()
        a.timer_settime(t, 0)
        a.sigtimedwait([sig], 0)


def timers_to_threads(m: Machine) -> None:
    """SIGEV_THREAD_ID: the signal is that thread's; none comes when it has ended, and the timer goes on no more."""
    a, b = m.spawn(), m.spawn()
    c = a.thread()
    for task in (a, c):
        task.sigprocmask(SIG_BLOCK, [RT])
    t = a.timer_create(MONO, RT, 3, SIGEV_THREAD_ID, c)
    a.timer_settime(t, SOON)
    b.sleep(LONG)
    assert a.sigpending() == []
    assert c.sigpending() == [RT]
    assert a.sigtimedwait([RT], 0) == "EAGAIN"
    assert c.sigtimedwait([RT], 0) == (RT, SI_TIMER, t, 3)
    a.timer_settime(t, SOON)
    b.sleep(LONG)
    c.exit()
    assert a.sigpending() == []
    a.timer_settime(t, SOON, 100)
    b.sleep(LONG)
    assert a.sigpending() == []
    assert a.timer_gettime(t) == (100, 100)
    a.timer_delete(t)
    assert a.timer_create(MONO, RT, 3, SIGEV_THREAD_ID, c) == "EINVAL"


def timers_to_a_leader_that_has_ended(m: Machine) -> None:
    """The first thread may still be named when it has ended; a process' signal is taken by those that are left."""
    a, b = m.spawn(), m.spawn()
    c = a.thread()
    c.sigprocmask(SIG_BLOCK, [RT])
    a.exit()
    t = c.timer_create(MONO, RT, 3, SIGEV_THREAD_ID, a)
    u = c.timer_create(MONO, RT, 4)
    for timer in (t, u):
        c.timer_settime(timer, SOON)
    b.sleep(LONG)
    assert c.sigtimedwait([RT], 0) == (RT, SI_TIMER, u, 4)
    assert c.sigpending() == []
    c.sigaction(SIGALRM, "handler")
    c.setitimer(ITIMER_REAL, SOON)
    assert c.submit("pause").result() == "EINTR"


def timers_over_fork_exec_and_exit(m: Machine) -> None:
    """A child has none; execve deletes them and takes away what they sent; a thread's end leaves them."""
    a, b = m.spawn(), m.spawn()
    a.sigprocmask(SIG_BLOCK, [RT])
    c = a.thread()
    t, u = c.timer_create(MONO, RT, 1), c.timer_create(MONO, RT, 2)
    c.timer_settime(t, SOON, 100)
    c.timer_settime(u, 1000)
    c.exit()
    b.sleep(LONG)
    assert a.timer_gettime(u) == (1000, 0)
    d = a.fork()
    assert d.timer_gettime(t) == "EINVAL"
    assert d.sigpending() == []
    a.execve()
    assert a.sigpending() == []
    assert a.timer_gettime(t) == a.timer_gettime(u) == "EINVAL"
    assert a.sigtimedwait([RT], 0) == "EAGAIN"
    assert a.sigpending() == []


def execve_takes_away_what_timers_sent(m: Machine) -> None:
    """At execve signals of code SI_TIMER are gone, of deleted timers and forged ones too; SIGALRM of alarm is kept."""
    a, b = m.spawn(), m.spawn()
    a.sigprocmask(SIG_BLOCK, [RT, RT + 1, RT + 2, SIGUSR1, SIGALRM])
    timers = [a.timer_create(MONO, sig) for sig in (RT, SIGUSR1, RT + 1)]
    for t in timers:
        a.timer_settime(t, SOON, 100)
    a.setitimer(ITIMER_REAL, SOON, 100)
    b.sleep(LONG)
    a.timer_delete(timers[2])
    for sig in (RT + 1, SIGUSR1):
        b.kill(a, sig)
    a.sigqueueinfo(a, RT + 2, SI_TIMER, 5)
    assert a.sigpending() == [SIGUSR1, SIGALRM, RT, RT + 1, RT + 2]
    a.execve()
    assert a.sigpending() == [SIGALRM, RT + 1]
    assert a.getitimer(ITIMER_REAL) == (0, 100)
    assert a.sigtimedwait([RT + 1], 0) == (RT + 1, 0, b.name, 0)
    assert a.sigtimedwait([SIGALRM], 0) == (SIGALRM, 128)
    assert a.getitimer(ITIMER_REAL) == (100, 100)


def a_timer_wakes_who_waits(m: Machine) -> None:
    """sigtimedwait takes a timer's signal when it comes; a deadly one ends the process."""
    a = m.spawn()
    b = a.fork()
    b.sigprocmask(SIG_BLOCK, [RT])
    t = b.timer_create(MONO, RT, 6)
    b.timer_settime(t, SOON, 1000)
    assert b.submit("sigtimedwait", [RT]).result() == (RT, SI_TIMER, t, 6)
    u = b.timer_create(MONO, SIGKILL)
    b.timer_settime(u, SOON)
    assert a.submit("wait4").result() == (b.name, SIGKILL)


# ------------------------------------------------------------------------------------------------ with signalfds
def a_timer_wakes_a_reader_of_a_signalfd(m: Machine) -> None:
    """A read of a signalfd sleeps until a timer, or an alarm, goes off; the record has the timer's value."""
    a = m.spawn()
    b = a.fork()
    b.sigprocmask(SIG_BLOCK, [RT, SIGALRM])
    fd = b.signalfd(-1, [RT, SIGALRM])
    t = b.timer_create(MONO, RT, 77)
    b.timer_settime(t, SOON)
    assert b.submit("read_signals", fd, 512).result() == [(RT, SI_TIMER, 0, 77, 0, "0x0")]
    b.setitimer(ITIMER_REAL, SOON)
    assert b.submit("read_signals", fd, 512).result() == [(SIGALRM, 128, 0, 0, 0, "0x0")]
    b.timer_settime(t, SOON, 1000)
    assert b.submit("poll", [(fd, POLLIN)], 1000).result() == [(fd, POLLIN)]
    assert b.read_signals(fd, 512)[0][1] == SI_TIMER
    assert b.timer_gettime(t) == (1000, 1000)
    b.timer_settime(t, SOON)
    assert b.submit("select", [fd], [], [], 10).result() == ([fd], [], [])
    b.timer_settime(t, 0)
    assert b.sigpending() == [RT]
    assert b.poll([(fd, POLLIN)], 0) == [(fd, POLLIN)]
    c = b.submit("read_signals", fd, 512)
    assert c.value is ASLEEP
    a.kill(b, SIGKILL)


def a_readers_timer_to_a_thread(m: Machine) -> None:
    """A thread's timer is read by that thread alone; the others sleep on."""
    a = m.spawn()
    a.sigprocmask(SIG_BLOCK, [RT])
    fd = a.signalfd(-1, [RT])
    b, c = a.thread(), a.thread()
    t = a.timer_create(MONO, RT, 5, SIGEV_THREAD_ID, b)
    other = c.submit("read_signals", fd, 128)
    a.timer_settime(t, SOON)
    assert b.submit("read_signals", fd, 128).result()[0][:2] == (RT, SI_TIMER)
    assert other.value is ASLEEP
    b.exit()
    a.timer_settime(t, SOON)
    u = a.timer_create(MONO, RT, 6)
    a.timer_settime(u, LONG)
    assert other.result() == [(RT, SI_TIMER, 0, 6, 0, "0x0")]


def overruns_of_what_a_signalfd_has_read(m: Machine) -> None:
    """Reading takes the signal: the timer goes on, and tells what was missed."""
    a, b = m.spawn(), m.spawn()
    a.sigprocmask(SIG_BLOCK, [RT])
    fd = a.signalfd(-1, [RT], SFD_NONBLOCK)
    t = a.timer_create(MONO, RT, 1)
    a.timer_settime(t, SOON, 0.001)
    b.sleep(LONG)
    assert len(a.read_signals(fd, 512)) == 1
    assert a.timer_getoverrun(t) == "some"
    b.sleep(LONG)
    assert len(a.read_signals(fd, 512)) == 1
    a.timer_delete(t)


def waits_with_a_mask_and_timers(m: Machine) -> None:
    """ppoll and pselect that let a timer's signal through: its handler runs under their mask, then EINTR."""
    a = m.spawn()
    a.sigprocmask(SIG_BLOCK, [RT, SIGALRM, SIGUSR1])
    for sig in (RT, SIGALRM):
        a.sigaction(sig, "handler", [SIGUSR2], SA_RESTART)
    r, _ = a.pipe()
    t = a.timer_create(MONO, RT, 4)
    for call in (("ppoll", [(r, POLLIN)], None, [SIGUSR1]), ("pselect", [r], [], [], None, [SIGUSR1])):
        a.timer_settime(t, SOON)
        assert a.submit(*call).result() == "EINTR"
        a.setitimer(ITIMER_REAL, SOON)
        assert a.submit(*call).result() == "EINTR"
        assert a.sigprocmask(SIG_BLOCK) == [SIGUSR1, SIGALRM, RT]
    fd = a.signalfd(-1, [RT])
    for call, ready in (
        (("ppoll", [(fd, POLLIN)], 10, [RT, SIGUSR1]), [(fd, POLLIN)]),
        (("pselect", [fd], [], [], 10, [RT, SIGUSR1]), ([fd], [], [])),
    ):
        a.timer_settime(t, SOON)
        assert a.submit(*call).result() == ready
        assert a.read_signals(fd, 128)[0][3] == 4
    a.timer_settime(t, SOON, 1000)
    assert a.submit("ppoll", [(fd, POLLIN)], None, []).result() == [(fd, POLLIN)]  # rather than the handler
    assert a.read_signals(fd, 128)[0][3] == 4
    assert a.timer_gettime(t) == (1000, 1000)


def timers_and_signalfds_over_fork_and_exec(m: Machine) -> None:
    """A child reads its own signals from the descriptor, and has no timers; execve keeps descriptor, mask and alarm."""
    a, b = m.spawn(), m.spawn()
    a.sigprocmask(SIG_BLOCK, [RT, SIGALRM])
    fd = a.signalfd(-1, [RT, SIGALRM], SFD_NONBLOCK)
    gone = a.signalfd(-1, [RT], SFD_CLOEXEC)
    t = a.timer_create(MONO, RT, 3)
    a.timer_settime(t, SOON, 1000)
    a.setitimer(ITIMER_REAL, SOON, 1000)
    c = a.fork()
    b.sleep(LONG)
    assert c.read_signals(fd, 512) == "EAGAIN"
    a.execve()
    assert a.sigpending() == [SIGALRM]
    assert a.fcntl(gone, 1) == "EBADF"
    assert a.timer_gettime(t) == "EINVAL"
    assert a.read_signals(fd, 512) == [(SIGALRM, 128, 0, 0, 0, "0x0")]
    a.setitimer(ITIMER_REAL, LONG)
    a.execve()
    assert a.submit("ppoll", [(fd, POLLIN)], 10, [RT, SIGALRM]).result() == [(fd, POLLIN)]
    assert a.read_signals(fd, 512)[0][0] == SIGALRM
    d = c.thread()
    u = d.timer_create(MONO, RT, 8)
    d.timer_settime(u, SOON, 1000)
    b.sleep(LONG)
    assert c.poll([(fd, POLLIN)], 0) == [(fd, POLLIN)]
    d.execve()
    assert c.alive is False or c.poll([(fd, POLLIN)], 0) == []
    assert d.poll([(fd, POLLIN)], 0) == []
