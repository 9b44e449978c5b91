"""Who a backend is, what it cannot do, and how to load it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Accuracy:
    """By how much a backend's errors exceed the rounding bound, and the design that makes them."""

    # The largest error, divided by the rounding bound (gamma(n) times the sum of the n products'
    # absolute values) at its place, over the whole suite; at least 1. A backend of factor 8 may be
    # eight times as far from the exact number as rounding alone explains.
    factor: float
    reason: str  # such as 'Winograd F(2x2, 3x3)' or 'TF32 on tensor cores'


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What a backend cannot do, or does less accurately: by feature (see `features`).

    `unsupported` gives a reason that a user can act on. Beside the features of an op, with any
    number of details ('upsample2d:bilinear:float64'), it may name

    * what the backend does not have at all (`DECLINABLE`): 'functions', 'random', 'compile',
      'gradients', 'compile_step', 'wrap';
    * a function of the table, for all element types or one: 'erf', 'erf:float64';
    * 'unknown_sizes', of axes other than the batch, while a framework traces: None in a
      `Signature`;
    * 'second_order' (gradients), 'nonfinite_weights' (over pads), 'subnormals' (taken for zero),
      and the gradients of one op: 'conv2d:gradients'.
    """

    unsupported: Mapping[str, str] = field(default_factory=dict)
    accuracy: Mapping[str, Accuracy] = field(default_factory=dict)


# The protocol that this frontend speaks: see `BackendInfo.protocol`.
PROTOCOL = 2

# What a backend may decline as a whole, and the attribute of `Backend` that it then omits.
DECLINABLE: Mapping[str, str] = {
    "functions": "functions",
    "random": "random",
    "compile": "compile",
    "gradients": "value_and_grad",
    "compile_step": "compile_step",
    "wrap": "wrap",
}


@dataclass(frozen=True, slots=True)
class Launched:
    """A process to start: its command, and the environment variables that it gets."""

    command: list[str]
    environ: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class BackendInfo:
    """Who a backend is and how to load it; making one must import no framework."""

    name: str
    framework: str  # the module whose presence makes the backend available, e.g. 'numpy'
    load: str  # 'module:attribute' of the `Backend`
    install: str  # the command that installs what is missing
    capabilities: Capabilities = field(default_factory=Capabilities)
    # The version of `Backend` that it implements; 1 if a plugin does not set it.
    protocol: int = 1
    # 'module:function' that starts several processes on this machine, None without an engine for
    # them: `launch(command, count, ports) -> list[Launched]`. `ports` has as many free ones.
    launch: str | None = None
    # Environment variables that a process sets before it imports the framework in order to test
    # everything: modes that are off by default, such as 64-bit numbers.
    test_environment: Mapping[str, str] = field(default_factory=dict)
