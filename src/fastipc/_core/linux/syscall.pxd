# The system calls as compiled programs make them: C functions of the machine, the task and 64-bit registers that block
# on their own stack and return >= 0 or -errno. What a call of C returns through pointers is in the record afterwards
# (`call.out0`, `call.out1`), or in host memory whose address was passed.
#
# `../syscalls.py` has the prototypes of the methods, in which these appear by their names.

cdef int64_t sys_pipe2(kernel_t *k, task_t *t, int64_t flags) noexcept nogil
cdef int64_t read_slow(kernel_t *k, task_t *t, int64_t fd, int64_t buf, int64_t n) noexcept nogil
cdef int64_t write_slow(kernel_t *k, task_t *t, int64_t fd, int64_t buf, int64_t n) noexcept nogil
cdef int64_t sys_read(kernel_t *k, task_t *t, int64_t fd, int64_t buf, int64_t n) noexcept nogil
cdef int64_t sys_write(kernel_t *k, task_t *t, int64_t fd, int64_t buf, int64_t n) noexcept nogil
cdef int64_t sys_readv(kernel_t *k, task_t *t, int64_t fd, int64_t iov, int64_t n) noexcept nogil
cdef int64_t sys_writev(kernel_t *k, task_t *t, int64_t fd, int64_t iov, int64_t n) noexcept nogil
cdef int64_t sys_pread(kernel_t *k, task_t *t, int64_t fd, int64_t buf, int64_t n, int64_t off) noexcept nogil
cdef int64_t sys_pwrite(kernel_t *k, task_t *t, int64_t fd, int64_t buf, int64_t n, int64_t off) noexcept nogil
cdef int64_t sys_lseek(kernel_t *k, task_t *t, int64_t fd, int64_t off, int64_t whence) noexcept nogil
cdef int64_t sys_close(kernel_t *k, task_t *t, int64_t fd) noexcept nogil
cdef int64_t sys_dup(kernel_t *k, task_t *t, int64_t fd) noexcept nogil
cdef int64_t sys_dup2(kernel_t *k, task_t *t, int64_t old, int64_t new) noexcept nogil
cdef int64_t sys_dup3(kernel_t *k, task_t *t, int64_t old, int64_t new, int64_t flags) noexcept nogil
cdef int64_t sys_fcntl(kernel_t *k, task_t *t, int64_t fd, int64_t cmd, int64_t arg) noexcept nogil
cdef int64_t sys_ioctl(kernel_t *k, task_t *t, int64_t fd, int64_t request, int64_t arg) noexcept nogil
cdef int64_t sys_fstat(kernel_t *k, task_t *t, int64_t fd, int64_t stat) noexcept nogil
cdef int64_t sys_open(kernel_t *k, task_t *t, int64_t path, int64_t n, int64_t flags, int64_t mode) noexcept nogil
cdef int64_t sys_openat(
    kernel_t *k, task_t *t, int64_t dfd, int64_t path, int64_t n, int64_t flags, int64_t mode
) noexcept nogil
cdef int64_t sys_mknod(kernel_t *k, task_t *t, int64_t path, int64_t n, int64_t mode, int64_t dev) noexcept nogil
cdef int64_t sys_mknodat(
    kernel_t *k, task_t *t, int64_t dfd, int64_t path, int64_t n, int64_t mode, int64_t dev
) noexcept nogil
cdef int64_t sys_mkdir(kernel_t *k, task_t *t, int64_t path, int64_t n, int64_t mode) noexcept nogil
cdef int64_t sys_rmdir(kernel_t *k, task_t *t, int64_t path, int64_t n) noexcept nogil
cdef int64_t sys_unlink(kernel_t *k, task_t *t, int64_t path, int64_t n) noexcept nogil
cdef int64_t sys_link(kernel_t *k, task_t *t, int64_t old, int64_t n, int64_t new, int64_t m) noexcept nogil
cdef int64_t sys_symlink(kernel_t *k, task_t *t, int64_t target, int64_t n, int64_t path, int64_t m) noexcept nogil
cdef int64_t sys_rename(kernel_t *k, task_t *t, int64_t old, int64_t n, int64_t new, int64_t m) noexcept nogil
cdef int64_t sys_renameat2(
    kernel_t *k, task_t *t, int64_t olddfd, int64_t old, int64_t n, int64_t newdfd, int64_t new, int64_t m,
    int64_t flags
) noexcept nogil
cdef int64_t sys_readlink(kernel_t *k, task_t *t, int64_t path, int64_t n, int64_t to, int64_t size) noexcept nogil
cdef int64_t sys_stat(kernel_t *k, task_t *t, int64_t path, int64_t n, int64_t stat) noexcept nogil
cdef int64_t sys_lstat(kernel_t *k, task_t *t, int64_t path, int64_t n, int64_t stat) noexcept nogil
cdef int64_t sys_access(kernel_t *k, task_t *t, int64_t path, int64_t n, int64_t mode) noexcept nogil
cdef int64_t sys_chmod(kernel_t *k, task_t *t, int64_t path, int64_t n, int64_t mode) noexcept nogil
cdef int64_t sys_chown(kernel_t *k, task_t *t, int64_t path, int64_t n, int64_t uid, int64_t gid) noexcept nogil
cdef int64_t sys_lchown(kernel_t *k, task_t *t, int64_t path, int64_t n, int64_t uid, int64_t gid) noexcept nogil
cdef int64_t sys_truncate(kernel_t *k, task_t *t, int64_t path, int64_t n, int64_t length) noexcept nogil
cdef int64_t sys_chdir(kernel_t *k, task_t *t, int64_t path, int64_t n) noexcept nogil
cdef int64_t sys_fchdir(kernel_t *k, task_t *t, int64_t fd) noexcept nogil
cdef int64_t sys_getcwd(kernel_t *k, task_t *t, int64_t to, int64_t size) noexcept nogil
cdef int64_t sys_umask(kernel_t *k, task_t *t, int64_t mask) noexcept nogil
cdef int64_t sys_fchmod(kernel_t *k, task_t *t, int64_t fd, int64_t mode) noexcept nogil
cdef int64_t sys_fchown(kernel_t *k, task_t *t, int64_t fd, int64_t uid, int64_t gid) noexcept nogil
cdef int64_t sys_ftruncate(kernel_t *k, task_t *t, int64_t fd, int64_t length) noexcept nogil
cdef int64_t sys_fallocate(kernel_t *k, task_t *t, int64_t fd, int64_t mode, int64_t off, int64_t n) noexcept nogil
cdef int64_t sys_fsync(kernel_t *k, task_t *t, int64_t fd) noexcept nogil
cdef int64_t sys_mkfifo(kernel_t *k, task_t *t, int64_t path, int64_t n, int64_t mode) noexcept nogil
cdef int64_t text_length(const char *text, int64_t n) noexcept nogil
cdef int64_t sys_poll(kernel_t *k, task_t *t, int64_t fds, int64_t size, int64_t timeout_ms) noexcept nogil
cdef int64_t sys_select(kernel_t *k, task_t *t, int64_t nfds, int64_t r, int64_t w, int64_t x,
                        int64_t ns) noexcept nogil
