"""Compiled programs on their stacks. Source: kernel/sched/core.c (context_switch, finish_task_switch)."""


cdef extern from "stack_switch.h" nogil:
    int64_t fastipc_stack_switch(void **save, void *to, int64_t value)
    int64_t fastipc_stack_jump(void **save, void *to, int64_t value)
    void *fastipc_stack_init(void *top, void (*body)(void *) noexcept nogil, void *arg)

cdef extern from "stack_overflow.h" nogil:
    void fastipc_set_running(void *machine)
    void *fastipc_get_running()
    void fastipc_watch_overflow(void (*body)(void *) noexcept nogil)

cdef extern from *:
    """
    #define fastipc_never() __builtin_unreachable()
    """
    void never "fastipc_never"() nogil


cdef inline void finish_task_switch(kernel_t *k) noexcept nogil:
    # Give back the stack that was left for good: by whoever goes on, or the next one that ends.
    if unlikely(k.stacks.dead != NULL):
        stack_put(k, k.stacks.dead)
        k.stacks.dead = NULL


# ------------------------------------------------------------------------------------------ what a program begins with
cdef void start_put(start_t *start) noexcept nogil:
    if start != NULL:
        start.refs -= 1
        if start.refs == 0:
            heap_free(start)
            free(start)


cdef void coroutine_free(kernel_t *k, uint32_t task) noexcept nogil:
    # The task ends. Its stack goes back; the one that this runs on, later.
    cdef host_t *host = &k.host[task]
    if host.sp != NULL:
        if slot_of(host.sp) == slot_of(&host):
            finish_task_switch(k)
            k.stacks.dead = host.sp
        else:
            stack_put(k, host.sp)
        host.sp = NULL
    if host.start != NULL:
        if not host.start.state & START_HOLDS:
            heap_free(host.start)


cdef void start_end(kernel_t *k, uint32_t task) noexcept nogil:
    # The task is gone: what is kept of it is in its record, and in those that it began with before.
    cdef start_t *start = k.host[task].start
    cdef start_t *origin
    k.host[task].start = NULL
    while start != NULL:
        k.counters.leaked += start.leaked
        start.status = task_row(k, task).exit_code
        start.state |= START_ENDED
        origin = <start_t *>start.origin
        start_put(start)
        start = origin


cdef void coroutines_release(kernel_t *k) noexcept nogil:
    # The machine goes: what its tasks still hold of the host's memory.
    cdef uint32_t i
    for i in range(1, k.table[T_TASK].high):
        if task_row(k, i).live and (task_row(k, i).kind == KIND_COMPILED
                                    or task_row(k, i).kind == KIND_GUEST_COMPILED):
            coroutine_free(k, i)
            start_end(k, i)
    stacks_release(k)


# ------------------------------------------------------------------------------------------ switching
cdef enum:  # turns before its own at which a part of a task is fetched
    AHEAD_TASK = 32
    AHEAD_STACK = 12  # and up to BATCH more
    AHEAD_FILES = 9
    AHEAD_PIPES = 6
    AHEAD_PARTNER = 2

cdef enum:
    BATCH = 8
    STACK_LINES = 4
    HANDLER_GAP = 256  # between the frames of a program and those of its handlers: the red zone, and more
    NATIVE_RECORD = 256  # bytes of the arguments of a handler, at most
    HANDLER_RECORD = 64  # those of a number and an array


cdef inline void to_hub(kernel_t *k, void **save, uint32_t next, uint32_t event) noexcept nogil:
    k.stacks.next = next
    k.stacks.event = event
    k.current = CTX_HUB
    fastipc_stack_switch(save, k.stacks.hub_sp, 0)


cdef bint begin(kernel_t *k, uint32_t task) noexcept nogil:
    cdef void *top = stack_get(k)
    if top == NULL:
        return False
    k.host[task].sp = fastipc_stack_init(top, coroutine_main, k)
    return True


