# System calls on processes, time and signals.


cdef class ProcessCalls(PathCalls):
    cdef object begin_fork(self, int nr, uint64_t flags, int32_t exit_signal, object program, tuple args, object name,
                           bint daemon, bint raw)
    cdef object end_self(self, int nr, int64_t status)
    cdef object identity(self, int nr, int64_t value, bint raw)
    cdef uint32_t told_uid(self, uint32_t kuid)
    cdef uint32_t told_gid(self, uint32_t kgid)
    cdef object three_ids(self, int nr, object ids, uint32_t real, uint32_t effective, uint32_t saved)
    cdef object nap(self, object seconds, bint raw)
    cdef object yield_(self, bint raw)
    cdef int64_t do_exec(self, object program, tuple args) except? -1
    cdef int leave_old_program(self) except -1
    cdef int64_t do_wait(self, object pid, object options) except? -1
