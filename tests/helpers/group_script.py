"""What a process of a group makes: `group_script.py FOLDER NAME ...`.

It writes what each of these trainings reports to FOLDER/NAME-RANK.json.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import group_counts
import group_faults
import group_predictions
import group_trainings
import sharded_trainings
from group_scopes import rank, scope

from convdispatch.errors import ConvDispatchError

_MODULES = (group_trainings, group_predictions, group_faults, sharded_trainings)


def made(name: str, folder: Path) -> Any:
    """Make the training of that name; return what it reports."""
    if name.startswith("count_"):
        return group_counts.counted(name.removeprefix("count_"), folder, rank())
    (make,) = (
        found
        for module in _MODULES
        if (found := vars(module).get(name)) is not None and found.__module__ == module.__name__
    )
    return make(folder)


def main(folder: Path, names: list[str]) -> None:
    """Make the trainings and write what they report."""
    with scope():
        for name in names:
            try:
                found = made(name, folder)
            except (ConvDispatchError, OSError) as exc:
                found = {"error": f"{type(exc).__name__}: {exc}"}
            (folder / f"{name}-{rank()}.json").write_text(json.dumps(found))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
