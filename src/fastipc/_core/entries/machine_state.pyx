"""What a machine is made of, and how it is looked at: memory, limits, counters, tables, hashes.

All that needs no task to run. `Machine` in machine.pyx adds the running.
"""


from fastipc.errors import InvariantError, KernelClosed, TaskExited, WrongThread

do_initcalls()

cdef dict TABLES = {"task": T_TASK, "signal": T_SIGNAL, "sighand": T_SIGHAND, "files": T_FILES, "fd": T_FD,
                    "file": T_FILE, "inode": T_INODE, "pipe": T_PIPE, "pipe_buffer": T_PIPE_BUFFER, "page": T_PAGE,
                    "user": T_USER, "rlimit": T_RLIMIT, "xa_node": T_XA_NODE, "dentry": T_DENTRY,
                    "super_block": T_SUPER, "mount": T_MOUNT, "fs": T_FS, "journal": T_JOURNAL,
                    "journal_head": T_JOURNAL_HEAD, "name": T_NAME, "timer": T_TIMER, "poll_entry": T_POLL_ENTRY,
                    "cred": T_CRED, "group_info": T_GROUP_INFO, "group": T_GROUP,
                    "mm": T_MM, "vm_area": T_VMA, "ipc_namespace": T_IPC_NAMESPACE, "ipc_ids": T_IPC_IDS,
                    "shm": T_SHM, "sysv": T_SYSV, "sem_array": T_SEM_ARRAY, "sem": T_SEM, "sem_queue": T_SEM_QUEUE,
                    "sem_undo": T_SEM_UNDO, "sem_undo_list": T_SEM_UNDO_LIST, "msg_queue": T_MSG_QUEUE,
                    "msg_msg": T_MSG, "msg_receiver": T_MSG_RECEIVER, "msg_sender": T_MSG_SENDER,
                    "sigaction": T_SIGACTION, "sigqueue": T_SIGQUEUE,
                    "handler": T_HANDLER, "sigframe": T_SIGFRAME, "thread": T_THREAD, "fown": T_FOWN,
                    "fasync": T_FASYNC, "pipe_fasync": T_PIPE_FASYNC, "signalfd_ctx": T_SIGNALFD,
                    "pid_namespace": T_PID_NAMESPACE, "upid": T_UPID, "user_namespace": T_USER_NAMESPACE,
                    "k_itimer": T_K_ITIMER, "itimer": T_ITIMER}


cdef dict sysctls_by_name():
    cdef int i
    return {ctl_tables[i].procname.decode().replace("-", "_"): i for i in range(N_SYSCTLS)}


SYSCTLS = sysctls_by_name()
IPC_SYSCTLS = frozenset([name for name, i in SYSCTLS.items() if ctl_tables[<int>i].kind != CTL_KERNEL])


def sysctl_range(str name):
    """How many numbers a sysctl has, the least and the largest value of each."""
    cdef int i = SYSCTLS[name]
    if ctl_tables[i].kind == CTL_IPC_ULONG:
        return 1, 0, 0xffffffffffffffff
    return ctl_tables[i].count, ctl_tables[i].least, ctl_tables[i].most


