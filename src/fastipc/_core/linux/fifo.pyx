"""FIFOs: the rendezvous of open, and a pipe that has a name. Source: fs/pipe.c (fifo_open, wait_for_partner).

An open that waits for its partner holds its open file in the call (`call.file`), counted among the readers or writers
already, and the descriptor it will get (`call.out0`). It goes on when the partner's counter has moved, even if the
partner has left again. If the open does not come about, all of that is given back.
"""


cdef inline void wake_up_partner(kernel_t *k, pipe_t *pipe) noexcept nogil:
    wake_up_all(k, &pipe.rd_wait)


cdef inline uint32_t partner_counter(pipe_t *pipe, file_t *f) noexcept nogil:
    return pipe.w_counter if f.f_mode & FMODE_READ else pipe.r_counter


cdef inline int64_t wait_for_partner(kernel_t *k, task_t *t, pipe_t *pipe, file_t *f) noexcept nogil:
    t.call.args[4] = partner_counter(pipe, f)
    if signal_pending(t):
        fifo_open_undo(k, f)
        return -ERESTARTSYS
    prepare_to_wait(k, t, WQ_PIPE_RD, f.private_data)
    return -ESLEEP


cdef int get_fifo(kernel_t *k, task_t *t, file_t *f) noexcept nogil:
    # The pipe of an inode, made by its first open.
    cdef inode_t *inode = inode_row(k, f.inode)
    cdef uint32_t i = inode.i_pipe
    if i == 0:
        i = alloc_pipe_info(k, t)
        if i == 0:
            return -alloc_errno(k, ENOMEM)
        inode.i_pipe = i
        pipe_row(k, i).inode = f.inode
    pipe_row(k, i).files += 1
    f.private_data = i
    return 0


cdef int64_t fifo_open(kernel_t *k, task_t *t, file_t *f) noexcept nogil:
    # 0, -ESLEEP, or -errno: then `release` gives back what was counted.
    cdef bint is_pipe = inode_row(k, f.inode).i_sb == k.pipe_sb
    cdef bint nonblock = f.f_flags & O_NONBLOCK != 0
    cdef pipe_t *pipe
    cdef int64_t err
    f.f_mode &= FMODE_READ | FMODE_WRITE
    if f.f_mode == 0:
        return -EINVAL
    err = get_fifo(k, t, f)
    if err:
        return err
    pipe = pipe_row(k, f.private_data)
    if f.f_mode == FMODE_WRITE and not is_pipe and nonblock and pipe.readers == 0:
        f.f_mode = 0  # counted nowhere
        return -ENXIO
    if f.f_mode & FMODE_READ:
        pipe.r_counter += 1
        pipe.readers += 1
    if f.f_mode & FMODE_WRITE:
        pipe.w_counter += 1
        pipe.writers += 1
    if (f.f_mode & FMODE_READ and pipe.readers == 1) or (f.f_mode & FMODE_WRITE and pipe.writers == 1):
        wake_up_partner(k, pipe)
    if is_pipe or (pipe.readers and pipe.writers):
        return 0
    if nonblock:
        f.f_version = pipe.w_counter  # no hang-up is reported until a writer has been seen
        return 0
    return wait_for_partner(k, t, pipe, f)


cdef int64_t fifo_open_resume(kernel_t *k, task_t *t) noexcept nogil:
    # Woken in an open: 0, -ESLEEP or -ERESTARTSYS.
    cdef file_t *f = file_row(k, t.call.file)
    cdef pipe_t *pipe = pipe_row(k, f.private_data)
    if <uint32_t>t.call.args[4] == partner_counter(pipe, f):
        if not signal_pending(t):
            prepare_to_wait(k, t, WQ_PIPE_RD, f.private_data)
            return -ESLEEP
        finish_wait(k, t)
        fifo_open_undo(k, f)
        return -ERESTARTSYS
    finish_wait(k, t)
    return 0


cdef void fifo_open_undo(kernel_t *k, file_t *f) noexcept nogil:
    # The open does not come about: it is counted no longer. Its pipe is left to `release`.
    cdef pipe_t *pipe = pipe_row(k, f.private_data)
    if f.f_mode & FMODE_READ:
        pipe.readers -= 1
        if pipe.readers == 0:
            wake_up(k, &pipe.wr_wait, 0)
    else:
        pipe.writers -= 1
        if pipe.writers == 0:
            wake_up_all(k, &pipe.rd_wait)
    f.f_mode = 0


# ------------------------------------------------------------------------------------------ times
cdef int64_t fifo_read(kernel_t *k, task_t *t, file_t *f) noexcept nogil:
    # A name has times, which an anonymous pipe does not keep.
    cdef int64_t ret = pipe_read(k, t, f)
    if ret > 0:
        file_accessed(k, f)
    return ret


cdef int64_t fifo_write(kernel_t *k, task_t *t, file_t *f) noexcept nogil:
    cdef int64_t ret = pipe_write(k, t, f)
    if ret > 0:
        file_update_time(k, inode_row(k, f.inode))
    return ret
