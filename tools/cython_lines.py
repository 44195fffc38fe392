"""Which lines of .py, .pyx and .pxd the tests reach: a pytest plugin that records and a coverage plugin that reports.

coverage's own tracer keeps a stack of frames, and after a greenlet switch takes the next line for one of the frame
that was left. Here each event says itself which file it belongs to, so switches do not matter. `make coverage` runs
it on a build with FASTIPC_TRACE=1, in a tree where the generated C lies beside the sources.
"""

import sys
import threading
from collections import defaultdict
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import Cython.Coverage
from coverage import CoverageData

SOURCES = Path("src").resolve()
_lines: dict[str, set[int]] = defaultdict(set)  # by file name as the code object has it
_ours: dict[CodeType, bool] = {}


def _trace(frame: FrameType, event: str, arg: object) -> Any:
    code = frame.f_code
    ours = _ours.get(code)
    if ours is None:
        ours = _ours[code] = "fastipc/" in code.co_filename and "/tests/" not in code.co_filename
    if not ours:
        return None
    if event in ("line", "call"):  # a cdef function has its first line only as a call
        _lines[code.co_filename].add(frame.f_lineno)
    return _trace


def pytest_configure() -> None:
    threading.settrace(_trace)
    sys.settrace(_trace)


def pytest_unconfigure() -> None:
    sys.settrace(None)
    threading.settrace(None)  # type: ignore[arg-type]
    data = CoverageData(".coverage")
    data.erase()
    reached: dict[str, set[int]] = defaultdict(set)
    for name, lines in _lines.items():
        # Python's names are absolute; Cython's are relative to the project for a .pyx, to the sources for a .pxd.
        for path in SOURCES.parent / name, SOURCES / name:
            if path.is_relative_to(SOURCES) and path.exists():
                reached[str(path)] |= lines
    data.add_lines(reached)
    for suffix, plugin in (".py", ""), (".pyx", f"{__name__}.Plugin"), (".pxd", f"{__name__}.Plugin"):
        files = [str(path) for path in SOURCES.rglob("*" + suffix) if suffix != ".pxd" or str(path) in reached]
        data.touch_files(files, plugin)
    data.write()


class Plugin(Cython.Coverage.Plugin):
    """Cython's reporter, which knows the inline functions of a .pxd only after it has read a module that uses them."""

    def __init__(self) -> None:
        self._merged: dict[str, dict[int, str]] = defaultdict(dict)

    def file_reporter(self, filename: str) -> Any:
        if not self._merged:
            for generated in sorted(SOURCES.rglob("*.c")):
                self._read_source_lines(str(generated), filename)
        return super().file_reporter(filename)

    def _parse_cfile_lines(self, c_file: str) -> dict[str, dict[int, str]]:
        # Several modules hold parts of one .pxd: its lines are those of all of them.
        for name, code in super()._parse_cfile_lines(c_file).items():
            self._merged[name].update(code)
        return self._merged


def coverage_init(registry: Any, options: Any) -> None:
    registry.add_file_tracer(Plugin())
