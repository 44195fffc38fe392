"""System calls on System V message queues."""

from cpython.ref cimport Py_INCREF, Py_XDECREF, PyObject


cdef enum:
    SMALL_TEXT = 479  # for so many bytes Python's own allocator has room
    LONGEST_KEPT = 8192  # bytes of a text that is used again

cdef PyObject *texts[2]  # the last two that are longer than SMALL_TEXT
cdef uint32_t next_text

cdef extern from *:
    """
    /* Whether a text has `n` bytes and belongs to nobody but who asks. Then these may be others: as long as nobody else
       has it a bytes object is not yet what it will be. */
    static inline int fastipc_unshared(PyObject *text, Py_ssize_t n)
    {
        if (text == NULL || Py_REFCNT(text) != 1 || PyBytes_GET_SIZE(text) != n)
            return 0;
        _Py_COMP_DIAG_PUSH
        _Py_COMP_DIAG_IGNORE_DEPR_DECLS
        ((PyBytesObject *)text)->ob_shash = -1;
        _Py_COMP_DIAG_POP
        return 1;
    }
    """
    bint unshared "fastipc_unshared"(PyObject *text, Py_ssize_t n)


cdef bytes blank_text(Py_ssize_t n):
    # To be written. The system's allocator takes longer for it than all else in a call: so one that was made for a
    # message is used again when the program has dropped it, which it mostly has two messages later.
    global next_text
    cdef PyObject **kept = &texts[next_text]
    cdef bytes text
    next_text ^= 1
    if not unshared(kept[0], n):
        text = PyBytes_FromStringAndSize(NULL, n)
        if n > LONGEST_KEPT:
            return text
        Py_XDECREF(kept[0])
        Py_INCREF(text)
        kept[0] = <PyObject *>text
    return <bytes>kept[0]


cdef bytes long_text(kernel_t *k, uint32_t msg, int64_t n):
    cdef bytes text = blank_text(n) if n > SMALL_TEXT else PyBytes_FromStringAndSize(NULL, n)
    if msg_row(k, msg).order <= PAGE_SHIFT:
        memcpy(PyBytes_AS_STRING(text), msg_text(k, msg), <size_t>n)
    else:
        msg_bytes(k, msg, PyBytes_AS_STRING(text), n)
    return text


cdef inline bytes text_of(kernel_t *k, uint32_t msg, int64_t n):
    # The first bytes of a message as an object. No code of Python runs.
    if likely(n <= SMALL_TEXT and msg_row(k, msg).order <= PAGE_SHIFT):
        return PyBytes_FromStringAndSize(msg_text(k, msg) if n else NULL, n)
    return long_text(k, msg, n)


cdef object kept_message(TaskCore task):
    # The text of the message that was kept, as an object; the row is free for the next.
    text = text_of(task.k, msg_kept(task.k, task.t), task.t.call.ret)
    msg_drop(task.k, task.t)
    return text


cdef object message_result(TaskCore task, int64_t ret, uint8_t res, object held):
    # Of a msgrcv that has succeeded. `held`: its text, if a handler has run since.
    if res == RES_MSG:
        return task.t.call.done, kept_message(task) if held is None else held
    if res == RES_MSG_INTO:
        return task.t.call.done, ret
    if res == RES_MSG | RES_RAW:  # the type is in front of the text
        memcpy(host_row(task.k, task.t).base - 8, &task.t.call.done, 8)
    return ret


