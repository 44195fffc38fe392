# System calls by number and registers, as a program of x86-64 makes them: pointers are addresses in the task's memory.
# Source: arch/x86/entry/syscall_64.c (do_syscall_64), and the SYSCALL_DEFINEs of the files that the calls are in.
#
# What a call stores through pointers when it is over is done by `user_call_end`, from the call's record, so that it
# does not matter whether it slept, nor what kind of program made it.


ctypedef int64_t (*raw_call_t)(kernel_t *k, task_t *t, const uint64_t *a) noexcept nogil

cdef raw_call_t raw_calls[512]  # by number; NULL: -ENOSYS

cdef void syscall_raw_init() noexcept nogil
cdef int64_t syscall_raw(kernel_t *k, task_t *t, int32_t nr, const uint64_t *a) noexcept nogil  # may be -ESLEEP
cdef int64_t put_stat(kernel_t *k, task_t *t, uint64_t to, const stat_t *st) noexcept nogil  # C's struct stat
cdef int64_t do_semop_user(
    kernel_t *k, task_t *t, int32_t semid, uint64_t addr, uint64_t nsops, bint timed, int64_t timeout_ns
) noexcept nogil
cdef int64_t put_revents(kernel_t *k, task_t *t) noexcept nogil
cdef int64_t put_time_left(kernel_t *k, task_t *t) noexcept nogil
cdef int64_t poll_user(kernel_t *k, task_t *t, int64_t ns) noexcept nogil
cdef int64_t ppoll_user(
    kernel_t *k, task_t *t, uint64_t fds, uint32_t n, int64_t ns, bint masked, uint64_t set
) noexcept nogil
cdef int64_t user_call_end(kernel_t *k, task_t *t, int64_t ret) noexcept nogil


cdef inline int64_t raw_int(uint64_t value) noexcept nogil:
    # An argument that is an int in C: what is above its 32 bits is not looked at.
    return <int32_t>value


cdef inline int32_t raw_fd(uint64_t value) noexcept nogil:
    return fd_arg(<int32_t>value)


cdef inline void user_result(task_t *t, uint64_t addr) noexcept nogil:
    # The call stores something at an address when it is over.
    t.call.flags |= CALL_USER
    t.call.iter.kind = ITER_USER
    t.call.iter.seg = t.call.iter.nr_segs = t.call.iter.pad = 0
    t.call.iter.offset = <int64_t>addr
    t.call.iter.count = 0
