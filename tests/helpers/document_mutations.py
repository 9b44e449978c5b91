"""Documents gone wrong: real ones, mutated by a seed, and what reading one must come to.

`python tests/helpers/document_mutations.py ROUNDS [SEED]` reads that many on NumPy and prints what
came of them. Meanwhile an audit hook lets nothing be imported, opened or run.
"""

from __future__ import annotations

import json
import random
import sys
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

from keras_documents import KERAS3, OLDER, VERSIONS, of_one

import convdispatch
from convdispatch import keras1, keras2, layers
from convdispatch.errors import InvalidDocument
from convdispatch.models import DocumentLimits, Model, Sequential, model_from_json

LIMITS = DocumentLimits(parameters=1_000_000)
DEEP: Any = 0
for _ in range(986):
    DEEP = [DEEP]
VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, 1, -1, 2, 3, 7, 0.5, -0.0, 1e308, 5e-324, float("nan"), float("inf")),
    *(2**31 - 1, 2**31, 2**53, 2**62, 2**63, 2**64, 10**12, 10**18, 10**400, -(10**400)),
    *("", "same", "valid", "full", "causal", "relu", "softmax", "linear", "zeros", "l2", "theano"),
    *("th", "tf", "channels_first", "float16", "bfloat16", "mixed_float16", "int8", "nearest"),
    *("Layer", "Conv2D", "Conv", "Sequential", "Model", "Functional", "InputLayer", "Regularizer"),
    *("Initializer", "Constraint", "Orthogonal", "EigenvalueRegularizer", "glu", "__init__"),
    *("os.system", "os", "torch", "jax", "numpy", "convdispatch.keras1.layers", "keras.layers"),
    *("x" * 10_000, "\ud800", "\u0000", "../../etc/passwd", "__import__('os')", "3.0", "1.2.2"),
    *([], {}, [None], [[]], [1, 2], [3, 3, 3], [0, 0], [None, 4, 4, 2], [10**9] * 4, DEEP),
    *({"class_name": "Zeros", "config": {}}, {"name": "MaxNorm", "m": 2}, {"class_name": None}),
    *({"class_name": "function", "config": "relu"}, {"class_name": "Constant", "config": {}}),
    {"class_name": "VarianceScaling", "config": {"scale": 10**400, "seed": [DEEP]}},
    {"class_name": "DTypePolicy", "config": {"name": "float16"}},
)  # fmt: skip
KEYS = (
    *("class_name", "config", "layers", "name", "module", "backend", "dtype", "weights", "self"),
    *("batch_input_shape", "input_shape", "batch_size", "convention", "trainable", "nb_filter"),
    *("build_input_shape", "build_config", "keras_version", "registered_name", "lora_rank"),
    *("filters", "kernel_size", "strides", "padding", "groups", "size", "activation", "seed"),
    *("inbound_nodes", "input_layers", "output_layers", "axis", "rate", "noise_shape", "momentum"),
)


def corpus() -> list[Any]:
    """Return whole documents of every Keras and of ours."""
    found = [json.loads(model["json"]) for model in KERAS3["models"].values()]
    found += [json.loads(of_one(entry)) for entry in KERAS3["layers"]]
    for keras, entries in OLDER.items():
        found += [json.loads(of_one(e, keras_version=VERSIONS[keras])) for e in entries]
    stack = [
        layers.Conv2D(2, 3, input_shape=(8, 8, 2), kernel_regularizer="l2", activation="elu"),
        keras2.layers.SeparableConv2D(2, 2, depthwise_constraint="max_norm"),
        keras1.layers.Convolution2D(2, 1, 1, dim_ordering="tf", init="he_normal"),
        layers.UpSampling2D(2, interpolation="bilinear"),
    ]
    ours = json.loads(Sequential(stack, backend="numpy").to_json())
    return [*found, *[ours] * 40, *[json.loads(graph())] * 40]


def graph() -> str:
    """Return a functional document with a branch, a shared layer and a nested model."""
    with convdispatch.use_backend("numpy"):
        inside = layers.Input((4, 1), name="inside")
        inner = Model(inside, layers.Conv1D(1, 1, name="c")(inside), name="inner")
        x, z = layers.Input((4, 1), name="x"), layers.Input((4, 1), name="z")
        shared = layers.BatchNormalization(name="n")
        return Model([x, z], [shared(inner(x)), layers.Dropout(0.5)(shared(z))]).to_json()


def copied(value: Any) -> Any:
    """Return a copy that shares nothing but the deep list, which Python cannot copy."""
    if value is DEEP or not isinstance(value, dict | list):
        return value
    if isinstance(value, dict):
        return {key: copied(child) for key, child in value.items()}
    return [copied(child) for child in value]


def nodes(value: Any) -> Iterator[tuple[Any, Any]]:
    """Give each (container, key) of a document."""
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, child in list(items):
        yield value, key
        if isinstance(child, dict | list) and child is not DEEP:
            yield from nodes(child)


