"""Namespaces of pids and of users: numbers and ids as those inside see them, who may what, how a namespace ends."""

from .abi import (
    CLD_EXITED,
    CLD_KILLED,
    CLOCK_MONOTONIC,
    CLONE_FS,
    CLONE_NEWIPC,
    CLONE_NEWPID,
    CLONE_NEWUSER,
    CLONE_PARENT,
    CLONE_SIGHAND,
    CLONE_SYSVSEM,
    CLONE_VM,
    F_OWNER_PGRP,
    F_OWNER_PID,
    F_OWNER_TID,
    F_SETFL,
    F_SETSIG,
    GETPID,
    IPC_CREAT,
    IPC_PRIVATE,
    IPC_RMID,
    O_ASYNC,
    O_PATH,
    O_RDONLY,
    O_RDWR,
    O_WRONLY,
    P_ALL,
    P_PID,
    PR_SET_CHILD_SUBREAPER,
    RLIMIT_SIGPENDING,
    SETVAL,
    SFD_NONBLOCK,
    SI_QUEUE,
    SI_TIMER,
    SI_TKILL,
    SI_USER,
    SIG_BLOCK,
    SIG_IGN,
    SIG_SETMASK,
    SIGCHLD,
    SIGCONT,
    SIGEV_THREAD_ID,
    SIGIO,
    SIGKILL,
    SIGSEGV,
    SIGSTOP,
    SIGTERM,
    SIGUSR1,
    SIGUSR2,
    THREAD,
    WEXITED,
    WNOHANG,
    WUNTRACED,
)
from .machine import ASLEEP, DIED, Machine

ALL = range(1, 65)
RT = 40
SOON, LONG = 0.01, 0.05  # seconds: a time that is over after the other


# ------------------------------------------------------------------------------------------------ numbers
def children_after_unshare_number_themselves(m: Machine) -> None:
    """S5: unshare(CLONE_NEWPID) puts the children to come in a namespace; the first is 1, parents outside are 0."""
    a = m.spawn()
    assert a.unshare(CLONE_NEWPID) is None
    assert a.getpid() == "A"
    b = a.fork()
    c = a.fork()
    d = b.fork()
    assert (b.getpid(), b.gettid(), b.getppid()) == ("#1", "#1", "#0")
    assert (c.getpid(), c.getppid()) == ("#2", "#0")
    assert (d.getpid(), d.getppid()) == ("#3", "#1")
    assert (b.getpgid(0), b.getsid(0), b.getpgid(1)) == ("#0", "#0", "#0")
    assert b.getpgid(99) == "ESRCH"
    assert a.getpgid(b) == "A"
    assert a.fork().getpid() == "#4"


def clone_into_a_namespace(m: Machine) -> None:
    """CLONE_NEWPID: the child is 1 there and has its parent outside; nested ones number themselves anew."""
    a = m.spawn()
    b = a.clone(CLONE_NEWPID | SIGCHLD)
    c = b.clone(CLONE_NEWPID | SIGCHLD)
    d = c.fork()
    assert (b.getpid(), c.getpid(), d.getpid()) == ("#1", "#1", "#2")
    assert (b.getppid(), c.getppid(), d.getppid()) == ("#0", "#0", "#1")
    assert (b.kill(2, 0), b.kill(3, 0), b.kill(4, 0)) == (None, None, "ESRCH")
    assert d.kill(3, 0) == "ESRCH"
    assert a.getppid() == "init"


def sessions_and_groups_inside(m: Machine) -> None:
    """S5: setsid, setpgid, getpgid and getsid go by the caller's numbers; what lies outside is 0."""
    a = m.spawn()
    b = a.clone(CLONE_NEWPID | SIGCHLD)
    c = b.fork()
    assert c.setpgid(0, 0) is None
    assert (c.getpgid(0), c.getsid(0), b.getpgid(2)) == ("#2", "#0", "#2")
    d = c.fork()
    assert (d.getpgid(0), d.getpgid(2), d.getpgid(1)) == ("#2", "#2", "#0")
    assert d.setpgid(3, 3) is None
    assert c.setpgid(3, 9) == "EPERM"
    assert c.setpgid(3, 2) is None
    assert d.getpgid(0) == "#2"
    assert b.setsid() == "#1"
    assert (b.getsid(0), b.getpgid(0), c.getsid(1), c.getsid(0)) == ("#1", "#1", "#1", "#0")
    assert a.getsid(b) == "B"
    assert a.getpgid(d) == "C"


def threads_of_the_first_process(m: Machine) -> None:
    """S5: threads have numbers of their own; tkill and tgkill go by them."""
    a = m.spawn()
    b = a.clone(CLONE_NEWPID | SIGCHLD)
    c = b.thread()
    assert (c.gettid(), c.getpid(), c.getppid()) == ("#2", "#1", "#0")
    b.sigaction(SIGUSR1, "handler")
    assert b.tkill(2, SIGUSR1) is None
    assert c.tgkill(1, 1, SIGUSR1) is None
    assert c.tgkill(2, 1, SIGUSR1) == "ESRCH"
    assert c.tgkill(1, 3, SIGUSR1) == "ESRCH"


def wait_tells_the_callers_numbers(m: Machine) -> None:
    """S5: wait4 and waitid take and tell numbers of the caller's namespace."""
    a = m.spawn()
    b = a.clone(CLONE_NEWPID | SIGCHLD)
    c, d = b.fork(), b.fork()
    d.exit(3)
    assert b.wait4(2, WNOHANG) == (0, 0)
    assert b.wait4(4, 0) == "ECHILD"
    assert b.waitid(P_PID, 3, WEXITED) == (SIGCHLD, CLD_EXITED, "#3", 0, 3)
    c.exit(1)
    assert b.wait4() == ("#2", 0x100)
    b.exit(2)
    assert a.waitid(P_ALL, 0, WEXITED) == (SIGCHLD, CLD_EXITED, "B", 0, 2)


