# The system calls on signals, as all kinds of program make them. Source: kernel/signal.c.

cdef int64_t do_sigaction(
    kernel_t *k, task_t *t, int64_t sig, const k_sigaction_t *act, k_sigaction_t *old
) noexcept nogil
cdef int64_t do_sysv_signal(kernel_t *k, task_t *t, int64_t sig, uint64_t handler) noexcept nogil  # the old address
cdef int64_t do_kill(kernel_t *k, task_t *t, int32_t pid, int32_t sig) noexcept nogil
cdef int64_t do_tkill(kernel_t *k, task_t *t, int32_t tgid, int32_t pid, int32_t sig) noexcept nogil
cdef int64_t do_sigqueueinfo(
    kernel_t *k, task_t *t, int32_t tgid, int32_t pid, int32_t sig, kernel_siginfo_t *info
) noexcept nogil
cdef int64_t do_sigprocmask(kernel_t *k, task_t *t, int64_t how, const uint64_t *set, uint64_t *old) noexcept nogil
cdef uint64_t do_sigpending(kernel_t *k, task_t *t) noexcept nogil
cdef int64_t do_sigsuspend(kernel_t *k, task_t *t, uint64_t set) noexcept nogil
cdef int64_t sigsuspend_resume(kernel_t *k, task_t *t) noexcept nogil
cdef int64_t do_pause(kernel_t *k, task_t *t) noexcept nogil
cdef int64_t do_sigtimedwait(kernel_t *k, task_t *t, uint64_t which, int64_t ns) noexcept nogil
cdef int64_t sigtimedwait_resume(kernel_t *k, task_t *t) noexcept nogil
cdef void sigtimedwait_info(task_t *t, kernel_siginfo_t *info) noexcept nogil  # of a call that has taken a signal
cdef bint kill_ok_by_cred(kernel_t *k, task_t *t, task_t *p) noexcept nogil


cdef inline int64_t sigaction_checks(int64_t sig, bint sets) noexcept nogil:
    if not valid_signal(sig) or sig < 1 or (sets and sig_kernel_only(<int>sig)):
        return -EINVAL
    return 0
