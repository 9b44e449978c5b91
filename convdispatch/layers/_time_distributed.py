"""TimeDistributed: the same layer at each step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, ClassVar, Unpack

from convdispatch.engine.constructor_signature import LayerOptions
from convdispatch.engine.in_training import without_effects
from convdispatch.engine.layer import Layer
from convdispatch.engine.masked_layer import MaskedLayer
from convdispatch.engine.resolved import Effects, Forward, Resolved, Training
from convdispatch.engine.specs import Spec
from convdispatch.errors import InvalidArgument, InvalidShape
from convdispatch.layers._wrapping import Wrapper, sizes_of
from convdispatch.ops import INTEGER_DTYPES, NumpyArray, PartialShape


class TimeDistributed(MaskedLayer, Wrapper):
    """Apply a layer to each step of a sequence.

        input   (batch, steps, ...)
        output  (batch, steps, ...), each step that of the layer

    The weights are those that the layer would have. Where the layer has weights already, or was
    given some, they are copied, not shared: the wrapper begins with their values, and from then on
    each has its own. A frozen layer, `trainable = False`, freezes the wrapper. In training a layer
    with statistics of the batch, such as `BatchNormalization`, takes those of all steps of all
    samples.

    A mask of more axes than (batch, steps) says what counts within each step: a recurrent layer
    is given that part of it. Keras 1 gave its layers none.

    Raises `InvalidArgument` or `InvalidType` for something other than a layer. A call raises
    `InvalidShape` for fewer than three axes and for a step that the layer does not take;
    `InvalidType` for integers, unless the layer takes them, and for a tensor of another framework.

    Source: Keras 2.2.4 `TimeDistributed`.

    >>> import numpy as np
    >>> from convdispatch.layers import TimeDistributed, Dense
    >>> layer = TimeDistributed(Dense(1), weights=[np.array([[1.0], [10.0]]), np.zeros(1)])
    >>> layer(np.array([[[1.0, 2.0], [3.0, 4.0]]])).ravel()
    array([21., 43.])
    """

    supports_masking = True
    checks_arrays: ClassVar[bool] = True  # those of the layer

    def __init__(self, layer: Layer, **options: Unpack[LayerOptions]) -> None:
        """Check and keep the arguments; `build` or the first call makes the weights.

        layer: what each step goes through, or its configuration.
        options: what every layer takes, such as `name`, `dtype`, `input_shape`, `weights`.
        """
        super().__init__(layer, **options)
        self._masks_steps = self.dialect.masks_by_step and self.layer.takes_mask

    @property
    def input_dtype(self) -> str:
        """The element type of inputs that come as lists of numbers: integers for an embedding."""
        inner = self.layer.input_dtype
        return inner if inner in INTEGER_DTYPES else self.dtype

    def check_array(self, inputs: NumpyArray) -> None:
        """Raise for an array whose numbers the layer does not take, where it takes some alone."""
        self.layer.check_array(inputs)

    def _require_dtype(self, dtype: str) -> None:
        if not {dtype, self.input_dtype}.issubset(INTEGER_DTYPES):
            super()._require_dtype(dtype)

    def resolve(self, spec: Spec) -> Resolved:
        """Return the layer resolved for inputs of that spec."""
        shape = spec.shape
        self._require_steps(shape)
        inner = self._planned(self.layer)
        step = Spec((None, *shape[2:]), spec.dtype)
        resolved = inner.resolved(step)
        made = resolved.output_shape
        if isinstance(made, list):
            raise InvalidArgument(
                f"{self._title} takes a layer with one output; received {self.layer.name!r}, which "
                f"has {len(made)}."
            )

        def flat(x: Any) -> Any:
            return self._backend().functions["reshape"](x, (-1, *sizes_of(step.shape)))

        def of_steps(mask: Sequence[Any]) -> list[Any]:
            return [self._mask_of_steps(one) for one in mask] if self._masks_steps else []

        def by_step(y: Any) -> Any:
            return self._backend().functions["reshape"](y, (-1, shape[1] or 0, *sizes_of(made)))

        def lower(dtype: str, activation: Any) -> Forward:
            forward = resolved.lower(dtype, inner.activation)
            return lambda weights, x, *mask: by_step(forward(weights, flat(x), *of_steps(mask)))

        def lower_training(dtype: str, activation: Any) -> Training:
            training = without_effects(resolved.lower(dtype, inner.activation))
            if resolved.lower_training is not None:
                training = resolved.lower_training(dtype, inner.activation)

            def train(weights: Sequence[Any], x: Any, key: Any, *mask: Any) -> tuple[Any, Effects]:
                outputs, effects = training(weights, flat(x), key, *of_steps(mask))
                return by_step(outputs), effects

            return train

        return replace(
            resolved,
            output_shape=(None, shape[1], *made[1:]),
            declare=lambda: resolved.declarations,
            lower=lower,
            lower_training=None if resolved.lower_training is None else lower_training,
        )

    def _require_steps(self, shape: PartialShape) -> None:
        """Raise for an input without steps, and for a layer that goes on from step to step."""
        if len(shape) < 3 or shape[1] == 0:
            raise InvalidShape(
                f"{self._title} takes inputs (batch, steps, ...) with three axes or more and at "
                f"least one step; received shape {shape}."
            )
        if self.layer.carries_state:
            raise InvalidArgument(
                f"{self._title} begins each step anew, so its layer cannot be stateful; received "
                f"{self.layer.name!r}. Make it with `stateful=False`."
            )

    # Masks.

    def reads_mask(self, count: int) -> bool:
        """Return whether a call is given the mask: where the layer takes that of a step."""
        return self._masks_steps

    def makes_mask(self, masked: Sequence[bool]) -> bool:
        """Return whether the output has a mask: if the input has one, or if the layer makes one."""
        makes = self.dialect.makes_masks_by_step and self.layer.makes_mask(masked)
        return makes or any(masked)

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """Return the mask of the output, None for none.

        It is that of the input or, in Keras 2, what the layer makes of each step.
        """
        if not self.dialect.makes_masks_by_step:
            return mask
        backend = self._backend()
        f: Any = backend.functions
        batch, steps, *sizes = f["shape"](inputs)
        inner = self._planned(self.layer)
        flags = None if mask is None else self._flat_mask(mask)
        made = inner.compute_mask(f["reshape"](inputs, (-1, *sizes)), flags)
        if made is not None:
            return f["reshape"](made, (batch, steps, *f["shape"](made)[1:]))
        if mask is None or len(f["shape"](mask)) == 2:
            return mask
        axes = tuple(range(2, len(f["shape"](mask))))
        return f["max"](backend.cast(mask, "float32"), axes, keepdims=False) > 0.5

    def _mask_of_steps(self, mask: Any) -> Any:
        """Return the mask of all steps as one batch; raise where the layer needs more of it."""
        if isinstance(self.layer, MaskedLayer) and len(self._backend().describe(mask)[0]) < 3:
            raise InvalidShape(
                f"{self._title} has a mask with one flag for each of its steps, and its layer "
                f"{self.layer.name!r} needs one for what is within a step. Put a layer that makes "
                "such a mask before it, or leave out the mask."
            )
        return self._flat_mask(mask)

    def _flat_mask(self, mask: Any) -> Any:
        f: Any = self._backend().functions
        return f["reshape"](mask, (-1, *f["shape"](mask)[2:]))

    def _require_a_flag_for_each_step(self, mask: PartialShape, shape: PartialShape) -> None:
        pairs = zip(mask, shape, strict=False)
        if not 2 <= len(mask) <= len(shape) or any(a != b for a, b in pairs if None not in (a, b)):
            raise InvalidShape(
                f"`mask` of {self._title} must have the first sizes of its input, two or more; "
                f"received a mask of shape {mask} for an input of shape {shape}."
            )