def flags_of_clone(m: Machine) -> None:
    """Errors of clone: threads in new namespaces, threads of who has unshared, CLONE_PARENT of init."""
    a = m.spawn()
    assert a.clone(THREAD | CLONE_NEWPID) == "EINVAL"
    assert a.clone(THREAD | CLONE_NEWUSER) == "EINVAL"
    assert a.clone(CLONE_NEWUSER | CLONE_FS | SIGCHLD) == "EINVAL"
    assert a.clone(CLONE_NEWIPC | CLONE_SYSVSEM | CLONE_NEWPID | SIGCHLD) == "EINVAL"
    b = a.clone(CLONE_NEWPID | CLONE_VM | SIGCHLD)
    assert b.getpid() == "#1"
    assert b.clone(CLONE_PARENT | SIGCHLD) == "EINVAL"
    c = b.fork()
    d = c.clone(CLONE_PARENT | SIGCHLD)
    assert d.getppid() == "#1"
    a.unshare(CLONE_NEWPID)
    assert a.thread() == "EINVAL"
    assert a.unshare(CLONE_NEWPID) == "EINVAL"
    assert a.clone(CLONE_NEWPID | SIGCHLD) == "EINVAL"
    assert a.fork().getpid() == "#1"
    assert a.fork().getpid() == "#2"


def who_may(m: Machine) -> None:
    """CAP_SYS_ADMIN is needed for a namespace of pids, by unshare and by clone."""
    a = m.spawn(uid=1000)
    assert a.unshare(CLONE_NEWPID) == "EPERM"
    assert a.clone(CLONE_NEWPID | SIGCHLD) == "EPERM"
    assert a.unshare(CLONE_NEWPID | 1) == "EINVAL"
    t = a.thread()
    assert t.unshare(CLONE_NEWPID) == "EPERM"
    r = m.spawn()
    s = r.thread()
    assert s.unshare(CLONE_NEWPID) is None
    assert r.fork().getpid() == "E"  # the other thread's children only


def levels(m: Machine) -> None:
    """There are 32 levels of namespaces of pids under the first one: one more is ENOSPC."""
    t = m.spawn()
    for _ in range(32):
        t = t.clone(CLONE_NEWPID | SIGCHLD)
        assert t.getpid() == "#1"
    assert t.clone(CLONE_NEWPID | SIGCHLD) == "ENOSPC"
    assert t.unshare(CLONE_NEWPID) == "ENOSPC"
    assert t.fork().getpid() == "#2"


# ------------------------------------------------------------------------------------------------ signals
def s10_a_sender_outside_is_nobody(m: Machine) -> None:
    """S10: the pid of a sender from an outer namespace is 0, that of one inside is its own number."""
    a = m.spawn()
    b = a.clone(CLONE_NEWPID | SIGCHLD)
    c = b.fork()
    c.sigprocmask(SIG_BLOCK, ALL)
    c.sigaction(SIGUSR1, "handler")
    assert a.kill(c, SIGUSR1) is None
    assert b.kill(2, SIGUSR2) is None
    a.sigqueue(c, RT, 5)
    a.tkill(c, SIGTERM)
    b.sigqueue(2, RT, 6)
    assert c.sigtaken([SIGUSR2]) == (SIGUSR2, SI_USER, "#1", 0)
    assert c.sigtimedwait([RT], 0) == (RT, SI_QUEUE, "#0", 5)
    assert c.sigtimedwait([RT], 0) == (RT, SI_QUEUE, "#1", 6)
    assert c.sigtaken([SIGTERM]) == (SIGTERM, SI_TKILL, "#0", 0)
    c.sigprocmask(SIG_SETMASK, [])


def sigchld_tells_the_parents_number(m: Machine) -> None:
    """S5: SIGCHLD of a child in a namespace has its number in the parent's."""
    a = m.spawn()
    a.sigaction(SIGCHLD, "handler")
    b = a.clone(CLONE_NEWPID | SIGCHLD)
    b.sigaction(SIGCHLD, "handler")
    c = b.fork()
    c.exit(4)
    assert b.wait4() == ("#2", 0x400)
    b.exit(5)
    assert a.wait4() == ("B", 0x500)


def init_is_immune_from_inside(m: Machine) -> None:
    """Limits 4.3: init ignores what it has no handler for, SIGKILL and SIGSTOP too, if it comes from inside."""
    a = m.spawn()
    b = a.clone(CLONE_NEWPID | SIGCHLD)
    c = b.fork()
    for sig in (SIGTERM, SIGKILL, SIGSTOP, SIGUSR1, RT):
        assert c.kill(1, sig) is None
        assert b.kill(1, sig) is None
        assert b.tkill(1, sig) is None
    b.sigaction(SIGUSR1, "handler")
    assert c.kill(1, SIGUSR1) is None
    b.sigprocmask(SIG_BLOCK, [SIGTERM])
    c.kill(1, SIGTERM)
    assert b.sigpending() == [SIGTERM]
    assert b.sigprocmask(SIG_SETMASK, []) == [SIGTERM]
    assert b.getpid() == "#1"


def init_is_not_immune_from_outside(m: Machine) -> None:
    """Limits 4.3: from an ancestor's namespace SIGKILL and SIGSTOP act on init, and nothing else without a handler."""
    a = m.spawn()
    b = a.clone(CLONE_NEWPID | SIGCHLD)
    c = b.clone(CLONE_NEWPID | SIGCHLD)
    for sig in (SIGTERM, SIGUSR1, RT):
        assert a.kill(b, sig) is None
        assert a.kill(c, sig) is None
    assert a.kill(b, SIGSTOP) is None
    assert a.wait4(-1, WUNTRACED) == ("B", 0x137F)
    assert a.kill(b, SIGCONT) is None
    assert b.kill(2, SIGKILL) is None
    assert b.wait4() == ("#2", SIGKILL)
    a.kill(b, SIGKILL)
    assert a.wait4() == ("B", SIGKILL)


def kill_everybody_stays_inside(m: Machine) -> None:
    """S1: kill(-1) reaches all in the namespace but init and the caller; nobody else is ESRCH."""
    a = m.spawn()
    b = a.clone(CLONE_NEWPID | SIGCHLD)
    assert b.kill(-1, SIGUSR1) == "ESRCH"
    c, d = b.fork(), b.fork()
    e = d.clone(CLONE_NEWPID | SIGCHLD)
    for t in (a, b, c, d, e):
        t.sigaction(SIGUSR1, "handler")
    assert c.kill(-1, SIGUSR1) is None
    assert b.kill(-1, SIGUSR1) is None
    assert b.kill(-99, SIGUSR1) == "ESRCH"
    assert e.kill(-1, 0) == "ESRCH"


