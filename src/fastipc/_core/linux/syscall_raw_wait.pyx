"""Raw calls that wait, and what calls leave in a program's memory when they are over.

Where it is to be left is in the record of the call: the first address in its iterator, the others in its arguments.
"""


cdef enum:
    NSEC_PER_SEC = 1000000000
    NSEC_PER_MSEC = 1000000
    NSEC_PER_USEC = 1000
    USEC_PER_SEC = 1000000


cdef int64_t time_to_ns(int64_t sec, int64_t nsec) noexcept nogil:
    # timespec64_valid, timespec64_to_ktime: ns, -EINVAL.
    if sec < 0 or <uint64_t>nsec >= NSEC_PER_SEC:
        return -EINVAL
    if sec >= <int64_t>KTIME_MAX // NSEC_PER_SEC:
        return <int64_t>KTIME_MAX
    return sec * NSEC_PER_SEC + nsec


# ------------------------------------------------------------------------------------------ poll
cdef int64_t raw_poll(kernel_t *k, task_t *t, const uint64_t *a) noexcept nogil:
    cdef int64_t ms = raw_int(a[2])
    call_begin_args(t, NR_poll, 0, <uint32_t>a[1], ms, 0)
    user_result(t, a[0])
    return poll_user(k, t, ms * NSEC_PER_MSEC)


cdef int64_t raw_ppoll(kernel_t *k, task_t *t, const uint64_t *a) noexcept nogil:
    cdef int64_t ns, err
    call_begin_args(t, NR_ppoll, 0, <uint32_t>a[1], 0, 0)
    user_result(t, a[0])
    err = get_timeout(k, t, a[2], NSEC_PER_SEC, &ns)
    if err == 0:
        err = get_user_sigmask(k, t, a[3], a[4])
    return err if err else poll_select_finish(k, t, poll_user(k, t, ns))


cdef int64_t poll_user(kernel_t *k, task_t *t, int64_t ns) noexcept nogil:
    # do_sys_poll, over rows in the task's memory. Precondition: their number and place are in the record.
    cdef uint32_t n = <uint32_t>t.call.args[1]
    if n > rlimit(k, t, RLIMIT_NOFILE):
        return -EINVAL
    if n:
        t.call.pollfds = pollfds_alloc(k, n)
        if t.call.pollfds == 0:
            return -alloc_errno(k, ENOMEM)
        t.call.nfds = n
        if get_user(k, t, pollfd_row(k, t.call.pollfds), <uint64_t>t.call.iter.offset,
                    <int64_t>(n * sizeof(pollfd_t))):
            free_rows(k, t)
            return -EFAULT
    return do_poll(k, t, ns)


cdef int64_t ppoll_user(
    kernel_t *k, task_t *t, uint64_t fds, uint32_t n, int64_t ns, bint masked, uint64_t set
) noexcept nogil:
    # Of which only the rows are in the task's memory. `ns` is -1 for no limit, and less if it was negative.
    cdef int64_t ret = -EINVAL
    call_begin_args(t, NR_ppoll, 0, n, 0, 0)
    user_result(t, fds)
    if ns >= -1:
        if masked:
            set_user_sigmask(k, t, set)
        ret = poll_select_finish(k, t, poll_user(k, t, ns))
    return ret if ret <= -ERESTARTSYS else user_call_end(k, t, ret)


cdef void free_rows(kernel_t *k, task_t *t) noexcept nogil:
    pollfds_free(k, t.call.pollfds, t.call.nfds)
    t.call.pollfds = t.call.nfds = 0


cdef int64_t put_revents(kernel_t *k, task_t *t) noexcept nogil:
    # Nothing but them: 0 or -EFAULT.
    cdef uint64_t to = <uint64_t>t.call.iter.offset
    cdef pollfd_t *p = pollfd_row(k, t.call.pollfds)
    cdef uint32_t i
    if not access_ok(to, t.call.nfds * sizeof(pollfd_t)):
        return -EFAULT
    for i in range(t.call.nfds):
        if copy_to_user(k, t, to + i * sizeof(pollfd_t) + 6, &p[i].revents, 2) < 2:
            return -EFAULT
    return 0


cdef int64_t poll_end(kernel_t *k, task_t *t, int64_t ret) noexcept nogil:
    # Whatever the result. Who has no rows but asked for some has failed before.
    if (t.call.pollfds or (t.call.args[1] == 0 and ret >= 0)) and put_revents(k, t):
        ret = -EFAULT
    if t.call.args[3]:
        put_time_left(k, t)
    return ret


