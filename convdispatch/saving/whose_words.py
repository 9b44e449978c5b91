"""Which Keras wrote a file that does not say it, by its words.

Early files of Keras 2 and weights that scripts stored themselves have no `keras_version`. The names
of arguments, of classes and of arrays tell the Keras all the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from convdispatch.doors import keras1, keras2
from convdispatch.doors.elsewhere import KEYWORDS_OF_KERAS1
from convdispatch.doors.rows import names_of, rows_of
from convdispatch.saving.checkpoint import Dialect

_CLASSES_OF_KERAS1 = frozenset(names_of(rows_of(keras1.LAYERS))) | {"Merge"}
_CLASSES_OF_KERAS2 = frozenset(names_of(rows_of(keras2.LAYERS)))
_CLASSES: Mapping[Dialect, frozenset[str]] = {
    "keras1": _CLASSES_OF_KERAS1 - _CLASSES_OF_KERAS2,
    "keras2": _CLASSES_OF_KERAS2 - _CLASSES_OF_KERAS1,
}
# What later Kerases renamed arguments of Keras 1 to, where that had none of the name.
_KEYWORDS: Mapping[Dialect, frozenset[str]] = {
    "keras1": KEYWORDS_OF_KERAS1,
    "keras2": frozenset(
        (
            *("units", "filters", "kernel_size", "padding", "data_format", "use_bias", "rate"),
            *("dilation_rate", "kernel_initializer", "bias_initializer", "recurrent_initializer"),
            *("embeddings_initializer", "gamma_initializer", "recurrent_activation", "stddev"),
        )
    ),
}
# Keras 1 put the layer before an underscore, 'dense_1_W'; Keras 2 before a slash, 'dense_1/kernel'.
_ARRAY_OF_KERAS1 = re.compile(
    r"(?:.+_)?(?:[WUb]|[WUb]_\w|gamma|beta|running_mean|running_std|alphas|[tab]_(?:left|right))"
)
_ARRAY_OF_KERAS2 = re.compile(
    r"(?:.*/)?(?:(?:recurrent_|depthwise_|pointwise_)?kernel|bias|embeddings|gamma|beta|alpha|"
    r"moving_mean|moving_variance)(?:_\d+)?"
)


def dialect_by_words(document: Any, arrays: Iterable[str]) -> tuple[Dialect, str]:
    """Return whose words a document and the names of arrays are, and what shows it; '' if nothing.

    >>> dialect_by_words(None, ["dense_1/kernel:0", "dense_1/bias:0"])
    ('keras2', "an array is called 'dense_1/kernel:0'")
    """
    layers = list(_layers_in(document))
    if any("module" in entry for entry, _, _ in layers):
        is_old = any("batch_input_shape" in config for _, _, config in layers)
        words = "`module` and `batch_input_shape`" if is_old else "`module`"
        return ("keras2" if is_old else "keras3"), f"its layers have {words}"
    for _, name, config in layers:
        for dialect, known in _KEYWORDS.items():
            found = sorted(known & config.keys() - _arguments_of_both(name))
            if name in _CLASSES[dialect]:
                return dialect, f"it has a layer of the class {name!r}"
            if found and name in _CLASSES_OF_KERAS1 | _CLASSES_OF_KERAS2:
                return dialect, f"a {name} has the argument `{found[0]}`"
    for name in arrays:
        plain = name.partition(":")[0]
        if _ARRAY_OF_KERAS2.fullmatch(plain):
            return "keras2", f"an array is called {name[:60]!r}"
        if _ARRAY_OF_KERAS1.fullmatch(plain.rpartition("/")[2]):
            return "keras1", f"an array is called {name[:60]!r}"
    return "keras1", ""


def _arguments_of_both(name: str) -> set[str]:
    return {"padding"} if name.startswith("ZeroPadding") else set()


def _layers_in(document: Any) -> Iterator[tuple[Mapping[str, Any], str, Mapping[str, Any]]]:
    """Yield the entry, the class and the configuration of each layer, in the document's order."""
    waiting = [document]
    while waiting:
        value = waiting.pop()
        if isinstance(value, list):
            waiting += reversed(value)
        elif isinstance(value, Mapping):
            name, config = value.get("class_name"), value.get("config")
            if isinstance(name, str) and isinstance(config, Mapping):
                yield value, name, config
            waiting += reversed(list(value.values()))
