# The memory of one machine, kept as long as anything refers to it: the machine, its tasks, views of its tables.


cdef class Arena:
    cdef kernel_t *k
    cdef void *machine  # the Machine while it exists; not counted, so that no task keeps it alive
    cdef int views
    cdef bint closed

    cdef int close(self)


cdef class TableView:
    cdef Arena arena
    cdef int which
    cdef Py_ssize_t length
