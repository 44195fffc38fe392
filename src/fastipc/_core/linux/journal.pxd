# The journal of the root file system: a change of names is one transaction. Source: fs/jbd2, fs/ext4/ext4_jbd2.c.
#
# A handle is open while one call changes names, and no call sleeps in one. What it is about to change is kept as it
# was; if the call fails in the middle, it is put back. The running transaction is committed when a change must be on
# the disk before its call returns (a synchronous directory), by fsync, and when it is five seconds old. File systems
# without a journal have row 0, for which all of this does nothing.


cdef uint32_t journal_init(kernel_t *k) noexcept nogil
cdef int journal_start(kernel_t *k, uint32_t journal) noexcept nogil  # 0, or -errno
cdef int journal_get_write_access(kernel_t *k, uint32_t journal, uint32_t inode) noexcept nogil
cdef int64_t journal_stop(kernel_t *k, uint32_t journal, int64_t err) noexcept nogil  # `err`, all undone if it is one
cdef void journal_commit(kernel_t *k, uint32_t journal) noexcept nogil
cdef bint journal_check(kernel_t *k) noexcept nogil


cdef inline uint32_t journal_of(kernel_t *k, inode_t *inode) noexcept nogil:
    return super_block_row(k, inode.i_sb).s_journal


cdef inline void handle_sync(kernel_t *k, uint32_t journal) noexcept nogil:
    # ext4_handle_sync: the transaction is to be on the disk when the handle is closed.
    if journal:
        journal_row(k, journal).h_sync = 1
