# A call that was started and not waited for.


cdef class Call:
    cdef readonly TaskCore task
    cdef readonly str name
    cdef object value
    cdef object error
    cdef bint over
    cdef bint cancelled
