"""Sparse arrays: load, store, erase, find the next. Source: lib/xarray.c.

Invariants: every node but an empty array's has a place in use; the top node is no higher than the largest index ever
stored needs; a node of shift 0 holds entries, the others hold nodes.
"""


cdef enum:
    XA_CHUNK_SHIFT = 6
    XA_CHUNK_MASK = 63
    XA_MAX_SHIFT = 60
    XA_NODE_HEAD = 16  # bytes before the places


cdef inline bint xa_covers(xa_node_t *node, uint64_t index) noexcept nogil:
    return node.shift >= XA_MAX_SHIFT or index >> (node.shift + XA_CHUNK_SHIFT) == 0


cdef inline uint32_t xa_offset(xa_node_t *node, uint64_t index) noexcept nogil:
    return <uint32_t>(index >> node.shift) & XA_CHUNK_MASK


cdef uint32_t xa_leaf(kernel_t *k, uint32_t head, uint64_t index) noexcept nogil:
    # The node of shift 0 that has the place of an index, or 0.
    cdef xa_node_t *node
    if head == 0 or not xa_covers(xa_node_row(k, head), index):
        return 0
    while head:
        node = xa_node_row(k, head)
        if node.shift == 0:
            return head
        head = node.slots[xa_offset(node, index)]
    return 0


cdef inline uint32_t new_node(kernel_t *k, uint32_t parent, uint32_t offset, int shift) noexcept nogil:
    # A node that is freed has no entry.
    cdef uint32_t i = table_alloc_head(k, T_XA_NODE, sizeof(xa_node_t), XA_NODE_HEAD)
    cdef xa_node_t *node = xa_node_row(k, i)
    if i:
        node.parent = parent
        node.offset = <uint8_t>offset
        node.shift = <uint8_t>shift
        if parent:
            xa_node_row(k, parent).slots[offset] = i
            xa_node_row(k, parent).count += 1
    return i


cdef int xa_expand(kernel_t *k, uint32_t *head, uint64_t index) noexcept nogil:
    # Put nodes on top until the tree is high enough.
    cdef uint32_t i
    cdef xa_node_t *node
    if head[0] == 0:
        head[0] = new_node(k, 0, 0, 0)
        if head[0] == 0:
            return -ENOMEM
    while not xa_covers(xa_node_row(k, head[0]), index):
        i = new_node(k, 0, 0, xa_node_row(k, head[0]).shift + XA_CHUNK_SHIFT)
        if i == 0:
            return -ENOMEM
        node = xa_node_row(k, i)
        if xa_node_row(k, head[0]).count == 0:  # an empty array only grows in height
            table_free(k, T_XA_NODE, head[0], sizeof(xa_node_t))
        else:
            node.slots[0] = head[0]
            node.count = 1
            xa_node_row(k, head[0]).parent = i
        head[0] = i
    return 0


cdef void xa_prune(kernel_t *k, uint32_t *head, uint32_t i) noexcept nogil:
    # Free a node that holds nothing, and those above it that then hold nothing.
    cdef xa_node_t *node
    cdef uint32_t parent
    while i and xa_node_row(k, i).count == 0:
        node = xa_node_row(k, i)
        parent = node.parent
        if parent:
            xa_node_row(k, parent).slots[node.offset] = 0
            xa_node_row(k, parent).count -= 1
        else:
            head[0] = 0
        table_free(k, T_XA_NODE, i, sizeof(xa_node_t))
        i = parent


cdef int xa_store(kernel_t *k, uint32_t *head, uint64_t index, uint32_t entry) noexcept nogil:
    # A failure leaves no empty node. Precondition: `entry` is not 0.
    cdef uint32_t i, next
    cdef xa_node_t *node
    if xa_expand(k, head, index) < 0:
        xa_prune(k, head, head[0])
        return -ENOMEM
    i = head[0]
    node = xa_node_row(k, i)
    while node.shift:
        next = node.slots[xa_offset(node, index)]
        if next == 0:
            next = new_node(k, i, xa_offset(node, index), node.shift - XA_CHUNK_SHIFT)
            if next == 0:
                xa_prune(k, head, i)
                return -ENOMEM
        i = next
        node = xa_node_row(k, i)
    if node.slots[index & XA_CHUNK_MASK] == 0:
        node.count += 1
    node.slots[index & XA_CHUNK_MASK] = entry
    return 0


