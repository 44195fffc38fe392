"""The Linux IPC subsystem as a library: a whole simulated machine in one process.

>>> import fastipc
>>> k = fastipc.Kernel()
>>> t = k.spawn()
>>> r, w = t.pipe()
>>> t.write(w, b"hello")
5
>>> t.read(r, 100)
b'hello'
"""

from typing import TYPE_CHECKING
from typing import Any as _Any

import numpy as _np

from fastipc._core import abi as _abi
from fastipc._core.abi import *  # noqa: F403
from fastipc._core.entries import (
    Call,
    IpcPerm,
    ItimerVal,
    MsgInfo,
    MsqidDs,
    SemidDs,
    SemInfo,
    ShmidDs,
    ShmInfo,
    SigAction,
    SigInfo,
    SigSet,
    StackT,
    Stat,
    Task,
    UserBuffer,
    Walk,
)
from fastipc.compiled import CompiledProgram, compile, compiled
from fastipc.errors import (
    CallPending,
    CompileError,
    Deadlock,
    FastIPCError,
    ForeignCall,
    InvariantError,
    KernelClosed,
    StackOverflow,
    TaskExited,
    TaskKilled,
    WrongThread,
)
from fastipc.kernel import Kernel
from fastipc.limits import IpcLimits, Limits
from fastipc.report import Blocked, Report
from fastipc.sysv import sops

if TYPE_CHECKING:
    from fastipc.ensemble import replicate

__version__ = "0.1.0"

ITIMERSPEC: _np.dtype[_Any]
ITIMERVAL: _np.dtype[_Any]
MSGINFO: _np.dtype[_Any]
MSQID_DS: _np.dtype[_Any]
POLLFD: _np.dtype[_Any]
SEMBUF: _np.dtype[_Any]
SEMID_DS: _np.dtype[_Any]
SEMINFO: _np.dtype[_Any]
SHMID_DS: _np.dtype[_Any]
SHMINFO: _np.dtype[_Any]
SHM_INFO_T: _np.dtype[_Any]
SIGINFO: _np.dtype[_Any]
SIGNALFD_SIGINFO: _np.dtype[_Any]
STAT: _np.dtype[_Any]


_DTYPES = frozenset(
    "ITIMERSPEC ITIMERVAL MSGINFO MSQID_DS POLLFD SEMBUF SEMID_DS SEMINFO SHMID_DS SHMINFO SHM_INFO_T SIGINFO "
    "SIGNALFD_SIGINFO STAT".split()
)


def __getattr__(name: str) -> _Any:
    """What an import need not pay for, made when first asked for.

    POLLFD, STAT and SIGINFO, the dtypes of the rows that ``sys_poll``, ``sys_fstat`` and ``sys_waitid`` fill; SHMID_DS,
    SHMINFO (IPC_INFO) and SHM_INFO_T (SHM_INFO), those of ``sys_shmctl``; SEMID_DS, SEMINFO, MSQID_DS and MSGINFO,
    those of ``sys_semctl`` and ``sys_msgctl``; SEMBUF, that of ``semop``; ITIMERVAL and ITIMERSPEC, those of
    ``sys_setitimer`` and ``sys_timer_settime``; SIGNALFD_SIGINFO, that of what a signalfd gives; `replicate`, which
    needs `concurrent.futures`.
    """
    value: _Any
    if name in _DTYPES:
        from fastipc._core.layout import dtype

        value = dtype(name.lower().removesuffix("_t"))
    elif name == "replicate":
        from fastipc.ensemble import replicate as value
    else:
        raise AttributeError(f"module 'fastipc' has no attribute {name!r}")
    globals()[name] = value
    return value


__all__ = [
    "ITIMERSPEC",
    "ITIMERVAL",
    "MSGINFO",
    "MSQID_DS",
    "POLLFD",
    "SEMBUF",
    "SEMID_DS",
    "SEMINFO",
    "SHMID_DS",
    "SHMINFO",
    "SHM_INFO_T",
    "SIGINFO",
    "SIGNALFD_SIGINFO",
    "STAT",
    "Blocked",
    "Call",
    "CallPending",
    "CompileError",
    "CompiledProgram",
    "Deadlock",
    "FastIPCError",
    "ForeignCall",
    "InvariantError",
    "IpcLimits",
    "IpcPerm",
    "ItimerVal",
    "Kernel",
    "KernelClosed",
    "Limits",
    "MsgInfo",
    "MsqidDs",
    "Report",
    "SemInfo",
    "SemidDs",
    "ShmInfo",
    "ShmidDs",
    "SigAction",
    "SigInfo",
    "SigSet",
    "StackT",
    "Walk",
    "StackOverflow",
    "Stat",
    "Task",
    "TaskExited",
    "TaskKilled",
    "UserBuffer",
    "WrongThread",
    "compile",
    "compiled",
    "replicate",
    "sops",
    *(name for name in dir(_abi) if name.isupper() and not name.startswith("NR_")),
]
