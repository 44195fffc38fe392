# A fault beside the last one, of a file in memory, done by what that one found. Source: mm/memory.c (do_shared_fault).
#
# Who touches the pages of a segment one after the other faults at each of them. The first fault of 64 looks up the
# area, the table, the file and its node of the page cache, and writes them down (`remember_near`); for the others only
# the page itself is new. Nothing of it can have changed meanwhile: whoever takes entries or pages away gives the
# address space another number, and who changes areas or frees tables calls `forget_walk`.


cdef inline void count_fault(kernel_t *k, mm_t *mm, vm_area_t *vma) noexcept nogil:
    k.counters.faults += 1
    mm.min_flt += 1
    vma.faults += 1


cdef inline char *map_near(kernel_t *k, mm_t *mm, uint64_t addr, uint64_t tag, bint write) noexcept nogil:
    # Where the byte is then; NULL, with nothing done, if it is another fault.
    cdef near_t *near = &k.near
    cdef uint64_t at = rotate_right(tag - near.tag, ASID_BITS)  # large if the address spaces differ
    cdef uint32_t page
    cdef tlb_t *e
    if at >= near.pages[write]:
        return NULL
    page = near.slots[at]
    if unlikely(page == 0 or near.pte[at] != 0):
        return NULL
    count_fault(k, mm, near.vma)
    get_page(k, page)
    near.pte[at] = <uint64_t>page << PAGE_SHIFT | near.entry[write]
    near.table.index += 1
    mm.rss[MM_SHMEMPAGES] += 1
    e = tlb_entry(k, addr)
    e.base = near.frames + (<uint64_t>page << PAGE_SHIFT)
    e.read = tag
    e.write = tag if write or near.entry[0] & PTE_RW else 0
    return e.base + (addr & (PAGE_SIZE - 1))


cdef inline char *translate_near(kernel_t *k, mm_t *mm, uint64_t addr, bint write) noexcept nogil:
    # Where a byte is, of a page that the TLB knows, or that `map_near` maps; else NULL. Precondition: as for `tlb_tag`.
    cdef tlb_t *e = tlb_entry(k, addr)
    cdef uint64_t tag = tlb_tag(mm, addr)
    if likely((e.write if write else e.read) == tag):
        return e.base + (addr & (PAGE_SIZE - 1))
    return map_near(k, mm, addr, tag, write)
