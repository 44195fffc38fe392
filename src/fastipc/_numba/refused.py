"""What a Task has and compiled code has not: each is refused by name, with what to use in its place."""

from typing import Any

from numba.core.errors import TypingError
from numba.extending import overload_attribute, overload_method

from fastipc._numba.task_type import TaskType

METHODS = {
    "read": "makes a bytes object, which compiled code does not have: use t.readinto(fd, buf)",
    "load": "makes a bytes object, which compiled code does not have: use t.load_into(addr, buf)",
    "sys_load": "has another name in compiled code: use t.sys_load_into(addr, buf)",
    "memory": "makes an array of Python's: use t.load_into(addr, buf) and t.store(addr, buf)",
    "walk": "makes a record, which compiled code does not have: use Task.walk from outside, or t.load_into(addr, buf)",
    "msgrcv": "makes a bytes object, which compiled code does not have: use t.msgrcv_into(msqid, buf)",
    "sys_msgrcv": "has another form in compiled code: use t.sys_msgrcv_into(msqid, buf)",
    "submit": "drives a task by hand, and a program does not: use t.fork(program, ...) for what is to run beside it",
}
ATTRIBUTES = {
    "daemon": "does not exist in compiled code: use daemon=True of Kernel.spawn",
    "fault": "does not exist in compiled code: an access that fails ends the program; use Task.fault from outside",
    "ipc_limits": "does not exist in compiled code: use Task.ipc_limits from outside",
    "exit_status": "does not exist in compiled code: use t.wait4(pid) on a child",
    "kernel": "does not exist in compiled code: use it outside, between runs",
    "name": "does not exist in compiled code: use t.pid",
    "nspid": "does not exist in compiled code: use t.getpid(), or Task.nspid from outside",
    "ppid": "does not exist in compiled code: use t.getppid()",
    "result": "does not exist in compiled code: use a pipe to tell another program",
    "regs": "does not exist in compiled code: use Task.regs from outside",
    "state": "does not exist in compiled code: use t.wait4(pid, WNOHANG) on a child",
    "waiting": "does not exist in compiled code: use Task.waiting from outside",
}


def _refuse_method(name: str, why: str) -> None:
    @overload_method(TaskType, name)
    def refused(t: Any, *args: Any) -> Any:
        raise TypingError(f"t.{name} {why}")


def _refuse_attribute(name: str, why: str) -> None:
    @overload_attribute(TaskType, name)
    def refused(t: Any) -> Any:
        raise TypingError(f"t.{name} {why}")


for _name, _why in METHODS.items():
    _refuse_method(_name, _why)
for _name, _why in ATTRIBUTES.items():
    _refuse_attribute(_name, _why)
