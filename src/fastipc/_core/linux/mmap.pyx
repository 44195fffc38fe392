"""Areas made and removed: mmap, munmap, brk, growth of a stack. Source: mm/mmap.c, mm/vma.c, mm/util.c.

Checks come in Linux's order. Missing: huge pages, protection keys, randomised placement.
"""


cdef enum:  # flags of mmap that MAP_SHARED_VALIDATE knows
    LEGACY_MAP_MASK = (MAP_SHARED | MAP_PRIVATE | MAP_FIXED | MAP_ANONYMOUS | MAP_DENYWRITE | MAP_EXECUTABLE
                       | MAP_GROWSDOWN | MAP_LOCKED | MAP_NORESERVE | MAP_POPULATE | MAP_NONBLOCK | MAP_STACK
                       | MAP_HUGETLB | MAP_32BIT | MAP_FIXED_NOREPLACE)


# ------------------------------------------------------------------------------------------ what a process may have
cdef bint may_expand_vm(kernel_t *k, task_t *t, mm_t *mm, uint32_t flags, uint64_t pages) noexcept nogil:
    if mm.total_vm + pages > rlimit_pages(k, t, RLIMIT_AS):
        return False
    return not is_data_mapping(flags) or mm.data_vm + pages <= rlimit_pages(k, t, RLIMIT_DATA)


cdef bint vm_enough_memory(kernel_t *k, uint64_t pages) noexcept nogil:
    # The heuristic of vm.overcommit_memory = 0: only what could never be had is refused.
    return pages <= k.nr_pages


cdef bint can_do_mlock(kernel_t *k, task_t *t) noexcept nogil:
    return rlimit(k, t, RLIMIT_MEMLOCK) != 0 or capable(k, t, CAP_IPC_LOCK)


cdef bint mlock_future_ok(kernel_t *k, task_t *t, mm_t *mm, uint32_t flags, uint64_t bytes) noexcept nogil:
    if not (flags & VM_LOCKED) or capable(k, t, CAP_IPC_LOCK):
        return True
    return mm.locked_vm + (bytes >> PAGE_SHIFT) <= rlimit_pages(k, t, RLIMIT_MEMLOCK)


# ------------------------------------------------------------------------------------------ where
cdef inline bint fits_there(kernel_t *k, mm_t *mm, uint64_t addr, uint64_t len) noexcept nogil:
    cdef uint32_t i = find_vma(k, mm, addr)
    return i == 0 or addr + len <= vm_start_gap(vma_row(k, i))


cdef int64_t thp_get_unmapped_area(
    kernel_t *k, task_t *t, mm_t *mm, uint64_t addr, uint64_t len, uint64_t off, uint64_t flags
) noexcept nogil:
    # A place at which offset `off` of what is mapped could be a huge page; 0 if that needs no other place than any.
    cdef uint64_t aligned = (off + PMD_SIZE - 1) & ~<uint64_t>(PMD_SIZE - 1), sub
    cdef int64_t ret
    if off + len <= aligned or off + len - aligned < PMD_SIZE or off + len + PMD_SIZE < len:
        return 0
    ret = get_unmapped_area(k, t, mm, addr, len + PMD_SIZE, flags)
    if ret <= 0:
        return 0
    if <uint64_t>ret == addr:
        return ret
    sub = (off - <uint64_t>ret) & (PMD_SIZE - 1)
    return ret + <int64_t>(sub if sub else PMD_SIZE)


cdef int64_t find_place(
    kernel_t *k, task_t *t, mm_t *mm, uint32_t file, uint64_t addr, uint64_t len, uint64_t pgoff, uint64_t flags
) noexcept nogil:
    # __get_unmapped_area: private memory of whole huge pages, and files on a disk, go where huge pages would fit.
    cdef int64_t ret
    cdef bint disk = file != 0 and super_block_row(k, inode_row(k, file_row(k, file).inode).i_sb).s_type == FS_EXT4
    cdef uint64_t type = flags & MAP_TYPE
    if not (flags & MAP_FIXED) and (
            disk or file == 0 and type != MAP_SHARED and addr == 0 and len & (PMD_SIZE - 1) == 0):
        ret = thp_get_unmapped_area(k, t, mm, addr, len, pgoff << PAGE_SHIFT if disk else 0, flags)
        if ret:
            return ret
    return get_unmapped_area(k, t, mm, addr, len, flags)


