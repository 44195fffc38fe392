# What is known of a signal, or of a child that waitid has found.


cdef class SigInfo:  # the names of its fields are macros in C
    cdef readonly int64_t si_signo "signo_"
    cdef readonly int64_t si_errno "errno_"
    cdef readonly int64_t si_code "code_"
    cdef readonly int64_t si_pid "pid_"
    cdef readonly int64_t si_uid "uid_"
    cdef readonly int64_t si_value "value_"
    cdef readonly int64_t si_status "status_"
    cdef readonly uint64_t si_addr "addr_"
    cdef readonly int64_t si_band "band_"
    cdef readonly int64_t si_fd "fd_"
    cdef readonly int64_t si_timerid "timerid_"
    cdef readonly int64_t si_overrun "overrun_"

    cdef tuple fields(self)


cdef SigInfo siginfo_of_wait(task_t *t)
