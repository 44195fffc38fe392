"""Readers and writers with one set of two semaphores.

    python examples/readers_writers.py

A reader waits until no writer is there and counts itself, in one ``semop``; a writer waits until nobody is there. With
SEM_UNDO a reader that is killed is no longer counted. Readers that keep coming starve the writer: Linux lets through
whoever can run, and so does fastipc.
"""

from fastipc import IPC_PRIVATE, SEM_UNDO, Kernel

READERS, WRITERS = 0, 1  # how many are inside


def reader(t, semid, log, name, times):
    """Reads some times."""
    for _ in range(times):
        t.semop(semid, [(WRITERS, 0), (READERS, 1, SEM_UNDO)])
        log.append(f"{name} in")
        t.nanosleep(0.010)
        log.append(f"{name} out")
        t.semop(semid, [(READERS, -1, SEM_UNDO)])
        t.nanosleep(0.002)


def writer(t, semid, log, name):
    """Writes once."""
    t.nanosleep(0.001)
    t.semop(semid, [(READERS, 0), (WRITERS, 0), (WRITERS, 1, SEM_UNDO)])
    log.append(f"{name} in")
    t.nanosleep(0.005)
    log.append(f"{name} out")
    t.semop(semid, [(WRITERS, -1, SEM_UNDO)])
    return t.kernel.now


def run(readers, times):
    """Let them run; return what happened, and when the writer was through."""
    k = Kernel()
    semid = k.spawn().semget(IPC_PRIVATE, 2, 0o666)
    log = []
    for i in range(readers):
        k.spawn(reader, semid, log, f"reader {i}", times)
    w = k.spawn(writer, semid, log, "writer")
    k.run()
    return log, w.result


def main():
    """One reader lets the writer in when it has read; three that overlap make it wait longer."""
    for readers in (1, 3):
        log, when = run(readers, 3)
        print(f"{readers} readers: the writer is through after {when * 1e3:.0f} ms, {len(log)} events")


if __name__ == "__main__":
    main()
