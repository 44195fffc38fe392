"""open, stat, truncate, chmod, chown, chdir and their kin. Source: fs/open.c, fs/namei.c, fs/stat.c, fs/d_path.c.

The order of an open: flags, the path as a string, a descriptor number, an open file, the walk, permission, the open of
the file's kind. A failure gives back all of it.
"""


cdef enum:
    O_TMPFILE_BIT = 0o20000000
    O_SYNC_BIT = 0o4000000
    VALID_OPEN_FLAGS = (O_ACCMODE | O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_APPEND | O_NONBLOCK | O_SYNC | O_ASYNC
                        | O_DIRECT | O_LARGEFILE | O_DIRECTORY | O_NOFOLLOW | O_NOATIME | O_CLOEXEC | O_PATH
                        | O_TMPFILE_BIT)
    ACC_MODES = MAY_READ | MAY_WRITE << 4 | (MAY_READ | MAY_WRITE) << 8 | (MAY_READ | MAY_WRITE) << 12  # by access mode
    O_PATH_FLAGS = O_DIRECTORY | O_NOFOLLOW | O_PATH | O_CLOEXEC

ctypedef struct open_flags_t:  # struct open_flags
    uint32_t flags
    uint32_t mode
    int acc_mode  # MAY_ bits
    int lookup


# ------------------------------------------------------------------------------------------ open
cdef inline int build_open_flags(uint32_t flags, uint32_t mode, open_flags_t *op) noexcept nogil:
    flags &= VALID_OPEN_FLAGS
    if flags & O_PATH:
        flags &= O_PATH_FLAGS
    if flags & (O_DIRECTORY | O_CREAT) == (O_DIRECTORY | O_CREAT):
        return -EINVAL
    op.mode = mode & 0o7777 if flags & (O_CREAT | O_TMPFILE_BIT) else 0
    if flags & O_TMPFILE_BIT:
        if not (flags & O_DIRECTORY) or flags & O_ACCMODE == O_RDONLY:
            return -EINVAL
    if not (flags & O_PATH):
        flags |= O_LARGEFILE
    if flags & O_SYNC_BIT:
        flags |= O_DSYNC
    op.acc_mode = 0
    if not (flags & O_PATH):
        op.acc_mode = ACC_MODES >> (4 * (flags & O_ACCMODE)) & 0xf
        if flags & O_TRUNC:
            op.acc_mode |= MAY_WRITE
    op.lookup = LOOKUP_DIRECTORY if flags & O_DIRECTORY else 0
    if not (flags & O_NOFOLLOW) and flags & (O_CREAT | O_EXCL) != (O_CREAT | O_EXCL):
        op.lookup |= LOOKUP_FOLLOW
    op.flags = flags
    return 0


cdef int64_t lookup_create(kernel_t *k, task_t *t, nameidata_t *nd, open_flags_t *op, bint *created) noexcept nogil:
    # lookup_open with O_CREAT: take the step of nd.last, making the file if it is not there. A link is left to follow.
    cdef uint32_t d
    cdef inode_t *dir
    cdef int64_t err = 0
    if nd.last_type != LAST_NORM:
        return 0
    if nd.last_slash:
        return -EISDIR
    d = lookup_name(k, t, nd.path.dentry, &nd.last)
    if d == 0:
        err = -alloc_errno(k, 0)
        if err:
            return err
        dir = d_inode(k, nd.path.dentry)
        err = may_create(k, t, dir)
        if err:
            return err
        d = vfs_create(k, t, nd.path.dentry, &nd.last, prepare_mode(k, t, dir, op.mode | S_IFREG), 0, &err)
        if d == 0:
            return err
        created[0] = True
        step_to(k, nd, d)
        return 0
    dput(k, d)
    return 0


cdef inline int64_t open_last(kernel_t *k, task_t *t, nameidata_t *nd, open_flags_t *op, bint *created) noexcept nogil:
    # open_last_lookups: from the directory to what is opened.
    cdef const char *link
    cdef int64_t err
    cdef uint32_t dir
    cdef bint directory = op.lookup & LOOKUP_DIRECTORY != 0, follow = op.lookup & LOOKUP_FOLLOW != 0
    while True:
        if op.flags & O_CREAT:
            err = lookup_create(k, t, nd, op, created)
            if err or created[0]:
                return err
        dir = dentry_row(k, nd.path.dentry).d_inode
        directory = directory or nd.last_slash
        follow = follow or nd.last_slash
        err = walk_component(k, nd, follow, &link)
        if err == 0 and link != NULL:
            err = link_path_walk(k, nd, link)
            if err == 0:
                continue
        if err:
            return err
        return existing_ok(k, t, nd, op, inode_row(k, dir), directory)


