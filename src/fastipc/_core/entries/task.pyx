"""The part of a Task that every call uses: admission, sleeping, completion, and the attributes.

A call's entry stores its arguments in the record, calls the mechanism, and ends in `complete` (the raising verb) or
`complete_raw` (the other). If the mechanism answers -ESLEEP it ends in `sleep`, which does what the kind of task asks
for; `finish` then turns the record into the result.
"""

import os

cimport cython

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize
from libc.stdlib cimport calloc, free, malloc

from fastipc.errors import CallPending, Deadlock, ForeignCall, KernelClosed, TaskExited, TaskKilled, WrongThread
from fastipc.report import describe_wait


@cython.final
cdef class Pending:
    """What a sleeping call returns in a generator; the program yields it."""

    def __repr__(self):
        return "<pending call: yield it>"


cdef Pending PENDING = Pending()


@cython.final
cdef class Late:
    """What a generator yields of a call that signals came in and that is not over: its result is made when it is."""

    def __init__(self, held):
        self.held = held  # what the call's buffers belong to


class Parked(BaseException):
    """A submitted call has found a signal and sleeps in its second run; for `submit` only."""


cdef dict STATES = {TASK_RUNNING: "runnable", TASK_INTERRUPTIBLE: "sleeping", TASK_UNINTERRUPTIBLE: "uninterruptible",
                    TASK_STOPPED: "stopped", EXIT_ZOMBIE: "zombie", EXIT_DEAD: "dead"}


cdef str call_name(task_t *t):
    return describe_wait((t.call.nr, 0, (0,)))[0] if t.call.nr >= 0 else "last call"


