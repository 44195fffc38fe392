"""Compiled programs as state machines, and the entries of system calls for compiled code.

A step function has the C prototype ``int64_t step(kernel *, task *, void *state, int64_t ret)``. It is called when the
task gets its turn, `ret` being the result of the call that slept (0 the first time), and makes calls by the addresses
in `SYMBOLS`. When a call answers -ESLEEP it must return that at once; it is entered again when the call is over. Any
result >= 0 is the exit status. No Python object is touched on the way.
"""

from libc.stdint cimport int32_t, int64_t, uintptr_t

from fastipc._core.abi cimport *
from fastipc._core.mechanism cimport *
from fastipc._core.layout cimport *

ESLEEP_ = ESLEEP


cdef class NativeProgram:
    """A step function and its state, to be given to ``Kernel.spawn``.

    Parameters
    ----------
    step : int
        Address of the function.
    state : int
        Address passed to it each time.
    keep : object
        Kept alive as long as the program.
    """

    def __cinit__(self, step, state=0, keep=None):
        self.step = <step_t><uintptr_t>step
        self.state = <void *><uintptr_t>state
        self.keep = keep


cdef int64_t native_read(kernel_t *k, task_t *t, int64_t fd, char *buf, int64_t n) noexcept nogil:
    cdef int64_t ret
    call_begin(t, NR_read)
    t.call.args[0] = fd
    t.call.args[2] = n
    iov_iter_host(k, t, buf, n)
    ret = do_read(k, t, <int32_t>fd)
    return ret if ret == -ESLEEP else call_done(k, t, ret)


cdef int64_t native_write(kernel_t *k, task_t *t, int64_t fd, char *buf, int64_t n) noexcept nogil:
    cdef int64_t ret
    call_begin(t, NR_write)
    t.call.args[0] = fd
    t.call.args[2] = n
    iov_iter_host(k, t, buf, n)
    ret = do_write(k, t, <int32_t>fd)
    return ret if ret == -ESLEEP else call_done(k, t, ret)


cdef int64_t native_close(kernel_t *k, task_t *t, int64_t fd) noexcept nogil:
    call_begin(t, NR_close)
    t.call.args[0] = fd
    return call_done(k, t, do_close(k, t, <int32_t>fd))


SYMBOLS = {
    "read": <uintptr_t><void *>native_read,
    "write": <uintptr_t><void *>native_write,
    "close": <uintptr_t><void *>native_close,
}
