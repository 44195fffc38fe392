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
    /* NRT_ExternalAllocator. */
    typedef struct {
        void *(*malloc)(size_t, void *);
        void *(*realloc)(void *, size_t, void *);
        void (*free)(void *, void *);
        void *opaque;
    } fastipc_allocator_t;
    /* MemInfo, up to what machine code of Numba knows of it (nrtdynmod.py), and the allocator behind. */
    typedef struct {
        size_t refct;
        void *dtor, *dtor_info, *data;
        size_t size;
        fastipc_allocator_t *allocator;
    } fastipc_meminfo_t;
    enum { NRT_API, NRT_ALIGNED, NRT_PLAIN, NRT_DTOR, NRT_VARSIZE, NRT_VARSIZE_DTOR, NRT_FREE, NRT_FUNCTIONS };
    static void *fastipc_nrt[NRT_FUNCTIONS];
    #define nrt_call(which, result, ...) ((result (*)(__VA_ARGS__))fastipc_nrt[which])
    static inline void *fastipc_nrt_manage(void *data, void (*dtor)(void *))
    {
        return ((fastipc_nrt_t *)fastipc_nrt[NRT_API])->manage_memory(data, dtor);
    }
    static inline void fastipc_nrt_acquire(void *mi) { ((fastipc_nrt_t *)fastipc_nrt[NRT_API])->acquire(mi); }
    static inline void fastipc_nrt_release(void *mi) { ((fastipc_nrt_t *)fastipc_nrt[NRT_API])->release(mi); }
    static inline void *fastipc_nrt_aligned(size_t n, uint32_t align)
    {
        return nrt_call(NRT_ALIGNED, void *, size_t, uint32_t)(n, align);
    }
    static inline void *fastipc_nrt_plain(size_t n) { return nrt_call(NRT_PLAIN, void *, size_t)(n); }
    static inline void *fastipc_nrt_dtor(size_t n, void *d) { return nrt_call(NRT_DTOR, void *, size_t, void *)(n, d); }
    static inline void *fastipc_nrt_varsize(size_t n) { return nrt_call(NRT_VARSIZE, void *, size_t)(n); }
    static inline void *fastipc_nrt_varsize_dtor(size_t n, void *d)
    {
        return nrt_call(NRT_VARSIZE_DTOR, void *, size_t, void *)(n, d);
    }
    static inline void fastipc_nrt_free(void *p) { nrt_call(NRT_FREE, void, void *)(p); }
    static inline void fastipc_call_dtor(void *dtor, void *data, size_t size)
    {
        ((void (*)(void *, size_t, void *))dtor)(data, size, NULL);
    }
    """
    ctypedef struct allocator_t "fastipc_allocator_t":
        void *malloc
        void *realloc
        void (*free)(void *meminfo, void *block) noexcept nogil
        void *opaque
    ctypedef struct meminfo_t "fastipc_meminfo_t":
        size_t refct
        void *dtor
        void *dtor_info
        void *data
        size_t size
        allocator_t *allocator
    int NRT_FUNCTIONS
    void **nrt_functions "fastipc_nrt"
    void *nrt_manage "fastipc_nrt_manage"(void *data, void (*dtor)(void *) noexcept nogil) nogil
    void nrt_acquire "fastipc_nrt_acquire"(void *meminfo) nogil
    void nrt_release "fastipc_nrt_release"(void *meminfo) nogil
    void *nrt_aligned "fastipc_nrt_aligned"(size_t size, uint32_t align) nogil
    void *nrt_plain "fastipc_nrt_plain"(size_t size) nogil
    void *nrt_dtor "fastipc_nrt_dtor"(size_t size, void *dtor) nogil
    void *nrt_varsize "fastipc_nrt_varsize"(size_t size) nogil
    void *nrt_varsize_dtor "fastipc_nrt_varsize_dtor"(size_t size, void *dtor) nogil
    void nrt_free "fastipc_nrt_free"(void *meminfo) nogil
    void call_dtor "fastipc_call_dtor"(void *dtor, void *data, size_t size) nogil

ctypedef struct block_t:  # the bytes follow, at a multiple of 64, except of BLOCK_VARSIZE
    block_t *next
    block_t *prev  # NULL: the first of the list
    start_t *owner  # NULL: on no list
    void *meminfo  # Numba's handle, NULL: of `Task.array`
    void *dtor  # of BLOCK_DTOR, until it has been called
    size_t size
    uint32_t kind
    uint32_t borrowed  # by children that are still there
    uint32_t orphan  # its task is gone, and with it who would give back the task's own references
    uint32_t pad

ctypedef struct varsize_t:  # beside a handle of Numba's
    block_t block
    allocator_t allocator

ctypedef struct borrow_t:  # an array that a task was given by the one that made it
    borrow_t *next
    block_t *block

cdef enum:  # block.kind
    BLOCK_PLAIN = 0
    BLOCK_DTOR = 1
    BLOCK_VARSIZE = 2

cdef enum:
    BLOCK_ALIGN = 64

cdef bint varsize_known = False  # whether the handle of what varies in size looks as it is known here


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
    memset(block, 0, sizeof(block_t))
    block.size = size
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


cdef void free_tables(start_t *start) noexcept nogil:
    # What dictionaries and typed lists own besides their block: their destructors free it, and give back a reference of
    # each of the items. None of those may go before all have had their turn, so each object is held meanwhile. A block
    # of another size owns nothing, so that its destructor is not needed.
    cdef block_t *block = <block_t *>start.heap
    cdef void *dtor
    while block != NULL:
        if block.meminfo != NULL:
            nrt_acquire(block.meminfo)
        block = block.next
    block = <block_t *>start.heap
    while block != NULL:
        dtor = block.dtor
        block.dtor = NULL
        if dtor != NULL and block.size == sizeof(void *):
            call_dtor(dtor, block + 1, block.size)
        block = block.next


cdef void forget_containers(start_t *start) noexcept nogil:
    # The program was left in the middle of whatever it did, perhaps to a list: what could be broken is not touched.
    cdef block_t *block = <block_t *>start.heap
    cdef block_t *next
    while block != NULL:
        next = block.next
        if block.kind != BLOCK_PLAIN:
            start.leaked += (<meminfo_t *>block.meminfo).size if block.kind == BLOCK_VARSIZE else block.size
            block_leave(block)
        block = next


cdef void heap_free(start_t *start) noexcept nogil:
    # Numba counts the references of its objects; those of a frame that is gone are taken off until the last. Everything
    # that a list holds is on the task's own list as well, so what is in it is not looked at.
    cdef block_t *block
    cdef bint last
    give_back(start)
    if start.state & START_OVERFLOWED:
        forget_containers(start)
    elif start.state & START_TABLES:
        free_tables(start)
    while start.heap != NULL:
        block = <block_t *>start.heap
        if block.borrowed:
            block.orphan = 1
            block_leave(block)
        elif block.meminfo != NULL:
            if block.kind == BLOCK_VARSIZE:
                (<meminfo_t *>block.meminfo).dtor_info = NULL
            block.dtor = NULL
            last = (<meminfo_t *>block.meminfo).refct == 1
            nrt_release(block.meminfo)
            if unlikely(last and start.heap == block):  # the interpreter ends: Numba's runtime calls no `numba_dtor`
                block_leave(block)
                free(block)
        else:
            block_leave(block)
            free(block)


# ------------------------------------------------------------------------------------------ Numba's objects
cdef void numba_dtor(void *data) noexcept nogil:
    # The last reference is gone.
    cdef block_t *block = <block_t *>data - 1
    cdef void *dtor = block.dtor
    block.dtor = NULL
    if dtor != NULL:
        call_dtor(dtor, data, block.size)
    block_leave(block)
    free(block)


cdef void *numba_block(start_t *start, size_t size, uint32_t kind, void *dtor) noexcept nogil:
    # A MemInfo, or NULL.
    cdef block_t *block = block_new(start, size)
    if block == NULL:
        return NULL
    block.kind = kind
    block.dtor = dtor
    block.meminfo = nrt_manage(block + 1, numba_dtor)
    if block.meminfo == NULL:
        block_leave(block)
        free(block)
        return NULL
    return block.meminfo


cdef void *numba_alloc(size_t size, uint32_t align) noexcept nogil:
    # NRT_MemInfo_alloc_aligned: arrays.
    cdef start_t *start = running_start()
    if start == NULL or align > BLOCK_ALIGN:
        return nrt_aligned(size, align)
    return numba_block(start, size, BLOCK_PLAIN, NULL)


cdef void *numba_alloc_plain(size_t size) noexcept nogil:
    # NRT_MemInfo_alloc: strings.
    cdef start_t *start = running_start()
    return nrt_plain(size) if start == NULL else numba_block(start, size, BLOCK_PLAIN, NULL)


cdef void *numba_alloc_dtor(size_t size, void *dtor) noexcept nogil:
    # NRT_MemInfo_alloc_dtor: dictionaries, typed lists, objects of jitclass and structref.
    cdef start_t *start = running_start()
    if start == NULL:
        return nrt_dtor(size, dtor)
    start.state |= START_TABLES
    return numba_block(start, size, BLOCK_DTOR, dtor)


cdef void varsize_free(void *meminfo, void *block) noexcept nogil:
    # The last reference is gone, and its data with it.
    block_leave(<block_t *>block)
    free(block)
    nrt_free(meminfo)


cdef void *varsize_join(start_t *start, void *meminfo, size_t size) noexcept nogil:
    cdef varsize_t *beside
    if start == NULL or meminfo == NULL:
        return meminfo
    beside = <varsize_t *>malloc(sizeof(varsize_t)) if varsize_known else NULL
    if beside == NULL:
        start.leaked += size  # it may be
        return meminfo
    memset(beside, 0, sizeof(varsize_t))
    beside.block.kind = BLOCK_VARSIZE
    beside.block.meminfo = meminfo
    beside.allocator.free = varsize_free
    beside.allocator.opaque = beside
    (<meminfo_t *>meminfo).allocator = &beside.allocator
    block_join(start, &beside.block)
    return meminfo


cdef void *numba_varsize(size_t size) noexcept nogil:
    # NRT_MemInfo_new_varsize.
    return varsize_join(running_start(), nrt_varsize(size), size)


cdef void *numba_varsize_dtor(size_t size, void *dtor) noexcept nogil:
    # NRT_MemInfo_new_varsize_dtor: lists and sets.
    return varsize_join(running_start(), nrt_varsize_dtor(size, dtor), size)


cdef void probe_free(void *meminfo, void *freed) noexcept nogil:
    (<bint *>freed)[0] = True
    nrt_free(meminfo)


cdef bint varsize_probe() noexcept nogil:
    # Whether a handle looks as `meminfo_t` says, and its allocator is asked to free it.
    cdef meminfo_t *mi = <meminfo_t *>nrt_varsize_dtor(24, <void *>probe_free)
    cdef allocator_t allocator
    cdef bint freed = False
    if mi == NULL:
        return False
    if mi.refct != 1 or mi.dtor_info != <void *>probe_free or mi.size != 24 or mi.allocator != NULL:
        return False
    memset(&allocator, 0, sizeof(allocator_t))
    allocator.free = probe_free
    allocator.opaque = &freed
    mi.dtor_info = NULL
    mi.allocator = &allocator
    nrt_release(mi)
    return freed


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


cdef int64_t heap_keep_all(kernel_t *k, task_t *t) noexcept nogil:
    # The result is an object that holds others. The program has returned, so what is left is what the result holds.
    cdef block_t *block = <block_t *>k.host[task_index(k, t)].start.heap
    cdef block_t *next
    while block != NULL:
        next = block.next
        if block.meminfo != NULL:
            block_leave(block)
        block = next
    return 0


cdef bint numba_set_api(void **functions) noexcept nogil:
    # Addresses in the order of the enum above. Whether all that Numba makes can be followed.
    global varsize_known
    memcpy(nrt_functions, functions, NRT_FUNCTIONS * sizeof(void *))
    varsize_known = varsize_probe()
    return varsize_known
