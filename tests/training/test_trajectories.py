"""`fit` against the trainings of the same models by the real Kerases (see tests/legacy)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pytest
from places import LEGACY

import convdispatch
from convdispatch.callbacks import LambdaCallback
from convdispatch.formulas import optimizers
from convdispatch.formulas.dialects import KERAS1, KERAS2, Dialect
from convdispatch.keras1 import models as keras1_models
from convdispatch.keras2 import models as keras2_models

TOLERANCE = 1e-6
# Each optimizer's step is tested on every backend; here it is that `fit` makes these steps.
NAMES = ("sgd_nesterov", "adam_fast")


@dataclass(frozen=True)
class Oracle:
    """What one Keras recorded of one model trained by several optimizers."""

    dialect: Dialect
    models: Any

    def __str__(self) -> str:
        return self.dialect.name

    @cached_property
    def manifest(self) -> dict[str, Any]:
        """The model and the arguments of the optimizers."""
        text = (LEGACY / f"training_{self}_theano.json").read_text(encoding="utf-8")
        found: dict[str, Any] = json.loads(text)
        return found

    @cached_property
    def arrays(self) -> dict[str, Any]:
        """The data, the first and the last weights, and the losses of all batches."""
        with np.load(LEGACY / f"training_{self}_theano.npz") as found:
            return {name: found[name] for name in found.files} | self._extra()

    def _extra(self) -> dict[str, Any]:
        with np.load(LEGACY / f"training_{self}_theano_extra.npz") as found:
            return {name: found[name] for name in found.files}

    def compiled(self, name: str, backend: str) -> Any:
        """Return the model with its first weights, compiled with that optimizer."""
        document = self.manifest["model_json"]
        text = document if isinstance(document, str) else json.dumps(document)
        recorded = self.manifest["optimizers"][name]
        config = {"class_name": recorded["class"], "config": recorded["arguments"]}
        with convdispatch.use_convention("theano"):
            model = self.models.model_from_json(text, backend=backend)
        model.set_weights([self.arrays[f"init_w{place}"] for place in range(4)])
        model.compile(
            optimizers.get(config, self.dialect.optimizers),
            self.manifest["loss"],
            metrics=self.manifest["metrics"],
        )
        return model

    def words(self) -> dict[str, int]:
        """Return the length of the training in the words of this Keras."""
        return {"nb_epoch" if self.dialect is KERAS1 else "epochs": self.manifest["epochs"]}


ORACLES = (Oracle(KERAS1, keras1_models), Oracle(KERAS2, keras2_models))


@pytest.fixture
def double(monkeypatch: pytest.MonkeyPatch, double_precision: None) -> None:
    """Let models compute in float64."""
    monkeypatch.setenv("CONVDISPATCH_FLOATX", "float64")
    convdispatch.selection.reset()


@pytest.mark.usefixtures("double")
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("oracle", ORACLES, ids=str)
def test_fit_is_the_oracles(oracle: Oracle, name: str, backend_name: str) -> None:
    """`fit` has the losses of every batch and epoch, the weights, metrics and predictions."""
    model, arrays = oracle.compiled(name, backend_name), oracle.arrays
    x, y, batches = arrays["x"], arrays["y"], []

    def keep(batch: int, logs: Any) -> None:
        batches.append((logs["loss"], logs["acc"]))

    history = model.fit(
        x, y, batch_size=8, verbose=0, shuffle=False, callbacks=[LambdaCallback(on_batch_end=keep)],
        **oracle.words(),
    )  # fmt: skip
    found = np.array(batches)
    for got, wanted in (
        (found[:, 0], arrays[f"{name}/batch_loss"]),
        (found[:, 1], arrays[f"{name}/batch_acc"]),
        (history.history["loss"], arrays[f"{name}/epoch_loss_fit"]),
        (model.evaluate(x, y, verbose=0), oracle.manifest["optimizers"][name]["final_evaluate"]),
        (model.predict(x), arrays[f"{name}/predict"]),
        *(
            (weight, arrays[f"{name}/final_w{place}"])
            for place, weight in enumerate(model.get_weights())
        ),
    ):
        np.testing.assert_allclose(got, wanted, rtol=TOLERANCE, atol=1e-9)


@pytest.mark.parametrize("oracle", ORACLES, ids=str)
def test_every_optimizers_trajectory_is_the_oracles(
    oracle: Oracle, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`train_on_batch` on NumPy has the real losses of every batch, whatever the optimizer."""
    pytest.importorskip("autograd", reason="NumPy's gradients need the package autograd")
    monkeypatch.setenv("CONVDISPATCH_FLOATX", "float64")
    convdispatch.selection.reset()
    x, y = oracle.arrays["x"], oracle.arrays["y"]
    names = list(oracle.manifest["optimizers"])
    assert len(names) >= 17
    for name in names:
        model = oracle.compiled(name, "numpy")
        found = [
            model.train_on_batch(x[start : start + 8], y[start : start + 8])[0]
            for _ in range(oracle.manifest["epochs"])
            for start in range(0, 32, 8)
        ]
        wanted = oracle.arrays[f"{name}/batch_loss"]
        np.testing.assert_allclose(found, wanted, rtol=TOLERANCE, err_msg=name)
