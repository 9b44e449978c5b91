"""Training: the step, the loop over batches, losses' and metrics' bookkeeping, data.

A model is trained by the methods that `Trainable` gives it. What a step computes is in `step`, and
what it needs to know about a model in `subject`.
"""

from convdispatch.training.codes import Sequence as Sequence
from convdispatch.training.codes import to_categorical as to_categorical
from convdispatch.training.generators import Generated as Trainable

__all__ = ["Sequence", "Trainable", "to_categorical"]
