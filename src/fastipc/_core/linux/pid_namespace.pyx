"""PID namespaces: numbers at every level, the init of each, and its end, which is that of all in it.

Source: kernel/pid_namespace.c (create_pid_namespace, zap_pid_ns_processes), kernel/pid.c (alloc_pid, free_pid,
pid_nr_ns), kernel/exit.c (find_child_reaper). Who is killed because the init has ended ends at once, in the order of
the numbers, not on its own next turn. Missing: setns, a limit on how many there are, reboot, a /proc for each, pid_max
of each: it is that of a 64-bit machine.

Invariants: every number that has an `upid` is in the xarray of its namespace and of all around it; `pid_allocated`
counts them; an `upid` is counted by the number while that is in use, and by objects of System V IPC.
"""


cdef enum:
    PID_MAX_LIMIT = 1 << 22


# ------------------------------------------------------------------------------------------ life
cdef int64_t create_pid_namespace(kernel_t *k, uint32_t user_ns, uint32_t parent) noexcept nogil:
    # The row, with one reference, or -errno.
    cdef uint32_t level = pid_ns_row(k, parent).level + 1 if parent else 1, i
    cdef pid_namespace_t *ns
    if not in_userns(k, pid_ns_row(k, parent).user_ns if parent else 0, user_ns):
        return -EINVAL
    if level > MAX_PID_NS_LEVEL:
        return -ENOSPC
    i = table_alloc(k, T_PID_NAMESPACE, sizeof(pid_namespace_t))
    if i == 0:
        return -alloc_errno(k, ENOMEM)
    ns = pid_ns_row(k, i)
    ns.count = 1
    ns.level = level
    ns.parent = get_pid_ns(k, parent)
    ns.user_ns = get_user_ns(k, user_ns)
    k.namespaces += 1
    return i


cdef void put_pid_ns_last(kernel_t *k, uint32_t i) noexcept nogil:
    cdef uint32_t parent
    while i:
        parent = pid_ns_row(k, i).parent
        put_user_ns(k, pid_ns_row(k, i).user_ns)
        table_free(k, T_PID_NAMESPACE, i, sizeof(pid_namespace_t))
        k.namespaces -= 1
        i = parent
        if i:
            pid_ns_row(k, i).count -= 1
            if pid_ns_row(k, i).count:
                return


cdef inline uint32_t pid_ns_for_children(kernel_t *k, task_t *t) noexcept nogil:
    cdef uint32_t ns = sysv_row(k, t.row).pid_ns_for_children if t.flags & TASK_SYSV else 0
    return ns if ns else task_active_pid_ns(k, t)


cdef int64_t copy_pid_ns(kernel_t *k, task_t *t, uint32_t user_ns) noexcept nogil:
    # CLONE_NEWPID. Whose children are born elsewhere already makes no other.
    cdef uint32_t ns = pid_ns_for_children(k, t)
    if task_active_pid_ns(k, t) != ns:
        return -EINVAL
    return create_pid_namespace(k, user_ns, ns)


cdef int64_t namespace_of_child(kernel_t *k, task_t *t, uint64_t flags, uint32_t user_ns) noexcept nogil:
    # Where the number of a new task is made: a reference, 0 = the first one, or -errno.
    if flags & CLONE_NEWPID:
        return copy_pid_ns(k, t, user_ns)
    return get_pid_ns(k, pid_ns_for_children(k, t))


# ------------------------------------------------------------------------------------------ numbers
cdef int64_t find_free_nr(kernel_t *k, pid_namespace_t *ns) noexcept nogil:
    # idr_alloc_cyclic: the next one, or 0.
    cdef uint64_t nr = xa_find_free(k, ns.idr, ns.last_pid + 1, PID_MAX_LIMIT)
    if nr >= PID_MAX_LIMIT:
        nr = xa_find_free(k, ns.idr, RESERVED_PIDS if ns.last_pid >= RESERVED_PIDS else 1, ns.last_pid + 1)
        if nr > ns.last_pid:
            return 0
    return <int64_t>nr


