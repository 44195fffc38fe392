"""Operations over arrays, as NumPy ufuncs made by Numba: `fastipc.batch.sigset`."""
