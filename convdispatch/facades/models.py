"""The models of a façade: ours, with its dialect and with its signatures of methods."""

from __future__ import annotations

import functools
import importlib
import inspect
import json
from collections.abc import Callable, Mapping
from types import new_class
from typing import Any

from convdispatch.doors.old_interfaces import Interface
from convdispatch.doors.rows import Method
from convdispatch.errors import MissingPackage
from convdispatch.facades.asked_of_models import ASKED, losses_of
from convdispatch.facades.bases import Base
from convdispatch.facades.interfaces import translated
from convdispatch.facades.layer_lists import end_setter, kept_list
from convdispatch.facades.signatures import parsed
from convdispatch.formulas.dialects import Dialect
from convdispatch.formulas.keywords import require_stated
from convdispatch.models import Model, Sequential
from convdispatch.models._entries import holds_models
from convdispatch.support.warnings import warn

_METHODS = {"Model": "__init__"}
# What our methods take beside the words of each Keras.
_MORE = {"fit": ("resume",)}
_LONG = ("fit", "evaluate", "fit_generator", "evaluate_generator", "predict_generator")


def make_model(base: type[Any], dialect: Dialect, module: str) -> type[Any]:
    """Return the class of models of a façade that does what `base` does."""

    def fill(body: dict[str, Any]) -> None:
        body.update(__module__=module, __doc__=base.__doc__, dialect=dialect)
        body.update(ASKED, losses=losses_of(base))
        body["covers"] = (Sequential,) if base is Model else ()
        body["layers"] = kept_list(base)
        body["_set_end"] = end_setter(base)
        body["to_yaml"] = _to_yaml
        for name in ("predict", "test", "train"):
            body[f"_make_{name}_function"] = _make_nothing
        if not hasattr(base, "from_config"):
            body["from_config"] = classmethod(_from_config)
        else:
            body["from_config"] = _with_models(base.from_config)
        for name, method in dialect.methods.items():
            if base.__name__ in method.of:
                body[name.rpartition(".")[2]] = _method(base, name.rpartition(".")[2], method)

        for name in _LONG if dialect.old_arguments else ():
            body[name] = _naming(base, name, dialect.old_arguments)
        for owner in ("Model", *_LONG):
            interface, word = dialect.old_interfaces.get(owner), _METHODS.get(owner, owner)
            if interface is not None and owner in (base.__name__, word):
                body[word] = _taking(base, body.get(word), word, interface)
        if dialect.old_interfaces:
            body["fit"] = _fit(body["fit"])

    made: type[Any] = new_class(base.__name__, (base,), {"metaclass": Base}, fill)
    return made


def _make_nothing(self: Any) -> None:
    """Do nothing: scripts call it before threads, where a Keras made its functions on first use."""


def _to_yaml(self: Any, **options: Any) -> str:
    """Return the configuration as YAML, which `model_from_yaml` reads."""
    try:
        yaml: Any = importlib.import_module("yaml")
    except ImportError as exc:
        raise MissingPackage(
            f"`to_yaml` needs the package pyyaml: {exc}. Try `pip install pyyaml`."
        ) from exc
    return str(yaml.safe_dump(json.loads(self.to_json()), **options))


def _from_config(cls: Any, config: Mapping[str, Any], custom_objects: Any = None) -> Any:
    """Return a new model for what `get_config` returned."""
    models: Any = importlib.import_module(cls.__module__)
    document = {"class_name": "Model", "config": config}
    return models.model_from_config(document, custom_objects=custom_objects)


def _with_models(like: Any) -> Any:
    """Return `from_config` of a stack, which may hold models."""

    @functools.wraps(like.__func__)
    def from_config(cls: Any, config: Any, custom_objects: Any = None, **wishes: Any) -> Any:
        if not holds_models(config):
            return like.__func__(cls, config, custom_objects=custom_objects, **wishes)
        models: Any = importlib.import_module(cls.__module__)
        document = {"class_name": "Sequential", "config": config}
        return models.model_from_config(document, custom_objects=custom_objects, **wishes)

    made: Any = from_config
    return classmethod(made)


