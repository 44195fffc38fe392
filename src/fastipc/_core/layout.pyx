"""NumPy dtypes of the structs in `layout.pxd`, taken from the compiler, so that no layout is written twice."""

import numpy as np

DTYPES = {}


cdef void describe():
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
    cdef fdbits_t pidbits_
    cdef stat_t stat_
    DTYPES["task"] = np.asarray(<task_t[:1]>&task_).dtype
    DTYPES["signal"] = np.asarray(<signal_t[:1]>&signal_).dtype
    DTYPES["sighand"] = np.asarray(<sighand_t[:1]>&sighand_).dtype
    DTYPES["files"] = np.asarray(<files_t[:1]>&files_).dtype
    DTYPES["fd"] = np.asarray(<fd_t[:1]>&fd_).dtype
    DTYPES["fdbits"] = np.asarray(<fdbits_t[:1]>&fdbits_).dtype
    DTYPES["file"] = np.asarray(<file_t[:1]>&file_).dtype
    DTYPES["inode"] = np.asarray(<inode_t[:1]>&inode_).dtype
    DTYPES["pipe"] = np.asarray(<pipe_t[:1]>&pipe_).dtype
    DTYPES["pipe_buffer"] = np.asarray(<pipe_buffer_t[:1]>&pipe_buffer_).dtype
    DTYPES["page"] = np.asarray(<page_t[:1]>&page_).dtype
    DTYPES["user"] = np.asarray(<user_t[:1]>&user_).dtype
    DTYPES["rlimit"] = np.asarray(<rlimit_t[:1]>&rlimit_).dtype
    DTYPES["timer"] = np.asarray(<timer_t[:1]>&timer_).dtype
    DTYPES["poll_entry"] = np.asarray(<poll_entry_t[:1]>&poll_entry_).dtype
    DTYPES["pollfd"] = np.asarray(<pollfd_t[:1]>&pollfd_).dtype
    DTYPES["pid"] = np.asarray(<pidmap_t[:1]>&pid_).dtype
    DTYPES["pidbits"] = np.asarray(<fdbits_t[:1]>&pidbits_).dtype
    DTYPES["stat"] = np.asarray(<stat_t[:1]>&stat_).dtype


describe()
