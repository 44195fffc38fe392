from collections.abc import Iterable
from typing import Any, SupportsIndex

from fastipc._core.submit import Call
from fastipc._core.task import _Buffer
from fastipc._core.task_process import ProcessCalls

class Task(ProcessCalls):
    def poll(
        self, fds: Iterable[tuple[SupportsIndex, SupportsIndex]], timeout_ms: SupportsIndex = -1
    ) -> list[tuple[int, int]]: ...
    def sys_poll(self, fds: _Buffer, timeout_ms: SupportsIndex = -1) -> int: ...
    def select(
        self,
        r: Iterable[SupportsIndex],
        w: Iterable[SupportsIndex],
        x: Iterable[SupportsIndex],
        timeout: float | SupportsIndex | None = None,
    ) -> tuple[list[int], list[int], list[int]]: ...
    def sys_select(
        self,
        nfds: SupportsIndex,
        r: _Buffer | None,
        w: _Buffer | None,
        x: _Buffer | None,
        timeout: float | SupportsIndex | None = None,
    ) -> int: ...
    def submit(self, name: str, *args: Any) -> Call: ...
