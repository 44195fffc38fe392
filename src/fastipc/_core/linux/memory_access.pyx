"""Loads and stores of the program, and what an access that fails does. Source: arch/x86/mm/fault.c."""


cdef enum:
    SI_KERNEL_CODE = 0x80


cdef inline char *translate_fault(kernel_t *k, task_t *t, uint64_t addr, bint write, int *fault) noexcept nogil:
    cdef tlb_t *e = tlb_entry(k, addr)
    fault[0] = handle_fault(k, t, addr, write)
    return e.base + (addr & (PAGE_SIZE - 1)) if fault[0] == 0 else NULL


cdef char *translate_slow(kernel_t *k, task_t *t, uint64_t addr, bint write, int *fault) noexcept nogil:
    cdef char *at = translate_near(k, mm_row(k, t.mm), addr, write) if addr < <uint64_t>TASK_SIZE_MAX else NULL
    return at if likely(at != NULL) else translate_fault(k, t, addr, write, fault)


cdef int64_t load_bytes(kernel_t *k, task_t *t, uint64_t addr, char *to, int64_t n, int *fault) noexcept nogil:
    # Bytes loaded: fewer than `n` where a page may not be read.
    cdef int64_t done = 0, part
    cdef char *at
    while done < n:
        at = translate(k, t, addr + <uint64_t>done, False, fault)
        if unlikely(at == NULL):
            break
        part = in_page(addr + <uint64_t>done, n - done)
        memcpy(to + done, at, part)
        done += part
    return done


cdef int64_t store_bytes(
    kernel_t *k, task_t *t, uint64_t addr, const char *source, int64_t n, int *fault
) noexcept nogil:
    cdef int64_t done = 0, part
    cdef char *at
    while done < n:
        at = translate(k, t, addr + <uint64_t>done, True, fault)
        if unlikely(at == NULL):
            break
        part = in_page(addr + <uint64_t>done, n - done)
        memcpy(at, source + done, part)
        done += part
    return done


cdef int64_t access_failed(kernel_t *k, task_t *t, uint64_t addr, int fault) noexcept nogil:
    if fault == FAULT_OOM:  # the memory is gone: the task that wants more is killed
        send_sig_priv(k, t, SIGKILL, True)
    elif fault == FAULT_SIGBUS:
        force_sig_fault(k, t, SIGBUS, BUS_ADRERR, addr)
    elif <int64_t>(addr << 16) >> 16 != <int64_t>addr:  # no address at all: a general protection fault
        force_sig_fault(k, t, SIGSEGV, SI_KERNEL_CODE, 0)
    else:
        force_sig_fault(k, t, SIGSEGV, SEGV_ACCERR if fault == FAULT_ACCERR else SEGV_MAPERR, addr)
    return exit_to_user_mode(k, t)
