"""From a layer and a shape to the scenes that a picture of its window shows.

The layer makes its plan on a recorder, which computes nothing and needs no framework. So a picture
shows the ops that a call computes, with the pads that the layer resolved.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from convdispatch import kit
from convdispatch.engine.arguments import as_bool, as_ints, as_partial_shape
from convdispatch.engine.specs import Spec
from convdispatch.errors import ConvDispatchError, InvalidArgument, InvalidShape
from convdispatch.geometry import CONVENTIONS, require_convention
from convdispatch.ops import Conv, ConvTranspose, Op, Pad, Pool, Signature, Upsample
from convdispatch.pictures.windows.axes import DrawnAxis
from convdispatch.pictures.windows.numbers import numbered
from convdispatch.pictures.windows.picture import Picture
from convdispatch.pictures.windows.scene import Scene
from convdispatch.pictures.windows.svg import drawn
from convdispatch.programs import Recorder
from convdispatch.runtime.registry import registry

_CONVENTION_HEADINGS = {"tensorflow": "TensorFlow's convention", "theano": "Theano's convention"}
_POOLING = {"max": "max pooling", "average": "average pooling", "sum": "sum pooling"}
_EACH_ITS_OWN = "Each cell of the output has a kernel of its own."


def picture(
    layer: Any, input_shape: Any, *, output: Any, values: bool, convention: str | None
) -> Picture:
    """Return the picture of a layer for inputs of that shape; see `Pictured.picture`."""
    shape = _shape(layer, input_shape)
    values = as_bool(values, "values")
    own = layer.convention if convention is None else require_convention(convention)
    scenes = [_scene(layer, shape, own, values=values)]
    if convention is None:
        (other,) = (one for one in CONVENTIONS if one != own)
        scenes += _beside(scenes[0], layer, shape, other, values=values)
    if len(scenes) > 1:
        scenes = [
            replace(scene, heading=_CONVENTION_HEADINGS[one])
            for scene, one in zip(scenes, (own, other), strict=True)
        ]
    chosen = None if output is None else _chosen(output, scenes[0])
    return drawn(
        [replace(scene, chosen=chosen) for scene in scenes], f"{type(layer).__name__} {layer.name}"
    )


def _beside(scene: Scene, layer: Any, shape: Any, other: str, *, values: bool) -> list[Scene]:
    """Return the scene of the other convention, or none where it is the same or impossible."""
    try:
        found = _scene(layer, shape, other, values=values)
    except ConvDispatchError:
        return []  # it refuses these arguments, so there is nothing to lay beside
    axes, others = ([axis.fitted for axis in one.axes] for one in (scene, found))
    return [] if axes == others and scene.numbers == found.numbers else [found]


def _scene(layer: Any, shape: Any, convention: str, *, values: bool) -> Scene:
    """Return what a layer does under a convention, without anything chosen."""
    layer._require_as_built(shape)
    recorder: Any = Recorder(lambda op, signature: True)
    with registry.lending(recorder) as backend:
        twin = _on(layer, backend, convention)
        spec = twin._specs_for(shape)
        ops, notes = _ops_of(twin, spec)
        is_flipped = _is_flipped(twin, spec)
    shown = [one for one in ops if _is_drawn(*one)]
    if not shown:
        raise _no_window(layer)
    op, signature = next((one for one in shown if not _is_pointwise(*one)), shown[0])
    scene = _of_op(op, signature)
    rest = len(shown) - 1
    if rest:
        is_one = "one more step" if rest == 1 else f"{rest} more steps"
        notes = (*notes, f"The layer has {is_one}, not drawn here.")
    scene = replace(scene, notes=notes)
    if not values:
        return scene
    pooling = op.kind if isinstance(op, Pool) else ""
    return numbered(scene, pooling=pooling, is_flipped=is_flipped)


def _ops_of(layer: Any, spec: Spec) -> tuple[Sequence[tuple[Op, Signature]], tuple[str, ...]]:
    """Return the ops of a layer with what they are asked for, and notes on them."""
    ops = layer._make_plan(spec).ops
    inner = vars(layer).get("layer")
    if ops or hasattr(inner, "window_by_functions"):  # of a wrapper, which has one axis more
        return ops or _ops_of(inner, Spec((None, *spec.shape[2:]), spec.dtype))[0], ()
    kind = getattr(layer, "window_by_functions", "")
    if kind == "unshared":
        return [_unshared(layer, spec)], (_EACH_ITS_OWN,)
    return [_over_all(layer, spec, kind)] if kind else [], ()


def _unshared(layer: Any, spec: Spec) -> tuple[Op, Signature]:
    """Return the convolution that reads as a layer does that has a kernel for each cell."""
    op = Conv(
        strides=layer.strides,
        pads=((0, 0),) * layer.rank,
        dilation=(1,) * layer.rank,
        groups=1,
        channels_last=layer.channels_last,
        bias=False,
        activation="linear",
    )
    kernel = (*layer.kernel_size, layer._channels(spec.shape), layer.filters)
    signature = Signature(input_shape=spec.shape[1:], weight_shapes=(kernel,), dtype=spec.dtype)
    return op, signature


def _over_all(layer: Any, spec: Spec, kind: str) -> tuple[Op, Signature]:
    """Return the pooling whose one window is the whole input."""
    op = Pool(
        kind=kind,
        size=layer._spatial(spec.shape),
        strides=(1,) * layer.rank,
        pads=((0, 0),) * layer.rank,
        counts_pads=False,
        channels_last=layer.channels_last,
    )
    return op, Signature(input_shape=spec.shape[1:], weight_shapes=(), dtype=spec.dtype)


def _on(layer: Any, backend: str, convention: str) -> Any:
    """Return a copy without weights on a backend and under a convention; a wrapper's inner too."""
    twin = layer._unbuilt_on(backend, dtype=layer.dtype)
    vars(twin)["convention"] = convention
    inner = vars(twin).get("layer")
    if hasattr(inner, "_unbuilt_on"):
        vars(twin)["layer"] = _on(inner, backend, convention)
    return twin


