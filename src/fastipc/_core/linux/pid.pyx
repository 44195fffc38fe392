"""Process ids: the lowest free number after the last one given, wrapping to 300. Source: kernel/pid.c (alloc_pid)."""


cdef extern from *:
    int ctzll "__builtin_ctzll"(unsigned long long) nogil

cdef enum:
    RESERVED_PIDS = 300


cdef int64_t find_free(kernel_t *k, int64_t start, int64_t end) noexcept nogil:
    # Lowest free pid in start..end-1, or 0.
    cdef int64_t word = start // 64, pid
    cdef uint64_t free
    if start >= end:
        return 0
    free = ~pidbits_row(k, <uint32_t>word + 1).word & (~<uint64_t>0 << (start & 63))
    while free == 0:
        word += 1
        if word * 64 >= end:
            return 0
        free = ~pidbits_row(k, <uint32_t>word + 1).word
    pid = word * 64 + ctzll(free)
    return pid if pid < end else 0


cdef int32_t alloc_pid(kernel_t *k, uint32_t task) noexcept nogil:
    cdef int64_t next = k.last_pid + 1
    cdef int64_t pid = find_free(k, next, k.pid_max)
    if pid == 0:
        pid = find_free(k, RESERVED_PIDS if next > RESERVED_PIDS else 1, min(next, k.pid_max))
    if pid == 0:
        return -EAGAIN
    k.last_pid = <uint32_t>pid
    pidbits_row(k, <uint32_t>(pid // 64) + 1).word |= <uint64_t>1 << (pid & 63)
    k.table[T_PIDBITS].high = max(k.table[T_PIDBITS].high, <uint32_t>(pid // 64) + 2)
    k.table[T_PID].high = max(k.table[T_PID].high, <uint32_t>pid + 1)
    k.table[T_PID].nlive += 1
    pid_row(k, <uint32_t>pid).task = task
    return <int32_t>pid


cdef void free_pid(kernel_t *k, int32_t pid) noexcept nogil:
    pidbits_row(k, <uint32_t>(pid // 64) + 1).word &= ~(<uint64_t>1 << (pid & 63))
    pid_row(k, <uint32_t>pid).task = 0
    k.table[T_PID].nlive -= 1


cdef bint pid_check(kernel_t *k) noexcept nogil:
    cdef uint32_t pid, task, live = 0
    for pid in range(1, k.table[T_PID].high):
        task = pid_row(k, pid).task
        live += task != 0
        if not (check(k, (pidbits_row(k, pid // 64 + 1).word >> (pid & 63) & 1) == (task != 0),
                      b"pid: bit map is wrong")
                and check(k, task == 0 or (task_row(k, task).live and task_row(k, task).pid == <int32_t>pid),
                          b"pid: number of another task")):
            return False
    return check(k, live == k.table[T_PID].nlive, b"pid: numbers miscounted")
