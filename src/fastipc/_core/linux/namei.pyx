"""The walk along a path: components, "." and "..", mounts, symbolic links. Source: fs/namei.c (link_path_walk).

A walk works on a path of the call that was copied (`k.pathname`), so nothing it reads can change. Missing: negative
dentries, and the restrictions of openat2, which no call here asks for.
"""


cdef inline uint64_t fold(uint64_t h, uint64_t word) noexcept nogil:
    h = (h ^ word) * <uint64_t>0x9E3779B97F4A7C15
    return h ^ h >> 32


cdef inline uint64_t load_word(const char *text) noexcept nogil:
    cdef uint64_t word
    memcpy(&word, text, 8)
    return word


cdef inline uint64_t last_word(const char *text, uint64_t n) noexcept nogil:
    # Up to seven bytes with zeros behind them, in few loads.
    cdef uint32_t a, b
    if n >= 4:
        memcpy(&a, text, 4)
        memcpy(&b, text + n - 4, 4)
        return a | <uint64_t>b << (8 * (n - 4))
    if n == 0:
        return 0
    return (<uint64_t><uint8_t>text[0] | <uint64_t><uint8_t>text[n >> 1] << (8 * (n >> 1))
            | <uint64_t><uint8_t>text[n - 1] << (8 * (n - 1)))


cdef uint32_t full_name_hash(const char *name, uint32_t n) noexcept nogil:
    # Eight bytes at a time, the last ones with zeros behind them.
    cdef uint64_t h = 0
    while n >= 8:
        h = fold(h, load_word(name))
        name += 8
        n -= 8
    return <uint32_t>(fold(h, last_word(name, n)) if n else h)


cdef int getname(kernel_t *k, int which, const char *text, int64_t n, uint32_t *hash) noexcept nogil:
    # getname: copy a path of the call to `k.pathname[which]`, and its full_name_hash. 0 or -errno; an empty path is for
    # the caller to refuse.
    cdef char *to = k.pathname[which]
    cdef uint64_t h = 0, word
    if unlikely(n >= PATH_MAX_BYTES):
        return -ENAMETOOLONG
    if unlikely(n < 8):
        word = last_word(text, <uint64_t>n)
    else:
        while n >= 8:
            word = load_word(text)
            memcpy(to, &word, 8)
            h = fold(h, word)
            text += 8
            to += 8
            n -= 8
        word = load_word(text + n - 8) >> (8 * (8 - n)) if n else 0
    memcpy(to, &word, 8)
    hash[0] = <uint32_t>(fold(h, word) if n else h)
    return 0


cdef void getname_slow(kernel_t *k, task_t *t, int which, int64_t path, int64_t n, uint32_t *hash) noexcept nogil:
    # A path that is in the task's memory, or that cannot be taken over: then it is empty and says why, see name_errno.
    cdef char *to = k.pathname[which]
    cdef int32_t err = -ENAMETOOLONG
    if n == USER_PATH:
        n = strncpy_from_user(k, t, to, <uint64_t>path, PATH_MAX_BYTES)
        err = getname(k, which, to, n, hash) if n >= 0 else <int32_t>n
    if err:
        memset(to, 0, 8)
        memcpy(to + 4, &err, sizeof(err))


cdef inline uint64_t name_end(uint64_t word) noexcept nogil:
    # The same for a zero or a slash.
    return zero_bytes(word) | zero_bytes(word ^ <uint64_t>0x2f2f2f2f2f2f2f2f)


cdef inline uint64_t bytes_before(uint64_t end) noexcept nogil:
    # A mask of the bytes before the first one that is marked.
    return (end ^ (end - 1)) >> 8


cdef void hash_long_name(qstr_t *name) noexcept nogil:
    # Length and full_name_hash of a name of eight bytes or more, whose first eight are in `name.word`.
    cdef uint64_t h = fold(0, name.word), word, end
    name.len = 8
    while True:
        word = load_word(name.name + name.len)
        end = name_end(word)
        if end:
            break
        h = fold(h, word)
        name.len += 8
    if end & 0x80 == 0:
        h = fold(h, word & bytes_before(end))
        name.len += <uint32_t>ctzll(end) >> 3
    name.hash = <uint32_t>h


