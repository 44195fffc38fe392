"""Timers without anything around them, for ``timers.py``: sleepers are rows that no program runs."""

from libc.stdint cimport int64_t, uint32_t

from fastipc._core.layout cimport *
from fastipc._core.mechanism cimport *
from fastipc._core.entries cimport TaskCore


cdef inline void fall_asleep(kernel_t *k, task_t *t, int64_t ns) noexcept nogil:
    t.state = TASK_INTERRUPTIBLE
    timer_start(k, t.row, k.now + ns)
    deactivate_task(k, t)


def sleepers(TaskCore task, uint32_t n):
    """Make `n` rows that can sleep; the first one. Their machine is good for nothing else."""
    cdef uint32_t _i, row = 0
    for _i in range(n):
        row = table_alloc(task.k, T_TASK, sizeof(task_t))
        if row == 0:
            raise MemoryError("no row for a task")
        task_row(task.k, row).row = row
    return row - n + 1


def arm(TaskCore task, uint32_t first, const int64_t[::1] delays):
    """Let one after the other fall asleep, each for so many ns."""
    cdef Py_ssize_t i
    for i in range(len(delays)):
        fall_asleep(task.k, task_row(task.k, first + <uint32_t>i), delays[i])


def turns(TaskCore task, const int64_t[::1] delays):
    """As many timers go off, and whoever is woken sleeps again, for the next of the delays."""
    cdef kernel_t *k = task.k
    cdef Py_ssize_t i = 0, n = len(delays)
    cdef uint32_t row
    with nogil:
        while i < n:
            k.now = timer_next(k)
            run_timers(k)
            row = pick_next(k)
            while row:
                fall_asleep(k, task_row(k, row), delays[i] if i < n else delays[n - 1])
                i += 1
                row = pick_next(k)
