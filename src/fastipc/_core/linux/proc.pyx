"""/proc: processes, their descriptors, the state of the machine, sysctls.

Source: fs/proc/root.c, base.c (pid_revalidate, proc_pid_get_link), fd.c, array.c (proc_pid_status), self.c,
proc_sysctl.c; mm/vmstat.c (frag_show). A name lives as long as somebody holds it. Missing: directory listings, and
most of what a real machine has there.
"""


cdef enum:
    NR_OPEN_DEFAULT = 64  # BITS_PER_LONG
    SYSCTL_TEXT = 128  # bytes of a write that are looked at
    N_PROC_ENTRIES = 20

cdef proc_dir_entry_t[20] proc_entries


cdef void proc_add(int i, uint32_t parent, const char *name, uint32_t kind, uint16_t op, uint32_t mode) noexcept nogil:
    proc_entries[i].parent = parent
    proc_entries[i].name = name
    proc_entries[i].kind = kind
    proc_entries[i].op = op
    proc_entries[i].mode = mode


cdef void proc_init() noexcept nogil:
    proc_add(0, PROC_ROOT, b"self", PROC_SELF, PROC_LINK, S_IFLNK | 0o777)
    proc_add(1, PROC_ROOT, b"buddyinfo", PROC_BUDDYINFO, PROC_FILE, S_IFREG | 0o444)
    proc_add(2, PROC_ROOT, b"filesystems", PROC_FILESYSTEMS, PROC_FILE, S_IFREG | 0o444)
    proc_add(3, PROC_ROOT, b"sys", PROC_SYS, PROC_DIR, S_IFDIR | 0o555)
    proc_add(4, PROC_SYS, b"fs", PROC_SYS_FS, PROC_DIR, S_IFDIR | 0o555)
    proc_add(5, PROC_SYS, b"kernel", PROC_SYS_KERNEL, PROC_DIR, S_IFDIR | 0o555)
    proc_add(6, PROC_PID, b"status", PROC_PID_STATUS, PROC_FILE, S_IFREG | 0o444)
    proc_add(7, PROC_PID, b"fd", PROC_PID_FD, PROC_DIR, S_IFDIR | 0o500)
    proc_add(8, PROC_PID, b"cwd", PROC_PID_CWD, PROC_LINK, S_IFLNK | 0o777)
    proc_add(9, PROC_PID, b"root", PROC_PID_ROOT, PROC_LINK, S_IFLNK | 0o777)
    proc_add(10, PROC_PID, b"comm", PROC_PID_COMM, PROC_FILE, S_IFREG | 0o644)
    proc_add(11, PROC_PID, b"maps", PROC_PID_MAPS, PROC_FILE, S_IFREG | 0o444)
    proc_add(12, PROC_SYS, b"vm", PROC_SYS_VM, PROC_DIR, S_IFDIR | 0o555)
    proc_add(13, PROC_ROOT, b"sysvipc", PROC_SYSVIPC, PROC_DIR, S_IFDIR | 0o555)
    proc_add(14, PROC_SYSVIPC, b"shm", PROC_SYSVIPC_SHM, PROC_FILE, S_IFREG | 0o444)
    proc_add(15, PROC_SYSVIPC, b"sem", PROC_SYSVIPC_SEM, PROC_FILE, S_IFREG | 0o444)
    proc_add(16, PROC_SYSVIPC, b"msg", PROC_SYSVIPC_MSG, PROC_FILE, S_IFREG | 0o444)
    proc_add(17, PROC_PID, b"uid_map", PROC_PID_UID_MAP, PROC_FILE, S_IFREG | 0o644)
    proc_add(18, PROC_PID, b"gid_map", PROC_PID_GID_MAP, PROC_FILE, S_IFREG | 0o644)
    proc_add(19, PROC_PID, b"setgroups", PROC_PID_SETGROUPS, PROC_FILE, S_IFREG | 0o644)
    file_operations[PROC_FOPS].read = proc_read
    file_operations[PROC_FOPS].write = proc_write
    file_operations[PROC_FOPS].available = proc_available
    file_operations[PROC_FOPS].llseek = generic_file_llseek


