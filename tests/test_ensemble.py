"""replicate: the results of a loop over seeds, whoever does the work, however it is cut."""

import gc
import io
import multiprocessing
import os
import signal
import sys
import threading
import weakref
from concurrent.futures import CancelledError, Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor

import numpy as np
import pytest
from numpy.random import SeedSequence

import fastipc
from fastipc import Deadlock, Kernel, KernelClosed, Report, ensemble, replicate


# ------------------------------------------------------------------------------------------ what is made
def passer(t, r, w, n):
    for _ in range(n):
        yield t.write(w, (yield t.read(r, 1)))


def build(seed):
    """Programs that pass bytes round, in a random order."""
    k = Kernel(seed=seed, schedule="random")
    shell = k.spawn()
    r, w = shell.pipe()
    for _ in range(3):
        shell.fork(passer, r, w, 20, daemon=True)
    shell.write(w, b"abc")
    return k


def trace_hash(seed):
    with build(seed) as k:
        k.run()
        return k.trace_hash


def twice(seed):
    return 2 * seed


def fails_at(*bad):
    def make(seed):
        if seed in bad:
            raise ZeroDivisionError(seed)
        return seed

    return make


def fails_at_5(seed):
    return 1 // (seed - 5) if seed else seed


def unpicklable(seed):
    return lambda: seed


def endless(seed):
    def program(t):
        while True:
            yield t.sched_yield()

    k = Kernel(seed=seed)
    k.spawn(program)
    return k


def counts(report):
    """A report less the time of the host."""
    return {key: value for key, value in report.to_dict().items() if key != "wall_s"}


# ------------------------------------------------------------------------------------------ executors
class Inline(Executor):
    """Does the work in `submit`. Knows the sizes of all chunks."""

    def __init__(self):
        self.sizes = []

    def submit(self, fn, /, *args):
        self.sizes.append(len(args[1]))
        return done(fn, args)


class Reverse(Executor):
    """Two workers who let the work pile up, and do the last first."""

    _max_workers = 2

    def __init__(self, pile):
        self.pile = pile
        self.waiting = []
        self.order = []

    def submit(self, fn, /, *args):
        future = Future()
        self.waiting.append((future, fn, args))
        if len(self.waiting) == self.pile:
            for each, fn, args in reversed(self.waiting):
                if each.set_running_or_notify_cancel():
                    self.order += args[1]
                    done(fn, args, each)
            self.waiting = []
        return future


def done(fn, args, future=None):
    future = future or Future()
    try:
        future.set_result(fn(*args))
    except BaseException as e:
        future.set_exception(e)
    return future


@pytest.fixture
def processes():
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as executor:
        yield executor


@pytest.fixture(params=["threads", "inline", "one"])
def executor(request):
    with ThreadPoolExecutor(1) as one:
        yield {"threads": None, "inline": Inline(), "one": one}[request.param]


@pytest.fixture
def singly(monkeypatch):
    """Every chunk has one seed."""
    monkeypatch.setattr(ensemble, "CHUNK_S", 0)


# ------------------------------------------------------------------------------------------ results
def test_results_are_in_the_order_of_the_seeds(executor):
    assert replicate(twice, range(1000), executor) == list(range(0, 2000, 2))


def test_the_same_as_a_loop(executor):
    seeds = range(40)
    expected = [trace_hash(seed) for seed in seeds]
    assert len(set(expected)) > 1
    assert replicate(trace_hash, seeds, executor) == expected


@pytest.mark.parametrize("chunk", [0, 1e-4, 1e9])
def test_chunks_decide_nothing(chunk, monkeypatch):
    expected = [trace_hash(seed) for seed in range(40)]
    monkeypatch.setattr(ensemble, "CHUNK_S", chunk)
    assert replicate(trace_hash, range(40)) == expected


