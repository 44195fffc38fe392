# signalfd: signals as records to read. Source: fs/signalfd.c, include/linux/signalfd.h.
#
# What can be read is what is pending for whoever reads, not for whoever made the descriptor. Readers and polls wait on
# `signalfd_wqh` of their process' actions, and every signal that is sent to it wakes them.


cdef void signalfd_init() noexcept nogil
cdef int64_t do_signalfd4(kernel_t *k, task_t *t, int32_t fd, uint64_t set, int64_t flags) noexcept nogil
cdef void signalfd_release(kernel_t *k, file_t *f) noexcept nogil
cdef uint32_t signalfd_queue(kernel_t *k, task_t *t) noexcept nogil  # sighand to wait at; 0: see alloc_errno
cdef bint signalfd_check(kernel_t *k) noexcept nogil


cdef inline void signalfd_notify(kernel_t *k, task_t *t) noexcept nogil:
    cdef wait_queue_head_t *head = &sighand_row(k, t.sighand).signalfd_wqh
    if unlikely(head.first != 0):
        wake_up_common(k, head, TASK_NORMAL, 1, 0)
