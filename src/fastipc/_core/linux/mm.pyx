"""Address spaces: the first one, copies, the end; what they hold is counted.

Source: kernel/fork.c, mm/mmap.c (exit_mmap). Invariants: `mm_users` is the number of tasks that point here; the page
counts are those of the areas and of the entries; each page's references are those of the page cache, of entries, of
pipes, and of views outside.
"""


cdef int mm_init(kernel_t *k) noexcept nogil:
    # At boot, when nothing can fail.
    cdef uint32_t m = table_alloc(k, T_MM, sizeof(mm_t)), i = table_alloc(k, T_VMA, sizeof(vm_area_t))
    cdef mm_t *mm = mm_row(k, m)
    cdef vm_area_t *stack = vma_row(k, i)
    k.init_mm = m
    mm.mm_users = 1  # the machine's own
    mm.mmap_base = MMAP_BASE
    mm.start_brk = mm.brk = START_BRK
    mm.start_stack = STACK_TOP
    stack.vm_mm = m
    stack.vm_end = STACK_TOP
    stack.vm_start = STACK_TOP - STACK_SIZE
    stack.vm_pgoff = stack.vm_start >> PAGE_SHIFT
    stack.vm_flags = (VM_READ | VM_WRITE | VM_MAYREAD | VM_MAYWRITE | VM_MAYEXEC | VM_GROWSDOWN | VM_ACCOUNT)
    vma_set_page_prot(k, stack)
    vma_link(k, mm, i)
    vm_stat_account(mm, stack.vm_flags, <int64_t>vma_pages(stack))
    return 0


cdef void map_vdso(kernel_t *k, task_t *t) noexcept nogil:
    # One page of code of the machine's own, for what comes back from handlers. Who never ran one need not have it;
    # where it cannot be had it is missed only by who looks.
    cdef mm_t *mm = mm_own(k, t)
    cdef vm_area_t *vdso
    cdef uint32_t i
    if mm == NULL:
        return
    i = find_vma(k, mm, VDSO_START)
    if i and vma_row(k, i).vm_start <= <uint64_t>VDSO_START:
        return
    i = table_alloc(k, T_VMA, sizeof(vm_area_t))
    if i == 0:
        alloc_errno(k, 0)
        return
    vdso = vma_row(k, i)
    vdso.vm_mm = t.mm
    vdso.vm_start = VDSO_START
    vdso.vm_end = VDSO_START + PAGE_SIZE
    vdso.vm_pgoff = VDSO_START >> PAGE_SHIFT
    vdso.vm_flags = VM_READ | VM_EXEC | VM_MAYREAD | VM_MAYWRITE | VM_MAYEXEC
    vdso.vm_ops = VDSO_VM_OPS
    vma_link(k, mm, i)
    vm_stat_account(mm, vdso.vm_flags, 1)


cdef void vm_stat_account(mm_t *mm, uint32_t flags, int64_t pages) noexcept nogil:
    mm.total_vm += pages
    mm.hiwater_vm = max(mm.hiwater_vm, mm.total_vm)
    if flags & VM_LOCKED:
        mm.locked_vm += pages
    if flags & (VM_EXEC | VM_WRITE | VM_GROWSDOWN) == VM_EXEC:
        mm.exec_vm += pages
    elif flags & VM_GROWSDOWN:
        mm.stack_vm += pages
    elif is_data_mapping(flags):
        mm.data_vm += pages


cdef bint dup_mmap(kernel_t *k, uint32_t to, mm_t *old) noexcept nogil:
    # Area by area; a child locks nothing. False where a row or a page could not be had.
    cdef uint32_t i = old.mmap, copy
    cdef mm_t *mm = mm_row(k, to)
    while i:
        if not (vma_row(k, i).vm_flags & VM_DONTCOPY):
            copy = copy_vma_row(k, i, to)
            if copy == 0:
                return False
            vma_row(k, copy).vm_flags &= ~<uint32_t>VM_LOCKED
            if vma_row(k, copy).anon_vma:  # anon_vma_fork
                k.last_anon_vma = k.last_anon_vma + 1 & ~<uint32_t>ANON_VMA_FORKED
                vma_row(k, copy).anon_vma = k.last_anon_vma | ANON_VMA_FORKED
            vma_link(k, mm, copy)
            vm_stat_account(mm, vma_row(k, copy).vm_flags, <int64_t>vma_pages(vma_row(k, copy)))
            if copy_page_range(k, copy, i) < 0:
                return False
        i = vma_row(k, i).vm_next
    return True


cdef uint32_t dup_mm(kernel_t *k, uint32_t m) noexcept nogil:
    cdef uint32_t i = table_alloc(k, T_MM, sizeof(mm_t))
    cdef mm_t *mm = mm_row(k, i)
    cdef mm_t *old = mm_row(k, m)
    if i == 0:
        return 0
    mm.mm_users = 1
    mm.mmap_base = old.mmap_base
    mm.start_brk = old.start_brk
    mm.brk = old.brk
    mm.start_stack = old.start_stack
    if not dup_mmap(k, i, old):
        mmput(k, i)
        return 0
    mm.hiwater_vm = mm.total_vm
    return i


