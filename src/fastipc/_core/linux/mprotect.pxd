# Changing areas that exist: rights, size and place, locks, advice. Source: mm/mprotect.c, mm/mremap.c, mm/mlock.c,
# mm/madvise.c, mm/msync.c.


cdef int64_t do_mprotect(kernel_t *k, task_t *t, uint64_t start, uint64_t len, uint64_t prot) noexcept nogil
cdef int64_t do_mremap(
    kernel_t *k, task_t *t, uint64_t addr, uint64_t old, uint64_t new, uint64_t flags, uint64_t to
) noexcept nogil
cdef int64_t do_mlock(kernel_t *k, task_t *t, uint64_t start, uint64_t len, bint lock) noexcept nogil
cdef int64_t do_madvise(kernel_t *k, task_t *t, uint64_t start, uint64_t len, int64_t advice) noexcept nogil
cdef int64_t do_msync(kernel_t *k, task_t *t, uint64_t start, uint64_t len, int64_t flags) noexcept nogil
