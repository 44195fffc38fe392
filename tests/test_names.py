"""Names: a tree against a model of it, many of them, long ones, deep ones, renames, and where a process stands."""

import errno
import random

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

import fastipc
from fastipc import (
    AT_FDCWD,
    CLONE_FS,
    EACCES,
    EBUSY,
    EEXIST,
    EINVAL,
    EISDIR,
    ELOOP,
    EMLINK,
    ENAMETOOLONG,
    ENOENT,
    ENOTDIR,
    ENOTEMPTY,
    EPERM,
    EXDEV,
    O_CREAT,
    O_DIRECTORY,
    O_RDONLY,
    O_RDWR,
    RENAME_EXCHANGE,
    RENAME_NOREPLACE,
    S_IFIFO,
    S_IFREG,
    SIGCHLD,
    STAT,
    Kernel,
)

NEW = O_CREAT | O_RDWR


@pytest.fixture
def t(k):
    return k.spawn(name="t")


# ------------------------------------------------------------------------------------------ a model of the tree
class Fail(Exception):
    pass


class Node:
    def __init__(self, kind, target=""):
        self.kind, self.target = kind, target
        self.names = {} if kind == "d" else None
        self.parent = None
        self.links = 0

    def stat(self):
        if self.kind == "d":
            subdirs = sum(node.kind == "d" for node in self.names.values())
            return 0o40755, 2 + subdirs, 20 * (2 + len(self.names))
        mode = {"f": 0o100644, "p": 0o10644, "l": 0o120777}[self.kind]
        return mode, self.links, len(self.target)


class Tree:
    """What Linux does with names, in a page of Python. Every call gives 0 or -errno."""

    def __init__(self):
        self.root = Node("d")

    def walk(self, path, follow=False):
        """The directory, the last name, and what it stands for or None."""
        parts, at, links = path.split("/"), self.root, 0
        while True:
            if at.kind != "d":
                raise Fail(ENOTDIR)
            name, *rest = parts
            node = at.names.get(name)
            if node is not None and node.kind == "l" and (rest or follow):
                links += 1
                if links > 40:
                    raise Fail(ELOOP)
                if node.target.startswith("/tmp/"):
                    at = self.root
                parts = node.target.removeprefix("/tmp/").split("/") + rest
            elif not rest:
                return at, name, node
            elif node is None:
                raise Fail(ENOENT)
            else:
                at, parts = node, rest

    def put(self, parent, name, node):
        parent.names[name] = node
        node.links += 1
        if node.kind == "d":
            node.parent = parent

    def take(self, parent, name):
        node = parent.names.pop(name)
        node.links -= 1
        return node

    def make(self, path, node):
        parent, name, old = self.walk(path)
        if old:
            raise Fail(EEXIST)
        self.put(parent, name, node)

    def link(self, a, b):
        node = self.walk(a)[2]
        if node is None:
            raise Fail(ENOENT)
        parent, name, old = self.walk(b)
        if old:
            raise Fail(EEXIST)
        if node.kind == "d":
            raise Fail(EPERM)
        self.put(parent, name, node)

    def unlink(self, path):
        parent, name, node = self.walk(path)
        if node is None or node.kind == "d":
            raise Fail(EISDIR if node else ENOENT)
        self.take(parent, name)

    def rmdir(self, path):
        parent, name, node = self.walk(path)
        if node is None or node.kind != "d":
            raise Fail(ENOTDIR if node else ENOENT)
        if node.names:
            raise Fail(ENOTEMPTY)
        self.take(parent, name)

    def above(self, node, other):
        """Whether `node` is `other` or a directory above it."""
        while other is not None and other is not node:
            other = other.parent
        return other is node

    def rename(self, a, b, flags=0):
        old, name, node = self.walk(a)
        new, other_name, other = self.walk(b)
        exchange = flags == RENAME_EXCHANGE
        if node is None:
            raise Fail(ENOENT)
        if other and flags == RENAME_NOREPLACE:
            raise Fail(EEXIST)
        if exchange and other is None:
            raise Fail(ENOENT)
        if self.above(node, new):
            raise Fail(EINVAL)
        if other and self.above(other, old):
            raise Fail(EINVAL if exchange else ENOTEMPTY)
        if node is other:
            return
        if other and not exchange:
            if node.kind == "d" != other.kind:
                raise Fail(ENOTDIR)
            if other.kind == "d" != node.kind:
                raise Fail(EISDIR)
            if other.names:
                raise Fail(ENOTEMPTY)
        self.take(old, name)
        if other:
            self.take(new, other_name)
        self.put(new, other_name, node)
        if exchange:
            self.put(old, name, other)

    def look(self, path, follow):
        node = self.walk(path, follow)[2]
        if node is None:
            raise Fail(ENOENT)
        return node.stat()

    def everything(self):
        todo = [("", self.root)]
        while todo:
            path, node = todo.pop()
            yield path, node
            if node.kind == "d":
                todo += [(f"{path}/{name}", child) for name, child in node.names.items()]