cdef inline int64_t existing_ok(
    kernel_t *k, task_t *t, nameidata_t *nd, open_flags_t *op, inode_t *dir, bint directory
) noexcept nogil:
    # The first checks of do_open on something that was there.
    cdef inode_t *inode = d_inode(k, nd.path.dentry)
    cdef int err
    if op.flags & O_CREAT:
        if op.flags & O_EXCL:
            return -EEXIST
        if is_dir(inode):
            return -EISDIR
        err = may_create_in_sticky(k, t, dir, inode)
        if err:
            return err
    return -ENOTDIR if directory and not is_dir(inode) else 0


cdef inline int may_open(kernel_t *k, task_t *t, inode_t *inode, open_flags_t *op) noexcept nogil:
    cdef uint32_t type = file_type(inode)
    cdef int err
    if type == S_IFLNK:
        return -ELOOP
    if type == S_IFDIR and op.acc_mode & MAY_WRITE:
        return -EISDIR
    err = inode_permission(k, t, inode, op.acc_mode)
    if err:
        return err
    if unlikely(inode.i_flags & S_APPEND) and (op.flags & O_ACCMODE != O_RDONLY and not (op.flags & O_APPEND)
                                               or op.flags & O_TRUNC):
        return -EPERM
    return -EPERM if op.flags & O_NOATIME and not inode_owner_or_capable(k, t, inode) else 0


cdef inline uint16_t open_fmode(uint32_t flags) noexcept nogil:
    return <uint16_t>((flags + 1) & O_ACCMODE)


cdef inline int64_t do_dentry_open(kernel_t *k, task_t *t, file_t *f, uint32_t flags) noexcept nogil:
    # The open of the file's kind: 0, -ESLEEP, or -errno.
    cdef inode_t *inode = inode_row(k, f.inode)
    cdef int64_t err
    f.f_flags = flags & ~<uint32_t>(O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_CLOEXEC)
    if flags & O_PATH:
        f.f_mode = FMODE_PATH
        f.f_op = PATH_FOPS
        return 0
    f.f_mode = open_fmode(flags) | FMODE_LSEEK | FMODE_PREAD | FMODE_PWRITE
    f.f_op = inode.i_fop
    if likely(inode.i_fop == REGULAR_FOPS):
        return 0
    if inode.i_fop == PIPEFIFO_FOPS or inode.i_fop == PIPEANON_FOPS:
        err = fifo_open(k, t, f)
        if err == 0 and flags & O_DIRECT:
            err = -EINVAL
        return err
    if inode.i_fop == NO_OPEN_FOPS or inode.i_fop == DEF_BLK_FOPS:
        return -ENXIO
    if inode.i_fop == DEF_CHR_FOPS or inode.i_fop == PROC_FOPS:
        err = chrdev_open(k, f) if inode.i_fop == DEF_CHR_FOPS else proc_open(k, t, f)
        if err:
            return err
    return -EINVAL if flags & O_DIRECT else 0


cdef inline int64_t do_open(
    kernel_t *k, task_t *t, nameidata_t *nd, open_flags_t *op, file_t *f, bint created
) noexcept nogil:
    # From here on the file holds the path.
    cdef path_t path = nd.path
    cdef uint32_t i = dentry_row(k, path.dentry).d_inode
    cdef inode_t *inode = inode_row(k, i)
    cdef int64_t err = 0
    path_get(k, &path)
    f.f_mnt = path.mnt
    f.f_dentry = path.dentry
    f.inode = i
    if not created and not (op.flags & O_PATH):
        err = may_open(k, t, inode, op)
    if err == 0:
        err = do_dentry_open(k, t, f, op.flags)
    if err == 0 and op.flags & O_TRUNC and not created and file_type(inode) == S_IFREG:
        err = open_truncate(k, t, i)
    return err


cdef int64_t open_truncate(kernel_t *k, task_t *t, uint32_t i) noexcept nogil:
    # handle_truncate.
    if inode_row(k, i).i_op >= PROC_DIR:
        return 0
    return do_truncate(k, t, i, 0)