def groups_reach_outside(m: Machine) -> None:
    """S5, S10: a group over several namespaces is reached whole; the first who does not see the sender hides it."""
    a = m.spawn()
    b = a.clone(CLONE_NEWPID | SIGCHLD)
    c = b.clone(CLONE_NEWPID | SIGCHLD)
    for t in (a, b, c):
        t.sigprocmask(SIG_BLOCK, [SIGUSR1])
    assert b.kill(0, SIGUSR1) is None
    assert [t.sigtaken([SIGUSR1])[2] for t in (a, b, c)] == ["nobody", "#0", "#0"]
    assert a.kill(-a, SIGUSR1) is None
    assert [t.sigtaken([SIGUSR1])[2] for t in (a, b, c)] == ["nobody", "#0", "#0"]
    assert c.kill(0, SIGUSR1) is None
    assert [t.sigtaken([SIGUSR1])[2] for t in (a, b, c)] == ["init", "#1", "#1"]


def sigqueueinfo_to_oneself(m: Machine) -> None:
    """S3: who pretends to be the kernel may do so to his own number in his namespace."""
    a = m.spawn()
    b = a.clone(CLONE_NEWPID | SIGCHLD)
    b.sigprocmask(SIG_BLOCK, ALL)
    assert b.sigqueueinfo(1, RT, SI_USER, 7) is None
    assert b.sigqueueinfo(2, RT, SI_USER, 7) == "EPERM"
    assert b.sigqueueinfo(2, RT, SI_QUEUE, 7) == "ESRCH"
    assert a.sigqueueinfo(b, RT, SI_QUEUE, 8) is None
    assert b.sigtaken([RT])[:2] == (RT, SI_USER)
    assert b.sigtaken([RT]) == (RT, SI_QUEUE, "#0", 0)


# ------------------------------------------------------------------------------------------------ the end
def orphans_find_the_init_of_their_namespace(m: Machine) -> None:
    """The init of a namespace is the parent of orphans in it; it must wait for them."""
    a = m.spawn()
    b = a.clone(CLONE_NEWPID | SIGCHLD)
    c = b.fork()
    d = c.fork()
    e = d.fork()
    d.exit(7)
    assert e.getppid() == "#1"
    c.exit(8)
    assert b.wait4() == ("#2", 0x800)
    assert b.wait4() == ("#3", 0x700)
    e.exit(9)
    assert b.wait4() == ("#4", 0x900)
    assert b.wait4() == "ECHILD"


def subreapers_and_namespaces(m: Machine) -> None:
    """A subreaper outside does not find orphans of a namespace; one inside does."""
    a = m.spawn()
    a.prctl(PR_SET_CHILD_SUBREAPER, 1)
    b = a.clone(CLONE_NEWPID | SIGCHLD)
    c = b.fork()
    d = c.fork()
    e = d.fork()
    d.exit()
    assert e.getppid() == "#1"
    c.prctl(PR_SET_CHILD_SUBREAPER, 1)
    f = c.fork()
    g = f.fork()
    f.exit()
    assert g.getppid() == "#2"


def the_end_of_init_is_that_of_all(m: Machine) -> None:
    """When init ends all others in the namespace are killed, and fork into it is ENOMEM."""
    a = m.spawn()
    a.unshare(CLONE_NEWPID)
    b = a.fork()
    c = b.fork()
    d = c.fork()
    e = d.clone(CLONE_NEWPID | SIGCHLD)
    r, w = d.pipe()
    call = d.submit("read", r, 10)
    b.exit(3)
    assert (call.value, c.alive, d.alive, e.alive) == (DIED, False, False, False)
    assert a.wait4() == ("B", 0x300)
    assert a.fork() == "ENOMEM"
    assert a.clone(SIGCHLD) == "ENOMEM"
    assert a.wait4() == "ECHILD"


def init_waits_for_those_with_a_parent_outside(m: Machine) -> None:
    """An init that has ended is no zombie before the parents of all others have waited for them."""
    a = m.spawn()
    a.unshare(CLONE_NEWPID)
    b = a.fork()
    c = a.fork()
    d = c.fork()
    call = b.submit("exit", 2)
    assert not call.done()
    assert (c.alive, d.alive) == (False, False)
    assert a.wait4(b, WNOHANG) == (0, 0)
    assert a.waitid(P_ALL, 0, WEXITED) == (SIGCHLD, CLD_KILLED, "C", 0, SIGKILL)
    assert a.wait4(b, WNOHANG) == ("B", 0x200)
    assert a.fork() == "ENOMEM"


def a_parent_that_ignores_lets_init_end(m: Machine) -> None:
    """The same, if the parent ignores SIGCHLD."""
    a = m.spawn()
    a.unshare(CLONE_NEWPID)
    a.sigaction(SIGCHLD, SIG_IGN)
    a.fork()
    c = a.fork()
    call = a.submit("wait4")
    m.task("B").exit(2)
    assert call.value == "ECHILD"
    assert not c.alive


def a_parent_that_ends_lets_init_end(m: Machine) -> None:
    """The same, if the parent of the others ends: they find the dead init's parents' reaper."""
    r = m.spawn()
    a = r.fork()
    a.unshare(CLONE_NEWPID)
    b = a.fork()
    a.fork()
    b.submit("exit", 2)
    a.exit(1)
    assert r.wait4() == ("B", 0x100)
    assert r.wait4() == "ECHILD"


def first_fork_after_unshare_is_init_whatever_comes(m: Machine) -> None:
    """A namespace whose init has ended takes nobody any more; another thread's children are not concerned."""
    a = m.spawn()
    b = a.thread()
    b.unshare(CLONE_NEWPID)
    c = b.fork()
    c.exit()
    assert b.wait4() == ("C", 0)
    assert b.fork() == "ENOMEM"
    assert a.fork().getpid() == "D"


def nested_inits(m: Machine) -> None:
    """The end of an inner namespace leaves the outer one alone; that of the outer one takes all."""
    a = m.spawn()
    b = a.clone(CLONE_NEWPID | SIGCHLD)
    c = b.clone(CLONE_NEWPID | SIGCHLD)
    d = c.fork()
    e = b.fork()
    f = e.clone(CLONE_NEWPID | SIGCHLD)
    c.exit(1)
    assert (d.alive, e.alive, f.alive) == (False, True, True)
    assert b.wait4() == ("#2", 0x100)
    a.kill(b, SIGKILL)
    assert (e.alive, f.alive) == (False, False)
    assert a.wait4() == ("B", SIGKILL)


