"""The backend, the convention and the defaults that are in force at this moment.

The precedence is: a `with` block, what the program set, the environment, keras.json, the default.
The file is read when a value is first needed, never at import. This module knows no layers, and of
a tensor only the backend that owns it.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from contextvars import ContextVar
from typing import cast

import numpy as np

from convdispatch.errors import BackendNotFound, InvalidType
from convdispatch.ops import Backend, BackendInfo, NumpyArray
from convdispatch.runtime.config import Config, check_value, config_path, load_config
from convdispatch.runtime.placing import name_on
from convdispatch.runtime.registry import AVAILABLE, registry
from convdispatch.support.foreign import call, said
from convdispatch.support.locks import Lock

DEFAULT_BACKEND = "numpy"

_lock = Lock()
_set: dict[str, str | float] = {}
_read: list[Config] = []  # empty until the first question, then the one configuration
_owners: dict[type, Backend] = {}
_kinds: list[tuple[type, Backend]] = []  # of tensors that no plugin's backend has

# The names of the `with` blocks around the caller, the innermost last. A context variable gives
# each thread and each asynchronous task its own.
_backend_blocks: ContextVar[tuple[str, ...]] = ContextVar("backend", default=())
_convention_blocks: ContextVar[tuple[str, ...]] = ContextVar("convention", default=())


def backend() -> str:
    """Return the name of the current backend, which a layer made now will use.

    Raises `BackendNotFound` if no plugin registers the chosen name.
    """
    blocks = _backend_blocks.get()
    if blocks:
        return blocks[-1]
    if "backend" in _set:
        return cast("str", _set["backend"])
    config = _config()
    if config.backend is None:
        return DEFAULT_BACKEND
    source = config.sources["backend"]
    try:
        name = _require_registered(config.backend)
    except BackendNotFound as exc:
        raise BackendNotFound(f"{exc} The name comes from {source}.") from None
    registry.note_source(name, source)  # for the error of a backend that cannot be loaded
    return name


def set_backend(name: str) -> None:
    """Make `name` the current backend of the whole process, outside `use_backend` blocks."""
    _set["backend"] = _require_registered(name)


def use_backend(name: str) -> AbstractContextManager[None]:
    """Return a context in which `name` is the current backend of this thread or task.

    >>> with use_backend("numpy"):
    ...     backend()
    'numpy'
    """
    return _Block(_backend_blocks, name, _require_registered)


def use_stated_backend(name: str | None) -> AbstractContextManager[None]:
    """Return the context of `use_backend` for what a user has stated, or may not have."""
    return nullcontext() if name is None else use_backend(name)


def use_device(device: str) -> AbstractContextManager[None]:
    """Return a context in which the current backend makes its tensors on that device.

    Layers, models and what `load_model` makes there stay on it, as `model.to(backend, device=...)`
    does. Raises `InvalidArgument` for a device that there is not, and names those that there are.
    """
    return _Block(_backend_blocks, device, lambda value: resolve_backend(None, value))


def resolve_backend(name: str | None, device: str | None = None) -> str:
    """Return `name`, checked, or the current backend if it is None; on that device."""
    found = backend() if name is None else _require_registered(name)
    if device is not None:
        found = name_on(found, device)
        registry.load(found)  # raises where there is no such device
    return found


def available_backends() -> tuple[str, ...]:
    """Return the backends whose framework is installed: NumPy's first, the others sorted."""
    names = (name for name in registry.entries() if registry.status(name) == AVAILABLE)
    return tuple(sorted(names, key=lambda name: (name != DEFAULT_BACKEND, name)))


def convention() -> str:
    """Return 'tensorflow' or 'theano': where 'same' pads and whether kernels are flipped."""
    blocks = _convention_blocks.get()
    return blocks[-1] if blocks else cast("str", _setting("convention"))


def set_convention(name: str) -> None:
    """Make `name` the convention of layers made from now on, in the whole process."""
    _set["convention"] = check_value("convention", name)


def use_convention(name: str) -> AbstractContextManager[None]:
    """Return a context in which layers are made under the convention `name`.

    >>> with use_convention("theano"):
    ...     convention()
    'theano'
    """
    return _Block(
        _convention_blocks, name, lambda value: cast("str", check_value("convention", value))
    )


def floatx() -> str:
    """Return the element type of layers that do not state one."""
    return cast("str", _setting("floatx"))


def set_floatx(dtype: str) -> None:
    """Make `dtype` the element type of layers that do not state one."""
    _set["floatx"] = check_value("floatx", dtype)


