"""Memory of a task: areas, faults, copy on write, files in memory, views; and that nothing is left of any of it."""

import errno
import pickle

import numpy as np
import pytest

import fastipc
from fastipc import (
    BUS_ADRERR,
    F_ADD_SEALS,
    F_GET_SEALS,
    F_SEAL_GROW,
    F_SEAL_SEAL,
    F_SEAL_SHRINK,
    F_SEAL_WRITE,
    MADV_DONTFORK,
    MADV_DONTNEED,
    MAP_ANONYMOUS,
    MAP_FIXED,
    MAP_FIXED_NOREPLACE,
    MAP_LOCKED,
    MAP_POPULATE,
    MAP_PRIVATE,
    MAP_SHARED,
    MFD_ALLOW_SEALING,
    MREMAP_MAYMOVE,
    O_CREAT,
    O_RDONLY,
    O_RDWR,
    PROT_EXEC,
    PROT_NONE,
    PROT_READ,
    PROT_WRITE,
    RLIMIT_AS,
    RLIMIT_DATA,
    RLIMIT_STACK,
    SEGV_ACCERR,
    SEGV_MAPERR,
    SIGBUS,
    SIGSEGV,
    Kernel,
    TaskExited,
)

RW = PROT_READ | PROT_WRITE
ANON = MAP_PRIVATE | MAP_ANONYMOUS
SHARED = MAP_SHARED | MAP_ANONYMOUS
PAGE = 4096
STACK_TOP = 0x7FFFFFFFF000
FREE = 0x100000000000  # nothing is placed here by itself


@pytest.fixture
def t(k):
    return k.spawn(name="t")


def maps(k, task):
    """Areas of a task as (start, end, rights)."""
    lines = k.read_proc(f"/proc/{task.pid}/maps").splitlines()
    return [(int(a, 16), int(b, 16), p) for a, b, p in ((*x.split()[0].split("-"), x.split()[1]) for x in lines)]


def joined(areas):
    """Areas that touch and have the same rights as one."""
    out = []
    for start, end, rights in areas:
        if out and out[-1][1] == start and out[-1][2] == rights:
            out[-1] = (out[-1][0], end, rights)
        else:
            out.append((start, end, rights))
    return out


def around(k, task, low, high):
    return [(a - low, b - low, p) for a, b, p in maps(k, task) if low <= a < high]


def refused(number, call, *args, **kw):
    with pytest.raises(OSError) as caught:
        call(*args, **kw)
    assert caught.value.errno == number


def dies(task, signal, code, addr, access):
    with pytest.raises(TaskExited):
        access()
    assert task.exit_status == signal
    assert (task.fault.si_signo, task.fault.si_code, task.fault.si_addr) == (signal, code, addr)
    task.kernel.verify()


# ------------------------------------------------------------------------------------------ private memory
def test_fresh_memory_is_zero_and_keeps_what_is_stored(k, t):
    a = t.mmap(3 * PAGE, RW, ANON)
    assert t.load(a, 3 * PAGE) == bytes(3 * PAGE)
    t.store(a + PAGE - 2, b"abcd")
    assert t.load(a + PAGE - 3, 6) == b"\0abcd\0"


def test_reading_fresh_memory_takes_no_page(k, t):
    a = t.mmap(100 * PAGE, RW, ANON)
    t.load(a, 100 * PAGE)
    assert "RssAnon:\t       0 kB" in k.read_proc(f"/proc/{t.pid}/status")
    t.store(a + 7 * PAGE, b"x")
    assert "RssAnon:\t       4 kB" in k.read_proc(f"/proc/{t.pid}/status")


def test_a_process_without_memory_of_its_own_costs_none(k):
    spaces, pages = len(k.table("mm", live=True)), len(k.table("page", live=True))
    p = k.spawn()
    for _ in range(100):
        p.fork()
    assert len(k.table("mm", live=True)) == spaces
    assert len(k.table("page", live=True)) == pages
    p.mmap(PAGE, RW, ANON)
    assert len(k.table("mm", live=True)) == spaces + 1


def test_copy_on_write_both_ways(k, t):
    a = t.mmap(2 * PAGE, RW, ANON)
    t.store(a, b"one")
    t.store(a + PAGE, b"two")
    child = t.fork()
    pages = k.counters["pages_alloc"]
    assert child.load(a, 3) == b"one"
    assert k.counters["pages_alloc"] == pages
    child.store(a, b"ONE")
    t.store(a + PAGE, b"TWO")
    assert (t.load(a, 3), t.load(a + PAGE, 3)) == (b"one", b"TWO")
    assert (child.load(a, 3), child.load(a + PAGE, 3)) == (b"ONE", b"two")
    k.verify()


def test_the_last_user_of_a_page_does_not_copy_it(k, t):
    a = t.mmap(PAGE, RW, ANON)
    t.store(a, b"x")
    child = t.fork()
    child.exit()
    t.wait4()
    allocated = k.counters["pages_alloc"]
    t.store(a, b"y")
    assert k.counters["pages_alloc"] == allocated


def test_shared_memory_is_kept_over_fork(k, t):
    a = t.mmap(2 * PAGE, RW, SHARED)
    child = t.fork()
    child.store(a + PAGE, b"from the child")
    assert t.load(a + PAGE, 14) == b"from the child"
    assert t.walk(a + PAGE).frame == child.walk(a + PAGE).frame


def test_threads_share_one_space(k, t):
    other = t.thread()
    a = other.mmap(PAGE, RW, ANON)
    t.store(a, b"seen")
    assert other.load(a, 4) == b"seen"
    t.munmap(a, PAGE)
    dies(other, SIGSEGV, SEGV_MAPERR, a, lambda: other.load(a, 1))


def test_clone_vm_shares_memory_with_another_process(k, t):
    child = t.clone(fastipc.CLONE_VM | fastipc.SIGCHLD)
    a = child.mmap(PAGE, RW, ANON)
    child.store(a, b"both")
    assert t.load(a, 4) == b"both"
    refused(errno.EINVAL, t.unshare, fastipc.CLONE_VM)
    child.exit()
    assert t.load(a, 4) == b"both"


