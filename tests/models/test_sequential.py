"""A stack of layers: what it holds, what it computes and where."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from small_models import outputs, two_layers

from convdispatch import keras1, layers
from convdispatch.errors import InvalidArgument, InvalidShape, InvalidType
from convdispatch.models import Sequential
from convdispatch.registry import registry

# The stack.


def test_layers_come_back_in_their_order(backend_name: str) -> None:
    """`layers`, iteration and length speak of the layers as they were added."""
    model = two_layers(backend=backend_name)
    assert [layer.name for layer in model.layers] == ["first", "second"]
    assert list(model) == model.layers
    assert len(model) == 2


def test_the_list_of_layers_is_a_copy() -> None:
    """Changing the list does not change the model."""
    model = two_layers()
    model.layers.clear()
    assert len(model) == 2


def test_shapes_are_known_once_the_first_layer_states_its_own(backend_name: str) -> None:
    """Without any data the model and each layer know what goes in and comes out."""
    model = two_layers(backend=backend_name)
    assert model.built
    assert model.input_shape == (None, 8, 8, 2)
    assert model.output_shape == (None, 3, 3, 4)
    assert [layer.input_shape for layer in model.layers] == [(None, 8, 8, 2), (None, 6, 6, 3)]
    assert [layer.output_shape for layer in model.layers] == [(None, 6, 6, 3), (None, 3, 3, 4)]


def test_a_model_without_input_shape_is_built_by_its_first_call(backend_name: str) -> None:
    """The first data settles all shapes but the batch."""
    model = Sequential([layers.Conv2D(3, 3), layers.UpSampling2D(2)], backend=backend_name)
    assert not model.built
    assert outputs(model).shape == (5, 12, 12, 3)
    assert model.input_shape == (None, 8, 8, 2)
    assert model.output_shape == (None, 12, 12, 3)


def test_build_settles_the_shapes() -> None:
    """`build` does without data, and leaves unknown what is unknown."""
    model = Sequential([layers.Conv2D(3, 3), layers.ZeroPadding2D(1)])
    model.build((None, None, 8, 2))
    assert model.output_shape == (None, None, 8, 3)
    assert model.compute_output_shape((7, 9, 8, 2)) == (7, 9, 8, 3)


def test_pop_takes_the_top_layer_off(backend_name: str) -> None:
    """The remaining model computes up to that layer."""
    model = two_layers(backend=backend_name)
    top = model.layers[-1]
    assert model.pop() is top
    assert model.output_shape == (None, 6, 6, 3)
    assert outputs(model).shape == (5, 6, 6, 3)
    model.add(layers.Cropping2D(1))
    assert model.output_shape == (None, 4, 4, 3)


def test_a_deep_model_asks_each_layer_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Adding the layers one by one takes time in proportion to their number."""
    compute = layers.Conv1D.compute_output_shape
    asked: list[int] = []

    def counted(self: layers.Conv1D, shape: Any) -> Any:
        asked.append(1)
        return compute(self, shape)

    monkeypatch.setattr(layers.Conv1D, "compute_output_shape", counted)
    added = [layers.Conv1D(1, 1, input_shape=(3, 1)), *(layers.Conv1D(1, 1) for _ in range(99))]
    model = Sequential(added, backend="numpy")
    assert len(asked) <= 5 * len(model)


def test_a_layer_is_added_for_the_shape_of_now() -> None:
    """After a change of a layer, after a pop, after another build."""
    model = Sequential([layers.UpSampling1D(2, input_shape=(4, 1))], backend="numpy")
    model.add(layers.UpSampling1D(2))
    model.layers[0].size = 3  # type: ignore[attr-defined] # of an UpSampling1D
    model.add(layers.Cropping1D(1))
    assert model.layers[-1].input_shape == (None, 24, 1)
    model.pop()
    model.pop()
    model.build((None, 5, 1))
    model.add(layers.Cropping1D(1))
    assert model.layers[-1].input_shape == (None, 15, 1)


def test_pop_of_an_empty_model_is_refused() -> None:
    """There is nothing to take off."""
    with pytest.raises(InvalidArgument, match="no layer to take off"):
        Sequential().pop()


REFUSED = {
    "too-few-axes": (lambda: layers.Conv1D(2, 3), InvalidShape, "takes inputs with 3 axes"),
    "kernel-too-large": (lambda: layers.Conv2D(2, 4), InvalidShape, "reaches over 4 cells"),
    "name-taken": (lambda: layers.ZeroPadding2D(name="first"), InvalidArgument, "already has a"),
    "no-layer": (lambda: np.tanh, InvalidType, "must be a convdispatch layer; received ufunc"),
    "weights-do-not-fit": (
        lambda: layers.Conv2D(2, 1, weights=[np.zeros(3)]),
        InvalidArgument,
        "must be 2 arrays",
    ),
}


@pytest.mark.parametrize(("make", "error", "message"), REFUSED.values(), ids=REFUSED)
def test_a_refused_layer_leaves_the_model_as_it_was(
    backend_name: str, make: Any, error: type[Exception], message: str
) -> None:
    """After the error the model has its layers, its backend and its answers."""
    model = two_layers(backend=backend_name)
    before, expected = model.layers, outputs(model)
    with pytest.raises(error, match=message):
        model.add(make())
    assert model.layers == before
    assert model.backend == backend_name
    np.testing.assert_array_equal(outputs(model), expected)


def test_a_refused_layer_stays_free() -> None:
    """A layer that one model could not take can be added to a model on another backend."""
    layer = layers.Conv2D(2, 9)
    with pytest.raises(InvalidShape, match="reaches over 9 cells"):
        Sequential([layers.ZeroPadding2D(0, input_shape=(8, 8, 2))], backend="numpy").add(layer)
    assert not layer.built
    assert not layer.has_own_backend


