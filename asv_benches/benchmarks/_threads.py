"""How many threads the frameworks may use: said before any of them, or NumPy, is imported.

One thread by default, because the figures of a shared machine vary least so. The variable
CONVDISPATCH_BENCH_THREADS asks for another number, and each framework's own variable, where it is
set already, is respected. Nothing here may import what it pins.
"""

import os

# Each is read once, when its library is loaded or first computes.
VARIABLES = (
    "OMP_NUM_THREADS",  # torch, and BLAS built with OpenMP
    "OPENBLAS_NUM_THREADS",  # NumPy
    "MKL_NUM_THREADS",  # NumPy and torch, where built with MKL
    "TF_NUM_INTRAOP_THREADS",
    "TF_NUM_INTEROP_THREADS",
    "NPROC",  # the thread pool of XLA's processor client: JAX
)


def pin() -> None:
    """Set the variables that the user has not set."""
    wanted = os.environ.get("CONVDISPATCH_BENCH_THREADS", "1")
    if not (wanted.isdecimal() and int(wanted) > 0):
        raise ValueError(
            f"CONVDISPATCH_BENCH_THREADS is {wanted!r}; expected a number of threads from 1, "
            "such as 1. Unset it for one thread."
        )
    for variable in VARIABLES:
        os.environ.setdefault(variable, wanted)
