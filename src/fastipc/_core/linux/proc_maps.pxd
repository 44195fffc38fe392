# What /proc tells of address spaces. Source: fs/proc/task_mmu.c.


cdef void proc_pid_maps(kernel_t *k, task_t *t, seq_file_t *m) noexcept nogil
cdef void task_mem(kernel_t *k, task_t *t, seq_file_t *m) noexcept nogil
cdef int64_t vma_name(kernel_t *k, vm_area_t *vma, char *to, int64_t size) noexcept nogil  # length; no zero at the end
