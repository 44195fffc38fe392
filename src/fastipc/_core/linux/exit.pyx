"""How tasks end, how orphans find init, how parents wait.

Source: kernel/exit.c (do_exit, do_group_exit, forget_original_parent, exit_notify, release_task, do_wait). The other
threads of a process that ends are ended at once, not on their next turn. A row that a Python Task refers to is kept
on the list of ended tasks (`dead_first`) until that side has copied what it needs; `bury` then frees it.
"""


cdef enum:
    INT_MIN = -2147483648
    CONTINUED_WORD = 0xffff


# ------------------------------------------------------------------------------------------ telling the Python side
cdef void report_dead(kernel_t *k, uint32_t task) noexcept nogil:
    cdef task_t *t = task_row(k, task)
    if t.flags & TASK_REPORTED:
        return
    t.flags |= TASK_REPORTED
    t.link = 0
    if k.dead_last:
        task_row(k, k.dead_last).link = task
    else:
        k.dead_first = task
    k.dead_last = task
    k.attention |= ATT_DEAD


cdef uint32_t next_dead(kernel_t *k) noexcept nogil:
    # Takes the first ended task off the list; 0 if there is none.
    cdef uint32_t task = k.dead_first
    if task:
        k.dead_first = task_row(k, task).link
        if k.dead_first == 0:
            k.dead_last = 0
        task_row(k, task).link = 0
        task_row(k, task).flags &= ~<int>TASK_REPORTED
    else:
        k.attention &= ~<uint32_t>ATT_DEAD
    return task


cdef void bury(kernel_t *k, uint32_t task) noexcept nogil:
    if task_row(k, task).cred:
        put_cred(k, task_row(k, task).cred)
    exit_thread(k, task_row(k, task))
    table_free(k, T_TASK, task, sizeof(task_t))


# ------------------------------------------------------------------------------------------ shared parts
cdef void put_rlimit(kernel_t *k, uint32_t i) noexcept nogil:
    cdef rlimit_t *r = rlimit_row(k, i)
    r.count -= 1
    if r.count == 0:
        table_free(k, T_RLIMIT, i, sizeof(rlimit_t))


cdef void put_signal(kernel_t *k, uint32_t i) noexcept nogil:
    cdef signal_t *s = signal_row(k, i)
    s.count -= 1
    if s.count == 0:
        k.subreapers -= s.flags & SIGNAL_CHILD_SUBREAPER != 0
        if unlikely(s.pending_list != 0):
            flush_sigqueue(k, &s.pending_list)
        put_rlimit(k, s.rlimit)
        table_free(k, T_SIGNAL, i, sizeof(signal_t))


# ------------------------------------------------------------------------------------------ family
cdef inline void remove_child(kernel_t *k, task_t *c) noexcept nogil:
    cdef task_t *p = task_row(k, c.real_parent)
    if c.sibling_prev:
        task_row(k, c.sibling_prev).sibling_next = c.sibling_next
    else:
        p.children = c.sibling_next
    if c.sibling_next:
        task_row(k, c.sibling_next).sibling_prev = c.sibling_prev
    else:
        p.children_last = c.sibling_prev


cdef inline bint delay_group_leader(kernel_t *k, task_t *t) noexcept nogil:
    # A leader that ended before its threads is not to be waited for yet.
    return thread_group_leader(k, t) and not thread_group_empty(t)


cdef void release_task(kernel_t *k, uint32_t task) noexcept nogil:
    # The last of a task: its number, its place in the family, its row.
    cdef task_t *t = task_row(k, task)
    cdef task_t *leader = task_row(k, t.group_leader)
    t.state = EXIT_DEAD
    if signal_row(k, t.signal).flags & SIGNAL_GROUP_EXIT:
        t.exit_code = signal_row(k, t.signal).group_exit_code
    if unlikely(t.pending_list != 0):
        flush_sigqueue(k, &t.pending_list)
    if t.kind == KIND_COMPILED:
        start_end(k, task)
    if thread_group_leader(k, t):
        detach_pid(k, t, PIDTYPE_PGID)
        detach_pid(k, t, PIDTYPE_SID)
        if t.real_parent:
            remove_child(k, t)
    task_row(k, t.thread_prev).thread_next = t.thread_next
    task_row(k, t.thread_next).thread_prev = t.thread_prev
    free_pid_of_task(k, t.pid)
    charge_processes(k, current_cred(k, t).user, -1)
    if signal_row(k, t.signal).curr_target == task:
        signal_row(k, t.signal).curr_target = t.thread_next if t.thread_next != task else 0
    put_sighand(k, t.sighand)
    put_signal(k, t.signal)
    t.signal = t.sighand = 0
    k.nr_threads -= 1
    if leader != t and leader.state == EXIT_ZOMBIE and not delay_group_leader(k, leader):
        notify_parent(k, leader)
    if t.flags & TASK_OBJECT:
        report_dead(k, task)
    else:
        bury(k, task)


