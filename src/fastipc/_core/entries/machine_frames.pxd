# How the programs of a machine end, and how the frames of tasks that have ended are left.

from cpython.ref cimport PyObject


cdef class MachineFrames(MachineTasks):
    cdef object hub  # the greenlet that called run, while running
    cdef readonly list errors  # exceptions that left programs
    cdef object closing  # the task whose generator is being left

    cdef uint32_t next_ready(self) except? 0
    cdef int program_ended(self, TaskCore task, object result) except -1
    cdef int program_failed(self, TaskCore task, object error) except -1
    cdef int unwind(self) except -1
    cdef int unwind_task(self, TaskCore task) except -1
