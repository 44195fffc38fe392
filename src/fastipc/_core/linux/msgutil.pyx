"""Messages and their bytes. Source: ipc/msgutil.c (load_msg, copy_msg, store_msg, free_msg).

A message of up to a page takes a part of one, of 2**n bytes; parts of one size share pages. A longer one has pages of
its own, chained by `index`.

Of a page that is shared: `pad` counts the parts in use, the low half of `index` is the first free part and the high
half the first that was never used, in units of 16 bytes, the former plus 1; a free part begins with the next one. Pages
with room are on a list of their size, `link` and `prev`. Invariant: a page on such a list has both a part in use and
room.
"""


# ------------------------------------------------------------------------------------------ parts of pages
cdef inline uint8_t part_order(int64_t n) noexcept nogil:
    return <uint8_t>(1 + (clzll(<uint64_t>(n - 1) | ((1 << MSG_LEAST_ORDER) - 1)) ^ 63))


cdef inline void partial_add(kernel_t *k, uint32_t page, uint8_t order) noexcept nogil:
    cdef page_t *p = page_row(k, page)
    p.prev = 0
    p.link = k.msg_partial[order]
    if p.link:
        page_row(k, p.link).prev = page
    k.msg_partial[order] = page


cdef inline void partial_del(kernel_t *k, uint32_t page, uint8_t order) noexcept nogil:
    cdef page_t *p = page_row(k, page)
    if p.prev:
        page_row(k, p.prev).link = p.link
    else:
        k.msg_partial[order] = p.link
    if p.link:
        page_row(k, p.link).prev = p.prev
    p.link = p.prev = 0


cdef inline uint32_t part_units(uint8_t order) noexcept nogil:
    return <uint32_t>1 << (order - MSG_LEAST_ORDER)


cdef inline bint part_of_new_page(kernel_t *k, msg_msg_t *m, uint8_t order) noexcept nogil:
    # The first of a page, or all of it. Precondition: no page has room for parts of this size.
    cdef uint32_t page = alloc_page(k)
    cdef page_t *p = page_row(k, page)
    if unlikely(page == 0):
        return False
    p.flags |= PG_TOUCHED
    m.page = page
    m.order = order
    if likely(order < PAGE_SHIFT):
        p.prev = 0
        p.pad = 1
        p.index = part_units(order) << 16
        k.msg_partial[order] = page
    return True


cdef void part_of_partial(kernel_t *k, msg_msg_t *m, uint32_t page, uint8_t order) noexcept nogil:
    cdef page_t *p = page_row(k, page)
    cdef uint32_t first = p.index & 0xffff
    m.page = page
    m.order = order
    if first:
        first -= 1
        p.index = (p.index & ~<uint32_t>0xffff) | (<uint16_t *>(page_address(k, page) + (first << MSG_LEAST_ORDER)))[0]
    else:
        first = p.index >> 16
        p.index += part_units(order) << 16
    m.offset = <uint16_t>(first << MSG_LEAST_ORDER)
    p.pad += 1
    if p.pad == <uint32_t>PAGE_SIZE >> order:
        partial_del(k, page, order)


cdef inline bint part_alloc(kernel_t *k, msg_msg_t *m) noexcept nogil:
    # Room for the bytes of a message of at most a page. False: see alloc_errno.
    cdef uint8_t order = part_order(<int64_t>m.m_ts)
    cdef uint32_t page = k.msg_partial[order]
    if likely(page == 0):
        return part_of_new_page(k, m, order)
    part_of_partial(k, m, page, order)
    return True


cdef void part_free_shared(kernel_t *k, msg_msg_t *m) noexcept nogil:
    # Others have parts of this page.
    cdef page_t *p = page_row(k, m.page)
    if p.pad == <uint32_t>PAGE_SIZE >> m.order:
        partial_add(k, m.page, m.order)
    p.pad -= 1
    (<uint16_t *>(page_address(k, m.page) + m.offset))[0] = <uint16_t>(p.index & 0xffff)
    p.index = (p.index & ~<uint32_t>0xffff) | ((m.offset >> MSG_LEAST_ORDER) + 1)


cdef inline void part_free(kernel_t *k, msg_msg_t *m) noexcept nogil:
    cdef page_t *p = page_row(k, m.page)
    if m.order < PAGE_SHIFT:
        if unlikely(p.pad != 1):
            part_free_shared(k, m)
            return
        partial_del(k, m.page, m.order)
        p.pad = 0
        p.index = 0
    put_page(k, m.page)


# ------------------------------------------------------------------------------------------ messages
cdef void pages_free(kernel_t *k, uint32_t page) noexcept nogil:
    cdef uint32_t next
    while page:
        next = page_row(k, page).index
        page_row(k, page).index = 0
        put_page(k, page)
        page = next


cdef bint pages_alloc(kernel_t *k, msg_msg_t *m) noexcept nogil:
    # Pages of a long message, in order. False: see alloc_errno.
    cdef int64_t left = <int64_t>m.m_ts
    cdef uint32_t last = 0, page
    m.order = MSG_PAGES
    while left > 0:
        page = alloc_page(k)
        if page == 0:
            pages_free(k, m.page)
            return False
        page_row(k, page).flags |= PG_TOUCHED
        page_row(k, page).index = 0
        if last:
            page_row(k, last).index = page
        else:
            m.page = page
        last = page
        left -= PAGE_SIZE
    return True


