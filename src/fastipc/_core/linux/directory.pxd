# Calls that change directories. Source: fs/namei.c, fs/libfs.c, fs/ext4/namei.c.


cdef int64_t do_mknodat(kernel_t *k, task_t *t, int32_t dfd, uint32_t mode, uint32_t dev) noexcept nogil
cdef int64_t do_mkdirat(kernel_t *k, task_t *t, int32_t dfd, uint32_t mode) noexcept nogil
cdef int64_t do_symlinkat(kernel_t *k, task_t *t, int32_t dfd) noexcept nogil  # target in k.pathname[1]
cdef int64_t do_linkat(kernel_t *k, task_t *t, int32_t olddfd, int32_t newdfd, int flags) noexcept nogil
cdef int64_t do_unlinkat(kernel_t *k, task_t *t, int32_t dfd) noexcept nogil
cdef int64_t do_rmdir(kernel_t *k, task_t *t, int32_t dfd) noexcept nogil
cdef int64_t do_renameat2(kernel_t *k, task_t *t, int32_t olddfd, int32_t newdfd, int flags) noexcept nogil
cdef uint32_t vfs_create(
    kernel_t *k, task_t *t, uint32_t parent, qstr_t *name, uint32_t mode, uint32_t dev, int64_t *err
) noexcept nogil
cdef void init_inode(inode_t *inode, uint32_t mode, uint32_t dev) noexcept nogil
cdef void add_to_dir(kernel_t *k, inode_t *dir, inode_t *inode) noexcept nogil
