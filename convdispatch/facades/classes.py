"""From the rows of a table to classes, which translate arguments and pass them on."""

from __future__ import annotations

import inspect
import types
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar

from convdispatch import layers
from convdispatch.doors.old_interfaces import Interface
from convdispatch.doors.rows import Row, Spelled, names_in
from convdispatch.engine import layer_options
from convdispatch.engine.arguments import as_choice, as_int
from convdispatch.facades.asked import Asked
from convdispatch.facades.documentation import Documentation
from convdispatch.facades.functional import functional_form
from convdispatch.facades.interfaces import translated
from convdispatch.facades.phased import Phased
from convdispatch.facades.signatures import (
    Spelling,
    has_own_arguments,
    signature,
    spelling,
)
from convdispatch.formulas.dialects import Dialect
from convdispatch.symbolic.extended import Overridable


class FacadeLayer(Asked, Overridable):
    """What makes a layer one of a façade's: it has the words of its dialect."""

    row: ClassVar[Row]

    if not TYPE_CHECKING:  # type checkers know no words of another Keras

        def __getattr__(self, name: str) -> Any:
            """Return an argument by this Keras's name of it, where no attribute has that name."""
            for argument, spelled in self.spelling.items():
                if name == spelled:
                    return getattr(self, argument)
                if isinstance(spelled, tuple) and name in spelled:
                    return _as_tuple(getattr(self, argument))[spelled.index(name)]
            for ours in self.dialect.old_weights.get(name, ()):
                if hasattr(type(self), ours):
                    return getattr(self, ours)
            if name.lstrip("_") == "inbound_nodes":
                return list(self._calls)
            if name.lstrip("_") == "outbound_nodes":
                return []  # of no use here: scripts empty it after `model.layers.pop()`
            raise AttributeError(
                f"{type(self).__name__!r} object has no attribute {name!r}", name=name, obj=self
            )

    @classmethod
    def _stem(cls) -> str:
        return cls.__name__.lower() if cls.dialect.joins_words else super()._stem()

    def in_own_words(self, argument: str, value: object) -> object:
        """Return a value of this package's argument as users of this Keras write it."""
        if argument == "data_format" and isinstance(value, str):
            words = {ours: word for word, ours in self.dialect.data_formats.items() if ours}
            return words.get(value.lower(), value)
        return value

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments under this Keras's names."""
        config: dict[str, Any] = {}
        for argument, value in super().get_config().items():
            spelled = self.spelling.get(argument, argument)
            if isinstance(spelled, tuple):
                config.update(zip(spelled, _as_tuple(value), strict=True))
            elif spelled is not None:
                config[spelled] = self.in_own_words(argument, value)
        return config


def _as_tuple(value: Any) -> tuple[Any, ...]:
    """Return the values an axis, of which one axis may have one without a tuple."""
    return tuple(value) if isinstance(value, tuple | list) else (value,)


def make_classes(
    base: type[FacadeLayer],
    module: str,
    exceptions: Mapping[str, type[layers.Layer]],
    texts: Mapping[str, str] = MappingProxyType({}),
) -> dict[str, Any]:
    """Return what a module of a façade offers: its rows as classes, by every name of each.

    Beside a class whose row names a function stands that function.

    base: what all layers of the façade are, with its dialect and door.
    exceptions: by name, what stands between such a class and the one that it translates.
    texts: by name, the documentation where it is not that of the class that it translates.
    """
    made: dict[str, Any] = {}
    for row in base.dialect.layers[module.rpartition(".")[2]]:
        one = make_class(row, base, module, exceptions.get(row.name), texts.get(row.name, ""))
        made.update(dict.fromkeys(row.names, one))
        if row.function:
            made[row.function] = functional_form(one, row.function)
    return made


def make_class(
    row: Row,
    base: type[FacadeLayer],
    module: str,
    exception: type[layers.Layer] | None = None,
    text: str = "",
) -> type[FacadeLayer]:
    """Return the class of one row: a layer of this package under another Keras's names."""
    likeness = getattr(layers, row.likeness)
    between = () if exception is None else (exception,)
    contents: dict[str, Any] = {
        "__module__": module,
        "__qualname__": row.name,
        "__doc__": Documentation(row, likeness, text),
        "row": row,
    }
    if has_own_arguments(row):
        contents["spelling"] = spelled = spelling(row, likeness, base.dialect)
        contents["__init__"] = _constructor(
            row, signature(row, likeness, spelled), base.dialect, spelled
        )
    interface = base.dialect.old_interfaces.get(row.name)
    if interface is not None:
        contents["old_words"] = interface.words
        contents["__init__"] = _taking(row, interface, contents.get("__init__"))
    phased = (Phased,) if row.name in base.dialect.phased_layers else ()
    bases = (base, *phased, *between, likeness)
    return types.new_class(row.name, bases, exec_body=lambda body: body.update(contents))


def _constructor(
    row: Row, shown: inspect.Signature, dialect: Dialect, spelled: Spelling
) -> Callable[..., None]:
    """Return a constructor with that signature, which hands on what each argument means."""
    settled = {
        name: dialect.settled[name]
        for name, own in spelled.items()
        if own is None and name in dialect.settled
    }

    def __init__(self: FacadeLayer, *given: Any, **keywords: Any) -> None:  # noqa: N807 - it is one
        layer_options.require_own_keywords(type(self), keywords)
        try:
            bound = shown.bind(self, *given, **keywords)
        except TypeError as exc:
            raise TypeError(f"{row.name}.__init__(): {exc}") from None
        bound.apply_defaults()  # this Keras's, which may be others than ours
        own = {name: value for name, value in bound.arguments.items() if name != "self"}
        arguments = own.pop("options") | settled
        for name, meant in spelled.items():
            if not own.keys().isdisjoint(names_in(meant)):
                arguments[name] = _value(name, meant, own, shown, dialect)
        super(FacadeLayer, self).__init__(**arguments, **own)

    __init__.__qualname__ = f"{row.name}.__init__"
    __init__.__signature__ = shown  # type: ignore[attr-defined]  # what `inspect` looks for
    return __init__


def _taking(
    row: Row, interface: Interface, constructor: Callable[..., None] | None
) -> Callable[..., None]:
    """Return the constructor, or that of the class that is translated, for the Keras before too."""

    def __init__(self: FacadeLayer, *given: Any, **keywords: Any) -> None:  # noqa: N807 - it is one
        args, keywords = translated(type(self).__name__, interface, (self, *given), keywords)
        if constructor is None:
            super(FacadeLayer, self).__init__(*args[1:], **keywords)
        else:
            constructor(*args, **keywords)

    __init__.__qualname__ = f"{row.name}.__init__"
    if constructor is not None:
        __init__.__signature__ = inspect.signature(constructor)  # type: ignore[attr-defined]
    return __init__


def _value(
    name: str,
    spelled: Spelled | None,
    own: dict[str, Any],
    shown: inspect.Signature,
    dialect: Dialect,
) -> Any:
    """Take what spells an argument of this package's out of `own`, and return its value."""
    if isinstance(spelled, tuple):
        values = {one: own.pop(one) for one in spelled}
        if all(value is None is shown.parameters[one].default for one, value in values.items()):
            return None
        return tuple(as_int(value, one) for one, value in values.items())
    assert spelled is not None
    if name == "data_format":
        words = dialect.data_formats
        return words[as_choice(own.pop(spelled), tuple(words), spelled)]
    return own.pop(spelled)
