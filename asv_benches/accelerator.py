"""Convolutions on an accelerator: ours, the framework's own call, and what the card can do.

    python -m asv_benches.accelerator [--backend torch] [--device cuda] [--rounds 21]

One line a shape: the median time of either, the median of their paired ratios, and the share of
the multiplications a second that a large matrix product of the same element type reaches on the
same card. torch is timed on the device, by events; JAX has none for users, so its calls are queued
and the last is waited for. With `--device cpu` the script itself can be tried anywhere.
"""

import importlib
import statistics
import sys
import time

import numpy as np

from asv_benches.arguments import Parser, rounds_like

# Batch, cells a side, input channels, filters, kernel size, stride; 'same' padding.
SHAPES = (
    (32, 56, 64, 64, 3, 1),
    (32, 56, 64, 256, 1, 1),
    (32, 28, 128, 128, 3, 1),
    (32, 14, 256, 256, 3, 1),
    (32, 7, 512, 512, 3, 1),
    (32, 224, 3, 64, 7, 2),
)
SIDE = 4096  # of the matrices whose product measures the speed of the card
CALLS = 20  # in a row, in a sample


class Torch:
    """PyTorch, timed by events on a GPU and by the clock on a processor."""

    def __init__(self, device):
        self.torch = importlib.import_module("torch")
        if device != "cpu" and not self.torch.cuda.is_available():
            raise SystemExit(f"torch finds no {device}: nothing to measure. Try --device cpu.")
        self.torch.set_default_device(device)
        # By default convolutions may round to TF32 and products not: here both as the former.
        backends = self.torch.backends
        backends.cuda.matmul.allow_tf32 = backends.cudnn.allow_tf32
        self.is_cpu = device == "cpu"
        self.name = "a processor" if self.is_cpu else self.torch.cuda.get_device_name()

    def seconds(self, call):
        """Return the device's time of a call, in the mean of some in a row."""
        if self.is_cpu:
            return wall_seconds(call, lambda result: result)
        begin, end = (self.torch.cuda.Event(enable_timing=True) for _ in range(2))
        begin.record()
        for _ in range(CALLS):
            call()
        end.record()
        self.torch.cuda.synchronize()
        return begin.elapsed_time(end) / 1e3 / CALLS

    def raw(self, kernel, x, strides, pads):
        """Return the framework's own convolution of the same tensors as a call."""
        functional = self.torch.nn.functional
        weight = kernel.detach().permute(3, 2, 0, 1)
        weight = weight.contiguous(memory_format=self.torch.channels_last)
        images = x.permute(0, 3, 1, 2)
        (top, bottom), (left, right) = pads
        if (top, left) == (bottom, right):
            return lambda: functional.conv2d(images, weight, None, strides, (top, left))
        around = (left, right, top, bottom)
        return lambda: functional.conv2d(functional.pad(images, around), weight, None, strides)

    def product(self, side):
        """Return a product of square matrices as a call."""
        a = self.torch.ones(side, side)
        return lambda: a @ a


class Jax:
    """JAX, which queues calls; the clock waits for the last one."""

    def __init__(self, device):
        self.jax = importlib.import_module("jax")
        if device == "cpu":
            self.jax.config.update("jax_platforms", "cpu")
        found = self.jax.devices()[0]
        if device != "cpu" and found.platform == "cpu":
            raise SystemExit(f"jax finds no {device}: nothing to measure. Try --device cpu.")
        self.name = found.device_kind

    def seconds(self, call):
        """Return the time of a call, in the mean of some in a row."""
        return wall_seconds(call, lambda result: result.block_until_ready())

    def raw(self, kernel, x, strides, pads):
        """Return the framework's own convolution, jitted, of the same tensors as a call."""
        lax = self.jax.lax
        layouts = ("NHWC", "HWIO", "NHWC")
        conv = self.jax.jit(
            lambda x, k: lax.conv_general_dilated(
                x, k, strides, pads, dimension_numbers=layouts, precision=lax.Precision.HIGHEST
            )
        )
        return lambda: conv(x, kernel)

    def product(self, side):
        """Return a product of square matrices as a call."""
        a = self.jax.numpy.ones((side, side))
        multiply = self.jax.jit(
            lambda a: self.jax.numpy.matmul(a, a, precision=self.jax.lax.Precision.HIGHEST)
        )
        return lambda: multiply(a)


