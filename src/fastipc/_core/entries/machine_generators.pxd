# Turns of generator programs.


cdef class MachineGenerators(MachineCompiled):
    cdef int turn_generators(self, TaskCore task) except -1
    cdef int run_generator(self, TaskCore task) except -1
    cdef int send_other(self, TaskCore task) except -1
    cdef int send(self, TaskCore task, object value) except -1
    cdef int throw(self, TaskCore task, object error) except -1
    cdef int yielded(self, TaskCore task, object value, bint ended) except -1
    cdef int left_generator(self, TaskCore task) except -1
    cdef TaskCore next_generator(self)
    cdef object odd_yield(self, TaskCore task, object value)
