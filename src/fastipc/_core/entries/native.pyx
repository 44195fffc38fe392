"""Programs of machine code: what a task of one begins with, and the addresses of the system calls for it.

An entry has the C prototype ``int64_t entry(kernel *, task *, char *args, void **error)``: an ordinary function that
makes blocking calls by the addresses in `SYMBOLS`. It runs on a stack of its own. 0 ends the process as returning from
main does; anything else is an error, which `NativeProgram.error` makes an exception of.
"""

from libc.stdlib cimport calloc


cdef class Start:
    """An entry and the bytes of its arguments, at a place that does not move.

    Parameters
    ----------
    program : NativeProgram
        Asked for the result when the task ends.
    entry : int
        Address of the function.
    record : bytes-like
        Copied; `args` of the function points at the copy.
    args : tuple
        Kept alive.
    """

    def __init__(self, NativeProgram program, uintptr_t entry, record, tuple args):
        cdef Py_buffer view
        get_buffer(record, &view, "record")
        self.start = <start_t *>calloc(1, sizeof(start_t) + <size_t>view.len)
        if self.start != NULL:
            memcpy(self.start + 1, view.buf, <size_t>view.len)
            self.start.entry = <entry_t>entry
            self.start.refs = 1
        release(&view)
        if self.start == NULL:
            raise MemoryError
        self.program = program
        self.keep = args

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


cdef class Batch:
    """What many tasks of one program begin with, the i-th with the i-th row of ``records``."""

    def __init__(self, NativeProgram program, uintptr_t entry, records, str name, tuple args):
        cdef Py_buffer view
        cdef start_t *start
        cdef size_t size
        cdef uint32_t i
        self.n = len(records)
        self.program = program
        self.keep = args
        self.name = name.encode()
        get_buffer(records, &view, "records")
        size = <size_t>view.len // self.n if self.n else 0
        self.stride = (sizeof(start_t) + size + 15) // 16 * 16
        self.block = <char *>calloc(max(self.n, <uint32_t>1), self.stride)
        if self.block != NULL:
            for i in range(self.n):
                start = self.at(i)
                memcpy(start + 1, <char *>view.buf + i * size, size)
                start.entry = <entry_t>entry
                start.name = <const char *>self.name
                start.refs = 1  # the batch's own: none is freed by itself
        release(&view)
        if self.block == NULL:
            raise MemoryError

    def __dealloc__(self):
        free(self.block)

    def __len__(self):
        return self.n

    cdef start_t *at(self, uint32_t i) noexcept:
        return <start_t *>(self.block + i * self.stride)

    cdef bint has(self, start_t *start) noexcept:
        return self.block <= <char *>start < self.block + self.n * self.stride

    cdef Start start_of(self, start_t *start):
        # The Start of one task, which keeps the whole batch.
        cdef Start one = Start.__new__(Start)
        start.refs += 1
        one.start = start
        one.program = self.program
        one.keep = (self,)
        return one

    cdef bint over(self) noexcept:
        # Whether all its tasks are gone.
        cdef uint32_t i
        for i in range(self.n):
            if not self.at(i).state & START_ENDED:
                return False
        return True


cdef class NativeProgram:
    """Base of what ``Kernel.spawn`` runs as machine code."""

    def begin(self, args):
        """The `Start` of a task with these arguments."""
        raise NotImplementedError

    def result(self, entry, address):
        """The value that the program returned, from the record at an address."""
        return None

    def as_handler(self):
        """The bytes of a native_handler_t with the record of arguments behind it."""
        raise TypeError("this program cannot be a handler")

    cdef object result_at(self, start_t *start):
        return self.result(<uintptr_t>start.entry, <uintptr_t>(start + 1))


cdef void *native_handler(NativeProgram program) except? NULL:
    # How a compiled program is run as a handler: made once, and kept with it.
    if program.handler is None:
        program.handler = program.as_handler()
    return <void *>PyBytes_AS_STRING(program.handler)


cdef object begin_compiled(object program, tuple args):
    # The Start of a compiled program.
    return (<NativeProgram?>program).begin(args)


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


NUMBA = {
    "NRT_MemInfo_alloc_aligned": <uintptr_t><void *>numba_alloc,
    "NRT_MemInfo_alloc_safe_aligned": <uintptr_t><void *>numba_alloc,
    "NRT_MemInfo_alloc": <uintptr_t><void *>numba_alloc_plain,
    "NRT_MemInfo_alloc_safe": <uintptr_t><void *>numba_alloc_plain,
    "NRT_MemInfo_alloc_dtor": <uintptr_t><void *>numba_alloc_dtor,
    "NRT_MemInfo_alloc_dtor_safe": <uintptr_t><void *>numba_alloc_dtor,
    "NRT_MemInfo_new_varsize": <uintptr_t><void *>numba_varsize,
    "NRT_MemInfo_new_varsize_dtor": <uintptr_t><void *>numba_varsize_dtor,
}
"""What stands for functions of Numba's runtime, by their names."""


