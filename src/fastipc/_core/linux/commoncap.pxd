# Capabilities: what changes them. Source: security/commoncap.c, kernel/capability.c.


cdef void cap_emulate_setxuid(kernel_t *k, cred_t *new, const cred_t *old) noexcept nogil
cdef void cap_emulate_setfsuid(kernel_t *k, cred_t *new, const cred_t *old) noexcept nogil
cdef void do_capget(kernel_t *k, task_t *t, uint64_t *sets) noexcept nogil  # effective, permitted, inheritable
cdef int64_t do_capset(kernel_t *k, task_t *t, const uint64_t *sets) noexcept nogil
cdef int64_t cap_task_prctl(
    kernel_t *k, task_t *t, int64_t option, int64_t arg2, int64_t arg3, int64_t arg4, int64_t arg5
) noexcept nogil
cdef uint32_t prepare_exec_creds(kernel_t *k, task_t *t) noexcept nogil  # one reference, or 0
