# Attributes of inodes: mode, owner, flags, and what stat tells of them. Source: fs/attr.c, fs/open.c, fs/stat.c.


cdef int64_t chmod_common(kernel_t *k, task_t *t, uint32_t inode, uint32_t mode) noexcept nogil
cdef int64_t chown_common(kernel_t *k, task_t *t, uint32_t inode, uint32_t uid, uint32_t gid) noexcept nogil
cdef void file_remove_privs(kernel_t *k, task_t *t, inode_t *inode) noexcept nogil
cdef void generic_fillattr(kernel_t *k, task_t *t, inode_t *inode, stat_t *stat) noexcept nogil
cdef int64_t ioctl_getflags(kernel_t *k, inode_t *inode) noexcept nogil
cdef int64_t ioctl_setflags(kernel_t *k, task_t *t, uint32_t inode, uint32_t flags) noexcept nogil
