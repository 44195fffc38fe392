"""read, write, readv, writev, pread, pwrite, lseek. Source: fs/read_write.c."""


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
    return pipe_read(k, t, f) if likely(f.f_op == PIPEANON_FOPS) else file_operations[f.f_op].read(k, t, f)


cdef inline int64_t file_write(kernel_t *k, task_t *t, file_t *f) noexcept nogil:
    return pipe_write(k, t, f) if likely(f.f_op == PIPEANON_FOPS) else file_operations[f.f_op].write(k, t, f)


cdef inline bint beyond_end(task_t *t, file_t *f) noexcept nogil:
    # rw_verify_area: a transfer must not go past the largest offset.
    return f.f_mode & FMODE_PREAD and file_pos(t, f)[0] > MAX_LFS_FILESIZE - t.call.iter.count


cdef int64_t vfs_read(kernel_t *k, task_t *t, file_t *f) noexcept nogil:
    cdef int64_t ret = rw_verify_count(t)
    if unlikely(ret):
        return ret
    if unlikely(beyond_end(t, f)):
        return -EINVAL
    ret = file_read(k, t, f)
    if ret == -ESLEEP:
        call_hold(k, t, f)
    return ret


cdef int64_t vfs_write(kernel_t *k, task_t *t, file_t *f) noexcept nogil:
    cdef int64_t ret = rw_verify_count(t)
    if unlikely(ret):
        return ret
    if unlikely(beyond_end(t, f)):
        return -EINVAL
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
    return vfs_read(k, t, f) if t.call.iter.count else 0


cdef int64_t do_writev(kernel_t *k, task_t *t, int32_t fd, int64_t nr_segs) noexcept nogil:
    cdef file_t *f = fdget(k, t, fd)
    if f == NULL or not (f.f_mode & FMODE_WRITE):
        return -EBADF
    if nr_segs > UIO_MAXIOV:
        return -EINVAL
    return vfs_write(k, t, f) if t.call.iter.count else 0


cdef int64_t do_pread(kernel_t *k, task_t *t, int32_t fd, int64_t offset) noexcept nogil:
    # The transfer moves `call.args[3]`, see file_pos; the record keeps what the call was given.
    cdef file_t *f = fdget(k, t, fd)
    cdef int64_t ret
    if offset < 0:
        return -EINVAL
    if f == NULL:
        return -EBADF
    if not (f.f_mode & FMODE_PREAD):
        return -EBADF if f.f_mode & FMODE_PATH else -ESPIPE
    ret = vfs_read(k, t, f) if f.f_mode & FMODE_READ else -EBADF
    t.call.args[3] = offset
    return ret


cdef int64_t do_pwrite(kernel_t *k, task_t *t, int32_t fd, int64_t offset) noexcept nogil:
    cdef file_t *f = fdget(k, t, fd)
    cdef int64_t ret
    if offset < 0:
        return -EINVAL
    if f == NULL:
        return -EBADF
    if not (f.f_mode & FMODE_PWRITE):
        return -EBADF if f.f_mode & FMODE_PATH else -ESPIPE
    ret = vfs_write(k, t, f) if f.f_mode & FMODE_WRITE else -EBADF
    t.call.args[3] = offset
    return ret


# ------------------------------------------------------------------------------------------ with the task's memory
cdef inline int user_range(kernel_t *k, task_t *t, uint64_t buf, uint64_t n) noexcept nogil:
    # Whether the range can be user space is asked after the descriptor, and before what it has to say.
    iov_iter_user(k, t, buf, n)
    return 0 if access_ok(buf, n) else -EFAULT


cdef int64_t do_read_user(kernel_t *k, task_t *t, int32_t fd, uint64_t buf, uint64_t n) noexcept nogil:
    cdef file_t *f = file_row(k, fd_file(k, t, fd))
    if not (f.f_mode & FMODE_READ):
        return -EBADF
    return -EFAULT if user_range(k, t, buf, n) else vfs_read(k, t, f)


cdef int64_t do_write_user(kernel_t *k, task_t *t, int32_t fd, uint64_t buf, uint64_t n) noexcept nogil:
    cdef file_t *f = file_row(k, fd_file(k, t, fd))
    if not (f.f_mode & FMODE_WRITE):
        return -EBADF
    return -EFAULT if user_range(k, t, buf, n) else vfs_write(k, t, f)


