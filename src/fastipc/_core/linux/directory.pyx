"""mknod, mkdir, symlink, link, unlink, rmdir, rename: one transaction each on a file system with a journal.

Source: fs/namei.c (do_mknodat, vfs_mknod, do_renameat2), fs/inode.c (init_special_inode, inode_init_owner),
fs/libfs.c (simple_link, simple_unlink, simple_rename), fs/ext4/namei.c (ext4_mknod). The paths of the call are in
`k.pathname`; every check comes in the order of Linux, before anything is changed.
"""


# ------------------------------------------------------------------------------------------ what a new inode is
cdef void init_special_inode(inode_t *inode, uint32_t dev) noexcept nogil:
    cdef uint32_t type = file_type(inode)
    if type == S_IFCHR:
        inode.i_fop = DEF_CHR_FOPS
        inode.i_rdev = dev
    elif type == S_IFBLK:
        inode.i_fop = DEF_BLK_FOPS
        inode.i_rdev = dev
    elif type == S_IFIFO:
        inode.i_fop = PIPEFIFO_FOPS
    else:
        inode.i_fop = NO_OPEN_FOPS


cdef void init_inode(inode_t *inode, uint32_t mode, uint32_t dev) noexcept nogil:
    # Operations by type.
    cdef uint32_t type = mode & S_IFMT
    inode.i_mode = mode
    if type == S_IFREG:
        inode.i_fop = REGULAR_FOPS
    elif type == S_IFDIR:
        inode.i_op = RAM_DIR
        inode.i_fop = DIR_FOPS
        inode.i_nlink = 2
    elif type == S_IFLNK:
        inode.i_op = RAM_LINK
    else:
        init_special_inode(inode, dev)


cdef void inode_init_owner(kernel_t *k, task_t *t, inode_t *inode, inode_t *dir) noexcept nogil:
    # A set-group-id directory gives its group on, to directories with the bit itself.
    cdef cred_t *cred = current_cred(k, t)
    inode.i_uid = cred.fsuid
    inode.i_gid = cred.fsgid
    if dir.i_mode & S_ISGID:
        inode.i_gid = dir.i_gid
        if is_dir(inode):
            inode.i_mode |= S_ISGID


cdef void inherit_flags(kernel_t *k, inode_t *inode, inode_t *dir) noexcept nogil:
    # ext4_mask_flags: what a directory's flags of chattr are for what is made in it.
    if super_block_row(k, dir.i_sb).s_type == FS_EXT4:
        if is_dir(inode):
            inode.i_flags |= dir.i_flags & (S_SYNC | S_DIRSYNC)
        elif file_type(inode) == S_IFREG:
            inode.i_flags |= dir.i_flags & S_SYNC


cdef inline void touch_dir(kernel_t *k, inode_t *dir) noexcept nogil:
    dir.i_mtime = dir.i_ctime = current_time(k)


cdef void add_to_dir(kernel_t *k, inode_t *dir, inode_t *inode) noexcept nogil:
    # What a directory has of a new name in it: links of directories, times.
    dir.i_nlink += is_dir(inode)
    touch_dir(k, dir)


cdef void drop_from_dir(kernel_t *k, inode_t *dir, inode_t *inode) noexcept nogil:
    dir.i_nlink -= is_dir(inode)
    touch_dir(k, dir)
    inode.i_ctime = dir.i_ctime
    inode.i_nlink -= 2 if is_dir(inode) else 1
    if is_dir(inode):
        inode.i_flags |= S_DEAD


# ------------------------------------------------------------------------------------------ transactions
cdef int names_begin(kernel_t *k, uint32_t dir, uint32_t inode) noexcept nogil:
    # A handle for a change of a directory, and of an inode that is there already or 0.
    cdef uint32_t journal = journal_of(k, inode_row(k, dir))
    cdef int err
    if likely(journal == 0):
        return 0
    err = journal_start(k, journal)
    if err:
        return err
    err = journal_get_write_access(k, journal, dir)
    if err == 0 and inode:
        err = journal_get_write_access(k, journal, inode)
    if err:
        journal_stop(k, journal, err)
    elif inode_row(k, dir).i_flags & (S_DIRSYNC | S_SYNC):
        handle_sync(k, journal)
    return err