cdef void proc_root(kernel_t *k, uint32_t sb) noexcept nogil:
    cdef uint32_t root = alloc_root(k, sb, 0o555, PROC_DIR)
    d_inode(k, root).i_private = PROC_ROOT


# ------------------------------------------------------------------------------------------ names
cdef uint32_t proc_instantiate(kernel_t *k, uint32_t parent, qstr_t *name, uint32_t kind, uint16_t op, uint32_t mode,
                               uint32_t pid) noexcept nogil:
    # A dentry with its inode, held by the caller alone; 0: see alloc_errno.
    cdef uint32_t i = new_inode(k, k.proc_sb, mode), d
    cdef inode_t *inode = inode_row(k, i)
    if i == 0:
        k.failed_errno = alloc_errno(k, ENOMEM)
        return 0
    inode.i_op = op
    inode.i_fop = DIR_FOPS if op == PROC_DIR else PROC_FOPS
    inode.i_private = kind
    inode.i_private2 = pid
    inode.i_nlink = 2 if op == PROC_DIR else 1
    if pid:
        inode.i_generation = pid_row(k, pid).count
        proc_own(k, inode, find_task(k, pid))
    d = d_alloc(k, parent, name)
    if d == 0:
        iput(k, i)
        k.failed_errno = alloc_errno(k, ENOMEM)
        return 0
    d_add(k, d, i)
    return d


cdef inline uint32_t proc_task(kernel_t *k, inode_t *inode) noexcept nogil:
    # get_proc_task: the process that a name was made for, 0 if it has ended, also if its number is another's by now.
    if pid_row(k, inode.i_private2).count != inode.i_generation:
        return 0
    return find_task(k, inode.i_private2)


cdef void proc_own(kernel_t *k, inode_t *inode, uint32_t task) noexcept nogil:
    # pid_update_inode: what belongs to a process is owned by its effective ids.
    if task:
        inode.i_uid = current_cred(k, task_row(k, task)).euid
        inode.i_gid = current_cred(k, task_row(k, task)).egid


cdef int64_t name_number(qstr_t *name) noexcept nogil:
    # name_to_int: a number without leading zeros, or -1.
    cdef int64_t n = 0
    cdef uint32_t i
    if name.len == 0 or name.len > 10 or (name.len > 1 and name.name[0] == c"0"):
        return -1
    for i in range(name.len):
        if not c"0" <= name.name[i] <= c"9":
            return -1
        n = n * 10 + name.name[i] - c"0"
    return n


cdef uint32_t lookup_fd(kernel_t *k, inode_t *dir, uint32_t parent, qstr_t *name) noexcept nogil:
    cdef uint32_t task = proc_task(k, dir), d
    cdef int64_t fd = name_number(name)
    cdef file_t *f
    if task == 0 or task_row(k, task).files == 0 or fd < 0 or fd > 0x7fffffff:
        return 0
    f = fdget(k, task_row(k, task), <int32_t>fd)
    if f == NULL:
        return 0
    d = proc_instantiate(k, parent, name, PROC_FD_LINK, PROC_LINK,
                         S_IFLNK | (0o500 if f.f_mode & FMODE_READ else 0) | (0o300 if f.f_mode & FMODE_WRITE else 0),
                         dir.i_private2)
    if d:
        d_inode(k, d).i_fd = <uint32_t>fd
        d_inode(k, d).i_size = 64
    return d


cdef uint32_t lookup_sysctl(kernel_t *k, task_t *t, inode_t *dir, uint32_t parent, qstr_t *name) noexcept nogil:
    # One of the IPC subsystem is that of the caller's namespace.
    cdef int i = find_sysctl(dir.i_private, name.name, name.len)
    cdef uint32_t d
    if i < 0:
        return 0
    d = proc_instantiate(k, parent, name, PROC_SYSCTL, PROC_FILE, S_IFREG | ctl_tables[i].mode, 0)
    if d:
        d_inode(k, d).i_private2 = <uint32_t>i
        if ctl_tables[i].kind != CTL_KERNEL:
            d_inode(k, d).i_fd = get_ipc_ns(k, current_ipc_ns(k, t))
    return d


