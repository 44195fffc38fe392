# Files that are nothing but their operations: one inode for all of them. Source: fs/anon_inodes.c.


cdef int anon_inode_init(kernel_t *k) noexcept nogil  # at boot: 0 or -ENOMEM
cdef uint32_t anon_inode_getfile(kernel_t *k, uint16_t op, uint32_t private, uint32_t flags) noexcept nogil
cdef void anon_inode_release(kernel_t *k, uint32_t file) noexcept nogil
cdef const char *anon_inode_name(file_t *f) noexcept nogil