cdef inline uint32_t alloc_msg(kernel_t *k, int64_t n) noexcept nogil:
    # A message with room for `n` bytes; 0: see alloc_errno.
    cdef uint32_t i = table_alloc(k, T_MSG, sizeof(msg_msg_t))
    cdef msg_msg_t *m = msg_row(k, i)
    if unlikely(i == 0):
        return 0
    m.m_ts = <uint64_t>n
    if n == 0:
        return i
    if unlikely(not (part_alloc(k, m) if n <= PAGE_SIZE else pages_alloc(k, m))):
        table_free(k, T_MSG, i, sizeof(msg_msg_t))
        return 0
    return i


cdef inline void free_short(kernel_t *k, uint32_t i) noexcept nogil:
    # Of at most a page.
    if likely(msg_row(k, i).page):
        part_free(k, msg_row(k, i))
    table_free(k, T_MSG, i, sizeof(msg_msg_t))


cdef void free_msg(kernel_t *k, uint32_t i) noexcept nogil:
    if likely(msg_row(k, i).order != MSG_PAGES):
        free_short(k, i)
        return
    pages_free(k, msg_row(k, i).page)
    table_free(k, T_MSG, i, sizeof(msg_msg_t))


cdef inline char *next_part(kernel_t *k, const msg_msg_t *m, uint32_t *page) noexcept nogil:
    # Where the bytes of a message begin, then of each further page.
    page[0] = page_row(k, page[0]).index if page[0] else m.page
    return page_address(k, page[0]) + m.offset


cdef int64_t load_msg(kernel_t *k, task_t *t, int64_t n) noexcept nogil:
    # The iterator stands at the beginning again afterwards: the call may be made once more.
    cdef uint32_t i = alloc_msg(k, n), page = 0
    cdef msg_msg_t *m = msg_row(k, i)
    cdef int64_t left = n, part, done = n
    if unlikely(i == 0):
        return -alloc_errno(k, ENOMEM)
    while left:
        part = min(left, <int64_t>PAGE_SIZE)
        done = copy_from_iter(k, t, next_part(k, m, &page), part)
        left -= done
        if unlikely(done < part):
            free_msg(k, i)
            return -EFAULT
    t.call.iter.offset -= n
    t.call.iter.count += n
    return i


cdef int64_t copy_msg(kernel_t *k, uint32_t source, int64_t n) noexcept nogil:
    # Its first `n` bytes.
    cdef uint32_t i = alloc_msg(k, n), page = 0, old = 0
    cdef int64_t left = n
    cdef char *to
    if i == 0:
        return -alloc_errno(k, ENOMEM)
    msg_row(k, i).m_type = msg_row(k, source).m_type
    while left > 0:
        to = next_part(k, msg_row(k, i), &page)
        memcpy(to, next_part(k, msg_row(k, source), &old), <size_t>min(left, <int64_t>PAGE_SIZE))
        left -= PAGE_SIZE
    return i


cdef void msg_bytes(kernel_t *k, uint32_t i, char *to, int64_t n) noexcept nogil:
    # The first `n` bytes, to host memory.
    cdef uint32_t page = 0
    cdef int64_t part
    while n > 0:
        part = min(n, <int64_t>PAGE_SIZE)
        copy_bytes(to, next_part(k, msg_row(k, i), &page), part)
        to += part
        n -= part


cdef int64_t store_msg(kernel_t *k, task_t *t, uint32_t i, int64_t n) noexcept nogil:
    cdef uint32_t page = 0
    cdef int64_t part
    while n > 0:
        part = min(n, <int64_t>PAGE_SIZE)
        if copy_to_iter(k, t, next_part(k, msg_row(k, i), &page), part) < part:
            return -EFAULT
        n -= part
    return 0


# ------------------------------------------------------------------------------------------ checks
cdef void msg_pages_count(kernel_t *k, uint32_t *refs) noexcept nogil:
    # References of messages to pages.
    cdef uint32_t i, page
    for i in range(1, k.table[T_MSG].high):
        if not msg_row(k, i).live:
            continue
        page = msg_row(k, i).page
        if msg_row(k, i).order != MSG_PAGES and page:
            refs[page] = 1
        while msg_row(k, i).order == MSG_PAGES and page:
            refs[page] += 1
            page = page_row(k, page).index


cdef bint msg_pages_check(kernel_t *k) noexcept nogil:
    # Parts in use, and pages with room.
    cdef uint32_t i, page, prev
    cdef int64_t parts = 0
    cdef int order
    cdef bint right = True
    for i in range(1, k.table[T_MSG].high):
        parts += msg_row(k, i).live != 0 and msg_row(k, i).page != 0 and msg_row(k, i).order < PAGE_SHIFT
    for order in range(MSG_LEAST_ORDER, PAGE_SHIFT):
        page = k.msg_partial[order]
        prev = 0
        while page and right:
            right = (page_row(k, page).prev == prev and page_row(k, page).live != 0
                     and 0 < page_row(k, page).pad < <uint32_t>PAGE_SIZE >> order)
            prev = page
            page = page_row(k, page).link
    for i in range(1, k.frontier + 1):
        parts -= page_row(k, i).pad if page_row(k, i).live else 0
    return check(k, right and parts == 0, b"msg: parts of pages miscounted")
