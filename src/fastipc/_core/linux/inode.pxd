# Inodes and their super blocks. Source: fs/inode.c, fs/super.c, include/linux/fs.h.


cdef uint32_t new_inode(kernel_t *k, uint32_t sb, uint32_t mode) noexcept nogil  # one reference; 0: see alloc_errno
cdef void evict_inode(kernel_t *k, uint32_t inode) noexcept nogil
cdef void touch_atime(kernel_t *k, inode_t *inode) noexcept nogil
cdef bint inode_check(kernel_t *k) noexcept nogil

cdef enum:
    BOOT_SECONDS = 1000000000  # the realtime clock when virtual time is 0
    DAY_SECONDS = 86400


cdef inline int64_t current_time(kernel_t *k) noexcept nogil:
    return <int64_t>BOOT_SECONDS * 1000000000 + k.now


cdef inline uint32_t new_inode_pseudo(kernel_t *k, uint32_t sb, uint32_t mode, cred_t *cred) noexcept nogil:
    # A nameless inode with the next number and three equal times; one reference.
    cdef uint32_t i = table_alloc(k, T_INODE, sizeof(inode_t))
    cdef inode_t *inode = inode_row(k, i)
    if i == 0:
        return 0
    k.next_ino += 1
    inode.i_count = 1
    inode.i_mode = mode
    inode.i_uid = cred.fsuid
    inode.i_gid = cred.fsgid
    inode.i_nlink = 1
    inode.i_ino = k.next_ino
    inode.i_atime = inode.i_mtime = inode.i_ctime = current_time(k)
    inode.i_sb = sb
    return i


cdef inline void iput(kernel_t *k, uint32_t i) noexcept nogil:
    cdef inode_t *inode = inode_row(k, i)
    inode.i_count -= 1
    if inode.i_count == 0:
        if unlikely(inode.i_op | inode.nrpages | (inode.i_sb ^ k.pipe_sb)):
            evict_inode(k, i)
        table_free(k, T_INODE, i, sizeof(inode_t))


cdef inline uint32_t file_type(inode_t *inode) noexcept nogil:
    return inode.i_mode & S_IFMT


cdef inline bint is_dir(inode_t *inode) noexcept nogil:
    return inode.i_mode & S_IFMT == S_IFDIR