cdef inline uint32_t ahead(kernel_t *k, uint32_t turns) noexcept nogil:
    return k.runq[(k.runq_head + turns) & k.runq_mask]


cdef inline void prefetch_lines(void *p, int n) noexcept nogil:
    cdef int i
    for i in range(n):
        prefetch(<char *>p + 64 * i)


cdef inline uint32_t pipe_of(kernel_t *k, uint32_t file) noexcept nogil:
    cdef file_t *f = file_row(k, file)
    return f.private_data if is_pipe_file(f) else 0


cdef void read_ahead(kernel_t *k) noexcept nogil:
    # What the tasks further down the queue will touch, so that it is in the cache when their turn comes. The nearer
    # the turn, the further from the task's row: each step goes through what the one before has brought. It is taken
    # that a task goes on in a read, and will write where it wrote last, to somebody who sleeps there.
    cdef task_t *t = task_row(k, ahead(k, AHEAD_TASK))
    cdef uint32_t task
    cdef int i
    prefetch_lines(t, 3)
    prefetch(&k.host[ahead(k, AHEAD_TASK)])
    if k.runq_head % BATCH == 0:
        # Stacks are on small pages, and a prefetch waits until the page is found: so several at once.
        for i in range(BATCH):
            task = ahead(k, AHEAD_STACK + i)
            prefetch(k.host[task].sp)
            prefetch(k.host[task].base)
    task = ahead(k, AHEAD_FILES)
    t = task_row(k, task)
    prefetch_lines(<char *>k.host[task].sp + 64, STACK_LINES - 1)
    prefetch(file_row(k, t.call.file))
    prefetch(file_row(k, t.wrote))
    prefetch(files_row(k, t.files))
    t = task_row(k, ahead(k, AHEAD_PIPES))
    prefetch(pipe_row(k, pipe_of(k, t.call.file)))
    prefetch(pipe_row(k, pipe_of(k, t.wrote)))
    prefetch(fd_row(k, files_row(k, t.files).fdt))
    t = task_row(k, ahead(k, AHEAD_PARTNER))
    prefetch(task_row(k, pipe_row(k, pipe_of(k, t.wrote)).rd_wait.first & ~<uint32_t>LINK_POLL))


# ------------------------------------------------------------------------------------------ handlers
ctypedef struct interrupted_t:  # on the stack of the task, above the frames of its handlers
    kernel_t *k
    void *sp  # where the program goes on


cdef inline void run_native_handler(kernel_t *k, task_t *t, native_handler_t *native, sigframe_t *f) noexcept nogil:
    # A compiled handler, here on the task's stack: its number, and the siginfo at an address of the host.
    cdef char[NATIVE_RECORD] record
    cdef siginfo_t info
    cdef void *excinfo = NULL
    if likely(native.size == HANDLER_RECORD):
        memcpy(record, native + 1, HANDLER_RECORD)
    else:
        memcpy(record, native + 1, <size_t>native.size)
    if native.signo_at >= 0:
        (<int64_t *>(record + native.signo_at))[0] = f.signo
    if native.info_at >= 0:
        info_to_host(&f.info, &info)
        (<void **>(record + native.info_at))[0] = &info
    if native.entry(k, t, record, &excinfo) != 0:
        k.stacks.excinfo = excinfo
        to_hub(k, &k.host[t.row].sp, t.row, NATIVE_FAILED)
        never()


cdef inline void run_handler(kernel_t *k, task_t *t) noexcept nogil:
    cdef sigframe_t *f = sigframe_row(k, t.sigframe)
    cdef native_handler_t *native = <native_handler_t *>k.handlers[f.handler]
    cdef char *base = k.host[t.row].base  # of the call that may be made again
    cdef void *iov = k.host[t.row].iov
    if unlikely(stack_overrun()):
        coroutine_overflow(k)
    f.started = 1
    if native != NULL:
        run_native_handler(k, t, native, f)
    else:
        to_hub(k, &k.host[t.row].sp, t.row, NATIVE_HANDLER)
        finish_task_switch(k)
    k.host[t.row].base = base
    k.host[t.row].iov = iov


