"""A document of strangers gives a model or one kind of error, in linear time, and runs nothing."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from fractions import Fraction
from pathlib import Path
from typing import Any

import document_mutations
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from keras_documents import KERAS3, of_one

import convdispatch
from convdispatch import activations, constraints, initializers, keras1, layers, regularizers
from convdispatch.errors import InvalidArgument, InvalidDocument, InvalidType
from convdispatch.models import DocumentLimits, Sequential, model_from_json

HUGE = 10**400
ROUNDS = int(os.environ.get("CONVDISPATCH_DOCUMENT_ROUNDS", "600"))
ONE: dict[str, Any] = {"filters": 1, "kernel_size": 1}


def conv(**config: Any) -> dict[str, Any]:
    """Return the entry of a Conv1D."""
    return {"class_name": "Conv1D", "config": {**ONE, **config}}


def nested(depth: int) -> Any:
    """Return a list in a list, and so on."""
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value


def test_a_mutated_document_gives_a_result_or_the_one_error() -> None:
    """Nothing is imported, opened or run meanwhile; the rounds are raised by a variable."""
    command = [sys.executable, "-W", "error", document_mutations.__file__, str(ROUNDS), "7"]
    path = str(Path(document_mutations.__file__).parent)
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, env={**os.environ, "PYTHONPATH": path}
    )
    assert done.returncode == 0, done.stderr[-3000:]
    came = json.loads(done.stdout)
    assert came["events"] == []
    assert came["read"] > ROUNDS // 4
    assert came["refused"] > ROUNDS // 4
    assert came["longest"] < 5


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(
        [HUGE, "\ud800", "Conv1D", "l2", "same", 2**63]
    ),
    lambda child: st.lists(child, max_size=4)
    | st.dictionaries(st.text() | st.sampled_from(document_mutations.KEYS), child, max_size=5),
    max_leaves=12,
)  # fmt: skip


@settings(max_examples=150, deadline=None, derandomize=True)
@given(ANYTHING, st.sampled_from([*document_mutations.KEYS, "kernel_initializer"]))
def test_anything_in_place_of_a_value_gives_a_result_or_the_one_error(value: Any, key: str) -> None:
    """In the constructor's configuration, in a model's, as the configuration itself."""
    entry = conv(name="one")
    entry["config"][key] = value
    for make in (
        lambda: layers.Conv1D.from_config(entry["config"], backend="numpy"),
        lambda: Sequential.from_config({"layers": [entry]}, backend="numpy"),
        lambda: Sequential.from_config(value),
        lambda: layers.UpSampling2D.from_config(value),
        lambda: regularizers.L2.from_config(value),
        lambda: constraints.MaxNorm.from_config(value),
        lambda: model_from_json(value),
    ):
        try:
            make()
        except InvalidDocument as exc:
            str(exc).encode()


def test_one_class_is_for_all_that_is_wrong() -> None:
    """It is caught as a ValueError and as a TypeError alike."""
    assert issubclass(InvalidDocument, InvalidArgument)
    assert issubclass(InvalidDocument, InvalidType)


REFUSED: dict[str, tuple[Any, str]] = {
    "abstract": ({"class_name": "Layer", "config": {}}, "has no layer named 'Layer'"),
    "big-size": (conv(filters=HUGE), r"an integer of 1,329 bits; no size, count or seed"),
    "big-factor": (conv(kernel_regularizer={"class_name": "L2", "config": {"l2": HUGE}}), "1,329"),
    "deep": (conv(batch_input_shape=nested(200)), r"nested more than 64 deep; the limit `depth`"),
    "too-wide": (conv(filters=10**12, batch_input_shape=[None, 4, 1]), "too large"),
    "wide": (
        conv(filters=10**9, batch_input_shape=[None, 4, 1]),
        r"2,000,000,000 parameters; the limit `parameters` is 100,000,000\. .*"
        r"`limits=DocumentLimits\(parameters=\.\.\.\)` of convdispatch\.models",
    ),
    "no-text": (conv(name="\ud800"), r"not Unicode text: '\\ud800' has half of a surrogate"),
    "no-text-key": (conv(**{"\ud800": 1}), "not Unicode text"),
    "self": (conv(self=1), "takes no keyword argument `self`"),
    "nan": (conv(bias_initializer={"class_name": "Constant", "config": {"value": float("nan")}}),
            "`value` must be a finite number"),
    "backend-a-list": (conv(backend=["jax"]), r"`backend` must be a name; received \['jax'\]"),
    "backend-unknown": (conv(backend="os"), "no backend named 'os'"),
    "name-twice": (None, "already has a layer named 'a'"),
}  # fmt: skip


@pytest.mark.parametrize(("entry", "message"), REFUSED.values(), ids=REFUSED)
def test_a_bad_document_is_refused_in_one_sentence(entry: Any, message: str) -> None:
    """From JSON and as a configuration."""
    listed = [conv(name="a"), conv(name="a")] if entry is None else [entry]
    config = {"name": "m", "layers": listed}
    with pytest.raises(InvalidDocument, match=message):
        Sequential.from_config(config, backend=None)
    with pytest.raises(InvalidDocument, match=message):
        model_from_json(json.dumps({"class_name": "Sequential", "config": config}))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"class_name": "Sequential"}', r"received `class_name` 'Sequential' without `config`"),
        ('{"class_name": "Sequential", "config": {}}', "with a list of `layers`; received none"),
        ('{"class_name": "Sequential", "config": null}', "a list of `layers`; received NoneType"),
        ('{"class_name": "Sequential", "config": {"name": "a"}}', "of `layers`; received none"),
        ('{"class_name": "Sequential", "class_name": "Sequential"}', "key 'class_name' twice"),
        ('{"a": ' + "1" * 5000 + "}", "has a number that cannot be read"),
        ("[" * 300 + "]" * 300, "nested more than 64 deep"),
        (b"{}", "must be a string; received bytes"),
        ("NaN", "received a float"),
        ('{"class_name": "Mo\\ud800del", "config": {}}', "not Unicode text"),
        (
            '{"class_name": "' + "x" * 100_000 + '", "config": {}}',
            r"received `class_name` 'x+\.\.\.x+'\.",
        ),
    ],
    ids=range(11),
)
def test_a_bad_text_is_refused(text: Any, message: str) -> None:
    """Texts that are not a model's JSON, in every way."""
    with pytest.raises(InvalidDocument, match=message) as caught:
        model_from_json(text)
    assert len(str(caught.value)) < 3000


