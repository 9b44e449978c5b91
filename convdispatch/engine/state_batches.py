"""The size of the batches of layers that keep a state: each sample goes on from its own."""

from __future__ import annotations

from collections.abc import Sequence

from convdispatch.engine.layer import Layer
from convdispatch.errors import InvalidShape


def batch_size_of(layers: Sequence[Layer]) -> int | None:
    """Return how many samples a state is kept for, None if none is kept."""
    sizes = [
        weight.shape[0]
        for layer in layers
        if layer.carries_state
        for weight in layer.declared_weights
        if weight.is_state and weight.shape
    ]
    return sizes[0] if sizes else None


def settled_batch_size(layers: Sequence[Layer], given: int | None) -> int:
    """Return the size of a batch: the given one, that of the states, or else Keras's 32.

    Raises `InvalidShape` for another size than that of the states.
    """
    size = batch_size_of(layers)
    if size is not None and given not in (None, size):
        raise InvalidShape(
            f"`batch_size` must be {size}, for which a stateful layer keeps its state; received "
            f"{given}."
        )
    return size or given or 32


def require_whole_batches(layers: Sequence[Layer], samples: int, what: str) -> None:
    """Raise `InvalidShape` where a state is kept and the last batch would be a smaller one."""
    size = batch_size_of(layers)
    if size is not None and samples % size:
        raise InvalidShape(
            f"{what} must have a number of samples that the batch size of a stateful layer, "
            f"{size}, divides; received {samples}. Leave out the last {samples % size}, or add "
            f"{size - samples % size}."
        )


def require_batch(size: int | None, received: int) -> None:
    """Raise `InvalidShape` for a batch of another size than the states are kept for."""
    if size not in (None, received):
        raise InvalidShape(
            f"a batch must have {size} samples, for which a stateful layer keeps its state; "
            f"received {received}."
        )
