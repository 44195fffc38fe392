"""System calls on processes: birth, identity, waiting, limits, sleeping, and the end."""

import numpy as np


from fastipc.errors import TaskKilled

cdef enum:
    THREAD_FLAGS = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM


cdef class ProcessCalls(PathCalls):
    # -------------------------------------------------------------------------------------- birth
    def fork(self, program=None, *args, name=None, daemon=False):
        """A child process with a copy of this one's state; it runs ``program`` from its start, or is hand-driven.

        Source: fork(2). Returns the child's Task. Errors: EAGAIN, ENOMEM.
        """
        return self.begin_fork(NR_fork, 0, SIGCHLD, program, args, name, daemon, False)

    def sys_fork(self, program=None, *args, name=None, daemon=False):
        """As `fork`; the child's pid or -errno."""
        return self.begin_fork(NR_fork, 0, SIGCHLD, program, args, name, daemon, True)

    def thread(self, program=None, *args, name=None, daemon=False):
        """Another thread of this process. Source: clone(2), as pthread_create calls it. Returns its Task."""
        return self.begin_fork(NR_clone, THREAD_FLAGS, 0, program, args, name, daemon, False)

    def sys_thread(self, program=None, *args, name=None, daemon=False):
        """As `thread`; the thread's number or -errno."""
        return self.begin_fork(NR_clone, THREAD_FLAGS, 0, program, args, name, daemon, True)

    def clone(self, flags, program=None, *args, name=None, daemon=False):
        """A child that shares what ``flags`` say; the low byte is the signal sent to the parent at its end.

        Source: clone(2). Returns its Task. Errors: EINVAL, EAGAIN, ENOMEM.
        """
        cdef uint64_t f = <uint64_t>as_int(flags, "flags")
        return self.begin_fork(NR_clone, f & ~<uint64_t>CSIGNAL, <int32_t>(f & CSIGNAL), program, args, name, daemon,
                               False)

    def sys_clone(self, flags, program=None, *args, name=None, daemon=False):
        """As `clone`; the child's number or -errno."""
        cdef uint64_t f = <uint64_t>as_int(flags, "flags")
        return self.begin_fork(NR_clone, f & ~<uint64_t>CSIGNAL, <int32_t>(f & CSIGNAL), program, args, name, daemon,
                               True)

    cdef object begin_fork(self, int nr, uint64_t flags, int32_t exit_signal, object program, tuple args, object name,
                           bint daemon, bint raw):
        cdef int64_t row
        cdef int kind
        cdef TaskCore child = None
        self.enter()
        kind = (<Machine>self.arena.machine).check_start(program)
        start = begin_compiled(program, args) if kind == KIND_COMPILED else None
        if kind == KIND_HAND:
            if self.t.kind != KIND_HAND:
                raise TypeError("program must be given: a running program cannot be copied")
            if args:
                raise TypeError("args need a program")
        if name is not None and not isinstance(name, str):
            raise TypeError(f"name must be a string, not {type(name).__name__}")
        call_begin(self.t, nr)
        self.t.call.args[0] = <int64_t>flags | exit_signal
        row = copy_process(self.k, self.t, flags, exit_signal, <uint8_t>kind)
        if row > 0:
            if daemon:
                task_row(self.k, <uint32_t>row).flags |= TASK_DAEMON
            child = (<Machine>self.arena.machine).new_task(<uint32_t>row, program, args, name, start)
            if name is None and program is None:
                child._name = self._name
                memcpy(child.t.comm, self.t.comm, TASK_COMM_LEN)
            row = pid_vnr(self.k, self.t, child.t.pid)
        if raw:
            return self.complete_raw(row)
        self.complete(row)
        return child

    def execve(self, program=None, *args):
        """Run a new program in this process: other threads end, close-on-exec descriptors close.

        Never returns to a program.

        Source: execve(2). A hand-driven task without ``program`` stays hand-driven. Errors: ENOMEM.
        """
        self.complete(self.do_exec(program, args))
        self.leave_old_program()

    def sys_execve(self, program=None, *args):
        """As `execve`; -errno if it fails."""
        ret = self.complete_raw(self.do_exec(program, args))
        if ret == 0:
            self.leave_old_program()
        return ret

    cdef int64_t do_exec(self, object program, tuple args) except? -1:
        cdef int64_t ret
        cdef int kind
        self.enter()
        kind = (<Machine>self.arena.machine).check_start(program)
        if kind == KIND_HAND and self.t.kind != KIND_HAND:
            raise TypeError("program must be given: the old one is left for good")
        if kind == KIND_HAND and args:
            raise TypeError("args need a program")
        start = begin_compiled(program, args) if kind == KIND_COMPILED else None
        call_begin(self.t, NR_execve)
        self.t.call.args[0] = 0
        ret = begin_new_exec(self.k, self.t)
        if ret == -EKILLED:  # its call is over already
            self.attend()
            self.after_death()
        if ret == 0:
            if self._name is None and self.program is not None and kind != KIND_HAND:
                self._name = getattr(program, "__name__", None)
            if kind != KIND_HAND:
                self.program = program
                self.args = args
                self.next_start = start
                self.next_kind = <uint8_t>kind
                self.again = True
        return ret

    cdef int leave_old_program(self) except -1:
        # After a successful execve: the old program's frame is left, the new one begins.
        if not self.again:
            return 0
        if self.t.kind == KIND_HAND:
            self.again = False
            self.keep = None
            self.t.kind = self.next_kind
            self.install(self.next_start)
            self.next_start = None
            self.ctx = self.row
            enqueue_task(self.k, self.row)
            return 0
        self.ctx = CTX_DEAD
        self.dying = True
        self.kills = 1
        raise TaskKilled("another program takes this one's place")

    # -------------------------------------------------------------------------------------- the end
    def exit(self, status=0):
        """End this thread. Source: _exit(2) of the kernel. Never returns to a program."""
        self.end_self(NR_exit, as_int(status, "status"))

    def sys_exit(self, status=0):
        """As `exit`."""
        self.end_self(NR_exit, as_int(status, "status"))

    def exit_group(self, status=0):
        """End this process with all its threads. Source: exit_group(2). Never returns to a program."""
        self.end_self(NR_exit_group, as_int(status, "status"))

    def sys_exit_group(self, status=0):
        """As `exit_group`."""
        self.end_self(NR_exit_group, as_int(status, "status"))

    cdef object end_self(self, int nr, int64_t status):
        self.enter()
        call_begin(self.t, nr)
        self.t.call.args[0] = status
        call_finish(self.k, self.t, 0)
        if nr == NR_exit:
            do_exit(self.k, self.t, <int32_t>(status & 0xff) << 8)
        else:
            do_group_exit(self.k, self.t, <int32_t>(status & 0xff) << 8)
        self.attend()
        if self.t.kind != KIND_HAND:
            self.killed()

    def wait4(self, pid=-1, options=0):
        """Wait for a child to end; ``(pid, status)``, or ``(0, 0)`` if WNOHANG found none.

        Source: wait4(2), kernel/exit.c. Errors: EINVAL, ESRCH, ECHILD, EINTR.
        """
        cdef int64_t ret = self.do_wait(pid, options)
        self.t.call.res = RES_WAIT
        if ret == -ESLEEP:
            return self.sleep(None)
        self.complete(ret)
        return (ret, self.t.call.out0 if ret else 0)

    def sys_wait4(self, pid=-1, status=None, options=0):
        """As `wait4`, the status word stored in ``status`` (int32 x 1, or None); pid, 0 or -errno."""
        cdef Py_buffer view
        cdef int64_t ret
        cdef int32_t *word = NULL
        self.enter()
        if status is not None:
            if get_room(status, &view, "status"):
                return raw_call(self, NR_wait4, False, <uint64_t>as_pid(self, pid, "pid"),
                                user_addr(status, 4, "status"), <uint64_t>as_int(options, "options"))
            word = <int32_t *>view.buf
            n = view.len
            held = memoryview(status)
            release(&view)
            if n < 4:
                raise ValueError("status must have room for a 32-bit integer")
        else:
            held = None
        ret = self.do_wait(pid, options)
        self.t.call.res = RES_WAIT | RES_RAW
        if ret == -ESLEEP:
            self.k.host[self.row].base = <char *>word
            return self.sleep(held)
        if ret > 0 and word != NULL:
            word[0] = self.t.call.out0
        return self.complete_raw(ret)

    cdef int64_t do_wait(self, object pid, object options) except? -1:
        cdef int64_t p = as_pid(self, pid, "pid"), o = as_int(options, "options")
        self.enter()
        call_begin(self.t, NR_wait4)
        self.t.call.args[0] = p
        self.t.call.args[1] = o
        return do_wait4(self.k, self.t)

    # -------------------------------------------------------------------------------------- identity
    cdef object identity(self, int nr, int64_t value, bint raw):
        # Precondition: the caller has entered.
        call_begin(self.t, nr)
        self.t.call.args[0] = 0
        return self.complete_raw(value) if raw else self.complete(value)

    cdef uint32_t told_uid(self, uint32_t kuid):
        return uid_to_user(self.k, self.t, kuid)

    cdef uint32_t told_gid(self, uint32_t kgid):
        return gid_to_user(self.k, self.t, kgid)

    def getpid(self):
        """The process' number. Source: getpid(2)."""
        self.enter()
        return self.identity(NR_getpid, pid_vnr(self.k, self.t, self.t.tgid), False)

    def sys_getpid(self):
        """As `getpid`."""
        self.enter()
        return self.identity(NR_getpid, pid_vnr(self.k, self.t, self.t.tgid), True)

    def gettid(self):
        """The thread's own number. Source: gettid(2)."""
        self.enter()
        return self.identity(NR_gettid, pid_vnr(self.k, self.t, self.t.pid), False)

    def sys_gettid(self):
        """As `gettid`."""
        self.enter()
        return self.identity(NR_gettid, pid_vnr(self.k, self.t, self.t.pid), True)

    def getppid(self):
        """The parent process' number. Source: getppid(2)."""
        self.enter()
        return self.identity(NR_getppid, task_ppid_vnr(self.k, self.t), False)

    def sys_getppid(self):
        """As `getppid`."""
        self.enter()
        return self.identity(NR_getppid, task_ppid_vnr(self.k, self.t), True)

    def getuid(self):
        """Real user id. Source: getuid(2)."""
        self.enter()
        return self.identity(NR_getuid, self.told_uid(self.cred().uid), False)

    def sys_getuid(self):
        """As `getuid`."""
        self.enter()
        return self.identity(NR_getuid, self.told_uid(self.cred().uid), True)

    def geteuid(self):
        """Effective user id. Source: geteuid(2)."""
        self.enter()
        return self.identity(NR_geteuid, self.told_uid(self.cred().euid), False)

    def sys_geteuid(self):
        """As `geteuid`."""
        self.enter()
        return self.identity(NR_geteuid, self.told_uid(self.cred().euid), True)

    def getgid(self):
        """Real group id. Source: getgid(2)."""
        self.enter()
        return self.identity(NR_getgid, self.told_gid(self.cred().gid), False)

    def sys_getgid(self):
        """As `getgid`."""
        self.enter()
        return self.identity(NR_getgid, self.told_gid(self.cred().gid), True)

    def getegid(self):
        """Effective group id. Source: getegid(2)."""
        self.enter()
        return self.identity(NR_getegid, self.told_gid(self.cred().egid), False)

    def sys_getegid(self):
        """As `getegid`."""
        self.enter()
        return self.identity(NR_getegid, self.told_gid(self.cred().egid), True)

    def getresuid(self):
        """``(real, effective, saved)`` user ids. Source: getresuid(2)."""
        self.enter()
        self.identity(NR_getresuid, 0, False)
        return (self.told_uid(self.cred().uid), self.told_uid(self.cred().euid), self.told_uid(self.cred().suid))

    def sys_getresuid(self, ids):
        """As `getresuid`, into ``ids`` (uint32 x 3); 0."""
        self.enter()
        return self.three_ids(NR_getresuid, ids, self.told_uid(self.cred().uid), self.told_uid(self.cred().euid),
                              self.told_uid(self.cred().suid))

    def sys_getresgid(self, ids):
        """As `getresgid`, into ``ids`` (uint32 x 3); 0."""
        self.enter()
        return self.three_ids(NR_getresgid, ids, self.told_gid(self.cred().gid), self.told_gid(self.cred().egid),
                              self.told_gid(self.cred().sgid))

    cdef object three_ids(self, int nr, object ids, uint32_t real, uint32_t effective, uint32_t saved):
        cdef Py_buffer view
        self.enter()
        if get_room(ids, &view, "ids"):
            return raw_call(self, nr, False, user_addr(ids, 12, "ids"), user_addr(ids, 12, "ids") + 4,
                            user_addr(ids, 12, "ids") + 8)
        n = view.len
        if n >= 12:
            (<uint32_t *>view.buf)[0] = real
            (<uint32_t *>view.buf)[1] = effective
            (<uint32_t *>view.buf)[2] = saved
        release(&view)
        if n < 12:
            raise ValueError("ids must have room for three 32-bit integers")
        return self.identity(nr, 0, True)

    def getresgid(self):
        """``(real, effective, saved)`` group ids. Source: getresgid(2)."""
        self.enter()
        self.identity(NR_getresgid, 0, False)
        return (self.told_gid(self.cred().gid), self.told_gid(self.cred().egid), self.told_gid(self.cred().sgid))

    # -------------------------------------------------------------------------------------- limits
    def getrlimit(self, res):
        """``(soft, hard)`` of a resource. Source: getrlimit(2). Errors: EINVAL."""
        cdef uint64_t[2] pair
        cdef int64_t r = as_int(res, "res")
        self.enter()
        call_begin(self.t, NR_getrlimit)
        self.t.call.args[0] = r
        self.complete(do_getrlimit(self.k, self.t, r, pair))
        return (pair[0], pair[1])

    def sys_getrlimit(self, res, limits):
        """As `getrlimit`, into ``limits`` (uint64 x 2); 0 or -errno."""
        cdef uint64_t[2] pair
        cdef Py_buffer view
        cdef int64_t ret, r = as_int(res, "res")
        self.enter()
        if get_room(limits, &view, "limits"):
            return raw_call(self, NR_getrlimit, False, <uint64_t>r, user_addr(limits, 16, "limits"))
        try:
            if view.len < 16:
                raise ValueError("limits must have room for two 64-bit integers")
            call_begin(self.t, NR_getrlimit)
            self.t.call.args[0] = r
            ret = self.complete_raw(do_getrlimit(self.k, self.t, r, pair))
            if ret == 0:
                (<uint64_t *>view.buf)[0] = pair[0]
                (<uint64_t *>view.buf)[1] = pair[1]
        finally:
            release(&view)
        return ret

    def setrlimit(self, res, limits):
        """Set ``(soft, hard)`` of a resource. Source: setrlimit(2). Errors: EINVAL, EPERM."""
        cdef uint64_t[2] pair
        cdef int64_t r = as_int(res, "res")
        if not isinstance(limits, (tuple, list)) or len(limits) != 2:
            raise TypeError("limits must be a pair (soft, hard)")
        pair[0] = <uint64_t>as_int(limits[0], "limits")
        pair[1] = <uint64_t>as_int(limits[1], "limits")
        self.enter()
        call_begin(self.t, NR_setrlimit)
        self.t.call.args[0] = r
        self.complete(do_setrlimit(self.k, self.t, r, pair))

    def sys_setrlimit(self, res, limits):
        """As `setrlimit`, from ``limits`` (uint64 x 2); 0 or -errno."""
        cdef uint64_t[2] pair
        cdef Py_buffer view
        cdef int64_t r = as_int(res, "res")
        self.enter()
        if get_data(limits, &view, "limits"):
            return raw_call(self, NR_setrlimit, False, <uint64_t>r, user_addr(limits, 16, "limits"))
        n = view.len
        if n >= 16:
            pair[0] = (<uint64_t *>view.buf)[0]
            pair[1] = (<uint64_t *>view.buf)[1]
        release(&view)
        if n < 16:
            raise ValueError("limits must hold two 64-bit integers")
        call_begin(self.t, NR_setrlimit)
        self.t.call.args[0] = r
        return self.complete_raw(do_setrlimit(self.k, self.t, r, pair))

    # -------------------------------------------------------------------------------------- time
    def sched_yield(self):
        """Let the others run first. From outside, where nothing else runs, it does nothing. Source: sched_yield(2)."""
        return self.yield_(False)

    def sys_sched_yield(self):
        """As `sched_yield`; 0."""
        return self.yield_(True)

    cdef object yield_(self, bint raw):
        self.enter()
        call_begin(self.t, NR_sched_yield)
        self.t.call.args[0] = 0
        self.t.call.res = RES_INT | RES_RAW if raw else RES_NONE
        if self.t.kind != KIND_HAND:
            return self.sleep(None)
        if raw:
            return self.complete_raw(0)
        self.complete(0)

    def nanosleep(self, seconds):
        """Sleep for so many seconds of virtual time. Source: nanosleep(2). Errors: EINVAL, EINTR."""
        return self.nap(seconds, False)

    def sys_nanosleep(self, seconds):
        """As `nanosleep`; 0 or -errno."""
        return self.nap(seconds, True)

    cdef object nap(self, object seconds, bint raw):
        cdef int64_t ret, ns = seconds_to_ns(seconds, "seconds")
        self.enter()
        call_begin(self.t, NR_nanosleep)
        self.t.call.args[0] = ns
        ret = do_nanosleep(self.k, self.t, ns)
        self.t.call.res = RES_INT | RES_RAW if raw else RES_NONE
        if ret == -ESLEEP:
            return self.sleep(None)
        if raw:
            return self.complete_raw(ret)
        self.complete(ret)

    # -------------------------------------------------------------------------------------- no system calls
    def array(self, n, dtype):
        """An array of ``n`` zeros. In a compiled program its memory goes with the task, whose end frees it."""
        cdef int64_t count = as_int(n, "n")
        self.enter()
        if count < 0:
            raise ValueError("n must not be negative")
        return np.zeros(count, dtype)

    def checkpoint(self):
        """Let the host's signals through in a loop without calls: in a compiled program, elsewhere they come anyway."""
        self.enter()