cdef inline void hash_name(qstr_t *name) noexcept nogil:
    # Length of the component at `name.name`, which is not empty, and its full_name_hash, a word at a time. What lies
    # behind the text is read, not used.
    cdef uint64_t end
    name.word = load_word(name.name)
    end = name_end(name.word)
    if unlikely(end == 0):
        hash_long_name(name)
        return
    name.word &= bytes_before(end)
    name.hash = <uint32_t>fold(0, name.word)
    name.len = <uint32_t>ctzll(end) >> 3


# ------------------------------------------------------------------------------------------ steps
cdef inline void step_to(kernel_t *k, nameidata_t *nd, uint32_t dentry) noexcept nogil:
    # The same mount, another dentry, which is there by itself.
    nd.path.dentry = dentry
    walk_end(k, nd)


cdef void step_to_held(kernel_t *k, nameidata_t *nd, uint32_t dentry) noexcept nogil:
    # To a dentry on which the caller has a reference, which the walk takes over. The old one goes last: it may be all
    # that holds the new one's parent.
    cdef uint32_t old = nd.held
    nd.path.dentry = nd.held = dentry
    if old:
        dput(k, old)


cdef inline void traverse_mounts(kernel_t *k, nameidata_t *nd) noexcept nogil:
    # What is mounted here covers it. There is one namespace, so a directory has at most one mount on it.
    cdef uint32_t mnt = dentry_row(k, nd.path.dentry).d_mounted
    while unlikely(mnt != 0):
        nd.path.mnt = mnt
        nd.path.dentry = mount_row(k, mnt).mnt_root
        mnt = dentry_row(k, nd.path.dentry).d_mounted


cdef void step_up(kernel_t *k, nameidata_t *nd) noexcept nogil:
    # follow_dotdot: the root of the process is its own parent; that of a mount stands where it is mounted.
    cdef fs_t *fs = current_fs(k, nd.task)
    cdef mount_t *m
    while not (nd.path.dentry == fs.root and nd.path.mnt == fs.root_mnt):
        m = mount_row(k, nd.path.mnt)
        if nd.path.dentry != m.mnt_root:
            dget(k, dentry_row(k, nd.path.dentry).d_parent)
            step_to_held(k, nd, dentry_row(k, nd.path.dentry).d_parent)
            break
        if m.mnt_parent == 0:
            break
        nd.path.mnt = m.mnt_parent
        step_to(k, nd, m.mnt_mountpoint)
    traverse_mounts(k, nd)


cdef uint32_t lookup_slow(kernel_t *k, task_t *t, uint32_t parent, qstr_t *name, uint32_t found) noexcept nogil:
    # What is not in the table of names, or may no longer stand for what it stood for.
    if found:
        if proc_revalidate(k, t, d_inode(k, found)):
            dget(k, found)
            return found
        d_drop(k, found)
    if name.len > NAME_MAX_BYTES:
        k.failed_errno = ENAMETOOLONG
        return 0
    return proc_lookup(k, t, parent, name) if d_inode(k, parent).i_op == PROC_DIR else 0


cdef uint32_t lookup_name(kernel_t *k, task_t *t, uint32_t parent, qstr_t *name) noexcept nogil:
    # The dentry of a name with a reference for the caller; 0: there is none, or see `k.failed_errno`.
    cdef uint32_t d = d_lookup(k, parent, name)
    if unlikely(d == 0) or unlikely(d_inode(k, d).i_op >= PROC_DIR):
        return lookup_slow(k, t, parent, name, d)
    dget(k, d)
    return d


cdef void nd_jump_root(kernel_t *k, nameidata_t *nd) noexcept nogil:
    cdef fs_t *fs = current_fs(k, nd.task)
    nd.path.mnt = fs.root_mnt
    step_to(k, nd, fs.root)
    traverse_mounts(k, nd)


