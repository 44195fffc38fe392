# Inodes. Source: fs/inode.c.


cdef enum:
    BOOT_SECONDS = 1000000000  # the realtime clock when virtual time is 0


cdef inline int64_t current_time(kernel_t *k) noexcept nogil:
    return <int64_t>BOOT_SECONDS * 1000000000 + k.now


cdef inline uint32_t new_inode_pseudo(kernel_t *k, task_t *t, uint32_t mode, uint32_t magic) noexcept nogil:
    # A nameless inode owned by the caller, with the next number and three equal times; one reference.
    cdef uint32_t i = table_alloc(k, T_INODE, sizeof(inode_t))
    cdef inode_t *inode = inode_row(k, i)
    if i == 0:
        return 0
    k.next_ino += 1
    inode.i_count = 1
    inode.i_mode = mode
    inode.i_uid = t.euid
    inode.i_gid = t.egid
    inode.i_nlink = 1
    inode.i_ino = k.next_ino
    inode.i_atime = inode.i_mtime = inode.i_ctime = current_time(k)
    inode.i_sb = magic
    return i


cdef inline void iput(kernel_t *k, uint32_t i) noexcept nogil:
    cdef inode_t *inode = inode_row(k, i)
    inode.i_count -= 1
    if inode.i_count == 0:
        table_free(k, T_INODE, i, sizeof(inode_t))
