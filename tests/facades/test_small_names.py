"""Small names of old Kerases that scripts import: they are there, and do what they did."""

from __future__ import annotations

import http.server
import json
import threading
import urllib.parse
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import convdispatch
from convdispatch import keras1, keras2
from convdispatch.errors import InvalidArgument
from convdispatch.keras1.layers.recurrent import time_distributed_dense
from convdispatch.keras1.utils import generic_utils, np_utils
from convdispatch.keras2 import backend as K
from convdispatch.keras2.layers import convolutional
from convdispatch.keras2.utils import layer_utils, multi_gpu_utils

X = np.arange(24, dtype="float32").reshape(2, 3, 4) / 10


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("Deconv2D", "Conv2DTranspose"),
        ("Convolution2DTranspose", "Conv2DTranspose"),
        ("Deconv3D", "Conv3DTranspose"),
    ],
)
def test_layers_have_their_other_names(name: str, wanted: str) -> None:
    """In their module, and in `layers`."""
    assert getattr(convolutional, name) is getattr(keras2.layers, wanted)


def test_dilated_convolutions_have_their_short_name() -> None:
    """They warn as Keras 2 did."""
    with pytest.warns(UserWarning, match="Use instead the `Conv2D` layer with"):
        layer = convolutional.AtrousConv2D(2, (3, 3), atrous_rate=(2, 2))
    assert layer.dilation_rate == (2, 2)


class Prior(keras2.initializers.Initializer):
    """As detectors begin the bias of their classes."""

    def __init__(self, probability: float = 0.01) -> None:
        self.probability = probability

    def get_config(self) -> dict[str, Any]:
        """Return the argument."""
        return {"probability": self.probability}

    def __call__(self, shape: Any, dtype: Any = None) -> Any:
        """Return the logits of the probability."""
        return np.full(shape, -np.log((1 - self.probability) / self.probability), dtype=dtype)


def test_an_initializer_of_a_script_has_a_base_and_a_document() -> None:
    """It is read with `custom_objects`."""
    layer = keras2.layers.Dense(2, input_shape=(3,), bias_initializer=Prior(0.1))
    model = keras2.models.Sequential([layer])
    np.testing.assert_allclose(model.get_weights()[1], np.full(2, -np.log(9)), rtol=1e-6)
    read = keras2.models.model_from_json(model.to_json(), custom_objects={"Prior": Prior})
    np.testing.assert_allclose(read.get_weights()[1], np.full(2, -np.log(9)), rtol=1e-6)


def test_helpers_of_layers_of_scripts(backend_name: str) -> None:
    """A kernel at each step, and a gradient that is clipped."""
    with convdispatch.use_backend(backend_name):
        x, w, b = K.variable(X), K.variable(np.ones((4, 2))), K.variable([0.0, 1.0])
        wanted = X.sum(-1, keepdims=True) + np.array([0.0, 1.0])
        np.testing.assert_allclose(K.eval(time_distributed_dense(x, w, b)), wanted, rtol=1e-6)
        found = K.eval(time_distributed_dense(x, w, b, dropout=0.5, input_dim=4, timesteps=3))
        np.testing.assert_allclose(found, wanted, rtol=1e-6)  # no training
        g = K.variable([3.0, 4.0])
        norm = K.sqrt(K.sum(K.square(g)))
        clipped = K.eval(keras2.optimizers.clip_norm(g, 1.0, norm))
        np.testing.assert_allclose(clipped, [0.6, 0.8], rtol=1e-6)
        kept = K.eval(keras1.optimizers.clip_norm(g, 10.0, norm))
        np.testing.assert_allclose(kept, [3.0, 4.0])


def test_scores_of_keras1() -> None:
    """Of arrays, by hand."""
    assert np_utils.accuracy(np.array([1, 0]), np.array([1, 1])) == 0.5
    assert np_utils.binary_logloss([0.5, 0.5], [0, 1]) == pytest.approx(np.log(2))
    assert np_utils.multiclass_logloss([[0.25, 0.75]], [[0, 1]]) == pytest.approx(np.log(4 / 3))
    assert generic_utils.make_tuple(1, 2) == (1, 2)
    made = keras1.optimizers.optimizer_from_config({"class_name": "SGD", "config": {"lr": 0.5}})
    assert isinstance(made, keras1.optimizers.SGD)


def test_weights_are_counted_once() -> None:
    """As summaries do; and the function for several devices has its module."""
    layer = keras2.layers.Dense(2, input_shape=(3,))
    model = keras2.models.Sequential([layer])
    weights = model.trainable_weights
    assert layer_utils.count_params([*weights, *weights]) == 8
    with pytest.warns(UserWarning, match="changes nothing here"):
        assert multi_gpu_utils.multi_gpu_model(model, gpus=1) is model


@pytest.fixture
def server() -> Iterator[tuple[str, list[Any]]]:
    """Yield the address of a server on this machine, and what it is sent."""
    said: list[Any] = []

    class Noting(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            said.append((self.path, self.headers["Content-Type"], body))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Noting) as made:
        thread = threading.Thread(target=made.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{made.server_port}", said
        made.shutdown()
        thread.join()


@pytest.mark.parametrize("as_json", [False, True])
def test_a_server_is_told_of_epochs(server: tuple[str, list[Any]], as_json: bool) -> None:
    """In a form, or as JSON."""
    root, said = server
    monitor = keras2.callbacks.RemoteMonitor(root=root, send_as_json=as_json)
    monitor.on_epoch_end(3, {"loss": np.float32(0.5)})
    path, kind, body = said[0]
    assert path == "/publish/epoch/end/"
    assert kind.endswith("json" if as_json else "urlencoded")
    found = body if as_json else urllib.parse.parse_qs(body)["data"][0]
    assert json.loads(found) == {"epoch": 3, "loss": 0.5}


def test_a_server_that_is_away_stops_nothing() -> None:
    """It is warned of; another kind of address is refused."""
    with pytest.warns(UserWarning, match="could not reach the server at http://127"):
        keras1.callbacks.RemoteMonitor(root="http://127.0.0.1:9").on_epoch_end(0, {})
    with pytest.raises(InvalidArgument, match="must begin with 'http://'"):
        keras1.callbacks.RemoteMonitor(root="file:///tmp/x")


@pytest.mark.parametrize("given", ["auto", np.array([1.0, 9.0])], ids=["word", "array"])
def test_class_weights_that_no_keras_read_have_no_effect(given: Any) -> None:
    """As in every old Keras, but it is said."""
    pytest.importorskip("autograd", reason="NumPy's gradients need the package autograd")
    model = keras2.models.Sequential([keras2.layers.Dense(2, input_shape=(4,))])
    model.compile(keras2.optimizers.SGD(lr=0.0), "mse")
    x, y = X.reshape(6, 4), np.eye(2)[[0, 1, 0, 1, 0, 1]]
    with pytest.warns(UserWarning, match="has no effect, as in Keras 2.2.4"):
        found = model.fit(x, y, verbose=0, class_weight=given).history["loss"][0]
    assert found == pytest.approx(model.evaluate(x, y, verbose=0), rel=1e-5)
    assert K.dtype(model.optimizer.lr) == "float32"  # as snippets that compute a decayed rate ask
    assert K.dtype(model.optimizer.iterations) == "int64"
