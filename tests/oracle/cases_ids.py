"""Process groups, sessions, ids of users and groups, capabilities."""

from .abi import (
    CAP_CHOWN,
    CAP_KILL,
    CAP_SETPCAP,
    CAP_SETUID,
    CAP_SYS_ADMIN,
    CLONE_PARENT,
    INT_MAX,
    INT_MIN,
    PR_CAP_AMBIENT,
    PR_CAP_AMBIENT_CLEAR_ALL,
    PR_CAP_AMBIENT_IS_SET,
    PR_CAP_AMBIENT_LOWER,
    PR_CAP_AMBIENT_RAISE,
    PR_CAPBSET_DROP,
    PR_CAPBSET_READ,
    PR_GET_KEEPCAPS,
    PR_GET_SECUREBITS,
    PR_SET_CHILD_SUBREAPER,
    PR_SET_KEEPCAPS,
    PR_SET_SECUREBITS,
    RLIMIT_NPROC,
    SECBIT_KEEP_CAPS,
    SECBIT_KEEP_CAPS_LOCKED,
    SECBIT_NO_CAP_AMBIENT_RAISE,
    SECBIT_NO_SETUID_FIXUP,
    SECBIT_NOROOT,
    SIGCHLD,
    WNOHANG,
)  # fmt: skip
from .machine import DIED, Machine, Task

SOME = 1 << CAP_CHOWN | 1 << CAP_KILL | 1 << CAP_SETPCAP


# ------------------------------------------------------------------------------------------------ groups and sessions
def groups_are_inherited(m: Machine) -> None:
    """Group and session of a spawned process, of its children and threads."""
    a = m.spawn()
    b, c = a.fork(), a.thread()
    d = c.fork()
    for t in (a, b, c, d):
        assert t.getpgid(0) == t.getsid(0) == "A"
        assert a.getpgid(t) == a.getsid(t) == "A"


def setpgid_moves(m: Machine) -> None:
    """setpgid of children and of oneself, into new and old groups; 0 stands for the caller and its number."""
    a = m.spawn()
    b, c, d = a.fork(), a.fork(), a.fork()
    assert a.setpgid(b, 0) is None
    assert a.setpgid(c, b) is None
    assert d.setpgid(0, b) is None
    assert [a.getpgid(t) for t in (a, b, c, d)] == ["A", "B", "B", "B"]
    assert c.fork().getpgid(0) == "B"
    assert d.setpgid(d, d) is None
    assert d.setpgid(0, 0) is None
    assert d.getpgid(0) == "D"
    assert a.setpgid(d, a) is None
    assert d.getpgid(0) == "A" and d.getsid(0) == "A"
    assert b.setpgid(0, c) == "EPERM"


def setpgid_errors(m: Machine) -> None:
    """setpgid: EINVAL (group) > ESRCH > EINVAL (thread) > EPERM (session) > EACCES > ESRCH > EPERM (leader, group)."""
    a, s = m.spawn(), m.spawn()
    b, c = a.fork(), a.fork()
    d, e = b.fork(), b.thread()
    assert a.setpgid(INT_MAX, -1) == "EINVAL"
    assert a.setpgid(INT_MIN, 0) == "EINVAL"
    assert a.setpgid(-1, 0) == "EINVAL"
    assert a.setpgid(-1, 5) == "ESRCH"
    assert a.setpgid(INT_MAX, 0) == "ESRCH"
    assert a.setpgid(e, 0) == "EINVAL"
    assert a.setpgid(d, 0) == "ESRCH"
    assert b.setpgid(c, 0) == "ESRCH"
    assert b.setpgid(a, 0) == "ESRCH"
    assert a.setpgid(0, 0) == "EPERM"
    assert a.setpgid(s, 0) == "ESRCH"
    assert a.setpgid(b, s) == "EPERM"
    assert a.setpgid(b, c) == "EPERM"
    assert a.setpgid(b, INT_MAX) == "EPERM"
    assert c.setsid() == c.name
    assert a.setpgid(c, 0) == "EPERM"
    assert a.setpgid(c, a) == "EPERM"
    assert b.execve() is None
    assert a.setpgid(b, 0) == "EACCES"
    assert a.setpgid(b, INT_MAX) == "EACCES"
    assert b.setpgid(0, 0) is None
    assert a.getpgid(b) == b.name


