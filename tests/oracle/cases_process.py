"""Processes and threads: clone, execve, exit, wait4, orphans, ids, ignored signals."""

from .abi import (
    CLONE_FILES,
    CLONE_FS,
    CLONE_NEWIPC,
    CLONE_NEWNS,
    CLONE_NEWUTS,
    CLONE_PARENT,
    CLONE_SIGHAND,
    CLONE_SYSVSEM,
    CLONE_THREAD,
    CLONE_VM,
    INT_MAX,
    INT_MIN,
    O_CLOEXEC,
    P_ALL,
    P_PGID,
    P_PID,
    P_PIDFD,
    POLLIN,
    SIG_DFL,
    SIG_IGN,
    SIGCHLD,
    SIGKILL,
    SIGPIPE,
    SIGSTOP,
    THREAD,
    WALL,
    WCLONE,
    WCONTINUED,
    WEXITED,
    WNOHANG,
    WNOTHREAD,
    WNOWAIT,
    WSTOPPED,
    WUNTRACED,
)  # fmt: skip
from .machine import DIED, Machine


# ------------------------------------------------------------------------------------------------ ids
def ids_of_a_process(m: Machine) -> None:
    """getpid, gettid, getppid of a first process, a child and a grandchild."""
    a = m.spawn()
    b = a.fork()
    c = b.fork()
    assert (a.getpid(), a.gettid(), a.getppid()) == ("A", "A", "init")
    assert (b.getpid(), b.gettid(), b.getppid()) == ("B", "B", "A")
    assert (c.getpid(), c.gettid(), c.getppid()) == ("C", "C", "B")


def ids_of_threads(m: Machine) -> None:
    """Threads share pid and parent; their children are children of the process."""
    a = m.spawn()
    b = a.fork()
    c = b.thread()
    d = c.fork()
    assert (c.getpid(), c.gettid(), c.getppid()) == ("B", "C", "A")
    assert d.getppid() == "B"


def user_ids(m: Machine) -> None:
    """uids and gids of root and of another user, inherited by fork, thread and execve."""
    for uid in (0, 1000):
        a = m.spawn(uid=uid)
        b, c = a.fork(), a.thread()
        b.execve()
        for t in (a, b, c):
            assert t.getuid() == t.geteuid() == t.getgid() == t.getegid() == uid
            assert t.getresuid() == t.getresgid() == (uid, uid, uid)


# ------------------------------------------------------------------------------------------------ exit and wait4
def status_words(m: Machine) -> None:
    """wait4 reports exit(n) as n << 8, of the low eight bits."""
    a = m.spawn()
    for status in (0, 3, 255, 256, 257, -1, INT_MIN):
        b = a.fork()
        assert b.exit(status) == DIED
        assert a.wait4() == (b.name, (status & 255) << 8)
    b = a.fork()
    b.exit_group(7)
    assert a.wait4(b, 0) == (b.name, 0x0700)


def wait_sleeps(m: Machine) -> None:
    """wait4 sleeps until a child ends."""
    a = m.spawn()
    b, c = a.fork(), a.fork()
    wait = a.submit("wait4")
    assert not wait.done()
    c.exit(1)
    assert wait.result() == (c.name, 256)
    wait = a.submit("wait4", -1, 0)
    assert not wait.done()
    b.exit(2)
    assert wait.result() == (b.name, 512)
    assert a.wait4() == "ECHILD"


def wait_for_one(m: Machine) -> None:
    """wait4(pid) passes over other children."""
    a = m.spawn()
    b, c = a.fork(), a.fork()
    b.exit(1)
    wait = a.submit("wait4", c, 0)
    assert not wait.done()
    c.exit(2)
    assert wait.result() == (c.name, 512)
    assert a.wait4(b) == (b.name, 256)
    assert a.wait4(b) == "ECHILD"


def wait_oldest_zombie_first(m: Machine) -> None:
    """Several zombies are reported in the order of their birth, not of their death."""
    a = m.spawn()
    tasks = [a.fork() for _ in range(4)]
    for i in (2, 0, 3, 1):
        tasks[i].exit(i)
    assert [a.wait4() for _ in range(4)] == [(t.name, i << 8) for i, t in enumerate(tasks)]


def wait_nohang(m: Machine) -> None:
    """WNOHANG: (0, 0) if no child has ended, ECHILD if there is none."""
    a = m.spawn()
    assert a.wait4(-1, WNOHANG) == "ECHILD"
    b = a.fork()
    assert a.wait4(-1, WNOHANG) == (0, 0)
    assert a.wait4(b, WNOHANG) == (0, 0)
    b.exit(5)
    assert a.wait4(-1, WNOHANG) == (b.name, 0x500)
    assert a.wait4(-1, WNOHANG) == "ECHILD"


