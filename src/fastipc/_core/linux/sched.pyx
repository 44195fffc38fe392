"""The run queue's rarer operations and its checks. Source: kernel/sched/core.c."""


cdef void sched_seed(kernel_t *k, uint64_t seed) noexcept nogil:
    k.rng = seed


cdef void close_holes(kernel_t *k) noexcept nogil:
    # Move the runnable tasks together, in order.
    cdef uint32_t at, to = k.runq_head, task
    for at in range(k.runq_head, k.runq_tail):
        task = k.runq[at & k.runq_mask]
        if task:
            k.runq[to & k.runq_mask] = task
            task_row(k, task).runq_at = to
            to += 1
    k.runq_tail = to
    k.runq_holes = 0


cdef uint32_t pick_random(kernel_t *k) noexcept nogil:
    # Any runnable task with equal chance. The head takes the free place, so that a draw costs the same at any length.
    cdef uint32_t at, task
    if k.runq_holes:
        close_holes(k)
    if k.runq_tail == k.runq_head:
        return 0
    at = k.runq_head + <uint32_t>(next_random(k) % (k.runq_tail - k.runq_head))
    task = k.runq[at & k.runq_mask]
    k.runq[at & k.runq_mask] = k.runq[k.runq_head & k.runq_mask]
    task_row(k, k.runq[at & k.runq_mask]).runq_at = at
    k.runq_head += 1
    task_row(k, task).flags &= ~<int>TASK_QUEUED
    task_row(k, task).runq_at = 0
    return task


cdef void dequeue_task(kernel_t *k, uint32_t task) noexcept nogil:
    # A task that ends, or is chosen out of turn, must not stand in the queue: its row will be used again.
    cdef task_t *t = task_row(k, task)
    if not (t.flags & TASK_QUEUED):
        return
    t.flags &= ~<int>TASK_QUEUED
    k.runq[t.runq_at & k.runq_mask] = 0
    t.runq_at = 0
    k.runq_holes += 1
    if k.runq_holes > k.runq_mask // 2:
        close_holes(k)


cdef void run_first(kernel_t *k, uint32_t task) noexcept nogil:
    # A runnable task that was chosen goes to the head.
    dequeue_task(k, task)
    close_holes(k)
    k.runq_head -= 1
    k.runq[k.runq_head & k.runq_mask] = task
    task_row(k, task).runq_at = k.runq_head
    task_row(k, task).flags |= TASK_QUEUED


cdef bint sched_check(kernel_t *k) noexcept nogil:
    cdef uint32_t at = k.runq_head, queued = 0, sleepers = 0, holes = 0, i
    cdef task_t *t
    while at != k.runq_tail:
        i = k.runq[at & k.runq_mask]
        t = task_row(k, i)
        at += 1
        if i == 0:
            holes += 1
            continue
        if not (check(k, t.runq_at == at - 1, b"sched: task does not know its place")
                and check(k, t.live != 0, b"sched: dead task on the run queue")
                and check(k, t.flags & TASK_QUEUED != 0, b"sched: queued task not marked")
                and check(k, t.state == TASK_RUNNING, b"sched: sleeping task on the run queue")):
            return False
    for i in range(1, k.table[T_TASK].high):
        t = task_row(k, i)
        if not t.live:
            continue
        if not check(k, t.row == i, b"sched: task does not know its number"):
            return False
        queued += t.flags & TASK_QUEUED != 0
        if t.flags & TASK_ASLEEP:
            if not check(k, t.state != TASK_RUNNING, b"sched: runnable task marked asleep"):
                return False
            sleepers += t.kind != KIND_HAND and not (t.flags & TASK_DAEMON)
    return (check(k, queued == nr_running(k) and holes == k.runq_holes, b"sched: run queue miscounted")
            and check(k, sleepers == k.sleepers, b"sched: sleepers miscounted"))