# ------------------------------------------------------------------------------------------ select
cdef int64_t get_timeout(kernel_t *k, task_t *t, uint64_t tv, int64_t units, int64_t *ns) noexcept nogil:
    # A struct timeval or timespec, by its `units` a second, or none: 0 or -errno. `call.args[3]` is where what is left
    # of it is to go, 0 = nowhere.
    cdef int64_t[2] time
    ns[0] = -1
    t.call.args[3] = 0
    if tv == 0:
        return 0
    if get_user(k, t, time, tv, 16):
        return -EFAULT
    if units == USEC_PER_SEC:
        ns[0] = time_to_ns(time[0] + time[1] // USEC_PER_SEC, time[1] % USEC_PER_SEC * NSEC_PER_USEC)
    else:
        ns[0] = time_to_ns(time[0], time[1])
    if ns[0] < 0:
        return -EINVAL
    if ns[0]:
        t.call.args[3] = <int64_t>tv
        t.call.deadline = deadline_after(k, ns[0])
    return 0


cdef int64_t get_user_sigmask(kernel_t *k, task_t *t, uint64_t at, uint64_t size) noexcept nogil:
    # set_user_sigmask: 0 or -errno. A call that fails here leaves the time alone.
    cdef uint64_t set
    cdef int64_t err = 0
    if at == 0:
        return 0
    if size != sizeof(set):
        err = -EINVAL
    elif get_user(k, t, &set, at, sizeof(set)):
        err = -EFAULT
    if err:
        t.call.args[3] = 0
    else:
        set_user_sigmask(k, t, set)
    return err


cdef int64_t put_time_left(kernel_t *k, task_t *t) noexcept nogil:
    # 0 or -EFAULT.
    cdef int64_t left = max(t.call.deadline - k.now, <int64_t>0)
    cdef int64_t[2] time
    time[0] = left // NSEC_PER_SEC
    time[1] = left % NSEC_PER_SEC // (NSEC_PER_USEC if t.call.nr == NR_select else 1)
    return put_user(k, t, <uint64_t>t.call.args[3], time, 16)


cdef inline uint64_t set_at(task_t *t, int which) noexcept nogil:
    # The address of one of the three sets.
    return <uint64_t>(t.call.args[which] if which else t.call.iter.offset)


cdef int64_t copy_sets(kernel_t *k, task_t *t, uint8_t *sets, int64_t size, bint to_user) noexcept nogil:
    # Three sets of `size` bytes: 0 or -EFAULT.
    cdef int i
    cdef int err = 0
    for i in range(3):
        if set_at(t, i) and size and err == 0:
            if to_user:
                err = put_user(k, t, set_at(t, i), sets + i * size, size)
            else:
                err = get_user(k, t, sets + i * size, set_at(t, i), size)
    return err


cdef uint8_t *sets_alloc(task_t *t, int64_t size, uint8_t **sets) noexcept nogil:
    # Host memory for copies of the sets of a call, to be freed.
    cdef uint8_t *room = <uint8_t *>malloc(<size_t>(3 * size + 8))
    cdef int i
    for i in range(3):
        sets[i] = room + i * size if set_at(t, i) else NULL
    return room


cdef int64_t core_sys_select(kernel_t *k, task_t *t, int64_t n, int64_t ns) noexcept nogil:
    cdef uint8_t *sets[3]
    cdef uint8_t *room
    cdef int64_t size, ret
    if n < 0:
        return -EINVAL
    n = min(n, <int64_t>max(files_row(k, t.files).max_fds, <uint32_t>64))
    size = (n + 63) // 64 * 8
    room = sets_alloc(t, size, sets)
    if room == NULL:
        return -ENOMEM
    ret = copy_sets(k, t, room, size, False)
    if ret == 0:
        ret = fd_set_rows(k, t, <uint32_t>n, sets)
    free(room)
    return do_select(k, t, ns) if ret == 0 else ret


cdef int64_t raw_select(kernel_t *k, task_t *t, const uint64_t *a) noexcept nogil:
    cdef int64_t ns, err
    call_begin_args(t, NR_select, 0, <int64_t>a[2], <int64_t>a[3], 0)
    user_result(t, a[1])
    err = get_timeout(k, t, a[4], USEC_PER_SEC, &ns)
    return err if err else poll_select_finish(k, t, core_sys_select(k, t, raw_int(a[0]), ns))


cdef int64_t raw_pselect6(kernel_t *k, task_t *t, const uint64_t *a) noexcept nogil:
    # The mask and its size are behind the last pointer.
    cdef uint64_t[2] argpack = [0, 0]
    cdef int64_t ns, err
    call_begin_args(t, NR_pselect6, 0, <int64_t>a[2], <int64_t>a[3], 0)
    user_result(t, a[1])
    if a[5] and get_user(k, t, argpack, a[5], sizeof(argpack)):
        return -EFAULT
    err = get_timeout(k, t, a[4], NSEC_PER_SEC, &ns)
    if err == 0:
        err = get_user_sigmask(k, t, argpack[0], argpack[1])
    return err if err else poll_select_finish(k, t, core_sys_select(k, t, raw_int(a[0]), ns))


cdef int64_t select_end(kernel_t *k, task_t *t, int64_t ret) noexcept nogil:
    # The sets if the call succeeded, and what is left of the time in any case.
    cdef uint8_t *sets[3]
    cdef uint8_t *room
    cdef int64_t size = (t.call.args[0] + 63) // 64 * 8
    if ret >= 0:
        room = sets_alloc(t, size, sets)
        if room == NULL:
            return -ENOMEM
        set_fd_set(k, t, sets)
        if copy_sets(k, t, room, size, True):
            ret = -EFAULT
        free(room)
    if t.call.args[3]:
        put_time_left(k, t)
    return ret


# ------------------------------------------------------------------------------------------ children
cdef int64_t raw_wait4(kernel_t *k, task_t *t, const uint64_t *a) noexcept nogil:
    call_begin_args(t, NR_wait4, raw_int(a[0]), raw_int(a[2]), 0, <int64_t>a[3])
    user_result(t, a[1])
    return do_wait4(k, t)


cdef int64_t put_rusage(kernel_t *k, task_t *t, int64_t to) noexcept nogil:
    # A child's use of the machine, of which nothing is counted.
    cdef char[144] usage
    if to == 0:
        return 0
    memset(usage, 0, sizeof(usage))
    return put_user(k, t, <uint64_t>to, usage, sizeof(usage))


cdef int64_t wait4_end(kernel_t *k, task_t *t, int64_t ret) noexcept nogil:
    # The child is reaped already.
    if ret > 0 and t.call.iter.offset and put_user(k, t, <uint64_t>t.call.iter.offset, &t.call.out0, 4):
        return -EFAULT
    return ret if ret <= 0 or put_rusage(k, t, t.call.args[3]) == 0 else -EFAULT


cdef int64_t raw_waitid(kernel_t *k, task_t *t, const uint64_t *a) noexcept nogil:
    call_begin_args(t, NR_waitid, raw_int(a[0]), raw_int(a[1]), raw_int(a[3]), <int64_t>a[4])
    user_result(t, a[2])
    return do_waitid(k, t)


cdef int64_t waitid_end(kernel_t *k, task_t *t, int64_t ret) noexcept nogil:
    # Six words of the siginfo, also after an error: then they are 0.
    cdef siginfo_t info
    cdef uint64_t to = <uint64_t>t.call.iter.offset
    cdef int64_t head
    waitid_info(t, &info)
    if ret < 0:
        info.signo = info.code = info.pid = info.status = 0
        info.uid = 0
    elif t.call.out1 and put_rusage(k, t, t.call.args[3]):
        return -EFAULT
    if to == 0:
        return ret
    if not access_ok(to, sizeof(info)):
        return -EFAULT
    head = copy_to_user(k, t, to, &info, 12)
    return ret if head == 12 and copy_to_user(k, t, to + 16, &info.pid, 12) == 12 else -EFAULT


# ------------------------------------------------------------------------------------------ time
cdef int64_t raw_nanosleep(kernel_t *k, task_t *t, const uint64_t *a) noexcept nogil:
    cdef int64_t[2] time
    cdef int64_t ns
    call_begin_args(t, NR_nanosleep, 0, 0, 0, 0)
    if get_user(k, t, time, a[0], 16):
        return -EFAULT
    ns = time_to_ns(time[0], time[1])
    if ns < 0:
        return ns
    t.call.args[0] = ns
    user_result(t, a[1])
    return do_nanosleep(k, t, ns)


cdef int64_t nanosleep_end(kernel_t *k, task_t *t, int64_t ret) noexcept nogil:
    # What is left, if the sleep was cut short.
    cdef int64_t[2] time
    if ret >= 0 or t.call.iter.offset == 0:
        return ret
    time[0] = max(t.call.deadline - k.now, <int64_t>0) // NSEC_PER_SEC
    time[1] = max(t.call.deadline - k.now, <int64_t>0) % NSEC_PER_SEC
    return -EFAULT if put_user(k, t, <uint64_t>t.call.iter.offset, time, 16) else ret


# ------------------------------------------------------------------------------------------ the end of a call
cdef int64_t user_call_end(kernel_t *k, task_t *t, int64_t ret) noexcept nogil:
    # The result of a call with CALL_USER that is over; also gives back the rows that it has made.
    cdef int32_t nr = t.call.nr
    if nr == NR_poll or nr == NR_ppoll:
        ret = poll_end(k, t, ret)
    elif nr == NR_select or nr == NR_pselect6:
        ret = select_end(k, t, ret)
    elif nr == NR_wait4:
        ret = wait4_end(k, t, ret)
    elif nr == NR_waitid:
        ret = waitid_end(k, t, ret)
    elif nr == NR_nanosleep:
        ret = nanosleep_end(k, t, ret)
    elif nr == NR_rt_sigtimedwait:
        ret = sigtimedwait_end(k, t, ret)
    free_rows(k, t)
    return ret


cdef void raw_waits_init() noexcept nogil:
    raw_calls[NR_poll] = raw_poll
    raw_calls[NR_select] = raw_select
    raw_calls[NR_ppoll] = raw_ppoll
    raw_calls[NR_pselect6] = raw_pselect6
    raw_calls[NR_wait4] = raw_wait4
    raw_calls[NR_waitid] = raw_waitid
    raw_calls[NR_nanosleep] = raw_nanosleep
