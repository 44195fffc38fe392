"""One message between two programs, in the libraries and in the way that one would use without fastipc.

Every peer does the same thing: two programs, two mailboxes, one asks and the other answers. A round trip is
two messages, each put by one program and taken by the other, which is resumed for it. Each peer is written as
its documentation would have it, with no work that the others do not do.
"""

import asyncio
from collections import deque
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import Any

from timing import Body


@contextmanager
def simpy_store() -> Iterator[Body]:
    """SimPy: two processes and two Stores."""
    import simpy

    def ask(outbox: Any, inbox: Any, n: int) -> Generator[Any, Any, None]:
        for _ in range(n):
            yield outbox.put(1)
            yield inbox.get()

    def answer(inbox: Any, outbox: Any, n: int) -> Generator[Any, Any, None]:
        for _ in range(n):
            yield outbox.put((yield inbox.get()))

    def body(n: int) -> None:
        env = simpy.Environment()
        there, back = simpy.Store(env), simpy.Store(env)
        env.process(ask(there, back, n))
        env.process(answer(there, back, n))
        env.run()

    yield body


@contextmanager
def asyncio_queue() -> Iterator[Body]:
    """asyncio: two tasks and two Queues, on a loop that already exists."""

    async def ask(outbox: asyncio.Queue[int], inbox: asyncio.Queue[int], n: int) -> None:
        for _ in range(n):
            await outbox.put(1)
            await inbox.get()

    async def answer(inbox: asyncio.Queue[int], outbox: asyncio.Queue[int], n: int) -> None:
        for _ in range(n):
            await outbox.put(await inbox.get())

    async def both(n: int) -> None:
        there: asyncio.Queue[int] = asyncio.Queue()
        back: asyncio.Queue[int] = asyncio.Queue()
        await asyncio.gather(ask(there, back, n), answer(there, back, n))

    with asyncio.Runner() as runner:
        yield lambda n: runner.run(both(n))


Mailbox = deque[int]
Request = tuple[bool, Mailbox, int | None]  # (is it a put?, mailbox, item)
Program = Generator[Request, int | None, None]


def deque_run(programs: list[Program]) -> None:
    """The least that a scheduler needs: a run queue, and who waits on which mailbox.

    A program goes on until it has to wait, as a task of fastipc does.
    """
    ready: deque[tuple[Program, int | None]] = deque((p, None) for p in programs)
    asleep: dict[int, Program] = {}
    while ready:
        program, value = ready.popleft()
        try:
            while True:
                put, box, item = program.send(value)
                if put:
                    waiter = asleep.pop(id(box), None)
                    if waiter is None:
                        box.append(item)  # type: ignore[arg-type]
                    else:
                        ready.append((waiter, item))
                    value = None
                elif box:
                    value = box.popleft()
                else:
                    asleep[id(box)] = program
                    break
        except StopIteration:
            pass


@contextmanager
def deque_generators() -> Iterator[Body]:
    """By hand: two generators, two deques and `deque_run`. It has no descriptors, no bytes and no errors."""

    def ask(outbox: Mailbox, inbox: Mailbox, n: int) -> Program:
        for _ in range(n):
            yield True, outbox, 1
            yield False, inbox, None

    def answer(inbox: Mailbox, outbox: Mailbox, n: int) -> Program:
        for _ in range(n):
            item = yield False, inbox, None
            yield True, outbox, item

    def body(n: int) -> None:
        there: Mailbox = deque()
        back: Mailbox = deque()
        deque_run([ask(there, back, n), answer(there, back, n)])

    yield body
