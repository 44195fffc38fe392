# Handlers of signals: what functions stand at the addresses of a machine, and who runs them.


cdef class MachineHandlers(MachineFrames):
    cdef dict guests  # by row: frame and ctx of a task while a handler runs on a greenlet instead
    cdef dict late_errors  # by row: what the handler of a generator was left by
    cdef uint32_t handoff  # row whose turn a program left to the hub

    cdef int begin_guest(self, TaskCore task) except -1
    cdef int end_guest(self, TaskCore task, object error) except -1
    cdef int leave_outer(self, TaskCore task, bint generator) except -1
    cdef int late_turn(self, TaskCore task, object value) except -1
    cdef int next_is(self, TaskCore task) except -1
