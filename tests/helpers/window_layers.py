"""Random layers that pictures of windows are tested with: all kinds, one to three axes."""

from __future__ import annotations

import random
from typing import Any

from convdispatch import layers
from convdispatch.errors import ConvDispatchError

CONVENTIONS = ("tensorflow", "theano")
LAYERS = 320
KINDS = (
    *("Conv", "Conv", "ConvTranspose", "Depthwise", "MaxPooling", "AveragePooling"),
    *("ZeroPadding", "Cropping", "UpSampling"),
)
LONGEST = {1: 14, 2: 8, 3: 5}


def drawn_layers() -> list[tuple[str, dict[str, Any], tuple[int, ...]]]:
    """Return the classes, arguments and sizes of random layers that can take such inputs."""
    draw = random.Random(20)
    found: list[tuple[str, dict[str, Any], tuple[int, ...]]] = []
    while len(found) < LAYERS:
        rank = draw.choice([1, 1, 2, 2, 2, 3])
        kind = draw.choice(KINDS)
        sizes = tuple(draw.randint(1, LONGEST[rank]) for _ in range(rank))

        def each(most: int, rank: int = rank) -> tuple[int, ...]:
            return tuple(draw.randint(1, most) for _ in range(rank))

        name = f"{kind}{rank}D"
        given: dict[str, Any] = {}
        if kind in ("Conv", "ConvTranspose", "Depthwise"):
            given = {"kernel_size": each(4), "strides": each(3), "use_bias": False}
            given |= {"padding": draw.choice(["valid", "same", "full"])}
            given |= {"dilation_rate": each(3)} if draw.random() < 0.5 else {}
            if kind == "Conv" and rank == 1 and draw.random() < 0.3:
                given["padding"] = "causal"
            if kind == "Depthwise":
                name, given = f"DepthwiseConv{min(rank, 2)}D", given | {"depth_multiplier": 1}
                if rank == 3:
                    continue
            elif kind == "ConvTranspose":
                name, given = f"Conv{rank}DTranspose", given | {"filters": 1}
            else:
                given["filters"] = 1
        elif kind.endswith("Pooling"):
            given = {"pool_size": each(4), "padding": draw.choice(["valid", "same"])}
            given |= {"strides": each(3)} if draw.random() < 0.7 else {}
        elif kind == "UpSampling":
            given = {"size": each(3) if rank > 1 else draw.randint(1, 3)}
        else:
            pairs = tuple((draw.randint(0, 2), draw.randint(0, 2)) for _ in range(rank))
            given = {
                "padding" if kind == "ZeroPadding" else "cropping": pairs if rank > 1 else pairs[0]
            }
        given["convention"] = draw.choice(CONVENTIONS)
        if _is_whole(name, given, sizes):
            found.append((name, given, sizes))
    return found


def _is_whole(name: str, given: dict[str, Any], sizes: tuple[int, ...]) -> bool:
    """Say whether the layer takes such an input, and is drawn without a gap."""
    if name == "DepthwiseConv3D":
        return False
    try:
        layer = getattr(layers, name)(**given, backend="numpy")
        shape = layer.compute_output_shape((None, *sizes, 1))
    except ConvDispatchError:
        return False
    output = shape[1:-1]
    rank = len(sizes)
    reach = [
        (taps - 1) * rate + 1
        for taps, rate in zip(
            given.get("kernel_size", (4,) * rank),
            given.get("dilation_rate", (1,) * rank),
            strict=True,
        )
    ]
    longest = [
        max(size, out) + 2 * (one - 1) for size, out, one in zip(sizes, output, reach, strict=True)
    ]
    return max(longest) <= (34, 24, 12)[rank - 1] and (rank < 3 or longest[0] <= 7)