cdef void upid_erase(kernel_t *k, uint32_t i, uint32_t ns) noexcept nogil:
    # Its numbers in `ns` and all around it.
    cdef uint32_t level
    while ns:
        level = pid_ns_row(k, ns).level
        xa_erase(k, &pid_ns_row(k, ns).idr, <uint64_t>upid_row(k, i).numbers[level - 1])
        pid_ns_row(k, ns).pid_allocated -= 1
        if pid_ns_row(k, ns).zapping:
            k.zap_ready = 1
        ns = pid_ns_row(k, ns).parent


cdef int alloc_number(kernel_t *k, uint32_t i, uint32_t n) noexcept nogil:
    # One in namespace `n`, for which row `i` stands until it has one in the first namespace: 0 or -errno.
    cdef pid_namespace_t *ns = pid_ns_row(k, n)
    cdef int64_t nr = find_free_nr(k, ns)
    if nr == 0:
        return -EAGAIN
    if xa_store(k, &ns.idr, <uint64_t>nr, i) < 0:
        return -alloc_errno(k, ENOMEM)
    ns.last_pid = <uint32_t>nr
    ns.pid_allocated += 1
    upid_row(k, i).numbers[ns.level - 1] = <int32_t>nr
    return 0


cdef int64_t alloc_upid(kernel_t *k, uint32_t ns) noexcept nogil:
    # A number in `ns` and in all around it but the first: the row, or -errno. The innermost is taken first.
    cdef uint32_t i = table_alloc(k, T_UPID, sizeof(upid_t)), n = ns, done
    cdef int err
    if i == 0:
        return -alloc_errno(k, ENOMEM)
    upid_row(k, i).count = 1
    upid_row(k, i).level = pid_ns_row(k, ns).level
    upid_row(k, i).ns = get_pid_ns(k, ns)
    while n:
        err = alloc_number(k, i, n)
        if err:
            done = ns
            while done != n:  # those inside it
                xa_erase(k, &pid_ns_row(k, done).idr,
                         <uint64_t>upid_row(k, i).numbers[pid_ns_row(k, done).level - 1])
                pid_ns_row(k, done).pid_allocated -= 1
                done = pid_ns_row(k, done).parent
            upid_forget(k, i)
            return err
        n = pid_ns_row(k, n).parent
    if pid_ns_row(k, ns).closed:
        upid_abandon(k, i)
        return -ENOMEM
    return i


cdef void upid_forget(kernel_t *k, uint32_t i) noexcept nogil:
    # The first number of a namespace is the next one again, if nobody has it.
    cdef pid_namespace_t *ns = pid_ns_row(k, upid_row(k, i).ns)
    if ns.pid_allocated == 0:
        ns.last_pid = 0
    put_upid(k, i)


cdef void upid_abandon(kernel_t *k, uint32_t i) noexcept nogil:
    upid_erase(k, i, upid_row(k, i).ns)
    upid_forget(k, i)


cdef void upid_name(kernel_t *k, uint32_t i, int32_t number) noexcept nogil:
    # The number in the first namespace is known now. Nothing can fail: its place in the xarrays is there.
    cdef upid_t *upid = upid_row(k, i)
    cdef uint32_t ns = upid.ns
    upid.nr = number
    pid_upid_row(k, <uint32_t>number).upid = i
    k.table[T_PID_UPID].high = max(k.table[T_PID_UPID].high, <uint32_t>number + 1)
    while ns:
        xa_store(k, &pid_ns_row(k, ns).idr, <uint64_t>upid.numbers[pid_ns_row(k, ns).level - 1], <uint32_t>number)
        ns = pid_ns_row(k, ns).parent


cdef void free_upid(kernel_t *k, int32_t number) noexcept nogil:
    cdef uint32_t i = upid_of(k, number)
    if i == 0:
        return
    pid_upid_row(k, <uint32_t>number).upid = 0
    upid_erase(k, i, upid_row(k, i).ns)
    put_upid(k, i)


cdef void put_upid(kernel_t *k, uint32_t i) noexcept nogil:
    cdef uint32_t ns = upid_row(k, i).ns
    upid_row(k, i).count -= 1
    if upid_row(k, i).count == 0:
        table_free(k, T_UPID, i, sizeof(upid_t))
        put_pid_ns(k, ns)


