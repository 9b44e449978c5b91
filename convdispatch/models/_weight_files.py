"""A model's weights in a file: NumPy's archive of arrays, one for each weight under its path.

The file is replaced as a whole or not at all. It holds numbers alone, and reading it runs no code.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from convdispatch.engine.declarations import lasting
from convdispatch.errors import InvalidDocument
from convdispatch.formulas.keywords import names_keywords
from convdispatch.models._writing import WrittenModel
from convdispatch.ops import NumpyArray
from convdispatch.saving.archives import open_archive
from convdispatch.saving.npz_files import arrays_of
from convdispatch.saving.sources import source_of
from convdispatch.support.weights_paths import weights_path

_ROOM = 4096  # bytes of a file beside the numbers of each weight


class SavedWeights(WrittenModel):
    """The methods of a stack of layers to save and to load its weights."""

    @names_keywords
    def load_weights(self, filepath: Any) -> None:
        """Give all weights the values in a file that `save_weights` wrote.

        Raises `InvalidDocument` for another kind of file, and for weights that do not fit; then no
        weight is changed.
        """
        path = weights_path(filepath)
        shapes = [weight.public_shape for weight in self._declared_in_order()]
        most = sum(8 * math.prod(shape) + _ROOM for shape in shapes) + _ROOM
        self.set_weights(_arrays(path, most))

    def _declared_in_order(self) -> list[Any]:
        return [
            weight for layer in self._built_layers() for weight in lasting(layer.declared_weights)
        ]


def _arrays(path: Path, most: int) -> list[NumpyArray]:
    """Return the arrays of a file; raise if it would unpack to more than so many bytes."""
    source = source_of(path)
    if source.size > most:
        raise _too_large(path, most)
    try:
        archive = open_archive(source)
        is_fitting = archive.size <= most
        found = [one.read() for one in arrays_of(archive).values()] if is_fitting else []
    except InvalidDocument as exc:
        raise InvalidDocument(
            f"the file {str(path)!r} is none that `save_weights` wrote for such a model: {exc}"
        ) from exc
    if not is_fitting:
        raise _too_large(path, most)
    return found


def _too_large(path: Path, most: int) -> InvalidDocument:
    return InvalidDocument(
        f"the file {str(path)!r} holds weights of other shapes: it has more than the {most} bytes "
        "that the weights of this model can have. Load it into a model with the layers of the one "
        "that was saved."
    )
