"""Small probes of the habits that the census counts: each does what such a script does."""

from __future__ import annotations

import contextlib
import importlib
import warnings
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from convdispatch import compat

# What no façade can offer: functions of one framework on tensors that another one may compute.
NEVER = {
    "feature: TensorFlow graph functions called directly",
    "feature: Theano graph functions called directly",
    "feature: Lambda with tf",
    "feature: Lambda with theano",
}
X = np.arange(12.0, dtype="float32").reshape(4, 3)
Y = np.eye(2, dtype="float32")[[0, 1, 0, 1]]
Probe = Callable[[str], object]


def offers_habit(api: str, use: str) -> bool:
    """Whether the probe of a habit runs on a façade."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            HABITS[use](api)
    except Exception:  # noqa: BLE001 - whatever stops the probe would stop the script
        return False
    return True


def of(api: str, path: str) -> Any:
    """Return a module of a façade."""
    return importlib.import_module(f"convdispatch.{api}.{path}")


def trained(api: str, **options: Any) -> Any:
    """Return a small model after one epoch, compiled with those options."""
    model = of(api, "models").Sequential([of(api, "layers").Dense(2, input_shape=(3,))])
    callbacks = options.pop("callbacks", None)
    model.compile(**{"loss": "mse", "optimizer": "sgd", **options})
    words = {"keras1": "nb_epoch", "keras2": "epochs"}
    model.fit(X, Y, verbose=0, callbacks=callbacks, **{words[api]: 1})
    return model


def own_loss(api: str) -> None:
    """Use a loss of the script's."""
    K = of(api, "backend")
    trained(api, loss=lambda y_true, y_pred: K.mean(K.square(y_pred - y_true), axis=-1))


def own_metric(api: str) -> None:
    """Use a metric of the script's."""
    K = of(api, "backend")

    def largest(y_true: Any, y_pred: Any) -> Any:
        return K.max(K.abs(y_pred - y_true))

    trained(api, metrics=[largest])


def own_callback(api: str) -> None:
    """Use a callback of the script's."""
    seen = []

    class Own(of(api, "callbacks").Callback):  # type: ignore[misc]  # looked up
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            seen.append(self.model.get_weights())

    trained(api, callbacks=[Own()])
    assert seen


def own_layer(api: str) -> None:
    """Use a layer of the script's, in the style of that Keras."""
    base: Any = of(api, "engine.topology").Layer
    K = of(api, "backend")

    class Own(base):  # type: ignore[misc]  # looked up
        def __init__(self, units: int, **options: Any) -> None:
            self.units = units
            super().__init__(**options)

        def build(self, input_shape: Any) -> None:
            words = {"keras1": "init", "keras2": "initializer"}
            self.W = self.add_weight(
                shape=(input_shape[1], self.units), name="W", trainable=True,
                initializer="uniform",
            ) if words else None  # fmt: skip
            super().build(input_shape)

        def call(self, x: Any, mask: Any = None) -> Any:
            return K.dot(x, self.W)

        def get_output_shape_for(self, input_shape: Any) -> Any:
            return (input_shape[0], self.units)

        compute_output_shape = get_output_shape_for

    model = of(api, "models").Sequential([Own(2, input_shape=(3,))])
    assert model.predict(X).shape == (4, 2)


def layer_of_a_layer(api: str) -> None:
    """Use a subclass of one of Keras's layers, with a `call` of its own."""
    base: Any = of(api, "layers").Dense
    K = of(api, "backend")

    class Own(base):  # type: ignore[misc]  # looked up
        def call(self, x: Any, mask: Any = None) -> Any:
            return K.square(super().call(x))

    model = of(api, "models").Sequential([Own(2, input_shape=(3,))])
    assert (model.predict(X) >= 0).all()


def own_initializer(api: str) -> None:
    """Use a function of a shape that makes the first values."""
    K = of(api, "backend")

    def made(shape: Any, name: Any = None, **_: Any) -> Any:
        return K.variable(np.full(shape, 0.5), name=name)

    words = {"keras1": "init", "keras2": "kernel_initializer"}
    layer = of(api, "layers").Dense(2, input_shape=(3,), **{words[api]: made})
    model = of(api, "models").Sequential([layer])
    assert (model.get_weights()[0] == 0.5).all()


def own_regularizer(api: str) -> None:
    """Use a regularizer of the script's."""
    K = of(api, "backend")

    class Own(of(api, "regularizers").Regularizer):  # type: ignore[misc]  # looked up
        def __call__(self, x: Any) -> Any:
            return K.sum(K.abs(x))

    words = {"keras1": "W_regularizer", "keras2": "kernel_regularizer"}
    layer = of(api, "layers").Dense(2, input_shape=(3,), **{words[api]: Own()})
    model = of(api, "models").Sequential([layer])
    model.compile("sgd", "mse")
    model.train_on_batch(X, Y)


def own_optimizer(api: str) -> None:
    """Use an optimizer of the script's."""
    K = of(api, "backend")

    class Own(of(api, "optimizers").Optimizer):  # type: ignore[misc]  # looked up
        def __init__(self, lr: float = 0.1, **options: Any) -> None:
            super().__init__(**options)
            self.lr = K.variable(lr)

        def get_updates(self, *given: Any, **named: Any) -> Any:
            params = named["params"] if "params" in named else given[-1 if api == "keras2" else 0]
            loss = named["loss"] if "loss" in named else given[0 if api == "keras2" else -1]
            grads = self.get_gradients(loss, params)
            self.updates = [
                K.update(p, p - self.lr * g) for p, g in zip(params, grads, strict=True)
            ]
            return self.updates

    trained(api, optimizer=Own())


