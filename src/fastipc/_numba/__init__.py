"""Compiled programs in Numba: the type of a task, its methods, and how a program is entered.

Imported when the first program is compiled, and by Numba when it loads one from its cache. Either way the symbols are
registered first: machine code that names one which is missing would crash the host.
"""

from llvmlite import binding

from fastipc._core.native import SYMBOLS

for _name, _address in SYMBOLS.items():
    binding.add_symbol(f"fastipc_{_name}", _address)
