"""The arguments of calls on paths and on what paths lead to, recorded once for all kinds of program.

`call.args` holds the registers of the call; where C passes an address of a path its hash is there, so that traces of
two runs agree if their paths do. `at` and its kin have the descriptor in front. A path that cannot be taken over fails
the call where it is looked at, not before.
"""


# ------------------------------------------------------------------------------------------ files by name
cdef inline int64_t open_slept(kernel_t *k, task_t *t, int64_t path, int64_t n, int64_t ret) noexcept nogil:
    # An open that sleeps may have to be made again: where its path is. An address of the host is no part of the record.
    if ret == -ESLEEP or ret <= -ERESTARTSYS:
        t.call.iter.count = n
        if n == USER_PATH:
            t.call.iter.offset = path
        else:
            host_row(k, t).base = <char *>path
    return ret


cdef int64_t call_open(kernel_t *k, task_t *t, int64_t path, int64_t n, int64_t flags, int64_t mode) noexcept nogil:
    call_begin_args(t, NR_open, 0, flags, mode, 0)
    path_arg(k, t, 0, path, n)
    return open_slept(k, t, path, n, do_sys_open(k, t, AT_FDCWD, <uint32_t>flags, <uint32_t>mode))


cdef int64_t call_openat(
    kernel_t *k, task_t *t, int64_t dfd, int64_t path, int64_t n, int64_t flags, int64_t mode
) noexcept nogil:
    call_begin_args(t, NR_openat, 0, dfd_arg(dfd), flags, mode)
    path_arg(k, t, 0, path, n)
    return open_slept(k, t, path, n, do_sys_open(k, t, dfd_arg(dfd), <uint32_t>flags, <uint32_t>mode))


cdef int64_t open_restart(kernel_t *k, task_t *t) noexcept nogil:
    # The path is walked once more.
    cdef call_t *c = &t.call
    cdef int64_t n = c.iter.count, path = c.iter.offset if n == USER_PATH else <int64_t>host_row(k, t).base
    path_arg(k, t, 0, path, n)
    if c.nr == NR_open:
        return open_slept(k, t, path, n, do_sys_open(k, t, AT_FDCWD, <uint32_t>c.args[1], <uint32_t>c.args[2]))
    return open_slept(k, t, path, n, do_sys_open(k, t, <int32_t>c.args[1], <uint32_t>c.args[2], <uint32_t>c.args[3]))


cdef int64_t call_mknod(kernel_t *k, task_t *t, int64_t path, int64_t n, int64_t mode, int64_t dev) noexcept nogil:
    call_begin_args(t, NR_mknod, 0, mode, dev, 0)
    path_arg(k, t, 0, path, n)
    return do_mknodat(k, t, AT_FDCWD, <uint32_t>mode, <uint32_t>dev)


cdef int64_t call_mknodat(
    kernel_t *k, task_t *t, int64_t dfd, int64_t path, int64_t n, int64_t mode, int64_t dev
) noexcept nogil:
    call_begin_args(t, NR_mknodat, 0, dfd_arg(dfd), mode, dev)
    path_arg(k, t, 0, path, n)
    return do_mknodat(k, t, dfd_arg(dfd), <uint32_t>mode, <uint32_t>dev)


cdef int64_t call_mkdir(kernel_t *k, task_t *t, int64_t path, int64_t n, int64_t mode) noexcept nogil:
    call_begin_args(t, NR_mkdir, 0, mode, 0, 0)
    path_arg(k, t, 0, path, n)
    return do_mkdirat(k, t, AT_FDCWD, <uint32_t>mode)


cdef int64_t call_rmdir(kernel_t *k, task_t *t, int64_t path, int64_t n) noexcept nogil:
    call_begin_args(t, NR_rmdir, 0, 0, 0, 0)
    path_arg(k, t, 0, path, n)
    return do_rmdir(k, t, AT_FDCWD)


