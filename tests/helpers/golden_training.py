"""The small network whose training the real Kerases recorded, as a step over a backend's ops."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
from places import LEGACY
from precision import in_float64

from convdispatch import losses, optimizers
from convdispatch.formulas.dialects import KERAS1, KERAS2, Dialect
from convdispatch.ops import Backend, Conv, Dense, Pool, Signature, Step
from convdispatch.registry import registry
from convdispatch.training.optimizers import Updates, updates_of

Array = npt.NDArray[np.float64]

CONV = Conv(
    strides=(1, 1),
    pads=((0, 0), (0, 0)),
    dilation=(1, 1),
    groups=1,
    channels_last=True,
    bias=True,
    activation="relu",
)
POOL = Pool(
    kind="max",
    size=(2, 2),
    strides=(2, 2),
    pads=((0, 0), (0, 0)),
    counts_pads=False,
    channels_last=True,
)
DENSE = Dense(bias=True, activation="linear")


@dataclass(frozen=True)
class Recorded:
    """One optimizer's training by a real Keras."""

    dialect: Dialect
    name: str
    arguments: dict[str, Any]
    class_name: str
    config: dict[str, Any]  # what the real optimizer said of itself
    batch: int
    arrays: dict[str, Array]

    def __str__(self) -> str:
        return f"{self.dialect.name}-{self.name}"

    def optimizer(self) -> Any:
        """Return our optimizer of that name and those arguments."""
        config = {"class_name": self.class_name, "config": self.arguments}
        return optimizers.get(config, self.dialect.optimizers)

    def weights(self, prefix: str) -> list[Array]:
        """Return the four weights at one time, the kernel turned as ops have it."""
        found = [self.arrays[f"{prefix}_w{place}"] for place in range(4)]
        return [found[0][::-1, ::-1], *found[1:]]  # Theano's convolution turns its kernels

    def batches(self) -> list[tuple[Array, Array]]:
        """Return the batches of all epochs in their order."""
        x, y = self.arrays["x"], self.arrays["y"]
        starts = range(0, len(x), self.batch)
        one_epoch = [(x[at : at + self.batch], y[at : at + self.batch]) for at in starts]
        return one_epoch * 3


@cache
def recorded() -> tuple[Recorded, ...]:
    """Return every training of every manifest."""
    return tuple(one for dialect in (KERAS1, KERAS2) for one in _of(dialect))


def _of(dialect: Dialect) -> list[Recorded]:
    path = LEGACY / f"training_{dialect.name}_theano.json"
    manifest = json.loads(path.read_text())
    arrays: dict[str, Array] = {}
    for end in (".npz", "_extra.npz"):
        with np.load(path.with_name(path.stem + end)) as found:
            arrays |= dict(found)
    shared = {name: value for name, value in arrays.items() if "/" not in name}
    return [
        Recorded(
            dialect=dialect,
            name=name,
            arguments=entry["arguments"],
            class_name=entry["class"],
            config=entry["get_config"],
            batch=manifest["batch_size"],
            arrays=shared | {key: arrays[key] for key in arrays if key.startswith(f"{name}/")},
        )
        for name, entry in manifest["optimizers"].items()
    ]


@cache
def differentiated(backend_name: str, dialect_name: str) -> Step:
    """Return the step that hands out the network's loss and gradients: all trainings share it."""
    backend = registry.load(backend_name)
    dialect = {one.name: one for one in (KERAS1, KERAS2)}[dialect_name]
    functions: Any = backend.functions
    conv, pool, dense = (
        backend.lower(
            op, Signature(input_shape=shape, weight_shapes=weight_shapes, dtype="float64")
        )
        for op, shape, weight_shapes in (
            (CONV, (8, 8, 1), ((3, 3, 1, 4), (4,))),
            (POOL, (6, 6, 4), ()),
            (DENSE, (36,), ((36, 3), (3,))),
        )
    )
    wanted: Any = losses.get("categorical_crossentropy", dialect.losses)
    softmax: Any = dialect.activations["softmax"]

    def loss(weights: Sequence[Any], x: Any, y: Any) -> Any:
        kernel, bias, matrix, offsets = weights
        cells: Any = pool(conv(x, kernel, bias))
        cells = functions["reshape"](cells, (-1, 36))
        outputs = softmax.compute(functions, dense(cells, matrix, offsets))
        data = functions["mean"](wanted.apply(backend, y, outputs))
        return data + 0.01 * functions["sum"](kernel * kernel)

    def step(_: Sequence[Any], inputs: Any) -> tuple[list[Any], Any]:
        compute = backend.value_and_grad(lambda w: (loss(w, inputs["x"], inputs["y"]), None))
        (value, _), gradients = compute(inputs["weights"])
        return [], {"loss": value, "gradients": gradients}

    return backend.compile_step(step)


def updating(backend: Backend, training: Recorded, updates: Updates, slots: list[Any]) -> Step:
    """Return the step that updates the weights, the optimizer's slots and the count of updates."""
    longest: Any = training.dialect.constraints["MaxNorm"](1.0)  # of the dense layer's kernel

    def step(variables: Sequence[Any], inputs: Any) -> tuple[list[Any], None]:
        weights, count = variables[:4], variables[-1]
        trees = rebuilt(slots, variables[4:-1])
        gradients, of_step = inputs["gradients"], inputs["update"]
        new, trees = updates.updated(weights, gradients, trees, of_step, count)
        new[2] = longest.apply(backend.functions, new[2])
        return [*new, *leaves(trees), count + 1], None

    return backend.compile_step(step)


def trained(backend: Backend, training: Recorded) -> tuple[list[float], list[Array], list[Array]]:
    """Return the losses by batch, the weights after the first batch, and the last weights."""

    def native(value: Any) -> Any:
        return backend.asarray(np.asarray(value), "float64")

    with in_float64(backend.name):
        optimizer = training.optimizer()
        weights = [backend.variable(array, "float64") for array in training.weights("init")]
        updates = updates_of(backend, optimizer, weights)
        slots = updates.slots(weights)
        update = updating(backend, training, updates, slots)
        count = backend.variable(np.zeros(()), "float64")
        variables: Sequence[Any] = [*weights, *leaves(slots), count]
        found, after_first = [], list[Array]()
        for number, (x, y) in enumerate(training.batches()):
            inputs = {"x": native(x), "y": native(y), "weights": list(variables[:4])}
            _, result = differentiated(backend.name, training.dialect.name)([], inputs)
            found.append(float(backend.to_numpy(result["loss"])))
            of_step = updates.inputs(optimizer.rate_at(number), number)
            given = {"gradients": result["gradients"], "update": of_step}
            variables, _ = update(variables, given)
            if not number:
                after_first = [np.array(backend.to_numpy(one)) for one in variables[:4]]
        return found, after_first, [np.array(backend.to_numpy(one)) for one in variables[:4]]


def leaves(slots: Sequence[dict[str, Any]]) -> list[Any]:
    """Return the tensors of slots in one list."""
    return [tensor for own in slots for _, tensor in sorted(own.items())]


def rebuilt(slots: Sequence[dict[str, Any]], tensors: Sequence[Any]) -> list[dict[str, Any]]:
    """Return slots of the same names with these tensors."""
    following = iter(tensors)
    return [{name: next(following) for name in sorted(own)} for own in slots]
