"""`TimeDistributed` of a model or of a script's own layer, and `Bidirectional` of its own cells."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from convdispatch.errors import InvalidArgument, InvalidShape
from convdispatch.symbolic.arrays import concatenate, reshape, reverse, shape
from convdispatch.symbolic.reducing import any as any_of
from convdispatch.symbolic.wrappers import (
    CustomWrapper,
    entry_of,
    layer_of,
    taken,
    with_plain_type,
)

_MODES = ("sum", "mul", "ave", "concat", None)


class CustomTimeDistributed(CustomWrapper):
    """A model, or a layer of the script's own, at each step of a sequence."""

    def __init__(self, layer: Any, **options: Any) -> None:
        """Keep the model or the layer."""
        super().__init__(layer, **options)
        self.supports_masking = True

    def call(self, x: Any, mask: Any = None) -> Any:
        """Apply it to all steps as one batch."""
        if len(x.shape) < 3:
            raise InvalidShape(
                f"{self._title} takes inputs (batch, steps, ...) with three axes or more; received "
                f"shape {x.shape}."
            )
        steps = x.shape[1] if x.shape[1] is not None else shape(x)[1]
        flat = reshape(x, (-1, *x.shape[2:]))
        made = self.layer(flat) if mask is None else self._masked(flat, mask)
        return reshape(made, (-1, steps, *made.shape[1:]))

    def _masked(self, flat: Any, mask: Any) -> Any:
        """Return what the layer's own `call` makes of all steps and their mask."""
        inner = self.layer
        if not (self.dialect.masks_by_step and "mask" in getattr(inner, "call_parameters", ())):
            return inner(flat)
        inner.build(flat.shape)
        return inner.call(flat, mask=reshape(mask, (-1, *mask.shape[2:])))

    def makes_mask(self, masked: Sequence[bool]) -> bool:
        """Return whether the output has a mask: if the input has one, or if the layer makes one."""
        asked = (
            getattr(self.layer, "makes_mask", None) if self.dialect.makes_masks_by_step else None
        )
        return any(masked) or (asked is not None and bool(asked(masked)))

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """Return that of the input or, in Keras 2, what the layer makes of each step."""
        own = getattr(self.layer, "compute_mask", None)
        if own is None or not self.dialect.makes_masks_by_step:
            return mask
        flags = None if mask is None else reshape(mask, (-1, *shape(mask)[2:]))
        made = own(reshape(inputs, (-1, *shape(inputs)[2:])), flags)
        if made is not None:
            return reshape(made, (*shape(inputs)[:2], *shape(made)[1:]))
        if mask is None or len(shape(mask)) == 2:
            return mask
        return any_of(mask, axis=range(2, len(shape(mask))))


