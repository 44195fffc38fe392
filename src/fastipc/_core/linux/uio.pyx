"""Transfers over several buffers. Source: lib/iov_iter.c."""


cdef int64_t copy_segments(iov_iter_t *it, iovec_t *iov, char *page, int64_t n, bint to_iter) noexcept nogil:
    cdef int64_t done = 0, part
    cdef char *at
    while done < n:
        part = min(n - done, <int64_t>iov[it.seg].length - it.offset)
        at = iov[it.seg].base + it.offset
        if to_iter:
            memcpy(at, page + done, part)
        else:
            memcpy(page + done, at, part)
        done += part
        it.offset += part
        if it.offset == <int64_t>iov[it.seg].length:
            it.seg += 1
            it.offset = 0
    it.count -= n
    return n