cdef int get_link(kernel_t *k, nameidata_t *nd, uint32_t link, const char **body) noexcept nogil:
    # The text of a symbolic link; NULL if following it led somewhere at once.
    cdef inode_t *inode = d_inode(k, link)
    cdef int err
    body[0] = NULL
    nd.links += 1
    if nd.links > MAXSYMLINKS:
        return -ELOOP
    err = may_follow_link(k, nd.task, d_inode(k, nd.path.dentry), inode)
    if err:
        return err
    if inode.i_op == PROC_LINK:
        return proc_get_link(k, nd, inode, body)
    touch_atime(k, inode)
    body[0] = <const char *>name_row(k, inode.i_link)
    if body[0][0] == c"/":
        nd_jump_root(k, nd)
    return 0


cdef int walk_made(kernel_t *k, nameidata_t *nd, bint follow, const char **link, uint32_t found) noexcept nogil:
    # A step to a name that is not there by itself.
    cdef uint32_t d = lookup_slow(k, nd.task, nd.path.dentry, &nd.last, found)
    cdef int err
    if d == 0:
        return -alloc_errno(k, ENOENT)
    if follow and file_type(d_inode(k, d)) == S_IFLNK:
        err = get_link(k, nd, d, link)
        dput(k, d)
        return err
    step_to_held(k, nd, d)
    return 0


cdef inline int walk_component(kernel_t *k, nameidata_t *nd, bint follow, const char **link) noexcept nogil:
    # Take the step of nd.last; a link that is to be followed gives its text.
    cdef uint32_t d
    link[0] = NULL
    if unlikely(nd.last_type != LAST_NORM):
        if nd.last_type == LAST_DOTDOT:
            step_up(k, nd)
        return 0
    d = d_lookup(k, nd.path.dentry, &nd.last)
    if unlikely(d == 0) or unlikely(d_inode(k, d).i_op >= PROC_DIR):
        return walk_made(k, nd, follow, link, d)
    if unlikely(file_type(d_inode(k, d)) == S_IFLNK) and follow:
        return get_link(k, nd, d, link)
    step_to(k, nd, d)
    traverse_mounts(k, nd)
    return 0


# ------------------------------------------------------------------------------------------ the walk
cdef inline const char *next_component(nameidata_t *nd, const char *name) noexcept nogil:
    # Fill nd.last from the start of `name`; what comes after it and its slashes.
    cdef const char *end
    nd.last.name = name
    hash_name(&nd.last)
    end = name + nd.last.len
    nd.last_slash = end[0] != 0
    nd.last_type = LAST_NORM
    if unlikely(nd.last.word == c"."):
        nd.last_type = LAST_DOT
    elif unlikely(nd.last.word == 0x2e2e):  # ".."
        nd.last_type = LAST_DOTDOT
    while end[0] == c"/":
        end += 1
    return end


cdef inline inode_t *walk_dir(kernel_t *k, nameidata_t *nd) noexcept nogil:
    # The commonest step: to a directory that is there by itself. Its inode; NULL, nothing done: it is of another kind.
    cdef uint32_t d
    cdef inode_t *inode
    if unlikely(nd.last_type != LAST_NORM):
        return NULL
    d = d_lookup(k, nd.path.dentry, &nd.last)
    inode = inode_row(k, dentry_row(k, d).d_inode)
    if unlikely(inode.i_op != RAM_DIR):
        return NULL
    step_to(k, nd, d)
    if unlikely(dentry_row(k, d).d_mounted):
        traverse_mounts(k, nd)
        inode = d_inode(k, nd.path.dentry)
    return inode


cdef inline const char *walk_known(kernel_t *k, nameidata_t *nd, const char *name) noexcept nogil:
    # Go on from where the last walk led, if it began in the same place and this path begins with the same text. What is
    # left of the path: it has a component yet.
    cdef walked_t *w = &k.walked
    cdef uint32_t i
    if w.len == 0 or nd.path.dentry != w.start:
        return name
    for i in range(0, w.len & ~<uint32_t>7, 8):
        if load_word(name + i) != load_word(w.text + i):
            return name
    i = w.len & ~<uint32_t>7
    if (load_word(name + i) ^ load_word(w.text + i)) & ((<uint64_t>1 << (8 * (w.len & 7))) - 1):
        return name
    if unlikely(name[w.len] == 0 or name[w.len] == c"/"):
        return name
    nd.path.mnt = w.mnt
    nd.path.dentry = w.dentry
    return name + w.len