cdef class MsgCalls(SemCalls):
    # -------------------------------------------------------------------------------------- queues
    def msgget(self, key, msgflg=0):
        """The id of the message queue with a key, or of a new one.

        Source: msgget(2), ipc/msg.c. IPC_PRIVATE always makes one; IPC_CREAT makes one if there is none, with IPC_EXCL
        only then. The lowest nine bits are its permissions, or what is asked of an old one. Errors: EEXIST, EACCES,
        ENOENT, ENOSPC, ENOMEM.
        """
        return self.complete(self.begin_msgget(key, msgflg))

    def sys_msgget(self, key, msgflg=0):
        """As `msgget`; the id or -errno."""
        return self.complete_raw(self.begin_msgget(key, msgflg))

    cdef int64_t begin_msgget(self, object key, object msgflg) except? -1:
        cdef int64_t n = as_int(key, "key"), f = as_int(msgflg, "msgflg")
        self.begin(NR_msgget, n, f, f)
        return associated(self, do_msgget(self.k, self.t, <int32_t>n, <int32_t>f))

    # -------------------------------------------------------------------------------------- messages
    def msgsnd(self, msqid, mtype, data, msgflg=0):
        """Send a message; wait while the queue has no room for it.

        Source: msgsnd(2), ipc/msg.c. ``mtype`` is positive. Flags: IPC_NOWAIT. Errors: EINVAL, EACCES, EAGAIN, EIDRM,
        EINTR, ENOMEM, EFAULT.
        """
        return self.send(msqid, mtype, data, msgflg, False)

    def sys_msgsnd(self, msqid, mtype, data, msgflg=0):
        """As `msgsnd`; 0 or -errno."""
        return self.send(msqid, mtype, data, msgflg, True)

    cdef object send(self, object msqid, object mtype, object data, object msgflg, bint raw):
        cdef int32_t i = as_number(msqid, "msqid")
        cdef int64_t type = as_int(mtype, "mtype"), f = as_int(msgflg, "msgflg")
        cdef Py_buffer view
        cdef bint user
        self.enter()
        user = get_data(data, &view, "data")
        if (unlikely(user or self.needs_record())
                or unlikely(not msgsnd_short(self.k, self.t, i, type, <const char *>view.buf, view.len))):
            return self.send_slow(i, type, data, &view, user, f, raw)
        release(&view)
        self.account(NR_msgsnd, i, 0)
        return 0 if raw else None

    cdef object send_slow(self, int32_t i, int64_t mtype, object data, Py_buffer *view, bint user, int64_t f, bint raw):
        cdef int64_t n = <int64_t>(<UserBuffer>data).length if user else view.len, ret
        call_begin_args(self.t, NR_msgsnd, i, mtype, n, f)
        if user:
            disown(view)
            iov_iter_user(self.k, self.t, (<UserBuffer>data).addr, <uint64_t>n)
        else:
            iov_iter_host(self.k, self.t, view.buf, n)
        ret = do_msgsnd(self.k, self.t, i, mtype, n, <int32_t>f)
        if ret == -ESLEEP:
            self.t.call.res = RES_INT | RES_RAW if raw else RES_NONE
            held = None if user else memoryview(data)  # a call that is begun again reads it again
            release(view)
            return self.sleep(held)
        release(view)
        if raw:
            return self.complete_raw(ret)
        self.complete(ret)

    def msgrcv(self, msqid, size, mtype=0, msgflg=0):
        """Receive a message of at most ``size`` bytes: ``(mtype, bytes)``.

        Source: msgrcv(2), ipc/msg.c. ``mtype`` 0: the oldest; > 0: the oldest of that type; < 0: the oldest of the
        lowest type that is not above its absolute value. Flags: IPC_NOWAIT, MSG_NOERROR (cut what is too long),
        MSG_EXCEPT (any type but that one), MSG_COPY (the one at place ``mtype``, which stays). Errors: E2BIG, EINVAL,
        EACCES, ENOMSG, EIDRM, EINTR.
        """
        cdef int32_t i = as_number(msqid, "msqid")
        cdef int64_t n = as_int(size, "size"), type = as_int(mtype, "mtype"), f = as_int(msgflg, "msgflg"), ret = -1
        cdef uint32_t msg = 0
        self.enter()
        if likely(not self.needs_record()):
            ret = msgrcv_short(self.k, self.t, i, n, type, f, &msg)
        if likely(ret >= 0):
            return self.short_message(i, msg, ret)
        return self.msgrcv_slow(i, n, type, f, ret == -2)

    cdef object short_message(self, int32_t i, uint32_t msg, int64_t n):
        cdef int64_t type = self.t.call.done
        try:
            text = text_of(self.k, msg, n)
        finally:
            free_msg(self.k, msg)
        self.account(NR_msgrcv, i, n)
        return type, text

    cdef object msgrcv_slow(self, int32_t i, int64_t n, int64_t mtype, int64_t f, bint waits):
        cdef int64_t ret = -ESLEEP
        begin_msgrcv(self.t, i, n, mtype, f)
        self.t.call.iter.kind = ITER_NONE
        if not waits:
            ret = do_msgrcv(self.k, self.t, i, n, mtype, <int32_t>f)
        if ret == -ESLEEP:
            self.t.call.res = RES_MSG
            return self.sleep(None)
        ret = self.complete(ret)
        held = self.held
        self.held = None
        return message_result(self, ret, RES_MSG, held)

    def sys_msgrcv(self, msqid, msgp, mtype=0, msgflg=0):
        """As `msgrcv`, into C's struct msgbuf: eight bytes for the type, the rest for the text. Its length or -errno.
        """
        if is_user(msgp):
            return raw_msgrcv_call(self, msqid, msgp, mtype, msgflg)
        return self.receive(msqid, msgp, mtype, msgflg, RES_MSG | RES_RAW)

    def msgrcv_into(self, msqid, buf, mtype=0, msgflg=0):
        """As `msgrcv`, the text into a writable buffer: ``(mtype, n)``."""
        return self.receive(msqid, buf, mtype, msgflg, RES_MSG_INTO)

    def sys_msgrcv_into(self, msqid, buf, mtype=0, msgflg=0):
        """As `msgrcv_into`; the length of the text or -errno. The type is not told: `sys_msgrcv` tells it."""
        return self.receive(msqid, buf, mtype, msgflg, RES_MSG_INTO | RES_RAW)

    cdef object receive(self, object msqid, object buf, object mtype, object msgflg, int res):
        # Into memory of the host or of the task.
        cdef int32_t i = as_number(msqid, "msqid")
        cdef int64_t head = 8 if res == RES_MSG | RES_RAW else 0, ret, n, type, f
        cdef Py_buffer view
        cdef bint user = get_room(buf, &view, "buf")
        if user:
            disown(&view)
        try:
            n = <int64_t>(<UserBuffer>buf).length if user else view.len - head
            if n < 0 and not user:
                raise ValueError("msgp must have room for the type: eight bytes")
            type = as_int(mtype, "mtype")
            f = as_int(msgflg, "msgflg")
            self.enter()
            begin_msgrcv(self.t, i, n, type, f)
            if user:
                iov_iter_user(self.k, self.t, (<UserBuffer>buf).addr, <uint64_t>n)
            else:
                iov_iter_host(self.k, self.t, <char *>view.buf + head, n)
            ret = do_msgrcv(self.k, self.t, i, n, type, <int32_t>f)
            if unlikely(ret == -ESLEEP):
                self.t.call.res = <uint8_t>res
                return self.sleep(None if user else memoryview(buf))
            ret = self.complete_raw(ret) if res & RES_RAW else self.complete(ret)
            return ret if ret < 0 else message_result(self, ret, <uint8_t>res, None)
        finally:
            release(&view)

    # -------------------------------------------------------------------------------------- control
    def msgctl(self, msqid, cmd, arg=None):
        """Ask about a message queue, change it or remove it.

        Source: msgctl(2), ipc/msg.c. IPC_STAT: a `MsqidDs`. MSG_STAT, MSG_STAT_ANY (``msqid`` is an index): ``(id,
        MsqidDs)``. IPC_INFO, MSG_INFO: a `MsgInfo`. IPC_SET: ``arg`` is ``(uid, gid, mode, qbytes)`` or a `MsqidDs`.
        IPC_RMID: None. Errors: EINVAL, EACCES, EPERM, EFAULT (IPC_SET without ``arg``).
        """
        cdef msgctl_t buf
        cdef int32_t i = as_number(msqid, "msqid"), number = as_number(cmd, "cmd")
        cdef int64_t ret
        cdef bint bad = number == IPC_SET and arg is None
        if number == IPC_SET and not bad:
            set_queue(arg, &buf.ds)
        self.begin(NR_msgctl, i, number, 0)
        ret = self.complete(do_msgctl(self.k, self.t, i, number, NULL if bad else &buf))
        if number == IPC_STAT:
            return msqid_ds_record(&buf.ds)
        if number == MSG_STAT or number == MSG_STAT_ANY:
            return ret, msqid_ds_record(&buf.ds)
        return msginfo_record(&buf.info) if number == IPC_INFO or number == MSG_INFO else None

    def sys_msgctl(self, msqid, cmd, buf=None):
        """As `msgctl`, with a buffer of one row of `fastipc.MSQID_DS` or of `MSGINFO` (IPC_INFO, MSG_INFO).

        What C returns, or -errno. Without a buffer that is needed: EFAULT.
        """
        cdef Py_buffer view
        cdef msgctl_t row
        cdef int32_t i = as_number(msqid, "msqid"), number = as_number(cmd, "cmd")
        cdef int64_t ret, n = <int64_t>msgctl_size(number)
        cdef bint reads = number == IPC_SET
        if n == 0 or buf is None:
            self.begin(NR_msgctl, i, number, 0)
            return self.complete_raw(do_msgctl(self.k, self.t, i, number, NULL))
        if reads and isinstance(buf, (tuple, list, MsqidDs)):
            set_queue(buf, &row.ds)
            self.begin(NR_msgctl, i, number, 0)
            return self.complete_raw(do_msgctl(self.k, self.t, i, number, &row))
        self.begin(NR_msgctl, i, number, 0)
        if reads:
            get_buffer(buf, &view, "buf")
        else:
            get_writable(buf, &view, "buf")
        try:
            if view.len < n:
                raise ValueError(f"buf must have room for {n} bytes: one row of "
                                 f"{'MSGINFO' if n == sizeof(msginfo_t) else 'MSQID_DS'}")
            if reads:
                memcpy(&row, view.buf, <size_t>n)
            ret = self.complete_raw(do_msgctl(self.k, self.t, i, number, &row))
            if ret >= 0 and not reads:
                memcpy(view.buf, &row, <size_t>n)
        finally:
            release(&view)
        return ret


