"""A fixed number of random programs on both machines."""

from __future__ import annotations

import pytest

from . import real, root

PROGRAMS = 600
GROUPS = 20
FILES = 300  # programs over files
SYSV = 240  # programs over semaphores and message queues
MEMORY = 300  # programs over memory
SIGNALS = 200  # programs over signals
COMPILED = 100  # programs whose tasks are compiled


@pytest.mark.parametrize("group", range(GROUPS))
def test_fuzz(group: int) -> None:
    """Random programs give the same answers on the real kernel and on fastipc."""
    if real.disorderly():
        pytest.skip(real.disorderly())
    size = PROGRAMS // GROUPS
    run(range(group * size, (group + 1) * size), compiled=False)


@pytest.mark.parametrize("group", range(4))
def test_fuzz_compiled(group: int) -> None:
    """Random programs whose tasks are compiled programs on fastipc give the answers of the real kernel."""
    if real.disorderly():
        pytest.skip(real.disorderly())
    size = COMPILED // 4
    run(range(10_000 + group * size, 10_000 + (group + 1) * size), compiled=True)


@pytest.mark.parametrize("compiled", [False, True], ids=["", "compiled"])
@pytest.mark.parametrize("group", range(6))
def test_fuzz_files(group: int, compiled: bool) -> None:
    """Random programs over files, directories and FIFOs give the answers of the real kernel."""
    why_not = real.disorderly() or real.rootless() or root.unlike()
    if why_not:
        pytest.skip(why_not)
    size = (COMPILED if compiled else FILES) // 6
    start = 20_000 if compiled else 0
    run(range(start + group * size, start + (group + 1) * size), compiled, files=True)


@pytest.mark.parametrize("group", range(6))
def test_fuzz_sysv(group: int) -> None:
    """Random programs over semaphores and message queues wake the same tasks in the same order."""
    if real.disorderly():
        pytest.skip(real.disorderly())
    run(range(group * SYSV // 6, (group + 1) * SYSV // 6), compiled=False, sysv=True)


@pytest.mark.parametrize("compiled", [False, True], ids=["", "compiled"])
@pytest.mark.parametrize("group", range(6))
def test_fuzz_memory(group: int, compiled: bool) -> None:
    """Random programs over memory, mapped files and segments give the answers of the real kernel."""
    why_not = real.disorderly() or real.rootless() or root.unlike()
    if why_not:
        pytest.skip(why_not)
    size = (COMPILED if compiled else MEMORY) // 6
    start = 40_000 if compiled else 30_000
    run(range(start + group * size, start + (group + 1) * size), compiled, memory=True)


@pytest.mark.parametrize("group", range(4))
def test_fuzz_signals(group: int) -> None:
    """Random programs over signals, stops and waits give the answers of the real kernel."""
    if real.disorderly():
        pytest.skip(real.disorderly())
    run(range(group * SIGNALS // 4, (group + 1) * SIGNALS // 4), compiled=False, signals=True)


def run(
    seeds: range,
    compiled: bool,
    files: bool = False,
    memory: bool = False,
    sysv: bool = False,
    signals: bool = False,
) -> None:
    from . import fuzz

    for seed in seeds:
        _, text = fuzz.one(seed, compiled, fuzz.kind_of(files, memory, sysv, signals))
        if text:
            pytest.fail(text, pytrace=False)
