"""START HERE: what a backend is asked to compute, and how.

Why the contract looks like this:

* The frontend decides and a backend only computes: an op is a frozen dataclass of integers in
  which no name, default or shape is left to interpret.
* An op is lowered once per (op, shapes, element type) to a plain callable over the backend's own
  tensors, so a jit compiler, an autodiff engine or a profiler sees ordinary code of its kind.
* Its numbers are no larger than they need be: `dispatch` lowers what `resolving` makes of an op. A
  backend owes nothing for an axis of more than 2**31 - 1 cells, a sample or a weight of more than
  2**40 numbers, or pads that dwarf both image and result: those are refused before it is asked.
* A plan serves every batch size: the batch axis is axis 0 and is in no signature.
* Importing this module, or a plugin that only describes a backend, imports no framework.

Layouts. Tensors are (batch, *spatial, channels) or (batch, channels, *spatial). Kernels are always
(*spatial, input channels per group, output channels), the channels of one group side by side.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, TypeAlias

from convdispatch.errors import UnsupportedOp

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

# A tensor of whichever framework the backend adapts: only the Protocol below promises anything.
Tensor: TypeAlias = object
Shape: TypeAlias = tuple[int, ...]
PartialShape: TypeAlias = tuple[int | None, ...]
NumpyArray: TypeAlias = "npt.NDArray[np.generic]"

FLOAT_DTYPES = ("float16", "bfloat16", "float32", "float64")
# Computed in float32 or wider, and rounded once.
HALF_DTYPES = ("float16", "bfloat16")

# Parameterless activations that `Conv` and `ConvTranspose` may carry; each is also a name in
# `Backend.functions`. The frontend composes all the others.
FUSED_ACTIVATIONS = ("linear", "relu", "sigmoid", "tanh")


@dataclass(frozen=True, slots=True, kw_only=True)
class Conv:
    """Cross-correlation: call the lowered op as `conv(x, kernel)` or `conv(x, kernel, bias)`.

    `pads` are applied first (zeros; a negative number crops), then tap j of the kernel reads cell
    `stride * i + dilation * j`. A pad is a cell that is multiplied like any other, so that an
    infinite weight over one makes NaN: whoever leaves pads out declares 'nonfinite_weights'.
    Output channel f reads the input channels of group `f // (output channels / groups)`. The bias,
    one number an output channel, is added to the result, and the activation comes last.
    """

    strides: tuple[int, ...]
    pads: tuple[tuple[int, int], ...]  # explicit (low, high) per spatial axis
    dilation: tuple[int, ...]
    groups: int
    channels_last: bool
    bias: bool
    activation: str  # one of FUSED_ACTIVATIONS


@dataclass(frozen=True, slots=True, kw_only=True)
class ConvTranspose:
    """The adjoint of the `Conv` with the same fields, from its output back to `output_size` cells.

    The kernel is that of the `Conv`: (*spatial, channels written here per group, channels read
    here). Cells that no tap reaches are zero before the bias, whatever the kernel holds.
    """

    strides: tuple[int, ...]
    pads: tuple[tuple[int, int], ...]  # of the convolution that is transposed
    dilation: tuple[int, ...]
    groups: int
    channels_last: bool
    bias: bool
    activation: str
    output_size: tuple[int, ...]  # spatial cells of the result


@dataclass(frozen=True, slots=True, kw_only=True)
class Pad:
    """Zeros around the spatial axes; a negative number crops. Lowered: `pad(x)`."""

    pads: tuple[tuple[int, int], ...]
    channels_last: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Upsample:
    """Enlarge each spatial axis by an integer factor. Lowered: `upsample(x)`.

    'nearest' repeats each cell; 'bilinear' (two spatial axes) interpolates between cell centres:
    output cell i samples position (i + 0.5) / factor - 0.5, clamped to the image.
    """

    factors: tuple[int, ...]
    interpolation: str  # 'nearest' or 'bilinear'
    channels_last: bool


Op: TypeAlias = Conv | ConvTranspose | Pad | Upsample


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """What besides the op a lowering may depend on."""

    input_shape: Shape  # without the batch axis
    weight_shapes: tuple[Shape, ...]  # kernel, then bias where there is one
    dtype: str  # one of FLOAT_DTYPES: that of the input, the weights and the result


class Backend(Protocol):
    """What a plugin implements. Check an implementation with the conformance suite.

    `functions` is a table of functions named and behaving as NumPy's, over native tensors:
    see `REQUIRED_FUNCTIONS`. Arithmetic operators and comparisons between native tensors and
    Python numbers must work, in the tensor's element type or a wider one. A tensor has a `shape`.

    Half precision is computed in float32 or wider and rounded once, by each op, by each function
    and by its gradient; so a backend that has half precision has float32. A number below the
    smallest normal one of the type that is computed in may count as zero.
    """

    name: str
    functions: Mapping[str, Callable[..., Tensor]]

    def lower(self, op: Op, signature: Signature) -> Callable[..., Tensor]:
        """Return a pure, differentiable function that computes `op` for any batch size."""

    def owns(self, value: object) -> bool:
        """Say whether `value` is a tensor of this framework, a traced one included."""

    def describe(self, tensor: Tensor) -> tuple[PartialShape, str]:
        """Return the shape (None where unknown while tracing) and the element type's name."""

    def asarray(self, value: NumpyArray, dtype: str) -> Tensor:
        """Return a native constant tensor of that element type."""

    def variable(self, value: NumpyArray, dtype: str) -> Tensor:
        """Return a native tensor that the framework's autodiff and optimizers can train."""

    def assign(self, variable: Tensor, value: NumpyArray) -> Tensor:
        """Give `variable` a new value, in place where the framework can, and return it."""

    def cast(self, tensor: Tensor, dtype: str) -> Tensor:
        """Return the tensor with another element type, differentiably."""

    def to_numpy(self, tensor: Tensor) -> NumpyArray:
        """Return the values as a NumPy array of the same element type (bfloat16: ml_dtypes)."""

    def synchronize(self, tensor: Tensor) -> None:
        """Return once the tensor's values have been computed: what a timer must wait for."""

    def outside_trace(self, fn: Callable[[], object]) -> object:
        """Call `fn` eagerly even while the framework is tracing the caller."""

    def compile(self, fn: Callable[..., Tensor]) -> Callable[..., Tensor]:
        """Return `fn` compiled by the framework's own compiler, or `fn` if there is none."""

    def value_and_grad(
        self, fn: Callable[[Sequence[Tensor]], Tensor]
    ) -> Callable[[Sequence[Tensor]], tuple[Tensor, list[Tensor]]]:
        """Return a function giving `fn(tensors)`, a scalar, and its gradient for each tensor."""


