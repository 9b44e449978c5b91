"""What a backend has: methods over tensors of its own, a table of functions and one of draws."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, TypeAlias

from convdispatch.ops._model import Model
from convdispatch.ops._ops import Op, Signature
from convdispatch.ops._tensors import NumpyArray, PartialShape, Tensor

# Dictionaries, lists, tuples and None, with tensors at the leaves.
Tree: TypeAlias = Any

# What `value_and_grad` differentiates: a scalar of a list of tensors, and whatever else comes out.
# (The tensors are `Any`: functions that are handed over name their framework's own.)
Differentiable: TypeAlias = Callable[[Sequence[Any]], tuple[Any, Tree]]
# ((scalar, auxiliary results), a gradient for each tensor)
Differentiated: TypeAlias = Callable[[Sequence[Any]], tuple[tuple[Any, Tree], list[Any]]]
# (variables, inputs) -> (variables, result)
Step: TypeAlias = Callable[[Sequence[Any], Tree], tuple[Sequence[Any], Tree]]


class Backend(Protocol):
    """What a plugin implements. Check an implementation with the conformance suite.

    Required are `name`, `lower`, `owns`, `describe`, `asarray` and `to_numpy`. `variable`,
    `assign`, `cast`, `synchronize` and `outside_trace` have a plain default, which their docstrings
    name: leave out those for which it is right. A backend has no `functions`, `random`, `compile`,
    `value_and_grad`, `compile_step` or `wrap` where it declines them in `Capabilities.unsupported`
    (as 'functions', 'random', 'compile', 'gradients', 'compile_step', 'wrap'): whoever asks for one
    gets `UnsupportedOp` with the reason that is given there. In the place of declined functions
    NumPy's are called, between `to_numpy` and `asarray`, and every report says so.

    Tensors. Arithmetic operators and comparisons between native tensors and Python numbers must
    work, in the tensor's element type or a wider one. A tensor has a `shape`. Tensors of
    `FLOAT_DTYPES` are computed with; those of `INTEGER_DTYPES` enter by `asarray` and leave by
    `to_numpy` with every bit, and are what comparisons, keys and counts are. A tensor of a type
    that the framework lacks is an `UnsupportedOp`, never one of another type.

    What varies. Between two calls of what `lower` or `compile` returned only the batch axis, axis
    0, varies: it may have any size, 0 included, and be unknown while a framework traces. The other
    sizes are those of the `Signature`.

    Half precision is computed in float32 or wider and rounded once, by each op, by each function
    and by its gradient; so a backend that has half precision has float32. A number below the
    smallest normal one of the type that is computed in may count as zero.

    Threads. Methods and what they return may be called by several threads at a time.
    """

    name: str
    functions: Mapping[str, Callable[..., Tensor]]
    """A table of functions named and behaving as NumPy's, over native tensors.

    `REQUIRED_FUNCTIONS` lists the names. A backend may decline one of them, for all element types
    or for some: 'erf', 'erf:float64'.
    """

    random: Mapping[str, Callable[..., Tensor]]
    """Random numbers that depend on nothing but a key, of which the same bits come on every call.

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

        `value` is an array or a NumPy scalar of any real type, which may be that of `dtype` or not:
        convert as NumPy's `astype` does. It may be read-only, empty, have no axis, have gaps
        between its numbers, run backwards or have the other byte order. The tensor may share its
        memory, which nobody changes as long as the tensor is used.
        """

    def variable(self, value: NumpyArray, dtype: str) -> Tensor:
        """Return a native tensor that the framework's autodiff and optimizers can train.

        `value` is what `asarray` takes. The variable shares no memory with it. By default it is
        what `asarray` makes of a copy.
        """

    def assign(self, variable: Tensor, value: NumpyArray | Tensor) -> Tensor:
        """Give `variable` the numbers of `value`, in place where the framework can; return it.

        `value` is what `asarray` takes or a native tensor, on any device, of the variable's shape.
        It is copied to the device and the element type of the variable, never by way of another
        device, and nothing of it is recorded for gradients. By default a new tensor is returned.
        """

    def cast(self, tensor: Tensor, dtype: str) -> Tensor:
        """Return the tensor with another element type, differentiably between `FLOAT_DTYPES`.

        By default NumPy converts, between `to_numpy` and `asarray`.
        """

    def to_numpy(self, tensor: Tensor) -> NumpyArray:
        """Return the values as a NumPy array of the same element type (bfloat16: ml_dtypes)."""

    def synchronize(self, tensor: Tensor) -> None:
        """Return once the tensor's values have been computed: what a timer must wait for.

        By default it asks for them by `to_numpy`.
        """

    def outside_trace(self, fn: Callable[[], object]) -> object:
        """Call `fn` eagerly even while the framework is tracing the caller.

        By default it calls `fn`: right where nothing is traced.
        """

    def compile(self, fn: Callable[..., Tensor]) -> Callable[..., Tensor]:
        """Return `fn` compiled by the framework's own compiler, or `fn` if there is none."""

    def value_and_grad(self, fn: Differentiable) -> Differentiated:
        """Return `compute(tensors) -> ((scalar, aux), gradients)`, a gradient for each tensor.

        `fn(tensors)` returns the scalar and `aux`, a tree of native tensors that are not
        differentiated and can be used afterwards. A tensor that the scalar does not depend on has a
        gradient of zeros. `fn` may hold another such `compute`: derivatives of derivatives. What
        the framework itself calls when gradients of a variable are computed, such as hooks and the
        reducers of its distribution, is called. Calls of one `compute` with tensors of the same
        shapes compile at most once.
        """

    def compile_step(self, step: Step) -> Step:
        """Return `run(variables, inputs) -> (variables, result)`: `step`, compiled, done in place.

        `step(variables, inputs) -> (new_variables, result)` is a pure function; it may call
        `compute` of `value_and_grad`. `variables` is a list of what `variable` returned; what
        `step` gets in their place may be traced. `new_variables` have their shapes and element
        types. `inputs` and `result` are trees of tensors: a number that changes from step to step,
        such as a learning rate, is a tensor in `inputs`, which holds none of the variables.

        `run` gives the variables their new values and returns them: the same objects, or new ones,
        after which the old must not be used. `result` shares no memory with them. Nothing is
        written before all has been computed, so that a step which raises leaves all as it was.
        Calls with tensors of the same shapes compile once, whatever the values; `run` may be called
        with other variables and other shapes.
        """

    def wrap(self, model: Model) -> object:
        """Return the model as the framework's own object, for what takes only those.

        Its weights are the model's own tensors, by the names that `named_weights` gives them in the
        framework's spelling, trainable or not; a call of it computes by `apply` or, where it is
        told to train, by `training`, whose updates it stores in the weights. Where the framework
        exchanges the weights, the model is told by `adopt`.
        """


class OptionalMethods(Protocol):
    """What a backend may have besides: nothing is computed otherwise without them, only slower."""

    def candidates(self, op: Op, signature: Signature) -> Mapping[str, Callable[..., Tensor]]:
        """Return every way to compute `op` by a short name, the one of `lower` first.

        Each is right for every batch size and within the accuracy that the backend declares.
        """

    def compile_inference(self, fn: Callable[..., Tensor]) -> Callable[..., Tensor]:
        """Return `fn(variables, inputs)` for its values alone, prepared as `compile` would not.

        It need not record gradients. `variables` is a list of what `variable` returned, nearly
        always the same ones; their values at the time of the call count. A function that has a true
        attribute `takes_arrays` also takes a NumPy array for `inputs`, of numbers in `FLOAT_DTYPES`
        and in native byte order, and copies it.
        """

    def conversion(self, dtype: str) -> str:
        """Return what a user of the framework writes to make float32 of `x`, which has `dtype`.

        Messages quote it where an element type is none of `FLOAT_DTYPES`: 'x.astype("float32")'.
        """

    def advice(self) -> Sequence[str]:
        """Return what a user could set up better on this machine, in sentences; mostly nothing.

        `convdispatch doctor` asks, after a convolution was computed right.
        """
