"""The activations of Keras 1, 2 and 3: names, parameters and facts for a layer.

The formulas themselves are in `activation_formulas`, once for all backends. `KERAS3` is what
`convdispatch.layers` reads; `KERAS2` (2.2.4, with the names that later 2.x added) and `KERAS1`
(1.2.2) are the façades'. The functions of `KERAS3` are also attributes of this module, to be
called on any backend's tensors.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TypeAlias, cast

from convdispatch.errors import InvalidArgument
from convdispatch.formulas import activation_formulas as formulas
from convdispatch.formulas import lookup
from convdispatch.formulas.element_types import rounded_once
from convdispatch.ops import FUSED_ACTIVATIONS, Backend, Tensor
from convdispatch.runtime import selection
from convdispatch.types import SomeTensor

Parameter: TypeAlias = bool | int | float | None
Parameters: TypeAlias = tuple[tuple[str, Parameter], ...]
Slopes: TypeAlias = tuple[float, float]
Function: TypeAlias = Callable[[Tensor], Tensor]

_POSITIVE = sys.float_info.min


@dataclass(frozen=True, slots=True, kw_only=True)
class Activation:
    """An activation with its parameters settled.

    >>> import numpy
    >>> relu(numpy.array([-1.0, 3.0, 9.0]), max_value=6).tolist()
    [0.0, 3.0, 6.0]
    >>> get({"class_name": "relu", "config": {"max_value": 6}}).lipschitz
    1.0
    """

    name: str
    function: Callable[..., Tensor]  # function(functions, x, *values of parameters)
    # The least and the greatest slope, or a function of the parameters that returns them. For
    # functions of a whole axis: minus and plus the Lipschitz constant in the maximum norm.
    slopes: Slopes | Callable[..., Slopes]
    at_least: float = -math.inf  # the smallest value that a parameter may have
    defaults: Parameters = ()
    parameters: Parameters = ()

    def __call__(self, x: SomeTensor, *values: object, **parameters: object) -> SomeTensor:
        """Apply the function to a tensor of any backend, with the given parameters."""
        names = (name for name, _ in self.defaults)
        given = dict(zip(names, values, strict=False)) | parameters
        if len(values) > len(self.defaults):
            raise InvalidArgument(
                f"activation {self.name!r} takes {len(self.defaults)} parameters after the "
                f"tensor, received {len(values)}. Leave out the last ones."
            )
        if self.function is formulas.linear and (x is None or isinstance(x, int | float)):
            return x  # nothing is computed of it, so it need not be a tensor
        activation = self.with_parameters(**given) if given else self
        return cast("SomeTensor", activation.apply(selection.backend_of(x), x))

    def apply(self, backend: Backend, x: Tensor) -> Tensor:
        """Apply the function to the backend's own tensor and keep its element type."""
        return rounded_once(backend, lambda wide: self.compute(backend.functions, wide), x)

    def compute(self, functions: Mapping[str, Callable[..., Tensor]], x: Tensor) -> Tensor:
        """Apply the function by a backend's table (`Backend.functions`) to its own tensor."""
        return self.function(functions, x, *(value for _, value in self.parameters))

    def with_parameters(self, **parameters: object) -> Activation:
        """Return the activation with some parameters replaced, each checked."""
        known = dict(self.parameters)
        for name in parameters:
            if name not in known:
                raise InvalidArgument(
                    f"unknown parameter {name!r} of activation {self.name!r}; allowed: "
                    f"{lookup.quoted(known) or 'no parameters'}. {lookup.hint(name, known)}"
                )
        defaults = dict(self.defaults)
        checked = {n: self._checked(n, v, defaults[n]) for n, v in parameters.items()}
        return replace(self, parameters=tuple((known | checked).items()))

    @property
    def fused(self) -> str | None:
        """The name among `ops.FUSED_ACTIVATIONS`, if the function is exactly that one."""
        is_plain = self.name in FUSED_ACTIVATIONS and self.parameters == self.defaults
        return self.name if is_plain and getattr(formulas, self.name) is self.function else None

    @property
    def lipschitz(self) -> float:
        """By how much at most the function enlarges a difference, in the maximum norm."""
        return max(map(abs, self._slopes()))

    @property
    def is_monotone(self) -> bool:
        """Whether the function maps cell by cell and never decreases."""
        return self._slopes()[0] >= 0

    @property
    def keeps_shape(self) -> bool:
        """Whether the result has the shape of the input; of all, only `glu`'s has not."""
        return self.function is not formulas.glu

    def get_config(self) -> dict[str, Parameter]:
        """Return the parameters by name."""
        return dict(self.parameters)

    def _slopes(self) -> Slopes:
        if callable(self.slopes):
            return self.slopes(*(value for _, value in self.parameters))
        return self.slopes

    def _checked(self, name: str, value: object, default: Parameter) -> Parameter:
        if value is None and default is None:
            return None
        if isinstance(default, bool):
            if isinstance(value, bool):
                return value
            raise InvalidArgument(f"`{name}` must be True or False, received {value!r}. Pass one.")
        if isinstance(default, int):
            return lookup.integer(value, name)
        return lookup.number(value, name, at_least=self.at_least)


