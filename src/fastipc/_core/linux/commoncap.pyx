"""Capabilities: capget and capset, what a change of ids and an execve do to them, prctl.

Source: security/commoncap.c, kernel/capability.c. Missing: capabilities and set-id bits of files (programs are no
files), those of other tasks.
"""

cdef enum:
    CAP_FS_SET = 0x10800021f  # of files: CHOWN to FSETID, LINUX_IMMUTABLE, MKNOD, MAC_OVERRIDE
    SECURE_ALL_BITS = 0x555
    SECURE_ALL_LOCKS = 0xaaa
    SECURE_UNPRIVILEGED = 0xf00  # for script interpreters: SECBIT_EXEC_RESTRICT_FILE, SECBIT_EXEC_DENY_INTERACTIVE


cdef inline uint64_t cap_bit(int64_t cap) noexcept nogil:
    # 0: there is no such capability.
    return <uint64_t>1 << cap if 0 <= cap <= CAP_CHECKPOINT_RESTORE else 0


# ------------------------------------------------------------------------------------------ ids
cdef inline uint32_t root_uid(kernel_t *k, const cred_t *cred) noexcept nogil:
    # Of the namespace of these credentials; that of nobody, if it has none.
    return make_kuid(k, cred.user_ns, 0)


cdef void cap_emulate_setxuid(kernel_t *k, cred_t *new, const cred_t *old) noexcept nogil:
    # Whoever has no root id left loses all; the effective ones come and go with the effective id.
    cdef uint32_t root = root_uid(k, old)
    if new.securebits & SECBIT_NO_SETUID_FIXUP:
        return
    if ((old.uid == root or old.euid == root or old.suid == root)
            and new.uid != root and new.euid != root and new.suid != root):
        if not (new.securebits & SECBIT_KEEP_CAPS):
            new.cap_permitted = new.cap_effective = 0
        new.cap_ambient = 0
    if old.euid == root and new.euid != root:
        new.cap_effective = 0
    if old.euid != root and new.euid == root:
        new.cap_effective = new.cap_permitted


cdef void cap_emulate_setfsuid(kernel_t *k, cred_t *new, const cred_t *old) noexcept nogil:
    cdef uint32_t root = root_uid(k, old)
    if new.securebits & SECBIT_NO_SETUID_FIXUP:
        return
    if old.fsuid == root and new.fsuid != root:
        new.cap_effective &= ~<uint64_t>CAP_FS_SET
    if old.fsuid != root and new.fsuid == root:
        new.cap_effective |= new.cap_permitted & <uint64_t>CAP_FS_SET


# ------------------------------------------------------------------------------------------ capget, capset
cdef void do_capget(kernel_t *k, task_t *t, uint64_t *sets) noexcept nogil:
    sets[0] = current_cred(k, t).cap_effective
    sets[1] = current_cred(k, t).cap_permitted
    sets[2] = current_cred(k, t).cap_inheritable


cdef int64_t do_capset(kernel_t *k, task_t *t, const uint64_t *sets) noexcept nogil:
    cdef cred_t *old = current_cred(k, t)
    cdef uint64_t effective = sets[0] & <uint64_t>CAP_ALL, permitted = sets[1] & <uint64_t>CAP_ALL
    cdef uint64_t inheritable = sets[2] & <uint64_t>CAP_ALL
    cdef uint32_t i
    if not capable_at_home(k, t, CAP_SETPCAP) and inheritable & ~(old.cap_inheritable | old.cap_permitted):
        return -EPERM
    if inheritable & ~(old.cap_inheritable | old.cap_bset) or permitted & ~old.cap_permitted or effective & ~permitted:
        return -EPERM
    i = prepare_creds(k, t)
    if i == 0:
        return -alloc_errno(k, ENOMEM)
    cred_row(k, i).cap_effective = effective
    cred_row(k, i).cap_permitted = permitted
    cred_row(k, i).cap_inheritable = inheritable
    cred_row(k, i).cap_ambient &= permitted & inheritable
    commit_creds(k, t, i)
    return 0


# ------------------------------------------------------------------------------------------ prctl
cdef int64_t bounding_drop(kernel_t *k, task_t *t, uint64_t bit) noexcept nogil:
    cdef uint32_t i
    if not capable_at_home(k, t, CAP_SETPCAP):
        return -EPERM
    if bit == 0:
        return -EINVAL
    i = prepare_creds(k, t)
    if i == 0:
        return -alloc_errno(k, ENOMEM)
    cred_row(k, i).cap_bset &= ~bit
    commit_creds(k, t, i)
    return 0


cdef int64_t set_securebits(kernel_t *k, task_t *t, uint64_t bits) noexcept nogil:
    # No privilege is needed for the bits of interpreters, unless nothing would change.
    cdef uint32_t old = current_cred(k, t).securebits, i
    if ((old & SECURE_ALL_LOCKS) >> 1 & (old ^ bits) or old & SECURE_ALL_LOCKS & ~bits
            or bits & ~<uint64_t>(SECURE_ALL_LOCKS | SECURE_ALL_BITS)):
        return -EPERM
    if not capable_at_home(k, t, CAP_SETPCAP) and (old == bits or (old ^ bits) & ~<uint64_t>SECURE_UNPRIVILEGED):
        return -EPERM
    i = prepare_creds(k, t)
    if i == 0:
        return -alloc_errno(k, ENOMEM)
    cred_row(k, i).securebits = <uint32_t>bits
    commit_creds(k, t, i)
    return 0