cdef void exit_info(kernel_t *k, task_t *t, task_t *parent, int sig, kernel_siginfo_t *info) noexcept nogil:
    # What the signal of a process that has ended tells its parent.
    cdef signal_t *s = signal_row(k, t.signal)
    cdef int32_t code = s.group_exit_code if s.flags & SIGNAL_GROUP_EXIT else t.exit_code
    info_init(info, sig, CLD_EXITED)
    info_sender(info, pid_vnr(k, parent, t.pid), uid_to_user(k, parent, current_cred(k, t).uid))
    if code & 0x80:
        info.si_code = CLD_DUMPED
    elif code & 0x7f:
        info.si_code = CLD_KILLED
    info.fields[1] = <uint64_t>(code & 0x7f if code & 0x7f else code >> 8)


cdef void notify_parent(kernel_t *k, task_t *t) noexcept nogil:
    # do_notify_parent of a zombie whose threads have all ended; a parent that ignores SIGCHLD wants no zombie.
    cdef task_t *parent = task_row(k, t.real_parent)
    cdef int sig = t.exit_signal
    cdef bint ignores
    cdef kernel_siginfo_t info
    if sig != SIGCHLD and t.parent_exec_id != parent.self_exec_id:  # the parent runs another program by now
        sig = SIGCHLD
    ignores = sig == SIGCHLD and (sig_ign(k, parent, SIGCHLD) or action_flags(k, parent, SIGCHLD) & SA_NOCLDWAIT != 0)
    if 0 < sig <= 64 and not (sig == SIGCHLD and sig_ign(k, parent, SIGCHLD)) and t.real_parent != k.init_task:
        exit_info(k, t, parent, sig, &info)
        send_signal(k, sig, &info, parent, True, False)
    wake_up_parent(k, t)
    if ignores or t.real_parent == k.init_task:
        release_task(k, task_index(k, t))


cdef uint32_t find_alive_thread(kernel_t *k, uint32_t leader) noexcept nogil:
    # The first one that has not ended, the leader before all, or 0.
    cdef uint32_t i = leader
    while task_row(k, i).flags & PF_EXITING:
        i = task_row(k, i).thread_next
        if i == leader:
            return 0
    return i


cdef uint32_t find_new_reaper(kernel_t *k, task_t *t, uint32_t init) noexcept nogil:
    # A thread of the same process; else of the nearest ancestor that wants orphans; else the namespace's init.
    cdef uint32_t i = find_alive_thread(k, t.group_leader)
    cdef uint32_t leader = t.group_leader
    if i or k.subreapers == 0:
        return i if i else init
    while leader != k.init_task:
        leader = task_row(k, task_row(k, leader).real_parent).group_leader
        if unlikely(k.namespaces and pid_level(k, task_row(k, leader)) != pid_level(k, t)):
            break
        if signal_row(k, task_row(k, leader).signal).flags & SIGNAL_CHILD_SUBREAPER:
            i = find_alive_thread(k, leader)
            if i:
                return i
    return init


cdef bint will_become_orphaned_pgrp(kernel_t *k, int32_t pgrp, uint32_t ignored) noexcept nogil:
    # Whether no member but `ignored` has a parent in another group of the same session, who could continue it.
    cdef uint32_t i = pid_leader(k, pgrp, PIDTYPE_PGID)
    cdef task_t *p
    cdef task_t *parent
    while i:
        p = task_row(k, i)
        if i != ignored and p.real_parent and p.real_parent != k.init_task and (
                p.state != EXIT_ZOMBIE or delay_group_leader(k, p)):
            parent = task_row(k, p.real_parent)
            if task_pgrp(k, parent) != pgrp and task_session(k, parent) == task_session(k, p):
                return False
        i = p.pid_next[PIDTYPE_PGID]
    return True


