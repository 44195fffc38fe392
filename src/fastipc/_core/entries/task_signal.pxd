# System calls on signals, and the handlers of interpreted programs.


cdef class SignalCalls(MsgCalls):
    cdef object set_done(self, int64_t ret)
    cdef int64_t sigaction_(self, object sig, object handler, object mask, object flags) except? -1
    cdef object sigaction_done(self, int64_t ret)
    cdef int64_t signal_(self, object sig, object handler) except? -1
    cdef int64_t sigprocmask_(self, object how, object set) except? -1
    cdef int64_t kill_(self, object pid, object sig) except? -1
    cdef int64_t tkill_(self, object tid, object sig) except? -1
    cdef int64_t tgkill_(self, object tgid, object tid, object sig) except? -1
    cdef int64_t sigqueue_(self, object pid, object sig, object value) except? -1
    cdef int64_t sigqueueinfo_(self, int nr, object tgid, object pid, object sig, object info) except? -1
    cdef object suspend(self, int64_t ret, bint raw)
    cdef int64_t sigsuspend_(self, object set) except? -1
    cdef int64_t sigtimedwait_(self, object set, object timeout) except? -1
    cdef object sigtimedwait_done(self, int64_t ret, object info, bint raw)
    cdef int64_t signalfd_(self, object fd, object set, object flags) except? -1
    cdef int64_t sigaltstack_(self, object stack, stack_t *old) except? -1


cdef uint64_t handler_argument(TaskCore task, object handler) except? 2
cdef object handler_object(TaskCore task, uint64_t address)
