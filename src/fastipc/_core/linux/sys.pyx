"""Process groups, sessions, and ids of users and groups.

Source: kernel/sys.c (setpgid, getpgid, getsid, ksys_setsid). Missing: controlling terminals.
"""


# ------------------------------------------------------------------------------------------ groups and sessions
cdef inline bint session_leader(kernel_t *k, task_t *t) noexcept nogil:
    # signal->leader: its number is the session's, which nobody else can have while the session lasts.
    return task_session(k, t) == t.tgid


cdef int64_t pid_of(kernel_t *k, task_t *t, int64_t pid, int type) noexcept nogil:
    # The group or session of a process, 0 = the caller's, or -ESRCH.
    cdef uint32_t i = find_task(k, <int32_t>pid) if <int32_t>pid else task_index(k, t)
    return pid_number(k, task_row(k, i), type)[0] if i else -ESRCH


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
    pid = <int32_t>pid if <int32_t>pid else t.tgid
    pgid = <int32_t>pgid if <int32_t>pgid else pid
    if pgid < 0:
        return -EINVAL
    i = find_task(k, pid)
    if i == 0:
        return -ESRCH
    p = task_row(k, i)
    err = setpgid_errno(k, t, p)
    if err:
        return err
    if pgid != pid:
        i = pid_leader(k, pgid, PIDTYPE_PGID)
        if i == 0 or task_session(k, task_row(k, i)) != task_session(k, t):
            return -EPERM
    if task_pgrp(k, p) != pgid:
        change_pid(k, p, PIDTYPE_PGID, <int32_t>pgid)
    return 0


cdef int64_t do_setsid(kernel_t *k, task_t *t) noexcept nogil:
    # A group of the caller's number may have outlived the time when the caller was in it.
    cdef task_t *leader = task_row(k, t.group_leader)
    if session_leader(k, t) or pid_leader(k, t.tgid, PIDTYPE_PGID):
        return -EPERM
    change_pid(k, leader, PIDTYPE_SID, t.tgid)
    change_pid(k, leader, PIDTYPE_PGID, t.tgid)
    return t.tgid
