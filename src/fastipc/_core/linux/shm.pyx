"""Segments: shmget, shmctl, who made them, their end. Source: ipc/shm.c, mm/mlock.c (user_shm_lock).

Missing: segments of huge pages. The machine has none of these, so SHM_HUGETLB fails as on a Linux with an empty pool.

Invariants: `shm_tot` of a namespace is the pages of its segments, `locked_shm` of a user those of the segments that he
is charged for; a segment is on the list of its creator exactly while that task lives in the namespace where it made it.
"""


cdef ipc_ops_t shm_ops

cdef enum:
    SHM_HUGE_MASK = 0x3f
    HPAGE_SHIFT = 21
    GIGANTIC_SHIFT = 30


cdef void shm_init() noexcept nogil:
    shm_ops.getnew = newseg
    shm_ops.more_checks = shm_more_checks


cdef inline uint64_t shm_pages(uint64_t size) noexcept nogil:
    return (size + PAGE_SIZE - 1) // PAGE_SIZE


cdef inline inode_t *shm_inode(kernel_t *k, shmid_kernel_t *shp) noexcept nogil:
    return inode_row(k, file_row(k, shp.shm_file).inode)


# ------------------------------------------------------------------------------------------ get
cdef int64_t shm_more_checks(kernel_t *k, uint32_t row, ipc_params_t *params) noexcept nogil:
    return -EINVAL if shm_row(k, row).shm_segsz < params.size else 0


cdef int64_t shm_within_limits(ipc_namespace_t *ns, uint64_t size) noexcept nogil:
    cdef uint64_t pages = shm_pages(size)
    if size < SHMMIN or size > ns.shm_ctlmax:
        return -EINVAL
    if pages * PAGE_SIZE < size:  # the sum in shm_pages has overflowed
        return -ENOSPC
    if ns.shm_tot + pages < ns.shm_tot or ns.shm_tot + pages > ns.shm_ctlall:
        return -ENOSPC
    return 0


cdef int64_t hugetlb_file_setup(kernel_t *k, task_t *t, int32_t flg) noexcept nogil:
    # No page of any size is in the pool.
    cdef int32_t shift = flg >> SHM_HUGE_SHIFT & SHM_HUGE_MASK
    if shift and shift != HPAGE_SHIFT and shift != GIGANTIC_SHIFT:
        return -EINVAL
    if not capable(k, t, CAP_IPC_LOCK) and not in_group_p(k, current_cred(k, t), 0):
        return -EPERM
    return -ENOMEM


cdef inline void segment_name(char *name, uint32_t key) noexcept nogil:
    # "SYSV%08x"
    cdef const char *digits = b"0123456789abcdef"
    cdef int at = 11
    memcpy(name, b"SYSV00000000", 12)
    while key:
        name[at] = digits[key & 15]
        key >>= 4
        at -= 1


cdef int64_t shm_file_setup(kernel_t *k, task_t *t, ipc_params_t *params) noexcept nogil:
    # The row of the file behind a segment, or -errno.
    cdef char[12] name
    cdef uint32_t file
    cdef int64_t err
    if params.flg & SHM_HUGETLB:
        return hugetlb_file_setup(k, t, params.flg)
    segment_name(name, <uint32_t>params.key)
    file = shmem_file_setup(k, t, name, sizeof(name), params.size, VM_NORESERVE if params.flg & SHM_NORESERVE else 0)
    if file == 0:
        return -alloc_errno(k, ENOMEM)
    inode_row(k, file_row(k, file).inode).i_flags |= S_PRIVATE
    if k.shm_contiguous:
        err = ramfs_nommu_expand_for_mapping(k, file_row(k, file).inode, params.size)
        if err:
            fput(k, file)
            return err
    return file


