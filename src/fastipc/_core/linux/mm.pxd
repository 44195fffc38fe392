# Address spaces: how they begin, are shared, copied, and end. Source: kernel/fork.c (mm_alloc, dup_mmap, mmput),
# fs/exec.c (setup_arg_pages).
#
# Every process that has done nothing with memory yet uses the one space `kernel.init_mm`, which holds a stack area and
# no page. `mm_own` gives a process its own copy at its first change or fault, so that a million processes without
# memory cost none.


cdef mm_t *mm_copy_own(kernel_t *k, task_t *t) noexcept nogil
cdef int mm_init(kernel_t *k) noexcept nogil
cdef uint32_t dup_mm(kernel_t *k, uint32_t mm) noexcept nogil  # 0: see alloc_errno
cdef void map_vdso(kernel_t *k, task_t *t) noexcept nogil
cdef void mmput_slow(kernel_t *k, uint32_t mm) noexcept nogil
cdef void vm_stat_account(mm_t *mm, uint32_t flags, int64_t pages) noexcept nogil
cdef bint mm_check(kernel_t *k) noexcept nogil

cdef enum:
    STACK_TOP = TASK_SIZE_MAX
    MMAP_BASE = TASK_SIZE_MAX - 0x8000000  # below the room that the stack may want, as without randomisation
    STACK_SIZE = 0x21000  # of the area at first
    START_BRK = 0x555555559000
    VDSO_START = STACK_TOP - 0x7f00000  # between the mappings and the room of the stack
    VDSO_RESTORE = VDSO_START + 0x600  # restore_rt: calls rt_sigreturn
    RESTORE_SIZE = 9


cdef inline mm_t *mm_own(kernel_t *k, task_t *t) noexcept nogil:
    # NULL: see alloc_errno.
    return mm_row(k, t.mm) if likely(t.mm != k.init_mm) else mm_copy_own(k, t)


cdef inline void mmget(kernel_t *k, uint32_t mm) noexcept nogil:
    mm_row(k, mm).mm_users += 1


cdef inline void mmput(kernel_t *k, uint32_t mm) noexcept nogil:
    mm_row(k, mm).mm_users -= 1
    if unlikely(mm_row(k, mm).mm_users == 0):
        mmput_slow(k, mm)


cdef inline bint is_data_mapping(uint32_t flags) noexcept nogil:
    return flags & (VM_WRITE | VM_SHARED | VM_GROWSDOWN) == VM_WRITE
