"""Queues: msgget, msgsnd, msgrcv, the end of a queue. Source: ipc/msg.c.

Invariants: `q_cbytes` and `q_qnum` are those of the messages on the queue; a receiver's row is live while its task is
asleep in msgrcv or has not taken its message, a sender's while its task is asleep in msgsnd.
"""


cdef ipc_ops_t msg_ops


cdef void msg_init() noexcept nogil:
    msg_ops.getnew = newque


# ------------------------------------------------------------------------------------------ get
cdef int64_t newque(kernel_t *k, task_t *t, uint32_t n, ipc_params_t *params) noexcept nogil:
    cdef ipc_namespace_t *ns = ipc_ns_row(k, n)
    cdef uint32_t row = table_alloc(k, T_MSG_QUEUE, sizeof(msg_queue_t))
    cdef msg_queue_t *msq = msg_queue_row(k, row)
    cdef int64_t err
    if row == 0:
        return -alloc_errno(k, ENOMEM)
    msq.q_perm.mode = <uint32_t>params.flg & S_IRWXUGO
    msq.q_perm.key = params.key
    msq.q_ctime = ktime_get_real_seconds(k)
    msq.q_qbytes = <uint64_t>ns.msg_ctlmnb
    msq.ns = n
    err = ipc_addid(k, t, msg_ids(k, n), row, ns.msg_ctlmni)
    if err < 0:
        table_free(k, T_MSG_QUEUE, row, sizeof(msg_queue_t))
        return err
    return msq.q_perm.id


cdef int64_t do_msgget(kernel_t *k, task_t *t, int32_t key, int32_t flg) noexcept nogil:
    cdef ipc_params_t params
    params.key = key
    params.flg = flg
    params.size = 0
    return ipcget(k, t, msg_ids(k, current_ipc_ns(k, t)), &msg_ops, &params)


# ------------------------------------------------------------------------------------------ queues of sleepers
cdef inline void receivers_del(kernel_t *k, uint32_t i) noexcept nogil:
    cdef msg_receiver_t *msr = msg_receiver_row(k, i)
    list_del(k, T_MSG_RECEIVER, sizeof(msg_receiver_t), &msg_queue_row(k, msr.msq).q_receivers, i)
    msr.msq = 0


cdef inline void ss_del(kernel_t *k, uint32_t i) noexcept nogil:
    cdef msg_sender_t *mss = msg_sender_row(k, i)
    list_del(k, T_MSG_SENDER, sizeof(msg_sender_t), &msg_queue_row(k, mss.msq).q_senders, i)


cdef inline void ss_add(kernel_t *k, msg_queue_t *msq, uint32_t i) noexcept nogil:
    list_add_tail(k, T_MSG_SENDER, sizeof(msg_sender_t), &msq.q_senders, i)


cdef void ss_wakeup(kernel_t *k, msg_queue_t *msq, wake_q_head_t *wake) noexcept nogil:
    # Wakes all senders whose message alone would fit; the others move to the tail. Nobody is looked at twice.
    cdef uint32_t i = msq.q_senders.first, stop = 0, next
    while i and i != stop:
        next = msg_sender_row(k, i).next
        if msg_fits_inqueue(msq, msg_sender_row(k, i).msgsz):
            wake_q_add(k, wake, i)
        else:
            if stop == 0:
                stop = i
            ss_del(k, i)
            ss_add(k, msq, i)
        i = next


cdef void expunge_all(kernel_t *k, msg_queue_t *msq, int res, wake_q_head_t *wake) noexcept nogil:
    # Wakes all receivers: with EAGAIN they look again. They leave the queue when they run.
    cdef uint32_t i = msq.q_receivers.first
    while i:
        msg_receiver_row(k, i).r_msg = res
        wake_q_add(k, wake, i)
        i = msg_receiver_row(k, i).next


# ------------------------------------------------------------------------------------------ the end of a queue
cdef void part_sleepers(kernel_t *k, msg_queue_t *msq, wake_q_head_t *wake) noexcept nogil:
    # The queue goes: nobody is on it any more.
    cdef uint32_t i
    expunge_all(k, msq, -EIDRM, wake)
    while msq.q_receivers.first:
        receivers_del(k, msq.q_receivers.first)
    while msq.q_senders.first:
        i = msq.q_senders.first
        ss_del(k, i)
        msg_sender_row(k, i).msq = 0
        wake_q_add(k, wake, i)


