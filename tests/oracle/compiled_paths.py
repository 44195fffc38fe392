"""The worker's calls that name files. A path lies in the task's area, ended by a NUL; a second one at `SECOND`."""

from __future__ import annotations

import numba
import numpy as np

import fastipc

STAT_SIZE = fastipc.STAT.itemsize
SECOND = 16384
OPS = (
    "open", "mkfifo", "mknod", "mkdir", "rmdir", "unlink", "link", "rename", "symlink", "readlink", "stat", "lstat",
    "chmod", "fchmod", "chown", "fchown", "truncate", "ftruncate", "fallocate", "fsync", "umask", "chdir", "getcwd",
    "openat", "mknodat", "lchown", "access", "fchdir",
)  # fmt: skip
(
    OPEN, MKFIFO, MKNOD, MKDIR, RMDIR, UNLINK, LINK, RENAME, SYMLINK, READLINK, STAT, LSTAT,
    CHMOD, FCHMOD, CHOWN, FCHOWN, TRUNCATE, FTRUNCATE, FALLOCATE, FSYNC, UMASK, CHDIR, GETCWD,
    OPENAT, MKNODAT, LCHOWN, ACCESS, FCHDIR,
) = range(len(OPS))  # fmt: skip


@numba.njit
def on_one_path(t, op, a, path):
    """Calls with one path and numbers."""
    if op == OPEN:
        return t.sys_open(path, a[0], a[1])
    if op == MKFIFO:
        return t.sys_mkfifo(path, a[0])
    if op == MKNOD:
        return t.sys_mknod(path, a[0], a[1])
    if op == MKDIR:
        return t.sys_mkdir(path, a[0])
    if op == RMDIR:
        return t.sys_rmdir(path)
    if op == UNLINK:
        return t.sys_unlink(path)
    if op == CHMOD:
        return t.sys_chmod(path, a[0])
    if op == CHOWN:
        return t.sys_chown(path, a[0], a[1])
    if op == TRUNCATE:
        return t.sys_truncate(path, a[0])
    if op == LCHOWN:
        return t.sys_lchown(path, a[0], a[1])
    if op == ACCESS:
        return t.sys_access(path, a[0])
    return t.sys_chdir(path)


@numba.njit
def on_descriptor(t, op, a):
    """Calls with numbers only."""
    if op == FCHMOD:
        return t.sys_fchmod(a[0], a[1])
    if op == FCHOWN:
        return t.sys_fchown(a[0], a[1], a[2])
    if op == FTRUNCATE:
        return t.sys_ftruncate(a[0], a[1])
    if op == FALLOCATE:
        return t.sys_fallocate(a[0], a[1], a[2], a[3])
    if op == FSYNC:
        return t.sys_fsync(a[0])
    if op == FCHDIR:
        return t.sys_fchdir(a[0])
    return t.sys_umask(a[0])


@numba.njit
def on_paths(t, op, a, area):
    """All of them; what comes back lies where a second path would."""
    path, other = area[:SECOND], area[SECOND : 2 * SECOND]
    if op == LINK:
        return t.sys_link(path, other)
    if op == RENAME:
        return t.sys_rename(path, other)
    if op == SYMLINK:
        return t.sys_symlink(path, other)
    if op == READLINK:
        return t.sys_readlink(path, other[:4096])
    if op == STAT:
        return t.sys_stat(path, other[:STAT_SIZE])
    if op == LSTAT:
        return t.sys_lstat(path, other[:STAT_SIZE])
    if op == OPENAT:
        return t.sys_openat(a[0], path, a[1], a[2])
    if op == MKNODAT:
        return t.sys_mknodat(a[0], path, a[1], a[2])
    if op == GETCWD:
        return t.sys_getcwd(other[:4096])
    if op in (FCHMOD, FCHOWN, FTRUNCATE, FALLOCATE, FSYNC, UMASK, FCHDIR):
        return on_descriptor(t, op, a)
    return on_one_path(t, op, a, path)


@numba.njit
def raising_paths(t, op, a, area):
    """Some of them in the verb that raises; -errno as the other one gives it."""
    path, other = area[:SECOND], area[SECOND : 2 * SECOND]
    ret = np.int64(0)
    try:
        if op == OPEN:
            ret = t.open(path, a[0], a[1])
        elif op == MKFIFO:
            t.mkfifo(path, a[0])
        elif op == UNLINK:
            t.unlink(path)
        else:
            t.rename(path, other)
    except Exception:
        ret = -t.errno
    return ret


RAISING = (OPEN, MKFIFO, UNLINK, RENAME)
