# The tasks of a machine as Python sees them.


cdef class MachineTasks(MachineState):
    cdef list tasks  # by row; None where there is no Task
    cdef list batches  # of spawn_many, whose tasks get a Task when they are asked for
    cdef object kernel_ref
    cdef object task_type
    cdef object unwinding  # deque of tasks that ended and whose frames must be left
    cdef bint to_unwind  # there are some
    cdef bint look  # the hub must look before the next turn
    cdef object watch  # tasks whose end stops the run
    cdef list handlers  # functions by their rows
    cdef dict handler_rows  # by id
    cdef uint32_t last_handler  # the row that was found last
    cdef object sink  # of trace records
    cdef dict hooks  # by name

    cdef object kernel(self)
    cdef TaskCore new_task(self, uint32_t row, object program, tuple args, object name, object start)
    cdef TaskCore make_task(self, uint32_t row, object program, tuple args, object name)
    cdef TaskCore task_of(self, uint32_t row)
    cdef object name_of(self, uint32_t row)
    cdef TaskCore adopt(self, uint32_t row, start_t *start)
    cdef int left_compiled(self, TaskCore task) except -1
    cdef int forget(self, TaskCore task) except -1
    cdef int unspawn(self, TaskCore task) except -1
    cdef int check_start(self, object program) except -1
    cdef int attend(self) except -1
    cdef int task_ended(self, TaskCore task) except -1
    cdef int let_go(self, TaskCore task) except -1
    cdef int drain_trace(self) except -1
    cdef int deliver_by_hand(self) except -1
    cdef uint64_t handler_address(self, object handler) except? 2
    cdef object handler_at(self, uint32_t row)
    cdef bint stands_at(self, object handler, uint32_t row)
    cdef int forget_handlers(self) except -1
    cdef int unwind_now(self) except -1