cdef int64_t native_exit_work(kernel_t *k, task_t *t, int64_t ret) noexcept nogil:
    # What is to be done before the program goes on, on its own stack.
    while exit_code(ret):
        if ret == -EHANDLER:
            run_handler(k, t)
            ret = rt_sigreturn(k, t)
        elif ret == -EAGAINCALL:
            ret = call_again(k, t)
        elif ret == -EKILLED:
            coroutine_leave(k)
        else:
            return coroutine_sleep(k, t)  # which looks for handlers when it comes back
    return ret


cdef void signals_body(void *arg) noexcept nogil:
    cdef interrupted_t *at = <interrupted_t *>arg
    cdef kernel_t *k = at.k
    cdef void *lost
    cdef int64_t ret
    finish_task_switch(k)
    ret = native_exit_work(k, task_row(k, k.current), -EHANDLER)
    fastipc_stack_switch(&lost, at.sp, ret)
    never()


cdef void signals_first(kernel_t *k, uint32_t task) noexcept nogil:
    # A program that is about to go on has a handler to run: that is called below the frames of the program, which may
    # have left by a jump out of its call and then go on as if nothing had been.
    cdef interrupted_t *at
    if not handler_waits(k, task_row(k, task)):
        return
    at = <interrupted_t *>((<size_t>k.host[task].sp - HANDLER_GAP - sizeof(interrupted_t)) & ~<size_t>63)
    at.k = k
    at.sp = k.host[task].sp
    k.host[task].sp = fastipc_stack_init(at, signals_body, at)


# ------------------------------------------------------------------------------------------ taking turns
cdef void schedule(kernel_t *k, void **save) noexcept nogil:
    # Give the processor to whoever has the next turn, and come back when it is this stack's turn again.
    cdef uint32_t task = 0
    cdef void *lost
    if unlikely(k.stacks.unguarded) and stack_damaged(&lost):
        coroutine_overflow(k)
    k.turns -= 1
    k.ticks -= 1
    k.current = CTX_HUB
    if likely(k.turns > 0 and not hub_wanted(k)):
        if nr_running(k) > READ_AHEAD_FROM:
            read_ahead(k)
        task = next_turn(k)
        while task == 0 and k.attention == 0 and advance_clock(k):
            task = next_turn(k)
        if unlikely(k.stacks.dead != NULL):  # its own call ended it
            save = &lost
        if (likely(task != 0 and not hub_wanted(k)) and task_row(k, task).kind == KIND_COMPILED
                and (k.host[task].sp != NULL or begin(k, task))):
            k.current = task
            if &k.host[task].sp == save:
                if handler_waits(k, task_row(k, task)):
                    native_exit_work(k, task_row(k, task), -EHANDLER)
            else:
                signals_first(k, task)
                fastipc_stack_switch(save, k.host[task].sp, task_row(k, task).call.ret)
                finish_task_switch(k)
            return
    to_hub(k, save, task, NATIVE_TURN)
    finish_task_switch(k)


cdef int64_t coroutine_sleep(kernel_t *k, task_t *t) noexcept nogil:
    # The call in the task's record has answered -ESLEEP.
    cdef uint32_t me = task_index(k, t)
    if t.state == TASK_RUNNING:  # sched_yield
        enqueue_task(k, me)
    else:
        deactivate_task(k, t)
    schedule(k, &k.host[me].sp)
    return t.call.ret


cdef int64_t schedule_slow(kernel_t *k, task_t *t) noexcept nogil:
    schedule(k, &host_row(k, t).sp)
    return t.call.ret


