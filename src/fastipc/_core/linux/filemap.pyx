"""Regular files: read, write, truncate, seek, fallocate. Source: mm/filemap.c, mm/shmem.c, fs/read_write.c, fs/open.c.

Invariants: `nrpages` of an inode is the number of its pages, `s_blocks` of a file system that of all its files; bytes
of the last page beyond the size are zero.
"""


# ------------------------------------------------------------------------------------------ pages
cdef int add_to_page_cache(kernel_t *k, uint32_t i, uint64_t index, uint32_t page) noexcept nogil:
    # Takes over the reference, unless it gives -ENOMEM. There is no page at this place yet.
    cdef inode_t *inode = inode_row(k, i)
    cdef super_block_t *sb = super_block_row(k, inode.i_sb)
    cdef page_t *p = page_row(k, page)
    if xa_store(k, &inode.i_pages, index, page) < 0:
        return -ENOMEM
    p.mapping = i
    p.index = <uint32_t>index
    p.flags |= PG_TOUCHED | PG_UPTODATE | (PG_SHMEM | PG_DIRTY if sb.s_type == FS_TMPFS else PG_FILE)
    inode.nrpages += 1
    sb.s_blocks += 1
    return 0


cdef uint32_t find_or_create_page(kernel_t *k, uint32_t i, uint64_t index) noexcept nogil:
    cdef inode_t *inode = inode_row(k, i)
    cdef super_block_t *sb = super_block_row(k, inode.i_sb)
    cdef uint32_t page = xa_load(k, inode.i_pages, index)
    if page:
        return page
    if sb.s_max_blocks and sb.s_blocks >= sb.s_max_blocks:
        k.failed_errno = ENOSPC
        return 0
    page = alloc_zeroed_page(k)
    if page == 0:
        return 0
    if add_to_page_cache(k, i, index, page) < 0:
        put_page(k, page)
        return 0
    return page


cdef void truncate_range(kernel_t *k, inode_t *inode, uint64_t index, uint64_t last) noexcept nogil:
    cdef uint32_t[64] pages
    cdef uint32_t i, n
    while inode.nrpages and index <= last:
        n = xa_take(k, &inode.i_pages, &index, last, pages)
        if n == 0:
            return
        for i in range(n):
            page_row(k, pages[i]).mapping = page_row(k, pages[i]).index = 0
            page_row(k, pages[i]).flags &= PG_TOUCHED
            put_page(k, pages[i])
        inode.nrpages -= n
        super_block_row(k, inode.i_sb).s_blocks -= n


cdef void truncate_pages(kernel_t *k, inode_t *inode, uint64_t first) noexcept nogil:
    truncate_range(k, inode, first, ~<uint64_t>0)