class OptionalMethods(Protocol):
    """What a backend may have besides: nothing is computed otherwise without them, only slower."""

    def candidates(self, op: Op, signature: Signature) -> Mapping[str, Callable[..., Tensor]]:
        """Return every way to compute `op` by a short name, the one of `lower` first.

        Each is right for every batch size and within the accuracy that the backend declares.
        """

    def compile_inference(self, fn: Callable[..., Tensor]) -> Callable[..., Tensor]:
        """Return `fn(variables, inputs)` for its values alone, prepared as `compile` would not.

        It need not record gradients. `variables` is a list of what `variable` returned, nearly
        always the same ones; their values at the time of the call count. A function that has a true
        attribute `takes_arrays` also takes a NumPy array for `inputs`, of numbers in `FLOAT_DTYPES`
        and in native byte order, and copies it.
        """

    def conversion(self, dtype: str) -> str:
        """Return what a user of the framework writes to make float32 of `x`, which has `dtype`.

        Messages quote it where an element type is none of `FLOAT_DTYPES`: 'x.astype("float32")'.
        """

    def advice(self) -> Sequence[str]:
        """Return what a user could set up better on this machine, in sentences; mostly nothing.

        `convdispatch doctor` asks, after a convolution was computed right.
        """


REQUIRED_FUNCTIONS = (
    # elementwise, one argument
    "abs", "erf", "exp", "expm1", "linear", "log", "log1p", "relu", "sigmoid", "sqrt", "tanh",
    # elementwise, two arguments (tensor or Python number); where(condition, x, y)
    "maximum", "minimum", "where",
    # reductions: f(x, axis=None or a tuple, keepdims=False)
    "max", "mean", "sum",
    # shapes and products: flip(x, axes), reshape(x, shape), transpose(x, axes), matmul(a, b)
    "flip", "matmul", "reshape", "transpose",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Accuracy:
    """By how much a backend's errors exceed the rounding bound, and the design that makes them."""

    factor: float  # the largest error in units of the bound, at least 1
    reason: str  # such as 'Winograd F(2x2, 3x3)' or 'TF32 on tensor cores'


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What a backend cannot do, or does less accurately: by feature (see `features`).

    `unsupported` gives a reason that a user can act on. Beside the features of an op it may name
    'gradients', 'second_order', 'compile', 'nonfinite_weights' (over pads) and those of one op
    ('conv2d:gradients').
    """

    unsupported: Mapping[str, str] = field(default_factory=dict)
    accuracy: Mapping[str, Accuracy] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class BackendInfo:
    """Who a backend is and how to load it; making one must import no framework."""

    name: str
    framework: str  # the module whose presence makes the backend available, e.g. 'numpy'
    load: str  # 'module:attribute' of the `Backend`
    install: str  # the command that installs what is missing
    capabilities: Capabilities = field(default_factory=Capabilities)
    # Environment variables that a process which is to test everything sets before it imports the
    # framework: modes that are off by default, such as 64-bit numbers.
    test_environment: Mapping[str, str] = field(default_factory=dict)


def spatial_rank(op: Op) -> int:
    """Return how many spatial axes the op works on."""
    return len(op.factors) if isinstance(op, Upsample) else len(op.pads)


_STEMS: dict[type, str] = {
    Conv: "conv",
    ConvTranspose: "conv",
    Pad: "pad",
    Upsample: "upsample",
}


def op_name(op: Op) -> str:
    """Return the op's short name, as capabilities, reports and benchmarks spell it.

    Raises `UnsupportedOp` for an object of another class.

    >>> op_name(Pad(pads=((1, 1), (1, 1)), channels_last=True))
    'pad2d'
    """
    stem = _STEMS.get(type(op))
    if stem is None:
        known = ", ".join(sorted(op_class.__name__ for op_class in _STEMS))
        raise UnsupportedOp(f"no op is named {type(op).__name__!r}; the ops are {known}.")
    suffix = "_transpose" if isinstance(op, ConvTranspose) else ""
    return f"{stem}{spatial_rank(op)}d{suffix}"


def features(op: Op, signature: Signature) -> tuple[str, ...]:
    """Return every feature the op uses, the names under which a backend may decline it.

    >>> op = Upsample(factors=(2, 2), interpolation="bilinear", channels_last=False)
    >>> features(op, Signature(input_shape=(1, 4, 4), weight_shapes=(), dtype="float16"))
    ('upsample2d', 'float16', 'upsample2d:float16', 'upsample2d:channels_first', \
'upsample2d:bilinear')
    """
    name = op_name(op)
    used = [signature.dtype]
    if not op.channels_last:
        used.append("channels_first")
    if isinstance(op, Upsample):
        used.append(op.interpolation)
    if isinstance(op, Conv | ConvTranspose):
        strided = any(stride > 1 for stride in op.strides)
        dilated = any(rate > 1 for rate in op.dilation)
        present = {"groups": op.groups > 1, "strides": strided, "dilation": dilated}
        used += [feature for feature, is_used in present.items() if is_used]
    return (name, signature.dtype, *(f"{name}:{feature}" for feature in used))
