# What one uid holds: the pages of its pipes. Source: kernel/user.c.


cdef uint32_t alloc_uid(kernel_t *k, uint32_t uid) noexcept nogil  # counted reference, or 0
cdef void free_uid_last(kernel_t *k, uint32_t user) noexcept nogil


cdef inline void get_uid(kernel_t *k, uint32_t user) noexcept nogil:
    user_row(k, user).count += 1


cdef inline void free_uid(kernel_t *k, uint32_t user) noexcept nogil:
    user_row(k, user).count -= 1
    if unlikely(user_row(k, user).count == 0):
        free_uid_last(k, user)
