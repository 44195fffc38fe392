"""What util-linux's ``ipcs`` prints, of a simulated machine. Source: sys-utils/ipcs.c of util-linux, as its output
shows.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from fastipc._core.abi import SEMVMX, SHM_DEST, SHM_LOCKED, SHMMIN

if TYPE_CHECKING:
    from fastipc.kernel import Kernel

PAGE = 4096
MOST = (1 << 64) - 1
FIRST_NS = 1  # row of the first namespace
TABLES = {"q": ("msg_queue", "q_perm"), "m": ("shm", "shm_perm"), "s": ("sem_array", "sem_perm")}
FORMS = {"-t": "time", "-p": "pid", "-c": "creator", "-l": "limits", "-u": "summary", "-b": "bytes"}
LONG = {
    "--time": "-t", "--pid": "-p", "--creator": "-c", "--limits": "-l", "--summary": "-u", "--bytes": "-b",
    "--queues": "-q", "--shmems": "-m", "--semaphores": "-s", "--all": "-a", "--id": "-i",
}  # fmt: skip


class IpcsError(Exception):
    """What ipcs would say on stderr."""


class Options(NamedTuple):
    """The command line, understood."""

    kinds: str  # letters q, m, s
    form: str  # a value of FORMS, or "status"
    bytes: bool
    id: int  # -1: of all


def parse(given: Sequence[str]) -> Options:
    """The options as ipcs understands them: ``-m -t``, ``-mt``, ``--queues``, ``-i 5``."""
    kinds, form, in_bytes, number = set[str](), "status", False, -1
    words = iter([letter for word in given for letter in _letters(word)])
    for word in words:
        if word in ("-q", "-m", "-s"):
            kinds.add(word[1])
        elif word == "-a":
            kinds |= set("qms")
        elif word == "-b":
            in_bytes = True
        elif word in FORMS:
            form = FORMS[word]
        elif word == "-i":
            text = next(words, "")
            if not text.isdigit():
                raise IpcsError(f"failed to parse id argument: '{text}'")
            number = int(text)
        else:
            raise IpcsError(f"invalid option -- '{word.lstrip('-')}'")
    if number >= 0 and len(kinds) != 1:
        raise IpcsError("when using an ID, a single resource must be specified")
    return Options("".join(kind for kind in "qms" if kind in kinds or not kinds), form, in_bytes, number)


def _letters(word: str) -> list[str]:
    word, equals, value = word.partition("=")
    if word in LONG:
        return [LONG[word], *([value] if equals else [])]
    if word.startswith("-i") and len(word) > 2:
        return ["-i", word[2:]]
    return [f"-{letter}" for letter in word[1:]] if word.startswith("-") and not word.startswith("--") else [word]


def ipcs(kernel: Kernel, given: Sequence[str]) -> str:
    """The text, of the machine's first IPC namespace. Nothing of the machine changes."""
    options = parse(given)
    state = _State(kernel)
    if options.id >= 0:
        return _details(state, options)
    out = ["\n"]
    for kind in options.kinds:
        out += [*_section(state, kind, options), "\n"]
    return "".join(out)


