# Loads and stores of the program, through the TLB. What the kernel does with the same memory is in linux/uaccess.pxd.


cdef char *translate_slow(kernel_t *k, task_t *t, uint64_t addr, bint write, int *fault) noexcept nogil
cdef int64_t load_bytes(kernel_t *k, task_t *t, uint64_t addr, char *to, int64_t n, int *fault) noexcept nogil
cdef int64_t store_bytes(
    kernel_t *k, task_t *t, uint64_t addr, const char *source, int64_t n, int *fault
) noexcept nogil
# As exit_to_user_mode; 0: the access is to be tried again.
cdef int64_t access_failed(kernel_t *k, task_t *t, uint64_t addr, int fault) noexcept nogil


cdef inline char *translate(kernel_t *k, task_t *t, uint64_t addr, bint write, int *fault) noexcept nogil:
    # Where a byte of the task's memory is, up to the end of its page; NULL and a FAULT_ if it may not be touched so.
    cdef mm_t *mm = mm_row(k, t.mm)
    cdef tlb_t *e = tlb_entry(k, addr)
    if likely((e.write if write else e.read) == tlb_tag(mm, addr) and addr < <uint64_t>TASK_SIZE_MAX):
        return e.base + (addr & (PAGE_SIZE - 1))
    return translate_slow(k, t, addr, write, fault)


cdef inline int64_t in_page(uint64_t addr, int64_t n) noexcept nogil:
    # How many of `n` bytes lie in the page of an address.
    return min(n, <int64_t>(PAGE_SIZE - (addr & (PAGE_SIZE - 1))))


cdef inline bint in_one_page(uint64_t addr, uint64_t n) noexcept nogil:
    return addr & (PAGE_SIZE - 1) <= PAGE_SIZE - n


# What `t.fault` tells of the last access that failed; 0: none has.
cdef inline uint64_t last_fault(kernel_t *k, task_t *t) noexcept nogil:
    return thread_row(k, t.row).fault if t.flags & TASK_THREAD else 0


cdef inline uint64_t fault_addr(uint64_t fault) noexcept nogil:
    return <uint64_t>(<int64_t>(fault << 16) >> 16)


cdef inline int fault_signo(uint64_t fault) noexcept nogil:
    return <int>(fault >> 48 & 0xff)


cdef inline int fault_code(uint64_t fault) noexcept nogil:
    return <int>(fault >> 56)
