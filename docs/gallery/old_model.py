"""An old Theano model, loaded and right.

Keras 1.2.2 on Theano saved this model, and its own predictions beside it. The file says neither who
trained it nor what is flipped, so it can be read in two ways, and both give plausible numbers.
``trained_on="theano"`` gives the right ones: those of the real Keras, to rounding, on any backend.
"""

from pathlib import Path

import numpy as np
from matplotlib import pyplot

import convdispatch

ROOT = Path(__file__).resolve().parents[2]
FILE = ROOT / "tests/legacy/keras1_theano/conv2d_th.h5"

with np.load(FILE.with_suffix(".npz")) as recorded:
    x, expected = recorded["x0"], recorded["y0"]

figure, axes = pyplot.subplots(1, 2, figsize=(9, 3.6), sharex=True, sharey=True)
for convention, one in zip(("theano", "tensorflow"), axes, strict=True):
    model = convdispatch.load_model(FILE, trained_on=convention, dim_ordering="th", backend="numpy")
    found = np.asarray(model.predict(x))
    apart = np.abs(found - expected).max()
    print(f"read as trained on {convention:10}  largest difference {apart:.1e}")
    one.plot([expected.min(), expected.max()], [expected.min(), expected.max()], color="#a9b4c1")
    one.scatter(expected, found, s=14, color="#0072b2" if apart < 1e-5 else "#c2500a")
    one.set(title=f"trained_on={convention!r}", xlabel="what Keras 1.2.2 predicted")
axes[0].set_ylabel("what the loaded model predicts")
figure.tight_layout()
figure.set_label(
    "Two scatter plots of predictions against those of Keras 1.2.2: read as Theano's, they lie on "
    "the diagonal; read as TensorFlow's, they do not."
)