def an_init_that_shares_its_actions(m: Machine) -> None:
    """An init that ends ignores SIGCHLD, and so does who shares its actions: here its parent, which finds no child."""
    a = m.spawn()
    b = a.clone(CLONE_NEWPID | CLONE_VM | CLONE_SIGHAND | SIGCHLD)
    a.sigaction(SIGCHLD, "handler")
    b.exit(3)
    assert a.sigaction(SIGCHLD)[0] == SIG_IGN
    assert a.wait4() == "ECHILD"


def init_with_threads(m: Machine) -> None:
    """The namespace lives until the last thread of init has ended; another thread finds the orphans."""
    a = m.spawn()
    b = a.clone(CLONE_NEWPID | SIGCHLD)
    c = b.thread()
    d = b.fork()
    e = d.fork()
    b.exit(0)
    assert (c.alive, d.alive) == (True, True)
    d.exit(5)
    assert e.getppid() == "#1"
    assert c.wait4() == ("#3", 0x500)
    c.exit(0)
    assert not e.alive
    assert a.wait4() == ("B", 0)


def an_init_with_a_thread_that_blocks(m: Machine) -> None:
    """S5: a signal that one thread of init blocks is not dropped when it is sent, but by the thread that takes it."""
    a = m.spawn()
    b = a.clone(CLONE_NEWPID | SIGCHLD)
    c = b.thread()
    for blocking, other in ((c, b), (b, c)):
        blocking.sigprocmask(SIG_SETMASK, [SIGTERM, SIGSEGV, RT])
        other.sigprocmask(SIG_SETMASK, [])
        for sig in (SIGTERM, SIGSEGV, RT):
            for target in (1, 2):
                assert c.kill(target, sig) is None
                assert b.kill(target, sig) is None
                assert (b.sigpending(), c.sigpending()) == ([], [])
                assert a.kill(b, sig) is None
    assert (b.alive, c.alive) == (True, True)
    a.kill(b, SIGKILL)
    assert a.wait4() == ("B", SIGKILL)


def the_end_of_init_by_one_of_its_threads(m: Machine) -> None:
    """The thread that calls exit_group ends first; who waits for those with a parent outside is the last one."""
    a = m.spawn()
    a.unshare(CLONE_NEWPID)
    b = a.fork()
    c = a.fork()
    e = [b.thread() for _ in range(2)][-1]
    assert e.submit("exit_group", 2).value is DIED
    assert not c.alive
    assert a.wait4(b, WNOHANG) == (0, 0)
    assert a.wait4(c) == (c.name, SIGKILL)
    assert a.wait4(b) == (b.name, 0x200)


def an_init_that_is_killed_in_a_call(m: Machine) -> None:
    """Killed, init takes the others with it; its own end waits until those with a parent outside are reaped there."""
    a, e = m.spawn(), m.spawn()
    a.unshare(CLONE_NEWPID)
    b, c = a.fork(), a.fork()
    call = b.submit("pause")
    assert e.kill(b, SIGKILL) is None
    assert (call.value, c.alive) == (ASLEEP, False)
    assert a.wait4(b, WNOHANG) == (0, 0)
    assert a.wait4(c) == (c.name, SIGKILL)
    assert call.value is DIED
    assert a.wait4(b) == (b.name, SIGKILL)


def exec_by_a_thread_of_init(m: Machine) -> None:
    """A thread of init that calls execve is number 1 then, and init still."""
    a = m.spawn()
    b = a.clone(CLONE_NEWPID | SIGCHLD)
    c = b.thread()
    d = b.fork()
    assert c.execve() is None
    assert (c.gettid(), c.getpid()) == ("#1", "#1")
    d.kill(1, SIGKILL)
    assert c.getpid() == "#1"
    e = d.fork()
    d.exit(0)
    assert e.getppid() == "#1"


# ------------------------------------------------------------------------------------------------ System V objects
def numbers_in_semaphores(m: Machine) -> None:
    """GETPID tells the number as the caller sees it, also of who has ended; 0 if it does not see it."""
    a = m.spawn()
    b = a.clone(CLONE_NEWPID | SIGCHLD)
    c = b.fork()
    d = b.clone(CLONE_NEWPID | SIGCHLD)
    semid = a.semget(IPC_PRIVATE, 3, IPC_CREAT | 0o600)
    numbers = [t.gettid() for t in (b, c, d)]
    assert numbers == ["#1", "#2", "#1"]
    c.semop(semid, [(0, 1)])
    d.semctl(semid, 1, SETVAL, 4)
    a.semop(semid, [(2, 1)])
    for num in range(3):
        seen = [t.semctl(semid, num, GETPID) for t in (b, c, d)]
        assert seen == [["#2", "#2", 0], ["#3", "#3", "#1"], [0, 0, 0]][num]
    c.exit()
    b.wait4()
    assert b.semctl(semid, 0, GETPID) == "#2"
    sleeper = b.fork()
    call = sleeper.submit("semop", semid, [(0, -5)])
    a.semop(semid, [(0, 4)])
    assert call.done()
    assert b.semctl(semid, 0, GETPID) == "#4"
    assert d.semctl(semid, 0, GETPID) == 0
    a.semctl(semid, 0, IPC_RMID)


# ------------------------------------------------------------------------------------------------ users
def a_new_user_namespace_maps_nobody(m: Machine) -> None:
    """CLONE_NEWUSER: without a map all ids are 65534, all capabilities are there, and nobody can be become."""
    m.host_root()
    a = m.spawn(uid=1000)
    assert a.unshare(CLONE_NEWUSER) is None
    assert (a.getuid(), a.geteuid(), a.getgid(), a.getegid()) == (65534,) * 4
    assert a.getresuid() == (65534,) * 3
    assert a.getresgid() == (65534,) * 3
    a.capget()
    for name in ("setuid", "setgid"):
        assert a.call(name, 0) == "EINVAL"
        assert a.call(name, 65534) == "EINVAL"
    assert a.setreuid(-1, 0) == "EINVAL"
    assert a.setregid(0, -1) == "EINVAL"
    assert a.setresuid(-1, -1, 7) == "EINVAL"
    assert a.setresgid(-1, 7, -1) == "EINVAL"
    assert a.setresuid(-1, -1, -1) is None
    assert a.setfsuid(0) == 65534
    assert a.setfsgid(0) == 65534
    assert a.setgroups([]) == "EPERM"
    assert a.unshare(CLONE_NEWUSER) == "EPERM"
    assert a.clone(CLONE_NEWUSER | SIGCHLD) == "EPERM"
    assert a.fork().getuid() == 65534


