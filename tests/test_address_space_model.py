"""An address space against a slow and obvious one: a dictionary from pages to what they are and hold."""

import random

import pytest

from fastipc import (
    MADV_DONTNEED,
    MAP_ANONYMOUS,
    MAP_FIXED,
    MAP_FIXED_NOREPLACE,
    MAP_PRIVATE,
    MAP_SHARED,
    MREMAP_FIXED,
    MREMAP_MAYMOVE,
    PROT_EXEC,
    PROT_NONE,
    PROT_READ,
    PROT_WRITE,
    SEGV_ACCERR,
    SEGV_MAPERR,
    TaskExited,
)

PAGE = 4096
BASE = 0x200000000000 // PAGE  # first page of the arena
PAGES = 48
TOP = 0x7FFFF7FFF000 // PAGE  # areas are placed below
RIGHTS = (PROT_NONE, PROT_READ, PROT_READ | PROT_WRITE, PROT_READ | PROT_WRITE, PROT_READ | PROT_EXEC)


class Page:
    """One page of a process: what may be done with it, and the bytes, which shared pages have in common."""

    def __init__(self, prot, shared, data=None):
        self.prot, self.shared, self.data = prot, shared, bytearray(PAGE) if data is None else data

    def forked(self):
        return Page(self.prot, self.shared, self.data if self.shared else bytearray(self.data))

    def perms(self):
        letters = "".join(c if self.prot & bit else "-" for c, bit in (("r", 1), ("w", 2), ("x", 4)))
        return letters + ("s" if self.shared else "p")


class Model(dict):
    """Pages by number."""

    def place(self, n):
        """The highest free place of n pages."""
        top = TOP
        for page in sorted((p for p in self if p < TOP), reverse=True):
            if top - page - 1 >= n:
                break
            top = page
        return top - n

    def map(self, first, n, prot, shared):
        for page in range(first, first + n):
            self[page] = Page(prot, shared)

    def unmap(self, first, n):
        for page in range(first, first + n):
            self.pop(page, None)

    def protect(self, first, n, prot):
        """Whether there was no hole; what lies before one is changed."""
        for page in range(first, first + n):
            if page not in self:
                return False
            self[page].prot = prot
        return True

    def move(self, first, n, to):
        moved = {to + i: self[first + i] for i in range(n)}
        self.unmap(to, n)
        self.unmap(first, n)
        self.update(moved)

    def forked(self):
        return Model((number, page.forked()) for number, page in self.items())


