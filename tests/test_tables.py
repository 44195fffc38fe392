"""k.table: NumPy views of the machine's tables."""

import ctypes
import gc

import numpy as np
import pytest

import fastipc
from fastipc import Kernel

NAMES = "task signal sighand files fd file inode pipe pipe_buffer page user timer poll_entry rlimit".split()


@pytest.mark.parametrize("name", NAMES)
def test_every_table_is_a_structured_view(k, name):
    p = k.spawn()
    r, w = p.pipe()
    p.write(w, b"x")
    q = p.fork()
    q.submit("poll", [(w, 0), (r, fastipc.POLLPRI)], 1000)
    k.run(until=0.5)
    view = k.table(name)
    assert isinstance(view, np.ndarray)
    assert view.ndim == 1
    assert "live" in view.dtype.names
    live = k.table(name, live=True)
    assert len(live) == np.count_nonzero(view["live"])
    assert len(live) > 0
    assert live.dtype == view.dtype
    assert (live["live"] != 0).all()


def test_a_view_is_read_only_and_a_copy_is_ones_own(k):
    k.spawn()
    view = k.table("task")
    assert not view.flags.writeable
    with pytest.raises(ValueError):
        view["pid"][:] = 0
    with pytest.raises(ValueError):
        view.flags.writeable = True
    copy = k.table("task", live=True)
    copy["pid"][:] = 0
    assert 1 in k.table("task")["pid"]


def test_a_view_is_live_and_rows_do_not_move(k):
    p = k.spawn()
    r, w = p.pipe()
    view = k.table("pipe")
    row = int(np.flatnonzero(view["live"])[0])
    assert view[row]["head"] - view[row]["tail"] == 0
    p.write(w, b"x")
    assert view[row]["head"] - view[row]["tail"] == 1
    address = view.ctypes.data
    ends = [p.pipe() for _ in range(400)]
    assert len(ends) == 400
    assert k.table("pipe").ctypes.data == address
    assert view[row]["head"] - view[row]["tail"] == 1
    p.close(r)
    p.close(w)
    assert not view[row]["live"]


def test_views_reach_up_to_the_high_water_mark(k):
    p = k.spawn()
    before = len(k.table("file"))
    ends = [p.pipe() for _ in range(50)]
    high = len(k.table("file"))
    assert high - max(before, 1) == 100
    for r, w in ends:
        p.close(r)
        p.close(w)
    assert len(k.table("file")) == high
    assert len(k.table("file", live=True)) == 0


def test_free_rows_are_used_again(k):
    p = k.spawn()
    for _ in range(1000):
        r, w = p.pipe()
        p.close(r)
        p.close(w)
    assert len(k.table("file")) < 10
    assert len(k.table("pipe")) < 5
    assert len(k.table("pipe_buffer")) < 100


def test_a_view_outlives_the_kernel():
    k = Kernel()
    p = k.spawn(uid=77)
    p.pipe()
    views = {name: k.table(name) for name in NAMES}
    slices = views["task"]["uid"][1:]
    k.close()
    total = sum(int(np.frombuffer(np.ascontiguousarray(v).tobytes(), np.uint8).sum()) for v in views.values())
    assert total >= 0
    del k, p
    gc.collect()
    assert slices.sum() >= 0
    views.clear()
    assert slices.sum() >= 0
    del slices
    gc.collect()


def test_a_view_keeps_a_dropped_kernels_memory():
    k = Kernel()
    k.spawn(uid=77).pipe()
    view = k.table("task")["uid"]
    del k
    gc.collect()
    assert 77 in view


def test_the_task_table_under_linuxs_names(k):
    p = k.spawn(uid=5, gid=6)
    c = p.fork()
    t = p.thread()
    tasks = {int(row["pid"]): row for row in k.table("task", live=True)}
    assert set(tasks) == {1, p.pid, c.pid, t.pid}
    assert tasks[t.pid]["tgid"] == p.pid
    assert tasks[c.pid]["tgid"] == c.pid
    assert (tasks[p.pid]["uid"], tasks[p.pid]["gid"]) == (5, 6)
    parent = int(tasks[c.pid]["real_parent"])
    assert k.table("task")[parent]["pid"] == p.pid


def test_the_pipe_and_page_tables(k):
    p = k.spawn()
    r, w = p.pipe()
    p.write(w, b"x" * 10_000)
    pipe = k.table("pipe", live=True)[0]
    assert (pipe["head"], pipe["tail"], pipe["readers"], pipe["writers"]) == (3, 0, 1, 1)
    assert pipe["ring_size"] == pipe["max_usage"] == 16
    bufs = k.table("pipe_buffer")[pipe["bufs"] : pipe["bufs"] + 3]
    assert bufs["len"].tolist() == [4096, 4096, 1808]
    pages = k.table("page")[bufs["page"]]
    assert (pages["refcount"] == 1).all()
    assert len(set(bufs["page"].tolist())) == 3


def test_the_file_table(k):
    p = k.spawn()
    r, w = p.pipe()
    p.dup(r)
    p.fork()
    counts = sorted(k.table("file", live=True)["f_count"].tolist())
    assert counts == [2, 4]


def test_the_struct_dtypes_are_the_kernels(k):
    assert fastipc.POLLFD.itemsize == 8
    assert fastipc.POLLFD.names == ("fd", "events", "revents")
    assert "st_mode" in fastipc.STAT.names
    stat = np.zeros(1, fastipc.STAT)
    p = k.spawn()
    r, _ = p.pipe()
    assert p.sys_fstat(r, stat) == 0
    assert stat["st_mode"][0] == 0o010600
    assert stat["st_ino"][0] == p.fstat(r).st_ino


def test_verify_finds_what_is_broken(k):
    """The checks are worth something: break a row behind the machine's back."""
    p = k.spawn()
    r, w = p.pipe()
    p.write(w, b"x")

    def broken(name, row, field, delta):
        view = k.table(name)
        column = view[field]
        assert not column.flags.writeable
        size = column.itemsize
        address = column.ctypes.data + row * view.itemsize
        kinds = {1: ctypes.c_uint8, 2: ctypes.c_uint16, 4: ctypes.c_uint32, 8: ctypes.c_uint64}
        cell = kinds[size].from_address(address)
        cell.value += delta
        try:
            with pytest.raises(fastipc.InvariantError) as caught:
                k.verify()
            return str(caught.value)
        finally:
            cell.value -= delta

    pipe = int(np.flatnonzero(k.table("pipe")["live"])[0])
    file = int(np.flatnonzero(k.table("file")["live"])[0])
    page = int(np.flatnonzero(k.table("page")["live"])[0])
    task = int(np.flatnonzero(k.table("task")["pid"] == p.pid)[0])
    assert "pipe" in broken("pipe", pipe, "readers", 1)
    broken("pipe", pipe, "head", 20)
    broken("file", file, "f_count", 1)
    broken("page", page, "refcount", 1)
    broken("task", task, "tgid", 1)
    broken("files", int(k.table("task")[task]["files"]), "count", 1)
    broken("signal", int(k.table("task")[task]["signal"]), "nr_threads", 1)
    k.verify()
