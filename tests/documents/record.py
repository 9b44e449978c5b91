"""Records documents of real Kerases for the tests: `python tests/documents/record.py [LEGACY]`.

Needs Keras 3 and its JAX backend. LEGACY is a folder with one of models' JSON files for each older
Keras (`keras1_theano`, `keras2_theano`, `tfkeras_tensorflow`); without it those are left as they
are.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

os.environ["KERAS_BACKEND"] = "jax"

import keras
import numpy as np

HERE = Path(__file__).parent
L = keras.layers
OLD = ("keras1_theano", "keras2_theano", "tfkeras_tensorflow")
OURS = (
    *("Conv", "Crop", "Pad", "UpSampling", "Deconv", "Pool", "Dense", "Flatten", "Activation"),
    *("ReLU", "ELU", "Reshape", "Permute", "RepeatVector", "Noise", "Dropout", "Softmax"),
)


def every_layer() -> list[Any]:
    """Return a plain and a full layer of each class that convdispatch has."""
    full = {
        "activation": "tanh",
        "bias_initializer": "ones",
        "bias_regularizer": keras.regularizers.L1L2(0.1, 0.2),
        "activity_regularizer": "l2",
        "bias_constraint": keras.constraints.MinMaxNorm(0.1, 2.0),
        "padding": "same",
        "use_bias": True,
        "trainable": False,
    }
    kernel = {
        "kernel_initializer": keras.initializers.VarianceScaling(2.0, "fan_out", "uniform", seed=3),
        "kernel_regularizer": keras.regularizers.L2(0.01),
        "kernel_constraint": keras.constraints.MaxNorm(2, axis=[0]),
    }
    depthwise = {key.replace("kernel", "depthwise"): value for key, value in kernel.items()}
    pointwise = {key.replace("kernel", "pointwise"): value for key, value in kernel.items()}
    layers: list[Any] = []
    for rank in (1, 2, 3):
        layers += [getattr(L, f"Conv{rank}D{kind}")(4, 3) for kind in ("", "Transpose")]
        layers += [
            getattr(L, f"Conv{rank}D")(4, 3, dilation_rate=2, groups=2, **full, **kernel),
            getattr(L, f"Conv{rank}DTranspose")(
                4, 3, strides=2, output_padding=1, **full, **kernel
            ),
            getattr(L, f"Cropping{rank}D")(),
            getattr(L, f"Cropping{rank}D")(2),
            getattr(L, f"UpSampling{rank}D")(),
            getattr(L, f"UpSampling{rank}D")(3),
            getattr(L, f"ZeroPadding{rank}D")(),
            getattr(L, f"ZeroPadding{rank}D")(2),
        ]
        for kind in ("Max", "Average"):
            layers += [
                getattr(L, f"{kind}Pooling{rank}D")(2),
                getattr(L, f"{kind}Pooling{rank}D")(3, strides=1, padding="same"),
                getattr(L, f"Global{kind}Pooling{rank}D")(),
                getattr(L, f"Global{kind}Pooling{rank}D")(keepdims=True),
            ]
    for rank in (1, 2):
        layers += [
            getattr(L, f"DepthwiseConv{rank}D")(3),
            getattr(L, f"SeparableConv{rank}D")(4, 3),
        ]
        layers += [
            getattr(L, f"DepthwiseConv{rank}D")(3, depth_multiplier=2, **full, **depthwise),
            getattr(L, f"SeparableConv{rank}D")(
                4, 3, depth_multiplier=2, **full, **depthwise, **pointwise
            ),
        ]
    layers += [
        L.BatchNormalization(),
        L.BatchNormalization(
            axis=1,
            momentum=0.5,
            epsilon=0.01,
            scale=False,
            beta_initializer="ones",
            beta_regularizer=keras.regularizers.L2(0.01),
            gamma_constraint="non_neg",
        ),
        L.Activation("softmax"),
        L.Dense(4),
        L.Dense(4, **{k: v for k, v in full.items() if k != "padding"}, **kernel),
        L.Flatten(),
        L.Flatten(data_format="channels_first"),
        L.Dropout(0.5),
        L.Dropout(0.25, noise_shape=(None, 1, 4), seed=3),
        L.Embedding(5, 4),
        L.Embedding(
            5,
            4,
            embeddings_initializer="ones",
            embeddings_regularizer=keras.regularizers.L2(0.01),
            embeddings_constraint="non_neg",
            mask_zero=True,
        ),
        L.ActivityRegularization(),
        L.ActivityRegularization(l1=0.5, l2=0.25),
        L.Masking(),
        L.Masking(mask_value=2.5),
        L.SpatialDropout1D(0.5),
        L.SpatialDropout2D(0.5, data_format="channels_first", seed=3),
        L.SpatialDropout3D(0.5),
        L.GaussianDropout(0.25, seed=3),
        L.GaussianNoise(0.25),
        L.AlphaDropout(0.25, noise_shape=(None, 1, 4)),
        L.ELU(0.5),
        L.LeakyReLU(),
        L.LeakyReLU(0.1),
        L.PReLU(),
        L.PReLU("ones", "l2", "non_neg", shared_axes=[1, 2]),
        L.ReLU(),
        L.ReLU(6.0, 0.1, 0.5),
        L.Softmax(axis=1),
        L.Permute((2, 1)),
        L.RepeatVector(3),
        L.Reshape((-1, 2)),
        L.SimpleRNN(3),
        L.SimpleRNN(3, "relu", dropout=0.1, recurrent_dropout=0.2, seed=3, unroll=True),
        L.LSTM(3),
        L.LSTM(3, unit_forget_bias=False, recurrent_regularizer="l2", return_sequences=True),
        L.GRU(3),
        L.GRU(3, reset_after=False, recurrent_constraint="non_neg", go_backwards=True),
        L.ConvLSTM1D(2, 3, padding="same", strides=2),
        L.ConvLSTM2D(2, (2, 3), data_format="channels_first", recurrent_regularizer="l2"),
        L.ConvLSTM2D(2, 3, dropout=0.1, recurrent_dropout=0.2, seed=3, return_sequences=True),
        L.ConvLSTM3D(2, 2, dilation_rate=2, unit_forget_bias=False, go_backwards=True),
        L.Bidirectional(L.LSTM(3), merge_mode="ave"),
        L.TimeDistributed(L.Dense(3)),
    ]
    layers += [L.Conv1D(2, 2, padding="causal"), L.UpSampling2D(2, interpolation="bilinear")]
    layers += [
        L.Conv2D(2, 2, data_format="channels_first", dtype=d) for d in ("float16", "float64")
    ]
    return layers


def words() -> list[Any]:
    """Return a convolution for each name of a function that both have."""
    names = (
        "relu elu selu gelu silu sigmoid hard_sigmoid softplus softsign exponential softmax mish"
    )
    found = [L.Conv1D(1, 1, activation=name) for name in names.split()]
    initializers = keras.initializers
    for initializer in (
        initializers.Constant(0.5),
        initializers.RandomNormal(0.0, 0.1, seed=1),
        initializers.RandomUniform(-0.1, 0.1, seed=keras.random.SeedGenerator(7)),
        initializers.TruncatedNormal(),
        initializers.Orthogonal(),
        initializers.GlorotNormal(),
        initializers.HeNormal(),
        initializers.HeUniform(),
        initializers.LecunNormal(),
        initializers.LecunUniform(),
    ):
        found.append(L.Conv1D(1, 1, kernel_initializer=initializer))
    found.append(L.Conv1D(1, 1, kernel_regularizer="l1", kernel_constraint="non_neg"))
    found.append(L.Conv1D(1, 1, kernel_regularizer="l1l2", kernel_constraint="unit_norm"))
    return found


def every_model() -> dict[str, tuple[Any, tuple[int, ...]]]:
    """Return models of all classes by name, with the shape of an input."""
    inputs = keras.Input((6, 5, 2), name="image")
    first = L.Conv2D(3, 3, padding="same", activation="relu", name="first")(inputs)
    chain = keras.Model(inputs, L.UpSampling2D(2, name="second")(first), name="chain")
    built = keras.Sequential([L.Conv1D(2, 3, padding="causal"), L.Cropping1D(1)], name="built")
    built.build((None, 7, 2))
    return {
        "one_axis": (
            keras.Sequential(
                [
                    keras.Input((9, 2), batch_size=3),
                    L.ZeroPadding1D((1, 2)),
                    L.Conv1D(4, 3, dilation_rate=2, activation="hard_sigmoid"),
                    L.DepthwiseConv1D(2, depth_multiplier=2, activation="gelu"),
                    L.SeparableConv1D(3, 3, padding="same", activation="silu"),
                    L.Conv1DTranspose(2, 3, strides=2, padding="same"),
                    L.UpSampling1D(2),
                    L.Cropping1D((2, 1)),
                ]
            ),
            (3, 9, 2),
        ),
        "two_axes": (
            keras.Sequential(
                [
                    keras.Input((7, 8, 4)),
                    L.ZeroPadding2D(((1, 0), (2, 1))),
                    L.Conv2D(4, (3, 2), strides=2, padding="same", groups=2, activation="elu"),
                    L.DepthwiseConv2D(3, padding="same", activation="softplus"),
                    L.SeparableConv2D(3, 2, depth_multiplier=2, activation="selu"),
                    L.Conv2DTranspose(2, 3, strides=2, output_padding=1, activation="tanh"),
                    L.UpSampling2D((2, 3), interpolation="bilinear"),
                    L.Cropping2D(((1, 0), (0, 2))),
                ]
            ),
            (2, 7, 8, 4),
        ),
        "three_axes": (
            keras.Sequential(
                [
                    keras.Input((2, 4, 5, 3)),
                    L.ZeroPadding3D((1, 0, 1), data_format="channels_first"),
                    L.Conv3D(3, 2, data_format="channels_first", activation="relu"),
                    L.Conv3DTranspose(2, 2, strides=2, data_format="channels_first"),
                    L.UpSampling3D(2, data_format="channels_first"),
                    L.Cropping3D(1, data_format="channels_first"),
                ]
            ),
            (2, 2, 4, 5, 3),
        ),
        "classifier": (
            keras.Sequential(
                [
                    keras.Input((2, 7, 8)),
                    L.MaxPooling2D(2, 1, padding="same", data_format="channels_first"),
                    L.AveragePooling2D((2, 3), padding="same", data_format="channels_first"),
                    L.Flatten(data_format="channels_first"),
                    L.Dense(6, activation="gelu"),
                    L.PReLU("ones"),
                    L.RepeatVector(3),
                    L.Permute((2, 1)),
                    L.LeakyReLU(0.1),
                    L.Reshape((2, -1)),
                    L.ELU(0.5),
                    L.Dense(3, use_bias=False),
                    L.Activation("softmax"),
                ]
            ),
            (2, 2, 7, 8),
        ),
        "recurrent": (
            keras.Sequential(
                [
                    keras.Input((6, 3)),
                    L.Bidirectional(L.LSTM(4, return_sequences=True), merge_mode="sum"),
                    L.GRU(3, return_sequences=True, go_backwards=True),
                    L.Bidirectional(L.GRU(2, return_sequences=True, reset_after=False)),
                    L.TimeDistributed(L.Dense(4, activation="relu")),
                    L.SimpleRNN(3),
                ]
            ),
            (2, 6, 3),
        ),
        "recurrent-images": (
            keras.Sequential(
                [
                    keras.Input((4, 7, 6, 2)),
                    L.ConvLSTM2D(3, (2, 3), strides=(2, 1), return_sequences=True),
                    L.ConvLSTM2D(2, 2, padding="same", return_sequences=True, go_backwards=True),
                    L.Reshape((4, 12, 2)),
                    L.ConvLSTM1D(3, 2, dilation_rate=2, recurrent_activation="hard_sigmoid"),
                ]
            ),
            (2, 4, 7, 6, 2),
        ),
        "chain": (chain, (2, 6, 5, 2)),
        "built": (built, (2, 7, 2)),
    }


def recorded(model: Any, shape: tuple[int, ...]) -> dict[str, Any]:
    """Return a model's document, its weights, and what it gives for an input."""
    random = np.random.default_rng(0)
    model.set_weights([random.normal(0, 0.3, w.shape).round(3) for w in model.get_weights()])
    x = random.normal(size=shape).astype("float32").round(3)
    return {
        "json": model.to_json(),
        "config": model.get_config() if isinstance(model, keras.Sequential) else None,
        "weights": [_listed(w) for w in model.get_weights()],
        "x": _listed(x),
        "y": _listed(model.predict(x, verbose=0)),
    }


