# An address in a task's memory in place of a buffer of the host.


cdef class UserBuffer:
    cdef readonly uint64_t addr
    cdef readonly uint64_t length


cdef inline bint is_user(object value) noexcept:
    return type(value) is UserBuffer


cdef uint64_t user_addr(object value, uint64_t size, str name) except? 0