DOCUMENTS = corpus()


def mutated(document: Any, source: random.Random) -> Any:
    """Return the document with one to four things changed."""
    changed = copied(document)
    for _ in range(source.choice((1, 1, 1, 2, 4))):
        places = list(nodes(changed))
        if not places:
            return source.choice(VALUES)
        container, key = source.choice(places)
        kind = source.randrange(8)
        if kind < 4:
            container[key] = copied(source.choice(VALUES))
        elif kind == 4:
            del container[key]
        elif kind == 5:
            other, there = source.choice(places)
            if there in other if isinstance(other, dict) else there < len(other):
                container[key] = copied(other[there])
        elif isinstance(container, dict):
            container[source.choice(KEYS)] = copied(source.choice((*VALUES, container[key])))
        else:
            container.insert(0, copied(container[key]))
    return changed


def readings(document: Any, source: random.Random) -> list[tuple[str, Callable[[], Any]]]:
    """Return ways to read a document: as JSON, as a configuration, its layers', their words'."""
    ways: list[tuple[str, Callable[[], Any]]] = [("json", lambda: _json(document))]
    config = document.get("config") if isinstance(document, dict) else document
    ways.append(("model", lambda: Sequential.from_config(config, backend="numpy", limits=LIMITS)))
    entries = config.get("layers") if isinstance(config, dict) else config
    for entry in entries[:2] if isinstance(entries, list) else ():
        found = entry.get("config") if isinstance(entry, dict) else entry
        name = entry.get("class_name") if isinstance(entry, dict) else None
        for door in (layers, keras1.layers, keras2.layers):
            if isinstance(name, str) and name in door.__all__:
                ways.append(("layer", lambda d=door, n=name, f=found: getattr(d, n).from_config(f)))
        ways.append(("any", lambda f=found: layers.Conv1D.from_config(f)))
        for value in found.values() if isinstance(found, dict) else ():
            if isinstance(value, dict):
                table = source.choice((convdispatch.initializers, convdispatch.regularizers))
                ways.append(("word", lambda t=table, v=value: t.get(v)))
                ways.append(("constraint", lambda v=value: convdispatch.constraints.get(v)))
                ways.append(("activation", lambda v=value: convdispatch.activations.get(v)))
                inner = value.get("config")
                ways.append(
                    ("own", lambda i=inner: convdispatch.initializers.Constant.from_config(i))
                )
    return ways


def _json(document: Any) -> Any:
    text = json.dumps(document) if _depth(document) < 900 else "[" * 5000
    model = model_from_json(text, backend="numpy", limits=LIMITS)
    again = json.loads(json.dumps(model.get_config()))
    made = Sequential.from_config(again, backend="numpy", limits=LIMITS)
    assert json.loads(json.dumps(made.get_config())) == again
    return model


def _depth(value: Any) -> int:
    depth, level = 0, [value]
    while level:
        depth += 1
        level = [
            child
            for one in level
            if isinstance(one, dict | list)
            for child in (one.values() if isinstance(one, dict) else one)
        ]
    return depth


def read(rounds: int, seed: int) -> tuple[Counter[str], float]:
    """Read that many mutated documents; return what came of them, and the longest reading.

    Anything but a result or an `InvalidDocument` is raised, with the document's number.
    """
    source = random.Random(seed)
    came: Counter[str] = Counter()
    longest = 0.0
    for number in range(rounds):
        document = mutated(source.choice(DOCUMENTS), source)
        for way, reading in readings(document, source):
            begun = time.perf_counter()
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore", UserWarning)
                    # NumPy says so where an initializer's numbers become infinite in float16.
                    warnings.filterwarnings("ignore", "overflow encountered in cast")
                    reading()
                came["read"] += 1
            except InvalidDocument as exc:
                if not _is_short(exc):
                    raise ValueError(f"a message that nobody can read: {exc!a}") from exc
                came["refused"] += 1
            except BaseException as exc:
                exc.add_note(f"document {number} of seed {seed}, {way}: {document!a:.3000}")
                raise
            longest = max(longest, time.perf_counter() - begun)
    return came, longest


def _is_short(exc: Exception) -> bool:
    """Whether the message can be written, and read."""
    return 20 < len(str(exc).encode()) < 3000


def main(rounds: int, seed: int) -> None:
    """Read documents under the audit hook."""
    read(300, seed + 1)  # what the package loads of its own on first use is loaded
    seen: list[str] = []

    def watch(event: str, arguments: tuple[Any, ...]) -> None:
        if event.split(".")[0] in (
            "import",
            "open",
            "exec",
            "subprocess",
            "os",
            "socket",
            "ctypes",
        ):
            seen.append(f"{event} {arguments!a:.200}")

    sys.addaudithook(watch)
    came, longest = read(rounds, seed)
    events = list(seen)
    sys.stdout.write(json.dumps({**came, "longest": round(longest, 3), "events": events[:20]}))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 0)
