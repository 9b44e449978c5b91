"""Keras 1's `Merge` and `merge`: every mode, functions, masks, copies, documents; bad input."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import convdispatch
from convdispatch import Model, Sequential, keras1
from convdispatch.errors import InvalidArgument, InvalidDocument, InvalidShape, InvalidType

K = keras1.layers
RNG = np.random.default_rng(1)
X, Y = (RNG.normal(size=(3, 4)).astype(np.float32) for _ in range(2))
SEQUENCE = RNG.normal(size=(3, 2, 4)).astype(np.float32)
MODES: dict[str, Any] = {
    "sum": X + Y,
    "mul": X * Y,
    "concat": np.concatenate([X, Y], 1),
    "ave": (X + Y) / 2,
    "max": np.maximum(X, Y),
    "dot": (X * Y).sum(1, keepdims=True),
    "cos": (X * Y).sum(1, keepdims=True)
    / np.sqrt((X**2).sum(1, keepdims=True) * (Y**2).sum(1, keepdims=True)),
}
EVERY_MODE = pytest.mark.parametrize("mode", MODES)


def numbers(tensor: Any) -> Any:
    """Return a tensor's numbers."""
    return convdispatch.to_numpy(tensor)


@EVERY_MODE
def test_a_mode_s_numbers(mode: str, backend_name: str) -> None:
    """By the layer, by the function and in a graph; within the bound."""
    with convdispatch.use_backend(backend_name):
        layer = K.Merge(mode=mode)
        x, y = K.Input((4,)), K.Input((4,))
        model = Model([x, y], K.merge([x, y], mode=mode))
        by_function = K.merge([X, Y], mode=mode)
    assert model.output_shape == (None, *MODES[mode].shape[1:])
    for got in (layer([X, Y]), by_function, model.predict([X, Y])):
        np.testing.assert_allclose(numbers(got), MODES[mode], rtol=1e-5, atol=1e-6)
    compared = convdispatch.compare(model, [X, Y], [backend_name])[backend_name]
    assert compared.status == "ok", compared.reason


