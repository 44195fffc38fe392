"""Fixtures: kernels whose books are balanced when a test is over, and one program text for both kinds of program."""

import contextlib
import functools
import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import settings

import fastipc
from fastipc import FastIPCError, Kernel

settings.register_profile("fixed", derandomize=True, deadline=None, database=None)
settings.load_profile("fixed")

TABLES = (
    "task",
    "signal",
    "sighand",
    "files",
    "fd",
    "file",
    "inode",
    "pipe",
    "pipe_buffer",
    "page",
    "user",
    "timer",
    "poll_entry",
    "rlimit",
    "cred",
    "group_info",
    "group",
    "fs",
    "xa_node",
    "dentry",
    "name",
    "super_block",
    "mount",
    "journal",
    "journal_head",
    "shm",
    "sem_array",
    "sem",
    "sem_queue",
    "sem_undo",
    "sem_undo_list",
    "msg_queue",
    "msg_msg",
    "msg_receiver",
    "msg_sender",
    "sysv",
    "ipc_namespace",
    "ipc_ids",
    "pid_namespace",
    "upid",
    "user_namespace",
    "sigqueue",
    "itimer",
    "k_itimer",
    "fown",
    "fasync",
    "pipe_fasync",
    "signalfd_ctx",
)
USED_UP = {"super_block": ("s_last_ino",), "journal": ("j_expires",)}  # what a failed call may leave changed


def count_rows(k):
    """Live rows of every table."""
    return {name: len(k.table(name, live=True)) for name in TABLES}


def picture_of(k):
    """What the machine holds: every live row, less the record of each task's last call and the unused links."""
    picture = {}
    for name in TABLES:
        rows = k.table(name, live=True).copy()
        if "link" in rows.dtype.names and name != "name":  # a row of text has none
            rows["link"] = 0
        for field in USED_UP.get(name, ()):
            rows[field] = 0
        if name == "task":
            rows["call"][rows["call"]["nr"] < 0] = np.zeros((), rows.dtype["call"])
        picture[name] = rows.tobytes()
    return picture


def end_tasks(k):
    """End every task that can be ended from outside; True if only init is left."""
    for _ in range(20):
        if len(k.tasks) == 1:
            return True
        for t in list(k.tasks.values()):
            if t.pid != 1:
                with contextlib.suppress(FastIPCError):
                    t.exit_group(0)
        with contextlib.suppress(Exception, KeyboardInterrupt):
            k.run(until=k.now + 1e6, deadlock="return")
    return False


def names_of(k):
    """The paths of all names on the machine's file systems, as bytes, by the rows of their dentries."""
    rows, mounts, texts = k.table("dentry"), k.table("mount", live=True), k.table("name").tobytes()
    above = {int(m["mnt_root"]): int(m["mnt_mountpoint"]) for m in mounts}

    def path(i):
        d = rows[i]
        if d["d_parent"] == i:
            return path(above[i]) if above.get(i) else b""
        text, n = d["d_name"].tobytes(), int(d["d_len"])
        if n > len(text):
            start = 32 * int.from_bytes(text[:4], "little")
            text = texts[start : start + n]
        return path(int(d["d_parent"])) + b"/" + text[:n]

    return {int(i): path(int(i)) for i in np.flatnonzero(rows["live"]) if rows["d_flags"][i]}


def remove_names(k, boot):
    """Remove every name that was not there when the machine started, the lowest ones first."""
    made = [path for row, path in names_of(k).items() if row > boot]
    if made:
        t = k.spawn(name="sweeper")
        for path in sorted(made, key=lambda path: -path.count(b"/")):
            if len(path) > 4000:  # more than a call takes
                *above, path = path.split(b"/")
                t.chdir("/")
                for name in above[1:]:
                    t.chdir(name)
            assert t.sys_unlink(path) == 0 or t.sys_rmdir(path) == 0, path
        t.exit_group()


