"""How this process joins the others of `jax.distributed`, where a launcher has set its variables.

`jax.distributed.initialize` ends the process without an exception when it cannot listen or when
nobody answers, so both are tried first.
"""

from __future__ import annotations

import os
import socket
import time
from typing import Any

import jax

from convdispatch.errors import ConfigError, GroupFailed
from convdispatch.kit import group_failure, group_timeout, launched_number

# By which `jax.distributed.initialize` knows the other processes, where a script does not say it.
_OF_LAUNCHER = ("JAX_COORDINATOR_ADDRESS", "JAX_NUM_PROCESSES", "JAX_PROCESS_ID")
_TIMEOUTS = ("initialization_timeout", "heartbeat_timeout_seconds", "shutdown_timeout_seconds")
_PATIENCE = 300  # seconds for which JAX itself waits for the others
_PAUSE = 0.1


def initialize() -> None:
    """Join the other processes where a launcher has set JAX's variables, before any computation."""
    count = os.environ.get(_OF_LAUNCHER[1], "")
    if count in ("", "1") or jax.distributed.is_initialized():
        return
    missing = [name for name in _OF_LAUNCHER if not os.environ.get(name)]
    if missing:
        raise ConfigError(
            f"JAX_NUM_PROCESSES is {count!r}, so other processes train with this one; but "
            f"{', '.join(missing)} is not set. Set all three, or call `jax.distributed.initialize`."
        )
    size = launched_number(_OF_LAUNCHER[1], 1)
    rank = launched_number(_OF_LAUNCHER[2], 0, size - 1)
    host, port = _address()
    seconds = group_timeout()
    if rank == 0:
        _require_free(port)
    else:
        _await(host, port, seconds or _PATIENCE)
    limits: dict[str, Any] = {} if seconds is None else dict.fromkeys(_TIMEOUTS, seconds)
    try:
        jax.distributed.initialize(f"{host}:{port}", size, rank, **limits)
    except RuntimeError as exc:
        raise group_failure(exc) from exc


def _address() -> tuple[str, int]:
    text = os.environ[_OF_LAUNCHER[0]]
    host, _, port = text.rpartition(":")
    if not host or not port.isdecimal() or not 0 < int(port) < 2**16:
        raise ConfigError(
            f"the environment variable {_OF_LAUNCHER[0]} must be an address such as "
            f"'localhost:1234'; received {text!r}."
        )
    return host, int(port)


def _require_free(port: int) -> None:
    try:
        with socket.socket() as tried:
            tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            tried.bind(("", port))
    except OSError as exc:
        raise GroupFailed(
            f"process 0 cannot listen at port {port}, which {_OF_LAUNCHER[0]} says: "
            f"{exc.strerror}. Choose another port."
        ) from exc


def _await(host: str, port: int, seconds: float) -> None:
    end = time.monotonic() + seconds
    while True:
        try:
            socket.create_connection((host.strip("[]"), port), timeout=seconds).close()
        except OSError as exc:
            if time.monotonic() > end:
                raise GroupFailed(
                    f"nobody answers at {host}:{port}, which {_OF_LAUNCHER[0]} says, within "
                    f"{seconds:g} seconds: {exc}. Is process 0 running, and may it be reached?"
                ) from exc
        else:
            return
        time.sleep(_PAUSE)
