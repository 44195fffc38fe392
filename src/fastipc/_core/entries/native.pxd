# Programs of machine code, as the machine starts them.


cdef class NativeProgram:
    cdef object __weakref__

    cdef bytes handler  # how it is run as a handler, see linux/signal_handler.pxd

    cdef object result_at(self, start_t *start)


cdef class Start:
    cdef start_t *start
    cdef readonly NativeProgram program
    cdef tuple keep  # what the arguments refer to


cdef class Batch:
    cdef readonly NativeProgram program
    cdef bytes name
    cdef tuple keep
    cdef char *block
    cdef size_t stride
    cdef uint32_t n

    cdef start_t *at(self, uint32_t i) noexcept
    cdef bint has(self, start_t *start) noexcept
    cdef Start start_of(self, start_t *start)
    cdef bint over(self) noexcept


cdef object error_of(stacks_t *s)
cdef void *native_handler(NativeProgram program) except? NULL
cdef object begin_compiled(object program, tuple args)
