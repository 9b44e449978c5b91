"""Batch normalization: each channel shifted and scaled to the mean and variance of its batch."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Unpack

import numpy as np

from convdispatch.engine.arguments import as_bool, as_float, as_int
from convdispatch.engine.constructor_signature import LayerOptions
from convdispatch.engine.declarations import Weight
from convdispatch.engine.in_training import named
from convdispatch.engine.plans import in_float32, training_in_float32
from convdispatch.engine.resolved import Effects, Forward, Resolved, Training
from convdispatch.engine.specs import Spec
from convdispatch.engine.weight_options import WithWeightOptions
from convdispatch.errors import InvalidShape
from convdispatch.formulas.whole_batch import samples_of
from convdispatch.layers._moments import moments_of, unless_empty
from convdispatch.ops import HALF_DTYPES, PartialShape, Shape
from convdispatch.types import ConstraintLike, InitializerLike, RegularizerLike

Tensors = Mapping[str, Any]  # by the weights' names


class BatchNormalization(WithWeightOptions):
    """Normalize each channel: gamma * (x - mean) / sqrt(variance + epsilon) + beta.

        input   (batch, ..., channels), or with the channels on another `axis`
        output  the same
        gamma, beta, moving_mean, moving_variance  (channels,), in this order

    In training mean and variance are those of the batch, over all axes but `axis`, and the moving
    ones move on: moving * momentum + batch's * (1 - momentum). Otherwise the moving ones are used.
    They are weights that no trainer changes. Where several processes or devices train the model
    with `fit`, the batch is that of all of them together.

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type. A
    call raises `InvalidShape` for an axis that the input does not have and for channels that the
    layer was not built for.

    Source: Keras 2.2.4 `BatchNormalization` (Ioffe and Szegedy, arXiv:1502.03167), with Keras 3's
    moving variance, which is that of the batch; Keras 2's is an estimate of the population's.

    >>> import numpy as np
    >>> from convdispatch.layers import BatchNormalization
    >>> weights = [np.array([2.0]), np.array([1.0]), np.array([5.0]), np.array([4.0])]
    >>> layer = BatchNormalization(epsilon=0, weights=weights)
    >>> layer(np.array([[5.0], [7.0]])).ravel()
    array([1., 3.])
    """

    family = "normalization"
    supports_masking = True

    def __init__(
        self,
        axis: int = -1,
        momentum: float = 0.99,
        epsilon: float = 0.001,
        center: bool = True,
        scale: bool = True,
        beta_initializer: InitializerLike = "zeros",
        gamma_initializer: InitializerLike = "ones",
        moving_mean_initializer: InitializerLike = "zeros",
        moving_variance_initializer: InitializerLike = "ones",
        beta_regularizer: RegularizerLike = None,
        gamma_regularizer: RegularizerLike = None,
        beta_constraint: ConstraintLike = None,
        gamma_constraint: ConstraintLike = None,
        **options: Unpack[LayerOptions],
    ) -> None:
        """Check and keep the arguments; `build` or the first call makes the weights.

        axis: where the channels are, the batch axis counted as 0; -1 is the last one.
        momentum: how much of the moving mean and variance a step of training keeps, 0 to 1.
        epsilon: added to the variance, so that nothing is divided by zero.
        center, scale: whether there is a beta, a gamma.
        beta_initializer, beta_regularizer, beta_constraint: of the shift.
        gamma_initializer, gamma_regularizer, gamma_constraint: of the scale.
        moving_mean_initializer, moving_variance_initializer: of the moving statistics.
        options: what every layer takes, such as `name`, `dtype`, `input_shape`, `weights`.
        """
        super().__init__(**options)
        only = (
            axis[0] if isinstance(axis, list | tuple) and len(axis) == 1 else axis
        )  # TensorFlow's
        self.axis = as_int(only, self.spelled("axis"), minimum=-(2**31))
        self.momentum = as_float(momentum, self.spelled("momentum"), maximum=1.0)
        self.epsilon = as_float(epsilon, self.spelled("epsilon"))
        self.center = as_bool(center, self.spelled("center"))
        self.scale = as_bool(scale, self.spelled("scale"))
        self._keep_weight_options("beta", beta_initializer, beta_regularizer, beta_constraint)
        self._keep_weight_options("gamma", gamma_initializer, gamma_regularizer, gamma_constraint)
        self._keep_initializer("moving_mean", moving_mean_initializer)
        self._keep_initializer("moving_variance", moving_variance_initializer)

    @property
    def gamma(self) -> Any:
        """The scale, None before `build` and where `scale` is False."""
        return self._variable("gamma")

    @property
    def beta(self) -> Any:
        """The shift, None before `build` and where `center` is False."""
        return self._variable("beta")

    @property
    def moving_mean(self) -> Any:
        """The moving mean, None before `build`."""
        return self._variable("moving_mean")

    @property
    def moving_variance(self) -> Any:
        """The moving variance, None before `build`."""
        return self._variable("moving_variance")

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments as JSON types."""
        return super().get_config() | {
            "axis": self.axis,
            "momentum": self.momentum,
            "epsilon": self.epsilon,
            "center": self.center,
            "scale": self.scale,
            **self._weight_options_config("beta"),
            **self._weight_options_config("gamma"),
            **self._initializer_config("moving_mean"),
            **self._initializer_config("moving_variance"),
        }

    @property
    def when_frozen(self) -> str:
        """What the layer does in training while nothing may train it: see `Dialect`."""
        return self.dialect.frozen_normalization

    @property
    def reduction_length(self) -> int:
        """How many roundings one output goes through, for rounding-error bounds."""
        return 8

    def magnitudes(self, weights: Sequence[Any]) -> tuple[list[Any], list[Any]]:
        """Return weights with which gamma, beta, x and the moving mean add up in magnitude."""
        by_name = named(self._declarations, weights)
        moved = {"moving_mean": -np.abs(by_name["moving_mean"])}
        kept = {"moving_variance": by_name["moving_variance"]}
        whole = {name: np.abs(weight) for name, weight in by_name.items()} | moved | kept
        shifts = {name for name in ("beta", "moving_mean") if name in whole}
        unshifted = whole | {name: np.zeros_like(whole[name]) for name in shifts}
        return list(whole.values()), list(unshifted.values())

    def resolve(self, spec: Spec) -> Resolved:
        """Return the layer resolved for inputs of that spec; the shape stays."""
        axis = self._axis_of(spec.shape)

        def declare() -> tuple[Weight, ...]:
            return self._declared(spec.shape, axis)

        def lower(dtype: str, activation: Any) -> Forward:
            backend = self._backend()
            if dtype in HALF_DTYPES:
                return in_float32(self._inference(resolved, spec, axis), backend, dtype)
            return self._inference(resolved, spec, axis)

        def lower_training(dtype: str, activation: Any) -> Training:
            backend = self._backend()
            if dtype in HALF_DTYPES:
                return training_in_float32(self._training(resolved, spec, axis), backend, dtype)
            return self._training(resolved, spec, axis)

        resolved = Resolved(
            output_shape=(None, *spec.shape[1:]),
            declare=declare,
            lower=lower,
            lower_training=lower_training,
        )
        return resolved

    def _require_as_built(self, shape: PartialShape) -> None:
        if self._variables and self._built_shape is not None:
            axis = self._axis_of(shape)
            built = self._built_shape[self._axis_of(self._built_shape)]
            if shape[axis] != built:
                raise InvalidShape(
                    f"{self._title} was built for {built} channels on axis {axis}; received shape "
                    f"{shape}."
                )

    def _axis_of(self, shape: PartialShape) -> int:
        """Return the axis of the channels, counted from 0."""
        axis = self.axis + len(shape) if self.axis < 0 else self.axis
        if not 0 < axis < len(shape):
            raise InvalidShape(
                f"{self._title} normalizes along `{self.spelled('axis')}` {self.axis}, which must "
                f"be an axis of its input other than the batch; received shape {shape}."
            )
        return axis

    def _declared(self, shape: PartialShape, axis: int) -> tuple[Weight, ...]:
        channels = shape[axis]
        if channels is None:
            raise InvalidShape(
                f"{self._title} needs a known number of channels on axis {axis}; received shape "
                f"{shape}."
            )
        names = {"gamma": self.scale, "beta": self.center}
        trained = [self._weight(name, (channels,)) for name, is_there in names.items() if is_there]
        moving = [
            self._weight(name, (channels,), trainable=False)
            for name in ("moving_mean", "moving_variance")
        ]
        return (*trained, *moving)

    def _inference(self, resolved: Resolved, spec: Spec, axis: int) -> Forward:
        weights, normalize = resolved.declarations, self._normalizing(spec.shape, axis)

        def forward(values: Sequence[Any], x: Any) -> Any:
            by_name = named(weights, values)
            return normalize(x, by_name["moving_mean"], by_name["moving_variance"], by_name)

        return forward

    def _training(self, resolved: Resolved, spec: Spec, axis: int) -> Training:
        weights, backend = resolved.declarations, self._backend()
        normalize = self._normalizing(spec.shape, axis)
        moments = moments_of(backend, len(spec.shape), axis)
        stop = backend.functions["stop_gradient"]
        kept, taken = self.momentum, 1 - self.momentum
        chosen = unless_empty(backend)

        def training(values: Sequence[Any], x: Any, key: Any) -> tuple[Any, Effects]:
            by_name = named(weights, values)
            before = {name: by_name[name] for name in ("moving_mean", "moving_variance")}
            if 0 in backend.describe(x)[0]:  # there is no mean of no number
                outputs = normalize(x, before["moving_mean"], before["moving_variance"], by_name)
                return outputs, Effects(updates={name: stop(old) for name, old in before.items()})
            mean, variance = moments(x)
            outputs = normalize(x, mean, variance, by_name)
            seen = mean, self._seen_variance(x, variance, axis)
            updates = {
                name: stop(chosen(x, old * kept + new * taken, old))
                for (name, old), new in zip(before.items(), seen, strict=True)
            }
            return outputs, Effects(updates=updates)

        return training

    def _seen_variance(self, x: Any, variance: Any, axis: int) -> Any:
        """Return the variance that moves the moving one."""
        if self.convention == "theano":
            # Theano's `batch_normalization_train` gives 1 / sqrt(variance + epsilon). Keras 1.2.2
            # and 2.2.4 take its inverse square and do not subtract epsilon again.
            variance = variance + self.epsilon
        rule, backend = self.dialect.estimates_population, self._backend()
        shape, dtype = backend.describe(x)
        if rule == "none" or (rule == "fused" and not _is_fused(len(shape), axis, dtype)):
            return variance
        sizes: Any = backend.functions["shape"](x)
        count = math.prod(size for i, size in enumerate(sizes) if i != axis)
        count = samples_of(count, x)
        if backend.owns(count):  # a size that is unknown while the framework traces
            count = backend.cast(count, dtype)
        if rule == "fused":
            one_less = count - 1.0
            is_tensor = backend.owns(one_less)
            rest = backend.functions["maximum"](one_less, 1.0) if is_tensor else max(one_less, 1.0)
            return variance * (count / rest)
        return variance * (count / (count - (1.0 + self.epsilon)))

    def _normalizing(
        self, shape: PartialShape, axis: int
    ) -> Callable[[Any, Any, Any, Tensors], Any]:
        functions = self._backend().functions
        reshape, sqrt = functions["reshape"], functions["sqrt"]
        aligned: Shape = tuple((size or 0) if i == axis else 1 for i, size in enumerate(shape))
        epsilon = self.epsilon

        def normalize(x: Any, mean: Any, variance: Any, weights: Tensors) -> Any:
            centred = x - reshape(mean, aligned)
            scaled = centred / reshape(sqrt(variance + epsilon), aligned)
            if "gamma" in weights:
                scaled = scaled * reshape(weights["gamma"], aligned)
            return scaled + reshape(weights["beta"], aligned) if "beta" in weights else scaled

        return normalize


def _is_fused(axes: int, axis: int, dtype: str) -> bool:
    """Return whether TensorFlow has one kernel that normalizes such a tensor along that axis."""
    return dtype != "float64" and (axes, axis) in ((4, 1), (4, 3), (5, 1), (5, 4))
