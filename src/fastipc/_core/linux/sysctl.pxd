# Limits of the machine by name: /proc/sys and `Kernel.limits`. Source: kernel/sysctl.c, fs/pipe.c.


cdef void sysctl_init() noexcept nogil
cdef int find_sysctl(uint32_t dir, const char *name, uint32_t n) noexcept nogil  # its number, or -1
cdef int64_t sysctl_get(kernel_t *k, int which) noexcept nogil
cdef int sysctl_set(kernel_t *k, int which, int64_t value) noexcept nogil  # 0, or -EINVAL
cdef int64_t sysctl_parse(const char *text, int64_t n, uint64_t *value) noexcept nogil  # 1, 0: no text, or -EINVAL

ctypedef struct ctl_table_t:  # struct ctl_table
    uint32_t dir  # PROC_SYS_ number of the directory
    const char *procname
    int64_t data  # offset in kernel_t
    int64_t least
    int64_t most
    bint rounds  # to a power of two of pages

cdef enum:
    N_SYSCTLS = 11

cdef ctl_table_t ctl_tables[11]
