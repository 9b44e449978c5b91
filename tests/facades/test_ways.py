"""`forward_layer` and `backward_layer` of a façade's `Bidirectional`, as scripts use them."""

from __future__ import annotations

import numpy as np

from convdispatch.keras2 import backend as K
from convdispatch.keras2.layers import LSTM, Bidirectional, Input, SimpleRNN
from convdispatch.keras2.models import Model


def test_each_way_computes_its_half(backend_name: str) -> None:
    """The concatenated output is that of the way forwards beside the reversed one of the other."""
    x = Input((3, 2))
    layer = Bidirectional(SimpleRNN(2, return_sequences=True), backend=backend_name)
    both, forward = layer(x), layer.forward_layer.call(x)
    back = K.reverse(layer.backward_layer.call(x), 1)
    read = K.function([x], [both, forward, back])
    whole, one, other = read([np.arange(6.0).reshape(1, 3, 2) / 10])
    assert np.allclose(whole, np.concatenate([one, other], -1), atol=1e-6)
    assert not np.allclose(one, other)


def test_the_weights_of_a_way_are_those_of_the_wrapper() -> None:
    """Setting the weights of a way sets its half of the wrapper's, and nothing else."""
    layer = Bidirectional(SimpleRNN(2), input_shape=(3, 2), backend="numpy")
    layer.build((None, 3, 2))
    before = layer.get_weights()
    assert len(layer.forward_layer.get_weights()) == len(before) // 2
    layer.backward_layer.set_weights([np.full_like(one, 7.0) for one in before[3:]])
    after = layer.get_weights()
    assert all(np.array_equal(a, b) for a, b in zip(after[:3], before[:3], strict=True))
    assert all((one == 7.0).all() for one in after[3:])
    K.set_value(layer.forward_layer.weights[2], np.array([1.0, 2.0]))
    assert layer.get_weights()[2].tolist() == [1.0, 2.0]


def test_losses_and_updates_of_the_ways_are_those_of_the_wrapper() -> None:
    """What a script adds to a way stands among the wrapper's, by the inputs it depends on."""
    x = Input((3, 2))
    layer = Bidirectional(LSTM(3, kernel_regularizer="l1"), backend="numpy")
    layer(x)
    assert (len(layer.losses), len(layer.updates)) == (2, 0)
    for way in (layer.forward_layer, layer.backward_layer):
        way.add_loss(0, inputs=x)
        way.add_loss(1)
        way.add_update(0, inputs=x)
        way.add_update(1)
    assert (len(layer.losses), len(layer.updates)) == (6, 4)
    assert (len(layer.get_losses_for(None)), len(layer.get_losses_for(x))) == (4, 2)
    assert (len(layer.get_updates_for(None)), len(layer.get_updates_for(x))) == (2, 2)


def test_a_model_of_ways_has_a_configuration() -> None:
    """Asking for the ways changes neither the configuration nor the weights' names."""
    x = Input((3, 2))
    layer = Bidirectional(SimpleRNN(2, name="rnn"), name="both", backend="numpy")
    model = Model(x, layer(x))
    config = model.get_config()
    assert layer.forward_layer.name == "forward_rnn"
    assert [one.name for one in layer.weights][3] == "backward_rnn/kernel:0"
    assert model.get_config() == config
