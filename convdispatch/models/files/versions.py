"""What the version in a file of Keras tells."""

from __future__ import annotations


def is_of_tf_keras(version: object) -> bool:
    """Return whether a version of Keras 2's words is of the Keras that is a part of TensorFlow.

    It trains and computes as Keras 3 does. Its versions end in '-tf', or go on from 2.4.
    """
    if not isinstance(version, str):
        return False
    major, _, rest = version.partition(".")
    minor = rest.partition(".")[0]
    return major == "2" and (version.endswith("-tf") or (minor.isdigit() and int(minor) >= 4))
