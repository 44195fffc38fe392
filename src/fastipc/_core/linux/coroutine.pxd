# Tasks whose program is machine code: how they begin, sleep, take turns and end.
#
# Such a program is an ordinary blocking function on a stack of its own. When a call of it must sleep, it picks the next
# task and, if that is compiled too, goes on straight there; everything else is left to the hub, the C frame of
# `coroutine_run`. No Python object is touched and the interpreter lock is not held. As in Linux a stack is given back
# later than it is left, because nobody can free the stack that it stands on.
#
# Nearly all that such programs do is to read and write short messages while nothing else is asked of the machine: no
# trace is kept, turns are first come first served, and stacks have guards. Then `express` is >= 0, and a call may take
# the short way: all that it needs to look at, it looks at first; if everything is as usual it does its work, without a
# record of the call and without another C function; else it has done nothing, and the long way does all.


cdef void coroutine_run(kernel_t *k, uint32_t task) noexcept nogil  # from the hub; what happened is in k.stacks
cdef int64_t coroutine_sleep(kernel_t *k, task_t *t) noexcept nogil  # the result of the call that slept
cdef int64_t coroutine_wait(kernel_t *k, task_t *t) noexcept nogil
cdef int64_t coroutine_wait_event(kernel_t *k, task_t *t) noexcept nogil
cdef int64_t coroutine_wait_semop(kernel_t *k, task_t *t) noexcept nogil
cdef int64_t coroutine_wait_signal(kernel_t *k, task_t *t) noexcept nogil
cdef int64_t coroutine_read_ahead(kernel_t *k, task_t *t) noexcept nogil
cdef int64_t schedule_slow(kernel_t *k, task_t *t) noexcept nogil
cdef void coroutine_pause(kernel_t *k, task_t *t) noexcept nogil
cdef int64_t coroutine_hook(kernel_t *k, task_t *t) noexcept nogil  # what the call's result is to be
cdef int64_t native_exit_work(kernel_t *k, task_t *t, int64_t ret) noexcept nogil  # the result; may leave for good
cdef void coroutine_leave(kernel_t *k) noexcept nogil  # never returns
cdef void coroutine_restart(kernel_t *k, uint32_t task) noexcept nogil  # never returns
cdef void coroutine_overflow(kernel_t *k) noexcept nogil  # never returns
cdef void coroutine_free(kernel_t *k, uint32_t task) noexcept nogil
cdef void start_end(kernel_t *k, uint32_t task) noexcept nogil
cdef void coroutine_watch() noexcept nogil
cdef void coroutines_release(kernel_t *k) noexcept nogil
cdef void start_put(start_t *start) noexcept nogil

cdef enum:
    TRACE_SLACK = 64  # records that may still come before the hub empties the buffer
    NO_EXPRESS = -2  # kernel.express while calls must take the long way
    TICKS = 20000  # calls and turns between two looks at the host's signals: about a millisecond


cdef inline bint hub_wanted(kernel_t *k) noexcept nogil:
    if likely(k.ticks > 0 and k.attention == 0):
        return False
    return k.ticks <= 0 or k.attention != ATT_TRACE or k.trace_n + TRACE_SLACK > k.trace_cap


cdef inline bint express(kernel_t *k, task_t *t) noexcept nogil:
    # Whether a call that begins here may take the short way.
    k.express -= 1
    return likely(k.express >= 0) and likely(not stack_overrun()) and likely(not signal_pending(t))


cdef inline void express_over(kernel_t *k) noexcept nogil:
    # On the long way: after so many calls it is time for the hub to look around.
    if k.express == -1:
        k.ticks = 0