@pytest.mark.parametrize("config", [{"name": "empty", "layers": []}, []], ids=["now", "keras1"])
def test_an_empty_model_is_still_one(config: Any) -> None:
    """What `to_json` wrote of it."""
    text = json.dumps({"class_name": "Sequential", "config": config})
    assert model_from_json(text).layers == []
    assert model_from_json(Sequential(name="mine").to_json()).name == "mine"


def test_a_document_that_contains_itself_is_refused() -> None:
    """And one that grows by repetition, which fits into memory but cannot be walked."""
    itself: dict[str, Any] = {}
    itself["filters"] = itself
    laughs: Any = [1, 2]
    for _ in range(60):
        laughs = [laughs, laughs]
    for config, message in ((itself, "the limit `depth`"), ({"filters": laughs}, "`values`")):
        with pytest.raises(InvalidDocument, match=message):
            layers.Conv1D.from_config(config)
        with pytest.raises(InvalidDocument, match=message):
            initializers.Constant.from_config(config)


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        (DocumentLimits(layers=2), r"the document has 3 layers; the limit `layers` is 2"),
        (DocumentLimits(parameters=5), r"at least 6 parameters; the limit `parameters` is 5"),
        (DocumentLimits(depth=4), r"nested more than 4 deep; the limit `depth` is 4"),
        (DocumentLimits(values=9), r"the limit `values` is 9"),
    ],
    ids=["layers", "parameters", "depth", "values"],
)
def test_a_limit_is_named_and_can_be_raised(limits: DocumentLimits, message: str) -> None:
    """Three layers of two parameters each."""
    entries = [conv(name=name, batch_input_shape=[None, 4, 1]) for name in "abc"]
    text = json.dumps({"class_name": "Sequential", "config": {"layers": entries}})
    readings: tuple[tuple[Any, Any], ...] = (
        (model_from_json, text),
        (Sequential.from_config, json.loads(text)["config"]),
    )
    for read, config in readings:
        with pytest.raises(InvalidDocument, match=message):
            read(config, limits=limits)
        assert read(config, limits=DocumentLimits(parameters=6, layers=3)).count_params() == 6


