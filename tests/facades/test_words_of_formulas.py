"""What scripts ask the modules of formulas for: `deserialize`, fans, arrays as first values."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from convdispatch import keras1, keras2
from convdispatch.keras2 import backend as K
from convdispatch.keras2.layers import Dense, Input, Lambda, Layer
from convdispatch.keras2.models import Model, Sequential

KINDS = ("activations", "constraints", "initializers", "regularizers", "losses", "metrics")


def _own(*arguments: Any) -> Any:
    return arguments


@pytest.mark.parametrize("kind", KINDS)
def test_deserialize_knows_names_of_the_script(kind: str) -> None:
    """`deserialize(name, custom_objects)` gives the script's own function."""
    module = getattr(keras2, kind)
    assert module.deserialize("own", custom_objects={"own": _own}) is _own
    with pytest.raises(ValueError, match="own"):
        module.deserialize("own")


@pytest.mark.parametrize("kind", KINDS)
def test_something_else_is_a_value_error_and_a_type_error(kind: str) -> None:
    """Keras raises a `ValueError` for what is no name, and `TypeError` stays right."""
    for expected in (ValueError, TypeError):
        with pytest.raises(expected, match="cannot interpret 5"):
            getattr(keras2, kind).get(5)


def test_an_optimizer_is_restored_and_its_name_gets_small_letters() -> None:
    """As in Keras 2.2.4, `deserialize` writes the name that it looked up into the configuration."""
    config = keras2.optimizers.serialize(keras2.optimizers.Adam(lr=0.5))
    found = keras2.optimizers.deserialize(config)
    assert (config["class_name"], K.get_value(found.lr)) == ("adam", 0.5)


def test_fans_of_each_keras() -> None:
    """Initializers of a script's own ask for the fans of a shape."""
    assert keras2.initializers._compute_fans((3, 3, 4, 5)) == (36, 45)
    assert keras2.initializers._compute_fans((5, 4, 3, 3), "channels_first") == (36, 45)
    assert keras1.initializations.get_fans((5, 4, 3, 3)) == (36, 45)
    assert keras1.initializations.get_fans((3, 3, 4, 5), dim_ordering="tf") == (36, 45)


def test_constant_takes_an_array() -> None:
    """A pretrained embedding begins with an array, and its configuration has it."""
    table = np.arange(6.0).reshape(3, 2)
    layer = keras2.layers.Embedding(
        3, 2, embeddings_initializer=keras2.initializers.Constant(table), input_length=2
    )
    model = Sequential([layer], backend="numpy")
    assert model.predict(np.array([[2, 0]])).tolist() == [[[4.0, 5.0], [0.0, 1.0]]]
    again = type(layer).from_config(layer.get_config())
    again.build((None, 2))
    assert np.array_equal(again.get_weights()[0], table)
    with pytest.raises(ValueError, match=r"shape \(3, 2\) for a weight of shape \(4, 4\)"):
        keras2.initializers.Constant(table)((4, 4))


def test_keras1_hands_arguments_on() -> None:
    """`initializations.get` takes `dim_ordering`, `regularizers.get` the arguments of a class."""
    assert keras1.initializations.get("zero", dim_ordering="th")((2,)).tolist() == [0.0, 0.0]
    assert keras1.regularizers.get("l1l2", {"l1": 0.5}).get_config()["l1"] == 0.5
    assert keras1.constraints.get("maxnorm", {"m": 3}).get_config()["m"] == 3


def test_a_layer_as_an_activation_warns() -> None:
    """Keras 2 takes the layer, and says that it belongs behind."""
    layer = Dense(2)
    with pytest.warns(UserWarning, match="is given as an activation"):
        assert keras2.activations.get(layer) is layer


def test_linear_gives_back_what_it_gets() -> None:
    """The identity asks for no tensor."""
    assert [keras2.activations.linear(one) for one in (1, True, None)] == [1, True, None]


def test_accuracies_of_symbols_compare_numbers() -> None:
    """A metric of variables counts the same hits as one of arrays."""
    true, guessed = np.eye(3), np.array([[0.9, 0, 0], [0.9, 0, 0], [0, 0, 0.9]])
    t, p = K.variable(true), K.variable(guessed)
    metrics = keras2.metrics
    assert K.eval(metrics.categorical_accuracy(t, p)).tolist() == [1.0, 0.0, 1.0]
    assert K.eval(metrics.binary_accuracy(t, p)).tolist() == pytest.approx([1.0, 1 / 3, 1.0])
    classes = K.variable(np.arange(3.0))
    assert K.eval(metrics.sparse_categorical_accuracy(classes, p)).tolist() == [1.0, 0.0, 1.0]


def test_a_number_is_a_loss_of_a_model() -> None:
    """`model.add_loss(2)` adds 2 to what is reported, and stands among the losses."""
    x = Input((1,))
    model = Model(x, Lambda(lambda x: x * 1.0)(x))
    model.add_loss(2)
    model.add_loss(K.mean(model.output))
    assert len(model.losses) == 2
    model.compile("sgd", loss=None)
    assert model.evaluate(np.full((4, 1), 3.0), verbose=0) == 5.0


def test_the_losses_of_layers_are_enough() -> None:
    """A model with a layer that calls `add_loss` is compiled with `loss=None`, as autoencoders."""

    class Distance(Layer):
        """Adds the distance of its inputs."""

        def call(self, xs: Any) -> Any:
            """Return the first."""
            self.add_loss(K.mean(K.square(xs[0] - xs[1])), inputs=xs)
            return xs[0]

    x = Input((2,))
    model = Model(x, Distance()([x, Lambda(lambda x: x * 0.0)(x)]))
    model.compile("sgd", loss=None)
    assert model.evaluate(np.full((4, 2), 3.0), verbose=0) == 9.0


def test_a_layer_is_found_from_the_end() -> None:
    """`get_layer(index=-1)` is the last layer."""
    model = Sequential([Dense(2, input_dim=1, name="first"), Dense(3, name="last")])
    assert model.get_layer(index=-1).name == "last"
    with pytest.raises(ValueError, match="at index -3"):
        model.get_layer(index=-3)
