"""Tables and sentences on names that another module for users has, or that do not exist yet.

The names are those of the Kerases. An answer imports nothing. A name that is offered later leaves
its table; tests check that.
"""

from __future__ import annotations

import opcode
import sys
from collections.abc import Callable, Iterable, Mapping
from types import FrameType
from typing import Any, TypeVar

from convdispatch.doors import keras1, keras2
from convdispatch.doors.not_offered import NOT_OFFERED, OWN_LAYERS, instead_of, with_more
from convdispatch.doors.rows import names_of, rows_of

MeaningT = TypeVar("MeaningT")


def _each(names: str, meaning: MeaningT) -> dict[str, MeaningT]:
    """Return one row of a table for each of the names in the string."""
    return dict.fromkeys(names.split(), meaning)


_KERAS1, _KERAS2, _KERAS3 = (
    "convdispatch.keras1.layers",
    "convdispatch.keras2.layers",
    "convdispatch.layers",
)
_OF_ALL = ("Input", "InputLayer")  # which no table has: they translate nothing
_KERAS1_ROWS, _KERAS2_ROWS = tuple(rows_of(keras1.LAYERS)), tuple(rows_of(keras2.LAYERS))
_NAMES = {  # of layers, by their doors
    _KERAS3: {
        *(name for row in (*_KERAS1_ROWS, *_KERAS2_ROWS) for name in (row.likeness, *row.aliases)),
        *(row.function for row in _KERAS2_ROWS if row.function),
    },
    _KERAS2: {*names_of(_KERAS2_ROWS), "CuDNNGRU", "CuDNNLSTM"},
    _KERAS1: {*names_of(_KERAS1_ROWS), "Merge", "merge"},
}
# Every layer's name, with the doors that have it.
DOORS_OF_LAYERS: Mapping[str, tuple[str, ...]] = {
    name: tuple(door for door, names in _NAMES.items() if name in names or name in _OF_ALL)
    for name in sorted(set(_OF_ALL).union(*_NAMES.values()))
}
# The class of Keras 1 that does the same as a class of Keras 2, if there is one: the first.
KERAS1_CLASSES: Mapping[str, str] = {
    **{row.likeness: row.name for row in reversed(_KERAS1_ROWS)},
    "Input": "Input",
}


def _old_keywords() -> Mapping[str, tuple[str, ...]]:
    told: dict[str, tuple[str, ...]] = {}
    for name, spellings in keras1.RENAMES.items():
        for spelled in spellings:
            for old in (spelled,) if isinstance(spelled, str) else spelled:
                told[old] = (*told.get(old, ()), name)
    return told


# Keras 1's keywords of layers, with the names that Keras 2 has for them: the first that a class
# takes is meant.
KERAS1_KEYWORDS = _old_keywords()
# Those that no later Keras has: they tell a document of Keras 1.
KEYWORDS_OF_KERAS1 = frozenset(KERAS1_KEYWORDS) - {"alpha", "output_dim", "output_shape"}
# Keywords of layers in one Keras or another that mean something else here, or nothing yet.
_KEYWORDS: Mapping[str, str] = {
    "autocast": "Layers here compute in the input's element type: give inputs of that type.",
    "batch_shape": "It is Keras 3's name for `batch_input_shape`.",
    "dynamic": "It is TensorFlow's: write ordinary code around the layer.",
    "implementation": "`convdispatch.autotune` chooses between several ways to compute.",
    "input_dim": "Write `input_shape=`, which includes the channels.",
    "input_length": "Write `input_shape=`, which includes the length.",
    "lora_alpha": "Keras 3's adapters of low rank are not offered.",
    "lora_rank": "Keras 3's adapters of low rank are not offered.",
    "quantization_config": "Quantized layers are not offered.",
    "ragged": "Ragged inputs are not offered: pad them.",
    "sparse": "Sparse inputs are not offered: make them dense.",
}

