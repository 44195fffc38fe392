# mmap, munmap, brk, the stack's growth, and what a process may have. Source: mm/mmap.c, mm/vma.c.


cdef int64_t do_mmap(
    kernel_t *k, task_t *t, uint32_t file, uint64_t addr, uint64_t len, uint64_t prot, uint64_t flags, uint64_t pgoff
) noexcept nogil  # the address, or -errno; `file`: row of an open file, or 0
cdef int64_t ksys_mmap(kernel_t *k, task_t *t, uint64_t addr, uint64_t len, uint64_t prot, uint64_t flags, int32_t fd,
                       uint64_t offset) noexcept nogil
cdef int64_t do_munmap(kernel_t *k, mm_t *mm, uint64_t start, uint64_t len) noexcept nogil
cdef int64_t vm_munmap(kernel_t *k, task_t *t, uint64_t start, uint64_t len) noexcept nogil
cdef int64_t do_brk(kernel_t *k, task_t *t, uint64_t brk) noexcept nogil
cdef int expand_stack(kernel_t *k, task_t *t, uint32_t vma, uint64_t addr) noexcept nogil  # 0 or -ENOMEM
cdef bint may_expand_vm(kernel_t *k, task_t *t, mm_t *mm, uint32_t flags, uint64_t pages) noexcept nogil
cdef bint vm_enough_memory(kernel_t *k, uint64_t pages) noexcept nogil
cdef bint can_do_mlock(kernel_t *k, task_t *t) noexcept nogil
cdef bint mlock_future_ok(kernel_t *k, task_t *t, mm_t *mm, uint32_t flags, uint64_t bytes) noexcept nogil
cdef int64_t get_unmapped_area(
    kernel_t *k, task_t *t, mm_t *mm, uint64_t addr, uint64_t len, uint64_t flags
) noexcept nogil
cdef int64_t find_place(
    kernel_t *k, task_t *t, mm_t *mm, uint32_t file, uint64_t addr, uint64_t len, uint64_t pgoff, uint64_t flags
) noexcept nogil  # for an area of a file, 0 = none
cdef int64_t mm_populate(
    kernel_t *k, mm_t *mm, uint64_t start, uint64_t end, bint ignore_errors
) noexcept nogil  # 0, -EFAULT or -ENOMEM


cdef inline uint64_t page_align(uint64_t n) noexcept nogil:
    return (n + PAGE_SIZE - 1) & ~<uint64_t>(PAGE_SIZE - 1)


cdef inline uint64_t rlimit_pages(kernel_t *k, task_t *t, int resource) noexcept nogil:
    return rlimit(k, t, resource) >> PAGE_SHIFT
