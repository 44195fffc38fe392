from collections.abc import Callable, Mapping
from typing import Any, Self

from fastipc._core.machine_state import MachineState
from fastipc._core.native import Batch
from fastipc._core.task_poll import Task
from fastipc.kernel import Kernel

class MachineTasks(MachineState):
    def __new__(
        cls, memory: int, pid_max: int, seed: int, limits: Mapping[str, int], task_type: type[Task], kernel: Kernel
    ) -> Self: ...
    def spawn(
        self,
        program: object,
        args: tuple[Any, ...],
        name: str | None,
        uid: int,
        gid: int,
        parent: Task | None,
        daemon: bool,
    ) -> Task | int: ...
    def spawn_many(
        self,
        program: object,
        rows: list[tuple[Any, ...]],
        name: str | None,
        uid: int,
        gid: int,
        parent: Task | None,
        daemon: bool,
    ) -> list[Task] | int: ...
    def spawn_batch(self, batch: Batch, uid: int, gid: int, parent: Task | None, daemon: bool) -> int: ...
    def task_of_batch(self, batch: Batch, i: int) -> Task: ...
    def find(self, pid: int) -> Task | None: ...
    def live_tasks(self) -> list[Task]: ...
    def trace(self, sink: Callable[..., Any] | None) -> None: ...
    def waits(self) -> list[tuple[int, str, bool, tuple[int, int, tuple[int, ...]]]]: ...
