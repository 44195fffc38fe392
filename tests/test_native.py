"""A task whose program is compiled: a C state machine beside generators and plain functions in one kernel.

The step function touches no Python object. It makes system calls through the addresses of `native.SYMBOLS`, returns
when a call must sleep, and is entered again with the result: the same call record serves all kinds of task.
"""

import ctypes
import shutil
import subprocess
import sysconfig

import pytest

from fastipc import EBADF, SIGPIPE, Deadlock, Kernel
from fastipc._core import native

SOURCE = """
#include <stdint.h>

typedef int64_t call_t(void *k, void *t, int64_t fd, char *buf, int64_t n);
typedef int64_t close_t(void *k, void *t, int64_t fd);

struct relay {            /* reads n bytes at a time, adds one to each, writes them, `rounds` times */
    call_t *read, *write;
    close_t *close;
    int64_t sleep;        /* what a call answers that sleeps */
    int64_t in, out, n, rounds, done, at, error;
    char buf[256];
};

int64_t relay(void *k, void *t, void *state, int64_t ret) {
    struct relay *s = state;
    for (;;) {
        switch (s->at) {
        case 0:
            if (s->done == s->rounds) {
                s->close(k, t, s->out);
                return 7;
            }
            s->at = 1;
            ret = s->read(k, t, s->in, s->buf, s->n);
            if (ret == s->sleep)
                return ret;
            /* fall through */
        case 1:
            if (ret <= 0) {
                s->error = ret;
                return 1;
            }
            for (int64_t i = 0; i < ret; i++)
                s->buf[i]++;
            s->at = 2;
            ret = s->write(k, t, s->out, s->buf, ret);
            if (ret == s->sleep)
                return ret;
            /* fall through */
        case 2:
            if (ret < 0) {
                s->error = ret;
                return 2;
            }
            s->done++;
            s->at = 0;
        }
    }
}
"""


class Relay(ctypes.Structure):
    _fields_ = [(name, ctypes.c_void_p) for name in ("read", "write", "close")]
    _fields_ += [(name, ctypes.c_int64) for name in ("sleep", "in_", "out", "n", "rounds", "done", "at", "error")]
    _fields_ += [("buf", ctypes.c_char * 256)]


@pytest.fixture(scope="module")
def step(tmp_path_factory):
    """Address of the compiled step function."""
    compiler = (sysconfig.get_config_var("CC") or "cc").split()[0]
    if not shutil.which(compiler):
        compiler = shutil.which("cc") or pytest.skip("no C compiler")
    where = tmp_path_factory.mktemp("native")
    (where / "relay.c").write_text(SOURCE)
    command = [compiler, "-O2", "-shared", "-fPIC", "-o", str(where / "relay.so"), str(where / "relay.c")]
    subprocess.run(command, check=True)
    library = ctypes.CDLL(str(where / "relay.so"))
    yield ctypes.cast(library.relay, ctypes.c_void_p).value


@pytest.fixture
def relay(step):
    def relay(fd_in, fd_out, n, rounds):
        s = Relay(**native.SYMBOLS, sleep=-native.ESLEEP_, in_=fd_in, out=fd_out, n=n, rounds=rounds)
        return native.NativeProgram(step, ctypes.addressof(s), keep=s), s

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


def test_its_exit_status_is_what_the_step_function_returns(k, relay):
    p = k.spawn()
    r, w = p.pipe()
    program, _ = relay(r, w, 1, 0)
    c = p.fork(program)
    assert p.wait4() == (c.pid, 0x0700)


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


def test_dropped_while_asleep(step, relay):
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
