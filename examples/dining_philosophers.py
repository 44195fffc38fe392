"""Dining philosophers with System V semaphores: one way that ends in a deadlock, and two that do not.

    python examples/dining_philosophers.py

Whoever takes the left fork first, then the right one, will sooner or later starve with all the others, and `Deadlock`
says who waits for what. Taking both in one ``semop`` cannot: it is all or nothing. Nor can it happen if one of them
takes the right fork first.
"""

from fastipc import IPC_PRIVATE, SEM_UNDO, SETALL, Deadlock, Kernel

SEATS = 5
MEALS = 100


def one_by_one(t, forks, seat):
    """Left, then right."""
    left, right = seat, (seat + 1) % SEATS
    for _ in range(MEALS):
        t.semop(forks, [(left, -1, SEM_UNDO)])
        t.sched_yield()  # thinks about the other fork
        t.semop(forks, [(right, -1, SEM_UNDO)])
        t.semop(forks, [(left, 1, SEM_UNDO), (right, 1, SEM_UNDO)])


def both_at_once(t, forks, seat):
    """Both or none."""
    left, right = seat, (seat + 1) % SEATS
    for _ in range(MEALS):
        t.semop(forks, [(left, -1, SEM_UNDO), (right, -1, SEM_UNDO)])
        t.sched_yield()
        t.semop(forks, [(left, 1, SEM_UNDO), (right, 1, SEM_UNDO)])


def lower_number_first(t, forks, seat):
    """In one order for all."""
    first, second = sorted((seat, (seat + 1) % SEATS))
    for _ in range(MEALS):
        t.semop(forks, [(first, -1, SEM_UNDO)])
        t.sched_yield()
        t.semop(forks, [(second, -1, SEM_UNDO)])
        t.semop(forks, [(first, 1, SEM_UNDO), (second, 1, SEM_UNDO)])


def dine(habit):
    """Let them eat; return the report of the run."""
    k = Kernel()
    table = k.spawn(name="table")
    forks = table.semget(IPC_PRIVATE, SEATS, 0o600)
    table.semctl(forks, 0, SETALL, [1] * SEATS)
    for seat in range(SEATS):
        k.spawn(habit, forks, seat, name=f"philosopher {seat}")
    return k.run()


def main():
    """Show all three."""
    try:
        dine(one_by_one)
    except Deadlock as e:
        print(f"one by one: {e}\n")
    for habit in (both_at_once, lower_number_first):
        report = dine(habit)
        print(f"{habit.__name__}: {SEATS * MEALS} meals, {report.calls} calls, {report.switches} switches")


if __name__ == "__main__":
    main()
