"""A fixed number of random programs on both machines."""

from __future__ import annotations

import pytest

from . import real

PROGRAMS = 600
GROUPS = 20
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


def run(seeds: range, compiled: bool) -> None:
    from . import fuzz

    for seed in seeds:
        _, text = fuzz.one(seed, compiled)
        if text:
            pytest.fail(text, pytrace=False)