cdef void freeque(kernel_t *k, uint32_t row) noexcept nogil:
    cdef msg_queue_t *msq = msg_queue_row(k, row)
    cdef wake_q_head_t wake
    wake.first = wake.last = 0
    part_sleepers(k, msq, &wake)
    ipc_rmid(k, row, &msq.q_perm)
    wake_up_q(k, &wake)
    while msq.q_messages.first:
        free_msg(k, unlink_msg(k, msq, ipc_ns_row(k, msq.ns), msq.q_messages.first))
    ipc_put_pid(k, msq.q_lspid)
    ipc_put_pid(k, msq.q_lrpid)
    table_free(k, T_MSG_QUEUE, row, sizeof(msg_queue_t))


cdef void msg_exit_ns(kernel_t *k, uint32_t ns) noexcept nogil:
    free_ipcs(k, msg_ids(k, ns), freeque)


# ------------------------------------------------------------------------------------------ messages of a queue
cdef inline void queue_grows(
    msg_queue_t *msq, ipc_namespace_t *ns, int64_t messages, int64_t bytes
) noexcept nogil:
    # Or shrinks. In this order the compiler makes no pairs of the numbers, which are read one by one.
    msq.q_cbytes += <uint64_t>bytes
    ns.msg_bytes += bytes
    msq.q_qnum += <uint64_t>messages
    ns.msg_hdrs += messages


cdef inline void link_msg(kernel_t *k, msg_queue_t *msq, ipc_namespace_t *ns, uint32_t i) noexcept nogil:
    list_add_tail(k, T_MSG, sizeof(msg_msg_t), &msq.q_messages, i)
    if unlikely(msq.by_type != 0):
        type_add(k, msq, i)
    queue_grows(msq, ns, 1, <int64_t>msg_row(k, i).m_ts)


cdef inline uint32_t unlink_msg(kernel_t *k, msg_queue_t *msq, ipc_namespace_t *ns, uint32_t i) noexcept nogil:
    if unlikely(msq.by_type != 0):
        type_del(k, msq, i)
    list_del(k, T_MSG, sizeof(msg_msg_t), &msq.q_messages, i)
    queue_grows(msq, ns, -1, -<int64_t>msg_row(k, i).m_ts)
    return i


# ------------------------------------------------------------------------------------------ msgsnd
cdef inline bint testmsg(int64_t mtype, int64_t msgtyp, int32_t mode) noexcept nogil:
    if mode == SEARCH_LESSEQUAL:
        return mtype <= msgtyp
    if mode == SEARCH_EQUAL:
        return mtype == msgtyp
    return mode != SEARCH_NOTEQUAL or mtype != msgtyp


cdef bint pipelined_send(kernel_t *k, msg_queue_t *msq, uint32_t msg, wake_q_head_t *wake) noexcept nogil:
    # Hands a message to the oldest receiver that wants it. Those whose room is too small get E2BIG on the way.
    cdef uint32_t i = msq.q_receivers.first, next
    cdef msg_msg_t *m = msg_row(k, msg)
    cdef msg_receiver_t *msr
    while i:
        msr = msg_receiver_row(k, i)
        next = msr.next
        if testmsg(m.m_type, msr.r_msgtype, msr.r_mode):
            receivers_del(k, i)
            wake_q_add(k, wake, i)
            if <uint64_t>msr.r_maxsize >= m.m_ts:
                ipc_update_pid(k, &msq.q_lrpid, task_row(k, i).pid)
                msq.q_rtime = ktime_get_real_seconds(k)
                msr.r_msg = msg
                return True
            msr.r_msg = -E2BIG
        i = next
    return False


cdef int64_t msgsnd_sleep(kernel_t *k, task_t *t, uint32_t row, uint32_t msg) noexcept nogil:
    cdef uint32_t i = task_index(k, t)
    cdef msg_sender_t *mss = msg_sender_row(k, i)
    table_take(k, T_MSG_SENDER, i, sizeof(msg_sender_t))
    mss.msq = row
    mss.msg = msg
    mss.msgsz = msg_row(k, msg).m_ts
    ss_add(k, msg_queue_row(k, row), i)
    t.state = TASK_INTERRUPTIBLE
    return -ESLEEP


