"""System calls on process groups, sessions, and ids of users and groups."""


cdef class IdCalls(ProcessCalls):
    cdef int begin(self, int nr, int64_t a, int64_t b, int64_t c) except -1:
        # A call of at most three registers.
        self.enter()
        call_begin(self.t, nr)
        self.t.call.args[0] = a
        self.t.call.args[1] = b
        self.t.call.args[2] = c
        return 0

    # -------------------------------------------------------------------------------------- groups and sessions
    def getpgid(self, pid=0):
        """Number of the process group of a process, 0 = this one.

        Source: getpgid(2). Errors: ESRCH.
        """
        cdef int64_t p = as_int(pid, "pid")
        self.begin(NR_getpgid, p, 0, 0)
        return self.complete(do_getpgid(self.k, self.t, p))

    def sys_getpgid(self, pid=0):
        """As `getpgid`; the number or -errno."""
        cdef int64_t p = as_int(pid, "pid")
        self.begin(NR_getpgid, p, 0, 0)
        return self.complete_raw(do_getpgid(self.k, self.t, p))

    def setpgid(self, pid, pgid):
        """Move a process, 0 = this one, to a process group, 0 = one of its own number.

        Source: setpgid(2). The process is the caller's or a child that has not called execve; the group is new or one
        of the same session. Errors: EINVAL, ESRCH, EPERM, EACCES.
        """
        cdef int64_t p = as_int(pid, "pid"), g = as_int(pgid, "pgid")
        self.begin(NR_setpgid, p, g, 0)
        self.complete(do_setpgid(self.k, self.t, p, g))

    def sys_setpgid(self, pid, pgid):
        """As `setpgid`; 0 or -errno."""
        cdef int64_t p = as_int(pid, "pid"), g = as_int(pgid, "pgid")
        self.begin(NR_setpgid, p, g, 0)
        return self.complete_raw(do_setpgid(self.k, self.t, p, g))

    def getsid(self, pid=0):
        """Number of the session of a process, 0 = this one.

        Source: getsid(2). Errors: ESRCH.
        """
        cdef int64_t p = as_int(pid, "pid")
        self.begin(NR_getsid, p, 0, 0)
        return self.complete(do_getsid(self.k, self.t, p))

    def sys_getsid(self, pid=0):
        """As `getsid`; the number or -errno."""
        cdef int64_t p = as_int(pid, "pid")
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