def test_axes_of_a_product_and_of_a_concatenation(backend_name: str) -> None:
    """One axis for both tensors, or one of each."""
    with convdispatch.use_backend(backend_name):
        product = K.merge([SEQUENCE, X], mode="dot", dot_axes=[2, 1])
        pairs = K.merge([SEQUENCE, SEQUENCE], mode="dot", dot_axes=1)
        joined = K.merge([SEQUENCE, SEQUENCE], mode="concat", concat_axis=1)
    wanted = np.einsum("btc,bc->bt", SEQUENCE, X)
    np.testing.assert_allclose(numbers(product), wanted, rtol=1e-5, atol=1e-6)
    wanted = np.einsum("bti,btj->bij", SEQUENCE, SEQUENCE)
    np.testing.assert_allclose(numbers(pairs), wanted, rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(numbers(joined), np.concatenate([SEQUENCE, SEQUENCE], 1))


def test_rows_of_zeros_have_the_cosine_0(backend_name: str) -> None:
    """And gradients that are numbers."""
    if backend_name == "numpy":
        pytest.importorskip("autograd")
    layer = K.Merge(mode="cos", backend=backend_name)
    np.testing.assert_array_equal(numbers(layer([0 * X, Y])), np.zeros((3, 1)))
    for one in convdispatch.gradients(layer, [0 * X, Y]).inputs:
        assert np.isfinite(one).all()


def test_a_mode_may_be_a_function(backend_name: str) -> None:
    """Of the list, with arguments; its output's shape is found, or stated."""

    def less(two: Any, by: float) -> Any:
        return two[0] - two[1] * by

    for shape in (None, (4,), lambda shapes: shapes[0]):
        with convdispatch.use_backend(backend_name):
            got = K.merge([X, Y], mode=less, output_shape=shape, arguments={"by": 2})
        np.testing.assert_allclose(numbers(got), X - 2 * Y, rtol=1e-5, atol=1e-6)


def test_masks_of_merged_sequences(backend_name: str) -> None:
    """A step counts that counts in both; a function of masks says it for a function."""
    x = np.where(np.array([True, False])[:, None], SEQUENCE, 0).astype(np.float32)

    def masks(merge: Callable[..., Any]) -> Any:
        with convdispatch.use_backend(backend_name):
            one, two = K.Input((2, 4)), K.Input((2, 4))
            model = Model([one, two], merge([K.Masking()(one), K.Masking()(two)]))
        return numbers(model.functional().masked({}, [x, SEQUENCE])[1][0]).tolist()

    counted = [[True, False]] * 3
    assert masks(lambda two: K.merge(two, mode="sum")) == counted
    assert masks(lambda two: K.merge(two, mode="concat")) == counted
    assert masks(lambda two: K.merge(two, "concat", 1)) == [[True, False, True, True]] * 3
    own = masks(lambda two: K.merge(two, lambda xs: xs[0], output_mask=lambda given: given[0]))
    assert own == counted


def test_the_models_that_are_merged_are_its_layers() -> None:
    """Where it was given some."""
    parts = [keras1.models.Sequential([K.Dense(2, input_dim=4)]) for _ in range(2)]
    layer = K.Merge(parts, mode="concat")
    assert layer.layers == parts
    model = keras1.models.Sequential([layer, K.Dense(1)])
    assert model.predict([X, Y]).shape == (3, 1)
    assert not hasattr(K.Merge(mode="sum"), "layers")


@EVERY_MODE
def test_copies_and_configurations(mode: str) -> None:
    """Each is a Merge of that mode."""
    layer = K.Merge(mode=mode, name="m", backend="numpy")
    twins = [
        copy.deepcopy(layer),
        pickle.loads(pickle.dumps(layer)),
        layer.to("numpy"),
        K.Merge.from_config(layer.get_config(), backend="numpy"),
    ]
    for twin in twins:
        assert (type(twin).__name__, twin.mode, isinstance(twin, K.Merge)) == ("Merge", mode, True)
        np.testing.assert_array_equal(twin([X, Y]), layer([X, Y]))


def test_a_document_of_keras_1_is_read_and_ours_too() -> None:
    """Real Keras 1.2.2 says of each argument whether it is code; a graph is written and read."""
    told = {"mode_type": "raw", "output_shape_type": "raw", "output_mask_type": "raw"}
    config = {"name": "m", "mode": "concat", "concat_axis": 1, "dot_axes": -1, "arguments": {}}
    layer = K.Merge.from_config({**config, **told, "output_shape": None, "output_mask": None})
    assert (layer.mode, layer.concat_axis) == ("concat", 1)
    for code in ({"mode_type": "lambda", "mode": "c2F5"}, {"mode": ["4wEAAAA", None, None]}):
        with pytest.raises(InvalidDocument, match="Merge"):
            K.Merge.from_config({**config, **told, **code})
    with convdispatch.use_backend("numpy"):
        x, y = K.Input((4,)), K.Input((4,))
        model = Model([x, y], K.merge([x, y], mode="concat", name="joined"))
    again = convdispatch.model_from_json(model.to_json(), backend="numpy")
    np.testing.assert_array_equal(again([X, Y]), MODES["concat"])


@pytest.mark.parametrize(
    ("act", "error", "words"),
    [
        (lambda: K.Merge(mode="add"), InvalidArgument, "`mode` must be one of 'sum', 'mul',"),
        (lambda: K.Merge(mode=3), InvalidType, "`mode` of Merge must be a word or a function"),
        (lambda: K.Merge(mode="concat", concat_axis=0), InvalidArgument, "`concat_axis` must not"),
        (lambda: K.Merge(mode="dot", dot_axes=0), InvalidArgument, "`dot_axes` must not be 0"),
        (lambda: K.Merge(arguments={"by": 2}), InvalidArgument, "belong to a `mode` that is a fu"),
        (lambda: K.Merge(mode=max, output_mask=3), InvalidType, "`output_mask` must be a function"),
        (
            lambda: setattr(K.Merge(), "mode", "mul"),
            InvalidArgument,
            "cannot change; received",
        ),
        (lambda: K.Merge(layers=3), InvalidType, "`layers` of Merge must be a list of models"),
        (lambda: K.Merge()(X), InvalidType, "takes a list of tensors"),
        (lambda: K.merge([SEQUENCE, SEQUENCE], "cos"), InvalidShape, "is that of rows"),
        (lambda: Sequential([K.Merge()]), InvalidArgument, "gives each layer one tensor"),
    ],
)
def test_bad_input(act: Callable[[], Any], error: type[Exception], words: str) -> None:
    """One message says what was wrong and what is allowed."""
    with convdispatch.use_backend("numpy"), pytest.raises(error, match=words):
        act()
