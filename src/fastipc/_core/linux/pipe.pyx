"""Pipes: reading, writing, polling, resizing, making and freeing.

Source: fs/pipe.c. A transfer is in `t.call.iter`; `t.call.done` counts the bytes moved before a sleep. A function that
must wait leaves the task on the queue and returns -ESLEEP; it is entered again with CALL_SLEPT. Missing:
notification pipes.
"""


cdef enum:
    PIPE_DEF_BUFFERS = 16
    PIPE_MIN_DEF_BUFFERS = 2
    SLOT_SIZE = 40  # sizeof(struct pipe_buffer) on x86-64: the largest ring is one kmalloc of 4 MiB
    KMALLOC_MAX_SIZE = 4194304


# ------------------------------------------------------------------------------------------ where bytes lie
cdef pipe_buffer_t *outgrow(kernel_t *k, pipe_t *pipe) noexcept nogil:
    # The slot in the pipe's row moves to its place in the ring, and its bytes to its frame.
    cdef pipe_buffer_t *buf = pipe_ring(k, pipe, pipe.tail)
    buf[0] = pipe.inlined
    memcpy(frame_bytes(k, buf.page) + buf.offset, <char *>pipe.data + buf.offset, buf.len)
    memset(&pipe.inlined, 0, sizeof(pipe_buffer_t))
    return buf


# ------------------------------------------------------------------------------------------ read
cdef int64_t read_slots(kernel_t *k, task_t *t, pipe_t *pipe) noexcept nogil:
    # What there is, slot by slot. A slot stays as it is if its bytes cannot all go where they are to.
    cdef pipe_buffer_t *buf
    cdef int64_t ret = 0, chars, left = t.call.iter.count, err = 0
    cdef bint wake_writer = False
    while left and not pipe_empty(pipe):
        buf = pipe_buf(k, pipe, pipe.tail)
        chars = min(<int64_t>buf.len, left)
        if unlikely(copy_to_iter(k, t, slot_bytes(k, pipe, buf) + buf.offset, chars) < chars):
            err = -EFAULT
            break
        ret += chars
        left -= chars
        buf.offset += <uint16_t>chars
        buf.len -= <uint16_t>chars
        if buf.flags & PIPE_BUF_FLAG_PACKET:  # one read takes one packet, and drops what it had no room for
            buf.len = 0
            left = 0
        if buf.len == 0:
            wake_writer |= pipe_full(pipe)
            release_slot(k, pipe, buf)
    k.counters.bytes += ret
    if wake_writer:
        wake_up(k, &pipe.wr_wait, POLLOUT | POLLWRNORM)
    if t.call.flags & CALL_SLEPT and not pipe_empty(pipe):
        wake_up(k, &pipe.rd_wait, POLLIN | POLLRDNORM)
    return ret if ret else err


cdef inline int64_t wait_readable(kernel_t *k, task_t *t, pipe_t *pipe, file_t *f, bint slept) noexcept nogil:
    # Nothing to read, but somebody may write: -ESLEEP, or why it does not sleep.
    if f.f_flags & O_NONBLOCK and not slept:
        return -EAGAIN
    if unlikely(signal_pending(t)):
        finish_wait(k, t)
        return -ERESTARTSYS
    prepare_to_wait_exclusive(k, t, &pipe.rd_wait, WQ_PIPE_RD, f.private_data)
    return -ESLEEP


cdef inline int64_t pipe_read(kernel_t *k, task_t *t, file_t *f) noexcept nogil:
    cdef pipe_t *pipe = pipe_row(k, f.private_data)
    cdef bint slept = t.call.flags & CALL_SLEPT != 0
    cdef int64_t ret
    if t.call.iter.count == 0:
        return 0
    if pipe_empty(pipe) and pipe.writers:
        ret = wait_readable(k, t, pipe, f, slept)
    else:
        finish_wait(k, t)
        ret = read_slots(k, t, pipe)
    if unlikely(pipe.fasync) and ret > -ERESTARTSYS:
        pipe_room(k, pipe, f.private_data)
    return ret


