"""A task whose program is machine code: a blocking C function beside generators and plain functions in one kernel.

It touches no Python object, makes system calls through the addresses of `native.SYMBOLS`, and blocks on a stack of
its own. `@fastipc.compiled` makes such functions of Python ones; here the mechanism is tested by itself.
"""

import ctypes
import shutil
import struct
import subprocess
import sysconfig

import pytest

from fastipc import EBADF, SIGPIPE, Deadlock, Kernel, StackOverflow
from fastipc._core import entries as native

SOURCE = """
#include <stdint.h>

typedef int64_t call_t(void *k, void *t, int64_t fd, int64_t buf, int64_t n);
typedef int64_t call1_t(void *k, void *t, int64_t fd);

struct relay {            /* reads n bytes at a time, adds one to each, writes them, `rounds` times */
    call_t *read, *write;
    call1_t *close, *exit_group;
    int64_t in, out, n, rounds, done, at, error;
};

int64_t relay(void *k, void *t, char *args, void **excinfo) {
    struct relay *s = *(struct relay **)args;
    char buf[256];
    for (; s->done < s->rounds; s->done++) {
        s->at = 1;
        int64_t n = s->read(k, t, s->in, (int64_t)buf, s->n);
        for (int64_t i = 0; i < n; i++)
            buf[i]++;
        if (n > 0) {
            s->at = 2;
            n = s->write(k, t, s->out, (int64_t)buf, n);
        }
        if (n <= 0) {
            s->error = n;
            s->exit_group(k, t, s->at);
        }
        s->at = 0;
    }
    s->close(k, t, s->out);
    return 0;
}

int64_t fail(void *k, void *t, char *args, void **excinfo) { return 1; }

int64_t deep(volatile char *above, int64_t n) {
    volatile char frame[512];
    frame[0] = above ? above[0] + 1 : 0;
    return n ? deep(frame, n - 1) + frame[0] : frame[0];
}

/* Writes where a stack that had come so far down would have written, and sleeps. */
int64_t scribble(void *k, void *t, char *args, void **excinfo) {
    int64_t (*sched_yield)(void *k, void *t) = *(int64_t (**)(void *, void *))args;
    *(volatile int64_t *)((intptr_t)__builtin_frame_address(0) & ~(intptr_t)0xffff) = 1;
    return sched_yield(k, t);
}

int64_t overflow(void *k, void *t, char *args, void **excinfo) { return deep(0, *(int64_t *)args) < 0; }
"""


class Relay(ctypes.Structure):
    _fields_ = [(name, ctypes.c_void_p) for name in ("read", "write", "close", "exit_group")]
    _fields_ += [(name, ctypes.c_int64) for name in ("in_", "out", "n", "rounds", "done", "at", "error")]


class Program(native.NativeProgram):
    """A C function and the 64-bit number that it is given."""

    def __init__(self, entry, number, keep=None):
        self.entry, self.number, self.keep = entry, number, keep

    def begin(self, args):
        return native.Start(self, self.entry, struct.pack("q", self.number), (*args, self.keep))


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    """The compiled functions, by name."""
    compiler = (sysconfig.get_config_var("CC") or "cc").split()[0]
    if not shutil.which(compiler):
        compiler = shutil.which("cc") or pytest.skip("no C compiler")
    where = tmp_path_factory.mktemp("native")
    (where / "relay.c").write_text(SOURCE)
    command = [compiler, "-O1", "-shared", "-fPIC", "-o", str(where / "relay.so"), str(where / "relay.c")]
    subprocess.run(command, check=True)
    loaded = ctypes.CDLL(str(where / "relay.so"))
    return lambda name: ctypes.cast(getattr(loaded, name), ctypes.c_void_p).value


@pytest.fixture
def relay(library):
    def relay(fd_in, fd_out, n, rounds):
        symbols = {name: native.SYMBOLS[name] for name in ("read", "write", "close", "exit_group")}
        s = Relay(**symbols, in_=fd_in, out=fd_out, n=n, rounds=rounds)
        return Program(library("relay"), ctypes.addressof(s), keep=s), s

    return relay


def test_between_a_generator_and_a_plain_function(k, relay):
    """A ring of three kinds: each round goes native -> generator -> plain -> native."""

    def generator(t, r, w, rounds):
        for _ in range(rounds):
            data = yield t.read(r, 8)
            yield t.write(w, data)

    def plain(t, r, w, rounds):
        seen = []
        for _ in range(rounds):
            data = t.read(r, 8)
            seen.append(data[0])
            t.write(w, data)
        return seen

    rounds = 50
    p = k.spawn()
    pipes = [p.pipe() for _ in range(3)]
    program, state = relay(pipes[0][0], pipes[1][1], 8, rounds)
    p.fork(program, name="native")
    p.fork(generator, pipes[1][0], pipes[2][1], rounds)
    q = p.fork(plain, pipes[2][0], pipes[0][1], rounds)
    p.write(pipes[0][1], bytes(8))
    k.run()
    assert q.result == list(range(1, rounds + 1))
    assert state.done == rounds
    assert p.read(pipes[0][0], 8) == bytes([rounds]) * 8


def test_returning_ends_the_process(k, relay):
    p = k.spawn()
    r, w = p.pipe()
    program, _ = relay(r, w, 1, 0)
    c = p.fork(program)
    assert p.wait4() == (c.pid, 0)


