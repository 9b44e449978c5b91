"""Keras 3's ops as a convdispatch backend, on the framework that KERAS_BACKEND names."""

import os

from convdispatch.hookspecs import hookimpl
from convdispatch.ops import BackendInfo, Capabilities

NO_GROUPS = "keras.ops.conv_transpose has no groups; call it on each group's channels"
NO_KEYS = "keras.random draws by seeds that count their calls, and not by keys"
NO_STEPS = "Keras compiles the steps of its own models; use keras.Model.fit"
NO_MODELS = "Keras's own models are made of its own layers; wrap on the framework's own backend"
NO_SIZES = "keras.ops computes for known sizes here; state them, or use the framework's own backend"
NO_TRAINING = "Keras computes results alone on OpenVINO; train on another framework"
NO_COMPILER = "Keras has no name for OpenVINO's compiler, through which each of its calls goes"
NO_SPECIAL_WEIGHTS = "the frameworks' kernels leave pads out of some sums, and not out of others"
ON_OPENVINO = dict.fromkeys(("gradients", "second_order"), NO_TRAINING) | {"compile": NO_COMPILER}
LIMITS = Capabilities(
    unsupported={
        **(ON_OPENVINO if os.environ.get("KERAS_BACKEND") == "openvino" else {}),
        **{f"conv{n}d_transpose:groups": NO_GROUPS for n in (1, 2, 3)},
        "random": NO_KEYS,
        "unknown_sizes": NO_SIZES,
        "compile_step": NO_STEPS,
        "wrap": NO_MODELS,
        "nonfinite_weights": NO_SPECIAL_WEIGHTS,
    }
)


@hookimpl
def convdispatch_backends():
    """Describe the backend; Keras is imported when it is loaded."""
    yield BackendInfo(
        name="keras3",
        framework="keras",
        load="convdispatch_keras3._backend:backend",
        install="python -m pip install -c constraints.txt keras  # and what KERAS_BACKEND names",
        capabilities=LIMITS,
        protocol=2,
        test_environment={"JAX_ENABLE_X64": "1"},
    )
