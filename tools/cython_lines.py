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
EVENTS = 1_000_000  # looked at in one test: it takes microseconds each, and what a test does it does early
_lines: dict[str, set[int]] = defaultdict(set)  # by file name as the code object has it
_ours: dict[CodeType, bool] = {}
_left = EVENTS


def _path(name: str) -> str | None:
    """The source file by a name that is absolute (Python) or relative to the project or its sources (Cython)."""
    for path in SOURCES.parent / name, SOURCES / name:
        if path.is_relative_to(SOURCES) and path.exists():
            return str(path)
    return None


def _trace(frame: FrameType, event: str, arg: object) -> Any:
    global _left
    code = frame.f_code
    ours = _ours.get(code)
    if ours is None:
        # A frame of Cython must always be followed: its lines are traced all the same.
        ours = _ours[code] = _path(code.co_filename) is not None or not code.co_filename.endswith(".py")
    if not ours:
        return None
    _left -= 1
    if _left < 0:
        sys.settrace(None)
    if event in ("line", "call"):  # a cdef function has its first line only as a call
        _lines[code.co_filename].add(frame.f_lineno)
    return _trace


def pytest_addoption() -> None:  # the first hook of all, before a conftest imports the package
    threading.settrace(_trace)
    sys.settrace(_trace)


def pytest_runtest_setup() -> None:
    global _left
    _left = EVENTS
    sys.settrace(_trace)  # off after so many events, or by an error raised inside it, as a KeyboardInterrupt


def pytest_unconfigure() -> None:
    sys.settrace(None)
    threading.settrace(None)  # type: ignore[arg-type]
    data = CoverageData(".coverage")
    data.erase()
    reached: dict[str, set[int]] = defaultdict(set)
    for name, lines in _lines.items():
        if path := _path(name):
            reached[path] |= lines
    data.add_lines(reached)
    for suffix, plugin in (".py", ""), (".pyx", f"{__name__}.Plugin"), (".pxd", f"{__name__}.Plugin"):
        files = [str(path) for path in SOURCES.rglob("*" + suffix) if suffix != ".pxd" or str(path) in reached]
        data.touch_files(files, plugin)
    data.write()


class Plugin(Cython.Coverage.Plugin):
    """Cython's reporter, but with the lines of an inline function from all modules that have a copy of it."""

    def __init__(self) -> None:
        self._files: dict[str, tuple[str, str, dict[int, str]]] = {}

    def _read_all(self) -> None:
        for generated in map(str, SOURCES.rglob("*.c")):
            for name, code in self._parse_cfile_lines(generated).items():
                if path := _path(name):
                    self._files.setdefault(path, (generated, name, {}))[2].update(code)

    def file_reporter(self, filename: str) -> Any:
        if not self._files:
            self._read_all()
        c_file, name, code = self._files[filename]
        return Cython.Coverage.CythonModuleReporter(c_file, filename, name, code, self._excluded_lines_map[name])


def coverage_init(registry: Any, options: Any) -> None:
    registry.add_file_tracer(Plugin())
