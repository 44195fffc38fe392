# Pipes. Source: fs/pipe.c, include/linux/pipe_fs_i.h.
#
# A pipe is a ring of slots, each at most one page; capacity is counted in slots. Short data need not touch its frame:
# the bytes of one slot may stay in the pipe's own row (`inlined`, `data`) until they outgrow it. Only host memory and
# speed can tell; the frame is allocated and accounted all the same.


cdef void pipe_init() noexcept nogil
cdef int64_t do_pipe2(kernel_t *k, task_t *t, int64_t flags) noexcept nogil  # descriptors in call.out0, out1
cdef int64_t pipe_read(kernel_t *k, task_t *t, file_t *f) noexcept nogil
cdef int64_t pipe_write(kernel_t *k, task_t *t, file_t *f) noexcept nogil
cdef int64_t pipe_set_size(kernel_t *k, task_t *t, pipe_t *pipe, uint32_t arg) noexcept nogil
cdef bint pipe_check(kernel_t *k) noexcept nogil


cdef inline uint32_t pipe_occupancy(pipe_t *pipe) noexcept nogil:
    return pipe.head - pipe.tail


cdef inline bint pipe_empty(pipe_t *pipe) noexcept nogil:
    return pipe.head == pipe.tail


cdef inline bint pipe_full(pipe_t *pipe) noexcept nogil:
    return pipe.head - pipe.tail >= pipe.max_usage


cdef inline uint32_t pipe_poll_mask(pipe_t *pipe, file_t *f) noexcept nogil:
    # pipe_poll: what is ready now. From here on every write wakes the pollers, as an edge trigger needs.
    cdef uint32_t mask = 0
    if unlikely(not pipe.poll_usage):
        pipe.poll_usage = 1
    if f.f_mode & FMODE_READ:
        mask = (0 - <uint32_t>(pipe.head != pipe.tail)) & (POLLIN | POLLRDNORM)  # no branch: it would be guessed wrong
        if unlikely(pipe.writers == 0):
            mask |= POLLHUP if f.f_version != pipe.w_counter else 0
        if likely(f.f_mode == FMODE_READ):
            return mask
    if not pipe_full(pipe):
        mask |= POLLOUT | POLLWRNORM
    if unlikely(pipe.readers == 0):
        mask |= POLLERR
    return mask
