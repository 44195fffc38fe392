// The real side of the oracle: one process of this program is one simulated "machine room".
//
// The program talks to the tests through shared memory only, so no descriptor of a task is ever in use by the tests:
// a task sees the numbers 0, 1, 2, ... as fastipc's do. Each task (process or thread) serves one slot: it sleeps on
// the slot's state word, makes the system call that it finds there, and stores the result. Buffers are in the shared
// memory too, at the same address in every task. There is no C library here: a thread needs nothing but a stack.
//
// Its address space is as bare as it can be, so that the addresses the kernel chooses are the same everywhere: nothing
// is at random, there is no vdso, and nothing is mapped above the shared memory but the stack.
//
//     worker FILE supervisor CPU PRIORITY CONTROLLER     start; becomes the parent of orphans
//     worker FILE SLOT                                   after execve
//
// Linux on x86-64 only.

typedef unsigned long u64;

enum { NSLOTS = 256, BASE_PAGE = 4096, STACK = 16384 };
enum { FREE = 0, IDLE = 1, REQUEST = 2, RUNNING = 3, DONE = 4, END = 5 };
enum {  // requests that are not one raw call
    DO_CLONE = -1, DO_EXEC = -2, DO_SPAWN = -3, DO_LOAD = -4, DO_STORE = -5, DO_TOUCH = -6, DO_FILE = -7,
    DO_SIGACTION = -8
};
static const u64 BASE = 0x100000000000UL;  // of the shared memory, in every task
static const u64 MMAP_BASE = 0x7ffff7fff000UL;  // below it the kernel chooses addresses
static const u64 DATA = 1UL << 20;  // offset of the first slot's data
static const u64 AREA = 2UL << 20;  // bytes of data of one slot

typedef struct {
    int state;
    int tid;
    long nr;
    long arg[6];
    long ret;
    long fault[3];  // signal, code and address of the access that ended the task
    long order;  // when its last call ended
    long pad[3];
} slot_t;

typedef struct {
    int controller;  // pid
    int ready;  // 1: supervisor runs; 2: with real-time priority
    char path[768];  // of this program, of the shared memory, of the tasks' root if they have one of their own
    long order;  // calls that have ended
} header_t;

#define HEADER ((volatile header_t *)BASE)
#define SLOT(i) ((slot_t *)(BASE + BASE_PAGE) + (i))

// The last page of the program, of rights that no case asks for: so that the heap, which follows, never joins it.
static char fence[2 * BASE_PAGE] __attribute__((aligned(BASE_PAGE), section(".bss.zfence")));
static char stacks[NSLOTS][STACK] __attribute__((aligned(64)));

