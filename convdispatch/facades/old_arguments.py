"""What Keras 2 did with Keras 1's arguments before it renamed them, one function an interface.

Each takes the arguments by place, the object itself first, and those by keyword; it returns both,
and which names it changed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from convdispatch.errors import InvalidArgument, InvalidType
from convdispatch.support.warnings import warn

__all__ = [
    "add_weight_args_preprocessing",
    "batchnorm_args_preprocessor",
    "conv1d_args_preprocessor",
    "conv2d_args_preprocessor",
    "conv3d_args_preprocessor",
    "convlstm2d_args_preprocessor",
    "deconv2d_args_preprocessor",
    "embedding_kwargs_preprocessor",
    "generator_methods_args_preprocessor",
    "get_updates_arg_preprocessing",
    "recurrent_args_preprocessor",
    "separable_conv2d_args_preprocessor",
    "zeropadding2d_args_preprocessor",
]

Args = Sequence[Any]
Kwargs = dict[str, Any]
Converted = list[tuple[str, str | None]]
Prepared = tuple[Args, Kwargs, Converted]

_NO_FORGETTING = (
    "The `forget_bias_init` argument has been ignored. Use `unit_forget_bias=True` instead to "
    "initialize with ones."
)


def embedding_kwargs_preprocessor(args: Args, kwargs: Kwargs) -> Prepared:
    """Leave `dropout` out."""
    if "dropout" in kwargs:
        kwargs.pop("dropout")
        warn(
            "The `dropout` argument is no longer support in `Embedding`. You can apply a "
            "`keras.layers.SpatialDropout1D` layer right after the `Embedding` layer to get the "
            "same behavior."
        )
    return args, kwargs, []


def _forgetting(kwargs: Kwargs) -> Converted:
    if "forget_bias_init" not in kwargs:
        return []
    if kwargs.pop("forget_bias_init") == "one":
        kwargs["unit_forget_bias"] = True
        return [("forget_bias_init", "unit_forget_bias")]
    warn(_NO_FORGETTING)
    return []


def recurrent_args_preprocessor(args: Args, kwargs: Kwargs) -> Prepared:
    """Make the input's shape of its steps and its channels, and see to the forget gate's bias."""
    converted = _forgetting(kwargs)
    if "input_dim" in kwargs:
        length = kwargs.pop("input_length", None)
        kwargs["input_shape"] = (length, kwargs.pop("input_dim"))
        converted.append(("input_dim", "input_shape"))
        warn(
            "The `input_dim` and `input_length` arguments in recurrent layers are deprecated. Use "
            "`input_shape` instead."
        )
    return args, kwargs, converted


def conv1d_args_preprocessor(args: Args, kwargs: Kwargs) -> Prepared:
    """Make the input's shape of its steps and its channels."""
    if "input_dim" not in kwargs:
        return args, kwargs, []
    kwargs["input_shape"] = (kwargs.pop("input_length", None), kwargs.pop("input_dim"))
    return args, kwargs, [("input_shape", "input_dim")]


def conv2d_args_preprocessor(args: Args, kwargs: Kwargs) -> Prepared:
    """Make one kernel size of rows and columns."""
    if len(args) == 4 and isinstance(args[2], int) and isinstance(args[3], int):
        _require_old(kwargs)
        return [*args[:2], tuple(args[2:])], kwargs, [("kernel_size", "nb_row/nb_col")]
    return _sized(args, kwargs, ("nb_row", "nb_col"), "nb_row/nb_col")


def _require_old(kwargs: Kwargs) -> None:
    """Raise where two numbers are a kernel's size for Keras 1 but stand beside Keras 2's words."""
    if any(word in kwargs for word in ("padding", "strides", "data_format")):
        raise InvalidArgument(
            "It seems that you are using the Keras 2 and you are passing both `kernel_size` and "
            "`strides` as integer positional arguments. For safety reasons, this is disallowed. "
            "Pass `strides` as a keyword argument instead."
        )


def _sized(args: Args, kwargs: Kwargs, names: tuple[str, ...], said: str) -> Prepared:
    """Take a kernel's size from the arguments by place, and the rest of it by those names."""
    given = args[2:]
    rest = names[len(given) :]
    are_numbers = all(isinstance(one, int) for one in given)
    if len(given) >= len(names) or not are_numbers or any(name not in kwargs for name in rest):
        return args, kwargs, []
    size = (*given, *(kwargs.pop(name) for name in rest))
    if len(args) > 1:
        return [*args[:2], size], kwargs, [("kernel_size", said)]
    kwargs["kernel_size"] = size
    return args, kwargs, [("kernel_size", said)]


def separable_conv2d_args_preprocessor(args: Args, kwargs: Kwargs) -> Prepared:
    """Draw both kernels alike, and make one kernel size."""
    converted: Converted = []
    if "init" in kwargs:
        init = kwargs.pop("init")
        kwargs.update(depthwise_initializer=init, pointwise_initializer=init)
        converted.append(("init", "depthwise_initializer/pointwise_initializer"))
    args, kwargs, more = conv2d_args_preprocessor(args, kwargs)
    return args, kwargs, converted + more