cdef bint is_current_pgrp_orphaned(kernel_t *k, task_t *t) noexcept nogil:
    return will_become_orphaned_pgrp(k, task_pgrp(k, t), 0)


cdef bint has_stopped_jobs(kernel_t *k, int32_t pgrp) noexcept nogil:
    cdef uint32_t i = pid_leader(k, pgrp, PIDTYPE_PGID)
    while i:
        if signal_row(k, task_row(k, i).signal).flags & SIGNAL_STOP_STOPPED:
            return True
        i = task_row(k, i).pid_next[PIDTYPE_PGID]
    return False


cdef void hang_up_orphaned_pgrp(kernel_t *k, int32_t pgrp, uint32_t ignored) noexcept nogil:
    if will_become_orphaned_pgrp(k, pgrp, ignored) and has_stopped_jobs(k, pgrp):
        kill_pgrp(k, pgrp, SIGHUP)
        kill_pgrp(k, pgrp, SIGCONT)


cdef inline void kill_orphaned_pgrp(kernel_t *k, task_t *t, task_t *parent, uint32_t ignored) noexcept nogil:
    # A group that nobody can continue any more, now that `t` and its parent part, and that has a stopped member, is
    # hung up and continued. `ignored`: who leaves the group, 0 = nobody.
    if task_pgrp(k, parent) != task_pgrp(k, t) and task_session(k, parent) == task_session(k, t):
        hang_up_orphaned_pgrp(k, task_pgrp(k, t), ignored)


cdef void forget_original_parent(kernel_t *k, task_t *t) noexcept nogil:
    cdef uint32_t init = find_child_reaper(k, t) if unlikely(k.namespaces != 0) else k.init_task
    cdef uint32_t child = t.children, reaper, next
    cdef task_t *c
    if child == 0:
        return
    reaper = find_new_reaper(k, t, init)
    t.children = t.children_last = 0
    while child:
        c = task_row(k, child)
        next = c.sibling_next
        add_child(k, reaper, child)
        if task_row(k, reaper).group_leader != t.group_leader:
            c.exit_signal = SIGCHLD
            kill_orphaned_pgrp(k, c, t, 0)
            if c.state == EXIT_ZOMBIE and not delay_group_leader(k, c):
                notify_parent(k, c)
        child = next


# ------------------------------------------------------------------------------------------ ending
cdef void do_exit(kernel_t *k, task_t *t, int32_t code) noexcept nogil:
    cdef uint32_t task = task_index(k, t), files = t.files
    cdef signal_t *signal = signal_row(k, t.signal)
    if t.flags & PF_EXITING:
        return
    t.flags |= PF_EXITING
    call_abort(k, t)
    dequeue_task(k, task)
    if unlikely(t.flags & (TASK_THREAD | TASK_HAND_QUEUED)):
        forget_hand(k, t)
        drop_frames(k, t)
    if t.kind == KIND_COMPILED or t.kind == KIND_GUEST_COMPILED:
        t.kind = KIND_COMPILED
        coroutine_free(k, task)
    t.exit_code = code
    signal.nr_threads -= 1
    if unlikely(signal.timers != 0):
        exit_timers(k, t)
    if signal.nr_threads == 0 and not (signal.flags & SIGNAL_GROUP_EXIT):
        signal.group_exit_code = code  # the last thread's code is the process'
        signal.flags |= SIGNAL_GROUP_EXIT
    k.mm_tgid = t.tgid
    mmput(k, t.mm)
    t.mm = 0
    if unlikely(t.flags & TASK_SYSV):
        exit_sysv(k, t)
    t.files = 0
    put_files(k, files)
    put_fs_struct(k, t.fs)
    t.fs = 0
    exit_signals(k, t)
    forget_original_parent(k, t)
    if unlikely(k.namespaces != 0) and zap_waits(k, t):
        if t.flags & TASK_OBJECT:
            report_dead(k, task)
        finish_zaps(k)  # of others, whom its orphans have kept
        return
    exit_notify(k, t)
    finish_zaps(k)


