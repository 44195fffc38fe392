"""Random programs of all kinds under a random driver: whatever happens, the machine stays valid and ends empty."""

import contextlib
import functools
import gc
import random
from concurrent.futures import CancelledError

import pytest

import fastipc
from fastipc import FastIPCError, Kernel

FLAGS = (0, fastipc.O_NONBLOCK, fastipc.O_DIRECT, fastipc.O_CLOEXEC, fastipc.O_NONBLOCK | fastipc.O_CLOEXEC)
SIZES = (0, 1, 5, 40, 4096, 5000, 70_000)
CLONES = (
    fastipc.SIGCHLD,
    fastipc.CLONE_FILES | fastipc.SIGCHLD,
    fastipc.CLONE_VM | fastipc.CLONE_SIGHAND | fastipc.SIGCHLD,
    fastipc.CLONE_PARENT | fastipc.SIGCHLD,
    0,
)
ACTIONS = "spawn spawn spawn hand hand hand submit submit cancel run run run step result inject drop trace".split()


class Oops(Exception):
    pass


def one_call(t, rng, program_of):
    """A random call as (name, arguments)."""
    fd, other = rng.randrange(8), rng.randrange(8)
    wait = rng.choice((0, 1, 20, 300))
    calls = {
        "pipe2": (rng.choice(FLAGS),),
        "read": (fd, rng.choice(SIZES)),
        "sys_readinto": (fd, bytearray(rng.choice(SIZES))),
        "write": (fd, b"x" * rng.choice(SIZES)),
        "sys_writev": (fd, [b"a", b"b" * rng.choice(SIZES)]),
        "close": (fd,),
        "dup2": (fd, other),
        "fcntl": (fd, *rng.choice(((fastipc.F_SETPIPE_SZ, rng.choice((0, 8192, 1 << 17))), (fastipc.F_SETFL, 2048)))),
        "poll": ([(fd, 5), (other, 1)], wait),
        "select": ([fd], [other], [], wait / 1000),
        "nanosleep": (wait / 1000,),
        "sched_yield": (),
        "wait4": (-1, rng.choice((0, fastipc.WNOHANG, fastipc.WALL))),
        "signal": (fastipc.SIGPIPE, rng.choice((fastipc.SIG_DFL, fastipc.SIG_IGN))),
        "alarm": (wait // 10,),
        "setitimer": (0, wait / 1000, rng.choice((0, 0.05))),
        "timer_create": (rng.choice((0, 1, 3)), rng.choice((14, 40)), 0, rng.choice((0, 0, 1, 4)), t.pid),
        "timer_settime": (rng.randrange(3), wait / 1000, rng.choice((0, 0.03)), rng.randrange(2)),
        "timer_gettime": (rng.randrange(3),),
        "timer_delete": (rng.randrange(3),),
        "sys_setrlimit": (
            fastipc.RLIMIT_NOFILE,
            memoryview(bytearray(b"\x14" + bytes(7) + b"\x14" + bytes(7))).cast("Q"),
        ),
    }
    name = rng.choice(list(calls))
    if rng.random() < 0.12:
        name = rng.choice(("fork", "thread", "clone", "execve", "exit", "exit_group"))
        if name in ("exit", "exit_group"):
            return name, (rng.randrange(256),)
        program, *args = program_of(rng)
        return name, ((rng.choice(CLONES),) if name == "clone" else ()) + (program, *args)
    return name, calls[name]


def program(kinds, seed, depth, t):
    """A generator program; `kinds` turns it into one of another kind for its children."""
    rng = random.Random(seed)

    def child(rng):
        if depth == 0:
            return functools.partial(idle, rng.random()), *()
        kind = rng.choice(kinds)
        return (kind(functools.partial(program, kinds, rng.random(), depth - 1)),)

    for _ in range(rng.randrange(1, 25)):
        name, args = one_call(t, rng, child)
        try:
            yield getattr(t, name)(*args)
        except OSError as e:
            if rng.random() < 0.05:
                raise Oops from e
        finally:
            if rng.random() < 0.1:
                with contextlib.suppress(OSError):
                    t.write(rng.randrange(12), b"last")
    if rng.random() < 0.1:
        raise Oops
    return rng.random()


def idle(_, t):
    yield t.getpid()


def as_plain(f):
    def plain(t):
        frame, value = f(t), None
        try:
            while True:
                value = frame.send(value)
        except StopIteration as stop:
            return stop.value

    return plain


def as_generator(f):
    return f


KINDS = (as_plain, as_generator)


class Driver:
    def __init__(self, seed):
        self.rng = random.Random(seed)
        self.k = Kernel(seed=seed, schedule=self.rng.choice(("fifo", "fifo", "random")), memory=1 << 20)
        self.hands = [self.k.spawn(uid=self.rng.choice((0, 1000)))]
        for _ in range(3):
            self.hands[0].pipe2(self.rng.choice(FLAGS))
        self.calls = []
        self.trace = []

    def program(self, rng):
        return (rng.choice(KINDS)(functools.partial(program, KINDS, rng.random(), 3)),)

    def act(self):
        rng, k = self.rng, self.k
        action = rng.choice(ACTIONS)
        t = rng.choice(self.hands) if self.hands else None
        try:
            if action == "spawn" or t is None:
                if t is None or rng.random() < 0.2:
                    self.hands.append(k.spawn(*self.program(rng)) if rng.random() < 0.3 else k.spawn())
                else:
                    t.fork(*self.program(rng), daemon=rng.random() < 0.3)
            elif action in ("hand", "submit"):
                name, args = one_call(t, rng, self.program)
                if name in ("fork", "thread") and rng.random() < 0.5:
                    self.hands.append(getattr(t, name)())
                elif action == "hand":
                    getattr(t, name)(*args)
                else:
                    self.calls.append(t.submit(name, *args))
            elif action == "cancel" and self.calls:
                rng.choice(self.calls).cancel()
            elif action == "result" and self.calls:
                self.calls.pop(rng.randrange(len(self.calls))).result()
            elif action == "run":
                k.run(until=k.now + rng.choice((0, 0.005, 1)), deadlock="return")
            elif action == "step":
                for _ in range(rng.randrange(5)):
                    k.step()
            elif action == "inject":
                k.inject(rng.choice(("page", "row", "row")), rng.randrange(20))
            elif action == "drop":
                rng.shuffle(self.calls)
                del self.calls[2:]
                gc.collect(0)
            elif action == "trace":
                k.trace(rng.choice((None, self.trace)))
        except (OSError, FastIPCError, CancelledError, Oops):
            pass
        self.hands = [t for t in self.hands if t.exit_status is None and self.is_hand(t)][:8]

    def is_hand(self, t):
        """False once execve has given it a program."""
        try:
            t.getpid()
        except FastIPCError as e:
            return "pending" in str(e) or t.waiting is not None
        return True

    def finish(self):
        self.k.inject("row", 0)
        self.k.inject("page", 0)
        self.k.trace(None)


@pytest.mark.parametrize("block", range(10))
def test_the_machine_stays_valid(block, ended, rows):
    for seed in range(block * 100, block * 100 + 100):
        driver = Driver(seed)
        for _ in range(60):
            driver.act()
            driver.k.verify()
        driver.finish()
        if ended(driver.k):
            counts = rows(driver.k)
            assert counts["task"] == counts["signal"] == counts["files"] == 1, seed
            assert counts["file"] == counts["pipe"] == counts["page"] == counts["timer"] == 0, seed
        driver.k.verify()
        driver.k.close()


def test_the_same_seed_is_the_same_history():
    def history(seed):
        driver = Driver(seed)
        with driver.k:
            for _ in range(60):
                driver.act()
            return driver.k.trace_hash, driver.k.state_hash(), driver.k.now_ns

    for seed in range(10):
        assert history(seed) == history(seed)
