"""Every op as the calls that a user of Keras would write for it.

Keras's words for padding are used wherever they mean what the op's numbers say. A backend that is
to be right does better without them; here Keras's own reading of its words is what is tested.
"""

import numpy as np
from keras import activations, ops

from convdispatch.ops import Conv, ConvTranspose, Dense, Pad, Pool, Resize, Upsample


def _convolution(op, signature):
    first, layout = _layout(op)
    *taps, channels, _ = signature.weight_shapes[0]
    size = np.array(signature.input_shape[first - 1 :][: len(taps)])
    reach = np.array(op.dilation) * (np.array(taps) - 1) + 1
    function, (words, before), after = ops.conv, _forward(op, size, reach), ()
    if isinstance(op, ConvTranspose):
        function, before, (words, after) = ops.conv_transpose, (), _transposed(op, size, reach)
    elif channels == 1 < op.groups and len(taps) < 3:  # there are depthwise layers of 1 and 2 axes
        function, channels = ops.depthwise_conv, op.groups
    words |= {"strides": op.strides, "dilation_rate": op.dilation, "data_format": layout}

    def compute(x, kernel, bias=None):
        kernel = ops.reshape(kernel, (*taps, channels, -1))
        y = _pad(function(_pad(x, before, first), kernel, **words), after, first)
        return _finished(y, bias, op, (1,) * (len(taps) * (first - 1)))

    return compute


def _finished(y, bias, op, after):
    y = y if bias is None else ops.add(y, ops.reshape(bias, (-1, *after)))
    return (activations.linear if op.activation == "linear" else getattr(ops, op.activation))(y)


def _dense(op, signature):
    return lambda x, kernel, bias=None: _finished(ops.matmul(x, kernel), bias, op, ())


def _pool(op, signature):
    first, layout = _layout(op)
    size = np.array(signature.input_shape[first - 1 :][: len(op.size)])
    words, before = _forward(op, size, np.array(op.size))
    if op.counts_pads:  # Keras's averages never count them
        words, before = {"padding": "valid"}, op.pads
    elif op.kind == "sum" or (op.kind == "average" and np.max(before, initial=0) > 0):
        return None
    function, outside = (ops.max_pool, -np.inf) if op.kind == "max" else (ops.average_pool, 0.0)
    words |= {"strides": op.strides, "data_format": layout}
    return lambda x: function(_pad(x, before, first, outside), op.size, **words)


def _resize(op, signature):
    if len(op.output_size) != 2 or op.coordinates != "half_pixel":
        return None
    words = {"interpolation": op.interpolation, "data_format": _layout(op)[1]}
    return lambda x: ops.image.resize(x, op.output_size, **words)


def _forward(op, size, reach):
    total = np.maximum((-(-size // op.strides) - 1) * op.strides + reach - size, 0)
    is_same = np.array_equal(op.pads, np.stack([total // 2, total - total // 2], 1))
    return ({"padding": "same"}, ()) if is_same else ({"padding": "valid"}, op.pads)


def _transposed(op, size, reach):
    low, result, usual = np.array(op.pads)[:, 0], np.array(op.output_size), size * op.strides
    full = usual - op.strides + reach
    valid = ("valid", 0 * low, np.maximum(full, usual), full)
    same = ("same", np.maximum(full - result, 0) // 2, usual, usual - op.strides + reach % 2)
    for padding, begin, default, least in (valid, same):
        extra = result - least
        if np.array_equal([low, result], [begin, default]):
            return {"padding": padding}, ()
        # Keras asks for an output padding of less than the stride.
        if np.array_equal(low, begin) and ((extra >= 0) & (extra < op.strides)).all():
            return {"padding": padding, "output_padding": tuple(extra.tolist())}, ()
    # Keras has no argument for it: the wanted cells are cut from the largest result.
    return {"padding": "valid"}, np.stack([-low, result + low - valid[2]], 1).tolist()


def _pad(x, pads, first, value=0.0):
    around = [(0, 0)] * len(x.shape)
    around[first : first + len(pads)] = [(max(low, 0), max(high, 0)) for low, high in pads]
    x = ops.pad(x, around, constant_values=value) if np.any(around) else x
    # Afterwards: a crop may reach into the pads of the other end.
    kept = [slice(max(-low, 0), min(high, 0) or None) for low, high in pads]
    return x[(slice(None),) * first + tuple(kept)] if np.min(pads, initial=0) < 0 else x


def _upsample(op, signature):
    first, layout = _layout(op)
    if op.interpolation == "bilinear":
        size = np.multiply(signature.input_shape[first - 1 :][:2], op.factors).tolist()
        return lambda x: ops.image.resize(x, size, data_format=layout)

    def repeat(x):
        for axis, factor in enumerate(op.factors, first):
            x = ops.repeat(x, factor, axis=axis)
        return x

    return repeat


def _layout(op):
    return (1, "channels_last") if op.channels_last else (2, "channels_first")


WRITTEN = {Conv: _convolution, ConvTranspose: _convolution, Dense: _dense, Pool: _pool}
WRITTEN |= {Pad: lambda op, signature: lambda x: _pad(x, op.pads, _layout(op)[0])}
WRITTEN |= {Resize: _resize, Upsample: _upsample}


def written(op, signature):
    """Return the function that computes the op; None for what Keras has no call for."""
    return WRITTEN.get(type(op), lambda *_: None)(op, signature)
