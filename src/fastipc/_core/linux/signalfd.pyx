"""signalfd: making, changing, reading, polling. Source: fs/signalfd.c."""


# ------------------------------------------------------------------------------------------ making
cdef int64_t change_signalfd(kernel_t *k, task_t *t, int32_t fd, uint64_t blocked) noexcept nogil:
    cdef file_t *f = fdget_io(k, t, fd)
    if f == NULL:
        return -EBADF
    if f.f_op != SIGNALFD_FOPS:
        return -EINVAL
    signalfd_row(k, f.private_data).sigmask = blocked
    signalfd_notify(k, t)
    return fd


cdef int64_t do_signalfd4(kernel_t *k, task_t *t, int32_t fd, uint64_t set, int64_t flags) noexcept nogil:
    # `fd` -1: a new one.
    cdef uint64_t blocked = ~(set & ~<uint64_t>SIG_KERNEL_ONLY_MASK)
    cdef uint32_t ctx, file
    cdef int64_t new
    if flags & ~<int64_t>(SFD_CLOEXEC | SFD_NONBLOCK):
        return -EINVAL
    if fd != -1:
        return change_signalfd(k, t, fd, blocked)
    ctx = table_alloc(k, T_SIGNALFD, sizeof(signalfd_ctx_t))
    if ctx == 0:
        return -alloc_errno(k, ENOMEM)
    signalfd_row(k, ctx).sigmask = blocked
    new = get_unused_fd(k, t, flags & SFD_CLOEXEC != 0)
    if new >= 0:
        file = anon_inode_getfile(k, SIGNALFD_FOPS, ctx, O_RDWR | <uint32_t>flags & O_NONBLOCK)
        if file:
            fd_install(k, t, <int32_t>new, file)
            return new
        put_unused_fd(k, t, <int32_t>new)
        new = -alloc_errno(k, ENOMEM)
    table_free(k, T_SIGNALFD, ctx, sizeof(signalfd_ctx_t))
    return new


cdef void signalfd_release(kernel_t *k, file_t *f) noexcept nogil:
    table_free(k, T_SIGNALFD, f.private_data, sizeof(signalfd_ctx_t))


# ------------------------------------------------------------------------------------------ reading
cdef void copyinfo(const kernel_siginfo_t *info, signalfd_siginfo_t *to) noexcept nogil:
    # signalfd_copyinfo; what does not apply is 0.
    cdef int layout = siginfo_layout(info.si_signo, info.si_code)
    memset(to, 0, sizeof(signalfd_siginfo_t))
    to.signo = <uint32_t>info.si_signo
    to.error = info.si_errno
    to.code = info.si_code
    if layout == SIL_TIMER:
        to.tid = <uint32_t>info.fields[0]
        to.overrun = <uint32_t>(info.fields[0] >> 32)
    elif layout == SIL_POLL:
        to.band = <uint32_t>info.fields[0]
        to.fd = <int32_t>info.fields[1]
    elif layout == SIL_FAULT:
        to.addr = info.fields[0]
    elif layout == SIL_SYS:
        to.call_addr = info.fields[0]
        to.syscall = <int32_t>info.fields[1]
        to.arch = <uint32_t>(info.fields[1] >> 32)
    else:
        to.pid = <uint32_t>info_pid(info)
        to.uid = info_uid(info)
    if layout == SIL_TIMER or layout == SIL_RT:
        to.pointer = info.fields[1]
        to.integer = <int32_t>info.fields[1]
    elif layout == SIL_CHLD:
        to.status = <int32_t>info.fields[1]
        to.utime = info.fields[2]
        to.stime = info.fields[3]


cdef uint32_t signalfd_queue(kernel_t *k, task_t *t) noexcept nogil:
    # Nobody else's, so that no other process' signals wake it.
    return t.sighand if sighand_own(k, t) != NULL else 0


cdef int64_t signalfd_wait(kernel_t *k, task_t *t, file_t *f) noexcept nogil:
    # Nothing to take: -ESLEEP, or why it does not sleep.
    if f.f_flags & O_NONBLOCK and not (t.call.flags & CALL_SLEPT):
        return -EAGAIN
    if signal_pending(t):
        return -ERESTARTSYS
    if signalfd_queue(k, t) == 0:
        return -alloc_errno(k, ENOMEM)
    prepare_to_wait(k, t, WQ_SIGNALFD, t.sighand)
    return -ESLEEP


