"""Going on after a sleep, giving up a call, and the record of completed calls.

Source: the entry code of arch/x86/entry and the loops around schedule() in the mechanisms. `call_resume` is the one
place that knows which mechanism a sleeping call belongs to.
"""


cdef int64_t call_resume(kernel_t *k, task_t *t) noexcept nogil:
    # Enter the mechanism again. Precondition: the task is in a call and has been woken.
    cdef call_t *c = &t.call
    c.flags |= CALL_SLEPT
    if c.nr == NR_read or c.nr == NR_readv:
        return file_read(k, t, file_row(k, c.file))
    elif c.nr == NR_write or c.nr == NR_writev:
        return file_write(k, t, file_row(k, c.file))
    elif c.nr == NR_semop or c.nr == NR_semtimedop:
        return semop_resume(k, t)
    elif c.nr == NR_msgrcv:
        return msgrcv_resume(k, t)
    elif c.nr == NR_poll or c.nr == NR_select or c.nr == NR_ppoll or c.nr == NR_pselect6:
        return poll_resume(k, t)
    elif c.nr == NR_open or c.nr == NR_openat:
        return open_resume(k, t)
    elif c.nr == NR_wait4:
        return do_wait4(k, t)
    elif c.nr == NR_waitid:
        return do_waitid(k, t)
    elif c.nr == NR_nanosleep:
        return nanosleep_resume(k, t)
    elif c.nr == NR_msgsnd:
        return msgsnd_resume(k, t)
    elif c.nr == NR_pause:
        return do_pause(k, t)
    elif c.nr == NR_rt_sigsuspend:
        return sigsuspend_resume(k, t)
    elif c.nr == NR_rt_sigtimedwait:
        return sigtimedwait_resume(k, t)
    return 0  # sched_yield


cdef int64_t call_restart(kernel_t *k, task_t *t) noexcept nogil:
    # The call once more, with the arguments in its record: its descriptor is looked up again, its path walked again; a
    # time goes on where it was. Its bytes have not moved.
    cdef call_t *c = &t.call
    cdef int32_t fd = fd_arg(c.args[0])
    c.flags &= ~<int>(CALL_SLEPT | CALL_EXPIRED | CALL_OVER | CALL_RESTART | CALL_TOLD)
    if c.flags & CALL_BYTES and c.args[2] > SCRATCH:
        return read_again(k, t, fd)
    if c.nr == NR_read:
        return do_read_again(k, t, fd)
    if c.nr == NR_readv:
        return do_readv(k, t, fd, 0)
    if c.nr == NR_write or c.nr == NR_writev:
        return do_writev(k, t, fd, 0)
    if c.nr == NR_poll or c.nr == NR_select or c.nr == NR_ppoll or c.nr == NR_pselect6:
        return poll_restart(k, t)
    if c.nr == NR_open or c.nr == NR_openat:
        return open_restart(k, t)
    if c.nr == NR_wait4:
        return do_wait4(k, t)
    if c.nr == NR_waitid:
        return do_waitid(k, t)
    if c.nr == NR_nanosleep:
        return nanosleep_restart(k, t)
    if c.nr == NR_pause:
        return do_pause(k, t)
    if c.nr == NR_rt_sigsuspend:
        return do_sigsuspend(k, t, <uint64_t>c.args[0])
    if c.nr == NR_msgsnd:
        return do_msgsnd(k, t, fd, c.args[1], c.args[2], <int32_t>c.args[3])
    if c.nr == NR_msgrcv:
        return do_msgrcv(k, t, fd, c.args[2], c.args[3], <int32_t>c.args[4])
    return -EINTR


cdef int64_t do_read_again(kernel_t *k, task_t *t, int32_t fd) noexcept nogil:
    if t.call.flags & CALL_BYTES:
        host_row(k, t).base = k.scratch
    return do_readv(k, t, fd, 0)


cdef int64_t read_again(kernel_t *k, task_t *t, int32_t fd) noexcept nogil:
    # A long read whose result is a bytes object: the entries make that. It goes on as one that has been woken, so that
    # what does not wait is told apart here.
    cdef file_t *f = fdget(k, t, fd)
    if f == NULL or not (f.f_mode & FMODE_READ):
        return -EBADF
    if f.f_flags & O_NONBLOCK and bytes_available(k, t, f, t.call.args[2]) == 0 and (
            f.f_op == SIGNALFD_FOPS or (is_pipe_file(f) and pipe_row(k, f.private_data).writers)):
        return -EAGAIN
    call_hold(k, t, f)
    return -ESLEEP