def own_sequence(api: str) -> None:
    """Use batches by number."""

    class Own(of(api, "utils").Sequence):  # type: ignore[misc]  # looked up
        def __len__(self) -> int:
            return 2

        def __getitem__(self, place: int) -> Any:
            return X, Y

    trained(api).fit_generator(Own(), steps_per_epoch=2, epochs=1, verbose=0)


def own_model(api: str) -> None:
    """Use a model that is a class of the script's."""
    layers = of(api, "layers")

    class Own(of(api, "models").Model):  # type: ignore[misc]  # looked up
        def __init__(self) -> None:
            x = layers.Input(shape=(3,))
            super().__init__(x, layers.Dense(2)(x))

    assert Own().predict(X).shape == (4, 2)


def loss_weights(api: str) -> None:
    """Use a weight for each loss."""
    trained(api, loss_weights=[0.5])


def own_pictures(api: str) -> None:
    """Use a subclass of the iterator or the generator of pictures."""
    image = of(api, "preprocessing.image")

    class Own(image.Iterator):  # type: ignore[misc]  # looked up
        def next(self) -> Any:
            with self.lock:
                return next(self.index_generator)

    class Generator(image.ImageDataGenerator):  # type: ignore[misc]  # looked up
        pass

    assert Own(4, 2, False, 0).next() is not None
    Generator()


def imagenet(api: str) -> None:
    """Use weights of ImageNet, from a local file; the error names it where it is not."""
    network = of(api, "applications").VGG16
    with contextlib.suppress(FileNotFoundError):
        network(weights="imagenet", include_top=False)


def star_import(api: str) -> None:
    """Use modules that a star import of Keras's brought along."""
    compat.install(api)
    try:
        found: dict[str, Any] = {}
        exec("from keras.callbacks import *", found)
        assert {"np", "warnings", "ModelCheckpoint"} <= found.keys()
        found = {}
        exec("from keras.layers.core import *\nfrom keras.models import *", found)
        assert {"np", "K", "Dense", "optimizers", "Sequential"} <= found.keys()
    finally:
        compat.uninstall()


def settings_of_tensorflow(api: str) -> None:
    """Use `tf.Session(config=tf.ConfigProto(...))`, which only says how TensorFlow uses a GPU."""
    from convdispatch.compat.settings import stand_in

    tf = stand_in()
    of(api, "backend").set_session(tf.Session(config=tf.ConfigProto(allow_soft_placement=True)))


def layers_pop(api: str) -> None:
    """Take the last layer off by `model.layers.pop()`."""
    layers = of(api, "layers")
    x = layers.Input(shape=(3,))
    model = of(api, "models").Model(x, layers.Dense(2, name="b")(layers.Dense(5, name="a")(x)))
    model.layers.pop()
    assert model.layers[-1].name == "a"
    layers.Dense(1)(model.layers[-1].output)


def merged(mode: str) -> Probe:
    """Return the probe of one mode of Keras 1's merge."""

    def merge(api: str) -> None:
        layers = of(api, "layers")
        a, b = layers.Input(shape=(3,)), layers.Input(shape=(3,))
        of(api, "models").Model([a, b], layers.merge([a, b], mode=mode))

    return merge


def symbol(attribute: str) -> Probe:
    """Return the probe of an attribute of a symbolic tensor."""

    def look(api: str) -> None:
        getattr(of(api, "layers").Input(shape=(3,)), attribute)

    return look


def of_layer(attribute: str) -> Probe:
    """Return the probe of an attribute of a layer."""

    def look(api: str) -> None:
        getattr(of(api, "layers").Dense(3, input_shape=(3,)), attribute)

    return look


def of_model(attribute: str) -> Probe:
    """Return the probe of an attribute of a compiled model."""
    return lambda api: getattr(trained(api), attribute)


def full(api: str) -> None:
    """Use the padding 'full', which Theano had."""
    words = {"keras1": "border_mode", "keras2": "padding"}
    of(api, "layers").Convolution1D(2, 3, input_shape=(8, 1), **{words[api]: "full"})


HABITS: Mapping[str, Probe] = {
    ".layers.pop": layers_pop,
    "attribute: inbound_nodes": of_layer("inbound_nodes"),
    "attribute: keras_history": symbol("_keras_history"),
    "attribute: keras_shape": symbol("_keras_shape"),
    "attribute: loss_functions": of_model("loss_functions"),
    "attribute: outbound_nodes": of_layer("outbound_nodes"),
    "attribute: total_loss": of_model("total_loss"),
    "attribute: uses_learning_phase": symbol("_uses_learning_phase"),
    "border_mode 'full'": full,
    "feature: compile loss_weights": loss_weights,
    "feature: custom Sequence": own_sequence,
    "feature: custom callback": own_callback,
    "feature: custom layer (Layer subclass)": own_layer,
    "feature: custom layer (subclass of a layer class)": layer_of_a_layer,
    "feature: custom optimizer": own_optimizer,
    "feature: custom regularizer": own_regularizer,
    "feature: imagenet weights": imagenet,
    "feature: initializer function of the script": own_initializer,
    "feature: loss function of the script": own_loss,
    "feature: metric function of the script": own_metric,
    "feature: module leaked by a star import (np, K, warnings ...)": star_import,
    "feature: subclass of Model": own_model,
    "feature: subclass of preprocessing class": own_pictures,
    "feature: tf.Session / ConfigProto settings": settings_of_tensorflow,
    **{f"merge mode {mode}": merged(mode) for mode in ("sum", "mul", "concat", "ave", "max")},
}
