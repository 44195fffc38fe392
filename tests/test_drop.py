"""A task or a kernel dropped in the middle of anything leaks nothing and never crashes the interpreter."""

import gc
import os
import sys
import weakref

import pytest

import fastipc
from fastipc import Kernel

PRELUDE = """
import gc, sys
import fastipc
from fastipc import Kernel

def reader(t, r):
    try:
        yield t.read(r, 1)
    finally:
        log.append("reader")

def plain(t, r):
    try:
        t.read(r, 1)
    finally:
        log.append("plain")

log = []
k = Kernel()
p = k.spawn()
r, w = p.pipe()
"""

SCENARIOS = {
    "fresh": "",
    "never ran": "p.fork(reader, r); p.fork(plain, r)",
    "asleep": "p.fork(reader, r); p.fork(plain, r); k.run(deadlock='return')",
    "woken": "p.fork(reader, r); p.fork(plain, r); k.run(deadlock='return'); p.write(w, b'ab')",
    "in a timed sleep": "p.fork(lambda t: t.nanosleep(5)); k.run(until=1)",
    "in a poll": "p.fork(lambda t: t.poll([(r, 1)] * 50)); k.run(deadlock='return')",
    "submitted": "q = p.fork(); c = q.submit('read', r, 1); k.run(); del q",
    "submitted and kept": "c = p.submit('read', r, 1); k.run(); del p, k; gc.collect(); repr(c); repr(c.done())",
    "submitted write": "c = p.submit('write', w, bytearray(100_000)); k.run()",
    "half-written": "p.fork(lambda t: t.write(w, bytes(100_000))); k.run(deadlock='return')",
    "waiting parent": "p.fork(lambda t: t.fork(plain, r) and t.wait4()); k.run(deadlock='return')",
    "zombies": "[p.fork().exit() for _ in range(5)]",
    "threads": "[p.thread(plain, r) for _ in range(5)]; k.run(deadlock='return')",
    "closed": "p.fork(plain, r); k.run(deadlock='return'); k.close()",
    "with a report": "p.fork(plain, r); report = k.run(deadlock='return'); k = None",
    "with a view": "view = k.table('task'); k = None; p = None; gc.collect(); view.sum; view['pid'].sum()",
    "with a trace": "k.trace(log); p.fork(plain, r); k.run(deadlock='return')",
    "task only": "k = None",
    "kernel only": "p = None",
    "with a pending exception": """
p.fork(lambda t: 1 // 0); p.fork(lambda t: 1 // 0)
try:
    k.run()
except ZeroDivisionError as e:
    err = e
""",
    "in a cycle": """
holder = [k]
holder.append(holder)
p.fork(lambda t, h: (t.read(r, 1), h), holder)
k.run(deadlock='return')
del holder
""",
    "swallows its death": """
def stubborn(t):
    while True:
        try:
            t.read(r, 1)
        except BaseException:
            log.append("swallowed")
def stubborn_g(t):
    while True:
        try:
            yield t.read(r, 1)
        except BaseException:
            log.append("swallowed")
            yield
p.fork(stubborn); p.fork(stubborn_g); k.run(deadlock='return')
""",
    "uses the kernel while dying": """
def rude(t):
    try:
        t.read(r, 1)
    finally:
        for f in (k.run, k.spawn, k.close, k.verify, p.getpid, t.getpid, t.fork):
            try:
                f()
            except BaseException as e:
                log.append(type(e))
p.fork(rude); k.run(deadlock='return')
""",
    "closes the kernel from inside": """
def closer(t):
    k.close()
p.fork(closer)
try:
    k.run()
except RuntimeError as e:
    log.append(e)
""",
    "drops the last reference from inside": """
def dropper(t, r):
    global k, p
    k = p = None
    gc.collect()
    t.read(r, 1)
p.fork(dropper, r)
try:
    k.run(deadlock='return')
except fastipc.FastIPCError as e:
    log.append(e)
""",
}


@pytest.mark.parametrize("name", SCENARIOS)
@pytest.mark.parametrize("how", ["dropped", "at exit"])
def test_dropped_in_the_middle_of(run_python, name, how):
    end = "k = p = None; gc.collect(); gc.collect(); print('alive')" if how == "dropped" else "print('alive')"
    assert "alive" in run_python(f"{PRELUDE}\n{SCENARIOS[name]}\n{end}\n")


# ------------------------------------------------------------------------------------------ frames
def reader(t, r, log):
    try:
        yield t.read(r, 1)
    finally:
        log.append(1)


