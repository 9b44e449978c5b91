"""`convdispatch doctor`: the installation, the configuration, and a test of each backend.

Each backend is loaded in its own process, so a framework that crashes, hangs or conflicts with
another one is a line of the report and does not end it.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from convdispatch.cli._backends import backend_rows
from convdispatch.cli._config import read_settings
from convdispatch.cli._output import fitted, one_line, show, table
from convdispatch.errors import BackendNotFound, ConfigError
from convdispatch.ops import Conv, Signature
from convdispatch.runtime import config, selection
from convdispatch.runtime.registry import AVAILABLE, UNUSABLE, registry
from convdispatch.support.foreign import call
from convdispatch.support.versions import version_of

_PACKAGES = ("convdispatch", "numpy", "pluggy", "ml_dtypes", "autograd")
_TIME_LIMIT = 300  # seconds for one backend: a cold import of a large framework takes many
_LONGEST = 500  # characters that are shown of what a backend printed
_OK = "ok"
_FAILED = "failed"

# By hand: x = 1 2 3 4 | 0 and the kernel 1 10 100 in steps of two give
# 1 + 20 + 300 = 321 and 3 + 40 + 0 = 43.
_INPUT = [[[1.0], [2.0], [3.0], [4.0]]]
_KERNEL = [[[1.0]], [[10.0]], [[100.0]]]
_EXPECTED = [[[321.0], [43.0]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """The result for one backend; the field names are the keys of the JSON output."""

    name: str
    status: str  # 'ok', 'failed', 'unavailable' or 'broken'
    version: str | None
    seconds: float | None
    detail: str
    advice: list[str]  # what could be set up better
    devices: list[str]  # as the framework spells them, its default one first


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigurationFound:
    """The result of reading the configuration."""

    path: str
    exists: bool
    warnings: list[str]
    errors: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """All findings of `doctor`; the field names are the keys of the JSON output."""

    python: str
    platform: str
    packages: dict[str, str | None]
    config: ConfigurationFound
    backends: list[Check]
    healthy: bool


def run(arguments: argparse.Namespace) -> int:
    """Print the report; return 1 if the configuration or a backend that is installed fails."""
    configured = _configured(config.config_path(os.environ))
    checks = _checks()
    if not configured.errors:
        configured.errors.extend(_unusable(selection.backend(), checks))
    report = Diagnosis(
        python=platform.python_version(),
        platform=platform.platform(),
        packages={name: version_of(name) for name in _PACKAGES},
        config=configured,
        backends=checks,
        healthy=not configured.errors and all(c.status not in (_FAILED, *UNUSABLE) for c in checks),
    )
    show(arguments, asdict(report), fitted(_as_text(report)))
    return 0 if report.healthy else 1


def convolve(name: str) -> str:
    """Load the backend, run one convolution and return '', or say how the result is wrong."""
    import numpy as np

    from convdispatch.runtime.dispatch import lower

    backend = registry.load(name)
    op = Conv(
        strides=(2,),
        pads=((0, 1),),
        dilation=(1,),
        groups=1,
        channels_last=True,
        bias=False,
        activation="linear",
    )
    signature = Signature(input_shape=(4, 1), weight_shapes=((3, 1, 1),), dtype="float32")
    x = backend.asarray(np.array(_INPUT, "float32"), "float32")
    kernel = backend.asarray(np.array(_KERNEL, "float32"), "float32")
    result = backend.to_numpy(lower(backend, op, signature)(x, kernel)).tolist()
    return "" if result == _EXPECTED else f"computed {result}, expected {_EXPECTED}"


def _configured(path: Path) -> ConfigurationFound:
    """Read the configuration and ask for the current backend, collecting what goes wrong."""
    caught: list[str] = []
    errors: list[str] = []
    try:
        _, caught = read_settings(path)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the same ones again
            selection.backend()
    except (ConfigError, BackendNotFound) as exc:
        errors.append(one_line(str(exc)))
    return ConfigurationFound(
        path=str(path),
        exists=path.is_file(),
        warnings=[one_line(warning) for warning in caught],
        errors=errors,
    )


def _unusable(current: str, checks: Iterable[Check]) -> list[str]:
    """Return what is wrong with the backend that layers use by default."""
    found = next(check for check in checks if check.name == current)
    if found.status == _OK:
        return []
    source = read_settings(config.config_path(os.environ))[0]["backend"]["source"]
    return [
        f"the current backend, {current!r} (it comes from: {source}), is {found.status}: "
        f"{found.detail or 'no reason is known'}. Repair it, or choose another one."
    ]


def _checks() -> list[Check]:
    checks = []
    for row in backend_rows():
        check = Check(
            name=row.name,
            status=row.status,
            version=row.version,
            seconds=None,
            detail=row.error or (row.install if row.status != AVAILABLE else None) or "",
            advice=[],
            devices=[],
        )
        checks.append(_tried(check) if row.status == AVAILABLE else check)
    return checks


def _tried(check: Check) -> Check:
    """Return the check with the findings of a separate process about the backend."""
    started = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        detail, advice, devices = _asked(check.name, Path(folder))
    seconds = round(time.perf_counter() - started, 3)
    status = _FAILED if detail else _OK
    return replace(
        check, status=status, seconds=seconds, detail=detail, advice=advice, devices=devices
    )


def _asked(name: str, folder: Path) -> tuple[str, list[str], list[str]]:
    """Return a process's report: what is wrong, '' for nothing, what could be better, devices.

    The process answers in a file and prints into files, so nothing waits for a pipe of its
    children.
    """
    answer, printed, errors = folder / "answer", folder / "printed", folder / "errors"
    # The process sees the same modules as this one, in whatever folder it starts.
    command = [sys.executable, "-P", "-m", "convdispatch.cli._doctor", name, str(answer)]
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with printed.open("wb") as out, errors.open("wb") as err:
        try:
            code = subprocess.run(
                command, env=environ, stdout=out, stderr=err, timeout=_TIME_LIMIT, check=False
            ).returncode
        except subprocess.TimeoutExpired:
            return f"did not answer within {_TIME_LIMIT} seconds", [], []
    if code == 0 and answer.is_file():
        found = json.loads(answer.read_text(encoding="utf-8"))
        chatter = _text(printed)[:_LONGEST]
        problem = f"it wrote to standard output: {chatter!r}" if chatter else ""
        advice, devices = (list(map(one_line, found[key])) for key in ("advice", "devices"))
        return found["problem"] or problem, advice, devices
    last = next((line for line in reversed(_text(errors).splitlines()) if line.strip()), "")
    return one_line(f"the process ended with code {code}: {last}"), [], []


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace")


def _as_text(report: Diagnosis) -> str:
    configured = report.config
    rows = [
        (
            check.name,
            check.status,
            check.version or "-",
            "-" if check.seconds is None else f"{check.seconds:.1f}",
            check.detail,
        )
        for check in report.backends
    ]
    lines = [
        f"Python {report.python} on {report.platform}",
        ", ".join(f"{name} {found or 'missing'}" for name, found in report.packages.items()),
        "",
        f"configuration: {configured.path}{'' if configured.exists else ' (no such file)'}",
        *(f"  warning: {warning}" for warning in configured.warnings),
        *(f"  error: {error}" for error in configured.errors),
        "",
        table(("backend", "status", "version", "seconds", ""), rows),
        *(f"  {one.name}: on {', '.join(one.devices)}" for one in report.backends if one.devices),
        *(f"  {check.name}: {text}" for check in report.backends for text in check.advice),
        "",
        "Everything works." if report.healthy else "Something is wrong: see above.",
    ]
    return "\n".join(lines)


def _main(name: str, path: str) -> None:
    """Answer the parent process in the file, which appears only when it is complete."""
    process = os.getpid()
    try:
        problem, advice, devices = call(_found_out, name)
    except Exception as exc:  # noqa: BLE001 - reporting any failure is what this process is for
        problem, advice, devices = one_line(f"{type(exc).__name__}: {exc}"), [], []
    if os.getpid() != process:  # a child that the backend forked, and that came back from it
        os._exit(1)
    draft = Path(f"{path}.draft")
    answer = {"problem": problem, "advice": advice, "devices": devices}
    draft.write_text(json.dumps(answer), encoding="utf-8")
    draft.replace(path)


def _found_out(name: str) -> tuple[str, list[str], list[str]]:
    """Return what is wrong with the backend, '' for nothing, its advice and its devices."""
    problem = convolve(name)
    for plugin, failure in registry.left_out().items():
        problem = problem or f"the plugin {plugin!r} is left out: {failure}"
    backend = registry.load(name)
    advice, devices = (_told(backend, asked) for asked in ("advice", "devices"))
    return problem, advice, devices


def _told(backend: object, method: str) -> list[str]:
    tell = getattr(backend, method, None)
    return [] if tell is None else [str(one) for one in tell()]


if __name__ == "__main__":
    _main(*sys.argv[1:])
