"""The rules for every kind of task: hand-driven, plain function, generator. One sentence, one test."""

import gc

import numpy as np
import pytest

import fastipc
from fastipc import (
    EAGAIN,
    EBADF,
    EPIPE,
    O_CLOEXEC,
    O_NONBLOCK,
    SIG_IGN,
    SIGPIPE,
    Deadlock,
    FastIPCError,
    TaskExited,
    TaskKilled,
)

CALLS = (
    "fork thread clone execve exit exit_group wait4 getpid getppid gettid getuid geteuid getresuid getgid getegid "
    "getresgid getrlimit setrlimit sched_yield nanosleep pipe pipe2 read readinto write readv writev pread pwrite "
    "close dup dup2 dup3 fcntl ioctl fstat lseek poll select signal "
    "ppoll pselect signalfd"
).split()


# ------------------------------------------------------------------------------------------ calls that sleep
def test_a_sleeping_call_in_a_program_lets_others_run(k, kind):
    def reader(t, r):
        return (yield t.read(r, 10))

    def writer(t, w):
        yield t.write(w, b"hello")

    p = k.spawn()
    r, w = p.pipe()
    a = p.fork(kind(reader), r)
    p.fork(kind(writer), w)
    k.run()
    assert a.result == b"hello"


def test_a_plain_program_sleeps_at_any_depth_of_functions(k):
    def fetch(t, r, depth):
        return t.read(r, 1) if depth == 0 else fetch(t, r, depth - 1)

    p = k.spawn()
    r, w = p.pipe()
    a = p.fork(lambda t: fetch(t, r, 20))
    k.run(deadlock="return")
    assert a.state == "sleeping"
    p.write(w, b"x")
    k.run()
    assert a.result == b"x"


def test_plain_and_generator_programs_talk_to_each_other(k):
    def plain(t, r, w):
        for _ in range(100):
            t.write(w, t.read(r, 1))

    def generator(t, r, w):
        for i in range(100):
            yield t.write(w, bytes([i]))
            assert (yield t.read(r, 1)) == bytes([i])
        return "done"

    p = k.spawn()
    (r1, w1), (r2, w2) = p.pipe(), p.pipe()
    p.fork(plain, r1, w2)
    g = p.fork(generator, r2, w1)
    k.run()
    assert g.result == "done"


def test_a_call_that_need_not_sleep_goes_straight_on(k, kind):
    order = []

    def program(t, name):
        order.append(name)
        yield t.getpid()
        yield t.getppid()
        order.append(name)

    k.spawn(kind(program), "a")
    k.spawn(kind(program), "b")
    k.run()
    assert order == ["a", "a", "b", "b"]


def test_a_second_call_while_one_is_pending_is_an_error_at_once(k):
    seen = []

    def forgetful(t, r, w):
        token = t.read(r, 1)
        with pytest.raises(FastIPCError, match="yield forgotten") as caught:
            t.write(w, b"z")
        seen.append(caught.value)
        return (yield token)

    p = k.spawn()
    r, w = p.pipe()
    g = p.fork(forgetful, r, w)
    k.run(deadlock="return")
    assert len(seen) == 1
    p.write(w, b"x")
    k.run()
    assert g.result == b"x"


def test_yield_forgotten_also_for_the_form_that_never_raises_errno(k):
    def forgetful(t, r):
        t.sys_read(r, bytearray(1))
        t.sys_getpid()
        yield

    p = k.spawn()
    r, _ = p.pipe()
    g = p.fork(forgetful, r)
    with pytest.raises(FastIPCError, match="yield forgotten"):
        k.run()
    assert g.exit_status == 0x0100


def test_an_outside_call_that_sleeps_runs_the_machine_until_it_returns(k, kind):
    def later(t, w):
        yield t.nanosleep(2)
        yield t.write(w, b"late")
        yield t.nanosleep(5)

    p = k.spawn()
    r, w = p.pipe()
    p.fork(kind(later), w)
    assert p.read(r, 10) == b"late"
    assert k.now == 2
    k.run()
    assert k.now == 7