cdef class MachineState:
    """A machine at rest."""

    def __cinit__(self, int64_t memory, int64_t pid_max, seed, limits, str profile, *args):
        cdef kernel_t *k
        self.arena = Arena()
        self.k = k = self.arena.k
        k.pid_max = pid_max
        if tables_reserve(k, <uint64_t>memory) < 0:
            raise MemoryError("the host has no address space for this machine")
        k.nr_pages = <uint32_t>(memory // PAGE_SIZE)
        page_alloc_init(k)
        k.profile = PROFILE_4_18 if profile == "4.18" else PROFILE_6_18
        self.boot_limits(limits, False)
        sched_seed(k, <uint64_t>(seed & 0xffffffffffffffff))
        k.thread = this_thread()
        boot(k)
        self.boot_limits(limits, True)

    cdef int boot_limits(self, limits, bint ipc) except -1:
        # Those of the machine before it boots, those of its first IPC namespace when that is there.
        for name, value in limits.items():
            if (ctl_tables[<int>SYSCTLS[name]].kind != CTL_KERNEL) == ipc:
                self.store(self.k.init_ipc_ns, name, value)
        return 0

    cdef int store(self, uint32_t ns, str name, value) except -1:
        cdef int which = SYSCTLS[name], i
        cdef uint64_t number
        cdef list old = [sysctl_get(self.k, ns, which, i) for i in range(ctl_tables[which].count)]
        for i, one in enumerate(value if ctl_tables[which].count > 1 else (value,)):
            number = one & 0xffffffffffffffff
            if sysctl_set(self.k, ns, which, i, <int64_t>number) < 0:
                for back, number_before in enumerate(old):
                    sysctl_set(self.k, ns, which, back, number_before)
                raise ValueError(f"{name} must not be {value} in this machine")
        return 0

    cdef uint32_t namespace_of(self, TaskCore task) except 0:
        # The IPC namespace of a task, or the first one.
        self.admit()
        if task is None:
            return self.k.init_ipc_ns
        if task.frozen:
            raise TaskExited(f"{task!r} has ended", task.exit_status)
        return current_ipc_ns(self.k, task.t)

    def sysctl(self, str name, TaskCore task=None):
        """A sysctl by name, as a task has it; "sem" is a tuple."""
        cdef uint32_t ns = self.namespace_of(task)
        cdef int which = SYSCTLS[name], i
        numbers = tuple([sysctl_get(self.k, ns, which, i) for i in range(ctl_tables[which].count)])
        if ctl_tables[which].kind == CTL_IPC_ULONG:
            return numbers[0] & 0xffffffffffffffff
        return numbers if len(numbers) > 1 else numbers[0]

    def set_sysctl(self, str name, value, TaskCore task=None):
        """Set a sysctl, as a write to /proc/sys does."""
        self.store(self.namespace_of(task), name, value)

    def set_shm_contiguous(self, bint contiguous):
        """Whether segments get all their pages at once."""
        self.k.shm_contiguous = contiguous

    cdef int refuse(self) except -1:
        if this_thread() != self.k.thread:
            raise WrongThread("a machine belongs to the thread that made it")
        raise KernelClosed("this machine was closed")

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
                "pages_free": self.k.counters.pages_alloc - nr_live_pages(self.k), "signals": self.k.counters.signals,
                "faults": self.k.counters.faults, "commits": self.k.counters.commits,
                "leaked_bytes": self.k.counters.leaked}

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
        rows["wrote"] = 0
        digest.update(rows)
        spaces = self.table("mm").copy()
        spaces["mmap_cache"] = spaces["asid"] = 0  # hints
        digest.update(spaces)
        keep_kills(k)
        for name in ("sigqueue", "sigframe"):  # what is left of a signal that was taken: a short way has no row at all
            left = self.table(name).copy()
            links = left["link"].copy()
            left[left["live"] == 0] = 0
            left["link"] = links
            digest.update(left)
        for i in range(1, N_TABLES):
            if i != T_MM and i != T_SIGQUEUE and i != T_SIGFRAME:
                digest.update(TableView(self.arena, i))
        for page in range(1, k.frontier + 1):
            if page_row(k, page).live and page_row(k, page).flags & PG_TOUCHED:
                digest.update((k.frames + (<size_t>page - 1) * PAGE_SIZE)[:PAGE_SIZE])
        scalars = [k.now, k.nr_pages, k.frontier, k.nr_free, k.pcp_count, k.tmp_pages, k.timer_clk,
                   k.timer_seq, k.rng, k.last_pid, k.nr_threads, k.next_ino, k.sleepers]
        scalars += [k.pcp[page] for page in range(k.pcp_count)]
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

    def semcnt(self, uint32_t row, uint32_t num):
        """How many tasks wait for one semaphore of a set, by its row, to rise and to be 0."""
        self.admit()
        return (count_semcnt(self.k, sem_array_row(self.k, row), num, False),
                count_semcnt(self.k, sem_array_row(self.k, row), num, True))

    def read_proc(self, bytes path):
        """What /proc has under a path, as root reads it; or -errno."""
        cdef kernel_t *k = self.k
        cdef path_t found
        cdef seq_file_t m
        cdef uint32_t hash
        cdef int64_t err
        self.admit()
        err = getname(k, 0, path, len(path), &hash)
        if err == 0:
            err = path_lookup(k, task_row(k, k.init_task), AT_FDCWD, k.pathname[0], LOOKUP_FOLLOW, &found)
        if err:
            return err
        memset(&m, 0, sizeof(m))
        if d_inode(k, found.dentry).i_op == PROC_FILE:
            m.told = told_user_ns(k, d_inode(k, found.dentry))
            err = proc_show(k, d_inode(k, found.dentry), &m)
        else:
            err = -EISDIR if is_dir(d_inode(k, found.dentry)) else -ENOENT
        path_put(k, &found)
        try:
            return err if err else m.buf[:m.count]
        finally:
            seq_free(&m)
