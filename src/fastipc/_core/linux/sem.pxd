# System V semaphores. Source: ipc/sem.c.
#
# One semop is all or nothing. What must wait is a row of `sem_queue`, with the number of its task, on a queue of the
# set or of one semaphore. Whoever changes a value does the sleepers' operations for them, in the order of the queues,
# stores their results and wakes them afterwards.


ctypedef union semctl_t:  # what semctl reads or fills, by command
    semid64_ds_t ds
    seminfo_t info

cdef enum:
    SEM_LAST = 0xffffffff  # sem.dirty_next
    SEMBUFS = 8  # operations of a row of sembufs


cdef void sem_init() noexcept nogil
cdef int64_t do_semget(kernel_t *k, task_t *t, int32_t key, int32_t nsems, int32_t flg) noexcept nogil
cdef int64_t do_semtimedop(
    kernel_t *k, task_t *t, int32_t semid, const sembuf_t *sops, uint32_t nsops, bint timed, int64_t timeout_ns
) noexcept nogil
cdef int64_t semop_look(kernel_t *k, task_t *t, const sembuf_t *sop) noexcept nogil  # the result of the call
cdef bint semop_resume_several(kernel_t *k, task_t *t) noexcept nogil
cdef int64_t semop_resume(kernel_t *k, task_t *t) noexcept nogil
cdef void semop_abort(kernel_t *k, task_t *t) noexcept nogil
cdef void freeary(kernel_t *k, uint32_t row) noexcept nogil
cdef void sem_exit_ns(kernel_t *k, uint32_t ns) noexcept nogil
cdef bint sem_check(kernel_t *k) noexcept nogil

# sem_queue.pyx
cdef int perform_atomic_semop_slow(
    kernel_t *k, sem_array_t *sma, sem_queue_t *q, const sembuf_t *sops
) noexcept nogil
cdef void queue_add(kernel_t *k, sem_array_t *sma, uint32_t i) noexcept nogil
cdef void unlink_queue(kernel_t *k, sem_array_t *sma, uint32_t i) noexcept nogil
cdef void unmerge_queues(kernel_t *k, sem_array_t *sma) noexcept nogil
cdef bint wake_sleepers(
    kernel_t *k, sem_array_t *sma, const sembuf_t *sops, uint32_t nsops, wake_q_head_t *wake
) noexcept nogil
cdef int32_t count_semcnt(kernel_t *k, sem_array_t *sma, uint32_t semnum, bint count_zero) noexcept nogil
cdef bint sem_queue_check(kernel_t *k) noexcept nogil

# sem_undo.pyx
cdef int64_t find_alloc_undo(kernel_t *k, task_t *t, uint32_t ids, int32_t semid) noexcept nogil
cdef int64_t copy_semundo(kernel_t *k, task_t *t, task_t *c) noexcept nogil  # 0 or -ENOMEM
cdef void exit_sem(kernel_t *k, task_t *t) noexcept nogil
cdef void free_undos(kernel_t *k, sem_array_t *sma) noexcept nogil
cdef void clear_semadj(kernel_t *k, sem_array_t *sma, int64_t semnum) noexcept nogil  # of one semaphore; -1: of all
cdef bint sem_undo_check(kernel_t *k) noexcept nogil

# sem_ctl.pyx
cdef int64_t do_semctl(
    kernel_t *k, task_t *t, int32_t semid, int32_t semnum, int32_t cmd, int32_t val, void *buf
) noexcept nogil  # `buf`: of semctl_size bytes, or NULL: an address that is bad. Not for GETALL and SETALL
cdef size_t semctl_size(int64_t cmd) noexcept nogil  # bytes that a command reads or fills
cdef int64_t semctl_nsems(
    kernel_t *k, task_t *t, int32_t semid, int32_t cmd
) noexcept nogil  # of GETALL and SETALL: how many numbers, if the caller may; or -errno
cdef int64_t sem_getall(kernel_t *k, task_t *t, int32_t semid, uint16_t *to) noexcept nogil
cdef int64_t sem_setall(kernel_t *k, task_t *t, int32_t semid, const uint16_t *values) noexcept nogil
cdef int64_t get_semotime(kernel_t *k, sem_array_t *sma) noexcept nogil
cdef void sysvipc_sem_show(kernel_t *k, uint32_t ns, seq_file_t *m) noexcept nogil


