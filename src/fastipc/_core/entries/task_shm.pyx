"""System calls on System V shared memory."""


cdef class ShmCalls(MemoryCalls):
    # -------------------------------------------------------------------------------------- segments
    def shmget(self, key, size, shmflg=0):
        """The id of the segment with a key, or of a new one of ``size`` bytes.

        Source: shmget(2), ipc/shm.c. IPC_PRIVATE always makes one; IPC_CREAT makes one if there is none, with
        IPC_EXCL only then. The lowest nine bits are its permissions, or what is asked of an old one. Errors: EEXIST,
        EINVAL, EACCES, ENOENT, ENOSPC, ENOMEM, EPERM, ENFILE.
        """
        return self.complete(self.begin_shmget(key, size, shmflg))

    def sys_shmget(self, key, size, shmflg=0):
        """As `shmget`; the id or -errno."""
        return self.complete_raw(self.begin_shmget(key, size, shmflg))

    cdef int64_t begin_shmget(self, object key, object size, object shmflg) except? -1:
        cdef int64_t n = as_int(key, "key"), s = as_int(size, "size"), f = as_int(shmflg, "shmflg")
        self.begin(NR_shmget, n, s, f)
        return self.associated(do_shmget(self.k, self.t, <int32_t>n, <uint64_t>s, <int32_t>f))

    cdef int64_t associated(self, int64_t ret) except? -1:
        # A hook is asked about a segment that was there; if it raises the call ends with EPERM.
        if likely(ret < 0 or not self.k.hooks & HOOK_IPC_ASSOCIATE or self.t.call.out0 == 0):
            return ret
        self.t.call.ret = ret
        try:
            return ask_ipc_associate(self)
        except BaseException:
            self.complete_raw(-EPERM)
            raise

    def shmctl(self, shmid, cmd, arg=None):
        """Ask about a segment, change it or remove it.

        Source: shmctl(2), ipc/shm.c. IPC_STAT: a `ShmidDs`. SHM_STAT, SHM_STAT_ANY (``shmid`` is an index): ``(id,
        ShmidDs)``. IPC_INFO, SHM_INFO: a `ShmInfo`. IPC_SET: ``arg`` is ``(uid, gid, mode)`` or a `ShmidDs`. IPC_RMID,
        SHM_LOCK, SHM_UNLOCK: None. With a `UserBuffer` in place of ``arg``: what C
        returns. Errors: EINVAL, EACCES, EPERM, EFAULT (IPC_SET without ``arg``), ENOMEM (SHM_LOCK).
        """
        cdef shmctl_t buf
        cdef int64_t ret
        if is_user(arg):
            return self.shmctl_user(shmid, cmd, arg, True)
        ret = self.begin_shmctl(shmid, cmd, arg, &buf)
        if self.t.call.args[1] != IPC_SET or arg is not None:
            ret = do_shmctl(self.k, self.t, <int32_t>self.t.call.args[0], <int32_t>self.t.call.args[1], &buf)
        else:
            ret = do_shmctl(self.k, self.t, <int32_t>self.t.call.args[0], IPC_SET, NULL)
        return self.shmctl_result(self.complete(ret), &buf)

    def sys_shmctl(self, shmid, cmd, buf=None):
        """As `shmctl`, with a buffer of one row of `fastipc.SHMID_DS`, `SHMINFO` (IPC_INFO) or `SHM_INFO_T`.

        What C returns, or -errno: SHM_STAT and SHM_STAT_ANY the id, IPC_INFO and SHM_INFO the highest index in use.
        Without a buffer that is needed: EFAULT.
        """
        cdef Py_buffer view
        cdef shmctl_t row
        cdef int64_t ret, number = as_number(cmd, "cmd"), n = <int64_t>shmctl_size(number)
        cdef bint reads = number == IPC_SET
        if is_user(buf):
            return self.shmctl_user(shmid, cmd, buf, False)
        if n == 0 or buf is None:
            self.begin(NR_shmctl, as_number(shmid, "shmid"), number, 0)
            return self.complete_raw(do_shmctl(self.k, self.t, <int32_t>self.t.call.args[0], <int32_t>number, NULL))
        if reads and isinstance(buf, (tuple, ShmidDs)):
            self.begin_shmctl(shmid, cmd, buf, &row)
            return self.complete_raw(do_shmctl(self.k, self.t, <int32_t>self.t.call.args[0], IPC_SET, &row))
        self.begin(NR_shmctl, as_number(shmid, "shmid"), number, 0)
        if reads:
            get_buffer(buf, &view, "buf")
        else:
            get_writable(buf, &view, "buf")
        try:
            if view.len < n:
                raise ValueError(f"buf must have room for {n} bytes: one row of {shmctl_row(number)}")
            if reads:
                memcpy(&row, view.buf, <size_t>n)
            ret = self.complete_raw(do_shmctl(self.k, self.t, <int32_t>self.t.call.args[0], <int32_t>number, &row))
            if ret >= 0 and not reads:
                memcpy(view.buf, &row, <size_t>n)
        finally:
            release(&view)
        return ret

    cdef object shmctl_user(self, object shmid, object cmd, object buf, bint raises):
        # With an address in the task's memory: what C returns.
        cdef int32_t i = as_number(shmid, "shmid"), c = as_number(cmd, "cmd")
        self.enter()
        return raw_call(self, NR_shmctl, raises, <uint64_t>i, <uint64_t>c, user_addr(buf, shmctl_size(c), "buf"))

    cdef int64_t begin_shmctl(self, object shmid, object cmd, object arg, shmctl_t *buf) except? -1:
        # What IPC_SET is to set is in `buf`.
        cdef int32_t i = as_number(shmid, "shmid"), c = as_number(cmd, "cmd")
        if c == IPC_SET and arg is not None:
            given = set_arguments(arg)
            buf.ds.shm_perm.uid = <uint32_t>as_int(given[0], "uid")
            buf.ds.shm_perm.gid = <uint32_t>as_int(given[1], "gid")
            buf.ds.shm_perm.mode = <uint32_t>as_int(given[2], "mode")
        self.begin(NR_shmctl, i, c, 0)
        return 0

    cdef object shmctl_result(self, int64_t ret, shmctl_t *buf):
        cdef int64_t cmd = self.t.call.args[1]
        if cmd == IPC_STAT:
            return shmid_ds_record(&buf.ds)
        if cmd == SHM_STAT or cmd == SHM_STAT_ANY:
            return ret, shmid_ds_record(&buf.ds)
        if cmd == IPC_INFO:
            return shminfo_record(&buf.info64)
        return shm_info_record(&buf.info) if cmd == SHM_INFO else None

    # -------------------------------------------------------------------------------------- attaches
    def shmat(self, shmid, shmaddr=0, shmflg=0):
        """Attach a segment to the task's memory; the address.

        Source: shmat(2), ipc/shm.c. ``shmaddr`` 0: the kernel chooses. SHM_RDONLY, SHM_EXEC, SHM_RND (round ``shmaddr``
        down to a page), SHM_REMAP (replace what is there). Errors: EINVAL, EACCES, ENOMEM, ENFILE, EPERM.
        """
        return self.complete(self.begin_shmat(shmid, shmaddr, shmflg))

    def sys_shmat(self, shmid, shmaddr=0, shmflg=0):
        """As `shmat`; the address or -errno."""
        return self.complete_raw(self.begin_shmat(shmid, shmaddr, shmflg))

    cdef int64_t begin_shmat(self, object shmid, object shmaddr, object shmflg) except? -1:
        cdef int32_t i = as_number(shmid, "shmid")
        cdef int64_t a = as_int(shmaddr, "shmaddr"), f = as_int(shmflg, "shmflg")
        self.begin(NR_shmat, i, a, f)
        return do_shmat(self.k, self.t, i, <uint64_t>a, <int32_t>f)

    def shmdt(self, shmaddr):
        """Detach what was attached at an address, all that is left of it. Source: shmdt(2). Errors: EINVAL."""
        self.complete(self.begin_shmdt(shmaddr))

    def sys_shmdt(self, shmaddr):
        """As `shmdt`; 0 or -errno."""
        return self.complete_raw(self.begin_shmdt(shmaddr))

    cdef int64_t begin_shmdt(self, object shmaddr) except? -1:
        cdef int64_t a = as_int(shmaddr, "shmaddr")
        self.begin(NR_shmdt, a, 0, 0)
        return do_shmdt(self.k, self.t, <uint64_t>a)

    # -------------------------------------------------------------------------------------- the namespace
    @property
    def ipc_limits(self):
        """Limits: The limits of System V objects in this task's IPC namespace, readable and settable."""
        from fastipc.limits import IpcLimits

        if self.arena.machine == NULL:
            raise KernelClosed("this machine was closed")
        return IpcLimits(<object>self.arena.machine, self)


# ------------------------------------------------------------------------------------------ arguments
cdef str shmctl_row(int64_t cmd):
    return "SHMINFO" if cmd == IPC_INFO else "SHM_INFO_T" if cmd == SHM_INFO else "SHMID_DS"


cdef tuple set_arguments(object arg):
    # (uid, gid, mode) of what IPC_SET was given.
    if isinstance(arg, ShmidDs):
        perm = (<ShmidDs>arg).shm_perm
        return perm.uid, perm.gid, perm.mode
    if not isinstance(arg, (tuple, list)) or len(arg) != 3:
        raise TypeError("arg of IPC_SET must be (uid, gid, mode)")
    return tuple(arg)