cdef class TaskCore:
    def __init__(self):
        raise TypeError("tasks are made by Kernel.spawn, fork, thread and clone")

    def __dealloc__(self):
        if self.frozen:
            free(self.t)

    cdef int freeze(self) except -1:
        # The row goes; what a dead task still tells is kept.
        cdef ended_t *copy = <ended_t *>malloc(sizeof(ended_t))
        if copy == NULL:
            raise MemoryError
        copy.row = self.t[0]
        copy.cred = self.cred()[0]
        copy.fault = last_fault(self.k, self.t)
        copy.row.flags &= ~<int>TASK_ASLEEP
        self.t = &copy.row
        self.frozen = True
        self.ctx = CTX_DEAD
        self.keep = None
        return 0

    cdef int ended_before(self, start_t *start, NativeProgram program, str name) except -1:
        # Made for a task that is gone: what it left in its record.
        self.t = <task_t *>calloc(1, sizeof(ended_t))
        if self.t == NULL:
            raise MemoryError
        self.frozen = True
        self.ctx = CTX_DEAD
        self.t.pid = self.t.tgid = start.pid
        self.t.kind = KIND_COMPILED
        self.t.state = EXIT_DEAD
        self.t.call.nr = -1
        self.last_status = start.status
        self.last_ppid = 1
        self._name = name
        if start.state & START_RETURNED:
            self.result = program.result_at(start)
        return 0

    # -------------------------------------------------------------------------------------- admission
    cdef int killed(self) except -1:
        # A call made by a frame that is being left.
        self.kills += 1
        if (self.kills > 3 and self.arena.machine != NULL
                and (on_greenlet(self.t.kind) or (<Machine>self.arena.machine).closing is self)):
            (<Machine>self.arena.machine).abandon(self)
        raise TaskKilled(f"{self._name or 'task'} has ended")

    cdef int refuse(self) except -1:
        if this_thread() != self.k.thread:
            raise WrongThread("a machine belongs to the thread that made it")
        if self.ctx == CTX_STOPPED and self.k.current == CTX_OUTSIDE:
            return self.wait_stopped()
        if self.dying and self.k.current in (self.row, CTX_HUB, CTX_CLOSED):
            return self.killed()
        if self.k.current == CTX_CLOSED or self.arena.machine == NULL:
            raise KernelClosed("this machine was closed")
        if self.ctx == CTX_DEAD:
            raise TaskExited(f"{self!r} has ended", self.exit_status)
        if self.ctx == CTX_PENDING and self.k.current in (CTX_OUTSIDE, self.row):
            if self.t.kind == KIND_GENERATOR:
                raise CallPending(f"yield forgotten: the {call_name(self.t)} of {self!r} "
                                  "sleeps, and its token was not yielded")
            raise CallPending(f"the submitted {call_name(self.t)} of {self!r} is still in "
                              "progress")
        if self.ctx == CTX_LATE and self.k.current == self.row:
            raise CallPending(f"yield forgotten: a signal came to {self!r} in its {call_name(self.t)}, and what that "
                              "returned was not yielded")
        if self.t.kind == KIND_INIT:
            raise ForeignCall("init is the machine's own")
        if self.k.current == CTX_OUTSIDE:
            raise ForeignCall(f"{self!r} runs a program: only the program makes its calls")
        raise ForeignCall(f"call on {self!r} from inside another task's program")

    # -------------------------------------------------------------------------------------- completion
    cdef int attend(self) except -1:
        # Something asks for the edge: trace lines, ended tasks, a panic.
        if self.arena.machine != NULL:
            (<Machine>self.arena.machine).attend()
        return 0

    cdef int64_t settle(self, int64_t ret, bint raises) except? -1:
        # Behind the way back to user code: what is to be done for this task, then for all. Others who answer their
        # signals there may end this task too: its call has returned, and it can make no other.
        if exit_code(ret):
            ret = self.work(ret, raises)
        if self.k.attention != 0:
            self.attend()
        return ret

    cdef object complete_raw(self, int64_t ret):
        # The end of a call of the form that never raises.
        ret = call_done(self.k, self.t, ret)
        if unlikely(exit_code(ret) or self.k.attention != 0):
            ret = self.settle(ret, False)
        return ret

    cdef int64_t completed(self, int64_t ret) except -1:
        # After the way back to user code.
        if exit_code(ret) or self.k.attention != 0:
            ret = self.settle(ret, True)
        if ret < 0:
            self.raise_errno(ret)
        return ret

    cdef object raise_errno(self, int64_t ret):
        if ret >= 0:
            return ret
        raise OSError(-ret, os.strerror(-ret))

    # -------------------------------------------------------------------------------------- signals
    cdef int64_t work(self, int64_t ret, bint raises) except? -1:
        # What is to be done before the program goes on, see linux/signal_deliver.pxd; the result of its call. A
        # generator does it when it yields what the call has returned: then its frame is at rest.
        if ret == -EKILLED:
            self.attend()
            self.after_death()
            return ret
        if self.t.kind == KIND_GENERATOR:
            self.take_scratch()
            self.ctx = CTX_LATE
            self.late_raises = raises
            return max(self.t.call.ret, 0)
        while exit_code(ret):
            if ret == -EHANDLER:
                ret = self.run_handler()
            elif ret == -EAGAINCALL:
                ret = call_again(self.k, self.t)
            elif ret == -EKILLED:
                self.attend()
                self.after_death()
                return ret
            else:
                ret = self.rest()
        return ret

    cdef int64_t rest(self) except? -1:
        # The task has stopped, or the call that is made again sleeps.
        cdef task_t *t = self.t
        if not deactivate_task(self.k, t):
            enqueue_task(self.k, self.row)
        if self.submitting:
            self.ctx = CTX_PENDING
            raise Parked
        if on_greenlet(t.kind):
            (<Machine>self.arena.machine).park(self)
        else:
            (<Machine>self.arena.machine).wait_outside(self)
        if self.ctx == CTX_DEAD:
            return -EKILLED
        return -EHANDLER if handler_waits(self.k, self.t) else self.t.call.ret

    cdef int64_t run_handler(self) except? -1:
        # The handler of the frame on top, from its start to its end; then as exit_to_user_mode.
        cdef uint32_t frame = self.t.sigframe
        cdef host_t host = self.k.host[self.row]
        cdef object held
        self.take_scratch()
        held = self.held
        self.held = None
        self.begin_handler()
        if self.ctx == CTX_DEAD:
            return -EKILLED
        if self.t.sigframe != frame:  # it has begun another program, by hand
            return 0
        self.held = held
        self.k.host[self.row].base = host.base
        self.k.host[self.row].iov = host.iov
        return rt_sigreturn(self.k, self.t)

    cdef int64_t begin_handler(self) except? -1:
        # An exception that leaves it undoes the frame.
        cdef uint32_t frame = self.t.sigframe
        cdef sigframe_t *f = sigframe_row(self.k, frame)
        cdef int signo = <int>f.signo
        f.started = 1
        try:
            drive((<Machine>self.arena.machine).handler_at(f.handler)(self, signo, siginfo_of(&f.info)))
        except TaskKilled:
            raise
        except BaseException as e:
            if self.ctx != CTX_DEAD and self.t.sigframe == frame:
                e.add_note(f"in the handler of signal {signo} of task {self.pid} ({self.name})")
                siglongjmp(self.k, self.t)
                self.discard()
            raise
        return 0

    cdef int run_guest_handler(self) except -1:
        # For a compiled program, which itself returns from it.
        cdef uint32_t frame = self.t.sigframe
        cdef object held = self.held
        cdef host_t host = self.k.host[self.row]
        self.held = None
        self.begin_handler()
        if self.ctx != CTX_DEAD and self.t.sigframe == frame:
            self.held = held
            self.k.host[self.row].base = host.base
            self.k.host[self.row].iov = host.iov
        return 0

    cdef int deliver(self) except -1:
        # A task driven by hand that is in no call: what signals wait for it are delivered now, in whatever context.
        cdef uint32_t current = self.k.current
        cdef int64_t ret
        if self.ctx == CTX_DEAD or self.t.call.nr >= 0:
            return 0
        ret = exit_to_user_mode(self.k, self.t)
        if self.t.state == TASK_STOPPED:
            self.ctx = CTX_STOPPED
            return 0
        if ret != -EHANDLER and self.ctx != CTX_STOPPED:
            return 0
        if self.ctx == CTX_STOPPED:
            self.ctx = CTX_OUTSIDE
        self.k.current = CTX_OUTSIDE
        try:
            if ret == -EHANDLER:
                self.work(ret, True)
            if self.call is not None and self.ctx == CTX_OUTSIDE:
                (<Call>self.call).start()
        except TaskExited:
            if self.ctx != CTX_DEAD:
                raise  # else it is no matter of whoever makes a call: they have but sent the signal
        finally:
            self.k.current = current
        return 0

    cdef int wait_stopped(self) except -1:
        # A call on a task that has stopped: the machine runs until somebody continues it.
        cdef Machine machine = <Machine>self.arena.machine
        machine.enter_loop(-1, None, None, 0x4000000000000000)
        if self.ctx == CTX_STOPPED:
            raise Deadlock(f"{self!r} has stopped, and nobody continues it", machine.kernel_ref()._deadlock())
        return self.enter()

    cdef int after_death(self) except -1:
        # The caller's own task has ended: leave its frame, or tell the outside.
        if self.t.kind == KIND_HAND:
            raise TaskExited(f"{self!r} has ended", self.exit_status)
        return self.killed()

    cdef int discard(self):
        # The call that slept is over without a result.
        self.held = None
        self.t.call.flags &= ~<int>CALL_BYTES
        msg_drop(self.k, self.t)
        if self.t.call.pollfds:
            pollfds_free(self.k, self.t.call.pollfds, self.t.call.nfds)
            self.t.call.pollfds = self.t.call.nfds = 0
        if self.ctx == CTX_PENDING:
            self.ctx = CTX_OUTSIDE if self.t.kind == KIND_HAND else self.row
        return 0

    cdef bint begin_again(self, object here) except -1:
        # After an execve: the task goes on with its new program, of whatever kind. `here`: the greenlet it is on, or
        # None.
        if not self.again:
            return False
        self.again = self.dying = self.started = False
        self.kills = 0
        self.ctx = self.row
        self.k.current = self.row
        if self.next_kind == self.t.kind == KIND_PLAIN and here is not None:
            self.started = True  # on the same greenlet
            self.frame = here
        else:
            self.frame = None
            if here is not None:
                (<Machine>self.arena.machine).handoff = self.row
        self.t.kind = self.next_kind
        self.install(self.next_start)
        self.next_start = None
        return True

    cdef int install(self, object start) except -1:
        # What a compiled program begins with. None: it is no compiled program.
        if start is not None:
            self.frame = start
            (<Start>start).start.refs += 1
            (<Start>start).start.pid = self.t.pid
            self.k.host[self.row].start = (<Start>start).start
        return 0

    cdef object sleep_slow(self, object held):
        cdef task_t *t = self.t
        self.held = held
        if t.state == TASK_RUNNING:  # sched_yield
            enqueue_task(self.k, self.row)
        else:
            deactivate_task(self.k, t)
        if on_greenlet(t.kind):
            # No reference to the machine may lie on a sleeping stack: the collector cannot see it there.
            (<Machine>self.arena.machine).park(self)
            return self.finish()
        if t.kind == KIND_GENERATOR or self.submitting:
            self.ctx = CTX_PENDING
            return PENDING
        (<Machine>self.arena.machine).wait_outside(self)
        return self.finish()

    cdef int resume_bytes(self) except -1:
        # A long read whose result is a bytes object goes on: 0 done, 1 asleep again. The object is made when its length
        # is known, so that a sleeping reader costs nothing.
        cdef task_t *t = self.t
        cdef file_t *f = file_row(self.k, t.call.file)
        cdef int64_t n = bytes_available(self.k, t, f, t.call.args[2])
        cdef int64_t ret
        self.held = PyBytes_FromStringAndSize(NULL, n)
        self.k.host[self.row].base = PyBytes_AS_STRING(self.held)
        ret = call_resume(self.k, t)
        if ret == -ESLEEP:
            deactivate_task(self.k, t)
            return 1
        if ret < 0:
            self.held = None
        return 0 if settle(self.k, t, call_done(self.k, t, ret)) else 1

    cdef int take_scratch(self) except -1:
        # Make the result of a short read, or a message that was kept, an object before its place is used again.
        if self.t.call.flags & CALL_BYTES and self.t.call.ret >= 0 and self.held is None:
            self.held = PyBytes_FromStringAndSize(self.k.scratch, self.t.call.ret)
        elif msg_is_kept(self.k, self.t):
            self.held = kept_message(self)
        return 0

    cdef object finish(self):
        # The result of a call that slept.
        cdef task_t *t = self.t
        cdef int64_t ret = t.call.ret
        cdef uint8_t res = t.call.res
        cdef host_t *host = &self.k.host[self.row]
        if self.ctx == CTX_PENDING:
            self.ctx = CTX_OUTSIDE if t.kind == KIND_HAND else self.row
        if unlikely(handler_waits(self.k, t)) and self.ctx != CTX_DEAD:
            ret = self.work(-EHANDLER, False)
            res = t.call.res
        held = self.held
        self.held = None
        t.call.flags &= ~<int>CALL_BYTES  # nobody else is to take them
        if unlikely(self.ctx == CTX_DEAD):
            self.after_death()
        if res == RES_NONE or res == RES_INT or res == RES_BYTES:
            if ret < 0:
                raise OSError(-ret, os.strerror(-ret))
            if res == RES_BYTES:
                return PyBytes_FromStringAndSize(self.k.scratch, ret) if held is None else held
            return ret if res == RES_INT else None
        if res & ~<int>RES_RAW == RES_POLL or res & ~<int>RES_RAW == RES_SELECT:
            return self.poll_result(ret, held)
        if res & ~<int>RES_RAW == RES_MSG or res & ~<int>RES_RAW == RES_MSG_INTO:
            if ret < 0 and not res & RES_RAW:
                raise OSError(-ret, os.strerror(-ret))
            return ret if ret < 0 else message_result(self, ret, res, held)
        if res & ~<int>RES_RAW == RES_SIGTAKEN:
            return self.taken(ret, res, held)
        if res == RES_SIGINFO | RES_RAW and host.base != NULL:
            waitid_info(t, <siginfo_t *>host.base)
        if res & RES_RAW:
            if res & ~<int>RES_RAW == RES_WAIT and ret > 0 and host.base != NULL:
                (<int32_t *>host.base)[0] = t.call.out0
            return ret
        if ret < 0:
            raise OSError(-ret, os.strerror(-ret))
        if res == RES_SIGINFO:
            return siginfo_of_wait(t)
        return (ret, t.call.out0 if ret else 0)  # RES_WAIT

    cdef object poll_result(self, int64_t ret, object held):
        raise NotImplementedError  # overridden where poll is

    cdef object taken(self, int64_t ret, uint8_t res, object held):
        # Of a sigtimedwait that slept.
        cdef kernel_siginfo_t info
        if ret > 0:
            sigtimedwait_info(self.t, &info)
            if held is not None:
                put_info(self, held)
        if res & RES_RAW:
            return ret
        self.raise_errno(ret)
        return siginfo_of(&info)

    # -------------------------------------------------------------------------------------- attributes
    @property
    def pid(self):
        """int: The thread's own number, as gettid."""
        return self.t.pid

    def __index__(self):
        return self.t.pid

    @property
    def tgid(self):
        """int: The process' number, as getpid."""
        return self.t.tgid

    @property
    def nspid(self):
        """tuple of int: The thread's number in each PID namespace, from the first one to its own. Of a task that has
        ended: in the first one."""
        cdef uint32_t upid = 0 if self.frozen or self.k.current == CTX_CLOSED else upid_of(self.k, self.t.pid), i
        cdef uint32_t levels = upid_row(self.k, upid).level if upid else 0
        return (self.t.pid, *[upid_row(self.k, upid).numbers[i] for i in range(levels)])

    @property
    def ppid(self):
        """int: The parent's number, 0 for init; after the end, that of the last parent."""
        return self.last_ppid if self.frozen else task_ppid(self.k, self.t)

    @property
    def name(self):
        """str: As given to spawn or fork, else the program's name or ``"task"``."""
        if self._name is None:
            return getattr(self.program, "__name__", "task") if self.program is not None else "task"
        return self._name

    @property
    def kernel(self):
        """Kernel: The machine, or None once it is gone."""
        return (<Machine>self.arena.machine).kernel() if self.arena.machine != NULL else None

    @property
    def uid(self):
        """int: Real user id."""
        return self.cred().uid

    @property
    def gid(self):
        """int: Real group id."""
        return self.cred().gid

    @property
    def euid(self):
        """int: Effective user id."""
        return self.cred().euid

    @property
    def egid(self):
        """int: Effective group id."""
        return self.cred().egid

    @property
    def daemon(self):
        """bool: True if it may sleep for ever without that being a deadlock."""
        return self.t.flags & TASK_DAEMON != 0

    @property
    def state(self):
        """str: "running", "runnable", "sleeping", "uninterruptible", "stopped", "zombie" or "dead"."""
        if self.k.current == CTX_CLOSED:
            return "dead"
        if self.t.kind == KIND_INIT:
            return "sleeping"
        if self.t.state == TASK_RUNNING and (self.k.current == self.row
                                             or (self.t.kind == KIND_HAND and self.t.call.nr < 0)):
            return "running"
        return STATES[self.t.state]

    @property
    def exit_status(self):
        """int or None: Wait status word, None while it lives."""
        if self.frozen:
            return self.last_status
        if self.t.state != EXIT_ZOMBIE and self.t.state != EXIT_DEAD:
            return None
        return status_word(self.k, self.t)

    @property
    def errno(self):
        """int: Of the last call, 0 if that succeeded."""
        return -self.t.call.ret if self.t.call.ret < 0 else 0

    @property
    def waiting(self):
        """tuple or None: Name of the call it sleeps in, and on what."""
        wait = wait_record(self.k, self.t)
        return None if wait is None else describe_wait(wait)

    def __repr__(self):
        return f"<Task {self.pid} {self.name!r} {self.state}>"