def test_a_kernel_is_run_and_closed_and_gives_its_report(executor):
    made = []

    def make(seed):
        made.append(build(seed))
        return made[-1]

    reports = replicate(make, range(20), executor)
    assert all(type(report) is Report for report in reports)
    for seed, report in enumerate(reports):
        with build(seed) as k:
            assert counts(report) == counts(k.run())
    assert len(made) == 20
    for k in made:
        with pytest.raises(KernelClosed):
            k.spawn()


def test_each_kernel_stays_in_one_thread():
    threads = set()

    def make(seed):
        threads.add(threading.get_ident())
        return build(seed)

    replicate(make, range(50))
    assert 1 <= len(threads) <= len(os.sched_getaffinity(0))
    assert threading.get_ident() not in threads


def test_workers_that_are_processes(processes):
    assert replicate(trace_hash, range(20), processes) == [trace_hash(seed) for seed in range(20)]
    assert list(map(counts, replicate(build, 5, processes))) == list(map(counts, replicate(build, 5)))
    with pytest.raises(ZeroDivisionError) as caught:
        replicate(fails_at_5, range(100), processes)
    assert caught.value.__notes__ == ["with seed 5, index 5"]
    with pytest.raises(Exception, match="pickle") as caught:
        replicate(unpicklable, [3], processes)
    assert caught.value.__notes__ == ["with seeds of index 0 to 0"]
    assert replicate(twice, 1, processes) == replicate(twice, 1)


def test_completion_in_reverse_order(singly):
    executor = Reverse(4)
    assert replicate(twice, range(12), executor) == list(range(0, 24, 2))
    assert executor.order == [3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8]


# ------------------------------------------------------------------------------------------ seeds
def test_a_number_of_seeds_means_children_of_seed_sequence_0():
    children = [int(child.generate_state(1, np.uint64)[0]) for child in SeedSequence(0).spawn(5)]
    seeds = replicate(int, 5)
    assert seeds == children
    assert all(type(seed) is int for seed in seeds)
    assert replicate(int, np.int64(3)) == seeds[:3]


def test_seed_sequences():
    children = SeedSequence(42).spawn(3)
    seeds = replicate(int, children)
    assert seeds == [int(child.generate_state(1, np.uint64)[0]) for child in children]
    assert replicate(int, SeedSequence(42).spawn(4))[:3] == seeds


@pytest.mark.parametrize(
    "seeds, expected",
    [
        ([3, 1, 3], [3, 1, 3]),
        ((seed for seed in (2, 0)), [2, 0]),
        (np.array([5, 7], np.uint8), [5, 7]),
        ([2**100], [2**100]),
        ([], []),
        (0, []),
    ],
)
def test_seeds_are_plain_integers(seeds, expected):
    made = []
    assert replicate(lambda seed: made.append(seed) or seed, seeds) == expected
    assert sorted(made) == sorted(expected)
    assert all(type(seed) is int for seed in made)


# ------------------------------------------------------------------------------------------ chunks
def test_chunks_grow_to_what_takes_long_enough(monkeypatch):
    clock = [0.0]

    def make(seed):
        clock[0] += 0.001
        return seed

    monkeypatch.setattr(ensemble, "perf_counter", lambda: clock[0])
    executor = Inline()
    assert replicate(make, range(500), executor) == list(range(500))
    assert executor.sizes[:3] == [1, 8, 64]
    assert all(ensemble.CHUNK_S / 2 <= size * 0.001 <= 2 * ensemble.CHUNK_S for size in executor.sizes[2:-1])


def test_chunks_shrink_when_the_work_grows(monkeypatch):
    clock = [0.0]

    def make(seed):
        clock[0] += 0.001 if seed < 300 else 1

    monkeypatch.setattr(ensemble, "perf_counter", lambda: clock[0])
    executor = Inline()
    replicate(make, range(600), executor)
    assert executor.sizes[-1] == 1


def test_few_chunks_are_in_flight(singly):
    executor = Reverse(4)
    replicate(twice, range(40), executor)
    assert executor.order.index(4) == 7  # no fifth before the first four are done