cdef int64_t msgsnd_queue(kernel_t *k, task_t *t, uint32_t row, uint32_t msg, int32_t msgflg) noexcept nogil:
    # One look at the queue: 0, -ESLEEP or -errno. The message is the caller's no longer.
    cdef msg_queue_t *msq = msg_queue_row(k, row)
    cdef wake_q_head_t wake
    cdef int64_t err = 0
    if unlikely(ipcperms(k, t, &msq.q_perm, S_IWUGO)):
        err = -EACCES
    elif unlikely(not msg_fits_inqueue(msq, msg_row(k, msg).m_ts)):
        if msgflg & IPC_NOWAIT:
            err = -EAGAIN
        elif signal_pending(t):
            err = -ERESTARTNOHAND
        else:
            return msgsnd_sleep(k, t, row, msg)
    if unlikely(err != 0):
        free_msg(k, msg)
        return err
    ipc_update_pid(k, &msq.q_lspid, t.tgid)
    msq.q_stime = ktime_get_real_seconds(k)
    if likely(msq.q_receivers.first == 0):
        link_msg(k, msq, ipc_ns_row(k, msq.ns), msg)
        return 0
    wake.first = wake.last = 0
    if not pipelined_send(k, msq, msg, &wake):
        link_msg(k, msq, ipc_ns_row(k, msq.ns), msg)
    wake_up_q(k, &wake)
    return 0


cdef int64_t do_msgsnd(
    kernel_t *k, task_t *t, int32_t msqid, int64_t mtype, int64_t msgsz, int32_t msgflg
) noexcept nogil:
    cdef uint32_t n = current_ipc_ns(k, t)
    cdef int64_t msg, row
    if unlikely(msgsz < 0 or msgsz > ipc_ns_row(k, n).msg_ctlmax or msqid < 0):
        return -EINVAL
    if unlikely(mtype < 1):
        return -EINVAL
    msg = load_msg(k, t, msgsz)
    if unlikely(msg < 0):
        return msg
    msg_row(k, <uint32_t>msg).m_type = mtype
    row = ipc_obtain_object_check(k, msg_ids(k, n), msqid)
    if unlikely(row < 0):
        free_msg(k, <uint32_t>msg)
        return row
    k.counters.bytes += <uint64_t>msgsz
    return msgsnd_queue(k, t, <uint32_t>row, <uint32_t>msg, msgflg)


cdef int64_t msgsnd_resume(kernel_t *k, task_t *t) noexcept nogil:
    # Woken to compete with the others for the room.
    cdef uint32_t i = task_index(k, t)
    cdef msg_sender_t *mss = msg_sender_row(k, i)
    cdef uint32_t row = mss.msq, msg = mss.msg
    if row:
        ss_del(k, i)
    table_give(k, T_MSG_SENDER, i, sizeof(msg_sender_t))
    if row and not signal_pending(t):
        return msgsnd_queue(k, t, row, msg, <int32_t>t.call.args[3])
    free_msg(k, msg)
    return -ERESTARTNOHAND if row else -EIDRM


# ------------------------------------------------------------------------------------------ msgrcv
cdef inline int32_t convert_mode(int64_t *msgtyp, int32_t msgflg) noexcept nogil:
    if msgflg & MSG_COPY:
        return SEARCH_NUMBER
    if msgtyp[0] == 0:
        return SEARCH_ANY
    if msgtyp[0] < 0:
        msgtyp[0] = -msgtyp[0] if msgtyp[0] != <int64_t>(<uint64_t>1 << 63) else <int64_t>0x7fffffffffffffff
        return SEARCH_LESSEQUAL
    return SEARCH_NOTEQUAL if msgflg & MSG_EXCEPT else SEARCH_EQUAL


cdef int64_t msg_keep(kernel_t *k, task_t *t, uint32_t msg) noexcept nogil:
    # Until somebody knows where the bytes are to go.
    cdef uint32_t i = task_index(k, t)
    table_take(k, T_MSG_RECEIVER, i, sizeof(msg_receiver_t))
    msg_receiver_row(k, i).r_msg = msg
    t.call.flags |= CALL_MSG
    return 0


cdef void msg_drop(kernel_t *k, task_t *t) noexcept nogil:
    # The message that was kept. The record of a call that a handler has interrupted may still name one that is gone.
    if not msg_is_kept(k, t):
        return
    t.call.flags &= ~<int>CALL_MSG
    free_msg(k, msg_kept(k, t))
    table_give(k, T_MSG_RECEIVER, task_index(k, t), sizeof(msg_receiver_t))


