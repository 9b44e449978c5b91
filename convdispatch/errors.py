"""Every exception that convdispatch raises on purpose.

Each class also inherits the builtin that a caller would expect, so `except ValueError` keeps
working. A message says what was wrong, what was received, what is allowed and what to do.
The command that they give for what is missing is here too, so that there is one. No other module
of the package may be imported here.
"""


class ConvDispatchError(Exception):
    """Base of all errors raised by convdispatch itself."""

    # Autograph, which rewrites what `tf.function` is given, raises an error of its own class for
    # every other one whose class has bases of its own; it looks for this name and lets go of ours.
    ag_pass_through = True


class InvalidArgument(ConvDispatchError, ValueError):
    """An argument has the right type and an illegal value."""


class InvalidShape(InvalidArgument):
    """A tensor's shape does not fit the layer, or the layer would leave nothing of it."""


class InvalidType(ConvDispatchError, TypeError):
    """An argument, a tensor or an element type is of a kind that is not accepted."""


class InvalidDocument(InvalidArgument, InvalidType):
    """A configuration or a JSON document describes nothing that can be made here.

    The one class for all that a document may have wrong: values, types, names, sizes, limits.
    """


class UnsupportedOp(ConvDispatchError, NotImplementedError):
    """A backend has declared that it cannot compute this op; the message has its reason."""


class ConfigError(ConvDispatchError, ValueError):
    """A configuration file or environment variable cannot be understood."""


class BackendError(ConvDispatchError):
    """Base of the errors about finding and loading backends."""


class BackendNotFound(BackendError, ValueError, LookupError):
    """No installed distribution registers a backend of that name."""


class BackendUnavailable(BackendError, ImportError):
    """The backend is registered but its framework is not installed."""


class BackendBroken(BackendError, ImportError):
    """The backend's plugin or its framework raised where it was imported, or ended the program."""


class BackendTooOld(BackendBroken):
    """The backend's plugin was written for an earlier version of the backend protocol."""


class DuplicateBackend(BackendError, ValueError):
    """Two installed distributions register a backend of the same name."""


class PluginError(BackendError):
    """A plugin did what none may: it ended the program, printed, or answered what nobody asked."""


def install_command(extra: str = "") -> str:
    """Return the one command that messages give to install what an extra of this package brings.

    convdispatch is on no index, so it is a checkout's, with the versions that its tests run with:
    others may bring several gigabytes.

    >>> install_command("bfloat16")
    "python -m pip install -c constraints.txt '.[bfloat16]'  # in a checkout"
    """
    wanted = f"'.[{extra}]'" if extra else "."
    return f"python -m pip install -c constraints.txt {wanted}  # in a checkout"
