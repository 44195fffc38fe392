# Files in memory without a name: of shared memory, memfd_create, System V segments. Source: mm/shmem.c, mm/memfd.c.


cdef uint32_t shmem_file_setup(
    kernel_t *k, task_t *t, const char *name, uint32_t len, uint64_t size, uint32_t vm_flags
) noexcept nogil  # row of an open file, O_RDWR; 0: see alloc_errno
cdef int64_t do_memfd_create(kernel_t *k, task_t *t, const char *name, uint32_t len, int64_t flags) noexcept nogil
cdef int64_t add_seals(kernel_t *k, file_t *f, uint32_t seals) noexcept nogil
cdef int64_t get_seals(kernel_t *k, file_t *f) noexcept nogil
cdef void shmem_mount(kernel_t *k) noexcept nogil
cdef void shmem_init() noexcept nogil

cdef enum:
    MFD_NAME_MAX_LEN = 249  # NAME_MAX less "memfd:"
