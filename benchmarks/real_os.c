/* The real side of the operations of compiled programs, from C: what the operating system itself costs.
 *
 * `real_os WHAT` reads numbers from its standard input, does WHAT that many times for each, and answers each with an
 * empty line. WHAT: write_read (1 byte through a pipe, one process), trips (1 byte there and back between two
 * processes on one processor), turns (getpid and sched_yield of two such), threads (pthread_create and pthread_join);
 * in a directory of tmpfs that is made for it: fifo (mkfifo, open both ends, close them, unlink), stat_one, stat_five
 * (paths of so many components), fstat, open_close, and the calls of every_call.py; on System V shared memory: shm_4k,
 * shm_64m (made, attached, detached and removed untouched), first_touch, touch_again (a page of a new segment, of a
 * present one that is attached anew); on semaphores and queues: semop_pair, semop_10, semop_100, setval, sem_trips,
 * msg_1, msg_trips, and wake_simple and wake_complex (one semop that wakes one of 1,000 threads); on signals:
 * sigprocmask, kill_self (with a handler), and signal_trips (kill and sigwaitinfo between two processes on one
 * processor).
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/syscall.h>
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

static void give_way(long n)
{
    while (n--) {
        syscall(SYS_getpid);
        must(sched_yield() == 0);
    }
}

static void turns(long n)
{
    static int started;
    if (!started++ && fork() == 0) {
        close(there[1]);
        while (read(there[0], &n, sizeof(n)) == sizeof(n))
            give_way(n);
        _exit(0);
    }
    must(write(there[1], &n, sizeof(n)) == sizeof(n));
    give_way(n);
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

/* ---- System V shared memory: TOUCHED pages at a time, each written to */
enum { TOUCHED = 256, PAGE = 4096 };

static void shm_cycle(long n, size_t size)
{
    while (n--) {
        int id = shmget(IPC_PRIVATE, size, 0600);
        void *at = shmat(id, NULL, 0);
        must(id >= 0 && at != (void *)-1 && shmdt(at) == 0 && shmctl(id, IPC_RMID, NULL) == 0);
    }
}

static void shm_4k(long n)
{
    shm_cycle(n, PAGE);
}

static void shm_64m(long n)
{
    shm_cycle(n, 64 << 20);
}

static void touch(volatile char *at)
{
    long i;
    must(at != (void *)-1);
    for (i = 0; i < TOUCHED; i++)
        at[i * PAGE] = 1;
    must(shmdt((void *)at) == 0);
}

static void first_touch(long n)
{
    while (n--) {
        int id = shmget(IPC_PRIVATE, TOUCHED * PAGE, 0600);
        touch(shmat(id, NULL, 0));
        must(shmctl(id, IPC_RMID, NULL) == 0);
    }
}

static void touch_again(long n)
{
    static int id = -1;
    if (id < 0) {
        must((id = shmget(IPC_PRIVATE, TOUCHED * PAGE, 0600)) >= 0);
        void *at = shmat(id, NULL, 0);
        must(shmctl(id, IPC_RMID, NULL) == 0);
        memset(at, 1, TOUCHED * PAGE); /* stays attached, or it would be gone */
    }
    while (n--)
        touch(shmat(id, NULL, 0));
}

/* Semaphores and message queues. All are removed at the end, by whoever made them. */
enum { SLEEPERS = 1000 };
static int set = -1, one = -1, queue = -1; /* a set for all sleepers, a set of one */
static pid_t maker;

static void remove_objects(void)
{
    if (getpid() != maker)
        return;
    semctl(set, 0, IPC_RMID);
    semctl(one, 0, IPC_RMID);
    msgctl(queue, IPC_RMID, NULL);
}

static void make_objects(void)
{
    maker = getpid();
    must((set = semget(IPC_PRIVATE, SLEEPERS + 1, 0600)) >= 0 && (one = semget(IPC_PRIVATE, 1, 0600)) >= 0);
    must((queue = msgget(IPC_PRIVATE, 0600)) >= 0);
    atexit(remove_objects);
}

static void op(int num, int value)
{
    struct sembuf sop = {num, value, 0};
    must(semop(set, &sop, 1) == 0);
}

static void semop_pair(long n)
{
    struct sembuf up = {0, 1, 0}, down = {0, -1, 0};
    while (n--)
        must(semop(one, &up, 1) == 0 && semop(one, &down, 1) == 0);
}