def test_a_compiled_task_that_sleeps_when_the_interpreter_ends(run_python):
    script = """
import numpy as np
from fastipc import Kernel, compiled

@compiled
def waits(t, n):
    got = np.zeros(n, np.int64)
    names = [str(n), "x"]
    got[0] = t.sys_pause()
    return got.sum() + len(names)

def sleeping():
    k = Kernel()
    p = k.spawn()
    p.fork(waits, 20)
    k.run(deadlock="return")
    k.me = k  # collected at the end, when Numba's own memory is out of order
    print("done")

sleeping()
"""
    assert run_python(script) == "done\n"


@pytest.mark.parametrize("how", ["close", "drop", "with"])
def test_sleeping_frames_are_unwound(kind, how):
    log = []
    k = Kernel()
    p = k.spawn()
    r, _ = p.pipe()
    for _ in range(5):
        p.fork(kind(reader), r, log)
    k.run(deadlock="return")
    if how == "close":
        k.close()
    elif how == "with":
        with k:
            pass
    del k, p
    gc.collect()
    assert log == [1] * 5


@pytest.mark.parametrize("how", ["close", "drop"])
def test_leaders_and_threads_are_unwound(kind, how):
    def leader(t, r, log):
        try:
            yield t.thread(kind(reader), r, log)
            yield t.thread(reader, r, log)
            yield t.read(r, 1)
        finally:
            log.append(1)

    log = []
    k = Kernel()
    p = k.spawn()
    r, _ = p.pipe()
    p.fork(kind(leader), r, log)
    k.run(deadlock="return")
    if how == "close":
        k.close()
    del k, p
    gc.collect()
    assert log == [1, 1, 1]


@pytest.mark.parametrize("how", ["exit", "exit_group", "SIGPIPE", "swallowed"])
def test_closing_with_zombies_of_programs(kind, how):
    def program(t, w):
        try:
            if how == "exit":
                yield t.exit(3)
            elif how == "SIGPIPE":
                yield t.write(w, b"x")
            else:
                yield t.exit_group(3)
        except fastipc.TaskKilled:
            if how != "swallowed":
                raise

    k = Kernel()
    p = k.spawn()
    r, w = p.pipe()
    p.close(r)
    tasks = [p.fork(kind(program), w) for _ in range(3)]
    k.run()
    k.verify()
    assert {t.state for t in tasks} == {"zombie"}
    k.close()


def test_a_kernel_is_freed_when_dropped(kind):
    log = []
    k = Kernel()
    p = k.spawn()
    r, _ = p.pipe()
    t = p.fork(kind(reader), r, log)
    k.run(deadlock="return")
    ghosts = [weakref.ref(k), weakref.ref(t)]
    del k, p, t
    gc.collect()
    assert [ghost() for ghost in ghosts] == [None, None]


def test_a_task_object_may_be_dropped_while_it_sleeps(k, kind):
    def program(t, r):
        got.append((yield t.read(r, 1)))

    got = []
    p = k.spawn()
    r, w = p.pipe()
    p.fork(kind(program), r)
    k.run(deadlock="return")
    gc.collect()
    p.write(w, b"x")
    k.run()
    assert got == [b"x"]


def test_a_hand_driven_task_that_nobody_holds_lives_on(k):
    p = k.spawn()
    r, w = p.pipe()
    pid = p.fork().pid
    gc.collect()
    p.close(w)
    assert pid in k.tasks
    k.tasks[pid].write(w, b"x")
    assert p.read(r, 1) == b"x"


def test_a_dropped_submitted_call_goes_on(k):
    p = k.spawn()
    r, w = p.pipe()
    q = p.fork()
    q.submit("read", r, 1)
    gc.collect()
    k.run()
    p.write(w, b"xy")
    k.run()
    assert p.read(r, 2) == b"y"
    assert q.getpid() == q.pid


def test_arguments_and_results_are_let_go(k, kind):
    class Thing:
        pass

    def program(t, thing):
        yield t.getpid()

    thing = Thing()
    ghost = weakref.ref(thing)
    k.spawn(kind(program), thing)
    k.run()
    del thing
    gc.collect()
    assert ghost() is None


def test_a_program_that_raises_does_not_keep_its_frame(k, kind):
    class Thing:
        pass

    ghosts = []

    def program(t):
        thing = Thing()
        ghosts.append(weakref.ref(thing))
        yield t.getpid()
        raise KeyError

    k.spawn(kind(program))
    with pytest.raises(KeyError):
        k.run()
    gc.collect()
    assert ghosts[0]() is None


