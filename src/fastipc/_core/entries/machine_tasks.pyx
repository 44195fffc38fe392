"""The tasks of a machine as Python sees them: how they come, how they are found, how their end is told; traces."""

import weakref
from collections import deque

from cpython.list cimport PyList_GET_SIZE
from libc.stdlib cimport malloc

from fastipc.errors import InvariantError

cdef enum:
    TRACE_RECORDS = 256


cdef int set_comm(task_t *t, str name) except -1:
    # As much of a name as the row has room for.
    cdef Py_ssize_t n
    cdef const char *text = PyUnicode_AsUTF8AndSize(name, &n)
    memset(t.comm, 0, TASK_COMM_LEN)
    memcpy(t.comm, text, min(n, <Py_ssize_t>TASK_COMM_LEN - 1))
    return 0


cdef class MachineTasks(MachineState):
    """A machine with its tasks, not running."""

    def __cinit__(self, int64_t memory, int64_t pid_max, seed, limits, str profile, type task_type, kernel):
        self.kernel_ref = weakref.ref(kernel)
        self.task_type = task_type
        self.tasks = [None]
        self.batches = []
        self.handlers = [None]
        self.handler_rows = {}
        self.hooks = {}
        self.unwinding = deque()
        self.make_task(self.k.init_task, None, (), "init")

    cdef object kernel(self):
        return self.kernel_ref()

    cdef int unwind_now(self) except -1:
        raise NotImplementedError  # where frames are left: machine_frames.pyx

    cdef int check_start(self, object program) except -1:
        # The kind of a program.
        if program is None:
            return KIND_HAND
        if isinstance(program, NativeProgram):
            return KIND_COMPILED
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

    cdef TaskCore new_task(self, uint32_t row, object program, tuple args, object name, object start):
        # The Python side of a row that copy_process made, and its start.
        cdef TaskCore task = self.make_task(row, program, args, name)
        set_comm(task.t, task.name)
        task.install(start)
        if task.t.kind not in (KIND_HAND, KIND_INIT):
            wake_up_new_task(self.k, row)
        return task

    cdef TaskCore task_of(self, uint32_t row):
        # The Task of a row; those that compiled programs made get theirs when it is first asked for.
        if row < <uint32_t>PyList_GET_SIZE(self.tasks) and self.tasks[row] is not None:
            return self.tasks[row]
        return self.adopt(row, self.k.host[row].start)

    cdef object name_of(self, uint32_t row):
        # The name of a task, without making a Task for it.
        cdef start_t *start = self.k.host[row].start
        if row < <uint32_t>PyList_GET_SIZE(self.tasks) and self.tasks[row] is not None:
            return (<TaskCore>self.tasks[row]).name
        return start.name.decode() if start != NULL and start.name != NULL else "task"

    cdef TaskCore adopt(self, uint32_t row, start_t *start):
        # A task that has had no Task yet. Those of a batch have a program to be asked for their result.
        cdef Batch batch
        cdef TaskCore task = self.make_task(row, None, (), start.name.decode() if start != NULL and start.name != NULL
                                            else None)
        for batch in self.batches:
            if batch.has(start):
                task.program = batch.program
                task.frame = batch.start_of(start)
        if start != NULL and task.t.state == EXIT_ZOMBIE:
            task.ctx = CTX_DEAD
            if isinstance(task.frame, Start):
                self.left_compiled(task)
        return task

    cdef TaskCore make_task(self, uint32_t row, object program, tuple args, object name):
        cdef TaskCore task = self.task_type.__new__(self.task_type)
        cdef task_t *t = task_row(self.k, row)
        task.arena = self.arena
        task.k = self.k
        task.t = t
        task.row = row
        task.program = program
        task.args = args
        task._name = name
        t.flags |= TASK_OBJECT
        if t.kind == KIND_HAND:
            task.ctx = CTX_OUTSIDE
            task.keep = self.kernel_ref()
        else:
            task.ctx = row
        while len(self.tasks) <= row:
            self.tasks.append(None)
        self.tasks[row] = task
        return task

    def spawn(self, program, tuple args, name, uint32_t uid, uint32_t gid, bytes groups, TaskCore parent, bint daemon):
        """A new process in a session of its own; ``groups``: the bytes of a sorted array of uint32."""
        cdef int64_t row
        cdef int kind
        self.admit()
        kind = self.check_start(program)
        start = begin_compiled(program, args) if kind == KIND_COMPILED else None
        if kind == KIND_HAND and self.k.current < CTX_CLOSED and self.k.current != CTX_OUTSIDE:
            raise TypeError("program must be given: from inside a program nobody could drive the task")
        row = spawn_process(self.k, parent.row if parent is not None else self.k.init_task, uid, gid,
                            <const uint32_t *>PyBytes_AS_STRING(groups), <uint32_t>len(groups) // 4, kind)
        if row < 0:
            return row
        if daemon:
            task_row(self.k, <uint32_t>row).flags |= TASK_DAEMON
        return self.new_task(<uint32_t>row, program, args, name, start)

    def spawn_many(self, program, list rows, name, uint32_t uid, uint32_t gid, TaskCore parent, bint daemon):
        """One process for each tuple of arguments: all of them, or none and -errno."""
        tasks = []
        for args in rows:
            task = self.spawn(program, args, name, uid, gid, b"", parent, daemon)
            if isinstance(task, int):
                for made in tasks:
                    self.unspawn(made)
                return task
            tasks.append(task)
        return tasks

    def spawn_batch(self, Batch batch, uint32_t uid, uint32_t gid, TaskCore parent, bint daemon):
        """One process for each record of a batch, without a Task each: 0, or none and -errno."""
        cdef int64_t row
        cdef uint32_t i, up
        self.admit()
        up = parent.row if parent is not None else self.k.init_task
        self.batches = [old for old in self.batches if not (<Batch>old).over()]
        self.batches.append(batch)
        for i in range(batch.n):
            row = spawn_process(self.k, up, uid, gid, NULL, 0, KIND_COMPILED)
            if row < 0:
                while i:
                    i -= 1
                    do_group_exit(self.k, task_row(self.k, pid_row(self.k, <uint32_t>batch.at(i).pid).task), 0)
                self.attend()
                return row
            if daemon:
                task_row(self.k, <uint32_t>row).flags |= TASK_DAEMON
            batch.at(i).refs += 1
            batch.at(i).pid = task_row(self.k, <uint32_t>row).pid
            self.k.host[row].start = batch.at(i)
            wake_up_new_task(self.k, <uint32_t>row)
        return 0

    def task_of_batch(self, Batch batch, uint32_t i):
        """The Task of the i-th record."""
        cdef start_t *start = batch.at(i)
        cdef TaskCore task
        if not start.state & START_ENDED:
            self.admit()
            return self.task_of(pid_row(self.k, <uint32_t>start.pid).task)
        task = self.task_type.__new__(self.task_type)
        task.arena = self.arena
        task.k = self.k
        task.ended_before(start, batch.program, batch.name.decode())
        return task

    cdef int unspawn(self, TaskCore task) except -1:
        # A task that has not run yet goes without a trace.
        do_group_exit(self.k, task.t, 0)
        self.attend()
        return 0

    def find(self, int64_t pid):
        """The Task of a pid, or None."""
        cdef uint32_t row
        if pid <= 0 or pid >= self.k.table[T_PID].high:
            return None
        row = pid_row(self.k, <uint32_t>pid).task
        return self.task_of(row) if row else None

    def live_tasks(self):
        """All tasks, in the order of their pids."""
        cdef uint32_t pid
        found = []
        for pid in range(1, self.k.table[T_PID].high):
            if pid_row(self.k, pid).task:
                found.append(self.task_of(pid_row(self.k, pid).task))
        return found

    def waits(self):
        """Who sleeps: (pid, name, daemon, wait record), in the order of their pids."""
        cdef uint32_t pid, row
        found = []
        for pid in range(1, self.k.table[T_PID].high):
            row = pid_row(self.k, pid).task
            if row and task_row(self.k, row).flags & TASK_ASLEEP:
                found.append((pid, self.name_of(row), task_row(self.k, row).flags & TASK_DAEMON != 0,
                              wait_record(self.k, task_row(self.k, row))))
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
        if self.k.attention & ATT_HAND:
            self.deliver_by_hand()
        if self.k.attention & ATT_TRACE:
            self.drain_trace()
        if self.to_unwind and self.k.current == CTX_OUTSIDE:
            self.unwind_now()
        return 0

    # -------------------------------------------------------------------------------------- handlers
    cdef int deliver_by_hand(self) except -1:
        # Tasks driven by hand that are in user code take their signals before the call that sent them returns.
        cdef uint32_t row = next_hand(self.k)
        while row:
            self.task_of(row).deliver()
            if self.k.attention & ATT_DEAD:
                self.attend()
            row = next_hand(self.k)
        return 0

    cdef uint64_t handler_address(self, object handler) except? 2:
        # Where a function stands: in one place, however many actions name it.
        cdef uint32_t row = self.last_handler
        if row == 0 or not self.stands_at(handler, row):
            row = self.handler_rows.get(id(handler), 0)
        if row and self.stands_at(handler, row):
            self.last_handler = row
            return handler_address(row)
        if len(self.handlers) > 64 and len(self.handlers) > 2 * self.k.table[T_HANDLER].nlive:
            self.forget_handlers()
        row = table_alloc(self.k, T_HANDLER, sizeof(handler_t))
        if row == 0:
            raise MemoryError("no room for this handler")
        while len(self.handlers) <= row:
            self.handlers.append(None)
        self.handler_rows.pop(id(self.handlers[row]), None)
        self.handlers[row] = handler
        self.handler_rows[id(handler)] = row
        self.k.handlers[row] = native_handler(handler) if isinstance(handler, NativeProgram) else NULL
        return handler_address(row)

    cdef bint stands_at(self, object handler, uint32_t row):
        return handler_row(self.k, row).live and PyList_GET_ITEM(self.handlers, row) is <PyObject *>handler

    cdef int forget_handlers(self) except -1:
        # Functions that no action names any more.
        cdef uint32_t row
        for row in range(1, <uint32_t>len(self.handlers)):
            if self.handlers[row] is not None and not handler_row(self.k, row).live:
                self.handler_rows.pop(id(self.handlers[row]), None)
                self.handlers[row] = None
        self.last_handler = 0
        return 0

    cdef object handler_at(self, uint32_t row):
        return self.handlers[row] if row < <uint32_t>len(self.handlers) else None

    cdef int task_ended(self, TaskCore task) except -1:
        # A zombie's frames are to be left; a task that was waited for gives up its row.
        cdef bint is_running = self.k.current == task.row
        if task.ctx != CTX_DEAD:
            task.ctx = CTX_DEAD
            task.dying = task.started
            if task.dying and not is_running:
                self.unwinding.append(task)
                self.to_unwind = self.look = True
            if task.call is not None:
                task.call.ended()
            if task.t.kind == KIND_COMPILED and task.frame is not None:
                self.left_compiled(task)
        if self.watch is not None:
            self.look = True
        if task.t.state == EXIT_DEAD:
            self.let_go(task)
        return 0

    cdef int left_compiled(self, TaskCore task) except -1:
        cdef Start start = task.frame
        if start.start.state & START_RETURNED:
            task.result = start.program.result_at(start.start)
        self.forget(task)
        return 0

    cdef int forget(self, TaskCore task) except -1:
        # What the program was is not kept, or a dead Task would keep its arguments alive.
        if task._name is None:
            task._name = task.name
        task.program = None
        task.args = ()
        task.frame = None
        return 0

    cdef int let_go(self, TaskCore task) except -1:
        cdef uint32_t row = task.row
        task.last_status = task.t.exit_code
        task.last_ppid = task_ppid(task.k, task.t)
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
                          (<char *>r.data)[:r.ndata], (<char *>r.data2)[:r.ndata2])
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
