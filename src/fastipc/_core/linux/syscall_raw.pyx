"""Raw calls on descriptors and files, and the table of all. Each takes its registers apart, errors in Linux's order."""


# ------------------------------------------------------------------------------------------ transfers
cdef int64_t raw_read(kernel_t *k, task_t *t, const uint64_t *a) noexcept nogil:
    call_begin_args(t, NR_read, raw_fd(a[0]), <int64_t>a[1], <int64_t>a[2], 0)
    return do_read_user(k, t, raw_fd(a[0]), a[1], a[2])


cdef int64_t raw_write(kernel_t *k, task_t *t, const uint64_t *a) noexcept nogil:
    call_begin_args(t, NR_write, raw_fd(a[0]), <int64_t>a[1], <int64_t>a[2], 0)
    return do_write_user(k, t, raw_fd(a[0]), a[1], a[2])


cdef int64_t raw_pread(kernel_t *k, task_t *t, const uint64_t *a) noexcept nogil:
    call_begin_args(t, NR_pread64, raw_fd(a[0]), <int64_t>a[1], <int64_t>a[2], <int64_t>a[3])
    return do_pread_user(k, t, raw_fd(a[0]), a[1], a[2], <int64_t>a[3])


cdef int64_t raw_pwrite(kernel_t *k, task_t *t, const uint64_t *a) noexcept nogil:
    call_begin_args(t, NR_pwrite64, raw_fd(a[0]), <int64_t>a[1], <int64_t>a[2], <int64_t>a[3])
    return do_pwrite_user(k, t, raw_fd(a[0]), a[1], a[2], <int64_t>a[3])


cdef int64_t raw_readv(kernel_t *k, task_t *t, const uint64_t *a) noexcept nogil:
    call_begin_args(t, NR_readv, raw_fd(a[0]), <int64_t>a[1], <int64_t>a[2], 0)
    return do_readv_user(k, t, raw_fd(a[0]), a[1], a[2])


cdef int64_t raw_writev(kernel_t *k, task_t *t, const uint64_t *a) noexcept nogil:
    call_begin_args(t, NR_writev, raw_fd(a[0]), <int64_t>a[1], <int64_t>a[2], 0)
    return do_writev_user(k, t, raw_fd(a[0]), a[1], a[2])


cdef int64_t raw_lseek(kernel_t *k, task_t *t, const uint64_t *a) noexcept nogil:
    call_begin_args(t, NR_lseek, raw_fd(a[0]), <int64_t>a[1], <uint32_t>a[2], 0)
    return do_lseek(k, t, raw_fd(a[0]), <int64_t>a[1], <uint32_t>a[2])


# ------------------------------------------------------------------------------------------ descriptors
cdef int64_t raw_pipe2(kernel_t *k, task_t *t, const uint64_t *a) noexcept nogil:
    # Who cannot be told of the descriptors does not get them.
    cdef int64_t ret
    call_begin_args(t, NR_pipe2, raw_int(a[1]), 0, 0, 0)
    ret = do_pipe2(k, t, raw_int(a[1]))
    if ret == 0 and put_user(k, t, a[0], &t.call.out0, 8):
        do_close(k, t, t.call.out0)
        do_close(k, t, t.call.out1)
        return -EFAULT
    return ret


cdef int64_t raw_pipe(kernel_t *k, task_t *t, const uint64_t *a) noexcept nogil:
    cdef uint64_t[2] as_pipe2
    as_pipe2[0] = a[0]
    as_pipe2[1] = 0
    return raw_pipe2(k, t, as_pipe2)


cdef int64_t raw_close(kernel_t *k, task_t *t, const uint64_t *a) noexcept nogil:
    call_begin_args(t, NR_close, raw_fd(a[0]), 0, 0, 0)
    return do_close(k, t, raw_fd(a[0]))


cdef int64_t raw_dup(kernel_t *k, task_t *t, const uint64_t *a) noexcept nogil:
    call_begin_args(t, NR_dup, raw_fd(a[0]), 0, 0, 0)
    return do_dup(k, t, raw_fd(a[0]), -1, False)


cdef int64_t raw_dup2(kernel_t *k, task_t *t, const uint64_t *a) noexcept nogil:
    call_begin_args(t, NR_dup2, raw_fd(a[0]), raw_fd(a[1]), 0, 0)
    return do_dup2(k, t, raw_fd(a[0]), raw_fd(a[1]))


cdef int64_t raw_dup3(kernel_t *k, task_t *t, const uint64_t *a) noexcept nogil:
    call_begin_args(t, NR_dup3, raw_fd(a[0]), raw_fd(a[1]), raw_int(a[2]), 0)
    return do_dup3(k, t, raw_fd(a[0]), raw_fd(a[1]), <uint32_t>a[2])


