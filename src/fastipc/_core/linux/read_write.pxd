# Reading and writing by descriptor. Source: fs/read_write.c. The transfer is in `t.call.iter`.


cdef int64_t vfs_read(kernel_t *k, task_t *t, file_t *f) noexcept nogil
cdef int64_t vfs_write(kernel_t *k, task_t *t, file_t *f) noexcept nogil
cdef int64_t do_readv(kernel_t *k, task_t *t, int32_t fd, int64_t nr_segs) noexcept nogil
cdef int64_t do_writev(kernel_t *k, task_t *t, int32_t fd, int64_t nr_segs) noexcept nogil
cdef int64_t do_pread(kernel_t *k, task_t *t, int32_t fd, int64_t offset) noexcept nogil
cdef int64_t do_pwrite(kernel_t *k, task_t *t, int32_t fd, int64_t offset) noexcept nogil
cdef int64_t do_read_user(kernel_t *k, task_t *t, int32_t fd, uint64_t buf, uint64_t n) noexcept nogil
cdef int64_t do_write_user(kernel_t *k, task_t *t, int32_t fd, uint64_t buf, uint64_t n) noexcept nogil
cdef int64_t do_pread_user(
    kernel_t *k, task_t *t, int32_t fd, uint64_t buf, uint64_t n, int64_t offset
) noexcept nogil
cdef int64_t do_pwrite_user(
    kernel_t *k, task_t *t, int32_t fd, uint64_t buf, uint64_t n, int64_t offset
) noexcept nogil
cdef int64_t do_readv_user(kernel_t *k, task_t *t, int32_t fd, uint64_t vec, uint64_t nr_segs) noexcept nogil
cdef int64_t do_writev_user(kernel_t *k, task_t *t, int32_t fd, uint64_t vec, uint64_t nr_segs) noexcept nogil
cdef int64_t do_segments_user(
    kernel_t *k, task_t *t, int32_t fd, bint write, int64_t nr_segs, const uint64_t *ranges, iovec_t *iov
) noexcept nogil
cdef int64_t do_lseek(kernel_t *k, task_t *t, int32_t fd, int64_t offset, int64_t whence) noexcept nogil


cdef inline int64_t do_read(kernel_t *k, task_t *t, int32_t fd) noexcept nogil:
    cdef uint32_t file = fd_file(k, t, fd)  # a bad descriptor gives row 0, which has no mode
    cdef file_t *f = file_row(k, file)
    cdef pipe_t *pipe
    cdef int64_t ret
    if unlikely(not (f.f_mode & FMODE_READ)):
        return -EBADF
    if likely(f.f_op == PIPEANON_FOPS):
        pipe = pipe_row(k, f.private_data)
        ret = pipe_read_one(k, pipe, host_row(k, t).base, t.call.iter.count)
        if ret:
            return ret
        if pipe_empty(pipe) and pipe_wait_readable(k, t, pipe, file, t.call.iter.count):
            return -ESLEEP
    return vfs_read(k, t, f)


cdef inline int64_t do_write(kernel_t *k, task_t *t, int32_t fd) noexcept nogil:
    cdef file_t *f = file_row(k, fd_file(k, t, fd))
    cdef int64_t ret
    if unlikely(not (f.f_mode & FMODE_WRITE)):
        return -EBADF
    if likely(f.f_op == PIPEANON_FOPS):
        ret = pipe_write_one(k, f, host_row(k, t).base, t.call.iter.count)
        if likely(ret):
            return ret
    return vfs_write(k, t, f)
