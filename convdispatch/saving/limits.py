"""How much a file may ask for before memory is taken for it."""

from __future__ import annotations

from dataclasses import dataclass, field

from convdispatch.support.documents import DEFAULT_LIMITS, DocumentLimits


@dataclass(frozen=True, slots=True, kw_only=True)
class FileLimits:
    """Limits on what a file may ask for; raise them for a file that you trust.

    `max_bytes` is the most that the arrays of a file, or a file itself, may take; `documents` are
    the limits of the JSON in it.

    >>> FileLimits(max_bytes=10**6).documents.depth
    64
    """

    max_bytes: int = 2**34
    documents: DocumentLimits = field(default=DEFAULT_LIMITS)


DEFAULT_FILE_LIMITS = FileLimits()
