"""The table of sysctls and how their text is read.

Source: kernel/sysctl.c (proc_get_long, do_proc_dointvec, do_proc_doulongvec_minmax), fs/pipe.c, ipc/ipc_sysctl.c.
"""


cdef kernel_t SHAPE  # no machine: it is only asked where its fields are
cdef ipc_namespace_t IPC_SHAPE


cdef ctl_table_t *register_ctl(int which, uint32_t dir, const char *procname, uint32_t kind, int64_t data,
                               int64_t least, int64_t most) noexcept nogil:
    cdef ctl_table_t *c = &ctl_tables[which]
    c.dir = dir
    c.procname = procname
    c.mode = 0o644
    c.kind = kind
    c.count = 1
    c.data = data
    c.least = least
    c.most = most
    return c


cdef void register_sysctl(int which, uint32_t dir, const char *procname, const int64_t *field, int64_t least,
                          int64_t most, bint rounds) noexcept nogil:
    # `field` is that of SHAPE.
    cdef int64_t data = <const char *>field - <const char *>&SHAPE
    register_ctl(which, dir, procname, CTL_KERNEL, data, least, most).rounds = rounds


cdef ctl_table_t *register_ipc(int which, const char *procname, uint32_t kind, const void *field, int64_t least,
                               int64_t most) noexcept nogil:
    # `field` is that of IPC_SHAPE.
    return register_ctl(which, PROC_SYS_KERNEL, procname, kind, <const char *>field - <const char *>&IPC_SHAPE, least,
                        most)


cdef void sysctl_init() noexcept nogil:
    cdef kernel_t *k = &SHAPE
    cdef int64_t most = 0x7fffffffffffffff
    register_sysctl(0, PROC_SYS_KERNEL, b"pid_max", &k.pid_max, 301, 4194304, False)
    register_sysctl(1, PROC_SYS_KERNEL, b"threads-max", &k.threads_max, 0, most, False)
    register_sysctl(2, PROC_SYS_FS, b"file-max", &k.file_max, 0, most, False)
    register_sysctl(3, PROC_SYS_FS, b"nr_open", &k.nr_open_max, 0, most, False)
    register_sysctl(4, PROC_SYS_FS, b"pipe-max-size", &k.pipe_max_size, 0, 1 << 31, True)
    register_sysctl(5, PROC_SYS_FS, b"pipe-user-pages-hard", &k.pipe_user_pages_hard, 0, most, False)
    register_sysctl(6, PROC_SYS_FS, b"pipe-user-pages-soft", &k.pipe_user_pages_soft, 0, most, False)
    register_sysctl(7, PROC_SYS_FS, b"protected_fifos", &k.protected_fifos, 0, 2, False)
    register_sysctl(8, PROC_SYS_FS, b"protected_hardlinks", &k.protected_hardlinks, 0, 1, False)
    register_sysctl(9, PROC_SYS_FS, b"protected_regular", &k.protected_regular, 0, 2, False)
    register_sysctl(10, PROC_SYS_FS, b"protected_symlinks", &k.protected_symlinks, 0, 1, False)
    register_sysctl(11, PROC_SYS_VM, b"nr_hugepages", &k.nr_hugepages, 0, 0, False)
    register_sysctl(12, 0, b"ipcmni_extend", &k.ipcmni_extend, 0, 1, False)
    ipc_sysctl_init()