cdef uint32_t proc_lookup(kernel_t *k, task_t *t, uint32_t parent, qstr_t *name) noexcept nogil:
    # A name held by the caller; 0: there is none, and `failed_errno` says so, for nothing can be made here.
    cdef inode_t *dir = d_inode(k, parent)
    cdef proc_dir_entry_t *e
    cdef uint32_t d = 0
    cdef int64_t n
    cdef int i
    for i in range(N_PROC_ENTRIES):
        e = &proc_entries[i]
        if e.parent == dir.i_private and strlen(e.name) == name.len and memcmp(e.name, name.name, name.len) == 0:
            if dir.i_private2 and proc_task(k, dir) == 0:
                break
            d = proc_instantiate(k, parent, name, e.kind, e.op, e.mode, dir.i_private2)
            if d and dir.i_private == PROC_SYSVIPC:
                d_inode(k, d).i_fd = get_ipc_ns(k, current_ipc_ns(k, t))
            break
    if d == 0 and dir.i_private == PROC_ROOT:
        n = name_number(name)
        if n > 0 and find_task(k, n):
            d = proc_instantiate(k, parent, name, PROC_PID, PROC_DIR, S_IFDIR | 0o555, <uint32_t>n)
    elif d == 0 and dir.i_private == PROC_PID_FD:
        d = lookup_fd(k, dir, parent, name)
    elif d == 0 and dir.i_private in (PROC_SYS_FS, PROC_SYS_KERNEL, PROC_SYS_VM):
        d = lookup_sysctl(k, t, dir, parent, name)
    if d == 0 and k.failed_errno == 0:
        k.failed_errno = ENOENT
    return d


cdef bint proc_revalidate(kernel_t *k, task_t *t, inode_t *inode) noexcept nogil:
    # Whether a name that somebody holds still stands for what it stood for, and for this task too.
    cdef uint32_t task
    if inode.i_op == PROC_FILE and inode.i_fd and inode.i_fd != current_ipc_ns(k, t):
        return False
    if inode.i_private == PROC_SYSCTL or inode.i_private2 == 0:
        return True
    task = proc_task(k, inode)
    if task == 0:
        return False
    proc_own(k, inode, task)
    if inode.i_private == PROC_FD_LINK:
        return task_row(k, task).files != 0 and fdget(k, task_row(k, task), <int32_t>inode.i_fd) != NULL
    return True


# ------------------------------------------------------------------------------------------ links
cdef bint may_trace(kernel_t *k, task_t *t, task_t *other) noexcept nogil:
    # ptrace_may_access(PTRACE_MODE_READ_FSCREDS).
    cdef cred_t *mine = current_cred(k, t)
    cdef cred_t *its = current_cred(k, other)
    if other.tgid == t.tgid or ns_capable(k, t, its.user_ns, CAP_SYS_PTRACE):
        return True
    return (mine.fsuid == its.euid and mine.fsuid == its.suid and mine.fsuid == its.uid
            and mine.fsgid == its.egid and mine.fsgid == its.sgid and mine.fsgid == its.gid
            and its.user_ns == mine.user_ns and its.cap_permitted & ~mine.cap_permitted == 0)


cdef uint32_t pseudo_dentry(kernel_t *k, file_t *f) noexcept nogil:
    # d_alloc_pseudo: the dentry of a pipe, or of a signalfd, is made when a path to it is needed.
    cdef qstr_t name
    cdef uint32_t d
    name.name = anon_inode_name(f)
    name.len = <uint32_t>strlen(name.name)
    name.hash = 0
    d = d_alloc(k, 0, &name)
    if d:
        dentry_row(k, d).d_inode = f.inode
        inode_row(k, f.inode).i_count += 1
    return d


