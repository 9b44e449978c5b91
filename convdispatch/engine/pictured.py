"""A layer as a box of a picture, and its picture in a notebook."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from convdispatch import pictures
from convdispatch.engine.error_analysis import Analysed
from convdispatch.engine.specs import Spec, listed, shapes_of
from convdispatch.errors import ConvDispatchError
from convdispatch.formulas import activations
from convdispatch.pictures.diagram import Box, Diagram, Line, Link


@dataclass(frozen=True, slots=True, kw_only=True)
class Details:
    """What the boxes of a picture say besides the class of a layer."""

    names: bool = True
    shapes: bool = True
    dtypes: bool = True
    counts: bool = True


ALL_DETAILS = Details()


class Pictured(Analysed):
    """A layer that can be drawn."""

    family: ClassVar[str] = "other"  # the kind that a picture has a colour for
    # Of a layer that computes its window with functions: 'unshared' for a kernel of each cell's
    # own, 'max' or 'average' of all cells. Other windows are those of ops.
    window_by_functions: ClassVar[str] = ""
    activation: Any
    built_shape: Any

    @property
    def built(self) -> bool:
        """Whether the shapes are known."""
        raise NotImplementedError

    @property
    def kind_shown(self) -> str:
        """The class and, unless it changes nothing, the activation."""
        name = getattr(self.activation, "name", getattr(self.activation, "__name__", "function"))
        return type(self).__name__ + ("" if name == activations.linear.name else f" {name}")

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        raise NotImplementedError

    def picture(
        self,
        input_shape: Any = None,
        *,
        output: Any = None,
        values: bool = False,
        convention: str | None = None,
    ) -> pictures.Picture:
        """Return a drawing of what the layer's window does: an SVG image, which notebooks show.

        It has the input with its pads, crops and cells that no tap reads, and the output; the
        first, the last and one more cell of the output are marked, and the cells that they read.
        A picture needs no weights and no framework.

        input_shape: as `build` takes it, or the spatial sizes alone; None takes the shape that the
            layer is built for.
        output: the cell of the output that is marked beside the first and the last one.
        values: whether the cells have numbers, small enough to check the result by hand.
        convention: the one to draw; None draws the layer's, and the other beside it where it
            differs.

        Raises `InvalidShape` where the layer cannot take such inputs, and `InvalidArgument` for a
        layer that moves no window.

        >>> from convdispatch.layers import Conv1D
        >>> picture = Conv1D(1, 3, strides=2, padding="same").picture((4,), convention="theano")
        >>> print(picture.description.partition(". The")[0])
        A convolution: kernel 3, stride 2, pads (1, 1). Steps: 1 pad before and 1 pad after
        """
        from convdispatch.engine import window_pictures

        return window_pictures.picture(
            self, input_shape, output=output, values=values, convention=convention
        )

    def _repr_html_(self) -> str:
        """Return what a notebook shows: the picture, and the arguments."""
        inputs: Sequence[Spec] = ()
        outputs: Sequence[Spec] = ()
        if self.built:
            given = self._specs_for(self.built_shape)
            inputs, outputs = listed(given), listed(self.output_specs(given))
        own = box_of(self, inputs, outputs)
        boxes = [tensor_box("input", spec) for spec in inputs]
        links = tuple(Link(number, len(boxes)) for number in range(len(boxes)))
        picture = pictures.drawn(Diagram(boxes=(*boxes, own), links=links, about=repr(self)))
        rows = [(name, repr(value)) for name, value in self.get_config().items()]
        window = window_of(self)
        return pictures.page_of(
            f"{type(self).__name__} {self.name}",
            _state(self),
            picture if window is None else f"{picture}<div>{window}</div>",
            rows=rows,
            weights=_weights(self),
        )


def window_of(layer: Any) -> pictures.Picture | None:
    """Return the picture of the layer's window, None for a layer without one or without sizes."""
    if not layer.built and layer.batch_input_shape is None:
        return None
    try:
        found: pictures.Picture = layer.picture()
    except ConvDispatchError:
        return None
    return found


def _weights(layer: Any) -> list[tuple[str, str]]:
    """Return the name of each weight with its shape, its numbers and whether it is trained."""
    if not layer.built:
        return []
    return [
        (
            one.name,
            f"{tuple(one.shape)}: {counted(math.prod(one.shape), 'number')}"
            + ("" if one.trainable and layer.trainable else ", not trained"),
        )
        for one in layer.declared_weights
    ]


def _state(layer: Any) -> str:
    if not layer.built:
        return f"on {layer.backend}, not built yet"
    return f"on {layer.backend}, {counted(layer.count_params(), 'parameter')}"


def box_of(
    layer: Any,
    inputs: Sequence[Spec],
    outputs: Sequence[Spec],
    *,
    details: Details = ALL_DETAILS,
    notes: Sequence[str] = (),
) -> Box:
    """Return the box of one call of a layer, or of a model, with these inputs and outputs.

    There are none while the shapes are unknown. `notes` are further lines.
    """
    kind = layer.kind_shown
    count = layer.count_params() if layer.built else 0
    lines = [_line_of(spec, details) for spec in outputs if details.shapes or details.dtypes]
    if details.counts and count:
        lines.append(Line(counted(count, "parameter")))
    about = [
        f"{layer.name}: {kind}",
        *(f"reads {_tensor(spec)}" for spec in inputs),
        *(f"returns {_tensor(spec)}" for spec in outputs),
        f"{counted(count, 'parameter')}{'' if layer.trainable or not count else ', not trained'}",
    ]
    return Box(
        title=Line(layer.name, kind) if details.names else Line(kind),
        lines=(*lines, *map(Line, notes)),
        family=str(layer.family),  # a user's layer may use the name for something else
        about="\n".join(about),
        is_pile=not isinstance(layer, Pictured),
    )


def tensor_box(name: str, spec: Spec, *, details: Details = ALL_DETAILS) -> Box:
    """Return the box of a tensor that comes from no layer."""
    lines = (_line_of(spec, details),) if details.shapes or details.dtypes else ()
    return Box(title=Line(name), lines=lines, family="input", about=f"{name}: {_tensor(spec)}")


def counted(number: int, noun: str) -> str:
    """Return a number of things in words.

    >>> counted(1, "layer"), counted(2000, "layer")
    ('1 layer', '2,000 layers')
    """
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _tensor(spec: Spec) -> str:
    return f"{shapes_of(spec)} {spec.dtype}"


def _line_of(spec: Spec, details: Details) -> Line:
    if not details.shapes:
        return Line(spec.dtype)
    return Line(str(shapes_of(spec)), spec.dtype if details.dtypes else "")