def test_what_cannot_be_shown_whole_is_shown_in_part() -> None:
    """Python's own `repr` would raise for a deep list and for a long number."""
    values: tuple[Any, ...] = (nested(5000), [10**5000], {"a": 10**5000}, "x" * 10**6, [0] * 10**6)
    for value in values:
        with pytest.raises(InvalidDocument, match=r"must be a mapping|limit|integer of") as caught:
            layers.Conv1D.from_config(value)
        assert len(str(caught.value)) < 1000


def test_a_deep_layer_is_read_under_a_raised_limit() -> None:
    """The limit of the model counts for its layers too."""
    text = of_one(conv(batch_input_shape=nested(80)))
    with pytest.raises(InvalidDocument, match="`batch_input_shape` must be a tuple of integers"):
        model_from_json(text, limits=DocumentLimits(depth=100))


@pytest.mark.parametrize("value", [-1, 1.5, "3", None, True])
def test_a_limit_is_a_number(value: Any) -> None:
    """Checked where it is made."""
    with pytest.raises(InvalidArgument, match="`depth` of DocumentLimits must be an integer"):
        DocumentLimits(depth=value)


def seconds(make: Any) -> float:
    """Return the least of three times."""
    found = []
    for _ in range(3):
        begun = time.process_time()
        make()
        found.append(time.process_time() - begun)
    return min(found)


def stack_of(count: int) -> str:
    """Return the JSON of that many convolutions."""
    entries = [conv(name=f"conv{n}") for n in range(count)]
    entries[0]["config"]["batch_input_shape"] = [None, 4, 1]
    return json.dumps({"class_name": "Sequential", "config": {"layers": entries}})


def test_reading_takes_linear_time() -> None:
    """Eight times the layers take less than 16 times as long, where pairs would take 64."""
    few, many = stack_of(60), stack_of(480)
    ratio = seconds(lambda: model_from_json(many, backend="numpy")) / seconds(
        lambda: model_from_json(few, backend="numpy")
    )
    assert ratio < 16


def test_adding_takes_linear_time() -> None:
    """`Sequential.add` in a loop, also without a document."""

    def added(count: int) -> None:
        model = Sequential(backend="numpy")
        for _ in range(count):
            model.add(layers.Conv1D(1, 1, input_shape=(4, 1)))

    assert seconds(lambda: added(480)) / seconds(lambda: added(60)) < 16


WISH = """
import json, sys
from convdispatch.models import model_from_json
config = {"filters": 1, "kernel_size": 1, "backend": sys.argv[1], "batch_input_shape": [None, 4, 1]}
entry = {"class_name": "Conv1D", "config": config}
text = json.dumps({"class_name": "Sequential", "config": {"layers": [entry]}, "backend": "theano"})
model = model_from_json(text)
assert model.backend == model.layers[0].backend == sys.argv[1], model
assert not model.built
assert sys.argv[2] not in sys.modules
mine = model_from_json(text, backend="numpy")
assert (mine.backend, mine.built, mine.output_shape) == ("numpy", True, (None, 4, 1))
assert sys.argv[2] not in sys.modules
assert model.get_config()["layers"][0]["config"]["batch_input_shape"] == [None, 4, 1]
assert model.output_shape == (None, 4, 1)
assert sys.argv[2] in sys.modules and model.built
"""


