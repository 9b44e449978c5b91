"""Import what is fuzzed so that atheris sees which of its lines run."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence

_READERS = ["convdispatch.saving", "convdispatch.support.documents", "convdispatch.models"]


@contextlib.contextmanager
def if_guided(argv: Sequence[str]) -> Iterator[None]:
    """Instrument the readers that the block imports, if atheris is to choose the mutations."""
    if "atheris" not in argv and "--engine=atheris" not in argv:
        yield
        return
    import atheris

    with atheris.instrument_imports(include=_READERS):
        yield
