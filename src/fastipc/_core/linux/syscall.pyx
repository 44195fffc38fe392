"""Entry and exit of the system calls of compiled programs. Source: arch/x86/entry/common.c (do_syscall_64)."""


cdef enum:
    MS_NS = 1000000
    THREAD_EXIT_SIGNAL = 0


# ------------------------------------------------------------------------------------------ entry and exit
cdef inline void check_stack(kernel_t *k) noexcept nogil:
    if unlikely(stack_overrun()):
        coroutine_overflow(k)


cdef inline void syscall_enter(kernel_t *k, task_t *t, int32_t nr, int64_t arg) noexcept nogil:
    check_stack(k)
    call_begin(t, nr)
    t.call.args[0] = arg


cdef int64_t syscall_exit_slow(kernel_t *k, task_t *t, int64_t ret) noexcept nogil:
    # A call that sleeps is completed by whoever gives the task its next turn.
    if likely(ret == -ESLEEP):
        return coroutine_sleep(k, t)
    return syscall_exit_work(k, t, call_done(k, t, ret))


cdef int64_t syscall_exit_work(kernel_t *k, task_t *t, int64_t ret) noexcept nogil:
    # `ret`: of exit_to_user_mode.
    if unlikely(exit_code(ret)):
        ret = native_exit_work(k, t, ret)
    if hub_wanted(k):
        coroutine_pause(k, t)
    return ret


cdef inline int64_t syscall_exit(kernel_t *k, task_t *t, int64_t ret) noexcept nogil:
    # Precondition: a call that did not sleep holds no file. What is rare is left to a function of its own, so that
    # nothing is saved on the stack for it here.
    k.ticks -= 1
    if unlikely(ret == -ESLEEP or k.tracing or t.flags & (TIF_SIGPENDING | TIF_RESTORE_SIGMASK)
                or k.attention or k.ticks <= 0):
        return syscall_exit_slow(k, t, ret)
    call_account(k, t, t.call.nr, t.call.args[0], ret)
    t.call.nr = -1
    return ret


# ------------------------------------------------------------------------------------------ descriptors
cdef int64_t sys_pipe2(kernel_t *k, task_t *t, int64_t flags) noexcept nogil:
    syscall_enter(k, t, NR_pipe2, flags)
    return syscall_exit(k, t, do_pipe2(k, t, flags))


cdef int64_t read_slow(kernel_t *k, task_t *t, int64_t fd, int64_t buf, int64_t n) noexcept nogil:
    express_over(k)
    syscall_enter(k, t, NR_read, fd_arg(fd))
    t.call.args[2] = n
    iov_iter_host(k, t, <void *>buf, n)
    return syscall_exit(k, t, do_read(k, t, fd_arg(fd)))


cdef int64_t sys_read(kernel_t *k, task_t *t, int64_t fd, int64_t buf, int64_t n) noexcept nogil:
    cdef uint32_t file
    cdef file_t *f
    cdef pipe_t *pipe
    cdef int64_t ret
    if express(k, t):
        file = fd_file(k, t, fd)
        f = file_row(k, file)
        if likely(f.f_mode & FMODE_READ and f.f_op == PIPEANON_FOPS):
            pipe = pipe_row(k, f.private_data)
            if pipe.inlined.live:
                ret = pipe_read_one(k, pipe, <char *>buf, n)
                if likely(ret):
                    call_account(k, t, NR_read, fd, ret)
                    return ret
            elif pipe_empty(pipe) and pipe_wait_readable(k, t, pipe, file, n):
                call_begin(t, NR_read)
                t.call.args[0] = fd
                t.call.args[2] = n
                iov_iter_host(k, t, <void *>buf, n)
                return coroutine_wait(k, t)
    return read_slow(k, t, fd, buf, n)


cdef int64_t write_slow(kernel_t *k, task_t *t, int64_t fd, int64_t buf, int64_t n) noexcept nogil:
    express_over(k)
    syscall_enter(k, t, NR_write, fd_arg(fd))
    t.call.args[2] = n
    iov_iter_host(k, t, <void *>buf, n)
    return syscall_exit(k, t, do_write(k, t, fd_arg(fd)))


