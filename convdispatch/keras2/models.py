"""Models under Keras 2's module path."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from convdispatch import models
from convdispatch.doors.elsewhere import finder
from convdispatch.facades.models import make_model
from convdispatch.formulas.dialects import KERAS2
from convdispatch.models._reading import model_of_document, read_model
from convdispatch.models.cloning import clone_model
from convdispatch.models.files.loading import Wishes, load_as
from convdispatch.models.files.writing import save_model
from convdispatch.saving.limits import DEFAULT_FILE_LIMITS, FileLimits
from convdispatch.support.documents import DEFAULT_LIMITS, DocumentLimits, require_readable
from convdispatch.support.yaml_texts import parsed_yaml

__all__ = [
    "Model",
    "Sequential",
    "clone_model",
    "load_model",
    "model_from_config",
    "model_from_json",
    "model_from_yaml",
    "save_model",
]

Sequential: Any = make_model(models.Sequential, KERAS2, __name__)
Model: Any = make_model(models.Model, KERAS2, __name__)

_CLASSES = (Sequential, Model)
_DOOR = "convdispatch.keras2.layers"  # a real Keras 2's entries name their classes only


def model_from_json(
    json_string: str, custom_objects: Mapping[str, Any] | None = None, **wishes: Any
) -> Any:
    """Make a model from what `to_json` of a Keras returned; see `convdispatch.model_from_json`."""
    return read_model(json_string, _CLASSES, custom_objects, door=_DOOR, **wishes)


def load_model(
    filepath: Any,
    custom_objects: Mapping[str, Any] | None = None,
    compile: bool = True,  # noqa: A002 - Keras's name
    *,
    trained_on: str | None = None,
    dim_ordering: str | None = None,
    backend: str | None = None,
    limits: FileLimits = DEFAULT_FILE_LIMITS,
    untrusted: bool = False,
) -> Any:
    """Make the model that a file of any Keras holds; see `convdispatch.load_model`."""
    wishes = Wishes(
        custom_objects=custom_objects or {},
        compiles=compile,
        trained_on=trained_on,
        dim_ordering=dim_ordering,
        backend=backend,
        limits=limits.of(untrusted),
    )
    return load_as(_CLASSES, filepath, wishes)


def model_from_yaml(
    yaml_string: str,
    custom_objects: Mapping[str, Any] | None = None,
    *,
    limits: DocumentLimits = DEFAULT_LIMITS,
    **wishes: Any,
) -> Any:
    """Make a model from what `to_yaml` of a Keras returned, with new weights.

    Nothing is made of the text but lists, mappings, texts and numbers. The rest is as of
    `convdispatch.model_from_json`.
    """
    document = parsed_yaml(yaml_string, limits)
    return model_of_document(
        document, _CLASSES, custom_objects, door=_DOOR, limits=limits, **wishes
    )


def model_from_config(
    config: Mapping[str, Any], custom_objects: Mapping[str, Any] | None = None, **wishes: Any
) -> Any:
    """Make a model from a parsed document, as `convdispatch.model_from_json` does of its text."""
    require_readable(config, wishes.get("limits", DEFAULT_LIMITS))
    return model_of_document(config, _CLASSES, custom_objects, door=_DOOR, **wishes)


if not TYPE_CHECKING:  # for type checkers there is nothing to find
    __getattr__ = finder(__name__)
