"""shmat, shmdt, and what areas of segments do when they are made, copied, split and removed. Source: ipc/shm.c.

Pages come by `filemap_fault` from the file behind the segment. Linux keeps that file open for each attach; here its
inode is held by the name that all of them share.

Invariant: `shm_nattch` is the number of areas of the segment; a segment that has one is not freed.
"""


cdef struct shmat_t:  # what shmat makes of its arguments
    uint64_t addr
    uint64_t flags
    uint64_t prot
    int32_t acc_mode
    uint32_t f_flags


cdef void shm_attach_init() noexcept nogil:
    file_operations[SHM_FOPS].mmap = shm_mmap
    vm_operations[SHM_VM_OPS].open = shm_open
    vm_operations[SHM_VM_OPS].close = shm_close
    vm_operations[SHM_VM_OPS].fault = filemap_fault


# ------------------------------------------------------------------------------------------ areas
cdef inline shmid_kernel_t *vma_segment(kernel_t *k, vm_area_t *vma) noexcept nogil:
    return shm_row(k, file_row(k, vma.vm_file).private_data)


cdef void shm_open(kernel_t *k, vm_area_t *vma) noexcept nogil:
    cdef shmid_kernel_t *shp = vma_segment(k, vma)
    shp.shm_atim = ktime_get_real_seconds(k)
    ipc_update_pid(k, &shp.shm_lprid, k.mm_tgid)
    shp.shm_nattch += 1


cdef void shm_close(kernel_t *k, vm_area_t *vma) noexcept nogil:
    # The last one takes the segment with it, if that was removed.
    cdef uint32_t row = file_row(k, vma.vm_file).private_data
    cdef shmid_kernel_t *shp = shm_row(k, row)
    ipc_update_pid(k, &shp.shm_lprid, k.mm_tgid)
    shp.shm_dtim = ktime_get_real_seconds(k)
    shp.shm_nattch -= 1
    if shm_may_destroy(k, shp):
        shm_destroy(k, row)


cdef int64_t shm_mmap(kernel_t *k, file_t *f, vm_area_t *vma) noexcept nogil:
    shm_open(k, vma)
    file_accessed(k, f)
    vma.vm_ops = SHM_VM_OPS
    return 0


# ------------------------------------------------------------------------------------------ shmat
cdef int64_t shmat_args(uint64_t addr, int32_t shmflg, shmat_t *a) noexcept nogil:
    a.flags = MAP_SHARED
    if addr & (SHMLBA - 1):
        if not (shmflg & SHM_RND):
            return -EINVAL
        a.flags |= MAP_FIXED
        addr &= ~<uint64_t>(SHMLBA - 1)
    if addr:
        a.flags |= MAP_FIXED
    elif shmflg & SHM_REMAP:
        return -EINVAL
    a.addr = addr
    a.prot = PROT_READ
    a.acc_mode = S_IRUGO
    a.f_flags = O_RDONLY
    if not (shmflg & SHM_RDONLY):
        a.prot |= PROT_WRITE
        a.acc_mode |= S_IWUGO
        a.f_flags = O_RDWR
    if shmflg & SHM_EXEC:
        a.prot |= PROT_EXEC
        a.acc_mode |= S_IXUGO
    return 0


cdef uint32_t alloc_file_clone(kernel_t *k, uint32_t row, uint32_t flags) noexcept nogil:
    # An open file of an attach: 0: see alloc_errno.
    cdef shmid_kernel_t *shp = shm_row(k, row)
    cdef file_t *base = file_row(k, shp.shm_file)
    cdef uint32_t mode = FMODE_READ | (FMODE_WRITE if flags & O_RDWR else 0)
    cdef uint32_t file = alloc_file(k, base.inode, <uint16_t>mode, flags, SHM_FOPS, row)
    cdef file_t *f = file_row(k, file)
    if file == 0:
        return 0
    f.f_dentry = base.f_dentry
    f.f_mnt = base.f_mnt
    dget(k, f.f_dentry)
    mntget(k, f.f_mnt)
    f.f_version = get_ipc_ns(k, shp.ns)
    return file


