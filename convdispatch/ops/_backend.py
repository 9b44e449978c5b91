"""The protocol of a backend: methods over its own tensors, and tables of functions and draws."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from convdispatch.ops._groups import Group
from convdispatch.ops._model import Model
from convdispatch.ops._ops import Op, Signature
from convdispatch.ops._tensors import NumpyArray, PartialShape, Tensor
from convdispatch.ops._trees import Differentiable, Differentiated, Scan, ScanStep, Step


class Backend(Protocol):
    """What a plugin implements. Check an implementation with the conformance suite.

    `name`, `lower`, `owns`, `describe`, `asarray` and `to_numpy` are required. `variable`,
    `assign`, `cast`, `synchronize` and `outside_trace` have a default, which their docstrings
    state: leave out a method if its default is right. A backend omits `functions`, `random`,
    `compile`, `value_and_grad`, `compile_step` or `wrap` if it declines them in
    `Capabilities.unsupported` (as 'functions', 'random', 'compile', 'gradients', 'compile_step',
    'wrap'): a call that needs one raises `UnsupportedOp` with the reason given there. The frontend
    replaces declined functions by NumPy's, between `to_numpy` and `asarray`, and every report says
    so.

    Tensors. Arithmetic operators and comparisons between native tensors and Python numbers must
    work, in the tensor's element type or a wider one. A tensor has a `shape`. Ops compute with
    tensors of `FLOAT_DTYPES`. Tensors of `INTEGER_DTYPES` enter by `asarray` and leave by
    `to_numpy` bit for bit; comparisons, keys and counts have these types. A tensor of a type that
    the framework lacks is an `UnsupportedOp`, never one of another type.

    Memory. An op, a function or a method writes to no tensor or array that it is given, and what it
    returns shares memory with none of them, nor with an earlier result: `asarray`, `to_numpy`,
    `cast` to the tensor's own type and a few functions (see `REQUIRED_FUNCTIONS`) may share their
    argument's. Tensors are read by value, however they lie in memory, and each call reads the
    numbers that they have then.

    The process. Neither a method nor what it returns changes settings of the process or of the
    framework, such as NumPy's handling of errors, a global generator or a default element type.

    What varies. Between two calls of a function that `lower` or `compile` returned, only the batch
    axis, axis 0, varies: it may have any size, including 0, and may be unknown while a framework
    traces. The other sizes are those of the `Signature`; an axis whose size is None there varies as
    the batch axis does. Where sizes are None, `kit.derived` takes slices of tensors, as of NumPy's
    arrays: `x[:, 1:-2:2]`. A backend that declines 'unknown_sizes' gets no such signature.

    Half precision is computed in float32 or wider and rounded once, by each op, by each function
    and by its gradient; so a backend that has half precision has float32. A backend whose ops take
    numbers below the smallest normal number of the type of the computation for zero declines
    'subnormals'; functions may do so anyway.

    Threads. Methods and what they return may be called by several threads at a time.
    """

    name: str
    functions: Mapping[str, Callable[..., Tensor]]
    """A table of functions named and behaving as NumPy's, over native tensors.

    `REQUIRED_FUNCTIONS` lists the names. A backend may decline one of them, for all element types
    or for some: 'erf', 'erf:float64'.
    """

    random: Mapping[str, Callable[..., Tensor]]
    """Random numbers that depend only on a key: the same key gives the same bits on every call.

    `fold(key, number)`
        another key; other numbers, from 0 to 2**31 - 1, give independent ones
    `uniform(key, shape, dtype)`
        numbers in [0, 1)
    `normal(key, shape, dtype)`
        numbers of mean 0 and variance 1
    `bernoulli(key, shape, dtype, probability)`
        1 with that probability, from 0 to 1, and 0 otherwise

    A key is a native int32 tensor of two numbers, any at all, made by `asarray`. `fold`'s number
    and the probability may be Python numbers or native scalars. `shape` is a tuple in which the
    framework's own scalars may stand for sizes that are unknown while it traces. A call returns the
    same bits eagerly, in what `compile` and `compile_step` return and where the framework traces
    the key. Half precision is drawn in float32 and rounded; a uniform number stays below 1. The
    framework's global random state is neither read nor changed.
    """

    def lower(self, op: Op, signature: Signature) -> Callable[..., Tensor]:
        """Return a pure, differentiable function that computes `op` for any batch size."""

    def owns(self, value: object) -> bool:
        """Say whether `value` is a tensor of this framework, a traced one included."""

    def describe(self, tensor: Tensor) -> tuple[PartialShape, str]:
        """Return the shape (None where unknown while tracing) and the element type's name."""

    def asarray(self, value: NumpyArray, dtype: str) -> Tensor:
        """Return a native constant with the numbers of `value`, in the element type `dtype`.

        `value` is an array or a NumPy scalar of any real type, not necessarily `dtype`: convert as
        NumPy's `astype` does. It may be read-only or empty, and may have no axis, gaps between its
        numbers, negative strides or the other byte order. The tensor may share its memory; the
        caller does not change that memory while the tensor is in use.
        """

    def variable(self, value: NumpyArray, dtype: str) -> Tensor:
        """Return a native tensor that the framework's autodiff and optimizers can train.

        `value` is as for `asarray`. The variable shares no memory with it. The default is `asarray`
        of a copy.
        """

    def assign(self, variable: Tensor, value: NumpyArray | Tensor) -> Tensor:
        """Give `variable` the numbers of `value`, in place if the framework can; return it.

        `value` is as for `asarray`, or a native tensor on any device, with the variable's shape. It
        is copied to the device and the element type of the variable, never through another device,
        and gradients do not record the copy. The default returns a new tensor.
        """

    def cast(self, tensor: Tensor, dtype: str) -> Tensor:
        """Return the tensor with another element type, differentiably between `FLOAT_DTYPES`.

        By default NumPy converts, between `to_numpy` and `asarray`.
        """

    def to_numpy(self, tensor: Tensor) -> NumpyArray:
        """Return the values as a NumPy array of the same element type (bfloat16: ml_dtypes)."""

    def synchronize(self, tensor: Tensor) -> None:
        """Return when the tensor's values have been computed; a timer waits for this.

        The default calls `to_numpy`.
        """

    def outside_trace(self, fn: Callable[[], object]) -> object:
        """Call `fn` eagerly even while the framework is tracing the caller.

        The default calls `fn`, which is right for a framework that does not trace.
        """

    def compile(self, fn: Callable[..., Tensor]) -> Callable[..., Tensor]:
        """Return `fn` compiled by the framework's own compiler, or `fn` if there is none."""

    def value_and_grad(self, fn: Differentiable) -> Differentiated:
        """Return `compute(tensors) -> ((scalar, aux), gradients)`, a gradient for each tensor.

        `fn(tensors)` returns the scalar and `aux`, a tree of native tensors that are not
        differentiated and can be used afterwards. A tensor that the scalar does not depend on has a
        gradient of zeros. `fn` may call another such `compute`, for derivatives of derivatives. The
        framework's own callbacks for gradients of a variable, such as hooks and the reducers of
        distributed training, run. Calls of one `compute` with tensors of the same shapes compile at
        most once.
        """

    def compile_step(self, step: Step) -> Step:
        """Return `run(variables, inputs) -> (variables, result)`: `step`, compiled, done in place.

        `step(variables, inputs) -> (new_variables, result)` is a pure function; it may call
        `compute` of `value_and_grad`. `variables` is a list of results of `variable`; `step` may
        receive traced tensors in their place. `new_variables` have their shapes and element types.
        `inputs` and `result` are trees of tensors: a number that changes from step to step, such as
        a learning rate, is a tensor in `inputs`, which holds none of the variables.

        `run` gives the variables their new values and returns them: the same objects, or new ones,
        after which the old must not be used. `result` shares no memory with them. Nothing is
        written before everything has been computed, so a step that raises changes nothing. Calls
        with tensors of the same shapes compile once, whatever the values; `run` may be called with
        other variables and other shapes.
        """

    def wrap(self, model: Model) -> object:
        """Return the model as the framework's own object, for tools that take only such objects.

        Its weights are the model's own tensors, trainable or not, under the names of
        `named_weights` in the framework's spelling. A call computes by `apply` or, in training
        mode, by `training`, and stores the updates in the weights. If the framework replaces the
        weights, it tells the model by `adopt`.
        """


