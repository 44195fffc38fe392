"""System calls on System V semaphores."""

from cpython.list cimport PyList_CheckExact, PyList_GET_ITEM, PyList_GET_SIZE
from cpython.ref cimport PyObject
from cpython.tuple cimport PyTuple_CheckExact, PyTuple_GET_ITEM, PyTuple_GET_SIZE


# ------------------------------------------------------------------------------------------ operations as arguments
cdef int convert_sop(object item, sembuf_t *sop, bint *beyond) except -1:
    # (num, op) or (num, op, flg). A number that no set can have becomes one that this set has not.
    cdef int64_t num, op, flg = 0
    if not PyTuple_CheckExact(item):
        if isinstance(item, (str, bytes)) or not hasattr(item, "__iter__"):
            raise TypeError(f"an operation must be (num, op) or (num, op, flg), not {type(item).__name__}")
        item = tuple(item)
    if PyTuple_GET_SIZE(item) != 2 and PyTuple_GET_SIZE(item) != 3:
        raise ValueError("an operation must be (num, op) or (num, op, flg)")
    num = as_int(<object>PyTuple_GET_ITEM(item, 0), "num")
    op = as_int(<object>PyTuple_GET_ITEM(item, 1), "op")
    if PyTuple_GET_SIZE(item) == 3:
        flg = as_int(<object>PyTuple_GET_ITEM(item, 2), "flg")
    sop.sem_num = <uint16_t>num if 0 <= num <= 0xffff else 0xffff
    sop.sem_op = <int16_t>op
    sop.sem_flg = <int16_t>flg
    if unlikely(op != sop.sem_op):
        beyond[0] = True
    return 0


cdef extern from *:
    """
    /* An exact tuple of small integers, as nearly all are. 0: it is to be looked at with more care. */
    static inline int fastipc_small_sop(PyObject *item, uint16_t *num, int16_t *op, int16_t *flg)
    {
        long long a, b, c = 0;
        if (!PyTuple_CheckExact(item) || (size_t)PyTuple_GET_SIZE(item) - 2 > 1
                || !fastipc_small_value(PyTuple_GET_ITEM(item, 0), &a)
                || !fastipc_small_value(PyTuple_GET_ITEM(item, 1), &b)
                || (PyTuple_GET_SIZE(item) == 3 && !fastipc_small_value(PyTuple_GET_ITEM(item, 2), &c)))
            return 0;
        *num = (uint16_t)a;
        *op = (int16_t)b;
        *flg = (int16_t)c;
        return *num == a && *op == b;
    }
    """
    bint borrowed_sop "fastipc_small_sop"(PyObject *item, uint16_t *num, int16_t *op, int16_t *flg)
    PyObject **sequence_items "PySequence_Fast_ITEMS"(object sequence)


cdef inline bint small_sop(PyObject *item, sembuf_t *sop):
    return borrowed_sop(item, &sop.sem_num, &sop.sem_op, &sop.sem_flg)


cdef inline Py_ssize_t small_sops(object sops, Py_ssize_t first, sembuf_t *to, Py_ssize_t n):
    # Of a tuple or list, from `first` on: where the next one is that is not small, at most `n`. No code of Python runs.
    cdef PyObject **items = sequence_items(sops)
    cdef Py_ssize_t end = min(n, <Py_ssize_t>len(sops))
    while first < end and small_sop(items[first], &to[first]):
        first += 1
    return first


cdef inline bint single_sop(object sops, sembuf_t *sop):
    # One operation alone.
    if PyTuple_CheckExact(sops):
        return PyTuple_GET_SIZE(sops) == 1 and small_sop(PyTuple_GET_ITEM(sops, 0), sop)
    if PyList_CheckExact(sops):
        return PyList_GET_SIZE(sops) == 1 and small_sop(PyList_GET_ITEM(sops, 0), sop)
    return False


cdef object ndarray = None  # numpy.ndarray, and the dtype SEMBUF, when such an array was first given
cdef PyObject *sembuf_descr = NULL


