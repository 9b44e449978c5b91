"""The types that a user's code is checked with: words of arguments, and tensors of any backend.

What a program looks words up in while it runs are tables elsewhere; a test holds these to them.
While a program runs, the words of padding, data format, interpolation and element type may be
written in upper case too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeAlias, TypeVar

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

ElementType: TypeAlias = Literal["float16", "bfloat16", "float32", "float64"]
DType: TypeAlias = ElementType | type[np.generic] | np.dtype[Any]

DataFormat: TypeAlias = Literal["channels_last", "channels_first"]
Convention: TypeAlias = Literal["tensorflow", "theano"]
Interpolation: TypeAlias = Literal["nearest", "bilinear"]
Padding: TypeAlias = Literal["valid", "same", "full"]
PoolPadding: TypeAlias = Literal["valid", "same"]
CausalPadding: TypeAlias = Literal["valid", "same", "full", "causal"]  # over one spatial axis
DimOrdering: TypeAlias = Literal["th", "tf", "default"]  # Keras 1's data format

ActivationWord: TypeAlias = Literal[
    "celu", "elu", "exponential", "gelu", "glu", "hard_shrink", "hard_sigmoid", "hard_silu",
    "hard_swish", "hard_tanh", "leaky_relu", "linear", "log_sigmoid", "log_softmax", "mish",
    "relu", "relu6", "selu", "sigmoid", "silu", "soft_shrink", "softmax", "softplus", "softsign",
    "sparse_plus", "sparse_sigmoid", "sparsemax", "squareplus", "swish", "tanh", "tanh_shrink",
    "threshold",
]  # fmt: skip
InitializerWord: TypeAlias = Literal[
    "Constant", "GlorotNormal", "GlorotUniform", "HeNormal", "HeUniform", "Identity",
    "IdentityInitializer", "LecunNormal", "LecunUniform", "Ones", "Orthogonal",
    "OrthogonalInitializer", "RandomNormal", "RandomUniform", "TruncatedNormal",
    "VarianceScaling", "Zeros", "constant", "glorot_normal", "glorot_uniform", "he_normal",
    "he_uniform", "identity", "lecun_normal", "lecun_uniform", "normal", "one", "ones",
    "orthogonal", "random_normal", "random_uniform", "truncated_normal", "uniform",
    "variance_scaling", "zero", "zeros",
]  # fmt: skip
RegularizerWord: TypeAlias = Literal[
    "ActivityRegularizer", "EigenvalueRegularizer", "L1", "L1L2", "L1L2Regularizer", "L2",
    "OrthogonalRegularizer", "Regularizer", "WeightRegularizer", "activity_l1", "activity_l1l2",
    "activity_l2", "l1", "l1_l2", "l1l2", "l2", "orthogonal_regularizer",
]  # fmt: skip
ConstraintWord: TypeAlias = Literal[
    "Constraint", "MaxNorm", "MinMaxNorm", "NonNeg", "UnitNorm", "max_norm", "maxnorm",
    "min_max_norm", "non_neg", "nonneg", "unit_norm", "unitnorm",
]  # fmt: skip

# Beside a word: what `serialize` made of an object, an object of ours or a user's own function,
# or None for the default. One Keras may not know the words of another.
Configuration: TypeAlias = Mapping[str, object] | Callable[..., object] | None
ActivationLike: TypeAlias = ActivationWord | Configuration
InitializerLike: TypeAlias = InitializerWord | Configuration
RegularizerLike: TypeAlias = RegularizerWord | Configuration
ConstraintLike: TypeAlias = ConstraintWord | Configuration


class NativeTensor(Protocol):
    """A tensor of a layer's backend: what the tensors of all frameworks have in common.

    Whatever else its own framework gives it is there too, unchecked.
    """

    @property
    def shape(self) -> tuple[int, ...]:
        """How many cells it has along each axis."""

    @property
    def dtype(self) -> Any:
        """Its element type, as its framework names it."""

    def __array__(self, dtype: Any = None, /) -> Any: ...
    def __getitem__(self, key: Any, /) -> Any: ...
    def __len__(self) -> int: ...
    def __add__(self, other: Any, /) -> Any: ...
    def __radd__(self, other: Any, /) -> Any: ...
    def __sub__(self, other: Any, /) -> Any: ...
    def __rsub__(self, other: Any, /) -> Any: ...
    def __mul__(self, other: Any, /) -> Any: ...
    def __rmul__(self, other: Any, /) -> Any: ...
    def __truediv__(self, other: Any, /) -> Any: ...
    def __rtruediv__(self, other: Any, /) -> Any: ...
    def __pow__(self, other: Any, /) -> Any: ...
    def __matmul__(self, other: Any, /) -> Any: ...
    def __neg__(self) -> Any: ...
    def __getattr__(self, name: str, /) -> Any: ...


# What becomes a tensor of the layer's backend when it is given to one: arrays and lists.
ArrayInput: TypeAlias = "npt.NDArray[Any] | np.generic | Sequence[Any] | float"
SomeTensor = TypeVar("SomeTensor")  # of one framework: what comes in comes out
