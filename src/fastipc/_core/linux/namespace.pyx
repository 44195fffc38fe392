"""The file systems of a machine: an ext4 root with a journal, tmpfs on /tmp and /dev/shm, devtmpfs, proc, pipefs.

Source: fs/filesystems.c (register_filesystem), fs/namespace.c (kern_mount), fs/fs_struct.c, fs/pipe.c
(init_pipe_fs), drivers/base/devtmpfs.c. Missing: mount and umount as calls.
"""


cdef enum:
    EXT4_ROOT_INO = 2
    EXT4_FIRST_INO = 11
    EXT4_LINK_MAX = 65000


# ------------------------------------------------------------------------------------------ file systems
cdef void register_filesystem(
    int number, const char *name, uint32_t magic, uint32_t dev, bint anonymous
) noexcept nogil:
    file_systems[number].name = name
    file_systems[number].magic = magic
    file_systems[number].dev = dev
    file_systems[number].anonymous = anonymous


cdef void file_systems_init() noexcept nogil:
    # Once a process; the device numbers are those that a small machine would show.
    register_filesystem(FS_PIPEFS, b"pipefs", PIPEFS_MAGIC, 14, True)
    register_filesystem(FS_EXT4, b"ext4", EXT4_SUPER_MAGIC, 0xfe00, False)
    register_filesystem(FS_TMPFS, b"tmpfs", TMPFS_MAGIC, 0, True)
    register_filesystem(FS_DEVTMPFS, b"devtmpfs", TMPFS_MAGIC, 6, True)
    register_filesystem(FS_PROC, b"proc", PROC_SUPER_MAGIC, 21, True)


cdef uint32_t alloc_super(kernel_t *k, int type, uint32_t dev) noexcept nogil:
    cdef uint32_t sb = table_alloc(k, T_SUPER, sizeof(super_block_t))
    cdef super_block_t *s = super_block_row(k, sb)
    if sb:
        s.s_magic = file_systems[type].magic
        s.s_dev = dev if dev else file_systems[type].dev
        s.s_type = type
        if type == FS_TMPFS:
            s.s_max_blocks = k.nr_pages // 2
            s.s_max_inodes = 2 * k.table[T_INODE].limit  # the machine's own limit comes first
        if type == FS_EXT4:
            s.s_last_ino = EXT4_ROOT_INO - 1
            s.s_maxlinks = EXT4_LINK_MAX
            s.s_journal = journal_init(k)
    return sb


cdef uint32_t alloc_root(kernel_t *k, uint32_t sb, uint32_t mode, uint16_t op) noexcept nogil:
    cdef uint32_t i = new_inode(k, sb, S_IFDIR | mode), root
    cdef inode_t *inode = inode_row(k, i)
    if i == 0:
        return 0
    inode.i_op = op
    inode.i_fop = DIR_FOPS
    inode.i_nlink = 2
    root = d_make_root(k, i)
    super_block_row(k, sb).s_root = root
    if super_block_row(k, sb).s_type == FS_EXT4:
        super_block_row(k, sb).s_last_ino = EXT4_FIRST_INO
    return root


cdef uint32_t kern_mount(kernel_t *k, uint32_t sb, uint32_t parent, uint32_t mountpoint) noexcept nogil:
    # A mount of its own, or on a directory of another one.
    cdef uint32_t i = table_alloc(k, T_MOUNT, sizeof(mount_t))
    cdef mount_t *m = mount_row(k, i)
    if i:
        m.mnt_count = 1
        m.mnt_sb = sb
        m.mnt_root = super_block_row(k, sb).s_root
        m.mnt_parent = parent
        m.mnt_mountpoint = mountpoint
        if mountpoint:
            walk_forget(k)
            dentry_row(k, mountpoint).d_mounted = i
            dget(k, mountpoint)
    return i


# ------------------------------------------------------------------------------------------ the first names
cdef uint32_t boot_node(kernel_t *k, uint32_t parent, const char *name, uint32_t len, uint32_t mode,
                        uint32_t dev) noexcept nogil:
    # A name that is there before the first process. The tables are empty: nothing can fail.
    cdef qstr_t q
    cdef uint32_t i = new_inode(k, d_inode(k, parent).i_sb, mode), dentry
    q.name = name
    q.len = len
    q.hash = full_name_hash(name, len)
    dentry = d_alloc(k, parent, &q)
    init_inode(inode_row(k, i), mode, dev)
    d_add(k, dentry, i)
    add_to_dir(k, d_inode(k, parent), inode_row(k, i))
    return dentry


cdef int mount_root(kernel_t *k) noexcept nogil:
    cdef uint32_t sb = alloc_super(k, FS_PIPEFS, 0), root, dev, shm, devtmpfs
    if sb == 0:
        return -ENOMEM
    k.pipe_sb = sb
    k.pipe_mnt = kern_mount(k, sb, 0, 0)
    sb = alloc_super(k, FS_EXT4, 0)
    root = alloc_root(k, sb, 0o755, RAM_DIR)
    k.root_mnt = kern_mount(k, sb, 0, 0)
    dev = boot_node(k, root, b"dev", 3, S_IFDIR | 0o755, 0)
    sb = alloc_super(k, FS_DEVTMPFS, 0)
    devtmpfs = alloc_root(k, sb, 0o755, RAM_DIR)
    dev = kern_mount(k, sb, k.root_mnt, dev)
    boot_node(k, devtmpfs, b"null", 4, S_IFCHR | 0o666, dev_t_of(MEM_MAJOR, NULL_MINOR))
    boot_node(k, devtmpfs, b"zero", 4, S_IFCHR | 0o666, dev_t_of(MEM_MAJOR, ZERO_MINOR))
    boot_node(k, devtmpfs, b"full", 4, S_IFCHR | 0o666, dev_t_of(MEM_MAJOR, FULL_MINOR))
    shm = boot_node(k, devtmpfs, b"shm", 3, S_IFDIR | 0o755, 0)
    mount_tmpfs(k, dev, shm, 25)
    shmem_mount(k)
    anon_inode_init(k)
    k.proc_sb = alloc_super(k, FS_PROC, 0)
    proc_root(k, k.proc_sb)
    kern_mount(k, k.proc_sb, k.root_mnt, boot_node(k, root, b"proc", 4, S_IFDIR | 0o755, 0))
    mount_tmpfs(k, k.root_mnt, boot_node(k, root, b"tmp", 3, S_IFDIR | 0o755, 0), 26)
    return 0


