"""Who waits in semop, and who goes on when values change. Source: ipc/sem.c (perform_atomic_semop, update_queue,
do_smart_update, count_semcnt).

Sleepers of one operation are on a queue of their semaphore, and so are all who wait for zero there. While one of
several operations sleeps, all who alter are on one queue of the set, oldest first. Linux then looks at each of these
whenever a value changes. Here they watch the semaphore of their first obstacle, and only who watches one that has
changed is looked at, in the order of the queue, so that the same ones go on in the same order. Whom a change elsewhere
may concern, since an operation before the obstacle could fail, is on `watch_any`.

Invariants: `complex_count` is the number of sleepers with several operations; while it is 0 the queue of the set is
empty; every sleeper on that queue is on one `watch` list; no sleeper can go on. Who alters could not fail either; who
waits for zero is only looked at when something has become zero, as in Linux.
"""


cdef inline void alter_add(kernel_t *k, ipc_list_t *list, uint32_t i) noexcept nogil:
    list_add_tail(k, T_SEM_QUEUE, sizeof(sem_queue_t), list, i)


cdef inline void alter_del(kernel_t *k, ipc_list_t *list, uint32_t i) noexcept nogil:
    list_del(k, T_SEM_QUEUE, sizeof(sem_queue_t), list, i)


# ------------------------------------------------------------------------------------------ several on one semaphore
cdef inline int op_error(const sembuf_t *sop, int32_t value, const int16_t *semadj) noexcept nogil:
    # 0; 1: an obstacle; or -ERANGE.
    cdef int32_t op = sop.sem_op, undo
    if value + op < 0 or (op == 0 and value):
        return 1
    if value + op > SEMVMX:
        return -ERANGE
    if sop.sem_flg & SEM_UNDO:
        undo = semadj[sop.sem_num] - op
        if undo < -SEMAEM - 1 or undo > SEMAEM:
            return -ERANGE
    return 0


cdef int perform_atomic_semop_slow(
    kernel_t *k, sem_array_t *sma, sem_queue_t *q, const sembuf_t *sops
) noexcept nogil:
    # Each operation finds what those before have made of the values; what was done is undone if one fails.
    cdef sem_t *sems = sem_row(k, sma.sems)
    cdef int16_t *semadj = semadj_row(k, sem_undo_row(k, q.undo).semadj).adj
    cdef uint32_t i = 0, j
    cdef int err = 0
    while i < q.nsops:
        err = op_error(&sops[i], sems[sops[i].sem_num].semval, semadj)
        if err:
            break
        sems[sops[i].sem_num].semval += sops[i].sem_op
        if sops[i].sem_flg & SEM_UNDO:
            semadj[sops[i].sem_num] = <int16_t>(semadj[sops[i].sem_num] - sops[i].sem_op)
        i += 1
    if err == 0:
        for i in range(q.nsops):
            ipc_update_pid(k, &sems[sops[i].sem_num].sempid, q.pid)
        return 0
    for j in range(i):
        sems[sops[j].sem_num].semval -= sops[j].sem_op
        if sops[j].sem_flg & SEM_UNDO:
            semadj[sops[j].sem_num] = <int16_t>(semadj[sops[j].sem_num] + sops[j].sem_op)
    if err < 0:
        return err
    q.blocking = i
    return -EAGAIN if sops[i].sem_flg & IPC_NOWAIT else 1


cdef int retry_semop(kernel_t *k, sem_array_t *sma, sem_queue_t *q) noexcept nogil:
    # The operations of a sleeper.
    return perform_atomic_semop(k, sma, q, queue_sops(k, q))


# ------------------------------------------------------------------------------------------ watching
cdef inline bint obstacle_is_all(const sembuf_t *sops, uint32_t blocking) noexcept nogil:
    # Whether the operations before the obstacle can do nothing but succeed, or be obstacles themselves.
    cdef uint32_t i
    for i in range(blocking):
        if sops[i].sem_op > 0 or sops[i].sem_flg & (SEM_UNDO | IPC_NOWAIT):
            return False
    return True


cdef void watch_insert(kernel_t *k, ipc_list_t *list, uint32_t i) noexcept nogil:
    # In the order of the queue; mostly it is the last.
    cdef sem_queue_t *q = sem_queue_row(k, i)
    cdef uint32_t after = list.last, next
    while after and <int32_t>(sem_queue_row(k, after).seq - q.seq) > 0:
        after = sem_queue_row(k, after).watch_prev
    next = sem_queue_row(k, after).watch_next if after else list.first
    q.watch_prev = after
    q.watch_next = next
    if after:
        sem_queue_row(k, after).watch_next = i
    else:
        list.first = i
    if next:
        sem_queue_row(k, next).watch_prev = i
    else:
        list.last = i


