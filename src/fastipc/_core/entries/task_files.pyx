"""System calls on descriptors. Each fetches its arguments, calls the mechanism, and completes."""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize
from libc.stdlib cimport calloc, free, malloc

cdef class Segments:
    # The buffers of a readv or writev, kept until it is over.
    cdef iovec_t *iov
    cdef uint64_t *ranges  # NULL, or address and length of each: some are in the task's memory, without a base in `iov`
    cdef bint mixed  # not all
    cdef list views

    def __dealloc__(self):
        free(self.iov)
        free(self.ranges)


cdef class FileCalls(TaskCore):
    # -------------------------------------------------------------------------------------- pipe
    def pipe(self):
        """Make a pipe; ``(read end, write end)``. Source: pipe(2)."""
        return self.pipe2(0)

    def pipe2(self, flags=0):
        """Make a pipe with O_CLOEXEC, O_NONBLOCK or O_DIRECT; ``(read end, write end)``.

        Source: pipe2(2), fs/pipe.c. Errors: EINVAL, ENFILE, EMFILE, ENOMEM.
        """
        cdef int64_t f = as_int(flags, "flags")
        self.enter()
        call_begin(self.t, NR_pipe2)
        self.t.call.args[0] = f
        self.complete(do_pipe2(self.k, self.t, f))
        return (self.t.call.out0, self.t.call.out1)

    def sys_pipe(self, fds):
        """As `pipe`, the descriptors stored in ``fds`` (int32 x 2)."""
        return self.sys_pipe2(fds, 0)

    def sys_pipe2(self, fds, flags=0):
        """As `pipe2`, the descriptors stored in ``fds`` (int32 x 2); 0 or -errno."""
        cdef Py_buffer view
        cdef int64_t ret, f = as_int(flags, "flags")
        self.enter()
        if get_room(fds, &view, "fds"):
            return raw_call(self, NR_pipe2, False, user_addr(fds, 8, "fds"), <uint64_t>f)
        try:
            if view.len < 8:
                raise ValueError("fds must have room for two 32-bit integers")
            call_begin(self.t, NR_pipe2)
            self.t.call.args[0] = f
            ret = self.complete_raw(do_pipe2(self.k, self.t, f))
            if ret == 0:
                (<int32_t *>view.buf)[0] = self.t.call.out0
                (<int32_t *>view.buf)[1] = self.t.call.out1
        finally:
            release(&view)
        return ret

    # -------------------------------------------------------------------------------------- read
    def read(self, fd, n):
        """Read at most ``n`` bytes; ``b""`` at end of file. Source: read(2). Errors: EBADF, EFAULT, EAGAIN, EINTR."""
        cdef int32_t f = as_fd(fd)
        cdef int64_t ret, done, count = as_int(n, "n")
        self.enter()
        if unlikely(<uint64_t>count > SCRATCH):
            return self.read_bytes(fd, n)
        call_begin(self.t, NR_read)
        self.t.call.args[0] = f
        self.t.call.args[2] = count
        iov_iter_host(self.k, self.t, self.k.scratch, count)
        ret = do_read(self.k, self.t, f)
        if ret == -ESLEEP:
            self.t.call.flags |= CALL_BYTES
            self.t.call.res = RES_BYTES
            return self.sleep(None)
        if likely(ret >= 0):
            done = call_done(self.k, self.t, ret)
            if unlikely(self.k.attention != 0 or done != ret):
                return self.read_done(ret, done)
            return PyBytes_FromStringAndSize(self.k.scratch, ret)
        return self.complete(ret)

    cdef object read_done(self, int64_t ret, int64_t done):
        data = PyBytes_FromStringAndSize(self.k.scratch, ret)
        self.settle(done, True)
        return data

    cdef object read_bytes(self, object fd, object n):
        # A long read: the bytes object is made as long as the data that is there.
        cdef int32_t f = as_fd(fd)
        cdef int64_t ret, count = as_int(n, "n"), there = 0
        cdef file_t *file = fdget(self.k, self.t, f)
        cdef object data
        if file != NULL and file.f_mode & FMODE_READ and count > 0:
            there = bytes_available(self.k, self.t, file, count)
        data = PyBytes_FromStringAndSize(NULL, there)
        call_begin(self.t, NR_read)
        self.t.call.args[0] = f
        self.t.call.args[2] = count
        iov_iter_host(self.k, self.t, PyBytes_AS_STRING(data), count)
        ret = do_read(self.k, self.t, f)
        if ret == -ESLEEP:
            self.t.call.flags |= CALL_BYTES
            self.t.call.res = RES_BYTES
            return self.sleep(None)
        self.complete(ret)
        return data

    def readinto(self, fd, buf):
        """Read into a writable buffer; the number of bytes. Source: read(2)."""
        return self.transfer_one(NR_read, fd, buf, False)

    def sys_readinto(self, fd, buf):
        """As `readinto`; >= 0 or -errno."""
        return self.transfer_one(NR_read, fd, buf, True)

    def sys_read(self, fd, buf):
        """As `readinto`; >= 0 or -errno."""
        return self.transfer_one(NR_read, fd, buf, True)

    cdef object transfer_one(self, int nr, object fd, object buf, bint raw):
        cdef Py_buffer view
        cdef int32_t f = as_fd(fd)
        cdef int64_t ret
        self.enter()
        if get_room(buf, &view, "buf"):
            return user_transfer(self, nr, f, buf, 0, not raw)
        call_begin(self.t, nr)
        self.t.call.args[0] = f
        self.t.call.args[2] = view.len
        iov_iter_host(self.k, self.t, view.buf, view.len)
        ret = do_read(self.k, self.t, f)
        if ret == -ESLEEP:
            self.t.call.res = RES_INT | RES_RAW if raw else RES_INT
            held = memoryview(buf)  # keeps the buffer where it is
            release(&view)
            return self.sleep(held)
        if unlikely(self.k.tracing):
            try:
                return self.complete_raw(ret) if raw else self.complete(ret)
            finally:
                release(&view)
        release(&view)
        return self.complete_raw(ret) if raw else self.complete(ret)

    # -------------------------------------------------------------------------------------- write
    def write(self, fd, data):
        """Write a bytes-like object; the number of bytes. Source: write(2). Errors: EBADF, EPIPE, EAGAIN, EINTR."""
        cdef Py_buffer view
        cdef int32_t f = as_fd(fd)
        cdef int64_t ret, done
        self.enter()
        if get_data(data, &view, "data"):
            return user_transfer(self, NR_write, f, data, 0, True)
        call_begin(self.t, NR_write)
        self.t.call.args[0] = f
        self.t.call.args[2] = view.len
        iov_iter_host(self.k, self.t, view.buf, view.len)
        ret = do_write(self.k, self.t, f)
        if unlikely(owned(&view) or ret < 0):
            return self.write_slow(data, &view, ret, False)
        done = call_done(self.k, self.t, ret)
        if unlikely(exit_code(done) or self.k.attention != 0):
            self.settle(done, True)
        return ret

    def sys_write(self, fd, data):
        """As `write`; >= 0 or -errno."""
        cdef Py_buffer view
        cdef int32_t f = as_fd(fd)
        cdef int64_t ret
        self.enter()
        if get_data(data, &view, "data"):
            return user_transfer(self, NR_write, f, data, 0, False)
        call_begin(self.t, NR_write)
        self.t.call.args[0] = f
        self.t.call.args[2] = view.len
        iov_iter_host(self.k, self.t, view.buf, view.len)
        ret = do_write(self.k, self.t, f)
        return self.write_slow(data, &view, ret, True)

    cdef object write_slow(self, object data, Py_buffer *view, int64_t ret, bint raw):
        # A write that sleeps, failed, or whose buffer must be given back.
        if ret == -ESLEEP:
            self.t.call.res = RES_INT | RES_RAW if raw else RES_INT
            held = memoryview(data)
            release(view)
            return self.sleep(held)
        try:
            return self.complete_raw(ret) if raw else self.complete(ret)
        finally:
            release(view)

    # -------------------------------------------------------------------------------------- several buffers
    def readv(self, fd, buffers):
        """Read into several writable buffers in turn; the number of bytes. Source: readv(2)."""
        return self.transfer(NR_readv, fd, buffers, False, False)

    def sys_readv(self, fd, buffers):
        """As `readv`; >= 0 or -errno."""
        return self.transfer(NR_readv, fd, buffers, False, True)

    def writev(self, fd, buffers):
        """Write several bytes-like objects in turn as one; the number of bytes. Source: writev(2)."""
        return self.transfer(NR_writev, fd, buffers, True, False)

    def sys_writev(self, fd, buffers):
        """As `writev`; >= 0 or -errno."""
        return self.transfer(NR_writev, fd, buffers, True, True)

    cdef object transfer(self, int nr, object fd, object buffers, bint write, bint raw):
        cdef int32_t f = as_fd(fd)
        cdef int64_t ret
        cdef Segments segments
        segments = gather(buffers, not write)
        self.enter()
        call_begin(self.t, nr)
        self.t.call.args[0] = f
        self.t.call.args[1] = 0
        self.t.call.args[2] = len(segments.views)
        segments_iter(self, segments)
        if segments.ranges != NULL:
            ret = do_segments_user(self.k, self.t, f, write, len(segments.views), segments.ranges,
                                   segments.iov if segments.mixed else NULL)
            ret = ret if ret == -ESLEEP else user_call_end(self.k, self.t, ret)
        elif write:
            ret = do_writev(self.k, self.t, f, len(segments.views))
        else:
            ret = do_readv(self.k, self.t, f, len(segments.views))
        if ret == -ESLEEP:
            self.t.call.res = RES_INT | RES_RAW if raw else RES_INT
            return self.sleep(segments)
        try:
            return self.complete_raw(ret) if raw else self.complete(ret)
        finally:
            self.k.host[self.row].iov = NULL

    def pread(self, fd, n, off):
        """Read at most ``n`` bytes at an offset, leaving the position alone; a pipe has none.

        Source: pread(2). Errors: EBADF, EINVAL, EISDIR, ESPIPE.
        """
        cdef int64_t count = as_int(n, "n"), offset = as_int(off, "off"), there = 0
        cdef int32_t f = as_fd(fd)
        cdef file_t *file
        self.enter()
        file = fdget(self.k, self.t, f)
        if file != NULL and offset >= 0 and count > 0 and file.f_mode & FMODE_PREAD:
            there = self.available_at(file, count, offset)
        data = PyBytes_FromStringAndSize(NULL, there)
        self.complete(self.at_offset(NR_pread64, f, PyBytes_AS_STRING(data), count, offset))
        return data

    cdef int64_t available_at(self, file_t *file, int64_t n, int64_t offset):
        # As if the file's own position were there.
        cdef int64_t pos = file.f_pos
        file.f_pos = offset
        n = bytes_available(self.k, self.t, file, n)
        file.f_pos = pos
        return n

    def sys_pread(self, fd, buf, off):
        """As `pread`, into a buffer; >= 0 or -errno."""
        cdef Py_buffer view
        cdef int64_t offset = as_int(off, "off")
        self.enter()
        if get_room(buf, &view, "buf"):
            return user_transfer(self, NR_pread64, as_fd(fd), buf, offset, False)
        try:
            return self.complete_raw(self.at_offset(NR_pread64, as_fd(fd), view.buf, view.len, offset))
        finally:
            release(&view)

    def pwrite(self, fd, data, off):
        """Write at an offset, leaving the position alone; a pipe has none. Source: pwrite(2). Errors: EBADF, EFBIG,
        EINVAL, ENOSPC, ESPIPE.
        """
        return self.write_at(fd, data, off, False)

    def sys_pwrite(self, fd, data, off):
        """As `pwrite`; >= 0 or -errno."""
        return self.write_at(fd, data, off, True)

    cdef object write_at(self, object fd, object data, object off, bint raw):
        cdef Py_buffer view
        cdef int64_t ret, offset = as_int(off, "off")
        self.enter()
        if get_data(data, &view, "data"):
            return user_transfer(self, NR_pwrite64, as_fd(fd), data, offset, not raw)
        try:
            ret = self.at_offset(NR_pwrite64, as_fd(fd), view.buf, view.len, offset)
            return self.complete_raw(ret) if raw else self.complete(ret)
        finally:
            release(&view)

    cdef int64_t at_offset(self, int nr, int32_t fd, void *buf, int64_t n, int64_t offset):
        call_begin(self.t, nr)
        self.t.call.args[0] = fd
        self.t.call.args[2] = n
        self.t.call.args[3] = offset
        iov_iter_host(self.k, self.t, buf, n)
        if nr == NR_pread64:
            return do_pread(self.k, self.t, fd, offset)
        return do_pwrite(self.k, self.t, fd, offset)

    def lseek(self, fd, off, whence):
        """Move the position: SEEK_SET, SEEK_CUR, SEEK_END, SEEK_DATA, SEEK_HOLE; a pipe has none.

        Source: lseek(2). Errors: EBADF, EINVAL, ENXIO, ESPIPE.
        """
        return self.complete(self.seek(fd, off, whence))

    def sys_lseek(self, fd, off, whence):
        """As `lseek`; >= 0 or -errno."""
        return self.complete_raw(self.seek(fd, off, whence))

    cdef int64_t seek(self, object fd, object off, object whence) except? -1:
        cdef int32_t f = as_fd(fd)
        cdef int64_t offset = as_int(off, "off"), w = as_int(whence, "whence")
        self.enter()
        call_begin(self.t, NR_lseek)
        self.t.call.args[0] = f
        self.t.call.args[1] = offset
        self.t.call.args[2] = w
        return do_lseek(self.k, self.t, f, offset, w)

    # -------------------------------------------------------------------------------------- descriptors
    def close(self, fd):
        """Close a descriptor. Source: close(2). Errors: EBADF."""
        cdef int32_t f = as_fd(fd)
        self.enter()
        call_begin(self.t, NR_close)
        self.t.call.args[0] = f
        self.complete(do_close(self.k, self.t, f))

    def sys_close(self, fd):
        """As `close`; 0 or -errno."""
        cdef int32_t f = as_fd(fd)
        self.enter()
        call_begin(self.t, NR_close)
        self.t.call.args[0] = f
        return self.complete_raw(do_close(self.k, self.t, f))

    def dup(self, fd):
        """The lowest free number for the same open file. Source: dup(2). Errors: EBADF, EMFILE."""
        cdef int32_t f = as_fd(fd)
        self.enter()
        call_begin(self.t, NR_dup)
        self.t.call.args[0] = f
        return self.complete(do_dup(self.k, self.t, f, -1, False))

    def sys_dup(self, fd):
        """As `dup`; >= 0 or -errno."""
        cdef int32_t f = as_fd(fd)
        self.enter()
        call_begin(self.t, NR_dup)
        self.t.call.args[0] = f
        return self.complete_raw(do_dup(self.k, self.t, f, -1, False))

    def dup2(self, old, new):
        """Make ``new`` refer to the open file of ``old``; ``new``. Source: dup2(2). Errors: EBADF, EMFILE."""
        return self.complete(self.dup_to(NR_dup2, old, new, 0))

    def sys_dup2(self, old, new):
        """As `dup2`; >= 0 or -errno."""
        return self.complete_raw(self.dup_to(NR_dup2, old, new, 0))

    def dup3(self, old, new, flags):
        """As `dup2`, with O_CLOEXEC, and EINVAL if both are equal. Source: dup3(2). Errors: EINVAL, EBADF, EMFILE."""
        return self.complete(self.dup_to(NR_dup3, old, new, as_int(flags, "flags")))

    def sys_dup3(self, old, new, flags):
        """As `dup3`; >= 0 or -errno."""
        return self.complete_raw(self.dup_to(NR_dup3, old, new, as_int(flags, "flags")))

    cdef int64_t dup_to(self, int nr, object old_fd, object new_fd, int64_t flags) except? -1:
        cdef int32_t old = as_number(old_fd, "old"), new = as_number(new_fd, "new")
        self.enter()
        call_begin(self.t, nr)
        self.t.call.args[0] = old
        self.t.call.args[1] = new
        self.t.call.args[2] = flags
        if nr == NR_dup2:
            return do_dup2(self.k, self.t, old, new)
        return do_dup3(self.k, self.t, old, new, <uint32_t>flags)

    def fcntl(self, fd, cmd, arg=0):
        """Ask or set something of a descriptor: F_DUPFD, F_DUPFD_CLOEXEC, F_GETFD, F_SETFD, F_GETFL, F_SETFL,
        F_GETPIPE_SZ, F_SETPIPE_SZ, F_ADD_SEALS, F_GET_SEALS, F_SETOWN, F_GETOWN, F_SETSIG, F_GETSIG.

        F_GETOWN_EX gives, and F_SETOWN_EX takes, a pair ``(type, pid)``: F_OWNER_TID, F_OWNER_PID or F_OWNER_PGRP.
        Source: fcntl(2). Errors: EBADF, EINVAL, EMFILE, EPERM, EBUSY, ENOMEM, ESRCH.
        """
        cdef int64_t c = as_int(cmd, "cmd")
        cdef int64_t ret = self.complete(self.do_control(NR_fcntl, fd, c, fcntl_arg(c, arg)))
        if c == F_GETOWN:
            return self.t.call.out0
        if c == F_GETOWN_EX:
            return self.t.call.out0, self.t.call.out1
        return ret

    def sys_fcntl(self, fd, cmd, arg=0):
        """As `fcntl`; >= 0 or -errno, or of F_GETOWN the number of a group, negative.

        F_GETOWN_EX stores type and pid in ``arg`` (int32 x 2); F_SETOWN_EX takes such a buffer too.
        """
        cdef int64_t c = as_int(cmd, "cmd")
        cdef Py_buffer view
        cdef int32_t f = as_fd(fd)
        if c not in (F_GETOWN_EX, F_SETOWN_EX) or isinstance(arg, (tuple, list)):
            ret = self.complete_raw(self.do_control(NR_fcntl, fd, c, fcntl_arg(c, arg)))
            return self.t.call.out0 if c == F_GETOWN and ret == 0 else ret
        if isinstance(arg, UserBuffer):
            self.enter()
            return raw_call(self, NR_fcntl, False, <uint64_t>f, <uint64_t>c, user_addr(arg, 8, "arg"))
        if c == F_SETOWN_EX:
            return self.complete_raw(self.do_control(NR_fcntl, fd, c, owner_of_buffer(arg)))
        get_writable(arg, &view, "arg")
        try:
            if view.len < 8:
                raise ValueError("arg must have room for two 32-bit integers")
            ret = self.complete_raw(self.do_control(NR_fcntl, fd, c, 0))
            if ret == 0:
                (<int32_t *>view.buf)[0] = self.t.call.out0
                (<int32_t *>view.buf)[1] = self.t.call.out1
        finally:
            release(&view)
        return ret

    def ioctl(self, fd, request, arg=0):
        """FIONREAD: the bytes that wait; FIONBIO and FIOASYNC with 0 or 1; FIOCLEX, FIONCLEX; FS_IOC_GETFLAGS,
        FS_IOC_SETFLAGS.

        Source: ioctl(2), chattr(1). Errors: EBADF, ENOTTY, EOPNOTSUPP, EPERM.
        """
        return self.complete(self.do_control(NR_ioctl, fd, as_int(request, "request"), as_int(arg, "arg")))

    def sys_ioctl(self, fd, request, arg=0):
        """As `ioctl`; >= 0 or -errno."""
        return self.complete_raw(self.do_control(NR_ioctl, fd, as_int(request, "request"), as_int(arg, "arg")))

    cdef int64_t do_control(self, int nr, object fd, int64_t cmd, int64_t arg) except? -1:
        cdef int32_t f = as_fd(fd)
        self.enter()
        call_begin(self.t, nr)
        self.t.call.args[0] = f
        self.t.call.args[1] = cmd
        self.t.call.args[2] = arg
        if nr == NR_fcntl:
            return do_fcntl(self.k, self.t, f, cmd, arg)
        return do_ioctl(self.k, self.t, f, cmd, arg)

    def fstat(self, fd):
        """What the inode of an open file says; a `Stat`. Source: fstat(2). Errors: EBADF."""
        cdef Stat stat = Stat.__new__(Stat)
        cdef int32_t f = as_fd(fd)
        self.enter()
        call_begin(self.t, NR_fstat)
        self.t.call.args[0] = f
        self.complete(do_fstat(self.k, self.t, f, &stat.row))
        return stat

    def sys_fstat(self, fd, stat):
        """As `fstat`, into one row of dtype `fastipc.STAT`; a `UserBuffer` gets C's struct stat. 0 or -errno."""
        cdef Py_buffer view
        cdef stat_t row
        cdef int64_t ret
        cdef int32_t f = as_fd(fd)
        self.enter()
        if get_room(stat, &view, "stat"):
            return raw_call(self, NR_fstat, False, <uint64_t>f, user_addr(stat, 144, "stat"))
        try:
            if <size_t>view.len < sizeof(stat_t):
                raise ValueError("stat must have room for one row of STAT")
            call_begin(self.t, NR_fstat)
            self.t.call.args[0] = f
            ret = self.complete_raw(do_fstat(self.k, self.t, f, &row))
            if ret == 0:
                (<stat_t *>view.buf)[0] = row
        finally:
            release(&view)
        return ret


