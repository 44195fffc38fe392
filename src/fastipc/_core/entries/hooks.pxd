# Hooks: functions of Python that the machine asks at the places where Linux asks its security modules.


cdef int64_t ask_path_mknod(TaskCore task) except? -1