def get(
    identifier: object, table: Mapping[str, Activation | Function] | None = None
) -> Activation | Function:
    """Return the activation that `identifier` stands for in `table` (`KERAS3` if None).

    None is `linear`; a name, a dictionary with 'class_name' (or 'name') and 'config', an
    `Activation`, or a callable, which is passed through and will be given native tensors.

    >>> get("tanh").name
    'tanh'
    """
    if identifier is None:
        return linear
    names = {name: _factory(entry) for name, entry in (table or KERAS3).items()}
    found = lookup.resolve(identifier, names, kind="activation", base=Activation)
    return cast("Activation | Function", found)


def serialize(activation: Activation | Function | None) -> object:
    """Return the configuration: the name, or a dictionary if parameters were given.

    A foreign callable is stored by its name, as in Keras, so that it can be saved; reading it back
    needs a table that has the name.

    >>> serialize(elu.with_parameters(alpha=0.5))
    {'class_name': 'elu', 'config': {'alpha': 0.5}}
    """
    if activation is None:
        return linear.name
    if isinstance(activation, Activation):
        if activation.parameters == activation.defaults:
            return activation.name
        return {"class_name": activation.name, "config": activation.get_config()}
    name = lookup.serialize(activation)
    if str(getattr(activation, "__module__", "")).startswith("convdispatch."):
        return name  # of `keras.backend`: the same function
    if any(name in table for table in (KERAS3, KERAS2, KERAS1) if isinstance(name, str)):
        # Saved by its bare name it would come back as ours.
        return f"{getattr(activation, '__module__', 'foreign')}.{name}"
    return name


def _factory(entry: Activation | Function) -> Callable[..., object]:
    return entry.with_parameters if isinstance(entry, Activation) else lambda: entry


def _define(
    function: Callable[..., Tensor],
    slopes: Slopes | Callable[..., Slopes],
    /,
    *,
    name: str = "",
    at_least: float = -math.inf,
    **defaults: Parameter,
) -> Activation:
    settled = tuple(defaults.items())
    return Activation(
        name=name or function.__name__,
        function=function,
        slopes=slopes,
        at_least=at_least,
        defaults=settled,
        parameters=settled,
    )


def _relu_slopes(slope: float, max_value: float | None = None, threshold: float = 0.0) -> Slopes:
    if threshold > 0:  # the function jumps there
        return min(slope, 0.0), math.inf
    return min(slope, 1.0 if max_value is None else 0.0), max(slope, 1.0)


def _elu_slopes(alpha: float) -> Slopes:
    return min(alpha, 0.0), max(alpha, 1.0)


def _hard_shrink_slopes(threshold: float) -> Slopes:
    return 0.0, math.inf if threshold > 0 else 1.0


def _threshold_slopes(threshold: float, default_value: float) -> Slopes:
    jump = threshold - default_value
    return -math.inf if jump < 0 else 0.0, math.inf if jump > 0 else 1.0