cdef int64_t do_msg_fill(kernel_t *k, task_t *t, uint32_t msg, int64_t n) noexcept nogil:
    # Type and bytes to where the program wants them: 0 or -EFAULT.
    cdef msg_msg_t *m = msg_row(k, msg)
    if t.call.iter.kind == ITER_USER and t.call.iter.seg:
        if put_user(k, t, <uint64_t>t.call.iter.offset - 8, &m.m_type, 8):
            return -EFAULT
    return store_msg(k, t, msg, n)


cdef int64_t msg_deliver(kernel_t *k, task_t *t, uint32_t msg) noexcept nogil:
    # A message that is on no queue any more is received, or lost.
    cdef int64_t n = min(<int64_t>msg_row(k, msg).m_ts, t.call.args[2]), err = 0
    t.call.done = msg_row(k, msg).m_type
    k.counters.bytes += <uint64_t>n
    if t.call.iter.kind == ITER_NONE:
        msg_keep(k, t, msg)
        return n
    err = do_msg_fill(k, t, msg, n)
    free_msg(k, msg)
    return err if err else n


cdef int64_t msg_deliver_copy(kernel_t *k, task_t *t, uint32_t msg, int64_t bufsz) noexcept nogil:
    # MSG_COPY: it stays.
    cdef int64_t n = <int64_t>msg_row(k, msg).m_ts, copy
    if n > min(bufsz, <int64_t>ipc_ns_row(k, current_ipc_ns(k, t)).msg_ctlmax):
        return -EINVAL
    copy = copy_msg(k, msg, n)
    return copy if copy < 0 else msg_deliver(k, t, <uint32_t>copy)


cdef int64_t msgrcv_sleep(
    kernel_t *k, task_t *t, uint32_t row, int64_t msgtyp, int32_t mode, int64_t maxsize
) noexcept nogil:
    cdef uint32_t i = task_index(k, t)
    cdef msg_receiver_t *msr = msg_receiver_row(k, i)
    if signal_pending(t):
        return -ERESTARTNOHAND
    table_take(k, T_MSG_RECEIVER, i, sizeof(msg_receiver_t))
    msr.msq = row
    msr.r_mode = mode
    msr.r_msgtype = msgtyp
    msr.r_maxsize = maxsize
    msr.r_msg = -EAGAIN
    list_add_tail(k, T_MSG_RECEIVER, sizeof(msg_receiver_t), &msg_queue_row(k, row).q_receivers, i)
    t.state = TASK_INTERRUPTIBLE
    return -ESLEEP


cdef int64_t msgrcv_queue(
    kernel_t *k, task_t *t, uint32_t row, int64_t bufsz, int64_t msgtyp, int32_t mode, int32_t msgflg
) noexcept nogil:
    # One look at the queue: the bytes, -ESLEEP or -errno.
    cdef msg_queue_t *msq = msg_queue_row(k, row)
    cdef wake_q_head_t wake
    cdef uint32_t msg
    if unlikely(ipcperms(k, t, &msq.q_perm, S_IRUGO)):
        return -EACCES
    msg = find_msg(k, msq, msgtyp, mode)
    if unlikely(msg == 0):
        if msgflg & IPC_NOWAIT:
            return -ENOMSG
        return msgrcv_sleep(k, t, row, msgtyp, mode, 0x7fffffff if msgflg & MSG_NOERROR else bufsz)
    if unlikely(msg_row(k, msg).m_ts > <uint64_t>bufsz and not msgflg & MSG_NOERROR):
        return -E2BIG
    if unlikely(msgflg & MSG_COPY):
        return msg_deliver_copy(k, t, msg, bufsz)
    unlink_msg(k, msq, ipc_ns_row(k, msq.ns), msg)
    msq.q_rtime = ktime_get_real_seconds(k)
    ipc_update_pid(k, &msq.q_lrpid, t.tgid)
    if unlikely(msq.q_senders.first != 0):
        wake.first = wake.last = 0
        ss_wakeup(k, msq, &wake)
        wake_up_q(k, &wake)
    return msg_deliver(k, t, msg)