cdef int32_t upid_nr_ns(kernel_t *k, uint32_t i, uint32_t ns) noexcept nogil:
    cdef upid_t *upid = upid_row(k, i)
    cdef uint32_t n, level
    if i == 0 or ns == 0:
        return upid.nr if i else 0
    level = pid_ns_row(k, ns).level
    if level > upid.level:
        return 0
    n = upid.ns
    while pid_ns_row(k, n).level > level:
        n = pid_ns_row(k, n).parent
    return upid.numbers[level - 1] if n == ns else 0


cdef int64_t find_pid_ns(kernel_t *k, int64_t nr, uint32_t ns) noexcept nogil:
    if ns == 0 or nr <= 0:
        return nr
    return xa_load(k, pid_ns_row(k, ns).idr, <uint64_t>nr)


cdef void ipc_update_pid_slow(kernel_t *k, int32_t *at, int32_t number) noexcept nogil:
    cdef uint32_t i = upid_of(k, number)
    cdef int32_t old = at[0]
    if i:
        upid_row(k, i).count += 1
    at[0] = -<int32_t>i if i else number
    ipc_put_pid(k, old)


# ------------------------------------------------------------------------------------------ the end of an init
cdef void zap_pid_ns_processes(kernel_t *k, task_t *t, uint32_t i) noexcept nogil:
    # The last thread of a namespace's init ends: everybody else in it is killed, and its own children are reaped.
    cdef pid_namespace_t *ns = pid_ns_row(k, i)
    cdef uint64_t nr = 1
    cdef uint32_t number = xa_find(k, ns.idr, &nr, PID_MAX_LIMIT), task, child
    ns.closed = 1
    if t.sighand != k.init_sighand:  # with whom it shares its actions ignores SIGCHLD from now on, too
        set_default(k, t, SIGCHLD)
        sighand_row(k, t.sighand).ignored |= sigmask(SIGCHLD)
    while number:
        task = pid_row(k, number).task
        if task and not (task_row(k, task).flags & PF_EXITING):
            do_group_exit(k, task_row(k, task), SIGKILL)
        else:
            nr += 1
        number = xa_find(k, ns.idr, &nr, PID_MAX_LIMIT)
    child = t.children
    while child:
        if task_row(k, child).state == EXIT_ZOMBIE and not delay_group_leader(k, task_row(k, child)):
            release_task(k, child)
            finish_zaps(k)
            child = t.children
        else:
            child = task_row(k, child).sibling_next


cdef uint32_t find_child_reaper(kernel_t *k, task_t *t) noexcept nogil:
    # Who finds the orphans of the namespace of a task that ends; itself, if it was the last thread of the init.
    cdef uint32_t ns = task_active_pid_ns(k, t), alive
    if ns == 0:
        return k.init_task
    if pid_ns_row(k, ns).child_reaper != t.row:
        return pid_ns_row(k, ns).child_reaper
    alive = find_alive_thread(k, t.group_leader)
    if alive:
        pid_ns_row(k, ns).child_reaper = alive
        return alive
    zap_pid_ns_processes(k, t, ns)
    return t.row


cdef inline bint numbers_left(kernel_t *k, pid_namespace_t *ns, task_t *init) noexcept nogil:
    return ns.pid_allocated > (1 if thread_group_leader(k, init) else 2)


cdef bint zap_waits(kernel_t *k, task_t *t) noexcept nogil:
    # Whether a task that ends is an init that has to wait until the parents of all others have seen their ends.
    cdef uint32_t ns = task_active_pid_ns(k, t)
    if ns == 0 or pid_ns_row(k, ns).child_reaper != t.row or not pid_ns_row(k, ns).closed:
        return False
    if numbers_left(k, pid_ns_row(k, ns), t):
        pid_ns_row(k, ns).zapping = t.row
        t.state = TASK_INTERRUPTIBLE
        return True
    pid_ns_row(k, ns).child_reaper = 0
    return False


