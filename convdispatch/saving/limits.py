"""How much a file may ask for before memory is taken for it."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace

from convdispatch.errors import InvalidArgument, InvalidDocument
from convdispatch.support.documents import DEFAULT_LIMITS, DocumentLimits


@dataclass(frozen=True, slots=True, kw_only=True)
class FileLimits:
    """Limits on what a file may ask for; raise them for a file that you trust.

    `max_bytes` is the most that the arrays of a file may take in memory; `text_bytes` counts its
    names, attributes and JSON; `objects` its groups, arrays, pieces of arrays and members of an
    archive; `depth` groups within each other. `documents` are the limits of the JSON. An
    `untrusted` HDF5 file is read in another process, of bounded memory and time.

    >>> FileLimits(max_bytes=10**6).documents.depth
    64
    """

    max_bytes: int = 2**34
    text_bytes: int = 2**25
    objects: int = 1_000_000
    depth: int = 64
    documents: DocumentLimits = field(default=DEFAULT_LIMITS)
    untrusted: bool = False

    def __post_init__(self) -> None:
        for name in (each.name for each in fields(self) if each.type == "int"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or value < 0:
                raise InvalidArgument(
                    f"`{name}` of FileLimits must be an integer, at least 0; received {value!r}."
                )

    def of(self, untrusted: object) -> FileLimits:
        """Return these limits for a file that the user may call untrusted."""
        if not isinstance(untrusted, bool):
            raise InvalidArgument(f"`untrusted` must be True or False; received {untrusted!r}.")
        return replace(self, untrusted=self.untrusted or untrusted)

    def require(self, name: str, value: int, what: str) -> None:
        """Raise `InvalidDocument` if `value` is above the limit of that name."""
        limit = getattr(self, name)
        if value > limit:
            raise InvalidDocument(
                f"{what}; the limit `{name}` is {limit:,}. If you trust the file, give "
                f"`limits=FileLimits({name}=...)` of convdispatch.models."
            )


DEFAULT_FILE_LIMITS = FileLimits()
