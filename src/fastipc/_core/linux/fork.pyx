"""How tasks begin: init, fork and clone, a new session's first process, exec; and resource limits.

Source: kernel/fork.c (copy_process, copy_files, copy_sighand, copy_signal), fs/exec.c (begin_new_exec, de_thread),
kernel/sys.c (do_prlimit). A failure leaves nothing behind. Missing: vfork, namespaces but three kinds of them, ptrace,
thread-local storage.
"""


cdef enum:
    NEW_SESSION = 0x8000000000000000  # with the flags of clone: the process begins a session, as by setsid

cdef enum:  # clone flags that the machine has no meaning for yet: refused rather than ignored
    CLONE_REFUSED = CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWNET | CLONE_VFORK | CLONE_PIDFD
    CLONE_NAMESPACES = (CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID
                        | CLONE_NEWNET | CLONE_NEWTIME)


# ------------------------------------------------------------------------------------------ parts of a new task
cdef uint32_t new_signal(kernel_t *k, signal_t *source) noexcept nogil:
    cdef uint32_t i = table_alloc(k, T_SIGNAL, sizeof(signal_t))
    cdef signal_t *s = signal_row(k, i)
    if i == 0:
        return 0
    s.count = 1
    s.nr_threads = 1
    s.rlimit = source.rlimit
    s.pgrp = source.pgrp
    s.session = source.session
    rlimit_row(k, s.rlimit).count += 1
    return i


cdef void drop_parts(kernel_t *k, uint32_t task, uint64_t flags) noexcept nogil:
    # Undo of copy_parts, for a task that never was.
    cdef task_t *c = task_row(k, task)
    if c.flags & TASK_SYSV:
        exit_sysv(k, c)
    if c.signal and not (flags & CLONE_THREAD):
        put_rlimit(k, signal_row(k, c.signal).rlimit)
        table_free(k, T_SIGNAL, c.signal, sizeof(signal_t))
    if c.sighand:
        put_sighand(k, c.sighand)
    if c.fs and not (flags & CLONE_FS):
        put_fs_struct(k, c.fs)
    if c.files and not (flags & CLONE_FILES):
        put_files(k, c.files)
    if c.mm:
        mmput(k, c.mm)
    bury(k, task)


cdef inline uint32_t copy_mm(kernel_t *k, task_t *t, uint64_t flags) noexcept nogil:
    # Who shares memory with another process must have some: the space of those that have none is no one's.
    if likely(t.mm == k.init_mm) and flags & (CLONE_VM | CLONE_THREAD) == CLONE_VM and mm_own(k, t) == NULL:
        return 0
    if unlikely(t.mm != k.init_mm and not (flags & CLONE_VM)):
        return dup_mm(k, t.mm)
    mmget(k, t.mm)
    return t.mm


cdef bint copy_parts(kernel_t *k, task_t *t, task_t *c, uint64_t flags) noexcept nogil:
    # Memory, descriptors, signal actions and the process itself: shared or copied. False if one could not be had.
    k.mm_tgid = t.tgid
    c.mm = copy_mm(k, t, flags)
    if c.mm == 0:
        return False
    c.files = t.files if flags & CLONE_FILES else dup_fd_table(k, t.files)
    if c.files == 0:
        return False
    c.fs = t.fs if flags & CLONE_FS else copy_fs_struct(k, t.fs)
    if c.fs == 0:
        return False
    c.sighand = copy_sighand(k, t, flags)
    if c.sighand == 0:
        return False
    c.signal = t.signal if flags & CLONE_THREAD else new_signal(k, signal_row(k, t.signal))
    return c.signal != 0


cdef inline void copy_creds(kernel_t *k, task_t *c, uint32_t cred) noexcept nogil:
    c.cred = get_cred(k, cred)
    charge_processes(k, cred_row(k, cred).user, 1)


cdef inline bint may_fork(kernel_t *k, task_t *t) noexcept nogil:
    # RLIMIT_NPROC counts the tasks of the user, and binds neither root nor the capable.
    cdef cred_t *cred = current_cred(k, t)
    if k.nr_threads >= k.threads_max:
        return False
    return (cred.uid == 0 or (user_row(k, cred.user).processes < rlimit(k, t, RLIMIT_NPROC)
                              and not over_limit(k, cred.user, UCOUNT_RLIMIT_NPROC, 1))
            or capable(k, t, CAP_SYS_RESOURCE) or capable(k, t, CAP_SYS_ADMIN))


