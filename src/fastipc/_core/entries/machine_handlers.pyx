"""Handlers of signals: who runs them.

The handler of a plain program runs on its greenlet, that of a task driven by hand in its caller's context: both by
`TaskCore.work`. A generator cannot be left in the middle, and on the stack of a compiled program no interpreter may
run: their handlers, if they are not machine code, are guests on a greenlet of a worker. Meanwhile the task is of a kind
of its own and sleeps as a plain one does; its frame waits in `guests`.
"""


cdef int run_guest(PyObject *borrowed) except -1:
    # On the greenlet of a worker. For a generator all that is to be done before it goes on; a compiled program does the
    # rest itself. Nothing escapes.
    cdef TaskCore task = <TaskCore>borrowed
    cdef object error = None
    try:
        if task.t.kind == KIND_GUEST_GENERATOR:
            task.work(-EHANDLER, True)
        else:
            task.run_guest_handler()
    except BaseException as e:
        error = e
    if task.arena.machine != NULL:
        (<Machine>task.arena.machine).end_guest(task, error)
    return 0


cdef class MachineHandlers(MachineFrames):
    """A machine that runs handlers."""

    def __cinit__(self, *args):
        self.guests = {}
        self.late_errors = {}

    # -------------------------------------------------------------------------------------- guests
    cdef int next_is(self, TaskCore task) except -1:
        # Its turn goes on as soon as what has been promised one is over.
        if self.handoff:
            enqueue_task(self.k, task.row)
            run_first(self.k, task.row)
        else:
            self.handoff = task.row
        return 0

    cdef int begin_guest(self, TaskCore task) except -1:
        self.guests[task.row] = task.frame, task.ctx
        task.ctx = task.row
        task.frame = None
        task.t.kind = KIND_GUEST_GENERATOR if task.t.kind == KIND_GENERATOR else KIND_GUEST_COMPILED
        task.started = False
        return self.next_is(task)

    cdef int end_guest(self, TaskCore task, object error) except -1:
        # The task goes on with its own frame, or leaves that too.
        cdef bint generator = task.t.kind == KIND_GUEST_GENERATOR
        cdef uint32_t ctx
        task.frame, ctx = self.guests.pop(task.row)
        task.started = True
        if task.t.kind >= KIND_GUEST_GENERATOR:
            task.t.kind = KIND_GENERATOR if generator else KIND_COMPILED
        if task.again or task.ctx == CTX_DEAD:
            return self.leave_outer(task, generator)
        if error is not None and not generator:
            return self.program_failed(task, error)
        task.ctx = ctx
        if error is not None:
            self.late_errors[task.row] = error
            task.ctx = CTX_LATE
        return self.next_is(task)

    cdef int leave_outer(self, TaskCore task, bint generator) except -1:
        # The task has ended in its handler, or begins another program.
        if generator and task.frame is not None:
            self.closing = task
            close_on_greenlet(task, task.frame, current_greenlet())
            self.closing = None
        task.frame = None
        task.dying = False
        if task.again:
            task.begin_again(None)
            return self.next_is(task)
        return self.forget(task)

    # -------------------------------------------------------------------------------------- generators
    cdef int late_turn(self, TaskCore task, object value) except -1:
        # A generator has yielded the value of a call that signals came in.
        cdef task_t *t = task.t
        task.held = value
        if handler_waits(self.k, t):
            return self.begin_guest(task)
        if t.call.flags & CALL_RESTART and t.call.nr >= 0:
            if settle(self.k, t, -EAGAINCALL):
                return self.next_is(task)
            return 0
        if not deactivate_task(self.k, t):
            return self.next_is(task)
        return 0
