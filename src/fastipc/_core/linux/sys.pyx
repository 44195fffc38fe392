"""Process groups, sessions, ids of users and groups, prctl.

Source: kernel/sys.c (setpgid, getpgid, getsid, ksys_setsid, __sys_setuid and the like, prctl), kernel/groups.c
(getgroups, setgroups). All ids are looked at before any is changed. Missing: controlling terminals, options of prctl
that are not about credentials or orphans.
"""


cdef enum:
    NO_ID = 0xffffffff  # -1: leave this one alone


# ------------------------------------------------------------------------------------------ groups and sessions
cdef inline bint session_leader(kernel_t *k, task_t *t) noexcept nogil:
    # signal->leader: its number is the session's, which nobody else can have while the session lasts.
    return task_session(k, t) == t.tgid


cdef int64_t pid_of(kernel_t *k, task_t *t, int64_t pid, int type) noexcept nogil:
    # The group or session of a process, 0 = the caller's, or -ESRCH.
    cdef uint32_t i = find_task_by_vpid(k, t, <int32_t>pid) if <int32_t>pid else task_index(k, t)
    return pid_vnr(k, t, pid_number(k, task_row(k, i), type)[0]) if i else -ESRCH


cdef int64_t do_getpgid(kernel_t *k, task_t *t, int64_t pid) noexcept nogil:
    return pid_of(k, t, pid, PIDTYPE_PGID)


cdef int64_t do_getsid(kernel_t *k, task_t *t, int64_t pid) noexcept nogil:
    return pid_of(k, t, pid, PIDTYPE_SID)


cdef int setpgid_errno(kernel_t *k, task_t *t, task_t *p) noexcept nogil:
    # Whether the caller may move process `p`: itself, or a child of its session that still runs its program.
    if not thread_group_leader(k, p):
        return -EINVAL
    if p.real_parent and task_row(k, p.real_parent).group_leader == t.group_leader:
        if task_session(k, p) != task_session(k, t):
            return -EPERM
        if not (p.flags & PF_FORKNOEXEC):
            return -EACCES
    elif task_index(k, p) != t.group_leader:
        return -ESRCH
    return -EPERM if session_leader(k, p) else 0


cdef int64_t do_setpgid(kernel_t *k, task_t *t, int64_t pid, int64_t pgid) noexcept nogil:
    cdef uint32_t i
    cdef task_t *p
    cdef int err
    pid = <int32_t>pid if <int32_t>pid else pid_vnr(k, t, t.tgid)
    pgid = <int32_t>pgid if <int32_t>pgid else pid
    if pgid < 0:
        return -EINVAL
    i = find_task_by_vpid(k, t, pid)
    if i == 0:
        return -ESRCH
    p = task_row(k, i)
    err = setpgid_errno(k, t, p)
    if err:
        return err
    pgid = find_vpid(k, t, pgid)
    if pgid != p.pid:
        i = pid_leader(k, pgid, PIDTYPE_PGID)
        if i == 0 or task_session(k, task_row(k, i)) != task_session(k, t):
            return -EPERM
    if task_pgrp(k, p) != pgid:
        change_pid(k, p, PIDTYPE_PGID, <int32_t>pgid)
        finish_zaps(k)
    return 0


cdef int64_t do_setsid(kernel_t *k, task_t *t) noexcept nogil:
    # A group of the caller's number may have outlived the time when the caller was in it.
    cdef task_t *leader = task_row(k, t.group_leader)
    if session_leader(k, t) or pid_leader(k, t.tgid, PIDTYPE_PGID):
        return -EPERM
    change_pid(k, leader, PIDTYPE_SID, t.tgid)
    change_pid(k, leader, PIDTYPE_PGID, t.tgid)
    finish_zaps(k)
    return pid_vnr(k, t, t.tgid)


# ------------------------------------------------------------------------------------------ user ids
cdef inline cred_t *begin_change(kernel_t *k, task_t *t, uint32_t *new) noexcept nogil:
    # A copy of the caller's credentials to change, NULL if there is no row; `end_change` or put_cred is to follow.
    new[0] = prepare_creds(k, t)
    return cred_row(k, new[0]) if new[0] else NULL