cdef inline int clone_flags_errno(kernel_t *k, task_t *t, uint64_t flags) noexcept nogil:
    if flags & CLONE_REFUSED or flags & (CLONE_NEWUSER | CLONE_FS) == CLONE_NEWUSER | CLONE_FS:
        return -EINVAL
    if flags & CLONE_THREAD and not (flags & CLONE_SIGHAND):
        return -EINVAL
    if flags & CLONE_SIGHAND and not (flags & CLONE_VM):
        return -EINVAL
    if flags & CLONE_PARENT and signal_row(k, t.signal).flags & SIGNAL_UNKILLABLE:
        return -EINVAL
    if unlikely(flags & CLONE_THREAD and (flags & (CLONE_NEWUSER | CLONE_NEWPID) or k.namespaces)):
        if flags & (CLONE_NEWUSER | CLONE_NEWPID) or task_active_pid_ns(k, t) != pid_ns_for_children(k, t):
            return -EINVAL
    return 0


cdef inline void join_thread_group(kernel_t *k, task_t *t, uint32_t task) noexcept nogil:
    cdef task_t *c = task_row(k, task)
    cdef task_t *leader = task_row(k, t.group_leader)
    c.group_leader = t.group_leader
    c.tgid = t.tgid
    c.exit_signal = -1
    c.real_parent = 0
    c.thread_prev = leader.thread_prev
    c.thread_next = t.group_leader
    task_row(k, leader.thread_prev).thread_next = task
    leader.thread_prev = task
    signal_row(k, t.signal).nr_threads += 1
    signal_row(k, t.signal).count += 1


cdef inline void start_session(kernel_t *k, task_t *t) noexcept nogil:
    # Of a process that is in none yet.
    signal_row(k, t.signal).pgrp = signal_row(k, t.signal).session = t.pid
    pid_row(k, <uint32_t>t.pid).leaders[PIDTYPE_PGID] = pid_row(k, <uint32_t>t.pid).leaders[PIDTYPE_SID] = t.row


cdef inline void start_process(kernel_t *k, uint32_t task, uint32_t parent, uint64_t flags) noexcept nogil:
    cdef task_t *c = task_row(k, task)
    if flags & NEW_SESSION:
        start_session(k, c)
    else:
        attach_pid(k, c, PIDTYPE_PGID)
        attach_pid(k, c, PIDTYPE_SID)
    c.group_leader = task
    c.tgid = c.pid
    c.thread_next = c.thread_prev = task
    add_child(k, parent, task)


# ------------------------------------------------------------------------------------------ fork
cdef int64_t copy_process(kernel_t *k, task_t *t, uint64_t flags, int32_t exit_signal, uint8_t kind) noexcept nogil:
    # The row of the child, not started yet, or -errno.
    cdef uint32_t cred
    cdef int64_t ret
    if likely(not flags & CLONE_NEWUSER):
        return copy_process_as(k, t, flags, exit_signal, kind, t.cred, t)
    ret = clone_flags_errno(k, t, flags)
    if ret == 0:
        ret = unshare_userns(k, t, &cred)
    if ret == 0:
        ret = copy_process_as(k, t, flags, exit_signal, kind, cred, t)
        put_cred(k, cred)
    return ret


