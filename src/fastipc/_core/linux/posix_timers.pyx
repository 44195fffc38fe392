"""POSIX timers: made, set, asked, deleted. Source: kernel/time/posix-timers.c, kernel/time/posix-cpu-timers.c
(pid_for_clock).

Missing: alarm clocks, which ask for a real-time clock of the host; clocks of devices; the setting of ids of CRIU.
"""


cdef enum:
    INT_MAX = 0x7fffffff
    CPUCLOCK_PERTHREAD_MASK = 4
    CPUCLOCK_MAX = 3
    CLOCKFD = 3
    CLOCKFD_MASK = 7


# ------------------------------------------------------------------------------------------ clocks
cdef inline bint is_cpu_clock(int32_t clock) noexcept nogil:
    return clock < 0 or clock == CLOCK_PROCESS_CPUTIME_ID or clock == CLOCK_THREAD_CPUTIME_ID


cdef inline int64_t clock_now(kernel_t *k, int32_t clock) noexcept nogil:
    return 0 if is_cpu_clock(clock) else k.now


cdef inline int64_t clock_to_now(int32_t clock, int64_t expires) noexcept nogil:
    # An absolute time of a clock in virtual time, or in the processor's.
    return expires - <int64_t>BOOT_SECONDS * NSEC_PER_SEC if clock in (CLOCK_REALTIME, CLOCK_TAI) else expires


cdef int64_t clockid_to_kclock(int32_t clock) noexcept nogil:
    # Whether a clock has timers: 0 or -errno.
    if clock < 0:
        return -EOPNOTSUPP if clock & CLOCKFD_MASK == CLOCKFD else 0
    if clock in (CLOCK_MONOTONIC_RAW, CLOCK_REALTIME_COARSE, CLOCK_MONOTONIC_COARSE):
        return -EOPNOTSUPP
    return 0 if clock <= CLOCK_BOOTTIME_ALARM or clock == CLOCK_TAI else -EINVAL


cdef int64_t pid_for_clock(kernel_t *k, task_t *t, int32_t clock) noexcept nogil:
    # Whether there is whose time it would be, and he is the caller's to ask: 0 or -EINVAL.
    cdef int32_t pid = ~(clock >> 3)
    cdef uint32_t i
    if clock & ~<int32_t>CPUCLOCK_PERTHREAD_MASK & CLOCKFD_MASK >= CPUCLOCK_MAX:
        return -EINVAL
    if pid == 0:
        return 0
    i = find_task_by_vpid(k, t, pid)
    if i == 0:
        return -EINVAL
    if clock & CPUCLOCK_PERTHREAD_MASK:
        return 0 if task_row(k, i).group_leader == t.group_leader else -EINVAL
    return 0 if task_row(k, i).group_leader == i else -EINVAL


cdef int64_t clock_timer_create(kernel_t *k, task_t *t, int32_t clock) noexcept nogil:
    if clock == CLOCK_REALTIME_ALARM or clock == CLOCK_BOOTTIME_ALARM:
        return -EOPNOTSUPP
    return pid_for_clock(k, t, clock) if clock < 0 else 0


# ------------------------------------------------------------------------------------------ what a process has
cdef uint32_t timers_of(kernel_t *k, task_t *t) noexcept nogil:
    cdef signal_t *s = signal_row(k, t.signal)
    if s.timers == 0:
        s.timers = table_alloc(k, T_ITIMER, sizeof(itimer_t))
        if s.timers:
            itimer_row(k, s.timers).tgid = t.tgid
    return s.timers


cdef uint32_t group_leader_of(kernel_t *k, int32_t tgid) noexcept nogil:
    cdef uint32_t i = find_task(k, tgid)
    return task_row(k, i).group_leader if i else 0


cdef inline uint32_t find_timer(kernel_t *k, task_t *t, int32_t id) noexcept nogil:
    # Row of a timer of the caller's process, or 0.
    cdef uint32_t own = signal_row(k, t.signal).timers
    return xa_load(k, itimer_row(k, own).posix_timers, <uint64_t>id) if own and id >= 0 else 0


cdef inline itimer_t *owner_of(kernel_t *k, k_itimer_t *timer) noexcept nogil:
    return itimer_row(k, signal_row(k, timer.it_signal).timers)


