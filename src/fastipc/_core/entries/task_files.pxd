# System calls on descriptors.


cdef class FileCalls(TaskCore):
    cdef object read_done(self, int64_t ret, int64_t done)
    cdef object read_bytes(self, object fd, object n)
    cdef object transfer_one(self, int nr, object fd, object buf, bint raw)
    cdef object write_slow(self, object data, Py_buffer *view, int64_t ret, bint raw)
    cdef object transfer(self, int nr, object fd, object buffers, bint write, bint raw)
    cdef int64_t available_at(self, file_t *file, int64_t n, int64_t offset)
    cdef object write_at(self, object fd, object data, object off, bint raw)
    cdef int64_t at_offset(self, int nr, int32_t fd, void *buf, int64_t n, int64_t offset)
    cdef int64_t seek(self, object fd, object off, object whence) except? -1
    cdef int64_t dup_to(self, int nr, object old_fd, object new_fd, int64_t flags) except? -1
    cdef int64_t do_control(self, int nr, object fd, int64_t cmd, int64_t arg) except? -1
