"""Permission bits, the capabilities that pass them, sticky directories, and the protections of fs.protected_*.

Source: fs/namei.c. Each function answers 0 or -errno; the order of its checks is the order of Linux.
"""


cdef inline uint32_t permission_class(kernel_t *k, task_t *t, inode_t *inode) noexcept nogil:
    # The three bits that count for this task.
    cdef cred_t *cred = current_cred(k, t)
    if cred.fsuid == inode.i_uid:
        return inode.i_mode >> 6
    if in_group_p(k, cred, inode.i_gid):
        return inode.i_mode >> 3
    return inode.i_mode


cdef inline bint capable_dac(kernel_t *k, task_t *t, inode_t *inode, int mask) noexcept nogil:
    # What a capability allows where the bits do not: everything but executing what nobody may.
    if is_dir(inode):
        return (not (mask & MAY_WRITE) and capable_wrt_inode(k, t, inode, CAP_DAC_READ_SEARCH)
                or capable_wrt_inode(k, t, inode, CAP_DAC_OVERRIDE))
    if mask == MAY_READ and capable_wrt_inode(k, t, inode, CAP_DAC_READ_SEARCH):
        return True
    return (not (mask & MAY_EXEC) or inode.i_mode & 0o111 != 0) and capable_wrt_inode(k, t, inode, CAP_DAC_OVERRIDE)


cdef int generic_permission(kernel_t *k, task_t *t, inode_t *inode, int mask) noexcept nogil:
    if mask & MAY_WRITE and inode.i_flags & S_IMMUTABLE:
        return -EPERM
    if mask & ~<int>permission_class(k, t, inode) & 7 == 0:
        return 0
    return 0 if capable_dac(k, t, inode, mask) else -EACCES


# ------------------------------------------------------------------------------------------ names
cdef inline bint check_sticky(kernel_t *k, task_t *t, inode_t *dir, inode_t *inode) noexcept nogil:
    # Whether a sticky directory forbids to take this name away.
    cdef uint32_t fsuid = current_cred(k, t).fsuid
    if not (dir.i_mode & S_ISVTX) or inode.i_uid == fsuid or dir.i_uid == fsuid:
        return False
    return not capable_wrt_inode(k, t, inode, CAP_FOWNER)


cdef int may_create(kernel_t *k, task_t *t, inode_t *dir) noexcept nogil:
    if dir.i_flags & S_DEAD:
        return -ENOENT
    return inode_permission(k, t, dir, MAY_WRITE | MAY_EXEC)


cdef int may_delete(kernel_t *k, task_t *t, inode_t *dir, uint32_t victim, bint isdir) noexcept nogil:
    cdef inode_t *inode = d_inode(k, victim)
    cdef int err = inode_permission(k, t, dir, MAY_WRITE | MAY_EXEC)
    if err:
        return err
    if dir.i_flags & S_APPEND:
        return -EPERM
    if check_sticky(k, t, dir, inode) or inode.i_flags & (S_APPEND | S_IMMUTABLE):
        return -EPERM
    if isdir:
        if not is_dir(inode):
            return -ENOTDIR
        if dentry_row(k, victim).d_parent == victim:
            return -EBUSY
    elif is_dir(inode):
        return -EISDIR
    return -ENOENT if dir.i_flags & S_DEAD else 0


# ------------------------------------------------------------------------------------------ fs.protected_*
cdef inline bint safe_hardlink_source(kernel_t *k, task_t *t, inode_t *inode) noexcept nogil:
    return (file_type(inode) == S_IFREG and not (inode.i_mode & S_ISUID)
            and inode.i_mode & (S_ISGID | S_IXGRP) != (S_ISGID | S_IXGRP)
            and inode_permission(k, t, inode, MAY_READ | MAY_WRITE) == 0)


cdef int may_link(kernel_t *k, task_t *t, inode_t *inode) noexcept nogil:
    if k.protected_hardlinks == 0 or safe_hardlink_source(k, t, inode) or inode_owner_or_capable(k, t, inode):
        return 0
    return -EPERM


cdef inline bint sticky_to_all(inode_t *dir) noexcept nogil:
    return dir.i_mode & (S_ISVTX | S_IWOTH) == (S_ISVTX | S_IWOTH)


cdef int may_follow_link(kernel_t *k, task_t *t, inode_t *dir, inode_t *link) noexcept nogil:
    if (k.protected_symlinks == 0 or current_cred(k, t).fsuid == link.i_uid or not sticky_to_all(dir)
            or dir.i_uid == link.i_uid):
        return 0
    return -EACCES


cdef int may_create_in_sticky(kernel_t *k, task_t *t, inode_t *dir, inode_t *inode) noexcept nogil:
    # O_CREAT of what exists already, in a directory where everybody may create.
    cdef int64_t level = k.protected_fifos if file_type(inode) == S_IFIFO else (
        k.protected_regular if file_type(inode) == S_IFREG else 0)
    if (level == 0 or not (dir.i_mode & S_ISVTX) or inode.i_uid == dir.i_uid
            or current_cred(k, t).fsuid == inode.i_uid):
        return 0
    if dir.i_mode & S_IWOTH or (dir.i_mode & S_IWGRP and level >= 2):
        return -EACCES
    return 0


cdef uint32_t mode_strip_sgid(kernel_t *k, task_t *t, inode_t *dir, uint32_t mode) noexcept nogil:
    # Who makes a file in a set-group-id directory of a group that is not his cannot make it set-group-id.
    if mode & (S_ISGID | S_IXGRP) != (S_ISGID | S_IXGRP) or mode & S_IFMT == S_IFDIR or not (dir.i_mode & S_ISGID):
        return mode
    return mode if in_group_or_capable(k, t, dir) else mode & ~<uint32_t>S_ISGID