cdef object drive(object result):
    # A handler that is a generator: each of its calls is over when it yields.
    if is_generator(result):
        value = None
        try:
            while True:
                value = result.send(value)
        except StopIteration:
            pass


cdef int32_t status_word(kernel_t *k, task_t *t) noexcept nogil:
    if t.signal and signal_row(k, t.signal).flags & SIGNAL_GROUP_EXIT:
        return signal_row(k, t.signal).group_exit_code
    return t.exit_code


cdef object pipe_name(kernel_t *k, file_t *f):
    # The number of a pipe, the path of a FIFO, or its name if that is too long.
    cdef char[4096] page
    cdef int64_t at
    if inode_row(k, f.inode).i_op == ANON_INODE:
        return "anon_inode:" + anon_inode_name(f).decode()
    if f.f_dentry == 0 or inode_row(k, f.inode).i_sb == k.pipe_sb:
        return inode_row(k, f.inode).i_ino
    at = d_path(k, current_fs(k, task_row(k, k.init_task)), f.f_mnt, f.f_dentry, page, sizeof(page))
    if at < 0:
        return os.fsdecode(d_name(k, dentry_row(k, f.f_dentry))[:dentry_row(k, f.f_dentry).d_len])
    return os.fsdecode(<bytes>(page + at))


