"""The skeleton of a new backend, installed: its first run says what is next, the how-to leads on.

As its author would, each test installs it into a virtual environment of its own, with a wheel of
this checkout; NumPy and the other packages are those of the running interpreter.
"""

from __future__ import annotations

import ast
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import venv
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from places import ROOT

from convdispatch.cli import main

# They run NumPy's functions, in environments of their own.
pytestmark = pytest.mark.same_everywhere

PAGE = ROOT / "docs/how-to/write-a-backend.md"
# Where the running interpreter's packages are.
OTHERS = Path(np.__file__).parents[1]
TIME_LIMIT = 300  # seconds for one command

Outcome = dict[str, Any]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in an empty folder."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


@pytest.mark.parametrize(
    "command",
    [
        ["ruff", "check", "--config", str(ROOT / "pyproject.toml"), "."],
        ["ruff", "format", "--check", "--config", str(ROOT / "pyproject.toml"), "."],
        ["mypy", "--strict", "convdispatch_my_accel"],
    ],
    ids=["ruff check", "ruff format", "mypy"],
)
@pytest.mark.parametrize("options", [[], ["--inference"]], ids=["whole", "inference"])
def test_the_skeleton_is_as_clean_as_our_own_code(
    here: Path, command: list[str], options: list[str]
) -> None:
    """The linter, the formatter and the type checker find nothing in it."""
    pytest.importorskip(command[0], reason=f"checking the style needs {command[0]}")
    assert main(["new-backend", "my-accel", *options]) == 0
    done = run(sys.executable, "-m", *command, cwd=here / "convdispatch-my-accel")
    assert done.returncode == 0, done.stdout + done.stderr


@dataclass(frozen=True)
class Plain:
    """The skeleton of a backend 'plain', and the virtual environment to install it into."""

    folder: Path
    python: Path

    def install(self) -> None:
        """Install it as it is now, from a wheel."""
        options = ("--no-deps", "--force-reinstall", *no_isolation())
        pip("--python", str(self.python), "install", *options, str(self.folder))

    def conform(self, level: str, *, code: int) -> tuple[list[Outcome], str]:
        """Install it and run the suite: what became of each case, and what was printed."""
        self.install()
        report = self.folder.parent / "report.json"
        options = ("--backend", "plain", "--level", level, "--jobs", "1", "--json", str(report))
        done = run(str(self.python), "-m", "convdispatch", "conformance", *options)
        assert (done.returncode, done.stderr) == (code, ""), done.stdout
        (backend,) = json.loads(report.read_text("utf-8"))["backends"]
        assert backend["problems"] == []
        return backend["outcomes"], done.stdout

    def edit(self, file: str, change: Callable[[str], str]) -> None:
        """Change one file of the package."""
        path = self.folder / "convdispatch_plain" / file
        before = path.read_text("utf-8")
        after = change(before)
        assert after != before
        path.write_text(after, "utf-8")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build this checkout as it would be published: with the templates."""
    folder = tmp_path_factory.mktemp("wheel")
    pip("wheel", *no_isolation(), "--no-deps", "--wheel-dir", str(folder), str(ROOT))
    (built,) = folder.glob("convdispatch-*.whl")
    return built


@pytest.fixture
def plain(here: Path, wheel: Path) -> Plain:
    """Install this checkout into a fresh environment, and let it write the skeleton."""
    place = here / "environment"
    venv.create(place, with_pip=False, symlinks=os.name != "nt")
    scripts = place / ("Scripts" if os.name == "nt" else "bin")
    python = scripts / "python"
    pip("--python", str(python), "install", "--no-deps", "--no-index", str(wheel))
    asked = "import sysconfig; print(sysconfig.get_path('purelib'))"
    site = Path(run(str(python), "-c", asked).stdout.strip())
    (site / "numpy_and_others.pth").write_text(f"{OTHERS}\n", "utf-8")
    done = run(str(scripts / "convdispatch"), "new-backend", "plain", cwd=here)
    assert done.returncode == 0, done.stderr
    return Plain(here / "convdispatch-plain", python)


def test_the_skeleton_is_found_by_its_entry_point(plain: Plain) -> None:
    """The installed package is listed as available, and is imported from where it was put."""
    plain.install()
    done = run(str(plain.python), "-m", "convdispatch", "backends", "--json")
    (row,) = [row for row in json.loads(done.stdout)["backends"] if row["name"] == "plain"]
    assert (row["status"], row["distribution"]) == ("available", "convdispatch-plain")
    asked = "import convdispatch, convdispatch_plain as p; print(convdispatch.__file__, p.__file__)"
    places = run(str(plain.python), "-c", asked).stdout.split()
    environment = plain.python.parent.parent
    assert [Path(place).is_relative_to(environment) for place in places] == [True, True]


def run_lines(lines: list[str], folder: Path, environment: Path, **variables: str) -> str:
    """Run the lines as a CI does, in a fresh environment; return the output.

    What they need beside convdispatch is there, so pip downloads at most what builds a wheel.
    """
    pytest.importorskip("jinja2", reason="pip would download what `[conformance]` brings")
    venv.create(environment, with_pip=False, symlinks=os.name != "nt")
    tools = environment / "tools"
    tools.mkdir()
    for tool in OTHERS.iterdir():
        # All but convdispatch, which those lines have to install.
        if not re.match("_*(editable_impl_)?convdispatch", tool.name) and tool.suffix != ".pth":
            (tools / tool.name).symlink_to(tool)
    environ = {
        **{key: value for key, value in os.environ.items() if key != "PYTHONPATH"},
        "PATH": os.pathsep.join([str(environment / "bin"), os.environ["PATH"]]),
        "PYTHONPATH": str(tools),
        **({"PIP_NO_BUILD_ISOLATION": "0"} if no_isolation() else {}),
        **variables,
    }
    done = subprocess.run(
        ["bash", "-e", "-c", "\n".join(lines)],
        cwd=folder,
        env=environ,
        capture_output=True,
        text=True,
        timeout=TIME_LIMIT,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def filled_in(folder: Path, name: str) -> None:
    """Write the skeleton, and let NumPy's lowering compute."""
    assert main(["new-backend", name, "--into", str(folder)]) == 0
    with (folder / f"convdispatch_{name}" / "_lowering.py").open("a", encoding="utf-8") as file:
        file.write(DELEGATE)