def test_an_error_comes_out_of_the_run_with_the_task_named(k, library):
    p = k.spawn()
    c = p.fork(Program(library("fail"), 0), name="failing")
    with pytest.raises(RuntimeError, match="left by an error") as caught:
        k.run()
    assert caught.value.__notes__ == [f"in the program of task {c.pid} (failing)"]
    assert p.wait4() == (c.pid, 0x0100)


@pytest.mark.parametrize("n", [50, 140, 1000, 1_000_000])
def test_a_stack_that_overflows_is_our_error(k, library, relay, n):
    p = k.spawn()
    r, w = p.pipe()
    r2, w2 = p.pipe()
    program, state = relay(r, w2, 4, 3)
    p.fork(program)
    c = p.fork(Program(library("overflow"), n), name="deep")
    if n < 100:
        k.run(deadlock="return")
        assert p.wait4() == (c.pid, 0)
    else:
        with pytest.raises(StackOverflow, match="deep has used up its stack"):
            k.run()
        assert p.wait4() == (c.pid, 0x0100)
    k.verify()
    for _ in range(3):  # the others go on
        p.write(w, b"abcd")
        assert p.read(r2, 4) == b"bcde"
    k.run()
    assert state.done == 3


def test_a_stack_whose_guard_is_a_word(k, library, relay):
    """On a host without light guards, and with more stacks than mprotect can serve."""
    native.guards(2)
    try:
        p = k.spawn()
        r, w = p.pipe()
        p.fork(relay(r, w, 4, 1)[0], name="above")  # its stack is lower, and stays whole
        c = p.fork(Program(library("scribble"), native.SYMBOLS["sched_yield"]), name="deep")
        with pytest.raises(StackOverflow, match="deep has used up its stack"):
            k.run()
        assert p.wait4(c) == (c.pid, 0x0100)
        p.write(w, b"abcd")
        k.run()
    finally:
        native.guards(0)


@pytest.mark.parametrize("n", [140, 1000])
def test_a_stack_whose_guard_is_of_mprotect(k, library, n):
    native.guards(1)
    try:
        c = k.spawn(Program(library("overflow"), n), name="deep")
        with pytest.raises(StackOverflow):
            k.run()
        assert c.exit_status == 0x0100
    finally:
        native.guards(0)


def test_many_natives_in_a_row_sleep_and_wake_in_order(k, relay):
    p = k.spawn()
    p.setrlimit(7, (4096, 4096))
    n = 200
    pipes = [p.pipe() for _ in range(n + 1)]
    states = []
    for i in range(n):
        program, state = relay(pipes[i][0], pipes[i + 1][1], 16, 3)
        p.fork(program)
        states.append(state)
    for _ in range(3):
        p.write(pipes[0][1], bytes(16))
        assert p.read(pipes[n][0], 16) == bytes([n]) * 16
    k.run()
    assert all(s.done == 3 for s in states)


def test_it_sleeps_in_a_write_too(k, relay, fill):
    p = k.spawn()
    r, w = p.pipe()
    r2, w2 = p.pipe()
    total = fill(p, w2)
    program, state = relay(r, w2, 100, 2)
    p.fork(program)
    p.write(w, b"a" * 200)
    k.run(deadlock="return")
    assert state.done == 0
    assert state.at == 2
    assert len(p.read(r2, 4096)) == 4096
    k.run()
    assert state.done == 2
    data = p.read(r2, total)
    assert data.endswith(b"b" * 200)


def test_errors_and_death(k, relay):
    p = k.spawn()
    r, w = p.pipe()
    program, state = relay(99, w, 1, 1)
    c = p.fork(program)
    assert p.wait4() == (c.pid, 0x0100)
    assert state.error == -EBADF
    r2, w2 = p.pipe()
    p.close(r2)
    p.write(w, b"x")
    program, state = relay(r, w2, 1, 1)
    c = p.fork(program)
    assert p.wait4() == (c.pid, SIGPIPE)
    assert state.done == 0


def test_a_sleeping_native_is_named_in_a_deadlock(k, relay):
    p = k.spawn()
    r, w = p.pipe()
    program, _ = relay(r, w, 1, 1)
    p.fork(program, name="nat")
    with pytest.raises(Deadlock, match="nat"):
        k.run()
    p.write(w, b"x")
    k.run()


def test_dropped_while_asleep(relay):
    with Kernel() as k:
        p = k.spawn()
        r, w = p.pipe()
        program, state = relay(r, w, 1, 1)
        p.fork(program)
        del program
        k.run(deadlock="return")
    assert state.done == 0


def test_the_same_run_is_the_same_trace(relay):
    def simulate():
        def generator(t, r, w):
            for _ in range(10):
                yield t.write(w, (yield t.read(r, 4)))

        with Kernel() as k:
            p = k.spawn()
            (r1, w1), (r2, w2) = p.pipe(), p.pipe()
            program, _ = relay(r1, w2, 4, 10)
            p.fork(program)
            p.fork(generator, r2, w1)
            p.write(w1, b"abcd")
            k.run()
            k.verify()
            return k.trace_hash, k.counters["calls"]["read"]

    assert simulate() == simulate()
    assert simulate()[1] == 20