cdef inline int64_t copy_process_as(
    kernel_t *k, task_t *t, uint64_t flags, int32_t exit_signal, uint8_t kind, uint32_t cred, task_t *home
) noexcept nogil:
    # As somebody who need not be the parent, in the PID namespace of the children of `home`.
    cdef uint32_t task, parent = task_index(k, t)
    cdef task_t *c
    cdef int64_t err = clone_flags_errno(k, t, flags), pid_ns = 0
    if err:
        return err
    if not may_fork(k, t):
        return -EAGAIN
    task = table_alloc(k, T_TASK, sizeof(task_t))
    if task == 0:
        return -alloc_errno(k, ENOMEM)
    c = task_row(k, task)
    c.row = task
    if not copy_parts(k, t, c, flags):
        drop_parts(k, task, flags)
        return -alloc_errno(k, ENOMEM)
    if unlikely(flags & (CLONE_NEWIPC | CLONE_NEWPID | CLONE_SYSVSEM) or t.flags & TASK_SYSV):
        err = copy_semundo(k, t, c) if flags & CLONE_SYSVSEM else 0
        if err == 0:
            err = copy_ipcs(k, t, c, flags, cred_row(k, cred).user_ns)
    if unlikely(err == 0 and (flags & CLONE_NEWPID or k.namespaces)):
        pid_ns = namespace_of_child(k, home, flags, cred_row(k, cred).user_ns)
        err = min(pid_ns, <int64_t>0)
    if unlikely(err != 0):
        drop_parts(k, task, flags)
        return err
    c.pid = alloc_pid(k, task, <uint32_t>pid_ns)
    put_pid_ns(k, <uint32_t>pid_ns)
    if c.pid < 0:
        err = c.pid
        drop_parts(k, task, flags)
        return err
    copy_creds(k, c, cred)
    c.blocked = t.blocked
    if unlikely(t.flags & TASK_THREAD):
        copy_thread(k, t, c, flags & CLONE_VM != 0)
    c.kind = kind
    c.flags |= PF_FORKNOEXEC | t.flags & PF_NPROC_EXCEEDED
    t.flags &= ~<int>PF_NPROC_EXCEEDED
    c.call.nr = -1
    c.start_time = k.now
    c.self_exec_id = t.self_exec_id
    c.parent_exec_id = t.parent_exec_id if flags & (CLONE_PARENT | CLONE_THREAD) else t.self_exec_id
    k.nr_threads += 1
    if flags & CLONE_FILES:
        files_row(k, c.files).count += 1
    if flags & CLONE_FS:
        fs_row(k, c.fs).count += 1
    if flags & CLONE_THREAD:
        join_thread_group(k, t, task)
        return task
    c.exit_signal = exit_signal
    if flags & CLONE_PARENT:
        c.exit_signal = task_row(k, t.group_leader).exit_signal
        parent = task_row(k, t.group_leader).real_parent
    start_process(k, task, parent, flags)
    if unlikely(pid_ns and upid_row(k, upid_of(k, c.pid)).numbers[pid_ns_row(k, <uint32_t>pid_ns).level - 1] == 1):
        pid_ns_row(k, <uint32_t>pid_ns).child_reaper = task
        signal_row(k, c.signal).flags |= SIGNAL_UNKILLABLE
    return task


cdef void wake_up_new_task(kernel_t *k, uint32_t task) noexcept nogil:
    enqueue_task(k, task)


# ------------------------------------------------------------------------------------------ a session's first process
cdef int64_t spawn_process(
    kernel_t *k, uint32_t parent, uint32_t uid, uint32_t gid, const uint32_t *groups, uint32_t ngroups, uint8_t kind
) noexcept nogil:
    # A child of `parent` with nothing of it: no descriptors, default actions and limits. Its row, or -errno.
    cdef task_t *init = task_row(k, k.init_task)
    cdef int64_t task
    cdef uint32_t cred = spawn_cred(k, uid, gid, groups, ngroups)
    if cred == 0:
        return -alloc_errno(k, ENOMEM)
    task = copy_process_as(k, init, NEW_SESSION, SIGCHLD, kind, cred, task_row(k, parent))
    put_cred(k, cred)
    if task < 0:
        return task
    if parent != k.init_task:
        move_child(k, <uint32_t>task, parent)
    return task


cdef void move_child(kernel_t *k, uint32_t task, uint32_t parent) noexcept nogil:
    # The newest child of init becomes the newest child of `parent`.
    cdef task_t *c = task_row(k, task)
    cdef task_t *init = task_row(k, k.init_task)
    init.children_last = c.sibling_prev
    if c.sibling_prev:
        task_row(k, c.sibling_prev).sibling_next = 0
    else:
        init.children = 0
    add_child(k, parent, task)