cdef int64_t pipe_available(kernel_t *k, task_t *t, file_t *f, int64_t n) noexcept nogil:
    # How many bytes a read of `n` would give now.
    cdef pipe_t *pipe = pipe_row(k, f.private_data)
    cdef pipe_buffer_t *buf
    cdef uint32_t slot = pipe.tail
    cdef int64_t total = 0
    while slot != pipe.head and total < n:
        buf = pipe_buf(k, pipe, slot)
        total += buf.len
        if buf.flags & PIPE_BUF_FLAG_PACKET:
            break
        slot += 1
    return min(total, n)


# ------------------------------------------------------------------------------------------ write
cdef inline int take(kernel_t *k, task_t *t, char *to, int64_t chars) noexcept nogil:
    # Bytes of the writer, 0; or as if nothing had been copied -EFAULT.
    cdef int64_t copied = copy_from_iter(k, t, to, chars)
    if unlikely(copied < chars):
        t.call.iter.count += copied
        return -EFAULT
    return 0


cdef inline int merge(kernel_t *k, task_t *t, pipe_t *pipe, int64_t chars) noexcept nogil:
    # The part of a write that is no whole page joins the last slot, if all of it fits there. 0 or -EFAULT.
    cdef pipe_buffer_t *buf = pipe_buf(k, pipe, pipe.head - 1)
    cdef uint32_t end = <uint32_t>(buf.offset + buf.len)
    if not (buf.flags & PIPE_BUF_FLAG_CAN_MERGE) or end + chars > PAGE_SIZE:
        return 0
    if buf == &pipe.inlined and end + chars > PIPE_INLINE:
        buf = outgrow(k, pipe)
    if unlikely(take(k, t, slot_room(k, pipe, buf) + end, chars)):
        return -EFAULT
    buf.len += <uint16_t>chars
    return 0


cdef int64_t empty_slot(kernel_t *k, pipe_t *pipe) noexcept nogil:
    # The newest slot could not be filled: it is no more.
    cdef pipe_buffer_t *buf = pipe_buf(k, pipe, pipe.head - 1)
    cdef uint32_t page = buf.page
    memset(buf, 0, sizeof(pipe_buffer_t))
    pipe.head -= 1
    anon_pipe_put_page(k, pipe, page)
    return -EFAULT


cdef inline int64_t fill_slot(kernel_t *k, task_t *t, pipe_t *pipe, file_t *f) noexcept nogil:
    # 0 or -errno.
    cdef uint32_t page = anon_pipe_get_page(k, pipe)
    cdef int64_t chars = min(t.call.iter.count, <int64_t>PAGE_SIZE)
    cdef uint16_t flags = PIPE_BUF_FLAG_PACKET if f.f_flags & O_DIRECT else PIPE_BUF_FLAG_CAN_MERGE
    if page == 0:
        return -alloc_errno(k, ENOMEM)
    if unlikely(take(k, t, slot_room(k, pipe, push_slot(k, pipe, page, chars, flags)), chars)):
        return empty_slot(k, pipe)
    return 0


