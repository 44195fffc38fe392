# System calls on alarms and timers.


cdef class TimerCalls(SignalCalls):
    cdef object setting_done(self, int64_t ret)
    cdef object raw_setting_done(self, int64_t ret, object to, bint usec, str name)
    cdef int64_t setitimer_(self, object which, object seconds, object interval) except? -1
    cdef int64_t getitimer_(self, object which) except? -1
    cdef int64_t timer_create_(self, object clockid, object sig, object value, object notify, object tid) except? -1
    cdef int64_t timer_settime_(self, object id, object seconds, object interval, object flags) except? -1
    cdef int64_t timer_gettime_(self, object id) except? -1
