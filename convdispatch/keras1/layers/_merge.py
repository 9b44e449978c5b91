"""Keras 1's `Merge`, one class for all that Keras 2 has several for, and the function `merge`.

`Merge(...)` makes an object of a class that also extends the layer of this package with that mode.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, Self, Unpack

from convdispatch import layers
from convdispatch.engine.arguments import as_choice
from convdispatch.engine.constructor_signature import LayerOptions
from convdispatch.engine.list_layer import ListLayer
from convdispatch.errors import InvalidArgument, InvalidType
from convdispatch.facades.own_functions import ScriptFunction
from convdispatch.keras1.layers._layer import Keras1Layer
from convdispatch.layers._cosine import Cosine
from convdispatch.layers._user_function import FunctionLayer

_OF_FUNCTION = "of_function"  # the kind that has no word for a mode


class Merge(Keras1Layer, ListLayer):
    """Make one tensor of several: their sum, product, average, concatenation, or a function.

        input   a list of at least two tensors
        output  as the mode says

    Modes: 'sum', 'mul', 'ave' and 'max' combine cell by cell, 'concat' puts the tensors one after
    the other, 'dot' sums products of samples, 'cos' is the cosine of two rows. A function takes the
    list, and `mask` too if it has an argument of that name.

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type. A
    call raises `InvalidShape` where shapes do not fit.

    Source: Keras 1.2.2 `Merge`.

    >>> import numpy as np
    >>> from convdispatch.keras1.layers import Merge
    >>> Merge(mode="concat")([np.array([[1.0, 2.0]]), np.array([[3.0]])])
    array([[1., 2., 3.]])
    """

    __module__ = Keras1Layer.door
    spelling: ClassVar[Mapping[str, Any]] = {"axis": "concat_axis", "axes": "dot_axes"}
    kinds: ClassVar[dict[str, type[Merge]]] = {}

    def __new__(cls, layers: Any = None, mode: Any = "sum", *rest: Any, **options: Any) -> Self:
        """Return an object of the class of that mode."""
        kind: Any = _kind_of(mode) if cls is Merge else cls
        made: Self = super().__new__(kind)
        return made

    def __init__(
        self,
        layers: Sequence[Any] | None = None,
        mode: str | Callable[..., Any] = "sum",
        concat_axis: int = -1,
        dot_axes: int | Sequence[int] = -1,
        output_shape: Sequence[int | None] | Callable[..., Any] | None = None,
        output_mask: Callable[..., Any] | None = None,
        arguments: Mapping[str, Any] | None = None,
        **options: Unpack[LayerOptions],
    ) -> None:
        """Check and keep the arguments.

        layers: models whose outputs are merged, where it is the first layer of a Sequential.
        mode: a word, or a function of a list of tensors.
        concat_axis: along which mode 'concat' puts the tensors; the batch axis is 0.
        dot_axes: which modes 'dot' and 'cos' sum: of both tensors, or one of each.
        output_shape: of a function, as of `Lambda`.
        output_mask: a function of the list of masks that returns the mask of a function's output.
        arguments: keyword arguments of a function.
        options: what every layer takes, such as `name`, `dtype`, `input_shape`, `weights`.
        """
        beside: dict[str, Any] = {}
        if isinstance(self, _JOINING):
            beside = {"axis": concat_axis}
        elif isinstance(self, _PRODUCTS):
            beside = {"axes": dot_axes}
        super().__init__(**beside, **options)
        if not isinstance(self, _kind_of(mode)):
            raise InvalidArgument(
                f"`mode` of {self.name!r} cannot change; received {mode!r}. Make a new Merge."
            )
        if not isinstance(layers, list | tuple | None):
            raise InvalidType(
                f"`layers` of Merge must be a list of models; received {type(layers).__name__}."
            )
        self.branches = None if layers is None else list(layers)
        self.mode, self.concat_axis, self.dot_axes = mode, concat_axis, dot_axes
        self.output_mask = output_mask
        if isinstance(self, FunctionLayer):
            of_masks = None if output_mask is None else _OfMasks(output_mask)
            self._keep_function("mode", mode, output_shape, of_masks, arguments)
        elif output_shape is not None or output_mask is not None or arguments:
            raise InvalidArgument(
                "`output_shape`, `output_mask` and `arguments` belong to a `mode` that is a "
                f"function; received {mode!r}."
            )

    @property
    def layers(self) -> list[Any]:
        """The models that are merged, where it is the first layer of a Sequential."""
        if self.branches is None:
            raise AttributeError(f"{self.name!r} was not given `layers`.", name="layers", obj=self)
        return list(self.branches)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments; functions as they are, which no document holds."""
        return layers.Layer.get_config(self) | {
            "mode": self.mode,
            "concat_axis": self.concat_axis,
            "dot_axes": self.dot_axes,
            "output_shape": getattr(self, "_stated_shape", None),
            "output_mask": self.output_mask,
            "arguments": getattr(self, "arguments", {}),
        }


class _OfMasks:
    """A function of masks as one of inputs and their masks."""

    def __init__(self, function: Any) -> None:
        if not callable(function):
            raise InvalidType(
                f"`output_mask` must be a function of a list of masks; received "
                f"{type(function).__name__}."
            )
        self.function = function

    def __call__(self, inputs: Any, mask: Any) -> Any:
        return self.function(mask)


_BASES: Mapping[str, type[ListLayer]] = {
    "sum": layers.Add,
    "mul": layers.Multiply,
    "concat": layers.Concatenate,
    "ave": layers.Average,
    "cos": Cosine,
    "dot": layers.Dot,
    "max": layers.Maximum,
    _OF_FUNCTION: ScriptFunction,
}
_JOINING, _PRODUCTS = layers.Concatenate, layers.Dot
for _mode, _base in _BASES.items():
    # Pickles find the class as an attribute of `Merge`.
    _contents = {"__module__": Merge.__module__, "__qualname__": f"Merge.{_mode}"}
    Merge.kinds[_mode] = type("Merge", (Merge, _base), _contents)
    setattr(Merge, _mode, Merge.kinds[_mode])


def _kind_of(mode: Any) -> type[Merge]:
    """Return the class of a mode; raise for one that Keras 1 does not have."""
    if callable(mode):
        return Merge.kinds[_OF_FUNCTION]
    if not isinstance(mode, str):
        raise InvalidType(
            f"`mode` of Merge must be a word or a function; received {type(mode).__name__}. A "
            "function is never read from a document: make the layer in your code."
        )
    return Merge.kinds[as_choice(mode, tuple(_BASES)[:-1], "mode")]


def merge(
    inputs: Sequence[Any],
    mode: str | Callable[..., Any] = "sum",
    concat_axis: int = -1,
    dot_axes: int | Sequence[int] = -1,
    output_shape: Sequence[int | None] | Callable[..., Any] | None = None,
    output_mask: Callable[..., Any] | None = None,
    arguments: Mapping[str, Any] | None = None,
    name: str | None = None,
) -> Any:
    """Return one tensor for several: a `Merge` of the same arguments, called with `inputs`.

    >>> import numpy as np
    >>> from convdispatch.keras1.layers import merge
    >>> merge([np.array([[1.0, 2.0]]), np.array([[10.0, 20.0]])], mode="sum")
    array([[11., 22.]])
    """
    layer = Merge(
        None, mode, concat_axis, dot_axes, output_shape, output_mask, arguments, name=name
    )
    return layer(inputs)
