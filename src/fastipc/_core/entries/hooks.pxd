# Hooks: functions of Python that the machine asks at the places where Linux asks its security modules.


cdef int64_t ask_hook(TaskCore task) except? -1
cdef int64_t ask_path_mknod(TaskCore task) except? -1
cdef int64_t ask_ipc_associate(TaskCore task) except? -1
