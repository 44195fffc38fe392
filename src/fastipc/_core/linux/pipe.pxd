# Pipes. Source: fs/pipe.c, include/linux/pipe_fs_i.h.
#
# A pipe is a ring of slots, each at most one page; capacity is counted in slots. A short message into an empty pipe
# touches neither the ring nor its frame: the slot and its bytes stay in the pipe's own row (`inlined`, `data`) until
# they outgrow it. Only host memory and speed can tell; the frame is allocated and accounted all the same.


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
cdef inline pipe_buffer_t *pipe_ring(kernel_t *k, pipe_t *pipe, uint32_t slot) noexcept nogil:
    return pipe_buffer_row(k, pipe.bufs + (slot & (pipe.ring_size - 1)))


cdef inline pipe_buffer_t *pipe_buf(kernel_t *k, pipe_t *pipe, uint32_t slot) noexcept nogil:
    return &pipe.inlined if pipe.inlined.live and slot == pipe.tail else pipe_ring(k, pipe, slot)


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


cdef inline bint pipe_keeps_page(kernel_t *k, pipe_t *pipe) noexcept nogil:
    # Whether there is room for a page at the first place.
    return k.tmp_pages < k.tmp_pages_max and pipe.tmp_page[0] == 0


cdef inline void pipe_keep_page(kernel_t *k, pipe_t *pipe, uint32_t page) noexcept nogil:
    pipe.tmp_page[0] = page
    k.tmp_pages += 1


cdef inline void anon_pipe_put_page(kernel_t *k, pipe_t *pipe, uint32_t page) noexcept nogil:
    # Kept for the next write, unless others hold it or the machine's pipes keep enough already.
    if likely(pipe_keeps_page(k, pipe)) and page_row(k, page).refcount == 1:
        pipe_keep_page(k, pipe, page)
    elif k.tmp_pages < k.tmp_pages_max and pipe.tmp_page[1] == 0 and page_row(k, page).refcount == 1:
        pipe.tmp_page[1] = page
        k.tmp_pages += 1
    else:
        put_page(k, page)


cdef inline pipe_buffer_t *push_slot(
    kernel_t *k, pipe_t *pipe, uint32_t page, int64_t n, uint16_t flags
) noexcept nogil:
    # A new slot of `n` bytes, which are still to come.
    cdef pipe_buffer_t *buf = pipe_ring(k, pipe, pipe.head)
    if n <= PIPE_INLINE and pipe_empty(pipe):
        buf = &pipe.inlined
    buf.live = 1
    buf.flags = flags
    buf.page = page
    buf.offset = 0
    buf.len = <uint16_t>n
    pipe.head += 1
    return buf


cdef inline void release_slot(kernel_t *k, pipe_t *pipe, pipe_buffer_t *buf) noexcept nogil:
    # The oldest slot is used up.
    cdef uint32_t page = buf.page
    memset(buf, 0, sizeof(pipe_buffer_t))
    pipe.tail += 1
    anon_pipe_put_page(k, pipe, page)


# ------------------------------------------------------------------------------------------ where bytes lie
cdef inline char *frame_bytes(kernel_t *k, uint32_t page) noexcept nogil:
    page_row(k, page).flags |= PG_TOUCHED
    return page_address(k, page)


cdef inline const char *slot_bytes(kernel_t *k, pipe_t *pipe, pipe_buffer_t *buf) noexcept nogil:
    return <const char *>pipe.data if likely(buf == &pipe.inlined) else page_address(k, buf.page)


cdef inline char *slot_room(kernel_t *k, pipe_t *pipe, pipe_buffer_t *buf) noexcept nogil:
    # To write there.
    return <char *>pipe.data if likely(buf == &pipe.inlined) else frame_bytes(k, buf.page)


# ------------------------------------------------------------------------------------------ one message
# What most calls of read and write do: one message of at most a page goes through an empty pipe. Entries inline this.
# Each answers 0, with nothing done, if the call is of any other kind.
cdef inline int64_t pipe_read_one(kernel_t *k, pipe_t *pipe, char *to, int64_t count) noexcept nogil:
    # Takes the only slot as a whole. Assumes that no writer sleeps, and that its page can be kept.
    cdef pipe_buffer_t *buf
    cdef const char *copied
    cdef uint32_t page
    cdef int64_t n
    if unlikely(pipe.head != pipe.tail + 1) or unlikely(pipe.wr_wait.first or not pipe_keeps_page(k, pipe)):
        return 0
    buf = &pipe.inlined if pipe.inlined.live else pipe_ring(k, pipe, pipe.tail)
    n = buf.len
    page = buf.page
    if unlikely(n > count):
        return 0
    if likely(buf == &pipe.inlined):
        buf.live = 0
        copied = <char *>pipe.data + buf.offset
    elif page_row(k, page).refcount != 1:
        return 0
    else:
        copied = page_address(k, page) + buf.offset
        memset(buf, 0, sizeof(pipe_buffer_t))
    pipe.tail += 1
    pipe_keep_page(k, pipe, page)
    k.counters.bytes += n
    if likely(buf == &pipe.inlined):
        copy_short(to, copied, n)
    else:
        memcpy(to, copied, n)
    return n


cdef inline bint pipe_wait_readable(
    kernel_t *k, task_t *t, pipe_t *pipe, uint32_t file, int64_t count
) noexcept nogil:
    # Falls asleep in a read of an empty pipe. Assumes that it may, and that somebody can write. Precondition: the task
    # is on no queue.
    cdef file_t *f = file_row(k, file)
    if (unlikely(pipe.writers == 0 or f.f_flags & O_NONBLOCK or signal_pending(t))
            or unlikely(<uint64_t>(count - 1) >= MAX_RW_COUNT)):
        return False
    f.f_count += 1  # a sleeping call keeps its open file, whatever becomes of the descriptor
    t.call.file = file
    add_wait_queue_exclusive(k, t, &pipe.rd_wait, WQ_PIPE_RD, f.private_data)
    return True


cdef inline int64_t pipe_write_one(kernel_t *k, file_t *f, const char *source, int64_t n) noexcept nogil:
    # Fills the first slot. Assumes that the pipe has kept a page, that somebody may read, no packets, and that there is
    # at most one sleeper to wake.
    cdef pipe_t *pipe = pipe_row(k, f.private_data)
    cdef uint32_t page = pipe.tmp_page[0], reader = pipe.rd_wait.first
    if (unlikely(pipe.head != pipe.tail or page == 0 or pipe.readers == 0 or f.f_flags & O_DIRECT)
            or unlikely(<uint64_t>(n - 1) >= PAGE_SIZE) or unlikely(reader and not wakes_alone(k, reader))):
        return 0
    pipe.tmp_page[0] = 0
    k.tmp_pages -= 1
    k.counters.bytes += n
    push_slot(k, pipe, page, n, PIPE_BUF_FLAG_CAN_MERGE)
    if reader:
        wake_alone(k, &pipe.rd_wait, reader)
    if n <= PIPE_INLINE:
        copy_short(<char *>pipe.data, source, n)
    else:
        memcpy(frame_bytes(k, page), source, n)
    return n