cdef inline bint waits_for_zero(kernel_t *k, sem_queue_t *q) noexcept nogil:
    return queue_sops(k, q)[q.blocking].sem_op == 0


cdef void watch(kernel_t *k, sem_array_t *sma, uint32_t i) noexcept nogil:
    # The obstacle was found just now.
    cdef sem_queue_t *q = sem_queue_row(k, i)
    cdef const sembuf_t *sops = queue_sops(k, q)
    if not obstacle_is_all(sops, q.blocking):
        q.watched = Q_ANY
        watch_insert(k, &sma.watch_any, i)
        return
    q.watched = Q_WATCHED
    q.watch_num = sops[q.blocking].sem_num
    q.watch_zero = sops[q.blocking].sem_op == 0
    sem_row(k, sma.sems + q.watch_num).watch_zero += q.watch_zero
    watch_insert(k, &sem_row(k, sma.sems + q.watch_num).watch, i)


cdef void unwatch(kernel_t *k, sem_array_t *sma, sem_queue_t *q) noexcept nogil:
    cdef sem_t *curr = sem_row(k, sma.sems + q.watch_num)
    cdef ipc_list_t *list = &sma.watch_any
    if q.watched == Q_UNWATCHED:
        return
    if q.watched == Q_WATCHED:
        curr.watch_zero -= q.watch_zero
        list = &curr.watch
    if q.watch_prev:
        sem_queue_row(k, q.watch_prev).watch_next = q.watch_next
    else:
        list.first = q.watch_next
    if q.watch_next:
        sem_queue_row(k, q.watch_next).watch_prev = q.watch_prev
    else:
        list.last = q.watch_prev
    q.watch_next = q.watch_prev = 0
    q.watch_zero = q.watched = Q_UNWATCHED
    q.watch_num = 0


# ------------------------------------------------------------------------------------------ queues
cdef inline void add_to_set(kernel_t *k, sem_array_t *sma, uint32_t i) noexcept nogil:
    sem_queue_row(k, i).seq = sma.seq
    sma.seq += 1
    alter_add(k, &sma.pending_alter, i)
    watch(k, sma, i)


cdef void merge_queues(kernel_t *k, sem_array_t *sma) noexcept nogil:
    # From now on one queue for all who alter. The queues are put in front of each other.
    cdef int32_t num
    cdef uint32_t i, next
    for num in range(sma.sem_nsems - 1, -1, -1):
        i = sem_row(k, sma.sems + <uint32_t>num).pending_alter.first
        sem_row(k, sma.sems + <uint32_t>num).pending_alter.first = 0
        sem_row(k, sma.sems + <uint32_t>num).pending_alter.last = 0
        while i:
            next = sem_queue_row(k, i).next
            add_to_set(k, sma, i)
            i = next


cdef void unmerge_queues(kernel_t *k, sem_array_t *sma) noexcept nogil:
    # The last complex operation is over.
    cdef uint32_t i = sma.pending_alter.first, next
    sma.pending_alter.first = sma.pending_alter.last = 0
    while i:
        next = sem_queue_row(k, i).next
        unwatch(k, sma, sem_queue_row(k, i))
        alter_add(k, &sem_row(k, sma.sems + sem_queue_row(k, i).sop.sem_num).pending_alter, i)
        i = next


cdef void queue_add(kernel_t *k, sem_array_t *sma, uint32_t i) noexcept nogil:
    # Task `i` begins to wait; its row is filled.
    cdef sem_queue_t *q = sem_queue_row(k, i)
    if q.nsops == 1 and not q.alter:
        alter_add(k, &sem_row(k, sma.sems + q.sop.sem_num).pending_const, i)
    elif q.nsops == 1 and sma.complex_count == 0:
        alter_add(k, &sem_row(k, sma.sems + q.sop.sem_num).pending_alter, i)
    else:
        if q.nsops != 1 and sma.complex_count == 0 and sma.nr_queued:
            merge_queues(k, sma)
        if q.alter:
            add_to_set(k, sma, i)
        else:
            alter_add(k, &sma.pending_const, i)
        sma.complex_count += q.nsops != 1
    sma.nr_queued += 1
    sma.nr_const += not q.alter


