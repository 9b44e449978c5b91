"""Functional models: branches, shared layers, nested models, several inputs and outputs."""

from __future__ import annotations

import copy
import json
import pickle
from typing import Any

import numpy as np
import pytest

import convdispatch
from convdispatch import Model, Sequential, layers
from convdispatch.engine.resolved import Effects, Resolved
from convdispatch.engine.specs import Spec
from convdispatch.errors import InvalidArgument, InvalidDocument, InvalidShape, InvalidType
from convdispatch.ops import Backend

RNG = np.random.default_rng(3)
X = RNG.normal(0, 1, (5, 6, 2)).astype(np.float32)
Z = RNG.normal(0, 1, (5, 4, 1)).astype(np.float32)


def numbers(tensor: Any) -> Any:
    """Return a tensor's numbers."""
    return convdispatch.to_numpy(tensor)


def convolved(x: Any, layer: Any) -> Any:
    """Return a valid convolution of sequences written down, with the layer's weights."""
    kernel, bias = layer.get_weights()
    taps = len(kernel)
    steps = [x[:, i : i + taps] for i in range(x.shape[1] - taps + 1)]
    return np.stack([np.einsum("btc,tcf->bf", step, kernel) for step in steps], 1) + bias


def branched(backend: str) -> tuple[Any, list[Any]]:
    """Return a model of two inputs and three outputs in which one layer is shared."""
    with convdispatch.use_backend(backend):
        x, z = layers.Input((6, 2), name="x"), layers.Input((4, 1), name="z")
        shared = layers.Conv1D(1, 2, name="shared", bias_initializer="ones")
        widen = layers.Conv1D(2, 1, name="widen", bias_initializer="ones")
        first = shared(x)
        second = shared(widen(z))
        return Model([x, z], [first, second, widen(first)], name="m"), [shared, widen]


def test_branches_and_shared_layers(backend_name: str) -> None:
    """Each call has its own input, and all the same weights."""
    model, (shared, widen) = branched(backend_name)
    got = model([X, Z])
    first = convolved(X, shared)
    second = convolved(convolved(Z, widen), shared)
    for one, want in zip(got, [first, second, convolved(first, widen)], strict=True):
        np.testing.assert_allclose(numbers(one), want, rtol=1e-5, atol=1e-6)
    assert len(model.get_weights()) == 4
    assert model.count_params() == 5 + 4
    assert model.output_shape == [(None, 5, 1), (None, 3, 1), (None, 5, 2)]
    assert model.input_shape == [(None, 6, 2), (None, 4, 1)]
    by_name = model({"z": Z, "x": X})
    np.testing.assert_array_equal(numbers(by_name[1]), numbers(got[1]))


@pytest.mark.filterwarnings("ignore:.torch.jit.script_method. is deprecated:DeprecationWarning")
def test_predict_cuts_all_inputs_alike(backend_name: str) -> None:
    """Batches of two of five items give what a call gives."""
    model, _ = branched(backend_name)
    want = model([X, Z])
    got = model.predict([X, Z], batch_size=2)
    assert [type(one) for one in got] == [np.ndarray] * 3
    for one, right in zip(got, want, strict=True):
        np.testing.assert_allclose(one, numbers(right), rtol=1e-5, atol=1e-6)
    compiled = model.compile_forward()([numbers_of(model, X), numbers_of(model, Z)])
    np.testing.assert_allclose(numbers(compiled[2]), numbers(want[2]), rtol=1e-5, atol=1e-6)


def numbers_of(model: Any, x: Any) -> Any:
    """Return the array as a tensor of the model's backend."""
    from convdispatch.registry import registry

    return registry.load(model.backend).asarray(x, "float32")