cdef int64_t sys_write(kernel_t *k, task_t *t, int64_t fd, int64_t buf, int64_t n) noexcept nogil:
    cdef uint32_t file
    cdef file_t *f
    cdef int64_t ret
    if express(k, t) and likely(n <= PIPE_INLINE):
        file = fd_file(k, t, fd)
        f = file_row(k, file)
        t.wrote = file
        if likely(f.f_mode & FMODE_WRITE and f.f_op == PIPEANON_FOPS):
            ret = pipe_write_one(k, f, <char *>buf, n)
            if likely(ret):
                call_account(k, t, NR_write, fd, ret)
                return ret
    return write_slow(k, t, fd, buf, n)


cdef inline void iov_iter_vector(kernel_t *k, task_t *t, iovec_t *iov, int64_t n) noexcept nogil:
    cdef int64_t total = 0, i
    for i in range(n):
        total += <int64_t>iov[i].length
    iov_iter_host(k, t, NULL, total)
    k.host[task_index(k, t)].iov = iov
    t.call.iter.nr_segs = <uint32_t>n
    t.call.args[1] = 0
    t.call.args[2] = n
    if n == 1:
        k.host[task_index(k, t)].base = iov[0].base


cdef int64_t sys_readv(kernel_t *k, task_t *t, int64_t fd, int64_t iov, int64_t n) noexcept nogil:
    syscall_enter(k, t, NR_readv, fd_arg(fd))
    iov_iter_vector(k, t, <iovec_t *>iov, n)
    return syscall_exit(k, t, do_readv(k, t, fd_arg(fd), n))


cdef int64_t sys_writev(kernel_t *k, task_t *t, int64_t fd, int64_t iov, int64_t n) noexcept nogil:
    syscall_enter(k, t, NR_writev, fd_arg(fd))
    iov_iter_vector(k, t, <iovec_t *>iov, n)
    return syscall_exit(k, t, do_writev(k, t, fd_arg(fd), n))


cdef int64_t sys_pread(kernel_t *k, task_t *t, int64_t fd, int64_t buf, int64_t n, int64_t off) noexcept nogil:
    syscall_enter(k, t, NR_pread64, fd_arg(fd))
    t.call.args[2] = n
    t.call.args[3] = off
    iov_iter_host(k, t, <void *>buf, n)
    return syscall_exit(k, t, do_pread(k, t, fd_arg(fd), off))


cdef int64_t sys_pwrite(kernel_t *k, task_t *t, int64_t fd, int64_t buf, int64_t n, int64_t off) noexcept nogil:
    syscall_enter(k, t, NR_pwrite64, fd_arg(fd))
    t.call.args[2] = n
    t.call.args[3] = off
    iov_iter_host(k, t, <void *>buf, n)
    return syscall_exit(k, t, do_pwrite(k, t, fd_arg(fd), off))


cdef int64_t sys_lseek(kernel_t *k, task_t *t, int64_t fd, int64_t off, int64_t whence) noexcept nogil:
    syscall_enter(k, t, NR_lseek, fd_arg(fd))
    t.call.args[1] = off
    t.call.args[2] = whence
    return syscall_exit(k, t, do_lseek(k, t, fd_arg(fd), off, whence))


cdef int64_t sys_close(kernel_t *k, task_t *t, int64_t fd) noexcept nogil:
    syscall_enter(k, t, NR_close, fd_arg(fd))
    return syscall_exit(k, t, do_close(k, t, fd_arg(fd)))


cdef int64_t sys_dup(kernel_t *k, task_t *t, int64_t fd) noexcept nogil:
    syscall_enter(k, t, NR_dup, fd_arg(fd))
    return syscall_exit(k, t, do_dup(k, t, fd_arg(fd), -1, False))


cdef int64_t sys_dup2(kernel_t *k, task_t *t, int64_t old, int64_t new) noexcept nogil:
    syscall_enter(k, t, NR_dup2, fd_arg(old))
    t.call.args[1] = fd_arg(new)
    t.call.args[2] = 0
    return syscall_exit(k, t, do_dup2(k, t, fd_arg(old), fd_arg(new)))


cdef int64_t sys_dup3(kernel_t *k, task_t *t, int64_t old, int64_t new, int64_t flags) noexcept nogil:
    syscall_enter(k, t, NR_dup3, fd_arg(old))
    t.call.args[1] = fd_arg(new)
    t.call.args[2] = flags
    return syscall_exit(k, t, do_dup3(k, t, fd_arg(old), fd_arg(new), <uint32_t>flags))