def epsilon() -> float:
    """Return the small number that keeps divisions and square roots away from zero."""
    return cast("float", _setting("epsilon"))


def set_epsilon(value: float) -> None:
    """Replace the number that `epsilon` returns."""
    _set["epsilon"] = check_value("epsilon", value)


def image_data_format() -> str:
    """Return 'channels_last' or 'channels_first', for layers that do not state one."""
    return cast("str", _setting("image_data_format"))


def set_image_data_format(data_format: str) -> None:
    """Make `data_format` that of layers that do not state one."""
    _set["image_data_format"] = check_value("image_data_format", data_format)


def reset() -> None:
    """Forget what was set and read, so that the next question reads keras.json again.

    `with` blocks stay in force.
    """
    with _lock.held():
        _set.clear()
        _read.clear()
        _owners.clear()
        registry.forget_sources()


def backend_of(tensor: object) -> Backend:
    """Return the backend whose framework `tensor` belongs to, loading it if necessary.

    Imports no framework: a framework that is not imported yet cannot have made the tensor.
    Raises `InvalidType` if no registered backend knows the tensor's type.

    >>> import numpy
    >>> backend_of(numpy.zeros(3)).name
    'numpy'
    """
    kind = type(tensor)
    owner = _owners.get(kind)
    if owner not in registry.loaded():  # also one whose plugin has been unregistered
        owner = _find_owner(tensor)
        _owners[kind] = owner
    return owner


def compute_by(kind: type, backend: Backend) -> None:
    """Let `backend_of` return that backend for tensors of a kind: symbolic ones, of no plugin."""
    _kinds.append((kind, backend))


def to_numpy(tensor: object) -> NumpyArray:
    """Return the values of any backend's tensor as a NumPy array of the same element type."""
    return backend_of(tensor).to_numpy(tensor)


def as_array(value: object) -> NumpyArray:
    """Return the values of any backend's tensor, or `value` as a NumPy array.

    NumPy alone refuses tensors that record gradients, are on another device or are of bfloat16.
    """
    try:
        owner = None if isinstance(value, list | tuple) else backend_of(value)
    except InvalidType:
        owner = None
    return np.asarray(value) if owner is None else owner.to_numpy(value)


def _find_owner(tensor: object) -> Backend:
    for kind_of_symbols, symbols in _kinds:
        if isinstance(tensor, kind_of_symbols):
            return symbols
    failures: list[Exception] = []
    infos = [entry.info for entry in registry.entries().values() if entry.info is not None]
    for info in sorted(infos, key=_asking_order):
        if info.framework not in sys.modules and info.name != DEFAULT_BACKEND:
            continue
        try:
            candidate = registry.load(info.name)
            is_owner = call(candidate.owns, tensor)
        except Exception as exc:  # noqa: BLE001 - reported below, unless another backend owns it
            failures.append(exc)
            continue
        if is_owner:
            return candidate
    kind = f"{type(tensor).__module__}.{type(tensor).__qualname__}"
    also = "".join(f" Could not be asked: {said(failure)}" for failure in failures)
    raise InvalidType(
        f"expected a tensor of a registered backend ({', '.join(sorted(registry.entries()))}), "
        f"received a {kind}. Convert it with `numpy.asarray(...)` first.{also}"
    ) from (failures[0] if failures else None)


def _asking_order(info: BackendInfo) -> tuple[bool, bool, str]:
    """Put NumPy first, and a framework's own backend before others that build on it."""
    return (info.name != DEFAULT_BACKEND, info.name != info.framework, info.name)


class _Block(AbstractContextManager[None]):
    """One `with` block; the same object may be entered again, also by other threads."""

    def __init__(
        self, blocks: ContextVar[tuple[str, ...]], name: str, check: Callable[[str], str]
    ) -> None:
        self._blocks = blocks
        self._name = name
        self._check = check

    def __enter__(self) -> None:
        self._blocks.set((*self._blocks.get(), self._check(self._name)))

    def __exit__(self, *exc: object) -> None:
        self._blocks.set(self._blocks.get()[:-1])


def _require_registered(name: str) -> str:
    check_value("backend", name)
    if not registry.is_known(name):
        registry.status(name)  # raises BackendNotFound, which lists the registered names
    return name


def _setting(key: str) -> str | float:
    value: str | float = _set[key] if key in _set else getattr(_config(), key)
    return value


def _config() -> Config:
    with _lock.held():
        if not _read:
            _read.append(load_config(config_path(os.environ), os.environ))
        return _read[0]
