# Arguments from Python: integers and buffers, with errors that name the argument.

from cpython.buffer cimport PyBuffer_Release, PyObject_GetBuffer
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_CheckExact, PyBytes_GET_SIZE

cdef extern from *:
    """
    #define fastipc_disown(view) ((view)->obj = NULL)
    #define fastipc_owned(view) ((view)->obj != NULL)
    """
    void disown "fastipc_disown"(Py_buffer *view)
    bint owned "fastipc_owned"(Py_buffer *view)

cdef extern from *:
    """
    /* The value of an exact int of at most one digit; anything else takes the long way. */
    static inline int fastipc_small_value(PyObject *o, long long *n)
    {
        if (!PyLong_CheckExact(o))
            return 0;
    #if PY_VERSION_HEX >= 0x030C0000
        if (!PyUnstable_Long_IsCompact((PyLongObject *)o))
            return 0;
        *n = PyUnstable_Long_CompactValue((PyLongObject *)o);
    #else
        switch (Py_SIZE(o)) {
        case 0: *n = 0; break;
        case 1: *n = ((PyLongObject *)o)->ob_digit[0]; break;
        case -1: *n = -(long long)((PyLongObject *)o)->ob_digit[0]; break;
        default: return 0;
        }
    #endif
        return 1;
    }
    """
    bint one_digit "fastipc_small_value"(object o, long long *n)

cdef extern from "Python.h":
    bint PyLong_CheckExact(object o)
    long long PyLong_AsLongLongAndOverflow(object o, int *overflow) except? -1


cdef int64_t convert_int(object value, str name) except? -1
cdef int buffer_error(object value, str name, bint writable) except -1
cdef object convert_seconds(object seconds, str name)


cdef inline int64_t as_int(object value, str name) except? -1:
    # Any integer of at most 64 bits, as the register that it would be passed in.
    cdef long long n
    cdef int overflow = 0
    if one_digit(value, &n):
        return n
    if PyLong_CheckExact(value):  # an address has two digits
        n = PyLong_AsLongLongAndOverflow(value, &overflow)
        if likely(overflow == 0):
            return n
    return convert_int(value, name)


cdef inline int32_t as_number(object value, str name) except? -2:
    # An id or a command, which no negative number is but -1, nor one that is no C int.
    cdef int64_t n = as_int(value, name)
    return <int32_t>n if -1 <= n <= 0x7fffffff else -1


cdef inline int64_t seconds_to_ns(object seconds, str name) except? -1:
    cdef long long n
    if one_digit(seconds, &n):
        return n * 1000000000
    return convert_seconds(seconds, name)


cdef inline int32_t as_fd(object value) except? -2:
    # A number that is no C int is no descriptor either.
    cdef long long n
    if not one_digit(value, &n):
        n = convert_int(value, "fd")
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


cdef inline int get_data(object value, Py_buffer *view, str name) except -1:
    # As get_buffer, or 1 for an address in the task's memory.
    if PyBytes_CheckExact(value):
        return get_buffer(value, view, name)
    return 1 if is_user(value) else get_buffer(value, view, name)


cdef inline int get_room(object value, Py_buffer *view, str name) except -1:
    # As get_writable, or 1 for an address in the task's memory.
    return 1 if is_user(value) else get_writable(value, view, name)


cdef bint try_buffer(object value, Py_buffer *view, int flags)


cdef inline void release(Py_buffer *view) noexcept:
    if owned(view):
        PyBuffer_Release(view)
