"""Recurrent layers that keep their state from one call to the next."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from recurrent_definitions import STATES, drawn_weights, steps_of

import convdispatch
from convdispatch import Model, Sequential, keras1, keras2, layers
from convdispatch.errors import InvalidArgument, InvalidShape
from convdispatch.models.wrapping import wrap
from convdispatch.registry import registry

BATCH, STEPS, FEATURES, UNITS = 2, 3, 3, 4
X = np.random.default_rng(0).normal(size=(BATCH, 3 * STEPS, FEATURES)).astype("float32")
PARTS = [X[:, first : first + STEPS] for first in (0, STEPS, 2 * STEPS)]
EACH = pytest.mark.parametrize("name", list(STATES))


def wanted(name: str) -> list[Any]:
    """Return the outputs of each part of one long sequence."""
    outputs = steps_of(name, drawn_weights(name, FEATURES, UNITS), X)[0]
    return [outputs[:, first : first + STEPS] for first in (0, STEPS, 2 * STEPS)]


def layer_of(name: str, **options: Any) -> Any:
    """Return a stateful layer with these weights."""
    weights = drawn_weights(name, FEATURES, UNITS)
    arguments = {"return_sequences": True, "stateful": True, "weights": weights} | options
    return getattr(layers, name)(UNITS, **arguments)


def model_of(name: str, backend: str) -> Sequential:
    """Return a model of one stateful layer, which says what its batches are."""
    layer = layer_of(name, batch_input_shape=(BATCH, STEPS, FEATURES))
    model = Sequential([layer], backend=backend)
    model.compile("sgd", "mse")
    return model


def close(got: Any, want: Any) -> None:
    """Assert that numbers in float32 are those in float64."""
    np.testing.assert_allclose(convdispatch.to_numpy(got), want, rtol=2e-5, atol=2e-6)


@EACH
def test_a_call_goes_on_from_the_last_one(backend_name: str, name: str) -> None:
    """Parts of a sequence give what the whole sequence gives; a reset begins anew."""
    layer = layer_of(name, backend=backend_name)
    for part, want in zip(PARTS, wanted(name), strict=True):
        close(layer(part), want)
    layer.reset_states()
    close(layer(PARTS[0]), wanted(name)[0])
    layer.reset_state()
    close(layer(PARTS[0]), wanted(name)[0])


HOW: dict[str, Callable[[Any, Any], Any]] = {
    "predict": lambda model, x: model.predict(x),
    "call": lambda model, x: model(x),
    "predict_on_batch": lambda model, x: model.predict_on_batch(x),
    "compiled": lambda model, x: model.compile_forward()(x),
}


@EACH
@pytest.mark.parametrize("how", list(HOW))
def test_inference_carries_the_state(backend_name: str, name: str, how: str) -> None:
    """Each way to compute a batch, and all of them one after the other."""
    model = model_of(name, backend_name)
    for part, want in zip(PARTS, wanted(name), strict=True):
        close(HOW[how](model, part), want)
    model.reset_states()
    mixed = [*HOW, how]
    for part, want, other in zip(PARTS, wanted(name), mixed, strict=False):
        close(HOW[other](model, part), want)


@EACH
def test_batches_of_predict_follow_each_other(backend_name: str, name: str) -> None:
    """The second batch goes on from the state of the first, sample by sample."""
    model = model_of(name, backend_name)
    close(model.predict(np.concatenate(PARTS)), np.concatenate(wanted(name)))


@EACH
def test_evaluation_carries_the_state(backend_name: str, name: str) -> None:
    """The loss of three batches against the outputs of the whole sequence is zero."""
    model, want = model_of(name, backend_name), wanted(name)
    found = model.evaluate(np.concatenate(PARTS), np.concatenate(want), verbose=0)
    assert found == pytest.approx(0, abs=1e-10)
    assert model.test_on_batch(PARTS[0], want[0]) > 1e-3  # it went on, and this is the first part


@EACH
@pytest.mark.parametrize("trainable", [True, False])
def test_training_carries_the_state(backend_name: str, name: str, trainable: bool) -> None:
    """Batches of `fit` in order, at a learning rate of zero; a frozen layer goes on too."""
    layer = layer_of(name, batch_input_shape=(BATCH, STEPS, FEATURES), trainable=trainable)
    model = Sequential([layer, layers.Dense(UNITS, weights=[np.eye(UNITS), np.zeros(UNITS)])])
    model = model.to(backend_name)
    model.compile(convdispatch.optimizers.SGD(0.0), "mse")
    x, y = np.concatenate(PARTS), np.concatenate(wanted(name))
    history = model.fit(x, y, epochs=1, shuffle=False, verbose=0)
    assert history.history["loss"][0] == pytest.approx(0, abs=1e-10)
    model.reset_states()
    losses = [model.train_on_batch(*pair) for pair in zip(PARTS, wanted(name), strict=True)]
    assert losses == pytest.approx([0] * 3, abs=1e-10)
    close(model.layers[0].variables[-1], steps_of(name, layer.get_weights(), X)[1][-1])


def test_a_step_of_training_changes_the_weights_and_the_state(backend_name: str) -> None:
    """The gradient is that of the batch: a state is a constant to it."""
    model = model_of("SimpleRNN", backend_name)
    twin = Sequential([layer_of("SimpleRNN", stateful=False)], backend=backend_name)
    twin.compile("sgd", "mse")
    y = np.zeros((BATCH, STEPS, UNITS), "float32")
    assert model.train_on_batch(PARTS[0], y) == pytest.approx(twin.train_on_batch(PARTS[0], y))
    for one, other in zip(model.get_weights(), twin.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-6, atol=1e-7)
    assert model.train_on_batch(PARTS[1], y) != pytest.approx(twin.train_on_batch(PARTS[1], y))


@EACH
def test_states_are_set_by_arrays(backend_name: str, name: str) -> None:
    """`reset_states(states)` begins the next call with them."""
    layer, weights = layer_of(name, backend=backend_name), drawn_weights(name, FEATURES, UNITS)
    layer.build((BATCH, STEPS, FEATURES))
    begun = list(np.random.default_rng(5).normal(size=(STATES[name], BATCH, UNITS)))
    layer.reset_states(begun)
    close(layer(PARTS[0]), steps_of(name, weights, PARTS[0], begun)[0])
    with pytest.raises(InvalidArgument, match=f"must be {STATES[name]} arrays of shapes"):
        layer.reset_states([*begun, begun[0]])
    with pytest.raises(
        InvalidShape, match=r"must have the shapes .*\(2, 4\).* received .*\(1, 4\)"
    ):
        layer.reset_states([one[:1] for one in begun])


@EACH
def test_a_state_is_none_of_the_weights(backend_name: str, name: str, tmp_path: Path) -> None:
    """Nor does a file have it, nor a trainer; copies and pickles do."""
    model = model_of(name, backend_name)
    plain = Sequential([layer_of(name, stateful=False)], backend=backend_name)
    plain.build((BATCH, STEPS, FEATURES))
    shapes = [one.shape for one in plain.get_weights()]
    model.predict(PARTS[0])
    for one in (model, model.layers[0]):
        assert [array.shape for array in one.get_weights()] == shapes
        assert len(one.weights) == len(one.trainable_weights) == len(shapes)
        assert one.non_trainable_weights == []
        assert one.count_params() == plain.count_params()
    model.save_weights(tmp_path / "weights.npz")
    with np.load(tmp_path / "weights.npz") as saved:
        assert len(saved.files) == len(shapes)
    copies = [model.to("numpy"), pickle.loads(pickle.dumps(model)), copy.deepcopy(model)]
    model.load_weights(tmp_path / "weights.npz")
    model.set_weights(plain.get_weights())
    for one in (*copies, model):
        close(one.predict(PARTS[1]), wanted(name)[1])


@EACH
def test_pure_functions_return_the_state(backend_name: str, name: str) -> None:
    """`functional().inference` has it as an effect; `forward` computes with the state it gets."""
    model = model_of(name, backend_name)
    pure = model.functional()
    values = dict(zip(pure.weights, model.variables, strict=True))
    states = [path for path, weight in pure.weights.items() if weight.is_state]
    assert len(states) == STATES[name]
    for part, want in zip(PARTS, wanted(name), strict=True):
        native = registry.load(backend_name).asarray(part, "float32")
        close(pure.forward(values, native), want)
        outputs, effects = pure.inference(values, native)
        close(outputs, want)
        assert sorted(effects.updates) == sorted(states)
        values |= effects.updates
    close(model.predict(PARTS[0]), wanted(name)[0])  # nothing was assigned


def test_a_model_of_a_graph_carries_the_state_of_a_layer_called_twice(backend_name: str) -> None:
    """The second call goes on from the first."""
    with convdispatch.use_backend(backend_name):
        x = layers.Input(batch_shape=(BATCH, STEPS, FEATURES))
        layer = layer_of("LSTM")
        model = Model(x, [layer(x), layer(x)])
    twice = np.concatenate([PARTS[0], PARTS[0], PARTS[1], PARTS[1]], axis=1)
    want = steps_of("LSTM", drawn_weights("LSTM", FEATURES, UNITS), twice)[0]
    found = [*model.predict(PARTS[0]), *model(PARTS[1])]
    close(np.concatenate([convdispatch.to_numpy(one) for one in found], axis=1), want)


def test_both_ways_keep_a_state(backend_name: str) -> None:
    """Each way of `Bidirectional` goes on from its own."""
    pairs = [drawn_weights("LSTM", FEATURES, UNITS, seed) for seed in (1, 2)]
    layer = layers.Bidirectional(
        layers.LSTM(UNITS, return_sequences=True, stateful=True),
        weights=[*pairs[0], *pairs[1]],
        backend=backend_name,
    )
    state: list[Any] = [None, None]
    for part in PARTS:
        forward, state[0] = steps_of("LSTM", pairs[0], part, state[0])
        back, state[1] = steps_of("LSTM", pairs[1], part[:, ::-1], state[1])
        close(layer(part), np.concatenate([forward, back[:, ::-1]], axis=-1))
    layer.reset_states()
    close(layer(PARTS[0])[..., :UNITS], wanted("LSTM")[0])
    assert len(layer.get_weights()) == 6


@pytest.mark.parametrize("door", [keras1, keras2], ids=["keras1", "keras2"])
def test_old_kerases_words(door: Any) -> None:
    """`stateful` with `batch_input_shape`, and `reset_states` of a model."""
    model = door.models.Sequential()
    model.add(door.layers.LSTM(UNITS, batch_input_shape=(BATCH, STEPS, FEATURES), stateful=True))
    first, second = (model.predict(PARTS[0], batch_size=BATCH) for _ in range(2))
    assert np.abs(first - second).max() > 1e-3
    model.reset_states()
    np.testing.assert_array_equal(model.predict(PARTS[0], batch_size=BATCH), first)
    assert model.stateful
    assert model.layers[0].get_config()["stateful"]


def test_documents_of_stacked_layers(backend_name: str) -> None:
    """Keras 2's: each layer knows the size of its batches, in a stack and in a graph."""
    with convdispatch.use_backend(backend_name):
        first = keras2.layers.LSTM(3, stateful=True, return_sequences=True)
        both = keras2.layers.LSTM(2, stateful=True, return_sequences=True)
        end = keras2.layers.LSTM(2, stateful=True)
        x = keras2.layers.Input(batch_shape=(BATCH, STEPS, FEATURES))
        graph = keras2.models.Model(x, end(keras2.layers.Bidirectional(both)(first(x))))
        start = keras2.layers.GRU(
            3, stateful=True, return_sequences=True, batch_input_shape=(BATCH, STEPS, FEATURES)
        )
        stack = keras2.models.Sequential([start, keras2.layers.GRU(2, stateful=True)])
        for model in (graph, stack):
            read = keras2.models.model_from_json(model.to_json())
            read.set_weights(model.get_weights())
            for part in PARTS[:2]:
                close(read.predict(part), model.predict(part))


