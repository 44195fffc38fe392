"""chmod, chown, the set-id bits that writing takes away, stat, and the flags of chattr.

Source: fs/attr.c (setattr_prepare, setattr_should_drop_sgid), fs/open.c, fs/stat.c, fs/file_attr.c.
"""


cdef enum:
    NO_CHANGE = 0xffffffff  # an id of -1
    BOGO_DIRENT_SIZE = 20  # mm/shmem.c
    EXT4_FAST_SYMLINK = 60  # a shorter link has no block


cdef int attr_begin(kernel_t *k, uint32_t i) noexcept nogil:
    # A change of attributes is a transaction of its own.
    cdef uint32_t journal = journal_of(k, inode_row(k, i))
    cdef int err
    if journal == 0:
        return 0
    err = journal_start(k, journal)
    if err == 0:
        err = journal_get_write_access(k, journal, i)
        if err:
            journal_stop(k, journal, err)
    return err


cdef inline int64_t attr_end(kernel_t *k, inode_t *inode) noexcept nogil:
    inode.i_ctime = current_time(k)
    return journal_stop(k, journal_of(k, inode), 0)


cdef int64_t chmod_common(kernel_t *k, task_t *t, uint32_t i, uint32_t mode) noexcept nogil:
    cdef inode_t *inode = inode_row(k, i)
    cdef int64_t err
    if unlikely(inode.i_op == ANON_INODE):
        return -EOPNOTSUPP
    if inode.i_flags & (S_IMMUTABLE | S_APPEND):
        return -EPERM
    if not inode_owner_or_capable(k, t, inode) or inode.i_op >= PROC_DIR:
        return -EPERM
    if file_type(inode) == S_IFLNK:
        return -EOPNOTSUPP
    mode &= 0o7777
    if mode & S_ISGID and not in_group_or_capable(k, t, inode):
        mode &= ~<uint32_t>S_ISGID
    err = attr_begin(k, i)
    if err:
        return err
    walk_forget(k)
    inode.i_mode = inode.i_mode & S_IFMT | mode
    return attr_end(k, inode)


cdef inline uint32_t dropped_sgid(kernel_t *k, task_t *t, inode_t *inode) noexcept nogil:
    # setattr_should_drop_sgid: the bit, if a change by this task takes it away.
    if not (inode.i_mode & S_ISGID):
        return 0
    return S_ISGID if inode.i_mode & S_IXGRP or not in_group_or_capable(k, t, inode) else 0


cdef int64_t chown_common(kernel_t *k, task_t *t, uint32_t i, uint32_t uid, uint32_t gid) noexcept nogil:
    cdef inode_t *inode = inode_row(k, i)
    cdef cred_t *cred = current_cred(k, t)
    cdef uint32_t dropped = 0 if is_dir(inode) else inode.i_mode & S_ISUID | dropped_sgid(k, t, inode)
    cdef int64_t err
    if not uid_from_user(k, t, &uid) or not gid_from_user(k, t, &gid):
        return -EINVAL
    if unlikely(inode.i_op == ANON_INODE):
        return -EOPNOTSUPP
    if inode.i_flags & (S_IMMUTABLE | S_APPEND):
        return -EPERM
    if (uid != NO_CHANGE and not (cred.fsuid == inode.i_uid and uid == inode.i_uid)
            and not capable_wrt_inode(k, t, inode, CAP_CHOWN)):
        return -EPERM
    if (gid != NO_CHANGE and not (cred.fsuid == inode.i_uid and (gid == inode.i_gid or in_group_p(k, cred, gid)))
            and not capable_wrt_inode(k, t, inode, CAP_CHOWN)):
        return -EPERM
    if inode.i_op >= PROC_DIR or (dropped and not inode_owner_or_capable(k, t, inode)):
        return -EPERM
    err = attr_begin(k, i)
    if err:
        return err
    inode.i_mode &= ~dropped
    if uid != NO_CHANGE:
        inode.i_uid = uid
    if gid != NO_CHANGE:
        inode.i_gid = gid
    return attr_end(k, inode)


cdef void file_remove_privs(kernel_t *k, task_t *t, inode_t *inode) noexcept nogil:
    # Who writes a file without CAP_FSETID takes its set-id bits away.
    if likely(not (inode.i_mode & (S_ISUID | S_ISGID))) or capable(k, t, CAP_FSETID):
        return
    inode.i_mode &= ~<uint32_t>(S_ISUID | dropped_sgid(k, t, inode))


