"""Numbers of address spaces in the TLB. Source: arch/x86/mm/tlb.c."""


cdef uint32_t new_asid(kernel_t *k) noexcept nogil:
    # When the numbers run out, all translations go and everybody gets a new one.
    cdef uint32_t i
    k.last_asid += 1
    if k.last_asid >> ASID_BITS:
        memset(k.tlb, 0, sizeof(k.tlb))
        forget_walk(k)
        for i in range(1, k.table[T_MM].high):
            mm_row(k, i).asid = 0
        k.last_asid = 1
    return k.last_asid