def test_execve_begins_with_nothing(k):
    found = []

    def before(t):
        a = t.mmap(PAGE, RW, ANON)
        t.store(a, b"x")
        t.execve(after, a)

    def after(t, a):
        found.append(t.walk(a).end)

    k.spawn(before)
    k.run()
    assert found == ["no area"]
    assert len(k.table("page", live=True)) == 0


# ------------------------------------------------------------------------------------------ where areas are
def test_areas_are_placed_from_the_top_and_joined(k, t):
    a = t.mmap(PAGE, RW, ANON)
    assert a == 0x7FFFF7FFE000
    assert t.mmap(2 * PAGE, RW, ANON) == a - 2 * PAGE
    assert maps(k, t)[-2][:2] == (a - 2 * PAGE, a + PAGE)
    assert t.mmap(PAGE, PROT_READ, ANON) == a - 3 * PAGE
    assert len(maps(k, t)) == 3


def test_a_hole_is_found_again(k, t):
    a = t.mmap(10 * PAGE, RW, ANON)
    t.munmap(a + 3 * PAGE, 2 * PAGE)
    assert t.mmap(3 * PAGE, RW, ANON) == a - 3 * PAGE
    assert t.mmap(2 * PAGE, RW, ANON) == a + 3 * PAGE


def test_a_hint_is_taken_if_it_is_free(k, t):
    assert t.mmap(PAGE, RW, ANON, addr=FREE + 123) == FREE
    assert t.mmap(PAGE, RW, ANON, addr=FREE) != FREE
    assert t.mmap(PAGE, RW, ANON, addr=PAGE + 5) == 65536
    assert t.mmap(PAGE, PROT_READ, ANON | MAP_FIXED, addr=FREE) == FREE
    refused(errno.EEXIST, t.mmap, PAGE, RW, ANON | MAP_FIXED_NOREPLACE, addr=FREE)


def test_munmap_cuts_what_it_must(k, t):
    a = t.mmap(5 * PAGE, RW, ANON, addr=FREE)
    t.store(a, bytes(range(256)) * 80)
    t.munmap(a + PAGE, PAGE)
    t.munmap(a + 3 * PAGE, PAGE)
    assert around(k, t, FREE, FREE + 5 * PAGE) == [(0, PAGE, "rw-p"), (2 * PAGE, 3 * PAGE, "rw-p"),
                                                   (4 * PAGE, 5 * PAGE, "rw-p")]  # fmt: skip
    assert t.load(a + 2 * PAGE, 3) == b"\0\1\2"
    t.munmap(FREE, 5 * PAGE)
    assert around(k, t, FREE, FREE + 5 * PAGE) == []
    t.munmap(FREE, 5 * PAGE)


def test_mprotect_splits_and_joins(k, t):
    a = t.mmap(4 * PAGE, RW, ANON, addr=FREE)
    t.store(a + PAGE, b"kept")
    t.mprotect(a + PAGE, PAGE, PROT_READ)
    assert around(k, t, FREE, FREE + 4 * PAGE) == [(0, PAGE, "rw-p"), (PAGE, 2 * PAGE, "r--p"),
                                                   (2 * PAGE, 4 * PAGE, "rw-p")]  # fmt: skip
    assert t.load(a + PAGE, 4) == b"kept"
    t.mprotect(a + PAGE, PAGE, RW)
    assert around(k, t, FREE, FREE + 4 * PAGE) == [(0, 4 * PAGE, "rw-p")]
    t.store(a + PAGE, b"more")
    assert t.load(a + PAGE, 4) == b"more"


def test_mprotect_changes_up_to_the_hole(k, t):
    a = t.mmap(PAGE, RW, ANON, addr=FREE)
    refused(errno.ENOMEM, t.mprotect, a, 2 * PAGE, PROT_READ)
    assert around(k, t, FREE, FREE + PAGE) == [(0, PAGE, "r--p")]


def test_mremap_moves_pages_without_copying(k, t):
    a = t.mmap(2 * PAGE, RW, ANON, addr=FREE)
    t.mmap(PAGE, PROT_READ, ANON, addr=FREE + 2 * PAGE)
    t.store(a + PAGE, b"here")
    frame = t.walk(a + PAGE).frame
    refused(errno.ENOMEM, t.mremap, a, 2 * PAGE, 3 * PAGE)
    b = t.mremap(a, 2 * PAGE, 3 * PAGE, MREMAP_MAYMOVE)
    assert b != a
    assert t.load(b + PAGE, 4) == b"here"
    assert t.walk(b + PAGE).frame == frame
    assert t.mremap(b, 3 * PAGE, PAGE) == b
    k.verify()
    refused(errno.EFAULT, t.mremap, a, PAGE, 2 * PAGE)


def test_brk(k, t):
    start = t.brk()
    assert t.brk(start + 100) == start + 100
    t.store(start + 99, b"x")
    assert t.brk(start - 1) == start + 100
    assert t.brk(start + 3 * PAGE) == start + 3 * PAGE
    assert t.brk(start) == start
    dies(t, SIGSEGV, SEGV_MAPERR, start, lambda: t.load(start, 1))


def test_the_stack_grows_down_to_its_limit(k, t):
    t.setrlimit(RLIMIT_STACK, (1 << 20, 1 << 20))
    t.store(STACK_TOP - (1 << 20), b"deep")
    k.verify()
    assert maps(k, t)[-1] == (STACK_TOP - (1 << 20), STACK_TOP, "rw-p")
    addr = STACK_TOP - (1 << 20) - 1
    dies(t, SIGSEGV, SEGV_MAPERR, addr, lambda: t.store(addr, b"x"))


