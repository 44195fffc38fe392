"""Credentials: who a task acts as, its groups and capabilities, and how rows of them are shared."""

import numpy as np
import pytest

import fastipc


def cred_of(k, t):
    """The row of credentials that a task points to, and its number."""
    tasks = k.table("task", live=True)
    row = int(tasks["cred"][tasks["pid"] == t.pid][0])
    return k.table("cred")[row], row


def groups_of(k, t):
    """Supplementary groups, as the tables have them."""
    info = k.table("group_info")[cred_of(k, t)[0]["group_info"]]
    return k.table("group")["gid"][info["groups"] : info["groups"] + info["ngroups"]].tolist()


# ------------------------------------------------------------------------------------------ rows
def test_fork_and_thread_share_credentials(k):
    p = k.spawn(uid=1000, gid=100)
    rows = {cred_of(k, t)[1] for t in (p, p.fork(), p.thread(), p.clone(fastipc.SIGCHLD))}
    assert len(rows) == 1
    assert cred_of(k, p)[0]["count"] == 4


def test_processes_spawned_for_one_user_share_credentials(k):
    tasks = [k.spawn(uid=1000, gid=100, groups=[3, 1]) for _ in range(3)]
    assert len({cred_of(k, t)[1] for t in tasks}) == 1
    assert len(k.table("group_info", live=True)) == 1
    others = [k.spawn(uid=1000, gid=100, groups=g) for g in ([1, 2], [1], [], [1, 3])]
    assert len({cred_of(k, t)[1] for t in (tasks[0], *others)}) == 5
    assert [groups_of(k, t) for t in others] == [[1, 2], [1], [], [1, 3]]


def test_all_ids_follow_what_spawn_was_given(k):
    p = k.spawn(uid=2**32 - 2, gid=2**31)
    cred = cred_of(k, p)[0]
    assert {int(cred[name]) for name in ("uid", "euid", "suid", "fsuid")} == {2**32 - 2}
    assert {int(cred[name]) for name in ("gid", "egid", "sgid", "fsgid")} == {2**31}
    assert (p.uid, p.euid, p.gid, p.egid) == (2**32 - 2, 2**32 - 2, 2**31, 2**31)
    p.exit()
    assert (p.uid, p.euid, p.gid, p.egid) == (2**32 - 2, 2**32 - 2, 2**31, 2**31)


def test_root_has_all_capabilities_and_others_none(k):
    for uid, caps in ((0, (1 << 41) - 1), (1000, 0)):
        cred = cred_of(k, k.spawn(uid=uid))[0]
        assert cred["cap_permitted"] == cred["cap_effective"] == caps
        assert cred["cap_inheritable"] == cred["cap_ambient"] == 0
        assert cred["cap_bset"] == (1 << 41) - 1


def test_the_last_task_of_a_user_takes_the_row_with_it(k):
    p = k.spawn(uid=1000, groups=range(1000))
    p.fork().exit()
    p.exit_group()
    assert len(k.table("cred", live=True)) == 1
    assert len(k.table("group", live=True)) == 0
    assert not k.table("group")["gid"].any()


# ------------------------------------------------------------------------------------------ groups
def test_groups_are_kept_in_order(k):
    assert groups_of(k, k.spawn(groups=[5, 2**32 - 2, 0, 5])) == [0, 5, 5, 2**32 - 2]
    many = np.random.default_rng(1).integers(0, 2**31, 65536)
    assert groups_of(k, k.spawn(groups=many)) == sorted(many)
    with pytest.raises(ValueError, match="groups"):
        k.spawn(groups=range(65537))
    with pytest.raises(ValueError, match="groups"):
        k.spawn(groups=[-1])


def test_getgroups_and_setgroups(k, errno_of):
    p = k.spawn(groups=[9, 3])
    assert p.getgroups() == [3, 9]
    p.setgroups({7, 5, 6})
    assert p.getgroups() == p.fork().getgroups() == [5, 6, 7]
    room = np.zeros(3, np.uint32)
    assert p.sys_getgroups(room) == 3
    assert room.tolist() == [5, 6, 7]
    assert p.sys_getgroups(room[:2]) == -fastipc.EINVAL
    assert p.sys_getgroups(room[:0]) == 3
    assert p.sys_setgroups(room[1:]) == 0
    p.setgroups([])
    assert p.getgroups() == []
    assert p.sys_getgroups(room) == 0
    assert errno_of(p.setgroups, [-1]) == fastipc.EINVAL
    assert errno_of(p.setgroups, range(65537)) == fastipc.EINVAL
    assert errno_of(k.spawn(uid=5).setgroups, range(65537)) == fastipc.EPERM
    with pytest.raises(TypeError, match="groups"):
        p.setgroups(["x"])


