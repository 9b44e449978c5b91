"""Check a plugin's description of a backend, once, when it is collected.

The checked description holds only plain strings, numbers and dictionaries, without any other
behaviour of the plugin's values. Nothing checks it again.
"""

from __future__ import annotations

import math
import numbers
import os
import re
from collections.abc import Callable, Mapping
from typing import Any, NoReturn, TypeVar

from convdispatch.errors import PluginError
from convdispatch.ops import PROTOCOL, Accuracy, BackendInfo, Capabilities
from convdispatch.support.foreign import shown

T = TypeVar("T")

# A name is typed in a terminal, listed with commas, and part of the names of tests and of files.
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}")
_WORD_FOR_EVERY = "all"  # where names are given


def checked(info: object) -> BackendInfo:
    """Return the description with every field checked; raise `PluginError`, which names the field.

    >>> info = BackendInfo(name="a b", framework="json", load="x:y", install="pip install x")
    >>> checked(info)
    Traceback (most recent call last):
    convdispatch.errors.PluginError: `BackendInfo.name` is 'a b'. Give 1 to 100 letters, digits, \
'_', '-' and '.', beginning with a letter, a digit or '_', and not 'all'.
    """
    if not isinstance(info, BackendInfo):
        raise PluginError(
            f"convdispatch_backends() gave {shown(info)}, which is not a BackendInfo. Return a "
            "list of `convdispatch.ops.BackendInfo`."
        )
    return BackendInfo(
        name=_name(info.name),
        framework=_framework(info.framework),
        load=_load(info.load),
        install=_install(info.install),
        capabilities=_capabilities(info.capabilities),
        protocol=_protocol(info.protocol),
        launch=None if info.launch is None else _load(info.launch, "launch"),
        test_environment=_mapping(
            info.test_environment, "test_environment", _environment_name, _environment_value
        ),
    )


def name_of(info: object) -> str | None:
    """Return the name in a description whose other fields may be wrong, or None."""
    try:
        return _name(info.name) if isinstance(info, BackendInfo) else None
    except (PluginError, AttributeError):
        return None


def _refuse(field: str, value: object, allowed: str) -> NoReturn:
    raise PluginError(f"`BackendInfo.{field}` is {shown(value)}. {allowed}")


def _name(value: object) -> str:
    name = _plain(value)
    if name is None or not _NAME.fullmatch(name) or name == _WORD_FOR_EVERY:
        _refuse(
            "name",
            value,
            "Give 1 to 100 letters, digits, '_', '-' and '.', beginning with a letter, a digit or "
            "'_', and not 'all'.",
        )
    return name


def _framework(value: object) -> str:
    name = _plain(value)
    if name is None or not _is_module(name):
        _refuse("framework", value, "Give the name of the module to look for, such as 'numpy'.")
    return name


def _load(value: object, field: str = "load") -> str:
    text = _plain(value)
    module, _, attribute = (text or "").partition(":")
    if text is None or not _is_module(module) or not attribute.isidentifier():
        _refuse(field, value, "Give 'module:attribute', such as 'my_package._backend:backend'.")
    return text


def _install(value: object) -> str:
    text = _plain(value)
    if text is None or not text.isprintable():
        _refuse("install", value, "Give the command that installs what is missing, as one line.")
    return text


def _capabilities(value: object) -> Capabilities:
    if not isinstance(value, Capabilities):
        _refuse("capabilities", value, "Give a `convdispatch.ops.Capabilities`.")
    return Capabilities(
        unsupported=_mapping(value.unsupported, "capabilities.unsupported", _feature, _reason),
        accuracy=_mapping(value.accuracy, "capabilities.accuracy", _feature, _accuracy),
    )


def _protocol(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        _refuse("protocol", value, f"Give the version of the protocol, {PROTOCOL}.")
    return int(value)


def _mapping(
    value: object,
    field: str,
    check_key: Callable[[Any, str], str],
    check_value: Callable[[Any, str], T],
) -> dict[str, T]:
    if not isinstance(value, Mapping):
        _refuse(field, value, "Give a dictionary.")
    return {
        check_key(key, field): check_value(item, f"{field}[{shown(key)}]")
        for key, item in dict(value).items()
    }


def _feature(value: object, field: str) -> str:
    name = _plain(value)
    if not name or not name.isprintable() or " " in name:
        _refuse(field, value, "Its keys are features, as `convdispatch.ops.features` spells them.")
    return name


def _reason(value: object, field: str) -> str:
    text = _plain(value)
    if text is None or not text.strip() or not _is_prose(text):
        _refuse(field, value, "Give the reason, a sentence that a user can act on.")
    return text


def _accuracy(value: object, field: str) -> Accuracy:
    if not isinstance(value, Accuracy):
        _refuse(field, value, "Give a `convdispatch.ops.Accuracy`.")
    factor = value.factor
    is_number = isinstance(factor, numbers.Real) and not isinstance(factor, bool)
    if not is_number or not math.isfinite(factor) or factor < 1:
        _refuse(f"{field}.factor", factor, "Give a finite number from 1.")
    return Accuracy(factor=float(factor), reason=_reason(value.reason, f"{field}.reason"))


def _environment_name(value: object, field: str) -> str:
    name = _plain(value)
    if not name or not name.isprintable() or "=" in name:
        _refuse(field, value, "Its keys are names of environment variables.")
    return name


def _environment_value(value: object, field: str) -> str:
    text = _plain(value)
    if text is None or "\0" in text or not _is_encodable(text):
        _refuse(field, value, "Give the value of an environment variable, a string.")
    return text


def _plain(value: object) -> str | None:
    """Return a plain string, or None; a subclass of str could do anything."""
    return str.__str__(value) if isinstance(value, str) else None


def _is_module(name: str) -> bool:
    return all(part.isidentifier() for part in name.split("."))


def _is_prose(text: str) -> bool:
    return all(character.isprintable() or character in "\n\t\u00a0" for character in text)


def _is_encodable(text: str) -> bool:
    try:
        os.fsencode(text)
    except UnicodeEncodeError:
        return False
    return True
