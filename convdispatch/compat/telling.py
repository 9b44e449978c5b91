"""What an error says of a name that a script's Keras has not, or not here.

Which Keras had it and since when, in which module it is, and which name of the module is nearest.
"""

from __future__ import annotations

import difflib
import functools
import importlib
from collections.abc import Iterator, Mapping
from typing import Any

from convdispatch.compat.asking import has
from convdispatch.compat.past_names import HAD
from convdispatch.doors import keras1, keras2
from convdispatch.doors.modules import TABLES, names_of
from convdispatch.doors.rows import Row, rows_of

# Names whose Keras is not told by the façades, with the releases that had them.
_SINCE: Mapping[str, str] = {
    **HAD,
    **dict.fromkeys(
        ("AutoEncoder", "DenoisingAutoEncoder", "Siamese", "UpSample1D", "UpSample2D"),
        "Keras 0 had it, until 1.0",
    ),
    "Graph": "Keras 0 had it; 1.0 replaced it by `Model`",
    **dict.fromkeys(
        ("CuDNNGRU", "CuDNNLSTM", "RNN", "StackedRNNCells", "multi_gpu_model", "fashion_mnist"),
        "Keras 2 has it, since 2.0.9",
    ),
    **dict.fromkeys(
        ("densenet", "inception_resnet_v2", "mobilenet_v2", "nasnet"), "Keras 2 has it"
    ),
    **dict.fromkeys(("ctc_batch_cost", "ctc_decode"), "Keras 1 and 2 have it, on TensorFlow"),
    **dict.fromkeys(
        ("LayerNormalization", "MultiHeadAttention", "Attention", "Rescaling"),
        "tf.keras and Keras 3 have it, after 2.2.4",
    ),
}
_FILES = (
    *("layers", "models", "optimizers", "callbacks", "regularizers", "constraints", "activations"),
    *("objectives", "losses", "metrics", "initializations", "initializers", "backend"),
    *("utils.np_utils", "utils.vis_utils", "utils.visualize_util"),
)
_OTHER = {"keras1": "keras2", "keras2": "keras1"}
_HAD = {"keras1": "Keras 1 had it, until 2.0", "keras2": "Keras 2 has it, since 2.0"}


@functools.cache
def told(module: str, name: str) -> str:
    """Return sentences on a name that a façade's module lacks, '' for a private one of no Keras.

    >>> told("convdispatch.keras1.layers", "Conv2DTranspose")
    'Keras 2 has it, since 2.0: `--api keras2`. The nearest here is `Deconvolution2D`.'
    """
    api, _, path = module.removeprefix("convdispatch.").partition(".")
    if (name.startswith("_") and name not in HAD) or api not in TABLES:
        return ""
    own, other = (next(_places(one, name, path), None) for one in (api, _OTHER[api]))
    found = []
    if own is not None:
        found.append(f"It is `{own}`.")
    elif other is not None:
        found.append(f"{_SINCE.get(name, _HAD[_OTHER[api]])}: `--api {_OTHER[api]}`.")
    elif name in _SINCE:
        found.append(f"{_SINCE[name]}.")
    near = _nearest(importlib.import_module(module), name, api)
    if near and own is None:
        found.append(f"The nearest here is `{near}`.")
    return " ".join(found)


def _nearest(module: Any, name: str, api: str) -> str:
    """Return the name of the same layer in this Keras, or else one that is spelled alike."""
    known = sorted(_public(module))
    like = next((row.likeness for row in _rows(_OTHER[api]) if name in row.names), None)
    rows = [row for row in _rows(api) if row.likeness == like]
    same = [one for row in rows for one in row.names if one in known]
    alike = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
    return next(iter((*same, *alike)), "")


def _rows(api: str) -> Iterator[Row]:
    return rows_of({"keras1": keras1, "keras2": keras2}[api].LAYERS)


def _places(api: str, name: str, path: str) -> Iterator[str]:
    """Yield where a Keras has a name, the same module first."""
    for module in dict.fromkeys((path, *_FILES, *TABLES[api])):
        if name in names_of(TABLES[api].get(module, {})) or module in ("", path, *_FILES):
            whole = f"{module}.{name}".strip(".")
            if has(api, whole):
                yield f"keras.{whole}"


def _public(module: Any) -> set[str]:
    names = getattr(module, "__all__", None) or dir(module)  # the rest is what was imported
    return {one for one in names if not one.startswith("_")}
