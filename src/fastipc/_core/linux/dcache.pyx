"""Dentries: making, finding, moving and dropping names. Source: fs/dcache.c.

Missing: negative dentries and reclaim, which only make a real disk faster.
"""


cdef enum:
    LEAST_BUCKETS = 16


# ------------------------------------------------------------------------------------------ text
cdef inline int name_order(uint32_t n) noexcept nogil:
    return run_order((n + NAME_ROW) // NAME_ROW)  # with a zero at the end


cdef uint32_t name_alloc(kernel_t *k, const char *text, uint32_t n) noexcept nogil:
    # A copy of a text with a zero at its end, in rows of its own; 0: see alloc_errno.
    cdef uint32_t run = table_alloc_run(k, T_NAME, name_order(n))
    if run:
        memcpy(name_row(k, run), text, n)
        (<char *>name_row(k, run))[n] = 0
    return run


cdef void name_free(kernel_t *k, uint32_t run, uint32_t n) noexcept nogil:
    memset(name_row(k, run), 0, n + 1)
    table_free_run(k, T_NAME, run, name_order(n))


# ------------------------------------------------------------------------------------------ hash table
cdef void split_bucket(kernel_t *k) noexcept nogil:
    # One bucket more: half of the chain that is next in turn moves there.
    cdef uint32_t *source = &dhash_row(k, k.d_buckets - k.d_split + 1).first
    cdef uint32_t *to = &dhash_row(k, k.d_buckets + 1).first
    cdef uint32_t d, bit = k.d_split
    cdef dentry_t *e
    if k.d_buckets + 2 > k.table[T_DHASH].limit:
        return
    to[0] = 0
    k.d_buckets += 1
    k.table[T_DHASH].high = max(k.table[T_DHASH].high, k.d_buckets + 1)
    while source[0]:
        d = source[0]
        e = dentry_row(k, d)
        if e.d_hash & bit:
            source[0] = e.d_next
            e.d_next = 0
            to[0] = d
            to = &e.d_next
        else:
            source = &e.d_next
    if k.d_buckets == 2 * k.d_split:
        k.d_split = k.d_buckets


cdef void d_rehash(kernel_t *k, uint32_t dentry) noexcept nogil:
    cdef dentry_t *d = dentry_row(k, dentry)
    cdef uint32_t *head
    if k.d_buckets == 0:
        k.d_buckets = k.d_split = LEAST_BUCKETS
        k.table[T_DHASH].high = LEAST_BUCKETS + 1
    head = bucket_of(k, d.d_hash)
    d.d_next = head[0]
    head[0] = dentry
    d.d_flags |= DCACHE_HASHED
    k.d_entries += 1
    if k.d_entries > k.d_buckets:
        split_bucket(k)


cdef void d_unhash(kernel_t *k, uint32_t dentry) noexcept nogil:
    cdef dentry_t *d = dentry_row(k, dentry)
    cdef uint32_t *at = bucket_of(k, d.d_hash)
    while at[0] != dentry:
        at = &dentry_row(k, at[0]).d_next
    at[0] = d.d_next
    d.d_next = 0
    d.d_flags &= ~<int>DCACHE_HASHED
    k.d_entries -= 1


# ------------------------------------------------------------------------------------------ life of a name
cdef uint32_t d_alloc(kernel_t *k, uint32_t parent, qstr_t *name) noexcept nogil:
    # A name without an inode, not to be found yet.
    cdef uint32_t i = table_alloc(k, T_DENTRY, sizeof(dentry_t)), run
    cdef dentry_t *d = dentry_row(k, i)
    if i == 0:
        return 0
    if name.len <= DNAME_INLINE_LEN:
        memcpy(d.d_name, name.name, name.len)
    else:
        run = name_alloc(k, name.name, name.len)
        if run == 0:
            table_free(k, T_DENTRY, i, sizeof(dentry_t))
            return 0
        (<uint32_t *>d.d_name)[0] = run
    d.d_count = 1
    d.d_len = <uint16_t>name.len
    d.d_parent = parent if parent else i
    d.d_hash = d_hash(d.d_parent, name.hash)
    if parent:
        dget(k, parent)
    return i


cdef uint32_t d_make_root(kernel_t *k, uint32_t inode) noexcept nogil:
    cdef qstr_t name
    cdef uint32_t i
    name.name = b"/"
    name.len = 1
    name.hash = 0
    i = d_alloc(k, 0, &name)
    if i:
        dentry_row(k, i).d_inode = inode
    return i


cdef void link_child(kernel_t *k, uint32_t dentry) noexcept nogil:
    cdef dentry_t *d = dentry_row(k, dentry)
    cdef dentry_t *parent = dentry_row(k, d.d_parent)
    d.d_sib_prev = 0
    d.d_sib_next = parent.d_children
    if parent.d_children:
        dentry_row(k, parent.d_children).d_sib_prev = dentry
    parent.d_children = dentry
    inode_row(k, parent.d_inode).i_children += 1


cdef void unlink_child(kernel_t *k, uint32_t dentry) noexcept nogil:
    cdef dentry_t *d = dentry_row(k, dentry)
    cdef dentry_t *parent = dentry_row(k, d.d_parent)
    if d.d_sib_prev:
        dentry_row(k, d.d_sib_prev).d_sib_next = d.d_sib_next
    else:
        parent.d_children = d.d_sib_next
    if d.d_sib_next:
        dentry_row(k, d.d_sib_next).d_sib_prev = d.d_sib_prev
    d.d_sib_next = d.d_sib_prev = 0
    inode_row(k, parent.d_inode).i_children -= 1


cdef void d_add(kernel_t *k, uint32_t dentry, uint32_t inode) noexcept nogil:
    # Give a name its inode, whose reference it takes over, and let it be found.
    dentry_row(k, dentry).d_inode = inode
    link_child(k, dentry)
    d_rehash(k, dentry)


cdef void d_drop(kernel_t *k, uint32_t dentry) noexcept nogil:
    # The name is gone; whoever has it open keeps it.
    if not d_unhashed(k, dentry):
        if is_dir(d_inode(k, dentry)):
            walk_forget(k)
        d_unhash(k, dentry)
        unlink_child(k, dentry)


cdef inline void free_dentry(kernel_t *k, uint32_t dentry) noexcept nogil:
    cdef dentry_t *d = dentry_row(k, dentry)
    if d.d_len > DNAME_INLINE_LEN:
        name_free(k, (<uint32_t *>d.d_name)[0], d.d_len)
    table_free(k, T_DENTRY, dentry, sizeof(dentry_t))


cdef void dentry_kill(kernel_t *k, uint32_t dentry) noexcept nogil:
    # The last reference went. So may then the last one of the parent.
    cdef dentry_t *d
    cdef uint32_t parent
    while True:
        d = dentry_row(k, dentry)
        parent = d.d_parent
        d_drop(k, dentry)
        if d.d_inode:
            iput(k, d.d_inode)
        free_dentry(k, dentry)
        if parent == dentry:
            return
        d = dentry_row(k, parent)
        d.d_count -= 1
        if d.d_count:
            return
        dentry = parent


cdef void d_move(kernel_t *k, uint32_t dentry, uint32_t parent, dentry_t *name) noexcept nogil:
    # A name moves to where another, not hashed, was made for it, and takes that one's text; the other gets the old one.
    cdef dentry_t *d = dentry_row(k, dentry)
    cdef uint32_t old = d.d_parent
    cdef dentry_t swap = d[0]
    walk_forget(k)
    d_unhash(k, dentry)
    unlink_child(k, dentry)
    d.d_hash = name.d_hash
    d.d_len = name.d_len
    memcpy(d.d_name, name.d_name, DNAME_INLINE_LEN)
    name.d_len = swap.d_len
    memcpy(name.d_name, swap.d_name, DNAME_INLINE_LEN)
    d.d_parent = parent
    dget(k, parent)
    link_child(k, dentry)
    d_rehash(k, dentry)
    dput(k, old)


# ------------------------------------------------------------------------------------------ checks
cdef bint dentry_check(kernel_t *k, uint32_t i, uint32_t *chained) noexcept nogil:
    cdef dentry_t *d = dentry_row(k, i)
    cdef uint32_t j, n = 0
    if not (check(k, d.d_count > 0, b"dcache: name without a reference")
            and check(k, dentry_row(k, d.d_parent).live == 1, b"dcache: name whose directory is gone")
            and check(k, d.d_inode == 0 or inode_row(k, d.d_inode).live == 1, b"dcache: name without an inode")):
        return False
    j = d.d_children
    while j:
        if not check(k, dentry_row(k, j).live and dentry_row(k, j).d_parent == i, b"dcache: broken list of names"):
            return False
        n += 1
        j = dentry_row(k, j).d_sib_next
    if not check(k, d.d_inode == 0 or n == 0 or inode_row(k, d.d_inode).i_children == n,
                 b"dcache: names of a directory miscounted"):
        return False
    chained[0] += not d_unhashed(k, i)
    return True


cdef bint dcache_check(kernel_t *k) noexcept nogil:
    cdef uint32_t i, b, hashed = 0, chained = 0
    for i in range(1, k.table[T_DENTRY].high):
        if dentry_row(k, i).live and not dentry_check(k, i, &hashed):
            return False
    for b in range(k.d_buckets):
        i = dhash_row(k, b + 1).first
        while i:
            chained += 1
            if not check(k, bucket_of(k, dentry_row(k, i).d_hash) == &dhash_row(k, b + 1).first
                         and chained <= hashed, b"dcache: name in a wrong chain"):
                return False
            i = dentry_row(k, i).d_next
    return (check(k, hashed == chained, b"dcache: name in no chain")
            and check(k, hashed == k.d_entries, b"dcache: names miscounted"))
