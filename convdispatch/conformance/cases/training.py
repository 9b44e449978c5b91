"""Training: every framework trains the same small network alike, with each loss and optimizer.

A step goes through ops, a loss, gradients, an update rule and `compile_step`, as a model's does.
Expected numbers are those of `numerics.reference_losses` and `reference_optimizers`, with the
gradients of the network written out here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

import numpy as np

from convdispatch.conformance.case import Case
from convdispatch.conformance.cases.stepping import require_values
from convdispatch.formulas import losses, optimizers
from convdispatch.formulas.dialects import KERAS1, KERAS2, KERAS3
from convdispatch.numerics.problem import Array
from convdispatch.numerics.reference_losses import LOSSES, VARIANTS, slopes
from convdispatch.numerics.reference_optimizers import LATER_RULES, RULES, Rule, gradient_descent
from convdispatch.ops import Backend, Conv, Dense, Signature, Step, Tensor, features
from convdispatch.training.optimizers import Updates, updates_of

STEPS, SAMPLES, CELLS, CLASSES = 4, 3, 18, 3
_DIALECTS = {one.name: one for one in (KERAS1, KERAS2, KERAS3)}
_CONV = Conv(
    strides=(1, 1),
    pads=((0, 0), (0, 0)),
    dilation=(1, 1),
    groups=1,
    channels_last=True,
    bias=True,
    activation="tanh",
)
_RULES = RULES + LATER_RULES
_DENSE = Dense(bias=True, activation="sigmoid")
_SHAPES = ((2, 2, 1, 2), (2,), (CELLS, CLASSES), (CLASSES,))

_RANDOM = np.random.default_rng(7)
WEIGHTS = tuple(_RANDOM.uniform(-0.5, 0.5, shape).round(2) for shape in _SHAPES)
X = _RANDOM.uniform(-1, 1, (STEPS, SAMPLES, 4, 4, 1)).round(2)
SHARES = _RANDOM.uniform(0.1, 0.9, (STEPS, SAMPLES, CLASSES)).round(2)
NUMBERS = _RANDOM.integers(0, CLASSES, (STEPS, SAMPLES))
for _shared in (*WEIGHTS, X, SHARES, NUMBERS):
    _shared.flags.writeable = False  # a backend that writes to its inputs spoils no other case


# Arguments that every rule of its kind has, which need not be in a case's name.
_OF_ALL = ("rho", "beta_1", "beta_2", "epsilon")


def cases(seed: int) -> Iterator[Case]:
    """Yield a training with each optimizer and with each loss; `seed` draws nothing."""
    for place, (dialect, name, arguments, _, _) in enumerate(_RULES):
        words = [dialect, name.lower(), *arguments]
        words = [word.replace("_", "") for word in words if word not in _OF_ALL]
        claim = "Steps of an optimizer change weights and its slots by the rule, from step to step."
        for dtype in ("float32", "float64") if place < len(RULES) else ("float32",):
            slug = "-".join([*words, dtype])
            yield _case(slug, with_optimizer, claim, place, dtype)
    for name in LOSSES:
        claim = "Steps with a loss report it and follow its slope."
        yield _case(f"loss-{name.replace('_', '-')}-float32", with_loss, claim, name, "float32")


def with_optimizer(backend: Backend, place: int, dtype: str) -> None:
    """Train with an optimizer of the rules, given by its place there."""
    dialect, name, arguments, rate, rule = _RULES[place]
    config = {"class_name": name, "config": dict(arguments)}
    optimizer = optimizers.get(config, _DIALECTS[dialect].optimizers)
    trains(backend, "mean_squared_error", optimizer, rate, rule, dtype)


def with_loss(backend: Backend, name: str, dtype: str) -> None:
    """Train with a loss of Keras 3, or with one of the variants."""
    rate = 2.0**-9 if name == "mean_absolute_percentage_error" else 0.25
    trains(backend, name, optimizers.get("SGD"), rate, gradient_descent(rate), dtype)


def trains(
    backend: Backend, loss: str, optimizer: Any, rate: float, rule: Rule, dtype: str
) -> None:
    """Compare the losses of each step, and the weights after the last, with the reference's."""
    weights = [backend.variable(array, dtype) for array in WEIGHTS]
    updates = updates_of(backend, optimizer, weights)
    slots = updates.slots(weights)
    count = backend.variable(np.zeros(()), dtype)
    variables: Sequence[Tensor] = [*weights, *leaves(slots), count]
    run = compiled(backend, _loss(loss), updates, slots, dtype)
    reported = []
    for step in range(STEPS):
        inputs = {
            "x": backend.asarray(X[step], dtype),
            "y": _targets(backend, loss, step, dtype),
            "update": updates.inputs(rate, step),
        }
        variables, value = run(variables, inputs)
        reported.append(value)
    wanted, last = _by_hand(loss, rule)
    require_values(backend, reported, [np.asarray(v) for v in wanted], dtype, "the loss of a step")
    require_values(backend, variables[:4], last, dtype, "a weight after the last step")
    require_values(backend, variables[-1:], [np.asarray(float(STEPS))], dtype, "the count of steps")


