# Open files and descriptor tables. Source: fs/file.c, fs/file_table.c, include/linux/fs.h.
#
# A descriptor table is a run of `fd` rows that doubles when it is full; tables of more than 64 descriptors also have
# a bit map of two levels, so that the lowest free number is found at a cost that does not grow. Invariants: no free
# number below `next_fd`; `f_count` of a file is the number of descriptors, sleeping calls and areas of memory that
# refer to it.


# What a kind of file does; NULL: as nearly all do. The transfer is in `t.call`.
ctypedef struct file_operations_t:  # struct file_operations
    int64_t (*read)(kernel_t *k, task_t *t, file_t *f) noexcept nogil
    int64_t (*write)(kernel_t *k, task_t *t, file_t *f) noexcept nogil
    uint32_t (*poll)(kernel_t *k, task_t *t, file_t *f) noexcept nogil
    uint32_t (*poll_queues)(kernel_t *k, file_t *f, uint16_t *kinds) noexcept nogil  # queues to wait on, by kind
    int64_t (*llseek)(kernel_t *k, file_t *f, int64_t offset, int whence) noexcept nogil
    int64_t (*ioctl)(kernel_t *k, file_t *f, uint32_t request, int64_t arg) noexcept nogil
    # bytes that a read of n would give now
    int64_t (*available)(kernel_t *k, task_t *t, file_t *f, int64_t n) noexcept nogil
    int64_t (*mmap)(kernel_t *k, file_t *f, vm_area_t *vma) noexcept nogil  # gives the area its vm_ops

cdef file_operations_t file_operations[14]  # by f_op

cdef enum:
    FD_RESERVED = 2  # fd.live of a number that is taken but not visible yet


cdef void release_file(kernel_t *k, uint32_t file) noexcept nogil
cdef uint32_t too_many_files(kernel_t *k) noexcept nogil
cdef int32_t alloc_fd(kernel_t *k, task_t *t, uint32_t start, uint64_t end, bint cloexec) noexcept nogil
cdef int32_t get_unused_fd(kernel_t *k, task_t *t, bint cloexec) noexcept nogil
cdef void put_unused_fd(kernel_t *k, task_t *t, int32_t fd) noexcept nogil
cdef int64_t do_close(kernel_t *k, task_t *t, int32_t fd) noexcept nogil
cdef int64_t do_dup(kernel_t *k, task_t *t, int32_t fd, int64_t start, bint cloexec) noexcept nogil
cdef int64_t do_dup2(kernel_t *k, task_t *t, int32_t old, int32_t new) noexcept nogil
cdef int64_t do_dup3(kernel_t *k, task_t *t, int32_t old, int32_t new, uint32_t flags) noexcept nogil
cdef uint32_t new_files(kernel_t *k) noexcept nogil
cdef uint32_t dup_fd_table(kernel_t *k, uint32_t files) noexcept nogil
cdef void put_files(kernel_t *k, uint32_t files) noexcept nogil
cdef void do_close_on_exec(kernel_t *k, uint32_t files) noexcept nogil
cdef bint file_check(kernel_t *k) noexcept nogil


cdef inline uint32_t fd_file(kernel_t *k, task_t *t, int64_t fd) noexcept nogil:
    # Row of the open file of a descriptor, or 0: a number that is free or only reserved has no file.
    cdef files_t *files = files_row(k, t.files)
    if unlikely(<uint64_t>fd >= files.max_fds):
        return 0
    return fd_row(k, files.fdt + <uint32_t>fd).file


cdef inline file_t *fdget(kernel_t *k, task_t *t, int32_t fd) noexcept nogil:
    # The open file of a descriptor, or NULL.
    cdef uint32_t file = fd_file(k, t, fd)
    return file_row(k, file) if file else NULL


cdef inline int64_t bytes_available(kernel_t *k, task_t *t, file_t *f, int64_t n) noexcept nogil:
    return file_operations[f.f_op].available(k, t, f, n) if file_operations[f.f_op].available != NULL else 0


cdef inline bint is_pipe_file(file_t *f) noexcept nogil:
    # Of a pipe or a FIFO: `private_data` is its row.
    return f.f_op == PIPEANON_FOPS or f.f_op == PIPEFIFO_FOPS


cdef inline uint32_t alloc_empty_file(kernel_t *k) noexcept nogil:
    # One reference, for the caller; 0: see alloc_errno.
    cdef uint32_t i
    if unlikely(k.table[T_FILE].nlive >= <uint64_t>k.file_max):
        return too_many_files(k)
    i = table_alloc(k, T_FILE, sizeof(file_t))
    if likely(i != 0):
        file_row(k, i).f_count = 1
    return i


cdef inline uint32_t alloc_file(
    kernel_t *k, uint32_t inode, uint16_t mode, uint32_t flags, uint16_t op, uint32_t private
) noexcept nogil:
    # A file of a pipe. The inode is counted by the caller for each; by the dentry of all others.
    cdef uint32_t i = alloc_empty_file(k)
    cdef file_t *f = file_row(k, i)
    if i == 0:
        return 0
    f.f_mode = mode
    f.f_flags = flags
    f.f_op = op
    f.private_data = private
    f.inode = inode
    return i


cdef inline void fd_install(kernel_t *k, task_t *t, int32_t fd, uint32_t file) noexcept nogil:
    cdef fd_t *e = fd_row(k, files_row(k, t.files).fdt + <uint32_t>fd)
    e.file = file
    e.live = 1


cdef inline void fput(kernel_t *k, uint32_t file) noexcept nogil:
    cdef file_t *f = file_row(k, file)
    f.f_count -= 1
    if f.f_count == 0:
        release_file(k, file)
