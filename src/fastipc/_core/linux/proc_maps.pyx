"""/proc/PID/maps, and the lines of /proc/PID/status about memory. Source: fs/proc/task_mmu.c."""


cdef int64_t vma_name(kernel_t *k, vm_area_t *vma, char *to, int64_t size) noexcept nogil:
    # The path of the file behind an area, or what an area without one is for.
    cdef path_t path
    cdef mm_t *mm = mm_row(k, vma.vm_mm)
    cdef const char *name = b""
    if vma.vm_file:
        path.mnt = file_row(k, vma.vm_file).f_mnt
        path.dentry = file_row(k, vma.vm_file).f_dentry
        return max(file_text(k, task_row(k, k.init_task), &path, to, size), 0)
    if vma.vm_start < mm.brk and vma.vm_end > mm.start_brk:
        name = b"[heap]"
    elif vma.vm_start <= mm.start_stack - 1 < vma.vm_end:
        name = b"[stack]"
    elif vma.vm_ops == VDSO_VM_OPS:
        name = b"[vdso]"
    memcpy(to, name, strlen(name))
    return <int64_t>strlen(name)


cdef void show_map(kernel_t *k, vm_area_t *vma, seq_file_t *m) noexcept nogil:
    # One line: the name begins in column 74.
    cdef char[4352] name
    cdef int64_t n = vma_name(k, vma, name, 4351), start = m.count
    cdef inode_t *inode = inode_row(k, file_row(k, vma.vm_file).inode)
    cdef uint32_t dev = super_block_row(k, inode.i_sb).s_dev if vma.vm_file else 0
    seq_number(m, b"%08llx-", <int64_t>vma.vm_start)
    seq_number(m, b"%08llx ", <int64_t>vma.vm_end)
    seq_puts(m, b"r" if vma.vm_flags & VM_READ else b"-")
    seq_puts(m, b"w" if vma.vm_flags & VM_WRITE else b"-")
    seq_puts(m, b"x" if vma.vm_flags & VM_EXEC else b"-")
    seq_puts(m, b"s" if vma.vm_flags & VM_MAYSHARE else b"p")
    seq_number(m, b" %08llx", <int64_t>(vma.vm_pgoff << PAGE_SHIFT) if vma.vm_file else 0)
    seq_number(m, b" %02llx:", dev >> 8)
    seq_number(m, b"%02llx", dev & 0xff)
    seq_number(m, b" %llu ", <int64_t>inode.i_ino if vma.vm_file else 0)
    if n:
        while m.count - start < 73:
            seq_puts(m, b" ")
        name[n] = 0
        seq_escape_newlines(m, name)
    seq_puts(m, b"\n")


cdef inline void seq_escape_newlines(seq_file_t *m, const char *text) noexcept nogil:
    # mangle_path with "\n": ends of lines as C's octal numbers.
    cdef char[2] c
    c[1] = 0
    while text[0]:
        c[0] = text[0]
        if text[0] == c"\n":
            seq_puts(m, b"\\012")
        else:
            seq_puts(m, c)
        text += 1


cdef void proc_pid_maps(kernel_t *k, task_t *t, seq_file_t *m) noexcept nogil:
    cdef uint32_t i = mm_row(k, t.mm).mmap if t.mm else 0
    while i:
        show_map(k, vma_row(k, i), m)
        i = vma_row(k, i).vm_next


cdef inline void seq_kb(seq_file_t *m, const char *name, uint64_t pages) noexcept nogil:
    seq_puts(m, name)
    seq_number(m, b":\t%8llu kB\n", <int64_t>(pages << (PAGE_SHIFT - 10)))


cdef void task_mem(kernel_t *k, task_t *t, seq_file_t *m) noexcept nogil:
    cdef mm_t *mm = mm_row(k, t.mm)
    if t.mm == 0:
        return
    seq_kb(m, b"VmPeak", mm.hiwater_vm)
    seq_kb(m, b"VmSize", mm.total_vm)
    seq_kb(m, b"VmLck", mm.locked_vm)
    seq_kb(m, b"VmPin", 0)
    seq_kb(m, b"VmHWM", max(mm.hiwater_rss, mm_rss(mm)))
    seq_kb(m, b"VmRSS", mm_rss(mm))
    seq_kb(m, b"RssAnon", mm.rss[MM_ANONPAGES])
    seq_kb(m, b"RssFile", mm.rss[MM_FILEPAGES])
    seq_kb(m, b"RssShmem", mm.rss[MM_SHMEMPAGES])
    seq_kb(m, b"VmData", mm.data_vm)
    seq_kb(m, b"VmStk", mm.stack_vm)
    seq_kb(m, b"VmExe", 0)
    seq_kb(m, b"VmLib", mm.exec_vm)
    seq_kb(m, b"VmPTE", mm.pgtables)
    seq_kb(m, b"VmSwap", 0)
    seq_puts(m, b"HugetlbPages:\t       0 kB\nCoreDumping:\t0\nTHP_enabled:\t1\nuntag_mask:\t0xffffffffffffffff\n")
