# SIGIO: who is told of an open file's news, and which files have asked for it. Source: fs/fcntl.c, include/linux/fs.h.
#
# A pipe that some file watches has a row of its own for that (`pipe_fasync_t`), and at the head of the queue of that
# side an entry of nobody: so the short ways of read and write, which look there, leave it to the long ones.


cdef void file_f_owner_release(kernel_t *k, file_t *f) noexcept nogil
cdef int64_t f_setown(kernel_t *k, task_t *t, file_t *f, int32_t who) noexcept nogil
cdef int64_t f_setown_ex(kernel_t *k, task_t *t, file_t *f, int32_t type, int32_t pid) noexcept nogil
cdef int32_t f_getown(kernel_t *k, task_t *t, file_t *f) noexcept nogil
cdef int32_t f_getown_ex(kernel_t *k, task_t *t, file_t *f, int32_t *pid) noexcept nogil  # the F_OWNER_ number
cdef int64_t f_setsig(kernel_t *k, file_t *f, int32_t sig) noexcept nogil
cdef int64_t pipe_fasync(kernel_t *k, int32_t fd, file_t *f, bint on) noexcept nogil
cdef void kill_fasync(kernel_t *k, uint32_t list, int band) noexcept nogil
cdef bint fasync_check(kernel_t *k) noexcept nogil


cdef inline int32_t f_getsig(kernel_t *k, file_t *f) noexcept nogil:
    return fown_row(k, f.f_owner).signum if f.f_owner else 0


cdef inline void pipe_news(kernel_t *k, pipe_t *pipe, uint32_t i) noexcept nogil:
    # There may be something new to read in pipe `i`.
    if unlikely(pipe.fasync):
        kill_fasync(k, pipe_fasync_row(k, i).fasync_readers, POLL_IN)


cdef inline void pipe_room(kernel_t *k, pipe_t *pipe, uint32_t i) noexcept nogil:
    # There may be new room in it.
    if unlikely(pipe.fasync):
        kill_fasync(k, pipe_fasync_row(k, i).fasync_writers, POLL_OUT)
