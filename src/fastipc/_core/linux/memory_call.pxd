# System calls on the address space, as all kinds of program make them. Registers in C's order.


cdef int64_t call_memory(
    kernel_t *k, task_t *t, int32_t nr, int64_t a, int64_t b, int64_t c, int64_t d, int64_t e, int64_t f
) noexcept nogil
cdef int64_t call_memfd_create(kernel_t *k, task_t *t, int64_t name, int64_t n, int64_t flags) noexcept nogil

# Those of compiled programs.
cdef int64_t sys_mmap(
    kernel_t *k, task_t *t, int64_t length, int64_t prot, int64_t flags, int64_t fd, int64_t offset, int64_t addr
) noexcept nogil
cdef int64_t sys_munmap(kernel_t *k, task_t *t, int64_t addr, int64_t length) noexcept nogil
cdef int64_t sys_mprotect(kernel_t *k, task_t *t, int64_t addr, int64_t length, int64_t prot) noexcept nogil
cdef int64_t sys_mremap(
    kernel_t *k, task_t *t, int64_t addr, int64_t old, int64_t new, int64_t flags, int64_t new_addr
) noexcept nogil
cdef int64_t sys_brk(kernel_t *k, task_t *t, int64_t addr) noexcept nogil
cdef int64_t sys_mlock(kernel_t *k, task_t *t, int64_t addr, int64_t length) noexcept nogil
cdef int64_t sys_munlock(kernel_t *k, task_t *t, int64_t addr, int64_t length) noexcept nogil
cdef int64_t sys_madvise(kernel_t *k, task_t *t, int64_t addr, int64_t length, int64_t advice) noexcept nogil
cdef int64_t sys_msync(kernel_t *k, task_t *t, int64_t addr, int64_t length, int64_t flags) noexcept nogil
cdef int64_t sys_memfd_create(kernel_t *k, task_t *t, int64_t name, int64_t n, int64_t flags) noexcept nogil
cdef int64_t sys_load(kernel_t *k, task_t *t, int64_t addr, int64_t buf, int64_t n) noexcept nogil
cdef int64_t sys_store(kernel_t *k, task_t *t, int64_t addr, int64_t buf, int64_t n) noexcept nogil
# What these two become when the short way does not do. Declared so that the compiler leaves them apart: then the short
# way saves no registers.
cdef int64_t load_near(kernel_t *k, task_t *t, int64_t addr, int64_t buf, int64_t n) noexcept nogil
cdef int64_t load_slow(kernel_t *k, task_t *t, int64_t addr, int64_t buf, int64_t n) noexcept nogil
cdef int64_t store_near(kernel_t *k, task_t *t, int64_t addr, int64_t buf, int64_t n) noexcept nogil
cdef int64_t store_slow(kernel_t *k, task_t *t, int64_t addr, int64_t buf, int64_t n) noexcept nogil
