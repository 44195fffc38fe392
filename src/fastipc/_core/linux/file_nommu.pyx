"""All pages of a file at once, from one block. Source: fs/ramfs/file-nommu.c (ramfs_nommu_expand_for_mapping)."""


cdef int ramfs_nommu_expand_for_mapping(kernel_t *k, uint32_t i, uint64_t newsize) noexcept nogil:
    # The block is split into pages and what is too much goes back at once. A failure in the middle gives all back.
    cdef uint64_t npages = (newsize + PAGE_SIZE - 1) >> PAGE_SHIFT
    cdef inode_t *inode = inode_row(k, i)
    cdef uint32_t pages, loop
    cdef int order
    if npages > <uint64_t>1 << MAX_PAGE_ORDER:
        return -EFBIG
    order = get_order(newsize)
    pages = alloc_pages(k, order, True)
    if pages == 0:
        return -alloc_errno(k, ENOMEM)
    split_page(k, pages, order)
    for loop in range(<uint32_t>npages, <uint32_t>1 << order):
        put_page(k, pages + loop)
    for loop in range(<uint32_t>npages):
        if add_to_page_cache(k, i, loop, pages + loop) < 0:
            truncate_pages(k, inode, 0)
            while loop < npages:
                put_page(k, pages + loop)
                loop += 1
            return -alloc_errno(k, ENOMEM)
    return 0
