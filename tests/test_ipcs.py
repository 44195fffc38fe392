"""k.ipcs and the command: the same text as util-linux prints of the same objects."""

import ctypes
import os
import shutil
import subprocess
import sys
import textwrap

import pytest

import fastipc
from fastipc import IPC_CREAT, IPC_PRIVATE, IPC_RMID, SHM_LOCK, cli

OPTIONS = [
    "",
    "-a",
    "-q",
    "-m",
    "-s",
    "-l",
    "-u",
    "-p",
    "-t",
    "-c",
    "-q -t",
    "-m -p",
    "-s -p",
    "-s -c",
    "-q -m",
    "-m -u",
]
OPTIONS += [
    "-s -l",
    "-m -l",
    "-b -l",
    "-q -i 0",
    "-s -i 0",
    "-m -i 0",
    "-s -i 1",
    "-mt",
    "-q -i 99",
    "-i 0",
    "--queues",
]
REAL = """
    import ctypes, os, struct, subprocess, sys
    c = ctypes.CDLL(None, use_errno=True)
    c.shmat.restype = ctypes.c_void_p
    assert c.unshare(0x08000000) == 0
    pid = os.fork()
    if pid == 0:
        s = c.semget(5, 3, 0o1640), c.semget(0, 1, 0o600)
        q = c.msgget(7, 0o1600), c.msgget(0, 0o666)
        m = c.shmget(9, 5000, 0o1600), c.shmget(0, 8192, 0o644)
        at = c.shmat(m[0], None, 0)
        c.shmctl(m[0], 11, None)
        c.msgsnd(q[0], struct.pack("q", 1) + b"abc", 3, 0)
        c.semop(s[0], struct.pack("HhH", 1, 2, 0), 1)
        gone = c.shmget(0, 4096, 0o600)
        c.shmat(gone, None, 0)
        c.shmctl(gone, 0, None)
        out = []
        for options in sys.argv[1:]:
            ran = subprocess.run(["ipcs", *options.split()], capture_output=True, text=True)
            out.append(ran.stdout + ran.stderr.replace("ipcs: ", ""))
        print(repr((os.getpid(), int(os.stat("/proc/self").st_mtime), out)))
        sys.stdout.flush()
        os._exit(0)
    os.waitpid(pid, 0)
"""


def objects(k):
    """The same objects as those of REAL."""
    t = [k.spawn() for _ in range(99)][-1]  # whose pid is no other number
    s = t.semget(5, 3, IPC_CREAT | 0o640)
    t.semget(IPC_PRIVATE, 1, 0o600)
    q = t.msgget(7, IPC_CREAT | 0o600)
    t.msgget(IPC_PRIVATE, 0o666)
    m = t.shmget(9, 5000, IPC_CREAT | 0o600)
    t.shmget(IPC_PRIVATE, 8192, 0o644)
    t.shmat(m)
    t.shmctl(m, SHM_LOCK)
    t.msgsnd(q, 1, b"abc")
    t.semop(s, [(1, 2)])
    gone = t.shmget(IPC_PRIVATE, 4096, 0o600)
    t.shmat(gone)
    t.shmctl(gone, IPC_RMID)
    return t


def shown(k, options):
    try:
        return k.ipcs(*options.split())
    except ValueError as error:
        return str(error) + "\n"


def test_the_same_text_as_util_linux(k):
    if shutil.which("ipcs") is None or os.geteuid() != 0 or ctypes.CDLL(None).unshare(0) != 0:
        pytest.skip("there is no ipcs here, or no right to have a namespace of its own")
    command = [sys.executable, "-c", textwrap.dedent(REAL), *OPTIONS]
    ran = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "TZ": "UTC"})
    if ran.returncode:
        pytest.skip(f"no namespace: {ran.stderr[-200:]}")
    pid, _, texts = eval(ran.stdout)
    t = objects(k)
    for options, theirs in zip(OPTIONS, texts, strict=True):
        assert plain(shown(k, options), t.pid) == plain(theirs, pid), options


def plain(text, pid):
    """A text without the pid and without times that are set."""
    import re

    text = re.sub(r"(\w{3} )?\w{3} [ \d]\d \d\d:\d\d:\d\d( \d{4})?", lambda m: "T" * len(m[0]), text)
    return re.sub(rf" *\b{pid}\b *", " PID ", text)


def test_waiters_are_shown(k):
    a, b, t = k.spawn(), k.spawn(), k.spawn()
    s = t.semget(IPC_PRIVATE, 2, 0o600)
    t.semop(s, [(0, 1)])
    a.submit("semop", s, [(0, 0)])
    b.submit("semop", s, [(1, -1), (0, -1)])
    k.run(until=k.now)
    before = k.state_hash()
    lines = [line.split() for line in k.ipcs("-s", "-i", str(s)).splitlines()]
    assert lines[-3:-1] == [["0", "1", "0", "1", str(t.pid)], ["1", "0", "1", "0", "0"]]
    assert k.state_hash() == before


def test_the_command(tmp_path, capsys):
    script = tmp_path / "machine.py"
    script.write_text("import fastipc\nk = fastipc.Kernel()\nt = k.spawn()\nt.msgget(7, fastipc.IPC_CREAT | 0o600)\n")
    assert cli.main(["ipcs", "-q", str(script)]) == 0
    assert "0x00000007 0          root       600 " in capsys.readouterr().out
    assert cli.main(["ipcs", "-l"]) == 0
    assert "max semaphores per array = 32000" in capsys.readouterr().out
    assert cli.main(["ipcs", "-q", "-i", "5"]) == 1
    assert capsys.readouterr().err == "ipcs: id 5 not found\n"
    assert cli.main(["version"]) == 0
    assert capsys.readouterr().out == fastipc.__version__ + "\n"
