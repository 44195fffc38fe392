"""Compiled programs in Numba: the type of a task, its methods, and how a program is entered.

Imported when the first program is compiled, and by Numba when it loads one from its cache. Either way the symbols are
registered first: machine code that names one which is missing would crash the host.
"""

from ctypes import CFUNCTYPE, c_void_p

from llvmlite import binding
from numba.core.registry import cpu_target
from numba.core.runtime import rtsys

from fastipc._core.native import NUMBA_ALLOC, SYMBOLS, set_numba

for _name, _address in SYMBOLS.items():
    binding.add_symbol(f"fastipc_{_name}", _address)

# Arrays that Numba makes while a compiled program runs belong to its task, see linux/heap.pxd: its runtime offers what
# is needed for that (nrt_external.h), and machine code finds the allocator by its name.
rtsys.initialize(cpu_target.target_context)
set_numba(
    CFUNCTYPE(c_void_p)(binding.address_of_symbol("NRT_get_api"))() or 0,
    binding.address_of_symbol("NRT_MemInfo_alloc_aligned") or 0,
)
for _name in ("NRT_MemInfo_alloc_aligned", "NRT_MemInfo_alloc_safe_aligned"):
    binding.add_symbol(_name, NUMBA_ALLOC)
