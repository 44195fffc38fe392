"""Raw calls on processes, ids, groups, capabilities, limits and signals."""


# ------------------------------------------------------------------------------------------ who
cdef int64_t raw_number(task_t *t, int32_t nr, int64_t value) noexcept nogil:
    call_begin_args(t, nr, 0, 0, 0, 0)
    return value


cdef int64_t raw_getpid(kernel_t *k, task_t *t, const uint64_t *a) noexcept nogil:
    return raw_number(t, NR_getpid, pid_vnr(k, t, t.tgid))


cdef int64_t raw_gettid(kernel_t *k, task_t *t, const uint64_t *a) noexcept nogil:
    return raw_number(t, NR_gettid, pid_vnr(k, t, t.pid))


cdef int64_t raw_getppid(kernel_t *k, task_t *t, const uint64_t *a) noexcept nogil:
    return raw_number(t, NR_getppid, task_ppid_vnr(k, t))


cdef int64_t raw_getuid(kernel_t *k, task_t *t, const uint64_t *a) noexcept nogil:
    return raw_number(t, NR_getuid, uid_to_user(k, t, current_cred(k, t).uid))


cdef int64_t raw_geteuid(kernel_t *k, task_t *t, const uint64_t *a) noexcept nogil:
    return raw_number(t, NR_geteuid, uid_to_user(k, t, current_cred(k, t).euid))


cdef int64_t raw_getgid(kernel_t *k, task_t *t, const uint64_t *a) noexcept nogil:
    return raw_number(t, NR_getgid, gid_to_user(k, t, current_cred(k, t).gid))


cdef int64_t raw_getegid(kernel_t *k, task_t *t, const uint64_t *a) noexcept nogil:
    return raw_number(t, NR_getegid, gid_to_user(k, t, current_cred(k, t).egid))


cdef int64_t put_three_ids(
    kernel_t *k, task_t *t, const uint64_t *a, uint32_t real, uint32_t effective, uint32_t saved
) noexcept nogil:
    # One after the other: the first that cannot be stored ends it.
    if put_user(k, t, a[0], &real, 4) or put_user(k, t, a[1], &effective, 4):
        return -EFAULT
    return put_user(k, t, a[2], &saved, 4)


cdef int64_t raw_getresuid(kernel_t *k, task_t *t, const uint64_t *a) noexcept nogil:
    cdef cred_t *cred = current_cred(k, t)
    call_begin_args(t, NR_getresuid, 0, 0, 0, 0)
    return put_three_ids(k, t, a, uid_to_user(k, t, cred.uid), uid_to_user(k, t, cred.euid),
                         uid_to_user(k, t, cred.suid))


cdef int64_t raw_getresgid(kernel_t *k, task_t *t, const uint64_t *a) noexcept nogil:
    cdef cred_t *cred = current_cred(k, t)
    call_begin_args(t, NR_getresgid, 0, 0, 0, 0)
    return put_three_ids(k, t, a, gid_to_user(k, t, cred.gid), gid_to_user(k, t, cred.egid),
                         gid_to_user(k, t, cred.sgid))


cdef int64_t raw_getpgid(kernel_t *k, task_t *t, const uint64_t *a) noexcept nogil:
    call_begin_args(t, NR_getpgid, raw_int(a[0]), 0, 0, 0)
    return do_getpgid(k, t, raw_int(a[0]))


cdef int64_t raw_getpgrp(kernel_t *k, task_t *t, const uint64_t *a) noexcept nogil:
    call_begin_args(t, NR_getpgid, 0, 0, 0, 0)
    return do_getpgid(k, t, 0)


cdef int64_t raw_setpgid(kernel_t *k, task_t *t, const uint64_t *a) noexcept nogil:
    call_begin_args(t, NR_setpgid, raw_int(a[0]), raw_int(a[1]), 0, 0)
    return do_setpgid(k, t, raw_int(a[0]), raw_int(a[1]))


cdef int64_t raw_getsid(kernel_t *k, task_t *t, const uint64_t *a) noexcept nogil:
    call_begin_args(t, NR_getsid, raw_int(a[0]), 0, 0, 0)
    return do_getsid(k, t, raw_int(a[0]))


cdef int64_t raw_setsid(kernel_t *k, task_t *t, const uint64_t *a) noexcept nogil:
    call_begin_args(t, NR_setsid, 0, 0, 0, 0)
    return do_setsid(k, t)


# ------------------------------------------------------------------------------------------ becoming another
cdef int64_t raw_setuid(kernel_t *k, task_t *t, const uint64_t *a) noexcept nogil:
    call_begin_args(t, NR_setuid, <uint32_t>a[0], 0, 0, 0)
    return do_setuid(k, t, <uint32_t>a[0])


cdef int64_t raw_setgid(kernel_t *k, task_t *t, const uint64_t *a) noexcept nogil:
    call_begin_args(t, NR_setgid, <uint32_t>a[0], 0, 0, 0)
    return do_setgid(k, t, <uint32_t>a[0])


