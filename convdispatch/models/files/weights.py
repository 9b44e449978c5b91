"""What a file of a Keras has for a layer, and how its arrays become the layer's weights.

Keras 1 kept kernels in layouts and gates in an order of its own; Theano's kernels are flipped. An
array is brought into Keras 2's layout, flipped if the file and the layer are of different
conventions, and laid out as the layer has it. Where both are of one kind it stays.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from convdispatch import layers as families
from convdispatch.doors import keras1
from convdispatch.doors.rows import rows_of
from convdispatch.engine.declarations import Layout, Weight, lasting
from convdispatch.engine.layer import Layer
from convdispatch.layers._bidirectional import WAYS
from convdispatch.layers._wrapping import Wrapper, wrapped_as
from convdispatch.models.files import cudnn
from convdispatch.ops import NumpyArray, Shape
from convdispatch.saving.checkpoint import Dialect

# The gates in the order in which a kernel of Keras 2 has them, and that of Keras 1's arrays.
_GATES: Sequence[tuple[type[Layer], str, str]] = (
    (families.LSTM, "ifco", "icfo"),
    (families.ConvLSTM2D, "ifco", "icfo"),
    (families.GRU, "zrh", "zrh"),
)
_PARTS = ("kernel", "recurrent_kernel", "bias")
_OLD_PARTS = ("W", "U", "b")
_LAYOUTS = {row.likeness: row.layouts for row in reversed(tuple(rows_of(keras1.LAYERS)))}


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Whose words and layouts a file's arrays have.

    `convention` and `ordering` (Keras 1's 'th' or 'tf') are None where they are as the layer's.
    `is_first` is true of Keras 1.0, whose kernels of sequences have another layout, and
    `has_deviations` up to 1.0.5: what BatchNormalization calls `running_std` is one there.
    `reshapes` allows kernels of another shape with as many numbers.
    """

    dialect: Dialect
    convention: str | None = None
    ordering: str | None = None
    is_first: bool = False
    has_deviations: bool = False
    reshapes: bool = False


@dataclass(frozen=True, slots=True)
class Part:
    """One array that a file has for a layer: the weight's name, and the shape that it should have.

    `others` are shapes that mean the same, of older versions.
    """

    name: str
    shape: Shape
    is_trained: bool
    others: tuple[Shape, ...] = ()


@dataclass(frozen=True, slots=True)
class _Piece:
    """A weight of a layer, the layer that computes with it, and where the file has it."""

    layer: Layer
    weight: Weight
    name: str  # without the way of a wrapper

    @property
    def kind(self) -> str:
        """What Keras 2 calls the weight, or the one that this is a gate of."""
        old, _, gate = self.name.partition("_")
        return dict(zip(_OLD_PARTS, _PARTS, strict=True)).get(old, self.name) if gate else self.name


def parts_of(layer: Layer, origin: Origin, count: int | None = None) -> list[Part]:
    """Return the arrays that a file of that origin has for a layer, in its order.

    `count` is how many it has, where that is known: Keras 1 kept gates apart or together.
    """
    found = []
    for inner, pieces, way in _groups(layer):
        is_trained = layer.trainable and inner.trainable
        gates = None if count == len(lasting(layer.declared_weights)) else _gates(inner, origin)
        for part in _by_gate(pieces, gates, origin) if gates else _plain(pieces, origin):
            name = f"{way}_{part.name}" if way else part.name
            found.append(Part(name, part.shape, part.is_trained and is_trained, part.others))
    return found


def converted(layer: Layer, arrays: Sequence[NumpyArray], origin: Origin) -> list[NumpyArray]:
    """Return the layer's weights from a file's arrays, one for each part and of its shape."""
    following, values = iter(arrays), []
    is_plain = len(arrays) == len(lasting(layer.declared_weights))
    for inner, pieces, _ in _groups(layer):
        gates = None if is_plain else _gates(inner, origin)
        if gates and origin.dialect == "keras1":
            given = [next(following) for _ in range(3 * len(gates[0]))]
            joined = _joined(pieces, given, gates, origin)
            values += cudnn.laid_out(inner, joined, pieces[-1].weight.shape)
        elif gates:
            bias = (len(gates[0]) * pieces[-1].weight.shape[-1],)
            together = cudnn.laid_out(inner, [next(following) for _ in _PARTS], bias)
            values += _split(pieces, together, gates, origin)
        else:
            given = [_laid_out(piece, next(following), origin) for piece in pieces]
            values += cudnn.laid_out(inner, given, pieces[-1].weight.shape) if given else []
    return values


