# IPC namespaces: three kinds of ids, and their limits. Source: ipc/namespace.c, include/linux/ipc_namespace.h.
#
# A task without a row of `sysv` is in the first namespace, has made no segment and undoes nothing, as nearly all are:
# so fork and exit look at one flag. The first namespace is not counted; the others end with their last user.


cdef uint32_t create_ipc_ns(kernel_t *k, uint32_t user_ns) noexcept nogil  # one reference; 0: see alloc_errno
cdef void free_ipc_ns(kernel_t *k, uint32_t ns) noexcept nogil
cdef sysv_t *task_sysv(kernel_t *k, task_t *t) noexcept nogil
cdef int64_t copy_ipcs(
    kernel_t *k, task_t *t, task_t *c, uint64_t flags, uint32_t user_ns
) noexcept nogil  # 0 or -errno
cdef void unshare_ipcs(kernel_t *k, task_t *t, uint32_t ns) noexcept nogil  # takes over the reference
cdef void exit_sysv(kernel_t *k, task_t *t) noexcept nogil
cdef void free_ipcs(
    kernel_t *k, uint32_t ids, void (*end)(kernel_t *k, uint32_t row) noexcept nogil
) noexcept nogil  # all objects of one kind
cdef bint ipc_namespace_check(kernel_t *k) noexcept nogil


cdef inline uint32_t current_ipc_ns(kernel_t *k, task_t *t) noexcept nogil:
    return sysv_row(k, t.row).ipc_ns if unlikely(t.flags & TASK_SYSV) else k.init_ipc_ns


cdef inline uint32_t current_ids(kernel_t *k, task_t *t, int kind) noexcept nogil:
    # The ids of one kind that a task finds.
    if unlikely(t.flags & TASK_SYSV):
        return ipc_ns_row(k, sysv_row(k, t.row).ipc_ns).ids[kind]
    return k.init_ids[kind]


cdef inline uint32_t shm_ids(kernel_t *k, uint32_t ns) noexcept nogil:
    return ipc_ns_row(k, ns).ids[IPC_SHM_IDS]


cdef inline uint32_t get_ipc_ns(kernel_t *k, uint32_t ns) noexcept nogil:
    if ns != k.init_ipc_ns:
        ipc_ns_row(k, ns).count += 1
    return ns


cdef inline void put_ipc_ns(kernel_t *k, uint32_t ns) noexcept nogil:
    if ns != k.init_ipc_ns:
        ipc_ns_row(k, ns).count -= 1
        if ipc_ns_row(k, ns).count == 0:
            free_ipc_ns(k, ns)
