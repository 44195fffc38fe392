# poll and select; the class Task.


cdef class Task(RawCalls):
    cdef bint alloc_pollfds(self, uint32_t n) noexcept
    cdef int64_t no_rows(self, int nr) noexcept
    cdef int fill(self, object fds) except -1
    cdef int64_t fill_pair(self, object item, int64_t *events) except? -1
    cdef object poll_done(self, int64_t ret, object held)
    cdef int begin_select(self, tuple sets) except -1
    cdef object select_lists(self, tuple held)
    cdef object select_sets(self, int64_t ret, tuple held)
