"""Embedding: rows by integers of every type, their gradients, its mask, in models; bad input."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from precision import in_float64

import convdispatch
from convdispatch import Model, Sequential, keras1, keras2, layers, optimizers
from convdispatch.errors import InvalidArgument, InvalidShape, InvalidType
from convdispatch.ops import Backend

TABLE = np.array([[0.5, -1.0], [1.0, 10.0], [2.0, 20.0], [3.0, 30.0]], np.float32)
X = np.array([[3, 1, 0], [1, 1, 2]])
ROWS = TABLE[X]


def numbers(tensor: Any) -> Any:
    """Return a tensor's numbers."""
    return convdispatch.to_numpy(tensor)


def embedding(backend: str, **arguments: Any) -> Any:
    """Return a layer with that table."""
    return layers.Embedding(4, 2, weights=[TABLE], backend=backend, **arguments)


def graph() -> Any:
    """Return a graph that looks up its input's rows, in a model of its own."""
    x, inner = (layers.Input((3,), dtype="int32") for _ in range(2))
    return Model(x, Model(inner, embedding("numpy")(inner))(x))


@pytest.mark.parametrize("dtype", ["int32", "int64", "uint8", "float32", "float64"])
def test_rows_are_looked_up_by_numbers_of_any_type(dtype: str, backend: Backend) -> None:
    """Arrays and native tensors; the result has the type of the table."""
    layer = embedding(backend.name)
    given = [X.astype(dtype)]
    if not (dtype.endswith("64") and backend.name == "jax"):  # unless its x64 mode is on
        given.append(backend.asarray(X, dtype))
    for x in given:
        outputs = layer(x)
        assert backend.describe(outputs)[1] == "float32"
        np.testing.assert_array_equal(numbers(outputs), ROWS)
    np.testing.assert_array_equal(numbers(layer(X.tolist())), ROWS)


def test_an_input_of_any_rank(backend_name: str) -> None:
    """Each number becomes a row."""
    cube = np.arange(8).reshape(2, 2, 2) % 4
    np.testing.assert_array_equal(numbers(embedding(backend_name)(cube)), TABLE[cube])
    np.testing.assert_array_equal(numbers(embedding(backend_name)(X[0])), ROWS[0])


def test_a_row_s_gradient_is_the_sum_over_its_places(backend_name: str) -> None:
    """By hand; a row that is not looked up has none, and integers have none."""
    if backend_name == "numpy":
        pytest.importorskip("autograd")
    cotangent = np.arange(12, dtype=np.float32).reshape(2, 3, 2)
    found = convdispatch.gradients(embedding(backend_name), X[:, :2], cotangent[:, :2])
    wanted = np.zeros((4, 2))
    for i in range(2):
        for j in range(2):
            wanted[X[i, j]] += cotangent[i, j]
    np.testing.assert_array_equal(found.weights[0], wanted)
    assert not found.weights[0][[0, 2]].any()
    np.testing.assert_array_equal(found.inputs, np.zeros((2, 2)))


def test_0_may_fill_up(backend: Backend) -> None:
    """With `mask_zero` the mask leaves it out; otherwise there is none."""
    layer = embedding(backend.name, mask_zero=True)
    mask = numbers(layer.compute_mask(backend.asarray(X, "int32")))
    np.testing.assert_array_equal(mask, X != 0)
    model = Sequential([layer, layers.Dropout(0.5)], backend=backend.name)
    model.build((None, 3))
    key = backend.asarray(np.array([1, 2], np.int32), "int32")
    _, effects = model.apply_training(model.variables, X, key)
    np.testing.assert_array_equal(numbers(effects.masks[0]), X != 0)
    assert embedding(backend.name).compute_mask(backend.asarray(X, "int32")) is None


@pytest.mark.filterwarnings("ignore:.torch.jit.script_method. is deprecated:DeprecationWarning")
def test_models_take_integers(backend: Backend) -> None:
    """A Sequential and a graph of an integer input: called, predicted, compiled, read, moved."""
    with convdispatch.use_backend(backend.name):
        x = layers.Input((3,), dtype="int32")
        graph = Model(x, layers.Conv1D(1, 3)(layers.Embedding(4, 2)(x)))
        stack = Sequential([layers.Embedding(4, 2, input_length=3), layers.Conv1D(1, 3)])
    assert graph.layers[0].dtype == "int32"
    for model in (graph, stack):
        model.set_weights([TABLE, np.ones((3, 2, 1)), np.zeros(1)])
        wanted = ROWS.sum((1, 2)).reshape(2, 1, 1)
        again = convdispatch.model_from_json(model.to_json(), backend=backend.name)
        again.set_weights(model.get_weights())
        results = {
            "call": model(X),
            "predict": model.predict(X),
            "batches": model.predict(X, batch_size=1),
            "compiled": model.compile_forward()(X),
            "read": again(X),
            "moved": model.to("numpy", dtype="float64")(X),
        }
        for got in results.values():
            np.testing.assert_allclose(numbers(got), wanted, rtol=1e-6)
        assert numbers(results["moved"]).dtype == np.float64
        compared = convdispatch.compare(model, X, [backend.name])[backend.name]
        assert compared.status == "ok", compared.reason


