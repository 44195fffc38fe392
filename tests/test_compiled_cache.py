"""Compiled programs in Numba's cache: for the next process, never for another fastipc, silent where there is none."""

import json
import os

import pytest

PROGRAMS = """
import numpy as np, numba
from fastipc import compiled

@numba.njit
def helper(t, r, buf):
    return t.readinto(r, buf)

@compiled
def child(t, w, x):
    t.write(w, x)
    t.exit(x.size)

@compiled
def parent(t, child, n):
    r, w = t.pipe()
    buf = np.zeros(100, np.uint8)
    total = 0
    for i in range(n):
        t.fork(child, w, np.ones(i + 1))
        total += helper(t, r, buf)
        total += 1000 * (t.wait4()[1] >> 8)
    return total
"""

SCRIPT = """
import json, sys, warnings
warnings.simplefilter("error")
sys.path.insert(0, sys.argv[1])
if len(sys.argv) > 2:  # as another fastipc would be
    import fastipc._numba.task_type as changed
    changed.START_SIZE = int(sys.argv[2])
    changed.task_type = changed.TaskType()
import fastipc, programs
from fastipc import Kernel
import numba.core.event as event

class Compiled(event.Listener):
    names = []
    def on_start(self, e):
        self.names.append(e.data["dispatcher"].py_func.__name__)
    def on_end(self, e):
        pass

event.register("numba:compile", Compiled())
with Kernel() as k:
    a = k.spawn(programs.parent, programs.child, 4)
    k.run()
stats = programs.parent._dispatcher.stats
print(json.dumps([a.result, sum(stats.cache_hits.values()), sum(stats.cache_misses.values()), Compiled.names]))
"""


@pytest.fixture
def run(run_python, tmp_path):
    """Run the programs in a process of its own: result, hits, misses, and what was compiled."""
    (tmp_path / "programs.py").write_text(PROGRAMS)

    def run(*args, cache="cache"):
        env = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path / cache)}
        return json.loads(run_python(SCRIPT, tmp_path, *args, env=env))

    return run


def test_the_second_process_compiles_nothing(run):
    result, hits, misses, names = run()
    assert (result, hits, misses) == (10 * 8 + 1000 * 10, 0, 1)
    assert "parent" in names
    result, hits, misses, names = run()
    assert (result, hits, misses, names) == (10 * 8 + 1000 * 10, 1, 0, [])


def test_another_fastipc_never_uses_it(run, tmp_path):
    assert run()[1:3] == [0, 1]
    assert run(77)[1:3] == [0, 1]
    assert run(77)[1:3] == [1, 0]
    assert run()[1:3] == [1, 0]
    (tmp_path / "programs.py").write_text(PROGRAMS.replace("1000 *", "2000 *"))
    assert run()[:3] == [10 * 8 + 2000 * 10, 0, 1]


RECURSIVE = """
import numpy as np, numba
from fastipc import compiled

@numba.njit
def helper(t, n):
    if n == 0:
        t.sched_yield()
        return 0
    return helper(t, n - 1) * 3 + n % 7

@compiled
def parent(t, child, n):
    rows = [[1.0] * 30 for _ in range(n)]
    table = {1: np.ones(5)}
    return helper(t, 3) + len(rows) + len(table)

child = parent
"""


def test_a_helper_that_calls_itself_is_not_kept(run, tmp_path):
    """Numba would end the process that loads it."""
    (tmp_path / "programs.py").write_text(RECURSIVE)
    for _ in range(2):
        assert run()[:2] == [18 + 4 + 1, 0]


def test_without_a_cache_it_is_compiled_silently(run_python, tmp_path):
    """A program that comes from no file, and a directory that cannot be written."""
    (tmp_path / "file").write_text("")
    script = (
        "import warnings; warnings.simplefilter('error')\nscope = {}\n"
        f"exec({PROGRAMS!r}, scope)\n"
        "from fastipc import Kernel\nk = Kernel()\na = k.spawn(scope['parent'], scope['child'], 4)\nk.run()\n"
        "print(a.result)"
    )
    assert run_python(script).strip() == "10080"
    (tmp_path / "programs.py").write_text(PROGRAMS)
    out = run_python(SCRIPT, tmp_path, env={**os.environ, "NUMBA_CACHE_DIR": str(tmp_path / "file" / "cache")})
    assert json.loads(out)[0] == 10080
