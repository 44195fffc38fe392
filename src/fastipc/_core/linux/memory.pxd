# Demand faults, copy on write, what fork copies, what unmapping takes away. Source: mm/memory.c, arch/x86/mm/fault.c.


cdef enum:  # why an access failed; 0 = it did not
    FAULT_SIGBUS = 1
    FAULT_OOM = 2
    FAULT_MAPERR = 3
    FAULT_ACCERR = 4

cdef int handle_fault(kernel_t *k, task_t *t, uint64_t addr, bint write) noexcept nogil  # 0, or a FAULT_
cdef bint is_restorer(kernel_t *k, task_t *t, uint64_t addr) noexcept nogil
cdef int handle_mm_fault(kernel_t *k, mm_t *mm, uint32_t vma, uint64_t addr, bint write) noexcept nogil
cdef void zap_page_range(kernel_t *k, mm_t *mm, uint64_t start, uint64_t end, bint even_cows) noexcept nogil
cdef void unmap_mapping_range(
    kernel_t *k, inode_t *inode, uint64_t first, uint64_t last, bint even_cows
) noexcept nogil
cdef int copy_page_range(kernel_t *k, uint32_t to, uint32_t source) noexcept nogil  # 0 or -ENOMEM
cdef void vma_set_page_prot(kernel_t *k, vm_area_t *vma) noexcept nogil
cdef void change_protection(kernel_t *k, mm_t *mm, vm_area_t *vma, uint64_t start, uint64_t end) noexcept nogil


cdef inline char *pte_address(kernel_t *k, uint64_t entry) noexcept nogil:
    return page_address(k, pte_page(entry)) if pte_page(entry) else ZERO_PAGE


cdef inline uint64_t *rss_counter(mm_t *mm, page_t *page) noexcept nogil:
    # mm_counter.
    return &mm.rss[page.flags >> PG_KIND_SHIFT & 3]


cdef inline uint64_t mm_rss(mm_t *mm) noexcept nogil:
    return mm.rss[MM_FILEPAGES] + mm.rss[MM_ANONPAGES] + mm.rss[MM_SHMEMPAGES]


cdef inline void update_hiwater_rss(mm_t *mm) noexcept nogil:
    mm.hiwater_rss = max(mm.hiwater_rss, mm_rss(mm))
