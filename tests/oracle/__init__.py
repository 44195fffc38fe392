"""The oracle: the same steps on the real kernel and on fastipc, results compared call by call.

`machine.py` is the interface of both sides, `real.py` (with `worker.c`) and `sim.py` are the sides, `cases_*.py` hold
the cases, one a row of behaviour, and `fuzz.py` draws random programs. The answers of the real kernel are kept in
`recorded/` for hosts that cannot give them: `pytest tests/oracle --record` writes them anew.
"""
