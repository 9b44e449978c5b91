"""`convdispatch run` says which Keras a script needs, what of it is missing, and takes modules."""

from __future__ import annotations

import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import pytest

from convdispatch.compat.checking import checked
from convdispatch.compat.modern import would_help
from convdispatch.compat.reading import uses_of
from convdispatch.compat.recognising import choice, first_channels, is_keras_0
from convdispatch.compat.settings import is_setting

# A script, the Keras that it needs, whether that is printed.
SCRIPTS = {
    "keras 1 arguments": ("from keras.models import M\nm.fit(x, nb_epoch=3)\n", "keras1", False),
    "keras 2 arguments": ("import keras\nm.fit(x, epochs=3)\n", "keras2", False),
    "kernel of two numbers": (
        "from keras.layers import Convolution2D\nConvolution2D(32, 3, 3)\n",
        "keras1",
        False,
    ),
    "kernel in a tuple": (
        "from keras.layers import Conv2D\nConv2D(32, (3, 3), padding='same')\n",
        "keras2",
        False,
    ),
    "an import of keras 1": ("from keras.initializations import normal\n", "keras1", False),
    "an import of keras 2": ("from keras.layers.merge import add\n", "keras2", False),
    "keras 2 by attribute": ("import keras\nkeras.layers.add([a, b])\n", "keras2", False),
    "both, imports decide": (
        "from keras.layers import concatenate, Convolution2D\n"
        "Convolution2D(3, 3, 3, border_mode='same', subsample=(2, 2))\n",
        "keras2",
        True,
    ),
    "both, the most decide": (
        "import keras\nm.fit(x, nb_epoch=3)\nm.fit_generator(g, nb_epoch=1)\nm.fit(x, epochs=3)\n",
        "keras1",
        True,
    ),
    "nothing": ("from keras.layers import Dense\nDense(3)\n", "keras2", False),
    "an embedding": (
        "from keras.layers import Embedding\nEmbedding(input_dim=3, output_dim=4)\n",
        "keras2",
        False,
    ),
    "tensorflow's keras": (
        "from tensorflow.contrib.keras.api.keras.layers import Dense\nm.fit(x, epochs=3)\n",
        "keras2",
        False,
    ),
}


@pytest.fixture
def written(tmp_path: Path) -> Any:
    """Return a function that writes a script."""

    def write(text: str, name: str = "old.py") -> Path:
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write


@pytest.mark.parametrize(("text", "api", "is_said"), SCRIPTS.values(), ids=SCRIPTS)
def test_a_script_s_keras_is_recognised(text: str, api: str, is_said: bool, written: Any) -> None:
    """By its imports, then by its arguments."""
    found = choice(uses_of(written(text.replace("import M\n", "import Model\n"))))
    assert (found.api, found.is_ambiguous) == (api, is_said)
    assert found.reason


def test_modules_beside_the_script_are_read_too(written: Any) -> None:
    """Two thirds of the scripts have several files."""
    written("from keras.layers import Dense\nDense(output_dim=3)\n", "net.py")
    uses = uses_of(written("import net\nfrom keras.models import Sequential\n"))
    assert choice(uses).api == "keras1"
    assert len(uses.files) == 2


def test_keras_0_is_told(written: Any) -> None:
    """A convolution was told its input's channels there."""
    text = "from keras.layers.convolutional import Convolution2D\nConvolution2D(32, 1, 3, 3)\n"
    assert "four numbers in line 2" in is_keras_0(uses_of(written(text)))
    assert is_keras_0(uses_of(written("import keras\n"))) == ""


