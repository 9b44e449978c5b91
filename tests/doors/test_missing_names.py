"""A script that asks its Keras for a missing name is told which Keras had it, and the nearest."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from convdispatch import compat
from convdispatch.compat import telling
from convdispatch.compat.past_names import HAD


@pytest.fixture(autouse=True)
def facade(request: pytest.FixtureRequest) -> Iterator[None]:
    """Let `keras` be a façade during a test."""
    compat.install(request.getfixturevalue("api"))
    yield
    compat.uninstall()


# The façade, a line of a script, the kind of its error, and the end of what it says.
CASES = {
    "of the other Keras": (
        "keras1", "from keras.layers import Conv2DTranspose", ImportError,
        "Keras 2 has it, since 2.0: `--api keras2`. The nearest here is `Deconvolution2D`.",
    ),
    "since a later release": (
        "keras1", "from keras.utils import multi_gpu_model", ImportError,
        "has no attribute 'multi_gpu_model'. Keras 2 has it, since 2.0.9: `--api keras2`.",
    ),
    "of Keras 0": (
        "keras1", "from keras.layers.convolutional import UpSample2D", ImportError,
        "Keras 0 had it, until 1.0. The nearest here is `UpSampling2D`.",
    ),
    "by attribute": (
        "keras2", "import keras; keras.layers.Densse", AttributeError,
        "has no attribute 'Densse'. The nearest here is `Dense`.",
    ),
    "a module by attribute": (
        "keras2", "import keras; keras.utils.io_util", AttributeError,
        "The nearest here is `io_utils`.",
    ),
    "a module of the other Keras": (
        "keras2", "import keras.utils.visualize_util", ModuleNotFoundError,
        "Keras 1 had it, until 2.0: `--api keras1`. The nearest here is `vis_utils`.",
    ),
    "of a module of names alone": (
        "keras2", "from keras.engine.topology import Mergee", ImportError,
        "The nearest here is `Merge`.",
    ),
    "of a module with a list": (
        "keras2", "from keras.regularizers import activity_l2", ImportError,
        "Keras 1 had it, until 2.0: `--api keras1`.",
    ),
    "elsewhere in it": (
        "keras2", "from keras.utils import pad_sequences", ImportError,
        "It is `keras.preprocessing.sequence.pad_sequences`.",
    ),
    "of a later one": (
        "keras2", "from keras.layers import LayerNormalization", ImportError,
        "tf.keras and Keras 3 have it, after 2.2.4. The nearest here is `BatchNormalization`.",
    ),
    "for their own use": (
        "keras2", "from keras.engine.training_utils import standardize_weights", ImportError,
        "has no attribute 'standardize_weights'. Keras 1 and 2 have it.",
    ),
    "gone in the same Keras": (
        "keras2", "from keras.applications.vgg16 import WEIGHTS_PATH_NO_TOP", ImportError,
        "Keras 2 had it, from 2.0 until 2.2.",
    ),
    "a private one": (
        "keras1", "import keras; keras.backend._preprocess_conv2d_kernel", AttributeError,
        "has no attribute '_preprocess_conv2d_kernel'. Keras 1 and 2 have it.",
    ),
    "a private one of none": (
        "keras1", "import keras; keras.backend._xyzzy", AttributeError,
        "module 'convdispatch.keras1.backend' has no attribute '_xyzzy'",
    ),
    "a module that is gone": (
        "keras2", "import keras.applications.music_tagger_crnn", ModuleNotFoundError,
        "Keras 1 had it, until 2.0.",
    ),
    "of none": (
        "keras2", "from keras.callbacks import Xyzzy", ImportError,
        "has no attribute 'Xyzzy'. No Keras that is known here has it.",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("api", "line", "kind", "said"), CASES.values(), ids=CASES)
def test_a_missing_name_is_told(api: str, line: str, kind: type[Exception], said: str) -> None:
    """Which Keras had it, since when, and the nearest that is here."""
    with pytest.raises(kind) as caught:
        exec(line, {})
    assert type(caught.value) is kind
    assert str(caught.value).endswith(said)


@pytest.mark.parametrize("api", ["keras1", "keras2"])
def test_asking_for_a_name_stays_possible(api: str) -> None:
    """By `hasattr`, by an import that may fail, and of modules that were not imported yet."""
    names: dict[str, object] = {}
    exec(
        "import keras\n"
        "found = hasattr(keras.layers, 'Nonesuch'), hasattr(keras, '__nonesuch__')\n"
        "from keras.layers import core, wrappers\n"
        "from keras.datasets import cifar10\n"
        "try:\n    from keras.layers import nonesuch\n"
        "except ImportError:\n    found += (None,)\n",
        names,
    )
    assert names["found"] == (False, False, None)


@pytest.mark.parametrize("api", ["keras1", "keras2"])
def test_names_of_old_kerases_are_not_here(api: str) -> None:
    """One that is offered later leaves its list."""
    assert [name for name in HAD if any(telling._places(api, name, ""))] == []
