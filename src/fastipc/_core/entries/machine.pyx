"""The loop that runs a machine: turns of plain, generator, compiled and hand-driven tasks, and the end of their frames.

A plain program that must sleep picks the next task itself and switches straight to it; every other case goes through
the hub, the greenlet that called `run`. What lies on a sleeping greenlet's stack is invisible to the garbage
collector, so no frame that can sleep holds a reference to the Machine: it is found by `arena.machine`, not counted.
"""

import sys
from functools import partial

from cpython.bytes cimport PyBytes_FromStringAndSize
from cpython.exc cimport PyErr_CheckSignals
from cpython.list cimport PyList_GET_ITEM
from cpython.ref cimport Py_XDECREF, PyObject

from fastipc.errors import CallPending, Deadlock, StackOverflow, TaskKilled, WrongThread
from fastipc.interrupt import DeferredInterrupt


cdef extern from "greenlet/greenlet.h":
    ctypedef struct PyGreenlet:
        pass
    void PyGreenlet_Import() except *
    PyGreenlet *PyGreenlet_New(PyObject *run, PyGreenlet *parent)
    PyGreenlet *PyGreenlet_GetCurrent()
    PyObject *PyGreenlet_Throw(PyGreenlet *g, PyObject *typ, PyObject *val, PyObject *tb)
    PyObject *PyGreenlet_Switch(PyGreenlet *g, PyObject *args, PyObject *kwargs)
    int PyGreenlet_SetParent(PyGreenlet *g, PyGreenlet *parent) except -1

cdef extern from "Python.h":
    ctypedef enum PySendResult:
        PYGEN_RETURN
        PYGEN_ERROR
        PYGEN_NEXT

cdef extern from *:
    """
    #define fastipc_given(p) ((PyObject *)(p))
    #define fastipc_is_generator(o) (Py_TYPE(o)->tp_as_async && Py_TYPE(o)->tp_as_async->am_send)
    /* PyIter_Send, when it is known to be a generator. */
    #define fastipc_send(g, value, result) (Py_TYPE(g)->tp_as_async->am_send((g), (value), (result)))
    """
    bint is_generator "fastipc_is_generator"(object o)
    object given "fastipc_given"(PyObject *p)  # a reference that is ours now; NULL: the error that is set
    PySendResult generator_send "fastipc_send"(object g, object value, PyObject **result)

cdef enum:
    WORKERS_KEPT = 256
    STACK_STEP = 8192  # bytes between the two depths at which greenlets begin
    SIGNAL_CHECK = 256  # turns of the hub between two looks at the host's signals

cdef int64_t ENDLESS = 0x4000000000000000  # turns

cdef enum:  # why the loop stopped
    STOP_IDLE = 0
    STOP_UNTIL = 1
    STOP_BUDGET = 2
    STOP_ERROR = 3


ABANDONED = []  # greenlets and generators that would not die: never run again, never freed

cdef inline int switch(PyObject *g) except -1:
    # Leave this greenlet; comes back when another one switches here.
    cdef PyObject *result = PyGreenlet_Switch(<PyGreenlet *>g, NULL, NULL)
    if result == NULL:
        return -1
    Py_XDECREF(result)
    return 0


cdef extern from *:
    """
    #include <alloca.h>
    static PyObject *fastipc_begin(PyObject *g, size_t depth)
    {
        volatile char *room = (volatile char *)alloca(depth + 1);
        PyObject *result;
        room[0] = 0;
        result = PyGreenlet_Switch((PyGreenlet *)g, NULL, NULL);
        room[0] = 1;
        return result;
    }
    """
    PyObject *begin_at "fastipc_begin"(PyObject *g, size_t depth)


cdef int begin(PyObject *g, size_t depth) except -1:
    # The first switch to a greenlet, `depth` bytes further down the stack. Two programs that talk to each other from
    # different depths do not lie on the same addresses, so that greenlet need not copy both at each switch.
    cdef PyObject *result = begin_at(g, depth)
    if result == NULL:
        return -1
    Py_XDECREF(result)
    return 0


