"""From the instructions of a program to expressions in JAX's own functions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from convdispatch import kit
from convdispatch.ops import Conv, ConvTranspose, Op, Pool, Resize, Signature, Upsample
from convdispatch.programs import (
    Body,
    Expression,
    Instruction,
    Value,
    called,
    cells,
    number,
    of_list,
    of_operands,
    operators,
    with_option,
)

Given = Sequence[str]
Pads = Sequence[tuple[int, int]]

# Functions that an exported source defines where it calls them, by their names.
HELPERS = {
    "_abs": """
def _abs(x):
    # The slope at 0 is 0; that of `jnp.abs` is 1 in jax 0.10.2.
    return x * jnp.sign(lax.stop_gradient(x))
""",
    "_clip": """
def _clip(x, low, high):
    # The whole gradient passes at the limits; `jnp.clip` of jax 0.10.2 passes half of it.
    x = jnp.where(x < low, low, x)
    return jnp.where(x > high, high, x)
""",
    "_conv": """
def _conv(x, kernel, layouts, strides=1, pads=0, groups=1, dilation=1, spread=1):
    spatial = x.ndim - 2
    along = lambda one: (one,) * spatial if isinstance(one, int) else one
    return lax.conv_general_dilated(
        x,
        kernel,
        along(strides),
        along(pads) if pads else ((0, 0),) * spatial,
        lhs_dilation=along(spread),
        rhs_dilation=along(dilation),
        dimension_numbers=layouts,
        feature_group_count=groups,
        precision=lax.Precision.HIGHEST,
    )
""",
    "_largest": """
def _largest(x, size, strides, pads):
    return lax.reduce_window(x, -jnp.inf, lax.max, size, strides, pads)
""",
    "_matmul": """
def _matmul(a, b):
    return jnp.matmul(a, b, precision=lax.Precision.HIGHEST)
""",
    "_padded": """
def _padded(x, pads, value=0):
    return lax.pad(x, jnp.asarray(value, x.dtype), [(low, high, 0) for low, high in pads])
""",
    "_sums": """
def _sums(x, size, strides, pads):
    return lax.reduce_window(x, 0.0, lax.add, size, strides, pads)
""",
}


def supports(op: Op, signature: Signature) -> bool:
    """Say whether JAX has the op as it is."""
    if isinstance(op, ConvTranspose):
        pads = [axis.turned for axis in kit.axes(op, signature)]
        return op.groups == 1 and min(map(min, pads)) >= 0
    if isinstance(op, Upsample | Resize):
        return isinstance(op, Upsample) and op.interpolation == "nearest"
    return True


def _of_all_axes(op: Any, sides: Sequence[Any], none: Any) -> tuple[Any, ...]:
    """Return what is said of the spatial axes for all axes."""
    return (none, *sides, none) if op.channels_last else (none, none, *sides)


def _cropped(op: Any, x: str, pads: Pads) -> tuple[str, list[tuple[int, int]]]:
    """Return `x` without the cells that negative pads crop, and the pads that are left.

    XLA of jax 0.10.2 aborts over the gradient of a strided convolution with negative pads.
    """
    crop = [sides if min(sides) < 0 else (0, 0) for sides in pads]
    rest = [(0, 0) if min(sides) < 0 else sides for sides in pads]
    if not any(map(any, crop)):
        return x, rest
    return f"_padded({x}, {_of_all_axes(op, crop, (0, 0))})", rest


def _layouts(op: Any, rank: int, kernel: str) -> str:
    spatial = "DHW"[-rank:]
    own = f"N{spatial}C" if op.channels_last else f"NC{spatial}"
    return repr((own, f"{spatial}{kernel}", own))


def _finished(one: Instruction, y: str, bias: Given) -> str:
    """Return a product with the op's bias and its activation."""
    op = one.options["op"]
    last = getattr(op, "channels_last", True)
    for added in bias:
        rank = len(one.result.shape) - 2
        along = added if last else f"{added}.reshape{(-1, *[1] * rank)}"
        y = f"({y} + {along})"
    return y if op.activation == "linear" else f"{_NAMES[op.activation]}({y})"