BY_BASH = pytest.mark.skipif(os.name == "nt", reason="the lines are bash's")
ONE_OP = {"PYTEST_ADDOPTS": "-q -k conv1d/core"}


def of_the_workflow(folder: Path) -> list[str]:
    """Return the lines that the workflow runs, those of each shard once, of a few cases."""
    yaml = pytest.importorskip("yaml", reason="the workflow is read with PyYAML")
    text = (folder / ".github/workflows/conformance.yml").read_text("utf-8")
    jobs = yaml.safe_load(text)["jobs"]
    lines: list[str] = []
    for job, shards in (("shard", jobs["shard"]["strategy"]["matrix"]["shard"]), ("report", [0])):
        for shard in shards:
            lines += [
                step["run"].replace("${{ matrix.shard }}", str(shard))
                for step in jobs[job]["steps"]
                if "run" in step
            ]
    return [line.replace("--level full", "--case 'conv1d/core/*-normal'") for line in lines]


@BY_BASH
@pytest.mark.parametrize("source", ["wheel", "checkout"])
def test_the_workflow_runs_with_a_wheel_or_a_checkout(here: Path, wheel: Path, source: str) -> None:
    """Line for line; what is put into its repository is what is installed."""
    mine = here / "mine"
    filled_in(mine, "plain")
    if source == "wheel":
        (mine / "wheels").mkdir()
        shutil.copy(wheel, mine / "wheels")
    else:
        (mine / "convdispatch").symlink_to(ROOT)
    lines = of_the_workflow(mine)
    assert len(lines) == 10
    assert "\n".join(lines[:2]) in PAGE.read_text("utf-8")  # the how-to shows the same
    lines.append("python -c 'import convdispatch; print(convdispatch.__file__)'")
    summary = mine / "summary.md"
    printed = run_lines(lines, mine, here / "environment", GITHUB_STEP_SUMMARY=str(summary))
    assert printed.splitlines()[-1].startswith(str(here / "environment"))
    cases = json.loads((mine / "report.json").read_text("utf-8"))["cases"]
    assert f"## Conformance: 0 of {len(cases)} cases failed" in summary.read_text("utf-8")
    assert '"color": "brightgreen"' in (mine / "badge.json").read_text("utf-8")
    assert (mine / "before" / "report.json").is_file()