# ------------------------------------------------------------------------------------------ arguments
cdef object raw_msgrcv_call(TaskCore task, object msqid, object msgp, object mtype, object msgflg):
    # A struct msgbuf in the task's memory.
    cdef uint64_t[6] registers
    if (<UserBuffer>msgp).length < 8:
        raise ValueError("msgp must have room for the type: eight bytes")
    registers[0] = <uint64_t>as_int(msqid, "msqid")
    registers[1] = (<UserBuffer>msgp).addr
    registers[2] = (<UserBuffer>msgp).length - 8
    registers[3] = <uint64_t>as_int(mtype, "mtype")
    registers[4] = <uint64_t>as_int(msgflg, "msgflg")
    task.enter()
    return raw_result(task, syscall_raw(task.k, task.t, NR_msgrcv, registers), False)


cdef int set_queue(object arg, msqid64_ds_t *ds) except -1:
    # What IPC_SET was given: (uid, gid, mode, qbytes) or a MsqidDs.
    if isinstance(arg, MsqidDs):
        perm = (<MsqidDs>arg).msg_perm
        arg = (perm.uid, perm.gid, perm.mode, (<MsqidDs>arg).msg_qbytes)
    if not isinstance(arg, (tuple, list)) or len(arg) != 4:
        raise TypeError("arg of IPC_SET must be (uid, gid, mode, qbytes)")
    ds.msg_perm.uid = <uint32_t>as_int(arg[0], "uid")
    ds.msg_perm.gid = <uint32_t>as_int(arg[1], "gid")
    ds.msg_perm.mode = <uint32_t>as_int(arg[2], "mode")
    ds.msg_qbytes = <uint64_t>as_int(arg[3], "qbytes")
    return 0
