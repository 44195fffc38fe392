"""Hooks at the places where Linux asks its security modules.

``path_mknod(task, path, mode, dev)``: after mknod or mkfifo has made something. Source: security/security.c
(security_path_mknod, security_path_post_mknod), where the sources call ima_post_path_mknod.

``ipc_associate(task, kind, id, flg)``: when shmget, semget or msgget has found an object by its key, and the caller has
the rights that he asked for; ``kind`` is "shm", "sem" or "msg". Source: ipc/util.c (ipc_check_perms), where the sources
call ``ops->associate``.

A hook returns None or 0 if it agrees, else an errno: then what was done is undone, and the call fails with it.
"""

cdef dict HOOKS = {"path_mknod": HOOK_PATH_MKNOD, "ipc_associate": HOOK_IPC_ASSOCIATE}


def hook_names():
    """The hooks that there are."""
    return tuple(HOOKS)


def set_hook(MachineTasks machine, str name, function):
    """Give a hook its function, or none with None."""
    machine.admit()
    if function is None:
        machine.hooks.pop(name, None)
        machine.k.hooks &= ~<uint32_t>HOOKS[name]
    else:
        machine.hooks[name] = function
        machine.k.hooks |= <uint32_t>HOOKS[name]


def get_hooks(MachineTasks machine):
    """The functions of all hooks, by name."""
    return dict(machine.hooks)


cdef int64_t verdict(object value, str name) except? -1:
    # 0 or -errno.
    cdef int64_t errno
    if value is None:
        return 0
    errno = as_int(value, f"what the hook {name} returns")
    return -errno if errno > 0 else errno


cdef dict IPC_KINDS = {NR_shmget: "shm", NR_semget: "sem", NR_msgget: "msg"}


cdef int64_t ask_hook(TaskCore task) except? -1:
    # About the call in the record, of a compiled program.
    return ask_ipc_associate(task) if task.t.call.nr in IPC_KINDS else ask_path_mknod(task)


cdef int64_t ask_ipc_associate(TaskCore task) except? -1:
    # Precondition: the call in the record has found an object, whose id is in `call.ret`.
    cdef kernel_t *k = task.k
    cdef uint32_t current = k.current
    cdef int64_t id = task.t.call.ret, ret
    k.current = CTX_HUB
    try:
        ret = verdict((<MachineTasks>task.arena.machine).hooks["ipc_associate"](
            task, IPC_KINDS[task.t.call.nr], id, task.t.call.args[2]), "ipc_associate")
    finally:
        k.current = current
    return ret if ret < 0 else id


cdef int64_t ask_path_mknod(TaskCore task) except? -1:
    # Precondition: the call in the record is a mknod that has succeeded, its path still where it put it.
    cdef kernel_t *k = task.k
    cdef task_t *t = task.t
    cdef bint at = t.call.nr == NR_mknodat
    cdef int32_t dfd = dfd_arg(t.call.args[1]) if at else AT_FDCWD
    cdef bytes path = k.pathname[0]
    cdef uint32_t current = k.current, hash
    cdef int64_t ret = -EPERM
    k.current = CTX_HUB  # a hook makes no calls: this one is not over
    try:
        ret = verdict((<MachineTasks>task.arena.machine).hooks["path_mknod"](
            task, os.fsdecode(path), t.call.args[2 if at else 1], t.call.args[3 if at else 2]), "path_mknod")
    finally:
        k.current = current
        if ret < 0 and getname(k, 0, path, len(path), &hash) == 0:
            do_unlinkat(k, t, dfd)
    return ret