cdef void mount_tmpfs(kernel_t *k, uint32_t parent, uint32_t mountpoint, uint32_t dev) noexcept nogil:
    cdef uint32_t sb = alloc_super(k, FS_TMPFS, dev)
    alloc_root(k, sb, S_ISVTX | 0o777, RAM_DIR)
    kern_mount(k, sb, parent, mountpoint)


# ------------------------------------------------------------------------------------------ fs_struct
cdef uint32_t new_fs_struct(kernel_t *k) noexcept nogil:
    # Of init, and of a process that starts with nothing: in the root directory.
    cdef uint32_t i = table_alloc(k, T_FS, sizeof(fs_t)), root = mount_row(k, k.root_mnt).mnt_root
    cdef fs_t *fs = fs_row(k, i)
    if i:
        fs.count = 1
        fs.umask = 0o022
        fs.root_mnt = fs.pwd_mnt = k.root_mnt
        fs.root = fs.pwd = root
        mount_row(k, k.root_mnt).mnt_count += 2
        dentry_row(k, root).d_count += 2
    return i


cdef uint32_t copy_fs_struct(kernel_t *k, uint32_t source) noexcept nogil:
    cdef uint32_t i = table_alloc(k, T_FS, sizeof(fs_t))
    cdef fs_t *fs = fs_row(k, i)
    if i:
        fs[0] = fs_row(k, source)[0]
        fs.count = 1
        mntget(k, fs.root_mnt)
        dget(k, fs.root)
        mntget(k, fs.pwd_mnt)
        dget(k, fs.pwd)
    return i


cdef void put_fs_struct(kernel_t *k, uint32_t i) noexcept nogil:
    cdef fs_t *fs = fs_row(k, i)
    fs.count -= 1
    if fs.count == 0:
        mntput(k, fs.root_mnt)
        dput(k, fs.root)
        mntput(k, fs.pwd_mnt)
        dput(k, fs.pwd)
        table_free(k, T_FS, i, sizeof(fs_t))


cdef void set_fs_pwd(kernel_t *k, task_t *t, uint32_t mnt, uint32_t dentry) noexcept nogil:
    # Takes over the references.
    cdef fs_t *fs = current_fs(k, t)
    mntput(k, fs.pwd_mnt)
    dput(k, fs.pwd)
    fs.pwd_mnt = mnt
    fs.pwd = dentry


# ------------------------------------------------------------------------------------------ checks
cdef void count_path(kernel_t *k, uint32_t mnt, uint32_t dentry) noexcept nogil:
    mount_row(k, mnt).link += 1
    if dentry:
        dentry_row(k, dentry).link += 1


cdef void count_paths(kernel_t *k) noexcept nogil:
    # References to mounts and dentries, counted in `link`, which no live row uses.
    cdef uint32_t i
    for i in range(1, k.table[T_FS].high):
        if fs_row(k, i).live:
            count_path(k, fs_row(k, i).root_mnt, fs_row(k, i).root)
            count_path(k, fs_row(k, i).pwd_mnt, fs_row(k, i).pwd)
    for i in range(1, k.table[T_FILE].high):
        if file_row(k, i).live and file_row(k, i).f_mnt:
            count_path(k, file_row(k, i).f_mnt, file_row(k, i).f_dentry)
    for i in range(1, k.table[T_MOUNT].high):
        mount_row(k, i).link += 1
        dentry_row(k, mount_row(k, i).mnt_mountpoint).link += 1
    for i in range(1, k.table[T_DENTRY].high):
        if dentry_row(k, i).live:
            if dentry_row(k, i).d_parent != i:
                dentry_row(k, dentry_row(k, i).d_parent).link += 1
            if ((not d_unhashed(k, i) and d_inode(k, i).i_op < PROC_DIR)
                    or super_block_row(k, d_inode(k, i).i_sb).s_root == i):
                dentry_row(k, i).link += 1  # the name's own, and that of a file system


cdef bint namespace_check(kernel_t *k) noexcept nogil:
    cdef uint32_t i, users = 0
    cdef bint right = True
    count_paths(k)
    for i in range(1, k.table[T_DENTRY].high):
        if dentry_row(k, i).live:
            right = right and dentry_row(k, i).link == dentry_row(k, i).d_count
            dentry_row(k, i).link = 0
    dentry_row(k, 0).link = 0
    if not check(k, right, b"dcache: references miscounted"):
        return False
    for i in range(1, k.table[T_MOUNT].high):
        right = right and mount_row(k, i).link == mount_row(k, i).mnt_count
        mount_row(k, i).link = 0
    mount_row(k, 0).link = 0
    for i in range(1, k.table[T_FS].high):
        users += fs_row(k, i).count if fs_row(k, i).live else 0
    for i in range(1, k.table[T_TASK].high):
        users -= <uint32_t>(task_row(k, i).live != 0 and task_row(k, i).fs != 0)
    return (check(k, right, b"mount: references miscounted")
            and check(k, users == 0, b"fs_struct: users miscounted"))
