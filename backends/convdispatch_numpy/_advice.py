"""What could be set up better for NumPy on this machine."""

from __future__ import annotations

import os
from collections.abc import Collection

import numpy as np

from convdispatch_numpy import _threads

# OpenBLAS's names for the kernels that know no AVX-512, oldest first.
_OLDER_KERNELS = ("Prescott", "Core2", "Penryn", "Nehalem", "SandyBridge", "Haswell", "Zen")
_VARIABLE = "OPENBLAS_CORETYPE"


def advice() -> list[str]:
    """Return sentences for the user; none if no problem is known."""
    kernels = getattr(_threads.blas(), "architecture", None)
    if kernels not in _OLDER_KERNELS or not _has_avx512(_instructions()):
        return []
    if os.environ.get(_VARIABLE):
        found = f"The environment variable {_VARIABLE} makes NumPy's OpenBLAS compute"
        what_to_do = f"Unset {_VARIABLE} before Python starts, unless it was set for a reason."
    else:
        found = "NumPy's OpenBLAS does not know this processor and computes"
        what_to_do = f"Set the environment variable {_VARIABLE}=SkylakeX before Python starts."
    return [
        f"{found} as on '{kernels}', without AVX-512: matrix products may take twice as long as "
        f"they need to. {what_to_do}"
    ]


def _instructions() -> Collection[str]:
    """Return NumPy's names for the instructions that it found on this processor."""
    shown = np.show_config(mode="dicts") or {}
    found: Collection[str] = shown.get("SIMD Extensions", {}).get("found", ())
    return found


def _has_avx512(instructions: Collection[str]) -> bool:
    # The first is the name before NumPy 2.4, the second since.
    return not {"AVX512_SKX", "X86_V4"}.isdisjoint(instructions)
