"""Open files, descriptor tables, dup and close.

Source: fs/file.c (alloc_fd, expand_files, dup_fd, do_dup2, close_fd), fs/file_table.c (alloc_empty_file, __fput).
"""


cdef enum:
    FEW_FDS = 64  # tables up to this size are searched without a bit map
    LEAST_FDS = 8


# ------------------------------------------------------------------------------------------ open files
cdef uint32_t too_many_files(kernel_t *k) noexcept nogil:
    k.failed_errno = ENFILE
    return 0


cdef void release_file(kernel_t *k, uint32_t file) noexcept nogil:
    # __fput: the last reference went. What has no path is a pipe's, or did not get as far.
    cdef file_t *f = file_row(k, file)
    cdef uint32_t dentry = f.f_dentry, mnt = f.f_mnt
    if is_pipe_file(f):
        release_pipe_file(k, file)
        return
    if unlikely(f.f_owner != 0):
        file_f_owner_release(k, f)
    if unlikely(f.f_op == SIGNALFD_FOPS):
        signalfd_release(k, f)
        anon_inode_release(k, file)
        return
    if unlikely(f.f_op == SHM_FOPS):
        shm_release(k, f)
    elif f.f_op == PROC_FOPS:
        proc_release(k, f)
    table_free(k, T_FILE, file, sizeof(file_t))
    if likely(dentry != 0):
        mntput(k, mnt)
        dput(k, dentry)


cdef void release_pipe_file(kernel_t *k, uint32_t file) noexcept nogil:
    cdef file_t *f = file_row(k, file)
    cdef uint32_t inode = f.inode, dentry = f.f_dentry, mnt = f.f_mnt
    if unlikely(f.f_flags & O_ASYNC and f.private_data):
        pipe_fasync(k, -1, f, False)
    if unlikely(f.f_owner != 0):
        file_f_owner_release(k, f)
    pipe_release(k, f)
    table_free(k, T_FILE, file, sizeof(file_t))
    if mnt:
        mntput(k, mnt)
    if dentry:
        dput(k, dentry)
    elif inode:
        iput(k, inode)


# ------------------------------------------------------------------------------------------ descriptor numbers
cdef inline uint32_t bit_words(uint32_t max_fds) noexcept nogil:
    return max_fds // 64


