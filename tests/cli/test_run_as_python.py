"""`convdispatch run` runs a script as Python does: Python itself says what is right."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

# As the installed command, which does not look for modules in the current folder.
RUN = (
    "-P", "-c", "import sys; from convdispatch.cli import main; sys.exit(main())",
    "run", "--api", "keras2", "--backend", "numpy",
)  # fmt: skip

# What a script does, and what both must answer alike: output, errors and exit status.
SCRIPTS = {
    "names": """
        import sys
        print(sorted(vars()), __name__, __file__, __package__, __spec__, __doc__, __cached__)
        print(type(__loader__).__name__, __builtins__, sys.argv, sys.path[0], sys.flags.safe_path)
        print(sys.modules["__main__"].__file__, __annotations__)
    """,
    "an error": """
        def inner():
            raise RuntimeError("mine")

        def outer():
            try:
                inner()
            except RuntimeError as exc:
                raise ValueError("more") from exc

        outer()
    """,
    "an error in a module": """
        import beside
        beside.fail()
    """,
    "a module that does not exist": """
        import nonesuch
    """,
    "a relative import": """
        from . import _doctor
    """,
    "a relative import of a module": """
        from ._doctor import run
    """,
    "wrong syntax": """
        print "Python 2"
    """,
    "a number as exit status": """
        import sys
        sys.exit(7)
    """,
    "a text as exit status": """
        import sys
        sys.exit("no data")
    """,
    "no exit status": """
        raise SystemExit
    """,
    "an exception hook": """
        import sys

        def hook(kind, value, trace):
            while trace:
                print(trace.tb_frame.f_code.co_name, value)
                trace = trace.tb_next

        sys.excepthook = hook
        int("a")
    """,
    "an interrupt": """
        import atexit
        atexit.register(print, "at the end")
        raise KeyboardInterrupt
    """,
    "standard input": """
        import sys
        print(input(), sys.stdin.read())
    """,
    "files beside the current folder": """
        print(open("data.txt").read(), open(__file__).read().count("count"))
    """,
    "annotations are values": """
        def f(x: nonesuch): pass
    """,
    "the guard": """
        if __name__ == "__main__":
            print("runs")
    """,
    "pickles": """
        import copy, pickle, inspect

        class Own:
            value = 3

        print(pickle.loads(pickle.dumps(Own())).value, pickle.dumps(Own))
        print(inspect.getsource(Own))
    """,
    "a reader that leaves": """
        import os, sys
        reading, writing = os.pipe()
        os.close(reading)
        os.dup2(writing, 1)
        print("x" * 100_000)
        print("never")
    """,
    "spawned processes": """
        import multiprocessing as mp
        from beside import word

        class Own:
            def __init__(self, value):
                self.value = value

        def work(own):
            return Own(own.value + len(word))

        if __name__ == "__main__":
            with mp.get_context("spawn").Pool(1) as pool:
                print([own.value for own in pool.map(work, [Own(1), Own(2)])])
    """,
    "relative imports in spawned processes": """
        import multiprocessing as mp

        try:
            from . import _doctor
            print("found", flush=True)
        except ImportError as exc:
            print(exc, __spec__, __package__, flush=True)

        def work(number):
            try:
                from . import _doctor
                return "found"
            except ImportError as exc:
                return str(exc), __spec__, __package__

        if __name__ == "__main__":
            with mp.get_context("spawn").Pool(1) as pool:
                print(pool.map(work, [1]))
    """,
    "classes that look for their module when they are made": """
        from __future__ import annotations
        import dataclasses, multiprocessing as mp, typing

        @dataclasses.dataclass
        class Own:
            value: int
            kind: typing.ClassVar[str] = "own"

        def work(own):
            return Own(own.value + len(dataclasses.fields(Own)))

        if __name__ == "__main__":
            with mp.get_context("spawn").Pool(1) as pool:
                print(pool.map(work, [Own(1)]), typing.get_type_hints(Own))
    """,
}


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Make a folder to stand in, with modules that a script must not find there."""
    (tmp_path / "here").mkdir()
    (tmp_path / "scripts").mkdir()
    (tmp_path / "here" / "data.txt").write_text("data", encoding="utf-8")
    for name in ("beside", "keras", "numpy", "random", "pluggy"):
        wrong = tmp_path / "here" / f"{name}.py"
        wrong.write_text("raise SystemError('the wrong module')\n", encoding="utf-8")
    beside = tmp_path / "scripts" / "beside.py"
    beside.write_text("word = 'found'\n\n\ndef fail():\n    1 / 0\n", encoding="utf-8")
    return tmp_path / "here"