cdef int64_t get_unmapped_area(
    kernel_t *k, task_t *t, mm_t *mm, uint64_t addr, uint64_t len, uint64_t flags
) noexcept nogil:
    # A hint is taken if the place is free; else the highest place below `mmap_base`.
    if len > <uint64_t>TASK_SIZE_MAX:
        return -ENOMEM
    if not (flags & MAP_FIXED):
        if addr and addr <= <uint64_t>TASK_SIZE_MAX - len and fits_there(k, mm, addr, len):
            return <int64_t>addr
        if flags & MAP_32BIT:
            addr = unmapped_area(k, mm, len, 0x40000000, 0x80000000)
        else:
            addr = unmapped_area(k, mm, len, MMAP_MIN_ADDR, mm.mmap_base)
        return <int64_t>addr if addr else -ENOMEM
    if addr > <uint64_t>TASK_SIZE_MAX - len:
        return -ENOMEM
    if addr & (PAGE_SIZE - 1):
        return -EINVAL
    if addr < MMAP_MIN_ADDR and not capable(k, t, CAP_SYS_RAWIO):
        return -EPERM
    return <int64_t>addr


# ------------------------------------------------------------------------------------------ mmap
cdef inline uint32_t calc_vm_flags(uint64_t prot, uint64_t flags) noexcept nogil:
    cdef uint32_t f = <uint32_t>prot & VM_ACCESS_FLAGS | VM_MAYREAD | VM_MAYWRITE | VM_MAYEXEC
    if flags & MAP_GROWSDOWN:
        f |= VM_GROWSDOWN
    if flags & MAP_STACK:
        f |= VM_NOHUGEPAGE
    return f | VM_LOCKED if flags & MAP_LOCKED else f


cdef int64_t file_map_flags(kernel_t *k, file_t *f, uint64_t prot, uint64_t flags, uint32_t *vm_flags) noexcept nogil:
    # Whether a file may be mapped so; 0 or -errno.
    cdef inode_t *inode = inode_row(k, f.inode)
    cdef uint64_t type = flags & MAP_TYPE
    if type == MAP_SHARED_VALIDATE and flags & ~<uint64_t>(LEGACY_MAP_MASK | MAP_SHARED_VALIDATE):
        return -EOPNOTSUPP
    if type == MAP_SHARED or type == MAP_SHARED_VALIDATE:
        if prot & PROT_WRITE and not (f.f_mode & FMODE_WRITE):
            return -EACCES
        if inode.i_flags & S_APPEND and f.f_mode & FMODE_WRITE:
            return -EACCES
        vm_flags[0] |= VM_SHARED | VM_MAYSHARE
        if not (f.f_mode & FMODE_WRITE):
            vm_flags[0] &= ~<uint32_t>(VM_MAYWRITE | VM_SHARED)
    elif type != MAP_PRIVATE:
        return -EINVAL
    if not (f.f_mode & FMODE_READ):
        return -EACCES
    if file_operations[f.f_op].mmap == NULL:
        return -ENODEV
    if vm_flags[0] & VM_GROWSDOWN:
        return -EINVAL
    if inode.i_seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE) and vm_flags[0] & VM_SHARED:
        if vm_flags[0] & VM_WRITE:
            return -EPERM
        vm_flags[0] &= ~<uint32_t>VM_MAYWRITE
    return 0


cdef int64_t map_flags(
    kernel_t *k, task_t *t, mm_t *mm, uint32_t file, uint64_t len, uint64_t prot, uint64_t flags, uint64_t *pgoff,
    uint64_t addr, uint32_t *vm_flags
) noexcept nogil:
    cdef uint64_t type = flags & MAP_TYPE
    if flags & MAP_LOCKED and not can_do_mlock(k, t):
        return -EPERM
    if not mlock_future_ok(k, t, mm, vm_flags[0], len):
        return -EAGAIN
    if file:
        if pgoff[0] > (<uint64_t>MAX_LFS_FILESIZE - len) >> PAGE_SHIFT:
            return -EOVERFLOW
        return file_map_flags(k, file_row(k, file), prot, flags, vm_flags)
    if type == MAP_SHARED:
        if vm_flags[0] & VM_GROWSDOWN:
            return -EINVAL
        pgoff[0] = 0
        vm_flags[0] |= VM_SHARED | VM_MAYSHARE
    elif type == MAP_PRIVATE:
        pgoff[0] = addr >> PAGE_SHIFT
    else:
        return -EINVAL
    return 0


