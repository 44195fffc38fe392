"""`SigSet`, a set of signals prepared once, and the frozensets that calls give back."""

cimport cython

cdef dict sets_by_mask = {}
cdef uint64_t last_mask = 0
cdef object last_set = frozenset()  # that of `last_mask`


cdef enum:
    SETS_KEPT = 4096


cdef object make_set(uint64_t mask):
    cdef int sig
    cdef object made = frozenset([sig for sig in range(1, NSIG_LAST + 1) if sigismember(mask, sig)])
    if len(sets_by_mask) >= SETS_KEPT:
        sets_by_mask.clear()
    sets_by_mask[mask] = made
    return made


cdef object set_of_mask(uint64_t mask):
    # Made once for each mask; mostly it is the one that was asked for last.
    global last_mask, last_set
    if mask != last_mask:
        made = sets_by_mask.get(mask)
        last_set = make_set(mask) if made is None else made
        last_mask = mask
    return last_set


cdef uint64_t as_sigset(object value, str name, bint *bad) except? 1:
    cdef uint64_t mask = 0
    cdef int64_t sig
    bad[0] = False
    if type(value) is SigSet:
        return (<SigSet>value).mask
    if type(value) is tuple and len(<tuple>value) == 0:  # what sigaction has without a mask
        return 0
    if type(value) is not tuple and hasattr(value, "__index__") and not isinstance(value, TaskCore):
        return <uint64_t>as_int(value, name)
    try:
        numbers = iter(value)
    except TypeError:
        raise TypeError(f"{name} must be a SigSet or signal numbers, not {type(value).__name__}") from None
    for one in numbers:
        sig = as_int(one, name)
        if 1 <= sig <= NSIG_LAST:
            mask |= sigmask(sig)
        else:
            bad[0] = True
    return mask


@cython.final
cdef class SigSet:
    """A set of signals, prepared: calls take it as it is. Source: sigset_t.

    Parameters
    ----------
    signals : iterable of int, or int
        Signal numbers, or the 64 bits of a mask: signal n is bit n - 1.

    Attributes
    ----------
    mask : int
        The bits.
    """

    def __init__(self, signals=()):
        cdef bint bad
        self.mask = as_sigset(signals, "signals", &bad)
        if bad:
            raise OSError(EINVAL, os.strerror(EINVAL))

    def __iter__(self):
        return iter(sorted(set_of_mask(self.mask)))

    def __len__(self):
        return len(set_of_mask(self.mask))

    def __contains__(self, sig):
        return sig in set_of_mask(self.mask)

    def __int__(self):
        return self.mask

    def __eq__(self, other):
        if isinstance(other, SigSet):
            return self.mask == (<SigSet>other).mask
        return set_of_mask(self.mask) == other if isinstance(other, (set, frozenset)) else NotImplemented

    def __hash__(self):
        return hash(set_of_mask(self.mask))

    def __or__(self, other):
        return combined(self.mask | mask_of(other))

    def __and__(self, other):
        return combined(self.mask & mask_of(other))

    def __sub__(self, other):
        return combined(self.mask & ~mask_of(other))

    def __repr__(self):
        return f"SigSet({list(self)})"

    def __reduce__(self):
        return SigSet, (self.mask,)


cdef uint64_t mask_of(object other) except? 1:
    cdef bint bad
    return as_sigset(other, "other", &bad)


cdef SigSet combined(uint64_t mask):
    cdef SigSet made = SigSet.__new__(SigSet)
    made.mask = mask
    return made