def seen(k, task):
    """What /proc/PID/maps says, page by page."""
    found = {}
    for line in k.read_proc(f"/proc/{task.pid}/maps").splitlines():
        where, perms = line.split()[:2]
        start, end = (int(x, 16) // PAGE for x in where.split("-"))
        if start < TOP:
            found.update(dict.fromkeys(range(start, end), perms))
    return found


class Run:
    """A random run of a few processes, each beside its model."""

    def __init__(self, k, seed):
        self.k, self.rng = k, random.Random(seed)
        self.processes = [(k.spawn(), Model())]

    def range(self, model):
        rng = self.rng
        if model and rng.random() < 0.6:
            first = rng.choice(list(model))
        else:
            first = BASE + rng.randrange(PAGES)
        return first, min(rng.choice((1, 1, 2, 3, 5, 9)), TOP - first)

    def mmap(self, t, model):
        rng = self.rng
        first, n = self.range(model)
        prot, shared = rng.choice(RIGHTS), rng.random() < 0.3
        flags = MAP_ANONYMOUS | (MAP_SHARED if shared else MAP_PRIVATE)
        how = rng.choice((MAP_FIXED, MAP_FIXED, MAP_FIXED_NOREPLACE, 0, None))
        free = not any(page in model for page in range(first, first + n))
        if how is None:
            expected = model.place(n)
            got = t.sys_mmap(n * PAGE, prot, flags)
        elif how == MAP_FIXED_NOREPLACE and not free:
            assert t.sys_mmap(n * PAGE, prot, flags | how, -1, 0, first * PAGE) == -17
            return
        else:
            expected = first if how or free else model.place(n)
            got = t.sys_mmap(n * PAGE, prot, flags | how, -1, 0, first * PAGE)
        assert got == expected * PAGE
        model.map(expected, n, prot, shared)

    def munmap(self, t, model):
        first, n = self.range(model)
        assert t.sys_munmap(first * PAGE, n * PAGE) == 0
        model.unmap(first, n)

    def mprotect(self, t, model):
        first, n = self.range(model)
        prot = self.rng.choice(RIGHTS)
        assert t.sys_mprotect(first * PAGE, n * PAGE, prot) == (0 if model.protect(first, n, prot) else -12)

    def mremap(self, t, model):
        first = self.range(model)[0]
        to = BASE + self.rng.randrange(PAGES)
        got = t.sys_mremap(first * PAGE, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, to * PAGE)
        if to == first:
            assert got == -22
        elif first not in model:
            assert got == -14
        else:
            assert got == to * PAGE
            model.move(first, 1, to)

    def madvise(self, t, model):
        first, n = self.range(model)
        whole = all(page in model for page in range(first, first + n))
        assert t.sys_madvise(first * PAGE, n * PAGE, MADV_DONTNEED) == (0 if whole else -12)
        for page in range(first, first + n):
            if page in model and not model[page].shared:
                model[page].data = bytearray(PAGE)

    def store(self, t, model):
        writable = [page for page in model if model[page].prot & PROT_WRITE]
        if writable:
            page, at = self.rng.choice(writable), self.rng.randrange(PAGE - 8)
            data = self.rng.randbytes(8)
            t.store(page * PAGE + at, data)
            model[page].data[at : at + 8] = data

    def load(self, t, model):
        readable = [page for page in model if model[page].prot]
        if readable:
            page = self.rng.choice(readable)
            assert t.load(page * PAGE, PAGE) == model[page].data

    def fork(self, t, model):
        if len(self.processes) < 4:
            self.processes.append((t.fork(), model.forked()))

    def fault(self, t, model):
        """A child makes an access that must fail, and dies of it."""
        page, writing = self.range(model)[0], self.rng.random() < 0.5
        needed = PROT_WRITE if writing else PROT_READ | PROT_WRITE | PROT_EXEC
        if page in model and model[page].prot & needed:
            return
        child = t.fork()
        with pytest.raises(TaskExited):
            child.store(page * PAGE + 5, b"x") if writing else child.load(page * PAGE + 5, 1)
        fault = child.fault
        assert (fault.si_code, fault.si_addr) == (SEGV_ACCERR if page in model else SEGV_MAPERR, page * PAGE + 5)
        assert t.wait4(child)[1] == 11

    def exit(self, t, model):
        if len(self.processes) > 1:
            self.processes.remove((t, model))
            t.exit()

    def step(self):
        names, weights = zip(*WEIGHTS.items(), strict=True)
        t, model = self.rng.choice(self.processes)
        getattr(self, self.rng.choices(names, weights)[0])(t, model)
        if (t, model) in self.processes:
            assert seen(self.k, t) == {number: page.perms() for number, page in model.items()}


WEIGHTS = {
    "mmap": 10, "munmap": 6, "mprotect": 8, "mremap": 5, "madvise": 2, "store": 14, "load": 12, "fork": 2, "fault": 2,
    "exit": 1,
}  # fmt: skip


@pytest.mark.parametrize("seed", range(12))
def test_an_address_space_against_a_dictionary(make_kernel, seed):
    k = make_kernel(memory=4096 * 4096)
    run = Run(k, seed)
    for i in range(250):
        run.step()
        if i % 10 == 0:
            k.verify()
    for t, model in run.processes:
        for number, page in model.items():
            if page.prot:
                assert t.load(number * PAGE, PAGE) == page.data


def test_nothing_is_left_of_many_processes(make_kernel):
    k = make_kernel(memory=4096 * 4096)
    run = Run(k, 99)
    for _ in range(300):
        run.step()
    for t, _ in run.processes:
        t.exit()
    k.run()
    k.verify()
    assert len(k.table("vm_area", live=True)) == 1  # the stack of the address space that nobody has changed
    assert len(k.table("mm", live=True)) == 1
    assert len(k.table("page", live=True)) == 0
