"""`convdispatch picture LAYER --input SIZES`: what a layer's window does, as SVG."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from convdispatch.cli._layer_expressions import layer_of
from convdispatch.cli._output import UsageError, fitted, say
from convdispatch.runtime.selection import use_backend

_BACKEND = "numpy"  # a layer needs one; a picture computes nothing on it


def run(arguments: argparse.Namespace) -> int:
    """Draw the layer; print the picture, or write it and print it in words."""
    shape = _numbers(arguments.input, "--input", "x")
    output = None if arguments.output is None else _numbers(arguments.output, "--output", ",")
    with use_backend(_BACKEND):
        layer = layer_of(arguments.layer, arguments.keras)
    picture = layer.picture(
        shape, output=output, values=arguments.values, convention=arguments.convention
    )
    if arguments.out is not None:
        picture.save(Path(arguments.out))
    # Escaped: a terminal's encoding may lack a letter, and XML has a way to write it.
    text = picture.encode("ascii", "xmlcharrefreplace").decode()
    if arguments.json:
        where = {"svg": text} if arguments.out is None else {"file": arguments.out}
        told = {"summary": picture.summary, "description": picture.description, **where}
        say(json.dumps(told, indent=2))
    elif arguments.out is None:
        say(text.rstrip("\n"))
    else:
        say(fitted(f"{picture.summary}\n{picture.description}\nwrote {arguments.out}"))
    return 0


def _numbers(text: str, option: str, separator: str) -> tuple[int | None, ...]:
    """Return the numbers of `9x9` or `2,3`; `none` is an unknown size."""
    found: list[int | None] = []
    for part in text.lower().strip("()").split(separator):
        word = part.strip()
        if word == "none" and separator == "x":
            found.append(None)
        elif word.isdecimal() and len(word) <= 12:
            found.append(int(word))
        else:
            example = "9x9" if separator == "x" else "2,3"
            raise UsageError(
                f"`{option}` takes whole numbers, such as {example}; received {text!r}."
            )
    return tuple(found)