def wait_errors(m: Machine) -> None:
    """Limits 4.5, wait4: EINVAL (options) > ESRCH (smallest int) > ECHILD."""
    a = m.spawn()
    for options in (4, 16, 0x1000000, 0x10000000, INT_MAX):
        assert a.wait4(-1, options) == "EINVAL"
        assert a.wait4(INT_MIN, options) == "EINVAL"
    assert a.wait4(INT_MIN, 0) == "ESRCH"
    assert a.wait4(-1, 0) == "ECHILD"
    for options in (0, WNOHANG, WUNTRACED, WCONTINUED, WNOTHREAD, WALL, WCLONE):
        assert a.wait4(-1, options) == "ECHILD"
    assert a.wait4(a, 0) == "ECHILD"
    assert a.wait4(0, 0) == "ECHILD"
    assert a.wait4(INT_MAX, 0) == "ECHILD"
    b = a.fork()
    assert a.wait4(INT_MIN, WNOHANG) == "ESRCH"
    assert a.wait4(b, 4) == "EINVAL"
    assert b.wait4(a, 0) == "ECHILD"


def wait_for_a_group(m: Machine) -> None:
    """wait4(0) and wait4(-group): children of one's own group, of a named group."""
    a = m.spawn()
    other = m.spawn()
    b = a.fork()
    assert a.wait4(-other, WNOHANG) == "ECHILD"
    assert a.wait4(0, WNOHANG) == (0, 0)
    assert a.wait4(-a, WNOHANG) == (0, 0)
    wait = a.submit("wait4", 0, 0)
    b.exit(1)
    assert wait.result() == (b.name, 256)
    c = a.fork()
    c.exit(2)
    assert a.wait4(-a, 0) == (c.name, 512)


def not_ones_own_child(m: Machine) -> None:
    """A grandchild, a sibling and a stranger are no children."""
    a = m.spawn()
    b = a.fork()
    c = b.fork()
    d = a.fork()
    assert a.wait4(c, WNOHANG) == "ECHILD"
    assert b.wait4(d, WNOHANG) == "ECHILD"
    assert d.wait4(-1, WNOHANG) == "ECHILD"
    c.exit(0)
    assert a.wait4(-1, WNOHANG) == (0, 0)
    assert b.wait4() == (c.name, 0)


def orphan_goes_to_init(m: Machine) -> None:
    """An orphan's parent is init, which reaps it at once."""
    a = m.spawn()
    b = a.fork()
    c = b.fork()
    d = c.fork()
    b.exit_group(0)
    assert c.getppid() == "init"
    assert d.getppid() == c.name
    assert a.wait4() == (b.name, 0)
    c.exit(3)
    assert d.getppid() == "init"
    assert a.wait4() == "ECHILD"


def zombie_orphan(m: Machine) -> None:
    """A zombie whose parent ends without waiting vanishes."""
    a = m.spawn()
    b = a.fork()
    c = b.fork()
    c.exit(1)
    assert b.exit(0) == DIED
    assert a.wait4() == (b.name, 0)
    assert a.wait4() == "ECHILD"


def child_of_a_thread_stays_with_the_process(m: Machine) -> None:
    """When a thread ends, its children belong to the rest of the process."""
    a = m.spawn()
    b = a.thread()
    c = b.fork()
    assert b.exit(0) == DIED
    assert c.getppid() == a.name
    c.exit(4)
    assert a.wait4() == (c.name, 0x400)


def wait_of_another_thread(m: Machine) -> None:
    """A thread may wait for the child of another; with __WNOTHREAD only for its own."""
    a = m.spawn()
    b = a.thread()
    c = a.fork()
    assert b.wait4(-1, WNOHANG | WNOTHREAD) == "ECHILD"
    assert b.wait4(-1, WNOHANG) == (0, 0)
    wait = b.submit("wait4")
    c.exit(1)
    assert wait.result() == (c.name, 256)


def two_threads_wait_for_one_child(m: Machine) -> None:
    """Two threads wait; the oldest sleeper gets the child, the other sleeps on while there are others."""
    a = m.spawn()
    b = a.thread()
    c, d = a.fork(), a.fork()
    one, two = a.submit("wait4"), b.submit("wait4")
    c.exit(1)
    assert one.done() != two.done()
    d.exit(2)
    assert {one.result()[0], two.result()[0]} == {c.name, d.name}


def two_threads_wait_for_the_last_child(m: Machine) -> None:
    """Two threads wait for one child: the other gets ECHILD."""
    a = m.spawn()
    b = a.thread()
    c = a.fork()
    one, two = a.submit("wait4"), b.submit("wait4")
    c.exit(1)
    assert sorted([str(one.result()), str(two.result())]) == ["('C', 256)", "ECHILD"]


def exit_of_the_leader(m: Machine) -> None:
    """A leader that ends before its threads cannot be waited for until the last of them ends: its status counts."""
    a = m.spawn()
    b = a.fork()
    c = b.thread()
    d = b.thread()
    assert b.exit(3) == DIED
    assert a.wait4(b, WNOHANG) == (0, 0)
    assert c.getpid() == b.name and c.getppid() == a.name
    c.exit(4)
    wait = a.submit("wait4")
    assert not wait.done()
    d.exit(5)
    assert wait.result() == (b.name, 0x500)