linear = _define(formulas.linear, (1.0, 1.0))
relu = _define(
    formulas.relu, _relu_slopes, at_least=0.0, negative_slope=0.0, max_value=None, threshold=0.0
)
leaky_relu = _define(formulas.leaky_relu, _relu_slopes, at_least=0.0, negative_slope=0.2)
relu6 = _define(formulas.relu6, (0.0, 1.0))
elu = _define(formulas.elu, _elu_slopes, alpha=1.0)
selu = _define(formulas.selu, (0.0, formulas.SELU_SCALE * formulas.SELU_ALPHA))
celu = _define(formulas.celu, (0.0, 1.0), at_least=_POSITIVE, alpha=1.0)
# Extremes of the slope, rounded outwards: gelu's at x = -+sqrt(2), or near it in the tanh form.
gelu = _define(formulas.gelu, (-0.1295, 1.1295), approximate=False)
silu = swish = _define(formulas.silu, (-0.09984, 1.09984))
mish = _define(formulas.mish, (-0.1126, 1.0885))
sigmoid = _define(formulas.sigmoid, (0.0, 0.25))
hard_sigmoid = _define(formulas.hard_sigmoid, (0.0, 1 / 6))
log_sigmoid = _define(formulas.log_sigmoid, (0.0, 1.0))
sparse_sigmoid = _define(formulas.sparse_sigmoid, (0.0, 0.5))
hard_silu = hard_swish = _define(formulas.hard_silu, (-0.5, 1.5))
tanh = _define(formulas.tanh, (0.0, 1.0))
hard_tanh = _define(formulas.hard_tanh, (0.0, 1.0))
tanh_shrink = _define(formulas.tanh_shrink, (0.0, 1.0))
hard_shrink = _define(formulas.hard_shrink, _hard_shrink_slopes, at_least=0.0, threshold=0.5)
soft_shrink = _define(formulas.soft_shrink, (0.0, 1.0), at_least=0.0, threshold=0.5)
# Keras gives these two parameters no defaults, so that the bare name fails at the first call.
threshold = _define(formulas.threshold, _threshold_slopes, threshold=0.0, default_value=0.0)
softplus = _define(formulas.softplus, (0.0, 1.0))
softsign = _define(formulas.softsign, (0.0, 1.0))
squareplus = _define(formulas.squareplus, (0.0, 1.0), at_least=_POSITIVE, b=4.0)
sparse_plus = _define(formulas.sparse_plus, (0.0, 1.0))
exponential = _define(formulas.exponential, (0.0, math.inf))
# Row sums of the Jacobians: 2 p (1 - p), 2 (1 - p) and 2 (1 - 1 / support).
softmax = _define(formulas.softmax, (-0.5, 0.5), axis=-1)
log_softmax = _define(formulas.log_softmax, (-2.0, 2.0), axis=-1)
sparsemax = _define(formulas.sparsemax, (-2.0, 2.0), axis=-1)
glu = _define(formulas.glu, (-math.inf, math.inf), axis=-1)


def _by_name(*activations: Activation) -> dict[str, Activation]:
    return {activation.name: activation for activation in activations}


KERAS3: Mapping[str, Activation] = _by_name(
    linear, relu, leaky_relu, relu6, elu, selu, celu, gelu, silu, mish, sigmoid, hard_sigmoid,
    log_sigmoid, sparse_sigmoid, hard_silu, tanh, hard_tanh, tanh_shrink, hard_shrink, soft_shrink,
    threshold, softplus, softsign, squareplus, sparse_plus, exponential, softmax, log_softmax,
    sparsemax, glu,
) | {"swish": silu, "hard_swish": hard_silu}  # fmt: skip

_hard_sigmoid_keras1 = _define(formulas.hard_sigmoid_keras1, (0.0, 0.2), name="hard_sigmoid")

KERAS2: Mapping[str, Activation] = _by_name(
    _define(formulas.softmax_keras2, (-0.5, 0.5), name="softmax", axis=-1),
    _define(formulas.relu, _relu_slopes, at_least=0.0, alpha=0.0, max_value=None, threshold=0.0),
    _hard_sigmoid_keras1,
    *(elu, selu, softplus, softsign, tanh, sigmoid, exponential, linear),
    # Later 2.x: 2.2.4 ends with the line above.
    *(gelu, mish, _define(formulas.silu, (-0.09984, 1.09984), name="swish")),
)

KERAS1: Mapping[str, Activation] = _by_name(
    _define(formulas.softmax_keras1, (-0.5, 0.5), name="softmax"),
    _define(formulas.relu, _relu_slopes, at_least=0.0, alpha=0.0, max_value=None),
    _hard_sigmoid_keras1,
    *(elu, softplus, softsign, tanh, sigmoid, linear),
)
