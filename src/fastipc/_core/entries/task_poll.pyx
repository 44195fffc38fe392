"""poll, select and their like, and the class Task with all calls."""

from cpython.ref cimport PyObject, PyTypeObject
from libc.string cimport memcpy


import os

cdef extern from *:
    """
    /* A tuple of two exact ints of one digit, which no user's code can be run by, and their values. */
    #if PY_VERSION_HEX >= 0x030C0000
    #define fastipc_one_digit(o) (PyLong_CheckExact(o) && ((PyLongObject *)(o))->long_value.lv_tag < (2 << 3))
    #define fastipc_digit(o) ((1 - (int)(((PyLongObject *)(o))->long_value.lv_tag & 3)) \
                              * (int)((PyLongObject *)(o))->long_value.ob_digit[0])
    #else
    #define fastipc_one_digit(o) (PyLong_CheckExact(o) && (size_t)(Py_SIZE(o) + 1) <= 2)
    #define fastipc_digit(o) ((int)Py_SIZE(o) * (int)((PyLongObject *)(o))->ob_digit[0])
    #endif
    #define fastipc_pair(t) (PyTuple_CheckExact(t) && PyTuple_GET_SIZE(t) == 2 \\
                             && fastipc_one_digit(PyTuple_GET_ITEM(t, 0)))
    #define fastipc_first(t) PyTuple_GET_ITEM(t, 0)
    #define fastipc_second(t) PyTuple_GET_ITEM(t, 1)
    """
    PyObject **sequence_items "PySequence_Fast_ITEMS"(object s)
    bint int_pair "fastipc_pair"(PyObject *t) nogil
    bint small_int "fastipc_one_digit"(PyObject *o) nogil
    int32_t int_value "fastipc_digit"(PyObject *o) nogil
    PyObject *pair_first "fastipc_first"(PyObject *t) nogil
    PyObject *pair_second "fastipc_second"(PyObject *t) nogil

cdef extern from "Python.h":
    bint PyTuple_CheckExact(object o)
    bint PyList_CheckExact(object o)

cdef enum:
    MS = 1000000


cdef inline void decode_one(pollfd_t *p, int64_t fd, int64_t events) noexcept nogil:
    # A number that is no C int is negative: not looked at.
    p.fd = <int32_t>fd if -0x80000000 <= fd <= 0x7fffffff else -1
    p.events = <int16_t>events
    p.revents = 0


cdef Py_ssize_t decode(PyObject **items, Py_ssize_t n, pollfd_t *p) noexcept nogil:
    # The pairs of plain small ints at the beginning: how many they are.
    cdef Py_ssize_t i
    cdef PyObject *events = NULL  # mostly the same object in all pairs
    cdef pollfd_t one
    one.revents = one.events = 0
    for i in range(n):
        if unlikely(not int_pair(items[i])):
            return i
        if pair_second(items[i]) != events:
            events = pair_second(items[i])
            if not small_int(events):
                return i
            one.events = <int16_t>int_value(events)
        one.fd = int_value(pair_first(items[i]))
        p[i] = one
    return n