cdef uint32_t xa_erase(kernel_t *k, uint32_t *head, uint64_t index) noexcept nogil:
    cdef uint32_t leaf = xa_leaf(k, head[0], index), entry
    cdef xa_node_t *node = xa_node_row(k, leaf)
    if leaf == 0:
        return 0
    entry = node.slots[index & XA_CHUNK_MASK]
    if entry:
        node.slots[index & XA_CHUNK_MASK] = 0
        node.count -= 1
        xa_prune(k, head, leaf)
    return entry


cdef uint32_t xa_take(kernel_t *k, uint32_t *head, uint64_t *index, uint64_t last, uint32_t *entries) noexcept nogil:
    # Erase the first entries from index[0] to `last` that lie in one node: how many; they go into entries[64].
    cdef xa_node_t *node
    cdef uint32_t leaf, offset, n = 0
    if xa_find(k, head[0], index, last) == 0:
        return 0
    leaf = xa_leaf(k, head[0], index[0])
    node = xa_node_row(k, leaf)
    offset = index[0] & XA_CHUNK_MASK
    while offset < 64 and index[0] <= last and n < node.count:
        if node.slots[offset]:
            entries[n] = node.slots[offset]
            node.slots[offset] = 0
            n += 1
        offset += 1
        index[0] += 1
    node.count -= n
    xa_prune(k, head, leaf)
    return n


cdef uint32_t xa_find(kernel_t *k, uint32_t head, uint64_t *index, uint64_t last) noexcept nogil:
    # The first entry at or after index[0], not after `last`; its index is stored. 0: there is none.
    cdef uint32_t i = head, offset
    cdef xa_node_t *node
    if head == 0 or not xa_covers(xa_node_row(k, head), index[0]):
        return 0
    while index[0] <= last:
        node = xa_node_row(k, i)
        offset = xa_offset(node, index[0])
        while offset < 64 and node.slots[offset] == 0:
            offset += 1
            index[0] = ((index[0] >> node.shift) + 1) << node.shift
        if offset == 64:  # nothing more below this node: go on from the top, where the index now leads
            if index[0] == 0 or not xa_covers(xa_node_row(k, head), index[0]):
                return 0
            i = head
            continue
        if index[0] > last:
            return 0
        if node.shift == 0:
            return node.slots[offset]
        i = node.slots[offset]
    return 0


cdef uint64_t xa_find_free(kernel_t *k, uint32_t head, uint64_t index, uint64_t end) noexcept nogil:
    # Full nodes of shift 0 are passed over as a whole.
    cdef uint32_t leaf
    cdef xa_node_t *node
    while index < end:
        leaf = xa_leaf(k, head, index)
        if leaf == 0:
            return index
        node = xa_node_row(k, leaf)
        if node.count < XA_CHUNK_MASK + 1:
            while node.slots[index & XA_CHUNK_MASK]:
                index += 1
                if index & XA_CHUNK_MASK == 0:
                    break
            else:
                return index
        else:
            index = (index | XA_CHUNK_MASK) + 1
    return end


cdef int64_t xa_find_last(kernel_t *k, uint32_t head) noexcept nogil:
    cdef uint32_t i = head, offset
    cdef int64_t index = 0
    cdef xa_node_t *node
    if head == 0:
        return -1
    while True:
        node = xa_node_row(k, i)
        offset = XA_CHUNK_MASK
        while offset and node.slots[offset] == 0:
            offset -= 1
        index |= <int64_t>offset << node.shift
        if node.shift == 0:
            return index
        i = node.slots[offset]


cdef bint xa_check(kernel_t *k) noexcept nogil:
    cdef uint32_t i, j, used
    for i in range(1, k.table[T_XA_NODE].high):
        if xa_node_row(k, i).live:
            used = 0
            for j in range(64):
                used += xa_node_row(k, i).slots[j] != 0
            if not check(k, used and used == xa_node_row(k, i).count, b"xarray: places of a node miscounted"):
                return False
    return True
