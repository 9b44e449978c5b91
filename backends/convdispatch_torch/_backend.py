"""The PyTorch backend."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import ml_dtypes
import numpy as np
import numpy.typing as npt
import torch
from torch._utils import _flatten_dense_tensors, _unflatten_dense_tensors
from torch.utils._python_dispatch import _disable_current_modes

from convdispatch.kit import checked_step, map_tree
from convdispatch.ops import (
    FLOAT_DTYPES,
    Differentiable,
    Differentiated,
    Model,
    Op,
    PartialShape,
    Signature,
    Step,
    Tree,
)
from convdispatch_torch._functions import FUNCTIONS, RANDOM, cast
from convdispatch_torch._gradients import value_and_grad
from convdispatch_torch._group import TorchGroup, joined
from convdispatch_torch._lowering import lower

Array = npt.NDArray[Any]

_tracing_state = torch._C._get_tracing_state  # of `torch.jit.trace`: None while nothing is traced
_TENSOR = torch.Tensor
_CODES = {"float32": "f", "float64": "d"}  # of NumPy, whose names of types take long to make
_FLOAT_NAMES = {getattr(torch, name): name for name in FLOAT_DTYPES}


class TorchBackend:
    """Adapts PyTorch's tensors to `convdispatch.ops.Backend`."""

    name = "torch"
    functions: Mapping[str, Callable[..., Any]] = FUNCTIONS
    random: Mapping[str, Callable[..., Any]] = RANDOM

    def __init__(self, device: torch.device | None = None) -> None:
        self._device = device  # None: torch's own default

    def lower(self, op: Op, signature: Signature) -> Callable[..., Any]:
        return lower(op, signature, self)

    def conversion(self, dtype: str) -> str:
        if dtype.startswith("complex"):
            return "x.real"
        return "x.dequantize()" if dtype.startswith("q") else "x.to(torch.float32)"

    def owns(self, value: object) -> bool:
        return isinstance(value, torch.Tensor)

    def describe(self, tensor: torch.Tensor) -> tuple[PartialShape, str]:
        dtype = tensor.dtype
        name = _FLOAT_NAMES.get(dtype)  # at every call of a layer: no string is made
        if _tracing_state() is not None:  # the sizes are tensors then
            with _no_tracing():
                return tuple(tensor.shape), name or str(dtype).removeprefix("torch.")
        shape = tuple(tensor.shape)
        if type(tensor) is not _TENSOR:  # of a class that may have unknown sizes
            shape = tuple(None if isinstance(size, torch.SymInt) else size for size in shape)
        return shape, name or str(dtype).removeprefix("torch.")

    def asarray(self, value: Array, dtype: str) -> torch.Tensor:
        if value.ndim == 0 and _CODES.get(dtype) == value.dtype.char:  # a number of every step
            return torch.scalar_tensor(
                value.item(), dtype=getattr(torch, dtype), device=self._device
            )
        if torch.compiler.is_dynamo_compiling():  # it knows neither `order` nor the default device
            return torch.as_tensor(value).to(
                self._device or torch.empty(()).device, getattr(torch, dtype)
            )
        return _from_numpy(value, dtype).to(self._device or torch.get_default_device())

    def variable(self, value: Array, dtype: str) -> torch.nn.Parameter:
        made = self.asarray(value, dtype)
        return torch.nn.Parameter(made, requires_grad=made.is_floating_point())

    def assign(self, variable: torch.Tensor, value: Array | torch.Tensor) -> torch.Tensor:
        if not isinstance(value, torch.Tensor):
            value = _from_numpy(value, self.describe(variable)[1])
        with torch.no_grad():
            return variable.copy_(value)  # from whichever device

    def cast(self, tensor: torch.Tensor, dtype: str) -> torch.Tensor:
        return cast(tensor, dtype)

    def to_numpy(self, tensor: torch.Tensor) -> Array:
        """Return the values; on a CPU they share the tensor's memory, as NumPy's own do."""
        values = tensor.detach().cpu()
        if values.dtype == torch.bfloat16:
            return values.view(torch.int16).numpy().view(ml_dtypes.bfloat16)
        return values.numpy()

    def synchronize(self, tensor: torch.Tensor) -> None:
        if tensor.device.type != "cpu":
            torch.accelerator.synchronize(tensor.device)

    def outside_trace(self, fn: Callable[[], object]) -> object:
        """Call `fn`; where dynamo traces the caller, break its graph to do so.

        Nor in inference mode, whose tensors no gradient can be computed with, ever, nor with the
        tensors without numbers of `torch.export`. With `fullgraph=True` dynamo raises instead: a
        layer has to be built, and called once with each input shape, before it is compiled.
        """
        if torch.compiler.is_dynamo_compiling():
            eager = torch.compiler.disable(  # type: ignore[no-untyped-call]  # has no types
                _outside_inference
            )
            return eager(fn)
        with _no_tracing(), _disable_current_modes():
            return _outside_inference(fn)

    def compile(self, fn: Callable[..., Any]) -> Callable[..., Any]:
        # By default the second compilation of the same code has symbols for sizes and pads that
        # differ, here those of two layers, and torch 2.13 fails over products of them with an
        # InductorError: a padded conv2d called with batches of 2 and 3, then a padded conv3d.
        return torch.compile(fn, dynamic=False)

    def compile_inference(self, fn: Callable[..., Any]) -> Callable[..., Any]:
        """Return `fn` recording nothing for gradients; `compile` takes seconds and may follow."""
        inferring: Callable[..., Any] = torch.inference_mode()(fn)
        return inferring

    def value_and_grad(self, fn: Differentiable) -> Differentiated:
        return value_and_grad(fn)

    def compile_step(self, step: Step) -> Step:
        return self.compiled_step(step, _memory)

    def compiled_step(self, step: Step, memory: Callable[[Any], int]) -> Step:
        """Return a function that calls the step on the variables and copies into them.

        memory: where a tensor's numbers are.
        """
        step = checked_step(step, self.describe, are_alike=_are_alike)

        def run(
            variables: Sequence[torch.Tensor], inputs: Tree
        ) -> tuple[Sequence[torch.Tensor], Tree]:
            with torch.no_grad():  # only the function of `value_and_grad` is recorded
                new, result = step(variables, inputs)
                held = {memory(variable) for variable in variables}

                def apart(tensor: torch.Tensor) -> torch.Tensor:
                    is_shared = memory(tensor) in held
                    return tensor.clone() if is_shared else tensor

                changed = [
                    (variable, apart(value))
                    for variable, value in zip(variables, new, strict=True)
                    if variable is not value
                ]
                result = map_tree(apart, result)
                for variable, value in changed:
                    variable.copy_(value)
            return variables, result

        return run

    def pack(self, tensors: Sequence[torch.Tensor]) -> torch.Tensor:
        if len(tensors) == 1:  # of which the function below returns a view
            return tensors[0].detach().reshape(-1).clone()
        # What torch's own distributed training flattens by: a third of the time of `cat` of views.
        packed: torch.Tensor = _flatten_dense_tensors(tensors)  # type: ignore[no-untyped-call]
        return packed

    def unpack(
        self, packed: torch.Tensor, tensors: Sequence[torch.Tensor]
    ) -> Sequence[torch.Tensor]:
        parts: Sequence[torch.Tensor] = _unflatten_dense_tensors(  # type: ignore[no-untyped-call]
            packed, tensors
        )
        return parts

    def devices(self) -> list[str]:
        found = (
            torch.accelerator.current_accelerator() if torch.accelerator.is_available() else None
        )
        count = 0 if found is None else torch.accelerator.device_count()
        others = [] if found is None else [f"{found.type}:{number}" for number in range(count)]
        default = str(torch.get_default_device())
        return [default, *(one for one in ("cpu", *others) if one != default)]

    def on_device(self, device: str) -> TorchBackend | None:
        try:
            found = torch.device(device)
        except RuntimeError:
            return None
        kinds = [name.partition(":")[0] for name in self.devices()]
        is_one_of_a_kind = found.index is None and found.type in (*kinds, "meta")
        return TorchBackend(found) if is_one_of_a_kind or str(found) in self.devices() else None

    def group(self, variables: Sequence[torch.Tensor]) -> TorchGroup | None:
        return joined(self)

    def wrap(self, model: Model) -> torch.nn.Module:
        from convdispatch_torch._module import WrappedModel

        return WrappedModel(model)


def _memory(tensor: torch.Tensor) -> int:
    return tensor.untyped_storage().data_ptr()


def _are_alike(one: torch.Tensor, other: torch.Tensor) -> bool:
    return one.shape == other.shape and one.dtype == other.dtype


@contextlib.contextmanager
def _no_tracing() -> Iterator[None]:
    """Keep the computations of the block out of a graph that `torch.jit.trace` records."""
    state = _tracing_state()
    torch._C._set_tracing_state(None)  # type: ignore[attr-defined]  # in no stub
    try:
        yield
    finally:
        torch._C._set_tracing_state(state)  # type: ignore[attr-defined]


def _outside_inference(fn: Callable[[], object]) -> object:
    if not torch.is_inference_mode_enabled():
        return fn()
    with torch.inference_mode(False), torch.no_grad():
        return fn()


def _from_numpy(value: Array, dtype: str) -> torch.Tensor:
    # Copied by NumPy first: torch warns of read-only arrays and refuses negative strides.
    if dtype == "bfloat16":
        bits = np.array(value, ml_dtypes.bfloat16, order="C").view(np.int16)
        return torch.from_numpy(bits).view(torch.bfloat16)
    return torch.from_numpy(np.array(value, dtype, order="C"))


backend = TorchBackend()