cdef inline int64_t names_end(kernel_t *k, inode_t *dir, int64_t err) noexcept nogil:
    cdef uint32_t journal = journal_of(k, dir)
    return err if likely(journal == 0) else journal_stop(k, journal, err)


# ------------------------------------------------------------------------------------------ creating
cdef uint32_t add_nondir(kernel_t *k, uint32_t parent, qstr_t *name, uint32_t inode, int64_t *err) noexcept nogil:
    # The name of a new inode: its dentry, pinned once; 0, the inode gone again, if there is no room for it.
    cdef uint32_t d = d_alloc(k, parent, name)
    if d == 0:
        err[0] = -alloc_errno(k, ENOMEM)
        iput(k, inode)
        return 0
    d_add(k, d, inode)
    add_to_dir(k, d_inode(k, parent), inode_row(k, inode))
    return d


cdef uint32_t vfs_create(kernel_t *k, task_t *t, uint32_t parent, qstr_t *name, uint32_t mode, uint32_t dev,
                         int64_t *err) noexcept nogil:
    # A new inode of any kind under a new name. All permission was given. Its dentry, or 0 and the error.
    cdef uint32_t dir = dentry_row(k, parent).d_inode, i, d = 0
    cdef inode_t *inode
    err[0] = names_begin(k, dir, 0)
    if err[0]:
        return 0
    i = new_inode(k, inode_row(k, dir).i_sb, mode)
    if i == 0:
        err[0] = -alloc_errno(k, ENOSPC)
    else:
        inode = inode_row(k, i)
        init_inode(inode, mode, dev)
        inode_init_owner(k, t, inode, inode_row(k, dir))
        inherit_flags(k, inode, inode_row(k, dir))
        d = add_nondir(k, parent, name, i, err)
    err[0] = names_end(k, inode_row(k, dir), err[0])
    return d


cdef inline uint32_t prepare_mode(kernel_t *k, task_t *t, inode_t *dir, uint32_t mode) noexcept nogil:
    # What the umask and a set-group-id directory leave of a mode.
    return mode_strip_sgid(k, t, dir, mode) & ~current_fs(k, t).umask


cdef int64_t create_at(kernel_t *k, task_t *t, nameidata_t *nd, uint32_t mode, uint32_t dev) noexcept nogil:
    # The end of mknod and mkdir: permission, then the inode.
    cdef inode_t *dir = d_inode(k, nd.path.dentry)
    cdef int64_t err = may_create(k, t, dir)
    cdef uint32_t type = mode & S_IFMT
    if err == 0 and (type == S_IFBLK or (type == S_IFCHR and dev)) and not capable(k, t, CAP_MKNOD):
        err = -EPERM
    if err == 0 and type == S_IFDIR:
        if super_block_row(k, dir.i_sb).s_maxlinks and dir.i_nlink >= super_block_row(k, dir.i_sb).s_maxlinks:
            err = -EMLINK
    if err == 0:
        vfs_create(k, t, nd.path.dentry, &nd.last, mode, dev, &err)
    walk_end(k, nd)
    return err


cdef int64_t do_mknodat(kernel_t *k, task_t *t, int32_t dfd, uint32_t mode, uint32_t dev) noexcept nogil:
    cdef nameidata_t nd
    cdef uint32_t type
    cdef int64_t err
    mode &= S_IFMT | 0o7777  # umode_t
    type = mode & S_IFMT
    if type == S_IFDIR:
        return -EPERM
    if type == 0:
        type = S_IFREG
        mode |= S_IFREG
    if type != S_IFREG and type != S_IFCHR and type != S_IFBLK and type != S_IFIFO and type != S_IFSOCK:
        return -EINVAL
    err = path_create(k, t, dfd, k.pathname[0], False, &nd)
    if err:
        return err
    if type != S_IFCHR and type != S_IFBLK:
        dev = 0
    mode = prepare_mode(k, t, d_inode(k, nd.path.dentry), mode)
    return create_at(k, t, &nd, mode, dev)