def test_a_refused_first_layer_does_not_choose_the_backend(all_backends: tuple[str, ...]) -> None:
    """A model made on the current backend stays there when its first layer is refused."""
    model = Sequential()
    refused = layers.Conv2D(2, 9, input_shape=(8, 8, 2), backend=all_backends[-1])
    with pytest.raises(InvalidShape, match="reaches over 9 cells"):
        model.add(refused)
    assert model.backend == "numpy"


def test_the_same_layer_twice_is_refused() -> None:
    """One layer has one place in a stack."""
    layer = layers.ZeroPadding2D(1)
    with pytest.raises(InvalidArgument, match="already holds this very layer"):
        Sequential([layer, layer])


def test_layers_must_come_in_a_list() -> None:
    """A single layer is not a list of layers."""
    with pytest.raises(InvalidType, match="must be a list of layers; received Conv2D"):
        Sequential(layers.Conv2D(2, 3))  # type: ignore[arg-type]  # what is refused


# Weights.


def test_weights_are_read_and_written_layer_by_layer(backend_name: str) -> None:
    """`set_weights` takes what `get_weights` gives: kernel and bias of each layer in turn."""
    model = two_layers(backend=backend_name)
    assert [w.shape for w in model.get_weights()] == [(3, 3, 2, 3), (3,), (2, 2, 3, 4), (4,)]
    given = [np.full(w.shape, i, "float32") for i, w in enumerate(model.get_weights())]
    model.set_weights(given)
    assert [np.unique(w).tolist() for w in model.get_weights()] == [[0], [1], [2], [3]]
    model.set_weights([weight.tolist() for weight in given[::-1][::-1]])
    assert [np.unique(w).tolist() for w in model.get_weights()] == [[0], [1], [2], [3]]


def test_parameters_are_counted(backend_name: str) -> None:
    """3 x 3 x 2 x 3 + 3 and 2 x 2 x 3 x 4 + 4."""
    model = two_layers(backend=backend_name)
    assert model.count_params() == 57 + 52
    assert [layer.count_params() for layer in model.layers] == [57, 52]


def test_trainable_says_which_weights_a_trainer_may_change(backend_name: str) -> None:
    """The flag is a layer's and may be changed later."""
    model = two_layers(backend=backend_name)
    assert [len(model.trainable_weights), len(model.non_trainable_weights)] == [2, 2]
    model.layers[1].trainable = True
    assert [len(model.trainable_weights), len(model.non_trainable_weights)] == [4, 0]
    assert len(model.variables) == 4


def test_losses_are_those_of_weights_and_of_the_last_output(backend_name: str) -> None:
    """l1 sum |w| + l2 sum w^2 of the kernel, l1 sum |y| of the output, summed over the batch."""
    layer = layers.Conv1D(
        1,
        1,
        use_bias=False,
        weights=[np.array([[[-3.0]]])],
        kernel_regularizer={"class_name": "L1L2", "config": {"l1": 0.5, "l2": 0.25}},
        activity_regularizer={"class_name": "L1", "config": {"l1": 2.0}},
        input_shape=(2, 1),
    )
    model = Sequential([layer], backend=backend_name)
    to_numpy = registry.load(backend_name).to_numpy
    assert [to_numpy(loss) for loss in model.losses] == [0.5 * 3 + 0.25 * 9]
    model(np.array([[[1.0], [2.0]], [[3.0], [-4.0]]], "float32"))
    # In Keras 3 the last one would be divided by the batch size.
    assert [to_numpy(loss) for loss in model.losses] == [3.75, 2 * 3 * 10]


def test_constraints_project_the_weights(backend_name: str) -> None:
    """`apply_constraints` leaves a kernel without negative numbers and other weights alone."""
    kernel = np.array([[[-1.0, 2.0]]])
    constrained = layers.Conv1D(
        2, 1, kernel_constraint="nonneg", weights=[kernel, np.array([-1.0, 1.0])]
    )
    model = Sequential([constrained], backend=backend_name)
    model.build((None, 4, 1))
    model.apply_constraints()
    assert [weight.ravel().tolist() for weight in model.get_weights()] == [[0, 2], [-1, 1]]


# Words.


SUMMARY = """\
Model: model
Layer (type)     Output shape     Params
----------------------------------------
first (Conv2D)   (None, 6, 6, 3)      57
second (Conv2D)  (None, 3, 3, 4)      52
----------------------------------------
Total params: 109
Trainable params: 57
Non-trainable params: 52
"""


def test_the_summary_lists_layers_shapes_and_parameters(
    backend_name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """It goes to stdout, a row a layer."""
    two_layers(backend=backend_name).summary()
    assert capsys.readouterr().out == SUMMARY


def test_the_summary_goes_where_the_caller_wants(capsys: pytest.CaptureFixture[str]) -> None:
    """`print_fn` is called once a line."""
    lines: list[str] = []
    two_layers().summary(print_fn=lines.append)
    assert "\n".join([*lines, ""]) == SUMMARY
    assert capsys.readouterr().out == ""


def test_a_model_says_what_it_is(backend_name: str) -> None:
    """Its representation names it, its backend and its layers."""
    model = two_layers(backend=backend_name)
    assert repr(model) == f"<Sequential 'model' on '{backend_name}': first, second>"


def test_keras_1_layers_make_models_too(backend_name: str) -> None:
    """A stack may mix the vocabularies."""
    model = Sequential(backend=backend_name)
    model.add(keras1.layers.Convolution2D(3, 3, 3, input_shape=(8, 8, 2)))
    model.add(layers.UpSampling2D(2))
    assert outputs(model).shape == (5, 12, 12, 3)