def remove_objects(k):
    """Remove every System V object of the first namespace."""
    t = k.spawn(name="sweeper")
    for table, perm, remove in (
        ("sem_array", "sem_perm", lambda i: t.sys_semctl(i, 0, fastipc.IPC_RMID)),
        ("msg_queue", "q_perm", lambda i: t.sys_msgctl(i, fastipc.IPC_RMID)),
        ("shm", "shm_perm", lambda i: t.sys_shmctl(i, fastipc.IPC_RMID)),
    ):
        for row in k.table(table, live=True):
            assert remove(int(row[perm]["id"])) == 0
    t.exit_group()


class Books:
    """The kernels of a test and the rows that each had when it was fresh."""

    def __init__(self):
        self.kernels = []

    def make(self, **options):
        k = Kernel(**options)
        self.kernels.append((k, count_rows(k)))
        return k

    def close(self, k):
        """End all tasks of `k`, and check that nothing is left of them."""
        fresh = next(rows for other, rows in self.kernels if other is k)
        k.verify()
        ended = end_tasks(k)
        k.verify()
        if ended:
            remove_names(k, fresh["dentry"])
            if any(len(k.table(name, live=True)) for name in ("sem_array", "msg_queue", "shm")):
                remove_objects(k)
            k.verify()
            assert count_rows(k) == fresh
            assert k.counters["pages_alloc"] == k.counters["pages_free"]
        k.close()

    def close_all(self):
        for k, _ in self.kernels:
            try:
                k.table("task")
            except FastIPCError:  # the test has closed it
                continue
            self.close(k)


@pytest.fixture
def books():
    books = Books()
    yield books
    books.close_all()


@pytest.fixture
def make_kernel(books):
    """Makes kernels that are verified, emptied and checked for leaks after the test."""
    return books.make


@pytest.fixture
def k(make_kernel):
    return make_kernel()


@pytest.fixture
def rows():
    return count_rows


@pytest.fixture
def picture():
    return picture_of


@pytest.fixture
def paths():
    return lambda k: {os.fsdecode(path) for path in names_of(k).values()}


@pytest.fixture
def sweep():
    return remove_names


@pytest.fixture
def ended():
    return end_tasks


def as_plain(f):
    """The generator program `f` as a plain function: each call gives its result at once, which goes back in."""

    @functools.wraps(f)
    def program(t, *args):
        frame = f(t, *args)
        value = None
        try:
            while True:
                value = frame.send(value)
        except StopIteration as stop:
            return stop.value

    return program


@pytest.fixture(params=["plain", "generator"])
def kind(request):
    """Turns a generator program into a program of each kind."""
    return as_plain if request.param == "plain" else lambda f: f


@pytest.fixture
def errno_of():
    """The errno of a call that must fail; the task's `errno` must agree."""

    def errno_of(call, *args):
        with pytest.raises(OSError) as caught:
            call(*args)
        assert caught.value.errno == call.__self__.errno
        return caught.value.errno

    return errno_of


@pytest.fixture
def run_python():
    """Run a script in an interpreter of its own; what it prints."""

    def run_python(script, *args, timeout=60, env=None):
        done = subprocess.run(
            [sys.executable, "-X", "faulthandler", "-c", script, *map(str, args)],
            capture_output=True,
            text=True,
            timeout=timeout,
            env=env,
        )
        assert done.returncode == 0, f"exit {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    return run_python


@pytest.fixture
def fill():
    """Fill a pipe, without sleeping; how many bytes went in."""

    def fill(t, w, size=4096):
        flags = t.fcntl(w, fastipc.F_GETFL)
        t.fcntl(w, fastipc.F_SETFL, flags | fastipc.O_NONBLOCK)
        total = 0
        while (n := t.sys_write(w, b"f" * size)) > 0:
            total += n
        t.fcntl(w, fastipc.F_SETFL, flags)
        return total

    return fill
