"""Faults: pages brought in, copied on write, taken away. Source: mm/memory.c, mm/rmap.c, arch/x86/mm/fault.c.

A page of a file is referred to by the page cache and by each entry that maps it; a private page (`mapping` 0) by its
entries alone. One that no fork has shared since, or with one reference, belongs to whoever writes; any other is copied
first. What was only read of private memory is the page of zeros, which is no row at all.
"""


cdef enum:
    FAULT_AROUND_PAGES = 16


# ------------------------------------------------------------------------------------------ entries
cdef void vma_set_page_prot(kernel_t *k, vm_area_t *vma) noexcept nogil:
    # What an entry of the area allows: of a private one, and of a file on a disk, whose times move with the first write
    # to a page, no write at first. To be called whenever the area's rights or operations change.
    cdef bint on_disk = vma.vm_file != 0 and super_block_row(
        k, inode_row(k, file_row(k, vma.vm_file).inode).i_sb).s_type == FS_EXT4
    forget_walk(k)
    vma.vm_page_prot = PTE_USER if vma.vm_flags & VM_ACCESS_FLAGS else 0
    if vma.vm_flags & (VM_SHARED | VM_WRITE) == VM_SHARED | VM_WRITE and not on_disk:
        vma.vm_page_prot |= PTE_RW


cdef inline void page_mkwrite(kernel_t *k, vm_area_t *vma) noexcept nogil:
    # A shared page is written to for the first time: only a file on a disk wants to know.
    if not (vma.vm_page_prot & PTE_RW):
        file_update_time(k, inode_row(k, file_row(k, vma.vm_file).inode))


cdef inline void install_page(kernel_t *k, mm_t *mm, uint64_t *pte, uint32_t page, uint64_t flags) noexcept nogil:
    # Takes over a reference.
    set_pte(k, pte, mk_pte(page, flags | PTE_ACCESSED))
    if page:
        rss_counter(mm, page_row(k, page))[0] += 1


cdef inline void drop_pte(kernel_t *k, mm_t *mm, uint64_t *pte) noexcept nogil:
    # The caller counts it out of its table.
    cdef uint32_t page = pte_page(pte[0])
    if page:
        rss_counter(mm, page_row(k, page))[0] -= 1
        put_page(k, page)
    pte[0] = 0


# ------------------------------------------------------------------------------------------ private memory
cdef void anon_vma_prepare(kernel_t *k, vm_area_t *vma) noexcept nogil:
    # The number of a neighbour that it could be joined with but for its access rights, else a new one.
    cdef vm_area_t *next = vma_row(k, vma.vm_next)
    cdef vm_area_t *prev = vma_row(k, vma.vm_prev)
    if vma.anon_vma:
        return
    if vma.vm_next and reusable(next.anon_vma) and anon_vma_compatible(vma, next):
        vma.anon_vma = next.anon_vma
    elif vma.vm_prev and reusable(prev.anon_vma) and anon_vma_compatible(prev, vma):
        vma.anon_vma = prev.anon_vma
    else:
        k.last_anon_vma = k.last_anon_vma + 1 & ~<uint32_t>ANON_VMA_FORKED
        vma.anon_vma = k.last_anon_vma


cdef inline bint reusable(uint32_t anon_vma) noexcept nogil:
    return anon_vma != 0 and not (anon_vma & ANON_VMA_FORKED)


cdef inline bint anon_vma_compatible(vm_area_t *a, vm_area_t *b) noexcept nogil:
    return (a.vm_end == b.vm_start and a.vm_file == b.vm_file and not ((a.vm_flags ^ b.vm_flags) & ~VM_ACCESS_FLAGS)
            and b.vm_pgoff == a.vm_pgoff + vma_pages(a))


cdef int do_anonymous_page(kernel_t *k, mm_t *mm, vm_area_t *vma, uint64_t *pte, bint write) noexcept nogil:
    cdef uint32_t page = 0
    if write:
        page = alloc_zeroed_page(k)
        if page == 0:
            return FAULT_OOM
        anon_vma_prepare(k, vma)
        page_row(k, page).flags |= PG_ANON_EXCLUSIVE
    install_page(k, mm, pte, page, PTE_USER | (PTE_RW | PTE_DIRTY if write else 0))
    return 0


