"""Instructions per operation of the compiled core, counted by callgrind: ``python gate.py [--write] [NAME ...]``.

Times move from run to run, instruction counts do not: the same program on the same build gives the same numbers. A
count that has grown by more than 2 % over ``instructions.json`` fails; ``--write`` takes the counts over. Each program
is run twice, for a few operations and for many, and the difference divided: what starting costs falls out. Counted is
what lies in the mechanism module alone, neither the interpreter nor the programs themselves. The numbers belong to one
compiler and its flags.
"""

import argparse
import ctypes
import json
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
KEPT = HERE / "instructions.json"
GROWTH = 1.02
FEW, MANY = 100, 1_100
SCALE = {"first touch of 256 pages": 20, "touch of 256 present pages": 20}  # their repetitions are cut by so much
CALLS = (
    "read write close dup nanosleep getpid sched_yield open mkfifo stat unlink fstat shmget shmat shmctl shmdt "
    "store load semop msgsnd msgrcv_into kill sigtimedwait sigprocmask sigaction handler"
).split()
PROGRAMS = {  # name: (programs that run together, pipes between them)
    "getpid": ("calls",),
    "write + read, 1 B": ("write_read",),
    "write + read, 4 KiB": ("write_read_page",),
    "dup + close": ("dup_close",),
    "round trip of two tasks": ("write_read", "answer"),
    "sched_yield of two tasks": ("yields", "yields"),
    "nanosleep": ("sleeps",),
    "FIFO made, opened, removed": ("fifo",),
    "open + close": ("open_close",),
    "stat, 5 components": ("stat_five",),
    "fstat": ("fstat_pipe",),
    "segment made, attached, removed": ("segment",),
    "first touch of 256 pages": ("first_touch",),
    "touch of 256 present pages": ("touch_again",),
    "store + load, 8 B": ("store_load",),
    "semaphore round trip": ("semaphore_trips", "semaphore_answers"),
    "message round trip": ("message_trips", "message_answers"),
    "signal round trip": ("signal_trips", "signal_answers"),
    "kill(self) + handler": ("kill_self",),
}
NUMBERS = {  # what the two programs of a pair find in `a` and `b`, if not descriptors; the main task is number 2
    "semaphore_trips": (0, 1),
    "semaphore_answers": (1, 0),
    "message_trips": (1, 2),
    "message_answers": (2, 1),
    "signal_trips": (4, 40),
    "signal_answers": (3, 40),
    "kill_self": (3, 10),
}


# ---------------------------------------------------------------------------------------------- under callgrind
def run(library: str, names: list[str], n: int) -> None:
    """Run some of the C programs together, `n` operations of each."""
    from fastipc import IPC_PRIVATE, O_CREAT, O_WRONLY, Kernel
    from fastipc._core.entries import SYMBOLS, NativeProgram, Start

    loaded = ctypes.CDLL(library)

    class Args(ctypes.Structure):
        _fields_ = [(name, ctypes.c_void_p) for name in CALLS] + [(name, ctypes.c_int64) for name in "abn"]

    class Program(NativeProgram):
        def __init__(self, name: str, fds: tuple[int, int]) -> None:
            self.entry = ctypes.cast(getattr(loaded, name), ctypes.c_void_p).value or 0
            self.fds = fds

        def begin(self, args: tuple[Any, ...]) -> Start:
            record = Args(*(SYMBOLS[name] for name in CALLS), *self.fds, n)
            return Start(self, self.entry, bytes(record), args)

    with Kernel() as k:
        t = k.spawn()
        (r1, w1), (r2, w2) = t.pipe(), t.pipe()
        for path in ("/tmp/a", "/tmp/a/b", "/tmp/a/b/c"):
            t.mkdir(path)
        for path in ("/tmp/file", "/tmp/a/b/c/file"):
            t.close(t.open(path, O_WRONLY | O_CREAT))
        assert (t.semget(IPC_PRIVATE, 2, 0o600), t.msgget(IPC_PRIVATE, 0o600), t.pid) == (0, 0, 2)
        ends = [(r1, w1)] if len(names) == 1 else [(r2, w1), (r1, w2)]
        for name, fds in zip(names, ends, strict=True):
            t.fork(Program(name, NUMBERS.get(name, fds)))
        k.run()
        k.verify()


def count(library: str, names: tuple[str, ...], n: int) -> int:
    """Instructions in the mechanism module for `n` operations."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "callgrind.out"
        command = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}", sys.executable, __file__]
        done = subprocess.run([*command, "--run", library, str(n), *names], capture_output=True, text=True)
        if done.returncode:
            sys.exit(done.stderr)
        return own_cost(out.read_text(), "mechanism")


def own_cost(profile: str, module: str) -> int:
    """Self cost of all functions of the objects whose name begins with `module`, out of callgrind's file."""
    total, inside, skip = 0, False, False
    names: dict[str, str] = {}
    for line in profile.splitlines():
        if line.startswith("ob="):
            number, _, name = line[3:].partition(" ")
            if name:
                names[number] = name
            inside = Path(names.get(number, "")).name.startswith(module)
        elif line.startswith("cob=") and " " in line:
            number, _, name = line[4:].partition(" ")
            names[number] = name
        elif line.startswith("calls="):
            skip = True  # the next line is what the callee took
        elif re.match(r"[+\-*0-9]", line):
            if inside and not skip:
                total += int(line.split()[-1])
            skip = False
    return total


# ---------------------------------------------------------------------------------------------- the gate
def compile_programs(folder: Path) -> str:
    """``gate.c`` as a shared library."""
    compiler = (sysconfig.get_config_var("CC") or "cc").split()[0]
    target = folder / "gate.so"
    command = [shutil.which(compiler) or "cc", "-O2", "-shared", "-fPIC", "-o", str(target), str(HERE / "gate.c")]
    subprocess.run(command, check=True)
    return str(target)


def counts(wanted: list[str]) -> dict[str, float]:
    """Instructions per operation of each program, or of those whose name begins with a wanted one."""
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        library = compile_programs(Path(folder))
        for name, programs in PROGRAMS.items():
            if wanted and not name.startswith(tuple(wanted)):
                continue
            few, many = FEW // SCALE.get(name, 1), MANY // SCALE.get(name, 1)
            more = count(library, programs, many) - count(library, programs, few)
            found[name] = round(more / (many - few), 1)
    return found


def main() -> int:
    """Count, compare, and say so."""
    if sys.argv[1:2] == ["--run"]:
        run(sys.argv[2], sys.argv[4:], int(sys.argv[3]))
        return 0
    parser = argparse.ArgumentParser(description="Instructions per operation of the compiled core.")
    parser.add_argument("--write", action="store_true", help="take the counts over")
    parser.add_argument("names", nargs="*", help="count only these")
    args = parser.parse_args()
    if shutil.which("valgrind") is None:
        sys.exit("valgrind is needed: install it, as by `apt-get install valgrind`")
    found = counts(args.names)
    kept = json.loads(KEPT.read_text()) if KEPT.exists() else {}
    grown = []
    print(f"{'operation':<28} {'instructions':>12} {'kept':>8}")
    for name, value in found.items():
        before = kept.get(name)
        print(f"{name:<28} {value:>12.1f} {before if before is not None else '':>8}")
        if not args.write and (before is None or value > before * GROWTH):
            grown.append(name)
    if args.write:
        KEPT.write_text(json.dumps({**kept, **found}, indent=2) + "\n")
    if grown:
        print("\ngrown by more than 2 %:", "; ".join(grown), file=sys.stderr)
    return 1 if grown else 0


if __name__ == "__main__":
    sys.exit(main())
