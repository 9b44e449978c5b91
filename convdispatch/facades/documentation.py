"""The documentation of a façade's class: that of the class that it translates, in its own words."""

from __future__ import annotations

import inspect
import re
import textwrap
from collections.abc import Iterator

from convdispatch import layers
from convdispatch.doors.rows import Row
from convdispatch.facades.signatures import Spelling, names_in

_WIDTH = 95  # of the lines of a docstring, without its indentation
_SENTENCE = re.compile(r"(?<=\.) (?=[A-Z`])")


class Documentation:
    """The `__doc__` of such a class, made when it is asked for: an import does not pay for it."""

    def __init__(self, row: Row, like: type[layers.Layer], text: str) -> None:
        self._row, self._like, self._text = row, like, text

    def __get__(self, layer: object | None, layer_class: type[layers.Layer]) -> str:
        """Return the documentation of the class."""
        original = inspect.cleandoc(self._like.__doc__ or "")
        door = layer_class.door
        if self._row.arguments is None:
            dialect = layer_class.dialect
            about = f"`{layers.__name__}.{self._like.__name__}` in the words of {dialect.title}."
            shown = original.replace(layers.__name__, door)
            return "\n\n".join(filter(None, (about, _filled(self._row.note), shown))) + "\n"
        source = f"Source: {layer_class.dialect.title} `{self._row.name}`."
        translated = list(_translated(original, layer_class.spelling, door))
        said = inspect.cleandoc(self._text).split("\n\n") if self._text else translated
        raised = [one for one in (*said, *translated) if one.startswith("Raises ")][:1]
        example = [one for one in said if one.startswith(">>> ")]
        prose = [one for one in said if not one.startswith((">>> ", "Raises ", "Source: "))]
        return "\n\n".join((*prose, *raised, source, *example)) + "\n"


def _translated(text: str, spelling: Spelling, door: str) -> Iterator[str]:
    """Yield the paragraphs of a documentation under other names of the arguments.

    A sentence on an argument that does not exist there is left out.
    """
    absent = {f"`{name}`" for name, spelled in spelling.items() if spelled is None}
    for paragraph in text.split("\n\n"):
        if paragraph.startswith(">>> "):
            yield paragraph.replace(layers.__name__, door)
        elif paragraph.startswith("    "):
            yield _renamed(paragraph, spelling, r"\b{}\b")
        else:
            whole = " ".join(paragraph.split())
            kept = [one for one in _SENTENCE.split(whole) if not any(a in one for a in absent)]
            yield _filled(_renamed(" ".join(kept), spelling, "(?<=`){}(?=`)"))


def _renamed(text: str, spelling: Spelling, pattern: str) -> str:
    for name, spelled in spelling.items():
        if spelled is not None:
            text = re.sub(pattern.format(name), ", ".join(names_in(spelled)), text)
    return text


def _filled(text: str) -> str:
    return "\n".join(textwrap.wrap(text, _WIDTH, break_on_hyphens=False, break_long_words=False))
