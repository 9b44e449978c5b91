"""How many of torch's operators a step of training calls: each takes a microsecond or more."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

import os  # noqa: E402
import subprocess  # noqa: E402
import sys  # noqa: E402
from collections.abc import Callable  # noqa: E402
from typing import Any  # noqa: E402

import numpy as np  # noqa: E402
from torch.fx.experimental.proxy_tensor import make_fx  # noqa: E402
from torch.utils._python_dispatch import TorchDispatchMode  # noqa: E402

from convdispatch import layers, losses, models, optimizers  # noqa: E402
from convdispatch.runtime.registry import registry  # noqa: E402

X = np.random.default_rng(0).standard_normal((8, 16), "float32")
CLASSES = np.arange(8, dtype="int32")[:, None]


class Counting(TorchDispatchMode):
    """Counts the operators that compute or copy, without views."""

    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if not func.is_view:
            self.names.append(func.overloadpacket.__name__)
        return func(*args, **(kwargs or {}))


def step_of(optimizer: Any, hidden: int = 1) -> Callable[[], Any]:
    """Return the step of a network with so many hidden layers, after its first ones."""
    head = [layers.Dense(32, activation="relu") for _ in range(hidden)]
    model = models.Sequential([*head, layers.Dense(10)], backend="torch")
    model.build((None, 16))
    model.compile(optimizer, losses.SparseCategoricalCrossentropy(from_logits=True))
    x, y = torch.from_numpy(X), torch.from_numpy(CLASSES)
    for _ in range(2):
        model.train_on_batch(x, y)
    return lambda: model.train_on_batch(x, y)


def calls(step: Callable[[], Any]) -> list[str]:
    """Return the names of the operators that a step calls."""
    with Counting() as counting:
        step()
    return counting.names


def test_tiny_step_calls_few_operators() -> None:
    """Two dense layers and Adam: by hand, with `torch.optim.Adam`, they are 56."""
    found = calls(step_of(optimizers.Adam()))
    assert len(found) <= 47, found
    assert "nll_loss_forward" in found  # not the ten functions of the formula


@pytest.mark.parametrize("make", [optimizers.SGD, optimizers.Adam, optimizers.RMSprop])
def test_rule_is_computed_once_for_all_small_weights(make: Any) -> None:
    """Three more layers add their own products, gradients and copies, and none of the rule's."""
    few, many = calls(step_of(make())), calls(step_of(make(), hidden=4))
    of_rule = ("mul", "sub", "add", "div", "sqrt")
    assert [many.count(name) for name in of_rule] == [few.count(name) for name in of_rule]


def test_classes_that_do_not_exist_report_nan() -> None:
    """Torch raises for them on a CPU; a step of ours goes the longer way."""
    model = models.Sequential([layers.Dense(10)], backend="torch")
    model.build((None, 16))
    model.compile("sgd", losses.SparseCategoricalCrossentropy(from_logits=True))
    classes = CLASSES.copy()
    classes[3] = 10
    assert np.isnan(model.train_on_batch(torch.from_numpy(X), torch.from_numpy(classes)))


def test_a_training_step_that_draws_does_not_import_torch_s_compiler() -> None:
    """Which takes longer than all else that a script does before its first step."""
    code = (
        "import sys, numpy as np\n"
        "from convdispatch import Sequential, layers\n"
        "model = Sequential([layers.Dropout(0.5, input_shape=(4,)), layers.Dense(1)])\n"
        "model.compile('sgd', 'mse')\n"
        "model.train_on_batch(np.ones((8, 4)), np.ones((8, 1)))\n"
        "print('torch._dynamo' in sys.modules)\n"
    )
    environ = {**os.environ, "CONVDISPATCH_BACKEND": "torch"}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environ, capture_output=True, text=True, check=True
    )
    assert done.stdout == "False\n"


def test_a_draw_is_one_operator_where_torch_records_calls() -> None:
    """So that its compilers and exports keep it."""
    draw = registry.load("torch").random["uniform"]
    key = torch.tensor([3, 4], dtype=torch.int32)
    graph = make_fx(lambda key: draw(key, (2, 3), "float32"))(key)
    assert "convdispatch.draw" in graph.code
    torch.testing.assert_close(graph(key), draw(key, (2, 3), "float32"))