cdef int64_t pipe_write(kernel_t *k, task_t *t, file_t *f) noexcept nogil:
    cdef pipe_t *pipe = pipe_row(k, f.private_data)
    cdef iov_iter_t *it = &t.call.iter
    cdef int64_t start = it.count, err = 0, ret
    cdef bint was_empty, slept = t.call.flags & CALL_SLEPT != 0
    if start == 0:
        return 0
    if unlikely(slept):
        if pipe_full(pipe) and pipe.readers and not signal_pending(t):
            prepare_to_wait_exclusive(k, t, &pipe.wr_wait, WQ_PIPE_WR, f.private_data)
            return -ESLEEP
        finish_wait(k, t)
    was_empty = pipe_empty(pipe)
    if likely(pipe.readers != 0) and not slept and start & (PAGE_SIZE - 1) and not was_empty:
        err = merge(k, t, pipe, start & (PAGE_SIZE - 1))
    while it.count and likely(err == 0):
        if unlikely(pipe.readers == 0):
            send_sig(k, t, SIGPIPE)
            err = -EPIPE
            break
        if likely(not pipe_full(pipe)):
            err = fill_slot(k, t, pipe, f)
            continue
        if f.f_flags & O_NONBLOCK:
            err = -EAGAIN
            break
        if signal_pending(t):
            err = -ERESTARTSYS
            break
        k.counters.bytes += start - it.count
        t.call.done += start - it.count
        if was_empty:
            wake_up(k, &pipe.rd_wait, POLLIN | POLLRDNORM)
        pipe_news(k, pipe, f.private_data)
        if unlikely(signal_pending(t)):  # of its own news
            start = it.count
            was_empty = False
            continue
        prepare_to_wait_exclusive(k, t, &pipe.wr_wait, WQ_PIPE_WR, f.private_data)
        return -ESLEEP
    k.counters.bytes += start - it.count
    ret = t.call.done + start - it.count
    if was_empty or pipe.poll_usage:
        wake_up(k, &pipe.rd_wait, POLLIN | POLLRDNORM)
    if unlikely(slept) and not pipe_full(pipe):
        wake_up(k, &pipe.wr_wait, POLLOUT | POLLWRNORM)
    pipe_news(k, pipe, f.private_data)
    return ret if ret else err


# ------------------------------------------------------------------------------------------ poll, ioctl
cdef uint32_t pipe_poll(kernel_t *k, task_t *t, file_t *f) noexcept nogil:
    return pipe_poll_mask(pipe_row(k, f.private_data), f)


cdef uint32_t pipe_poll_queues(kernel_t *k, file_t *f, uint16_t *kinds) noexcept nogil:
    cdef uint32_t n = 0
    if f.f_mode & FMODE_READ:
        kinds[n] = WQ_PIPE_RD
        n += 1
    if f.f_mode & FMODE_WRITE:
        kinds[n] = WQ_PIPE_WR
        n += 1
    return n


cdef int64_t pipe_ioctl(kernel_t *k, file_t *f, uint32_t request, int64_t arg) noexcept nogil:
    cdef pipe_t *pipe = pipe_row(k, f.private_data)
    cdef uint32_t slot = pipe.tail
    cdef int64_t count = 0
    if request != FIONREAD:
        return -ENOTTY
    while slot != pipe.head:
        count += pipe_buf(k, pipe, slot).len
        slot += 1
    return count


# ------------------------------------------------------------------------------------------ size
cdef inline bint too_many(kernel_t *k, int64_t limit, uint64_t bufs) noexcept nogil:
    return limit != 0 and bufs > <uint64_t>limit


cdef inline bint unprivileged(kernel_t *k, task_t *t) noexcept nogil:
    return not capable(k, t, CAP_SYS_RESOURCE) and not capable(k, t, CAP_SYS_ADMIN)


cdef int resize_ring(kernel_t *k, pipe_t *pipe, uint32_t slots) noexcept nogil:
    # pipe_resize_ring: 0 or -errno. Slots move to the start of the new ring.
    cdef uint32_t used = pipe_occupancy(pipe), i, bufs
    if <uint64_t>slots * SLOT_SIZE > KMALLOC_MAX_SIZE:
        return -ENOMEM
    bufs = table_alloc_run(k, T_PIPE_BUFFER, run_order(slots))
    if bufs == 0:
        return -alloc_errno(k, ENOMEM)
    if slots < used:
        table_free_run(k, T_PIPE_BUFFER, bufs, run_order(slots))
        return -EBUSY
    for i in range(pipe.inlined.live != 0, used):
        pipe_buffer_row(k, bufs + i)[0] = pipe_ring(k, pipe, pipe.tail + i)[0]
        pipe_ring(k, pipe, pipe.tail + i).live = 0
        pipe_ring(k, pipe, pipe.tail + i).page = 0
    table_free_run(k, T_PIPE_BUFFER, pipe.bufs, run_order(pipe.ring_size))
    pipe.bufs = bufs
    pipe.tail = 0
    pipe.head = used
    pipe.ring_size = slots
    pipe.max_usage = min(pipe.max_usage, slots)
    wake_up(k, &pipe.wr_wait, 0)  # there may be more room
    return 0