cdef bint prepared_sops(object sops, sops_t *to) except -1:
    # An array of SEMBUF rows, without NumPy's detour over a description of the struct.
    global ndarray, sembuf_descr
    cdef ndarray_t *array = <ndarray_t *><PyObject *>sops
    if type(sops) is not ndarray:
        if ndarray is not None or type(sops).__module__ != "numpy":
            return False
        import numpy as np

        import fastipc

        ndarray = np.ndarray
        descr = fastipc.SEMBUF
        sembuf_descr = <PyObject *>descr  # the package keeps it
        if type(sops) is not ndarray:
            return False
    if array.descr != sembuf_descr or array.nd != 1 or not array.flags & 1:  # NPY_ARRAY_C_CONTIGUOUS
        return False
    to.sops = <sembuf_t *>array.data
    to.nsops = array.dimensions[0]
    return True


cdef int get_sequence(object sops, sops_t *to) except -1:
    cdef Py_ssize_t i, n
    if not PyTuple_CheckExact(sops) and not PyList_CheckExact(sops):
        if isinstance(sops, (str, bytes)) or not hasattr(sops, "__iter__"):
            raise TypeError(f"sops must be a sequence of operations or a buffer, not {type(sops).__name__}")
        sops = list(sops)
    n = len(sops)
    to.nsops = n
    to.sops = to.few
    if n > FEW_SOPS:
        to.sops = <sembuf_t *>malloc(<size_t>n * sizeof(sembuf_t))
        to.allocated = True
        if to.sops == NULL:
            raise MemoryError
    i = small_sops(sops, 0, to.sops, n)
    while unlikely(i < n):
        convert_sop(sops[i], &to.sops[i], &to.beyond)  # which may change the list
        i = small_sops(sops, i + 1, to.sops, n)
    return 0


cdef int get_sops(object sops, sops_t *to) except -1:
    # What `put_sops` gives back, also after an error.
    to.allocated = to.beyond = False
    disown(&to.view)
    if PyTuple_CheckExact(sops) or PyList_CheckExact(sops):
        return get_sequence(sops, to)
    if prepared_sops(sops, to):
        return 0
    if not PyObject_CheckBuffer(sops):
        return get_sequence(sops, to)
    get_buffer(sops, &to.view, "sops")
    if to.view.len % <Py_ssize_t>sizeof(sembuf_t):
        raise ValueError("sops must be rows of fastipc.SEMBUF: six bytes each")
    to.sops = <sembuf_t *>to.view.buf
    to.nsops = to.view.len // <Py_ssize_t>sizeof(sembuf_t)
    return 0


cdef inline void put_sops(sops_t *sops):
    if sops.allocated:
        free(sops.sops)
    release(&sops.view)


cdef extern from "Python.h":
    bint PyObject_CheckBuffer(object o)


cdef inline object operate_one(SemCalls self, int32_t semid, sembuf_t *sop, bint raw):
    cdef int64_t row
    cdef int how
    self.begin(NR_semop, semid, 1, -1)
    row = ipc_obtain_object_check(self.k, current_ids(self.k, self.t, IPC_SEM_IDS), semid)
    how = semop_one(self.k, self.t, row, sop, not signal_pending(self.t))
    if how == SEMOP_WAITS:
        self.t.call.res = RES_INT | RES_RAW if raw else RES_NONE
        return self.sleep(None)
    if unlikely(how == SEMOP_LOOK):
        semop_look(self.k, self.t, sop)
    elif unlikely(how == SEMOP_NOTHING):
        return self.operated(do_semtimedop(self.k, self.t, semid, sop, 1, False, -1), raw)
    if raw:
        return self.complete_raw(0)
    self.complete(0)


cdef inline object operate(SemCalls self, int32_t semid, object sops, bint raw):
    cdef sembuf_t one
    if single_sop(sops, &one):
        return operate_one(self, semid, &one, raw)
    return self.operate_several(semid, sops, None, False, raw)


