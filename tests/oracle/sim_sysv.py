"""fastipc's calls on semaphores and message queues behind the oracle's interface."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

import fastipc

from . import abi, sysv
from .sim_memory import field_of


class SimSysv:
    """What `SimMachine` has of semaphores and message queues."""

    def _semget_(self, key: int, nsems: int, flags: int = 0) -> tuple:
        return self._verb("semget"), (key, nsems, flags), None

    def _operations(self, sops: Any) -> Any:
        # In one form a list of tuples, in the other an array.
        if self.verb != "sys":
            return [tuple(sop) for sop in sops]
        return np.array(
            [(num & 65535, op, flg - 65536 if flg > 32767 else flg) for num, op, flg in sysv.full(sops)], fastipc.SEMBUF
        )

    def _semop_(self, semid: int, sops: Any) -> tuple:
        return self._verb("semop"), (semid, self._operations(sops)), self._done

    def _semtimedop_(self, semid: int, sops: Any, timeout: float | None = None) -> tuple:
        return self._verb("semtimedop"), (semid, self._operations(sops), timeout), self._done

    @staticmethod
    def _done(ret: int | None) -> None:
        assert not ret

    def _semctl_(self, semid: int, num: int, cmd: int, arg: Any = None) -> tuple:
        result = functools.partial(self._sem_result, cmd)
        if cmd == abi.GETALL and self.verb != "sys":
            n = self.nsems(semid)  # an id may be another set's in another namespace: as many as the real side shows
            return "semctl", (semid, num, cmd), lambda values: values + [0] * (n - len(values))
        if self.verb != "sys":
            return "semctl", (semid, num, cmd) if arg is None else (semid, num, cmd, arg), result
        if cmd == abi.SETALL and arg is not None:
            return "sys_semctl", (semid, num, cmd, np.array(arg, np.int64).astype(np.uint16)), result
        if cmd == abi.GETALL:
            values = np.zeros(self.nsems(semid) or 1, np.uint16)
            return "sys_semctl", (semid, num, cmd, values), lambda ret: values.tolist()
        if cmd == abi.IPC_SET and arg is not None:
            row = np.zeros(1, fastipc.SEMID_DS)
            row["sem_perm"]["uid"], row["sem_perm"]["gid"], row["sem_perm"]["mode"] = arg
            return "sys_semctl", (semid, num, cmd, row), result
        if cmd in (*sysv.SEM_STATS, abi.IPC_INFO, abi.SEM_INFO):
            row = np.zeros(1, fastipc.SEMID_DS if cmd in sysv.SEM_STATS else fastipc.SEMINFO)
            return "sys_semctl", (semid, num, cmd, row), lambda ret: self._sem_row(cmd, ret, row[0])
        return "sys_semctl", (semid, num, cmd, arg), result

    def _sem_row(self, cmd: int, ret: int, row: Any) -> Any:
        if cmd not in sysv.SEM_STATS:
            return tuple(map(int, row))
        record = sysv.semid_ds(functools.partial(field_of, row))
        return record if cmd == abi.IPC_STAT else (ret, record)

    def _sem_result(self, cmd: int, ret: Any) -> Any:
        if cmd in (abi.IPC_INFO, abi.SEM_INFO):
            return tuple(ret)
        if cmd == abi.GETPID:
            return self.name_of(ret) if ret else 0
        if cmd in (abi.SEM_STAT, abi.SEM_STAT_ANY):
            return ret[0], sysv.semid_ds(functools.partial(field_of, ret[1]))
        if cmd == abi.IPC_STAT:
            return sysv.semid_ds(functools.partial(field_of, ret))
        return ret if cmd in (abi.GETVAL, abi.GETNCNT, abi.GETZCNT, abi.GETALL) else None

    def _msgget_(self, key: int, flags: int = 0) -> tuple:
        return self._verb("msgget"), (key, flags), None

    def _msgsnd_(self, msqid: int, mtype: int, data: bytes, flags: int = 0) -> tuple:
        return self._verb("msgsnd"), (msqid, mtype, data, flags), self._done

    def _msgrcv_(self, msqid: int, size: int, mtype: int = 0, flags: int = 0) -> tuple:
        if self.verb != "sys" or not 0 <= size <= sysv.LARGEST:
            return "msgrcv", (msqid, size, mtype, flags), None
        room = bytearray(8 + size)

        def decode(ret: int) -> tuple[int, bytes]:
            return int.from_bytes(room[:8], "little", signed=True), bytes(room[8 : 8 + ret])

        return "sys_msgrcv", (msqid, room, mtype, flags), decode

    def _msgctl_(self, msqid: int, cmd: int, arg: Any = None) -> tuple:
        if self.verb != "sys":
            return (
                "msgctl",
                (msqid, cmd) if arg is None else (msqid, cmd, arg),
                functools.partial(self._msg_result, cmd),
            )
        if cmd == abi.IPC_SET and arg is not None:
            row = np.zeros(1, fastipc.MSQID_DS)
            row["msg_perm"]["uid"], row["msg_perm"]["gid"], row["msg_perm"]["mode"], row["msg_qbytes"] = arg
            return "sys_msgctl", (msqid, cmd, row), self._done
        if cmd in (*sysv.MSG_STATS, abi.IPC_INFO, abi.MSG_INFO):
            row = np.zeros(1, fastipc.MSQID_DS if cmd in sysv.MSG_STATS else fastipc.MSGINFO)
            return "sys_msgctl", (msqid, cmd, row), lambda ret: self._msg_row(cmd, ret, row[0])
        return "sys_msgctl", (msqid, cmd, arg), self._done

    def _msg_row(self, cmd: int, ret: int, row: Any) -> Any:
        if cmd not in sysv.MSG_STATS:
            return tuple(int(row[name]) for name in sysv.MSG_INFO_FIELDS)
        record = sysv.msqid_ds(self, functools.partial(field_of, row))
        return record if cmd == abi.IPC_STAT else (ret, record)

    def _msg_result(self, cmd: int, ret: Any) -> Any:
        if cmd in (abi.IPC_INFO, abi.MSG_INFO):
            return tuple(ret)
        if cmd in (abi.MSG_STAT, abi.MSG_STAT_ANY):
            return ret[0], sysv.msqid_ds(self, functools.partial(field_of, ret[1]))
        return sysv.msqid_ds(self, functools.partial(field_of, ret)) if cmd == abi.IPC_STAT else None

    # forms with pointers
    def _raw(self, name: str, *args: int) -> tuple:
        return "sys_syscall", (name, *args), None

    def _semop_at_(self, *args: int) -> tuple:
        return self._raw("semop", *args)

    def _semtimedop_at_(self, *args: int) -> tuple:
        return self._raw("semtimedop", *args)

    def _semctl_at_(self, *args: int) -> tuple:
        return self._raw("semctl", *args)

    def _msgsnd_at_(self, *args: int) -> tuple:
        return self._raw("msgsnd", *args)

    def _msgrcv_at_(self, *args: int) -> tuple:
        return self._raw("msgrcv", *args)

    def _msgctl_at_(self, *args: int) -> tuple:
        return self._raw("msgctl", *args)