def a_map_of_ones_own(m: Machine) -> None:
    """Anybody may map his own user; his group only when setgroups is denied."""
    m.host_root()
    a = m.spawn(uid=1000)
    a.unshare(CLONE_NEWUSER)
    fd = a.open("/proc/{A}/uid_map", O_RDWR)
    assert a.write_map(fd, 0, 1001, 1) == "EPERM"
    assert a.write_map(fd, 0, 1000, 2) == "EPERM"
    assert a.write_map(fd, 0, 0, 1) == "EPERM"
    assert a.read_map(fd) == []
    assert a.write_map(fd, 0, 1000, 1) is None
    fd = a.open("/proc/{A}/uid_map", O_RDWR)
    assert a.write_map(fd, 0, 1000, 1) == "EPERM"
    assert a.read_map(fd) == [(0, 1000, 1)]
    assert (a.getuid(), a.getgid()) == (0, 65534)
    g = a.open("/proc/{A}/gid_map", O_RDWR)
    assert a.write_map(g, 5, 1000, 1) == "EPERM"
    s = a.open("/proc/{A}/setgroups", O_RDWR)
    assert a.read(s, 10) == b"allow\n"
    s = a.open("/proc/{A}/setgroups", O_RDWR)
    assert a.write(s, b"allow") == 5
    s = a.open("/proc/{A}/setgroups", O_RDWR)
    assert a.write(s, b"deny\n") == 5
    s = a.open("/proc/{A}/setgroups", O_RDWR)
    assert a.write(s, b"allow") == "EPERM"
    assert a.write(s, b"neither") == "EINVAL"
    assert a.write(s, b"far too long") == "EINVAL"
    assert a.read(s, 10) == b"deny\n"
    assert a.write_map(g, 5, 1000, 1) is None
    assert a.read_map(g) == [(5, 1000, 1)]
    assert (a.getgid(), a.getgroups()) == (5, (0, []))
    assert a.setgroups([5]) == "EPERM"
    assert a.setuid(0) is None
    assert a.setuid(1) == "EINVAL"
    s = a.open("/proc/{A}/setgroups", O_RDWR)
    assert a.write(s, b"deny") == "EPERM"


def errors_of_maps(m: Machine) -> None:
    """What is no map is EINVAL, before anybody asks who may; a map is written once, from its beginning."""
    m.host_root()
    a = m.spawn()
    b = a.clone(CLONE_NEWUSER | SIGCHLD)
    fd = a.open("/proc/{B}/uid_map", O_RDWR)
    for text in (b"", b"x", b"0", b"0 0", b"0 0 ", b"0 0 0", b"0 0 1 1", b"0 0 1x"):
        assert a.write(fd, text) == "EINVAL"
    for text in (b"4294967295 0 1", b"0 4294967295 1"):
        assert a.write(fd, text) == "EINVAL"
    assert a.write(fd, b"1 0 4294967295") == "EINVAL"
    assert a.write(fd, b"0 1 4294967295") == "EINVAL"
    assert a.write(fd, b"0 0 1" + b" " * 4096) == "EINVAL"
    assert a.write(fd, b"  0\t7   10 \n") == 12
    assert a.write(fd, b"0 0 1") == "EINVAL"
    assert b.getuid() == 65534
    assert b.setuid(3) is None
    assert b.getresuid() == (3, 3, 3)
    assert b.setuid(10) == "EINVAL"
    own = a.open("/proc/{A}/uid_map", O_RDWR)
    assert a.read_map(own) == [(0, 0, 4294967295)]
    assert a.write(own, b"0 0 1") == "EPERM"
    s = a.open("/proc/{A}/setgroups", O_RDWR)
    assert a.write(s, b"deny") == "EPERM"
    assert a.write(s, b"allow") == 5


def ids_through_a_map(m: Machine) -> None:
    """S5, S10: setuid and its like, stat, chown, groups and waitid go by the ids of the caller's namespace."""
    m.host_root()
    a = m.spawn()
    b = a.clone(CLONE_NEWUSER | SIGCHLD)
    for name in ("uid_map", "gid_map"):
        fd = a.open("/proc/{B}/" + name, O_WRONLY)
        a.write(fd, b"0 100000 1000")
    assert (b.getuid(), b.getgid()) == (65534, 65534)
    assert b.setresuid(0, 0, 0) is None
    assert b.setgroups([5, 3, 4]) is None
    assert b.getgroups() == (3, [3, 4, 5])
    assert b.setgroups([1000]) == "EINVAL"
    assert b.setresgid(0, 1, 2) is None
    assert b.getresgid() == (0, 1, 2)
    c = b.fork()
    assert c.setuid(7) is None
    assert c.getresuid() == (7, 7, 7)
    c.capget()
    assert c.setuid(0) == "EPERM"
    assert c.setuid(1000) == "EINVAL"
    assert c.setreuid(7, 1000) == "EINVAL"
    c.exit(1)
    assert b.waitid(P_ALL, 0, WEXITED) == (SIGCHLD, CLD_EXITED, "C", 7, 1)
    d = b.fork()
    d.setresuid(4, 5, 6)
    assert d.setfsuid(9) == 5
    assert d.setfsuid(6) == 5
    assert d.setfsuid(6) == 6
    assert a.getuid() == 0


