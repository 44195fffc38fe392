# Pipes. Source: fs/pipe.c, include/linux/pipe_fs_i.h.
#
# A pipe is a ring of slots, each at most one page; capacity is counted in slots. Short data need not touch its frame:
# the bytes of one slot may stay in the pipe's own row (`inlined`, `data`) until they outgrow it. Only host memory and
# speed can tell; the frame is allocated and accounted all the same.


cdef void pipe_init() noexcept nogil
cdef uint32_t alloc_pipe_info(kernel_t *k, task_t *t) noexcept nogil  # 0: see alloc_errno
cdef void pipe_release(kernel_t *k, file_t *f) noexcept nogil
cdef int64_t do_pipe2(kernel_t *k, task_t *t, int64_t flags) noexcept nogil  # descriptors in call.out0, out1
cdef int64_t pipe_write(kernel_t *k, task_t *t, file_t *f) noexcept nogil
cdef int64_t read_slots(kernel_t *k, task_t *t, pipe_t *pipe) noexcept nogil  # declared, or gcc would inline it
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


# ------------------------------------------------------------------------------------------ slots and their pages
cdef inline pipe_buffer_t *pipe_buf(kernel_t *k, pipe_t *pipe, uint32_t slot) noexcept nogil:
    return pipe_buffer_row(k, pipe.bufs + (slot & (pipe.ring_size - 1)))


cdef inline uint32_t anon_pipe_get_page(kernel_t *k, pipe_t *pipe) noexcept nogil:
    cdef uint32_t page = pipe.tmp_page[0]
    if page:
        pipe.tmp_page[0] = 0
        k.tmp_pages -= 1
        return page
    page = pipe.tmp_page[1]
    if page:
        pipe.tmp_page[1] = 0
        k.tmp_pages -= 1
        return page
    return alloc_page(k)


cdef inline void anon_pipe_put_page(kernel_t *k, pipe_t *pipe, uint32_t page) noexcept nogil:
    # Kept for the next write, unless others hold it or the machine's pipes keep enough already.
    if likely(k.tmp_pages < k.tmp_pages_max) and page_row(k, page).refcount == 1:
        if likely(pipe.tmp_page[0] == 0):
            pipe.tmp_page[0] = page
            k.tmp_pages += 1
            return
        if pipe.tmp_page[1] == 0:
            pipe.tmp_page[1] = page
            k.tmp_pages += 1
            return
    put_page(k, page)


cdef inline void push_slot(kernel_t *k, pipe_t *pipe, uint32_t page, int64_t n, uint32_t flags) noexcept nogil:
    cdef pipe_buffer_t *buf = pipe_buf(k, pipe, pipe.head)
    buf.live = 1
    buf.page = page
    buf.offset = 0
    buf.len = <uint16_t>n
    buf.flags = flags
    pipe.head += 1


cdef inline void release_slot(kernel_t *k, pipe_t *pipe, pipe_buffer_t *buf) noexcept nogil:
    # The oldest slot is used up.
    cdef uint32_t page = buf.page
    if pipe.inlined == pipe.tail + 1:
        pipe.inlined = 0
    memset(buf, 0, sizeof(pipe_buffer_t))
    pipe.tail += 1
    anon_pipe_put_page(k, pipe, page)


# ------------------------------------------------------------------------------------------ where bytes lie
cdef inline bint keeps_inlined(pipe_t *pipe, uint32_t slot) noexcept nogil:
    return pipe.inlined and pipe.inlined == slot + 1


cdef inline const char *slot_bytes(kernel_t *k, pipe_t *pipe, pipe_buffer_t *buf, uint32_t slot) noexcept nogil:
    return <const char *>pipe.data if likely(keeps_inlined(pipe, slot)) else page_address(k, buf.page)


cdef inline char *frame_bytes(kernel_t *k, uint32_t page) noexcept nogil:
    page_row(k, page).flags |= PG_TOUCHED
    return page_address(k, page)


cdef inline char *place_new(kernel_t *k, pipe_t *pipe, uint32_t page, int64_t n) noexcept nogil:
    # Where the first `n` bytes of the slot at `head` go.
    if n <= PIPE_INLINE and pipe.inlined == 0 and likely(pipe.head + 1 != 0):
        pipe.inlined = pipe.head + 1
        return <char *>pipe.data
    return frame_bytes(k, page)


# ------------------------------------------------------------------------------------------ one message
# What most calls of read and write do: one message of at most a page goes through an empty pipe. Entries inline this.
# Each answers 0, with nothing done, if the call is of any other kind. Precondition: the transfer has one buffer.
cdef inline int64_t pipe_read_one(kernel_t *k, task_t *t, pipe_t *pipe) noexcept nogil:
    # Takes the only slot as a whole. Assumes that no writer sleeps.
    cdef pipe_buffer_t *buf
    cdef int64_t n
    if unlikely(pipe.head != pipe.tail + 1) or unlikely(pipe.wr_wait.first):
        return 0
    buf = pipe_buf(k, pipe, pipe.tail)
    n = buf.len
    if unlikely(n > t.call.iter.count):
        return 0
    copy_bytes(host_row(k, t).base, slot_bytes(k, pipe, buf, pipe.tail) + buf.offset, n)
    release_slot(k, pipe, buf)
    k.counters.bytes += n
    return n


cdef inline bint pipe_wait_readable(kernel_t *k, task_t *t, pipe_t *pipe, file_t *f) noexcept nogil:
    # Falls asleep in a read of an empty pipe. Assumes that it may, and that somebody can write.
    if (unlikely(pipe.writers == 0 or f.f_flags & O_NONBLOCK or signal_pending(t))
            or unlikely(<uint64_t>(t.call.iter.count - 1) >= MAX_RW_COUNT)):
        return False
    prepare_to_wait_exclusive(k, t, WQ_PIPE_RD, f.private_data)
    call_hold(k, t, f)
    return True


cdef inline int64_t pipe_write_one(kernel_t *k, task_t *t, file_t *f) noexcept nogil:
    # Fills the first slot. Assumes that the pipe has kept a page, that somebody may read, and no packets.
    cdef pipe_t *pipe = pipe_row(k, f.private_data)
    cdef int64_t n = t.call.iter.count
    cdef uint32_t page = pipe.tmp_page[0]
    if (unlikely(pipe.head != pipe.tail or page == 0 or pipe.readers == 0 or f.f_flags & O_DIRECT)
            or unlikely(<uint64_t>(n - 1) >= PAGE_SIZE)):
        return 0
    pipe.tmp_page[0] = 0
    k.tmp_pages -= 1
    copy_bytes(place_new(k, pipe, page, n), host_row(k, t).base, n)
    push_slot(k, pipe, page, n, PIPE_BUF_FLAG_CAN_MERGE)
    k.counters.bytes += n
    wake_up(k, &pipe.rd_wait, POLLIN | POLLRDNORM)
    return n