cdef int64_t call_unlink(kernel_t *k, task_t *t, int64_t path, int64_t n) noexcept nogil:
    call_begin_args(t, NR_unlink, 0, 0, 0, 0)
    path_arg(k, t, 0, path, n)
    return do_unlinkat(k, t, AT_FDCWD)


cdef int64_t call_link(kernel_t *k, task_t *t, int64_t old, int64_t n, int64_t new, int64_t m) noexcept nogil:
    call_begin_args(t, NR_link, 0, 0, 0, 0)
    path_arg(k, t, 0, old, n)
    path_arg(k, t, 1, new, m)
    return do_linkat(k, t, AT_FDCWD, AT_FDCWD, 0)


cdef int64_t call_symlink(kernel_t *k, task_t *t, int64_t target, int64_t n, int64_t path, int64_t m) noexcept nogil:
    call_begin_args(t, NR_symlink, 0, 0, 0, 0)
    path_arg(k, t, 1, target, n)
    path_arg(k, t, 0, path, m)
    return do_symlinkat(k, t, AT_FDCWD)


cdef int64_t call_rename(kernel_t *k, task_t *t, int64_t old, int64_t n, int64_t new, int64_t m) noexcept nogil:
    call_begin_args(t, NR_rename, 0, 0, 0, 0)
    path_arg(k, t, 0, old, n)
    path_arg(k, t, 1, new, m)
    return do_renameat2(k, t, AT_FDCWD, AT_FDCWD, 0)


cdef int64_t call_renameat2(
    kernel_t *k, task_t *t, int64_t olddfd, int64_t old, int64_t n, int64_t newdfd, int64_t new, int64_t m,
    int64_t flags
) noexcept nogil:
    call_begin_args(t, NR_renameat2, 0, 0, flags, 0)
    path_arg(k, t, 0, old, n)
    path_arg(k, t, 1, new, m)
    return do_renameat2(k, t, dfd_arg(olddfd), dfd_arg(newdfd), <int>flags)


cdef int64_t call_readlink(kernel_t *k, task_t *t, int64_t path, int64_t n, int64_t to, int64_t size) noexcept nogil:
    call_begin_args(t, NR_readlink, 0, 0, size, 0)
    path_arg(k, t, 0, path, n)
    return do_readlink(k, t, <char *>to, size)


cdef int64_t call_stat(kernel_t *k, task_t *t, int64_t path, int64_t n, int64_t stat) noexcept nogil:
    call_begin_args(t, NR_stat, 0, 0, 0, 0)
    path_arg(k, t, 0, path, n)
    return do_stat(k, t, AT_FDCWD, 0, <stat_t *>stat)


cdef int64_t call_lstat(kernel_t *k, task_t *t, int64_t path, int64_t n, int64_t stat) noexcept nogil:
    call_begin_args(t, NR_lstat, 0, 0, 0, 0)
    path_arg(k, t, 0, path, n)
    return do_stat(k, t, AT_FDCWD, AT_SYMLINK_NOFOLLOW, <stat_t *>stat)


cdef int64_t call_access(kernel_t *k, task_t *t, int64_t path, int64_t n, int64_t mode) noexcept nogil:
    call_begin_args(t, NR_access, 0, mode, 0, 0)
    if <uint32_t>mode & ~<uint32_t>7:
        return -EINVAL
    path_arg(k, t, 0, path, n)
    return do_access(k, t, mode)


cdef int64_t call_chmod(kernel_t *k, task_t *t, int64_t path, int64_t n, int64_t mode) noexcept nogil:
    call_begin_args(t, NR_chmod, 0, mode, 0, 0)
    path_arg(k, t, 0, path, n)
    return do_chmod(k, t, <uint32_t>mode)


cdef int64_t call_chown(kernel_t *k, task_t *t, int64_t path, int64_t n, int64_t uid, int64_t gid) noexcept nogil:
    call_begin_args(t, NR_chown, 0, uid, gid, 0)
    path_arg(k, t, 0, path, n)
    return do_chown(k, t, <uint32_t>uid, <uint32_t>gid, 0)