# ------------------------------------------------------------------------------------------ arguments
cdef object user_transfer(TaskCore task, int nr, int32_t fd, UserBuffer buf, int64_t offset, bint raises):
    # One buffer that is in the task's memory.
    return raw_call(task, nr, raises, <uint64_t>fd, buf.addr, buf.length, <uint64_t>offset)


cdef int gather_user(Segments segments, Py_ssize_t i, Py_ssize_t n, UserBuffer buf) except -1:
    if segments.ranges == NULL:
        segments.ranges = <uint64_t *>calloc(n, 16)
        if segments.ranges == NULL:
            raise MemoryError
    segments.ranges[2 * i] = buf.addr
    segments.ranges[2 * i + 1] = buf.length
    segments.iov[i].base = NULL
    segments.iov[i].length = 0
    return 0


cdef Segments gather(object buffers, bint writable):
    cdef Segments segments = Segments.__new__(Segments)
    cdef Py_buffer view
    cdef Py_ssize_t i
    if isinstance(buffers, (bytes, bytearray, memoryview, str)) or not hasattr(buffers, "__iter__"):
        raise TypeError(f"buffers must be a sequence of buffers, not {type(buffers).__name__}")
    segments.views = []
    buffers = list(buffers)
    segments.iov = <iovec_t *>malloc(max(len(buffers), 1) * sizeof(iovec_t))
    if segments.iov == NULL:
        raise MemoryError
    for i, item in enumerate(buffers):
        if is_user(item):
            gather_user(segments, i, len(buffers), item)
            segments.views.append(item)
            continue
        if writable:
            get_writable(item, &view, "buffers")
        else:
            get_buffer(item, &view, "buffers")
        segments.iov[i].base = <char *>view.buf
        segments.iov[i].length = view.len
        segments.views.append(memoryview(item))
        release(&view)
    for i in range(len(buffers) if segments.ranges != NULL else 0):
        if not is_user(buffers[i]):
            segments.mixed = True
            segments.ranges[2 * i + 1] = segments.iov[i].length
    return segments


