"""How many threads the frameworks may use: said before any of them is imported.

One thread by default, because the figures of a shared machine vary least so. The variable
CONVDISPATCH_BENCH_THREADS asks for another number, and each framework's own variable, where it is
set already, is respected. Nothing here may import what it pins.

NumPy is another matter: asv_runner 0.3.2 imports it, by pympler, before it imports any benchmark.
Its BLAS has read the variables by then, and is told by threadpoolctl.
"""

import importlib
import os
import sys

# Each is read once, when its library is loaded or first computes. Those of NumPy's BLAS, the first
# one torch's as well:
BLAS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
VARIABLES = (
    *BLAS,
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
    if "numpy" in sys.modules and not any(variable in os.environ for variable in BLAS):
        _tell_blas(int(wanted))
    for variable in VARIABLES:
        os.environ.setdefault(variable, wanted)
    # Else JAX hands each computation to a thread of its own and waits for it: 18 microseconds for
    # the tiny layer while that processor is awake, 60 and more while it sleeps or is taken.
    os.environ.setdefault("JAX_CPU_ENABLE_ASYNC_DISPATCH", "false")


def _tell_blas(threads: int) -> None:
    try:
        threadpoolctl = importlib.import_module("threadpoolctl")
    except ImportError as exc:
        raise ImportError(
            "NumPy was imported before its threads could be pinned, and the package threadpoolctl, "
            "which pins them afterwards, is not installed. Install it "
            f"(`pip install threadpoolctl`), or run asv with OPENBLAS_NUM_THREADS={threads} set."
        ) from exc
    threadpoolctl.threadpool_limits(threads, "blas")
