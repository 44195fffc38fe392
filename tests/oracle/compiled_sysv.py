"""The worker's calls on semaphores and message queues. Operations, values, messages and records lie in its area."""

from __future__ import annotations

import functools
from typing import Any

import numba
import numpy as np

import fastipc
from fastipc import UserBuffer

from . import abi, sysv
from .sim_sysv import SimSysv

OPS = (
    "semget", "semop", "semtimedop", "semctl", "msgget", "msgsnd", "msgrcv", "msgctl",
    "semop_at", "semtimedop_at", "semctl_at", "msgsnd_at", "msgrcv_at", "msgctl_at",
)  # fmt: skip
(
    SEMGET, SEMOP, SEMTIMEDOP, SEMCTL, MSGGET, MSGSND, MSGRCV, MSGCTL,
    SEMOP_AT, SEMTIMEDOP_AT, SEMCTL_AT, MSGSND_AT, MSGRCV_AT, MSGCTL_AT,
) = range(len(OPS))  # fmt: skip
RECORD = 256  # bytes for a record
NOT_THERE, NUMBER, ARRAY = 0, 1, 2  # what the last argument of semctl is
SETALL = abi.SETALL
FOREVER = -1


@numba.njit
def on_pointers(t, op, a):
    """Raw forms with pointers."""
    if op == SEMOP_AT:
        return t.syscall("semop", a[0], a[1], a[2])
    if op == SEMTIMEDOP_AT:
        return t.syscall("semtimedop", a[0], a[1], a[2], a[3])
    if op == SEMCTL_AT:
        return t.syscall("semctl", a[0], a[1], a[2], a[3])
    if op == MSGSND_AT:
        return t.syscall("msgsnd", a[0], a[1], a[2], a[3])
    if op == MSGRCV_AT:
        return t.syscall("msgrcv", a[0], a[1], a[2], a[3], a[4])
    return t.syscall("msgctl", a[0], a[1], a[2])


@numba.njit
def on_semctl(t, a, area):
    """semctl with an array, a number or nothing."""
    if a[4] == ARRAY:
        n = a[5] if a[2] == SETALL else RECORD // 2 if a[5] == 0 else a[5]
        return t.sys_semctl(a[0], a[1], a[2], area[: 2 * n].view(np.uint16))
    if a[4] == NUMBER:
        return t.sys_semctl(a[0], a[1], a[2], a[3])
    return t.sys_semctl(a[0], a[1], a[2])


@numba.njit
def receive(t, a, area):
    """msgrcv_into; the type goes where raw calls have it."""
    ret = np.int64(0)
    try:
        mtype, n = t.msgrcv_into(a[0], area[8 : 8 + a[1]], a[2], a[3])
        area[:8].view(np.int64)[0] = mtype
        ret = n
    except Exception:
        ret = -t.errno
    return ret


@numba.njit
def on_sysv(t, op, a, area):
    """All of them."""
    if op >= SEMOP_AT:
        return on_pointers(t, op, a)
    if op == SEMGET:
        return t.sys_semget(a[0], a[1], a[2])
    if op == SEMOP:
        return t.sys_semop(a[0], area[: 6 * a[1]])
    if op == SEMTIMEDOP:
        if a[2] == 0:
            return t.sys_semtimedop(a[0], area[: 6 * a[1]])
        return t.sys_semtimedop(a[0], area[: 6 * a[1]], a[3] / 1e9)
    if op == SEMCTL:
        return on_semctl(t, a, area)
    if op == MSGGET:
        return t.sys_msgget(a[0], a[1])
    if op == MSGSND:
        return t.sys_msgsnd(a[0], a[1], area[: a[2]], a[3])
    if op == MSGRCV:
        if a[1] < 0:
            return t.sys_msgrcv_into(a[0], UserBuffer(8, a[1]), a[2], a[3])
        return receive(t, a, area)
    return t.sys_msgctl(a[0], a[1], area[:RECORD])


@numba.njit
def raising_sysv(t, op, a, area):
    """Some of them in the verb that raises; -errno as the other one gives it."""
    ret = np.int64(0)
    try:
        if op == SEMGET:
            ret = t.semget(a[0], a[1], a[2])
        elif op == SEMOP:
            t.semop(a[0], area[: 6 * a[1]])
        elif op == MSGGET:
            ret = t.msgget(a[0], a[1])
        else:
            t.msgsnd(a[0], a[1], area[: a[2]], a[3])
    except Exception:
        ret = -t.errno
    return ret