cdef int64_t sys_fcntl(kernel_t *k, task_t *t, int64_t fd, int64_t cmd, int64_t arg) noexcept nogil:
    syscall_enter(k, t, NR_fcntl, fd_arg(fd))
    t.call.args[1] = cmd
    t.call.args[2] = arg
    return syscall_exit(k, t, do_fcntl(k, t, fd_arg(fd), cmd, arg))


cdef int64_t sys_ioctl(kernel_t *k, task_t *t, int64_t fd, int64_t request, int64_t arg) noexcept nogil:
    syscall_enter(k, t, NR_ioctl, fd_arg(fd))
    t.call.args[1] = request
    t.call.args[2] = arg
    return syscall_exit(k, t, do_ioctl(k, t, fd_arg(fd), request, arg))


cdef int64_t sys_fstat(kernel_t *k, task_t *t, int64_t fd, int64_t stat) noexcept nogil:
    syscall_enter(k, t, NR_fstat, fd_arg(fd))
    return syscall_exit(k, t, do_fstat(k, t, fd_arg(fd), <stat_t *>stat))


# ------------------------------------------------------------------------------------------ readiness
cdef bint poll_rows(kernel_t *k, task_t *t, int64_t fds, uint32_t n) noexcept nogil:
    # The rows live in the machine while the call lasts; for none one that is not looked at. False: no memory.
    cdef uint32_t rows = max(n, <uint32_t>1)
    t.call.args[1] = n
    t.call.pollfds = pollfds_alloc(k, rows)
    if t.call.pollfds == 0:
        return False
    t.call.nfds = rows
    if n:
        memcpy(pollfd_row(k, t.call.pollfds), <void *>fds, n * sizeof(pollfd_t))
    else:
        pollfd_row(k, t.call.pollfds).fd = -1
    return True


cdef int64_t poll_exit(kernel_t *k, task_t *t, int64_t fds, uint32_t n, int64_t ret) noexcept nogil:
    # The call is over: the rows with the answers go back.
    if ret >= 0 and n:
        memcpy(<void *>fds, pollfd_row(k, t.call.pollfds), n * sizeof(pollfd_t))
    pollfds_free(k, t.call.pollfds, max(n, <uint32_t>1))
    t.call.pollfds = t.call.nfds = 0
    return ret