# ------------------------------------------------------------------------------------------ errors
def test_an_exception_names_the_seed_and_comes_out_once(executor):
    with pytest.raises(ZeroDivisionError) as caught:
        replicate(fails_at(77), [*range(50), 77, 1], executor)
    assert caught.value.args == (77,)
    assert caught.value.__notes__ == ["with seed 77, index 50"]
    assert replicate(fails_at(77), range(50), executor) == list(range(50))


def test_what_has_not_begun_is_cancelled(executor, singly):
    """And what has, in a thread, is left: it would never end."""
    made = []

    def make(seed):
        made.append(seed)
        return fails_at(3)(seed) if seed <= 3 else endless(seed)

    with pytest.raises(ZeroDivisionError):
        replicate(make, range(10_000), executor)
    assert {0, 1, 2, 3} <= set(made)
    assert len(made) < 1000


def test_the_first_seed_that_fails_decides(singly):
    """As in a loop, though later ones fail sooner."""
    executor = Reverse(4)
    with pytest.raises(ZeroDivisionError) as caught:
        replicate(fails_at(5, 6, 7), range(12), executor)
    assert caught.value.args == (5,)
    assert executor.order == [3, 2, 1, 0, 7, 6, 5, 4]


def test_exceptions_of_the_run(executor):
    def sleeper(t):
        r, _ = t.pipe()
        t.read(r, 1)

    def make(seed):
        k = Kernel(seed=seed)
        if seed == 2:
            k.spawn(sleeper)
        return k

    with pytest.raises(Deadlock) as caught:
        replicate(make, range(4), executor)
    assert caught.value.report.blocked[0].call == "read"
    assert caught.value.__notes__ == ["with seed 2, index 2"]


def test_a_kernel_of_a_failed_make_is_left_in_its_thread():
    """Though the frames of the traceback, and a cycle, hold it."""
    log = []

    def sleeper(t):
        r, _ = t.pipe()
        try:
            t.read(r, 1)
        finally:
            log.append(threading.current_thread().name)

    def make(seed):
        k = Kernel(seed=seed)
        log.append(weakref.ref(k))
        hand = k.spawn()
        hand.fork(sleeper)
        k.run(deadlock="return")
        hand.close(99)

    with pytest.raises(OSError) as caught:
        replicate(make, 1)
    assert caught.value.__traceback__ is not None
    assert log[0]() is None
    assert log[1].startswith("fastipc")


def test_nothing_holds_an_error_that_came_out(singly):
    class Error(Exception):
        pass

    def make(seed):
        raise Error

    gc.collect()
    gc.disable()
    try:
        try:
            replicate(make, 5)
        except Error as e:
            error = weakref.ref(e)
        assert error() is None
    finally:
        gc.enable()


def test_a_work_that_others_cancelled():
    class Cancelling(Executor):
        def submit(self, fn, /, *args):
            future = Future()
            future.cancel()
            future.set_running_or_notify_cancel()
            return future

    with pytest.raises(CancelledError):
        replicate(twice, 10, Cancelling())


def test_an_executor_that_breaks_while_it_works(singly):
    class Breaks(Inline):
        def submit(self, fn, /, *args):
            if len(self.sizes) == 3:
                raise RuntimeError("broken")
            return super().submit(fn, *args)

    with pytest.raises(RuntimeError, match="broken"):
        replicate(twice, 10, Breaks())


@pytest.mark.parametrize("seeds", [1, 10])
def test_ctrl_c_stops_machines_that_run_in_threads(seeds, singly):
    made = []

    def make(seed):
        made.append(seed)
        if len(made) == min(seeds, 2):
            signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)
        return endless(seed)

    handler = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with ThreadPoolExecutor(2) as threads, pytest.raises(KeyboardInterrupt):
            replicate(make, seeds, threads)
    finally:
        signal.signal(signal.SIGINT, handler)
    assert len(made) <= 2