@BY_BASH
def test_a_workflow_without_convdispatch_says_what_to_do(here: Path) -> None:
    """The package is on no index, and pip's own message would not help."""
    assert main(["new-backend", "plain", "--into", str(here / "mine")]) == 0
    script = ["bash", ".github/install_convdispatch.sh"]
    done = subprocess.run(script, cwd=here / "mine", capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "is missing: commit its wheel to 'wheels', or its checkout as 'convd" in done.stderr


@BY_BASH
def test_the_readmes_lines_run_with_two_checkouts(here: Path) -> None:
    """The first two; the suite's own page has the same."""
    text = (ROOT / "README.md").read_text("utf-8")
    section = text[text.index("## Test a backend") :]
    install, test, command = section.split("```")[1].splitlines()[1:]
    filled_in(here / "my-backend", "my_backend")
    (here / "convdispatch").symlink_to(ROOT)
    printed = run_lines([install, test], here, here / "environment", **ONE_OP)
    assert re.search(r"\d+ passed", printed)
    page = (ROOT / "docs/how-to/run-the-conformance-suite.md").read_text("utf-8")
    assert "\n".join([install, command, test]) in page


STEPS = {
    2: ["conv1d:strides", "conv2d:strides", "conv3d:strides"],
    3: ["conv1d:dilation", "conv2d:dilation", "conv3d:dilation"],
    4: ["conv1d:groups", "conv2d:groups", "conv3d:groups"],
    5: ["conv1d_transpose", "conv2d_transpose", "conv3d_transpose"],
    6: ["pad1d", "pad2d", "pad3d"],
    7: ["upsample1d", "upsample2d", "upsample3d"],
    8: ["upsample2d:bilinear"],
    9: ["gradients", "second_order"],
    10: ["float16", "bfloat16"],
    11: ["random"],
    12: ["compile"],
    13: ["compile_step"],
    14: ["wrap"],
    15: ["unknown_sizes"],
}


def test_the_declarations_are_in_the_order_to_write_them(plain: Plain) -> None:
    """Every step after the first is declared, under all of its features, and in its place."""
    plain.install()
    asked = (
        "import json, convdispatch_plain as p; print(json.dumps(p.INFO.capabilities.unsupported))"
    )
    declared: dict[str, str] = json.loads(run(str(plain.python), "-c", asked).stdout)
    found = [
        (int(re.findall(r"^not written yet: step (\d+), ", reason)[0]), feature)
        for feature, reason in declared.items()
    ]
    assert found == [(step, feature) for step, features in STEPS.items() for feature in features]


def test_the_first_run_says_what_to_write_in_which_order(plain: Plain) -> None:
    """Only step 1 fails; everything else is declared, with its step's number."""
    outcomes, printed = plain.conform("core", code=1)
    assert "step 1: write `_lowering._correlation`" in printed
    failed = [outcome for outcome in outcomes if outcome["status"] == "failed"]
    step_1 = "NotImplementedError: step 1: write `_lowering._correlation`"
    assert {outcome["detail"] for outcome in failed} == {step_1}
    assert {case_op(outcome) for outcome in failed} >= {"conv1d", "conv2d", "conv3d"}
    unsupported = [outcome for outcome in outcomes if outcome["status"] == "unsupported"]
    steps = {re.findall(r"not written yet: step (\d+), ", one["detail"])[0] for one in unsupported}
    assert steps >= {"2", "3", "4", "5"}
    # The kit makes dense layers of the functions, in half precision too, before a step is written.
    assert {case_op(one) for one in unsupported if one["works"]} <= {"dense"}
    assert {outcome["status"] for outcome in outcomes} <= {"failed", "unsupported", "passed"}


DELEGATE = """
from convdispatch_numpy._backend import backend as _numpys


def lower(op: Op, signature: Signature) -> Function:
    return _numpys.lower(op, signature)
"""


def test_a_filled_in_lower_passes_and_its_declarations_are_reported(plain: Plain) -> None:
    """With NumPy's lowering nothing fails, and what is still declared is found to work."""
    plain.edit("_lowering.py", lambda text: text + DELEGATE)
    outcomes, printed = plain.conform("core", code=0)
    assert [outcome for outcome in outcomes if outcome["status"] == "failed"] == []
    assert {case_op(one) for one in outcomes if one["status"] == "passed"} >= {"conv1d", "conv3d"}
    # A layer asks the dispatcher, which refuses what is declared whether it works or not.
    declared = [one for one in outcomes if "not written" in one["detail"]]
    # The skeleton's tensors have no bfloat16.
    forward = [
        one for one in declared if case_op(one) != "layers" and "bfloat16" not in one["case"]
    ]
    assert len(forward) > 100
    assert [outcome["case"] for outcome in forward if not outcome["works"]] == []
    assert "declared unsupported, but working:" in printed


def test_the_how_to_leads_to_a_backend_that_passes(plain: Plain) -> None:
    """The functions of the page, pasted as it says, pass every case that they do not decline."""
    blocks = page_blocks()
    pasted = "".join(blocks[name] for name in ("correlation.py", "adjoint.py", "reshaping.py"))
    plain.edit("_lowering.py", lambda text: with_functions(text, pasted))
    plain.edit("__init__.py", lambda text: with_declarations(text, blocks["declared.py"]))
    outcomes, _ = plain.conform("full", code=0)
    assert [outcome for outcome in outcomes if outcome["status"] == "failed"] == []
    assert len([one for one in outcomes if one["status"] == "passed"]) > 4000
    declined = {one["detail"] for one in outcomes if one["status"] == "unsupported"}
    assert not any("not written yet" in reason for reason in declined)


def test_an_inference_engine_passes_once_its_convolution_is_written(plain: Plain) -> None:
    """With six names and the page's convolution, in the shorter skeleton; reports say the rest."""
    done = run(str(plain.python), "-m", "convdispatch", "new-backend", "slim", "--inference")
    assert done.returncode == 0, done.stderr
    for file in ("__init__.py", "_backend.py"):
        source = (Path("convdispatch-slim/convdispatch_slim") / file).read_text("utf-8")
        (plain.folder / "convdispatch_plain" / file).write_text(
            source.replace("slim", "plain").replace("Slim", "Plain"), "utf-8"
        )
    outcomes, printed = plain.conform("core", code=1)
    failed = {one["detail"] for one in outcomes if one["status"] == "failed"}
    assert failed == {"NotImplementedError: step 1: write `_backend._correlation`"}
    pasted = page_blocks()["correlation.py"].replace("op: Conv)", "op: Conv, signature: Signature)")
    pasted = pasted.replace("op: Conv | ConvTranspose\n", "op: Conv\n")
    plain.edit("_backend.py", lambda text: with_functions(text, pasted))
    plain.edit("__init__.py", lambda text: re.sub(r'^    "step [23],.*\n', "", text, flags=re.M))
    outcomes, printed = plain.conform("core", code=0)
    assert {outcome["status"] for outcome in outcomes} == {"passed"}
    assert len(outcomes) > 600
    assert "NumPy's are called, not the engine's own: the engine computes ops alone" in printed


def page_blocks() -> dict[str, str]:
    """Return the page's blocks that have a file's name."""
    pattern = r"<!-- file: (\S+) -->\n```python\n(.*?)^```$"
    found: list[tuple[str, str]] = re.findall(pattern, PAGE.read_text("utf-8"), re.M | re.S)
    return dict(found)


def with_functions(text: str, pasted: str) -> str:
    """Put each function of `pasted` over the one of that name in `text`, or at the end."""
    lines = text.splitlines(keepends=True)
    source = pasted.splitlines(keepends=True)
    new = {node.name: "".join(source[span(node)]) for node in functions(pasted)}
    for node in reversed(functions(text)):
        if node.name in new:
            lines[span(node)] = [new.pop(node.name)]
    imported = "abc import Callable, Iterator, Sequence"
    kept = re.sub(r"abc import Callable\b", imported, "".join(lines))
    return kept + "".join(f"\n\n{function}" for function in new.values())


def functions(text: str) -> list[ast.FunctionDef]:
    """Return a module's functions, from the top."""
    return [node for node in ast.parse(text).body if isinstance(node, ast.FunctionDef)]


def span(node: ast.FunctionDef) -> slice:
    """Return the lines of a function, its decorators included."""
    first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
    return slice(first - 1, node.end_lineno)


def with_declarations(text: str, declared: str) -> str:
    """Replace `NOT_WRITTEN` and what it is made into by the page's declarations."""
    text = re.sub(r"^CONVS = .*?^}$", lambda _: declared.rstrip(), text, flags=re.M | re.S)
    made = re.compile(r"capabilities=Capabilities\(.*?^    \),$", re.M | re.S)
    return made.sub("capabilities=Capabilities(unsupported=UNSUPPORTED),", text)


def case_op(outcome: Outcome) -> str:
    """Return the op that an outcome's case is about."""
    return str(outcome["case"]).partition("/")[0]


def no_isolation() -> list[str]:
    """Build with the hatchling that is installed, where one is: no network is needed then."""
    return ["--no-build-isolation"] if importlib.util.find_spec("hatchling") else []


def pip(*arguments: str) -> None:
    """Run pip and require that it succeeds."""
    done = run(sys.executable, "-m", "pip", "--quiet", *arguments)
    assert done.returncode == 0, done.stderr


def run(*command: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run a command, without the folders that this process imports from."""
    environ = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    return subprocess.run(
        command,
        cwd=cwd,
        env=environ,
        capture_output=True,
        text=True,
        timeout=TIME_LIMIT,
        check=False,
    )
