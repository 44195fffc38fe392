# Calls on signals as they are recorded, once for all kinds of program; and the C functions of compiled ones.
#
# What C returns through pointers is in the record afterwards: the old mask, or the pending set, in args[3]; of
# sigaction the old address, flags and mask in args[1] to args[3]; of sigtimedwait see `sigtimedwait_info`.

cdef int64_t call_sigaction(
    kernel_t *k, task_t *t, int64_t sig, bint sets, uint64_t handler, uint64_t mask, uint32_t flags
) noexcept nogil
cdef int64_t call_sysv_signal(kernel_t *k, task_t *t, int64_t sig, uint64_t handler) noexcept nogil
cdef int64_t call_sigprocmask(kernel_t *k, task_t *t, int64_t how, bint sets, uint64_t set) noexcept nogil
cdef int64_t call_sigpending(kernel_t *k, task_t *t) noexcept nogil
cdef int64_t call_kill(kernel_t *k, task_t *t, int64_t pid, int64_t sig) noexcept nogil
cdef int64_t call_tkill(kernel_t *k, task_t *t, int64_t tid, int64_t sig) noexcept nogil
cdef int64_t call_tgkill(kernel_t *k, task_t *t, int64_t tgid, int64_t tid, int64_t sig) noexcept nogil
cdef int64_t call_sigqueue(kernel_t *k, task_t *t, int64_t pid, int64_t sig, uint64_t value) noexcept nogil
cdef int64_t call_sigqueueinfo(
    kernel_t *k, task_t *t, int32_t nr, int64_t tgid, int64_t pid, int64_t sig, const kernel_siginfo_t *info
) noexcept nogil
cdef int64_t call_sigsuspend(kernel_t *k, task_t *t, uint64_t set) noexcept nogil
cdef int64_t call_pause(kernel_t *k, task_t *t) noexcept nogil
cdef int64_t call_sigtimedwait(kernel_t *k, task_t *t, uint64_t set, int64_t ns) noexcept nogil
cdef int64_t call_signalfd4(kernel_t *k, task_t *t, int64_t fd, uint64_t set, int64_t flags) noexcept nogil
cdef int64_t call_sigaltstack(kernel_t *k, task_t *t, const stack_t *ss, stack_t *old) noexcept nogil
cdef void put_sigtimedwait(task_t *t, siginfo_t *info) noexcept nogil
cdef void info_from_host(const siginfo_t *info, int sig, kernel_siginfo_t *to) noexcept nogil

cdef int64_t sys_sigaction(
    kernel_t *k, task_t *t, int64_t sig, int64_t sets, int64_t handler, int64_t mask, int64_t flags
) noexcept nogil
cdef int64_t sys_signal(kernel_t *k, task_t *t, int64_t sig, int64_t handler) noexcept nogil
cdef int64_t sys_sigprocmask(kernel_t *k, task_t *t, int64_t how, int64_t sets, int64_t set) noexcept nogil
cdef int64_t sys_sigpending(kernel_t *k, task_t *t) noexcept nogil
cdef int64_t kill_other(kernel_t *k, task_t *t, int64_t pid, int64_t sig) noexcept nogil
cdef int64_t kill_slow(kernel_t *k, task_t *t, int64_t pid, int64_t sig) noexcept nogil
cdef int64_t sigtimedwait_slow(kernel_t *k, task_t *t, int64_t set, int64_t ns) noexcept nogil
cdef int64_t sigtimedwait_told(kernel_t *k, task_t *t, int64_t set, int64_t info, int64_t ns) noexcept nogil
cdef int64_t sys_kill(kernel_t *k, task_t *t, int64_t pid, int64_t sig) noexcept nogil
cdef int64_t sys_tkill(kernel_t *k, task_t *t, int64_t tid, int64_t sig) noexcept nogil
cdef int64_t sys_tgkill(kernel_t *k, task_t *t, int64_t tgid, int64_t tid, int64_t sig) noexcept nogil
cdef int64_t sys_sigqueue(kernel_t *k, task_t *t, int64_t pid, int64_t sig, int64_t value) noexcept nogil
cdef int64_t sys_rt_sigqueueinfo(kernel_t *k, task_t *t, int64_t pid, int64_t sig, int64_t info) noexcept nogil
cdef int64_t sys_rt_tgsigqueueinfo(
    kernel_t *k, task_t *t, int64_t tgid, int64_t tid, int64_t sig, int64_t info
) noexcept nogil
cdef int64_t sys_sigsuspend(kernel_t *k, task_t *t, int64_t set) noexcept nogil
cdef int64_t sys_pause(kernel_t *k, task_t *t) noexcept nogil
cdef int64_t sys_sigtimedwait(kernel_t *k, task_t *t, int64_t set, int64_t info, int64_t ns) noexcept nogil
cdef int64_t sys_sigaltstack(kernel_t *k, task_t *t, int64_t ss, int64_t old) noexcept nogil
cdef int64_t sys_handler(kernel_t *k, task_t *t, int64_t entry, int64_t layout) noexcept nogil
