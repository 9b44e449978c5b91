"""Element types that no op has: refused in the words of the tensor's framework."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from convdispatch import activations, constraints, regularizers
from convdispatch.errors import InvalidType
from convdispatch.formulas.element_types import require_float
from convdispatch.layers import Conv1D
from convdispatch.models import Sequential
from convdispatch.ops import Backend

WHOLE = np.array([[[1], [0], [3]]])

CALLS: dict[str, Callable[[str], Callable[[Any], Any]]] = {
    "layer": lambda backend: Conv1D(1, 1, backend=backend),
    "model": lambda backend: Sequential([Conv1D(1, 1)], backend=backend),
    "built-model": lambda backend: Sequential([Conv1D(1, 1, input_shape=(3, 1))], backend=backend),
    "predict": lambda backend: Sequential([Conv1D(1, 1)], backend=backend).predict,
    "activation": lambda _: activations.silu,
    "linear": lambda _: activations.linear,
    "regularizer": lambda _: regularizers.L2(0.1),
    "constraint": lambda _: constraints.MaxNorm(1.0),
}


def advised(call: Callable[[Any], Any], x: Any, dtype: str) -> Any:
    """Return what the complaint's own expression makes of the tensor."""
    allowed = "float16, bfloat16, float32, float64"
    with pytest.raises(InvalidType, match=f"{allowed}; received {dtype}") as caught:
        call(x)
    expression = re.search("for example with `(.*)`", str(caught.value))
    assert expression is not None
    users_names = {"torch": sys.modules.get("torch"), "tf": sys.modules.get("tensorflow"), "x": x}
    return eval(expression[1], users_names)


@pytest.mark.parametrize("dtype", ["int32", "uint8", "bool", "complex64"])
@pytest.mark.parametrize("make", CALLS.values(), ids=CALLS)
def test_the_advice_can_be_followed(
    backend: Backend, make: Callable[[str], Callable[[Any], Any]], dtype: str
) -> None:
    """The conversion in the message gives a tensor that is accepted."""
    call = make(backend.name)
    x = backend.asarray(WHOLE, dtype)
    converted = advised(call, x, dtype)
    assert backend.describe(converted) == ((1, 3, 1), "float32")
    assert np.asarray(backend.to_numpy(converted)).ravel().tolist() in ([1, 0, 3], [1, 0, 1])
    call(converted)


@pytest.mark.parametrize(
    ("dtype", "advice"),
    [
        *((dtype, "x.astype('float32')") for dtype in ("int64", "bool", "object", "str")),
        ("longdouble", "x.astype('float32')"),
        ("complex128", "x.real"),
    ],
)
def test_numpys_arrays_are_converted_in_numpys_words(
    backend: Backend, dtype: str, advice: str
) -> None:
    """An array that is put into a layer of another backend is NumPy's all the same."""
    call = CALLS["layer"](backend.name)
    with pytest.raises(InvalidType, match=re.escape(f"first, for example with `{advice}`.")):
        call(WHOLE.astype(dtype))


def test_a_backend_without_words_is_spoken_of_in_general() -> None:
    """The method is optional."""
    silent: Any = object()
    with pytest.raises(
        InvalidType, match=r"`x` must have .* int8\. Convert it first, to float32 for"
    ):
        require_float("int8", "`x`", silent)


def test_torchs_other_types_are_converted_in_its_words() -> None:
    """Quantized tensors are dequantized, and 8-bit types are refused."""
    torch = pytest.importorskip("torch")
    call = CALLS["layer"]("torch")
    with pytest.warns(UserWarning, match="deprecated"):
        quantized = torch.quantize_per_tensor(torch.ones(1, 3, 1), 0.5, 0, torch.qint8)
    call(advised(call, quantized, "qint8"))
    call(advised(call, torch.ones(1, 3, 1).to(torch.float8_e4m3fn), "float8_e4m3fn"))


def test_tensorflows_strings_are_read() -> None:
    """Numbers that are written down are a type of TensorFlow's too."""
    tf = pytest.importorskip("tensorflow")
    call = CALLS["layer"]("tensorflow")
    call(advised(call, tf.constant([[["1"], ["2.5"]]]), "string"))