def test_an_outside_call_that_need_not_sleep_runs_nothing_else(k, kind):
    ran = []

    def program(t):
        ran.append(1)
        yield t.getpid()

    k.spawn(kind(program))
    a = k.spawn()
    r, w = a.pipe()
    a.write(w, b"x")
    a.read(r, 1)
    a.poll([(r, fastipc.POLLIN)], 0)
    a.close(r)
    assert not ran
    k.run()
    assert ran


def test_an_outside_read_that_can_never_return_is_a_deadlock_and_waits_no_more(k, picture):
    a = k.spawn(name="alone")
    r, w = a.pipe()
    before = picture(k)
    for _ in range(3):
        with pytest.raises(Deadlock) as caught:
            a.read(r, 1)
        assert "alone" in str(caught.value) and "read" in str(caught.value)
        assert caught.value.report.stopped == "deadlock"
        assert a.waiting is None
    k.verify()
    assert picture(k) == before
    a.write(w, b"x")
    assert a.read(r, 1) == b"x"


def test_an_outside_write_that_can_never_finish_gives_the_short_count(k, fill):
    a = k.spawn()
    r, w = a.pipe()
    assert a.write(w, b"x" * 100_000) == 65536
    with pytest.raises(Deadlock):
        a.write(w, b"y")
    assert a.read(r, 100_000) == b"x" * 65536


@pytest.mark.parametrize("name", ["poll", "select", "wait4", "wait4 of one"])
def test_other_outside_calls_that_can_never_return_are_deadlocks(k, name, rows):
    a = k.spawn()
    r, _ = a.pipe()
    child = a.fork()
    before = rows(k)
    with pytest.raises(Deadlock):
        if name == "poll":
            a.poll([(r, fastipc.POLLIN)])
        elif name == "select":
            a.select([r], [], [])
        elif name == "wait4":
            a.wait4()
        else:
            a.wait4(child)
    assert rows(k) == before


def test_programs_asleep_go_on_after_an_outside_deadlock(k, kind):
    def reader(t, r):
        return (yield t.read(r, 1))

    a = k.spawn()
    r, w = a.pipe()
    b = a.fork(kind(reader), r)
    with pytest.raises(Deadlock):
        a.wait4()
    assert b.state == "sleeping"
    a.write(w, b"x")
    assert a.wait4() == (b.pid, 0)
    assert b.result == b"x"


# ------------------------------------------------------------------------------------------ submit
def test_a_submitted_call_can_be_looked_at_while_it_sleeps(k):
    a = k.spawn()
    r, w = a.pipe()
    b = a.fork()
    c = a.submit("read", r, 5)
    k.run()
    assert not c.done()
    assert a.state == "sleeping"
    assert "read" in str(a.waiting)
    b.write(w, b"x")
    k.run()
    assert c.done()
    assert c.result() == b"x"
    assert c.exception() is None
    assert a.waiting is None


def test_result_of_a_submitted_call_runs_the_machine(k, kind):
    def writer(t, w):
        yield t.nanosleep(1)
        yield t.write(w, b"abc")

    a = k.spawn()
    r, w = a.pipe()
    a.fork(kind(writer), w)
    assert a.submit("read", r, 5).result() == b"abc"


def test_a_submitted_call_that_fails_gives_its_exception(k):
    a = k.spawn()
    c = a.submit("read", 5, 1)
    k.run()
    assert c.done()
    assert c.exception().errno == EBADF
    with pytest.raises(OSError) as caught:
        c.result()
    assert caught.value.errno == EBADF


def test_the_form_that_never_raises_can_be_submitted(k):
    a = k.spawn()
    r, w = a.pipe()
    b = a.fork()
    buf = bytearray(8)
    c = a.submit("sys_readinto", r, buf)
    b.write(w, b"hello")
    assert c.result() == 5
    assert buf == b"hello\0\0\0"
    assert a.submit("sys_read", 9, buf).result() == -EBADF


