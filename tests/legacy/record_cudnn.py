"""Record tf_keras's layers of NVIDIA's library: their files, and what they compute.

They compute on graphics cards alone. tf_keras loads their weights into its `LSTM` and `GRU`, which
compute the same everywhere: `..._plain00` and so on are these weights, `..._y` the outputs.

    python tests/legacy/record_cudnn.py
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import tf_keras
from tf_keras.src.layers import serialization

FOLDER = Path(__file__).parent / "cudnn"


def model(kind: str, *, is_cudnn: bool) -> Any:
    """Return a model with three layers of a kind: forwards, both ways and backwards."""
    layers = tf_keras.layers
    gated: dict[str, Any] = {} if is_cudnn else {"recurrent_activation": "sigmoid"}
    if kind == "GRU" and not is_cudnn:
        gated["reset_after"] = True
    known = serialization.LOCAL.ALL_OBJECTS
    make = known[f"CuDNN{kind}"] if is_cudnn else known[kind]
    return tf_keras.Sequential(
        [
            layers.InputLayer((6, 3), name="in"),
            make(4, return_sequences=True, name="a", **gated),
            layers.Bidirectional(make(5, return_sequences=True, name="b", **gated), name="both"),
            make(2, go_backwards=True, name="c", **gated),
            layers.Dense(2, name="d"),
        ],
        name=f"m_{kind.lower()}",
    )


def main() -> None:
    """Write the files and the arrays."""
    serialization.populate_deserializable_objects()
    rng = np.random.default_rng(7)
    arrays = {"x": rng.normal(size=(4, 6, 3)).astype("float32")}
    for kind in ("LSTM", "GRU"):
        own, plain = model(kind, is_cudnn=True), model(kind, is_cudnn=False)
        own.set_weights([rng.normal(0, 0.5, one.shape) for one in own.get_weights()])
        weights = FOLDER / f"{kind.lower()}_weights.h5"
        own.save_weights(weights)
        own.save(FOLDER / f"{kind.lower()}.h5")
        plain.load_weights(weights)
        for way, one in (("cudnn", own), ("plain", plain)):
            for place, array in enumerate(one.get_weights()):
                arrays[f"{kind}_{way}{place:02}"] = array
        arrays[f"{kind}_y"] = plain.predict(arrays["x"], verbose=0)
    np.savez(FOLDER / "cudnn.npz", allow_pickle=False, **arrays)


if __name__ == "__main__":
    main()