# ------------------------------------------------------------------------------------------ accesses that fail
def test_signals_say_why(k):
    def fresh():
        task = k.spawn()
        return task, task.mmap(PAGE, PROT_READ, ANON, addr=FREE)

    t, a = fresh()
    dies(t, SIGSEGV, SEGV_ACCERR, a + 9, lambda: t.store(a + 9, b"x"))
    t, a = fresh()
    dies(t, SIGSEGV, SEGV_MAPERR, a + PAGE, lambda: t.load(a + PAGE - 1, 2))
    t, a = fresh()
    t.mprotect(a, PAGE, PROT_NONE)
    dies(t, SIGSEGV, SEGV_ACCERR, a, lambda: t.load(a, 1))
    t, a = fresh()
    t.mprotect(a, PAGE, PROT_EXEC)
    assert t.load(a, 1) == b"\0"  # x86 has no memory that can only be run
    t, a = fresh()
    dies(t, SIGSEGV, 0x80, 0, lambda: t.load(1 << 47 << 5, 1))  # no address at all
    t, a = fresh()
    dies(t, SIGSEGV, SEGV_MAPERR, 0xFFFFFFFF81000000, lambda: t.load(0xFFFFFFFF81000000, 1))
    t, a = fresh()
    dies(t, SIGSEGV, SEGV_MAPERR, 0, lambda: t.sys_load(0, bytearray(1)))
    t, a = fresh()
    dies(t, SIGSEGV, SEGV_ACCERR, a, lambda: t.sys_store(a, b"x"))


def test_what_was_stored_before_the_fault_stays(k, t):
    a = t.mmap(2 * PAGE, RW, SHARED, addr=FREE)
    child = t.fork()
    child.munmap(a + PAGE, PAGE)
    dies(child, SIGSEGV, SEGV_MAPERR, a + PAGE, lambda: child.store(a + PAGE - 3, b"abcdef"))
    assert t.load(a + PAGE - 3, 6) == b"abc\0\0\0"


def test_beyond_the_end_of_a_file(k, t):
    fd = t.memfd_create("short")
    t.ftruncate(fd, 10)
    a = t.mmap(2 * PAGE, RW, MAP_SHARED, fd)
    assert t.load(a, PAGE) == bytes(PAGE)
    assert t.walk(a + PAGE).end == "beyond the file"
    dies(t, SIGBUS, BUS_ADRERR, a + PAGE, lambda: t.load(a + PAGE, 1))


def test_a_fault_without_a_page_left_kills(inject):
    k = inject
    t = k.spawn()
    a = t.mmap(PAGE, RW, ANON)
    k.inject("page", 1)
    with pytest.raises(TaskExited):
        t.store(a, b"x")
    assert t.exit_status == fastipc.SIGKILL


@pytest.fixture
def inject(k):
    return k


def test_when_memory_is_used_up(k):
    k = Kernel(memory=1 << 20)
    t = k.spawn()
    a = t.mmap(200 * PAGE, RW, ANON)
    b = t.mmap(200 * PAGE, RW, ANON)
    t.store(a, bytes(200 * PAGE))
    with pytest.raises(TaskExited):
        t.store(b, bytes(200 * PAGE))
    assert t.exit_status == fastipc.SIGKILL
    k.verify()
    assert len(k.table("page", live=True)) == 0


@pytest.mark.parametrize("kind", ["page", "row", "vm_area", "mm", "file", "inode", "dentry"])
def test_a_failure_in_the_middle_leaves_nothing(k, kind):
    t = k.spawn()
    fd = t.memfd_create("m")
    t.ftruncate(fd, 10 * PAGE)
    a = t.mmap(10 * PAGE, RW, ANON, addr=FREE)
    t.mmap(10 * PAGE, RW, MAP_SHARED, fd, addr=FREE + (1 << 30))
    t.store(a, b"x" * (10 * PAGE))
    calls = [
        lambda: t.sys_mmap(PAGE, RW, SHARED),
        lambda: t.sys_mmap(PAGE, RW, ANON | MAP_FIXED, addr=FREE + PAGE),
        lambda: t.sys_munmap(FREE + 3 * PAGE, PAGE),
        lambda: t.sys_mprotect(FREE + 5 * PAGE, PAGE, PROT_READ),
        lambda: t.sys_mremap(FREE + 7 * PAGE, PAGE, 4 * PAGE, MREMAP_MAYMOVE),
        lambda: t.sys_memfd_create("x"),
        lambda: t.sys_brk(t.brk() + PAGE),
        lambda: t.sys_fork() if hasattr(t, "sys_fork") else 0,
    ]
    for call in calls:
        for nth in range(1, 12):
            before = joined(maps(k, t))
            brk = t.brk()
            k.inject(kind, nth)
            ret = call()
            k.inject(kind, 0)
            k.verify()
            if not isinstance(ret, int) or ret >= 0 and not (ret == brk and joined(maps(k, t)) == before):
                break
            assert joined(maps(k, t)) == before  # a range may have been split in vain, as on Linux


def test_fork_without_a_page_left_changes_nothing(k, t):
    a = t.mmap(3 * PAGE, RW, ANON)
    t.store(a, b"x" * (3 * PAGE))
    for nth in range(1, 5):
        k.inject("page", nth)
        refused(errno.ENOMEM, t.fork)
        k.verify()
    k.inject("page", 0)
    t.store(a, b"y")
    assert t.load(a, 2) == b"yx"