static void semop_many(long n, int count)
{
    struct sembuf sops[100] = {{0, 0, 0}};
    int i;
    for (i = 0; i < count; i++)
        sops[i].sem_num = i;
    while (n--)
        must(semop(set, sops, count) == 0);
}

static void semop_10(long n)
{
    semop_many(n, 10);
}

static void semop_100(long n)
{
    semop_many(n, 100);
}

static void setval(long n)
{
    while (n--)
        must(semctl(one, 0, SETVAL, 1) == 0);
}

static void send_receive(long there_type, long back_type)
{
    struct {
        long type;
        char byte;
    } m = {there_type, 0};
    must(msgsnd(queue, &m, 1, 0) == 0 && msgrcv(queue, &m, 1, back_type, 0) == 1);
}

static void msg_1(long n)
{
    while (n--)
        send_receive(1, 1);
}

static void sem_trips(long n)
{
    static int started;
    if (!started++ && fork() == 0)
        for (;;) { /* until the set is removed */
            op(1, -1);
            op(2, 1);
        }
    while (n--) {
        op(1, 1);
        op(2, -1);
    }
}

static void msg_trips(long n)
{
    static int started;
    if (!started++ && fork() == 0) {
        struct {
            long type;
            char byte;
        } m;
        for (;;) {
            must(msgrcv(queue, &m, 1, 1, 0) == 1);
            m.type = 2;
            must(msgsnd(queue, &m, 1, 0) == 0);
        }
    }
    while (n--)
        send_receive(1, 2);
}

static void *sleeper(void *complex_num)
{
    long num = (long)complex_num >> 1, ops = 1 + ((long)complex_num & 1);
    struct sembuf sops[2] = {{num, -1, 0}, {SLEEPERS, 0, 0}};
    while (semop(set, sops, ops) == 0)
        ;
    return NULL;
}

static void wake(long n, long complex_ones)
{
    static int started;
    static long next;
    pthread_attr_t small;
    pthread_t thread;
    long i;
    if (!started++) {
        pthread_attr_init(&small);
        pthread_attr_setstacksize(&small, 65536);
        for (i = 0; i < SLEEPERS; i++)
            must(pthread_create(&thread, &small, sleeper, (void *)(i << 1 | complex_ones)) == 0);
        usleep(300000);
    }
    while (n--) {
        op(next++ * 7 % SLEEPERS, 1);
        sched_yield();
    }
}

static void wake_simple(long n)
{
    wake(n, 0);
}

static void wake_complex(long n)
{
    wake(n, 1);
}

static sigset_t usr1, queued;

static void ignored(int signo)
{
    (void)signo;
}

static void sigprocmask_loop(long n)
{
    sigemptyset(&usr1);
    sigaddset(&usr1, SIGUSR1);
    while (n--)
        must(sigprocmask(SIG_BLOCK, &usr1, NULL) == 0);
}

static void kill_self(long n)
{
    pid_t me = getpid();
    must(signal(SIGUSR1, ignored) != SIG_ERR);
    while (n--)
        must(kill(me, SIGUSR1) == 0);
}

static void signal_trips(long n)
{
    static pid_t other, me;
    if (!other) {
        me = getpid();
        sigemptyset(&queued);
        sigaddset(&queued, 40);
        must(sigprocmask(SIG_BLOCK, &queued, NULL) == 0 && (other = fork()) >= 0);
        if (!other)
            for (prctl(PR_SET_PDEATHSIG, SIGKILL);;)
                must(sigwaitinfo(&queued, NULL) == 40 && kill(me, 40) == 0);
    }
    while (n--)
        must(kill(other, 40) == 0 && sigwaitinfo(&queued, NULL) == 40);
}

static const struct {
    const char *name;
    void (*work)(long);
} on_signals[] = {{"sigprocmask", sigprocmask_loop}, {"kill_self", kill_self}, {"signal_trips", signal_trips}};

static const struct {
    const char *name;
    void (*work)(long);
} on_objects[] = {{"semop_pair", semop_pair}, {"semop_10", semop_10}, {"semop_100", semop_100}, {"setval", setval},
                  {"sem_trips", sem_trips}, {"msg_1", msg_1}, {"msg_trips", msg_trips}, {"wake_simple", wake_simple},
                  {"wake_complex", wake_complex}};

static int fd; /* of `file`, for reading and writing */
static char buf[64];
static siginfo_t info;

