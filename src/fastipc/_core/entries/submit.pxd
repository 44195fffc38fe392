# A call that was started and not waited for.


cdef class Call:
    cdef readonly TaskCore task
    cdef readonly str name
    cdef object value
    cdef object error
    cdef tuple args  # of a call that is to start when its task is continued
    cdef bint over
    cdef bint cancelled

    cdef int start(self) except -1
