"""Ids, keys and permissions of System V objects. Source: ipc/util.c.

Which index is next, and when seq goes up, differs with the profile. 6.18: indexes run upward in a cycle of at least 64,
and seq goes up when they fall back. 4.18: the lowest free index, and seq goes up at every creation. Missing: security
labels.

Invariants: `in_use` counts the entries of `idr`, `max_idx` is its highest index; an object is in the hash of keys
exactly if its key is not IPC_PRIVATE.
"""


cdef enum:
    LEAST_KEY_ORDER = 4
    IPC_RANGE_4_18 = 65535  # seq of 4.18 goes so far; that of 6.18 begins again one before


cdef void ipc_init(kernel_t *k) noexcept nogil:
    # ipcmni_extend of the command line makes more ids, at the price of fewer seqs.
    k.ipc_mni = IPCMNI_EXTEND if k.ipcmni_extend else IPCMNI
    k.ipc_mni_shift = IPCMNI_EXTEND_SHIFT if k.ipcmni_extend else IPCMNI_SHIFT
    k.ipc_min_cycle = IPCMNI_EXTEND_MIN_CYCLE if k.ipcmni_extend else IPCMNI_MIN_CYCLE


cdef uint32_t ipc_init_ids(kernel_t *k, uint32_t ns, int table) noexcept nogil:
    cdef uint32_t i = table_alloc(k, T_IPC_IDS, sizeof(ipc_ids_t))
    cdef ipc_ids_t *ids = ipc_ids_row(k, i)
    if i:
        ids.next_id = ids.last_idx = ids.max_idx = -1
        ids.table = <uint32_t>table
        ids.ns = ns
    return i


cdef void ipc_free_ids(kernel_t *k, uint32_t i) noexcept nogil:
    table_free(k, T_IPC_IDS, i, sizeof(ipc_ids_t))


# ------------------------------------------------------------------------------------------ keys
cdef inline uint32_t *key_bucket(kernel_t *k, ipc_ids_t *ids, int32_t key) noexcept nogil:
    cdef uint32_t hash = <uint32_t>key * <uint32_t>2654435761
    return &kht_row(k, ids.key_ht + (hash >> (32 - ids.key_order))).first


cdef uint32_t ipc_findkey(kernel_t *k, ipc_ids_t *ids, int32_t key) noexcept nogil:
    cdef uint32_t row = key_bucket(k, ids, key)[0] if ids.nr_keys else 0
    while row and ipc_perm(k, ids.table, row).key != key:
        row = ipc_perm(k, ids.table, row).khtnode
    return row


cdef void kht_grow(kernel_t *k, ipc_ids_t *ids) noexcept nogil:
    # rht_grow_above_75. Without room for a larger one the chains grow.
    cdef uint32_t old = ids.key_ht, n = <uint32_t>1 << ids.key_order, i, row, next
    cdef uint32_t *at
    cdef uint32_t new = table_alloc_run(k, T_KHT, <int>ids.key_order + 1)
    if new == 0:
        k.failed_errno = 0
        return
    ids.key_ht = new
    ids.key_order += 1
    for i in range(n):
        row = kht_row(k, old + i).first
        kht_row(k, old + i).first = 0
        while row:
            next = ipc_perm(k, ids.table, row).khtnode
            at = key_bucket(k, ids, ipc_perm(k, ids.table, row).key)
            ipc_perm(k, ids.table, row).khtnode = at[0]
            at[0] = row
            row = next
    table_free_run(k, T_KHT, old, <int>ids.key_order - 1)


cdef int kht_insert(kernel_t *k, ipc_ids_t *ids, uint32_t row, kern_ipc_perm_t *perm) noexcept nogil:
    # rhashtable_insert_fast: 0, or -ENOMEM.
    cdef uint32_t *at
    if ids.key_ht == 0:
        ids.key_ht = table_alloc_run(k, T_KHT, LEAST_KEY_ORDER)
        if ids.key_ht == 0:
            return -alloc_errno(k, ENOMEM)
        ids.key_order = LEAST_KEY_ORDER
    elif ids.nr_keys >= <uint32_t>3 << (ids.key_order - 2):
        kht_grow(k, ids)
    at = key_bucket(k, ids, perm.key)
    perm.khtnode = at[0]
    at[0] = row
    ids.nr_keys += 1
    return 0


