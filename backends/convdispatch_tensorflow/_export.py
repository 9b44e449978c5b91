"""Models as a `tf.Module`, of which a SavedModel holds a graph of TensorFlow's own ops."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from convdispatch.ops import Op, Signature
from convdispatch.programs import Program, evaluator, identifier
from convdispatch_tensorflow._backend import backend
from convdispatch_tensorflow._framework import tf

# Steps of a sequence up to which a loop is written step by step: the converter of TFLite in
# tensorflow 2.21 takes no loop over tensors of an unknown batch size.
_UNROLLED = 128


class Exported(tf.Module):  # type: ignore[misc]  # TensorFlow has no types
    """A model: `module(x)`, with its variables under the names of the layers.

    What it computes is traced once, for any batch size; a SavedModel holds that graph alone.
    """

    def __init__(self, program: Program) -> None:
        super().__init__(name=identifier(program.name))
        taken = set(dir(self))
        held = {}
        for one in program.weights:
            *layers, own = one.path.split("/")
            owner: Any = self
            for part in layers:
                owner = _submodule(owner, identifier(part, taken))
            variable = tf.Variable(
                backend.asarray(one.array, one.value.dtype),
                trainable=one.is_trainable,
                name="/".join(map(identifier, (*layers, own))),
            )
            setattr(owner, identifier(own, taken), variable)
            held[one.path] = variable
        evaluate, gives_list = (
            evaluator(program, backend, most_unrolled=_UNROLLED),
            program.gives_list,
        )
        names = [identifier(name) for name in program.inputs]
        specs = [
            tf.TensorSpec(value.shape, value.dtype, name=name)
            for name, value in zip(names, program.inputs.values(), strict=True)
        ]

        def call(*inputs: Any) -> Any:
            weights = {path: tf.convert_to_tensor(variable) for path, variable in held.items()}
            outputs = evaluate(weights, inputs)
            return outputs if gives_list else outputs[0]

        def serve(*inputs: Any) -> dict[str, Any]:
            outputs = call(*inputs)
            listed = outputs if gives_list else [outputs]
            return dict(zip(map(identifier, program.outputs), listed, strict=True))

        self._call = tf.function(call, input_signature=specs, autograph=False)
        self.serve = tf.function(serve, input_signature=specs, autograph=False)
        self._call.get_concrete_function()  # traced now, so that what it lacks is said now

    def __call__(self, *inputs: Any) -> Any:
        """Return the outputs for the inputs, in their order."""
        return self._call(*inputs)


def _submodule(owner: Any, name: str) -> Any:
    found = getattr(owner, name, None)
    if not isinstance(found, tf.Module):
        found = tf.Module(name=name)
        setattr(owner, name, found)
    return found


class TensorflowExporter:
    """Makes a `tf.Module`, or writes it as a SavedModel."""

    is_folder = True

    def supports(self, op: Op, signature: Signature) -> bool:
        return True  # the backend derives what TensorFlow lacks

    def export(self, program: Program) -> Exported:
        """Return the module."""
        return Exported(program)

    def write(self, program: Program, path: Path) -> None:
        """Write a SavedModel into a new folder."""
        module = Exported(program)
        # Of the instance: a loaded module is called by it.
        module.__call__ = module._call  # type: ignore[method-assign]  # TensorFlow tracks it
        tf.saved_model.save(module, str(path), signatures=module.serve)


exporter = TensorflowExporter()