static inline long sys6(long nr, long a, long b, long c, long d, long e, long f)
{
    long ret;
    register long r10 __asm__("r10") = d, r8 __asm__("r8") = e, r9 __asm__("r9") = f;
    __asm__ volatile("syscall" : "=a"(ret) : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    return ret;
}
#define sys(nr, a, b, c, d) sys6(nr, (long)(a), (long)(b), (long)(c), (long)(d), 0, 0)

enum {
    SYS_read = 0, SYS_open = 2, SYS_close = 3, SYS_mmap = 9, SYS_mprotect = 10, SYS_munmap = 11, SYS_rt_sigaction = 13,
    SYS_rt_sigprocmask = 14,
    SYS_nanosleep = 35, SYS_clone = 56, SYS_execve = 59, SYS_exit = 60, SYS_kill = 62, SYS_chdir = 80, SYS_unlink = 87,
    SYS_readlink = 89, SYS_umask = 95, SYS_getrlimit = 97, SYS_getrusage = 98,
    SYS_setsid = 112, SYS_setgroups = 116, SYS_setresuid = 117, SYS_setresgid = 119, SYS_personality = 135,
    SYS_sched_setscheduler = 144,
    SYS_prctl = 157, SYS_setrlimit = 160, SYS_chroot = 161, SYS_gettid = 186, SYS_futex = 202, SYS_sched_setaffinity = 203,
    SYS_exit_group = 231, SYS_close_range = 436
};

typedef struct {
    void *handler;
    u64 flags;
    void *restorer;
    u64 mask;
} action_t;

void restore(void);  // rt_sigreturn
static void serve(slot_t *s) __attribute__((noreturn));

static void start_thread(slot_t *s) __attribute__((noreturn, used));
static void start_thread(slot_t *s)
{
    serve(s);
}

// clone with a new stack: the child calls start_thread(slot) on it.
static long clone_on_stack(long flags, char *top, slot_t *child)
{
    long ret;
    register long r10 __asm__("r10") = 0, r8 __asm__("r8") = 0;
    register slot_t *keep __asm__("r12") = child;
    __asm__ volatile("syscall\n\t"
                     "test %%rax, %%rax\n\t"
                     "jnz 1f\n\t"
                     "xor %%ebp, %%ebp\n\t"
                     "mov %%r12, %%rdi\n\t"
                     "call start_thread\n\t"
                     "1:"
                     : "=a"(ret) : "a"(SYS_clone), "D"(flags), "S"(top), "d"(0), "r"(r10), "r"(r8), "r"(keep)
                     : "rcx", "r11", "memory");
    return ret;
}

static void write_number(char *out, long n)
{
    char digits[24];
    int i = 0, j = 0;
    do digits[i++] = '0' + n % 10; while (n /= 10);
    while (i) out[j++] = digits[--i];
    out[j] = 0;
}

static long read_number(const char *s)
{
    long n = 0;
    while (*s) n = n * 10 + (*s++ - '0');
    return n;
}

// The number of this thread where the controller is: that of /proc, also in a PID namespace of its own.
static int inner;

static int my_tid(void)
{
    char link[64];
    long n = sys(SYS_readlink, "/proc/thread-self", link, sizeof link - 1, 0), at, tid = sys(SYS_gettid, 0, 0, 0, 0);
    if (n <= 0) return tid;
    link[n] = 0;
    for (at = n; at > 0 && link[at - 1] != '/'; at--) {}
    if (read_number(link + at) != tid) inner = 1;  // and so it stays, for whoever shares this memory
    return read_number(link + at);
}

static void default_signals(void)
{
    u64 act[4] = {0, 0, 0, 0};
    for (int sig = 1; sig <= 64; sig++) sys(SYS_rt_sigaction, sig, act, 0, 8);
}

// What a fresh process of fastipc starts with: a session of its own, default signals, limits, no descriptors.
static void become_task(long uid, long gid, long n, const int *groups)
{
    u64 nofile[2] = {1024, 4096};
    const char *root = (const char *)HEADER->path + 512;
    default_signals();
    if (*root && (sys(SYS_chroot, root, 0, 0, 0) || sys(SYS_chdir, "/", 0, 0, 0))) sys(SYS_exit_group, 1, 0, 0, 0);
    sys(SYS_setsid, 0, 0, 0, 0);
    sys(SYS_umask, 022, 0, 0, 0);
    sys(SYS_setrlimit, 7, nofile, 0, 0);
    sys(SYS_setgroups, n, groups, 0, 0);
    if (uid || gid) {
        sys(SYS_setresgid, gid, gid, gid, 0);
        sys(SYS_setresuid, uid, uid, uid, 0);
        sys(SYS_prctl, 4, 1, 0, 0);  // PR_SET_DUMPABLE, as after execve: /proc/PID/fd is the user's own
    }
}

static void execute(slot_t *s)
{
    char number[24];
    char *argv[4], *envp[1] = {0};
    argv[0] = HEADER->path[512] ? "/proc/thread-self/exe" : (char *)HEADER->path;
    argv[1] = HEADER->path[512] ? "/proc/cmdline" : (char *)HEADER->path + 256;  // see root.py
    argv[2] = number;
    argv[3] = 0;
    write_number(number, s - SLOT(0));
    s->ret = sys(SYS_execve, argv[0], argv, envp, 0);
}

// Accesses of the program. One that faults is noted in the slot and then made again, without the handler.
enum { SIGBUS = 7, SIGSEGV = 11, SIGINFO = 4, RESTORER = 0x4000000, NODEFER = 0x40000000 };
static slot_t *accessing;
static action_t before_bus, before_segv;

static void faulted(int sig, const int *info)
{
    accessing->fault[0] = sig;
    accessing->fault[1] = info[2];
    accessing->fault[2] = *(const long *)(info + 4);
    sys(SYS_rt_sigaction, SIGBUS, &before_bus, 0, 8);
    sys(SYS_rt_sigaction, SIGSEGV, &before_segv, 0, 8);
}

// Handlers: each run is a line of a journal in the shared memory, which all tasks share.
enum { JOURNAL = 1 << 16, LINES = 4096 };
typedef struct {
    int slot, sig, code, pid, status, pad;
    u64 value, mask;
} line_t;

static void handled(int sig, const int *info)
{
    volatile u64 *count = (volatile u64 *)(BASE + JOURNAL);
    line_t *line = (line_t *)(BASE + JOURNAL + 64) + *count % LINES;
    int tid = inner ? my_tid() : sys(SYS_gettid, 0, 0, 0, 0), i = 1;
    while (i < NSLOTS - 1 && SLOT(i)->tid != tid) i++;
    line->slot = i;
    line->sig = info[0];
    line->code = info[2];
    line->pid = info[4];
    line->status = info[6];
    line->value = *(const u64 *)(info + 6);
    sys(SYS_rt_sigprocmask, 0, 0, &line->mask, 8);
    ++*count;
}

// signal, what (0 default, 1 ignored, 2 the handler, 3 only ask), mask, flags; where the old one goes: what, flags, mask
static long set_action(slot_t *s)
{
    action_t new = {0, s->arg[3] | RESTORER, restore, s->arg[2]}, old = {0, 0, 0, 0};
    u64 *out = (u64 *)s->arg[4];
    long ret;
    new.handler = s->arg[1] == 2 ? handled : (void (*)(int, const int *))s->arg[1];
    ret = sys(SYS_rt_sigaction, s->arg[0], s->arg[1] == 3 ? 0 : &new, &old, 8);
    out[0] = (u64)old.handler > 1 ? 2 : (u64)old.handler;
    out[1] = old.flags;
    out[2] = old.mask;
    return ret;
}

static void copy(volatile char *to, const volatile char *from, long n)
{
    for (long i = 0; i < n; i++) to[i] = from[i];
}

static long faults(void)
{
    long usage[18];
    sys(SYS_getrusage, 1, usage, 0, 0);  // RUSAGE_THREAD
    return usage[8] + usage[9];  // minor, major
}

// One access to each of `pages` pages; returns how many faults that took.
static long touch(volatile char *at, long pages, long writing)
{
    long start = faults();
    for (long i = 0; i < pages; i++) {
        if (writing) at[i * BASE_PAGE] = i + 1;
        else (void)at[i * BASE_PAGE];
    }
    return faults() - start;
}

static long access_memory(slot_t *s)
{
    action_t action = {faulted, SIGINFO | RESTORER | NODEFER, restore, 0};
    volatile char page[BASE_PAGE];
    long ret = 0;
    accessing = s;
    sys(SYS_rt_sigaction, SIGBUS, &action, &before_bus, 8);
    sys(SYS_rt_sigaction, SIGSEGV, &action, &before_segv, 8);
    touch(page, 1, 1);  // what it needs itself is there
    if (s->nr == DO_TOUCH) ret = touch((volatile char *)s->arg[0], s->arg[1], s->arg[2]);
    else copy((char *)s->arg[0], (const char *)s->arg[1], s->arg[2]);
    sys(SYS_rt_sigaction, SIGBUS, &before_bus, 0, 8);
    sys(SYS_rt_sigaction, SIGSEGV, &before_segv, 0, 8);
    return ret;
}

// The text of a file, by a descriptor that is gone again.
static long file_text(const char *path, char *to, long size)
{
    long n, got = 0, fd = sys(SYS_open, path, 02000000, 0, 0);
    if (fd < 0) return fd;
    while ((n = sys(SYS_read, fd, to + got, size - got, 0)) > 0) got += n;
    sys(SYS_close, fd, 0, 0, 0);
    return n < 0 ? n : got;
}

// The supervisor's end: every task is its child, or becomes it when those above are gone.
static void end_all(void) __attribute__((noreturn));
static void end_all(void)
{
    char text[4096];
    long n, pid, pause[2] = {0, 1000000};
    do {
        int fd = sys(SYS_open, "/proc/thread-self/children", 0, 0, 0);
        n = sys(SYS_read, fd, text, sizeof text, 0);
        sys(SYS_close, fd, 0, 0, 0);
        pid = 0;
        for (long i = 0; i < n; i++) {
            if (text[i] != ' ') {
                pid = pid * 10 + (text[i] - '0');
            } else {
                sys(SYS_kill, pid, 9, 0, 0);
                pid = 0;
            }
        }
        sys(SYS_nanosleep, pause, 0, 0, 0);
    } while (n > 0);
    sys(SYS_unlink, HEADER->path, 0, 0, 0);
    sys(SYS_unlink, HEADER->path + 256, 0, 0, 0);
    sys(SYS_exit_group, 0, 0, 0, 0);
    __builtin_unreachable();
}

static void serve(slot_t *s)
{
    long timeout[2] = {5, 0};
    s->tid = my_tid();
    if (s->state != RUNNING) __atomic_store_n(&s->state, IDLE, __ATOMIC_SEQ_CST);
    for (;;) {
        int state = __atomic_load_n(&s->state, __ATOMIC_SEQ_CST);
        if (state == RUNNING) {  // a new program after execve
            s->ret = 0;
            __atomic_store_n(&s->state, DONE, __ATOMIC_SEQ_CST);
            continue;
        }
        if (state != REQUEST) {
            long r = state == END ? 0 : sys(SYS_futex, &s->state, 0, state, timeout);
            if (state == END || (r == -110 && !inner && sys(SYS_kill, HEADER->controller, 0, 0, 0) == -3)) {
                if (s == SLOT(0)) end_all();
                sys(SYS_exit_group, 0, 0, 0, 0);
            }
            continue;
        }
        __atomic_store_n(&s->state, RUNNING, __ATOMIC_SEQ_CST);
        long ret;
        if (s->nr == DO_CLONE) {  // flags, slot of the child
            slot_t *child = SLOT(s->arg[1]);
            if (s->arg[0] & 0x100) {
                ret = clone_on_stack(s->arg[0], stacks[s->arg[1]] + STACK - 64, child);
            } else {
                ret = sys(SYS_clone, s->arg[0], 0, 0, 0);
                if (ret == 0) {
                    s = child;
                    s->tid = my_tid();
                    __atomic_store_n(&s->state, IDLE, __ATOMIC_SEQ_CST);
                    continue;
                }
            }
        } else if (s->nr == DO_SPAWN) {  // slot of the child, uid, gid, number of groups, groups
            long child = s->arg[0], uid = s->arg[1], gid = s->arg[2], n = s->arg[3];
            const int *groups = (const int *)s->arg[4];
            ret = sys(SYS_clone, 17, 0, 0, 0);
            if (ret == 0) {
                s = SLOT(child);
                become_task(uid, gid, n, groups);
                s->tid = sys(SYS_gettid, 0, 0, 0, 0);
                __atomic_store_n(&s->state, IDLE, __ATOMIC_SEQ_CST);
                continue;
            }
        } else if (s->nr == DO_EXEC) {
            execute(s);
            ret = s->ret;
        } else if (s->nr == DO_LOAD || s->nr == DO_STORE || s->nr == DO_TOUCH) {
            ret = access_memory(s);
        } else if (s->nr == DO_SIGACTION) {
            ret = set_action(s);
        } else if (s->nr == DO_FILE) {
            ret = file_text((const char *)s->arg[0], (char *)s->arg[1], s->arg[2]);
        } else {
            ret = sys6(s->nr, s->arg[0], s->arg[1], s->arg[2], s->arg[3], s->arg[4], s->arg[5]);
        }
        s->ret = ret;
        s->order = __atomic_add_fetch((long *)&HEADER->order, 1, __ATOMIC_SEQ_CST);
        __atomic_store_n(&s->state, DONE, __ATOMIC_SEQ_CST);
        sys(SYS_futex, &s->state, 1, 1, 0);
    }
}

void start(long *stack) __attribute__((noreturn, used));
void start(long *stack)
{
    long argc = stack[0];
    char **argv = (char **)(stack + 1);
    u64 size = DATA + NSLOTS * AREA;
    u64 nofile[2], all[2];
    int fd;
    if (argc > 3 && !(sys(SYS_personality, 0xffffffff, 0, 0, 0) & 0x40000)) {  // ADDR_NO_RANDOMIZE
        sys(SYS_personality, 0x40000, 0, 0, 0);
        sys(SYS_execve, argv[0], argv, argv + argc + 1, 0);
    }
    sys(SYS_munmap, MMAP_BASE - 0x100000, 0x100000, 0, 0);  // the vdso and its data
    sys(SYS_mprotect, fence, sizeof fence, 6, 0);
    sys(SYS_prctl, 41, 1, 0, 0);  // PR_SET_THP_DISABLE
    if (argc > 3) sys(SYS_close_range, 0, 0x7fffffff, 0, 0);
    sys(SYS_getrlimit, 7, nofile, 0, 0);  // the task may have no number left under its soft limit
    all[0] = all[1] = nofile[1];
    sys(SYS_setrlimit, 7, all, 0, 0);
    fd = sys(SYS_open, argv[1], 2, 0, 0);
    if (fd < 0 || sys6(SYS_mmap, BASE, size, 3, 1 | 0x100000, fd, 0) != (long)BASE) sys(SYS_exit_group, 1, 0, 0, 0);
    sys(SYS_close, fd, 0, 0, 0);
    sys(SYS_setrlimit, 7, nofile, 0, 0);
    if (argc > 3) {
        u64 act[4] = {1, 0, 0, 0}, mask[16] = {0};
        int priority = read_number(argv[4]), realtime;
        HEADER->controller = read_number(argv[5]);
        mask[read_number(argv[3]) / 64] = 1UL << (read_number(argv[3]) % 64);
        default_signals();
        sys(SYS_rt_sigaction, 17, act, 0, 8);  // children that nobody waits for vanish at once
        sys(SYS_prctl, 36, 1, 0, 0);  // PR_SET_CHILD_SUBREAPER
        sys(SYS_sched_setaffinity, 0, sizeof mask, mask, 0);
        realtime = priority && sys(SYS_sched_setscheduler, 0, 1, &priority, 0) == 0;
        HEADER->ready = 1 + realtime;
        serve(SLOT(0));
    }
    serve(SLOT(read_number(argv[2])));
}

__asm__(".globl _start\n_start:\n\txor %ebp, %ebp\n\tmov %rsp, %rdi\n\tand $-16, %rsp\n\tcall start\n");
__asm__("restore:\n\tmov $15, %eax\n\tsyscall\n");
