# System calls on System V message queues.


cdef class MsgCalls(SemCalls):
    cdef int64_t begin_msgget(self, object key, object msgflg) except? -1
    cdef object send(self, object msqid, object mtype, object data, object msgflg, bint raw)
    cdef object send_slow(self, int32_t i, int64_t mtype, object data, Py_buffer *view, bint user, int64_t f, bint raw)
    cdef object msgrcv_slow(self, int32_t i, int64_t n, int64_t mtype, int64_t f, bint waits)
    cdef object short_message(self, int32_t i, uint32_t msg, int64_t n)
    cdef object receive(self, object msqid, object buf, object mtype, object msgflg, int res)


cdef inline void begin_msgrcv(task_t *t, int32_t i, int64_t n, int64_t mtype, int64_t f) noexcept:
    call_begin_args(t, NR_msgrcv, i, 0, n, mtype)
    t.call.args[4] = f


cdef object kept_message(TaskCore task)
cdef object message_result(TaskCore task, int64_t ret, uint8_t res, object held)