cdef int64_t mmap_file(kernel_t *k, task_t *t, vm_area_t *vma, uint32_t file) noexcept nogil:
    # What stands behind a new area: the file, or for shared memory without one a file without a name.
    if file_row(k, file).f_op == ZERO_FOPS and vma.vm_flags & VM_SHARED:
        file = 0
    if file == 0 and vma.vm_flags & VM_SHARED:
        file = shmem_file_setup(k, t, b"dev/zero", 8, vma.vm_end - vma.vm_start, vma.vm_flags)
        if file == 0:
            return -alloc_errno(k, ENOMEM)
    elif file:
        file_row(k, file).f_count += 1
    vma.vm_file = file
    return file_operations[file_row(k, file).f_op].mmap(k, file_row(k, file), vma) if file else 0


cdef int64_t mmap_region(
    kernel_t *k, task_t *t, mm_t *mm, uint32_t file, uint64_t addr, uint64_t len, uint32_t vm_flags, uint64_t pgoff
) noexcept nogil:
    # What was there goes first; the row of the new area is got before, so that a failure takes nothing away. A limit
    # that is met leaves the areas at the ends split, as on Linux.
    cdef uint32_t i, old = find_vma_intersection(k, mm, addr, addr + len)
    cdef vm_area_t *vma
    cdef int64_t err
    cdef uint64_t pages = len >> PAGE_SHIFT, replaced = 0
    if old:
        err = split_at_ends(k, mm, old, addr, addr + len)
        if err:
            join_ends(k, mm, addr, addr + len)
            return err
        replaced = pages_inside(k, mm, addr, addr + len)
    if not may_expand_vm(k, t, mm, vm_flags, pages - replaced):
        return -ENOMEM
    if vm_flags & (VM_NORESERVE | VM_SHARED | VM_WRITE) == VM_WRITE:
        if not vm_enough_memory(k, pages):
            return -ENOMEM
        vm_flags |= VM_ACCOUNT
    i = table_alloc(k, T_VMA, sizeof(vm_area_t))
    if i == 0:
        join_ends(k, mm, addr, addr + len)
        return -alloc_errno(k, ENOMEM)
    vma = vma_row(k, i)
    vma.vm_mm = t.mm
    vma.vm_start = addr
    vma.vm_end = addr + len
    vma.vm_flags = vm_flags
    vma.vm_pgoff = pgoff
    err = mmap_file(k, t, vma, file)
    if err == 0 and old:
        err = do_munmap(k, mm, addr, len)
    if err:
        remove_vma(k, i)
        join_ends(k, mm, addr, addr + len)
        return err
    vma_set_page_prot(k, vma)
    vma_link(k, mm, i)
    vm_stat_account(mm, vm_flags, <int64_t>pages)
    vma_merge(k, i)
    return <int64_t>addr


cdef uint64_t pages_inside(kernel_t *k, mm_t *mm, uint64_t start, uint64_t end) noexcept nogil:
    # count_vma_pages_range: pages of a range that belong to areas.
    cdef uint32_t i = find_vma(k, mm, start)
    cdef uint64_t n = 0
    while i and vma_row(k, i).vm_start < end:
        n += (min(end, vma_row(k, i).vm_end) - max(start, vma_row(k, i).vm_start)) >> PAGE_SHIFT
        i = vma_row(k, i).vm_next
    return n


cdef int64_t do_mmap(
    kernel_t *k, task_t *t, uint32_t file, uint64_t addr, uint64_t len, uint64_t prot, uint64_t flags, uint64_t pgoff
) noexcept nogil:
    cdef mm_t *mm = mm_own(k, t)
    cdef uint32_t vm_flags
    cdef int64_t ret
    if len == 0:
        return -EINVAL
    if mm == NULL:
        return -alloc_errno(k, ENOMEM)
    if flags & MAP_FIXED_NOREPLACE:
        flags |= MAP_FIXED
    if not (flags & MAP_FIXED):
        addr &= ~<uint64_t>(PAGE_SIZE - 1)
        if addr and addr < MMAP_MIN_ADDR:
            addr = MMAP_MIN_ADDR
    len = page_align(len)
    if len == 0:
        return -ENOMEM
    if pgoff + (len >> PAGE_SHIFT) < pgoff:
        return -EOVERFLOW
    if mm.map_count > MAX_MAP_COUNT:
        return -ENOMEM
    ret = find_place(k, t, mm, file, addr, len, pgoff, flags)
    if ret < 0:
        return ret
    addr = <uint64_t>ret
    if flags & MAP_FIXED_NOREPLACE and find_vma_intersection(k, mm, addr, addr + len):
        return -EEXIST
    vm_flags = calc_vm_flags(prot, flags)
    ret = map_flags(k, t, mm, file, len, prot, flags, &pgoff, addr, &vm_flags)
    if ret:
        return ret
    if flags & MAP_NORESERVE:
        vm_flags |= VM_NORESERVE
    ret = mmap_region(k, t, mm, file, addr, len, vm_flags, pgoff)
    if ret >= 0 and (vm_flags & VM_LOCKED or flags & (MAP_POPULATE | MAP_NONBLOCK) == MAP_POPULATE):
        mm_populate(k, mm, addr, addr + len, True)
    return ret