def test_what_is_missing_has_its_line_and_the_nearest(written: Any) -> None:
    """Nothing is run."""
    report = checked(
        written(
            "raise SystemExit\nimport keras\nimport tensorflow as tf\n"
            "keras.layers.Convolution5D(3)\nkeras.layers.Densse(3)\ntf.reduce_mean(3)\n"
            "tf.ConfigProto()\n"
        )
    )
    assert [(one.line, one.what) for one in report.findings] == [
        (4, "keras.layers.Convolution5D"),
        (5, "keras.layers.Densse"),
        (6, "tensorflow.reduce_mean"),
    ]
    assert "the nearest is `Dense`" in report.findings[1].instead


def test_settings_of_tensorflow_are_told_from_its_functions() -> None:
    """Only the first are taken."""
    names = ("ConfigProto", "Session", "compat.v1.Session", "logging.set_verbosity")
    assert [name for name in names if not is_setting(name)] == []
    assert [name for name in ("reduce_mean", "contrib.layers", "nn.relu") if is_setting(name)] == []


def ran(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command on NumPy."""
    command = [sys.executable, "-m", "convdispatch", "run", "--backend", "numpy", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def test_a_script_runs_without_being_told_its_keras(written: Any) -> None:
    """The choice is printed where both have a word in it."""
    path = written("import keras\nm = None\nprint(keras.__version__)\nif m: m.fit(nb_epoch=1)\n")
    done = ran(str(path))
    assert (done.returncode, done.stdout, done.stderr) == (0, "1.2.2\n", "")
    path = written(path.read_text() + "if m: m.fit(epochs=1, units=2)\n")
    done = ran(str(path))
    assert (done.returncode, done.stdout) == (0, "2.2.4\n")
    assert "taken for Keras 2: it has words of Keras 1 (1, as `nb_epoch=` in line 4)" in done.stderr
    assert "`--api` decides" in done.stderr


def test_a_module_runs_with_its_arguments(written: Any) -> None:
    """Such as pytest, with `keras` the façade in the tests."""
    tests = written(
        "import keras\n\ndef test_version():\n    assert keras.__version__ == '1.2.2'\n",
        "test_theirs.py",
    )
    done = ran("--api", "keras1", "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tests))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 passed" in done.stdout


def test_sessions_are_taken_for_settings(written: Any) -> None:
    """Where nothing else of TensorFlow's is used; TensorFlow itself is not imported."""
    done = ran(
        str(
            written(
                "import tensorflow as tf\nfrom tensorflow.keras.layers import Dense\n"
                "config = tf.ConfigProto()\nconfig.gpu_options.allow_growth = True\n"
                "with tf.Session(config=config): pass\n"
                "import sys\nprint(Dense.__module__, 'tensorflow' in sys.modules)\n"
            )
        )
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == "convdispatch.keras2.layers.core False\n"
    assert "have no effect here" in done.stderr


def test_theanos_numbers_are_asked_for_by_the_script(written: Any) -> None:
    """By what it writes into KERAS_BACKEND, or by the option."""
    text = "import keras\nimport convdispatch\nprint(convdispatch.convention())\n"
    theirs = "import os\nos.environ['KERAS_BACKEND'] = 'theano'\n"
    assert ran(str(written(text))).stdout == "tensorflow\n"
    assert ran(str(written(theirs + text))).stdout == "theano\n"
    assert ran("--convention", "theano", str(written(text))).stdout == "theano\n"


@pytest.mark.parametrize(
    ("line", "refuses"),
    [
        ("if K.backend() == 'tensorflow':\n    raise RuntimeError('Theano alone')", True),
        ("if K.backend() != 'theano':\n    print('no')\n    raise RuntimeError", True),
        ("assert K.backend() == 'theano'", True),
        ("if K.backend() == 'tensorflow':\n    print('channels last')", False),
        ("if K.backend() != 'tensorflow':\n    raise RuntimeError('TensorFlow alone')", False),
        ("if K.backend() == 'theano':\n    raise RuntimeError('TensorFlow alone')", False),
    ],
)
def test_a_script_that_refused_line_gets_theanos_numbers(
    line: str, refuses: bool, written: Any
) -> None:
    """It ran on nothing else."""
    found = uses_of(written(f"import os\nfrom keras import backend as K\n{line}\n"))
    assert found.refused_line == (3 if refuses else 0)


def test_the_reason_for_theanos_numbers_is_said(written: Any) -> None:
    """With the script's line, unless an option says otherwise."""
    script = str(
        written("from keras import backend as K\nassert K.backend() == 'theano'\nprint('done')\n")
    )
    done = ran(script)
    assert (done.returncode, done.stdout) == (0, "done\n")
    assert "note: Theano's numbers: line 2 refuses TensorFlow's. `--convention`" in done.stderr
    assert ran("--convention", "tensorflow", script).returncode == 1


def test_check_reads_folders(written: Any, tmp_path: Path) -> None:
    """A row a script, and status 1 where something is missing."""
    written("import keras\nkeras.layers.Dense(3)\n", "good.py")
    written("import keras\nkeras.layers.Nonesuch(3)\n", "lacking.py")
    done = ran("--check", str(tmp_path))
    assert done.returncode == 1
    assert done.stdout.splitlines()[-1] == "1 of 2 have everything."
    assert "line 2: keras.layers.Nonesuch" in done.stdout


def test_python_2_is_said(written: Any) -> None:
    """With what would help."""
    done = ran(str(written("import keras\nprint 'x'\n")))
    assert done.returncode == 2
    assert "line 2: Missing parentheses" in done.stderr
    assert "`--modernize` runs such scripts" in done.stderr


def test_python_2_runs_modernized(written: Any) -> None:
    """With the names that NumPy has removed."""
    pytest.importorskip("fissix", reason="scripts of Python 2 need the package fissix")
    done = ran("--modernize", str(written("import numpy as np\nprint np.float(3), np.int\n")))
    assert (done.returncode, done.stdout) == (0, "3.0 <class 'int'>\n"), done.stderr


def test_a_notebook_names_a_facade() -> None:
    """By an import, or for the process."""
    code = (
        "import convdispatch.compat.keras1 as keras\n"
        "from convdispatch.compat.keras1.layers import Dense\n"
        "from convdispatch import compat, keras1\n"
        "assert keras is keras1 and Dense is keras1.layers.Dense\n"
        "compat.install('keras2')\n"
        "from keras.layers.core import Dense as other\n"
        "print(other.__module__)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "convdispatch.keras2.layers.core\n"


def test_a_star_import_brings_what_keras_s_modules_brought(written: Any) -> None:
    """`np` and `K`, which their modules had imported."""
    text = (
        "from keras.layers.core import *\nfrom keras.callbacks import *\n"
        "print(np.__name__, K.__name__, Dense.__name__, CSVLogger.__name__, warnings.__name__)\n"
    )
    done = ran("--api", "keras2", str(written(text)))
    assert done.returncode == 0, done.stderr
    assert done.stdout == "numpy convdispatch.keras2.backend Dense CSVLogger warnings\n"


CONV = "from keras.layers import Conv2D, Input\nfrom keras import backend as K\n"
# A script, and what tells that its channels are first.
ORDERS = {
    "written": ("Conv2D(8, 3, 3, input_shape=(1, 28, 28))\n", "the shape (1, 28, 28) in line 3"),
    "by a name": ("rows, columns = 32, 48\nx = Input((3, rows, columns))\n", "(3, 32, 48)"),
    "kept": ("input_shape = (3, size, size)  # of pictures\n", "the shape (3, ..., ...) in line 3"),
    "last": ("Conv2D(8, 3, 3, input_shape=(28, 28, 1))\n", ""),
    "both": ("Input((3, 32, 32))\nInput((32, 32, 3))\n", ""),
    "asked": ("K.image_dim_ordering()\nInput((3, 32, 32))\n", ""),
    "said": ("Conv2D(8, 3, 3, dim_ordering='th', input_shape=(1, 28, 28))\n", ""),
    "of steps": ("Input((3, 5, 7))\n", ""),
}


@pytest.mark.parametrize(("text", "said"), ORDERS.values(), ids=ORDERS)
def test_channels_are_first_where_only_shapes_tell_it(text: str, said: str, written: Any) -> None:
    """Scripts of Theano's time relied on their keras.json."""
    found = first_channels(uses_of(written(CONV + text)))
    assert said in found
    assert bool(found) == bool(said)


def test_first_channels_are_taken_and_said(
    written: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Unless keras.json says otherwise."""
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    path = written(
        "import keras.backend\nfrom keras.layers import Conv2D\n"
        "print(Conv2D(4, 3, input_shape=(3, 32, 32)).data_format)\n"
    )
    done = ran("--api", "keras2", str(path))
    assert (done.returncode, done.stdout) == (0, "channels_first\n"), done.stderr
    assert "its pictures have their channels first, by the shape (3, 32, 32)" in done.stderr
    (tmp_path / "keras.json").write_text('{"image_data_format": "channels_last"}')
    assert ran("--api", "keras2", str(path)).stdout == "channels_first\n"
    (tmp_path / "keras.json").write_text('{"image_dim_ordering": "tf"}')
    done = ran("--api", "keras2", str(path))
    assert (done.stdout, "first" in done.stderr) == ("channels_last\n", False)


def _error(code: str) -> BaseException:
    kinds = (AttributeError, ImportError, NameError, SyntaxError, ZeroDivisionError)
    with warnings.catch_warnings(action="ignore"), pytest.raises(kinds) as caught:
        exec(code, {})
    return caught.value


@pytest.mark.parametrize(
    ("code", "helps"),
    [
        ("xrange(3)", True),
        ("import cPickle", True),
        ("import numpy; numpy.float", True),
        ("from scipy.misc import imread", True),
        ("compile('print 1', 'a', 'exec')", True),
        ("{}.iteritems()", True),
        ("yrange(3)", False),
        ("import numpy; numpy.nonesuch", False),
        ("1 / 0", False),
        ("compile('(', 'a', 'exec')", False),
    ],
)
def test_modernize_is_named_where_it_would_help(code: str, helps: bool) -> None:
    """By the error that ends the script."""
    if "scipy" in code:
        pytest.importorskip("scipy", reason="the error is scipy's")
    assert would_help(_error(code)) == helps


def test_the_option_is_named_below_the_error(written: Any) -> None:
    """Of a script that Python 3 reads."""
    done = ran(str(written("import keras\nxrange(3)\n")))
    assert done.returncode == 1
    *_, error, hint = done.stderr.splitlines()
    assert error.startswith("NameError: name 'xrange' is not defined")
    assert hint == "It is of Python 2 or of old packages: `--modernize` runs such scripts."


def test_modules_beside_a_script_of_python_2_are_modernized_too(written: Any) -> None:
    """And a text that Python 3 reads, but cannot run."""
    pytest.importorskip("fissix", reason="scripts of Python 2 need the package fissix")
    written("print 'beside'\n", "net.py")
    path = written("import net\nimport keras\nprint([i for i in xrange(2)])\n")
    done = ran("--modernize", str(path))
    assert (done.returncode, done.stdout) == (0, "beside\n[0, 1]\n"), done.stderr


def test_an_error_of_a_layer_has_the_script_s_line_first_and_ours_below(written: Any) -> None:
    """Our frames name our files."""
    path = written(
        "from keras.layers import Dense\nfrom keras.models import Sequential\n"
        "Sequential([Dense(3, input_shape=(4,))]).predict([[1.0]])\n"
    )
    lines = ran(str(path)).stderr.splitlines()
    frames = [line for line in lines if line.startswith("  File ")]
    assert f'"{path}", line 3, in <module>' in frames[0]
    assert all("convdispatch" in frame for frame in frames[1:])
    assert lines[-1].startswith("convdispatch.errors.InvalidShape: ")
