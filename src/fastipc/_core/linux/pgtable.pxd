# Page tables: four levels of 512 entries in pages of the machine, as on x86-64.
# Source: arch/x86/include/asm/pgtable*.h, mm/memory.c (__pte_alloc, free_pgtables).
#
# An entry is a page's row above the flag bits, 0 if nothing is there. A table page counts its entries in `index` and is
# freed with the last one. Entries that give access are read through the TLB (linux/tlb.pxd): whoever takes one away
# drops the translations of the address space.


cdef enum:  # bits of an entry
    PTE_PRESENT = 0x1
    PTE_RW = 0x2
    PTE_USER = 0x4
    PTE_ACCESSED = 0x20
    PTE_DIRTY = 0x40
    PTE_FLAGS = 0xfff

cdef enum:
    PTRS_PER_TABLE = 512
    PGDIR_SHIFT = 39
    PMD_SIZE = 1 << 21

cdef uint64_t *pte_offset(kernel_t *k, mm_t *mm, uint64_t addr) noexcept nogil  # NULL: there is no table
cdef uint64_t *pte_alloc(kernel_t *k, mm_t *mm, uint64_t addr) noexcept nogil  # NULL: see alloc_errno
cdef void set_pte(kernel_t *k, uint64_t *pte, uint64_t entry) noexcept nogil
cdef void pte_unused(kernel_t *k, mm_t *mm, uint64_t addr) noexcept nogil
cdef uint64_t next_table(uint64_t addr, uint64_t end) noexcept nogil
cdef uint64_t walk_tables(kernel_t *k, mm_t *mm, uint64_t addr, uint32_t *tables) noexcept nogil


cdef inline uint32_t pte_page(uint64_t entry) noexcept nogil:
    # Row of the page; 0: the page of zeros that belongs to nobody.
    return <uint32_t>(entry >> PAGE_SHIFT)


cdef inline uint64_t mk_pte(uint32_t page, uint64_t flags) noexcept nogil:
    return <uint64_t>page << PAGE_SHIFT | flags | PTE_PRESENT


cdef inline uint32_t table_of(kernel_t *k, uint64_t *pte) noexcept nogil:
    # The table page that an entry lies in.
    return <uint32_t>((<char *>pte - k.frames) >> PAGE_SHIFT) + 1
