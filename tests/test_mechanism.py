"""The page allocator's orders, wake queues and old pipes, through `mechanism.pyx`, compiled against the core."""

import importlib.util
import random
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from fastipc import F_SETFL, O_DIRECT

HERE = Path(__file__).parent
SOURCES = HERE.parent / "src"


@pytest.fixture(scope="module")
def core(tmp_path_factory):
    """The compiled helper module."""
    pytest.importorskip("Cython")
    compiler = (sysconfig.get_config_var("CC") or "cc").split()[0]
    compiler = shutil.which(compiler) or shutil.which("cc") or pytest.skip("no C compiler")
    where = tmp_path_factory.mktemp("mechanism")
    c_file, so_file = where / "mechanism.c", where / f"mechanism{sysconfig.get_config_var('EXT_SUFFIX')}"
    translate = [sys.executable, "-m", "cython", "-3", "-X", "cdivision=True", "-I", SOURCES, HERE / "mechanism.pyx"]
    subprocess.run([*translate, "-o", c_file], check=True)
    include = sysconfig.get_path("include")
    subprocess.run([compiler, "-O1", "-w", "-shared", "-fPIC", "-I", include, "-o", so_file, c_file], check=True)
    spec = importlib.util.spec_from_file_location("mechanism", so_file)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def free_blocks(k):
    return [int(n) for n in k.read_proc("/proc/buddyinfo").split()[4:]]


# ------------------------------------------------------------------------------------------ page allocator
@pytest.fixture
def small(make_kernel):
    k = make_kernel(memory=2048 * 4096)
    return k, k.spawn()


@pytest.mark.parametrize("order", range(11))
def test_a_block_is_split_off_and_merged_again(core, small, order):
    k, t = small
    assert free_blocks(k) == [0] * 10 + [2]
    page = core.take(t, order)
    assert (page - 1) % (1 << order) == 0
    assert free_blocks(k) == [int(order <= i < 10) for i in range(10)] + [1]
    assert len(k.table("page", live=True)) == 1 << order
    assert core.sound(t)
    core.give(t, page, order)
    assert free_blocks(k) == [0] * 10 + [2]


def blocks_of(free, pages):
    """How many free blocks of each order there must be: buddies that are both free are one block."""
    counts = []
    for order in range(11):
        size = 1 << order
        pairs = {i for i in free if order < 10 and i % (2 * size) == 0 and i + size in free and i + 2 * size <= pages}
        counts.append(len(free) - 2 * len(pairs))
        free = pairs
    return counts


@pytest.mark.parametrize("seed", range(8))
def test_blocks_against_a_model(core, make_kernel, seed):
    """A set of free frames, and nothing else, tells which blocks there are and which requests fail."""
    pages = 1 << 11
    k = make_kernel(memory=pages * 4096)
    t, rng = k.spawn(), random.Random(seed)
    free, held = set(range(pages)), []
    for _ in range(400):
        if rng.random() < 0.55:
            order = rng.choice((0, 0, 1, 2, 3, 5, 8, 9, 10))
            possible = any(blocks_of(free, pages)[order:])
            page = core.take(t, order)
            assert (page != 0) == possible
            if page:
                block = set(range(page - 1, page - 1 + (1 << order)))
                assert block <= free and (page - 1) % (1 << order) == 0
                free -= block
                held.append((page, order))
        elif held:
            page, order = held.pop(rng.randrange(len(held)))
            core.give(t, page, order)
            free |= set(range(page - 1, page - 1 + (1 << order)))
        assert free_blocks(k) == blocks_of(free, pages)
    assert core.sound(t)
    for page, order in held:
        core.give(t, page, order)
    assert free_blocks(k) == [0] * 10 + [2]


@pytest.mark.parametrize("order", [11, 12, 20])
def test_an_order_that_does_not_exist_is_refused(core, small, order):
    k, t = small
    assert core.take(t, order) == 0
    assert free_blocks(k) == [0] * 10 + [2]


def test_the_smallest_block_that_is_large_enough_is_taken(core, small):
    k, t = small
    blocks = [core.take(t, 3) for _ in range(4)]
    core.give(t, blocks[0], 3)
    page = core.take(t, 1)
    assert page == blocks[0]
    assert free_blocks(k)[:4] == [0, 1, 1, 0]  # what is left of the block of eight
    core.give(t, page, 1)
    for page in blocks[1:]:
        core.give(t, page, 3)
    assert core.sound(t)
    assert free_blocks(k) == [0] * 10 + [2]


def test_buddies_merge_only_with_their_own_buddy(core, small):
    k, t = small
    a, b, c, d = (core.take(t, 0) for _ in range(4))
    assert [b - a, c - a, d - a] == [1, 2, 3]
    core.give(t, b, 0)
    core.give(t, c, 0)
    assert free_blocks(k)[0] == 2  # neighbours, but not buddies
    core.give(t, a, 0)
    core.give(t, d, 0)
    assert free_blocks(k) == [0] * 10 + [2]


def test_when_nothing_is_large_enough_there_is_none(core, small):
    k, t = small
    held = [(core.take(t, order), order) for order in (10, 9, 0)]
    assert core.take(t, 9) == 0
    held.append((core.take(t, 8), 8))
    assert all(page for page, _ in held)
    assert core.sound(t)
    for page, order in held:
        core.give(t, page, order)
    assert core.sound(t)
    assert free_blocks(k) == [0] * 10 + [2]


