"""SemidDs, SemInfo, MsqidDs, MsgInfo: what semctl and msgctl tell, with the names of the C fields."""

cdef tuple SEMID_DS_FIELDS = ("sem_perm", "sem_otime", "sem_ctime", "sem_nsems")
cdef tuple SEMINFO_FIELDS = ("semmap", "semmni", "semmns", "semmnu", "semmsl", "semopm", "semume", "semusz", "semvmx",
                             "semaem")
cdef tuple MSQID_DS_FIELDS = ("msg_perm", "msg_stime", "msg_rtime", "msg_ctime", "msg_cbytes", "msg_qnum",
                              "msg_qbytes", "msg_lspid", "msg_lrpid")
cdef tuple MSGINFO_FIELDS = ("msgpool", "msgmap", "msgmax", "msgmnb", "msgmni", "msgssz", "msgtql", "msgseg")


cdef IpcPerm perm_argument(object perm, str name):
    if perm is not None and not isinstance(perm, IpcPerm):
        raise TypeError(f"{name} must be an IpcPerm, not {type(perm).__name__}")
    return IpcPerm() if perm is None else perm


@cython.final
@cython.freelist(16)
cdef class SemidDs:
    """A set of semaphores. Fields are given as keywords; one that is not given is 0.

    Source: struct semid_ds, semctl(2). Times are seconds of the machine's realtime clock.
    """

    def __init__(self, *, sem_perm=None, sem_otime=0, sem_ctime=0, sem_nsems=0):
        self.sem_perm = perm_argument(sem_perm, "sem_perm")
        self.sem_otime = as_int(sem_otime, "sem_otime")
        self.sem_ctime = as_int(sem_ctime, "sem_ctime")
        self.sem_nsems = <uint64_t>as_int(sem_nsems, "sem_nsems")

    cdef tuple fields(self):
        return (self.sem_perm, self.sem_otime, self.sem_ctime, self.sem_nsems)

    def _asdict(self):
        """All fields by name."""
        return dict(zip(SEMID_DS_FIELDS, self.fields()))

    def __iter__(self):
        return iter(self.fields())

    def __eq__(self, other):
        return isinstance(other, SemidDs) and self.fields() == (<SemidDs>other).fields()

    def __hash__(self):
        return hash(self.fields())

    def __repr__(self):
        return record_repr(self)

    def __reduce__(self):
        return make_record, (SemidDs, self._asdict())


@cython.final
@cython.freelist(16)
cdef class SemInfo:
    """What IPC_INFO tells of semaphores: the limits. Of SEM_INFO ``semusz`` is the number of sets and ``semaem`` that
    of semaphores.

    Source: struct seminfo, semctl(2). Fields are given as keywords.
    """

    def __init__(self, *, semmap=0, semmni=0, semmns=0, semmnu=0, semmsl=0, semopm=0, semume=0, semusz=0, semvmx=0,
                 semaem=0):
        self.semmap = as_int(semmap, "semmap")
        self.semmni = as_int(semmni, "semmni")
        self.semmns = as_int(semmns, "semmns")
        self.semmnu = as_int(semmnu, "semmnu")
        self.semmsl = as_int(semmsl, "semmsl")
        self.semopm = as_int(semopm, "semopm")
        self.semume = as_int(semume, "semume")
        self.semusz = as_int(semusz, "semusz")
        self.semvmx = as_int(semvmx, "semvmx")
        self.semaem = as_int(semaem, "semaem")

    cdef tuple fields(self):
        return (self.semmap, self.semmni, self.semmns, self.semmnu, self.semmsl, self.semopm, self.semume, self.semusz,
                self.semvmx, self.semaem)

    def _asdict(self):
        """All fields by name."""
        return dict(zip(SEMINFO_FIELDS, self.fields()))

    def __iter__(self):
        return iter(self.fields())

    def __eq__(self, other):
        return isinstance(other, SemInfo) and self.fields() == (<SemInfo>other).fields()

    def __hash__(self):
        return hash(self.fields())

    def __repr__(self):
        return record_repr(self)

    def __reduce__(self):
        return make_record, (SemInfo, self._asdict())


