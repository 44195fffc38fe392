"""Blocks of the host's memory that are freed with the task."""


cdef extern from *:
    """
    /* The part of Numba's NRT_api_functions (numba/core/runtime/nrt_external.h) that is used here, by its order. */
    typedef struct {
        void *(*allocate)(size_t);
        void *(*allocate_external)(size_t, void *);
        void *(*manage_memory)(void *data, void (*dtor)(void *));
        void (*acquire)(void *meminfo);
        void (*release)(void *meminfo);
        void *(*get_data)(void *meminfo);
    } fastipc_nrt_t;
    static fastipc_nrt_t *fastipc_nrt;
    static void *(*fastipc_nrt_alloc)(size_t, uint32_t);
    static inline void *fastipc_nrt_manage(void *data, void (*dtor)(void *))
    {
        return fastipc_nrt->manage_memory(data, dtor);
    }
    static inline void fastipc_nrt_release(void *meminfo) { fastipc_nrt->release(meminfo); }
    static inline void *fastipc_nrt_default(size_t size, uint32_t align) { return fastipc_nrt_alloc(size, align); }
    static inline void fastipc_nrt_set(void *api, void *alloc)
    {
        fastipc_nrt = (fastipc_nrt_t *)api;
        fastipc_nrt_alloc = (void *(*)(size_t, uint32_t))alloc;
    }
    """
    void *nrt_manage "fastipc_nrt_manage"(void *data, void (*dtor)(void *) noexcept nogil) nogil
    void nrt_release "fastipc_nrt_release"(void *meminfo) nogil
    void *nrt_default "fastipc_nrt_default"(size_t size, uint32_t align) nogil
    void nrt_set "fastipc_nrt_set"(void *api, void *alloc) nogil

ctypedef struct block_t:  # the bytes follow, at a multiple of 64
    block_t *next
    block_t *prev  # NULL: the first of the list
    start_t *owner  # NULL: on no list
    void *meminfo  # Numba's handle, NULL: of `Task.array`
    size_t size
    char pad[24]

cdef enum:
    BLOCK_ALIGN = 64


# ------------------------------------------------------------------------------------------ the list of a task
cdef block_t *block_new(start_t *start, size_t size) noexcept nogil:
    cdef void *memory = NULL
    cdef block_t *block
    if size > <size_t>1 << 46 or posix_memalign(&memory, BLOCK_ALIGN, sizeof(block_t) + size) != 0:
        return NULL
    block = <block_t *>memory
    block.meminfo = NULL
    block.size = size
    block.owner = start
    block.prev = NULL
    block.next = <block_t *>start.heap
    if block.next != NULL:
        block.next.prev = block
    start.heap = block
    return block


cdef void block_leave(block_t *block) noexcept nogil:
    if block.owner == NULL:
        return
    if block.prev != NULL:
        block.prev.next = block.next
    else:
        block.owner.heap = block.next
    if block.next != NULL:
        block.next.prev = block.prev
    block.owner = NULL


cdef void *heap_alloc(start_t *start, int64_t size) noexcept nogil:
    cdef block_t *block = block_new(start, <size_t>size)
    if block == NULL:
        return NULL
    memset(block + 1, 0, <size_t>size)
    return block + 1


cdef void heap_free(start_t *start) noexcept nogil:
    # Numba counts the references of its arrays; those of a frame that is gone are taken off until the last.
    cdef block_t *block
    cdef block_t *next
    while start.heap != NULL:
        block = <block_t *>start.heap
        if block.meminfo != NULL:
            nrt_release(block.meminfo)
        else:
            next = block.next
            free(block)
            start.heap = next
            if next != NULL:
                next.prev = NULL


# ------------------------------------------------------------------------------------------ Numba's arrays
cdef void numba_dtor(void *data) noexcept nogil:
    # The last reference is gone.
    cdef block_t *block = <block_t *>data - 1
    block_leave(block)
    free(block)


cdef void *numba_alloc(size_t size, uint32_t align) noexcept nogil:
    # NRT_MemInfo_alloc_aligned: a MemInfo, or NULL.
    cdef kernel_t *k = <kernel_t *>fastipc_get_running()
    cdef start_t *start = k.host[k.current].start if k != NULL and k.current < CTX_CLOSED else NULL
    cdef block_t *block
    if start == NULL or align > BLOCK_ALIGN:
        return nrt_default(size, align)
    block = block_new(start, size)
    if block == NULL:
        return NULL
    block.meminfo = nrt_manage(block + 1, numba_dtor)
    return block.meminfo


cdef int64_t heap_keep(kernel_t *k, task_t *t, int64_t meminfo, int64_t child) noexcept nogil:
    # An array outlives its program: it is the result, or the argument of a child. A child that is dropped leaks it.
    cdef start_t *start = k.host[task_index(k, t)].start
    cdef block_t *block = <block_t *>start.heap
    if meminfo == 0:
        start.state |= START_HOLDS
    while meminfo and block != NULL:
        if block.meminfo == <void *>meminfo:
            block_leave(block)
            if child:
                (<start_t *>child).shared += block.size
            return 0
        block = block.next
    return 0


cdef void numba_set_api(void *api, void *alloc) noexcept nogil:
    nrt_set(api, alloc)
