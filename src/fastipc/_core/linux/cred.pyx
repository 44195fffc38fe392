"""Credentials and supplementary groups: shared by count, copied to be changed.

Source: kernel/cred.c (prepare_creds, commit_creds, put_cred), kernel/groups.c (groups_sort, groups_search). Processes
made by fork share their parent's row where Linux copies it at once, which nobody can see. Missing: keyrings, security
labels.
"""


cdef extern from "<stdlib.h>" nogil:
    void qsort(void *base, size_t n, size_t size, int (*compare)(const void *, const void *) noexcept nogil)


# ------------------------------------------------------------------------------------------ supplementary groups
cdef inline int groups_order(uint32_t ngroups) noexcept nogil:
    # Of the run that holds so many.
    cdef int order = 0
    while (<uint32_t>1 << order) < ngroups:
        order += 1
    return order


cdef int compare_groups(const void *a, const void *b) noexcept nogil:
    cdef uint32_t x = (<const group_t *>a).gid, y = (<const group_t *>b).gid
    return (x > y) - (x < y)


cdef uint32_t groups_copy(kernel_t *k, const uint32_t *gids, uint32_t ngroups) noexcept nogil:
    cdef uint32_t i = table_alloc(k, T_GROUP_INFO, sizeof(group_info_t)), at
    cdef group_info_t *info = group_info_row(k, i)
    if i == 0:
        return 0
    info.count = 1
    info.ngroups = ngroups
    info.groups = table_alloc_run(k, T_GROUP, groups_order(ngroups))
    if info.groups == 0:
        table_free(k, T_GROUP_INFO, i, sizeof(group_info_t))
        return 0
    for at in range(ngroups):
        group_row(k, info.groups + at).live = 1
        group_row(k, info.groups + at).gid = gids[at]
    groups_sort(k, info)
    return i


cdef void groups_sort(kernel_t *k, group_info_t *info) noexcept nogil:
    qsort(group_row(k, info.groups), info.ngroups, sizeof(group_t), compare_groups)


cdef bint groups_search(kernel_t *k, uint32_t i, uint32_t gid) noexcept nogil:
    cdef group_info_t *info = group_info_row(k, i)
    cdef uint32_t left = 0, right, mid
    if i == 0:
        return False
    right = info.ngroups
    while left < right:
        mid = (left + right) // 2
        if gid == group_row(k, info.groups + mid).gid:
            return True
        if gid > group_row(k, info.groups + mid).gid:
            left = mid + 1
        else:
            right = mid
    return False


cdef void put_group_info(kernel_t *k, uint32_t i) noexcept nogil:
    cdef group_info_t *info = group_info_row(k, i)
    info.count -= 1
    if info.count:
        return
    memset(group_row(k, info.groups), 0, info.ngroups * sizeof(group_t))
    table_free_run(k, T_GROUP, info.groups, groups_order(info.ngroups))
    table_free(k, T_GROUP_INFO, i, sizeof(group_info_t))


# ------------------------------------------------------------------------------------------ credentials
cdef uint32_t prepare_creds(kernel_t *k, task_t *t) noexcept nogil:
    cdef uint32_t i = table_alloc(k, T_CRED, sizeof(cred_t))
    cdef cred_t *new = cred_row(k, i)
    if i == 0:
        return 0
    new[0] = current_cred(k, t)[0]
    new.link = new.spawned = 0
    new.count = 1
    get_uid(k, new.user)
    get_user_ns(k, new.user_ns)
    if new.group_info:
        group_info_row(k, new.group_info).count += 1
    return i


cdef void put_cred_last(kernel_t *k, uint32_t i) noexcept nogil:
    cdef cred_t *cred = cred_row(k, i)
    free_uid(k, cred.user)
    put_user_ns(k, cred.user_ns)
    if cred.group_info:
        put_group_info(k, cred.group_info)
    table_free(k, T_CRED, i, sizeof(cred_t))


cdef void commit_creds(kernel_t *k, task_t *t, uint32_t new) noexcept nogil:
    cdef uint32_t old = t.cred
    charge_processes(k, cred_row(k, old).user, -1)
    charge_processes(k, cred_row(k, new).user, 1)
    t.cred = new
    put_cred(k, old)


# ------------------------------------------------------------------------------------------ as a login gives them
cdef inline bint same_groups(kernel_t *k, uint32_t i, const uint32_t *groups, uint32_t ngroups) noexcept nogil:
    cdef group_info_t *info = group_info_row(k, i)
    cdef uint32_t at
    if i == 0 or info.ngroups != ngroups:
        return (info.ngroups if i else 0) == ngroups
    for at in range(ngroups):
        if group_row(k, info.groups + at).gid != groups[at]:
            return False
    return True