def _listed(values: Any) -> dict[str, Any]:
    """Return the numbers in a row with the digits that tell float32 ones apart, and the shape."""
    array = np.asarray(values)
    return {"shape": array.shape, "values": [float(f"{value:.9g}") for value in array.ravel()]}


def old_entries(legacy: Path) -> dict[str, list[Any]]:
    """Return, by the Keras, the entries of those layers in its documents that we have."""
    found: dict[str, list[Any]] = {}
    for folder in OLD:
        entries = found.setdefault(folder, [])
        for path in sorted((legacy / folder).glob("*.json")):
            config = json.loads(path.read_text())["config"]
            for entry in config if isinstance(config, list) else config["layers"]:
                one = {key: entry[key] for key in entry if key not in ("name", "inbound_nodes")}
                one["config"] = {k: v for k, v in one["config"].items() if k != "name"}
                if any(word in one["class_name"] for word in OURS) and one not in entries:
                    entries.append(one)
    return found


def main() -> None:
    """Write what there is to record."""
    keras.utils.set_random_seed(0)
    serialize = keras.saving.serialize_keras_object
    document = {
        "version": keras.__version__,
        "layers": [serialize(layer) for layer in (*every_layer(), *words())],
        "models": {name: recorded(*model) for name, model in every_model().items()},
    }
    (HERE / "keras3.json").write_text(json.dumps(document) + "\n")
    for folder in sys.argv[1:]:
        (HERE / "older.json").write_text(json.dumps(old_entries(Path(folder))) + "\n")


if __name__ == "__main__":
    main()
