"""Keras 2's recurrent layers of NVIDIA's library, which lays out their weights in its own way.

The kernels of a gate are transposed there, and the input and the state have a bias each. A layer
keeps them so, because files, constraints and `get_weights` have them so; the plan lays them out as
`LSTM` and `GRU` do.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from convdispatch.engine.declarations import Weight
from convdispatch.formulas import initializers
from convdispatch.keras2.layers.recurrent import GRU, LSTM
from convdispatch.layers._recurrent import Recurrent
from convdispatch.types import ConstraintLike, InitializerLike, RegularizerLike

# What the configurations of `LSTM` and `GRU` have, and these layers do not let a user choose.
_NOT_OFFERED = (
    *("activation", "recurrent_activation", "use_bias", "dropout", "recurrent_dropout", "seed"),
    *("unroll", "zero_output_for_mask", "reset_after", "implementation"),
)
_NO_ARGUMENTS = ("self", "options", "__class__")  # of the names in a constructor


class CuDNN(Recurrent):
    """A recurrent layer whose weights are laid out as NVIDIA's library has them."""

    def _fix(self) -> None:
        self.recurrent_activation: Any = self._named("recurrent_activation", "sigmoid")

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments as JSON types."""
        config = super().get_config()
        return {name: value for name, value in config.items() if name not in _NOT_OFFERED}

    def _bias_shape(self) -> tuple[int, ...]:
        return (2 * self.gates * self.width,)

    def _gathered(self, weights: Sequence[Any]) -> tuple[Any, Any, Any]:
        f: Any = self._backend().functions
        kernel, recurrent, bias = weights[:3]
        gates, width = self.gates, self.width
        channels = f["shape"](kernel)[0]
        # A gate's block of columns holds, read row by row, the kernel's columns one after another.
        blocks = f["transpose"](f["reshape"](kernel, (channels, gates, width)), (1, 0, 2))
        columns = f["transpose"](f["reshape"](blocks, (gates, width, channels)), (2, 0, 1))
        turned = f["transpose"](f["reshape"](recurrent, (width, gates, width)), (2, 1, 0))
        return (
            f["reshape"](columns, (channels, gates * width)),
            f["reshape"](turned, (width, gates * width)),
            f["reshape"](bias, (2, gates * width)),
        )

    def _half(self, bias: Any, place: int) -> Any:
        f: Any = self._backend().functions
        return f["reshape"](f["take"](bias, np.array([place]), 0), (-1,))


class CuDNNLSTM(CuDNN, LSTM):
    """Compute an `LSTM` with sigmoid gates, as NVIDIA's library has it.

        input             (batch, steps, features)
        output            (batch, units), or (batch, steps, units) with `return_sequences`
        kernel            (features, 4 * units), the block of each gate transposed
        recurrent kernel  (units, 4 * units), the block of each gate transposed
        bias              (8 * units,): that of the input, then that of the state

    Every backend computes it. Files of its weights load into an `LSTM`, and the other way round.

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type. A
    call raises `InvalidShape` for another rank and for features that the layer was not built for;
    `InvalidType` for integers and for a tensor of another framework.

    Source: Keras 2.2.4 `CuDNNLSTM`.

    >>> import numpy as np
    >>> from convdispatch.keras2.layers import CuDNNLSTM
    >>> CuDNNLSTM(3)(np.zeros((1, 5, 2))).shape
    (1, 3)
    """

    def __init__(
        self,
        units: int,
        kernel_initializer: InitializerLike = "glorot_uniform",
        recurrent_initializer: InitializerLike = "orthogonal",
        bias_initializer: InitializerLike = "zeros",
        unit_forget_bias: bool = True,
        kernel_regularizer: RegularizerLike = None,
        recurrent_regularizer: RegularizerLike = None,
        bias_regularizer: RegularizerLike = None,
        activity_regularizer: RegularizerLike = None,
        kernel_constraint: ConstraintLike = None,
        recurrent_constraint: ConstraintLike = None,
        bias_constraint: ConstraintLike = None,
        return_sequences: bool = False,
        return_state: bool = False,
        stateful: bool = False,
        go_backwards: bool = False,
        **options: Any,
    ) -> None:
        """Check and keep the arguments, which are those of `LSTM`."""
        arguments = {name: one for name, one in locals().items() if name not in _NO_ARGUMENTS}
        super().__init__(**arguments, **_with_shape(options))
        self._fix()

    def _bias(self) -> Weight:
        bias = self._weight("bias", self._bias_shape())
        if not self.unit_forget_bias:
            return bias
        return replace(bias, initializer=partial(_with_ones, bias.initializer))

    def _recurrent_parts(self, bias: Any) -> dict[str, Any]:
        return {}

    def _bias_of_inputs(self, bias: Any) -> Any:
        return self._half(bias, 0) + self._half(bias, 1)


class CuDNNGRU(CuDNN, GRU):
    """Compute a `GRU` with sigmoid gates and `reset_after`, as NVIDIA's library has it.

        input             (batch, steps, features)
        output            (batch, units), or (batch, steps, units) with `return_sequences`
        kernel            (features, 3 * units), the block of each gate transposed
        recurrent kernel  (units, 3 * units), the block of each gate transposed
        bias              (6 * units,): that of the input, then that of the state

    Every backend computes it. Files of its weights load into such a `GRU`, and the other way round.

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type. A
    call raises `InvalidShape` for another rank and for features that the layer was not built for;
    `InvalidType` for integers and for a tensor of another framework.

    Source: Keras 2.2.4 `CuDNNGRU`.

    >>> import numpy as np
    >>> from convdispatch.keras2.layers import CuDNNGRU
    >>> CuDNNGRU(3)(np.zeros((1, 5, 2))).shape
    (1, 3)
    """

    def __init__(
        self,
        units: int,
        kernel_initializer: InitializerLike = "glorot_uniform",
        recurrent_initializer: InitializerLike = "orthogonal",
        bias_initializer: InitializerLike = "zeros",
        kernel_regularizer: RegularizerLike = None,
        recurrent_regularizer: RegularizerLike = None,
        bias_regularizer: RegularizerLike = None,
        activity_regularizer: RegularizerLike = None,
        kernel_constraint: ConstraintLike = None,
        recurrent_constraint: ConstraintLike = None,
        bias_constraint: ConstraintLike = None,
        return_sequences: bool = False,
        return_state: bool = False,
        stateful: bool = False,
        go_backwards: bool = False,
        **options: Any,
    ) -> None:
        """Check and keep the arguments, which are those of `GRU`."""
        arguments = {name: one for name, one in locals().items() if name not in _NO_ARGUMENTS}
        super().__init__(**arguments, **_with_shape(options))
        self._fix()
        self.reset_after = True


def _with_shape(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return options with the input's shape, which Keras 2 was also told by its sizes."""
    found = dict(options)
    length, channels = found.pop("input_length", None), found.pop("input_dim", None)
    return found if channels is None else {**found, "input_shape": (length, channels)}


def _with_ones(drawn: Any, shape: Sequence[int]) -> Any:
    """Draw the biases of an LSTM: that of the state has ones in the block of the gate f."""
    width = shape[0] // 8
    first = initializers.draw(drawn, (5 * width,))
    return np.concatenate([first, np.ones(width), initializers.draw(drawn, (2 * width,))])
