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
from convdispatch.engine.resolved import Effects, Forward, Resolved, Training
from convdispatch.engine.specs import Shapes, Specs, listed
from convdispatch.errors import InvalidArgument, InvalidShape, InvalidType
from convdispatch.formulas.random import Draws
from convdispatch.layers._recurrent import Recurrent
from convdispatch.layers._states import WithState, sequence_of
from convdispatch.layers._two_ways import MERGE_MODES, merging
from convdispatch.layers._wrapping import Wrapper, configured
from convdispatch.ops import NumpyArray

WAYS = ("forward", "backward")


class Bidirectional(WithState, Wrapper):
    """Go through a sequence forwards and backwards, and merge the outputs.

        input   (batch, steps, features)
        output  (batch, units), or (batch, steps, units) where the layer returns sequences; twice
                the units with `merge_mode='concat'`

    The weights are those of the layer forwards, then those of the same layer backwards. Where the
    layer has weights already, or was given some, they are copied, not shared: the way forwards
    begins with their values, and from then on each has its own. The way back begins afresh, or with
    the weights of `backward_layer`. A frozen layer, `trainable = False`, freezes its ways. The
    outputs of a step are merged with those of the same step. A state, as the layer returns it or a
    call is given it, is that of the way forwards, then that of the way back.

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
        merge_mode: str | None = "concat",
        backward_layer: Layer | None = None,
        **options: Unpack[LayerOptions],
    ) -> None:
        """Check and keep the arguments; `build` or the first call makes the weights.

        layer: a recurrent layer, or its configuration.
        merge_mode: what becomes of the two outputs: 'concat', 'sum', 'mul' or 'ave'; None for a
            list of both.
        backward_layer: what goes backwards; None takes the same as `layer`.
        options: what every layer takes, such as `name`, `dtype`, `input_shape`, `weights`.
        """
        super().__init__(layer, **options)
        self.backward_layer = (
            None if backward_layer is None else self._as_layer(backward_layer, "backward_layer")
        )
        self._require_two_ways()
        self.merge_mode = None
        if merge_mode is not None:
            self.merge_mode = as_choice(merge_mode, MERGE_MODES, self.spelled("merge_mode"))

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments as JSON types."""
        back = self._given_back
        return super().get_config() | {
            "merge_mode": self.merge_mode,
            "backward_layer": None if back is None else configured(back),
        }

    def _require_two_ways(self) -> None:
        """Raise unless the layers are recurrent and go opposite ways."""
        forward, back = self.layer, self._given_back
        for layer in (forward, forward if back is None else back):
            if not isinstance(layer, Recurrent):
                raise InvalidType(
                    f"`layer` of {type(self).__name__} must be a recurrent layer; received "
                    f"{type(layer).__name__}."
                )
        if back is not None and _way_of(back) != (not _way_of(forward)[0], *_way_of(forward)[1:]):
            raise InvalidArgument(
                "`backward_layer` must go the other way than `layer`, and return sequences and "
                "states, and keep a state, as it does; received (go_backwards, return_sequences, "
                f"return_state, stateful) {_way_of(back)} beside {_way_of(forward)}."
            )

    @property
    def carries_state(self) -> bool:
        """Whether a call changes what the next one begins with, also in inference."""
        return self.layer.carries_state

    @property
    def _state_count(self) -> int:  # type: ignore[override]  # it depends on an argument
        return 2 * self.layer._state_count  # type: ignore[attr-defined,no-any-return]

    @property
    def _returns_state(self) -> bool:
        return _way_of(self.layer)[2]

    @property
    def masked_outputs(self) -> int:  # type: ignore[override]  # it depends on an argument
        """How many outputs have the mask of the steps."""
        return 2 if self.merge_mode is None else 1

    def makes_mask(self, masked: Sequence[bool]) -> bool:
        """Return whether the output has a mask: as the layer's."""
        return self.layer.makes_mask(masked)

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """Return the mask of the output, None for none."""
        return self.layer.compute_mask(inputs, mask)

    def resolve(self, specs: Specs) -> Resolved:
        """Return the layer resolved for an input of that spec, or for those of it and a state."""
        both, given = self._ways(), self._by_way(list(listed(specs)))
        resolved = [one.resolved(own) for one, own in zip(both, given, strict=True)]

        def declare() -> tuple[Weight, ...]:
            return tuple(
                self._named_by_way(weight, way, one)
                for way, one, of in zip(WAYS, both, resolved, strict=True)
                for weight in of.declarations
            )

        def lower(dtype: str, activation: Any) -> Forward:
            merge = self._merging(both[0])
            ways = [of.lower(dtype, one.activation) for one, of in zip(both, resolved, strict=True)]

            def forward(weights: Sequence[Any], inputs: Any, *mask: Any) -> Any:
                parts = zip(ways, _halves(weights), self._by_way(inputs), strict=True)
                return merge(*(way(own, x, *mask) for way, own, x in parts))

            return forward

        def lower_carrying(dtype: str, activation: Any) -> Training:
            made = [_carrying(of, one, dtype) for one, of in zip(both, resolved, strict=True)]
            return self._merged(made, both[0], lambda key, place: key)

        def lower_training(dtype: str, activation: Any) -> Training:
            made = [_training(of, one, dtype) for one, of in zip(both, resolved, strict=True)]
            fold = Draws(self._backend())["fold"]
            return self._merged(made, both[0], fold)

        return Resolved(
            output_shape=self._merged_shape(resolved[0].output_shape),
            declare=declare,
            lower=lower,
            lower_carrying=lower_carrying if self.carries_state else None,
            lower_training=lower_training if self.draws else None,
        )

    def _merged(
        self, ways: Sequence[Training], layer: Layer, key_of: Callable[[Any, int], Any]
    ) -> Training:
        """Return the function of both ways, whose effects have the names of the wrapper's weights.

        `key_of` returns the key of the way in that place.
        """
        merge = self._merging(layer)

        def both(weights: Sequence[Any], inputs: Any, key: Any, *mask: Any) -> tuple[Any, Effects]:
            parts = zip(ways, _halves(weights), self._by_way(inputs), strict=True)
            found = [
                way(own, x, key_of(key, place), *mask) for place, (way, own, x) in enumerate(parts)
            ]
            updates = {
                f"{way}_{name}": new
                for way, (_, effects) in zip(WAYS, found, strict=True)
                for name, new in effects.updates.items()
            }
            return merge(*(outputs for outputs, _ in found)), Effects(updates=updates)

        return both

    def _by_way(self, inputs: Any) -> tuple[Any, Any]:
        """Return what each way gets: the input, and its half of a state."""
        if not isinstance(inputs, list):
            return inputs, inputs
        x, *begun = inputs
        if len(begun) % 2:
            raise InvalidArgument(
                f"`initial_state` of {self._title} must be the state of the way forwards, then "
                f"that of the way back; received {len(begun)} tensors."
            )
        half = len(begun) // 2
        pair = begun[:half], begun[half:]
        return ([x, *pair[0]], [x, *pair[1]]) if begun else (x, x)

    def _merged_shape(self, shapes: Any) -> Any:
        """Return the shape of the outputs for those of one way."""
        shape, *states = shapes if isinstance(shapes, list) else [shapes]
        merged = [(*shape[:-1], shape[-1] * 2 if self.merge_mode == "concat" else shape[-1])]
        if self.merge_mode is None:
            merged = [shape, shape]
        whole = [*merged, *states, *states]
        return whole if len(whole) > 1 else whole[0]

    def _require_as_built(self, shapes: Shapes) -> None:
        built, shape = sequence_of(self._built_shape), sequence_of(shapes)
        if self._variables and built is not None and shape[2] not in (None, built[2]):
            raise InvalidShape(
                f"{self._title} was built for inputs of shape {built}; received shape {shape}."
            )

    @property
    def _given_back(self) -> Any:
        """What goes backwards if it is another layer than the one forwards, else None."""
        return vars(self)["backward_layer"]

    def _wrapped(self) -> Sequence[Layer]:
        back = self._given_back
        return (self.layer,) if back is None else (self.layer, back)

    def _named_by_way(self, weight: Weight, way: str, layer: Layer) -> Weight:
        # One layer for both ways freezes the wrapper, also later; of two each freezes its own way.
        is_trained = self._given_back is None or layer.trainable
        name = f"{way}_{weight.name}"
        return replace(weight, name=name, trainable=weight.trainable and is_trained)

    def _start_values(self, declarations: Sequence[Weight]) -> list[NumpyArray]:
        if self._initial_weights is not None:
            return super()._start_values(declarations)
        forward, back = (
            [weight for weight in declarations if weight.name.startswith(way)] for way in WAYS
        )
        begun = self._values_of(self.layer, forward)
        if self._given_back is None:
            return begun + [self._draw(weight) for weight in back]
        return begun + self._values_of(self._given_back, back)

    def _ways(self) -> tuple[Layer, Layer]:
        """Return the layer forwards and the one backwards, on this backend."""
        forward, back = self.layer, self._given_back
        turned = {"go_backwards": not vars(forward)["go_backwards"]} if back is None else {}
        return self._way(forward), self._way(back or forward, **turned)

    def _way(self, layer: Layer, **changes: Any) -> Layer:
        return self._planned(layer, zero_output_for_mask=self.gives_zeros(layer), **changes)

    def gives_zeros(self, layer: Layer) -> bool:
        """Return whether the steps that a mask leaves out are zeros, not the last output.

        As in Keras 3, only steps that are returned may be, not the last output alone.
        """
        own = vars(layer)
        says_so = own["zero_output_for_mask"] or self.dialect.zeros_both_ways
        return bool(own["return_sequences"] and says_so)

    def _merging(self, layer: Layer) -> Callable[[Any, Any], Any]:
        functions: Any = self._backend().functions
        return merging(functions, self.merge_mode, in_order=vars(layer)["return_sequences"])


def _halves(weights: Sequence[Any]) -> tuple[Sequence[Any], Sequence[Any]]:
    """Return the weights of each way, which are equally many."""
    half = len(weights) // 2
    return weights[:half], weights[half:]


def _way_of(layer: Layer) -> tuple[bool, bool, bool, bool]:
    """Return what a recurrent layer does that the one beside it has to do, or to do otherwise."""
    own = vars(layer)
    return own["go_backwards"], own["return_sequences"], own["return_state"], own["stateful"]


def _carrying(resolved: Resolved, layer: Layer, dtype: str) -> Training:
    if resolved.lower_carrying is None:
        return without_effects(resolved.lower(dtype, layer.activation))
    return resolved.lower_carrying(dtype, layer.activation)


def _training(resolved: Resolved, layer: Layer, dtype: str) -> Training:
    if resolved.lower_training is None:
        return _carrying(resolved, layer, dtype)
    return resolved.lower_training(dtype, layer.activation)