# ------------------------------------------------------------------------------------------ creation
cdef uint32_t alloc_posix_timer(kernel_t *k, task_t *t) noexcept nogil:
    # With room for its signal, charged to the caller's user; 0: see alloc_errno.
    cdef uint32_t i = table_alloc(k, T_K_ITIMER, sizeof(k_itimer_t)), q
    if i == 0:
        return 0
    q = sigqueue_alloc(k, t, False)
    if q == 0:
        table_free(k, T_K_ITIMER, i, sizeof(k_itimer_t))
        return 0
    sigqueue_row(k, q).flags = SIGQUEUE_PREALLOC
    sigqueue_row(k, q).timer = i
    k_itimer_row(k, i).sigq = q
    k_itimer_row(k, i).it_signal = t.signal
    k_itimer_row(k, i).it_overrun = -1
    return i


cdef int64_t posix_timer_add(kernel_t *k, itimer_t *own, uint32_t i) noexcept nogil:
    # The next id that is free; each is tried once before one is used again.
    cdef uint32_t id
    while True:
        id = own.next_posix_timer_id & INT_MAX
        own.next_posix_timer_id += 1
        if xa_load(k, own.posix_timers, id) == 0:
            break
    if xa_store(k, &own.posix_timers, id, i) < 0:
        return -EAGAIN
    k_itimer_row(k, i).it_id = <int32_t>id
    return id


cdef void free_timer(kernel_t *k, uint32_t i) noexcept nogil:
    # A signal that is pending stays so, and is dropped when its turn comes.
    cdef k_itimer_t *timer = k_itimer_row(k, i)
    alarm_cancel(k, i | <uint32_t>TIMER_POSIX)
    if timer.ignored:
        forget_ignored(k, i)
    sigqueue_row(k, timer.sigq).timer = 0
    if not (sigqueue_row(k, timer.sigq).flags & SIGQUEUE_QUEUED):
        free_sigqueue(k, timer.sigq)
    table_free(k, T_K_ITIMER, i, sizeof(k_itimer_t))


cdef bint good_sigevent(kernel_t *k, task_t *t, k_itimer_t *timer, const sigevent_t *event) noexcept nogil:
    if event.notify == SIGEV_THREAD_ID:
        timer.it_task = find_task_by_vpid(k, t, event.tid)
        if timer.it_task == 0 or task_row(k, timer.it_task).group_leader != t.group_leader:
            return False
        if task_row(k, timer.it_task).flags & PF_EXITING:
            timer.it_task = 0
    elif event.notify not in (SIGEV_SIGNAL, SIGEV_NONE, SIGEV_THREAD):
        return False
    return event.notify == SIGEV_NONE or (event.signo > 0 and valid_signal(event.signo))


cdef int64_t timer_init(
    kernel_t *k, task_t *t, uint32_t i, int32_t clock, const sigevent_t *event, const uint64_t *created
) noexcept nogil:
    # What comes after the id. Without an event: SIGALRM with the id as its value.
    cdef k_itimer_t *timer = k_itimer_row(k, i)
    cdef kernel_siginfo_t *info = &sigqueue_row(k, timer.sigq).info
    if event != NULL and not good_sigevent(k, t, timer, event):
        return -EINVAL
    timer.it_clock = clock
    timer.it_sigev_notify = event.notify if event != NULL else SIGEV_SIGNAL
    info_init(info, event.signo if event != NULL else SIGALRM, SI_TIMER)
    info.fields[0] = <uint32_t>timer.it_id
    info.fields[1] = event.value if event != NULL else <uint64_t>timer.it_id
    if created != NULL and put_user(k, t, created[0], &timer.it_id, 4):
        return -EFAULT
    return clock_timer_create(k, t, clock)


cdef int64_t do_timer_create(
    kernel_t *k, task_t *t, int32_t clock, const sigevent_t *event, const uint64_t *created
) noexcept nogil:
    cdef int64_t err = clockid_to_kclock(clock), id
    cdef uint32_t i, own
    if err:
        return err
    own = timers_of(k, t)
    i = alloc_posix_timer(k, t) if own else 0
    if i == 0:
        return -alloc_errno(k, EAGAIN)
    id = posix_timer_add(k, itimer_row(k, own), i)
    if id < 0:
        free_timer(k, i)
        return -alloc_errno(k, EAGAIN)
    err = timer_init(k, t, i, clock, event, created)
    if err:
        xa_erase(k, &itimer_row(k, own).posix_timers, <uint64_t>id)
        free_timer(k, i)
    return err if err else id