def deconv2d_args_preprocessor(args: Args, kwargs: Kwargs) -> Prepared:
    """Leave the output's shape out, which follows from the others, and make one kernel size."""
    converted: Converted = []
    if len(args) == 5 and isinstance(args[4], tuple):
        args = args[:-1]
        converted.append(("output_shape", None))
    if "output_shape" in kwargs:
        kwargs.pop("output_shape")
        converted.append(("output_shape", None))
    args, kwargs, more = conv2d_args_preprocessor(args, kwargs)
    return args, kwargs, converted + more


def conv3d_args_preprocessor(args: Args, kwargs: Kwargs) -> Prepared:
    """Make one kernel size of three numbers."""
    if len(args) == 5 and all(isinstance(one, int) for one in args[2:]):
        return [*args[:2], tuple(args[2:])], kwargs, [("kernel_size", "kernel_dim*")]
    if len(args) == 4 and isinstance(args[2], int) and isinstance(args[3], int):
        _require_old(kwargs)
    names = ("kernel_dim1", "kernel_dim2", "kernel_dim3")
    return _sized(args, kwargs, names, "kernel_dim*")


def convlstm2d_args_preprocessor(args: Args, kwargs: Kwargs) -> Prepared:
    """See to the forget gate's bias, and make one kernel size."""
    converted = _forgetting(kwargs)
    args, kwargs, more = conv2d_args_preprocessor(args, kwargs)
    return args, kwargs, converted + more


def batchnorm_args_preprocessor(args: Args, kwargs: Kwargs) -> Prepared:
    """Leave out the mode that is Keras 2's only one."""
    if "mode" not in kwargs:
        return args, kwargs, []
    if kwargs.pop("mode") != 0:
        raise InvalidType(
            "The `mode` argument of `BatchNormalization` no longer exists. `mode=1` and `mode=2` "
            "are no longer supported. convdispatch.keras1 has them."
        )
    return args, kwargs, [("mode", None)]


def zeropadding2d_args_preprocessor(args: Args, kwargs: Kwargs) -> Prepared:
    """Make pads of a dictionary of sides."""
    given = kwargs.get("padding", args[1] if len(args) == 2 else None)
    sides = ("top_pad", "bottom_pad", "left_pad", "right_pad")
    if not isinstance(given, dict) or not set(given) <= set(sides):
        return args, kwargs, []
    top, bottom, left, right = (given.get(side, 0) for side in sides)
    kwargs["padding"] = ((top, bottom), (left, right))
    warn(
        "The `padding` argument in the Keras 2 API no longer accepts dict types. You can now input "
        "argument as: `padding=(top_pad, bottom_pad, left_pad, right_pad)`."
    )
    return args[:1], kwargs, []


def generator_methods_args_preprocessor(args: Args, kwargs: Kwargs) -> Prepared:
    """Make batches of samples, where the generator says how many samples a batch has."""
    converted: Converted = []
    old = {"samples_per_epoch", "val_samples", "nb_epoch", "nb_val_samples", "nb_worker"}
    is_old = not old.isdisjoint(kwargs)
    if len(args) < 3 and "samples_per_epoch" in kwargs:
        samples = kwargs.pop("samples_per_epoch")
        generator = args[1] if len(args) > 1 else kwargs["generator"]
        each = getattr(generator, "batch_size", 1)
        kwargs["steps_per_epoch"] = samples // each
        converted.append(("samples_per_epoch", "steps_per_epoch"))
    if is_old:
        warn(
            "The semantics of the Keras 2 argument `steps_per_epoch` is not the same as the Keras "
            "1 argument `samples_per_epoch`. `steps_per_epoch` is the number of batches to draw "
            "from the generator at each epoch. Basically steps_per_epoch = "
            "samples_per_epoch/batch_size. Similarly `nb_val_samples`->`validation_steps` and "
            "`val_samples`->`steps` arguments have changed. Update your method calls accordingly."
        )
    return args, kwargs, converted


def add_weight_args_preprocessing(args: Args, kwargs: Kwargs) -> Prepared:
    """Take the shape first, as Keras 1 had it, and a name after it."""
    if len(args) > 1 and isinstance(args[1], tuple | list):
        kwargs["shape"] = args[1]
        args = [args[0], *args[2:]]
        if len(args) > 1 and isinstance(args[1], str):
            kwargs["name"] = args[1]
            args = [args[0], *args[2:]]
    return args, kwargs, []


def get_updates_arg_preprocessing(args: Args, kwargs: Kwargs) -> Prepared:
    """Take (params, constraints, loss), as Keras 1 had it."""
    if len(args) > 4:
        raise InvalidType("`get_update` call received more arguments than expected.")
    if len(args) == 4:
        kwargs.update(loss=args[3], params=args[1])
        return args[:1], kwargs, []
    if len(args) == 3 and isinstance(args[1], list | tuple) and isinstance(args[2], dict):
        kwargs["params"] = args[1]
        return args[:1], kwargs, []
    return args, kwargs, []
