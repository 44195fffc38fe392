"""The compiled modules and how they are compiled; everything else is in pyproject.toml.

Two switches in the environment, for the builds of `make coverage` and `make sanitize`:
FASTIPC_TRACE=1 counts lines of Cython, FASTIPC_SANITIZE=1 builds with AddressSanitizer and UBSan.
"""

import os
import platform
import sysconfig
from importlib.util import find_spec
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

TRACE = os.environ.get("FASTIPC_TRACE") == "1"
SANITIZE = os.environ.get("FASTIPC_SANITIZE") == "1"

DIRECTIVES = {
    "language_level": 3,
    "boundscheck": False,
    "wraparound": False,
    "initializedcheck": False,
    "cdivision": True,
    "embedsignature": True,
    "embedsignature.format": "clinic",
    "binding": False,
    "linetrace": TRACE,
}

# sys.monitoring (Python 3.12) would see no line of Cython; the older tracing does.
DEFINES = [("CYTHON_TRACE", "1"), ("CYTHON_TRACE_NOGIL", "1"), ("CYTHON_USE_SYS_MONITORING", "0")] if TRACE else []

if SANITIZE:
    # No red zones on the stack: greenlet copies it, and every switch would be reported.
    COMPILE = ["-O1", "-g", "-fno-omit-frame-pointer", "--param=asan-stack=0"]
    LINK = ["-fsanitize=address,undefined", "-fno-sanitize-recover=undefined"]
    COMPILE += [*LINK, "-Werror=shift-count-overflow"]
else:
    COMPILE = ["-O3", "-g0", "-fno-plt", "-fvisibility=hidden"]
    # What says `inline` is inlined, and what does not is not because it has one caller: the short way of a call, see
    # linux/coroutine.pxd, must be one function, and the rare branches must stay out of it.
    COMPILE += ["-DCYTHON_INLINE=inline __attribute__((always_inline))"]
    COMPILE += ["-fno-inline-functions-called-once"]
    if platform.machine() == "x86_64" and "gcc" in (sysconfig.get_config_var("CC") or ""):
        # A row is cleared by plain stores: to start a string instruction takes longer than the whole call.
        COMPILE += ["-mmemset-strategy=vector_loop:512:noalign,libcall:-1:noalign"]
    LINK = []

MODULES = [
    "abi",  # numbers
    "layout",
    "mechanism",  # all of linux/
    "entries",  # all of entries/
]


def extension(name: str) -> Extension:
    """One extension for one .pyx; greenlet's C header lies in its package, our own beside the sources."""
    greenlet = find_spec("greenlet")
    include = ["src/fastipc/_core"]
    include += [str(Path(greenlet.origin).parents[1])] if greenlet and greenlet.origin else []
    return Extension(
        f"fastipc._core.{name}",
        [f"src/fastipc/_core/{name}.pyx"],
        include,
        DEFINES,
        extra_compile_args=COMPILE,
        extra_link_args=LINK,
        language="c",
    )


class CythonizeAll(build_ext):
    """Translate all modules at once and in parallel, and only when they are to be built (not for an sdist)."""

    def run(self) -> None:
        from Cython.Build import cythonize

        jobs = os.cpu_count() or 1
        self.parallel = self.parallel or jobs
        where = None if TRACE else "build/cython"
        done = cythonize(self.extensions, build_dir=where, nthreads=jobs, compiler_directives=DIRECTIVES)
        for ext, translated in zip(self.extensions, done, strict=True):
            ext.sources = translated.sources
        super().run()


setup(ext_modules=[extension(name) for name in MODULES], cmdclass={"build_ext": CythonizeAll})
