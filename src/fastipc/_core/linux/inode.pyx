"""Inodes of file systems with names: numbers, limits, the end, access times. Source: fs/inode.c, mm/shmem.c.

An inode lives as long as somebody refers to it: a name, an open file. Its links are counted apart, as in Linux.
"""


cdef uint32_t new_inode(kernel_t *k, uint32_t sb, uint32_t mode) noexcept nogil:
    cdef super_block_t *s = super_block_row(k, sb)
    cdef uint32_t i
    cdef inode_t *inode
    if s.s_max_inodes and s.s_inodes >= s.s_max_inodes:
        k.failed_errno = ENOSPC
        return 0
    i = table_alloc(k, T_INODE, sizeof(inode_t))
    if i == 0:
        return 0
    s.s_last_ino += 1
    s.s_inodes += 1
    inode = inode_row(k, i)
    inode.i_count = 1
    inode.i_mode = mode
    inode.i_nlink = 1
    inode.i_ino = s.s_last_ino
    inode.i_sb = sb
    inode.i_atime = inode.i_mtime = inode.i_ctime = current_time(k)
    return i


cdef void evict_inode(kernel_t *k, uint32_t i) noexcept nogil:
    # What an inode holds, when nobody refers to it any more.
    cdef inode_t *inode = inode_row(k, i)
    if inode.nrpages:
        truncate_pages(k, inode, 0)
    if inode.i_link:
        name_free(k, inode.i_link, <uint32_t>inode.i_size)
    if inode.i_op == PROC_FILE and inode.i_fd:
        put_ipc_ns(k, inode.i_fd)
    super_block_row(k, inode.i_sb).s_inodes -= 1


cdef void touch_atime(kernel_t *k, inode_t *inode) noexcept nogil:
    # relatime: an access time moves only if a change came after it, or a day has gone by.
    cdef int64_t now = current_time(k)
    if (inode.i_mtime >= inode.i_atime or inode.i_ctime >= inode.i_atime
            or now - inode.i_atime >= <int64_t>DAY_SECONDS * 1000000000):
        inode.i_atime = now


# ------------------------------------------------------------------------------------------ checks
cdef bint inode_refs_check(kernel_t *k) noexcept nogil:
    # References: names, files without a name. `link` of a live row counts; unused otherwise.
    cdef uint32_t i
    cdef bint right = True
    inode_row(k, k.anon_inode).link += 1
    for i in range(1, k.table[T_DENTRY].high):
        if dentry_row(k, i).live:
            inode_row(k, dentry_row(k, i).d_inode).link += 1
    for i in range(1, k.table[T_FILE].high):
        if file_row(k, i).live and file_row(k, i).f_dentry == 0:
            inode_row(k, file_row(k, i).inode).link += 1
    for i in range(1, k.table[T_INODE].high):
        if inode_row(k, i).live:
            right = right and inode_row(k, i).link == inode_row(k, i).i_count
            inode_row(k, i).link = 0
    return check(k, right, b"inode: references miscounted")


cdef inline bint links_right(kernel_t *k, inode_t *inode) noexcept nogil:
    # `link`: names of a file, subdirectories of a directory. What has no names of its own is not counted.
    if inode.i_sb == k.pipe_sb or inode.i_op >= PROC_DIR:
        return True
    if is_dir(inode):
        return inode.i_nlink == (0 if inode.i_flags & S_DEAD else 2 + inode.link)
    return inode.i_nlink == inode.link


cdef bint links_check(kernel_t *k) noexcept nogil:
    cdef uint32_t i
    cdef bint right = True
    for i in range(1, k.table[T_DENTRY].high):
        if dentry_row(k, i).live and not d_unhashed(k, i) and dentry_row(k, i).d_parent != i:
            if is_dir(d_inode(k, i)):
                d_inode(k, dentry_row(k, i).d_parent).link += 1
            else:
                d_inode(k, i).link += 1
    for i in range(1, k.table[T_INODE].high):
        if inode_row(k, i).live:
            right = right and links_right(k, inode_row(k, i))
            inode_row(k, i).link = 0
    return check(k, right, b"inode: links miscounted")


cdef bint pages_check(kernel_t *k, inode_t *inode, uint64_t *blocks) noexcept nogil:
    cdef uint64_t index = 0, n = 0
    cdef uint32_t page = xa_find(k, inode.i_pages, &index, ~<uint64_t>0)
    while page:
        if not check(k, page_row(k, page).live and page_row(k, page).index == <uint32_t>index,
                     b"inode: page of another index"):
            return False
        n += 1
        index += 1
        page = xa_find(k, inode.i_pages, &index, ~<uint64_t>0)
    blocks[0] += n
    return check(k, n == inode.nrpages, b"inode: pages miscounted")


cdef bint inode_check(kernel_t *k) noexcept nogil:
    cdef uint32_t i, sb
    cdef uint64_t blocks, inodes
    if not (inode_refs_check(k) and links_check(k) and xa_check(k)):
        return False
    for sb in range(1, k.table[T_SUPER].high):
        blocks = inodes = 0
        for i in range(1, k.table[T_INODE].high):
            if inode_row(k, i).live and inode_row(k, i).i_sb == sb and sb != k.pipe_sb:
                inodes += 1
                if not pages_check(k, inode_row(k, i), &blocks):
                    return False
        if not (check(k, blocks == super_block_row(k, sb).s_blocks, b"inode: blocks of a file system miscounted")
                and check(k, inodes == super_block_row(k, sb).s_inodes, b"inode: inodes of a file system miscounted")):
            return False
    return True