cdef int64_t raw_fcntl(kernel_t *k, task_t *t, const uint64_t *a) noexcept nogil:
    cdef int64_t arg = <int64_t>a[2], ret
    cdef uint32_t cmd = <uint32_t>a[1]
    call_begin_args(t, NR_fcntl, raw_fd(a[0]), cmd, arg, 0)
    if cmd == F_SETOWN_EX and fdget_io(k, t, raw_fd(a[0])) != NULL and get_user(k, t, &arg, a[2], 8):
        return -EFAULT
    ret = do_fcntl(k, t, raw_fd(a[0]), cmd, arg)
    return put_user(k, t, a[2], &t.call.out0, 8) if cmd == F_GETOWN_EX and ret == 0 else ret


cdef int64_t raw_ioctl(kernel_t *k, task_t *t, const uint64_t *a) noexcept nogil:
    # Numbers that do_ioctl takes and gives as such go through a pointer to an int.
    cdef uint32_t cmd = <uint32_t>a[1]
    cdef int32_t number = 0
    cdef int64_t ret, arg = <int64_t>a[2]
    call_begin_args(t, NR_ioctl, raw_fd(a[0]), cmd, arg, 0)
    if fdget_io(k, t, raw_fd(a[0])) == NULL:
        return -EBADF
    if cmd == FIONBIO or cmd == FIOASYNC or cmd == <uint32_t>FS_IOC_SETFLAGS:
        if get_user(k, t, &number, a[2], 4):
            return -EFAULT
        arg = number
    ret = do_ioctl(k, t, raw_fd(a[0]), cmd, arg)
    if ret < 0 or (cmd != FIONREAD and cmd != <uint32_t>FS_IOC_GETFLAGS):
        return ret
    number = <int32_t>ret
    return put_user(k, t, a[2], &number, 4)


