"""System calls on process groups, sessions, and ids of users and groups."""


cdef class IdCalls(ProcessCalls):
    # -------------------------------------------------------------------------------------- groups and sessions
    def getpgid(self, pid=0):
        """Number of the process group of a process, 0 = this one.

        Source: getpgid(2). Errors: ESRCH.
        """
        cdef int64_t p = as_pid(self, pid, "pid")
        self.begin(NR_getpgid, p, 0, 0)
        return self.complete(do_getpgid(self.k, self.t, p))

    def sys_getpgid(self, pid=0):
        """As `getpgid`; the number or -errno."""
        cdef int64_t p = as_pid(self, pid, "pid")
        self.begin(NR_getpgid, p, 0, 0)
        return self.complete_raw(do_getpgid(self.k, self.t, p))

    def setpgid(self, pid, pgid):
        """Move a process, 0 = this one, to a process group, 0 = one of its own number.

        Source: setpgid(2). The process is the caller's or a child that has not called execve; the group is new or one
        of the same session. Errors: EINVAL, ESRCH, EPERM, EACCES.
        """
        cdef int64_t p = as_pid(self, pid, "pid"), g = as_pid(self, pgid, "pgid")
        self.begin(NR_setpgid, p, g, 0)
        self.complete(do_setpgid(self.k, self.t, p, g))

    def sys_setpgid(self, pid, pgid):
        """As `setpgid`; 0 or -errno."""
        cdef int64_t p = as_pid(self, pid, "pid"), g = as_pid(self, pgid, "pgid")
        self.begin(NR_setpgid, p, g, 0)
        return self.complete_raw(do_setpgid(self.k, self.t, p, g))

    def getsid(self, pid=0):
        """Number of the session of a process, 0 = this one.

        Source: getsid(2). Errors: ESRCH.
        """
        cdef int64_t p = as_pid(self, pid, "pid")
        self.begin(NR_getsid, p, 0, 0)
        return self.complete(do_getsid(self.k, self.t, p))

    def sys_getsid(self, pid=0):
        """As `getsid`; the number or -errno."""
        cdef int64_t p = as_pid(self, pid, "pid")
        self.begin(NR_getsid, p, 0, 0)
        return self.complete_raw(do_getsid(self.k, self.t, p))

    def setsid(self):
        """Begin a session, and in it a process group, of this process' number; that number.

        Source: setsid(2). Errors: EPERM if there is a group of that number.
        """
        self.begin(NR_setsid, 0, 0, 0)
        return self.complete(do_setsid(self.k, self.t))

    def sys_setsid(self):
        """As `setsid`; the number or -errno."""
        self.begin(NR_setsid, 0, 0, 0)
        return self.complete_raw(do_setsid(self.k, self.t))

    # -------------------------------------------------------------------------------------- ids of users and groups
    def setuid(self, uid):
        """Become a user: in all ids with CAP_SETUID, else in the effective one.

        Source: setuid(2). Who leaves root loses all capabilities. Errors: EINVAL, EPERM, EAGAIN, ENOMEM.
        """
        cdef int64_t u = as_int(uid, "uid")
        self.begin(NR_setuid, u, 0, 0)
        self.complete(do_setuid(self.k, self.t, <uint32_t>u))

    def sys_setuid(self, uid):
        """As `setuid`; 0 or -errno."""
        cdef int64_t u = as_int(uid, "uid")
        self.begin(NR_setuid, u, 0, 0)
        return self.complete_raw(do_setuid(self.k, self.t, <uint32_t>u))

    def setgid(self, gid):
        """Become a group: in all ids with CAP_SETGID, else in the effective one.

        Source: setgid(2). Errors: EINVAL, EPERM, ENOMEM.
        """
        cdef int64_t g = as_int(gid, "gid")
        self.begin(NR_setgid, g, 0, 0)
        self.complete(do_setgid(self.k, self.t, <uint32_t>g))

    def sys_setgid(self, gid):
        """As `setgid`; 0 or -errno."""
        cdef int64_t g = as_int(gid, "gid")
        self.begin(NR_setgid, g, 0, 0)
        return self.complete_raw(do_setgid(self.k, self.t, <uint32_t>g))

    def setreuid(self, ruid, euid):
        """Set real and effective user id; -1 leaves one alone.

        Source: setreuid(2). Errors: EPERM, EAGAIN, ENOMEM.
        """
        cdef int64_t r = as_int(ruid, "ruid"), e = as_int(euid, "euid")
        self.begin(NR_setreuid, r, e, 0)
        self.complete(do_setreuid(self.k, self.t, <uint32_t>r, <uint32_t>e))

    def sys_setreuid(self, ruid, euid):
        """As `setreuid`; 0 or -errno."""
        cdef int64_t r = as_int(ruid, "ruid"), e = as_int(euid, "euid")
        self.begin(NR_setreuid, r, e, 0)
        return self.complete_raw(do_setreuid(self.k, self.t, <uint32_t>r, <uint32_t>e))

    def setregid(self, rgid, egid):
        """Set real and effective group id; -1 leaves one alone.

        Source: setregid(2). Errors: EPERM, ENOMEM.
        """
        cdef int64_t r = as_int(rgid, "rgid"), e = as_int(egid, "egid")
        self.begin(NR_setregid, r, e, 0)
        self.complete(do_setregid(self.k, self.t, <uint32_t>r, <uint32_t>e))

    def sys_setregid(self, rgid, egid):
        """As `setregid`; 0 or -errno."""
        cdef int64_t r = as_int(rgid, "rgid"), e = as_int(egid, "egid")
        self.begin(NR_setregid, r, e, 0)
        return self.complete_raw(do_setregid(self.k, self.t, <uint32_t>r, <uint32_t>e))

    def setresuid(self, ruid, euid, suid):
        """Set real, effective and saved user id; -1 leaves one alone.

        Source: setresuid(2). Errors: EPERM, EAGAIN, ENOMEM.
        """
        cdef int64_t r = as_int(ruid, "ruid"), e = as_int(euid, "euid"), s = as_int(suid, "suid")
        self.begin(NR_setresuid, r, e, s)
        self.complete(do_setresuid(self.k, self.t, <uint32_t>r, <uint32_t>e, <uint32_t>s))

    def sys_setresuid(self, ruid, euid, suid):
        """As `setresuid`; 0 or -errno."""
        cdef int64_t r = as_int(ruid, "ruid"), e = as_int(euid, "euid"), s = as_int(suid, "suid")
        self.begin(NR_setresuid, r, e, s)
        return self.complete_raw(do_setresuid(self.k, self.t, <uint32_t>r, <uint32_t>e, <uint32_t>s))

    def setresgid(self, rgid, egid, sgid):
        """Set real, effective and saved group id; -1 leaves one alone.

        Source: setresgid(2). Errors: EPERM, ENOMEM.
        """
        cdef int64_t r = as_int(rgid, "rgid"), e = as_int(egid, "egid"), s = as_int(sgid, "sgid")
        self.begin(NR_setresgid, r, e, s)
        self.complete(do_setresgid(self.k, self.t, <uint32_t>r, <uint32_t>e, <uint32_t>s))

    def sys_setresgid(self, rgid, egid, sgid):
        """As `setresgid`; 0 or -errno."""
        cdef int64_t r = as_int(rgid, "rgid"), e = as_int(egid, "egid"), s = as_int(sgid, "sgid")
        self.begin(NR_setresgid, r, e, s)
        return self.complete_raw(do_setresgid(self.k, self.t, <uint32_t>r, <uint32_t>e, <uint32_t>s))

    def setfsuid(self, uid):
        """Set the user id that files are accessed with; the old one, whether that was allowed or not.

        Source: setfsuid(2).
        """
        cdef int64_t u = as_int(uid, "uid")
        self.begin(NR_setfsuid, u, 0, 0)
        return self.complete(do_setfsuid(self.k, self.t, <uint32_t>u))

    def sys_setfsuid(self, uid):
        """As `setfsuid`; the old one."""
        cdef int64_t u = as_int(uid, "uid")
        self.begin(NR_setfsuid, u, 0, 0)
        return self.complete_raw(do_setfsuid(self.k, self.t, <uint32_t>u))

    def setfsgid(self, gid):
        """Set the group id that files are accessed with; the old one, whether that was allowed or not.

        Source: setfsgid(2).
        """
        cdef int64_t g = as_int(gid, "gid")
        self.begin(NR_setfsgid, g, 0, 0)
        return self.complete(do_setfsgid(self.k, self.t, <uint32_t>g))

    def sys_setfsgid(self, gid):
        """As `setfsgid`; the old one."""
        cdef int64_t g = as_int(gid, "gid")
        self.begin(NR_setfsgid, g, 0, 0)
        return self.complete_raw(do_setfsgid(self.k, self.t, <uint32_t>g))

    def getgroups(self):
        """List of the supplementary groups, in ascending order. Source: getgroups(2)."""
        cdef group_info_t *info
        cdef uint32_t i
        self.begin(NR_getgroups, 0, 0, 0)
        n = self.complete(do_getgroups(self.k, self.t, 0, NULL))
        if n == 0:
            return []
        info = group_info_row(self.k, self.cred().group_info)
        return [gid_to_user(self.k, self.t, group_row(self.k, info.groups + i).gid) for i in range(info.ngroups)]

    def sys_getgroups(self, groups):
        """As `getgroups`, into ``groups`` (uint32 x n); how many, or -errno. An array without room only asks."""
        cdef Py_buffer view
        cdef int64_t ret
        self.enter()
        if get_room(groups, &view, "groups"):
            return raw_call(self, NR_getgroups, False, (<UserBuffer>groups).length // 4, (<UserBuffer>groups).addr)
        self.begin(NR_getgroups, view.len // 4, 0, 0)
        ret = do_getgroups(self.k, self.t, view.len // 4, <uint32_t *>view.buf)
        release(&view)
        return self.complete_raw(ret)

    def setgroups(self, groups):
        """Set the supplementary groups.

        Source: setgroups(2). Errors: EPERM without CAP_SETGID, EINVAL, ENOMEM.
        """
        cdef uint32_t *gids
        cdef int64_t ret
        cdef Py_ssize_t i
        numbers = [as_int(group, "groups") for group in groups]
        self.begin(NR_setgroups, len(numbers), 0, 0)
        gids = <uint32_t *>malloc(max(len(numbers), 1) * sizeof(uint32_t))
        if gids == NULL:
            raise MemoryError
        for i, number in enumerate(numbers):
            gids[i] = <uint32_t><int64_t>number
        ret = do_setgroups(self.k, self.t, len(numbers), gids)
        free(gids)
        self.complete(ret)

    def sys_setgroups(self, groups):
        """As `setgroups`, from ``groups`` (uint32 x n); 0 or -errno."""
        cdef Py_buffer view
        cdef int64_t ret
        self.enter()
        if get_data(groups, &view, "groups"):
            return raw_call(self, NR_setgroups, False, (<UserBuffer>groups).length // 4, (<UserBuffer>groups).addr)
        self.begin(NR_setgroups, view.len // 4, 0, 0)
        ret = do_setgroups(self.k, self.t, view.len // 4, <const uint32_t *>view.buf)
        release(&view)
        return self.complete_raw(ret)

    # -------------------------------------------------------------------------------------- capabilities
    def capget(self, which="effective"):
        """Frozenset of the names of a set of capabilities: "effective", "permitted" or "inheritable".

        Source: capget(2), of the caller itself.
        """
        cdef uint64_t[3] sets
        if which not in CAP_SETS:
            raise ValueError(f"which must be one of {', '.join(CAP_SETS)}, not {which!r}")
        self.begin(NR_capget, 0, 0, 0)
        do_capget(self.k, self.t, sets)
        self.complete(0)
        return names_of_caps(sets[<int>CAP_SETS.index(which)])

    def sys_capget(self, sets):
        """As `capget`, into ``sets`` (uint64 x 3: effective, permitted, inheritable; one bit each); 0."""
        cdef Py_buffer view
        self.enter()
        get_writable(sets, &view, "sets")
        n = view.len
        if n >= 24:
            do_capget(self.k, self.t, <uint64_t *>view.buf)
        release(&view)
        if n < 24:
            raise ValueError("sets must have room for three 64-bit integers")
        self.begin(NR_capget, 0, 0, 0)
        return self.complete_raw(0)

    def capset(self, effective, permitted=None, inheritable=None):
        """Set capabilities by name; permitted ones are the effective ones if not given, inheritable ones stay.

        Source: capset(2). Errors: EPERM if one is not permitted now, ENOMEM.
        """
        cdef uint64_t[3] sets
        cdef uint64_t e = mask_of_caps(effective), p = e if permitted is None else mask_of_caps(permitted)
        cdef uint64_t i = 0 if inheritable is None else mask_of_caps(inheritable)
        self.begin(NR_capset, 0, 0, 0)
        sets[0] = e
        sets[1] = p
        sets[2] = self.cred().cap_inheritable if inheritable is None else i
        self.complete(do_capset(self.k, self.t, sets))

    def sys_capset(self, sets):
        """As `capset`, from ``sets`` (uint64 x 3: effective, permitted, inheritable; one bit each); 0 or -errno."""
        cdef Py_buffer view
        cdef uint64_t[3] given
        self.enter()
        get_buffer(sets, &view, "sets")
        n = view.len
        if n >= 24:
            memcpy(given, view.buf, 24)
        release(&view)
        if n < 24:
            raise ValueError("sets must hold three 64-bit integers")
        self.begin(NR_capset, 0, 0, 0)
        return self.complete_raw(do_capset(self.k, self.t, given))

    def prctl(self, option, arg2=0, arg3=0, arg4=0, arg5=0):
        """What is asked for or changed depends on ``option``: PR_SET_KEEPCAPS, PR_GET_KEEPCAPS, PR_CAPBSET_READ,
        PR_CAPBSET_DROP, PR_SET_SECUREBITS, PR_GET_SECUREBITS, PR_CAP_AMBIENT, PR_SET_CHILD_SUBREAPER,
        PR_GET_CHILD_SUBREAPER; an int.

        Source: prctl(2). Errors: EINVAL, EPERM, ENOMEM.
        """
        return self.complete(self.process_control(option, arg2, arg3, arg4, arg5))

    def sys_prctl(self, option, arg2=0, arg3=0, arg4=0, arg5=0):
        """As `prctl`; the int or -errno."""
        return self.complete_raw(self.process_control(option, arg2, arg3, arg4, arg5))

    cdef int64_t process_control(self, object option, object arg2, object arg3, object arg4, object arg5) except? -1:
        cdef int64_t o = as_int(option, "option"), a = as_int(arg2, "arg2"), b = as_int(arg3, "arg3")
        cdef int64_t c = as_int(arg4, "arg4"), d = as_int(arg5, "arg5")
        self.begin(NR_prctl, o, a, b)
        return do_prctl(self.k, self.t, o, a, b, c, d)

    # -------------------------------------------------------------------------------------- sharing
    def unshare(self, flags):
        """Stop sharing what ``flags`` say with other tasks: CLONE_FILES, CLONE_FS, CLONE_SYSVSEM, CLONE_NEWIPC,
        CLONE_NEWPID (of the children to come), CLONE_NEWUSER.

        Source: unshare(2), pid_namespaces(7), user_namespaces(7). CLONE_THREAD, CLONE_SIGHAND and CLONE_VM pass if
        nobody shares that. Errors: EINVAL, also for other namespaces, EPERM, ENOSPC, ENOMEM.
        """
        cdef int64_t f = as_int(flags, "flags")
        self.begin(NR_unshare, f, 0, 0)
        self.complete(do_unshare(self.k, self.t, <uint64_t>f))

    def sys_unshare(self, flags):
        """As `unshare`; 0 or -errno."""
        cdef int64_t f = as_int(flags, "flags")
        self.begin(NR_unshare, f, 0, 0)
        return self.complete_raw(do_unshare(self.k, self.t, <uint64_t>f))

    # -------------------------------------------------------------------------------------- waiting
    def waitid(self, idtype, id, options):
        """Wait for a child to change; a `SigInfo`, or None if WNOHANG found none.

        Source: waitid(2), kernel/exit.c. ``idtype``: P_ALL, P_PID, P_PGID (``id`` 0: the caller's group). ``options``:
        at least one of WEXITED, WSTOPPED, WCONTINUED; with WNOWAIT the child may be waited for again. Errors: EINVAL,
        EBADF, ECHILD, EINTR.
        """
        cdef int64_t ret = self.begin_waitid(idtype, id, options)
        self.t.call.res = RES_SIGINFO
        if ret == -ESLEEP:
            return self.sleep(None)
        self.complete(ret)
        return siginfo_of_wait(self.t)

    def sys_waitid(self, idtype, id, info, options):
        """As `waitid`, what was found stored in ``info`` (128 bytes, or None); 0 or -errno."""
        cdef Py_buffer view
        cdef int64_t ret
        cdef siginfo_t *to = NULL
        held = None
        self.enter()
        if info is not None:
            if get_room(info, &view, "info"):
                return raw_call(self, NR_waitid, False, <uint64_t>as_int(idtype, "idtype"),
                                <uint64_t>as_pid(self, id, "id"), user_addr(info, 128, "info"),
                                <uint64_t>as_int(options, "options"))
            to = <siginfo_t *>view.buf
            n = view.len
            held = memoryview(info)
            release(&view)
            if n < <Py_ssize_t>sizeof(siginfo_t):
                raise ValueError("info must have room for one row of SIGINFO")
        ret = self.begin_waitid(idtype, id, options)
        self.t.call.res = RES_SIGINFO | RES_RAW
        if ret == -ESLEEP:
            self.k.host[self.row].base = <char *>to
            return self.sleep(held)
        if to != NULL:
            waitid_info(self.t, to)
        return self.complete_raw(ret)

    cdef int64_t begin_waitid(self, object idtype, object id, object options) except? -1:
        cdef int64_t which = as_int(idtype, "idtype"), number = as_pid(self, id, "id"), o = as_int(options, "options")
        self.begin(NR_waitid, which, number, o)
        return do_waitid(self.k, self.t)


# ------------------------------------------------------------------------------------------ names of capabilities
cdef tuple CAP_SETS = ("effective", "permitted", "inheritable")
cdef dict cap_numbers = {}
cdef dict cap_names = {}  # by mask


cdef dict known_caps():
    # By name, in the order of their numbers.
    if not cap_numbers:
        from fastipc._core import abi

        cap_numbers.update(sorted([(name, getattr(abi, name)) for name in dir(abi) if name.startswith("CAP_")],
                                  key=lambda item: item[1]))
    return cap_numbers


cdef object names_of_caps(uint64_t mask):
    names = cap_names.get(mask)
    if names is None:
        names = cap_names[mask] = frozenset([name for name, cap in known_caps().items() if mask >> <int>cap & 1])
    return names


cdef uint64_t mask_of_caps(object names) except? 0xffffffffffffffff:
    cdef uint64_t mask = 0
    if isinstance(names, str):
        raise TypeError("capabilities must be a set of names, not a string")
    for name in names:
        if not isinstance(name, str):
            raise TypeError(f"capabilities must be names, not {type(name).__name__}")
        if name not in known_caps():
            raise ValueError(f"no capability {name!r}")
        mask |= <uint64_t>1 << <int>known_caps()[name]
    return mask
