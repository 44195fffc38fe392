/* The real side of the operations of compiled programs, from C: what the operating system itself costs.
 *
 * `real_os WHAT` reads numbers from its standard input, does WHAT that many times for each, and answers each with an
 * empty line. WHAT: write_read (1 byte through a pipe, one process), trips (1 byte there and back between two
 * processes on one processor), threads (pthread_create and pthread_join); in a directory of tmpfs that is made for it:
 * fifo (mkfifo, open both ends, close them, unlink), stat_one, stat_five (paths of so many components), fstat,
 * open_close.
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
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

static void fifo(long n)
{
    while (n--) {
        int r, w;
        must(mkfifo("fifo", 0666) == 0 && (r = open("fifo", O_RDONLY | O_NONBLOCK)) >= 0);
        must((w = open("fifo", O_WRONLY)) >= 0 && close(r) == 0 && close(w) == 0 && unlink("fifo") == 0);
    }
}

static void stat_one(long n)
{
    struct stat st;
    while (n--)
        must(stat("a", &st) == 0);
}

static void stat_five(long n)
{
    struct stat st;
    while (n--)
        must(stat("a/b/c/d/file", &st) == 0);
}

static void fstat_file(long n)
{
    struct stat st;
    int fd = open("file", O_RDONLY);
    while (n--)
        must(fstat(fd, &st) == 0);
    close(fd);
}

static void open_close(long n)
{
    while (n--)
        must(close(open("file", O_RDONLY)) == 0);
}

static void furnish(void)
{
    static char directory[] = "/dev/shm/files-XXXXXX", *made[] = {"a", "a/b", "a/b/c", "a/b/c/d"};
    size_t i;
    must(mkdtemp(directory) != NULL && chdir(directory) == 0);
    for (i = 0; i < sizeof(made) / sizeof(*made); i++)
        must(mkdir(made[i], 0700) == 0);
    must(close(open("file", O_CREAT | O_WRONLY, 0600)) == 0);
    must(close(open("a/b/c/d/file", O_CREAT | O_WRONLY, 0600)) == 0);
}

static void clear_away(void)
{
    static char here[256], *made[] = {"file", "a/b/c/d/file", "a/b/c/d", "a/b/c", "a/b", "a"};
    size_t i;
    must(getcwd(here, sizeof(here)) != NULL);
    for (i = 0; i < sizeof(made) / sizeof(*made); i++)
        remove(made[i]);
    remove(here);
}

static const struct {
    const char *name;
    void (*work)(long);
} on_files[] = {{"fifo", fifo}, {"stat_one", stat_one}, {"stat_five", stat_five}, {"fstat", fstat_file},
                {"open_close", open_close}};

int main(int argc, char **argv)
{
    void (*work)(long) = NULL;
    char line[32];
    size_t i;
    int files = 0;
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
    for (i = 0; i < sizeof(on_files) / sizeof(*on_files); i++)
        if (strcmp(argv[1], on_files[i].name) == 0) {
            work = on_files[i].work;
            files = 1;
            furnish();
        }
    must(work != NULL);
    while (fgets(line, sizeof(line), stdin)) {
        work(atol(line));
        must(write(1, "\n", 1) == 1);
    }
    if (files)
        clear_away();
    return 0;
}
