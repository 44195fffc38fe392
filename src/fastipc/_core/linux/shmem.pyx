"""Files in memory without a name, and the seals of memfd_create. Source: mm/shmem.c (__shmem_file_setup), mm/memfd.c.

Such a file lives on the machine's internal tmpfs; its dentry is in no directory, so it goes with the last reference.
"""


cdef void shmem_mount(kernel_t *k) noexcept nogil:
    # At boot: shm_mnt, without a limit of its own.
    cdef uint32_t sb = alloc_super(k, FS_TMPFS, 1)
    super_block_row(k, sb).s_max_blocks = 0
    alloc_root(k, sb, S_ISVTX | 0o777, RAM_DIR)
    k.shm_mnt = kern_mount(k, sb, 0, 0)


cdef inline uint32_t shmem_get_inode(kernel_t *k, task_t *t, uint32_t mode, uint64_t size) noexcept nogil:
    cdef uint32_t i = new_inode(k, mount_row(k, k.shm_mnt).mnt_sb, S_IFREG | mode)
    cdef inode_t *inode = inode_row(k, i)
    if i == 0:
        k.failed_errno = alloc_errno(k, ENOSPC)
        return 0
    init_inode(inode, S_IFREG | mode, 0)
    inode.i_uid = current_cred(k, t).fsuid
    inode.i_gid = current_cred(k, t).fsgid
    inode.i_nlink = 0
    inode.i_size = size
    return i


cdef inline uint32_t alloc_file_pseudo(kernel_t *k, uint32_t inode, const char *name, uint32_t len) noexcept nogil:
    # An open file of an inode, under a name that is in no directory. Takes over the reference, also when it fails.
    cdef qstr_t q
    cdef uint32_t dentry, file
    q.name = name
    q.len = len
    q.hash = 0
    dentry = d_alloc(k, mount_row(k, k.shm_mnt).mnt_root, &q)
    if dentry == 0:
        iput(k, inode)
        return 0
    dentry_row(k, dentry).d_inode = inode
    file = alloc_file(k, inode, FMODE_READ | FMODE_WRITE | FMODE_LSEEK | FMODE_PREAD | FMODE_PWRITE,
                      O_RDWR | O_LARGEFILE, REGULAR_FOPS, 0)
    if file == 0:
        dput(k, dentry)
        return 0
    file_row(k, file).f_dentry = dentry
    file_row(k, file).f_mnt = k.shm_mnt
    mntget(k, k.shm_mnt)
    return file


cdef uint32_t shmem_file_setup(
    kernel_t *k, task_t *t, const char *name, uint32_t len, uint64_t size, uint32_t vm_flags
) noexcept nogil:
    cdef uint32_t inode
    if size > <uint64_t>MAX_LFS_FILESIZE:
        k.failed_errno = EINVAL
        return 0
    if not (vm_flags & VM_NORESERVE) and not vm_enough_memory(k, (size + PAGE_SIZE - 1) >> PAGE_SHIFT):
        k.failed_errno = ENOMEM
        return 0
    inode = shmem_get_inode(k, t, 0o777, size)
    return alloc_file_pseudo(k, inode, name, len) if inode else 0


# ------------------------------------------------------------------------------------------ memfd
cdef int sanitize_flags(int64_t flags) noexcept nogil:
    if <uint32_t>flags & ~<uint32_t>(MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL | MFD_EXEC):
        return -ENOMEM if flags & MFD_HUGETLB and not flags & (MFD_NOEXEC_SEAL | MFD_EXEC) else -EINVAL
    return -EINVAL if flags & MFD_EXEC and flags & MFD_NOEXEC_SEAL else 0


cdef int64_t do_memfd_create(kernel_t *k, task_t *t, const char *name, uint32_t len, int64_t flags) noexcept nogil:
    # `name` without a zero. Huge pages there are none.
    cdef char text[NAME_ROW * 9]
    cdef uint32_t file
    cdef int32_t fd
    cdef inode_t *inode
    cdef int err = sanitize_flags(flags)
    if err or len > MFD_NAME_MAX_LEN:
        return err if err else -EINVAL
    fd = get_unused_fd(k, t, flags & MFD_CLOEXEC != 0)
    if fd < 0:
        return fd
    memcpy(text, b"memfd:", 6)
    memcpy(text + 6, name, len)
    file = shmem_file_setup(k, t, text, 6 + len, 0, VM_NORESERVE)
    if file == 0:
        put_unused_fd(k, t, fd)
        return -alloc_errno(k, ENOMEM)
    inode = inode_row(k, file_row(k, file).inode)
    if flags & MFD_NOEXEC_SEAL:
        inode.i_mode &= ~<uint32_t>0o111
        inode.i_seals = F_SEAL_EXEC
    elif not flags & MFD_ALLOW_SEALING:
        inode.i_seals = F_SEAL_SEAL
    fd_install(k, t, fd, file)
    return fd


cdef int64_t get_seals(kernel_t *k, file_t *f) noexcept nogil:
    # A file of tmpfs that has a name cannot be sealed.
    cdef inode_t *inode = inode_row(k, f.inode)
    if f.f_op != REGULAR_FOPS or super_block_row(k, inode.i_sb).s_type != FS_TMPFS:
        return -EINVAL
    return inode.i_seals if f.f_mnt == k.shm_mnt else F_SEAL_SEAL


cdef bint mapped_writable(kernel_t *k, inode_t *inode) noexcept nogil:
    cdef uint32_t i = inode.i_mmap
    while i:
        if vma_row(k, i).vm_flags & VM_SHARED and vma_row(k, i).vm_flags & VM_MAYWRITE:
            return True
        i = vma_row(k, i).i_next
    return False


cdef int64_t add_seals(kernel_t *k, file_t *f, uint32_t seals) noexcept nogil:
    cdef inode_t *inode = inode_row(k, f.inode)
    cdef int64_t have = get_seals(k, f)
    if not (f.f_mode & FMODE_WRITE):
        return -EPERM
    if seals & ~<uint32_t>0x3f:
        return -EINVAL
    if have < 0:
        return have
    if have & F_SEAL_SEAL:
        return -EPERM
    if seals & F_SEAL_WRITE and not (have & F_SEAL_WRITE) and mapped_writable(k, inode):
        return -EBUSY
    if seals & F_SEAL_EXEC and inode.i_mode & 0o111:
        seals |= F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_FUTURE_WRITE
    inode.i_seals |= seals
    return 0


# ------------------------------------------------------------------------------------------ mapping
cdef int64_t generic_file_mmap(kernel_t *k, file_t *f, vm_area_t *vma) noexcept nogil:
    file_accessed(k, f)
    vma.vm_ops = SHMEM_VM_OPS
    return 0


cdef int64_t mmap_zero(kernel_t *k, file_t *f, vm_area_t *vma) noexcept nogil:
    # /dev/zero, privately: memory as without a file. What is shared has a file of its own, see mmap_file.
    vma.vm_ops = ANON_VM_OPS
    return 0


cdef void shmem_init() noexcept nogil:
    file_operations[REGULAR_FOPS].mmap = generic_file_mmap
    file_operations[ZERO_FOPS].mmap = mmap_zero
