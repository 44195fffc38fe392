"""The cases, the recorded answers, and how a case is run on a machine."""

from __future__ import annotations

import functools
import importlib
import json
import os
from collections.abc import Callable
from pathlib import Path

from . import real, root
from .machine import Machine

Case = Callable[[Machine], None]

THEMES = (
    "pipe", "ready", "fd", "process", "ids", "fault", "path", "file", "fifo", "memory", "mapping", "attach", "shm",
    "sem", "msg", "signal", "namespace", "timer", "signalfd",
)  # fmt: skip
ROOTED = ("path", "file", "fifo", "mapping")  # themes whose tasks need a file tree of their own
RECORDED = Path(__file__).with_name("recorded")


def load(theme: str) -> dict[str, Case]:
    """Return the cases of one file, by name."""
    module = importlib.import_module(f"{__package__}.cases_{theme}")
    return {
        name: f
        for name, f in vars(module).items()
        if callable(f) and not name.startswith("_") and f.__module__ == module.__name__
    }


CASES: dict[str, Case] = {f"{theme}-{name}": f for theme in THEMES for name, f in load(theme).items()}


def run(case: Case, machine: Machine) -> tuple[list[str], Exception | None]:
    """Run a case; return the log and what the case had to object."""
    objection: Exception | None = None
    try:
        case(machine)
    except Exception as error:
        objection = error
    finally:
        machine.close()
    return machine.log, objection


@functools.cache
def on_real(name: str) -> list[str]:
    """Return the log of a case on the real kernel of this host."""
    log, objection = run(CASES[name], real.RealMachine())
    if objection is not None:
        raise objection
    return log


@functools.cache
def _file(theme: str) -> dict:
    path = RECORDED / f"{theme}.json"
    return json.loads(path.read_text()) if path.exists() else {"kernel": "", "cases": {}}


def recorded(name: str) -> tuple[str, list[str]]:
    """Return the kernel and the log that were recorded for a case."""
    theme, _, case = name.partition("-")
    return _file(theme)["kernel"], _file(theme)["cases"].get(case, [])


def record() -> None:
    """Write the answers of this host's kernel."""
    RECORDED.mkdir(exist_ok=True)
    for theme in THEMES:
        answers = {
            "kernel": kernel(),
            "cases": {name: on_real(f"{theme}-{name}") for name in load(theme)},
        }
        (RECORDED / f"{theme}.json").write_text(json.dumps(answers, indent=1, ensure_ascii=False) + "\n")
    _file.cache_clear()


def kernel() -> str:
    """Return the series of this host's kernel: ``6.18``."""
    return ".".join(os.uname().release.split(".")[:2])


def expected(name: str) -> list[str]:
    """Return what the real kernel says of a case: this host's if it can, else the recorded one."""
    return recorded(name)[1] if missing(name) else on_real(name)


def missing(name: str) -> str:
    """Return why a case cannot run on the real kernel of this host, or an empty string."""
    return real.missing() or (name.startswith(ROOTED) and (real.rootless() or root.unlike())) or ""


def difference(ours: list[str], theirs: list[str]) -> str:
    """Return the first line in which two logs differ, with some lines before it, or an empty string."""
    for i in range(max(len(ours), len(theirs))):
        a = ours[i] if i < len(ours) else "(nothing)"
        b = theirs[i] if i < len(theirs) else "(nothing)"
        if a != b:
            before = "".join(f"    {line}\n" for line in theirs[max(0, i - 8) : i])
            return f"after\n{before}real:    {b}\nfastipc: {a}"
    return ""