cdef void unlink_queue(kernel_t *k, sem_array_t *sma, uint32_t i) noexcept nogil:
    cdef sem_queue_t *q = sem_queue_row(k, i)
    if q.alter and q.watched != Q_UNWATCHED:
        unwatch(k, sma, q)
        alter_del(k, &sma.pending_alter, i)
    elif q.alter:
        alter_del(k, &sem_row(k, sma.sems + q.sop.sem_num).pending_alter, i)
    elif q.nsops == 1:
        alter_del(k, &sem_row(k, sma.sems + q.sop.sem_num).pending_const, i)
    else:
        alter_del(k, &sma.pending_const, i)
    sma.complex_count -= q.nsops != 1
    sma.nr_queued -= 1
    sma.nr_const -= not q.alter


cdef inline void wake_up_sem_queue_prepare(kernel_t *k, uint32_t i, int error, wake_q_head_t *wake) noexcept nogil:
    # The result is there before the task wakes.
    sem_queue_row(k, i).status = error
    wake_q_add(k, wake, i)


# ------------------------------------------------------------------------------------------ who waits for zero
cdef bint wake_const_ops(
    kernel_t *k, sem_array_t *sma, const ipc_list_t *pending, wake_q_head_t *wake
) noexcept nogil:
    cdef uint32_t i = pending.first, next
    cdef bint completed = False
    cdef sem_queue_t *q
    cdef int error
    while i:
        q = sem_queue_row(k, i)
        next = q.next
        error = retry_semop(k, sma, q)
        if error <= 0:
            unlink_queue(k, sma, i)
            wake_up_sem_queue_prepare(k, i, error, wake)
            completed |= error == 0
        i = next
    return completed


cdef bint do_smart_wakeup_zero(
    kernel_t *k, sem_array_t *sma, const sembuf_t *sops, uint32_t nsops, wake_q_head_t *wake
) noexcept nogil:
    # Those of each semaphore that is 0 now, then those of several operations.
    cdef bint completed = False, got_zero = False
    cdef uint32_t i, n = nsops if sops != NULL else <uint32_t>sma.sem_nsems
    cdef sem_t *curr
    if likely(sma.nr_const == 0):
        return False
    for i in range(n):
        curr = sem_row(k, sma.sems + (sops[i].sem_num if sops != NULL else i))
        if curr.semval == 0:
            got_zero = True
            if curr.pending_const.first:
                completed |= wake_const_ops(k, sma, &curr.pending_const, wake)
    if got_zero and sma.pending_const.first:
        completed |= wake_const_ops(k, sma, &sma.pending_const, wake)
    return completed


# ------------------------------------------------------------------------------------------ who alters one semaphore
cdef bint update_queue(kernel_t *k, sem_array_t *sma, sem_t *curr, wake_q_head_t *wake) noexcept nogil:
    # No complex operation sleeps: what goes on takes from the value, so nobody before it can go on after it.
    cdef uint32_t i = curr.pending_alter.first, next
    cdef bint completed = False
    cdef sem_queue_t *q
    cdef int error
    while i and curr.semval:
        q = sem_queue_row(k, i)
        next = q.next
        error = retry_semop(k, sma, q)
        if error <= 0:
            unlink_queue(k, sma, i)
            if error == 0:
                completed = True
                do_smart_wakeup_zero(k, sma, &q.sop, 1, wake)
            wake_up_sem_queue_prepare(k, i, error, wake)
        i = next
    return completed


# ------------------------------------------------------------------------------------------ who is on the set's queue
cdef inline void mark_dirty(kernel_t *k, uint32_t row, uint32_t *dirty) noexcept nogil:
    # A semaphore has changed: all who watch it are to be looked at.
    cdef sem_t *curr = sem_row(k, row)
    if curr.watch.first == 0:
        return
    curr.cursor = curr.watch.first
    if curr.dirty_next == 0:
        curr.dirty_next = dirty[0]
        dirty[0] = row


cdef void mark_changed(
    kernel_t *k, sem_array_t *sma, const sembuf_t *sops, uint32_t nsops, uint32_t *dirty
) noexcept nogil:
    cdef uint32_t i
    for i in range(nsops if sops != NULL else <uint32_t>sma.sem_nsems):
        if sops == NULL or sops[i].sem_op:
            mark_dirty(k, sma.sems + (sops[i].sem_num if sops != NULL else i), dirty)