# The layers of all Kerases, those of the doors among them.
_LAYERS_OF_KERAS = frozenset(
    _each(
        """
Activation ActivityRegularization AdaptiveAveragePooling1D AdaptiveAveragePooling2D
AdaptiveAveragePooling3D AdaptiveMaxPooling1D AdaptiveMaxPooling2D AdaptiveMaxPooling3D
AdditiveAttention AlphaDropout Attention AveragePooling1D AveragePooling2D AveragePooling3D
AvgPool1D AvgPool2D AvgPool3D Bidirectional CategoryEncoding CenterCrop ConvLSTM1D ConvLSTM2D
ConvLSTM3D ConvRecurrent2D CuDNNGRU CuDNNLSTM Dense DenseFeatures Discretization ELU EinsumDense
Embedding Flatten GRU GRUCell GaussianDropout GaussianNoise GlobalAveragePooling1D
GlobalAveragePooling2D GlobalAveragePooling3D GlobalAvgPool1D GlobalAvgPool2D GlobalAvgPool3D
GlobalMaxPool1D GlobalMaxPool2D GlobalMaxPool3D GlobalMaxPooling1D GlobalMaxPooling2D
GlobalMaxPooling3D GroupNormalization GroupQueryAttention Hashing Highway Identity InputSpec
IntegerLookup LSTM LSTMCell Lambda LayerNormalization LeakyReLU LocallyConnected1D
LocallyConnected2D MaxPool1D MaxPool2D MaxPool3D MaxPooling1D MaxPooling2D MaxPooling3D
MaxoutDense MelSpectrogram Merge MultiHeadAttention Normalization PReLU ParametricSoftplus Permute
RMSNormalization RNN RandomBrightness RandomContrast RandomCrop RandomFlip RandomHeight
RandomRotation RandomTranslation RandomWidth RandomZoom ReLU Recurrent RepeatVector Rescaling
Reshape Resizing SReLU SimpleRNN SimpleRNNCell Softmax SpatialDropout1D SpatialDropout2D
SpatialDropout3D SpectralNormalization StackedRNNCells StringLookup SyncBatchNormalization
TextVectorization ThresholdedReLU TimeDistributed TimeDistributedDense UnitNormalization Wrapper
""",
        "",
    )
)
LAYERS_NOT_OFFERED = _LAYERS_OF_KERAS - DOORS_OF_LAYERS.keys() - OWN_LAYERS.keys()

_TRAINING = "`train_on_batch` makes one step; for another one differentiate with your framework"
_FILES = (
    "`save` and `load_model` keep a whole model in a file, `save_weights` and `load_weights` its "
    "weights, and `to_json` keeps the architecture"
)
_GRAPH = "make a graph with `convdispatch.Model`, whose `apply` is a pure function"
_CALL = "call the model, or its `predict`, and compute the rest in NumPy"
MODEL_ATTRIBUTES_NOT_OFFERED: Mapping[str, str] = {
    **_each(
        "compute_loss compute_metrics loss_functions make_test_function make_train_function metrics"
        " reset_metrics test_step total_loss train train_step get_compile_config"
        " compile_from_config",
        _TRAINING,
    ),
    **_each(
        "load_own_variables save_own_variables to_yaml",
        _FILES,
    ),
    **_each(
        "add_input add_metric add_node add_output add_update add_variable add_weight call"
        " get_input get_output inbound_nodes outbound_nodes"
        " state_updates stateless_call updates",
        _GRAPH,
    ),
    **_each(
        "predict_classes predict_proba",
        "`predict(x)` has the probabilities, and `predict(x).argmax(axis=-1)` the classes",
    ),
    "predict_step": _CALL,
    "quantize": "compute in float16 or bfloat16: give inputs of that type",
}

_MODELS: Mapping[str, str] = {
    "Graph": _GRAPH,
}
_IN_FACADES = ("model_from_config", "model_from_yaml")  # of the Kerases that had them
_MODULES: Mapping[str, str] = {
    "mixed_precision": "give layers float16 or bfloat16 inputs",
    "ops": "your framework has them; a layer takes and returns its tensors",
    "saving": _FILES,
}
# What `tf.keras` and a real Keras 3 look for in the package that `import keras` finds.
_REAL_KERAS = _each(
    "_tf_keras api src",
    "it is a module of a real Keras, which `tf.keras` needs, and `keras` means convdispatch here. "
    "Import from `keras` in place of `tensorflow.keras`, or run the script by Python itself.",
)
MODULES_OF_OTHER_DOORS: Mapping[str, str] = {
    "utils": "convdispatch.keras1 and in convdispatch.keras2",
    "objectives": "convdispatch.losses, and in convdispatch.keras1.objectives",
    "initializations": "convdispatch.keras1.initializations",
    "initializers": "convdispatch.initializers, or in convdispatch.keras2.initializers",
}


def about_keyword(keyword: str, allowed: Iterable[str], class_name: str, door: str) -> str:
    """Return a sentence on a keyword of another Keras, '' for a word that no Keras has."""
    meant = [name for name in KERAS1_KEYWORDS.get(keyword, ()) if name in set(allowed)]
    if meant and "keras1" not in door:
        old = KERAS1_CLASSES.get(class_name)
        if old is not None and keyword == "atrous_rate":
            old = old.replace("Conv", "AtrousConv")
        other = "" if old is None else f", or import {old} from convdispatch.keras1.layers"
        return f"It is Keras 1's name for `{meant[0]}`: write `{meant[0]}=`{other}."
    if keyword in ("input_dim", "input_length") and class_name == "Conv1D":
        return (
            f"Keras 1 and 2 had it: write `input_shape=(input_length, input_dim)`, or import "
            f"{class_name} from convdispatch.keras2.layers."
        )
    return _KEYWORDS.get(keyword, "")


