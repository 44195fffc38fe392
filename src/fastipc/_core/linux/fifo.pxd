# FIFOs: pipes with a name. Source: fs/pipe.c.


cdef int64_t fifo_open(kernel_t *k, task_t *t, file_t *f) noexcept nogil
cdef int64_t fifo_open_resume(kernel_t *k, task_t *t) noexcept nogil
cdef void fifo_open_undo(kernel_t *k, file_t *f) noexcept nogil
cdef int64_t fifo_read(kernel_t *k, task_t *t, file_t *f) noexcept nogil
cdef int64_t fifo_write(kernel_t *k, task_t *t, file_t *f) noexcept nogil