def test_models_with_tables_train_alike(differentiable: Backend) -> None:
    """Losses by NumPy's numbers: a masked mean of rows, and a graph that concatenates."""
    x = np.random.default_rng(0).integers(0, 4, (32, 5))
    y = (x.sum(1, keepdims=True) > 7).astype(np.float32)

    def losses(backend: str) -> list[float]:
        convdispatch.set_random_seed(1)
        with convdispatch.use_backend(backend):
            inputs = layers.Input((5,), dtype="int32")
            rows = layers.Embedding(4, 3, mask_zero=True)(inputs)
            first = layers.Lambda(lambda given: given[:, 0])(layers.Embedding(4, 2)(inputs))
            both = layers.concatenate([layers.GlobalAveragePooling1D()(rows), first])
            model = Model(inputs, layers.Dense(1)(both))
        model.compile("sgd", "mse")
        history = model.fit(x, y, batch_size=8, epochs=2, shuffle=False, verbose=0)
        found: list[float] = history.history["loss"]
        return found

    found = losses(differentiable.name)
    assert found[1] < found[0]
    np.testing.assert_allclose(found, losses("numpy"), rtol=1e-5)


def test_a_stack_with_an_embedding_is_called_like_a_layer() -> None:
    """Its output has the table's type, not the input's."""
    with convdispatch.use_backend("numpy"):
        x = layers.Input((3,), dtype="int32")
        y = Sequential([layers.Embedding(4, 2)])(x)
    assert (y.shape, y.dtype) == ((None, 3, 2), "float32")


def test_an_input_s_length_may_be_stated() -> None:
    """And is part of the output's shape before any call."""
    assert layers.Embedding(4, 2, input_length=3).batch_input_shape == (None, 3)
    assert layers.Embedding(4, 2, input_length=(3, None)).batch_input_shape == (None, 3, None)
    assert layers.Embedding(4, 2).batch_input_shape == (None, None)
    assert layers.Embedding(4, 2).compute_output_shape((None, None)) == (None, None, 2)
    model = Sequential([layers.Embedding(4, 2, input_length=3)], backend="numpy")
    assert model.output_shape == (None, 3, 2)


def test_every_keras_draws_its_table() -> None:
    """Uniform from -0.05 to 0.05."""
    for door in (layers, keras1.layers, keras2.layers):
        layer = door.Embedding(50, 20, backend="numpy")
        layer.build((None, None))
        table = layer.get_weights()[0]
        assert table.shape == (50, 20)
        assert 0.045 < np.abs(table).max() <= 0.05


def test_keras_1_leaves_out_rows_in_training(backend: Backend) -> None:
    """A word is left out wherever it is; the others are divided by what is kept."""
    table = np.ones((400, 1), np.float32)
    with convdispatch.use_backend(backend.name):
        layer = keras1.layers.Embedding(400, 1, weights=[table], dropout=0.25)
    layer.build((None, None))
    x = np.tile(np.arange(400), (2, 1))
    key = backend.asarray(np.array([1, 2], np.int32), "int32")
    outputs, effects = layer.apply_training(layer.variables, x, key)
    got = numbers(outputs)[..., 0]
    np.testing.assert_array_equal(got[0], got[1])
    np.testing.assert_allclose(got[got != 0], 4 / 3, rtol=1e-6)
    assert abs((got[0] == 0).mean() - 0.25) < 5 * np.sqrt(0.25 * 0.75 / 400)
    assert not effects.updates
    np.testing.assert_array_equal(numbers(layer(x))[..., 0], np.ones((2, 400)))


@pytest.mark.parametrize(
    ("act", "error", "words"),
    [
        (
            lambda: embedding("numpy")(X + 1),
            InvalidArgument,
            "integers from 0 to 3, .* received numbers from 1 to 4",
        ),
        (lambda: embedding("numpy")(X - 1), InvalidArgument, "received numbers from -1 to 2"),
        (lambda: embedding("numpy")(X * np.nan), InvalidArgument, "received numbers from nan"),
        (lambda: graph()(X + 1), InvalidArgument, "received numbers from 1 to 4"),
        (lambda: graph().predict(X + 1), InvalidArgument, "received numbers from 1 to 4"),
        (lambda: embedding("numpy", input_length=4)(X), InvalidShape, "says that inputs have the"),
        (lambda: embedding("numpy")(np.array([["a"]])), InvalidType, "`inputs` must"),
        (
            lambda: Sequential([embedding("numpy")]).predict(X + 1),
            InvalidArgument,
            "received numbers from 1 to 4",
        ),
        (lambda: layers.Embedding(0, 2), InvalidArgument, "`input_dim` must be at least 1"),
        (lambda: layers.Embedding(2, 1.5), InvalidType, "`output_dim` must be an integer"),
        (lambda: layers.Embedding(2, 2, input_length="3"), InvalidType, "`input_length` must be"),
        (lambda: keras1.layers.Embedding(2, 2, dropout=2), InvalidArgument, "`dropout` must be"),
        (lambda: layers.Conv1D(1, 1, dtype="int32"), InvalidArgument, "`dtype` must be one of"),
    ],
)
def test_bad_input(act: Callable[[], Any], error: type[Exception], words: str) -> None:
    """One message says what was wrong and what is allowed."""
    with pytest.raises(error, match=words):
        act()