def exit_group_from_a_thread(m: Machine) -> None:
    """exit_group ends all threads, asleep or not, and its status is the process'."""
    a = m.spawn()
    r, w = a.pipe()
    b = a.fork()
    c, d = b.thread(), b.thread()
    read = b.submit("read", r, 1)
    poll = d.submit("poll", [(r, POLLIN)], -1)
    assert c.exit_group(9) == DIED
    assert read.result() == poll.result() == DIED
    assert a.wait4() == (b.name, 0x900)
    assert not (b.alive or c.alive or d.alive)


def exit_of_the_last_thread(m: Machine) -> None:
    """exit of a thread tells nobody; descriptors close with the last one."""
    a = m.spawn()
    r, w = a.pipe()
    b = a.fork()
    c = b.thread()
    a.close(w)
    read = a.submit("read", r, 1)
    c.exit(1)
    assert not read.done()
    b.exit(2)
    assert read.result() == b""
    assert a.wait4() == (b.name, 0x200)


# ------------------------------------------------------------------------------------------------ waitid
def waitid_tells_of_an_exit(m: Machine) -> None:
    """waitid: signal, code, child, its real user, status; by all, by number, by group."""
    a = m.spawn()
    b, c, d = a.fork(), a.fork(), a.fork()
    a.setpgid(d, 0)
    c.setresuid(1000, 0, 0)
    for t, status in ((b, 3), (c, 256 + 4), (d, -1)):
        t.exit(status)
    assert a.waitid(P_PID, c, WEXITED) == (SIGCHLD, 1, "C", 1000, 4)
    assert a.waitid(P_PGID, d, WEXITED) == (SIGCHLD, 1, "D", 0, 255)
    assert a.waitid(P_PGID, d, WEXITED) == "ECHILD"
    assert a.waitid(P_ALL, -7, WEXITED) == (SIGCHLD, 1, "B", 0, 3)
    assert a.waitid(P_ALL, 0, WEXITED) == "ECHILD"


def waitid_tells_of_a_signal(m: Machine) -> None:
    """waitid of a child that a signal ended."""
    a = m.spawn()
    r, w = a.pipe()
    b = a.fork()
    a.close(r)
    b.close(r)
    assert b.write(w, b"x") == DIED
    assert a.waitid(P_ALL, 0, WEXITED) == (SIGCHLD, 2, "B", 0, SIGPIPE)


def waitid_sleeps(m: Machine) -> None:
    """waitid sleeps until a child that is meant ends; WNOHANG: None."""
    a = m.spawn()
    b, c = a.fork(), a.fork()
    assert a.waitid(P_ALL, 0, WEXITED | WNOHANG) is None
    assert a.waitid(P_PGID, 0, WEXITED | WNOHANG) is None
    wait = a.submit("waitid", P_PID, c, WEXITED)
    b.exit(1)
    assert not wait.done()
    c.exit(2)
    assert wait.result() == (SIGCHLD, 1, "C", 0, 2)
    wait = a.submit("waitid", P_PGID, 0, WEXITED)
    assert wait.result() == (SIGCHLD, 1, "B", 0, 1)


def waitid_errors(m: Machine) -> None:
    """waitid: EINVAL (options, no event, kind, number) > EBADF > ECHILD."""
    a = m.spawn()
    for options in (0, WNOHANG, WALL | WNOHANG, 16 | WEXITED, 0x10000000 | WEXITED, INT_MIN):
        assert a.waitid(P_ALL, 0, options) == "EINVAL"
    for kind in (4, -1, INT_MAX):
        assert a.waitid(kind, 0, WEXITED) == "EINVAL"
    assert a.waitid(P_PID, 0, WEXITED) == a.waitid(P_PID, -1, WEXITED) == "EINVAL"
    assert a.waitid(P_PGID, -1, WEXITED) == a.waitid(P_PIDFD, -1, WEXITED) == "EINVAL"
    assert a.waitid(P_PIDFD, 1000, WEXITED) == "EBADF"
    assert a.waitid(P_PIDFD, 1000, 0) == "EINVAL"
    assert a.waitid(P_PID, a, WEXITED) == a.waitid(P_PID, INT_MAX, WEXITED) == "ECHILD"
    assert a.waitid(P_PGID, 0, WEXITED) == a.waitid(P_PGID, INT_MAX, WEXITED) == "ECHILD"
    b = a.fork()
    c = b.fork()
    assert a.waitid(P_PID, c, WEXITED) == "ECHILD"


