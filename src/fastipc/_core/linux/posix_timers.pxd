# POSIX timers. Source: kernel/time/posix-timers.c, kernel/time/posix-cpu-timers.c, include/linux/posix-timers.h.
#
# A timer has a sigqueue of its own, charged to the user who made it, so its signal is pending once at most. While that
# is so the timer stands still; when the signal is taken it goes on, and what it has missed is the overrun. A signal
# that was sent before its timer was set again or deleted is dropped when its turn comes. One that is ignored lies on a
# list of the process: it is sent if it is no longer ignored. execve takes away what is pending.
#
# The clocks CLOCK_MONOTONIC, CLOCK_BOOTTIME, CLOCK_REALTIME and CLOCK_TAI run with virtual time, the latter two from
# BOOT_SECONDS on. Calls take no time, so clocks of the processor's time stand at 0, and their timers never go off.

cdef struct sigevent_t:  # the head of a struct sigevent
    uint64_t value
    int32_t signo
    int32_t notify
    int32_t tid

cdef struct itimer_ns_t:  # both numbers of a timer
    int64_t value
    int64_t interval

cdef enum:
    SIGEVENT_SIZE = 64


cdef int64_t do_timer_create(
    kernel_t *k, task_t *t, int32_t clock, const sigevent_t *event, const uint64_t *created
) noexcept nogil  # the id, also stored at the address created[0] of the task's memory; or -errno
cdef int64_t do_timer_settime(
    kernel_t *k, task_t *t, int32_t id, int64_t flags, const itimer_ns_t *new, itimer_ns_t *old
) noexcept nogil
cdef int64_t do_timer_gettime(kernel_t *k, task_t *t, int32_t id, itimer_ns_t *setting) noexcept nogil
cdef int64_t do_timer_getoverrun(kernel_t *k, task_t *t, int32_t id) noexcept nogil
cdef int64_t do_timer_delete(kernel_t *k, task_t *t, int32_t id) noexcept nogil

cdef uint32_t timers_of(kernel_t *k, task_t *t) noexcept nogil  # row of itimer of its process, made; 0: see alloc_errno
cdef uint32_t group_leader_of(kernel_t *k, int32_t tgid) noexcept nogil  # row of a process' first thread, 0: none
cdef void exit_itimers(kernel_t *k, signal_t *s) noexcept nogil
cdef void exit_timers(kernel_t *k, task_t *t) noexcept nogil
cdef void alarm_expired(kernel_t *k, uint32_t i) noexcept nogil
cdef bint alarms_can_wake(kernel_t *k) noexcept nogil

cdef bint posixtimer_deliver_signal(kernel_t *k, uint32_t sigq, kernel_siginfo_t *info) noexcept nogil
cdef void posixtimer_sig_ignore(kernel_t *k, uint32_t sigq) noexcept nogil
cdef void flush_itimer_signals(kernel_t *k, task_t *t) noexcept nogil
cdef void posixtimer_sig_unignore(kernel_t *k, task_t *t, int sig) noexcept nogil

cdef uint32_t idle_sigqueues(kernel_t *k) noexcept nogil  # of timers whose signal is not pending
cdef bint posix_timers_check(kernel_t *k) noexcept nogil


cdef inline int64_t hrtimer_forward(int64_t *expires, int64_t now, int64_t interval) noexcept nogil:
    # By as many intervals as lead behind `now`: how many. Precondition: interval > 0. What has expired before the
    # machine's beginning may be further away than a signed number tells.
    cdef uint64_t overrun
    if now < expires[0]:
        return 0
    overrun = (<uint64_t>now - <uint64_t>expires[0]) // <uint64_t>interval + 1
    if interval > <int64_t>KTIME_MAX - now:
        expires[0] = <int64_t>KTIME_MAX
    else:
        expires[0] = <int64_t>(<uint64_t>expires[0] + <uint64_t>interval * overrun)
    return <int64_t>min(overrun, <uint64_t>KTIME_MAX // 2)
