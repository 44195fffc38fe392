# Reading and writing by descriptor. Source: fs/read_write.c. The transfer is in `t.call.iter`.


cdef int64_t do_read(kernel_t *k, task_t *t, int32_t fd) noexcept nogil
cdef int64_t do_write(kernel_t *k, task_t *t, int32_t fd) noexcept nogil
cdef int64_t do_readv(kernel_t *k, task_t *t, int32_t fd, int64_t nr_segs) noexcept nogil
cdef int64_t do_writev(kernel_t *k, task_t *t, int32_t fd, int64_t nr_segs) noexcept nogil
cdef int64_t do_pread(kernel_t *k, task_t *t, int32_t fd, int64_t offset) noexcept nogil
cdef int64_t do_lseek(kernel_t *k, task_t *t, int32_t fd, int64_t offset, int64_t whence) noexcept nogil
