# Opening files, and the calls on a path that are not about names. Source: fs/open.c, fs/namei.c (path_openat).
#
# Paths are in `k.pathname[0]`, see getname.


cdef int64_t do_sys_open(kernel_t *k, task_t *t, int32_t dfd, uint32_t flags, uint32_t mode) noexcept nogil
cdef int64_t open_resume(kernel_t *k, task_t *t) noexcept nogil
cdef void open_abort(kernel_t *k, task_t *t) noexcept nogil
cdef int64_t do_stat(kernel_t *k, task_t *t, int32_t dfd, int flags, stat_t *stat) noexcept nogil
cdef int64_t do_sys_truncate(kernel_t *k, task_t *t, int64_t length) noexcept nogil
cdef int64_t do_sys_ftruncate(kernel_t *k, task_t *t, int32_t fd, int64_t length) noexcept nogil
cdef int64_t do_fallocate(kernel_t *k, task_t *t, int32_t fd, int64_t mode, int64_t off, int64_t n) noexcept nogil
cdef int64_t do_fsync(kernel_t *k, task_t *t, int32_t fd) noexcept nogil
cdef int64_t do_chmod(kernel_t *k, task_t *t, uint32_t mode) noexcept nogil
cdef int64_t do_fchmod(kernel_t *k, task_t *t, int32_t fd, uint32_t mode) noexcept nogil
cdef int64_t do_chown(kernel_t *k, task_t *t, uint32_t uid, uint32_t gid, int flags) noexcept nogil
cdef int64_t do_fchown(kernel_t *k, task_t *t, int32_t fd, uint32_t uid, uint32_t gid) noexcept nogil
cdef int64_t do_access(kernel_t *k, task_t *t, int64_t mode) noexcept nogil
cdef int64_t do_chdir(kernel_t *k, task_t *t) noexcept nogil
cdef int64_t do_fchdir(kernel_t *k, task_t *t, int32_t fd) noexcept nogil
cdef int64_t do_getcwd(kernel_t *k, task_t *t, char *to, int64_t size) noexcept nogil
cdef int64_t do_readlink(kernel_t *k, task_t *t, char *to, int64_t size) noexcept nogil
cdef int64_t do_umask(kernel_t *k, task_t *t, int64_t mask) noexcept nogil


cdef inline file_t *fdget_io(kernel_t *k, task_t *t, int32_t fd) noexcept nogil:
    # fdget: an open file for calls that do something with it; O_PATH gives none.
    cdef file_t *f = fdget(k, t, fd)
    return NULL if f == NULL or f.f_mode & FMODE_PATH else f
