"""Random programs over files, directories, FIFOs, users and processes: few names, so that they often meet.

Tasks of several users work in one directory with three names in two levels. Opens of FIFOs sleep; what lies under open
descriptors and current directories is renamed, linked and removed; links loop. Left out is what a host decides: times,
sizes of directories, O_DIRECT on files, seeks to the end of a directory.
"""

from __future__ import annotations

from typing import Any

from .abi import (
    F_GETFL,
    F_GETPIPE_SZ,
    F_SETFL,
    FIOCLEX,
    FIONBIO,
    FIONCLEX,
    O_APPEND,
    O_CLOEXEC,
    O_CREAT,
    O_DIRECTORY,
    O_EXCL,
    O_NOATIME,
    O_NOFOLLOW,
    O_NONBLOCK,
    O_PATH,
    O_RDONLY,
    O_RDWR,
    O_TRUNC,
    O_WRONLY,
    S_IFBLK,
    S_IFCHR,
    S_IFDIR,
    S_IFIFO,
    S_IFLNK,
    S_IFREG,
    S_IFSOCK,
    SEEK_CUR,
    SEEK_DATA,
    SEEK_END,
    SEEK_HOLE,
    SEEK_SET,
)
from .fuzz import Program, Side, Step
from .machine import Pending

NAMES = ("a", "b", "c")
MODES = (0, 0o777, 0o777, 0o666, 0o644, 0o755, 0o700, 0o600, 0o222, 0o444, 0o1777, 0o6777, 0o2777, 0o2775)
USERS = ((0,), (1000,), (1000, 50), (1001,), (1001, 1001, (50,)))  # arguments of spawn
OWNERS = (-1, -1, 0, 1000, 1001, 50)
LENGTHS = (0, 1, 5, 4095, 4096, 5000, 20000, 100000, -1)
KINDS = (0, S_IFREG, S_IFIFO, S_IFIFO, S_IFSOCK, S_IFCHR, S_IFBLK, S_IFDIR, S_IFLNK)
DEVICES = (0x103, 0x105, 0x107, 60 << 8, 0)
ENDS = {O_RDONLY: "r", O_WRONLY: "w", O_RDWR: "rw", 3: ""}

WEIGHTS = {
    "open": 30, "mkfifo": 8, "mkdir": 6, "mknod": 3, "symlink": 5, "link": 6, "rename": 9, "unlink": 9, "rmdir": 5,
    "readlink": 3, "stat": 5, "fstat": 3, "chmod": 5, "chown": 4, "truncate": 4, "fallocate": 2, "umask": 1, "chdir": 4,
    "getcwd": 2, "seek": 5, "offset": 4, "read": 16, "write": 18, "close": 10, "dup": 3, "fcntl": 3, "size": 2,
    "ioctl": 3, "poll": 6, "select": 2, "pipe2": 1, "wait4": 2, "exit": 2, "signal": 1, "readv": 1, "writev": 1,
}  # fmt: skip
THEMES: tuple[dict[str, int], ...] = (
    {},
    {"open": 50, "mkfifo": 16, "poll": 14, "close": 20, "mknod": 0, "chmod": 1, "chown": 1, "truncate": 0},  # meetings
    {"rename": 25, "link": 12, "symlink": 14, "mkdir": 14, "chdir": 10, "stat": 10, "read": 4, "write": 4},  # names
    {"chmod": 20, "chown": 14, "umask": 4, "stat": 10, "truncate": 8, "rename": 14},  # permissions
    {"seek": 14, "offset": 14, "truncate": 10, "fallocate": 6, "mkfifo": 2, "write": 30, "mkdir": 2},  # contents
)


