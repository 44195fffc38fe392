"""The table of sysctls and how their text is read. Source: kernel/sysctl.c (proc_get_long), fs/pipe.c."""


cdef kernel_t SHAPE  # no machine: it is only asked where its fields are


cdef void register_sysctl(int which, uint32_t dir, const char *procname, const int64_t *field, int64_t least,
                          int64_t most, bint rounds) noexcept nogil:
    # `field` is that of SHAPE.
    ctl_tables[which].dir = dir
    ctl_tables[which].procname = procname
    ctl_tables[which].data = <const char *>field - <const char *>&SHAPE
    ctl_tables[which].least = least
    ctl_tables[which].most = most
    ctl_tables[which].rounds = rounds


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


cdef int find_sysctl(uint32_t dir, const char *name, uint32_t n) noexcept nogil:
    cdef int i
    for i in range(N_SYSCTLS):
        if (ctl_tables[i].dir == dir and strlen(ctl_tables[i].procname) == n
                and memcmp(ctl_tables[i].procname, name, n) == 0):
            return i
    return -1


cdef int64_t sysctl_get(kernel_t *k, int which) noexcept nogil:
    return (<int64_t *>(<char *>k + ctl_tables[which].data))[0]


cdef int sysctl_set(kernel_t *k, int which, int64_t value) noexcept nogil:
    cdef int64_t *field = <int64_t *>(<char *>k + ctl_tables[which].data)
    cdef int64_t rounded = PAGE_SIZE
    if value < ctl_tables[which].least or value > ctl_tables[which].most:
        return -EINVAL
    if field == &k.pid_max and value > <int64_t>k.table[T_TASK].limit:  # what the machine was made for
        return -EINVAL
    if ctl_tables[which].rounds:
        while rounded < value:
            rounded *= 2
        value = rounded
    field[0] = value
    return 0


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


cdef int64_t sysctl_parse(const char *text, int64_t n, uint64_t *value) noexcept nogil:
    # The first number of what was written: decimal, 0x or 0. What follows it after a space is not looked at.
    cdef int64_t i = 0, digits = 0
    cdef uint64_t base = 10
    while i < n and is_space(text[i]):
        i += 1
    if i == n:
        return -EINVAL if n else 0
    if text[i] == c"0":
        base = 8
        if i + 1 < n and (text[i + 1] == c"x" or text[i + 1] == c"X"):
            base = 16
            i += 2
    value[0] = 0
    while i < n and <uint64_t>digit_of(text[i]) < base:
        value[0] = value[0] * base + <uint64_t>digit_of(text[i])
        i += 1
        digits += 1
    if digits == 0 or digits > 20 or (i < n and not is_space(text[i])):
        return -EINVAL
    return 1
