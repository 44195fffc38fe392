# Broken invariants. In `noexcept` code an assert is swallowed; a panic is kept in the machine under a name that is
# unique in the tree, and the next entry from Python raises it as InvariantError.


cdef inline void panic(kernel_t *k, const char *name) noexcept nogil:
    if k.panic == NULL:  # the first one is the cause
        k.panic = name
    k.attention |= ATT_PANIC


cdef inline bint check(kernel_t *k, bint holds, const char *name) noexcept nogil:
    if not holds:
        panic(k, name)
    return holds
