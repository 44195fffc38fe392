# System calls that take a path, as all kinds of program make them: each begins the call, takes the path over and does
# the work. Results as those of the mechanisms.


cdef bint takes_path[512]  # by call number

cdef void path_call_init() noexcept nogil
cdef int64_t open_restart(kernel_t *k, task_t *t) noexcept nogil
cdef int64_t call_open(kernel_t *k, task_t *t, int64_t path, int64_t n, int64_t flags, int64_t mode) noexcept nogil
cdef int64_t call_openat(
    kernel_t *k, task_t *t, int64_t dfd, int64_t path, int64_t n, int64_t flags, int64_t mode
) noexcept nogil
cdef int64_t call_mknod(kernel_t *k, task_t *t, int64_t path, int64_t n, int64_t mode, int64_t dev) noexcept nogil
cdef int64_t call_mknodat(
    kernel_t *k, task_t *t, int64_t dfd, int64_t path, int64_t n, int64_t mode, int64_t dev
) noexcept nogil
cdef int64_t call_mkdir(kernel_t *k, task_t *t, int64_t path, int64_t n, int64_t mode) noexcept nogil
cdef int64_t call_rmdir(kernel_t *k, task_t *t, int64_t path, int64_t n) noexcept nogil
cdef int64_t call_unlink(kernel_t *k, task_t *t, int64_t path, int64_t n) noexcept nogil
cdef int64_t call_link(kernel_t *k, task_t *t, int64_t old, int64_t n, int64_t new, int64_t m) noexcept nogil
cdef int64_t call_symlink(kernel_t *k, task_t *t, int64_t target, int64_t n, int64_t path, int64_t m) noexcept nogil
cdef int64_t call_rename(kernel_t *k, task_t *t, int64_t old, int64_t n, int64_t new, int64_t m) noexcept nogil
cdef int64_t call_renameat2(
    kernel_t *k, task_t *t, int64_t olddfd, int64_t old, int64_t n, int64_t newdfd, int64_t new, int64_t m,
    int64_t flags
) noexcept nogil
cdef int64_t call_readlink(
    kernel_t *k, task_t *t, int64_t path, int64_t n, int64_t to, int64_t size
) noexcept nogil
cdef int64_t call_stat(kernel_t *k, task_t *t, int64_t path, int64_t n, int64_t stat) noexcept nogil
cdef int64_t call_lstat(kernel_t *k, task_t *t, int64_t path, int64_t n, int64_t stat) noexcept nogil
cdef int64_t call_access(kernel_t *k, task_t *t, int64_t path, int64_t n, int64_t mode) noexcept nogil
cdef int64_t call_chmod(kernel_t *k, task_t *t, int64_t path, int64_t n, int64_t mode) noexcept nogil
cdef int64_t call_chown(kernel_t *k, task_t *t, int64_t path, int64_t n, int64_t uid, int64_t gid) noexcept nogil
cdef int64_t call_lchown(kernel_t *k, task_t *t, int64_t path, int64_t n, int64_t uid, int64_t gid) noexcept nogil
cdef int64_t call_truncate(kernel_t *k, task_t *t, int64_t path, int64_t n, int64_t length) noexcept nogil
cdef int64_t call_chdir(kernel_t *k, task_t *t, int64_t path, int64_t n) noexcept nogil
cdef int64_t call_fchdir(kernel_t *k, task_t *t, int64_t fd) noexcept nogil
cdef int64_t call_getcwd(kernel_t *k, task_t *t, int64_t to, int64_t size) noexcept nogil
cdef int64_t call_umask(kernel_t *k, task_t *t, int64_t mask) noexcept nogil
cdef int64_t call_fchmod(kernel_t *k, task_t *t, int64_t fd, int64_t mode) noexcept nogil
cdef int64_t call_fchown(kernel_t *k, task_t *t, int64_t fd, int64_t uid, int64_t gid) noexcept nogil
cdef int64_t call_ftruncate(kernel_t *k, task_t *t, int64_t fd, int64_t length) noexcept nogil
cdef int64_t call_fallocate(
    kernel_t *k, task_t *t, int64_t fd, int64_t mode, int64_t off, int64_t n
) noexcept nogil
cdef int64_t call_fsync(kernel_t *k, task_t *t, int64_t fd) noexcept nogil


cdef inline int32_t fd_arg(int64_t fd) noexcept nogil:
    # A number that is no C int is no descriptor either.
    return <int32_t>fd if -1 <= fd <= 0x7fffffff else -1


cdef inline int32_t dfd_arg(int64_t fd) noexcept nogil:
    return <int32_t>fd if AT_FDCWD <= fd <= 0x7fffffff else -1


cdef inline void call_begin_args(task_t *t, int32_t nr, int64_t a, int64_t b, int64_t c, int64_t d) noexcept nogil:
    call_begin(t, nr)
    t.call.args[0] = a
    t.call.args[1] = b
    t.call.args[2] = c
    t.call.args[3] = d


cdef inline void path_arg(kernel_t *k, task_t *t, int which, int64_t path, int64_t n) noexcept nogil:
    # Take a path over, of the host's memory or, with USER_PATH for `n`, of the task's. Its hash stands for it in the
    # record, where C has an address.
    cdef uint32_t hash = 0
    if unlikely(getname(k, which, <const char *>path, n, &hash)):
        getname_slow(k, t, which, path, n, &hash)
    t.call.args[which] = hash
