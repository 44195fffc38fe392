"""Calls on timers: how they are recorded, as compiled programs make them, and raw.

Source: kernel/time/itimer.c, kernel/time/posix-timers.c.
"""


# ------------------------------------------------------------------------------------------ recorded
cdef inline int64_t tell_setting(task_t *t, const itimer_ns_t *setting, int64_t ret) noexcept nogil:
    t.call.args[4] = setting.value if ret == 0 else 0
    t.call.done = setting.interval if ret == 0 else 0
    return ret


cdef inline int64_t whole_usec(int64_t ns) noexcept nogil:
    # What is asked for is never cut.
    return ns if ns < 0 or ns > <int64_t>KTIME_MAX - NSEC_PER_USEC else (
        (ns + NSEC_PER_USEC - 1) // NSEC_PER_USEC * NSEC_PER_USEC)


cdef inline int32_t timer_arg(int64_t id) noexcept nogil:
    return <int32_t>id if <int32_t>id == id else -1


cdef inline int32_t clock_arg(int64_t clock) noexcept nogil:
    return <int32_t>clock if <int32_t>clock == clock else INT_MAX


cdef int64_t call_alarm(kernel_t *k, task_t *t, int64_t seconds) noexcept nogil:
    call_begin_args(t, NR_alarm, <uint32_t>seconds, 0, 0, 0)
    return alarm_setitimer(k, t, <uint32_t>seconds)


cdef int64_t call_setitimer(kernel_t *k, task_t *t, int64_t which, int64_t value, int64_t interval) noexcept nogil:
    cdef itimer_ns_t new, old
    call_begin_args(t, NR_setitimer, which, value, interval, 0)
    new.value = whole_usec(value)
    new.interval = whole_usec(interval)
    return tell_setting(t, &old, -EINVAL if value < 0 or interval < 0 else do_setitimer(k, t, which, &new, &old))


cdef int64_t call_getitimer(kernel_t *k, task_t *t, int64_t which) noexcept nogil:
    cdef itimer_ns_t value
    call_begin_args(t, NR_getitimer, which, 0, 0, 0)
    return tell_setting(t, &value, do_getitimer(k, t, which, &value))


cdef int64_t call_timer_create(
    kernel_t *k, task_t *t, int64_t clock, int64_t sig, int64_t value, int64_t notify, int64_t tid
) noexcept nogil:
    cdef sigevent_t event
    call_begin_args(t, NR_timer_create, clock, sig, notify, tid)
    event.value = <uint64_t>value
    event.signo = sig_arg(sig)
    event.notify = sig_arg(notify)
    event.tid = pid_arg(tid)
    return do_timer_create(k, t, clock_arg(clock), &event, NULL)


cdef int64_t call_timer_settime(
    kernel_t *k, task_t *t, int64_t id, int64_t value, int64_t interval, int64_t flags
) noexcept nogil:
    cdef itimer_ns_t new, old
    call_begin_args(t, NR_timer_settime, id, flags, value, interval)
    new.value = value
    new.interval = interval
    return tell_setting(t, &old, do_timer_settime(k, t, timer_arg(id), flags, &new, &old))


cdef int64_t call_timer_gettime(kernel_t *k, task_t *t, int64_t id) noexcept nogil:
    cdef itimer_ns_t value
    call_begin_args(t, NR_timer_gettime, id, 0, 0, 0)
    return tell_setting(t, &value, do_timer_gettime(k, t, timer_arg(id), &value))


cdef int64_t call_timer_getoverrun(kernel_t *k, task_t *t, int64_t id) noexcept nogil:
    call_begin_args(t, NR_timer_getoverrun, id, 0, 0, 0)
    return do_timer_getoverrun(k, t, timer_arg(id))


cdef int64_t call_timer_delete(kernel_t *k, task_t *t, int64_t id) noexcept nogil:
    call_begin_args(t, NR_timer_delete, id, 0, 0, 0)
    return do_timer_delete(k, t, timer_arg(id))


# ------------------------------------------------------------------------------------------ C's structs
cdef inline int64_t seconds_of(int64_t ns) noexcept nogil:
    # Rounded down, also of what is too long for 64 bits and has become negative.
    return ns // NSEC_PER_SEC - (ns % NSEC_PER_SEC < 0)


cdef void put_itimerval(const itimer_ns_t *setting, itimerval_t *to) noexcept nogil:
    to.it_interval.tv_sec = seconds_of(setting.interval)
    to.it_interval.tv_usec = (setting.interval - to.it_interval.tv_sec * NSEC_PER_SEC) // NSEC_PER_USEC
    to.it_value.tv_sec = seconds_of(setting.value)
    to.it_value.tv_usec = (setting.value - to.it_value.tv_sec * NSEC_PER_SEC) // NSEC_PER_USEC


cdef void put_itimerspec(const itimer_ns_t *setting, itimerspec_t *to) noexcept nogil:
    to.it_interval.tv_sec = setting.interval // NSEC_PER_SEC
    to.it_interval.tv_nsec = setting.interval % NSEC_PER_SEC
    to.it_value.tv_sec = setting.value // NSEC_PER_SEC
    to.it_value.tv_nsec = setting.value % NSEC_PER_SEC


# ------------------------------------------------------------------------------------------ of compiled programs
cdef int64_t sys_alarm(kernel_t *k, task_t *t, int64_t seconds) noexcept nogil:
    check_stack(k)
    return syscall_exit(k, t, call_alarm(k, t, seconds))


cdef inline int64_t val_exit(kernel_t *k, task_t *t, int64_t ret, int64_t to) noexcept nogil:
    # `to`: a struct itimerval of the host, or 0.
    cdef itimer_ns_t setting
    told_setting(t, &setting)
    if ret == 0 and to:
        put_itimerval(&setting, <itimerval_t *>to)
    ret = syscall_exit(k, t, ret)
    t.call.args[4] = setting.value  # a handler may have made calls
    t.call.done = setting.interval
    return ret


cdef inline int64_t spec_exit(kernel_t *k, task_t *t, int64_t ret, int64_t to) noexcept nogil:
    cdef itimer_ns_t setting
    told_setting(t, &setting)
    if ret == 0 and to:
        put_itimerspec(&setting, <itimerspec_t *>to)
    ret = syscall_exit(k, t, ret)
    t.call.args[4] = setting.value
    t.call.done = setting.interval
    return ret


cdef int64_t sys_setitimer(
    kernel_t *k, task_t *t, int64_t which, int64_t value, int64_t interval, int64_t old
) noexcept nogil:
    check_stack(k)
    return val_exit(k, t, call_setitimer(k, t, which, value, interval), old)


cdef int64_t sys_getitimer(kernel_t *k, task_t *t, int64_t which, int64_t value) noexcept nogil:
    check_stack(k)
    return val_exit(k, t, call_getitimer(k, t, which), value)


cdef int64_t sys_timer_create(
    kernel_t *k, task_t *t, int64_t clock, int64_t sig, int64_t value, int64_t notify, int64_t tid
) noexcept nogil:
    check_stack(k)
    return syscall_exit(k, t, call_timer_create(k, t, clock, sig, value, notify, tid))


cdef int64_t sys_timer_settime(
    kernel_t *k, task_t *t, int64_t id, int64_t value, int64_t interval, int64_t flags, int64_t old
) noexcept nogil:
    check_stack(k)
    return spec_exit(k, t, call_timer_settime(k, t, id, value, interval, flags), old)


cdef int64_t sys_timer_gettime(kernel_t *k, task_t *t, int64_t id, int64_t value) noexcept nogil:
    check_stack(k)
    return spec_exit(k, t, call_timer_gettime(k, t, id), value)


cdef int64_t sys_timer_getoverrun(kernel_t *k, task_t *t, int64_t id) noexcept nogil:
    check_stack(k)
    return syscall_exit(k, t, call_timer_getoverrun(k, t, id))


cdef int64_t sys_timer_delete(kernel_t *k, task_t *t, int64_t id) noexcept nogil:
    check_stack(k)
    return syscall_exit(k, t, call_timer_delete(k, t, id))


# ------------------------------------------------------------------------------------------ raw
cdef int64_t raw_alarm(kernel_t *k, task_t *t, const uint64_t *a) noexcept nogil:
    return call_alarm(k, t, <int64_t>a[0])


cdef inline int64_t usec_to_ns(const timeval_t *time) noexcept nogil:
    # -EINVAL if it is no time.
    return time_to_ns(time.tv_sec, time.tv_usec * NSEC_PER_USEC) if 0 <= time.tv_usec < USEC_PER_SEC else -EINVAL


cdef int64_t raw_setitimer(kernel_t *k, task_t *t, const uint64_t *a) noexcept nogil:
    # No value is one of 0.
    cdef itimerval_t value
    cdef itimer_ns_t old
    cdef int64_t ret
    memset(&value, 0, sizeof(value))
    call_begin_args(t, NR_setitimer, raw_int(a[0]), 0, 0, 0)
    if a[1] and get_user(k, t, &value, a[1], sizeof(value)):
        return -EFAULT
    if usec_to_ns(&value.it_value) < 0 or usec_to_ns(&value.it_interval) < 0:
        return -EINVAL
    ret = call_setitimer(k, t, raw_int(a[0]), usec_to_ns(&value.it_value), usec_to_ns(&value.it_interval))
    if ret or a[2] == 0:
        return ret
    told_setting(t, &old)
    put_itimerval(&old, &value)
    return put_user(k, t, a[2], &value, sizeof(value))


cdef int64_t raw_getitimer(kernel_t *k, task_t *t, const uint64_t *a) noexcept nogil:
    cdef itimerval_t value
    cdef itimer_ns_t setting
    cdef int64_t ret = call_getitimer(k, t, raw_int(a[0]))
    if ret:
        return ret
    told_setting(t, &setting)
    put_itimerval(&setting, &value)
    return put_user(k, t, a[1], &value, sizeof(value))


cdef int64_t raw_timer_create(kernel_t *k, task_t *t, const uint64_t *a) noexcept nogil:
    cdef char[SIGEVENT_SIZE] event
    cdef int64_t ret
    call_begin_args(t, NR_timer_create, raw_int(a[0]), 0, 0, 0)
    if a[1] and get_user(k, t, event, a[1], sizeof(event)):
        return -EFAULT
    if a[1]:
        t.call.args[1] = (<sigevent_t *>event).signo
        t.call.args[2] = (<sigevent_t *>event).notify
    ret = do_timer_create(k, t, <int32_t>a[0], <sigevent_t *>event if a[1] else NULL, &a[2])
    return min(ret, <int64_t>0)


cdef int64_t raw_timer_settime(kernel_t *k, task_t *t, const uint64_t *a) noexcept nogil:
    cdef itimerspec_t value
    cdef itimer_ns_t old
    cdef int64_t ret
    call_begin_args(t, NR_timer_settime, raw_int(a[0]), raw_int(a[1]), 0, 0)
    if a[2] == 0:
        return -EINVAL
    if get_user(k, t, &value, a[2], sizeof(value)):
        return -EFAULT
    ret = call_timer_settime(k, t, raw_int(a[0]), time_to_ns(value.it_value.tv_sec, value.it_value.tv_nsec),
                             time_to_ns(value.it_interval.tv_sec, value.it_interval.tv_nsec), raw_int(a[1]))
    if ret or a[3] == 0:
        return ret
    told_setting(t, &old)
    put_itimerspec(&old, &value)
    return put_user(k, t, a[3], &value, sizeof(value))


cdef int64_t raw_timer_gettime(kernel_t *k, task_t *t, const uint64_t *a) noexcept nogil:
    cdef itimerspec_t value
    cdef itimer_ns_t setting
    cdef int64_t ret = call_timer_gettime(k, t, raw_int(a[0]))
    if ret:
        return ret
    told_setting(t, &setting)
    put_itimerspec(&setting, &value)
    return put_user(k, t, a[1], &value, sizeof(value))


cdef int64_t raw_timer_getoverrun(kernel_t *k, task_t *t, const uint64_t *a) noexcept nogil:
    return call_timer_getoverrun(k, t, raw_int(a[0]))


cdef int64_t raw_timer_delete(kernel_t *k, task_t *t, const uint64_t *a) noexcept nogil:
    return call_timer_delete(k, t, raw_int(a[0]))


cdef void raw_timers_init() noexcept nogil:
    raw_calls[NR_alarm] = raw_alarm
    raw_calls[NR_setitimer] = raw_setitimer
    raw_calls[NR_getitimer] = raw_getitimer
    raw_calls[NR_timer_create] = raw_timer_create
    raw_calls[NR_timer_settime] = raw_timer_settime
    raw_calls[NR_timer_gettime] = raw_timer_gettime
    raw_calls[NR_timer_getoverrun] = raw_timer_getoverrun
    raw_calls[NR_timer_delete] = raw_timer_delete