# ------------------------------------------------------------------------------------------ memory
def resident():
    with open("/proc/self/statm") as f:
        return int(f.read().split()[1]) * 4096


def mappings():
    with open("/proc/self/maps") as f:
        return sum(1 for _ in f)


on_linux = pytest.mark.skipif(
    sys.platform != "linux" or "FASTIPC_SANITIZE" in os.environ, reason="reads /proc; sanitizers keep what was freed"
)


def grows(f, times=5):
    """Bytes by which the process grows from the first repetition to the last, once warm."""
    f()
    gc.collect()
    start = resident()
    for _ in range(times):
        f()
        gc.collect()
    return resident() - start


@on_linux
def test_kernels_leak_nothing(kind):
    def work():
        for _ in range(200):
            k = Kernel()
            p = k.spawn()
            r, w = p.pipe()
            p.fork(kind(reader), r, [])
            p.write(w, b"x" * 5000)
            k.run()
            p.fork(kind(reader), r, [])
            k.run(deadlock="return")

    before = mappings()
    assert grows(work) < 3_000_000
    assert mappings() < before + 50


@on_linux
def test_tasks_and_pipes_leak_nothing(k, kind):
    def work():
        p = k.spawn()
        for _ in range(500):
            r, w = p.pipe()
            c = p.fork(kind(reader), r, [])
            k.run(deadlock="return")
            p.write(w, b"x")
            p.wait4(c)
            p.close(r)
            p.close(w)
        p.exit()

    assert grows(work) < 1_000_000


@on_linux
def test_calls_leak_nothing(k):
    p = k.spawn()
    r, w = p.pipe2(fastipc.O_NONBLOCK)
    buf = bytearray(1000)

    def work():
        for _ in range(3000):
            p.write(w, b"x" * 500)
            p.read(r, 1000)
            p.sys_write(w, buf)
            p.readinto(r, buf)
            p.poll([(r, 1), (w, 4)], 0)
            p.select([r], [w], [], 0)
            p.fstat(r)
            p.writev(w, [buf, b"1"])
            p.readv(r, [buf, bytearray(5)])
            for bad in ("x", None, 1.5):
                try:
                    p.read(bad, 1)
                except TypeError:
                    pass
            try:
                p.read(r, 1)
            except BlockingIOError:
                pass
            try:
                p.writev(w, [b"a", "b"])
            except TypeError:
                pass

    assert grows(work) < 1_000_000


def test_reference_counts_of_arguments_do_not_change(k):
    p = k.spawn()
    r, w = p.pipe2(fastipc.O_NONBLOCK)
    data, buf, fds = b"some bytes here", bytearray(20), [(r, 1), (w, 4)]
    before = [sys.getrefcount(x) for x in (data, buf, fds)]
    for _ in range(100):
        p.write(w, data)
        p.readinto(r, buf)
        p.poll(fds, 0)
        p.sys_write(99, data)
        p.sys_read(r, buf)
        p.writev(w, [data, buf])
        p.readv(r, [buf, buf])
    assert [sys.getrefcount(x) for x in (data, buf, fds)] == before


@on_linux
def test_very_many_kernels_side_by_side():
    kernels = []
    before = resident()
    for i in range(1000):
        k = Kernel()
        p = k.spawn(name=str(i))
        r, w = p.pipe()
        p.write(w, b"%d" % i)
        kernels.append((k, p, r))
    assert (resident() - before) / 1000 < 256 * 1024
    for i, (k, p, r) in enumerate(kernels):
        assert p.read(r, 10) == b"%d" % i
        k.verify()


@on_linux
def test_idle_generators_and_pipes_are_small():
    """All told: the rows, the Task, the frame of the generator."""

    def idle(t, r):
        yield t.read(r, 1)

    n = 100_000  # large pages of the host are rounded to
    with Kernel(limits={"pid_max": 4 * n}) as k:
        p = k.spawn()
        p.setrlimit(fastipc.RLIMIT_NOFILE, (1_000_000, 1_000_000))
        gc.collect()
        before = resident()
        ends = [p.pipe() for _ in range(n)]
        pipes = resident() - before
        del ends
        tasks = []
        before = resident()
        for _ in range(n):
            q = k.spawn()
            r, _ = q.pipe()
            q.execve(idle, r)
            tasks.append(q)
        k.run(deadlock="return")
        assert (resident() - before) / n < 1536
        assert pipes / n < 1024