def test_cancel_takes_the_task_off_its_queue(k):
    a = k.spawn()
    r, w = a.pipe()
    b = a.fork()
    c = a.submit("read", r, 5)
    k.run()
    c.cancel()
    assert c.done()
    k.verify()
    b.write(w, b"x")
    assert a.read(r, 1) == b"x"


def test_a_submitted_call_of_a_task_that_dies_raises_task_exited(k):
    a = k.spawn()
    r, _ = a.pipe()
    thread = a.thread()
    c = thread.submit("read", r, 5)
    k.run()
    a.exit_group(7)
    k.run()
    assert c.done()
    assert isinstance(c.exception(), TaskExited)
    with pytest.raises(TaskExited) as caught:
        c.result()
    assert caught.value.status == 0x0700


def test_submit_of_no_such_call_says_so(k):
    a = k.spawn()
    with pytest.raises((AttributeError, ValueError, TypeError), match="frobnicate"):
        a.submit("frobnicate")


# ------------------------------------------------------------------------------------------ two verbs
@pytest.mark.parametrize("name", CALLS)
def test_every_call_has_both_verbs(name):
    assert callable(getattr(fastipc.Task, name))
    assert callable(getattr(fastipc.Task, "sys_" + name))


def test_the_two_verbs_by_hand(k):
    a = k.spawn()
    r, w = a.pipe2(O_NONBLOCK)
    with pytest.raises(BlockingIOError):
        a.read(r, 1)
    assert a.errno == EAGAIN
    assert a.write(w, b"x") == 1
    assert a.errno == 0
    buf = bytearray(4)
    assert a.sys_read(r, buf) == 1
    assert a.errno == 0
    assert a.sys_read(r, buf) == -EAGAIN
    assert a.errno == EAGAIN
    assert a.signal(SIGPIPE, SIG_IGN) == fastipc.SIG_DFL
    assert a.errno == 0
    a.close(r)
    with pytest.raises(BrokenPipeError):
        a.write(w, b"x")
    assert a.sys_write(w, b"x") == -EPIPE


def test_the_two_verbs_in_programs(k, kind):
    def program(t):
        t.signal(SIGPIPE, SIG_IGN)
        r, w = yield t.pipe2(O_NONBLOCK)
        seen = [(yield t.sys_read(r, bytearray(1))), t.errno]
        try:
            yield t.read(r, 1)
        except BlockingIOError as e:
            seen += [e.errno, t.errno]
        yield t.write(w, b"x")
        seen.append(t.errno)
        t.close(r)
        try:
            yield t.write(w, b"x")
        except BrokenPipeError:
            seen.append(t.errno)
        seen.append((yield t.sys_write(w, b"x")))
        return seen

    p = k.spawn(kind(program))
    k.run()
    assert p.result == [-EAGAIN, EAGAIN, EAGAIN, EAGAIN, 0, EPIPE, -EPIPE]


def test_a_call_that_slept_and_failed_raises_where_it_was_made(k, kind):
    def program(t, w):
        t.signal(SIGPIPE, SIG_IGN)
        try:
            yield t.writev(w, [b"x"])
        except BrokenPipeError:
            return t.errno

    p = k.spawn()
    r, w = p.pipe()
    p.write(w, b"x" * 65536)
    q = p.fork()
    q.close(r)
    p.close(w)
    q.execve(kind(program), w)
    k.run(deadlock="return")
    assert q.state == "sleeping"
    p.close(r)
    k.run()
    assert q.result == EPIPE