# ------------------------------------------------------------------------------------------ capabilities
def test_capabilities_by_name(k, errno_of):
    p = k.spawn()
    everything = p.capget()
    assert everything == {name for name in fastipc.__all__ if name.startswith("CAP_")}
    assert p.capget() is everything
    assert p.capget("permitted") is everything
    assert p.capget("inheritable") == frozenset()
    p.capset({"CAP_KILL", "CAP_SETPCAP"}, inheritable=["CAP_KILL"])
    assert p.capget() == p.capget("permitted") == {"CAP_KILL", "CAP_SETPCAP"}
    assert p.capget("inheritable") == {"CAP_KILL"}
    p.capset([], permitted=["CAP_KILL"])
    assert (p.capget(), p.capget("permitted"), p.capget("inheritable")) == (set(), {"CAP_KILL"}, {"CAP_KILL"})
    assert errno_of(p.capset, ["CAP_CHOWN"]) == fastipc.EPERM
    assert p.fork().capget("permitted") == {"CAP_KILL"}
    assert k.spawn(uid=1).capget() == frozenset()


def test_wrong_arguments_of_capget_and_capset(k):
    p = k.spawn()
    with pytest.raises(ValueError, match="which"):
        p.capget("ambient")
    with pytest.raises(ValueError, match="CAP_FLY"):
        p.capset(["CAP_FLY"])
    with pytest.raises(TypeError, match="names"):
        p.capset("CAP_KILL")
    with pytest.raises(TypeError, match="names"):
        p.capset([5])
    for call in (p.sys_capget, p.sys_capset):
        with pytest.raises(ValueError, match="sets"):
            call(np.zeros(2, np.uint64))


# ------------------------------------------------------------------------------------------ ids
def test_a_change_of_ids_is_the_tasks_own(k):
    p = k.spawn()
    c, t = p.fork(), p.thread()
    t.setuid(7)
    assert (p.getuid(), c.getuid(), t.getuid()) == (0, 0, 7)
    assert k.table("user", live=True)["processes"].tolist() == [3, 1]
    assert len({cred_of(k, x)[1] for x in (p, c, t)}) == 2


def test_ids_in_programs_of_every_kind(k, kind):
    def program(t):
        yield t.setresgid(1, 2, 3)
        yield t.setgroups([4, 5])
        old = yield t.setfsuid(9)
        yield t.setreuid(8, 7)
        assert (yield t.sys_setuid(0)) == -fastipc.EPERM
        return old, t.getresuid(), t.getresgid(), (yield t.getgroups())

    p = k.spawn(kind(program))
    k.run()
    assert p.result == (0, (8, 7, 7), (1, 2, 3), [4, 5])


def test_pipes_belong_to_the_file_system_ids(k):
    p = k.spawn()
    p.setfsuid(7)
    p.setfsgid(8)
    r, _ = p.pipe()
    assert (p.fstat(r).st_uid, p.fstat(r).st_gid) == (7, 8)


def test_a_failed_change_leaves_everything(k, picture):
    p = k.spawn(groups=[1])
    before = picture(k)
    for kind, calls in {
        "cred": ["setuid", "setgid", "setreuid", "setregid", "setresuid", "setresgid", "setgroups", "capset"],
        "user": ["setuid", "setreuid", "setresuid"],
        "group_info": ["setgroups"],
        "group": ["setgroups"],
    }.items():
        for name in calls:
            number = 3 if "res" in name else 2 if "re" in name else 1
            args = {"setgroups": [[5]], "capset": [["CAP_KILL"]]}.get(name, [5] * number)
            k.inject(kind, 1)
            with pytest.raises(OSError) as caught:
                getattr(p, name)(*args)
            assert caught.value.errno == (fastipc.EAGAIN if kind == "user" else fastipc.ENOMEM)
            k.inject(kind, 0)
            k.verify()
            assert picture(k) == before
    k.inject("cred", 1)
    assert p.setfsuid(5) == 0
    assert p.setfsuid(-1) == 0


@fastipc.compiled
def ids_and_groups(t, out):
    sets = np.zeros(3, np.uint64)
    t.sys_capget(sets)
    out[0], out[1] = t.uid, t.gid
    t.setgroups(np.array([7, 6], np.uint32))
    room = np.zeros(4, np.uint32)
    out[2] = t.sys_getgroups(room)
    out[3], out[4] = room[0], room[1]
    t.setresgid(1, 2, 3)
    out[5] = t.setfsuid(9)
    t.setuid(2**32 - 2)
    out[6], out[7], out[8] = t.uid, t.egid, t.getpgid() == t.getsid()
    out[9] = t.sys_setsid()
    out[10] = t.sys_capset(sets)
    out[11] = t.prctl(fastipc.PR_CAPBSET_READ, 5)


def test_ids_in_a_compiled_program(k):
    out = np.zeros(12, np.int64)
    k.spawn(ids_and_groups, out, gid=2**31)
    k.run()
    eperm = -fastipc.EPERM
    assert out.tolist() == [0, 2**31, 2, 6, 7, 0, 2**32 - 2, 2, 1, eperm, eperm, 1]


@pytest.mark.parametrize("name", ["getgroups", "capget", "capset"])
def test_what_compiled_programs_have_in_another_form(k, name):
    calls = {"getgroups": lambda t: t.getgroups(), "capget": lambda t: t.capget(), "capset": lambda t: t.capset(1)}
    with pytest.raises(fastipc.CompileError, match=f"sys_{name}"):
        k.spawn(fastipc.compiled(calls[name]))