def test_what_does_not_fit_is_refused(backend_name: str) -> None:
    """Without the size of the batches, or with batches of another size, before anything runs."""
    with pytest.raises(InvalidShape, match=r"`batch_input_shape=.batch, steps, features.`"):
        Sequential([layer_of("GRU", input_shape=(STEPS, FEATURES))])
    model = model_of("GRU", backend_name)
    x, y = np.concatenate([X[:, :STEPS], X[:1, :STEPS]]), np.zeros((3, STEPS, UNITS), "float32")
    says = "must have a number of samples that the batch size of a stateful layer, 2, divides"
    for compute in (
        lambda: model.predict(x),
        lambda: model.fit(x, y, verbose=0),
        lambda: model.evaluate(x, y, verbose=0),
        lambda: model.fit(x[:2], y[:2], validation_data=(x, y), verbose=0),
        lambda: model.fit(x[:2], y[:2], validation_split=0.5, verbose=0),
    ):
        with pytest.raises(InvalidShape, match=says):
            compute()
    with pytest.raises(InvalidShape, match=r"`batch_size` must be 2, .*received 32"):
        model.predict(x, batch_size=32)
    with pytest.raises(InvalidShape, match=r"a batch must have 2 samples, .*received 3"):
        model.train_on_batch(x, y)
    with pytest.raises(InvalidShape, match="keeps a state for 2 samples; received a batch of 3"):
        model(x)
    close(model.predict(PARTS[0]), wanted("GRU")[0])  # nothing has moved
    with pytest.raises(InvalidArgument, match=r"keeps no state .*`stateful=True`"):
        layers.GRU(2).reset_states()
    with pytest.raises(InvalidArgument, match="cannot be stateful"):
        layers.TimeDistributed(layers.GRU(2, stateful=True)).build((2, 3, 3, 3))