cdef int64_t do_mkdirat(kernel_t *k, task_t *t, int32_t dfd, uint32_t mode) noexcept nogil:
    cdef nameidata_t nd
    cdef int64_t err = path_create(k, t, dfd, k.pathname[0], True, &nd)
    if err:
        return err
    mode = prepare_mode(k, t, d_inode(k, nd.path.dentry), mode & (S_ISVTX | 0o777) | S_IFDIR)
    return create_at(k, t, &nd, mode, 0)


cdef int64_t do_symlinkat(kernel_t *k, task_t *t, int32_t dfd) noexcept nogil:
    cdef nameidata_t nd
    cdef uint32_t n = <uint32_t>strlen(k.pathname[1]), body, d
    cdef int64_t err
    if n == 0:
        return name_errno(k.pathname[1])
    err = path_create(k, t, dfd, k.pathname[0], False, &nd)
    if err:
        return err
    err = may_create(k, t, d_inode(k, nd.path.dentry))
    if err == 0:
        body = name_alloc(k, k.pathname[1], n)
        if body == 0:
            err = -alloc_errno(k, ENOMEM)
        else:
            d = vfs_create(k, t, nd.path.dentry, &nd.last, S_IFLNK | 0o777, 0, &err)
            if d:
                d_inode(k, d).i_link = body
                d_inode(k, d).i_size = n
            else:
                name_free(k, body, n)
    walk_end(k, &nd)
    return err


# ------------------------------------------------------------------------------------------ link
cdef int64_t vfs_link(kernel_t *k, task_t *t, uint32_t old, nameidata_t *nd) noexcept nogil:
    cdef uint32_t i = dentry_row(k, old).d_inode, dir = dentry_row(k, nd.path.dentry).d_inode, d
    cdef inode_t *inode = inode_row(k, i)
    cdef super_block_t *sb = super_block_row(k, inode.i_sb)
    cdef int64_t err = may_create(k, t, inode_row(k, dir))
    if err:
        return err
    if inode.i_sb != inode_row(k, dir).i_sb:
        return -EXDEV
    if inode.i_flags & (S_APPEND | S_IMMUTABLE) or is_dir(inode) or inode.i_op >= PROC_DIR:
        return -EPERM
    if inode.i_nlink == 0:
        return -ENOENT
    if sb.s_maxlinks and inode.i_nlink >= sb.s_maxlinks:
        return -EMLINK
    err = names_begin(k, dir, i)
    if err:
        return err
    d = d_alloc(k, nd.path.dentry, &nd.last)
    if d == 0:
        return names_end(k, inode_row(k, dir), -alloc_errno(k, ENOMEM))
    inode.i_count += 1
    inode.i_nlink += 1
    d_add(k, d, i)
    touch_dir(k, inode_row(k, dir))
    inode.i_ctime = inode_row(k, dir).i_ctime
    return names_end(k, inode_row(k, dir), 0)


