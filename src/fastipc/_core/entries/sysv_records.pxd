# Records of semaphore sets and message queues, and of the limits of both.


cdef class SemidDs:
    cdef readonly IpcPerm sem_perm
    cdef readonly int64_t sem_otime
    cdef readonly int64_t sem_ctime
    cdef readonly uint64_t sem_nsems

    cdef tuple fields(self)


cdef class SemInfo:
    cdef readonly int64_t semmap
    cdef readonly int64_t semmni
    cdef readonly int64_t semmns
    cdef readonly int64_t semmnu
    cdef readonly int64_t semmsl
    cdef readonly int64_t semopm
    cdef readonly int64_t semume
    cdef readonly int64_t semusz
    cdef readonly int64_t semvmx
    cdef readonly int64_t semaem

    cdef tuple fields(self)


cdef class MsqidDs:
    cdef readonly IpcPerm msg_perm
    cdef readonly int64_t msg_stime
    cdef readonly int64_t msg_rtime
    cdef readonly int64_t msg_ctime
    cdef readonly uint64_t msg_cbytes
    cdef readonly uint64_t msg_qnum
    cdef readonly uint64_t msg_qbytes
    cdef readonly int64_t msg_lspid
    cdef readonly int64_t msg_lrpid

    cdef tuple fields(self)


cdef class MsgInfo:
    cdef readonly int64_t msgpool
    cdef readonly int64_t msgmap
    cdef readonly int64_t msgmax
    cdef readonly int64_t msgmnb
    cdef readonly int64_t msgmni
    cdef readonly int64_t msgssz
    cdef readonly int64_t msgtql
    cdef readonly int64_t msgseg

    cdef tuple fields(self)


cdef SemidDs semid_ds_record(const semid64_ds_t *row)
cdef SemInfo seminfo_record(const seminfo_t *row)
cdef MsqidDs msqid_ds_record(const msqid64_ds_t *row)
cdef MsgInfo msginfo_record(const msginfo_t *row)
