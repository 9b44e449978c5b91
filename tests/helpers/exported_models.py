"""Small models of every family of layers, to be exported; and what each gives, by NumPy alone."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from layer_classes import LayerClass, classes, numbers

from convdispatch import Model, Sequential, layers
from convdispatch.numerics.gradients import gradients
from convdispatch.ops import INTEGER_DTYPES

Arrays = list[Any]


@dataclass(frozen=True, eq=False)
class Example:
    """A model with inputs, its outputs and the gradients of sum(output * cotangent)."""

    name: str
    model: Any
    inputs: Arrays
    cotangents: Arrays
    outputs: Arrays
    input_gradients: Arrays  # None for an input of integers
    weight_gradients: dict[str, Any]  # by path, of the weights that a trainer may change


def example(name: str, model: Any, inputs: Arrays) -> Example:
    """Return the example of a model on the NumPy backend."""
    random = np.random.default_rng(len(name))
    model.set_weights([_weight(one, random) for one in model.get_weights()])
    given = inputs if len(inputs) > 1 else inputs[0]
    outputs = _listed(model(given))
    cotangents = [random.normal(size=one.shape).astype(one.dtype) for one in outputs]
    found = gradients(model, given, cotangents if isinstance(model(given), list) else cotangents[0])
    held = model.named_weights()
    slopes = dict(zip(held, found.weights, strict=True))
    return Example(
        name=name,
        model=model,
        inputs=inputs,
        cotangents=cotangents,
        outputs=[np.asarray(one) for one in outputs],
        input_gradients=[
            slope if x.dtype.kind == "f" else None
            for x, slope in zip(inputs, _listed(found.inputs), strict=True)
        ],
        weight_gradients={
            path: slopes[path] for path, (_, may_change) in held.items() if may_change
        },
    )


def _weight(given: Any, random: np.random.Generator) -> Any:
    # Positive, as a variance has to be, and far from the kinks of nothing in particular.
    return random.uniform(0.1, 0.9, size=given.shape).astype(given.dtype)


def _listed(found: Any) -> Arrays:
    return list(found) if isinstance(found, list) else [found]


def of_class(entry: LayerClass, *, is_default: bool, dtype: str) -> Example:
    """Return the example of one layer, with its defaults or with other values for all arguments."""
    names = entry.required if is_default else entry.arguments
    left_out = ("return_state", "output_size")  # a list; one of two that state a size
    values = {name: entry.value(name) for name in names if name not in left_out}
    first = entry.is_ordered_first and not is_default
    shape = entry.shape(channels_first=first)
    layer = entry.type(**values, dtype=dtype, name="layer", backend="numpy")
    if entry.name == "TimeDistributed":
        shape = (3, 4, 5)
    if entry.name == "Bidirectional":
        shape = (3, 4, 5)
    x = numbers(layer, shape)
    x = x.astype(layer.input_dtype if layer.input_dtype in INTEGER_DTYPES else dtype)
    model = Sequential([layer], name="model", backend="numpy")
    model.build((None, *x.shape[1:]))
    return example(f"{entry.name}{'' if is_default else '*'}", model, [x])


def _images(dtype: str) -> tuple[Any, Arrays]:
    model = Sequential(
        [
            layers.Conv2D(
                4,
                3,
                strides=2,
                padding="same",
                activation="relu",
                input_shape=(9, 8, 2),
                dtype=dtype,
                name="conv",
            ),
            layers.BatchNormalization(dtype=dtype, name="norm"),
            layers.MaxPooling2D(3, strides=2, padding="same", dtype=dtype, name="largest"),
            layers.AveragePooling2D(2, padding="same", dtype=dtype, name="average"),
            layers.Dropout(0.5, dtype=dtype, name="dropped"),
            layers.Flatten(dtype=dtype, name="flat"),
            layers.Dense(3, activation="softmax", dtype=dtype, name="classes"),
        ],
        name="images",
        backend="numpy",
    )
    return model, [_normal((3, 9, 8, 2), dtype)]


def _theano(dtype: str) -> tuple[Any, Arrays]:
    options: Any = {"data_format": "channels_first", "convention": "theano", "dtype": dtype}
    model = Sequential(
        [
            layers.Conv2D(
                4, (3, 2), strides=2, padding="same", input_shape=(2, 9, 8), name="conv", **options
            ),
            layers.Conv2DTranspose(3, 3, strides=2, padding="same", name="back", **options),
            layers.UpSampling2D(2, interpolation="bilinear", name="up", **options),
            layers.SeparableConv2D(4, 3, depth_multiplier=2, name="apart", **options),
            layers.BatchNormalization(axis=1, dtype=dtype, name="norm", scale=False),
        ],
        name="theano",
        backend="numpy",
    )
    return model, [_normal((3, 2, 9, 8), dtype)]


def _texts(dtype: str) -> tuple[Any, Arrays]:
    model = Sequential(
        [
            layers.Embedding(10, 4, mask_zero=True, input_length=5, dtype=dtype, name="rows"),
            layers.LSTM(3, return_sequences=True, dtype=dtype, name="first"),
            layers.Bidirectional(layers.GRU(3, dtype=dtype), name="both", dtype=dtype),
        ],
        name="texts",
        backend="numpy",
    )
    return model, [np.array([[1, 2, 0, 3, 0], [0, 0, 0, 0, 4], [5, 6, 7, 8, 9]], "int32")]


def _films(dtype: str) -> tuple[Any, Arrays]:
    model = Sequential(
        [
            layers.TimeDistributed(
                layers.Conv2D(2, 3, dtype=dtype), input_shape=(4, 6, 6, 1), name="each", dtype=dtype
            ),
            layers.ConvLSTM2D(2, 3, dtype=dtype, name="film"),
        ],
        name="films",
        backend="numpy",
    )
    return model, [_normal((2, 4, 6, 6, 1), dtype)]


def _branches(dtype: str) -> tuple[Any, Arrays]:
    """Return a shared layer, merges, a nested model, two inputs and two outputs."""
    a = layers.Input((6, 4), name="left", dtype=dtype)
    b = layers.Input((6, 4), name="right", dtype=dtype)
    shared = layers.Conv1D(4, 3, padding="causal", dtype=dtype, name="shared", backend="numpy")
    inner = Sequential(
        [layers.Dense(4, activation="elu", dtype=dtype, input_shape=(6, 4), name="deep")],
        name="block",
        backend="numpy",
    )
    total = layers.Add(name="total")([shared(a), shared(b)])
    joined = layers.Concatenate(name="joined")(
        [inner(total), layers.Multiply(name="times")([a, b])]
    )
    largest = layers.Maximum(name="largest")([a, b])
    pooled = layers.GlobalAveragePooling1D(name="pooled", dtype=dtype)(joined)
    model = Model(
        [a, b], [pooled, layers.Dot(axes=2, name="dot")([total, largest])], name="branches"
    )
    return model, [_normal((2, 6, 4), dtype), _normal((2, 6, 4), dtype, seed=1)]


def _normal(shape: tuple[int, ...], dtype: str, seed: int = 0) -> Any:
    return np.random.default_rng(seed).normal(size=shape).astype(dtype)


MODELS: dict[str, Callable[[str], tuple[Any, Arrays]]] = {
    "images": _images,
    "theano": _theano,
    "texts": _texts,
    "films": _films,
    "branches": _branches,
}


def of_model(name: str, dtype: str) -> Example:
    """Return the example of a whole model."""
    return example(name, *MODELS[name](dtype))


# Each whole model, and each layer with its defaults or, with a star, with other arguments.
# Layers that do nothing outside of training stand for one another.
_ALIKE = ("Dropout", "SpatialDropout", "Gaussian", "ActivityRegularization")
_VARIANTS = {"1D": ("*",), "3D": ("",)}  # of those that differ in rank alone
EXAMPLES = [
    *MODELS,
    "Dropout",
    *(
        f"{entry.name}{mark}"
        for entry in classes("layers")
        if not entry.name.startswith(_ALIKE)
        for mark in _VARIANTS.get(entry.name[-2:], ("", "*"))
    ),
]
# Each whole model, and each layer once, with other arguments where both are there.
ONE_OF_EACH = [name for name in EXAMPLES if name in MODELS or f"{name}*" not in EXAMPLES]


@functools.cache  # several files of tests ask for the same
def example_of(name: str, dtype: str = "float64") -> Example:
    """Return an example by its name; a star says: other values than the defaults."""
    if name in MODELS:
        return of_model(name, dtype)
    (entry,) = (one for one in classes("layers") if one.name == name.removesuffix("*"))
    return of_class(entry, is_default=not name.endswith("*"), dtype=dtype)


def as_stored(gradient: Any, weight: Any, example: Example) -> Any:
    """Return a gradient with the axes of the stored weight, by the numbers of the weight."""
    own = dict(zip(example.model.named_weights(), example.model.get_weights(), strict=True))
    numbered = np.arange(own[weight.path].size).reshape(own[weight.path].shape)
    order = np.argsort(own[weight.path].ravel(), kind="stable")
    places = np.empty_like(numbered.ravel())
    places[np.argsort(weight.array.ravel(), kind="stable")] = order
    return gradient.ravel()[places].reshape(weight.array.shape)