def test_a_split_block_is_given_back_page_by_page(core, small):
    """What a segment does that wants five pages: a block of eight, split, three go back at once."""
    k, t = small
    free = sum(n << i for i, n in enumerate(free_blocks(k)))
    page = core.take(t, 3)
    core.split(t, page, 3)
    assert k.table("page")["refcount"][page : page + 8].tolist() == [1] * 8
    for i in (5, 6, 7):
        core.put(t, page + i)
    assert len(k.table("page", live=True)) == 5
    assert core.sound(t)
    for i in range(5):
        core.put(t, page + i)
    assert core.sound(t)
    cached = free - sum(n << i for i, n in enumerate(free_blocks(k)))
    assert 0 <= cached <= 8  # in the cache of single pages


def test_the_cache_of_single_pages_is_drained_for_a_large_block(core, small):
    k, t = small
    pages = [core.take_one(t) for _ in range(300)]
    assert len(set(pages)) == 300
    for page in pages:
        core.put(t, page)
    assert core.sound(t)
    assert core.take(t, 10)
    assert core.take(t, 10)  # all 2048 pages: the cached ones too
    assert core.sound(t)
    assert free_blocks(k) == [0] * 11
    core.give(t, 1, 10)
    core.give(t, 1025, 10)


def test_the_last_reference_frees_a_page(core, small):
    k, t = small
    page = core.take_one(t)
    core.get(t, page)
    core.put(t, page)
    assert k.table("page")[page]["live"]
    core.put(t, page)
    assert not k.table("page")[page]["live"]


@pytest.mark.parametrize("order", [0, 2, 5])
def test_pages_are_zeroed_if_asked(core, small, order):
    k, t = small
    page = core.take(t, order)
    core.fill(t, page, order, 0x55)
    core.give(t, page, order)
    again = core.take(t, order, True)
    assert again == page
    assert core.content(t, again, order) == bytes(4096 << order)
    core.give(t, again, order)


def test_injected_failures_count_blocks_too(core, small):
    k, t = small
    k.inject("page", 2)
    page = core.take(t, 4)
    assert page
    assert core.take(t, 4) == 0
    core.give(t, page, 4)
    assert free_blocks(k) == [0] * 10 + [2]


# ------------------------------------------------------------------------------------------ waking
@pytest.fixture
def tasks(k):
    return [k.spawn(name=str(i)) for i in range(4)]


def test_a_wake_up_tells_whether_it_did_something(core, k, tasks):
    a = tasks[0]
    assert core.wake(a) is False  # not asleep
    assert core.sleep(a) is True
    assert core.wake(a) is True
    assert core.wake(a) is False  # twice is harmless
    assert core.run_queue(a) == [a.pid]
    assert k.counters["wakeups"] == 1
    k.run()


def test_only_the_states_of_the_mask_are_woken(core, k, tasks):
    a = tasks[0]
    core.sleep(a, core.UNINTERRUPTIBLE)
    assert core.wake(a, core.INTERRUPTIBLE) is False
    assert a.state == "uninterruptible"
    assert core.wake(a) is True
    k.run()


def test_a_task_that_was_woken_before_it_slept_does_not_sleep(core, k, tasks):
    a = tasks[0]
    core.set_state(a, core.INTERRUPTIBLE)
    assert core.wake(a) is True
    assert core.schedule(a) is False
    assert core.run_queue(a) == []  # it never left the processor
    k.verify()
    assert a.getpid() == a.pid


def test_a_wake_queue_wakes_each_task_once_in_order(core, k, tasks):
    a, b, c, d = tasks
    for t in tasks:
        core.sleep(t)
    core.wake_together([c, a, c, c, b, a])
    assert core.run_queue(a) == [c.pid, a.pid, b.pid]
    assert k.counters["wakeups"] == 3
    k.verify()
    core.wake_together([d, a])
    assert core.run_queue(a) == [c.pid, a.pid, b.pid, d.pid]
    k.run()
    k.verify()


def test_a_task_on_a_wake_queue_that_others_woke_first_is_woken_once(core, k, tasks):
    a, b = tasks[:2]
    core.sleep(a)
    core.sleep(b)
    core.wake(a)
    core.wake_together([a, b])
    assert core.run_queue(a) == [a.pid, b.pid]
    k.run()


# ---------------------------------------------------------------------------------------------- pipes
@pytest.mark.parametrize("sizes", [(1, 1, 1, 1), (36, 5, 36), (5, 4000, 5), (100, 3, 2), (5000, 7)])
@pytest.mark.parametrize("left", range(1, 5))
def test_the_counters_of_slots_wrap(core, k, sizes, left):
    """What is written comes out on both sides of 2**32: alone in the pipe, behind others, and read in parts."""
    p = k.spawn()
    r, w = p.pipe()
    p.write(w, b"x")
    p.read(r, 1)
    core.age(p, r, 2**32 - left)
    for size in sizes * 2:
        data = bytes(i % 251 for i in range(size))
        p.write(w, data)
        k.verify()
        assert p.read(r, 65536) == data
        k.verify()
    core.age(p, r, 2**32 - left)
    p.fcntl(w, F_SETFL, O_DIRECT)  # one slot a write
    for size in sizes:
        p.write(w, bytes([size % 256]) * size)
    for size in sizes:
        for part in [4096] * (size // 4096) + [size % 4096]:
            assert p.read(r, 4096) == bytes([size % 256]) * part
            k.verify()
    p.fcntl(w, F_SETFL, 0)
    core.age(p, r, 2**32 - left)
    for _ in range(6):
        p.write(w, b"abc")
        assert p.read(r, 1) == b"a"
        k.verify()
        p.write(w, b"d")
        assert p.read(r, 9) == b"bcd"