class NamesModel(RuleBasedStateMachine):
    """Calls on names, the machine's answers against the tree's."""

    def __init__(self):
        super().__init__()
        self.k = Kernel()
        self.t = self.k.spawn()
        self.tree = Tree()

    name = st.sampled_from(["a", "b", "c", "n" * 16, "n" * 17, "m" * 100])
    path = st.tuples(st.lists(st.sampled_from("abc"), max_size=2), name).map(lambda p: "/".join([*p[0], p[1]]))
    text = st.one_of(path, path.map(lambda p: "/tmp/" + p))

    def agree(self, ours, theirs, *args):
        try:
            want = theirs(*args) or 0
        except Fail as e:
            want = -e.args[0]
        assert ours == want

    @rule(path=path)
    def mkdir(self, path):
        self.agree(self.t.sys_mkdir("/tmp/" + path), self.tree.make, path, Node("d"))

    @rule(path=path, kind=st.sampled_from("fp"))
    def mknod(self, path, kind):
        mode = (S_IFREG if kind == "f" else S_IFIFO) | 0o644
        self.agree(self.t.sys_mknod("/tmp/" + path, mode), self.tree.make, path, Node(kind))

    @rule(path=path, text=text)
    def symlink(self, path, text):
        self.agree(self.t.sys_symlink(text, "/tmp/" + path), self.tree.make, path, Node("l", text))

    @rule(a=path, b=path)
    def link(self, a, b):
        self.agree(self.t.sys_link("/tmp/" + a, "/tmp/" + b), self.tree.link, a, b)

    @rule(path=path)
    def unlink(self, path):
        self.agree(self.t.sys_unlink("/tmp/" + path), self.tree.unlink, path)

    @rule(path=path)
    def rmdir(self, path):
        self.agree(self.t.sys_rmdir("/tmp/" + path), self.tree.rmdir, path)

    @rule(a=path, b=path, flags=st.sampled_from([0, 0, RENAME_NOREPLACE, RENAME_EXCHANGE]))
    def rename(self, a, b, flags):
        got = self.t.sys_renameat2(AT_FDCWD, "/tmp/" + a, AT_FDCWD, "/tmp/" + b, flags)
        self.agree(got, self.tree.rename, a, b, flags)

    @rule(path=path, follow=st.booleans())
    def stat(self, path, follow):
        rows = np.zeros(1, STAT)
        got = (self.t.sys_stat if follow else self.t.sys_lstat)("/tmp/" + path, rows)
        seen = tuple(int(rows[name][0]) for name in ("st_mode", "st_nlink", "st_size")) if got == 0 else got
        try:
            want = self.tree.look(path, follow)
        except Fail as e:
            want = -e.args[0]
        assert seen == want

    @invariant()
    def whole(self):
        for path, node in self.tree.everything():
            s = self.t.lstat("/tmp" + path)
            if path:
                assert (s.st_mode, s.st_nlink, s.st_size) == node.stat()
            else:
                assert (s.st_nlink, s.st_size) == node.stat()[1:]
            if node.kind == "l":
                assert self.t.readlink("/tmp" + path) == node.target
        self.k.verify()

    def teardown(self):
        for path, node in sorted(self.tree.everything(), key=lambda item: -item[0].count("/"))[:-1]:
            (self.t.rmdir if node.kind == "d" else self.t.unlink)("/tmp" + path)
        assert self.t.stat("/tmp").st_size == 40
        assert self.t.stat("/tmp").st_nlink == 2
        assert len(self.k.table("name", live=True)) == 0
        self.k.verify()
        self.k.close()


