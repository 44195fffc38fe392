"""The examples run, and show what they say."""

import importlib.util
from pathlib import Path

import pytest

from fastipc import Deadlock

EXAMPLES = Path(__file__).parents[1] / "examples"


def load(name):
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.py")), ids=lambda path: path.stem)
def test_every_example_runs(path, capsys):
    load(path.stem).main()
    assert capsys.readouterr().out


def test_philosophers_starve_one_by_one():
    dining = load("dining_philosophers")
    with pytest.raises(Deadlock) as caught:
        dining.dine(dining.one_by_one)
    blocked = caught.value.report.blocked
    assert [b.name for b in blocked] == [f"philosopher {i}" for i in range(5)]
    assert [b.waits_for for b in blocked] == [f"semaphore {(i + 1) % 5} of set 0 to be at least 1" for i in range(5)]
    for habit in (dining.both_at_once, dining.lower_number_first):
        assert dining.dine(habit).stopped == "idle"


def test_nothing_is_lost_in_the_buffer():
    buffer = load("bounded_buffer")
    assert buffer.with_semaphores() == buffer.with_messages() == sum(range(buffer.ITEMS))


def test_a_writer_is_alone():
    log, _ = load("readers_writers").run(3, 3)
    inside = set()
    for event in log:
        who, _, what = event.rpartition(" ")
        if what == "in":
            assert not inside or not ({"writer"} & (inside | {who}))
            inside.add(who)
        else:
            inside.remove(who)
    assert not inside