cdef class Task(RawCalls):
    """One simulated thread; a process is a thread group, as in Linux.

    Made by ``Kernel.spawn``, ``fork``, ``thread`` and ``clone``.

    Its methods are the system calls. Each comes in two verbs: ``t.NAME`` raises `OSError`, ``t.sys_NAME`` returns a
    number >= 0 or -errno.
    """

    # -------------------------------------------------------------------------------------- poll
    def poll(self, fds, timeout_ms=-1):
        """Wait until one of ``[(fd, events), ...]`` is ready; ``[(fd, revents), ...]`` of those that are.

        ``timeout_ms`` < 0: no limit. Source: poll(2), fs/select.c. Errors: EINVAL, ENOMEM, EINTR.
        """
        cdef int64_t ret, timeout = as_int(timeout_ms, "timeout_ms")
        self.enter()
        self.begin_poll(NR_poll, fds)
        self.t.call.args[2] = timeout
        ret = do_poll(self.k, self.t, timeout if timeout < 0 else min(timeout, <int64_t>1 << 42) * MS)
        return self.sleep(None) if ret == -ESLEEP else self.poll_done(ret, None)

    def sys_poll(self, fds, timeout_ms=-1):
        """As `poll` over an array of dtype `fastipc.POLLFD`, whose ``revents`` are written; their number or -errno."""
        cdef int64_t ret, timeout = as_int(timeout_ms, "timeout_ms")
        self.enter()
        if isinstance(fds, UserBuffer):
            return raw_call(self, NR_poll, False, (<UserBuffer>fds).addr, self.user_rows(fds),
                            <uint64_t>max(min(timeout, 0x7fffffff), -1))
        held = self.begin_sys_poll(NR_poll, fds)
        if held is None:
            return self.complete_raw(self.no_rows(NR_poll))
        self.t.call.args[2] = timeout
        ret = do_poll(self.k, self.t, timeout if timeout < 0 else min(timeout, <int64_t>1 << 42) * MS)
        return self.sleep(held) if ret == -ESLEEP else self.poll_done(ret, held)

    def ppoll(self, fds, timeout=None, sigmask=None):
        """As `poll`, for at most ``timeout`` seconds, None: no limit, while ``sigmask`` is what is blocked.

        The mask is as before when the call is over, and while a handler runs that has interrupted it. Source: ppoll(2),
        fs/select.c. Errors: EINVAL, ENOMEM, EINTR.
        """
        cdef bint bad
        cdef int64_t ret, ns = select_timeout(timeout)
        cdef uint64_t mask = wait_mask(sigmask, &bad)
        self.enter()
        self.begin_poll(NR_ppoll, fds)
        ret = ppoll_checked(self.k, self.t, -2 if bad else ns, sigmask is not None, mask)
        return self.sleep(None) if ret == -ESLEEP else self.poll_done(ret, None)

    def sys_ppoll(self, fds, timeout=None, sigmask=None):
        """As `ppoll` over an array of dtype `fastipc.POLLFD`, whose ``revents`` are written; their number or -errno."""
        cdef bint bad
        cdef int64_t ret, ns = select_timeout(timeout)
        cdef uint64_t mask = wait_mask(sigmask, &bad)
        self.enter()
        if bad:
            ns = -2
        if isinstance(fds, UserBuffer):
            ret = ppoll_user(self.k, self.t, (<UserBuffer>fds).addr, self.user_rows(fds), ns, sigmask is not None, mask)
            return raw_result(self, ret, False)
        held = self.begin_sys_poll(NR_ppoll, fds)
        if held is None:
            return self.complete_raw(self.no_rows(NR_ppoll))
        ret = ppoll_checked(self.k, self.t, ns, sigmask is not None, mask)
        return self.sleep(held) if ret == -ESLEEP else self.poll_done(ret, held)

    cdef uint32_t user_rows(self, UserBuffer fds) noexcept:
        return <uint32_t>(fds.length // <int64_t>sizeof(pollfd_t))

    cdef int begin_poll(self, int nr, object fds) except -1:
        # What is not plain is converted before the machine is touched: that may run code, which may do anything.
        if not PyList_CheckExact(fds) and not PyTuple_CheckExact(fds):
            fds = fd_pairs(fds)
            self.enter()
        if not self.fill(nr, fds):
            fds = int_pairs(fds)
            self.enter()
            self.fill_ints(nr, fds)
        call_begin(self.t, nr)
        self.t.call.args[0] = 0
        self.t.call.args[1] = len(fds)
        self.t.call.res = RES_POLL
        return 0

    cdef object begin_sys_poll(self, int nr, object fds):
        # Rows of the host: what keeps them where they are; None: no memory.
        cdef Py_buffer view
        cdef uint32_t n
        get_writable(fds, &view, "fds")
        if view.len % <Py_ssize_t>sizeof(pollfd_t):
            release(&view)
            raise ValueError("fds must be an array of POLLFD rows")
        n = <uint32_t>(view.len // <Py_ssize_t>sizeof(pollfd_t))
        held = memoryview(fds)
        if not self.alloc_pollfds(n):
            release(&view)
            return None
        if n:
            memcpy(pollfd_row(self.k, self.t.call.pollfds), view.buf, n * sizeof(pollfd_t))
        call_begin(self.t, nr)
        self.t.call.args[0] = 0
        self.t.call.args[1] = n
        self.t.call.res = RES_POLL | RES_RAW
        self.k.host[self.row].base = <char *>view.buf
        release(&view)
        return held

    cdef bint alloc_pollfds(self, uint32_t n) noexcept:
        # The run for a call; for none a row that is not looked at. False: no memory.
        self.t.call.pollfds = pollfds_alloc(self.k, max(n, <uint32_t>1))
        self.t.call.nfds = max(n, <uint32_t>1) if self.t.call.pollfds else 0
        if n == 0 and self.t.call.pollfds:
            pollfd_row(self.k, self.t.call.pollfds).fd = -1
        return self.t.call.pollfds != 0

    cdef int64_t no_rows(self, int nr) noexcept:
        # The result of a call for which there was no memory.
        call_begin(self.t, nr)
        self.t.call.args[0] = 0
        return -alloc_errno(self.k, ENOMEM)

    cdef bint fill(self, int nr, object fds) except -1:
        # Decode a list or tuple of pairs into pollfd rows; False, and no rows, if one is not plain.
        cdef Py_ssize_t n = len(fds)
        if not self.alloc_pollfds(<uint32_t>n):
            self.complete(self.no_rows(nr))
        if likely(decode(sequence_items(fds), n, pollfd_row(self.k, self.t.call.pollfds)) == n):
            return True
        self.discard()
        return False

    cdef int fill_ints(self, int nr, list fds) except -1:
        # The same of integers of any size.
        cdef pollfd_t *p
        if not self.alloc_pollfds(<uint32_t>len(fds)):
            self.complete(self.no_rows(nr))
        p = pollfd_row(self.k, self.t.call.pollfds)
        for fd, events in fds:
            decode_one(p, fd, events)
            p += 1
        return 0

    cdef object poll_done(self, int64_t ret, object held):
        # Not slept: complete, then the result.
        cdef uint8_t res = self.t.call.res
        cdef bint again = ret <= -ERESTARTSYS
        try:
            ret = self.complete_raw(ret) if res & RES_RAW else self.complete(ret)
        except Parked:
            self.held = held
            raise
        except BaseException:
            self.discard()
            raise
        if unlikely(again) and self.ctx == CTX_LATE:
            return Late(held)
        return self.poll_result(ret, held)

    cdef object poll_result(self, int64_t ret, object held):
        # Take the answers out of the pollfd rows and free them.
        cdef task_t *t = self.t
        cdef pollfd_t *p = pollfd_row(self.k, t.call.pollfds)
        cdef uint32_t i
        cdef int64_t left = ret
        cdef list found
        if t.call.res == RES_POLL:
            found = []
            if ret > 0:
                for i in range(t.call.nfds):
                    if p[i].revents:
                        found.append((p[i].fd, <uint16_t>p[i].revents))
                        left -= 1
                        if left == 0:
                            break
            result = found
        elif t.call.res == RES_POLL | RES_RAW:
            if ret >= 0 and len(held):
                memcpy(self.k.host[self.row].base, p, t.call.nfds * sizeof(pollfd_t))
            result = ret
        elif t.call.res & RES_RAW:
            result = self.select_sets(ret, held)
        else:
            result = self.select_lists(held)
        self.discard()
        if not (t.call.res & RES_RAW) and ret < 0:
            raise OSError(-ret, os.strerror(-ret))
        return result

    # -------------------------------------------------------------------------------------- select
    def select(self, r, w, x, timeout=None):
        """Wait until a descriptor of three lists is ready to read, to write, or has news; three lists.

        ``timeout`` in seconds, None: no limit. Source: select(2), fs/select.c. Errors: EBADF, EINVAL, ENOMEM, EINTR.
        """
        return self.select_lists_call(NR_select, r, w, x, timeout, None)

    def sys_select(self, nfds, r, w, x, timeout=None):
        """As `select` over three fd_sets (128-byte buffers or None), which are overwritten; bits set, or -errno."""
        return self.select_sets_call(NR_select, nfds, r, w, x, timeout, None)

    def pselect(self, r, w, x, timeout=None, sigmask=None):
        """As `select`, while ``sigmask`` is what is blocked, see `ppoll`.

        Source: pselect(2), fs/select.c. Errors: EBADF, EINVAL, ENOMEM, EINTR.
        """
        return self.select_lists_call(NR_pselect6, r, w, x, timeout, sigmask)

    def sys_pselect(self, nfds, r, w, x, timeout=None, sigmask=None):
        """As `pselect` over three fd_sets (128-byte buffers or None), which are overwritten; bits set, or -errno."""
        return self.select_sets_call(NR_pselect6, nfds, r, w, x, timeout, sigmask)

    cdef object select_lists_call(self, int nr, object r, object w, object x, object timeout, object sigmask):
        cdef bint bad
        cdef int64_t ret, ns
        cdef uint64_t mask = wait_mask(sigmask, &bad)
        held = (fd_list(r, "r"), fd_list(w, "w"), fd_list(x, "x"))
        sets = (fd_numbers(held[0], "r"), fd_numbers(held[1], "w"), fd_numbers(held[2], "x"))
        ns = select_timeout(timeout)
        self.enter()
        self.begin_select(nr, sets)
        self.t.call.res = RES_SELECT
        ret = pselect_checked(self.k, self.t, -2 if bad else ns, sigmask is not None, mask)
        if ret == -ESLEEP:
            return self.sleep(held)
        return self.poll_done(ret, held)

    cdef object select_sets_call(self, int nr, object nfds, object r, object w, object x, object timeout,
                                 object sigmask):
        cdef bint bad
        cdef int64_t ret = -EINVAL, ns, n = as_int(nfds, "nfds")
        cdef uint64_t mask = wait_mask(sigmask, &bad)
        cdef uint8_t *sets[3]
        ns = select_timeout(timeout)
        held = (fd_set(r, "r"), fd_set(w, "w"), fd_set(x, "x"))
        self.enter()
        set_addresses(held, sets)
        call_begin(self.t, nr)
        self.t.call.args[0] = 0
        self.t.call.res = RES_SELECT | RES_RAW
        if n >= 0 and ns >= -1 and not bad:
            ret = get_fd_set(self.k, self.t, n, sets)
            if ret == 0:
                ret = pselect_checked(self.k, self.t, ns, sigmask is not None, mask)
        if ret == -ESLEEP:
            return self.sleep(held)
        return self.poll_done(ret, held)

    cdef int begin_select(self, int nr, tuple sets) except -1:
        cdef pollfd_t *p
        cdef int16_t[3] events = [POLLIN_SET, POLLOUT_SET, POLLEX_SET]
        cdef int i
        if not self.alloc_pollfds(<uint32_t>(len(sets[0]) + len(sets[1]) + len(sets[2]))):
            self.complete(self.no_rows(nr))
        p = pollfd_row(self.k, self.t.call.pollfds)
        for i in range(3):
            for fd in sets[i]:
                p.fd = fd
                p.events = events[i]
                p.revents = 0
                p += 1
        call_begin(self.t, nr)
        self.t.call.args[0] = 0
        if not any(sets):
            self.t.call.nfds = 0
            pollfds_free(self.k, self.t.call.pollfds, 1)
            self.t.call.pollfds = 0
        return 0

    cdef object select_lists(self, tuple held):
        cdef pollfd_t *p = pollfd_row(self.k, self.t.call.pollfds)
        result = []
        for given in held:
            ready = []
            for fd in given:
                if p.revents:
                    ready.append(fd)
                p += 1
            result.append(ready)
        return tuple(result)

    cdef object select_sets(self, int64_t ret, tuple held):
        cdef uint8_t *sets[3]
        if ret >= 0:
            set_addresses(held, sets)
            set_fd_set(self.k, self.t, sets)
        return ret

    # -------------------------------------------------------------------------------------- submit
    def submit(self, name, *args):
        """Start a system call by name; a `Call`, whether it is over or sleeps. For hand-driven tasks only."""
        if not isinstance(name, str):
            raise TypeError(f"name must be a string, not {type(name).__name__}")
        return submit(self, name, args)


# ------------------------------------------------------------------------------------------ arguments
cdef object fd_pairs(object fds):
    if isinstance(fds, (str, bytes)) or not hasattr(fds, "__iter__"):
        raise TypeError(f"fds must be a sequence of (fd, events), not {type(fds).__name__}")
    return list(fds)


cdef list int_pairs(object fds):
    # A copy in which both of each pair are integers.
    cdef list pairs = []
    for item in list(fds):
        try:
            number, mask = item
        except (TypeError, ValueError):
            raise TypeError("fds must hold pairs (fd, events)") from None
        events = as_int(mask, "events")
        pairs.append((as_int(number, "fd"), events))
    return pairs


cdef int64_t select_timeout(object timeout) except? -3:
    # ns; -1 for none, -2 for one that is not allowed.
    cdef int64_t ns
    if timeout is None:
        return -1
    ns = seconds_to_ns(timeout, "timeout")
    return ns if ns >= 0 else -2


cdef uint64_t wait_mask(object sigmask, bint *bad) except? 1:
    # The mask to wait with, 0 for none; `bad`: it has what is no signal.
    bad[0] = False
    return 0 if sigmask is None else as_sigset(sigmask, "sigmask", bad)


cdef list fd_list(object given, str name):
    if isinstance(given, (str, bytes)) or not hasattr(given, "__iter__"):
        raise TypeError(f"{name} must be a sequence of descriptors, not {type(given).__name__}")
    return list(given)


cdef list fd_numbers(list given, str name):
    numbers = [as_int(fd, name) for fd in given]
    return [fd if 0 <= fd < FD_SETSIZE else -1 for fd in numbers]


cdef object fd_set(object given, str name):
    cdef Py_buffer view
    if given is None:
        return None
    get_writable(given, &view, name)
    n = view.len
    release(&view)
    if n < FD_SETSIZE // 8:
        raise ValueError(f"{name} must have 128 bytes")
    return memoryview(given).cast("B")


cdef int set_addresses(tuple held, uint8_t **sets) except -1:
    # Where the sets are; the memoryviews in `held` keep them there.
    cdef Py_buffer view
    cdef int i
    for i in range(3):
        sets[i] = NULL
        if held[i] is not None:
            get_writable(held[i], &view, "set")
            sets[i] = <uint8_t *>view.buf
            release(&view)
    return 0


cdef extern from *:
    """
    /* CPython calls a method of C without a detour only if its descriptor is of the very type of the object, not of
       a base: so the methods of the bases get descriptors of their own in `type`. */
    static int fastipc_own_methods(PyTypeObject *type)
    {
        Py_ssize_t i, pos;
        PyObject *name, *value;
        for (i = 1; i < PyTuple_GET_SIZE(type->tp_mro); i++) {
            PyTypeObject *base = (PyTypeObject *)PyTuple_GET_ITEM(type->tp_mro, i);
            if (base == &PyBaseObject_Type)
                break;
            for (pos = 0; PyDict_Next(base->tp_dict, &pos, &name, &value);) {
                PyObject *own;
                if (!Py_IS_TYPE(value, &PyMethodDescr_Type) || PyDict_Contains(type->tp_dict, name))
                    continue;
                own = PyDescr_NewMethod(type, ((PyMethodDescrObject *)value)->d_method);
                if (own == NULL || PyDict_SetItem(type->tp_dict, name, own) < 0) {
                    Py_XDECREF(own);
                    return -1;
                }
                Py_DECREF(own);
            }
        }
        PyType_Modified(type);
        return 0;
    }
    """
    int own_methods "fastipc_own_methods"(PyTypeObject *type) except -1

own_methods(<PyTypeObject *>Task)
