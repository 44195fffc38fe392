"""Transfers over several buffers, and those with a program's own memory. Source: lib/iov_iter.c.

A range of the task's memory is in the iterator itself, several are in rows of the call's own memory (`call.pollfds`):
two words a segment, address and length, taken over when the call begins. So a call in progress can be copied with its
machine. Where such a vector also has buffers of the host, `host.iov` says which: those with a base.
"""


cdef int64_t copy_host_segments(iov_iter_t *it, iovec_t *iov, char *page, int64_t n, bint to_iter) noexcept nogil:
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


cdef int64_t copy_user_part(
    kernel_t *k, task_t *t, uint64_t addr, char *page, int64_t n, bint to_iter
) noexcept nogil:
    return copy_to_user(k, t, addr, page, n) if to_iter else copy_from_user(k, t, page, addr, n)


cdef int64_t copy_user_segments(kernel_t *k, task_t *t, char *page, int64_t n, bint to_iter) noexcept nogil:
    cdef iov_iter_t *it = &t.call.iter
    cdef uint64_t *segment
    cdef iovec_t *iov = <iovec_t *>host_row(k, t).iov
    cdef int64_t done = 0, part, moved
    while done < n:
        segment = <uint64_t *>pollfd_row(k, t.call.pollfds) + 2 * it.seg
        part = moved = min(n - done, <int64_t>segment[1] - it.offset)
        if iov != NULL and iov[it.seg].base != NULL:
            if to_iter:
                memcpy(iov[it.seg].base + it.offset, page + done, part)
            else:
                memcpy(page + done, iov[it.seg].base + it.offset, part)
        else:
            moved = copy_user_part(k, t, segment[0] + <uint64_t>it.offset, page + done, part, to_iter)
        done += moved
        it.offset += moved
        if moved < part:
            break
        if it.offset == <int64_t>segment[1]:
            it.seg += 1
            it.offset = 0
    it.count -= done
    return done


cdef int64_t copy_segments(kernel_t *k, task_t *t, char *page, int64_t n, bint to_iter) noexcept nogil:
    # What copy_to_iter and copy_from_iter do not do at once.
    cdef iov_iter_t *it = &t.call.iter
    if it.kind != ITER_USER:
        return copy_host_segments(it, <iovec_t *>host_row(k, t).iov, page, n, to_iter)
    if it.nr_segs:
        return copy_user_segments(k, t, page, n, to_iter)
    n = copy_user_part(k, t, <uint64_t>it.offset, page, n, to_iter)
    it.offset += n
    it.count -= n
    return n


# ------------------------------------------------------------------------------------------ where the bytes are
cdef void iov_iter_user(kernel_t *k, task_t *t, uint64_t addr, uint64_t n) noexcept nogil:
    # import_ubuf, less its check of the range: one range of the task's memory.
    cdef iov_iter_t *it = &t.call.iter
    host_row(k, t).base = NULL
    host_row(k, t).iov = NULL
    t.call.flags |= CALL_USER
    it.kind = ITER_USER
    it.seg = it.nr_segs = it.pad = 0
    it.offset = <int64_t>addr
    it.count = <int64_t>n


cdef uint64_t *user_segments(kernel_t *k, task_t *t, uint32_t nr_segs) noexcept nogil:
    # Room for a vector, two words a segment; goes with the call.
    t.call.pollfds = pollfds_alloc(k, 2 * nr_segs)
    t.call.nfds = 2 * nr_segs if t.call.pollfds else 0
    return <uint64_t *>pollfd_row(k, t.call.pollfds) if t.call.pollfds else NULL


cdef int64_t iov_iter_user_vector(kernel_t *k, task_t *t, uint32_t nr_segs) noexcept nogil:
    # The iterator over a vector that is there: each range must be in user space, all together are cut as one buffer.
    cdef uint64_t *segment = <uint64_t *>pollfd_row(k, t.call.pollfds)
    cdef iovec_t *iov = <iovec_t *>host_row(k, t).iov
    cdef iov_iter_t *it = &t.call.iter
    cdef uint64_t total = 0
    cdef uint32_t i
    if nr_segs == 1:
        iov_iter_user(k, t, segment[0], min(segment[1], <uint64_t>MAX_RW_COUNT))
        return 0 if access_ok(segment[0], <uint64_t>it.count) else -EFAULT
    for i in range(nr_segs):
        if (iov == NULL or iov[i].base == NULL) and not access_ok(segment[2 * i], segment[2 * i + 1]):
            return -EFAULT
        segment[2 * i + 1] = min(segment[2 * i + 1], <uint64_t>MAX_RW_COUNT - total)
        total += segment[2 * i + 1]
    t.call.flags |= CALL_USER
    it.kind = ITER_USER
    it.seg = it.pad = 0
    it.nr_segs = nr_segs
    it.offset = 0
    it.count = <int64_t>total
    return 0


cdef int64_t import_iovec(kernel_t *k, task_t *t, uint64_t vec, uint64_t nr_segs) noexcept nogil:
    # A vector that is in the task's memory itself: 0 or -errno. Of their number 32 bits are looked at.
    cdef uint64_t *segment
    cdef uint64_t i
    cdef int64_t there
    nr_segs = <uint32_t>nr_segs
    iov_iter_user(k, t, 0, 0)
    if nr_segs == 0:
        return 0
    if nr_segs > UIO_MAXIOV:
        return -EINVAL
    segment = user_segments(k, t, <uint32_t>nr_segs)
    if segment == NULL:
        return -alloc_errno(k, ENOMEM)
    if not access_ok(vec, 16 * nr_segs):
        return -EFAULT
    there = copy_from_user(k, t, segment, vec, <int64_t>(16 * nr_segs)) // 16
    for i in range(<uint64_t>there):
        if <int64_t>segment[2 * i + 1] < 0:
            return -EINVAL
    if <uint64_t>there < nr_segs:
        return -EFAULT
    return iov_iter_user_vector(k, t, <uint32_t>nr_segs)