cdef void exit_notify(kernel_t *k, task_t *t) noexcept nogil:
    # All that a task held is gone, and its children are another's.
    cdef signal_t *signal = signal_row(k, t.signal)
    cdef uint32_t task = t.row
    if signal.nr_threads == 0 and task_row(k, t.group_leader).real_parent:
        kill_orphaned_pgrp(k, task_row(k, t.group_leader), task_row(k, task_row(k, t.group_leader).real_parent),
                           t.group_leader)
    t.state = EXIT_ZOMBIE
    if t.flags & TASK_OBJECT:
        report_dead(k, task)
    if not thread_group_leader(k, t):
        release_task(k, task)
    elif signal.nr_threads == 0:
        notify_parent(k, t)


cdef inline bint raises_sigpipe(kernel_t *k, task_t *t) noexcept nogil:
    # Whether a thread that is killed in a sleeping write finds no reader when it wakes, and SIGPIPE is deadly.
    cdef file_t *f
    if t.call.nr != NR_write and t.call.nr != NR_writev or t.call.file == 0:
        return False
    f = file_row(k, t.call.file)
    return (is_pipe_file(f) and pipe_row(k, f.private_data).readers == 0
            and sig_dfl(k, t, SIGPIPE))


cdef bint zap_other_threads(kernel_t *k, task_t *t, int32_t code) noexcept nogil:
    # In thread order. True if one of them raised SIGPIPE on its way out: while one thread ends, a pipe may lose its
    # last reader.
    cdef uint32_t next, me = task_index(k, t), i = t.thread_next
    cdef bint sigpipe = False
    while i != me:
        next = task_row(k, i).thread_next
        sigpipe |= raises_sigpipe(k, task_row(k, i))
        do_exit(k, task_row(k, i), code)
        i = next
    return sigpipe


cdef void exit_before_others(kernel_t *k, task_t *t, int32_t code) noexcept nogil:
    # As on Linux: who has to wait for all others of a PID namespace is the last thread of its init.
    cdef uint32_t i = t.thread_next, next = i, n = 0
    while next != t.row:
        next = task_row(k, next).thread_next
        n += 1
    do_exit(k, t, code)
    while n:
        n -= 1
        next = task_row(k, i).thread_next
        if task_row(k, i).live and not (task_row(k, i).flags & PF_EXITING):
            do_exit(k, task_row(k, i), code)
        i = next


cdef void do_group_exit(kernel_t *k, task_t *t, int32_t code) noexcept nogil:
    cdef signal_t *signal = signal_row(k, t.signal)
    if signal.flags & SIGNAL_GROUP_EXIT:
        code = signal.group_exit_code
    else:
        signal.flags |= SIGNAL_GROUP_EXIT
        signal.group_exit_code = code
        if unlikely(k.namespaces != 0) and task_active_pid_ns(k, t):
            exit_before_others(k, t, code)
            return
        zap_other_threads(k, t, code)
    do_exit(k, t, code)


cdef void program_exit(kernel_t *k, task_t *t, int32_t code) noexcept nogil:
    # What returning from main is: exit for a thread, exit_group for a process.
    cdef bint thread = not thread_group_leader(k, t)
    if t.call.nr >= 0:
        call_abort(k, t)
    call_begin(t, NR_exit if thread else NR_exit_group)
    t.call.args[0] = code >> 8
    call_finish(k, t, 0)
    if thread:
        do_exit(k, t, code)
    else:
        do_group_exit(k, t, code)


# ------------------------------------------------------------------------------------------ wait4, waitid
cdef struct wait_opts_t:
    int type  # P_ALL, P_PID or P_PGID
    int32_t number
    uint32_t flags  # options, WEXITED among them
    bint any  # notask_error is cleared: some child could still tell something


cdef inline bint eligible_pid(kernel_t *k, wait_opts_t *wo, task_t *c) noexcept nogil:
    if wo.type == P_PID:
        return c.pid == wo.number
    return wo.type == P_ALL or task_pgrp(k, c) == wo.number


cdef inline bint eligible_child(kernel_t *k, wait_opts_t *wo, task_t *c) noexcept nogil:
    if not eligible_pid(k, wo, c):
        return False
    if wo.flags & WALL:
        return True
    return (c.exit_signal != SIGCHLD) == (wo.flags & WCLONE != 0)


cdef inline int64_t wait_report(kernel_t *k, task_t *t, task_t *c, int32_t status) noexcept nogil:
    # What waitid tells is in the record: status word, number, and the user in `done`.
    t.call.out0 = status
    t.call.out1 = pid_vnr(k, t, c.pid)
    t.call.done = uid_to_user(k, t, current_cred(k, c).uid)
    return t.call.out1


