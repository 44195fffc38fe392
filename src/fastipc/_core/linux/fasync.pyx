"""Owners of open files, and the signals that tell them of news.

Source: fs/fcntl.c (f_setown, f_getown, send_sigio, kill_fasync, fasync_helper), fs/pipe.c (pipe_fasync). An owner is a
number: if that becomes another process' the owner is gone. Missing: files other than pipes that tell of news.
"""


# ------------------------------------------------------------------------------------------ owners
cdef int file_f_owner_allocate(kernel_t *k, file_t *f) noexcept nogil:
    # 0 or -ENOMEM.
    if f.f_owner == 0:
        f.f_owner = table_alloc(k, T_FOWN, sizeof(fown_t))
    return 0 if f.f_owner else -alloc_errno(k, ENOMEM)


cdef void file_f_owner_release(kernel_t *k, file_t *f) noexcept nogil:
    table_free(k, T_FOWN, f.f_owner, sizeof(fown_t))
    f.f_owner = 0


cdef inline bint pid_in_use(kernel_t *k, int32_t number) noexcept nogil:
    # A task, a group or a session has the number.
    cdef pidmap_t *pid
    if number <= 0 or <uint32_t>number >= k.table[T_PID].high:
        return False
    pid = pid_row(k, <uint32_t>number)
    return pid.task != 0 or pid.leaders[PIDTYPE_PGID] != 0 or pid.leaders[PIDTYPE_SID] != 0


cdef int64_t f_modown(kernel_t *k, task_t *t, file_t *f, int32_t type, int32_t pid) noexcept nogil:
    cdef fown_t *fown
    cdef int err = file_f_owner_allocate(k, f)
    if err:
        return err
    if pid:
        pid = <int32_t>find_vpid(k, t, pid)
        if not pid_in_use(k, pid):
            return -ESRCH
    fown = fown_row(k, f.f_owner)
    fown.pid = pid
    fown.pid_type = <uint32_t>type
    fown.pid_count = pid_row(k, <uint32_t>pid).count if pid else 0
    if pid:
        fown.uid = current_cred(k, t).uid
        fown.euid = current_cred(k, t).euid
    return 0


cdef int64_t f_setown(kernel_t *k, task_t *t, file_t *f, int32_t who) noexcept nogil:
    if who == INT_MIN:
        return -EINVAL
    return f_modown(k, t, f, F_OWNER_PID if who >= 0 else F_OWNER_PGRP, who if who >= 0 else -who)


cdef int64_t f_setown_ex(kernel_t *k, task_t *t, file_t *f, int32_t type, int32_t pid) noexcept nogil:
    if type != F_OWNER_TID and type != F_OWNER_PID and type != F_OWNER_PGRP:
        return -EINVAL
    return f_modown(k, t, f, type, pid)


cdef uint32_t fown_task(kernel_t *k, const fown_t *fown) noexcept nogil:
    # pid_task: the thread, or the first of the group; 0: it is gone.
    if fown.pid == 0 or pid_row(k, <uint32_t>fown.pid).count != fown.pid_count:
        return 0
    if fown.pid_type == F_OWNER_PGRP:
        return pid_leader(k, fown.pid, PIDTYPE_PGID)
    return find_task(k, fown.pid)


cdef int32_t f_getown_ex(kernel_t *k, task_t *t, file_t *f, int32_t *pid) noexcept nogil:
    cdef fown_t *fown = fown_row(k, f.f_owner)
    cdef uint32_t task
    pid[0] = 0
    if f.f_owner == 0:
        return F_OWNER_TID
    task = fown_task(k, fown)
    if task and (fown.pid_type != F_OWNER_PID or task_row(k, task).group_leader == task):
        pid[0] = pid_vnr(k, t, fown.pid)
    return <int32_t>fown.pid_type


cdef int32_t f_getown(kernel_t *k, task_t *t, file_t *f) noexcept nogil:
    # A group is negative.
    cdef int32_t pid
    return -pid if f_getown_ex(k, t, f, &pid) == F_OWNER_PGRP else pid


cdef int64_t f_setsig(kernel_t *k, file_t *f, int32_t sig) noexcept nogil:
    cdef int err
    if not valid_signal(sig):
        return -EINVAL
    err = file_f_owner_allocate(k, f)
    if err:
        return err
    fown_row(k, f.f_owner).signum = sig
    return 0


