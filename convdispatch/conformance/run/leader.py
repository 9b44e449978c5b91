"""The process that asks a group of processes: `python -m convdispatch.conformance.run.leader`.

To its parent it is a worker as any other. It starts the members, by the backend's own engine, asks
each of them for the same case at the same time, and answers with what the first one says that does
not pass. A member that ends ends the group.
"""

from __future__ import annotations

import json
import os
import secrets
import select
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import IO, Any

from convdispatch.conformance.results import PASSED
from convdispatch.conformance.run.answering import answer, conversation
from convdispatch.conformance.run.assembling import decode, encode
from convdispatch.conformance.run.worker_handle import python
from convdispatch.errors import ConvDispatchError
from convdispatch.runtime.launching import launched

# Of the members: where they find this process, and the word that they greet it with.
LEADER = "_CONVDISPATCH_LEADER"
_PATIENCE = 300.0  # seconds for all of them to start
_PAUSE = 0.1


class Ended(Exception):  # noqa: N818 - named after what happened
    """A member has ended."""


def main(name: str, seed: str, wants_scripts: str, count: int) -> None:
    """Start the members, then ask them the cases that the parent asks for."""
    wanted, answers = conversation()
    try:
        members = _started(name, [name, seed, wants_scripts], count)
        ready = [json.loads(_line(one)) for one in members]
    except (ConvDispatchError, Ended) as exc:
        answer(answers, {"broken": str(exc)})
        return
    broken = [one for one in ready if "broken" in one]
    answer(answers, broken[0] if broken else ready[0])
    while not broken:
        token, *case_ids = wanted.get()
        question = json.dumps([token, *case_ids]) + "\n"
        for one in members:
            one.write(question)
            one.flush()
        for _ in case_ids:
            answer(answers, _joined([json.loads(_line(one)) for one in members]))


def _joined(told: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    """Return the answer of the first process whose case does not pass, or of the first one."""
    outcomes = [decode(one["outcome"]) for one in told]
    failed = [place for place, one in enumerate(outcomes) if one.status != PASSED]
    if not failed:
        return told[0]
    place = failed[0]
    count = f"on {len(failed)} of {len(told)} processes: "
    outcome = replace(outcomes[place], detail=count + outcomes[place].detail)
    return {**told[place], "outcome": encode(outcome)}


def _started(name: str, arguments: Sequence[str], count: int) -> list[IO[str]]:
    """Return the conversations with the members, once all are there."""
    word = secrets.token_hex(16)
    with socket.create_server(("127.0.0.1", 0)) as server:
        place = f"{server.getsockname()[1]}:{word}"
        command = python("convdispatch.conformance.run.member", arguments)
        started = [
            subprocess.Popen(
                one.command,
                stdin=subprocess.DEVNULL,
                env={**os.environ, **one.environ, LEADER: place},
            )
            for one in launched(name, command, count)
        ]
        members: list[IO[str]] = []
        end = time.monotonic() + _PATIENCE
        while len(members) < count:
            if any(one.poll() is not None for one in started) or time.monotonic() > end:
                raise Ended(f"{len(members)} of the {count} processes have started")
            if select.select([server], [], [], _PAUSE)[0]:
                member = server.accept()[0].makefile("rw", encoding="utf-8")
                if member.readline().strip() == word:
                    members.append(member)
    return members


def _line(member: IO[str]) -> str:
    line = member.readline()
    if not line:
        raise Ended("a process of the group has ended")
    return line


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]))
