"""Who owns the memory of a machine, and read-only views of it that never dangle."""

from cpython.buffer cimport PyBuffer_FillInfo
from libc.stdlib cimport calloc, free


cdef class Arena:
    def __cinit__(self):
        self.k = <kernel_t *>calloc(1, sizeof(kernel_t))
        if self.k == NULL:
            raise MemoryError

    cdef int close(self):
        # The rows go as soon as no view looks at them. Precondition: no Task refers to its row any more.
        self.closed = True
        if self.k.reserved:
            coroutines_release(self.k)
        if self.views == 0:
            tables_release(self.k)
        return 0

    def __dealloc__(self):
        if self.k != NULL:
            if self.k.reserved:
                coroutines_release(self.k)
            tables_release(self.k)
            free(self.k.trace)
            free(self.k)


cdef class TableView:
    """The bytes of a table's rows up to the high-water mark."""

    def __cinit__(self, Arena arena, int which):
        self.arena = arena
        self.which = which
        arena.views += 1
        self.length = <Py_ssize_t>arena.k.table[which].high * arena.k.table[which].rowsize

    def __dealloc__(self):
        if self.arena is not None:
            self.arena.views -= 1
            if self.arena.closed:
                self.arena.close()

    def __getbuffer__(self, Py_buffer *buffer, int flags):
        if self.arena.k.reserved == 0:
            raise ValueError("the machine was closed")
        PyBuffer_FillInfo(buffer, self, self.arena.k.table[self.which].base, self.length, 1, flags)
