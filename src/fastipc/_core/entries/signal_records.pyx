"""Immutable records of signals with the names of C's fields, and `SigInfo` to and from the machine's own."""

cimport cython


@cython.final
@cython.freelist(16)
cdef class SigAction:
    """An action: what `Task.sigaction` gives back. Source: struct sigaction."""

    def __init__(self, *, sa_handler=SIG_DFL, sa_mask=frozenset(), sa_flags=0):
        self.sa_handler = sa_handler
        self.sa_mask = frozenset(sa_mask)
        self.sa_flags = as_int(sa_flags, "sa_flags")

    def _asdict(self):
        """All fields by name."""
        return {"sa_handler": self.sa_handler, "sa_mask": self.sa_mask, "sa_flags": self.sa_flags}

    def __iter__(self):
        return iter((self.sa_handler, self.sa_mask, self.sa_flags))

    def __eq__(self, other):
        return isinstance(other, SigAction) and tuple(self) == tuple(other)

    def __hash__(self):
        return hash(tuple(self))

    def __repr__(self):
        mask = set(self.sa_mask) or "{}"
        return f"SigAction(sa_handler={self.sa_handler!r}, sa_mask={mask}, sa_flags={self.sa_flags:#x})"

    def __reduce__(self):
        return make_sigaction, tuple(self)


def make_sigaction(handler, mask, flags):
    """A `SigAction` from its fields in order; for pickle."""
    return SigAction(sa_handler=handler, sa_mask=mask, sa_flags=flags)


@cython.final
cdef class StackT:
    """An alternate stack for handlers. Source: stack_t."""

    def __init__(self, *, ss_sp=0, ss_flags=0, ss_size=0):
        self.ss_sp = <uint64_t>as_int(ss_sp, "ss_sp")
        self.ss_flags = as_int(ss_flags, "ss_flags")
        self.ss_size = <uint64_t>as_int(ss_size, "ss_size")

    def _asdict(self):
        """All fields by name."""
        return {"ss_sp": self.ss_sp, "ss_flags": self.ss_flags, "ss_size": self.ss_size}

    def __iter__(self):
        return iter((self.ss_sp, self.ss_flags, self.ss_size))

    def __eq__(self, other):
        return isinstance(other, StackT) and tuple(self) == tuple(other)

    def __hash__(self):
        return hash(tuple(self))

    def __repr__(self):
        return f"StackT(ss_sp={self.ss_sp:#x}, ss_flags={self.ss_flags}, ss_size={self.ss_size})"

    def __reduce__(self):
        return make_stack, tuple(self)


def make_stack(sp, flags, size):
    """A `StackT` from its fields in order; for pickle."""
    return StackT(ss_sp=sp, ss_flags=flags, ss_size=size)


cdef SigInfo siginfo_of(const kernel_siginfo_t *info):
    # What applies to the signal and its code, as in info_to_host; all else is 0, as in every new object.
    cdef SigInfo made = SigInfo.__new__(SigInfo)
    cdef int layout = siginfo_layout(info.si_signo, info.si_code)
    made.si_signo = info.si_signo
    made.si_errno = info.si_errno
    made.si_code = info.si_code
    if layout == SIL_FAULT:
        made.si_addr = info.fields[0]
    elif layout == SIL_POLL:
        made.si_band = <int64_t>info.fields[0]
        made.si_fd = <int32_t>info.fields[1]
    elif layout == SIL_TIMER:
        made.si_timerid = <int32_t>info.fields[0]
        made.si_overrun = <int32_t>(info.fields[0] >> 32)
        made.si_value = <int64_t>info.fields[1]
    else:
        made.si_pid = info_pid(info)
        made.si_uid = info_uid(info)
        if layout == SIL_RT:
            made.si_value = <int64_t>info.fields[1]
        elif layout == SIL_CHLD:
            made.si_status = <int32_t>info.fields[1]
    return made


cdef int siginfo_into(SigInfo info, int sig, kernel_siginfo_t *to) except -1:
    cdef siginfo_t row
    memset(&row, 0, sizeof(row))
    row.signo = <int32_t>info.si_signo
    row.error = <int32_t>info.si_errno
    row.code = <int32_t>info.si_code
    row.pid = <int32_t>info.si_pid
    row.uid = <uint32_t>info.si_uid
    row.value = info.si_value
    row.status = <int32_t>info.si_status
    row.addr = info.si_addr
    row.band = info.si_band
    row.fd = <int32_t>info.si_fd
    row.timerid = <int32_t>info.si_timerid
    row.overrun = <int32_t>info.si_overrun
    info_from_host(&row, sig, to)
    return 0