TestNames = NamesModel.TestCase
TestNames.settings = settings(max_examples=60, stateful_step_count=50)


# ------------------------------------------------------------------------------------------ many names
def test_ten_thousand_names(k, t, rows):
    before = rows(k)
    names = [f"/tmp/{n}" for n in range(10_000)]
    for path in names:
        t.mknod(path, 0o644)
    k.verify()
    assert t.stat("/tmp").st_size == 20 * 10_002
    row = np.zeros(1, STAT)
    assert all(t.sys_stat(path, row) == 0 for path in names)
    assert all(t.sys_stat(path + "x", row) == -ENOENT for path in names[::10])
    for path in names[::2]:
        t.unlink(path)
    k.verify()
    assert [t.sys_stat(path, row) for path in names[:6]] == [-ENOENT, 0] * 3
    for path in names[1::2]:
        t.unlink(path)
    assert rows(k) == before
    k.verify()


def test_a_random_mix_of_names_in_many_directories(k, t):
    rng, model, row = random.Random(5), {}, np.zeros(1, STAT)
    directories = [f"/tmp/{n}" for n in range(20)]
    for path in directories:
        t.mkdir(path)
    for step in range(20_000):
        path = f"{rng.choice(directories)}/{rng.randrange(200)}"
        act = rng.randrange(4)
        if act < 2:
            assert t.sys_mknod(path, 0o600 + step % 64) == (-EEXIST if path in model else 0)
            model.setdefault(path, 0o100600 + step % 64 & ~0o22)
        elif act == 2:
            assert t.sys_unlink(path) == (0 if model.pop(path, None) else -ENOENT)
        else:
            other = f"{rng.choice(directories)}/{rng.randrange(200)}"
            assert t.sys_rename(path, other) == (0 if path in model else -ENOENT)
            if path in model:
                model[other] = model.pop(path)
    k.verify()
    for path, mode in model.items():
        assert t.sys_stat(path, row) == 0
        assert row["st_mode"][0] == mode
    for path in directories:
        assert t.stat(path).st_size == 20 * (2 + sum(name.startswith(path + "/") for name in model))


def same_hashes():
    """Names of eight letters whose hashes are the same 32 bits."""
    letters = np.random.default_rng(1).integers(ord("a"), ord("z") + 1, (400_000, 8), np.uint8)
    h = letters.view("<u8")[:, 0] * np.uint64(0x9E3779B97F4A7C15)
    h = (h ^ h >> np.uint64(32)).astype(np.uint32)
    order = np.argsort(h, kind="stable")
    same = np.flatnonzero(h[order][1:] == h[order][:-1])
    return [(letters[order[i]].tobytes(), letters[order[i + 1]].tobytes()) for i in same]


def test_names_that_hash_alike_are_told_apart(k, t):
    pairs = same_hashes()
    assert len(pairs) > 5
    t.chdir("/tmp")
    for a, b in pairs:
        t.mkdir(a)
        assert t.sys_stat(b, np.zeros(1, STAT)) == -ENOENT
        t.mkfifo(b)
        assert t.stat(a).st_mode == 0o40755
        assert t.stat(b).st_mode == 0o10644
    hashes = k.table("dentry", live=True)["d_hash"]
    assert len(hashes) - len(set(hashes.tolist())) >= len(pairs)
    k.verify()
    for n, (a, b) in enumerate(pairs):
        if n % 2:
            t.rmdir(a)
            assert t.stat(b).st_mode == 0o10644
        else:
            t.unlink(b)
            assert t.stat(a).st_mode == 0o40755
    k.verify()
    t.chdir("/")