cdef int64_t pipe_set_size(kernel_t *k, task_t *t, pipe_t *pipe, uint32_t arg) noexcept nogil:
    cdef uint32_t slots = 1
    cdef uint64_t bufs
    cdef user_t *user = user_row(k, pipe.user)
    cdef int err
    if arg > <uint32_t>1 << 31:
        return -EINVAL
    while <uint64_t>slots * PAGE_SIZE < arg:
        slots *= 2
    if (slots > pipe.max_usage and <uint64_t>slots * PAGE_SIZE > <uint64_t>k.pipe_max_size
            and not capable(k, t, CAP_SYS_RESOURCE)):
        return -EPERM
    bufs = user.pipe_bufs - pipe.nr_accounted + slots
    if slots > pipe.max_usage and unprivileged(k, t) and (
            too_many(k, k.pipe_user_pages_hard, bufs) or too_many(k, k.pipe_user_pages_soft, bufs)):
        return -EPERM
    err = resize_ring(k, pipe, slots)
    if err:
        return err
    pipe.max_usage = slots
    pipe.nr_accounted = slots
    user.pipe_bufs = bufs
    return <int64_t>slots * PAGE_SIZE


# ------------------------------------------------------------------------------------------ making and freeing
cdef uint32_t alloc_pipe_info(kernel_t *k, task_t *t) noexcept nogil:
    # An empty pipe, or 0. A user over the soft limit gets a small one, over the hard limit none.
    cdef uint32_t owner = first_user(k, current_cred(k, t).user)
    cdef user_t *user = user_row(k, owner)
    cdef uint32_t slots = PIPE_DEF_BUFFERS, i, bufs
    cdef pipe_t *pipe
    if slots * PAGE_SIZE > k.pipe_max_size and not capable(k, t, CAP_SYS_RESOURCE):
        slots = <uint32_t>(k.pipe_max_size // PAGE_SIZE)
    if too_many(k, k.pipe_user_pages_soft, user.pipe_bufs + slots) and unprivileged(k, t):
        slots = PIPE_MIN_DEF_BUFFERS
    if too_many(k, k.pipe_user_pages_hard, user.pipe_bufs + slots) and unprivileged(k, t):
        return 0
    i = table_alloc(k, T_PIPE, sizeof(pipe_t))
    if i == 0:
        return 0
    bufs = table_alloc_run(k, T_PIPE_BUFFER, run_order(slots))
    if bufs == 0:
        table_free(k, T_PIPE, i, sizeof(pipe_t))
        return 0
    pipe = pipe_row(k, i)
    pipe.bufs = bufs
    pipe.max_usage = pipe.ring_size = pipe.nr_accounted = slots
    pipe.r_counter = pipe.w_counter = 1
    pipe.user = owner
    user.pipe_bufs += slots
    get_uid(k, owner)
    return i


cdef void free_pipe_info(kernel_t *k, uint32_t i) noexcept nogil:
    cdef pipe_t *pipe = pipe_row(k, i)
    cdef pipe_buffer_t *buf
    cdef int j
    user_row(k, pipe.user).pipe_bufs -= pipe.nr_accounted
    free_uid(k, pipe.user)
    while not pipe_empty(pipe):
        buf = pipe_buf(k, pipe, pipe.tail)
        put_page(k, buf.page)
        buf.live = 0
        buf.page = 0
        pipe.tail += 1
    for j in range(2):
        if pipe.tmp_page[j]:
            put_page(k, pipe.tmp_page[j])
            k.tmp_pages -= 1
    table_free_run(k, T_PIPE_BUFFER, pipe.bufs, run_order(pipe.ring_size))
    table_free(k, T_PIPE, i, sizeof(pipe_t))


cdef void pipe_release(kernel_t *k, file_t *f) noexcept nogil:
    # A FIFO whose open failed has no mode, or no pipe yet.
    cdef uint32_t i = f.private_data
    cdef pipe_t *pipe = pipe_row(k, i)
    if i == 0:
        return
    if f.f_mode & FMODE_READ:
        pipe.readers -= 1
    if f.f_mode & FMODE_WRITE:
        pipe.writers -= 1
    if f.f_mode and (pipe.readers == 0) != (pipe.writers == 0):  # one side is left: tell it
        wake_up_all(k, &pipe.rd_wait)
        wake_up_all(k, &pipe.wr_wait)
        pipe_news(k, pipe, i)
        pipe_room(k, pipe, i)
    pipe.files -= 1
    if pipe.files == 0:
        inode_row(k, pipe.inode).i_pipe = 0
        free_pipe_info(k, i)


cdef int64_t create_pipe_files(kernel_t *k, task_t *t, uint32_t flags, uint32_t *files) noexcept nogil:
    # A pipe with its inode and both open files, the read end first.
    cdef uint32_t inode = new_inode_pseudo(k, k.pipe_sb, S_IFIFO | S_IRUSR | S_IWUSR, current_cred(k, t))
    cdef uint32_t i
    cdef pipe_t *pipe
    if inode == 0:
        return -alloc_errno(k, ENFILE)
    i = alloc_pipe_info(k, t)
    if i == 0:
        iput(k, inode)
        return -alloc_errno(k, ENFILE)
    files[1] = alloc_file(k, inode, FMODE_WRITE, O_WRONLY | flags & (O_NONBLOCK | O_DIRECT), PIPEANON_FOPS, i)
    files[0] = alloc_file(k, inode, FMODE_READ, O_RDONLY | flags & O_NONBLOCK, PIPEANON_FOPS, i) if files[1] else 0
    if files[0] == 0:
        if files[1]:
            table_free(k, T_FILE, files[1], sizeof(file_t))
        free_pipe_info(k, i)
        iput(k, inode)
        return -alloc_errno(k, ENOMEM)
    pipe = pipe_row(k, i)
    pipe.files = 2
    pipe.readers = pipe.writers = 1
    pipe.inode = inode
    inode_row(k, inode).i_pipe = i
    inode_row(k, inode).i_fop = PIPEANON_FOPS
    inode_row(k, inode).i_count = 2
    file_row(k, files[0]).f_mnt = file_row(k, files[1]).f_mnt = k.pipe_mnt
    mount_row(k, k.pipe_mnt).mnt_count += 2
    return 0


cdef int64_t do_pipe2(kernel_t *k, task_t *t, int64_t flags) noexcept nogil:
    cdef uint32_t files[2]
    cdef int32_t r, w
    cdef int64_t err
    cdef bint cloexec = <uint32_t>flags & O_CLOEXEC != 0
    if <uint32_t>flags & ~<uint32_t>(O_CLOEXEC | O_NONBLOCK | O_DIRECT | O_NOTIFICATION_PIPE):
        return -EINVAL
    if <uint32_t>flags & O_NOTIFICATION_PIPE:
        return -ENOPKG
    err = create_pipe_files(k, t, <uint32_t>flags, files)
    if err:
        return err
    r = get_unused_fd(k, t, cloexec)
    w = get_unused_fd(k, t, cloexec) if r >= 0 else r
    if w < 0:
        if r >= 0:
            put_unused_fd(k, t, r)
        release_file(k, files[0])
        release_file(k, files[1])
        return w
    fd_install(k, t, r, files[0])
    fd_install(k, t, w, files[1])
    t.call.out0 = r
    t.call.out1 = w
    return 0


cdef void pipe_init() noexcept nogil:
    cdef int i
    for i in range(PIPEANON_FOPS, PIPEFIFO_FOPS + 1):
        file_operations[i].read = pipe_read
        file_operations[i].write = pipe_write
        file_operations[i].poll = pipe_poll
        file_operations[i].poll_queues = pipe_poll_queues
        file_operations[i].ioctl = pipe_ioctl
        file_operations[i].available = pipe_available
    file_operations[PIPEFIFO_FOPS].read = fifo_read
    file_operations[PIPEFIFO_FOPS].write = fifo_write


# ------------------------------------------------------------------------------------------ checks
cdef bint ring_check(kernel_t *k, pipe_t *pipe) noexcept nogil:
    cdef uint32_t i
    cdef pipe_buffer_t *buf
    for i in range(pipe.ring_size):
        buf = pipe_buf(k, pipe, pipe.tail + i)
        if i < pipe_occupancy(pipe):
            if not (check(k, buf.live == 1 and buf.len > 0 and buf.offset + buf.len <= PAGE_SIZE, b"pipe: bad slot")
                    and check(k, page_row(k, buf.page).live and page_row(k, buf.page).refcount > 0,
                              b"pipe: slot without page")):
                return False
        elif not check(k, buf.live == 0 and buf.page == 0, b"pipe: free slot holds a page"):
            return False
    return (check(k, pipe_occupancy(pipe) <= pipe.ring_size and pipe.max_usage <= pipe.ring_size,
                  b"pipe: ring overflows")
            and check(k, not pipe.inlined.live or not pipe_ring(k, pipe, pipe.tail).live,
                      b"pipe: inlined slot is in the ring too")
            and check(k, not pipe.inlined.live or pipe_occupancy(pipe) != 0, b"pipe: inlined slot is gone"))


cdef bint pipe_check(kernel_t *k) noexcept nogil:
    cdef uint32_t i, j, tmp = 0
    cdef pipe_t *pipe
    cdef file_t *f
    cdef uint64_t bufs = 0, accounted = 0
    cdef int64_t users = 0
    for i in range(1, k.table[T_PIPE].high):
        pipe = pipe_row(k, i)
        if not pipe.live:
            continue
        if not ring_check(k, pipe):
            return False
        tmp += (pipe.tmp_page[0] != 0) + (pipe.tmp_page[1] != 0)
        users += 1
        bufs += pipe.nr_accounted
        pipe.link = 0  # counts the files below; unused in a live row
    for i in range(1, k.table[T_FILE].high):
        f = file_row(k, i)
        if f.live and is_pipe_file(f):
            pipe_row(k, f.private_data).link += 1 + (f.f_mode << 16)
    for i in range(1, k.table[T_PIPE].high):
        pipe = pipe_row(k, i)
        if not pipe.live:
            continue
        j = pipe.link
        pipe.link = 0
        if not (check(k, (j & 0xffff) == pipe.files, b"pipe: open files miscounted")
                and check(k, (j >> 16) == pipe.readers * FMODE_READ + pipe.writers * FMODE_WRITE,
                          b"pipe: readers or writers miscounted")):
            return False
    for i in range(1, k.table[T_USER].high):
        if user_row(k, i).live:
            accounted += user_row(k, i).pipe_bufs
            users -= user_row(k, i).count
            users += user_row(k, i).first != 0
    for i in range(1, k.table[T_CRED].high):
        users += cred_row(k, i).live
    for i in range(1, k.table[T_SHM].high):
        users += shm_row(k, i).live != 0 and shm_row(k, i).mlock_user != 0
    users += k.table[T_SIGQUEUE].nlive + k.table[T_USER_NAMESPACE].nlive
    return (check(k, users == 0, b"pipe: references to users miscounted")
            and check(k, tmp == k.tmp_pages, b"pipe: kept pages miscounted")
            and check(k, bufs == accounted, b"pipe: slots of users miscounted"))