def _loss(name: str) -> Any:
    """Return the loss itself."""
    dialect, own, parameters, _ = VARIANTS.get(name, ("keras3", name, {}, None))
    table = _DIALECTS[dialect].losses
    return losses.get({"class_name": own, "config": dict(parameters)}, table)


def compiled(
    backend: Backend, loss: Any, updates: Updates, slots: Sequence[Any], dtype: str
) -> Step:
    """Return the compiled step of the network."""
    conv = backend.lower(
        _CONV, Signature(input_shape=(4, 4, 1), weight_shapes=_SHAPES[:2], dtype=dtype)
    )
    dense = backend.lower(
        _DENSE, Signature(input_shape=(CELLS,), weight_shapes=_SHAPES[2:], dtype=dtype)
    )
    functions: Any = backend.functions

    def step(variables: Sequence[Any], inputs: Any) -> tuple[list[Any], Any]:
        def objective(weights: Sequence[Any]) -> tuple[Any, None]:
            cells = functions["reshape"](conv(inputs["x"], *weights[:2]), (-1, CELLS))
            scores = loss.apply(backend, inputs["y"], dense(cells, *weights[2:]))
            return functions["mean"](scores), None

        weights, count = list(variables[:4]), variables[-1]
        (value, _), gradients = backend.value_and_grad(objective)(weights)
        trees = rebuilt(slots, variables[4:-1])
        new, trees = updates.updated(weights, gradients, trees, inputs["update"], count)
        return [*new, *leaves(trees), count + 1], value

    return backend.compile_step(step)


def leaves(slots: Sequence[dict[str, Any]]) -> list[Any]:
    """Return the tensors of slots in one list."""
    return [tensor for own in slots for _, tensor in sorted(own.items())]


def rebuilt(slots: Sequence[dict[str, Any]], tensors: Sequence[Any]) -> list[dict[str, Any]]:
    """Return slots of the same names with these tensors."""
    following = iter(tensors)
    return [{name: next(following) for name in sorted(own)} for own in slots]


@cache
def _by_hand(loss: str, rule: Rule) -> tuple[list[float], list[Array]]:
    """Return the loss of each step and the last weights, in float64."""
    weights = [array.astype(float) for array in WEIGHTS]
    states: list[dict[str, Any]] = [{} for _ in weights]
    found = []
    for step in range(STEPS):
        targets = NUMBERS[step] if loss.startswith("sparse") else SHARES[step]
        value, gradients = _differentiated(loss, weights, X[step], targets)
        found.append(value)
        for state, weight in zip(states, weights, strict=True):
            state["weight"] = weight
        weights = [
            weight - rule(state, gradient, step + 1)
            for weight, state, gradient in zip(weights, states, gradients, strict=True)
        ]
    return found, weights


def _differentiated(
    loss: str, weights: Sequence[Array], x: Array, targets: Array
) -> tuple[float, list[Array]]:
    """Return the loss and the gradients, by the chain rule written out."""
    kernel, bias, matrix, offsets = weights
    windows = np.lib.stride_tricks.sliding_window_view(x[..., 0], (2, 2), axis=(1, 2))
    cells = np.tanh(np.einsum("nijab,abc->nijc", windows, kernel[:, :, 0]) + bias)
    flat = cells.reshape(len(x), -1)
    outputs = 1 / (1 + np.exp(-(flat @ matrix + offsets)))
    of_outputs = slopes(loss, targets, outputs) * outputs * (1 - outputs)
    of_cells = (of_outputs @ matrix.T).reshape(cells.shape) * (1 - cells**2)
    of_kernel = np.einsum("nijab,nijc->abc", windows, of_cells)[:, :, None]
    gradients = [of_kernel, of_cells.sum((0, 1, 2)), flat.T @ of_outputs, of_outputs.sum(0)]
    return LOSSES[loss](targets, outputs), gradients


def _targets(backend: Backend, loss: str, step: int, dtype: str) -> Tensor:
    if loss.startswith("sparse"):
        return backend.asarray(NUMBERS[step], "int32")
    return backend.asarray(SHARES[step], dtype)


def _case(slug: str, check: Any, claim: str, *arguments: Any) -> Case:
    dtype = arguments[-1]
    signature = Signature(input_shape=(4, 4, 1), weight_shapes=_SHAPES[:2], dtype=dtype)
    used = {*features(_CONV, signature), "dense", f"dense:{dtype}", dtype}
    return Case(
        id=f"training/full/{slug}",
        level="full",
        op="training",
        claim=claim,
        check=check,
        arguments=arguments,
        features=("compile_step", "gradients", "functions", *sorted(used)),
    )