cdef void default_limits(kernel_t *k, rlimit_t *r) noexcept nogil:
    # INIT_RLIMITS, include/asm-generic/resource.h.
    cdef int i
    for i in range(RLIM_NLIMITS):
        r.cur[i] = r.max[i] = RLIM_INFINITY
    r.cur[RLIMIT_STACK] = 8 << 20
    r.cur[RLIMIT_CORE] = 0
    r.cur[RLIMIT_NPROC] = r.max[RLIMIT_NPROC] = k.threads_max // 2
    r.cur[RLIMIT_NOFILE] = 1024
    r.max[RLIMIT_NOFILE] = 4096
    r.cur[RLIMIT_MEMLOCK] = r.max[RLIMIT_MEMLOCK] = 8 << 20
    r.cur[RLIMIT_SIGPENDING] = r.max[RLIMIT_SIGPENDING] = k.threads_max // 2
    r.cur[RLIMIT_MSGQUEUE] = r.max[RLIMIT_MSGQUEUE] = 819200
    r.cur[RLIMIT_NICE] = r.max[RLIMIT_NICE] = 0
    r.cur[RLIMIT_RTPRIO] = r.max[RLIMIT_RTPRIO] = 0


cdef int64_t boot(kernel_t *k) noexcept nogil:
    # init: pid 1, child of no one, its own session. The tables are empty: nothing can fail but memory of the host.
    cdef uint32_t task = table_alloc(k, T_TASK, sizeof(task_t))
    cdef task_t *t = task_row(k, task)
    t.row = task
    k.default_rlimit = table_alloc(k, T_RLIMIT, sizeof(rlimit_t))
    rlimit_row(k, k.default_rlimit).count = 1
    default_limits(k, rlimit_row(k, k.default_rlimit))
    k.init_task = task
    t.files = new_files(k)
    if mount_root(k) < 0:
        return -ENOMEM
    ipc_init(k)
    k.init_ipc_ns = create_ipc_ns(k, 0)
    memcpy(k.init_ids, ipc_ns_row(k, k.init_ipc_ns).ids, sizeof(k.init_ids))
    t.fs = new_fs_struct(k)
    mm_init(k)
    mmget(k, k.init_mm)
    t.mm = k.init_mm
    k.init_sighand = t.sighand = table_alloc(k, T_SIGHAND, sizeof(sighand_t))
    sighand_row(k, t.sighand).count = 2  # the machine's own too
    t.signal = table_alloc(k, T_SIGNAL, sizeof(signal_t))
    signal_row(k, t.signal).count = signal_row(k, t.signal).nr_threads = 1
    signal_row(k, t.signal).rlimit = k.default_rlimit
    signal_row(k, t.signal).flags = SIGNAL_UNKILLABLE
    copy_creds(k, t, spawn_cred(k, 0, 0, NULL, 0))
    put_cred(k, t.cred)
    t.pid = t.tgid = alloc_pid(k, task, 0)
    start_session(k, t)
    t.group_leader = t.thread_next = t.thread_prev = task
    t.kind = KIND_INIT
    t.call.nr = -1
    t.exit_signal = SIGCHLD
    k.nr_threads = 1
    return task


# ------------------------------------------------------------------------------------------ exec
cdef void take_leadership(kernel_t *k, task_t *t) noexcept nogil:
    # de_thread: the caller becomes the leader, under the leader's number. All other threads have ended.
    cdef uint32_t me = task_index(k, t), old = t.group_leader
    cdef task_t *leader = task_row(k, old)
    cdef uint32_t parent = leader.real_parent
    cdef task_t *p = task_row(k, parent)
    cdef int32_t pid = t.pid
    t.pid = leader.pid
    leader.pid = pid
    pid_row(k, <uint32_t>t.pid).task = me
    pid_row(k, <uint32_t>pid).task = old
    t.sibling_prev = leader.sibling_prev
    t.sibling_next = leader.sibling_next
    if t.sibling_prev:
        task_row(k, t.sibling_prev).sibling_next = me
    else:
        p.children = me
    if t.sibling_next:
        task_row(k, t.sibling_next).sibling_prev = me
    else:
        p.children_last = me
    t.real_parent = parent
    leader.real_parent = 0
    transfer_pid(k, leader, t, PIDTYPE_PGID)
    transfer_pid(k, leader, t, PIDTYPE_SID)
    t.group_leader = leader.group_leader = me
    t.exit_signal = SIGCHLD
    leader.exit_signal = -1
    release_task(k, old)
    finish_zaps(k)