# ------------------------------------------------------------------------------------------ plain programs
cdef class Worker:
    # The body of a greenlet that runs plain programs, one after the other. Which one comes next is in
    # `Machine.starting`, so that no task stays on the stack of a worker that waits.
    cdef Arena arena

    def __cinit__(self, Arena arena):
        self.arena = arena

    def __call__(self):
        cdef PyObject *g
        cdef uint32_t row = (<Machine>self.arena.machine).starting
        while True:
            run_program((<Machine>self.arena.machine).task_at(row))
            if self.arena.machine == NULL:
                return
            row = (<Machine>self.arena.machine).after_program()
            while row == 0:
                g = (<Machine>self.arena.machine).leave_worker()
                if g == NULL:
                    return
                switch(g)
                if self.arena.machine == NULL:
                    return
                row = (<Machine>self.arena.machine).starting


cdef int run_program(PyObject *borrowed) except -1:
    # From its start to its end, through every execve of a plain program. Nothing escapes.
    cdef TaskCore task = <TaskCore>borrowed
    while True:
        try:
            result = task.program(task, *task.args)
        except TaskKilled as e:
            if task.ctx != CTX_DEAD and task.arena.machine != NULL:
                (<Machine>task.arena.machine).program_failed(task, e)
        except BaseException as e:
            if task.arena.machine != NULL:
                (<Machine>task.arena.machine).program_failed(task, e)
        else:
            if task.arena.machine != NULL:
                (<Machine>task.arena.machine).program_ended(task, result)
            result = None
        if not task.again:
            task.frame = None
            task.dying = False
            if task.arena.machine != NULL:
                (<Machine>task.arena.machine).forget(task)
            return 0
        task.begin_again(current_greenlet())
        if task.t.kind != KIND_PLAIN:
            return 0