cdef int64_t open_tmpfile(kernel_t *k, task_t *t, nameidata_t *nd, open_flags_t *op) noexcept nogil:
    # O_TMPFILE: a file without a name, in a directory that may be written. nd.path becomes its own.
    cdef inode_t *dir = d_inode(k, nd.path.dentry)
    cdef uint32_t i, d
    cdef qstr_t name
    cdef char text[32]
    cdef int64_t err = inode_permission(k, t, dir, MAY_WRITE | MAY_EXEC)
    if err:
        return err
    if dir.i_op != RAM_DIR:
        return -EOPNOTSUPP
    i = new_inode(k, dir.i_sb, S_IFREG)
    if i == 0:
        return -alloc_errno(k, ENOSPC)
    init_inode(inode_row(k, i), prepare_mode(k, t, dir, op.mode | S_IFREG), 0)
    inode_init_owner(k, t, inode_row(k, i), dir)
    inode_row(k, i).i_nlink = 0
    name.name = text
    name.len = <uint32_t>snprintf(text, sizeof(text), b"#%llu", <unsigned long long>inode_row(k, i).i_ino)
    name.hash = 0
    d = d_alloc(k, nd.path.dentry, &name)
    if d == 0:
        iput(k, i)
        return -alloc_errno(k, ENOMEM)
    dentry_row(k, d).d_inode = i
    step_to_held(k, nd, d)
    return 0


cdef int64_t path_open(kernel_t *k, task_t *t, int32_t dfd, open_flags_t *op, file_t *f) noexcept nogil:
    # path_openat.
    cdef nameidata_t nd
    cdef bint created = False
    cdef int64_t err = path_parent(k, t, dfd, k.pathname[0], &nd)
    if unlikely(err):
        return err
    if unlikely(op.flags & O_TMPFILE_BIT):
        err = follow_last(k, &nd, LOOKUP_DIRECTORY | op.lookup)
        if err == 0:
            err = open_tmpfile(k, t, &nd, op)
        created = True
    else:
        err = open_last(k, t, &nd, op, &created)
    if likely(err == 0):
        err = do_open(k, t, &nd, op, f, created)
    walk_end(k, &nd)
    return err


cdef int64_t do_sys_open(kernel_t *k, task_t *t, int32_t dfd, uint32_t flags, uint32_t mode) noexcept nogil:
    # The descriptor, -ESLEEP (a FIFO without a partner), or -errno.
    cdef open_flags_t op
    cdef uint32_t file
    cdef int32_t fd
    cdef int64_t err = build_open_flags(flags, mode, &op)
    if unlikely(err):
        return err
    if unlikely(k.pathname[0][0] == 0):
        return name_errno(k.pathname[0])
    fd = get_unused_fd(k, t, flags & O_CLOEXEC != 0)
    if unlikely(fd < 0):
        return fd
    file = alloc_empty_file(k)
    if unlikely(file == 0):
        put_unused_fd(k, t, fd)
        return -alloc_errno(k, ENOMEM)
    err = path_open(k, t, dfd, &op, file_row(k, file))
    if likely(err == 0):
        fd_install(k, t, fd, file)
        return fd
    if err == -ESLEEP:
        t.call.file = file
        t.call.out0 = fd
        return err
    put_unused_fd(k, t, fd)
    fput(k, file)
    return err


cdef int64_t open_resume(kernel_t *k, task_t *t) noexcept nogil:
    # The open of a FIFO goes on. The call gives its own reference back when it is done.
    cdef int64_t err = fifo_open_resume(k, t)
    if err == -ESLEEP:
        return err
    if err:
        put_unused_fd(k, t, t.call.out0)
        return err
    file_row(k, t.call.file).f_count += 1
    fd_install(k, t, t.call.out0, t.call.file)
    return t.call.out0


cdef void open_abort(kernel_t *k, task_t *t) noexcept nogil:
    # A task dies in its open, or gives it up.
    fifo_open_undo(k, file_row(k, t.call.file))
    put_unused_fd(k, t, t.call.out0)


# ------------------------------------------------------------------------------------------ stat, links
cdef int64_t do_stat(kernel_t *k, task_t *t, int32_t dfd, int flags, stat_t *stat) noexcept nogil:
    # vfs_fstatat, of k.pathname[0].
    cdef path_t path
    cdef int64_t err = path_lookup(k, t, dfd, k.pathname[0], (0 if flags & AT_SYMLINK_NOFOLLOW else LOOKUP_FOLLOW)
                                   | (LOOKUP_EMPTY if flags & AT_EMPTY_PATH else 0), &path)
    if err:
        return err
    generic_fillattr(k, t, d_inode(k, path.dentry), stat)
    path_put(k, &path)
    return 0