@cython.final
@cython.freelist(16)
cdef class MsqidDs:
    """A message queue. Fields are given as keywords; one that is not given is 0.

    Source: struct msqid_ds, msgctl(2). Times are seconds of the machine's realtime clock; ``msg_cbytes`` is C's
    ``__msg_cbytes``.
    """

    def __init__(self, *, msg_perm=None, msg_stime=0, msg_rtime=0, msg_ctime=0, msg_cbytes=0, msg_qnum=0, msg_qbytes=0,
                 msg_lspid=0, msg_lrpid=0):
        self.msg_perm = perm_argument(msg_perm, "msg_perm")
        self.msg_stime = as_int(msg_stime, "msg_stime")
        self.msg_rtime = as_int(msg_rtime, "msg_rtime")
        self.msg_ctime = as_int(msg_ctime, "msg_ctime")
        self.msg_cbytes = <uint64_t>as_int(msg_cbytes, "msg_cbytes")
        self.msg_qnum = <uint64_t>as_int(msg_qnum, "msg_qnum")
        self.msg_qbytes = <uint64_t>as_int(msg_qbytes, "msg_qbytes")
        self.msg_lspid = as_int(msg_lspid, "msg_lspid")
        self.msg_lrpid = as_int(msg_lrpid, "msg_lrpid")

    cdef tuple fields(self):
        return (self.msg_perm, self.msg_stime, self.msg_rtime, self.msg_ctime, self.msg_cbytes, self.msg_qnum,
                self.msg_qbytes, self.msg_lspid, self.msg_lrpid)

    def _asdict(self):
        """All fields by name."""
        return dict(zip(MSQID_DS_FIELDS, self.fields()))

    def __iter__(self):
        return iter(self.fields())

    def __eq__(self, other):
        return isinstance(other, MsqidDs) and self.fields() == (<MsqidDs>other).fields()

    def __hash__(self):
        return hash(self.fields())

    def __repr__(self):
        return record_repr(self)

    def __reduce__(self):
        return make_record, (MsqidDs, self._asdict())


@cython.final
@cython.freelist(16)
cdef class MsgInfo:
    """What IPC_INFO tells of message queues: the limits. Of MSG_INFO ``msgpool`` is the number of queues, ``msgmap``
    that of messages and ``msgtql`` that of bytes.

    Source: struct msginfo, msgctl(2). Fields are given as keywords.
    """

    def __init__(self, *, msgpool=0, msgmap=0, msgmax=0, msgmnb=0, msgmni=0, msgssz=0, msgtql=0, msgseg=0):
        self.msgpool = as_int(msgpool, "msgpool")
        self.msgmap = as_int(msgmap, "msgmap")
        self.msgmax = as_int(msgmax, "msgmax")
        self.msgmnb = as_int(msgmnb, "msgmnb")
        self.msgmni = as_int(msgmni, "msgmni")
        self.msgssz = as_int(msgssz, "msgssz")
        self.msgtql = as_int(msgtql, "msgtql")
        self.msgseg = as_int(msgseg, "msgseg")

    cdef tuple fields(self):
        return (self.msgpool, self.msgmap, self.msgmax, self.msgmnb, self.msgmni, self.msgssz, self.msgtql, self.msgseg)

    def _asdict(self):
        """All fields by name."""
        return dict(zip(MSGINFO_FIELDS, self.fields()))

    def __iter__(self):
        return iter(self.fields())

    def __eq__(self, other):
        return isinstance(other, MsgInfo) and self.fields() == (<MsgInfo>other).fields()

    def __hash__(self):
        return hash(self.fields())

    def __repr__(self):
        return record_repr(self)

    def __reduce__(self):
        return make_record, (MsgInfo, self._asdict())


# ------------------------------------------------------------------------------------------ from rows
cdef SemidDs semid_ds_record(const semid64_ds_t *row):
    cdef SemidDs record = SemidDs.__new__(SemidDs)
    record.sem_perm = ipc_perm_record(&row.sem_perm)
    record.sem_otime = row.sem_otime
    record.sem_ctime = row.sem_ctime
    record.sem_nsems = row.sem_nsems
    return record


cdef SemInfo seminfo_record(const seminfo_t *row):
    cdef SemInfo record = SemInfo.__new__(SemInfo)
    record.semmap = row.semmap
    record.semmni = row.semmni
    record.semmns = row.semmns
    record.semmnu = row.semmnu
    record.semmsl = row.semmsl
    record.semopm = row.semopm
    record.semume = row.semume
    record.semusz = row.semusz
    record.semvmx = row.semvmx
    record.semaem = row.semaem
    return record


cdef MsqidDs msqid_ds_record(const msqid64_ds_t *row):
    cdef MsqidDs record = MsqidDs.__new__(MsqidDs)
    record.msg_perm = ipc_perm_record(&row.msg_perm)
    record.msg_stime = row.msg_stime
    record.msg_rtime = row.msg_rtime
    record.msg_ctime = row.msg_ctime
    record.msg_cbytes = row.msg_cbytes
    record.msg_qnum = row.msg_qnum
    record.msg_qbytes = row.msg_qbytes
    record.msg_lspid = row.msg_lspid
    record.msg_lrpid = row.msg_lrpid
    return record


cdef MsgInfo msginfo_record(const msginfo_t *row):
    cdef MsgInfo record = MsgInfo.__new__(MsgInfo)
    record.msgpool = row.msgpool
    record.msgmap = row.msgmap
    record.msgmax = row.msgmax
    record.msgmnb = row.msgmnb
    record.msgmni = row.msgmni
    record.msgssz = row.msgssz
    record.msgtql = row.msgtql
    record.msgseg = row.msgseg
    return record
