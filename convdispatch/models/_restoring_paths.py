"""The weights of a file in the layers of a model where the file has them by path."""

from __future__ import annotations

from typing import Any

from convdispatch.errors import InvalidDocument
from convdispatch.models._file_order import Slot
from convdispatch.models._file_paths import named_paths_of, paths_of
from convdispatch.saving.checkpoint import Checkpoint, StoredLayer


def by_path(model: Any, checkpoint: Checkpoint) -> list[tuple[StoredLayer, Any, list[Slot]]]:
    """Return the groups of a file that have arrays, each with a layer and its weights.

    Raises `InvalidDocument` unless the file has the groups of this model, with all that differ.
    """
    groups = {layer.name: layer for layer in checkpoint.layers if layer.arrays}
    paths = named_paths_of if checkpoint.naming == "names" else paths_of
    wanted = {path: (owner, places) for path, owner, places in paths(model) if len(places)}
    missing = [path for path in wanted if path not in groups]
    surplus = [path for path in groups if path not in wanted]
    if missing or surplus:
        said = [
            f"{what} {', '.join(map(repr, paths))}"
            for what, paths in (("no weights for", missing), ("and more for", surplus))
            if paths
        ]
        raise InvalidDocument(
            f"the file has {' '.join(said).removeprefix('and ')}; {model.name!r} has "
            f"{', '.join(map(repr, wanted))}. Load it into a model with the layers of the one that "
            "was saved."
        )
    return [
        (groups[path], owner, [(id(owner), place) for place in places])
        for path, (owner, places) in wanted.items()
    ]