cdef int64_t call_again(kernel_t *k, task_t *t) noexcept nogil:
    cdef int64_t ret = call_restart(k, t)
    if ret == -ESLEEP:
        return ret
    if unlikely(t.call.flags & CALL_USER) and ret > -ERESTARTSYS:
        ret = user_call_end(k, t, ret)
    return call_done(k, t, ret)


cdef void call_put_last(kernel_t *k, task_t *t) noexcept nogil:
    # The end of the file may send signals, also to this task, which runs at that moment (see wants_signal).
    cdef uint32_t file = t.call.file, current = k.current
    t.call.file = 0
    k.current = t.row
    fput(k, file)
    k.current = current


cdef void call_abort(kernel_t *k, task_t *t) noexcept nogil:
    # The task ends: whatever its call holds is given back.
    cdef call_t *c = &t.call
    cdef uint32_t file = c.file
    if t.flags & TASK_ASLEEP:
        t.flags &= ~<int>TASK_ASLEEP
        if t.kind != KIND_HAND and not (t.flags & TASK_DAEMON):
            k.sleepers -= 1
    finish_wait(k, t)
    if unlikely(real_blocked(k, t) != 0):
        t.blocked = real_blocked(k, t)
        thread_row(k, t.row).real_blocked = 0
    elif c.nr == NR_rt_sigsuspend or ((c.nr == NR_ppoll or c.nr == NR_pselect6) and c.flags & CALL_SIGMASK):
        t.blocked = thread_row(k, t.row).saved_sigmask
    timer_cancel(k, task_index(k, t), t)
    poll_freewait(k, t)
    if c.nr == NR_semop or c.nr == NR_semtimedop:
        semop_abort(k, t)
    elif c.nr == NR_msgsnd or c.nr == NR_msgrcv:
        msg_abort(k, t)
    elif c.flags & CALL_MSG:
        msg_drop(k, t)
    if file:
        if c.nr == NR_open or c.nr == NR_openat:
            open_abort(k, t)
        c.file = 0
        fput(k, file)
    c.nr = -1


cdef inline int64_t resume_read(kernel_t *k, task_t *t) noexcept nogil:
    # The commonest of these: the message that a read has waited for is there. 0: `call_resume` must look.
    cdef file_t *f = file_row(k, t.call.file)
    cdef int64_t ret
    if t.call.nr != NR_read or f.f_op != PIPEANON_FOPS:
        return 0
    ret = pipe_read_one(k, pipe_row(k, f.private_data), host_row(k, t).base, t.call.iter.count)
    if likely(ret):
        finish_wait(k, t)
    return ret


cdef inline int64_t resume_one(kernel_t *k, task_t *t) noexcept nogil:
    # The result of a call that another task has completed, or that only gave way or waited for a time; or -1.
    if t.call.nr == NR_rt_sigtimedwait:
        return sigtimedwait_resume_one(k, t)
    if unlikely(signal_pending(t)):
        return -1
    if t.call.nr == NR_semop:
        return 0 if semop_resume_one(k, t) or semop_resume_several(k, t) else -1
    if t.call.nr == NR_msgrcv:
        return msgrcv_resume_one(k, t)
    if t.call.nr == NR_nanosleep:
        return 0 if t.call.flags & CALL_EXPIRED else -1
    return 0 if t.call.nr == NR_sched_yield else -1


cdef bint settle(kernel_t *k, task_t *t, int64_t ret) noexcept nogil:
    # After a call of a task that does not run: whether its own code is to go on, if only with a handler. False: it
    # sleeps, has stopped, or is no more.
    while ret == -EAGAINCALL:
        ret = call_again(k, t)
    if ret == -EKILLED:
        return False
    if ret == -ESLEEP:
        if not deactivate_task(k, t):  # `read_again`
            enqueue_task(k, t.row)
        return False
    return True


cdef bint run_call(kernel_t *k, task_t *t) noexcept nogil:
    # Bring a task that was woken to the end of its call. False if it sleeps again or is no more.
    cdef int64_t ret
    if unlikely(t.call.nr < 0 or t.call.flags & (CALL_OVER | CALL_RESTART)):  # it had stopped, or not begun
        return settle(k, t, exit_to_user_mode(k, t))
    ret = call_resume(k, t)
    if ret == -ESLEEP:
        if not deactivate_task(k, t):
            panic(k, b"call: a task is asleep and runnable")
        return False
    if unlikely(t.call.flags & CALL_USER) and ret > -ERESTARTSYS:
        ret = user_call_end(k, t, ret)
    ret = call_done(k, t, ret)
    return likely(not exit_code(ret)) or settle(k, t, ret)