# ------------------------------------------------------------------------------------------ arguments
def test_errors_of_mmap_in_order(k, t):
    fd = t.open("/tmp/f", O_CREAT | O_RDONLY, 0o600)
    refused(errno.EINVAL, t.mmap, 0, RW, 0, -1, 1)  # the offset is looked at first
    refused(errno.EBADF, t.mmap, 0, RW, MAP_SHARED, 99)
    refused(errno.EINVAL, t.mmap, 0, RW, ANON)
    refused(errno.ENOMEM, t.mmap, -1, RW, ANON)
    refused(errno.ENOMEM, t.mmap, 1 << 47, RW, ANON)
    refused(errno.ENOMEM, t.mmap, 1 << 40, RW, ANON)  # can never be had
    refused(errno.EINVAL, t.mmap, PAGE, RW, MAP_ANONYMOUS)
    refused(errno.EINVAL, t.mmap, PAGE, RW, ANON | MAP_FIXED, addr=1)
    refused(errno.ENOMEM, t.mmap, PAGE, RW, ANON | MAP_FIXED, addr=STACK_TOP)
    refused(errno.EACCES, t.mmap, PAGE, RW, MAP_SHARED, fd)
    refused(errno.EOVERFLOW, t.mmap, PAGE, RW, MAP_SHARED, fd, -PAGE)
    w = t.open("/tmp/f", fastipc.O_WRONLY)
    refused(errno.EACCES, t.mmap, PAGE, PROT_READ, MAP_PRIVATE, w)
    r, _ = t.pipe()
    refused(errno.ENODEV, t.mmap, PAGE, PROT_READ, MAP_PRIVATE, r)
    refused(errno.ENODEV, t.mmap, PAGE, PROT_READ, MAP_PRIVATE, t.open("/tmp", O_RDONLY))
    refused(errno.ENOMEM, t.mmap, PAGE, RW, ANON | fastipc.MAP_HUGETLB)
    child = k.spawn(uid=1000)
    refused(errno.EPERM, child.mmap, PAGE, RW, ANON | MAP_FIXED, addr=PAGE)


def test_ranges_that_are_none(k, t):
    refused(errno.EINVAL, t.munmap, 1, PAGE)
    refused(errno.EINVAL, t.munmap, FREE, 0)
    refused(errno.EINVAL, t.munmap, FREE, -1)
    refused(errno.EINVAL, t.munmap, STACK_TOP, PAGE)
    refused(errno.EINVAL, t.mprotect, 1, PAGE, RW)
    refused(errno.ENOMEM, t.mprotect, FREE, -PAGE, RW)
    refused(errno.EINVAL, t.mprotect, FREE, PAGE, 1 << 10)
    t.mprotect(FREE, 0, RW)
    refused(errno.EINVAL, t.mremap, FREE, PAGE, 0)
    refused(errno.EINVAL, t.mremap, FREE, PAGE, PAGE, 64)


def test_python_misuse_is_named(t):
    with pytest.raises(TypeError, match="addr"):
        t.load("x", 1)
    with pytest.raises(TypeError, match="data"):
        t.store(0, "text")
    with pytest.raises(TypeError, match="buf"):
        t.load_into(0, b"")
    with pytest.raises(ValueError, match="n must"):
        t.load(0, -1)
    with pytest.raises(TypeError, match="length"):
        t.mmap("x", 0, 0)
    with pytest.raises(ValueError, match="n must"):
        t.memory(0, 0)
    with pytest.raises(ValueError):
        t.memfd_create("a\0b")


def test_limits(k):
    t = k.spawn(uid=1000)
    t.setrlimit(RLIMIT_AS, (1 << 20, 1 << 20))
    refused(errno.ENOMEM, t.mmap, 1 << 20, PROT_READ, ANON)
    a = t.mmap(512 << 10, PROT_READ, ANON)
    refused(errno.ENOMEM, t.mremap, a, 512 << 10, 1 << 20, MREMAP_MAYMOVE)
    t = k.spawn(uid=1000)
    t.setrlimit(RLIMIT_DATA, (1 << 16, 1 << 16))
    refused(errno.ENOMEM, t.mmap, 1 << 17, RW, ANON)
    t.mmap(1 << 17, PROT_READ, ANON)
    start = t.brk()
    assert t.brk(start + (1 << 20)) == start
    t = k.spawn(uid=1000)
    t.setrlimit(fastipc.RLIMIT_MEMLOCK, (2 * PAGE, 2 * PAGE))
    refused(errno.EAGAIN, t.mmap, 4 * PAGE, RW, ANON | MAP_LOCKED)
    a = t.mmap(4 * PAGE, RW, ANON)
    t.mlock(a, 2 * PAGE)
    t.mlock(a, 2 * PAGE)
    refused(errno.ENOMEM, t.mlock, a, 3 * PAGE)
    t.munlock(a, PAGE)
    t.mlock(a + 2 * PAGE, PAGE)
    t = k.spawn(uid=1000)
    t.setrlimit(fastipc.RLIMIT_MEMLOCK, (0, 0))
    refused(errno.EPERM, t.mlock, a, PAGE)


# ------------------------------------------------------------------------------------------ files
@pytest.mark.parametrize("path", ["/tmp/file", "/file"])
def test_a_mapped_file_and_its_bytes_are_one(k, t, path):
    fd = t.open(path, O_CREAT | O_RDWR)
    t.write(fd, b"0123456789" * 1000)
    a = t.mmap(3 * PAGE, RW, MAP_SHARED, fd)
    b = t.mmap(3 * PAGE, RW, MAP_PRIVATE, fd)
    t.store(a + 5, b"abc")
    assert t.pread(fd, 10, 0) == b"01234abc89"
    assert t.load(b, 10) == b"01234abc89"
    t.store(b, b"XY")
    assert t.pread(fd, 10, 0) == b"01234abc89"
    t.pwrite(fd, b"zz", 0)
    assert (t.load(a, 3), t.load(b, 3)) == (b"zz2", b"XY2")
    t.close(fd)
    assert t.load(a, 2) == b"zz"


def test_truncation_takes_mapped_pages_away(k, t):
    fd = t.memfd_create("m")
    t.ftruncate(fd, 3 * PAGE)
    a = t.mmap(3 * PAGE, RW, MAP_SHARED, fd)
    b = t.mmap(3 * PAGE, RW, MAP_PRIVATE, fd)
    t.store(a, b"x" * (3 * PAGE))
    t.store(b + PAGE, b"private")
    t.ftruncate(fd, PAGE + 1)
    k.verify()
    assert t.load(a + PAGE, 3) == b"x\0\0"
    child = t.fork()
    dies(child, SIGBUS, BUS_ADRERR, a + 2 * PAGE, lambda: child.load(a + 2 * PAGE, 1))
    t.ftruncate(fd, 0)
    dies(t, SIGBUS, BUS_ADRERR, b + PAGE, lambda: t.load(b + PAGE, 1))


