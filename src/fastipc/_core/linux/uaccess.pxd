# Memory of the task as the kernel reaches it: through the page tables, with faults, without signals.
# Source: arch/x86/lib/usercopy_64.c, lib/strncpy_from_user.c, include/linux/uaccess.h.
#
# Everything that touches addresses of a program goes through here or through linux/memory_access.pxd (the program's
# own loads and stores). The copies give the number of bytes that were copied: fewer than asked where the memory ends.


cdef int64_t copy_to_user(kernel_t *k, task_t *t, uint64_t to, const void *source, int64_t n) noexcept nogil
cdef int64_t copy_from_user(kernel_t *k, task_t *t, void *to, uint64_t source, int64_t n) noexcept nogil
cdef int64_t clear_user(kernel_t *k, task_t *t, uint64_t to, int64_t n) noexcept nogil  # bytes cleared
cdef int64_t strncpy_from_user(kernel_t *k, task_t *t, char *to, uint64_t source, int64_t n) noexcept nogil  # length,
# `n` if no zero was found among so many, or -EFAULT


cdef enum:
    TASK_SIZE_MAX = 0x7ffffffff000


cdef inline bint access_ok(uint64_t addr, uint64_t n) noexcept nogil:
    # Whether a range lies below the end of user space.
    return n <= <uint64_t>TASK_SIZE_MAX and addr <= <uint64_t>TASK_SIZE_MAX - n


cdef inline int put_user(kernel_t *k, task_t *t, uint64_t to, const void *source, int64_t n) noexcept nogil:
    # 0, or -EFAULT.
    return 0 if access_ok(to, n) and copy_to_user(k, t, to, source, n) == n else -EFAULT


cdef inline int get_user(kernel_t *k, task_t *t, void *to, uint64_t source, int64_t n) noexcept nogil:
    return 0 if access_ok(source, n) and copy_from_user(k, t, to, source, n) == n else -EFAULT