cdef int64_t ksys_mmap(
    kernel_t *k, task_t *t, uint64_t addr, uint64_t len, uint64_t prot, uint64_t flags, int32_t fd, uint64_t offset
) noexcept nogil:
    cdef uint32_t file = 0
    if offset & (PAGE_SIZE - 1):
        return -EINVAL
    if not (flags & MAP_ANONYMOUS):
        file = fd_file(k, t, fd)
        if file == 0 or file_row(k, file).f_mode & FMODE_PATH:
            return -EBADF
        if flags & MAP_HUGETLB:
            return -EINVAL
    elif flags & MAP_HUGETLB:
        return -ENOMEM  # there are no huge pages
    return do_mmap(k, t, file, addr, len, prot, flags, offset >> PAGE_SHIFT)


cdef int populate_vma(kernel_t *k, mm_t *mm, uint32_t i, uint64_t start, uint64_t end) noexcept nogil:
    # populate_vma_page_range: as by a writer where the area is private and may be written. 0 or a FAULT_.
    cdef bint write = vma_row(k, i).vm_flags & (VM_WRITE | VM_SHARED) == VM_WRITE
    cdef int fault
    if not (vma_row(k, i).vm_flags & VM_ACCESS_FLAGS):
        return FAULT_ACCERR
    while start < end:
        if pte_lacks(k, mm, start, write):
            fault = handle_mm_fault(k, mm, i, start, write)
            if fault:
                return fault
        start += PAGE_SIZE
    return 0


cdef int64_t mm_populate(
    kernel_t *k, mm_t *mm, uint64_t start, uint64_t end, bint ignore_errors
) noexcept nogil:
    # Faults of a range beforehand. Where errors are ignored what fails is left to the access.
    cdef uint32_t i = find_vma(k, mm, start)
    cdef int fault
    while i and vma_row(k, i).vm_start < end:
        fault = populate_vma(k, mm, i, max(start, vma_row(k, i).vm_start), min(end, vma_row(k, i).vm_end))
        if fault and not ignore_errors:
            return -alloc_errno(k, ENOMEM) if fault == FAULT_OOM else -EFAULT
        i = vma_row(k, i).vm_next
    return 0


cdef inline bint pte_lacks(kernel_t *k, mm_t *mm, uint64_t addr, bint write) noexcept nogil:
    cdef uint64_t *pte = pte_offset(k, mm, addr)
    return pte == NULL or pte[0] == 0 or write and not (pte[0] & PTE_RW)


# ------------------------------------------------------------------------------------------ munmap
cdef inline int64_t split_at_ends(kernel_t *k, mm_t *mm, uint32_t i, uint64_t start, uint64_t end) noexcept nogil:
    # So that no area crosses the bounds of a range. A hole in the middle of one area needs two new rows. `i`: the first
    # area of the range.
    if vma_row(k, i).vm_start < start:
        if vma_row(k, i).vm_end > end and mm.map_count >= MAX_MAP_COUNT:
            return -ENOMEM
        i = split_vma(k, i, start)
        if i == 0:
            return -alloc_errno(k, ENOMEM)
    if vma_row(k, i).vm_end < end:
        i = find_vma(k, mm, end - 1)
    if i and vma_row(k, i).vm_start < end < vma_row(k, i).vm_end and split_vma(k, i, end) == 0:
        return -alloc_errno(k, ENOMEM)
    return 0


cdef void join_ends(kernel_t *k, mm_t *mm, uint64_t start, uint64_t end) noexcept nogil:
    # Undo of split_at_ends.
    cdef uint32_t i = find_vma(k, mm, start)
    if i and vma_row(k, i).vm_start == start:
        vma_merge(k, i)
    i = find_vma(k, mm, end)
    if i and vma_row(k, i).vm_start == end:
        vma_merge(k, i)