cdef int64_t do_msgrcv(
    kernel_t *k, task_t *t, int32_t msqid, int64_t bufsz, int64_t msgtyp, int32_t msgflg
) noexcept nogil:
    # Precondition: call.args has these, from the first.
    cdef int32_t mode
    cdef int64_t row
    if unlikely(msqid < 0 or bufsz < 0):
        return -EINVAL
    if unlikely(msgflg & MSG_COPY and (msgflg & MSG_EXCEPT or not msgflg & IPC_NOWAIT)):
        return -EINVAL
    mode = convert_mode(&msgtyp, msgflg)
    row = ipc_obtain_object_check(k, msg_ids(k, current_ipc_ns(k, t)), msqid)
    if unlikely(row < 0):
        return row
    return msgrcv_queue(k, t, <uint32_t>row, bufsz, msgtyp, mode, msgflg)


cdef int64_t msgrcv_resume(kernel_t *k, task_t *t) noexcept nogil:
    # With a message or an error; or woken to look again.
    cdef uint32_t i = task_index(k, t)
    cdef msg_receiver_t msr = msg_receiver_row(k, i)[0]
    if msr.r_msg == -EAGAIN:
        receivers_del(k, i)
    table_give(k, T_MSG_RECEIVER, i, sizeof(msg_receiver_t))
    if msr.r_msg > 0:
        return msg_deliver(k, t, <uint32_t>msr.r_msg)
    if msr.r_msg != -EAGAIN:
        return msr.r_msg
    if signal_pending(t):
        return -ERESTARTNOHAND
    return msgrcv_queue(k, t, msr.msq, t.call.args[2], msr.r_msgtype, msr.r_mode, <int32_t>t.call.args[4])


cdef void msg_abort(kernel_t *k, task_t *t) noexcept nogil:
    # The task ends in its sleep. A message that it was given is lost.
    cdef uint32_t i = task_index(k, t)
    cdef msg_receiver_t *msr = msg_receiver_row(k, i)
    cdef msg_sender_t *mss = msg_sender_row(k, i)
    if t.call.nr == NR_msgrcv and msr.live:
        if msr.r_msg == -EAGAIN:
            receivers_del(k, i)
        elif msr.r_msg > 0:
            free_msg(k, <uint32_t>msr.r_msg)
        table_give(k, T_MSG_RECEIVER, i, sizeof(msg_receiver_t))
    elif t.call.nr == NR_msgsnd and mss.live:
        if mss.msq:
            ss_del(k, i)
        free_msg(k, mss.msg)
        table_give(k, T_MSG_SENDER, i, sizeof(msg_sender_t))


# ------------------------------------------------------------------------------------------ the short way
# What most calls of compiled programs are: a short message, room for it, and nobody to wait for.
cdef inline msg_queue_t *queue_of_id(kernel_t *k, ipc_namespace_t *ns, int64_t msqid) noexcept nogil:
    # NULL: there is none, or it is to be looked for with more care.
    cdef int64_t row
    if unlikely(<uint64_t>msqid > 0x7fffffff):
        return NULL
    row = ipc_obtain_object_check(k, ns.ids[IPC_MSG_IDS], <int32_t>msqid)
    return msg_queue_row(k, <uint32_t>row) if likely(row > 0) else NULL


cdef inline void copy_text(char *to, const char *source, int64_t n) noexcept nogil:
    # At least one byte.
    if n <= 32:
        copy_short(to, source, n)
    else:
        memcpy(to, source, <size_t>n)


cdef inline bint msg_hand_over(kernel_t *k, msg_queue_t *msq, uint32_t msg) noexcept nogil:
    # The only receiver that sleeps wants this message: pipelined_send. False, with nothing done, if not so.
    cdef uint32_t i = msq.q_receivers.first
    cdef msg_receiver_t *msr = msg_receiver_row(k, i)
    if (msr.next or not testmsg(msg_row(k, msg).m_type, msr.r_msgtype, msr.r_mode)
            or <uint64_t>msr.r_maxsize < msg_row(k, msg).m_ts):
        return False
    msq.q_receivers.first = msq.q_receivers.last = 0
    msr.msq = 0
    msr.r_msg = msg
    ipc_update_pid(k, &msq.q_lrpid, task_row(k, i).pid)
    msq.q_rtime = ktime_get_real_seconds(k)
    try_to_wake_up(k, i, TASK_NORMAL)
    return True