def getpgid_errors(m: Machine) -> None:
    """getpgid and getsid of no process: ESRCH."""
    a = m.spawn()
    for pid in (-1, INT_MIN, INT_MAX):
        assert a.getpgid(pid) == a.getsid(pid) == "ESRCH"


def groups_of_zombies(m: Machine) -> None:
    """A zombie has a group, which it may be moved from; once reaped, it is none any more, but its group may be."""
    a = m.spawn()
    b, c = a.fork(), a.fork()
    a.setpgid(b, 0)
    a.setpgid(c, b)
    b.exit(0)
    assert a.getpgid(b) == "B"
    assert a.wait4() == ("B", 0)
    assert a.getpgid(b) == "ESRCH"
    d = a.fork()
    assert a.setpgid(d, b) is None
    assert d.getpgid(0) == "B"
    c.exit(0)
    assert a.setpgid(c, a) is None
    assert a.getpgid(c) == "A"
    assert a.setpgid(d, a) is None
    assert a.setpgid(a.fork(), b) == "EPERM"


def setsid_begins_a_session(m: Machine) -> None:
    """setsid: a session and a group of the process' own number; of a thread, the process'."""
    a = m.spawn()
    assert a.setsid() == "EPERM"
    b = a.fork()
    c = b.thread()
    d = b.fork()
    assert c.setsid() == "B"
    assert (b.getsid(0), b.getpgid(0), c.getsid(0), d.getsid(0), d.getpgid(0)) == ("B", "B", "B", "A", "A")
    assert b.setsid() == "EPERM"
    assert a.setpgid(b, a) == "EPERM"
    e = b.fork()
    assert (e.getsid(0), e.getpgid(0)) == ("B", "B")


def setsid_of_a_group_leader(m: Machine) -> None:
    """setsid: EPERM while there is a group of the process' number, even if the process is in another one."""
    a = m.spawn()
    b = a.fork()
    b.setpgid(0, 0)
    assert b.setsid() == "EPERM"
    c = b.fork()
    assert b.setpgid(0, a) is None
    assert b.setsid() == "EPERM"
    c.exit(0)
    assert b.setsid() == "EPERM"
    assert b.wait4() == ("C", 0)
    assert b.setsid() == "B"


def wait_for_groups_that_change(m: Machine) -> None:
    """wait4(0) waits for the group that the caller was in, wait4(-group) for who is in it by then."""
    a = m.spawn()
    b = a.fork()
    c, d = b.fork(), b.fork()
    wait = b.submit("wait4", 0, 0)
    assert a.setpgid(b, 0) is None
    c.exit(1)
    assert wait.result() == ("C", 256)
    assert b.wait4(0, WNOHANG) == "ECHILD"
    wait = b.submit("wait4", -a, 0)
    assert b.wait4 and not wait.done()
    d.setpgid(0, 0)
    assert not wait.done()
    e = a.fork()
    e.exit(0)
    assert not wait.done()
    d.setpgid(0, a)
    d.exit(2)
    assert wait.result() == ("D", 512)


def execve_of_a_thread_keeps_the_group(m: Machine) -> None:
    """A thread that calls execve takes over group and session of the leader; setpgid is EACCES from then on."""
    a = m.spawn()
    b = a.fork()
    b.setpgid(0, 0)
    d = b.fork()
    c = b.thread()
    c.execve()
    assert c.getpgid(0) == c.getpid()
    assert d.getpgid(0) == c.getpid()
    assert a.setpgid(d, 0) == "ESRCH"
    assert d.setpgid(0, 0) is None
    assert d.setpgid(0, c) is None
    assert a.setpgid(c, a) == "EACCES"


# ------------------------------------------------------------------------------------------------ user ids
def _ids(t: Task) -> tuple:
    return t.getresuid(), t.setfsuid(-1)