cdef int64_t do_munmap(kernel_t *k, mm_t *mm, uint64_t start, uint64_t len) noexcept nogil:
    # Precondition: the range is aligned and lies in user space.
    cdef uint64_t end = start + len
    cdef uint32_t i = find_vma_intersection(k, mm, start, end), next
    cdef int64_t err
    if i == 0:
        return 0
    err = split_at_ends(k, mm, i, start, end)
    if err:
        if vma_row(k, i).vm_next:  # a first split that was in vain
            vma_merge(k, vma_row(k, i).vm_next)
        return err
    if vma_row(k, i).vm_start < start:
        i = vma_row(k, i).vm_next
    while i and vma_row(k, i).vm_start < end:
        next = vma_row(k, i).vm_next
        zap_page_range(k, mm, vma_row(k, i).vm_start, vma_row(k, i).vm_end, True)
        vm_stat_account(mm, vma_row(k, i).vm_flags, -<int64_t>vma_pages(vma_row(k, i)))
        vma_unlink(k, mm, i)
        remove_vma(k, i)
        i = next
    return 0


cdef int64_t vm_munmap(kernel_t *k, task_t *t, uint64_t start, uint64_t len) noexcept nogil:
    cdef mm_t *mm
    if start & (PAGE_SIZE - 1) or start > <uint64_t>TASK_SIZE_MAX or len > <uint64_t>TASK_SIZE_MAX - start:
        return -EINVAL
    len = page_align(len)
    if len == 0:
        return -EINVAL
    if find_vma_intersection(k, mm_row(k, t.mm), start, start + len) == 0:
        return 0
    mm = mm_own(k, t)
    return do_munmap(k, mm, start, len) if mm != NULL else -alloc_errno(k, ENOMEM)


# ------------------------------------------------------------------------------------------ brk
cdef bint grow_brk(kernel_t *k, task_t *t, mm_t *mm, uint64_t old, uint64_t new) noexcept nogil:
    cdef uint32_t next = find_vma(k, mm, old)
    cdef uint32_t flags = VM_READ | VM_WRITE | VM_MAYREAD | VM_MAYWRITE | VM_MAYEXEC
    if new > <uint64_t>TASK_SIZE_MAX or next and new + PAGE_SIZE > vm_start_gap(vma_row(k, next)):
        return False
    if mmap_region(k, t, mm, 0, old, new - old, flags, old >> PAGE_SHIFT) < 0:
        alloc_errno(k, ENOMEM)
        return False
    return True


cdef int64_t do_brk(kernel_t *k, task_t *t, uint64_t brk) noexcept nogil:
    # The end of the heap afterwards, which is the old one if it could not be moved.
    cdef mm_t *mm = mm_row(k, t.mm)
    cdef uint64_t old, new
    if brk < mm.start_brk or brk - mm.start_brk > rlimit(k, t, RLIMIT_DATA):
        return <int64_t>mm.brk
    mm = mm_own(k, t)
    if mm == NULL:
        alloc_errno(k, ENOMEM)
        return <int64_t>mm_row(k, t.mm).brk
    old = page_align(mm.brk)
    new = page_align(brk)
    if new < old:  # not where the heap has been unmapped
        if find_vma_intersection(k, mm, new, old) == 0:
            return <int64_t>mm.brk
        if do_munmap(k, mm, new, old - new) < 0:
            alloc_errno(k, ENOMEM)
            return <int64_t>mm.brk
    if new > old and not grow_brk(k, t, mm, old, new):
        return <int64_t>mm.brk
    mm.brk = brk
    return <int64_t>brk


# ------------------------------------------------------------------------------------------ stack
cdef int expand_stack(kernel_t *k, task_t *t, uint32_t i, uint64_t addr) noexcept nogil:
    # expand_downwards, acct_stack_growth.
    cdef vm_area_t *vma = vma_row(k, i)
    cdef mm_t *mm = mm_row(k, vma.vm_mm)
    cdef vm_area_t *prev = vma_row(k, vma.vm_prev)
    cdef uint64_t grow
    addr &= ~<uint64_t>(PAGE_SIZE - 1)
    grow = (vma.vm_start - addr) >> PAGE_SHIFT
    if addr < MMAP_MIN_ADDR or grow > vma.vm_pgoff:
        return -ENOMEM
    if vma.vm_prev and not (prev.vm_flags & VM_GROWSDOWN) and prev.vm_flags & VM_ACCESS_FLAGS:
        if addr < prev.vm_end + STACK_GUARD_GAP:
            return -ENOMEM
    if not may_expand_vm(k, t, mm, vma.vm_flags, grow) or vma.vm_end - addr > rlimit(k, t, RLIMIT_STACK):
        return -ENOMEM
    if not mlock_future_ok(k, t, mm, vma.vm_flags, grow << PAGE_SHIFT):
        return -ENOMEM
    vma.vm_pgoff -= grow
    vma_resize(k, i, addr, vma.vm_end)
    vm_stat_account(mm, vma.vm_flags, <int64_t>grow)
    return 0
