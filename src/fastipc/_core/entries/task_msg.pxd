# System calls on System V message queues.


cdef class MsgCalls(SemCalls):
    cdef int64_t begin_msgget(self, object key, object msgflg) except? -1
    cdef object send(self, object msqid, object mtype, object data, object msgflg, bint raw)
    cdef object short_message(self, uint32_t msg, int64_t n)
    cdef object receive(self, object msqid, object buf, object mtype, object msgflg, int res)

    cdef inline int begin_msgrcv(self, int32_t msqid, int64_t size, object mtype, object msgflg) except -1:
        cdef int64_t type = as_int(mtype, "mtype"), f = as_int(msgflg, "msgflg")
        self.enter()
        call_begin_args(self.t, NR_msgrcv, msqid, 0, size, type)
        self.t.call.args[4] = f
        return 0


cdef object kept_message(TaskCore task)
cdef object message_result(TaskCore task, int64_t ret, uint8_t res, object held)
