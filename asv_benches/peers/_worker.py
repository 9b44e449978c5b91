"""Run one measure for one backend, and write a line of JSON a row: started by `__main__`."""

import contextlib
import json
import os
import sys

FRAMEWORKS = ("torch", "tensorflow", "jax", "keras")


def main(measure, backend, rounds):
    """Measure; a framework that is not installed is said, not raised."""
    stream = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what a framework prints is no row
    if backend == "tensorflow":
        _torch_first()
    try:
        from asv_benches.peers.measures import MEASURES

        function, _ = MEASURES[measure]
        for name, times in function(backend, rounds):
            print(json.dumps({"row": name, "times": times}), file=stream, flush=True)
    except ModuleNotFoundError as exc:
        if exc.name not in FRAMEWORKS:
            raise
        print(json.dumps({"missing": f"{exc.name} is not installed"}), file=stream, flush=True)
    except NotImplementedError as exc:
        print(json.dumps({"missing": str(exc)}), file=stream, flush=True)


def _torch_first():
    with contextlib.suppress(ImportError):
        import torch  # noqa: F401  # the other order has crashed processes


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
