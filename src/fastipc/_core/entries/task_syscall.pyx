"""Raw system calls by name, and how an entry makes one when it is given an address in place of a buffer."""


cdef object raw_result(TaskCore task, int64_t ret, bint raises):
    # The end of a call that has been begun from registers: an int, also if it is made again and sleeps then.
    task.t.call.res = RES_INT if raises else RES_INT | RES_RAW
    if ret == -ESLEEP:
        return task.sleep(None)
    return task.complete(ret) if raises else task.complete_raw(ret)


cdef object raw_call(
    TaskCore task, int32_t nr, bint raises, uint64_t a=0, uint64_t b=0, uint64_t c=0, uint64_t d=0
):
    # Precondition: the task has entered.
    cdef uint64_t[6] registers = [a, b, c, d, 0, 0]
    return raw_result(task, syscall_raw(task.k, task.t, nr, registers), raises)


cdef dict numbers = {}  # of calls, by name


cdef int32_t call_number(object name) except -1:
    if not isinstance(name, str):
        raise TypeError(f"name must be a string, not {type(name).__name__}")
    if not numbers:
        from fastipc.unistd import NUMBERS

        numbers.update(NUMBERS)
    if name not in numbers:
        raise ValueError(f"name must be that of a system call of x86-64 Linux, not {name!r}")
    return numbers[name]


cdef class RawCalls(TimerCalls):
    def syscall(self, name, *args):
        """A raw call of x86-64 Linux by its name; >= 0 or -errno, never raises OSError.

        ``args``: at most six integers, as in registers, the missing ones 0; pointers are addresses in the task's memory
        and lead to what C has there. A call that fastipc does not have is ENOSYS. ``fork`` and ``clone`` make a task
        that is driven by hand, and ``execve`` goes on by hand, so that only a task driven by hand can make them.

        Source: syscall(2), arch/x86/entry/syscalls/syscall_64.tbl.
        """
        cdef int32_t nr = call_number(name)
        cdef uint64_t[6] registers
        cdef Py_ssize_t i
        if len(args) > 6:
            raise TypeError(f"args must be at most six integers, not {len(args)}")
        for i in range(6):
            registers[i] = <uint64_t>as_int(args[i], "args") if i < len(args) else 0
        self.enter()
        if nr in (NR_fork, NR_clone, NR_execve, NR_exit, NR_exit_group, NR_sched_yield, NR_mknod, NR_mknodat,
                  NR_shmget):
            return self.special(nr, registers)
        ret = raw_result(self, syscall_raw(self.k, self.t, nr, registers), False)
        return self.t.call.out0 if nr == NR_fcntl and <uint32_t>registers[1] == F_GETOWN and ret == 0 else ret

    def sys_syscall(self, name, *args):
        """As `syscall`."""
        return self.syscall(name, *args)

    cdef object store_tids(self, const uint64_t *a, object ret):
        # The child's number in the memory of both, as the flags say; where it cannot be stored nobody is told.
        cdef int32_t pid = ret
        cdef task_t *child
        if pid > 0:
            child = task_row(self.k, find_task_by_vpid(self.k, self.t, pid))
            if a[0] & CLONE_PARENT_SETTID:
                put_user(self.k, self.t, a[2], &pid, 4)
            pid = pid_vnr(self.k, child, child.pid)
            if a[0] & CLONE_CHILD_SETTID:
                put_user(self.k, child, a[3], &pid, 4)
        return ret

    cdef object special(self, int32_t nr, const uint64_t *a):
        # What ends or begins a program, asks a hook, or sleeps in no call of the mechanism.
        if nr == NR_fork:
            return self.begin_fork(nr, 0, SIGCHLD, None, (), None, False, True)
        if nr == NR_clone:
            return self.store_tids(a, self.begin_fork(nr, a[0] & ~<uint64_t>CSIGNAL, <int32_t>(a[0] & CSIGNAL), None,
                                                      (), None, False, True))
        if nr == NR_execve:
            return self.complete_raw(self.do_exec(None, ()))
        if nr == NR_sched_yield:
            return self.yield_(True)
        if nr == NR_mknod or nr == NR_mknodat:
            return self.complete_raw(self.hooked(syscall_raw(self.k, self.t, nr, a)))
        if nr == NR_shmget:
            return self.complete_raw(self.associated(syscall_raw(self.k, self.t, nr, a)))
        return self.end_self(nr, <int32_t>a[0])


def raw_numbers():
    """The numbers of the calls that `Task.syscall` makes."""
    others = (NR_fork, NR_clone, NR_execve, NR_exit, NR_exit_group, NR_sched_yield)
    return frozenset([nr for nr in range(NR_calls) if raw_calls[nr] != NULL or nr in others])
