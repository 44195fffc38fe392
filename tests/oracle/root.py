"""The file tree of the real side: fastipc's, made of real file systems in a mount namespace of the supervisor.

The root is a directory on ext4; /tmp, /dev and /dev/shm are file systems in memory, /proc is the host's. Tasks are
started with their root there. A machine that ends takes away what its tasks left behind, so the next one starts afresh.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import stat
import tempfile
from collections.abc import Callable
from pathlib import Path

from . import abi

CLONE_NEWNS, MS_BIND, MS_REC, MS_PRIVATE = 0x20000, 0x1000, 0x4000, 0x40000
EXT4 = 0xEF53
KEPT = ("", "tmp", "dev", "dev/shm", "dev/null", "dev/zero", "dev/full", "proc")
DEVICES = {"null": 3, "zero": 5, "full": 7}
PROTECTED = "/proc/sys/fs/protected_"

_libc = ctypes.CDLL(None, use_errno=True)


def file_system(path: str) -> int:
    """Return the magic number of the file system that holds a path."""
    words = (ctypes.c_long * 32)()
    return words[0] if _libc.statfs(path.encode(), words) == 0 else 0


def place() -> str:
    """Return a directory on ext4."""
    for path in (tempfile.gettempdir(), "/var/tmp", "/root"):
        if file_system(path) == EXT4 and os.access(path, os.W_OK):
            return path
    raise OSError("no directory on ext4")


def unlike() -> str:
    """Return how the rules of this host's file systems are others than fastipc's, or an empty string."""
    for name, value in (("hardlinks", "1"), ("symlinks", "0"), ("fifos", "0"), ("regular", "0")):
        path = Path(PROTECTED + name)
        if path.exists() and path.read_text().strip() != value:
            return f"fs.protected_{name} is {path.read_text().strip()}, not {value}"
    return ""


class Root:
    """One such tree.

    Parameters
    ----------
    call : callable
        Makes the supervisor do a system call: its name and arguments; text is a path. Raises OSError.
    shared : Path
        The file that a new program of a task must find: it stands at /proc/cmdline there.
    pid : int
        Of the supervisor.
    """

    def __init__(self, call: Callable, shared: Path, pid: int) -> None:
        self.outside = Path(tempfile.mkdtemp(prefix="oracle-root-", dir=place()))
        try:
            self._make(call, shared)
        except OSError:
            self.remove()
            raise
        self.inside = f"/proc/{pid}/root{self.outside}"
        self.proc_and_disk = os.stat(f"{self.inside}/proc").st_dev, os.stat(self.inside).st_dev
        self.start = {name: self._state(name) for name in KEPT}
        self.clean()

    def _make(self, call: Callable, shared: Path) -> None:
        root = str(self.outside)
        self.outside.chmod(0o755)
        for name in ("tmp", "dev", "proc"):
            os.mkdir(f"{root}/{name}")
        call("unshare", CLONE_NEWNS)
        call("mount", "none", "/", 0, MS_REC | MS_PRIVATE, 0)
        call("mount", "none", f"{root}/tmp", "tmpfs", 0, "mode=1777")
        call("mount", "none", f"{root}/dev", "tmpfs", 0, "mode=755")
        call("umask", 0)
        for name, minor in DEVICES.items():
            call("mknod", f"{root}/dev/{name}", abi.S_IFCHR | 0o666, os.makedev(1, minor))
        call("mkdir", f"{root}/dev/shm", 0o755)
        call("mount", "none", f"{root}/dev/shm", "tmpfs", 0, "mode=1777")
        call("mount", "none", f"{root}/proc", "proc", 0, 0)
        call("mount", str(shared), f"{root}/proc/cmdline", 0, MS_BIND, 0)

    def _state(self, name: str) -> tuple[int, int, int]:
        st = os.lstat(f"{self.inside}/{name}")
        return stat.S_IMODE(st.st_mode), st.st_uid, st.st_gid

    def clean(self) -> None:
        """Make the tree as it was at first."""
        for name, state in self.start.items():
            path = f"{self.inside}/{name}"
            if name in ("", "tmp", "dev", "dev/shm"):
                self._empty(path, {kept.rpartition("/")[2] for kept in KEPT if kept.rpartition("/")[0] == name})
            if name != "proc" and self._state(name) != state:
                os.chown(path, *state[1:])
                os.chmod(path, state[0])

    @staticmethod
    def _empty(path: str, kept: set[str]) -> None:
        with os.scandir(path) as entries:
            left = [entry for entry in entries if entry.name not in kept]
        for entry in left:
            if entry.is_dir(follow_symlinks=False):
                shutil.rmtree(entry.path)
            else:
                os.unlink(entry.path)
        if left:
            os.utime(path)

    def remove(self) -> None:
        """Remove what is left on the disk, when the supervisor has ended."""
        shutil.rmtree(self.outside, ignore_errors=True)
