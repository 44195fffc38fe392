"""What util-linux's ``ipcs`` prints, of a simulated machine. Source: sys-utils/ipcs.c of util-linux, as its output shows."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from fastipc._core.abi import (
    GETALL,
    GETNCNT,
    GETPID,
    GETZCNT,
    IPC_INFO,
    MSG_INFO,
    MSG_STAT_ANY,
    SEM_INFO,
    SEM_STAT_ANY,
    SEMVMX,
    SHM_DEST,
    SHM_INFO,
    SHM_LOCKED,
    SHM_STAT_ANY,
)

if TYPE_CHECKING:
    from fastipc._core.entries import Task
    from fastipc.kernel import Kernel

PAGE = 4096
MOST = (1 << 64) - 1
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
    """The text, of the machine's first IPC namespace, as its root sees it."""
    options = parse(given)
    task = kernel.spawn(name="ipcs")
    try:
        if options.id >= 0:
            return _details(kernel, task, options)
        out = ["\n"]
        for kind in options.kinds:
            out += [*_section(kernel, task, kind, options), "\n"]
        return "".join(out)
    finally:
        _end(task)


def _end(task: Task) -> None:
    from fastipc.errors import TaskExited

    try:
        task.exit_group(0)
    except TaskExited:
        pass


# ------------------------------------------------------------------------------------------------ reading
def _rows(kernel: Kernel, task: Task, kind: str) -> Iterator[tuple[int, Any]]:
    """Ids and records, in the order of the indexes."""
    table, perm = {"q": ("msg_queue", "q_perm"), "m": ("shm", "shm_perm"), "s": ("sem_array", "sem_perm")}[kind]
    rows = kernel.table(table, live=True)
    limit = 1 << 24 if kernel.limits.ipcmni_extend else 1 << 15
    known = {int(row[perm]["id"]) for row in rows}
    for index in sorted(number % limit for number in known):
        try:
            number, record = _stat(task, kind, index)
        except OSError:  # of another namespace
            continue
        yield number, record


def _stat(task: Task, kind: str, index: int) -> tuple[int, Any]:
    if kind == "q":
        return task.msgctl(index, MSG_STAT_ANY)  # type: ignore[no-any-return]
    if kind == "m":
        return task.shmctl(index, SHM_STAT_ANY)  # type: ignore[no-any-return]
    return task.semctl(index, 0, SEM_STAT_ANY)  # type: ignore[no-any-return]


def _name(uid: int) -> str:
    return "root" if uid == 0 else str(uid)


def _ctime(seconds: int) -> str:
    return time.asctime(time.gmtime(seconds)) if seconds else "Not set"


def _short(seconds: int) -> str:
    return (_ctime(seconds)[4:] if seconds else "Not set")[:16]


def _line(widths: Sequence[int], *words: Any) -> str:
    return " ".join(f"{word!s:<{width}}" for word, width in zip(words, widths, strict=True)) + "\n"


# ------------------------------------------------------------------------------------------------ tables
def _section(kernel: Kernel, task: Task, kind: str, options: Options) -> Iterator[str]:
    if options.form == "limits":
        return _limits(task, kind, options.bytes)
    if options.form == "summary":
        return _summary(task, kind)
    shown = {"q": _queues, "m": _segments, "s": _sets}[kind]
    return shown(options.form, list(_rows(kernel, task, kind)))


def _creators(title: str, head: str, rows: list[tuple[int, Any]], perm: str) -> Iterator[str]:
    widths = (10,) * 6
    yield f"------ {title} --------\n"
    yield _line(widths, head, "perms", "cuid", "cgid", "uid", "gid")
    for number, record in rows:
        p = getattr(record, perm)
        yield _line(widths, number, f"{p.mode & 0o777:o}", *map(_name, (p.cuid, p.cgid, p.uid, p.gid)))


