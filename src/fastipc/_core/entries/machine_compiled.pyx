"""Turns of compiled programs, as the hub gives them; among themselves they take turns in coroutine.pyx."""

from cpython.exc cimport PyErr_CheckSignals

from fastipc.errors import StackOverflow


cdef class MachineCompiled(MachineHandlers):
    """A machine that runs machine code."""

    cdef int turn_compiled(self, uint32_t row) except -1:
        # A compiled program's turn, and those of the compiled programs that come next. Without the interpreter lock.
        cdef kernel_t *k = self.k
        cdef int64_t given
        if not self.watched:
            coroutine_watch()
            self.watched = True
        given = 1 if self.look else self.turns
        k.turns = given
        k.ticks = TICKS
        with nogil:
            coroutine_run(k, row)
        self.turns -= given - k.turns
        row = k.stacks.next
        if likely(k.stacks.event == NATIVE_TURN):
            if row and task_row(k, row).call.nr >= 0 and self.task_of(row).resume_bytes():
                row = 0
            self.handoff = row
            if k.ticks <= 0:
                PyErr_CheckSignals()
        elif k.stacks.event == NATIVE_PAUSE:
            self.handoff = row
            PyErr_CheckSignals()
        elif k.stacks.event == NATIVE_HOOK:
            self.handoff = row
            self.hook_compiled(self.task_of(row))
        elif k.stacks.event == NATIVE_HANDLER:
            self.begin_guest(self.task_of(row))
        else:
            self.compiled_failed(self.task_of(row))
        return 0

    cdef int hook_compiled(self, TaskCore task) except -1:
        # The result of the call in the record is what a hook makes of it. An error of the hook comes out of the run.
        try:
            task.t.call.ret = ask_hook(task)
        except BaseException as e:
            task.t.call.ret = -EPERM
            self.errors.append(e)
        return 0

    cdef int compiled_failed(self, TaskCore task) except -1:
        cdef uint32_t event = self.k.stacks.event
        cdef object error
        if event == NATIVE_OVERFLOW:
            error = StackOverflow(f"the program {task.name} has used up its stack")
        elif event == NATIVE_NO_STACK:
            error = MemoryError(f"no memory for the stack of {task.name}, with {self.k.stacks.nr_slots} in use")
        else:
            error = error_of(&self.k.stacks)
        return self.program_failed(task, error)