cdef void ipc_sysctl_init() noexcept nogil:
    # ipc_mni, which may be smaller than IPCMNI_EXTEND, is looked at when they are set.
    cdef ipc_namespace_t *ns = &IPC_SHAPE
    cdef int64_t most = 0x7fffffff
    cdef int kind
    register_ipc(13, b"shmmax", CTL_IPC_ULONG, &ns.shm_ctlmax, 0, -1)
    register_ipc(14, b"shmall", CTL_IPC_ULONG, &ns.shm_ctlall, 0, -1)
    register_ipc(15, b"shmmni", CTL_IPC_INT, &ns.shm_ctlmni, 0, IPCMNI_EXTEND)
    register_ipc(16, b"shm_rmid_forced", CTL_IPC_INT, &ns.shm_rmid_forced, 0, 1)
    register_ipc(17, b"msgmax", CTL_IPC_INT, &ns.msg_ctlmax, 0, most)
    register_ipc(18, b"msgmni", CTL_IPC_INT, &ns.msg_ctlmni, 0, IPCMNI_EXTEND)
    register_ipc(19, b"msgmnb", CTL_IPC_INT, &ns.msg_ctlmnb, 0, most)
    register_ipc(20, b"sem", CTL_IPC_INT, &ns.sem_ctls, -most - 1, most).count = 4
    register_ctl(21, PROC_SYS_KERNEL, b"sem_next_id", CTL_IPC_NEXT_ID, IPC_SEM_IDS, -1, most)
    register_ctl(22, PROC_SYS_KERNEL, b"msg_next_id", CTL_IPC_NEXT_ID, IPC_MSG_IDS, -1, most)
    register_ctl(23, PROC_SYS_KERNEL, b"shm_next_id", CTL_IPC_NEXT_ID, IPC_SHM_IDS, -1, most)
    for kind in range(21, 24):
        ctl_tables[kind].mode = 0o444  # CAP_CHECKPOINT_RESTORE may write them


cdef int find_sysctl(uint32_t dir, const char *name, uint32_t n) noexcept nogil:
    cdef int i
    for i in range(N_SYSCTLS):
        if (ctl_tables[i].dir == dir and strlen(ctl_tables[i].procname) == n
                and memcmp(ctl_tables[i].procname, name, n) == 0):
            return i
    return -1


# ------------------------------------------------------------------------------------------ numbers
cdef void *sysctl_field(kernel_t *k, uint32_t ns, int which, int i) noexcept nogil:
    cdef ctl_table_t *c = &ctl_tables[which]
    if c.kind == CTL_KERNEL:
        return <char *>k + c.data
    if c.kind == CTL_IPC_NEXT_ID:
        return &ipc_ids_row(k, ipc_ns_row(k, ns).ids[c.data]).next_id
    return <char *>ipc_ns_row(k, ns) + c.data + i * sizeof(int32_t)


cdef int64_t sysctl_get(kernel_t *k, uint32_t ns, int which, int i) noexcept nogil:
    cdef void *field = sysctl_field(k, ns, which, i)
    if ctl_tables[which].kind in (CTL_IPC_INT, CTL_IPC_NEXT_ID):
        return (<int32_t *>field)[0]
    return (<int64_t *>field)[0]


cdef int set_kernel(kernel_t *k, int which, int64_t value) noexcept nogil:
    cdef int64_t *field = <int64_t *>sysctl_field(k, 0, which, 0)
    cdef int64_t rounded = PAGE_SIZE
    if field == &k.pid_max and value > <int64_t>k.table[T_TASK].limit:  # what the machine was made for
        return -EINVAL
    if field == &k.ipcmni_extend and k.init_ipc_ns and value != field[0]:  # it has booted
        return -EINVAL
    if ctl_tables[which].rounds:
        while rounded < value:
            rounded *= 2
        value = rounded
    field[0] = value
    return 0


cdef int set_ipc_int(kernel_t *k, uint32_t ns, int which, int i, int64_t value) noexcept nogil:
    cdef int32_t *field = <int32_t *>sysctl_field(k, ns, which, i)
    cdef ipc_namespace_t *n = ipc_ns_row(k, ns)
    if (field == &n.shm_ctlmni or field == &n.msg_ctlmni) and value > k.ipc_mni:
        return -EINVAL
    if field == &n.sem_ctls[3] and not 0 <= value <= k.ipc_mni:  # sem_check_semmni
        return -ERANGE
    field[0] = <int32_t>value
    if field == &n.shm_rmid_forced and value:
        shm_destroy_orphaned(k, ns)
    return 0