cdef uint8_t[9] restore_rt = [0x48, 0xc7, 0xc0, 0x0f, 0, 0, 0, 0x0f, 0x05]  # mov $__NR_rt_sigreturn, %rax; syscall


cdef int do_vdso_page(kernel_t *k, mm_t *mm, vm_area_t *vma, uint64_t *pte) noexcept nogil:
    cdef uint32_t page = alloc_zeroed_page(k)
    if page == 0:
        return FAULT_OOM
    page_row(k, page).flags |= PG_TOUCHED
    memcpy(page_address(k, page) + (VDSO_RESTORE - VDSO_START), restore_rt, RESTORE_SIZE)
    anon_vma_prepare(k, vma)
    install_page(k, mm, pte, page, PTE_USER)
    return 0


cdef bint is_restorer(kernel_t *k, task_t *t, uint64_t addr) noexcept nogil:
    # Whether the code at an address calls rt_sigreturn. The machine's own need not be looked at.
    cdef uint8_t[9] code
    if addr == <uint64_t>VDSO_RESTORE:
        return True
    return get_user(k, t, code, addr, RESTORE_SIZE) == 0 and memcmp(code, restore_rt, RESTORE_SIZE) == 0


cdef uint32_t copy_of_page(kernel_t *k, const char *source) noexcept nogil:
    cdef uint32_t page = alloc_page(k)
    if page:
        page_row(k, page).flags |= PG_TOUCHED
        memcpy(page_address(k, page), source, PAGE_SIZE)
    return page


cdef int wp_page_copy(kernel_t *k, mm_t *mm, vm_area_t *vma, uint64_t *pte) noexcept nogil:
    cdef uint32_t old = pte_page(pte[0])
    cdef uint32_t page = copy_of_page(k, page_address(k, old)) if old else alloc_zeroed_page(k)
    if page == 0:
        return FAULT_OOM
    anon_vma_prepare(k, vma)
    page_row(k, page).flags |= PG_ANON_EXCLUSIVE
    drop_pte(k, mm, pte)
    pte[0] = mk_pte(page, PTE_USER | PTE_RW | PTE_DIRTY | PTE_ACCESSED)
    mm.rss[MM_ANONPAGES] += 1
    return 0


cdef int do_wp_page(kernel_t *k, mm_t *mm, vm_area_t *vma, uint64_t *pte) noexcept nogil:
    # A write to what is present and read-only.
    cdef uint32_t page = pte_page(pte[0])
    if vma.vm_flags & VM_SHARED:
        page_mkwrite(k, vma)
    elif page == 0 or page_row(k, page).mapping:
        return wp_page_copy(k, mm, vma, pte)
    elif not (page_row(k, page).flags & PG_ANON_EXCLUSIVE):
        if page_row(k, page).refcount > 1:
            return wp_page_copy(k, mm, vma, pte)
        page_row(k, page).flags |= PG_ANON_EXCLUSIVE
    pte[0] |= PTE_RW | PTE_DIRTY | PTE_USER
    return 0


# ------------------------------------------------------------------------------------------ files
cdef uint32_t filemap_fault(kernel_t *k, vm_area_t *vma, uint64_t pgoff, int *err) noexcept nogil:
    # shmem_fault too: a place of the file without a page gets one, also by reading.
    cdef uint32_t i = file_row(k, vma.vm_file).inode, page
    if pgoff >= (inode_row(k, i).i_size + PAGE_SIZE - 1) >> PAGE_SHIFT:
        err[0] = FAULT_SIGBUS
        return 0
    page = find_or_create_page(k, i, pgoff)
    if page == 0:
        err[0] = FAULT_SIGBUS if alloc_errno(k, ENOMEM) == ENOSPC else FAULT_OOM
    return page