cdef int64_t sys_select_fds(kernel_t *k, task_t *t, int64_t fds, int64_t r, int64_t w, int64_t x,
                            int64_t ns) noexcept nogil
cdef int64_t sys_ppoll(kernel_t *k, task_t *t, int64_t fds, int64_t size, int64_t ns, int64_t masked,
                       int64_t set) noexcept nogil
cdef int64_t sys_pselect(kernel_t *k, task_t *t, int64_t nfds, int64_t r, int64_t w, int64_t x, int64_t ns,
                         int64_t masked, int64_t set) noexcept nogil
cdef int64_t sys_pselect_fds(kernel_t *k, task_t *t, int64_t fds, int64_t r, int64_t w, int64_t x, int64_t ns,
                             int64_t masked, int64_t set) noexcept nogil
cdef int64_t sys_signalfd(kernel_t *k, task_t *t, int64_t fd, int64_t set, int64_t flags) noexcept nogil
cdef int64_t sys_clone(kernel_t *k, task_t *t, int64_t flags, int64_t start) noexcept nogil
cdef int64_t sys_fork(kernel_t *k, task_t *t, int64_t start) noexcept nogil
cdef int64_t sys_execve(kernel_t *k, task_t *t, int64_t start) noexcept nogil
cdef int64_t sys_exit(kernel_t *k, task_t *t, int64_t status) noexcept nogil
cdef int64_t sys_exit_group(kernel_t *k, task_t *t, int64_t status) noexcept nogil
cdef int64_t sys_wait4(kernel_t *k, task_t *t, int64_t pid, int64_t options) noexcept nogil
cdef int64_t sys_unshare(kernel_t *k, task_t *t, int64_t flags) noexcept nogil
cdef int64_t sys_waitid(
    kernel_t *k, task_t *t, int64_t idtype, int64_t id, int64_t info, int64_t options
) noexcept nogil
cdef int64_t sys_getpid(kernel_t *k, task_t *t) noexcept nogil
cdef int64_t sys_gettid(kernel_t *k, task_t *t) noexcept nogil
cdef int64_t sys_getppid(kernel_t *k, task_t *t) noexcept nogil
cdef int64_t sys_getuid(kernel_t *k, task_t *t) noexcept nogil
cdef int64_t sys_geteuid(kernel_t *k, task_t *t) noexcept nogil
cdef int64_t sys_getgid(kernel_t *k, task_t *t) noexcept nogil
cdef int64_t sys_getegid(kernel_t *k, task_t *t) noexcept nogil
cdef int64_t sys_getresuid(kernel_t *k, task_t *t, int64_t ids) noexcept nogil
cdef int64_t sys_getresgid(kernel_t *k, task_t *t, int64_t ids) noexcept nogil
cdef int64_t sys_getpgid(kernel_t *k, task_t *t, int64_t pid) noexcept nogil
cdef int64_t sys_setpgid(kernel_t *k, task_t *t, int64_t pid, int64_t pgid) noexcept nogil
cdef int64_t sys_getsid(kernel_t *k, task_t *t, int64_t pid) noexcept nogil
cdef int64_t sys_setsid(kernel_t *k, task_t *t) noexcept nogil
cdef int64_t sys_setuid(kernel_t *k, task_t *t, int64_t uid) noexcept nogil
cdef int64_t sys_setgid(kernel_t *k, task_t *t, int64_t gid) noexcept nogil
cdef int64_t sys_setreuid(kernel_t *k, task_t *t, int64_t ruid, int64_t euid) noexcept nogil
cdef int64_t sys_setregid(kernel_t *k, task_t *t, int64_t rgid, int64_t egid) noexcept nogil
cdef int64_t sys_setresuid(kernel_t *k, task_t *t, int64_t ruid, int64_t euid, int64_t suid) noexcept nogil
cdef int64_t sys_setresgid(kernel_t *k, task_t *t, int64_t rgid, int64_t egid, int64_t sgid) noexcept nogil
cdef int64_t sys_setfsuid(kernel_t *k, task_t *t, int64_t uid) noexcept nogil
cdef int64_t sys_setfsgid(kernel_t *k, task_t *t, int64_t gid) noexcept nogil
cdef int64_t sys_getgroups(kernel_t *k, task_t *t, int64_t list, int64_t size) noexcept nogil
cdef int64_t sys_setgroups(kernel_t *k, task_t *t, int64_t list, int64_t size) noexcept nogil
cdef int64_t sys_capget(kernel_t *k, task_t *t, int64_t sets) noexcept nogil
cdef int64_t sys_capset(kernel_t *k, task_t *t, int64_t sets) noexcept nogil
cdef int64_t sys_prctl(
    kernel_t *k, task_t *t, int64_t option, int64_t arg2, int64_t arg3, int64_t arg4, int64_t arg5
) noexcept nogil
cdef int64_t sys_shmget(kernel_t *k, task_t *t, int64_t key, int64_t size, int64_t shmflg) noexcept nogil
cdef int64_t sys_shmctl(kernel_t *k, task_t *t, int64_t shmid, int64_t cmd, int64_t buf) noexcept nogil
cdef int64_t sys_shmat(kernel_t *k, task_t *t, int64_t shmid, int64_t shmaddr, int64_t shmflg) noexcept nogil
cdef int64_t sys_shmdt(kernel_t *k, task_t *t, int64_t shmaddr) noexcept nogil
cdef int64_t sys_shmctl_size(kernel_t *k, task_t *t, int64_t cmd) noexcept nogil
cdef int64_t sys_semget(kernel_t *k, task_t *t, int64_t key, int64_t nsems, int64_t semflg) noexcept nogil
cdef int64_t sys_semop(kernel_t *k, task_t *t, int64_t semid, int64_t sops, int64_t size) noexcept nogil
cdef int64_t semop_slow(kernel_t *k, task_t *t, int64_t semid, int64_t sops, int64_t size) noexcept nogil
cdef int64_t sys_semtimedop(
    kernel_t *k, task_t *t, int64_t semid, int64_t sops, int64_t size, int64_t ns
) noexcept nogil
cdef int64_t sys_semop_user(kernel_t *k, task_t *t, int64_t semid, int64_t sops, int64_t size) noexcept nogil
cdef int64_t sys_semctl(kernel_t *k, task_t *t, int64_t semid, int64_t semnum, int64_t cmd, int64_t val) noexcept nogil
cdef int64_t sys_semctl_buf(
    kernel_t *k, task_t *t, int64_t semid, int64_t semnum, int64_t cmd, int64_t buf, int64_t size
) noexcept nogil
cdef int64_t sys_semctl_size(kernel_t *k, task_t *t, int64_t cmd) noexcept nogil
cdef int64_t sys_msgget(kernel_t *k, task_t *t, int64_t key, int64_t msgflg) noexcept nogil
cdef int64_t sys_msgsnd(
    kernel_t *k, task_t *t, int64_t msqid, int64_t mtype, int64_t buf, int64_t n, int64_t msgflg
) noexcept nogil
cdef int64_t sys_msgsnd_user(
    kernel_t *k, task_t *t, int64_t msqid, int64_t mtype, int64_t buf, int64_t n, int64_t msgflg
) noexcept nogil
cdef int64_t sys_msgrcv_into(
    kernel_t *k, task_t *t, int64_t msqid, int64_t buf, int64_t n, int64_t mtype, int64_t msgflg
) noexcept nogil
cdef int64_t sys_msgrcv_into_user(
    kernel_t *k, task_t *t, int64_t msqid, int64_t buf, int64_t n, int64_t mtype, int64_t msgflg
) noexcept nogil
cdef int64_t sys_msgctl(kernel_t *k, task_t *t, int64_t msqid, int64_t cmd, int64_t buf) noexcept nogil
cdef int64_t sys_msgctl_size(kernel_t *k, task_t *t, int64_t cmd) noexcept nogil
cdef int64_t sys_getrlimit(kernel_t *k, task_t *t, int64_t res, int64_t pair) noexcept nogil
cdef int64_t sys_setrlimit(kernel_t *k, task_t *t, int64_t res, int64_t soft, int64_t hard) noexcept nogil
cdef int64_t sys_sched_yield(kernel_t *k, task_t *t) noexcept nogil
cdef int64_t sys_nanosleep(kernel_t *k, task_t *t, int64_t ns) noexcept nogil
cdef int64_t sys_checkpoint(kernel_t *k, task_t *t) noexcept nogil
cdef int64_t sys_cred(kernel_t *k, task_t *t) noexcept nogil
cdef int64_t sys_array(kernel_t *k, task_t *t, int64_t size) noexcept nogil
cdef int64_t sys_syscall(
    kernel_t *k, task_t *t, int64_t nr, int64_t a, int64_t b, int64_t c, int64_t d, int64_t e, int64_t f
) noexcept nogil
cdef int64_t sys_read_user(kernel_t *k, task_t *t, int64_t fd, int64_t buf, int64_t n) noexcept nogil
cdef int64_t sys_write_user(kernel_t *k, task_t *t, int64_t fd, int64_t buf, int64_t n) noexcept nogil
cdef int64_t sys_pread_user(kernel_t *k, task_t *t, int64_t fd, int64_t buf, int64_t n, int64_t off) noexcept nogil
cdef int64_t sys_pwrite_user(kernel_t *k, task_t *t, int64_t fd, int64_t buf, int64_t n, int64_t off) noexcept nogil
cdef int64_t sys_readv_user(kernel_t *k, task_t *t, int64_t fd, int64_t iov, int64_t n) noexcept nogil
cdef int64_t sys_writev_user(kernel_t *k, task_t *t, int64_t fd, int64_t iov, int64_t n) noexcept nogil
cdef int64_t sys_start(kernel_t *k, task_t *t, int64_t entry, int64_t name, int64_t size) noexcept nogil
