"""A process of a group that runs cases: a worker whose streams lead to the `leader`."""

from __future__ import annotations

import contextlib
import os
import socket
import sys

from convdispatch.conformance.cases import build
from convdispatch.conformance.cases.divided import for_groups
from convdispatch.conformance.run import worker
from convdispatch.conformance.run.leader import LEADER
from convdispatch.errors import ConvDispatchError
from convdispatch.runtime.registry import registry
from convdispatch.training.groups import together


def main(name: str, seed: int, wants_scripts: bool) -> None:
    """Greet the leader and be a worker."""
    with contextlib.suppress(ConvDispatchError):  # the worker says what is wrong
        found = together(registry.load(name), [])
        if found is not None:  # engines print where processes first meet
            found.group.exchange(b"")
    port, _, word = os.environ[LEADER].partition(":")
    with socket.create_connection(("127.0.0.1", int(port))) as leader:
        leader.sendall(f"{word}\n".encode())
        for stream in (0, 1):
            os.dup2(leader.fileno(), stream)
    cases = {case.id: case for case in for_groups(seed, build(seed))}
    worker.main(name, seed, wants_scripts, find=cases.get)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), bool(int(sys.argv[3])))
