"""System calls on paths, and on what paths lead to.

A path is a string, bytes, an os.PathLike, or any other buffer, which ends at its first zero as a C string does.
"""

from libc.string cimport memchr

cdef extern from "Python.h":
    bint PyUnicode_CheckExact(object o)
    bint PyUnicode_IS_COMPACT_ASCII(object o)
    Py_ssize_t PyUnicode_GET_LENGTH(object o)
    const unsigned char *PyUnicode_1BYTE_DATA(object o)
    const char *PyUnicode_AsUTF8AndSize(object o, Py_ssize_t *n) except NULL

cdef enum:
    TEXT_SIZE = 4352  # of what readlink gives at most


# ------------------------------------------------------------------------------------------ paths
cdef inline const char *path_text(object path, Py_ssize_t *n) except NULL:
    # Of a path as path_object gives it.
    if likely(PyUnicode_CheckExact(path)):
        if likely(PyUnicode_IS_COMPACT_ASCII(path)):
            n[0] = PyUnicode_GET_LENGTH(path)
            return <const char *>PyUnicode_1BYTE_DATA(path)
        return PyUnicode_AsUTF8AndSize(path, n)
    n[0] = PyBytes_GET_SIZE(path)
    return PyBytes_AS_STRING(path)


cdef inline bint has_zero(const char *text, Py_ssize_t n):
    # Whether a zero is among `n` bytes: without a call for what is no longer than most paths.
    cdef uint64_t word
    if n < 8 or n > 32:
        return memchr(text, 0, <size_t>n) != NULL
    while n > 8:
        memcpy(&word, text, 8)
        if unlikely(zero_bytes(word)):
            return True
        text += 8
        n -= 8
    memcpy(&word, text + n - 8, 8)
    return zero_bytes(word) != 0


cdef inline object path_object(object path, str name):
    # The path as a string that is UTF-8, or as bytes. Mostly it is ASCII, and only a zero in it is looked for.
    if likely(PyUnicode_CheckExact(path)) and likely(PyUnicode_IS_COMPACT_ASCII(path)):
        if likely(not has_zero(<const char *>PyUnicode_1BYTE_DATA(path), PyUnicode_GET_LENGTH(path))):
            return path
    return checked_path(path, name)


cdef object checked_path(object path, str name):
    cdef Py_ssize_t n
    cdef const char *text
    if not PyUnicode_CheckExact(path) and not PyBytes_CheckExact(path):
        path = other_path(path, name)
    try:
        text = path_text(path, &n)
    except UnicodeEncodeError:  # file names of the host that are no UTF-8
        path = os.fsencode(path)
        text = path_text(path, &n)
    if memchr(text, 0, <size_t>n) != NULL:
        raise ValueError(f"{name} must not have a null byte")
    return path


cdef object other_path(object path, str name):
    if hasattr(path, "__fspath__"):
        path = path.__fspath__()
    if isinstance(path, str):
        return str.__str__(path)
    if isinstance(path, bytes):
        return bytes(path)
    try:
        view = memoryview(path)
        if view.ndim:  # not a number of NumPy
            return bytes(view.cast("B") if view.nbytes else b"").split(b"\0", 1)[0]
    except TypeError:
        pass
    raise TypeError(f"{name} must be a path, not {type(path).__name__}")


