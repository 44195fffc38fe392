# Signals that the machine itself sends, and their default actions. Source: kernel/signal.c.


cdef void send_sig(kernel_t *k, task_t *t, int sig) noexcept nogil  # to one thread
cdef void send_sig_process(kernel_t *k, task_t *t, int sig) noexcept nogil  # to the thread group of `t`
cdef void kill_pgrp(kernel_t *k, int32_t pgrp, int sig) noexcept nogil  # to all members of a process group
cdef int64_t do_signal(kernel_t *k, task_t *t) noexcept nogil  # 0, or -EKILLED
cdef int64_t do_sigaction(kernel_t *k, task_t *t, int64_t sig, int64_t handler) noexcept nogil  # the old handler
cdef void flush_ignored(kernel_t *k, uint32_t sighand) noexcept nogil


cdef inline bint signal_pending(task_t *t) noexcept nogil:
    return t.flags & (TIF_SIGPENDING | TASK_BREAK) != 0


cdef inline uint64_t sigmask(int sig) noexcept nogil:
    return <uint64_t>1 << (sig - 1)
