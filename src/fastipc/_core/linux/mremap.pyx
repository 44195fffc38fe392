"""Areas grown, shrunk and moved. Source: mm/mremap.c.

A move makes the new area first, carries the entries over, and removes the old one last.
"""


cdef int64_t check_mremap_params(
    mm_t *mm, uint64_t addr, uint64_t old, uint64_t new, uint64_t flags, uint64_t to
) noexcept nogil:
    # Lengths are whole pages already.
    if flags & ~<uint64_t>(MREMAP_FIXED | MREMAP_MAYMOVE | MREMAP_DONTUNMAP) or addr & (PAGE_SIZE - 1):
        return -EINVAL
    if new == 0 or new > <uint64_t>TASK_SIZE_MAX:
        return -EINVAL
    if not (flags & (MREMAP_FIXED | MREMAP_DONTUNMAP)):
        return 0
    if not (flags & MREMAP_MAYMOVE) or (flags & MREMAP_DONTUNMAP and old != new):
        return -EINVAL
    if to & (PAGE_SIZE - 1) or to > <uint64_t>TASK_SIZE_MAX - new:
        return -EINVAL
    if addr + old > to and to + new > addr:
        return -EINVAL
    return -ENOMEM if mm.map_count + 2 >= MAX_MAP_COUNT - 3 else 0


cdef int64_t check_prep_vma(
    kernel_t *k, task_t *t, mm_t *mm, vm_area_t *vma, uint64_t addr, uint64_t old, uint64_t new, uint64_t flags
) noexcept nogil:
    # What stands against growing or moving. A shrink may cross the end of the area.
    cdef uint64_t more = new - old
    if new <= old and not (flags & (MREMAP_FIXED | MREMAP_DONTUNMAP)):
        return 0
    if old == 0 and not (vma.vm_flags & VM_MAYSHARE):
        return -EINVAL
    if min(old, new) > vma.vm_end - addr:
        return -EFAULT
    if new <= old:
        return 0
    if ((addr - vma.vm_start) >> PAGE_SHIFT) + vma.vm_pgoff + (new >> PAGE_SHIFT) < vma.vm_pgoff:
        return -EINVAL
    if not mlock_future_ok(k, t, mm, vma.vm_flags, more):
        return -EAGAIN
    if not may_expand_vm(k, t, mm, vma.vm_flags, more >> PAGE_SHIFT):
        return -ENOMEM
    if vma.vm_flags & VM_ACCOUNT and not vm_enough_memory(k, more >> PAGE_SHIFT):
        return -ENOMEM
    return 0


cdef bint grow_in_place(kernel_t *k, mm_t *mm, uint32_t i, uint64_t addr, uint64_t old, uint64_t new) noexcept nogil:
    # Whether the area ends where the range does and nothing follows too soon.
    cdef vm_area_t *vma = vma_row(k, i)
    cdef uint64_t end = addr + new
    if addr + old != vma.vm_end or end > <uint64_t>TASK_SIZE_MAX or end < addr:
        return False
    if vma.vm_next and vm_start_gap(vma_row(k, vma.vm_next)) < end:
        return False
    vm_stat_account(mm, vma.vm_flags, <int64_t>((new - old) >> PAGE_SHIFT))
    vma_resize(k, i, vma.vm_start, end)
    i = vma_merge(k, i)
    if vma_row(k, i).vm_flags & VM_LOCKED:
        mm_populate(k, mm, addr + old, end, True)
    return True


cdef int move_page_tables(kernel_t *k, mm_t *mm, uint64_t source, uint64_t to, uint64_t len) noexcept nogil:
    # Every entry keeps its page. A table that cannot be had leaves what was not moved where it is.
    cdef uint64_t done = 0
    cdef uint64_t *pte
    cdef uint64_t *new
    cdef uint64_t entry
    flush_tlb_mm(mm)
    while done < len and mm.pgd:
        pte = pte_offset(k, mm, source + done)
        if pte == NULL:
            done = next_present(k, mm, source + done, source + len) - source
            continue
        if pte[0]:
            new = pte_alloc(k, mm, to + done)
            if new == NULL:
                return -ENOMEM
            entry = pte[0]
            set_pte(k, pte, 0)
            set_pte(k, new, entry)
            pte_unused(k, mm, source + done)
        done += PAGE_SIZE
    return 0


cdef void dontunmap_complete(mm_t *mm, vm_area_t *vma, uint64_t addr, uint64_t len) noexcept nogil:
    # What is left behind is not locked, all of its area, and one that gave all it had holds nothing private.
    vm_stat_account(mm, vma.vm_flags, -<int64_t>vma_pages(vma))
    vma.vm_flags &= ~<uint32_t>VM_LOCKED
    vm_stat_account(mm, vma.vm_flags, <int64_t>vma_pages(vma))
    if vma.vm_start == addr and vma.vm_end == addr + len:
        vma.anon_vma = 0


