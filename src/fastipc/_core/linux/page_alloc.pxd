# The page allocator: buddy lists of orders 0..10 with a cache of single pages in front. Source: mm/page_alloc.c.
#
# A page is named by its row in the `page` table (frame number + 1). Frames beyond `frontier` have never been given
# out; they stand for whole free blocks, so that a fresh machine touches none of them. Invariant: every frame is in
# exactly one place: allocated (`live`), in the cache, in one buddy block, or beyond the frontier.


cdef extern from *:
    """
    static char fastipc_zero_page[4096];  /* only ever read */
    """
    char *ZERO_PAGE "fastipc_zero_page"

cdef enum:
    PAGE_SHIFT = 12

cdef void page_alloc_init(kernel_t *k) noexcept nogil
cdef uint32_t alloc_page_slow(kernel_t *k) noexcept nogil
cdef uint32_t alloc_pages(kernel_t *k, int order, bint zeroed) noexcept nogil  # first page, or 0
cdef void free_pages(kernel_t *k, uint32_t page, int order) noexcept nogil
cdef void split_page(kernel_t *k, uint32_t page, int order) noexcept nogil
cdef void drain_pages(kernel_t *k) noexcept nogil
cdef void free_pcp_batch(kernel_t *k) noexcept nogil
cdef void buddyinfo(kernel_t *k, uint32_t *counts) noexcept nogil
cdef bint page_alloc_check(kernel_t *k) noexcept nogil


cdef inline char *page_address(kernel_t *k, uint32_t page) noexcept nogil:
    return k.frames + (<size_t>page - 1) * 4096


cdef inline uint32_t nr_live_pages(kernel_t *k) noexcept nogil:
    return k.nr_pages - k.nr_free - k.pcp_count


cdef inline uint32_t take_cached(kernel_t *k) noexcept nogil:
    # A page of the cache. Precondition: there is one.
    cdef uint32_t i
    cdef page_t *p
    k.pcp_count -= 1
    i = k.pcp[k.pcp_count]
    p = page_row(k, i)
    p.live = 1
    p.refcount = 1
    k.counters.pages_alloc += 1
    return i


cdef inline uint32_t alloc_page(kernel_t *k) noexcept nogil:
    # One page, not zeroed, reference count 1; 0 if there is none.
    if unlikely(k.inject_any or k.pcp_count == 0):
        return alloc_page_slow(k)
    return take_cached(k)


cdef inline uint32_t alloc_zeroed_page(kernel_t *k) noexcept nogil:
    # One page of zeros that will be written to.
    cdef uint32_t i = alloc_page(k)
    cdef page_t *p = page_row(k, i)
    if unlikely(i == 0):
        return 0
    if p.flags & PG_TOUCHED:
        memset(page_address(k, i), 0, 4096)
    p.flags |= PG_TOUCHED
    return i


cdef inline void get_page(kernel_t *k, uint32_t i) noexcept nogil:
    page_row(k, i).refcount += 1


cdef inline void put_page(kernel_t *k, uint32_t i) noexcept nogil:
    # Drop one reference; the last one frees the page into the cache.
    cdef page_t *p = page_row(k, i)
    p.refcount -= 1
    if p.refcount:
        return
    p.live = 0
    if p.flags & ~PG_TOUCHED:  # not stored for nothing: who takes it next would wait for that
        p.flags &= PG_TOUCHED
    k.pcp[k.pcp_count] = i
    k.pcp_count += 1
    if unlikely(k.pcp_count > k.pcp_high):
        free_pcp_batch(k)
