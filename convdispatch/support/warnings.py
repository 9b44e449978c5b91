"""Warnings that name the line of the user's own code."""

from __future__ import annotations

import sys
import warnings


def warn(message: str) -> None:
    """Warn with the line that called the package, however deep in the package the warning arises.

    A backend counts as part of the package.
    """
    level, frame = 2, sys._getframe(1)
    while frame.f_back is not None and _is_ours(frame.f_globals.get("__name__", "")):
        level, frame = level + 1, frame.f_back
    warnings.warn(message, UserWarning, stacklevel=level)


def _is_ours(module: str) -> bool:
    root = module.partition(".")[0]
    return root == "convdispatch" or root.startswith("convdispatch_")