def setuid_of_root_and_others(m: Machine) -> None:
    """setuid: all ids with CAP_SETUID, else the effective one, to the real or the saved."""
    a = m.spawn()
    assert a.setuid(-1) == "EINVAL"
    assert a.setuid(0) is None
    assert a.setuid(1000) is None
    assert _ids(a) == ((1000, 1000, 1000), 1000)
    assert a.setuid(0) == a.setuid(1001) == "EPERM"
    assert a.setuid(-1) == "EINVAL"
    b = m.spawn()
    assert b.setresuid(1, 2, 3) is None
    assert b.setuid(2) == "EPERM"
    assert b.setuid(3) is None and _ids(b) == ((1, 3, 3), 3)
    assert b.setuid(1) is None and _ids(b) == ((1, 1, 3), 1)


def setreuid_rules(m: Machine) -> None:
    """setreuid: which ids may be had, and when the saved one follows."""
    a = m.spawn()
    assert a.setreuid(-1, 5) is None and _ids(a) == ((0, 5, 5), 5)
    assert a.setreuid(5, 0) is None and _ids(a) == ((5, 0, 0), 0)
    assert a.setreuid(-1, -1) is None and _ids(a) == ((5, 0, 0), 0)
    assert a.setreuid(7, 7) is None
    assert a.setreuid(0, -1) == a.setreuid(-1, 0) == a.setreuid(8, 7) == "EPERM"
    b = m.spawn()
    b.setresuid(1, 2, 3)
    assert b.setreuid(3, -1) == "EPERM"
    assert b.setreuid(-1, 3) is None and _ids(b) == ((1, 3, 3), 3)
    assert b.setreuid(-1, 1) is None and _ids(b) == ((1, 1, 3), 1)
    assert b.setreuid(-1, 3) is None and _ids(b) == ((1, 3, 3), 3)
    assert b.setreuid(3, 1) is None and _ids(b) == ((3, 1, 1), 1)
    assert b.setreuid(1, -1) is None and _ids(b) == ((1, 1, 1), 1)


def setresuid_rules(m: Machine) -> None:
    """setresuid: each id to any of the three, -1 leaves one alone; the file system's follows the effective."""
    a = m.spawn()
    assert a.setresuid(-1, -1, -1) is None
    assert a.setresuid(1, 2, 3) is None and _ids(a) == ((1, 2, 3), 2)
    assert a.setresuid(3, 1, 2) is None and _ids(a) == ((3, 1, 2), 1)
    for ids in ((4, -1, -1), (-1, 0, -1), (-1, -1, 5), (1, 2, 4)):
        assert a.setresuid(*ids) == "EPERM"
    assert _ids(a) == ((3, 1, 2), 1)
    assert a.setfsuid(2) == 1 and a.setfsuid(-1) == 2
    assert a.setresuid(3, -1, -1) is None and a.setfsuid(-1) == 2
    assert a.setresuid(-1, 1, -1) is None and a.setfsuid(-1) == 1
    assert a.setfsuid(2) == 1
    assert a.setresuid(3, -1, 3) is None and a.setfsuid(-1) == 1


def setfsuid_rules(m: Machine) -> None:
    """setfsuid gives the old one whatever happens; to the ids that one has, or any with CAP_SETUID."""
    a = m.spawn()
    assert a.setfsuid(9) == 0 and a.setfsuid(-1) == 9 and a.setfsuid(0) == 9
    assert a.setfsgid(9) == 0 and a.setfsgid(-1) == 9
    a.setresuid(1, 2, 3)
    assert a.setfsuid(3) == 2 and a.setfsuid(1) == 3 and a.setfsuid(4) == 1 and a.setfsuid(2) == 1
    a.setfsuid(1)
    assert a.setfsuid(1) == 1 and a.setfsuid(-1) == 1
    assert a.setfsgid(8) == 9 and a.setfsgid(0) == 9 and a.setfsgid(-1) == 0


def setgid_rules(m: Machine) -> None:
    """setgid, setregid, setresgid, setfsgid: as for users, but it takes CAP_SETGID, and no capability is lost."""

    def ids(t: Task) -> tuple:
        return t.getresgid(), t.setfsgid(-1)

    a = m.spawn()
    before = a.capget()
    assert a.setgid(-1) == "EINVAL"
    assert a.setgid(5) is None and ids(a) == ((5, 5, 5), 5)
    assert a.setregid(-1, 6) is None and ids(a) == ((5, 6, 6), 6)
    assert a.setresgid(1, 2, 3) is None and ids(a) == ((1, 2, 3), 2)
    assert a.capget() == before
    a.setuid(1000)
    assert a.setgid(2) == a.setgid(7) == "EPERM"
    assert a.setgid(3) is None and ids(a) == ((1, 3, 3), 3)
    assert a.setgid(1) is None and ids(a) == ((1, 1, 3), 1)
    assert a.setregid(3, -1) == a.setregid(-1, 4) == "EPERM"
    assert a.setregid(-1, 3) is None and ids(a) == ((1, 3, 3), 3)
    assert a.setresgid(3, -1, 1) is None and ids(a) == ((3, 3, 1), 3)
    assert a.setresgid(-1, -1, 9) == "EPERM"
    assert a.setfsgid(1) == 3 and a.setfsgid(9) == 1 and ids(a) == ((3, 3, 1), 1)