cdef bint files_shared(kernel_t *k, task_t *t) noexcept nogil:
    # Whether others than this process' own threads use its descriptor table.
    cdef uint32_t own = 0, i = t.group_leader
    while True:
        own += task_row(k, i).files == t.files
        i = task_row(k, i).thread_next
        if i == t.group_leader:
            return files_row(k, t.files).count > own


cdef bint unsafe_exec(kernel_t *k, task_t *t) noexcept nogil:
    # check_unsafe_exec: whether another process shares its current directory.
    cdef uint32_t own = 0, i = t.group_leader
    while True:
        own += task_row(k, i).fs == t.fs
        i = task_row(k, i).thread_next
        if i == t.group_leader:
            return fs_row(k, t.fs).count > own


cdef struct exec_t:  # what a process that calls execve needs and may not get
    uint32_t cred
    uint32_t files
    uint32_t sighand


cdef void exec_put(kernel_t *k, exec_t *e) noexcept nogil:
    if e.cred:
        put_cred(k, e.cred)
    if e.files:
        put_files(k, e.files)
    if e.sighand:
        put_sighand(k, e.sighand)


cdef bint exec_prepare(kernel_t *k, task_t *t, exec_t *e) noexcept nogil:
    # 0 in `files` or `sighand`: it has them to itself.
    memset(e, 0, sizeof(exec_t))
    e.cred = prepare_exec_creds(k, t)
    if e.cred == 0:
        return False
    if files_shared(k, t):
        e.files = dup_fd_table(k, t.files)
        if e.files == 0:
            return False
    if t.sighand != k.init_sighand and sighand_row(k, t.sighand).count > signal_row(k, t.signal).nr_threads:
        e.sighand = new_sighand(k, sighand_row(k, t.sighand))
        if e.sighand == 0:
            return False
    return True


cdef int64_t begin_new_exec(kernel_t *k, task_t *t) noexcept nogil:
    # What stays behind: the other threads, shared descriptors, close-on-exec ones, actions that are not "ignore", what
    # the credentials do not carry over. What can fail comes first: after that the old program is gone.
    cdef exec_t e
    cdef uint32_t user = current_cred(k, t).user
    if t.flags & PF_NPROC_EXCEEDED and (user_row(k, user).processes > rlimit(k, t, RLIMIT_NPROC)
                                        or over_limit(k, user, UCOUNT_RLIMIT_NPROC, 0)):
        return -EAGAIN
    t.flags &= ~<int>PF_NPROC_EXCEEDED
    if not exec_prepare(k, t, &e):
        exec_put(k, &e)
        return -alloc_errno(k, ENOMEM)
    if zap_other_threads(k, t, 0):
        do_group_exit(k, t, SIGPIPE)
        exec_put(k, &e)
        return -EKILLED
    if t.group_leader != task_index(k, t):
        take_leadership(k, t)
    if unlikely(signal_row(k, t.signal).timers != 0):
        exit_itimers(k, signal_row(k, t.signal))
    if unlikely(t.pending_list != 0 or signal_row(k, t.signal).pending_list != 0):
        flush_itimer_signals(k, t)
    if e.files:
        put_files(k, t.files)
        t.files = e.files
    if e.sighand:
        put_sighand(k, t.sighand)  # the last user of it, if the others were threads that have just gone
        t.sighand = e.sighand
    if t.sighand != k.init_sighand:
        flush_signal_handlers(k, t.sighand)
    if unlikely(t.flags & TASK_THREAD):
        forget_hand(k, t)
        drop_frames(k, t)
        exit_thread(k, t)
    commit_creds(k, t, e.cred)
    k.mm_tgid = t.tgid
    mmput(k, t.mm)
    mmget(k, k.init_mm)
    t.mm = k.init_mm
    t.exit_signal = SIGCHLD
    t.self_exec_id += 1
    t.flags &= ~<int>PF_FORKNOEXEC
    do_close_on_exec(k, t.files)
    return 0


