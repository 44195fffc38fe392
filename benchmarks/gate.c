/* The programs of gate.py: machine code that makes system calls of the simulated machine by their addresses, so that
 * nothing is counted but the mechanism. `args` holds the addresses of the calls and the numbers; see gate.py.
 */
#include <stdint.h>

typedef int64_t call0_t(void *k, void *t);
typedef int64_t call1_t(void *k, void *t, int64_t a);
typedef int64_t call3_t(void *k, void *t, int64_t a, int64_t b, int64_t c);

struct args {
    call3_t *read, *write;
    call1_t *close, *dup, *nanosleep;
    call0_t *getpid, *sched_yield;
    int64_t a, b, n;
};

#define PROGRAM(name) int64_t name(void *k, void *t, struct args *s, void **error)

PROGRAM(calls)
{
    for (int64_t i = 0; i < s->n; i++)
        s->getpid(k, t);
    return 0;
}

PROGRAM(write_read)
{
    char byte = 0;
    for (int64_t i = 0; i < s->n; i++) {
        s->write(k, t, s->b, (int64_t)&byte, 1);
        s->read(k, t, s->a, (int64_t)&byte, 1);
    }
    return 0;
}

PROGRAM(write_read_page)
{
    char page[4096] = {0};
    for (int64_t i = 0; i < s->n; i++) {
        s->write(k, t, s->b, (int64_t)page, sizeof(page));
        s->read(k, t, s->a, (int64_t)page, sizeof(page));
    }
    return 0;
}

PROGRAM(dup_close)
{
    for (int64_t i = 0; i < s->n; i++)
        s->close(k, t, s->dup(k, t, s->a));
    return 0;
}

PROGRAM(answer)
{
    char byte = 0;
    for (int64_t i = 0; i < s->n; i++) {
        s->read(k, t, s->a, (int64_t)&byte, 1);
        s->write(k, t, s->b, (int64_t)&byte, 1);
    }
    return 0;
}

PROGRAM(yields)
{
    for (int64_t i = 0; i < s->n; i++)
        s->sched_yield(k, t);
    return 0;
}

PROGRAM(sleeps)
{
    for (int64_t i = 0; i < s->n; i++)
        s->nanosleep(k, t, 1000);
    return 0;
}
