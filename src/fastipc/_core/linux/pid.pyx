"""Process ids: the lowest free number after the last one given, wrapping to 300; process groups and sessions.

Source: kernel/pid.c (alloc_pid, attach_pid, change_pid, transfer_pid). Invariant: the leaders in the lists of a number
are those whose processes name it.
"""


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


cdef int32_t alloc_pid(kernel_t *k, uint32_t task, uint32_t ns) noexcept nogil:
    # In namespace `ns` and in all around it.
    cdef int64_t next = k.last_pid + 1, upid = alloc_upid(k, ns) if unlikely(ns != 0) else 0
    cdef int64_t pid = find_free(k, next, k.pid_max)
    if pid == 0:
        pid = find_free(k, RESERVED_PIDS if next > RESERVED_PIDS else 1, min(next, k.pid_max))
    if upid < 0:
        if pid and pid_ns_row(k, ns).closed:  # it was had, and is given back
            k.last_pid = <uint32_t>pid
        return <int32_t>upid
    if pid == 0:
        if upid:
            upid_abandon(k, <uint32_t>upid)
        return -EAGAIN
    if unlikely(upid != 0):
        upid_name(k, <uint32_t>upid, <int32_t>pid)
    k.last_pid = <uint32_t>pid
    pidbits_row(k, <uint32_t>(pid // 64) + 1).word |= <uint64_t>1 << (pid & 63)
    k.table[T_PIDBITS].high = max(k.table[T_PIDBITS].high, <uint32_t>(pid // 64) + 2)
    k.table[T_PID].high = max(k.table[T_PID].high, <uint32_t>pid + 1)
    k.table[T_PID].nlive += 1
    pid_row(k, <uint32_t>pid).task = task
    pid_row(k, <uint32_t>pid).count += 1
    return <int32_t>pid


cdef void free_pid_of_task(kernel_t *k, int32_t pid) noexcept nogil:
    pid_row(k, <uint32_t>pid).task = 0
    free_pid(k, pid)


# ------------------------------------------------------------------------------------------ groups and sessions
cdef void change_pid(kernel_t *k, task_t *t, int type, int32_t number) noexcept nogil:
    detach_pid(k, t, type)
    pid_number(k, t, type)[0] = number
    attach_pid(k, t, type)


cdef void transfer_pid(kernel_t *k, task_t *old, task_t *new, int type) noexcept nogil:
    # Another thread leads the process now, at the old leader's place in the list.
    cdef uint32_t me = task_index(k, new)
    new.pid_next[type] = old.pid_next[type]
    new.pid_prev[type] = old.pid_prev[type]
    if new.pid_next[type]:
        task_row(k, new.pid_next[type]).pid_prev[type] = me
    if new.pid_prev[type]:
        task_row(k, new.pid_prev[type]).pid_next[type] = me
    else:
        pid_row(k, <uint32_t>pid_number(k, new, type)[0]).leaders[type] = me


# ------------------------------------------------------------------------------------------ checks
cdef bint leaders_check(kernel_t *k, uint32_t number, int type, uint32_t *found) noexcept nogil:
    cdef uint32_t i = pid_row(k, number).leaders[type], prev = 0
    cdef task_t *t
    while i:
        t = task_row(k, i)
        if not check(k, t.live and t.state != EXIT_DEAD and t.group_leader == i and t.pid_prev[type] == prev
                     and pid_number(k, t, type)[0] == <int32_t>number, b"pid: broken list of a group or session"):
            return False
        found[0] += 1
        prev = i
        i = t.pid_next[type]
    return True


cdef bint pid_check(kernel_t *k) noexcept nogil:
    cdef uint32_t number, task, taken = 0, leaders = 0, found = 0
    cdef pidmap_t *pid
    cdef uint32_t used
    for number in range(1, k.table[T_PID].high):
        pid = pid_row(k, number)
        task = pid.task
        used = task != 0 or pid.leaders[PIDTYPE_PGID] != 0 or pid.leaders[PIDTYPE_SID] != 0
        taken += used
        if not (check(k, (pidbits_row(k, number // 64 + 1).word >> (number & 63) & 1) == used,
                      b"pid: bit map is wrong")
                and check(k, task == 0 or (task_row(k, task).live and task_row(k, task).pid == <int32_t>number),
                          b"pid: number of another task")
                and leaders_check(k, number, PIDTYPE_PGID, &found) and leaders_check(k, number, PIDTYPE_SID, &found)):
            return False
        leaders += task != 0 and task_row(k, task).group_leader == task
    return (check(k, taken == k.table[T_PID].nlive, b"pid: numbers miscounted")
            and check(k, found == 2 * leaders, b"pid: process without a group or a session"))
