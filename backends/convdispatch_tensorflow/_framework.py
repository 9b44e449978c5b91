"""The one import of TensorFlow, so that what must be set before it is set in one place."""

from __future__ import annotations

import os

# Read once, while TensorFlow is being imported. Each process would otherwise be told on stderr
# which instructions its processor has; errors still show, and a user's own level stays.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import tensorflow as tf

__all__ = ["tf"]