cdef int64_t newseg(kernel_t *k, task_t *t, uint32_t n, ipc_params_t *params) noexcept nogil:
    cdef ipc_namespace_t *ns = ipc_ns_row(k, n)
    cdef int64_t err = shm_within_limits(ns, params.size)
    cdef uint32_t row
    cdef shmid_kernel_t *shp
    if err:
        return err
    row = table_alloc(k, T_SHM, sizeof(shmid_kernel_t))
    if row == 0:
        return -alloc_errno(k, ENOMEM)
    shp = shm_row(k, row)
    shp.shm_perm.key = params.key
    shp.shm_perm.mode = <uint32_t>params.flg & S_IRWXUGO
    err = shm_file_setup(k, t, params)
    if err > 0:
        shp.shm_file = <uint32_t>err
        err = ipc_addid(k, t, shm_ids(k, n), row, ns.shm_ctlmni)
        if err < 0:
            fput(k, shp.shm_file)
    if err < 0:
        table_free(k, T_SHM, row, sizeof(shmid_kernel_t))
        return err
    shp.ns = n
    ipc_update_pid(k, &shp.shm_cprid, t.tgid)
    shp.shm_ctim = ktime_get_real_seconds(k)
    shp.shm_segsz = params.size
    shm_clist_add(k, t, row)
    shm_inode(k, shp).i_ino = <uint64_t>shp.shm_perm.id  # so that /proc/PID/maps shows it
    ns.shm_tot += shm_pages(params.size)
    return shp.shm_perm.id


cdef int64_t do_shmget(kernel_t *k, task_t *t, int32_t key, uint64_t size, int32_t flg) noexcept nogil:
    cdef ipc_params_t params
    params.key = key
    params.flg = flg
    params.size = size
    return ipcget(k, t, shm_ids(k, current_ipc_ns(k, t)), &shm_ops, &params)


# ------------------------------------------------------------------------------------------ creators
cdef void shm_clist_add(kernel_t *k, task_t *t, uint32_t row) noexcept nogil:
    cdef sysv_t *s = task_sysv(k, t)
    cdef shmid_kernel_t *shp = shm_row(k, row)
    shp.shm_creator = t.row
    shp.shm_clist_next = s.shm_clist
    if s.shm_clist:
        shm_row(k, s.shm_clist).shm_clist_prev = row
    s.shm_clist = row


cdef void shm_clist_rm(kernel_t *k, shmid_kernel_t *shp) noexcept nogil:
    if shp.shm_creator == 0:
        return
    if shp.shm_clist_prev:
        shm_row(k, shp.shm_clist_prev).shm_clist_next = shp.shm_clist_next
    else:
        sysv_row(k, shp.shm_creator).shm_clist = shp.shm_clist_next
    if shp.shm_clist_next:
        shm_row(k, shp.shm_clist_next).shm_clist_prev = shp.shm_clist_prev
    shp.shm_creator = shp.shm_clist_next = shp.shm_clist_prev = 0


cdef void exit_shm(kernel_t *k, task_t *t) noexcept nogil:
    # What the task has made is nobody's; under shm_rmid_forced it goes, unless it is attached. The newest first.
    cdef sysv_t *s = sysv_row(k, t.row)
    cdef shmid_kernel_t *shp
    cdef uint32_t row
    while s.shm_clist:
        row = s.shm_clist
        shp = shm_row(k, row)
        shm_clist_rm(k, shp)
        if ipc_ns_row(k, shp.ns).shm_rmid_forced and shm_may_destroy(k, shp):
            shm_destroy(k, row)


cdef void destroy_orphan(kernel_t *k, uint32_t row) noexcept nogil:
    if shm_row(k, row).shm_creator == 0 and shm_may_destroy(k, shm_row(k, row)):
        shm_destroy(k, row)


cdef void shm_destroy_orphaned(kernel_t *k, uint32_t ns) noexcept nogil:
    # shm_rmid_forced was set: those whose creator has ended are not waited for any longer.
    free_ipcs(k, shm_ids(k, ns), destroy_orphan)


# ------------------------------------------------------------------------------------------ the end
cdef bint shm_may_destroy(kernel_t *k, shmid_kernel_t *shp) noexcept nogil:
    return shp.shm_nattch == 0 and (ipc_ns_row(k, shp.ns).shm_rmid_forced or shp.shm_perm.mode & SHM_DEST != 0)


cdef void shm_destroy(kernel_t *k, uint32_t row) noexcept nogil:
    cdef shmid_kernel_t *shp = shm_row(k, row)
    cdef uint32_t file = shp.shm_file
    ipc_ns_row(k, shp.ns).shm_tot -= shm_pages(shp.shm_segsz)
    shm_clist_rm(k, shp)
    ipc_rmid(k, row, &shp.shm_perm)
    user_shm_unlock(k, shp)
    shp.shm_file = 0
    fput(k, file)
    if ipc_rcu_putref(&shp.shm_perm):
        ipc_put_pid(k, shp.shm_cprid)
        ipc_put_pid(k, shp.shm_lprid)
        table_free(k, T_SHM, row, sizeof(shmid_kernel_t))


