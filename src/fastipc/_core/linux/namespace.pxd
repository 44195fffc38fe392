# File systems, mounts, and where a process stands in them. Source: fs/super.c, fs/namespace.c, fs/fs_struct.c.


cdef int mount_root(kernel_t *k) noexcept nogil  # the file systems that a machine starts with: 0, or -errno
cdef uint32_t copy_fs_struct(kernel_t *k, uint32_t source) noexcept nogil  # 0: see alloc_errno
cdef uint32_t new_fs_struct(kernel_t *k) noexcept nogil
cdef void put_fs_struct(kernel_t *k, uint32_t fs) noexcept nogil
cdef bint namespace_check(kernel_t *k) noexcept nogil

ctypedef struct file_system_type_t:  # struct file_system_type
    const char *name
    uint32_t magic
    uint32_t dev
    bint anonymous  # kill_anon_super: no device behind it

cdef file_system_type_t file_systems[5]  # by FS_ number


cdef inline void mntget(kernel_t *k, uint32_t mnt) noexcept nogil:
    mount_row(k, mnt).mnt_count += 1


cdef inline void mntput(kernel_t *k, uint32_t mnt) noexcept nogil:
    mount_row(k, mnt).mnt_count -= 1


cdef inline fs_t *current_fs(kernel_t *k, task_t *t) noexcept nogil:
    return fs_row(k, t.fs)
