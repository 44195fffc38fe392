# What one uid holds: pages of pipes, tasks, signals, locked memory. Source: kernel/user.c, kernel/ucount.c.
#
# A user has a row in each user namespace that it is in. What is charged there is charged to the owner of the namespace
# too, where that was made, and so on. Pages of pipes are charged to the row in the first namespace alone.


cdef enum:
    UCOUNT_RLIMIT_NPROC = 0
    UCOUNT_RLIMIT_SIGPENDING = 1
    UCOUNT_RLIMIT_MEMLOCK = 2

cdef uint32_t alloc_uid(kernel_t *k, uint32_t ns, uint32_t uid) noexcept nogil  # counted reference, or 0
cdef bint over_outer_limit(kernel_t *k, uint32_t user, int type, uint64_t more) noexcept nogil
cdef bint user_check(kernel_t *k) noexcept nogil
cdef void free_uid_last(kernel_t *k, uint32_t user) noexcept nogil


cdef inline void get_uid(kernel_t *k, uint32_t user) noexcept nogil:
    user_row(k, user).count += 1


cdef inline void free_uid(kernel_t *k, uint32_t user) noexcept nogil:
    user_row(k, user).count -= 1
    if unlikely(user_row(k, user).count == 0):
        free_uid_last(k, user)


cdef inline uint32_t outer_user(kernel_t *k, uint32_t user) noexcept nogil:
    # Who is charged too, 0 at last.
    cdef uint32_t ns = user_row(k, user).ns
    return 0 if likely(ns == 0) else user_ns_row(k, ns).ucounts


cdef inline uint32_t first_user(kernel_t *k, uint32_t user) noexcept nogil:
    return user if likely(user_row(k, user).first == 0) else user_row(k, user).first


cdef inline void charge_processes(kernel_t *k, uint32_t user, int32_t n) noexcept nogil:
    while user:
        user_row(k, user).processes += <uint32_t>n
        user = outer_user(k, user)


cdef inline void charge_sigpending(kernel_t *k, uint32_t user, int64_t n) noexcept nogil:
    while user:
        user_row(k, user).sigpending += <uint64_t>n
        user = outer_user(k, user)


cdef inline void charge_locked_shm(kernel_t *k, uint32_t user, int64_t pages) noexcept nogil:
    while user:
        user_row(k, user).locked_shm += <uint64_t>pages
        user = outer_user(k, user)


cdef inline bint over_limit(kernel_t *k, uint32_t user, int type, uint64_t more) noexcept nogil:
    # Whether the namespaces that a user is in do not allow so much more; its own limit is the caller's to look at.
    return unlikely(user_row(k, user).ns != 0) and over_outer_limit(k, user, type, more)