def test_names_of_every_length(k, t, errno_of, rows):
    before = rows(k)
    t.chdir("/tmp")
    for n in range(1, 256):
        t.mknod("x" * n, 0o644)
        t.symlink("y" * n, "l" * n if n < 255 else "last")
    k.verify()
    t.mkdir("y" * 255)
    inodes = {t.stat("x" * n).st_ino for n in range(1, 256)}
    assert len(inodes) == 255
    assert errno_of(t.stat, "x" * 256) == ENAMETOOLONG
    for n in range(1, 255):
        assert t.readlink("l" * n) == "y" * n
        t.rename("x" * n, "x" * n + "z" if n < 254 else "z")  # across the sizes of rows, over nothing
        assert t.rename("l" * n, "x" * n) is None
    k.verify()
    for name in ["x" * n + "z" for n in range(1, 254)] + ["z", "x" * 255, "last"] + ["x" * n for n in range(1, 255)]:
        t.unlink(name)
    t.rmdir("y" * 255)
    t.chdir("/")
    assert rows(k) == before


def test_every_byte_but_two_may_be_in_a_name(t):
    for byte in range(1, 256):
        if byte != ord("/"):
            t.mkdir(b"/tmp/" + bytes([byte]) * (3 if byte == ord(".") else 1))
    assert t.stat("/tmp").st_nlink == 2 + 254


# ------------------------------------------------------------------------------------------ deep trees
def test_a_deep_tree(k, t, errno_of):
    t.chdir("/tmp")
    for n in range(500):
        t.mkdir("d")
        t.chdir("d")
        assert t.stat("..").st_nlink == 3 if n else True
    assert t.getcwd() == "/tmp" + "/d" * 500
    t.mkfifo("deep")
    t.chdir("../" * 250)
    assert t.getcwd() == "/tmp" + "/d" * 250
    assert t.stat("d/" * 250 + "deep").st_mode == 0o10644
    t.rename("/tmp/d", "/tmp/e")
    assert t.getcwd() == "/tmp/e" + "/d" * 249
    assert errno_of(t.rename, "/tmp/e", "d/d/x") == EINVAL
    k.verify()
    t.chdir("/")


def test_a_current_directory_whose_path_is_too_long(t, errno_of):
    t.chdir("/tmp")
    for _ in range(20):
        t.mkdir("d" * 250)
        t.chdir("d" * 250)
    assert errno_of(t.getcwd) == ENAMETOOLONG
    assert errno_of(t.readlink, "/proc/self/cwd") == ENAMETOOLONG
    t.chdir("../" * 5)
    assert t.getcwd() == "/tmp" + ("/" + "d" * 250) * 15
    t.chdir("/")


def test_links_that_lead_far(t, errno_of):
    t.chdir("/tmp")
    t.mkdir("d")
    t.symlink("d", "l0")
    for n in range(1, 41):
        t.symlink(f"l{n - 1}", f"l{n}")
    assert t.stat("l39") == t.stat("d")
    assert errno_of(t.stat, "l40") == ELOOP
    assert t.readlink("l40") == "l39"
    t.symlink("loop", "loop")
    assert errno_of(t.open, "loop", O_RDONLY) == ELOOP
    t.symlink("../tmp/./d/../d", "round")
    t.mkfifo("round/p")
    assert t.stat("d/p") == t.stat("round/p")
    t.chdir("round")
    assert t.getcwd() == "/tmp/d"
    t.chdir("/")


# ------------------------------------------------------------------------------------------ renames
def test_renaming_directories(t, errno_of):
    t.chdir("/tmp")
    for path in ("a", "a/b", "a/b/c", "x"):
        t.mkdir(path)
    t.mknod("a/b/f", 0o644)
    inside = t.open("a/b", O_RDONLY | O_DIRECTORY)
    assert errno_of(t.rename, "a", "a/b/c") == EINVAL
    assert errno_of(t.rename, "a/b/c", "a") == ENOTEMPTY
    assert errno_of(t.rename, "a", "a/b/f/x") == ENOTDIR
    assert errno_of(t.rename, "a/b", "a/b/f") == EINVAL
    assert errno_of(t.rename, "x", "a/b/f") == ENOTDIR
    assert errno_of(t.rename, "a/b/f", "x") == EISDIR
    assert errno_of(t.rename, "x", "a/b") == ENOTEMPTY
    assert errno_of(t.rename, ".", "y") == EBUSY
    t.rename("a/b", "x")  # over an empty one
    assert (t.stat("a").st_nlink, t.stat(".").st_nlink, t.stat("x").st_nlink) == (2, 4, 3)
    assert t.openat(inside, "f", O_RDONLY) == 1
    assert t.readlink("/proc/self/fd/0") == "/tmp/x"
    assert t.stat("x/c/..") == t.stat("x")
    assert errno_of(t.rename, "x", "/x") == EXDEV
    assert errno_of(t.link, "x/f", "/f") == EXDEV
    t.chdir("/")


