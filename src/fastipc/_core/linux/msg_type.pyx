"""Which message is received. Source: ipc/msg.c (find_msg, testmsg).

Linux looks through the queue. So is done here while it is short. A long queue that is searched for a type gets an
index: the oldest message of each type in an xarray, behind it the others of that type. Where there is no room for the
index the queue is looked through. It goes when the queue is empty.

Invariant: with an index, every message is in it, and those of one type are in the order of the queue.
"""


cdef enum:
    LONG_QUEUE = 16  # messages that are looked through


cdef void types_drop(kernel_t *k, msg_queue_t *msq) noexcept nogil:
    cdef uint32_t i = msq.q_messages.first
    cdef msg_msg_t *m
    while i:
        m = msg_row(k, i)
        if m.indexed:
            xa_erase(k, &msq.by_type, <uint64_t>m.m_type)
        m.type_next = m.type_prev = m.indexed = 0
        i = m.next


cdef void type_add(kernel_t *k, msg_queue_t *msq, uint32_t i) noexcept nogil:
    # The newest message. Without room there is no index any more.
    cdef msg_msg_t *m = msg_row(k, i)
    cdef uint32_t oldest = xa_load(k, msq.by_type, <uint64_t>m.m_type)
    if oldest:
        m.type_prev = msg_row(k, oldest).type_prev
        msg_row(k, m.type_prev).type_next = i
        msg_row(k, oldest).type_prev = i
    elif xa_store(k, &msq.by_type, <uint64_t>m.m_type, i) < 0:
        k.failed_errno = 0
        types_drop(k, msq)
        return
    else:
        m.type_prev = i
    m.indexed = 1


cdef void type_del(kernel_t *k, msg_queue_t *msq, uint32_t i) noexcept nogil:
    # The oldest message of its type: no other one is ever taken.
    cdef msg_msg_t *m = msg_row(k, i)
    cdef uint32_t next = m.type_next
    if next:
        msg_row(k, next).type_prev = m.type_prev
        xa_store(k, &msq.by_type, <uint64_t>m.m_type, next)
    else:
        xa_erase(k, &msq.by_type, <uint64_t>m.m_type)
    m.type_next = m.type_prev = m.indexed = 0


cdef void types_build(kernel_t *k, msg_queue_t *msq) noexcept nogil:
    cdef uint32_t i = msq.q_messages.first
    while i:
        type_add(k, msq, i)
        if msq.by_type == 0:
            return
        i = msg_row(k, i).next


cdef inline uint32_t look_through(kernel_t *k, msg_queue_t *msq, int64_t msgtyp, int32_t mode) noexcept nogil:
    cdef uint32_t i = msq.q_messages.first, found = 0
    cdef int64_t count = 0, type
    while i:
        type = msg_row(k, i).m_type
        if mode == SEARCH_LESSEQUAL:
            if type <= msgtyp:
                found = i
                if type == 1:
                    return i
                msgtyp = type - 1
        elif ((mode == SEARCH_EQUAL and type == msgtyp) or (mode == SEARCH_NOTEQUAL and type != msgtyp)
              or (mode == SEARCH_NUMBER and count == msgtyp)):
            return i
        count += 1
        i = msg_row(k, i).next
    return found


cdef uint32_t find_msg(kernel_t *k, msg_queue_t *msq, int64_t msgtyp, int32_t mode) noexcept nogil:
    # The message that a receiver of that type is to have, or 0.
    cdef uint64_t type = 0
    if mode == SEARCH_ANY or msq.q_messages.first == 0:
        return msq.q_messages.first
    if msq.q_qnum <= LONG_QUEUE or mode == SEARCH_NOTEQUAL or mode == SEARCH_NUMBER:
        return look_through(k, msq, msgtyp, mode)
    if msq.by_type == 0:
        types_build(k, msq)
        if msq.by_type == 0:
            return look_through(k, msq, msgtyp, mode)
    if mode == SEARCH_EQUAL:
        return xa_load(k, msq.by_type, <uint64_t>msgtyp)
    return xa_find(k, msq.by_type, &type, <uint64_t>msgtyp)


cdef bint type_check(kernel_t *k, msg_queue_t *msq) noexcept nogil:
    # Every message has its place behind the older ones of its type.
    cdef uint32_t i = msq.q_messages.first, oldest
    cdef msg_msg_t *m
    cdef bint right = True
    while i and right:
        m = msg_row(k, i)
        right = (m.indexed != 0) == (msq.by_type != 0)
        if m.indexed:
            oldest = xa_load(k, msq.by_type, <uint64_t>m.m_type)
            right = right and oldest != 0 and (msg_row(k, m.type_prev).type_next == i or oldest == i)
            right = right and (m.type_next == 0 or msg_row(k, m.type_next).type_prev == i)
            right = right and (m.type_next != 0 or msg_row(k, oldest).type_prev == i)
        i = m.next
    return check(k, right, b"msg: message that its type does not find")