cdef inline int64_t jump_to(kernel_t *k, task_t *t, task_t *next, int32_t nr, int64_t ret) noexcept nogil:
    # The end of a short way: the task at the head of the queue goes on, and its call is over.
    k.runq_head += 1
    k.turns -= 1
    k.current = next.row
    k.counters.switches += 1
    next.runq_at = 0
    next.flags &= ~<int>TASK_QUEUED
    next.call.nr = -1
    call_account(k, next, nr, next.call.args[0], ret)
    return fastipc_stack_jump(&host_row(k, t).sp, host_row(k, next).sp, ret)


cdef inline task_t *next_coroutine(kernel_t *k) noexcept nogil:
    # Who has the next turn, if that may be the short way; or NULL. Precondition: the call was on it so far.
    cdef uint32_t head = k.runq_head
    cdef task_t *next = task_row(k, k.runq[head & k.runq_mask])
    if (unlikely(k.runq_tail - head - 1 >= <uint32_t>READ_AHEAD_FROM or k.turns <= 1)
            or unlikely(next.kind != KIND_COMPILED)):
        return NULL
    return next


cdef int64_t switch_to_woken(kernel_t *k, task_t *t) noexcept nogil:
    # The short way through `schedule`, `next_turn` and `call_done` to who slept in semop, msgrcv or sigwaitinfo.
    cdef task_t *next = next_coroutine(k)
    cdef int32_t nr
    cdef int64_t ret
    if unlikely(next == NULL or next.call.flags):
        return schedule_slow(k, t)
    nr = next.call.nr
    ret = resume_one(k, next)
    return schedule_slow(k, t) if unlikely(ret < 0) else jump_to(k, t, next, nr, ret)


cdef int64_t coroutine_wait_event(kernel_t *k, task_t *t) noexcept nogil:
    # As `coroutine_wait`, in a call that whoever wakes the task completes.
    go_to_sleep(k, t)
    return switch_to_woken(k, t)


cdef int64_t coroutine_wait_semop(kernel_t *k, task_t *t) noexcept nogil:
    # The same in semop. Whom it has woken mostly slept in semop too.
    cdef task_t *next
    go_to_sleep(k, t)
    next = next_coroutine(k)
    if (likely(next != NULL and first_time(&next.call, NR_semop) and not signal_pending(next))
            and likely(semop_resume_one(k, next))):
        return jump_to(k, t, next, NR_semop, 0)
    return switch_to_woken(k, t)


cdef int64_t coroutine_wait_signal(kernel_t *k, task_t *t) noexcept nogil:
    # The same in sigtimedwait.
    cdef task_t *next
    cdef int64_t sig
    go_to_sleep(k, t)
    next = next_coroutine(k)
    if likely(next != NULL and first_time(&next.call, NR_rt_sigtimedwait)):
        sig = sigtimedwait_resume_one(k, next)
        if likely(sig > 0):
            return jump_to(k, t, next, NR_rt_sigtimedwait, sig)
    return switch_to_woken(k, t)


cdef inline int64_t switch_to_reader(kernel_t *k, task_t *t) noexcept nogil:
    # The short way through `schedule`, `next_turn`, `resume_read` and `call_done`.
    cdef uint32_t head = k.runq_head, task = k.runq[head & k.runq_mask]
    cdef task_t *next = task_row(k, task)
    cdef file_t *f = file_row(k, next.call.file)
    cdef pipe_t *pipe = pipe_row(k, f.private_data)
    cdef host_t *host = &k.host[task]
    cdef int64_t ret
    if (unlikely(head == k.runq_tail or k.turns <= 1 or k.express < 0)
            or unlikely(next.kind != KIND_COMPILED or not first_time(&next.call, NR_read) or next.wait.kind)
            or unlikely(signal_pending(next))
            or unlikely(f.f_op != PIPEANON_FOPS or f.f_count == 1 or not pipe.inlined.live)):
        return switch_to_woken(k, t)
    ret = pipe_read_one(k, pipe, host.base, next.call.iter.count)
    if unlikely(ret == 0):
        return schedule_slow(k, t)
    f.f_count -= 1
    next.call.file = 0
    return jump_to(k, t, next, NR_read, ret)