def ids_are_a_threads_own(m: Machine) -> None:
    """Threads do not share ids: one changes its own; children get their maker's; execve keeps those of the caller."""
    a = m.spawn()
    b = a.thread()
    assert b.setuid(7) is None
    assert a.getuid() == 0
    assert b.fork().getresuid() == (7, 7, 7)
    assert b.thread().getuid() == 7
    assert a.setresuid(1, 2, 3) is None
    c = a.fork()
    assert c.execve() is None
    assert _ids(c) == ((1, 2, 2), 2)


# ------------------------------------------------------------------------------------------------ supplementary groups
def groups_of_a_task(m: Machine) -> None:
    """setgroups and getgroups: sorted, with doubles; a size that is too small is EINVAL, 0 asks for the number."""
    a = m.spawn()
    assert a.getgroups() == (0, [])
    assert a.getgroups(0) == (0, [])
    assert a.setgroups([5, 3, 9, 3, 0]) is None
    assert a.getgroups() == (5, [0, 3, 3, 5, 9])
    assert a.getgroups(0) == (5, [])
    assert a.getgroups(4) == "EINVAL"
    assert a.getgroups(5) == (5, [0, 3, 3, 5, 9])
    b, c = a.fork(), a.thread()
    assert a.setgroups([]) is None
    assert a.getgroups() == (0, [])
    assert b.getgroups()[0] == c.getgroups()[0] == 5
    b.execve()
    assert b.getgroups()[0] == 5
    assert a.setgroups([1, -1]) == "EINVAL"
    assert a.setgroups(list(range(65536, 0, -1))) is None
    assert a.getgroups() == (65536, list(range(1, 65537)))
    assert a.setgroups(list(range(65537))) == "EINVAL"


def groups_take_a_capability(m: Machine) -> None:
    """setgroups: EPERM without CAP_SETGID, before the number is looked at."""
    a = m.spawn(1000)
    assert a.setgroups([]) == a.setgroups([1000]) == a.setgroups([-1]) == "EPERM"
    b = m.spawn()
    b.setgroups([1])
    b.setresuid(5, 5, 0)
    assert b.setgroups([]) == "EPERM"
    assert b.getgroups() == (1, [1])
    b.setresuid(-1, 0, -1)
    assert b.setgroups([2]) is None


# ------------------------------------------------------------------------------------------------ capabilities
def capabilities_follow_ids(m: Machine) -> None:
    """Effective capabilities go with effective id 0, and come back with it; all go with the last root id."""
    a = m.spawn()
    a.capget()
    a.setresuid(-1, 1000, -1)
    a.capget()
    assert a.setgroups([]) == "EPERM"
    a.setresuid(-1, 0, -1)
    a.capget()
    assert a.setgroups([]) is None
    a.setresuid(0, 1000, 1000)
    a.capget()
    a.setresuid(1000, -1, -1)
    a.capget()
    b = m.spawn()
    b.setuid(1000)
    b.capget()
    c = m.spawn()
    c.setreuid(1000, 1000)
    c.capget()
    m.spawn(1000).capget()


def capabilities_follow_the_file_system_id(m: Machine) -> None:
    """Those that are about files go and come with file system id 0."""
    a = m.spawn()
    a.setfsuid(1000)
    a.capget()
    a.setfsuid(1001)
    a.capget()
    a.setfsuid(0)
    a.capget()
    a.capset(SOME, SOME, 0)
    a.setresuid(-1, 0, -1)
    a.capget()
    b = m.spawn()
    b.capset(1 << CAP_SETUID, SOME | 1 << CAP_SETUID, 0)
    b.setfsuid(1000)
    b.setfsuid(0)
    b.capget()


