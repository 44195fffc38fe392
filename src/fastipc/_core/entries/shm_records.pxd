# Records of System V objects: permissions, a segment, what the machine says of all segments.


cdef class IpcPerm:
    cdef readonly int64_t key
    cdef readonly int64_t uid
    cdef readonly int64_t gid
    cdef readonly int64_t cuid
    cdef readonly int64_t cgid
    cdef readonly int64_t mode
    cdef readonly int64_t seq

    cdef tuple fields(self)


cdef class ShmidDs:
    cdef readonly IpcPerm shm_perm
    cdef readonly uint64_t shm_segsz
    cdef readonly int64_t shm_atime
    cdef readonly int64_t shm_dtime
    cdef readonly int64_t shm_ctime
    cdef readonly int64_t shm_cpid
    cdef readonly int64_t shm_lpid
    cdef readonly uint64_t shm_nattch

    cdef tuple fields(self)


cdef class ShmInfo:
    cdef readonly uint64_t shmmax
    cdef readonly uint64_t shmmin
    cdef readonly uint64_t shmmni
    cdef readonly uint64_t shmseg
    cdef readonly uint64_t shmall
    cdef readonly int64_t used_ids
    cdef readonly uint64_t shm_tot
    cdef readonly uint64_t shm_rss
    cdef readonly uint64_t shm_swp
    cdef readonly uint64_t swap_attempts
    cdef readonly uint64_t swap_successes

    cdef tuple fields(self)


cdef IpcPerm ipc_perm_record(const ipc64_perm_t *row)
cdef ShmidDs shmid_ds_record(const shmid64_ds_t *row)
cdef ShmInfo shminfo_record(const shminfo64_t *row)
cdef ShmInfo shm_info_record(const shm_info_t *row)