# ------------------------------------------------------------------------------------------ telling
cdef enum:
    # What siginfo codes mean to more than SIGIO: their own cannot tell of files.
    SIG_SPECIFIC_SICODES_MASK = 1 << 3 | 1 << 4 | 1 << 6 | 1 << 7 | 1 << 10 | 1 << 16 | 1 << 28 | 1 << 30


cdef bint sigio_perm(kernel_t *k, task_t *p, const fown_t *fown) noexcept nogil:
    # Whether who set the owner may send to it; capabilities do not count.
    cdef cred_t *cred = current_cred(k, p)
    return (fown.euid == 0 or fown.euid == cred.suid or fown.euid == cred.uid
            or fown.uid == cred.suid or fown.uid == cred.uid)


cdef void send_sigio_to_task(kernel_t *k, task_t *p, const fown_t *fown, int32_t fd, int band) noexcept nogil:
    # Where an info has no room the plain SIGIO tells that something was lost.
    cdef bint group = fown.pid_type != F_OWNER_TID
    cdef kernel_siginfo_t info
    if p.signal == 0 or not sigio_perm(k, p, fown):
        return
    if fown.signum:
        info_init(&info, fown.signum, band)
        if fown.signum != SIGPOLL and sigmask(fown.signum) & <uint64_t>SIG_SPECIFIC_SICODES_MASK:
            info.si_code = SI_SIGIO
        info.fields[0] = POLLIN | POLLRDNORM if band == POLL_IN else POLLOUT | POLLWRNORM | POLLWRBAND
        info.fields[1] = <uint32_t>fd
        if send_signal(k, fown.signum, &info, p, group, False) == 0:
            return
    send_sig_priv(k, p, SIGIO, group)


cdef void send_sigio(kernel_t *k, const fown_t *fown, int32_t fd, int band) noexcept nogil:
    cdef uint32_t i = fown_task(k, fown)
    while i:
        send_sigio_to_task(k, task_row(k, i), fown, fd, band)
        i = task_row(k, i).pid_next[PIDTYPE_PGID] if fown.pid_type == F_OWNER_PGRP else 0


cdef void kill_fasync(kernel_t *k, uint32_t list, int band) noexcept nogil:
    # All files of a list, the newest first.
    cdef uint32_t owner
    while list:
        owner = file_row(k, fasync_row(k, list).fa_file).f_owner
        if owner:
            send_sigio(k, fown_row(k, owner), fasync_row(k, list).fa_fd, band)
        list = fasync_row(k, list).fa_next


# ------------------------------------------------------------------------------------------ asking
cdef void fasync_remove_entry(kernel_t *k, file_t *f, uint32_t *list) noexcept nogil:
    # Who is not there keeps its O_ASYNC, as one that open has set.
    cdef uint32_t file = file_index(k, f), i
    while list[0] and fasync_row(k, list[0]).fa_file != file:
        list = &fasync_row(k, list[0]).fa_next
    i = list[0]
    if i:
        list[0] = fasync_row(k, i).fa_next
        table_free(k, T_FASYNC, i, sizeof(fasync_t))
        f.f_flags &= ~<uint32_t>O_ASYNC


cdef int fasync_add_entry(kernel_t *k, int32_t fd, file_t *f, uint32_t *list) noexcept nogil:
    # 0 or -ENOMEM. Precondition: it is not there.
    cdef uint32_t i = table_alloc(k, T_FASYNC, sizeof(fasync_t))
    cdef fasync_t *fa = fasync_row(k, i)
    if i == 0:
        return -alloc_errno(k, ENOMEM)
    fa.fa_fd = fd
    fa.fa_file = file_index(k, f)
    fa.fa_next = list[0]
    list[0] = i
    f.f_flags |= O_ASYNC
    return 0


cdef int close_gate(kernel_t *k, uint32_t *gate, uint16_t kind, uint32_t pipe) noexcept nogil:
    # The entry of nobody, before the first file is told of: 0 or -ENOMEM.
    if gate[0] == 0:
        gate[0] = table_alloc(k, T_POLL_ENTRY, sizeof(poll_entry_t))
        if gate[0] == 0:
            return -alloc_errno(k, ENOMEM)
        add_wait_queue(k, gate[0] | LINK_POLL, kind, pipe)
    return 0


