# Raw system calls, and calls whose buffers are in the task's memory.


cdef class RawCalls(TimerCalls):
    cdef object store_tids(self, const uint64_t *a, object ret)
    cdef object special(self, int32_t nr, const uint64_t *a)


cdef object raw_call(TaskCore task, int32_t nr, bint raises, uint64_t a=*, uint64_t b=*, uint64_t c=*, uint64_t d=*)
cdef object raw_result(TaskCore task, int64_t ret, bint raises)
