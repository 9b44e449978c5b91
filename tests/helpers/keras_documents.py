"""Documents of layers and models by real Kerases, as `tests/documents/record.py` recorded them."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
from places import DOCUMENTS

KERAS3: dict[str, Any] = json.loads((DOCUMENTS / "keras3.json").read_text(encoding="utf-8"))
OLDER: dict[str, list[Any]] = json.loads((DOCUMENTS / "older.json").read_text(encoding="utf-8"))
VERSIONS = {"keras1_theano": "1.2.2", "keras2_theano": "2.2.4", "tfkeras_tensorflow": "2.21.0"}


def array(listed: dict[str, Any]) -> Any:
    """Return the array of a recorded list."""
    return np.array(listed["values"], "float32").reshape(listed["shape"])


def of_one(entry: Any, **more: Any) -> str:
    """Return the JSON of a model with that entry for its only layer."""
    return json.dumps(
        {"class_name": "Sequential", "config": {"name": "m", "layers": [entry]}, **more}
    )
