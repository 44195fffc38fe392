# Files in memory whose pages are there from the start, side by side: Linux without a memory management unit.
# Source: fs/ramfs/file-nommu.c.


cdef int ramfs_nommu_expand_for_mapping(kernel_t *k, uint32_t inode, uint64_t newsize) noexcept nogil  # 0 or -errno


cdef inline int get_order(uint64_t size) noexcept nogil:
    # The order of the smallest block that holds so many bytes. Precondition: it is not 0.
    cdef int order = 0
    while <uint64_t>PAGE_SIZE << order < size:
        order += 1
    return order
