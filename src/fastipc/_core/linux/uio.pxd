# Where the bytes of a transfer are: one buffer of the host, several, or an address in the task's space.
# Source: lib/iov_iter.c. The iterator is in the call's record, the host's addresses beside it (host_t), so that the
# record itself holds no pointer.


ctypedef struct iovec_t:
    char *base
    size_t length

cdef enum:
    MAX_RW_COUNT = 0x7ffff000


cdef int64_t copy_segments(kernel_t *k, task_t *t, char *page, int64_t n, bint to_iter) noexcept nogil
cdef void iov_iter_user(kernel_t *k, task_t *t, uint64_t addr, uint64_t n) noexcept nogil
cdef int64_t iov_iter_user_vector(kernel_t *k, task_t *t, uint32_t nr_segs) noexcept nogil  # 0 or -errno
cdef uint64_t *user_segments(kernel_t *k, task_t *t, uint32_t nr_segs) noexcept nogil  # NULL: no memory
cdef int64_t import_iovec(kernel_t *k, task_t *t, uint64_t vec, uint64_t nr_segs) noexcept nogil


cdef inline host_t *host_row(kernel_t *k, task_t *t) noexcept nogil:
    return k.host + task_index(k, t)


cdef inline void iov_iter_host(kernel_t *k, task_t *t, void *base, int64_t count) noexcept nogil:
    cdef iov_iter_t *it = &t.call.iter
    k.host[task_index(k, t)].base = <char *>base
    it.kind = ITER_HOST
    it.seg = 0
    it.nr_segs = 1
    it.pad = 0
    it.offset = 0
    it.count = count


cdef extern from *:
    """
    #include <string.h>
    /* 1 to 32 bytes, by the fewest moves; the compiler would call memcpy. */
    static inline void fastipc_copy_short(char *to, const char *from, int64_t n)
    {
        if (n == 1) {
            *to = *from;
        } else if (n >= 16) {
            char first[16], last[16];
            memcpy(first, from, 16);
            memcpy(last, from + n - 16, 16);
            memcpy(to, first, 16);
            memcpy(to + n - 16, last, 16);
        } else if (n >= 8) {
            char first[8], last[8];
            memcpy(first, from, 8);
            memcpy(last, from + n - 8, 8);
            memcpy(to, first, 8);
            memcpy(to + n - 8, last, 8);
        } else if (n >= 4) {
            char first[4], last[4];
            memcpy(first, from, 4);
            memcpy(last, from + n - 4, 4);
            memcpy(to, first, 4);
            memcpy(to + n - 4, last, 4);
        } else {
            char first[2], last;
            memcpy(first, from, 2);
            last = from[n - 1];
            memcpy(to, first, 2);
            to[n - 1] = last;
        }
    }
    """
    void copy_short "fastipc_copy_short"(char *to, const char *source, int64_t n) nogil


cdef inline void copy_bytes(char *to, const char *source, int64_t n) noexcept nogil:
    if n == 1:
        to[0] = source[0]
    else:
        memcpy(to, source, n)


cdef inline int64_t copy_to_iter(kernel_t *k, task_t *t, const char *source, int64_t n) noexcept nogil:
    # Bytes copied; fewer than `n` where the task's memory faults. Precondition: n <= count.
    cdef iov_iter_t *it = &t.call.iter
    cdef host_t *host = host_row(k, t)
    if likely(it.nr_segs == 1):
        copy_bytes(host.base + it.offset, source, n)
        it.offset += n
        it.count -= n
        return n
    return copy_segments(k, t, <char *>source, n, True)


cdef inline int64_t copy_from_iter(kernel_t *k, task_t *t, char *to, int64_t n) noexcept nogil:
    cdef iov_iter_t *it = &t.call.iter
    cdef host_t *host = host_row(k, t)
    if likely(it.nr_segs == 1):
        copy_bytes(to, host.base + it.offset, n)
        it.offset += n
        it.count -= n
        return n
    return copy_segments(k, t, to, n, False)


cdef inline bint is_user_iter(task_t *t) noexcept nogil:
    return t.call.iter.kind == ITER_USER