cdef int64_t do_linkat(kernel_t *k, task_t *t, int32_t olddfd, int32_t newdfd, int flags) noexcept nogil:
    cdef path_t old
    cdef nameidata_t nd
    cdef int64_t err
    if flags & ~(AT_SYMLINK_FOLLOW | AT_EMPTY_PATH):
        return -EINVAL
    if flags & AT_EMPTY_PATH and not capable(k, t, CAP_DAC_READ_SEARCH):
        return -ENOENT
    err = path_lookup(k, t, olddfd, k.pathname[0], (LOOKUP_FOLLOW if flags & AT_SYMLINK_FOLLOW else 0)
                      | (LOOKUP_EMPTY if flags & AT_EMPTY_PATH else 0), &old)
    if err:
        return err
    err = path_create(k, t, newdfd, k.pathname[1], False, &nd)
    if err == 0:
        err = -EXDEV if old.mnt != nd.path.mnt else may_link(k, t, d_inode(k, old.dentry))
        if err == 0:
            err = vfs_link(k, t, old.dentry, &nd)
        walk_end(k, &nd)
    path_put(k, &old)
    return err


# ------------------------------------------------------------------------------------------ unlink, rmdir
cdef void remove_name(kernel_t *k, uint32_t dentry) noexcept nogil:
    # The name and its pin go.
    drop_from_dir(k, d_inode(k, dentry_row(k, dentry).d_parent), d_inode(k, dentry))
    d_drop(k, dentry)
    dput(k, dentry)


cdef int64_t remove_from(kernel_t *k, uint32_t parent, uint32_t dentry) noexcept nogil:
    cdef uint32_t dir = dentry_row(k, parent).d_inode
    cdef int64_t err = names_begin(k, dir, dentry_row(k, dentry).d_inode)
    if err:
        return err
    remove_name(k, dentry)
    return names_end(k, inode_row(k, dir), 0)


cdef int64_t vfs_unlink(kernel_t *k, task_t *t, nameidata_t *nd, uint32_t d) noexcept nogil:
    cdef int64_t err
    if nd.last_slash:
        return -EISDIR if is_dir(d_inode(k, d)) else -ENOTDIR
    err = may_delete(k, t, d_inode(k, nd.path.dentry), d, False)
    if err:
        return err
    if d_inode(k, d).i_op >= PROC_DIR:
        return -EPERM
    return remove_from(k, nd.path.dentry, d)


cdef int64_t do_unlinkat(kernel_t *k, task_t *t, int32_t dfd) noexcept nogil:
    cdef nameidata_t nd
    cdef uint32_t d
    cdef int64_t err = path_parent(k, t, dfd, k.pathname[0], &nd)
    if err:
        return err
    if nd.last_type != LAST_NORM:
        err = -EISDIR
    else:
        d = lookup_name(k, t, nd.path.dentry, &nd.last)
        if d == 0:
            err = -alloc_errno(k, ENOENT)
        else:
            err = vfs_unlink(k, t, &nd, d)
            dput(k, d)
    walk_end(k, &nd)
    return err


cdef int64_t vfs_rmdir(kernel_t *k, task_t *t, nameidata_t *nd, uint32_t d) noexcept nogil:
    cdef int64_t err = may_delete(k, t, d_inode(k, nd.path.dentry), d, True)
    if err:
        return err
    if d_inode(k, d).i_op >= PROC_DIR:
        return -EPERM
    if dentry_row(k, d).d_mounted:
        return -EBUSY
    if d_inode(k, d).i_children:
        return -ENOTEMPTY
    return remove_from(k, nd.path.dentry, d)


cdef int64_t do_rmdir(kernel_t *k, task_t *t, int32_t dfd) noexcept nogil:
    cdef nameidata_t nd
    cdef uint32_t d
    cdef int64_t err = path_parent(k, t, dfd, k.pathname[0], &nd)
    if err:
        return err
    if nd.last_type == LAST_DOTDOT:
        err = -ENOTEMPTY
    elif nd.last_type == LAST_DOT:
        err = -EINVAL
    elif nd.last_type == LAST_ROOT:
        err = -EBUSY
    else:
        d = lookup_name(k, t, nd.path.dentry, &nd.last)
        if d == 0:
            err = -alloc_errno(k, ENOENT)
        else:
            err = vfs_rmdir(k, t, &nd, d)
            dput(k, d)
    walk_end(k, &nd)
    return err


