"""Callbacks under Keras 2's module path: its sentences, and its name of the learning rate."""

from typing import TYPE_CHECKING

from convdispatch import callbacks
from convdispatch.callbacks import (
    BaseLogger,
    Callback,
    CallbackList,
    CSVLogger,
    History,
    LambdaCallback,
    ProgbarLogger,
    RemoteMonitor,
    TensorBoard,
    TerminateOnNaN,
)
from convdispatch.doors.callback_words import KERAS2
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
    "RemoteMonitor",
    "TensorBoard",
    "TerminateOnNaN",
]


class EarlyStopping(callbacks.OldEarlyStopping):
    """Stops as Keras 2 does: a baseline is what epochs have to be better than."""

    words = KERAS2


class ModelCheckpoint(callbacks.ModelCheckpoint):
    """Saves the weights as Keras 2 does, in its words."""

    words = KERAS2


class ReduceLROnPlateau(callbacks.ReduceLROnPlateau):
    """Lowers the rate as later Kerases do, and reports it as `lr`."""

    rate_name, words = "lr", KERAS2


class LearningRateScheduler(callbacks.LearningRateScheduler):
    """Sets the rate as later Kerases do, and reports it as `lr`."""

    rate_name, words = "lr", KERAS2


if not TYPE_CHECKING:  # for type checkers there is nothing to find
    __getattr__ = finder(__name__)
