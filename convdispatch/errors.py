"""Every exception that convdispatch raises on purpose.

Each class also inherits the builtin that a caller would expect, so `except ValueError` keeps
working. A message says what was wrong, what was received, what is allowed and what to do. The
install command in the messages is here too, so that there is only one. This module imports no other
module of the package.
"""


class ConvDispatchError(Exception):
    """Base of all errors raised by convdispatch itself."""

    # Autograph, which rewrites functions for `tf.function`, replaces an error whose class has
    # several bases by one of its own; it looks for this name and then leaves our errors alone.
    ag_pass_through = True


class InvalidArgument(ConvDispatchError, ValueError):
    """An argument has the right type and an illegal value."""


class InvalidShape(InvalidArgument):
    """A tensor's shape does not fit the layer, or the layer's output would be empty."""


class NotConnected(InvalidShape, AttributeError):
    """A layer has no symbolic tensor or shape of its own, or several, where one is meant."""


class InvalidType(ConvDispatchError, TypeError):
    """An argument, a tensor or an element type is of a kind that is not accepted."""


class InvalidDocument(InvalidArgument, InvalidType):
    """A configuration or a JSON document does not describe a valid object.

    The one class for every fault of a document: values, types, names, sizes, limits.
    """


class UnsupportedOp(ConvDispatchError, NotImplementedError):
    """A backend has declared that it cannot compute this op; the message has its reason."""


class InvalidLoss(ConvDispatchError, RuntimeError):
    """The loss of a step is NaN or infinite, and a callback was asked to raise for that."""


class GroupFailed(ConvDispatchError, RuntimeError):
    """The processes that train one model cannot go on: one has ended, hangs, or disagrees."""


class ConfigError(ConvDispatchError, ValueError):
    """A configuration file or environment variable cannot be understood."""


class ProgramError(ConvDispatchError, OSError):
    """Another program that is needed, such as Graphviz, is not installed or failed."""


class PackageMissing(ConvDispatchError, ImportError):
    """An optional package that is needed, such as h5py, is not installed."""


class BackendError(ConvDispatchError):
    """Base of the errors about finding and loading backends."""


class BackendNotFound(BackendError, ValueError, LookupError):
    """No installed distribution registers a backend of that name."""


class BackendUnavailable(BackendError, ImportError):
    """The backend is registered but its framework is not installed."""


class BackendBroken(BackendError, ImportError):
    """The backend's plugin or its framework raised during its import, or ended the program."""


class BackendTooOld(BackendBroken):
    """The backend's plugin was written for an earlier version of the backend protocol."""


class MissingPackage(ConvDispatchError, ImportError):
    """Something needs a package that is not installed; the message says how to install it."""


class DuplicateBackend(BackendError, ValueError):
    """Two installed distributions register a backend of the same name."""


class PluginError(BackendError):
    """A plugin broke the rules: it ended the program, printed, or returned an invalid answer."""


def install_command(extra: str = "") -> str:
    """Return the command that messages give to install an extra of this package.

    convdispatch is not on any package index, so the command runs in a checkout, with the versions
    that the tests use: other versions may bring several gigabytes.

    >>> install_command("bfloat16")
    "python -m pip install -c constraints.txt '.[bfloat16]'  # in a checkout"
    """
    wanted = f"'.[{extra}]'" if extra else "."
    return f"python -m pip install -c constraints.txt {wanted}  # in a checkout"