cdef bint do_fault_around(kernel_t *k, mm_t *mm, vm_area_t *vma, uint64_t addr, uint64_t *pte) noexcept nogil:
    # filemap_map_pages: a read maps the pages of the file around it that are in memory: 16 of one table, from an
    # aligned one or the area's first on. Whether its own was.
    cdef uint64_t at = max(addr & ~<uint64_t>(FAULT_AROUND_PAGES * PAGE_SIZE - 1), vma.vm_start)
    cdef uint64_t end = min(at + FAULT_AROUND_PAGES * PAGE_SIZE, next_table(addr, vma.vm_end))
    cdef inode_t *inode = inode_row(k, file_row(k, vma.vm_file).inode)
    cdef uint64_t index, size = (inode.i_size + PAGE_SIZE - 1) >> PAGE_SHIFT
    cdef uint64_t *entry
    cdef uint32_t page
    while at < end:
        entry = pte + <int64_t>(at - addr) // PAGE_SIZE
        index = vma.vm_pgoff + ((at - vma.vm_start) >> PAGE_SHIFT)
        page = find_page(k, inode, index) if entry[0] == 0 and index < size else 0
        if page:
            get_page(k, page)
            install_page(k, mm, entry, page, vma.vm_page_prot)
        at += PAGE_SIZE
    return pte[0] != 0


cdef int do_cow_fault(kernel_t *k, mm_t *mm, vm_area_t *vma, uint64_t *pte, uint32_t page) noexcept nogil:
    cdef uint32_t copy = copy_of_page(k, page_address(k, page))
    if copy == 0:
        return FAULT_OOM
    anon_vma_prepare(k, vma)
    page_row(k, copy).flags |= PG_ANON_EXCLUSIVE
    install_page(k, mm, pte, copy, PTE_USER | PTE_RW | PTE_DIRTY)
    return 0


cdef int do_fault(kernel_t *k, mm_t *mm, vm_area_t *vma, uint64_t addr, uint64_t *pte, bint write) noexcept nogil:
    cdef uint64_t flags, pgoff = vma.vm_pgoff + ((addr - vma.vm_start) >> PAGE_SHIFT)
    cdef uint32_t page
    cdef int err = 0
    if not write and vma.vm_ops == SHMEM_VM_OPS and do_fault_around(k, mm, vma, addr, pte):
        return 0
    page = vm_operations[vma.vm_ops].fault(k, vma, pgoff, &err)
    if page == 0:
        return err
    if write and not (vma.vm_flags & VM_SHARED):
        return do_cow_fault(k, mm, vma, pte, page)
    flags = vma.vm_page_prot
    if write:
        page_mkwrite(k, vma)
        flags |= PTE_RW | PTE_DIRTY
    get_page(k, page)
    install_page(k, mm, pte, page, flags)
    return 0


# ------------------------------------------------------------------------------------------ the fault itself
cdef int handle_mm_fault(kernel_t *k, mm_t *mm, uint32_t i, uint64_t addr, bint write) noexcept nogil:
    # Bring the page of an address in, for an access that the area allows.
    cdef vm_area_t *vma = vma_row(k, i)
    cdef uint64_t *pte
    cdef int err
    addr &= ~<uint64_t>(PAGE_SIZE - 1)
    pte = pte_found(k, mm, addr)
    if unlikely(pte == NULL):
        pte = pte_alloc(k, mm, addr)
        if pte == NULL:
            return FAULT_OOM
        pte_remember(k, mm, addr, pte)
    count_fault(k, mm, vma)
    if pte[0]:
        err = do_wp_page(k, mm, vma, pte) if write and not (pte[0] & PTE_RW) else 0
    elif vma.vm_ops == ANON_VM_OPS:
        err = do_anonymous_page(k, mm, vma, pte, write)
    elif vma.vm_ops == VDSO_VM_OPS:
        err = do_vdso_page(k, mm, vma, pte)
    else:
        err = do_fault(k, mm, vma, addr, pte, write)
    if err:
        pte_unused(k, mm, addr)
        return err
    tlb_fill(k, mm, addr, pte_address(k, pte[0]), pte[0] & PTE_RW != 0)
    return 0


