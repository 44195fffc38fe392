"""Every call on files, identities, memory and segments in a compiled task, beside the same call of the real OS from C.

``python every_call.py [NAME ...]``. What each row does is a line of `CALLS`: the program's, and that of ``real_os.c``
under the same name. No promise is attached to them: they show what is out of line.
"""

import sys
from typing import Any

import numpy as np
from compiled_operations import C, in_c
from file_operations import in_program
from table import ROW, result_row
from timing import SHORT, Operation, measure

import fastipc

# `t` the task, `fd` /tmp/file opened for reading and writing, `buf` room for 64 bytes, `row` for one Stat; `at` four
# pages of private memory, the first of them present, `shmid` a segment of a page with key 1, `ds` room for one ShmidDs.
CALLS = {
    "mkdir_rmdir": "t.mkdir('d', 0o700); t.rmdir('d')",
    "mknod_unlink": "t.mknod('n', 0o600); t.unlink('n')",
    "link_unlink": "t.link('file', 'n'); t.unlink('n')",
    "symlink_readlink_unlink": "t.symlink('file', 'n'); t.readlink('n', buf); t.unlink('n')",
    "rename_twice": "t.rename('file', 'n'); t.rename('n', 'file')",
    "lstat": "t.lstat('file', row)",
    "access": "t.access('file', 4)",
    "chmod": "t.chmod('file', 0o600)",
    "fchmod": "t.fchmod(fd, 0o600)",
    "chown": "t.chown('file', -1, -1)",
    "fchown": "t.fchown(fd, -1, -1)",
    "truncate": "t.truncate('file', 64)",
    "ftruncate": "t.ftruncate(fd, 64)",
    "fallocate": "t.fallocate(fd, 0, 0, 64)",
    "fsync": "t.fsync(fd)",
    "pwrite_pread": "t.pwrite(fd, buf, 0); t.pread(fd, buf, 0)",
    "lseek": "t.lseek(fd, 0, 0)",
    "chdir": "t.chdir('.')",
    "getcwd": "t.getcwd(buf)",
    "umask": "t.umask(0o22)",
    "getpgid": "t.getpgid(0)",
    "getsid": "t.getsid(0)",
    "setpgid": "t.setpgid(0, 0)",
    "getresuid": "t.getresuid()",
    "setresuid": "t.setresuid(-1, -1, -1)",
    "setgid": "t.setgid(0)",
    "getgroups": "t.sys_getgroups(groups)",
    "waitid": "t.sys_waitid(0, 0, info, 5)",
    "mmap_munmap": "t.munmap(t.mmap(4096, 3, 0x22), 4096)",
    "mmap_file_munmap": "t.munmap(t.mmap(4096, 1, 1, fd), 4096)",
    "mprotect_twice": "t.mprotect(at, 4096, 1); t.mprotect(at, 4096, 3)",
    "mremap_twice": "t.mremap(at, 16384, 8192); t.mremap(at, 8192, 16384)",
    "brk_twice": "t.brk(t.brk(0) + 4096); t.brk(t.brk(0) - 4096)",
    "mlock_munlock": "t.mlock(at, 4096); t.munlock(at, 4096)",
    "madvise": "t.madvise(at + 4096, 4096, 4)",
    "msync": "t.msync(at, 4096, 4)",
    "memfd_close": "t.close(t.memfd_create('m'))",
    "shmget": "t.shmget(1, 0, 0)",
    "shmat_shmdt": "t.shmdt(t.shmat(shmid))",
    "shmctl_stat": "t.sys_shmctl(shmid, 2, ds)",
}

SOURCE = """
def {name}(t, n):
    t.chdir("/tmp")
    buf = np.zeros(64, np.uint8)
    row = np.zeros(1, STAT)
    info = np.zeros(128, np.uint8)
    groups = np.zeros(0, np.uint32)
    fd = t.open("file", 2)
    at = t.mmap(16384, 3, 0x22)
    t.store(at, buf)
    shmid = t.shmget(1, 4096, 0o1600)
    ds = np.zeros(1, SHMID_DS)
    for _ in range(n):
        {call}
"""


def program(name: str, call: str) -> Any:
    """Make the compiled program of one row."""
    names: dict[str, Any] = {"np": np, "STAT": fastipc.STAT, "SHMID_DS": fastipc.SHMID_DS}
    exec(SOURCE.format(name=name, call=call), names)
    return fastipc.compiled(names[name])


def main() -> None:
    """Print a row for each call."""
    wanted = sys.argv[1:]
    print(ROW.format("calls of a compiled task", "beside", "fastipc", "beside", "ratio", "", ""))
    for name, call in CALLS.items():
        if not wanted or name in wanted:
            sides = in_program(program(name, call)), in_c(name)
            print(result_row(measure(Operation(name, C, *sides, None, call, 1, SHORT), 0.3)), flush=True)


if __name__ == "__main__":
    main()
