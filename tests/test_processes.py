"""fork, thread, clone, execve, exit, wait4: process trees, status words, what is shared and what is copied."""

import pytest

import fastipc
from fastipc import (
    CLONE_FILES,
    CLONE_PARENT,
    CLONE_SIGHAND,
    CLONE_SYSVSEM,
    CLONE_THREAD,
    CLONE_VM,
    EBADF,
    ECHILD,
    EINVAL,
    EPERM,
    EPIPE,
    ESRCH,
    RLIMIT_NOFILE,
    SIG_DFL,
    SIG_IGN,
    SIGCHLD,
    SIGPIPE,
    WALL,
    WCLONE,
    WNOHANG,
)


# ------------------------------------------------------------------------------------------ wait4
def test_wait4_by_pid_any_and_none(k, errno_of):
    p = k.spawn()
    assert errno_of(p.wait4) == ECHILD
    assert errno_of(p.wait4, -1, WNOHANG) == ECHILD
    a, b = p.fork(), p.fork()
    assert p.wait4(-1, WNOHANG) == (0, 0)
    assert p.wait4(a, WNOHANG) == (0, 0)
    b.exit_group(2)
    assert p.wait4(a, WNOHANG) == (0, 0)
    assert p.wait4() == (b.pid, 0x0200)
    assert errno_of(p.wait4, b) == ECHILD
    a.exit(255)
    assert p.wait4(a.pid) == (a.pid, 0xFF00)
    assert errno_of(p.wait4) == ECHILD


def test_wait4_errno_order(k, errno_of):
    p = k.spawn()
    assert errno_of(p.wait4, -(2**31), 0x100) == EINVAL
    assert errno_of(p.wait4, -(2**31)) == ESRCH
    assert errno_of(p.wait4, 1) == ECHILD
    assert errno_of(p.wait4, p) == ECHILD
    assert errno_of(p.wait4, 12345) == ECHILD


@pytest.mark.parametrize(
    ("status", "word"), [(0, 0), (1, 0x0100), (255, 0xFF00), (256, 0), (-1, 0xFF00), (0x1234, 0x3400)]
)
def test_only_the_low_byte_of_the_status_counts(k, status, word):
    p = k.spawn()
    for call in ("exit", "exit_group"):
        c = p.fork()
        getattr(c, call)(status)
        assert p.wait4() == (c.pid, word)
        assert c.exit_status == word


def test_children_are_found_oldest_first(k):
    p = k.spawn()
    children = [p.fork() for _ in range(4)]
    for i in (2, 0, 3, 1):
        children[i].exit(i)
    assert [p.wait4()[0] for _ in range(4)] == [c.pid for c in children]


def test_a_sleeping_wait_is_woken_by_the_child(k, kind):
    def child(t):
        yield t.nanosleep(1)
        yield t.exit_group(4)

    p = k.spawn()
    c = p.fork(kind(child))
    assert p.wait4() == (c.pid, 0x0400)
    assert k.now == 1


def test_a_wait_for_one_child_sleeps_on_when_another_ends(k):
    p = k.spawn()
    a, b = p.fork(), p.fork()
    call = p.submit("wait4", a)
    k.run()
    b.exit(1)
    k.run()
    assert not call.done()
    a.exit(2)
    assert call.result() == (a.pid, 0x0200)
    assert p.wait4() == (b.pid, 0x0100)


def test_any_thread_may_wait_for_a_child_of_another(k):
    p = k.spawn()
    t = p.thread()
    c = t.fork()
    c.exit(9)
    assert p.wait4() == (c.pid, 0x0900)
    d = p.fork()
    d.exit(8)
    assert t.wait4() == (d.pid, 0x0800)


def test_with_sigchld_ignored_children_are_reaped_at_once(k, errno_of):
    p = k.spawn()
    p.signal(SIGCHLD, SIG_IGN)
    c = p.fork()
    c.exit(3)
    assert c.state == "dead"
    assert c.exit_status == 0x0300
    assert c.pid not in k.tasks
    assert errno_of(p.wait4) == ECHILD


