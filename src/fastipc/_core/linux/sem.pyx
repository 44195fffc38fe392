"""Sets of semaphores: semget, semop, the end of a set. Source: ipc/sem.c.

Missing: time slack. A timeout is exact.

Invariants: `used_sems` of a namespace is the number of semaphores in its sets; a row of `sem_queue` is live exactly
while its task is asleep in semop, or has been woken there and not run since.
"""


cdef ipc_ops_t sem_ops

cdef enum:
    TICK_NSEC = 4000000  # 250 ticks a second


cdef void sem_init() noexcept nogil:
    sem_ops.getnew = newary
    sem_ops.more_checks = sem_more_checks


# ------------------------------------------------------------------------------------------ get
cdef int64_t sem_more_checks(kernel_t *k, uint32_t row, ipc_params_t *params) noexcept nogil:
    return -EINVAL if params.size > <uint64_t>sem_array_row(k, row).sem_nsems else 0


cdef void sem_free(kernel_t *k, uint32_t row) noexcept nogil:
    cdef sem_array_t *sma = sem_array_row(k, row)
    cdef int32_t i
    if sma.sems:
        for i in range(sma.sem_nsems if unlikely(k.namespaces != 0) else 0):
            ipc_put_pid(k, sem_row(k, sma.sems + <uint32_t>i).sempid)
        memset(sem_row(k, sma.sems), 0, <size_t>sma.sem_nsems * sizeof(sem_t))
        table_free_run(k, T_SEM, sma.sems, run_order(<uint32_t>sma.sem_nsems))
    table_free(k, T_SEM_ARRAY, row, sizeof(sem_array_t))


cdef uint32_t sem_alloc(kernel_t *k, int32_t nsems) noexcept nogil:
    # A set of zeros; 0: see alloc_errno.
    cdef uint32_t row = table_alloc(k, T_SEM_ARRAY, sizeof(sem_array_t))
    cdef sem_array_t *sma = sem_array_row(k, row)
    cdef int32_t i
    if row == 0:
        return 0
    sma.sem_nsems = nsems
    sma.sems = table_alloc_run(k, T_SEM, run_order(<uint32_t>nsems))
    if sma.sems == 0:
        sem_free(k, row)
        return 0
    for i in range(nsems):
        sem_row(k, sma.sems + <uint32_t>i).live = 1
    return row


cdef int64_t newary(kernel_t *k, task_t *t, uint32_t n, ipc_params_t *params) noexcept nogil:
    cdef ipc_namespace_t *ns = ipc_ns_row(k, n)
    cdef int32_t nsems = <int32_t>params.size
    cdef uint32_t row
    cdef sem_array_t *sma
    cdef int64_t err
    if nsems == 0:
        return -EINVAL
    if <int64_t>ns.used_sems + nsems > ns.sem_ctls[1]:
        return -ENOSPC
    row = sem_alloc(k, nsems)
    if row == 0:
        return -alloc_errno(k, ENOMEM)
    sma = sem_array_row(k, row)
    sma.sem_perm.key = params.key
    sma.sem_perm.mode = <uint32_t>params.flg & S_IRWXUGO
    sma.sem_ctime = ktime_get_real_seconds(k)
    sma.ns = n
    err = ipc_addid(k, t, sem_ids(k, n), row, ns.sem_ctls[3])
    if err < 0:
        sem_free(k, row)
        return err
    sma.use_global_lock = USE_GLOBAL_LOCK_HYSTERESIS
    sem_unlock(k, sma, True)
    ns.used_sems += nsems
    return sma.sem_perm.id


cdef int64_t do_semget(kernel_t *k, task_t *t, int32_t key, int32_t nsems, int32_t flg) noexcept nogil:
    cdef uint32_t ns = current_ipc_ns(k, t)
    cdef ipc_params_t params
    if nsems < 0 or nsems > ipc_ns_row(k, ns).sem_ctls[0]:
        return -EINVAL
    params.key = key
    params.flg = flg
    params.size = <uint64_t>nsems
    return ipcget(k, t, sem_ids(k, ns), &sem_ops, &params)


