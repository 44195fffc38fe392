"""Areas of an address space: the tree and the list, free places, split and merge. Source: mm/vma.c, mm/mmap.c.

Invariants: the list is in order of address without overlaps; the tree holds the same areas; every node's gap is the
largest in front of an area below it; an area with a file is on the list of the file's inode.
"""


# ------------------------------------------------------------------------------------------ tree
cdef inline uint32_t vma_priority(uint32_t i) noexcept nogil:
    cdef uint32_t z = i * <uint32_t>0x9E3779B1
    return (z ^ z >> 15) * <uint32_t>0x85EBCA6B


cdef inline uint64_t gap_before(kernel_t *k, vm_area_t *vma) noexcept nogil:
    cdef uint64_t below = vma_row(k, vma.vm_prev).vm_end if vma.vm_prev else 0
    cdef uint64_t start = vm_start_gap(vma)
    return start - below if start > below else 0


cdef inline void update_gap(kernel_t *k, uint32_t i) noexcept nogil:
    cdef vm_area_t *vma = vma_row(k, i)
    cdef uint64_t gap = gap_before(k, vma)
    if vma.rb_left:
        gap = max(gap, vma_row(k, vma.rb_left).rb_subtree_gap)
    if vma.rb_right:
        gap = max(gap, vma_row(k, vma.rb_right).rb_subtree_gap)
    vma.rb_subtree_gap = gap


cdef uint32_t tree_insert(kernel_t *k, uint32_t root, uint32_t i) noexcept nogil:
    # The root of the subtree afterwards. It is in the list already; the next area, if any, was above its new place and
    # so learns of its smaller gap.
    cdef vm_area_t *at = vma_row(k, root)
    cdef uint32_t child
    if root == 0:
        update_gap(k, i)
        return i
    if vma_row(k, i).vm_start < at.vm_start:
        child = at.rb_left = tree_insert(k, at.rb_left, i)
        if vma_priority(child) > vma_priority(root):
            at.rb_left = vma_row(k, child).rb_right
            vma_row(k, child).rb_right = root
            update_gap(k, root)
            root = child
    else:
        child = at.rb_right = tree_insert(k, at.rb_right, i)
        if vma_priority(child) > vma_priority(root):
            at.rb_right = vma_row(k, child).rb_left
            vma_row(k, child).rb_left = root
            update_gap(k, root)
            root = child
    update_gap(k, root)
    return root


cdef uint32_t tree_join(kernel_t *k, uint32_t low, uint32_t high) noexcept nogil:
    # Two trees, all of one below all of the other. Goes down as far as the first of `high`, whose gap has changed.
    cdef uint32_t root
    if high == 0:
        return low
    if low and vma_priority(low) > vma_priority(high):
        vma_row(k, low).rb_right = tree_join(k, vma_row(k, low).rb_right, high)
        root = low
    else:
        vma_row(k, high).rb_left = tree_join(k, low, vma_row(k, high).rb_left)
        root = high
    update_gap(k, root)
    return root


cdef uint32_t tree_remove(kernel_t *k, uint32_t root, uint32_t i) noexcept nogil:
    cdef vm_area_t *at = vma_row(k, root)
    if root == i:
        return tree_join(k, at.rb_left, at.rb_right)
    if vma_row(k, i).vm_start < at.vm_start:
        at.rb_left = tree_remove(k, at.rb_left, i)
    else:
        at.rb_right = tree_remove(k, at.rb_right, i)
    update_gap(k, root)
    return root


cdef void tree_refresh(kernel_t *k, uint32_t root, uint32_t i) noexcept nogil:
    # The gap in front of an area has changed: so have those of all nodes above it.
    if root != i:
        tree_refresh(k, vma_row(k, root).rb_left if vma_row(k, i).vm_start < vma_row(k, root).vm_start
                     else vma_row(k, root).rb_right, i)
    update_gap(k, root)