class FileProgram(Program):
    """A random program of tasks that share a directory."""

    terse = True
    opener, hurry = "open", 0.4
    newcomers = 0.03

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        rng = self.random
        self.weights = WEIGHTS | rng.choice(THEMES)
        self.packets = False
        self.holes = rng.random() < 0.3  # look for holes; then nothing is allocated ahead
        self.base = rng.choice(("/tmp/w", "/tmp/w", "/tmp/w", "/w"))
        self.opening: dict[int, tuple[Pending, str]] = {}
        self.arrived = 0  # who is to go there
        self.first = [
            ("mkdir", self.base), ("chmod", self.base, rng.choice((0o777, 0o777, 0o1777))), ("chdir", self.base),
            ("mkdir", "a", 0o777), ("chmod", "a", rng.choice((0o777, 0o755, 0o1777, 0o2777))), ("mkfifo", "b", 0o666),
            ("open", "c", O_CREAT | O_RDWR, 0o666), ("chmod", "b", rng.choice((0o666, 0o644))),
            ("spawn",), ("spawn",), ("spawn",),
        ]  # fmt: skip

    def draw(self, side: Side) -> Step | None:
        """Return the next step, or None if every task sleeps or has ended."""
        self._look(side)
        if self.born and self.first:
            name, *args = self.first.pop(0)
            if name == "spawn":
                return self._newborn(-1, name)
            return Step(self.arrived if name == "chdir" else 0, name, tuple(args))
        return super().draw(side)

    def _newborn(self, actor: int, name: str, args: tuple = ()) -> Step:
        if name == "spawn":
            args = self.random.choice(USERS) if self.born else (0,)
        return super()._newborn(actor, name, args)

    def _look(self, side: Side) -> None:
        for n, task in side.tasks.items():
            if task.pending is not None and task.pending.name == "open" and n not in self.opening:
                self.opening[n] = task.pending, self._ends(task.pending.args[1])
        for n, (pending, ends) in list(self.opening.items()):
            if pending.done():
                del self.opening[n]
                if isinstance(pending.value, int):
                    self.tables.setdefault(n, {})[pending.value] = ends

    @staticmethod
    def _ends(flags: int) -> str:
        return "p" if flags & O_PATH else ENDS[flags & 3]

    def learn(self, step: Step, value: Any) -> None:
        """Note what the real kernel answered."""
        if step.name == "spawn" and step.newborn:
            self.arrived = step.newborn
            self.first.insert(0, ("chdir", self.base))
        if step.name == "open" and isinstance(value, int):
            self.tables.setdefault(step.actor, {})[value] = self._ends(step.args[1])
        super().learn(step, value)

    # ------------------------------------------------------------------------------------------ drawing arguments
    def _fd(self, actor: int, end: str = "") -> int:
        rng, table = self.random, self.tables[actor]
        if table and rng.random() < 0.97:
            fitting = [fd for fd in table if end in table[fd]]
            return rng.choice(fitting if fitting and rng.random() < 0.95 else list(table))
        return rng.choice((0, 1, 2, 3, 4, 5, -1, 1024))

    def _path(self) -> str:
        rng = self.random
        path = rng.choice(NAMES)
        if rng.random() < 0.35:
            path += "/" + rng.choice((*NAMES, *NAMES, "..", "."))
        draw = rng.random()
        if draw < 0.5:
            path = f"{self.base}/{path}"
        elif draw < 0.55:
            path = f"../{path}"
        elif draw < 0.58:
            path = rng.choice((".", "..", "", "/", self.base))
        return path + "/" * (rng.random() < 0.04)

    def _open_(self, actor: int) -> tuple:
        rng = self.random
        flags = rng.choice((O_RDONLY, O_RDONLY, O_WRONLY, O_WRONLY, O_RDWR, O_RDWR, 3 if rng.random() < 0.2 else 0))
        for flag, chance in (
            (O_CREAT, 0.4), (O_EXCL, 0.08), (O_TRUNC, 0.1), (O_APPEND, 0.1), (O_NONBLOCK, 0.5), (O_CLOEXEC, 0.05),
            (O_NOFOLLOW, 0.06), (O_DIRECTORY, 0.05), (O_PATH, 0.06), (O_NOATIME, 0.02),
        ):  # fmt: skip
            flags |= flag * (rng.random() < chance)
        return "open", self._path(), flags, rng.choice(MODES)

    def _mkfifo_(self, actor: int) -> tuple:
        return "mkfifo", self._path(), self.random.choice(MODES)

    def _mkdir_(self, actor: int) -> tuple:
        return "mkdir", self._path(), self.random.choice(MODES)

    def _mknod_(self, actor: int) -> tuple:
        rng = self.random
        return "mknod", self._path(), rng.choice(KINDS) | rng.choice(MODES), rng.choice(DEVICES)

    def _symlink_(self, actor: int) -> tuple:
        rng = self.random
        text = rng.choice(
            (*NAMES, "a/b", "b/a", "../a", ".", "", f"{self.base}/a", f"{self.base}/c/b", "c/", "/dev/null")
        )
        return "symlink", text, self._path()

    def _link_(self, actor: int) -> tuple:
        return "link", self._path(), self._path()

    def _rename_(self, actor: int) -> tuple:
        return "rename", self._path(), self._path()

    def _unlink_(self, actor: int) -> tuple:
        return "unlink", self._path()

    def _rmdir_(self, actor: int) -> tuple:
        return "rmdir", self._path()

    def _readlink_(self, actor: int) -> tuple:
        rng = self.random
        if rng.random() < 0.3:
            return "readlink", rng.choice(("/proc/self/cwd", f"/proc/self/fd/{self._fd(actor)}"))
        return "readlink", self._path()

    def _stat_(self, actor: int) -> tuple:
        return self.random.choice(("stat", "lstat")), self._path()

    def _fstat_(self, actor: int) -> tuple:
        return "fstat", self._fd(actor)

    def _chmod_(self, actor: int) -> tuple:
        rng = self.random
        if rng.random() < 0.25:
            return "fchmod", self._fd(actor), rng.choice(MODES)
        return "chmod", self._path(), rng.choice(MODES)

    def _chown_(self, actor: int) -> tuple:
        rng = self.random
        owner = rng.choice(OWNERS), rng.choice(OWNERS)
        if rng.random() < 0.25:
            return "fchown", self._fd(actor), *owner
        return "chown", self._path(), *owner

    def _truncate_(self, actor: int) -> tuple:
        rng = self.random
        if rng.random() < 0.4:
            return "ftruncate", self._fd(actor, "w"), rng.choice(LENGTHS)
        return "truncate", self._path(), rng.choice(LENGTHS)

    def _fallocate_(self, actor: int) -> tuple:
        rng = self.random
        if self.holes:
            return self._truncate_(actor)
        mode = rng.choice((0, 0, 1, 1, 3, 3, 2))
        return "fallocate", self._fd(actor, "w"), mode, rng.choice(LENGTHS), rng.choice(LENGTHS)

    def _umask_(self, actor: int) -> tuple:
        return "umask", self.random.choice((0, 0, 0o22, 0o77, 0o27))

    def _chdir_(self, actor: int) -> tuple:
        return "chdir", self.base if self.random.random() < 0.2 else self._path()

    def _getcwd_(self, actor: int) -> tuple:
        return ("getcwd",)

    def _seek_(self, actor: int) -> tuple:
        rng = self.random
        fd = self._fd(actor, "w")
        whence = rng.choice((SEEK_SET, SEEK_SET, SEEK_CUR, SEEK_END, SEEK_DATA, SEEK_HOLE, 7))
        if whence in (SEEK_DATA, SEEK_HOLE) and not self.holes:
            whence = SEEK_SET
        if whence not in (SEEK_SET, SEEK_CUR, 7) and "w" not in self.tables[actor].get(fd, ""):
            whence = SEEK_CUR  # it may be a directory
        return "lseek", fd, rng.choice((0, 0, 1, 5, 4096, 5000, -1, -3)), whence

    def _offset_(self, actor: int) -> tuple:
        rng = self.random
        at = rng.choice((0, 0, 3, 4090, 4096, 9000, 50000, -1))
        if rng.random() < 0.5:
            return "pread", self._fd(actor, "r"), rng.choice((0, 1, 10, 5000)), at
        return "pwrite", self._fd(actor, "w"), self._data(), at

    def _ioctl_(self, actor: int) -> tuple:
        # no FIONREAD: past the end of a file it is less than 0, which a sys_ form cannot tell from an errno
        return (
            "ioctl",
            self._fd(actor),
            self.random.choice((FIONBIO, FIOCLEX, FIONCLEX, 0x1234)),
            self.random.choice((0, 1)),
        )

    def _fcntl_(self, actor: int) -> tuple:
        rng = self.random
        cmd = rng.choice((F_GETFL, F_GETFL, F_SETFL, F_GETPIPE_SZ))
        arg = rng.choice((0, O_NONBLOCK, O_NONBLOCK, O_APPEND)) if cmd == F_SETFL else 0
        return "fcntl", self._fd(actor), cmd, arg