def test_nested_models_have_paths(backend_name: str) -> None:
    """A model and a Sequential are called like layers, twice each; paths say where weights are."""
    with convdispatch.use_backend(backend_name):
        inner_x = layers.Input((6, 2), name="inner_x")
        conv = layers.Conv1D(2, 1, name="c")
        inner = Model(inner_x, conv(inner_x), name="inner")
        stack = Sequential([layers.Conv1D(2, 1, name="s")], name="stack")
        x = layers.Input((6, 2), name="x")
        outputs = inner(stack(inner(stack(x))))
        model = Model(x, outputs, name="outer")
    paths = "stack/s/kernel stack/s/bias inner/c/kernel inner/c/bias"
    assert list(model.functional().weights) == paths.split()
    assert [one.name for one in model.layers] == ["x", "stack", "inner"]
    (own,) = stack.layers
    want = X
    for layer in (own, conv, own, conv):
        want = convolved(want, layer)
    np.testing.assert_allclose(numbers(model(X)), want, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(model.predict(X), want, rtol=1e-4, atol=1e-5)


def test_shared_statistics_move_once_a_call(backend: Backend) -> None:
    """By hand: 0 goes to 1/2 of a mean of 4 and from there to 1/2 of 2 more."""
    with convdispatch.use_backend(backend.name):
        x, z = layers.Input((1,), name="x"), layers.Input((1,), name="z")
        norm = layers.BatchNormalization(momentum=0.5, name="n")
        model = Model([x, z], [norm(x), norm(z)])
    key = backend.asarray(np.array([1, 2], np.int32), "int32")
    fours, twos = np.full((3, 1), 4, np.float32), np.full((3, 1), 2, np.float32)
    _, effects = model.apply_training(model.variables, [fours, twos], key)
    assert numbers(effects.updates["n/moving_mean"]).tolist() == [2.0]


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
def test_copies_compute_the_same_with_weights_of_their_own(copied: Any) -> None:
    """A change of the one does not reach the other."""
    model, _ = branched("numpy")
    twin = copied(model)
    before = [numbers(one).copy() for one in model([X, Z])]
    for got, want in zip(twin([X, Z]), before, strict=True):
        np.testing.assert_array_equal(numbers(got), want)
    twin.set_weights([np.zeros_like(weight) for weight in twin.get_weights()])
    assert not any(numbers(one).any() for one in twin([X, Z]))
    np.testing.assert_array_equal(numbers(model([X, Z])[0]), before[0])


def test_a_model_moves_to_another_backend(backend_name: str) -> None:
    """With the same weights; a layer that is shared stays so."""
    model, _ = branched("numpy")
    moved = model.to(backend_name)
    assert (moved.backend, len(moved.get_weights())) == (backend_name, 4)
    for got, want in zip(moved([X, Z]), model([X, Z]), strict=True):
        np.testing.assert_allclose(numbers(got), numbers(want), rtol=1e-5, atol=1e-6)


def test_layers_have_keras_s_order() -> None:
    """By depth, the deepest first: Keras 2.2.4 lists x, z, widen, shared for such a graph."""
    x, z = layers.Input((6, 1), name="x"), layers.Input((6, 1), name="z")
    shared, widen = layers.Conv1D(1, 1, name="shared"), layers.Conv1D(1, 1, name="widen")
    model = Model([x, z], [shared(widen(x)), shared(z)])
    assert [layer.name for layer in model.layers] == ["x", "widen", "z", "shared"]


def test_a_thousand_layers_need_no_recursion() -> None:
    """Neither tracing nor running does."""
    x = tensor = layers.Input((2,))
    for _ in range(1500):
        tensor = layers.Dropout(0.5, backend="numpy")(tensor)
    assert numbers(Model(x, tensor)(np.ones((1, 2), np.float32))).tolist() == [[1, 1]]


def nested(depth: int) -> Any:
    """Return a model in a model, and so on."""
    x = layers.Input((2,))
    model = Model(x, layers.Dropout(0.5, backend="numpy")(x), name="innermost")
    for _ in range(depth - 1):
        x = layers.Input((2,))
        model = Model(x, model(x))
    return model


def test_models_are_nested_to_a_limit() -> None:
    """At the limit everything works, within half of Python's recursion; beyond it is one error."""
    model, x = nested(50), np.ones((1, 2), np.float32)
    for made in (
        model,
        copy.deepcopy(model),
        pickle.loads(pickle.dumps(model)),
        model.to("numpy"),
    ):
        assert numbers(made(x)).tolist() == [[1, 1]]
    assert model.get_config()["layers"]
    with pytest.raises(InvalidArgument, match=r"nested 50 deep.*received .* 51 deep.*layers"):
        nested(51)


def test_a_shared_layer_does_not_hide_how_deep_a_model_is() -> None:
    """Each level calls it."""
    shared = layers.Dropout(0.5, backend="numpy")
    x = layers.Input((2,))
    model = Model(x, shared(x))
    for _ in range(49):
        x = layers.Input((2,))
        model = Model(x, model(shared(x)))
    x = layers.Input((2,))
    outer = model(shared(x))
    with pytest.raises(InvalidArgument, match="nested 50 deep"):
        Model(x, outer)


def test_a_summary_has_a_row_for_each_layer(capsys: pytest.CaptureFixture[str]) -> None:
    """The inputs' layers too."""
    model, _ = branched("numpy")
    model.summary()
    printed = capsys.readouterr().out
    assert all(name in printed for name in ("x (InputLayer)", "shared (Conv1D)", "Total params: 9"))


def test_a_document_makes_the_same_model(backend_name: str) -> None:
    """Through JSON: branches, shared layers, nested models; with the weights of the first."""
    with convdispatch.use_backend(backend_name):
        inner_x = layers.Input((6, 2), name="inner_x")
        inner = Model(inner_x, layers.Conv1D(2, 1, name="c")(inner_x), name="inner")
        x, z = layers.Input((6, 2), name="x"), layers.Input((6, 2), name="z")
        shared = layers.Conv1D(1, 2, name="shared")
        stack = Sequential([layers.ZeroPadding1D(1, name="p")], name="stack")
        model = Model([x, z], [shared(inner(x)), shared(stack(inner(z)))], name="m")
    again = convdispatch.model_from_json(model.to_json(), backend=backend_name)
    assert isinstance(again, Model)
    again.set_weights(model.get_weights())
    assert again.to_json() == model.to_json()
    assert list(again.functional().weights) == list(model.functional().weights)
    data = [X, X + 1]
    for got, want in zip(again.predict(data), model.predict(data), strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-5, atol=1e-6)


def changed(change: Any) -> Any:
    """Return the document of a small model, changed."""
    x = layers.Input((4, 1), name="x")
    first = layers.Conv1D(1, 1, name="a", backend="numpy")(x)
    document = json.loads(Model(x, layers.Conv1D(1, 1, name="b", backend="numpy")(first)).to_json())
    change(document["config"])
    return convdispatch.model_from_json(json.dumps(document), backend="numpy")


def put(path: str, value: Any) -> Any:
    """Return a change that puts a value at a path of keys and places."""

    def change(config: Any) -> None:
        *keys, last = [int(key) if key.isdigit() else key for key in path.split("/")]
        for key in keys:
            config = config[key]
        config[last] = value

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            put("layers/1/inbound_nodes", [[["b", 0, 0, {}]]]),
            "the calls of 'a', 'b' read tensors that no",
        ),
        (put("layers/1/inbound_nodes", [[["q", 0, 0, {}]]]), "a circle, or a tensor that the"),
        (put("layers/1/inbound_nodes", [[]]), "call 0 of 'a' reads nothing"),
        (put("layers/1/inbound_nodes", 7), "must be a list of calls; received 7"),
        (put("layers/1/inbound_nodes", [[["x", -1, 0, {}]]]), r"must be \[name, call, output\]"),
        (put("layers/1/inbound_nodes", [[["x", 0, 0, {"y": 1}]]]), "that are not offered"),
        (put("layers/2/name", "a"), "a name of its own"),
        (put("output_layers", [["b", 1, 0]]), "output 0 of call 1 of 'b', which it does not have"),
        (put("input_layers", [["a", 0, 0]]), "must come from `Input`"),
        (put("layers", {}), "must have a list of `layers`"),
        (put("layers/1/class_name", "Dens"), "has no layer named 'Dens'"),
    ],
)
def test_a_document_that_is_no_model_is_refused(change: Any, message: str) -> None:
    """With the one error of documents."""
    with pytest.raises(InvalidDocument, match=message):
        changed(change)