def about_old_keyword(keyword: str, spelling: Mapping[str, object], class_name: str) -> str:
    """Return a further sentence on a keyword for a user of Keras 1's class."""
    if keyword == "atrous_rate" and class_name in ("Convolution1D", "Convolution2D"):
        return f" Atrous{class_name} takes `{keyword}`."
    if keyword not in spelling:
        return ""
    if spelling[keyword]:
        return f" `{keyword}` is the name in convdispatch.layers."
    return f" Keras 1 had no `{keyword}`; convdispatch.layers has."


def not_offered_layers(names: Iterable[str]) -> str:
    """Return a sentence on those names that are layers of a Keras, '' if there are none."""
    known = [f"`{name}`" for name in names if name in LAYERS_NOT_OFFERED]
    if not known:
        return ""
    verb = "is" if len(known) == 1 else "are"
    return f"{', '.join(known)} {verb} not offered yet; `{_KERAS3}.__all__` lists what is."


def _about_layer(name: str) -> str:
    if name in DOORS_OF_LAYERS:
        return f"it is in {' and in '.join(DOORS_OF_LAYERS[name])}."
    if name in OWN_LAYERS:
        return f"{OWN_LAYERS[name]}."
    return not_offered_layers([name])


def _about_model(name: str) -> str:
    if name in _IN_FACADES:
        return "it is in convdispatch.keras1.models and in convdispatch.keras2.models."
    if name == "Model":
        return "it is in convdispatch.models."
    if name == "clone_model":
        return "it is in convdispatch.models and in convdispatch.keras2.models."
    return f"it is not offered yet; {_MODELS[name]}." if name in _MODELS else _about_layer(name)


def _about_module(name: str) -> str:
    if name in _REAL_KERAS:
        return _REAL_KERAS[name]
    if name in MODULES_OF_OTHER_DOORS:
        return f"it is in {MODULES_OF_OTHER_DOORS[name]}."
    if name in _MODULES:
        return f"it is not offered yet; {_MODULES[name]}."
    instead = instead_of("", name)
    return f"{instead}." if instead else _about_model(name)


def _about_part(module: str) -> Callable[[str], str]:
    def about(name: str) -> str:
        instead = instead_of(module, name)
        return f"{instead}." if instead else ""

    return about


_ABOUT: Mapping[str, Callable[[str], str]] = {
    **{module: _about_part(module) for module in NOT_OFFERED if module},
    "convolutional": _about_layer,
    "layers": _about_layer,
    "models": _about_model,
}


def sentence(module: str, name: str) -> str:
    """Return a sentence on a name that one of our modules does not have.

    >>> sentence("convdispatch.layers", "AtrousConvolution2D").partition(": ")[2]
    'it is in convdispatch.keras1.layers.'
    """
    about = _ABOUT.get(module.rpartition(".")[2], _about_module)
    is_private = name.startswith("_") and name not in _REAL_KERAS
    said = "" if is_private else about(name)
    return f"module {module!r} has no attribute {name!r}{f': {said}' if said else ''}"


def missing_attribute(owner: str, name: str) -> str:
    """Return the message for an attribute that models of a Keras have and ours have not."""
    said = f"{owner!r} object has no attribute {name!r}"
    instead = MODEL_ATTRIBUTES_NOT_OFFERED.get(name)
    return said if instead is None else f"{said}: it is not offered yet; {instead}."


def missing(module: str, name: str, asker: FrameType) -> Exception:
    """Return the error of a module's `__getattr__` for a missing name that `asker` looked up.

    It is an `AttributeError`, or an `ImportError` for an import statement, because Python's own
    `ImportError` would lose the sentence.
    """
    said = sentence(module, name)
    # There Python looks for a module of that name next, unless the sentence is about the name.
    if said.endswith(".") or asker.f_code.co_name != "_handle_fromlist":
        said = with_more(said, module, name)
    if said.endswith(".") and _is_import(asker):
        return ImportError(said, name=module)
    return AttributeError(said, name=name)


def finder(module: str, **computed: Callable[[], Any]) -> Callable[[str], Any]:
    """Return the `__getattr__` of a module that has the names it defines, and computed ones."""

    def find(name: str) -> Any:
        if name in computed:
            return computed[name]()
        raise missing(module, name, sys._getframe(1))

    return find


def _is_import(frame: FrameType) -> bool:
    """Return whether the frame is at `from module import name`, or in the import system."""
    if frame.f_code.co_name == "_handle_fromlist":
        return True
    return frame.f_code.co_code[frame.f_lasti] == opcode.opmap["IMPORT_FROM"]