cdef void flag_nproc_exceeded(kernel_t *k, task_t *t, cred_t *new) noexcept nogil:
    # A user that has too many tasks can be changed to, but execve fails.
    if new.uid and (user_row(k, new.user).processes > rlimit(k, t, RLIMIT_NPROC)
                    or over_limit(k, new.user, UCOUNT_RLIMIT_NPROC, 0)):
        t.flags |= PF_NPROC_EXCEEDED
    else:
        t.flags &= ~<int>PF_NPROC_EXCEEDED


cdef int64_t end_change(kernel_t *k, task_t *t, uint32_t i) noexcept nogil:
    # The ids of `i` are to be the caller's: what that does to its capabilities, and who counts the task.
    cdef cred_t *new = cred_row(k, i)
    cdef int64_t err = 0
    if new.uid != current_cred(k, t).uid:
        err = set_cred_ucounts(k, new)
        if err:
            put_cred(k, i)
            return err
        flag_nproc_exceeded(k, t, new)
    cap_emulate_setxuid(k, new, current_cred(k, t))
    commit_creds(k, t, i)
    return 0


cdef int64_t do_setuid(kernel_t *k, task_t *t, uint32_t uid) noexcept nogil:
    cdef cred_t *old = current_cred(k, t)
    cdef uint32_t i
    cdef cred_t *new
    if uid == NO_ID or not uid_from_user(k, t, &uid):
        return -EINVAL
    new = begin_change(k, t, &i)
    if new == NULL:
        return -alloc_errno(k, ENOMEM)
    if capable_at_home(k, t, CAP_SETUID):
        new.uid = new.suid = uid
    elif uid != old.uid and uid != old.suid:
        put_cred(k, i)
        return -EPERM
    new.euid = new.fsuid = uid
    return end_change(k, t, i)


cdef int64_t do_setreuid(kernel_t *k, task_t *t, uint32_t ruid, uint32_t euid) noexcept nogil:
    cdef cred_t *old = current_cred(k, t)
    cdef uint32_t i
    cdef cred_t *new
    cdef bint any = capable_at_home(k, t, CAP_SETUID)
    if not uid_from_user(k, t, &ruid) or not uid_from_user(k, t, &euid):
        return -EINVAL
    new = begin_change(k, t, &i)
    if new == NULL:
        return -alloc_errno(k, ENOMEM)
    if (ruid != NO_ID and ruid != old.uid and ruid != old.euid and not any
            or euid != NO_ID and euid != old.uid and euid != old.euid and euid != old.suid and not any):
        put_cred(k, i)
        return -EPERM
    if ruid != NO_ID:
        new.uid = ruid
    if euid != NO_ID:
        new.euid = euid
    if ruid != NO_ID or (euid != NO_ID and euid != old.uid):
        new.suid = new.euid
    new.fsuid = new.euid
    return end_change(k, t, i)


cdef inline bint is_new(uint32_t id, uint32_t real, uint32_t effective, uint32_t saved) noexcept nogil:
    # Whether it takes a capability to become this.
    return id != NO_ID and id != real and id != effective and id != saved


cdef int64_t do_setresuid(kernel_t *k, task_t *t, uint32_t ruid, uint32_t euid, uint32_t suid) noexcept nogil:
    cdef cred_t *old = current_cred(k, t)
    cdef uint32_t i
    cdef cred_t *new
    if not uid_from_user(k, t, &ruid) or not uid_from_user(k, t, &euid) or not uid_from_user(k, t, &suid):
        return -EINVAL
    if (ruid in (NO_ID, old.uid) and suid in (NO_ID, old.suid)
            and (euid == NO_ID or euid == old.euid == old.fsuid)):
        return 0
    if not capable_at_home(k, t, CAP_SETUID) and (
            is_new(ruid, old.uid, old.euid, old.suid) or is_new(euid, old.uid, old.euid, old.suid)
            or is_new(suid, old.uid, old.euid, old.suid)):
        return -EPERM
    new = begin_change(k, t, &i)
    if new == NULL:
        return -alloc_errno(k, ENOMEM)
    if ruid != NO_ID:
        new.uid = ruid
    if euid != NO_ID:
        new.euid = euid
    if suid != NO_ID:
        new.suid = suid
    new.fsuid = new.euid
    return end_change(k, t, i)