def _queues(form: str, rows: list[tuple[int, Any]]) -> Iterator[str]:
    if form == "creator":
        yield from _creators("Message Queues Creators/Owners", "msqid", rows, "msg_perm")
    elif form == "time":
        yield "------ Message Queues Send/Recv/Change Times --------\n"
        yield _line((8, 10, 20, 20, 20), "msqid", "owner", "send", "recv", "change")
        for number, ds in rows:
            times = map(_short, (ds.msg_stime, ds.msg_rtime, ds.msg_ctime))
            yield _line((8, 10, 20, 20, 20), number, _name(ds.msg_perm.uid), *times)
    elif form == "pid":
        yield "------ Message Queues PIDs --------\n"
        yield _line((10, 10, 10, 10), "msqid", "owner", "lspid", "lrpid")
        for number, ds in rows:
            yield f"{number:<8} {_name(ds.msg_perm.uid):<10} {ds.msg_lspid:>5}     {ds.msg_lrpid:>5}\n"
    else:
        widths = (10, 10, 10, 10, 12, 12)
        yield "------ Message Queues --------\n"
        yield _line(widths, "key", "msqid", "owner", "perms", "used-bytes", "messages")
        for number, ds in rows:
            p = ds.msg_perm
            key, perms = f"0x{p.key & 0xFFFFFFFF:08x}", f"{p.mode & 0o777:o}"
            yield _line(widths, key, number, _name(p.uid), perms, ds.msg_cbytes, ds.msg_qnum)


def _segments(form: str, rows: list[tuple[int, Any]]) -> Iterator[str]:
    if form == "creator":
        yield from _creators("Shared Memory Segment Creators/Owners", "shmid", rows, "shm_perm")
    elif form == "time":
        yield "------ Shared Memory Attach/Detach/Change Times --------\n"
        yield _line((10, 10, 20, 20, 20), "shmid", "owner", "attached", "detached", "changed")
        for number, ds in rows:
            times = map(_short, (ds.shm_atime, ds.shm_dtime, ds.shm_ctime))
            yield _line((10, 10, 20, 20, 20), number, _name(ds.shm_perm.uid), *times)
    elif form == "pid":
        yield "------ Shared Memory Creator/Last-op PIDs --------\n"
        yield _line((10, 10, 10, 10), "shmid", "owner", "cpid", "lpid")
        for number, ds in rows:
            yield _line((10, 10, 10, 10), number, _name(ds.shm_perm.uid), ds.shm_cpid, ds.shm_lpid)
    else:
        widths = (10, 10, 10, 10, 10, 10, 12)
        yield "------ Shared Memory Segments --------\n"
        yield _line(widths, "key", "shmid", "owner", "perms", "bytes", "nattch", "status")
        for number, ds in rows:
            p = ds.shm_perm
            state = "dest" if p.mode & SHM_DEST else "", "locked" if p.mode & SHM_LOCKED else ""
            key, perms = f"0x{p.key & 0xFFFFFFFF:08x}", f"{p.mode & 0o777:o}"
            words = key, number, _name(p.uid), perms, ds.shm_segsz, ds.shm_nattch, *state
            yield _line((10, 10, 10, 10, 10, 10, 6, 6), *words)


def _sets(form: str, rows: list[tuple[int, Any]]) -> Iterator[str]:
    if form == "creator":
        yield from _creators("Semaphore Arrays Creators/Owners", "semid", rows, "sem_perm")
    elif form == "time":
        yield "------ Semaphore Operation/Change Times --------\n"
        yield _line((8, 10, 26, 26), "semid", "owner", "last-op", "last-changed")
        for number, ds in rows:
            yield f"{number:<8} {_name(ds.sem_perm.uid):<10}  {_ctime(ds.sem_otime):<26} {_ctime(ds.sem_ctime):<26}\n"
    elif form != "pid":
        widths = (10, 10, 10, 10, 10)
        yield "------ Semaphore Arrays --------\n"
        yield _line(widths, "key", "semid", "owner", "perms", "nsems")
        for number, ds in rows:
            p = ds.sem_perm
            key, perms = f"0x{p.key & 0xFFFFFFFF:08x}", f"{p.mode & 0o777:o}"
            yield _line(widths, key, number, _name(p.uid), perms, ds.sem_nsems)