cdef int64_t wait_task_zombie(kernel_t *k, task_t *t, wait_opts_t *wo, task_t *c) noexcept nogil:
    cdef signal_t *signal = signal_row(k, c.signal)
    cdef int64_t pid
    if not (wo.flags & WEXITED):
        return 0
    pid = wait_report(k, t, c, signal.group_exit_code if signal.flags & SIGNAL_GROUP_EXIT else c.exit_code)
    if not (wo.flags & WNOWAIT):
        release_task(k, task_index(k, c))
        finish_zaps(k)
    return pid


cdef int64_t wait_task_stopped(kernel_t *k, task_t *t, wait_opts_t *wo, task_t *c) noexcept nogil:
    # All its threads have stopped, and no wait has told that yet.
    cdef signal_t *s = signal_row(k, c.signal)
    cdef int32_t code = s.group_exit_code
    if not (wo.flags & WSTOPPED) or not (s.flags & SIGNAL_STOP_STOPPED) or code == 0:
        return 0
    if not (wo.flags & WNOWAIT):
        s.group_exit_code = 0
    return wait_report(k, t, c, code << 8 | 0x7f)


cdef int64_t wait_task_continued(kernel_t *k, task_t *t, wait_opts_t *wo, task_t *c) noexcept nogil:
    cdef signal_t *s = signal_row(k, c.signal)
    if not (wo.flags & WCONTINUED) or not (s.flags & SIGNAL_STOP_CONTINUED):
        return 0
    if not (wo.flags & WNOWAIT):
        s.flags &= ~<uint32_t>SIGNAL_STOP_CONTINUED
    return wait_report(k, t, c, CONTINUED_WORD)


cdef int64_t wait_consider_task(kernel_t *k, task_t *t, wait_opts_t *wo, task_t *c) noexcept nogil:
    # The number of a child that has something to tell, or 0.
    cdef int64_t found
    if not eligible_child(k, wo, c):
        return 0
    if c.state == EXIT_ZOMBIE and not delay_group_leader(k, c):
        return wait_task_zombie(k, t, wo, c)
    wo.any = True
    found = wait_task_stopped(k, t, wo, c)
    return found if found else wait_task_continued(k, t, wo, c)


cdef int64_t do_wait_thread(kernel_t *k, task_t *t, wait_opts_t *wo, task_t *parent) noexcept nogil:
    # Children of one thread, the oldest first.
    cdef uint32_t i = parent.children, next
    cdef int64_t found
    while i:
        next = task_row(k, i).sibling_next
        found = wait_consider_task(k, t, wo, task_row(k, i))
        if found:
            return found
        i = next
    return 0


cdef int64_t do_wait_pid(kernel_t *k, task_t *t, wait_opts_t *wo) noexcept nogil:
    # One child by number, without looking at the others.
    cdef uint32_t i = find_task(k, wo.number)
    cdef task_t *c = task_row(k, i)
    if i == 0 or not thread_group_leader(k, c) or c.real_parent == 0:
        return 0
    if c.real_parent != task_index(k, t):
        if wo.flags & WNOTHREAD or task_row(k, c.real_parent).group_leader != t.group_leader:
            return 0
    return wait_consider_task(k, t, wo, c)


cdef int64_t do_wait_threads(kernel_t *k, task_t *t, wait_opts_t *wo) noexcept nogil:
    cdef int64_t found = do_wait_thread(k, t, wo, t)
    cdef task_t *other = task_row(k, t.thread_next)
    while found == 0 and other != t and not (wo.flags & WNOTHREAD):
        found = do_wait_thread(k, t, wo, other)
        other = task_row(k, other.thread_next)
    return found


cdef int64_t do_wait(kernel_t *k, task_t *t, wait_opts_t *wo) noexcept nogil:
    # Returns the number, 0 for WNOHANG, -ESLEEP, or an error. Entered again after every wake-up.
    cdef int64_t found = do_wait_pid(k, t, wo) if wo.type == P_PID else do_wait_threads(k, t, wo)
    if found == 0:
        if not wo.any:
            found = -ECHILD
        elif not (wo.flags & WNOHANG):
            if not signal_pending(t):
                prepare_to_wait(k, t, WQ_CHLDEXIT, t.signal)
                return -ESLEEP
            found = -ERESTARTSYS
    finish_wait(k, t)
    return found


