# The record that stat and its kin give.

cdef class Stat:
    cdef stat_t row
