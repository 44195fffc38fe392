"""Loops of machine code over arrays, for very many independent objects at once, without a machine.

What they answer is what the machine's own calls answer. Numba is imported with the first of them.
"""

from importlib import import_module
from types import ModuleType

PARTS = frozenset({"sem", "sigset"})


def __getattr__(name: str) -> ModuleType:
    if name in PARTS:
        return import_module(f"{__name__}.{name}")
    raise AttributeError(f"module 'fastipc.batch' has no attribute {name!r}")
