"""semctl, and /proc/sysvipc/sem. Source: ipc/sem.c (ksys_semctl, semctl_main, semctl_setval, semctl_down)."""


# ------------------------------------------------------------------------------------------ information
cdef int64_t get_semotime(kernel_t *k, sem_array_t *sma) noexcept nogil:
    # The newest of all.
    cdef int64_t otime = 0
    cdef int32_t i
    for i in range(sma.sem_nsems):
        otime = max(otime, sem_row(k, sma.sems + <uint32_t>i).sem_otime)
    return otime


cdef int64_t semctl_info(kernel_t *k, ipc_namespace_t *ns, int32_t cmd, seminfo_t *info) noexcept nogil:
    # Limits; of SEM_INFO two of them are what there is.
    cdef ipc_ids_t *ids = ipc_ids_row(k, ns.ids[IPC_SEM_IDS])
    if info == NULL:
        return -EFAULT
    info.semmap = SEMMAP
    info.semmni = ns.sem_ctls[3]
    info.semmns = ns.sem_ctls[1]
    info.semmnu = SEMMNU
    info.semmsl = ns.sem_ctls[0]
    info.semopm = ns.sem_ctls[2]
    info.semume = SEMUME
    info.semusz = ids.in_use if cmd == SEM_INFO else SEMUSZ
    info.semvmx = SEMVMX
    info.semaem = ns.used_sems if cmd == SEM_INFO else SEMAEM
    return ipc_get_maxidx(k, ids)


cdef int64_t semctl_stat(
    kernel_t *k, task_t *t, uint32_t ids, int32_t semid, int32_t cmd, semid64_ds_t *ds
) noexcept nogil:
    # SEM_STAT and SEM_STAT_ANY go by index and return the id.
    cdef int64_t row = ipc_obtain_object_check(k, ids, semid) if cmd == IPC_STAT else ipc_obtain_object_idr(
        k, ids, semid)
    cdef sem_array_t *sma = sem_array_row(k, <uint32_t>row)
    if row < 0:
        return row
    if cmd != SEM_STAT_ANY and ipcperms(k, t, &sma.sem_perm, S_IRUGO):
        return -EACCES
    if ds == NULL:
        return -EFAULT
    memset(ds, 0, sizeof(semid64_ds_t))
    kernel_to_ipc64_perm(k, t, &sma.sem_perm, &ds.sem_perm)
    ds.sem_otime = get_semotime(k, sma)
    ds.sem_ctime = sma.sem_ctime
    ds.sem_nsems = <uint64_t>sma.sem_nsems
    return 0 if cmd == IPC_STAT else sma.sem_perm.id


# ------------------------------------------------------------------------------------------ all values
cdef int64_t semctl_obtain(kernel_t *k, task_t *t, int32_t semid, int32_t right) noexcept nogil:
    # The row of a set that the caller may read or alter, or -errno.
    cdef int64_t row = -EINVAL
    if semid >= 0:
        row = ipc_obtain_object_check(k, sem_ids(k, current_ipc_ns(k, t)), semid)
    if row > 0 and ipcperms(k, t, &sem_array_row(k, <uint32_t>row).sem_perm, right):
        return -EACCES
    return row


cdef int64_t semctl_nsems(kernel_t *k, task_t *t, int32_t semid, int32_t cmd) noexcept nogil:
    cdef int64_t row = semctl_obtain(k, t, semid, S_IWUGO if cmd == SETALL else S_IRUGO)
    return row if row < 0 else sem_array_row(k, <uint32_t>row).sem_nsems


cdef int64_t sem_getall(kernel_t *k, task_t *t, int32_t semid, uint16_t *to) noexcept nogil:
    # `to` has room for semctl_nsems numbers.
    cdef int64_t row = semctl_obtain(k, t, semid, S_IRUGO)
    cdef sem_array_t *sma = sem_array_row(k, <uint32_t>row)
    cdef int32_t i
    if row < 0:
        return row
    sem_lock(sma, 0)
    for i in range(sma.sem_nsems):
        to[i] = <uint16_t>sem_row(k, sma.sems + <uint32_t>i).semval
    sem_unlock(k, sma, True)
    return 0


cdef void values_set(kernel_t *k, sem_array_t *sma) noexcept nogil:
    # Values have been set from outside. Precondition: the set is locked as a whole.
    cdef wake_q_head_t wake
    sma.sem_ctime = ktime_get_real_seconds(k)
    wake.first = wake.last = 0
    do_smart_update(k, sma, NULL, 0, False, &wake)
    sem_unlock(k, sma, True)
    wake_up_q(k, &wake)


cdef int64_t sem_setall(kernel_t *k, task_t *t, int32_t semid, const uint16_t *values) noexcept nogil:
    cdef int64_t row = semctl_obtain(k, t, semid, S_IWUGO)
    cdef sem_array_t *sma = sem_array_row(k, <uint32_t>row)
    cdef int32_t i
    if row < 0:
        return row
    for i in range(sma.sem_nsems):
        if values[i] > SEMVMX:
            return -ERANGE
    sem_lock(sma, 0)
    for i in range(sma.sem_nsems):
        sem_row(k, sma.sems + <uint32_t>i).semval = values[i]
        ipc_update_pid(k, &sem_row(k, sma.sems + <uint32_t>i).sempid, t.tgid)
    clear_semadj(k, sma, -1)
    values_set(k, sma)
    return 0