cdef int64_t sys_poll(kernel_t *k, task_t *t, int64_t fds, int64_t size, int64_t timeout_ms) noexcept nogil:
    # `size` in bytes.
    cdef uint32_t n = <uint32_t>(size // <int64_t>sizeof(pollfd_t))
    cdef int64_t ret
    syscall_enter(k, t, NR_poll, 0)
    t.call.args[2] = timeout_ms
    if not poll_rows(k, t, fds, n):
        return syscall_exit(k, t, -alloc_errno(k, ENOMEM))
    ret = do_poll(k, t, timeout_ms if timeout_ms < 0 else min(timeout_ms, <int64_t>1 << 42) * MS_NS)
    return poll_exit(k, t, fds, n, syscall_exit(k, t, ret))


cdef int64_t sys_ppoll(kernel_t *k, task_t *t, int64_t fds, int64_t size, int64_t ns, int64_t masked,
                       int64_t set) noexcept nogil:
    # `ns` is -1 for no limit, and less if it was negative.
    cdef uint32_t n = <uint32_t>(size // <int64_t>sizeof(pollfd_t))
    syscall_enter(k, t, NR_ppoll, 0)
    if not poll_rows(k, t, fds, n):
        return syscall_exit(k, t, -alloc_errno(k, ENOMEM))
    return poll_exit(k, t, fds, n, syscall_exit(k, t, ppoll_checked(k, t, ns, masked != 0, <uint64_t>set)))


cdef int64_t select_exit(kernel_t *k, task_t *t, int64_t ret) noexcept nogil:
    # The call is over, and its rows with it: what is ready has been told already.
    pollfds_free(k, t.call.pollfds, t.call.nfds)
    t.call.pollfds = t.call.nfds = 0
    return ret


cdef int64_t select_sets(kernel_t *k, task_t *t, int64_t nfds, uint8_t **sets, int64_t ns, bint masked,
                         uint64_t set) noexcept nogil:
    cdef int64_t ret = -EINVAL
    if nfds >= 0 and ns >= -1:
        ret = get_fd_set(k, t, nfds, sets)
        if ret == 0:
            ret = pselect_checked(k, t, ns, masked, set)
    ret = syscall_exit(k, t, ret)
    if ret >= 0:
        set_fd_set(k, t, sets)
    return select_exit(k, t, ret)


cdef int64_t sys_select(kernel_t *k, task_t *t, int64_t nfds, int64_t r, int64_t w, int64_t x,
                        int64_t ns) noexcept nogil:
    # Addresses of three sets of FD_SETSIZE bits, or 0. `ns` is -1 for no limit, and less if it was negative.
    cdef uint8_t *sets[3]
    sets[0] = <uint8_t *>r
    sets[1] = <uint8_t *>w
    sets[2] = <uint8_t *>x
    syscall_enter(k, t, NR_select, 0)
    return select_sets(k, t, nfds, sets, ns, False, 0)


cdef int64_t sys_pselect(kernel_t *k, task_t *t, int64_t nfds, int64_t r, int64_t w, int64_t x, int64_t ns,
                         int64_t masked, int64_t set) noexcept nogil:
    cdef uint8_t *sets[3]
    sets[0] = <uint8_t *>r
    sets[1] = <uint8_t *>w
    sets[2] = <uint8_t *>x
    syscall_enter(k, t, NR_pselect6, 0)
    return select_sets(k, t, nfds, sets, ns, masked != 0, <uint64_t>set)


cdef int64_t select_numbers(kernel_t *k, task_t *t, int64_t *number, int64_t r, int64_t w, int64_t x, int64_t ns,
                            bint masked, uint64_t set) noexcept nogil:
    # The same over numbers, `r` to read from, then `w` to write to, then `x`; 1 is left for each that is ready, else 0.
    cdef int64_t ret, i
    cdef pollfd_t *p
    ret = pollfds_of(k, t, number, r, w, x)
    if ret == 0:
        ret = pselect_checked(k, t, ns, masked, set)
    ret = syscall_exit(k, t, ret)
    p = pollfd_row(k, t.call.pollfds)
    for i in range(r + w + x):
        number[i] = ret >= 0 and p[i].revents != 0
    return select_exit(k, t, ret)


cdef int64_t sys_select_fds(kernel_t *k, task_t *t, int64_t fds, int64_t r, int64_t w, int64_t x,
                            int64_t ns) noexcept nogil:
    syscall_enter(k, t, NR_select, 0)
    return select_numbers(k, t, <int64_t *>fds, r, w, x, ns, False, 0)


cdef int64_t sys_pselect_fds(kernel_t *k, task_t *t, int64_t fds, int64_t r, int64_t w, int64_t x, int64_t ns,
                             int64_t masked, int64_t set) noexcept nogil:
    syscall_enter(k, t, NR_pselect6, 0)
    return select_numbers(k, t, <int64_t *>fds, r, w, x, ns, masked != 0, <uint64_t>set)


cdef int64_t sys_signalfd(kernel_t *k, task_t *t, int64_t fd, int64_t set, int64_t flags) noexcept nogil:
    check_stack(k)
    return syscall_exit(k, t, call_signalfd4(k, t, fd, <uint64_t>set, flags))


# ------------------------------------------------------------------------------------------ processes
cdef int64_t sys_start(kernel_t *k, task_t *t, int64_t entry, int64_t name, int64_t size) noexcept nogil:
    # No system call: room for what a new program begins with, 0 if there is none. Its arguments come after the head.
    cdef start_t *start = <start_t *>malloc(sizeof(start_t) + <size_t>size)
    if start != NULL:
        memset(start, 0, sizeof(start_t) + <size_t>size)
        start.entry = <entry_t>entry
        start.name = <const char *>name
        start.refs = 1
    return <int64_t>start


cdef int64_t clone_compiled(kernel_t *k, task_t *t, uint64_t flags, int32_t exit_signal, start_t *start) noexcept nogil:
    cdef int64_t task = -ENOMEM
    if start != NULL:
        task = copy_process(k, t, flags, exit_signal, KIND_COMPILED)
    if task < 0:
        start_put(start)
        return task
    k.host[task].start = start
    start.pid = task_row(k, <uint32_t>task).pid
    wake_up_new_task(k, <uint32_t>task)
    return pid_vnr(k, t, task_row(k, <uint32_t>task).pid)


cdef int64_t sys_fork(kernel_t *k, task_t *t, int64_t start) noexcept nogil:
    syscall_enter(k, t, NR_fork, SIGCHLD)
    return syscall_exit(k, t, clone_compiled(k, t, 0, SIGCHLD, <start_t *>start))


cdef int64_t sys_clone(kernel_t *k, task_t *t, int64_t flags, int64_t start) noexcept nogil:
    syscall_enter(k, t, NR_clone, flags)
    return syscall_exit(k, t, clone_compiled(k, t, <uint64_t>flags & ~<uint64_t>CSIGNAL, <int32_t>(flags & CSIGNAL),
                                             <start_t *>start))


cdef int64_t sys_execve(kernel_t *k, task_t *t, int64_t start) noexcept nogil:
    cdef int64_t ret
    cdef uint32_t me = task_index(k, t)
    syscall_enter(k, t, NR_execve, 0)
    ret = begin_new_exec(k, t) if start else -ENOMEM
    if ret == -EKILLED:  # its call is over already
        start_put(<start_t *>start)
        coroutine_leave(k)
    if ret < 0:
        start_put(<start_t *>start)
        return syscall_exit(k, t, ret)
    heap_free(k.host[me].start)
    (<start_t *>start).origin = k.host[me].start
    (<start_t *>start).pid = t.pid
    k.host[me].start = <start_t *>start
    syscall_exit(k, t, 0)
    coroutine_restart(k, me)
    return 0


cdef int64_t sys_exit(kernel_t *k, task_t *t, int64_t status) noexcept nogil:
    syscall_enter(k, t, NR_exit, status)
    call_finish(k, t, 0)
    do_exit(k, t, <int32_t>(status & 0xff) << 8)
    coroutine_leave(k)
    return 0


cdef int64_t sys_exit_group(kernel_t *k, task_t *t, int64_t status) noexcept nogil:
    syscall_enter(k, t, NR_exit_group, status)
    call_finish(k, t, 0)
    do_group_exit(k, t, <int32_t>(status & 0xff) << 8)
    coroutine_leave(k)
    return 0


cdef int64_t sys_wait4(kernel_t *k, task_t *t, int64_t pid, int64_t options) noexcept nogil:
    cdef int64_t ret
    syscall_enter(k, t, NR_wait4, pid)
    t.call.args[1] = options
    ret = syscall_exit(k, t, do_wait4(k, t))
    if ret == 0:
        t.call.out0 = 0
    return ret


cdef int64_t sys_unshare(kernel_t *k, task_t *t, int64_t flags) noexcept nogil:
    syscall_enter(k, t, NR_unshare, flags)
    return syscall_exit(k, t, do_unshare(k, t, <uint64_t>flags))


cdef int64_t sys_waitid(
    kernel_t *k, task_t *t, int64_t idtype, int64_t id, int64_t info, int64_t options
) noexcept nogil:
    # `info`: a siginfo_t, or 0
    cdef int64_t ret
    syscall_enter(k, t, NR_waitid, idtype)
    t.call.args[1] = id
    t.call.args[2] = options
    ret = syscall_exit(k, t, do_waitid(k, t))
    if info:
        waitid_info(t, <siginfo_t *>info)
    return ret


cdef inline int64_t identity(kernel_t *k, task_t *t, int32_t nr, int64_t value) noexcept nogil:
    syscall_enter(k, t, nr, 0)
    return syscall_exit(k, t, value)


cdef int64_t sys_getpid(kernel_t *k, task_t *t) noexcept nogil:
    return identity(k, t, NR_getpid, pid_vnr(k, t, t.tgid))


cdef int64_t sys_gettid(kernel_t *k, task_t *t) noexcept nogil:
    return identity(k, t, NR_gettid, pid_vnr(k, t, t.pid))


cdef int64_t sys_getppid(kernel_t *k, task_t *t) noexcept nogil:
    return identity(k, t, NR_getppid, task_ppid_vnr(k, t))


cdef int64_t sys_getuid(kernel_t *k, task_t *t) noexcept nogil:
    return identity(k, t, NR_getuid, uid_to_user(k, t, current_cred(k, t).uid))


cdef int64_t sys_geteuid(kernel_t *k, task_t *t) noexcept nogil:
    return identity(k, t, NR_geteuid, uid_to_user(k, t, current_cred(k, t).euid))


cdef int64_t sys_getgid(kernel_t *k, task_t *t) noexcept nogil:
    return identity(k, t, NR_getgid, gid_to_user(k, t, current_cred(k, t).gid))


cdef int64_t sys_getegid(kernel_t *k, task_t *t) noexcept nogil:
    return identity(k, t, NR_getegid, gid_to_user(k, t, current_cred(k, t).egid))


cdef inline int64_t three_ids(
    kernel_t *k, task_t *t, int32_t nr, uint32_t *to, uint32_t real, uint32_t effective, uint32_t saved
) noexcept nogil:
    # They are in the record afterwards, and at `to` if that is not NULL.
    syscall_enter(k, t, nr, 0)
    t.call.args[1] = real
    t.call.args[2] = effective
    t.call.args[3] = saved
    if to != NULL:
        to[0] = real
        to[1] = effective
        to[2] = saved
    return syscall_exit(k, t, 0)


cdef int64_t sys_getresuid(kernel_t *k, task_t *t, int64_t ids) noexcept nogil:
    cdef cred_t *cred = current_cred(k, t)
    return three_ids(k, t, NR_getresuid, <uint32_t *>ids, uid_to_user(k, t, cred.uid),
                     uid_to_user(k, t, cred.euid), uid_to_user(k, t, cred.suid))


cdef int64_t sys_getresgid(kernel_t *k, task_t *t, int64_t ids) noexcept nogil:
    cdef cred_t *cred = current_cred(k, t)
    return three_ids(k, t, NR_getresgid, <uint32_t *>ids, gid_to_user(k, t, cred.gid),
                     gid_to_user(k, t, cred.egid), gid_to_user(k, t, cred.sgid))


# ------------------------------------------------------------------------------------------ resource limits
cdef int64_t sys_getrlimit(kernel_t *k, task_t *t, int64_t res, int64_t pair) noexcept nogil:
    syscall_enter(k, t, NR_getrlimit, res)
    return syscall_exit(k, t, do_getrlimit(k, t, res, <uint64_t *>pair))


cdef int64_t sys_setrlimit(kernel_t *k, task_t *t, int64_t res, int64_t soft, int64_t hard) noexcept nogil:
    cdef uint64_t[2] pair
    pair[0] = <uint64_t>soft
    pair[1] = <uint64_t>hard
    syscall_enter(k, t, NR_setrlimit, res)
    return syscall_exit(k, t, do_setrlimit(k, t, res, pair))


# ------------------------------------------------------------------------------------------ time, signals, scratch
cdef int64_t sys_sched_yield(kernel_t *k, task_t *t) noexcept nogil:
    syscall_enter(k, t, NR_sched_yield, 0)
    return coroutine_sleep(k, t)


cdef int64_t sys_nanosleep(kernel_t *k, task_t *t, int64_t ns) noexcept nogil:
    syscall_enter(k, t, NR_nanosleep, ns)
    return syscall_exit(k, t, do_nanosleep(k, t, ns))


cdef int64_t sys_checkpoint(kernel_t *k, task_t *t) noexcept nogil:
    # No system call: a loop without calls lets the host's signals through.
    if unlikely(stack_overrun()):
        coroutine_overflow(k)
    k.ticks -= 1
    if unlikely(hub_wanted(k)):
        coroutine_pause(k, t)
    return 0


cdef int64_t sys_cred(kernel_t *k, task_t *t) noexcept nogil:
    # No system call: the address of the task's credentials, until it changes them.
    return <int64_t>current_cred(k, t)


cdef int64_t sys_array(kernel_t *k, task_t *t, int64_t size) noexcept nogil:
    # No system call: an address, or 0.
    return <int64_t>heap_alloc(k.host[task_index(k, t)].start, size)