cdef inline int bits_order(uint32_t max_fds) noexcept nogil:
    # One bit a descriptor, then one bit a full word of those.
    cdef uint32_t words = bit_words(max_fds)
    return run_order(words + (words + 63) // 64)


cdef void mark_fd_bit(kernel_t *k, files_t *files, uint32_t fd, bint open) noexcept nogil:
    cdef uint32_t word = fd // 64, words = bit_words(files.max_fds)
    cdef uint64_t bit = <uint64_t>1 << (fd & 63)
    cdef uint64_t *at
    cdef uint64_t *full
    at = &fdbits_row(k, files.bits + word).word
    full = &fdbits_row(k, files.bits + words + word // 64).word
    if open:
        at[0] |= bit
        if at[0] == ~<uint64_t>0:
            full[0] |= <uint64_t>1 << (word & 63)
    else:
        at[0] &= ~bit
        full[0] &= ~(<uint64_t>1 << (word & 63))


cdef inline void mark_fd(kernel_t *k, files_t *files, uint32_t fd, bint open) noexcept nogil:
    if unlikely(files.max_fds > FEW_FDS):
        mark_fd_bit(k, files, fd, open)


cdef uint32_t find_next_bit(kernel_t *k, files_t *files, uint32_t fd) noexcept nogil:
    cdef uint32_t word = fd // 64, words = bit_words(files.max_fds), group
    cdef uint64_t free
    if word >= words:
        return files.max_fds
    free = ~fdbits_row(k, files.bits + word).word & (~<uint64_t>0 << (fd & 63))
    if free:
        return word * 64 + ctzll(free)
    word += 1
    while word < words:
        group = word // 64
        free = ~fdbits_row(k, files.bits + words + group).word & (~<uint64_t>0 << (word & 63))
        if free:
            word = group * 64 + ctzll(free)
            if word >= words:
                break
            return word * 64 + ctzll(~fdbits_row(k, files.bits + word).word)
        word = (group + 1) * 64
    return files.max_fds


cdef inline uint32_t find_next_fd(kernel_t *k, files_t *files, uint32_t fd) noexcept nogil:
    # Lowest free number >= fd, or max_fds.
    cdef fd_t *e = fd_row(k, files.fdt)
    if unlikely(files.max_fds > FEW_FDS):
        return find_next_bit(k, files, fd)
    while fd < files.max_fds and e[fd].live:
        fd += 1
    return fd


cdef void free_runs(kernel_t *k, files_t *files) noexcept nogil:
    # The fd rows are all clear already.
    cdef uint32_t i
    cdef int order
    if files.bits:
        order = bits_order(files.max_fds)
        for i in range(<uint32_t>1 << order):
            fdbits_row(k, files.bits + i).word = 0
        table_free_run(k, T_FDBITS, files.bits, order)
    if files.fdt:
        table_free_run(k, T_FD, files.fdt, run_order(files.max_fds))
    files.fdt = files.bits = files.max_fds = 0


cdef int expand_files(kernel_t *k, files_t *files, uint32_t fd) noexcept nogil:
    # Make room for descriptor `fd`: 0 or -errno, the table unchanged.
    cdef uint32_t size = LEAST_FDS, fdt, bits = 0, i
    cdef files_t old = files[0]
    cdef fd_t *source
    cdef fd_t *to
    if fd < files.max_fds:
        return 0
    while size <= fd:
        size *= 2
    fdt = table_alloc_run(k, T_FD, run_order(size))
    if fdt == 0:
        return -alloc_errno(k, ENOMEM)
    if size > FEW_FDS:
        bits = table_alloc_run(k, T_FDBITS, bits_order(size))
        if bits == 0:
            table_free_run(k, T_FD, fdt, run_order(size))
            return -alloc_errno(k, ENOMEM)
    files.fdt = fdt
    files.bits = bits
    files.max_fds = size
    for i in range(old.max_fds):
        source = fd_row(k, old.fdt + i)
        to = fd_row(k, fdt + i)
        to[0] = source[0]
        source.live = source.cloexec = 0
        source.file = 0
        if to.live:
            mark_fd(k, files, i, True)
    free_runs(k, &old)
    return 0


cdef int32_t alloc_fd(kernel_t *k, task_t *t, uint32_t start, uint64_t end, bint cloexec) noexcept nogil:
    # Reserve the lowest free number in start..end-1.
    cdef files_t *files = files_row(k, t.files)
    cdef uint32_t fd = max(start, files.next_fd)
    cdef fd_t *e
    cdef int err
    if likely(fd < files.max_fds):
        fd = find_next_fd(k, files, fd)
    if unlikely(fd >= end):
        return -EMFILE
    if unlikely(fd >= files.max_fds):
        if fd >= <uint64_t>k.nr_open_max:
            return -EMFILE
        err = expand_files(k, files, fd)
        if err:
            return err
    if start <= files.next_fd:
        files.next_fd = fd + 1
    e = fd_row(k, files.fdt + fd)
    e.live = FD_RESERVED
    e.cloexec = cloexec
    files.nr_open += 1
    mark_fd(k, files, fd, True)
    return <int32_t>fd


cdef inline uint64_t nofile(kernel_t *k, task_t *t) noexcept nogil:
    return rlimit_row(k, signal_row(k, t.signal).rlimit).cur[RLIMIT_NOFILE]


cdef int32_t get_unused_fd(kernel_t *k, task_t *t, bint cloexec) noexcept nogil:
    return alloc_fd(k, t, 0, nofile(k, t), cloexec)


cdef void put_unused_fd(kernel_t *k, task_t *t, int32_t fd) noexcept nogil:
    # Make the number free again; its file, if any, is the caller's.
    cdef files_t *files = files_row(k, t.files)
    cdef fd_t *e = fd_row(k, files.fdt + <uint32_t>fd)
    e.live = e.cloexec = 0
    e.file = 0
    files.nr_open -= 1
    if <uint32_t>fd < files.next_fd:
        files.next_fd = fd
    mark_fd(k, files, fd, False)


cdef int64_t do_close(kernel_t *k, task_t *t, int32_t fd) noexcept nogil:
    cdef file_t *f = fdget(k, t, fd)
    if f == NULL:
        return -EBADF
    put_unused_fd(k, t, fd)
    fput(k, file_index(k, f))
    return 0


cdef int64_t do_dup(kernel_t *k, task_t *t, int32_t fd, int64_t start, bint cloexec) noexcept nogil:
    # dup (start -1), F_DUPFD and F_DUPFD_CLOEXEC.
    cdef file_t *f = fdget(k, t, fd)
    cdef uint64_t end = nofile(k, t)
    cdef int32_t new
    if f == NULL:
        return -EBADF
    if start >= 0 and <uint64_t>start >= end:
        return -EINVAL
    new = alloc_fd(k, t, <uint32_t>start if start > 0 else 0, end, cloexec)
    if new >= 0:
        f.f_count += 1
        fd_install(k, t, new, file_index(k, f))
    return new


cdef int64_t do_dup2(kernel_t *k, task_t *t, int32_t old, int32_t new) noexcept nogil:
    if old == new:
        return -EBADF if fdget(k, t, old) == NULL else old
    return do_dup3(k, t, old, new, 0)


cdef int64_t do_dup3(kernel_t *k, task_t *t, int32_t old, int32_t new, uint32_t flags) noexcept nogil:
    # ksys_dup3.
    cdef files_t *files = files_row(k, t.files)
    cdef file_t *f
    cdef fd_t *e
    cdef uint32_t replaced = 0
    cdef int err
    if flags & ~<uint32_t>O_CLOEXEC or old == new:
        return -EINVAL
    if <uint64_t><uint32_t>new >= nofile(k, t):
        return -EBADF
    if fdget(k, t, old) == NULL:
        return -EBADF
    if <uint32_t>new >= files.max_fds:
        if <int64_t>new >= k.nr_open_max:
            return -EMFILE
        err = expand_files(k, files, new)
        if err:
            return err
    f = fdget(k, t, old)
    e = fd_row(k, files.fdt + <uint32_t>new)
    if e.live == FD_RESERVED:
        return -EBUSY
    f.f_count += 1
    if e.live:
        replaced = e.file
    else:
        files.nr_open += 1
        mark_fd(k, files, new, True)
    e.live = 1
    e.cloexec = flags & O_CLOEXEC != 0
    e.file = file_index(k, f)
    if replaced:
        fput(k, replaced)
    return new


# ------------------------------------------------------------------------------------------ whole tables
cdef uint32_t new_files(kernel_t *k) noexcept nogil:
    cdef uint32_t i = table_alloc(k, T_FILES, sizeof(files_t))
    if i:
        files_row(k, i).count = 1
    return i


cdef uint32_t dup_fd_table(kernel_t *k, uint32_t source) noexcept nogil:
    # A copy for a new process: every open file gains a reference; numbers only reserved are free in the copy.
    cdef uint32_t i = new_files(k), fd
    cdef files_t *old = files_row(k, source)
    cdef files_t *files
    cdef fd_t *e
    if i == 0:
        return 0
    files = files_row(k, i)
    fd = old.max_fds
    while fd and fd_row(k, old.fdt + fd - 1).live != 1:
        fd -= 1
    if fd and expand_files(k, files, fd - 1) < 0:  # as large as the highest number needs
        table_free(k, T_FILES, i, sizeof(files_t))
        return 0
    files.next_fd = old.next_fd
    for fd in range(old.max_fds):
        e = fd_row(k, old.fdt + fd)
        if e.live == 1:
            fd_row(k, files.fdt + fd)[0] = e[0]
            file_row(k, e.file).f_count += 1
            files.nr_open += 1
            mark_fd(k, files, fd, True)
        elif e.live:
            files.next_fd = min(files.next_fd, fd)
    return i


cdef inline void fput_later(kernel_t *k, uint32_t file, uint32_t *last) noexcept nogil:
    # What is nobody's any more goes on a list, by `link`, in front: that is task_work_add.
    if file_row(k, file).f_count == 1:
        file_row(k, file).link = last[0]
        last[0] = file
    else:
        fput(k, file)


cdef void fput_all(kernel_t *k, uint32_t last) noexcept nogil:
    # task_work_run
    cdef uint32_t file
    while last:
        file = last
        last = file_row(k, file).link
        file_row(k, file).link = 0
        fput(k, file)


cdef void put_files(kernel_t *k, uint32_t i) noexcept nogil:
    # Drop one user; the last one closes everything. The file that was given up last ends first.
    cdef files_t *files = files_row(k, i)
    cdef uint32_t fd, file, last = 0
    cdef fd_t *e
    files.count -= 1
    if files.count:
        return
    for fd in range(files.max_fds):
        e = fd_row(k, files.fdt + fd)
        if e.live:
            file = e.file
            e.live = e.cloexec = 0
            e.file = 0
            if file:
                fput_later(k, file, &last)
    free_runs(k, files)
    table_free(k, T_FILES, i, sizeof(files_t))
    fput_all(k, last)


cdef void do_close_on_exec(kernel_t *k, uint32_t i) noexcept nogil:
    cdef files_t *files = files_row(k, i)
    cdef uint32_t fd, file, last = 0
    cdef fd_t *e
    for fd in range(files.max_fds):
        e = fd_row(k, files.fdt + fd)
        if e.live == 1 and e.cloexec:
            file = e.file
            e.live = e.cloexec = 0
            e.file = 0
            files.nr_open -= 1
            files.next_fd = min(files.next_fd, fd)
            mark_fd(k, files, fd, False)
            fput_later(k, file, &last)
    fput_all(k, last)


# ------------------------------------------------------------------------------------------ checks
cdef bint files_check(kernel_t *k, uint32_t i) noexcept nogil:
    cdef files_t *files = files_row(k, i)
    cdef uint32_t fd, open = 0
    cdef fd_t *e
    if not check(k, files.link == files.count, b"file: descriptor table miscounted"):
        return False
    for fd in range(files.max_fds):
        e = fd_row(k, files.fdt + fd)
        open += e.live != 0
        if not check(k, fd >= files.next_fd or e.live, b"file: free descriptor below next_fd"):
            return False
        if not check(k, (e.live == 1) == (e.file != 0), b"file: free descriptor with a file, or open one without"):
            return False
        if e.live == 1 and not check(k, file_row(k, e.file).live != 0, b"file: descriptor of a dead file"):
            return False
        if files.max_fds > FEW_FDS and not check(
                k, (fdbits_row(k, files.bits + fd // 64).word >> (fd & 63) & 1) == (e.live != 0),
                b"file: bit map is wrong"):
            return False
    return check(k, open == files.nr_open, b"file: open descriptors miscounted")


cdef bint file_check(kernel_t *k) noexcept nogil:
    # The sum of all `f_count` against the sum of all that refers to files.
    cdef uint32_t i, fd
    cdef files_t *files
    cdef fd_t *e
    cdef int64_t refs = 0, counted = 0
    for i in range(1, k.table[T_TASK].high):
        if task_row(k, i).live and task_row(k, i).files:
            files_row(k, task_row(k, i).files).link += 1  # counts the users; 0 in a live row otherwise
    for i in range(1, k.table[T_FILES].high):
        files = files_row(k, i)
        if not files.live:
            continue
        if not files_check(k, i):
            return False
        files.link = 0
        for fd in range(files.max_fds):
            e = fd_row(k, files.fdt + fd)
            refs += e.live == 1
    for i in range(1, k.table[T_TASK].high):
        refs += task_row(k, i).live != 0 and task_row(k, i).call.file != 0
    for i in range(1, k.table[T_VMA].high):
        refs += vma_row(k, i).live != 0 and vma_row(k, i).vm_file != 0
    for i in range(1, k.table[T_POLL_ENTRY].high):
        refs += poll_entry_row(k, i).live != 0 and poll_entry_row(k, i).file != 0
    for i in range(1, k.table[T_SHM].high):
        refs += shm_row(k, i).live != 0
    for i in range(1, k.table[T_FILE].high):
        if file_row(k, i).live:
            counted += file_row(k, i).f_count
            if not check(k, file_row(k, i).f_count > 0, b"file: live file without a reference"):
                return False
    return check(k, refs == counted, b"file: references miscounted")
