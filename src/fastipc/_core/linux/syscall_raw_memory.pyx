"""Raw calls on the address space. Their registers are those of the record, as call_memory takes them."""


cdef inline int64_t raw_memory(kernel_t *k, task_t *t, int32_t nr, const uint64_t *a) noexcept nogil:
    return call_memory(k, t, nr, <int64_t>a[0], <int64_t>a[1], <int64_t>a[2], <int64_t>a[3], <int64_t>a[4],
                       <int64_t>a[5])


cdef int64_t raw_mmap(kernel_t *k, task_t *t, const uint64_t *a) noexcept nogil:
    return call_memory(k, t, NR_mmap, <int64_t>a[0], <int64_t>a[1], <int64_t>a[2], <int64_t>a[3], raw_int(a[4]),
                       <int64_t>a[5])


cdef int64_t raw_munmap(kernel_t *k, task_t *t, const uint64_t *a) noexcept nogil:
    return raw_memory(k, t, NR_munmap, a)


cdef int64_t raw_mprotect(kernel_t *k, task_t *t, const uint64_t *a) noexcept nogil:
    return raw_memory(k, t, NR_mprotect, a)


cdef int64_t raw_mremap(kernel_t *k, task_t *t, const uint64_t *a) noexcept nogil:
    return raw_memory(k, t, NR_mremap, a)


cdef int64_t raw_brk(kernel_t *k, task_t *t, const uint64_t *a) noexcept nogil:
    return raw_memory(k, t, NR_brk, a)


cdef int64_t raw_mlock(kernel_t *k, task_t *t, const uint64_t *a) noexcept nogil:
    return raw_memory(k, t, NR_mlock, a)


cdef int64_t raw_munlock(kernel_t *k, task_t *t, const uint64_t *a) noexcept nogil:
    return raw_memory(k, t, NR_munlock, a)


cdef int64_t raw_madvise(kernel_t *k, task_t *t, const uint64_t *a) noexcept nogil:
    return raw_memory(k, t, NR_madvise, a)


cdef int64_t raw_msync(kernel_t *k, task_t *t, const uint64_t *a) noexcept nogil:
    return raw_memory(k, t, NR_msync, a)


cdef int64_t raw_memfd_create(kernel_t *k, task_t *t, const uint64_t *a) noexcept nogil:
    # The flags are looked at first; a name that is too long is one of MFD_NAME_MAX_LEN + 1.
    cdef char[256] name
    cdef int64_t n
    call_begin_args(t, NR_memfd_create, 0, <uint32_t>a[1], 0, 0)
    if sanitize_flags(<uint32_t>a[1]):
        return sanitize_flags(<uint32_t>a[1])
    n = strncpy_from_user(k, t, name, a[0], MFD_NAME_MAX_LEN + 1)
    return n if n < 0 else call_memfd_create(k, t, <int64_t>&name[0], n, <uint32_t>a[1])


cdef void raw_memory_init() noexcept nogil:
    raw_calls[NR_mmap] = raw_mmap
    raw_calls[NR_munmap] = raw_munmap
    raw_calls[NR_mprotect] = raw_mprotect
    raw_calls[NR_mremap] = raw_mremap
    raw_calls[NR_brk] = raw_brk
    raw_calls[NR_mlock] = raw_mlock
    raw_calls[NR_munlock] = raw_munlock
    raw_calls[NR_madvise] = raw_madvise
    raw_calls[NR_msync] = raw_msync
    raw_calls[NR_memfd_create] = raw_memfd_create
