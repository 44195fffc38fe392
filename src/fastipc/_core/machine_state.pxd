# A machine at rest: its memory and what can be asked of it.

from fastipc._core.arena cimport Arena
from fastipc._core.layout cimport kernel_t


cdef class MachineState:
    cdef Arena arena
    cdef kernel_t *k
    cdef readonly bint closed

    cdef int admit(self) except -1
