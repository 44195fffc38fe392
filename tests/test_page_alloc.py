"""The page allocator as seen from outside: /proc/buddyinfo, pages that come back, a machine without pages."""

import re

import pytest

from fastipc import EAGAIN, ENOMEM, O_NONBLOCK


def free_blocks(k):
    """Counts of free blocks of orders 0..10."""
    lines = k.read_proc("/proc/buddyinfo").splitlines()
    assert len(lines) == 1
    match = re.fullmatch(r"Node 0, zone +(\w+) ((?: +\d+){11}) ?", lines[0])
    assert match, lines[0]
    return [int(n) for n in match[2].split()]


def free_pages(k):
    return sum(n << order for order, n in enumerate(free_blocks(k)))


def test_a_fresh_machine_is_all_large_blocks(make_kernel):
    assert free_blocks(make_kernel()) == [0] * 10 + [64]
    assert free_blocks(make_kernel(memory=4096 * 1024 * 3)) == [0] * 10 + [3]
    assert free_blocks(make_kernel(memory=4096 * 1023)) == [1] * 10 + [0]


def test_memory_grows_with_pid_max(make_kernel):
    k = make_kernel(limits={"pid_max": 1_000_000})
    assert free_pages(k) == 2_000_000


def test_blocks_are_split_and_merged_again(make_kernel, ended):
    k = make_kernel(memory=4096 * 2048)
    p = k.spawn()
    ends = [p.pipe2(O_NONBLOCK) for _ in range(100)]
    for _, w in ends:
        p.write(w, bytes(65536))
    assert k.counters["pages_alloc"] == 1600
    assert free_pages(k) <= 448
    k.verify()
    for r, w in ends[::2]:
        p.close(r)
        p.close(w)
    k.verify()
    for r, w in ends[1::2]:
        p.close(r)
        p.close(w)
    k.verify()
    assert k.counters["pages_free"] == 1600
    cached = 2048 - free_pages(k)
    assert 0 <= cached <= 64  # the cache of single pages
    assert sum(free_blocks(k)[9:]) >= 1


def test_pages_that_pipes_keep_are_given_back_under_pressure(make_kernel):
    k = make_kernel(memory=64 * 4096)
    p = k.spawn()
    ends = [p.pipe2(O_NONBLOCK) for _ in range(8)]
    for r, w in ends:
        p.write(w, bytes(8192))
        p.read(r, 8192)
    assert len(k.table("page", live=True)) > 0  # kept for the next write
    n = 0
    for _, w in ends:
        while (got := p.sys_write(w, bytes(4096))) > 0:
            n += 1
        assert got in (-EAGAIN, -ENOMEM)
    assert n == 64
    k.verify()


def test_the_pages_that_pipes_keep_are_capped(make_kernel):
    k = make_kernel(memory=1024 * 4096)
    p = k.spawn()
    ends = [p.pipe() for _ in range(400)]
    for r, w in ends:
        p.write(w, bytes(8192))
        p.read(r, 8192)
    assert len(k.table("page", live=True)) <= 512


def test_without_pages_writes_fail_and_nothing_is_lost(make_kernel, errno_of):
    k = make_kernel(memory=16 * 4096)
    p = k.spawn()
    r, w = p.pipe2(O_NONBLOCK)
    r2, w2 = p.pipe2(O_NONBLOCK)
    assert p.write(w, b"a" * 40_960) == 40_960
    assert p.write(w2, b"b" * 40_960) == 6 * 4096  # short: what there was room for
    assert errno_of(p.write, w2, b"c") == ENOMEM
    assert p.write(w, b"") == 0
    assert p.read(r, 4096) == b"a" * 4096
    assert p.write(w2, b"c") in (1, -ENOMEM)
    assert p.read(r2, 50_000).startswith(b"b" * 6 * 4096)


def test_a_sleeping_write_that_finds_no_page_gives_the_short_count(make_kernel):
    k = make_kernel(memory=20 * 4096)
    p = k.spawn()
    r, w = p.pipe()
    hog_r, hog_w = p.pipe2(O_NONBLOCK)
    q = p.fork()
    c = q.submit("write", w, b"x" * 100_000)
    k.run()
    p.sys_write(hog_w, bytes(65536))
    p.read(r, 65536)
    p.sys_write(hog_w, bytes(65536))
    k.run()
    k.verify()
    if not c.done():
        c.cancel()
    assert 65536 <= c.result() < 100_000


@pytest.mark.parametrize("pages", [1, 2, 3, 7, 100, 1025])
def test_odd_sizes_of_memory(make_kernel, pages):
    k = make_kernel(memory=pages * 4096)
    assert free_pages(k) == pages
    p = k.spawn()
    total = 0
    for _ in range(80):
        r, w = p.pipe2(O_NONBLOCK)
        while p.sys_write(w, bytes(4096)) > 0:
            total += 1
    assert total == min(pages, 80 * 16)
    k.verify()


def test_fresh_frames_do_not_leak_old_bytes(k):
    p = k.spawn()
    r, w = p.pipe()
    p.write(w, b"s" * 65536)
    p.read(r, 65536)
    p.close(r)
    p.close(w)
    r, w = p.pipe()
    p.write(w, b"x")
    assert p.read(r, 4096) == b"x"