cdef uint32_t next_turn(kernel_t *k) noexcept nogil:
    # Give the processor to the next runnable task and bring it to the end of its call. Its row; 0: nothing can run.
    # A read whose result is a bytes object lands in `k.scratch` if it is short, to be taken from there before anything
    # else is read; a longer one is left to the caller, who can make the object.
    cdef uint32_t task
    cdef task_t *t
    cdef int64_t ret
    while True:
        task = pick_next(k)
        if task == 0:
            return 0
        k.counters.switches += 1
        t = task_row(k, task)
        if t.call.nr < 0:
            if unlikely(t.flags & TIF_SIGPENDING) and not run_call(k, t):
                continue
            return task
        if t.call.flags & (CALL_BYTES | CALL_USER | CALL_OVER | CALL_RESTART):
            if t.call.flags & (CALL_USER | CALL_OVER | CALL_RESTART):
                if run_call(k, t):
                    return task
                continue
            if t.call.args[2] > SCRATCH or t.flags & TIF_SIGPENDING:  # or its bytes would be lost in a handler
                return task
            k.host[task].base = k.scratch
        ret = resume_read(k, t)
        if unlikely(ret == 0):
            ret = resume_one(k, t)
        if likely(ret >= 0):
            ret = call_done(k, t, ret)
            if likely(not exit_code(ret)) or settle(k, t, ret):
                return task
        elif run_call(k, t):
            return task


cdef inline void trace_data(trace_t *r, const char *data, int64_t n) noexcept nogil:
    r.ndata = <uint32_t>min(n, <int64_t>sizeof(r.data))
    memcpy(r.data, data, r.ndata)


cdef inline void trace_paths(kernel_t *k, trace_t *r) noexcept nogil:
    # The paths of a call that did not sleep are still where it put them; symlink names its target first.
    cdef int first = r.nr == NR_symlink
    trace_data(r, k.pathname[first], <int64_t>strlen(k.pathname[first]))
    r.ndata2 = <uint32_t>min(<int64_t>strlen(k.pathname[1 - first]), <int64_t>sizeof(r.data2))
    memcpy(r.data2, k.pathname[1 - first], r.ndata2)


cdef void trace_opened(kernel_t *k, task_t *t, trace_t *r) noexcept nogil:
    # The path of an open that slept is that of the file it has opened.
    cdef file_t *f = fdget(k, t, <int32_t>r.ret)
    cdef char page[4096]
    cdef int64_t at
    if f != NULL and f.f_dentry:
        at = d_path(k, current_fs(k, t), f.f_mnt, f.f_dentry, page, sizeof(page))
        trace_data(r, page + at, <int64_t>sizeof(page) - 1 - at)


cdef void trace_push(kernel_t *k, task_t *t, int64_t ret) noexcept nogil:
    cdef trace_t *r
    cdef host_t *host = host_row(k, t)
    cdef int i
    k.attention |= ATT_TRACE
    if k.trace_n == k.trace_cap:  # the edge empties the buffer after every call
        k.trace_n = 0
    r = &k.trace[k.trace_n]
    k.trace_n += 1
    r.time = k.now
    r.pid = t.pid
    r.nr = t.call.nr
    for i in range(4):
        r.args[i] = t.call.args[i]
    r.ret = ret
    r.out0 = t.call.out0
    r.out1 = t.call.out1
    r.ndata = r.ndata2 = 0
    if takes_path[r.nr]:
        if t.call.flags & CALL_SLEPT:
            trace_opened(k, t, r)
        else:
            trace_paths(k, r)
        return
    if ret <= 0 or t.call.flags & CALL_USER:
        return
    if r.nr == NR_read or r.nr == NR_write or (r.nr == NR_readv or r.nr == NR_writev) and t.call.iter.nr_segs == 1:
        trace_data(r, host.base, ret)
    elif (r.nr == NR_readv or r.nr == NR_writev) and host.iov != NULL:
        trace_data(r, (<iovec_t *>host.iov).base, min(ret, <int64_t>(<iovec_t *>host.iov).length))
