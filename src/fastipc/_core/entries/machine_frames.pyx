"""How the programs of a machine end, and how the frames of tasks that have ended are left.

What lies on a sleeping greenlet's stack is invisible to the garbage collector, so no frame that can sleep holds a
reference to the Machine: it is found by `arena.machine`, not counted.
"""

import sys
from functools import partial

from cpython.list cimport PyList_GET_ITEM
from cpython.ref cimport Py_XDECREF, PyObject

from fastipc.errors import TaskKilled


cdef extern from "greenlet/greenlet.h":
    ctypedef struct PyGreenlet:
        pass
    void PyGreenlet_Import() except *
    PyGreenlet *PyGreenlet_New(PyObject *run, PyGreenlet *parent)
    PyGreenlet *PyGreenlet_GetCurrent()
    PyObject *PyGreenlet_Throw(PyGreenlet *g, PyObject *typ, PyObject *val, PyObject *tb)
    PyObject *PyGreenlet_Switch(PyGreenlet *g, PyObject *args, PyObject *kwargs)
    int PyGreenlet_SetParent(PyGreenlet *g, PyGreenlet *parent) except -1

cdef extern from *:
    """
    #define fastipc_given(p) ((PyObject *)(p))
    """
    object given "fastipc_given"(PyObject *p)  # a reference that is ours now; NULL: the error that is set

ABANDONED = []  # greenlets and generators that would not die: never run again, never freed


cdef inline int switch(PyObject *g) except -1:
    # Leave this greenlet; comes back when another one switches here.
    cdef PyObject *result = PyGreenlet_Switch(<PyGreenlet *>g, NULL, NULL)
    if result == NULL:
        return -1
    Py_XDECREF(result)
    return 0


cdef class MachineFrames(MachineTasks):
    """A machine with its tasks and what is left of their programs."""

    # -------------------------------------------------------------------------------------- picking
    cdef uint32_t ready(self, uint32_t row) except? 0:
        # What else `next_ready` may have to do for who has the next turn.
        while True:
            if self.k.attention:
                self.attend()
                if row == 0 and nr_running(self.k):  # a task that is driven by hand has died of a signal
                    row = next_turn(self.k)
                    continue
            if row == 0 or task_row(self.k, row).call.nr < 0:
                return row
            if (<TaskCore>PyList_GET_ITEM(self.tasks, row)).resume_bytes() == 0:
                return row
            row = next_turn(self.k)

    # -------------------------------------------------------------------------------------- greenlets
    cdef int take_hub(self) except -1:
        # Before another greenlet runs: this is the one to come back to.
        if self.hub is None:
            self.hub = current_greenlet()
        return 0

    # -------------------------------------------------------------------------------------- ends
    cdef int program_ended(self, TaskCore task, object result) except -1:
        task.frame = None
        if task.ctx == CTX_DEAD:
            task.dying = False
            return 0
        task.result = result
        program_exit(self.k, task.t, 0)
        self.k.current = CTX_HUB
        if self.k.attention:
            self.attend()
        task.dying = False
        self.forget(task)
        return 0

    cdef int program_failed(self, TaskCore task, object error) except -1:
        # Status 0x0100, as an uncaught exception of Python gives; the exception comes out of the run.
        task.frame = None
        error.add_note(f"in the program of task {task.pid} ({task.name})")
        if error.__traceback__ is not None and error.__traceback__.tb_next is not None:
            error.__traceback__ = error.__traceback__.tb_next
        self.errors.append(error)
        self.look = True
        if task.ctx != CTX_DEAD:
            do_group_exit(self.k, task.t, 0x0100)
        self.k.current = CTX_HUB
        if self.k.attention:
            self.attend()
        task.dying = False
        if not task.again:
            self.forget(task)
        return 0

    cdef int unwind(self) except -1:
        cdef TaskCore task
        self.take_hub()
        while self.unwinding:
            task = self.unwinding.popleft()
            self.unwind_task(task)
            self.forget(task)
        self.to_unwind = False
        return 0

    cdef int unwind_now(self) except -1:
        # From outside, with no run going on.
        cdef object hub = self.hub
        cdef uint32_t current = self.k.current
        self.hub = current_greenlet()
        try:
            self.unwind()
        finally:
            self.hub = hub
            self.k.current = current
        return 0

    cdef int unwind_task(self, TaskCore task) except -1:
        # Leave the frame of a task that has ended: TaskKilled comes out of the call in which it sleeps.
        cdef object frame = task.frame
        cdef uint32_t current = self.k.current
        if frame is None or not task.dying:
            return 0
        self.k.current = CTX_CLOSED if self.closed else CTX_HUB
        task.kills = 1
        try:
            if on_greenlet(task.t.kind):
                self.look = True
                throw_greenlet(frame, self.hub, TaskKilled(f"{task.name} has ended"))
            else:  # on a greenlet of its own, so that it can be dropped
                self.closing = task
                close_on_greenlet(task, frame, self.hub)
                self.closing = None
        finally:
            self.k.current = current
        task.dying = False
        task.frame = None
        return 0


# ------------------------------------------------------------------------------------------ greenlets and generators
cdef object current_greenlet():
    return given(<PyObject *>PyGreenlet_GetCurrent())  # NULL with an error at the end of the interpreter


cdef int throw_greenlet(object g, object parent, object error) except -1:
    # Returns when the greenlet has ended or switched here.
    cdef PyObject *result
    PyGreenlet_SetParent(<PyGreenlet *><PyObject *>g, <PyGreenlet *><PyObject *>parent)
    cdef object kind = type(error)
    if error is None:
        return switch(<PyObject *>g)
    result = PyGreenlet_Throw(<PyGreenlet *><PyObject *>g, <PyObject *>kind, <PyObject *>error, NULL)
    if result == NULL:
        return -1
    Py_XDECREF(result)
    return 0


cdef int leave_greenlet(object g, object parent) except -1:
    from greenlet import GreenletExit

    return throw_greenlet(g, parent, GreenletExit())


cdef int close_on_greenlet(TaskCore task, object gen, object parent) except -1:
    cdef object body = partial(close_generator, task, gen)
    cdef PyObject *g = <PyObject *>PyGreenlet_New(<PyObject *>body, <PyGreenlet *><PyObject *>parent)
    return throw_greenlet(given(g), parent, None)


cdef int drop_generator(TaskCore task) except -1:
    # It swallowed its death three times: never run again.
    ABANDONED.append(task.frame)
    task.frame = None
    task.dying = False
    return 0


def close_generator(TaskCore task, object gen):
    """Throw the death of a task into its generator."""
    cdef int _i
    for _i in range(3):
        try:
            gen.throw(TaskKilled(f"{task.name} has ended"))
        except (TaskKilled, StopIteration, GeneratorExit):
            return
        except BaseException as e:
            sys.unraisablehook(Unraisable(type(e), e, e.__traceback__, "ignored while a task was leaving its program",
                                          gen))
            return
    drop_generator(task)


class Unraisable:
    """What sys.unraisablehook is given."""

    def __init__(self, exc_type, exc_value, exc_traceback, err_msg, object):
        self.exc_type = exc_type
        self.exc_value = exc_value
        self.exc_traceback = exc_traceback
        self.err_msg = err_msg
        self.object = object