def capabilities_count_inside(m: Machine) -> None:
    """Capabilities of a namespace are worth nothing outside; its owner, and who is capable outside, may all inside."""
    m.host_root()
    a = m.spawn(uid=1000)
    b = a.clone(CLONE_NEWUSER | SIGCHLD)
    other, root = m.spawn(uid=1001), m.spawn()
    assert b.kill(other, 0) == "EPERM"
    assert b.kill(root, 0) == "EPERM"
    assert b.kill(a, 0) is None
    assert other.kill(b, 0) == "EPERM"
    assert root.kill(b, 0) is None
    fd = a.open("/proc/{B}/uid_map", O_WRONLY)
    assert a.write_map(fd, 0, 1000, 1) is None
    c = b.fork()
    assert c.getuid() == 0
    assert c.kill(a, 0) is None
    assert b.setrlimit(7, (100, 1 << 20)) == "EPERM"
    assert b.unshare(CLONE_NEWPID) is None
    assert b.fork().getpid() == "#1"
    assert a.unshare(CLONE_NEWPID) == "EPERM"
    d = c.clone(CLONE_NEWPID | CLONE_NEWIPC | SIGCHLD)
    assert d.getpid() == "#1"


def unshare_users_and_pids_at_once(m: Machine) -> None:
    """CLONE_NEWUSER with others gives who has no capability what they ask for."""
    m.host_root()
    a = m.spawn(uid=1000)
    b = a.clone(CLONE_NEWUSER | CLONE_NEWPID | SIGCHLD)
    assert (b.getpid(), b.getuid()) == ("#1", 65534)
    t = a.thread()
    assert t.unshare(CLONE_NEWUSER) == "EINVAL"
    t.exit()
    assert a.unshare(CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWIPC) is None
    c = a.fork()
    assert (c.getpid(), c.getuid()) == ("#1", 65534)
    semid = c.semget(5, 1, IPC_CREAT | 0o000)
    assert semid == 0
    assert c.semctl(semid, 0, SETVAL, 3) is None
    assert c.semctl(semid, 0, GETPID) == "#1"


def s10_uids_of_signals(m: Machine) -> None:
    """S10: the uid of a sender is told as the receiver's namespace has it, or 65534."""
    m.host_root()
    a = m.spawn()
    b = a.clone(CLONE_NEWUSER | SIGCHLD)
    c = b.fork()
    fd = a.open("/proc/{B}/uid_map", O_WRONLY)
    a.write(fd, b"0 100000 1000")
    for t in (a, b, c):
        t.sigprocmask(SIG_BLOCK, [SIGUSR1, RT])
    assert b.setresuid(5, 5, 5) is None
    a.kill(b, SIGUSR1)
    assert b.sigtaken([SIGUSR1]) == (SIGUSR1, SI_USER, "A", 65534)
    c.setresuid(7, 5, 5)
    c.kill(b, SIGUSR1)
    assert b.sigtaken([SIGUSR1]) == (SIGUSR1, SI_USER, "C", 7)
    c.kill(0, SIGUSR1)
    assert b.sigtaken([SIGUSR1]) == (SIGUSR1, SI_USER, "C", 7)
    a.sigqueue(b, RT, 9)
    assert b.sigtaken([RT]) == (RT, SI_QUEUE, "A", 65534)


def s10_uids_of_stops(m: Machine) -> None:
    """S10: the uid of a child that has stopped is translated twice, so that a parent outside is told 65534."""
    m.host_root()
    a = m.spawn()
    a.sigprocmask(SIG_BLOCK, [SIGCHLD])
    b = a.clone(CLONE_NEWUSER | SIGCHLD)
    a.write(a.open("/proc/{B}/uid_map", O_WRONLY), b"0 100000 1000")
    c = b.fork()
    b.sigprocmask(SIG_BLOCK, [SIGCHLD])
    b.setresuid(5, 5, 5)
    a.kill(b, SIGSTOP)
    a.sigtaken([SIGCHLD])
    a.kill(b, SIGCONT)
    a.sigtaken([SIGCHLD])
    c.setresuid(6, 6, 6)
    a.kill(c, SIGSTOP)
    b.sigtaken([SIGCHLD])
    a.kill(c, SIGKILL)
    b.sigtaken([SIGCHLD])
    b.exit(1)
    a.sigtaken([SIGCHLD])


def root_of_a_namespace_sees_files_as_its_own(m: Machine) -> None:
    """stat and chown go by the map; capabilities over files need both their ids in it."""
    m.host_root()
    a = m.spawn()
    b = a.clone(CLONE_NEWUSER | SIGCHLD)
    for name in ("uid_map", "gid_map"):
        a.write(a.open("/proc/{B}/" + name, O_WRONLY), b"0 0 1")
    assert (b.getuid(), b.getgid()) == (0, 0)
    fd = b.memfd_create("x")
    assert b.fchown(fd, 1, -1) == "EINVAL"
    assert b.fchown(fd, -1, 0) is None
    assert b.fchmod(fd, 0o600) is None


def nested_users(m: Machine) -> None:
    """A namespace in a namespace maps to ids of the outer one."""
    m.host_root()
    a = m.spawn()
    b = a.clone(CLONE_NEWUSER | SIGCHLD)
    a.write(a.open("/proc/{B}/uid_map", O_WRONLY), b"0 0 100")
    a.write(a.open("/proc/{B}/gid_map", O_WRONLY), b"0 0 100")
    c = b.clone(CLONE_NEWUSER | SIGCHLD)
    fd = b.open("/proc/{C}/uid_map", O_RDWR)
    assert b.write(fd, b"0 90 20") == "EPERM"
    assert b.write(fd, b"10 50 20") == 8
    assert b.read_map(fd) == [(10, 50, 20)]
    assert a.read_map(a.open("/proc/{C}/uid_map", O_RDONLY)) == [(10, 50, 20)]
    assert c.getuid() == 65534
    assert c.setresuid(12, 12, 12) is None
    assert c.setuid(9) == "EINVAL"
    assert b.kill(c, 0) is None
    assert c.kill(b, 0) == "EPERM"


def lines_of_maps(m: Machine) -> None:
    """The numbers of a map are in one line, and nothing is behind its end, not even a line without them."""
    m.host_root()
    a = m.spawn()
    a.clone(CLONE_NEWUSER | SIGCHLD)
    fd = a.open("/proc/{B}/uid_map", O_RDWR)
    for text in (b"0\n0 1", b"0 0\n1", b"\n0 0 1", b"0 0 1\n\n", b"0 0 1\n ", b"0 0 4294967296"):
        assert a.write(fd, text) == "EINVAL"
    assert a.write(fd, b"0 0 1\n\0 of this") == 15
    assert a.read_map(fd) == [(0, 0, 1)]
    a.clone(CLONE_NEWUSER | SIGCHLD)
    fd = a.open("/proc/{C}/uid_map", O_RDWR)
    assert a.write(fd, b"0 0 4294967297\0") == 15
    assert a.read_map(fd) == [(0, 0, 1)]