cdef class PathCalls(FileCalls):
    # -------------------------------------------------------------------------------------- open
    def open(self, path, flags, mode=0o777):
        """Open a file, or make it with O_CREAT; the lowest free descriptor.

        A FIFO opened for one direction waits for the other. Source: open(2), fifo(7), fs/open.c. Errors: EACCES,
        EEXIST, EINTR, EINVAL, EISDIR, ELOOP, EMFILE, ENAMETOOLONG, ENFILE, ENOENT, ENOMEM, ENOSPC, ENOTDIR, ENXIO,
        EPERM.
        """
        return self.opened(self.open_(path, flags, mode), path, False)

    def sys_open(self, path, flags, mode=0o777):
        """As `open`; >= 0 or -errno."""
        return self.opened(self.open_(path, flags, mode), path, True)

    def openat(self, dirfd, path, flags, mode=0o777):
        """As `open`, a relative path from the directory ``dirfd`` or AT_FDCWD. Source: openat(2)."""
        return self.opened(self.openat_(dirfd, path, flags, mode), path, False)

    def sys_openat(self, dirfd, path, flags, mode=0o777):
        """As `openat`; >= 0 or -errno."""
        return self.opened(self.openat_(dirfd, path, flags, mode), path, True)

    cdef object opened(self, int64_t ret, object path, bint raw):
        cdef Py_ssize_t n
        if unlikely(ret == -ESLEEP):
            self.t.call.res = RES_INT | RES_RAW if raw else RES_INT
            path = path_object(path, "path")  # kept: it may have to be walked again
            self.k.host[self.row].base = <char *>path_text(path, &n)
            return self.sleep(path)
        return self.complete_raw(ret) if raw else self.complete(ret)

    cdef int64_t open_(self, object path, object flags, object mode) except? -1:
        cdef int64_t f = as_int(flags, "flags"), m = as_int(mode, "mode")
        cdef Py_ssize_t n
        cdef const char *text
        path = path_object(path, "path")
        self.enter()
        text = path_text(path, &n)
        return call_open(self.k, self.t, <int64_t>text, n, f, m)

    cdef int64_t openat_(self, object dirfd, object path, object flags, object mode) except? -1:
        cdef int64_t d = as_int(dirfd, "dirfd"), f = as_int(flags, "flags"), m = as_int(mode, "mode")
        cdef Py_ssize_t n
        cdef const char *text
        path = path_object(path, "path")
        self.enter()
        text = path_text(path, &n)
        return call_openat(self.k, self.t, d, <int64_t>text, n, f, m)

    # -------------------------------------------------------------------------------------- making names
    def mkfifo(self, path, mode=0o666):
        """Make a FIFO. Source: mkfifo(3). Errors: EACCES, EEXIST, ENAMETOOLONG, ENOENT, ENOMEM, ENOSPC, ENOTDIR."""
        self.complete(self.mknod_(path, as_int(mode, "mode") | S_IFIFO, 0))

    def sys_mkfifo(self, path, mode=0o666):
        """As `mkfifo`; 0 or -errno."""
        return self.complete_raw(self.mknod_(path, as_int(mode, "mode") | S_IFIFO, 0))

    def mknod(self, path, mode, dev=0):
        """Make a file of the type in ``mode``: regular (also type 0), FIFO, socket, or device node with number ``dev``.

        Source: mknod(2), fs/namei.c. Errors: as `mkfifo`; EINVAL and EPERM for types that cannot be made.
        """
        self.complete(self.mknod_(path, as_int(mode, "mode"), dev))

    def sys_mknod(self, path, mode, dev=0):
        """As `mknod`; 0 or -errno."""
        return self.complete_raw(self.mknod_(path, as_int(mode, "mode"), dev))

    def mknodat(self, dirfd, path, mode, dev=0):
        """As `mknod`, a relative path from the directory ``dirfd`` or AT_FDCWD. Source: mknodat(2)."""
        self.complete(self.mknodat_(dirfd, path, mode, dev))

    def sys_mknodat(self, dirfd, path, mode, dev=0):
        """As `mknodat`; 0 or -errno."""
        return self.complete_raw(self.mknodat_(dirfd, path, mode, dev))

    cdef int64_t mknod_(self, object path, int64_t mode, object dev) except? -1:
        cdef int64_t d = as_int(dev, "dev")
        cdef Py_ssize_t n
        cdef const char *text
        path = path_object(path, "path")
        self.enter()
        text = path_text(path, &n)
        return self.hooked(call_mknod(self.k, self.t, <int64_t>text, n, mode, d))

    cdef int64_t mknodat_(self, object dirfd, object path, object mode, object dev) except? -1:
        cdef int64_t f = as_int(dirfd, "dirfd"), m = as_int(mode, "mode"), d = as_int(dev, "dev")
        cdef Py_ssize_t n
        cdef const char *text
        path = path_object(path, "path")
        self.enter()
        text = path_text(path, &n)
        return self.hooked(call_mknodat(self.k, self.t, f, <int64_t>text, n, m, d))

    cdef int64_t hooked(self, int64_t ret) except? -1:
        # What a hook makes of a creation. If it raises the call ends with EPERM.
        if likely(ret < 0 or not self.k.hooks & HOOK_PATH_MKNOD):
            return ret
        try:
            return ask_path_mknod(self)
        except BaseException:
            self.complete_raw(-EPERM)
            raise

    def mkdir(self, path, mode=0o777):
        """Make a directory. Source: mkdir(2). Errors: EACCES, EEXIST, EMLINK, ENAMETOOLONG, ENOENT, ENOSPC, ENOTDIR."""
        self.complete(self.on_path(NR_mkdir, path, as_int(mode, "mode")))

    def sys_mkdir(self, path, mode=0o777):
        """As `mkdir`; 0 or -errno."""
        return self.complete_raw(self.on_path(NR_mkdir, path, as_int(mode, "mode")))

    def symlink(self, target, path):
        """Make a symbolic link. Source: symlink(2). Errors: EACCES, EEXIST, ENAMETOOLONG, ENOENT, ENOTDIR."""
        self.complete(self.on_paths(NR_symlink, target, path))

    def sys_symlink(self, target, path):
        """As `symlink`; 0 or -errno."""
        return self.complete_raw(self.on_paths(NR_symlink, target, path))

    def link(self, a, b):
        """Give the file ``a`` another name ``b``. Source: link(2). Errors: EACCES, EEXIST, ENOENT, EPERM, EXDEV."""
        self.complete(self.on_paths(NR_link, a, b))

    def sys_link(self, a, b):
        """As `link`; 0 or -errno."""
        return self.complete_raw(self.on_paths(NR_link, a, b))

    def rename(self, a, b):
        """Let what is called ``a`` be called ``b``, in place of what was there.

        Source: rename(2). Errors: EACCES, EBUSY, EINVAL, EISDIR, ENOENT, ENOTDIR, ENOTEMPTY, EPERM, EXDEV.
        """
        self.complete(self.on_paths(NR_rename, a, b))

    def sys_rename(self, a, b):
        """As `rename`; 0 or -errno."""
        return self.complete_raw(self.on_paths(NR_rename, a, b))

    def renameat2(self, olddirfd, a, newdirfd, b, flags=0):
        """As `rename`, with RENAME_NOREPLACE or RENAME_EXCHANGE. Source: renameat2(2)."""
        self.complete(self.renameat2_(olddirfd, a, newdirfd, b, flags))

    def sys_renameat2(self, olddirfd, a, newdirfd, b, flags=0):
        """As `renameat2`; 0 or -errno."""
        return self.complete_raw(self.renameat2_(olddirfd, a, newdirfd, b, flags))

    cdef int64_t renameat2_(self, object olddirfd, object a, object newdirfd, object b, object flags) except? -1:
        cdef int64_t o = as_int(olddirfd, "olddirfd"), w = as_int(newdirfd, "newdirfd"), f = as_int(flags, "flags")
        cdef Py_ssize_t n, m
        cdef const char *old
        cdef const char *new
        a = path_object(a, "a")
        b = path_object(b, "b")
        self.enter()
        old = path_text(a, &n)
        new = path_text(b, &m)
        return call_renameat2(self.k, self.t, o, <int64_t>old, n, w, <int64_t>new, m, f)

    cdef int64_t on_paths(self, int nr, object a, object b) except? -1:
        cdef Py_ssize_t n, m
        cdef const char *old
        cdef const char *new
        a = path_object(a, "target" if nr == NR_symlink else "a")
        b = path_object(b, "path" if nr == NR_symlink else "b")
        self.enter()
        old = path_text(a, &n)
        new = path_text(b, &m)
        if nr == NR_link:
            return call_link(self.k, self.t, <int64_t>old, n, <int64_t>new, m)
        if nr == NR_symlink:
            return call_symlink(self.k, self.t, <int64_t>old, n, <int64_t>new, m)
        return call_rename(self.k, self.t, <int64_t>old, n, <int64_t>new, m)

    # -------------------------------------------------------------------------------------- removing names
    def unlink(self, path):
        """Remove a name that is no directory's. Source: unlink(2). Errors: EACCES, EISDIR, ENOENT, ENOTDIR, EPERM."""
        self.complete(self.on_path(NR_unlink, path, 0))

    def sys_unlink(self, path):
        """As `unlink`; 0 or -errno."""
        return self.complete_raw(self.on_path(NR_unlink, path, 0))

    def rmdir(self, path):
        """Remove an empty directory. Source: rmdir(2). Errors: EACCES, EBUSY, EINVAL, ENOENT, ENOTDIR, ENOTEMPTY."""
        self.complete(self.on_path(NR_rmdir, path, 0))

    def sys_rmdir(self, path):
        """As `rmdir`; 0 or -errno."""
        return self.complete_raw(self.on_path(NR_rmdir, path, 0))

    # -------------------------------------------------------------------------------------- one path and a number
    def chmod(self, path, mode):
        """Set permission bits. Source: chmod(2). Errors: EPERM, and those of the path."""
        self.complete(self.on_path(NR_chmod, path, as_int(mode, "mode")))

    def sys_chmod(self, path, mode):
        """As `chmod`; 0 or -errno."""
        return self.complete_raw(self.on_path(NR_chmod, path, as_int(mode, "mode")))

    def access(self, path, mode):
        """Whether the real user may R_OK, W_OK, X_OK; F_OK: it is there. Source: access(2). Errors: EACCES, EINVAL."""
        self.complete(self.on_path(NR_access, path, as_int(mode, "mode")))

    def sys_access(self, path, mode):
        """As `access`; 0 or -errno."""
        return self.complete_raw(self.on_path(NR_access, path, as_int(mode, "mode")))

    def truncate(self, path, length):
        """Set the size of a regular file. Source: truncate(2). Errors: EFBIG, EINVAL, EISDIR, and those of the path."""
        self.complete(self.on_path(NR_truncate, path, as_int(length, "length")))

    def sys_truncate(self, path, length):
        """As `truncate`; 0 or -errno."""
        return self.complete_raw(self.on_path(NR_truncate, path, as_int(length, "length")))

    def chdir(self, path):
        """Go to a directory. Source: chdir(2). Errors: EACCES, ENOENT, ENOTDIR."""
        self.complete(self.on_path(NR_chdir, path, 0))

    def sys_chdir(self, path):
        """As `chdir`; 0 or -errno."""
        return self.complete_raw(self.on_path(NR_chdir, path, 0))

    cdef int64_t on_path(self, int nr, object path, int64_t arg) except? -1:
        cdef Py_ssize_t n
        cdef int64_t text
        path = path_object(path, "path")
        self.enter()
        text = <int64_t>path_text(path, &n)
        if nr == NR_unlink:
            return call_unlink(self.k, self.t, text, n)
        if nr == NR_mkdir:
            return call_mkdir(self.k, self.t, text, n, arg)
        if nr == NR_rmdir:
            return call_rmdir(self.k, self.t, text, n)
        if nr == NR_chmod:
            return call_chmod(self.k, self.t, text, n, arg)
        if nr == NR_access:
            return call_access(self.k, self.t, text, n, arg)
        if nr == NR_truncate:
            return call_truncate(self.k, self.t, text, n, arg)
        return call_chdir(self.k, self.t, text, n)

    def chown(self, path, uid, gid):
        """Set owner and group, -1: leave it. Source: chown(2). Errors: EPERM, and those of the path."""
        self.complete(self.owner(NR_chown, path, uid, gid))

    def sys_chown(self, path, uid, gid):
        """As `chown`; 0 or -errno."""
        return self.complete_raw(self.owner(NR_chown, path, uid, gid))

    def lchown(self, path, uid, gid):
        """As `chown`, of a symbolic link itself. Source: lchown(2)."""
        self.complete(self.owner(NR_lchown, path, uid, gid))

    def sys_lchown(self, path, uid, gid):
        """As `lchown`; 0 or -errno."""
        return self.complete_raw(self.owner(NR_lchown, path, uid, gid))

    cdef int64_t owner(self, int nr, object path, object uid, object gid) except? -1:
        cdef int64_t u = as_int(uid, "uid"), g = as_int(gid, "gid"), text
        cdef Py_ssize_t n
        path = path_object(path, "path")
        self.enter()
        text = <int64_t>path_text(path, &n)
        if nr == NR_chown:
            return call_chown(self.k, self.t, text, n, u, g)
        return call_lchown(self.k, self.t, text, n, u, g)

    # -------------------------------------------------------------------------------------- looking
    def stat(self, path):
        """What the inode of a path says; a `Stat`. Source: stat(2). Errors: EACCES, ELOOP, ENOENT, ENOTDIR."""
        cdef Stat stat = Stat.__new__(Stat)
        self.complete(self.stat_(NR_stat, path, &stat.row))
        return stat

    def sys_stat(self, path, stat):
        """As `stat`, into one row of dtype `fastipc.STAT`; 0 or -errno."""
        return self.fill_stat(NR_stat, path, stat)

    def lstat(self, path):
        """As `stat`, of a symbolic link itself. Source: lstat(2)."""
        cdef Stat stat = Stat.__new__(Stat)
        self.complete(self.stat_(NR_lstat, path, &stat.row))
        return stat

    def sys_lstat(self, path, stat):
        """As `lstat`, into one row of dtype `fastipc.STAT`; 0 or -errno."""
        return self.fill_stat(NR_lstat, path, stat)

    cdef int64_t stat_(self, int nr, object path, stat_t *stat) except? -1:
        cdef Py_ssize_t n
        cdef int64_t text
        path = path_object(path, "path")
        self.enter()
        text = <int64_t>path_text(path, &n)
        if nr == NR_stat:
            return call_stat(self.k, self.t, text, n, <int64_t>stat)
        return call_lstat(self.k, self.t, text, n, <int64_t>stat)

    cdef object fill_stat(self, int nr, object path, object stat):
        cdef stat_t row
        cdef int64_t ret
        cdef Py_buffer view
        if get_room(stat, &view, "stat"):
            ret = self.stat_(nr, path, &row)
            return self.complete_raw(ret if ret else put_stat(self.k, self.t, user_addr(stat, 144, "stat"), &row))
        try:
            if <size_t>view.len < sizeof(stat_t):
                raise ValueError("stat must have room for one row of STAT")
            ret = self.complete_raw(self.stat_(nr, path, &row))
            if ret == 0:
                memcpy(view.buf, &row, sizeof(stat_t))
        finally:
            release(&view)
        return ret

    def readlink(self, path):
        """Text of a symbolic link. Source: readlink(2). Errors: EINVAL: it is none; and those of the path."""
        cdef char[TEXT_SIZE] text
        cdef int64_t n = self.complete(self.readlink_(path, text, TEXT_SIZE))
        return os.fsdecode(text[:n])

    def sys_readlink(self, path, buf):
        """As `readlink`, into a buffer, cut to its size; the length or -errno."""
        cdef Py_buffer view
        get_writable(buf, &view, "buf")
        try:
            return self.complete_raw(self.readlink_(path, <char *>view.buf, view.len))
        finally:
            release(&view)

    cdef int64_t readlink_(self, object path, char *to, int64_t size) except? -1:
        cdef Py_ssize_t n
        cdef int64_t text
        path = path_object(path, "path")
        self.enter()
        text = <int64_t>path_text(path, &n)
        return call_readlink(self.k, self.t, text, n, <int64_t>to, size)

    def getcwd(self):
        """Path of the current directory. Source: getcwd(2). Errors: ENOENT: it was removed."""
        cdef char[TEXT_SIZE] text
        cdef int64_t n
        self.enter()
        n = self.complete(call_getcwd(self.k, self.t, <int64_t>text, TEXT_SIZE))
        return os.fsdecode(text[:n - 1])

    def sys_getcwd(self, buf):
        """As `getcwd`, into a buffer, with a zero at the end; the length with it or -errno (ERANGE: too small)."""
        cdef Py_buffer view
        self.enter()
        if get_room(buf, &view, "buf"):
            return raw_call(self, NR_getcwd, False, (<UserBuffer>buf).addr, (<UserBuffer>buf).length)
        try:
            return self.complete_raw(call_getcwd(self.k, self.t, <int64_t>view.buf, view.len))
        finally:
            release(&view)

    def umask(self, m):
        """Set the bits that new files do not get; the old ones. Source: umask(2)."""
        cdef int64_t mask = as_int(m, "m")
        self.enter()
        return self.complete(call_umask(self.k, self.t, mask))

    def sys_umask(self, m):
        """As `umask`."""
        cdef int64_t mask = as_int(m, "m")
        self.enter()
        return self.complete_raw(call_umask(self.k, self.t, mask))

    # -------------------------------------------------------------------------------------- by descriptor
    def fchdir(self, fd):
        """Go to an open directory. Source: fchdir(2). Errors: EACCES, EBADF, ENOTDIR."""
        self.complete(self.on_fd(NR_fchdir, fd, 0, 0, 0))

    def sys_fchdir(self, fd):
        """As `fchdir`; 0 or -errno."""
        return self.complete_raw(self.on_fd(NR_fchdir, fd, 0, 0, 0))

    def fchmod(self, fd, mode):
        """As `chmod`, of an open file. Source: fchmod(2). Errors: EBADF, EPERM."""
        self.complete(self.on_fd(NR_fchmod, fd, as_int(mode, "mode"), 0, 0))

    def sys_fchmod(self, fd, mode):
        """As `fchmod`; 0 or -errno."""
        return self.complete_raw(self.on_fd(NR_fchmod, fd, as_int(mode, "mode"), 0, 0))

    def fchown(self, fd, uid, gid):
        """As `chown`, of an open file. Source: fchown(2). Errors: EBADF, EPERM."""
        self.complete(self.on_fd(NR_fchown, fd, as_int(uid, "uid"), as_int(gid, "gid"), 0))

    def sys_fchown(self, fd, uid, gid):
        """As `fchown`; 0 or -errno."""
        return self.complete_raw(self.on_fd(NR_fchown, fd, as_int(uid, "uid"), as_int(gid, "gid"), 0))

    def ftruncate(self, fd, length):
        """As `truncate`, of a file open for writing. Source: ftruncate(2). Errors: EBADF, EFBIG, EINVAL, EPERM."""
        self.complete(self.on_fd(NR_ftruncate, fd, as_int(length, "length"), 0, 0))

    def sys_ftruncate(self, fd, length):
        """As `ftruncate`; 0 or -errno."""
        return self.complete_raw(self.on_fd(NR_ftruncate, fd, as_int(length, "length"), 0, 0))

    def fallocate(self, fd, mode, off, n):
        """Have room for a range of a file; FALLOC_FL_KEEP_SIZE, FALLOC_FL_PUNCH_HOLE, FALLOC_FL_ZERO_RANGE.

        Source: fallocate(2). Errors: EBADF, EFBIG, EINVAL, EISDIR, ENODEV, ENOSPC, EOPNOTSUPP, EPERM, ESPIPE.
        """
        self.complete(self.on_fd(NR_fallocate, fd, as_int(mode, "mode"), as_int(off, "off"), as_int(n, "n")))

    def sys_fallocate(self, fd, mode, off, n):
        """As `fallocate`; 0 or -errno."""
        return self.complete_raw(self.on_fd(NR_fallocate, fd, as_int(mode, "mode"), as_int(off, "off"),
                                            as_int(n, "n")))

    def fsync(self, fd):
        """Have what was changed on the disk: the journal's transaction is committed. Source: fsync(2). Errors: EBADF,
        EINVAL.
        """
        self.complete(self.on_fd(NR_fsync, fd, 0, 0, 0))

    def sys_fsync(self, fd):
        """As `fsync`; 0 or -errno."""
        return self.complete_raw(self.on_fd(NR_fsync, fd, 0, 0, 0))

    cdef int64_t on_fd(self, int nr, object fd, int64_t a, int64_t b, int64_t c) except? -1:
        cdef int32_t f = as_fd(fd)
        self.enter()
        if nr == NR_fchdir:
            return call_fchdir(self.k, self.t, f)
        if nr == NR_fchmod:
            return call_fchmod(self.k, self.t, f, a)
        if nr == NR_fchown:
            return call_fchown(self.k, self.t, f, a, b)
        if nr == NR_ftruncate:
            return call_ftruncate(self.k, self.t, f, a)
        if nr == NR_fallocate:
            return call_fallocate(self.k, self.t, f, a, b, c)
        return call_fsync(self.k, self.t, f)
