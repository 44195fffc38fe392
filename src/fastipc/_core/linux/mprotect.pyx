"""Rights, locks and advice for a range of areas. Source: mm/mprotect.c, mm/mlock.c, mm/madvise.c, mm/msync.c.

Each goes from area to area; what was changed before an error stays changed, as on Linux.
"""


# ------------------------------------------------------------------------------------------ one area
cdef uint32_t vma_modify(
    kernel_t *k, mm_t *mm, uint32_t i, uint64_t start, uint64_t end, uint32_t flags
) noexcept nogil:
    # The part of an area between two addresses gets other flags: split off, changed, joined. 0: see alloc_errno.
    cdef vm_area_t *vma = vma_row(k, i)
    cdef uint32_t part = shift_border(k, i, start, end, flags), old = vma.vm_flags
    if part:
        vm_stat_account(mm, old, -<int64_t>((end - start) >> PAGE_SHIFT))
        vm_stat_account(mm, flags, <int64_t>((end - start) >> PAGE_SHIFT))
        if (old ^ flags) & VM_ACCESS_FLAGS:
            change_protection(k, mm, vma_row(k, part), start, end)
        return part
    part = i
    if vma.vm_start < start:
        part = split_vma(k, i, start)
        if part == 0:
            return 0
    if vma_row(k, part).vm_end > end and split_vma(k, part, end) == 0:
        vma_merge(k, part)
        return 0
    vma = vma_row(k, part)
    vm_stat_account(mm, old, -<int64_t>vma_pages(vma))
    vma.vm_flags = flags
    vm_stat_account(mm, flags, <int64_t>vma_pages(vma))
    if vma.vm_flags & VM_GROWSDOWN != old & VM_GROWSDOWN:
        vma_resize(k, part, vma.vm_start, vma.vm_end)
    if (old ^ flags) & VM_ACCESS_FLAGS:
        vma_set_page_prot(k, vma)
        change_protection(k, mm, vma, vma.vm_start, vma.vm_end)
    return vma_merge(k, part)


# ------------------------------------------------------------------------------------------ mprotect
cdef int64_t mprotect_fixup(
    kernel_t *k, task_t *t, mm_t *mm, uint32_t i, uint64_t start, uint64_t end, uint32_t flags
) noexcept nogil:
    cdef uint32_t old = vma_row(k, i).vm_flags
    cdef uint64_t pages = (end - start) >> PAGE_SHIFT
    if flags == old:
        return 0
    if flags & VM_WRITE:
        if not may_expand_vm(k, t, mm, flags, pages) and may_expand_vm(k, t, mm, old, pages):
            return -ENOMEM
        if not (old & (VM_ACCOUNT | VM_WRITE | VM_SHARED | VM_NORESERVE)):
            if not vm_enough_memory(k, pages):
                return -ENOMEM
            flags |= VM_ACCOUNT
    elif old & VM_ACCOUNT and vma_row(k, i).vm_ops == ANON_VM_OPS and vma_row(k, i).anon_vma == 0:
        flags &= ~<uint32_t>VM_ACCOUNT  # it holds nothing
    i = vma_modify(k, mm, i, start, end, flags)
    if i == 0:
        return -alloc_errno(k, ENOMEM)
    if (old & (VM_WRITE | VM_SHARED | VM_LOCKED)) == VM_LOCKED and flags & VM_WRITE:
        mm_populate(k, mm, start, end, True)
    return 0


cdef int64_t do_mprotect(kernel_t *k, task_t *t, uint64_t start, uint64_t len, uint64_t prot) noexcept nogil:
    cdef uint64_t grows = prot & (PROT_GROWSDOWN | PROT_GROWSUP), end, stop
    cdef mm_t *mm
    cdef uint32_t i, flags
    cdef int64_t err = 0
    prot &= ~<uint64_t>(PROT_GROWSDOWN | PROT_GROWSUP)
    if grows == PROT_GROWSDOWN | PROT_GROWSUP or start & (PAGE_SIZE - 1):
        return -EINVAL
    if len == 0:
        return 0
    end = start + page_align(len)
    if end <= start:
        return -ENOMEM
    if prot & ~<uint64_t>(PROT_READ | PROT_WRITE | PROT_EXEC | PROT_SEM):
        return -EINVAL
    mm = mm_own(k, t)
    if mm == NULL:
        return -alloc_errno(k, ENOMEM)
    i = find_vma_intersection(k, mm, start, end)
    if i == 0:
        return -ENOMEM
    if grows & PROT_GROWSDOWN:
        start = vma_row(k, i).vm_start
        if not (vma_row(k, i).vm_flags & VM_GROWSDOWN):
            return -EINVAL
    elif vma_row(k, i).vm_start > start:
        return -ENOMEM
    elif grows:
        return -EINVAL  # nothing grows upwards here
    while err == 0 and start < end:
        i = find_vma(k, mm, start)
        if i == 0 or vma_row(k, i).vm_start > start:
            return -ENOMEM
        flags = vma_row(k, i).vm_flags & ~<uint32_t>VM_ACCESS_FLAGS | <uint32_t>prot & VM_ACCESS_FLAGS
        if flags & ~(flags >> 4) & VM_ACCESS_FLAGS:
            return -EACCES
        stop = min(end, vma_row(k, i).vm_end)
        err = mprotect_fixup(k, t, mm, i, start, stop, flags)
        start = stop
    return err


