/* The real side of the operations of compiled programs, from C: what the operating system itself costs.
 *
 * `real_os WHAT` reads numbers from its standard input, does WHAT that many times for each, and answers each with an
 * empty line. WHAT: write_read (1 byte through a pipe, one process), trips (1 byte there and back between two
 * processes on one processor), threads (pthread_create and pthread_join).
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static int there[2], back[2];

static void must(int ok)
{
    if (!ok)
        exit(1);
}

static void write_read(long n)
{
    char byte = 0;
    while (n--)
        must(write(there[1], &byte, 1) == 1 && read(there[0], &byte, 1) == 1);
}

static void trips(long n)
{
    char byte = 0;
    while (n--)
        must(write(there[1], &byte, 1) == 1 && read(back[0], &byte, 1) == 1);
}

static void answer(void)
{
    char byte;
    while (read(there[0], &byte, 1) == 1)
        must(write(back[1], &byte, 1) == 1);
    _exit(0);
}

static void *nothing(void *arg)
{
    return arg;
}

static void threads(long n)
{
    pthread_t thread;
    while (n--)
        must(pthread_create(&thread, NULL, nothing, NULL) == 0 && pthread_join(thread, NULL) == 0);
}

int main(int argc, char **argv)
{
    void (*work)(long) = NULL;
    char line[32];
    must(argc == 2 && pipe(there) == 0 && pipe(back) == 0);
    if (strcmp(argv[1], "write_read") == 0)
        work = write_read;
    else if (strcmp(argv[1], "threads") == 0)
        work = threads;
    else if (strcmp(argv[1], "trips") == 0) {
        work = trips;
        if (fork() == 0) {
            close(there[1]);
            answer();
        }
        close(there[0]);
        trips(300); /* untimed: the first ones copy the pages that the two share */
    }
    must(work != NULL);
    while (fgets(line, sizeof(line), stdin)) {
        work(atol(line));
        must(write(1, "\n", 1) == 1);
    }
    return 0;
}