cdef class Machine(MachineTasks):
    """The compiled half of a Kernel."""

    def __cinit__(self, *args):
        PyGreenlet_Import()  # by the first machine, so that `import fastipc` need not
        self.arena.machine = <void *>self
        self.workers = []
        self.errors = []

    def __dealloc__(self):
        if self.arena is not None:
            self.arena.machine = NULL

    # -------------------------------------------------------------------------------------- picking
    cdef uint32_t next_ready(self) except? 0:
        # The next task that is to run user code, or to be told that its call is over; 0 if there is none.
        cdef uint32_t row
        while True:
            row = next_turn(self.k)
            if self.k.attention:
                self.attend()
            if row == 0 or task_row(self.k, row).call.nr < 0:
                return row
            if (<TaskCore>PyList_GET_ITEM(self.tasks, row)).resume_bytes() == 0:
                return row

    cdef int choose(self) except -1:
        # schedule= as a callable: it gets the runnable tasks, oldest first, and returns one of them.
        cdef uint32_t at
        cdef TaskCore task
        if nr_running(self.k) < 2:
            return 0
        runnable = [self.task_of(self.k.runq[at & self.k.runq_mask]) for at in range(self.k.runq_head, self.k.runq_tail)
                    if self.k.runq[at & self.k.runq_mask]]
        chosen = self.chooser(runnable)
        if chosen not in runnable:
            raise ValueError("schedule must return one of the tasks that it was given")
        task = chosen
        run_first(self.k, task.row)
        return 0

    # -------------------------------------------------------------------------------------- greenlets
    cdef PyObject *next_greenlet(self, TaskCore task) except? NULL:
        # Where to switch to from a plain program that sleeps; NULL: it is its own turn again.
        cdef uint32_t row
        self.turns -= 1
        self.k.current = CTX_HUB
        if self.turns <= 0 or self.look:
            return <PyObject *>self.hub
        row = self.next_ready()
        if row == 0:
            return <PyObject *>self.hub
        if row == task.row:
            self.k.current = row
            return NULL
        if task_row(self.k, row).kind == KIND_PLAIN and not self.look:
            if (<TaskCore>PyList_GET_ITEM(self.tasks, row)).started:
                self.k.current = row
                return <PyObject *>(<TaskCore>PyList_GET_ITEM(self.tasks, row)).frame
            if self.workers:
                self.k.current = row
                return self.new_worker(row)
        # A new greenlet is begun by the hub: it would inherit the depth of recursion here.
        self.handoff = row
        return <PyObject *>self.hub

    cdef PyObject *task_at(self, uint32_t row):
        # Borrowed, so that neither the list nor the task stays on the stack of a worker.
        return PyList_GET_ITEM(self.tasks, row)

    cdef PyObject *new_worker(self, uint32_t row) except NULL:
        # A greenlet that will begin the program of `row` when it is switched to.
        cdef TaskCore task = self.tasks[row]
        self.starting = row
        task.started = True
        if self.workers:
            task.frame = self.workers.pop()
        else:
            task.frame = new_greenlet(self.arena, self.hub)
        return <PyObject *>task.frame

    cdef int park(self, TaskCore task) except -1:
        # The plain program of `task` sleeps. Nothing of `self` may be used after the switch: it may be gone.
        cdef PyObject *g = self.next_greenlet(task)
        if g != NULL:
            switch(g)
        return 0

    cdef uint32_t after_program(self) except? 0:
        # A worker has ended a program: the row of the next one that it can begin itself, or 0.
        cdef uint32_t row
        cdef TaskCore task
        self.turns -= 1
        self.k.current = CTX_HUB
        if self.turns <= 0 or self.look or self.handoff:
            return 0
        row = self.next_ready()
        if row == 0:
            return 0
        task = self.tasks[row]
        if task.t.kind != KIND_PLAIN or task.started:
            self.handoff = row
            return 0
        task.started = True
        task.frame = current_greenlet()
        self.k.current = row
        self.starting = row
        return row

    cdef PyObject *leave_worker(self) except? NULL:
        # A worker without work waits in the pool; NULL: there are enough, it ends and its parent, the hub, goes on.
        cdef object me = current_greenlet()
        if len(self.workers) >= WORKERS_KEPT:
            PyGreenlet_SetParent(<PyGreenlet *><PyObject *>me, <PyGreenlet *><PyObject *>self.hub)
            return NULL
        self.workers.append(me)
        return <PyObject *>self.hub

    cdef int abandon(self, TaskCore task) except -1:
        # A frame that swallowed its death three times never runs again.
        ABANDONED.append(current_greenlet())
        task.dying = False
        task.frame = None
        if task.begin_again(None):
            self.handoff = task.row
        self.k.current = CTX_HUB
        switch(<PyObject *>self.hub)
        return 0

    # -------------------------------------------------------------------------------------- turns
    cdef int turn(self, uint32_t row) except -1:
        # Give the processor to a task from the hub.
        cdef TaskCore task
        cdef uint8_t kind = task_row(self.k, row).kind
        if kind == KIND_COMPILED:
            self.turn_compiled(row)
            self.k.current = CTX_HUB
            return 0
        task = <TaskCore>PyList_GET_ITEM(self.tasks, row)
        if likely(kind == KIND_GENERATOR):
            self.turn_generators(task)
        elif kind == KIND_PLAIN:
            self.turn_plain(task)
        elif task.call is not None and task.t.call.flags & CALL_SUBMITTED:
            task.call.complete()
        self.k.current = CTX_HUB
        return 0

    cdef int turn_plain(self, TaskCore task) except -1:
        self.k.current = task.row
        if task.started:
            switch(<PyObject *>task.frame)
        else:
            begin(self.new_worker(task.row), STACK_STEP * (task.row & 1))
        return 0

    cdef int turn_compiled(self, uint32_t row) except -1:
        # A compiled program's turn, and those of the compiled programs that come next. Without the interpreter lock.
        cdef kernel_t *k = self.k
        cdef int64_t given
        if not self.watched:
            coroutine_watch()
            self.watched = True
        given = 1 if self.look else self.turns
        k.turns = given
        k.ticks = TICKS
        with nogil:
            coroutine_run(k, row)
        self.turns -= given - k.turns
        row = k.stacks.next
        if likely(k.stacks.event == NATIVE_TURN):
            if row and task_row(k, row).call.nr >= 0 and self.task_of(row).resume_bytes():
                row = 0
            self.handoff = row
            if k.ticks <= 0:
                PyErr_CheckSignals()
        elif k.stacks.event == NATIVE_PAUSE:
            self.handoff = row
            PyErr_CheckSignals()
        else:
            self.compiled_failed(self.task_of(row))
        return 0

    cdef int compiled_failed(self, TaskCore task) except -1:
        cdef uint32_t event = self.k.stacks.event
        cdef object error
        if event == NATIVE_OVERFLOW:
            error = StackOverflow(f"the program {task.name} has used up its stack")
        elif event == NATIVE_NO_STACK:
            error = MemoryError(f"no memory for the stack of {task.name}, with {self.k.stacks.nr_slots} in use")
        else:
            error = error_of(&self.k.stacks)
        return self.program_failed(task, error)

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
        # Run a generator until it sleeps or ends. What it yields that is no token of a call goes straight back.
        cdef task_t *t = task.t
        cdef object value = None, error = None
        cdef bint ended = False
        self.k.current = task.row
        if likely(task.ctx == CTX_PENDING and t.call.ret >= 0 and t.call.res <= RES_BYTES):  # the usual results
            task.ctx = task.row
            if t.call.res == RES_BYTES:
                if task.held is None:
                    value = PyBytes_FromStringAndSize(self.k.scratch, t.call.ret)
                else:
                    value = task.held
                    task.held = None
            else:
                task.held = None
                if t.call.res == RES_INT:
                    value = t.call.ret
        elif task.started:
            value, error = outcome(task)
        else:
            task.started = True
            task.frame = task.program(task, *task.args)
            if not is_generator(task.frame):
                raise TypeError(f"{task.name} must return a generator, not {type(task.frame).__name__}")
        while True:
            value = advance(task.frame, value, error, &ended)
            if unlikely(ended):
                break
            if task.ctx == CTX_PENDING and type(value) is Pending:
                return 0
            if unlikely(task.ctx != task.row or error is not None or type(value) is Pending):
                error = self.odd_yield(task, value)
                if task.frame is None:
                    return self.left_generator(task)
        if task.ctx == CTX_PENDING:
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

    # -------------------------------------------------------------------------------------- ends
    cdef int program_ended(self, TaskCore task, object result) except -1:
        task.frame = None
        if task.ctx == CTX_DEAD:
            task.dying = False
            return 0
        task.result = result
        program_exit(self.k, task.t, 0)
        self.k.current = CTX_HUB
        if self.k.attention:
            self.attend()
        task.dying = False
        self.forget(task)
        return 0

    cdef int program_failed(self, TaskCore task, object error) except -1:
        # Status 0x0100, as an uncaught exception of Python gives; the exception comes out of the run.
        task.frame = None
        error.add_note(f"in the program of task {task.pid} ({task.name})")
        if error.__traceback__ is not None and error.__traceback__.tb_next is not None:
            error.__traceback__ = error.__traceback__.tb_next
        self.errors.append(error)
        self.look = True
        if task.ctx != CTX_DEAD:
            do_group_exit(self.k, task.t, 0x0100)
        self.k.current = CTX_HUB
        if self.k.attention:
            self.attend()
        task.dying = False
        if not task.again:
            self.forget(task)
        return 0

    cdef int unwind(self) except -1:
        cdef TaskCore task
        while self.unwinding:
            task = self.unwinding.popleft()
            self.unwind_task(task)
            self.forget(task)
        return 0

    cdef int unwind_now(self) except -1:
        # From outside, with no run going on.
        cdef object hub = self.hub
        cdef uint32_t current = self.k.current
        self.hub = current_greenlet()
        try:
            self.unwind()
        finally:
            self.hub = hub
            self.k.current = current
        return 0

    cdef int unwind_task(self, TaskCore task) except -1:
        # Leave the frame of a task that has ended: TaskKilled comes out of the call in which it sleeps.
        cdef object frame = task.frame
        cdef uint32_t current = self.k.current
        if frame is None or not task.dying:
            return 0
        self.k.current = CTX_CLOSED if self.closed else CTX_HUB
        task.kills = 1
        try:
            if task.t.kind == KIND_PLAIN:
                self.look = True
                throw_greenlet(frame, self.hub, TaskKilled(f"{task.name} has ended"))
            else:  # on a greenlet of its own, so that it can be dropped
                self.closing = task
                close_on_greenlet(task, frame, self.hub)
                self.closing = None
        finally:
            self.k.current = current
        task.dying = False
        task.frame = None
        return 0

    # -------------------------------------------------------------------------------------- running
    cdef int loop(self, int64_t until_ns, object until, TaskCore outside, int64_t budget) except -1:
        cdef kernel_t *k = self.k
        cdef uint32_t row
        cdef int64_t count = 0
        cdef bint single = callable(until) or self.chooser is not None
        k.clock_limit = until_ns if until_ns >= 0 else KTIME_MAX
        while True:
            if self.unwinding:
                self.unwind()
            if self.interrupted:
                self.interrupted = False
                raise KeyboardInterrupt
            row = self.handoff
            self.handoff = 0
            if row == 0:
                if outside is not None:
                    if outside.ctx == CTX_DEAD or outside.t.call.nr < 0:
                        return STOP_UNTIL
                elif self.errors:
                    return STOP_ERROR
                if until is not None and self.reached(until):
                    return STOP_UNTIL
                if budget <= 0:
                    return STOP_BUDGET
                if self.chooser is not None:
                    self.choose()
                row = self.next_ready()
            if row == 0:
                if not advance_clock(k):
                    if until_ns < 0:
                        return STOP_IDLE
                    k.now = max(k.now, until_ns)
                    return STOP_UNTIL
                continue
            self.look = single
            self.turns = budget
            self.turn(row)
            budget = min(self.turns, budget - 1)
            if k.attention:
                self.attend()
            count += 1
            if count % SIGNAL_CHECK == 0:
                PyErr_CheckSignals()

    cdef bint reached(self, object until) except -1:
        cdef TaskCore task
        if callable(until):
            return bool(until(self.kernel_ref()))
        for task in until:
            if task.ctx != CTX_DEAD:
                return False
        return True

    def run(self, int64_t until_ns=-1, until=None, int64_t budget=-1):
        """Run; why it stopped: 0 idle, 1 until, 2 budget, 3 a program failed (see ``errors``)."""
        return self.enter_loop(until_ns, until, None, budget if budget >= 0 else ENDLESS)

    cdef int enter_loop(self, int64_t until_ns, object until, TaskCore outside, int64_t budget) except -1:
        self.admit()
        if self.running or self.k.current != CTX_OUTSIDE:
            raise RuntimeError("this machine is running")
        self.running = True
        self.k.current = CTX_HUB
        self.hub = current_greenlet()
        self.watch = until if until is not None and not callable(until) else None
        try:
            return self.loop(until_ns, until, outside, budget)
        finally:
            if self.handoff:  # stopped by an exception: its turn comes first next time
                self.task_of(self.handoff).take_scratch()
                enqueue_task(self.k, self.handoff)
                run_first(self.k, self.handoff)
                self.handoff = 0
            self.running = self.watched = False
            self.hub = None
            self.watch = None
            if not self.closed:
                self.k.current = CTX_OUTSIDE

    cdef int wait_outside(self, TaskCore task) except -1:
        # A call from outside sleeps: the machine runs until it is over. One that can never be over ends as by a signal.
        try:
            with DeferredInterrupt(self):
                if self.enter_loop(-1, None, task, ENDLESS) == STOP_IDLE:
                    self.break_call(task)
        except BaseException:
            if task.ctx != CTX_DEAD and task.t.call.nr >= 0 and not (task.t.call.flags & CALL_SUBMITTED):
                call_abort(self.k, task.t)
                task.discard()
            raise
        return 0

    cdef int break_call(self, TaskCore task) except -1:
        waiting = task.waiting
        report = self.kernel_ref()._deadlock()
        task.t.flags |= TASK_BREAK
        try_to_wake_up(self.k, task.row, TASK_INTERRUPTIBLE | TASK_UNINTERRUPTIBLE)
        self.enter_loop(-1, None, task, ENDLESS)
        task.t.flags &= ~<int>TASK_BREAK
        if task.ctx != CTX_DEAD and task.t.call.ret == -EINTR:
            task.discard()
            raise Deadlock(f"task {task.pid} ({task.name}) in {waiting[0]}: waits for {waiting[1]}, "
                           "which can never come", report)
        return 0

    def interrupt(self):
        """Make a run stop with KeyboardInterrupt at the next turn."""
        self.interrupted = True
        self.look = True

    def set_schedule(self, int kind, chooser=None):
        self.k.schedule = kind
        self.chooser = chooser

    # -------------------------------------------------------------------------------------- the end
    def close(self):
        """Leave all frames and free everything. Twice is fine."""
        cdef TaskCore task
        if self.closed:
            return
        if this_thread() != self.k.thread:
            raise WrongThread("a machine belongs to the thread that made it")
        if self.running:
            raise RuntimeError("this machine is running")
        self.closed = True
        self.k.current = CTX_CLOSED
        self.hub = current_greenlet()
        everyone = [task for task in self.tasks if task is not None]
        for task in everyone:
            if task.ctx != CTX_DEAD:
                task.ctx = CTX_DEAD
                task.dying = task.started
                if task.call is not None:
                    task.call.ended()
        for task in [*self.unwinding, *everyone]:
            self.unwind_task(task)
        for task in everyone:
            task.last_ppid = task_ppid(task.k, task.t)
            task.last_status = task.t.exit_code
            task.freeze()
            task.held = task.program = task.frame = None
            task.args = ()
        for worker in self.workers:
            leave_greenlet(worker, self.hub)
        self.tasks = [None]
        self.workers = []
        self.hub = None
        self.arena.machine = NULL
        self.arena.close()


