# Names: the tree of dentries. Source: fs/dcache.c, include/linux/dcache.h.
#
# A directory of the machine's file systems is the list of its dentries: a name that is there holds a reference of its
# own, as in Linux's ramfs. A dentry holds its inode and its parent. All names are in one hash table, which grows by one
# bucket with every name (linear hashing), so that no single creation pays for the growth.


ctypedef struct qstr_t:  # struct qstr: a name with its hash
    const char *name
    uint32_t len
    uint32_t hash
    uint64_t word  # the first eight bytes, zeros after the name

cdef enum:
    NAME_ROW = 32  # bytes of a row of text


cdef uint32_t d_alloc(kernel_t *k, uint32_t parent, qstr_t *name) noexcept nogil  # one reference; 0: see alloc_errno
cdef uint32_t d_make_root(kernel_t *k, uint32_t inode) noexcept nogil
cdef void d_add(kernel_t *k, uint32_t dentry, uint32_t inode) noexcept nogil
cdef void d_drop(kernel_t *k, uint32_t dentry) noexcept nogil
cdef void d_move(kernel_t *k, uint32_t dentry, uint32_t parent, dentry_t *name) noexcept nogil
cdef void dentry_kill(kernel_t *k, uint32_t dentry) noexcept nogil
cdef uint32_t name_alloc(kernel_t *k, const char *text, uint32_t n) noexcept nogil
cdef void name_free(kernel_t *k, uint32_t name, uint32_t n) noexcept nogil
cdef bint dcache_check(kernel_t *k) noexcept nogil


cdef inline uint64_t zero_bytes(uint64_t word) noexcept nogil:
    # The high bit of each byte that is zero, as far as the first one.
    return (word - <uint64_t>0x0101010101010101) & ~word & <uint64_t>0x8080808080808080


cdef inline void walk_forget(kernel_t *k) noexcept nogil:
    # Before a directory changes its name, its place or who may pass through it.
    k.walked.len = 0


cdef inline void dget(kernel_t *k, uint32_t dentry) noexcept nogil:
    dentry_row(k, dentry).d_count += 1


cdef inline void dput(kernel_t *k, uint32_t dentry) noexcept nogil:
    cdef dentry_t *d = dentry_row(k, dentry)
    d.d_count -= 1
    if unlikely(d.d_count == 0):
        dentry_kill(k, dentry)


cdef inline const char *d_name(kernel_t *k, dentry_t *d) noexcept nogil:
    if likely(d.d_len <= DNAME_INLINE_LEN):
        return <const char *>d.d_name
    return <const char *>name_row(k, (<uint32_t *>d.d_name)[0])


cdef inline inode_t *d_inode(kernel_t *k, uint32_t dentry) noexcept nogil:
    return inode_row(k, dentry_row(k, dentry).d_inode)


cdef inline bint d_unhashed(kernel_t *k, uint32_t dentry) noexcept nogil:
    return not (dentry_row(k, dentry).d_flags & DCACHE_HASHED)


cdef inline uint32_t d_hash(uint32_t parent, uint32_t name) noexcept nogil:
    cdef uint64_t h = (<uint64_t>parent << 32 | name) * <uint64_t>0x9E3779B97F4A7C15
    return <uint32_t>(h >> 32)


cdef inline uint32_t *bucket_of(kernel_t *k, uint32_t hash) noexcept nogil:
    # Buckets below `d_buckets - d_split` were split in this round, and are told apart by one bit more.
    cdef uint32_t b = hash & (2 * k.d_split - 1)
    if b >= k.d_buckets:
        b -= k.d_split
    return &dhash_row(k, b + 1).first


cdef inline bint same_name(kernel_t *k, dentry_t *d, qstr_t *name) noexcept nogil:
    # Of equal length. A short name is one word.
    if likely(name.len <= 8):
        return (<uint64_t *>d.d_name)[0] == name.word
    return memcmp(d_name(k, d), name.name, name.len) == 0


cdef inline uint32_t d_lookup(kernel_t *k, uint32_t parent, qstr_t *name) noexcept nogil:
    # The dentry of a name, or 0.
    cdef uint32_t hash = d_hash(parent, name.hash), i
    cdef dentry_t *d
    if unlikely(k.d_buckets == 0):
        return 0
    i = bucket_of(k, hash)[0]
    while i:
        d = dentry_row(k, i)
        if likely(d.d_hash == hash) and d.d_parent == parent and d.d_len == name.len and same_name(k, d, name):
            return i
        i = d.d_next
    return 0