cdef void zero_part(kernel_t *k, inode_t *inode, uint64_t start, uint64_t end) noexcept nogil:
    # Bytes of one page, if it is there.
    cdef uint32_t page = find_page(k, inode, start // PAGE_SIZE) if start < end else 0
    if page:
        memset(page_address(k, page) + (start & (PAGE_SIZE - 1)), 0, end - start)


# ------------------------------------------------------------------------------------------ read and write
cdef int64_t generic_file_read(kernel_t *k, task_t *t, file_t *f) noexcept nogil:
    cdef inode_t *inode = inode_row(k, f.inode)
    cdef int64_t *pos = file_pos(t, f)
    cdef int64_t size = <int64_t>inode.i_size, start = pos[0], n, copied
    cdef uint32_t page
    if t.call.iter.count or super_block_row(k, inode.i_sb).s_type == FS_TMPFS:
        file_accessed(k, f)
    while t.call.iter.count and pos[0] < size:
        n = min(t.call.iter.count, size - pos[0], PAGE_SIZE - (pos[0] & (PAGE_SIZE - 1)))
        page = find_page(k, inode, <uint64_t>pos[0] // PAGE_SIZE)
        copied = copy_to_iter(k, t, page_address(k, page) + (pos[0] & (PAGE_SIZE - 1)) if page else ZERO_PAGE, n)
        pos[0] += copied
        if unlikely(copied < n):
            break
    k.counters.bytes += pos[0] - start
    return -EFAULT if unlikely(t.call.iter.count and pos[0] < size and pos[0] == start) else pos[0] - start


cdef inline bint is_frozen(kernel_t *k, inode_t *inode) noexcept nogil:
    # ext4 keeps an immutable file also from those who had it open before; tmpfs does not.
    return unlikely(inode.i_flags & S_IMMUTABLE != 0) and super_block_row(k, inode.i_sb).s_type == FS_EXT4


cdef int64_t generic_write_checks(kernel_t *k, task_t *t, file_t *f, int64_t *pos) noexcept nogil:
    # Where the write goes and how much of it may; 0 or -errno.
    cdef inode_t *inode = inode_row(k, f.inode)
    cdef uint64_t limit = rlimit_row(k, signal_row(k, t.signal).rlimit).cur[RLIMIT_FSIZE]
    cdef int64_t most = s_maxbytes(k, inode)
    if f.f_flags & O_APPEND:
        pos[0] = <int64_t>inode.i_size
    if <uint64_t>pos[0] >= limit:
        send_sig(k, t, SIGXFSZ)
        return -EFBIG
    if pos[0] >= most:
        return -EFBIG
    if limit < <uint64_t>most:
        most = <int64_t>limit
    t.call.iter.count = min(t.call.iter.count, most - pos[0])
    if unlikely(inode.i_seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE)):
        return -EPERM
    return 0


cdef inline int64_t part_of_page(task_t *t, int64_t pos) noexcept nogil:
    # How much of a transfer goes into the page at a position.
    return min(t.call.iter.count, PAGE_SIZE - (pos & (PAGE_SIZE - 1)))


cdef int64_t generic_file_write(kernel_t *k, task_t *t, file_t *f) noexcept nogil:
    cdef inode_t *inode = inode_row(k, f.inode)
    cdef int64_t *pos = file_pos(t, f)
    cdef int64_t err, start, n, copied
    cdef uint32_t page
    if is_frozen(k, inode):
        return -EPERM
    if t.call.iter.count == 0:
        return 0
    err = generic_write_checks(k, t, f, pos)
    if err:
        return err
    start = pos[0]
    file_remove_privs(k, t, inode)
    file_update_time(k, inode)
    while t.call.iter.count:
        if unlikely(inode.i_seals & F_SEAL_GROW) and pos[0] + part_of_page(t, pos[0]) > <int64_t>inode.i_size:
            err = -EPERM
            break
        page = find_or_create_page(k, f.inode, <uint64_t>pos[0] // PAGE_SIZE)
        if page == 0:
            err = -alloc_errno(k, ENOMEM)
            break
        n = part_of_page(t, pos[0])
        copied = copy_from_iter(k, t, page_address(k, page) + (pos[0] & (PAGE_SIZE - 1)), n)
        pos[0] += copied
        if <uint64_t>pos[0] > inode.i_size:
            inode.i_size = <uint64_t>pos[0]
        if unlikely(copied < n):
            err = -EFAULT
            break
    k.counters.bytes += pos[0] - start
    return pos[0] - start if pos[0] > start else err


cdef int64_t regular_available(kernel_t *k, task_t *t, file_t *f, int64_t n) noexcept nogil:
    # How many bytes a read of `n` gives from the file's own place.
    return max(min(<int64_t>inode_row(k, f.inode).i_size - f.f_pos, n), 0)


cdef int64_t regular_ioctl(kernel_t *k, file_t *f, uint32_t request, int64_t arg) noexcept nogil:
    if request != FIONREAD:
        return -ENOTTY
    return <int64_t>inode_row(k, f.inode).i_size - f.f_pos


# ------------------------------------------------------------------------------------------ seek
cdef int64_t seek_data(kernel_t *k, inode_t *inode, int64_t offset, bint data) noexcept nogil:
    # SEEK_DATA, SEEK_HOLE: by pages; the end of the file is a hole.
    cdef uint64_t index
    if offset < 0 or <uint64_t>offset >= inode.i_size:
        return -ENXIO
    index = <uint64_t>offset // PAGE_SIZE
    if data:
        if not xa_find(k, inode.i_pages, &index, (inode.i_size - 1) // PAGE_SIZE):
            return -ENXIO
    else:
        while index * PAGE_SIZE < inode.i_size and find_page(k, inode, index):
            index += 1
    return min(max(offset, <int64_t>(index * PAGE_SIZE)), <int64_t>inode.i_size)


cdef int64_t generic_file_llseek(kernel_t *k, file_t *f, int64_t offset, int whence) noexcept nogil:
    cdef inode_t *inode = inode_row(k, f.inode)
    cdef int64_t base = 0
    if whence == SEEK_DATA or whence == SEEK_HOLE:
        offset = seek_data(k, inode, offset, whence == SEEK_DATA)
        if offset < 0:
            return offset
    else:
        base = f.f_pos if whence == SEEK_CUR else <int64_t>inode.i_size if whence == SEEK_END else 0
        if offset > 0 and base > MAX_LFS_FILESIZE - offset:
            return -EINVAL
        offset += base
    if offset < 0 or offset > s_maxbytes(k, inode):
        return -EINVAL
    f.f_pos = offset
    return offset


# ------------------------------------------------------------------------------------------ size
cdef inline int seals_errno(inode_t *inode, bint shrinks, uint64_t size) noexcept nogil:
    # What the seals of a memory file say to a new size.
    if shrinks:
        return -EPERM if inode.i_seals & F_SEAL_SHRINK else 0
    return -EPERM if inode.i_seals & F_SEAL_GROW and size > inode.i_size else 0


cdef int inode_newsize_ok(kernel_t *k, task_t *t, inode_t *inode, int64_t size) noexcept nogil:
    if size > <int64_t>inode.i_size:
        if <uint64_t>size > rlimit_row(k, signal_row(k, t.signal).rlimit).cur[RLIMIT_FSIZE]:
            send_sig(k, t, SIGXFSZ)
            return -EFBIG
        if size > s_maxbytes(k, inode):
            return -EFBIG
    return 0


cdef int64_t do_truncate(kernel_t *k, task_t *t, uint32_t i, int64_t length) noexcept nogil:
    # The new size of a file, which may be written.
    cdef inode_t *inode = inode_row(k, i)
    cdef int err = -EPERM if is_frozen(k, inode) else inode_newsize_ok(k, t, inode, length)
    if err == 0 and unlikely(inode.i_seals):
        err = seals_errno(inode, <uint64_t>length < inode.i_size, <uint64_t>length)
    if err:
        return err
    file_remove_privs(k, t, inode)
    if <uint64_t>length <= inode.i_size:  # of the same size: what was allocated beyond it goes
        unmap_mapping_range(k, inode, (<uint64_t>length + PAGE_SIZE - 1) // PAGE_SIZE, ~<uint64_t>0, True)
        truncate_pages(k, inode, (<uint64_t>length + PAGE_SIZE - 1) // PAGE_SIZE)
        if length & (PAGE_SIZE - 1):
            zero_part(k, inode, <uint64_t>length, (<uint64_t>length // PAGE_SIZE + 1) * PAGE_SIZE)
    inode.i_size = <uint64_t>length
    file_update_time(k, inode)
    return 0


# ------------------------------------------------------------------------------------------ fallocate
cdef void punch_hole(kernel_t *k, inode_t *inode, uint64_t start, uint64_t end) noexcept nogil:
    cdef uint64_t first = (start + PAGE_SIZE - 1) // PAGE_SIZE, last = end // PAGE_SIZE
    if last > first:
        unmap_mapping_range(k, inode, first, last - 1, False)
        truncate_range(k, inode, first, last - 1)
    if start // PAGE_SIZE == end // PAGE_SIZE:
        zero_part(k, inode, start, end)
        return
    if start & (PAGE_SIZE - 1):
        zero_part(k, inode, start, first * PAGE_SIZE)
    zero_part(k, inode, last * PAGE_SIZE, end)


cdef int64_t allocate_range(kernel_t *k, uint32_t i, uint64_t start, uint64_t end) noexcept nogil:
    # All pages of a range, or none of those that were not there.
    cdef inode_t *inode = inode_row(k, i)
    cdef uint64_t first = start // PAGE_SIZE, index = start // PAGE_SIZE, last = (end - 1) // PAGE_SIZE
    cdef super_block_t *sb = super_block_row(k, inode.i_sb)
    cdef uint64_t undo = 0
    if last - first >= k.nr_pages or (sb.s_max_blocks
                                      and sb.s_blocks + last - first + 1 > sb.s_max_blocks + inode.nrpages):
        return -ENOSPC
    while index <= last:
        if find_page(k, inode, index) == 0:
            if find_or_create_page(k, i, index) == 0:
                break
            page_row(k, find_page(k, inode, index)).link = 1  # made here
        index += 1
    for undo in range(first, index):
        if page_row(k, find_page(k, inode, undo)).link:
            page_row(k, find_page(k, inode, undo)).link = 0
            if index <= last:
                truncate_range(k, inode, undo, undo)
    return 0 if index > last else -alloc_errno(k, ENOSPC if sb.s_type == FS_EXT4 else ENOMEM)


cdef enum:
    FALLOC_FL_MODE_MASK = 0x7a  # what is done; FALLOC_FL_KEEP_SIZE says how


cdef int fallocate_mode(int64_t mode) noexcept nogil:
    # Which combinations mean something: 0 or -errno.
    cdef int64_t kind = mode & FALLOC_FL_MODE_MASK
    cdef bint keep = mode & FALLOC_FL_KEEP_SIZE != 0
    if mode & ~<int64_t>(FALLOC_FL_MODE_MASK | FALLOC_FL_KEEP_SIZE) or kind & (kind - 1):
        return -EOPNOTSUPP
    if kind == FALLOC_FL_PUNCH_HOLE and not keep:
        return -EOPNOTSUPP
    if keep and (kind == FALLOC_FL_COLLAPSE_RANGE or kind == FALLOC_FL_INSERT_RANGE):
        return -EOPNOTSUPP
    return 0


cdef inline bint fs_has_mode(super_block_t *sb, int64_t mode) noexcept nogil:
    # What the file systems here can do. Missing: collapsing and inserting.
    cdef int64_t kind = mode & FALLOC_FL_MODE_MASK
    return kind == 0 or kind == FALLOC_FL_PUNCH_HOLE or (kind == FALLOC_FL_ZERO_RANGE and sb.s_type == FS_EXT4)


cdef int may_fallocate(kernel_t *k, file_t *f, int64_t mode, int64_t offset, int64_t n) noexcept nogil:
    # The checks of vfs_fallocate: 0 or -errno.
    cdef inode_t *inode = inode_row(k, f.inode)
    cdef uint32_t type = file_type(inode)
    if offset < 0 or n <= 0:
        return -EINVAL
    if fallocate_mode(mode):
        return -EOPNOTSUPP
    if not (f.f_mode & FMODE_WRITE):
        return -EBADF
    if inode.i_flags & S_IMMUTABLE or (inode.i_flags & S_APPEND and mode & ~<int64_t>FALLOC_FL_KEEP_SIZE):
        return -EPERM
    if type == S_IFIFO:
        return -ESPIPE
    if type != S_IFREG or f.f_op != REGULAR_FOPS:
        return -EISDIR if type == S_IFDIR else -ENODEV if type != S_IFREG else -EOPNOTSUPP
    if n > s_maxbytes(k, inode) - offset:
        return -EFBIG
    return 0 if fs_has_mode(super_block_row(k, inode.i_sb), mode) else -EOPNOTSUPP


cdef int64_t vfs_fallocate(kernel_t *k, task_t *t, file_t *f, int64_t mode, int64_t offset, int64_t n) noexcept nogil:
    cdef inode_t *inode = inode_row(k, f.inode)
    cdef bint keep = mode & FALLOC_FL_KEEP_SIZE != 0
    cdef int64_t err = may_fallocate(k, f, mode, offset, n)
    if err == 0 and not keep:
        err = inode_newsize_ok(k, t, inode, offset + n)
    if err == 0 and unlikely(inode.i_seals):
        if mode & FALLOC_FL_PUNCH_HOLE:
            err = -EPERM if inode.i_seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE) else 0
        else:
            err = seals_errno(inode, False, <uint64_t>(offset + n))
    if err == 0 and mode & (FALLOC_FL_PUNCH_HOLE | FALLOC_FL_ZERO_RANGE):
        punch_hole(k, inode, <uint64_t>offset, <uint64_t>(offset + n))
    if err == 0 and not (mode & FALLOC_FL_PUNCH_HOLE):
        err = allocate_range(k, f.inode, <uint64_t>offset, <uint64_t>(offset + n))
    if err:
        return err
    file_remove_privs(k, t, inode)
    if not keep:
        inode.i_size = max(inode.i_size, <uint64_t>(offset + n))
    file_update_time(k, inode)
    return 0


cdef void filemap_init() noexcept nogil:
    file_operations[REGULAR_FOPS].read = generic_file_read
    file_operations[REGULAR_FOPS].write = generic_file_write
    file_operations[REGULAR_FOPS].llseek = generic_file_llseek
    file_operations[REGULAR_FOPS].ioctl = regular_ioctl
    file_operations[REGULAR_FOPS].available = regular_available
