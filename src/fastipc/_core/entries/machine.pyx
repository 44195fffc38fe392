"""The loop that runs a machine, and the turns of plain programs.

A plain program that must sleep picks the next task itself and switches straight to it; every other case goes through
the hub, the greenlet that called `run`.
"""

from cpython.exc cimport PyErr_CheckSignals
from cpython.list cimport PyList_GET_ITEM
from cpython.ref cimport Py_XDECREF, PyObject

from fastipc.errors import Deadlock, TaskKilled, WrongThread
from fastipc.interrupt import DeferredInterrupt


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
            if task_row(self.arena.k, row).kind == KIND_PLAIN:
                run_program((<Machine>self.arena.machine).task_at(row))
            else:
                run_guest((<Machine>self.arena.machine).task_at(row))
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
            if unlikely(handler_waits(task.k, task.t)):
                task.work(-EHANDLER, True)
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


cdef class Machine(MachineGenerators):
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
        if on_greenlet(task_row(self.k, row).kind) and not self.look:
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
        if not on_greenlet(task.t.kind) or task.started:
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
        elif on_greenlet(kind):
            self.turn_plain(task)
        elif handler_waits(self.k, task.t):
            self.turn_by_hand(task)
        elif task.call is not None and task.t.call.flags & CALL_SUBMITTED:
            task.call.complete()
        self.k.current = CTX_HUB
        return 0

    cdef int turn_by_hand(self, TaskCore task) except -1:
        # A submitted call of a task driven by hand: its handlers run, and what is made again may sleep again. In a call
        # that somebody waits for that is done there.
        cdef int64_t ret
        if task.call is None or not task.t.call.flags & CALL_SUBMITTED:
            return 0
        self.k.current = CTX_OUTSIDE
        task.ctx = CTX_OUTSIDE
        try:
            ret = task.run_handler()
        except BaseException as e:
            if task.call is not None:
                task.call.failed(e)
            return 0
        finally:
            self.k.current = CTX_HUB
        if task.ctx == CTX_DEAD or not settle(self.k, task.t, ret):
            if task.ctx != CTX_DEAD:
                task.ctx = CTX_PENDING
            return 0
        task.ctx = CTX_PENDING
        if handler_waits(self.k, task.t):
            return self.turn_by_hand(task)
        task.call.complete()
        return 0

    cdef int turn_plain(self, TaskCore task) except -1:
        self.k.current = task.row
        self.take_hub()
        if task.started:
            switch(<PyObject *>task.frame)
        else:
            begin(self.new_worker(task.row), STACK_STEP * (task.row & 1))
        return 0

    # -------------------------------------------------------------------------------------- running
    cdef int loop(self, int64_t until_ns, object until, TaskCore outside, int64_t budget) except -1:
        cdef kernel_t *k = self.k
        cdef uint32_t row
        cdef int64_t count = 0
        cdef bint single = callable(until) or self.chooser is not None
        k.clock_limit = until_ns if until_ns >= 0 else KTIME_MAX
        while True:
            if self.to_unwind:
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

    def step(self):
        """One turn; whether there was one."""
        cdef int code = self.enter_loop(self.k.now, None, None, 1)
        if code == STOP_ERROR:
            raise self.errors.pop(0)
        return code == STOP_BUDGET

    cdef int enter_loop(self, int64_t until_ns, object until, TaskCore outside, int64_t budget) except -1:
        # A handler of a task driven by hand may have to run the machine although that runs: on the hub, where it is.
        cdef bint nested = (self.running and self.k.current == CTX_OUTSIDE and outside is not None
                            and (self.hub is None or current_greenlet() is self.hub))
        cdef object watch = self.watch
        self.admit()
        if not nested and (self.running or self.k.current != CTX_OUTSIDE):
            raise RuntimeError("this machine is running")
        self.running = True
        self.k.current = CTX_HUB
        self.watch = until if until is not None and not callable(until) else None
        try:
            return self.loop(until_ns, until, outside, budget)
        finally:
            if self.handoff:  # stopped by an exception: its turn comes first next time
                self.task_of(self.handoff).take_scratch()
                enqueue_task(self.k, self.handoff)
                run_first(self.k, self.handoff)
                self.handoff = 0
            self.running = nested
            self.watched = self.watched and nested
            self.hub = self.hub if nested else None
            self.watch = watch if nested else None
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
        try_to_wake_up(self.k, task.row, TASK_INTERRUPTIBLE | TASK_UNINTERRUPTIBLE | TASK_STOPPED)
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


cdef object new_greenlet(Arena arena, object parent):
    cdef object body = Worker(arena)
    cdef PyObject *g = <PyObject *>PyGreenlet_New(<PyObject *>body, <PyGreenlet *><PyObject *>parent)
    return given(g)