# ------------------------------------------------------------------------------------------ setting
cdef void common_timer_get(kernel_t *k, k_itimer_t *timer, itimer_ns_t *setting) noexcept nogil:
    # What is left is never 0 while a signal is still to come. One that was never armed is asked for its time too.
    cdef bint none = timer.it_sigev_notify == SIGEV_NONE
    cdef int64_t now = clock_now(k, timer.it_clock)
    setting.value = 0
    setting.interval = timer.it_interval
    if is_cpu_clock(timer.it_clock) and timer.it_expires == 0:
        setting.interval = 0
        return
    if timer.it_interval == 0 and timer.it_status == POSIX_TIMER_DISARMED and not none:
        return
    if timer.it_interval and timer.it_status != POSIX_TIMER_ARMED:
        timer.it_overrun += hrtimer_forward(&timer.it_expires, now, timer.it_interval)
    if timer.it_expires > now:
        setting.value = timer.it_expires - now
    else:
        setting.value = 0 if none else 1


cdef void timer_arm(kernel_t *k, task_t *t, uint32_t i, int64_t value, bint absolute) noexcept nogil:
    # A time that is over sends its signal at once.
    cdef k_itimer_t *timer = k_itimer_row(k, i)
    if absolute:
        timer.it_expires = clock_to_now(timer.it_clock, value)
    else:
        timer.it_expires = value if is_cpu_clock(timer.it_clock) else deadline_after(k, value)
    if timer.it_sigev_notify == SIGEV_NONE:
        return
    timer.it_status = POSIX_TIMER_ARMED
    if is_cpu_clock(timer.it_clock):
        return
    if timer.it_expires > k.now:
        alarm_start(k, i | <uint32_t>TIMER_POSIX, timer.it_expires)
    else:
        posix_timer_fn(k, i, t)


cdef int64_t do_timer_settime(
    kernel_t *k, task_t *t, int32_t id, int64_t flags, const itimer_ns_t *new, itimer_ns_t *old
) noexcept nogil:
    cdef k_itimer_t *timer
    cdef uint32_t i
    old.value = old.interval = 0
    if new.value < 0 or new.interval < 0:
        return -EINVAL
    i = find_timer(k, t, id)
    if i == 0:
        return -EINVAL
    timer = k_itimer_row(k, i)
    timer.it_signal_seq += 1
    common_timer_get(k, timer, old)
    alarm_cancel(k, i | <uint32_t>TIMER_POSIX)
    timer.it_status = POSIX_TIMER_DISARMED
    timer.it_interval = new.interval if new.value else 0
    timer.it_overrun_last = 0
    timer.it_overrun = -1
    if new.value:
        timer_arm(k, t, i, new.value, flags & TIMER_ABSTIME != 0)
    elif is_cpu_clock(timer.it_clock):
        timer.it_expires = 0
    return 0


cdef int64_t do_timer_gettime(kernel_t *k, task_t *t, int32_t id, itimer_ns_t *setting) noexcept nogil:
    cdef uint32_t i = find_timer(k, t, id)
    setting.value = setting.interval = 0
    if i == 0:
        return -EINVAL
    common_timer_get(k, k_itimer_row(k, i), setting)
    return 0


cdef int64_t do_timer_getoverrun(kernel_t *k, task_t *t, int32_t id) noexcept nogil:
    cdef uint32_t i = find_timer(k, t, id)
    return min(k_itimer_row(k, i).it_overrun_last, <int64_t>INT_MAX) if i else -EINVAL


# ------------------------------------------------------------------------------------------ the end
cdef int64_t do_timer_delete(kernel_t *k, task_t *t, int32_t id) noexcept nogil:
    cdef uint32_t i = find_timer(k, t, id)
    if i == 0:
        return -EINVAL
    xa_erase(k, &itimer_row(k, signal_row(k, t.signal).timers).posix_timers, <uint64_t>id)
    free_timer(k, i)
    return 0


