"""NumPy dtypes of the structs in `layout.pxd`, taken from the compiler, so that no layout is written twice."""

import numpy as np

cdef dict known = {}


def dtype(str name):
    """The dtype of a struct by the name of its table, made when it is first asked for."""
    if name not in known:
        known[name] = describe(name)
    return known[name]


cdef object describe(str name):
    cdef task_t task_
    cdef signal_t signal_
    cdef sighand_t sighand_
    cdef files_t files_
    cdef fd_t fd_
    cdef fdbits_t fdbits_
    cdef file_t file_
    cdef inode_t inode_
    cdef pipe_t pipe_
    cdef pipe_buffer_t pipe_buffer_
    cdef page_t page_
    cdef user_t user_
    cdef rlimit_t rlimit_
    cdef timer_t timer_
    cdef poll_entry_t poll_entry_
    cdef pollfd_t pollfd_
    cdef pidmap_t pid_
    cdef pid_namespace_t pid_namespace_
    cdef upid_t upid_
    cdef pid_upid_t pid_upid_
    cdef user_namespace_t user_namespace_
    cdef fdbits_t pidbits_
    cdef cred_t cred_
    cdef group_info_t group_info_
    cdef group_t group_
    cdef xa_node_t xa_node_
    cdef dentry_t dentry_
    cdef name_t name_
    cdef dhash_t dhash_
    cdef super_block_t super_block_
    cdef mount_t mount_
    cdef fs_t fs_
    cdef journal_t journal_
    cdef journal_head_t journal_head_
    cdef mm_t mm_
    cdef vm_area_t vm_area_
    cdef ipc_namespace_t ipc_namespace_
    cdef ipc_ids_t ipc_ids_
    cdef kht_t kht_
    cdef sysv_t sysv_
    cdef k_sigaction_t sigaction_
    cdef sigqueue_t sigqueue_
    cdef handler_t handler_
    cdef sigframe_t sigframe_
    cdef thread_t thread_
    cdef fown_t fown_
    cdef fasync_t fasync_
    cdef pipe_fasync_t pipe_fasync_
    cdef signalfd_ctx_t signalfd_ctx_
    cdef shmid_kernel_t shm_
    cdef shmid64_ds_t shmid_ds_
    cdef shminfo64_t shminfo_
    cdef shm_info_t shm_info_
    cdef sem_array_t sem_array_
    cdef sem_t sem_
    cdef sem_queue_t sem_queue_
    cdef sembuf_t sembuf_
    cdef sem_undo_t sem_undo_
    cdef sem_undo_list_t sem_undo_list_
    cdef semid64_ds_t semid_ds_
    cdef seminfo_t seminfo_
    cdef msg_queue_t msg_queue_
    cdef msg_msg_t msg_msg_
    cdef msg_receiver_t msg_receiver_
    cdef msg_sender_t msg_sender_
    cdef msqid64_ds_t msqid_ds_
    cdef msginfo_t msginfo_
    cdef siginfo_t siginfo_
    cdef k_itimer_t k_itimer_
    cdef itimer_t itimer_
    cdef itimerval_t itimerval_
    cdef itimerspec_t itimerspec_
    cdef signalfd_siginfo_t signalfd_siginfo_
    cdef stat_t stat_
    if name == "task":
        return np.asarray(<task_t[:1]>&task_).dtype
    if name == "signal":
        return np.asarray(<signal_t[:1]>&signal_).dtype
    if name == "sighand":
        return np.asarray(<sighand_t[:1]>&sighand_).dtype
    if name == "files":
        return np.asarray(<files_t[:1]>&files_).dtype
    if name == "fd":
        return np.asarray(<fd_t[:1]>&fd_).dtype
    if name == "fdbits":
        return np.asarray(<fdbits_t[:1]>&fdbits_).dtype
    if name == "file":
        return np.asarray(<file_t[:1]>&file_).dtype
    if name == "inode":
        return np.asarray(<inode_t[:1]>&inode_).dtype
    if name == "pipe":
        return np.asarray(<pipe_t[:1]>&pipe_).dtype
    if name == "pipe_buffer":
        return np.asarray(<pipe_buffer_t[:1]>&pipe_buffer_).dtype
    if name == "page":
        return np.asarray(<page_t[:1]>&page_).dtype
    if name == "user":
        return np.asarray(<user_t[:1]>&user_).dtype
    if name == "rlimit":
        return np.asarray(<rlimit_t[:1]>&rlimit_).dtype
    if name == "timer":
        return np.asarray(<timer_t[:1]>&timer_).dtype
    if name == "poll_entry":
        return np.asarray(<poll_entry_t[:1]>&poll_entry_).dtype
    if name == "pollfd":
        return np.asarray(<pollfd_t[:1]>&pollfd_).dtype
    if name == "pid":
        return np.asarray(<pidmap_t[:1]>&pid_).dtype
    if name == "pidbits":
        return np.asarray(<fdbits_t[:1]>&pidbits_).dtype
    if name == "cred":
        return np.asarray(<cred_t[:1]>&cred_).dtype
    if name == "group_info":
        return np.asarray(<group_info_t[:1]>&group_info_).dtype
    if name == "group":
        return np.asarray(<group_t[:1]>&group_).dtype
    if name == "xa_node":
        return np.asarray(<xa_node_t[:1]>&xa_node_).dtype
    if name == "dentry":
        return np.asarray(<dentry_t[:1]>&dentry_).dtype
    if name == "name":
        return np.asarray(<name_t[:1]>&name_).dtype
    if name == "dhash":
        return np.asarray(<dhash_t[:1]>&dhash_).dtype
    if name == "super_block":
        return np.asarray(<super_block_t[:1]>&super_block_).dtype
    if name == "mount":
        return np.asarray(<mount_t[:1]>&mount_).dtype
    if name == "fs":
        return np.asarray(<fs_t[:1]>&fs_).dtype
    if name == "journal":
        return np.asarray(<journal_t[:1]>&journal_).dtype
    if name == "journal_head":
        return np.asarray(<journal_head_t[:1]>&journal_head_).dtype
    if name == "mm":
        return np.asarray(<mm_t[:1]>&mm_).dtype
    if name == "vm_area":
        return np.asarray(<vm_area_t[:1]>&vm_area_).dtype
    if name == "pid_namespace":
        return np.asarray(<pid_namespace_t[:1]>&pid_namespace_).dtype
    if name == "upid":
        return np.asarray(<upid_t[:1]>&upid_).dtype
    if name == "pid_upid":
        return np.asarray(<pid_upid_t[:1]>&pid_upid_).dtype
    if name == "user_namespace":
        return np.asarray(<user_namespace_t[:1]>&user_namespace_).dtype
    if name == "ipc_namespace":
        return np.asarray(<ipc_namespace_t[:1]>&ipc_namespace_).dtype
    if name == "ipc_ids":
        return np.asarray(<ipc_ids_t[:1]>&ipc_ids_).dtype
    if name == "kht":
        return np.asarray(<kht_t[:1]>&kht_).dtype
    if name == "sysv":
        return np.asarray(<sysv_t[:1]>&sysv_).dtype
    if name == "sigaction":
        return np.asarray(<k_sigaction_t[:1]>&sigaction_).dtype
    if name == "sigqueue":
        return np.asarray(<sigqueue_t[:1]>&sigqueue_).dtype
    if name == "handler":
        return np.asarray(<handler_t[:1]>&handler_).dtype
    if name == "sigframe":
        return np.asarray(<sigframe_t[:1]>&sigframe_).dtype
    if name == "thread":
        return np.asarray(<thread_t[:1]>&thread_).dtype
    if name == "fown":
        return np.asarray(<fown_t[:1]>&fown_).dtype
    if name == "fasync":
        return np.asarray(<fasync_t[:1]>&fasync_).dtype
    if name == "pipe_fasync":
        return np.asarray(<pipe_fasync_t[:1]>&pipe_fasync_).dtype
    if name == "signalfd_ctx":
        return np.asarray(<signalfd_ctx_t[:1]>&signalfd_ctx_).dtype
    if name == "shm":
        return np.asarray(<shmid_kernel_t[:1]>&shm_).dtype
    if name == "shmid_ds":
        return np.asarray(<shmid64_ds_t[:1]>&shmid_ds_).dtype
    if name == "shminfo":
        return np.asarray(<shminfo64_t[:1]>&shminfo_).dtype
    if name == "shm_info":
        return np.asarray(<shm_info_t[:1]>&shm_info_).dtype
    if name == "sem_array":
        return np.asarray(<sem_array_t[:1]>&sem_array_).dtype
    if name == "sem":
        return np.asarray(<sem_t[:1]>&sem_).dtype
    if name == "sem_queue":
        return np.asarray(<sem_queue_t[:1]>&sem_queue_).dtype
    if name == "sembuf":
        return np.asarray(<sembuf_t[:1]>&sembuf_).dtype
    if name == "sem_undo":
        return np.asarray(<sem_undo_t[:1]>&sem_undo_).dtype
    if name == "sem_undo_list":
        return np.asarray(<sem_undo_list_t[:1]>&sem_undo_list_).dtype
    if name == "semid_ds":
        return np.asarray(<semid64_ds_t[:1]>&semid_ds_).dtype
    if name == "seminfo":
        return np.asarray(<seminfo_t[:1]>&seminfo_).dtype
    if name == "msg_queue":
        return np.asarray(<msg_queue_t[:1]>&msg_queue_).dtype
    if name == "msg_msg":
        return np.asarray(<msg_msg_t[:1]>&msg_msg_).dtype
    if name == "msg_receiver":
        return np.asarray(<msg_receiver_t[:1]>&msg_receiver_).dtype
    if name == "msg_sender":
        return np.asarray(<msg_sender_t[:1]>&msg_sender_).dtype
    if name == "msqid_ds":
        return np.asarray(<msqid64_ds_t[:1]>&msqid_ds_).dtype
    if name == "msginfo":
        return np.asarray(<msginfo_t[:1]>&msginfo_).dtype
    if name == "siginfo":
        renamed = np.asarray(<siginfo_t[:1]>&siginfo_).dtype
        renamed.names = ("si_signo", "si_errno", "si_code", "pad", "si_pid", "si_uid", "si_status", "pad2", "si_utime",
                         "si_stime", "si_value", "si_addr", "si_band", "si_fd", "si_timerid", "si_overrun",
                         "pad3", "pad4")
        return renamed
    if name == "k_itimer":
        return np.asarray(<k_itimer_t[:1]>&k_itimer_).dtype
    if name == "itimer":
        return np.asarray(<itimer_t[:1]>&itimer_).dtype
    if name == "itimerval":
        return np.asarray(<itimerval_t[:1]>&itimerval_).dtype
    if name == "itimerspec":
        return np.asarray(<itimerspec_t[:1]>&itimerspec_).dtype
    if name == "signalfd_siginfo":
        renamed = np.asarray(<signalfd_siginfo_t[:1]>&signalfd_siginfo_).dtype
        names = {"error": "errno", "integer": "int", "pointer": "ptr"}
        renamed.names = tuple(n if n.startswith("pad") else "ssi_" + names.get(n, n) for n in renamed.names)
        return renamed
    if name == "stat":
        return np.asarray(<stat_t[:1]>&stat_).dtype
    raise KeyError(name)