def capset_rules(m: Machine) -> None:
    """capset: permitted ones only become fewer, effective ones are permitted, inheritable ones within bounds."""
    a = m.spawn()
    assert a.capset(SOME, SOME, SOME) is None
    assert a.capset(SOME | 1 << CAP_SETUID, SOME, SOME) == "EPERM"
    assert a.capset(SOME, SOME | 1 << CAP_SETUID, SOME) == "EPERM"
    assert a.setuid(1000) == "EPERM" and a.setgid(1000) == "EPERM"
    assert a.capset(0, SOME, SOME) is None
    assert a.capset(SOME, SOME, 0) is None
    assert a.capset(SOME, SOME, SOME | 1 << CAP_SYS_ADMIN) is None  # CAP_SETPCAP: whatever the bounds let through
    assert a.capset(0, 0, SOME) is None
    assert a.capset(1 << CAP_CHOWN, 0, 0) == "EPERM"
    a.capget()
    assert a.capset(0, 0, SOME | 1 << CAP_SYS_ADMIN) == "EPERM"
    b = m.spawn(1000)
    assert b.capset(0, 0, 0) is None
    assert b.capset(0, 0, 1 << CAP_KILL) == "EPERM"


def capabilities_at_execve(m: Machine) -> None:
    """execve: root gets all that the bounding set lets through, others lose theirs; inheritable ones stay."""
    a = m.spawn()
    a.capset(0, 0, 0)
    a.execve()
    a.capget()
    a.prctl(PR_CAPBSET_DROP, CAP_KILL, 0, 0, 0)
    a.capget()
    a.execve()
    a.capget()
    b = m.spawn()
    b.prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0)
    b.setuid(1000)
    b.capget()
    b.capset(SOME, SOME, SOME)
    b.execve()
    b.capget()
    for ids in ((0, 1000, 1000), (1000, 0, 0), (1000, 1000, 0)):
        c = m.spawn()
        c.setresuid(*ids)
        c.capget()
        c.execve()
        c.capget()
        _ids(c)


def keepcaps(m: Machine) -> None:
    """PR_SET_KEEPCAPS: permitted ones outlive the last root id; execve takes the setting back."""
    a = m.spawn()
    assert a.prctl(PR_GET_KEEPCAPS, 0, 0, 0, 0) == 0
    assert a.prctl(PR_SET_KEEPCAPS, 2, 0, 0, 0) == "EINVAL"
    assert a.prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) == 0
    assert a.prctl(PR_GET_SECUREBITS, 0, 0, 0, 0) == SECBIT_KEEP_CAPS
    a.setuid(1000)
    a.capget()
    assert a.setuid(0) == "EPERM"
    assert a.capset(1 << CAP_SETUID, 1 << CAP_SETUID, 0) is None
    assert a.setuid(0) is None
    a.capget()
    a.execve()
    assert a.prctl(PR_GET_KEEPCAPS, 0, 0, 0, 0) == 0
    a.capget()


def securebits(m: Machine) -> None:
    """PR_SET_SECUREBITS: who may, locks, and what the bits do to ids and execve."""
    a = m.spawn(1000)
    assert a.prctl(PR_SET_SECUREBITS, 0, 0, 0, 0) == "EPERM"
    assert a.prctl(PR_SET_SECUREBITS, SECBIT_NOROOT, 0, 0, 0) == "EPERM"
    b = m.spawn()
    assert b.prctl(PR_SET_SECUREBITS, 1 << 12, 0, 0, 0) == "EPERM"
    assert b.prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP, 0, 0, 0) == 0
    b.setresuid(1000, 1000, 1000)
    b.capget()
    b.setfsuid(0)
    b.setfsuid(1000)
    b.capget()
    c = m.spawn()
    assert c.prctl(PR_SET_SECUREBITS, SECBIT_NOROOT, 0, 0, 0) == 0
    c.execve()
    c.capget()
    d = m.spawn()
    assert d.prctl(PR_SET_SECUREBITS, SECBIT_KEEP_CAPS_LOCKED, 0, 0, 0) == 0
    assert d.prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) == "EPERM"
    assert d.prctl(PR_SET_SECUREBITS, SECBIT_KEEP_CAPS_LOCKED | SECBIT_KEEP_CAPS, 0, 0, 0) == "EPERM"
    assert d.prctl(PR_SET_SECUREBITS, 0, 0, 0, 0) == "EPERM"
    assert d.prctl(PR_SET_SECUREBITS, SECBIT_KEEP_CAPS_LOCKED | SECBIT_NOROOT, 0, 0, 0) == 0
    assert d.fork().prctl(PR_GET_SECUREBITS, 0, 0, 0, 0) == SECBIT_KEEP_CAPS_LOCKED | SECBIT_NOROOT


