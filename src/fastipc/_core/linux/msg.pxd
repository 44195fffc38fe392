# System V message queues. Source: ipc/msg.c, ipc/msgutil.c.
#
# A message is a row, its bytes are in pages of the machine: small ones share a page, long ones have several. Who sleeps
# is a row of `msg_receiver` or `msg_sender`, with the number of its task. A sender gives its message straight to the
# oldest sleeping receiver that wants it.


ctypedef union msgctl_t:  # what msgctl reads or fills, by command
    msqid64_ds_t ds
    msginfo_t info

cdef enum:
    MSG_PAGES = 255  # msg_msg.order: whole pages
    MSG_LEAST_ORDER = 4  # the smallest part of a page: 16 bytes


cdef void msg_init() noexcept nogil
cdef int64_t do_msgget(kernel_t *k, task_t *t, int32_t key, int32_t flg) noexcept nogil
cdef int64_t do_msgsnd(
    kernel_t *k, task_t *t, int32_t msqid, int64_t mtype, int64_t msgsz, int32_t msgflg
) noexcept nogil  # the bytes are where call.iter says
cdef int64_t do_msgrcv(
    kernel_t *k, task_t *t, int32_t msqid, int64_t bufsz, int64_t msgtyp, int32_t msgflg
) noexcept nogil  # bytes of the message, its type in call.done; where call.iter says, else kept: see msg_kept
cdef bint msgsnd_short(
    kernel_t *k, task_t *t, int64_t msqid, int64_t mtype, const char *source, int64_t n
) noexcept nogil  # a short message, and room for it. False, with nothing done, if this is another case
cdef int64_t msgrcv_short(
    kernel_t *k, task_t *t, int64_t msqid, int64_t n, int64_t msgtyp, int64_t msgflg, uint32_t *msg
) noexcept nogil  # -2: it waits; -1, with nothing done: another case; else bytes of `msg`, which is the caller's
cdef int64_t msgsnd_resume(kernel_t *k, task_t *t) noexcept nogil
cdef int64_t msgrcv_resume(kernel_t *k, task_t *t) noexcept nogil
cdef void msg_abort(kernel_t *k, task_t *t) noexcept nogil
cdef inline bint msg_is_kept(kernel_t *k, task_t *t) noexcept nogil:
    # Without a message there is no row: the call is over, so the task does not sleep on a queue.
    return t.call.flags & CALL_MSG != 0 and msg_receiver_row(k, task_index(k, t)).live != 0


cdef inline uint32_t msg_kept(kernel_t *k, task_t *t) noexcept nogil:
    return <uint32_t>msg_receiver_row(k, task_index(k, t)).r_msg


cdef void msg_drop(kernel_t *k, task_t *t) noexcept nogil  # what was kept, if anything
cdef void freeque(kernel_t *k, uint32_t row) noexcept nogil
cdef void msg_exit_ns(kernel_t *k, uint32_t ns) noexcept nogil
cdef bint msg_check(kernel_t *k) noexcept nogil

# msgutil.pyx
cdef int64_t load_msg(kernel_t *k, task_t *t, int64_t n) noexcept nogil  # a message of call.iter's bytes, or -errno
cdef int64_t copy_msg(kernel_t *k, uint32_t source, int64_t n) noexcept nogil  # another one alike, or -ENOMEM
cdef int64_t store_msg(kernel_t *k, task_t *t, uint32_t i, int64_t n) noexcept nogil  # 0, or -EFAULT
cdef void msg_bytes(kernel_t *k, uint32_t i, char *to, int64_t n) noexcept nogil
cdef void free_msg(kernel_t *k, uint32_t i) noexcept nogil
cdef void msg_pages_count(kernel_t *k, uint32_t *refs) noexcept nogil
cdef bint msg_pages_check(kernel_t *k) noexcept nogil

# msg_type.pyx
cdef void type_add(kernel_t *k, msg_queue_t *msq, uint32_t i) noexcept nogil
cdef void type_del(kernel_t *k, msg_queue_t *msq, uint32_t i) noexcept nogil
cdef uint32_t find_msg(kernel_t *k, msg_queue_t *msq, int64_t msgtyp, int32_t mode) noexcept nogil
cdef bint type_check(kernel_t *k, msg_queue_t *msq) noexcept nogil

# msg_ctl.pyx
cdef int64_t do_msgctl(
    kernel_t *k, task_t *t, int32_t msqid, int32_t cmd, void *buf
) noexcept nogil  # `buf`: of msgctl_size bytes, or NULL: an address that is bad
cdef size_t msgctl_size(int64_t cmd) noexcept nogil
cdef void sysvipc_msg_show(kernel_t *k, uint32_t ns, seq_file_t *m) noexcept nogil


cdef inline uint32_t msg_ids(kernel_t *k, uint32_t ns) noexcept nogil:
    return ipc_ns_row(k, ns).ids[IPC_MSG_IDS]


cdef inline bint msg_fits_inqueue(const msg_queue_t *msq, uint64_t msgsz) noexcept nogil:
    return msgsz + msq.q_cbytes <= msq.q_qbytes and 1 + msq.q_qnum <= msq.q_qbytes


cdef inline char *msg_text(kernel_t *k, uint32_t i) noexcept nogil:
    # Where the bytes of a message are that lies in one page and is not empty.
    return page_address(k, msg_row(k, i).page) + msg_row(k, i).offset
