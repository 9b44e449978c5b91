"""torchrun, that says in one line how a run has ended, in place of its reports and tracebacks."""

from __future__ import annotations

import logging
import signal
import sys

from torch.distributed.elastic.multiprocessing.api import SignalException
from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
from torch.distributed.run import main


def run() -> int:
    """Run torchrun; return the code to exit with."""
    logging.disable(logging.ERROR)
    try:
        main()
    except SignalException as exc:
        return 128 + exc.sigval
    except ChildFailedError as exc:
        rank, failure = exc.get_first_failure()
        code = failure.exitcode
        ended = f"ended with code {code}"
        if code < 0:
            ended = f"was ended by {signal.Signals(-code).name}"
        sys.stderr.write(f"torchrun: error: process {rank} {ended}, so the run has ended.\n")
        return code if code > 0 else 128 - code
    return 0


if __name__ == "__main__":
    sys.exit(run())