cdef uint32_t find_vma_slow(kernel_t *k, mm_t *mm, uint64_t addr) noexcept nogil:
    cdef uint32_t i = mm.mm_rb, found = 0
    cdef vm_area_t *vma
    while i:
        vma = vma_row(k, i)
        if vma.vm_end > addr:
            found = i
            if vma.vm_start <= addr:
                mm.mmap_cache = i
                break
            i = vma.rb_left
        else:
            i = vma.rb_right
    return found


cdef uint32_t find_vma_prev(kernel_t *k, mm_t *mm, uint64_t addr) noexcept nogil:
    cdef uint32_t i = mm.mm_rb, found = 0
    while i:
        if vma_row(k, i).vm_start < addr:
            found = i
            i = vma_row(k, i).rb_right
        else:
            i = vma_row(k, i).rb_left
    return found


cdef uint64_t highest_gap(kernel_t *k, uint32_t i, uint64_t len, uint64_t low, uint64_t high) noexcept nogil:
    # Of a subtree: where the topmost free place of `len` bytes between two bounds begins, or 0.
    cdef vm_area_t *vma = vma_row(k, i)
    cdef uint64_t below, above, at
    if i == 0 or vma.rb_subtree_gap < len:
        return 0
    if vma.vm_end < high:
        at = highest_gap(k, vma.rb_right, len, low, high)
        if at:
            return at
    above = min(vm_start_gap(vma), high)
    below = max(vma_row(k, vma.vm_prev).vm_end if vma.vm_prev else 0, low)
    if above >= below and above - below >= len:
        return above - len
    return highest_gap(k, vma.rb_left, len, low, high) if below > low else 0


cdef uint64_t unmapped_area(kernel_t *k, mm_t *mm, uint64_t len, uint64_t low, uint64_t high) noexcept nogil:
    cdef uint32_t last
    cdef uint64_t top
    if find_vma(k, mm, high) == 0:  # above all areas
        last = find_vma_prev(k, mm, high)
        top = max(vma_row(k, last).vm_end if last else 0, low)
        if high >= top and high - top >= len:
            return high - len
    return highest_gap(k, mm.mm_rb, len, low, high)


# ------------------------------------------------------------------------------------------ areas of a file
cdef void i_mmap_insert(kernel_t *k, uint32_t i) noexcept nogil:
    cdef vm_area_t *vma = vma_row(k, i)
    cdef inode_t *inode
    if vma.vm_file == 0:
        return
    inode = inode_row(k, file_row(k, vma.vm_file).inode)
    vma.i_prev = 0
    vma.i_next = inode.i_mmap
    if inode.i_mmap:
        vma_row(k, inode.i_mmap).i_prev = i
    inode.i_mmap = i


cdef void i_mmap_remove(kernel_t *k, uint32_t i) noexcept nogil:
    cdef vm_area_t *vma = vma_row(k, i)
    if vma.vm_file == 0:
        return
    if vma.i_prev:
        vma_row(k, vma.i_prev).i_next = vma.i_next
    else:
        inode_row(k, file_row(k, vma.vm_file).inode).i_mmap = vma.i_next
    if vma.i_next:
        vma_row(k, vma.i_next).i_prev = vma.i_prev
    vma.i_next = vma.i_prev = 0


# ------------------------------------------------------------------------------------------ in and out
cdef void vma_link(kernel_t *k, mm_t *mm, uint32_t i) noexcept nogil:
    # Precondition: nothing else is there.
    cdef vm_area_t *vma = vma_row(k, i)
    cdef uint32_t prev = find_vma_prev(k, mm, vma.vm_start)
    vma.vm_prev = prev
    vma.vm_next = vma_row(k, prev).vm_next if prev else mm.mmap
    if prev:
        vma_row(k, prev).vm_next = i
    else:
        mm.mmap = i
    if vma.vm_next:
        vma_row(k, vma.vm_next).vm_prev = i
    vma.rb_left = vma.rb_right = 0
    mm.mm_rb = tree_insert(k, mm.mm_rb, i)
    mm.mmap_cache = i  # it is looked for soon
    mm.map_count += 1
    i_mmap_insert(k, i)