def waitid_leaves_a_zombie(m: Machine) -> None:
    """WNOWAIT tells, and leaves the child to be told of again."""
    a = m.spawn()
    b = a.fork()
    wait = a.submit("waitid", P_ALL, 0, WEXITED | WNOWAIT)
    b.exit(7)
    assert wait.result() == (SIGCHLD, 1, "B", 0, 7)
    assert a.waitid(P_PID, b, WEXITED | WNOWAIT) == (SIGCHLD, 1, "B", 0, 7)
    assert a.wait4() == ("B", 0x700)
    assert a.waitid(P_ALL, 0, WEXITED | WNOWAIT) == "ECHILD"


def waitid_for_what_a_zombie_cannot_do(m: Machine) -> None:
    """A zombie cannot stop or go on any more: without WEXITED it does not count."""
    a = m.spawn()
    b = a.fork()
    for options in (WSTOPPED, WCONTINUED, WSTOPPED | WCONTINUED):
        assert a.waitid(P_ALL, 0, options | WNOHANG) is None
    b.exit(1)
    for options in (WSTOPPED, WCONTINUED, WSTOPPED | WCONTINUED):
        assert a.waitid(P_ALL, 0, options | WNOHANG) == "ECHILD"
        assert a.waitid(P_PID, b, options) == "ECHILD"
    assert a.waitid(P_ALL, 0, WEXITED | WSTOPPED) == (SIGCHLD, 1, "B", 0, 1)


def waitid_of_clone_children_and_threads(m: Machine) -> None:
    """__WCLONE, __WALL and __WNOTHREAD mean to waitid what they mean to wait4."""
    a = m.spawn()
    b = a.clone(0)
    t = a.thread()
    assert a.waitid(P_ALL, 0, WEXITED | WNOHANG) == "ECHILD"
    assert a.waitid(P_ALL, 0, WEXITED | WNOHANG | WCLONE) is None
    assert t.waitid(P_ALL, 0, WEXITED | WNOHANG | WALL | WNOTHREAD) == "ECHILD"
    wait = t.submit("waitid", P_PID, b, WEXITED | WALL)
    b.exit(2)
    assert wait.result() == (SIGCHLD, 1, "B", 0, 2)


def a_wait_sleeps_on_when_its_last_child_leaves(m: Machine) -> None:
    """Only the end of a child that is waited for is looked at: a wait for a group that lost its members goes on."""
    a = m.spawn()
    t = a.thread()
    b, c = a.fork(), a.fork()
    wait = a.submit("wait4", 0, 0)
    b.setpgid(0, 0)
    c.setpgid(0, b)
    b.exit(0)
    c.exit(0)
    assert not wait.done()
    assert t.wait4(0, WNOHANG) == "ECHILD"
    assert t.wait4() == (b.name, 0)
    d = t.fork()
    d.exit(5)
    assert wait.result() == (d.name, 0x500)


def threads_race_for_one_child(m: Machine) -> None:
    """wait4 and waitid of three threads for one child: one is told, with WNOWAIT all can be, the rest get ECHILD."""
    a = m.spawn()
    b, c = a.thread(), a.thread()
    d = a.fork()
    waits = [
        a.submit("waitid", P_ALL, 0, WEXITED | WNOWAIT), b.submit("waitid", P_PID, d, WEXITED | WNOWAIT),
        c.submit("waitid", P_PGID, a, WEXITED | WNOWAIT),
    ]  # fmt: skip
    d.exit(1)
    assert [wait.result()[2] for wait in waits] == ["D"] * 3
    assert c.wait4() == ("D", 256)
    e = b.fork()
    waits = [a.submit("wait4", e, 0), c.submit("waitid", P_ALL, 0, WEXITED)]
    e.exit(2)
    assert sorted(str(wait.result()) for wait in waits)[1] == "ECHILD"


def the_maker_of_a_child_ends_while_others_wait(m: Machine) -> None:
    """A thread waits with __WNOTHREAD for nothing, until a sibling ends and it inherits the sibling's child."""
    a = m.spawn()
    b, c = a.thread(), a.thread()
    d = b.fork()
    assert a.wait4(-1, WNOTHREAD | WNOHANG) == "ECHILD"
    wait = c.submit("wait4", d, 0)
    b.exit(0)
    assert not wait.done()
    assert a.wait4(-1, WNOTHREAD | WNOHANG) == (0, 0)
    assert c.wait4 and d.getppid() == "A"
    a.exit(0)
    d.exit(3)
    assert wait.result() == ("D", 0x300)


def leaders_and_threads_end_in_every_order(m: Machine) -> None:
    """The status of a process is that of its last thread, in whatever order they end."""
    a = m.spawn()
    for order in ((0, 1, 2), (0, 2, 1), (1, 0, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0)):
        b = a.fork()
        tasks = [b, b.thread(), b.thread()]
        for i in order[:2]:
            assert tasks[i].exit(i) == DIED
            assert a.waitid(P_PID, b, WEXITED | WNOHANG) is None
        tasks[order[2]].exit(order[2])
        assert a.waitid(P_ALL, 0, WEXITED) == (SIGCHLD, 1, b.name, 0, order[2])