cdef int file_path(kernel_t *k, file_t *f, path_t *path) noexcept nogil:
    # Where an open file is, held: 0 or -errno.
    path.mnt = f.f_mnt
    path.dentry = f.f_dentry
    if path.dentry:
        dget(k, path.dentry)
    else:
        path.dentry = pseudo_dentry(k, f)
        if path.dentry == 0:
            return -alloc_errno(k, ENOMEM)
    mntget(k, path.mnt)
    return 0


cdef int link_path(kernel_t *k, task_t *t, inode_t *inode, path_t *path) noexcept nogil:
    # proc_pid_get_link: where a link of a process leads at once, held.
    cdef uint32_t task = proc_task(k, inode)
    cdef task_t *other = task_row(k, task)
    cdef file_t *f
    if task == 0 or other.files == 0:
        return -ENOENT
    if not may_trace(k, t, other):
        return -EACCES
    if inode.i_private == PROC_FD_LINK:
        f = fdget(k, other, <int32_t>inode.i_fd)
        return -ENOENT if f == NULL else file_path(k, f, path)
    if inode.i_private == PROC_PID_CWD:
        path.mnt = current_fs(k, other).pwd_mnt
        path.dentry = current_fs(k, other).pwd
    else:
        path.mnt = current_fs(k, other).root_mnt
        path.dentry = current_fs(k, other).root
    path_get(k, path)
    return 0


cdef int proc_get_link(kernel_t *k, nameidata_t *nd, inode_t *inode, const char **body) noexcept nogil:
    # /proc/self is text; the others are jumped through (nd_jump_link).
    cdef path_t path
    cdef int err
    if inode.i_private == PROC_SELF:
        snprintf(k.proc_self, sizeof(k.proc_self), b"%d", nd.task.tgid)
        body[0] = k.proc_self
        return 0
    err = link_path(k, nd.task, inode, &path)
    if err == 0:
        mntput(k, path.mnt)
        nd.path.mnt = path.mnt
        step_to_held(k, nd, path.dentry)
    return err


cdef int64_t file_text(kernel_t *k, task_t *t, path_t *path, char *to, int64_t size) noexcept nogil:
    # What readlink says of a path: also of what has no name, or has lost it.
    cdef char page[4352]
    cdef inode_t *inode = d_inode(k, path.dentry)
    cdef int64_t at, n
    if inode.i_sb == k.pipe_sb:
        n = snprintf(page, sizeof(page), b"pipe:[%llu]", <unsigned long long>inode.i_ino)
        at = 0
    elif inode.i_op == ANON_INODE:
        n = snprintf(page, sizeof(page), b"anon_inode:%s", d_name(k, dentry_row(k, path.dentry)))
        at = 0
    else:
        at = d_path(k, current_fs(k, t), path.mnt, path.dentry, page, PATH_MAX_BYTES)
        if at < 0:
            return at
        n = PATH_MAX_BYTES - 1 - at
        if d_unhashed(k, path.dentry) and dentry_row(k, path.dentry).d_parent != path.dentry:
            memcpy(page + at + n, b" (deleted)", 10)
            n += 10
    n = min(n, size)
    memcpy(to, page + at, n)
    return n


cdef int64_t proc_readlink(kernel_t *k, task_t *t, inode_t *inode, char *to, int64_t size) noexcept nogil:
    cdef path_t path
    cdef char text[16]
    cdef int64_t n
    if inode.i_private == PROC_SELF:
        n = min(<int64_t>snprintf(text, sizeof(text), b"%d", t.tgid), size)
        memcpy(to, text, n)
        return n
    n = link_path(k, t, inode, &path)
    if n == 0:
        n = file_text(k, t, &path, to, size)
        path_put(k, &path)
    return n


