"""Programs of every kind in one machine: callables of all sorts, what they see, and very many of them."""

import functools

import pytest

import fastipc
from fastipc import SIG_IGN, SIGPIPE, FastIPCError

# ------------------------------------------------------------------------------------------ what can be a program


def module_function(t, x):
    return x + 1


class Counter:
    def __init__(self, start):
        self.n = start

    def __call__(self, t, x):
        self.n += x
        return self.n

    def method(self, t, x):
        return self.n + x

    def generator(self, t, x):
        yield t.getpid()
        return self.n + x


@pytest.mark.parametrize(
    "program",
    [
        module_function,
        lambda t, x: x + 1,
        functools.partial(lambda t, y, x: x + y, y=1),
        Counter(1),
        Counter(1).method,
        Counter(1).generator,
    ],
    ids=["function", "lambda", "partial", "object", "method", "generator method"],
)
def test_any_callable_is_a_program(k, program):
    if isinstance(program, functools.partial):
        program = functools.partial(lambda y, t, x: x + y, 1)
    a = k.spawn(program, 41)
    k.run()
    assert a.result == 42


def test_a_partial_of_a_generator_function_is_a_generator_program(k):
    def program(y, t, r):
        return y, (yield t.read(r, 1))

    p = k.spawn()
    r, w = p.pipe()
    a = p.fork(functools.partial(program, 7), r)
    k.run(deadlock="return")
    p.write(w, b"x")
    k.run()
    assert a.result == (7, b"x")


def test_a_plain_function_that_returns_a_generator_object_returns_it(k):
    def program(t):
        return (i for i in range(3))

    a = k.spawn(program)
    k.run()
    assert list(a.result) == [0, 1, 2]


def test_the_first_argument_is_the_task_itself(k, kind):
    def program(t):
        yield t.getpid()
        return t

    a = k.spawn(kind(program))
    k.run()
    assert a.result is a


def test_the_same_task_object_for_the_same_pid(k):
    a = k.spawn()
    assert k.tasks[a.pid] is a
    assert k.init.pid == 1
    assert k.tasks[1] is k.init
    b = a.fork()
    assert list(k.tasks) == [1, a.pid, b.pid]
    assert len(k.tasks) == 3
    assert a.pid in k.tasks
    assert 999 not in k.tasks
    with pytest.raises(KeyError):
        k.tasks[999]


def test_names(k, kind):
    def worker(t):
        yield t.getpid()

    assert k.spawn(name="x").name == "x"
    p = k.spawn(kind(worker))
    assert p.name == "worker"
    q = k.spawn(name="parent")
    assert q.fork().name == "parent"
    assert q.fork(name="child").name == "child"
    assert q.fork(kind(worker), name="given").name == "given"


def test_states(k, kind):
    def program(t, r):
        seen.append(t.state)
        yield t.read(r, 1)

    seen = []
    p = k.spawn()
    r, w = p.pipe()
    c = p.fork(kind(program), r)
    assert c.state == "runnable"
    k.run(deadlock="return")
    assert seen == ["running"]
    assert c.state == "sleeping"
    p.write(w, b"x")
    assert c.state == "runnable"
    k.run()
    assert c.state == "zombie"
    p.wait4()
    assert c.state == "dead"


def test_attributes_inside_and_outside_agree_with_the_calls(k, kind):
    def program(t):
        yield t.getpid()
        return (t.pid, t.tgid, t.ppid) == (t.gettid(), t.getpid(), t.getppid())

    a = k.spawn()
    assert (a.pid, a.tgid, a.ppid) == (a.gettid(), a.getpid(), a.getppid())
    thread = a.thread()
    assert (thread.pid, thread.tgid) == (thread.gettid(), a.pid)
    assert thread.pid != a.pid
    c = a.fork(kind(program))
    k.run()
    assert c.result is True


def test_a_task_stands_for_its_pid(k):
    a = k.spawn()
    b = a.fork()
    assert b.__index__() == b.pid
    b.exit(3)
    assert a.wait4(b) == (b.pid, 0x0300)


# ------------------------------------------------------------------------------------------ generators
def test_values_and_errors_come_into_the_generator(k):
    def program(t, r):
        seen = []
        for fd in (r, 99):
            try:
                seen.append((yield t.read(fd, 4)))
            except OSError as e:
                seen.append(e.errno)
        return seen

    p = k.spawn()
    r, w = p.pipe()
    a = p.fork(program, r)
    k.run(deadlock="return")
    p.write(w, b"data")
    k.run()
    assert a.result == [b"data", fastipc.EBADF]