cdef int64_t coroutine_read_ahead(kernel_t *k, task_t *t) noexcept nogil:
    read_ahead(k)
    return switch_to_reader(k, t)


cdef int64_t coroutine_wait(kernel_t *k, task_t *t) noexcept nogil:
    # As `coroutine_sleep`, for a task that waits on a queue since the short way led there.
    go_to_sleep(k, t)
    if unlikely(nr_running(k) > READ_AHEAD_FROM):
        return coroutine_read_ahead(k, t)
    return switch_to_reader(k, t)


cdef void coroutine_pause(kernel_t *k, task_t *t) noexcept nogil:
    # Let the hub look around; the same task goes on afterwards.
    cdef uint32_t me = task_index(k, t)
    to_hub(k, &k.host[me].sp, me, NATIVE_PAUSE)
    finish_task_switch(k)


cdef int64_t coroutine_hook(kernel_t *k, task_t *t) noexcept nogil:
    # Let the hub ask a hook about the call in the record; the same task goes on afterwards.
    cdef uint32_t me = task_index(k, t)
    to_hub(k, &k.host[me].sp, me, NATIVE_HOOK)
    finish_task_switch(k)
    return t.call.ret


cdef void coroutine_leave(kernel_t *k) noexcept nogil:
    # The task that runs here has ended, and its row may be another's already.
    cdef void *lost
    schedule(k, &lost)
    never()


cdef void coroutine_overflow(kernel_t *k) noexcept nogil:
    k.host[k.current].start.state |= START_OVERFLOWED
    to_hub(k, &k.host[k.current].sp, k.current, NATIVE_OVERFLOW)
    never()


cdef void overflow_body(void *machine) noexcept nogil:
    coroutine_overflow(<kernel_t *>machine)


# ------------------------------------------------------------------------------------------ the life of a program
cdef void coroutine_main(void *machine) noexcept nogil:
    cdef kernel_t *k = <kernel_t *>machine
    cdef uint32_t me = k.current
    cdef task_t *t = task_row(k, me)
    cdef start_t *start = k.host[me].start
    cdef void *excinfo = NULL
    finish_task_switch(k)
    if start.entry(k, t, <char *>(start + 1), &excinfo) != 0:
        k.stacks.excinfo = excinfo
        to_hub(k, &k.host[me].sp, me, NATIVE_FAILED)
        never()
    start.state |= START_RETURNED
    program_exit(k, t, 0)
    coroutine_leave(k)


cdef void coroutine_restart(kernel_t *k, uint32_t task) noexcept nogil:
    # After an execve: the new program begins on the same stack, whose frames are lost.
    cdef void *lost
    fastipc_stack_switch(&lost, fastipc_stack_init(top_of(slot_of(&lost)), coroutine_main, k), 0)
    never()


cdef void coroutine_run(kernel_t *k, uint32_t task) noexcept nogil:
    # Until a compiled program gives the processor back.
    cdef stacks_t *s = &k.stacks
    if k.host[task].sp == NULL and not begin(k, task):
        s.next = task
        s.event = NATIVE_NO_STACK
        return
    k.current = task
    signals_first(k, task)
    k.express = TICKS if k.schedule == SCHED_FIFO and not k.tracing and not s.unguarded else NO_EXPRESS
    fastipc_set_running(k)
    fastipc_stack_switch(&s.hub_sp, k.host[task].sp, task_row(k, task).call.ret)
    fastipc_set_running(NULL)
    finish_task_switch(k)


cdef void coroutine_watch() noexcept nogil:
    # Before a run: a stack that overflows is this machine's to handle.
    fastipc_watch_overflow(overflow_body)
