# Memory of a task from Python.

cdef class MemoryCalls(IdCalls):
    cdef int64_t mm_call(self, int nr, object a, object b, object c, object d, object e) except? -1
    cdef int64_t mmap_(self, object length, object prot, object flags, object fd, object offset, object addr) except? -1
    cdef int64_t memfd_(self, object name, object flags) except? -1
    cdef int64_t load_(self, uint64_t addr, void *to, int64_t n) except -1
    cdef int64_t store_(self, object addr, object data) except -1
    cdef int failed(self, uint64_t addr, int fault) except -1


cdef class Frames:
    cdef Arena arena
    cdef uint32_t first
    cdef uint32_t pages
    cdef char *base
    cdef Py_ssize_t length
