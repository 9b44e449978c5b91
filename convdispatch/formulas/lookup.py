"""Names to objects and back, for every vocabulary of functions.

One reading of Keras's identifiers (a name, a config dictionary, an object, a callable) and one
wording of the errors about them. Nothing here knows what the objects compute.
"""

from __future__ import annotations

import difflib
import inspect
import math
import numbers
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields, is_dataclass
from typing import ClassVar, Self

from convdispatch.errors import InvalidArgument, InvalidDocument, InvalidType
from convdispatch.formulas.custom_objects import known
from convdispatch.support import documents

# Keys that Keras 3 writes beside 'class_name' and 'config' and that have no meaning here.
_KERAS3_KEYS = {"module", "registered_name", "build_config", "compile_config", "shared_object_id"}


class NotANameOfAny(InvalidType, InvalidArgument):
    """Raised for what names nothing; Keras 1 and 2 raise a `ValueError` for it."""


class Configured:
    """An object that a name and a configuration restore.

    Ours are frozen dataclasses, exactly their fields: equal and hashable by them. A user's
    subclass may be an ordinary class with its own `get_config`.
    """

    # The name under which Keras saves the class, where it differs from the class's own.
    keras_name: ClassVar[str | None] = None

    @classmethod
    def saved_name(cls) -> str:
        """Return the class name that configurations carry."""
        return cls.keras_name or cls.__name__

    @classmethod
    def from_config(cls, config: Mapping[str, object]) -> Self:
        """Return the object that `get_config` described; `config` is left as it was.

        Raises `InvalidDocument` for a configuration that describes none.
        """
        what = f"the configuration of {cls.saved_name()}"
        if not isinstance(config, Mapping):
            raise InvalidDocument(
                f"{what} must be a mapping, as `get_config` returns it; received "
                f"{documents.shown(config)}."
            )
        documents.require_readable(config)
        with documents.refusing(what):
            given = _without_silent(cls, config)
            require_parameters(cls, given, what=repr(cls.saved_name()))
            return cls(**given)

    def get_config(self) -> dict[str, object]:
        """Return the constructor's arguments; sequences come as lists, as JSON gives them back."""
        if not is_dataclass(self):
            return {}
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: list(v) if isinstance(v, tuple) else v for name, v in values.items()}

    def serialized(self) -> str | dict[str, object]:
        """Return the entry of a layer's configuration, in the form of Keras 2 and 3."""
        return {"class_name": self.saved_name(), "config": self.get_config()}

    def _settle(self, **values: object) -> None:
        """Store checked values in a frozen instance, from its `__post_init__` only."""
        for name, value in values.items():
            object.__setattr__(self, name, value)


def resolve(
    identifier: object, table: Mapping[str, Callable[..., object]], *, kind: str, base: type
) -> object:
    """Return the object that a name, a config dictionary or an object stands for.

    Names are those of `table`, exactly. A dictionary is `{'class_name', 'config'}` (Keras 2, 3)
    or `{'name', **config}` (Keras 1), and is left as it was. A subclass of `base` is instantiated;
    its instances and foreign callables are returned as they are.
    """
    identifier = known(identifier)
    if isinstance(identifier, str):
        return _build(identifier, {}, table, kind)
    if isinstance(identifier, Mapping):
        documents.require_readable(identifier)
        with documents.refusing():
            name, config = _read_config(identifier, kind)
            return _build(name, config, table, kind)
    if isinstance(identifier, type) and issubclass(identifier, base):
        require_parameters(identifier, {}, what=f"{kind} {identifier.__name__!r}")
        return identifier()
    is_foreign = callable(identifier) and not isinstance(identifier, Configured | type)
    if isinstance(identifier, base) or is_foreign:
        return identifier
    raise NotANameOfAny(
        f"cannot interpret {identifier!r} (of type {type(identifier).__name__}) as "
        f"{article(kind)}; allowed: a name, a dictionary with 'class_name' and 'config', or a "
        f"callable. The names are {quoted(table)}."
    )


def serialize(value: object) -> object:
    """Return the entry of a configuration for `value`.

    A foreign callable is stored by its name, as in Keras, so that `get_config` works with
    lambdas; a table that does not have the name refuses it when the configuration is read.
    """
    if value is None:
        return None
    if isinstance(value, Configured):
        return value.serialized()
    get_config = getattr(value, "get_config", None)
    if callable(get_config) and not isinstance(value, type):
        return {"class_name": type(value).__name__, "config": get_config()}
    return name_of(value)


def name_of(value: object) -> str:
    """Return the name of a function, or that of an object's class."""
    return str(getattr(value, "__name__", type(value).__name__))