def test_a_slept_write_is_short_and_the_next_fails_when_the_last_reader_goes(k, kind):
    def program(t, r, w):
        t.signal(SIGPIPE, SIG_IGN)
        t.close(r)
        seen = [(yield t.write(w, b"x" * 70_000))]
        try:
            yield t.write(w, b"x")
        except BrokenPipeError:
            seen.append("EPIPE")
        return seen

    p = k.spawn()
    r, w = p.pipe()
    q = p.fork(kind(program), r, w)
    k.run(deadlock="return")
    p.close(r)
    k.run()
    assert q.result == [65536, "EPIPE"]


def test_sys_forms_sleep_too(k, kind):
    def program(t, r):
        buf = np.zeros(4, np.uint8)
        n = yield t.sys_readinto(r, buf)
        return n, bytes(buf)

    p = k.spawn()
    r, w = p.pipe()
    q = p.fork(kind(program), r)
    k.run(deadlock="return")
    p.write(w, b"ab")
    k.run()
    assert q.result == (2, b"ab\0\0")


def test_our_own_errors_have_one_base():
    for name in ("Deadlock", "TaskExited", "InvariantError", "WrongThread"):
        assert issubclass(getattr(fastipc, name), FastIPCError)
        assert not issubclass(getattr(fastipc, name), OSError)
    assert issubclass(TaskKilled, BaseException)
    assert not issubclass(TaskKilled, Exception)


# ------------------------------------------------------------------------------------------ fork
def test_the_child_runs_any_kind_of_program_from_its_start(k, kind):
    started = []

    def child(t, *args):
        started.append(args)
        yield t.getpid()
        return args

    def parent(t):
        children = []
        for i in range(2):
            c = yield t.fork((kind(child), child)[i], i, "arg")
            children.append(c)
        for c in children:
            assert (yield t.wait4(c))[0] == c.pid
        return [c.result for c in children]

    p = k.spawn(kind(parent))
    k.run()
    assert p.result == [(0, "arg"), (1, "arg")]
    assert started == [(0, "arg"), (1, "arg")]


def test_the_child_has_the_parents_state_copied(k, kind):
    def child(t, r, w, wc):
        t.close(wc)
        seen = [t.getuid(), t.getgid(), t.getrlimit(fastipc.RLIMIT_NOFILE)]
        seen.append(t.fcntl(wc - 1, fastipc.F_GETFD))
        seen.append((yield t.read(r, 3)))
        seen.append(t.sys_write(w, b"x"))
        return seen

    p = k.spawn(uid=1000, gid=100)
    p.setrlimit(fastipc.RLIMIT_NOFILE, (50, 60))
    p.signal(SIGPIPE, SIG_IGN)
    r, w = p.pipe()
    rc, wc = p.pipe2(O_CLOEXEC)
    broken_r, broken_w = p.pipe()
    p.close(broken_r)
    c = p.fork(kind(child), r, broken_w, wc)
    p.write(w, b"abc")
    k.run()
    assert c.result == [1000, 100, (50, 60), fastipc.FD_CLOEXEC, b"abc", -EPIPE]
    assert p.sys_close(wc) == 0  # the parent's own table


def test_fork_without_a_program_from_outside_is_a_hand_driven_child(k):
    p = k.spawn(name="parent")
    r, w = p.pipe()
    c = p.fork()
    assert c.ppid == p.pid
    assert c.getppid() == p.getpid()
    c.write(w, b"x")
    assert p.read(r, 1) == b"x"


@pytest.mark.parametrize("call", ["fork", "thread", "clone"])
def test_fork_without_a_program_from_inside_is_a_type_error(k, kind, call):
    def program(t):
        with pytest.raises(TypeError, match="program"):
            yield getattr(t, call)(*(0,) * (call == "clone"))
        return "here"

    p = k.spawn(kind(program))
    n = len(k.tasks)
    k.run()
    assert p.result == "here"
    assert len(k.tasks) == n - 1


