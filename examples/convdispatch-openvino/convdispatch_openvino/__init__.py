"""OpenVINO as a convdispatch backend: its description and its limits; imports no framework."""

from convdispatch.hookspecs import hookimpl
from convdispatch.ops import BackendInfo, Capabilities

NO_TRAINING = "OpenVINO computes results alone; train on another backend, move the model here"
UNSUPPORTED = {
    **dict.fromkeys(("gradients", "second_order", "random", "compile_step"), NO_TRAINING),
    "compile": "a graph of OpenVINO is compiled for each op, and not for functions",
    "unknown_sizes": "OpenVINO traces nothing; call the layer with each shape",
    "wrap": "OpenVINO has no objects of its own for models; call the model",
    "functions": "OpenVINO computes graphs of ops",
    "float64": "OpenVINO computes float64 in float32 on a CPU; use float32",
    "nonfinite_weights": "OpenVINO leaves pads out of its sums",
}


@hookimpl
def convdispatch_backends():
    """Describe the backend; OpenVINO is imported when it is loaded."""
    yield BackendInfo(
        name="openvino",
        framework="openvino",
        load="convdispatch_openvino._backend:backend",
        install="python -m pip install openvino",
        capabilities=Capabilities(unsupported=UNSUPPORTED),
        protocol=2,
    )