# ------------------------------------------------------------------------------------------ the end
cdef void remove_sleepers(kernel_t *k, sem_array_t *sma, const ipc_list_t *list, wake_q_head_t *wake) noexcept nogil:
    cdef uint32_t i
    while list.first:
        i = list.first
        unlink_queue(k, sma, i)
        sem_queue_row(k, i).status = -EIDRM
        wake_q_add(k, wake, i)


cdef void freeary(kernel_t *k, uint32_t row) noexcept nogil:
    # Whoever sleeps in the set gets EIDRM, and nobody has to undo anything in it.
    cdef sem_array_t *sma = sem_array_row(k, row)
    cdef wake_q_head_t wake
    cdef int32_t i
    wake.first = wake.last = 0
    free_undos(k, sma)
    remove_sleepers(k, sma, &sma.pending_const, &wake)
    remove_sleepers(k, sma, &sma.pending_alter, &wake)
    for i in range(sma.sem_nsems if sma.nr_queued else 0):
        remove_sleepers(k, sma, &sem_row(k, sma.sems + <uint32_t>i).pending_const, &wake)
        remove_sleepers(k, sma, &sem_row(k, sma.sems + <uint32_t>i).pending_alter, &wake)
    ipc_rmid(k, row, &sma.sem_perm)
    ipc_ns_row(k, sma.ns).used_sems -= sma.sem_nsems
    sem_free(k, row)
    wake_up_q(k, &wake)


cdef void sem_exit_ns(kernel_t *k, uint32_t ns) noexcept nogil:
    free_ipcs(k, sem_ids(k, ns), freeary)


# ------------------------------------------------------------------------------------------ semop
ctypedef struct tried_t:  # several operations on running values
    int32_t pid
    uint32_t flags  # of all
    uint8_t alter  # whether any does
    uint8_t pids  # whether any semaphore has another pid


cdef inline int64_t scan_sops(const sembuf_t *sops, uint32_t nsops, sem_queue_t *q, bint *undos) noexcept nogil:
    # The highest number; whether the operations alter, undo, and may meet on one semaphore.
    cdef uint64_t seen = 0, mask, twice = 0
    cdef uint32_t i, highest = 0, flags = 0
    for i in range(nsops):
        mask = <uint64_t>1 << (sops[i].sem_num & 63)
        highest = max(highest, <uint32_t>sops[i].sem_num)
        flags |= <uint16_t>sops[i].sem_flg
        twice |= seen & mask
        seen |= mask if sops[i].sem_op else 0
    q.alter = seen != 0
    q.dupsop = twice != 0
    undos[0] = flags & SEM_UNDO != 0
    return highest