cdef int sysctl_set(kernel_t *k, uint32_t ns, int which, int i, int64_t value) noexcept nogil:
    cdef ctl_table_t *c = &ctl_tables[which]
    if c.kind == CTL_IPC_ULONG:
        (<int64_t *>sysctl_field(k, ns, which, i))[0] = value
        return 0
    if value < c.least or value > c.most:
        return -EINVAL
    return set_kernel(k, which, value) if c.kind == CTL_KERNEL else set_ipc_int(k, ns, which, i, value)


# ------------------------------------------------------------------------------------------ text
cdef void sysctl_show(kernel_t *k, uint32_t ns, int which, seq_file_t *m) noexcept nogil:
    cdef bint unsigned = ctl_tables[which].kind == CTL_IPC_ULONG
    cdef int i
    for i in range(ctl_tables[which].count):
        seq_puts(m, b"\t" if i else b"")
        seq_number(m, b"%llu" if unsigned else b"%lld", sysctl_get(k, ns, which, i))
    seq_puts(m, b"\n")


cdef inline bint is_space(char c) noexcept nogil:
    return c == c" " or c == c"\t" or c == c"\n"


cdef inline int digit_of(char c) noexcept nogil:
    if c"0" <= c <= c"9":
        return c - c"0"
    if c"a" <= c <= c"f":
        return c - c"a" + 10
    if c"A" <= c <= c"F":
        return c - c"A" + 10
    return 16


cdef int64_t sysctl_parse(const char *text, int64_t n, int64_t *at, bint *negative, uint64_t *value) noexcept nogil:
    # The next number of what was written: decimal, 0x or 0, with a sign or without. 1; 0: no more; or -EINVAL.
    cdef int64_t i = at[0], digits = 0
    cdef uint64_t base = 10
    while i < n and is_space(text[i]):
        i += 1
    if i == n:
        return 0
    negative[0] = text[i] == c"-"
    i += negative[0]
    if i < n and text[i] == c"0":
        base = 8
        if i + 1 < n and (text[i + 1] == c"x" or text[i + 1] == c"X"):
            base = 16
            i += 2
    value[0] = 0
    while i < n and <uint64_t>digit_of(text[i]) < base:
        if value[0] > (~<uint64_t>0 - <uint64_t>digit_of(text[i])) // base:
            return -EINVAL
        value[0] = value[0] * base + <uint64_t>digit_of(text[i])
        i += 1
        digits += 1
    at[0] = i
    return 1 if digits and (i == n or is_space(text[i])) else -EINVAL


cdef int store_text(kernel_t *k, uint32_t ns, int which, int i, bint negative, uint64_t value) noexcept nogil:
    # A number that was written: too large for its type is EINVAL, a negative one for an unsigned is passed over. That
    # nothing is asked of the next id cannot be written.
    if ctl_tables[which].kind == CTL_IPC_ULONG:
        return 0 if negative else sysctl_set(k, ns, which, i, <int64_t>value)
    if value > <uint64_t>0x7fffffffffffffff or (negative and ctl_tables[which].kind == CTL_IPC_NEXT_ID):
        return -EINVAL
    return sysctl_set(k, ns, which, i, -<int64_t>value if negative else <int64_t>value)


cdef int sysctl_write(kernel_t *k, uint32_t ns, int which, const char *text, int64_t n) noexcept nogil:
    # As many numbers as there are; none at all is an error if there are bytes. What follows the last one's space is not
    # looked at.
    cdef int64_t at = 0, found = 1
    cdef uint64_t value = 0
    cdef bint negative = False
    cdef int i, err
    for i in range(ctl_tables[which].count):
        found = sysctl_parse(text, n, &at, &negative, &value)
        if found <= 0:
            break
        err = store_text(k, ns, which, i, negative, value)
        if err:
            return err
    if found == 0 and i == 0:
        return -EINVAL if n else 0
    return <int>min(found, <int64_t>0)
