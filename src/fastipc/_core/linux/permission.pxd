# Who may do what with an inode. Source: fs/namei.c (generic_permission, may_create, may_delete), fs/attr.c.


cdef int generic_permission(kernel_t *k, task_t *t, inode_t *inode, int mask) noexcept nogil
cdef int may_create(kernel_t *k, task_t *t, inode_t *dir) noexcept nogil
cdef int may_delete(kernel_t *k, task_t *t, inode_t *dir, uint32_t victim, bint isdir) noexcept nogil
cdef int may_link(kernel_t *k, task_t *t, inode_t *inode) noexcept nogil
cdef int may_follow_link(kernel_t *k, task_t *t, inode_t *dir, inode_t *link) noexcept nogil
cdef int may_create_in_sticky(kernel_t *k, task_t *t, inode_t *dir, inode_t *inode) noexcept nogil
cdef uint32_t mode_strip_sgid(kernel_t *k, task_t *t, inode_t *dir, uint32_t mode) noexcept nogil

cdef enum:  # masks of inode_permission
    MAY_EXEC = 1
    MAY_WRITE = 2
    MAY_READ = 4


cdef inline int inode_permission(kernel_t *k, task_t *t, inode_t *inode, int mask) noexcept nogil:
    # 0, or -errno. Mostly every class may, and it need not be found out which one counts.
    cdef uint32_t all = <uint32_t>mask * 0o111
    if likely(inode.i_mode & all == all and not (inode.i_flags & S_IMMUTABLE)):
        return 0
    return generic_permission(k, t, inode, mask)


cdef inline bint inode_owner_or_capable(kernel_t *k, task_t *t, inode_t *inode) noexcept nogil:
    return current_cred(k, t).fsuid == inode.i_uid or capable_wrt_inode(k, t, inode, CAP_FOWNER)


cdef inline bint in_group_or_capable(kernel_t *k, task_t *t, inode_t *inode) noexcept nogil:
    return in_group_p(k, current_cred(k, t), inode.i_gid) or capable_wrt_inode(k, t, inode, CAP_FSETID)


cdef inline bint may_lookup(kernel_t *k, task_t *t, inode_t *dir) noexcept nogil:
    # Whether names in a directory may be looked up: mostly every class may.
    return inode_permission(k, t, dir, MAY_EXEC) == 0
