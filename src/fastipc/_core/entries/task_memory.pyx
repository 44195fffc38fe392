"""Memory of a task: loads and stores, and the system calls on its address space.

An access that fails is a signal, in both verbs: SIGSEGV or SIGBUS, which ends the task; `fault` tells where.
"""

from cpython.buffer cimport PyBuffer_FillInfo


cdef inline uint64_t as_address(object value, str name) except? 0xffffffffffffffff:
    return <uint64_t>as_int(value, name)


@cython.final
cdef class Frames:
    """Frames of the machine as a writable buffer. They are pinned while it exists, whatever becomes of the memory."""

    def __getbuffer__(self, Py_buffer *view, int flags):
        PyBuffer_FillInfo(view, self, self.base, self.length, 0, flags)

    def __dealloc__(self):
        cdef kernel_t *k
        cdef uint32_t i
        if self.arena is None:
            return
        k = self.arena.k
        self.arena.views -= 1
        for i in range(self.first, self.first + self.pages):
            page_row(k, i).pincount -= 1
            put_page(k, i)
        if self.arena.closed:
            self.arena.close()


cdef class MemoryCalls(IdCalls):
    # -------------------------------------------------------------------------------------- access
    def load(self, addr, n):
        """``n`` bytes of the task's memory at an address. What cannot be read is a signal, see `fault`.

        Source: arch/x86/mm/fault.c.
        """
        cdef uint64_t at = as_address(addr, "addr")
        cdef int64_t count = as_int(n, "n"), there
        if count < 0:
            raise ValueError("n must not be negative")
        self.enter()
        there = count if count <= PAGE_SIZE else mapped_bytes(self.k, self.t, at, count)
        data = PyBytes_FromStringAndSize(NULL, min(count, there + 1))
        self.load_(at, PyBytes_AS_STRING(data), PyBytes_GET_SIZE(data))
        return data

    def load_into(self, addr, buf):
        """Fill a writable buffer from the task's memory; the number of bytes."""
        cdef Py_buffer view
        cdef uint64_t at = as_address(addr, "addr")
        self.enter()
        get_writable(buf, &view, "buf")
        try:
            return self.load_(at, view.buf, view.len)
        finally:
            release(&view)

    def sys_load(self, addr, buf):
        """As `load_into`."""
        return self.load_into(addr, buf)

    def sys_load_into(self, addr, buf):
        """As `load_into`."""
        return self.load_into(addr, buf)

    cdef int64_t load_(self, uint64_t addr, void *to, int64_t n) except -1:
        cdef int fault = 0
        cdef int64_t done = load_bytes(self.k, self.t, addr, <char *>to, n, &fault)
        while unlikely(done < n):
            self.failed(addr + <uint64_t>done, fault)
            done += load_bytes(self.k, self.t, addr + <uint64_t>done, <char *>to + done, n - done, &fault)
        return done

    def store(self, addr, data):
        """Put bytes into the task's memory at an address. What cannot be written is a signal, see `fault`."""
        self.store_(addr, data)

    def sys_store(self, addr, data):
        """As `store`; 0."""
        return self.store_(addr, data)

    cdef int64_t store_(self, object addr, object data) except -1:
        cdef Py_buffer view
        cdef uint64_t at = as_address(addr, "addr")
        cdef int fault = 0
        cdef int64_t done
        self.enter()
        get_buffer(data, &view, "data")
        done = store_bytes(self.k, self.t, at, <char *>view.buf, view.len, &fault)
        try:
            while unlikely(done < view.len):
                self.failed(at + <uint64_t>done, fault)
                done += store_bytes(self.k, self.t, at + <uint64_t>done, <char *>view.buf + done, view.len - done,
                                    &fault)
        finally:
            release(&view)
        return 0

    cdef int failed(self, uint64_t addr, int fault) except -1:
        # The signal of an access that failed: returns if a handler has run, and the access is to be tried again.
        cdef int64_t ret = access_failed(self.k, self.t, addr, fault)
        while self.t.kind == KIND_GENERATOR and ret == -EHANDLER:  # in place: no call is yielded that it could wait for
            ret = self.run_handler()
        self.settle(ret, True)
        return 0

    @property
    def fault(self):
        """SigInfo or None: The signal of the last access that failed: ``si_signo``, ``si_code``, ``si_addr``."""
        cdef uint64_t fault = (<ended_t *>self.t).fault if self.frozen else last_fault(self.k, self.t)
        if fault == 0:
            return None
        return SigInfo(si_signo=fault_signo(fault), si_code=fault_code(fault), si_addr=<int64_t>fault_addr(fault))

    def memory(self, addr, n):
        """A writable array of bytes over the task's memory, without a copy.

        Every page is brought in as by a write, and stays where it is as long as the array exists.

        Raises
        ------
        ValueError
            The pages do not lie in consecutive frames, as those of a machine with ``shm_backing="contiguous"`` do.
        """
        cdef uint64_t at = as_address(addr, "addr")
        cdef int64_t count = as_int(n, "n"), done = 0
        cdef int fault = 0
        cdef char *base = NULL
        cdef char *part
        cdef Frames frames
        cdef uint32_t i
        if count <= 0:
            raise ValueError("n must be positive")
        self.enter()
        while done < count:
            part = translate(self.k, self.t, at + <uint64_t>done, True, &fault)
            if part == NULL:
                self.failed(at + <uint64_t>done, fault)
            if done == 0:
                base = part
            elif part != base + done:
                raise ValueError(f"the memory at {at:#x} does not lie in consecutive frames: page "
                                 f"{(at + <uint64_t>done) >> 12:#x} is elsewhere")
            done += in_page(at + <uint64_t>done, count - done)
        frames = Frames.__new__(Frames)
        frames.first = <uint32_t>((base - self.k.frames) >> 12) + 1
        frames.pages = <uint32_t>((base + count - 1 - self.k.frames) >> 12) + 2 - frames.first
        for i in range(frames.first, frames.first + frames.pages):
            page_row(self.k, i).pincount += 1
            get_page(self.k, i)
        frames.base = base
        frames.length = count
        frames.arena = self.arena
        self.arena.views += 1
        import numpy as np

        return np.frombuffer(frames, np.uint8)

    def walk(self, addr, write=False):
        """How an address leads to a page frame: area, file, segment, page cache, page tables. A `Walk`.

        Nothing is touched: what a first access would do is told, not done. So it is no call, and may be asked of a task
        that runs a program. ``write``: for a write.
        """
        cdef uint64_t at = as_address(addr, "addr")
        if self.frozen or self.k.current == CTX_CLOSED or self.t.mm == 0:
            self.enter()
        return walk_address(self.k, self.t, at, bool(write))

    # -------------------------------------------------------------------------------------- areas
    def mmap(self, length, prot, flags, fd=-1, offset=0, addr=0):
        """Map memory or a file; the address.

        Source: mmap(2). Errors: EACCES, EAGAIN, EBADF, EEXIST, EINVAL, ENODEV, ENOMEM, EOPNOTSUPP, EOVERFLOW, EPERM.
        """
        return self.complete(self.mmap_(length, prot, flags, fd, offset, addr))

    def sys_mmap(self, length, prot, flags, fd=-1, offset=0, addr=0):
        """As `mmap`; >= 0 or -errno."""
        return self.complete_raw(self.mmap_(length, prot, flags, fd, offset, addr))

    cdef int64_t mmap_(
        self, object length, object prot, object flags, object fd, object offset, object addr
    ) except? -1:
        cdef int64_t a = as_int(addr, "addr"), n = as_int(length, "length"), p = as_int(prot, "prot")
        cdef int64_t fl = as_int(flags, "flags"), f = as_int(fd, "fd"), off = as_int(offset, "offset")
        self.enter()
        return call_memory(self.k, self.t, NR_mmap, a, n, p, fl, f, off)

    cdef int64_t mm_call(self, int nr, object a, object b, object c, object d, object e) except? -1:
        cdef int64_t x = as_int(a, "addr"), y = as_int(b, "length" if nr != NR_mremap else "old")
        cdef int64_t z = as_int(c, MM_THIRD[nr]), flags = as_int(d, "flags"), to = as_int(e, "new_addr")
        self.enter()
        return call_memory(self.k, self.t, nr, x, y, z, flags, to, 0)

    def munmap(self, addr, length):
        """Remove whatever is mapped in a range. Source: munmap(2). Errors: EINVAL, ENOMEM."""
        self.complete(self.mm_call(NR_munmap, addr, length, 0, 0, 0))

    def sys_munmap(self, addr, length):
        """As `munmap`; 0 or -errno."""
        return self.complete_raw(self.mm_call(NR_munmap, addr, length, 0, 0, 0))

    def mprotect(self, addr, length, prot):
        """Set what may be done with a range. Source: mprotect(2). Errors: EACCES, EINVAL, ENOMEM."""
        self.complete(self.mm_call(NR_mprotect, addr, length, prot, 0, 0))

    def sys_mprotect(self, addr, length, prot):
        """As `mprotect`; 0 or -errno."""
        return self.complete_raw(self.mm_call(NR_mprotect, addr, length, prot, 0, 0))

    def mremap(self, addr, old, new, flags=0, new_addr=0):
        """Make a mapping of ``old`` bytes one of ``new`` bytes; where it is then.

        Source: mremap(2). Errors: EAGAIN, EFAULT, EINVAL, ENOMEM.
        """
        return self.complete(self.mm_call(NR_mremap, addr, old, new, flags, new_addr))

    def sys_mremap(self, addr, old, new, flags=0, new_addr=0):
        """As `mremap`; >= 0 or -errno."""
        return self.complete_raw(self.mm_call(NR_mremap, addr, old, new, flags, new_addr))

    def brk(self, addr=0):
        """Move the end of the heap; where it is afterwards, which is where it was if it could not be moved.

        Source: brk(2).
        """
        return self.complete(self.mm_call(NR_brk, addr, 0, 0, 0, 0))

    def sys_brk(self, addr=0):
        """As `brk`."""
        return self.complete_raw(self.mm_call(NR_brk, addr, 0, 0, 0, 0))

    def mlock(self, addr, length):
        """Have the pages of a range in memory for good. Source: mlock(2). Errors: EINVAL, ENOMEM, EPERM."""
        self.complete(self.mm_call(NR_mlock, addr, length, 0, 0, 0))

    def sys_mlock(self, addr, length):
        """As `mlock`; 0 or -errno."""
        return self.complete_raw(self.mm_call(NR_mlock, addr, length, 0, 0, 0))

    def munlock(self, addr, length):
        """Undo of `mlock`. Source: munlock(2). Errors: EINVAL, ENOMEM."""
        self.complete(self.mm_call(NR_munlock, addr, length, 0, 0, 0))

    def sys_munlock(self, addr, length):
        """As `munlock`; 0 or -errno."""
        return self.complete_raw(self.mm_call(NR_munlock, addr, length, 0, 0, 0))

    def madvise(self, addr, length, advice):
        """Advice about a range: MADV_DONTNEED drops its pages, MADV_DONTFORK keeps it from children.

        Source: madvise(2). Errors: EINVAL, ENOMEM.
        """
        self.complete(self.mm_call(NR_madvise, addr, length, advice, 0, 0))

    def sys_madvise(self, addr, length, advice):
        """As `madvise`; 0 or -errno."""
        return self.complete_raw(self.mm_call(NR_madvise, addr, length, advice, 0, 0))

    def msync(self, addr, length, flags):
        """Have a mapped file on the disk: MS_SYNC, MS_ASYNC, MS_INVALIDATE. Source: msync(2). Errors: EBUSY, EINVAL,
        ENOMEM.
        """
        self.complete(self.mm_call(NR_msync, addr, length, flags, 0, 0))

    def sys_msync(self, addr, length, flags):
        """As `msync`; 0 or -errno."""
        return self.complete_raw(self.mm_call(NR_msync, addr, length, flags, 0, 0))

    # -------------------------------------------------------------------------------------- files of memory
    def memfd_create(self, name, flags=0):
        """An open file that lives in memory and has no name in a directory; its descriptor.

        Source: memfd_create(2). Errors: EINVAL, EMFILE, ENFILE, ENOMEM.
        """
        return self.complete(self.memfd_(name, flags))

    def sys_memfd_create(self, name, flags=0):
        """As `memfd_create`; >= 0 or -errno."""
        return self.complete_raw(self.memfd_(name, flags))

    cdef int64_t memfd_(self, object name, object flags) except? -1:
        cdef int64_t f = as_int(flags, "flags")
        cdef Py_ssize_t n
        cdef const char *text
        name = path_object(name, "name")
        self.enter()
        text = path_text(name, &n)
        return call_memfd_create(self.k, self.t, <int64_t>text, n, f)


cdef dict MM_THIRD = {NR_munmap: "", NR_mprotect: "prot", NR_mremap: "new", NR_brk: "", NR_mlock: "", NR_munlock: "",
                      NR_madvise: "advice", NR_msync: "flags"}


cdef int64_t mapped_bytes(kernel_t *k, task_t *t, uint64_t addr, int64_t n) noexcept nogil:
    # How many of `n` bytes belong to areas without a hole, so that no room is made for what cannot be.
    cdef mm_t *mm = mm_row(k, t.mm)
    cdef uint64_t at = addr
    cdef uint32_t i
    while at - addr < <uint64_t>n:
        i = find_vma(k, mm, at)
        if i == 0 or vma_row(k, i).vm_start > at:
            break
        at = vma_row(k, i).vm_end
    return min(n, <int64_t>(at - addr))
