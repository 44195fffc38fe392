/* What the memory of a crowd takes alone: `crowd_floor N` prints the nanoseconds that a turn of one of N tasks takes if
 * nothing is done but to read ahead, and to touch, the cache lines that a turn of compiled_crowd.py touches: three of
 * the task's row, one of the host's addresses, four of a stack on a small page of its own in a slot of 64 KiB, two open
 * files, two pipes, descriptors in two tables, a buffer. Tables are on huge pages, as those of a machine. There is no
 * system call, no switch, and no look at any of it.
 */
#define _GNU_SOURCE
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#define LINE 64
#define HUGE ((size_t)2 << 20)
#define SLOT ((size_t)64 << 10)
#define AHEAD 12
#define LEAST_TURNS 10000000

enum { TASK, HOST, STACK, FILES, PIPES, FILES_STRUCT, DESCRIPTORS, BUFFER, PARTS };
static const size_t stride[PARTS] = {320, 32, SLOT, 128, 128, 32, 64, 96};
static char *part[PARTS];

static char *map(size_t size, int advice)
{
    char *p = mmap(NULL, size + HUGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (p == MAP_FAILED) {
        perror("mmap");
        exit(1);
    }
    p = (char *)(((uintptr_t)p + HUGE - 1) & ~(HUGE - 1));
    madvise(p, size, advice);
    return p;
}

static inline char *at(int which, size_t task)
{
    char *p = part[which] + task * stride[which];
    return which == STACK ? p + SLOT - 2048 + task * 7 % 16 * LINE : p; /* tops spread over the cache's sets */
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

/* Every line of a task, and the pipe of its partner: read ahead, or touched. */
static inline __attribute__((always_inline)) void each(size_t task, int touch)
{
#define LINE_OF(p) (touch ? (void)++*(volatile uint64_t *)(p) : __builtin_prefetch(p))
    LINE_OF(at(TASK, task));
    LINE_OF(at(TASK, task) + LINE);
    LINE_OF(at(TASK, task) + 2 * LINE);
    LINE_OF(at(HOST, task));
    LINE_OF(at(STACK, task));
    LINE_OF(at(STACK, task) + LINE);
    LINE_OF(at(STACK, task) + 2 * LINE);
    LINE_OF(at(STACK, task) + 3 * LINE);
    LINE_OF(at(FILES, task));
    LINE_OF(at(FILES, task) + LINE);
    LINE_OF(at(PIPES, task));
    LINE_OF(at(PIPES, task ^ 1));
    LINE_OF(at(FILES_STRUCT, task));
    LINE_OF(at(DESCRIPTORS, task));
    LINE_OF(at(BUFFER, task));
}

int main(int argc, char **argv)
{
    size_t n = argc > 1 ? strtoul(argv[1], NULL, 10) & ~(size_t)1 : 0, rounds;
    double start, best = 1e30;
    if (n < 2)
        return 2;
    for (int w = 0; w < PARTS; w++)
        part[w] = map(n * stride[w], w == STACK ? MADV_NOHUGEPAGE : MADV_HUGEPAGE);
    for (size_t i = 0; i < n; i++)
        each(i, 1);
    rounds = LEAST_TURNS / n + 1;
    for (int repeat = 0; repeat < 3; repeat++) {
        start = now();
        for (size_t r = 0; r < rounds; r++)
            for (size_t i = 0; i < n; i++) {
                size_t next = i + AHEAD < n ? i + AHEAD : (i + AHEAD) % n;
                each(next, 0);
                each(i, 1);
            }
        start = (now() - start) / ((double)rounds * (double)n);
        best = start < best ? start : best;
    }
    printf("%.2f\n", best);
    return 0;
}