class CustomBidirectional(CustomWrapper):
    """A recurrent layer of a script's cell, forwards and backwards."""

    _num_constants = 0

    def __init__(
        self,
        layer: Any,
        merge_mode: str | None = "concat",
        weights: Any = None,
        backward_layer: Any = None,
        **options: Any,
    ) -> None:
        """Make a layer for each way of the configuration of one; the way back may have its own."""
        if merge_mode not in _MODES:
            raise InvalidArgument(
                f"`merge_mode` must be one of {', '.join(map(repr, _MODES))}; received "
                f"{merge_mode!r}."
            )
        super().__init__(layer, weights=weights, **options)
        self.merge_mode = merge_mode
        config = self._with_zeros(layer)
        self.forward_layer = type(layer).from_config(config | {"name": f"forward_{layer.name}"})
        back = config | {"name": f"backward_{layer.name}", "go_backwards": not layer.go_backwards}
        if backward_layer is not None:
            back = self._with_zeros(backward_layer)
        self.backward_layer = type(layer).from_config(back)
        self._given_back = backward_layer
        self.supports_masking = True

    def _with_zeros(self, layer: Any) -> dict[str, Any]:
        config: dict[str, Any] = layer.get_config()
        gives_zeros = getattr(layer, "zero_output_for_mask", False)
        if gives_zeros or self.dialect.zeros_both_ways:  # of steps alone, as in `Bidirectional`
            config["zero_output_for_mask"] = layer.return_sequences
        return config

    def _inner_layers(self) -> list[Any]:
        return [self.forward_layer, self.backward_layer]

    def __call__(  # type: ignore[override] # it takes what Keras's takes, and no other options
        self,
        inputs: Any,
        initial_state: Any = None,
        constants: Any = None,
        mask: Any = None,
        training: Any = None,
    ) -> Any:
        """Apply both; states of each way, and constants, may stand behind the input."""
        if initial_state is not None and not isinstance(initial_state, list | tuple):
            raise InvalidArgument(
                f"`initial_state` of {self._title} must be a list with the states of both ways; "
                f"received {type(initial_state).__name__}."
            )
        given = list(inputs) if isinstance(inputs, list | tuple) else [inputs]
        same = list(constants) if isinstance(constants, list | tuple) else [constants]
        if constants is not None:
            self._num_constants = len(same)
        whole = [*given, *(initial_state or []), *(same if constants is not None else [])]
        return super().__call__(whole if len(whole) > 1 else inputs, mask)

    def makes_mask(self, masked: Sequence[bool]) -> bool:
        """Return whether the output has a mask: where the steps are returned."""
        return bool(self.forward_layer.return_sequences) and masked[0]

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """Return the mask of the output: the input's where the steps are returned."""
        own = mask[0] if isinstance(mask, list) else mask
        return own if self.forward_layer.return_sequences else None

    def reads_mask(self, count: int) -> bool:
        """Return whether a call that reads so many tensors is given the mask of the first."""
        return count == 1 or self.dialect.keeps_masks_beside_states

    @property
    def masked_outputs(self) -> int:  # type: ignore[override]  # it depends on an argument
        """How many outputs have the mask of the steps."""
        return 1 if self.merge_mode else 2

    def call(self, inputs: Any, mask: Any = None) -> Any:
        """Return what both make of the input, merged, and their states."""
        x, *rest = inputs if isinstance(inputs, list) else [inputs]
        states = rest[: len(rest) - self._num_constants]
        same = rest[len(states) :] or None
        half = len(states) // 2
        flags = mask[0] if isinstance(mask, list) else mask
        one = _steps(self.forward_layer, x, states[:half], same, flags)
        other = _steps(self.backward_layer, x, states[half:], same, flags)
        y, *ends = one if isinstance(one, list) else [one]
        z, *starts = other if isinstance(other, list) else [other]
        if self.forward_layer.return_sequences:
            z = reverse(z, 1)
        merges: dict[str | None, Callable[[], list[Any]]] = {
            "concat": lambda: [concatenate([y, z])],
            "sum": lambda: [y + z],
            "mul": lambda: [y * z],
            "ave": lambda: [(y + z) / 2],
            None: lambda: [y, z],
        }
        whole = [*merges[self.merge_mode](), *ends, *starts]
        return whole if len(whole) > 1 else whole[0]

    def get_config(self) -> dict[str, Any]:
        """Return what every layer takes, the layer, and how both ways are merged."""
        config = super().get_config() | {"merge_mode": self.merge_mode}
        config["layer"] = entry_of(self.layer)
        if self._given_back is not None:
            config["backward_layer"] = entry_of(self._given_back)
        return config | ({"num_constants": self._num_constants} if self._num_constants else {})

    @classmethod
    def from_config(
        cls, config: Mapping[str, Any], custom_objects: Any = None, *, backend: str | None = None
    ) -> Any:
        """Make a wrapper from what `get_config` returned."""
        rest = with_plain_type(config, cls)
        count = rest.pop("num_constants", 0)
        back = rest.pop("backward_layer", None)
        if back is not None:
            rest["backward_layer"] = layer_of(back, cls.door, custom_objects)
        made = cls(layer_of(taken(rest, "layer", cls), cls.door, custom_objects), **rest)
        made._num_constants = made.forward_layer._num_constants = count
        made.backward_layer._num_constants = count
        return made


def _steps(layer: Any, x: Any, states: list[Any], constants: Any, mask: Any) -> Any:
    """Return what a recurrent layer makes of symbols; of a mask, as a part of the wrapper."""
    made = layer(x, initial_state=states or None, constants=constants)
    if mask is None:
        return made
    given = [x, *states, *(constants or [])]
    return layer.call(given if len(given) > 1 else x, mask=mask)
