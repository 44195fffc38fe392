# Turns of compiled programs.


cdef class MachineCompiled(MachineHandlers):
    cdef int64_t turns  # turns that may pass before the hub must look
    cdef bint watched  # stacks that overflow are looked after in this run

    cdef int turn_compiled(self, uint32_t row) except -1
    cdef int hook_compiled(self, TaskCore task) except -1
    cdef int compiled_failed(self, TaskCore task) except -1
