# Who runs next. Source: kernel/sched/core.c (schedule, try_to_wake_up).
#
# The run queue is a ring of task rows that can be read ahead. A task is in it at most once (TASK_QUEUED), and only
# if it is runnable and has left the processor. One that ends while it is queued leaves a hole. The ring has room for
# every task and as many holes again. All choice of order enters by `pick_next`.


cdef uint32_t pick_random(kernel_t *k) noexcept nogil
cdef void dequeue_task(kernel_t *k, uint32_t task) noexcept nogil
cdef void close_holes(kernel_t *k) noexcept nogil
cdef void run_first(kernel_t *k, uint32_t task) noexcept nogil
cdef void sched_seed(kernel_t *k, uint64_t seed) noexcept nogil
cdef bint sched_check(kernel_t *k) noexcept nogil

cdef enum:
    READ_AHEAD = 12  # turns
    READ_AHEAD_FROM = 384  # runnable tasks, with what they touch more than the nearer caches hold


cdef inline uint32_t nr_running(kernel_t *k) noexcept nogil:
    return k.runq_tail - k.runq_head - k.runq_holes


cdef inline void activate_task(kernel_t *k, task_t *t) noexcept nogil:
    # To the tail of the run queue. Precondition: it is not there.
    cdef uint32_t tail = k.runq_tail
    t.flags = (t.flags & ~<int>TASK_ASLEEP) | TASK_QUEUED
    t.runq_at = tail
    k.runq[tail & k.runq_mask] = t.row
    k.runq_tail = tail + 1


cdef inline void enqueue_task(kernel_t *k, uint32_t task) noexcept nogil:
    if not (task_row(k, task).flags & TASK_QUEUED):
        activate_task(k, task_row(k, task))


cdef inline bint is_sleeper(task_t *t) noexcept nogil:
    # Whether its sleep counts in `sleepers`.
    return t.kind != KIND_HAND and not (t.flags & TASK_DAEMON)


cdef inline void ttwu_do_wakeup(kernel_t *k, task_t *t) noexcept nogil:
    # Precondition: its state says that it sleeps. If it has left the processor it is not on the run queue either.
    k.counters.wakeups += 1
    if likely(t.flags & TASK_ASLEEP):
        if likely(is_sleeper(t)):
            k.sleepers -= 1
        activate_task(k, t)
    t.state = TASK_RUNNING


cdef inline bint try_to_wake_up(kernel_t *k, uint32_t task, uint32_t mask) noexcept nogil:
    # True if this changed something. A task that has not left the processor yet will find itself running and not sleep.
    cdef task_t *t = task_row(k, task)
    if not (t.state & mask):
        return False
    ttwu_do_wakeup(k, t)
    return True


cdef inline void go_to_sleep(kernel_t *k, task_t *t) noexcept nogil:
    # Leave the processor. Precondition: its state says that it sleeps.
    if likely(is_sleeper(t)):
        k.sleepers += 1
    t.flags |= TASK_ASLEEP


cdef inline bint deactivate_task(kernel_t *k, task_t *t) noexcept nogil:
    # Leave the processor. False if the task was woken before it slept: then it goes on at once.
    if t.state == TASK_RUNNING:
        return False
    go_to_sleep(k, t)
    return True


cdef inline uint32_t pick_next(kernel_t *k) noexcept nogil:
    # The next task to run, taken off the queue; 0 if none is runnable.
    cdef uint32_t task, n = k.runq_tail - k.runq_head
    cdef task_t *t
    if unlikely(k.schedule != SCHED_FIFO):
        return pick_random(k)
    while n:
        task = k.runq[k.runq_head & k.runq_mask]
        k.runq_head += 1
        if unlikely(n > READ_AHEAD_FROM):
            prefetch(task_row(k, k.runq[(k.runq_head + READ_AHEAD) & k.runq_mask]))
        if likely(task != 0):
            t = task_row(k, task)
            t.flags &= ~<int>TASK_QUEUED
            t.runq_at = 0
            return task
        k.runq_holes -= 1
        n -= 1
    return 0


cdef inline uint64_t next_random(kernel_t *k) noexcept nogil:
    # SplitMix64: the only source of chance.
    cdef uint64_t z
    k.rng += <uint64_t>0x9E3779B97F4A7C15
    z = k.rng
    z = (z ^ (z >> 30)) * <uint64_t>0xBF58476D1CE4E5B9
    z = (z ^ (z >> 27)) * <uint64_t>0x94D049BB133111EB
    return z ^ (z >> 31)
