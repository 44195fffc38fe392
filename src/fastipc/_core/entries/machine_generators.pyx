"""Turns of generator programs: sent the results of their calls, one after the other without going back to the hub."""

from cpython.bytes cimport PyBytes_FromStringAndSize

from fastipc.errors import CallPending


cdef extern from "Python.h":
    void Py_DECREF(PyObject *o)
    ctypedef enum PySendResult:
        PYGEN_RETURN
        PYGEN_ERROR
        PYGEN_NEXT

cdef extern from *:
    """
    #define fastipc_is_generator(o) (Py_TYPE(o)->tp_as_async && Py_TYPE(o)->tp_as_async->am_send)
    /* PyIter_Send, when it is known to be a generator. */
    #define fastipc_send(g, value, result) (Py_TYPE(g)->tp_as_async->am_send((g), (value), (result)))
    """
    bint is_generator "fastipc_is_generator"(object o)
    PySendResult generator_send "fastipc_send"(object g, object value, PyObject **result)


cdef inline int send_value(MachineGenerators self, TaskCore task, object value) except -1:
    # What a generator yields that is no token of a call goes straight back.
    cdef object frame = task.frame
    cdef PyObject *result = NULL
    cdef PySendResult sent = generator_send(frame, value, &result)
    while likely(sent == PYGEN_NEXT):
        if result == <PyObject *>PENDING and likely(task.ctx == CTX_PENDING):
            Py_DECREF(result)
            return 0
        if unlikely(result == <PyObject *>PENDING or task.ctx != task.row):
            break
        value = given(result)
        sent = generator_send(frame, value, &result)
    if sent == PYGEN_ERROR:
        given(NULL)
    return self.yielded(task, given(result), sent == PYGEN_RETURN)


cdef class MachineGenerators(MachineCompiled):
    """A machine that runs generators too."""

    cdef int turn_generators(self, TaskCore task) except -1:
        # A generator's turn, and the turns of the generators that come next, without going back to the hub.
        cdef bint inside = True  # the program runs: what is raised is its own
        try:
            while task is not None:
                inside = True
                self.run_generator(task)
                inside = False
                self.k.current = CTX_HUB
                task = self.next_generator()
        except BaseException as e:
            if not inside:
                raise
            if not isinstance(e, TaskKilled) or task.ctx != CTX_DEAD:
                self.program_failed(task, e)
            self.left_generator(task)
        return 0

    cdef TaskCore next_generator(self):
        # The next task if it is a generator's turn; None sends the caller back to the hub.
        cdef uint32_t row
        self.turns -= 1
        if self.turns <= 0 or self.look or self.handoff:
            return None
        row = self.next_ready()
        if row == 0:
            return None
        if task_row(self.k, row).kind != KIND_GENERATOR or self.look:
            self.handoff = row
            return None
        return <TaskCore>PyList_GET_ITEM(self.tasks, row)

    cdef int run_generator(self, TaskCore task) except -1:
        # Run a generator until it sleeps or ends.
        cdef task_t *t = task.t
        self.k.current = task.row
        if likely(task.ctx == CTX_PENDING and t.call.ret >= 0 and t.call.res <= RES_BYTES and t.sigframe == 0):
            task.ctx = task.row
            return send_value(self, task, plain_result(task))
        if unlikely(handler_waits(self.k, t)):
            task.take_scratch()
            return self.begin_guest(task)
        return self.send_other(task)

    cdef int send_other(self, TaskCore task) except -1:
        # The first turn, or the result of a call that is not plain.
        cdef task_t *t = task.t
        cdef object value = None, error = None
        if task.ctx == CTX_PENDING and t.call.ret >= 0 and (
                t.call.res <= RES_BYTES or t.call.res == RES_SIGTAKEN or t.call.res == RES_MSG):
            value = task.finish()  # which cannot fail
        elif task.started:
            value, error = outcome(task)
        else:
            task.started = True
            task.frame = task.program(task, *task.args)
            if not is_generator(task.frame):
                raise TypeError(f"{task.name} must return a generator, not {type(task.frame).__name__}")
        return self.send(task, value) if error is None else self.throw(task, error)

    cdef int send(self, TaskCore task, object value) except -1:
        return send_value(self, task, value)

    cdef int throw(self, TaskCore task, object error) except -1:
        cdef bint ended = False
        return self.yielded(task, advance(task.frame, None, error, &ended), ended)

    cdef int yielded(self, TaskCore task, object value, bint ended) except -1:
        # After something else than a result that goes back, or the token of a call that sleeps.
        cdef object error
        while not ended:
            if task.ctx == CTX_PENDING and type(value) is Pending:
                return 0
            if task.ctx == CTX_LATE:
                return self.late_turn(task, value)
            error = None
            if task.ctx != task.row or type(value) is Pending:
                error = self.odd_yield(task, value)
                if task.frame is None:
                    return self.left_generator(task)
            value = advance(task.frame, value, error, &ended)
        if task.ctx == CTX_PENDING or task.ctx == CTX_LATE:
            raise forgotten(task)
        self.program_ended(task, value)
        return self.left_generator(task)

    cdef int left_generator(self, TaskCore task) except -1:
        # The frame is gone; after an execve the same task has another program.
        if task.again:
            task.begin_again(None)
            if self.handoff:  # its turn goes on as soon as that one's is over
                enqueue_task(self.k, task.row)
                run_first(self.k, task.row)
            else:
                self.handoff = task.row
        else:
            task.frame = None
            task.dying = False
            self.forget(task)
        return 0

    cdef object odd_yield(self, TaskCore task, object value):
        # What to throw at a generator that yielded while its call sleeps, or after its death; None: nothing.
        if task.ctx == task.row and type(value) is not Pending:
            return None
        if task.ctx == CTX_DEAD:
            task.kills += 1
            if task.kills > 3:
                drop_generator(task)
                return None
            return TaskKilled(f"{task.name} has ended")
        if task.ctx == CTX_PENDING:
            return forgotten(task)
        return CallPending("the token of a call that is over was yielded")


