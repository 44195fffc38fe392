"""read, write, readv, writev, pread, pwrite, lseek. Source: fs/read_write.c. Missing: files that have a position."""


cdef enum:
    TASK_SIZE_MAX = 0x7ffffffff000


cdef inline int rw_verify_count(task_t *t) noexcept nogil:
    # access_ok: no buffer of such a length fits below the end of user space. What does is cut, as in rw_verify_area.
    if likely(<uint64_t>t.call.iter.count <= MAX_RW_COUNT):
        return 0
    if <uint64_t>t.call.iter.count >= <uint64_t>TASK_SIZE_MAX:
        return -EFAULT
    t.call.iter.count = MAX_RW_COUNT
    return 0


# By the table of operations; what nearly every file is comes first, as a call that the compiler sees.
cdef inline int64_t file_read(kernel_t *k, task_t *t, file_t *f) noexcept nogil:
    return pipe_read(k, t, f) if likely(f.f_op == PIPEFIFO_FOPS) else file_operations[f.f_op].read(k, t, f)


cdef inline int64_t file_write(kernel_t *k, task_t *t, file_t *f) noexcept nogil:
    return pipe_write(k, t, f) if likely(f.f_op == PIPEFIFO_FOPS) else file_operations[f.f_op].write(k, t, f)


cdef int64_t vfs_read(kernel_t *k, task_t *t, file_t *f) noexcept nogil:
    cdef int64_t ret = rw_verify_count(t)
    if unlikely(ret):
        return ret
    ret = file_read(k, t, f)
    if ret == -ESLEEP:
        call_hold(k, t, f)
    return ret


cdef int64_t vfs_write(kernel_t *k, task_t *t, file_t *f) noexcept nogil:
    cdef int64_t ret = rw_verify_count(t)
    if unlikely(ret):
        return ret
    ret = file_write(k, t, f)
    if unlikely(ret == -ESLEEP):
        call_hold(k, t, f)
    return ret


cdef int64_t do_readv(kernel_t *k, task_t *t, int32_t fd, int64_t nr_segs) noexcept nogil:
    cdef file_t *f = fdget(k, t, fd)
    if f == NULL or not (f.f_mode & FMODE_READ):
        return -EBADF
    if nr_segs > UIO_MAXIOV:
        return -EINVAL
    return vfs_read(k, t, f)


cdef int64_t do_writev(kernel_t *k, task_t *t, int32_t fd, int64_t nr_segs) noexcept nogil:
    cdef file_t *f = fdget(k, t, fd)
    if f == NULL or not (f.f_mode & FMODE_WRITE):
        return -EBADF
    if nr_segs > UIO_MAXIOV:
        return -EINVAL
    return vfs_write(k, t, f)


cdef int64_t do_pread(kernel_t *k, task_t *t, int32_t fd, int64_t offset) noexcept nogil:
    # Both ways: so far no file has positions.
    if offset < 0:
        return -EINVAL
    if fdget(k, t, fd) == NULL:
        return -EBADF
    return -ESPIPE


cdef int64_t do_lseek(kernel_t *k, task_t *t, int32_t fd, int64_t offset, int64_t whence) noexcept nogil:
    if fdget(k, t, fd) == NULL:
        return -EBADF
    if <uint64_t>whence > SEEK_HOLE:
        return -EINVAL
    return -ESPIPE
