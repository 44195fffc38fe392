"""The constants of `abi.pxd` as integers of Python, and from there of the package."""

from libc.stdint cimport uint32_t, uint64_t

# What does not fit in a C int is made unsigned again.
globals().update(
    CLONE_IO=<uint32_t>CLONE_IO,
    WCLONE=<uint32_t>WCLONE,
    RLIM_INFINITY=<uint64_t>RLIM_INFINITY,
)
