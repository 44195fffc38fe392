"""The rarer conversions, and the errors for what cannot be an argument."""

from cpython.buffer cimport PyObject_GetBuffer


cdef extern from "math.h":
    long long llrint(double x) nogil


cdef int64_t convert_int(object value, str name) except? -1:
    # Anything with __index__: NumPy integers, booleans, enums. A task is its pid, and most that is no int is one.
    if isinstance(value, TaskCore):
        return (<TaskCore>value).t.pid
    if isinstance(value, (float, str, bytes)) or not hasattr(value, "__index__"):
        raise TypeError(f"{name} must be an integer, not {type(value).__name__}")
    value = value.__index__()
    if not -(1 << 63) <= value < 1 << 64:
        raise ValueError(f"{name} must fit in 64 bits")
    return <int64_t>(<uint64_t>(value & 0xffffffffffffffff))


cdef int64_t pid_of_task(TaskCore caller, TaskCore task):
    # As the caller sees it: whom it does not see has a number that nobody has.
    cdef int32_t nr = task.t.pid
    if likely(caller.k.namespaces == 0) or caller.frozen or task.k != caller.k:
        return nr
    nr = 0 if task.frozen and task_active_pid_ns(caller.k, caller.t) else pid_vnr(caller.k, caller.t, nr)
    return nr if nr else NO_PID


cdef bint try_buffer(object value, Py_buffer *view, int flags):
    # False if it has no such buffer.
    try:
        PyObject_GetBuffer(value, view, flags)
    except (TypeError, BufferError, ValueError):
        return False
    return True


cdef int buffer_error(object value, str name, bint writable) except -1:
    try:
        view = memoryview(value)
    except TypeError:
        raise TypeError(f"{name} must be a bytes-like object, not {type(value).__name__}") from None
    if writable and view.readonly:
        raise TypeError(f"{name} must be writable, and this {type(value).__name__} is read-only")
    if not view.c_contiguous:
        raise ValueError(f"{name} must be contiguous")
    raise TypeError(f"{name} is no usable buffer")


cdef object convert_seconds(object seconds, str name):
    # Exact for integers, to the nearest nanosecond for floats.
    cdef double d
    if type(seconds) is float:
        d = seconds
        if -1e6 < d < 1e6:
            return llrint(d * 1e9)
    if isinstance(seconds, float):
        if seconds != seconds or seconds in (float("inf"), float("-inf")):
            raise ValueError(f"{name} must be finite")
        ns = round(seconds * 1e9) if abs(seconds) < 1e6 else int(seconds) * 1000000000 + round(seconds % 1 * 1e9)
    elif isinstance(seconds, (str, bytes)) or not hasattr(seconds, "__index__"):
        if hasattr(seconds, "__float__") and not isinstance(seconds, (str, bytes)):
            return convert_seconds(float(seconds), name)
        raise TypeError(f"{name} must be a number of seconds, not {type(seconds).__name__}")
    else:
        ns = seconds.__index__() * 1000000000
    return max(min(ns, (1 << 63) - 1), -(1 << 63))