FRAMEWORKS = {"torch": Torch, "jax": Jax}


def wall_seconds(call, wait):
    """Return the time of a call by the clock, in the mean of some in a row."""
    wait(call())
    started = time.perf_counter()
    for _ in range(CALLS):
        result = call()
    wait(result)
    return (time.perf_counter() - started) / CALLS


def row(framework, backend, shape, rounds):
    """Return the median times of ours and the raw call, their ratio, and the flops of a call."""
    from convdispatch.layers import Conv2D
    from convdispatch.registry import registry

    batch, size, channels, filters, kernel_size, strides = shape
    layer = Conv2D(
        filters,
        kernel_size,
        strides,
        "same",
        use_bias=False,
        data_format="channels_last",
        dtype="float32",
        backend=backend,
    )
    numbers = np.random.default_rng(0).standard_normal((batch, size, size, channels), np.float32)
    x = registry.load(backend).asarray(numbers, "float32")
    forward = layer(x)
    ((op, _),) = layer.plans()[0].ops
    raw = framework.raw(layer.kernel, x, op.strides, op.pads)
    require_same(backend, forward, raw())
    ours = [0.0] * rounds
    theirs = [0.0] * rounds
    for turn in range(rounds):
        pair = [(ours, lambda: layer(x)), (theirs, raw)]
        for times, call in pair if turn % 2 else reversed(pair):
            times[turn] = framework.seconds(call)
    ratio = statistics.median(a / b for a, b in zip(ours, theirs, strict=True))
    flops = 2 * batch * np.prod(forward.shape[1:3]) * kernel_size**2 * channels * filters
    return statistics.median(ours), statistics.median(theirs), ratio, float(flops)


def require_same(backend, ours, raw):
    """Raise unless both computed the same, because only equal work can be compared."""
    from convdispatch.registry import registry

    to_numpy = registry.load(backend).to_numpy
    theirs = to_numpy(raw.permute(0, 2, 3, 1) if backend == "torch" else raw)
    if not np.allclose(to_numpy(ours), theirs, atol=1e-2, rtol=1e-2):
        raise SystemExit(f"{backend}: the layer and the raw call do not compute the same.")


def main(arguments=None):
    """Measure, and print one line a shape."""
    parser = Parser(prog="python -m asv_benches.accelerator")
    parser.add_argument("--backend", choices=FRAMEWORKS, default="torch")
    parser.add_argument("--device", default="cuda", help="'cuda', or 'cpu' to try the script")
    parser.add_argument(
        "--rounds", type=rounds_like(21), default=21, help="pairs of samples (default: 21)"
    )
    chosen = parser.parse_args(arguments)
    framework = FRAMEWORKS[chosen.backend](chosen.device)
    side = SIDE if chosen.device != "cpu" else 512
    product = framework.product(side)
    framework.seconds(product)
    limit = 2 * side**3 / min(framework.seconds(product) for _ in range(5))
    print(f"{chosen.backend} on {framework.name}; a matrix product: {limit / 1e12:.3g} Tflop/s")
    print(f"{'batch x image, kernel/stride, filters':40} {'ours':>9} {'raw':>9} {'ratio':>6} limit")
    for shape in SHAPES:
        ours, raw, ratio, flops = row(framework, chosen.backend, shape, chosen.rounds)
        batch, size, channels, filters, kernel_size, strides = shape
        title = (
            f"{batch}x{size}x{size}x{channels}, {kernel_size}x{kernel_size}/{strides}, {filters}"
        )
        times = f"{ours * 1e3:6.3f} ms {raw * 1e3:6.3f} ms"
        print(f"{title:40} {times} {ratio:6.3f} {flops / ours / limit:5.0%}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
