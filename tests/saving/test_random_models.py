"""Random stacks, under either convention, are the same from every file or refused by name."""

from __future__ import annotations

import os
import re
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import convdispatch
from convdispatch import layers
from convdispatch.errors import InvalidArgument
from convdispatch.models import Sequential

pytest.importorskip("h5py", reason="files in HDF5 need the package h5py")

EXAMPLES = int(os.environ.get("CONVDISPATCH_TEST_FILES", "30"))
FORMS = (
    *(("keras1", "h5"), ("keras2", "h5"), ("tf_keras", "keras"), ("keras3", "keras")),
    *(("keras3", "h5"), ("keras3", "safetensors")),
)
SIZES = st.tuples(st.integers(1, 3), st.integers(1, 3))
STRIDES = st.tuples(st.integers(1, 2), st.integers(1, 2))
WORDS = st.sampled_from(["valid", "same"])
CONV = {"kernel_size": SIZES, "strides": STRIDES, "activation": st.sampled_from([None, "relu"])}
POOL = {"pool_size": SIZES, "strides": STRIDES, "padding": WORDS}
SIDES = st.tuples(*[st.tuples(st.integers(0, 2), st.integers(0, 2))] * 2)
KINDS: dict[str, dict[str, Any]] = {
    "Conv2D": {
        **CONV,
        "filters": st.integers(1, 3),
        "padding": st.sampled_from(["valid", "same", "full"]),
        "use_bias": st.booleans(),
    },
    "SeparableConv2D": {**CONV, "filters": st.integers(1, 3), "padding": WORDS},
    "DepthwiseConv2D": {"kernel_size": SIZES, "padding": WORDS},
    "Conv2DTranspose": {**CONV, "filters": st.integers(1, 3), "padding": WORDS},
    "MaxPooling2D": POOL,
    "AveragePooling2D": POOL,
    "ZeroPadding2D": {"padding": SIDES},
    "UpSampling2D": {"size": STRIDES},
    "BatchNormalization": {"scale": st.booleans()},
    "PReLU": {"shared_axes": st.sampled_from([None, (1, 2)])},
    "Dropout": {"rate": st.just(0.3)},
}


@st.composite
def stacks(draw: st.DrawFn) -> Any:
    """Return a model of up to four layers, with random weights."""
    ordering = draw(st.sampled_from(["channels_last", "channels_first"]))
    model = Sequential(backend="numpy")
    shape = (6, 7, 2) if ordering == "channels_last" else (2, 6, 7)
    model.add(layers.Input(shape))
    with convdispatch.use_convention(draw(st.sampled_from(["theano", "tensorflow"]))):
        for name in draw(st.lists(st.sampled_from(sorted(KINDS)), min_size=1, max_size=4)):
            given = {key: draw(one) for key, one in KINDS[name].items()}
            if "axis" not in given and name == "BatchNormalization":
                given["axis"] = -1 if ordering == "channels_last" else 1
            elif name not in ("PReLU", "Dropout"):
                given["data_format"] = ordering
            try:
                model.add(getattr(layers, name)(**given))
            except ValueError:  # an image smaller than the window, or a size that cannot be
                continue
    drawn = np.random.default_rng(draw(st.integers(0, 99)))
    model.set_weights([drawn.uniform(0.1, 1, one.shape) for one in model.get_weights()])
    return model


@settings(max_examples=EXAMPLES, deadline=None, derandomize=True)
@given(stacks())
def test_a_stack_is_what_it_was(model: Any) -> None:
    """To the rounding of float32, after every format."""
    x = np.random.default_rng(0).normal(size=(2, *model.input_shape[1:])).astype("float32")
    wanted = model.predict(x)
    scale = np.abs(wanted).max(initial=1.0)
    with tempfile.TemporaryDirectory() as folder:
        for dialect, ending in FORMS:
            path = Path(folder) / f"model.{ending}"
            path.unlink(missing_ok=True)
            said = ""
            try:
                model.save(path, dialect=dialect)
            except InvalidArgument as exc:
                said = str(exc)
            if said:
                assert re.match(
                    "a file of .* cannot hold the layer '|'.*' has layers of both", said
                )
                assert not path.exists()
                continue
            found = convdispatch.load_model(path, backend="numpy").predict(x)
            np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-5 * scale, err_msg=ending)
