# Credentials: who a task acts as, and what it may do. Source: include/linux/cred.h, kernel/cred.c, kernel/groups.c.
#
# Tasks share a row of `cred` by count. It is never changed while anybody can see it: whoever wants a change prepares a
# copy, changes that, and commits it.


cdef enum:
    CAP_ALL = 0x1ffffffffff

cdef uint32_t prepare_creds(kernel_t *k, task_t *t) noexcept nogil  # a copy of the task's own to change, or 0
cdef void commit_creds(kernel_t *k, task_t *t, uint32_t new) noexcept nogil  # takes the caller's reference
cdef void put_cred_last(kernel_t *k, uint32_t cred) noexcept nogil
cdef uint32_t groups_copy(
    kernel_t *k, const uint32_t *gids, uint32_t ngroups
) noexcept nogil  # puts them in order; one reference, or 0
cdef void put_group_info(kernel_t *k, uint32_t group_info) noexcept nogil
cdef bint groups_search(kernel_t *k, uint32_t group_info, uint32_t gid) noexcept nogil
cdef uint32_t spawn_cred(
    kernel_t *k, uint32_t uid, uint32_t gid, const uint32_t *groups, uint32_t ngroups
) noexcept nogil  # one reference, or 0
cdef bint cred_check(kernel_t *k) noexcept nogil


cdef inline cred_t *current_cred(kernel_t *k, task_t *t) noexcept nogil:
    return cred_row(k, t.cred)


cdef inline uint32_t get_cred(kernel_t *k, uint32_t cred) noexcept nogil:
    cred_row(k, cred).count += 1
    return cred


cdef inline void put_cred(kernel_t *k, uint32_t cred) noexcept nogil:
    cred_row(k, cred).count -= 1
    if unlikely(cred_row(k, cred).count == 0):
        put_cred_last(k, cred)


cdef inline bint capable(kernel_t *k, task_t *t, int cap) noexcept nogil:
    # Over what is everybody's: in the first user namespace.
    cdef cred_t *cred = current_cred(k, t)
    return cred.cap_effective >> cap & 1 and likely(cred.user_ns == 0)


cdef inline bint in_group_p(kernel_t *k, cred_t *cred, uint32_t gid) noexcept nogil:
    # Whether files of a group are the group's to this task.
    return gid == cred.fsgid or groups_search(k, cred.group_info, gid)


cdef inline bint in_egroup_p(kernel_t *k, cred_t *cred, uint32_t gid) noexcept nogil:
    # The same for objects that go by the effective group.
    return gid == cred.egid or groups_search(k, cred.group_info, gid)


cdef inline uint32_t groups_count(kernel_t *k, cred_t *cred) noexcept nogil:
    return group_info_row(k, cred.group_info).ngroups if cred.group_info else 0


cdef inline uint32_t group_at(kernel_t *k, cred_t *cred, uint32_t i) noexcept nogil:
    return group_row(k, group_info_row(k, cred.group_info).groups + i).gid