cdef void vma_unlink(kernel_t *k, mm_t *mm, uint32_t i) noexcept nogil:
    cdef vm_area_t *vma = vma_row(k, i)
    forget_walk(k)
    i_mmap_remove(k, i)
    if vma.vm_prev:
        vma_row(k, vma.vm_prev).vm_next = vma.vm_next
    else:
        mm.mmap = vma.vm_next
    if vma.vm_next:
        vma_row(k, vma.vm_next).vm_prev = vma.vm_prev
    mm.mm_rb = tree_remove(k, mm.mm_rb, i)
    if mm.mmap_cache == i:
        mm.mmap_cache = 0
    mm.map_count -= 1


cdef void vma_resize(kernel_t *k, uint32_t i, uint64_t start, uint64_t end) noexcept nogil:
    # Its place among the others stays.
    cdef vm_area_t *vma = vma_row(k, i)
    cdef mm_t *mm = mm_row(k, vma.vm_mm)
    forget_walk(k)
    vma.vm_start = start
    vma.vm_end = end
    tree_refresh(k, mm.mm_rb, i)
    if vma.vm_next:
        tree_refresh(k, mm.mm_rb, vma.vm_next)


cdef uint32_t copy_vma_row(kernel_t *k, uint32_t i, uint32_t mm) noexcept nogil:
    # vm_area_dup, with what the copy holds: its file, and what `open` counts.
    cdef uint32_t copy = table_alloc(k, T_VMA, sizeof(vm_area_t))
    cdef vm_area_t *vma = vma_row(k, copy)
    if copy == 0:
        return 0
    vma[0] = vma_row(k, i)[0]
    vma.vm_mm = mm
    vma.vm_next = vma.vm_prev = vma.rb_left = vma.rb_right = vma.i_next = vma.i_prev = 0
    vma.faults = 0
    if vma.vm_file:
        file_row(k, vma.vm_file).f_count += 1
    if vm_operations[vma.vm_ops].open != NULL:
        vm_operations[vma.vm_ops].open(k, vma)
    return copy


cdef void remove_vma(kernel_t *k, uint32_t i) noexcept nogil:
    # The last of an area that is in no list any more.
    cdef vm_area_t *vma = vma_row(k, i)
    cdef uint32_t file = vma.vm_file
    if vm_operations[vma.vm_ops].close != NULL:
        vm_operations[vma.vm_ops].close(k, vma)
    table_free(k, T_VMA, i, sizeof(vm_area_t))
    if file:
        fput(k, file)


cdef uint32_t split_vma(kernel_t *k, uint32_t i, uint64_t addr) noexcept nogil:
    # The lower part keeps the row. Precondition: `addr` lies inside.
    cdef vm_area_t *vma = vma_row(k, i)
    cdef mm_t *mm = mm_row(k, vma.vm_mm)
    cdef uint32_t upper
    if mm.map_count >= MAX_MAP_COUNT:
        return 0
    upper = copy_vma_row(k, i, vma.vm_mm)
    if upper == 0:
        return 0
    vma_row(k, upper).vm_start = addr
    vma_row(k, upper).vm_pgoff += (addr - vma.vm_start) >> PAGE_SHIFT
    vma_resize(k, i, vma.vm_start, addr)
    vma_link(k, mm, upper)
    return upper


cdef inline bint anon_vma_mergeable(uint32_t a, uint32_t b) noexcept nogil:
    # is_mergeable_anon_vma: one of them may have no private pages yet, unless the other has them from a parent.
    return a == b or (a == 0 or b == 0) and not ((a | b) & ANON_VMA_FORKED)


cdef inline bint same_kind(vm_area_t *a, vm_area_t *b, uint32_t flags) noexcept nogil:
    # Whether `b` goes on where `a` ends, and nothing tells them apart if `b` had these flags.
    return (a.vm_end == b.vm_start and a.vm_flags == flags and a.vm_file == b.vm_file and a.vm_ops == b.vm_ops
            and a.vm_pgoff + vma_pages(a) == b.vm_pgoff and anon_vma_mergeable(a.anon_vma, b.anon_vma))


cdef inline bint can_merge(kernel_t *k, vm_area_t *a, vm_area_t *b) noexcept nogil:
    # One of two areas goes: what counts its areas is never joined.
    return same_kind(a, b, b.vm_flags) and vm_operations[a.vm_ops].close == NULL


