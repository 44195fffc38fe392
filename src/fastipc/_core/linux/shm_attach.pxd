# Attaches of System V segments. Source: ipc/shm.c.
#
# An attach is an area with an open file of its own over the segment's inode. The segment counts its areas.


cdef void shm_attach_init() noexcept nogil
cdef int64_t do_shmat(
    kernel_t *k, task_t *t, int32_t shmid, uint64_t addr, int32_t shmflg
) noexcept nogil  # the address, or -errno
cdef int64_t do_shmdt(kernel_t *k, task_t *t, uint64_t addr) noexcept nogil
cdef void shm_release(kernel_t *k, file_t *f) noexcept nogil
cdef bint shm_attach_check(kernel_t *k) noexcept nogil
