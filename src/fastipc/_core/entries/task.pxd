# One task as Python sees it: its row, who may call it, what its call in progress keeps alive.

cimport cython


cdef extern from *:
    """
    #include <pthread.h>
    #if defined(__x86_64__) && defined(__GLIBC__)
    static inline unsigned long fastipc_this_thread(void)  /* pthread_self, without the call */
    {
        unsigned long self;
        __asm__("movq %%fs:16, %0" : "=r"(self));
        return self;
    }
    #else
    #define fastipc_this_thread() ((unsigned long)pthread_self())
    #endif
    """
    unsigned long this_thread "fastipc_this_thread"() nogil  # what PyThread_get_thread_ident gives, without the detour


@cython.final
cdef class Pending:
    pass


cdef Pending PENDING


@cython.final
cdef class Late:
    cdef object held


cdef inline bint on_greenlet(uint8_t kind) noexcept nogil:
    # Whether what runs sleeps by switching to another greenlet.
    return kind == KIND_PLAIN or kind >= KIND_GUEST_GENERATOR


ctypedef struct ended_t:  # what a dead task still tells
    task_t row
    cred_t cred
    uint64_t fault


cdef class TaskCore:
    cdef kernel_t *k
    cdef task_t *t  # the row; after the end a copy of it
    cdef uint32_t ctx  # the value of kernel.current that lets this task make calls
    cdef uint32_t row
    cdef Arena arena
    cdef object keep  # a hand-driven task keeps its Kernel
    cdef object program
    cdef tuple args
    cdef object frame  # greenlet, generator, or the Start of a compiled program
    cdef object next_start  # of the program that an execve begins
    cdef object held  # what the sleeping call's buffers belong to, or the result it made
    cdef object call  # the Call of submit
    cdef readonly object result
    cdef object _name
    cdef uint8_t started
    cdef uint8_t submitting
    cdef uint8_t frozen  # `t` is a copy: the row may be another task's
    cdef uint8_t late_raises  # the call that is over raises
    cdef uint8_t dying  # its frame is being left
    cdef uint8_t again  # an execve: another program begins when this frame has been left
    cdef uint8_t next_kind
    cdef uint8_t kills  # how often it was told
    cdef int32_t last_ppid
    cdef int32_t last_status
    cdef object __weakref__

    cdef object sleep_slow(self, object held)
    cdef int64_t work(self, int64_t ret, bint raises) except? -1
    cdef int64_t rest(self) except? -1
    cdef int64_t run_handler(self) except? -1
    cdef int64_t begin_handler(self) except? -1
    cdef int run_guest_handler(self) except -1
    cdef int deliver(self) except -1
    cdef int wait_stopped(self) except -1
    cdef object raise_errno(self, int64_t ret)
    cdef bint begin_again(self, object here) except -1
    cdef int install(self, object start) except -1
    cdef int ended_before(self, start_t *start, NativeProgram program, str name) except -1
    cdef object poll_result(self, int64_t ret, object held)
    cdef object taken(self, int64_t ret, uint8_t res, object held)
    cdef object finish(self)
    cdef int resume_bytes(self) except -1
    cdef int take_scratch(self) except -1
    cdef int refuse(self) except -1
    cdef int killed(self) except -1
    cdef int after_death(self) except -1
    cdef int discard(self)

    @cython.final
    cdef int64_t completed(self, int64_t ret) except -1

    @cython.final
    cdef object complete_raw(self, int64_t ret)
    cdef int attend(self) except -1
    cdef int64_t settle(self, int64_t ret, bint raises) except? -1
    cdef int freeze(self) except -1

    cdef inline cred_t *cred(self) noexcept:
        return &(<ended_t *>self.t).cred if self.frozen else current_cred(self.k, self.t)

    cdef inline int enter(self) except -1:
        # Precondition of every call: this task is the one that runs.
        if unlikely(self.k.current != self.ctx) or unlikely(this_thread() != self.k.thread):
            return self.refuse()
        return 0

    cdef inline int64_t complete(self, int64_t ret) except -1:
        # The end of a call of the form that raises.
        ret = call_done(self.k, self.t, ret)
        if unlikely(ret < 0 or self.k.attention != 0):
            return self.completed(ret)
        return ret

    cdef inline object sleep(self, object held):
        # The call has answered -ESLEEP. A generator yields what this returns, at once.
        if likely(self.t.kind == KIND_GENERATOR and self.t.state != TASK_RUNNING):
            go_to_sleep(self.k, self.t)
            self.held = held
            self.ctx = CTX_PENDING
            return PENDING
        return self.sleep_slow(held)

    cdef inline int begin(self, int nr, int64_t a, int64_t b, int64_t c) except -1:
        # A call of at most three registers.
        self.enter()
        call_begin(self.t, nr)
        self.t.call.args[0] = a
        self.t.call.args[1] = b
        self.t.call.args[2] = c
        return 0

    cdef inline bint needs_record(self) noexcept:
        # Even of a call that is over at once: it is traced, or its end is not only its end.
        return self.k.tracing != 0 or self.t.flags & (TIF_SIGPENDING | TIF_RESTORE_SIGMASK | TASK_BREAK) != 0

    cdef inline int account(self, int nr, int64_t arg, int64_t ret) except -1:
        # The end of a call that has left no record.
        call_account(self.k, self.t, nr, arg, ret)
        if unlikely(self.k.attention != 0):
            self.attend()
        return 0


cdef tuple wait_record(kernel_t *k, task_t *t)


cdef enum:
    NO_PID = 0x7fffffff  # nobody has it

cdef int64_t pid_of_task(TaskCore caller, TaskCore task)


cdef inline int64_t as_pid(TaskCore caller, object value, str name) except? -1:
    # A number of a process as the caller knows it, or a Task.
    cdef long long n
    if one_digit(value, &n):
        return n
    return pid_of_task(caller, value) if isinstance(value, TaskCore) else as_int(value, name)