cdef uint32_t new_cred(
    kernel_t *k, uint32_t uid, uint32_t gid, const uint32_t *groups, uint32_t ngroups
) noexcept nogil:
    # Root has all capabilities, others none.
    cdef uint32_t i = table_alloc(k, T_CRED, sizeof(cred_t))
    cdef cred_t *cred = cred_row(k, i)
    if i == 0:
        return 0
    cred.user = alloc_uid(k, 0, uid)
    if cred.user == 0:
        table_free(k, T_CRED, i, sizeof(cred_t))
        return 0
    if ngroups:
        cred.group_info = groups_copy(k, groups, ngroups)
        if cred.group_info == 0:
            free_uid(k, cred.user)
            table_free(k, T_CRED, i, sizeof(cred_t))
            return 0
    cred.count = cred.spawned = 1
    cred.uid = cred.euid = cred.suid = cred.fsuid = uid
    cred.gid = cred.egid = cred.sgid = cred.fsgid = gid
    cred.cap_permitted = cred.cap_effective = 0 if uid else <uint64_t>CAP_ALL
    cred.cap_bset = <uint64_t>CAP_ALL
    k.spawn_cred = i
    return i


cdef uint32_t spawn_cred(
    kernel_t *k, uint32_t uid, uint32_t gid, const uint32_t *groups, uint32_t ngroups
) noexcept nogil:
    # `groups` in ascending order. Processes that are spawned in turn for the same user share one row: the last one is
    # looked at first, whoever has it now.
    cdef uint32_t i = k.spawn_cred
    cdef cred_t *cred = cred_row(k, i)
    if (likely(cred.spawned and cred.live and cred.uid == uid and cred.gid == gid)
            and same_groups(k, cred.group_info, groups, ngroups)):
        return get_cred(k, i)
    return new_cred(k, uid, gid, groups, ngroups)


# ------------------------------------------------------------------------------------------ checks
cdef bint group_info_check(kernel_t *k, group_info_t *info) noexcept nogil:
    cdef uint32_t i
    for i in range(info.ngroups):
        if not (check(k, group_row(k, info.groups + i).live, b"cred: lost group")
                and check(k, i == 0 or group_row(k, info.groups + i - 1).gid <= group_row(k, info.groups + i).gid,
                          b"cred: groups out of order")):
            return False
    return True


cdef bint creds_check(kernel_t *k, uint32_t *groups) noexcept nogil:
    # Counted references of rows lie in `link`, which is unused in a live row.
    cdef uint32_t i
    cdef cred_t *cred
    cdef bint right = True
    for i in range(1, k.table[T_CRED].high):
        cred = cred_row(k, i)
        if not cred.live:
            continue
        if cred.group_info:
            group_info_row(k, cred.group_info).link += 1
        right = right and check(k, cred.link == cred.count, b"cred: references miscounted")
        right = right and check(k, user_row(k, cred.user).uid == cred.uid
                                and user_row(k, cred.user).ns == cred.user_ns, b"cred: another user's")
        right = right and check(k, cred.cap_effective & ~cred.cap_permitted == 0, b"cred: effective, not permitted")
        right = right and check(k, cred.cap_ambient & ~(cred.cap_permitted & cred.cap_inheritable) == 0,
                                b"cred: ambient, not permitted or not inheritable")
        cred.link = 0
    for i in range(1, k.table[T_GROUP_INFO].high):
        if group_info_row(k, i).live:
            groups[0] += 1
            right = right and check(k, group_info_row(k, i).link == group_info_row(k, i).count,
                                    b"cred: references to groups miscounted")
            group_info_row(k, i).link = 0
            right = right and group_info_check(k, group_info_row(k, i))
    return right


cdef bint cred_check(kernel_t *k) noexcept nogil:
    cdef uint32_t i, groups = 0, user
    cdef task_t *t
    cdef bint right = True
    for i in range(1, k.table[T_TASK].high):
        t = task_row(k, i)
        if t.live:
            if not check(k, current_cred(k, t).live, b"cred: task without credentials"):
                return False
            current_cred(k, t).link += 1
            user = current_cred(k, t).user if t.state != EXIT_DEAD else 0
            while user:
                user_row(k, user).link += 1
                user = outer_user(k, user)
    right = creds_check(k, &groups)
    for i in range(1, k.table[T_USER].high):
        if user_row(k, i).live:
            right = right and check(k, user_row(k, i).link == user_row(k, i).processes,
                                    b"cred: tasks of a user miscounted")
            user_row(k, i).link = 0
    return right and check(k, groups == k.table[T_GROUP].nlive, b"cred: runs of groups lost")
