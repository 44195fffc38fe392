"""The sdist and the wheel: what is in them, that they work by themselves, and what an import costs."""

import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
NOT_COPIED = shutil.ignore_patterns(".git", ".venv", "build", "dist", "*.so", "*.egg-info", "__pycache__", ".*_cache")
GENERATED = {".c", ".so", ".o", ".html", ".pyc"}  # in src/

SMOKE = """
import sys, fastipc
assert fastipc.__file__.startswith(sys.argv[1]), fastipc.__file__
got = []

def reader(t, r, w):
    t.close(w)
    while data := t.read(r, 100):
        got.append(data)

def main(t):
    r, w = t.pipe()
    t.fork(reader, r, w)
    t.close(r)
    t.write(w, b"ping")
    t.close(w)
    return t.wait4()[1]

k = fastipc.Kernel()
task = k.spawn(main)
k.run()
k.verify()
assert got == [b"ping"] and task.result == 0
"""

IMPORT = """
import sys, time
import numpy
start = time.perf_counter()
import fastipc
print(time.perf_counter() - start)
assert "numba" not in sys.modules
"""


def run(*command, **options):
    done = subprocess.run(
        [str(word) for word in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **options
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


@pytest.fixture(scope="session")
def dists(tmp_path_factory):
    """The sdist of a copy of this tree, and the wheel built from that sdist and from nothing else."""
    project = tmp_path_factory.mktemp("packaging") / "project"
    shutil.copytree(ROOT, project, ignore=NOT_COPIED)
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", project / "dist", project)
    (sdist,) = (project / "dist").glob("*.tar.gz")
    (wheel,) = (project / "dist").glob("*.whl")
    return sdist, wheel


@pytest.fixture(scope="session")
def wheel_names(dists):
    with zipfile.ZipFile(dists[1]) as wheel:
        return [Path(name) for name in wheel.namelist()]


@pytest.mark.slow
def test_sdist_has_all_sources_and_nothing_generated(dists):
    with tarfile.open(dists[0]) as sdist:
        names = {Path(*Path(name).parts[1:]) for name in sdist.getnames()}
    for folder in "src", "tests", "benchmarks", "docs", "tools":
        here = {
            path.relative_to(ROOT)
            for path in (ROOT / folder).rglob("*")
            if path.suffix in {".py", ".pyi", ".pyx", ".pxd", ".c", ".md", ".json", ".png", ".txt", ".typed"}
            if "__pycache__" not in path.parts and not (folder == "src" and path.suffix in GENERATED)
        }
        assert here <= names
    assert {Path(name) for name in ("Makefile", ".ci/run", "LICENSE", "README.md", "CHANGELOG.md")} <= names
    assert not [name for name in names if name.suffix in GENERATED and name.parts[0] == "src"]


@pytest.mark.slow
def test_wheel_has_modules_and_types_only(wheel_names):
    """Neither generated C nor the Cython sources, and every module of the tree."""
    suffixes = {name.suffix for name in wheel_names if name.parts[0] == "fastipc"}
    assert suffixes <= {".py", ".pyi", ".so", ".typed"}
    assert Path("fastipc/py.typed") in wheel_names
    sources = ROOT / "src"
    for path in sources.rglob("*.py*"):
        name = path.relative_to(sources)
        if path.suffix in {".py", ".pyi"}:
            assert name in wheel_names
        elif path.suffix == ".pyx" and path.parent.name == "_core":
            assert [other for other in wheel_names if other.parent == name.parent and other.match(f"{name.stem}.*.so")]
    assert {name.parts[0] for name in wheel_names if not name.parts[0].endswith(".dist-info")} == {"fastipc"}
    assert [name for name in wheel_names if name.name == "LICENSE"]


@pytest.mark.slow
def test_wheel_works_by_itself(dists, tmp_path):
    run(sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--no-index", "--target", tmp_path, dists[1])
    run(sys.executable, "-c", SMOKE, tmp_path, cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(tmp_path)})


@pytest.mark.slow
def test_wheel_needs_what_it_imports(dists):
    """Dependencies of the metadata: the three of every run, everything else an extra."""
    with zipfile.ZipFile(dists[1]) as wheel:
        (metadata,) = (name for name in wheel.namelist() if name.endswith("/METADATA"))
        needs = [line for line in wheel.read(metadata).decode().splitlines() if line.startswith("Requires-Dist:")]
    always = sorted(line.split()[1].split(">")[0] for line in needs if "extra ==" not in line)
    assert always == ["greenlet", "numba", "numpy"]


def test_import_costs_little_above_numpy(tmp_path):
    """At most 10 ms, and no Numba; the least of several, as a busy machine only adds. The bytecode is there, as pip
    would have left it."""
    env = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    env["PYTHONPYCACHEPREFIX"] = str(tmp_path)
    best = 1.0
    for _ in range(25):
        best = min(best, float(run(sys.executable, "-c", IMPORT, env=env)))
        if best <= 0.008:
            break
    assert best <= 0.010


def test_stub_of_the_constants_is_current():
    run(sys.executable, ROOT / "tools" / "abi_stub.py", "--check")
