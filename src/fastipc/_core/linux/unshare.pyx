"""Sharing no longer: directory and descriptors of one's own, and new namespaces.

Source: kernel/fork.c (ksys_unshare, check_unshare_flags), kernel/nsproxy.c (unshare_nsproxy_namespaces),
kernel/user_namespace.c (unshare_userns). A failure leaves nothing behind.
"""


cdef int64_t check_unshare_flags(kernel_t *k, task_t *t, uint64_t flags) noexcept nogil:
    # What cannot be unshared passes if there is nobody to share it with.
    if flags & ~<uint64_t>(CLONE_THREAD | CLONE_FS | CLONE_SIGHAND | CLONE_VM | CLONE_FILES | CLONE_SYSVSEM
                           | CLONE_NAMESPACES):
        return -EINVAL
    if flags & (CLONE_THREAD | CLONE_SIGHAND | CLONE_VM) and t.thread_next != task_index(k, t):
        return -EINVAL
    if flags & (CLONE_SIGHAND | CLONE_VM) and t.sighand != k.init_sighand and sighand_row(k, t.sighand).count > 1:
        return -EINVAL
    if flags & CLONE_VM and t.mm != k.init_mm and mm_row(k, t.mm).mm_users > 1:
        return -EINVAL
    if flags & CLONE_NAMESPACES and not (flags & CLONE_NEWUSER) and not capable_at_home(k, t, CAP_SYS_ADMIN):
        return -EPERM
    if flags & CLONE_NAMESPACES & ~<uint64_t>(CLONE_NEWIPC | CLONE_NEWPID | CLONE_NEWUSER):  # there is one of each
        return -EINVAL
    return 0


cdef struct unshare_t:  # what a task that calls unshare needs to itself and has not, each 0 if it needs none
    uint32_t fs
    uint32_t files
    uint32_t cred
    uint32_t ipc_ns
    uint32_t pid_ns


cdef int64_t unshare_userns(kernel_t *k, task_t *t, uint32_t *cred) noexcept nogil:
    # Credentials of the task's in a new user namespace: 0 or -errno.
    cdef int64_t err
    cred[0] = prepare_creds(k, t)
    if cred[0] == 0:
        return -alloc_errno(k, ENOMEM)
    err = create_user_ns(k, t, cred_row(k, cred[0]))
    if err:
        put_cred(k, cred[0])
        cred[0] = 0
    return err


cdef int64_t unshare_namespaces(kernel_t *k, task_t *t, uint64_t flags, unshare_t *u) noexcept nogil:
    # unshare_nsproxy_namespaces. They belong to the new user namespace, if there is one.
    cdef uint32_t user_ns = cred_row(k, u.cred if u.cred else t.cred).user_ns
    cdef int64_t ns
    if flags & CLONE_NEWIPC:
        u.ipc_ns = create_ipc_ns(k, user_ns)
        if u.ipc_ns == 0:
            return -alloc_errno(k, ENOMEM)
    if flags & CLONE_NEWPID:
        ns = copy_pid_ns(k, t, user_ns)
        if ns < 0:
            return ns
        u.pid_ns = <uint32_t>ns
    return 0


cdef int64_t unshare_parts(kernel_t *k, task_t *t, uint64_t flags, unshare_t *u) noexcept nogil:
    # 0 or -errno: the caller gives back what there is.
    cdef int64_t err = 0
    memset(u, 0, sizeof(unshare_t))
    if flags & CLONE_FS and fs_row(k, t.fs).count > 1:
        u.fs = copy_fs_struct(k, t.fs)
        if u.fs == 0:
            return -alloc_errno(k, ENOMEM)
    if flags & CLONE_FILES and files_row(k, t.files).count > 1:
        u.files = dup_fd_table(k, t.files)
        if u.files == 0:
            return -alloc_errno(k, ENOMEM)
    if flags & CLONE_NEWUSER:
        err = unshare_userns(k, t, &u.cred)
    return err if err else unshare_namespaces(k, t, flags, u)


cdef void unshare_put(kernel_t *k, unshare_t *u) noexcept nogil:
    if u.fs:
        put_fs_struct(k, u.fs)
    if u.files:
        put_files(k, u.files)
    if u.cred:
        put_cred(k, u.cred)
    if u.ipc_ns:
        put_ipc_ns(k, u.ipc_ns)
    put_pid_ns(k, u.pid_ns)


cdef int64_t do_unshare(kernel_t *k, task_t *t, uint64_t flags) noexcept nogil:
    # What can fail comes first. Who leaves the namespace undoes what he would have to undo there.
    cdef unshare_t u
    cdef int64_t err
    if flags & CLONE_VM:
        flags |= CLONE_SIGHAND
    if flags & (CLONE_SIGHAND | CLONE_NEWUSER):
        flags |= CLONE_THREAD
    if flags & (CLONE_NEWNS | CLONE_NEWUSER):
        flags |= CLONE_FS
    err = check_unshare_flags(k, t, flags)
    if err:
        return err
    err = unshare_parts(k, t, flags, &u)
    if err:
        unshare_put(k, &u)
        return err
    if u.fs:
        put_fs_struct(k, t.fs)
        t.fs = u.fs
    if u.files:
        put_files(k, t.files)
        t.files = u.files
    if flags & CLONE_SYSVSEM and t.flags & TASK_SYSV:
        exit_sem(k, t)
    if u.ipc_ns:
        unshare_ipcs(k, t, u.ipc_ns)
    if u.pid_ns:
        task_sysv(k, t).pid_ns_for_children = u.pid_ns
    if u.cred:
        commit_creds(k, t, u.cred)
    return 0
