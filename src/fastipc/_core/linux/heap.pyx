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
    static void *(*fastipc_nrt_varsize)(size_t);
    static void *(*fastipc_nrt_varsize_dtor)(size_t, void *);
    static inline void *fastipc_nrt_manage(void *data, void (*dtor)(void *))
    {
        return fastipc_nrt->manage_memory(data, dtor);
    }
    static inline void fastipc_nrt_release(void *meminfo) { fastipc_nrt->release(meminfo); }
    static inline void *fastipc_nrt_default(size_t size, uint32_t align) { return fastipc_nrt_alloc(size, align); }
    static inline void fastipc_nrt_set(void *api, void *alloc, void *varsize, void *varsize_dtor)
    {
        fastipc_nrt = (fastipc_nrt_t *)api;
        fastipc_nrt_alloc = (void *(*)(size_t, uint32_t))alloc;
        fastipc_nrt_varsize = (void *(*)(size_t))varsize;
        fastipc_nrt_varsize_dtor = (void *(*)(size_t, void *))varsize_dtor;
    }
    """
    void *nrt_manage "fastipc_nrt_manage"(void *data, void (*dtor)(void *) noexcept nogil) nogil
    void nrt_release "fastipc_nrt_release"(void *meminfo) nogil
    void *nrt_default "fastipc_nrt_default"(size_t size, uint32_t align) nogil
    void *nrt_varsize "fastipc_nrt_varsize"(size_t size) nogil
    void *nrt_varsize_dtor "fastipc_nrt_varsize_dtor"(size_t size, void *dtor) nogil
    void nrt_set "fastipc_nrt_set"(void *api, void *alloc, void *varsize, void *varsize_dtor) nogil

ctypedef struct block_t:  # the bytes follow, at a multiple of 64
    block_t *next
    block_t *prev  # NULL: the first of the list
    start_t *owner  # NULL: on no list
    void *meminfo  # Numba's handle, NULL: of `Task.array`
    uint32_t borrowed  # by children that are still there
    uint32_t orphan  # its task is gone, and with it who would give back the task's own references
    char pad[24]

ctypedef struct borrow_t:  # an array that a task was given by the one that made it
    borrow_t *next
    block_t *block

cdef enum:
    BLOCK_ALIGN = 64


# ------------------------------------------------------------------------------------------ the list of a task
cdef void block_join(start_t *start, block_t *block) noexcept nogil:
    block.owner = start
    block.prev = NULL
    block.next = <block_t *>start.heap
    if block.next != NULL:
        block.next.prev = block
    start.heap = block


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


cdef block_t *block_new(start_t *start, size_t size) noexcept nogil:
    cdef void *memory = NULL
    cdef block_t *block
    if size > <size_t>1 << 46 or posix_memalign(&memory, BLOCK_ALIGN, sizeof(block_t) + size) != 0:
        return NULL
    block = <block_t *>memory
    block.meminfo = NULL
    block.borrowed = block.orphan = 0
    block_join(start, block)
    return block


cdef void *heap_alloc(start_t *start, int64_t size) noexcept nogil:
    cdef block_t *block = block_new(start, <size_t>size)
    if block == NULL:
        return NULL
    memset(block + 1, 0, <size_t>size)
    return block + 1


cdef void give_back(start_t *start) noexcept nogil:
    # The arrays that the task was given: each has one reference for it.
    cdef borrow_t *borrow = <borrow_t *>start.borrows
    cdef borrow_t *next
    start.borrows = NULL
    while borrow != NULL:
        next = borrow.next
        borrow.block.borrowed -= 1
        if borrow.block.orphan and borrow.block.borrowed == 0:
            block_join(start, borrow.block)
        else:
            nrt_release(borrow.block.meminfo)
        free(borrow)
        borrow = next


cdef void heap_free(start_t *start) noexcept nogil:
    # Numba counts the references of its arrays; those of a frame that is gone are taken off until the last.
    cdef block_t *block
    give_back(start)
    while start.heap != NULL:
        block = <block_t *>start.heap
        if block.borrowed:
            block.orphan = 1
            block_leave(block)
        elif block.meminfo != NULL:
            nrt_release(block.meminfo)
        else:
            block_leave(block)
            free(block)


# ------------------------------------------------------------------------------------------ Numba's arrays
cdef void numba_dtor(void *data) noexcept nogil:
    # The last reference is gone.
    cdef block_t *block = <block_t *>data - 1
    block_leave(block)
    free(block)


cdef void *numba_alloc(size_t size, uint32_t align) noexcept nogil:
    # NRT_MemInfo_alloc_aligned: a MemInfo, or NULL.
    cdef start_t *start = running_start()
    cdef block_t *block
    if start == NULL or align > BLOCK_ALIGN:
        return nrt_default(size, align)
    block = block_new(start, size)
    if block == NULL:
        return NULL
    block.meminfo = nrt_manage(block + 1, numba_dtor)
    return block.meminfo


cdef inline start_t *running_start() noexcept nogil:
    # Of the compiled program that runs on this thread; NULL: none does.
    cdef kernel_t *k = <kernel_t *>fastipc_get_running()
    return k.host[k.current].start if k != NULL and k.current < CTX_CLOSED else NULL


cdef block_t *block_of(start_t *start, void *meminfo) noexcept nogil:
    # An array that the task made or was given; NULL: neither.
    cdef block_t *block = <block_t *>start.heap
    cdef borrow_t *borrow = <borrow_t *>start.borrows
    while block != NULL and block.meminfo != meminfo:
        block = block.next
    while block == NULL and borrow != NULL:
        if borrow.block.meminfo == meminfo:
            block = borrow.block
        borrow = borrow.next
    return block


cdef int64_t heap_lend(kernel_t *k, task_t *t, int64_t meminfo, int64_t child) noexcept nogil:
    # An array is an argument of a new program, which has been given a reference.
    cdef start_t *to = <start_t *>child
    cdef block_t *block = block_of(k.host[task_index(k, t)].start, <void *>meminfo)
    cdef borrow_t *borrow = NULL if block == NULL else <borrow_t *>malloc(sizeof(borrow_t))
    if borrow != NULL:
        block.borrowed += 1
        borrow.block = block
        borrow.next = <borrow_t *>to.borrows
        to.borrows = borrow
    return 0


cdef int64_t heap_keep(kernel_t *k, task_t *t, int64_t meminfo) noexcept nogil:
    # An array is the result of the program. One without a handle may be of `Task.array`, whose memory must stay then.
    cdef start_t *start = k.host[task_index(k, t)].start
    cdef block_t *block = block_of(start, <void *>meminfo) if meminfo else NULL
    if meminfo == 0:
        start.state |= START_HOLDS
    elif block != NULL and block.owner == start:
        block_leave(block)
    return 0


cdef void *numba_varsize(size_t size) noexcept nogil:
    # NRT_MemInfo_new_varsize: what lists and the like are made of is not tracked, only counted.
    cdef start_t *start = running_start()
    if start != NULL:
        start.untracked += size
    return nrt_varsize(size)


cdef void *numba_varsize_dtor(size_t size, void *dtor) noexcept nogil:
    cdef start_t *start = running_start()
    if start != NULL:
        start.untracked += size
    return nrt_varsize_dtor(size, dtor)


cdef void numba_set_api(void *api, void *alloc, void *varsize, void *varsize_dtor) noexcept nogil:
    nrt_set(api, alloc, varsize, varsize_dtor)
