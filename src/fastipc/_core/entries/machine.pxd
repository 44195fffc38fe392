# One machine: its memory, its tasks, and the loop that runs them.


cdef class Machine(MachineGenerators):
    cdef list workers  # greenlets that wait for a program
    cdef uint32_t starting  # row whose program a worker is to begin
    cdef object chooser  # schedule= as a callable
    cdef readonly bint running
    cdef public bint interrupted

    cdef int park(self, TaskCore task) except -1
    cdef int abandon(self, TaskCore task) except -1
    cdef int wait_outside(self, TaskCore task) except -1
    cdef int break_call(self, TaskCore task) except -1
    cdef PyObject *next_greenlet(self, TaskCore task) except? NULL
    cdef PyObject *task_at(self, uint32_t row)
    cdef PyObject *new_worker(self, uint32_t row) except NULL
    cdef int turn(self, uint32_t row) except -1
    cdef int turn_by_hand(self, TaskCore task) except -1
    cdef int turn_plain(self, TaskCore task) except -1
    cdef uint32_t after_program(self) except? 0
    cdef PyObject *leave_worker(self) except? NULL
    cdef bint reached(self, object until) except -1
    cdef int enter_loop(self, int64_t until_ns, object until, TaskCore outside, int64_t budget) except -1
    cdef int loop(self, int64_t until_ns, object until, TaskCore outside, int64_t budget) except -1
    cdef int choose(self) except -1