def _conv(one: Instruction, given: Given) -> str:
    op: Conv = one.options["op"]
    axes = kit.axes(op, one.options["signature"])
    x, pads = _cropped(op, given[0], [axis.fitted for axis in axes])
    options = _options(op, pads) | ({"groups": op.groups} if op.groups > 1 else {})
    if max(op.strides) > 1:
        options["strides"] = op.strides
    y = called("_conv", x, given[1], _layouts(op, len(axes), "IO"), **options)
    return _finished(one, y, given[2:])


def _conv_transpose(one: Instruction, given: Given) -> str:
    """Return the convolution of cells `strides` apart with the reversed kernel."""
    op: ConvTranspose = one.options["op"]
    axes = kit.axes(op, one.options["signature"])
    options = _options(op, [axis.turned for axis in axes])
    if max(op.strides) > 1:
        options["spread"] = op.strides
    turned = f"{given[1]}[{', '.join(['::-1'] * len(axes))}]"
    y = called("_conv", given[0], turned, _layouts(op, len(axes), "OI"), **options)
    return _finished(one, y, given[2:])


def _options(op: Conv | ConvTranspose, pads: Pads) -> dict[str, Any]:
    found: dict[str, Any] = {"pads": tuple(pads)} if any(map(any, pads)) else {}
    return found | ({"dilation": op.dilation} if max(op.dilation) > 1 else {})


def _dense(one: Instruction, given: Given) -> str:
    return _finished(one, f"_matmul({given[0]}, {given[1]})", given[2:])


def _pad(one: Instruction, given: Given) -> str:
    op = one.options["op"]
    return f"_padded({given[0]}, {_of_all_axes(op, op.pads, (0, 0))})"


def _pool(one: Instruction, given: Given) -> str:
    op: Pool = one.options["op"]
    axes = kit.axes(op, one.options["signature"])
    x, pads = _cropped(op, given[0], [axis.fitted for axis in axes])
    size, strides = _of_all_axes(op, op.size, 1), _of_all_axes(op, op.strides, 1)
    window = f"{size}, {strides}, {_of_all_axes(op, pads, (0, 0))}"
    if op.kind == "max":
        return f"_largest({x}, {window})"
    sums = f"_sums({x}, {window})"
    if op.kind == "sum":
        return sums
    by = kit.divisors(op, one.options["signature"])
    if isinstance(by, int):
        return f"({sums} / {by})"
    shape = _of_all_axes(op, [axis.size for axis in axes], 1)
    ones, _ = _cropped(op, f"jnp.ones({shape}, {given[0]}.dtype)", [axis.fitted for axis in axes])
    return f"({sums} / _sums({ones}, {window}))"


def _upsample(one: Instruction, given: Given) -> str:
    op: Upsample = one.options["op"]
    x = given[0]
    for axis, factor in zip(kit.spatial_axes(op), op.factors, strict=True):
        x = x if factor == 1 else f"jnp.repeat({x}, {factor}, {axis})"
    return x


def _normalize(one: Instruction, given: Given) -> str:
    axis, value = one.options["axis"], one.operands[0]
    assert isinstance(value, Value)
    beyond = len(value.shape) - 1 - axis
    x, mean, variance, gamma, beta = (
        f"{part}.reshape{(-1, *[1] * beyond)}" if place and part != "None" and beyond else part
        for place, part in enumerate(given)
    )
    y = f"(({x} - {mean}) / jnp.sqrt({variance} + {number(one.options['epsilon'])}))"
    y = y if gamma == "None" else f"({y} * {gamma})"
    return y if beta == "None" else f"({y} + {beta})"


def _reduction(function: str) -> Expression:
    def write(one: Instruction, given: Given) -> str:
        axes, keepdims = one.options["axes"], one.options["keepdims"]
        return called(function, given[0], f"axis={axes}", *(["keepdims=True"] * keepdims))

    return write


