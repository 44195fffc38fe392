"""User namespaces: their beginning, their maps, what capabilities are worth, their end.

Source: kernel/user_namespace.c (create_user_ns, map_write, new_idmap_permitted, verify_root_map,
proc_setgroups_write), security/commoncap.c (cap_capable). The capabilities of whoever writes a map are what counts,
where Linux looks at those of its opener too. Missing: maps of more than one extent, projid_map, setns, a limit on how
many there are.

Invariants: a namespace is counted by credentials, by rows of users, by namespaces that belong to it, by those in it;
its maps lead to ids of the first namespace.
"""


# ------------------------------------------------------------------------------------------ life
cdef void set_rlimits_max(kernel_t *k, task_t *t, user_namespace_t *ns) noexcept nogil:
    # The first root is not limited in processes.
    ns.rlimit_max[UCOUNT_RLIMIT_NPROC] = <uint64_t>RLIM_INFINITY if (
        ns.parent == 0 and current_cred(k, t).uid == 0) else rlimit(k, t, RLIMIT_NPROC)
    ns.rlimit_max[UCOUNT_RLIMIT_SIGPENDING] = rlimit(k, t, RLIMIT_SIGPENDING)
    ns.rlimit_max[UCOUNT_RLIMIT_MEMLOCK] = rlimit(k, t, RLIMIT_MEMLOCK)
    if ns.rlimit_max[UCOUNT_RLIMIT_MEMLOCK] != <uint64_t>RLIM_INFINITY:
        ns.rlimit_max[UCOUNT_RLIMIT_MEMLOCK] //= PAGE_SIZE


cdef int64_t set_cred_ucounts(kernel_t *k, cred_t *new) noexcept nogil:
    # The real user of prepared credentials, or their namespace, has changed: who it is that is counted. 0 or -errno.
    cdef uint32_t user = alloc_uid(k, new.user_ns, new.uid)
    if user == 0:
        return -alloc_errno(k, EAGAIN)
    free_uid(k, new.user)
    new.user = user
    return 0


cdef int64_t create_user_ns(kernel_t *k, task_t *t, cred_t *new) noexcept nogil:
    # For prepared credentials: they have all capabilities inside, and none outside.
    cdef uint32_t parent = new.user_ns, i, ucounts
    cdef user_namespace_t *ns
    if parent and user_ns_row(k, parent).level >= MAX_USER_NS_LEVEL:
        return -ENOSPC
    if from_kuid(k, parent, new.euid) == INVALID_ID or from_kgid(k, parent, new.egid) == INVALID_ID:
        return -EPERM
    ucounts = alloc_uid(k, parent, new.euid)
    if ucounts == 0:
        return -alloc_errno(k, ENOSPC)
    i = table_alloc(k, T_USER_NAMESPACE, sizeof(user_namespace_t))
    if i == 0:
        free_uid(k, ucounts)
        return -alloc_errno(k, ENOMEM)
    ns = user_ns_row(k, i)
    ns.count = 1  # takes over the reference to the parent
    ns.ucounts = ucounts
    ns.level = user_ns_row(k, parent).level + 1 if parent else 1
    ns.parent = parent
    ns.owner = new.euid
    ns.group = new.egid
    ns.flags = user_ns_row(k, parent).flags & USERNS_SETGROUPS_ALLOWED if parent else USERNS_SETGROUPS_ALLOWED
    if new.cap_effective >> CAP_SETFCAP & 1:
        ns.flags |= USERNS_SETFCAP
    new.securebits = 0
    new.cap_inheritable = new.cap_ambient = 0
    new.cap_permitted = new.cap_effective = new.cap_bset = <uint64_t>CAP_ALL
    new.user_ns = i
    k.namespaces += 1
    set_rlimits_max(k, t, ns)
    return set_cred_ucounts(k, new)


cdef void put_user_ns_last(kernel_t *k, uint32_t i) noexcept nogil:
    cdef uint32_t parent, ucounts
    while i:
        parent = user_ns_row(k, i).parent
        ucounts = user_ns_row(k, i).ucounts
        table_free(k, T_USER_NAMESPACE, i, sizeof(user_namespace_t))
        k.namespaces -= 1
        free_uid(k, ucounts)  # whose namespace stays: it is counted here
        i = parent
        if i:
            user_ns_row(k, i).count -= 1
            if user_ns_row(k, i).count:
                return