cdef void walk_remember(kernel_t *k, nameidata_t *nd, const char *name, uint32_t start) noexcept nogil:
    # Where the directories of a path led. All were there by themselves, and anybody may pass through them.
    cdef uint64_t n = <uint64_t>(nd.last.name - name)
    if n >= sizeof(k.walked.text):
        return
    memset(k.walked.text, 0, sizeof(k.walked.text))
    memcpy(k.walked.text, name, n)
    k.walked.len = <uint32_t>n
    k.walked.start = start
    k.walked.mnt = nd.path.mnt
    k.walked.dentry = nd.path.dentry


cdef bint walked_check(kernel_t *k) noexcept nogil:
    # A walk of the text that is remembered leads to where it is said to.
    cdef nameidata_t nd
    cdef const char *name = k.walked.text
    cdef bint right = True
    if k.walked.len == 0:
        return True
    nd.held = 0
    nd.path.dentry = k.walked.start
    while name[0] == c"/":
        name += 1
    while right and name[0]:
        right = d_inode(k, nd.path.dentry).i_mode & 0o111 == 0o111
        name = next_component(&nd, name)
        right = right and walk_dir(k, &nd) != NULL
    return check(k, right and nd.path.dentry == k.walked.dentry, b"namei: what is known of a walk is wrong")


cdef int link_path_walk(kernel_t *k, nameidata_t *nd, const char *name) noexcept nogil:
    # Walk all components but the last, which is left in nd.last. A link in the middle is walked from where it is.
    cdef int err
    cdef const char *link
    cdef inode_t *dir = d_inode(k, nd.path.dentry)
    cdef inode_t *next
    while name[0] == c"/":
        name += 1
    if name[0] == 0:
        nd.last_type = LAST_ROOT
        nd.last_slash = False
        if nd.depth == 0:
            return 0
        nd.depth -= 1
        name = nd.stack[nd.depth]
    while True:
        if unlikely(dir.i_mode & 0o111 != 0o111):
            nd.plain = False
            if not may_lookup(k, nd.task, dir):
                return -EACCES
        name = next_component(nd, name)
        if name[0] == 0:
            if likely(nd.depth == 0):
                return 0
            nd.depth -= 1  # the last component of a link
            name = nd.stack[nd.depth]
        next = walk_dir(k, nd)
        if likely(next != NULL):
            dir = next
            continue
        nd.plain = False
        err = walk_component(k, nd, True, &link)
        if err:
            return err
        dir = d_inode(k, nd.path.dentry)
        if link != NULL:
            nd.stack[nd.depth] = name
            nd.depth += 1
            name = link
            while name[0] == c"/":
                name += 1
            while name[0] == 0:  # a link to the root
                nd.depth -= 1
                name = nd.stack[nd.depth]
        elif not is_dir(dir):
            return -ENOTDIR


cdef inline int path_init(kernel_t *k, task_t *t, int32_t dfd, const char *name, nameidata_t *nd) noexcept nogil:
    # Where a walk begins: the root, the current directory, or that of a descriptor.
    cdef fs_t *fs = current_fs(k, t)
    cdef file_t *f
    nd.task = t
    nd.depth = nd.links = 0
    nd.held = 0
    nd.last_type = LAST_ROOT
    nd.last_slash = False
    nd.plain = True
    if name[0] == c"/":
        nd.path.mnt = fs.root_mnt
        nd.path.dentry = fs.root
    elif dfd == AT_FDCWD:
        nd.path.mnt = fs.pwd_mnt
        nd.path.dentry = fs.pwd
    else:
        f = fdget(k, t, dfd)
        if f == NULL:
            return -EBADF
        if f.f_dentry == 0 or (name[0] and not is_dir(inode_row(k, f.inode))):
            return -ENOTDIR
        nd.path.mnt = f.f_mnt
        nd.path.dentry = f.f_dentry
    return 0