cdef void shm_release(kernel_t *k, file_t *f) noexcept nogil:
    put_ipc_ns(k, f.f_version)


cdef int64_t shm_map(kernel_t *k, task_t *t, uint32_t row, shmat_t *a, bint remap) noexcept nogil:
    # Precondition: the segment cannot go.
    cdef uint64_t size = shm_inode(k, shm_row(k, row)).i_size
    cdef uint32_t file = alloc_file_clone(k, row, a.f_flags)
    cdef int64_t ret
    if file == 0:
        return -alloc_errno(k, ENOMEM)
    if a.addr and not remap and (a.addr + size < a.addr
                                 or find_vma_intersection(k, mm_row(k, t.mm), a.addr, a.addr + size)):
        ret = -EINVAL
    else:
        ret = do_mmap(k, t, file, a.addr, size, a.prot, a.flags, 0)
    fput(k, file)
    return ret


cdef int64_t do_shmat(kernel_t *k, task_t *t, int32_t shmid, uint64_t addr, int32_t shmflg) noexcept nogil:
    # The segment is counted as attached meanwhile. So under shm_rmid_forced one that nobody has attached goes when its
    # first attach fails.
    cdef uint32_t ids = shm_ids(k, current_ipc_ns(k, t))
    cdef shmid_kernel_t *shp
    cdef shmat_t a
    cdef int64_t row, ret
    if shmid < 0 or shmat_args(addr, shmflg, &a) < 0:
        return -EINVAL
    row = ipc_obtain_object_check(k, ids, shmid)
    if row < 0:
        return row
    shp = shm_row(k, <uint32_t>row)
    if ipcperms(k, t, &shp.shm_perm, a.acc_mode):
        return -EACCES
    k.mm_tgid = t.tgid
    shp.shm_nattch += 1
    ret = shm_map(k, t, <uint32_t>row, &a, shmflg & SHM_REMAP != 0)
    shp.shm_nattch -= 1
    if shm_may_destroy(k, shp):
        shm_destroy(k, <uint32_t>row)
    return ret


# ------------------------------------------------------------------------------------------ shmdt
cdef inline bint began_at(vm_area_t *vma, uint64_t addr) noexcept nogil:
    # Whether it is an attach, or a piece of one, whose first byte was at this address.
    return vma.vm_ops == SHM_VM_OPS and (vma.vm_start - addr) // PAGE_SIZE == vma.vm_pgoff


cdef int64_t do_shmdt(kernel_t *k, task_t *t, uint64_t addr) noexcept nogil:
    # The first area that fits says which file it is and how far its pieces may lie.
    cdef mm_t *mm = mm_row(k, t.mm)
    cdef uint32_t i, next, file = 0
    cdef uint64_t size = 0
    cdef vm_area_t *vma
    if addr & (PAGE_SIZE - 1):
        return -EINVAL
    k.mm_tgid = t.tgid
    i = find_vma(k, mm, addr)
    while i:
        vma = vma_row(k, i)
        next = vma.vm_next
        if file and vma.vm_end - addr > size:
            break
        if began_at(vma, addr) and (file == 0 or vma.vm_file == file):
            if file == 0:
                file = vma.vm_file
                size = page_align(inode_row(k, file_row(k, file).inode).i_size)
            do_munmap(k, mm, vma.vm_start, vma.vm_end - vma.vm_start)
        i = next
    return 0 if file else -EINVAL


# ------------------------------------------------------------------------------------------ checks
cdef bint shm_attach_check(kernel_t *k) noexcept nogil:
    # Areas of each segment, counted in `link`, which no live row uses.
    cdef uint32_t i
    cdef bint right = True
    for i in range(1, k.table[T_VMA].high):
        if vma_row(k, i).live and vma_row(k, i).vm_ops == SHM_VM_OPS:
            right = right and vma_segment(k, vma_row(k, i)).live != 0
            vma_segment(k, vma_row(k, i)).link += 1
    for i in range(1, k.table[T_SHM].high):
        if shm_row(k, i).live:
            right = right and shm_row(k, i).link == shm_row(k, i).shm_nattch
            shm_row(k, i).link = 0
    return check(k, right, b"shm: attaches miscounted")
