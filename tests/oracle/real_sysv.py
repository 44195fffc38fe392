"""The real side's calls on semaphores and message queues: how their arguments are placed and results read."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from . import abi, sysv

if TYPE_CHECKING:
    from .real import Slot

NR = {
    "semget": 64, "semop": 65, "semctl": 66, "msgget": 68, "msgsnd": 69, "msgrcv": 70, "msgctl": 71, "semtimedop": 220,
}  # fmt: skip
PERM = "iIIIIIH6x16x"
SEMID_DS, MSQID_DS = PERM + "q8xq8xQ16x", PERM + "qqqQQQii16x"
SEM_WORDS = ("sem_otime", "sem_ctime", "sem_nsems")
MSG_WORDS = (
    "msg_stime", "msg_rtime", "msg_ctime", "msg_cbytes", "msg_qnum", "msg_qbytes", "msg_lspid", "msg_lrpid",
)  # fmt: skip
TIME_AT = 32768  # of a timeout in a slot's data


class RealSysv:
    """What `RealMachine` has of semaphores and message queues."""

    def _semget_(self, slot: Slot, key: int, nsems: int, flags: int = 0) -> None:
        slot.send(NR["semget"], key, nsems, flags)

    def _sops(self, slot: Slot, sops: list[tuple[int, ...]]) -> tuple[int, int]:
        rows = b"".join(struct.pack("HhH", num & 65535, op, flg & 65535) for num, op, flg in sysv.full(sops))
        return slot.put(rows), len(sops)

    def _semop_(self, slot: Slot, semid: int, sops: list[tuple[int, ...]]) -> Callable:
        slot.send(NR["semop"], semid, *self._sops(slot, sops))
        return lambda ret: None

    def _semtimedop_(
        self, slot: Slot, semid: int, sops: list[tuple[int, ...]], timeout: float | None = None
    ) -> Callable:
        where = 0
        if timeout is not None:
            ns = round(timeout * 1e9)
            where = slot.put(struct.pack("qq", ns // 10**9, ns % 10**9), TIME_AT)
        slot.send(NR["semtimedop"], semid, *self._sops(slot, sops), where)
        return lambda ret: None

    def _semctl_(self, slot: Slot, semid: int, num: int, cmd: int, arg: Any = None) -> Callable:
        where = 0 if cmd == abi.SETALL and arg is None else slot.put(bytes(64))
        if cmd == abi.IPC_SET and arg is not None:
            uid, gid, mode = arg
            slot.put(struct.pack("iIIIII", 0, self._stranger(uid), self._stranger(gid), 0, 0, mode))
        elif cmd == abi.SETALL and arg is not None:
            slot.put(struct.pack(f"{len(arg)}H", *(value & 65535 for value in arg)))
        elif cmd == abi.SETVAL:
            where = arg
        slot.send(NR["semctl"], semid, num, cmd, where)
        return lambda ret: self._sem_result(slot, cmd, ret, semid)

    def _sem_result(self, slot: Slot, cmd: int, ret: int, semid: int) -> Any:
        if cmd in (abi.IPC_INFO, abi.SEM_INFO):
            return struct.unpack("10i", slot.get(40))
        if cmd == abi.GETPID:
            return self.name_of(ret) if ret else 0
        if cmd == abi.GETALL:
            return list(struct.unpack(f"{self.nsems(semid)}H", slot.get(2 * self.nsems(semid))))
        if cmd not in sysv.SEM_STATS:
            return ret if cmd in (abi.GETVAL, abi.GETNCNT, abi.GETZCNT) else None
        names = [f"sem_perm.{name}" for name in sysv.PERM]
        words = struct.unpack(SEMID_DS, slot.get(struct.calcsize(SEMID_DS)))
        record = sysv.semid_ds(dict(zip((*names, *SEM_WORDS), words, strict=True)).__getitem__, self._user)
        return record if cmd == abi.IPC_STAT else (ret, record)

    def _msgget_(self, slot: Slot, key: int, flags: int = 0) -> None:
        slot.send(NR["msgget"], key, flags)

    def _msgsnd_(self, slot: Slot, msqid: int, mtype: int, data: bytes, flags: int = 0) -> Callable:
        where = slot.put(struct.pack("q", mtype) + data)
        slot.send(NR["msgsnd"], msqid, where, len(data), flags)
        return lambda ret: None

    def _msgrcv_(self, slot: Slot, msqid: int, size: int, mtype: int = 0, flags: int = 0) -> Callable:
        slot.put(bytes(8))
        slot.send(NR["msgrcv"], msqid, slot.address, size, mtype, flags)
        return lambda ret: (struct.unpack("q", slot.get(8))[0], slot.get(ret, 8))

    def _msgctl_(self, slot: Slot, msqid: int, cmd: int, arg: Any = None) -> Callable:
        where = slot.put(bytes(128))
        if cmd == abi.IPC_SET and arg is not None:
            uid, gid, mode, qbytes = arg
            slot.put(struct.pack("iIIIII", 0, self._stranger(uid), self._stranger(gid), 0, 0, mode))
            slot.put(struct.pack("Q", qbytes), 48 + 5 * 8)
        slot.send(NR["msgctl"], msqid, cmd, where)
        return lambda ret: self._msg_result(slot, cmd, ret)

    def _msg_result(self, slot: Slot, cmd: int, ret: int) -> Any:
        if cmd in (abi.IPC_INFO, abi.MSG_INFO):
            return struct.unpack("7iH", slot.get(30))
        if cmd not in sysv.MSG_STATS:
            return None
        names = [f"msg_perm.{name}" for name in sysv.PERM]
        words = struct.unpack(MSQID_DS, slot.get(struct.calcsize(MSQID_DS)))
        fields = dict(zip((*names, *MSG_WORDS), words, strict=True))
        record = sysv.msqid_ds(self, fields.__getitem__, self._user)
        return record if cmd == abi.IPC_STAT else (ret, record)

    # forms with pointers
    def _raw(self, slot: Slot, name: str, *args: int) -> Callable:
        slot.send(NR[name], *args)
        return lambda ret: ret

    def _semop_at_(self, slot: Slot, semid: int, address: int, n: int) -> Callable:
        return self._raw(slot, "semop", semid, address, n)

    def _semtimedop_at_(self, slot: Slot, semid: int, address: int, n: int, timeout: int) -> Callable:
        return self._raw(slot, "semtimedop", semid, address, n, timeout)

    def _semctl_at_(self, slot: Slot, semid: int, num: int, cmd: int, address: int) -> Callable:
        return self._raw(slot, "semctl", semid, num, cmd, address)

    def _msgsnd_at_(self, slot: Slot, msqid: int, address: int, size: int, flags: int = 0) -> Callable:
        return self._raw(slot, "msgsnd", msqid, address, size, flags)

    def _msgrcv_at_(self, slot: Slot, msqid: int, address: int, size: int, mtype: int = 0, flags: int = 0) -> Callable:
        return self._raw(slot, "msgrcv", msqid, address, size, mtype, flags)

    def _msgctl_at_(self, slot: Slot, msqid: int, cmd: int, address: int) -> Callable:
        return self._raw(slot, "msgctl", msqid, cmd, address)
