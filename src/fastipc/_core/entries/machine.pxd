# One machine: its memory, its tasks, and the loop that runs them.

from cpython.ref cimport PyObject


cdef class Machine(MachineTasks):
    cdef object hub  # the greenlet that called run, while running
    cdef list workers  # greenlets that wait for a program
    cdef readonly list errors  # exceptions that left programs
    cdef uint32_t handoff  # row whose turn a program left to the hub
    cdef uint32_t starting  # row whose program a worker is to begin
    cdef int64_t turns  # turns that may pass before the hub must look
    cdef object chooser  # schedule= as a callable
    cdef object closing  # the task whose generator is being left
    cdef readonly bint running
    cdef public bint interrupted
    cdef bint watched  # stacks that overflow are looked after in this run

    cdef int park(self, TaskCore task) except -1
    cdef int abandon(self, TaskCore task) except -1
    cdef int wait_outside(self, TaskCore task) except -1
    cdef int break_call(self, TaskCore task) except -1
    cdef PyObject *next_greenlet(self, TaskCore task) except? NULL
    cdef PyObject *task_at(self, uint32_t row)
    cdef PyObject *new_worker(self, uint32_t row) except NULL
    cdef uint32_t next_ready(self) except? 0
    cdef int turn(self, uint32_t row) except -1
    cdef int turn_plain(self, TaskCore task) except -1
    cdef int turn_generators(self, TaskCore task) except -1
    cdef int run_generator(self, TaskCore task) except -1
    cdef int left_generator(self, TaskCore task) except -1
    cdef TaskCore next_generator(self)
    cdef int turn_compiled(self, uint32_t row) except -1
    cdef int compiled_failed(self, TaskCore task) except -1
    cdef int unwind(self) except -1
    cdef int unwind_task(self, TaskCore task) except -1
    cdef int program_ended(self, TaskCore task, object result) except -1
    cdef int program_failed(self, TaskCore task, object error) except -1
    cdef object odd_yield(self, TaskCore task, object value)
    cdef uint32_t after_program(self) except? 0
    cdef PyObject *leave_worker(self) except? NULL
    cdef bint reached(self, object until) except -1
    cdef int enter_loop(self, int64_t until_ns, object until, TaskCore outside, int64_t budget) except -1
    cdef int loop(self, int64_t until_ns, object until, TaskCore outside, int64_t budget) except -1
    cdef int choose(self) except -1
