# Tasks whose user code is compiled: a step function that runs until a call of it sleeps.

from libc.stdint cimport int64_t

from fastipc._core.layout cimport *

ctypedef int64_t (*step_t)(kernel_t *k, task_t *t, void *state, int64_t ret) noexcept nogil


cdef class NativeProgram:
    cdef step_t step
    cdef void *state
    cdef object keep  # what the two addresses belong to
