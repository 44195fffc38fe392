"""Copies between the kernel and a program's memory. Source: arch/x86/lib/usercopy_64.c, lib/strncpy_from_user.c."""


cdef int64_t copy_to_user(kernel_t *k, task_t *t, uint64_t to, const void *source, int64_t n) noexcept nogil:
    cdef int fault
    return store_bytes(k, t, to, <const char *>source, n, &fault)


cdef int64_t copy_from_user(kernel_t *k, task_t *t, void *to, uint64_t source, int64_t n) noexcept nogil:
    cdef int fault
    return load_bytes(k, t, source, <char *>to, n, &fault)


cdef int64_t clear_user(kernel_t *k, task_t *t, uint64_t to, int64_t n) noexcept nogil:
    cdef int64_t done = 0, part
    cdef int fault
    cdef char *at
    while done < n:
        at = translate(k, t, to + <uint64_t>done, True, &fault)
        if at == NULL:
            break
        part = in_page(to + <uint64_t>done, n - done)
        memset(at, 0, part)
        done += part
    return done


cdef int64_t strncpy_from_user(kernel_t *k, task_t *t, char *to, uint64_t source, int64_t n) noexcept nogil:
    cdef int64_t done = 0, part
    cdef int fault
    cdef char *at
    cdef char *zero
    while done < n:
        at = translate(k, t, source + <uint64_t>done, False, &fault)
        if at == NULL:
            return -EFAULT
        part = in_page(source + <uint64_t>done, n - done)
        zero = <char *>memchr(at, 0, part)
        if zero != NULL:
            memcpy(to + done, at, zero - at + 1)
            return done + (zero - at)
        memcpy(to + done, at, part)
        done += part
    return n
