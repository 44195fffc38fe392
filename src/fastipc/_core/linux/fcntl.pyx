"""fcntl, ioctl and fstat. Source: fs/fcntl.c (do_fcntl, setfl), fs/ioctl.c (do_vfs_ioctl), fs/stat.c.

Missing: locks, owners of signals, leases.
"""


cdef enum:
    SETFL_MASK = O_APPEND | O_NONBLOCK | O_DIRECT | O_NOATIME | O_ASYNC
    PIPEFS_DEV = 14  # the device number of pipefs: 0:14


cdef inline int64_t setfl(file_t *f, uint32_t arg) noexcept nogil:
    f.f_flags = (arg & SETFL_MASK) | (f.f_flags & ~<uint32_t>SETFL_MASK)
    return 0


cdef int64_t do_fcntl(kernel_t *k, task_t *t, int32_t fd, int64_t command, int64_t arg) noexcept nogil:
    cdef file_t *f = fdget(k, t, fd)
    cdef fd_t *e
    cdef int32_t cmd = <int32_t>command
    if f == NULL:
        return -EBADF
    if cmd == F_DUPFD or cmd == F_DUPFD_CLOEXEC:
        return do_dup(k, t, fd, <int64_t><uint32_t>arg, cmd == F_DUPFD_CLOEXEC)
    e = fd_row(k, files_row(k, t.files).fdt + <uint32_t>fd)
    if cmd == F_GETFD:
        return e.cloexec
    if cmd == F_SETFD:
        e.cloexec = arg & FD_CLOEXEC
        return 0
    if cmd == F_GETFL:
        return f.f_flags
    if cmd == F_SETFL:
        return setfl(f, <uint32_t>arg)
    if cmd == F_GETPIPE_SZ or cmd == F_SETPIPE_SZ:
        if f.f_op != PIPEFIFO_FOPS:
            return -EBADF
        if cmd == F_GETPIPE_SZ:
            return <int64_t>pipe_row(k, f.private_data).max_usage * PAGE_SIZE
        return pipe_set_size(k, t, pipe_row(k, f.private_data), <uint32_t>arg)
    return -EINVAL


cdef int64_t do_ioctl(kernel_t *k, task_t *t, int32_t fd, int64_t request, int64_t arg) noexcept nogil:
    # FIONREAD's count is the result; FIONBIO takes its flag as the argument.
    cdef file_t *f = fdget(k, t, fd)
    cdef uint32_t cmd = <uint32_t>request
    if f == NULL:
        return -EBADF
    if cmd == FIOCLEX or cmd == FIONCLEX:
        fd_row(k, files_row(k, t.files).fdt + <uint32_t>fd).cloexec = cmd == FIOCLEX
        return 0
    if cmd == FIONBIO:
        if arg:
            f.f_flags |= O_NONBLOCK
        else:
            f.f_flags &= ~<uint32_t>O_NONBLOCK
        return 0
    return file_operations[f.f_op].ioctl(k, f, cmd, arg)


cdef int64_t do_fstat(kernel_t *k, task_t *t, int32_t fd, stat_t *stat) noexcept nogil:
    cdef file_t *f = fdget(k, t, fd)
    cdef inode_t *inode
    if f == NULL:
        return -EBADF
    inode = inode_row(k, f.inode)
    memset(stat, 0, sizeof(stat_t))
    stat.st_dev = PIPEFS_DEV
    stat.st_ino = inode.i_ino
    stat.st_mode = inode.i_mode
    stat.st_nlink = inode.i_nlink
    stat.st_uid = inode.i_uid
    stat.st_gid = inode.i_gid
    stat.st_blksize = PAGE_SIZE
    stat.st_size = <int64_t>inode.i_size
    stat.st_atime_ns = inode.i_atime
    stat.st_mtime_ns = inode.i_mtime
    stat.st_ctime_ns = inode.i_ctime
    return 0
