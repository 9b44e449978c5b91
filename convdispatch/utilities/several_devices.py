"""`multi_gpu_model` of Keras 2, which a model here has no equal of."""

from __future__ import annotations

from typing import Any

from convdispatch.errors import InvalidArgument
from convdispatch.support.warnings import warn


def multi_gpu_model(
    model: Any, gpus: Any = None, cpu_merge: bool = True, cpu_relocation: bool = False
) -> Any:
    """Return the model where one device, or none, is asked for; refuse several.

    A framework has its own means for several devices, such as torch's DistributedDataParallel or
    JAX's sharding: see `convdispatch.wrap`. For tests, `gpus=1` runs a script on one.
    """
    count = len(gpus) if isinstance(gpus, list | tuple) else gpus
    if count in (None, 0, 1):
        warn("`multi_gpu_model` changes nothing here: the model runs on the framework's device.")
        return model
    raise InvalidArgument(
        f"`gpus` may be 1 or None; received {gpus!r}. convdispatch trains a model on one device. "
        "Give 1, or leave the call out; for several devices `convdispatch.wrap(model)` makes the "
        "framework's own object, which its own tools spread over them."
    )
