"""The ``--record`` option of the oracle."""

from __future__ import annotations

import pytest

from . import real, root, suite


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--record", action="store_true", help="write the recorded answers from this host's kernel")


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--record", default=False):
        if real.rootless() or root.unlike():
            raise pytest.UsageError(real.rootless() or root.unlike())
        suite.record()
