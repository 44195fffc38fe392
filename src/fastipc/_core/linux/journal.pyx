"""Transactions of the root file system. Source: fs/jbd2/transaction.c, commit.c; fs/ext4/ext4_jbd2.c."""


cdef enum:
    COMMIT_SECONDS = 5  # JBD2_DEFAULT_MAX_COMMIT_AGE


cdef uint32_t journal_init(kernel_t *k) noexcept nogil:
    cdef uint32_t i = table_alloc(k, T_JOURNAL, sizeof(journal_t))
    if i:
        journal_row(k, i).j_transaction_sequence = 1
    return i


cdef int journal_start(kernel_t *k, uint32_t journal) noexcept nogil:
    # Open a handle in the running transaction.
    cdef journal_t *j = journal_row(k, journal)
    if journal == 0:
        return 0
    if unlikely(k.inject_any) and inject_fails(k, T_JOURNAL):
        return -alloc_errno(k, ENOMEM)
    if j.j_updates and k.now >= j.j_expires:
        journal_commit(k, journal)
    if j.j_updates == 0:
        j.j_expires = k.now + <int64_t>COMMIT_SECONDS * 1000000000
    j.h_ref = 1
    return 0


cdef int journal_get_write_access(kernel_t *k, uint32_t journal, uint32_t inode) noexcept nogil:
    # Keep an inode as it is, before the handle changes it.
    cdef uint32_t i
    cdef journal_head_t *jh
    if journal == 0:
        return 0
    i = table_alloc(k, T_JOURNAL_HEAD, sizeof(journal_head_t))
    if i == 0:
        return -alloc_errno(k, ENOMEM)
    jh = journal_head_row(k, i)
    jh.b_inode = inode
    jh.b_next = journal_row(k, journal).h_first
    memcpy(jh.b_frozen_data, inode_row(k, inode), sizeof(inode_t))
    journal_row(k, journal).h_first = i
    return 0


cdef int64_t journal_stop(kernel_t *k, uint32_t journal, int64_t err) noexcept nogil:
    cdef journal_t *j = journal_row(k, journal)
    cdef uint32_t i
    cdef journal_head_t *jh
    if journal == 0:
        return err
    while j.h_first:
        i = j.h_first
        jh = journal_head_row(k, i)
        j.h_first = jh.b_next
        if err < 0:
            memcpy(inode_row(k, jh.b_inode), jh.b_frozen_data, sizeof(inode_t))
        table_free(k, T_JOURNAL_HEAD, i, sizeof(journal_head_t))
    j.h_ref = 0
    if err >= 0:
        j.j_updates += 1
        if j.h_sync:
            journal_commit(k, journal)
    j.h_sync = 0
    return err


cdef void journal_commit(kernel_t *k, uint32_t journal) noexcept nogil:
    cdef journal_t *j = journal_row(k, journal)
    if journal and j.j_updates:
        j.j_commit_sequence = j.j_transaction_sequence
        j.j_transaction_sequence += 1
        j.j_updates = 0
        k.counters.commits += 1


cdef bint journal_check(kernel_t *k) noexcept nogil:
    cdef uint32_t i
    for i in range(1, k.table[T_JOURNAL].high):
        if not check(k, journal_row(k, i).h_ref == 0 and journal_row(k, i).h_first == 0, b"journal: handle left open"):
            return False
    return check(k, k.table[T_JOURNAL_HEAD].nlive == 0, b"journal: change left open")
