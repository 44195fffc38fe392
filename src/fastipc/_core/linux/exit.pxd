# The end of tasks, and waiting for it. Source: kernel/exit.c.


cdef void do_exit(kernel_t *k, task_t *t, int32_t code) noexcept nogil  # `code`: wait status word
cdef void do_group_exit(kernel_t *k, task_t *t, int32_t code) noexcept nogil
cdef void program_exit(kernel_t *k, task_t *t, int32_t code) noexcept nogil
cdef bint zap_other_threads(kernel_t *k, task_t *t, int32_t code) noexcept nogil
cdef void release_task(kernel_t *k, uint32_t task) noexcept nogil
cdef void put_rlimit(kernel_t *k, uint32_t rlimit) noexcept nogil
cdef int64_t do_wait4(kernel_t *k, task_t *t) noexcept nogil  # arguments in the record; status in call.out0
cdef int64_t do_waitid(kernel_t *k, task_t *t) noexcept nogil
cdef void waitid_info(task_t *t, siginfo_t *info) noexcept nogil
cdef bint is_current_pgrp_orphaned(kernel_t *k, task_t *t) noexcept nogil
cdef void exit_notify(kernel_t *k, task_t *t) noexcept nogil
cdef void wake_up_parent(kernel_t *k, task_t *c) noexcept nogil  # who waits for this child
cdef uint32_t next_dead(kernel_t *k) noexcept nogil
cdef void bury(kernel_t *k, uint32_t task) noexcept nogil


cdef inline bint thread_group_leader(kernel_t *k, task_t *t) noexcept nogil:
    return t.group_leader == task_index(k, t)


cdef inline void add_child(kernel_t *k, uint32_t parent, uint32_t child) noexcept nogil:
    # The newest child of `parent`.
    cdef task_t *p = task_row(k, parent)
    cdef task_t *c = task_row(k, child)
    c.real_parent = parent
    c.sibling_next = 0
    c.sibling_prev = p.children_last
    if p.children_last:
        task_row(k, p.children_last).sibling_next = child
    else:
        p.children = child
    p.children_last = child


cdef inline int32_t task_ppid(kernel_t *k, task_t *t) noexcept nogil:
    # task_ppid_nr: the number of the parent process, 0 for init.
    cdef uint32_t parent = task_row(k, t.group_leader).real_parent
    return task_row(k, parent).tgid if parent else 0


cdef inline int32_t task_ppid_vnr(kernel_t *k, task_t *t) noexcept nogil:
    # As it sees that itself: 0 if the parent is outside its namespace.
    cdef int32_t ppid = task_ppid(k, t)
    return pid_vnr(k, t, ppid) if ppid else 0