# ------------------------------------------------------------------------------------------ resource limits
cdef int64_t do_getrlimit(kernel_t *k, task_t *t, int64_t resource, uint64_t *pair) noexcept nogil:
    cdef rlimit_t *r = rlimit_row(k, signal_row(k, t.signal).rlimit)
    if <uint64_t>resource >= RLIM_NLIMITS:
        return -EINVAL
    pair[0] = r.cur[resource]
    pair[1] = r.max[resource]
    return 0


cdef int64_t do_setrlimit(kernel_t *k, task_t *t, int64_t resource, const uint64_t *pair) noexcept nogil:
    cdef signal_t *s = signal_row(k, t.signal)
    cdef rlimit_t *r = rlimit_row(k, s.rlimit)
    cdef uint32_t i
    if <uint64_t>resource >= RLIM_NLIMITS:
        return -EINVAL
    if pair[0] > pair[1]:
        return -EINVAL
    if resource == RLIMIT_NOFILE and pair[1] > <uint64_t>k.nr_open_max:
        return -EPERM
    if pair[1] > r.max[resource] and not capable(k, t, CAP_SYS_RESOURCE):
        return -EPERM
    if r.count > 1:  # limits are shared until one process changes its own
        i = table_alloc(k, T_RLIMIT, sizeof(rlimit_t))
        if i == 0:
            return -alloc_errno(k, ENOMEM)
        r.count -= 1
        rlimit_row(k, i)[0] = r[0]
        r = rlimit_row(k, i)
        r.count = 1
        s.rlimit = i
    r.cur[resource] = pair[0]
    r.max[resource] = pair[1]
    return 0


# ------------------------------------------------------------------------------------------ checks
cdef bint thread_group_check(kernel_t *k, uint32_t leader) noexcept nogil:
    cdef task_t *t = task_row(k, leader)
    cdef signal_t *s = signal_row(k, t.signal)
    cdef uint32_t i = leader, threads = 0, ended = 0
    while True:
        t = task_row(k, i)
        if not check(k, t.live and t.group_leader == leader and task_row(k, t.thread_next).thread_prev == i,
                     b"fork: broken thread ring"):
            return False
        threads += 1
        ended += t.flags & PF_EXITING != 0
        i = t.thread_next
        if i == leader:
            break
    return (check(k, s.count == threads, b"fork: process miscounts its tasks")
            and check(k, s.nr_threads == threads - ended, b"fork: process miscounts its threads"))


cdef bint children_check(kernel_t *k, uint32_t parent, uint32_t *found) noexcept nogil:
    cdef uint32_t i = task_row(k, parent).children, prev = 0
    while i:
        if not check(k, task_row(k, i).live and task_row(k, i).real_parent == parent
                     and task_row(k, i).sibling_prev == prev, b"fork: broken list of children"):
            return False
        found[0] += 1
        prev = i
        i = task_row(k, i).sibling_next
    return check(k, task_row(k, parent).children_last == prev, b"fork: wrong last child")


cdef bint process_check(kernel_t *k) noexcept nogil:
    cdef uint32_t i, tasks = 0, leaders = 0, children = 0, rlimits = 0, actions = 1
    cdef task_t *t
    for i in range(1, k.table[T_TASK].high):
        t = task_row(k, i)
        if not t.live or t.state == EXIT_DEAD:
            continue
        tasks += 1
        actions += t.sighand != 0
        if not children_check(k, i, &children):
            return False
        if t.group_leader == i:
            leaders += i != k.init_task
            if not thread_group_check(k, i):
                return False
    for i in range(1, k.table[T_RLIMIT].high):
        rlimits -= rlimit_row(k, i).count if rlimit_row(k, i).live else 0
    for i in range(1, k.table[T_SIGNAL].high):
        rlimits += signal_row(k, i).live
    for i in range(1, k.table[T_SIGHAND].high):
        actions -= sighand_row(k, i).count if sighand_row(k, i).live else 0
    return (check(k, tasks == k.nr_threads, b"fork: tasks miscounted")
            and check(k, leaders == children, b"fork: process that is no one's child")
            and check(k, rlimits == 0, b"fork: limits miscounted")
            and check(k, actions == 0, b"fork: signal actions miscounted"))