cdef inline bint msgsnd_one(
    kernel_t *k, task_t *t, int64_t msqid, int64_t mtype, const char *source, int64_t n
) noexcept nogil:
    # False, with nothing done, if this is another case.
    cdef ipc_namespace_t *ns = ipc_ns_row(k, current_ipc_ns(k, t))
    cdef msg_queue_t *msq = queue_of_id(k, ns, msqid)
    cdef wake_q_head_t wake
    cdef uint32_t i
    if (unlikely(msq == NULL or mtype < 1 or <uint64_t>n > PAGE_SIZE or k.inject_any)
            or unlikely(n > ns.msg_ctlmax or not msg_fits_inqueue(msq, <uint64_t>n))
            or unlikely(not owner_may(k, t, &msq.q_perm, 2))):
        return False
    i = alloc_msg(k, n)
    if unlikely(i == 0):
        return False
    msg_row(k, i).m_type = mtype
    if n:
        copy_text(msg_text(k, i), source, n)
    k.counters.bytes += <uint64_t>n
    ipc_update_pid(k, &msq.q_lspid, t.tgid)
    msq.q_stime = ktime_get_real_seconds(k)
    if msq.q_receivers.first != 0:
        if likely(msg_hand_over(k, msq, i)):
            return True
        wake.first = wake.last = 0
        if pipelined_send(k, msq, i, &wake):
            wake_up_q(k, &wake)
            return True
        wake_up_q(k, &wake)
    link_msg(k, msq, ns, i)
    return True


cdef inline void msgrcv_wait_one(
    kernel_t *k, task_t *t, msg_queue_t *msq, int64_t n, int64_t msgtyp, int64_t msgflg
) noexcept nogil:
    # Begins to wait for a message: msgrcv_sleep, for the oldest or one of a type.
    cdef uint32_t i = task_index(k, t)
    cdef msg_receiver_t *msr = msg_receiver_row(k, i)
    table_take(k, T_MSG_RECEIVER, i, sizeof(msg_receiver_t))
    msr.msq = <uint32_t>(msq - msg_queue_row(k, 0))
    msr.r_mode = SEARCH_EQUAL if msgtyp else SEARCH_ANY
    msr.r_msgtype = msgtyp
    msr.r_maxsize = 0x7fffffff if msgflg & MSG_NOERROR else n
    msr.r_msg = -EAGAIN
    list_add_tail(k, T_MSG_RECEIVER, sizeof(msg_receiver_t), &msq.q_receivers, i)
    t.state = TASK_INTERRUPTIBLE


cdef inline int64_t msgrcv_resume_one(kernel_t *k, task_t *t) noexcept nogil:
    # The commonest end of a sleep: a message has been handed over, for memory of the host, or to be kept in the row of
    # the receiver (msg_keep). -1: msgrcv_resume must look.
    cdef msg_receiver_t *msr = msg_receiver_row(k, task_index(k, t))
    cdef msg_msg_t *m
    cdef uint32_t i
    cdef int64_t n
    if unlikely(t.call.nr != NR_msgrcv or msr.r_msg <= 0) or unlikely(t.call.iter.kind > ITER_HOST):
        return -1
    i = <uint32_t>msr.r_msg
    m = msg_row(k, i)
    n = <int64_t>m.m_ts
    if unlikely(m.order > PAGE_SHIFT or n > t.call.args[2]):
        return -1
    t.call.done = m.m_type
    k.counters.bytes += <uint64_t>n
    if t.call.iter.kind == ITER_NONE:
        msr.r_mode = 0
        msr.r_msgtype = msr.r_maxsize = 0
        t.call.flags |= CALL_MSG
        return n
    table_give(k, T_MSG_RECEIVER, task_index(k, t), sizeof(msg_receiver_t))
    if n:
        copy_text(host_row(k, t).base, msg_text(k, i), n)
    free_short(k, i)
    return n


