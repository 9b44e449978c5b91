"""Load models by a real Keras and write down what they predict: run by `test_real_kerases.py`.

`python read_by_keras.py PACKAGE FOLDER`: every file in the folder is read, with the arrays of the
`.npz` of the same stem; for each the outputs, and the losses of two further steps, are printed.
"""

from __future__ import annotations

import importlib
import json
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np


def main(package: str, folder: Path) -> None:
    """Print one JSON object: by file, the greatest error, the losses, or what went wrong."""
    keras: Any = importlib.import_module(package)
    found = {}
    for path in sorted(folder.glob("*")):
        if path.suffix != ".npz":
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                found[path.name] = read(keras, path)
            found[path.name]["warnings"] = [
                str(one.message) for one in caught if "variable" in str(one.message)
            ]
    sys.stdout.write(f"\n{json.dumps(found)}\n")


def plus(x: Any) -> Any:
    """Compute what a Lambda of a file names."""
    return x + 1


def doubled(x: Any, by: float = 2.0) -> Any:
    """Compute what another one names."""
    return x * by


def diff(pair: Any) -> Any:
    """Compute what one of two tensors names."""
    return pair[0] - pair[1]


FUNCTIONS = {"plus": plus, "doubled": doubled, "diff": diff}


def read(keras: Any, path: Path) -> dict[str, Any]:
    """Return what became of one file."""
    arrays = np.load(path.with_name(f"{path.name.partition('.')[0]}.npz"))
    x, y, t = (
        [arrays[name] for name in sorted(arrays.files) if name[0] == kind and name[1:].isdigit()]
        for kind in "xyt"
    )
    given = x if len(x) > 1 else x[0]
    try:
        model = keras.models.load_model(path, custom_objects=FUNCTIONS)
        outputs = model(given, training=False)  # compiles nothing, as `predict` does
        outputs = outputs if isinstance(outputs, list | tuple) else [outputs]
        pairs = zip(map(np.asarray, outputs), y, strict=True)
        result: dict[str, Any] = {"error": max(float(np.abs(a - b).max()) for a, b in pairs)}
        # The optimizer of a model that Keras 3 reads from HDF5 knows no weights, also from its own
        # files: it cannot go on.
        is_lost = keras.__name__ == "keras" and path.suffix == ".h5"
        if t and "trained" in path.name and not is_lost:
            steps = [model.train_on_batch(given, t if len(t) > 1 else t[0]) for _ in range(3)]
            result["losses"] = [float(np.ravel(step)[0]) for step in steps]
    except Exception as exc:  # noqa: BLE001 - whatever a Keras raises is the answer
        return {"raised": f"{type(exc).__name__}: {exc}"}
    return result


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