cdef int64_t raw_setreuid(kernel_t *k, task_t *t, const uint64_t *a) noexcept nogil:
    call_begin_args(t, NR_setreuid, raw_int(a[0]), raw_int(a[1]), 0, 0)
    return do_setreuid(k, t, <uint32_t>a[0], <uint32_t>a[1])


cdef int64_t raw_setregid(kernel_t *k, task_t *t, const uint64_t *a) noexcept nogil:
    call_begin_args(t, NR_setregid, raw_int(a[0]), raw_int(a[1]), 0, 0)
    return do_setregid(k, t, <uint32_t>a[0], <uint32_t>a[1])


cdef int64_t raw_setresuid(kernel_t *k, task_t *t, const uint64_t *a) noexcept nogil:
    call_begin_args(t, NR_setresuid, raw_int(a[0]), raw_int(a[1]), raw_int(a[2]), 0)
    return do_setresuid(k, t, <uint32_t>a[0], <uint32_t>a[1], <uint32_t>a[2])


cdef int64_t raw_setresgid(kernel_t *k, task_t *t, const uint64_t *a) noexcept nogil:
    call_begin_args(t, NR_setresgid, raw_int(a[0]), raw_int(a[1]), raw_int(a[2]), 0)
    return do_setresgid(k, t, <uint32_t>a[0], <uint32_t>a[1], <uint32_t>a[2])


cdef int64_t raw_setfsuid(kernel_t *k, task_t *t, const uint64_t *a) noexcept nogil:
    call_begin_args(t, NR_setfsuid, <uint32_t>a[0], 0, 0, 0)
    return do_setfsuid(k, t, <uint32_t>a[0])


cdef int64_t raw_setfsgid(kernel_t *k, task_t *t, const uint64_t *a) noexcept nogil:
    call_begin_args(t, NR_setfsgid, <uint32_t>a[0], 0, 0, 0)
    return do_setfsgid(k, t, <uint32_t>a[0])


cdef int64_t raw_getgroups(kernel_t *k, task_t *t, const uint64_t *a) noexcept nogil:
    cdef int64_t size = raw_int(a[0]), n = groups_count(k, current_cred(k, t))
    cdef uint32_t i, gid
    call_begin_args(t, NR_getgroups, size, 0, 0, 0)
    if size < 0 or size and n > size:
        return -EINVAL
    for i in range(<uint32_t>n if size else 0):
        gid = gid_to_user(k, t, group_at(k, current_cred(k, t), i))
        if put_user(k, t, a[1] + 4 * i, &gid, 4):
            return -EFAULT
    return n


cdef int64_t groups_from_user(
    kernel_t *k, task_t *t, uint32_t *list, uint64_t source, int64_t n
) noexcept nogil:
    # 0, or what is wrong with the first number of which something is.
    cdef int64_t there = copy_from_user(k, t, list, source, 4 * n) // 4 if access_ok(source, <uint64_t>(4 * n)) else 0
    cdef int64_t i
    for i in range(there):
        if make_kgid(k, current_user_ns(k, t), list[i]) == NO_ID:
            return -EINVAL
    return 0 if there == n else -EFAULT


cdef int64_t raw_setgroups(kernel_t *k, task_t *t, const uint64_t *a) noexcept nogil:
    cdef int64_t n = raw_int(a[0]), err
    cdef uint32_t *list
    call_begin_args(t, NR_setgroups, n, 0, 0, 0)
    if not may_setgroups(k, t):
        return -EPERM
    if <uint32_t>n > NGROUPS_MAX:
        return -EINVAL
    list = <uint32_t *>malloc(<size_t>(4 * n + 4))
    if list == NULL:
        return -ENOMEM
    err = groups_from_user(k, t, list, a[1], n)
    if err == 0:
        err = do_setgroups(k, t, n, list)
    free(list)
    return err


# ------------------------------------------------------------------------------------------ capabilities
cdef enum:  # include/uapi/linux/capability.h
    CAPABILITY_VERSION_1 = 0x19980330
    CAPABILITY_VERSION_2 = 0x20071026
    CAPABILITY_VERSION_3 = 0x20080522


cdef int64_t cap_validate_magic(kernel_t *k, task_t *t, uint64_t header, int *words) noexcept nogil:
    # How many words a set has; who asks with another version is told the one to use.
    cdef uint32_t version = 0
    if get_user(k, t, &version, header, 4):
        return -EFAULT
    words[0] = 1 if version == CAPABILITY_VERSION_1 else 2
    if version in (CAPABILITY_VERSION_1, CAPABILITY_VERSION_2, CAPABILITY_VERSION_3):
        return 0
    version = CAPABILITY_VERSION_3
    return -EFAULT if put_user(k, t, header, &version, 4) else -EINVAL