cdef int64_t move_vma(
    kernel_t *k, task_t *t, mm_t *mm, uint32_t i, uint64_t addr, uint64_t old, uint64_t new, uint64_t to,
    uint64_t flags
) noexcept nogil:
    # Precondition: the new place is free.
    cdef uint32_t copy, vm_flags = vma_row(k, i).vm_flags
    cdef vm_area_t *vma
    cdef uint64_t pgoff = vma_row(k, i).vm_pgoff + ((addr - vma_row(k, i).vm_start) >> PAGE_SHIFT)
    cdef int64_t err
    if mm.map_count >= MAX_MAP_COUNT - 3:
        return -ENOMEM
    copy = copy_vma_row(k, i, vma_row(k, i).vm_mm)
    if copy == 0:
        return -alloc_errno(k, ENOMEM)
    vma = vma_row(k, copy)
    vma.vm_start = to
    vma.vm_end = to + new
    vma.vm_pgoff = to >> PAGE_SHIFT if vma.vm_ops == ANON_VM_OPS and vma.vm_file == 0 and vma.anon_vma == 0 else pgoff
    vma_link(k, mm, copy)
    vm_stat_account(mm, vm_flags, <int64_t>(new >> PAGE_SHIFT))
    err = move_page_tables(k, mm, addr, to, old)
    if err == 0 and not (flags & MREMAP_DONTUNMAP) and old:
        err = do_munmap(k, mm, addr, old)
    if err:  # back, over tables that are still there or can be had again
        move_page_tables(k, mm, to, addr, old)
        do_munmap(k, mm, to, new)
        return -alloc_errno(k, ENOMEM)
    vma_merge(k, copy)
    if flags & MREMAP_DONTUNMAP:  # the area may be one with its copy by now
        dontunmap_complete(mm, vma_row(k, find_vma(k, mm, addr)), addr, old)
    if vm_flags & VM_LOCKED and new > old:
        mm_populate(k, mm, to + old, to + new, True)
    return <int64_t>to


cdef int64_t place_and_move(
    kernel_t *k, task_t *t, mm_t *mm, uint32_t i, uint64_t addr, uint64_t old, uint64_t new, uint64_t to,
    uint64_t flags
) noexcept nogil:
    # vrm_set_new_addr: `to` is a hint, or fixed.
    cdef vm_area_t *vma = vma_row(k, i)
    cdef uint64_t pgoff = vma.vm_pgoff + ((addr - vma.vm_start) >> PAGE_SHIFT)
    cdef uint64_t how = MAP_SHARED if vma.vm_flags & VM_MAYSHARE else MAP_PRIVATE
    cdef int64_t place = find_place(
        k, t, mm, vma.vm_file, to, new, pgoff, how | MAP_FIXED if flags & MREMAP_FIXED else how)
    return move_vma(k, t, mm, i, addr, old, new, <uint64_t>place, flags) if place >= 0 else place


cdef int64_t mremap_to(
    kernel_t *k, task_t *t, mm_t *mm, uint64_t addr, uint64_t old, uint64_t new, uint64_t flags, uint64_t to
) noexcept nogil:
    # What is at a fixed place goes, and what is cut off goes.
    cdef uint32_t i
    cdef int64_t err = 0
    if flags & MREMAP_FIXED:
        err = do_munmap(k, mm, to, new)
    if err == 0 and old > new:
        err = vm_munmap(k, t, addr + new, old - new)
        old = new
    if err:
        return err
    i = find_vma(k, mm, addr)
    if flags & MREMAP_DONTUNMAP and not may_expand_vm(k, t, mm, vma_row(k, i).vm_flags, old >> PAGE_SHIFT):
        return -ENOMEM
    return place_and_move(k, t, mm, i, addr, old, new, to, flags)


cdef int64_t remap_move(
    kernel_t *k, task_t *t, mm_t *mm, uint64_t addr, uint64_t len, uint64_t flags, uint64_t to
) noexcept nogil:
    # A fixed place and no other length: several areas may go, and the holes between them. The range begins in an area.
    cdef uint32_t i = find_vma_intersection(k, mm, addr, addr + len)
    cdef uint64_t at = addr, end = addr + len, stop
    cdef int64_t err
    if i == 0 or vma_row(k, i).vm_start > addr:
        return -EFAULT
    while i:
        if vma_row(k, i).vm_ops == SHM_VM_OPS and (at > addr or vma_row(k, i).vm_end < end):
            return -EFAULT
        at = max(addr, vma_row(k, i).vm_start)
        stop = min(end, vma_row(k, i).vm_end)
        err = check_prep_vma(k, t, mm, vma_row(k, i), at, stop - at, stop - at, flags)
        if err == 0:
            err = mremap_to(k, t, mm, at, stop - at, stop - at, flags, to + (at - addr))
        if err < 0:
            return err
        at = stop
        i = find_vma_intersection(k, mm, at, end) if at < end else 0
    return <int64_t>to


cdef int64_t do_mremap(
    kernel_t *k, task_t *t, uint64_t addr, uint64_t old, uint64_t new, uint64_t flags, uint64_t to
) noexcept nogil:
    cdef mm_t *mm = mm_row(k, t.mm)
    cdef uint32_t i
    cdef int64_t err
    old = page_align(old)
    new = page_align(new)
    err = check_mremap_params(mm, addr, old, new, flags, to)
    if err:
        return err
    mm = mm_own(k, t)
    if mm == NULL:
        return -alloc_errno(k, ENOMEM)
    if flags & MREMAP_FIXED and old == new:
        return remap_move(k, t, mm, addr, old, flags, to)
    i = find_vma(k, mm, addr)
    if i == 0 or vma_row(k, i).vm_start > addr:
        return -EFAULT
    err = check_prep_vma(k, t, mm, vma_row(k, i), addr, old, new, flags)
    if err:
        return err
    if flags & (MREMAP_FIXED | MREMAP_DONTUNMAP):
        return mremap_to(k, t, mm, addr, old, new, flags, to)
    if new <= old:
        if old > new:
            err = vm_munmap(k, t, addr + new, old - new)  # `old` may be more than there can be
        return err if err else <int64_t>addr
    if old and grow_in_place(k, mm, i, addr, old, new):
        return <int64_t>addr
    if not (flags & MREMAP_MAYMOVE):
        return -ENOMEM
    return place_and_move(k, t, mm, i, addr, old, new, 0, flags)
