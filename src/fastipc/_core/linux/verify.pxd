# Every invariant of the machine.


cdef bint verify(kernel_t *k) noexcept nogil  # False: `k.panic` names what is broken
cdef void do_initcalls() noexcept nogil
