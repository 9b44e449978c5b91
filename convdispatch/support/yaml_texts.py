"""Read YAML of unknown origin as JSON's types: nothing is made of it but lists, texts and numbers.

Keras 1 and 2 wrote it, with Python's tuples in it, which become lists. Aliases are refused: a few
lines of them stand for any number of values.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import TYPE_CHECKING, Any

from convdispatch.errors import InvalidDocument, PackageMissing, install_command
from convdispatch.support.documents import (
    DEFAULT_LIMITS,
    DocumentLimits,
    require_readable,
    shown,
)

if TYPE_CHECKING:
    import yaml

_MOST_CHARACTERS = 10_000_000
_KNOWN = ("null", "bool", "int", "float", "str")
_TUPLE, _TEXTS = "python/tuple", ("python/unicode", "python/str")
_TAG = "tag:yaml.org,2002:"


def parsed_yaml(text: object, limits: DocumentLimits = DEFAULT_LIMITS) -> Any:
    """Return the value of a YAML text, or raise `InvalidDocument`."""
    if not isinstance(text, str):
        raise InvalidDocument(f"`yaml_string` must be a string; received {type(text).__name__}.")
    if len(text) > _MOST_CHARACTERS:
        raise InvalidDocument(
            f"`yaml_string` has {len(text):,} characters; at most {_MOST_CHARACTERS:,} are read."
        )
    try:
        import yaml
    except ImportError as exc:
        raise PackageMissing(
            f"`model_from_yaml` needs the package PyYAML. Run `{install_command('files')}`."
        ) from exc
    try:
        _require_plain(yaml, text, limits)
        document = yaml.load(text, Loader=_loader(yaml))
    except InvalidDocument:
        raise
    except yaml.YAMLError as exc:
        first = " ".join(str(exc).split())
        raise InvalidDocument(f"`yaml_string` is no YAML that is read here: {first}.") from exc
    except (ValueError, OverflowError) as exc:  # a number that is none
        raise InvalidDocument(f"`yaml_string` has a number that cannot be read: {exc}.") from exc
    require_readable(document, limits)
    return document


def _require_plain(module: Any, text: str, limits: DocumentLimits) -> None:
    """Raise unless the text is of bounded depth and size, and has no alias and no strange tag."""
    depth = 0
    for count, event in enumerate(module.parse(text, Loader=module.SafeLoader), start=1):
        limits.require("values", count, f"`yaml_string` holds at least {count:,} values")
        if isinstance(event, module.CollectionStartEvent):
            depth += 1
            limits.require("depth", depth, f"`yaml_string` is nested more than {depth - 1} deep")
        elif isinstance(event, module.CollectionEndEvent):
            depth -= 1
        if getattr(event, "anchor", None) is not None:
            raise InvalidDocument(
                f"`yaml_string` has the alias {shown(event.anchor)}, which is not read: a few of "
                "them stand for any number of values. Write what it stands for in its place."
            )
        _require_known(getattr(event, "tag", None))


def _require_known(tag: object) -> None:
    name = "" if tag is None else str(tag).removeprefix(_TAG)
    if name not in ("", "!", "map", "seq", *_KNOWN, _TUPLE, *_TEXTS):
        raise InvalidDocument(
            f"`yaml_string` has a value of the type {shown(name)}, which is not read: only lists, "
            "mappings, texts, numbers and Python's tuples are."
        )


def _loader(module: Any) -> type[yaml.SafeLoader]:
    """Return a loader of JSON's types, which refuses a key that comes twice."""

    class Loader(module.SafeLoader):  # type: ignore[misc]  # of an optional package
        yaml_implicit_resolvers = {  # noqa: RUF012 - PyYAML's way: no dates, no merged mappings
            first: [one for one in pairs if one[0].removeprefix(_TAG) in _KNOWN]
            for first, pairs in module.SafeLoader.yaml_implicit_resolvers.items()
        }

        def construct_mapping(self, node: Any, deep: bool = False) -> dict[Hashable, Any]:
            found: dict[Hashable, Any] = {}
            for key_node, value_node in node.value:
                key = self.construct_object(key_node, deep=True)
                if not isinstance(key, str):
                    raise InvalidDocument(
                        f"the keys of `yaml_string` must be texts; received {shown(key)}."
                    )
                if key in found:
                    raise InvalidDocument(
                        f"`yaml_string` has a mapping with the key {shown(key)} twice. Keep one."
                    )
                found[key] = self.construct_object(value_node, deep=True)
            return found

    Loader.add_constructor(f"{_TAG}map", lambda loader, node: loader.construct_mapping(node))
    Loader.add_constructor(
        f"{_TAG}{_TUPLE}", lambda loader, node: loader.construct_sequence(node, deep=True)
    )
    for name in _TEXTS:
        Loader.add_constructor(f"{_TAG}{name}", lambda loader, node: loader.construct_scalar(node))
    return Loader