def test_a_document_of_too_many_parameters_is_refused_before_they_are_made() -> None:
    """The limit can be raised."""
    x = layers.Input((4, 1), name="x")
    text = Model(x, layers.Conv1D(50, 1, name="a", backend="numpy")(x)).to_json()
    limits = convdispatch.models.DocumentLimits(parameters=99)
    with pytest.raises(InvalidDocument, match="at least 100 parameters"):
        convdispatch.model_from_json(text, limits=limits)


def unconnected() -> Any:
    """Return a model of an input that its output does not come from."""
    x, z = layers.Input((4, 1), name="x"), layers.Input((4, 1), name="z")
    return Model(x, layers.Conv1D(1, 1)(z))


def of_two_layers_of_one_name() -> Any:
    """Return a model in which a name is there twice."""
    x = layers.Input((4, 1))
    return Model(x, layers.Conv1D(1, 1, name="c")(layers.Conv1D(1, 1, name="c")(x)))


def of_two_backends() -> Any:
    """Return a model of layers that compute on different backends."""
    x = layers.Input((4, 1))
    first = layers.Conv1D(1, 1, backend="numpy", name="a")(x)
    second = layers.Conv1D(1, 1, backend="torch", name="b")
    return Model(x, second(first))


def from_the_middle() -> Any:
    """Return a model whose input a layer computes."""
    x = layers.Conv1D(1, 1, name="c")(layers.Input((4, 1)))
    return Model(x, layers.Conv1D(1, 1)(x))


