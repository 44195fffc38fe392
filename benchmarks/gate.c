/* The programs of gate.py: machine code that makes system calls of the simulated machine by their addresses, so that
 * nothing is counted but the mechanism. `args` holds the addresses of the calls and the numbers; see gate.py.
 */
#include <stdint.h>

typedef int64_t call0_t(void *k, void *t);
typedef int64_t call1_t(void *k, void *t, int64_t a);
typedef int64_t call2_t(void *k, void *t, int64_t a, int64_t b);
typedef int64_t call3_t(void *k, void *t, int64_t a, int64_t b, int64_t c);
typedef int64_t call4_t(void *k, void *t, int64_t a, int64_t b, int64_t c, int64_t d);
typedef int64_t call5_t(void *k, void *t, int64_t a, int64_t b, int64_t c, int64_t d, int64_t e);

struct args {
    call3_t *read, *write;
    call1_t *close, *dup, *nanosleep;
    call0_t *getpid, *sched_yield;
    call4_t *open;
    call3_t *mkfifo, *stat;
    call2_t *unlink, *fstat;
    call3_t *shmget, *shmat, *shmctl;
    call1_t *shmdt;
    call3_t *store, *load_into;
    call3_t *semop;
    call5_t *msgsnd, *msgrcv_into;
    call2_t *kill;
    call3_t *sigtimedwait, *sigprocmask;
    call5_t *sigaction;
    call2_t *handler;
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

#define PATH(text) (int64_t)text, sizeof(text) - 1

PROGRAM(fifo)
{
    for (int64_t i = 0; i < s->n; i++) {
        s->mkfifo(k, t, PATH("/tmp/fifo"), 0666);
        int64_t r = s->open(k, t, PATH("/tmp/fifo"), 04000, 0), w = s->open(k, t, PATH("/tmp/fifo"), 1, 0);
        s->close(k, t, r);
        s->close(k, t, w);
        s->unlink(k, t, PATH("/tmp/fifo"));
    }
    return 0;
}

PROGRAM(open_close)
{
    for (int64_t i = 0; i < s->n; i++)
        s->close(k, t, s->open(k, t, PATH("/tmp/file"), 0, 0));
    return 0;
}

PROGRAM(stat_five)
{
    char row[256];
    for (int64_t i = 0; i < s->n; i++)
        s->stat(k, t, PATH("/tmp/a/b/c/file"), (int64_t)row);
    return 0;
}

PROGRAM(fstat_pipe)
{
    char row[256];
    for (int64_t i = 0; i < s->n; i++)
        s->fstat(k, t, s->a, (int64_t)row);
    return 0;
}

PROGRAM(segment)
{
    for (int64_t i = 0; i < s->n; i++) {
        int64_t id = s->shmget(k, t, 0, 4096, 0600);
        s->shmdt(k, t, s->shmat(k, t, id, 0, 0));
        s->shmctl(k, t, id, 0, 0);
    }
    return 0;
}

PROGRAM(first_touch)
{
    char byte = 1;
    for (int64_t i = 0; i < s->n; i++) {
        int64_t id = s->shmget(k, t, 0, 256 * 4096, 0600), at = s->shmat(k, t, id, 0, 0);
        for (int64_t j = 0; j < 256; j++)
            s->store(k, t, at + j * 4096, (int64_t)&byte, 1);
        s->shmdt(k, t, at);
        s->shmctl(k, t, id, 0, 0);
    }
    return 0;
}

PROGRAM(touch_again)
{
    char byte = 1;
    int64_t id = s->shmget(k, t, 0, 256 * 4096, 0600), kept = s->shmat(k, t, id, 0, 0);
    for (int64_t j = 0; j < 256; j++)
        s->store(k, t, kept + j * 4096, (int64_t)&byte, 1);
    for (int64_t i = 0; i < s->n; i++) {
        int64_t at = s->shmat(k, t, id, 0, 0);
        for (int64_t j = 0; j < 256; j++)
            s->store(k, t, at + j * 4096, (int64_t)&byte, 1);
        s->shmdt(k, t, at);
    }
    return 0;
}

PROGRAM(store_load)
{
    int64_t word = 1, id = s->shmget(k, t, 0, 4096, 0600), at = s->shmat(k, t, id, 0, 0);
    for (int64_t i = 0; i < s->n; i++) {
        s->store(k, t, at, (int64_t)&word, 8);
        s->load_into(k, t, at, (int64_t)&word, 8);
    }
    return 0;
}

/* Pairs on set 0 and on queue 0: `a` is what this program raises or sends, `b` what it waits for. */
#define SEMAPHORES \
    int16_t up[3] = {(int16_t)s->a, 1, 0}, down[3] = {(int16_t)s->b, -1, 0}

PROGRAM(semaphore_trips)
{
    SEMAPHORES;
    for (int64_t i = 0; i < s->n; i++) {
        s->semop(k, t, 0, (int64_t)up, sizeof(up));
        s->semop(k, t, 0, (int64_t)down, sizeof(down));
    }
    return 0;
}

PROGRAM(semaphore_answers)
{
    SEMAPHORES;
    for (int64_t i = 0; i < s->n; i++) {
        s->semop(k, t, 0, (int64_t)down, sizeof(down));
        s->semop(k, t, 0, (int64_t)up, sizeof(up));
    }
    return 0;
}

PROGRAM(message_trips)
{
    char byte = 0;
    for (int64_t i = 0; i < s->n; i++) {
        s->msgsnd(k, t, 0, s->a, (int64_t)&byte, 1, 0);
        s->msgrcv_into(k, t, 0, (int64_t)&byte, 1, s->b, 0);
    }
    return 0;
}

PROGRAM(message_answers)
{
    char byte = 0;
    for (int64_t i = 0; i < s->n; i++) {
        s->msgrcv_into(k, t, 0, (int64_t)&byte, 1, s->b, 0);
        s->msgsnd(k, t, 0, s->a, (int64_t)&byte, 1, 0);
    }
    return 0;
}

/* `a` is the other's number, `b` that of the signal. */
PROGRAM(signal_trips)
{
    int64_t set = (int64_t)1 << (s->b - 1);
    s->sigprocmask(k, t, 0, 1, set);
    s->sched_yield(k, t);
    for (int64_t i = 0; i < s->n; i++) {
        s->kill(k, t, s->a, s->b);
        s->sigtimedwait(k, t, set, 0, -1);
    }
    return 0;
}

PROGRAM(signal_answers)
{
    int64_t set = (int64_t)1 << (s->b - 1);
    s->sigprocmask(k, t, 0, 1, set);
    for (int64_t i = 0; i < s->n; i++) {
        s->sigtimedwait(k, t, set, 0, -1);
        s->kill(k, t, s->a, s->b);
    }
    return 0;
}

static int64_t nothing(void *k, void *t, char *record, void **error)
{
    return 0;
}

PROGRAM(kill_self)
{
    static struct {
        void *entry;
        int32_t size, signo_at, info_at, pad;
    } layout = {(void *)nothing, 0, -1, -1, 0};
    s->sigaction(k, t, s->b, 1, s->handler(k, t, (int64_t)nothing, (int64_t)&layout), 0, 0);
    for (int64_t i = 0; i < s->n; i++)
        s->kill(k, t, s->a, s->b);
    return 0;
}