def test_with_sigchld_ignored_a_wait_sleeps_until_all_are_gone(k):
    p = k.spawn()
    p.signal(SIGCHLD, SIG_IGN)
    a, b = p.fork(), p.fork()
    call = p.submit("wait4")
    a.exit()
    k.run()
    assert not call.done()
    b.exit()
    k.run()
    assert call.exception().errno == ECHILD


def test_a_clone_child_is_waited_for_with_wclone(k, errno_of):
    p = k.spawn()
    c = p.clone(0)
    c.exit(1)
    assert errno_of(p.wait4) == ECHILD
    assert p.wait4(-1, WCLONE) == (c.pid, 0x0100)
    c = p.clone(0)
    c.exit(2)
    assert p.wait4(-1, WALL) == (c.pid, 0x0200)
    c = p.clone(SIGCHLD)
    c.exit(3)
    assert errno_of(p.wait4, -1, WCLONE) == ECHILD
    assert p.wait4() == (c.pid, 0x0300)


# ------------------------------------------------------------------------------------------ family
def test_orphans_go_to_init(k):
    p = k.spawn()
    c = p.fork()
    g = c.fork()
    zombie = c.fork()
    zombie.exit(1)
    c.exit()
    assert g.ppid == 1
    assert g.getppid() == 1
    assert zombie.state == "dead"  # init has reaped it
    assert p.wait4() == (c.pid, 0)
    g.exit()
    assert g.state == "dead"


def test_children_of_a_thread_go_to_another_thread_of_the_process(k):
    p = k.spawn()
    t = p.thread()
    c = t.fork()
    assert c.ppid == p.pid
    t.exit()
    assert c.ppid == p.pid
    c.exit(5)
    assert p.wait4() == (c.pid, 0x0500)


def test_spawn_with_a_parent(k):
    p = k.spawn()
    c = k.spawn(parent=p, name="c")
    assert c.ppid == p.pid
    c.exit(1)
    assert p.wait4() == (c.pid, 0x0100)


def test_pids_go_up_and_are_not_reused_at_once(k):
    p = k.spawn()
    a = p.fork()
    a.exit()
    p.wait4()
    b = p.fork()
    assert b.pid == a.pid + 1


def test_clone_parent_makes_a_sibling(k):
    p = k.spawn()
    c = p.fork()
    s = c.clone(CLONE_PARENT | SIGCHLD)
    assert s.ppid == p.pid
    s.exit(6)
    assert p.wait4() == (s.pid, 0x0600)


# ------------------------------------------------------------------------------------------ clone flags
@pytest.mark.parametrize("flags", [CLONE_SIGHAND, CLONE_THREAD, CLONE_THREAD | CLONE_VM, CLONE_THREAD | CLONE_SIGHAND])
def test_clone_flags_that_do_not_go_together(k, errno_of, picture, flags):
    p = k.spawn()
    before = picture(k)
    assert errno_of(p.clone, flags | SIGCHLD) == EINVAL
    assert picture(k) == before


def test_fork_copies_descriptors_and_clone_files_shares_them(k, errno_of):
    p = k.spawn()
    r, w = p.pipe()
    copy = p.fork()
    shared = p.clone(CLONE_FILES | SIGCHLD)
    p.close(w)
    assert copy.sys_close(w) == 0
    assert errno_of(shared.close, w) == EBADF
    x = shared.dup(r)
    assert p.sys_close(x) == 0
    assert errno_of(copy.close, x) == EBADF


def test_clone_files_children_may_outlive_their_parent(k):
    p = k.spawn()
    r, w = p.pipe()
    c = p.clone(CLONE_FILES | SIGCHLD)
    p.exit_group()
    c.write(w, b"x")
    assert c.read(r, 1) == b"x"