cdef int64_t do_pread_user(
    kernel_t *k, task_t *t, int32_t fd, uint64_t buf, uint64_t n, int64_t offset
) noexcept nogil:
    cdef file_t *f = fdget(k, t, fd)
    if offset >= 0 and f != NULL and f.f_mode & FMODE_PREAD and f.f_mode & FMODE_READ and user_range(k, t, buf, n):
        return -EFAULT
    return do_pread(k, t, fd, offset)


cdef int64_t do_pwrite_user(
    kernel_t *k, task_t *t, int32_t fd, uint64_t buf, uint64_t n, int64_t offset
) noexcept nogil:
    cdef file_t *f = fdget(k, t, fd)
    if offset >= 0 and f != NULL and f.f_mode & FMODE_PWRITE and f.f_mode & FMODE_WRITE and user_range(k, t, buf, n):
        return -EFAULT
    return do_pwrite(k, t, fd, offset)


cdef int64_t do_readv_user(kernel_t *k, task_t *t, int32_t fd, uint64_t vec, uint64_t nr_segs) noexcept nogil:
    cdef file_t *f = file_row(k, fd_file(k, t, fd))
    cdef int64_t err
    if not (f.f_mode & FMODE_READ):
        return -EBADF
    err = import_iovec(k, t, vec, nr_segs)
    return vfs_read(k, t, f) if err == 0 and t.call.iter.count else err


cdef int64_t do_writev_user(kernel_t *k, task_t *t, int32_t fd, uint64_t vec, uint64_t nr_segs) noexcept nogil:
    cdef file_t *f = file_row(k, fd_file(k, t, fd))
    cdef int64_t err
    if not (f.f_mode & FMODE_WRITE):
        return -EBADF
    err = import_iovec(k, t, vec, nr_segs)
    return vfs_write(k, t, f) if err == 0 and t.call.iter.count else err


cdef int64_t do_segments_user(
    kernel_t *k, task_t *t, int32_t fd, bint write, int64_t nr_segs, const uint64_t *ranges, iovec_t *iov
) noexcept nogil:
    # readv and writev with a vector of the host, of ranges of the task's memory and perhaps of buffers of the host.
    cdef file_t *f = file_row(k, fd_file(k, t, fd))
    cdef uint64_t *segment
    cdef int64_t err
    if not (f.f_mode & (FMODE_WRITE if write else FMODE_READ)):
        return -EBADF
    if nr_segs > UIO_MAXIOV:
        return -EINVAL
    segment = user_segments(k, t, <uint32_t>nr_segs)
    if segment == NULL:
        return -alloc_errno(k, ENOMEM)
    memcpy(segment, ranges, <size_t>(16 * nr_segs))
    host_row(k, t).iov = iov
    err = iov_iter_user_vector(k, t, <uint32_t>nr_segs)
    if err or t.call.iter.count == 0:
        return err
    return vfs_write(k, t, f) if write else vfs_read(k, t, f)


cdef int64_t do_lseek(kernel_t *k, task_t *t, int32_t fd, int64_t offset, int64_t whence) noexcept nogil:
    cdef file_t *f = fdget_io(k, t, fd)
    if f == NULL:
        return -EBADF
    if <uint32_t>whence > SEEK_HOLE:
        return -EINVAL
    if not (f.f_mode & FMODE_LSEEK):
        return -ESPIPE
    return file_operations[f.f_op].llseek(k, f, offset, <int>whence)


# ------------------------------------------------------------------------------------------ what has little of its own
cdef int64_t dir_read(kernel_t *k, task_t *t, file_t *f) noexcept nogil:
    return -EISDIR


cdef int64_t no_write(kernel_t *k, task_t *t, file_t *f) noexcept nogil:
    return -EINVAL


cdef int64_t dir_lseek(kernel_t *k, file_t *f, int64_t offset, int whence) noexcept nogil:
    # A place in a list of names; only ext4, whose places are hashes, has an end.
    if whence == SEEK_CUR:
        offset += f.f_pos
    elif whence == SEEK_END and super_block_row(k, inode_row(k, f.inode).i_sb).s_type == FS_EXT4:
        offset += MAX_LFS_FILESIZE
    elif whence != SEEK_SET:
        return -EINVAL
    if offset < 0:
        return -EINVAL
    f.f_pos = offset
    return offset


cdef void read_write_init() noexcept nogil:
    file_operations[DIR_FOPS].read = dir_read
    file_operations[DIR_FOPS].write = no_write
    file_operations[DIR_FOPS].llseek = dir_lseek
