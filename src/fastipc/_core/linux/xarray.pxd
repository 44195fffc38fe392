# Sparse arrays of rows, by 64-bit index: the page cache of a file. Source: lib/xarray.c, include/linux/xarray.h.
#
# A head is 0 (empty) or the top node of a tree of 64 places a node, as high as the largest index needs. An entry is a
# row number of the caller's; 0 is no entry.


cdef int xa_store(kernel_t *k, uint32_t *head, uint64_t index, uint32_t entry) noexcept nogil  # 0, or -ENOMEM
cdef uint32_t xa_take(kernel_t *k, uint32_t *head, uint64_t *index, uint64_t last, uint32_t *entries) noexcept nogil
cdef uint32_t xa_erase(kernel_t *k, uint32_t *head, uint64_t index) noexcept nogil  # what was there
cdef uint32_t xa_find(kernel_t *k, uint32_t head, uint64_t *index, uint64_t last) noexcept nogil
cdef uint64_t xa_find_free(
    kernel_t *k, uint32_t head, uint64_t index, uint64_t end
) noexcept nogil  # the first free index from `index`; `end` or more: there is none
cdef int64_t xa_find_last(kernel_t *k, uint32_t head) noexcept nogil  # the highest index in use, -1: none
cdef bint xa_check(kernel_t *k) noexcept nogil


cdef inline uint32_t *xa_slot(kernel_t *k, uint32_t head, uint64_t index) noexcept nogil:
    # The place of an index, which holds 0 as long as nothing is stored there; NULL: it is beyond the tree. It stays
    # where it is for as long as its node has an entry.
    cdef xa_node_t *node = xa_node_row(k, head)  # row 0 has no entries
    cdef int shift = node.shift
    if head == 0 or index >> shift >> 6:
        return NULL
    while shift:
        node = xa_node_row(k, node.slots[index >> shift & 63])
        shift -= 6
    return &node.slots[index & 63]


cdef inline uint32_t xa_load(kernel_t *k, uint32_t head, uint64_t index) noexcept nogil:
    # One load a level.
    cdef uint32_t *slot = xa_slot(k, head, index)
    return slot[0] if slot else 0
