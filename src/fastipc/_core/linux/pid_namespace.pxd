# PID namespaces: processes that number themselves and see nobody else. Source: kernel/pid_namespace.c, kernel/pid.c.
#
# Rows name tasks, groups and sessions by their numbers in the first namespace. A number that has others, in inner
# namespaces, has a row of `upid`; calls translate what they are told and what they tell. The first namespace is row 0.


cdef int64_t create_pid_namespace(kernel_t *k, uint32_t user_ns, uint32_t parent) noexcept nogil  # a row, or -errno
cdef int64_t namespace_of_child(kernel_t *k, task_t *t, uint64_t flags, uint32_t user_ns) noexcept nogil
cdef void put_pid_ns_last(kernel_t *k, uint32_t ns) noexcept nogil
cdef int64_t alloc_upid(kernel_t *k, uint32_t ns) noexcept nogil
cdef void upid_name(kernel_t *k, uint32_t upid, int32_t number) noexcept nogil
cdef void upid_abandon(kernel_t *k, uint32_t upid) noexcept nogil
cdef void free_upid(kernel_t *k, int32_t number) noexcept nogil
cdef void put_upid(kernel_t *k, uint32_t upid) noexcept nogil
cdef int32_t upid_nr_ns(kernel_t *k, uint32_t upid, uint32_t ns) noexcept nogil
cdef int64_t find_pid_ns(kernel_t *k, int64_t nr, uint32_t ns) noexcept nogil
cdef void ipc_update_pid_slow(kernel_t *k, int32_t *at, int32_t number) noexcept nogil
cdef uint32_t find_child_reaper(kernel_t *k, task_t *t) noexcept nogil
cdef bint zap_waits(kernel_t *k, task_t *t) noexcept nogil
cdef void finish_zaps(kernel_t *k) noexcept nogil
cdef bint pid_namespace_check(kernel_t *k) noexcept nogil


cdef inline uint32_t get_pid_ns(kernel_t *k, uint32_t ns) noexcept nogil:
    if ns:
        pid_ns_row(k, ns).count += 1
    return ns


cdef inline void put_pid_ns(kernel_t *k, uint32_t ns) noexcept nogil:
    if ns:
        pid_ns_row(k, ns).count -= 1
        if pid_ns_row(k, ns).count == 0:
            put_pid_ns_last(k, ns)


cdef inline uint32_t upid_of(kernel_t *k, int32_t number) noexcept nogil:
    # Of a number of the first namespace that is in use; 0: it has no other.
    return pid_upid_row(k, <uint32_t>number).upid


cdef inline uint32_t task_active_pid_ns(kernel_t *k, task_t *t) noexcept nogil:
    cdef uint32_t upid = upid_of(k, t.pid)
    return upid_row(k, upid).ns if upid else 0


cdef inline uint32_t pid_level(kernel_t *k, task_t *t) noexcept nogil:
    cdef uint32_t upid = upid_of(k, t.pid)
    return upid_row(k, upid).level if upid else 0


cdef inline int32_t pid_nr_ns(kernel_t *k, int32_t number, uint32_t ns) noexcept nogil:
    # pid_nr_ns: a number as a namespace has it, 0: it is not seen there.
    return number if likely(ns == 0) else upid_nr_ns(k, upid_of(k, number), ns)


cdef inline int32_t pid_vnr(kernel_t *k, task_t *t, int32_t number) noexcept nogil:
    # A number of the first namespace as a task sees it.
    return number if likely(k.namespaces == 0) else pid_nr_ns(k, number, task_active_pid_ns(k, t))


cdef inline int64_t find_vpid(kernel_t *k, task_t *t, int64_t nr) noexcept nogil:
    # What a task calls a number, as a number of the first namespace; 0, or what is no number at all: there is none.
    return nr if likely(k.namespaces == 0) else find_pid_ns(k, nr, task_active_pid_ns(k, t))


cdef inline uint32_t find_task_by_vpid(kernel_t *k, task_t *t, int64_t nr) noexcept nogil:
    return find_task(k, find_vpid(k, t, nr))


# ------------------------------------------------------------------------------------------ numbers that objects keep
cdef inline void ipc_update_pid(kernel_t *k, int32_t *at, int32_t number) noexcept nogil:
    # A process' number is kept in an object of System V IPC, with what it is in other namespaces.
    if likely(k.namespaces == 0):
        at[0] = number
    else:
        ipc_update_pid_slow(k, at, number)


cdef inline void ipc_put_pid(kernel_t *k, int32_t kept) noexcept nogil:
    if unlikely(kept < 0):
        put_upid(k, <uint32_t>-kept)


cdef inline int32_t ipc_pid_nr(kernel_t *k, uint32_t ns, int32_t kept) noexcept nogil:
    # As a namespace sees it.
    if unlikely(kept < 0):
        return upid_nr_ns(k, <uint32_t>-kept, ns)
    return kept if likely(ns == 0) else 0


cdef inline int32_t ipc_pid_vnr(kernel_t *k, task_t *t, int32_t kept) noexcept nogil:
    return kept if likely(k.namespaces == 0) else ipc_pid_nr(k, task_active_pid_ns(k, t), kept)