cdef int64_t signalfd_read(kernel_t *k, task_t *t, file_t *f) noexcept nogil:
    # Who has taken something does not wait for more. What cannot be stored is lost.
    cdef int64_t count = t.call.iter.count // <int64_t>sizeof(signalfd_siginfo_t), total = 0, ret = -EINVAL
    cdef signalfd_siginfo_t record
    cdef kernel_siginfo_t info
    while count:
        if dequeue_signal(k, t, signalfd_row(k, f.private_data).sigmask, &info) == 0:
            ret = signalfd_wait(k, t, f) if total == 0 else 0
            break
        copyinfo(&info, &record)
        if copy_to_iter(k, t, <char *>&record, sizeof(record)) < <int64_t>sizeof(record):
            ret = -EFAULT
            break
        total += sizeof(record)
        count -= 1
    if ret != -ESLEEP:
        finish_wait(k, t)
    k.counters.bytes += total
    return total if total else ret


cdef uint64_t takeable(kernel_t *k, task_t *t, file_t *f) noexcept nogil:
    return (t.pending | signal_row(k, t.signal).shared_pending) & ~signalfd_row(k, f.private_data).sigmask


cdef int64_t queued(kernel_t *k, uint64_t pending, uint32_t list, uint64_t wanted) noexcept nogil:
    # How many times signals of a set can be taken from a queue.
    cdef int64_t n = 0
    cdef uint32_t i
    wanted &= pending
    while list:
        i = list if sigismember(wanted, sigqueue_row(k, list).info.si_signo) else 0
        if i:
            sigdelset(&wanted, sigqueue_row(k, i).info.si_signo)
        while i:
            n += 1
            i = sigqueue_row(k, i).next
        list = sigqueue_row(k, list).next_signal
    while wanted:  # of which there was no room for more than the number
        wanted &= wanted - 1
        n += 1
    return n


cdef int64_t signalfd_available(kernel_t *k, task_t *t, file_t *f, int64_t n) noexcept nogil:
    cdef uint64_t wanted = takeable(k, t, f)
    cdef signal_t *s = signal_row(k, t.signal)
    cdef int64_t found = 0
    if wanted:
        found = queued(k, t.pending, t.pending_list, wanted) + queued(k, s.shared_pending, s.pending_list, wanted)
    return min(found, n // <int64_t>sizeof(signalfd_siginfo_t)) * <int64_t>sizeof(signalfd_siginfo_t)


# ------------------------------------------------------------------------------------------ the rest
cdef uint32_t signalfd_poll(kernel_t *k, task_t *t, file_t *f) noexcept nogil:
    return POLLIN if takeable(k, t, f) else 0


cdef uint32_t signalfd_poll_queues(kernel_t *k, file_t *f, uint16_t *kinds) noexcept nogil:
    kinds[0] = WQ_SIGNALFD
    return 1


cdef int64_t noop_llseek(kernel_t *k, file_t *f, int64_t offset, int whence) noexcept nogil:
    return f.f_pos


cdef void signalfd_init() noexcept nogil:
    file_operations[SIGNALFD_FOPS].read = signalfd_read
    file_operations[SIGNALFD_FOPS].write = no_write
    file_operations[SIGNALFD_FOPS].poll = signalfd_poll
    file_operations[SIGNALFD_FOPS].poll_queues = signalfd_poll_queues
    file_operations[SIGNALFD_FOPS].llseek = noop_llseek
    file_operations[SIGNALFD_FOPS].available = signalfd_available


cdef bint signalfd_check(kernel_t *k) noexcept nogil:
    cdef uint32_t i, found = 0
    for i in range(1, k.table[T_FILE].high):
        if file_row(k, i).live and file_row(k, i).f_op == SIGNALFD_FOPS:
            found += 1
            if not check(k, signalfd_row(k, file_row(k, i).private_data).live != 0, b"signalfd: file without a mask"):
                return False
    return check(k, found == k.table[T_SIGNALFD].nlive, b"signalfd: masks of files that are gone")
