"""Compiled programs in Numba: the type of a task, its methods, and how a program is entered.

Imported when the first program is compiled, and by Numba when it loads one from its cache. Either way the symbols are
registered first: machine code that names one which is missing would crash the host.
"""

from ctypes import CFUNCTYPE, c_void_p

from llvmlite import binding
from numba.core.registry import cpu_target
from numba.core.runtime import rtsys

from fastipc._core.entries import NUMBA, SYMBOLS, set_numba

for _name, _address in SYMBOLS.items():
    binding.add_symbol(f"fastipc_{_name}", _address)

# Objects that Numba makes while a compiled program runs belong to its task, see linux/heap.pxd: its runtime offers what
# is needed for that (nrt_external.h), and machine code finds the allocators by their names.
rtsys.initialize(cpu_target.target_context)
ORIGINALS = [
    CFUNCTYPE(c_void_p)(binding.address_of_symbol("NRT_get_api"))() or 0,
    *(
        binding.address_of_symbol(f"NRT_{_name}") or 0
        for _name in (
            "MemInfo_alloc_aligned", "MemInfo_alloc", "MemInfo_alloc_dtor", "MemInfo_new_varsize",
            "MemInfo_new_varsize_dtor", "Free",
        )
    ),
]  # fmt: skip
TRACKED = set_numba(*ORIGINALS)
for _name, _address in NUMBA.items():
    binding.add_symbol(_name, _address)
