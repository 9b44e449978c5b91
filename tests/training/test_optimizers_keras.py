"""Optimizers of Keras 1 and 2 against trainings by the real Kerases (see tests/legacy)."""

from __future__ import annotations

import numpy as np
import pytest
from golden_training import Recorded, recorded, trained

from convdispatch.ops import Backend

TOLERANCE = 1e-6


def test_the_manifests_have_all_their_trainings() -> None:
    """No training is lost between the manifests and the tests below."""
    names = [training.dialect.name for training in recorded()]
    assert (names.count("keras1"), names.count("keras2")) == (17, 18)


@pytest.mark.filterwarnings("ignore:.torch.jit.script_method. is deprecated:DeprecationWarning")
@pytest.mark.parametrize("training", recorded(), ids=str)
def test_training_is_the_oracles_batch_by_batch(backend: Backend, training: Recorded) -> None:
    """A compiled step gives the old Keras's losses and weights, in float64."""
    losses, after_first, last = trained(backend, training)
    expected = training.arrays[f"{training.name}/batch_loss"]
    np.testing.assert_allclose(losses, expected, rtol=TOLERANCE)
    for prefix, found in (("after_batch1", after_first), ("final", last)):
        for got, want in zip(found, training.weights(f"{training.name}/{prefix}"), strict=True):
            np.testing.assert_allclose(got, want, rtol=TOLERANCE, atol=1e-9)


@pytest.mark.parametrize("training", recorded(), ids=str)
def test_configuration_is_the_oracles(training: Recorded) -> None:
    """An optimizer describes itself as the old Keras's did, defaults included."""
    assert training.optimizer().get_config() == training.config
