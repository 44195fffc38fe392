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
