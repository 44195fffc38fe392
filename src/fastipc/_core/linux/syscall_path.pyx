"""System calls on paths, as compiled programs make them: those of path_call.pyx between an entry and an exit."""


cdef inline int64_t hooked(kernel_t *k, task_t *t, int64_t ret) noexcept nogil:
    # The end of mknod: what a hook says of it.
    return coroutine_hook(k, t) if unlikely(ret == 0 and k.hooks & HOOK_PATH_MKNOD) else ret


cdef int64_t sys_open(kernel_t *k, task_t *t, int64_t path, int64_t n, int64_t flags, int64_t mode) noexcept nogil:
    check_stack(k)
    return syscall_exit(k, t, call_open(k, t, path, n, flags, mode))


cdef int64_t sys_openat(
    kernel_t *k, task_t *t, int64_t dfd, int64_t path, int64_t n, int64_t flags, int64_t mode
) noexcept nogil:
    check_stack(k)
    return syscall_exit(k, t, call_openat(k, t, dfd, path, n, flags, mode))


cdef int64_t sys_mknod(kernel_t *k, task_t *t, int64_t path, int64_t n, int64_t mode, int64_t dev) noexcept nogil:
    check_stack(k)
    return syscall_exit(k, t, hooked(k, t, call_mknod(k, t, path, n, mode, dev)))


cdef int64_t sys_mknodat(
    kernel_t *k, task_t *t, int64_t dfd, int64_t path, int64_t n, int64_t mode, int64_t dev
) noexcept nogil:
    check_stack(k)
    return syscall_exit(k, t, hooked(k, t, call_mknodat(k, t, dfd, path, n, mode, dev)))


cdef int64_t sys_mkdir(kernel_t *k, task_t *t, int64_t path, int64_t n, int64_t mode) noexcept nogil:
    check_stack(k)
    return syscall_exit(k, t, call_mkdir(k, t, path, n, mode))


cdef int64_t sys_rmdir(kernel_t *k, task_t *t, int64_t path, int64_t n) noexcept nogil:
    check_stack(k)
    return syscall_exit(k, t, call_rmdir(k, t, path, n))


cdef int64_t sys_unlink(kernel_t *k, task_t *t, int64_t path, int64_t n) noexcept nogil:
    check_stack(k)
    return syscall_exit(k, t, call_unlink(k, t, path, n))


cdef int64_t sys_link(kernel_t *k, task_t *t, int64_t old, int64_t n, int64_t new, int64_t m) noexcept nogil:
    check_stack(k)
    return syscall_exit(k, t, call_link(k, t, old, n, new, m))


cdef int64_t sys_symlink(kernel_t *k, task_t *t, int64_t target, int64_t n, int64_t path, int64_t m) noexcept nogil:
    check_stack(k)
    return syscall_exit(k, t, call_symlink(k, t, target, n, path, m))


cdef int64_t sys_rename(kernel_t *k, task_t *t, int64_t old, int64_t n, int64_t new, int64_t m) noexcept nogil:
    check_stack(k)
    return syscall_exit(k, t, call_rename(k, t, old, n, new, m))


cdef int64_t sys_renameat2(
    kernel_t *k, task_t *t, int64_t olddfd, int64_t old, int64_t n, int64_t newdfd, int64_t new, int64_t m,
    int64_t flags
) noexcept nogil:
    check_stack(k)
    return syscall_exit(k, t, call_renameat2(k, t, olddfd, old, n, newdfd, new, m, flags))


cdef int64_t sys_readlink(kernel_t *k, task_t *t, int64_t path, int64_t n, int64_t to, int64_t size) noexcept nogil:
    check_stack(k)
    return syscall_exit(k, t, call_readlink(k, t, path, n, to, size))


cdef int64_t sys_stat(kernel_t *k, task_t *t, int64_t path, int64_t n, int64_t stat) noexcept nogil:
    check_stack(k)
    return syscall_exit(k, t, call_stat(k, t, path, n, stat))