cdef object forgotten(TaskCore task):
    return CallPending(f"yield forgotten: {task!r} went on while its call sleeps")


cdef inline object plain_result(TaskCore task):
    # Of a call that slept, and whose result is None, a number or bytes: the usual ones.
    cdef object held = task.held
    task.held = None
    if task.t.call.res == RES_BYTES:
        task.t.call.flags &= ~<int>CALL_BYTES  # nobody else is to take them
        return PyBytes_FromStringAndSize(task.k.scratch, task.t.call.ret) if held is None else held
    return task.t.call.ret if task.t.call.res == RES_INT else None


cdef inline object advance(object gen, object value, object error, bint *ended):
    # Send the value, or throw the error: what the generator yields, or returns.
    cdef PyObject *result = NULL
    cdef PySendResult sent
    if error is not None:
        try:
            return gen.throw(error)
        except StopIteration as e:
            ended[0] = True
            return e.value
    sent = generator_send(gen, value, &result)
    if sent == PYGEN_ERROR:
        return given(NULL)
    ended[0] = sent == PYGEN_RETURN
    return given(result)


cdef tuple late_outcome(TaskCore task):
    # The same of a call whose value was yielded already, unless a handler has changed it, or was left by an error.
    cdef object error = (<Machine>task.arena.machine).late_errors.pop(task.row, None), value = task.held
    task.held = None
    task.ctx = task.row
    if error is not None:
        task.discard()
        return None, error
    if type(value) is Late:
        task.held = (<Late>value).held
        return outcome(task)
    if task.t.call.ret < 0 and task.late_raises:
        return None, OSError(-task.t.call.ret, os.strerror(-task.t.call.ret))
    return task.t.call.ret if task.t.call.ret < 0 else value, None


cdef tuple outcome(TaskCore task):
    # (value, None) or (None, error) of the call that slept.
    if task.ctx == CTX_LATE:
        return late_outcome(task)
    try:
        return task.finish(), None
    except BaseException as e:
        return None, e
