"""k.limits: defaults, setting, and what each limit does."""

import pytest

import fastipc
from fastipc import EAGAIN, EMFILE, ENFILE, EPERM, F_GETPIPE_SZ, F_SETPIPE_SZ, RLIMIT_NOFILE


def test_defaults(k):
    assert k.limits.pid_max == 32768
    assert k.limits.pipe_max_size == 1048576
    assert k.limits.pipe_user_pages_soft == 16384
    assert k.limits.pipe_user_pages_hard == 0


def test_limits_can_be_given_and_set(make_kernel):
    k = make_kernel(limits={"pid_max": 1000, "pipe_max_size": 8192})
    assert (k.limits.pid_max, k.limits.pipe_max_size) == (1000, 8192)
    k.limits.pipe_max_size = 16384
    assert k.limits.pipe_max_size == 16384


def test_a_limit_of_a_wrong_type_or_name(k):
    with pytest.raises(TypeError):
        k.limits.pid_max = "many"
    with pytest.raises(AttributeError):
        k.limits.no_such_limit = 5
    with pytest.raises(AttributeError):
        _ = k.limits.no_such_limit
    assert k.limits.pid_max == 32768


def test_pid_max(make_kernel, errno_of, picture):
    k = make_kernel(limits={"pid_max": 400})
    p = k.spawn()
    children = []
    while (pid := p.sys_fork()) > 0:
        children.append(k.tasks[pid])
    assert pid == -EAGAIN
    assert max(k.tasks) == 399
    assert errno_of(p.thread) == EAGAIN  # the list of undo operations that it would have shared stays, as on Linux
    before = picture(k)
    assert errno_of(p.fork) == EAGAIN
    assert errno_of(p.thread) == EAGAIN
    assert picture(k) == before
    children[-5].exit()
    assert errno_of(p.fork) == EAGAIN  # a zombie keeps its number
    p.wait4()
    assert p.fork().pid == children[-5].pid
    children[5].exit()
    p.wait4()
    assert errno_of(p.fork) == EAGAIN  # numbers below 300 are not used again


def test_pids_wrap_around(make_kernel):
    k = make_kernel(limits={"pid_max": 400})
    p = k.spawn()
    seen = []
    for _ in range(500):
        c = p.fork()
        seen.append(c.pid)
        c.exit()
        p.wait4()
    assert max(seen) == 399
    assert len(set(seen)) < 400
    assert p.pid not in seen
    i = seen.index(399)
    assert seen[i + 1] == 300  # RESERVED_PIDS


def test_pipe_max_size(k, errno_of):
    k.limits.pipe_max_size = 131072
    u = k.spawn(uid=1000)
    r, w = u.pipe()
    assert u.fcntl(w, F_SETPIPE_SZ, 131072) == 131072
    assert errno_of(u.fcntl, w, F_SETPIPE_SZ, 131073) == EPERM
    assert u.fcntl(w, F_GETPIPE_SZ) == 131072


def test_over_the_soft_page_limit_pipes_are_small(k, errno_of):
    k.limits.pipe_user_pages_soft = 40
    u = k.spawn(uid=1000)
    sizes = [u.fcntl(u.pipe()[0], F_GETPIPE_SZ) for _ in range(5)]
    assert sizes == [65536, 65536, 8192, 8192, 8192]
    assert errno_of(u.fcntl, 5, F_SETPIPE_SZ, 65536) == EPERM
    assert u.fcntl(5, F_SETPIPE_SZ, 8192) == 8192
    assert u.fcntl(5, F_SETPIPE_SZ, 4096) == 4096
    root = k.spawn()
    assert root.fcntl(root.pipe()[0], F_GETPIPE_SZ) == 65536
    other = k.spawn(uid=1001)
    assert other.fcntl(other.pipe()[0], F_GETPIPE_SZ) == 65536
    for fd in range(4):
        u.close(fd)
    assert u.fcntl(u.pipe()[0], F_GETPIPE_SZ) == 65536


def test_the_1025th_pipe_of_a_user_is_small(k):
    u = k.spawn(uid=1000)
    u2 = k.spawn(uid=1000)  # the limit is the user's, not the process'
    for t in (u, u2):
        t.setrlimit(RLIMIT_NOFILE, (4096, 4096))
    for i in range(1024):
        r, _ = (u, u2)[i % 2].pipe()
        assert (u, u2)[i % 2].fcntl(r, F_GETPIPE_SZ) == 65536
    r, _ = u2.pipe()
    assert u2.fcntl(r, F_GETPIPE_SZ) == 8192


def test_over_the_hard_page_limit_there_are_no_pipes(k, errno_of, rows):
    k.limits.pipe_user_pages_hard = 33
    u = k.spawn(uid=1000)
    u.pipe()
    u.pipe()
    before = rows(k)
    assert errno_of(u.pipe) == ENFILE
    assert errno_of(u.fcntl, 0, F_SETPIPE_SZ, 131072) == EPERM
    assert rows(k) == before
    k.spawn().pipe()


def test_file_max(k, errno_of, rows):
    k.limits.file_max = 5
    u = k.spawn(uid=1000)
    u.pipe()
    u.pipe()
    before = rows(k)
    assert errno_of(u.pipe) == ENFILE
    assert rows(k) == before
    u.dup(0)  # no new open file
    u.close(0)
    u.close(4)
    u.close(1)
    assert u.pipe() == (0, 1)


def test_rlimit_nofile(k, errno_of):
    p = k.spawn()
    p.setrlimit(RLIMIT_NOFILE, (0, 4096))
    assert errno_of(p.pipe) == EMFILE
    p.setrlimit(RLIMIT_NOFILE, (1, 4096))
    assert errno_of(p.pipe) == EMFILE
    p.setrlimit(RLIMIT_NOFILE, (2, 4096))
    assert p.pipe() == (0, 1)


def test_sysv_and_pipe_limits_are_the_machines_own(make_kernel):
    a, b = make_kernel(), make_kernel()
    a.limits.pipe_max_size = 4096
    assert b.limits.pipe_max_size == 1048576
    assert fastipc.Kernel().limits.pipe_max_size == 1048576


def test_users_whose_numbers_hash_alike_are_told_apart(k):
    def bucket(uid):
        return (uid * 2654435761 & 0xFFFFFFFF) >> 24

    alike = [uid for uid in range(1, 5000) if bucket(uid) == bucket(1)][:4]
    tasks = [k.spawn(uid=uid) for uid in alike]
    for n, t in enumerate(tasks):
        for _ in range(n + 1):
            t.pipe()
    users = k.table("user", live=True)
    assert [int(users["pipe_bufs"][users["uid"] == uid][0]) for uid in alike] == [16, 32, 48, 64]
    for t in (tasks[1], tasks[0], tasks[3], tasks[2]):  # from the middle of their chain and from its ends
        t.exit()
        k.verify()
    assert not set(alike) & set(k.table("user", live=True)["uid"].tolist())


def test_a_small_pipe_max_size_makes_small_pipes(make_kernel):
    k = make_kernel(limits={"pipe_max_size": 8192})
    assert [t.fcntl(t.pipe()[0], F_GETPIPE_SZ) for t in (k.spawn(uid=1000), k.spawn())] == [8192, 65536]
