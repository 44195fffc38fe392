"""poll and select: one look at all descriptors, then one wait entry for each queue, a look again after every wake-up.

Source: fs/select.c (do_poll, do_select, poll_freewait, poll_select_finish). Missing: fds that are busy-polled.
"""


cdef inline int pollfds_order(uint32_t n) noexcept nogil:
    cdef int order = 0
    while (<uint32_t>1 << order) < n:
        order += 1
    return order


cdef uint32_t pollfds_alloc(kernel_t *k, uint32_t n) noexcept nogil:
    # A run for `n` descriptors, or 0. No injected failure leaves a mark here: the caller reports ENOMEM.
    return table_alloc_run(k, T_POLLFD, pollfds_order(n))


cdef void pollfds_free(kernel_t *k, uint32_t first, uint32_t n) noexcept nogil:
    if first:
        memset(pollfd_row(k, first), 0, n * sizeof(pollfd_t))
        table_free_run(k, T_POLLFD, first, pollfds_order(n))


cdef inline uint32_t other_poll(file_t *f) noexcept nogil:
    # DEFAULT_POLLMASK: what has nothing to wait for is always ready. O_PATH is no open file.
    return POLLNVAL if f.f_mode & FMODE_PATH else POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM


cdef inline bint is_poll(task_t *t) noexcept nogil:
    return t.call.nr == NR_poll or t.call.nr == NR_ppoll


cdef int64_t scan(kernel_t *k, task_t *t) noexcept nogil:
    # How many rows are ready; `revents` of each. poll reports errors unasked, a row of select only what its set names.
    # What does not change is held in locals: the compiler cannot know that no row is changed by the stores.
    cdef pollfd_t *p = pollfd_row(k, t.call.pollfds)
    cdef files_t *files = files_row(k, t.files)
    cdef fd_t *fdt = fd_row(k, files.fdt)
    cdef file_t *all_files = file_row(k, 0)
    cdef pipe_t *all_pipes = pipe_row(k, 0)
    cdef uint32_t unasked = POLLERR | POLLHUP | POLLNVAL if is_poll(t) else 0
    cdef uint32_t max_fds = files.max_fds, mask
    cdef int64_t count = 0, i, n = t.call.nfds
    cdef file_t *f
    for i in range(n):
        if likely(<uint32_t>p[i].fd < max_fds and fdt[<uint32_t>p[i].fd].live == 1):
            f = all_files + fdt[<uint32_t>p[i].fd].file
            if likely(is_pipe_file(f)):
                mask = pipe_poll_mask(all_pipes + f.private_data, f)
            elif file_operations[f.f_op].poll != NULL:
                mask = file_operations[f.f_op].poll(k, t, f)
            else:
                mask = other_poll(f)
        else:
            mask = POLLNVAL if p[i].fd >= 0 else 0
        mask &= <uint16_t>p[i].events | unasked
        p[i].revents = <int16_t>mask
        count += mask != 0
    return count


cdef int poll_queue(kernel_t *k, task_t *t, file_t *f, uint16_t kind, uint32_t key) noexcept nogil:
    # __pollwait: an entry on one queue of one file.
    cdef uint32_t obj = signalfd_queue(k, t) if kind == WQ_SIGNALFD else f.private_data
    cdef uint32_t i = table_alloc(k, T_POLL_ENTRY, sizeof(poll_entry_t)) if obj else 0
    cdef poll_entry_t *e = poll_entry_row(k, i)
    if i == 0:
        return -alloc_errno(k, ENOMEM)
    e.task = task_index(k, t)
    e.key = key
    e.file = file_index(k, f)
    f.f_count += 1
    e.next = t.call.poll
    t.call.poll = i
    add_wait_queue(k, i | LINK_POLL, kind, obj)
    return 0


cdef int poll_initwait(kernel_t *k, task_t *t) noexcept nogil:
    cdef pollfd_t *p = pollfd_row(k, t.call.pollfds)
    cdef uint16_t kinds[2]
    cdef uint32_t i, j, n
    cdef file_t *f
    cdef int err
    for i in range(t.call.nfds):
        f = fdget(k, t, p[i].fd) if p[i].fd >= 0 else NULL
        if f == NULL or file_operations[f.f_op].poll_queues == NULL:
            continue
        n = file_operations[f.f_op].poll_queues(k, f, kinds)
        for j in range(n):
            err = poll_queue(k, t, f, kinds[j], <uint16_t>p[i].events | POLLERR | POLLHUP)
            if err:
                return err
    return 0


cdef void poll_freewait(kernel_t *k, task_t *t) noexcept nogil:
    # Everything a poll holds, the run of pollfd rows included.
    cdef uint32_t i = t.call.poll, next, file
    t.call.poll = 0
    while i:
        next = poll_entry_row(k, i).next
        file = poll_entry_row(k, i).file
        remove_wait_queue(k, i | LINK_POLL)
        table_free(k, T_POLL_ENTRY, i, sizeof(poll_entry_t))
        fput(k, file)
        i = next
    if t.call.pollfds:
        pollfds_free(k, t.call.pollfds, t.call.nfds)
        t.call.pollfds = t.call.nfds = 0


