"""Users: one row a uid and user namespace in use, found by hash.

Source: kernel/user.c (alloc_uid, free_uid), kernel/ucount.c (alloc_ucounts, put_ucounts, inc_rlimit_ucounts).
Invariants: a user holds what its own namespace's tasks, signals and segments hold of it, and what is held in the
namespaces that it owns.
"""


cdef inline uint32_t bucket(uint32_t uid) noexcept nogil:
    return (uid * <uint32_t>2654435761) >> 24


cdef uint32_t alloc_uid(kernel_t *k, uint32_t ns, uint32_t uid) noexcept nogil:
    cdef uint32_t *head = &k.user_hash[bucket(uid)]
    cdef uint32_t i = head[0], first = 0
    while i:
        if user_row(k, i).uid == uid and user_row(k, i).ns == ns:
            user_row(k, i).count += 1
            return i
        i = user_row(k, i).next
    if ns:
        first = alloc_uid(k, 0, uid)
        if first == 0:
            return 0
    i = table_alloc(k, T_USER, sizeof(user_t))
    if i:
        user_row(k, i).uid = uid
        user_row(k, i).ns = get_user_ns(k, ns)
        user_row(k, i).first = first
        user_row(k, i).count = 1
        user_row(k, i).next = head[0]
        head[0] = i
    elif first:
        free_uid(k, first)
    return i


cdef void free_uid_last(kernel_t *k, uint32_t user) noexcept nogil:
    cdef user_t *u = user_row(k, user)
    cdef uint32_t *at = &k.user_hash[bucket(u.uid)]
    cdef uint32_t ns = u.ns, first = u.first
    while at[0] != user:
        at = &user_row(k, at[0]).next
    at[0] = u.next
    table_free(k, T_USER, user, sizeof(user_t))
    if first:
        free_uid(k, first)
    put_user_ns(k, ns)


# ------------------------------------------------------------------------------------------ limits of namespaces
cdef inline uint64_t held(user_t *u, int type) noexcept nogil:
    if type == UCOUNT_RLIMIT_NPROC:
        return u.processes
    return u.sigpending if type == UCOUNT_RLIMIT_SIGPENDING else u.locked_shm


cdef bint over_outer_limit(kernel_t *k, uint32_t user, int type, uint64_t more) noexcept nogil:
    # Each namespace limits what its owner holds.
    cdef uint64_t most
    while user_row(k, user).ns:
        most = user_ns_row(k, user_row(k, user).ns).rlimit_max[type]
        user = outer_user(k, user)
        if most != RLIM_INFINITY and held(user_row(k, user), type) + more > most:
            return True
    return False


# ------------------------------------------------------------------------------------------ checks
cdef inline void count_held(kernel_t *k, uint32_t user, uint32_t n) noexcept nogil:
    # In `link`, which no live row uses.
    while user:
        user_row(k, user).link += n
        user = outer_user(k, user)


cdef bint users_hold(kernel_t *k, int type) noexcept nogil:
    # Whether they hold what was counted.
    cdef bint right = True
    cdef uint32_t i
    for i in range(1, k.table[T_USER].high):
        if user_row(k, i).live:
            right = right and user_row(k, i).link == held(user_row(k, i), type)
            user_row(k, i).link = 0
    return right


cdef bint user_check(kernel_t *k) noexcept nogil:
    cdef uint32_t i
    for i in range(1, k.table[T_SIGQUEUE].high):
        if sigqueue_row(k, i).live:
            count_held(k, sigqueue_row(k, i).user, 1)
    if not check(k, users_hold(k, UCOUNT_RLIMIT_SIGPENDING), b"user: signals miscounted"):
        return False
    for i in range(1, k.table[T_SHM].high):
        if shm_row(k, i).live:
            count_held(k, shm_row(k, i).mlock_user, <uint32_t>shm_pages(shm_row(k, i).shm_segsz))
    return check(k, users_hold(k, UCOUNT_RLIMIT_MEMLOCK), b"shm: locked pages miscounted")
