"""Enormous arguments: refused before a backend runs, or computed as the small problem they are."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from complaints import K1, Bad, L, complaint, forbid_lowering
from places import HELPERS

import convdispatch
from conftest import BACKEND_NAMES
from convdispatch.errors import InvalidShape
from convdispatch.models import model_from_json
from convdispatch.ops import Backend, Conv, Pad, Signature, Upsample
from convdispatch.runtime import dispatch

CHILD = HELPERS / "enormous.py"
EXAMPLES = os.environ.get("CONVDISPATCH_TEST_SIZES", "40")
LINE, IMAGE = np.ones((1, 4, 1), "float32"), np.ones((1, 4, 4, 1), "float32")
COUNTED = np.arange(1.0, 17.0, dtype="float32").reshape(1, 4, 4, 1)
NINE = np.array([1, 2, 4, 8, 16, 32, 64, 128, 256], "float32").reshape(3, 3, 1, 1)


@pytest.mark.parametrize("name", BACKEND_NAMES)
def test_any_size_is_refused_or_computed_right(name: str) -> None:
    """Drawn to 2**70 and 10**5000, in a process with 4 GiB of memory: a crash fails this test.

    `CONVDISPATCH_TEST_SIZES` raises the number of examples.
    """
    pytest.importorskip("autograd" if name == "numpy" else name)
    done = subprocess.run(
        [sys.executable, str(CHILD), name, EXAMPLES],
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    assert done.returncode == 0, (done.returncode, done.stdout[-1000:], done.stderr[-3000:])
    computed, refused = (
        int(word) for word in done.stdout.splitlines()[-1].split() if word.isdigit()
    )
    assert computed > int(EXAMPLES) / 2
    assert refused > int(EXAMPLES) / 2


def image_layer(backend: str, kernel: Any = NINE, **options: Any) -> Any:
    """Return a Conv2D of one channel with that kernel and no bias."""
    given = {"use_bias": False, "weights": [kernel], "padding": "same"} | options
    return L.Conv2D(1, kernel.shape[:2], **given, backend=backend)


@pytest.mark.parametrize("dilation", [10**6, 2**31 - 1, 2**31, 2**62, np.int64(2**62)])
def test_taps_over_pads_cost_nothing_and_change_nothing(backend_name: str, dilation: int) -> None:
    """Of nine taps far apart the middle one reads the image."""
    got = convdispatch.to_numpy(image_layer(backend_name, dilation_rate=dilation)(COUNTED))
    np.testing.assert_array_equal(got, 16 * COUNTED)


@pytest.mark.parametrize("convention", ["tensorflow", "theano"])
def test_what_a_dropped_tap_holds_does_not_count(backend_name: str, convention: str) -> None:
    """Infinity and NaN are where no placement reads the image through them."""
    kernel = np.full((3, 3, 1, 1), np.nan, "float32")
    kernel[0], kernel[1, 1] = np.inf, 3
    layer = image_layer(backend_name, kernel, dilation_rate=10**9, convention=convention)
    np.testing.assert_array_equal(convdispatch.to_numpy(layer(COUNTED)), 3 * COUNTED)


def test_the_gradient_of_a_dropped_tap_is_zero(differentiable: Backend) -> None:
    """It comes in the whole kernel's shape: the middle one's is the sum of all cells, 136."""
    layer = image_layer(differentiable.name, dilation_rate=10**9)
    want = np.zeros((3, 3, 1, 1))
    want[1, 1] = 136
    found = convdispatch.gradients(layer, COUNTED)
    np.testing.assert_array_equal(found.weights[0], want)
    np.testing.assert_array_equal(found.inputs, np.full(COUNTED.shape, 16))


@pytest.mark.parametrize("value", [1.0, np.nan, np.inf])
def test_a_kernel_that_reads_pads_alone_leaves_the_bias(
    differentiable: Backend, value: float
) -> None:
    """Two taps astride of the image, with whatever weights over whatever cells."""
    layer = L.Conv1D(
        1, 2, padding="same", dilation_rate=10**6, backend=differentiable.name,
        weights=[np.full((2, 1, 1), value, "float32"), np.array([5.0], "float32")],
    )  # fmt: skip
    cells = np.full((2, 4, 1), value, "float32")
    np.testing.assert_array_equal(convdispatch.to_numpy(layer(cells)), np.full((2, 4, 1), 5.0))
    kernel, bias = convdispatch.gradients(layer, cells).weights
    np.testing.assert_array_equal(kernel, np.zeros((2, 1, 1)))
    np.testing.assert_array_equal(bias, [8])


@pytest.mark.parametrize("stride", [5, 2**31 - 1, 2**31, 2**62])
def test_a_stride_over_the_image_leaves_one_cell(backend_name: str, stride: int) -> None:
    """'same' puts no pads around four cells for a stride of more: 1 + 2 * 2 + 3 * 4 + ..."""
    x = COUNTED[:, :3, :3]
    got = convdispatch.to_numpy(image_layer(backend_name, strides=stride)(x))
    assert got.tolist() == [[[[float((x.ravel() * NINE.ravel()).sum())]]]]


def test_a_transposed_stride_over_the_result(backend_name: str) -> None:
    """One cell is written once, whatever the stride: as far as the stated size goes."""
    kernel = np.array([1.0, 10.0, 100.0], "float32").reshape(3, 1, 1)
    layer = L.Conv1DTranspose(
        1, 3, strides=2**31, output_size=5, padding="same", use_bias=False, weights=[kernel],
        backend=backend_name,
    )  # fmt: skip
    got = convdispatch.to_numpy(layer(np.full((1, 1, 1), 2.0, "float32")))
    assert got.ravel().tolist() == [2, 20, 200, 0, 0]


@pytest.mark.parametrize("door", ["keras1", "keras2"])
def test_every_door_resolves(backend_name: str, door: str) -> None:
    """Keras 1's `atrous_rate` and Keras 2's `dilation_rate` are one argument."""
    weights = [NINE, np.zeros(1, "float32")]
    if door == "keras1":
        layer = K1.AtrousConvolution2D(
            1, 3, 3, border_mode="same", atrous_rate=(2**40, 2**40), weights=weights,
            backend=backend_name, dim_ordering="tf",
        )  # fmt: skip
    else:
        layer = convdispatch.keras2.layers.Conv2D(
            1, 3, padding="same", dilation_rate=2**40, weights=weights, backend=backend_name
        )
    np.testing.assert_array_equal(convdispatch.to_numpy(layer(COUNTED)), 16 * COUNTED)


TOO_LARGE = {
    "upsampling": Bad(
        lambda b: L.UpSampling1D(2**62, name="up", backend=b)(LINE),
        ValueError,
        r"the output of 'up' would have the shape \(18446744073709551616, 1\), which is too large: "
        r"received `size` \(4611686018427387904,\) and an input of shape \(1, 4, 1\). An axis may "
        r"have at most 2147483647 cells, and a sample or a weight at most 1099511627776 numbers. ",
    ),
    "upsampling-keras1": Bad(
        lambda b: K1.UpSampling1D(2**31, backend=b)(LINE), ValueError, r"`length` \(2147483648,\)"
    ),
    "upsampling-in-total": Bad(
        lambda b: L.UpSampling2D(2**25, backend=b)(IMAGE), ValueError, r"134217728, 134217728, 1\)"
    ),
    "bilinear": Bad(
        lambda b: L.UpSampling2D(2**40, interpolation="bilinear", backend=b)(IMAGE),
        ValueError,
        "which is too large",
    ),
    "zero-padding": Bad(
        lambda b: L.ZeroPadding1D(2**63 - 1, backend=b)(LINE), ValueError, "too large.*`padding`"
    ),
    "zero-padding-keras1": Bad(
        lambda b: K1.ZeroPadding2D((2**31, 1), backend=b)(IMAGE), ValueError, "too large.*`padding`"
    ),
    "cropping": Bad(
        lambda b: L.Cropping1D(2**63 - 1, backend=b)(LINE), ValueError, "takes all of them"
    ),
    "full": Bad(
        lambda b: L.Conv1D(1, 2, padding="full", dilation_rate=2**31, backend=b)(LINE),
        ValueError,
        r"too large: .*`dilation_rate` \(2147483648,\)",
    ),
    "pads": Bad(
        lambda b: L.Conv2D(
            1, 3, strides=10**6, dilation_rate=10**6 + 1, padding="full", backend=b
        )(IMAGE),
        ValueError,
        "2000001 x 2000001 cells, nearly all of them pads",
    ),
    "filters": Bad(
        lambda b: L.Conv2D(10**12, 1, name="conv", backend=b).build((None, None, None, 1)),
        ValueError,
        r"the output of 'conv' would .*`filters` 1000000000000",
    ),
    "kernel": Bad(
        lambda b: L.Conv2D(1, 2**21, name="conv", padding="same", backend=b)(IMAGE),
        ValueError,
        r"`kernel` of 'conv' would have the shape \(2097152, 2097152, 1, 1\), which is too large",
    ),
    "kernel-keras1": Bad(
        lambda b: K1.Convolution2D(1, 2**31, 1, border_mode="same", backend=b)(IMAGE),
        ValueError,
        r"too large: received `nb_filter` 1 and `nb_row, nb_col` \(2147483648, 1\)",
    ),
    "depth-multiplier": Bad(
        lambda b: L.DepthwiseConv2D(1, depth_multiplier=2**31, backend=b)(IMAGE),
        ValueError,
        "too large: received `depth_multiplier` 2147483648",
    ),
    "separable": Bad(
        lambda b: L.SeparableConv1D(1, 1, depth_multiplier=2**62, backend=b)(LINE),
        ValueError,
        "too large: .*`depth_multiplier` 4611686018427387904",
    ),
    "transposed": Bad(
        lambda b: L.Conv1DTranspose(1, 1, strides=2**31, backend=b)(LINE),
        ValueError,
        r"too large: .*`strides` \(2147483648,\)",
    ),
    "deconvolution": Bad(
        lambda b: K1.Deconvolution2D(
            1, 1, 1, (None, 2**33 + 1, 4, 1), subsample=(2**33, 1), dim_ordering="tf", backend=b
        )(IMAGE[:, :2]),
        ValueError,
        "too large: .*`output_shape`",
    ),
    "input": Bad(
        lambda b: L.Conv1D(1, 1, strides=2**40, backend=b).build((None, 2**40, 1)),
        ValueError,
        r"the input of .* would have the shape \(1099511627776, 1\)",
    ),
    "channels": Bad(
        lambda b: L.Conv1D(1, 1, backend=b).build((None, None, 2**31)), ValueError, "too large"
    ),
    "digits": Bad(
        lambda b: L.Conv1D(10**5000, 1, backend=b),
        ValueError,
        "`filters` must be below 2[*][*]63; received an integer of 16610 bits",
    ),
    "digits-of-a-tuple": Bad(
        lambda b: L.Conv2D(1, (1, 2**63), backend=b),
        ValueError,
        "`kernel_size` must be below 2[*][*]63; received an integer of 64 bits",
    ),
    "digits-of-pairs": Bad(
        lambda b: L.ZeroPadding2D(((0, 2**63), (0, 0)), backend=b), ValueError, "`padding` must"
    ),
    "digits-of-a-shape": Bad(
        lambda b: L.Conv1D(1, 1, input_shape=(10**5000, 1), backend=b),
        ValueError,
        "`input_shape` must be below 2[*][*]63",
    ),
    "json": Bad(
        lambda b: model_from_json(
            '{"class_name": "Sequential", "config": {"layers": [{"class_name": "UpSampling1D", '
            '"config": {"size": 4611686018427387904, "batch_input_shape": [null, 4, 1]}}]}}',
            backend=b,
        )(LINE),
        ValueError,
        "which is too large",
    ),
}  # fmt: skip


@pytest.mark.parametrize("bad", TOO_LARGE.values(), ids=TOO_LARGE)
def test_what_no_array_can_hold_is_refused_alike_on_every_backend(
    all_backends: tuple[str, ...], bad: Bad
) -> None:
    """The message names the argument, what was received and the limit."""
    messages = {complaint(bad, backend)[1].replace(backend, "") for backend in all_backends}
    assert len({message.split("'")[-1] for message in messages}) == 1


@pytest.mark.parametrize("bad", [TOO_LARGE[name] for name in ("upsampling", "filters", "kernel")])
def test_no_backend_is_asked_for_it(bad: Bad, monkeypatch: pytest.MonkeyPatch) -> None:
    """The frontend has refused before it lowers anything."""
    forbid_lowering(monkeypatch)
    complaint(bad, "numpy")


def test_shapes_stay_computable() -> None:
    """Asking for a shape makes nothing, so that it may be of any size."""
    assert L.UpSampling1D(2**40).compute_output_shape((None, 3, 1)) == (None, 3 * 2**40, 1)
    assert L.Conv1D(2**40, 1).compute_output_shape((None, 2**40, 1)) == (None, 2**40, 2**40)


@pytest.mark.parametrize(
    ("pads", "want"),
    [
        (((5, -8),), [0]),  # the crop takes the image and four of the zeros
        (((-6, 5),), [0, 0, 0]),
        (((2**40, 1 - 2**40),), [0] * 5),
        (((2, -5),), [0]),
        (((2, -4),), [0, 0]),
        (((-3, 1),), [4, 0]),
    ],
)
def test_a_crop_beyond_the_image_takes_zeros(backend: Backend, pads: Any, want: Any) -> None:
    """An op given directly is resolved as a layer's is."""
    signature = Signature(input_shape=(4, 1), weight_shapes=(), dtype="float32")
    pad = dispatch.lower(backend, Pad(pads=pads, channels_last=True), signature)
    cells = backend.asarray(np.array([1.0, 2, 3, 4]).reshape(1, 4, 1), "float32")
    assert backend.to_numpy(pad(cells)).ravel().tolist() == want


@pytest.mark.parametrize(
    "op",
    [
        Pad(pads=((2**62, 0),), channels_last=True),
        Upsample(factors=(2**31,), interpolation="nearest", channels_last=True),
        Conv(
            strides=(2**40,), pads=((2**62, 2**62),), dilation=(1,), groups=1, channels_last=True,
            bias=False, activation="linear",
        ),
    ],
    ids=lambda op: type(op).__name__,
)  # fmt: skip
def test_an_op_that_is_too_large_is_refused(backend: Backend, op: Any) -> None:
    """The message names the op's own fields."""
    shapes = ((1, 1, 1),) if isinstance(op, Conv) else ()
    signature = Signature(input_shape=(4, 1), weight_shapes=shapes, dtype="float32")
    with pytest.raises(InvalidShape, match=r"too large: received (strides|pads|factors) "):
        dispatch.lower(backend, op, signature)
