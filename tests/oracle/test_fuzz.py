"""A fixed number of random programs on both machines."""

from __future__ import annotations

import pytest

from . import real

PROGRAMS = 600
GROUPS = 20


@pytest.mark.parametrize("group", range(GROUPS))
def test_fuzz(group: int) -> None:
    """Random programs give the same answers on the real kernel and on fastipc."""
    if real.disorderly():
        pytest.skip(real.disorderly())
    from . import fuzz

    size = PROGRAMS // GROUPS
    for seed in range(group * size, (group + 1) * size):
        _, text = fuzz.one(seed)
        if text:
            pytest.fail(text, pytrace=False)