def a_file_tells_of_the_namespace_at_its_open(m: Machine) -> None:
    """uid_map and setgroups are of the namespace that the process was in when they were opened, and outlive it."""
    m.host_root()
    a = m.spawn()
    b = a.clone(CLONE_NEWUSER | SIGCHLD)
    fd = a.open("/proc/{B}/uid_map", O_RDWR)
    s = a.open("/proc/{B}/setgroups", O_RDWR)
    names = [a.open(f"/proc/{{B}}/{name}", O_PATH) for name in ("uid_map", "gid_map", "setgroups", "status")]
    own = a.open("/proc/{A}/uid_map", O_RDWR)
    assert b.exit(0) == DIED
    a.wait4(-1, 0)
    assert a.read_map(fd) == []
    assert a.write(fd, b"0 0 1") == 5
    assert a.read_map(fd) == [(0, 0, 1)]
    assert a.write(s, b"deny") == 4
    for name, errno in zip(names, ("EINVAL", "EINVAL", "ESRCH", None), strict=True):
        again = a.open(f"/proc/self/fd/{name}", O_RDONLY)
        assert again == errno or errno is None
    assert a.unshare(CLONE_NEWUSER) is None
    assert a.read_map(own) == [(0, 0, 4294967295)]
    assert a.write(own, b"0 0 1") == "EPERM"


# ------------------------------------------------------------------------------------------------ owners of files
def owners_go_by_the_callers_numbers(m: Machine) -> None:
    """F_SETOWN and F_SETOWN_EX take, F_GETOWN and F_GETOWN_EX tell, the caller's number; 0 of whom it does not see."""
    a = m.spawn()
    r, _ = a.pipe()
    b = a.clone(CLONE_NEWPID | SIGCHLD)
    c, t = b.fork(), b.thread()
    d = b.clone(CLONE_NEWPID | SIGCHLD)
    assert b.setown(r, 2) == 0
    assert [x.getown(r) for x in (a, b, c, d)] == ["C", "#2", "#2", 0]
    assert c.setown_ex(r, F_OWNER_TID, 3) == 0
    assert [x.getown_ex(r) for x in (a, t, d)] == [(F_OWNER_TID, "D"), (F_OWNER_TID, "#3"), (F_OWNER_TID, 0)]
    for number in (5, 99):
        assert b.setown(r, number) == "ESRCH"
        assert b.setown(r, -number) == "ESRCH"
        assert d.setown_ex(r, F_OWNER_PID, number) == "ESRCH"
    assert d.setown(r, 2) == "ESRCH"
    assert d.setown(r, 1) == 0
    assert [x.getown(r) for x in (a, b, d)] == ["E", "#4", "#1"]
    assert b.setown(r, -1) == 0  # no group: it is its parent's
    assert [x.getown_ex(r) for x in (a, b, d)] == [(F_OWNER_PGRP, 0)] * 3
    assert c.setpgid(0, 0) is None
    assert b.setown(r, -2) == 0
    assert [x.getown_ex(r) for x in (a, b, d)] == [(F_OWNER_PGRP, "C"), (F_OWNER_PGRP, "#2"), (F_OWNER_PGRP, 0)]
    a.setown(r, a)
    assert [x.getown(r) for x in (a, b, d)] == ["A", 0, 0]
    b.setown(r, 2)
    c.exit()
    assert b.getown(r) == "#2"
    b.wait4()
    assert [x.getown_ex(r) for x in (a, b, d)] == [(F_OWNER_PID, 0)] * 3


def news_for_owners_inside(m: Machine) -> None:
    """SIGIO reaches an owner in any namespace, an init too, from whomever; it tells of no sender."""
    a = m.spawn()
    a.sigprocmask(SIG_BLOCK, [SIGIO, RT])
    fd = a.signalfd(-1, [SIGIO, RT], SFD_NONBLOCK)
    r, w = a.pipe()
    b = a.clone(CLONE_NEWPID | SIGCHLD)
    c = b.fork()
    a.fcntl(r, F_SETFL, O_ASYNC)
    for sig in (0, RT):
        a.fcntl(r, F_SETSIG, sig)
        for setter, number, owner in ((b, 1, b), (b, 2, c), (a, b, b), (a, a, a)):
            setter.setown(r, number)
            for writer in (a, b, c):
                writer.write(w, b"x")
                assert [s[2] for s in owner.read_signals(fd, 512)] == [0]
    b.setown(r, 1)
    b.fcntl(r, F_SETSIG, SIGKILL)
    a.write(w, b"x")
    assert b.getpid() == "#1"
    b.fcntl(r, F_SETSIG, 0)
    b.sigprocmask(SIG_SETMASK, [])
    a.write(w, b"x")
    assert b.getpid() == "#1"
    b.sigaction(SIGIO, "handler")
    a.write(w, b"x")


def who_may_be_told_of_news_inside(m: Machine) -> None:
    """sigio_perm compares ids of the first namespace: the root of another one is nobody's outside."""
    m.host_root()
    a = m.spawn()
    b = a.clone(CLONE_NEWUSER | SIGCHLD)
    other = m.spawn(uid=4000)
    a.write(a.open("/proc/{B}/uid_map", O_WRONLY), b"0 100000 1000")
    a.write(a.open("/proc/{B}/gid_map", O_WRONLY), b"0 100000 1000")
    c = b.fork()
    d = other.clone(CLONE_NEWUSER | SIGCHLD)
    for t in (a, b, c, d, other):
        t.sigprocmask(SIG_BLOCK, [SIGIO])
    b.setresuid(0, 0, 0)
    c.setresuid(5, 5, 5)
    fds = {t: t.signalfd(-1, [SIGIO], SFD_NONBLOCK) for t in (a, b, c, d, other)}
    for setter in (a, b, c, d, other):
        r, w = setter.pipe()
        setter.fcntl(r, F_SETFL, O_ASYNC)
        for owner in (a, b, c, d, other):
            setter.setown(r, owner)
            setter.write(w, b"x")
            may = setter in (a, owner) or {setter, owner} == {d, other}
            assert (owner.read_signals(fds[owner], 128) != "EAGAIN") is may