cdef void exit_itimers(kernel_t *k, signal_t *s) noexcept nogil:
    # The POSIX timers of a process go.
    cdef itimer_t *own = itimer_row(k, s.timers)
    cdef uint32_t[64] found
    cdef uint64_t id = 0
    cdef uint32_t i, n
    while True:
        n = xa_take(k, &own.posix_timers, &id, INT_MAX, found)
        if n == 0:
            return
        for i in range(n):
            free_timer(k, found[i])


cdef void exit_timers(kernel_t *k, task_t *t) noexcept nogil:
    # A thread has ended: no timer sends to it any more. With the last one all timers of the process go.
    cdef signal_t *s = signal_row(k, t.signal)
    cdef itimer_t *own = itimer_row(k, s.timers)
    cdef uint64_t id = 0
    cdef uint32_t i
    if s.nr_threads == 0:
        exit_itimers(k, s)
        alarm_cancel(k, s.timers | <uint32_t>TIMER_REAL)
        table_free(k, T_ITIMER, s.timers, sizeof(itimer_t))
        s.timers = 0
        return
    while True:
        i = xa_find(k, own.posix_timers, &id, INT_MAX)
        if i == 0:
            return
        if k_itimer_row(k, i).it_task == t.row:
            k_itimer_row(k, i).it_task = 0
        id += 1


# ------------------------------------------------------------------------------------------ checks
cdef uint32_t idle_sigqueues(kernel_t *k) noexcept nogil:
    cdef uint32_t i, n = 0
    for i in range(1, k.table[T_K_ITIMER].high):
        if k_itimer_row(k, i).live:
            n += not (sigqueue_row(k, k_itimer_row(k, i).sigq).flags & SIGQUEUE_QUEUED)
    return n


cdef bint k_itimer_check(kernel_t *k, uint32_t i, itimer_t *own, uint64_t id) noexcept nogil:
    cdef k_itimer_t *timer = k_itimer_row(k, i)
    return (check(k, timer.live and <uint64_t>timer.it_id == id and owner_of(k, timer) == own,
                  b"timers: not its process' timer")
            and check(k, sigqueue_row(k, timer.sigq).live and sigqueue_row(k, timer.sigq).timer == i
                      and sigqueue_row(k, timer.sigq).flags & SIGQUEUE_PREALLOC != 0, b"timers: not its signal")
            and check(k, not (timer.ignored and sigqueue_row(k, timer.sigq).flags & SIGQUEUE_QUEUED),
                      b"timers: pending and ignored")
            and check(k, timer.timer.live == 0 or timer.it_status == POSIX_TIMER_ARMED, b"timers: armed by mistake")
            and check(k, timer.it_task == 0 or task_row(k, timer.it_task).flags & PF_EXITING == 0
                      and task_row(k, timer.it_task).signal == timer.it_signal, b"timers: thread of another process"))


cdef bint process_timers_check(kernel_t *k, itimer_t *own, uint32_t *found, uint32_t *ignored) noexcept nogil:
    cdef uint64_t id = 0
    cdef uint32_t i
    while True:
        i = xa_find(k, own.posix_timers, &id, INT_MAX)
        if i == 0:
            break
        if not k_itimer_check(k, i, own, id):
            return False
        found[0] += 1
        ignored[0] += k_itimer_row(k, i).ignored
        id += 1
    i = own.ignored_posix_timers
    while i:
        if not check(k, k_itimer_row(k, i).ignored and owner_of(k, k_itimer_row(k, i)) == own,
                     b"timers: not ignored"):
            return False
        ignored[0] -= 1
        i = k_itimer_row(k, i).ignored_next
    return True


cdef bint posix_timers_check(kernel_t *k) noexcept nogil:
    cdef uint32_t i, own, found = 0, ignored = 0, processes = 0
    for i in range(1, k.table[T_SIGNAL].high):
        own = signal_row(k, i).timers if signal_row(k, i).live else 0
        if own == 0:
            continue
        processes += 1
        if not (check(k, itimer_row(k, own).live != 0 and signal_row(k, i).nr_threads != 0,
                      b"timers: of a process that is no more")
                and process_timers_check(k, itimer_row(k, own), &found, &ignored)):
            return False
    return (check(k, processes == k.table[T_ITIMER].nlive, b"timers: of nobody")
            and check(k, found == k.table[T_K_ITIMER].nlive and ignored == 0, b"timers: miscounted"))
