"""The inode of all signalfds and their like. Source: fs/anon_inodes.c (anon_inode_getfile, anon_inode_setattr)."""


cdef enum:
    ANON_INODEFS_DEV = 15


cdef int anon_inode_init(kernel_t *k) noexcept nogil:
    # No file system that could be mounted: /proc/filesystems does not have it.
    cdef uint32_t sb = table_alloc(k, T_SUPER, sizeof(super_block_t))
    cdef super_block_t *s = super_block_row(k, sb)
    cdef inode_t *inode
    if sb == 0:
        return -ENOMEM
    s.s_magic = ANON_INODE_FS_MAGIC
    s.s_dev = ANON_INODEFS_DEV
    s.s_type = FS_PIPEFS
    k.anon_mnt = kern_mount(k, sb, 0, 0)
    k.anon_inode = new_inode(k, sb, S_IRUSR | S_IWUSR)
    inode = inode_row(k, k.anon_inode)
    inode.i_op = ANON_INODE
    inode.i_fop = NO_OPEN_FOPS
    inode.i_flags = S_PRIVATE
    return 0 if k.anon_mnt and k.anon_inode else -ENOMEM


cdef uint32_t anon_inode_getfile(kernel_t *k, uint16_t op, uint32_t private, uint32_t flags) noexcept nogil:
    # 0: see alloc_errno.
    cdef uint32_t file = alloc_file(k, k.anon_inode, <uint16_t>((flags + 1) & O_ACCMODE), flags, op, private)
    if file:
        file_row(k, file).f_mnt = k.anon_mnt
        file_row(k, file).f_mode |= FMODE_LSEEK if file_operations[op].llseek != NULL else 0
        inode_row(k, k.anon_inode).i_count += 1
        mntget(k, k.anon_mnt)
    return file


cdef void anon_inode_release(kernel_t *k, uint32_t file) noexcept nogil:
    # The last of __fput.
    table_free(k, T_FILE, file, sizeof(file_t))
    iput(k, k.anon_inode)
    mntput(k, k.anon_mnt)


cdef const char *anon_inode_name(file_t *f) noexcept nogil:
    # As the link in /proc has it behind "anon_inode:".
    return b"[signalfd]" if f.f_op == SIGNALFD_FOPS else b"/"
