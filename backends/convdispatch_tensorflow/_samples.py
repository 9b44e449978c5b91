"""Batches without a sample, which kernels of TensorFlow must not get."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from convdispatch_tensorflow._framework import tf
from convdispatch_tensorflow._functions import FUNCTIONS

Product = Callable[[Any, Any], Any]  # of (x, kernel)

_are_promised: ContextVar[bool] = ContextVar("samples", default=False)


@contextmanager
def promised() -> Iterator[None]:
    """Declare that the traced code never runs for an empty batch."""
    token = _are_promised.set(True)
    try:
        yield
    finally:
        _are_promised.reset(token)


def never_empty(product: Product) -> Product:
    """Return the product with one more sample where the batch is empty, or may be."""

    def at_least_one_sample(x: Any, kernel: Any) -> Any:
        # The oneDNN kernels of tensorflow 2.21 give an empty batch the shape of their input:
        # conv2d of float32 (0, 9, 9, 3) by (3, 3, 3, 4) is (0, 9, 9, 3). They get a zero sample.
        batch = x.shape[0]
        if batch or (batch is None and _are_promised.get()):
            return product(x, kernel)
        batch = tf.shape(x)[0]
        missing = tf.cast(tf.equal(batch, 0), tf.int32)
        # Joined, not padded: oneDNN fuses a Pad of the batch with the convolution and loses it.
        zeros = tf.zeros((missing, *(FUNCTIONS["shape"](x)[1:])), x.dtype)
        return product(tf.concat([x, zeros], 0), kernel)[:batch]

    return at_least_one_sample
