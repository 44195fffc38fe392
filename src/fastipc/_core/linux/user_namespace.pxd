# User namespaces: ids that mean other users inside, and capabilities that hold inside alone.
# Source: kernel/user_namespace.c, include/linux/{user_namespace,uidgid}.h, security/commoncap.c (cap_capable).
#
# All ids that rows hold are those of the first namespace (kuid_t, kgid_t). A task of another one is told, and names,
# ids of its own; both ways lead through the one extent of that namespace's map. The first namespace is row 0.


cdef enum:
    INVALID_ID = 0xffffffff  # -1: nobody
    OVERFLOW_ID = 65534  # overflowuid, overflowgid
    MAX_USER_NS_LEVEL = 33

cdef int64_t create_user_ns(kernel_t *k, task_t *t, cred_t *new) noexcept nogil  # `new` is in it then: 0 or -errno
cdef int64_t set_cred_ucounts(kernel_t *k, cred_t *new) noexcept nogil
cdef void put_user_ns_last(kernel_t *k, uint32_t ns) noexcept nogil
cdef uint32_t map_id_down(kernel_t *k, uint32_t ns, uint32_t id, bint group) noexcept nogil
cdef uint32_t map_id_up(kernel_t *k, uint32_t ns, uint32_t kid, bint group) noexcept nogil
cdef bint in_userns(kernel_t *k, uint32_t ancestor, uint32_t child) noexcept nogil
cdef bint ns_capable_other(kernel_t *k, cred_t *cred, uint32_t ns, int cap) noexcept nogil
cdef bint userns_may_setgroups(kernel_t *k, uint32_t ns) noexcept nogil
cdef bint setgroups_allowed(kernel_t *k, uint32_t ns) noexcept nogil
cdef id_map_t *id_map(kernel_t *k, uint32_t ns, bint group) noexcept nogil
cdef int64_t map_write(kernel_t *k, task_t *t, uint32_t ns, bint group, const char *text) noexcept nogil
cdef int64_t setgroups_write(kernel_t *k, uint32_t ns, const char *text) noexcept nogil
cdef bint user_namespace_check(kernel_t *k) noexcept nogil


cdef inline uint32_t get_user_ns(kernel_t *k, uint32_t ns) noexcept nogil:
    if unlikely(ns != 0):
        user_ns_row(k, ns).count += 1
    return ns


cdef inline void put_user_ns(kernel_t *k, uint32_t ns) noexcept nogil:
    if unlikely(ns != 0):
        user_ns_row(k, ns).count -= 1
        if user_ns_row(k, ns).count == 0:
            put_user_ns_last(k, ns)


cdef inline uint32_t current_user_ns(kernel_t *k, task_t *t) noexcept nogil:
    return current_cred(k, t).user_ns


# ------------------------------------------------------------------------------------------ ids
cdef inline uint32_t make_kuid(kernel_t *k, uint32_t ns, uint32_t uid) noexcept nogil:
    return uid if likely(ns == 0) else map_id_down(k, ns, uid, False)


cdef inline uint32_t make_kgid(kernel_t *k, uint32_t ns, uint32_t gid) noexcept nogil:
    return gid if likely(ns == 0) else map_id_down(k, ns, gid, True)


cdef inline uint32_t from_kuid(kernel_t *k, uint32_t ns, uint32_t kuid) noexcept nogil:
    return kuid if likely(ns == 0) else map_id_up(k, ns, kuid, False)


cdef inline uint32_t from_kgid(kernel_t *k, uint32_t ns, uint32_t kgid) noexcept nogil:
    return kgid if likely(ns == 0) else map_id_up(k, ns, kgid, True)


cdef inline uint32_t from_kuid_munged(kernel_t *k, uint32_t ns, uint32_t kuid) noexcept nogil:
    cdef uint32_t uid = from_kuid(k, ns, kuid)
    return OVERFLOW_ID if unlikely(uid == INVALID_ID) else uid


cdef inline uint32_t from_kgid_munged(kernel_t *k, uint32_t ns, uint32_t kgid) noexcept nogil:
    cdef uint32_t gid = from_kgid(k, ns, kgid)
    return OVERFLOW_ID if unlikely(gid == INVALID_ID) else gid


# As the caller sees them, for the results of calls.
cdef inline uint32_t uid_to_user(kernel_t *k, task_t *t, uint32_t kuid) noexcept nogil:
    return from_kuid_munged(k, current_user_ns(k, t), kuid)


cdef inline uint32_t gid_to_user(kernel_t *k, task_t *t, uint32_t kgid) noexcept nogil:
    return from_kgid_munged(k, current_user_ns(k, t), kgid)


cdef inline bint uid_from_user(kernel_t *k, task_t *t, uint32_t *uid) noexcept nogil:
    # An argument becomes the id that it means; -1 stays. False: it is nobody's.
    if likely(current_user_ns(k, t) == 0) or uid[0] == INVALID_ID:
        return True
    uid[0] = map_id_down(k, current_user_ns(k, t), uid[0], False)
    return uid[0] != INVALID_ID


cdef inline bint gid_from_user(kernel_t *k, task_t *t, uint32_t *gid) noexcept nogil:
    if likely(current_user_ns(k, t) == 0) or gid[0] == INVALID_ID:
        return True
    gid[0] = map_id_down(k, current_user_ns(k, t), gid[0], True)
    return gid[0] != INVALID_ID


# ------------------------------------------------------------------------------------------ capabilities
cdef inline bint ns_capable(kernel_t *k, task_t *t, uint32_t ns, int cap) noexcept nogil:
    # Over what belongs to namespace `ns`.
    cdef cred_t *cred = current_cred(k, t)
    if likely(ns == cred.user_ns):
        return cred.cap_effective >> cap & 1
    return ns_capable_other(k, cred, ns, cap)


cdef inline bint capable_at_home(kernel_t *k, task_t *t, int cap) noexcept nogil:
    # Over what belongs to the caller's own namespace.
    return current_cred(k, t).cap_effective >> cap & 1


cdef inline bint capable_wrt_inode(kernel_t *k, task_t *t, inode_t *inode, int cap) noexcept nogil:
    # Over a file whose owner and group are somebody's in the caller's namespace.
    cdef cred_t *cred = current_cred(k, t)
    if not (cred.cap_effective >> cap & 1):
        return False
    return likely(cred.user_ns == 0) or (from_kuid(k, cred.user_ns, inode.i_uid) != INVALID_ID
                                         and from_kgid(k, cred.user_ns, inode.i_gid) != INVALID_ID)