IDS = np.array([[3001, 4097], [2049, 4999]])  # none of which half precision has


def _stack(table: list[np.ndarray], **options: str) -> Any:
    return Sequential([layers.Embedding(5000, 1, input_shape=(2,), weights=table, **options)])


def _behind_an_input(table: list[np.ndarray], **options: str) -> Any:
    first = layers.InputLayer(input_shape=(2,), **options)
    return Sequential([first, layers.Embedding(5000, 1, weights=table, **options)])


def _graph(table: list[np.ndarray], **options: str) -> Any:
    ids = layers.Input((2,), dtype=options["dtype"])
    return Model(ids, layers.Embedding(5000, 1, weights=table, **options)(ids))


def _graph_of_a_stack(table: list[np.ndarray], **options: str) -> Any:
    ids = layers.Input((2,), dtype=options["dtype"])
    return Model(ids, _stack(table, **options)(ids))


def _by_step(table: list[np.ndarray], **options: str) -> Any:
    inner = layers.Embedding(5000, 1, weights=table, **options)
    return Sequential(
        [layers.TimeDistributed(inner, input_shape=(2, 1), **options), layers.Reshape((2, 1))]
    )


@pytest.mark.parametrize(
    ("make", "dtype"),
    [
        (_stack, "float16"),
        (_stack, "bfloat16"),
        (_behind_an_input, "float16"),
        (_graph, "float16"),
        (_graph_of_a_stack, "float16"),
        (_by_step, "float16"),
    ],
)
def test_rows_are_never_rounded_to_half_precision(backend_name: str, make: Any, dtype: str) -> None:
    """Arrays of integers and of floats, lists, and the samples of a training."""
    if backend_name == "numpy":
        pytest.importorskip("ml_dtypes")
        pytest.importorskip("autograd")
    convdispatch.set_backend(backend_name)
    table = np.arange(5000.0)[:, np.newaxis] % 16
    model = make([table], dtype=dtype)
    ids = IDS[..., np.newaxis] if make is _by_step else IDS
    expected = IDS[..., np.newaxis] % 16
    for given in (ids, ids.astype("float32"), ids.tolist()):
        assert (model.predict(given).astype("float64") == expected).all()
    model.compile(optimizer=optimizers.SGD(1.0), loss="mae")
    model.fit(ids, expected + 1.0, epochs=1, verbose=0)
    moved = model.get_weights()[0].astype("float64") != table
    assert set(np.flatnonzero(moved)) == set(IDS.ravel())


@pytest.mark.parametrize("dtype", ["int64", "uint8", "float32"])
def test_numbers_of_rows_may_be_moved_first(backend: Backend, dtype: str) -> None:
    """A model that arranges them anew takes integers when it is called, as by `predict`."""
    table = np.arange(15.0, dtype="f4").reshape(5, 3)
    stack: Any = convdispatch.Sequential(
        [
            layers.Reshape((2, 2), input_shape=(4,)),
            layers.Permute((2, 1)),
            layers.Flatten(),
            layers.Embedding(5, 3),
        ],
        backend=backend.name,
    )
    stack.set_weights([table])
    with convdispatch.use_backend(backend.name):
        entry = layers.Input((4,))
        looked_up = layers.Embedding(5, 3)(layers.Reshape((4,))(entry))
        graph: Any = convdispatch.Model(entry, looked_up)
    graph.set_weights([table])
    given = np.array([[4, 1, 2, 3]], dtype)
    for model, wanted in ((stack, table[[[4, 2, 1, 3]]]), (graph, table[[[4, 1, 2, 3]]])):
        with in_float64(backend.name):  # JAX has int64 in this mode alone
            np.testing.assert_array_equal(backend.to_numpy(model(given)), wanted)
            np.testing.assert_array_equal(model.predict(given), wanted)


def test_moved_numbers_of_rows_are_not_rounded() -> None:
    """In bfloat16, 257 is 256."""
    model: Any = convdispatch.Sequential(
        [
            layers.Reshape((1,), input_shape=(1,), dtype="bfloat16"),
            layers.Embedding(300, 1, dtype="float32"),
        ],
        backend="numpy",
    )
    model.build((None, 1))
    model.set_weights([np.arange(300.0)[:, None]])
    assert model.predict(np.array([[257]])).ravel() == [257.0]
    assert np.ravel(model(np.array([[257]]))) == [257.0]
