"""waitid and its record, SigInfo."""

import pickle

import numpy as np
import pytest

import fastipc
from fastipc import (
    CLD_EXITED,
    CLD_KILLED,
    ECHILD,
    EINVAL,
    P_ALL,
    P_PGID,
    P_PID,
    SIGCHLD,
    SIGPIPE,
    WEXITED,
    WNOHANG,
    WNOWAIT,
    SigInfo,
)

FIELDS = ("si_signo", "si_errno", "si_code", "si_pid", "si_uid", "si_value", "si_status", "si_addr", "si_band", "si_fd",
          "si_timerid", "si_overrun")  # fmt: skip


# ------------------------------------------------------------------------------------------ the record
def test_fields_are_keywords_and_the_rest_is_zero():
    info = SigInfo(si_signo=5, si_addr=2**64 - 1, si_value=-3)
    assert info._asdict() == dict.fromkeys(FIELDS, 0) | {"si_signo": 5, "si_addr": 2**64 - 1, "si_value": -3}
    assert list(info) == list(info._asdict().values())
    assert tuple(info._asdict()) == FIELDS
    with pytest.raises(TypeError):
        SigInfo(si_pig=1)
    with pytest.raises(TypeError):
        SigInfo(5)
    with pytest.raises(TypeError, match="si_uid"):
        SigInfo(si_uid="root")


def test_a_record_cannot_be_changed():
    info = SigInfo(si_pid=3)
    for name in (*FIELDS, "other"):
        with pytest.raises(AttributeError):
            setattr(info, name, 1)
    with pytest.raises(AttributeError):
        del info.si_pid


def test_equality_hash_text_and_pickle():
    a, b, c = SigInfo(si_pid=3), SigInfo(si_pid=np.int32(3)), SigInfo(si_uid=3)
    assert a == b != c
    assert len({a, b, c}) == 2
    assert a != tuple(a)
    assert eval(repr(a)) == a
    assert pickle.loads(pickle.dumps(a)) == a


# ------------------------------------------------------------------------------------------ waitid
def test_what_waitid_tells(k, errno_of):
    p = k.spawn(uid=0)
    r, w = p.pipe()
    a, b = p.fork(), p.fork()
    p.close(r)
    a.setresuid(7, 8, 9)
    a.exit(3)
    b.close(r)
    with pytest.raises(fastipc.TaskExited):
        b.write(w, b"x")
    assert p.waitid(P_PID, a, WEXITED | WNOWAIT) == SigInfo(
        si_signo=SIGCHLD, si_code=CLD_EXITED, si_pid=a.pid, si_uid=7, si_status=3
    )
    assert p.waitid(P_ALL, 0, WEXITED).si_pid == a.pid
    assert p.waitid(P_PGID, 0, WEXITED) == SigInfo(
        si_signo=SIGCHLD, si_code=CLD_KILLED, si_pid=b.pid, si_status=SIGPIPE
    )
    assert errno_of(p.waitid, P_ALL, 0, WEXITED) == ECHILD
    assert errno_of(p.waitid, P_ALL, 0, WNOHANG) == EINVAL


def test_the_form_that_fills_a_buffer(k):
    p = k.spawn()
    c = p.fork()
    info = np.full(1, -1, fastipc.SIGINFO)
    assert p.sys_waitid(P_ALL, 0, info, WEXITED | WNOHANG) == 0
    assert info["si_pid"][0] == info["si_signo"][0] == 0
    call = p.submit("sys_waitid", P_ALL, 0, info, WEXITED | WNOWAIT)
    c.exit(5)
    assert call.result() == 0
    assert (info["si_pid"][0], info["si_status"][0], info["si_code"][0]) == (c.pid, 5, CLD_EXITED)
    assert p.sys_waitid(P_ALL, 0, None, WEXITED) == 0
    assert p.sys_waitid(P_ALL, 0, info, WEXITED) == -ECHILD
    assert info["si_pid"][0] == 0
    assert fastipc.SIGINFO.itemsize == 128
    with pytest.raises(ValueError, match="info"):
        p.sys_waitid(P_ALL, 0, bytearray(127), WEXITED)


def test_waitid_in_programs(k, kind):
    def child(t):
        yield t.nanosleep(1)
        yield t.exit(4)

    def parent(t):
        c = yield t.fork(kind(child))
        early = yield t.waitid(P_ALL, 0, WEXITED | WNOHANG)
        info = yield t.waitid(P_PID, c, WEXITED)
        buffer = bytearray(128)
        yield t.fork(kind(child))
        ret = yield t.sys_waitid(P_ALL, 0, buffer, WEXITED)
        return early, info.si_status, ret, buffer[24]

    p = k.spawn(kind(parent))
    k.run()
    assert p.result == (None, 4, 0, 4)


def test_who_waits_for_what(k):
    p = k.spawn()
    c = p.fork()
    p.submit("waitid", P_PID, c, WEXITED)
    k.run()
    assert p.waiting == ("waitid", f"child {c.pid}")
    q = c.fork()
    c.submit("waitid", P_PGID, p.pid, WEXITED)
    q.fork()
    q.submit("waitid", P_ALL, 0, WEXITED)
    k.run()
    assert c.waiting == ("waitid", f"a child of group {p.pid}")
    assert q.waiting == ("waitid", "any child")


def test_waitid_in_a_compiled_program(k):
    @fastipc.compiled
    def child(t):
        t.nanosleep(1)
        t.exit(6)

    @fastipc.compiled
    def parent(t, info):
        early = t.sys_waitid(P_ALL, 0, None, WEXITED)
        pid = t.fork(child)
        slept = t.sys_waitid(P_PID, pid, info, WEXITED)
        t.unshare(0)
        return early, slept, pid

    info = np.zeros(1, fastipc.SIGINFO)
    p = k.spawn(parent, info.view(np.uint8))
    k.run()
    assert p.result[:2] == (-ECHILD, 0)
    assert (info["si_pid"][0], info["si_status"][0]) == (p.result[2], 6)


def test_every_kind_of_call_is_traced(k):
    lines = []
    p = k.spawn()
    c = p.fork()
    k.trace(lines.append)
    c.exit(1)
    p.waitid(P_PID, c, WEXITED)
    p.setpgid(0, 5) if p.sys_setpgid(0, 5) == 0 else None
    p.setuid(3)
    p.unshare(0)
    k.trace(None)
    told = [line.split(" ", 2)[2] for line in lines]
    assert told == ["exit(1) = 0", f"waitid(1, {c.pid}, 0x4) = 0", "setpgid(0, 5) = -1 EPERM", "setuid(3) = 0",
                    "unshare(0x0) = 0"]  # fmt: skip
