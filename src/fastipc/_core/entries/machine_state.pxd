# A machine at rest: its memory and what can be asked of it.


cdef class MachineState:
    cdef Arena arena
    cdef kernel_t *k
    cdef readonly bint closed

    cdef int admit(self) except -1
