"""Use Hypothesis without its folder `.hypothesis` and without the modules of the program at hand.

Of every module that is no package's, Hypothesis reads the source, and draws the numbers written
there. So what it draws depends on what is imported and on how it was installed, and reading this
project takes longer than all cases that draw. Neither can be switched off by a setting.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hypothesis.configuration
from hypothesis.internal.conjecture import providers

_NO_FOLDER = Path(__file__, "hypothesis")  # below a file there cannot be any
# Hypothesis's names are its own; a version that lacks one is used as it is.
_MODULES_NUMBERS, _PERMITTED = "_get_local_constants", "CONSTANTS_CACHE"


@contextlib.contextmanager
def alone() -> Iterator[None]:
    """Draw the same whatever else is there, and leave nothing behind."""
    with _storing_nothing(), _reading_nothing():
        yield


@contextlib.contextmanager
def _storing_nothing() -> Iterator[None]:
    """Keep hypothesis from making a folder `.hypothesis` where the user is.

    It does without what it cannot store, which also goes for what its database does not hold.
    """
    before = vars(hypothesis.configuration).get("__hypothesis_home_directory")
    hypothesis.configuration.set_hypothesis_home_dir(_NO_FOLDER)
    try:
        yield
    finally:
        hypothesis.configuration.set_hypothesis_home_dir(before)


@contextlib.contextmanager
def _reading_nothing() -> Iterator[None]:
    """Let hypothesis find no numbers in modules, also not those that it has found before."""
    theirs = {name: vars(providers).get(name) for name in _ours}
    if None in theirs.values():
        yield
        return
    vars(providers).update(_ours)
    try:
        yield
    finally:
        vars(providers).update(theirs)


def _nothing() -> Any:
    return _empty


_ours: dict[str, Any] = {}
_empty: Any = None
with contextlib.suppress(ImportError, AttributeError, TypeError):
    from hypothesis.internal.constants_ast import Constants

    _empty = Constants()
    _ours = {
        _MODULES_NUMBERS: _nothing,
        _PERMITTED: type(vars(providers)[_PERMITTED])(1024),
    }
