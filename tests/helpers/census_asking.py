"""Whether a façade offers what a script of the census uses: its answer, not a list of ours.

A name of the census is looked up where both Kerases had it, because the census brings their names
together: `initializers.normal` is Keras 1's `initializations.normal`.
"""

from __future__ import annotations

import functools
import importlib
import inspect
import re
from collections.abc import Iterator, Mapping
from typing import Any

from census_probes import HABITS, NEVER, offers_habit

# Where a group of names is found beside the module of its own name.
MODULES: Mapping[str, tuple[str, ...]] = {
    "K": ("backend", "backend.tensorflow_backend", "backend.theano_backend", "backend.common"),
    "activations": ("activations",),
    "applications": (
        *("applications", "applications.imagenet_utils", "applications.vgg16"),
        *("applications.vgg19", "applications.resnet50", "applications.inception_v3"),
        *("applications.xception", "applications.mobilenet"),
        *("applications.inception_resnet_v2", "applications.nasnet"),
    ),
    "callbacks": ("callbacks",),
    "constraints": ("constraints",),
    "datasets": ("datasets",),
    "engine": ("engine", "engine.topology", "engine.training", "engine.network"),
    "initializers": ("initializers", "initializations"),
    "keras": ("",),
    "layers": (
        *("layers", "layers.core", "layers.convolutional", "layers.pooling", "layers.recurrent"),
        *("layers.normalization", "layers.merge", "engine", "engine.topology", "legacy.layers"),
    ),
    "legacy": ("legacy",),
    "losses": ("losses", "objectives"),
    "metrics": ("metrics",),
    "models": ("models", "legacy.models"),
    "optimizers": ("optimizers",),
    "regularizers": ("regularizers",),
    "utils": (
        *("utils", "utils.np_utils", "utils.data_utils", "utils.generic_utils", "utils.io_utils"),
        *("utils.layer_utils", "utils.conv_utils", "utils.vis_utils", "utils.visualize_util"),
        *("utils.test_utils", "engine.training"),
    ),
}
# What Keras 1 called a name under which the census counts both.
KERAS1 = {
    "layers.Conv2DTranspose": "Deconvolution2D",
    "layers.Conv3DTranspose": "Deconvolution3D",
    "utils.plot_model": "plot",
    "utils.visualize_util": "plot",
}
KERAS2 = {"utils.visualize_util": "plot_model"}
# The arguments of methods of that name which belong to objects of the scripts' own, not to Keras's.
OF_OTHERS = {
    # `Callback.__init__(self)` and what is like it.
    "callbacks.Callback": {"pos1"},
    ".add": {"values"},  # of a progress bar
    ".save": {
        "dpi",
        "extra_args",
        "format",
        "fps",
        "global_step",
    },  # of pictures, films, TensorFlow
    # What no Keras took: of subclasses of the scripts' own, or mistakes.
    ".fit_generator": {"validation_generator"},
    "layers.BatchNormalization": {"freeze"},
    "layers.Conv3D": {"input_dim"},
    "layers.Convolution2D": {"order_mode"},
    "models.Model": {"batch_size"},
    ".fit": {"checks_dir", "log_interval", "nb_steps"},
    ".flow_from_directory": {
        *("data_dir", "data_suffix", "file_path", "ignore_label", "label_dir", "label_suffix"),
        "loss_shape",
    },
}
# A word that is no string of Keras's, in a place where a Keras takes one.
NO_WORDS = {"initializers.EPSG:4326", "activations.rule", "metrics.rmse"}
PADDINGS = {"padding", "data_format", "interpolation", "mode"}


