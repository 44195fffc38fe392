"""What a machine is made of, and how it is looked at: memory, limits, counters, tables, hashes.

All that needs no task to run. `Machine` in machine.pyx adds the running.
"""


from fastipc.errors import InvariantError, KernelClosed, WrongThread

cdef dict TABLES = {"task": T_TASK, "signal": T_SIGNAL, "sighand": T_SIGHAND, "files": T_FILES, "fd": T_FD,
                    "file": T_FILE, "inode": T_INODE, "pipe": T_PIPE, "pipe_buffer": T_PIPE_BUFFER, "page": T_PAGE,
                    "user": T_USER, "rlimit": T_RLIMIT, "xa_node": T_XA_NODE, "dentry": T_DENTRY, "super_block": T_SUPER,
                    "mount": T_MOUNT, "fs": T_FS, "journal": T_JOURNAL, "journal_head": T_JOURNAL_HEAD, "name": T_NAME,
                    "timer": T_TIMER, "poll_entry": T_POLL_ENTRY, "cred": T_CRED,
                    "group_info": T_GROUP_INFO, "group": T_GROUP}


cdef class MachineState:
    """A machine at rest."""

    def __cinit__(self, int64_t memory, int64_t pid_max, seed, limits, *args):
        cdef kernel_t *k
        self.arena = Arena()
        self.k = k = self.arena.k
        k.pid_max = pid_max
        if tables_reserve(k, <uint64_t>memory) < 0:
            raise MemoryError("the host has no address space for this machine")
        k.nr_pages = <uint32_t>(memory // PAGE_SIZE)
        page_alloc_init(k)
        self.set_limits(limits)
        sched_seed(k, <uint64_t>(seed & 0xffffffffffffffff))
        k.thread = this_thread()
        boot(k)

    def set_limits(self, dict limits):
        """Take over sysctls by name."""
        cdef kernel_t *k = self.k
        k.pid_max = min(<int64_t>limits["pid_max"], <int64_t>k.table[T_TASK].limit)
        k.threads_max = limits["threads_max"]
        k.pipe_max_size = limits["pipe_max_size"]
        k.pipe_user_pages_soft = limits["pipe_user_pages_soft"]
        k.pipe_user_pages_hard = limits["pipe_user_pages_hard"]
        k.file_max = limits["file_max"]
        k.nr_open_max = limits["nr_open"]

    cdef int admit(self) except -1:
        # Precondition of every method that is called from Python.
        if this_thread() != self.k.thread:
            raise WrongThread("a machine belongs to the thread that made it")
        if self.closed:
            raise KernelClosed("this machine was closed")
        return 0

    def check(self):
        """Raise if this machine was closed, or belongs to another thread."""
        self.admit()

    @property
    def now_ns(self):
        return self.k.now

    @property
    def sleepers(self):
        return self.k.sleepers

    @property
    def trace_hash(self):
        return self.k.trace_hash

    def totals(self):
        """The counters, in the order of Report: calls, switches, wakeups, bytes, leaked bytes."""
        cdef uint64_t calls = 0
        cdef int i
        for i in range(NR_calls):
            calls += self.k.counters.calls[i]
        return calls, self.k.counters.switches, self.k.counters.wakeups, self.k.counters.bytes, self.k.counters.leaked

    def counters(self):
        """All counters; calls by number."""
        cdef int i
        calls = {i: self.k.counters.calls[i] for i in range(NR_calls) if self.k.counters.calls[i]}
        return {"calls": calls, "switches": self.k.counters.switches, "wakeups": self.k.counters.wakeups,
                "bytes": self.k.counters.bytes, "pages_alloc": self.k.counters.pages_alloc,
                "pages_free": self.k.counters.pages_free, "signals": self.k.counters.signals,
                "faults": self.k.counters.faults, "leaked_bytes": self.k.counters.leaked}

    def table(self, name):
        """Read-only array of a table's rows."""
        self.admit()
        if name not in TABLES:
            raise ValueError(f"no table {name!r}: one of {', '.join(TABLES)}")
        import numpy as np

        from fastipc._core.layout import dtype  # here: describing structs is half as long as all the rest of the import

        return np.frombuffer(TableView(self.arena, TABLES[name]), dtype=dtype(name))

    def verify(self):
        """Check every invariant."""
        self.admit()
        if not verify(self.k):
            self.k.attention &= ~<uint32_t>ATT_PANIC
            raise InvariantError(self.k.panic.decode())

    def hash_into(self, digest):
        """Feed all rows, the allocator, the clock and the bytes of allocated pages to a hash."""
        cdef int i
        cdef uint32_t page
        cdef kernel_t *k = self.k
        self.admit()
        rows = self.table("task").copy()
        rows["call"][rows["call"]["nr"] < 0] = 0  # what is left of a call that is over is no state
        digest.update(rows)
        for i in range(1, N_TABLES):
            digest.update(TableView(self.arena, i))
        for page in range(1, k.frontier + 1):
            if page_row(k, page).live and page_row(k, page).flags & PG_TOUCHED:
                digest.update((k.frames + (<size_t>page - 1) * PAGE_SIZE)[:PAGE_SIZE])
        scalars = [k.now, k.nr_pages, k.frontier, k.nr_free, k.pcp_first, k.pcp_count, k.tmp_pages, k.timer_clk,
                   k.timer_seq, k.rng, k.last_pid, k.nr_threads, k.next_ino, k.sleepers]
        scalars += [k.free_area[i].first for i in range(MAX_PAGE_ORDER + 1)]
        scalars += [k.table[i].nlive for i in range(N_TABLES)]
        scalars += [k.runq[page & k.runq_mask] for page in range(k.runq_head, k.runq_tail)]
        digest.update(repr(scalars).encode())

    def inject(self, kind, uint32_t nth, int errno):
        """Fail the ``nth`` allocation of a kind from now; 0 disarms."""
        cdef kernel_t *k = self.k
        cdef int i
        self.admit()
        if kind == "page":
            k.inject_page = nth
        elif kind == "row":
            k.inject_row = nth
        elif kind in TABLES:
            k.table[<int>TABLES[kind]].inject = nth
        else:
            raise ValueError(f"no kind of allocation {kind!r}: page, row, or one of {', '.join(TABLES)}")
        k.inject_errno = errno
        k.inject_any = k.inject_page or k.inject_row
        for i in range(N_TABLES):
            k.inject_any |= k.table[i].inject != 0

    def buddyinfo(self):
        """Free blocks of each order."""
        cdef uint32_t[11] counts
        self.admit()
        buddyinfo(self.k, counts)
        return [counts[i] for i in range(11)]
