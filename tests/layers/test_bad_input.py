"""Inputs of a wrong kind: refused alike on every backend, before anything is computed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from complaints import IMAGE, K1, Bad, L, built, calling, complaint, forbid_lowering, image

import convdispatch
from convdispatch.errors import InvalidShape, InvalidType
from convdispatch.models import Sequential
from convdispatch.registry import registry

TYPES = {
    dtype: Bad(
        calling(L.Conv2D, 4, 3, x=image(1, 5, 5, 3, dtype=dtype)),
        TypeError,
        rf"`inputs` must have one of the element types float16, .*; received {received}\. Convert",
    )
    for dtype, received in {
        "int64": "int64",
        "int8": "int8",
        "uint8": "uint8",
        "bool": "bool",
        "object": "object",
        "complex64": "complex64",
        "U1": "str32",
    }.items()
}
TYPES |= {
    "without-weights": Bad(
        calling(L.ZeroPadding2D, x=image(1, 5, 5, 3, dtype="int32")), TypeError, "received int32"
    ),
    "keras1": Bad(
        calling(K1.Convolution1D, 4, 3, x=image(1, 5, 3, dtype="int32")), TypeError, "int32"
    ),
    "after-build": Bad(
        built(L.Conv2D, 4, 3, shape=(None, None, None, 3), x=image(1, 5, 5, 3, dtype="int32")),
        TypeError,
        "received int32",
    ),
    "list-ragged": Bad(
        calling(L.Conv2D, 4, 3, x=[[1.0], [2.0, 3.0]]),
        TypeError,
        "nested lists of numbers; received a list, which NumPy cannot read",
    ),
    "list-of-text": Bad(
        calling(L.Conv2D, 4, 3, x=[["a"]]), TypeError, "received a list, which NumPy reads as <U1"
    ),
    "list-of-booleans": Bad(
        calling(L.Conv2D, 4, 3, x=[[True]]), TypeError, "a list, which NumPy reads as bool"
    ),
    "list-of-none": Bad(
        calling(L.Conv2D, 4, 3, x=[[None]]), TypeError, "a list, which NumPy reads as object"
    ),
    "list-of-complex": Bad(
        calling(L.Conv2D, 4, 3, x=[[1j]]), TypeError, "a list, which NumPy reads as complex128"
    ),
}
STRANGE: dict[str, Any] = {"none": None, "text": "x", "mapping": {}, "set": {1.0}, "function": len}


@pytest.mark.parametrize("bad", TYPES.values(), ids=TYPES)
def test_an_element_type_that_is_no_float_is_refused_alike(
    all_backends: tuple[str, ...], bad: Bad
) -> None:
    """The message names the type and how to convert."""
    assert len({complaint(bad, backend) for backend in all_backends}) == 1


@pytest.mark.parametrize("bad", TYPES.values(), ids=TYPES)
def test_it_is_refused_before_a_backend_is_asked(bad: Bad, monkeypatch: pytest.MonkeyPatch) -> None:
    """No op is lowered, let alone computed."""
    forbid_lowering(monkeypatch)
    complaint(bad, "numpy")


@pytest.mark.parametrize("x", STRANGE.values(), ids=STRANGE)
def test_what_is_no_tensor_is_refused(backend_name: str, x: Any) -> None:
    """The message lists what is taken, and does not speak of converting a tensor."""
    with pytest.raises(InvalidType, match=r"`inputs` must be a NumPy array, .*; received a \S+\.$"):
        L.Conv2D(4, 3, backend=backend_name)(x)


@pytest.mark.parametrize("use", ["call", "built", "model", "predict"])
def test_a_foreign_tensor_is_refused_with_how_to_convert(
    all_backends: tuple[str, ...], backend_name: str, use: str
) -> None:
    """A tensor of each other framework, NumPy's arrays excepted, which every backend takes."""
    layer = L.Conv2D(4, 3, backend=backend_name)
    if use == "built":
        layer.build((None, 5, 5, 3))
    model = Sequential([layer], backend=backend_name)
    callee = {"call": layer, "built": layer, "model": model, "predict": model.predict}[use]
    others = [name for name in all_backends if name not in (backend_name, "numpy")]
    if not others:
        pytest.skip("needs a framework beside NumPy")
    found = [refusal(callee, registry.load(name).asarray(IMAGE, "float32")) for name in others]
    expected = [
        f"which is a tensor of {name!r}. Convert it with `convdispatch.to_numpy(x)`, or move the "
        f"layer to its backend with `layer.to({name!r})`."
        for name in others
    ]
    assert [text.partition(", ")[2] for text in found] == expected


def refusal(call: Callable[[Any], Any], x: Any) -> str:
    """Return what is said of a foreign tensor, from the backend's own name on."""
    with pytest.raises(InvalidType, match="or a tensor of the layer's own backend, ") as caught:
        call(x)
    return str(caught.value).partition("received a ")[2]


def test_what_the_message_proposes_for_a_foreign_tensor_works(
    all_backends: tuple[str, ...], backend_name: str
) -> None:
    """Converting by `to_numpy` or moving the layer both give the output."""
    foreign = registry.load(all_backends[-1]).asarray(IMAGE, "float32")
    layer = L.Conv2D(4, 3, backend=backend_name)
    assert layer(convdispatch.to_numpy(foreign)).shape == (1, 3, 3, 4)
    assert layer.to(all_backends[-1])(foreign).shape == (1, 3, 3, 4)


@pytest.mark.parametrize("number", [1, 1.0], ids=["integers", "floats"])
def test_nested_lists_of_numbers_have_the_layer_s_element_type(
    backend_name: str, number: float
) -> None:
    """A list has no element type of its own, so its integers are allowed."""
    layer = L.UpSampling1D(2, dtype="float16", backend=backend_name)
    output = registry.load(backend_name).to_numpy(layer([[[number]], [[number]]]))
    assert output.dtype == np.float16
    assert output.tolist() == [[[1], [1]]] * 2


def test_a_refused_input_leaves_the_layer_unbuilt(backend_name: str) -> None:
    """After the complaint the layer is built by the first input that fits."""
    layer = L.Conv2D(4, 3, backend=backend_name)
    with pytest.raises(InvalidShape, match="takes inputs with 4 axes"):
        layer(image(5, 5, 3))
    with pytest.raises(InvalidType, match="received int64"):
        layer(image(1, 5, 5, 3, dtype="int64"))
    assert not layer.built
    assert tuple(layer(image(1, 5, 5, 2)).shape) == (1, 3, 3, 4)