def test_clone_sighand_shares_dispositions(k):
    p = k.spawn()
    shared = p.clone(CLONE_VM | CLONE_SIGHAND | SIGCHLD)
    copy = p.fork()
    assert p.signal(SIGPIPE, SIG_IGN) == SIG_DFL
    assert shared.signal(SIGPIPE, SIG_DFL) == SIG_IGN
    assert copy.signal(SIGPIPE, SIG_DFL) == SIG_DFL
    assert p.signal(SIGPIPE, SIG_DFL) == SIG_DFL


def test_clone_as_pthread_create_does(k):
    p = k.spawn()
    t = p.clone(CLONE_VM | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM)
    assert t.getpid() == p.pid
    assert t.gettid() == t.pid
    r, w = t.pipe()
    assert p.write(w, b"x") == 1
    t.exit()
    assert t.state == "dead"
    assert p.read(r, 1) == b"x"


def test_a_program_given_to_clone(k, kind):
    def program(t, x):
        yield t.getpid()
        return x

    p = k.spawn()
    c = p.clone(SIGCHLD, kind(program), "x")
    assert p.wait4() == (c.pid, 0)
    assert c.result == "x"


# ------------------------------------------------------------------------------------------ threads
def test_threads_share_everything(k):
    p = k.spawn()
    t = p.thread()
    r, w = p.pipe()
    t.write(w, b"x")
    assert t.read(r, 1) == b"x"
    t.setrlimit(RLIMIT_NOFILE, (10, 20))
    assert p.getrlimit(RLIMIT_NOFILE) == (10, 20)
    p.signal(SIGPIPE, SIG_IGN)
    assert t.signal(SIGPIPE, SIG_DFL) == SIG_IGN


def test_the_leader_may_end_before_its_threads_and_the_last_decides_the_status(k):
    p = k.spawn()
    leader = p.fork()
    t = leader.thread()
    leader.exit(1)
    assert leader.state == "zombie"
    assert p.wait4(leader, WNOHANG) == (0, 0)
    t.exit(2)
    assert p.wait4() == (leader.pid, 0x0200)


def test_exit_group_after_the_leader_has_ended_decides_the_status(k):
    p = k.spawn()
    leader = p.fork()
    t = leader.thread()
    leader.exit(1)
    t.exit_group(7)
    assert p.wait4() == (leader.pid, 0x0700)


def test_exit_group_ends_all_threads(k):
    p = k.spawn()
    leader = p.fork()
    threads = [leader.thread() for _ in range(3)]
    threads[1].exit_group(7)
    assert p.wait4() == (leader.pid, 0x0700)
    for t in threads:
        assert t.state == "dead"
        with pytest.raises(fastipc.TaskExited):
            t.getpid()


def test_sigpipe_ends_all_threads(k):
    p = k.spawn()
    leader = p.fork()
    t = leader.thread()
    r, w = leader.pipe()
    leader.close(r)
    with pytest.raises(fastipc.TaskExited) as caught:
        t.write(w, b"x")
    assert caught.value.status == SIGPIPE
    assert leader.state == "zombie"
    assert p.wait4() == (leader.pid, SIGPIPE)


def test_execve_by_a_thread_makes_it_the_leader(k, kind):
    def new(t):
        yield t.getpid()
        return t.getpid(), t.gettid()

    def thread(t):
        yield t.execve(kind(new))

    def leader(t, r):
        yield t.thread(kind(thread))
        yield t.read(r, 1)

    p = k.spawn()
    r, _ = p.pipe()
    c = p.fork(kind(leader), r)
    pid = c.pid
    assert p.wait4() == (pid, 0)
    assert len(k.tasks) == 2


def test_execve_by_hand_keeps_the_task_and_its_other_descriptors(k):
    p = k.spawn()
    r, w = p.pipe()
    x, y = p.pipe2(fastipc.O_CLOEXEC)
    t = p.thread()
    p.execve()
    assert p.write(w, b"x") == 1
    assert p.sys_close(x) == -EBADF
    assert p.sys_close(y) == -EBADF
    assert t.state == "dead"
    assert p.state != "dead"


