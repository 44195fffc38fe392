"""The loop that runs a machine: turns of plain, generator, native and hand-driven tasks, and the end of their frames.

A plain program that must sleep picks the next task itself and switches straight to it; every other case goes through
the hub, the greenlet that called `run`. What lies on a sleeping greenlet's stack is invisible to the garbage
collector, so no frame that can sleep holds a reference to the Machine: it is found by `arena.machine`, not counted.
"""

import sys
import weakref
from functools import partial

from cpython.exc cimport PyErr_CheckSignals
from cpython.list cimport PyList_GET_ITEM
from cpython.ref cimport Py_XDECREF, PyObject
from libc.stdint cimport int64_t, uint32_t
from libc.stdlib cimport malloc

from fastipc._core.abi cimport *
from fastipc._core.arena cimport Arena, TableView
from fastipc._core.call cimport call_abort, call_begin, call_done, next_turn
from fastipc._core.exit cimport bury, do_exit, do_group_exit, next_dead
from fastipc._core.fork cimport boot, spawn_process, wake_up_new_task
from fastipc._core.layout cimport *
from fastipc._core.layout import dtype
from fastipc._core.native cimport NativeProgram
from fastipc._core.page_alloc cimport buddyinfo, page_alloc_init
from fastipc._core.pipe cimport pipe_init
from fastipc._core.sched cimport deactivate_task, enqueue_task, nr_running, run_first, sched_seed, try_to_wake_up
from fastipc._core.table cimport *
from fastipc._core.task cimport Pending, PyThread_get_thread_ident, TaskCore
from fastipc._core.timer cimport run_timers
from fastipc._core.verify cimport verify
from fastipc.errors import CallPending, Deadlock, InvariantError, KernelClosed, TaskKilled, WrongThread

from fastipc.interrupt import DeferredInterrupt

import numpy as np

cdef extern from "greenlet/greenlet.h":
    ctypedef struct PyGreenlet:
        pass
    void PyGreenlet_Import()
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
    PySendResult PyIter_Send(object iter, object arg, PyObject **result)

cdef extern from *:
    """
    #define fastipc_given(p) ((PyObject *)(p))
    """
    object given "fastipc_given"(PyObject *p)  # a reference that is ours now; NULL: the error that is set

cdef enum:
    WORKERS_KEPT = 256
    SIGNAL_CHECK = 256  # turns of the hub between two looks at the host's signals
    TRACE_RECORDS = 256

cdef int64_t ENDLESS = 0x4000000000000000  # turns

cdef enum:  # why the loop stopped
    STOP_IDLE = 0
    STOP_UNTIL = 1
    STOP_BUDGET = 2
    STOP_ERROR = 3

PyGreenlet_Import()
pipe_init()

ABANDONED = []  # greenlets and generators that would not die: never run again, never freed

cdef dict TABLES = {"task": T_TASK, "signal": T_SIGNAL, "sighand": T_SIGHAND, "files": T_FILES, "fd": T_FD,
                    "file": T_FILE, "inode": T_INODE, "pipe": T_PIPE, "pipe_buffer": T_PIPE_BUFFER, "page": T_PAGE,
                    "user": T_USER, "rlimit": T_RLIMIT, "timer": T_TIMER, "poll_entry": T_POLL_ENTRY}


cdef inline int switch(PyObject *g) except -1:
    # Leave this greenlet; comes back when another one switches here.
    cdef PyObject *result = PyGreenlet_Switch(<PyGreenlet *>g, NULL, NULL)
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
            run_program(PyList_GET_ITEM((<Machine>self.arena.machine).tasks, row))
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


