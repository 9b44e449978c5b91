"""Where a process stands in its group, and the devices that its environment asks for."""

from __future__ import annotations

import contextlib
import os
from typing import Any


def rank() -> str:
    """Return the number of this process."""
    return os.environ.get("RANK") or os.environ.get("GROUP_RANK_OF_TEST", "0")


def scope() -> Any:
    """Return the scope of a strategy of TensorFlow's, or of a mesh of JAX's, that is asked for."""
    devices = os.environ.get("GROUP_MESH_OF_TEST")
    if devices is not None:
        return _mesh(int(devices))
    kind = os.environ.get("GROUP_STRATEGY_OF_TEST")
    return contextlib.nullcontext() if kind is None else _strategy(kind)


def _mesh(devices: int) -> Any:
    import jax

    kind = jax.sharding.AxisType.Auto
    return jax.set_mesh(jax.make_mesh((devices,), ("batch",), axis_types=(kind,)))


def _strategy(kind: str) -> Any:
    import tensorflow as tf

    if kind == "workers":
        return tf.distribute.MultiWorkerMirroredStrategy().scope()
    (cpu,) = tf.config.list_physical_devices("CPU")
    configurations = [tf.config.LogicalDeviceConfiguration()] * int(kind)
    tf.config.set_logical_device_configuration(cpu, configurations)
    return tf.distribute.MirroredStrategy([f"CPU:{place}" for place in range(int(kind))]).scope()