# ------------------------------------------------------------------------------------------------ unshare
def unshare_files(m: Machine) -> None:
    """unshare(CLONE_FILES): descriptors are copied; threads and clone children keep the old table."""
    a = m.spawn()
    r, w = a.pipe()
    b, c = a.thread(), a.clone(CLONE_FILES | SIGCHLD)
    assert b.unshare(CLONE_FILES) is None
    assert b.close(w) is None
    assert a.write(w, b"x") == 1
    assert c.close(r) is None
    assert a.read(r, 1) == "EBADF"
    assert b.read(r, 1) == b"x"
    assert b.unshare(CLONE_FILES) is None
    assert a.unshare(CLONE_FILES | CLONE_FS | CLONE_SYSVSEM) is None
    assert a.unshare(0) is None


def unshare_what_cannot_be(m: Machine) -> None:
    """unshare: CLONE_THREAD, CLONE_SIGHAND and CLONE_VM pass alone only; namespaces need CAP_SYS_ADMIN."""
    a = m.spawn()
    for flags in (CLONE_THREAD, CLONE_SIGHAND, CLONE_THREAD | CLONE_SIGHAND, CLONE_VM):
        assert a.unshare(flags) is None
    b = a.thread()
    for flags in (CLONE_THREAD, CLONE_SIGHAND, CLONE_VM, CLONE_VM | CLONE_FILES):
        assert a.unshare(flags) == "EINVAL"
    b.exit(0)
    assert a.unshare(CLONE_THREAD) is None
    c = a.clone(CLONE_VM | CLONE_SIGHAND | SIGCHLD)
    assert a.unshare(CLONE_THREAD) is None
    assert a.unshare(CLONE_SIGHAND) == c.unshare(CLONE_VM) == "EINVAL"
    for flags in (1, CLONE_PARENT, SIGCHLD, 1 << 40):
        assert a.unshare(flags) == "EINVAL"
    d = m.spawn(1000)
    for flags in (CLONE_NEWNS, CLONE_NEWUTS, CLONE_NEWIPC):
        assert d.unshare(flags) == "EPERM"


# ------------------------------------------------------------------------------------------------ clone
def clone_flags_that_need_others(m: Machine) -> None:
    """clone: CLONE_SIGHAND needs CLONE_VM, CLONE_THREAD needs CLONE_SIGHAND; else EINVAL."""
    a = m.spawn()
    assert a.clone(CLONE_SIGHAND | SIGCHLD) == "EINVAL"
    assert a.clone(CLONE_THREAD | SIGCHLD) == "EINVAL"
    assert a.clone(CLONE_THREAD | CLONE_VM | SIGCHLD) == "EINVAL"
    assert a.clone(CLONE_THREAD | CLONE_SIGHAND) == "EINVAL"
    assert a.clone(CLONE_SIGHAND | CLONE_FILES) == "EINVAL"
    assert a.clone(THREAD & ~CLONE_VM) == "EINVAL"
    b = a.clone(THREAD)
    assert b.getpid() == a.name


def clone_without_a_signal(m: Machine) -> None:
    """A child without SIGCHLD as its exit signal is a clone child: found with __WCLONE or __WALL only."""
    a = m.spawn()
    b = a.clone(0)
    assert a.wait4(-1, WNOHANG) == "ECHILD"
    assert a.wait4(-1, WNOHANG | WCLONE) == (0, 0)
    assert a.wait4(-1, WNOHANG | WALL) == (0, 0)
    wait = a.submit("wait4", -1, WALL)
    b.exit(1)
    assert wait.result() == (b.name, 256)
    c = a.fork()
    assert a.wait4(-1, WNOHANG | WCLONE) == "ECHILD"
    c.exit(2)
    assert a.wait4(-1, WCLONE) == "ECHILD"
    assert a.wait4(-1, WALL) == (c.name, 512)


def clone_child_does_not_wake_a_plain_wait(m: Machine) -> None:
    """A plain wait sleeps on when a clone child ends, and its parent's end gives it to init."""
    a = m.spawn()
    b, c = a.clone(CLONE_FS), a.fork()
    wait = a.submit("wait4")
    b.exit(1)
    assert not wait.done()
    c.exit(2)
    assert wait.result() == (c.name, 512)
    assert a.wait4(-1, WCLONE) == (b.name, 256)


def clone_exit_signal_other_than_sigchld(m: Machine) -> None:
    """An exit signal that is ignored by default, but not SIGCHLD: a clone child too."""
    a = m.spawn()
    b = a.clone(23)
    assert a.wait4(-1, WNOHANG) == "ECHILD"
    b.exit(1)
    assert a.wait4(-1, WALL) == (b.name, 256)


def clone_after_execve_is_plain(m: Machine) -> None:
    """execve makes SIGCHLD the exit signal again."""
    a = m.spawn()
    b = a.clone(0)
    assert a.wait4(-1, WNOHANG) == "ECHILD"
    b.execve()
    assert a.wait4(-1, WNOHANG) == (0, 0)
    b.exit(1)
    assert a.wait4() == (b.name, 256)