@pytest.mark.parametrize(
    ("work", "error", "message"),
    [
        (unconnected, InvalidArgument, "`outputs` need 'z', an input of shape \\(None, 4, 1\\)"),
        (of_two_layers_of_one_name, InvalidArgument, "two weights with the path 'c/kernel'"),
        (from_the_middle, InvalidArgument, "`inputs` must come from `Input`; received <symbolic"),
        (lambda: Model([], []), InvalidType, "received an empty list"),
        (lambda: Model(X, X), InvalidType, "`inputs` must be a symbolic tensor.*ndarray"),
        (lambda: layers.Input(), InvalidArgument, "received none"),
        (lambda: layers.Input((1,), (None, 1)), InvalidArgument, "received both"),
        (lambda: np.asarray(layers.Input((1,))), InvalidType, "a symbolic tensor has no numbers"),
        (lambda: layers.Conv1D(1, 1)([layers.Input((4, 1))] * 2), InvalidArgument, "takes one"),
        (lambda: layers.Conv1D(1, 1)([layers.Input((4, 1)), X]), InvalidType, "beside ndarray"),
        (lambda: branched("numpy")[0](X), InvalidType, "a list of 2 tensors.* received ndarray"),
        (lambda: branched("numpy")[0]([X]), InvalidArgument, "one for each of its inputs 'x', 'z'"),
        (lambda: branched("numpy")[0]({"x": X}), InvalidArgument, "must name 'x', 'z'"),
        (lambda: branched("numpy")[0]([X, X]), InvalidShape, "'z' of 'm' takes the shape"),
        (
            lambda: branched("numpy")[0].predict([X, Z[:2]]),
            InvalidShape,
            "the same number of samples",
        ),
        (lambda: branched("numpy")[0].get_layer("q"), InvalidArgument, "its layers, from index 0"),
    ],
)
def test_bad_models_and_inputs_are_refused(work: Any, error: type[Exception], message: str) -> None:
    """In one sentence that says what is allowed."""
    with pytest.raises(error, match=message), convdispatch.use_backend("numpy"):
        work()
    if work is of_two_layers_of_one_name and "torch" in convdispatch.available_backends():
        with pytest.raises(InvalidArgument, match="must be on one backend; received 'a'"):
            of_two_backends()


class Updating(layers.Layer):
    """A user's layer that moves a state which it does not declare."""

    def resolve(self, spec: Spec) -> Resolved:
        """Return a function that returns its input, and an update in training."""

        def lower_training(dtype: str, activation: Any) -> Any:
            return lambda weights, x, key: (x, Effects(updates={"count": x}))

        def lower(dtype: str, activation: Any) -> Any:
            return lambda weights, x: x

        shape = (None, *spec.shape[1:])
        return Resolved(output_shape=shape, lower=lower, lower_training=lower_training)


def test_an_update_of_what_is_no_weight_is_refused() -> None:
    """By name, with what the layer has."""
    model = Sequential([Updating(name="u", input_shape=(1,))], backend="numpy")
    key = np.array([1, 2], np.int32)
    with pytest.raises(InvalidArgument, match=r"'u' updates 'count'.* \(it has none\)"):
        model.apply_training([], np.ones((1, 1), np.float32), key)