cdef int64_t call_lchown(kernel_t *k, task_t *t, int64_t path, int64_t n, int64_t uid, int64_t gid) noexcept nogil:
    call_begin_args(t, NR_lchown, 0, uid, gid, 0)
    path_arg(k, t, 0, path, n)
    return do_chown(k, t, <uint32_t>uid, <uint32_t>gid, AT_SYMLINK_NOFOLLOW)


cdef int64_t call_truncate(kernel_t *k, task_t *t, int64_t path, int64_t n, int64_t length) noexcept nogil:
    call_begin_args(t, NR_truncate, 0, length, 0, 0)
    if length < 0:
        return -EINVAL
    path_arg(k, t, 0, path, n)
    return do_sys_truncate(k, t, length)


# ------------------------------------------------------------------------------------------ where a process stands
cdef int64_t call_chdir(kernel_t *k, task_t *t, int64_t path, int64_t n) noexcept nogil:
    call_begin_args(t, NR_chdir, 0, 0, 0, 0)
    path_arg(k, t, 0, path, n)
    return do_chdir(k, t)


cdef int64_t call_fchdir(kernel_t *k, task_t *t, int64_t fd) noexcept nogil:
    call_begin_args(t, NR_fchdir, fd_arg(fd), 0, 0, 0)
    return do_fchdir(k, t, fd_arg(fd))


cdef int64_t call_getcwd(kernel_t *k, task_t *t, int64_t to, int64_t size) noexcept nogil:
    call_begin_args(t, NR_getcwd, 0, size, 0, 0)
    return do_getcwd(k, t, <char *>to, size)


cdef int64_t call_umask(kernel_t *k, task_t *t, int64_t mask) noexcept nogil:
    call_begin_args(t, NR_umask, mask, 0, 0, 0)
    return do_umask(k, t, mask)


# ------------------------------------------------------------------------------------------ the same by descriptor
cdef int64_t call_fchmod(kernel_t *k, task_t *t, int64_t fd, int64_t mode) noexcept nogil:
    call_begin_args(t, NR_fchmod, fd_arg(fd), mode, 0, 0)
    return do_fchmod(k, t, fd_arg(fd), <uint32_t>mode)


cdef int64_t call_fchown(kernel_t *k, task_t *t, int64_t fd, int64_t uid, int64_t gid) noexcept nogil:
    call_begin_args(t, NR_fchown, fd_arg(fd), uid, gid, 0)
    return do_fchown(k, t, fd_arg(fd), <uint32_t>uid, <uint32_t>gid)


cdef int64_t call_ftruncate(kernel_t *k, task_t *t, int64_t fd, int64_t length) noexcept nogil:
    call_begin_args(t, NR_ftruncate, fd_arg(fd), length, 0, 0)
    return do_sys_ftruncate(k, t, fd_arg(fd), length)


cdef int64_t call_fallocate(
    kernel_t *k, task_t *t, int64_t fd, int64_t mode, int64_t off, int64_t n
) noexcept nogil:
    call_begin_args(t, NR_fallocate, fd_arg(fd), mode, off, n)
    return do_fallocate(k, t, fd_arg(fd), mode, off, n)


cdef int64_t call_fsync(kernel_t *k, task_t *t, int64_t fd) noexcept nogil:
    call_begin_args(t, NR_fsync, fd_arg(fd), 0, 0, 0)
    return do_fsync(k, t, fd_arg(fd))


# ------------------------------------------------------------------------------------------ for traces
cdef int[20] PATH_CALLS = [NR_open, NR_openat, NR_mknod, NR_mknodat, NR_mkdir, NR_rmdir, NR_unlink, NR_link,
                           NR_symlink, NR_rename, NR_renameat2, NR_readlink, NR_stat, NR_lstat, NR_access, NR_chmod,
                           NR_chown, NR_lchown, NR_truncate, NR_chdir]


cdef void path_call_init() noexcept nogil:
    cdef int i
    for i in range(20):
        takes_path[PATH_CALLS[i]] = True
