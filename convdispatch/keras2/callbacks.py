"""Callbacks under Keras 2's module path, and its name of the learning rate."""

from typing import TYPE_CHECKING

from convdispatch import callbacks
from convdispatch.callbacks import (
    BaseLogger,
    Callback,
    CallbackList,
    CSVLogger,
    EarlyStopping,
    History,
    LambdaCallback,
    ModelCheckpoint,
    ProgbarLogger,
    TensorBoard,
    TerminateOnNaN,
)
from convdispatch.doors.elsewhere import finder

__all__ = [
    "BaseLogger",
    "CSVLogger",
    "Callback",
    "CallbackList",
    "EarlyStopping",
    "History",
    "LambdaCallback",
    "LearningRateScheduler",
    "ModelCheckpoint",
    "ProgbarLogger",
    "ReduceLROnPlateau",
    "TensorBoard",
    "TerminateOnNaN",
]


class ReduceLROnPlateau(callbacks.ReduceLROnPlateau):
    """Lowers the rate as later Kerases do, and reports it as `lr`."""

    rate_name = "lr"


class LearningRateScheduler(callbacks.LearningRateScheduler):
    """Sets the rate as later Kerases do, and reports it as `lr`."""

    rate_name = "lr"


if not TYPE_CHECKING:  # for type checkers there is nothing to find
    __getattr__ = finder(__name__)
