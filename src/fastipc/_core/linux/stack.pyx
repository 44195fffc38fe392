"""Slots for stacks: made in chunks, pooled, given back with the machine."""


cdef extern from *:
    """
    #ifndef MADV_NOHUGEPAGE
    #define MADV_NOHUGEPAGE -1
    #endif
    #ifndef MADV_GUARD_INSTALL
    #define MADV_GUARD_INSTALL 102
    #endif
    """
    int MADV_NOHUGEPAGE
    int MADV_GUARD_INSTALL
    int HOST_DONTNEED "MADV_DONTNEED"

cdef extern from "<sys/mman.h>" nogil:
    int mprotect(void *addr, size_t length, int prot)
    int HOST_PROT_NONE "PROT_NONE"

cdef enum:
    FIRST_CHUNK = 16  # slots
    MOST_CHUNK = 1024
    MPROTECT_SLOTS = 8192  # slots with a guard of mprotect: each costs the host two maps
    SLOTS_KEPT = 65536  # free slots whose memory is kept
    COLOURS = 16
    COLOUR = 64  # bytes


cdef inline char *slot_of(void *address) noexcept nogil:
    return <char *>(<size_t>address & ~<size_t>(STACK_SLOT - 1))


cdef inline void *top_of(char *slot) noexcept nogil:
    # Multiplied, so that neighbours differ much.
    cdef size_t colour = (<size_t>slot // STACK_SLOT * 7) % COLOURS
    return slot + STACK_SLOT - 64 - colour * COLOUR


cdef int guard_kind = GUARD_LIGHT  # the best that is tried


cdef void set_guards(int kind) noexcept nogil:
    # For tests: what a host without the better ones does.
    global guard_kind
    guard_kind = kind


cdef void guard(kernel_t *k, char *slot) noexcept nogil:
    cdef stacks_t *s = &k.stacks
    if guard_kind == GUARD_LIGHT and madvise(slot, HOST_PAGE, MADV_GUARD_INSTALL) == 0:
        return
    if guard_kind <= GUARD_MPROTECT and s.nr_slots < MPROTECT_SLOTS and mprotect(slot, HOST_PAGE, HOST_PROT_NONE) == 0:
        return
    s.unguarded = 1
    k.express = NO_EXPRESS


cdef bint keep_chunk(stacks_t *s, void *chunk, uint32_t slots) noexcept nogil:
    # Room in both lists, or False.
    cdef void **chunks = <void **>realloc(s.chunks, (s.nr_chunks + 2) * sizeof(void *))
    cdef void **free_slots
    if chunks == NULL:
        return False
    s.chunks = chunks
    free_slots = <void **>realloc(s.free, (s.nr_slots + slots) * sizeof(void *))
    if free_slots == NULL:
        return False
    s.free = free_slots
    chunks[s.nr_chunks] = chunk
    chunks[s.nr_chunks + 1] = <void *><size_t>slots
    s.nr_chunks += 2
    return True


cdef bint make_chunk(kernel_t *k) noexcept nogil:
    # More slots, or False. The lists in front of the chunk's own: lower addresses are taken first.
    cdef stacks_t *s = &k.stacks
    cdef uint32_t slots = min(max(s.nr_slots, <uint32_t>FIRST_CHUNK), <uint32_t>MOST_CHUNK), i
    cdef size_t size
    cdef char *chunk
    cdef char *first
    if s.limit and s.nr_slots + slots > s.limit:
        slots = s.limit - s.nr_slots
    if slots == 0:
        return False
    size = (<size_t>slots + 1) * STACK_SLOT
    chunk = <char *>mmap(NULL, size, HOST_PROT_READ | HOST_PROT_WRITE, HOST_PRIVATE, -1, 0)
    if chunk == <char *>MAP_FAILED:
        return False
    if not keep_chunk(s, chunk, slots):
        munmap(chunk, size)
        return False
    madvise(chunk, size, MADV_NOHUGEPAGE)
    first = slot_of(chunk + STACK_SLOT - 1)
    for i in range(slots):
        guard(k, first + <size_t>i * STACK_SLOT)
        s.free[s.nr_free + slots - 1 - i] = first + <size_t>i * STACK_SLOT
        s.nr_slots += 1
    s.nr_free += slots
    return True


cdef void *stack_get(kernel_t *k) noexcept nogil:
    cdef stacks_t *s = &k.stacks
    if unlikely(s.nr_free == 0) and not make_chunk(k):
        return NULL
    s.nr_free -= 1
    return top_of(<char *>s.free[s.nr_free])


cdef void stack_put(kernel_t *k, void *address) noexcept nogil:
    # `address`: anywhere on the stack. What lies on it is lost.
    cdef stacks_t *s = &k.stacks
    cdef char *slot = slot_of(address)
    if unlikely(s.nr_free >= SLOTS_KEPT):
        madvise(slot + HOST_PAGE, STACK_SLOT - HOST_PAGE, HOST_DONTNEED)
    s.free[s.nr_free] = slot
    s.nr_free += 1


cdef bint stack_damaged(void *address) noexcept nogil:
    # Whether a stack whose only guard is its lowest word has come down to it.
    return (<uint64_t *>slot_of(address))[0] != 0


cdef void stacks_release(kernel_t *k) noexcept nogil:
    cdef stacks_t *s = &k.stacks
    cdef uint32_t i
    for i in range(0, s.nr_chunks, 2):
        munmap(s.chunks[i], (<size_t>s.chunks[i + 1] + 1) * STACK_SLOT)
    free(s.chunks)
    free(s.free)
    memset(s, 0, sizeof(stacks_t))
