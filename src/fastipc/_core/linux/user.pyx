"""Users: one row a uid in use, found by hash. Source: kernel/user.c (alloc_uid, free_uid)."""


cdef inline uint32_t bucket(uint32_t uid) noexcept nogil:
    return (uid * <uint32_t>2654435761) >> 24


cdef uint32_t alloc_uid(kernel_t *k, uint32_t uid) noexcept nogil:
    cdef uint32_t *head = &k.user_hash[bucket(uid)]
    cdef uint32_t i = head[0]
    while i:
        if user_row(k, i).uid == uid:
            user_row(k, i).count += 1
            return i
        i = user_row(k, i).next
    i = table_alloc(k, T_USER, sizeof(user_t))
    if i:
        user_row(k, i).uid = uid
        user_row(k, i).count = 1
        user_row(k, i).next = head[0]
        head[0] = i
    return i


cdef void free_uid_last(kernel_t *k, uint32_t user) noexcept nogil:
    cdef user_t *u = user_row(k, user)
    cdef uint32_t *at = &k.user_hash[bucket(u.uid)]
    while at[0] != user:
        at = &user_row(k, at[0]).next
    at[0] = u.next
    table_free(k, T_USER, user, sizeof(user_t))