cdef mm_t *mm_copy_own(kernel_t *k, task_t *t) noexcept nogil:
    # All threads of the process change over together.
    cdef uint32_t i, first = t.row
    i = dup_mm(k, k.init_mm)
    if i == 0:
        return NULL
    while True:
        if t.mm == k.init_mm:
            t.mm = i
            mm_row(k, i).mm_users += 1
            mm_row(k, k.init_mm).mm_users -= 1
        if t.thread_next == first:
            break
        t = task_row(k, t.thread_next)
    mm_row(k, i).mm_users -= 1
    return mm_row(k, i)


cdef void mmput_slow(kernel_t *k, uint32_t m) noexcept nogil:
    # exit_mmap.
    cdef mm_t *mm = mm_row(k, m)
    cdef uint32_t i
    while mm.mmap:
        i = mm.mmap
        zap_page_range(k, mm, vma_row(k, i).vm_start, vma_row(k, i).vm_end, True)
        vma_unlink(k, mm, i)
        remove_vma(k, i)
    table_free(k, T_MM, m, sizeof(mm_t))


# ------------------------------------------------------------------------------------------ checks
cdef void count_entries(kernel_t *k, mm_t *mm, uint32_t table, int level, uint32_t *refs, mm_t *found) noexcept nogil:
    # References by entries, into `refs`; what kind of page they are, into `found`.
    cdef uint64_t *entry = <uint64_t *>page_address(k, table)
    cdef uint32_t j, used = 0, page
    refs[table] += 1
    found.pgtables += 1
    for j in range(<uint32_t>PTRS_PER_TABLE):
        if entry[j] == 0:
            continue
        used += 1
        page = pte_page(entry[j])
        if level < 3:
            count_entries(k, mm, page, level + 1, refs, found)
        elif page:
            refs[page] += 1
            rss_counter(found, page_row(k, page))[0] += 1
    check(k, used == page_row(k, table).index, b"pgtable: entries of a table miscounted")


cdef bint count_areas(kernel_t *k, mm_t *mm, mm_t *found) noexcept nogil:
    cdef uint32_t i = mm.mmap
    while i:
        vm_stat_account(found, vma_row(k, i).vm_flags, <int64_t>vma_pages(vma_row(k, i)))
        i = vma_row(k, i).vm_next
    return (check(k, found.total_vm == mm.total_vm and found.locked_vm == mm.locked_vm
                  and found.data_vm == mm.data_vm and found.exec_vm == mm.exec_vm and found.stack_vm == mm.stack_vm,
                  b"mm: pages of areas miscounted")
            and check(k, found.rss[0] == mm.rss[0] and found.rss[1] == mm.rss[1] and found.rss[2] == mm.rss[2]
                      and found.pgtables == mm.pgtables, b"mm: resident pages miscounted"))


cdef void count_pages(kernel_t *k, uint32_t *refs) noexcept nogil:
    # References by the page cache, by pipes, by messages and by views.
    cdef uint32_t i, j
    cdef pipe_t *pipe
    for i in range(1, k.frontier + 1):
        if page_row(k, i).live:
            refs[i] += page_row(k, i).pincount + (page_row(k, i).mapping != 0)
    for i in range(1, k.table[T_PIPE].high):
        pipe = pipe_row(k, i)
        if pipe.live:
            for j in range(2):
                refs[pipe.tmp_page[j]] += 1
            refs[pipe.inlined.page] += pipe.inlined.live != 0
            for j in range(pipe.ring_size):
                if pipe_buffer_row(k, pipe.bufs + j).live:
                    refs[pipe_buffer_row(k, pipe.bufs + j).page] += 1
    msg_pages_count(k, refs)


cdef bint references_right(kernel_t *k, uint32_t *refs) noexcept nogil:
    cdef uint32_t i
    for i in range(1, k.frontier + 1):
        if not check(k, page_row(k, i).live == 0 or <uint32_t>page_row(k, i).refcount == refs[i],
                     b"page: references miscounted"):
            return False
    return True


cdef bint mm_check(kernel_t *k) noexcept nogil:
    cdef uint32_t i, users = 0
    cdef mm_t found
    cdef uint32_t *refs = <uint32_t *>malloc((<size_t>k.frontier + 1) * sizeof(uint32_t))
    cdef bint right = refs != NULL
    if right:
        memset(refs, 0, (<size_t>k.frontier + 1) * sizeof(uint32_t))
    for i in range(1, k.table[T_MM].high):
        if right and mm_row(k, i).live:
            memset(&found, 0, sizeof(found))
            if mm_row(k, i).pgd:
                count_entries(k, mm_row(k, i), mm_row(k, i).pgd, 0, refs, &found)
            users += mm_row(k, i).mm_users
            right = vma_check(k, i) and count_areas(k, mm_row(k, i), &found)
    for i in range(1, k.table[T_TASK].high):
        users -= <uint32_t>(task_row(k, i).live != 0 and task_row(k, i).mm != 0)
    if right:
        count_pages(k, refs)
        right = check(k, users == 1, b"mm: users miscounted") and references_right(k, refs) and k.panic == NULL
    free(refs)
    return right
