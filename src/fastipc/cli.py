"""The command ``fastipc``."""

from __future__ import annotations

import argparse
import runpy
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fastipc.kernel import Kernel


def main(argv: Sequence[str] | None = None) -> int:
    """Run one of the commands; the exit status."""
    parser = argparse.ArgumentParser(prog="fastipc", description="The Linux IPC subsystem as a library.")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("version", help="print the version")
    shown = commands.add_parser(
        "ipcs",
        help="print what ipcs prints of a machine",
        description="Run a Python script and print what ipcs prints of the last Kernel that it left in a variable; "
        "without a script, of a fresh machine. What begins with - are options of ipcs.",
    )
    shown.add_argument("script", nargs="?", help="a Python script that makes a Kernel")
    options, rest = parser.parse_known_args(argv)
    if options.command == "version":
        from fastipc import __version__

        print(__version__)
        return 0
    return _ipcs(options.script, rest)


def _ipcs(script: str | None, options: list[str]) -> int:
    from fastipc.kernel import Kernel

    if script is not None and options[-1:] == ["-i"]:  # the number of an object, not a script
        options, script = [*options, script], None
    kernel = Kernel() if script is None else _made_by(script)
    if kernel is None:
        print(f"fastipc: {script} leaves no Kernel in a variable", file=sys.stderr)
        return 1
    try:
        print(kernel.ipcs(*options), end="")
    except ValueError as error:
        print(f"ipcs: {error}", file=sys.stderr)
        return 1
    return 0


def _made_by(script: str) -> Kernel | None:
    from fastipc.kernel import Kernel

    found = [value for value in runpy.run_path(script, run_name="__main__").values() if isinstance(value, Kernel)]
    return found[-1] if found else None


if __name__ == "__main__":
    sys.exit(main())