def test_a_hole_in_a_mapped_file_keeps_private_copies(k, t):
    fd = t.memfd_create("m")
    t.ftruncate(fd, 2 * PAGE)
    a = t.mmap(2 * PAGE, RW, MAP_SHARED, fd)
    b = t.mmap(2 * PAGE, RW, MAP_PRIVATE, fd)
    t.store(a, b"x" * (2 * PAGE))
    t.store(b, b"mine")
    t.fallocate(fd, fastipc.FALLOC_FL_PUNCH_HOLE | fastipc.FALLOC_FL_KEEP_SIZE, 0, 2 * PAGE)
    assert t.load(a, 2) == b"\0\0"
    assert t.load(b, 4) == b"mine"
    assert t.load(b + PAGE, 1) == b"\0"


def test_a_write_to_a_file_on_disk_moves_its_times(k, t):
    fd = t.open("/file", O_CREAT | O_RDWR)
    t.ftruncate(fd, PAGE)
    a = t.mmap(PAGE, RW, MAP_SHARED, fd)
    t.load(a, 1)
    t.nanosleep(5)
    before = t.fstat(fd).st_mtime_ns
    t.store(a, b"x")
    assert t.fstat(fd).st_mtime_ns == before + 5 * 10**9
    t.nanosleep(5)
    t.store(a, b"y")
    assert t.fstat(fd).st_mtime_ns == before + 5 * 10**9


def test_reads_map_the_pages_around(k, t):
    fd = t.memfd_create("m")
    t.ftruncate(fd, 32 * PAGE)
    t.pwrite(fd, b"x" * (32 * PAGE), 0)
    a = t.mmap(32 * PAGE, RW, MAP_SHARED, fd, addr=FREE)
    faults = k.counters["faults"]
    t.load(a, 32 * PAGE)
    assert k.counters["faults"] == faults + 2
    b = t.mmap(32 * PAGE, RW, MAP_SHARED, fd, addr=FREE + (1 << 20))
    t.store(b, b"y" * (32 * PAGE))
    assert k.counters["faults"] == faults + 2 + 32


def test_dev_zero(k, t):
    fd = t.open("/dev/zero", O_RDWR)
    a = t.mmap(PAGE, RW, MAP_PRIVATE, fd)
    b = t.mmap(PAGE, RW, MAP_SHARED, fd)
    t.store(a, b"x")
    t.store(b, b"y")
    child = t.fork()
    child.store(b, b"z")
    assert (t.load(a, 1), t.load(b, 1)) == (b"x", b"z")
    assert "/dev/zero" in k.read_proc(f"/proc/{t.pid}/maps")


# ------------------------------------------------------------------------------------------ memfd
def test_memfd(k, t):
    fd = t.memfd_create("name", fastipc.MFD_CLOEXEC)
    assert t.fcntl(fd, fastipc.F_GETFD) == fastipc.FD_CLOEXEC
    assert t.readlink(f"/proc/self/fd/{fd}") == "/memfd:name (deleted)"
    assert t.fstat(fd).st_nlink == 0
    assert t.fstat(fd).st_mode == 0o100777
    assert t.fcntl(fd, F_GET_SEALS) == F_SEAL_SEAL
    refused(errno.EPERM, t.fcntl, fd, F_ADD_SEALS, F_SEAL_WRITE)
    refused(errno.EINVAL, t.memfd_create, "x" * 250)
    refused(errno.EINVAL, t.memfd_create, "x", 1 << 20)
    t.memfd_create("x" * 249)


def test_seals(k, t):
    fd = t.memfd_create("s", MFD_ALLOW_SEALING)
    t.write(fd, b"x" * 100)
    a = t.mmap(PAGE, RW, MAP_SHARED, fd)
    refused(errno.EBUSY, t.fcntl, fd, F_ADD_SEALS, F_SEAL_WRITE)
    t.munmap(a, PAGE)
    t.fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW)
    refused(errno.EPERM, t.ftruncate, fd, 50)
    refused(errno.EPERM, t.ftruncate, fd, 150)
    refused(errno.EPERM, t.pwrite, fd, b"y" * 10, 95)
    t.fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE)
    refused(errno.EPERM, t.pwrite, fd, b"y", 0)
    refused(errno.EPERM, t.mmap, PAGE, RW, MAP_SHARED, fd)
    a = t.mmap(PAGE, PROT_READ, MAP_SHARED, fd)
    refused(errno.EACCES, t.mprotect, a, PAGE, RW)
    assert t.fcntl(fd, F_GET_SEALS) == F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE


# ------------------------------------------------------------------------------------------ advice
def test_dontneed_gives_pages_back(k, t):
    a = t.mmap(4 * PAGE, RW, ANON)
    t.store(a, b"x" * (4 * PAGE))
    live = len(k.table("page", live=True))
    t.madvise(a + PAGE, 2 * PAGE, MADV_DONTNEED)
    assert len(k.table("page", live=True)) == live - 2
    assert t.load(a + PAGE - 1, 2) == b"x\0"
    refused(errno.EINVAL, t.madvise, a, PAGE, 12345)


def test_msync_looks_and_does_nothing(k, t):
    a = t.mmap(3 * PAGE, RW, ANON, addr=FREE)
    assert t.msync(a, 3 * PAGE, fastipc.MS_SYNC) is None
    refused(errno.EINVAL, t.msync, a + 1, PAGE, fastipc.MS_SYNC)
    refused(errno.EINVAL, t.msync, a, PAGE, fastipc.MS_SYNC | fastipc.MS_ASYNC)
    refused(errno.EINVAL, t.msync, a, PAGE, 64)
    t.munmap(a + PAGE, PAGE)
    refused(errno.ENOMEM, t.msync, a, 3 * PAGE, fastipc.MS_ASYNC)
    t.mlock(a, PAGE)
    refused(errno.EBUSY, t.msync, a, PAGE, fastipc.MS_INVALIDATE)


