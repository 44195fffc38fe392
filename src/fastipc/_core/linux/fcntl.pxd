# What can be asked and set of a descriptor. Source: fs/fcntl.c, fs/ioctl.c, fs/stat.c.


cdef int64_t do_fcntl(kernel_t *k, task_t *t, int32_t fd, int64_t cmd, int64_t arg) noexcept nogil
cdef int64_t do_ioctl(kernel_t *k, task_t *t, int32_t fd, int64_t request, int64_t arg) noexcept nogil
cdef int64_t do_fstat(kernel_t *k, task_t *t, int32_t fd, stat_t *stat) noexcept nogil
