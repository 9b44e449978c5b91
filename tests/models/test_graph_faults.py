"""What was found by attacking models of graphs: each fault, and its right answer."""

from __future__ import annotations

import copy
import gc
import pickle
import weakref
from typing import Any

import numpy as np
import pytest

import convdispatch
from convdispatch import Model, Sequential, keras1, layers
from convdispatch.errors import InvalidArgument, InvalidShape, InvalidType
from convdispatch.models.wrapping import wrap
from convdispatch.ops import Backend

X = np.arange(16, dtype=np.float32).reshape(2, 8, 1)


@pytest.fixture(autouse=True)
def numpy() -> Any:
    """Compute on NumPy where a test names no other."""
    with convdispatch.use_backend("numpy"):
        yield


def conv(**options: Any) -> Any:
    """Return a convolution that adds two steps."""
    return layers.Conv1D(1, 2, kernel_initializer="ones", **options)


def test_an_argument_of_a_layer_in_a_graph_may_change() -> None:
    """The model computes with it, and states the shapes that follow."""
    x = layers.Input((8, 1))
    first, second = conv(), conv()
    model = Model(x, second(first(x)))
    before = model(X)
    first.strides = 2
    assert second.input_shape == (None, 4, 1)
    assert model.predict(X).shape == (2, 3, 1)
    first.strides = 1
    first.activation = "relu"
    np.testing.assert_array_equal(model(X), before)
    first.trainable = False
    assert len(model.trainable_weights) == 2


def test_a_frozen_nested_model_is_not_trained() -> None:
    """Nor one within it; the flag of the layers stays their own."""
    x = layers.Input((8, 1))
    inner_conv = conv(name="c")
    inner = Model(x, inner_conv(x), name="inner")
    z = layers.Input((8, 1))
    middle = Model(z, inner(z), name="middle")
    y = layers.Input((8, 1))
    model = Model(y, conv(name="own")(middle(y)))
    middle.trainable = False
    assert [flag for _, flag in model.named_weights().values()] == [False, False, True, True]
    assert (len(model.trainable_weights), len(model.non_trainable_weights)) == (2, 2)
    assert inner_conv.trainable
    middle.trainable = True
    inner.trainable = False
    assert len(model.trainable_weights) == 2


