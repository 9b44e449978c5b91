"""A script that makes a strategy of `tf.distribute` itself, started on several processes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from group_runs import IS_FULL, SECONDS, environment

from conftest import BACKEND_NAMES

pytestmark = pytest.mark.skipif(
    "tensorflow" not in BACKEND_NAMES, reason="the engine is TensorFlow's"
)

SCRIPT = """
import sys
import numpy as np
import tensorflow as tf
from keras.layers import Dense
from keras.models import Sequential
{before}
strategy = tf.distribute.{strategy}()
with strategy.scope():
    model = Sequential([Dense(1, input_shape=(2,))])
    model.compile("sgd", "mse")
x = np.arange(8.0, dtype="float32").reshape(4, 2)
model.fit(x, x[:, :1], batch_size=4, verbose=0)
print("fitted")
"""
COMPUTED = "Dense(1)(np.ones((2, 2), 'float32'))"  # so that the launcher's strategy comes first


def run(folder: Path, strategy: str, before: str = "") -> subprocess.CompletedProcess[str]:
    """Return what two processes of the script print."""
    script = folder / "script.py"
    script.write_text(SCRIPT.format(strategy=strategy, before=before))
    command = ["run", "--backend", "tensorflow", "--api", "keras2", "--nproc", "2", str(script)]
    return subprocess.run(
        [sys.executable, "-m", "convdispatch", *command],
        env=environment("tensorflow"),
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )


ORDERS = [pytest.param(COMPUTED, id="second"), pytest.param("", id="first")]
BEFORE = pytest.mark.parametrize("before", ORDERS if IS_FULL else ORDERS[:1])


@BEFORE
def test_a_strategy_of_one_process_is_refused(tmp_path: Path, before: str) -> None:
    """It would train as many models as there are processes."""
    done = run(tmp_path, "MirroredStrategy", before)
    assert done.returncode == 1, done.stderr
    assert "GroupFailed: " in done.stderr
    assert "of one process" in done.stderr


@pytest.mark.skipif(not IS_FULL, reason="CONVDISPATCH_TEST_GROUPS=full asks for it")
@BEFORE
def test_a_strategy_of_all_workers_is_taken(tmp_path: Path, before: str) -> None:
    """Whether the script or the launcher makes one first."""
    done = run(tmp_path, "MultiWorkerMirroredStrategy", before)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("fitted") == 2
