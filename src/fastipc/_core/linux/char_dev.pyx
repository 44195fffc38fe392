"""Character devices: null, zero and full; no other number has a driver. Source: fs/char_dev.c, drivers/char/mem.c."""


cdef int64_t chrdev_open(kernel_t *k, file_t *f) noexcept nogil:
    # Give an open file the operations of its device: 0 or -ENXIO.
    cdef uint32_t dev = inode_row(k, f.inode).i_rdev
    if dev == dev_t_of(MEM_MAJOR, NULL_MINOR):
        f.f_op = NULL_FOPS
    elif dev == dev_t_of(MEM_MAJOR, ZERO_MINOR):
        f.f_op = ZERO_FOPS
    elif dev == dev_t_of(MEM_MAJOR, FULL_MINOR):
        f.f_op = FULL_FOPS
    else:
        return -ENXIO
    return 0


cdef int64_t read_null(kernel_t *k, task_t *t, file_t *f) noexcept nogil:
    return 0


cdef int64_t write_null(kernel_t *k, task_t *t, file_t *f) noexcept nogil:
    return t.call.iter.count


cdef int64_t read_zero(kernel_t *k, task_t *t, file_t *f) noexcept nogil:
    cdef int64_t total = 0, n = 0, copied = 0
    while t.call.iter.count and copied == n:
        n = min(t.call.iter.count, <int64_t>PAGE_SIZE)
        copied = copy_to_iter(k, t, ZERO_PAGE, n)
        total += copied
    k.counters.bytes += total
    return total if total or copied == n else -EFAULT


cdef int64_t write_full(kernel_t *k, task_t *t, file_t *f) noexcept nogil:
    return -ENOSPC


cdef int64_t null_lseek(kernel_t *k, file_t *f, int64_t offset, int whence) noexcept nogil:
    f.f_pos = 0
    return 0


cdef int64_t zero_available(kernel_t *k, task_t *t, file_t *f, int64_t n) noexcept nogil:
    return n


cdef void char_dev_init() noexcept nogil:
    cdef int i
    for i in range(NULL_FOPS, FULL_FOPS + 1):
        file_operations[i].read = read_zero
        file_operations[i].write = write_null
        file_operations[i].llseek = null_lseek
        file_operations[i].available = zero_available
    file_operations[NULL_FOPS].read = read_null
    file_operations[NULL_FOPS].available = NULL
    file_operations[FULL_FOPS].write = write_full