# ------------------------------------------------------------------------------------------ stat
cdef int64_t put_stat(kernel_t *k, task_t *t, uint64_t to, const stat_t *st) noexcept nogil:
    # cp_new_stat: struct stat of x86-64, 18 words.
    cdef uint64_t[18] words
    cdef int64_t[3] times
    cdef int i
    times[0] = st.st_atime_ns
    times[1] = st.st_mtime_ns
    times[2] = st.st_ctime_ns
    memset(words, 0, sizeof(words))
    words[0] = st.st_dev
    words[1] = st.st_ino
    words[2] = st.st_nlink
    words[3] = st.st_mode | <uint64_t>st.st_uid << 32
    words[4] = st.st_gid
    words[5] = st.st_rdev
    words[6] = <uint64_t>st.st_size
    words[7] = st.st_blksize
    words[8] = <uint64_t>st.st_blocks
    for i in range(3):
        words[9 + 2 * i] = <uint64_t>(times[i] // NSEC_PER_SEC)
        words[10 + 2 * i] = <uint64_t>(times[i] % NSEC_PER_SEC)
    return put_user(k, t, to, words, sizeof(words))


cdef int64_t raw_fstat(kernel_t *k, task_t *t, const uint64_t *a) noexcept nogil:
    cdef stat_t st
    cdef int64_t err
    call_begin_args(t, NR_fstat, raw_fd(a[0]), 0, 0, 0)
    err = do_fstat(k, t, raw_fd(a[0]), &st)
    return err if err else put_stat(k, t, a[1], &st)


cdef int64_t raw_stat(kernel_t *k, task_t *t, const uint64_t *a) noexcept nogil:
    cdef stat_t st
    cdef int64_t err = call_stat(k, t, <int64_t>a[0], USER_PATH, <int64_t>&st)
    return err if err else put_stat(k, t, a[1], &st)


cdef int64_t raw_lstat(kernel_t *k, task_t *t, const uint64_t *a) noexcept nogil:
    cdef stat_t st
    cdef int64_t err = call_lstat(k, t, <int64_t>a[0], USER_PATH, <int64_t>&st)
    return err if err else put_stat(k, t, a[1], &st)


# ------------------------------------------------------------------------------------------ paths
cdef int64_t raw_open(kernel_t *k, task_t *t, const uint64_t *a) noexcept nogil:
    return call_open(k, t, <int64_t>a[0], USER_PATH, raw_int(a[1]), raw_int(a[2]))


cdef int64_t raw_creat(kernel_t *k, task_t *t, const uint64_t *a) noexcept nogil:
    return call_open(k, t, <int64_t>a[0], USER_PATH, O_CREAT | O_WRONLY | O_TRUNC, raw_int(a[1]))


cdef int64_t raw_openat(kernel_t *k, task_t *t, const uint64_t *a) noexcept nogil:
    return call_openat(k, t, raw_int(a[0]), <int64_t>a[1], USER_PATH, raw_int(a[2]), raw_int(a[3]))


cdef int64_t raw_mknod(kernel_t *k, task_t *t, const uint64_t *a) noexcept nogil:
    return call_mknod(k, t, <int64_t>a[0], USER_PATH, raw_int(a[1]), <uint32_t>a[2])


cdef int64_t raw_mknodat(kernel_t *k, task_t *t, const uint64_t *a) noexcept nogil:
    return call_mknodat(k, t, raw_int(a[0]), <int64_t>a[1], USER_PATH, raw_int(a[2]), <uint32_t>a[3])


cdef int64_t raw_mkdir(kernel_t *k, task_t *t, const uint64_t *a) noexcept nogil:
    return call_mkdir(k, t, <int64_t>a[0], USER_PATH, raw_int(a[1]))


cdef int64_t raw_rmdir(kernel_t *k, task_t *t, const uint64_t *a) noexcept nogil:
    return call_rmdir(k, t, <int64_t>a[0], USER_PATH)


cdef int64_t raw_unlink(kernel_t *k, task_t *t, const uint64_t *a) noexcept nogil:
    return call_unlink(k, t, <int64_t>a[0], USER_PATH)


cdef int64_t raw_link(kernel_t *k, task_t *t, const uint64_t *a) noexcept nogil:
    return call_link(k, t, <int64_t>a[0], USER_PATH, <int64_t>a[1], USER_PATH)


cdef int64_t raw_symlink(kernel_t *k, task_t *t, const uint64_t *a) noexcept nogil:
    return call_symlink(k, t, <int64_t>a[0], USER_PATH, <int64_t>a[1], USER_PATH)


cdef int64_t raw_rename(kernel_t *k, task_t *t, const uint64_t *a) noexcept nogil:
    return call_rename(k, t, <int64_t>a[0], USER_PATH, <int64_t>a[1], USER_PATH)


cdef int64_t raw_renameat2(kernel_t *k, task_t *t, const uint64_t *a) noexcept nogil:
    return call_renameat2(k, t, raw_int(a[0]), <int64_t>a[1], USER_PATH, raw_int(a[2]), <int64_t>a[3], USER_PATH,
                          raw_int(a[4]))


cdef int64_t raw_access(kernel_t *k, task_t *t, const uint64_t *a) noexcept nogil:
    return call_access(k, t, <int64_t>a[0], USER_PATH, raw_int(a[1]))


cdef int64_t raw_chmod(kernel_t *k, task_t *t, const uint64_t *a) noexcept nogil:
    return call_chmod(k, t, <int64_t>a[0], USER_PATH, raw_int(a[1]))


cdef int64_t raw_chown(kernel_t *k, task_t *t, const uint64_t *a) noexcept nogil:
    return call_chown(k, t, <int64_t>a[0], USER_PATH, <uint32_t>a[1], <uint32_t>a[2])


cdef int64_t raw_lchown(kernel_t *k, task_t *t, const uint64_t *a) noexcept nogil:
    return call_lchown(k, t, <int64_t>a[0], USER_PATH, <uint32_t>a[1], <uint32_t>a[2])


cdef int64_t raw_truncate(kernel_t *k, task_t *t, const uint64_t *a) noexcept nogil:
    return call_truncate(k, t, <int64_t>a[0], USER_PATH, <int64_t>a[1])


cdef int64_t raw_chdir(kernel_t *k, task_t *t, const uint64_t *a) noexcept nogil:
    return call_chdir(k, t, <int64_t>a[0], USER_PATH)


cdef int64_t raw_readlink(kernel_t *k, task_t *t, const uint64_t *a) noexcept nogil:
    cdef char[4096] text
    cdef int64_t size = raw_int(a[2])
    cdef int64_t n = call_readlink(k, t, <int64_t>a[0], USER_PATH, <int64_t>&text[0],
                                   min(size, <int64_t>sizeof(text)))
    t.call.args[2] = size
    return n if n < 0 or put_user(k, t, a[1], text, n) == 0 else -EFAULT


cdef int64_t raw_getcwd(kernel_t *k, task_t *t, const uint64_t *a) noexcept nogil:
    cdef char[4096] text
    cdef int64_t n = call_getcwd(k, t, <int64_t>&text[0], <int64_t>min(a[1], <uint64_t>sizeof(text)))
    t.call.args[1] = <int64_t>a[1]
    return n if n < 0 or put_user(k, t, a[0], text, n) == 0 else -EFAULT


# ------------------------------------------------------------------------------------------ by descriptor
cdef int64_t raw_fchdir(kernel_t *k, task_t *t, const uint64_t *a) noexcept nogil:
    return call_fchdir(k, t, raw_int(a[0]))


cdef int64_t raw_umask(kernel_t *k, task_t *t, const uint64_t *a) noexcept nogil:
    return call_umask(k, t, raw_int(a[0]))


cdef int64_t raw_fchmod(kernel_t *k, task_t *t, const uint64_t *a) noexcept nogil:
    return call_fchmod(k, t, raw_int(a[0]), raw_int(a[1]))


cdef int64_t raw_fchown(kernel_t *k, task_t *t, const uint64_t *a) noexcept nogil:
    return call_fchown(k, t, raw_int(a[0]), <uint32_t>a[1], <uint32_t>a[2])


cdef int64_t raw_ftruncate(kernel_t *k, task_t *t, const uint64_t *a) noexcept nogil:
    return call_ftruncate(k, t, raw_int(a[0]), <int64_t>a[1])


cdef int64_t raw_fallocate(kernel_t *k, task_t *t, const uint64_t *a) noexcept nogil:
    return call_fallocate(k, t, raw_int(a[0]), raw_int(a[1]), <int64_t>a[2], <int64_t>a[3])


cdef int64_t raw_fsync(kernel_t *k, task_t *t, const uint64_t *a) noexcept nogil:
    return call_fsync(k, t, raw_int(a[0]))


# ------------------------------------------------------------------------------------------ all
cdef int64_t syscall_raw(kernel_t *k, task_t *t, int32_t nr, const uint64_t *a) noexcept nogil:
    cdef int64_t ret
    if raw_calls[nr] == NULL:
        call_begin_args(t, nr, <int64_t>a[0], <int64_t>a[1], <int64_t>a[2], <int64_t>a[3])
        return -ENOSYS
    ret = raw_calls[nr](k, t, a)
    return ret if ret <= -ERESTARTSYS or not (t.call.flags & CALL_USER) else user_call_end(k, t, ret)


cdef void raw_files_init() noexcept nogil:
    raw_calls[NR_read] = raw_read
    raw_calls[NR_write] = raw_write
    raw_calls[NR_pread64] = raw_pread
    raw_calls[NR_pwrite64] = raw_pwrite
    raw_calls[NR_readv] = raw_readv
    raw_calls[NR_writev] = raw_writev
    raw_calls[NR_lseek] = raw_lseek
    raw_calls[NR_pipe] = raw_pipe
    raw_calls[NR_pipe2] = raw_pipe2
    raw_calls[NR_close] = raw_close
    raw_calls[NR_dup] = raw_dup
    raw_calls[NR_dup2] = raw_dup2
    raw_calls[NR_dup3] = raw_dup3
    raw_calls[NR_fcntl] = raw_fcntl
    raw_calls[NR_ioctl] = raw_ioctl
    raw_calls[NR_fstat] = raw_fstat
    raw_calls[NR_fchdir] = raw_fchdir
    raw_calls[NR_fchmod] = raw_fchmod
    raw_calls[NR_fchown] = raw_fchown
    raw_calls[NR_ftruncate] = raw_ftruncate
    raw_calls[NR_fallocate] = raw_fallocate
    raw_calls[NR_fsync] = raw_fsync


cdef void raw_paths_init() noexcept nogil:
    raw_calls[NR_stat] = raw_stat
    raw_calls[NR_lstat] = raw_lstat
    raw_calls[NR_open] = raw_open
    raw_calls[NR_creat] = raw_creat
    raw_calls[NR_openat] = raw_openat
    raw_calls[NR_mknod] = raw_mknod
    raw_calls[NR_mknodat] = raw_mknodat
    raw_calls[NR_mkdir] = raw_mkdir
    raw_calls[NR_rmdir] = raw_rmdir
    raw_calls[NR_unlink] = raw_unlink
    raw_calls[NR_link] = raw_link
    raw_calls[NR_symlink] = raw_symlink
    raw_calls[NR_rename] = raw_rename
    raw_calls[NR_renameat2] = raw_renameat2
    raw_calls[NR_access] = raw_access
    raw_calls[NR_chmod] = raw_chmod
    raw_calls[NR_chown] = raw_chown
    raw_calls[NR_lchown] = raw_lchown
    raw_calls[NR_truncate] = raw_truncate
    raw_calls[NR_chdir] = raw_chdir
    raw_calls[NR_readlink] = raw_readlink
    raw_calls[NR_getcwd] = raw_getcwd
    raw_calls[NR_umask] = raw_umask


cdef void syscall_raw_init() noexcept nogil:
    raw_files_init()
    raw_paths_init()
    raw_processes_init()
    raw_waits_init()
    raw_memory_init()
    raw_ipc_init()
    raw_sysv_init()
    raw_signals_init()
    raw_timers_init()
