"""A process of a group that runs a model: `python -m convdispatch.cli._compare_member`.

Its arguments are the file, the backend and a folder, where it writes what it finds as RANK.json.
"""

from __future__ import annotations

import dataclasses
import json
import os
import sys
from pathlib import Path

from convdispatch.cli._compare import built
from convdispatch.cli._output import UsageError
from convdispatch.errors import ConvDispatchError
from convdispatch.numerics.compared_together import built_together, compare_together, group_of


def main(file: str, name: str, folder: str) -> None:
    """Write what is found, or what is wrong."""
    os.dup2(2, 1)  # what the file prints, or an engine, is no part of the command's output
    rank = 0
    try:
        group = group_of(name)
        rank = group.rank
        model, x = built_together(group, lambda: built(Path(file)))
        found = dataclasses.asdict(compare_together(group, model, x, name))
    except (UsageError, ConvDispatchError) as exc:
        found = {"error": str(exc)}
    Path(folder, f"{rank}.json").write_text(json.dumps(found), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
