"""Copies between the kernel and a program's memory. Source: arch/x86/lib/usercopy_64.c, lib/strncpy_from_user.c."""


cdef int64_t copy_to_user(kernel_t *k, task_t *t, uint64_t to, const void *source, int64_t n) noexcept nogil:
    return 0


cdef int64_t copy_from_user(kernel_t *k, task_t *t, void *to, uint64_t source, int64_t n) noexcept nogil:
    return 0


cdef int64_t clear_user(kernel_t *k, task_t *t, uint64_t to, int64_t n) noexcept nogil:
    return 0


cdef int64_t strncpy_from_user(kernel_t *k, task_t *t, char *to, uint64_t source, int64_t n) noexcept nogil:
    return -EFAULT