# ------------------------------------------------------------------------------------------ rename
ctypedef struct rename_t:  # struct renamedata
    nameidata_t old
    nameidata_t new
    uint32_t source  # dentries, held
    uint32_t target  # 0: the new name is not there
    int flags


cdef inline bint is_ancestor(kernel_t *k, uint32_t ancestor, uint32_t dentry) noexcept nogil:
    # d_ancestor, or the same one.
    while dentry != ancestor and dentry_row(k, dentry).d_parent != dentry:
        dentry = dentry_row(k, dentry).d_parent
    return dentry == ancestor


cdef int may_rename(kernel_t *k, task_t *t, rename_t *r) noexcept nogil:
    # The checks of vfs_rename.
    cdef inode_t *old_dir = d_inode(k, r.old.path.dentry)
    cdef inode_t *new_dir = d_inode(k, r.new.path.dentry)
    cdef inode_t *inode = d_inode(k, r.source)
    cdef super_block_t *sb = super_block_row(k, new_dir.i_sb)
    cdef bint isdir = is_dir(inode), exchange = r.flags & RENAME_EXCHANGE != 0
    cdef int err = may_delete(k, t, old_dir, r.source, isdir)
    if err == 0 and r.target == 0:
        err = may_create(k, t, new_dir)
    elif err == 0:
        err = may_delete(k, t, new_dir, r.target, is_dir(d_inode(k, r.target)) if exchange else isdir)
    if err == 0 and inode.i_op >= PROC_DIR:
        err = -EPERM
    if err == 0 and isdir and old_dir != new_dir:
        err = inode_permission(k, t, inode, MAY_WRITE)
    if err == 0 and exchange and is_dir(d_inode(k, r.target)) and old_dir != new_dir:
        err = inode_permission(k, t, d_inode(k, r.target), MAY_WRITE)
    if err:
        return err
    if dentry_row(k, r.source).d_mounted or (r.target and dentry_row(k, r.target).d_mounted):
        return -EBUSY
    if isdir and old_dir != new_dir and r.target == 0 and sb.s_maxlinks and new_dir.i_nlink >= sb.s_maxlinks:
        return -EMLINK
    if not exchange and r.target and isdir and d_inode(k, r.target).i_children:
        return -ENOTEMPTY
    return 0


cdef int64_t exchange_names(kernel_t *k, rename_t *r) noexcept nogil:
    # RENAME_EXCHANGE: the two names trade their inodes.
    cdef dentry_t *a = dentry_row(k, r.source)
    cdef dentry_t *b = dentry_row(k, r.target)
    cdef dentry_t other = b[0]
    cdef uint32_t other_parent = b.d_parent
    cdef inode_t *old_dir = d_inode(k, a.d_parent)
    cdef inode_t *new_dir = d_inode(k, b.d_parent)
    cdef dentry_t mine = a[0]
    old_dir.i_nlink += <uint32_t>is_dir(d_inode(k, r.target)) - <uint32_t>is_dir(d_inode(k, r.source))
    new_dir.i_nlink += <uint32_t>is_dir(d_inode(k, r.source)) - <uint32_t>is_dir(d_inode(k, r.target))
    dget(k, mine.d_parent)
    d_move(k, r.source, other_parent, &other)
    d_move(k, r.target, mine.d_parent, &mine)
    dput(k, mine.d_parent)
    touch_dir(k, old_dir)
    touch_dir(k, new_dir)
    d_inode(k, r.source).i_ctime = d_inode(k, r.target).i_ctime = current_time(k)
    return 0


