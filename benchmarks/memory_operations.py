"""The operations on memory and System V shared memory: by hand and in a compiled task, and on the real OS.

A segment is made, attached, detached and removed; on the real side from Python through ctypes, and through sysv_ipc.
What a page costs is timed over 256 of them: made, written to once each, and given back. The bytes are stored in a loop
of the core (``memory_driver.pyx``), and by a compiled program's calls.
"""

import ctypes
import ctypes.util
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import numpy as np
from compiled_operations import C, in_c
from drivers import compiled_driver
from operations import by_hand, machine
from timing import LONG, SHORT, Body, Operation, Side

import fastipc
from fastipc import IPC_PRIVATE, IPC_RMID, MAP_ANONYMOUS, MAP_PRIVATE, PROT_READ, PROT_WRITE, Task

CTYPES, SYSV = "real OS, ctypes", "sysv_ipc"
PAGES, PAGE = 256, 4096
SMALL, LARGE = PAGE, 64 << 20
MEGABYTE = bytes(1 << 20)


# ---------------------------------------------------------------------------------------------- segments
def segments_ours(size: int, t: Task, n: int) -> None:
    for _ in range(n):
        shmid = t.shmget(IPC_PRIVATE, size, 0o600)
        t.shmdt(t.shmat(shmid))
        t.shmctl(shmid, IPC_RMID)


def segments_theirs(size: int) -> Side:
    """The calls of C, each a call of ctypes with its types declared."""

    @contextmanager
    def side() -> Iterator[Body]:
        libc = ctypes.CDLL(ctypes.util.find_library("c") or None)
        shmget, shmat, shmdt, shmctl = libc.shmget, libc.shmat, libc.shmdt, libc.shmctl
        shmget.argtypes = [ctypes.c_int, ctypes.c_size_t, ctypes.c_int]
        shmat.argtypes, shmat.restype = [ctypes.c_int, ctypes.c_void_p, ctypes.c_int], ctypes.c_void_p
        shmdt.argtypes = [ctypes.c_void_p]
        shmctl.argtypes = [ctypes.c_int, ctypes.c_int, ctypes.c_void_p]

        def body(n: int) -> None:
            for _ in range(n):
                shmid = shmget(IPC_PRIVATE, size, 0o600)
                shmdt(shmat(shmid, None, 0))
                shmctl(shmid, IPC_RMID, None)

        yield body

    return side


@contextmanager
def sysv_segments() -> Iterator[Body]:
    import sysv_ipc

    def body(n: int) -> None:
        for _ in range(n):
            memory = sysv_ipc.SharedMemory(None, sysv_ipc.IPC_CREX, 0o600, SMALL)
            memory.detach()
            memory.remove()

    yield body


@fastipc.compiled
def segments_compiled(t, size, n):  # type: ignore[no-untyped-def]
    """Make a segment, attach it, detach it, remove it."""
    for _ in range(n):
        shmid = t.shmget(0, size, 0o600)
        t.shmdt(t.shmat(shmid))
        t.shmctl(shmid, 0)


# ---------------------------------------------------------------------------------------------- pages
@contextmanager
def first_in_core() -> Iterator[Body]:
    """Write a byte to each page of a new segment, in a loop of the core."""
    core = compiled_driver("memory_driver")
    with machine() as t:

        def body(n: int) -> None:
            for _ in range(n):
                shmid = t.shmget(IPC_PRIVATE, PAGES * PAGE, 0o600)
                at = t.shmat(shmid)
                core.touch(t, at, PAGES)
                t.shmdt(at)
                t.shmctl(shmid, IPC_RMID)

        yield body


@contextmanager
def again_in_core() -> Iterator[Body]:
    """The same of a segment that is attached anew, and whose pages are there."""
    core = compiled_driver("memory_driver")
    with machine() as t:
        shmid = t.shmget(IPC_PRIVATE, PAGES * PAGE, 0o600)
        kept = t.shmat(shmid)
        core.touch(t, kept, PAGES)
        yield lambda n: core.touch_again(t, shmid, PAGES, n)


@fastipc.compiled
def first_touch(t, n):  # type: ignore[no-untyped-def]
    """Write a byte to each page of a new segment."""
    byte = np.ones(1, np.uint8)
    for _ in range(n):
        shmid = t.shmget(0, 256 * 4096, 0o600)
        at = t.shmat(shmid)
        for i in range(256):
            t.store(at + i * 4096, byte)
        t.shmdt(at)
        t.shmctl(shmid, 0)


