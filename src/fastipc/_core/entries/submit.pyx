"""Task.submit: a call in progress as an object."""

from fastipc.errors import Deadlock, ForeignCall, TaskExited


cdef class Call:
    """A system call of a hand-driven task, started by :meth:`Task.submit`."""

    def __init__(self):
        raise TypeError("calls are made by Task.submit")

    cdef int start(self) except -1:
        # Make the call: it is over, or sleeps.
        cdef TaskCore task = self.task
        cdef tuple args = self.args
        self.args = None
        if args is None:
            return 0
        task.submitting = True
        try:
            value = getattr(task, self.name)(*args)
        except Parked:
            value = PENDING
        except (OSError, TaskExited) as e:
            task.call = None
            self.over = True
            self.error = e
            return 0
        except BaseException:
            task.call = None
            raise
        finally:
            task.submitting = False
        if isinstance(value, Pending):
            task.t.call.flags |= CALL_SUBMITTED
        else:
            task.call = None
            self.over = True
            self.value = value
        return 0

    def complete(self):
        """The sleeping call is over: take its result out of the record."""
        cdef TaskCore task = self.task
        if self.over:
            return
        task.call = None
        try:
            self.value = task.finish()
        except Exception as e:
            self.error = e
        self.over = True

    def failed(self, error):
        """A handler was left by an error."""
        self.task.call = None
        self.task.held = None
        self.error = error
        self.over = True

    def ended(self):
        """The task has ended before the call."""
        if not self.over:
            self.over = True
            self.task.held = None
            self.task.call = None
            self.error = TaskExited(f"{self.task!r} ended in this call", self.task.exit_status)

    def done(self):
        """Whether the call is over."""
        return self.over

    def _wait(self):
        cdef TaskCore task = self.task
        if self.over or task.arena.machine == NULL:
            return
        try:
            if self.args is not None:  # the task has stopped
                task.wait_stopped()
                if self.over:
                    return
            (<Machine>task.arena.machine).wait_outside(task)
        except Deadlock as e:
            self.over = True
            self.error = e
            task.call = None
            return
        if not self.over:
            self.complete()

    def result(self):
        """The call's result, as the method returns it; runs the machine until the call is over.

        Raises
        ------
        OSError
            What the call failed with.
        TaskExited
            The task ended first.
        Deadlock
            The call can never return.
        """
        self._wait()
        if self.error is not None:
            raise self.error
        return self.value

    def exception(self):
        """What `result` would raise, or None; runs the machine until the call is over."""
        self._wait()
        return self.error

    def cancel(self):
        """Give the call up, as if it had never been made; False if it is over already."""
        cdef TaskCore task = self.task
        if self.over:
            return False
        (<Machine>task.arena.machine).check()
        if self.args is None:
            call_abort(task.k, task.t)
        task.discard()
        task.call = None
        self.over = self.cancelled = True
        from concurrent.futures import CancelledError

        self.error = CancelledError(f"{self.name} was cancelled")
        return True

    def __repr__(self):
        return f"<Call {self.name} of task {self.task.pid}: {'done' if self.over else 'in progress'}>"


def submit(TaskCore task, str name, tuple args):
    """Start a call and return it, whether it is over or sleeps."""
    cdef Call call = Call.__new__(Call)
    if task.t.kind != KIND_HAND:
        raise ForeignCall(f"{task!r} runs a program: only the program makes its calls")
    if task.ctx != CTX_STOPPED or task.k.current != CTX_OUTSIDE or task.call is not None:
        task.enter()
    if getattr(task, name, None) is None or not hasattr(task, name if name.startswith("sys_") else "sys_" + name):
        raise ValueError(f"name must be that of a system call, not {name!r}")
    call.task = task
    call.name = name
    call.args = args
    task.call = call
    if task.ctx != CTX_STOPPED:  # else it starts when the task is continued
        call.start()
    return call