def _groups(layer: Layer) -> list[tuple[Layer, list[_Piece], str]]:
    """Return the layers that compute with a layer's weights: that in a wrapper, or it itself."""
    weights = lasting(layer.declared_weights)
    if not isinstance(layer, Wrapper):
        return [(layer, [_Piece(layer, one, one.name) for one in weights], "")]
    if not hasattr(layer, "backward_layer"):
        inner = layer.layer
        return [(inner, [_Piece(inner, one, one.name) for one in weights], "")]
    found = []
    for way in WAYS:
        inner = (
            layer.layer if way == WAYS[0] else wrapped_as(layer, "backward_layer") or layer.layer
        )
        own = [one for one in weights if one.name.startswith(f"{way}_")]
        names = [one.name.removeprefix(f"{way}_") for one in own]
        pieces = [_Piece(inner, one, name) for one, name in zip(own, names, strict=True)]
        found.append((inner, pieces, way))
    return found


# The layouts of single arrays.


def _plain(pieces: Sequence[_Piece], origin: Origin) -> list[Part]:
    found = []
    for piece in pieces:
        shape = _public_shape(piece.weight.shape, _layout_in(piece, origin))
        others: tuple[Shape, ...] = ()
        if _is_sequence(piece, origin):
            others = (_first_shape(shape),)
            if origin.is_first:
                shape, others = others[0], ()
        elif piece.name == "bias":
            others = cudnn.other_bias(piece.layer, shape)
        found.append(Part(piece.name, shape, piece.weight.trainable, others))
    return found


def _first_shape(shape: Shape) -> Shape:
    """Return the shape of a kernel of sequences in Keras 1.0: (out, in, length, 1)."""
    length, one, channels, filters = shape
    return (filters, channels, length, one)


def _laid_out(piece: _Piece, array: NumpyArray, origin: Origin) -> NumpyArray:
    """Return an array of a file as the layer has it."""
    weight, layout = piece.weight, _layout_in(piece, origin)
    (part,) = _plain([piece], origin)
    is_other = array.shape != part.shape and array.shape in part.others
    if _is_sequence(piece, origin) and (is_other or origin.is_first):
        array = array.transpose(2, 3, 1, 0)
    elif array.shape != part.shape and origin.reshapes:
        array = array.reshape(part.shape)
    if origin.has_deviations and piece.name == "moving_variance":
        epsilon: Any = piece.layer.epsilon  # type: ignore[attr-defined]  # of normalization
        deviation: Any = array + epsilon
        return np.asarray(deviation**2 - epsilon)
    is_flipped = _is_flipped(piece, origin)
    if layout == weight.layout and not is_flipped:
        return array
    plain = _as_keras2(array, layout)
    if is_flipped:
        plain = plain[(slice(None, None, -1),) * (plain.ndim - 2)]
    return _as_public(plain, weight.layout)


def _layout_in(piece: _Piece, origin: Origin) -> Layout | None:
    """Return how the file lays out a weight, None for Keras 2's way."""
    if origin.dialect != "keras1":
        return None
    own = piece.layer.dialect.name == origin.dialect
    if own and origin.ordering is None:
        return piece.weight.layout
    orderings: Any = {}
    for base in type(piece.layer).__mro__:
        orderings = _LAYOUTS.get(base.__name__) or orderings
        if orderings:
            break
    data_format = getattr(piece.layer, "data_format", "channels_last")
    ordering = origin.ordering or ("th" if data_format == "channels_first" else "tf")
    if isinstance(piece.layer, families.Conv1D):
        ordering = "tf"
    stored = orderings.get(ordering, {}).get(piece.kind)
    return None if stored is None else Layout(**stored._asdict())


