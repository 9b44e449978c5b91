"""YAML of models is read as lists, mappings, texts and numbers, and nothing else is made of it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from places import LEGACY

import convdispatch
from convdispatch import keras1, keras2
from convdispatch.errors import InvalidDocument
from convdispatch.support.documents import DocumentLimits
from convdispatch.support.yaml_texts import parsed_yaml

yaml = pytest.importorskip("yaml", reason="YAML needs the package PyYAML")


def with_tuples(value: Any) -> Any:
    """Return a document with tuples for lists of numbers, as the Kerases wrote them."""
    if isinstance(value, dict):
        return {key: with_tuples(one) for key, one in value.items()}
    if isinstance(value, list):
        made = [with_tuples(one) for one in value]
        return tuple(made) if all(isinstance(one, int | None) for one in made) else made
    return value


@pytest.mark.parametrize(
    ("models", "folder"),
    [(keras1.models, "keras1_theano"), (keras2.models, "keras2_theano")],
    ids=["keras1", "keras2"],
)
def test_a_model_of_yaml_is_that_of_json(models: Any, folder: str) -> None:
    """`to_yaml` was `yaml.dump`, which writes Python's tuples as such."""
    text = (LEGACY / folder / "trained.json").read_text(encoding="utf-8")
    written = yaml.dump(with_tuples(json.loads(text)))
    assert "!!python/tuple" in written
    with convdispatch.use_backend("numpy"):
        model = models.model_from_yaml(written)
        same = models.model_from_json(text)
        assert model.get_config()["layers"] == same.get_config()["layers"]
    assert isinstance(model, models.Sequential)


def test_values_have_json_s_types() -> None:
    """A date stays a text; what Python 2 wrote as unicode is one."""
    text = "a: [1, 2.5, x, null, true]\nb: !!python/unicode 'y'\nc: 2001-01-01\n"
    assert parsed_yaml(text) == {"a": [1, 2.5, "x", None, True], "b": "y", "c": "2001-01-01"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: &x [1]\nb: *x\n", "has the alias 'x', which is not read"),
        ("!!python/object/apply:os.system ['true']", r"type 'python/object/apply:os.system', wh"),
        ("!!python/name:os.system ''", "type 'python/name:os.system', which is not read"),
        ("!!binary aGk=", "type 'binary', which is not read"),
        ("!own {a: 1}", "type '!own', which is not read"),
        ("a: 1\na: 2\n", "the key 'a' twice"),
        ("1: 2\n", "keys of `yaml_string` must be texts; received 1"),
        ("[" * 70 + "]" * 70, "nested more than 64 deep; the limit `depth` is 64"),
        ("a: [", "is no YAML that is read here: while parsing"),
        ("--- a\n--- b\n", "expected a single document"),
        (b"a: 1", "must be a string; received bytes"),
        ("x" * 10_000_001, "has 10,000,001 characters; at most"),
    ],
    ids=lambda value: repr(value)[:25],
)
def test_other_yaml_is_refused(text: Any, message: str) -> None:
    """In one line, before anything is made."""
    with pytest.raises(InvalidDocument, match=message) as caught:
        parsed_yaml(text)
    assert "\n" not in str(caught.value)


def test_the_limits_are_those_of_documents() -> None:
    """Of values too."""
    with pytest.raises(InvalidDocument, match="holds at least 21 values; the limit `values` is 20"):
        parsed_yaml(f"[{'1,' * 50}]", DocumentLimits(values=20))