cdef inline uint32_t sem_ids(kernel_t *k, uint32_t ns) noexcept nogil:
    return ipc_ns_row(k, ns).ids[IPC_SEM_IDS]


cdef inline sembuf_t *queue_sops(kernel_t *k, sem_queue_t *q) noexcept nogil:
    return &q.sop if q.nsops <= 2 else <sembuf_t *>sembufs_row(k, q.sops)


# ------------------------------------------------------------------------------------------ locks
# Nobody ever waits for a lock here. What is kept of them is their mode, which decides what queue a sleeper is on.
cdef inline bint sem_lock(sem_array_t *sma, uint32_t nsops) noexcept nogil:
    # True: all of the set is locked. Precondition: `nsops` is not 1 if what follows touches more than one semaphore.
    if nsops != 1:
        sma.use_global_lock = USE_GLOBAL_LOCK_HYSTERESIS  # complexmode_enter
        return True
    return sma.use_global_lock != 0


cdef inline void sem_unlock(kernel_t *k, sem_array_t *sma, bint whole) noexcept nogil:
    if whole and sma.complex_count == 0:
        if unlikely(sma.pending_alter.first != 0):
            unmerge_queues(k, sma)
        sma.use_global_lock -= 1  # complexmode_tryleave


# ------------------------------------------------------------------------------------------ operations
cdef inline int perform_without_undo(sem_t *sems, sem_queue_t *q, const sembuf_t *sops) noexcept nogil:
    # What perform_atomic_semop mostly is: no operation has SEM_UNDO, and numbers of processes need no translation.
    cdef sem_t *curr
    cdef uint32_t i, nsops = q.nsops
    cdef int32_t pid = q.pid, op, result
    for i in range(nsops):
        op = sops[i].sem_op
        result = sems[sops[i].sem_num].semval + op
        if unlikely(<uint32_t>result > SEMVMX) or unlikely(op == 0 and result):
            if result > SEMVMX:
                return -ERANGE
            q.blocking = i
            return -EAGAIN if sops[i].sem_flg & IPC_NOWAIT else 1
    for i in range(nsops):
        curr = &sems[sops[i].sem_num]
        curr.semval += sops[i].sem_op
        curr.sempid = pid
    return 0


cdef inline int perform_atomic_semop(
    kernel_t *k, sem_array_t *sma, sem_queue_t *q, const sembuf_t *sops
) noexcept nogil:
    # 0: done; 1: must sleep, at q.blocking; or -errno, and nothing is changed. No two operations of `sops` are on one
    # semaphore, unless q.dupsop says that they may be.
    cdef sem_t *sems = sem_row(k, sma.sems)
    cdef sem_t *curr
    cdef int16_t *semadj = semadj_row(k, sem_undo_row(k, q.undo).semadj).adj
    cdef uint32_t i, nsops = q.nsops
    cdef int32_t op, result, undo
    if unlikely(q.dupsop):
        return perform_atomic_semop_slow(k, sma, q, sops)
    if likely(q.undo == 0 and k.namespaces == 0):
        return perform_without_undo(sems, q, sops)
    for i in range(nsops):
        op = sops[i].sem_op
        result = sems[sops[i].sem_num].semval + op
        if result < 0 or (op == 0 and result):
            q.blocking = i
            return -EAGAIN if sops[i].sem_flg & IPC_NOWAIT else 1
        if result > SEMVMX:
            return -ERANGE
        if sops[i].sem_flg & SEM_UNDO:
            undo = semadj[sops[i].sem_num] - op
            if undo < -SEMAEM - 1 or undo > SEMAEM:
                return -ERANGE
    for i in range(nsops):
        curr = &sems[sops[i].sem_num]
        if sops[i].sem_flg & SEM_UNDO:
            semadj[sops[i].sem_num] = <int16_t>(semadj[sops[i].sem_num] - sops[i].sem_op)
        curr.semval += sops[i].sem_op
        ipc_update_pid(k, &curr.sempid, q.pid)
    return 0


cdef inline void set_semotime(kernel_t *k, sem_array_t *sma, const sembuf_t *sops) noexcept nogil:
    sem_row(k, sma.sems + (sops[0].sem_num if sops != NULL else 0)).sem_otime = ktime_get_real_seconds(k)