cdef class SemCalls(ShmCalls):
    # -------------------------------------------------------------------------------------- sets
    def semget(self, key, nsems, semflg=0):
        """The id of the set of semaphores with a key, or of a new one of ``nsems`` zeros.

        Source: semget(2), ipc/sem.c. IPC_PRIVATE always makes one; IPC_CREAT makes one if there is none, with IPC_EXCL
        only then. The lowest nine bits are its permissions, or what is asked of an old one. Errors: EINVAL, EEXIST,
        EACCES, ENOENT, ENOSPC, ENOMEM.
        """
        return self.complete(self.begin_semget(key, nsems, semflg))

    def sys_semget(self, key, nsems, semflg=0):
        """As `semget`; the id or -errno."""
        return self.complete_raw(self.begin_semget(key, nsems, semflg))

    cdef int64_t begin_semget(self, object key, object nsems, object semflg) except? -1:
        cdef int64_t n = as_int(key, "key"), f = as_int(semflg, "semflg"), ret
        cdef int32_t count = as_number(nsems, "nsems")
        self.begin(NR_semget, n, count, f)
        ret = do_semget(self.k, self.t, <int32_t>n, count, <int32_t>f)
        return associated(self, ret)

    # -------------------------------------------------------------------------------------- operations
    def semop(self, semid, sops):
        """Do operations on a set of semaphores, all or none; wait until all can be done.

        Source: semop(2), ipc/sem.c. ``sops``: a sequence of ``(num, op)`` or ``(num, op, flg)``, or a buffer of rows of
        `fastipc.SEMBUF`, as `fastipc.sops` makes one. ``op`` > 0 adds, < 0 takes, 0 waits for zero; IPC_NOWAIT,
        SEM_UNDO. Errors: E2BIG, EINVAL, EFAULT, EFBIG, EACCES, EAGAIN, EIDRM, EINTR, ERANGE, ENOMEM.
        """
        return operate(self, as_number(semid, "semid"), sops, False)

    def sys_semop(self, semid, sops):
        """As `semop`; 0 or -errno."""
        return operate(self, as_number(semid, "semid"), sops, True)

    def semtimedop(self, semid, sops, timeout=None):
        """As `semop`, for at most ``timeout`` seconds; None: for ever. Errors: as `semop`; EAGAIN when the time is
        over.
        """
        return self.operate_several(as_number(semid, "semid"), sops, timeout, timeout is not None, False)

    def sys_semtimedop(self, semid, sops, timeout=None):
        """As `semtimedop`; 0 or -errno."""
        return self.operate_several(as_number(semid, "semid"), sops, timeout, timeout is not None, True)

    cdef object operate_several(self, int32_t i, object sops, object timeout, bint timed, bint raw):
        cdef int64_t ns = seconds_to_ns(timeout, "timeout") if timed else -1, ret
        cdef sops_t to
        if is_user(sops):
            return self.operate_user(i, sops, timeout, timed, raw)
        try:
            get_sops(sops, &to)
            self.begin(NR_semtimedop if timed else NR_semop, i, to.nsops, ns)
            if unlikely(to.beyond):
                ret = -ERANGE
            elif unlikely(to.nsops > <int64_t>0xffffffff):
                ret = -E2BIG
            else:
                ret = do_semtimedop(self.k, self.t, i, to.sops, <uint32_t>to.nsops, timed, ns)
        finally:
            put_sops(&to)
        return self.operated(ret, raw)

    cdef object operated(self, int64_t ret, bint raw):
        if ret == -ESLEEP:
            self.t.call.res = RES_INT | RES_RAW if raw else RES_NONE
            return self.sleep(None)
        if raw:
            return self.complete_raw(ret)
        self.complete(ret)

    cdef object operate_user(self, int64_t semid, object sops, object timeout, bint timed, bint raw):
        # The operations are in the task's memory; the time is not.
        cdef int64_t ns = seconds_to_ns(timeout, "timeout") if timed else -1
        cdef int64_t ret
        self.begin(NR_semtimedop if timed else NR_semop, semid,
                   <int64_t>((<UserBuffer>sops).length // sizeof(sembuf_t)), ns)
        ret = do_semop_user(self.k, self.t, <int32_t>semid, (<UserBuffer>sops).addr,
                            (<UserBuffer>sops).length // sizeof(sembuf_t), timed, ns)
        return self.operated(ret, raw)

    # -------------------------------------------------------------------------------------- control
    def semctl(self, semid, semnum, cmd, arg=None):
        """Ask about a set of semaphores or about one of them, change it, or remove the set.

        Source: semctl(2), ipc/sem.c. GETVAL, GETPID, GETNCNT, GETZCNT: an int. SETVAL: ``arg`` is the value. GETALL: a
        list. SETALL: ``arg`` has a value for each. IPC_STAT: a `SemidDs`. SEM_STAT, SEM_STAT_ANY (``semid`` is an
        index): ``(id, SemidDs)``. IPC_INFO, SEM_INFO: a `SemInfo`. IPC_SET: ``arg`` is ``(uid, gid, mode)`` or a
        `SemidDs`. Errors: EINVAL, EACCES, EPERM, ERANGE, EFAULT (no ``arg`` where one is needed).
        """
        cdef semctl_t buf
        cdef int64_t number = as_number(cmd, "cmd"), ret
        cdef int32_t i, num, value
        if number == GETALL or number == SETALL:
            return self.semctl_all(semid, number, arg)
        i = as_number(semid, "semid")
        num = as_number(semnum, "semnum")
        if GETPID <= number <= SETVAL:  # one semaphore
            value = as_value(arg) if number == SETVAL else 0
            self.begin(NR_semctl, i, num, number)
            ret = self.complete(do_semctl(self.k, self.t, i, num, <int32_t>number, value, NULL))
            return None if number == SETVAL else ret
        if number == IPC_SET and arg is not None:
            set_permissions(arg, &buf.ds.sem_perm)
        self.begin(NR_semctl, i, num, number)
        ret = do_semctl(self.k, self.t, i, num, <int32_t>number, 0, NULL if number == IPC_SET and arg is None else &buf)
        return self.semctl_result(self.complete(ret), &buf)

    def sys_semctl(self, semid, semnum, cmd, arg=None):
        """As `semctl`; what C returns, or -errno.

        ``arg``: of SETVAL the value; of GETALL and SETALL a buffer of 16-bit integers; else one row of
        `fastipc.SEMID_DS` or of `SEMINFO` (IPC_INFO, SEM_INFO). Without a buffer that is needed: EFAULT.
        """
        cdef Py_buffer view
        cdef semctl_t row
        cdef int32_t i = as_number(semid, "semid"), num = as_number(semnum, "semnum")
        cdef int64_t ret, number = as_number(cmd, "cmd"), n = <int64_t>semctl_size(number)
        cdef bint reads = number == IPC_SET or number == SETALL
        if number != GETALL and number != SETALL and (n == 0 or arg is None):
            self.begin(NR_semctl, i, num, number)
            return self.complete_raw(do_semctl(self.k, self.t, i, num, <int32_t>number,
                                               as_value(arg) if number == SETVAL else 0, NULL))
        if reads and isinstance(arg, (tuple, list, SemidDs)):
            if number == SETALL:
                arg = values_of(arg)
            else:
                set_permissions(arg, &row.ds.sem_perm)
                self.begin(NR_semctl, i, num, number)
                return self.complete_raw(do_semctl(self.k, self.t, i, num, IPC_SET, 0, &row))
        self.begin(NR_semctl, i, num, number)
        if arg is None:
            return self.complete_raw(self.semctl_values(i, <int32_t>number, NULL, 0))
        if reads:
            get_buffer(arg, &view, "arg")
        else:
            get_writable(arg, &view, "arg")
        try:
            if n == 0:
                return self.complete_raw(self.semctl_values(i, <int32_t>number, <uint16_t *>view.buf, view.len // 2))
            if view.len < n:
                raise ValueError(f"arg must have room for {n} bytes: one row of "
                                 f"{'SEMINFO' if n == sizeof(seminfo_t) else 'SEMID_DS'}")
            if reads:
                memcpy(&row, view.buf, <size_t>n)
            ret = self.complete_raw(do_semctl(self.k, self.t, i, num, <int32_t>number, 0, &row))
            if ret >= 0 and not reads:
                memcpy(view.buf, &row, <size_t>n)
        finally:
            release(&view)
        return ret

    cdef int64_t semctl_values(self, int32_t semid, int32_t cmd, uint16_t *values, int64_t n) except? -1:
        # GETALL and SETALL with host memory. Too little of it is no memory.
        cdef int64_t nsems = semctl_nsems(self.k, self.t, semid, cmd)
        if nsems < 0:
            return nsems
        if n < nsems:
            return -EFAULT
        return sem_setall(self.k, self.t, semid, values) if cmd == SETALL else sem_getall(self.k, self.t, semid, values)

    cdef object semctl_all(self, object semid, int64_t cmd, object arg):
        cdef int32_t i = as_number(semid, "semid")
        cdef int64_t nsems, n
        cdef bytes room
        if cmd == SETALL:
            room = values_of(arg)
            self.begin(NR_semctl, i, 0, cmd)
            self.complete(self.semctl_values(i, SETALL, <uint16_t *>PyBytes_AS_STRING(room), len(room) // 2))
            return None
        self.begin(NR_semctl, i, 0, cmd)
        nsems = semctl_nsems(self.k, self.t, i, GETALL)
        room = bytes(2 * max(nsems, <int64_t>0))
        self.complete(nsems if nsems < 0 else sem_getall(self.k, self.t, i, <uint16_t *>PyBytes_AS_STRING(room)))
        return [(<uint16_t *>PyBytes_AS_STRING(room))[n] for n in range(nsems)]

    cdef object semctl_result(self, int64_t ret, semctl_t *buf):
        cdef int64_t cmd = self.t.call.args[2]
        if cmd == IPC_STAT:
            return semid_ds_record(&buf.ds)
        if cmd == SEM_STAT or cmd == SEM_STAT_ANY:
            return ret, semid_ds_record(&buf.ds)
        return seminfo_record(&buf.info) if cmd == IPC_INFO or cmd == SEM_INFO else None


# ------------------------------------------------------------------------------------------ arguments
cdef int32_t as_value(object arg) except? -1:
    # What SETVAL sets: an int. One that is too large for a C int is out of range in any case.
    cdef int64_t value
    if arg is None:
        raise TypeError("arg of SETVAL must be an integer")
    value = as_int(arg, "arg")
    return <int32_t>value if -1 <= value <= 0x7fffffff else -1


cdef bytes values_of(object arg):
    # What SETALL sets: 16 bits each. What does not fit is out of range in any case.
    cdef bytes room
    cdef Py_ssize_t i
    cdef int64_t value
    if isinstance(arg, bytes):
        return arg
    if arg is None or isinstance(arg, str) or not hasattr(arg, "__iter__"):
        raise TypeError("arg of SETALL must be a sequence of integers")
    given = list(arg)
    room = bytes(2 * len(given))
    for i in range(len(given)):
        value = as_int(given[i], "arg")
        (<uint16_t *>PyBytes_AS_STRING(room))[i] = <uint16_t>value if 0 <= value <= 0xffff else 0xffff
    return room


cdef int set_permissions(object arg, ipc64_perm_t *perm) except -1:
    # What IPC_SET was given: (uid, gid, mode) or a SemidDs.
    if isinstance(arg, SemidDs):
        arg = ((<SemidDs>arg).sem_perm.uid, (<SemidDs>arg).sem_perm.gid, (<SemidDs>arg).sem_perm.mode)
    if not isinstance(arg, (tuple, list)) or len(arg) != 3:
        raise TypeError("arg of IPC_SET must be (uid, gid, mode)")
    perm.uid = <uint32_t>as_int(arg[0], "uid")
    perm.gid = <uint32_t>as_int(arg[1], "gid")
    perm.mode = <uint32_t>as_int(arg[2], "mode")
    return 0


cdef int64_t associated(TaskCore task, int64_t ret) except? -1:
    # The end of a get: a hook is asked about what was there; if it raises the call ends with EPERM.
    if likely(ret < 0 or not task.k.hooks & HOOK_IPC_ASSOCIATE or task.t.call.out0 == 0):
        return ret
    task.t.call.ret = ret
    try:
        return ask_ipc_associate(task)
    except BaseException:
        task.complete_raw(-EPERM)
        raise
