# poll, select, ppoll and pselect. Source: fs/select.c.
#
# Both work on a run of pollfd rows in the call's record (`call.pollfds`, `call.nfds`); select's rows are one for each
# descriptor of each set, with the set's events. The entry fills the run and takes the results out of it.
# The mask of ppoll and pselect holds until `poll_select_finish`, which all of them end in.


cdef uint32_t pollfds_alloc(kernel_t *k, uint32_t n) noexcept nogil
cdef int64_t poll_restart(kernel_t *k, task_t *t) noexcept nogil
cdef void pollfds_free(kernel_t *k, uint32_t first, uint32_t n) noexcept nogil
cdef void set_user_sigmask(kernel_t *k, task_t *t, uint64_t set) noexcept nogil
cdef int64_t poll_select_finish(kernel_t *k, task_t *t, int64_t ret) noexcept nogil
cdef int64_t ppoll_checked(kernel_t *k, task_t *t, int64_t ns, bint masked, uint64_t set) noexcept nogil
cdef int64_t pselect_checked(kernel_t *k, task_t *t, int64_t ns, bint masked, uint64_t set) noexcept nogil
cdef int64_t do_poll(kernel_t *k, task_t *t, int64_t timeout_ns) noexcept nogil
cdef int64_t do_select(kernel_t *k, task_t *t, int64_t timeout_ns) noexcept nogil
cdef int64_t get_fd_set(kernel_t *k, task_t *t, int64_t nfds, uint8_t **sets) noexcept nogil
cdef int64_t fd_set_rows(kernel_t *k, task_t *t, uint32_t n, uint8_t **sets) noexcept nogil
cdef int64_t pollfds_of(kernel_t *k, task_t *t, int64_t *fds, int64_t r, int64_t w, int64_t x) noexcept nogil
cdef void set_fd_set(kernel_t *k, task_t *t, uint8_t **sets) noexcept nogil
cdef int64_t poll_resume(kernel_t *k, task_t *t) noexcept nogil
cdef void poll_freewait(kernel_t *k, task_t *t) noexcept nogil
cdef bint poll_check(kernel_t *k) noexcept nogil

cdef enum:  # what a descriptor in each of select's sets waits for
    POLLIN_SET = 0x40 | 0x80 | 0x1 | 0x10 | 0x8 | 0x20
    POLLOUT_SET = 0x200 | 0x100 | 0x4 | 0x8 | 0x20
    POLLEX_SET = 0x2 | 0x20