cdef inline void do_smart_update(
    kernel_t *k, sem_array_t *sma, const sembuf_t *sops, uint32_t nsops, bint otime, wake_q_head_t *wake
) noexcept nogil:
    # The values have changed, by `sops`; NULL: all may have. Whoever can go on now does.
    if unlikely(sma.nr_queued != 0):
        otime |= wake_sleepers(k, sma, sops, nsops, wake)
    if otime:
        set_semotime(k, sma, sops)


# ------------------------------------------------------------------------------------------ one operation
cdef inline void sem_wait_one(
    kernel_t *k, task_t *t, sem_array_t *sma, sem_t *curr, const sembuf_t *sop
) noexcept nogil:
    # Begins to wait for one semaphore, while no complex operation sleeps: semop_sleep and queue_add.
    cdef uint32_t i = task_index(k, t)
    cdef sem_queue_t *q = sem_queue_row(k, i)
    table_take(k, T_SEM_QUEUE, i, sizeof(sem_queue_t))
    q.sma = <uint32_t>(sma - sem_array_row(k, 0))
    q.pid = t.tgid
    q.nsops = 1
    q.alter = 1
    q.status = -EINTR
    q.sop = sop[0]
    list_add_tail(k, T_SEM_QUEUE, sizeof(sem_queue_t), &curr.pending_alter, i)
    sma.nr_queued += 1
    t.state = TASK_INTERRUPTIBLE


cdef inline bint sem_wake_one(kernel_t *k, sem_array_t *sma, sem_t *curr) noexcept nogil:
    # The only sleeper of a set waits for this semaphore, and has enough now. False, with nothing done, if not so.
    # Precondition: numbers of processes are what they seem.
    cdef uint32_t i = curr.pending_alter.first
    cdef sem_queue_t *q = sem_queue_row(k, i)
    if unlikely(sma.nr_queued != 1 or i == 0) or unlikely(q.undo or curr.semval + q.sop.sem_op < 0):
        return False
    curr.semval += q.sop.sem_op
    curr.pending_alter.first = curr.pending_alter.last = 0
    sma.nr_queued = 0
    q.status = 0
    try_to_wake_up(k, i, TASK_NORMAL)
    curr.sempid = q.pid
    return True


cdef enum:  # what semop_one has done
    SEMOP_NOTHING = 0  # this is another case
    SEMOP_DONE = 1
    SEMOP_WAITS = 2  # the task waits, and the call's record is still to be made
    SEMOP_LOOK = 3  # it is done, but semop_look is still to be called


cdef inline int semop_one(
    kernel_t *k, task_t *t, int64_t row, const sembuf_t *sop, bint may_wait
) noexcept nogil:
    # What most calls are: one operation, nothing to undo. `row`: the set, if it is known.
    cdef sem_array_t *sma = sem_array_row(k, <uint32_t>row)
    cdef sem_t *curr
    cdef int32_t value
    if (unlikely(row <= 0 or sop.sem_flg & SEM_UNDO or k.namespaces)
            or unlikely(sop.sem_num >= <uint32_t>sma.sem_nsems or not owner_may(k, t, &sma.sem_perm, 6))):
        return SEMOP_NOTHING
    curr = sem_row(k, sma.sems + sop.sem_num)
    value = curr.semval + sop.sem_op
    if value < 0:
        if unlikely(not may_wait or sop.sem_flg & IPC_NOWAIT) or unlikely(sma.complex_count or sma.use_global_lock):
            return SEMOP_NOTHING
        sem_wait_one(k, t, sma, curr, sop)
        return SEMOP_WAITS
    if unlikely(value > SEMVMX) or unlikely(sop.sem_op == 0 and value != 0):
        return SEMOP_NOTHING
    curr.semval = value
    curr.sem_otime = ktime_get_real_seconds(k)
    curr.sempid = t.tgid
    if unlikely(sma.use_global_lock != 0):
        return SEMOP_LOOK
    if sma.nr_queued != 0 and sop.sem_op != 0:
        return SEMOP_DONE if likely(sop.sem_op > 0 and sem_wake_one(k, sma, curr)) else SEMOP_LOOK
    return SEMOP_DONE


cdef inline bint semop_resume_one(kernel_t *k, task_t *t) noexcept nogil:
    # The commonest end of a sleep: the operation was done by another. False: semop_resume must look.
    cdef sem_queue_t *q = sem_queue_row(k, task_index(k, t))
    if t.call.nr != NR_semop or unlikely(q.status != 0 or q.nsops != 1):
        return False
    table_give(k, T_SEM_QUEUE, task_index(k, t), sizeof(sem_queue_t))
    return True
