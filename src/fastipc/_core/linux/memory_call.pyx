"""System calls on the address space: recorded once for all kinds of program; loads and stores of compiled ones."""


cdef int64_t call_memory(
    kernel_t *k, task_t *t, int32_t nr, int64_t a, int64_t b, int64_t c, int64_t d, int64_t e, int64_t f
) noexcept nogil:
    call_begin(t, nr)
    t.call.args[0] = a
    t.call.args[1] = b
    t.call.args[2] = c
    t.call.args[3] = d
    t.call.args[4] = e
    k.mm_tgid = t.tgid
    if nr == NR_mmap:
        return ksys_mmap(k, t, <uint64_t>a, <uint64_t>b, <uint64_t>c, <uint64_t>d, fd_arg(e), <uint64_t>f)
    if nr == NR_munmap:
        return vm_munmap(k, t, <uint64_t>a, <uint64_t>b)
    if nr == NR_mprotect:
        return do_mprotect(k, t, <uint64_t>a, <uint64_t>b, <uint64_t>c)
    if nr == NR_mremap:
        return do_mremap(k, t, <uint64_t>a, <uint64_t>b, <uint64_t>c, <uint64_t>d, <uint64_t>e)
    if nr == NR_brk:
        return do_brk(k, t, <uint64_t>a)
    if nr == NR_mlock or nr == NR_munlock:
        return do_mlock(k, t, <uint64_t>a, <uint64_t>b, nr == NR_mlock)
    if nr == NR_madvise:
        return do_madvise(k, t, <uint64_t>a, <uint64_t>b, <int32_t>c)
    return do_msync(k, t, <uint64_t>a, <uint64_t>b, <int32_t>c)


cdef int64_t call_memfd_create(kernel_t *k, task_t *t, int64_t name, int64_t n, int64_t flags) noexcept nogil:
    call_begin_args(t, NR_memfd_create, full_name_hash(<const char *>name, <uint32_t>min(n, <int64_t>256)), flags, 0, 0)
    return do_memfd_create(k, t, <const char *>name, <uint32_t>min(n, <int64_t>256), flags)


# ------------------------------------------------------------------------------------------ of compiled programs
cdef inline int64_t sys_memory(
    kernel_t *k, task_t *t, int32_t nr, int64_t a, int64_t b, int64_t c, int64_t d, int64_t e, int64_t f
) noexcept nogil:
    check_stack(k)
    return syscall_exit(k, t, call_memory(k, t, nr, a, b, c, d, e, f))


cdef int64_t sys_mmap(
    kernel_t *k, task_t *t, int64_t length, int64_t prot, int64_t flags, int64_t fd, int64_t offset, int64_t addr
) noexcept nogil:
    return sys_memory(k, t, NR_mmap, addr, length, prot, flags, fd, offset)


cdef int64_t sys_munmap(kernel_t *k, task_t *t, int64_t addr, int64_t length) noexcept nogil:
    return sys_memory(k, t, NR_munmap, addr, length, 0, 0, 0, 0)


cdef int64_t sys_mprotect(kernel_t *k, task_t *t, int64_t addr, int64_t length, int64_t prot) noexcept nogil:
    return sys_memory(k, t, NR_mprotect, addr, length, prot, 0, 0, 0)


cdef int64_t sys_mremap(
    kernel_t *k, task_t *t, int64_t addr, int64_t old, int64_t new, int64_t flags, int64_t new_addr
) noexcept nogil:
    return sys_memory(k, t, NR_mremap, addr, old, new, flags, new_addr, 0)


cdef int64_t sys_brk(kernel_t *k, task_t *t, int64_t addr) noexcept nogil:
    return sys_memory(k, t, NR_brk, addr, 0, 0, 0, 0, 0)


cdef int64_t sys_mlock(kernel_t *k, task_t *t, int64_t addr, int64_t length) noexcept nogil:
    return sys_memory(k, t, NR_mlock, addr, length, 0, 0, 0, 0)


cdef int64_t sys_munlock(kernel_t *k, task_t *t, int64_t addr, int64_t length) noexcept nogil:
    return sys_memory(k, t, NR_munlock, addr, length, 0, 0, 0, 0)


cdef int64_t sys_madvise(kernel_t *k, task_t *t, int64_t addr, int64_t length, int64_t advice) noexcept nogil:
    return sys_memory(k, t, NR_madvise, addr, length, advice, 0, 0, 0)


cdef int64_t sys_msync(kernel_t *k, task_t *t, int64_t addr, int64_t length, int64_t flags) noexcept nogil:
    return sys_memory(k, t, NR_msync, addr, length, flags, 0, 0, 0)