def test_gradients_and_summaries_are_those_of_the_weights() -> None:
    """A state is none of them; gradients compute with it and leave it as it is."""
    pytest.importorskip("autograd")
    models = [model_of("LSTM", "numpy"), Sequential([layer_of("LSTM", stateful=False)])]
    models[1].build((BATCH, STEPS, FEATURES))
    found = [convdispatch.gradients(model, PARTS[0]) for model in models]
    for one, other in zip(found[0].weights, found[1].weights, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-6)
    close(models[0].predict(PARTS[0]), wanted("LSTM")[0])
    pages: list[list[str]] = [[], []]
    for model, page in zip(models, pages, strict=True):
        model.summary(page.append)
    assert [line for line in pages[0] if "params" in line] == [
        line for line in pages[1] if "params" in line
    ]


def test_a_wrapped_model_carries_the_state_in_training() -> None:
    """PyTorch: the state is a buffer, which inference leaves as it is."""
    torch = pytest.importorskip("torch")
    module = wrap(model_of("GRU", "torch"))
    assert [name.rpartition(".")[2] for name, _ in module.named_buffers()] == ["state_h"]
    parts = [torch.from_numpy(part.copy()) for part in PARTS]
    close(module.eval()(parts[0]), wanted("GRU")[0])
    module.train()
    close(module(parts[0]), wanted("GRU")[0])
    second = module(parts[1])
    close(second, wanted("GRU")[1])
    second.sum().backward()
    assert all(one.grad is not None for one in module.parameters())


def test_a_traced_call_cannot_carry_the_state() -> None:
    """JAX and TensorFlow: one sentence says what can."""
    jax = pytest.importorskip("jax")
    layer = layer_of("LSTM", backend="jax")
    layer.build((BATCH, STEPS, FEATURES))
    with pytest.raises(InvalidArgument, match=r"`functional\(\).inference`"):
        jax.jit(layer)(jax.numpy.asarray(PARTS[0]))
    close(layer(PARTS[0]), wanted("LSTM")[0])