# ------------------------------------------------------------------------------------------ text
cdef const char *state_text(kernel_t *k, task_t *t) noexcept nogil:
    if t.state == EXIT_ZOMBIE:
        return b"Z (zombie)"
    if t.state == TASK_STOPPED:
        return b"T (stopped)"
    if t.state == TASK_UNINTERRUPTIBLE:
        return b"D (disk sleep)"
    return b"S (sleeping)" if t.state == TASK_INTERRUPTIBLE else b"R (running)"


cdef const char *comm_of(kernel_t *k, task_t *t) noexcept nogil:
    # Tasks of a batch have the name of their program until they are given another one.
    cdef start_t *start = k.host[task_index(k, t)].start
    if t.comm[0] == 0 and start != NULL and start.name != NULL:
        return start.name
    return <const char *>t.comm


cdef void show_ids(kernel_t *k, task_t *t, seq_file_t *m) noexcept nogil:
    cdef cred_t *c = current_cred(k, t)
    cdef uint32_t[8] ids = [c.uid, c.euid, c.suid, c.fsuid, c.gid, c.egid, c.sgid, c.fsgid]
    cdef uint32_t i, fds
    for i in range(8):
        if i % 4 == 0:
            seq_puts(m, b"Uid:" if i == 0 else b"\nGid:")
        seq_number(m, b"\t%lld", from_kuid_munged(k, m.user_ns, ids[i]) if i < 4
                   else from_kgid_munged(k, m.user_ns, ids[i]))
    fds = max(files_row(k, t.files).max_fds, <uint32_t>NR_OPEN_DEFAULT) if t.files else 0
    seq_number(m, b"\nFDSize:\t%lld\nGroups:\t", fds)
    for i in range(groups_count(k, c)):
        seq_number(m, b"%lld ", from_kgid_munged(k, m.user_ns, group_at(k, c, i)))
    seq_puts(m, b"" if groups_count(k, c) else b" ")


cdef void show_signals(kernel_t *k, task_t *t, seq_file_t *m) noexcept nogil:
    cdef signal_t *s = signal_row(k, t.signal)
    cdef cred_t *c = current_cred(k, t)
    seq_number(m, b"Threads:\t%lld\n", s.nr_threads + <uint32_t>(task_row(k, t.group_leader).state == EXIT_ZOMBIE))
    seq_number(m, b"SigQ:\t%llu", <int64_t>user_row(k, c.user).sigpending)
    seq_number(m, b"/%llu\n", <int64_t>rlimit(k, t, RLIMIT_SIGPENDING))
    seq_number(m, b"SigPnd:\t%016llx\n", <int64_t>t.pending)
    seq_number(m, b"ShdPnd:\t%016llx\n", <int64_t>s.shared_pending)
    seq_number(m, b"SigBlk:\t%016llx\n", <int64_t>t.blocked)
    seq_number(m, b"SigIgn:\t%016llx\n", <int64_t>sighand_row(k, t.sighand).ignored)
    seq_number(m, b"SigCgt:\t%016llx\n", <int64_t>sighand_row(k, t.sighand).caught)
    seq_number(m, b"CapInh:\t%016llx\n", <int64_t>c.cap_inheritable)
    seq_number(m, b"CapPrm:\t%016llx\n", <int64_t>c.cap_permitted)
    seq_number(m, b"CapEff:\t%016llx\n", <int64_t>c.cap_effective)
    seq_number(m, b"CapBnd:\t%016llx\n", <int64_t>c.cap_bset)
    seq_number(m, b"CapAmb:\t%016llx\n", <int64_t>c.cap_ambient)


cdef void show_numbers(kernel_t *k, task_t *t, const char *what, int32_t number, seq_file_t *m) noexcept nogil:
    # In every namespace from the first one to the task's own.
    cdef uint32_t level, ns
    seq_puts(m, what)
    seq_number(m, b"\t%lld", number)
    for level in range(1, pid_level(k, t) + 1):
        ns = task_active_pid_ns(k, t)
        while pid_ns_row(k, ns).level > level:
            ns = pid_ns_row(k, ns).parent
        seq_number(m, b"\t%lld", pid_nr_ns(k, number, ns))


