"""Constants of the simulated machine, under Linux's names.

Source: the header named above each block of `abi.pxd`. Missing: constants of subsystems that do not exist yet.
"""
