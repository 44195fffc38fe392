"""System calls on alarms, interval timers and POSIX timers."""


cdef int setting_room(object to, str name) except -1:
    # Before the call, which sets the timer.
    cdef Py_buffer view
    if to is None:
        return 0
    get_writable(to, &view, name)
    n = view.len
    release(&view)
    if n < <Py_ssize_t>sizeof(itimerspec_t):
        raise ValueError(f"{name} must have room for one row of ITIMERVAL or ITIMERSPEC")
    return 0


cdef class TimerCalls(SignalCalls):
    cdef object setting_done(self, int64_t ret):
        cdef itimer_ns_t setting
        told_setting(self.t, &setting)
        self.complete(ret)
        return itimerval_of(&setting)

    cdef object raw_setting_done(self, int64_t ret, object to, bint usec, str name):
        cdef itimer_ns_t setting
        cdef Py_buffer view
        told_setting(self.t, &setting)
        if ret == 0 and to is not None:
            get_writable(to, &view, name)
            if usec:
                put_itimerval(&setting, <itimerval_t *>view.buf)
            else:
                put_itimerspec(&setting, <itimerspec_t *>view.buf)
            release(&view)
        return self.complete_raw(ret)

    # -------------------------------------------------------------------------------------- interval timers
    def alarm(self, seconds):
        """Set ITIMER_REAL to whole seconds, 0: to none; how many were left, 0 if it was not set.

        SIGALRM comes to the process when they are over. Source: alarm(2), kernel/time/itimer.c.
        """
        cdef int64_t s = as_int(seconds, "seconds")
        self.enter()
        return self.complete(call_alarm(self.k, self.t, s))

    def sys_alarm(self, seconds):
        """As `alarm`."""
        cdef int64_t s = as_int(seconds, "seconds")
        self.enter()
        return self.complete_raw(call_alarm(self.k, self.t, s))

    def setitimer(self, which, seconds, interval=0):
        """Set an interval timer of the process, 0: to none; what it was set to, an `ItimerVal`.

        ``which``: ITIMER_REAL sends SIGALRM; ITIMER_VIRTUAL and ITIMER_PROF measure time of the processor, of which
        calls take none, so they never go off. Times are rounded up to microseconds.
        Source: setitimer(2), kernel/time/itimer.c. Errors: EINVAL.
        """
        return self.setting_done(self.setitimer_(which, seconds, interval))

    def sys_setitimer(self, which, seconds, interval=0, old=None):
        """As `setitimer`, what it was into ``old`` (a row of ITIMERVAL, or None); 0 or -errno."""
        setting_room(old, "old")
        return self.raw_setting_done(self.setitimer_(which, seconds, interval), old, True, "old")

    cdef int64_t setitimer_(self, object which, object seconds, object interval) except? -1:
        cdef int64_t w = as_int(which, "which")
        cdef int64_t value = seconds_to_ns(seconds, "seconds"), again = seconds_to_ns(interval, "interval")
        self.enter()
        return call_setitimer(self.k, self.t, w, value, again)

    def getitimer(self, which):
        """What an interval timer is set to, an `ItimerVal`. Source: getitimer(2). Errors: EINVAL."""
        return self.setting_done(self.getitimer_(which))

    def sys_getitimer(self, which, value):
        """As `getitimer`, into ``value`` (a row of ITIMERVAL); 0 or -errno."""
        setting_room(value, "value")
        return self.raw_setting_done(self.getitimer_(which), value, True, "value")

    cdef int64_t getitimer_(self, object which) except? -1:
        cdef int64_t w = as_int(which, "which")
        self.enter()
        return call_getitimer(self.k, self.t, w)

    # -------------------------------------------------------------------------------------- POSIX timers
    def timer_create(self, clockid, sig=SIGALRM, value=0, notify=SIGEV_SIGNAL, tid=0):
        """Make a timer of the process; its id, which counts from 0.

        Parameters
        ----------
        clockid : int
            CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_BOOTTIME, CLOCK_TAI; clocks of the processor's time stand still.
        sig, value : int
            The signal that comes when the time is over, and its ``si_value``.
        notify : int
            SIGEV_SIGNAL, SIGEV_THREAD: to the process; SIGEV_THREAD_ID: to the thread ``tid``; SIGEV_NONE: to nobody.

        Source: timer_create(2), kernel/time/posix-timers.c. Errors: EAGAIN (RLIMIT_SIGPENDING), EINVAL, EOPNOTSUPP.
        """
        return self.complete(self.timer_create_(clockid, sig, value, notify, tid))

    def sys_timer_create(self, clockid, sig=SIGALRM, value=0, notify=SIGEV_SIGNAL, tid=0):
        """As `timer_create`; the id or -errno."""
        return self.complete_raw(self.timer_create_(clockid, sig, value, notify, tid))

    cdef int64_t timer_create_(self, object clockid, object sig, object value, object notify, object tid) except? -1:
        cdef int64_t c = as_int(clockid, "clockid"), s = as_int(sig, "sig"), v = as_int(value, "value")
        cdef int64_t n = as_int(notify, "notify"), whom = as_int(tid, "tid")
        self.enter()
        return call_timer_create(self.k, self.t, c, s, v, n, whom)

    def timer_settime(self, id, seconds, interval=0, flags=0):
        """Set a timer, 0: to none; what it was set to, an `ItimerVal`.

        ``flags``: with TIMER_ABSTIME ``seconds`` is a time of the timer's clock; one that is over is now.
        Source: timer_settime(2), kernel/time/posix-timers.c. Errors: EINVAL.
        """
        return self.setting_done(self.timer_settime_(id, seconds, interval, flags))

    def sys_timer_settime(self, id, seconds, interval=0, flags=0, old=None):
        """As `timer_settime`, what it was into ``old`` (a row of ITIMERSPEC, or None); 0 or -errno."""
        setting_room(old, "old")
        return self.raw_setting_done(self.timer_settime_(id, seconds, interval, flags), old, False, "old")

    cdef int64_t timer_settime_(self, object id, object seconds, object interval, object flags) except? -1:
        cdef int64_t i = as_int(id, "id"), f = as_int(flags, "flags")
        cdef int64_t value = seconds_to_ns(seconds, "seconds"), again = seconds_to_ns(interval, "interval")
        self.enter()
        return call_timer_settime(self.k, self.t, i, value, again, f)

    def timer_gettime(self, id):
        """What is left of a timer's time, and its interval: an `ItimerVal`.

        Source: timer_gettime(2). Errors: EINVAL.
        """
        return self.setting_done(self.timer_gettime_(id))

    def sys_timer_gettime(self, id, value):
        """As `timer_gettime`, into ``value`` (a row of ITIMERSPEC); 0 or -errno."""
        setting_room(value, "value")
        return self.raw_setting_done(self.timer_gettime_(id), value, False, "value")

    cdef int64_t timer_gettime_(self, object id) except? -1:
        cdef int64_t i = as_int(id, "id")
        self.enter()
        return call_timer_gettime(self.k, self.t, i)

    def timer_getoverrun(self, id):
        """How often the time was over between a signal's sending and its taking, of the last one that was taken.

        At most 2**31 - 1. Source: timer_getoverrun(2). Errors: EINVAL.
        """
        cdef int64_t i = as_int(id, "id")
        self.enter()
        return self.complete(call_timer_getoverrun(self.k, self.t, i))

    def sys_timer_getoverrun(self, id):
        """As `timer_getoverrun`; the number or -errno."""
        cdef int64_t i = as_int(id, "id")
        self.enter()
        return self.complete_raw(call_timer_getoverrun(self.k, self.t, i))

    def timer_delete(self, id):
        """Delete a timer; its signal does not come any more, even if it is pending.

        Source: timer_delete(2). Errors: EINVAL.
        """
        cdef int64_t i = as_int(id, "id")
        self.enter()
        self.complete(call_timer_delete(self.k, self.t, i))

    def sys_timer_delete(self, id):
        """As `timer_delete`; 0 or -errno."""
        cdef int64_t i = as_int(id, "id")
        self.enter()
        return self.complete_raw(call_timer_delete(self.k, self.t, i))