def set_numba(*addresses):
    """Where Numba's runtime is: its NRT_api_functions, the functions that are replaced, and NRT_Free.

    False: the handles of lists and sets look different from what is known here, so what tasks that are killed have made
    of them is only counted.
    """
    cdef void *functions[7]
    cdef int i
    for i in range(7):
        functions[i] = <void *><uintptr_t>addresses[i]
    return bool(numba_set_api(functions))


def guards(int kind):
    """Which guards stacks get from now on: 0 the host's light ones, 1 mprotect, 2 a word that must stay zero."""
    set_guards(kind)


START_SIZE = sizeof(start_t)  # bytes before the arguments

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
    "open": <uintptr_t><void *>sys_open,
    "openat": <uintptr_t><void *>sys_openat,
    "mknod": <uintptr_t><void *>sys_mknod,
    "mknodat": <uintptr_t><void *>sys_mknodat,
    "mkdir": <uintptr_t><void *>sys_mkdir,
    "rmdir": <uintptr_t><void *>sys_rmdir,
    "unlink": <uintptr_t><void *>sys_unlink,
    "link": <uintptr_t><void *>sys_link,
    "symlink": <uintptr_t><void *>sys_symlink,
    "rename": <uintptr_t><void *>sys_rename,
    "renameat2": <uintptr_t><void *>sys_renameat2,
    "readlink": <uintptr_t><void *>sys_readlink,
    "stat": <uintptr_t><void *>sys_stat,
    "lstat": <uintptr_t><void *>sys_lstat,
    "access": <uintptr_t><void *>sys_access,
    "chmod": <uintptr_t><void *>sys_chmod,
    "chown": <uintptr_t><void *>sys_chown,
    "lchown": <uintptr_t><void *>sys_lchown,
    "truncate": <uintptr_t><void *>sys_truncate,
    "chdir": <uintptr_t><void *>sys_chdir,
    "fchdir": <uintptr_t><void *>sys_fchdir,
    "getcwd": <uintptr_t><void *>sys_getcwd,
    "umask": <uintptr_t><void *>sys_umask,
    "fchmod": <uintptr_t><void *>sys_fchmod,
    "fchown": <uintptr_t><void *>sys_fchown,
    "ftruncate": <uintptr_t><void *>sys_ftruncate,
    "fallocate": <uintptr_t><void *>sys_fallocate,
    "fsync": <uintptr_t><void *>sys_fsync,
    "mkfifo": <uintptr_t><void *>sys_mkfifo,
    "text_length": <uintptr_t><void *>text_length,
    "poll": <uintptr_t><void *>sys_poll,
    "select": <uintptr_t><void *>sys_select,
    "select_fds": <uintptr_t><void *>sys_select_fds,
    "ppoll": <uintptr_t><void *>sys_ppoll,
    "pselect": <uintptr_t><void *>sys_pselect,
    "pselect_fds": <uintptr_t><void *>sys_pselect_fds,
    "signalfd": <uintptr_t><void *>sys_signalfd,
    "clone": <uintptr_t><void *>sys_clone,
    "fork": <uintptr_t><void *>sys_fork,
    "execve": <uintptr_t><void *>sys_execve,
    "exit": <uintptr_t><void *>sys_exit,
    "exit_group": <uintptr_t><void *>sys_exit_group,
    "wait4": <uintptr_t><void *>sys_wait4,
    "unshare": <uintptr_t><void *>sys_unshare,
    "waitid": <uintptr_t><void *>sys_waitid,
    "getpid": <uintptr_t><void *>sys_getpid,
    "gettid": <uintptr_t><void *>sys_gettid,
    "getppid": <uintptr_t><void *>sys_getppid,
    "getuid": <uintptr_t><void *>sys_getuid,
    "geteuid": <uintptr_t><void *>sys_geteuid,
    "getgid": <uintptr_t><void *>sys_getgid,
    "getegid": <uintptr_t><void *>sys_getegid,
    "getresuid": <uintptr_t><void *>sys_getresuid,
    "getresgid": <uintptr_t><void *>sys_getresgid,
    "getpgid": <uintptr_t><void *>sys_getpgid,
    "setpgid": <uintptr_t><void *>sys_setpgid,
    "getsid": <uintptr_t><void *>sys_getsid,
    "setsid": <uintptr_t><void *>sys_setsid,
    "setuid": <uintptr_t><void *>sys_setuid,
    "setgid": <uintptr_t><void *>sys_setgid,
    "setreuid": <uintptr_t><void *>sys_setreuid,
    "setregid": <uintptr_t><void *>sys_setregid,
    "setresuid": <uintptr_t><void *>sys_setresuid,
    "setresgid": <uintptr_t><void *>sys_setresgid,
    "setfsuid": <uintptr_t><void *>sys_setfsuid,
    "setfsgid": <uintptr_t><void *>sys_setfsgid,
    "getgroups": <uintptr_t><void *>sys_getgroups,
    "setgroups": <uintptr_t><void *>sys_setgroups,
    "capget": <uintptr_t><void *>sys_capget,
    "capset": <uintptr_t><void *>sys_capset,
    "prctl": <uintptr_t><void *>sys_prctl,
    "mmap": <uintptr_t><void *>sys_mmap,
    "munmap": <uintptr_t><void *>sys_munmap,
    "mprotect": <uintptr_t><void *>sys_mprotect,
    "mremap": <uintptr_t><void *>sys_mremap,
    "brk": <uintptr_t><void *>sys_brk,
    "mlock": <uintptr_t><void *>sys_mlock,
    "munlock": <uintptr_t><void *>sys_munlock,
    "madvise": <uintptr_t><void *>sys_madvise,
    "msync": <uintptr_t><void *>sys_msync,
    "memfd_create": <uintptr_t><void *>sys_memfd_create,
    "load": <uintptr_t><void *>sys_load,
    "store": <uintptr_t><void *>sys_store,
    "shmget": <uintptr_t><void *>sys_shmget,
    "shmctl": <uintptr_t><void *>sys_shmctl,
    "shmat": <uintptr_t><void *>sys_shmat,
    "shmdt": <uintptr_t><void *>sys_shmdt,
    "shmctl_size": <uintptr_t><void *>sys_shmctl_size,
    "semget": <uintptr_t><void *>sys_semget,
    "semop": <uintptr_t><void *>sys_semop,
    "semtimedop": <uintptr_t><void *>sys_semtimedop,
    "semop_user": <uintptr_t><void *>sys_semop_user,
    "semctl": <uintptr_t><void *>sys_semctl,
    "semctl_buf": <uintptr_t><void *>sys_semctl_buf,
    "semctl_size": <uintptr_t><void *>sys_semctl_size,
    "msgget": <uintptr_t><void *>sys_msgget,
    "msgsnd": <uintptr_t><void *>sys_msgsnd,
    "msgsnd_user": <uintptr_t><void *>sys_msgsnd_user,
    "msgrcv_into": <uintptr_t><void *>sys_msgrcv_into,
    "msgrcv_into_user": <uintptr_t><void *>sys_msgrcv_into_user,
    "msgctl": <uintptr_t><void *>sys_msgctl,
    "msgctl_size": <uintptr_t><void *>sys_msgctl_size,
    "getrlimit": <uintptr_t><void *>sys_getrlimit,
    "setrlimit": <uintptr_t><void *>sys_setrlimit,
    "sched_yield": <uintptr_t><void *>sys_sched_yield,
    "nanosleep": <uintptr_t><void *>sys_nanosleep,
    "signal": <uintptr_t><void *>sys_signal,
    "sigaction": <uintptr_t><void *>sys_sigaction,
    "sigprocmask": <uintptr_t><void *>sys_sigprocmask,
    "sigpending": <uintptr_t><void *>sys_sigpending,
    "kill": <uintptr_t><void *>sys_kill,
    "tkill": <uintptr_t><void *>sys_tkill,
    "tgkill": <uintptr_t><void *>sys_tgkill,
    "sigqueue": <uintptr_t><void *>sys_sigqueue,
    "rt_sigqueueinfo": <uintptr_t><void *>sys_rt_sigqueueinfo,
    "rt_tgsigqueueinfo": <uintptr_t><void *>sys_rt_tgsigqueueinfo,
    "sigsuspend": <uintptr_t><void *>sys_sigsuspend,
    "pause": <uintptr_t><void *>sys_pause,
    "sigtimedwait": <uintptr_t><void *>sys_sigtimedwait,
    "sigaltstack": <uintptr_t><void *>sys_sigaltstack,
    "alarm": <uintptr_t><void *>sys_alarm,
    "setitimer": <uintptr_t><void *>sys_setitimer,
    "getitimer": <uintptr_t><void *>sys_getitimer,
    "timer_create": <uintptr_t><void *>sys_timer_create,
    "timer_settime": <uintptr_t><void *>sys_timer_settime,
    "timer_gettime": <uintptr_t><void *>sys_timer_gettime,
    "timer_getoverrun": <uintptr_t><void *>sys_timer_getoverrun,
    "timer_delete": <uintptr_t><void *>sys_timer_delete,
    "handler": <uintptr_t><void *>sys_handler,
    "syscall": <uintptr_t><void *>sys_syscall,
    "read_user": <uintptr_t><void *>sys_read_user,
    "write_user": <uintptr_t><void *>sys_write_user,
    "pread_user": <uintptr_t><void *>sys_pread_user,
    "pwrite_user": <uintptr_t><void *>sys_pwrite_user,
    "readv_user": <uintptr_t><void *>sys_readv_user,
    "writev_user": <uintptr_t><void *>sys_writev_user,
    "checkpoint": <uintptr_t><void *>sys_checkpoint,
    "cred": <uintptr_t><void *>sys_cred,
    "array": <uintptr_t><void *>sys_array,
    "start": <uintptr_t><void *>sys_start,
    "keep": <uintptr_t><void *>heap_keep,
    "keep_all": <uintptr_t><void *>heap_keep_all,
    "lend": <uintptr_t><void *>heap_lend,
}
"""Addresses of the system calls and helpers of compiled programs."""