cdef tuple sem_wait_record(kernel_t *k, task_t *t):
    # The operation that could not be done when it was looked at last: number and value of it.
    cdef sem_queue_t *q = sem_queue_row(k, t.row)
    cdef const sembuf_t *sop = &queue_sops(k, q)[q.blocking]
    return t.call.nr, <int32_t>t.call.args[0], (sop.sem_num, sop.sem_op)


cdef tuple wait_record(kernel_t *k, task_t *t):
    # What `describe_wait` needs to say what a sleeping task waits for: (call number, number, numbers).
    cdef uint32_t i
    if not (t.flags & TASK_ASLEEP):
        return None
    if t.state == TASK_STOPPED:
        return t.call.nr, "stopped", ()
    if t.call.nr in (NR_rt_sigsuspend, NR_rt_sigtimedwait):
        return t.call.nr, 0, tuple(sorted(set_of_mask(<uint64_t>t.call.args[0])))
    if t.call.nr in (NR_read, NR_readv, NR_write, NR_writev):
        return t.call.nr, pipe_name(k, file_row(k, t.call.file)), (t.call.args[0],)
    if t.call.nr in (NR_open, NR_openat):
        return t.call.nr, pipe_name(k, file_row(k, t.call.file)), (file_row(k, t.call.file).f_mode,)
    if t.call.nr in (NR_poll, NR_select, NR_ppoll, NR_pselect6):
        return (t.call.nr, t.call.nfds,
                tuple([pollfd_row(k, t.call.pollfds + i).fd for i in range(min(t.call.nfds, <uint32_t>8))]))
    if t.call.nr == NR_semop or t.call.nr == NR_semtimedop:
        return sem_wait_record(k, t)
    if t.call.nr == NR_msgsnd:
        return t.call.nr, <int32_t>t.call.args[0], (t.call.args[2],)
    if t.call.nr == NR_msgrcv:
        return t.call.nr, <int32_t>t.call.args[0], (t.call.args[3],)
    if t.call.nr == NR_wait4:
        return t.call.nr, <int32_t>t.call.args[0], ()
    if t.call.nr == NR_waitid:
        return t.call.nr, <int32_t>t.call.args[1], (t.call.args[0],)
    return t.call.nr, t.call.deadline, ()
