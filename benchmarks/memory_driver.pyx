"""The page allocator and the page cache without anything around them, for ``memory_core.py``, and their limits in C;
and first touches of pages, for ``memory_operations.py``."""

from libc.stdint cimport uint32_t, uint64_t
from libc.stdlib cimport free, malloc

from fastipc._core.layout cimport *
from fastipc._core.mechanism cimport *
from fastipc._core.entries cimport TaskCore

cdef extern from *:
    """
    #include <stdint.h>
    #include <string.h>
    /* The least that each job takes: arrays of a fixed size, no counters, no checks. */
    static uint32_t lifo[64], flat[1 << 14];

    static inline uint32_t xorshift(uint64_t *s)
    {
        *s ^= *s << 13;
        *s ^= *s >> 7;
        *s ^= *s << 17;
        return (uint32_t)(*s >> 32);
    }

    /* What has taken a page need not be who gives it back: the number of those there lies in memory in between. */
    static void limit_pairs(long n)
    {
        static uint32_t count = 32;
        uint32_t *left = &count;
        while (n--) {
            __asm__ volatile("" : "+r"(left) : : "memory");
            uint32_t page = lifo[--*left];
            __asm__ volatile("" : "+r"(left) : : "memory");
            lifo[(*left)++] = page;
        }
    }

    /* A buddy allocator of orders 0 to 10 and nothing else: lists of free blocks by number, 0 is none. */
    enum { BLOCKS = 1 << 14, ORDERS = 11 };
    static uint32_t head[ORDERS], next_of[BLOCKS + 1], prev_of[BLOCKS + 1];
    static int8_t order_of[BLOCKS + 1];

    static inline void buddy_push(uint32_t page, int order)
    {
        order_of[page] = order;
        prev_of[page] = 0;
        next_of[page] = head[order];
        prev_of[head[order]] = page;
        head[order] = page;
    }

    static inline void buddy_remove(uint32_t page, int order)
    {
        order_of[page] = -1;
        if (prev_of[page])
            next_of[prev_of[page]] = next_of[page];
        else
            head[order] = next_of[page];
        prev_of[next_of[page]] = prev_of[page];
    }

    static inline uint32_t buddy_alloc(void)
    {
        int order = 0;
        uint32_t page;
        while (!head[order])
            order++;
        page = head[order];
        buddy_remove(page, order);
        while (order--)
            buddy_push(page + (1u << order), order);
        return page;
    }

    static inline void buddy_free(uint32_t page)
    {
        int order = 0;
        for (; order < ORDERS - 1; order++) {
            uint32_t buddy = ((page - 1) ^ (1u << order)) + 1;
            if (order_of[buddy] != order)
                break;
            buddy_remove(buddy, order);
            page = ((page - 1) & ~(1u << order)) + 1;
        }
        buddy_push(page, order);
    }

    static uint64_t limit_mix(long n, uint32_t held, uint32_t *pages, uint64_t s)
    {
        memset(head, 0, sizeof(head));
        memset(order_of, -1, sizeof(order_of));
        for (uint32_t i = 0; i < BLOCKS; i += 1 << (ORDERS - 1))
            buddy_push(i + 1, ORDERS - 1);
        for (uint32_t i = 0; i < held; i++)
            pages[i] = buddy_alloc();
        while (n--) {
            uint32_t i = xorshift(&s) & (held - 1);
            buddy_free(pages[i]);
            pages[i] = buddy_alloc();
        }
        return pages[0];
    }

    static uint64_t limit_lookups(long n, uint64_t s)
    {
        uint64_t sum = 0;
        for (uint32_t i = 0; i < 1 << 14; i++)
            flat[i] = i;
        __asm__ volatile("" : : "r"(flat) : "memory");
        while (n--)
            sum += flat[xorshift(&s) & ((1 << 14) - 1)];
        return sum;
    }
    """
    uint32_t xorshift(uint64_t *s) nogil
    void limit_pairs(long n) nogil
    uint64_t limit_mix(long n, uint32_t held, uint32_t *pages, uint64_t s) nogil
    uint64_t limit_lookups(long n, uint64_t s) nogil


cdef uint64_t SEED = 88172645463325252
CACHED = 1 << 14  # pages of the file that is looked at


def pairs(TaskCore task, long n):
    """Allocate a page and free it, `n` times."""
    cdef kernel_t *k = task.k
    with nogil:
        while n:
            put_page(k, alloc_page(k))
            n -= 1


def pairs_limit(TaskCore task, long n):
    """The same on a stack of numbers."""
    limit_pairs(n)


def mix(TaskCore task, long n, uint32_t held=4096):
    """Hold pages; free a random one and allocate one, `n` times."""
    cdef kernel_t *k = task.k
    cdef uint32_t *pages = <uint32_t *>malloc(held * sizeof(uint32_t))
    cdef uint32_t i
    cdef uint64_t s = SEED
    for i in range(held):
        pages[i] = alloc_page(k)
    with nogil:
        while n:
            i = xorshift(&s) & (held - 1)
            put_page(k, pages[i])
            pages[i] = alloc_page(k)
            n -= 1
    for i in range(held):
        put_page(k, pages[i])
    free(pages)


def mix_limit(TaskCore task, long n, uint32_t held=4096):
    """The same of a buddy allocator that keeps nothing but its lists."""
    cdef uint32_t *pages = <uint32_t *>malloc(held * sizeof(uint32_t))
    limit_mix(n, held, pages, SEED)
    free(pages)


def lookups(TaskCore task, int fd, long n):
    """Look up random pages of an open file of `CACHED` pages."""
    cdef kernel_t *k = task.k
    cdef inode_t *inode = inode_row(k, fdget(k, task.t, fd).inode)
    cdef uint64_t s = SEED, sum = 0
    with nogil:
        while n:
            sum += find_page(k, inode, xorshift(&s) & ((1 << 14) - 1))
            n -= 1
    return sum


def lookups_limit(TaskCore task, int fd, long n):
    """The same in an array."""
    return limit_lookups(n, SEED)


cdef inline long touch_pages(kernel_t *k, task_t *t, uint64_t at, long pages) noexcept nogil:
    # What a store of a byte to each does; how many are left if one may not be written to.
    cdef mm_t *mm = mm_row(k, t.mm)
    cdef char *byte
    cdef int fault = 0
    while pages:
        byte = translate_near(k, mm, at, True)
        if byte == NULL:
            byte = translate_slow(k, t, at, True, &fault)
            if byte == NULL:
                break
        byte[0] = 1
        at += 4096
        pages -= 1
    return pages


def touch(TaskCore task, uint64_t at, long pages):
    """Write to each of so many pages; how many are left if one may not be written to."""
    return touch_pages(task.k, task.t, at, pages)


def touch_again(TaskCore task, int shmid, long pages, long n):
    """Attach a segment, write to each of its pages, detach it, `n` times."""
    cdef kernel_t *k = task.k
    cdef task_t *t = task.t
    cdef uint64_t at
    with nogil:
        while n:
            at = <uint64_t>do_shmat(k, t, shmid, 0, 0)
            touch_pages(k, t, at, pages)
            do_shmdt(k, t, at)
            n -= 1
