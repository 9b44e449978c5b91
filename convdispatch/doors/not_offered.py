"""What to do instead of names of a Keras's smaller modules that do not exist here yet."""

from __future__ import annotations

from collections.abc import Callable, Mapping

_CTC = "it is not offered: there are no sparse tensors here; `ctc_batch_cost` takes dense labels"
_TENSORS = (
    "it is a function of TensorFlow or of Theano themselves, or of their sessions; write it with "
    "the functions of this module"
)
_OWN = (
    "For a layer of your own use `Lambda`, or subclass `Layer` of `keras.layers` and define "
    "`call(x)`"
)
_NETWORKS = (
    "it is not offered yet; build the network from layers, and give it the arrays of its weights "
    "by `set_weights`"
)
_FACADE = ("convdispatch.keras1", "convdispatch.keras2")
_FACADES = "convdispatch.keras1 and convdispatch.keras2 have it"

# What a Keras's script of its own layers imports: bases, and cells.
_RETIRED = ("Highway", "MaxoutDense", "ParametricSoftplus", "Recurrent", "SReLU")
_CELLS = ("GRUCell", "LSTMCell", "RNN", "SimpleRNNCell", "StackedRNNCells")
OWN_LAYERS: Mapping[str, str] = {
    **dict.fromkeys(("InputSpec", "Layer", "Wrapper"), f"it is in `keras.layers`. {_OWN}"),
    **dict.fromkeys((*_RETIRED, "TimeDistributedDense"), "it is in convdispatch.keras1.layers"),
    **dict.fromkeys(_CELLS, "it is in convdispatch.keras2.layers, for cells of your own"),
}

# By the last part of a module's name, the names that a Keras has there; '*' is every other name.
NOT_OFFERED: Mapping[str, Mapping[str, str]] = {
    "backend": {
        "ctc_label_dense_to_sparse": _CTC,
        "*": _TENSORS,
    },
    "applications": dict.fromkeys(
        (
            *("DenseNet121", "DenseNet169", "DenseNet201", "InceptionResNetV2", "MobileNetV2"),
            *("NASNetLarge", "NASNetMobile", "densenet", "inception_resnet_v2", "mobilenet_v2"),
            "nasnet",
        ),
        _NETWORKS,
    ),
    "": {  # the packages themselves
        **dict.fromkeys(("applications", "datasets", "engine", "legacy", "wrappers"), _FACADES),
        "preprocessing": _FACADES,
    },
}


def instead_of(module: str, name: str) -> str:
    """Return what to do where the module of that last name lacks a Keras's name, '' if unknown.

    >>> instead_of("applications", "nasnet").partition(";")[0]
    'it is not offered yet'
    """
    table = NOT_OFFERED.get(module, NOT_OFFERED[""])
    return table.get(name, table.get("*", ""))


# What says more of a missing name to a script, in whose process `keras` is a façade.
MORE: list[Callable[[str, str], str]] = []


def with_more(said: str, module: str, name: str) -> str:
    """Return a sentence on a missing name of a façade with what a script is told."""
    if not module.startswith(_FACADE) or name.startswith("__"):
        return said
    unknown = "" if name.startswith("_") else "No Keras that is known here has it."
    tellers, MORE[:] = MORE[:], []  # which ask for names themselves
    try:
        for tell in tellers:
            is_said = said.endswith(".")
            more = tell(module, name) or ("" if is_said else unknown)
            if more:
                said = f"{said}{'' if is_said else '.'} {more}"
    finally:
        MORE[:] = tellers
    return said