cdef int segments_iter(TaskCore task, Segments segments):
    cdef int64_t total = 0
    cdef Py_ssize_t i, n = len(segments.views)
    for i in range(n):
        total += <int64_t>segments.iov[i].length
    iov_iter_host(task.k, task.t, segments.iov[0].base if n == 1 else NULL, total)
    if n != 1:
        task.t.call.iter.nr_segs = 2
        task.k.host[task.row].iov = segments.iov
    return 0


cdef int64_t fcntl_arg(int64_t cmd, object arg) except? -1:
    # An f_owner_ex is its type, and 2**32 times its pid.
    cdef int64_t type, pid
    if cmd == F_GETOWN_EX:
        return 0
    if cmd != F_SETOWN_EX:
        return as_int(arg, "arg")
    try:
        kind, number = arg
    except (TypeError, ValueError):
        raise TypeError(f"arg must be a pair (type, pid), not {type_name(arg)}") from None
    type = as_int(kind, "type")
    pid = as_int(number, "pid")
    return <int64_t>(<uint64_t><uint32_t>type | <uint64_t><uint32_t>pid << 32)


cdef str type_name(object value):
    return type(value).__name__


cdef int64_t owner_of_buffer(object arg) except? -1:
    cdef Py_buffer view
    cdef int64_t owner = 0
    get_buffer(arg, &view, "arg")
    n = view.len
    if n >= 8:
        memcpy(&owner, view.buf, 8)
    release(&view)
    if n < 8:
        raise ValueError("arg must be two 32-bit integers")
    return owner