cdef bint keep_sops(kernel_t *k, sem_queue_t *q, const sembuf_t *sops) noexcept nogil:
    # The operations of a call that will sleep, where they stay. False: no room.
    if q.nsops <= 2:
        q.sop = sops[0]
        if q.nsops == 2:
            q.second = sops[1]
        return True
    q.sops = table_alloc_run(k, T_SEMBUF, run_order((q.nsops + SEMBUFS - 1) // SEMBUFS))
    if q.sops == 0:
        return False
    memcpy(sembufs_row(k, q.sops), sops, q.nsops * sizeof(sembuf_t))
    return True


cdef void sem_queue_free(kernel_t *k, uint32_t i) noexcept nogil:
    cdef sem_queue_t *q = sem_queue_row(k, i)
    if q.sops:
        memset(sembufs_row(k, q.sops), 0, q.nsops * sizeof(sembuf_t))
        table_free_run(k, T_SEMBUF, q.sops, run_order((q.nsops + SEMBUFS - 1) // SEMBUFS))
    table_give(k, T_SEM_QUEUE, i, sizeof(sem_queue_t))


cdef int64_t semop_deadline(kernel_t *k, int64_t ns) noexcept nogil:
    # In 4.18 time is over at a tick: timespec_to_jiffies, schedule_timeout.
    if k.profile != PROFILE_4_18 or ns > <int64_t>KTIME_MAX - k.now - TICK_NSEC:
        return deadline_after(k, ns)
    return (k.now // TICK_NSEC + (ns + TICK_NSEC - 1) // TICK_NSEC) * TICK_NSEC


cdef int64_t semop_sleep(
    kernel_t *k, task_t *t, uint32_t row, sem_queue_t *queue, const sembuf_t *sops, bint timed, int64_t timeout_ns
) noexcept nogil:
    # Precondition: the set is locked, and `queue` has found an obstacle.
    cdef uint32_t i = task_index(k, t)
    cdef sem_queue_t *q = sem_queue_row(k, i)
    cdef sem_array_t *sma = sem_array_row(k, row)
    table_take(k, T_SEM_QUEUE, i, sizeof(sem_queue_t))
    q.sma = row
    q.undo = queue.undo
    q.pid = queue.pid
    q.nsops = queue.nsops
    q.blocking = queue.blocking
    q.alter = queue.alter
    q.dupsop = queue.dupsop
    q.status = -EINTR
    if not keep_sops(k, q, sops):
        sem_queue_free(k, i)
        sem_unlock(k, sma, sma.use_global_lock != 0)
        return -alloc_errno(k, ENOMEM)
    queue_add(k, sma, i)
    sem_unlock(k, sma, sma.use_global_lock != 0)
    if (timed and timeout_ns == 0) or signal_pending(t):
        t.call.flags |= CALL_EXPIRED if not signal_pending(t) else 0
        return semop_resume(k, t)
    if timed:
        t.call.deadline = semop_deadline(k, timeout_ns)
        t.call.flags |= CALL_TIMEOUT
        timer_start(k, i, t.call.deadline)
    t.state = TASK_INTERRUPTIBLE
    return -ESLEEP


cdef inline int64_t semop_locked(
    kernel_t *k, task_t *t, uint32_t row, sem_queue_t *q, const sembuf_t *sops, bint timed, int64_t timeout_ns
) noexcept nogil:
    # All has been checked.
    cdef sem_array_t *sma = sem_array_row(k, row)
    cdef bint whole = sem_lock(sma, q.nsops)
    cdef wake_q_head_t wake
    cdef int error = perform_atomic_semop(k, sma, q, sops)
    if unlikely(error > 0):
        return semop_sleep(k, t, row, q, sops, timed, timeout_ns)
    if unlikely(error < 0):
        sem_unlock(k, sma, whole)
        return error
    wake.first = 0
    if q.alter:
        wake.last = 0
        do_smart_update(k, sma, sops, q.nsops, True, &wake)
    else:
        set_semotime(k, sma, sops)
    sem_unlock(k, sma, whole)
    if unlikely(wake.first != 0):
        wake_up_q(k, &wake)
    return 0


cdef inline uint32_t sop_word(const sembuf_t *sop) noexcept nogil:
    # Number and operation as one, which is less than the number of semaphores if it waits for one of these to be 0.
    return sop.sem_num | <uint32_t><uint16_t>sop.sem_op << 16


cdef inline uint64_t sop_words(const sembuf_t *sop) noexcept nogil:
    # The flags above these, so that it is less only without flags. Precondition: another operation lies before it.
    cdef uint64_t word
    memcpy(&word, <const char *>sop - 2, 8)
    return word >> 16


cdef inline uint64_t sem_word(int32_t semval, int32_t sempid) noexcept nogil:
    return <uint32_t>semval | <uint64_t><uint32_t>sempid << 32


cdef inline const sembuf_t *zeros_at_once(
    const sem_t *sems, uint32_t nsems, const sembuf_t *sop, const sembuf_t *end, tried_t *tried
) noexcept nogil:
    # Past all operations that wait for zero and find it, most of them in the inner loop: without flags, and the number
    # of the process is there already.
    cdef uint64_t zero = sem_word(0, tried.pid), word
    cdef const sem_t *curr
    while sop != end and likely(sop_word(sop) < nsems):
        curr = &sems[sop_word(sop)]
        tried.flags |= <uint16_t>sop.sem_flg
        if unlikely(sem_word(curr.semval, curr.sempid) != zero):
            if curr.semval:
                break
            tried.pids = True
        sop += 1
        while sop != end:
            word = sop_words(sop)
            if unlikely(word >= nsems or sem_word(sems[word].semval, sems[word].sempid) != zero):
                break
            sop += 1
    return sop


cdef inline bint alter_at_once(sem_t *sems, uint32_t nsems, const sembuf_t *sop, tried_t *tried) noexcept nogil:
    cdef sem_t *curr = &sems[sop.sem_num]
    cdef int32_t result
    if unlikely(sop.sem_num >= nsems or sop.sem_op == 0):
        return False
    result = curr.semval + sop.sem_op
    if unlikely(<uint32_t>result > SEMVMX):
        return False
    curr.semval = result
    tried.flags |= <uint16_t>sop.sem_flg
    tried.alter = tried.pids = True
    return True


cdef inline bint perform_at_once(
    sem_t *sems, uint32_t nsems, const sembuf_t *sops, uint32_t n, tried_t *tried
) noexcept nogil:
    # All operations, in array order on running values, none of which is undone at the end of its process. False, with
    # nothing done: there is an obstacle, or an error. Precondition: as many semaphores as have numbers, at most.
    cdef const sembuf_t *end = sops + n
    cdef const sembuf_t *sop = zeros_at_once(sems, nsems, sops, end, tried)
    while sop != end and alter_at_once(sems, nsems, sop, tried):
        sop = zeros_at_once(sems, nsems, sop + 1, end, tried)
    if likely(sop == end and not tried.flags & SEM_UNDO):
        return True
    while sop > sops:
        sop -= 1
        sems[sop.sem_num].semval -= sop.sem_op
    return False


cdef inline bint semop_several(
    kernel_t *k, task_t *t, int32_t semid, const sembuf_t *sops, uint32_t n, int64_t *found
) noexcept nogil:
    # What most calls of several operations are: the owner's, and all can be done. False, with nothing done, if not so;
    # `found` is then the set if it is the owner's, else 0.
    cdef int64_t row = ipc_obtain_object_check(k, current_ids(k, t, IPC_SEM_IDS), semid)
    cdef sem_array_t *sma = sem_array_row(k, <uint32_t>row)
    cdef sem_t *sems
    cdef wake_q_head_t wake
    cdef tried_t tried
    cdef uint32_t i
    if unlikely(row < 0 or k.namespaces != 0 or not owner_may(k, t, &sma.sem_perm, 6)):
        return False
    found[0] = row
    sems = sem_row(k, sma.sems)
    tried.pid = t.tgid
    tried.flags = tried.alter = tried.pids = 0
    if unlikely(not perform_at_once(sems, min(<uint32_t>sma.sem_nsems, <uint32_t>0x10000), sops, n, &tried)):
        return False
    if tried.pids:
        for i in range(n):
            sems[sops[i].sem_num].sempid = tried.pid
    sem_lock(sma, n)
    wake.first = wake.last = 0
    if tried.alter:
        do_smart_update(k, sma, sops, n, True, &wake)
    else:
        set_semotime(k, sma, sops)
    sem_unlock(k, sma, True)
    if unlikely(wake.first != 0):
        wake_up_q(k, &wake)
    return True


cdef int64_t do_semtimedop(
    kernel_t *k, task_t *t, int32_t semid, const sembuf_t *sops, uint32_t nsops, bint timed, int64_t timeout_ns
) noexcept nogil:
    # The operations have been fetched already, which is where E2BIG and EFAULT are found; both are looked for again.
    cdef uint32_t n = current_ipc_ns(k, t)
    cdef uint32_t ids = sem_ids(k, n)
    cdef sem_queue_t q
    cdef bint undos
    cdef int64_t highest, row, found = 0
    if unlikely(nsops > <uint32_t>ipc_ns_row(k, n).sem_ctls[2]):
        return -E2BIG
    if unlikely(nsops < 1 or semid < 0 or (timed and timeout_ns < 0)):
        return -EINVAL
    if nsops > 1 and semop_several(k, t, semid, sops, nsops, &found):
        return 0
    highest = scan_sops(sops, nsops, &q, &undos)
    q.undo = 0
    if undos:
        row = find_alloc_undo(k, t, ids, semid)
        if row < 0:
            return row
        q.undo = <uint32_t>row
        row = sem_undo_row(k, q.undo).sma
    else:
        row = found if found else ipc_obtain_object_check(k, ids, semid)
        if unlikely(row < 0):
            return row
    if unlikely(highest >= sem_array_row(k, <uint32_t>row).sem_nsems):
        return -EFBIG
    if found == 0 and unlikely(
            ipcperms(k, t, &sem_array_row(k, <uint32_t>row).sem_perm, S_IWUGO if q.alter else S_IRUGO)):
        return -EACCES
    q.nsops = nsops
    q.pid = t.tgid
    return semop_locked(k, t, <uint32_t>row, &q, sops, timed, timeout_ns)


cdef int64_t semop_look(kernel_t *k, task_t *t, const sembuf_t *sop) noexcept nogil:
    # After semop_one: who else can go on now does, and the set is unlocked.
    cdef uint32_t ids = current_ids(k, t, IPC_SEM_IDS)
    cdef sem_array_t *sma = sem_array_row(k, ipc_ids_row(k, ids).found)
    cdef wake_q_head_t wake
    wake.first = wake.last = 0
    if sma.nr_queued != 0 and sop.sem_op != 0:
        wake_sleepers(k, sma, sop, 1, &wake)
    sem_unlock(k, sma, sma.use_global_lock != 0)
    wake_up_q(k, &wake)
    return 0


cdef bint semop_resume_several(kernel_t *k, task_t *t) noexcept nogil:
    # semop_resume_one for several operations.
    if sem_queue_row(k, task_index(k, t)).status != 0:
        return False
    sem_queue_free(k, task_index(k, t))
    return True


cdef int64_t semop_resume(kernel_t *k, task_t *t) noexcept nogil:
    # Who finds a result takes it, whatever else has happened. Else the time may be over, or a signal pending.
    cdef uint32_t i = task_index(k, t)
    cdef sem_queue_t *q = sem_queue_row(k, i)
    cdef sem_array_t *sma = sem_array_row(k, q.sma)
    cdef int64_t error = q.status
    cdef bint whole
    if error == -EINTR:
        whole = sem_lock(sma, q.nsops)
        if t.call.flags & CALL_EXPIRED:
            error = -EAGAIN
        elif not signal_pending(t):  # for nothing
            sem_unlock(k, sma, whole)
            t.state = TASK_INTERRUPTIBLE
            return -ESLEEP
        unlink_queue(k, sma, i)
        sem_unlock(k, sma, whole)
    timer_cancel(k, i, t)
    sem_queue_free(k, i)
    return error


cdef void semop_abort(kernel_t *k, task_t *t) noexcept nogil:
    # The task ends in its sleep.
    cdef uint32_t i = task_index(k, t)
    cdef sem_queue_t *q = sem_queue_row(k, i)
    cdef sem_array_t *sma = sem_array_row(k, q.sma)
    cdef bint whole
    if not q.live:
        return
    if q.status == -EINTR:
        whole = sem_lock(sma, q.nsops)
        unlink_queue(k, sma, i)
        sem_unlock(k, sma, whole)
    sem_queue_free(k, i)


# ------------------------------------------------------------------------------------------ checks
cdef bint sem_check(kernel_t *k) noexcept nogil:
    cdef uint32_t i, j
    cdef int64_t used = 0
    cdef sem_array_t *sma
    for i in range(1, k.table[T_SEM_ARRAY].high):
        sma = sem_array_row(k, i)
        if not sma.live:
            continue
        used += sma.sem_nsems
        for j in range(<uint32_t>sma.sem_nsems):
            if not check(k, sem_row(k, sma.sems + j).live != 0 and 0 <= sem_row(k, sma.sems + j).semval <= SEMVMX,
                         b"sem: wrong value"):
                return False
    for i in range(1, k.table[T_IPC_NAMESPACE].high):
        used -= ipc_ns_row(k, i).used_sems if ipc_ns_row(k, i).live else 0
    return check(k, used == 0, b"sem: semaphores miscounted") and sem_queue_check(k) and sem_undo_check(k)