cdef inline int32_t own_group(kernel_t *k, task_t *t) noexcept nogil:
    # Of the moment when the call began, whatever becomes of the caller.
    if not (t.call.flags & CALL_SLEPT or t.wait.kind):
        t.call.args[4] = task_pgrp(k, t)
    return <int32_t>t.call.args[4]


cdef void wait_opts(kernel_t *k, task_t *t, wait_opts_t *wo) noexcept nogil:
    # Of a call whose arguments are those of wait4 or waitid, and good.
    cdef int32_t number = <int32_t>t.call.args[0 if t.call.nr == NR_wait4 else 1]
    wo.any = False
    if t.call.nr == NR_wait4:
        wo.type = P_ALL if number == -1 else P_PID if number > 0 else P_PGID
        wo.flags = <uint32_t>t.call.args[1] | WEXITED
        number = number if number > 0 else -number
    else:
        wo.type = <int32_t>t.call.args[0]
        wo.flags = <uint32_t>t.call.args[2]
    wo.number = own_group(k, t) if wo.type == P_PGID and number == 0 else <int32_t>find_vpid(k, t, number)


cdef int64_t do_wait4(kernel_t *k, task_t *t) noexcept nogil:
    cdef wait_opts_t wo
    if <uint32_t>t.call.args[1] & ~<uint32_t>(WNOHANG | WUNTRACED | WCONTINUED | WNOTHREAD | WCLONE | WALL):
        return -EINVAL
    if <int32_t>t.call.args[0] == INT_MIN:
        return -ESRCH
    wait_opts(k, t, &wo)
    return do_wait(k, t, &wo)


cdef int64_t do_waitid(kernel_t *k, task_t *t) noexcept nogil:
    # 0, -ESLEEP, or an error; `call.out1` is 0 if there was nothing to tell.
    cdef wait_opts_t wo
    cdef int64_t found
    cdef int32_t idtype = <int32_t>t.call.args[0], id = <int32_t>t.call.args[1]
    cdef uint32_t options = <uint32_t>t.call.args[2]
    t.call.out0 = t.call.out1 = 0
    t.call.done = 0
    if options & ~<uint32_t>(WNOHANG | WNOWAIT | WEXITED | WSTOPPED | WCONTINUED | WNOTHREAD | WCLONE | WALL):
        return -EINVAL
    if not (options & (WEXITED | WSTOPPED | WCONTINUED)):
        return -EINVAL
    if not P_ALL <= idtype <= P_PIDFD or idtype == P_PID and id <= 0 or idtype >= P_PGID and id < 0:
        return -EINVAL
    if idtype == P_PIDFD:
        return -EBADF  # there are no such descriptors yet
    wait_opts(k, t, &wo)
    found = do_wait(k, t, &wo)
    return 0 if found > 0 else found


cdef void wake_up_parent(kernel_t *k, task_t *c) noexcept nogil:
    # __wake_up_parent: those threads that wait for this child. Who waits for others sleeps on, even for none.
    cdef uint32_t i = signal_row(k, task_row(k, c.real_parent).signal).wait_chldexit.first, next
    cdef task_t *t
    cdef wait_opts_t wo
    while i:
        t = task_row(k, i)
        next = t.wait.next
        wait_opts(k, t, &wo)
        if eligible_pid(k, &wo, c) and not (wo.flags & WNOTHREAD and i != c.real_parent):
            try_to_wake_up(k, i, TASK_INTERRUPTIBLE)
        i = next


cdef void waitid_info(task_t *t, siginfo_t *info) noexcept nogil:
    # What a waitid that is over has found, as the fields that it sets of a siginfo.
    cdef int32_t word = t.call.out0
    info.signo = SIGCHLD if t.call.out1 else 0
    info.error = info.code = info.status = 0
    info.pid = t.call.out1
    info.uid = <uint32_t>t.call.done
    if t.call.out1 == 0:
        return
    if word == CONTINUED_WORD:
        info.code = CLD_CONTINUED
        info.status = SIGCONT
    elif word & 0xff == 0x7f:
        info.code = CLD_STOPPED
        info.status = word >> 8
    elif word & 0x7f == 0:
        info.code = CLD_EXITED
        info.status = word >> 8
    else:
        info.code = CLD_DUMPED if word & 0x80 else CLD_KILLED
        info.status = word & 0x7f