cdef void swallow_next(kernel_t *k, uint32_t i) noexcept nogil:
    cdef vm_area_t *vma = vma_row(k, i)
    cdef uint32_t next = vma.vm_next
    cdef vm_area_t *b = vma_row(k, next)
    cdef uint64_t end = b.vm_end
    vma.faults += b.faults
    if vma.anon_vma == 0:
        vma.anon_vma = b.anon_vma
    vma_unlink(k, mm_row(k, vma.vm_mm), next)
    remove_vma(k, next)
    vma_resize(k, i, vma.vm_start, end)


cdef uint32_t vma_merge(kernel_t *k, uint32_t i) noexcept nogil:
    # The one before comes first: what lies on both sides need not be alike.
    cdef vm_area_t *vma = vma_row(k, i)
    if vma.vm_prev and can_merge(k, vma_row(k, vma.vm_prev), vma):
        i = vma.vm_prev
        swallow_next(k, i)
        vma = vma_row(k, i)
    if vma.vm_next and can_merge(k, vma, vma_row(k, vma.vm_next)):
        swallow_next(k, i)
    return i


cdef uint32_t shift_border(
    kernel_t *k, uint32_t i, uint64_t start, uint64_t end, uint32_t flags
) noexcept nogil:
    # An end of an area, but not all of it, gets other flags and is then like the neighbour: neither of the two goes.
    cdef vm_area_t *vma = vma_row(k, i)
    cdef vm_area_t *other
    cdef vm_area_t part = vma[0]
    if start == vma.vm_start and vma.vm_prev and end < vma.vm_end:
        other = vma_row(k, vma.vm_prev)
        if same_kind(other, vma, flags):
            other.anon_vma |= vma.anon_vma
            vma.vm_pgoff += (end - start) >> PAGE_SHIFT
            vma_resize(k, i, end, vma.vm_end)
            i = vma.vm_prev
            vma_resize(k, i, other.vm_start, end)
            return i
    elif end == vma.vm_end and vma.vm_next and start > vma.vm_start:
        other = vma_row(k, vma.vm_next)
        part.vm_flags = flags
        if same_kind(&part, other, other.vm_flags):
            other.anon_vma |= vma.anon_vma
            other.vm_pgoff -= (end - start) >> PAGE_SHIFT
            vma_resize(k, i, vma.vm_start, start)
            i = vma.vm_next
            vma_resize(k, i, start, other.vm_end)
            return i
    return 0


# ------------------------------------------------------------------------------------------ verify
cdef uint32_t tree_count(kernel_t *k, uint32_t i) noexcept nogil:
    cdef uint32_t n
    cdef uint64_t gap
    if i == 0:
        return 0
    gap = vma_row(k, i).rb_subtree_gap
    n = 1 + tree_count(k, vma_row(k, i).rb_left) + tree_count(k, vma_row(k, i).rb_right)
    update_gap(k, i)
    check(k, gap == vma_row(k, i).rb_subtree_gap, b"vma: gap of a subtree is wrong")
    return n


cdef bint vma_check(kernel_t *k, uint32_t m) noexcept nogil:
    cdef mm_t *mm = mm_row(k, m)
    cdef uint32_t i = mm.mmap, prev = 0, n = 0
    cdef vm_area_t *vma
    while i:
        vma = vma_row(k, i)
        n += 1
        if not (check(k, vma.live and vma.vm_mm == m and vma.vm_prev == prev, b"vma: broken list")
                and check(k, vma.vm_start < vma.vm_end and not ((vma.vm_start | vma.vm_end) & 4095),
                          b"vma: bad bounds")
                and check(k, prev == 0 or vma_row(k, prev).vm_end <= vma.vm_start, b"vma: areas overlap")
                and check(k, find_vma_slow(k, mm, vma.vm_start) == i, b"vma: an area is not found")):
            return False
        prev = i
        i = vma.vm_next
    return check(k, n == mm.map_count and tree_count(k, mm.mm_rb) == n, b"vma: areas miscounted") and k.panic == NULL
