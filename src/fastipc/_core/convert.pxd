# Arguments from Python: integers and buffers, with errors that name the argument.

from cpython.buffer cimport PyBuffer_Release, PyObject_GetBuffer
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_CheckExact, PyBytes_GET_SIZE
from libc.stdint cimport int32_t, int64_t

cdef extern from *:
    """
    #define fastipc_disown(view) ((view)->obj = NULL)
    #define fastipc_owned(view) ((view)->obj != NULL)
    """
    void disown "fastipc_disown"(Py_buffer *view)
    bint owned "fastipc_owned"(Py_buffer *view)

cdef extern from *:
    """
    /* An exact int that surely fits in 60 bits: two digits of 30. */
    #if PY_VERSION_HEX >= 0x030C0000
    #define fastipc_short_int(o) (((PyLongObject *)(o))->long_value.lv_tag < (3 << 3))
    #else
    #define fastipc_short_int(o) (Py_ABS(Py_SIZE(o)) <= 2)
    #endif
    """
    bint short_int "fastipc_short_int"(object o)

cdef extern from "Python.h":
    bint PyLong_CheckExact(object o)


cdef int64_t convert_int(object value, str name) except? -1
cdef int buffer_error(object value, str name, bint writable) except -1
cdef object seconds_to_ns(object seconds, str name)


cdef inline int64_t as_int(object value, str name) except? -1:
    # Any integer of at most 64 bits, as the register that it would be passed in.
    if PyLong_CheckExact(value) and short_int(value):
        return <int64_t>value
    return convert_int(value, name)


cdef inline int32_t as_fd(object value) except? -2:
    # A number that is no C int is no descriptor either.
    cdef int64_t n = as_int(value, "fd")
    return <int32_t>n if -1 <= n <= 0x7fffffff else -1


cdef inline int get_buffer(object value, Py_buffer *view, str name) except -1:
    if PyBytes_CheckExact(value):
        view.buf = PyBytes_AS_STRING(value)
        view.len = PyBytes_GET_SIZE(value)
        disown(view)  # the caller's reference is enough
        return 0
    return buffer_error(value, name, False) if not try_buffer(value, view, 0) else 0


cdef inline int get_writable(object value, Py_buffer *view, str name) except -1:
    return buffer_error(value, name, True) if not try_buffer(value, view, 1) else 0


cdef bint try_buffer(object value, Py_buffer *view, int flags)


cdef inline void release(Py_buffer *view):
    if owned(view):
        PyBuffer_Release(view)
