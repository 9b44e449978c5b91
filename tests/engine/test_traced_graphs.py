"""Graphs with merged branches and masks under each framework's compilers, sizes unknown too."""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np
import pytest

import convdispatch
from convdispatch import Model, layers
from convdispatch.models.wrapping import wrap

RNG = np.random.default_rng(3)
X, Y = (RNG.normal(size=(3, 5, 2)).astype(np.float32) for _ in range(2))
Z = RNG.normal(size=(3, 2)).astype(np.float32)
PLACES = np.array([[1, 2, 0], [3, 0, 0], [0, 1, 1]], np.int32)
DATA = [X, Y, Z, PLACES]


def framework(name: str, all_backends: tuple[str, ...]) -> Any:
    """Return the module of a framework, or skip the test."""
    if name not in all_backends:
        pytest.skip(f"the backend {name!r} is not under test here")
    return importlib.import_module(name)


def model(backend: str) -> Any:
    """Return a graph of all that meets: sums, extremes, products, masks, an embedding."""
    with convdispatch.use_backend(backend):
        inputs = [layers.Input((None, 2)), layers.Input((None, 2)), layers.Input((2,))]
        x, y, z = inputs
        places = layers.Input((None,), dtype="int32")
        masked = layers.Masking()(x)
        table = np.arange(8.0).reshape(4, 2)
        rows = layers.Embedding(4, 2, mask_zero=True, weights=[table])(places)
        outputs = [
            layers.concatenate([layers.add([masked, y, z]), y]),
            layers.dot([masked, y], 2, normalize=True),
            layers.maximum([masked, y]),
            layers.GlobalAveragePooling1D()(layers.multiply([masked, layers.Masking()(y)])),
            layers.GlobalAveragePooling1D()(rows),
        ]
        return Model([*inputs, places], outputs)


def require_right(outputs: Any) -> None:
    """Compare with what NumPy gives, and the last output with numbers by hand."""
    wanted = model("numpy")(DATA)
    by_hand = [[3, 4], [6, 7], [2, 3]]  # of the rows [[2, 3], [4, 5]], [[6, 7]], [[2, 3]] * 2
    np.testing.assert_allclose(np.asarray(wanted[-1]), by_hand)
    for got, want in zip(outputs, wanted, strict=True):
        np.testing.assert_allclose(np.asarray(got), want, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("steps", [5, None])
def test_tf_function(steps: int | None, all_backends: tuple[str, ...]) -> None:
    """With an unknown batch, and with unknown numbers of steps."""
    tf, graph = framework("tensorflow", all_backends), model("tensorflow")
    shapes = [(None, steps, 2), (None, steps, 2), (None, 2), (None, steps and 3)]
    kinds = [tf.float32] * 3 + [tf.int32]
    signature = [tf.TensorSpec(*pair) for pair in zip(shapes, kinds, strict=True)]
    traced = tf.function(lambda *given: graph(list(given)), input_signature=signature)
    require_right(traced(*map(tf.constant, DATA)))


def test_jax_jit(all_backends: tuple[str, ...]) -> None:
    """The whole graph in one program."""
    jax = framework("jax", all_backends)
    require_right(jax.jit(model("jax"))([jax.numpy.asarray(one) for one in DATA]))


@pytest.mark.parametrize("numbers", [[1, 2], [[1, 2, 3]]], ids=["own", "portable"])
def test_torch_compile_of_a_draw(numbers: Any, all_backends: tuple[str, ...]) -> None:
    """A function of training, without a break of the graph, also by a portable key."""
    torch = framework("torch", all_backends)
    dropping = convdispatch.Sequential([layers.Dropout(0.5, input_shape=(64,))], backend="torch")
    training, key = dropping.functional().training, torch.tensor(numbers, dtype=torch.int32)

    def drawn(x: Any) -> Any:
        return training({}, x, key)[0]

    x = torch.ones(2, 64)
    wanted = drawn(x)  # plans are made outside of the compiled graph
    assert set(wanted.unique().tolist()) == {0.0, 2.0}
    assert torch.equal(torch.compile(drawn, backend="eager", fullgraph=True)(x), wanted)


@pytest.mark.parametrize("varies", [False, True])
def test_torch_export(varies: bool, all_backends: tuple[str, ...]) -> None:
    """Of the wrapped model, for one shape and for any numbers of samples and steps."""
    torch = framework("torch", all_backends)
    given = [torch.tensor(one) for one in DATA]
    shapes = None
    if varies:
        b, n, k = (torch.export.Dim(name) for name in "bnk")
        shapes = ([{0: b, 1: n}, {0: b, 1: n}, {0: b}, {0: b, 1: k}],)
    exported = torch.export.export(wrap(model("torch")), (given,), dynamic_shapes=shapes)
    require_right([one.detach() for one in exported.module()(given)])


def test_torch_compile(all_backends: tuple[str, ...]) -> None:
    """Without a break of the graph."""
    torch = framework("torch", all_backends)
    wrapped: Any = wrap(model("torch"))
    given = [torch.tensor(one) for one in DATA]
    wrapped(given)  # plans are made outside of the compiled graph
    compiled = torch.compile(wrapped, backend="eager", fullgraph=True)
    require_right([one.detach() for one in compiled(given)])