cdef uint32_t oldest_dirty(kernel_t *k, uint32_t *dirty, uint32_t any) noexcept nogil:
    # The first in the order of the queue among all cursors; `any` is that of watch_any. A semaphore that is 0 lets
    # nobody on who takes from it, and no semaphore stays that has no more to look at.
    cdef uint32_t best = any, row
    cdef uint32_t *at = dirty
    cdef sem_t *curr
    while at[0] != SEM_LAST:
        row = at[0]
        curr = sem_row(k, row)
        if curr.cursor == 0 or (curr.semval == 0 and curr.watch_zero == 0):
            at[0] = curr.dirty_next
            curr.dirty_next = curr.cursor = 0
            continue
        if best == 0 or <int32_t>(sem_queue_row(k, curr.cursor).seq - sem_queue_row(k, best).seq) < 0:
            best = curr.cursor
        at = &curr.dirty_next
    return best


cdef inline void watch_again(kernel_t *k, sem_array_t *sma, uint32_t i, uint32_t obstacle) noexcept nogil:
    # Who still has an obstacle keeps his place among those who watch, if it is the same.
    cdef sem_queue_t *q = sem_queue_row(k, i)
    if q.blocking != obstacle:
        unwatch(k, sma, q)
        watch(k, sma, i)


cdef bint update_set(
    kernel_t *k, sem_array_t *sma, const sembuf_t *sops, uint32_t nsops, wake_q_head_t *wake
) noexcept nogil:
    # update_queue for the queue of the set.
    cdef uint32_t dirty = SEM_LAST, any = sma.watch_any.first, i, obstacle
    cdef bint completed = False
    cdef sem_queue_t *q
    cdef int error
    mark_changed(k, sma, sops, nsops, &dirty)
    while True:
        i = oldest_dirty(k, &dirty, any)
        if i == 0:
            return completed
        q = sem_queue_row(k, i)
        if q.watched == Q_ANY:
            any = q.watch_next
        else:
            sem_row(k, sma.sems + q.watch_num).cursor = q.watch_next
        obstacle = q.blocking
        error = retry_semop(k, sma, q)
        if error > 0:
            watch_again(k, sma, i, obstacle)
            continue
        unlink_queue(k, sma, i)
        if error == 0:
            completed = True
            do_smart_wakeup_zero(k, sma, queue_sops(k, q), q.nsops, wake)
            mark_changed(k, sma, queue_sops(k, q), q.nsops, &dirty)
            any = sma.watch_any.first
        wake_up_sem_queue_prepare(k, i, error, wake)


cdef bint wake_sleepers(
    kernel_t *k, sem_array_t *sma, const sembuf_t *sops, uint32_t nsops, wake_q_head_t *wake
) noexcept nogil:
    # do_smart_update while there are sleepers: whether anybody's operations were done.
    cdef bint completed = do_smart_wakeup_zero(k, sma, sops, nsops, wake)
    cdef uint32_t i
    if sma.pending_alter.first:
        return update_set(k, sma, sops, nsops, wake) or completed
    for i in range(nsops if sops != NULL else <uint32_t>sma.sem_nsems):
        if sops == NULL:
            completed |= update_queue(k, sma, sem_row(k, sma.sems + i), wake)
        elif sops[i].sem_op > 0:
            completed |= update_queue(k, sma, sem_row(k, sma.sems + sops[i].sem_num), wake)
    return completed


# ------------------------------------------------------------------------------------------ counts
cdef int32_t count_list(
    kernel_t *k, sem_array_t *sma, const ipc_list_t *list, uint32_t semnum, bint zero
) noexcept nogil:
    # Those whose first obstacle is this one. In the queue of the set it is looked for again: a change elsewhere may
    # have put another one before it.
    cdef uint32_t i = list.first, obstacle
    cdef int32_t n = 0
    cdef sem_queue_t *q
    cdef const sembuf_t *sop
    while i:
        q = sem_queue_row(k, i)
        obstacle = q.blocking
        if q.watched != Q_UNWATCHED and retry_semop(k, sma, q) > 0:
            watch_again(k, sma, i, obstacle)
        sop = &queue_sops(k, q)[q.blocking]
        n += sop.sem_num == semnum and (sop.sem_op == 0 if zero else sop.sem_op < 0)
        i = q.next
    return n