cdef void leave_queues(kernel_t *k, task_t *t) noexcept nogil:
    # The wait is over; the rows with the answers stay for the entry.
    cdef uint32_t pollfds = t.call.pollfds
    t.call.pollfds = 0
    poll_freewait(k, t)
    t.call.pollfds = pollfds
    timer_cancel(k, task_index(k, t), t)
    finish_wait(k, t)


# ------------------------------------------------------------------------------------------ the mask
cdef void set_user_sigmask(kernel_t *k, task_t *t, uint64_t set) noexcept nogil:
    t.call.flags |= CALL_SIGMASK
    t.call.args[4] = <int64_t>set
    task_thread(k, t).saved_sigmask = t.blocked
    set_current_blocked(k, t, set)


cdef int64_t poll_select_finish(kernel_t *k, task_t *t, int64_t ret) noexcept nogil:
    # The mask is as before, unless a handler is to run first. Where what is to be stored cannot be the call is not made
    # again.
    if ret == -ESLEEP:
        return ret
    if ret <= -ERESTARTSYS and is_poll(t) and t.call.flags & CALL_USER and put_revents(k, t):
        ret = -EFAULT
    if ret != -ERESTARTNOHAND:
        if t.call.flags & CALL_SIGMASK:
            set_current_blocked(k, t, thread_row(k, t.row).saved_sigmask)
        return ret
    if t.call.flags & CALL_SIGMASK:
        t.flags |= TIF_RESTORE_SIGMASK
    if t.call.flags & CALL_USER and t.call.args[3] and put_time_left(k, t):
        return -EINTR
    return ret


cdef inline int64_t poll_interrupted(task_t *t) noexcept nogil:
    # What a select is made again with is the time that is left, as with poll.
    return -ERESTART_RESTARTBLOCK if t.call.nr == NR_poll else -ERESTARTNOHAND


cdef int64_t look_or_sleep(kernel_t *k, task_t *t, int64_t timeout_ns) noexcept nogil:
    # A signal interrupts who finds nothing, also if no time is left to wait.
    cdef int64_t count = scan(k, t)
    cdef int err
    if count:
        return count
    if signal_pending(t):
        if timeout_ns >= 0:  # for when it is made again
            t.call.deadline = deadline_after(k, timeout_ns)
            t.call.flags |= CALL_TIMEOUT
        return poll_interrupted(t)
    if timeout_ns == 0:
        return 0
    err = poll_initwait(k, t)
    if err:
        leave_queues(k, t)
        return err
    if timeout_ns > 0:
        t.call.deadline = deadline_after(k, timeout_ns)
        t.call.flags |= CALL_TIMEOUT
        timer_start(k, task_index(k, t), t.call.deadline)
    t.state = TASK_INTERRUPTIBLE
    return -ESLEEP


cdef int64_t do_poll(kernel_t *k, task_t *t, int64_t timeout_ns) noexcept nogil:
    # Number of ready rows. `timeout_ns` < 0: no limit.
    if t.call.nfds > rlimit_row(k, signal_row(k, t.signal).rlimit).cur[RLIMIT_NOFILE]:
        return -EINVAL
    return look_or_sleep(k, t, timeout_ns)


cdef int64_t do_select(kernel_t *k, task_t *t, int64_t timeout_ns) noexcept nogil:
    # Numbers beyond the size of the process's table are not looked at; within it a closed one is an error.
    cdef pollfd_t *p = pollfd_row(k, t.call.pollfds)
    cdef uint32_t i, max_fds = max(files_row(k, t.files).max_fds, <uint32_t>64)
    for i in range(t.call.nfds):
        if p[i].fd >= 0 and <uint32_t>p[i].fd >= max_fds:
            p[i].fd = -1
        elif fdget(k, t, p[i].fd) == NULL:
            return -EBADF
    return look_or_sleep(k, t, timeout_ns)


cdef int64_t ppoll_checked(kernel_t *k, task_t *t, int64_t ns, bint masked, uint64_t set) noexcept nogil:
    # Over the rows in the record. `ns` is -1 for no limit, and less if it was negative.
    if ns < -1:
        return -EINVAL
    if masked:
        set_user_sigmask(k, t, set)
    return poll_select_finish(k, t, do_poll(k, t, ns))


cdef int64_t pselect_checked(kernel_t *k, task_t *t, int64_t ns, bint masked, uint64_t set) noexcept nogil:
    if ns < -1:
        return -EINVAL
    if masked:
        set_user_sigmask(k, t, set)
    return poll_select_finish(k, t, do_select(k, t, ns))


# ------------------------------------------------------------------------------------------ the sets of select
cdef inline int16_t set_events(int which) noexcept nogil:
    return <int16_t>(POLLIN_SET if which == 0 else POLLOUT_SET if which == 1 else POLLEX_SET)


cdef inline bint has_bit(const uint8_t *fds, uint32_t fd) noexcept nogil:
    return fds[fd >> 3] >> (fd & 7) & 1