def test_dontfork(k, t):
    a = t.mmap(PAGE, RW, ANON)
    t.madvise(a, PAGE, MADV_DONTFORK)
    assert t.fork().walk(a).end == "no area"


def test_populate_brings_all_pages_in(k, t):
    a = t.mmap(5 * PAGE, RW, ANON | MAP_POPULATE)
    assert all(t.walk(a + i * PAGE).end == "page" for i in range(5))


# ------------------------------------------------------------------------------------------ views
def test_a_view_is_the_memory_itself(k, t):
    a = t.mmap(PAGE, RW, SHARED)
    view = t.memory(a + 10, 100)
    assert view.dtype == np.uint8
    view[:3] = [1, 2, 3]
    assert t.load(a + 9, 5) == b"\0\1\2\3\0"
    t.store(a + 10, b"\7")
    assert view[0] == 7


def test_a_view_outlives_its_memory(k, t):
    a = t.mmap(PAGE, RW, ANON)
    view = t.memory(a, PAGE)
    view[:] = 9
    t.munmap(a, PAGE)
    k.verify()
    b = t.mmap(20 * PAGE, RW, ANON)
    t.store(b, b"x" * (20 * PAGE))
    assert (view == 9).all()
    assert len(k.table("page", live=True)) > 20
    t.exit()
    k.verify()
    assert len(k.table("page", live=True)) == 1
    del view
    k.verify()
    assert len(k.table("page", live=True)) == 0


def test_a_view_stays_its_process_memory_over_fork(k, t):
    a = t.mmap(2 * PAGE, RW, ANON)
    t.store(a, b"xy")
    view = t.memory(a, PAGE)
    child = t.fork()
    t.store(a, b"z")
    view[1] = ord("w")
    assert (t.load(a, 2), child.load(a, 2)) == (b"zw", b"xy")
    for nth in range(1, 6):  # four tables, then the page that is copied
        k.inject("page", nth)
        refused(errno.ENOMEM, t.fork)
        k.verify()
    k.inject("page", 0)
    del view


def test_a_view_outlives_its_machine():
    k = Kernel()
    t = k.spawn()
    a = t.mmap(PAGE, RW, ANON)
    view = t.memory(a, PAGE)
    view[:] = 5
    k.close()
    assert (view == 5).all()
    del k, t
    assert (view == 5).all()


def test_frames_that_are_not_consecutive_are_refused(k, t):
    a = t.mmap(3 * PAGE, RW, ANON)
    t.store(a + 2 * PAGE, b"x")
    t.store(a, b"x")
    with pytest.raises(ValueError, match="consecutive frames"):
        t.memory(a, 3 * PAGE)
    k.verify()


# ------------------------------------------------------------------------------------------ walk
def test_walk_is_a_record(k, t):
    a = t.mmap(PAGE, RW, SHARED)
    walk = t.walk(a)
    assert (walk.end, walk.frame, walk.pte) == ("fault", -1, 0)
    assert "a page fault brings the page in" in str(walk)
    t.store(a, b"x")
    walk = t.walk(a, write=True)
    assert (walk.end, walk.cached, walk.writable) == ("page", True, True)
    assert walk == t.walk(a, True)
    assert walk.pte >> 12 == walk.frame
    assert len(walk.tables) == 4
    assert pickle.loads(pickle.dumps(walk)) == walk
    assert walk._asdict()["frame"] == walk.frame
    assert list(walk)[0] == a
    assert "frame=" in repr(walk)
    with pytest.raises(AttributeError):
        walk.nothing  # noqa: B018
    with pytest.raises(TypeError):
        fastipc.Walk(nothing=1)


def test_walk_ends_where_the_access_would(k, t):
    assert t.walk(FREE).end == "no area"
    assert t.walk(1 << 63).si_code == SEGV_MAPERR
    a = t.mmap(PAGE, PROT_READ, ANON)
    assert t.walk(a).end == "fault"
    assert t.walk(a, write=True).si_code == SEGV_ACCERR
    assert "SEGV_ACCERR" in str(t.walk(a, True))


# ------------------------------------------------------------------------------------------ all kinds of program
def test_in_every_kind_of_program(k, kind):
    def program(t):
        a = yield t.mmap(PAGE, RW, ANON)
        yield t.store(a, b"hello")
        return (yield t.load(a, 5))

    task = k.spawn(kind(program))
    k.run()
    assert task.result == b"hello"


@fastipc.compiled
def compiled_memory(t, out):
    a = t.mmap(2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS)
    buf = t.array(10, np.uint8)
    for i in range(10):
        buf[i] = i + 1
    t.store(a + PAGE - 5, buf)
    buf[:] = 0
    out[0] = t.load_into(a + PAGE - 5, buf)
    out[1] = buf.sum()
    t.mprotect(a, PAGE, PROT_READ)
    out[2] = t.sys_munmap(a + 1, PAGE)
    out[3] = t.mremap(a + PAGE, PAGE, 2 * PAGE, MREMAP_MAYMOVE) != 0
    fd = t.memfd_create("compiled")
    t.ftruncate(fd, PAGE)
    b = t.mmap(PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd)
    t.store(b, buf)
    out[4] = t.sys_pread(fd, buf, 0)
    t.store(a, buf)
    out[5] = 1


def test_in_a_compiled_program(k):
    out = np.zeros(6, np.int64)
    task = k.spawn(compiled_memory, out)
    k.run()
    assert out.tolist() == [10, 55, -errno.EINVAL, 1, 10, 0]
    assert task.exit_status == SIGSEGV
    assert task.fault.si_code == SEGV_ACCERR
    k.verify()


# ------------------------------------------------------------------------------------------ faults beside one another
PAGES = 150  # more than one node of the page cache has


def cached(t, pages=PAGES):
    """A file in memory whose pages are there, each with its number in it."""
    fd = t.memfd_create("m")
    t.pwrite(fd, b"".join(bytes([i]) * PAGE for i in range(pages)), 0)
    return fd