# ------------------------------------------------------------------------------------------ stat
cdef inline int64_t dir_size(super_block_t *sb, inode_t *inode) noexcept nogil:
    if sb.s_type == FS_EXT4:
        return PAGE_SIZE
    if sb.s_type == FS_PROC:
        return 0
    return BOGO_DIRENT_SIZE * (2 + <int64_t>inode.i_children)


cdef inline int64_t blocks_of(super_block_t *sb, inode_t *inode) noexcept nogil:
    # Units of 512 bytes.
    cdef bint one = sb.s_type == FS_EXT4 and (is_dir(inode) or (file_type(inode) == S_IFLNK
                                                                and inode.i_size >= EXT4_FAST_SYMLINK))
    return (inode.nrpages + one) * <int64_t>(PAGE_SIZE // 512)


cdef void stat_ids(kernel_t *k, task_t *t, stat_t *stat) noexcept nogil:
    # As the caller's user namespace sees them.
    stat.st_uid = uid_to_user(k, t, stat.st_uid)
    stat.st_gid = gid_to_user(k, t, stat.st_gid)


cdef void generic_fillattr(kernel_t *k, task_t *t, inode_t *inode, stat_t *stat) noexcept nogil:
    cdef super_block_t *sb = super_block_row(k, inode.i_sb)
    stat.st_dev = sb.s_dev
    stat.st_ino = inode.i_ino
    stat.st_nlink = inode.i_nlink
    stat.st_mode = inode.i_mode
    stat.st_uid = inode.i_uid
    stat.st_gid = inode.i_gid
    stat.st_blksize = PAGE_SIZE if sb.s_type != FS_PROC else 1024
    stat.st_rdev = inode.i_rdev
    stat.st_size = dir_size(sb, inode) if is_dir(inode) else <int64_t>inode.i_size
    stat.st_blocks = blocks_of(sb, inode)
    stat.st_atime_ns = inode.i_atime
    stat.st_mtime_ns = inode.i_mtime
    stat.st_ctime_ns = inode.i_ctime
    if unlikely(k.namespaces != 0):  # last, so that nothing must be kept over a call
        stat_ids(k, t, stat)


# ------------------------------------------------------------------------------------------ chattr
cdef inline uint32_t modifiable_flags(kernel_t *k, inode_t *inode) noexcept nogil:
    # None of what is neither a regular file nor a directory.
    cdef uint32_t type = super_block_row(k, inode.i_sb).s_type
    if file_type(inode) != S_IFREG and not is_dir(inode):
        return 0
    if type == FS_EXT4:
        return FS_IMMUTABLE_FL | FS_APPEND_FL | FS_SYNC_FL | (FS_DIRSYNC_FL if is_dir(inode) else 0)
    return FS_IMMUTABLE_FL | FS_APPEND_FL if type == FS_TMPFS or type == FS_DEVTMPFS else 0


cdef int64_t ioctl_getflags(kernel_t *k, inode_t *inode) noexcept nogil:
    if modifiable_flags(k, inode) == 0:
        return -ENOTTY
    return ((FS_SYNC_FL if inode.i_flags & S_SYNC else 0) | (FS_APPEND_FL if inode.i_flags & S_APPEND else 0)
            | (FS_IMMUTABLE_FL if inode.i_flags & S_IMMUTABLE else 0)
            | (FS_DIRSYNC_FL if inode.i_flags & S_DIRSYNC else 0))


cdef int64_t ioctl_setflags(kernel_t *k, task_t *t, uint32_t i, uint32_t flags) noexcept nogil:
    cdef inode_t *inode = inode_row(k, i)
    cdef uint32_t known = modifiable_flags(k, inode)
    cdef int64_t old = ioctl_getflags(k, inode)
    if old < 0:
        return old
    if not inode_owner_or_capable(k, t, inode):
        return -EPERM
    if (flags ^ <uint32_t>old) & (FS_IMMUTABLE_FL | FS_APPEND_FL) and not capable(k, t, CAP_LINUX_IMMUTABLE):
        return -EPERM
    if flags & ~known:
        return -EOPNOTSUPP
    old = attr_begin(k, i)
    if old:
        return old
    inode.i_flags = (inode.i_flags & S_DEAD | (S_SYNC if flags & FS_SYNC_FL else 0)
                     | (S_APPEND if flags & FS_APPEND_FL else 0) | (S_IMMUTABLE if flags & FS_IMMUTABLE_FL else 0)
                     | (S_DIRSYNC if flags & FS_DIRSYNC_FL else 0))
    return attr_end(k, inode)
