# From a path to a dentry. Source: fs/namei.c.
#
# As nothing else happens during a walk, it counts nothing on its way (LOOKUP_RCU): names hold themselves. Only what
# proc makes when it is looked up, and what a jump through a descriptor leads to, is held until the next step.


ctypedef struct path_t:  # struct path: both counted
    uint32_t mnt
    uint32_t dentry

cdef enum:  # flags of a walk
    LOOKUP_FOLLOW = 1  # the last component too
    LOOKUP_DIRECTORY = 2
    LOOKUP_EMPTY = 4

cdef enum:  # nameidata.last_type
    LAST_NORM = 0
    LAST_ROOT = 1
    LAST_DOT = 2
    LAST_DOTDOT = 3

cdef enum:
    MAXSYMLINKS = 40
    NAME_MAX_BYTES = 255

cdef enum:
    USER_PATH = 0x4000000000000000  # in place of a path's length: it is an address in the task's memory

ctypedef struct nameidata_t:  # struct nameidata: a walk in progress
    task_t *task
    path_t path  # how far it has come; not counted
    uint32_t held  # the dentry there, if it is not there by itself: the walk's own reference; or 0
    qstr_t last  # the last component
    int last_type
    bint plain  # all directories on the way were there by themselves, and anybody may pass through them
    bint last_slash  # more than the name was given
    int links  # symbolic links followed
    int depth
    const char *stack[40]  # MAXSYMLINKS: what is left of the paths in which links were found


cdef int path_lookup(kernel_t *k, task_t *t, int32_t dfd, const char *name, int flags, path_t *path) noexcept nogil
cdef int path_parent(kernel_t *k, task_t *t, int32_t dfd, const char *name, nameidata_t *nd) noexcept nogil
cdef int path_create(kernel_t *k, task_t *t, int32_t dfd, const char *name, bint want_dir,
                     nameidata_t *nd) noexcept nogil
cdef int follow_last(kernel_t *k, nameidata_t *nd, int flags) noexcept nogil
cdef bint walked_check(kernel_t *k) noexcept nogil
cdef uint32_t lookup_name(kernel_t *k, task_t *t, uint32_t parent, qstr_t *name) noexcept nogil
cdef uint32_t full_name_hash(const char *name, uint32_t n) noexcept nogil
cdef int getname(kernel_t *k, int which, const char *text, int64_t n, uint32_t *hash) noexcept nogil
cdef void getname_slow(kernel_t *k, task_t *t, int which, int64_t path, int64_t n, uint32_t *hash) noexcept nogil
cdef int64_t d_path(kernel_t *k, fs_t *fs, uint32_t mnt, uint32_t dentry, char *to, int64_t size) noexcept nogil


cdef inline int name_errno(const char *name) noexcept nogil:
    # Why a path is empty (IS_ERR of a struct filename): it is, or what getname_slow has left behind its first zero.
    cdef int32_t err
    memcpy(&err, name + 4, sizeof(err))
    return err if err else -ENOENT


cdef inline void path_get(kernel_t *k, path_t *path) noexcept nogil:
    mntget(k, path.mnt)
    dget(k, path.dentry)


cdef inline void walk_end(kernel_t *k, nameidata_t *nd) noexcept nogil:
    # Give back what the walk holds. Whoever keeps the path has counted it by now.
    if unlikely(nd.held != 0):
        dput(k, nd.held)
        nd.held = 0


cdef inline void path_put(kernel_t *k, path_t *path) noexcept nogil:
    mntput(k, path.mnt)
    dput(k, path.dentry)
    path.mnt = path.dentry = 0