def test_a_failure_stops_the_machines_of_later_seeds(singly):
    begun = threading.Event()

    def make(seed):
        if seed == 0:
            assert begun.wait(60)
            raise ZeroDivisionError
        begun.set()
        return endless(seed)

    with ThreadPoolExecutor(2) as threads, pytest.raises(ZeroDivisionError):
        replicate(make, range(100), threads)


# ------------------------------------------------------------------------------------------ progress
def test_progress_is_shown_and_changes_nothing(capsys, executor):
    assert replicate(twice, range(1500), executor) == [2 * seed for seed in range(1500)]
    assert capsys.readouterr().err == ""
    assert replicate(twice, range(1500), executor, progress=True) == [2 * seed for seed in range(1500)]
    shown = capsys.readouterr().err
    assert shown.startswith(f"[{'#' * 30}] 100%  1,500 of 1,500 machines, ")
    assert shown.endswith(" s\n")
    replicate(twice, [], executor, progress=True)
    assert capsys.readouterr().err == ""


def test_progress_on_a_terminal(monkeypatch, singly):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    monkeypatch.setattr("fastipc.progress.PAUSE", 0)
    monkeypatch.setattr(sys, "stderr", Terminal())
    replicate(twice, range(4), Inline(), progress=True)
    lines = sys.stderr.getvalue().split("\r")
    assert len(lines) == 5
    assert lines[2].startswith(f"[{'#' * 15}{' ' * 15}]  50%  2 of 4 machines, ")
    assert [line.endswith("\n") for line in lines] == [False] * 4 + [True]


def test_progress_as_a_callable(executor):
    seen = []
    replicate(twice, range(300), executor, progress=lambda *counts: seen.append(counts))
    assert seen[-1] == (300, 300)
    assert seen == sorted(set(seen))
    with pytest.raises(ZeroDivisionError):
        replicate(twice, range(300), executor, progress=lambda *_: 1 // 0)


# ------------------------------------------------------------------------------------------ bad input
@pytest.mark.parametrize(
    "args, error, word",
    [
        ((None, 3), TypeError, "make"),
        ((3, [1]), TypeError, "make"),
        ((twice, None), TypeError, "seeds"),
        ((twice, 1.5), TypeError, "seeds"),
        ((twice, True), TypeError, "seeds"),
        ((twice, "12"), TypeError, "seeds"),
        ((twice, [1, 2.0]), TypeError, "seeds"),
        ((twice, [1, None]), TypeError, "seeds"),
        ((twice, SeedSequence(0)), TypeError, "seeds"),
        ((twice, np.zeros((2, 2), int)), TypeError, "seeds"),
        ((twice, -1), ValueError, "seeds"),
        ((twice, [1, -1]), ValueError, "seeds"),
        ((twice, [], 4), TypeError, "executor"),
        ((twice, 3, ThreadPoolExecutor), TypeError, "executor"),
    ],
)
def test_bad_input(args, error, word):
    with pytest.raises(error, match=f"^{word} "):
        replicate(*args)


def test_nothing_is_made_if_one_seed_is_wrong():
    made = []
    with pytest.raises(ValueError):
        replicate(made.append, [1, 2, -3])
    assert not made


def test_an_executor_that_was_shut_down():
    executor = ThreadPoolExecutor(1)
    executor.shutdown()
    with pytest.raises(RuntimeError, match="after shutdown"):
        replicate(twice, 3, executor)


def test_an_import_does_not_pay_for_it(run_python):
    run_python(
        "import sys, fastipc\n"
        "assert 'concurrent.futures' not in sys.modules and 'fastipc.ensemble' not in sys.modules\n"
        "from fastipc import replicate\n"
        "assert fastipc.replicate is replicate is sys.modules['fastipc.ensemble'].replicate\n"
    )
    assert "replicate" in fastipc.__all__