class OptionalMethods(Protocol):
    """Optional methods of a backend: without them the results are the same, only slower."""

    def candidates(self, op: Op, signature: Signature) -> Mapping[str, Callable[..., Tensor]]:
        """Return every way to compute `op` by a short name, the one of `lower` first.

        Each is correct for every batch size and within the accuracy that the backend declares.
        """

    def compile_inference(self, fn: Callable[..., Tensor]) -> Callable[..., Tensor]:
        """Return `fn(variables, inputs)` for results without gradients, prepared unlike `compile`.

        It need not record gradients. `variables` is a list of results of `variable`, nearly always
        the same ones; the function uses their values at the time of the call. A function that has a
        true attribute `takes_arrays` also takes a NumPy array for `inputs`, of numbers in
        `FLOAT_DTYPES` and in native byte order, and copies it.
        """

    def compile_scan(self, step: ScanStep) -> Scan:
        """Return `run(weights, state, inputs)`: `step` over axis 0 of the inputs, as one loop.

        `step(weights, state, inputs)` is a pure function. `weights` is a tree of tensors, `state` a
        tuple of them and `inputs` a tuple of what the inputs have at a step. It returns the state
        after the step, of the same shapes and element types, and an output. `run` returns the last
        state and the outputs in a stack. Calls with tensors of the same shapes compile at most
        once, and gradients pass through `run`. Without this method the frontend loops in Python
        (`kit.looped`).
        """

    def pack(self, tensors: Sequence[Tensor]) -> Tensor:
        """Return the numbers of tensors of one element type as a new tensor of one axis, in order.

        The numbers of each tensor come in the order in which its last axis varies fastest. For a
        framework that computes function by function, also in `compile_step`: the frontend then
        updates many small weights by one call of each function. `unpack` belongs to it.
        """

    def unpack(self, packed: Tensor, tensors: Sequence[Tensor]) -> Sequence[Tensor]:
        """Return the numbers of a packed tensor in tensors of the shapes of `tensors`.

        They may share its memory.
        """

    def devices(self) -> Sequence[str]:
        """Return the devices of this machine, as the framework spells them, its default one first.

        `convdispatch doctor` lists them. Without this method the backend has the processor alone.
        """

    def on_device(self, device: str) -> Backend | None:
        """Return a backend of its own that makes tensors on this device; None if there is none.

        It is this backend in all else. The frontend gives it a name of its own. Without this method
        the tensors are where the framework puts them.
        """

    def group(self, variables: Sequence[Tensor]) -> Group | None:
        """Return the processes and devices that train a model of these variables together.

        None where this process computes alone, on one device. The framework's own means say so: its
        launcher's environment variables, a process group, a mesh, a strategy. Without this method a
        backend has no distribution engine.
        """

    def conversion(self, dtype: str) -> str:
        """Return the code by which a user of the framework converts `x` from `dtype` to float32.

        Messages quote it where an element type is none of `FLOAT_DTYPES`: 'x.astype("float32")'.
        """

    def advice(self) -> Sequence[str]:
        """Return sentences on how to set up this machine better; usually none.

        `convdispatch doctor` calls it after a correct convolution.
        """