def _method(base: type[Any], name: str, method: Method) -> Callable[..., Any]:
    """Return a method that takes the arguments of this Keras and hands them on under our names."""
    like = getattr(base, method.like or name)
    own = parsed(method.arguments)
    stated = inspect.Signature(list(own.values()))

    def call(self: Any, *arguments: Any, **keywords: Any) -> Any:
        for word in method.ignored.keys() & keywords.keys():
            del keywords[word]
            warn(method.ignored[word])
        more = {word: keywords.pop(word) for word in _MORE.get(name, ()) if word in keywords}
        given = _bound(stated, name, arguments, keywords, method.renames)
        return like(self, **given, **more)

    call.__name__, call.__doc__ = name, like.__doc__
    call.__qualname__ = f"{base.__name__}.{name}"
    call.old_words = frozenset(method.ignored)  # type: ignore[attr-defined]  # what is asked
    this = inspect.Parameter("self", inspect.Parameter.POSITIONAL_OR_KEYWORD)
    call.__signature__ = inspect.Signature([this, *own.values()])  # type: ignore[attr-defined]
    return call


def _bound(
    stated: inspect.Signature,
    name: str,
    arguments: tuple[Any, ...],
    keywords: Mapping[str, Any],
    renames: Mapping[str, str],
) -> dict[str, Any]:
    """Return the arguments under our names, defaults included; raise for one that is unknown.

    A size of batches that is not given stays so: it is the stated one, or that of states.
    """
    meant = {word: ours for ours, word in renames.items()}
    require_stated(keywords, list(stated.parameters), f"`{name}`", meant)
    bound = stated.bind(*arguments, **keywords)
    is_sized = "batch_size" in bound.arguments
    bound.apply_defaults()
    if not is_sized:
        bound.arguments.pop("batch_size", None)
    return {renames.get(name, name): value for name, value in bound.arguments.items()}


def _taking(
    base: type[Any], method: Callable[..., Any] | None, name: str, interface: Interface
) -> Callable[..., Any]:
    """Return a method that takes the words of the Keras before, too, with its warning."""
    like = method or getattr(base, name)

    @functools.wraps(like)
    def call(self: Any, *arguments: Any, **keywords: Any) -> Any:
        args, keywords = translated(type(self).__name__, interface, (self, *arguments), keywords)
        return like(*args, **keywords)

    call.old_words = interface.words  # type: ignore[attr-defined]  # what is asked for them
    return call


def _fit(like: Callable[..., Any]) -> Callable[..., Any]:
    """Return `fit` with Keras 1's name of the epochs, as Keras 2 takes it by itself."""

    @functools.wraps(like)
    def fit(self: Any, *arguments: Any, **keywords: Any) -> Any:
        if "nb_epoch" in keywords:
            warn("The `nb_epoch` argument in `fit` has been renamed `epochs`.")
            keywords["epochs"] = keywords.pop("nb_epoch")
        return like(self, *arguments, **keywords)

    fit.old_words = frozenset({"nb_epoch"})  # type: ignore[attr-defined]  # what is asked for them
    return fit


def _naming(base: type[Any], name: str, meant: Mapping[str, str]) -> Callable[..., Any]:
    """Return a method that says what an argument of another Keras is called."""
    like = getattr(base, name)
    stated = list(inspect.signature(like).parameters)[1:]
    called = base.__name__ if name == "__init__" else name

    @functools.wraps(like)
    def call(self: Any, *arguments: Any, **keywords: Any) -> Any:
        require_stated(keywords, stated, f"`{called}`", meant)
        return like(self, *arguments, **keywords)

    call.__qualname__ = f"{base.__name__}.{name}"
    return call