@fastipc.compiled
def touch_again(t, n):  # type: ignore[no-untyped-def]
    """Write a byte to each page of a segment that is attached anew, and whose pages are there."""
    byte = np.ones(1, np.uint8)
    shmid = t.shmget(0, 256 * 4096, 0o600)
    kept = t.shmat(shmid)
    for i in range(256):
        t.store(kept + i * 4096, byte)
    for _ in range(n):
        at = t.shmat(shmid)
        for i in range(256):
            t.store(at + i * 4096, byte)
        t.shmdt(at)
    t.shmdt(kept)
    t.shmctl(shmid, 0)


# ---------------------------------------------------------------------------------------------- bytes
def bytes_ours(t: Task, n: int) -> None:
    at, data = t.shmat(t.shmget(IPC_PRIVATE, PAGE, 0o600)), bytes(64)
    for _ in range(n):
        t.store(at, data)
        t.load(at, 64)
    t.shmdt(at)


@contextmanager
def sysv_bytes() -> Iterator[Body]:
    import sysv_ipc

    memory = sysv_ipc.SharedMemory(None, sysv_ipc.IPC_CREX, 0o600, PAGE)
    data = bytes(64)

    def body(n: int) -> None:
        for _ in range(n):
            memory.write(data)
            memory.read(64)

    try:
        yield body
    finally:
        memory.detach()
        memory.remove()


@contextmanager
def megabyte_ours() -> Iterator[Body]:
    """`store` of a megabyte into present memory."""
    with machine() as t:
        at = t.mmap(len(MEGABYTE), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS)
        t.store(at, MEGABYTE)

        def body(n: int) -> None:
            for _ in range(n):
                t.store(at, MEGABYTE)

        yield body


@contextmanager
def megabyte_theirs() -> Iterator[Body]:
    """The same bytes by memcpy, called through ctypes."""
    target = ctypes.create_string_buffer(len(MEGABYTE))
    source = ctypes.create_string_buffer(MEGABYTE, len(MEGABYTE))
    memcpy = ctypes.memmove

    def body(n: int) -> None:
        for _ in range(n):
            memcpy(target, source, len(MEGABYTE))

    yield body


# ---------------------------------------------------------------------------------------------- the sides
def in_program(program: fastipc.CompiledProgram, *args: int) -> Side:
    """A compiled program that gets its arguments and the number of times."""

    @contextmanager
    def ours() -> Iterator[Body]:
        with machine() as t:

            def body(n: int) -> None:
                child = t.fork(program, *args, n)
                t.wait4(child)

            yield body

    return ours


FIRST, AGAIN = "a page of 256, with the segment made and removed", "a page of 256, with the attach"
CYCLE = "shmget, shmat, shmdt, IPC_RMID"

MEMORY: tuple[Operation, ...] = (
    Operation("segment of 4 KiB", CTYPES, by_hand(partial(segments_ours, SMALL)), segments_theirs(SMALL), 40, CYCLE),
    Operation("segment of 4 KiB", SYSV, by_hand(partial(segments_ours, SMALL)), sysv_segments, 40, CYCLE),
    Operation("segment of 64 MiB", CTYPES, by_hand(partial(segments_ours, LARGE)), segments_theirs(LARGE), 40, CYCLE),
    Operation("segment of 4 KiB, compiled", C, in_program(segments_compiled, SMALL), in_c("shm_4k"), 40, CYCLE),
    Operation("segment of 64 MiB, compiled", C, in_program(segments_compiled, LARGE), in_c("shm_64m"), 40, CYCLE),
    Operation("first touch of a page", C, first_in_core, in_c("first_touch"), 25, FIRST, PAGES, LONG),
    Operation("touch of a present page", C, again_in_core, in_c("touch_again"), 200, AGAIN, PAGES, LONG),
    Operation("first touch of a page, compiled", C, in_program(first_touch), in_c("first_touch"), 25, FIRST, PAGES,
              LONG),
    Operation("touch of a present page, compiled", C, in_program(touch_again), in_c("touch_again"), None, AGAIN, PAGES,
              LONG),
    Operation("store + load of 64 B", SYSV, by_hand(bytes_ours), sysv_bytes, 8, "both", 1, SHORT),
    Operation("store of 1 MiB", "memcpy", megabyte_ours, megabyte_theirs, 0.6, "one call", 1, LONG),
)  # fmt: skip
