"""The measures: each is a generator of rows, run in a process of its own for one backend.

A row is a name and the times of its contestants, in seconds a call and one a round.
"""

import subprocess
import sys
import time
import tracemalloc
from functools import partial

from asv_benches.benchmarks._by_hand import BY_HAND
from asv_benches.benchmarks.shapes import resnet50
from asv_benches.peers import cnn, contestants, steps
from asv_benches.peers.contestants import Shape
from asv_benches.peers.remote import Remote
from asv_benches.peers.timing import interleaved

TINY = Shape(1, 8, 4, 8, 3, 1, "valid")
# The first shapes of this project; 'valid' is the default of a Keras layer.
SHAPES = (
    TINY,
    Shape(1, 56, 64, 64, 3, 1, "valid"),
    Shape(1, 56, 64, 256, 1, 1, "valid"),
    Shape(1, 14, 256, 256, 3, 1, "valid"),
    Shape(8, 56, 64, 64, 3, 1, "valid"),
    Shape(1, 224, 3, 64, 7, 2, "valid"),
)
RESNET = tuple(
    Shape(batch, c.size, c.channels, c.filters, c.kernel_size, c.strides, "same")
    for batch in (1, 8)
    for c in resnet50()
)
# Depthwise layers of MobileNet, groups of ResNeXt and ShuffleNet.
GROUPED = tuple(
    Shape(batch, *shape, "same", groups)
    for batch in (1, 8)
    for *shape, groups in (
        (112, 32, 32, 3, 1, 32),
        (112, 64, 64, 3, 2, 64),
        (28, 256, 256, 3, 1, 256),
        (14, 512, 512, 3, 1, 512),
        (56, 128, 128, 3, 1, 32),
        (14, 512, 512, 3, 1, 32),
        (28, 240, 240, 1, 1, 3),
    )
)
IN_A_ROW = 50  # calls; only the last one is waited for
PAUSE = 0.04  # seconds between two frameworks: OpenBLAS's threads spin for about 25 ms
# The convolutions of the small network, whose gradients a training step would take.
TRAINED = (Shape(128, 28, 1, 32, 3, 1, "valid"), Shape(128, 26, 32, 64, 3, 1, "valid"))


def overhead(backend, rounds):
    """Call a tiny convolution: our layer, the same native calls by hand, Keras 3's layer.

    Each call waited for, and many in a row: a framework's threads may fall asleep between two.
    """
    from convdispatch.layers import Conv2D

    x = _native(backend, TINY)
    layer = Conv2D(8, 3, backend=backend, data_format="channels_last", dtype="float32")
    layer.build((None, 8, 8, 4))
    theirs = _keras().layers.Conv2D(8, 3, data_format="channels_last")
    theirs.build((None, 8, 8, 4))
    calls = {
        "ours": partial(layer, x),
        "raw": BY_HAND[backend](*layer.variables, x),
        "keras": partial(theirs, x),
    }
    waiting = _waiting(backend, calls)
    yield str(TINY), interleaved(waiting, 5 * rounds)
    queued = {name: partial(_in_a_row, call, waiting[name]) for name, call in calls.items()}
    times = interleaved(queued, 5 * rounds)
    yield f"{TINY}, in a row", {name: [t / IN_A_ROW for t in one] for name, one in times.items()}


def numpy_and_torch(backend, rounds, shapes=RESNET, **environ):
    """NumPy, and torch on the same images and kernels, each in a process of its own."""
    import torch  # noqa: F401  # or there is nothing to compare with

    with Remote("numpy", **environ) as ours, Remote("torch") as raw:
        for shape in shapes:
            ours.prepare(shape)
            raw.prepare(shape)
            yield str(shape), interleaved({"ours": ours, "raw": raw}, rounds, pause=PAUSE)


def numpy_and_torch_gradients(backend, rounds):
    """Forward and both gradients of NumPy and of torch, each in a process of its own."""
    import autograd  # noqa: F401  # without it NumPy has no gradients
    import torch  # noqa: F401

    with Remote("numpy, gradients") as ours, Remote("torch, gradients") as raw:
        for shape in RESNET:
            ours.prepare(shape)
            raw.prepare(shape)
            yield str(shape), interleaved({"ours": ours, "raw": raw}, rounds, pause=PAUSE)