cdef int64_t link_text(kernel_t *k, task_t *t, path_t *path, char *to, int64_t size) noexcept nogil:
    cdef inode_t *inode = d_inode(k, path.dentry)
    cdef int64_t n
    if file_type(inode) != S_IFLNK:
        return -EINVAL
    if inode.i_op == PROC_LINK:
        return proc_readlink(k, t, inode, to, size)
    touch_atime(k, inode)
    n = min(<int64_t>inode.i_size, size)
    memcpy(to, name_row(k, inode.i_link), n)
    return n


cdef int64_t do_readlink(kernel_t *k, task_t *t, char *to, int64_t size) noexcept nogil:
    # Length of the text, which is cut to `size`.
    cdef path_t path
    cdef int64_t ret
    if size <= 0:
        return -EINVAL
    ret = path_lookup(k, t, AT_FDCWD, k.pathname[0], 0, &path)
    if ret:
        return ret
    ret = link_text(k, t, &path, to, size)
    path_put(k, &path)
    return ret


# ------------------------------------------------------------------------------------------ size
cdef int64_t vfs_truncate(kernel_t *k, task_t *t, uint32_t i, int64_t length) noexcept nogil:
    cdef inode_t *inode = inode_row(k, i)
    cdef int err
    if is_dir(inode):
        return -EISDIR
    if file_type(inode) != S_IFREG:
        return -EINVAL
    err = inode_permission(k, t, inode, MAY_WRITE)
    if err:
        return err
    if inode.i_flags & S_APPEND:
        return -EPERM
    return 0 if inode.i_op >= PROC_DIR else do_truncate(k, t, i, length)


cdef int64_t do_sys_truncate(kernel_t *k, task_t *t, int64_t length) noexcept nogil:
    cdef path_t path
    cdef int64_t err
    if length < 0:
        return -EINVAL
    err = path_lookup(k, t, AT_FDCWD, k.pathname[0], LOOKUP_FOLLOW, &path)
    if err:
        return err
    err = vfs_truncate(k, t, dentry_row(k, path.dentry).d_inode, length)
    path_put(k, &path)
    return err


cdef int64_t do_sys_ftruncate(kernel_t *k, task_t *t, int32_t fd, int64_t length) noexcept nogil:
    cdef file_t *f
    if length < 0:
        return -EINVAL
    f = fdget_io(k, t, fd)
    if f == NULL:
        return -EBADF
    if file_type(inode_row(k, f.inode)) != S_IFREG or not (f.f_mode & FMODE_WRITE):
        return -EINVAL
    if inode_row(k, f.inode).i_flags & S_APPEND:
        return -EPERM
    return 0 if f.f_op != REGULAR_FOPS else do_truncate(k, t, f.inode, length)


cdef int64_t do_fallocate(kernel_t *k, task_t *t, int32_t fd, int64_t mode, int64_t off, int64_t n) noexcept nogil:
    cdef file_t *f = fdget_io(k, t, fd)
    return -EBADF if f == NULL else vfs_fallocate(k, t, f, <int32_t>mode, off, n)


cdef int64_t do_fsync(kernel_t *k, task_t *t, int32_t fd) noexcept nogil:
    # What was changed is on the disk: the running transaction is committed.
    cdef file_t *f = fdget_io(k, t, fd)
    if f == NULL:
        return -EBADF
    if f.f_op != REGULAR_FOPS and f.f_op != DIR_FOPS:
        return -EINVAL
    journal_commit(k, journal_of(k, inode_row(k, f.inode)))
    return 0


# ------------------------------------------------------------------------------------------ attributes
cdef int64_t do_chmod(kernel_t *k, task_t *t, uint32_t mode) noexcept nogil:
    cdef path_t path
    cdef int64_t err = path_lookup(k, t, AT_FDCWD, k.pathname[0], LOOKUP_FOLLOW, &path)
    if err:
        return err
    err = chmod_common(k, t, dentry_row(k, path.dentry).d_inode, mode)
    path_put(k, &path)
    return err


