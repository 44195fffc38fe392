"""The random programs of test_anything with calls on names and files among theirs."""

import random

import pytest
import test_anything
from test_anything import Driver

import fastipc
from fastipc import (
    AT_FDCWD,
    CLONE_FS,
    O_APPEND,
    O_CREAT,
    O_DIRECTORY,
    O_EXCL,
    O_NOFOLLOW,
    O_NONBLOCK,
    O_PATH,
    O_RDONLY,
    O_RDWR,
    O_TMPFILE,
    O_TRUNC,
    O_WRONLY,
    RENAME_EXCHANGE,
    RENAME_NOREPLACE,
    S_IFCHR,
    S_IFSOCK,
    SIGCHLD,
    Kernel,
)

PATHS = "/tmp/a /tmp/b /tmp/d/a /tmp/d a d/b /a /d ../a /tmp/s /tmp/s/a".split() + ["/tmp/" + "n" * 40]
PATHS += "/proc/self/fd/1 /proc/self/cwd /proc/self/comm /proc/2/status /proc/3/fd/0".split()
OPENS = (O_RDONLY, O_WRONLY, O_RDWR, O_CREAT | O_RDWR, O_CREAT | O_EXCL | O_WRONLY, O_TRUNC | O_WRONLY, O_NONBLOCK)
OPENS += (O_NONBLOCK | O_WRONLY, O_PATH, O_DIRECTORY, O_APPEND | O_RDWR, O_TMPFILE | O_RDWR)


def call_on_files(rng):
    """A random call as (name, arguments)."""
    p, q, fd = rng.choice(PATHS), rng.choice(PATHS), rng.randrange(8)
    calls = {
        "open": (p, rng.choice(OPENS), 0o666),
        "openat": (fd, p, rng.choice(OPENS)),
        "mkfifo": (p, 0o666),
        "mknod": (p, rng.choice((0o644, S_IFCHR | 0o666, S_IFSOCK | 0o666)), rng.choice((0x103, 0x105, 0x107))),
        "mkdir": (p, 0o777),
        "rmdir": (p,),
        "unlink": (p,),
        "link": (p, q),
        "rename": (p, q),
        "renameat2": (AT_FDCWD, p, AT_FDCWD, q, rng.choice((RENAME_EXCHANGE, RENAME_NOREPLACE))),
        "symlink": (p, q),
        "readlink": (p,),
        "stat": (p,),
        "lstat": (p,),
        "chdir": (p,),
        "fchdir": (fd,),
        "getcwd": (),
        "umask": (rng.choice((0, 0o22, 0o77)),),
        "chmod": (p, rng.choice((0o777, 0o600, 0, 0o1777, 0o6777))),
        "chown": (p, rng.choice((-1, 0, 1000)), -1),
        "access": (p, rng.choice((0, 7))),
        "truncate": (p, rng.choice((0, 5000, 100_000))),
        "ftruncate": (fd, rng.choice((0, 5000, 100_000))),
        "fallocate": (fd, rng.choice((0, 1, 3)), rng.choice((0, 5000)), rng.choice((1, 9000))),
        "pwrite": (fd, b"x" * rng.choice((1, 5000)), rng.choice((0, 100_000))),
        "pread": (fd, 5000, 0),
        "lseek": (fd, rng.choice((0, 100)), rng.randrange(5)),
        "fsync": (fd,),
        "ioctl": (fd, fastipc.FS_IOC_SETFLAGS, rng.choice((0, fastipc.FS_APPEND_FL, fastipc.FS_DIRSYNC_FL))),
        "unshare": (CLONE_FS,),
    }
    name = rng.choice(list(calls))
    return name, calls[name]


def clear_flags(k, paths):
    """Let everything be removed again."""
    t = k.spawn()
    for path in paths(k):
        fd = t.sys_open(path, O_RDONLY | O_NONBLOCK | O_NOFOLLOW, 0)
        if fd >= 0:
            t.sys_ioctl(fd, fastipc.FS_IOC_SETFLAGS, 0)
            t.close(fd)
    t.exit_group()


@pytest.mark.parametrize("block", range(5))
def test_the_machine_stays_valid(monkeypatch, ended, rows, sweep, paths, block):
    other = test_anything.one_call

    def one_call(t, rng, program_of):
        return other(t, rng, program_of) if rng.random() < 0.45 else call_on_files(rng)

    monkeypatch.setattr(test_anything, "one_call", one_call)
    monkeypatch.setattr(test_anything, "CLONES", (*test_anything.CLONES, CLONE_FS | SIGCHLD))
    with Kernel(memory=1 << 20) as k:
        fresh = rows(k)
    for seed in range(block * 60, block * 60 + 60):
        driver = Driver(seed)
        for _ in range(60):
            driver.act()
            driver.k.verify()
        driver.finish()
        if ended(driver.k):
            clear_flags(driver.k, paths)
            sweep(driver.k, fresh["dentry"])
            assert rows(driver.k) == fresh, seed
            assert driver.k.counters["pages_alloc"] == driver.k.counters["pages_free"]
        driver.k.verify()
        driver.k.close()


def test_a_random_history_of_files_can_be_repeated(monkeypatch):
    monkeypatch.setattr(test_anything, "one_call", lambda t, rng, program_of: call_on_files(rng))

    def history(seed):
        driver = Driver(seed)
        with driver.k:
            for _ in range(60):
                driver.act()
            return driver.k.trace_hash, driver.k.state_hash(), driver.k.now_ns

    rng = random.Random(1)
    for seed in (rng.randrange(10_000) for _ in range(10)):
        assert history(seed) == history(seed)