cdef class Machine:
    """The compiled half of a Kernel."""

    def __cinit__(self, int64_t memory, int64_t pid_max, seed, limits, type task_type, kernel):
        cdef kernel_t *k
        self.arena = Arena()
        self.k = k = self.arena.k
        self.arena.machine = <void *>self
        k.pid_max = pid_max
        if tables_reserve(k, <uint64_t>memory) < 0:
            raise MemoryError("the host has no address space for this machine")
        k.nr_pages = <uint32_t>(memory // PAGE_SIZE)
        page_alloc_init(k)
        self.set_limits(limits)
        sched_seed(k, <uint64_t>(seed & 0xffffffffffffffff))
        k.thread = PyThread_get_thread_ident()
        self.kernel_ref = weakref.ref(kernel)
        self.task_type = task_type
        self.tasks = [None]
        self.workers = []
        self.unwinding = []
        self.errors = []
        boot(k)
        self.new_task(k.init_task, None, (), "init", False)

    def __dealloc__(self):
        if self.arena is not None:
            self.arena.machine = NULL

    def set_limits(self, dict limits):
        """Take over sysctls by name."""
        cdef kernel_t *k = self.k
        k.pid_max = min(<int64_t>limits["pid_max"], <int64_t>k.table[T_TASK].limit)
        k.threads_max = limits["threads_max"]
        k.pipe_max_size = limits["pipe_max_size"]
        k.pipe_user_pages_soft = limits["pipe_user_pages_soft"]
        k.pipe_user_pages_hard = limits["pipe_user_pages_hard"]
        k.file_max = limits["file_max"]
        k.nr_open_max = limits["nr_open"]

    cdef object kernel(self):
        return self.kernel_ref()

    cdef int admit(self) except -1:
        # Precondition of every method that is called from Python.
        if PyThread_get_thread_ident() != self.k.thread:
            raise WrongThread("a machine belongs to the thread that made it")
        if self.closed:
            raise KernelClosed("this machine was closed")
        return 0

    def check(self):
        """Raise if this machine was closed, or belongs to another thread."""
        self.admit()

    # -------------------------------------------------------------------------------------- tasks
    cdef int check_start(self, object program) except -1:
        # The kind of a program.
        if program is None:
            return KIND_HAND
        if isinstance(program, NativeProgram):
            return KIND_NATIVE
        if not callable(program):
            raise TypeError(f"program must be callable, not {type(program).__name__}")
        function = program
        while hasattr(function, "func"):  # functools.partial
            function = function.func
        code = getattr(function, "__code__", None) or getattr(getattr(function, "__call__", None), "__code__", None)
        flags = code.co_flags if code is not None else 0
        if flags & 0x280:  # CO_COROUTINE, CO_ASYNC_GENERATOR
            raise TypeError("program must be a plain or a generator function, not an async one")
        return KIND_GENERATOR if flags & 0x20 else KIND_PLAIN

    cdef TaskCore new_task(self, uint32_t row, object program, tuple args, object name, bint thread):
        # The Python side of a row that copy_process made.
        cdef TaskCore task = self.task_type.__new__(self.task_type)
        cdef task_t *t = task_row(self.k, row)
        task.arena = self.arena
        task.k = self.k
        task.t = t
        task.row = row
        task.program = program
        task.args = args
        task._name = name
        task.is_thread = thread
        t.flags |= TASK_OBJECT
        if t.kind == KIND_HAND:
            task.ctx = CTX_OUTSIDE
            task.keep = self.kernel_ref()
        else:
            task.ctx = row
        while len(self.tasks) <= row:
            self.tasks.append(None)
        self.tasks[row] = task
        if t.kind not in (KIND_HAND, KIND_INIT):
            wake_up_new_task(self.k, row)
        return task

    def spawn(self, program, tuple args, name, uint32_t uid, uint32_t gid, TaskCore parent, bint daemon):
        """A new process in a session of its own."""
        cdef int64_t row
        cdef int kind
        self.admit()
        kind = self.check_start(program)
        if kind == KIND_HAND and self.k.current < CTX_CLOSED and self.k.current != CTX_OUTSIDE:
            raise TypeError("program must be given: from inside a program nobody could drive the task")
        row = spawn_process(self.k, parent.row if parent is not None else self.k.init_task, uid, gid, kind)
        if row < 0:
            return row
        if daemon:
            task_row(self.k, <uint32_t>row).flags |= TASK_DAEMON
        return self.new_task(<uint32_t>row, program, args, name, False)

    def spawn_many(self, program, list rows, name, uint32_t uid, uint32_t gid, TaskCore parent, bint daemon):
        """One process for each tuple of arguments: all of them, or none and -errno."""
        tasks = []
        for args in rows:
            task = self.spawn(program, args, name, uid, gid, parent, daemon)
            if isinstance(task, int):
                for made in tasks:
                    self.unspawn(made)
                return task
            tasks.append(task)
        return tasks

    cdef int unspawn(self, TaskCore task) except -1:
        # A task that has not run yet goes without a trace.
        do_group_exit(self.k, task.t, 0)
        self.attend()
        return 0

    def find(self, int64_t pid):
        """The Task of a pid, or None."""
        if pid <= 0 or pid >= self.k.table[T_PID].high:
            return None
        return self.tasks[pid_row(self.k, <uint32_t>pid).task]

    def live_tasks(self):
        """All tasks, in the order of their pids."""
        cdef uint32_t pid
        found = []
        for pid in range(1, self.k.table[T_PID].high):
            if pid_row(self.k, pid).task:
                found.append(self.tasks[pid_row(self.k, pid).task])
        return found

    # -------------------------------------------------------------------------------------- the edge
    cdef int attend(self) except -1:
        cdef uint32_t row
        cdef TaskCore task
        if self.k.attention & ATT_PANIC:
            self.k.attention &= ~<uint32_t>ATT_PANIC
            raise InvariantError(self.k.panic.decode())
        while self.k.attention & ATT_DEAD:
            row = next_dead(self.k)
            if row:
                task = self.tasks[row]
                self.task_ended(task)
        if self.k.attention & ATT_TRACE:
            self.drain_trace()
        if self.unwinding and self.k.current == CTX_OUTSIDE:
            self.unwind_now()
        return 0

    cdef int task_ended(self, TaskCore task) except -1:
        # A zombie's frames are to be left; a task that was waited for gives up its row.
        cdef bint is_running = self.k.current == task.row
        if task.ctx != CTX_DEAD:
            task.ctx = CTX_DEAD
            task.dying = task.started and task.t.kind != KIND_NATIVE
            if task.dying and not is_running:
                self.unwinding.append(task)
                self.look = True
            if task.call is not None:
                task.call.ended()
        if self.watch is not None:
            self.look = True
        if task.t.state == EXIT_DEAD:
            self.let_go(task)
        return 0

    cdef int let_go(self, TaskCore task) except -1:
        cdef uint32_t row = task.row
        task.last_status = task.t.exit_code
        task.last_ppid = task.parent_pid()
        task.freeze()
        self.tasks[row] = None
        bury(self.k, row)
        return 0

    cdef int drain_trace(self) except -1:
        cdef uint32_t i, n = self.k.trace_n, current = self.k.current
        cdef trace_t *r
        self.k.trace_n = 0
        self.k.attention &= ~<uint32_t>ATT_TRACE
        if self.sink is None:
            return 0
        self.k.current = CTX_HUB
        try:
            for i in range(n):
                r = &self.k.trace[i]
                self.sink(r.time, r.pid, r.nr, (r.args[0], r.args[1], r.args[2], r.args[3]), r.ret, (r.out0, r.out1),
                          (<char *>r.data)[:r.ndata])
        finally:
            self.k.current = current
        return 0

    def trace(self, sink):
        """Send the record of every completed call to ``sink``, or stop."""
        self.admit()
        if sink is not None and self.k.trace == NULL:
            self.k.trace = <trace_t *>malloc(TRACE_RECORDS * sizeof(trace_t))
            if self.k.trace == NULL:
                raise MemoryError
            self.k.trace_cap = TRACE_RECORDS
        self.sink = sink
        self.k.tracing = sink is not None

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
        runnable = [self.tasks[self.k.runq[at & self.k.runq_mask]] for at in range(self.k.runq_head, self.k.runq_tail)
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
        cdef TaskCore task = <TaskCore>PyList_GET_ITEM(self.tasks, row)
        cdef uint8_t kind = task.t.kind
        if likely(kind == KIND_GENERATOR):
            self.turn_generator(task)
        elif kind == KIND_PLAIN:
            self.turn_plain(task)
        elif kind == KIND_NATIVE:
            self.turn_native(task)
        elif task.call is not None and task.t.call.flags & CALL_SUBMITTED:
            task.call.complete()
        self.k.current = CTX_HUB
        return 0

    cdef int turn_plain(self, TaskCore task) except -1:
        self.k.current = task.row
        if task.started:
            switch(<PyObject *>task.frame)
        else:
            switch(self.new_worker(task.row))
        return 0

    cdef int turn_native(self, TaskCore task) except -1:
        cdef NativeProgram program = task.program
        cdef kernel_t *k = self.k
        cdef task_t *t = task.t
        cdef int64_t ret
        k.current = task.row
        with nogil:
            ret = program.step(k, t, program.state, t.call.ret if t.call.nr < 0 else 0)
            if ret == -ESLEEP:
                if t.state == TASK_RUNNING:
                    enqueue_task(k, task_index(k, t))
                else:
                    deactivate_task(k, t)
        if ret != -ESLEEP and not (t.flags & PF_EXITING):
            self.end_process(task, <int32_t>(max(ret, <int64_t>0) & 0xff) << 8)
        if k.attention:
            self.attend()
        return 0

    cdef int turn_generator(self, TaskCore task) except -1:
        # Run a generator until it sleeps or ends. What it yields that is no token of a call goes straight back.
        cdef task_t *t = task.t
        cdef object value = None, error = None
        cdef bint ended = False
        self.k.current = task.row
        try:
            if task.ctx == CTX_PENDING and t.call.ret >= 0 and t.call.res <= RES_BYTES:  # the usual results
                task.ctx = task.row
                if t.call.res == RES_BYTES:
                    value = task.held
                    task.held = None
                elif t.call.res == RES_INT:
                    value = t.call.ret
                    task.held = None
            elif task.started:
                try:
                    value = task.finish()
                except BaseException as e:
                    error = e
            else:
                task.started = True
                task.frame = task.program(task, *task.args)
            while True:
                value = advance(task.frame, value, error, &ended)
                if unlikely(ended):
                    break
                if task.ctx == CTX_PENDING and isinstance(value, Pending):
                    return 0
                error = None
                if task.ctx != task.row or isinstance(value, Pending):
                    error = self.odd_yield(task)
                    if task.frame is None:
                        break
            if task.frame is not None:
                if task.ctx == CTX_PENDING:
                    raise forgotten(task)
                self.program_ended(task, value)
        except BaseException as e:
            if not isinstance(e, TaskKilled) or task.ctx != CTX_DEAD:
                self.program_failed(task, e)
        if task.again:
            task.begin_again(None)
            self.turn(task.row)
        else:
            task.frame = None
            task.dying = False
            self.forget(task)
        return 0

    cdef object odd_yield(self, TaskCore task):
        # What to throw at a generator that yielded while its call sleeps, or after its death.
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
    cdef int end_process(self, TaskCore task, int32_t code) except -1:
        # What returning from main is: exit for a thread, exit_group for a process.
        cdef task_t *t = task.t
        if t.call.nr >= 0:
            call_abort(self.k, t)
        call_begin(t, NR_exit if task.is_thread else NR_exit_group)
        t.call.args[0] = code >> 8
        if call_done(self.k, t, 0) == -EKILLED:
            return 0
        if task.is_thread:
            do_exit(self.k, t, code)
        else:
            do_group_exit(self.k, t, code)
        return 0

    cdef int program_ended(self, TaskCore task, object result) except -1:
        task.frame = None
        if task.ctx == CTX_DEAD:
            task.dying = False
            return 0
        task.result = result
        self.end_process(task, 0)
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

    cdef int forget(self, TaskCore task) except -1:
        # What the program was is not kept, or a dead Task would keep its arguments alive.
        if task._name is None:
            task._name = task.name
        task.program = None
        task.args = ()
        task.frame = None
        for i, other in enumerate(self.unwinding):
            if other is task:
                del self.unwinding[i]
                break
        return 0

    cdef int unwind(self) except -1:
        cdef TaskCore task
        while self.unwinding:
            task = self.unwinding.pop(0)
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
                throw_greenlet(greenlet(partial(close_generator, task, frame)), self.hub, None)
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
                if k.nr_timers == 0 or (until_ns >= 0 and timer_row(k, 1).expires > until_ns):
                    if until_ns < 0:
                        return STOP_IDLE
                    k.now = max(k.now, until_ns)
                    return STOP_UNTIL
                k.now = max(k.now, timer_row(k, 1).expires)
                run_timers(k)
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
                enqueue_task(self.k, self.handoff)
                run_first(self.k, self.handoff)
                self.handoff = 0
            self.running = False
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

    # -------------------------------------------------------------------------------------- inspection
    @property
    def now_ns(self):
        return self.k.now

    @property
    def sleepers(self):
        return self.k.sleepers

    @property
    def trace_hash(self):
        return self.k.trace_hash

    def set_schedule(self, int kind, chooser=None):
        self.k.schedule = kind
        self.chooser = chooser

    def totals(self):
        """The counters, in the order of Report: calls, switches, wakeups, bytes."""
        cdef uint64_t calls = 0
        cdef int i
        for i in range(NR_calls):
            calls += self.k.counters.calls[i]
        return calls, self.k.counters.switches, self.k.counters.wakeups, self.k.counters.bytes

    def counters(self):
        """All counters; calls by number."""
        cdef int i
        calls = {i: self.k.counters.calls[i] for i in range(NR_calls) if self.k.counters.calls[i]}
        return {"calls": calls, "switches": self.k.counters.switches, "wakeups": self.k.counters.wakeups,
                "bytes": self.k.counters.bytes, "pages_alloc": self.k.counters.pages_alloc,
                "pages_free": self.k.counters.pages_free, "signals": self.k.counters.signals,
                "faults": self.k.counters.faults}

    def table(self, name):
        """Read-only array of a table's rows."""
        self.admit()
        if name not in TABLES:
            raise ValueError(f"no table {name!r}: one of {', '.join(TABLES)}")
        return np.frombuffer(TableView(self.arena, TABLES[name]), dtype=dtype(name))

    def verify(self):
        """Check every invariant."""
        self.admit()
        if not verify(self.k):
            self.k.attention &= ~<uint32_t>ATT_PANIC
            raise InvariantError(self.k.panic.decode())

    def hash_into(self, digest):
        """Feed all rows, the allocator, the clock and the bytes of allocated pages to a hash."""
        cdef int i
        cdef uint32_t page
        cdef kernel_t *k = self.k
        self.admit()
        rows = self.table("task").copy()
        rows["call"][rows["call"]["nr"] < 0] = 0  # what is left of a call that is over is no state
        digest.update(rows)
        for i in range(1, N_TABLES):
            digest.update(TableView(self.arena, i))
        for page in range(1, k.frontier + 1):
            if page_row(k, page).live and page_row(k, page).flags & PG_TOUCHED:
                digest.update((k.frames + (<size_t>page - 1) * PAGE_SIZE)[:PAGE_SIZE])
        scalars = [k.now, k.nr_pages, k.frontier, k.nr_free, k.pcp_first, k.pcp_count, k.tmp_pages, k.timer_seq, k.rng,
                   k.last_pid, k.nr_threads, k.next_ino, k.sleepers]
        scalars += [k.free_area[i].first for i in range(MAX_PAGE_ORDER + 1)]
        scalars += [k.table[i].nlive for i in range(N_TABLES)]
        scalars += [k.runq[page & k.runq_mask] for page in range(k.runq_head, k.runq_tail)]
        digest.update(repr(scalars).encode())

    def inject(self, kind, uint32_t nth, int errno):
        """Fail the ``nth`` allocation of a kind from now; 0 disarms."""
        cdef kernel_t *k = self.k
        cdef int i
        self.admit()
        if kind == "page":
            k.inject_page = nth
        elif kind == "row":
            k.inject_row = nth
        elif kind in TABLES:
            k.table[<int>TABLES[kind]].inject = nth
        else:
            raise ValueError(f"no kind of allocation {kind!r}: page, row, or one of {', '.join(TABLES)}")
        k.inject_errno = errno
        k.inject_any = k.inject_page or k.inject_row
        for i in range(N_TABLES):
            k.inject_any |= k.table[i].inject != 0

    def buddyinfo(self):
        """Free blocks of each order."""
        cdef uint32_t[11] counts
        self.admit()
        buddyinfo(self.k, counts)
        return [counts[i] for i in range(11)]

    # -------------------------------------------------------------------------------------- the end
    def close(self):
        """Leave all frames and free everything. Twice is fine."""
        cdef TaskCore task
        if self.closed:
            return
        if PyThread_get_thread_ident() != self.k.thread:
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
                task.dying = task.started and task.t.kind != KIND_NATIVE
                if task.call is not None:
                    task.call.ended()
        for task in self.unwinding + everyone:
            self.unwind_task(task)
        for task in everyone:
            task.last_ppid = task.parent_pid()
            task.last_status = task.t.exit_code
            task.freeze()
            task.held = task.program = None
            task.args = ()
        for worker in self.workers:
            throw_greenlet(worker, self.hub, GreenletExit())
        self.tasks = [None]
        self.workers = []
        self.hub = None
        self.arena.machine = NULL
        self.arena.close()


from greenlet import GreenletExit, greenlet


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
    sent = PyIter_Send(gen, value, &result)
    if sent == PYGEN_ERROR:
        return given(NULL)
    ended[0] = sent == PYGEN_RETURN
    return given(result)


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