RAISING = (SEMGET, SEMOP, MSGGET, MSGSND)


class CompiledSysv(SimSysv):
    """What `CompiledMachine` has of semaphores and queues: the words of a call, and what makes a value of a result."""

    @staticmethod
    def _place_bytes(area: Any, data: bytes) -> None:
        area[: len(data)] = np.frombuffer(data, np.uint8)

    def _place_sops(self, area: Any, sops: Any) -> int:
        rows = [(num & 65535, op, flg - 65536 if flg > 32767 else flg) for num, op, flg in sysv.full(sops)]
        self._place_bytes(area, np.array(rows, fastipc.SEMBUF).tobytes())
        return len(rows)

    def _on_semget(self, area: Any, key: int, nsems: int, flags: int = 0) -> tuple:
        return (key, nsems, flags), int

    def _on_semop(self, area: Any, semid: int, sops: Any) -> tuple:
        return (semid, self._place_sops(area, sops)), self._done

    def _on_semtimedop(self, area: Any, semid: int, sops: Any, timeout: float | None = None) -> tuple:
        ns = 0 if timeout is None else round(timeout * 1e9)
        return (semid, self._place_sops(area, sops), timeout is not None, ns), self._done

    def _on_semctl(self, area: Any, semid: int, num: int, cmd: int, arg: Any = None) -> tuple:
        decode = functools.partial(self._sem_result, cmd)
        if cmd == abi.SETALL and arg is not None:
            values = np.array(arg, np.int64).astype(np.uint16)
            self._place_bytes(area, values.tobytes())
            return (semid, num, cmd, 0, ARRAY, len(values)), decode
        if cmd == abi.GETALL:
            n = self.nsems(semid) or 1
            area[: 2 * n] = 0
            return (semid, num, cmd, 0, ARRAY, n), lambda ret: area[: 2 * n].view(np.uint16).tolist()
        if cmd in (*sysv.SEM_STATS, abi.IPC_INFO, abi.SEM_INFO, abi.IPC_SET):
            row = area[:RECORD].view(np.uint8)
            row[:] = 0
            dtype = fastipc.SEMID_DS if cmd in (*sysv.SEM_STATS, abi.IPC_SET) else fastipc.SEMINFO
            record = row[: dtype.itemsize].view(dtype)
            if cmd == abi.IPC_SET:
                record["sem_perm"]["uid"], record["sem_perm"]["gid"], record["sem_perm"]["mode"] = arg
                return (semid, num, cmd, 0, ARRAY, 0), self._done
            return (semid, num, cmd, 0, ARRAY, 0), lambda ret: self._sem_row(cmd, ret, record[0])
        if arg is None:
            return (semid, num, cmd, 0, NOT_THERE), decode
        return (semid, num, cmd, arg, NUMBER), decode

    def _on_msgget(self, area: Any, key: int, flags: int = 0) -> tuple:
        return (key, flags), int

    def _on_msgsnd(self, area: Any, msqid: int, mtype: int, data: bytes, flags: int = 0) -> tuple:
        self._place_bytes(area, data)
        return (msqid, mtype, len(data), flags), self._done

    def _on_msgrcv(self, area: Any, msqid: int, size: int, mtype: int = 0, flags: int = 0) -> tuple:
        def decode(ret: int) -> tuple[int, bytes]:
            return int(area[:8].view(np.int64)[0]), bytes(area[8 : 8 + ret])

        return (msqid, size, mtype, flags), decode

    def _on_msgctl(self, area: Any, msqid: int, cmd: int, arg: Any = None) -> tuple:
        row = area[:RECORD]
        row[:] = 0
        dtype = fastipc.MSGINFO if cmd in (abi.IPC_INFO, abi.MSG_INFO) else fastipc.MSQID_DS
        record = row[: dtype.itemsize].view(dtype)
        if cmd == abi.IPC_SET and arg is not None:
            perm = record["msg_perm"]
            perm["uid"], perm["gid"], perm["mode"], record["msg_qbytes"] = arg
        if cmd in (*sysv.MSG_STATS, abi.IPC_INFO, abi.MSG_INFO):
            return (msqid, cmd), lambda ret: self._msg_row(cmd, ret, record[0])
        return (msqid, cmd), self._done
