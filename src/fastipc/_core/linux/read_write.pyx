"""read, write, readv, writev, pread, pwrite, lseek. Source: fs/read_write.c. Missing: files that have a position."""


cdef enum:
    TASK_SIZE_MAX = 0x7ffffffff000


cdef inline bint bad_count(int64_t count) noexcept nogil:
    # access_ok: no buffer of such a length fits below the end of user space.
    return <uint64_t>count >= <uint64_t>TASK_SIZE_MAX


cdef inline int64_t transfer_read(kernel_t *k, task_t *t, file_t *f) noexcept nogil:
    cdef int64_t ret
    t.call.iter.count = min(t.call.iter.count, <int64_t>MAX_RW_COUNT)
    ret = file_operations[f.f_op].read(k, t, f)
    if unlikely(ret == -ESLEEP):
        call_hold(k, t, f)
    return ret


cdef inline int64_t transfer_write(kernel_t *k, task_t *t, file_t *f) noexcept nogil:
    cdef int64_t ret
    t.call.iter.count = min(t.call.iter.count, <int64_t>MAX_RW_COUNT)
    ret = file_operations[f.f_op].write(k, t, f)
    if unlikely(ret == -ESLEEP):
        call_hold(k, t, f)
    return ret


cdef int64_t do_read(kernel_t *k, task_t *t, int32_t fd) noexcept nogil:
    cdef file_t *f = fdget(k, t, fd)
    if f == NULL or not (f.f_mode & FMODE_READ):
        return -EBADF
    if bad_count(t.call.iter.count):
        return -EFAULT
    return transfer_read(k, t, f)


cdef int64_t do_write(kernel_t *k, task_t *t, int32_t fd) noexcept nogil:
    cdef file_t *f = fdget(k, t, fd)
    if f == NULL or not (f.f_mode & FMODE_WRITE):
        return -EBADF
    return transfer_write(k, t, f)


cdef int64_t do_readv(kernel_t *k, task_t *t, int32_t fd, int64_t nr_segs) noexcept nogil:
    cdef file_t *f = fdget(k, t, fd)
    if f == NULL or not (f.f_mode & FMODE_READ):
        return -EBADF
    if nr_segs > UIO_MAXIOV:
        return -EINVAL
    return transfer_read(k, t, f)


cdef int64_t do_writev(kernel_t *k, task_t *t, int32_t fd, int64_t nr_segs) noexcept nogil:
    cdef file_t *f = fdget(k, t, fd)
    if f == NULL or not (f.f_mode & FMODE_WRITE):
        return -EBADF
    if nr_segs > UIO_MAXIOV:
        return -EINVAL
    return transfer_write(k, t, f)


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
