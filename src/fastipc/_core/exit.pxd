# The end of tasks, and waiting for it. Source: kernel/exit.c.

from libc.stdint cimport int32_t, int64_t, uint32_t

from fastipc._core.layout cimport *


cdef void do_exit(kernel_t *k, task_t *t, int32_t code) noexcept nogil  # `code`: wait status word
cdef void do_group_exit(kernel_t *k, task_t *t, int32_t code) noexcept nogil
cdef bint zap_other_threads(kernel_t *k, task_t *t, int32_t code) noexcept nogil
cdef void release_task(kernel_t *k, uint32_t task) noexcept nogil
cdef void put_rlimit(kernel_t *k, uint32_t rlimit) noexcept nogil
cdef int64_t do_wait4(kernel_t *k, task_t *t, int64_t pid, int64_t options) noexcept nogil  # status in call.out0
cdef uint32_t next_dead(kernel_t *k) noexcept nogil
cdef void bury(kernel_t *k, uint32_t task) noexcept nogil
