"""What a file does not say: which backend trained it, and Keras 1's `dim_ordering`.

Keras 1 wrote neither its backend nor the `dim_ordering` of layers that pad, crop or repeat. The
caller says it, or something is assumed, and a warning says what, and what else it could be.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from convdispatch.engine.layer import Layer
from convdispatch.errors import InvalidArgument
from convdispatch.models._entries import DOORS, door_of
from convdispatch.models.files.versions import is_of_tf_keras
from convdispatch.runtime import selection
from convdispatch.saving.checkpoint import Checkpoint
from convdispatch.support.warnings import warn

CONVENTIONS = ("theano", "tensorflow")
_ORDERINGS = {"th": "channels_first", "tf": "channels_last"}
_MOST_NAMES = 6
_TITLES = {"keras1": "Keras 1", "keras2": "Keras 2", "keras3": "Keras 3"}


def as_convention(given: Any) -> str | None:
    """Return which backend trained a model as the caller says it, None for nothing said."""
    convention = given
    if convention is None or convention in CONVENTIONS:
        return convention  # type: ignore[no-any-return]  # it is one of them
    allowed = "'theano' or 'tensorflow', which also stands for all later backends' convention"
    raise InvalidArgument(f"`trained_on` must be {allowed}; received {given!r}.")


def as_ordering(given: Any) -> str | None:
    """Return Keras 1's word for the order of axes that the caller says, None for nothing said."""
    words = {**{word: word for word in _ORDERINGS}, **{v: k for k, v in _ORDERINGS.items()}}
    if given is None:
        return None
    if not isinstance(given, str) or given not in words:
        raise InvalidArgument(
            f"`dim_ordering` must be 'th' (the channels come first) or 'tf' (last); received "
            f"{given!r}."
        )
    return words[given]


@dataclass(frozen=True, slots=True)
class Assumed:
    """A value that a file does not say, and why it was assumed; '' where somebody said it."""

    value: str
    reason: str = ""


def convention_for(document: Any, stated: str | None, said: str | None, title: str) -> Assumed:
    """Return the convention of a file's layers: as it is stated, said by the caller, or likely."""
    if stated is not None and said not in (None, stated):
        warn(
            f"{title} says that {stated!r} trained it, and `trained_on` says {said!r}, which "
            "counts: leave `trained_on` out to have what the file says."
        )
    if said is not None or stated is not None:
        return Assumed(said or stated or "")
    convention = selection.convention()
    if convention == "theano":  # which somebody has set: it is not the default
        return Assumed(convention)
    entries = list(entries_in(document))
    if any(config.get("border_mode") == "full" for _, config in entries):
        return Assumed("theano", "a layer has border_mode 'full', which only Theano computed")
    words = _orderings_in(document) & set(_ORDERINGS)
    if words == {"th"}:
        return Assumed("theano", "its layers have dim_ordering 'th', which was Theano's")
    reason = "its layers have dim_ordering 'tf'" if words else "it is Keras's default"
    return Assumed(convention, reason)


def ordering_for(document: Any, said: str | None) -> Assumed:
    """Return Keras 1's dim_ordering of the layers that do not state it."""
    if said is not None:
        return Assumed(said)
    words = _orderings_in(document)
    known = [ordering for ordering in _ORDERINGS if ordering in words]
    if len(known) == 1:
        return Assumed(known[0], "the other layers have it")
    current = next(k for k, v in _ORDERINGS.items() if v == selection.image_data_format())
    return Assumed(current, "it is the current setting")


def _orderings_in(document: Any) -> set[str]:
    found = (config.get("dim_ordering") for _, config in entries_in(document))
    return {word for word in found if isinstance(word, str)}


