# System V shared memory: segments. Source: ipc/shm.c.
#
# A segment is a file without a name on the internal tmpfs. Its pages come when they are touched. It lives as long as it
# has an id, and after IPC_RMID until nothing is attached to it.


ctypedef union shmctl_t:  # what shmctl reads or fills, by command
    shmid64_ds_t ds
    shminfo64_t info64
    shm_info_t info


cdef void shm_init() noexcept nogil
cdef int64_t do_shmget(kernel_t *k, task_t *t, int32_t key, uint64_t size, int32_t flg) noexcept nogil
cdef int64_t do_shmctl(
    kernel_t *k, task_t *t, int32_t shmid, int32_t cmd, void *buf
) noexcept nogil  # `buf`: of shmctl_size bytes, or NULL: an address that is bad
cdef size_t shmctl_size(int64_t cmd) noexcept nogil  # bytes that a command reads or fills
cdef void shm_destroy(kernel_t *k, uint32_t row) noexcept nogil
cdef bint shm_may_destroy(kernel_t *k, shmid_kernel_t *shp) noexcept nogil
cdef void shm_destroy_orphaned(kernel_t *k, uint32_t ns) noexcept nogil
cdef void exit_shm(kernel_t *k, task_t *t) noexcept nogil
cdef void shm_exit_ns(kernel_t *k, uint32_t ns) noexcept nogil
cdef void sysvipc_shm_show(kernel_t *k, uint32_t ns, seq_file_t *m) noexcept nogil  # the text of /proc/sysvipc/shm
cdef bint shm_check(kernel_t *k) noexcept nogil
