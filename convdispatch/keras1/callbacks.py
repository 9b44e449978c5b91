"""Callbacks under Keras 1's module path, and the rules of four of them."""

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
from convdispatch.doors.callback_words import KERAS1
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
    """Stops as Keras 1 does: one epoch later than later Kerases."""

    looks_first, words = True, KERAS1


class ReduceLROnPlateau(callbacks.ReduceLROnPlateau):
    """Lowers the rate as Keras 1 does: the first time one epoch later than later Kerases."""

    looks_first, rate_name, words = True, "lr", KERAS1


class LearningRateScheduler(callbacks.LearningRateScheduler):
    """Sets the rate as Keras 1 does, which does not report it."""

    rate_name, words = "", KERAS1


class ModelCheckpoint(callbacks.ModelCheckpoint):
    """Saves the weights as Keras 1 does, whose file names count epochs from 0."""

    words = KERAS1


if not TYPE_CHECKING:  # for type checkers there is nothing to find
    __getattr__ = finder(__name__)
