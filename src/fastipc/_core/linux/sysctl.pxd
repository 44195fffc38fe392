# Limits of the machine and of IPC namespaces by name: /proc/sys, `Kernel.limits` and `Task.ipc_limits`.
# Source: kernel/sysctl.c, fs/pipe.c, ipc/ipc_sysctl.c.


cdef void sysctl_init() noexcept nogil
cdef int find_sysctl(uint32_t dir, const char *name, uint32_t n) noexcept nogil  # its number, or -1
cdef int64_t sysctl_get(kernel_t *k, uint32_t ns, int which, int i) noexcept nogil  # the i-th of its numbers
cdef int sysctl_set(kernel_t *k, uint32_t ns, int which, int i, int64_t value) noexcept nogil  # 0, or -errno
cdef int sysctl_write(kernel_t *k, uint32_t ns, int which, const char *text, int64_t n) noexcept nogil  # as text
cdef void sysctl_show(kernel_t *k, uint32_t ns, int which, seq_file_t *m) noexcept nogil

cdef enum:  # ctl_table.kind: where its numbers are
    CTL_KERNEL = 0  # int64_t of the machine
    CTL_IPC_INT = 1  # int32_t of an IPC namespace
    CTL_IPC_ULONG = 2  # uint64_t of it
    CTL_IPC_NEXT_ID = 3  # next_id of its ids of the kind `data`

ctypedef struct ctl_table_t:  # struct ctl_table
    uint32_t dir  # PROC_SYS_ number of the directory; 0: none, it is said at boot
    const char *procname
    uint32_t mode
    uint32_t kind
    int count  # numbers
    int64_t data  # offset of the first
    int64_t least
    int64_t most  # of CTL_IPC_ULONG: as unsigned
    bint rounds  # to a power of two of pages

cdef enum:
    N_SYSCTLS = 24

cdef ctl_table_t ctl_tables[24]