cdef void show_id_map(kernel_t *k, uint32_t i, bint group, seq_file_t *m) noexcept nogil:
    # uid_m_show, gid_m_show: who reads is told ids of his own namespace, if that is this one, of the one around it.
    cdef uint32_t lower = user_ns_row(k, i).parent if i and i == m.user_ns else m.user_ns, first
    cdef id_map_t *map = id_map(k, i, group)
    cdef char line[64]
    if i and map.count == 0:
        return
    first = from_kgid(k, lower, map.lower_first) if group else from_kuid(k, lower, map.lower_first)
    snprintf(line, sizeof(line), b"%10u %10u %10u\n", <unsigned int>(map.first if i else 0),
             <unsigned int>first, <unsigned int>(map.count if i else INVALID_ID))
    seq_puts(m, line)


cdef void proc_pid_status(kernel_t *k, task_t *t, seq_file_t *m) noexcept nogil:
    cdef signal_t *s = signal_row(k, t.signal)
    seq_puts(m, b"Name:\t")
    seq_escape(m, comm_of(k, t))
    if t.fs:
        seq_number(m, b"\nUmask:\t%04llo", current_fs(k, t).umask)
    seq_puts(m, b"\nState:\t")
    seq_puts(m, state_text(k, t))
    seq_number(m, b"\nTgid:\t%lld\nNgid:\t0\n", t.tgid)
    seq_number(m, b"Pid:\t%lld\n", t.pid)
    seq_number(m, b"PPid:\t%lld\nTracerPid:\t0\n", task_ppid(k, t))
    show_ids(k, t, m)
    show_numbers(k, t, b"\nNStgid:", t.tgid, m)
    show_numbers(k, t, b"\nNSpid:", t.pid, m)
    show_numbers(k, t, b"\nNSpgid:", s.pgrp, m)
    show_numbers(k, t, b"\nNSsid:", s.session, m)
    seq_puts(m, b"\nKthread:\t0\n")
    task_mem(k, t, m)
    show_signals(k, t, m)
    seq_puts(m, b"NoNewPrivs:\t0\nSeccomp:\t0\nSeccomp_filters:\t0\nCpus_allowed:\t1\nCpus_allowed_list:\t0\n"
                b"Mems_allowed:\t1\nMems_allowed_list:\t0\n")


cdef void show_filesystems(seq_file_t *m) noexcept nogil:
    cdef int i
    for i in range(N_FILE_SYSTEMS):
        seq_puts(m, b"nodev\t" if file_systems[i].anonymous else b"\t")
        seq_puts(m, file_systems[i].name)
        seq_puts(m, b"\n")


cdef void frag_show(kernel_t *k, seq_file_t *m) noexcept nogil:
    cdef uint32_t counts[11]
    cdef int i
    buddyinfo(k, counts)
    seq_puts(m, b"Node 0, zone   Normal ")
    for i in range(MAX_PAGE_ORDER + 1):
        seq_number(m, b"%6lld ", counts[i])
    seq_puts(m, b"\n")


cdef inline bint tells_user_ns(inode_t *inode) noexcept nogil:
    return inode.i_private in (PROC_PID_UID_MAP, PROC_PID_GID_MAP, PROC_PID_SETGROUPS)


cdef uint32_t told_user_ns(kernel_t *k, inode_t *inode) noexcept nogil:
    cdef uint32_t task = proc_task(k, inode) if tells_user_ns(inode) else 0
    return current_user_ns(k, task_row(k, task)) if task else 0


cdef int64_t may_open_proc(kernel_t *k, task_t *t, inode_t *inode, uint16_t mode) noexcept nogil:
    # proc_mem_open: whose memory it is that is told must be open to the reader. proc_setgroups_open, proc_id_map_open.
    cdef uint32_t task
    if inode.i_private != PROC_PID_MAPS and not tells_user_ns(inode):
        return 0
    task = proc_task(k, inode)
    if task == 0:
        return -EINVAL if inode.i_private in (PROC_PID_UID_MAP, PROC_PID_GID_MAP) else -ESRCH
    if inode.i_private == PROC_PID_MAPS:
        return 0 if may_trace(k, t, task_row(k, task)) else -EACCES
    if inode.i_private == PROC_PID_SETGROUPS and mode & FMODE_WRITE and not ns_capable(
            k, t, current_user_ns(k, task_row(k, task)), CAP_SYS_ADMIN):
        return -EACCES
    return 0


