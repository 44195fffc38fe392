# A machine at rest: its memory and what can be asked of it.


cdef class MachineState:
    cdef Arena arena
    cdef kernel_t *k
    cdef readonly bint closed

    cdef int refuse(self) except -1

    cdef inline int admit(self) except -1:
        # Precondition of every method that is called from Python.
        if unlikely(self.closed or this_thread() != self.k.thread):
            return self.refuse()
        return 0

    cdef int boot_limits(self, limits, bint ipc) except -1
    cdef int store(self, uint32_t ns, str name, value) except -1
    cdef uint32_t namespace_of(self, TaskCore task) except 0
