"""The documentation of a façade's class: that of the class that it translates, in its own words."""

from __future__ import annotations

import inspect
import re
import textwrap

from convdispatch import layers
from convdispatch.doors.rows import Row, names_in
from convdispatch.facades.signatures import Spelling

_WIDTH = 95  # of the lines of a docstring, without its indentation
_QUOTED = "(?<=`){}(?=[`=])"  # an argument alone, or with a value
_SENTENCE = re.compile(r"(?<=\.) (?=[A-Z`])")


class Documentation:
    """The `__doc__` of such a class, made on first use, so that an import does not pay for it."""

    def __init__(self, row: Row, like: type[layers.Layer], text: str) -> None:
        self._row, self._like, self._text = row, like, text

    def __get__(self, layer: object | None, layer_class: type[layers.Layer]) -> str:
        """Return the documentation of the class."""
        row, title, door = self._row, layer_class.dialect.title, layer_class.door
        paragraphs = inspect.cleandoc(self._like.__doc__ or "").split("\n\n")
        note = [_filled(row.note)] if row.note else []
        if row.arguments is None:
            about = f"`{layers.__name__}.{self._like.__name__}` in the words of {title}."
            shown = (one.replace(layers.__name__, door) for one in paragraphs)
            return "\n\n".join((about, *note, *shown)) + "\n"
        translated = [_translated(one, row, layer_class.spelling, door) for one in paragraphs]
        for word, ours in layer_class.dialect.data_formats.items():
            translated = [one.replace(f"='{ours or word}'", f"='{word}'") for one in translated]
        said = inspect.cleandoc(self._text).split("\n\n") if self._text else translated
        raised = [one for one in (*said, *translated) if one.startswith("Raises ")][:1]
        example = [one for one in said if one.startswith(">>> ")]
        prose = [one for one in said if one and not one.startswith((">>> ", "Raises ", "Source: "))]
        source = f"Source: {title} `{row.name}`."
        return "\n\n".join((*prose, *note, *raised, source, *example)) + "\n"


def _translated(paragraph: str, row: Row, spelling: Spelling, door: str) -> str:
    """Return a paragraph of a documentation under other names of the arguments.

    A sentence on an argument that does not exist there is left out.
    """
    if paragraph.startswith(">>> "):
        return re.sub(rf"\b{row.likeness}\b", row.name, paragraph.replace(layers.__name__, door))
    if paragraph.startswith("    "):
        return _renamed(paragraph, spelling, r"\b{}\b")
    absent = [name for name, spelled in spelling.items() if spelled is None]
    sentences = _SENTENCE.split(" ".join(paragraph.split()))
    kept = [one for one in sentences if not any(re.search(_QUOTED.format(n), one) for n in absent)]
    return _filled(_renamed(" ".join(kept), spelling, _QUOTED))


def _renamed(text: str, spelling: Spelling, pattern: str) -> str:
    for name, spelled in spelling.items():
        if spelled is not None:
            text = re.sub(pattern.format(name), ", ".join(names_in(spelled)), text)
    return text


def _filled(text: str) -> str:
    return "\n".join(textwrap.wrap(text, _WIDTH, break_on_hyphens=False, break_long_words=False))