cdef void ipc_kht_remove(kernel_t *k, ipc_ids_t *ids, uint32_t row, kern_ipc_perm_t *perm) noexcept nogil:
    cdef uint32_t *at
    if perm.key == IPC_PRIVATE:
        return
    at = key_bucket(k, ids, perm.key)
    while at[0] != row:
        at = &ipc_perm(k, ids.table, at[0]).khtnode
    at[0] = perm.khtnode
    perm.khtnode = 0
    ids.nr_keys -= 1
    if ids.nr_keys == 0:  # its rows are zero again
        table_free_run(k, T_KHT, ids.key_ht, <int>ids.key_order)
        ids.key_ht = ids.key_order = 0


cdef void ipc_set_key_private(kernel_t *k, uint32_t row, kern_ipc_perm_t *perm) noexcept nogil:
    # Nobody finds it by its key any more.
    ipc_kht_remove(k, ipc_ids_row(k, perm.ids), row, perm)
    perm.key = IPC_PRIVATE


# ------------------------------------------------------------------------------------------ indexes
cdef int64_t idr_alloc_from(kernel_t *k, ipc_ids_t *ids, uint32_t row, uint64_t start, uint64_t end) noexcept nogil:
    # idr_alloc: the lowest free index from `start`, below `end`; or -errno.
    cdef uint64_t index = xa_find_free(k, ids.idr, start, end)
    if index >= end:
        return -ENOSPC
    if xa_store(k, &ids.idr, index, row) < 0:
        return -alloc_errno(k, ENOMEM)
    return <int64_t>index


cdef int64_t idr_alloc_cyclic(kernel_t *k, ipc_ids_t *ids, uint32_t row, uint64_t end) noexcept nogil:
    cdef int64_t index = idr_alloc_from(k, ids, row, ids.idr_next, end)
    if index == -ENOSPC and ids.idr_next:
        index = idr_alloc_from(k, ids, row, 0, end)
    if index >= 0:
        ids.idr_next = <uint32_t>index + 1
    return index


