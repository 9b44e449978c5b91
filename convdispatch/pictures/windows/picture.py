"""A picture that a program holds: text that notebooks show and that a file takes."""

from __future__ import annotations

import os
from pathlib import Path

from convdispatch.errors import InvalidType
from convdispatch.support.files import write_atomically


class Picture(str):
    """An SVG image. It is a `str`; a notebook shows it as the last line of a cell.

    >>> from convdispatch.layers import Conv2D
    >>> picture = Conv2D(1, 3, name="conv").picture((5, 5))
    >>> picture.summary
    'Conv2D conv: 5 × 5 cells become 3 × 3'
    """  # noqa: RUF002 - a multiplication sign is meant

    __slots__ = ("description", "summary")
    summary: str  # in a few words
    description: str  # the geometry in sentences, for those who do not see it

    def __new__(cls, svg: str, summary: str, description: str) -> Picture:
        """Make a picture of its markup, which holds the other two as well."""
        made = super().__new__(cls, svg)
        made.summary, made.description = summary, description
        return made

    def __reduce__(self) -> tuple[type[Picture], tuple[str, str, str]]:
        """Return what a copy and a pickle are made of."""
        return Picture, (str(self), self.summary, self.description)

    def __repr__(self) -> str:
        return f"<Picture {self.summary!r}>"

    def _repr_svg_(self) -> str:
        """Return what a notebook shows."""
        return str(self)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the picture to a file, as a whole or not at all."""
        if not isinstance(path, str | os.PathLike):
            raise InvalidType(f"`path` must be the name of a file; received {path!r}.")
        write_atomically(Path(path), str(self))
