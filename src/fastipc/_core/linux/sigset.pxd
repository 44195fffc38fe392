# Sets of signals: 64 bits, signal n at bit n - 1. Source: include/linux/signal.h, kernel/signal.c (next_signal).

cdef extern from *:
    int ctz_set "__builtin_ctzll"(unsigned long long) nogil

cdef enum:  # sets by what the kernel does with a signal of its own accord
    SIG_KERNEL_ONLY_MASK = 0x40100  # SIGKILL, SIGSTOP: neither caught, ignored nor blocked
    SIG_KERNEL_STOP_MASK = 0x3c0000  # SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU
    SIG_KERNEL_JOB_MASK = 0x3e0000  # those and SIGCONT: they do something when they are sent
    SIG_KERNEL_COREDUMP_MASK = 0x418004fc
    SIG_KERNEL_IGNORE_MASK = 0x8430000  # SIGCHLD, SIGCONT, SIGURG, SIGWINCH
    SYNCHRONOUS_MASK = 0x400004d8  # SIGSEGV, SIGBUS, SIGILL, SIGTRAP, SIGFPE, SIGSYS

cdef enum:
    KERNEL_SIGRTMIN = 32  # the C library keeps the first two to itself
    NSIG_LAST = 64


cdef inline uint64_t sigmask(int64_t sig) noexcept nogil:
    return <uint64_t>1 << (sig - 1)


cdef inline bint valid_signal(int64_t sig) noexcept nogil:
    return <uint64_t>sig <= NSIG_LAST


cdef inline void sigaddset(uint64_t *set, int sig) noexcept nogil:
    set[0] |= sigmask(sig)


cdef inline void sigdelset(uint64_t *set, int sig) noexcept nogil:
    set[0] &= ~sigmask(sig)


cdef inline bint sigismember(uint64_t set, int sig) noexcept nogil:
    return set >> (sig - 1) & 1


cdef inline uint64_t sigorsets(uint64_t a, uint64_t b) noexcept nogil:
    return a | b


cdef inline uint64_t sigandsets(uint64_t a, uint64_t b) noexcept nogil:
    return a & b


cdef inline uint64_t sigandnsets(uint64_t a, uint64_t b) noexcept nogil:
    return a & ~b


cdef inline int next_signal(uint64_t pending, uint64_t blocked) noexcept nogil:
    # The signal to take first: faults before all others, then the lowest number. 0 if all are blocked.
    cdef uint64_t ready = pending & ~blocked
    if ready == 0:
        return 0
    if ready & <uint64_t>SYNCHRONOUS_MASK:
        ready &= <uint64_t>SYNCHRONOUS_MASK
    return 1 + ctz_set(ready)


cdef inline bint sig_kernel_only(int sig) noexcept nogil:
    return sig == SIGKILL or sig == SIGSTOP


cdef inline bint sig_kernel_stop(int sig) noexcept nogil:
    return SIGSTOP <= sig <= SIGTTOU


cdef inline bint sig_kernel_ignore(int sig) noexcept nogil:
    return sigmask(sig) & <uint64_t>SIG_KERNEL_IGNORE_MASK != 0


cdef inline bint sig_kernel_coredump(int sig) noexcept nogil:
    return sigmask(sig) & <uint64_t>SIG_KERNEL_COREDUMP_MASK != 0
