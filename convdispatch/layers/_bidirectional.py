"""Bidirectional: a recurrent layer forwards, and another one backwards."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Unpack

from convdispatch.engine.arguments import as_choice
from convdispatch.engine.constructor_signature import LayerOptions
from convdispatch.engine.declarations import Weight
from convdispatch.engine.in_training import without_effects
from convdispatch.engine.layer import Layer
from convdispatch.engine.masked_layer import MaskedLayer
from convdispatch.engine.resolved import Effects, Forward, Resolved, Training
from convdispatch.engine.specs import Spec
from convdispatch.errors import InvalidArgument, InvalidType
from convdispatch.layers._recurrent import Recurrent
from convdispatch.layers._wrapping import Wrapper, configured
from convdispatch.ops import NumpyArray

MERGE_MODES = ("concat", "sum", "mul", "ave")
WAYS = ("forward", "backward")


class Bidirectional(Wrapper, MaskedLayer):
    """Go through a sequence forwards and backwards, and merge the outputs.

        input   (batch, steps, features)
        output  (batch, units), or (batch, steps, units) where the layer returns sequences; twice
                the units with `merge_mode='concat'`

    The weights are those of the layer forwards, then those of the same layer backwards. Where the
    layer has weights already, or was given some, they are copied, not shared: the way forwards
    begins with their values, and from then on each has its own. The way back begins afresh, or with
    the weights of `backward_layer`. A frozen layer, `trainable = False`, freezes its ways. The
    outputs of a step are merged with those of the same step.

    Raises `InvalidArgument` or `InvalidType` for a `merge_mode` that is none and for something
    other than a recurrent layer. A call raises `InvalidShape` for another rank and for features
    that the layer was not built for; `InvalidType` for integers and for a tensor of another
    framework.

    Source: Keras 2.2.4 `Bidirectional` (Schuster and Paliwal, 1997).

    >>> import numpy as np
    >>> from convdispatch.layers import Bidirectional, SimpleRNN
    >>> weights = [np.array([[1.0]]), np.array([[10.0]]), np.array([0.0])]
    >>> layer = Bidirectional(SimpleRNN(1, activation="linear"), weights=weights + weights)
    >>> layer(np.array([1.0, 2, 3]).reshape(1, 3, 1)).ravel()
    array([123., 321.])
    """

    rank = 1

    def __init__(
        self,
        layer: Layer,
        merge_mode: str = "concat",
        backward_layer: Layer | None = None,
        **options: Unpack[LayerOptions],
    ) -> None:
        """Check and keep the arguments; `build` or the first call makes the weights.

        layer: a recurrent layer, or its configuration.
        merge_mode: what becomes of the two outputs: 'concat', 'sum', 'mul' or 'ave'.
        backward_layer: what goes backwards; None takes the same as `layer`.
        options: what every layer takes, such as `name`, `dtype`, `input_shape`, `weights`.
        """
        super().__init__(layer, **options)
        self.backward_layer = (
            None if backward_layer is None else self._as_layer(backward_layer, "backward_layer")
        )
        self._require_two_ways()
        self.merge_mode = as_choice(merge_mode, MERGE_MODES, self.spelled("merge_mode"))

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments as JSON types."""
        back = self.backward_layer
        return super().get_config() | {
            "merge_mode": self.merge_mode,
            "backward_layer": None if back is None else configured(back),
        }

    def _require_two_ways(self) -> None:
        """Raise unless the layers are recurrent and go opposite ways."""
        forward, back = self.layer, self.backward_layer
        for layer in (forward, forward if back is None else back):
            if not isinstance(layer, Recurrent):
                raise InvalidType(
                    f"`layer` of {type(self).__name__} must be a recurrent layer; received "
                    f"{type(layer).__name__}."
                )
        ways = [(one.go_backwards, one.return_sequences) for one in (forward, back) if one]  # type: ignore[attr-defined]  # they are recurrent
        if len(ways) == 2 and ways[1] != (not ways[0][0], ways[0][1]):
            raise InvalidArgument(
                "`backward_layer` must go the other way than `layer`, and return sequences as it "
                f"does; received (go_backwards, return_sequences) {ways[1]} beside {ways[0]}."
            )

    def makes_mask(self, masked: Sequence[bool]) -> bool:
        """Return whether the output has a mask: as the layer's."""
        return self.layer.makes_mask(masked)

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """Return the mask of the output, None for none."""
        return self.layer.compute_mask(inputs, mask)

    def resolve(self, spec: Spec) -> Resolved:
        """Return the layer resolved for inputs of that spec."""
        both = self._ways()
        resolved = [one.resolved(spec) for one in both]
        shape = resolved[0].output_shape
        last = shape[-1] * 2 if self.merge_mode == "concat" else shape[-1]

        def declare() -> tuple[Weight, ...]:
            return tuple(
                self._named_by_way(weight, way, one)
                for way, one, of in zip(WAYS, both, resolved, strict=True)
                for weight in of.declarations
            )

        def halves(weights: Sequence[Any]) -> tuple[Sequence[Any], Sequence[Any]]:
            first = len(resolved[0].declarations)
            return weights[:first], weights[first:]

        def lower(dtype: str, activation: Any) -> Forward:
            merge = self._merging(both[0])
            ways = [of.lower(dtype, one.activation) for one, of in zip(both, resolved, strict=True)]

            def forward(weights: Sequence[Any], x: Any, *mask: Any) -> Any:
                pairs = zip(ways, halves(weights), strict=True)
                return merge(*(way(own, x, *mask) for way, own in pairs))

            return forward

        def lower_training(dtype: str, activation: Any) -> Training:
            fold, merge = self._backend().random["fold"], self._merging(both[0])
            ways = [_training(of, one, dtype) for one, of in zip(both, resolved, strict=True)]

            def train(weights: Sequence[Any], x: Any, key: Any, *mask: Any) -> tuple[Any, Effects]:
                pairs = zip(ways, halves(weights), strict=True)
                found = [
                    way(own, x, fold(key, place), *mask)[0]
                    for place, (way, own) in enumerate(pairs)
                ]
                return merge(*found), Effects()

            return train

        return Resolved(
            output_shape=(*shape[:-1], last),
            declare=declare,
            lower=lower,
            lower_training=lower_training if self.draws else None,
        )

    def _wrapped(self) -> Sequence[Layer]:
        back = self.backward_layer
        return (self.layer,) if back is None else (self.layer, back)

    def _named_by_way(self, weight: Weight, way: str, layer: Layer) -> Weight:
        # One layer for both ways freezes the wrapper, also later; of two each freezes its own way.
        is_trained = self.backward_layer is None or layer.trainable
        name = f"{way}_{weight.name}"
        return replace(weight, name=name, trainable=weight.trainable and is_trained)

    def _start_values(self, declarations: Sequence[Weight]) -> list[NumpyArray]:
        if self._initial_weights is not None:
            return super()._start_values(declarations)
        forward, back = (
            [weight for weight in declarations if weight.name.startswith(way)] for way in WAYS
        )
        begun = self._values_of(self.layer, forward)
        if self.backward_layer is None:
            return begun + [self._draw(weight) for weight in back]
        return begun + self._values_of(self.backward_layer, back)

    def _ways(self) -> tuple[Layer, Layer]:
        """Return the layer forwards and the one backwards, on this backend."""
        forward, back = self.layer, self.backward_layer
        turned = {"go_backwards": not vars(forward)["go_backwards"]} if back is None else {}
        return self._way(forward), self._way(back or forward, **turned)

    def _way(self, layer: Layer, **changes: Any) -> Layer:
        own = vars(layer)
        # As in Keras 3, only steps that are returned may be zeros, not the last output alone.
        is_zero = own["return_sequences"] and own["zero_output_for_mask"]
        return self._planned(layer, zero_output_for_mask=is_zero, **changes)

    def _merging(self, layer: Layer) -> Callable[[Any, Any], Any]:
        f: Any = self._backend().functions
        in_order = vars(layer)["return_sequences"]
        merge: Any = {
            "concat": lambda one, other: f["concatenate"]([one, other], -1),
            "sum": lambda one, other: one + other,
            "mul": lambda one, other: one * other,
            "ave": lambda one, other: (one + other) / 2,
        }[self.merge_mode]
        return lambda one, other: merge(one, f["flip"](other, (1,)) if in_order else other)


def _training(resolved: Resolved, layer: Layer, dtype: str) -> Training:
    if resolved.lower_training is None:
        return without_effects(resolved.lower(dtype, layer.activation))
    return resolved.lower_training(dtype, layer.activation)