# ------------------------------------------------------------------------------------------------ limits, summaries
def _limits(task: Task, kind: str, in_bytes: bool) -> Iterator[str]:
    if kind == "q":
        q = task.msgctl(0, IPC_INFO)
        yield "------ Messages Limits --------\n"
        yield f"max queues system wide = {q.msgmni}\nmax size of message (bytes) = {q.msgmax}\n"
        yield f"default max size of queue (bytes) = {q.msgmnb}\n"
    elif kind == "m":
        m = task.shmctl(0, IPC_INFO)
        unit, name = (PAGE, "bytes") if in_bytes else (PAGE // 1024, "kbytes")
        total = m.shmall * unit if m.shmall <= MOST // unit else MOST - MOST % unit
        yield f"------ Shared Memory Limits --------\nmax number of segments = {m.shmmni}\n"
        yield f"max seg size ({name}) = {m.shmmax if in_bytes else m.shmmax // 1024}\n"
        yield f"max total shared memory ({name}) = {total}\nmin seg size (bytes) = {m.shmmin}\n"
    else:
        s = task.semctl(0, 0, IPC_INFO)
        yield f"------ Semaphore Limits --------\nmax number of arrays = {s.semmni}\n"
        yield f"max semaphores per array = {s.semmsl}\nmax semaphores system wide = {s.semmns}\n"
        yield f"max ops per semop call = {s.semopm}\nsemaphore max value = {SEMVMX}\n"


def _summary(task: Task, kind: str) -> Iterator[str]:
    if kind == "q":
        q = task.msgctl(0, MSG_INFO)
        yield f"------ Messages Status --------\nallocated queues = {q.msgpool}\nused headers = {q.msgmap}\n"
        yield f"used space = {q.msgtql} bytes\n"
    elif kind == "m":
        m = task.shmctl(0, SHM_INFO)
        yield f"------ Shared Memory Status --------\nsegments allocated {m.used_ids}\npages allocated {m.shm_tot}\n"
        yield f"pages resident  {m.shm_rss}\npages swapped   {m.shm_swp}\n"
        yield f"Swap performance: {m.swap_attempts} attempts\t {m.swap_successes} successes\n"
    else:
        s = task.semctl(0, 0, SEM_INFO)
        yield f"------ Semaphore Status --------\nused arrays = {s.semusz}\nallocated semaphores = {s.semaem}\n"


# ------------------------------------------------------------------------------------------------ one object
def _details(kernel: Kernel, task: Task, options: Options) -> str:
    for number, record in _rows(kernel, task, options.kinds):
        if number == options.id:
            shown = {"q": _queue, "m": _segment, "s": _set}[options.kinds]
            return "".join(shown(task, number, record)) + "\n"
    raise IpcsError(f"id {options.id} not found")


def _octal(mode: int) -> str:
    return f"0{mode:o}" if mode else "0"


def _ids(perm: Any, gap: str = "\t") -> str:
    return gap.join(f"{name}={getattr(perm, name)}" for name in ("uid", "gid", "cuid", "cgid"))


def _queue(task: Task, number: int, ds: Any) -> Iterator[str]:
    yield f"\nMessage Queue msqid={number}\n{_ids(ds.msg_perm)}\tmode={_octal(ds.msg_perm.mode)}\n"
    yield f"cbytes={ds.msg_cbytes}\tqbytes={ds.msg_qbytes}\tqnum={ds.msg_qnum}\tlspid={ds.msg_lspid}\tlrpid={ds.msg_lrpid}\n"
    yield f"send_time={_ctime(ds.msg_stime):<26}\nrcv_time={_ctime(ds.msg_rtime):<26}\n"
    yield f"change_time={_ctime(ds.msg_ctime):<26}\n"


def _segment(task: Task, number: int, ds: Any) -> Iterator[str]:
    mode = ds.shm_perm.mode
    yield f"\nShared memory Segment shmid={number}\n{_ids(ds.shm_perm)}\n"
    yield f"mode={_octal(mode)}\taccess_perms={_octal(mode & 0o777)}\n"
    yield f"bytes={ds.shm_segsz}\tlpid={ds.shm_lpid}\tcpid={ds.shm_cpid}\tnattch={ds.shm_nattch}\n"
    yield f"att_time={_ctime(ds.shm_atime):<26}\ndet_time={_ctime(ds.shm_dtime):<26}\n"
    yield f"change_time={_ctime(ds.shm_ctime):<26}\n"


def _set(task: Task, number: int, ds: Any) -> Iterator[str]:
    mode = ds.sem_perm.mode
    yield f"\nSemaphore Array semid={number}\n{_ids(ds.sem_perm, chr(9) + ' ')}\n"
    yield f"mode={_octal(mode)}, access_perms={_octal(mode & 0o777)}\nnsems = {ds.sem_nsems}\n"
    yield f"otime = {_ctime(ds.sem_otime):<26}\nctime = {_ctime(ds.sem_ctime):<26}\n"
    yield _line((10,) * 5, "semnum", "value", "ncount", "zcount", "pid")
    for num, value in enumerate(task.semctl(number, 0, GETALL)):
        counts = [task.semctl(number, num, cmd) for cmd in (GETNCNT, GETZCNT, GETPID)]
        yield _line((10,) * 5, num, value, *counts)
