"""All operations of the speed table, in its order."""

from compiled_operations import COMPILED, WITH_GO
from file_operations import FILES
from memory_operations import MEMORY
from nothing_operations import NOTHING
from operations import OPERATIONS
from signal_operations import SIGNALS
from sysv_operations import SYSV_ROWS
from timing import Operation

ALL: tuple[Operation, ...] = NOTHING + OPERATIONS + COMPILED + WITH_GO + FILES + MEMORY + SYSV_ROWS + SIGNALS
