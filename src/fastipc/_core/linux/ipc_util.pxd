# Ids of System V objects: what segments, semaphore sets and message queues have in common.
# Source: ipc/util.c, ipc/util.h, include/linux/ipc_namespace.h.
#
# An id is seq * 32768 + index. An object is found by its index in an xarray and by its key in a hash table that grows
# with the number of keys. Objects are named by the row of their ids, which knows their table, and by their own row.


cdef enum:
    IPC_SEM_IDS = 0
    IPC_MSG_IDS = 1
    IPC_SHM_IDS = 2
    IPCMNI = 32768
    IPCMNI_SHIFT = 15
    IPCMNI_EXTEND = 1 << 24
    IPCMNI_EXTEND_SHIFT = 24
    IPCMNI_EXTEND_MIN_CYCLE = 64 * 64
    IPCMNI_MIN_CYCLE = 64
    S_IRWXUGO = 0o777
    S_IRUGO = 0o444
    S_IWUGO = 0o222
    S_IXUGO = 0o111

ctypedef struct ipc_params_t:  # struct ipc_params
    int32_t key
    int32_t flg
    uint64_t size  # of a segment; of a set of semaphores: how many

ctypedef struct ipc_ops_t:  # struct ipc_ops; `associate` is asked by the entries, see ipc_associated
    int64_t (*getnew)(kernel_t *k, task_t *t, uint32_t ns, ipc_params_t *params) noexcept nogil  # the id, or -errno
    int64_t (*more_checks)(kernel_t *k, uint32_t row, ipc_params_t *params) noexcept nogil  # NULL: none


cdef void ipc_init(kernel_t *k) noexcept nogil
cdef uint32_t ipc_init_ids(kernel_t *k, uint32_t ns, int table) noexcept nogil  # 0: see alloc_errno
cdef void ipc_free_ids(kernel_t *k, uint32_t ids) noexcept nogil  # Precondition: no object is left
cdef int64_t ipcget(
    kernel_t *k, task_t *t, uint32_t ids, const ipc_ops_t *ops, ipc_params_t *params
) noexcept nogil  # the id, or -errno; call.out0 is 1 if it was there before
cdef int64_t ipc_addid(
    kernel_t *k, task_t *t, uint32_t ids, uint32_t row, int32_t limit
) noexcept nogil  # the index, or -errno
cdef void ipc_rmid(kernel_t *k, uint32_t row, kern_ipc_perm_t *perm) noexcept nogil
cdef void ipc_set_key_private(kernel_t *k, uint32_t row, kern_ipc_perm_t *perm) noexcept nogil
cdef uint32_t ipc_findkey(kernel_t *k, ipc_ids_t *ids, int32_t key) noexcept nogil
cdef int64_t ipcctl_obtain_check(
    kernel_t *k, task_t *t, uint32_t ids, int32_t id
) noexcept nogil  # the row, if the caller may change it; or -errno
cdef int ipc_update_perm(kernel_t *k, task_t *t, kern_ipc_perm_t *perm, const ipc64_perm_t *given) noexcept nogil
cdef void kernel_to_ipc64_perm(kernel_t *k, task_t *t, const kern_ipc_perm_t *perm, ipc64_perm_t *to) noexcept nogil
cdef int64_t ipc_find(kernel_t *k, uint32_t ids, int32_t id) noexcept nogil  # ipc_obtain_object_check
cdef bint ipcperms_slow(kernel_t *k, task_t *t, kern_ipc_perm_t *perm, int32_t flag) noexcept nogil
cdef bint ipc_check(kernel_t *k) noexcept nogil


cdef inline kern_ipc_perm_t *ipc_perm(kernel_t *k, uint32_t table, uint32_t row) noexcept nogil:
    # Behind `live` and `link` in the row of every kind of object.
    return <kern_ipc_perm_t *>(k.table[table].base + <size_t>row * k.table[table].rowsize + 8)


cdef inline int32_t ipcid_to_idx(kernel_t *k, int32_t id) noexcept nogil:
    return id & (k.ipc_mni - 1)


cdef inline uint32_t ipcid_to_seqx(kernel_t *k, int32_t id) noexcept nogil:
    return <uint32_t>(id >> k.ipc_mni_shift)


cdef inline int64_t ipc_obtain_object_idr(kernel_t *k, uint32_t ids, int32_t id) noexcept nogil:
    # The row with the index of an id, whatever its seq, or -EINVAL.
    cdef uint32_t row = xa_load(k, ipc_ids_row(k, ids).idr, <uint64_t>ipcid_to_idx(k, id))
    return <int64_t>row if row else -EINVAL


cdef inline uint32_t ipc_found(kernel_t *k, uint32_t i, int64_t id) noexcept nogil:
    # The row of an id, if it is the one that was looked up last; or 0.
    cdef ipc_ids_t *ids = ipc_ids_row(k, i)
    return ids.found if likely(id == ids.found_id) else 0


cdef inline int64_t ipc_obtain_object_check(kernel_t *k, uint32_t i, int32_t id) noexcept nogil:
    # The row of an id, or -EINVAL. A removed object is found by those alone who hold its row: they get EIDRM.
    cdef uint32_t row = ipc_found(k, i, id)
    return row if likely(row != 0) else ipc_find(k, i, id)


cdef inline bint owner_may(kernel_t *k, task_t *t, const kern_ipc_perm_t *perm, uint32_t right) noexcept nogil:
    # What ipcperms mostly finds: the creator asks for what the owner may. False: it is to be asked.
    return current_cred(k, t).euid == perm.cuid and ~perm.mode & (right & 7) << 6 == 0


cdef inline bint ipcperms(kernel_t *k, task_t *t, kern_ipc_perm_t *perm, int32_t flag) noexcept nogil:
    # True: refused. Any right that is asked for in any class counts.
    if likely(owner_may(k, t, perm, <uint32_t>(flag >> 6 | flag >> 3 | flag))):
        return False
    return ipcperms_slow(k, t, perm, flag)


cdef inline bint ipc_valid_object(const kern_ipc_perm_t *perm) noexcept nogil:
    return not perm.deleted


cdef inline void ipc_rcu_getref(kern_ipc_perm_t *perm) noexcept nogil:
    perm.refcount += 1


cdef inline bint ipc_rcu_putref(kern_ipc_perm_t *perm) noexcept nogil:
    # True: nobody refers to the row any more, and the caller frees it.
    perm.refcount -= 1
    return perm.refcount == 0


cdef inline int32_t ipc_get_maxidx(kernel_t *k, const ipc_ids_t *ids) noexcept nogil:
    # What *_INFO return: the highest index in use; 0 if there is none.
    return max(ids.max_idx, 0)


cdef inline int64_t ktime_get_real_seconds(kernel_t *k) noexcept nogil:
    if unlikely(k.now >= k.seconds_end):
        k.seconds = current_time(k) // 1000000000
        k.seconds_end = (k.seconds + 1 - BOOT_SECONDS) * 1000000000
    return k.seconds


cdef inline uint32_t ipc_user_ns(kernel_t *k, uint32_t ids) noexcept nogil:
    # Where capabilities over objects count.
    return ipc_ns_row(k, ipc_ids_row(k, ids).ns).user_ns
