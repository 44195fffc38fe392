# The stacks of compiled programs: slots of address space, of which a sleeping program touches a page.
#
# A slot is 64 KiB at a multiple of 64 KiB, so that any address on a stack tells its slot. Stacks begin at places that
# differ by up to a KiB, or their tops would all fall into the same sets of the processor's cache. Below each lies a
# guard: the host's light one where it has that, an mprotect one as long as there are few (the host counts maps), else
# the lowest word, which stays zero while nothing has come so far down.

cdef enum:  # guards; of the better ones, what the host has
    GUARD_LIGHT = 0
    GUARD_MPROTECT = 1
    GUARD_WORD = 2

cdef enum:
    STACK_SLOT = 65536
    STACK_RESERVE = 16384  # what mechanism, and a signal that the host delivers meanwhile, may need


cdef void *stack_get(kernel_t *k) noexcept nogil  # top of a stack, or NULL
cdef void stack_put(kernel_t *k, void *address) noexcept nogil
cdef bint stack_overrun(void *address) noexcept nogil
cdef bint stack_damaged(void *address) noexcept nogil
cdef void set_guards(int kind) noexcept nogil
cdef void stacks_release(kernel_t *k) noexcept nogil
