# The software TLB: which host address a virtual one is, for pages that are present and may be touched so.
#
# 256 translations for the whole machine, each in one place by its page number. A translation belongs to the number
# that its address space has at the time (`mm.asid`); with another number all of them are gone. Host memory, no state.


cdef enum:
    TLB_SIZE = 256
    ASID_BITS = 28

cdef uint32_t new_asid(kernel_t *k) noexcept nogil


cdef inline uint64_t tlb_tag(mm_t *mm, uint64_t addr) noexcept nogil:
    # Never 0: an empty place matches nothing. Precondition: the address is below the end of user space.
    return <uint64_t>1 << 63 | addr >> PAGE_SHIFT << ASID_BITS | mm.asid


cdef inline tlb_t *tlb_entry(kernel_t *k, uint64_t addr) noexcept nogil:
    return &k.tlb[addr >> PAGE_SHIFT & (TLB_SIZE - 1)]


cdef inline void flush_tlb_mm(mm_t *mm) noexcept nogil:
    # The number is taken when it is first needed; 0 has no translation.
    mm.asid = 0


cdef inline void flush_tlb_page(kernel_t *k, mm_t *mm, uint64_t addr) noexcept nogil:
    cdef tlb_t *e = tlb_entry(k, addr)
    if e.read == tlb_tag(mm, addr):
        e.read = e.write = 0


# The table that the last fault found its entry in: most faults are beside the one before.
cdef inline uint64_t *pte_found(kernel_t *k, mm_t *mm, uint64_t addr) noexcept nogil:
    if unlikely(mm.asid == 0 or k.walk_tag != tlb_tag(mm, addr & ~<uint64_t>(PMD_SIZE - 1))):
        return NULL
    return k.walk_table + (addr >> PAGE_SHIFT & (PTRS_PER_TABLE - 1))


cdef inline uint64_t rotate_right(uint64_t x, int n) noexcept nogil:
    return x >> n | x << (64 - n)


cdef inline void forget_walk(kernel_t *k) noexcept nogil:
    # What faults found is no longer so: to be called where a table goes, or an area changes.
    k.walk_tag = 0
    k.near.pages[0] = k.near.pages[1] = 0


cdef inline void pte_remember(kernel_t *k, mm_t *mm, uint64_t addr, uint64_t *pte) noexcept nogil:
    if mm.asid == 0:
        mm.asid = new_asid(k)
    k.walk_tag = tlb_tag(mm, addr & ~<uint64_t>(PMD_SIZE - 1))
    k.walk_table = pte - (addr >> PAGE_SHIFT & (PTRS_PER_TABLE - 1))


cdef inline void tlb_fill(kernel_t *k, mm_t *mm, uint64_t addr, char *base, bint write) noexcept nogil:
    cdef tlb_t *e = tlb_entry(k, addr)
    if mm.asid == 0:
        mm.asid = new_asid(k)
    e.base = base
    e.read = tlb_tag(mm, addr)
    e.write = e.read if write else 0