cdef int64_t ipc_idr_alloc_cyclic(kernel_t *k, ipc_ids_t *ids, uint32_t row, kern_ipc_perm_t *new) noexcept nogil:
    cdef int64_t cycle = max(<int64_t>ids.in_use * 3 // 2, <int64_t>k.ipc_min_cycle)
    cdef int64_t index = idr_alloc_cyclic(k, ids, row, <uint64_t>min(cycle, <int64_t>k.ipc_mni))
    if index < 0:
        return index
    if index <= ids.last_idx:  # it has fallen back
        ids.seq += 1
        if ids.seq >= <uint32_t>(0x7fffffff >> k.ipc_mni_shift):
            ids.seq = 0
    ids.last_idx = <int32_t>index
    new.seq = ids.seq
    return index


cdef int64_t ipc_idr_alloc_lowest(kernel_t *k, ipc_ids_t *ids, uint32_t row, kern_ipc_perm_t *new) noexcept nogil:
    # As in 4.18. `idr_next` is only where the search begins.
    cdef int64_t index
    new.seq = ids.seq
    ids.seq += 1
    if ids.seq > min(<uint32_t>(0x7fffffff >> k.ipc_mni_shift), <uint32_t>IPC_RANGE_4_18):
        ids.seq = 0
    index = idr_alloc_from(k, ids, row, ids.idr_next, <uint64_t>k.ipc_mni)
    if index >= 0:
        ids.idr_next = <uint32_t>index + 1
    return index


cdef int64_t ipc_idr_alloc(kernel_t *k, ipc_ids_t *ids, uint32_t row, kern_ipc_perm_t *new) noexcept nogil:
    # The index, or -errno. An id that was asked for is used once, whether it can be had or not; if its index is taken
    # the next free one is.
    cdef int32_t next_id = ids.next_id
    cdef int64_t index
    ids.next_id = -1
    if next_id >= 0:
        new.seq = ipcid_to_seqx(k, next_id)
        index = idr_alloc_from(k, ids, row, <uint64_t>ipcid_to_idx(k, next_id), <uint64_t>k.ipc_mni)
    elif k.profile == PROFILE_4_18:
        index = ipc_idr_alloc_lowest(k, ids, row, new)
    else:
        index = ipc_idr_alloc_cyclic(k, ids, row, new)
    if index >= 0:
        new.id = <int32_t>(new.seq << k.ipc_mni_shift) + <int32_t>index
    return index


cdef int64_t ipc_find(kernel_t *k, uint32_t i, int32_t id) noexcept nogil:
    cdef ipc_ids_t *ids = ipc_ids_row(k, i)
    cdef int64_t row = ipc_obtain_object_idr(k, i, id)
    if row < 0 or ipcid_to_seqx(k, id) != ipc_perm(k, ids.table, <uint32_t>row).seq:
        return -EINVAL
    ids.found_id = id
    ids.found = <uint32_t>row
    return row


cdef void idr_remove(kernel_t *k, ipc_ids_t *ids, int32_t index) noexcept nogil:
    xa_erase(k, &ids.idr, <uint64_t>index)
    if k.profile == PROFILE_4_18:
        ids.idr_next = min(ids.idr_next, <uint32_t>index)


# ------------------------------------------------------------------------------------------ life of an object
cdef int64_t ipc_addid(kernel_t *k, task_t *t, uint32_t i, uint32_t row, int32_t limit) noexcept nogil:
    # Key and mode are set. After a failure the object is as before.
    cdef ipc_ids_t *ids = ipc_ids_row(k, i)
    cdef kern_ipc_perm_t *new = ipc_perm(k, ids.table, row)
    cdef int64_t index
    cdef int err = 0
    if ids.in_use >= min(limit, k.ipc_mni):
        return -ENOSPC
    index = ipc_idr_alloc(k, ids, row, new)
    if index < 0:
        return index
    if new.key != IPC_PRIVATE:
        err = kht_insert(k, ids, row, new)
        if err:
            idr_remove(k, ids, <int32_t>index)
            return err
    new.refcount = 1
    new.cuid = new.uid = current_cred(k, t).euid
    new.cgid = new.gid = current_cred(k, t).egid
    new.ids = i
    ids.in_use += 1
    ids.max_idx = max(ids.max_idx, <int32_t>index)
    return index


cdef void ipc_rmid(kernel_t *k, uint32_t row, kern_ipc_perm_t *perm) noexcept nogil:
    # No longer to be found. Who holds the row finds it deleted.
    cdef ipc_ids_t *ids = ipc_ids_row(k, perm.ids)
    cdef int32_t index = ipcid_to_idx(k, perm.id)
    idr_remove(k, ids, index)
    ipc_kht_remove(k, ids, row, perm)
    if ids.found == row:
        ids.found = 0
    ids.in_use -= 1
    perm.deleted = 1
    if index == ids.max_idx:
        ids.max_idx = <int32_t>xa_find_last(k, ids.idr)


# ------------------------------------------------------------------------------------------ permissions
cdef bint ipcperms_slow(kernel_t *k, task_t *t, kern_ipc_perm_t *perm, int32_t flag) noexcept nogil:
    # The creator stays in the owner's class.
    cdef cred_t *cred = current_cred(k, t)
    cdef uint32_t requested = <uint32_t>(flag >> 6 | flag >> 3 | flag), granted = perm.mode
    if cred.euid == perm.cuid or cred.euid == perm.uid:
        granted >>= 6
    elif in_group_p(k, cred, perm.cgid) or in_group_p(k, cred, perm.gid):
        granted >>= 3
    return requested & ~granted & 7 and not ns_capable(k, t, ipc_user_ns(k, perm.ids), CAP_IPC_OWNER)


cdef int64_t ipcctl_obtain_check(kernel_t *k, task_t *t, uint32_t ids, int32_t id) noexcept nogil:
    cdef int64_t row = ipc_obtain_object_check(k, ids, id)
    cdef kern_ipc_perm_t *perm
    cdef uint32_t euid = current_cred(k, t).euid
    if row < 0:
        return row
    perm = ipc_perm(k, ipc_ids_row(k, ids).table, <uint32_t>row)
    if euid == perm.cuid or euid == perm.uid or ns_capable(k, t, ipc_user_ns(k, ids), CAP_SYS_ADMIN):
        return row
    return -EPERM


cdef int ipc_update_perm(kernel_t *k, task_t *t, kern_ipc_perm_t *perm, const ipc64_perm_t *given) noexcept nogil:
    # IPC_SET: 0 or -errno.
    cdef uint32_t uid = make_kuid(k, current_user_ns(k, t), given.uid)
    cdef uint32_t gid = make_kgid(k, current_user_ns(k, t), given.gid)
    if uid == INVALID_ID or gid == INVALID_ID:
        return -EINVAL
    perm.uid = uid
    perm.gid = gid
    perm.mode = (perm.mode & ~<uint32_t>S_IRWXUGO) | (given.mode & S_IRWXUGO)
    return 0


cdef void kernel_to_ipc64_perm(kernel_t *k, task_t *t, const kern_ipc_perm_t *perm, ipc64_perm_t *to) noexcept nogil:
    to.key = perm.key
    to.uid = uid_to_user(k, t, perm.uid)
    to.gid = gid_to_user(k, t, perm.gid)
    to.cuid = uid_to_user(k, t, perm.cuid)
    to.cgid = gid_to_user(k, t, perm.cgid)
    to.mode = perm.mode
    to.seq = <uint16_t>perm.seq


# ------------------------------------------------------------------------------------------ get
cdef int64_t ipc_check_perms(kernel_t *k, task_t *t, kern_ipc_perm_t *perm, int32_t flg) noexcept nogil:
    if ipcperms(k, t, perm, flg):
        return -EACCES
    t.call.out0 = 1
    return perm.id


cdef int64_t ipcget_public(
    kernel_t *k, task_t *t, uint32_t i, const ipc_ops_t *ops, ipc_params_t *params
) noexcept nogil:
    cdef ipc_ids_t *ids = ipc_ids_row(k, i)
    cdef uint32_t row = ipc_findkey(k, ids, params.key)
    cdef int64_t err = 0
    if row == 0:
        return ops.getnew(k, t, ids.ns, params) if params.flg & IPC_CREAT else -ENOENT
    if params.flg & IPC_CREAT and params.flg & IPC_EXCL:
        return -EEXIST
    if ops.more_checks != NULL:
        err = ops.more_checks(k, row, params)
    return err if err else ipc_check_perms(k, t, ipc_perm(k, ids.table, row), params.flg)


cdef int64_t ipcget(
    kernel_t *k, task_t *t, uint32_t ids, const ipc_ops_t *ops, ipc_params_t *params
) noexcept nogil:
    t.call.out0 = 0
    if params.key == IPC_PRIVATE:
        return ops.getnew(k, t, ipc_ids_row(k, ids).ns, params)
    return ipcget_public(k, t, ids, ops, params)


# ------------------------------------------------------------------------------------------ checks
cdef bint keys_check(kernel_t *k, ipc_ids_t *ids) noexcept nogil:
    cdef uint32_t i, row, found = 0
    cdef bint right = (ids.key_ht == 0) == (ids.nr_keys == 0)
    for i in range(<uint32_t>1 << ids.key_order if ids.key_ht else 0):
        row = kht_row(k, ids.key_ht + i).first
        while row and found <= ids.nr_keys:
            right = right and key_bucket(k, ids, ipc_perm(k, ids.table, row).key) == &kht_row(k, ids.key_ht + i).first
            found += 1
            row = ipc_perm(k, ids.table, row).khtnode
    return check(k, right and found == ids.nr_keys, b"ipc: wrong key")


cdef bint ids_check(kernel_t *k, uint32_t i) noexcept nogil:
    cdef ipc_ids_t *ids = ipc_ids_row(k, i)
    cdef uint64_t index = 0
    cdef int32_t in_use = 0, last = -1
    cdef uint32_t row = xa_find(k, ids.idr, &index, ~<uint64_t>0), keys = 0
    cdef kern_ipc_perm_t *perm
    cdef bint right = True
    while row:
        perm = ipc_perm(k, ids.table, row)
        right = (right and perm.ids == i and not perm.deleted and perm.refcount != 0
                 and <uint64_t>ipcid_to_idx(k, perm.id) == index
                 and ipcid_to_seqx(k, perm.id) == perm.seq)
        in_use += 1
        keys += perm.key != IPC_PRIVATE
        last = <int32_t>index
        index += 1
        row = xa_find(k, ids.idr, &index, ~<uint64_t>0)
    if ids.found:
        right = right and xa_load(k, ids.idr, <uint64_t>ipcid_to_idx(k, ids.found_id)) == ids.found
    return (check(k, right, b"ipc: object of another id") and check(k, in_use == ids.in_use, b"ipc: ids miscounted")
            and check(k, last == ids.max_idx, b"ipc: wrong highest index")
            and check(k, keys == ids.nr_keys, b"ipc: keys miscounted") and keys_check(k, ids))


cdef bint ipc_check(kernel_t *k) noexcept nogil:
    cdef uint32_t i
    for i in range(1, k.table[T_IPC_IDS].high):
        if ipc_ids_row(k, i).live and not ids_check(k, i):
            return False
    return True
