# The way back to user code: signals are taken until none is left. Source: kernel/entry/common.c
# (exit_to_user_mode_loop), kernel/signal.c (get_signal), arch/x86/kernel/signal.c (arch_do_signal_or_restart).
#
# A call that is over has CALL_OVER and its result in the record. What comes of it is one of
#   >= 0, -errno  its result: user code goes on
#   -EKILLED      the task has ended
#   -ESLEEP       the task has stopped, and goes on from here when it is continued
#   -EHANDLER     a handler is to run: the frame on top. Whoever runs the task's code marks it as begun, runs it, calls
#                 rt_sigreturn, and is where it was before
#   -EAGAINCALL   the call is to be made again, by `call_restart`

cdef int64_t exit_to_user_mode(kernel_t *k, task_t *t) noexcept nogil
cdef int64_t exit_work(kernel_t *k, task_t *t, int64_t ret) noexcept nogil
cdef bint kill_self_one(kernel_t *k, task_t *t, int64_t pid, int64_t sig) noexcept nogil


cdef inline int64_t kill_self_ready(kernel_t *k, task_t *t) noexcept nogil:
    # What comes of the call after `kill_self_one`: the handler runs, unless its frame had no room.
    return exit_to_user_mode(k, t) if unlikely(t.flags & TIF_SIGPENDING) else -EHANDLER


cdef inline bint exit_code(int64_t ret) noexcept nogil:
    # Whether it is one of the last four.
    return ret <= -ESLEEP
