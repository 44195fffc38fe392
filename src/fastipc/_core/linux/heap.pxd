# Memory of the host that goes with a compiled task: what `Task.array` gives, and the objects that Numba makes in the
# frames of its program. A frame that is dropped, by the task's death or by an exception, never gives them back; so they
# are blocks of a list of the task, and what is left of it at the end is freed.
#
# Numba allocates here because its functions are replaced by name, and only while a compiled program runs. Four kinds:
# arrays and strings are one piece of memory (`manage_memory` of nrt_external.h); dictionaries, typed lists and the like
# own more than their block, which a destructor frees; lists and sets are of varying size, and stay Numba's own but for
# the allocator that frees their handle. A block that is lent to a child stays on the list of who made it, and is freed
# when all are gone; what belongs to a result leaves the list.

cdef void *heap_alloc(start_t *start, int64_t size) noexcept nogil  # zeroed, at a multiple of 64; or NULL
cdef void heap_free(start_t *start) noexcept nogil
cdef int64_t heap_lend(kernel_t *k, task_t *t, int64_t meminfo, int64_t child) noexcept nogil
cdef int64_t heap_keep(kernel_t *k, task_t *t, int64_t meminfo) noexcept nogil
cdef int64_t heap_keep_all(kernel_t *k, task_t *t) noexcept nogil
cdef void *numba_alloc(size_t size, uint32_t align) noexcept nogil
cdef void *numba_alloc_plain(size_t size) noexcept nogil
cdef void *numba_alloc_dtor(size_t size, void *dtor) noexcept nogil
cdef void *numba_varsize(size_t size) noexcept nogil
cdef void *numba_varsize_dtor(size_t size, void *dtor) noexcept nogil
cdef bint numba_set_api(void **functions) noexcept nogil
