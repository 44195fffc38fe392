"""Loops of the core itself: the ``.pyx`` files of this directory, compiled when they are needed."""

import importlib.util
import subprocess
import sys
import sysconfig
import tempfile
from functools import cache
from pathlib import Path
from types import ModuleType

HERE = Path(__file__).parent


@cache
def compiled_driver(name: str) -> ModuleType:
    """A ``.pyx`` of this directory, compiled against the core."""
    compiler = (sysconfig.get_config_var("CC") or "cc").split()[0]
    with tempfile.TemporaryDirectory() as where:
        c_file, so_file = Path(where, f"{name}.c"), Path(where, f"{name}.so")
        options = ["-3", "-X", "cdivision=True", "-X", "boundscheck=False", "-X", "wraparound=False"]
        translate = [sys.executable, "-m", "cython", *options, "-I", HERE.parent / "src"]
        subprocess.run([*translate, HERE / f"{name}.pyx", "-o", c_file], check=True)
        include = sysconfig.get_path("include")
        subprocess.run([compiler, "-O3", "-w", "-shared", "-fPIC", "-I", include, "-o", so_file, c_file], check=True)
        spec = importlib.util.spec_from_file_location(name, so_file)
        assert spec and spec.loader
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    return module