@pytest.mark.parametrize("backend", ["torch", "jax", "tensorflow"])
def test_a_document_s_backend_is_a_wish(backend: str, all_backends: tuple[str, ...]) -> None:
    """It is not loaded before it is needed, and the caller's word counts more."""
    if backend not in all_backends:
        pytest.skip(f"{backend} is not among the backends under test")
    done = subprocess.run(
        [sys.executable, "-c", WISH, backend, backend], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]


@pytest.mark.parametrize(
    "read",
    [
        layers.Conv1D.from_config,
        keras1.layers.Convolution2D.from_config,
        initializers.VarianceScaling.from_config,
        regularizers.L1L2.from_config,
        regularizers.EigenvalueRegularizer.from_config,
        constraints.MaxNorm.from_config,
        Sequential.from_config,
    ],
)
@pytest.mark.parametrize(
    "config", [3, None, "a", [3], {3: 4}, {"unheard": 1}, {"scale": HUGE, "l1": HUGE}], ids=repr
)
def test_every_from_config_refuses_alike(read: Any, config: Any) -> None:
    """Layers, words and models."""
    with pytest.raises(InvalidDocument):
        read(config)


@pytest.mark.parametrize(
    "get", [initializers.get, regularizers.get, constraints.get, activations.get]
)
@pytest.mark.parametrize(
    "document",
    [{}, {"class_name": 3, "config": {}}, {"class_name": "Nothing", "config": {}},
     {"class_name": "Constant", "config": nested(100)}, {"name": "\ud800"}, {1: 2},
     {"class_name": "L2", "config": {"l2": HUGE}}],
    ids=range(7),
)  # fmt: skip
def test_a_word_s_document_is_refused_alike(get: Any, document: Any) -> None:
    """Keras's serialized initializers, regularizers, constraints and activations."""
    with pytest.raises(InvalidDocument):
        get(document)


def test_numbers_beyond_every_float_are_refused_by_constructors_too() -> None:
    """Not by Python's OverflowError."""
    with pytest.raises(InvalidArgument, match=r"received an integer of 1,329 bits"):
        initializers.Constant(HUGE)
    with pytest.raises(InvalidArgument, match="`stddev` must be a finite number"):
        initializers.RandomNormal(stddev=Fraction(HUGE))  # type: ignore[arg-type]  # so refused


class Halved(layers.Conv1D):
    """A user's layer with a constructor of its own, and none for other words."""

    def __init__(self, half: int) -> None:
        super().__init__(2 * half, 1)


@pytest.mark.parametrize("config", [{}, {"half": 1, "more": 2}, {"half": 1, "self": 2}], ids=repr)
def test_a_user_s_constructor_that_does_not_fit_is_the_document_s_fault(config: Any) -> None:
    """Not Python's TypeError."""
    entry = {"class_name": "Halved", "config": config}
    with pytest.raises(InvalidDocument, match="of Halved does not fit its constructor: "):
        model_from_json(of_one(entry), {"Halved": Halved})
    model = model_from_json(of_one({**entry, "config": {"half": 2}}), {"Halved": Halved})
    assert vars(model.layers[0])["filters"] == 4


def test_the_mutations_are_what_they_say() -> None:
    """The tester changes documents, keeps the originals, and has every kind of value."""
    source = random.Random(0)
    before = json.dumps(KERAS3["models"])
    document = json.loads(KERAS3["models"]["one_axis"]["json"])
    changed = [document_mutations.mutated(document, source) for _ in range(50)]
    assert sum(one != document for one in changed) > 40
    assert json.dumps(KERAS3["models"]) == before
    assert convdispatch.model_from_json(KERAS3["models"]["one_axis"]["json"]).layers
