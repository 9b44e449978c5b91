"""Whether a façade has a name, and which of its own is the nearest to one that it lacks."""

from __future__ import annotations

import functools
import importlib
from typing import Any

from convdispatch.doors.elsewhere import sentence
from convdispatch.support.similar import similar


@functools.cache
def has(api: str, name: str) -> bool:
    """Whether a façade has what a dotted name means within Keras.

    >>> has("keras1", "layers.Merge"), has("keras1", "layers.add")
    (True, False)
    """
    found: Any = importlib.import_module(f"convdispatch.{api}")
    path = f"convdispatch.{api}"
    for part in filter(None, name.split(".")):
        path = f"{path}.{part}"
        try:
            found = getattr(found, part)
        except ImportError:
            return True  # of a package that is not installed
        except AttributeError:
            try:
                found = importlib.import_module(path)
            except ImportError:
                return False
    return True


def about(api: str, name: str) -> str:
    """Return a sentence on a name that a façade lacks: what is nearest, and what to do."""
    above, _, last = name.rpartition(".")
    while above and not has(api, above):
        above, _, last = above.rpartition(".")
    module = f"convdispatch.{api}{above and '.' + above}"
    said = sentence(module, last).partition(": ")[2]
    owner: Any = importlib.import_module(f"convdispatch.{api}")
    for part in filter(None, above.split(".")):
        owner = getattr(owner, part)
    near = similar(last, [one for one in dir(owner) if not one.startswith("_")])
    hint = f"the nearest is `{near[0]}`" if near else ""
    return "; ".join(filter(None, (said.rstrip("."), hint))) or "nothing here is like it"
