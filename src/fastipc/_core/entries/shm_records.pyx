"""IpcPerm, ShmidDs, ShmInfo: what shmctl tells, with the names of the C fields."""

cdef tuple IPC_PERM_FIELDS = ("key", "uid", "gid", "cuid", "cgid", "mode", "seq")
cdef tuple SHMID_DS_FIELDS = ("shm_perm", "shm_segsz", "shm_atime", "shm_dtime", "shm_ctime", "shm_cpid", "shm_lpid",
                              "shm_nattch")
cdef tuple SHM_INFO_FIELDS = ("shmmax", "shmmin", "shmmni", "shmseg", "shmall", "used_ids", "shm_tot", "shm_rss",
                              "shm_swp", "swap_attempts", "swap_successes")


cdef str record_repr(object record):
    return f"{type(record).__name__}({', '.join([f'{k}={v!r}' for k, v in record._asdict().items()])})"


def make_record(kind, fields):
    """A record from its fields by name; for pickle."""
    return kind(**fields)


@cython.final
@cython.freelist(16)
cdef class IpcPerm:
    """Who owns a System V object, and who may do what. Fields are given as keywords; one that is not given is 0.

    Source: struct ipc_perm, ipc(5). ``key`` and ``seq`` are C's ``__key`` and ``__seq``.
    """

    def __init__(self, *, key=0, uid=0, gid=0, cuid=0, cgid=0, mode=0, seq=0):
        self.key = as_int(key, "key")
        self.uid = as_int(uid, "uid")
        self.gid = as_int(gid, "gid")
        self.cuid = as_int(cuid, "cuid")
        self.cgid = as_int(cgid, "cgid")
        self.mode = as_int(mode, "mode")
        self.seq = as_int(seq, "seq")

    cdef tuple fields(self):
        return (self.key, self.uid, self.gid, self.cuid, self.cgid, self.mode, self.seq)

    def _asdict(self):
        """All fields by name."""
        return dict(zip(IPC_PERM_FIELDS, self.fields()))

    def __iter__(self):
        return iter(self.fields())

    def __eq__(self, other):
        return isinstance(other, IpcPerm) and self.fields() == (<IpcPerm>other).fields()

    def __hash__(self):
        return hash(self.fields())

    def __repr__(self):
        return record_repr(self)

    def __reduce__(self):
        return make_record, (IpcPerm, self._asdict())


@cython.final
@cython.freelist(16)
cdef class ShmidDs:
    """A segment of shared memory. Fields are given as keywords; one that is not given is 0.

    Source: struct shmid_ds, shmctl(2). Times are seconds of the machine's realtime clock.
    """

    def __init__(self, *, shm_perm=None, shm_segsz=0, shm_atime=0, shm_dtime=0, shm_ctime=0, shm_cpid=0, shm_lpid=0,
                 shm_nattch=0):
        if shm_perm is not None and not isinstance(shm_perm, IpcPerm):
            raise TypeError(f"shm_perm must be an IpcPerm, not {type(shm_perm).__name__}")
        self.shm_perm = IpcPerm() if shm_perm is None else shm_perm
        self.shm_segsz = <uint64_t>as_int(shm_segsz, "shm_segsz")
        self.shm_atime = as_int(shm_atime, "shm_atime")
        self.shm_dtime = as_int(shm_dtime, "shm_dtime")
        self.shm_ctime = as_int(shm_ctime, "shm_ctime")
        self.shm_cpid = as_int(shm_cpid, "shm_cpid")
        self.shm_lpid = as_int(shm_lpid, "shm_lpid")
        self.shm_nattch = <uint64_t>as_int(shm_nattch, "shm_nattch")

    cdef tuple fields(self):
        return (self.shm_perm, self.shm_segsz, self.shm_atime, self.shm_dtime, self.shm_ctime, self.shm_cpid,
                self.shm_lpid, self.shm_nattch)

    def _asdict(self):
        """All fields by name."""
        return dict(zip(SHMID_DS_FIELDS, self.fields()))

    def __iter__(self):
        return iter(self.fields())

    def __eq__(self, other):
        return isinstance(other, ShmidDs) and self.fields() == (<ShmidDs>other).fields()

    def __hash__(self):
        return hash(self.fields())

    def __repr__(self):
        return record_repr(self)

    def __reduce__(self):
        return make_record, (ShmidDs, self._asdict())


