"""Who a backend is, what it cannot do, and how to load it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Accuracy:
    """By how much a backend's errors exceed the rounding bound, and the design that makes them."""

    factor: float  # the largest error in units of the bound, at least 1
    reason: str  # such as 'Winograd F(2x2, 3x3)' or 'TF32 on tensor cores'


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What a backend cannot do, or does less accurately: by feature (see `features`).

    `unsupported` gives a reason that a user can act on. Beside the features of an op it may name
    'gradients', 'second_order', 'compile', 'nonfinite_weights' (over pads) and those of one op
    ('conv2d:gradients').
    """

    unsupported: Mapping[str, str] = field(default_factory=dict)
    accuracy: Mapping[str, Accuracy] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class BackendInfo:
    """Who a backend is and how to load it; making one must import no framework."""

    name: str
    framework: str  # the module whose presence makes the backend available, e.g. 'numpy'
    load: str  # 'module:attribute' of the `Backend`
    install: str  # the command that installs what is missing
    capabilities: Capabilities = field(default_factory=Capabilities)
    # Environment variables that a process which is to test everything sets before it imports the
    # framework: modes that are off by default, such as 64-bit numbers.
    test_environment: Mapping[str, str] = field(default_factory=dict)
