"""The shapes and masks between the layers of a stack, and building the layers for them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from convdispatch.engine.arguments import as_partial_shape
from convdispatch.engine.graph import chain
from convdispatch.engine.masks import require_supported, with_masks
from convdispatch.engine.specs import Spec
from convdispatch.errors import InvalidShape
from convdispatch.formulas.dialects import Dialect
from convdispatch.models._ends import StackEnds
from convdispatch.models._flat_weights import StackedWeights, all_or_none
from convdispatch.models._members import require_one_output
from convdispatch.models._tops import Top
from convdispatch.ops import PartialShape


class ShapedStack(StackEnds, StackedWeights):
    """A stack of layers, each of which is built for the output of the one before."""

    dialect: ClassVar[Dialect]  # of the façade that has the model
    _top: Top | None = None  # recorded by the last `add`; None if it may be out of date
    _masked: frozenset[int] = frozenset()  # the tensors between the layers that have a mask

    def build(self, input_shape: Sequence[int | None] | None = None) -> None:
        """Build the layers for inputs of that shape, batch axis included.

        Layers that have weights keep them. If one layer cannot be built, none is.
        """
        # All locks at once, also of the layers that are built: they are taken in one order.
        with self._alone() as layers:
            shapes = self._shapes_between(self._stated_shape(input_shape))
            with all_or_none(layers):
                for layer, shape in zip(layers, shapes, strict=False):
                    if input_shape is not None or not layer.built:
                        layer.build(shape)
            self._restate()

    def _stated_shape(self, input_shape: Sequence[int | None] | None) -> PartialShape:
        """Return the input shape as far as it is known from this call or from before."""
        if not self._layers:
            raise InvalidShape(f"{self.name!r} has no layers to build.")
        stated = self._known_shape() if input_shape is None else input_shape
        if stated is None:
            raise InvalidShape(
                f"{self.name!r} does not know its input shape: give `input_shape` to `build` or "
                "to the first layer, or call the model once."
            )
        return as_partial_shape(stated, "input_shape")

    def _known_shape(self) -> PartialShape | None:
        first = self._layers[0]
        shape: PartialShape | None = first.built_shape if first.built else first.batch_input_shape
        return shape

    def _shapes_between(self, shape: PartialShape) -> list[PartialShape]:
        """Return the input's shape of each layer, and the output's; where it raises, none fits."""
        shapes = [shape]
        for layer in self._layers:
            shapes.append(require_one_output(layer, layer.compute_output_shape(shapes[-1])))
        return shapes

    def compute_output_shape(self, input_shape: Sequence[int | None]) -> PartialShape:
        """Return the output's shape for an input shape, batch axis included."""
        return self._shapes_between(as_partial_shape(input_shape, "input_shape"))[-1]

    @property
    def input_shape(self) -> PartialShape:
        """The shape that the first layer was built for."""
        shape: PartialShape = self._built_layers()[0].built_shape
        return shape

    @property
    def output_shape(self) -> PartialShape:
        """The shape of the output for `input_shape`."""
        return self.compute_output_shape(self.input_shape)

    def _note_masks(self) -> None:
        """Note which tensors have a mask; raise where a layer refuses one."""
        graph = with_masks(chain(self._layers, Spec((None,), "")))
        require_supported(graph, refuses=self.dialect.refuses_masks)
        self._masked = graph.masked

    def _note_mask_of_last(self) -> None:
        """Do the same for a layer that is new; those before it are as they were."""
        if self._masked or self._layers[-1].makes_mask([False]):
            self._note_masks()

    def follow(self) -> None:
        """Set the shapes of the built layers to their current input shapes.

        If one layer cannot take its input, all stay unchanged, and the next call raises.
        """
        with self._lock.held():
            self._top = None
            self._note_masks()
            if not self.built:
                return
            try:
                shapes = self._shapes_between(self.input_shape)
            except InvalidShape:
                return
            for layer, shape in zip(self._layers, shapes, strict=False):
                layer._built_shape = shape
            self._restate()