cdef inline bint access_error(vm_area_t *vma, bint write) noexcept nogil:
    if write:
        return not (vma.vm_flags & VM_WRITE)
    return not (vma.vm_flags & VM_ACCESS_FLAGS)  # x86 can read whatever may be touched at all


cdef enum:
    NOT_SHORT = -1


cdef inline int do_shared_fault(
    kernel_t *k, mm_t *mm, vm_area_t *vma, uint64_t addr, uint64_t *pte, bint write
) noexcept nogil:
    # The short way of `handle_mm_fault`, for nearly all faults of shared memory: nothing is mapped yet, no pages around
    # are to be, and nobody wants to know of a first write. 0 or a FAULT_; NOT_SHORT, with nothing done, if not so.
    cdef inode_t *inode = inode_row(k, file_row(k, vma.vm_file).inode)
    cdef uint64_t pgoff = vma.vm_pgoff + ((addr - vma.vm_start) >> PAGE_SHIFT)
    cdef uint32_t *slot = xa_slot(k, inode.i_pages, pgoff)
    cdef uint32_t page = slot[0] if slot else 0
    cdef bint found = page != 0
    cdef int err = 0
    if (not (vma.vm_flags & VM_SHARED) or vma.vm_ops != SHM_VM_OPS and not write
            or write and not (vma.vm_page_prot & PTE_RW) or pgoff >= (inode.i_size + PAGE_SIZE - 1) >> PAGE_SHIFT):
        return NOT_SHORT
    count_fault(k, mm, vma)
    if not found:
        page = vm_operations[vma.vm_ops].fault(k, vma, pgoff, &err)
        if page == 0:
            return err
    get_page(k, page)
    install_page(k, mm, pte, page, vma.vm_page_prot | (PTE_DIRTY if write else 0))
    tlb_fill(k, mm, addr, page_address(k, page), pte[0] & PTE_RW != 0)
    if found and page_row(k, page).flags & PG_SHMEM:
        remember_near(k, mm, vma, addr, pte, slot, inode)
    return 0


cdef void remember_near(
    kernel_t *k, mm_t *mm, vm_area_t *vma, uint64_t addr, uint64_t *pte, uint32_t *slot, inode_t *inode
) noexcept nogil:
    # For linux/memory_near.pxd: as many pages around as are in one table, one node of the page cache, area, and file.
    cdef near_t *near = &k.near
    cdef uint64_t first = (addr - vma.vm_start) >> PAGE_SHIFT, pgoff = vma.vm_pgoff + first
    cdef uint64_t in_table = addr >> PAGE_SHIFT & (PTRS_PER_TABLE - 1)
    cdef uint64_t back = min(min(pgoff & 63, in_table), first)
    cdef uint64_t after = min(min(64 - (pgoff & 63), PTRS_PER_TABLE - in_table), vma_pages(vma) - first)
    after = min(after, ((inode.i_size + PAGE_SIZE - 1) >> PAGE_SHIFT) - pgoff)
    near.tag = tlb_tag(mm, addr - (back << PAGE_SHIFT))
    near.pages[0] = back + after if vma.vm_ops == SHM_VM_OPS else 0
    near.pages[1] = back + after if vma.vm_page_prot & PTE_RW else 0
    near.entry[0] = vma.vm_page_prot | PTE_PRESENT | PTE_ACCESSED
    near.entry[1] = near.entry[0] | PTE_DIRTY
    near.pte = pte - back
    near.slots = slot - back
    near.table = page_row(k, table_of(k, pte))
    near.vma = vma
    near.frames = k.frames - PAGE_SIZE