def test_renaming_with_flags(t, errno_of):
    t.chdir("/tmp")
    t.mkdir("d")
    t.mkdir("d/s")
    t.mknod("f", 0o644)
    d, f = t.stat("d").st_ino, t.stat("f").st_ino

    assert errno_of(t.renameat2, AT_FDCWD, "f", AT_FDCWD, "d", RENAME_NOREPLACE) == EEXIST
    assert errno_of(t.renameat2, AT_FDCWD, "f", AT_FDCWD, "f", RENAME_NOREPLACE) == EEXIST
    assert errno_of(t.renameat2, AT_FDCWD, "f", AT_FDCWD, "g", RENAME_EXCHANGE) == ENOENT
    assert errno_of(t.renameat2, AT_FDCWD, "f", AT_FDCWD, "g", RENAME_EXCHANGE | RENAME_NOREPLACE) == EINVAL
    assert errno_of(t.renameat2, AT_FDCWD, "f", AT_FDCWD, "g", 16) == EINVAL
    assert errno_of(t.renameat2, AT_FDCWD, "d", AT_FDCWD, "d/s", RENAME_EXCHANGE) == EINVAL
    assert errno_of(t.renameat2, AT_FDCWD, "d/s", AT_FDCWD, "d", RENAME_EXCHANGE) == EINVAL
    t.renameat2(AT_FDCWD, "f", AT_FDCWD, "d", RENAME_EXCHANGE)
    assert (t.stat("f").st_ino, t.stat("d").st_ino) == (d, f)
    t.renameat2(AT_FDCWD, "f/s", AT_FDCWD, "d", RENAME_EXCHANGE)  # a directory and a file in two directories
    assert (t.stat("f").st_nlink, t.stat(".").st_nlink) == (2, 4)
    assert t.stat("f/s").st_ino == f
    t.renameat2(AT_FDCWD, "d", AT_FDCWD, "e" * 100, RENAME_NOREPLACE)
    t.renameat2(AT_FDCWD, "e" * 100, AT_FDCWD, "f/s", RENAME_EXCHANGE)
    fd = t.open("f", O_RDONLY)
    t.renameat2(fd, "s", AT_FDCWD, "up")
    assert t.stat("f").st_nlink == 2
    t.chdir("/")


def test_exchanging_directories_needs_the_right_to_write_both(k, t, errno_of):
    u = k.spawn(uid=1000)
    for path in ("/tmp/a", "/tmp/b"):
        t.mkdir(path)
        t.chown(path, 1000, 1000)
    u.mkdir("/tmp/a/x")
    u.mkdir("/tmp/b/y")
    u.chmod("/tmp/b/y", 0o555)
    assert errno_of(u.renameat2, AT_FDCWD, "/tmp/a/x", AT_FDCWD, "/tmp/b/y", RENAME_EXCHANGE) == EACCES
    assert errno_of(u.renameat2, AT_FDCWD, "/tmp/b/y", AT_FDCWD, "/tmp/a/x", RENAME_EXCHANGE) == EACCES
    u.chmod("/tmp/b/y", 0o755)
    u.renameat2(AT_FDCWD, "/tmp/a/x", AT_FDCWD, "/tmp/b/y", RENAME_EXCHANGE)


def test_as_many_links_as_a_disk_allows(k, t, errno_of):
    inode = k.table("super_block", live=True)
    assert 65000 in inode["s_maxlinks"]
    t.mknod("/f", 0o644)
    t.mkdir("/d")
    for n in range(64_999):
        t.sys_link("/f", f"/d/{n}")
    assert t.stat("/f").st_nlink == 65_000
    assert errno_of(t.link, "/f", "/d/one more") == EMLINK


