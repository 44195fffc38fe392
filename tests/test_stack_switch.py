"""The switch between the stacks of compiled programs by itself: this processor's own, and the one for any other."""

import shutil
import subprocess
import sysconfig
from pathlib import Path

import pytest

HERE = Path(__file__).parent
TURNS = 100_001


@pytest.mark.parametrize("define", [(), ("-DFASTIPC_UCONTEXT",)], ids=["own", "ucontext"])
@pytest.mark.parametrize("level", ["-O0", "-O2"])
def test_registers_live_across_switches(tmp_path, define, level):
    compiler = (sysconfig.get_config_var("CC") or "cc").split()[0]
    compiler = shutil.which(compiler) or shutil.which("cc")
    include = HERE.parent / "src" / "fastipc" / "_core"
    program = tmp_path / "switch"
    command = [compiler, level, *define, "-I", include, "-o", program, HERE / "stack_switch.c"]
    subprocess.run(command, check=True)
    done = subprocess.run([program], check=True, capture_output=True, text=True)
    ones, twos = (TURNS + 1) // 2, TURNS // 2
    total = sum(1.5 + 0.25 * i for i in range(ones)) + 2 * sum(1.5 + 0.25 * i for i in range(twos))
    passed = ones - 1 + 2 * twos  # the first one begins the other stack, which has nothing to take it
    assert done.stdout == f"{TURNS} {passed} {total:.2f} 6.50\n"
