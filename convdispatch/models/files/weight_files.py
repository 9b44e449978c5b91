"""A model's weights in a file: NumPy's archive of arrays, one for each weight under its path.

The file is replaced as a whole or not at all. It holds numbers alone, and reading it runs no code.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from convdispatch.engine.arguments import as_bool
from convdispatch.engine.declarations import lasting
from convdispatch.errors import InvalidArgument, InvalidDocument, InvalidShape
from convdispatch.formulas.keywords import names_keywords
from convdispatch.models.files.unsaid import as_convention, as_ordering
from convdispatch.models.files.weight_loading import FileWishes, load_from_file
from convdispatch.models.files.writing import WrittenModel
from convdispatch.ops import NumpyArray
from convdispatch.saving.archives import open_archive
from convdispatch.saving.limits import DEFAULT_FILE_LIMITS, FileLimits
from convdispatch.saving.npz_files import arrays_of
from convdispatch.saving.recognising import is_archive_of_arrays
from convdispatch.saving.sources import source_of

_ROOM = 4096  # bytes of a file beside the numbers of each weight


class SavedWeights(WrittenModel):
    """The methods of a stack of layers to save and to load its weights."""

    @names_keywords
    def load_weights(
        self,
        filepath: Any,
        by_name: bool = False,
        skip_mismatch: bool = False,
        *,
        trained_on: str | None = None,
        dim_ordering: str | None = None,
        limits: FileLimits = DEFAULT_FILE_LIMITS,
        untrusted: bool = False,
    ) -> None:
        """Give all weights the values in a file of any Keras, or in one that `save_weights` wrote.

        Layers are paired in their order, as every Keras does; `by_name` pairs those of one name and
        leaves the others as they are. `skip_mismatch`, with it, leaves layers as they are whose
        weights do not fit, with a warning. `trained_on` ('theano' or 'tensorflow') and
        `dim_ordering` ('th' or 'tf') say of a file of Keras 1 what it does not say itself. Kernels
        of another convention are turned round, and those of another Keras laid out anew.
        `untrusted` is as of `load_model`.

        Raises `InvalidDocument` for another kind of file, and for weights that do not fit, with all
        that is wrong; then no weight is changed.
        """
        wishes = FileWishes(
            by_name=as_bool(by_name, "by_name"),
            skip_mismatch=as_bool(skip_mismatch, "skip_mismatch"),
            trained_on=as_convention(trained_on),
            ordering=as_ordering(dim_ordering),
        )
        self._load_weights(Path(filepath), wishes, limits.of(untrusted))

    def _load_weights(self, path: Path, wishes: FileWishes, limits: FileLimits) -> None:
        if is_archive_of_arrays(path):
            self._load_archive(path, wishes)
        else:
            load_from_file(self, path, wishes, limits)

    def _load_reshaped(
        self,
        filepath: Any,
        by_name: bool = False,
        skip_mismatch: bool = False,
        reshape: bool = False,
        *,
        trained_on: str | None = None,
        dim_ordering: str | None = None,
        untrusted: bool = False,
    ) -> None:
        """Load weights as `load_weights` does; `reshape` allows kernels with as many numbers."""
        wishes = FileWishes(
            by_name=as_bool(by_name, "by_name"),
            skip_mismatch=as_bool(skip_mismatch, "skip_mismatch"),
            trained_on=as_convention(trained_on),
            ordering=as_ordering(dim_ordering),
            reshapes=as_bool(reshape, "reshape"),
        )
        self._load_weights(Path(filepath), wishes, DEFAULT_FILE_LIMITS.of(untrusted))

    def _load_archive(self, path: Path, wishes: FileWishes) -> None:
        if wishes.by_name:
            raise InvalidArgument(
                f"`by_name` is for files of Keras; {str(path)!r} is an archive of NumPy, which has "
                "all weights of the model in their order."
            )
        shapes = [weight.public_shape for weight in self._declared_in_order()]
        most = sum(8 * math.prod(shape) + _ROOM for shape in shapes) + _ROOM
        arrays = _arrays(path, most)
        try:
            self._set_by_layer(arrays)
        except (InvalidArgument, InvalidShape) as exc:
            raise type(exc)(f"the file {str(path)!r}: {exc}") from exc

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