# ------------------------------------------------------------------------------------------------ reading
class _State:
    """The System V objects of a machine, from its tables."""

    def __init__(self, kernel: Kernel) -> None:
        self.kernel = kernel
        self.limits = kernel.limits
        self.mask = (1 << 24 if kernel.limits.ipcmni_extend else 1 << 15) - 1

    def rows(self, kind: str) -> list[Any]:
        """Rows of one kind, in the order of their indexes."""
        table, perm = TABLES[kind]
        rows = self.kernel.table(table, live=True)
        rows = rows[(rows["ns"] == FIRST_NS) & (rows[perm]["deleted"] == 0)]
        return sorted(rows, key=lambda row: int(row[perm]["id"]) & self.mask)

    def sems(self, row: Any) -> np.ndarray[Any, Any]:
        """The semaphores of a set."""
        first = int(row["sems"])
        return self.kernel.table("sem")[first : first + int(row["sem_nsems"])]

    def resident(self, row: Any) -> int:
        """Pages of a segment that are there."""
        inode = self.kernel.table("file")[int(row["shm_file"])]["inode"]
        return int(self.kernel.table("inode")[inode]["nrpages"])

    def waiting(self, row: Any, num: int) -> tuple[int, int]:
        """How many wait for a semaphore to rise, and to be 0."""
        ids = self.kernel.table("sem_array")["sem_perm"]["id"]
        live = self.kernel.table("sem_array")["live"] != 0
        at = np.flatnonzero(live & (ids == row["sem_perm"]["id"]) & (self.kernel.table("sem_array")["ns"] == FIRST_NS))
        return self.kernel._m.semcnt(int(at[0]), num)


def _name(uid: Any) -> str:
    return "root" if uid == 0 else str(uid)


def _ctime(seconds: Any) -> str:
    return time.asctime(time.gmtime(int(seconds))) if seconds else "Not set"


def _short(seconds: Any) -> str:
    return (_ctime(seconds)[4:] if seconds else "Not set")[:16]


def _line(widths: Sequence[int], *words: Any) -> str:
    return " ".join(f"{word!s:<{width}}" for word, width in zip(words, widths, strict=True)) + "\n"


# ------------------------------------------------------------------------------------------------ tables
def _section(state: _State, kind: str, options: Options) -> Iterator[str]:
    if options.form == "limits":
        return _limits(state, kind, options.bytes)
    if options.form == "summary":
        return _summary(state, kind)
    shown = {"q": _queues, "m": _segments, "s": _sets}[kind]
    return shown(options.form, state)


def _head(perm: Any) -> tuple[Any, ...]:
    return (
        f"0x{int(perm['key']) & 0xFFFFFFFF:08x}",
        int(perm["id"]),
        _name(perm["uid"]),
        f"{int(perm['mode']) & 0o777:o}",
    )


def _creators(title: str, head: str, state: _State, kind: str) -> Iterator[str]:
    widths = (10,) * 6
    yield f"------ {title} --------\n"
    yield _line(widths, head, "perms", "cuid", "cgid", "uid", "gid")
    for row in state.rows(kind):
        p = row[TABLES[kind][1]]
        yield _line(widths, p["id"], _head(p)[3], *(_name(p[name]) for name in ("cuid", "cgid", "uid", "gid")))


def _queues(form: str, state: _State) -> Iterator[str]:
    rows = state.rows("q")
    if form == "creator":
        yield from _creators("Message Queues Creators/Owners", "msqid", state, "q")
    elif form == "time":
        yield "------ Message Queues Send/Recv/Change Times --------\n"
        yield _line((8, 10, 20, 20, 20), "msqid", "owner", "send", "recv", "change")
        for q in rows:
            times = map(_short, (q["q_stime"], q["q_rtime"], q["q_ctime"]))
            yield _line((8, 10, 20, 20, 20), q["q_perm"]["id"], _name(q["q_perm"]["uid"]), *times)
    elif form == "pid":
        yield "------ Message Queues PIDs --------\n"
        yield _line((10, 10, 10, 10), "msqid", "owner", "lspid", "lrpid")
        for q in rows:
            head = f"{q['q_perm']['id']:<8} {_name(q['q_perm']['uid']):<10}"
            yield f"{head}  {q['q_lspid']:>5}     {q['q_lrpid']:>5}\n"
    else:
        widths = (10, 10, 10, 10, 12, 12)
        yield "------ Message Queues --------\n"
        yield _line(widths, "key", "msqid", "owner", "perms", "used-bytes", "messages")
        for q in rows:
            yield _line(widths, *_head(q["q_perm"]), q["q_cbytes"], q["q_qnum"])


