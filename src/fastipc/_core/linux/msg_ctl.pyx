"""msgctl, and /proc/sysvipc/msg. Source: ipc/msg.c (ksys_msgctl, msgctl_info, msgctl_stat, msgctl_down)."""


cdef int64_t msgctl_info(kernel_t *k, ipc_namespace_t *ns, int32_t cmd, msginfo_t *info) noexcept nogil:
    # Limits; of MSG_INFO three of them are what there is.
    cdef ipc_ids_t *ids = ipc_ids_row(k, ns.ids[IPC_MSG_IDS])
    if info == NULL:
        return -EFAULT
    memset(info, 0, sizeof(msginfo_t))
    info.msgmni = ns.msg_ctlmni
    info.msgmax = ns.msg_ctlmax
    info.msgmnb = ns.msg_ctlmnb
    info.msgssz = MSGSSZ
    info.msgseg = MSGSEG
    info.msgpool = ids.in_use if cmd == MSG_INFO else MSGPOOL
    info.msgmap = <int32_t>min(ns.msg_hdrs, <int64_t>0x7fffffff) if cmd == MSG_INFO else MSGMAP
    info.msgtql = <int32_t>min(ns.msg_bytes, <int64_t>0x7fffffff) if cmd == MSG_INFO else MSGTQL
    return ipc_get_maxidx(k, ids)


cdef int64_t msgctl_stat(
    kernel_t *k, task_t *t, uint32_t ids, int32_t msqid, int32_t cmd, msqid64_ds_t *ds
) noexcept nogil:
    # MSG_STAT and MSG_STAT_ANY go by index and return the id.
    cdef int64_t row = ipc_obtain_object_check(k, ids, msqid) if cmd == IPC_STAT else ipc_obtain_object_idr(
        k, ids, msqid)
    cdef msg_queue_t *msq = msg_queue_row(k, <uint32_t>row)
    if row < 0:
        return row
    if cmd != MSG_STAT_ANY and ipcperms(k, t, &msq.q_perm, S_IRUGO):
        return -EACCES
    if ds == NULL:
        return -EFAULT
    memset(ds, 0, sizeof(msqid64_ds_t))
    kernel_to_ipc64_perm(k, t, &msq.q_perm, &ds.msg_perm)
    ds.msg_stime = msq.q_stime
    ds.msg_rtime = msq.q_rtime
    ds.msg_ctime = msq.q_ctime
    ds.msg_cbytes = msq.q_cbytes
    ds.msg_qnum = msq.q_qnum
    ds.msg_qbytes = msq.q_qbytes
    ds.msg_lspid = ipc_pid_vnr(k, t, msq.q_lspid)
    ds.msg_lrpid = ipc_pid_vnr(k, t, msq.q_lrpid)
    return 0 if cmd == IPC_STAT else msq.q_perm.id


cdef int64_t msgctl_set(kernel_t *k, task_t *t, msg_queue_t *msq, const msqid64_ds_t *ds) noexcept nogil:
    # Who sleeps looks again: receivers may have lost their right, senders may fit.
    cdef wake_q_head_t wake
    cdef int64_t err
    if ds.msg_qbytes > <uint64_t>ipc_ns_row(k, msq.ns).msg_ctlmnb and not capable(k, t, CAP_SYS_RESOURCE):
        return -EPERM
    err = ipc_update_perm(k, t, &msq.q_perm, &ds.msg_perm)
    if err:
        return err
    msq.q_qbytes = ds.msg_qbytes
    msq.q_ctime = ktime_get_real_seconds(k)
    wake.first = wake.last = 0
    expunge_all(k, msq, -EAGAIN, &wake)
    ss_wakeup(k, msq, &wake)
    wake_up_q(k, &wake)
    return 0


cdef int64_t msgctl_down(
    kernel_t *k, task_t *t, uint32_t ids, int32_t msqid, int32_t cmd, const msqid64_ds_t *ds
) noexcept nogil:
    cdef int64_t row = -EFAULT if cmd == IPC_SET and ds == NULL else ipcctl_obtain_check(k, t, ids, msqid)
    if row < 0:
        return row
    if cmd == IPC_SET:
        return msgctl_set(k, t, msg_queue_row(k, <uint32_t>row), ds)
    freeque(k, <uint32_t>row)
    return 0


cdef size_t msgctl_size(int64_t cmd) noexcept nogil:
    if cmd == IPC_INFO or cmd == MSG_INFO:
        return sizeof(msginfo_t)
    if cmd == IPC_STAT or cmd == IPC_SET or cmd == MSG_STAT or cmd == MSG_STAT_ANY:
        return sizeof(msqid64_ds_t)
    return 0


cdef int64_t do_msgctl(kernel_t *k, task_t *t, int32_t msqid, int32_t cmd, void *buf) noexcept nogil:
    cdef ipc_namespace_t *ns = ipc_ns_row(k, current_ipc_ns(k, t))
    cdef uint32_t ids = ns.ids[IPC_MSG_IDS]
    if msqid < 0 or cmd < 0:
        return -EINVAL
    if cmd == IPC_INFO or cmd == MSG_INFO:
        return msgctl_info(k, ns, cmd, <msginfo_t *>buf)
    if cmd == IPC_STAT or cmd == MSG_STAT or (cmd == MSG_STAT_ANY and k.profile != PROFILE_4_18):
        return msgctl_stat(k, t, ids, msqid, cmd, <msqid64_ds_t *>buf)
    if cmd == IPC_SET or cmd == IPC_RMID:
        return msgctl_down(k, t, ids, msqid, cmd, <const msqid64_ds_t *>buf)
    return -EINVAL


# ------------------------------------------------------------------------------------------ /proc/sysvipc/msg
cdef void show_queue(kernel_t *k, msg_queue_t *msq, seq_file_t *m) noexcept nogil:
    cdef char line[256]
    snprintf(line, sizeof(line),
             b"%10d %10d  %4o  %10lu %10lu %5u %5u %5u %5u %5u %5u %10llu %10llu %10llu\n",
             <int>msq.q_perm.key, <int>msq.q_perm.id, <unsigned int>msq.q_perm.mode, <unsigned long>msq.q_cbytes,
             <unsigned long>msq.q_qnum, <unsigned int>ipc_pid_nr(k, m.pid_ns, msq.q_lspid),
             <unsigned int>ipc_pid_nr(k, m.pid_ns, msq.q_lrpid),
             <unsigned int>from_kuid_munged(k, m.user_ns, msq.q_perm.uid),
             <unsigned int>from_kgid_munged(k, m.user_ns, msq.q_perm.gid),
             <unsigned int>from_kuid_munged(k, m.user_ns, msq.q_perm.cuid),
             <unsigned int>from_kgid_munged(k, m.user_ns, msq.q_perm.cgid), <unsigned long long>msq.q_stime,
             <unsigned long long>msq.q_rtime, <unsigned long long>msq.q_ctime)
    seq_puts(m, line)


cdef void sysvipc_msg_show(kernel_t *k, uint32_t ns, seq_file_t *m) noexcept nogil:
    cdef ipc_ids_t *ids = ipc_ids_row(k, msg_ids(k, ns))
    cdef uint64_t index = 0
    cdef uint32_t row = xa_find(k, ids.idr, &index, ~<uint64_t>0)
    seq_puts(m, b"       key      msqid perms      cbytes       qnum lspid lrpid   uid   gid  cuid  cgid      stime"
                b"      rtime      ctime\n")
    while row:
        show_queue(k, msg_queue_row(k, row), m)
        index += 1
        row = xa_find(k, ids.idr, &index, ~<uint64_t>0)
