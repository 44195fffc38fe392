# The page cache, and regular files on it. Source: mm/filemap.c, mm/shmem.c, mm/truncate.c.
#
# The bytes of a file are pages found by (file, index); a place without a page reads as zeros.


cdef int add_to_page_cache(kernel_t *k, uint32_t inode, uint64_t index, uint32_t page) noexcept nogil
cdef uint32_t find_or_create_page(kernel_t *k, uint32_t inode, uint64_t index) noexcept nogil  # 0: see alloc_errno
cdef void truncate_pages(kernel_t *k, inode_t *inode, uint64_t first) noexcept nogil
cdef int64_t generic_file_read(kernel_t *k, task_t *t, file_t *f) noexcept nogil
cdef int64_t generic_file_write(kernel_t *k, task_t *t, file_t *f) noexcept nogil
cdef int64_t generic_file_llseek(kernel_t *k, file_t *f, int64_t offset, int whence) noexcept nogil
cdef int64_t vfs_fallocate(kernel_t *k, task_t *t, file_t *f, int64_t mode, int64_t offset, int64_t n) noexcept nogil
cdef int64_t do_truncate(kernel_t *k, task_t *t, uint32_t inode, int64_t length) noexcept nogil
cdef void filemap_init() noexcept nogil

cdef extern from *:
    """
    #define FASTIPC_EXT4_MAXBYTES 17592186040320LL  /* 2**44 - 4096: 32-bit block numbers */
    #define FASTIPC_MAX_LFS_FILESIZE 0x7fffffffffffffffLL
    """
    int64_t EXT4_MAXBYTES "FASTIPC_EXT4_MAXBYTES"
    int64_t MAX_LFS_FILESIZE "FASTIPC_MAX_LFS_FILESIZE"


cdef inline uint32_t find_page(kernel_t *k, inode_t *inode, uint64_t index) noexcept nogil:
    # 0: a hole.
    return xa_load(k, inode.i_pages, index)


cdef inline int64_t *file_pos(task_t *t, file_t *f) noexcept nogil:
    # Where a transfer begins: the place that the call names, or the file's own.
    if t.call.nr == NR_pread64 or t.call.nr == NR_pwrite64:
        return &t.call.args[3]
    return &f.f_pos


cdef inline int64_t s_maxbytes(kernel_t *k, inode_t *inode) noexcept nogil:
    return EXT4_MAXBYTES if super_block_row(k, inode.i_sb).s_type == FS_EXT4 else MAX_LFS_FILESIZE


cdef inline void file_accessed(kernel_t *k, file_t *f) noexcept nogil:
    if not (f.f_flags & O_NOATIME):
        touch_atime(k, inode_row(k, f.inode))


cdef inline void file_update_time(kernel_t *k, inode_t *inode) noexcept nogil:
    inode.i_mtime = inode.i_ctime = current_time(k)