def _segments(form: str, state: _State) -> Iterator[str]:
    rows = state.rows("m")
    if form == "creator":
        yield from _creators("Shared Memory Segment Creators/Owners", "shmid", state, "m")
    elif form == "time":
        yield "------ Shared Memory Attach/Detach/Change Times --------\n"
        yield _line((10, 10, 20, 20, 20), "shmid", "owner", "attached", "detached", "changed")
        for m in rows:
            times = map(_short, (m["shm_atim"], m["shm_dtim"], m["shm_ctim"]))
            yield _line((10, 10, 20, 20, 20), m["shm_perm"]["id"], _name(m["shm_perm"]["uid"]), *times)
    elif form == "pid":
        yield "------ Shared Memory Creator/Last-op PIDs --------\n"
        yield _line((10, 10, 10, 10), "shmid", "owner", "cpid", "lpid")
        for m in rows:
            p = m["shm_perm"]
            yield _line((10, 10, 10, 10), p["id"], _name(p["uid"]), m["shm_cprid"], m["shm_lprid"])
    else:
        yield "------ Shared Memory Segments --------\n"
        yield _line((10, 10, 10, 10, 10, 10, 12), "key", "shmid", "owner", "perms", "bytes", "nattch", "status")
        for m in rows:
            mode = int(m["shm_perm"]["mode"])
            status = "dest" if mode & SHM_DEST else "", "locked" if mode & SHM_LOCKED else ""
            yield _line((10, 10, 10, 10, 10, 10, 6, 6), *_head(m["shm_perm"]), m["shm_segsz"], m["shm_nattch"], *status)


def _sets(form: str, state: _State) -> Iterator[str]:
    rows = state.rows("s")
    if form == "creator":
        yield from _creators("Semaphore Arrays Creators/Owners", "semid", state, "s")
    elif form == "time":
        yield "------ Semaphore Operation/Change Times --------\n"
        yield _line((8, 10, 26, 26), "semid", "owner", "last-op", "last-changed")
        for s in rows:
            head = f"{s['sem_perm']['id']:<8} {_name(s['sem_perm']['uid']):<10}"
            yield f"{head}  {_ctime(state.sems(s)['sem_otime'].max()):<26} {_ctime(s['sem_ctime']):<26}\n"
    elif form != "pid":
        yield "------ Semaphore Arrays --------\n"
        yield _line((10,) * 5, "key", "semid", "owner", "perms", "nsems")
        for s in rows:
            yield _line((10,) * 5, *_head(s["sem_perm"]), s["sem_nsems"])