#define LOOP(name, done)          \
    static void loop_##name(long n) \
    {                             \
        while (n--)               \
            must(done);           \
    }

LOOP(mkdir_rmdir, mkdir("x", 0700) == 0 && rmdir("x") == 0)
LOOP(mknod_unlink, mknod("x", 0600, 0) == 0 && unlink("x") == 0)
LOOP(link_unlink, link("file", "x") == 0 && unlink("x") == 0)
LOOP(symlink_readlink_unlink,
     symlink("file", "x") == 0 && readlink("x", buf, sizeof(buf)) == 4 && unlink("x") == 0)
LOOP(rename_twice, rename("file", "x") == 0 && rename("x", "file") == 0)
LOOP(lstat, lstat("file", &(struct stat){0}) == 0)
LOOP(access, access("file", R_OK) == 0)
LOOP(chmod, chmod("file", 0600) == 0)
LOOP(fchmod, fchmod(fd, 0600) == 0)
LOOP(chown, chown("file", -1, -1) == 0)
LOOP(fchown, fchown(fd, -1, -1) == 0)
LOOP(truncate, truncate("file", 64) == 0)
LOOP(ftruncate, ftruncate(fd, 64) == 0)
LOOP(fallocate, fallocate(fd, 0, 0, 64) == 0)
LOOP(fsync, fsync(fd) == 0)
LOOP(pwrite_pread, pwrite(fd, buf, 64, 0) == 64 && pread(fd, buf, 64, 0) == 64)
LOOP(lseek, lseek(fd, 0, SEEK_SET) == 0)
LOOP(chdir, chdir(".") == 0)
LOOP(getcwd, syscall(SYS_getcwd, buf, sizeof(buf)) > 0)
LOOP(umask, umask(022) < 01000)
LOOP(getpid, syscall(SYS_getpid) > 0)
LOOP(getpgid, getpgid(0) > 0)
LOOP(getsid, getsid(0) >= 0)
LOOP(setpgid, setpgid(0, 0) == 0)
LOOP(getresuid, getresuid(&(uid_t){0}, &(uid_t){0}, &(uid_t){0}) == 0)
LOOP(setresuid, syscall(SYS_setresuid, -1, -1, -1) == 0)
LOOP(setgid, syscall(SYS_setgid, getgid()) == 0)
LOOP(getgroups, getgroups(0, NULL) >= 0)
static char *at; /* four pages of private memory, the first of them present */
static int shmid;
static struct shmid_ds ds;

LOOP(mmap_munmap, munmap(mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), PAGE) == 0)
LOOP(mmap_file_munmap, munmap(mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0), PAGE) == 0)
LOOP(mprotect_twice, mprotect(at, PAGE, PROT_READ) == 0 && mprotect(at, PAGE, PROT_READ | PROT_WRITE) == 0)
LOOP(mremap_twice, mremap(at, 4 * PAGE, 2 * PAGE, 0) == at && mremap(at, 2 * PAGE, 4 * PAGE, 0) == at)
LOOP(brk_twice, sbrk(PAGE) != (void *)-1 && sbrk(-PAGE) != (void *)-1)
LOOP(mlock_munlock, mlock(at, PAGE) == 0 && munlock(at, PAGE) == 0)
LOOP(madvise, madvise(at + PAGE, PAGE, MADV_DONTNEED) == 0)
LOOP(msync, msync(at, PAGE, MS_SYNC) == 0)
LOOP(memfd_close, close(memfd_create("m", 0)) == 0)
LOOP(shmget, shmget(0x5eed, 0, 0) >= 0)
LOOP(shmat_shmdt, shmdt(shmat(shmid, NULL, 0)) == 0)
LOOP(shmctl_stat, shmctl(shmid, IPC_STAT, &ds) == 0)
LOOP(waitid, waitid(P_ALL, 0, &info, WNOHANG | WEXITED) < 0)

static void furnish(void)
{
    static char directory[] = "/dev/shm/files-XXXXXX", *made[] = {"a", "a/b", "a/b/c", "a/b/c/d"};
    size_t i;
    must(mkdtemp(directory) != NULL && chdir(directory) == 0);
    for (i = 0; i < sizeof(made) / sizeof(*made); i++)
        must(mkdir(made[i], 0700) == 0);
    must((fd = open("file", O_CREAT | O_RDWR, 0600)) >= 0);
    must(close(open("a/b/c/d/file", O_CREAT | O_WRONLY, 0600)) == 0);
    at = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    must(at != MAP_FAILED && (shmid = shmget(0x5eed, PAGE, IPC_CREAT | 0600)) >= 0);
    *at = 1;
}