@cython.final
@cython.freelist(16)
cdef class ShmInfo:
    """What IPC_INFO tells (the limits) or SHM_INFO (what there is); fields of the other one are 0.

    Source: struct shminfo, struct shm_info, shmctl(2). ``shm_tot``, ``shm_rss`` and ``shm_swp`` are pages. Fields are
    given as keywords.
    """

    def __init__(self, *, shmmax=0, shmmin=0, shmmni=0, shmseg=0, shmall=0, used_ids=0, shm_tot=0, shm_rss=0, shm_swp=0,
                 swap_attempts=0, swap_successes=0):
        self.shmmax = <uint64_t>as_int(shmmax, "shmmax")
        self.shmmin = <uint64_t>as_int(shmmin, "shmmin")
        self.shmmni = <uint64_t>as_int(shmmni, "shmmni")
        self.shmseg = <uint64_t>as_int(shmseg, "shmseg")
        self.shmall = <uint64_t>as_int(shmall, "shmall")
        self.used_ids = as_int(used_ids, "used_ids")
        self.shm_tot = <uint64_t>as_int(shm_tot, "shm_tot")
        self.shm_rss = <uint64_t>as_int(shm_rss, "shm_rss")
        self.shm_swp = <uint64_t>as_int(shm_swp, "shm_swp")
        self.swap_attempts = <uint64_t>as_int(swap_attempts, "swap_attempts")
        self.swap_successes = <uint64_t>as_int(swap_successes, "swap_successes")

    cdef tuple fields(self):
        return (self.shmmax, self.shmmin, self.shmmni, self.shmseg, self.shmall, self.used_ids, self.shm_tot,
                self.shm_rss, self.shm_swp, self.swap_attempts, self.swap_successes)

    def _asdict(self):
        """All fields by name."""
        return dict(zip(SHM_INFO_FIELDS, self.fields()))

    def __iter__(self):
        return iter(self.fields())

    def __eq__(self, other):
        return isinstance(other, ShmInfo) and self.fields() == (<ShmInfo>other).fields()

    def __hash__(self):
        return hash(self.fields())

    def __repr__(self):
        return record_repr(self)

    def __reduce__(self):
        return make_record, (ShmInfo, self._asdict())


# ------------------------------------------------------------------------------------------ from rows
cdef IpcPerm ipc_perm_record(const ipc64_perm_t *row):
    cdef IpcPerm perm = IpcPerm.__new__(IpcPerm)
    perm.key = row.key
    perm.uid = row.uid
    perm.gid = row.gid
    perm.cuid = row.cuid
    perm.cgid = row.cgid
    perm.mode = row.mode
    perm.seq = row.seq
    return perm


cdef ShmidDs shmid_ds_record(const shmid64_ds_t *row):
    cdef ShmidDs ds = ShmidDs.__new__(ShmidDs)
    ds.shm_perm = ipc_perm_record(&row.shm_perm)
    ds.shm_segsz = row.shm_segsz
    ds.shm_atime = row.shm_atime
    ds.shm_dtime = row.shm_dtime
    ds.shm_ctime = row.shm_ctime
    ds.shm_cpid = row.shm_cpid
    ds.shm_lpid = row.shm_lpid
    ds.shm_nattch = row.shm_nattch
    return ds


cdef ShmInfo shminfo_record(const shminfo64_t *row):
    cdef ShmInfo info = ShmInfo.__new__(ShmInfo)
    info.shmmax = row.shmmax
    info.shmmin = row.shmmin
    info.shmmni = row.shmmni
    info.shmseg = row.shmseg
    info.shmall = row.shmall
    return info


cdef ShmInfo shm_info_record(const shm_info_t *row):
    cdef ShmInfo info = ShmInfo.__new__(ShmInfo)
    info.used_ids = row.used_ids
    info.shm_tot = row.shm_tot
    info.shm_rss = row.shm_rss
    info.shm_swp = row.shm_swp
    info.swap_attempts = row.swap_attempts
    info.swap_successes = row.swap_successes
    return info
