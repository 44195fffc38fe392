# Process ids. Source: kernel/pid.c.
#
# A number is taken while it is that of a thread, of a process group or of a session. Groups and sessions are lists of
# leaders, the newest first.


cdef int32_t alloc_pid(kernel_t *k, uint32_t task) noexcept nogil  # or -EAGAIN
cdef void free_pid_of_task(kernel_t *k, int32_t pid) noexcept nogil
cdef void attach_pid(kernel_t *k, task_t *t, int type) noexcept nogil  # to the number that its process names
cdef void detach_pid(kernel_t *k, task_t *t, int type) noexcept nogil
cdef void change_pid(kernel_t *k, task_t *t, int type, int32_t number) noexcept nogil
cdef void transfer_pid(kernel_t *k, task_t *old, task_t *new, int type) noexcept nogil
cdef bint pid_check(kernel_t *k) noexcept nogil


cdef inline uint32_t find_task(kernel_t *k, int64_t pid) noexcept nogil:
    # The task of a pid, or 0.
    if pid <= 0 or pid >= k.table[T_PID].high:
        return 0
    return pid_row(k, <uint32_t>pid).task


cdef inline uint32_t pid_leader(kernel_t *k, int64_t number, int type) noexcept nogil:
    # pid_task: the newest leader of a group or of a session, or 0. The next ones follow by `pid_next`.
    if number <= 0 or number >= k.table[T_PID].high:
        return 0
    return pid_row(k, <uint32_t>number).leaders[type]


cdef inline int32_t *pid_number(kernel_t *k, task_t *t, int type) noexcept nogil:
    # task_pid_type: the group's or the session's number, kept by the process.
    cdef signal_t *s = signal_row(k, t.signal)
    return &s.pgrp if type == PIDTYPE_PGID else &s.session


cdef inline int32_t task_pgrp(kernel_t *k, task_t *t) noexcept nogil:
    return signal_row(k, t.signal).pgrp


cdef inline int32_t task_session(kernel_t *k, task_t *t) noexcept nogil:
    return signal_row(k, t.signal).session
