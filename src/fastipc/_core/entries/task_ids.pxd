# System calls on process groups, sessions, ids of users and groups, and capabilities.


cdef class IdCalls(ProcessCalls):
    cdef int64_t process_control(self, object option, object arg2, object arg3, object arg4, object arg5) except? -1
    cdef int64_t begin_waitid(self, object idtype, object id, object options) except? -1