cdef bint in_userns(kernel_t *k, uint32_t ancestor, uint32_t child) noexcept nogil:
    # Whether `child` is `ancestor` or lies in it.
    while child and child != ancestor:
        child = user_ns_row(k, child).parent
    return child == ancestor


# ------------------------------------------------------------------------------------------ ids
cdef id_map_t *id_map(kernel_t *k, uint32_t ns, bint group) noexcept nogil:
    return &user_ns_row(k, ns).gid_map if group else &user_ns_row(k, ns).uid_map


cdef uint32_t map_id_down(kernel_t *k, uint32_t ns, uint32_t id, bint group) noexcept nogil:
    cdef id_map_t *map = id_map(k, ns, group)
    return map.lower_first + (id - map.first) if map.first <= id and id - map.first < map.count else INVALID_ID


cdef uint32_t map_id_up(kernel_t *k, uint32_t ns, uint32_t kid, bint group) noexcept nogil:
    cdef id_map_t *map = id_map(k, ns, group)
    if map.lower_first <= kid and kid - map.lower_first < map.count:
        return map.first + (kid - map.lower_first)
    return INVALID_ID


# ------------------------------------------------------------------------------------------ capabilities
cdef bint ns_capable_other(kernel_t *k, cred_t *cred, uint32_t ns, int cap) noexcept nogil:
    # Who owns a namespace has all capabilities over it where it was made, and so over those in it.
    cdef uint32_t level = user_ns_row(k, cred.user_ns).level if cred.user_ns else 0
    while ns != cred.user_ns:
        if ns == 0 or user_ns_row(k, ns).level <= level:
            return False
        if user_ns_row(k, ns).parent == cred.user_ns and user_ns_row(k, ns).owner == cred.euid:
            return True
        ns = user_ns_row(k, ns).parent
    return cred.cap_effective >> cap & 1


cdef bint userns_may_setgroups(kernel_t *k, uint32_t ns) noexcept nogil:
    return setgroups_allowed(k, ns) and (ns == 0 or user_ns_row(k, ns).gid_map.count != 0)


cdef bint setgroups_allowed(kernel_t *k, uint32_t ns) noexcept nogil:
    return ns == 0 or user_ns_row(k, ns).flags & USERNS_SETGROUPS_ALLOWED != 0


# ------------------------------------------------------------------------------------------ /proc/PID/uid_map, gid_map
cdef inline bint blank(char c) noexcept nogil:
    # isspace
    return c == c" " or c"\t" <= c <= c"\r"


cdef inline bint blank_in_line(char c) noexcept nogil:
    return blank(c) and c != c"\n"


cdef const char *parse_number(const char *at, uint32_t *number) noexcept nogil:
    # simple_strtoul, cut to 32 bits. Where it ends.
    cdef uint64_t n = 0
    while blank_in_line(at[0]):
        at += 1
    while c"0" <= at[0] <= c"9":
        n = n * 10 + <uint64_t>(at[0] - c"0")
        at += 1
    number[0] = <uint32_t>n
    return at


cdef int64_t parse_map(const char *at, id_map_t *map) noexcept nogil:
    # One line of three numbers: 0 or -errno. Behind its end there is nothing, not even an empty one.
    at = parse_number(at, &map.first)
    if not blank_in_line(at[0]):
        return -EINVAL
    at = parse_number(at, &map.lower_first)
    if not blank_in_line(at[0]):
        return -EINVAL
    at = parse_number(at, &map.count)
    while blank_in_line(at[0]):
        at += 1
    if at[0] == c"\n":
        at += 1
    if at[0] or map.first == INVALID_ID or map.lower_first == INVALID_ID:
        return -EINVAL
    if map.first + map.count <= map.first or map.lower_first + map.count <= map.lower_first:
        return -EINVAL
    return 0


cdef bint verify_root_map(kernel_t *k, task_t *t, uint32_t ns, id_map_t *map) noexcept nogil:
    # Who maps the parent's root needs CAP_SETFCAP there, or had it when he made the namespace that he writes to.
    if map.lower_first != 0:
        return True
    if current_user_ns(k, t) == ns:
        return user_ns_row(k, ns).flags & USERNS_SETFCAP != 0
    return ns_capable(k, t, user_ns_row(k, ns).parent, CAP_SETFCAP)


