# System calls on paths, and on what paths lead to.


cdef class PathCalls(FileCalls):

    @cython.final
    cdef object opened(self, int64_t ret, object path, bint raw)

    @cython.final
    cdef int64_t open_(self, object path, object flags, object mode) except? -1
    cdef int64_t openat_(self, object dirfd, object path, object flags, object mode) except? -1

    @cython.final
    cdef int64_t mknod_(self, object path, int64_t mode, object dev) except? -1
    cdef int64_t mknodat_(self, object dirfd, object path, object mode, object dev) except? -1

    @cython.final
    cdef int64_t hooked(self, int64_t ret) except? -1

    @cython.final
    cdef int64_t on_path(self, int nr, object path, int64_t arg) except? -1
    cdef int64_t on_paths(self, int nr, object old, object new) except? -1
    cdef int64_t renameat2_(self, object olddirfd, object old, object newdirfd, object new, object flags) except? -1
    cdef int64_t owner(self, int nr, object path, object uid, object gid) except? -1

    @cython.final
    cdef int64_t stat_(self, int nr, object path, stat_t *stat) except? -1
    cdef object fill_stat(self, int nr, object path, object stat)
    cdef int64_t readlink_(self, object path, char *to, int64_t size) except? -1
    cdef int64_t on_fd(self, int nr, object fd, int64_t a, int64_t b, int64_t c) except? -1