class Answers:
    """The answers of one façade."""

    def __init__(self, api: str) -> None:
        self.api = api
        self._known: dict[str, bool] = {}

    def offers(self, use: str) -> bool:
        """Whether the façade offers what a script uses."""
        if use not in self._known:
            self._known[use] = self._asked(use)
        return self._known[use]

    def _asked(self, use: str) -> bool:
        if use in NO_WORDS:
            return True
        if use in NEVER:
            return False
        if use in HABITS:
            return offers_habit(self.api, use)
        if use.startswith("'"):
            return self._knows(use.strip("'"))
        call = re.fullmatch(r"(.*)\((.*)\)", use)
        if call:
            return self._takes(*call.groups())
        return bool(list(self._found(use)))

    def module(self, path: str) -> Any:
        """Return a module of the façade by its path within Keras, None where there is none."""
        return module(f"convdispatch.{self.api}{path and '.' + path}")

    def _found(self, name: str) -> Iterator[Any]:
        """Yield what the façade has under a name: of a method, in each class of that method."""
        if name.startswith("."):
            classes = [self._member(*one) for one in METHODS.get(name, MODELS)]
            yield from (getattr(one, name[1:]) for one in classes if hasattr(one, name[1:]))
            return
        group, _, last = name.partition(".")
        if group in OWNERS:
            owner = self._member(*OWNERS[group])
            if hasattr(owner, last):
                yield getattr(owner, last)
            return
        spelled = (KERAS1 if self.api == "keras1" else KERAS2).get(name, last)
        *inner, word = spelled.split(".")
        for path in MODULES.get(group, (group,)):
            found = self._member(".".join(filter(None, (path, *inner))), word)
            if found is not None:
                yield found
                return
        if group in WORDS and self._word(group, word):
            yield word

    def _member(self, path: str, name: str) -> Any:
        try:
            found = getattr(self.module(path), name, None)
        except ImportError:
            found = None
        return module(f"convdispatch.{self.api}.{path}.{name}") if found is None else found

    def _takes(self, name: str, argument: str) -> bool:
        if argument in OF_OTHERS.get(name, ()):
            return True
        # A data set's module is counted as called where its one function is.
        found = [getattr(one, "load_data", one) for one in self._found(name)]
        if found and all(inspect.ismodule(one) and not callable(one) for one in found):
            return True  # what was called is a function of that module, such as NumPy
        return not found or any(takes(one, argument) for one in found)

    def _knows(self, word: str) -> bool:
        if word in NO_WORDS:
            return True
        group, _, said = word.partition(".")
        return said in WORDS_OF_ARGUMENTS[group] if group in PADDINGS else self._word(group, said)

    def _word(self, group: str, word: str) -> bool:
        if (group, word) in (("metrics", "accuracy"), ("metrics", "acc")):
            return True  # which is chosen by the loss: `compile` knows it, `get` does not
        for path in MODULES[group]:
            get = getattr(self.module(path), "get", None)
            try:
                if get is not None and get(word) is not None:
                    return True
            except (ValueError, TypeError):
                continue
        return False


MODELS = (("models", "Sequential"), ("models", "Model"))
_LAYERS = (("layers", "Dense"), *MODELS)
_PICTURES = ("preprocessing.image", "ImageDataGenerator")
# Of which classes a method may be, where not of models alone.
METHODS = {
    **dict.fromkeys(
        (".get_config", ".from_config", ".set_weights", ".get_weights", ".count_params"), _LAYERS
    ),
    **dict.fromkeys((".get_input", ".get_output", ".get_output_at", ".get_input_at"), _LAYERS),
    **dict.fromkeys((".get_output_shape_at", ".get_input_shape_at", ".call"), _LAYERS),
    **dict.fromkeys((".add_weight", ".add_loss"), (("layers", "Layer"), *MODELS)),
    ".fit": (*MODELS, _PICTURES),
    ".flow": (_PICTURES,),
    ".flow_from_directory": (_PICTURES,),
    ".get_updates": (("optimizers", "Optimizer"),),
    ".load_data": (("datasets.mnist", "load_data"),),
    **dict.fromkeys(
        (".on_batch_begin", ".on_batch_end", ".on_epoch_begin", ".on_epoch_end", ".on_train_end"),
        (("callbacks", "Callback"),),
    ),
}
OWNERS = {"generator": _PICTURES, "tokenizer": ("preprocessing.text", "Tokenizer")}
WORDS = {"activations", "initializers", "losses", "metrics", "optimizers"}
WORDS_OF_ARGUMENTS = {
    "padding": {"same", "valid", "causal", "full", "pre", "post"},
    "data_format": {"channels_first", "channels_last", "th", "tf", "default"},
    "interpolation": {"bilinear", "nearest"},
    "mode": {"sum", "mul", "concat", "ave", "cos", "dot", "max"},
}


@functools.cache
def module(path: str) -> Any:
    """Return a module, None where there is none."""
    try:
        return importlib.import_module(path)
    except ImportError:
        return None


def takes(called: Any, argument: str) -> bool:
    """Whether a signature takes an argument: 'posN' are N positional ones, '**' unpacked ones."""
    try:
        parameters = list(inspect.signature(called).parameters.values())
    except (TypeError, ValueError):
        return False
    if argument == "**":
        return True
    if not inspect.isclass(called) and parameters and parameters[0].name == "self":
        del parameters[0]
    kinds = [one.kind for one in parameters]
    if argument.startswith("pos"):
        places = kinds.count(inspect.Parameter.POSITIONAL_OR_KEYWORD)
        places += kinds.count(inspect.Parameter.POSITIONAL_ONLY)
        return inspect.Parameter.VAR_POSITIONAL in kinds or places >= int(argument[3:])
    names = {one.name for one in parameters} | set(old_words(called))
    return argument in names or inspect.Parameter.VAR_KEYWORD in kinds


def old_words(called: Any) -> frozenset[str]:
    """Return the words of Keras 1 that a function or a class of Keras 2 takes with a warning."""
    own: frozenset[str] = getattr(called, "old_words", frozenset())
    made: frozenset[str] = getattr(getattr(called, "__init__", None), "old_words", frozenset())
    return own | made
