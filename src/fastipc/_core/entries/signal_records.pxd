# Records of calls on signals: SigAction, StackT.


cdef class SigAction:
    cdef readonly object sa_handler "handler_"
    cdef readonly object sa_mask "mask_"
    cdef readonly int64_t sa_flags "flags_"


cdef class StackT:
    cdef readonly uint64_t ss_sp "sp_"
    cdef readonly int64_t ss_flags "flags_"
    cdef readonly uint64_t ss_size "size_"


cdef SigInfo siginfo_of(const kernel_siginfo_t *info)
cdef int siginfo_into(SigInfo info, int sig, kernel_siginfo_t *to) except -1
