"""Stat: a row of the machine with the names of the C fields."""

from libc.string cimport memcmp

cdef tuple STAT_FIELDS = ("st_dev", "st_ino", "st_mode", "st_nlink", "st_uid", "st_gid", "st_rdev", "st_size",
                          "st_blksize", "st_blocks", "st_atime_ns", "st_mtime_ns", "st_ctime_ns")


@cython.final
@cython.freelist(16)
cdef class Stat:
    """What stat, lstat and fstat tell. Immutable; made with fields as keywords, one that is not given is 0.

    Times: ``st_atime_ns`` in ns of the machine's realtime clock, ``st_atime`` in seconds. Source: stat(2).
    """

    def __init__(self, *, st_dev=0, st_ino=0, st_mode=0, st_nlink=0, st_uid=0, st_gid=0, st_rdev=0, st_size=0,
                 st_blksize=0, st_blocks=0, st_atime_ns=0, st_mtime_ns=0, st_ctime_ns=0):
        self.row.st_dev = <uint64_t>as_int(st_dev, "st_dev")
        self.row.st_ino = <uint64_t>as_int(st_ino, "st_ino")
        self.row.st_mode = <uint32_t>as_int(st_mode, "st_mode")
        self.row.st_nlink = <uint64_t>as_int(st_nlink, "st_nlink")
        self.row.st_uid = <uint32_t>as_int(st_uid, "st_uid")
        self.row.st_gid = <uint32_t>as_int(st_gid, "st_gid")
        self.row.st_rdev = <uint64_t>as_int(st_rdev, "st_rdev")
        self.row.st_size = as_int(st_size, "st_size")
        self.row.st_blksize = <uint32_t>as_int(st_blksize, "st_blksize")
        self.row.st_blocks = as_int(st_blocks, "st_blocks")
        self.row.st_atime_ns = as_int(st_atime_ns, "st_atime_ns")
        self.row.st_mtime_ns = as_int(st_mtime_ns, "st_mtime_ns")
        self.row.st_ctime_ns = as_int(st_ctime_ns, "st_ctime_ns")

    @property
    def st_dev(self):
        """int: Device number of the file system."""
        return self.row.st_dev

    @property
    def st_ino(self):
        """int: Inode number."""
        return self.row.st_ino

    @property
    def st_mode(self):
        """int: Type and permission bits."""
        return self.row.st_mode

    @property
    def st_nlink(self):
        """int: Names."""
        return self.row.st_nlink

    @property
    def st_uid(self):
        """int: Owner."""
        return self.row.st_uid

    @property
    def st_gid(self):
        """int: Group."""
        return self.row.st_gid

    @property
    def st_rdev(self):
        """int: Device number of a device node."""
        return self.row.st_rdev

    @property
    def st_size(self):
        """int: Bytes."""
        return self.row.st_size

    @property
    def st_blksize(self):
        """int: Bytes of a block."""
        return self.row.st_blksize

    @property
    def st_blocks(self):
        """int: Units of 512 bytes in use."""
        return self.row.st_blocks

    @property
    def st_atime_ns(self):
        """int: Last access."""
        return self.row.st_atime_ns

    @property
    def st_mtime_ns(self):
        """int: Last change of the data."""
        return self.row.st_mtime_ns

    @property
    def st_ctime_ns(self):
        """int: Last change of the inode."""
        return self.row.st_ctime_ns

    @property
    def st_atime(self):
        """float: Last access in seconds."""
        return self.row.st_atime_ns / 1e9

    @property
    def st_mtime(self):
        """float: Last change of the data in seconds."""
        return self.row.st_mtime_ns / 1e9

    @property
    def st_ctime(self):
        """float: Last change of the inode in seconds."""
        return self.row.st_ctime_ns / 1e9

    def _asdict(self):
        """All fields by name."""
        return {name: getattr(self, name) for name in STAT_FIELDS}

    def __iter__(self):
        return iter([getattr(self, name) for name in STAT_FIELDS])

    def __eq__(self, other):
        return isinstance(other, Stat) and memcmp(&self.row, &(<Stat>other).row, sizeof(stat_t)) == 0

    def __hash__(self):
        return hash(tuple(self))

    def __repr__(self):
        return f"Stat({', '.join(f'{k}={v!r}' for k, v in self._asdict().items())})"

    def __reduce__(self):
        return _stat, (self._asdict(),)


def _stat(fields):
    """A record from its fields, as pickle makes it."""
    return Stat(**fields)