def touch(t, at, *pages):
    for i in pages:
        t.store(at + i * PAGE + 1, b"!")


def faults(k):
    return k.counters["faults"]


def mapped_pages(k, task):
    return next(int(x.split()[1]) // 4 for x in k.read_proc(f"/proc/{task.pid}/status").splitlines() if "VmRSS" in x)


@pytest.mark.parametrize("order", [1, -1, 7])
def test_each_page_is_a_fault_of_its_own(k, t, order):
    fd = cached(t)
    at = t.mmap(PAGES * PAGE, RW, MAP_SHARED, fd, addr=FREE + 500 * PAGE)  # in two tables
    rss = mapped_pages(k, t)
    for n, i in enumerate(range(PAGES)):
        before = faults(k)
        touch(t, at, i * order % PAGES)
        assert faults(k) == before + 1
        assert mapped_pages(k, t) == rss + n + 1
        touch(t, at, i * order % PAGES)
        assert faults(k) == before + 1
    assert t.load(at, PAGES * PAGE) == b"".join(bytes([i]) + b"!" + bytes([i]) * (PAGE - 2) for i in range(PAGES))
    k.verify()
    t.munmap(at, PAGES * PAGE)
    assert mapped_pages(k, t) == rss


def test_reads_of_a_segment_map_one_page_each_that_may_be_written_then(k, t):
    shmid = t.shmget(1, PAGES * PAGE, 0o600 | fastipc.IPC_CREAT)
    a, b = t.shmat(shmid), t.shmat(shmid)
    touch(t, a, *range(PAGES))
    before = faults(k)
    for i in range(PAGES):
        assert t.load(b + i * PAGE, 2) == b"\0!"
    assert faults(k) == before + PAGES
    touch(t, b, *range(PAGES))
    assert faults(k) == before + PAGES
    k.verify()
    for at in (a, b):
        t.shmdt(at)
    t.shmctl(shmid, fastipc.IPC_RMID)


def change_munmap(k, t, fd, at):
    t.munmap(at + 2 * PAGE, PAGE)
    child = t.fork()
    dies(child, SIGSEGV, SEGV_MAPERR, at + 2 * PAGE + 1, lambda: touch(child, at, 3, 1, 2))


def change_mprotect(k, t, fd, at):
    t.mprotect(at, PAGES * PAGE, PROT_READ)
    assert t.load(at + 3 * PAGE, 2) == b"\3\3"
    child = t.fork()
    dies(child, SIGSEGV, SEGV_ACCERR, at + 2 * PAGE + 1, lambda: touch(child, at, 2))


def change_size(k, t, fd, at):
    t.ftruncate(fd, 2 * PAGE)
    touch(t, at, 0, 1)
    child = t.fork()
    dies(child, SIGBUS, BUS_ADRERR, at + 2 * PAGE + 1, lambda: touch(child, at, 2))


def change_hole(k, t, fd, at):
    t.fallocate(fd, fastipc.FALLOC_FL_PUNCH_HOLE | fastipc.FALLOC_FL_KEEP_SIZE, 2 * PAGE, PAGE)
    touch(t, at, 2, 3)
    assert t.pread(fd, 2, 2 * PAGE) == b"\0!"
    assert t.pread(fd, 2, 3 * PAGE) == b"\3!"


def change_all_pages(k, t, fd, at):
    t.ftruncate(fd, 0)
    t.ftruncate(fd, PAGES * PAGE)
    touch(t, at, 2)
    assert t.load(at, 3 * PAGE) == bytes(2 * PAGE) + b"\0!" + bytes(PAGE - 2)


def change_place(k, t, fd, at):
    to = t.mremap(at, PAGES * PAGE, PAGES * PAGE, MREMAP_MAYMOVE | fastipc.MREMAP_FIXED, at + (1 << 30))
    touch(t, to, 2)
    child = t.fork()
    dies(child, SIGSEGV, SEGV_MAPERR, at + 2 * PAGE + 1, lambda: touch(child, at, 2))


def change_neighbour(k, t, fd, at):
    t.munmap(at + 100 * PAGE, 50 * PAGE)
    t.mmap(50 * PAGE, RW, MAP_SHARED | MAP_FIXED, fd, 100 * PAGE, addr=at + 100 * PAGE)  # joined again
    touch(t, at, 2, 63, 64, 101)
    t.mmap(PAGE, RW, MAP_PRIVATE | MAP_FIXED, fd, 3 * PAGE, addr=at + 3 * PAGE)
    touch(t, at, 3, 4)
    assert t.pread(fd, 2, 3 * PAGE) == b"\3\3"
    assert t.pread(fd, 2, 4 * PAGE) == b"\4!"


def change_task(k, t, fd, at):
    child = t.fork()
    touch(child, at, 2)
    touch(t, at, 3)
    touch(child, at, 3)
    assert t.load(at + 2 * PAGE, 2) == b"\2!"
    before = faults(k)
    touch(t, at, 2)
    assert faults(k) == before  # the load has mapped it, to be written as well
    child.exit()


def change_dontneed(k, t, fd, at):
    rss = mapped_pages(k, t)
    t.madvise(at, PAGES * PAGE, MADV_DONTNEED)
    touch(t, at, 1, 2)
    assert t.load(at + PAGE, 2) == b"\1!"
    assert mapped_pages(k, t) <= rss + 16


def change_owner(k, t, fd, at):
    t.munmap(at, PAGES * PAGE)
    t.close(fd)
    other = cached(t)
    t.mmap(PAGES * PAGE, RW, MAP_SHARED | MAP_FIXED, other, addr=at)
    touch(t, at, 2)
    assert t.pread(other, 2, 2 * PAGE) == b"\2!"


@pytest.mark.parametrize("change", [f for name, f in list(globals().items()) if name.startswith("change_")])
def test_what_a_fault_found_does_not_outlive_a_change(k, t, change):
    fd = cached(t)
    at = t.mmap(PAGES * PAGE, RW, MAP_SHARED, fd, addr=FREE)
    touch(t, at, 0, 1)
    change(k, t, fd, at)
    k.verify()


@fastipc.compiled
def touched(t, at, fd, out):
    """Between two touches: an area goes, changes its rights, a file loses a page."""
    byte = np.full(1, 33, np.uint8)
    word = np.zeros(2, np.uint8)
    t.store(at + 1, byte)
    t.store(at + 4096 + 1, byte)
    t.fallocate(fd, 3, 2 * 4096, 4096)
    t.store(at + 2 * 4096 + 1, byte)
    t.load_into(at + 2 * 4096, word)
    out[0] = word[0] * 256 + word[1]
    t.mprotect(at, 4 * 4096, 1)
    t.load_into(at + 3 * 4096, word)
    out[1] = word[0] * 256 + word[1]
    t.mprotect(at, 4 * 4096, 3)
    t.store(at + 3 * 4096 + 1, byte)
    t.munmap(at + 4 * 4096, 4096)
    t.store(at + 5 * 4096 + 1, byte)
    out[2] = 1
    t.store(at + 4 * 4096 + 1, byte)
    out[2] = 2


def test_nor_in_a_compiled_program(k, t):
    fd = cached(t)
    at = t.mmap(PAGES * PAGE, RW, MAP_SHARED, fd, addr=FREE)
    out = np.zeros(3, np.int64)
    child = t.fork(touched, at, fd, out)
    k.run()
    assert out.tolist() == [33, 3 * 256 + 3, 1]
    assert (child.fault.si_code, child.fault.si_addr) == (SEGV_MAPERR, at + 4 * PAGE + 1)
    assert [t.pread(fd, 2, i * PAGE) for i in range(6)] == [b"\0!", b"\1!", b"\0!", b"\3!", b"\4\4", b"\5!"]
    t.wait4(child)


# ------------------------------------------------------------------------------------------ many
def test_many_areas(k, t):
    base = FREE
    for i in range(1000):
        t.mmap(PAGE, RW if i % 2 else PROT_READ, ANON, addr=base + (i * 7919 % 1000) * PAGE)
    k.verify()
    child = t.fork()
    k.verify()
    t.munmap(base, 1000 * PAGE)
    assert len(maps(k, t)) == 1
    assert len(maps(k, child)) > 100


def test_the_same_run_twice_is_the_same(k):
    def run():
        k = Kernel(seed=3)
        t = k.spawn()
        a = t.mmap(5 * PAGE, RW, ANON)
        t.store(a, b"x" * 9000)
        c = t.fork()
        c.store(a, b"y")
        c.exit()
        t.munmap(a + PAGE, PAGE)
        return k.state_hash(), k.trace_hash

    assert run() == run()


def test_looking_changes_no_state(k, t):
    a = t.mmap(2 * PAGE, RW, ANON)
    t.store(a, b"x" * (2 * PAGE))
    child = t.fork()
    before = k.state_hash()
    t.walk(a + PAGE)
    t.load(a, 2 * PAGE)
    child.load(a, PAGE)
    assert k.state_hash() == before


def test_everything_is_gone_at_the_end(k, t):
    a = t.mmap(50 * PAGE, RW, SHARED)
    t.store(a, b"x" * (50 * PAGE))
    t.mmap(10 * PAGE, RW, MAP_PRIVATE, t.memfd_create("x"))
    c = t.fork()
    c.store(c.mmap(PAGE, RW, ANON), b"x")
    c.exit()
    t.exit()
    k.verify()
    assert len(k.table("page", live=True)) == 0
    assert len(k.table("mm", live=True)) == 1
    assert len(k.table("vm_area", live=True)) == 1


# ------------------------------------------------------------------------------------------ all pages at once
@pytest.fixture
def at_once():
    with Kernel(shm_backing="contiguous") as k:
        yield k
        k.verify()


def test_a_segment_of_consecutive_frames_is_one_view(at_once):
    k = at_once
    t = k.spawn()
    free = buddies(k)
    shmid = t.shmget(1, 5 * PAGE + 1, fastipc.IPC_CREAT | 0o600)
    assert free - buddies(k) == 6
    a = t.shmat(shmid)
    faults = k.counters["faults"]
    view = t.memory(a, 5 * PAGE + 1)
    assert not view.any()
    view[-1] = 7
    other = t.fork()
    b = other.shmat(shmid)
    assert other.load(b + 5 * PAGE, 1) == b"\7"
    assert k.counters["faults"] > faults
    frames = [t.walk(a + i * PAGE).frame for i in range(6)]
    assert frames == list(range(frames[0], frames[0] + 6))
    t.shmdt(a)
    other.shmctl(shmid, fastipc.IPC_RMID)
    other.exit()
    assert view[-1] == 7
    t.exit()
    k.verify()


def buddies(k):
    """Free pages, those of the cache of single pages included."""
    return 65536 - len(k.table("page", live=True))


def test_more_than_the_largest_block_is_refused(at_once):
    t = at_once.spawn()
    t.shmctl(t.shmget(0, 4 << 20, 0o600), fastipc.IPC_RMID)
    refused(errno.EFBIG, t.shmget, 0, (4 << 20) + 1, 0o600)
    assert len(at_once.table("page", live=True)) == 0


@pytest.mark.parametrize("kind", ["page", "xa_node", "row"])
def test_a_segment_that_fails_in_the_middle_leaves_nothing(at_once, kind):
    k = at_once
    t = k.spawn()
    for nth in range(1, 20):
        k.inject(kind, nth)
        ret = t.sys_shmget(0, 200 * PAGE, 0o600)
        k.inject(kind, 0)
        k.verify()
        if ret >= 0:
            t.shmctl(ret, fastipc.IPC_RMID)
            break
        assert ret in (-errno.ENOMEM, -errno.ENOSPC)
        assert len(k.table("page", live=True)) == 0
    assert nth > 1


def test_shm_backing_is_one_of_two():
    with pytest.raises(ValueError, match="shm_backing"):
        Kernel(shm_backing="magic")
