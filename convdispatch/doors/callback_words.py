"""What the callbacks of each Keras print, and which numbers they hold to be better as they grow.

Sources: `keras.callbacks` of Keras 1.2.2, Keras 2.2.4 and Keras 3.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """The sentences of one Keras's callbacks, as formats.

    epoch: the epoch's number as the sentences begin; `first_epoch` is that of the first one.
    improved, unimproved, saving, saved: of `ModelCheckpoint`; `no_best` is the best number where
        there is none yet, '' for the infinity that is worse than any.
    stopping, restoring: of `EarlyStopping`.
    lowering: of `ReduceLROnPlateau`.
    setting: of `LearningRateScheduler`.
    growing: what a number's name contains where a greater one is better.
    """

    epoch: str
    first_epoch: int
    improved: str
    unimproved: str
    saving: str
    saved: str = ""
    no_best: str = ""
    stopping: str
    restoring: str
    lowering: str
    setting: str
    growing: tuple[str, ...] = ("acc",)


KERAS1 = Words(
    epoch="{:05d}",
    first_epoch=0,
    improved="Epoch {epoch}: {name} improved from {best} to {value:.5f}, saving model to {path}",
    unimproved="Epoch {epoch}: {name} did not improve",
    saving="Epoch {epoch}: saving model to {path}",
    stopping="Epoch {epoch}: early stopping",
    restoring="Restoring model weights from the end of the best epoch",
    lowering="\nEpoch {epoch}: reducing learning rate to {rate}.",
    setting="\nEpoch {epoch}: LearningRateScheduler setting learning rate to {rate}.",
)
KERAS2 = Words(
    epoch="{:05d}",
    first_epoch=1,
    improved="\nEpoch {epoch}: {name} improved from {best} to {value:.5f}, saving model to {path}",
    unimproved="\nEpoch {epoch}: {name} did not improve from {best}",
    saving="\nEpoch {epoch}: saving model to {path}",
    stopping="Epoch {epoch}: early stopping",
    restoring="Restoring model weights from the end of the best epoch",
    lowering="\nEpoch {epoch}: ReduceLROnPlateau reducing learning rate to {rate}.",
    setting="\nEpoch {epoch}: LearningRateScheduler setting learning rate to {rate}.",
)
KERAS3 = Words(
    epoch="{}",
    first_epoch=1,
    improved=KERAS2.improved,
    unimproved=KERAS2.unimproved,
    saving=KERAS2.saving,
    saved="\nEpoch {epoch}: finished saving model to {path}",
    no_best="None",
    stopping="Epoch {epoch}: early stopping",
    restoring="Restoring model weights from the end of the best epoch: {best_epoch}.",
    lowering=KERAS2.lowering,
    setting=KERAS2.setting,
    growing=(
        *("acc", "auc", "precision", "recall", "f1_score", "fbeta_score", "io_u", "r2_score"),
        *("f_beta_score", "sensitivity", "specificity", "correlation", "cosine_similarity"),
        *("Acc", "AUC", "Precision", "Recall", "F1Score", "FBetaScore", "IoU", "R2Score"),
        *("Sensitivity", "Specificity", "Correlation", "CosineSimilarity"),
    ),
)
INVALID_LOSS = "Batch {batch}: Invalid loss, terminating training"