cdef int64_t do_setfsuid(kernel_t *k, task_t *t, uint32_t uid) noexcept nogil:
    cdef cred_t *old = current_cred(k, t)
    cdef uint32_t was = uid_to_user(k, t, old.fsuid), i
    cdef cred_t *new
    if not uid_from_user(k, t, &uid) or uid == old.fsuid or uid == NO_ID:
        return was
    if not capable_at_home(k, t, CAP_SETUID) and is_new(uid, old.uid, old.euid, old.suid):
        return was
    new = begin_change(k, t, &i)
    if new != NULL:
        new.fsuid = uid
        cap_emulate_setfsuid(k, new, old)
        commit_creds(k, t, i)
    return was


# ------------------------------------------------------------------------------------------ group ids
cdef int64_t do_setgid(kernel_t *k, task_t *t, uint32_t gid) noexcept nogil:
    cdef cred_t *old = current_cred(k, t)
    cdef uint32_t i
    cdef cred_t *new
    if gid == NO_ID or not gid_from_user(k, t, &gid):
        return -EINVAL
    new = begin_change(k, t, &i)
    if new == NULL:
        return -alloc_errno(k, ENOMEM)
    if capable_at_home(k, t, CAP_SETGID):
        new.gid = new.sgid = gid
    elif gid != old.gid and gid != old.sgid:
        put_cred(k, i)
        return -EPERM
    new.egid = new.fsgid = gid
    commit_creds(k, t, i)
    return 0


cdef int64_t do_setregid(kernel_t *k, task_t *t, uint32_t rgid, uint32_t egid) noexcept nogil:
    cdef cred_t *old = current_cred(k, t)
    cdef uint32_t i
    cdef cred_t *new
    cdef bint any = capable_at_home(k, t, CAP_SETGID)
    if not gid_from_user(k, t, &rgid) or not gid_from_user(k, t, &egid):
        return -EINVAL
    new = begin_change(k, t, &i)
    if new == NULL:
        return -alloc_errno(k, ENOMEM)
    if (rgid != NO_ID and rgid != old.gid and rgid != old.egid and not any
            or egid != NO_ID and egid != old.gid and egid != old.egid and egid != old.sgid and not any):
        put_cred(k, i)
        return -EPERM
    if rgid != NO_ID:
        new.gid = rgid
    if egid != NO_ID:
        new.egid = egid
    if rgid != NO_ID or (egid != NO_ID and egid != old.gid):
        new.sgid = new.egid
    new.fsgid = new.egid
    commit_creds(k, t, i)
    return 0


cdef int64_t do_setresgid(kernel_t *k, task_t *t, uint32_t rgid, uint32_t egid, uint32_t sgid) noexcept nogil:
    cdef cred_t *old = current_cred(k, t)
    cdef uint32_t i
    cdef cred_t *new
    if not gid_from_user(k, t, &rgid) or not gid_from_user(k, t, &egid) or not gid_from_user(k, t, &sgid):
        return -EINVAL
    if (rgid in (NO_ID, old.gid) and sgid in (NO_ID, old.sgid)
            and (egid == NO_ID or egid == old.egid == old.fsgid)):
        return 0
    if not capable_at_home(k, t, CAP_SETGID) and (
            is_new(rgid, old.gid, old.egid, old.sgid) or is_new(egid, old.gid, old.egid, old.sgid)
            or is_new(sgid, old.gid, old.egid, old.sgid)):
        return -EPERM
    new = begin_change(k, t, &i)
    if new == NULL:
        return -alloc_errno(k, ENOMEM)
    if rgid != NO_ID:
        new.gid = rgid
    if egid != NO_ID:
        new.egid = egid
    if sgid != NO_ID:
        new.sgid = sgid
    new.fsgid = new.egid
    commit_creds(k, t, i)
    return 0


