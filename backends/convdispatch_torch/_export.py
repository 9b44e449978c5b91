"""Models as modules whose source needs torch alone."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from convdispatch.ops import Op, Signature
from convdispatch.programs import Program, Source, Value, Weight, arranged, identifier, plain
from convdispatch_torch._backend import backend
from convdispatch_torch._expressions import EXPRESSIONS, looped
from convdispatch_torch._op_expressions import kernel_order, supports

# What torch's own layers call a weight of the same meaning.
_NAMES = {
    "beta": "bias",
    "embeddings": "weight",
    "gamma": "weight",
    "moving_mean": "running_mean",
    "moving_variance": "running_var",
}
_TAKEN = {"F", "Path", "load", "nn", "torch"}
_HEAD = '''"""The model {title}.

Made by convdispatch. It needs torch alone: `load()` returns the model with its weights.
"""

from pathlib import Path

import torch
import torch.nn.functional as F
from torch import nn


class {name}(nn.Module):
    def __init__(self):
        super().__init__()
'''
_TAIL = '''

def load():
    """Return the model with the weights that lie beside this file."""
    module = {name}()
    weights = torch.load(Path(__file__).with_name("weights.pt"), weights_only=True)
    module.load_state_dict(weights)
    return module.eval()
'''


class TorchExporter:
    """Makes a `torch.fx.GraphModule`, or a folder with its source and its weights."""

    is_folder = True

    def supports(self, op: Op, signature: Signature) -> bool:
        return supports(op, signature)

    def export(self, program: Program) -> torch.nn.Module:
        """Return the module. It is traced, so that a pickle of it holds its code."""
        made = written(program)
        name = made.class_name
        scope: dict[str, Any] = {"__name__": "exported"}
        exec(compile(made.text, f"<{name}>", "exec"), scope)
        module: torch.nn.Module = scope[name]()
        module.load_state_dict(made.state)
        return torch.fx.GraphModule(module, torch.fx.Tracer().trace(module), class_name=name).eval()

    def write(self, program: Program, path: Path) -> None:
        """Write 'model.py' and 'weights.pt', a `state_dict`, into a new folder."""
        made = written(program)
        path.mkdir()
        text = made.text + _TAIL.format(name=made.class_name)
        (path / "model.py").write_text(text, encoding="utf-8")
        torch.save(made.state, path / "weights.pt")


@dataclass(frozen=True, slots=True)
class Written:
    """A program in torch's words."""

    class_name: str
    text: str
    state: dict[str, torch.Tensor]
    names: dict[str, str]  # in `state`, by the path of the weight
    program: Program  # with the kernels as they are stored


def written(program: Program) -> Written:
    """Return the source of a program's module, and its weights by name."""
    program = arranged(program, kernel_order)
    names = _parameter_names(program)
    stored = (*program.weights, *program.constants)
    state = {names[one.path]: backend.asarray(one.array, one.value.dtype) for one in stored}
    known = {one.value.number: f"self.{names[one.path]}" for one in stored}
    made: set[str] = set()
    buffers = _buffers(program)
    declared = [
        line
        for one in stored
        for line in _declared(one, names[one.path], made, is_buffer=one.value.number in buffers)
    ]
    inputs: list[str] = []
    for given, value in program.inputs.items():
        known[value.number] = identifier(given, {*inputs, "self", "torch", "F", "nn"})
        inputs.append(known[value.number])
    lines, outputs = Source(program, EXPRESSIONS, looped, "torch").lines(known)
    result = f"[{', '.join(outputs)}]" if program.gives_list else outputs[0]
    class_name = identifier(re.sub(r"[\W_]+", "", program.name.title(), flags=re.ASCII), _TAKEN)
    text = _HEAD.format(title=plain(program.name), name=class_name)
    text += "".join(f"        {line}\n" for line in declared)
    text += f"\n    def forward(self, {', '.join(inputs)}):\n"
    text += "".join(f"        {line}\n" for line in (*lines, f"return {result}"))
    return Written(class_name, text, state, names, program)


def _parameter_names(program: Program) -> dict[str, str]:
    """Return for each weight's path its name in `state_dict`: 'block.conv.weight'."""
    kernels = {
        operand.number
        for one in program.instructions
        if one.name in ("conv", "conv_transpose", "dense")
        for operand in one.operands[1:2]
        if isinstance(operand, Value)
    }
    attributes = set(dir(torch.nn.Module()))
    found: dict[str, str] = {}
    for one in (*program.weights, *program.constants):
        *layer, own = one.path.split("/")
        is_as_torchs = own == "kernel" and one.value.number in kernels
        own = "weight" if is_as_torchs else _NAMES.get(own, own)
        name = ".".join(identifier(part, attributes) for part in (*layer, own))
        while name in found.values():
            name += "_"
        found[one.path] = name
    return found


def _buffers(program: Program) -> set[int]:
    """Return the numbers of the constants and of the statistics that are buffers.

    `torch.fx` takes what is computed of buffers alone for numbers that never change: statistics
    that more than a normalization reads are parameters without a gradient.
    """
    others: set[int] = set()
    for one in program.instructions:
        if one.name != "normalize":
            others |= {value.number for value in one.reads()}
    statistics = {one.value.number for one in program.weights if one.is_statistic}
    return statistics - others | {one.value.number for one in program.constants}


def _declared(one: Weight, name: str, made: set[str], *, is_buffer: bool) -> list[str]:
    """Return the lines that make a parameter or a buffer; `made` has the modules so far."""
    *parts, own = name.split(".")
    lines = []
    for count in range(1, len(parts) + 1):
        module = ".".join(parts[:count])
        if module not in made:
            made.add(module)
            lines.append(f"self.{module} = nn.Module()")
    owner = ".".join(["self", *parts])
    empty = f"torch.empty({tuple(one.value.shape)}, dtype=torch.{one.value.dtype})"
    if is_buffer:
        return [*lines, f'{owner}.register_buffer("{own}", {empty})']
    frozen = "" if one.is_trainable else ", requires_grad=False"
    return [*lines, f"{owner}.{own} = nn.Parameter({empty}{frozen})"]


exporter = TorchExporter()