# ------------------------------------------------------------------------------------------ mlock
cdef int64_t apply_lock(kernel_t *k, mm_t *mm, uint64_t start, uint64_t end, bint lock) noexcept nogil:
    cdef uint32_t i, flags
    cdef uint64_t stop
    while start < end:
        i = find_vma(k, mm, start)
        if i == 0 or vma_row(k, i).vm_start > start:
            return -ENOMEM
        stop = min(end, vma_row(k, i).vm_end)
        flags = vma_row(k, i).vm_flags & ~<uint32_t>VM_LOCKED | (VM_LOCKED if lock else 0)
        if flags != vma_row(k, i).vm_flags and vma_modify(k, mm, i, start, stop, flags) == 0:
            return -alloc_errno(k, ENOMEM)
        start = stop
    return 0


cdef uint64_t locked_inside(kernel_t *k, mm_t *mm, uint64_t start, uint64_t end) noexcept nogil:
    # Pages of a range that are locked already.
    cdef uint32_t i = find_vma(k, mm, start)
    cdef uint64_t n = 0
    while i and vma_row(k, i).vm_start < end:
        if vma_row(k, i).vm_flags & VM_LOCKED:
            n += (min(end, vma_row(k, i).vm_end) - max(start, vma_row(k, i).vm_start)) >> PAGE_SHIFT
        i = vma_row(k, i).vm_next
    return n


cdef int64_t do_mlock(kernel_t *k, task_t *t, uint64_t start, uint64_t len, bint lock) noexcept nogil:
    cdef mm_t *mm
    cdef uint64_t end, pages
    cdef int64_t err
    if lock and not can_do_mlock(k, t):
        return -EPERM
    len = page_align(len + (start & (PAGE_SIZE - 1)))
    start &= ~<uint64_t>(PAGE_SIZE - 1)
    end = start + len
    mm = mm_own(k, t)
    if mm == NULL:
        return -alloc_errno(k, ENOMEM)
    if lock and not capable(k, t, CAP_IPC_LOCK):
        pages = mm.locked_vm + (len >> PAGE_SHIFT)
        if pages > rlimit_pages(k, t, RLIMIT_MEMLOCK):
            pages -= locked_inside(k, mm, start, end)
        if pages > rlimit_pages(k, t, RLIMIT_MEMLOCK):
            return -ENOMEM
    if end < start:
        return -EINVAL
    err = apply_lock(k, mm, start, end, lock)
    if err == 0 and lock:  # __mlock_posix_error_return
        err = mm_populate(k, mm, start, end, False)
        err = -EAGAIN if err == -ENOMEM else -ENOMEM if err else 0
    return err


# ------------------------------------------------------------------------------------------ madvise
cdef int64_t advise(kernel_t *k, mm_t *mm, uint32_t i, uint64_t start, uint64_t end, int64_t advice) noexcept nogil:
    cdef vm_area_t *vma = vma_row(k, i)
    cdef uint32_t flags = vma.vm_flags
    if advice == MADV_DONTNEED:
        if flags & VM_LOCKED:
            return -EINVAL
        zap_page_range(k, mm, start, end, True)
    elif advice == MADV_DONTFORK or advice == MADV_DOFORK:
        flags = flags | VM_DONTCOPY if advice == MADV_DONTFORK else flags & ~<uint32_t>VM_DONTCOPY
        if flags != vma.vm_flags and vma_modify(k, mm, i, start, end, flags) == 0:
            return -alloc_errno(k, ENOMEM)
    return 0


cdef int64_t do_madvise(kernel_t *k, task_t *t, uint64_t start, uint64_t len, int64_t advice) noexcept nogil:
    # A hole is told at the end; the areas around it are done. Missing: MADV_FREE, MADV_REMOVE and whatever is about the
    # hardware; advice about reading ahead changes nothing.
    cdef mm_t *mm
    cdef uint64_t end = start + page_align(len), stop
    cdef int64_t err = 0, hole = 0
    cdef uint32_t i
    if not (MADV_NORMAL <= advice <= MADV_DONTNEED or advice == MADV_DONTFORK or advice == MADV_DOFORK):
        return -EINVAL
    if start & (PAGE_SIZE - 1) or (len and page_align(len) == 0) or end < start:
        return -EINVAL
    if end == start:
        return 0
    mm = mm_own(k, t)
    if mm == NULL:
        return -alloc_errno(k, ENOMEM)
    while err == 0 and start < end:
        i = find_vma(k, mm, start)
        if i == 0 or vma_row(k, i).vm_start >= end:
            return -ENOMEM
        if vma_row(k, i).vm_start > start:
            hole = -ENOMEM
            start = vma_row(k, i).vm_start
        stop = min(end, vma_row(k, i).vm_end)
        err = advise(k, mm, i, start, stop, advice)
        start = stop
    return err if err else hole


cdef int64_t do_msync(kernel_t *k, task_t *t, uint64_t start, uint64_t len, int64_t flags) noexcept nogil:
    # Everything is where it belongs at once: only the checks are left.
    cdef uint64_t end = start + page_align(len)
    cdef uint32_t i
    cdef int64_t hole = 0
    cdef mm_t *mm = mm_row(k, t.mm)
    if flags & ~<int64_t>(MS_ASYNC | MS_INVALIDATE | MS_SYNC) or start & (PAGE_SIZE - 1):
        return -EINVAL
    if flags & MS_ASYNC and flags & MS_SYNC:
        return -EINVAL
    if end < start:
        return -ENOMEM
    while start < end:
        i = find_vma(k, mm, start)
        if i == 0 or vma_row(k, i).vm_start >= end:
            return -ENOMEM
        if vma_row(k, i).vm_start > start:
            hole = -ENOMEM
        if flags & MS_INVALIDATE and vma_row(k, i).vm_flags & VM_LOCKED:
            return -EBUSY
        start = vma_row(k, i).vm_end
    return hole
