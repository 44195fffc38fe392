# Every invariant of the machine.

from fastipc._core.layout cimport kernel_t


cdef bint verify(kernel_t *k) noexcept nogil  # False: `k.panic` names what is broken