def answer(place: Path, *command: str, **environ: str) -> tuple[int, str, str]:
    """Return exit status, output and errors of a script, `scripts/old.py`."""
    done = subprocess.run(
        [sys.executable, *command, "../scripts/old.py", "--seed", "a b"],
        cwd=place,
        env={**os.environ, **environ},
        input="typed\nand more",
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


def write(place: Path, text: str) -> None:
    """Write the script."""
    lines = [line.removeprefix("        ") for line in text.strip("\n").splitlines()]
    path = place.parent / "scripts" / "old.py"
    path.write_text("\n".join(lines).rstrip() + "\n", encoding="utf-8")


@pytest.mark.parametrize("text", SCRIPTS.values(), ids=SCRIPTS)
def test_a_script_is_run_as_python_runs_it(text: str, place: Path) -> None:
    """To the last line of a traceback, from a folder with modules of the same names."""
    write(place, text)
    expected, got = answer(place), answer(place, *RUN)
    assert got == expected
    assert "convdispatch" not in got[2]


@pytest.mark.parametrize("method", ["spawn", "forkserver"])
def test_spawned_processes_have_the_facade(method: str, place: Path) -> None:
    """They run the script's own lines again, under another name, and then what they are for."""
    (place / "random.py").unlink()  # Python's own server of forks finds modules there
    write(
        place,
        f"""
        import multiprocessing as mp
        import sys
        from keras import backend, layers

        def work(number):
            assert sys.argv == [SCRIPT, "--seed", "a b"], sys.argv
            return number + 1, layers.Dense.__module__, backend.floatx()

        SCRIPT = "../scripts/old.py"
        print(__name__, flush=True)
        if __name__ == "__main__":
            with mp.get_context({method!r}).Pool(1) as pool:
                print(pool.apply(work, (1,)))
        """,
    )
    code, output, errors = answer(place, *RUN)
    assert (code, errors) == (0, "")
    first, *others, last = output.splitlines()
    assert (first, set(others)) == ("__main__", {"__mp_main__"})
    assert last == "(2, 'convdispatch.keras2.layers.core', 'float32')"


def test_processes_of_spawned_processes_have_the_facade(place: Path) -> None:
    """They learn it from their parent, as that did."""
    write(
        place,
        """
        import multiprocessing as mp
        from keras import layers

        def module():
            return layers.Dense.__module__, __spec__

        def tell(queue):
            queue.put(module())

        def spawn(queue):
            own = mp.get_context("spawn").Process(target=tell, args=(queue,))
            own.start()
            own.join()

        if __name__ == "__main__":
            context = mp.get_context("spawn")
            queue = context.SimpleQueue()
            child = context.Process(target=spawn, args=(queue,))
            child.start()
            child.join()
            print(queue.get() if not queue.empty() else "nothing")
        """,
    )
    found = answer(place, *RUN)
    assert found == (0, "('convdispatch.keras2.layers.core', None)\n", "")


@pytest.mark.skipif(os.name == "nt", reason="signals are those of POSIX")
def test_ctrl_c_ends_a_script_as_python_ends_it(place: Path) -> None:
    """With the script's traceback, and by the signal."""
    write(place, "import time\nprint('ready', flush=True)\ntime.sleep(60)")
    process = subprocess.Popen(
        [sys.executable, *RUN, str(place.parent / "scripts" / "old.py")],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == -signal.SIGINT
    assert "in <module>\n    time.sleep(60)\n" in errors
    assert errors.startswith("Traceback")
    assert "convdispatch" not in errors


DRAWS = """
        import random, numpy
        from keras.layers import Dense
        layer = Dense(2)
        layer.build((None, 2))
        print(layer.get_weights()[0].tolist(), numpy.random.rand(), random.random())
"""


def drawn(place: Path, *options: str) -> str:
    """Return what the script of the draws prints."""
    write(place, DRAWS)
    code, output, errors = answer(place, *RUN, *options)
    assert (code, errors) == (0, "")
    return output


def test_a_seed_repeats_every_draw(place: Path) -> None:
    """Of the weights, of NumPy and of Python; another seed, or none, draws others."""
    first = drawn(place, "--seed", "3")
    assert drawn(place, "--seed", "3") == first
    other = drawn(place, "--seed", "4")
    assert not {*first.split()} & {*other.split()}
    assert drawn(place) != first


def test_a_seed_of_numpy_repeats_the_weights(place: Path) -> None:
    """As in scripts that begin by `np.random.seed(1337)`: old Kerases drew their seeds there."""
    found = []
    for number in (1337, 1337, 7):
        write(place, f"import numpy\nnumpy.random.seed({number})\n{DRAWS}")
        code, output, errors = answer(place, *RUN)
        assert (code, errors) == (0, "")
        found.append(output.split("]]")[0])  # Python's own generator is another one
    assert found[0] == found[1] != found[2]


def test_loading_a_backend_draws_no_number_of_the_script(place: Path, backend_name: str) -> None:
    """JAX draws from NumPy's own generator while it is imported; the script's numbers stay."""
    write(place, f"import numpy\nnumpy.random.seed(7)\n{DRAWS}")
    code, output, _ = answer(place, *RUN[:-1], backend_name)
    wanted = np.random.RandomState(7).rand()
    assert (code, output.split()[-2]) == (0, str(wanted))
