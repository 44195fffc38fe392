"""Walk: the way from an address to the frame behind it, without touching anything.

Source: arch/x86/mm/fault.c (do_user_addr_fault), mm/memory.c (__handle_mm_fault), ipc/shm.c (shm_fault).
"""

cdef tuple WALK_FIELDS = ("addr", "vm_start", "vm_end", "prot", "shared", "kind", "file", "name", "shmid", "ino",
                          "pgoff", "cached", "tables", "pte", "writable", "frame", "end", "si_signo", "si_code")

cdef dict WALK_ENDS = {
    "page": "the frame, at once",
    "fault": "a page fault brings the page in",
    "no area": "no area holds the address",
    "no access": "the area does not allow it",
    "beyond the file": "the file ends before this page",
}


@cython.final
cdef class Walk:
    """Where an address of a task leads. Immutable; ``str()`` tells it line by line.

    Attributes
    ----------
    addr : int
        What was asked.
    vm_start, vm_end : int
        Bounds of the area that holds it; 0 if none does.
    prot, shared : str, bool
        What the area allows, as in /proc/PID/maps: ``"rw-"``; whether writes are seen by others.
    kind : str
        ``"anonymous"``, ``"file"`` or ``"System V"``; ``""`` without an area.
    file, name : int, str
        Row of the area's own open file, of an attach that of the attach; its name. 0 and ``""`` without one.
    shmid : int
        The segment behind an attach, else -1.
    ino, pgoff, cached : int, int, bool
        The inode behind the file, the page's index in it, and whether the page cache has that page.
    tables : tuple of int
        Frames of the page tables on the way, from the top; as many as there are.
    pte, writable : int, bool
        Frame of the page-table entry and its flag bits, 0 if there is no entry; whether it lets a write through.
    frame : int
        Number of the page frame that the access reaches or would find in the page cache, else -1.
    end : str
        Where the walk ends: ``"page"``, ``"fault"`` (a first touch would bring it in), ``"no area"``, ``"no access"``,
        ``"beyond the file"``.
    si_signo, si_code : int
        The signal that an access would raise, else 0.
    """

    def __init__(self, **fields):
        unknown = set(fields) - set(WALK_FIELDS)
        if unknown:
            raise TypeError(f"Walk has no field {unknown.pop()!r}")
        self.values = tuple([fields.get(name, 0) for name in WALK_FIELDS])

    def __getattr__(self, str name):
        if name in WALK_FIELDS:
            return self.values[WALK_FIELDS.index(name)]
        raise AttributeError(f"'Walk' object has no attribute {name!r}")

    def __iter__(self):
        return iter(self.values)

    def __eq__(self, other):
        return isinstance(other, Walk) and self.values == (<Walk>other).values

    def __hash__(self):
        return hash(self.values)

    def _asdict(self):
        """All fields by name."""
        return dict(zip(WALK_FIELDS, self.values))

    def __repr__(self):
        return f"Walk({', '.join([f'{name}={value!r}' for name, value in self._asdict().items()])})"

    def __reduce__(self):
        return make_walk, (self.values,)

    def __str__(self):
        lines = [("address", f"{self.addr:#x}")]
        if self.kind:
            lines.append(("area", f"{self.vm_start:#x}-{self.vm_end:#x} {self.prot}{'s' if self.shared else 'p'} "
                                  f"{self.kind}"))
        if self.file:
            lines.append(("attach file" if self.shmid >= 0 else "file", f"{self.name} (open file {self.file})"))
        if self.shmid >= 0:
            lines.append(("segment", f"shmid {self.shmid}"))
        if self.file and self.kind != "anonymous":
            lines.append(("inode", f"{self.ino}, page {self.pgoff} of it: "
                                   f"page cache {'hit' if self.cached else 'miss'}"))
        if self.tables:
            lines.append(("page tables", " > ".join([f"frame {frame}" for frame in self.tables])))
        if self.pte:
            lines.append(("entry", f"{self.pte:#x} {'read and write' if self.writable else 'read only'}"))
        if self.frame >= 0:
            lines.append(("frame", str(self.frame)))
        lines.append(("end", WALK_ENDS[self.end] + self.signal_text()))
        return "\n".join([f"{name:<12} {text}" for name, text in lines])

    def signal_text(self):
        """What an access would raise, in words."""
        if not self.si_signo:
            return ""
        if self.si_signo == SIGBUS:
            return ": SIGBUS, BUS_ADRERR"
        return f": SIGSEGV, {({SEGV_MAPERR: 'SEGV_MAPERR', SEGV_ACCERR: 'SEGV_ACCERR'}).get(self.si_code, 'SI_KERNEL')}"


