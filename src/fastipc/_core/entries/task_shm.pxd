# System calls on System V shared memory; the limits of a task's IPC namespace.


cdef class ShmCalls(MemoryCalls):
    cdef int64_t begin_shmget(self, object key, object size, object shmflg) except? -1
    cdef int64_t associated(self, int64_t ret) except? -1
    cdef object shmctl_user(self, object shmid, object cmd, object buf, bint raises)
    cdef int64_t begin_shmctl(self, object shmid, object cmd, object arg, shmctl_t *buf) except? -1
    cdef int64_t begin_shmat(self, object shmid, object shmaddr, object shmflg) except? -1
    cdef int64_t begin_shmdt(self, object shmaddr) except? -1
    cdef object shmctl_result(self, int64_t ret, shmctl_t *buf)
