# How the programs of a machine end, and how the frames of tasks that have ended are left.

from cpython.ref cimport PyObject


cdef class MachineFrames(MachineTasks):
    cdef object hub  # the greenlet that called run, from when another one is needed; None: it runs now
    cdef readonly list errors  # exceptions that left programs
    cdef object closing  # the task whose generator is being left

    cdef uint32_t ready(self, uint32_t row) except? 0

    cdef inline uint32_t next_ready(self) except? 0:
        # The next task that is to run user code, or to be told that its call is over; 0 if there is none.
        cdef uint32_t row = next_turn(self.k)
        if likely(row != 0 and task_row(self.k, row).call.nr < 0 and self.k.attention == 0):
            return row
        return self.ready(row)

    cdef int take_hub(self) except -1
    cdef int program_ended(self, TaskCore task, object result) except -1
    cdef int program_failed(self, TaskCore task, object error) except -1
    cdef int unwind(self) except -1
    cdef int unwind_task(self, TaskCore task) except -1