# ------------------------------------------------------------------------------------------ where a process stands
def test_a_removed_current_directory(k, t, errno_of):
    t.mkdir("/tmp/d")
    t.mkdir("/tmp/d/e")
    t.chdir("/tmp/d/e")
    fd = t.open(".", O_RDONLY)
    other = k.spawn()
    other.rmdir("/tmp/d/e")
    assert errno_of(t.getcwd) == ENOENT
    assert t.stat(".").st_nlink == 0
    for call, *args in (
        (t.mkdir, "x"),
        (t.mkfifo, "x"),
        (t.symlink, "x", "y"),
        (t.open, "x", NEW),
        (t.unlink, "x"),
        (t.stat, "x"),
        (t.openat, fd, "x", NEW),
    ):
        assert errno_of(call, *args) == ENOENT
    assert t.stat("..") == t.stat("/tmp/d")
    assert t.readlink("/proc/self/cwd") == "/tmp/d/e (deleted)"
    other.rmdir("/tmp/d")
    assert t.stat("..").st_nlink == 0
    assert t.stat("../..") == t.stat("/tmp")
    other.mkdir("/tmp/d")
    other.mkdir("/tmp/d/e")
    assert errno_of(t.getcwd) == ENOENT  # another one of that name
    k.verify()
    t.fchdir(fd)
    t.chdir("../..")
    assert t.getcwd() == "/tmp"


def test_umask_of_each_process(k, t):
    assert t.umask(0o27) == 0o22
    c = t.fork()
    assert c.umask(0o77) == 0o27
    assert t.umask(0) == 0o27
    t.mkfifo("/tmp/a", 0o777)
    c.mkfifo("/tmp/b", 0o777)
    assert (t.stat("/tmp/a").st_mode & 0o777, t.stat("/tmp/b").st_mode & 0o777) == (0o777, 0o700)
    assert t.umask(0o12345) == 0
    assert t.umask(0o22) == 0o345
    c.execve()
    assert c.umask(0) == 0o77
    assert k.spawn().umask(0) == 0o22


def test_who_shares_a_current_directory_and_a_umask(k, t):
    t.mkdir("/tmp/d")
    th, c, s = t.thread(), t.fork(), t.clone(CLONE_FS | SIGCHLD)
    t.chdir("/tmp/d")
    t.umask(0o77)
    assert [x.getcwd() for x in (th, s, c)] == ["/tmp/d", "/tmp/d", "/"]
    assert th.umask(0o11) == 0o77
    assert s.umask(0o22) == 0o11
    shared = k.table("fs", live=True)
    assert sorted(shared["count"].tolist())[-1] == 3
    s.unshare(CLONE_FS)
    s.chdir("/dev")
    assert (t.getcwd(), th.getcwd(), s.getcwd()) == ("/tmp/d", "/tmp/d", "/dev")
    th.unshare(CLONE_FS)
    th.chdir("/")
    assert t.getcwd() == "/tmp/d"
    n = len(k.table("fs", live=True))
    t.unshare(CLONE_FS)  # its own already
    assert len(k.table("fs", live=True)) == n
    k.verify()


def test_the_directories_of_programs_are_their_own(k, t, kind):
    def program(t, n):
        yield t.mkdir(f"/tmp/{n}")
        yield t.chdir(f"/tmp/{n}")
        yield t.sched_yield()
        yield t.mkfifo("here")
        yield t.nanosleep(0.1)
        return (yield t.getcwd())

    tasks = [k.spawn(kind(program), n) for n in range(10)]
    k.run()
    assert [a.result for a in tasks] == [f"/tmp/{n}" for n in range(10)]
    assert all(t.stat(f"/tmp/{n}/here").st_mode == 0o10644 for n in range(10))


def test_a_directory_that_only_a_dead_process_stood_in(k, t, rows):
    before = rows(k)
    c = t.fork()
    c.mkdir("/tmp/d")
    c.chdir("/tmp/d")
    t.rmdir("/tmp/d")
    assert rows(k)["dentry"] == before["dentry"] + 1
    c.exit_group()
    t.wait4()
    assert rows(k) == before


