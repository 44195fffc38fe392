# The proc file system: names that are made when they are looked up, text that is made when it is read.
# Source: fs/proc/{root,base,fd,array,proc_sysctl}.c, ipc/util.c.


cdef void proc_init() noexcept nogil
cdef void proc_root(kernel_t *k, uint32_t sb) noexcept nogil
cdef uint32_t proc_lookup(kernel_t *k, task_t *t, uint32_t parent, qstr_t *name) noexcept nogil
cdef bint proc_revalidate(kernel_t *k, task_t *t, inode_t *inode) noexcept nogil
cdef int proc_get_link(kernel_t *k, nameidata_t *nd, inode_t *inode, const char **body) noexcept nogil
cdef int64_t proc_readlink(kernel_t *k, task_t *t, inode_t *inode, char *to, int64_t size) noexcept nogil
cdef int64_t file_text(kernel_t *k, task_t *t, path_t *path, char *to, int64_t size) noexcept nogil
cdef int64_t proc_open(kernel_t *k, task_t *t, file_t *f) noexcept nogil
cdef void proc_release(kernel_t *k, file_t *f) noexcept nogil
cdef uint32_t told_user_ns(kernel_t *k, inode_t *inode) noexcept nogil  # that a file of /proc tells of, 0 = none
cdef int64_t proc_show(kernel_t *k, inode_t *inode, seq_file_t *m) noexcept nogil

cdef enum:  # inode.i_private of proc
    PROC_ROOT = 1
    PROC_SYS = 2
    PROC_SYS_FS = 3
    PROC_SYS_KERNEL = 4
    PROC_PID = 5
    PROC_PID_FD = 6
    PROC_SELF = 7
    PROC_FD_LINK = 8
    PROC_PID_CWD = 9
    PROC_PID_ROOT = 10
    PROC_BUDDYINFO = 11
    PROC_FILESYSTEMS = 12
    PROC_PID_STATUS = 13
    PROC_PID_COMM = 14
    PROC_SYSCTL = 15
    PROC_PID_MAPS = 16
    PROC_SYS_VM = 17
    PROC_SYSVIPC = 18
    PROC_SYSVIPC_SHM = 19
    PROC_SYSVIPC_SEM = 20
    PROC_SYSVIPC_MSG = 21
    PROC_PID_UID_MAP = 22
    PROC_PID_GID_MAP = 23
    PROC_PID_SETGROUPS = 24

ctypedef struct proc_dir_entry_t:  # struct proc_dir_entry: a name that is always there
    uint32_t parent
    const char *name
    uint32_t kind
    uint16_t op
    uint32_t mode
