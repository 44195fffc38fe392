# Character devices. Source: fs/char_dev.c, drivers/char/mem.c.


cdef int64_t chrdev_open(kernel_t *k, file_t *f) noexcept nogil
cdef void char_dev_init() noexcept nogil

cdef enum:  # include/uapi/linux/major.h; minors as drivers/char/mem.c has them
    MEM_MAJOR = 1
    NULL_MINOR = 3
    ZERO_MINOR = 5
    FULL_MINOR = 7


cdef inline uint32_t dev_t_of(uint32_t major, uint32_t minor) noexcept nogil:
    # new_encode_dev: a device number as system calls pass it.
    return (minor & 0xff) | major << 8 | (minor & ~<uint32_t>0xff) << 12