cdef int64_t get_fd_set(kernel_t *k, task_t *t, int64_t nfds, uint8_t **sets) noexcept nogil:
    # Rows for the bits of three sets of FD_SETSIZE, each may be NULL; 0 or -ENOMEM. As in core_sys_select numbers
    # beyond the process's table are not looked at, and what is left of `nfds` is in the record for `set_fd_set`.
    cdef uint32_t n = <uint32_t>min(max(nfds, <int64_t>0), <int64_t>FD_SETSIZE)
    return fd_set_rows(k, t, min(n, max(files_row(k, t.files).max_fds, <uint32_t>64)), sets)


cdef int64_t fd_set_rows(kernel_t *k, task_t *t, uint32_t n, uint8_t **sets) noexcept nogil:
    # The same for `n` bits of each set.
    cdef uint32_t fd, rows = 0
    cdef pollfd_t *p
    cdef int which
    t.call.args[0] = n
    for which in range(3):
        for fd in range(n if sets[which] != NULL else 0):
            rows += has_bit(sets[which], fd)
    t.call.pollfds = t.call.nfds = 0
    if rows == 0:
        return 0
    t.call.pollfds = pollfds_alloc(k, rows)
    if t.call.pollfds == 0:
        return -alloc_errno(k, ENOMEM)
    t.call.nfds = rows
    p = pollfd_row(k, t.call.pollfds)
    for which in range(3):
        for fd in range(n if sets[which] != NULL else 0):
            if has_bit(sets[which], fd):
                p.fd = <int32_t>fd
                p.events = set_events(which)
                p.revents = 0
                p += 1
    return 0


cdef int64_t pollfds_of(kernel_t *k, task_t *t, int64_t *fds, int64_t r, int64_t w, int64_t x) noexcept nogil:
    # Rows for the numbers of three lists, one after the other; 0 or -ENOMEM. One that no set can hold is no descriptor.
    cdef int64_t n = r + w + x, i
    cdef pollfd_t *p
    t.call.pollfds = t.call.nfds = 0
    if n == 0:
        return 0
    t.call.pollfds = pollfds_alloc(k, <uint32_t>n)
    if t.call.pollfds == 0:
        return -alloc_errno(k, ENOMEM)
    t.call.nfds = <uint32_t>n
    p = pollfd_row(k, t.call.pollfds)
    for i in range(n):
        p[i].fd = <int32_t>fds[i] if 0 <= fds[i] < FD_SETSIZE else -1
        p[i].events = set_events(0 if i < r else 1 if i < r + w else 2)
        p[i].revents = 0
    return 0


cdef void set_fd_set(kernel_t *k, task_t *t, uint8_t **sets) noexcept nogil:
    # The bits of what is ready; the sets are overwritten up to the long that holds the last number looked at.
    cdef uint32_t n = <uint32_t>t.call.args[0], i
    cdef pollfd_t *p = pollfd_row(k, t.call.pollfds)
    cdef int which
    for which in range(3):
        if sets[which] == NULL:
            continue
        memset(sets[which], 0, (n + 63) // 64 * 8)
        for i in range(t.call.nfds):
            if p[i].events == set_events(which) and p[i].revents:
                sets[which][p[i].fd >> 3] |= <uint8_t>(1 << (p[i].fd & 7))


# ------------------------------------------------------------------------------------------ after a sleep
cdef int64_t poll_resume(kernel_t *k, task_t *t) noexcept nogil:
    cdef int64_t count = scan(k, t)
    if count == 0 and signal_pending(t):
        count = poll_interrupted(t)
    elif count == 0 and not (t.call.flags & CALL_EXPIRED):
        t.state = TASK_INTERRUPTIBLE
        return -ESLEEP
    leave_queues(k, t)
    return poll_select_finish(k, t, count)


cdef int64_t poll_restart(kernel_t *k, task_t *t) noexcept nogil:
    # Nobody handled the signal: with the time that is left.
    cdef int64_t left = -1
    if t.call.flags & CALL_SIGMASK:
        set_user_sigmask(k, t, <uint64_t>t.call.args[4])
    if t.call.flags & CALL_TIMEOUT:
        left = max(t.call.deadline - k.now, <int64_t>0)
    return poll_select_finish(k, t, look_or_sleep(k, t, left))


cdef bint poll_check(kernel_t *k) noexcept nogil:
    # Every entry belongs to exactly one call, and waits on a queue of a file that is open; but for those of nobody.
    cdef uint32_t i, e, found = 0
    for i in range(1, k.table[T_TASK].high):
        e = task_row(k, i).call.poll if task_row(k, i).live else 0
        while e:
            if not check(k, poll_entry_row(k, e).live and poll_entry_row(k, e).task == i,
                         b"select: entry of another task"):
                return False
            found += 1
            e = poll_entry_row(k, e).next
    for i in range(1, k.table[T_PIPE_FASYNC].high):
        found += (pipe_fasync_row(k, i).gates[0] != 0) + (pipe_fasync_row(k, i).gates[1] != 0)
    return check(k, found == k.table[T_POLL_ENTRY].nlive, b"select: entries lost")
