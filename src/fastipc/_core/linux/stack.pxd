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
cdef bint stack_damaged(void *address) noexcept nogil
cdef void set_guards(int kind) noexcept nogil
cdef void stacks_release(kernel_t *k) noexcept nogil


cdef extern from *:
    """
    /* About where the stack is. Not the address of a variable, for which a function would need a frame. */
    #if defined(__x86_64__)
    #define fastipc_stack_pointer() ({ size_t sp_; __asm__("movq %%rsp, %0" : "=r"(sp_)); sp_; })
    #else
    #define fastipc_stack_pointer() ((size_t)__builtin_frame_address(0))
    #endif
    """
    size_t stack_pointer "fastipc_stack_pointer"() nogil


cdef inline bint stack_overrun() noexcept nogil:
    # Whether mechanism may not be entered here: too little is left of the stack.
    return stack_pointer() & (STACK_SLOT - 1) < STACK_RESERVE
