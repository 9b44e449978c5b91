"""Names of old Kerases that are not here, by the releases that had them.

Told from the source distributions of 0.3.3, 1.0.8, 1.1.2, 1.2.2, 2.0.0, 2.0.9, 2.1.6, 2.2.0 and
2.2.4. Most were for those Kerases' own use, and scripts took them all the same. A name that is
offered later leaves its list; a test checks that.
"""

from __future__ import annotations

from collections.abc import Mapping

# What is said, and of which names.
_LISTS: Mapping[str, str] = {
    "Keras 0 and 1 had it, until 1.2": """
base_filter generator_queue random_barrel_transform
""",
    "Keras 0 and 1 had it, until 2.0": """
load_array save_array weighted_objective
""",
    "Keras 0 had it, until 1.0": """
GraphImageDataGenerator LambdaMerge MaskedLambda MaskedLayer ModelToDot SiameseHead
ThresholdedLinear TimeDistributedMerge add_shared_layer container_from_config containers
get_function_name get_layer get_layer_to_name horizontal_flip layer_typename model_summary
normalize_axis old_models standardize_X standardize_y timedistributed to_graph vertical_flip
""",
    "Keras 1 and 2 had it, until 2.0.9": """
_convert_string_dtype _initialize_variables _normalize_axis _preprocess_deconv_output_shape
count_total_params
""",
    "Keras 1 and 2 had it, until 2.2": """
TF_WEIGHTS_PATH TF_WEIGHTS_PATH_NO_TOP conv2d_bn conv_block identity_block
""",
    "Keras 1 and 2 had it, until 2.2.4": """
CLASS_INDEX CLASS_INDEX_PATH
""",
    "Keras 1 and 2 have it": """
ConvRecurrent2D TFOptimizer _EPSILON _FLOATX _GLOBAL_CUSTOM_OBJECTS _GRAPH_LEARNING_PHASES
_GlobalPooling1D _GlobalPooling2D _GlobalPooling3D _LEARNING_PHASE _MANUAL_VAR_INIT _Pooling1D
_Pooling2D _Pooling3D _SESSION _UID_PREFIXES _assert_has_capability _assert_sparse_module _backend
_config _config_path _epsilon _floatx _keras_base_dir _keras_dir _old_batch_normalization
_old_normalize_batch_in_training _postprocess_conv2d_output _postprocess_conv3d_output
_preprocess_conv2d_filter_shape _preprocess_conv2d_image_shape _preprocess_conv2d_input
_preprocess_conv2d_kernel _preprocess_conv3d_filter_shape _preprocess_conv3d_input
_preprocess_conv3d_kernel _preprocess_conv3d_volume_shape _to_tensor batch_shuffle
check_loss_and_target_compatibility cifar collect_metrics ctc_cost ctc_create_skip_idxs
ctc_interleave_blanks ctc_label_dense_to_sparse ctc_path_probs ctc_update_log_p load_batch
pattern_broadcast py_all standardize_class_weights standardize_input_data
standardize_sample_or_class_weights standardize_sample_weights standardize_weights
""",
    "Keras 1 had it, until 1.1": """
_preprocess_filter_shape _preprocess_image_shape collect_trainable_weights
""",
    "Keras 1 had it, until 1.2": """
display_table func_reconstruct_closure librosa_exists
""",
    "Keras 1 had it, until 2.0": """
MusicTaggerCRNN TAGS TH_WEIGHTS_PATH TH_WEIGHTS_PATH_NO_TOP _IMAGE_DIM_ORDERING
_LEGACY_WEIGHT_ORDERING _cond _image_dim_ordering _old_theano_conv3d _old_theano_pool3d
_preprocess_border_mode atrous_conv2d audio_conv_utils check_array_lengths is_explicit_shape
legacy_weight_ordering lesser lesser_equal music_tagger_crnn set_legacy_weight_ordering
tf_major_version tf_minor_version
""",
    "Keras 2 had it, from 2.0 until 2.0.9": """
_masked_objective lstm_args_preprocessor
""",
    "Keras 2 had it, from 2.0 until 2.2": """
WEIGHTS_PATH WEIGHTS_PATH_NO_TOP _batch_shuffle _check_array_lengths
_check_loss_and_target_compatibility _collect_metrics _is_all_none _object_list_uid
_standardize_class_weights _standardize_input_data _standardize_sample_or_class_weights
_standardize_sample_weights _standardize_weights _weighted_masked_objective
""",
    "Keras 2 had it, from 2.0 until 2.2.4": """
legacy_sequential_layers needs_legacy_support
""",
    "Keras 2 had it, from 2.0.9 until 2.1": """
_preprocess_deconv3d_output_shape
""",
    "Keras 2 had it, from 2.0.9 until 2.2": """
BASE_WEIGHT_PATH BASE_WEIGHT_URL _PIL_INTERPOLATION_METHODS _conv_block
_count_valid_files_in_directory _depthwise_conv_block _list_valid_filenames_in_directory
inception_resnet_block
""",
    "Keras 2 had it, from 2.1 until 2.2": """
DENSENET121_WEIGHT_PATH DENSENET121_WEIGHT_PATH_NO_TOP DENSENET169_WEIGHT_PATH
DENSENET169_WEIGHT_PATH_NO_TOP DENSENET201_WEIGHT_PATH DENSENET201_WEIGHT_PATH_NO_TOP DenseNet
NASNET_LARGE_WEIGHT_PATH NASNET_LARGE_WEIGHT_PATH_NO_TOP NASNET_MOBILE_WEIGHT_PATH
NASNET_MOBILE_WEIGHT_PATH_NO_TOP NASNet _adjust_block _iter_valid_files
_load_attributes_from_hdf5_group _normal_a_cell _reduction_a_cell _save_attributes_to_hdf5_group
_separable_conv_block dense_block transition_block
""",
    "Keras 2 had it, from 2.1 until 2.2.4": """
_IMAGENET_MEAN _preprocess_numpy_input _preprocess_symbolic_input
""",
    "Keras 2 has it, since 2.0": """
NAME_SCOPE_STACK _Conv _GRAPH_UID_DICTS _IMAGE_DATA_FORMAT _check_pydot _collect_input_shape
_collect_previous_mask _image_data_format _is_explicit_shape _prepare_name _preprocess_padding
_to_snake_case generate_legacy_method_interface legacy_lambda_support load_weights_from_hdf5_group
load_weights_from_hdf5_group_by_name preprocess_weights_for_loading py_sum
save_weights_to_hdf5_group
""",
    "Keras 2 has it, since 2.0.9": """
InceptionResNetV2 SequenceEnqueuer _CuDNNRNN _LOCAL_DEVICES _TfDeviceCaptureOp
_clone_functional_model _clone_sequential_model _extract_archive _get_available_devices
_get_current_tf_device _has_nchw_support _hash_file _is_current_explicit_device _need_convert_kernel
_normalize_device_name _remove_long_seq get_index legacy_input_support
""",
    "Keras 2 has it, since 2.1": """
ConvLSTM2DCell ConvRNN2D DenseNet121 DenseNet169 DenseNet201 HDF5_OBJECT_HEADER_LIMIT NASNetLarge
NASNetMobile _SEQUENCE_COUNTER _SHARED_SEQUENCES _SeparableConv
_broadcast_normalize_batch_in_training _convert_rnn_weights _fused_normalize_batch_in_training
_generate_dropout_mask _preprocess_conv1d_input _regular_normalize_batch_in_training
_standardize_args init_pool
""",
    "Keras 2 has it, since 2.2": """
H5Dict MobileNetV2 _Cropping _UpSampling _ZeroPadding _deserialize_model _make_node_key
_map_graph_network _preprocess_conv2d_depthwise_filter_shape _preprocess_conv2d_depthwise_kernel
_serialize_model _set_keras_shape_for_reduction backend_module check_array_length_consistency
check_num_samples evaluate_generator fit_generator fit_loop h5dict init_pool_generator is_tensor
iter_sequence_infinite keras_modules_injection load_attributes_from_hdf5_group mobilenetv2
next_sample pickle_model predict_generator predict_loop py_any py_slice
save_attributes_to_hdf5_group standardize_single_array test_loop training_arrays training_generator
unpickle_model weighted_masked_objective
""",
}
HAD: Mapping[str, str] = {name: said for said, names in _LISTS.items() for name in names.split()}
