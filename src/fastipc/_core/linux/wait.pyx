"""Wait queues: joining at the head, leaving, waking, and the walk that checks them. Source: kernel/sched/wait.c."""


cdef void add_wait_queue(kernel_t *k, uint32_t link, uint16_t kind, uint32_t obj) noexcept nogil:
    # Not exclusive: at the head, as list_add does.
    cdef wait_queue_entry_t *w = wait_entry(k, link)
    cdef wait_queue_head_t *head = wait_queue(k, kind, obj)
    w.kind = kind
    w.obj = obj
    w.flags = 0
    w.prev = 0
    w.next = head.first
    if head.first:
        wait_entry(k, head.first).prev = link
    else:
        head.last = link
    head.first = link


cdef void remove_wait_queue(kernel_t *k, uint32_t link) noexcept nogil:
    cdef wait_queue_entry_t *w = wait_entry(k, link)
    cdef wait_queue_head_t *head
    if not w.kind:
        return
    head = wait_queue(k, w.kind, w.obj)
    if w.prev:
        wait_entry(k, w.prev).next = w.next
    else:
        head.first = w.next
    if w.next:
        wait_entry(k, w.next).prev = w.prev
    else:
        head.last = w.prev
    w.kind = WQ_NONE
    w.flags = 0
    w.next = w.prev = w.obj = 0


cdef void wake_up_common(kernel_t *k, wait_queue_head_t *head, uint32_t mask, uint32_t nr_exclusive,
                         uint32_t key) noexcept nogil:
    # In queue order, until `nr_exclusive` exclusive waiters were woken (0: no end). A task that something else woke
    # already does not count and stays queued; so does one that waits for a child, in its place. `key`: the events, for
    # polls that wait for some only; 0 = all.
    cdef uint32_t link = head.first, next
    cdef wait_queue_entry_t *w
    cdef poll_entry_t *p
    while link:
        w = wait_entry(k, link)
        next = w.next
        if link & LINK_POLL:
            p = poll_entry_row(k, link & ~<uint32_t>LINK_POLL)
            if key == 0 or key & p.key:
                try_to_wake_up(k, p.task, TASK_NORMAL)
        elif try_to_wake_up(k, link, mask):
            if w.flags & WQ_FLAG_EXCLUSIVE:
                remove_wait_queue(k, link)
                nr_exclusive -= 1
                if nr_exclusive == 0:
                    return
        link = next


cdef bint queue_check(kernel_t *k, uint16_t kind, uint32_t obj, uint32_t *entries) noexcept nogil:
    cdef wait_queue_head_t *head = wait_queue(k, kind, obj)
    cdef uint32_t link = head.first, prev = 0
    cdef wait_queue_entry_t *w
    while link:
        w = wait_entry(k, link)
        if not (check(k, w.kind == kind and w.obj == obj, b"wait: entry on the wrong queue")
                and check(k, w.prev == prev, b"wait: broken back link")):
            return False
        prev = link
        link = w.next
        entries[0] += 1
    return check(k, head.last == prev, b"wait: wrong last entry")


cdef bint wait_check(kernel_t *k) noexcept nogil:
    cdef uint32_t i, found = 0, expected = 0
    for i in range(1, k.table[T_PIPE].high):
        if pipe_row(k, i).live:
            if not queue_check(k, WQ_PIPE_RD, i, &found) or not queue_check(k, WQ_PIPE_WR, i, &found):
                return False
    for i in range(1, k.table[T_SIGNAL].high):
        if signal_row(k, i).live and not queue_check(k, WQ_CHLDEXIT, i, &found):
            return False
    for i in range(1, k.table[T_SIGHAND].high):
        if sighand_row(k, i).live and not queue_check(k, WQ_SIGNALFD, i, &found):
            return False
    for i in range(1, k.table[T_TASK].high):
        if task_row(k, i).live:
            expected += task_row(k, i).wait.kind != WQ_NONE
            if not check(k, task_row(k, i).wake_q == 0, b"wait: task left on a wake queue"):
                return False
    for i in range(1, k.table[T_POLL_ENTRY].high):
        expected += poll_entry_row(k, i).live != 0 and poll_entry_row(k, i).wait.kind != WQ_NONE
    return check(k, found == expected, b"wait: entries lost")