cdef int64_t move_name(kernel_t *k, rename_t *r) noexcept nogil:
    # simple_rename. What can fail comes first.
    cdef uint32_t scratch = d_alloc(k, r.new.path.dentry, &r.new.last)
    cdef inode_t *old_dir = d_inode(k, r.old.path.dentry)
    cdef inode_t *new_dir = d_inode(k, r.new.path.dentry)
    if scratch == 0:
        return -alloc_errno(k, ENOMEM)
    if r.target:
        remove_name(k, r.target)
    if is_dir(d_inode(k, r.source)):
        old_dir.i_nlink -= 1
        new_dir.i_nlink += 1
    d_move(k, r.source, r.new.path.dentry, dentry_row(k, scratch))
    dput(k, scratch)
    touch_dir(k, old_dir)
    touch_dir(k, new_dir)
    d_inode(k, r.source).i_ctime = new_dir.i_ctime
    return 0


cdef int64_t vfs_rename(kernel_t *k, task_t *t, rename_t *r) noexcept nogil:
    cdef uint32_t dir = dentry_row(k, r.old.path.dentry).d_inode, other = dentry_row(k, r.new.path.dentry).d_inode
    cdef int64_t err
    if r.target and dentry_row(k, r.source).d_inode == dentry_row(k, r.target).d_inode:
        return 0
    err = may_rename(k, t, r)
    if err == 0:
        err = names_begin(k, dir, other)
    if err:
        return err
    if inode_row(k, other).i_flags & (S_DIRSYNC | S_SYNC):
        handle_sync(k, journal_of(k, inode_row(k, other)))
    err = exchange_names(k, r) if r.flags & RENAME_EXCHANGE else move_name(k, r)
    return names_end(k, inode_row(k, dir), err)


cdef int64_t rename_found(kernel_t *k, task_t *t, rename_t *r) noexcept nogil:
    # The rules about both names, before permission is asked.
    cdef bint exchange = r.flags & RENAME_EXCHANGE != 0
    if r.target and r.flags & RENAME_NOREPLACE:
        return -EEXIST
    if exchange:
        if r.target == 0:
            return -ENOENT
        if not is_dir(d_inode(k, r.target)) and r.new.last_slash:
            return -ENOTDIR
    if not is_dir(d_inode(k, r.source)):
        if r.old.last_slash or (not exchange and r.new.last_slash):
            return -ENOTDIR
    if is_ancestor(k, r.source, r.new.path.dentry):
        return -EINVAL
    if r.target and is_ancestor(k, r.target, r.old.path.dentry):
        return -EINVAL if exchange else -ENOTEMPTY
    return vfs_rename(k, t, r)


cdef int64_t rename_names(kernel_t *k, task_t *t, rename_t *r) noexcept nogil:
    cdef int64_t err
    if r.old.path.mnt != r.new.path.mnt:
        return -EXDEV
    if r.old.last_type != LAST_NORM:
        return -EBUSY
    if r.new.last_type != LAST_NORM:
        return -EEXIST if r.flags & RENAME_NOREPLACE else -EBUSY
    r.source = lookup_name(k, t, r.old.path.dentry, &r.old.last)
    if r.source == 0:
        return -alloc_errno(k, ENOENT)
    r.target = lookup_name(k, t, r.new.path.dentry, &r.new.last)
    err = -alloc_errno(k, 0) if r.target == 0 else 0
    if err == 0:
        err = rename_found(k, t, r)
    if r.target:
        dput(k, r.target)
    dput(k, r.source)
    return err


cdef int64_t do_renameat2(kernel_t *k, task_t *t, int32_t olddfd, int32_t newdfd, int flags) noexcept nogil:
    cdef rename_t r
    cdef int64_t err
    if flags & ~(RENAME_NOREPLACE | RENAME_EXCHANGE) or flags == (RENAME_NOREPLACE | RENAME_EXCHANGE):
        return -EINVAL
    r.flags = flags
    err = path_parent(k, t, olddfd, k.pathname[0], &r.old)
    if err:
        return err
    err = path_parent(k, t, newdfd, k.pathname[1], &r.new)
    if err == 0:
        err = rename_names(k, t, &r)
        walk_end(k, &r.new)
    walk_end(k, &r.old)
    return err
