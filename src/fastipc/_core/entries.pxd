# The layer of entries as one compile unit, as `mechanism.pxd` is for the layer below: what touches Python objects, one
# file an idea, in `entries/`. Eleven modules took 2 ms of the import.

from libc.stdint cimport int16_t, int32_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t, uintptr_t

from fastipc._core.abi cimport *
from fastipc._core.layout cimport *
from fastipc._core.mechanism cimport *

include "entries/arena.pxd"
include "entries/user_buffer.pxd"
include "entries/convert.pxd"
include "entries/native.pxd"
include "entries/siginfo.pxd"
include "entries/task.pxd"
include "entries/stat.pxd"
include "entries/task_files.pxd"
include "entries/task_paths.pxd"
include "entries/task_process.pxd"
include "entries/task_ids.pxd"
include "entries/walk.pxd"
include "entries/task_memory.pxd"
include "entries/shm_records.pxd"
include "entries/task_shm.pxd"
include "entries/sysv_records.pxd"
include "entries/task_sem.pxd"
include "entries/task_msg.pxd"
include "entries/sigset.pxd"
include "entries/signal_records.pxd"
include "entries/task_signal.pxd"
include "entries/timer_records.pxd"
include "entries/task_timer.pxd"
include "entries/task_syscall.pxd"
include "entries/task_poll.pxd"
include "entries/submit.pxd"
include "entries/machine_state.pxd"
include "entries/machine_tasks.pxd"
include "entries/hooks.pxd"
include "entries/machine_frames.pxd"
include "entries/machine_handlers.pxd"
include "entries/machine_compiled.pxd"
include "entries/machine_generators.pxd"
include "entries/machine.pxd"