cdef int64_t do_setfsgid(kernel_t *k, task_t *t, uint32_t gid) noexcept nogil:
    cdef cred_t *old = current_cred(k, t)
    cdef uint32_t was = gid_to_user(k, t, old.fsgid), i
    cdef cred_t *new
    if not gid_from_user(k, t, &gid) or gid == old.fsgid or gid == NO_ID:
        return was
    if not capable_at_home(k, t, CAP_SETGID) and is_new(gid, old.gid, old.egid, old.sgid):
        return was
    new = begin_change(k, t, &i)
    if new != NULL:
        new.fsgid = gid
        commit_creds(k, t, i)
    return was


# ------------------------------------------------------------------------------------------ supplementary groups
cdef int64_t do_getgroups(kernel_t *k, task_t *t, int64_t size, uint32_t *list) noexcept nogil:
    cdef uint32_t group_info = current_cred(k, t).group_info, i
    cdef group_info_t *info = group_info_row(k, group_info)
    size = <int32_t>size
    if size < 0 or size and group_info and <int64_t>info.ngroups > size:
        return -EINVAL
    if group_info == 0:
        return 0
    if size:
        for i in range(info.ngroups):
            list[i] = gid_to_user(k, t, group_row(k, info.groups + i).gid)
    return info.ngroups


cdef inline bint may_setgroups(kernel_t *k, task_t *t) noexcept nogil:
    return capable_at_home(k, t, CAP_SETGID) and userns_may_setgroups(k, current_user_ns(k, t))


cdef uint32_t groups_from_ids(kernel_t *k, task_t *t, const uint32_t *list, uint32_t n) noexcept nogil:
    # A row of groups, or 0. The numbers of another namespace are put in their place, for which there is room then.
    cdef uint32_t groups = groups_copy(k, list, n), i
    cdef group_info_t *info = group_info_row(k, groups)
    if groups and current_user_ns(k, t):
        for i in range(n):
            group_row(k, info.groups + i).gid = make_kgid(k, current_user_ns(k, t), list[i])
        groups_sort(k, info)
    return groups


cdef int64_t do_setgroups(kernel_t *k, task_t *t, int64_t size, const uint32_t *list) noexcept nogil:
    cdef uint32_t groups = 0, i
    cdef cred_t *new
    if not may_setgroups(k, t):
        return -EPERM
    if <uint32_t>size > NGROUPS_MAX:
        return -EINVAL
    for i in range(<uint32_t>size):
        if make_kgid(k, current_user_ns(k, t), list[i]) == NO_ID:
            return -EINVAL
    if size:
        groups = groups_from_ids(k, t, list, <uint32_t>size)
        if groups == 0:
            return -alloc_errno(k, ENOMEM)
    new = begin_change(k, t, &i)
    if new == NULL:
        if groups:
            put_group_info(k, groups)
        return -alloc_errno(k, ENOMEM)
    if new.group_info:
        put_group_info(k, new.group_info)
    new.group_info = groups
    commit_creds(k, t, i)
    return 0


# ------------------------------------------------------------------------------------------ prctl
cdef int64_t set_child_subreaper(kernel_t *k, task_t *t, bint on) noexcept nogil:
    cdef signal_t *signal = signal_row(k, t.signal)
    k.subreapers += <uint32_t>on - (signal.flags & SIGNAL_CHILD_SUBREAPER != 0)
    if on:
        signal.flags |= SIGNAL_CHILD_SUBREAPER
    else:
        signal.flags &= ~<uint32_t>SIGNAL_CHILD_SUBREAPER
    return 0


cdef int64_t do_prctl(
    kernel_t *k, task_t *t, int64_t option, int64_t arg2, int64_t arg3, int64_t arg4, int64_t arg5
) noexcept nogil:
    # What C stores through a pointer is the result.
    option = <int32_t>option
    if option == PR_SET_CHILD_SUBREAPER:
        return set_child_subreaper(k, t, arg2 != 0)
    if option == PR_GET_CHILD_SUBREAPER:
        return signal_row(k, t.signal).flags & SIGNAL_CHILD_SUBREAPER != 0
    return cap_task_prctl(k, t, option, arg2, arg3, arg4, arg5)
