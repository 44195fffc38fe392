/* What the memory of a signal to oneself and its handler takes alone. For each line "N" on its input it does N times, and
 * then prints an empty line, nothing but to write and to read what such a signal writes and reads: the frame of 440
 * bytes on the stack, with the registers behind the call, the row beside it, the registers of the handler, its
 * arguments and its siginfo; to call a handler that does nothing; and to read registers and mask back. All of it stays
 * in the nearest cache. Nothing is looked up, checked, translated, counted or hashed.
 */
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#define DONE() __asm__ volatile("" ::: "memory") /* what was written is in memory, and is to be read from there */

/* Words are written and read two at a time, as the fewest stores and loads that any x86-64 has for them. */
typedef uint64_t pair __attribute__((vector_size(16), aligned(8), may_alias));

#define PAIR(to, a, b) (*(pair *)(to) = (pair){(a), (b)})

#define COPY(to, from, pairs) \
    _Pragma("GCC unroll 32") for (int j = 0; j < (pairs); j++) ((pair *)(to))[j] = ((const pair *)(from))[j]

#define ZERO(to, pairs) _Pragma("GCC unroll 32") for (int j = 0; j < (pairs); j++) ((pair *)(to))[j] = (pair){0, 0}

enum { DI = 8, DX = 12, CX = 14, SP, IP, FLAGS }; /* registers by number, as a frame has them */

struct frame { /* struct rt_sigframe: 55 words */
    uint64_t pretcode, flags, link, stack[3], registers[18], segments, rest[13], mask, info[16];
};

struct row { /* sigframe_t: what is kept beside the frame */
    uint64_t head[6], info[6];
};

static uint64_t registers[18], mask, prepared[8];
static struct row row;
static _Alignas(4096) char stack[4096];

static long nothing(void *machine, void *task, uint64_t *arguments, void **error)
{
    (void)machine, (void)task, (void)arguments, (void)error;
    return 0;
}

static long (*volatile handler)(void *, void *, uint64_t *, void **) = nothing;

static inline void begin(struct frame *f, uint64_t i)
{
    PAIR(&row.info[0], 10, 0);
    PAIR(&row.info[2], i, 0);
    PAIR(&row.info[4], 0, 0);
    f->pretcode = i;
    PAIR(&f->flags, 6, 0);
    PAIR(&f->stack[0], 0, 2);
    f->stack[2] = 0;
    PAIR(&f->registers[0], 0, registers[1]);
    PAIR(&f->registers[2], 0, registers[FLAGS]);
    COPY(f->registers + 4, registers + 4, 2);
    PAIR(&f->registers[DI], i, 10);
    COPY(f->registers + 10, registers + 10, 1);
    PAIR(&f->registers[DX], 0, 0);
    PAIR(&f->registers[CX], i, registers[SP]);
    PAIR(&f->registers[IP], i, registers[FLAGS]);
    f->segments = 0x2b000000000033;
    ZERO(f->rest, 6);
    PAIR(&f->rest[12], 0, mask);
    COPY(f->info, row.info, 3);
    ZERO(f->info + 6, 5);
    PAIR(&row.head[0], 1, 0);
    PAIR(&row.head[2], 10, (uint64_t)f);
    PAIR(&row.head[4], i, mask);
    PAIR(&registers[0], 0, registers[1]);
    PAIR(&registers[2], 0, registers[FLAGS]);
    PAIR(&registers[DI], 10, (uint64_t)f->info);
    PAIR(&registers[DX], (uint64_t)&f->flags, 0);
    PAIR(&registers[CX], i, (uint64_t)f);
    PAIR(&registers[IP], i, registers[FLAGS]);
    mask |= 512;
    DONE();
}

static inline void run(void)
{
    uint64_t arguments[8], siginfo[16];
    void *error = NULL;
    COPY(arguments, prepared, 4);
    ZERO(siginfo + 4, 6);
    PAIR(&siginfo[0], row.info[0], row.info[1]);
    PAIR(&siginfo[2], row.info[2], 0);
    arguments[0] = row.info[0];
    arguments[5] = (uint64_t)siginfo;
    DONE();
    handler(NULL, NULL, arguments, &error);
    DONE();
}

static inline void end(struct frame *f)
{
    COPY(registers, f->registers, 9);
    mask = f->mask;
    row.head[0] = 0;
    DONE();
}

int main(void)
{
    struct frame *f = (struct frame *)(stack + 2048 - 8); /* as the stack pointer is where a function begins */
    char line[32];
    while (fgets(line, sizeof(line), stdin)) {
        long n = 0;
        for (char *p = line; *p >= '0' && *p <= '9'; p++)
            n = 10 * n + (*p - '0');
        for (long i = 0; i < n; i++) {
            begin(f, (uint64_t)i);
            run();
            end(f);
        }
        if (write(1, "\n", 1) != 1)
            return 1;
    }
    return 0;
}
