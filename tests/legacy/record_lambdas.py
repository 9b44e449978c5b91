"""Record models with `Lambda` layers of tf_keras and Keras 3: files, and what they compute.

python tests/legacy/record_lambdas.py tf_keras
python tests/legacy/record_lambdas.py keras
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

import numpy as np

FOLDER = Path(__file__).parent / "lambdas"


def doubled(x: Any, by: float = 2.0) -> Any:
    """Multiply; Keras 3 stores the name, tf_keras the code."""
    return x * by


def main(name: str) -> None:
    """Write the files and the arrays."""
    keras = importlib.import_module(name)
    layers = keras.layers
    given = layers.Input((3,))
    dense = layers.Dense(3, name="d")(given)
    plus = layers.Lambda(lambda x: x + 1, name="plus", output_shape=(3,))(dense)
    twice = layers.Lambda(doubled, name="twice", arguments={"by": 3.0}, output_shape=(3,))(plus)
    both = layers.Lambda(lambda t: t[0] - t[1], name="diff", output_shape=(3,))([plus, twice])
    model = keras.Model(given, layers.Dense(2, name="e")(both))
    stem = FOLDER / ("keras3" if name == "keras" else name)
    x = np.random.default_rng(0).normal(size=(2, 3)).astype("float32")
    np.savez(stem.with_suffix(".npz"), allow_pickle=False, x=x, y=np.asarray(model(x)))
    stem.with_suffix(".json").write_text(model.to_json(), encoding="utf-8")
    for ending in (".h5", ".keras"):
        model.save(stem.with_suffix(ending))


if __name__ == "__main__":
    main(sys.argv[1])