cdef int32_t count_semcnt(kernel_t *k, sem_array_t *sma, uint32_t semnum, bint count_zero) noexcept nogil:
    # GETNCNT, GETZCNT.
    cdef sem_t *curr = sem_row(k, sma.sems + semnum)
    cdef int32_t n = count_list(k, sma, &curr.pending_const if count_zero else &curr.pending_alter, semnum, count_zero)
    n += count_list(k, sma, &sma.pending_alter, semnum, count_zero)
    return n + count_list(k, sma, &sma.pending_const, semnum, True) if count_zero else n


# ------------------------------------------------------------------------------------------ checks
cdef uint32_t watchers_of(kernel_t *k, const ipc_list_t *list, uint8_t how, uint32_t num) noexcept nogil:
    # How many are on a list of watchers; too many if it is broken.
    cdef uint32_t i = list.first, prev = 0, n = 0
    cdef sem_queue_t *q
    while i:
        q = sem_queue_row(k, i)
        if (q.watched != how or q.watch_prev != prev or (how == Q_WATCHED and q.watch_num != num)
                or (prev and <int32_t>(q.seq - sem_queue_row(k, prev).seq) <= 0)):
            return 1 << 30
        n += 1
        prev = i
        i = q.watch_next
    return n if list.last == prev else 1 << 30


cdef bint sleepers_check(kernel_t *k, sem_array_t *sma, uint32_t row, const ipc_list_t *list, int alter) noexcept nogil:
    # Nobody on a queue could go on.
    cdef uint32_t i = list.first, obstacle
    cdef sem_queue_t *q
    cdef int error
    while i:
        q = sem_queue_row(k, i)
        obstacle = q.blocking
        if q.sma != row or q.status != -EINTR or q.alter != alter or not q.live:
            return False
        error = retry_semop(k, sma, q)
        if error == 0 or (error < 0 and alter):
            return False
        q.blocking = obstacle
        i = q.next
    return True


cdef bint set_queue_check(kernel_t *k, uint32_t row) noexcept nogil:
    cdef sem_array_t *sma = sem_array_row(k, row)
    cdef uint32_t i, queued = 0, consts = 0, watched = watchers_of(k, &sma.watch_any, Q_ANY, 0), on_set = 0
    cdef size_t size = sizeof(sem_queue_t)
    cdef sem_t *curr
    cdef bint right = list_check(k, T_SEM_QUEUE, size, &sma.pending_alter, &on_set)
    queued = on_set
    right = right and list_check(k, T_SEM_QUEUE, size, &sma.pending_const, &consts)
    right = right and sleepers_check(k, sma, row, &sma.pending_alter, True)
    right = right and sleepers_check(k, sma, row, &sma.pending_const, False)
    for i in range(<uint32_t>sma.sem_nsems):
        curr = sem_row(k, sma.sems + i)
        watched += watchers_of(k, &curr.watch, Q_WATCHED, i)
        right = (right and list_check(k, T_SEM_QUEUE, size, &curr.pending_alter, &queued)
                 and list_check(k, T_SEM_QUEUE, size, &curr.pending_const, &consts)
                 and sleepers_check(k, sma, row, &curr.pending_alter, True)
                 and sleepers_check(k, sma, row, &curr.pending_const, False)
                 and curr.dirty_next == 0 and curr.cursor == 0)
    return (check(k, right and queued + consts == sma.nr_queued, b"sem: broken queue")
            and check(k, watched == on_set, b"sem: sleeper that watches nothing")
            and check(k, consts == sma.nr_const, b"sem: those that wait for zero miscounted")
            and check(k, (sma.complex_count != 0) >= (on_set != 0), b"sem: queues were not parted"))


cdef bint sem_queue_check(kernel_t *k) noexcept nogil:
    cdef uint32_t i, queued = 0, complex = 0
    cdef int32_t nr
    cdef sem_queue_t *q
    for i in range(1, k.table[T_SEM_ARRAY].high):
        if sem_array_row(k, i).live:
            queued += sem_array_row(k, i).nr_queued
            complex += <uint32_t>sem_array_row(k, i).complex_count
            if not set_queue_check(k, i):
                return False
    for i in range(1, k.table[T_SEM_QUEUE].high):
        q = sem_queue_row(k, i)
        if q.live:
            nr = task_row(k, i).call.nr
            if not check(k, task_row(k, i).live != 0 and (nr == NR_semop or nr == NR_semtimedop),
                         b"sem: sleeper that is in no semop"):
                return False
            queued -= q.status == -EINTR
            complex -= q.status == -EINTR and q.nsops != 1
    return check(k, queued == 0 and complex == 0, b"sem: sleepers miscounted")
