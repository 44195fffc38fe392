# Areas of an address space: found by address, linked in order, split and joined. Source: mm/vma.c, lib/maple_tree.c.
#
# A list in order of address and a tree over it: sorted by address, and a heap by a hash of the row, which keeps it as
# flat as a random one. Each node knows the largest gap in front of an area of its subtree, so that a free place is
# found without looking at all areas.


ctypedef struct vm_operations_t:  # struct vm_operations_struct; NULL where there is nothing to do
    void (*open)(kernel_t *k, vm_area_t *vma) noexcept nogil
    void (*close)(kernel_t *k, vm_area_t *vma) noexcept nogil
    uint32_t (*fault)(kernel_t *k, vm_area_t *vma, uint64_t pgoff, int *err) noexcept nogil  # a page, or 0 and a FAULT_

cdef enum:
    MAX_MAP_COUNT = 65530  # vm.max_map_count
    STACK_GUARD_GAP = 256 * 4096
    MMAP_MIN_ADDR = 65536  # vm.mmap_min_addr
    VM_ACCESS_FLAGS = VM_READ | VM_WRITE | VM_EXEC
    ANON_VMA_FORKED = 0x80000000  # in `anon_vma`: its private pages came by fork; it takes in no area without a number

cdef vm_operations_t[4] vm_operations

cdef uint32_t find_vma_slow(kernel_t *k, mm_t *mm, uint64_t addr) noexcept nogil
cdef uint32_t find_vma_prev(kernel_t *k, mm_t *mm, uint64_t addr) noexcept nogil  # the last that begins below
cdef void vma_link(kernel_t *k, mm_t *mm, uint32_t i) noexcept nogil
cdef void vma_unlink(kernel_t *k, mm_t *mm, uint32_t i) noexcept nogil
cdef void vma_resize(kernel_t *k, uint32_t i, uint64_t start, uint64_t end) noexcept nogil
cdef uint32_t copy_vma_row(kernel_t *k, uint32_t i, uint32_t mm) noexcept nogil  # not linked; 0: see alloc_errno
cdef uint32_t split_vma(kernel_t *k, uint32_t i, uint64_t addr) noexcept nogil  # the upper part, or 0
cdef uint32_t vma_merge(kernel_t *k, uint32_t i) noexcept nogil  # with its neighbours; what it is then part of
cdef uint32_t shift_border(
    kernel_t *k, uint32_t i, uint64_t start, uint64_t end, uint32_t flags
) noexcept nogil  # the neighbour that takes over an end of an area, or 0
cdef void remove_vma(kernel_t *k, uint32_t i) noexcept nogil
cdef void i_mmap_insert(kernel_t *k, uint32_t i) noexcept nogil
cdef uint64_t unmapped_area(kernel_t *k, mm_t *mm, uint64_t len, uint64_t low, uint64_t high) noexcept nogil  # or 0
cdef bint vma_check(kernel_t *k, uint32_t mm) noexcept nogil


cdef inline uint64_t vma_pages(vm_area_t *vma) noexcept nogil:
    return (vma.vm_end - vma.vm_start) >> PAGE_SHIFT


cdef inline uint32_t find_vma(kernel_t *k, mm_t *mm, uint64_t addr) noexcept nogil:
    # The first area that ends above an address, or 0.
    cdef vm_area_t *vma = vma_row(k, mm.mmap_cache)
    if mm.mmap_cache and vma.vm_start <= addr < vma.vm_end:
        return mm.mmap_cache
    return find_vma_slow(k, mm, addr)


cdef inline uint32_t find_vma_intersection(kernel_t *k, mm_t *mm, uint64_t start, uint64_t end) noexcept nogil:
    cdef uint32_t i = find_vma(k, mm, start)
    return i if i and vma_row(k, i).vm_start < end else 0


cdef inline uint64_t vm_start_gap(vm_area_t *vma) noexcept nogil:
    # Where an area may begin one day: a stack keeps its distance.
    if vma.vm_flags & VM_GROWSDOWN:
        return vma.vm_start - STACK_GUARD_GAP if vma.vm_start > STACK_GUARD_GAP else 0
    return vma.vm_start
