# Wait queues and wake queues. Source: include/linux/wait.h, kernel/sched/wait.c, wake_q of kernel/sched/core.c.
#
# A queue is a doubly linked list of entries. A task that waits for one object uses the entry in its own row; a poll
# uses one poll_entry per object. An entry knows its queue by kind and object, so it can leave it, and a report can
# say what a task waits for. As in Linux: exclusive waiters join at the tail and leave the queue when they are woken,
# the others join at the head and leave when their call ends.


cdef void wake_up_common(
    kernel_t *k, wait_queue_head_t *head, uint32_t mask, uint32_t nr_exclusive, uint32_t key
) noexcept nogil
cdef void add_wait_queue(kernel_t *k, uint32_t link, uint16_t kind, uint32_t obj) noexcept nogil
cdef void remove_wait_queue(kernel_t *k, uint32_t link) noexcept nogil
cdef bint wait_check(kernel_t *k) noexcept nogil

ctypedef struct wake_q_head_t:
    uint32_t first
    uint32_t last


cdef inline wait_queue_entry_t *wait_entry(kernel_t *k, uint32_t link) noexcept nogil:
    if link & LINK_POLL:
        return &poll_entry_row(k, link & ~<uint32_t>LINK_POLL).wait
    return &task_row(k, link).wait


cdef inline wait_queue_head_t *wait_queue(kernel_t *k, uint16_t kind, uint32_t obj) noexcept nogil:
    if kind == WQ_PIPE_RD:
        return &pipe_row(k, obj).rd_wait
    if kind == WQ_PIPE_WR:
        return &pipe_row(k, obj).wr_wait
    if kind == WQ_SIGNALFD:
        return &sighand_row(k, obj).signalfd_wqh
    return &signal_row(k, obj).wait_chldexit


cdef inline bint wakes_alone(kernel_t *k, uint32_t link) noexcept nogil:
    # Whether a wake-up of the queue that begins with this entry wakes this task and nobody else: mostly the first waits
    # exclusively, and then there is nothing to look for.
    cdef task_t *t = task_row(k, link)
    return likely(not (link & LINK_POLL)) and t.wait.flags & WQ_FLAG_EXCLUSIVE and t.state & TASK_INTERRUPTIBLE


cdef inline void wake_alone(kernel_t *k, wait_queue_head_t *head, uint32_t link) noexcept nogil:
    cdef task_t *t = task_row(k, link)
    cdef uint32_t next = t.wait.next
    head.first = next
    if unlikely(next):
        wait_entry(k, next).prev = 0
    else:
        head.last = 0
    memset(&t.wait, 0, sizeof(wait_queue_entry_t))
    ttwu_do_wakeup(k, t)


cdef inline void wake_up(kernel_t *k, wait_queue_head_t *head, uint32_t key) noexcept nogil:
    # wake_up_interruptible_poll: all who do not wait exclusively, and the first who does.
    cdef uint32_t link = head.first
    if link == 0:
        return
    if likely(wakes_alone(k, link)):
        wake_alone(k, head, link)
    else:
        wake_up_common(k, head, TASK_INTERRUPTIBLE, 1, key)


cdef inline void wake_up_all(kernel_t *k, wait_queue_head_t *head) noexcept nogil:
    if head.first:
        wake_up_common(k, head, TASK_INTERRUPTIBLE, 0, 0)


cdef inline void add_wait_queue_exclusive(
    kernel_t *k, task_t *t, wait_queue_head_t *head, uint16_t kind, uint32_t obj
) noexcept nogil:
    # At the tail of `head`, which is the queue of that kind and object.
    cdef uint32_t me = task_index(k, t), last = head.last
    t.wait.next = 0
    t.wait.prev = last
    t.wait.obj = obj
    t.wait.kind = kind
    t.wait.flags = WQ_FLAG_EXCLUSIVE
    head.last = me
    if unlikely(last):
        wait_entry(k, last).next = me
    else:
        head.first = me
    t.state = TASK_INTERRUPTIBLE


cdef inline void prepare_to_wait_exclusive(
    kernel_t *k, task_t *t, wait_queue_head_t *head, uint16_t kind, uint32_t obj
) noexcept nogil:
    # State and queue, then (by the caller) the condition once more: a wake-up in between is not lost.
    if t.wait.kind:
        t.state = TASK_INTERRUPTIBLE
    else:
        add_wait_queue_exclusive(k, t, head, kind, obj)


cdef inline void prepare_to_wait(kernel_t *k, task_t *t, uint16_t kind, uint32_t obj) noexcept nogil:
    t.state = TASK_INTERRUPTIBLE
    if not t.wait.kind:
        add_wait_queue(k, task_index(k, t), kind, obj)


cdef inline void finish_wait(kernel_t *k, task_t *t) noexcept nogil:
    t.state = TASK_RUNNING
    if t.wait.kind:
        remove_wait_queue(k, task_index(k, t))


cdef inline void wake_q_add(kernel_t *k, wake_q_head_t *head, uint32_t task) noexcept nogil:
    # Collect a task to wake later: each once, in order. Whoever adds has stored the sleeper's result already.
    cdef task_t *t = task_row(k, task)
    if t.wake_q:
        return
    t.wake_q = WAKE_Q_TAIL
    if head.last:
        task_row(k, head.last).wake_q = task
    else:
        head.first = task
    head.last = task


cdef inline void wake_up_q(kernel_t *k, wake_q_head_t *head) noexcept nogil:
    cdef uint32_t task = head.first, next
    while task and task != WAKE_Q_TAIL:
        next = task_row(k, task).wake_q
        task_row(k, task).wake_q = 0
        try_to_wake_up(k, task, TASK_NORMAL)
        task = next
    head.first = head.last = 0