def test_yield_from_a_helper(k):
    def read_exactly(t, r, n):
        data = b""
        while len(data) < n:
            data += yield t.read(r, n - len(data))
        return data

    def program(t, r):
        return (yield from read_exactly(t, r, 6))

    p = k.spawn()
    r, w = p.pipe()
    a = p.fork(program, r)
    for part in (b"a", b"bcd", b"ef"):
        k.run(deadlock="return")
        p.write(w, part)
    k.run()
    assert a.result == b"abcdef"


def test_a_call_that_is_done_at_once_need_not_be_yielded(k):
    def program(t):
        r, w = t.pipe()
        t.write(w, b"x")
        data = t.read(r, 1)
        yield
        return data

    a = k.spawn(program)
    k.run()
    assert a.result == b"x"


def test_a_yield_of_something_else_gives_it_back(k):
    def program(t):
        return [(yield None), (yield 5), (yield "text")]

    a = k.spawn(program)
    k.run()
    assert a.result == [None, 5, "text"]


def test_a_token_of_another_task_is_an_error(k):
    def keeper(t, r):
        tokens.append(t.read(r, 1))
        yield tokens[0]

    def thief(t, r):
        mine = t.read(r, 1)
        assert mine is not None
        yield mine

    tokens = []
    p = k.spawn()
    r, w = p.pipe()
    p.fork(keeper, r)
    p.fork(thief, r)
    k.run(deadlock="return")
    p.write(w, b"ab")
    k.run()
    k.verify()


def test_a_generator_that_ends_while_a_call_is_pending_is_an_error(k):
    def forgetful(t, r):
        t.read(r, 1)
        return
        yield

    p = k.spawn()
    r, _ = p.pipe()
    a = p.fork(forgetful, r)
    with pytest.raises(FastIPCError, match="yield forgotten"):
        k.run()
    assert a.state in ("zombie", "dead")
    k.verify()


def test_a_generator_that_yields_something_else_while_a_call_is_pending_waits_for_the_call(k):
    def program(t, r):
        t.read(r, 1)
        yield
        return "woken"

    p = k.spawn()
    r, w = p.pipe()
    a = p.fork(program, r)
    try:
        k.run(deadlock="return")
    except FastIPCError as e:
        assert "yield forgotten" in str(e)
        return
    p.write(w, b"x")
    k.run()
    assert a.result == "woken"


# ------------------------------------------------------------------------------------------ greenlets
def test_exceptions_in_flight_stay_with_their_own_program(k):
    """A program that sleeps inside `except` must find its own exception again."""

    def program(t, i):
        try:
            raise KeyError(i)
        except KeyError:
            for _ in range(3):
                t.nanosleep(1)
                try:
                    raise
                except KeyError as e:
                    assert e.args == (i,)
        return i

    tasks = [k.spawn(program, i) for i in range(10)]
    k.run()
    assert [t.result for t in tasks] == list(range(10))


def test_context_variables_and_locals_survive_sleeping(k):
    def program(t, i):
        local = [i]
        with pytest.raises(BlockingIOError):
            r, _ = t.pipe2(fastipc.O_NONBLOCK)
            t.nanosleep(i)
            t.read(r, 1)
        local.append(i)
        return local

    tasks = [k.spawn(program, i) for i in range(5)]
    k.run()
    assert [t.result for t in tasks] == [[i, i] for i in range(5)]


def test_a_plain_program_may_drive_generators_of_its_own(k):
    def chunks(t, r):
        while data := t.read(r, 2):
            yield data

    def program(t, r):
        return list(chunks(t, r))

    p = k.spawn()
    r, w = p.pipe()
    a = p.fork(program, r)
    q = p.fork()
    q.exit()
    p.write(w, b"abcde")
    k.run(deadlock="return")
    p.close(w)
    p.wait4(q)
    # The child holds a write end of its own, as on Linux.
    assert a.state == "sleeping"


def test_deep_recursion_in_a_plain_program_is_a_recursion_error(k):
    def program(t):
        def dive():
            t.getpid()
            dive()

        dive()

    a = k.spawn(program)
    with pytest.raises(RecursionError):
        k.run()
    assert a.exit_status == 0x0100
    k.verify()


