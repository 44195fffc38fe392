"""Sets of signals over arrays: each ufunc is the operation on one mask, for every element."""

import numpy as np

from fastipc import SIGKILL, SIGSEGV, SIGTERM, Kernel, SigSet
from fastipc.batch import sigset

RNG = np.random.default_rng(1)
MASKS = RNG.integers(0, 2**64, 1000, np.uint64, endpoint=False) & RNG.integers(0, 2**64, 1000, np.uint64)
OTHERS = RNG.integers(0, 2**64, 1000, np.uint64, endpoint=False)


def test_members():
    for sig in (1, 9, 31, 32, 64):
        expected = [bool(int(m) >> (sig - 1) & 1) for m in MASKS]
        assert sigset.ismember(MASKS, sig).tolist() == expected
        assert sigset.ismember(sigset.add(MASKS, sig), sig).all()
        assert not sigset.ismember(sigset.delete(MASKS, sig), sig).any()
    assert (sigset.add(MASKS, 65) == MASKS).all() and (sigset.delete(MASKS, 0) == MASKS).all()
    assert not sigset.ismember(MASKS, 0).any()


def test_two_sets():
    assert (sigset.orsets(MASKS, OTHERS) == MASKS | OTHERS).all()
    assert (sigset.andsets(MASKS, OTHERS) == MASKS & OTHERS).all()
    assert (sigset.andnsets(MASKS, OTHERS) == MASKS & ~OTHERS).all()


def test_the_next_signal_is_the_one_that_a_machine_takes():
    with Kernel() as k:
        for _ in range(50):
            t = k.spawn()
            drawn = RNG.choice(np.arange(1, 65), 6, replace=False)
            numbers = [int(n) for n in drawn if n not in (9, 18, 19, 20, 21, 22)]
            t.sigprocmask(2, range(1, 65))
            for sig in numbers:
                t.kill(t, sig)
            first = sigset.next_signal(sigset.of(numbers), np.uint64(0))
            assert t.sigtimedwait(range(1, 65), 0).si_signo == first
            t.exit()
    assert sigset.next_signal(np.uint64(0), np.uint64(0)) == 0
    assert sigset.next_signal(sigset.of([1, SIGSEGV]), np.uint64(0)) == SIGSEGV


def test_which_tasks_would_take_a_signal():
    with Kernel() as k:
        tasks = [k.spawn() for _ in range(10)]
        for t in tasks[::2]:
            t.sigprocmask(2, SigSet([SIGTERM]))
        rows = k.table("task", live=True)
        pids = set(rows["pid"][sigset.would_take(rows["blocked"], SIGTERM)].tolist())
        assert pids == {1, *(t.pid for t in tasks[1::2])}
        assert sigset.would_take(rows["blocked"], SIGKILL).all()
