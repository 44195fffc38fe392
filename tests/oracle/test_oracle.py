"""Every case on the real kernel and on fastipc: the same answers, call by call."""

from __future__ import annotations

import pytest

import fastipc

from . import abi, suite
from .machine import Machine
from .raw import RawMachine
from .sim import SimMachine


@pytest.mark.parametrize("name", sorted(suite.CASES))
def test_real(name: str) -> None:
    """What the case says is so on the real kernel, and the recorded answers are up to date."""
    kernel, log = suite.recorded(name)
    assert log, "no recorded answer: run pytest tests/oracle --record"
    if not suite.missing(name):
        ours = suite.on_real(name)
        if kernel == suite.kernel():
            assert not suite.difference(ours, log), "the recorded answer is another"


def _on_fastipc(name: str, machine: Machine) -> None:
    log, objection = suite.run(suite.CASES[name], machine)
    difference = suite.difference(log, suite.expected(name))
    if difference:
        pytest.fail(f"{suite.CASES[name].__doc__}\n{difference}", pytrace=False)
    if objection is not None:
        raise objection


@pytest.mark.parametrize("verb", ["raise", "sys"])
@pytest.mark.parametrize("name", sorted(suite.CASES))
def test_fastipc(name: str, verb: str) -> None:
    """fastipc gives the answers of the real kernel, in both forms of its calls."""
    _on_fastipc(name, SimMachine(verb))


@pytest.mark.parametrize("name", sorted(name for name in suite.CASES if not name.startswith("signal")))
def test_raw(name: str) -> None:
    """Raw calls with pointers into the tasks' memory give the same answers."""
    _on_fastipc(name, RawMachine())


@pytest.mark.parametrize("verb", ["raise", "sys"])
@pytest.mark.parametrize("name", sorted(name for name in suite.CASES if not name.startswith("signal")))
def test_compiled(name: str, verb: str) -> None:
    """Tasks that are compiled programs give the same answers, in both forms of their calls."""
    from .compiled import CompiledMachine  # brings in Numba

    _on_fastipc(name, CompiledMachine(verb))


def test_every_case_names_its_row() -> None:
    """Each case says in one sentence what it shows."""
    assert not [name for name, case in suite.CASES.items() if not (case.__doc__ or "").rstrip().endswith(".")]


def test_constants() -> None:
    """The oracle's own numbers are fastipc's."""
    names = [n for n in vars(abi) if n.isupper() and n not in ("THREAD", "EVENTS", "INT_MIN", "INT_MAX", "IOV_MAX")]
    ours = {n: getattr(fastipc, n, None) for n in names}
    assert ours == {n: getattr(abi, n) for n in names}