def clone_parent(m: Machine) -> None:
    """CLONE_PARENT: a sibling, not a child."""
    a = m.spawn()
    b = a.fork()
    c = b.clone(CLONE_PARENT | SIGCHLD)
    assert c.getppid() == a.name
    assert b.wait4(-1, WNOHANG) == "ECHILD"
    c.exit(6)
    assert a.wait4(c) == (c.name, 0x600)
    d = b.clone(CLONE_PARENT)
    d.exit(1)
    assert a.wait4(-1, WNOHANG) == (d.name, 256)


def clone_vm_process(m: Machine) -> None:
    """CLONE_VM alone makes a process of its own."""
    a = m.spawn()
    b = a.clone(CLONE_VM | SIGCHLD)
    assert b.getpid() == b.name and b.getppid() == a.name
    b.exit_group(1)
    assert a.alive
    assert a.wait4() == (b.name, 256)


def clone_sysvsem_and_files(m: Machine) -> None:
    """CLONE_SYSVSEM, CLONE_FS and CLONE_FILES need nothing else."""
    a = m.spawn()
    for flags in (CLONE_SYSVSEM, CLONE_FS, CLONE_FILES, CLONE_FS | CLONE_FILES | CLONE_SYSVSEM | CLONE_VM):
        b = a.clone(flags | SIGCHLD)
        b.exit(0)
        assert a.wait4() == (b.name, 0)


def thread_of_a_thread(m: Machine) -> None:
    """A thread made by a thread belongs to the same process; so does a thread with an exit signal."""
    a = m.spawn()
    b = a.fork()
    c = b.thread()
    d = c.thread()
    e = c.clone(THREAD | SIGCHLD)
    assert d.getpid() == e.getpid() == b.name
    d.exit(0)
    e.exit(0)
    c.exit(0)
    assert a.wait4(-1, WNOHANG) == (0, 0)
    b.exit(0)
    assert a.wait4() == (b.name, 0)


def threads_are_not_waited_for(m: Machine) -> None:
    """A thread that ended is gone; it is nobody's child."""
    a = m.spawn()
    b = a.thread()
    b.exit(1)
    assert a.wait4(-1, WALL) == "ECHILD"
    c = a.thread()
    assert a.wait4(c, WNOHANG | WALL) == "ECHILD"


# ------------------------------------------------------------------------------------------------ execve
def execve_ends_other_threads(m: Machine) -> None:
    """execve of the leader ends the other threads, asleep or not; pid and parent stay."""
    a = m.spawn()
    b = a.fork()
    r, w = b.pipe()
    c, d = b.thread(), b.thread()
    read = c.submit("read", r, 1)
    assert b.execve() is None
    assert read.result() == DIED
    assert not c.alive and not d.alive
    assert b.getpid() == b.name and b.getppid() == a.name
    assert b.write(w, b"x") == 1
    b.exit(1)
    assert a.wait4() == (b.name, 256)


def execve_of_a_thread(m: Machine) -> None:
    """execve of another thread: it becomes the leader, under the leader's number."""
    a = m.spawn()
    b = a.fork()
    c = b.thread()
    c.execve()
    assert not b.alive
    assert c.getpid() == c.gettid()
    assert c.getppid() == a.name
    d = c.fork()
    assert d.getppid() == c.getpid()
    c.exit(2)
    assert a.wait4()[1] == 512


def execve_keeps_children_and_ignored_signals(m: Machine) -> None:
    """execve keeps children, data in pipes and ignored signals."""
    a = m.spawn()
    b = a.fork()
    r, w = a.pipe()
    a.write(w, b"kept")
    a.signal(SIGPIPE, SIG_IGN)
    a.execve()
    assert a.read(r, 10) == b"kept"
    a.close(r)
    assert a.write(w, b"x") == "EPIPE"
    b.exit(3)
    assert a.wait4() == (b.name, 0x300)


def execve_while_others_wait(m: Machine) -> None:
    """A reader on the other end of a close-on-exec descriptor sees the end of file when execve closes it."""
    a = m.spawn()
    r, w = a.pipe2(0o2000000)
    b = a.fork()
    a.close(w)
    read = a.submit("read", r, 1)
    assert not read.done()
    b.execve()
    assert read.result() == b""


# ------------------------------------------------------------------------------------------------ signals of the kernel
def signal_returns_the_old_handler(m: Machine) -> None:
    """signal gives the old handler; SIGKILL, SIGSTOP and numbers out of range give EINVAL."""
    a = m.spawn()
    assert a.signal(SIGPIPE, SIG_IGN) == SIG_DFL
    assert a.signal(SIGPIPE, SIG_IGN) == SIG_IGN
    assert a.signal(SIGPIPE, SIG_DFL) == SIG_IGN
    for sig in (SIGKILL, SIGSTOP, 0, -1, 65, INT_MAX, INT_MIN):
        assert a.signal(sig, SIG_IGN) == "EINVAL"
    assert a.signal(64, SIG_IGN) == SIG_DFL


