"""Which Keras a script was written for, and why: its imports, its arguments, its positions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from convdispatch.compat.asking import has
from convdispatch.compat.reading import Call, Uses
from convdispatch.doors.old_interfaces import INTERFACES

# Words of methods and layers that one Keras has and the other has not.
_KERAS1 = frozenset().union(*(one.words for one in INTERFACES.values())) - {
    *("dropout", "p", "input_dim", "input_length", "output_dim", "output_shape", "bias", "mode"),
    *("input", "output", "init", "size", "length"),
}
_KERAS2 = frozenset(
    (
        *("epochs", "filters", "kernel_size", "strides", "padding", "units", "data_format"),
        *("use_bias", "kernel_initializer", "bias_initializer", "kernel_regularizer"),
        *("bias_regularizer", "kernel_constraint", "steps_per_epoch", "validation_steps"),
        *("dilation_rate", "rate", "inputs", "outputs", "recurrent_dropout", "workers"),
    )
)
# Words that are Keras 1's in calls of these alone.
_OF_CALLS = {
    "output_dim": ("Dense", "LSTM", "GRU", "SimpleRNN"),
    "init": ("Dense", "Convolution1D", "Convolution2D", "Convolution3D", "Conv2D", "LSTM", "GRU"),
    "bias": ("Dense", "Convolution1D", "Convolution2D", "Convolution3D", "Conv2D"),
    "mode": ("merge", "Merge", "BatchNormalization"),
    "p": ("Dropout", "SpatialDropout1D", "SpatialDropout2D"),
    "input": ("Model",),
    "output": ("Model",),
}
_BOTH = frozenset(("strides", "padding"))  # which Keras 1's pooling and padding layers have, too
_LEAST = 8  # rows and columns of what is a picture
_PLAIN = ("Pooling", "ZeroPadding", "Cropping")


@dataclass(frozen=True, slots=True)
class Choice:
    """The façade for a script, why, and whether something speaks for the other one."""

    api: str
    reason: str
    is_ambiguous: bool


def choice(uses: Uses) -> Choice:
    """Return the façade that a script needs.

    What only one Keras could import decides; then the arguments; then how kernels are written.
    """
    lacking = {
        api: next((name for name in uses.names if not has(api, name)), "")
        for api in ("keras1", "keras2")
    }
    spoken = {api: list(_words(uses, api)) for api in ("keras1", "keras2")}
    mixed = bool(spoken["keras1"]) and bool(spoken["keras2"])
    for api, other in (("keras2", "keras1"), ("keras1", "keras2")):
        if lacking[other] and not lacking[api]:
            why = f"only {_title(api)} has `{lacking[other]}`"
            return Choice(api, why, is_ambiguous=bool(spoken[other]))
    counts = {api: len(found) for api, found in spoken.items()}
    if counts["keras1"] == counts["keras2"]:
        reason = "nothing tells the Kerases apart" if not mixed else _both(spoken)
        return Choice("keras2", reason, is_ambiguous=mixed)
    api = max(counts, key=lambda one: counts[one])
    reason = _both(spoken) if mixed else f"its words are {_title(api)}'s, as {spoken[api][0]}"
    return Choice(api, reason, is_ambiguous=mixed)


def _both(spoken: dict[str, list[str]]) -> str:
    return (
        f"it has words of Keras 1 ({len(spoken['keras1'])}, as {spoken['keras1'][0]}) and of Keras "
        f"2 ({len(spoken['keras2'])}, as {spoken['keras2'][0]})"
    )


def _title(api: str) -> str:
    return f"Keras {api[-1]}"


def _words(uses: Uses, api: str) -> Iterator[str]:
    """Yield what of a script only that Keras says."""
    for call in uses.calls:
        for word in call.keywords:
            if word in _OF_CALLS and api == "keras1":
                if call.name.rpartition(".")[2] in _OF_CALLS[word]:
                    yield f"`{word}=` in line {call.line}"
            elif word in (_KERAS1 if api == "keras1" else _KERAS2) and not _is_plain(call, word):
                yield f"`{word}=` in line {call.line}"
        if _kernel(call) == api:
            yield f"the kernel of `{call.name.rpartition('.')[2]}` in line {call.line}"


def _is_plain(call: Call, word: str) -> bool:
    name = call.name.rpartition(".")[2]
    is_other = call.name.startswith(".") and word in ("inputs", "outputs", "units", "filters")
    return is_other or (word in _BOTH and any(one in name for one in _PLAIN))


def _kernel(call: Call) -> str:
    """Return whose way of writing a kernel's size a call of a convolution has, '' for neither's."""
    name = call.name.rpartition(".")[2]
    if not name.startswith(("Conv2D", "Convolution2D", "Deconvolution2D", "AtrousConvolution2D")):
        return ""
    if call.positional[1:3] == ("int", "int"):
        return "keras1"
    return "keras2" if call.positional[1:2] == ("tuple",) else ""


def is_keras_0(uses: Uses) -> str:
    """Return what tells a script of Keras 0.3 or older, '' for a later one.

    There a convolution was told its input's channels: `Convolution2D(32, 1, 3, 3)`.
    """
    for call in uses.calls:
        name = call.name.rpartition(".")[2]
        if name == "Convolution2D" and call.positional[:4] == ("int",) * 4:
            return f"`Convolution2D` of four numbers in line {call.line}"
        if name == "Graph" and call.name.startswith("models"):
            return f"`Graph` in line {call.line}"
    return ""


def first_channels(uses: Uses) -> str:
    """Return what tells that a script's pictures have their channels first, '' if nothing does.

    Such scripts relied on a keras.json; they are those that never speak of the order and give
    pictures the shape (1 or 3, rows, columns).
    """
    if uses.says_data_format or not any("2D" in name for name in uses.names):
        return ""
    first, last = ([one for one in uses.shapes if _has_colours(one[0], at)] for at in (0, 2))
    if not first or last:
        return ""
    sizes, line = first[0]
    written = ", ".join("..." if size is None else str(size) for size in sizes)
    return f"the shape ({written}) in line {line}"


def _has_colours(sizes: Sequence[int | None], axis: int) -> bool:
    """Whether a shape has 1 or 3 on that axis, and rows and columns on the others."""
    others = [size for place, size in enumerate(sizes) if place != axis]
    return sizes[axis] in (1, 3) and all(size is None or size >= _LEAST for size in others)