# ------------------------------------------------------------------------------------------------ signalfd
def s10_senders_in_records(m: Machine) -> None:
    """S10: ssi_pid is the sender's number as the receiver sees it, 0 from outside; ssi_uid as its namespace has it."""
    m.host_root()
    a = m.spawn()
    b = a.clone(CLONE_NEWPID | CLONE_NEWUSER | SIGCHLD)
    a.write(a.open("/proc/{B}/uid_map", O_WRONLY), b"0 100000 1000")
    b.setresuid(7, 0, 7)
    a.sigprocmask(SIG_BLOCK, ALL)
    b.sigprocmask(SIG_BLOCK, ALL)
    fd = a.signalfd(-1, [SIGUSR1, SIGCHLD], SFD_NONBLOCK)
    inner = b.signalfd(-1, [SIGUSR1, SIGUSR2, SIGTERM, SIGCHLD, RT], SFD_NONBLOCK)
    c = b.fork()
    a.kill(b, SIGUSR1)
    c.kill(1, SIGUSR2)
    a.sigqueue(b, RT, 5)
    c.sigqueue(1, RT, 6)
    a.tkill(b, SIGTERM)
    c.exit(3)
    assert b.read_senders(inner, 640) == [
        (SIGTERM, SI_TKILL, 0, 65534), (SIGUSR1, SI_USER, 0, 65534), (SIGUSR2, SI_USER, "#2", 7),
        (SIGCHLD, CLD_EXITED, "#2", 7), (RT, SI_QUEUE, 0, 65534),
    ]  # fmt: skip
    assert b.read_signals(inner, 640) == [(RT, SI_QUEUE, "#2", 6, 0, "0x0")]
    assert b.wait4() == ("#2", 0x300)
    b.exit(4)
    assert a.read_signals(fd, 128)[0][:3] == (SIGCHLD, CLD_EXITED, "B")


# ------------------------------------------------------------------------------------------------ timers
def timers_in_namespaces(m: Machine) -> None:
    """SIGEV_THREAD_ID and clocks of processes go by the caller's numbers; an init hears its own timers by a handler."""
    a = m.spawn()
    b = a.clone(CLONE_NEWPID | SIGCHLD)
    c, t = b.fork(), b.thread()
    for x in (b, t):
        x.sigprocmask(SIG_BLOCK, [RT])
    for number in (2, 4, 99):
        assert b.timer_create(CLOCK_MONOTONIC, RT, 1, SIGEV_THREAD_ID, number) == "EINVAL"
    timer = b.timer_create(CLOCK_MONOTONIC, RT, 1, SIGEV_THREAD_ID, 3)
    b.timer_settime(timer, SOON)
    a.sleep(LONG)
    assert b.sigpending() == []
    assert t.sigtimedwait([RT], 0) == (RT, SI_TIMER, timer, 1)
    for task in (b, c, t):
        for bits in (2, 6):
            b.timer_create((task, bits))
            c.timer_create((task, bits))
    for sig in (SIGTERM, SIGKILL):
        timer = b.timer_create(CLOCK_MONOTONIC, sig)
        b.timer_settime(timer, SOON)
        a.sleep(LONG)
        assert b.getpid() == "#1"
    b.sigaction(SIGUSR1, "handler")
    timer = b.timer_create(CLOCK_MONOTONIC, SIGUSR1, 9)
    b.timer_settime(timer, SOON)
    assert b.submit("pause").result() == "EINTR"


# ------------------------------------------------------------------------------------------------ limits of users
def signals_are_counted_in_each_user_namespace(m: Machine) -> None:
    """SigQ and RLIMIT_SIGPENDING: a user counts anew in a new namespace, and what is held there is its owner's too."""
    m.host_root()
    a = m.spawn(uid=4000)
    a.sigprocmask(SIG_BLOCK, [RT])
    a.setrlimit(RLIMIT_SIGPENDING, (6, 6))
    a.sigqueue(a, RT, 1)
    outside = a.open("/proc/{A}/status", O_RDONLY)
    assert a.read_sigq(outside) == "1/6"
    b = a.clone(CLONE_NEWUSER | SIGCHLD)
    inside = a.open("/proc/{B}/status", O_RDONLY)
    assert a.read_sigq(inside) == "0/6"
    a.sigqueue(b, RT, 2)
    b.timer_create(CLOCK_MONOTONIC, RT)
    assert (a.read_sigq(inside), a.read_sigq(outside)) == ("2/6", "3/6")
    assert [b.sigqueue(b, RT, n) for n in range(4)] == [None, None, None, "EAGAIN"]
    assert (a.read_sigq(inside), a.read_sigq(outside)) == ("5/6", "6/6")
    assert a.sigqueue(a, RT, 3) == "EAGAIN"
    b.sigtimedwait([RT], 0)
    assert a.sigqueue(a, RT, 3) is None
    assert a.sigqueue(a, RT, 3) == "EAGAIN"
    b.exit()
    a.wait4()
    assert a.read_sigq(outside) == "2/6"


def limits_of_a_namespaces_maker(m: Machine) -> None:
    """What all in a user namespace may hold is what its maker might; a raised limit inside does not change that."""
    m.host_root()
    a = m.spawn(uid=4000)
    a.sigprocmask(SIG_BLOCK, [RT])
    a.setrlimit(RLIMIT_SIGPENDING, (2, 10))
    b = a.clone(CLONE_NEWUSER | SIGCHLD)
    a.write_map(a.open("/proc/{B}/uid_map", O_WRONLY), 0, 4000, 1)
    a.write(a.open("/proc/{B}/setgroups", O_WRONLY), b"deny")
    a.write_map(a.open("/proc/{B}/gid_map", O_WRONLY), 0, 4000, 1)
    c = b.clone(CLONE_NEWUSER | SIGCHLD)
    for t in (a, b, c):
        t.setrlimit(RLIMIT_SIGPENDING, (10, 10))
    assert [c.sigqueue(c, RT, n) for n in range(3)] == [None, None, "EAGAIN"]
    assert b.sigqueue(b, RT, 7) == "EAGAIN"
    assert a.sigqueue(a, RT, 8) is None
    c.sigtimedwait([RT], 0)
    assert c.sigqueue(c, RT, 7) == "EAGAIN"
    status = a.open("/proc/{C}/status", O_RDONLY)
    assert a.read_sigq(status) == "1/10"