def dispositions_are_copied_and_shared(m: Machine) -> None:
    """fork copies what is ignored, threads and CLONE_SIGHAND share it."""
    a = m.spawn()
    a.signal(SIGPIPE, SIG_IGN)
    b, c = a.fork(), a.thread()
    d = a.clone(CLONE_VM | CLONE_SIGHAND | SIGCHLD)
    a.signal(SIGPIPE, SIG_DFL)
    assert b.signal(SIGPIPE, SIG_IGN) == SIG_IGN
    assert c.signal(SIGPIPE, SIG_DFL) == SIG_DFL
    assert d.signal(SIGPIPE, SIG_IGN) == SIG_DFL
    assert a.signal(SIGPIPE, SIG_DFL) == SIG_IGN


def ignored_sigchld(m: Machine) -> None:
    """Limits 4.3: with SIGCHLD ignored children vanish and wait4 gives ECHILD, after the last of them."""
    a = m.spawn()
    a.signal(SIGCHLD, SIG_IGN)
    b = a.fork()
    b.exit(1)
    assert a.wait4() == "ECHILD"
    c, d = a.fork(), a.fork()
    wait = a.submit("wait4")
    c.exit(1)
    assert not wait.done()
    d.exit(2)
    assert wait.result() == "ECHILD"


def sigchld_ignored_too_late(m: Machine) -> None:
    """A zombie from before SIGCHLD was ignored can be waited for."""
    a = m.spawn()
    b, c = a.fork(), a.fork()
    b.exit(1)
    a.signal(SIGCHLD, SIG_IGN)
    c.exit(2)
    assert a.wait4() == (b.name, 256)
    assert a.wait4() == "ECHILD"


def sigchld_by_default_does_not_disturb(m: Machine) -> None:
    """The default of SIGCHLD is to do nothing: a parent that sleeps in another call sleeps on."""
    a = m.spawn()
    r, w = a.pipe()
    b = a.fork()
    read = a.submit("read", r, 1)
    c = b.fork()
    c.exit(0)
    b.exit(0)
    assert not read.done()
    d = m.spawn()
    assert d.wait4(-1, WNOHANG) == "ECHILD"


def sigpipe_ignored_by_a_thread(m: Machine) -> None:
    """One thread ignores SIGPIPE for all."""
    a = m.spawn()
    b = a.thread()
    r, w = a.pipe()
    a.close(r)
    b.signal(SIGPIPE, SIG_IGN)
    assert a.write(w, b"x") == "EPIPE"


def sigpipe_of_a_sleeping_thread(m: Machine) -> None:
    """A thread asleep in a write is killed when the last reader goes, and its process with it."""
    a = m.spawn()
    r, w = a.pipe()
    a.write(w, b"x" * 65536)
    b = a.fork()
    b.close(r)
    c, d = b.thread(), b.thread()
    e, f = m.spawn(), a.thread()
    write = c.submit("write", w, b"x")
    wait = a.submit("wait4")
    assert not write.done()
    f.close(r)
    assert write.result() == DIED
    assert wait.result() == (b.name, 13)
    assert not d.alive and e.alive


def sigpipe_in_a_child_of_an_ignoring_parent(m: Machine) -> None:
    """SIGPIPE kills one process; parent and child are not touched, and the child becomes init's."""
    a = m.spawn()
    b = a.fork()
    c = b.fork()
    r, w = b.pipe()
    b.close(r)
    assert b.write(w, b"x") == DIED
    assert a.alive and c.alive
    assert c.getppid() == "init"


def sched_yield_and_nanosleep(m: Machine) -> None:
    """sched_yield returns 0; nanosleep sleeps its time; a bad time is EINVAL."""
    a = m.spawn()
    assert a.sched_yield() is None
    sleep = a.submit("nanosleep", 0.02)
    assert not sleep.done()
    assert sleep.result() is None
    assert a.nanosleep(0) is None
    assert a.nanosleep(-1) == "EINVAL"


def clone_with_a_signal_that_is_none(m: Machine) -> None:
    """clone: an exit signal over 64 is taken and never sent; such a child is a clone child."""
    a = m.spawn()
    b = a.clone(200)
    assert b.getppid() == a.name
    assert a.wait4(-1, WNOHANG) == "ECHILD"
    b.exit(1)
    assert a.wait4(-1, WCLONE) == (b.name, 256)


def descriptors_close_in_order_at_exit(m: Machine) -> None:
    """exit closes the descriptors from the lowest number up, before the parent learns of it."""
    a = m.spawn()
    r1, w1 = a.pipe()
    r2, w2 = a.pipe()
    b, c, d = a.fork(), a.fork(), a.fork()
    for t in (a, c, d):
        t.close(w1)
        t.close(w2)
    one, two = c.submit("read", r1, 1), d.submit("read", r2, 1)
    wait = a.submit("wait4")
    b.exit(0)
    assert one.result() == two.result() == b""
    assert wait.result() == (b.name, 0)