cdef int handle_fault(kernel_t *k, task_t *t, uint64_t addr, bint write) noexcept nogil:
    # do_user_addr_fault: what an access of the program needs that the TLB could not answer.
    cdef mm_t *mm = mm_row(k, t.mm)
    cdef uint32_t i
    cdef int err
    cdef uint64_t *pte
    if addr >= <uint64_t>TASK_SIZE_MAX:
        return FAULT_MAPERR
    i = find_vma(k, mm, addr)
    if i == 0:
        return FAULT_MAPERR
    if unlikely(addr < vma_row(k, i).vm_start):
        if not vma_row(k, i).vm_flags & VM_GROWSDOWN:
            return FAULT_MAPERR
    elif access_error(vma_row(k, i), write):
        return FAULT_ACCERR
    pte = pte_found(k, mm, addr)
    if pte == NULL:
        pte = pte_offset(k, mm, addr)
        if pte != NULL:
            pte_remember(k, mm, addr, pte)
    if pte != NULL and pte[0] and (pte[0] & PTE_RW or not write):  # only the TLB had lost it
        tlb_fill(k, mm, addr, pte_address(k, pte[0]), pte[0] & PTE_RW != 0)
        return 0
    if pte != NULL and pte[0] == 0 and vma_row(k, i).vm_file:
        err = do_shared_fault(k, mm, vma_row(k, i), addr, pte, write)
        if err != NOT_SHORT:
            return err
    if unlikely(t.mm == k.init_mm):
        mm = mm_own(k, t)
        if mm == NULL:
            return FAULT_OOM
        i = find_vma(k, mm, addr)
    if unlikely(addr < vma_row(k, i).vm_start):
        if expand_stack(k, t, i, addr) < 0:
            return FAULT_MAPERR
        if access_error(vma_row(k, i), write):
            return FAULT_ACCERR
    return handle_mm_fault(k, mm, i, addr, write)


# ------------------------------------------------------------------------------------------ taking away
cdef inline uint32_t zap_ptes(
    kernel_t *k, mm_t *mm, uint64_t *pte, uint64_t *end, uint32_t left, bint even_cows
) noexcept nogil:
    # Entries of one table that has `left`, which is not 0; how many it has then. Of the counters only one is likely.
    cdef uint64_t shmem = 0
    cdef uint32_t page
    while pte != end:
        page = pte_page(pte[0])
        if pte[0] and (even_cows or page and page_row(k, page).mapping):
            if page:
                if page_row(k, page).flags & PG_SHMEM:
                    shmem += 1
                else:
                    rss_counter(mm, page_row(k, page))[0] -= 1
                put_page(k, page)
            pte[0] = 0
            left -= 1
            if left == 0:
                break
        pte += 1
    mm.rss[MM_SHMEMPAGES] -= shmem
    return left


cdef void zap_page_range(kernel_t *k, mm_t *mm, uint64_t start, uint64_t end, bint even_cows) noexcept nogil:
    cdef uint64_t *pte
    cdef uint64_t stop, at = start
    cdef uint32_t left
    cdef page_t *table
    if mm.pgd == 0:
        return
    flush_tlb_mm(mm)
    update_hiwater_rss(mm)
    while at < end and mm.pgd:
        stop = next_table(at, end)
        pte = pte_offset(k, mm, at)
        if pte == NULL:
            at = next_present(k, mm, at, end)
            continue
        table = page_row(k, table_of(k, pte))
        left = zap_ptes(k, mm, pte, pte + ((stop - at) >> PAGE_SHIFT), table.index, even_cows)
        at = stop
        table.index = left
        if left == 0:
            pte_unused(k, mm, stop - PAGE_SIZE)


cdef uint64_t next_present(kernel_t *k, mm_t *mm, uint64_t addr, uint64_t end) noexcept nogil:
    # Past the hole in the tables at an address: by as much as the table that is missing would cover.
    cdef uint32_t[4] tables
    cdef int level = 1
    cdef uint64_t size
    walk_tables(k, mm, addr, tables)
    while level < 4 and tables[level]:
        level += 1
    size = <uint64_t>1 << (PGDIR_SHIFT - 9 * (level - 1))
    return min((addr & ~(size - 1)) + size, end)


