# Sets of signals between Python and the machine.


cdef class SigSet:
    cdef readonly uint64_t mask
    cdef object __weakref__


cdef object set_of_mask(uint64_t mask)  # a frozenset
cdef uint64_t as_sigset(object value, str name, bint *bad) except? 1  # `bad`: a number that is no signal