def numpy_and_keras(backend, rounds, **environ):
    """NumPy, and Keras 3 on its backend of that name, which computes with JAX."""
    _keras()
    with Remote("numpy", **environ) as ours:
        for shape in (*SHAPES, *RESNET):
            ours.prepare(shape)
            x = shape.image()
            theirs = _as_array(partial(contestants.keras_layer(shape, x), x))
            yield str(shape), interleaved({"ours": ours, "keras": theirs}, rounds, pause=PAUSE)


def as_advised(measure):
    """Return the measure with the kernels of OpenBLAS that `doctor` advises, where it does."""

    def advised(backend, rounds):
        from convdispatch.registry import registry

        if not registry.load("numpy").advice():
            raise NotImplementedError("NumPy's OpenBLAS knows this processor")
        yield from measure(backend, rounds, OPENBLAS_CORETYPE="SkylakeX")

    return advised


def native(backend, rounds, shapes=(*SHAPES, *RESNET)):
    """Our layer, and the framework's own convolution of tensors in the same layout."""
    for shape in shapes:
        x = _native(backend, shape)
        layer = contestants.ours(backend, shape, x)
        raw = contestants.raw(backend, shape, layer, x)
        calls = _without_gradients(backend, {"ours": partial(layer, x), "raw": raw})
        yield str(shape), interleaved(_waiting(backend, calls), rounds)


def grouped(backend, rounds):
    """Our layer in groups, and the framework's own; NumPy has none, so torch's stands beside it."""
    if backend == "numpy":
        yield from numpy_and_torch(backend, rounds, GROUPED)
    else:
        yield from native(backend, rounds, GROUPED)


def gradients(backend, rounds):
    """Forward and both gradients of a sum, jitted: ours, Keras 3's layer, the raw function."""
    import jax

    _keras()
    for shape in (*SHAPES, *TRAINED):
        x = _native(backend, shape)
        layer, theirs = contestants.ours(backend, shape, x), contestants.keras_layer(shape, x)
        raw = contestants.jax_convolution(shape)
        kernel = layer.kernel

        def differentiated(function, x=x, kernel=kernel):
            loss = jax.jit(jax.value_and_grad(lambda x, k: function(x, k).sum(), (0, 1)))
            return lambda: jax.block_until_ready(loss(x, kernel))

        calls = {
            "ours": differentiated(lambda x, k, layer=layer: layer.apply([k], x)),
            "keras": differentiated(lambda x, k, t=theirs: t.stateless_call([k], [], x)[0]),
            "raw": differentiated(raw),
        }
        yield str(shape), interleaved(calls, rounds)


def small_cnn(backend, rounds):
    """Run the small network compiled: ours and by hand; of arrays to arrays, ours and Keras 3's."""
    from convdispatch.registry import registry

    loaded = registry.load(backend)
    forward, by_hand = cnn.ours(backend).compile_forward(), cnn.by_hand(backend)
    theirs = cnn.keras_model()
    for batch in (128, 1):
        array = cnn.images(batch)
        x = loaded.asarray(array, "float32")
        calls = _waiting(backend, {"ours": partial(forward, x), "raw": partial(by_hand, x)})
        yield f"batch {batch}", interleaved(calls, 2 * rounds)
        calls = {
            "ours": partial(_composed, loaded.to_numpy, forward, array),
            "keras": partial(theirs.predict_on_batch, array),
        }
        yield f"batch {batch}, arrays", interleaved(calls, 2 * rounds)


def training_steps(backend, rounds):
    """Train by one step: ours, the same by hand, Keras 3's; NumPy beside torch by hand."""
    from convdispatch.registry import registry

    if backend != "numpy":
        _keras()
    registry.load(backend)
    pause = PAUSE if backend == "numpy" else 0.0  # torch's threads beside OpenBLAS's
    for name, optimizer in steps.CASES:
        calls = steps.contestants(name, optimizer, backend)
        yield f"{name}, {optimizer}", interleaved(calls, rounds, pause=pause)