cdef int64_t set_keepcaps(kernel_t *k, task_t *t, uint64_t on) noexcept nogil:
    cdef uint32_t i
    if on > 1:
        return -EINVAL
    if current_cred(k, t).securebits & SECBIT_KEEP_CAPS_LOCKED:
        return -EPERM
    i = prepare_creds(k, t)
    if i == 0:
        return -alloc_errno(k, ENOMEM)
    cred_row(k, i).securebits &= ~<uint32_t>SECBIT_KEEP_CAPS
    cred_row(k, i).securebits |= SECBIT_KEEP_CAPS if on else 0
    commit_creds(k, t, i)
    return 0


cdef int64_t ambient(kernel_t *k, task_t *t, int64_t what, int64_t cap, bint more) noexcept nogil:
    # `more`: the arguments behind are not 0.
    cdef cred_t *old = current_cred(k, t)
    cdef uint64_t bit = cap_bit(cap), ambient = 0
    cdef uint32_t i
    if more or (cap != 0 if what == PR_CAP_AMBIENT_CLEAR_ALL else bit == 0):
        return -EINVAL
    if what == PR_CAP_AMBIENT_IS_SET:
        return old.cap_ambient & bit != 0
    if what == PR_CAP_AMBIENT_RAISE:
        if not (old.cap_permitted & old.cap_inheritable & bit) or old.securebits & SECBIT_NO_CAP_AMBIENT_RAISE:
            return -EPERM
        ambient = old.cap_ambient | bit
    elif what == PR_CAP_AMBIENT_LOWER:
        ambient = old.cap_ambient & ~bit
    elif what != PR_CAP_AMBIENT_CLEAR_ALL:
        return -EINVAL
    i = prepare_creds(k, t)
    if i == 0:
        return -alloc_errno(k, ENOMEM)
    cred_row(k, i).cap_ambient = ambient
    commit_creds(k, t, i)
    return 0


cdef int64_t cap_task_prctl(
    kernel_t *k, task_t *t, int64_t option, int64_t arg2, int64_t arg3, int64_t arg4, int64_t arg5
) noexcept nogil:
    if option == PR_CAPBSET_READ:
        return current_cred(k, t).cap_bset & cap_bit(arg2) != 0 if cap_bit(arg2) else -EINVAL
    if option == PR_CAPBSET_DROP:
        return bounding_drop(k, t, cap_bit(arg2))
    if option == PR_SET_SECUREBITS:
        return set_securebits(k, t, <uint64_t>arg2)
    if option == PR_GET_SECUREBITS:
        return current_cred(k, t).securebits
    if option == PR_GET_KEEPCAPS:
        return current_cred(k, t).securebits & SECBIT_KEEP_CAPS != 0
    if option == PR_SET_KEEPCAPS:
        return set_keepcaps(k, t, <uint64_t>arg2)
    if option == PR_CAP_AMBIENT:
        return ambient(k, t, arg2, arg3, arg4 != 0 or arg5 != 0)
    return -EINVAL


# ------------------------------------------------------------------------------------------ execve
cdef uint32_t prepare_exec_creds(kernel_t *k, task_t *t) noexcept nogil:
    # cap_bprm_creds_from_file, for a program that is no file: root gains all that the bounding set lets through, unless
    # somebody could meddle with it; others keep what is ambient. Where that is what the task has, its own.
    cdef cred_t *old = current_cred(k, t)
    cdef uint64_t permitted = 0, effective
    cdef uint32_t i, euid = old.euid, egid = old.egid
    cdef bint root = old.euid == root_uid(k, old) and not (old.securebits & SECBIT_NOROOT)
    if root or old.uid == root_uid(k, old) and not (old.securebits & SECBIT_NOROOT):
        permitted = old.cap_bset | old.cap_inheritable
    if permitted & ~old.cap_permitted and unsafe_exec(k, t):
        permitted &= old.cap_permitted
        if not capable_at_home(k, t, CAP_SETUID):
            euid = old.uid
            egid = old.gid
    permitted |= old.cap_ambient
    effective = permitted if root else old.cap_ambient
    if (old.suid == euid and old.fsuid == euid and old.euid == euid and old.sgid == egid and old.fsgid == egid
            and old.egid == egid and permitted == old.cap_permitted and effective == old.cap_effective
            and not (old.securebits & SECBIT_KEEP_CAPS)):
        return get_cred(k, t.cred)
    i = prepare_creds(k, t)
    if i == 0:
        return 0
    cred_row(k, i).euid = cred_row(k, i).suid = cred_row(k, i).fsuid = euid
    cred_row(k, i).egid = cred_row(k, i).sgid = cred_row(k, i).fsgid = egid
    cred_row(k, i).cap_permitted = permitted
    cred_row(k, i).cap_effective = effective
    cred_row(k, i).securebits &= ~<uint32_t>SECBIT_KEEP_CAPS
    return i
