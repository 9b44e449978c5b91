"""A convolution of stride 1 without pads, as one would write it for each framework by hand.

Each takes Keras's kernel (rows, columns, in, out), the bias and channels-last images, and returns
a function of no argument: what can be done once, such as permuting the kernel, is done before.
"""

import importlib


def _numpy(kernel, bias, x):
    np = importlib.import_module("numpy")
    rows, columns, _, filters = kernel.shape
    matrix = kernel.reshape(-1, filters)

    def conv():
        windows = np.lib.stride_tricks.sliding_window_view(x, (rows, columns), (1, 2))
        cells = windows.transpose(0, 1, 2, 4, 5, 3)
        return cells.reshape(*cells.shape[:3], -1) @ matrix + bias

    return conv


def _torch(kernel, bias, x):
    torch = importlib.import_module("torch")
    conv2d = torch.nn.functional.conv2d
    native = torch.nn.Parameter(kernel.detach().permute(3, 2, 0, 1).contiguous())
    return lambda: conv2d(x.permute(0, 3, 1, 2), native, bias).permute(0, 2, 3, 1)


def _tensorflow(kernel, bias, x):
    tf = importlib.import_module("tensorflow")
    return lambda: tf.nn.bias_add(tf.nn.conv2d(x, kernel, 1, "VALID"), bias)


def _jax(kernel, bias, x):
    jax = importlib.import_module("jax")

    @jax.jit
    def conv(x, kernel, bias):
        layouts = ("NHWC", "HWIO", "NHWC")
        return bias + jax.lax.conv_general_dilated(
            x, kernel, (1, 1), "VALID", dimension_numbers=layouts
        )

    return lambda: conv(x, kernel, bias)


BY_HAND = {"numpy": _numpy, "torch": _torch, "tensorflow": _tensorflow, "jax": _jax}
