"""A model written to a file: which format, whose words, and the file whole or not at all."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from convdispatch.engine.arguments import as_bool
from convdispatch.errors import InvalidArgument
from convdispatch.formulas.keywords import names_keywords
from convdispatch.models._flat_weights import StackedWeights
from convdispatch.models.files.storing import as_dialect, checkpoint_of, dialect_of
from convdispatch.saving.keras3_writing import write_keras, write_weights
from convdispatch.saving.keras_h5_writing import write_keras_h5
from convdispatch.saving.npz_files import write_npz
from convdispatch.saving.safetensors_files import write_safetensors
from convdispatch.support.files import replacing
from convdispatch.support.weights_paths import WHOLE, Kind, kind_of, weights_path

_OLD = ("keras1", "keras2")  # which have HDF5 alone
_WRITERS = {
    "h5": write_keras_h5,
    "weights.h5": write_weights,
    "keras": write_keras,
    "safetensors": write_safetensors,
}


class WrittenModel(StackedWeights):
    """The methods of a model to write it to a file."""

    @names_keywords
    def save(
        self,
        filepath: Any,
        overwrite: bool = True,
        include_optimizer: bool = True,
        *,
        dialect: str | None = None,
    ) -> None:
        """Write the whole model: architecture, weights, settings of training, the optimizer.

        The name's ending says the format: '.h5' (and '.hdf5') is the file of the Keras whose layers
        the model has, '.keras' that of Keras 3, '.safetensors' holds the arrays and the
        architecture. `dialect` asks for the words of 'keras1', 'keras2', 'tf_keras' or 'keras3'.

        A program that is killed meanwhile, or a full disk, leaves the file as it was before.
        Without `overwrite`, a file that exists is an `InvalidArgument`, and so is a layer that the
        dialect cannot express.
        """
        path = Path(filepath)
        own = dialect_of(self) if dialect is None else as_dialect(dialect)
        kind = kind_of(path)
        if kind == "npz" and own in _OLD and not path.suffix:
            kind = "h5"  # which is all that these write, whatever the name
        if kind not in WHOLE:
            raise InvalidArgument(
                f"a whole model is saved under a name that ends in '.h5', '.keras' or "
                f"'.safetensors'; received {str(path)!r}. `save_weights` saves the weights alone."
            )
        _require_free(path, overwrite)
        if kind == "keras" and dialect is None and own in _OLD:
            own = "keras3"
        self._write(
            path, kind, own, whole=True, optimizer=as_bool(include_optimizer, "include_optimizer")
        )

    @names_keywords
    def save_weights(
        self, filepath: Any, overwrite: bool = True, *, dialect: str | None = None
    ) -> None:
        """Write the weights of all layers to a file.

        The name's ending says the format: '.h5' (and '.hdf5') is the file of weights of the Keras
        whose layers the model has, '.weights.h5' that of Keras 3, '.safetensors' has each weight
        under its path, and any other name is an archive of NumPy, such as 'weights.npz'. `dialect`
        and the rest are as of `save`.
        """
        path = weights_path(filepath)
        kind = kind_of(path)
        if kind == "keras":
            raise InvalidArgument(
                f"a '.keras' file is a whole model, which `save` writes; received {str(path)!r}. "
                "Give a name that ends in '.weights.h5', '.h5', '.safetensors' or '.npz'."
            )
        _require_free(path, overwrite)
        if kind == "npz":
            with replacing(path) as stream:
                self._write_archive(stream)
            return
        own = dialect_of(self) if dialect is None else as_dialect(dialect)
        if kind == "weights.h5" and own in _OLD:
            kind = "h5"
        self._write(path, kind, own, whole=False, optimizer=kind == "weights.h5")

    def _write(self, path: Path, kind: Kind, dialect: str, *, whole: bool, optimizer: bool) -> None:
        names: Any = "keras" if kind == "weights.h5" else kind
        checkpoint = checkpoint_of(self, dialect, names, architecture=whole, optimizer=optimizer)
        with replacing(path) as stream:
            _WRITERS[kind](stream, checkpoint)

    def _write_archive(self, stream: Any) -> None:
        write_npz(stream, zip(self._paths_of_weights(), self._arrays_by_layer(), strict=True))

    def _paths_of_weights(self) -> list[str]:
        """Return the path of each weight."""
        raise NotImplementedError


def save_model(
    model: WrittenModel, filepath: Any, overwrite: bool = True, include_optimizer: bool = True
) -> None:
    """Write a whole model to a file, as its method `save` does."""
    model.save(filepath, overwrite, include_optimizer)


def _require_free(path: Path, overwrite: bool) -> None:
    if not as_bool(overwrite, "overwrite") and path.exists():
        raise InvalidArgument(
            f"the file {str(path)!r} exists. Give another name, or `overwrite=True`."
        )