def test_a_summary_counts_a_nested_model_s_weights_once(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Also where a layer is in two members."""
    shared = conv(name="c", padding="same")
    x, z = layers.Input((8, 1)), layers.Input((8, 1))
    inner = Model(x, shared(x), name="inner")
    Model(z, shared(inner(Sequential([conv(padding="same")])(z)))).summary()
    assert "Total params: 6" in capsys.readouterr().out


def test_a_layer_of_another_model_keeps_its_backend(all_backends: tuple[str, ...]) -> None:
    """One without weights, too, and one that was given its backend."""
    if "torch" not in all_backends:
        pytest.skip("torch is not under test here")
    x = layers.Input((8, 1))
    up = layers.UpSampling1D(2)
    first = Model(x, up(conv(backend="torch")(x)))
    z = layers.Input((8, 1))
    with pytest.raises(InvalidArgument, match="must be on one backend"):
        Model(z, up(conv(backend="numpy")(z)))
    assert convdispatch.to_numpy(first(X)).shape == (2, 14, 1)
    only = Model(x, layers.UpSampling1D(2, backend="torch")(x))
    assert only.backend == "torch"


def test_a_model_stays_what_it_was_when_a_stack_in_it_grows() -> None:
    """Its graph is frozen."""
    stack = Sequential([conv(name="a")], name="stack")
    x = layers.Input((8, 1))
    model = Model(x, stack(x))
    want = model(X)
    stack.add(conv(name="b"))
    np.testing.assert_array_equal(model(X), want)
    np.testing.assert_array_equal(model.predict(X), want)
    assert list(model.named_weights()) == ["stack/a/kernel", "stack/a/bias"]
    assert model.apply(model.variables, X).shape == want.shape
    assert len(model.get_weights()) == 2


def test_sharing_between_members_survives_a_move() -> None:
    """A document cannot say it, and says so."""
    shared = conv(name="c", padding="same")
    x, z = layers.Input((8, 1)), layers.Input((8, 1))
    inner = Model(x, shared(x), name="inner")
    stack = Sequential([shared], name="stack")
    model = Model(z, stack(shared(inner(z))))
    twin = model.to("numpy")
    assert len(twin.get_weights()) == len(model.get_weights()) == 2
    np.testing.assert_array_equal(twin(X), model(X))
    with pytest.raises(InvalidArgument, match=r"'c' is in .* which a configuration"):
        model.to_json()


@pytest.mark.parametrize("kind", ["layer", "stack", "graph"])
def test_gradients_keep_no_model_alive(differentiable: Backend, kind: str) -> None:
    """Nor its layers; a copy has a function of its own."""
    name = differentiable.name
    x = layers.Input((8, 1))
    makers: dict[str, Any] = {
        "layer": lambda: conv(backend=name),
        "stack": lambda: Sequential([conv()], backend=name),
        "graph": lambda: Model(x, conv(backend=name)(x)),
    }
    model = makers[kind]()
    convdispatch.gradients(model, X)
    copies = [copy.deepcopy(model), pickle.loads(pickle.dumps(model)), model.to(name)]
    assert all(convdispatch.gradients(one, X).output.shape == (2, 7, 1) for one in copies)
    reference = weakref.ref(model)
    del model, makers
    gc.collect()
    assert reference() is None


def test_a_wrapped_model_can_be_pickled_and_copied(all_backends: tuple[str, ...]) -> None:
    """The copy follows its own model alone."""
    if "torch" not in all_backends:
        pytest.skip("torch is not under test here")
    torch = pytest.importorskip("torch")
    stack = Sequential([conv(name="c", input_shape=(8, 1))], backend="torch")
    module: Any = wrap(stack)
    twins = [copy.deepcopy(module), pickle.loads(pickle.dumps(module))]
    x = torch.from_numpy(X - 5)
    want = module(x)
    stack.layers[0].activation = "relu"
    assert (module(x) >= 0).all()
    for twin in twins:
        torch.testing.assert_close(twin(x), want)


def test_a_document_keeps_the_order_of_the_calls(backend: Backend) -> None:
    """So that one key draws the same numbers, and a shared state moves the same way."""
    with convdispatch.use_backend(backend.name):
        x = layers.Input((8, 1), name="x")
        norm = layers.BatchNormalization(momentum=0.5, name="n")
        first = layers.Dropout(0.5, name="a")(norm(layers.ZeroPadding1D(1, name="p")(x)))
        second = layers.Dropout(0.5, name="b")(norm(x))
        model = Model(x, [first, second])
    again = convdispatch.model_from_json(model.to_json(), backend=backend.name)
    key = backend.asarray(np.array([3, 4], np.int32), "int32")
    results = []
    for one in (model, again):
        outputs, effects = one.apply_training(one.variables, X, key)
        results.append([*outputs, *effects.updates.values()])
    for got, want in zip(*results, strict=True):
        np.testing.assert_array_equal(backend.to_numpy(got), backend.to_numpy(want))


@pytest.mark.parametrize("is_list", [True, False])
def test_a_document_says_whether_a_list_is_returned(is_list: bool) -> None:
    """A list of one output is a list."""
    x = layers.Input((8, 1))
    y = conv()(x)
    model = Model(x, [y] if is_list else y)
    again = convdispatch.model_from_json(model.to_json())
    assert isinstance(again.predict(X), list) == isinstance(model.predict(X), list) == is_list


def test_reading_a_graph_takes_linear_time() -> None:
    """Eight times the layers, written backwards, take less than 16 times as long."""
    import json
    import time

    def document(count: int) -> str:
        x = tensor = layers.Input((4, 1))
        for _ in range(count):
            tensor = layers.Dropout(0.5)(tensor)
        described = json.loads(Model(x, tensor).to_json())
        described["config"]["layers"].reverse()
        del described["config"]["call_order"]
        return json.dumps(described)

    def seconds(text: str) -> float:
        begun = time.process_time()
        convdispatch.model_from_json(text)
        return time.process_time() - begun

    few, many = document(60), document(480)
    seconds(few)
    assert min(seconds(many) for _ in range(3)) < 16 * min(seconds(few) for _ in range(3))


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32"])
@pytest.mark.parametrize("seed", [2**31, 2**32, 2**62])
def test_dropout_keeps_the_element_type_for_any_seed(
    backend: Backend, dtype: str, seed: int
) -> None:
    """And another seed draws other numbers: all 63 bits count."""
    pytest.importorskip("ml_dtypes")
    key = backend.asarray(np.array([1, 2], np.int32), "int32")
    x = backend.asarray(np.ones((20, 20)), dtype)
    drawn = []
    for own in (seed, seed - 2**31, seed):
        layer = layers.Dropout(0.5, seed=own, backend=backend.name)
        outputs, _ = layer.apply_training([], x, key)
        assert backend.describe(outputs)[1] == dtype
        drawn.append(np.asarray(backend.to_numpy(outputs), float))
    assert (drawn[0] == drawn[2]).all()
    assert not (drawn[0] == drawn[1]).all()


def two_inputs() -> Any:
    """Return a model of inputs with different shapes."""
    x, z = layers.Input((8, 1), name="x"), layers.Input((4, 1), name="z")
    shared = conv()
    return Model([x, z], [shared(x), shared(z)], name="m")


@pytest.mark.parametrize(
    ("work", "error", "message"),
    [
        (lambda m: m.compile_forward()([X]), InvalidArgument, "one for each of its inputs"),
        (lambda m: m.compile_forward()(X), InvalidType, "a list of 2 tensors"),
        (lambda m: m.compile_forward()([X, X]), InvalidShape, "the input 'z' of 'm' takes"),
        (lambda m: m.predict([X, X]), InvalidShape, "the input 'z' of 'm' takes"),
        (lambda m: convdispatch.compare(m, [X, X]), InvalidShape, "the input 'z' of 'm' takes"),
        (lambda m: m.functional().forward([], X), InvalidType, "a mapping from paths"),
        (lambda m: layers.Input(batch_shape=()), InvalidShape, "must have a batch axis"),
        (lambda m: Sequential([conv()])([layers.Input((4, 1))] * 2), InvalidArgument, "takes one"),
    ],
)
def test_what_a_call_refuses_is_refused_everywhere(
    work: Any, error: type[Exception], message: str
) -> None:
    """With the same message."""
    with pytest.raises(error, match=message):
        work(two_inputs())


def test_a_single_input_is_checked_wherever_it_enters() -> None:
    """By predict, by what is compiled, and as a scalar."""
    x = layers.Input((8, 1))
    model = Model(x, conv()(x))
    for work in (model, model.predict, model.compile_forward()):
        with pytest.raises(InvalidShape, match=r"takes the shape \(None, 8, 1\); received"):
            work(np.zeros((2, 9, 1), np.float32))
    with pytest.raises(InvalidShape, match="takes the shape"):
        model.predict(np.float32(3))
    assert model.compile_forward()([X]).shape == (2, 7, 1)


def test_dictionaries_are_taken_everywhere() -> None:
    """By the names of the inputs."""
    model = two_inputs()
    given = {"z": X[:, :4], "x": X}
    want = model(given)
    np.testing.assert_array_equal(model.compile_forward()(given)[1], want[1])
    np.testing.assert_array_equal(model.predict(given)[0], want[0])
    assert convdispatch.compare(model, given, backends=["numpy"])["numpy"].status == "ok"


class Noted(layers.Conv1D):
    """A user's layer with attributes that models have."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.layers: list[Any] = []
        self.graph = "of 2016"


def test_a_layer_with_attributes_of_models_is_a_layer() -> None:
    """Its weights count."""
    x = layers.Input((8, 1))
    model = Model(x, Noted(1, 2)(x))
    assert len(model.get_weights()) == 2
    assert model(X).shape == (2, 7, 1)


def test_a_stack_that_begins_with_an_input_layer_is_written_and_read() -> None:
    """Its shape is the first layer's."""
    stack = Sequential([layers.InputLayer(input_shape=(8, 1)), conv()])
    again = convdispatch.model_from_json(stack.to_json())
    assert again.output_shape == (None, 7, 1)


def test_a_moved_model_takes_an_element_type_in_any_spelling() -> None:
    """As a layer does."""
    x = layers.Input((8, 1))
    moved = Model(x, conv()(x)).to("numpy", dtype=np.float64)  # type: ignore[arg-type] # a class
    assert [spec.dtype for spec in moved.graph().inputs] == ["float64"]
    assert moved.get_weights()[0].dtype == np.float64


def test_keras_1_s_words_build_graphs_too() -> None:
    """`Input` and a layer of Keras 1."""
    x = keras1.layers.Input(shape=(8, 1))
    model = Model(x, keras1.layers.Convolution1D(2, 3)(keras1.layers.Dropout(0.5)(x)))
    assert model.output_shape == (None, 6, 2)
