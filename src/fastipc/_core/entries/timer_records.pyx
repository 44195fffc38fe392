"""The record of a timer's setting: an immutable object with the names of C's fields."""

cimport cython


@cython.final
@cython.freelist(16)
cdef class ItimerVal:
    """What a timer is set to: seconds until it goes off, 0 if it does not, and between that and the next time.

    Source: struct itimerval, struct itimerspec, include/uapi/linux/time.h. Fields are given as keywords.
    """

    def __init__(self, *, it_value=0, it_interval=0):
        self.it_value = it_value
        self.it_interval = it_interval

    def _asdict(self):
        """All fields by name."""
        return {"it_value": self.it_value, "it_interval": self.it_interval}

    def __iter__(self):
        return iter((self.it_value, self.it_interval))

    def __eq__(self, other):
        return isinstance(other, ItimerVal) and tuple(self) == tuple(other)

    def __hash__(self):
        return hash(tuple(self))

    def __repr__(self):
        return f"ItimerVal(it_value={self.it_value!r}, it_interval={self.it_interval!r})"

    def __reduce__(self):
        return make_itimerval, tuple(self)


def make_itimerval(value, interval):
    """An `ItimerVal` from its fields in order; for pickle."""
    return ItimerVal(it_value=value, it_interval=interval)


cdef ItimerVal itimerval_of(const itimer_ns_t *setting):
    cdef ItimerVal made = ItimerVal.__new__(ItimerVal)
    made.it_value = setting.value / 1e9
    made.it_interval = setting.interval / 1e9
    return made