cdef int64_t raw_capget(kernel_t *k, task_t *t, const uint64_t *a) noexcept nogil:
    cdef int words = 0, i
    cdef int32_t pid = 0
    cdef uint64_t[3] sets
    cdef uint32_t[6] data
    cdef uint32_t other
    cdef int64_t err
    call_begin_args(t, NR_capget, 0, 0, 0, 0)
    err = cap_validate_magic(k, t, a[0], &words)
    if a[1] == 0 or err:
        return 0 if a[1] == 0 and err == -EINVAL else err
    if get_user(k, t, &pid, a[0] + 4, 4):
        return -EFAULT
    if pid < 0:
        return -EINVAL
    other = find_task_by_vpid(k, t, pid) if pid else task_index(k, t)
    if other == 0:
        return -ESRCH
    do_capget(k, task_row(k, other), sets)
    for i in range(3):
        data[i] = <uint32_t>sets[i]
        data[3 + i] = <uint32_t>(sets[i] >> 32)
    return put_user(k, t, a[1], data, 12 * words)


cdef int64_t raw_capset(kernel_t *k, task_t *t, const uint64_t *a) noexcept nogil:
    cdef int words = 0, i
    cdef int32_t pid = 0
    cdef uint64_t[3] sets
    cdef uint32_t[6] data
    cdef int64_t err
    call_begin_args(t, NR_capset, 0, 0, 0, 0)
    err = cap_validate_magic(k, t, a[0], &words)
    if err:
        return err
    if get_user(k, t, &pid, a[0] + 4, 4):
        return -EFAULT
    if pid and pid != pid_vnr(k, t, t.pid):
        return -EPERM
    memset(data, 0, sizeof(data))
    if get_user(k, t, data, a[1], 12 * words):
        return -EFAULT
    for i in range(3):
        sets[i] = data[i] | <uint64_t>data[3 + i] << 32
    return do_capset(k, t, sets)


# ------------------------------------------------------------------------------------------ the rest
cdef int64_t raw_getrlimit(kernel_t *k, task_t *t, const uint64_t *a) noexcept nogil:
    cdef uint64_t[2] pair
    cdef int64_t err
    call_begin_args(t, NR_getrlimit, <uint32_t>a[0], 0, 0, 0)
    err = do_getrlimit(k, t, <uint32_t>a[0], pair)
    return err if err else put_user(k, t, a[1], pair, 16)


cdef int64_t raw_setrlimit(kernel_t *k, task_t *t, const uint64_t *a) noexcept nogil:
    cdef uint64_t[2] pair
    call_begin_args(t, NR_setrlimit, <uint32_t>a[0], 0, 0, 0)
    if get_user(k, t, pair, a[1], 16):
        return -EFAULT
    return do_setrlimit(k, t, <uint32_t>a[0], pair)


cdef int64_t raw_prctl(kernel_t *k, task_t *t, const uint64_t *a) noexcept nogil:
    cdef int32_t number
    cdef int64_t ret
    call_begin_args(t, NR_prctl, raw_int(a[0]), <int64_t>a[1], <int64_t>a[2], 0)
    ret = do_prctl(k, t, raw_int(a[0]), <int64_t>a[1], <int64_t>a[2], <int64_t>a[3], <int64_t>a[4])
    if ret < 0 or raw_int(a[0]) != PR_GET_CHILD_SUBREAPER:
        return ret
    number = <int32_t>ret
    return put_user(k, t, a[1], &number, 4)


cdef int64_t raw_unshare(kernel_t *k, task_t *t, const uint64_t *a) noexcept nogil:
    call_begin_args(t, NR_unshare, <int64_t>a[0], 0, 0, 0)
    return do_unshare(k, t, a[0])


cdef void raw_processes_init() noexcept nogil:
    raw_calls[NR_getpid] = raw_getpid
    raw_calls[NR_gettid] = raw_gettid
    raw_calls[NR_getppid] = raw_getppid
    raw_calls[NR_getuid] = raw_getuid
    raw_calls[NR_geteuid] = raw_geteuid
    raw_calls[NR_getgid] = raw_getgid
    raw_calls[NR_getegid] = raw_getegid
    raw_calls[NR_getresuid] = raw_getresuid
    raw_calls[NR_getresgid] = raw_getresgid
    raw_calls[NR_getpgid] = raw_getpgid
    raw_calls[NR_getpgrp] = raw_getpgrp
    raw_calls[NR_setpgid] = raw_setpgid
    raw_calls[NR_getsid] = raw_getsid
    raw_calls[NR_setsid] = raw_setsid
    raw_calls[NR_setuid] = raw_setuid
    raw_calls[NR_setgid] = raw_setgid
    raw_calls[NR_setreuid] = raw_setreuid
    raw_calls[NR_setregid] = raw_setregid
    raw_calls[NR_setresuid] = raw_setresuid
    raw_calls[NR_setresgid] = raw_setresgid
    raw_calls[NR_setfsuid] = raw_setfsuid
    raw_calls[NR_setfsgid] = raw_setfsgid
    raw_calls[NR_getgroups] = raw_getgroups
    raw_calls[NR_setgroups] = raw_setgroups
    raw_calls[NR_capget] = raw_capget
    raw_calls[NR_capset] = raw_capset
    raw_calls[NR_getrlimit] = raw_getrlimit
    raw_calls[NR_setrlimit] = raw_setrlimit
    raw_calls[NR_prctl] = raw_prctl
    raw_calls[NR_unshare] = raw_unshare
