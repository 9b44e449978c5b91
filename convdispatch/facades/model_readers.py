"""The functions of a façade that read models: documents and files of any Keras."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from convdispatch.models._reading import Classes, model_of_document, read_model
from convdispatch.models.files.loading import Wishes, load_as
from convdispatch.saving.limits import DEFAULT_FILE_LIMITS, FileLimits
from convdispatch.support.documents import DEFAULT_LIMITS, DocumentLimits, require_readable
from convdispatch.support.yaml_texts import parsed_yaml


class Readers:
    """Make models of a façade's classes.

    `door` is the module of its layers: a real Keras's entries name their classes only.
    """

    def __init__(self, classes: Classes, door: str) -> None:
        self._classes = classes
        self._door = door

    def model_from_json(
        self, json_string: str, custom_objects: Mapping[str, Any] | None = None, **wishes: Any
    ) -> Any:
        """Make a model of what `to_json` of a Keras returned; see `convdispatch.model_from_json`.

        Its weights are new.
        """
        return read_model(json_string, self._classes, custom_objects, door=self._door, **wishes)

    def model_from_yaml(
        self,
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
        return self._model_of(document, custom_objects, limits=limits, **wishes)

    def model_from_config(
        self,
        config: Mapping[str, Any],
        custom_objects: Mapping[str, Any] | None = None,
        **wishes: Any,
    ) -> Any:
        """Make a model from a parsed document, as `convdispatch.model_from_json` of its text."""
        require_readable(config, wishes.get("limits", DEFAULT_LIMITS))
        return self._model_of(config, custom_objects, **wishes)

    def load_model(
        self,
        filepath: Any,
        custom_objects: Mapping[str, Any] | None = None,
        *,
        trained_on: str | None = None,
        dim_ordering: str | None = None,
        backend: str | None = None,
        limits: FileLimits = DEFAULT_FILE_LIMITS,
        untrusted: bool = False,
    ) -> Any:
        """Make the model that a file of any Keras holds; see `convdispatch.load_model`."""
        files = {"trained_on": trained_on, "dim_ordering": dim_ordering, "backend": backend}
        return self._load(filepath, custom_objects, limits.of(untrusted), **files)

    def _load(
        self,
        filepath: Any,
        custom_objects: Mapping[str, Any] | None,
        limits: FileLimits,
        **wishes: Any,
    ) -> Any:
        own = Wishes(custom_objects=custom_objects or {}, limits=limits, **wishes)
        return load_as(self._classes, filepath, own)

    def _model_of(
        self, document: Any, custom_objects: Mapping[str, Any] | None, **wishes: Any
    ) -> Any:
        return model_of_document(document, self._classes, custom_objects, door=self._door, **wishes)


class CompilingReaders(Readers):
    """Those of a Keras whose `load_model` may leave the model without optimizer and losses."""

    def load_model(
        self,
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
        files = {"trained_on": trained_on, "dim_ordering": dim_ordering, "backend": backend}
        return self._load(filepath, custom_objects, limits.of(untrusted), compiles=compile, **files)
