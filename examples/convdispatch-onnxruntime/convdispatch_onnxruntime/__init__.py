"""ONNX Runtime as a convdispatch backend: its description and its limits."""

from convdispatch.hookspecs import hookimpl
from convdispatch.ops import BackendInfo, Capabilities

NO_TRAINING = "ONNX Runtime computes results alone; train on another backend, move the model here"
NO_DOUBLE = "ONNX Runtime's CPU provider convolves no float64; use float32"
CONVS = [f"conv{n}d{suffix}" for n in (1, 2, 3) for suffix in ("", "_transpose")]
UNSUPPORTED = {
    **dict.fromkeys(("gradients", "second_order", "random", "compile_step"), NO_TRAINING),
    "compile": "a graph of ONNX is compiled for each op, and not for functions",
    "unknown_sizes": "ONNX Runtime traces nothing; call the layer with each shape",
    "wrap": "ONNX Runtime has no objects of its own for models; call the model",
    "functions": "ONNX Runtime computes graphs of ops",
    **{f"{op}:float64": NO_DOUBLE for op in CONVS},
}


@hookimpl
def convdispatch_backends():
    """Describe the backend; ONNX Runtime is imported when it is loaded."""
    yield BackendInfo(
        name="onnxruntime",
        framework="onnxruntime",
        load="convdispatch_onnxruntime._backend:backend",
        install="python -m pip install onnx onnxruntime",
        capabilities=Capabilities(unsupported=UNSUPPORTED),
        protocol=2,
    )
