"""What Python cannot reach: the page allocator's orders, wake queues, and pipes of great age."""

from libc.stdint cimport uint32_t

from fastipc._core.layout cimport *
from fastipc._core.mechanism cimport *
from fastipc._core.entries cimport TaskCore


# ------------------------------------------------------------------------------------------ page allocator
def take(TaskCore task, int order, bint zeroed=False):
    """A block of 2**order pages; its first page, or 0."""
    return alloc_pages(task.k, order, zeroed)


def give(TaskCore task, uint32_t page, int order):
    free_pages(task.k, page, order)


def take_one(TaskCore task):
    return alloc_page(task.k)


def put(TaskCore task, uint32_t page):
    put_page(task.k, page)


def get(TaskCore task, uint32_t page):
    page_row(task.k, page).refcount += 1


def split(TaskCore task, uint32_t page, int order):
    split_page(task.k, page, order)


def fill(TaskCore task, uint32_t page, int order, int value):
    """Write into every byte of a block."""
    cdef char *at = page_address(task.k, page)
    cdef int i
    for i in range(page, page + (1 << order)):
        page_row(task.k, i).flags |= PG_TOUCHED
    for i in range(4096 << order):
        at[i] = <char>value


def sound(TaskCore task):
    """The allocator's own check: unlike Kernel.verify it does not ask who holds the pages."""
    return page_alloc_check(task.k)


def content(TaskCore task, uint32_t page, int order):
    return page_address(task.k, page)[:4096 << order]


# ------------------------------------------------------------------------------------------ waking
def sleep(TaskCore task, int state=TASK_INTERRUPTIBLE):
    """set_current_state and schedule; False if a wake-up came first."""
    task.t.state = state
    return deactivate_task(task.k, task.t)


def set_state(TaskCore task, int state):
    """Only the first half of falling asleep."""
    task.t.state = state


def schedule(TaskCore task):
    return deactivate_task(task.k, task.t)


def wake(TaskCore task, int mask=TASK_NORMAL):
    return try_to_wake_up(task.k, task.row, mask)


def wake_together(tasks):
    """One wake queue: all are added, then all are woken."""
    cdef TaskCore task
    cdef wake_q_head_t head
    head.first = head.last = 0
    for task in tasks:
        wake_q_add(task.k, &head, task.row)
    for task in tasks:
        wake_up_q(task.k, &head)


def run_queue(TaskCore task):
    """Pids of the runnable tasks, next first."""
    cdef kernel_t *k = task.k
    cdef uint32_t at
    return [task_row(k, k.runq[at & k.runq_mask]).pid for at in range(k.runq_head, k.runq_tail)]


INTERRUPTIBLE = TASK_INTERRUPTIBLE
UNINTERRUPTIBLE = TASK_UNINTERRUPTIBLE


# ------------------------------------------------------------------------------------------ pipes
def age(TaskCore task, int fd, uint32_t slots):
    """Make an empty pipe one through which so many slots went."""
    cdef pipe_t *pipe = pipe_row(task.k, fdget(task.k, task.t, fd).private_data)
    pipe.head = pipe.tail = slots