cdef int64_t sys_memfd_create(kernel_t *k, task_t *t, int64_t name, int64_t n, int64_t flags) noexcept nogil:
    check_stack(k)
    return syscall_exit(k, t, call_memfd_create(k, t, name, n, flags))


cdef void access_signal(kernel_t *k, task_t *t, uint64_t addr, int fault) noexcept nogil:
    # The signal of an access that failed ends the task, whose stack is left for good; or a handler runs.
    cdef int64_t ret
    express_over(k)
    ret = access_failed(k, t, addr, fault)
    if exit_code(ret):
        native_exit_work(k, t, ret)


# No system calls. The commonest first, without a register to save: few bytes of a page that the TLB knows.
cdef int64_t sys_load(kernel_t *k, task_t *t, int64_t addr, int64_t buf, int64_t n) noexcept nogil:
    cdef tlb_t *e = tlb_entry(k, <uint64_t>addr)
    if likely(fits_in_page(<uint64_t>addr, n) and e.read == tlb_tag(mm_row(k, t.mm), <uint64_t>addr)):
        copy_short(<char *>buf, e.base + (addr & (PAGE_SIZE - 1)), n)
        return n
    return load_near(k, t, addr, buf, n)


cdef int64_t sys_store(kernel_t *k, task_t *t, int64_t addr, int64_t buf, int64_t n) noexcept nogil:
    cdef tlb_t *e = tlb_entry(k, <uint64_t>addr)
    if likely(fits_in_page(<uint64_t>addr, n) and e.write == tlb_tag(mm_row(k, t.mm), <uint64_t>addr)):
        copy_short(e.base + (addr & (PAGE_SIZE - 1)), <const char *>buf, n)
        return 0
    return store_near(k, t, addr, buf, n)


cdef inline bint fits_in_page(uint64_t addr, int64_t n) noexcept nogil:
    # 1 to 32 bytes that lie in one page of user space.
    return (<uint64_t>(n - 1) < 32 and (addr & (PAGE_SIZE - 1)) + <uint64_t>n <= PAGE_SIZE
            and addr < <uint64_t>TASK_SIZE_MAX)


cdef int64_t load_near(kernel_t *k, task_t *t, int64_t addr, int64_t buf, int64_t n) noexcept nogil:
    cdef mm_t *mm = mm_row(k, t.mm)
    cdef char *at = NULL
    if fits_in_page(<uint64_t>addr, n):
        at = map_near(k, mm, <uint64_t>addr, tlb_tag(mm, <uint64_t>addr), False)
    if unlikely(at == NULL):
        return load_slow(k, t, addr, buf, n)
    copy_short(<char *>buf, at, n)
    return n


cdef int64_t store_near(kernel_t *k, task_t *t, int64_t addr, int64_t buf, int64_t n) noexcept nogil:
    cdef mm_t *mm = mm_row(k, t.mm)
    cdef char *at = NULL
    if fits_in_page(<uint64_t>addr, n):
        at = map_near(k, mm, <uint64_t>addr, tlb_tag(mm, <uint64_t>addr), True)
    if unlikely(at == NULL):
        return store_slow(k, t, addr, buf, n)
    copy_short(at, <const char *>buf, n)
    return 0


cdef int64_t load_slow(kernel_t *k, task_t *t, int64_t addr, int64_t buf, int64_t n) noexcept nogil:
    cdef int fault = 0
    cdef int64_t done = 0
    cdef char *at
    if likely(fits_in_page(<uint64_t>addr, n)):
        at = translate_fault(k, t, <uint64_t>addr, False, &fault)
        if likely(at != NULL):
            copy_short(<char *>buf, at, n)
            return n
    else:
        done = load_bytes(k, t, <uint64_t>addr, <char *>buf, n, &fault)
    while unlikely(done < n):
        access_signal(k, t, <uint64_t>(addr + done), fault)
        done += load_bytes(k, t, <uint64_t>(addr + done), <char *>(buf + done), n - done, &fault)
    return n


cdef int64_t store_slow(kernel_t *k, task_t *t, int64_t addr, int64_t buf, int64_t n) noexcept nogil:
    cdef int fault = 0
    cdef int64_t done = 0
    cdef char *at
    if likely(fits_in_page(<uint64_t>addr, n)):
        at = translate_fault(k, t, <uint64_t>addr, True, &fault)
        if likely(at != NULL):
            copy_short(at, <const char *>buf, n)
            return 0
    else:
        done = store_bytes(k, t, <uint64_t>addr, <const char *>buf, n, &fault)
    while unlikely(done < n):
        access_signal(k, t, <uint64_t>(addr + done), fault)
        done += store_bytes(k, t, <uint64_t>(addr + done), <const char *>(buf + done), n - done, &fault)
    return 0