def test_execve_drops_the_frame_and_never_returns(k, kind):
    log = []

    def new(t, r, rc):
        log.append((t.sys_close(r), t.sys_close(rc)))
        yield t.getpid()
        return "new"

    def old(t):
        r, _ = yield t.pipe()
        rc, _ = yield t.pipe2(O_CLOEXEC)
        yield t.execve(kind(new), r, rc)
        log.append("returned")

    p = k.spawn(kind(old))
    pid = p.pid
    k.run()
    assert log == [(0, -EBADF)]
    assert p.result == "new"
    assert (p.pid, p.exit_status) == (pid, 0)


@pytest.mark.parametrize("order", ["pp", "pg", "gp", "gg", "ppp", "gpgpp"])
def test_programs_of_all_kinds_follow_each_other_by_execve_and_sleep(k, order):
    def plain(t, order, log):
        t.nanosleep(1)
        log.append(t.pid)
        if order:
            t.execve(programs[order[0]], order[1:], log)
        t.nanosleep(1)
        return log

    def generator(t, order, log):
        yield t.nanosleep(1)
        log.append(t.pid)
        if order:
            yield t.execve(programs[order[0]], order[1:], log)
        yield t.nanosleep(1)
        return log

    programs = {"p": plain, "g": generator}
    p = k.spawn(programs[order[0]], order[1:], [])
    k.run()
    assert p.result == [p.pid] * len(order)
    assert k.now == len(order) + 1


def test_execve_ends_the_other_threads(k, kind):
    def sleeper(t, r):
        yield t.read(r, 1)

    def new(t):
        yield t.getpid()
        return t.gettid(), t.getpid()

    def old(t):
        r, _ = yield t.pipe()
        for _ in range(3):
            yield t.thread(kind(sleeper), r)
        yield t.sched_yield()
        yield t.execve(kind(new))

    p = k.spawn(kind(old))
    k.run()
    assert p.result == (p.pid, p.pid)
    assert len(k.tasks) == 1


def test_execve_of_a_hand_driven_task_gives_it_a_program(k, kind):
    def program(t, x):
        yield t.getpid()
        return x

    p = k.spawn()
    p.execve(kind(program), 42)
    k.run()
    assert p.result == 42
    assert p.exit_status == 0


# ------------------------------------------------------------------------------------------ the end of a program
def test_a_program_that_returns_ends_its_process(k, kind):
    def thread(t, r):
        yield t.read(r, 1)

    def program(t):
        r, _ = yield t.pipe()
        yield t.thread(kind(thread), r)
        yield t.sched_yield()
        return {"any": "object"}

    p = k.spawn()
    c = p.fork(kind(program))
    assert p.wait4() == (c.pid, 0)
    assert c.result == {"any": "object"}
    assert c.exit_status == 0
    assert set(k.tasks) == {1, p.pid}


def test_a_thread_that_returns_ends_alone(k, kind):
    def thread(t, x):
        yield t.sched_yield()
        return x

    def program(t):
        threads = []
        for i in range(3):
            threads.append((yield t.thread(kind(thread), i)))
        yield t.nanosleep(1)
        return [x.result for x in threads]

    p = k.spawn(kind(program))
    k.run()
    assert p.result == [0, 1, 2]


def test_an_exception_ends_the_process_and_comes_out_of_run_once(k, kind):
    def bad(t):
        yield t.getpid()
        raise ZeroDivisionError("oops")

    def good(t):
        yield t.nanosleep(1)
        return "good"

    p = k.spawn()
    b = p.fork(kind(bad), name="culprit")
    g = k.spawn(kind(good))
    with pytest.raises(ZeroDivisionError, match="oops") as caught:
        k.run()
    assert any("culprit" in note for note in caught.value.__notes__)
    assert b.exit_status == 0x0100
    assert p.wait4(options=fastipc.WNOHANG) == (b.pid, 0x0100)
    k.run()
    assert g.result == "good"


def test_exceptions_of_several_programs_come_out_one_a_run(k, kind):
    def bad(t, i):
        yield t.getpid()
        raise KeyError(i)

    for i in range(3):
        k.spawn(kind(bad), i)
    for i in range(3):
        with pytest.raises(KeyError) as caught:
            k.run()
        assert caught.value.args == (i,)
    k.run()
    assert len(k.tasks) == 1


