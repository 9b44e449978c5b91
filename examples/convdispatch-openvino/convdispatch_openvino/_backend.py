"""Each op as a small graph, run by OpenVINO's CPU plugin; tensors are NumPy's arrays."""

import numpy as np
import openvino
from openvino import opset14 as ov

from convdispatch import kit
from convdispatch.ops import Conv, ConvTranspose, Dense, Pad, Pool, Resize, Upsample

CORE = openvino.Core()
# On processors with bfloat16 the plugin computes float32 in it, unless it is told not to.
PRECISION = {"INFERENCE_PRECISION_HINT": "f32"}
ACTIVATIONS = {"linear": lambda y: y, "relu": ov.relu, "sigmoid": ov.sigmoid, "tanh": ov.tanh}


def _moved(x, pads, first):
    """Add zeros to the axes from `first` on, and then crop: a crop may reach into the zeros."""
    for part in (np.maximum(pads, 0), np.minimum(pads, 0)):
        if part.any():
            around = np.zeros((len(pads) + 2, 2), int)
            around[first : first + len(pads)] = part
            x = ov.pad(x, *around.T, "constant", ov.constant(np.float32(0)))
    return x


def _in_first(op, rank, x, compute):
    """Compute on channels first, whatever the layout of the op."""
    if not op.channels_last:
        return compute(x)
    to_last, to_first = kit.permutations(rank)
    return ov.transpose(compute(ov.transpose(x, to_first)), to_last)


def _convolution(op, signature, x, kernel, bias=None):
    rank, is_forward = len(op.strides), isinstance(op, Conv)
    pads = np.array([axis.fitted for axis in kit.axes(op, signature)])
    inner = pads if pads.min() >= 0 else 0 * pads  # OpenVINO's own convolutions do not crop
    before, behind = (pads - inner, 0 * pads) if is_forward else (0 * pads, inner - pads)
    kernel = ov.transpose(kernel, (rank + 1, rank, *range(rank)))
    if op.groups > 1:
        *taps, channels, filters = signature.weight_shapes[0]
        kernel = ov.reshape(kernel, (op.groups, filters // op.groups, channels, *taps), False)
    kind = "convolution" if is_forward else "convolution_backprop_data"
    convolve = getattr(ov, f"group_{kind}" if op.groups > 1 else kind)
    options = {"pads_begin": inner[:, 0], "pads_end": inner[:, 1], "dilations": op.dilation}

    def compute(x):
        y = _moved(convolve(_moved(x, before, 2), kernel, op.strides, **options), behind, 2)
        if bias is not None:
            y = ov.add(y, ov.reshape(bias, (1, -1, *[1] * rank), False))
        return ACTIVATIONS[op.activation](y)

    return _in_first(op, rank, x, compute)


def _dense(op, signature, x, kernel, bias=None):
    y = ov.matmul(x, kernel, False, False)
    return ACTIVATIONS[op.activation](y if bias is None else ov.add(y, bias))


def _pad(op, signature, x):
    return _moved(x, np.array(op.pads), kit.first_spatial_axis(op))


def _pool(op, signature, x):
    pads = np.array([axis.fitted for axis in kit.axes(op, signature)])
    if pads.min() < 0 or op.kind == "sum":
        return None

    def compute(x):
        if op.kind == "max":
            ones = [1] * len(pads)
            return ov.max_pool(x, op.strides, ones, pads[:, 0], pads[:, 1], op.size).output(0)
        return ov.avg_pool(x, op.strides, pads[:, 0], pads[:, 1], op.size, not op.counts_pads)

    return _in_first(op, len(pads), x, compute)


def _resized(op, signature, x):
    if op.interpolation == "bilinear":  # OpenVINO rounds positions to float32
        return None
    coordinates = getattr(op, "coordinates", "half_pixel").replace("corners", "align_corners")
    options = {"coordinate_transformation_mode": coordinates, "axes": kit.spatial_axes(op)}
    options["nearest_mode"] = "floor" if coordinates == "asymmetric" else "round_prefer_ceil"
    size = [len(axis.below) for axis in kit.samples(op, signature)]
    return ov.interpolate(x, size, "nearest", "sizes", **options)


WRITTEN = {Conv: _convolution, ConvTranspose: _convolution, Dense: _dense, Pad: _pad, Pool: _pool}
WRITTEN |= {Resize: _resized, Upsample: _resized}


class OpenVinoBackend:
    """The six names that a backend has to have."""

    name = "openvino"
    to_numpy = staticmethod(np.asarray)

    def lower(self, op, signature):
        shapes = ([-1, *signature.input_shape], *map(list, signature.weight_shapes))
        inputs = [ov.parameter(openvino.PartialShape(shape), np.float32) for shape in shapes]
        result = WRITTEN[type(op)](op, signature, *inputs) if type(op) in WRITTEN else None
        if result is None:
            return kit.derived(op, signature, self)
        compiled = CORE.compile_model(openvino.Model([result], inputs, "op"), "CPU", PRECISION)

        def compute(*tensors):  # a request is one thread's, and so is the memory of its result
            return np.array(compiled.create_infer_request().infer(tensors)[0])

        return kit.rounded_once(compute, signature.dtype, self.cast)

    def owns(self, value):
        return isinstance(value, np.ndarray | np.generic)

    def describe(self, tensor):
        return tensor.shape, tensor.dtype.name

    def asarray(self, value, dtype):
        return np.asarray(value, kit.numpy_dtype(dtype), order="C")


backend = OpenVinoBackend()
