"""A model leaves for another world: as an object of its framework, or as files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from convdispatch.engine.arguments import as_bool
from convdispatch.errors import ConvDispatchError, InvalidArgument, PluginError
from convdispatch.models._programs import program_of
from convdispatch.models._pure import PureStack
from convdispatch.runtime.exporters import load_exporter
from convdispatch.support.folders import replaced_whole
from convdispatch.support.foreign import call, said


class Exportable(PureStack):
    """The method of a stack of layers to leave this package."""

    def export(self, target: str, path: Any = None, *, overwrite: bool = True) -> Any:
        """Return the model as an object of `target`'s world, which needs this package no more.

        With a `path` the model is written there instead, whole or not at all, and None is returned.
        The model computes as in inference, with the weights that it has now, for any batch size.
        Without `overwrite`, a path that exists is an `InvalidArgument`.

        'torch' gives a module, 'jax' a function and a dictionary of arrays, 'tensorflow' a
        `tf.Module`, 'onnx' a `ModelProto`; a plugin may offer more.

        Raises `UnsupportedOp`, which names the layer, for what the target cannot express,
        `PackageMissing` where its framework is not installed, and `InvalidArgument` for a target
        that nobody offers.
        """
        exporter = load_exporter(target)
        program = program_of(self, exporter.supports)
        if path is None:
            return self._translated(target, lambda: exporter.export(program))
        where, may_replace = Path(path), as_bool(overwrite, "overwrite")
        if where.exists() and not may_replace:
            raise InvalidArgument(
                f"the path {str(where)!r} exists. Give another one, or `overwrite=True`."
            )
        with replaced_whole(where, is_folder=exporter.is_folder) as draft:
            self._translated(target, lambda: exporter.write(program, draft))
        return None

    def _translated(self, target: str, translate: Any) -> Any:
        try:
            return call(translate)
        except (ConvDispatchError, OSError):
            raise
        except Exception as exc:
            raise PluginError(
                f"{self.name!r} could not be exported to {target!r}: the exporter raised "
                f"{said(exc)}. That is a fault of the exporter; report it with the model's summary."
            ) from exc
