# Programs of machine code, as the machine starts them.

from fastipc._core.layout cimport stacks_t, start_t


cdef class NativeProgram:
    cdef object __weakref__


cdef class Start:
    cdef start_t *start
    cdef readonly NativeProgram program
    cdef readonly tuple args  # kept alive as long as the task may use them
    cdef readonly Py_ssize_t size


cdef object error_of(stacks_t *s)
cdef object begin_compiled(object program, tuple args)
