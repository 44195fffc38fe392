"""pytest-benchmark: every operation of the table, fastipc and its rival in one group.

Every round is a batch of as many operations as the group's name says, so the two sides of a group compare.
"""

from typing import Any

import pytest
from pytest_benchmark.fixture import BenchmarkFixture
from rows import ALL
from timing import LONG, Operation, Side, batch_size, no_collector, one_processor

ROUNDS = 25


def _cases() -> list[Any]:
    """Each side once: an operation with several rivals is timed once for fastipc."""
    cases = []
    groups: dict[str, Operation] = {}
    for op in ALL:
        if op.name not in groups:
            groups[op.name] = op
            cases.append(pytest.param(op.name, op, op.ours, id=f"{op.name}: fastipc"))
        cases.append(pytest.param(op.name, groups[op.name], op.theirs, id=f"{op.name}: {op.rival}"))
    return cases


_sizes: dict[str, int] = {}


def _batch(op: Operation) -> int:
    """Operations in a round of either side: what the slower side, the rival, does in a long batch."""
    if op.name not in _sizes:
        with op.theirs() as body:
            _sizes[op.name] = batch_size(body, LONG)
    return _sizes[op.name]


@pytest.mark.parametrize(("name", "operation", "side"), _cases())
def test_operation(benchmark: BenchmarkFixture, name: str, operation: Operation, side: Side) -> None:
    with one_processor(), side() as body, no_collector():
        n = _batch(operation)
        benchmark.group = f"{name}, x {n}"
        benchmark.extra_info["operations_per_round"] = n
        benchmark.pedantic(body, args=(n,), rounds=ROUNDS, warmup_rounds=2)