cdef inline int walk_parent(kernel_t *k, nameidata_t *nd, const char *name) noexcept nogil:
    # link_path_walk of a whole path that is not empty. After an error nothing is held.
    cdef uint32_t start = nd.path.dentry
    cdef const char *rest = walk_known(k, nd, name)
    cdef int err
    if rest != name and likely(next_component(nd, rest)[0] == 0):
        return 0
    err = link_path_walk(k, nd, rest)
    if unlikely(err):
        walk_end(k, nd)
    elif nd.path.dentry != start and unlikely(nd.last.name != rest) and nd.plain:
        walk_remember(k, nd, name, start)
    return err


cdef int path_parent(kernel_t *k, task_t *t, int32_t dfd, const char *name, nameidata_t *nd) noexcept nogil:
    # path_parentat: the directory in nd.path, the name in nd.last. The caller ends the walk, unless there is an error.
    cdef int err
    if name[0] == 0:
        return name_errno(name)
    err = path_init(k, t, dfd, name, nd)
    return err if err else walk_parent(k, nd, name)


cdef int follow_last(kernel_t *k, nameidata_t *nd, int flags) noexcept nogil:
    # lookup_last, as often as the last component is a link to follow. After an error nothing is held.
    cdef const char *link
    cdef bint directory = flags & LOOKUP_DIRECTORY != 0, follow = flags & LOOKUP_FOLLOW != 0
    cdef int err
    while True:
        directory = directory or nd.last_slash  # a slash asks for a directory, through every link from here on
        follow = follow or nd.last_slash
        err = walk_component(k, nd, follow, &link)
        if err == 0 and link != NULL:
            err = link_path_walk(k, nd, link)
            if err == 0:
                continue
        if err == 0 and directory and not is_dir(d_inode(k, nd.path.dentry)):
            err = -ENOTDIR
        if err:
            walk_end(k, nd)
        return err


cdef int path_lookup(kernel_t *k, task_t *t, int32_t dfd, const char *name, int flags, path_t *path) noexcept nogil:
    # path_lookupat: what a path leads to, held.
    cdef nameidata_t nd
    cdef int err
    if name[0] == 0 and (not (flags & LOOKUP_EMPTY) or name_errno(name) != -ENOENT):
        return name_errno(name)
    err = path_init(k, t, dfd, name, &nd)
    if err:
        return err
    if name[0]:
        err = walk_parent(k, &nd, name)
        if err == 0:
            err = follow_last(k, &nd, flags)
        if err:
            return err
    path[0] = nd.path
    path_get(k, path)
    walk_end(k, &nd)
    return 0


cdef int path_create(kernel_t *k, task_t *t, int32_t dfd, const char *name, bint want_dir,
                     nameidata_t *nd) noexcept nogil:
    # filename_create: the directory in nd.path and a name in nd.last that is not there. Only a directory may be asked
    # for with a slash.
    cdef uint32_t d
    cdef int err = path_parent(k, t, dfd, name, nd)
    if err:
        return err
    if nd.last_type != LAST_NORM:
        err = -EEXIST
    else:
        d = lookup_name(k, t, nd.path.dentry, &nd.last)
        if d:
            dput(k, d)
            err = -EEXIST
        else:
            err = -alloc_errno(k, ENOENT if nd.last_slash and not want_dir else 0)
    if err:
        walk_end(k, nd)
    return err


# ------------------------------------------------------------------------------------------ back to text
cdef int64_t d_path(kernel_t *k, fs_t *fs, uint32_t mnt, uint32_t dentry, char *to, int64_t size) noexcept nogil:
    # prepend_path: the path as seen from the root of `fs`, at the end of `to`. Its offset, or -ENAMETOOLONG.
    cdef int64_t at = size - 1
    cdef dentry_t *d
    to[at] = 0
    while not (dentry == fs.root and mnt == fs.root_mnt):
        d = dentry_row(k, dentry)
        if dentry == mount_row(k, mnt).mnt_root:
            if mount_row(k, mnt).mnt_parent == 0:
                break
            dentry = mount_row(k, mnt).mnt_mountpoint
            mnt = mount_row(k, mnt).mnt_parent
            continue
        at -= d.d_len + 1
        if at < 0:
            return -ENAMETOOLONG
        to[at] = c"/"
        memcpy(to + at + 1, d_name(k, d), d.d_len)
        dentry = d.d_parent
    if to[at] == 0:
        at -= 1
        to[at] = c"/"
    return at
