# System calls in progress: how they begin, sleep, go on and complete.
#
# A call lives in the record of its task. The entry stores number and arguments, does the work, and either completes at
# once or leaves the task asleep; on its turn `call_resume` enters the mechanism again. All calls of all kinds of task
# complete in `call_done`, but for those that take a short way and leave no record, of compiled programs
# (linux/coroutine.pxd) and messages of all others: counters and hash are kept by `call_account` for both, a trace and
# signals make the way a long one.


cdef void trace_push(kernel_t *k, task_t *t, int64_t ret) noexcept nogil
cdef int64_t call_resume(kernel_t *k, task_t *t) noexcept nogil  # result, -ESLEEP
cdef int64_t call_again(kernel_t *k, task_t *t) noexcept nogil  # after -EAGAINCALL: as call_done, or -ESLEEP
cdef bint settle(kernel_t *k, task_t *t, int64_t ret) noexcept nogil
cdef void call_abort(kernel_t *k, task_t *t) noexcept nogil
cdef void call_put_last(kernel_t *k, task_t *t) noexcept nogil
cdef uint32_t next_turn(kernel_t *k) noexcept nogil

cdef enum:
    HASH_1 = 0x9E3779B97F4A7C15
    HASH_2 = 0xC2B2AE3D27D4EB4F
    HASH_3 = 0x165667B19E3779F9


cdef inline void call_begin(task_t *t, int32_t nr) noexcept nogil:
    t.call.nr = nr
    t.call.flags = t.call.res = t.call.pad = 0
    t.call.done = 0


cdef inline bint first_time(const call_t *c, int32_t nr) noexcept nogil:
    # A call with this number that has not been entered again and is of the host's memory: flags and kind of result are
    # 0.
    cdef uint64_t head
    memcpy(&head, c, sizeof(head))
    return head == <uint64_t>nr


cdef inline void call_hold(kernel_t *k, task_t *t, file_t *f) noexcept nogil:
    # A sleeping call keeps its open file, whatever becomes of the descriptor.
    t.call.file = file_index(k, f)
    f.f_count += 1


cdef inline void call_put(kernel_t *k, task_t *t) noexcept nogil:
    if likely(file_row(k, t.call.file).f_count > 1):
        file_row(k, t.call.file).f_count -= 1
        t.call.file = 0
    else:
        call_put_last(k, t)


cdef inline void call_count(kernel_t *k, task_t *t, int32_t nr, int64_t arg, int64_t ret) noexcept nogil:
    # What does not depend on the call before is put together first.
    cdef uint64_t z = (<uint64_t>k.now ^ <uint64_t>t.pid << 9 ^ <uint64_t>nr ^ <uint64_t>arg << 40) * <uint64_t>HASH_3
    z ^= <uint64_t>ret * <uint64_t>HASH_2
    z = (k.trace_hash ^ z) * <uint64_t>HASH_1
    k.trace_hash = z ^ z >> 29
    k.counters.calls[nr] += 1


cdef inline void call_account(kernel_t *k, task_t *t, int32_t nr, int64_t arg, int64_t ret) noexcept nogil:
    call_count(k, t, nr, arg, ret)
    t.call.ret = ret


cdef inline void call_finish(kernel_t *k, task_t *t, int64_t ret) noexcept nogil:
    # The end of a call that does not lead back to user code.
    call_account(k, t, t.call.nr, t.call.args[0], ret)
    if unlikely(k.tracing):
        trace_push(k, t, ret)
    t.call.nr = -1


cdef inline int64_t call_done(kernel_t *k, task_t *t, int64_t ret) noexcept nogil:
    # The way back to user code: the result, or what else is to be done, see linux/signal_deliver.pxd.
    cdef call_t *c = &t.call
    if unlikely(c.file != 0):
        call_put(k, t)
    if unlikely(t.flags & (TIF_SIGPENDING | TIF_RESTORE_SIGMASK | TASK_BREAK)):
        return exit_work(k, t, ret)
    call_finish(k, t, ret)
    return ret
