# The mechanism layer as one compile unit: contracts and inline functions of the files in `linux/`, one file an idea.
#
# One unit, because a call into another extension module costs a load of its address and is never inlined: apart, a
# round trip of two programs took a tenth longer, and each of twenty modules added 0.2 ms to the import. So the files
# share one namespace, and what they all need is imported here.

from libc.stdint cimport int8_t, int16_t, int32_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.stdlib cimport free, malloc, realloc
from libc.string cimport memchr, memcmp, memcpy, memset, strlen
from posix.stdlib cimport posix_memalign

from fastipc._core.abi cimport *
from fastipc._core.layout cimport *

include "linux/panic.pxd"
include "linux/table.pxd"
include "linux/page_alloc.pxd"
include "linux/pgtable.pxd"
include "linux/tlb.pxd"
include "linux/vma.pxd"
include "linux/sched.pxd"
include "linux/timer.pxd"
include "linux/wait.pxd"
include "linux/signal.pxd"
include "linux/uaccess.pxd"
include "linux/mm.pxd"
include "linux/memory_access.pxd"
include "linux/uio.pxd"
include "linux/user.pxd"
include "linux/cred.pxd"
include "linux/pid.pxd"
include "linux/xarray.pxd"
include "linux/inode.pxd"
include "linux/dcache.pxd"
include "linux/namespace.pxd"
include "linux/journal.pxd"
include "linux/file.pxd"
include "linux/read_write.pxd"
include "linux/pipe.pxd"
include "linux/select.pxd"
include "linux/fifo.pxd"
include "linux/permission.pxd"
include "linux/namei.pxd"
include "linux/directory.pxd"
include "linux/attr.pxd"
include "linux/filemap.pxd"
include "linux/char_dev.pxd"
include "linux/open.pxd"
include "linux/seq_file.pxd"
include "linux/sysctl.pxd"
include "linux/proc.pxd"
include "linux/proc_maps.pxd"
include "linux/fcntl.pxd"
include "linux/time.pxd"
include "linux/exit.pxd"
include "linux/fork.pxd"
include "linux/memory.pxd"
include "linux/mmap.pxd"
include "linux/mprotect.pxd"
include "linux/shmem.pxd"
include "linux/commoncap.pxd"
include "linux/sys.pxd"
include "linux/call.pxd"
include "linux/path_call.pxd"
include "linux/ipc_util.pxd"
include "linux/ipc_namespace.pxd"
include "linux/shm.pxd"
include "linux/syscall_raw.pxd"
include "linux/stack.pxd"
include "linux/heap.pxd"
include "linux/coroutine.pxd"
include "linux/syscall.pxd"
include "linux/memory_call.pxd"
include "linux/verify.pxd"
