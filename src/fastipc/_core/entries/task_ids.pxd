# System calls on process groups, sessions, and ids of users and groups.


cdef class IdCalls(ProcessCalls):
    cdef int begin(self, int nr, int64_t a, int64_t b, int64_t c) except -1