def test_execve_unshares_the_descriptor_table(k):
    p = k.spawn()
    x, _ = p.pipe2(fastipc.O_CLOEXEC)
    c = p.clone(CLONE_FILES | SIGCHLD)
    c.execve()
    assert c.sys_close(x) == -EBADF
    assert p.sys_close(x) == 0


# ------------------------------------------------------------------------------------------ ids and limits
def test_uids_and_gids(k):
    p = k.spawn(uid=1000, gid=100)
    assert (p.getuid(), p.geteuid(), p.getgid(), p.getegid()) == (1000, 1000, 100, 100)
    assert p.getresuid() == (1000, 1000, 1000)
    assert p.getresgid() == (100, 100, 100)
    assert p.fork().getuid() == 1000
    assert k.spawn().getuid() == 0


def test_rlimits(k, errno_of):
    p = k.spawn()
    assert p.getrlimit(RLIMIT_NOFILE) == (1024, 4096)
    p.setrlimit(RLIMIT_NOFILE, (10, 8192))  # root may raise
    assert p.getrlimit(RLIMIT_NOFILE) == (10, 8192)
    assert errno_of(p.setrlimit, RLIMIT_NOFILE, (11, 10)) == EINVAL
    assert errno_of(p.setrlimit, RLIMIT_NOFILE, (0, 2**40)) == EPERM  # beyond nr_open even for root
    u = k.spawn(uid=1000)
    assert errno_of(u.setrlimit, RLIMIT_NOFILE, (1024, 4097)) == EPERM
    u.setrlimit(RLIMIT_NOFILE, (1024, 1024))
    assert errno_of(u.setrlimit, RLIMIT_NOFILE, (1024, 1025)) == EPERM
    child = u.fork()
    child.setrlimit(RLIMIT_NOFILE, (5, 5))
    assert u.getrlimit(RLIMIT_NOFILE) == (1024, 1024)


# ------------------------------------------------------------------------------------------ SIGPIPE, SIGCHLD
def test_sigpipe_kills_by_default_and_not_when_ignored(k):
    p = k.spawn()
    r, w = p.pipe()
    a = p.fork()
    p.close(r)
    a.close(r)
    with pytest.raises(fastipc.TaskExited) as caught:
        a.write(w, b"x")
    assert caught.value.status == SIGPIPE
    assert p.wait4() == (a.pid, SIGPIPE)
    b = p.fork()
    assert b.signal(SIGPIPE, SIG_IGN) == SIG_DFL
    assert b.sys_write(w, b"x") == -EPIPE
    assert b.signal(SIGPIPE, SIG_DFL) == SIG_IGN
    with pytest.raises(fastipc.TaskExited):
        b.write(w, b"x")
    assert p.wait4() == (b.pid, SIGPIPE)


def test_signal_tells_the_old_handler(k, errno_of):
    p = k.spawn()
    assert p.signal(SIGCHLD, SIG_IGN) == SIG_DFL
    assert p.signal(SIGCHLD, SIG_DFL) == SIG_IGN
    for sig in (fastipc.SIGKILL, fastipc.SIGSTOP, 0, -1, 65):
        assert errno_of(p.signal, sig, SIG_IGN) == EINVAL


def test_a_short_write_raises_sigpipe_all_the_same(k):
    p = k.spawn()
    r, w = p.pipe()
    a = p.fork()
    a.close(r)
    c = a.submit("write", w, b"x" * 70_000)
    k.run()
    p.close(r)
    k.run()
    assert c.done()
    with pytest.raises(fastipc.TaskExited):
        c.result()
    assert p.wait4() == (a.pid, SIGPIPE)


def test_execve_of_a_thread_whose_leader_has_ended_gives_its_actions_back(k, rows):
    before = rows(k)
    p = k.spawn()
    p.signal(SIGPIPE, SIG_IGN)
    thread = p.thread()
    p.exit()  # the leader stays as a zombie, and still refers to the actions
    thread.execve()
    assert rows(k)["sighand"] == before["sighand"] + 1
    thread.exit_group()
    assert rows(k) == before