cdef int64_t proc_open(kernel_t *k, task_t *t, file_t *f) noexcept nogil:
    # The text will be as the opener's namespaces have ids and numbers. A user namespace that it tells of stays the one
    # that the process is in now.
    cdef inode_t *inode = inode_row(k, f.inode)
    cdef int64_t err = may_open_proc(k, t, inode, f.f_mode)
    if err == 0:
        f.private_data = get_user_ns(k, current_user_ns(k, t))
        f.f_version = get_pid_ns(k, task_active_pid_ns(k, t))
        f.f_user_ns = get_user_ns(k, told_user_ns(k, inode))
    return err


cdef void proc_release(kernel_t *k, file_t *f) noexcept nogil:
    put_user_ns(k, f.private_data)
    put_user_ns(k, f.f_user_ns)
    put_pid_ns(k, f.f_version)


cdef inline void seq_open(file_t *f, seq_file_t *m) noexcept nogil:
    memset(m, 0, sizeof(seq_file_t))
    m.user_ns = f.private_data
    m.pid_ns = f.f_version
    m.told = f.f_user_ns


cdef int64_t proc_show(kernel_t *k, inode_t *inode, seq_file_t *m) noexcept nogil:
    # The whole text of a file: 0 or -errno.
    cdef uint32_t task = 0
    if inode.i_private in (PROC_PID_STATUS, PROC_PID_COMM, PROC_PID_MAPS):
        task = proc_task(k, inode)
        if task == 0:
            return -ESRCH
    if inode.i_private == PROC_PID_STATUS:
        proc_pid_status(k, task_row(k, task), m)
    elif inode.i_private == PROC_PID_COMM:
        seq_puts(m, comm_of(k, task_row(k, task)))
        seq_puts(m, b"\n")
    elif inode.i_private == PROC_PID_MAPS:
        proc_pid_maps(k, task_row(k, task), m)
    elif inode.i_private == PROC_PID_UID_MAP or inode.i_private == PROC_PID_GID_MAP:
        show_id_map(k, m.told, inode.i_private == PROC_PID_GID_MAP, m)
    elif inode.i_private == PROC_PID_SETGROUPS:
        seq_puts(m, b"allow\n" if setgroups_allowed(k, m.told) else b"deny\n")
    elif inode.i_private == PROC_BUDDYINFO:
        frag_show(k, m)
    elif inode.i_private == PROC_FILESYSTEMS:
        show_filesystems(m)
    elif inode.i_private == PROC_SYSVIPC_SHM:
        sysvipc_shm_show(k, inode.i_fd, m)
    elif inode.i_private == PROC_SYSVIPC_SEM:
        sysvipc_sem_show(k, inode.i_fd, m)
    elif inode.i_private == PROC_SYSVIPC_MSG:
        sysvipc_msg_show(k, inode.i_fd, m)
    else:
        sysctl_show(k, inode.i_fd, <int>inode.i_private2, m)
    return -ENOMEM if m.failed else 0


cdef int64_t proc_read(kernel_t *k, task_t *t, file_t *f) noexcept nogil:
    # A sysctl gives its text to the first read only, whatever that read asks for.
    cdef inode_t *inode = inode_row(k, f.inode)
    cdef int64_t *pos = file_pos(t, f)
    cdef seq_file_t m
    cdef int64_t n, copied
    if inode.i_private == PROC_SYSCTL and pos[0]:
        return 0
    seq_open(f, &m)
    n = proc_show(k, inode, &m)
    if n == 0 and pos[0] < m.count:
        n = min(t.call.iter.count, m.count - pos[0])
        copied = copy_to_iter(k, t, m.buf + pos[0], n)
        if unlikely(copied < n):  # of a sysctl all or nothing
            n = copied if copied and inode.i_private != PROC_SYSCTL else -EFAULT
        pos[0] += max(n, <int64_t>0)
    seq_free(&m)
    return n


