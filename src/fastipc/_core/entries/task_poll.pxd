# poll, select and their like; the class Task.


cdef class Task(RawCalls):
    cdef bint alloc_pollfds(self, uint32_t n) noexcept
    cdef int64_t no_rows(self, int nr) noexcept
    cdef uint32_t user_rows(self, UserBuffer fds) noexcept
    cdef int begin_poll(self, int nr, object fds) except -1
    cdef object begin_sys_poll(self, int nr, object fds)
    cdef bint fill(self, int nr, object fds) except -1
    cdef int fill_ints(self, int nr, list fds) except -1
    cdef object poll_done(self, int64_t ret, object held)
    cdef object select_lists_call(self, int nr, object r, object w, object x, object timeout, object sigmask)
    cdef object select_sets_call(self, int nr, object nfds, object r, object w, object x, object timeout,
                                 object sigmask)
    cdef int begin_select(self, int nr, tuple sets) except -1
    cdef object select_lists(self, tuple held)
    cdef object select_sets(self, int64_t ret, tuple held)