cdef void do_shm_rmid(kernel_t *k, uint32_t row) noexcept nogil:
    # What is attached stays, without a key, until the last detach.
    cdef shmid_kernel_t *shp = shm_row(k, row)
    if shp.shm_nattch:
        shp.shm_perm.mode |= SHM_DEST
        ipc_set_key_private(k, row, &shp.shm_perm)
    else:
        shm_destroy(k, row)


cdef void shm_exit_ns(kernel_t *k, uint32_t ns) noexcept nogil:
    free_ipcs(k, shm_ids(k, ns), do_shm_rmid)


# ------------------------------------------------------------------------------------------ locking
cdef bint user_shm_lock(kernel_t *k, task_t *t, uint64_t pages) noexcept nogil:
    # Charges the real user; false: his limit, which counts all his segments, does not allow it.
    cdef uint32_t user = current_cred(k, t).user
    cdef uint64_t most = rlimit(k, t, RLIMIT_MEMLOCK)
    if ((most != RLIM_INFINITY and user_row(k, user).locked_shm + pages > most // PAGE_SIZE)
            or over_limit(k, user, UCOUNT_RLIMIT_MEMLOCK, pages)) and not capable(k, t, CAP_IPC_LOCK):
        return False
    charge_locked_shm(k, user, <int64_t>pages)
    return True


cdef void user_shm_unlock(kernel_t *k, shmid_kernel_t *shp) noexcept nogil:
    if shp.mlock_user:
        charge_locked_shm(k, shp.mlock_user, -<int64_t>shm_pages(shp.shm_segsz))
        free_uid(k, shp.mlock_user)
        shp.mlock_user = 0


cdef int64_t shmctl_do_lock(kernel_t *k, task_t *t, uint32_t ids, int32_t shmid, int32_t cmd) noexcept nogil:
    cdef int64_t row = ipc_obtain_object_check(k, ids, shmid)
    cdef shmid_kernel_t *shp = shm_row(k, <uint32_t>row)
    cdef uint32_t euid = current_cred(k, t).euid
    if row < 0:
        return row
    if not ns_capable(k, t, ipc_user_ns(k, ids), CAP_IPC_LOCK):
        if euid != shp.shm_perm.uid and euid != shp.shm_perm.cuid:
            return -EPERM
        if cmd == SHM_LOCK and rlimit(k, t, RLIMIT_MEMLOCK) == 0:
            return -EPERM
    if cmd == SHM_UNLOCK:
        user_shm_unlock(k, shp)
        shp.shm_perm.mode &= ~<uint32_t>SHM_LOCKED
    elif not shp.mlock_user:
        if not user_shm_lock(k, t, shm_pages(shp.shm_segsz)):
            return -ENOMEM
        shp.mlock_user = current_cred(k, t).user
        get_uid(k, shp.mlock_user)
        shp.shm_perm.mode |= SHM_LOCKED
    return 0


# ------------------------------------------------------------------------------------------ ctl
cdef void shm_get_stat(kernel_t *k, ipc_ids_t *ids, uint64_t *rss) noexcept nogil:
    # Pages that are there, of all segments.
    cdef uint64_t index = 0
    cdef uint32_t row = xa_find(k, ids.idr, &index, ~<uint64_t>0)
    rss[0] = 0
    while row:
        rss[0] += shm_inode(k, shm_row(k, row)).nrpages
        index += 1
        row = xa_find(k, ids.idr, &index, ~<uint64_t>0)


cdef int64_t shmctl_ipc_info(kernel_t *k, ipc_namespace_t *ns, shminfo64_t *info) noexcept nogil:
    if info == NULL:
        return -EFAULT
    memset(info, 0, sizeof(shminfo64_t))
    info.shmmax = ns.shm_ctlmax
    info.shmmin = SHMMIN
    info.shmmni = info.shmseg = <uint64_t>ns.shm_ctlmni
    info.shmall = ns.shm_ctlall
    return ipc_get_maxidx(k, ipc_ids_row(k, ns.ids[IPC_SHM_IDS]))


cdef int64_t shmctl_shm_info(kernel_t *k, ipc_namespace_t *ns, shm_info_t *info) noexcept nogil:
    cdef ipc_ids_t *ids = ipc_ids_row(k, ns.ids[IPC_SHM_IDS])
    if info == NULL:
        return -EFAULT
    memset(info, 0, sizeof(shm_info_t))
    info.used_ids = ids.in_use
    info.shm_tot = ns.shm_tot
    shm_get_stat(k, ids, &info.shm_rss)
    return ipc_get_maxidx(k, ids)


cdef void shm_to_ds(kernel_t *k, task_t *t, shmid_kernel_t *shp, shmid64_ds_t *ds) noexcept nogil:
    memset(ds, 0, sizeof(shmid64_ds_t))
    kernel_to_ipc64_perm(k, t, &shp.shm_perm, &ds.shm_perm)
    ds.shm_segsz = shp.shm_segsz
    ds.shm_atime = shp.shm_atim
    ds.shm_dtime = shp.shm_dtim
    ds.shm_ctime = shp.shm_ctim
    ds.shm_cpid = ipc_pid_vnr(k, t, shp.shm_cprid)
    ds.shm_lpid = ipc_pid_vnr(k, t, shp.shm_lprid)
    ds.shm_nattch = shp.shm_nattch


cdef int64_t shmctl_stat(
    kernel_t *k, task_t *t, uint32_t ids, int32_t shmid, int32_t cmd, shmid64_ds_t *ds
) noexcept nogil:
    # SHM_STAT and SHM_STAT_ANY go by index and return the id.
    cdef int64_t row = ipc_obtain_object_check(k, ids, shmid) if cmd == IPC_STAT else ipc_obtain_object_idr(
        k, ids, shmid)
    cdef shmid_kernel_t *shp = shm_row(k, <uint32_t>row)
    if row < 0:
        return row
    if cmd != SHM_STAT_ANY and ipcperms(k, t, &shp.shm_perm, S_IRUGO):
        return -EACCES
    if ds == NULL:
        return -EFAULT
    shm_to_ds(k, t, shp, ds)
    return 0 if cmd == IPC_STAT else shp.shm_perm.id


cdef int64_t shmctl_down(
    kernel_t *k, task_t *t, uint32_t ids, int32_t shmid, int32_t cmd, const shmid64_ds_t *ds
) noexcept nogil:
    cdef int64_t row = -EFAULT if cmd == IPC_SET and ds == NULL else ipcctl_obtain_check(k, t, ids, shmid)
    cdef int64_t err
    if row < 0:
        return row
    if cmd == IPC_RMID:
        do_shm_rmid(k, <uint32_t>row)
        return 0
    err = ipc_update_perm(k, t, &shm_row(k, <uint32_t>row).shm_perm, &ds.shm_perm)
    if err == 0:
        shm_row(k, <uint32_t>row).shm_ctim = ktime_get_real_seconds(k)
    return err


cdef size_t shmctl_size(int64_t cmd) noexcept nogil:
    if cmd == IPC_INFO:
        return sizeof(shminfo64_t)
    if cmd == SHM_INFO:
        return sizeof(shm_info_t)
    if cmd == IPC_STAT or cmd == IPC_SET or cmd == SHM_STAT or cmd == SHM_STAT_ANY:
        return sizeof(shmid64_ds_t)
    return 0


cdef inline bint has_command(kernel_t *k, int32_t cmd) noexcept nogil:
    return (0 <= cmd <= IPC_INFO or SHM_LOCK <= cmd <= SHM_INFO
            or (cmd == SHM_STAT_ANY and k.profile != PROFILE_4_18))


cdef int64_t do_shmctl(kernel_t *k, task_t *t, int32_t shmid, int32_t cmd, void *buf) noexcept nogil:
    cdef ipc_namespace_t *ns = ipc_ns_row(k, current_ipc_ns(k, t))
    cdef uint32_t ids = ns.ids[IPC_SHM_IDS]
    if shmid < 0 or not has_command(k, cmd):
        return -EINVAL
    if cmd == IPC_INFO:
        return shmctl_ipc_info(k, ns, <shminfo64_t *>buf)
    if cmd == SHM_INFO:
        return shmctl_shm_info(k, ns, <shm_info_t *>buf)
    if cmd == IPC_STAT or cmd == SHM_STAT or cmd == SHM_STAT_ANY:
        return shmctl_stat(k, t, ids, shmid, cmd, <shmid64_ds_t *>buf)
    if cmd == SHM_LOCK or cmd == SHM_UNLOCK:
        return shmctl_do_lock(k, t, ids, shmid, cmd)
    return shmctl_down(k, t, ids, shmid, cmd, <const shmid64_ds_t *>buf)


# ------------------------------------------------------------------------------------------ /proc/sysvipc/shm
cdef void show_segment(kernel_t *k, shmid_kernel_t *shp, seq_file_t *m) noexcept nogil:
    cdef char line[256]
    snprintf(line, sizeof(line),
             b"%10d %10d  %4o %21lu %5u %5u  %5lu %5u %5u %5u %5u %10llu %10llu %10llu %21lu %21lu\n",
             <int>shp.shm_perm.key, <int>shp.shm_perm.id, <unsigned int>shp.shm_perm.mode,
             <unsigned long>shp.shm_segsz, <unsigned int>ipc_pid_nr(k, m.pid_ns, shp.shm_cprid),
             <unsigned int>ipc_pid_nr(k, m.pid_ns, shp.shm_lprid), <unsigned long>shp.shm_nattch,
             <unsigned int>from_kuid_munged(k, m.user_ns, shp.shm_perm.uid),
             <unsigned int>from_kgid_munged(k, m.user_ns, shp.shm_perm.gid),
             <unsigned int>from_kuid_munged(k, m.user_ns, shp.shm_perm.cuid),
             <unsigned int>from_kgid_munged(k, m.user_ns, shp.shm_perm.cgid), <unsigned long long>shp.shm_atim,
             <unsigned long long>shp.shm_dtim, <unsigned long long>shp.shm_ctim,
             <unsigned long>shm_inode(k, shp).nrpages * PAGE_SIZE, <unsigned long>0)
    seq_puts(m, line)


cdef void sysvipc_shm_show(kernel_t *k, uint32_t ns, seq_file_t *m) noexcept nogil:
    cdef ipc_ids_t *ids = ipc_ids_row(k, shm_ids(k, ns))
    cdef uint64_t index = 0
    cdef uint32_t row = xa_find(k, ids.idr, &index, ~<uint64_t>0)
    seq_puts(m, b"       key      shmid perms                  size  cpid  lpid nattch   uid   gid  cuid  cgid      "
                b"atime      dtime      ctime                   rss                  swap\n")
    while row:
        show_segment(k, shm_row(k, row), m)
        index += 1
        row = xa_find(k, ids.idr, &index, ~<uint64_t>0)


# ------------------------------------------------------------------------------------------ checks
cdef bint clist_check(kernel_t *k) noexcept nogil:
    cdef uint32_t i, row, prev, listed = 0
    cdef bint right = True
    for i in range(1, k.table[T_SYSV].high):
        row = sysv_row(k, i).shm_clist if sysv_row(k, i).live else 0
        prev = 0
        while row and right:
            right = (shm_row(k, row).live != 0 and shm_row(k, row).shm_creator == i
                     and shm_row(k, row).shm_clist_prev == prev)
            listed += 1
            prev = row
            row = shm_row(k, row).shm_clist_next
    for i in range(1, k.table[T_SHM].high):
        listed -= <uint32_t>(shm_row(k, i).live != 0 and shm_row(k, i).shm_creator != 0)
    return check(k, right and listed == 0, b"shm: broken list of a creator")


cdef bint shm_totals_check(kernel_t *k) noexcept nogil:
    cdef uint32_t i
    cdef uint64_t pages = 0
    cdef shmid_kernel_t *shp
    for i in range(1, k.table[T_SHM].high):
        shp = shm_row(k, i)
        if shp.live:
            pages += shm_pages(shp.shm_segsz)
    for i in range(1, k.table[T_IPC_NAMESPACE].high):
        pages -= ipc_ns_row(k, i).shm_tot if ipc_ns_row(k, i).live else 0
    return check(k, pages == 0, b"shm: pages miscounted")


cdef bint shm_check(kernel_t *k) noexcept nogil:
    cdef uint32_t i
    cdef shmid_kernel_t *shp
    for i in range(1, k.table[T_SHM].high):
        shp = shm_row(k, i)
        if shp.live and not check(k, file_row(k, shp.shm_file).live != 0 and shm_inode(k, shp).i_size == shp.shm_segsz
                                  and shm_inode(k, shp).i_ino == <uint64_t>shp.shm_perm.id, b"shm: wrong file"):
            return False
    return clist_check(k) and shm_totals_check(k)