def test_an_exception_of_a_thread_ends_its_process(k, kind):
    def bad(t):
        yield t.getpid()
        raise ValueError("thread")

    def program(t, r):
        yield t.thread(kind(bad))
        yield t.read(r, 1)

    p = k.spawn()
    r, _ = p.pipe()
    c = p.fork(kind(program), r)
    with pytest.raises(ValueError, match="thread"):
        k.run()
    assert p.wait4() == (c.pid, 0x0100)


def test_an_oserror_that_the_program_does_not_catch_is_an_exception_too(k, kind):
    def bad(t):
        yield t.read(77, 1)

    p = k.spawn(kind(bad))
    with pytest.raises(OSError) as caught:
        k.run()
    assert caught.value.errno == EBADF
    assert p.exit_status == 0x0100


def test_an_exception_of_a_program_comes_out_of_an_outside_call_that_runs_the_machine(k, kind):
    def bad(t, w):
        yield t.getpid()
        raise ZeroDivisionError

    a = k.spawn()
    r, w = a.pipe()
    a.fork(kind(bad), w)
    with pytest.raises((ZeroDivisionError, Deadlock)):
        a.read(r, 1)
    k.verify()
    a.write(w, b"x")
    assert a.read(r, 1) == b"x"


# ------------------------------------------------------------------------------------------ death
def broken_pipe(p):
    r, w = p.pipe()
    p.close(r)
    return w


def test_death_is_task_killed_and_passes_except_exception(k, kind):
    log = []

    def victim(t, w):
        try:
            yield t.write(w, b"x")
        except Exception:
            log.append("caught")
        except TaskKilled:
            log.append("killed")
            raise

    p = k.spawn()
    c = p.fork(kind(victim), broken_pipe(p))
    k.run()
    assert log == ["killed"]
    assert p.wait4() == (c.pid, SIGPIPE)
    assert c.exit_status == SIGPIPE


def test_calls_made_while_dying_raise_again_and_do_nothing(k, kind):
    log = []

    def victim(t, w, other):
        try:
            yield t.write(w, b"x")
        finally:
            try:
                yield t.write(other, b"last words")
            except TaskKilled:
                log.append("again")
                raise

    p = k.spawn()
    r, other = p.pipe2(O_NONBLOCK)
    p.fork(kind(victim), broken_pipe(p), other)
    k.run()
    assert log == ["again"]
    assert p.sys_read(r, bytearray(1)) == -EAGAIN


def test_the_form_that_never_raises_raises_task_killed_all_the_same(k, kind):
    log = []

    def victim(t, w):
        try:
            yield t.sys_write(w, b"x")
        except TaskKilled:
            log.append("killed")
            raise
        log.append("went on")

    p = k.spawn()
    p.fork(kind(victim), broken_pipe(p))
    k.run()
    assert log == ["killed"]


def test_a_plain_frame_that_swallows_its_death_three_times_is_dropped(k):
    log = []

    def stubborn(t, w):
        for i in range(10):
            try:
                t.write(w, b"x")
            except TaskKilled:
                log.append(i)
        log.append("survived")

    p = k.spawn()
    c = p.fork(stubborn, broken_pipe(p))
    k.run()
    assert log == [0, 1, 2]
    assert p.wait4() == (c.pid, SIGPIPE)


def test_a_generator_that_goes_on_yielding_after_its_death_is_dropped(k):
    log = []

    def stubborn(t, w):
        for i in range(10):
            try:
                yield t.write(w, b"x")
            except TaskKilled:
                log.append(i)
                yield
        log.append("survived")

    p = k.spawn()
    c = p.fork(stubborn, broken_pipe(p))
    k.run()
    assert 1 <= len(log) <= 3
    assert "survived" not in log
    assert p.wait4() == (c.pid, SIGPIPE)