def _shape(layer: Any, given: Any) -> tuple[int | None, ...]:
    """Return the shape of the inputs, batch axis included, every other size known."""
    if layer.takes_list:
        raise _no_window(layer)
    if given is None:
        given = layer.built_shape if layer.built else layer.batch_input_shape
    if given is None:
        raise InvalidArgument(
            f"{layer.name!r} has no input shape yet: give `input_shape`, such as the sizes "
            "(9, 9), or build the layer first."
        )
    shape = _whole(layer, as_partial_shape(given, "input_shape"))
    if None in shape[1:]:
        raise InvalidShape(
            f"a picture needs to know every size but the batch's; received shape {shape}. Give "
            "`input_shape` with numbers."
        )
    return shape


def _whole(layer: Any, shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
    """Return the shape with a batch axis, and steps and channels, where it has cells alone."""
    inner = vars(layer).get("layer")
    if hasattr(inner, "picture"):  # of a wrapper, which has one axis more
        whole = _whole(inner, shape)
        return shape if whole == shape else (whole[0], 1, *whole[1:])
    rank = getattr(layer, "rank", None)
    if len(shape) != rank:
        return shape
    channels = layer._channels(layer.built_shape) if layer.built else getattr(layer, "groups", 1)
    batch, *rest = layer._with_spatial(shape, channels)
    return (batch, *(1 for _ in layer.leading[1:]), *rest)


def _no_window(layer: Any) -> InvalidArgument:
    return InvalidArgument(
        "`picture` draws layers that move a window over cells or shift them: convolutions, "
        "transposed ones, pooling, padding, cropping and repeating ('nearest'); received "
        f"{type(layer).__name__} {layer.name!r}. `plot_model` draws what any layer reads "
        "and returns."
    )


def _is_drawn(op: Op, signature: Signature) -> bool:
    if isinstance(op, Upsample):
        return op.interpolation == "nearest"
    return isinstance(op, Conv | ConvTranspose | Pool | Pad)


def _is_pointwise(op: Op, signature: Signature) -> bool:
    """Say whether the op has no window that is larger than a cell, and shifts none."""
    if not isinstance(op, Conv | ConvTranspose):
        return False
    taps, pads = signature.weight_shapes[0][:-2], [pad for pair in op.pads for pad in pair]
    return set(taps) == {1} and set(op.strides) == {1} and not any(pads)


def _of_op(op: Op, signature: Signature) -> Scene:
    """Return the scene of an op that `_is_drawn`."""
    if isinstance(op, Pad | Upsample):
        sizes = kit.spatial_size(op, signature)
        if isinstance(op, Pad):
            axes = [
                DrawnAxis(size, low, high, 1, 1, 1, size + low + high)
                for size, (low, high) in zip(sizes, op.pads, strict=True)
            ]
            return Scene(axes=tuple(axes), kind=_shift(op), window="")
        # Each cell is written `factor` times: a transposed convolution by ones.
        axes = [
            DrawnAxis(size * factor, 0, 0, factor, factor, 1, size)
            for size, factor in zip(sizes, op.factors, strict=True)
        ]
        return Scene(
            axes=tuple(axes), kind="repetition of cells", window="factor", is_transposed=True
        )
    assert isinstance(op, Conv | ConvTranspose | Pool)
    axes = [
        DrawnAxis(one.size, one.low, one.high, one.taps, one.stride, one.dilation, one.count)
        for one in kit.axes(op, signature)
    ]
    return Scene(
        axes=tuple(axes),
        kind=_kind(op),
        window="window" if isinstance(op, Pool) else "kernel",
        is_transposed=isinstance(op, ConvTranspose),
    )


def _shift(op: Pad) -> str:
    pads = [pad for pair in op.pads for pad in pair]
    return "cropping" if min(pads) < 0 and max(pads) <= 0 else "padding"


def _kind(op: Conv | ConvTranspose | Pool) -> str:
    if isinstance(op, Pool):
        return _POOLING[op.kind]
    name = "transposed convolution" if isinstance(op, ConvTranspose) else "convolution"
    return name if op.groups == 1 else f"{name} in {op.groups} groups"


def _is_flipped(layer: Any, spec: Spec) -> bool:
    """Say whether the kernel is stored in the reverse order."""
    declared = layer.resolved(spec).declarations
    return any(weight.is_flipped for weight in declared)


def _chosen(output: Any, scene: Scene) -> tuple[int, ...]:
    """Return the cell of the output that is asked for, once it is one."""
    cell = as_ints(output, scene.rank, "output", minimum=0)
    if any(at >= size for at, size in zip(cell, scene.output, strict=True)):
        raise InvalidArgument(
            f"`output` must be a cell of the output, which has {scene.output} cells, counted from "
            f"0; received {output!r}."
        )
    return cell
