"""The calls that name files: what their arguments are, and what their results tell apart from this host."""

from __future__ import annotations

import re
import stat
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .abi import S_IFIFO

if TYPE_CHECKING:
    from .machine import Machine

# p a path, n a number, u the number of a user or of a group
SHAPES = {
    "open": "pnn", "openat": "npnn", "mkfifo": "pn", "mknod": "pnn", "mknodat": "npnn", "mkdir": "pn", "rmdir": "p",
    "unlink": "p", "link": "pp", "rename": "pp", "symlink": "pp", "chmod": "pn", "fchmod": "nn", "chown": "puu",
    "lchown": "puu", "fchown": "nuu", "access": "pn", "truncate": "pn", "ftruncate": "nn", "fallocate": "nnnn",
    "fsync": "n", "umask": "n", "chdir": "p", "fchdir": "n",
}  # fmt: skip
DEFAULTS = {"open": (0, 0o777), "openat": (0, 0o777), "mkfifo": (0o666,), "mknod": (0,), "mkdir": (0o777,)}
VALUED = frozenset({"open", "openat", "umask"})  # the others return None
FIELDS = ("mode", "nlink", "uid", "gid", "rdev", "size")  # of a stat that no host decides


def full(name: str, args: tuple) -> tuple:
    """Return the arguments with those that were left out."""
    shape, defaults = SHAPES[name], DEFAULTS.get(name, ())
    missing = len(shape) - len(args)
    return args + defaults[len(defaults) - missing :] if missing else args


def raw(name: str, args: tuple) -> tuple[str, tuple]:
    """Return the system call that a call of the library is, with its arguments."""
    if name == "mkfifo":
        path, mode = args
        return "mknod", (path, mode | S_IFIFO, 0)
    return name, args


def fill(path: str, number: Callable[[str], int]) -> str:
    """Return a path with the ids of tasks in place of their names: ``/proc/{A}/fd``."""
    return re.sub(r"\{(\w+)\}", lambda m: str(number(m[1])), path)


def tell(machine: Machine, path: str) -> str:
    """Return the text of a link or of a current directory, with names in place of numbers that the host chose."""
    path = re.sub(r"^(/proc/)?(\d+)(?=/|$)", lambda m: f"{m[1] or ''}{{{machine.name_of(int(m[2]))}}}", path)
    return re.sub(r"^pipe:\[(\d+)\]$", lambda m: f"pipe:[{machine.known_inode(int(m[1]))}]", path)


def record(machine: Machine, field: Callable[[str], int]) -> dict[str, Any]:
    """Return what is compared of a stat: no time, no block, no size of a directory; of /proc no inode either.

    A random program lets a disk give the numbers of inodes that are gone to new ones: it shows none of its own.
    """
    dev, directory = field("dev"), stat.S_ISDIR(field("mode"))
    proc, disk = machine.proc_and_disk()
    shown = {"dev": machine.device(dev)}
    if dev != proc and not (machine.terse and dev == disk):
        shown["ino"] = machine.inode(dev, field("ino"))
    shown |= {name: field(name) for name in FIELDS}
    if directory:
        del shown["size"]
    if directory and dev == proc:
        del shown["nlink"]
    return shown


def moved(machine: Machine, field: Callable[[str], int]) -> str:
    """Return which times of an inode are others than at the last look at them: ``mc``."""
    number = machine.inode(field("dev"), field("ino"))
    times = tuple(field(name + "time") for name in "amc")
    before = machine.looks.get(number)
    machine.looks[number] = times
    if before is None:
        return "first look"
    return "".join(name for name, old, new in zip("amc", before, times, strict=True) if old != new) or "none"
