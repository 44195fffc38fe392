"""/proc from outside and from inside; sysctls and `k.limits` are the same numbers."""

import pytest

from fastipc import EACCES, EINVAL, ENOENT, O_RDONLY, O_RDWR, O_WRONLY
from fastipc._core.entries import IPC_SYSCTLS


def test_every_limit_is_a_file(k):
    t = k.spawn()
    for name in dir(k.limits):
        if name in IPC_SYSCTLS or name in ("ipcmni_extend", "nr_hugepages"):  # test_ipc_ids has those
            continue
        place = "kernel" if name in ("pid_max", "threads_max") else "fs"
        dashed = name.replace("_", "-") if name.startswith(("pipe", "threads", "file")) else name
        path = f"/proc/sys/{place}/{dashed}"
        assert k.read_proc(path) == f"{getattr(k.limits, name)}\n"
        fd = t.open(path, O_RDWR)
        value = 2 * k.limits.pipe_max_size if name == "pipe_max_size" else 1000 if name == "pid_max" else 1
        t.write(fd, b"%d\n" % value)
        assert getattr(k.limits, name) == value
        assert t.pread(fd, 100, 0) == b"%d\n" % value
        t.close(fd)


def test_only_root_writes_a_sysctl_and_only_numbers(k):
    root, user = k.spawn(), k.spawn(uid=1000)
    path = "/proc/sys/fs/protected_fifos"
    assert user.sys_open(path, O_WRONLY) == -EACCES
    assert user.read(user.open(path, O_RDONLY), 10) == b"0\n"
    fd = root.open(path, O_WRONLY)
    assert root.sys_write(fd, b"many") == root.sys_write(fd, b"3") == -EINVAL
    assert root.write(fd, b"2") == 1
    assert k.limits.protected_fifos == 2


def test_status(k):
    t = k.spawn(uid=1000, gid=100, groups=[27, 5], name="t")
    c = t.fork()
    c.setresuid(-1, 1000, -1)
    lines = dict(line.split(":\t") for line in k.read_proc(f"/proc/{c.pid}/status").splitlines())
    assert (lines["Pid"], lines["Tgid"], lines["PPid"]) == (str(c.pid), str(c.pid), str(t.pid))
    assert lines["Uid"] == "\t".join(["1000"] * 4)
    assert lines["Gid"] == "\t".join(["100"] * 4)
    assert lines["Groups"] == "5 27 "
    assert (lines["CapEff"], lines["CapBnd"]) == ("0" * 16, "000001ffffffffff")
    assert (lines["NSpgid"], lines["NSsid"], lines["Umask"]) == (str(t.pid), str(t.pid), "0022")
    c.exit(0)
    assert "State:\tZ (zombie)" in k.read_proc(f"/proc/{c.pid}/status")
    t.wait4(c)
    with pytest.raises(FileNotFoundError):
        k.read_proc(f"/proc/{c.pid}/status")


def test_comm_can_be_written_by_the_process(k):
    t = k.spawn(name="t")
    fd = t.open("/proc/self/comm", O_WRONLY)
    t.write(fd, b"a name that is too long")
    assert k.read_proc(f"/proc/{t.pid}/comm") == "a name that is \n"
    other = k.spawn().open(f"/proc/{t.pid}/comm", O_WRONLY)
    assert other == 0


def test_file_systems(k):
    assert k.read_proc("/proc/filesystems").split() == "nodev pipefs ext4 nodev tmpfs nodev devtmpfs nodev proc".split()


def test_a_pipe_gets_a_dentry_when_its_path_is_needed(k):
    t = k.spawn()
    before = len(k.table("dentry", live=True))
    r, w = t.pipe()
    assert len(k.table("dentry", live=True)) == before
    assert t.readlink(f"/proc/self/fd/{r}") == f"pipe:[{t.fstat(r).st_ino}]"
    again = t.open(f"/proc/self/fd/{r}", O_WRONLY)
    assert len(k.table("dentry", live=True)) == before + 1
    t.close(again)
    assert len(k.table("dentry", live=True)) == before


def test_names_live_as_long_as_somebody_holds_them(k):
    t = k.spawn()
    before = len(k.table("dentry", live=True))
    fd = t.open("/proc/self/fd", O_RDONLY)
    assert len(k.table("dentry", live=True)) == before + 2
    t.close(fd)
    assert len(k.table("dentry", live=True)) == before
    assert t.sys_open("/proc/nothing", O_RDONLY) == -ENOENT
    assert t.sys_open("/proc/sys/fs/nothing", O_RDONLY) == -ENOENT