# ------------------------------------------------------------------------------------------ one value
cdef int64_t semctl_main(kernel_t *k, task_t *t, int32_t semid, int32_t semnum, int32_t cmd) noexcept nogil:
    # GETVAL, GETPID, GETNCNT, GETZCNT.
    cdef int64_t row = semctl_obtain(k, t, semid, S_IRUGO), value
    cdef sem_array_t *sma = sem_array_row(k, <uint32_t>row)
    cdef sem_t *curr
    if row < 0:
        return row
    if semnum < 0 or semnum >= sma.sem_nsems:
        return -EINVAL
    sem_lock(sma, 0)
    curr = sem_row(k, sma.sems + <uint32_t>semnum)
    if cmd == GETVAL:
        value = curr.semval
    elif cmd == GETPID:
        value = ipc_pid_vnr(k, t, curr.sempid)
    else:
        value = count_semcnt(k, sma, <uint32_t>semnum, cmd == GETZCNT)
    sem_unlock(k, sma, True)
    return value


cdef int64_t semctl_setval(kernel_t *k, task_t *t, int32_t semid, int32_t semnum, int32_t val) noexcept nogil:
    cdef sem_array_t *sma
    cdef int64_t row
    if val > SEMVMX or val < 0:
        return -ERANGE
    row = ipc_obtain_object_check(k, sem_ids(k, current_ipc_ns(k, t)), semid)
    sma = sem_array_row(k, <uint32_t>row)
    if row < 0:
        return row
    if semnum < 0 or semnum >= sma.sem_nsems:
        return -EINVAL
    if ipcperms(k, t, &sma.sem_perm, S_IWUGO):
        return -EACCES
    sem_lock(sma, 0)
    clear_semadj(k, sma, semnum)
    sem_row(k, sma.sems + <uint32_t>semnum).semval = val
    ipc_update_pid(k, &sem_row(k, sma.sems + <uint32_t>semnum).sempid, t.tgid)
    values_set(k, sma)
    return 0


# ------------------------------------------------------------------------------------------ the set itself
cdef int64_t semctl_down(
    kernel_t *k, task_t *t, uint32_t ids, int32_t semid, int32_t cmd, const semid64_ds_t *ds
) noexcept nogil:
    cdef int64_t row = -EFAULT if cmd == IPC_SET and ds == NULL else ipcctl_obtain_check(k, t, ids, semid)
    cdef sem_array_t *sma = sem_array_row(k, <uint32_t>row)
    cdef int64_t err
    if row < 0:
        return row
    sem_lock(sma, 0)
    if cmd == IPC_RMID:
        freeary(k, <uint32_t>row)
        return 0
    err = ipc_update_perm(k, t, &sma.sem_perm, &ds.sem_perm)
    if err == 0:
        sma.sem_ctime = ktime_get_real_seconds(k)
    sem_unlock(k, sma, True)
    return err


cdef size_t semctl_size(int64_t cmd) noexcept nogil:
    if cmd == IPC_INFO or cmd == SEM_INFO:
        return sizeof(seminfo_t)
    if cmd == IPC_STAT or cmd == IPC_SET or cmd == SEM_STAT or cmd == SEM_STAT_ANY:
        return sizeof(semid64_ds_t)
    return 0


cdef int64_t do_semctl(
    kernel_t *k, task_t *t, int32_t semid, int32_t semnum, int32_t cmd, int32_t val, void *buf
) noexcept nogil:
    cdef ipc_namespace_t *ns = ipc_ns_row(k, current_ipc_ns(k, t))
    cdef uint32_t ids = ns.ids[IPC_SEM_IDS]
    if semid < 0:
        return -EINVAL
    if cmd == GETVAL or cmd == GETPID or cmd == GETNCNT or cmd == GETZCNT:
        return semctl_main(k, t, semid, semnum, cmd)
    if cmd == SETVAL:
        return semctl_setval(k, t, semid, semnum, val)
    if cmd == IPC_INFO or cmd == SEM_INFO:
        return semctl_info(k, ns, cmd, <seminfo_t *>buf)
    if cmd == IPC_STAT or cmd == SEM_STAT or (cmd == SEM_STAT_ANY and k.profile != PROFILE_4_18):
        return semctl_stat(k, t, ids, semid, cmd, <semid64_ds_t *>buf)
    if cmd == IPC_SET or cmd == IPC_RMID:
        return semctl_down(k, t, ids, semid, cmd, <const semid64_ds_t *>buf)
    return -EINVAL


# ------------------------------------------------------------------------------------------ /proc/sysvipc/sem
cdef void show_set(kernel_t *k, sem_array_t *sma, seq_file_t *m) noexcept nogil:
    cdef char line[256]
    snprintf(line, sizeof(line), b"%10d %10d  %4o %10lu %5u %5u %5u %5u %10llu %10llu\n",
             <int>sma.sem_perm.key, <int>sma.sem_perm.id, <unsigned int>sma.sem_perm.mode,
             <unsigned long>sma.sem_nsems, <unsigned int>from_kuid_munged(k, m.user_ns, sma.sem_perm.uid),
             <unsigned int>from_kgid_munged(k, m.user_ns, sma.sem_perm.gid),
             <unsigned int>from_kuid_munged(k, m.user_ns, sma.sem_perm.cuid),
             <unsigned int>from_kgid_munged(k, m.user_ns, sma.sem_perm.cgid),
             <unsigned long long>get_semotime(k, sma), <unsigned long long>sma.sem_ctime)
    seq_puts(m, line)


cdef void sysvipc_sem_show(kernel_t *k, uint32_t ns, seq_file_t *m) noexcept nogil:
    cdef ipc_ids_t *ids = ipc_ids_row(k, sem_ids(k, ns))
    cdef uint64_t index = 0
    cdef uint32_t row = xa_find(k, ids.idr, &index, ~<uint64_t>0)
    seq_puts(m, b"       key      semid perms      nsems   uid   gid  cuid  cgid      otime      ctime\n")
    while row:
        show_set(k, sem_array_row(k, row), m)
        index += 1
        row = xa_find(k, ids.idr, &index, ~<uint64_t>0)