def _power(one: Instruction, given: Given) -> str:
    # The gradients of x**0.0 and x**1.0 are NaN at 0 in jax 0.10.2; those of x**0 and x**1 are not.
    exponent = one.operands[1]
    is_whole = isinstance(exponent, float) and exponent.is_integer()
    return f"({given[0]} ** {int(exponent) if is_whole else given[1]})"  # type: ignore[arg-type]


def _where(one: Instruction, given: Given) -> str:
    chosen = f"jnp.where({', '.join(given)})"
    if any(isinstance(operand, Value) for operand in one.operands[1:]):
        return chosen
    return f'{chosen}.astype("{one.result.dtype}")'


_NAMES = {
    "abs": "_abs", "erf": "lax.erf", "erfc": "lax.erfc", "exp": "jnp.exp", "expm1": "jnp.expm1",
    "log": "jnp.log", "log1p": "jnp.log1p", "matmul": "_matmul", "maximum": "jnp.maximum",
    "minimum": "jnp.minimum", "relu": "jax.nn.relu", "sigmoid": "jax.nn.sigmoid",
    "sign": "jnp.sign", "sqrt": "jnp.sqrt", "stop_gradient": "lax.stop_gradient",
    "tanh": "jnp.tanh",
}  # fmt: skip
EXPRESSIONS: dict[str, Expression] = {
    **operators(),
    **{name: of_operands(own) for name, own in _NAMES.items()},
    "argmax": with_option("jnp.argmax({}, {})", "axis"),
    "cast": with_option('{}.astype("{}")', "dtype"),
    "clip": lambda one, given: "_clip({}, {}, {})".format(
        given[0], number(one.options["low"]), number(one.options["high"])
    ),
    "concatenate": of_list("jnp.concatenate"),
    "conv": _conv,
    "conv_transpose": _conv_transpose,
    "cumsum": with_option("jnp.cumsum({}, {})", "axis"),
    "dense": _dense,
    "flip": with_option("jnp.flip({}, {})", "axes"),
    "max": _reduction("jnp.max"),
    "mean": _reduction("jnp.mean"),
    "normalize": _normalize,
    "one_hot": lambda one, given: called(
        "jax.nn.one_hot", given[0], one.options["depth"], dtype=repr(one.options["dtype"])
    ),
    "pad": _pad,
    "pad_with": lambda one, given: called(
        "_padded", given[0], one.options["pads"], number(one.options["value"])
    ),
    "pool": _pool,
    "power": _power,
    "reshape": with_option("{}.reshape{}", "shape"),
    "size": with_option("{}.shape[{}]", "axis"),
    "slice": lambda one, given: given[0] + cells(one),
    "stack": of_list("jnp.stack"),
    "sum": _reduction("jnp.sum"),
    "take": with_option("jnp.take({}, {}, {})", "axis"),
    "transpose": with_option("jnp.transpose({}, {})", "order"),
    "upsample": _upsample,
    "where": _where,
}


def looped(one: Instruction, given: Given, names: Sequence[str], body: Body) -> list[str]:
    """Return a loop over the steps of a sequence."""
    count = one.options["states"]
    states = [f"state_{place + 1}" for place in range(count)]
    steps = [f"step_{place + 1}" for place in range(len(given) - count)]
    inside, results = body.inner(one, [*states, *steps])
    *after, output = results
    return [
        "",
        "def step(states, inputs):",
        f"    {_tuple(states)}, {_tuple(steps)} = states, inputs",
        *(f"    {line}" for line in inside),
        f"    return {_tuple(after)}, {output}",
        "",
        f"{_tuple(names[:-1])}, {names[-1]} = lax.scan(step, {_tuple(given[:count])}, "
        f"{_tuple(given[count:])})",
    ]


def _tuple(parts: Sequence[str]) -> str:
    return f"({', '.join(parts)}{',' if len(parts) == 1 else ''})"
