"""`run --check`: what a script uses that we do not have, where, and the nearest that we have."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from convdispatch.compat.asking import about, has
from convdispatch.compat.modern import is_of_python_2
from convdispatch.compat.reading import uses_of
from convdispatch.compat.recognising import Choice, choice, is_keras_0
from convdispatch.compat.settings import is_setting


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that a script uses and that is not offered."""

    file: str
    line: int
    what: str
    instead: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What reading one script found; `choice` is None for one without Keras."""

    script: str
    choice: Choice | None
    findings: tuple[Finding, ...]

    @property
    def can_start(self) -> bool:
        """Whether nothing is missing."""
        return not self.findings


def checked(script: Path, api: str | None = None) -> Report:
    """Return what a script lacks, by the façade of that name or by the one that it needs."""
    uses = uses_of(script)
    chosen = choice(uses) if api is None else Choice(api, "it was asked for", is_ambiguous=False)
    found = [
        Finding(
            file=file,
            line=line,
            what="Python 2" if is_of_python_2(said) else "a fault",
            instead=f"{said}; `--modernize` runs scripts of Python 2",
        )
        for file, line, said in uses.faults
    ]
    found += [
        Finding(file=file, line=line, what=f"keras.{name}", instead=about(chosen.api, name))
        for name, (file, line) in uses.names.items()
        if not has(chosen.api, name)
    ]
    found += [
        Finding(
            file=file,
            line=line,
            what=f"tensorflow.{name}",
            instead="TensorFlow's own functions run on its own tensors alone",
        )
        for name, (file, line) in uses.tensorflow.items()
        if not is_setting(name)
    ]
    old = is_keras_0(uses)
    if old:
        found.append(
            Finding(
                file=str(script),
                line=1,
                what="Keras 0.3 or older",
                instead=f"{old}: no façade has its words",
            )
        )
    found.sort(key=lambda one: (one.file != str(script), one.file, one.line))
    is_keras = bool(uses.names)
    return Report(script=str(script), choice=chosen if is_keras else None, findings=tuple(found))


def lines(report: Report) -> Iterator[str]:
    """Yield a report as text."""
    if report.choice is None:
        yield f"{report.script}: imports no keras"
    else:
        yield f"{report.script}: Keras {report.choice.api[-1]}: {report.choice.reason}"
    for one in report.findings:
        place = "" if one.file == report.script else f"{one.file}, "
        yield f"  {place}line {one.line}: {one.what} is not offered: {one.instead}"
    if not report.findings:
        yield "  everything it uses is offered"


def table(reports: list[Report]) -> Iterator[str]:
    """Yield one row a script."""
    width = max((len(one.script) for one in reports), default=0)
    yield f"{'script':{width}}  Keras  missing  first"
    for one in reports:
        api = "-" if one.choice is None else one.choice.api[-1]
        first = one.findings[0] if one.findings else None
        said = "" if first is None else f"line {first.line}: {first.what}"
        yield f"{one.script:{width}}  {api:5}  {len(one.findings):7}  {said}"
    ready = sum(one.can_start for one in reports if one.choice is not None)
    yield f"{ready} of {sum(one.choice is not None for one in reports)} have everything."