# ------------------------------------------------------------------------------------------ greenlets and generators
cdef object current_greenlet():
    return given(<PyObject *>PyGreenlet_GetCurrent())  # NULL with an error at the end of the interpreter


cdef object new_greenlet(Arena arena, object parent):
    cdef object body = Worker(arena)
    cdef PyObject *g = <PyObject *>PyGreenlet_New(<PyObject *>body, <PyGreenlet *><PyObject *>parent)
    return given(g)


cdef int throw_greenlet(object g, object parent, object error) except -1:
    # Returns when the greenlet has ended or switched here.
    cdef PyObject *result
    PyGreenlet_SetParent(<PyGreenlet *><PyObject *>g, <PyGreenlet *><PyObject *>parent)
    cdef object kind = type(error)
    if error is None:
        return switch(<PyObject *>g)
    result = PyGreenlet_Throw(<PyGreenlet *><PyObject *>g, <PyObject *>kind, <PyObject *>error, NULL)
    if result == NULL:
        return -1
    Py_XDECREF(result)
    return 0


cdef int leave_greenlet(object g, object parent) except -1:
    from greenlet import GreenletExit

    return throw_greenlet(g, parent, GreenletExit())


cdef int close_on_greenlet(TaskCore task, object gen, object parent) except -1:
    cdef object body = partial(close_generator, task, gen)
    cdef PyObject *g = <PyObject *>PyGreenlet_New(<PyObject *>body, <PyGreenlet *><PyObject *>parent)
    return throw_greenlet(given(g), parent, None)


cdef object forgotten(TaskCore task):
    return CallPending(f"yield forgotten: {task!r} went on while its call sleeps")


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


cdef tuple outcome(TaskCore task):
    # (value, None) or (None, error) of the call that slept.
    try:
        return task.finish(), None
    except BaseException as e:
        return None, e


cdef int drop_generator(TaskCore task) except -1:
    # It swallowed its death three times: never run again.
    ABANDONED.append(task.frame)
    task.frame = None
    task.dying = False
    return 0


def close_generator(TaskCore task, object gen):
    """Throw the death of a task into its generator."""
    cdef int _i
    for _i in range(3):
        try:
            gen.throw(TaskKilled(f"{task.name} has ended"))
        except (TaskKilled, StopIteration, GeneratorExit):
            return
        except BaseException as e:
            sys.unraisablehook(Unraisable(type(e), e, e.__traceback__, "ignored while a task was leaving its program",
                                          gen))
            return
    drop_generator(task)


class Unraisable:
    """What sys.unraisablehook is given."""

    def __init__(self, exc_type, exc_value, exc_traceback, err_msg, object):
        self.exc_type = exc_type
        self.exc_value = exc_value
        self.exc_traceback = exc_traceback
        self.err_msg = err_msg
        self.object = object