def entries_in(document: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield the class's name and the configuration of every layer and model, nested ones too."""
    waiting = [document]
    while waiting:
        value = waiting.pop()
        if isinstance(value, Mapping):
            config = value.get("config")
            if isinstance(value.get("class_name"), str) and isinstance(config, Mapping):
                yield value["class_name"], config
            waiting += value.values()
        elif isinstance(value, list):
            waiting += value


def without_ordering(document: Any) -> list[Mapping[str, Any]]:
    """Return the configurations of Keras 1's layers that need a dim_ordering and state none."""
    offered = importlib.import_module(DOORS[1])
    found = []
    for name, config in entries_in(document):
        known = getattr(offered, name, None) if name in offered.__all__ else None
        if isinstance(known, type) and issubclass(known, Layer) and "dim_ordering" not in config:
            spelled: Any = getattr(known, "spelling", {}).get("data_format")
            if spelled == "dim_ordering":
                found.append(config)
    return found


def with_shared_axes(document: Any, checkpoint: Checkpoint) -> Any:
    """Return a document of Keras 1 whose PReLUs say the axes that share a slope, by the file's.

    Its configurations have lost the argument; an axis of size 1 may be shared or not.
    """
    arrays = {layer.name: layer.arrays for layer in checkpoint.layers if len(layer.arrays) == 1}

    def filled(value: Any) -> Any:
        if isinstance(value, list):
            return [filled(one) for one in value]
        if not isinstance(value, Mapping):
            return value
        made = {key: filled(one) for key, one in value.items()}
        config = made.get("config")
        if value.get("class_name") == "PReLU" and isinstance(config, dict):
            own = arrays.get(str(config.get("name")), ())
            shared = [axis for axis, size in enumerate(own[0].shape, 1) if size == 1] if own else []
            made["config"] = {"shared_axes": shared or None, **config}
        return made

    return filled(document)


def with_ways(document: Any, version: object) -> Any:
    """Return a document of Keras 2's words whose layers say what Keras 2 and tf_keras do apart.

    version: the file's `keras_version`, which tells whose they are.
    """
    return with_zeros(with_grids(document, version), version)


def with_grids(document: Any, version: object) -> Any:
    """Return a document whose layers of Keras 2 say on which grid they interpolate.

    version: the file's `keras_version`, which tells: tf_keras has another grid than Keras 2 had.
    """
    if not isinstance(version, str) or not version.startswith("2."):
        return document
    lacking = [
        config
        for name, config in entries_in(document)
        if name == "UpSampling2D"
        and config.get("interpolation") == "bilinear"
        and "coordinates" not in config
    ]
    grid = "half_pixel" if is_of_tf_keras(version) else "asymmetric"
    return _with(document, lacking, "coordinates", grid)


def with_zeros(document: Any, version: object) -> Any:
    """Return a document of tf_keras whose layers of two ways say what a mask leaves out.

    `Bidirectional` gives zeros there for such steps, where Keras 2 repeats the last output, and
    its configuration does not tell.
    """
    if not is_of_tf_keras(version):
        return document
    lacking = [
        own
        for name, config in entries_in(document)
        if name == "Bidirectional"
        for inner in (config.get("layer"), config.get("backward_layer"))
        for own in [_config_of(inner)]
        if own.get("return_sequences") is True and not _takes_no_mask(inner)
    ]
    return _with(document, lacking, "zero_output_for_mask", True)


def _takes_no_mask(entry: Any) -> bool:
    return isinstance(entry, Mapping) and str(entry.get("class_name")).startswith("CuDNN")


def _config_of(entry: Any) -> Mapping[str, Any]:
    config = entry.get("config") if isinstance(entry, Mapping) else None
    return config if isinstance(config, Mapping) else {}


def with_ordering(document: Any, lacking: Sequence[Mapping[str, Any]], ordering: str) -> Any:
    """Return the document with that dim_ordering in the configurations that lack one."""
    return _with(document, lacking, "dim_ordering", ordering)


def _with(document: Any, lacking: Sequence[Mapping[str, Any]], key: str, stated: object) -> Any:
    """Return the document in which these configurations have a further argument."""
    identities = {id(config) for config in lacking}

    def filled(value: Any) -> Any:
        if isinstance(value, list):
            return [filled(one) for one in value]
        if not isinstance(value, Mapping):
            return value
        made = {name: filled(one) for name, one in value.items()}
        return {**made, key: stated} if id(value) in identities else made

    return filled(document) if lacking else document


def with_stated_ordering(document: Any, door: str | None, said: str | None) -> Any:
    """Return a document whose layers of Keras 1 all state their dim_ordering.

    The caller's word counts, or else that of the other layers; a warning says if that is not the
    current setting, which Keras 1 itself would have taken.
    """
    entries = [{"config": config} for _, config in entries_in(document)]
    if door_of(entries, door) != DOORS[1]:
        return document
    lacking = without_ordering(document)
    ordering = ordering_for(document, said)
    if _ORDERINGS[ordering.value] != selection.image_data_format():
        warn_of_ordering(ordering, lacking, "the document")
    return with_ordering(document, lacking, ordering.value)


def warn_of_convention(assumed: Assumed, layers: Sequence[Layer], title: str) -> None:
    """Warn that the convention was assumed, if the layers compute otherwise under the other one."""
    touched = [layer for layer in layers if is_sensitive(layer)]
    if not assumed.reason or not touched:
        return
    convention = assumed.value
    other = next(one for one in CONVENTIONS if one != convention)
    warn(
        f"{title} does not say which backend trained it: `trained_on={convention!r}` is assumed, "
        f"because {assumed.reason}. With `trained_on={other!r}` the kernels of "
        f"{_named(touched)} are the other way round, 'same' pads other cells where a kernel is "
        "even or a stride larger than 1, and nearly every output is another. Say `trained_on=`."
    )


def warn_of_ordering(assumed: Assumed, lacking: Sequence[Mapping[str, Any]], title: str) -> None:
    """Warn that Keras 1's dim_ordering was assumed for the layers that do not state it."""
    if not assumed.reason or not lacking:
        return
    ordering = assumed.value
    other = next(one for one in _ORDERINGS if one != ordering)
    names = [str(config.get("name", "a layer")) for config in lacking]
    warn(
        f"{title} does not say the order of the axes of {_listed(names)}: "
        f"`dim_ordering={ordering!r}` is assumed, because {assumed.reason}. With "
        f"`dim_ordering={other!r}` they would take other axes for the channels. Say "
        "`dim_ordering=`."
    )


def warn_of_words(dialect: str, checkpoint: Checkpoint, title: str) -> None:
    """Warn that the Keras whose words a file has was assumed, where nothing in it tells."""
    if not checkpoint.is_told:
        warn(
            f"{title} does not say which Keras wrote it, and nothing in it tells: "
            f"{_TITLES[dialect]} is assumed. Keras 1 and 2 differ in the layouts of kernels and "
            "in the order of gates."
        )


def is_sensitive(layer: Layer) -> bool:
    """Return whether a layer computes otherwise under the other convention."""
    inner = getattr(layer, "layer", layer)
    taps = getattr(inner, "kernel_size", ())
    is_kernel = getattr(inner, "is_flippable", False) and any(size > 1 for size in taps)
    return is_kernel or getattr(inner, "padding", None) == "same"


def _named(layers: Sequence[Layer]) -> str:
    return _listed([layer.name for layer in layers])


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(map(repr, names[:_MOST_NAMES]))
    more = len(names) - _MOST_NAMES
    return f"{shown} and {more} more" if more > 0 else shown