def bounding_set(m: Machine) -> None:
    """PR_CAPBSET_READ and PR_CAPBSET_DROP: inherited, needs CAP_SETPCAP, bounds what may become inheritable."""
    a = m.spawn()
    assert a.prctl(PR_CAPBSET_READ, CAP_KILL, 0, 0, 0) == 1
    for cap in (-1, 41, 63, 64, INT_MAX):
        assert a.prctl(PR_CAPBSET_READ, cap, 0, 0, 0) == "EINVAL"
        assert a.prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) == "EINVAL"
    assert a.prctl(PR_CAPBSET_DROP, CAP_KILL, 0, 0, 0) == 0
    assert a.fork().prctl(PR_CAPBSET_READ, CAP_KILL, 0, 0, 0) == 0
    a.capget()
    assert a.capset(SOME, SOME, 1 << CAP_KILL) == "EPERM"
    a.setuid(1000)
    assert a.prctl(PR_CAPBSET_DROP, CAP_KILL, 0, 0, 0) == "EPERM"
    assert a.prctl(PR_CAPBSET_DROP, 64, 0, 0, 0) == "EPERM"


def ambient_set(m: Machine) -> None:
    """PR_CAP_AMBIENT: permitted and inheritable ones may be raised, and outlive an execve of anybody."""
    a = m.spawn()
    assert a.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_KILL, 0, 0) == "EPERM"
    a.prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0)
    a.setuid(1000)
    a.capset(SOME, SOME, SOME)
    assert a.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_KILL, 0, 0) == 0
    assert a.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_CHOWN, 0, 0) == 0
    assert a.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_SYS_ADMIN, 0, 0) == "EPERM"
    assert a.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, CAP_KILL, 0, 0) == 1
    assert a.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, CAP_SETPCAP, 0, 0) == 0
    for args in ((PR_CAP_AMBIENT_IS_SET, 41, 0, 0), (PR_CAP_AMBIENT_IS_SET, 1, 1, 0), (9, 1, 0, 0), (9, 64, 0, 0),
                 (PR_CAP_AMBIENT_CLEAR_ALL, 1, 0, 0), (PR_CAP_AMBIENT_RAISE, 1, 0, 1)):  # fmt: skip
        assert a.prctl(PR_CAP_AMBIENT, *args) == "EINVAL"
    b, c = a.fork(), a.fork()
    b.execve()
    b.capget()
    assert b.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_LOWER, CAP_KILL, 0, 0) == 0
    b.execve()
    b.capget()
    c.capset(1 << CAP_KILL, 1 << CAP_KILL, SOME)
    assert c.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, CAP_CHOWN, 0, 0) == 0
    assert c.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) == 0
    assert c.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, CAP_KILL, 0, 0) == 0
    assert a.prctl(PR_SET_SECUREBITS, SECBIT_NO_CAP_AMBIENT_RAISE, 0, 0, 0) == 0
    assert a.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_SETPCAP, 0, 0) == "EPERM"


def ambient_set_and_root(m: Machine) -> None:
    """The ambient set goes when the last root id does; an execve with an effective id of its own keeps it."""
    a = m.spawn()
    a.capset(SOME | 1 << CAP_SETUID, SOME | 1 << CAP_SETUID, SOME)
    a.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_KILL, 0, 0)
    b = a.fork()
    b.prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0)
    b.setuid(1000)
    assert b.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, CAP_KILL, 0, 0) == 0
    a.setresuid(-1, 1000, -1)
    assert a.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, CAP_KILL, 0, 0) == 1
    a.execve()
    a.capget()
    a.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, CAP_KILL, 0, 0)


