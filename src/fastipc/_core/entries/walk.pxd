# How an address is resolved, as a record.

cdef class Walk:
    cdef tuple values
