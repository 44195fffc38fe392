"""A bounded buffer in shared memory, guarded by three semaphores, and the same as a message queue.

    python examples/bounded_buffer.py

Free places, filled places and a lock are one set; a producer waits for a free place and the lock in one ``semop``. The
programs are generators, so that very many of them are cheap.
"""

from fastipc import IPC_PRIVATE, SETALL, Kernel

PLACES = 4
ITEMS = 60
FREE, FILLED, LOCK = 0, 1, 2
HEAD, TAIL, BUFFER = 0, 8, 16  # where things are in the segment


def number(t, address):
    """An integer in memory."""
    return int.from_bytes(t.load(address, 8), "little")


def producer(t, shmid, semid, first, n):
    """Puts n numbers into the buffer."""
    at = t.shmat(shmid)
    for i in range(n):
        yield t.semop(semid, [(FREE, -1), (LOCK, -1)])
        head = number(t, at + HEAD)
        t.store(at + BUFFER + head % PLACES * 8, (first + i).to_bytes(8, "little"))
        t.store(at + HEAD, (head + 1).to_bytes(8, "little"))
        yield t.semop(semid, [(FILLED, 1), (LOCK, 1)])


def consumer(t, shmid, semid, n):
    """Takes n numbers out of the buffer; its value is their sum."""
    at = t.shmat(shmid)
    total = 0
    for _ in range(n):
        yield t.semop(semid, [(FILLED, -1), (LOCK, -1)])
        tail = number(t, at + TAIL)
        total += number(t, at + BUFFER + tail % PLACES * 8)
        t.store(at + TAIL, (tail + 1).to_bytes(8, "little"))
        yield t.semop(semid, [(FREE, 1), (LOCK, 1)])
    return total


def with_semaphores():
    """Two producers, three consumers; return what the consumers have got in all."""
    k = Kernel()
    root = k.spawn()
    shmid = root.shmget(IPC_PRIVATE, 4096, 0o666)
    semid = root.semget(IPC_PRIVATE, 3, 0o666)
    root.semctl(semid, 0, SETALL, [PLACES, 0, 1])
    for i in range(2):
        k.spawn(producer, shmid, semid, i * ITEMS // 2, ITEMS // 2)
    consumers = [k.spawn(consumer, shmid, semid, ITEMS // 3) for _ in range(3)]
    k.run()
    return sum(c.result for c in consumers)


def sender(t, msqid, first, n):
    """The same by messages: the queue is the buffer."""
    for i in range(n):
        yield t.msgsnd(msqid, 1, (first + i).to_bytes(8, "little"))


def receiver(t, msqid, n):
    """Receives n messages."""
    total = 0
    for _ in range(n):
        _, text = yield t.msgrcv(msqid, 8)
        total += int.from_bytes(text, "little")
    return total


def with_messages():
    """The same, with a queue that holds as many messages."""
    from fastipc import IPC_SET

    k = Kernel()
    root = k.spawn()
    msqid = root.msgget(IPC_PRIVATE, 0o666)
    root.msgctl(msqid, IPC_SET, (0, 0, 0o666, PLACES * 8))
    for i in range(2):
        k.spawn(sender, msqid, i * ITEMS // 2, ITEMS // 2)
    receivers = [k.spawn(receiver, msqid, ITEMS // 3) for _ in range(3)]
    k.run()
    return sum(r.result for r in receivers)


def main():
    """Both give the sum of all numbers."""
    print(f"semaphores {with_semaphores()}, messages {with_messages()}, expected {sum(range(ITEMS))}")


if __name__ == "__main__":
    main()
