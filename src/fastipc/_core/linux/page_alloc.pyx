"""Buddy allocator, cache of single pages, reclaim of the pages that pipes keep.

Source: mm/page_alloc.c (rmqueue, __free_one_page, split_page, the per-cpu page lists). One zone, one processor's
cache. Missing: watermarks, migrate types, compaction.
"""


cdef void page_alloc_init(kernel_t *k) noexcept nogil:
    # `nr_pages` is set. The cache's batch is Linux's rule: a quarter of a thousandth of the zone, near a power of two.
    cdef uint32_t batch = min(k.nr_pages // 1024, <uint32_t>256) // 4
    cdef uint32_t power = 1
    batch = max(batch, <uint32_t>1)
    batch += batch // 2
    while power * 2 <= batch:
        power *= 2
    k.pcp_batch = max(power - 1, <uint32_t>1)
    k.pcp_high = 6 * k.pcp_batch
    k.nr_free = k.nr_pages
    k.tmp_pages_max = k.nr_pages // 2
    k.table[T_PAGE].limit = k.nr_pages + 1


cdef void block_insert(kernel_t *k, uint32_t page, int order) noexcept nogil:
    cdef page_t *p = page_row(k, page)
    cdef buddy_t *area = &k.free_area[order]
    p.flags = (p.flags & PG_TOUCHED) | PG_BUDDY
    p.order = order
    p.prev = 0
    p.link = area.first
    if area.first:
        page_row(k, area.first).prev = page
    area.first = page
    area.nr_free += 1


cdef void block_remove(kernel_t *k, uint32_t page, int order) noexcept nogil:
    cdef page_t *p = page_row(k, page)
    cdef buddy_t *area = &k.free_area[order]
    if p.prev:
        page_row(k, p.prev).link = p.link
    else:
        area.first = p.link
    if p.link:
        page_row(k, p.link).prev = p.prev
    p.flags &= PG_TOUCHED
    p.link = p.prev = 0
    area.nr_free -= 1


cdef bint advance_frontier(kernel_t *k) noexcept nogil:
    # Turn the next untouched frames into one free block, the largest that its place allows.
    cdef int order = MAX_PAGE_ORDER
    if k.frontier >= k.nr_pages:
        return False
    while (k.frontier & ((<uint32_t>1 << order) - 1)) or k.frontier + (<uint32_t>1 << order) > k.nr_pages:
        order -= 1
    block_insert(k, k.frontier + 1, order)
    k.frontier += <uint32_t>1 << order
    k.table[T_PAGE].high = k.frontier + 1
    return True


cdef uint32_t rmqueue_buddy(kernel_t *k, int order) noexcept nogil:
    # The smallest block that is large enough, split down to `order`; its lower half is kept.
    cdef int o = order
    cdef uint32_t page
    while o <= MAX_PAGE_ORDER and k.free_area[o].first == 0:
        o += 1
        if o > MAX_PAGE_ORDER:
            if not advance_frontier(k):
                return 0
            o = order
    page = k.free_area[o].first
    block_remove(k, page, o)
    while o > order:
        o -= 1
        block_insert(k, page + (<uint32_t>1 << o), o)
    k.nr_free -= <uint32_t>1 << order
    return page


cdef void free_one_block(kernel_t *k, uint32_t page, int order) noexcept nogil:
    # __free_one_page: merge with the buddy as long as it is a free block of the same order.
    cdef uint32_t frame = page - 1, buddy
    cdef page_t *p
    k.nr_free += <uint32_t>1 << order
    while order < MAX_PAGE_ORDER:
        buddy = frame ^ (<uint32_t>1 << order)
        if buddy + (<uint32_t>1 << order) > k.frontier:
            break
        p = page_row(k, buddy + 1)
        if not (p.flags & PG_BUDDY) or p.order != order:
            break
        block_remove(k, buddy + 1, order)
        frame &= ~(<uint32_t>1 << order)
        order += 1
    block_insert(k, frame + 1, order)


cdef bint rmqueue_bulk(kernel_t *k) noexcept nogil:
    # Fill the empty cache with up to a batch of single pages; the first to come comes out first.
    cdef uint32_t i, page, n = 0
    for i in range(k.pcp_batch):
        page = rmqueue_buddy(k, 0)
        if page == 0:
            break
        k.pcp[k.pcp_batch - 1 - i] = page
        n += 1
    for i in range(n):
        k.pcp[i] = k.pcp[k.pcp_batch - n + i]
    k.pcp_count = n
    return n != 0


cdef void free_pcp_batch(kernel_t *k) noexcept nogil:
    cdef uint32_t _i
    for _i in range(min(k.pcp_batch, k.pcp_count)):
        k.pcp_count -= 1
        free_one_block(k, k.pcp[k.pcp_count], 0)


cdef void drain_pages(kernel_t *k) noexcept nogil:
    while k.pcp_count:
        free_pcp_batch(k)


cdef bint shrink_tmp_pages(kernel_t *k) noexcept nogil:
    # Under pressure the pages that pipes keep for their next write go back.
    cdef uint32_t i, j
    cdef pipe_t *pipe
    if k.tmp_pages == 0:
        return False
    for i in range(1, k.table[T_PIPE].high):
        pipe = pipe_row(k, i)
        if not pipe.live:
            continue
        for j in range(2):
            if pipe.tmp_page[j]:
                _put(k, pipe.tmp_page[j])
                pipe.tmp_page[j] = 0
                k.tmp_pages -= 1
    return True


cdef void _put(kernel_t *k, uint32_t page) noexcept nogil:
    cdef page_t *p = page_row(k, page)
    p.refcount = 0
    p.live = 0
    p.flags &= PG_TOUCHED
    free_one_block(k, page, 0)


cdef bint inject_page_fails(kernel_t *k) noexcept nogil:
    if k.inject_page:
        k.inject_page -= 1
        if k.inject_page == 0:
            k.failed_errno = k.inject_errno
            return True
    return False


cdef uint32_t alloc_page_slow(kernel_t *k) noexcept nogil:
    if inject_page_fails(k):
        return 0
    if k.pcp_count == 0 and not rmqueue_bulk(k):
        if not shrink_tmp_pages(k) or not rmqueue_bulk(k):
            return 0
    return take_cached(k)


cdef uint32_t alloc_pages(kernel_t *k, int order, bint zeroed) noexcept nogil:
    # 2**order contiguous pages, reference count 1 on the first. Order above MAX_PAGE_ORDER: none.
    cdef uint32_t page, i
    cdef page_t *p
    if order > MAX_PAGE_ORDER or inject_page_fails(k):
        return 0
    page = rmqueue_buddy(k, order)
    if page == 0:
        drain_pages(k)
        page = rmqueue_buddy(k, order)
    if page == 0 and shrink_tmp_pages(k):
        page = rmqueue_buddy(k, order)
    if page == 0:
        return 0
    for i in range(page, page + (<uint32_t>1 << order)):
        p = page_row(k, i)
        p.live = 1
        p.order = 0
        if zeroed and p.flags & PG_TOUCHED:
            memset(k.frames + (<size_t>i - 1) * 4096, 0, 4096)
            p.flags &= ~PG_TOUCHED
    page_row(k, page).order = order
    page_row(k, page).refcount = 1
    k.counters.pages_alloc += <uint32_t>1 << order
    return page


cdef void free_pages(kernel_t *k, uint32_t page, int order) noexcept nogil:
    cdef uint32_t i
    for i in range(page, page + (<uint32_t>1 << order)):
        page_row(k, i).live = 0
        page_row(k, i).refcount = 0
    free_one_block(k, page, order)


cdef void split_page(kernel_t *k, uint32_t page, int order) noexcept nogil:
    # One block of 2**order pages becomes as many single pages, each with its own reference.
    cdef uint32_t i
    for i in range(page, page + (<uint32_t>1 << order)):
        page_row(k, i).order = 0
        page_row(k, i).refcount = 1


cdef void buddyinfo(kernel_t *k, uint32_t *counts) noexcept nogil:
    # Free blocks of each order, the untouched frames counted as the blocks they will become.
    cdef uint32_t at = k.frontier
    cdef int order
    for order in range(MAX_PAGE_ORDER + 1):
        counts[order] = k.free_area[order].nr_free
    counts[MAX_PAGE_ORDER] += (k.nr_pages - at) >> MAX_PAGE_ORDER
    at += (k.nr_pages - at) >> MAX_PAGE_ORDER << MAX_PAGE_ORDER
    for order in range(MAX_PAGE_ORDER):
        if (k.nr_pages - at) & (<uint32_t>1 << order):
            counts[order] += 1


cdef bint page_alloc_check(kernel_t *k) noexcept nogil:
    cdef uint32_t i, n = 0, live = 0
    cdef page_t *p
    cdef int order
    for order in range(MAX_PAGE_ORDER + 1):
        i = k.free_area[order].first
        while i:
            p = page_row(k, i)
            if not check(k, p.flags & PG_BUDDY and p.order == order and not p.live, b"page_alloc: bad free block"):
                return False
            if not check(k, ((i - 1) & ((<uint32_t>1 << order) - 1)) == 0, b"page_alloc: block not aligned"):
                return False
            n += <uint32_t>1 << order
            i = p.link
    for i in range(min(k.pcp_count, <uint32_t>PCP_SIZE)):
        p = page_row(k, k.pcp[i])
        if not check(k, not (p.flags & ~PG_TOUCHED or p.live or p.link), b"page_alloc: bad cached page"):
            return False
    for i in range(1, k.frontier + 1):
        live += page_row(k, i).live != 0
    return (check(k, n + k.nr_pages - k.frontier == k.nr_free, b"page_alloc: nr_free is wrong")
            and check(k, k.pcp_count < PCP_SIZE, b"page_alloc: pcp_count is wrong")
            and check(k, live == nr_live_pages(k), b"page_alloc: live pages miscounted"))
