"""SEM_UNDO: what the end of a process takes back. Source: ipc/sem.c (find_alloc_undo, copy_semundo, exit_sem).

A list of adjustments belongs to a task, and is shared with CLONE_SYSVSEM; fork does not copy it, execve keeps it. The
last one that leaves applies it. Linux looks for the entry of a set through the whole list; here it is found by the
set's row.

Invariants: `refcnt` counts the tasks of a list; an entry is on the list of its set and on that of its process, in
`by_set` too.
"""


cdef inline int16_t *undo_adj(kernel_t *k, sem_undo_t *un) noexcept nogil:
    return semadj_row(k, un.semadj).adj


cdef inline int semadj_order(int32_t nsems) noexcept nogil:
    return run_order(<uint32_t>(nsems + 3) // 4)


# ------------------------------------------------------------------------------------------ lists of adjustments
cdef uint32_t get_undo_list(kernel_t *k, task_t *t) noexcept nogil:
    # The list of a task, made if it has none; 0: see alloc_errno.
    cdef sysv_t *s = task_sysv(k, t)
    if s.undo_list == 0:
        s.undo_list = table_alloc(k, T_SEM_UNDO_LIST, sizeof(sem_undo_list_t))
        if s.undo_list:
            sem_undo_list_row(k, s.undo_list).refcnt = 1
    return s.undo_list


cdef int64_t copy_semundo(kernel_t *k, task_t *t, task_t *c) noexcept nogil:
    # CLONE_SYSVSEM: from now on the two have one list.
    cdef uint32_t ulp = get_undo_list(k, t)
    if ulp == 0:
        return -alloc_errno(k, ENOMEM)
    sem_undo_list_row(k, ulp).refcnt += 1
    task_sysv(k, c).undo_list = ulp
    return 0


# ------------------------------------------------------------------------------------------ entries
cdef void undo_free(kernel_t *k, uint32_t i) noexcept nogil:
    # Off both lists.
    cdef sem_undo_t *un = sem_undo_row(k, i)
    cdef sem_undo_list_t *ulp = sem_undo_list_row(k, un.ulp)
    cdef sem_array_t *sma = sem_array_row(k, un.sma)
    if un.proc_prev:
        sem_undo_row(k, un.proc_prev).proc_next = un.proc_next
    else:
        ulp.list_proc = un.proc_next
    if un.proc_next:
        sem_undo_row(k, un.proc_next).proc_prev = un.proc_prev
    if un.id_prev:
        sem_undo_row(k, un.id_prev).id_next = un.id_next
    else:
        sma.list_id = un.id_next
    if un.id_next:
        sem_undo_row(k, un.id_next).id_prev = un.id_prev
    xa_erase(k, &ulp.by_set, un.sma)
    if ulp.last == i:
        ulp.last = 0
    memset(undo_adj(k, un), 0, <size_t>sma.sem_nsems * sizeof(int16_t))
    table_free_run(k, T_SEMADJ, un.semadj, semadj_order(sma.sem_nsems))
    table_free(k, T_SEM_UNDO, i, sizeof(sem_undo_t))


cdef int64_t undo_alloc(kernel_t *k, uint32_t list, uint32_t row) noexcept nogil:
    # A new entry of zeros, or -ENOMEM.
    cdef sem_array_t *sma = sem_array_row(k, row)
    cdef sem_undo_list_t *ulp = sem_undo_list_row(k, list)
    cdef uint32_t i = table_alloc(k, T_SEM_UNDO, sizeof(sem_undo_t))
    cdef sem_undo_t *un = sem_undo_row(k, i)
    if i == 0:
        return -alloc_errno(k, ENOMEM)
    un.semadj = table_alloc_run(k, T_SEMADJ, semadj_order(sma.sem_nsems))
    if un.semadj == 0 or xa_store(k, &ulp.by_set, row, i) < 0:
        if un.semadj:
            table_free_run(k, T_SEMADJ, un.semadj, semadj_order(sma.sem_nsems))
        table_free(k, T_SEM_UNDO, i, sizeof(sem_undo_t))
        return -alloc_errno(k, ENOMEM)
    un.ulp = list
    un.sma = row
    un.semid = sma.sem_perm.id
    un.proc_next = ulp.list_proc
    un.id_next = sma.list_id
    if un.proc_next:
        sem_undo_row(k, un.proc_next).proc_prev = i
    if un.id_next:
        sem_undo_row(k, un.id_next).id_prev = i
    ulp.list_proc = sma.list_id = i
    return i


cdef int64_t find_alloc_undo(kernel_t *k, task_t *t, uint32_t ids, int32_t semid) noexcept nogil:
    # The entry of a task for a set, or -errno.
    cdef uint32_t list = get_undo_list(k, t)
    cdef sem_undo_list_t *ulp = sem_undo_list_row(k, list)
    cdef int64_t row, i
    if list == 0:
        return -alloc_errno(k, ENOMEM)
    if likely(ulp.last and sem_undo_row(k, ulp.last).semid == semid):
        return ulp.last
    row = ipc_obtain_object_check(k, ids, semid)
    if row < 0:
        return row
    i = xa_load(k, ulp.by_set, <uint64_t>row)
    if i == 0:
        i = undo_alloc(k, list, <uint32_t>row)
        sem_unlock(k, sem_array_row(k, <uint32_t>row), sem_lock(sem_array_row(k, <uint32_t>row), 0))
    if i > 0:
        ulp.last = <uint32_t>i
    return i


cdef void free_undos(kernel_t *k, sem_array_t *sma) noexcept nogil:
    # The set goes.
    while sma.list_id:
        undo_free(k, sma.list_id)


cdef void clear_semadj(kernel_t *k, sem_array_t *sma, int64_t semnum) noexcept nogil:
    cdef uint32_t i = sma.list_id
    while i:
        if semnum < 0:
            memset(undo_adj(k, sem_undo_row(k, i)), 0, <size_t>sma.sem_nsems * sizeof(int16_t))
        else:
            undo_adj(k, sem_undo_row(k, i))[semnum] = 0
        i = sem_undo_row(k, i).id_next


# ------------------------------------------------------------------------------------------ exit
cdef void apply_undo(kernel_t *k, task_t *t, sem_array_t *sma, const int16_t *semadj) noexcept nogil:
    # Values do not leave 0..SEMVMX.
    cdef int32_t i
    cdef sem_t *curr
    for i in range(sma.sem_nsems):
        if semadj[i]:
            curr = sem_row(k, sma.sems + <uint32_t>i)
            curr.semval = max(0, min(curr.semval + semadj[i], <int32_t>SEMVMX))
            ipc_update_pid(k, &curr.sempid, t.tgid)


cdef void exit_sem(kernel_t *k, task_t *t) noexcept nogil:
    # The task leaves its list; the last one undoes what is in it, the newest entry first.
    cdef sysv_t *s = sysv_row(k, t.row)
    cdef uint32_t list = s.undo_list, i
    cdef sem_undo_list_t *ulp = sem_undo_list_row(k, list)
    cdef sem_array_t *sma
    cdef wake_q_head_t wake
    if list == 0:
        return
    s.undo_list = 0
    ulp.refcnt -= 1
    if ulp.refcnt:
        return
    while ulp.list_proc:
        i = ulp.list_proc
        sma = sem_array_row(k, sem_undo_row(k, i).sma)
        wake.first = wake.last = 0
        sem_lock(sma, 0)
        apply_undo(k, t, sma, undo_adj(k, sem_undo_row(k, i)))
        undo_free(k, i)
        do_smart_update(k, sma, NULL, 0, True, &wake)
        sem_unlock(k, sma, True)
        wake_up_q(k, &wake)
    table_free(k, T_SEM_UNDO_LIST, list, sizeof(sem_undo_list_t))


# ------------------------------------------------------------------------------------------ checks
cdef bint sem_undo_check(kernel_t *k) noexcept nogil:
    cdef uint32_t i, j, prev, by_process = 0, by_set = 0
    cdef uint64_t users = 0
    cdef bint right = True
    for i in range(1, k.table[T_SEM_UNDO_LIST].high):
        if not sem_undo_list_row(k, i).live:
            continue
        users += sem_undo_list_row(k, i).refcnt
        j = sem_undo_list_row(k, i).list_proc
        prev = 0
        while j and right:
            right = (sem_undo_row(k, j).ulp == i and sem_undo_row(k, j).proc_prev == prev
                     and xa_load(k, sem_undo_list_row(k, i).by_set, sem_undo_row(k, j).sma) == j)
            by_process += 1
            prev = j
            j = sem_undo_row(k, j).proc_next
    for i in range(1, k.table[T_SEM_ARRAY].high):
        j = sem_array_row(k, i).list_id if sem_array_row(k, i).live else 0
        prev = 0
        while j and right:
            right = (sem_undo_row(k, j).sma == i and sem_undo_row(k, j).id_prev == prev
                     and sem_undo_row(k, j).semid == sem_array_row(k, i).sem_perm.id)
            by_set += 1
            prev = j
            j = sem_undo_row(k, j).id_next
    for i in range(1, k.table[T_SYSV].high):
        users -= sysv_row(k, i).live != 0 and sysv_row(k, i).undo_list != 0
    return (check(k, right and by_process == by_set and by_set == k.table[T_SEM_UNDO].nlive, b"sem: broken undo list")
            and check(k, users == 0, b"sem: users of an undo list miscounted"))