def child_of_a_thread_goes_to_the_first_live_thread(m: Machine) -> None:
    """When a thread ends, its children go to the first thread that lives, the leader before others."""
    a = m.spawn()
    b, c, d = a.thread(), a.thread(), a.thread()
    e = b.fork()
    b.exit(0)
    assert a.wait4(e, WNOHANG | WNOTHREAD) == (0, 0)
    assert c.wait4(e, WNOHANG | WNOTHREAD) == "ECHILD"
    a.exit(0)
    assert c.wait4(e, WNOHANG | WNOTHREAD) == (0, 0)
    assert d.wait4(e, WNOHANG | WNOTHREAD) == "ECHILD"
    c.exit(0)
    assert d.wait4(e, WNOHANG | WNOTHREAD) == (0, 0)


def group_of_a_leader_that_was_replaced(m: Machine) -> None:
    """execve of a thread takes over number and group of the leader: the group still has its children."""
    a = m.spawn()
    b = a.thread()
    c = a.fork()
    b.execve()
    assert b.wait4(-b, WNOHANG) == (0, 0)
    d = c.fork()
    assert c.wait4(-a, WNOHANG) == (0, 0)
    d.exit(0)
    assert c.wait4(-b, 0) == (d.name, 0)
    c.exit(0)
    assert b.wait4(-a, 0) == (c.name, 0)


def waiters_keep_their_places(m: Machine) -> None:
    """Of several threads in wait4 the latest is woken first; one that finds nothing keeps its place in the queue."""
    a = m.spawn()
    b, c = a.thread(), a.thread()
    tasks = [a.fork() for _ in range(4)]
    one, two, three = b.submit("wait4"), a.submit("wait4"), c.submit("wait4")
    tasks[0].exit(0)
    assert three.result() == (tasks[0].name, 0)
    assert not one.done() and not two.done()
    tasks[1].exit(1)
    assert two.result() == (tasks[1].name, 256)
    assert not one.done()
    two = a.submit("wait4")
    tasks[2].exit(2)
    assert two.result() == (tasks[2].name, 512)
    tasks[3].exit(3)
    assert one.result() == (tasks[3].name, 768)


def exit_signal_after_the_parents_execve(m: Machine) -> None:
    """A child made before its parent's execve ends with SIGCHLD: ignored, it vanishes. To wait4 it is a clone child."""
    a = m.spawn()
    a.signal(SIGCHLD, SIG_IGN)
    b = a.clone(23)
    c = a.clone(23)
    b.exit(1)
    assert a.wait4(-1, WALL | WNOHANG) == (b.name, 256)
    a.execve()
    assert a.wait4(-1, WNOHANG) == "ECHILD"
    assert a.wait4(-1, WCLONE | WNOHANG) == (0, 0)
    sibling = c.clone(CLONE_PARENT)
    sibling.exit(2)
    assert a.wait4(-1, WALL | WNOHANG) == (0, 0)
    c.exit(3)
    assert a.wait4(-1, WALL) == "ECHILD"
    d = a.clone(23)
    d.exit(4)
    assert a.wait4(-1, WALL) == (d.name, 1024)


def execve_and_a_broken_pipe(m: Machine) -> None:
    """execve kills the other threads in turn: one that wakes in a write without readers still raises SIGPIPE."""
    for writer_first in (False, True):
        a = m.spawn()
        b = a.fork()
        r, w = b.pipe()
        b.write(w, b"x" * 65536)
        c, d = b.thread(), b.thread()
        reader, writer = (d, c) if writer_first else (c, d)
        poll = reader.submit("poll", [(r, 0)], -1)
        write = writer.submit("write", w, b"x")
        b.close(r)
        assert not poll.done() and not write.done()
        execve = b.submit("execve")
        if writer_first:
            assert execve.value is None
            b.exit(0)
            assert a.wait4() == (b.name, 0)
        else:
            assert execve.value == DIED
            assert a.wait4() == (b.name, 13)


# ------------------------------------------------------------------------------------------------ what ends with it
def files_end_in_the_order_of_their_last_descriptors(m: Machine) -> None:
    """At exit, and at execve, the file given up last ends first; of two numbers of one file the higher counts."""
    m.ordered = True
    for end in ("exit", "execve"):
        a = m.spawn()
        pipes = [a.pipe2(O_CLOEXEC) for _ in range(3)]
        readers = [a.fork() for _ in range(3)]
        for reader in readers:
            for _, w in pipes:
                reader.close(w)
        a.dup3(pipes[0][1], 9, O_CLOEXEC)
        calls = [reader.submit("read", r, 1) for reader, (r, _) in zip(readers, pipes, strict=True)]
        a.call(end)
        assert [call.value for call in calls] == [b""] * 3
