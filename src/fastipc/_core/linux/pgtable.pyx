"""Page tables: look-up, growth, and their end. Source: mm/memory.c (__pte_alloc, free_pgtables), mm/pgtable-generic.c.

Invariants: an entry that is not 0 is present; the entries of a table page are counted in its `index`; `pgtables` of an
address space counts its table pages.
"""


cdef inline uint64_t *table_entry(kernel_t *k, uint32_t table, uint64_t addr, int shift) noexcept nogil:
    return <uint64_t *>page_address(k, table) + (addr >> shift & (PTRS_PER_TABLE - 1))


cdef uint64_t *pte_offset(kernel_t *k, mm_t *mm, uint64_t addr) noexcept nogil:
    cdef uint32_t table = mm.pgd
    cdef int shift = PGDIR_SHIFT
    while table and shift > PAGE_SHIFT:
        table = pte_page(table_entry(k, table, addr, shift)[0])
        shift -= 9
    return table_entry(k, table, addr, PAGE_SHIFT) if table else NULL


cdef uint32_t new_table(kernel_t *k, mm_t *mm) noexcept nogil:
    cdef uint32_t page = alloc_zeroed_page(k)
    if page:
        page_row(k, page).index = 0
        mm.pgtables += 1
    return page


cdef void set_pte(kernel_t *k, uint64_t *pte, uint64_t entry) noexcept nogil:
    cdef page_t *table = page_row(k, table_of(k, pte))
    table.index += (entry != 0) - (pte[0] != 0)
    pte[0] = entry


cdef void free_table(kernel_t *k, mm_t *mm, uint32_t table) noexcept nogil:
    # Precondition: it has no entry left, so its bytes are zero; the next who wants a page need not clear it.
    forget_walk(k)
    page_row(k, table).flags &= ~PG_TOUCHED
    put_page(k, table)
    mm.pgtables -= 1


cdef uint64_t *pte_alloc(kernel_t *k, mm_t *mm, uint64_t addr) noexcept nogil:
    cdef uint32_t table, below
    cdef uint64_t *entry
    cdef int shift = PGDIR_SHIFT
    if mm.pgd == 0:
        mm.pgd = new_table(k, mm)
        if mm.pgd == 0:
            return NULL
    table = mm.pgd
    while shift > PAGE_SHIFT:
        entry = table_entry(k, table, addr, shift)
        below = pte_page(entry[0])
        if below == 0:
            below = new_table(k, mm)
            if below == 0:
                pte_unused(k, mm, addr)
                return NULL
            set_pte(k, entry, mk_pte(below, PTE_RW | PTE_USER))
        table = below
        shift -= 9
    return table_entry(k, table, addr, PAGE_SHIFT)


cdef void pte_unused(kernel_t *k, mm_t *mm, uint64_t addr) noexcept nogil:
    # Free the tables on the way to an address that have no entry left.
    cdef uint32_t[4] tables
    cdef int level, shift = PAGE_SHIFT
    walk_tables(k, mm, addr, tables)
    for level in range(3, -1, -1):
        if tables[level]:
            if page_row(k, tables[level]).index:
                return
            free_table(k, mm, tables[level])
            if level:
                set_pte(k, table_entry(k, tables[level - 1], addr, shift + 9), 0)
            else:
                mm.pgd = 0
        shift += 9


cdef uint64_t next_table(uint64_t addr, uint64_t end) noexcept nogil:
    # Where the range of the next lowest table begins, or the end.
    return min((addr & ~<uint64_t>(PMD_SIZE - 1)) + PMD_SIZE, end)


cdef uint64_t walk_tables(kernel_t *k, mm_t *mm, uint64_t addr, uint32_t *tables) noexcept nogil:
    # The entry of an address, 0 if there is none, and the table pages on the way to it: 0 from where the walk ends.
    cdef uint64_t entry = 0
    cdef int level, shift = PGDIR_SHIFT
    tables[1] = tables[2] = tables[3] = 0
    tables[0] = mm.pgd
    for level in range(4):
        if tables[level] == 0:
            return 0
        entry = table_entry(k, tables[level], addr, shift)[0]
        if level < 3:
            tables[level + 1] = pte_page(entry)
        shift -= 9
    return entry