static void clear_away(void)
{
    static char here[256], *made[] = {"file", "a/b/c/d/file", "a/b/c/d", "a/b/c", "a/b", "a"};
    size_t i;
    must(getcwd(here, sizeof(here)) != NULL);
    shmctl(shmid, IPC_RMID, NULL);
    for (i = 0; i < sizeof(made) / sizeof(*made); i++)
        remove(made[i]);
    remove(here);
}

static const struct {
    const char *name;
    void (*work)(long);
} on_files[] = {{"fifo", fifo}, {"stat_one", stat_one}, {"stat_five", stat_five}, {"fstat", fstat_file},
                {"open_close", open_close},
                {"mkdir_rmdir", loop_mkdir_rmdir}, {"mknod_unlink", loop_mknod_unlink}, {"link_unlink",
                loop_link_unlink}, {"symlink_readlink_unlink", loop_symlink_readlink_unlink}, {"rename_twice",
                loop_rename_twice}, {"lstat", loop_lstat}, {"access", loop_access}, {"chmod", loop_chmod},
                {"fchmod", loop_fchmod}, {"chown", loop_chown}, {"fchown", loop_fchown}, {"truncate",
                loop_truncate}, {"ftruncate", loop_ftruncate}, {"fallocate", loop_fallocate}, {"fsync", loop_fsync},
                {"pwrite_pread", loop_pwrite_pread}, {"lseek", loop_lseek}, {"chdir", loop_chdir}, {"getcwd",
                loop_getcwd}, {"umask", loop_umask}, {"getpid", loop_getpid}, {"getpgid", loop_getpgid}, {"getsid", loop_getsid}, {"setpgid",
                loop_setpgid}, {"getresuid", loop_getresuid}, {"setresuid", loop_setresuid}, {"setgid",
                loop_setgid}, {"getgroups", loop_getgroups}, {"waitid", loop_waitid}, {"mmap_munmap", loop_mmap_munmap},
                {"mmap_file_munmap", loop_mmap_file_munmap}, {"mprotect_twice", loop_mprotect_twice},
                {"mremap_twice", loop_mremap_twice}, {"brk_twice", loop_brk_twice}, {"mlock_munlock",
                loop_mlock_munlock}, {"madvise", loop_madvise}, {"msync", loop_msync}, {"memfd_close",
                loop_memfd_close}, {"shmget", loop_shmget}, {"shmat_shmdt", loop_shmat_shmdt}, {"shmctl_stat",
                loop_shmctl_stat}};

int main(int argc, char **argv)
{
    void (*work)(long) = NULL;
    char line[32];
    size_t i;
    int files = 0;
    must(argc == 2 && pipe(there) == 0 && pipe(back) == 0);
    if (strcmp(argv[1], "write_read") == 0)
        work = write_read;
    else if (strcmp(argv[1], "turns") == 0)
        work = turns;
    else if (strcmp(argv[1], "threads") == 0)
        work = threads;
    else if (strcmp(argv[1], "shm_4k") == 0)
        work = shm_4k;
    else if (strcmp(argv[1], "shm_64m") == 0)
        work = shm_64m;
    else if (strcmp(argv[1], "first_touch") == 0)
        work = first_touch;
    else if (strcmp(argv[1], "touch_again") == 0)
        work = touch_again;
    else if (strcmp(argv[1], "trips") == 0) {
        work = trips;
        if (fork() == 0) {
            close(there[1]);
            answer();
        }
        close(there[0]);
        trips(300); /* untimed: the first ones copy the pages that the two share */
    }
    for (i = 0; i < sizeof(on_signals) / sizeof(*on_signals); i++)
        if (strcmp(argv[1], on_signals[i].name) == 0)
            work = on_signals[i].work;
    for (i = 0; i < sizeof(on_files) / sizeof(*on_files); i++)
        if (strcmp(argv[1], on_files[i].name) == 0) {
            work = on_files[i].work;
            files = 1;
            furnish();
        }
    for (i = 0; i < sizeof(on_objects) / sizeof(*on_objects); i++)
        if (strcmp(argv[1], on_objects[i].name) == 0) {
            work = on_objects[i].work;
            make_objects();
            work(0); /* untimed: others begin to sleep */
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