cdef int64_t do_fchmod(kernel_t *k, task_t *t, int32_t fd, uint32_t mode) noexcept nogil:
    cdef file_t *f = fdget_io(k, t, fd)
    return -EBADF if f == NULL else chmod_common(k, t, f.inode, mode)


cdef int64_t do_chown(kernel_t *k, task_t *t, uint32_t uid, uint32_t gid, int flags) noexcept nogil:
    cdef path_t path
    cdef int64_t err = path_lookup(k, t, AT_FDCWD, k.pathname[0], 0 if flags & AT_SYMLINK_NOFOLLOW else LOOKUP_FOLLOW,
                                   &path)
    if err:
        return err
    err = chown_common(k, t, dentry_row(k, path.dentry).d_inode, uid, gid)
    path_put(k, &path)
    return err


cdef int64_t do_fchown(kernel_t *k, task_t *t, int32_t fd, uint32_t uid, uint32_t gid) noexcept nogil:
    cdef file_t *f = fdget_io(k, t, fd)
    return -EBADF if f == NULL else chown_common(k, t, f.inode, uid, gid)


cdef int64_t do_access(kernel_t *k, task_t *t, int64_t mode) noexcept nogil:
    # By the real ids, not those of the file system.
    cdef path_t path
    cdef cred_t saved
    cdef int64_t err
    if <uint32_t>mode & ~<uint32_t>7:
        return -EINVAL
    override_creds(k, t, &saved)
    err = path_lookup(k, t, AT_FDCWD, k.pathname[0], LOOKUP_FOLLOW, &path)
    if err == 0:
        err = inode_permission(k, t, d_inode(k, path.dentry), <int>mode)
        path_put(k, &path)
    current_cred(k, t)[0] = saved
    return err


cdef void override_creds(kernel_t *k, task_t *t, cred_t *saved) noexcept nogil:
    # access_override_creds. Nobody else looks at the row until it is put back.
    cdef cred_t *cred = current_cred(k, t)
    saved[0] = cred[0]
    cred.fsuid = cred.uid
    cred.fsgid = cred.gid
    cred.cap_effective = cred.cap_permitted if cred.uid == make_kuid(k, cred.user_ns, 0) else 0


# ------------------------------------------------------------------------------------------ where a process stands
cdef int64_t chdir_to(kernel_t *k, task_t *t, path_t *path) noexcept nogil:
    # Takes the path over if the task may go there.
    cdef int err = inode_permission(k, t, d_inode(k, path.dentry), MAY_EXEC)
    if err:
        path_put(k, path)
        return err
    set_fs_pwd(k, t, path.mnt, path.dentry)
    return 0


cdef int64_t do_chdir(kernel_t *k, task_t *t) noexcept nogil:
    cdef path_t path
    cdef int64_t err = path_lookup(k, t, AT_FDCWD, k.pathname[0], LOOKUP_FOLLOW | LOOKUP_DIRECTORY, &path)
    return err if err else chdir_to(k, t, &path)


cdef int64_t do_fchdir(kernel_t *k, task_t *t, int32_t fd) noexcept nogil:
    cdef file_t *f = fdget(k, t, fd)
    cdef path_t path
    if f == NULL:
        return -EBADF
    if f.f_dentry == 0 or not is_dir(inode_row(k, f.inode)):
        return -ENOTDIR
    path.mnt = f.f_mnt
    path.dentry = f.f_dentry
    path_get(k, &path)
    return chdir_to(k, t, &path)


cdef int64_t do_getcwd(kernel_t *k, task_t *t, char *to, int64_t size) noexcept nogil:
    # The length with the zero at the end.
    cdef fs_t *fs = current_fs(k, t)
    cdef char *page = k.pathname[0]
    cdef int64_t at
    if d_unhashed(k, fs.pwd) and dentry_row(k, fs.pwd).d_parent != fs.pwd:
        return -ENOENT
    at = d_path(k, fs, fs.pwd_mnt, fs.pwd, page, PATH_MAX_BYTES)
    if at < 0:
        return at
    if PATH_MAX_BYTES - at > size:
        return -ERANGE
    memcpy(to, page + at, PATH_MAX_BYTES - at)
    return PATH_MAX_BYTES - at


cdef int64_t do_umask(kernel_t *k, task_t *t, int64_t mask) noexcept nogil:
    cdef fs_t *fs = current_fs(k, t)
    cdef int64_t old = fs.umask
    fs.umask = <uint32_t>mask & 0o777
    return old