def require_parameters(
    factory: Callable[..., object], config: Mapping[str, object], *, what: str
) -> None:
    """Raise `InvalidArgument` unless `factory(**config)` names and fills every parameter."""
    parameters = inspect.signature(factory).parameters
    if any(p.kind is inspect.Parameter.VAR_KEYWORD for p in parameters.values()):
        return
    for name in config:
        if name not in parameters:
            raise InvalidArgument(
                f"unknown parameter {name!r} of {what}; allowed: "
                f"{quoted(parameters) or 'no parameters'}. {hint(name, parameters)}"
            )
    required = [n for n, p in parameters.items() if p.default is inspect.Parameter.empty]
    missing = [name for name in required if name not in config]
    if missing:
        raise InvalidArgument(
            f"{what} needs {quoted(missing)}, received {quoted(config) or 'no parameters'}. "
            f"Give every one of them."
        )


def without_name(config: Mapping[str, object]) -> Mapping[str, object]:
    """Return a flat configuration of Keras 1 without the name of its class."""
    is_flat = isinstance(config, Mapping)
    return {k: v for k, v in config.items() if k != "name"} if is_flat else config


def number(value: object, name: str, *, at_least: float = -math.inf) -> float:
    """Return `value`, a finite real number not below `at_least`, as a float; else raise."""
    # NumPy's numbers are registered with `numbers`; a bool would be read as 0 or 1 by mistake.
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise InvalidType(
            f"`{name}` must be a number, received {value!r} of type {type(value).__name__}. "
            f"Pass an int or a float."
        )
    try:
        result = float(value)
    except OverflowError:  # an integer or a fraction beyond the greatest float
        result = math.inf
    if not math.isfinite(result) or result < at_least:
        lowest = "" if at_least == -math.inf else f", at least {at_least:g}"
        raise InvalidArgument(
            f"`{name}` must be a finite number{lowest}, received {documents.shown(value)}. "
            f"Pass such a number."
        )
    return result


def integer(value: object, name: str, *, at_least: float = -math.inf) -> int:
    """Return `value`, an int or a NumPy integer not below `at_least`, as an int; else raise."""
    if isinstance(value, bool) or not isinstance(value, numbers.Integral):
        raise InvalidType(
            f"`{name}` must be an integer, received {value!r} of type {type(value).__name__}. "
            f"Pass an int."
        )
    if value < at_least:
        raise InvalidArgument(
            f"`{name}` must be an integer, at least {at_least:g}, received {value!r}. Pass one."
        )
    return int(value)


def hint(name: str, known: Iterable[str]) -> str:
    """Return a sentence that proposes the closest known name, or asks for one of them."""
    names = list(known)
    bare = [_bare(other) for other in names]
    closest = difflib.get_close_matches(_bare(name), bare, n=1)
    alike = [other for other in names if _bare(other) in closest]
    close = difflib.get_close_matches(name, alike, n=1, cutoff=0.0)
    return f"Did you mean {close[0]!r}?" if close else "Use one of the allowed names."


def quoted(names: Iterable[str]) -> str:
    """Return the names as a message lists them."""
    return ", ".join(repr(name) for name in names)


def article(kind: str) -> str:
    """Return the noun with its indefinite article."""
    return f"{'an' if kind[0] in 'aeiou' else 'a'} {kind}"


def _bare(name: str) -> str:
    return name.strip().lower().replace("_", "")


def _build(
    name: str,
    config: Mapping[str, object],
    table: Mapping[str, Callable[..., object]],
    kind: str,
) -> object:
    own = known(name)
    if own is not name:
        return own(**config) if isinstance(own, type) else own
    if name not in table:
        raise InvalidArgument(
            f"unknown {kind} {name!r}; allowed: {quoted(table)}. {hint(name, table)}"
        )
    factory = table[name]
    given = _without_silent(factory, config)
    require_parameters(factory, given, what=f"{kind} {name!r}")
    return factory(**given)


def _without_silent(
    factory: Callable[..., object], config: Mapping[str, object]
) -> dict[str, object]:
    """Return the configuration without a Keras's keys that have no meaning here.

    That is the element type in which TensorFlow 1 drew, and the wrapping of Keras 3's seeds.
    """
    given = dict(config)
    if "dtype" in given and "dtype" not in inspect.signature(factory).parameters:
        del given["dtype"]
    seed = given.get("seed")
    if isinstance(seed, Mapping) and seed.get("class_name") == "SeedGenerator":
        wrapped = seed.get("config")
        given["seed"] = wrapped.get("seed") if isinstance(wrapped, Mapping) else wrapped
    return given


def _read_config(identifier: Mapping[object, object], kind: str) -> tuple[str, dict[str, object]]:
    rest = {str(key): value for key, value in identifier.items() if key not in _KERAS3_KEYS}
    name = rest.pop("class_name", None) or rest.pop("name", None)
    config = rest.pop("config", rest)
    if name == "function" and isinstance(config, str):  # so Keras 3 saves a user's function
        return config, {}
    if isinstance(name, str) and isinstance(config, Mapping):
        return name, {str(key): value for key, value in config.items()}
    raise InvalidArgument(
        f"cannot read {dict(identifier)!r} as the configuration of {article(kind)}; allowed: "
        f"{{'class_name': NAME, 'config': {{...}}}} or {{'name': NAME, ...}}. "
        f"Pass what `get_config` or `serialize` returned."
    )