cdef void finish_zaps(kernel_t *k) noexcept nogil:
    # Numbers were freed: those who have waited for that become zombies.
    cdef uint32_t i, task
    cdef pid_namespace_t *ns
    while k.zap_ready:
        k.zap_ready = 0
        for i in range(1, k.table[T_PID_NAMESPACE].high):
            ns = pid_ns_row(k, i)
            if ns.live and ns.zapping and not numbers_left(k, ns, task_row(k, ns.zapping)):
                task = ns.zapping
                ns.zapping = ns.child_reaper = 0
                exit_notify(k, task_row(k, task))


# ------------------------------------------------------------------------------------------ checks
cdef inline void kept_check(kernel_t *k, int32_t kept) noexcept nogil:
    # References are counted in `link`, which no live row uses.
    if kept < 0:
        upid_row(k, <uint32_t>-kept).link += 1


cdef void count_kept(kernel_t *k) noexcept nogil:
    cdef uint32_t i
    for i in range(1, k.table[T_SHM].high):
        if shm_row(k, i).live:
            kept_check(k, shm_row(k, i).shm_cprid)
            kept_check(k, shm_row(k, i).shm_lprid)
    for i in range(1, k.table[T_SEM].high):
        kept_check(k, sem_row(k, i).sempid)
    for i in range(1, k.table[T_MSG_QUEUE].high):
        if msg_queue_row(k, i).live:
            kept_check(k, msg_queue_row(k, i).q_lspid)
            kept_check(k, msg_queue_row(k, i).q_lrpid)


cdef bint upids_check(kernel_t *k) noexcept nogil:
    # Numbers in use lead to their rows and back, at every level.
    cdef uint32_t number, i, ns
    cdef bint right = True
    for number in range(1, k.table[T_PID_UPID].high):
        i = pid_upid_row(k, number).upid
        if i == 0:
            continue
        right = right and upid_row(k, i).live != 0 and upid_row(k, i).nr == <int32_t>number
        upid_row(k, i).link += 1
        ns = upid_row(k, i).ns
        while ns and right:
            right = xa_load(k, pid_ns_row(k, ns).idr,
                            <uint64_t>upid_row(k, i).numbers[pid_ns_row(k, ns).level - 1]) == number
            pid_ns_row(k, ns).pid_allocated -= 1
            ns = pid_ns_row(k, ns).parent
    return right


cdef bint pid_ns_counts_check(kernel_t *k) noexcept nogil:
    # Precondition: `upids_check` has counted numbers down. It is put right again here.
    cdef uint32_t i, ns
    cdef bint right = True
    for i in range(1, k.table[T_UPID].high):
        if upid_row(k, i).live:
            right = right and upid_row(k, i).link == upid_row(k, i).count
            upid_row(k, i).link = 0
            pid_ns_row(k, upid_row(k, i).ns).link += 1
    for i in range(1, k.table[T_SYSV].high):
        pid_ns_row(k, sysv_row(k, i).pid_ns_for_children).link += sysv_row(k, i).live
    for i in range(1, k.table[T_FILE].high):
        if file_row(k, i).live and file_row(k, i).f_op == PROC_FOPS:
            pid_ns_row(k, file_row(k, i).f_version).link += 1
    for i in range(1, k.table[T_PID_NAMESPACE].high):
        pid_ns_row(k, pid_ns_row(k, i).parent).link += pid_ns_row(k, i).live
    pid_ns_row(k, 0).link = 0
    for i in range(1, k.table[T_PID_NAMESPACE].high):
        if pid_ns_row(k, i).live:
            right = right and pid_ns_row(k, i).link == pid_ns_row(k, i).count and pid_ns_row(k, i).pid_allocated == 0
            pid_ns_row(k, i).link = 0
    for i in range(1, k.table[T_PID_UPID].high):
        ns = upid_row(k, upid_of(k, <int32_t>i)).ns if upid_of(k, <int32_t>i) else 0
        while ns:
            pid_ns_row(k, ns).pid_allocated += 1
            ns = pid_ns_row(k, ns).parent
    return right


cdef bint pid_namespace_check(kernel_t *k) noexcept nogil:
    cdef bint right
    count_kept(k)
    right = check(k, upids_check(k), b"pid: number of another in a namespace")
    return check(k, pid_ns_counts_check(k), b"pid: references to a namespace miscounted") and right