# ------------------------------------------------------------------------------------------------ limits, summaries
def _limits(state: _State, kind: str, in_bytes: bool) -> Iterator[str]:
    limits = state.limits
    if kind == "q":
        yield "------ Messages Limits --------\n"
        yield f"max queues system wide = {limits.msgmni}\nmax size of message (bytes) = {limits.msgmax}\n"
        yield f"default max size of queue (bytes) = {limits.msgmnb}\n"
    elif kind == "m":
        unit, name = (PAGE, "bytes") if in_bytes else (PAGE // 1024, "kbytes")
        total = limits.shmall * unit if limits.shmall <= MOST // unit else MOST - MOST % unit
        yield f"------ Shared Memory Limits --------\nmax number of segments = {limits.shmmni}\n"
        yield f"max seg size ({name}) = {limits.shmmax if in_bytes else limits.shmmax // 1024}\n"
        yield f"max total shared memory ({name}) = {total}\nmin seg size (bytes) = {SHMMIN}\n"
    else:
        semmsl, semmns, semopm, semmni = limits.sem
        yield f"------ Semaphore Limits --------\nmax number of arrays = {semmni}\n"
        yield f"max semaphores per array = {semmsl}\nmax semaphores system wide = {semmns}\n"
        yield f"max ops per semop call = {semopm}\nsemaphore max value = {SEMVMX}\n"


def _summary(state: _State, kind: str) -> Iterator[str]:
    rows = state.rows(kind)
    if kind == "q":
        yield f"------ Messages Status --------\nallocated queues = {len(rows)}\n"
        yield f"used headers = {sum(int(q['q_qnum']) for q in rows)}\n"
        yield f"used space = {sum(int(q['q_cbytes']) for q in rows)} bytes\n"
    elif kind == "m":
        pages = sum(-(-int(m["shm_segsz"]) // PAGE) for m in rows)
        yield f"------ Shared Memory Status --------\nsegments allocated {len(rows)}\npages allocated {pages}\n"
        yield f"pages resident  {sum(map(state.resident, rows))}\npages swapped   0\n"
        yield "Swap performance: 0 attempts\t 0 successes\n"
    else:
        yield f"------ Semaphore Status --------\nused arrays = {len(rows)}\n"
        yield f"allocated semaphores = {sum(int(s['sem_nsems']) for s in rows)}\n"


# ------------------------------------------------------------------------------------------------ one object
def _details(state: _State, options: Options) -> str:
    perm = TABLES[options.kinds][1]
    for row in state.rows(options.kinds):
        if int(row[perm]["id"]) == options.id:
            shown = {"q": _queue, "m": _segment, "s": _set}[options.kinds]
            return "".join(shown(state, row)) + "\n"
    raise IpcsError(f"id {options.id} not found")


def _octal(mode: int) -> str:
    return f"0{int(mode):o}" if mode else "0"


def _ids(perm: Any, gap: str = "\t") -> str:
    return gap.join(f"{name}={perm[name]}" for name in ("uid", "gid", "cuid", "cgid"))


def _queue(state: _State, q: Any) -> Iterator[str]:
    p = q["q_perm"]
    yield f"\nMessage Queue msqid={p['id']}\n{_ids(p)}\tmode={_octal(p['mode'])}\n"
    yield f"cbytes={q['q_cbytes']}\tqbytes={q['q_qbytes']}\tqnum={q['q_qnum']}"
    yield f"\tlspid={q['q_lspid']}\tlrpid={q['q_lrpid']}\n"
    yield f"send_time={_ctime(q['q_stime']):<26}\nrcv_time={_ctime(q['q_rtime']):<26}\n"
    yield f"change_time={_ctime(q['q_ctime']):<26}\n"


def _segment(state: _State, m: Any) -> Iterator[str]:
    p = m["shm_perm"]
    yield f"\nShared memory Segment shmid={p['id']}\n{_ids(p)}\n"
    yield f"mode={_octal(p['mode'])}\taccess_perms={_octal(int(p['mode']) & 0o777)}\n"
    yield f"bytes={m['shm_segsz']}\tlpid={m['shm_lprid']}\tcpid={m['shm_cprid']}\tnattch={m['shm_nattch']}\n"
    yield f"att_time={_ctime(m['shm_atim']):<26}\ndet_time={_ctime(m['shm_dtim']):<26}\n"
    yield f"change_time={_ctime(m['shm_ctim']):<26}\n"


def _set(state: _State, s: Any) -> Iterator[str]:
    p, sems = s["sem_perm"], state.sems(s)
    yield f"\nSemaphore Array semid={p['id']}\n{_ids(p, chr(9) + ' ')}\n"
    yield f"mode={_octal(p['mode'])}, access_perms={_octal(int(p['mode']) & 0o777)}\nnsems = {s['sem_nsems']}\n"
    yield f"otime = {_ctime(sems['sem_otime'].max()):<26}\nctime = {_ctime(s['sem_ctime']):<26}\n"
    yield _line((10,) * 5, "semnum", "value", "ncount", "zcount", "pid")
    for num, sem in enumerate(sems):
        yield _line((10,) * 5, num, sem["semval"], *state.waiting(s, num), sem["sempid"])
