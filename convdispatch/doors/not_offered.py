"""What to do instead of names of a Keras's smaller modules that do not exist here yet."""

from __future__ import annotations

from collections.abc import Mapping

_PICTURES = (
    "it is not offered yet; `fit_generator` takes any generator or `Sequence` of batches, which "
    "may change the pictures itself"
)
_ARRAYS = (
    "it is not offered yet, and nothing is downloaded; read the arrays with NumPy from a file that "
    "you have"
)
_PATHS = "it is not offered yet, and nothing is downloaded; open a file that you have"
_OBJECTS = "it is not offered yet; pass `custom_objects=` to `model_from_json`"
_NETWORKS = (
    "it is not offered yet; build the network from layers, and give it the arrays of its weights "
    "by `set_weights`"
)
_TEXT = "it is not offered yet; number the words in Python"
_CTC = (
    "it is not offered: connectionist temporal classification is TensorFlow's own kernel; compute "
    "the loss in the framework"
)
_TENSORS = (
    "it is a function of TensorFlow or of Theano themselves, or of their sessions; write it with "
    "the functions of this module"
)
_SLICES = "it is not offered yet; slice the arrays: `[one[start:stop] for one in arrays]`"
_OWN = (
    "For a layer of your own use `Lambda`, or subclass `Layer` of `keras.layers` and define "
    "`call(x)`"
)
_LAYERS = (
    "it is not offered yet; import layers from `keras.layers` and models from `keras.models`. "
    f"{_OWN}"
)

# What a Keras's script of its own layers imports.
OWN_LAYERS: Mapping[str, str] = dict.fromkeys(
    ("InputSpec", "Layer"), f"it is in `keras.layers`. {_OWN}"
)

# By the last part of a module's name, the names that a Keras has there; '*' is every other name.
NOT_OFFERED: Mapping[str, Mapping[str, str]] = {
    "backend": {
        **dict.fromkeys(("ctc_batch_cost", "ctc_decode", "ctc_label_dense_to_sparse"), _CTC),
        "*": _TENSORS,
    },
    "datasets": dict.fromkeys(
        ("boston_housing", "cifar", "cifar10", "cifar100", "fashion_mnist", "imdb", "reuters"),
        _ARRAYS,
    ),
    "utils": {
        **dict.fromkeys(("data_utils", "get_file"), _PATHS),
        **dict.fromkeys(
            ("CustomObjectScope", "custom_object_scope", "generic_utils", "get_custom_objects"),
            _OBJECTS,
        ),
        **dict.fromkeys(
            ("HDF5Matrix", "io_utils"),
            "it is not offered yet; `fit` takes h5py's data sets as they are",
        ),
        "multi_gpu_model": "it is not offered yet",
        "convert_all_kernels_in_model": (
            "it is not offered; a layer's `convention` says whose kernels it has"
        ),
    },
    "preprocessing": {"image": _PICTURES, "text": _TEXT},
    "sequence": {"make_sampling_table": _TEXT, "skipgrams": _TEXT},
    "engine": {"training": _SLICES, "*": _LAYERS},
    "": {  # the packages themselves
        "applications": _NETWORKS,
        "engine": _LAYERS,
        "legacy": _LAYERS,
        "preprocessing": "it is not offered here; convdispatch.keras1 and keras2 have sequences",
        "wrappers": "it is not offered yet; write a class around the model",
    },
}


def instead_of(module: str, name: str) -> str:
    """Return what to do where the module of that last name lacks a Keras's name, '' if unknown.

    >>> instead_of("utils", "get_file").partition(";")[2]
    ' open a file that you have'
    """
    table = NOT_OFFERED.get(module, NOT_OFFERED[""])
    return table.get(name, table.get("*", ""))
