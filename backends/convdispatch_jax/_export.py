"""Models as a function and a dictionary of arrays, whose source needs JAX and NumPy alone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from convdispatch.ops import HALF_DTYPES, Op, Signature
from convdispatch.programs import Program, Source, Weight, identifier, plain
from convdispatch_jax._expressions import EXPRESSIONS, HELPERS, looped, supports
from convdispatch_jax._functions import dtype_of

_HEAD = '''"""The model {name}.

Made by convdispatch. It needs JAX alone: `load()` returns the function and its weights.{x64}
"""

from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
'''
_X64 = " It computes in\nfloat64: set the environment variable JAX_ENABLE_X64=1."
_TAIL = '''

def load():
    """Return `apply` and the weights that lie beside this file."""
    with np.load(Path(__file__).with_name("weights.npz")) as arrays:
        weights = {{name: jnp.asarray(arrays[name], dtype) for name, dtype in TYPES.items()}}
    return apply, weights


TYPES = {types!r}
'''


class JaxExporter:
    """Makes `(apply, weights)`, or a folder with the source and the arrays."""

    is_folder = True

    def supports(self, op: Op, signature: Signature) -> bool:
        return supports(op, signature)

    def export(self, program: Program) -> tuple[Callable[..., Any], dict[str, jax.Array]]:
        """Return `apply(weights, inputs ...)` and the weights by path."""
        weights = {
            one.path: jnp.array(one.array, dtype_of(one.value.dtype)) for one in program.weights
        }
        scope: dict[str, Any] = {"__name__": "exported"}
        exec(compile(written(program), f"<{program.name}>", "exec"), scope)
        return scope["apply"], weights

    def write(self, program: Program, path: Path) -> None:
        """Write 'model.py' and 'weights.npz' into a new folder."""
        types = {one.path: one.value.dtype for one in program.weights}
        path.mkdir()
        text = written(program) + _TAIL.format(types=types)
        (path / "model.py").write_text(text, encoding="utf-8")
        arrays: dict[str, Any] = {one.path: _storable(one) for one in program.weights}
        np.savez(path / "weights.npz", **arrays)


def written(program: Program) -> str:
    """Return the source of a program's function."""
    known = {one.value.number: f"weights[{one.path!r}]" for one in program.weights}
    constants = []
    for place, one in enumerate(program.constants, start=1):
        known[one.value.number] = f"_CONSTANT_{place}"
        constants.append(f"_CONSTANT_{place} = {_literal(one)}\n")
    taken = {"weights", "jax", "jnp", "lax", "np", "apply", "step", *HELPERS}
    inputs: list[str] = []
    for given, value in program.inputs.items():
        known[value.number] = identifier(given, {*inputs, *taken})
        inputs.append(known[value.number])
    lines, outputs = Source(program, EXPRESSIONS, looped, "jax").lines(known)
    result = f"[{', '.join(outputs)}]" if program.gives_list else outputs[0]
    body = "".join(f"    {line}".rstrip() + "\n" for line in (*lines, f"return {result}"))
    is_wide = any(one.value.dtype == "float64" for one in program.weights)
    text = _HEAD.format(name=plain(program.name), x64=_X64 if is_wide else "")
    text += "\n" + "".join(constants) if constants else ""
    text += "".join(f"\n{helper}" for helper in _helpers(body))
    text += f"\n\ndef apply(weights, {', '.join(inputs)}):\n{body}"
    trainable = tuple(one.path for one in program.weights if one.is_trainable)
    return text + f"\n\napply.trainable = {trainable!r}\n"


def _helpers(body: str) -> list[str]:
    return [text for name, text in HELPERS.items() if f"{name}(" in body]


def _literal(one: Weight) -> str:
    dtype = "int32" if one.value.dtype == "int64" else one.value.dtype
    if dtype in HALF_DTYPES:
        return f'jnp.array({one.array.astype(np.float32).tolist()}, "{dtype}")'
    return f'np.array({one.array.tolist()}, "{dtype}")'


def _storable(one: Weight) -> Any:
    return one.array.astype(np.float32) if one.value.dtype == "bfloat16" else one.array


exporter = JaxExporter()
