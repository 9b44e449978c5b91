"""Results without gradients: `compile_forward`, and `predict` over batches."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, overload

import numpy as np

from convdispatch.callbacks import moments_of, say_done, told
from convdispatch.doors.elsewhere import missing_attribute
from convdispatch.engine.arguments import as_bool, as_int
from convdispatch.engine.graph import chain
from convdispatch.engine.plans import Plan
from convdispatch.engine.specs import Spec
from convdispatch.engine.state_batches import require_whole_batches, settled_batch_size
from convdispatch.engine.tensors import as_array_or_native, as_column
from convdispatch.errors import ConvDispatchError, InvalidShape
from convdispatch.formulas.dialects import Dialect
from convdispatch.formulas.keywords import names_keywords
from convdispatch.models._compiled_forward import CompiledForward
from convdispatch.models._divided import Divided, as_arrays, divided, warn_of_refusal
from convdispatch.models._flat_weights import StackedWeights
from convdispatch.models._one_state import outputs_of
from convdispatch.ops import NumpyArray, Part, PartialShape
from convdispatch.runtime.dispatch import declined, require_feature
from convdispatch.runtime.registry import registry
from convdispatch.support.warnings import warn
from convdispatch.training.iterables import is_iterable_of_batches
from convdispatch.training.passes import first
from convdispatch.types import ArrayInput, NativeTensor, SomeTensor


class Predicting(StackedWeights):
    """The methods of a stack of layers for inference."""

    autograph_info__: ClassVar[Mapping[str, object]] = {}  # as in `Layer`
    backend: str
    dialect: ClassVar[Dialect]
    stop_predicting: bool = False
    _predictor: CompiledForward | None = None
    _divided: Divided | None = None

    @overload
    def __call__(self, inputs: ArrayInput) -> NativeTensor: ...
    @overload
    def __call__(self, inputs: SomeTensor) -> SomeTensor: ...
    def __call__(self, inputs: Any) -> Any:
        """Apply the layers."""
        raise NotImplementedError

    def compile_forward(self, *, optimize: bool = False) -> CompiledForward:
        """Return a function of an input that runs the model compiled by its backend's compiler.

        It uses the fast compilers (`jax.jit`, `tf.function`, torch's inference mode) and, with
        `optimize=True`, slow ones too (`torch.compile`). No gradients flow through the result. Each
        call uses the model's current weights. A changed model is compiled again, and so is a new
        shape if the compiler depends on it. Raises `InvalidShape` while the model's input shape is
        unknown, and `UnsupportedOp` if the backend declines to compile.
        """
        if not self.stateful:
            require_feature(registry.load(self.backend), "compile")
        self.ensure_built("compile_forward")
        return CompiledForward(self._layers, self.backend, optimize=as_bool(optimize, "optimize"))

    @property
    def stateful(self) -> bool:
        """Whether a layer keeps a state from one batch to the next."""
        return any(layer.carries_state for layer in self._layers)

    def reset_states(self) -> None:
        """Let each layer that keeps a state begin the next batch with zeros."""
        for layer in self._layers:
            if layer.carries_state:
                layer.reset_states()  # type: ignore[attr-defined]  # such a layer has it

    def plans(self) -> tuple[Plan, ...]:
        """Return what the layers have prepared so far, layer by layer.

        >>> from convdispatch import Sequential, layers
        >>> model = Sequential([layers.Conv1D(2, 3, input_shape=(8, 1), name="c")], backend="numpy")
        >>> print(*model.plans())
        c: (8, 1) float32 on numpy: conv1d
        """
        return tuple(plan for layer in self._layers for plan in layer.plans())

    @names_keywords
    def predict(
        self,
        x: Any,
        batch_size: int | None = None,
        verbose: bool | int | str = "auto",
        steps: int | None = None,
        callbacks: Any = None,
    ) -> Any:
        """Return the outputs for `x` as one NumPy array, computed `batch_size` items at a time.

        `steps` is the number of batches, all of them by default. `x` may yield batches, as that of
        `fit` may; targets in them are left out.

        `batch_size` is 32 by default, or the one that stateful layers keep their state for.
        A model that returns a list of outputs gives a list of arrays. NumPy arrays are cast to the
        model's element type, or to integers where a layer looks up rows by them, batch by batch;
        tensors keep their own.

        The model is compiled as by `compile_forward`. If the backend cannot compile it, for example
        because of an activation in plain NumPy, it runs layer by layer, with a warning. `verbose`
        'auto' shows a progress bar on a terminal once the work takes over a second, 1 shows it
        always, 0 never; in keras1 and keras2, 1 prints Keras's bar when it is done. All items get
        the same weights: where another thread sets new ones or adds a layer meanwhile, the work
        starts again, and that thread waits for its end. `callbacks` are told by their
        `on_predict_...` methods; one that sets `model.stop_predicting` ends it after a batch.
        """
        count = None if steps is None else as_int(steps, "steps")
        if is_iterable_of_batches(x):
            trainable: Any = self  # which knows such sources
            return trainable._predicted_of(x, count, verbose, callbacks)
        wanted = None if batch_size is None else as_int(batch_size, "batch_size")
        size = settled_batch_size(self._layers, wanted)
        given = self._given(x)
        shape = given[0].shape
        if shape:
            require_whole_batches(self._layers, shape[0] or 0, "`x`")
        repeats = wanted is None and self.dialect.steps_repeat
        size, starts = _batches(shape, size, count, repeats=repeats)
        is_whole = not shape or size >= (shape[0] or 0)
        dtypes = self._input_dtypes

        if shape and not self.built:
            self._built_for(given[0][:size])
        group = self._group_for(shape[0] or 0) if shape else None

        def predicted(start: int) -> list[NumpyArray]:
            parts = given if is_whole else [one[start : start + size] for one in given]
            part = None if group is None else group.together.part(int(parts[0].shape[0]))
            if part is not None:
                parts = [one[part.start : part.stop] for one in parts]
            parts = [self._cast(*pair) for pair in zip(parts, dtypes, strict=True)]
            return self._arrays(parts, group, part)

        params = {"steps": len(starts), "verbose": verbose, "epochs": 1}
        moments = moments_of(callbacks, "predict", self, params)
        if group is not None and group.together.rank:
            verbose = 0

        def noted(place: int) -> list[NumpyArray]:
            return told(moments, place, lambda: predicted(starts[place]))

        says, begun = verbose == 1 and self.dialect.lines.says_predictions, time.monotonic()
        found = outputs_of(self, noted, range(len(starts)), "auto" if says else verbose, moments)
        if says:
            say_done((shape[0] or 0) if shape else 1, time.monotonic() - begun, self.dialect.lines)
        # Copies, also of one batch: some backends' arrays are read-only.
        joined = [np.concatenate(batches) for batches in zip(*found, strict=True)]
        return self.in_structure(joined) if self._gives_list else joined[0]

    def _predict_proba(
        self, x: Any, batch_size: int | None = None, verbose: bool | int | str = 0
    ) -> Any:
        """Return what `predict` does; warn where it is no probability."""
        found = self.predict(x, batch_size, verbose)
        if found.size and (found.min() < 0 or found.max() > 1):
            warn(
                f"{self.name!r} returns numbers from {found.min():.3g} to {found.max():.3g}, which "
                "are no probabilities. Its last layer may lack an activation such as 'softmax'."
            )
        return found

    def _predict_classes(
        self, x: Any, batch_size: int | None = None, verbose: bool | int | str = 0
    ) -> Any:
        """Return the class of the highest output of each item; of a single one 0 or 1."""
        found = self.predict(x, batch_size, verbose)
        if found.shape[-1] > 1:
            return found.argmax(axis=-1)
        return (found > 0.5).astype("int32")

    def in_structure(self, outputs: Any) -> Any:
        """Return outputs in a row as those that the model returns."""
        return outputs

    def in_row(self, outputs: Any) -> Any:
        """Return what the model returns as outputs in a row."""
        return outputs

    @property
    def _gives_list(self) -> bool:
        """Whether the model returns a list of outputs."""
        return False

    @property
    def _input_dtypes(self) -> list[str]:
        """The element type of each input."""
        stated = Spec((None,), self._layers[0].input_dtype)
        return list(chain(self._layers, stated).input_dtypes())

    def _cast(self, part: Any, dtype: str) -> Any:
        """Return an array of real numbers in an input's element type, a tensor as it is."""
        if not isinstance(part, np.ndarray) or part.dtype.kind not in "fiubV" or part.ndim == 0:
            return part
        return registry.load(self.backend).asarray(part, dtype)

    def _given(self, x: Any) -> list[Any]:
        """Return the part of `x` for each input: an array, or a tensor of the model's backend.

        An array's batches become tensors one by one: one tensor of the whole array might not fit,
        and NumPy slices without compiling anything.
        """
        self._require_layers()
        first = self._layers[0]
        given = as_array_or_native(registry.load(self.backend), x, self._input_dtypes[0])
        if isinstance(given, np.ndarray):
            first.check_array(given)
        return [as_column(given, first.batch_input_shape)]

    def _predict(self, batch: Any) -> Any:
        """Return the outputs of one batch, compiled if they can be."""
        if not self.built:
            return self(batch)  # which builds the model, or complains of the shape
        if self._predictor is None:
            needed = {"compile_step" if self.stateful else "compile"}
            if not needed.isdisjoint(declined(registry.load(self.backend))):
                return self(batch)
            self._predictor = self.compile_forward()
        if self._predictor.is_refused:
            return self(batch)
        try:
            return self._predictor(batch)
        except ConvDispatchError:
            raise
        except Exception as exc:  # noqa: BLE001 - compilers raise whatever they like
            outputs = self(batch)  # or it raises what is wrong with the model, not with compiling
            self._predictor.is_refused = True
            warn_of_refusal(self, exc)
            return outputs

    def _group_for(self, samples: int | None) -> Divided | None:
        """Return what computes the outputs in a group of processes, None for this one alone.

        Raises `GroupFailed` where they do not predict for as many samples.
        """
        found = divided(self)
        if found is not None:
            found.together.agree({"number of samples": samples})
        return found

    def _arrays(
        self, tensors: list[Any], group: Divided | None = None, part: Part | None = None
    ) -> list[NumpyArray]:
        """Return the outputs of a batch, of which a group has this part."""
        if group is not None and part is not None:
            return group.arrays(self, tensors, part)
        return as_arrays(self._predict(tensors[0] if len(tensors) == 1 else tensors))

    def _native(self, inputs: Any) -> tuple[Any, PartialShape, str]:
        """Return the inputs as a tensor of the model's backend, with its shape and type."""
        self._require_layers()
        backend = registry.load(self.backend)
        native = self._layers[0]._as_native(backend, inputs)
        return native, *backend.describe(native)

    def _require_layers(self) -> None:
        if not self._layers:
            raise InvalidShape(f"{self.name!r} has no layers to apply.")

    def _built_for(self, inputs: Any) -> Any:
        """Build the layers for a tensor or an array and return it as a native tensor.

        Where it does not fit, no layer is built.
        """
        native, shape, _ = self._native(inputs)
        self._layers[0].plan_for(native)  # or it complains of the element type or the shape
        self.build((None, *shape[1:]))
        return native

    if not TYPE_CHECKING:  # type checkers know what there is

        def __getattr__(self, name: str) -> Any:
            """Say what to do instead of a method that Keras's models have and these lack."""
            known = getattr(type(self), name, None)
            if isinstance(known, property):  # which raised an `AttributeError` of its own
                return known.__get__(self)
            raise AttributeError(missing_attribute(type(self).__name__, name), name=name, obj=self)


def _batches(
    shape: PartialShape, size: int, count: int | None, *, repeats: bool
) -> tuple[int, Sequence[int]]:
    """Return the size of batches of an array, and where each one starts.

    repeats: whether each of `count` batches has all samples.
    """
    if not shape:
        return size, range(1)
    if count is not None and repeats:
        return shape[0] or 1, [0] * count
    return size, first(range(0, max(shape[0] or 0, 1), size), count)