# ------------------------------------------------------------------------------------------------ RLIMIT_NPROC
def many_processes_of_one_user(m: Machine) -> None:
    """RLIMIT_NPROC: fork is EAGAIN at the limit, threads and zombies count; root and the capable are free."""
    a = m.spawn(1000)
    a.setrlimit(RLIMIT_NPROC, (3, 5))
    b, c = a.fork(), a.thread()
    assert a.fork() == a.thread() == b.fork() == "EAGAIN"
    b.exit(0)
    assert a.fork() == "EAGAIN"
    a.wait4()
    d = a.fork()
    assert d.getuid() == 1000
    assert a.clone(CLONE_PARENT | SIGCHLD) == "EAGAIN"
    c.exit(0)
    assert isinstance(a.fork(), Task)
    r = m.spawn()
    r.setrlimit(RLIMIT_NPROC, (1, 1))
    assert isinstance(r.fork(), Task)


def execve_of_a_user_with_too_many_processes(m: Machine) -> None:
    """setuid to a user over RLIMIT_NPROC succeeds, but execve is then EAGAIN as long as there are too many."""
    a = m.spawn(1000)
    others = [a.fork() for _ in range(3)]
    b = m.spawn()
    b.setrlimit(RLIMIT_NPROC, (2, 2))
    assert b.setuid(1000) is None
    assert b.execve() == "EAGAIN"
    assert b.fork() == "EAGAIN"
    assert b.execve() == "EAGAIN"
    for t in others:
        t.exit(0)
        a.wait4()
    assert b.execve() is None
    assert b.execve() is None


def the_limit_when_capable(m: Machine) -> None:
    """CAP_SYS_ADMIN, like CAP_SYS_RESOURCE, frees a user that is not root from RLIMIT_NPROC."""
    a = m.spawn()
    a.setrlimit(RLIMIT_NPROC, (1, 1))
    a.prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0)
    a.setuid(1000)
    assert a.fork() == "EAGAIN"
    a.capset(1 << CAP_SYS_ADMIN, 1 << CAP_SYS_ADMIN, 0)
    assert isinstance(a.fork(), Task)
    a.capset(0, 1 << CAP_SYS_ADMIN, 0)
    assert a.fork() == "EAGAIN"


# ------------------------------------------------------------------------------------------------ orphans
def child_subreaper(m: Machine) -> None:
    """PR_SET_CHILD_SUBREAPER: orphans go to the nearest ancestor that has it; it can wait for them."""
    a = m.spawn()
    assert a.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0
    b = a.fork()
    c = b.fork()
    d = c.fork()
    c.exit(0)
    assert d.getppid() == "A"
    e = b.fork()
    b.exit(1)
    assert e.getppid() == "A"
    d.exit(3)
    assert sorted(a.wait4()[0] for _ in range(2)) == ["B", "D"]
    assert a.prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0) == 0
    f = e.fork()
    e.exit(0)
    assert f.getppid() == "init"


def subreaper_with_threads(m: Machine) -> None:
    """A thread of the subreaper serves when its leader has ended; a dead one is passed over."""
    a = m.spawn()
    a.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    b = a.thread()
    c = a.fork()
    c.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    d = c.fork()
    e = d.fork()
    f = e.fork()
    a.exit(0)
    e.exit(0)
    assert f.getppid() == "C"
    c.exit_group(0)
    assert d.getppid() == f.getppid() == "A"
    d.exit(4)
    assert sorted(b.wait4()[0] for _ in range(2)) == ["C", "D"]


def zombies_of_an_orphan_maker(m: Machine) -> None:
    """A subreaper is told of zombies that it inherits; one that ignores SIGCHLD has them go at once."""
    a = m.spawn()
    a.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    b = a.fork()
    c = b.fork()
    c.exit(7)
    wait = a.submit("wait4", c, 0)
    assert wait.result() == "ECHILD"
    b.exit(0)
    assert a.wait4(c, 0) == ("C", 0x700)
    a.signal(SIGCHLD, 1)
    d = a.fork()
    e = d.fork()
    e.exit(1)
    assert d.exit(0) == DIED
    assert a.wait4(-1, WNOHANG) == ("B", 0)
    assert a.wait4(-1, WNOHANG) == "ECHILD"