cdef int64_t proc_available(kernel_t *k, task_t *t, file_t *f, int64_t n) noexcept nogil:
    cdef inode_t *inode = inode_row(k, f.inode)
    cdef seq_file_t m
    cdef int64_t there = 0
    if inode.i_private != PROC_SYSCTL or f.f_pos == 0:
        seq_open(f, &m)
        if proc_show(k, inode, &m) == 0:
            there = max(min(m.count - f.f_pos, n), 0)
        seq_free(&m)
    return there


cdef bint skip_iter(kernel_t *k, task_t *t) noexcept nogil:
    # What nobody looks at must be there all the same: whether it is not.
    cdef char page[256]
    cdef int64_t n
    while is_user_iter(t) and t.call.iter.count:
        n = min(t.call.iter.count, <int64_t>sizeof(page))
        if copy_from_iter(k, t, page, n) < n:
            return True
    return False


cdef int64_t proc_write(kernel_t *k, task_t *t, file_t *f) noexcept nogil:
    cdef inode_t *inode = inode_row(k, f.inode)
    cdef int64_t n = t.call.iter.count, part = min(n, <int64_t>SYSCTL_TEXT), ret
    cdef char text[128]
    if inode.i_private == PROC_PID_COMM:
        return write_comm(k, t, inode)
    if tells_user_ns(inode):
        return write_user_ns(k, t, f)
    if inode.i_private != PROC_SYSCTL:
        return -EIO
    if copy_from_iter(k, t, text, part) < part or skip_iter(k, t):
        return -EFAULT
    if n == 0 or file_pos(t, f)[0]:
        return n
    ret = sysctl_write(k, inode.i_fd, <int>inode.i_private2, text, part)
    return n if ret >= 0 else ret


cdef int64_t write_user_ns(kernel_t *k, task_t *t, file_t *f) noexcept nogil:
    # The maps of a user namespace, and whether it may set groups: all in one write, from the beginning.
    cdef inode_t *inode = inode_row(k, f.inode)
    cdef uint32_t ns = f.f_user_ns
    cdef int64_t n = t.call.iter.count, err
    cdef bint groups = inode.i_private == PROC_PID_SETGROUPS
    cdef char[4096] text
    if not groups and (ns == 0 or f.private_data != ns and f.private_data != user_ns_row(k, ns).parent):
        return -EPERM
    if file_pos(t, f)[0] or n >= (8 if groups else <int64_t>sizeof(text)):
        return -EINVAL
    if copy_from_iter(k, t, text, n) < n:
        return -EFAULT
    text[n] = 0
    err = setgroups_write(k, ns, text) if groups else map_write(k, t, ns, inode.i_private == PROC_PID_GID_MAP, text)
    if err == 0:
        file_pos(t, f)[0] += n
    return err if err else n


cdef int64_t write_comm(kernel_t *k, task_t *t, inode_t *inode) noexcept nogil:
    # A process' threads may rename each other; the name is cut.
    cdef uint32_t task = proc_task(k, inode)
    cdef int64_t n = t.call.iter.count, part = min(n, <int64_t>TASK_COMM_LEN - 1)
    cdef task_t *other = task_row(k, task)
    cdef char[16] comm
    if copy_from_iter(k, t, comm, part) < part:
        return -EFAULT
    if task == 0:
        return -ESRCH
    if other.tgid != t.tgid:
        return -EINVAL
    memset(other.comm, 0, TASK_COMM_LEN)
    memcpy(other.comm, comm, <size_t>part)
    part = <int64_t>strlen(<char *>other.comm)
    memset(other.comm + part, 0, <size_t>(TASK_COMM_LEN - part))
    return n