def test_a_frame_that_swallows_its_death_and_returns_has_died_all_the_same(k, kind):
    def victim(t, w):
        try:
            yield t.write(w, b"x")
        except TaskKilled:
            return "fine"

    p = k.spawn()
    c = p.fork(kind(victim), broken_pipe(p))
    k.run()
    assert p.wait4() == (c.pid, SIGPIPE)


def test_sleeping_frames_are_unwound_when_their_process_ends(k, kind):
    log = []

    def sleeper(t, r, i):
        try:
            yield t.read(r, 1)
        finally:
            log.append(i)

    p = k.spawn()
    r, _ = p.pipe()
    q = p.fork()
    threads = [q.thread(kind(sleeper), r, i) for i in range(3)]
    k.run(deadlock="return")
    q.exit_group(5)
    k.run()
    assert sorted(log) == [0, 1, 2]
    assert p.wait4() == (q.pid, 0x0500)
    assert {t.state for t in threads} == {"dead"}
    for t in threads:
        assert t.exit_status == 0x0500


def test_exit_does_not_come_back_and_unwinds(k, kind):
    log = []

    def program(t):
        try:
            yield t.exit_group(3)
            log.append("came back")
        finally:
            log.append("unwound")

    p = k.spawn()
    c = p.fork(kind(program))
    k.run()
    assert log == ["unwound"]
    assert p.wait4() == (c.pid, 0x0300)


def test_outside_callers_of_a_dead_task_get_task_exited(k):
    p = k.spawn()
    c = p.fork()
    c.exit_group(3)
    assert c.state == "zombie"
    with pytest.raises(TaskExited) as caught:
        c.getpid()
    assert caught.value.status == 0x0300
    with pytest.raises(TaskExited):
        c.sys_getpid()
    with pytest.raises(TaskExited):
        c.submit("getpid")
    assert p.wait4() == (c.pid, 0x0300)
    assert c.state == "dead"
    with pytest.raises(TaskExited):
        c.getpid()


def test_init_reaps_at_once_and_the_attributes_live_on(k, kind):
    def program(t):
        yield t.getpid()
        return 99

    p = k.spawn(kind(program), name="worker", uid=7)
    pid = p.pid
    k.run()
    assert pid not in k.tasks
    assert (p.pid, p.tgid, p.name, p.state, p.exit_status, p.result) == (pid, pid, "worker", "dead", 0, 99)
    assert p.waiting is None
    assert p.kernel is k
    assert "worker" in repr(p)


def test_what_a_dead_task_returned_lives_as_long_as_the_task(k, kind):
    class Big:
        alive = 0

        def __init__(self):
            Big.alive += 1

        def __del__(self):
            Big.alive -= 1

    def program(t):
        yield t.getpid()
        return Big()

    p = k.spawn(kind(program))
    k.run()
    assert isinstance(p.result, Big)
    del p
    gc.collect()
    assert Big.alive == 0


# ------------------------------------------------------------------------------------------ who may call what
def test_a_program_may_not_call_on_another_task(k, kind):
    def program(t, other):
        with pytest.raises(FastIPCError) as caught:
            other.getpid()
        assert isinstance(caught.value, RuntimeError)
        with pytest.raises(FastIPCError):
            other.sys_getpid()
        yield t.getpid()
        return "fine"

    a = k.spawn()
    p = k.spawn(kind(program), a)
    k.run()
    assert p.result == "fine"


def test_nobody_outside_may_call_on_a_programs_task(k, kind):
    def program(t, r):
        yield t.read(r, 1)

    p = k.spawn()
    r, w = p.pipe()
    c = p.fork(kind(program), r)
    for _ in range(2):
        with pytest.raises(FastIPCError):
            c.getpid()
        with pytest.raises(FastIPCError):
            c.submit("getpid")
        k.run(deadlock="return")
    p.write(w, b"x")
    k.run()
    assert c.exit_status == 0
