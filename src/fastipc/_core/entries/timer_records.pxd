# The record of calls on timers: ItimerVal.


cdef class ItimerVal:
    cdef readonly double it_value "value_"
    cdef readonly double it_interval "interval_"


cdef ItimerVal itimerval_of(const itimer_ns_t *setting)