def _public_shape(shape: Shape, layout: Layout | None) -> Shape:
    return shape if layout is None else layout.public_shape(shape)


def _as_keras2(array: NumpyArray, layout: Layout | None) -> NumpyArray:
    if layout is None:
        return array
    plain = array.transpose(layout.axes)
    if layout.dropped_axis is None:
        return plain
    return plain.squeeze(layout.axes.index(layout.dropped_axis))


def _as_public(array: NumpyArray, layout: Layout | None) -> NumpyArray:
    if layout is None:
        return array
    if layout.dropped_axis is not None:
        array = np.expand_dims(array, layout.axes.index(layout.dropped_axis))
    return array.transpose(tuple(np.argsort(layout.axes)))


def _is_sequence(piece: _Piece, origin: Origin) -> bool:
    """Return whether it is a kernel that Keras 1.0 kept in another layout: (out, in, length, 1)."""
    is_kernel = piece.kind == "kernel" and isinstance(piece.layer, families.Conv1D)
    return origin.dialect == "keras1" and is_kernel


def _is_flipped(piece: _Piece, origin: Origin) -> bool:
    is_kernel = piece.kind in _PARTS and len(piece.weight.shape) > 2
    is_flippable = is_kernel and getattr(piece.layer, "is_flippable", False)
    return is_flippable and origin.convention not in (None, piece.layer.convention)


# Gates.

Gates = tuple[str, str]  # in the order of Keras 2, and in that of Keras 1


def _gates(layer: Layer, origin: Origin) -> Gates | None:
    """Return the gates of a layer where the file and the layer keep them in different ways."""
    is_same = (layer.dialect.name == "keras1") == (origin.dialect == "keras1")
    if not is_same:
        for family, new, old in _GATES:
            if isinstance(layer, family):
                return (new, old)
    return None


def _by_gate(pieces: Sequence[_Piece], gates: Gates, origin: Origin) -> list[Part]:
    if origin.dialect != "keras1":  # the layer has them apart, the file together
        found = []
        for name, piece in zip(_PARTS, pieces, strict=False):
            shape = (*piece.weight.shape[:-1], len(gates[0]) * piece.weight.shape[-1])
            others = cudnn.other_bias(piece.layer, shape) if name == "bias" else ()
            found.append(Part(name, shape, True, others))
        return found
    found = []
    for gate in gates[1]:
        for old, piece in zip(_OLD_PARTS, pieces, strict=True):
            width: int = piece.layer.width  # type: ignore[attr-defined]  # of recurrent layers
            shape = (*piece.weight.shape[:-1], width)
            found.append(
                Part(f"{old}_{gate}", _public_shape(shape, _layout_in(piece, origin)), True)
            )
    return found


def _joined(
    pieces: Sequence[_Piece], arrays: Sequence[NumpyArray], gates: Gates, origin: Origin
) -> list[NumpyArray]:
    """Return Keras 2's weights from those that Keras 1 kept for each gate."""
    new, old = gates
    values = []
    for place, piece in enumerate(pieces):
        own = [arrays[3 * old.index(one) + place] for one in new]
        layout = _layout_in(piece, origin)
        whole = np.concatenate([_as_keras2(one, layout) for one in own], axis=-1)
        if _is_flipped(piece, origin):
            whole = whole[(slice(None, None, -1),) * (whole.ndim - 2)]
        values.append(_as_public(whole, piece.weight.layout))
    return values


def _split(
    pieces: Sequence[_Piece], arrays: Sequence[NumpyArray], gates: Gates, origin: Origin
) -> list[NumpyArray]:
    """Return Keras 1's weights for each gate from Keras 2's."""
    new, old = gates
    split: Callable[..., Any] = np.split
    by_part = [split(array, len(new), axis=-1) for array in arrays]
    ordered = [by_part[place][new.index(gate)] for gate in old for place in range(3)]
    values = []
    for one, piece in zip(ordered, pieces, strict=True):
        turned = (slice(None, None, -1),) * (one.ndim - 2) if _is_flipped(piece, origin) else ()
        values.append(_as_public(one[turned], piece.weight.layout))
    return values
