# Process ids. Source: kernel/pid.c.
#
# A number is taken while it is that of a thread, of a process group or of a session. Groups and sessions are lists of
# leaders, the newest first.


cdef int32_t alloc_pid(kernel_t *k, uint32_t task, uint32_t ns) noexcept nogil  # or -errno
cdef void free_pid_of_task(kernel_t *k, int32_t pid) noexcept nogil
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


cdef inline void free_pid(kernel_t *k, int32_t number) noexcept nogil:
    # The number is free if nothing uses it any more.
    cdef pidmap_t *pid = pid_row(k, <uint32_t>number)
    if pid.task or pid.leaders[PIDTYPE_PGID] or pid.leaders[PIDTYPE_SID]:
        return
    pidbits_row(k, <uint32_t>(number // 64) + 1).word &= ~(<uint64_t>1 << (number & 63))
    k.table[T_PID].nlive -= 1
    if unlikely(k.namespaces != 0):
        free_upid(k, number)


cdef inline void attach_pid(kernel_t *k, task_t *t, int type) noexcept nogil:
    # To the number that its process names.
    cdef pidmap_t *pid = pid_row(k, <uint32_t>pid_number(k, t, type)[0])
    cdef uint32_t next = pid.leaders[type]
    t.pid_next[type] = next
    t.pid_prev[type] = 0
    if next:
        task_row(k, next).pid_prev[type] = task_index(k, t)
    pid.leaders[type] = task_index(k, t)


cdef inline void detach_pid(kernel_t *k, task_t *t, int type) noexcept nogil:
    cdef int32_t number = pid_number(k, t, type)[0]
    cdef uint32_t next = t.pid_next[type], prev = t.pid_prev[type]
    if next:
        task_row(k, next).pid_prev[type] = prev
    if prev:
        task_row(k, prev).pid_next[type] = next
        return
    pid_row(k, <uint32_t>number).leaders[type] = next
    if next == 0:
        free_pid(k, number)
