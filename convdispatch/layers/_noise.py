"""Layers that change their input at random in training: the drawing, and dropout.

Numbers are left out at random, and the others are enlarged to make up for them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar, TypeAlias, Unpack

from convdispatch.engine.arguments import as_float, as_int, as_partial_shape
from convdispatch.engine.constructor_signature import LayerOptions
from convdispatch.engine.layer import Layer
from convdispatch.engine.plans import training_in_float32
from convdispatch.engine.resolved import Effects, Forward, Resolved, Training
from convdispatch.engine.specs import Spec
from convdispatch.errors import InvalidShape
from convdispatch.formulas import whole_batch
from convdispatch.formulas.random import Draws
from convdispatch.ops import HALF_DTYPES, Backend, PartialShape

# From the inputs and a key to the outputs.
Change: TypeAlias = Callable[[Any, Any], Any]


class NoisyLayer(Layer):
    """A layer that returns its input, and in training changes it by random numbers."""

    family = "noise"
    supports_masking = True
    seed: int | None

    def _keep_seed(self, seed: int | None) -> None:
        self.seed = None if seed is None else as_int(seed, "seed", minimum=0)

    def _change(self, backend: Backend, dtype: str) -> Change:
        """Return what training does with inputs of that element type."""
        raise NotImplementedError

    def _require_input(self, spec: Spec) -> None:
        """Raise `InvalidShape` for an input that the layer cannot take."""

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments as JSON types."""
        return super().get_config() | {"seed": self.seed}

    def resolve(self, spec: Spec) -> Resolved:
        """Return the layer resolved for inputs of that spec: the shape stays."""
        self._require_input(spec)

        def lower(dtype: str, activation: Any) -> Forward:
            return lambda weights, inputs: inputs

        def lower_training(dtype: str, activation: Any) -> Training:
            if dtype in HALF_DTYPES:
                return training_in_float32(self._changing("float32"), self._backend(), dtype)
            return self._changing(dtype)

        return Resolved(
            output_shape=(None, *spec.shape[1:]),
            lower=lower,
            lower_training=lower_training if self.draws else None,
        )

    def _changing(self, dtype: str) -> Training:
        backend, parts = self._backend(), seed_parts(self.seed)
        fold, change = Draws(backend)["fold"], self._change(backend, dtype)

        def training(weights: Any, inputs: Any, key: Any) -> tuple[Any, Effects]:
            for part in parts:
                key = fold(key, part)
            return backend.cast(change(inputs, key), dtype), Effects()

        return training


class DroppingLayer(NoisyLayer):
    """A layer that leaves out numbers with the same probability."""

    rate: float
    may_drop_everything: ClassVar[bool] = True  # else a rate of 1 does nothing in any Keras

    def _keep_rate(self, rate: float) -> None:
        self.rate = as_float(rate, self.spelled("rate"), maximum=1.0)

    @property
    def draws(self) -> bool:
        """Whether the layer uses its key in training."""
        return 0 < self.rate < 1 or self._drops_everything

    @property
    def _drops_everything(self) -> bool:
        return self.rate == 1 and self.may_drop_everything and self.dialect.drops_everything

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments as JSON types."""
        return super().get_config() | {"rate": self.rate}

    def _noise(self) -> PartialShape | None:
        """Return the shape of what is drawn, None in it for the input's size."""
        return None

    def _change(self, backend: Backend, dtype: str) -> Change:
        if self._drops_everything:
            f: Any = backend.functions
            # Not a product with 0, which would keep NaN and make it of infinity.
            return lambda inputs, key: f["where"](f["less"](inputs, inputs), inputs, 0.0)
        kept, draw = 1.0 - self.rate, self._drawing(backend, dtype)
        return lambda inputs, key: inputs * (draw(inputs, key) * (1.0 / kept))

    def _drawing(self, backend: Backend, dtype: str) -> Change:
        """Return the function that draws 1 for what is kept, and 0 for what is left out."""
        sizes_of, draws = backend.functions["shape"], Draws(backend)
        noise, kept = self._noise(), 1.0 - self.rate
        is_shared = noise is not None and noise[0] == 1  # by all samples
        if noise is not None and not is_shared:
            noise = (None, *noise[1:])  # the samples that are here: a part of the batch perhaps
        draw = draws["bernoulli"] if is_shared else draws.of_samples("bernoulli")

        def drawn(inputs: Any, key: Any) -> Any:
            sizes: Any = sizes_of(inputs)
            if noise is not None:
                sizes = tuple(
                    size if wanted is None else wanted
                    for wanted, size in zip(noise, sizes, strict=True)
                )
            return draw(key, sizes, dtype, kept)

        return drawn


class ShapedNoise(DroppingLayer):
    """A layer that leaves out numbers, of which a user may state which are left out together."""

    noise_shape: PartialShape | None

    def _keep_noise_shape(self, noise_shape: Sequence[int | None] | None) -> None:
        self.noise_shape = (
            None if noise_shape is None else as_partial_shape(noise_shape, "noise_shape")
        )

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments as JSON types."""
        return super().get_config() | {"noise_shape": self.noise_shape}

    def _noise(self) -> PartialShape | None:
        return self.noise_shape

    def _require_input(self, spec: Spec) -> None:
        noise = self.noise_shape
        if noise is None:
            return
        # Not the batch: a call outside of training draws nothing, and there is one plan for all.
        fits = len(noise) == len(spec.shape) and all(
            size in (None, 1) or given in (None, size)
            for size, given in zip(noise[1:], spec.shape[1:], strict=True)
        )
        if not fits:
            raise self._misfit(spec.shape)

    def _drawing(self, backend: Backend, dtype: str) -> Change:
        drawn, batch = super()._drawing(backend, dtype), (self.noise_shape or (None,))[0]
        if batch in (None, 1):
            return drawn

        def drawn_for_the_batch(inputs: Any, key: Any) -> Any:
            shape = backend.describe(inputs)[0]
            samples = whole_batch.samples_of_all(shape[0])
            if samples not in (None, batch):
                raise self._misfit((samples, *shape[1:]))
            return drawn(inputs, key)

        return drawn_for_the_batch

    def _misfit(self, shape: PartialShape) -> InvalidShape:
        return InvalidShape(
            f"`noise_shape` of {self.name!r} must have, for each axis of the input, its size, 1 or "
            f"None; received {self.noise_shape} for an input of shape {shape}."
        )


class Dropout(ShapedNoise):
    """Leave out numbers with probability `rate` in training; divide the others by 1 - `rate`.

        input   any shape
        output  the same

    A call outside of training returns its input. Which numbers are left out is decided by the key
    of the step and the layer's place in the model.

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type. A
    call raises `InvalidShape` for an input that `noise_shape` does not fit.

    Source: Keras 2.2.4 `Dropout` (Srivastava et al., JMLR 15, 2014). Keras 1 and 2 leave nothing
    out where `rate` is 1, Keras 3 everything.

    >>> import numpy as np
    >>> from convdispatch.layers import Dropout
    >>> Dropout(0.5)(np.array([[1.0, 2.0]]))
    array([[1., 2.]])
    """

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
        self._keep_rate(rate)
        self._keep_noise_shape(noise_shape)
        self._keep_seed(seed)


def seed_parts(seed: int | None) -> list[int]:
    """Return the seed in numbers that `fold` takes, of 31 bits each."""
    if seed is None:
        return []
    parts = [seed % 2**31]
    while seed := seed // 2**31:
        parts.append(seed % 2**31)
    return parts
