"""What could be set up better for NumPy on this machine."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from convdispatch_numpy import _threads

# OpenBLAS's names for the kernels that know no AVX-512, oldest first.
_OLDER_KERNELS = ("Prescott", "Core2", "Penryn", "Nehalem", "SandyBridge", "Haswell", "Zen")


def advice() -> list[str]:
    """Return sentences for the user; none where nothing is known to be amiss."""
    # Zen 5 with the OpenBLAS 0.3.31 of NumPy 2.4, for example: github.com/OpenMathLib/OpenBLAS
    # pull request 6033.
    kernels = getattr(_threads.blas(), "architecture", None)
    if kernels not in _OLDER_KERNELS or not _has_avx512(_instructions()):
        return []
    return [
        f"NumPy's OpenBLAS does not know this processor, which has AVX-512, and computes as on "
        f"'{kernels}': matrix products may take twice as long as they need to. Set the environment "
        "variable OPENBLAS_CORETYPE=SkylakeX before Python starts."
    ]


def _instructions() -> Collection[str]:
    """Return NumPy's names for the instructions that it found on this processor."""
    shown = np.show_config(mode="dicts") or {}
    found: Collection[str] = shown.get("SIMD Extensions", {}).get("found", ())
    return found


def _has_avx512(instructions: Collection[str]) -> bool:
    # The first is the name before NumPy 2.4, the second since.
    return not {"AVX512_SKX", "X86_V4"}.isdisjoint(instructions)