cdef inline int64_t msgrcv_take(
    kernel_t *k, task_t *t, int64_t msqid, int64_t n, int64_t msgtyp, int64_t msgflg, uint32_t *msg
) noexcept nogil:
    # The bytes of a message of at most a page, which is on its queue no more and the caller's. -2: the task waits, and
    # the call's record is still to be made. -1, with nothing done: this is another case.
    cdef ipc_namespace_t *ns = ipc_ns_row(k, current_ipc_ns(k, t))
    cdef msg_queue_t *msq = queue_of_id(k, ns, msqid)
    cdef msg_msg_t *m
    cdef uint32_t i
    if unlikely(msq == NULL or n < 0 or msgtyp < 0 or msgflg & (MSG_COPY | MSG_EXCEPT)):
        return -1
    i = msq.q_messages.first
    if i == 0:
        if unlikely(msgflg & IPC_NOWAIT or not owner_may(k, t, &msq.q_perm, 4)):
            return -1
        msgrcv_wait_one(k, t, msq, n, msgtyp, msgflg)
        return -2
    m = msg_row(k, i)
    if (unlikely((msgtyp and m.m_type != msgtyp) or n < <int64_t>m.m_ts or m.order > PAGE_SHIFT)
            or unlikely(msq.q_senders.first != 0 or not owner_may(k, t, &msq.q_perm, 4))):
        return -1
    unlink_msg(k, msq, ns, i)
    msq.q_rtime = ktime_get_real_seconds(k)
    ipc_update_pid(k, &msq.q_lrpid, t.tgid)
    t.call.done = m.m_type
    k.counters.bytes += m.m_ts
    msg[0] = i
    return <int64_t>m.m_ts


cdef inline int64_t msgrcv_one(
    kernel_t *k, task_t *t, int64_t msqid, char *to, int64_t n, int64_t msgtyp, int64_t msgflg
) noexcept nogil:
    cdef uint32_t msg = 0
    cdef int64_t ret = msgrcv_take(k, t, msqid, n, msgtyp, msgflg, &msg)
    if likely(ret > 0):
        copy_text(to, msg_text(k, msg), ret)
    if likely(ret >= 0):
        free_short(k, msg)
    return ret


# The same for the entries, which are a unit of their own.
cdef bint msgsnd_short(
    kernel_t *k, task_t *t, int64_t msqid, int64_t mtype, const char *source, int64_t n
) noexcept nogil:
    return msgsnd_one(k, t, msqid, mtype, source, n)


cdef int64_t msgrcv_short(
    kernel_t *k, task_t *t, int64_t msqid, int64_t n, int64_t msgtyp, int64_t msgflg, uint32_t *msg
) noexcept nogil:
    return msgrcv_take(k, t, msqid, n, msgtyp, msgflg, msg)


# ------------------------------------------------------------------------------------------ checks
cdef bint queue_of_messages_check(kernel_t *k, uint32_t row, uint32_t *messages, uint32_t *sleepers) noexcept nogil:
    cdef msg_queue_t *msq = msg_queue_row(k, row)
    cdef uint32_t i = msq.q_messages.first, n = 0
    cdef uint64_t bytes = 0
    cdef bint right = list_check(k, T_MSG, sizeof(msg_msg_t), &msq.q_messages, &n)
    right = (right and list_check(k, T_MSG_RECEIVER, sizeof(msg_receiver_t), &msq.q_receivers, &sleepers[0])
             and list_check(k, T_MSG_SENDER, sizeof(msg_sender_t), &msq.q_senders, &sleepers[1]))
    while i and right:
        bytes += msg_row(k, i).m_ts
        i = msg_row(k, i).next
    messages[0] += n
    return check(k, right and n == msq.q_qnum and bytes == msq.q_cbytes, b"msg: broken queue") and type_check(k, msq)


cdef bint msg_check(kernel_t *k) noexcept nogil:
    # Every message is on a queue, or somebody holds it who sleeps or has just received it.
    cdef uint32_t i, messages = 0
    cdef uint32_t[2] sleepers = [0, 0]
    cdef int64_t hdrs = 0
    for i in range(1, k.table[T_MSG_QUEUE].high):
        if msg_queue_row(k, i).live and not queue_of_messages_check(k, i, &messages, sleepers):
            return False
    for i in range(1, k.table[T_IPC_NAMESPACE].high):
        hdrs += ipc_ns_row(k, i).msg_hdrs if ipc_ns_row(k, i).live else 0
    if not check(k, hdrs == messages, b"msg: messages of a namespace miscounted"):
        return False
    for i in range(1, k.table[T_MSG_RECEIVER].high):
        if msg_receiver_row(k, i).live:
            messages += msg_receiver_row(k, i).r_msg > 0
            sleepers[0] -= msg_receiver_row(k, i).msq != 0
    for i in range(1, k.table[T_MSG_SENDER].high):
        if msg_sender_row(k, i).live:
            messages += 1
            sleepers[1] -= msg_sender_row(k, i).msq != 0
    return (check(k, messages == k.table[T_MSG].nlive, b"msg: messages lost")
            and check(k, sleepers[0] == 0 and sleepers[1] == 0, b"msg: sleepers miscounted") and msg_pages_check(k))