cdef bint new_idmap_permitted(kernel_t *k, task_t *t, uint32_t i, bint group, id_map_t *map) noexcept nogil:
    cdef user_namespace_t *ns = user_ns_row(k, i)
    cdef cred_t *cred = current_cred(k, t)
    if not group and not verify_root_map(k, t, i, map):
        return False
    if map.count == 1 and ns.owner == cred.euid:  # his own id, and nothing more, anybody may map
        if not group and make_kuid(k, ns.parent, map.lower_first) == cred.euid:
            return True
        if (group and not ns.flags & USERNS_SETGROUPS_ALLOWED
                and make_kgid(k, ns.parent, map.lower_first) == cred.egid):
            return True
    return ns_capable(k, t, ns.parent, CAP_SETGID if group else CAP_SETUID)


cdef int64_t map_write(kernel_t *k, task_t *t, uint32_t i, bint group, const char *text) noexcept nogil:
    # A map is written once. 0 or -errno. Precondition: it is not the first namespace.
    cdef user_namespace_t *ns = user_ns_row(k, i)
    cdef id_map_t map
    cdef uint32_t last
    cdef int64_t err
    if id_map(k, i, group).count or not ns_capable(k, t, i, CAP_SYS_ADMIN):
        return -EPERM
    err = parse_map(text, &map)
    if err:
        return err
    if not new_idmap_permitted(k, t, i, group, &map):
        return -EPERM
    if ns.parent:
        last = map_id_down(k, ns.parent, map.lower_first + map.count - 1, group)
        map.lower_first = map_id_down(k, ns.parent, map.lower_first, group)
        if map.lower_first == INVALID_ID or last == INVALID_ID:
            return -EPERM
    id_map(k, i, group)[0] = map
    return 0


cdef int64_t setgroups_write(kernel_t *k, uint32_t ns, const char *text) noexcept nogil:
    # /proc/PID/setgroups: what is denied stays denied, and what a map depends on cannot be denied any more.
    cdef bint allow = memcmp(text, b"allow", 5) == 0
    cdef const char *rest = text + (5 if allow else 4)
    if not allow and memcmp(text, b"deny", 4):
        return -EINVAL
    while blank(rest[0]):
        rest += 1
    if rest[0]:
        return -EINVAL
    if allow:
        return 0 if setgroups_allowed(k, ns) else -EPERM
    if ns == 0 or user_ns_row(k, ns).gid_map.count:
        return -EPERM
    user_ns_row(k, ns).flags &= ~<uint32_t>USERNS_SETGROUPS_ALLOWED
    return 0


# ------------------------------------------------------------------------------------------ checks
cdef bint user_namespace_check(kernel_t *k) noexcept nogil:
    # References, counted in `link`, which no live row uses.
    cdef uint32_t i
    cdef bint right = True
    for i in range(1, k.table[T_CRED].high):
        user_ns_row(k, cred_row(k, i).user_ns if cred_row(k, i).live else 0).link += 1
    for i in range(1, k.table[T_USER].high):
        user_ns_row(k, user_row(k, i).ns if user_row(k, i).live else 0).link += 1
    for i in range(1, k.table[T_IPC_NAMESPACE].high):
        user_ns_row(k, ipc_ns_row(k, i).user_ns if ipc_ns_row(k, i).live else 0).link += 1
    for i in range(1, k.table[T_PID_NAMESPACE].high):
        user_ns_row(k, pid_ns_row(k, i).user_ns if pid_ns_row(k, i).live else 0).link += 1
    for i in range(1, k.table[T_FILE].high):
        if file_row(k, i).live and file_row(k, i).f_op == PROC_FOPS:
            user_ns_row(k, file_row(k, i).private_data).link += 1
            user_ns_row(k, file_row(k, i).f_user_ns).link += 1
    for i in range(1, k.table[T_USER_NAMESPACE].high):
        user_ns_row(k, user_ns_row(k, i).parent if user_ns_row(k, i).live else 0).link += 1
    user_ns_row(k, 0).link = 0
    for i in range(1, k.table[T_USER_NAMESPACE].high):
        if user_ns_row(k, i).live:
            right = right and user_ns_row(k, i).link == user_ns_row(k, i).count
            user_ns_row(k, i).link = 0
    return (check(k, right, b"user: references to a namespace miscounted")
            and check(k, k.namespaces == k.table[T_USER_NAMESPACE].nlive + k.table[T_PID_NAMESPACE].nlive,
                      b"user: namespaces miscounted"))
