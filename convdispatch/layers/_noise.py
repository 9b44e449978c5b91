"""Dropout: numbers left out at random in training, and the others enlarged to make up for them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Unpack

from convdispatch.engine.arguments import as_float, as_int, as_partial_shape
from convdispatch.engine.constructor_signature import LayerOptions
from convdispatch.engine.layer import Layer
from convdispatch.engine.resolved import Effects, Forward, Resolved, Training
from convdispatch.engine.specs import Spec
from convdispatch.errors import InvalidShape


class Dropout(Layer):
    """Leave out numbers with probability `rate` in training; divide the others by 1 - `rate`.

        input   any shape
        output  the same

    A call outside of training returns its input. Which numbers are left out is decided by the key
    of the step and the layer's place in the model.

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type. A
    call raises `InvalidShape` for an input that `noise_shape` does not fit.

    Source: Keras 2.2.4 `Dropout` (Srivastava et al., JMLR 15, 2014), which leaves nothing out where
    `rate` is 1.

    >>> import numpy as np
    >>> from convdispatch.layers import Dropout
    >>> Dropout(0.5)(np.array([[1.0, 2.0]]))
    array([[1., 2.]])
    """

    supports_masking = True

    def __init__(
        self,
        rate: float,
        noise_shape: Sequence[int | None] | None = None,
        seed: int | None = None,
        **options: Unpack[LayerOptions],
    ) -> None:
        """Check and keep the arguments.

        rate: the probability that a number is left out, from 0 to 1.
        noise_shape: the shape of what is drawn: 1 leaves a whole axis out or none of it, None
            takes the input's size; None alone draws for each number.
        seed: an integer that is mixed into the key; None mixes in nothing.
        options: what every layer takes, such as `name`, `dtype`, `input_shape`, `weights`.
        """
        super().__init__(**options)
        self.rate = as_float(rate, self.spelled("rate"), maximum=1.0)
        self.noise_shape = (
            None if noise_shape is None else as_partial_shape(noise_shape, "noise_shape")
        )
        self.seed = None if seed is None else as_int(seed, "seed", minimum=0)

    @property
    def draws(self) -> bool:
        """Whether the layer uses its key in training."""
        return 0 < self.rate < 1

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments as JSON types."""
        config = super().get_config() | {"rate": self.rate, "seed": self.seed}
        return config | {"noise_shape": self.noise_shape}

    def resolve(self, spec: Spec) -> Resolved:
        """Return what the layer makes of inputs of that spec: the same shape."""
        self._require_noise_of(spec)

        def lower(dtype: str, activation: Any) -> Forward:
            return lambda weights, inputs: inputs

        def lower_training(dtype: str, activation: Any) -> Training:
            return self._dropping(dtype)

        return Resolved(
            output_shape=(None, *spec.shape[1:]),
            lower=lower,
            lower_training=lower_training if self.draws else None,
        )

    def _require_noise_of(self, spec: Spec) -> None:
        """Raise `InvalidShape` where `noise_shape` does not fit the input."""
        noise = self.noise_shape
        if noise is None:
            return
        fits = len(noise) == len(spec.shape) and all(
            size in (None, 1) or given in (None, size)
            for size, given in zip(noise, spec.shape, strict=True)
        )
        if not fits:
            raise InvalidShape(
                f"`noise_shape` of {self.name!r} must have, for each axis of the input, its size, "
                f"1 or None; received {noise} for an input of shape {spec.shape}."
            )

    def _dropping(self, dtype: str) -> Training:
        backend = self._backend()
        sizes_of = backend.functions["shape"]
        fold, draw = backend.random["fold"], backend.random["bernoulli"]
        noise, parts, kept = self.noise_shape, _parts(self.seed), 1.0 - self.rate

        def training(weights: Any, inputs: Any, key: Any) -> tuple[Any, Effects]:
            sizes: Any = sizes_of(inputs)
            if noise is not None:
                sizes = tuple(
                    size if wanted is None else wanted
                    for wanted, size in zip(noise, sizes, strict=True)
                )
            own = key
            for part in parts:
                own = fold(own, part)
            mask: Any = draw(own, sizes, dtype, kept)
            return backend.cast(inputs * (mask * (1.0 / kept)), dtype), Effects()

        return training


def _parts(seed: int | None) -> list[int]:
    """Return the seed in numbers that `fold` takes, of 31 bits each."""
    if seed is None:
        return []
    parts = [seed % 2**31]
    while seed := seed // 2**31:
        parts.append(seed % 2**31)
    return parts