cdef void open_gate(kernel_t *k, uint32_t *gate) noexcept nogil:
    if gate[0]:
        remove_wait_queue(k, gate[0] | LINK_POLL)
        table_free(k, T_POLL_ENTRY, gate[0], sizeof(poll_entry_t))
        gate[0] = 0


cdef int fasync_side(
    kernel_t *k, int32_t fd, file_t *f, bint on, uint32_t *list, uint32_t *gate, uint16_t kind
) noexcept nogil:
    # fasync_helper. No list without a gate.
    cdef int err = 0
    if on:
        err = close_gate(k, gate, kind, f.private_data)
        if err == 0:
            err = fasync_add_entry(k, fd, f, list)
    else:
        fasync_remove_entry(k, f, list)
    if list[0] == 0:
        open_gate(k, gate)
    return err


cdef int64_t pipe_fasync(kernel_t *k, int32_t fd, file_t *f, bint on) noexcept nogil:
    # 0 or -ENOMEM. Precondition: O_ASYNC is not as asked.
    cdef pipe_t *pipe = pipe_row(k, f.private_data)
    cdef pipe_fasync_t *row = pipe_fasync_row(k, f.private_data)
    cdef int err = 0
    if not pipe.fasync:
        if not on:
            return 0
        pipe.fasync = 1
        table_take(k, T_PIPE_FASYNC, f.private_data, sizeof(pipe_fasync_t))
    if f.f_mode & FMODE_READ:
        err = fasync_side(k, fd, f, on, &row.fasync_readers, &row.gates[0], WQ_PIPE_RD)
    if f.f_mode & FMODE_WRITE and err == 0:
        err = fasync_side(k, fd, f, on, &row.fasync_writers, &row.gates[1], WQ_PIPE_WR)
        if err and f.f_mode & FMODE_READ:
            fasync_side(k, -1, f, False, &row.fasync_readers, &row.gates[0], WQ_PIPE_RD)
    if row.fasync_readers == 0 and row.fasync_writers == 0:
        pipe.fasync = 0
        table_give(k, T_PIPE_FASYNC, f.private_data, sizeof(pipe_fasync_t))
    return err


# ------------------------------------------------------------------------------------------ checks
cdef bint fasync_list_check(
    kernel_t *k, uint32_t pipe, uint32_t list, uint32_t gate, uint16_t mode, uint32_t *found
) noexcept nogil:
    cdef file_t *f
    if not check(k, (list == 0) == (gate == 0), b"fasync: gate without a list, or list without a gate"):
        return False
    while list:
        f = file_row(k, fasync_row(k, list).fa_file)
        if not check(k, f.live and is_pipe_file(f) and f.private_data == pipe and f.f_mode & mode
                     and f.f_flags & O_ASYNC, b"fasync: file that does not ask"):
            return False
        found[0] += 1
        list = fasync_row(k, list).fa_next
    return True


cdef bint fasync_check(kernel_t *k) noexcept nogil:
    cdef uint32_t i, pipes = 0, found = 0, owners = 0
    cdef pipe_fasync_t *row
    for i in range(1, k.table[T_PIPE].high):
        if not pipe_row(k, i).live or not pipe_row(k, i).fasync:
            continue
        row = pipe_fasync_row(k, i)
        pipes += 1
        if not (fasync_list_check(k, i, row.fasync_readers, row.gates[0], FMODE_READ, &found)
                and fasync_list_check(k, i, row.fasync_writers, row.gates[1], FMODE_WRITE, &found)):
            return False
    for i in range(1, k.table[T_FILE].high):
        owners += file_row(k, i).live != 0 and file_row(k, i).f_owner != 0
    return (check(k, pipes == k.table[T_PIPE_FASYNC].nlive, b"fasync: rows of pipes that are gone")
            and check(k, found == k.table[T_FASYNC].nlive, b"fasync: entries lost")
            and check(k, owners == k.table[T_FOWN].nlive, b"fasync: owners of files that are gone"))
