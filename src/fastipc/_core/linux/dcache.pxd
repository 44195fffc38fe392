# Names: the tree of dentries. Source: fs/dcache.c, include/linux/dcache.h.
#
# A directory of the machine's file systems is the list of its dentries: a name that is there holds a reference of its
# own, as in Linux's ramfs. A dentry holds its inode and its parent. All names are in one hash table, which grows by one
# bucket with every name (linear hashing), so that no single creation pays for the growth.


ctypedef struct qstr_t:  # struct qstr: a name with its hash
    const char *name
    uint32_t len
    uint32_t hash

cdef enum:
    NAME_ROW = 32  # bytes of a row of text


cdef uint32_t d_alloc(kernel_t *k, uint32_t parent, qstr_t *name) noexcept nogil  # one reference; 0: see alloc_errno
cdef uint32_t d_make_root(kernel_t *k, uint32_t inode) noexcept nogil
cdef uint32_t d_lookup(kernel_t *k, uint32_t parent, qstr_t *name) noexcept nogil  # 0: no such name
cdef void d_add(kernel_t *k, uint32_t dentry, uint32_t inode) noexcept nogil
cdef void d_drop(kernel_t *k, uint32_t dentry) noexcept nogil
cdef void d_move(kernel_t *k, uint32_t dentry, uint32_t parent, dentry_t *name) noexcept nogil
cdef void dentry_kill(kernel_t *k, uint32_t dentry) noexcept nogil
cdef uint32_t name_alloc(kernel_t *k, const char *text, uint32_t n) noexcept nogil
cdef void name_free(kernel_t *k, uint32_t name, uint32_t n) noexcept nogil
cdef bint dcache_check(kernel_t *k) noexcept nogil


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