def imports(backend, rounds):
    """`import convdispatch` and `import numpy`, each in new processes."""
    calls = {
        name: lambda module=module: subprocess.run([sys.executable, "-c", f"import {module}"])
        for name, module in (("ours", "numpy, convdispatch"), ("raw", "numpy"))
    }
    times = {name: [] for name in calls}
    for turn in range(2 * rounds):
        for name in calls if turn % 2 else reversed(calls):
            started = time.perf_counter()
            calls[name]().check_returncode()
            times[name].append(time.perf_counter() - started)
    yield "import", times


def memory(backend, rounds):
    """Convolve a large image: the most memory at any time above input, kernel and output."""
    shape = Shape(1, (1080, 1920), 3, 64, 7, 1, "same")
    x = shape.image()
    layer = contestants.ours(backend, shape, x)
    found = []
    for _ in range(2):  # the first call makes the plan's tables
        tracemalloc.start()
        y = layer(x)
        found.append(tracemalloc.get_traced_memory()[1] - y.nbytes)
        tracemalloc.stop()
    yield str(shape), {"bytes": found}


def growth(backend, rounds):
    """Time an image from 1 to 256 images, also by the raw call; a layer from 1 to 200 layers."""
    from convdispatch.layers import Conv2D
    from convdispatch.models import Sequential

    calls, raw, images = {}, {}, {}
    for batch in (1, 4, 16, 64, 256):
        shape = Shape(batch, 56, 32, 32, 3, 1, "same")
        x = images[batch] = _native(backend, shape)
        layer = contestants.ours(backend, shape, x)
        calls[batch] = partial(layer, x)
        if backend != "numpy":  # which has no convolution of its own
            raw[batch] = contestants.raw(backend, shape, layer, x)
    for name, each in (("an image", calls), ("an image, raw", raw)):
        if each:
            times = interleaved(_waiting(backend, _without_gradients(backend, each)), rounds)
            yield f"seconds {name}", {str(n): [t / n for t in found] for n, found in times.items()}
    calls = {}
    for count in (1, 10, 50, 200):
        options = {"padding": "same", "data_format": "channels_last"}
        model = Sequential([Conv2D(32, 3, **options) for _ in range(count)], backend=backend)
        model.build((None, 56, 56, 32))
        calls[count] = lambda model=model: model(images[1])
    times = interleaved(_waiting(backend, calls), rounds)
    yield "seconds a layer", {str(n): [t / n for t in found] for n, found in times.items()}


MEASURES = {
    "overhead": (overhead, ("numpy", "torch", "jax", "tensorflow")),
    "numpy-torch": (numpy_and_torch, ("numpy",)),
    "numpy-torch-gradients": (numpy_and_torch_gradients, ("numpy",)),
    "numpy-torch-advised": (as_advised(numpy_and_torch), ("numpy",)),
    "numpy-keras": (numpy_and_keras, ("numpy",)),
    "numpy-keras-advised": (as_advised(numpy_and_keras), ("numpy",)),
    "native": (native, ("torch", "tensorflow", "jax")),
    "grouped": (grouped, ("numpy", "torch", "tensorflow", "jax")),
    "gradients": (gradients, ("jax",)),
    "cnn": (small_cnn, ("torch", "tensorflow", "jax")),
    "step": (training_steps, ("numpy", "torch", "tensorflow", "jax")),
    "import": (imports, ("numpy",)),
    "memory": (memory, ("numpy",)),
    "growth": (growth, ("numpy", "torch", "tensorflow", "jax")),
}


def _native(backend, shape):
    from convdispatch.registry import registry

    return registry.load(backend).asarray(shape.image(), "float32")


def _keras():
    import keras

    return keras


def _waiting(backend, calls):
    return {name: contestants.waiting(backend, call) for name, call in calls.items()}


def _composed(outer, inner, argument):
    return outer(inner(argument))


def _in_a_row(call, last):
    for _ in range(IN_A_ROW - 1):
        call()
    last()


def _as_array(call):
    import numpy as np

    return lambda: np.asarray(call())


def _without_gradients(backend, calls):
    """Return the calls without recording for gradients, which the comparison excludes."""
    if backend != "torch":
        return calls
    import torch

    return {name: torch.inference_mode()(call) for name, call in calls.items()}
