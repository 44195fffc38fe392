"""The record of a signal: an immutable object with the names of C's fields."""

cimport cython

cdef tuple SIGINFO_FIELDS = ("si_signo", "si_errno", "si_code", "si_pid", "si_uid", "si_value", "si_status", "si_addr",
                             "si_band", "si_fd", "si_timerid", "si_overrun")


@cython.final
@cython.freelist(64)
cdef class SigInfo:
    """What is known of a signal, or of a child that `Task.waitid` has found.

    Source: siginfo_t, include/uapi/asm-generic/siginfo.h. Fields are given as keywords; one that does not apply is 0.
    """

    def __init__(self, *, si_signo=0, si_errno=0, si_code=0, si_pid=0, si_uid=0, si_value=0, si_status=0, si_addr=0,
                 si_band=0, si_fd=0, si_timerid=0, si_overrun=0):
        self.si_signo = as_int(si_signo, "si_signo")
        self.si_errno = as_int(si_errno, "si_errno")
        self.si_code = as_int(si_code, "si_code")
        self.si_pid = as_int(si_pid, "si_pid")
        self.si_uid = as_int(si_uid, "si_uid")
        self.si_value = as_int(si_value, "si_value")
        self.si_status = as_int(si_status, "si_status")
        self.si_addr = <uint64_t>as_int(si_addr, "si_addr")
        self.si_band = as_int(si_band, "si_band")
        self.si_fd = as_int(si_fd, "si_fd")
        self.si_timerid = as_int(si_timerid, "si_timerid")
        self.si_overrun = as_int(si_overrun, "si_overrun")

    cdef tuple fields(self):
        return (self.si_signo, self.si_errno, self.si_code, self.si_pid, self.si_uid, self.si_value, self.si_status,
                self.si_addr, self.si_band, self.si_fd, self.si_timerid, self.si_overrun)

    def _asdict(self):
        """All fields by name."""
        return dict(zip(SIGINFO_FIELDS, self.fields()))

    def __iter__(self):
        return iter(self.fields())

    def __eq__(self, other):
        return isinstance(other, SigInfo) and self.fields() == (<SigInfo>other).fields()

    def __hash__(self):
        return hash(self.fields())

    def __repr__(self):
        return f"SigInfo({', '.join([f'{name}={value}' for name, value in self._asdict().items()])})"

    def __reduce__(self):
        return make_siginfo, (self.fields(),)


def make_siginfo(fields):
    """A `SigInfo` from the values of its fields in order; for pickle."""
    return SigInfo(**dict(zip(SIGINFO_FIELDS, fields)))


cdef SigInfo siginfo_of_wait(task_t *t):
    # What a waitid that is over has found, or None.
    cdef siginfo_t found
    cdef SigInfo info
    if t.call.out1 == 0:
        return None
    waitid_info(t, &found)
    info = SigInfo.__new__(SigInfo)
    info.si_signo = found.signo
    info.si_code = found.code
    info.si_pid = found.pid
    info.si_uid = found.uid
    info.si_status = found.status
    return info
