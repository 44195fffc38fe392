"""Programs of machine code: what a task of one begins with, and the addresses of the system calls for it.

An entry has the C prototype ``int64_t entry(kernel *, task *, char *args, void **error)``: an ordinary function that
makes blocking calls by the addresses in `SYMBOLS`. It runs on a stack of its own. 0 ends the process as returning from
main does; anything else is an error, which `NativeProgram.error` makes an exception of.
"""

from libc.stdint cimport uintptr_t
from libc.stdlib cimport malloc
from libc.string cimport memcpy, memset

from fastipc._core.convert cimport get_buffer, release
from fastipc._core.layout cimport *
from fastipc._core.mechanism cimport *


cdef class Start:
    """An entry and the bytes of its arguments, at a place that does not move.

    Parameters
    ----------
    program : NativeProgram
        Asked for the error or the result when the task ends.
    entry : int
        Address of the function.
    record : bytes-like
        Copied; `args` of the function points at the copy.
    args : tuple
        Kept alive.
    """

    def __cinit__(self, NativeProgram program, uintptr_t entry, record, tuple args):
        cdef Py_buffer view
        get_buffer(record, &view, "record")
        self.size = view.len
        self.start = <start_t *>malloc(sizeof(start_t) + <size_t>self.size)
        if self.start != NULL:
            memset(self.start, 0, sizeof(start_t))
            memcpy(self.start + 1, view.buf, <size_t>self.size)
            self.start.entry = <entry_t>entry
            self.start.refs = 1
        release(&view)
        if self.start == NULL:
            raise MemoryError
        self.program = program
        self.args = args

    def __dealloc__(self):
        start_put(self.start)

    @property
    def entry(self):
        """int: Address of the function."""
        return <uintptr_t>self.start.entry

    @property
    def address(self):
        """int: Of the copied record."""
        return <uintptr_t>(self.start + 1)


cdef class NativeProgram:
    """Base of what ``Kernel.spawn`` runs as machine code."""

    def begin(self, args):
        """The `Start` of a task with these arguments."""
        raise NotImplementedError

    def result(self, start):
        """The value that the program returned."""
        return None


cdef object begin_compiled(object program, tuple args):
    # The Start of a compiled program, None for any other.
    return program.begin(args) if isinstance(program, NativeProgram) else None


cdef object error_decoder = None


def decode_errors(decoder):
    """Let ``decoder(excinfo)`` make the exception by which a program was left."""
    global error_decoder
    error_decoder = decoder


cdef object error_of(stacks_t *s):
    # The exception by which a program was left.
    if s.excinfo == NULL or error_decoder is None:
        return RuntimeError("the program was left by an error without a description")
    return error_decoder(<uintptr_t>s.excinfo)


SYMBOLS = {
    "pipe2": <uintptr_t><void *>sys_pipe2,
    "read": <uintptr_t><void *>sys_read,
    "write": <uintptr_t><void *>sys_write,
    "readv": <uintptr_t><void *>sys_readv,
    "writev": <uintptr_t><void *>sys_writev,
    "pread": <uintptr_t><void *>sys_pread,
    "pwrite": <uintptr_t><void *>sys_pwrite,
    "lseek": <uintptr_t><void *>sys_lseek,
    "close": <uintptr_t><void *>sys_close,
    "dup": <uintptr_t><void *>sys_dup,
    "dup2": <uintptr_t><void *>sys_dup2,
    "dup3": <uintptr_t><void *>sys_dup3,
    "fcntl": <uintptr_t><void *>sys_fcntl,
    "ioctl": <uintptr_t><void *>sys_ioctl,
    "fstat": <uintptr_t><void *>sys_fstat,
    "poll": <uintptr_t><void *>sys_poll,
    "clone": <uintptr_t><void *>sys_clone,
    "fork": <uintptr_t><void *>sys_fork,
    "execve": <uintptr_t><void *>sys_execve,
    "exit": <uintptr_t><void *>sys_exit,
    "exit_group": <uintptr_t><void *>sys_exit_group,
    "wait4": <uintptr_t><void *>sys_wait4,
    "getpid": <uintptr_t><void *>sys_getpid,
    "gettid": <uintptr_t><void *>sys_gettid,
    "getppid": <uintptr_t><void *>sys_getppid,
    "getuid": <uintptr_t><void *>sys_getuid,
    "geteuid": <uintptr_t><void *>sys_geteuid,
    "getgid": <uintptr_t><void *>sys_getgid,
    "getegid": <uintptr_t><void *>sys_getegid,
    "getresuid": <uintptr_t><void *>sys_getresuid,
    "getresgid": <uintptr_t><void *>sys_getresgid,
    "getrlimit": <uintptr_t><void *>sys_getrlimit,
    "setrlimit": <uintptr_t><void *>sys_setrlimit,
    "sched_yield": <uintptr_t><void *>sys_sched_yield,
    "nanosleep": <uintptr_t><void *>sys_nanosleep,
    "signal": <uintptr_t><void *>sys_signal,
    "checkpoint": <uintptr_t><void *>sys_checkpoint,
    "array": <uintptr_t><void *>sys_array,
    "start": <uintptr_t><void *>sys_start,
}
"""Addresses of the system calls and helpers of compiled programs."""
