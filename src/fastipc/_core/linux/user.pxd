# What one uid holds: the pages of its pipes. Source: kernel/user.c.


cdef uint32_t alloc_uid(kernel_t *k, uint32_t uid) noexcept nogil  # counted reference, or 0
cdef void get_uid(kernel_t *k, uint32_t user) noexcept nogil
cdef void free_uid(kernel_t *k, uint32_t user) noexcept nogil