def make_walk(values):
    """A `Walk` from the values of its fields in order; for pickle."""
    return Walk(**dict(zip(WALK_FIELDS, values)))


cdef str prot_text(uint32_t flags):
    return (("r" if flags & VM_READ else "-") + ("w" if flags & VM_WRITE else "-")
            + ("x" if flags & VM_EXEC else "-"))


cdef dict walk_area(kernel_t *k, vm_area_t *vma, uint64_t addr):
    # What the area and its file say.
    cdef char[4352] name
    cdef file_t *f = file_row(k, vma.vm_file)
    cdef inode_t *inode = inode_row(k, f.inode)
    cdef bint file = vma.vm_ops != ANON_VM_OPS
    cdef uint32_t page = 0
    cdef uint64_t pgoff = vma.vm_pgoff + ((addr - vma.vm_start) >> 12)
    if file:
        page = find_page(k, inode, pgoff)
    return {"vm_start": vma.vm_start, "vm_end": vma.vm_end, "prot": prot_text(vma.vm_flags),
            "shared": vma.vm_flags & VM_MAYSHARE != 0,
            "kind": ("anonymous", "file", "System V")[vma.vm_ops], "file": vma.vm_file,
            "name": os.fsdecode(name[:vma_name(k, vma, name, 4352)]),
            "shmid": inode.i_ino if vma.vm_ops == SHM_VM_OPS else -1, "ino": inode.i_ino if file else 0,
            "pgoff": pgoff, "cached": page != 0, "frame": <int64_t>page - 1}


cdef dict walk_tables_of(kernel_t *k, mm_t *mm, uint64_t addr):
    # What the page tables say.
    cdef uint32_t[4] tables
    cdef uint64_t entry = walk_tables(k, mm, addr, tables)
    found = {"tables": tuple([tables[i] - 1 for i in range(4) if tables[i]]), "pte": 0, "writable": False}
    if entry:
        found.update(pte=(<uint64_t>pte_page(entry) - 1 << 12 if pte_page(entry) else 0) | entry & PTE_FLAGS,
                     writable=entry & PTE_RW != 0, frame=<int64_t>pte_page(entry) - 1)
    return found


cdef Walk walk_address(kernel_t *k, task_t *t, uint64_t addr, bint write):
    cdef mm_t *mm = mm_row(k, t.mm)
    cdef uint32_t i = find_vma(k, mm, addr) if addr < <uint64_t>TASK_SIZE_MAX else 0
    cdef vm_area_t *vma = vma_row(k, i)
    fields = {"addr": addr, "prot": "---", "shared": False, "kind": "", "name": "", "shmid": -1, "cached": False,
              "tables": (), "writable": False, "frame": -1}
    if i == 0 or addr < vma.vm_start:
        fields.update(end="no area", si_signo=SIGSEGV, si_code=SEGV_MAPERR)
        return Walk(**fields)
    fields.update(walk_area(k, vma, addr))
    fields.update(walk_tables_of(k, mm, addr))
    if not (vma.vm_flags & (VM_WRITE if write else VM_ACCESS_FLAGS)):
        fields.update(end="no access", si_signo=SIGSEGV, si_code=SEGV_ACCERR)
    elif fields["pte"]:
        fields["end"] = "page" if fields["writable"] or not write else "fault"
    elif vma.vm_ops != ANON_VM_OPS and fields["pgoff"] >= (
            inode_row(k, file_row(k, vma.vm_file).inode).i_size + 4095) >> 12:
        fields.update(end="beyond the file", si_signo=SIGBUS, si_code=BUS_ADRERR)
    else:
        fields["end"] = "fault"
    return Walk(**fields)
