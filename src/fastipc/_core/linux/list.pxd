# Lists of rows that have `next` and `prev` behind `live` and `link`. Source: include/linux/list.h.


cdef inline uint32_t *list_links(kernel_t *k, int table, size_t size, uint32_t i) noexcept nogil:
    # Of row `i`: next, prev. `size` is the row's sizeof.
    return <uint32_t *>(k.table[table].base + i * size) + 2


cdef inline void list_add_tail(kernel_t *k, int table, size_t size, ipc_list_t *list, uint32_t i) noexcept nogil:
    cdef uint32_t *links = list_links(k, table, size, i)
    links[0] = 0
    links[1] = list.last
    if list.last:
        list_links(k, table, size, list.last)[0] = i
    else:
        list.first = i
    list.last = i


cdef inline void list_del(kernel_t *k, int table, size_t size, ipc_list_t *list, uint32_t i) noexcept nogil:
    cdef uint32_t *links = list_links(k, table, size, i)
    if links[1]:
        list_links(k, table, size, links[1])[0] = links[0]
    else:
        list.first = links[0]
    if links[0]:
        list_links(k, table, size, links[0])[1] = links[1]
    else:
        list.last = links[1]
    links[0] = links[1] = 0


cdef inline bint list_check(
    kernel_t *k, int table, size_t size, const ipc_list_t *list, uint32_t *found
) noexcept nogil:
    # The links of a list agree; `found` goes up by its length.
    cdef uint32_t i = list.first, prev = 0
    while i:
        if list_links(k, table, size, i)[1] != prev or found[0] > k.table[table].high:
            return False
        found[0] += 1
        prev = i
        i = list_links(k, table, size, i)[0]
    return list.last == prev
