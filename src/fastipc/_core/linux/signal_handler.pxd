# Handlers: functions of the host that stand at addresses of the simulated programs.
#
# A program of the machine has no code that the machine could run; its handler is a function of Python, or machine code.
# Each has a row, and the address that its actions, frames and registers show is made of the number of the row. A row
# counts the actions that name it and the frames in which it runs; the entries keep what it stands for by its number.

cdef enum:
    HANDLER_BASE = 0x400000  # where the text of a program is, without randomisation
    HANDLER_SIZE = 16


ctypedef struct native_handler_t:  # a compiled handler: what its entry is called with; host memory
    entry_t entry
    int32_t size  # of the record of arguments that follows
    int32_t signo_at  # where the number goes in it, -1: nowhere
    int32_t info_at  # where the address of the info goes
    int32_t pad


cdef inline uint64_t handler_address(uint32_t handler) noexcept nogil:
    return HANDLER_BASE + <uint64_t>handler * HANDLER_SIZE


cdef inline uint32_t handler_of(kernel_t *k, uint64_t address) noexcept nogil:
    # The row of an address, 0: none is there.
    cdef uint64_t row = (address - HANDLER_BASE) // HANDLER_SIZE
    if address < HANDLER_BASE or address & (HANDLER_SIZE - 1) or row >= k.table[T_HANDLER].high:
        return 0
    return <uint32_t>row if handler_row(k, <uint32_t>row).live else 0


cdef inline void get_handler(kernel_t *k, uint32_t i) noexcept nogil:
    # 0: no function stands at the address.
    if i:
        handler_row(k, i).count += 1


cdef inline void handler_unused(kernel_t *k, uint64_t address) noexcept nogil:
    # A handler that no action has taken.
    cdef uint32_t i = handler_of(k, address)
    if i and handler_row(k, i).count == 0:
        table_free(k, T_HANDLER, i, sizeof(handler_t))


cdef inline void put_handler(kernel_t *k, uint32_t i) noexcept nogil:
    if i == 0:
        return
    handler_row(k, i).count -= 1
    if unlikely(handler_row(k, i).count == 0):
        table_free(k, T_HANDLER, i, sizeof(handler_t))
