"""Process groups and sessions: setpgid, getpgid, getsid, setsid, and the numbers that they keep taken."""

import pytest

import fastipc
from fastipc import EACCES, EINVAL, EPERM, ESRCH, SIGCHLD


def test_a_spawned_process_leads_a_session_of_its_own(k):
    p = k.spawn()
    assert p.getpgid() == p.getsid() == p.pid
    assert p.getpgid(k.init) == p.getsid(1) == 1
    c, t = p.fork(), p.thread()
    for other in (c, t):
        assert other.getpgid() == other.getsid() == p.pid
        assert p.getpgid(other) == p.getsid(other) == p.pid


def test_groups_of_children(k):
    p = k.spawn()
    a, b, c = p.fork(), p.fork(), p.fork()
    p.setpgid(a, 0)
    p.setpgid(b, a)
    c.setpgid(0, a)
    assert [t.getpgid() for t in (p, a, b, c)] == [p.pid, a.pid, a.pid, a.pid]
    assert b.fork().getpgid() == a.pid
    c.setpgid(0, 0)
    assert c.getpgid() == c.pid
    c.setpgid(c, p)
    assert c.getpgid() == p.pid
    assert c.getsid() == p.pid


def test_setpgid_errno_order(k, errno_of):
    p, stranger = k.spawn(), k.spawn()
    a, b = p.fork(), p.fork()
    grandchild = a.fork()
    thread = a.thread()
    assert errno_of(p.setpgid, 99999, -1) == EINVAL
    assert errno_of(p.setpgid, 99999, 0) == ESRCH
    assert errno_of(p.setpgid, -1, 0) == EINVAL  # so is its group
    assert errno_of(p.setpgid, -1, 5) == ESRCH
    assert errno_of(p.setpgid, thread, 0) == EINVAL
    assert errno_of(p.setpgid, grandchild, 0) == ESRCH
    assert errno_of(a.setpgid, b, 0) == ESRCH
    assert errno_of(a.setpgid, p, 0) == ESRCH
    assert errno_of(p.setpgid, 0, 0) == EPERM  # leads a session
    assert errno_of(p.setpgid, a, stranger) == EPERM  # another session
    assert errno_of(p.setpgid, a, b) == EPERM  # no group of that number
    b.setsid()
    assert errno_of(p.setpgid, b, 0) == EPERM
    a.execve()
    assert errno_of(p.setpgid, a, 0) == EACCES
    a.setpgid(0, 0)
    assert errno_of(p.getpgid, 99999) == errno_of(p.getsid, -1) == ESRCH


def test_any_thread_may_move_children_and_its_own_process(k):
    p = k.spawn()
    c = p.fork()
    t = c.thread()
    g = t.fork()
    c.setpgid(g, 0)
    t.setpgid(0, g)
    assert c.getpgid() == t.getpgid() == g.pid
    t.setpgid(c, c)
    assert c.getpgid() == c.pid


def test_setsid(k, errno_of):
    p = k.spawn()
    assert errno_of(p.setsid) == EPERM
    c = p.fork()
    t = c.thread()
    assert t.setsid() == c.pid
    assert c.getsid() == c.getpgid() == c.pid
    assert errno_of(c.setsid) == EPERM
    a = p.fork()
    a.setpgid(0, 0)
    assert errno_of(a.setsid) == EPERM
    b = a.fork()
    a.setpgid(0, p)
    assert b.getpgid() == a.pid
    assert errno_of(a.setsid) == EPERM  # somebody is in the group of its number
    b.exit()
    a.wait4()
    assert a.setsid() == a.pid


def test_a_number_stays_taken_while_it_is_a_group_or_a_session(make_kernel):
    k = make_kernel(limits={"pid_max": 310})
    p = k.spawn()
    while (leader := p.fork()).pid < 300:  # lower numbers are given once
        leader.exit()
        p.wait4()
    number = leader.setsid()
    member = leader.fork()
    leader.exit()
    p.wait4()
    assert member.getsid() == member.getpgid() == number
    assert number not in k.tasks

    def numbers():
        """All that can be had."""
        found = set()
        while (pid := p.sys_fork()) > 0:
            found.add(pid)
        assert pid == -fastipc.EAGAIN
        k.verify()
        return found

    first = numbers()
    assert first == {*range(302, 310)}
    member.setpgid(0, 0)
    assert not numbers()  # a session yet
    member.exit()
    assert numbers() == {number, member.pid}


def test_exec_by_a_thread_hands_over_the_places_in_group_and_session(k):
    p = k.spawn()
    c = p.fork()
    c.setsid()
    others = [c.fork() for _ in range(2)]
    t = c.thread()
    number = c.pid
    t.execve()
    assert t.pid == number
    assert t.getpgid() == t.getsid() == number
    k.verify()
    assert [o.getpgid() for o in others] == [number] * 2
    t.exit()
    k.verify()
    assert p.wait4() == (number, 0)
    assert others[0].getpgid() == number


def test_wait_for_a_group_keeps_to_the_group_of_the_moment(k):
    p = k.spawn()
    q = p.fork()
    a = q.fork()
    call = q.submit("wait4", 0)
    k.run()
    p.setpgid(q, 0)
    a.exit(1)
    k.run()
    assert call.result() == (a.pid, 0x100)


@pytest.mark.parametrize("n", [100])
def test_many_members_leave_in_any_order(k, n):
    p = k.spawn()
    members = [p.fork() for _ in range(n)]
    for m in members:
        p.setpgid(m, members[0])
    for m in members[::3] + members[1::3]:
        m.exit()
    k.verify()
    assert p.clone(SIGCHLD).getpgid() == p.pid
    while p.sys_wait4(-1, None, fastipc.WNOHANG) > 0:
        k.verify()
    assert p.getpgid(members[2]) == members[0].pid
