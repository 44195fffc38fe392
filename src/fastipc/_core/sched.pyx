"""The run queue's rarer operations and its checks. Source: kernel/sched/core.c."""

from libc.stdint cimport uint32_t, uint64_t

from fastipc._core.layout cimport *
from fastipc._core.panic cimport check
from fastipc._core.table cimport task_row


cdef void sched_seed(kernel_t *k, uint64_t seed) noexcept nogil:
    k.rng = seed


cdef uint32_t take_runnable(kernel_t *k, uint32_t place) noexcept nogil:
    # Take the task at `place` (0 = head) off the queue; the ones before it keep their order.
    cdef uint32_t at = k.runq_head + place
    cdef uint32_t task = k.runq[at & k.runq_mask]
    while at != k.runq_head:
        k.runq[at & k.runq_mask] = k.runq[(at - 1) & k.runq_mask]
        at -= 1
    k.runq_head += 1
    task_row(k, task).flags &= ~<int>TASK_QUEUED
    return task


cdef uint32_t pick_random(kernel_t *k) noexcept nogil:
    # Any runnable task with equal chance. The head takes the free place, so that a draw costs the same at any length.
    cdef uint32_t n = k.runq_tail - k.runq_head
    cdef uint32_t at, task
    if n == 0:
        return 0
    at = k.runq_head + <uint32_t>(next_random(k) % n)
    task = k.runq[at & k.runq_mask]
    k.runq[at & k.runq_mask] = k.runq[k.runq_head & k.runq_mask]
    k.runq_head += 1
    task_row(k, task).flags &= ~<int>TASK_QUEUED
    return task


cdef void dequeue_task(kernel_t *k, uint32_t task) noexcept nogil:
    # A task that ended while it was runnable must not stand in the queue: its row will be used again.
    cdef uint32_t at = k.runq_head
    if not (task_row(k, task).flags & TASK_QUEUED):
        return
    while k.runq[at & k.runq_mask] != task:
        at += 1
    take_runnable(k, at - k.runq_head)


cdef bint sched_check(kernel_t *k) noexcept nogil:
    cdef uint32_t at = k.runq_head, queued = 0, sleepers = 0, i
    cdef task_t *t
    while at != k.runq_tail:
        t = task_row(k, k.runq[at & k.runq_mask])
        if not (check(k, t.live != 0, b"sched: dead task on the run queue")
                and check(k, t.flags & TASK_QUEUED != 0, b"sched: queued task not marked")
                and check(k, t.state == TASK_RUNNING, b"sched: sleeping task on the run queue")):
            return False
        at += 1
    for i in range(1, k.table[T_TASK].high):
        t = task_row(k, i)
        if not t.live:
            continue
        queued += t.flags & TASK_QUEUED != 0
        if t.flags & TASK_ASLEEP:
            if not check(k, t.state != TASK_RUNNING, b"sched: runnable task marked asleep"):
                return False
            sleepers += t.kind != KIND_HAND and not (t.flags & TASK_DAEMON)
    return (check(k, queued == k.runq_tail - k.runq_head, b"sched: run queue miscounted")
            and check(k, sleepers == k.sleepers, b"sched: sleepers miscounted"))