# ------------------------------------------------------------------------------------------ mixes
def test_a_ring_of_mixed_programs(k):
    def plain(t, r, w, rounds):
        for _ in range(rounds):
            t.write(w, t.read(r, 8))

    def generator(t, r, w, rounds):
        for _ in range(rounds):
            data = yield t.read(r, 8)
            yield t.write(w, data)

    n, rounds = 50, 20
    p = k.spawn()
    p.setrlimit(fastipc.RLIMIT_NOFILE, (4096, 4096))
    pipes = [p.pipe() for _ in range(n)]
    for i in range(n):
        p.fork((plain, generator)[i % 2], pipes[i][0], pipes[(i + 1) % n][1], rounds)
    p.write(pipes[0][1], b"token")
    k.run()
    assert p.read(pipes[0][0], 8) == b"token"


def test_a_pipeline_ends_when_its_source_does(k, kind):
    def source(t, w, n):
        for i in range(n):
            yield t.write(w, b"%d\n" % i)

    def stage(t, r, w):
        while data := (yield t.read(r, 4096)):
            yield t.write(w, data)

    def sink(t, r):
        data = b""
        while part := (yield t.read(r, 4096)):
            data += part
        return data

    def shell(t):
        r, w = yield t.pipe2(fastipc.O_CLOEXEC)
        first = yield t.fork(closing(kind(source), r, keep=w), w, 500)
        yield t.close(w)
        for _ in range(3):
            r2, w2 = yield t.pipe()
            yield t.fork(closing(kind(stage), r2, keep=None), r, w2)
            yield t.close(r)
            yield t.close(w2)
            r = r2
        last = yield t.fork(kind(sink), r)
        yield t.close(r)
        while (yield t.sys_wait4()) > 0:
            pass
        return first.exit_status, last.result

    def closing(program, fd, keep):
        def start(t, *args):
            t.close(fd)
            return program(t, *args)

        if kind(source) is source:  # a generator function must stay one

            def start(t, *args):  # noqa: F811
                yield t.close(fd)
                return (yield from program(t, *args))

        return start

    p = k.spawn(kind(shell))
    k.run()
    assert p.result == (0, b"".join(b"%d\n" % i for i in range(500)))


def test_yes_and_head(k, kind):
    """The writer is killed by SIGPIPE when the reader has seen enough."""

    def yes(t, r, w):
        yield t.close(r)
        while True:
            yield t.write(w, b"y\n")

    def head(t, r, w, n):
        yield t.close(w)
        return (yield t.read(r, n))

    p = k.spawn()
    r, w = p.pipe()
    a, b = p.fork(kind(yes), r, w), p.fork(kind(head), r, w, 10)
    p.close(r)
    p.close(w)
    k.run()
    assert b.result == b"y\n" * 5
    assert dict([p.wait4(), p.wait4()]) == {a.pid: SIGPIPE, b.pid: 0}


def test_ten_thousand_generators(k):
    def program(t, r, w, i):
        yield t.read(r, 1)
        yield t.write(w, b"x")
        return i

    p = k.spawn()
    r, w = p.pipe()
    tasks = [p.fork(program, r, w, i) for i in range(10_000)]
    p.write(w, b"x")
    k.run()
    assert [t.result for t in tasks] == list(range(10_000))
    assert len(k.tasks) == 10_002
    for _ in tasks:
        p.wait4()
    assert len(k.tasks) == 2


def test_a_thousand_plain_programs(k):
    def program(t, r, w, i):
        t.read(r, 1)
        t.write(w, b"x")
        return i

    p = k.spawn()
    r, w = p.pipe()
    tasks = [p.fork(program, r, w, i) for i in range(1000)]
    p.write(w, b"x")
    k.run()
    assert sum(t.result for t in tasks) == 499_500


def test_a_long_chain_of_forks(k, kind):
    def program(t, n):
        if n:
            c = yield t.fork(program_of_kind, n - 1)
            pid, status = yield t.wait4(c)
            assert (pid, status) == (c.pid, 0)
            return c.result + 1
        return 0

    program_of_kind = kind(program)
    a = k.spawn(program_of_kind, 200)
    k.run()
    assert a.result == 200


def test_sigpipe_ignored_is_inherited_by_fork_and_kept_by_execve(k, kind):
    def new(t, w):
        return (yield t.sys_write(w, b"x"))

    def program(t, w):
        yield t.execve(kind(new), w)

    p = k.spawn()
    r, w = p.pipe()
    p.close(r)
    p.signal(SIGPIPE, SIG_IGN)
    a = p.fork(kind(program), w)
    k.run()
    assert a.result == -fastipc.EPIPE
