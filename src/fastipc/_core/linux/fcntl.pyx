"""fcntl, ioctl and fstat. Source: fs/fcntl.c (do_fcntl, setfl, check_fcntl_cmd), fs/ioctl.c (do_vfs_ioctl), fs/stat.c.

Missing: locks, leases.
"""


cdef enum:
    SETFL_MASK = O_APPEND | O_NONBLOCK | O_DIRECT | O_NOATIME


cdef int64_t setfl(kernel_t *k, task_t *t, int32_t fd, file_t *f, uint32_t arg) noexcept nogil:
    # What cannot tell of news keeps its O_ASYNC as it is.
    cdef inode_t *inode = inode_row(k, f.inode)
    cdef int64_t err
    if (f.f_flags ^ arg) & O_APPEND and inode.i_flags & S_APPEND:
        return -EPERM
    if arg & ~f.f_flags & O_NOATIME and not inode_owner_or_capable(k, t, inode):
        return -EPERM
    if arg & O_DIRECT and f.f_op != REGULAR_FOPS and not is_pipe_file(f):
        return -EINVAL
    if (arg ^ f.f_flags) & O_ASYNC and is_pipe_file(f):
        err = pipe_fasync(k, fd, f, arg & O_ASYNC != 0)
        if err:
            return err
    f.f_flags = (arg & SETFL_MASK) | (f.f_flags & ~<uint32_t>SETFL_MASK)
    return 0


cdef inline bint path_command(int32_t cmd) noexcept nogil:
    # check_fcntl_cmd: what O_PATH allows.
    return (cmd == F_DUPFD or cmd == F_DUPFD_CLOEXEC or cmd == F_GETFD or cmd == F_SETFD or cmd == F_GETFL)


cdef int64_t fcntl_owner(kernel_t *k, task_t *t, file_t *f, int32_t cmd, int64_t arg) noexcept nogil:
    # Owners and signals; an f_owner_ex is its type, and 2**32 times its pid. What F_GETOWN and F_GETOWN_EX give is in
    # the record, for a group is negative, and that is no error: pid, or type and pid.
    if cmd == F_SETOWN:
        return f_setown(k, t, f, <int32_t>arg)
    if cmd == F_SETOWN_EX:
        return f_setown_ex(k, t, f, <int32_t>arg, <int32_t>(arg >> 32))
    if cmd == F_GETOWN:
        t.call.out0 = f_getown(k, t, f)
        return 0
    if cmd == F_GETOWN_EX:
        t.call.out0 = f_getown_ex(k, t, f, &t.call.out1)
        return 0
    if cmd == F_SETSIG:
        return f_setsig(k, f, <int32_t>arg)
    return f_getsig(k, f)


cdef int64_t do_fcntl(kernel_t *k, task_t *t, int32_t fd, int64_t command, int64_t arg) noexcept nogil:
    cdef file_t *f = fdget(k, t, fd)
    cdef fd_t *e
    cdef int32_t cmd = <int32_t>command
    if f == NULL or (f.f_mode & FMODE_PATH and not path_command(cmd)):
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
        return setfl(k, t, fd, f, <uint32_t>arg)
    if F_SETOWN <= cmd <= F_GETSIG or cmd == F_SETOWN_EX or cmd == F_GETOWN_EX:
        return fcntl_owner(k, t, f, cmd, arg)
    if cmd == F_GETPIPE_SZ or cmd == F_SETPIPE_SZ:
        if not is_pipe_file(f):
            return -EBADF
        if cmd == F_GETPIPE_SZ:
            return <int64_t>pipe_row(k, f.private_data).max_usage * PAGE_SIZE
        return pipe_set_size(k, t, pipe_row(k, f.private_data), <uint32_t>arg)
    if cmd == F_ADD_SEALS:
        return add_seals(k, f, <uint32_t>arg)
    if cmd == F_GET_SEALS:
        return get_seals(k, f)
    return -EINVAL


cdef inline bint async_differs(file_t *f, int64_t on) noexcept nogil:
    return (f.f_flags & O_ASYNC != 0) != (on != 0)


cdef int64_t do_ioctl(kernel_t *k, task_t *t, int32_t fd, int64_t request, int64_t arg) noexcept nogil:
    # What C passes through pointers is the result here, or the argument.
    cdef file_t *f = fdget_io(k, t, fd)
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
    if cmd == FIOASYNC:
        if async_differs(f, arg):
            return pipe_fasync(k, fd, f, arg != 0) if is_pipe_file(f) else -ENOTTY
        return 0
    if cmd == <uint32_t>FS_IOC_GETFLAGS and f.f_dentry:
        return ioctl_getflags(k, inode_row(k, f.inode))
    if cmd == <uint32_t>FS_IOC_SETFLAGS and f.f_dentry:
        return ioctl_setflags(k, t, f.inode, <uint32_t>arg)
    if file_operations[f.f_op].ioctl == NULL:
        return -ENOTTY
    return file_operations[f.f_op].ioctl(k, f, cmd, arg)


cdef int64_t do_fstat(kernel_t *k, task_t *t, int32_t fd, stat_t *stat) noexcept nogil:
    cdef file_t *f = fdget(k, t, fd)
    if unlikely(f == NULL):
        return -EBADF
    generic_fillattr(k, t, inode_row(k, f.inode), stat)
    return 0