def test_mount_points_stay(t, errno_of):
    for path in ("/tmp", "/dev", "/proc", "/dev/shm"):
        assert errno_of(t.rmdir, path) == EBUSY
        assert t.sys_unlink(path) == -EISDIR
    assert t.sys_rename("/tmp", "/x") == -EBUSY
    assert t.sys_rmdir("/") == -EBUSY
    assert errno.errorcode[errno_of(t.mkdir, "/")] == "EEXIST"
    assert fastipc.AT_FDCWD == -100


# ------------------------------------------------------------------------------------------ walks that are remembered
def there(t, *paths):
    return [t.sys_access(path, 0) for path in paths]


def test_a_walk_follows_what_became_of_its_directories(k, t):
    """The same path again and again, while directories on its way move, go and are made anew."""
    for path in ("/tmp/a", "/tmp/a/b", "/tmp/other"):
        t.mkdir(path)
    t.close(t.open("/tmp/a/b/f", NEW))
    assert there(t, "/tmp/a/b/f", "/tmp/a/b/f", "/tmp/a/b/g") == [0, 0, -ENOENT]
    t.rename("/tmp/a", "/tmp/c")
    k.verify()
    assert there(t, "/tmp/a/b/f", "/tmp/c/b/f") == [-ENOENT, 0]
    t.renameat2(AT_FDCWD, "/tmp/c", AT_FDCWD, "/tmp/other", RENAME_EXCHANGE)
    assert there(t, "/tmp/c/b/f", "/tmp/other/b/f") == [-ENOENT, 0]
    t.unlink("/tmp/other/b/f")
    t.rmdir("/tmp/other/b")
    k.verify()
    assert there(t, "/tmp/other/b/f") == [-ENOENT]
    t.close(t.open("/tmp/other/b", NEW))
    assert there(t, "/tmp/other/b/f", "/tmp/other/b", "/tmp/other/b/", "/tmp/other//b") == [-ENOTDIR, 0, -ENOTDIR, 0]
    k.verify()


def test_a_walk_asks_for_permission_after_a_change(k, t):
    for path in ("/tmp/a", "/tmp/a/b"):
        t.mkdir(path)
    t.close(t.open("/tmp/a/b/f", NEW))
    u = k.spawn(uid=1000)
    assert there(u, "/tmp/a/b/f") == [0]
    t.chmod("/tmp/a", 0o700)
    assert there(u, "/tmp/a/b/f") == [-EACCES] and there(t, "/tmp/a/b/f") == [0] and there(u, "/tmp/a/b/f") == [-EACCES]
    t.chmod("/tmp/a", 0o755)
    t.chmod("/tmp/a/b", 0o600)
    assert there(u, "/tmp/a/b/f", "/tmp/a/b") == [-EACCES, 0]
    k.verify()


def test_a_walk_begins_where_its_process_stands(k, t):
    """The same relative text from two directories, from a descriptor, and over a link and its change."""
    for path in ("/tmp/a", "/tmp/a/d", "/tmp/b", "/tmp/b/d"):
        t.mkdir(path)
    t.close(t.open("/tmp/a/d/f", NEW))
    t.chdir("/tmp/a")
    u = t.fork()
    u.chdir("/tmp/b")
    for _ in range(2):
        assert there(t, "d/f", "d/./f", "d/../d/f", "d/..") == [0, 0, 0, 0] and there(u, "d/f") == [-ENOENT]
    fd = u.open("/tmp/a", O_RDONLY)
    u.close(u.openat(fd, "d/f", O_RDONLY))
    t.symlink("/tmp/a/d", "/tmp/link")
    assert there(t, "/tmp/link/f", "/tmp/link/f") == [0, 0]
    t.unlink("/tmp/link")
    t.symlink("/tmp/b/d", "/tmp/link")
    assert there(t, "/tmp/link/f", "/tmp/a/d/f") == [-ENOENT, 0]
    long = "/tmp/a/d/" + "x" * 40
    t.mkdir(long)
    assert there(t, long + "/f", long + "/f", long + "/../f") == [-ENOENT, -ENOENT, 0]
    k.verify()
