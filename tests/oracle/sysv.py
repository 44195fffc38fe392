"""Semaphores and message queues as cases speak of them: what of their records is compared."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from . import abi

if TYPE_CHECKING:
    from .machine import Machine

PERM = ("key", "uid", "gid", "cuid", "cgid", "mode", "seq")
SEM_STATS = (abi.IPC_STAT, abi.SEM_STAT, abi.SEM_STAT_ANY)
MSG_STATS = (abi.IPC_STAT, abi.MSG_STAT, abi.MSG_STAT_ANY)
SEM_INFO_FIELDS = (
    "semmap", "semmni", "semmns", "semmnu", "semmsl", "semopm", "semume", "semusz", "semvmx", "semaem",
)  # fmt: skip
MSG_INFO_FIELDS = ("msgpool", "msgmap", "msgmax", "msgmnb", "msgmni", "msgssz", "msgtql", "msgseg")
LARGEST = 65536  # bytes of a message that a case receives


def _perm(field: Callable[[str], int], prefix: str, user: Callable[[int], int]) -> dict[str, Any]:
    perm: dict[str, Any] = {name: field(f"{prefix}.{name}") for name in PERM}
    perm |= {name: user(perm[name]) for name in ("uid", "gid", "cuid", "cgid")}
    perm["mode"] = oct(perm["mode"])
    return perm


def semid_ds(field: Callable[[str], int], user: Callable[[int], int] = int) -> dict[str, Any]:
    """Return what is compared of a set's record: of its times, whether they are set."""
    times = {name: field(name) > 0 for name in ("sem_otime", "sem_ctime")}
    return _perm(field, "sem_perm", user) | {"nsems": field("sem_nsems")} | times


def msqid_ds(machine: Machine, field: Callable[[str], int], user: Callable[[int], int] = int) -> dict[str, Any]:
    """Return what is compared of a queue's record."""
    numbers = {name[4:]: field(name) for name in ("msg_cbytes", "msg_qnum", "msg_qbytes")}
    pids = {name[4:]: field(name) and machine.name_of(field(name)) for name in ("msg_lspid", "msg_lrpid")}
    times = {name: field(name) > 0 for name in ("msg_stime", "msg_rtime", "msg_ctime")}
    return _perm(field, "msg_perm", user) | numbers | pids | times


def full(sops: Any) -> list[tuple[int, int, int]]:
    """Return operations with their flags."""
    return [(*sop, 0)[:3] for sop in sops]
