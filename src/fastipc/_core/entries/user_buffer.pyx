"""A range of a task's own memory, as an argument."""

cimport cython


@cython.final
@cython.freelist(16)
cdef class UserBuffer:
    """``length`` bytes at ``addr`` in the memory of the task that makes the call, in place of a buffer.

    Whether anything is there is the call's to find out: EFAULT if not. Source: a pointer that C passes.

    Parameters
    ----------
    addr : int
        Any address, also one that is no user space.
    length : int
        Bytes.
    """

    def __init__(self, addr, length):
        self.addr = <uint64_t>as_int(addr, "addr")
        self.length = <uint64_t>as_int(length, "length")

    def __eq__(self, other):
        if not isinstance(other, UserBuffer):
            return NotImplemented
        return self.addr == (<UserBuffer>other).addr and self.length == (<UserBuffer>other).length

    def __hash__(self):
        return hash((self.addr, self.length))

    def __repr__(self):
        return f"UserBuffer({self.addr:#x}, {self.length})"

    def __reduce__(self):
        return UserBuffer, (self.addr, self.length)


cdef uint64_t user_addr(object value, uint64_t size, str name) except? 0:
    # Where a record of `size` bytes is to be stored, or is.
    if (<UserBuffer>value).length < size:
        raise ValueError(f"{name} must have {size} bytes")
    return (<UserBuffer>value).addr
