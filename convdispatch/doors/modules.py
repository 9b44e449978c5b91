"""The modules of each Keras that hold what other modules have, and what of `utilities` is where.

A module is a row: sources, with the names that come from them. A source that begins with a dot is
a module of the façade itself; another one is a module of this package, '()' says that it makes
its names for each façade. `old=new` is a name under another one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

Sources: TypeAlias = Mapping[str, str]

_ENGINE: Sources = {
    ".layers": "Layer InputSpec Input InputLayer",
    ".models": "Model",
    "utilities.graphs": "get_source_inputs",
}
_TRAINING: Sources = {
    ".models": "Model",
    "utilities.graphs": (
        "_slice_arrays=slice_arrays slice_X=slice_arrays _make_batches=make_batches make_batches"
    ),
    "utilities.queues": "GeneratorEnqueuer OrderedEnqueuer",
}
_OBJECTS = "get_custom_objects CustomObjectScope custom_object_scope"
_GENERIC: Sources = {
    "formulas.custom_objects": _OBJECTS,
    "utilities.progress": "Progbar",
    "utilities.objects": (
        "serialize_keras_object deserialize_keras_object func_dump func_load has_arg "
        "get_from_module object_list_uid to_list unpack_singleton is_all_none transpose_shape"
    ),
}
_IO: Sources = {
    "utilities.hdf5_matrix": "HDF5Matrix",
    "utilities.questions": "ask_to_proceed_with_overwrite",
}
_LAYER_UTILS: Sources = {
    "utilities.conversion": (
        "convert_all_kernels_in_model convert_dense_weights_data_format print_layer_shapes"
    ),
}
_CONV_UTILS: Sources = {
    "utilities.windows": (
        "conv_output_length conv_input_length deconv_length normalize_tuple normalize_padding "
        "normalize_data_format convert_kernel"
    ),
}
_TEST_UTILS: Sources = {
    "utilities.layer_tests()": "layer_test keras_test get_test_data",
}
IMAGES = (
    "DirectoryIterator ImageDataGenerator Iterator NumpyArrayIterator apply_affine_transform "
    "apply_brightness_shift apply_channel_shift apply_transform array_to_img flip_axis "
    "img_to_array list_pictures load_img pil_image random_brightness random_channel_shift "
    "random_rotation random_shear random_shift random_zoom save_img "
    "transform_matrix_offset_center"
)
_TEXT: Sources = {
    "utilities.text": "Tokenizer text_to_word_sequence one_hot hashing_trick",
}
_WORDS: Sources = {
    "training.sequences": "pad_sequences",
    "utilities.pairs_of_words": "make_sampling_table skipgrams TimeseriesGenerator",
}
_ESTIMATORS: Sources = {
    "utilities.estimators": "BaseWrapper KerasClassifier KerasRegressor",
}
_TOPS = "preprocess_input decode_predictions _obtain_input_shape"
_NETWORKS = {
    "vgg16": "VGG16",
    "vgg19": "VGG19",
    "resnet50": "ResNet50",
    "inception_v3": "InceptionV3",
    "xception": "Xception",
    "mobilenet": "MobileNet",
}
# Scripts import these from the modules of networks, which had imported them.
_LEAKED_LAYERS = "Input Dense Flatten Activation MaxPooling2D BatchNormalization Convolution2D"


def _applications(names: Mapping[str, str]) -> Mapping[str, Sources]:
    """Return `applications` and its modules."""
    every = " ".join(names.values())
    found: dict[str, Sources] = {
        "applications": {"utilities.networks()": every},
        "applications.imagenet_utils": {"utilities.networks()": _TOPS},
    }
    for module, name in names.items():
        prepare = f"preprocess_input=preprocess_{module}"
        own = f"{name} relu6 {prepare} decode_predictions _obtain_input_shape"
        found[f"applications.{module}"] = {
            "utilities.networks()": own,
            ".layers": f"{_LEAKED_LAYERS} DepthwiseConv2D"
            if name == "MobileNet"
            else _LEAKED_LAYERS,
        }
    return found


# Keras 2's names of Keras 1's dilated convolutions.
_DILATED = (
    "AtrousConvolution1D AtrousConvolution2D "
    "AtrousConv1D=AtrousConvolution1D AtrousConv2D=AtrousConvolution2D"
)
_CONVENTIONS = ("tensorflow", "theano")  # each had a module of functions, where scripts look
_BOTH: Mapping[str, Sources] = {
    "engine": _ENGINE,
    "engine.training": _TRAINING,
    "engine.training_utils": _TRAINING,
    **{f"backend.{convention}_backend": {".backend": "*"} for convention in _CONVENTIONS},
    "backend.common": {".backend": "*"},
    "datasets": {},
    "datasets.mnist": {"training.datasets": "load_data=load_mnist"},
    "datasets.fashion_mnist": {"utilities.datasets": "load_data=load_fashion_mnist"},
    "datasets.cifar10": {"utilities.datasets": "load_data=load_cifar10"},
    "datasets.cifar100": {"utilities.datasets": "load_data=load_cifar100"},
    "datasets.boston_housing": {"utilities.datasets": "load_data=load_boston_housing"},
    "preprocessing": {},
    "preprocessing.image": {"utilities.pictures()": IMAGES},
    "preprocessing.text": _TEXT,
    "preprocessing.sequence": _WORDS,
    "utils.generic_utils": _GENERIC,
    "utils.io_utils": _IO,
    "utils.layer_utils": {**_LAYER_UTILS, "utilities.summaries": "print_summary"},
    "utils.test_utils": _TEST_UTILS,
    "wrappers": {},
    "wrappers.scikit_learn": _ESTIMATORS,
}
KERAS1: Mapping[str, Sources] = {
    **_BOTH,
    "engine": {**_ENGINE, ".layers": f"{_ENGINE['.layers']} Merge merge"},
    "engine.topology": {
        **_ENGINE,
        ".layers": f"{_ENGINE['.layers']} Merge merge",
        ".models": "Model Container=Model",
        "engine.symbols": "Node=Call",
        "utilities.graphs": "get_source_inputs to_list",
    },
    "datasets.imdb": {
        "utilities.datasets": "load_data=load_imdb_of_keras1 get_word_index=imdb_words"
    },
    "datasets.reuters": {
        "utilities.datasets": "load_data=load_reuters_of_keras1 get_word_index=reuters_words"
    },
    "layers": {
        ".layers._retired": (
            "Highway MaxoutDense ParametricSoftplus Recurrent SReLU TimeDistributedDense"
        ),
    },
    "layers.advanced_activations": {".layers._retired": "ParametricSoftplus SReLU"},
    "layers.core": {
        ".layers": "Layer Merge merge InputSpec",
        ".layers._retired": "Highway MaxoutDense TimeDistributedDense",
    },
    "layers.recurrent": {
        ".layers._retired": "Recurrent",
        "symbolic.recurrent_of_keras1": "time_distributed_dense",
    },
    "layers.wrappers": {".layers._own": "Wrapper"},
    "legacy": {},
    "legacy.models": {".models": "Graph"},
    "utils": {},
    "utils.data_utils": {"utilities.files": "get_file=get_file_of_keras1 validate_file"},
    "utils.generic_utils": {
        **_GENERIC,
        "utilities.objects": "func_dump func_load get_from_module",
        "utilities.old_scores": "make_tuple",
    },
    "utils.layer_utils": {
        **_LAYER_UTILS,
        "utilities.objects()": "layer_from_config",
        "utilities.summaries": "print_summary",
    },
    "utils.np_utils": {
        "utilities.windows": (
            "conv_output_length conv_input_length convert_kernel=convert_old_kernel"
        ),
        "utilities.old_scores": "accuracy binary_logloss multiclass_logloss",
    },
    **_applications({one: name for one, name in _NETWORKS.items() if one != "mobilenet"}),
}
KERAS2: Mapping[str, Sources] = {
    **_BOTH,
    "": {".layers": "Input", ".models": "Model Sequential"},
    "engine": {**_ENGINE, ".layers": f"{_ENGINE['.layers']} Merge merge"},
    "layers.recurrent": {
        ".layers._recurrent": "RNN GRUCell LSTMCell SimpleRNNCell StackedRNNCells",
        "symbolic.recurrent_of_keras1": "_time_distributed_dense=time_distributed_dense",
    },
    "layers.core": {".layers": "Layer InputSpec"},
    "layers.cudnn_recurrent": {".layers._cudnn": "CuDNNGRU CuDNNLSTM"},
    "layers.wrappers": {".layers._own": "Wrapper"},
    "layers.merge": {".layers._own": "_Merge"},
    "layers": {
        "utilities.objects()": "serialize deserialize",
        ".layers._retired": "Highway MaxoutDense Recurrent",
        ".layers._old": _DILATED + " Merge",
    },
    "layers.convolutional": {".layers._old": _DILATED},
    "engine.base_layer": {".layers": "Layer InputSpec", "engine.symbols": "Node=Call"},
    "engine.input_layer": {".layers": "Input InputLayer"},
    "engine.network": {
        ".models": "Network=Model Model",
        "utilities.graphs": "get_source_inputs",
    },
    "engine.saving": {
        ".models": "load_model save_model model_from_config model_from_json model_from_yaml"
    },
    "engine.sequential": {".models": "Sequential"},
    "engine.topology": {
        **_ENGINE,
        ".layers": f"{_ENGINE['.layers']} Merge merge",
        ".models": "Network=Model Container=Model",
        "engine.symbols": "Node=Call",
        "utilities.graphs": "get_source_inputs _to_list=to_list",
    },
    "datasets.imdb": {"utilities.datasets": "load_data=load_imdb get_word_index=imdb_words"},
    "datasets.reuters": {
        "utilities.datasets": "load_data=load_reuters get_word_index=reuters_words"
    },
    "legacy": {},
    "legacy.interfaces": {"facades.interfaces": "*"},
    "legacy.layers": {
        ".layers": (
            "Highway MaxoutDense Recurrent Merge merge AtrousConvolution1D AtrousConvolution2D"
        )
    },
    "utils": {
        "utilities.files": "get_file",
        "formulas.custom_objects": _OBJECTS,
        "utilities.progress": "Progbar",
        "utilities.objects": "serialize_keras_object deserialize_keras_object",
        "utilities.hdf5_matrix": "HDF5Matrix",
        "utilities.queues": "GeneratorEnqueuer OrderedEnqueuer",
        "utilities.conversion": "convert_all_kernels_in_model",
        "utilities.several_devices": "multi_gpu_model",
    },
    "utils.conv_utils": _CONV_UTILS,
    "utils.data_utils": {
        "utilities.files": "get_file validate_file",
        "training.codes": "Sequence",
        "utilities.queues": "GeneratorEnqueuer OrderedEnqueuer",
    },
    "utils.generic_utils": {**_GENERIC, "utilities.graphs": "slice_arrays"},
    "utils.layer_utils": {
        **_LAYER_UTILS,
        "utilities.summaries": "print_summary",
        "utilities.old_scores": "count_params",
        "utilities.graphs": "get_source_inputs",
    },
    "utils.multi_gpu_utils": {"utilities.several_devices": "multi_gpu_model"},
    "utils.training_utils": {"utilities.several_devices": "multi_gpu_model"},
    **_applications(_NETWORKS),
}
TABLES: Mapping[str, Mapping[str, Sources]] = {"keras1": KERAS1, "keras2": KERAS2}
EVERYTHING = "*"


def names_of(sources: Sources) -> Mapping[str, tuple[str, str]]:
    """Return for each name of a module its source and its name there.

    >>> names_of({".models": "Model Network=Model"})["Network"]
    ('.models', 'Model')
    """
    found: dict[str, tuple[str, str]] = {}
    for source, names in sources.items():
        for one in names.split():
            name, _, there = one.partition("=")
            found[name] = source, there or name
    return found