cdef void unmap_mapping_range(
    kernel_t *k, inode_t *inode, uint64_t first, uint64_t last, bint even_cows
) noexcept nogil:
    # Pages of a file go: nobody may have them mapped. `even_cows`: private copies go too.
    cdef uint32_t i = inode.i_mmap
    cdef vm_area_t *vma
    cdef uint64_t low, high
    while i:
        vma = vma_row(k, i)
        low = max(first, vma.vm_pgoff)
        high = min(last, vma.vm_pgoff + vma_pages(vma) - 1)
        if low <= high:
            zap_page_range(k, mm_row(k, vma.vm_mm), vma.vm_start + ((low - vma.vm_pgoff) << PAGE_SHIFT),
                           vma.vm_start + ((high - vma.vm_pgoff + 1) << PAGE_SHIFT), even_cows)
        i = vma.i_next


cdef inline bint can_change_pte_writable(kernel_t *k, vm_area_t *vma, uint64_t pte) noexcept nogil:
    if vma.vm_flags & VM_SHARED:
        return pte & PTE_DIRTY != 0
    return pte_page(pte) != 0 and page_row(k, pte_page(pte)).flags & PG_ANON_EXCLUSIVE != 0


cdef void change_protection(kernel_t *k, mm_t *mm, vm_area_t *vma, uint64_t start, uint64_t end) noexcept nogil:
    # The entries of a range after its area has got other rights. What it may write is found out by the next write, but
    # for pages of which no write would have to be told.
    cdef uint64_t *pte
    cdef uint64_t stop
    cdef bint upgrade = vma.vm_flags & VM_WRITE != 0
    if mm.pgd == 0:
        return
    flush_tlb_mm(mm)
    while start < end:
        stop = next_table(start, end)
        pte = pte_offset(k, mm, start)
        if pte == NULL:
            start = next_present(k, mm, start, end)
            continue
        while start < stop:
            if pte[0]:
                pte[0] = pte[0] & ~<uint64_t>(PTE_RW | PTE_USER) | vma.vm_page_prot
                if upgrade and can_change_pte_writable(k, vma, pte[0]):
                    pte[0] |= PTE_RW
            pte += 1
            start += PAGE_SIZE


# ------------------------------------------------------------------------------------------ fork
cdef int copy_present_pte(kernel_t *k, mm_t *new, uint64_t *pte, uint64_t *copy) noexcept nogil:
    # A private page that a view has pinned stays the parent's alone, or the view would lose it to the next write.
    cdef uint32_t page = pte_page(pte[0])
    if page and page_row(k, page).pincount and page_row(k, page).mapping == 0:
        page = copy_of_page(k, page_address(k, page))
        if page == 0:
            return -ENOMEM
    else:
        pte[0] &= ~<uint64_t>PTE_RW
        if page:
            get_page(k, page)
            page_row(k, page).flags &= ~PG_ANON_EXCLUSIVE
    install_page(k, new, copy, page, pte[0] & PTE_USER)
    return 0


cdef int copy_page_range(kernel_t *k, uint32_t to, uint32_t source) noexcept nogil:
    # What a child needs of an area with private pages: both may only read them from now on. All other areas find their
    # pages again by faults.
    cdef vm_area_t *vma = vma_row(k, source)
    cdef mm_t *old = mm_row(k, vma.vm_mm)
    cdef mm_t *new = mm_row(k, vma_row(k, to).vm_mm)
    cdef uint64_t at = vma.vm_start, stop
    cdef uint64_t *pte
    cdef uint64_t *copy
    if vma.anon_vma == 0 or old.pgd == 0:
        return 0
    while at < vma.vm_end:
        stop = next_table(at, vma.vm_end)
        pte = pte_offset(k, old, at)
        if pte == NULL:
            at = next_present(k, old, at, vma.vm_end)
            continue
        while at < stop:
            if pte[0]:
                copy = pte_alloc(k, new, at)
                if copy == NULL or copy_present_pte(k, new, pte, copy) < 0:
                    return -ENOMEM
            pte += 1
            at += PAGE_SIZE
    flush_tlb_mm(old)
    return 0


cdef void memory_init() noexcept nogil:
    vm_operations[SHMEM_VM_OPS].fault = filemap_fault