cdef int64_t sys_lstat(kernel_t *k, task_t *t, int64_t path, int64_t n, int64_t stat) noexcept nogil:
    check_stack(k)
    return syscall_exit(k, t, call_lstat(k, t, path, n, stat))


cdef int64_t sys_access(kernel_t *k, task_t *t, int64_t path, int64_t n, int64_t mode) noexcept nogil:
    check_stack(k)
    return syscall_exit(k, t, call_access(k, t, path, n, mode))


cdef int64_t sys_chmod(kernel_t *k, task_t *t, int64_t path, int64_t n, int64_t mode) noexcept nogil:
    check_stack(k)
    return syscall_exit(k, t, call_chmod(k, t, path, n, mode))


cdef int64_t sys_chown(kernel_t *k, task_t *t, int64_t path, int64_t n, int64_t uid, int64_t gid) noexcept nogil:
    check_stack(k)
    return syscall_exit(k, t, call_chown(k, t, path, n, uid, gid))


cdef int64_t sys_lchown(kernel_t *k, task_t *t, int64_t path, int64_t n, int64_t uid, int64_t gid) noexcept nogil:
    check_stack(k)
    return syscall_exit(k, t, call_lchown(k, t, path, n, uid, gid))


cdef int64_t sys_truncate(kernel_t *k, task_t *t, int64_t path, int64_t n, int64_t length) noexcept nogil:
    check_stack(k)
    return syscall_exit(k, t, call_truncate(k, t, path, n, length))


cdef int64_t sys_chdir(kernel_t *k, task_t *t, int64_t path, int64_t n) noexcept nogil:
    check_stack(k)
    return syscall_exit(k, t, call_chdir(k, t, path, n))


cdef int64_t sys_fchdir(kernel_t *k, task_t *t, int64_t fd) noexcept nogil:
    check_stack(k)
    return syscall_exit(k, t, call_fchdir(k, t, fd))


cdef int64_t sys_getcwd(kernel_t *k, task_t *t, int64_t to, int64_t size) noexcept nogil:
    check_stack(k)
    return syscall_exit(k, t, call_getcwd(k, t, to, size))


cdef int64_t sys_umask(kernel_t *k, task_t *t, int64_t mask) noexcept nogil:
    check_stack(k)
    return syscall_exit(k, t, call_umask(k, t, mask))


cdef int64_t sys_fchmod(kernel_t *k, task_t *t, int64_t fd, int64_t mode) noexcept nogil:
    check_stack(k)
    return syscall_exit(k, t, call_fchmod(k, t, fd, mode))


cdef int64_t sys_fchown(kernel_t *k, task_t *t, int64_t fd, int64_t uid, int64_t gid) noexcept nogil:
    check_stack(k)
    return syscall_exit(k, t, call_fchown(k, t, fd, uid, gid))


cdef int64_t sys_ftruncate(kernel_t *k, task_t *t, int64_t fd, int64_t length) noexcept nogil:
    check_stack(k)
    return syscall_exit(k, t, call_ftruncate(k, t, fd, length))


cdef int64_t sys_fallocate(kernel_t *k, task_t *t, int64_t fd, int64_t mode, int64_t off, int64_t n) noexcept nogil:
    check_stack(k)
    return syscall_exit(k, t, call_fallocate(k, t, fd, mode, off, n))


cdef int64_t sys_fsync(kernel_t *k, task_t *t, int64_t fd) noexcept nogil:
    check_stack(k)
    return syscall_exit(k, t, call_fsync(k, t, fd))


cdef int64_t sys_mkfifo(kernel_t *k, task_t *t, int64_t path, int64_t n, int64_t mode) noexcept nogil:
    return sys_mknod(k, t, path, n, mode | S_IFIFO, 0)


cdef int64_t text_length(const char *text, int64_t n) noexcept nogil:
    # No system call: bytes before the first zero, or `n`.
    cdef const char *end = <const char *>memchr(text, 0, <size_t>n)
    return n if end == NULL else <int64_t>(end - text)
